"""Which of the numbers that a checkout shows steers it, as far as its files can tell, and what tells so.

More is taken for granted here than `metric` does for a folder as it stands: what is found is written down for a person
to see, with what else it could be.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orgopt.foreign.results.elsewhere import shown_elsewhere
from orgopt.foreign.results.goal import said
from orgopt.foreign.results.kept import Kept, kept_best, shows
from orgopt.foreign.results.metric import DOWN, METRIC_WORDS, OPEN, SPEED, UP, direction
from orgopt.foreign.results.sought import OPTIMIZED, extreme, fixed_names, sought
from orgopt.foreign.results.tables import TRACKED, computed, returned, sent
from orgopt.foreign.results.templates import Shown, shown
from orgopt.foreign.results.unnamed import unnamed
from orgopt.foreign.source import vocabulary, words

_UNSEEN = vocabulary("val valid validation dev eval evaluation oos cv cross heldin vali")
_VALIDATION = vocabulary("val valid validation")
"""Of unseen data the one word that is never said of test data."""
_TEST = vocabulary("test tst holdout heldout testing")
_TRAINING = vocabulary("train training trn insample batch step running")
_COUNTS = vocabulary("seconds sec s ms time steps step mb epochs epoch params lr size samples std sd count total n")
_PARTS = vocabulary("min max fraction unique values std var stats baseline before initial delta class per")
_ABOUT = _UNSEEN | vocabulary("total best final mean avg average overall")
"""Words that say of what a number is, and not what it is."""
_TIMES = vocabulary("time latency duration elapsed runtime")
_BENCHMARK = re.compile(r"bench|perf|speed|kernel|matmul|gemm", re.IGNORECASE)
"""Files whose durations are what they are there to show."""
_ONE_SIDED = vocabulary("precision recall sensitivity specificity prec correct")
"""What a model that says one thing only may have all of, so that it steers where nothing else is shown."""
_OF_TRAINING = 0.2
"""What numbers of training data weigh less than."""
_OF_UNSEEN = 2.5
"""What numbers of validation or test data weigh at least."""
_RISING = vocabulary("return returns ret score success win winrate solve")
"""Words of goals of which more is better unless another word says otherwise."""
_FALLING = vocabulary("cost drawdown distance length makespan tardiness conflicts gap")
"""Words of goals of which less is better unless another word says otherwise."""
_VALUE = re.compile(r"\b(\w*(?:loss|cost|error))_val\b")
"""The value of a loss, and no loss of validation data."""
_LEAST = vocabulary("minimum minimal min lowest smallest shortest cheapest fewest least")
_MOST = vocabulary("maximum maximal max highest largest greatest")
_SUPERLATIVES = dict.fromkeys(_LEAST, False) | dict.fromkeys(_MOST, True)
"""Words of what a search has found the least or the most of, and whether it is the most."""
_NO_NUMBER = vocabulary(
    "path file folder dir model params parameters individual solution chromosome genome gene genes state tour route "
    "order epoch time config name layer layers args device data shape length key index idx seed lr rate features bound"
)
"""Words of what is the best of its kind, and no measure of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """The number that steers a checkout.

    Attributes:
        shown: What its scripts show.
        up: Whether more of it is better; None where nothing says.
        why: What says that it steers, as the end of a sentence.
        test: Whether it is named for test data.
        on_test: Whether it is computed from data that the script calls test data, whatever its own name.
        sure: Whether nothing else could be meant as well.
        others: The names of what else could be, the likeliest first.
        rivals: These, as they are shown.
    """

    shown: Shown
    up: bool | None
    why: str
    test: bool
    on_test: bool
    sure: bool
    others: tuple[str, ...]
    rivals: tuple[Shown, ...] = ()

    def of(self, name: str) -> Shown | None:
        """What is shown by a name; None where nothing is."""
        return next((one for one in (self.shown, *self.rivals) if one.name == name), None)


def steering(folder: Path, trees: Mapping[str, ast.Module], texts: Mapping[str, str] | None = None) -> Steering | None:
    """The number that most likely steers a checkout; None where its files show none.

    Args:
        folder: The checkout, whose documents may say its goal.
        trees: The syntax of its Python files that run, by path, the script first.
        texts: Its files in other languages.
    """
    tables = list(dict.fromkeys(key for tree in trees.values() for key in returned(tree)))
    found = [one for file, tree in trees.items() for one in _results(tree, file, tables)]
    found += [one for file, text in (texts or {}).items() for one in shown_elsewhere(text, file)]
    if not any(_weight(one, ())[0] > 0 for one in found):
        found += [one for file, tree in trees.items() for one in unnamed(tree, file)]
    if all(_weight(one, ())[0] < _OF_TRAINING for one in found):
        found += [
            Shown(name=name, file=TRACKED, key=name, place=file, expression=name)
            for file, tree in trees.items()
            for name in sent(tree)
        ]
    values = {key: value for tree in trees.values() for key, value in computed(tree).items()}
    found = [one if one.expression else replace(one, expression=values.get(one.key or one.name, "")) for one in found]
    goals = {_unseen(goal.name, found): goal for goal in said(folder, [one.name for one in found])}
    bests = [best for file, tree in trees.items() for best in kept_best(tree, file)]
    ways = sought(trees.values(), bests)
    ranked: list[tuple[float, int, Shown, bool | None, str]] = []
    for k, one in enumerate(found):
        score, up, why = _weight(one, bests)
        up = extreme(one, ways) if up is None and score > 0 else up
        if goal := goals.get(one.name.lower()):
            common = goal.name.lower() in DOWN | UP and not (goal.chief or goal.where.startswith("program.md"))
            score += 1 if common else 10 + 5 * goal.chief  # prose speaks of any loss
            up, why = goal.up, f"{goal.where} says {goal.text}"
        score += 0.3 * (score > 0 and up is not None)  # a score could be either
        if score > 0:
            ranked.append((score, k, one, up, why))
    if not ranked:
        return None
    ranked.sort(key=lambda entry: (entry[0], entry[1]))
    score, _, first, up, why = ranked[-1]
    why = why.replace("shows it", "sends it to a tracker alone") if first.file == TRACKED else why
    others = dict.fromkeys(one.name for _, _, one, _, _ in reversed(ranked[:-1]) if one.name != first.name)
    near = [one.name for other, _, one, _, _ in ranked[:-1] if one.name != first.name and other > score - 1]
    rivals = {one.name: one for _, _, one, _, _ in ranked[:-1]}
    own = set(words(first.name))
    test = bool(own & _TEST or (_context(first) & _TEST and not own & _UNSEEN))
    inner = set(words(re.sub(r"\W", "_", first.expression)))
    return Steering(
        on_test=bool(inner & _TEST and not (inner | own) & _UNSEEN),
        shown=first,
        up=up,
        why=why,
        test=test,
        sure=not near and up is not None and not test,
        others=tuple(others),
        rivals=tuple(rivals[name] for name in others),
    )


def _unseen(name: str, found: Sequence[Shown]) -> str:
    """A goal that documents name on test data, by its name on validation data where that is shown; else its own."""
    own = set(words(name))
    same = (one.name for one in found if own & _TEST and set(words(one.name)) - _UNSEEN == own - _TEST)
    return next((other for other in same if set(words(other)) & _UNSEEN), name).lower()


def shows_goal(trees: Mapping[str, ast.Module], *, unseen: bool = False) -> bool:
    """Whether Python files show a number that could steer, of other data than those of training.

    Args:
        trees: Their syntax, by path.
        unseen: Whether only numbers count that are said to be of unseen data.
    """
    least = _OF_UNSEEN if unseen else _OF_TRAINING
    return any(_weight(one, ())[0] >= least for file, tree in trees.items() for one in shown(tree, file))


def shows_elsewhere(text: str, file: str) -> bool:
    """Whether a program in another language shows a number that could steer."""
    return any(_weight(one, ())[0] >= _OF_TRAINING for one in shown_elsewhere(text, file))


def _weight(one: Shown, bests: Sequence[Kept]) -> tuple[float, bool | None, str]:
    """How likely a number is the one that steers, whether more of it is better, and why; 0 for one that is no goal."""
    one = _without_epoch(one)
    own = set(words(one.name))
    inner = set(words(re.sub(r"\W", "_", _VALUE.sub(r"\1", one.expression))))
    inner |= {re.sub("e?s$", "", word) for word in inner if word not in DOWN | UP}  # `losses["val"]`
    kinds, named = own & (DOWN | UP | OPEN), one.name
    if not kinds and own <= _ABOUT and inner & (DOWN | UP):  # `val {losses['val']}`
        kinds, named = inner & (DOWN | UP | OPEN), "_".join([*own, *(inner & (DOWN | UP))])
    if own & SPEED or (own & _TIMES and _BENCHMARK.search(one.place) and not own & {"warmup", "compile", "load"}):
        chief = bool(own & {"total", "mean", "avg", "average", "median", "best"})
        return 0.5 + 0.4 * bool(own & SPEED) + 0.1 * chief, bool(own & SPEED), f"{one.place} shows it"
    fault = "error" in kinds and (  # `Error loading file: {e}`
        direction(named) is None or bool(re.fullmatch(r"(?:str\()?(?:e|ex|err|exc|error|exception)\)?", one.expression))
    )
    if not kinds and not own & (_COUNTS - {"total", "step", "n"}):
        return _unknown(one, own, bests)
    if not kinds or fault or own & _COUNTS - {"total", "step"}:
        return 0.0, None, ""
    up, why = _way(one, named, kinds), f"{one.place} shows it"
    score = 1.0 + (0.5 if kinds & UP else 0.0)
    if own & _TRAINING and not own & (_UNSEEN | _TEST):
        return 0.1 + score / 100, up, f"{one.place} shows it, of training data"
    score += _data_score(one, own, inner)
    score -= 1.0 * bool(own & {"last", "old", "prev", "previous"}) + 2.0 * bool(own & _PARTS)
    last = words(one.name)[-1]
    score -= 0.4 * any(word not in METRIC_WORDS and not word.isdigit() for word in own)  # a part, as `cls_loss`
    score -= 2.0 * (last not in METRIC_WORDS and not last.isdigit() and not one.key)  # `Reward mode set to: dense`
    beside = any((word.isdigit() and word != "1") or re.fullmatch(r"top[2-9]\d*", word) for word in own)
    score -= 0.3 * beside  # top-5 beside top-1
    score -= 0.2 * (kinds <= _ONE_SIDED)
    score += 0.5 * bool(own & {"best", "final", "mean", "avg", "average", "overall", "selected"}) + 0.25 * bool(one.key)
    for best in bests:
        same = best.words & (own | inner)
        if same & (DOWN | UP | OPEN) and not best.words & _TRAINING:
            score += 4.0 + 0.1 * len(same)
            weak = up is None or (best.sure and direction(named) is None)  # code says more than `score`
            up = best.up if weak else up
            score += 0.5 * (one.expression == best.name)
            why = f"{best.place} keeps the best of it"
            break
    return score, up, why


def _unknown(one: Shown, own: set[str], bests: Sequence[Kept]) -> tuple[float, bool | None, str]:
    """How likely a number is that steers whose name says nothing of it: by what keeps the best of it, or a superlative.

    Least of all: whatever has a known name comes first.
    """
    for best in bests:
        if one.expression and shows(one.expression, best) and not own & _NO_NUMBER:
            known = {words(name)[-1] for name in (best.name, best.kept) if words(name)} & {words(one.expression)[-1]}
            return 0.5 + 0.1 * bool(known), best.up, f"{best.place} keeps the best of it"
    ways = {_SUPERLATIVES[word] for word in own & _SUPERLATIVES.keys()}
    inner = set(words(re.sub(r"\W", "_", one.expression)))
    if len(ways) == 1 and len(own) > 1 and not (own | inner) & (_NO_NUMBER | _TRAINING):
        return 0.3, ways.pop(), f"{one.place} shows it"
    return 0.0, None, ""


def _results(tree: ast.Module, file: str, tables: Sequence[str]) -> Iterator[Shown]:
    """What a file shows that a run can change: no number that the file sets once and for all."""
    fixed = fixed_names(tree)
    return (one for one in shown(tree, file, tables) if one.expression not in fixed)


def _without_epoch(one: Shown) -> Shown:
    """`epoch loss` is a loss."""
    whole = words(one.name)
    if {"epoch", "epochs"} & set(whole) and {whole[0], whole[-1]} & (DOWN | UP):
        return replace(one, name="_".join(word for word in whole if word not in {"epoch", "epochs"}))
    return one


def _way(one: Shown, named: str, kinds: set[str]) -> bool | None:
    """Whether more of a number is better, by its name and by what is shown; None where that could be otherwise."""
    up = direction(named)
    up = direction(named.rsplit("/", 1)[-1]) if up is None and "/" in named else up  # `InDistribution/TestAccuracy`
    if up is None and "best_score_" in one.expression:  # scikit-learn negates what should be small
        return True
    ways = {_SUPERLATIVES[word] for word in words(one.name) if word in _SUPERLATIVES}
    if up is None and len(ways) == 1 and kinds <= OPTIMIZED:  # `Minimum fitness` is of a search for the least
        return ways.pop()
    if up is None and all(word in METRIC_WORDS or word.isdigit() for word in words(one.name)):
        return False if kinds <= _FALLING else True if kinds <= _RISING else None
    return up


def _data_score(one: Shown, own: set[str], inner: set[str]) -> float:
    """What it counts of which data a number is, by its own words, those of what is computed, and its function's."""
    around = _context(one)
    if own & _UNSEEN or inner & _UNSEEN:
        return 4.0 + 0.2 * bool(own & _VALIDATION)
    if around & _UNSEEN or one.expression == "episode_reward":
        return 3.0
    if own & _TEST or inner & _TEST or around & _TEST:
        return 2.0
    return -0.5 if (inner | around) & {"train", "training"} else 0.0


def _context(one: Shown) -> set[str]:
    return set(words(one.within))

"""What kind of constant a knob is, by its name and its value, and the values that its script most likely takes.

Few values that all work are worth more than many of which most crash: an experiment that crashes has taught nothing.
"""

import math
import re
from collections.abc import Iterable, Iterator

from orgopt.foreign.source import vocabulary, words

_SEEDS = vocabulary("seed seeds rng randomstate")
_EVALUATION = vocabulary(
    "val valid validation test testing eval evaluation holdout heldout dev fold folds split splits kfold cv walk "
    "benchmark backtest metric metrics score oos horizon target targets lookahead embargo purge baseline "
    "reference bootstrap"
)
_MARKET = vocabulary(
    "cost costs fee fees commission slippage bps capital cash balance annualization annualize taker maker rf"
)
_DATES = vocabulary("day days date dates month months year years week weeks")
_AHEAD = vocabulary("output pred prediction forecast future label")
_SPANS = vocabulary(
    "lookback hold holding rebal rebalance ma ema sma wma macd rsi atr adx vol volatility momentum mom skip stop "
    "entry exit cooldown signal fast slow breakout donchian bollinger bb"
)
"""What a strategy looks back on or waits for, in days as in bars, and is no part of the data."""
_PATIENCE = vocabulary("lr scheduler sched plateau reduce")
_DATA = vocabulary(
    "vocab vocabulary classes nclasses numclasses nclass categories labels img image images inputsize outputsize "
    "actions obs observation dataset data"
)
_GIVEN = vocabulary("in input inputs out output outputs num n state action feature features raw")
_SHAPES = vocabulary("channels dim dims features size shape h w height width bits samples")
_WORLD = vocabulary(
    "board grid maze screen frame sample subset symbols assets rows examples "
    "city cities vehicle vehicles vehicules customers items depots queens players team"
)
_MACHINE = vocabulary(
    "version port host url path dir file folder device devices gpu gpus cuda workers threads jobs procs cpus "
    "cpu mps tpu magic header schema runtime "
    "backend platform dtype precision memory mem mb gb flops cache prefetch compile profile api name id idx index "
    "pad bos eos token tokens"
)
_TIMES = vocabulary("seconds secs sec minutes mins hours timeout deadline budget wall patience limit")
_SILENT = vocabulary(
    "log logging print verbose save checkpoint checkpoints report debug wandb plot every interval exclude resume "
    "visdom multigpu download tqdm display show force dry smoke quick overwrite quiet silent silence "
    "progress color colour banner json summary pbar"
)
_OFTEN = vocabulary("update updates learn train target sync copy decay")
_TARGETS = vocabulary("target targets")
_NETWORKS = vocabulary("update updates sync network net tau copy")
_MODES = vocabulary("mode stage task env environment source run experiment")
_OTHER_PARTS = vocabulary(
    "hydra log logger logging logs wandb mlflow tensorboard paths path prepare inference predict prediction serve "
    "serving deploy deployment generate generation export api server docker sweep sweeper launcher debug database "
    "monitoring callbacks callback checkpoint checkpointing visualization plot tracking infra"
)
_TRAINED_PARTS = vocabulary("score metric metrics target targets reference baseline")
_SCALES = vocabulary("weight scale coef coeff clip norm std sigma temperature temp init")
_RATES = _SCALES | vocabulary("lr wd c eps")
_FRACTIONS = vocabulary(
    "dropout drop droprate prob probability p ratio frac fraction share momentum beta beta1 beta2 betas ema gamma "
    "discount subsample colsample bytree bylevel bynode smoothing quantile percentile keep mask tau alpha lambda "
    "threshold confidence polyak epsilon exploration mixup cutmix rho pct percent"
)
_DEPTHS = vocabulary("depth layers layer blocks stages rounds order degree")
_WIDTHS = vocabulary(
    "dim dims width hidden size embd embed embedding units channels filters heads head rank batch len length "
    "context window groups experts expansion ff ffn mlp aspect patch neurons latent kv"
)
_HEADS = vocabulary("heads groups experts")
_SPLIT = vocabulary("dim dims embd embed embedding hidden width channels filters")
_TURNED = vocabulary(
    "lr lrs lr0 lrf rate rates epoch epochs epoches estimators depth layers layer hidden units dropout drop momentum "
    "decay wd beta beta1 beta2 betas gamma alpha lambda lam tau theta epsilon eps kernel heads head embd embed "
    "embedding width replay noise warmup temperature clip optimizer optim activation smoothing filters leaves "
    "subsample colsample bytree bylevel "
    "regularization reg l1 l2 l2ratio ratio iter iters iterations batch batchsize steps bs c degree neighbors "
    "penalty solver criterion split leaf features df ngram trees boost rounds loss scheduler schedule sigma "
    "scale weight coef factor lookback fast slow embeddings "
    "minibatch grad gradient accumulate accumulation accum child eta episodes rho ro "
    "block tile unroll chunk stride sgd adam mfcc mels fft hop "
    "coeff nodes neurons latent rank mixup ema discount entropy rollout buffer timesteps "
    "filt filter unit neuron fc window blocks games "
    "population popsize generation generations ngen mutation mutpb indpb crossover cxpb elite elitism tournament "
    "tournsize cooling pheromone evaporation ants particles inertia tabu tenure restarts "
    "components orientations stepsize"
)
_OF_PROBLEMS = vocabulary(
    "dimension dimensions bound bounds part class col cols row rows position lower upper width height x y chapter "
    "padding axis"
)
"""Words of names that say what is solved, where nothing but their use says that they are settings."""
_JOINED = re.compile(
    r"(?:n|num)?(epochs?|layers?|heads?|steps|timesteps|iters|hidden|batch|trees|filters|units|embd)(?:size|dim|s)?"
)
"""Words that are written as one, such as `nepochs` and `batchsize`."""
_TURNED_WHOLE = vocabulary(
    "c d_model dim d_ff nhead n_head block_size context_length seq_len max_len act_type act_fn use_ln use_bias use_bn "
    "layer_norm batch_norm"
)
_ZEROS: tuple[tuple[frozenset[str], float], ...] = (
    (vocabulary("momentum"), 0.95),
    (vocabulary("dropout drop droprate"), 0.5),
    (vocabulary("smoothing mixup cutmix"), 0.2),
    (vocabulary("warmup"), 0.3),
    (vocabulary("decay wd l2 penalty"), 0.1),
    (vocabulary("frac fraction ratio share"), 0.5),
    (vocabulary("l1 alpha lambda gamma"), 1.0),
)
"""To where what is switched off by a zero may go, by what it is; of other names a zero has no scale."""
_PENALTIES = vocabulary("alpha lambda gamma tau epsilon")
_LEAST_SHARE = 0.01
"""Below it, what could be a share is a penalty or a rate."""
_LEAST_POWER = 4  # smaller powers of two are mostly just small numbers
_EVEN = 8  # what the half of another width must be a multiple of: heads, groups and hardware count on it
_FEW = 16
_DOUBLINGS = (-2, -1, 0, 1)
_SPREAD = 4.0


def why_fixed(name: str) -> str:
    """Why a constant is no knob by its name; empty where it may be one."""
    own = words(name)
    found = set(own)
    if found & _TARGETS and found & _NETWORKS:  # the second network of a learner
        found -= _TARGETS | _SILENT
    if "every" in found and found & _OFTEN and not found & (_SILENT - {"every", "interval"}):
        found -= {"every", "interval"}  # `update_every_n_steps`
    if "memory" in found and found & {"size", "replay", "capacity"}:  # what a learner remembers
        found -= {"memory"}
    if "random" in found:  # `n_random_actions` are steps of exploration
        found -= {"actions"}
    if "clip" in found:  # `gradient_clip_val` is a value
        found -= {"val"}
    return "a seed" if is_seed(name) else _why_fixed(own, found)


def _why_fixed(own: list[str], found: set[str]) -> str:
    if "window" in found and found & _AHEAD:
        return "defines what is measured"
    if found & _EVALUATION or _splits(own) or (found & _MARKET and not found & {"loss", "weight"}):
        return "defines what is measured"
    if found & _DATES and not found & _SPANS:
        return "defines what is measured"
    shapes = found & _GIVEN and found & _SHAPES and len(found & (_GIVEN | _SHAPES)) > 1
    if found == {"height"} or (found <= _GIVEN and found & {"input", "inputs", "output", "outputs"}):
        return "given by the data"
    if (
        found & (_DATA | _WORLD)
        or found == {"max", "weight"}
        or (shapes and not found & {"hidden", "conv", "embd", "layers"})
    ):
        return "given by the data"
    if found & _TIMES and not ("patience" in found and found & _PATIENCE):
        return "a time"
    if found & _SILENT or found == {"batch", "first"}:  # the order of axes
        return "changes no result"
    if found & {"train", "training"} and found & {"no", "do", "only", "skip"}:
        return "belongs to the machine or the run"
    modes = found & _MODES and not ("mode" in found and found & _TURNED)  # `head_mode` says which head
    if (found & _MACHINE and "batch" not in found) or modes:
        return "belongs to the machine or the run"
    return ""


def in_other_part(name: str) -> str:
    """Why what stands in a part of a configuration is no knob by that part's name, as in `eval.batch_size`; else empty.

    A part for the data may well have what a person turns, such as its batch size.
    """
    parts = [set(words(part)) for part in name.split(".")[:-1]]
    if any(part & (_EVALUATION - _TRAINED_PARTS) for part in parts):
        return "defines what is measured"
    return "belongs to the machine or the run" if any(part & _OTHER_PARTS for part in parts) else ""


def is_seed(name: str) -> bool:
    """Whether a name is that of a seed."""
    return bool(set(words(name)) & _SEEDS) or "random_state" in name.lower().replace("-", "_")


def is_turned(name: str) -> bool:
    """Whether a name of any case is that of a setting of training, which a person would turn."""
    own = {*words(name), *(match[1] for word in words(name) if (match := _JOINED.fullmatch(word)))}
    own |= {
        bare for word in words(name) if len(bare := word.rstrip("0123456789")) > 1
    }  # the first of several: `hidden1`
    return (
        name.lower() in _TURNED_WHOLE
        or name.lower().startswith("d_model_")
        or re.fullmatch(r"h\d*_?(?:size|dim|units)", name.lower()) is not None
        or (
            bool(own & _TURNED or (own & _TARGETS and own & _NETWORKS))
            and not why_fixed(name)
            and len(name) > 1
            and not name.startswith("_")
        )
    )


def is_beside(name: str) -> bool:
    """Whether a number may be a setting for no other reason than that it stands beside some, by its name."""
    return len(name.strip("_")) > 1 and not set(words(name)) & _OF_PROBLEMS and not why_fixed(name)


def from_zero(name: str) -> str:
    """The range of a zero, as a knob's comment says it; empty where its name says no scale."""
    own = set(words(name))
    most = next((most for kinds, most in _ZEROS if own & kinds), 0.0)
    return f"0..{most:g}" if most else ""


def divided(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of constants of which the first is mostly divided into as many parts as the second: widths into heads."""
    known = {name: set(words(name)) for name in names}
    parts = [name for name, own in known.items() if _is_parts(own)]
    wholes = [name for name, own in known.items() if own & _SPLIT and name not in parts and "head" not in own]
    return ((whole, part) for whole in wholes for part in parts)


def _is_parts(own: set[str]) -> bool:
    return bool(own & _HEADS) or ("head" in own and bool(own & {"n", "num"}))


def _splits(own: list[str]) -> bool:
    """Whether a name says how much of the data is for training, which also says what is left to measure on."""
    amounts = {
        "frac",
        "fraction",
        "ratio",
        "split",
        "size",
        "pct",
        "percent",
        "share",
        "rows",
        "samples",
        "len",
        "window",
    }
    shapes = {"batch", "seq", "sequence", "context"}
    return bool(own) and own[0] in {"train", "training"} and bool(set(own[1:]) & amounts) and not shapes & set(own)


def values(name: str, value: float) -> tuple[str, list[int]]:
    """The range of a number above zero: what a knob's comment says, and the whole numbers in it where they are few.

    Without a comment, these are what there is to choose from.

    Whole numbers of widths, batches and heads double and halve, so that what divides them still does; probabilities
    stay between 0 and 1; depths and other counts go to twice as many, since more takes longer, and down to fewer.
    """
    own = set(words(name))
    if isinstance(value, int):
        return _counts(own, value)
    decays = "decay" in own and "weight" not in own and value > 0.5  # a factor, and no penalty
    share = own & _FRACTIONS and not own & _SCALES and not (own & _PENALTIES and value < _LEAST_SHARE)
    if value <= 1 and (share or decays):
        return (_fraction(value) if value < 1 else f"{value / 2:.6g}..1"), []
    if own & _RATES or {"learning", "rate"} <= own or {"weight", "decay"} <= own or value >= 1:
        return f"log {value / _SPREAD:.6g}..{value * _SPREAD:.6g}", []
    # Whatever lies between 0 and 1 may be a share.
    return f"log {value / _SPREAD:.6g}..{min(value * _SPREAD, (1 + value) / 2):.6g}", []


def _fraction(value: float) -> str:
    """From half to twice a fraction, or what is left to 1; of one near 1, what is left decides."""
    low = value / 2 if value <= 0.5 else max(value / 2, 1 - 4 * (1 - value))
    return f"{low:.6g}..{min(2 * value, (1 + value) / 2):.6g}"


def _counts(own: set[str], value: int) -> tuple[str, list[int]]:
    own |= {match[1] for word in own if (match := _JOINED.fullmatch(word))}
    if own & {"kernel", "ksize"}:  # padding mostly counts on whether it is odd
        return "", [value + k for k in (-2, 0, 2, 4) if value + k > 0]
    if own & _DEPTHS:
        return _whole(math.ceil(value / 2), 2 * value)
    power = value & (value - 1) == 0
    if (own & _WIDTHS and value > 1) or (power and value >= _LEAST_POWER):
        doubled = [value * 2.0**k for k in _DOUBLINGS if "patch" not in own or k <= 0]
        even = 1 if power or _is_parts(own) else _EVEN
        return "", [int(one) for one in doubled if one >= value or not one % even]
    if value < _LEAST_POWER:
        return _whole(1, max(2, 2 * value))
    return f"log int {math.ceil(value / _SPREAD)}..{2 * value}", []


def _whole(low: int, high: int) -> tuple[str, list[int]]:
    return f"int {low}..{high}", list(range(low, high + 1)) if high - low < _FEW else []

"""The metric of a checkout: what its script prints, what its documents say of it, and what a name alone can say.

Nothing is guessed that could be otherwise. What program.md or the README says counts first; a name counts where it can
mean one thing only and no other goal is printed beside it; a metric of test data never steers.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from orgopt.foreign.results.goal import Goal, said
from orgopt.foreign.source import nodes, vocabulary, words

_PRINTED = re.compile(r"(?:^|[\r\n])[ \t]*(?P<name>[A-Za-z][\w/.-]*)[ \t]*[:=]")
_PRINTS = vocabulary("print write log info echo")
DOWN = vocabulary(
    "bpb bpc loss nll ppl perplexity error err mse rmse mae mape smape mase rmsle wer cer eer fid brier bce "
    "logloss crossentropy regret fvu perp rmsd hd95 hd asd eer fpr recon"
)
UP = vocabulary(
    "acc accuracy f1 auc auroc auprc r2 ndcg mrr iou miou dice bleu mcc psnr ssim sharpe sortino calmar pnl "
    "profit reward rew precision recall acc1 prec prec1 correct miou ap map50 ari nmi kappa qwk spearman pearson corr "
    "correlation sensitivity specificity jaccard rouge meteor hits pass"
)
SPEED = vocabulary("gflops gflop flops mflops tflops tflop gbps throughput speedup bandwidth qps rps mops gops fps")
"""Words of rates at which a program works: more is better, and a second in their names is no duration."""
_WITH = vocabulary("roc pr score rate entropy log cross squared absolute balanced root micro mean percentage")
"""Words that may stand with one of these and leave its direction as it is: `roc_auc`, `f1_score`, `error_rate`."""
OPEN = vocabulary(
    "score map return returns ret cost win solve success fitness drawdown winrate distance length makespan tardiness "
    "conflicts"
)
"""Words of goals whose names do not say for certain whether more is better."""
_ABOUT = vocabulary(
    "value val valid validation dev eval evaluation final best mean avg average median total overall macro micro "
    "weighted top top1 top5 oos cv ensemble model min max global selected chosen ep episode episodic rollout"
)
_UNSEEN = vocabulary("val valid validation dev eval oos cv")
_TRAINING = vocabulary("train training trn insample")
_TEST = vocabulary("test tst holdout heldout")
_SETS = vocabulary("data set dataset split")
_LOSSES = vocabulary("loss nll bce")
_COUNTS = vocabulary("seconds sec s ms time steps step mb epochs epoch params")
METRIC_WORDS = DOWN | UP | OPEN | SPEED | _WITH | _ABOUT | _UNSEEN | _TRAINING | _TEST
"""Words that names of metrics are made of."""


_ENGLISH = {
    "loss": "损失值 损失函数 损失 損失 손실 потери потеря perte pérdida perdida perda verlust",
    "accuracy": "准确率 准确度 正确率 精确度 精度 正解率 正確率 정확도 точность précision exactitud acurácia acuracia "
    "genauigkeit",
    "error": "误差 错误率 誤差 오차 ошибка erreur fehler",
    "reward": "奖励 回报 累计奖励 報酬 보상 награда récompense recompensa belohnung",
    "score": "得分 分数 スコア 점수 puntaje puntuación puntuacion pontuação pontuacao punteggio punktzahl",
    "distance": "距离 距離 거리 расстояние distância distancia distanza distanz entfernung",
    "cost": "成本 代价 費用 비용 стоимость custo coste costo coût kosten koszt",
    "length": "长度 長さ 길이 длина longitud comprimento longueur lunghezza länge długość",
    "fitness": "适应度 適応度 적합도 приспособленность",
    "val": "验证集 验证 驗證 検証 검증 валидация validierung validação validación",
    "test": "测试集 测试 測試 テスト 테스트 тест prueba",
    "train": "训练集 训练 訓練 学習 학습 훈련 обучение entraînement entrenamiento treino",
    "best": "最佳 最优 最高 最好 最良 최고 лучшая meilleure mejor melhor beste",
    "mean": "平均 평균 средняя moyenne média",
    "final": "最终 最終 최종 finale",
}
_TRANSLATED = {word: name for name, others in _ENGLISH.items() for word in others.split()}
_SPACED = [word for word in _TRANSLATED if word[0] < "\u0500"]
_FOREIGN = re.compile(
    rf"\b(?:{'|'.join(_SPACED)})\b|{'|'.join(sorted(_TRANSLATED.keys() - _SPACED, key=len, reverse=True))}",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\b(?:de|du|des|del|la|le|da|do|der|von|di|sur|sul|en|на)\b|[的为是のは]")
"""Words that stand between those of a metric in other languages."""


def in_english(text: str) -> str:
    """A label with the words of metrics of other languages in English: `验证准确率` is `val accuracy`."""
    found = _FOREIGN.sub(lambda match: f" {_TRANSLATED[match[0].lower()]} ", text).strip()
    return _BETWEEN.sub(" ", found).strip() if found != text else text


class Metric(NamedTuple):
    """The metric that a script prints: its name, and whether more of it is better."""

    name: str
    up: bool


def direction(name: str) -> bool | None:
    """Whether more of a metric is better, by its name; None where that could be otherwise.

    Every word of the name must be understood: a `loss` is lower, and a `win_loss_ratio` or a `loss_reduction` is not.
    """
    about = _ABOUT | _UNSEEN | _TEST | _TRAINING | _SETS
    left = [word for word in words(name) if word not in about and not word.isdigit()]
    kinds = [word for word in left if word in DOWN | UP]
    if SPEED & set(left):
        return True
    if not kinds or any(word not in DOWN | UP | _WITH for word in left):
        return None
    ways = {word in UP for word in kinds}
    if "score" in left and ways == {False} and "brier" not in kinds:  # scores mostly rise
        return None
    return ways.pop() if len(ways) == 1 else None


def metric(folder: Path, toml: Mapping[str, Any], trees: Iterable[ast.Module], script: str) -> Metric:
    """The metric that steers a checkout.

    Raises:
        ValueError: The files leave it open; the message has the lines to write into `task.toml`.
    """
    way = toml.get("direction")
    if way not in {None, "down", "up"}:
        raise ValueError(f"direction = '{way}': write 'down' where less of the metric is better, or 'up'")
    printed = list(dict.fromkeys(name for tree in trees for name in _printed(tree)))
    goals = said(folder, printed)
    if name := str(toml.get("metric", "")):
        ways: set[bool | None] = {goal.up for goal in goals if goal.name == name}
        ways = ways or {direction(name)}
        return Metric(name, way == "up" if way else _one(name, ways))
    found = _told(goals) if goals else _guessed(printed, script)
    return found if way is None else Metric(found.name, way == "up")


def _one(name: str, ways: set[bool | None]) -> bool:
    if len(ways) != 1 or None in ways:
        raise ValueError(f"is less {name} better, or more? Write direction = 'down' or 'up'")
    return bool(ways.pop())


def _told(goals: Sequence[Goal]) -> Metric:
    """The metric that a document names as the goal."""
    chosen = [goal for goal in goals if goal.chief] or list(goals)
    first = chosen[0]
    if others := [goal for goal in chosen if goal.name != first.name]:
        each = " and ".join(f"{goal.text} ({goal.where})" for goal in (first, others[0]))
        raise ValueError(f"its goal is said in two ways, {each}: {_lines(first.name, up=first.up)}")
    byname = direction(first.name)
    if any(goal.up != first.up for goal in chosen) or byname not in {None, first.up}:
        raise ValueError(
            f"{first.where} says {first.text}, and {'another line' if byname in {None, first.up} else 'its name'} says "
            f"otherwise: {_lines(first.name, up=first.up)}"
        )
    if not first.printed:
        raise ValueError(
            f"{first.where} says {first.text}, and no line of its scripts that begins with '{first.name}:' was found: "
            f"if it is printed so, {_lines(first.name, up=first.up)}"
        )
    if set(words(first.name)) & _TEST:
        raise ValueError(
            f"{first.where} says {first.text}, which is measured on test data, so that agents would fit them: print a "
            f"metric of validation data, or, if those are what is to steer, {_lines(first.name, up=first.up)}"
        )
    return Metric(first.name, first.up)


def _guessed(printed: Sequence[str], script: str) -> Metric:
    """The only goal among the names that are printed, where it is the only one, and its direction is in its name."""
    goals = [name for name in printed if _is_goal(name)]
    unseen = [name for name in goals if set(words(name)) & _UNSEEN]
    # Beside a metric of unseen data, a loss that says of none is the training's.
    rivals = [*unseen, *(name for name in goals if name not in unseen and not set(words(name)) <= _LOSSES)]
    found = rivals if unseen else goals
    if tests := [name for name in printed if not found and set(words(name)) & _TEST and set(words(name)) & (DOWN | UP)]:
        raise ValueError(
            f"{script} prints {tests[0]}, and no metric of other data: agents would fit the test data. Print one "
            f"of validation data, or, if those are what is to steer, {_lines(tests[0], up=direction(tests[0]))}"
        )
    if not found:
        raise ValueError(
            f"{script} prints no line that looks like a metric, such as 'val_loss: 0.5': name it in a task.toml beside "
            "it, with kind = 'script', metric = '…' and direction = 'down' or 'up'"
        )
    way = direction(found[0])
    if len(found) > 1 or way is None:
        names = ", ".join(found[:6])
        which = f"prints {names}" + ", and nothing says which of them steers" * (len(found) > 1)
        raise ValueError(f"{script} {which}: {_lines(found[0], up=way)}")
    return Metric(found[0], way)


def _is_goal(name: str) -> bool:
    own = set(words(name))
    return bool(own & (DOWN | UP | OPEN)) and not own & (_TRAINING | _TEST | _COUNTS)


def _lines(name: str, *, up: bool | None) -> str:
    """The lines that settle what the metric is."""
    way = "'down' or 'up'" if up is None else f"'{'up' if up else 'down'}'"
    return f"write a task.toml beside it, with kind = 'script', metric = '{name}' and direction = {way}"


def _printed(tree: ast.Module) -> Iterator[str]:
    """Names that calls of `print` and the like write at the start of a line, followed by a colon or an equals sign."""
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in _PRINTS:
                for text in ast.walk(node):
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield from (match["name"] for match in _PRINTED.finditer(text.value))

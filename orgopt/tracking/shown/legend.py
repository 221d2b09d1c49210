"""Short words of documents, explained where they stand: names of agents, keys, and who proposed a candidate.

A reader of one screen has read no other page. Pure functions.
"""

import re
from collections.abc import Iterable

AGENTS = {
    "random": "tries anything",
    "hill-climb": "changes a little of the best it knows",
    "evolution": "crosses two recent good settings",
    "tpe": "looks where good settings crowd",
    "gp": "fits a surface to results",
    "freeze-thaw": "fits a surface, ends what lags",
    "replicate": "repeats good results",
    "imitate": "does as the best it hears of",
    "llm": "asks a language model",
}
"""How an agent picks its next experiment, in a few words."""
KEYS = {
    "copy rule": "whose setting one starts from",
    "risk tolerance": "how far a change goes",
    "confirm": "how often a result is repeated before it is believed",
    "stop early": "when an experiment that lags is ended",
    "focus": "which settings it may change",
    "stand-up": "when agents tell each other what they found",
}
"""What a key of a document says."""
PROPOSERS = {
    "tpe": "the sampler that looks where good documents crowd",
    "gp": "the sampler that fits a surface to all scores",
    "cmaes": "the sampler CMA-ES",
    "nsga2": "the sampler NSGA-II",
    "random": "a draw at random",
    "opening": "the list of what is known to work",
    "screen": "a model of all scores, which picks among drawn changes",
    "write": "a model of all scores, which writes a whole document",
    "cross": "a cross of two documents",
    "reflect": "a language model",
    "gepa": "a language model, by GEPA",
    "mipro": "a language model, by MIPRO",
    "simba": "a language model, by SIMBA",
}
"""Who proposes candidates in a search."""


def explained(texts: Iterable[str], most: int = 6) -> str:
    """What the words in some texts mean: `copy rule: whose setting one starts from; gp: fits a surface …`."""
    said = "\n".join(texts).lower().replace("copy-rule", "copy rule").replace("stop-early", "stop early")
    table = {**KEYS, **AGENTS}
    found = (word for word in table if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", said))
    return "; ".join([f"{word}: {table[word]}" for word in found][:most])


def proposer(name: str) -> str:
    """Who proposed a candidate: `tpe, the sampler that looks where good documents crowd`."""
    meaning = PROPOSERS.get(name)
    return f"{name}, {meaning}" if meaning else name

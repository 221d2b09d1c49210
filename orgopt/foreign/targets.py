"""Targets: the places in files of a checkout that a knob's value is written to, and the files with values in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orgopt.foreign.sites.site import Form, Site, written
from orgopt.tasks.knob import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the value of a knob goes: characters of a file.

    Attributes:
        knob: Name of the knob; empty for a seed.
        file: Path of the file in the checkout.
        start, end: The characters of its text that are replaced.
        form: How the value is written.
        before: What is written before it.
        name: What the file calls it, and the line: `--lr` in line 12.
        line: The line, from 1.
        seed: Of a seed, the number that stands there, which an experiment's is added to.
    """

    knob: str
    file: str
    start: int
    end: int
    form: Form
    before: str = ""
    name: str = ""
    line: int = 0
    seed: int = 0

    @classmethod
    def of(cls, site: Site, file: str, knob: str = "", seed: int = 0) -> "Target":
        """The target of a literal of a file; without a knob it is a seed."""
        place = {"start": site.start, "end": site.end, "line": site.line}
        return cls(knob=knob, file=file, form=site.form, before=site.before, name=site.name, seed=seed, **place)


def edited(
    texts: Mapping[str, str], targets: Iterable[Target], values: Mapping[str, Value], seed: int = 0
) -> dict[str, str]:
    """The files with values in their targets; a knob that is not named leaves its own, and seeds move by `seed`."""
    found = dict(texts)
    for target in sorted(targets, key=lambda one: one.start, reverse=True):
        if target.knob and target.knob not in values:
            continue
        value = values[target.knob] if target.knob else (target.seed + seed) % 2**31
        text = found[target.file]
        put = target.before + written(value, target.form)
        found[target.file] = text[: target.start] + put + text[target.end :]
    return found

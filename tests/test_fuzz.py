"""Fuzzing: real and generated documents, mutated; whatever comes of it is read, drawn, edited and compared.

`make fuzz` runs 100,000 cases; `FUZZ_CASES` and `FUZZ_SEED` choose others. A case depends on its seed and number
alone, and a failure names both: `python -m tests.test_fuzz SEED NUMBER` prints its document and runs it.
"""

import json
import os
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from rich.markup import escape
from rich.markup import render as markup

from orgopt import draw
from orgopt.agent_names import AGENTS
from orgopt.cli.document import tree
from orgopt.cli.shared.findings import finding_dict
from orgopt.document import Program, apply, describe, diff, format_finding, lint, parse, read, render, require_org
from orgopt.document.editing.base import Edit, SetKey
from orgopt.document.editing.canonical import org_text
from orgopt.document.editing.diff import same
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink, SetPattern
from orgopt.document.editing.edits_of_roles import AddRole, DuplicateRole, MergeRoles, RemoveRole, SplitRole
from orgopt.document.editing.edits_of_text import SetCharter, SetMission, SetTitle
from orgopt.document.findings import Finding
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.linting.lint import Facts, fix
from orgopt.document.linting.rules import RULES
from orgopt.errors import DocumentError
from orgopt.org import LINK_KINDS, Link, Org, Role, Standup, TaskLength
from tests.conftest import ROOT

CASES = int(os.environ.get("FUZZ_CASES", "2000"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
PARTS = 8  # tests, so that several processes share the work
LIMIT_S = 20  # CPU seconds; a case that takes longer hangs
MAX_TEXT = 6000  # characters; longer ones are cut, since time would go to a few of them

REAL = [
    path.read_bytes().decode()
    for path in sorted(
        [*(ROOT / "tests" / "programs").glob("*.md"), *(ROOT / "orgs").rglob("*.md"), ROOT / "README.md"]
    )
]
EXAMPLES = [text for rule in RULES.values() for text in (rule.bad, rule.good) if text]
FACTS = Facts(name="toy", groups=("model",), files=("train.py",), slots=2, run_s=10, think_s=1, meeting_s=1)

NAMES = [
    "Lead",
    "Explorer",
    "Späher",
    "Chief Scientist",
    "❄",
    "Lеad",
    "A → B",
    "Search and Rescue",
    "R: 2 | x",
    "Researcher",
]
PATTERNS = ["", "ring", "line", "full", "lattice 4", "random 0.2"]
UNSEEN = "\x00\x01\x0b\x0c\x1b\x7f\x85\u00a0\u00ad\u061c\u200b\u200d\u200e\u2028\u2029\u202e\u2066\u2069\ufeff\ufe0f\U000e0041"
SNIPPETS = [
    "```", "~~~~", "<!--", "-->", "<div>", "---", "...", "| a", "|---|", "[x]: /y", "> q", "\t- x", "    code", "===", "***", "\\",
    "# T", "## Roles", "## Team", "### Lead", "### 3× Explorer — the bold", "## Links", "## Rhythm", "Lead\n----",
    "- **Headcount:** 3", "- **Headcount:** ×٣", "Reports to: Lead, Explorer", "- Explorer → Lead: reports to", "- A ↔ A: shares with (ring)",
    "- **Stand-up:** every 2 runs, Lead, best 2", "- Stand-up: daily", "- **Risk tolerance:** 40 %", "- **Agent** tpe",
    "- **Lead** — decides\n  - Count: 2\n  - Reports to: Nobody", "- [Lead](lead.md)", "| Role | Count | Reports to |\n|---|---|---|\n| Lead | ×2 | |",
    "<!-- file: lead.md -->", "<!-- file: ../x.md -->", "---\nname: lead\nheadcount: 2\nmodel: 'a'\n---", "---\na: &a [*a, *a]\nb: [*a, *a]\n---",
    "<script>alert(1)</script>", "![x](javascript:alert(1))", "&lt;&#0;&#x110000;", "İß\u0130ﬃ", "{{ }} %s %(x)s {0}",
]  # fmt: skip
NUMBERS = [
    "0",
    "-1",
    "64",
    "65",
    "007",
    "9" * 40,
    "1e999",
    "0.5",
    ".",
    "1.5.2",
    "nan",
    "٣",
    "²",
    "0x10",
    "1_000",
    "100 %",
    "∞",
]


def text_of(rng: random.Random) -> str:
    """A document: one of those here, or the canonical form of a random organization, mutated up to six times."""
    text = _base(rng)
    for _ in range(rng.randrange(7)):
        text = rng.choice(MUTATIONS)(rng, text)[:MAX_TEXT]
    return text


def _base(rng: random.Random) -> str:
    kind = rng.random()
    return rng.choice(REAL) if kind < 0.4 else rng.choice(EXAMPLES) if kind < 0.6 else org_text(_org(rng))


def _org(rng: random.Random) -> Org:
    names = rng.sample(NAMES, rng.randrange(6))
    roles = tuple(
        Role(
            id=f"r{i}",
            name=name,
            headcount=rng.choice([0, 1, 2, 64]),
            agent=rng.choice(AGENTS),
            risk=rng.choice([None, 0.5]),
            focus=rng.choice([(), ("model", "data")]),
            charter=rng.choice(["", "Look.", "### Part\n\nTwo.", "- **Headcount:** 9", "a | b\n---|---\n"]),
        )
        for i, name in enumerate(names)
    )
    ids = [role.id for role in roles] or ["ghost"]
    links = tuple(_link(rng, ids) for _ in range(rng.randrange(5)))
    standup = Standup(every=rng.choice([1, 2.5, 1200]), unit="s", attendees=tuple(rng.sample(ids, 1)))
    return Org(title=rng.choice(NAMES), mission="Go.", roles=roles, links=links, standup=rng.choice([None, standup]))


def _link(rng: random.Random, ids: list[str]) -> Link:
    kind = rng.choice(LINK_KINDS)
    mutual = kind == "shares with" and rng.random() < 0.5
    return Link(source=rng.choice(ids), target=rng.choice(ids), kind=kind, mutual=mutual, pattern=rng.choice(PATTERNS))


def _lines(rng: random.Random, text: str) -> tuple[list[str], int, int]:
    lines = text.splitlines(keepends=True) or [""]
    first = rng.randrange(len(lines))
    return lines, first, rng.randint(first, min(len(lines), first + 8))


def flip(rng: random.Random, text: str) -> str:
    raw = bytearray(text.encode())
    for _ in range(rng.randint(1, 8) if raw else 0):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return raw.decode(errors="ignore")


def shuffle(rng: random.Random, text: str) -> str:
    lines, first, last = _lines(rng, text)
    moved = lines[first:last]
    rng.shuffle(moved)
    return "".join([*lines[:first], *moved, *lines[last:]])


def repeat(rng: random.Random, text: str) -> str:
    lines, first, last = _lines(rng, text)
    at = rng.randrange(len(lines) + 1)
    return "".join([*lines[:at], *lines[first:last] * rng.choice([1, 1, 2, 20]), *lines[at:]])


def delete(rng: random.Random, text: str) -> str:
    lines, first, last = _lines(rng, text)
    return "".join([*lines[:first], *lines[last:]])


def cut(rng: random.Random, text: str) -> str:
    return text[: rng.randint(0, len(text))] if rng.random() < 0.5 else text[rng.randint(0, len(text)) :]


def join(rng: random.Random, text: str) -> str:
    other = _base(rng)
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def line_ends(rng: random.Random, text: str) -> str:
    ends = rng.choice([["\r\n"], ["\r"], ["\n", "\r\n", "\r"], ["\n\n"], ["\n", "\u2028", "\x85", "\x0b"]])
    return re.sub(r"\r\n|\n|\r", lambda _: rng.choice(ends), text)


def unseen(rng: random.Random, text: str) -> str:
    at = rng.choice([0, rng.randint(0, len(text))])
    return text[:at] + "".join(rng.choices(UNSEEN, k=rng.randint(1, 3))) + text[at:]


def snippet(rng: random.Random, text: str) -> str:
    lines, at, _ = _lines(rng, text)
    return "".join([*lines[:at], *(f"{rng.choice(SNIPPETS)}\n" for _ in range(rng.randint(1, 4))), *lines[at:]])


def number(rng: random.Random, text: str) -> str:
    found = list(re.finditer(r"\d+(?:\.\d+)?", text))
    if not found:
        return text + rng.choice(NUMBERS)
    match = rng.choice(found)
    return text[: match.start()] + rng.choice(NUMBERS) + text[match.end() :]


def nest(rng: random.Random, text: str) -> str:
    lines, at, _ = _lines(rng, text)
    mark = rng.choice(["> ", "- ", "#", "  ", "[", "*", "(", "1. ", "`", "<", "|", "{", "> - ", "**", "\\"])
    return "".join([*lines[:at], mark * rng.choice([2, 7, 40, 800]), *lines[at:]])


def rename(rng: random.Random, text: str) -> str:
    return text.replace(rng.choice(NAMES), rng.choice(NAMES))


MUTATIONS = [flip, shuffle, repeat, delete, cut, join, line_ends, unseen, snippet, number, nest, rename]


def edit_of(rng: random.Random, org: Org) -> Edit:
    """An edit of the roles and links that an organization has, now and then of others."""
    ids = [*(role.id for role in org.roles), "ghost"]
    link = rng.choice(org.links) if org.links and rng.random() < 0.5 else _link(rng, ids)
    prose = rng.choice(
        ["", "Look.", "Two\n\nparts.", "### Heading", "- **Agent:** tpe", "```\nopen", "a | b", "---", "\x00"]
    )
    role, name = rng.choice(ids), rng.choice(NAMES)
    other = Org(roles=(Role(id="scout", name=name, headcount=2, charter=prose),))
    rhythm = [key for key, of in KEYS.items() if of.rhythm]
    value = {"headcount": 3, "agent": "gp", "model": "a:b", "persona": "A | b", "memory": "run", "remembers": "A | b",
             "risk tolerance": 0.7,
             "focus": ("model",), "confirm": 2, "stop early": 0.25, "copy rule": "own", "task length": TaskLength(experiments=3),
             "stand-up": Standup(every=5, unit="experiments", attendees=(role,)),
             "proposes": "documents", "generation": 4, "rounds": 3, "drop after": 2, "drop margin": 0.5}  # fmt: skip
    key, whole = rng.choice([key for key, of in KEYS.items() if of.role]), rng.choice(rhythm)
    keep = key in {"headcount", "agent"} or rng.random() < 0.7
    return rng.choice(
        [SetKey(role, key, value[key] if keep else None), SetKey(None, whole, value[whole]), AddLink(link), RemoveLink(link),
         SetPattern(link), SetTitle(prose), SetMission(prose), SetCharter(role, prose), RemoveRole(role),
         AddRole(org_text(other).partition("\n\n")[2]), DuplicateRole(role, name), MergeRoles(role, rng.choice(ids)),
         SplitRole(role, name, 1)]
    )  # fmt: skip


def check(text: str, other: str, rng: random.Random) -> None:
    """Everything that must hold of any two documents."""
    program = parse(text)
    assert render(program) == text, "render(parse(text)) is another text"
    org = read(program).org
    findings = lint(program, FACTS)
    for finding in findings:
        for span in (finding.span, finding.fix.span) if finding.fix else (finding.span,):
            assert 0 <= span.start <= span.end <= len(text), f"{finding.code} is outside the text"
        assert finding.message and "\n" not in finding.message, f"{finding.code} has no message of one line"  # noqa: PT018
    json.dumps(org.to_dict())
    _runs(program)
    if rng.random() < 0.5:
        _edited(program, edit_of(rng, org))
    # One in ten, since printing, drawing and comparing take most of the time.
    if rng.random() < 0.1:
        _printed(program, findings)
        fix(program, unsafe=rng.random() < 0.5)
        parse(org_text(org))
        ET.fromstring(draw.svg(org))
        draw.mermaid(org)
        _compared(program, parse(other))


def _printed(program: Program, findings: list[Finding]) -> None:
    for finding in findings:
        json.dumps(finding_dict(program, finding))
        shown = format_finding(program, finding)
        assert markup(f"[red]{escape(shown)}[/]", emoji=False).plain == shown, "a finding is printed as markup"


def _runs(program: Program) -> None:
    try:
        org = require_org(program)
        assert org.headcount
        tree(org)
    except DocumentError:
        return


def _edited(program: Program, edit: Edit) -> None:
    edit.describe(read(program).org)
    try:
        after = edit.apply(program)
    except DocumentError:
        return
    assert render(after) == after.text
    assert edit.inverse(program).apply(after).text == program.text, f"{type(edit).__name__} is not undone"


def _compared(a: Program, b: Program) -> None:
    edits = diff(a, b)
    describe(edits, read(a).org)
    assert same(read(apply(edits, a)).org, read(b).org), "the diff leads elsewhere"


def _hangs(*_: object) -> None:
    raise TimeoutError(f"a case takes more than {LIMIT_S} s")


def run_case(seed: int, number: int, *, show: bool = False) -> None:
    rng = random.Random(f"{seed}/{number}")
    text, other = text_of(rng), text_of(rng)
    if show:
        print(json.dumps(text, ensure_ascii=False), json.dumps(other, ensure_ascii=False), sep="\n")
    check(text, other, rng)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_the_text_nothing_breaks(part: int) -> None:
    failures: Counter[str] = Counter()
    first: dict[str, str] = {}
    signal.signal(signal.SIGPROF, _hangs)
    began = time.process_time()
    slowest = (0.0, 0)
    numbers = range(part, CASES, PARTS)
    for case in numbers:
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)  # of CPU time: other work on the machine does not count
        try:
            run_case(SEED, case)
        except Exception:  # noqa: BLE001  a failure of any kind is what is looked for
            what = traceback.format_exc().splitlines()
            key = f"{what[-1][:160]} at {what[-2 if '^' not in what[-2] else -3].strip()[:100]}"
            failures[key] += 1
            first.setdefault(key, f"python -m tests.test_fuzz {SEED} {case}")
        signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, (time.process_time() - started, case))
    took = time.process_time() - began
    print(
        f"{len(numbers)} cases, {took / max(1, len(numbers)) * 1e3:.1f} ms a case, slowest {slowest[0]:.2f} s: {slowest[1]}"
    )
    assert not failures, "\n".join(f"{n} × {key}: {first[key]}" for key, n in failures.most_common())
    assert slowest[0] < 5, f"case {slowest[1]} took {slowest[0]:.1f} s"


if __name__ == "__main__":
    run_case(int(sys.argv[1]), int(sys.argv[2]), show=True)

"""The genome: its origin, the documents of its points, parts that are frozen, and what makes a difference."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.document import Program, apply, changes, describe, diff, lint, load, parse, read
from orgopt.document.editing.diff import same
from orgopt.errors import DocumentError, UsageError
from orgopt.evolve.space import write
from orgopt.evolve.space.allowed import free_parts
from orgopt.evolve.space.genome import PARTS, Space, everybody
from orgopt.evolve.space.standup_genes import _round
from orgopt.org import Link, Org, Role
from orgopt.org_problems import problems
from tests.conftest import ROOT
from tests.test_edit import organization

ORGS = sorted(
    path for path in (ROOT / "orgs").rglob("*.md") if not {path.stem, path.parent.name} & {"library", "search"}
)
PROGRAMS = [ROOT / "tests" / "programs" / f"{name}.md" for name in ("folded", "plain", "windows")]
GROUPS = ("model", "optimizer", "schedule")

ODD = {
    "off the grid": """\
## Roles
### Lead
- **Headcount:** 2
- **Agent:** llm
- **Model:** openai/small
- **Risk tolerance:** 0.37
- **Focus:** optimizer, schedule
- **Confirm:** 5
- **Stop early:** 0.25
- **Copy rule:** majority of 3
### Hand
- **Headcount:** 40
- **Stop early:** 1
- **Focus:** elsewhere
## Links
- Hand → Lead: reports to (ring)
- Lead → Hand: delegates to
- Hand → Lead: delegates to
- Lead → Hand: reviews
- Hand → Lead: reviews
- Lead → Hand: shares with (ring)
- Hand → Lead: shares with (line)
- Hand → Hand: shares with (lattice 6)
- Hand → Hand: reviews
## Rhythm
- **Stand-up:** every 90 experiments, Lead, best 4
- **Risk tolerance:** 0.123
- **Stop early:** 0.97
- **Copy rule:** best of 3
""",
    "no links": "# T\n\n## Roles\n\n### A\n- **Headcount:** 1\n\nGo.\n\n### B\n- **Headcount:** 2",
    "deeper headings": "### Roles\n\n#### A\n- Headcount: 1\n\n#### B\n\nB.\n\n### Links\n\nNone.\n\n### Rhythm\n- x\n",
    "links in fields": "## Roles\n### A\n- **Headcount:** 1\n### B\n- **Reports to:** A\n- **Works with:** A\n",
    "a table": "## Roles\n\n| role | headcount | reports to |\n|---|---|---|\n| A | 2 | |\n| B | 3 | A |\n",
    "a list": "## Team\n- **Lead** (x2): decides\n- **Hand**: works\n\n## Links\n- Hand → Lead: reports to\n",
    "links that are given twice": """\
## Roles
### A
- **Headcount:** 1
### B
- **Headcount:** ×2
- **Reports to:** A
## Links
- B → A: reports to
- A ↔ B: shares with (ring)
- A <-> B: shares with
## Rhythm
- **Stand-up:** every 20 min
""",
    "Windows": "## Roles\r\n### A\r\n- **Headcount:** 1\r\n## Links\r\n- A ↔ A: shares with (line)\r\n## End\r\n",
    "names": "## Roles\n### A: the one\n- **Headcount:** 1\n### B → C\n- x\n## Links\n- b-c → a: reviews\n",
}
SEEDS = [load(path) for path in (*ORGS, *PROGRAMS)] + [parse(text, name) for name, text in ODD.items()]
all_seeds = pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: Path(seed.source).stem)


@pytest.fixture(scope="module")
def library() -> Program:
    return load(ROOT / "orgs" / "library.md")


def random_points(space: Space, n: int) -> Iterator[dict]:
    """Points with every value drawn evenly; trials of Optuna would take most of the time of these tests."""
    rng = np.random.default_rng(1)
    for _ in range(n):
        yield {name: drawn(rng, one) for name, one in space.distributions.items()}


def drawn(rng: np.random.Generator, one: BaseDistribution) -> object:
    if isinstance(one, CategoricalDistribution):
        return one.choices[int(rng.integers(len(one.choices)))]
    assert isinstance(one, IntDistribution | FloatDistribution)
    if one.step is None:
        return float(
            np.exp(rng.uniform(np.log(one.low), np.log(one.high))) if one.log else rng.uniform(one.low, one.high)
        )
    return one.low + one.step * int(rng.integers(round((one.high - one.low) / one.step) + 1))


def near_points(space: Space, n: int, moves: int) -> Iterator[dict]:
    """Points that differ from the origin in a few parameters that make a difference."""
    rng = np.random.default_rng(2)
    for point in random_points(space, n):
        params = dict(space.origin)
        for _ in range(moves):
            name = str(rng.choice(space.active(params)))
            params[name] = point[name]
        yield params


@all_seeds
def test_the_origin_of_a_space_is_its_seed_document(seed: Program, library: Program) -> None:
    space = Space(seed, library, 60, groups=GROUPS, models=["x/a", "x/b"])
    assert space.decode(space.origin) == ()
    assert space.program(space.origin) is seed
    assert list(space.origin) == list(space.distributions)
    for name, value in space.origin.items():
        assert space.distributions[name]._contains(space.distributions[name].to_internal_repr(value)), name
        assert space.part_of(name) in PARTS
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.enqueue_trial(space.origin)
    assert study.ask(space.distributions).params == space.origin


@pytest.mark.sweep(5)
@all_seeds
def test_changes_are_said_as_the_edits_that_make_them(seed: Program, library: Program) -> None:
    space = Space(seed, library, 60, groups=GROUPS)
    points = [space.program(params) for params in near_points(space, 2, 6)]
    for before, after in ((seed, points[0]), (points[0], points[1]), (seed, seed)):
        assert changes(before, after) == describe(diff(before, after), read(before).org)


def test_models_of_who_cannot_be_hired_are_nobodys_to_take() -> None:
    speaker = parse("# One\n\n## Roles\n\n### Lead\n\n- **Agent:** llm\n- **Model:** a/cheap\n", "one.md")
    library = parse("# All\n\n## Roles\n\n### Guru\n\n- **Agent:** llm\n- **Model:** b/dear\n", "library.md")
    for given, choices in (({}, ("a/cheap", "b/dear")), ({"fix": ["roles"]}, None), ({"only": ["risk"]}, None)):
        space, parts = Space(speaker, library, 20, **given), free_parts(given.get("fix", ()), given.get("only", ()))
        found = space.distributions.get("model/lead")
        assert (found and found.choices) == choices
        team = everybody(read(speaker).org, library, parts)
        assert {role.model for role in team.roles} == set(choices or ("a/cheap",))


def in_lines(org: Org) -> Org:
    """An organization whose charters are one line each, as bullets and cells have them."""
    return replace(org, roles=tuple(replace(role, charter=" ".join(role.charter.split())) for role in org.roles))


@pytest.mark.sweep(5)
@all_seeds
def test_every_point_is_a_document_that_says_what_the_point_says(seed: Program, library: Program) -> None:
    large = len(read(seed).org.roles) > 8
    before = {finding.code for finding in lint(seed) if finding.severity == "error"}
    space = Space(seed, library, 60, groups=GROUPS, models=["x/a", "x/b"])
    for params in [*random_points(space, 1 if large else 2), *near_points(space, 1 if large else 4, 12)]:
        program = space.program(params)
        org = read(program).org
        problems = {finding.code for finding in lint(program) if finding.severity == "error"}
        assert problems <= {"ORG020"} | before
        assert same(in_lines(org), in_lines(space.organization(params))) or read(seed).plain
        check_roles(space, params, org)
        check_links(space, params, org)
        check_standup(space, params, org)


def check_roles(space: Space, params: dict, org: Org) -> None:
    hired = [name.split("/")[1] for name in params if space.part_of(name) == "roles" and params[name]]
    assert {role.id for role in org.roles} == {role.id for role in space.org.roles} | set(hired)
    for role in org.roles:
        old = next(r for r in space.roles if r.id == role.id)
        for part, of, value in [
            ("headcount", lambda org, role: role.headcount, int),
            ("agent", lambda org, role: role.agent, str),
            ("model", lambda org, role: role.model, str),
            ("risk", Org.risk_of, pytest.approx),
            ("focus", lambda org, role: role.focus, lambda v: () if v == "all" else tuple(v.split(", "))),
            ("confirm", Org.confirm_of, int),
            ("stop-early", Org.stop_early_of, lambda v: "off" if v > 0.95 else pytest.approx(v)),
            ("copy-rule", Org.copy_rule_of, str),
        ]:
            name = f"{part}/{role.id}"
            if part == "model" and not role.thinks:
                assert role.model == old.model, name  # who has none would be read as one that thinks in words
            elif name in params and params[name] != pytest.approx(space.origin[name]):
                assert of(org, role) == value(params[name]), name
            elif name in params or name.startswith("focus"):
                assert of(org, role) == of(space.org, old), name


def flows(org: Org, kind: str, a: str, b: str) -> set[tuple[str, str, str]]:
    """Who is told of whom along a kind of link between two roles, with the pattern."""
    found = set()
    for link in org.links:
        if link.kind == kind and {link.source, link.target} == {a, b}:
            found.add((link.source, link.target, link.pattern))
            if link.mutual:
                found.add((link.target, link.source, link.pattern))
    return found


def check_links(space: Space, params: dict, org: Org) -> None:
    for name, value in params.items():
        part, _, ends = name.partition("/")
        kind = {"reports": "reports to", "delegates": "delegates to", "shares": "shares with"}.get(part, part)
        if kind not in {"reports to", "shares with", "delegates to", "reviews"}:
            continue
        a, b = (ends.replace("→", "·").split("·") * 2)[:2]
        arrow, _, pattern = str(value).partition(" ")
        pattern = "" if a != b else str(value).removeprefix("full")
        if a != b and arrow in {"→", "←", "↔"}:
            pattern = str(value).partition(" ")[2]
        wanted = {
            "True": {(a, b, "")},
            "→": {(a, b, pattern)},
            "←": {(b, a, pattern)},
            "↔": {(a, b, pattern), (b, a, pattern)},
        }.get(arrow, {(a, b, pattern)} if a == b and value != "no" else set())
        absent = not org.role(a) or not org.role(b)
        known = space.org.role(a) and space.org.role(b)
        if known and value == space.origin[name]:
            wanted = flows(space.org, kind, a, b)
        assert flows(org, kind, a, b) == (set() if absent else wanted), name
    assert [link for link in org.links if link.source == link.target and link.kind == "reviews"] == [
        link for link in space.org.links if link.source == link.target and link.kind == "reviews"
    ]


def check_standup(space: Space, params: dict, org: Org) -> None:
    unit, old, new = params["standup/unit"], space.org.standup, org.standup
    assert (unit == "off") == (new is None)
    if new is None:
        return
    assert new.unit == unit
    name = {"experiments": "standup/experiments", "s": "standup/seconds"}[unit]
    if old and old.unit == unit and params[name] == space.origin[name]:
        assert new.every == old.every
    else:
        assert new.every == (params[name] if unit == "experiments" else _round(params[name]))
    assert str(new.share or "all") == params["standup/best"]
    assert (", ".join(new.attendees) or "everyone") == params.get("standup/attendees", "everyone")


@pytest.mark.sweep(5)
@all_seeds
def test_writing_many_edits_at_once_gives_the_bytes_of_one_by_one(seed: Program, library: Program) -> None:
    space = Space(seed, library, 60, groups=GROUPS)
    for params in near_points(space, 1 if len(seed.text) > 2000 else 4, 7):
        assert space.program(params).text == apply(space.decode(params), seed).text


@pytest.mark.parametrize("text", ["", "```\nnever closed\n", "- **Focus:** all\n\n~~~\n"])
def test_an_edit_that_a_text_cannot_take_is_an_error(trio: Program, library: Program, text: str) -> None:
    """Behind an unclosed fence nothing can be added: no document of another organization comes out."""
    seed = parse(f"## Roles\n### A\n- **Headcount:** 1\n{text}")
    space = Space(seed, library, 60)
    params = {**space.origin, "headcount/scout": 1}
    if text:
        with pytest.raises(DocumentError, match="cannot take the role 'Scout'"):
            space.program(params)
    else:
        assert same(read(space.program(params)).org, space.organization(params))


@pytest.mark.parametrize("name", ["trio", "off the grid"])
def test_a_far_point_of_a_common_document_is_parsed_once(
    name: str, library: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = next(seed for seed in SEEDS if Path(seed.source).stem == name)
    space = Space(seed, library, 60, groups=GROUPS)
    params = next(random_points(space, 1))
    slowly = apply(space.decode(params), seed)
    monkeypatch.setattr(write, "apply", None)
    assert space.program(params).text == slowly.text


@all_seeds
def test_a_point_is_the_seed_document_and_a_diff(seed: Program, library: Program) -> None:
    space = Space(seed, library, 60, groups=GROUPS)
    for params in near_points(space, 1, 4):
        program = space.program(params)
        assert organization(apply(diff(seed, program), seed)) == organization(program)


def test_a_relation_that_does_not_change_stays_as_it_is_written(trio: Program) -> None:
    lines = "- Explorer → Lead: reports to\n- Explorer → Lead: shares with\n- Lead → Explorer: shares with\n"
    seed = parse(trio.text.replace("- Explorer → Lead: reports to\n", lines).replace("best 2", "best 4"))
    space = Space(seed, None, budget_s=60)
    assert space.decode(space.origin) == ()
    assert space.origin["shares/lead·explorer"] == "↔"
    faster = space.program({**space.origin, "standup/experiments": 5})
    assert faster.text == seed.text.replace("every 8", "every 5")
    silent = read(space.program({**space.origin, "shares/lead·explorer": "no"})).org
    assert [link.kind for link in silent.links] == ["reports to"]
    ring = space.program({**space.origin, "shares/lead·explorer": "↔ ring"})
    assert "- Lead ↔ Explorer: shares with (ring)\n\n## Rhythm" in ring.text


def test_a_pattern_changes_in_place(library: Program) -> None:
    seed = load(ROOT / "orgs" / "ring.md")
    space = Space(seed, library, 60)
    params = {**space.origin, "shares/researcher": "line"}
    assert space.program(params).text == seed.text.replace("(ring)", "(line)")
    assert describe(space.decode(params), space.org) == [
        "Researcher ↔ Researcher: shares with: pattern ring → line"
    ]  # fmt: skip


def test_a_hired_role_is_heard_and_takes_few_words(trio: Program, library: Program) -> None:
    space = Space(trio, library, budget_s=60)
    params = {**space.origin, "headcount/scout": 2, "agent/scout": "gp", "risk/scout": 0.4}
    org = read(space.program(params)).org
    assert org.headcount == 5
    assert [(link.source, link.target) for link in org.links] == [("explorer", "lead"), ("scout", "lead")]
    words = ["+ role Scout", "+ Scout → Lead: reports to"]
    assert describe(space.decode(params), space.org) == space.changes(space.origin, params) == words
    more = {**params, "headcount/scout": 3, "headcount/lead": 2}
    assert space.changes(params, more) == ["Lead: headcount 1 → 2", "Scout: headcount 2 → 3"]
    assert space.changes(more, space.origin) == ["Lead: headcount 2 → 1", "− role Scout"]


def test_a_library_may_speak_of_roles_and_links_in_its_own_way(trio: Program) -> None:
    library = parse("## Team\n- **Lead**: known here\n- **Clerk** (×3): files. Reports to: Lead\n\n## Links\n- x\n")
    space = Space(trio, library, 60)
    org = read(space.program({**space.origin, "headcount/clerk": 1, "reports/clerk→lead": False})).org
    assert [(role.id, role.headcount) for role in org.roles] == [("lead", 1), ("explorer", 2), ("clerk", 1)]
    assert [link.source for link in org.links] == ["explorer"]
    told = parse("## Roles\n### Clerk\n- **Headcount:** 1\n- **Reports to:** Explorer\n- **Works with:** Clerk\n")
    space = Space(trio, told, 60)
    org = read(space.program({**space.origin, "headcount/clerk": 1})).org
    assert [(link.source, link.target) for link in org.links] == [("explorer", "lead"), ("clerk", "lead")]


@pytest.mark.sweep(4)
@pytest.mark.parametrize("name", ["trio", "three-levels", "off the grid", "eight-solo"])
def test_only_what_makes_a_difference_is_active(name: str, library: Program) -> None:
    """Any active parameter can change the document, and no inactive one does."""
    seed = next(seed for seed in SEEDS if Path(seed.source).stem == name)
    space = Space(seed, library, 60, groups=GROUPS)
    assert set(space.active(space.origin)) <= set(space.free) == set(space.origin)
    points = list(random_points(space, 20))
    before, active = space.organization(space.origin), space.active(space.origin)
    # Links within a role of one agent are written and join nobody.
    alone = {f"shares/{role.id}" for role in space.org.roles if role.headcount == 1}
    for key in space.origin:
        others = [{**space.origin, key: point[key]} for point in points if point[key] != space.origin[key]]
        changes = (not same(space.organization(other), before) for other in others)
        if key in active:
            assert any(changes), key
        elif key not in alone:
            assert not any(changes), key


def test_what_is_active_depends_on_the_others(trio: Program, library: Program) -> None:
    space = Space(trio, library, 60, groups=GROUPS, models=["x/a", "x/b"])

    def active(**changed: object) -> set[str]:
        return set(space.active({**space.origin, **{k.replace("__", "/"): v for k, v in changed.items()}}))

    assert {"headcount/scout", "standup/experiments", "focus/lead", "shares/explorer"} <= active()
    assert not {"risk/scout", "standup/seconds", "model/lead", "shares/lead", "reviews/lead·scout"} & active()
    assert {"risk/scout", "reviews/lead·scout"} <= active(headcount__scout=1)
    assert "shares/scout" in active(headcount__scout=2) - active(headcount__scout=1)
    assert {name for name in active(headcount__lead=0) if "lead" in name} == {"headcount/lead"}
    assert {name for name in active(standup__unit="off") if "standup" in name} == {"standup/unit"}
    assert "standup/seconds" in active(standup__unit="s")
    writer = Space(parse(trio.text.replace("tpe", "llm")), None, 60, models=["x/a", "x/b"])
    assert "model/lead" in writer.active(writer.origin)
    assert "model/explorer" not in writer.active(writer.origin)


OF_WORDS = {"model", "persona", "memory"}  # the trio has no role that thinks in words


@pytest.mark.parametrize(
    ("fix", "only", "free"),
    [
        ((), ("links",), {"reports", "shares", "delegates", "reviews"}),
        ((), ("risk", "stand-up"), {"risk", "stand-up"}),
        (
            ("links", "roles"),
            (),
            set(PARTS) - {"reports", "shares", "delegates", "reviews", "roles", "rhythm", *OF_WORDS},
        ),
        (("shares",), ("links",), {"reports", "delegates", "reviews"}),
        ((), ("roles",), {"roles"}),
    ],
)
def test_parts_can_be_frozen_and_freed(trio: Program, library: Program, fix, only, free: set[str]) -> None:
    space = Space(trio, library, 60, groups=GROUPS, fix=fix, only=only)
    whole = Space(trio, library, 60, groups=GROUPS)
    assert {space.part_of(name) for name in space.free} == free
    assert space.distributions == whole.distributions
    for params in near_points(space, 5, 6):
        moved = {name for name, value in params.items() if value != space.origin[name]}
        assert {space.part_of(name) for name in moved} <= free
        assert set(space.active(params)) == set(whole.active(params)) & set(space.free)


def test_without_the_roles_of_a_library_nothing_of_them_is_free(trio: Program, library: Program) -> None:
    space = Space(trio, library, 60, fix=["roles"])
    assert set(space.free) == set(Space(trio, None, 60).free)


def test_parts_that_leave_nothing_are_refused(trio: Program, library: Program) -> None:
    with pytest.raises(UsageError, match=r"no part 'risks': choose among headcount, .*, or links for reports, shares"):
        Space(trio, library, 60, fix=["risks"])
    for fix, only, names in [(PARTS, (), library), (["risk"], ["risk"], library), ((), ["roles"], None)]:
        with pytest.raises(UsageError, match=r"nothing is left to change in trio.md: free other parts"):
            Space(trio, names, 60, fix=fix, only=only)
    with pytest.raises(UsageError, match="nothing is left"):
        Space(trio, library, 60, only=["model"])  # there are no two models to choose from


def test_choices_are_what_a_seed_document_names(library: Program) -> None:
    space = Space(parse(ODD["off the grid"]), library, 60, groups=GROUPS, models=["x/a"])
    choices = {name: d.choices for name, d in space.distributions.items() if hasattr(d, "choices")}
    agents = ("random", "hill-climb", "evolution", "tpe", "gp", "freeze-thaw", "replicate", "imitate")
    assert choices["agent/lead"] == (*agents, "llm")
    assert choices["agent/hand"] == agents
    assert choices["model/lead"] == ("openai/small", "x/a")
    assert choices["focus/lead"] == ("all", "model", "optimizer", "schedule", "optimizer, schedule")
    assert choices["focus/scout"] == ("all", "model", "optimizer", "schedule")
    assert choices["copy-rule/lead"] == ("best", "majority", "own", "majority of 3")
    assert choices["shares/hand"] == ("no", "full", "ring", "line", "lattice 4", "random 0.3", "lattice 6")
    standard = ("no", "→", "←", "↔", "↔ ring", "↔ line", "↔ lattice 4", "↔ random 0.3")
    assert choices["shares/lead·hand"] == (*standard, "← line + → ring")
    assert choices["shares/lead·scout"] == standard
    assert choices["delegates/lead→hand"] == ("no", "→", "← + →")
    assert choices["reviews/lead·hand"] == ("no", "→", "←", "← + →")
    assert choices["reports/hand→lead"] == (False, True)
    assert choices["standup/best"] == ("1", "2", "3", "5", "all", "4")
    assert choices["standup/attendees"] == ("everyone", "lead")
    assert space.distributions["confirm/lead"] == optuna.distributions.IntDistribution(0, 5)
    assert space.distributions["confirm/hand"] == optuna.distributions.IntDistribution(0, 3)
    assert space.distributions["headcount/scout"] == optuna.distributions.IntDistribution(0, 3)
    assert space.distributions["headcount/hand"] == optuna.distributions.IntDistribution(0, 64)
    assert space.distributions["stop-early/lead"] == optuna.distributions.FloatDistribution(0.2, 1, step=0.1)
    assert {name: space.origin[name] for name in ("risk/lead", "stop-early/lead", "stop-early/hand")} == {
        "risk/lead": 0.35,
        "stop-early/lead": 0.2,
        "stop-early/hand": 0.9,
    }
    levels = Space(load(ROOT / "orgs" / "three-levels.md"), None, 60)
    leads = "director, model-lead, training-lead"
    assert levels.distributions["standup/attendees"].choices == ("everyone", leads)  # type: ignore[attr-defined]


def test_only_roles_that_think_in_words_have_personas_and_memories_to_change(library: Program) -> None:
    seed = parse(ODD["off the grid"].replace("- **Agent:** llm\n", "- **Agent:** llm\n- **Persona:** Terse.\n"), "a.md")
    space = Space(seed, library, 60, groups=GROUPS)
    assert [name for name in space.origin if space.part_of(name) in {"persona", "memory"}] == [
        "persona/lead",
        "memory/lead",
    ]
    assert space.distributions["memory/lead"].choices == ("none", "run")  # type: ignore[attr-defined]
    off = space.program({**space.origin, "persona/lead": "off", "memory/lead": "run"})
    assert off.text == seed.text.replace("- **Persona:** Terse.\n", "").replace(
        "- **Copy rule:** majority of 3\n", "- **Copy rule:** majority of 3\n- **Memory:** run\n"
    )
    assert "memory/lead" not in space.active({**space.origin, "agent/lead": "tpe"})
    lasting = Space(parse(seed.text.replace("Terse.", "Terse.\n- **Memory:** lasting"), "b.md"), None, 60)
    assert lasting.distributions["memory/lead"].choices == ("none", "run", "lasting")  # type: ignore[attr-defined]


def test_names_and_choices_are_stable(trio: Program, library: Program) -> None:
    """A study's storage freezes them: they may change only with what the space is made of."""
    first, again = (Space(trio, library, 60, groups=GROUPS) for _ in range(2))
    assert list(first.distributions.items()) == list(again.distributions.items())
    larger = Space(parse(trio.text.replace("- **Headcount:** 2", "- **Headcount:** 1")), library, 60, groups=GROUPS)
    assert list(larger.distributions) == list(first.distributions)
    bare = Space(trio, None, 60, groups=["main"])
    assert not any(name.startswith(("focus", "model")) for name in bare.distributions)
    assert set(bare.distributions) < set(first.distributions)


def test_managers_come_first() -> None:
    """Whatever the order of a document, none of its points has a reporting cycle."""
    seed = parse("## Roles\n### C\n### B\n### A\n## Links\n- C → B: reports to\n- B → A: reports to\n")
    space = Space(seed, None, 60)
    reports = [name for name in space.distributions if name.startswith("reports")]
    assert reports == ["reports/b→a", "reports/c→a", "reports/c→b"]
    everyone = space.organization({**space.origin, **dict.fromkeys(reports, True)})
    assert list(problems(everyone)) == []


def test_the_shipped_library_is_sound(library: Program) -> None:
    assert lint(library) == []
    roles = read(library).org.roles
    assert len({role.agent for role in roles}) == len(roles) == 7
    assert isinstance(roles[0], Role)
    assert all(len(role.charter.split()) > 15 for role in roles)


def test_links_that_no_gene_covers_stay(trio: Program, library: Program) -> None:
    seed = parse(trio.text.replace("## Rhythm", "- Explorer → Explorer: reviews (ring)\n\n## Rhythm"))
    space = Space(seed, library, 60)
    own = Link(source="explorer", target="explorer", kind="reviews", pattern="ring")
    for params in random_points(space, 5):
        assert own in read(space.program(params)).org.links

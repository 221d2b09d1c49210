"""Controls: what a winner is compared with on the same hardware, and the winner without each of its parts.

All are edits of documents. A control that would be the winner itself, such as the silent agents of an organization
that has nothing to say, is left out; so is one that its document cannot take.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optuna

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.document import Program, apply, lint, load, read
from orgopt.document.editing.base import SetKey
from orgopt.document.editing.diff import same
from orgopt.document.findings import errors
from orgopt.document.grammar.arrows import format_link
from orgopt.errors import DocumentError
from orgopt.evolve.space.genome import Space
from orgopt.evolve.space.write import edits_between, write
from orgopt.org import Link, Org, Role
from orgopt.org_problems import problems
from orgopt.seeds import Stream, derive, generator
from orgopt.study.wording import HAND_MADE, MEANINGS, MORE_AGENTS
from orgopt.tasks.source import shipped

DRAWN = 8
"""How many random documents, and how many with shuffled links, take turns over the seeds."""

TO_BEAT = "gp-four"
"""The template that every winner is compared with: nothing of it was searched for."""
PLAIN = ("optuna:tpe", "optuna:tpe+median", "optuna:gp")
"""Optuna's samplers on the task itself."""
SLOWEST = "optuna:gp"
FAST_SEEDS = {"optuna:tpe": 8, "optuna:tpe+median": 8, "optuna:gp": 0}
"""The most seeds among quick controls: a run of TPE takes seconds, of GPSampler tens, and a team's a tenth of one."""
_HELPERS = {"replicate", "imitate"}  # agents that live on what others find
_ATTEMPTS = 200  # a link more or less is often a repetition, or closes a cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """Who takes part: a name, and a document's text or a plain sampler."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a winner is compared with; several entrants take turns over the seeds.

    `inherits` says whether they are changes of the winner, which begin with the lasting memory that it begins with.
    """

    name: str
    about: str
    entrants: tuple[Entrant, ...]
    inherits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutPart:
    """A winner without one of its parts.

    Attributes:
        part: The part by name: `Explorer`, `Explorer → Lead: reports to`, `Stand-up`.
        role: The id of the role that it is; empty for other parts.
        link: The link that it is, between ids; empty for other parts.
        program: The document without it.
    """

    part: str
    role: str
    link: str
    program: Program

    @property
    def entrant(self) -> str:
        """The name under which it runs."""
        return f"without {self.part}"


def controls(champion: Program, space: Space, seed: int, slots: int) -> list[Control]:
    """What a winner is to be compared with, besides the seed document.

    Args:
        champion: The winner.
        space: Where it was searched; random documents are points of it.
        seed: Decides what is drawn.
        slots: Experiments at once, which the team by hand has agents for.
    """
    headcount = read(champion).org.headcount
    crowd = _one(MORE_AGENTS, _about_crowd(champion, space.seed), space.seed, lambda org: more_agents(org, headcount))
    found = [
        replace(crowd, inherits=False),
        Control(name=HAND_MADE, about=MEANINGS[HAND_MADE], entrants=_hand_made(champion, slots), inherits=False),
        _one("one agent", MEANINGS["one agent"], champion, one_agent),
        _one("silent", MEANINGS["silent"], champion, silent),
        replace(_drawn("random", random_documents(space, seed)), inherits=False),
        _drawn("shuffled", shuffled(champion, seed)),
    ]
    found += [Control(name=name, about=MEANINGS[name], entrants=(Entrant(name=name, text=name),)) for name in PLAIN]
    return [control for control in found if control.entrants]


def control_seeds(kind: str, name: str, seeds: int) -> int:
    """On how many of a test's seeds a control is run: among `fast` ones, what is slow is run on fewer."""
    return {"none": 0, "fast": min(seeds, FAST_SEEDS.get(name, seeds))}.get(kind, seeds)


def _hand_made(champion: Program, slots: int) -> tuple[Entrant, ...]:
    """The shipped team to beat, with an agent for each slot; nobody where that is the champion's."""
    path = next(root / f"{TO_BEAT}.md" for root in shipped("orgs") if (root / f"{TO_BEAT}.md").is_file())
    team = load(path)
    (role,) = read(team).org.roles
    if role.headcount != slots:
        team = apply([SetKey(role.id, "headcount", slots)], team)
    return () if same(read(team).org, read(champion).org) else (Entrant(name=HAND_MADE, text=team.text),)


def one_agent(org: Org) -> Org:
    """One agent alone, of a role that submits; of the largest where those only live on what others find."""
    return replace(org, roles=(replace(_main_role(org), headcount=1),), links=(), standup=None)


def more_agents(org: Org, headcount: int) -> Org:
    """So many agents of its main role, who tell each other every result."""
    role = replace(_main_role(org), headcount=headcount)
    links = (Link(source=role.id, target=role.id, kind="shares with"),) if headcount > 1 else ()
    return replace(org, roles=(role,), links=links, standup=None)


def silent(org: Org) -> Org:
    """The same agents, none of whom tells another anything."""
    return replace(org, links=(), standup=None)


def random_documents(space: Space, seed: int, n: int = DRAWN) -> list[Program]:
    """Points of a search space drawn uniformly: those that have agents and no errors."""
    free = {name: space.distributions[name] for name in space.free}
    found: list[Program] = []
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=derive(Stream.RANDOM_DOCUMENTS, seed)))
    for _ in range(_ATTEMPTS):
        with suppress(DocumentError):  # an edit that this document cannot take
            program = space.program({**space.origin, **drawn.ask(free).params})
            if _sound(program):
                found.append(program)
        if len(found) == n:
            break
    return found


def shuffled(program: Program, seed: int, n: int = DRAWN) -> list[Program]:
    """A program with as many links of each kind as it has, each between other roles; reports do not go round.

    A link within a role stays within one. Links of roles without agents stay as they are. There are fewer than n
    where there are no more ways.
    """
    org = read(program).org
    rng = generator(Stream.SHUFFLED_LINKS, seed)
    found: dict[frozenset[tuple[str, str, str, bool]], Program] = {frozenset(link.key for link in org.links): program}
    for _ in range(_ATTEMPTS):
        links = tuple(_elsewhere(link, org, rng) for link in org.links)
        keys = frozenset(link.key for link in links)
        after = replace(org, links=links)
        if keys in found or len(keys) < len(links) or any(problems(after)):
            continue
        if edited := _edited(program, after):
            found[keys] = edited
        if len(found) == n + 1:
            break
    return list(found.values())[1:]


def ablations(program: Program) -> list[WithoutPart]:
    """A program without each role that has agents, each link between such roles, its stand-up, personas and memory.

    What would leave no agents, or has no effect, is left out.
    """
    org = read(program).org
    found: list[WithoutPart] = []
    for part, role, link, after in _parts(org):
        if after.headcount and (edited := _edited(program, after)):
            found.append(WithoutPart(part=part, role=role, link=link, program=edited))
    return found


def _parts(org: Org) -> Iterator[tuple[str, str, str, Org]]:
    """Each part, the role or the link that it is, and the organization without it."""
    names = {role.id: role.name for role in org.roles}
    for role in _present(org):
        yield role.name, role.id, "", _without(org, role)
    for link in {link.key: link for link in org.links if _works(link, org)}.values():
        left = tuple(one for one in org.links if one.key != link.key)
        yield format_link(link, names), "", format_link(link, {}), replace(org, links=left)
    if org.standup:
        yield "Stand-up", "", "", replace(org, standup=None)
    for part, has, off in _WORDS:
        if any(_speaks(role) and has(role) for role in org.roles):
            kept = tuple(replace(role, **off) if _speaks(role) and has(role) else role for role in org.roles)
            yield part, "", "", replace(org, roles=kept)


_WORDS: tuple[tuple[str, Callable[[Role], bool], dict[str, Any]], ...] = (
    ("Personas", lambda role: bool(role.persona), {"persona": ""}),
    ("Lasting memory", lambda role: role.memory == "lasting", {"memory": "run", "remembers": ""}),
    ("Notes", lambda role: role.memory == "run", {"memory": "none", "remembers": ""}),
)
"""What roles have that think with a language model: its name, who has it, and what they are without it."""


def _speaks(role: Role) -> bool:
    return bool(role.headcount) and role.agent == LANGUAGE_AGENT


def _without(org: Org, role: Role) -> Org:
    """An organization without a role, its links and its seat in the stand-up."""
    standup = org.standup
    if standup and role.id in standup.attendees:
        left = tuple(one for one in standup.attendees if one != role.id)
        standup = replace(standup, attendees=left) if left else None
    links = tuple(link for link in org.links if role.id not in (link.source, link.target))
    return replace(org, roles=tuple(one for one in org.roles if one.id != role.id), links=links, standup=standup)


def _works(link: Link, org: Org) -> bool:
    """Whether anything can flow over a link: it joins agents, and not one with itself."""
    source, target = (org.role(end) for end in (link.source, link.target))
    if source is None or target is None:
        return False
    return min(source.headcount, target.headcount) > (1 if source is target else 0)


def _elsewhere(link: Link, org: Org, rng: np.random.Generator) -> Link:
    """A link between other roles that have agents."""
    if not _works(link, org):
        return link
    if link.source == link.target:
        many = [role.id for role in org.roles if role.headcount > 1]
        end = many[int(rng.integers(len(many)))]
        return replace(link, source=end, target=end)
    ids = [role.id for role in _present(org)]
    source, target = rng.choice(len(ids), 2, replace=False)
    return replace(link, source=ids[source], target=ids[target])


def _main_role(org: Org) -> Role:
    """The largest role that submits, or that is there, and does not only live on what others find."""
    able = [role for role in _present(org) if role.agent not in _HELPERS] or _present(org)
    submitters = [role for role in able if role.id in org.submitters()]
    return max(submitters or able, key=lambda role: role.headcount)


def _about_crowd(champion: Program, seed: Program) -> str:
    headcount, agent = read(champion).org.headcount, _main_role(read(seed).org).agent
    return f"{headcount} × {agent}, who share everything"


def _one(name: str, about: str, champion: Program, change: Callable[[Org], Org]) -> Control:
    """A control that is one document; without entrants where that is the champion itself."""
    org = read(champion).org
    after = change(org)
    edited = None if after == org else _edited(champion, after)
    return Control(name=name, about=about, entrants=(Entrant(name=name, text=edited.text),) if edited else ())


def _drawn(name: str, programs: Sequence[Program]) -> Control:
    entrants = (Entrant(name=f"{name} {i}", text=program.text) for i, program in enumerate(programs, 1))
    return Control(name=name, about=MEANINGS[name], entrants=tuple(entrants))


def _edited(program: Program, after: Org) -> Program | None:
    """The program of another organization; None where its text cannot take the edits."""
    org = read(program).org
    for target in (after, _vacant(org, after)):
        with suppress(DocumentError):
            edited = write(edits_between(org, target), program, target)
            if _sound(edited):
                return edited
    return None


def _vacant(org: Org, after: Org) -> Org:
    """The same with roles that lose their agents where they are to go: some documents cannot be cut."""
    left = {role.id: role for role in after.roles}
    return replace(after, roles=tuple(left.get(role.id, replace(role, headcount=0)) for role in org.roles))


def _sound(program: Program) -> bool:
    return not any(errors(lint(program))) and read(program).org.headcount > 0


def _present(org: Org) -> list[Role]:
    return [role for role in org.roles if role.headcount]

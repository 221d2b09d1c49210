"""The role graph of a research organization: pure data and its view as a networkx graph.

Covers what an organization is, not how it is written (see `document`) or run (see `team`). What keeps one from running
is in `org_problems`.
"""

from dataclasses import asdict, dataclass, field, fields, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from orgopt.agent_names import COMMAND, DEFAULT_AGENT, LANGUAGE_AGENT

if TYPE_CHECKING:
    import networkx as nx

Proposes = Literal["experiments", "documents"]

LinkKind = Literal["reports to", "shares with", "delegates to", "reviews"]
LINK_KINDS: tuple[LinkKind, ...] = ("reports to", "shares with", "delegates to", "reviews")
Memory = Literal["none", "run", "lasting"]
CopyRule = Literal["best", "majority", "own", "best of 3", "majority of 3"]
StopEarly = float | Literal["off", "auto"]

MAX_HEADCOUNT = 64
MAX_CONFIRM = 5
MAX_RISK = 1.0
"""Risk tolerance begins at 0 and ends here; a search draws from all of it."""
MAX_CANDIDATES, MAX_ROUNDS, MAX_MARGIN = 1000, 100, 10.0
"""Of search documents: a generation, seeds a candidate and standard errors at which the worse are dropped."""
DEFAULT_RISK = 0.3
USUAL_GENERATION = 8
"""Candidates that a search proposes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLength:
    """How long a task takes that is larger than an experiment: what is reached first.

    Attributes:
        experiments: How many it may take; None is no limit.
        seconds: Lab seconds until its deadline; None is none.
    """

    experiments: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        count = f"{self.experiments} experiment{'s' * (self.experiments != 1)}" if self.experiments else ""
        return " or ".join(filter(None, (count, f"{self.seconds:g} s" if self.seconds else "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role of an organization.

    Attributes:
        id: The slug of its name, unique in the organization.
        name: The name as written.
        headcount: How many agents have the role, 0 to 64.
        agent: Who proposes experiments, one of `AGENT_KIND`, or `command:NAME`.
        model: LiteLLM name of the language model of an `llm` agent, empty for the workspace's; of a command, what it
            is given for `{model}`.
        persona: Text put before the charter.
        memory: Whether notes are kept: not at all, for the run, or across runs.
        remembers: What its notes are before its first run.
        focus: Names of the knob groups that the role may touch; empty is all.
        charter: The prose that tells the role what to do.
        risk: Risk tolerance, 0 to 1. It and the keys below: None takes the organization's.
        confirm: Replicates with new seeds before a result is believed, 0 to 5.
        stop_early: A run is ended when its curve is above this quantile of the curves that the agent knows, or, by
            `auto`, when it will hardly become the best.
        copy_rule: Whose configuration an agent starts from.
        task_length: How long those work on a task to whom the role delegates; None hands them settings alone.
    """

    id: str
    name: str
    headcount: int = 1
    agent: str = DEFAULT_AGENT
    model: str = ""
    persona: str = ""
    memory: Memory = "none"
    remembers: str = ""
    focus: tuple[str, ...] = ()
    charter: str = ""
    risk: float | None = None
    confirm: int | None = None
    stop_early: StopEarly | None = None
    copy_rule: CopyRule | None = None
    task_length: "TaskLength | None" = None

    @property
    def command(self) -> str:
        """The name of the command that its agents run; empty for other agents."""
        return self.agent.removeprefix(COMMAND) if self.agent.startswith(COMMAND) else ""

    @property
    def thinks(self) -> bool:
        """Whether its agents take their time to think, with a language model or a command."""
        return self.agent == LANGUAGE_AGENT or self.agent.startswith(COMMAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation between two roles, by id.

    Attributes:
        mutual: Flows both ways (written ↔).
        pattern: Who of the agents of both ends is linked: `ring`, `line`, `lattice 4` (agents a ring apart by up
            to half of 4), `random 0.2` (each pair with that chance); empty is everyone with everyone.
    """

    source: str
    target: str
    kind: LinkKind
    mutual: bool = False
    pattern: str = ""

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """What makes two links the same: a mutual link, or one of a role to itself, has no first end."""
        mutual = self.mutual or self.source == self.target
        first, second = sorted((self.source, self.target)) if mutual else (self.source, self.target)
        return (first, second, self.kind, mutual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standup:
    """A recurring meeting.

    Attributes:
        every: The interval, in `unit`.
        unit: Lab seconds, or the team's finished experiments.
        attendees: Ids of the roles that attend; empty means everyone.
        share: How many of its best results each attendee shares; None shares all.
    """

    every: float
    unit: Literal["s", "experiments"]
    attendees: tuple[str, ...] = ()
    share: int | None = None


_SEARCH = ("generation", "rounds", "drop_after", "drop_margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """A research organization: who is in it, who talks to whom, and how often they meet.

    `risk`, `confirm`, `stop_early` and `copy_rule` are for roles that have none of their own. What follows them is for
    a search, an organization whose agents propose documents: `generation` candidates at once, each run on up to
    `rounds` seeds (None is what the lab usually affords), where whoever is `drop_margin` standard errors below the best
    after `drop_after` of them gets no more.

    Example:
        >>> lead, explorer = Role(id="lead", name="Lead"), Role(id="explorer", name="Explorer", headcount=2)
        >>> org = Org(roles=(lead, explorer), links=(Link(source="explorer", target="lead", kind="reports to"),))
        >>> org.headcount, org.submitters()
        (3, ('lead',))
    """

    title: str = ""
    mission: str = ""
    roles: tuple[Role, ...] = ()
    links: tuple[Link, ...] = ()
    standup: Standup | None = None
    risk: float = DEFAULT_RISK
    confirm: int = 0
    stop_early: StopEarly = "off"
    copy_rule: CopyRule = "best"
    proposes: Proposes = "experiments"
    generation: int = USUAL_GENERATION
    rounds: int | None = None
    drop_after: int = 2
    drop_margin: float = 2.0
    _by_id: dict[str, Role] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {role.id: role for role in self.roles})

    def _repr_html_(self) -> str:
        # Drawings need the words of documents, which need this module: they are looked up when one is wanted.
        return str(import_module("orgopt.draw").svg(self))

    @property
    def searches(self) -> bool:
        """Whether it is a search: its agents propose documents."""
        return self.proposes == "documents"

    @property
    def headcount(self) -> int:
        """How many agents work in the organization."""
        return sum(role.headcount for role in self.roles)

    @property
    def links_in_use(self) -> tuple[Link, ...]:
        """The links both of whose roles have agents: others do nothing."""
        there = {role.id for role in self.roles if role.headcount}
        return tuple(link for link in self.links if link.source in there and link.target in there)

    def staffed(self) -> "Org":
        """It without the roles that have no agents, and their links."""
        there = tuple(role for role in self.roles if role.headcount)
        names = {role.id for role in there}
        standup = self.standup and replace(
            self.standup, attendees=tuple(one for one in self.standup.attendees if one in names)
        )
        return replace(self, roles=there, links=self.links_in_use, standup=standup)

    def role(self, role_id: str) -> Role | None:
        """The role of an id, or None."""
        return self._by_id.get(role_id)

    def name(self, role_id: str) -> str:
        """The name of a role as written; of an unknown id, the id."""
        role = self._by_id.get(role_id)
        return role.name if role else role_id

    def risk_of(self, role: Role) -> float:
        """The risk tolerance that a role works with."""
        return self.risk if role.risk is None else role.risk

    def confirm_of(self, role: Role) -> int:
        """The number of replicates that a role asks for."""
        return self.confirm if role.confirm is None else role.confirm

    def stop_early_of(self, role: Role) -> StopEarly:
        """The quantile at which a role ends its runs."""
        return self.stop_early if role.stop_early is None else role.stop_early

    def copy_rule_of(self, role: Role) -> CopyRule:
        """Whose configuration the agents of a role start from."""
        return self.copy_rule if role.copy_rule is None else role.copy_rule

    def __repr__(self) -> str:
        return f"Org({self.title!r}, {len(self.roles)} roles, {self.headcount} agents, {len(self.links)} links)"

    def to_dict(self) -> dict[str, Any]:
        """The organization as JSON values, by the published schema; roles with the values that they work with."""
        roles = [{one.name: self._json(role, one.name) for one in fields(Role)} for role in self.roles]
        standup = self.standup and {**asdict(self.standup), "attendees": list(self.standup.attendees)}
        return {
            "title": self.title,
            "mission": self.mission,
            "headcount": self.headcount,
            "roles": roles,
            "links": [asdict(link) for link in self.links],
            "standup": standup,
            "submitters": list(self.submitters()),
            **({"search": {key: getattr(self, key) for key in _SEARCH}} if self.searches else {}),
        }

    def _json(self, role: Role, attribute: str) -> Any:
        """What a role works with, as a JSON value: its own, or the organization's."""
        own: object = getattr(role, attribute)
        value: object = getattr(self, attribute, None) if own is None else own
        if isinstance(value, TaskLength):
            return asdict(value)
        return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value

    def graph(self) -> "nx.MultiDiGraph[str]":
        """Roles as nodes and links as edges, an edge a direction; nodes and edges carry their attributes."""
        import networkx as nx  # a quarter of the time of `orgopt lint`, which asks for no graph

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for role in self.roles:
            graph.add_node(role.id, name=role.name, headcount=role.headcount, agent=role.agent, risk=self.risk_of(role))
        for link in self.links:
            graph.add_edge(link.source, link.target, kind=link.kind)
            if link.mutual and link.source != link.target:
                graph.add_edge(link.target, link.source, kind=link.kind)
        return graph

    def reports(self) -> set[tuple[str, str]]:
        """Who reports to whom among the roles that have agents: pairs of ids."""
        staffed = {role.id for role in self.roles if role.headcount}
        pairs = ((link.source, link.target) for link in self.links if link.kind == "reports to")
        return {pair for pair in pairs if staffed.issuperset(pair)}

    def submitters(self) -> tuple[str, ...]:
        """Ids of the roles that submit the team's result.

        Somebody reports to them and they report to nobody; without reporting links, every role with agents. Those of a
        search submit nothing.
        """
        if self.searches:
            return ()
        reports = self.reports()
        below, above = {source for source, _ in reports}, {target for _, target in reports}
        staffed = tuple(role.id for role in self.roles if role.headcount)
        return tuple(one for one in staffed if one in above - below) or staffed

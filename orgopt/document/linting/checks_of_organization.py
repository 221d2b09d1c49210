"""The checks of lint on an organization, worded here; `checks_of_text` has those of text.

What each code means is in `explanations_of_organization` and `explanations_of_text`; findings of reading stand in
`document.reading`. Checks of a task's facts are made only where they are given.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orgopt.agent_names import DEFAULT_MODEL, LANGUAGE_AGENT
from orgopt.document.findings import Finding, Fix
from orgopt.document.grammar.numbers import format_risk
from orgopt.document.linting.rules import RULES
from orgopt.document.reading.reader import Reading
from orgopt.document.text.program import Program, Span
from orgopt.org import DEFAULT_RISK, Org, Role
from orgopt.org_problems import problems

_REVIEWER = re.compile(r"\b(review|verif|audit|critic|referee)", re.IGNORECASE)
_MANAGER = re.compile(r"\b(lead|leader|manager|chief|boss|head|director|coordinator)\b", re.IGNORECASE)
_RISK_WORD = re.compile(
    r"\b(?P<word>low|high|no|zero)[ -]risk(?: tolerance)?\b|"
    r"\brisk(?: tolerance)? (?:of|is|at) (?:(?P<n>[01]?\.\d+)|(?P<said>low|high)\b)|"
    r"(?P<careful>\b(?:avoid|take no) (?:all |any |big |large )?risks?\b)|"
    r"(?P<bold>(?<!never )(?<!not )(?<!n't )\btake (?:big|bold|great|large) risks\b)",
    re.IGNORECASE,
)
# In code marks any file; without them, those that are hardly ever the words of a sentence.
_FILE = re.compile(
    r"`(?P<code>[\w./-]+\.(?:py|toml|jsonl?|yaml|yml|txt|csv|sh|ipynb|cu|cpp|c|h|rs|go|npz|pt|parquet))`|"
    r"(?<![\w./:`-])(?P<name>[\w/-]+\.(?:py|toml|ipynb|cu|cpp))(?![\w/`-])"
)
_CROWD = 2  # times the agents that fill the slots; fewer are a matter of taste


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a task and a lab are like, as far as a document can contradict them.

    Attributes:
        name: Of the task.
        groups: The groups of its knobs.
        files: Names of its files.
        slots: Experiments that run at once.
        run_s, think_s: Seconds of an experiment and of a proposal; 0 when not known.
        meeting_s, meeting_per_head_s: Seconds of a stand-up.
    """

    name: str
    groups: tuple[str, ...]
    files: tuple[str, ...]
    slots: int = 1
    run_s: float = 0.0
    think_s: float = 0.0
    meeting_s: float = 0.0
    meeting_per_head_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LintedDocument:
    """What checks look at: a program, its reading, and a task's facts where they are given."""

    program: Program
    reading: Reading
    facts: Facts | None

    @property
    def org(self) -> Org:
        return self.reading.org

    def name(self, role: Role) -> Span:
        """Where a role's name stands."""
        return self.reading.roles[role.id][0].name.span

    def field(self, role: Role, key: str) -> Span:
        """Where a role's key stands, or its name."""
        spans = [f.value_span for entry in self.reading.roles[role.id] for f in entry.fields if f.key == key]
        return spans[-1] if spans else self.name(role)

    @property
    def linked(self) -> bool:
        """Whether it has a section Links, so that a link which is not there is missing; else prose may say it."""
        return "links" in self.reading.parts

    @property
    def standup(self) -> Span:
        """The line of the stand-up."""
        part = self.reading.parts.get("rhythm")
        for line in self.program.lines(part.span) if part else ():
            if "stand" in self.program.slice(line).lower() and ":" in self.program.slice(line):
                return self.program.first_line(line)
        return self.program.first_line(part.span) if part else Span(0, 0)


def finding(
    code: str, message: str, span: Span, help_: str = "", fix: Fix | None = None, *, sure: bool = True
) -> Finding:
    """A finding of a rule; an info where it is not sure that its author would want to know."""
    return Finding(code, RULES[code].severity if sure else "info", message, span, help_, fix)


def _problems(document: LintedDocument) -> Iterator[Finding]:
    """What keeps the organization from running."""
    for problem in problems(document.org):
        fix = None
        if isinstance(problem.at, int):
            place = document.reading.links[problem.at]
            span = place.span
            if problem.code == "ORG014" and place.field is None:
                fix = Fix(place.line, "", safe=False)
        else:
            part = document.reading.parts.get("roles")
            span = document.program.first_line(part.heading.span if part else Span(0, len(document.program.text)))
        yield finding(problem.code, problem.message, span, problem.help, fix)


def _not_executed(document: LintedDocument) -> Iterator[Finding]:
    if asking := [r for r in document.org.roles if r.agent == LANGUAGE_AGENT and not r.model and r.headcount]:
        who = _first_of(asking)
        s = "s" * (len(asking) == 1)
        message = f"{who} ask{s} a language model and name{s} none: the workspace has to"
        help_ = f"write '- **Model:** openai/gpt-5-mini', or set {DEFAULT_MODEL} where it runs"
        yield finding("ORG018", message, document.field(asking[0], "agent"), help_)
    for role in document.org.roles:
        if role.command and role.headcount:
            message = f"{role.name} runs the command '{role.command}', which the workspace has to declare"
            help_ = f'where it runs, orgopt.toml needs [agents.{role.command}] command = ["…"]'
            yield finding("ORG043", message, document.field(role, "agent"), help_)
        delegates = any(link.kind == "delegates to" and link.source == role.id for link in document.org.links)
        if role.task_length and not delegates:
            message = f"'task length' has no effect: {role.name} delegates to nobody"
            help_ = f"write '{role.name} → …: delegates to' below Links, or leave it out"
            yield finding("ORG007", message, document.field(role, "task_length"), help_)
        if role.model and not role.thinks:
            message = f"{role.name} has a model, and its agent '{role.agent}' uses none"
            yield finding("ORG040", message, document.field(role, "model"), "write '- **Agent:** llm'")
        words = ("persona", "memory", "remembers")
        unread = words if not role.thinks else words[1:] if role.command else words[2:] if role.memory == "none" else ()
        for key in (name for name in unread if getattr(role, name) not in {"", "none"}):
            mind = role.thinks and not role.command
            why = "the role keeps no notes" if mind else f"the agent '{role.agent}' does not read it"
            message = f"'{key}' has no effect: {why}"
            help_ = f"write '- **{'Memory:** run' if mind else 'Agent:** llm'}', or leave it out"
            yield finding("ORG007", message, document.field(role, key), help_)


def _first_of(roles: list[Role]) -> str:
    """The first of some roles, and how many others there are."""
    others = len(roles) - 1
    return roles[0].name + (f" and {others} other{'s' * (others > 1)}" if others else "")


def _unheard(document: LintedDocument) -> Iterator[Finding]:
    """Roles whose results reach nobody who submits, in an organization that has a chain of reports."""
    org = document.org
    linked = {end for pair in org.reports() for end in pair}
    if not linked:
        return
    shares = {end for link in org.links if link.kind == "shares with" for end in (link.source, link.target)}
    meets = {role.id for role in org.roles} if org.standup and not org.standup.attendees else set[str]()
    heard = shares | meets | set(org.standup.attendees if org.standup else ())
    boss = org.name(org.submitters()[0])
    alone = [role for role in org.roles if role.headcount and role.id not in linked and role.id not in heard]
    if alone:
        s = "s" * (len(alone) == 1)
        who = "it" if s else "they"
        message = f"nobody hears {_first_of(alone)}: {who} report{s} to nobody and share{s} with nobody"
        help_ = f"add '- {alone[0].name} → {boss}: reports to'"
        yield finding("ORG022", message, document.name(alone[0]), help_, sure=document.linked)


def _titles(document: LintedDocument) -> Iterator[Finding]:
    """Roles whose names promise what their links do not keep."""
    org = document.org
    reviewers = {link.source for link in org.links if link.kind == "reviews"}
    heard = {link.target for link in org.links if link.kind == "reports to"} | set(
        org.standup.attendees if org.standup else ()
    )
    heard |= {
        end for link in org.links if link.kind == "shares with" and link.mutual for end in (link.source, link.target)
    }
    heard |= {link.target for link in org.links if link.kind == "shares with"}
    lines = any(link.kind == "reports to" for link in org.links)
    everyone = org.standup is not None and not org.standup.attendees
    working = [role for role in org.roles if role.headcount and len(org.roles) > 1]
    if idle := [role for role in working if _REVIEWER.search(role.name) and role.id not in reviewers]:
        other = next(r for r in org.roles if r.id != idle[0].id)
        message = f"{_first_of(idle)} review{'s' * (len(idle) == 1)} nobody"
        help_ = f"add '- {idle[0].name} → {other.name}: reviews'"
        yield finding("ORG030", message, document.name(idle[0]), help_, sure=document.linked)
    led = {link.source for link in org.links if link.kind == "reports to"}
    for role in working:
        if lines and _MANAGER.search(role.name) and role.id not in heard | led and not everyone:
            message = f"nobody reports to {role.name}"
            help_ = f"add a link '… → {role.name}: reports to'"
            yield finding("ORG031", message, document.name(role), help_, sure=document.linked)


def _links(document: LintedDocument) -> Iterator[Finding]:
    """Links that have no effect."""
    org = document.org
    for link, place in zip(org.links, document.reading.links, strict=True):
        ends = [role for end in (link.source, link.target) if (role := org.role(end))]
        for role in (role for role in dict.fromkeys(ends) if not role.headcount):
            yield finding("ORG038", f"{role.name} has no agents, so this link does nothing", place.span)
        if link.source == link.target and ends and ends[0].headcount == 1:
            fix = Fix(place.line, "", safe=True) if place.field is None else None
            yield finding("ORG039", f"there is one {ends[0].name}: nobody to share with", place.span, "remove it", fix)


def _standup(document: LintedDocument) -> Iterator[Finding]:
    """Stand-ups that nobody needs, or that eat the time between them."""
    org, facts, standup = document.org, document.facts, document.org.standup
    if standup is None:
        return
    invited = [role for role in org.roles if not standup.attendees or role.id in standup.attendees]
    heads = sum(role.headcount for role in invited)
    noted = any(role.headcount and role.thinks for role in invited)  # who writes a report, and keeps it
    if heads < 2 and not noted:
        yield finding(
            "ORG037", f"{heads} agent{'s' * (heads != 1)} attend{'s' * (heads == 1)} the stand-up", document.standup
        )
    elif facts and facts.run_s:
        cost = facts.meeting_s + facts.meeting_per_head_s * heads
        busy = min(heads / (facts.run_s + facts.think_s), facts.slots / facts.run_s)  # experiments a second
        between = standup.every if standup.unit == "s" else standup.every / busy
        if between < 2 * cost or between * busy < 1:
            told = (
                f"{between * busy:.1f} experiments end between two stand-ups that stop {heads} agents for {cost:.2g} s"
            )
            yield finding("ORG033", told, document.standup, "meet less often")


def _risk(document: LintedDocument) -> Iterator[Finding]:
    """Texts that state another risk tolerance than the key."""
    org = document.org
    for role in org.roles:
        risk = org.risk_of(role)
        given = any(
            field.key == "risk tolerance" for entry in document.reading.roles[role.id] for field in entry.fields
        )
        for match in _RISK_WORD.finditer(role.charter):
            word, number = (match["word"] or match["said"] or "").lower(), match["n"]
            high = word == "high" or match["bold"]
            wrong = abs(float(number) - risk) > 0.005 if number else risk < 0.5 if high else risk > 0.5
            if wrong:
                said = f"the charter of {role.name} says '{match[0]}'"
                message = f"{said}, its risk tolerance is {format_risk(risk)}"
                at = document.field(role, "risk tolerance")
                yield finding("ORG034", message, at, "make them say the same", sure=given or org.risk != DEFAULT_RISK)


def _task(document: LintedDocument) -> Iterator[Finding]:
    """What the task contradicts."""
    org, facts = document.org, document.facts
    if facts is None:
        return
    for role in org.roles:
        for group in role.focus:
            if group not in facts.groups:
                message = f"the task {facts.name} has no group of knobs '{group}'"
                yield finding(
                    "ORG036", message, document.field(role, "focus"), f"its groups: {', '.join(facts.groups)}"
                )
        for match in _FILE.finditer(role.charter):
            name = match["code"] or match["name"]
            if name.split("/")[-1] not in facts.files:
                at = document.program.text.find(match[0], document.reading.roles[role.id][0].span.start)
                span = Span(at, at + len(match[0])) if at >= 0 else document.name(role)
                message = f"the task {facts.name} has no file '{name}'"
                yield finding("ORG035", message, span, f"its files: {', '.join(facts.files)}")
    if facts.run_s:
        full = facts.slots * (1 + facts.think_s / facts.run_s)
        if org.headcount > _CROWD * math.ceil(full):
            biggest = max(org.roles, key=lambda role: role.headcount)
            slots = f"{facts.slots} slot{'s' * (facts.slots != 1)}"
            message = f"{org.headcount} agents for {slots}, which about {math.ceil(full)} keep busy: the others wait"
            yield finding(
                "ORG032", message, document.field(biggest, "headcount"), "lower a headcount or give more --slots"
            )


ANY: tuple[Callable[[LintedDocument], Iterator[Finding]], ...] = (_problems,)
# Of teams; a search has checks of its own.
ALWAYS: tuple[Callable[[LintedDocument], Iterator[Finding]], ...] = (_not_executed,)
# Of a document with errors they would repeat what the errors say.
SOUND: tuple[Callable[[LintedDocument], Iterator[Finding]], ...] = (_unheard, _titles, _links, _standup, _risk, _task)

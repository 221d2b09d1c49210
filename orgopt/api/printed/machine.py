"""What is printed of the machine, of logs, servers and errors."""

from typing import Literal

from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

from orgopt.lab.doctor.probes import ProbeResult as Probe


class Bubblewrap(TypedDict):
    """The sandbox that is used."""

    path: str
    origin: str
    version: str


class Plugin(TypedDict):
    """What an installed package adds."""

    kind: str
    name: str
    package: str
    at: str
    problem: str


class Doctor(TypedDict):
    """What experiments could do on a machine, by sandbox."""

    holds: dict[str, bool]
    bubblewrap: Bubblewrap | None
    probes: dict[str, list[Probe]]
    missing: dict[str, str]
    advice: str
    plugins: list[Plugin]
    workspace: str


class Asked(TypedDict):
    """A language model that was asked for one token."""

    name: str
    problem: str
    schema: bool


class Models(TypedDict):
    """Language models, and which answer."""

    models: list[Asked]


class Node(TypedDict):
    """A node of a cluster, and whether experiments can run there."""

    name: str
    address: str
    cores: float
    gpus: float
    version: str
    problem: str
    weak: list[str]
    fit: bool


class Nodes(TypedDict):
    """The nodes of a cluster."""

    nodes: list[Node]


class Log(TypedDict):
    """A log, and what is wrong with it; empty where nothing is."""

    path: str
    lines: int
    sealed: bool
    sound: bool
    problem: str
    aside: str | None


class LogVerify(TypedDict):
    """Logs that were read to their end."""

    sound: bool
    logs: list[Log]


class Sent(TypedDict):
    """What MLflow was sent of a study, and what kept it from more."""

    study: str
    sent: int
    problem: str


class Sync(TypedDict):
    """What MLflow was sent."""

    studies: list[Sent]


class Ui(TypedDict):
    """Where a server or a page is to be seen."""

    address: str
    study: str | None
    live: str


class Guide(TypedDict):
    """The guide for agents, as Markdown."""

    text: str


class Mcp(TypedDict):
    """Where an agent finds the server, and what it may do beside reading."""

    address: str
    workspace: str
    allowed: list[str]


class ErrorText(TypedDict):
    """What went wrong, what helps, and the exit code of the command."""

    kind: Literal["document", "task", "usage", "plugin", "lab", "sandbox", "model", "store", "interrupted"]
    message: str
    remedy: str
    exit_code: int


class Error(TypedDict):
    """What commands that fail print with `--json`, as the last line of standard error."""

    error: ErrorText

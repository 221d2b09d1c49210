"""What an agent may do: which paths it may name, and what of it that writes, takes time or costs money."""

import re
from dataclasses import dataclass
from pathlib import Path

from orgopt.document import Program, load, parse, read
from orgopt.errors import UsageError
from orgopt.tasks.source import TASK_KIND, find_task, is_task, shipped

ALLOWANCES = {
    "write": "write edited documents into the workspace",
    "run": "run, compare and optimize: takes time and the hardware",
    "spend": "let language models and coding CLIs work in runs: may cost money; includes run",
}
"""What `--allow` may give, beside reading."""
_NAME = re.compile(r"\w[\w.-]*")
_DOCUMENTS = (".md", ".markdown", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Permissions:
    """What an agent may do in a workspace.

    Attributes:
        workspace: The folder that it may read.
        roots: The real folders that its paths must lie in.
        allowed: Of `ALLOWANCES`.
    """

    workspace: Path
    roots: tuple[Path, ...]
    allowed: frozenset[str] = frozenset()

    @staticmethod
    def of(workspace: Path, allowed: frozenset[str] = frozenset()) -> "Permissions":
        """The permissions over a workspace as it is now: a link of its mlruns that leads elsewhere is its owner's."""
        real = workspace.resolve()
        given = allowed | {"run"} if "spend" in allowed else allowed
        return Permissions(real, tuple(dict.fromkeys((real, (real / "mlruns").resolve()))), given)

    def require(self, what: str) -> None:
        """Refuse what is not allowed.

        Raises:
            UsageError: It says what the server has to be started with.
        """
        if what not in self.allowed:
            raise UsageError(
                f"not allowed: {ALLOWANCES[what]}; a person can start the server with `orgopt mcp --allow {what}`"
            )

    def path(self, given: str) -> Path:
        """A path inside of the workspace, links followed.

        Raises:
            UsageError: It is none, or leads elsewhere.
        """
        if not given or "\0" in given or given.startswith("~"):
            raise UsageError(f"{given!r} is no path: write one from the workspace, such as program.md")
        try:
            found = (self.workspace / given).resolve()
        except (OSError, RuntimeError, ValueError):  # too long, or links that go round
            raise UsageError(f"{given[:80]!r} is no path that can be followed") from None
        if not self._holds(found):
            raise UsageError(f"{given!r} leads out of the workspace: name a path inside of it")
        return found

    def document(self, given: str) -> Program:
        """A document by its path, or one of a study, `champion@STUDY`.

        Raises:
            UsageError: It leads out of the workspace, or there is no such study.
            DocumentError: It cannot be read.
        """
        from orgopt.api.documents import document_of_study

        if "@" in given and not (self.workspace / given).exists():
            name, _, study = given.partition("@")
            self.name(study)
            return parse(document_of_study(f"{self.name(name)}@{study}", self.workspace), given)
        path = self.path(given)
        if path.is_file() and path.suffix.lower() not in _DOCUMENTS:
            raise UsageError(f"{given!r} is no document: those end with {', '.join(_DOCUMENTS)}")
        return load(path)

    def name(self, given: str) -> str:
        """A name of a study, a contest, a run or a candidate, whose folder is inside of the workspace.

        Raises:
            UsageError: It is no name, or its folder is a link that leads elsewhere.
        """
        if not _NAME.fullmatch(given):
            raise UsageError(f"{given[:80]!r} is no name: orgopt://results lists those that there are")
        for place in ("studies", "contests", "runs"):
            if not self._holds((self.workspace / "mlruns" / place / given).resolve()):
                raise UsageError(f"{given} leads out of the workspace")
        return given

    def task(self, given: str) -> str:
        """A task by its name, or by the path of its folder inside of the workspace.

        Raises:
            UsageError: There is none, or it leads elsewhere.
        """
        if not _NAME.fullmatch(given):
            if not is_task(self.path(given)):
                raise UsageError(f"no task {given!r}: list_tasks has the names of all")
            return str(self.path(given))
        folder = find_task(given, self.workspace).resolve()
        own = [root.resolve() for root in shipped("fitness")]
        if given in TASK_KIND.names or self._holds(folder) or any(folder.is_relative_to(root) for root in own):
            return given if not (self.workspace / given).exists() else str(folder)
        raise UsageError(f"the task {given} leads out of the workspace")

    def require_free(self, program: Program) -> None:
        """Refuse a document whose agents may cost money, where that is not allowed.

        Raises:
            UsageError: It names the roles.
        """
        paid = [role.name for role in read(program).org.roles if role.thinks]
        if paid and "spend" not in self.allowed:
            raise UsageError(
                f"{', '.join(paid)} think with a language model or a command, which may cost money: give agents='tpe' "
                "to let a policy stand in, or have the server started with `orgopt mcp --allow spend`"
            )

    def _holds(self, path: Path) -> bool:
        return any(path.is_relative_to(root) for root in self.roots)

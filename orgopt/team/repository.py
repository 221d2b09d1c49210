"""The experiments of a run as a git repository, so that the work of a night can be read with git.

A projection of the ledger, in a bare repository: each experiment is a commit whose parent is the one it starts from.
The branch `kept` is what the team submitted; each experiment is `refs/kept/N` or `refs/discarded/N`.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

from orgopt.ledger import BASELINE, Event
from orgopt.tasks.task import Task
from orgopt.team.scripts import Scripts

_EPOCH = 946_684_800  # lab time counts from the year 2000, so that a run that is repeated has the same commits
_LIMIT_S = 20
_AUTHOR = ("orgopt", "orgopt@localhost")
_MAX_NOTE = 2_000


class Repository:
    """Takes the events of a run; `problem` says why it stopped doing so, once it has.

    Args:
        folder: The repository's, made when the run starts.
        task: Whose script is kept.
    """

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder, self.task = folder, task
        self.problem = ""
        self._scripts = Scripts(task)
        self._defaults = task.complete({})
        self._proposals: dict[int, dict[str, Any]] = {}
        self._commits: dict[int, str] = {}
        self._kept: list[int] = []  # submissions, the latest last

    def take(self, event: Event) -> None:
        """Note an event; a fault of git ends the notes and not the run."""
        if self.problem:
            return
        try:
            self._take(event)
        except (OSError, subprocess.SubprocessError) as error:
            told = error.stderr if isinstance(error, subprocess.CalledProcessError) else b""
            self.problem = (told.decode(errors="replace") or str(error)).strip().split("\n")[-1][:200]

    def _take(self, event: Event) -> None:
        data = event.data
        if event.kind == "start":
            self._git(
                "init", "--quiet", "--bare", "--initial-branch=kept", "--template=", str(self.folder), inside=False
            )
            self._commit(BASELINE, event.t, None, "baseline", "")
            self._ref("refs/heads/kept", self._commits[BASELINE])
        elif event.kind == "proposal":
            self._scripts.put(data["id"], {**self._defaults, **data["knobs"]}, data.get("script"))
            self._proposals[data["id"]] = data
        elif event.kind == "outcome":
            self._outcome(event)
        elif event.kind == "submission":
            self._kept.append(data["id"])
            self._keep(data["id"])

    def _outcome(self, event: Event) -> None:
        data, proposal = event.data, self._proposals[event.data["id"]]
        sign = -1.0 if self.task.metric.startswith("-") else 1.0
        name = self.task.metric.removeprefix("-")
        value = f"{name} {sign * data['metric']:.6g}" if data["metric"] is not None else data["status"]
        head = f"experiment {data['id']} of {data['agent']}: {value}"
        body = "\n\n".join(text for text in (str(proposal["note"])[:_MAX_NOTE], data["error"]) if text)
        self._commit(data["id"], event.t, self._commits.get(proposal["parent"]), head, body)
        self._ref(f"refs/discarded/{data['id']}", self._commits[data["id"]])
        if data["id"] in self._kept:
            self._keep(data["id"])

    def _keep(self, experiment: int) -> None:
        """Note what was submitted; where another agent's run of the same ended first, once it ends itself."""
        commit = self._commits.get(experiment)
        if commit is None:
            return
        if experiment != BASELINE:
            self._git("update-ref", "-d", f"refs/discarded/{experiment}")
            self._ref(f"refs/kept/{experiment}", commit)
        if experiment == self._kept[-1]:
            self._ref("refs/heads/kept", commit)

    def _commit(self, experiment: int, t: float, parent: str | None, head: str, body: str) -> None:
        blob = self._git("hash-object", "-w", "--stdin", given=self._scripts[experiment])
        tree = self._git("mktree", given=f"100644 blob {blob}\t{self.task.script}\n")
        parents = ("-p", parent) if parent else ()
        self._commits[experiment] = self._git(
            "commit-tree", tree, *parents, given=f"{head}\n\n{body}".strip() + "\n", date=f"@{_EPOCH + int(t)} +0000"
        )

    def _ref(self, name: str, commit: str) -> None:
        self._git("update-ref", name, commit)

    def _git(self, *words: str, given: str = "", date: str = "", inside: bool = True) -> str:
        """Run git with neither the user's settings nor hooks."""
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", "LC_ALL": "C"}
        env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": _AUTHOR[0], f"GIT_{who}_EMAIL": _AUTHOR[1]}
            env |= {f"GIT_{who}_DATE": date} if date else {}
        where = ("--git-dir", str(self.folder), "-c", f"core.hooksPath={os.devnull}") if inside else ()
        done = subprocess.run(
            ("git", *where, *words), input=given.encode(), env=env, capture_output=True, check=True, timeout=_LIMIT_S
        )
        return done.stdout.decode().strip()

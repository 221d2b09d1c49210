"""The tools that take time or cost money: jobs that run, compare and optimize, polled and cancelled."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
from mcp.server.mcpserver import Context

from orgopt.api.inputs import PROMPTS, program_of, seconds
from orgopt.errors import UsageError
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX
from orgopt.evolve.trials.optuna_baseline import PLAIN_KINDS
from orgopt.mcp_server.jobs import Job, Jobs
from orgopt.mcp_server.marked import data
from orgopt.mcp_server.permissions import Permissions
from orgopt.study.default_seeds import GENERATIONS, POPULATION, SLOTS

MOST_WAIT_S = 60.0
_POLL_S = 0.5
Tool = Callable[..., Any]


class JobTools:
    """The tools that begin jobs, and those that look after them."""

    def __init__(self, may: Permissions, jobs: Jobs) -> None:
        self.may, self.jobs = may, jobs

    @property
    def tools(self) -> list[Tool]:
        """The tools."""
        return [self.run, self.compare, self.optimize, self.job, self.list_jobs, self.cancel]

    def run(
        self,
        document: str,
        task: str,
        budget: str,
        lab: str = "replay",
        seed: int = 0,
        slots: int = SLOTS,
        agents: str = "",
    ) -> dict[str, Any]:
        """Begin a run of one organization on a task: a job, whose result has the score. Needs `--allow run`.

        Args:
            document: A path from the workspace.
            task: Its name, from list_tasks.
            budget: Hardware time, such as 30s or 10m; in replay virtual, so that it takes a second or two.
            lab: replay, or local for real training.
            seed: Decides every random choice.
            slots: Experiments at once.
            agents: A policy such as tpe that stands in for agents that think with a model.
        """
        where = self._where([document], [task], budget, lab, seed, slots, agents)
        return data(self.jobs.start(["run", *where, "--json"]).to_dict())

    def compare(
        self,
        documents: list[str],
        task: str,
        budget: str,
        lab: str = "replay",
        seeds: int | None = None,
        seed: int = 0,
        slots: int = SLOTS,
        agents: str = "",
    ) -> dict[str, Any]:
        """Begin a contest of documents on the same hardware: a job, whose result says which is better. Needs run.

        Args:
            documents: Paths from the workspace, or plain Optuna: optuna:tpe, optuna:gp, optuna:random.
            task: Its name.
            budget: Hardware time of each run.
            lab: replay or local.
            seeds: Runs of each; None is 24 in replay and 5 in real training.
            seed: Decides every random choice.
            slots: Experiments at once.
            agents: A policy that stands in for agents that think with a model.
        """
        where = self._where(documents, [task], budget, lab, seed, slots, agents)
        return data(self.jobs.start(["compare", *where, *([f"--seeds={seeds}"] if seeds else []), "--json"]).to_dict())

    def optimize(
        self,
        document: str,
        task: str,
        budget: str,
        lab: str = "replay",
        generations: int = GENERATIONS,
        population: int = POPULATION,
        max_hours: float | None = None,
        name: str = "",
        seed: int = 0,
        slots: int = SLOTS,
        agents: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Begin a study, or go on with it: a job that searches for a better document. Needs `--allow run`.

        Args:
            document: A path from the workspace.
            task: Its name.
            budget: Hardware time of each run.
            lab: replay or local.
            generations: Batches of candidates.
            population: Candidates a batch.
            max_hours: Stop after so many hours; the same call goes on.
            name: Of the study; empty names it after its settings.
            seed: Decides every random choice.
            slots: Experiments at once.
            agents: A policy that stands in for agents that think with a model.
            dry_run: Only say what it would cost; needs no permission.
        """
        where = self._where([document], [task], budget, lab, seed, slots, agents, dry=dry_run)
        size = [f"--generations={generations}", f"--population={population}"]
        size += [f"--max-hours={max_hours}"] if max_hours is not None else []
        size += [f"--name={self.may.name(name)}"] if name else []
        size += ["--dry-run"] if dry_run else []
        return data(self.jobs.start(["optimize", *where, *size, "--json"]).to_dict())

    async def job(self, number: int, wait_s: float = 0, context: Context | None = None) -> dict[str, Any]:
        """How a job stands: its state, its last lines of progress, and once it has ended its result or its error.

        Args:
            number: The job's.
            wait_s: Wait for its end for at most so many seconds, up to 60; progress is reported meanwhile.
            context: Given by the server.
        """
        one = self.jobs.get(number)
        with anyio.move_on_after(max(0.0, min(wait_s, MOST_WAIT_S))):
            while one.state == "running":
                if context:
                    await context.report_progress(_seconds(one), None, _last(one))
                await anyio.sleep(_POLL_S)
        return data(one.to_dict())

    def list_jobs(self) -> dict[str, Any]:
        """All jobs that this server began, with their states."""
        keys = ("job", "command", "state", "seconds")
        return data({"jobs": [{key: one.to_dict()[key] for key in keys} for one in self.jobs.all.values()]})

    def cancel(self, number: int) -> dict[str, Any]:
        """Stop a job, as Ctrl-C does: what it measured is kept, and the same call goes on.

        Args:
            number: The job's.
        """
        return data(self.jobs.cancel(number).to_dict())

    def _where(
        self,
        documents: Sequence[str],
        tasks: Sequence[str],
        budget: str,
        lab: str,
        seed: int,
        slots: int,
        agents: str,
        *,
        dry: bool = False,
    ) -> list[str]:
        """The words that all three commands have, checked: no text of an agent becomes an option."""
        if not dry:
            self.may.require("run")
        if lab not in {"replay", "local"}:
            raise UsageError(f"no lab {lab!r} here: replay or local")
        places = [self._entrant(one, agents) for one in documents]
        named = [f"--task={self.may.task(one)}" for one in tasks]
        terms = [f"--budget={seconds(budget)}", f"--lab={lab}", f"--seed={seed}", f"--slots={slots}"]
        if "spend" not in self.may.allowed:
            terms.append("--max-usd=0")
        return [*places, *named, *terms, *([f"--agents={agents}"] if agents else [])]

    def _entrant(self, given: str, agents: str) -> str:
        if given.startswith(PLAIN_PREFIX) and given in PLAIN_KINDS:
            return given
        if given.startswith(PROMPTS):
            raise UsageError("prompts of MLflow are for people: name a file")
        path = self.may.path(given)
        self.may.document(given)  # its kind of file
        self.may.require_free(program_of(path, agents=agents or None))
        return str(path)


def _seconds(one: Job) -> float:
    return float(one.to_dict()["seconds"])


def _last(one: Job) -> str:
    lines = one.to_dict()["progress"]
    return lines[-1] if lines else ""

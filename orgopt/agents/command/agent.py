"""Command agents: a role is a coding CLI of the user's, which edits a script in a git repository and commits.

What it may run and see is declared in `orgopt.toml` (`toml_agents`), how it is started is
`lab.sandbox.inside.start_cli`, how it is held `lab.sandbox.command.run`, and what its commits become is decided in
`commits`. A thought is one call; its record repeats it without another.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orgopt.agents.base import Purpose, Thought
from orgopt.agents.command.call_record import record_of, secrets_in, thought_of
from orgopt.agents.command.commits import CommandFailure, script_name
from orgopt.agents.command.prompt_file import files_of, name_of, prompt_of, report_of
from orgopt.agents.command.task_file import TASK_FILE, files_left
from orgopt.agents.command.toml_agents import CommandSettings
from orgopt.agents.knowledge import Known
from orgopt.agents.thinking import prompt as words
from orgopt.agents.thinking import results
from orgopt.agents.thinking.answers import Answer, key_of
from orgopt.agents.thinking.mind import Books, Mind
from orgopt.agents.thinking.script_edits import MAX_SCRIPT
from orgopt.agents.thinking.situation import Seat, Situation
from orgopt.agents.thinking.spend import Amount, OverBudgetError, Within
from orgopt.agents.toml_models import LanguageSettings
from orgopt.errors import StoreError, UsageError
from orgopt.lab.sandbox import choice, files
from orgopt.lab.sandbox.command import run as lab
from orgopt.lab.sandbox.command.reach import Reach
from orgopt.org import Role

if TYPE_CHECKING:
    from orgopt.agents.llm.model import Absent, Model

_STOP_LIMIT_S = 8.0
_NOT_ITS_OWN = {CommandFailure.NOT_STARTED, CommandFailure.OVER_BUDGET, CommandFailure.STOPPED, CommandFailure.LOST}


def check(role: Role, settings: CommandSettings, environ: Mapping[str, str]) -> None:
    """Check that a role's command could be run, before anything costs time or money.

    Raises:
        UsageError: It is not there, or lacks a variable or a model; says what to write.
        SandboxError: There is no bubblewrap here.
    """
    where = f"[agents.{settings.name}] of orgopt.toml"
    missing = [name for name in settings.passes if name not in environ]
    if missing:
        raise UsageError(f"{where} passes on {missing[0]}, which is not set: set it, or take it out of env")
    if settings.uses("model") and not (role.model or settings.relay):
        raise UsageError(f"{where} has {{model}}, and {role.name} names none: write '- **Model:** …' in the document")
    try:
        lab.find(settings.command[0], _reach(settings))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


class CommandAgent(Mind):
    """An agent that runs a command for each thought.

    Args:
        seat: Its place in the team.
        books: What is written down of its thoughts.
        settings: What the workspace declares.
        model: Whom the relay asks; None where there is none.
        environ: Where the variables are that the command gets.
        clock: Seconds by which the agent is charged for a call.
    """

    own_failures = frozenset(CommandFailure) - _NOT_ITS_OWN

    def __init__(
        self,
        seat: Seat,
        books: Books,
        settings: LanguageSettings,
        model: "Model | Absent | None" = None,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(seat, books)
        self._settings, self._model, self._environ, self._clock = settings, model, environ, clock
        self._halted, self._runs = threading.Event(), threading.Lock()

    def brief(self, purpose: Purpose, now: Situation) -> Mapping[str, str]:
        """What it is to be told; of a report, what it says: a stand-up does not run the command."""
        if purpose != "propose":
            return {"report": report_of(now)}
        start = now.view.starts[0].settings
        found = {
            "mission": words.mission(now),
            "settings": words.knob_table(now.view.knobs, start, now.view.free),
            "known": words.known(now),
            "running": results.running(now),
            "last": results.last(now),
            "failed": "\n".join(words.clean(problem) for problem in now.failed),
            "inbox": words.inbox(now),
            "left": words.left(now),
        }
        return {name: text for name, text in found.items() if text}

    def about(self, now: Situation) -> Mapping[str, Any]:
        return {
            "command": self.seat.role.command,
            "sandbox": choice.chosen().value,
            "instructions": words.charge(now),
            "mission": words.mission(now),
        }

    def stop(self) -> None:
        """End the command that runs, for good."""
        self._halted.set()
        if self._runs.acquire(timeout=_STOP_LIMIT_S):
            self._runs.release()

    def answer(
        self, purpose: Purpose, now: Situation, told: Mapping[str, str], *, recorded_only: bool = False
    ) -> Thought:
        """Run the command, or repeat what came of it.

        Raises:
            StoreError: There is no recorded answer, and only one would do.
            SandboxError: The sandbox does not hold on this machine.
        """
        if purpose != "propose":
            return Thought(text=told["report"])
        start = now.view.starts[0]
        asker = f"{self.seat.name}/{purpose}"
        request = {**told, "instructions": words.charge(now), "script": words.source_of(now, start)}
        key = key_of(asker, self.seat.role.agent, request)
        answer = self.books.answers.take(key)
        while answer and answer.failure == CommandFailure.STOPPED and not recorded_only:
            answer = self.books.answers.take(key)  # it was cut, and is done anew
        if answer is None:
            if recorded_only:
                raise StoreError(f"answers.jsonl lacks an answer to {asker} that the ledger tells of")
            with self._runs:
                answer = self._ask(now, start, told, key)
                self.books.answers.put(key, answer)
                return thought_of(now, start, answer)
        return thought_of(now, start, answer)

    def _ask(self, now: Situation, start: Known, told: Mapping[str, str], key: str) -> Answer:
        """Run the command; what it cost is booked."""
        if self._settings.relays(self.seat.role):
            return self._ask_relayed(now, start, told, key)
        settings = self._settings.command(self.seat.role)
        check(self.seat.role, settings, self._environ)  # a run that goes on did not
        secrets = secrets_in(settings, self._environ)
        most, cost = Amount(0, settings.usd_per_call or 0.0), Amount()
        try:
            taken = self.books.spend.reserve(self.seat.role.id, most)
        except OverBudgetError as error:
            return Answer(text="", failure=CommandFailure.OVER_BUDGET, error=str(error))
        began, unsure = self._clock(), False
        try:
            done = self._perform(self._job(now, start, told, settings))
            cost, unsure = most, done.ended == "stopped"
        finally:
            self.books.spend.settle(taken, cost, unsure=unsure)
        return Answer(
            text=json.dumps(record_of(done, secrets), ensure_ascii=False),
            usd=cost.usd,
            seconds=round(self._clock() - began, 4),
            failure=CommandFailure.STOPPED if unsure else "",
        )

    def _ask_relayed(self, now: Situation, start: Known, told: Mapping[str, str], key: str) -> Answer:
        """Run a command that asks orgopt for a model, where each question is booked."""
        from orgopt.agents.command.relay.calls import Relayed

        settings, role = self._settings.command(self.seat.role), self.seat.role
        check(role, settings, self._environ)
        if self._model is None:
            raise UsageError(f"{role.name} asks a language model, and none was opened")
        account = Within(self.books.spend, max_usd=settings.usd_per_call, max_tokens=settings.tokens_per_call)
        began = self._clock()
        with Relayed(self._model, self.books.answers, account, role=role.id, thought=key) as relay:
            done = self._perform(replace(self._job(now, start, told, settings), relay=relay.line))
        used, stopped = relay.used, done.ended == "stopped"
        secrets = [*secrets_in(settings, self._environ), relay.line.key]
        asked: dict[str, Any] = {"asked": used.calls, "unanswered": relay.failed, "cut": relay.cut}
        seconds = round(self._clock() - began, 4)
        given = self._model.settings
        if given.nominal(virtual=now.work.virtual):
            # By its questions alone: what else a command does is short, and takes as long as the machine is busy.
            asked["wall_s"] = seconds
            seconds = round(given.nominal_s(used.input_tokens, used.output_tokens, answers=used.calls), 4)
        return Answer(
            text=json.dumps({**record_of(done, secrets), **asked}, ensure_ascii=False),
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            usd=round(used.usd, 8),
            seconds=seconds,
            failure=CommandFailure.STOPPED if stopped else "",
        )

    def _perform(self, job: lab.CommandJob) -> lab.Done:
        return lab.Done(ended="stopped") if self._halted.is_set() else lab.perform(job, self._halted)

    def _job(self, now: Situation, start: Known, told: Mapping[str, str], settings: CommandSettings) -> lab.CommandJob:
        prompt = prompt_of(now, start, told, settings)
        script = script_name(now.work.task)
        states = [("baseline", now.work.script[0])]
        held = now.view.assignment
        left = files_left(held, now.memory) if held else {}
        own = {TASK_FILE: left.pop(TASK_FILE)} if held else {}
        path = list(held.trail if held else ())
        path += [start] if not path or path[-1].id != start.id else []
        states += [(name_of(now, one), words.source_of(now, one)) for one in path if one.id]
        return lab.CommandJob(
            command=settings.command,
            words={"prompt": prompt, "script": script, "model": self.seat.role.model or self._settings.default},
            prompt=prompt,
            on_stdin=not (settings.uses("prompt") or settings.uses("prompt_file")),
            script=script,
            states=states,
            files={**files_of(now), **own},
            task_file=TASK_FILE if held else "",
            left=left,
            env={name: self._environ[name] for name in settings.passes if name in self._environ},
            sets=settings.sets,
            reach=_reach(settings),
            hidden=tuple(files.hidden(now.work.task, needed=False)),
            timeout_s=settings.timeout_s,
            output_bytes=settings.max_output_kb * 1024,
            script_bytes=MAX_SCRIPT,
            most_commits=settings.max_experiments,
            memory_gb=settings.memory_gb,
            disk_gb=settings.disk_gb,
        )


def _reach(settings: CommandSettings) -> Reach:
    return Reach(read=settings.read, write=settings.write, network=settings.network)

"""How a call of a command is recorded, without secrets, and what came of it, told from its record alone."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from orgopt.agents.base import Thought
from orgopt.agents.command.commits import failure_of, judged
from orgopt.agents.command.task_file import finished, notes_of, ticked
from orgopt.agents.command.toml_agents import CommandSettings
from orgopt.agents.knowledge import Known
from orgopt.agents.thinking import prompt as words
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.decide import MAX_WORDS
from orgopt.agents.thinking.redact import LEAST, leaks, redact, secrets_of
from orgopt.agents.thinking.situation import Situation
from orgopt.lab.sandbox.command import run as lab
from orgopt.lab.sandbox.inside.repository import UNCOMMITTED


def secrets_in(settings: CommandSettings, environ: Mapping[str, str]) -> list[str]:
    """What must not leave the environment: secrets by their names, and all that the command gets."""
    given = [environ.get(name, "") for name in settings.passes]
    return [*secrets_of(environ), *(value for value in given if len(value) >= LEAST)]


def record_of(done: lab.Done, secrets: list[str]) -> dict[str, Any]:
    """How a command ended, as it is recorded."""
    commits = [
        {
            "subject": redact(commit.subject, secrets),
            "others": [redact(name, secrets) for name in commit.others],
            "script": None if (leaking := _leaks(commit.script, secrets)) else commit.script,
            "leaks": leaking,
        }
        for commit in done.commits
    ]
    texts = {name: redact(getattr(done, name), secrets) for name in ("output", "error", "task_file")}
    left = {name: redact(text, secrets) for name, text in done.left.items() if not leaks(name, secrets)}
    return {**asdict(done), **texts, "commits": commits, "left": left}


def _leaks(script: str | None, secrets: list[str]) -> bool:
    return script is not None and leaks(script, secrets)


def thought_of(now: Situation, start: Known, answer: Answer) -> Thought:
    """What came of a call, from its record."""
    if not answer.text:
        return Thought(failure=answer.failure, error=answer.error, seconds=answer.seconds, usd=answer.usd)
    done: dict[str, Any] = json.loads(answer.text)
    last = words.clean((done["output"].strip().splitlines() or [""])[-1], MAX_WORDS)
    for commit in done["commits"]:
        if commit["subject"] == UNCOMMITTED and last:
            commit["subject"] = f"{UNCOMMITTED}: {last}"
    found = judged(now, start, done["commits"])
    held = now.view.assignment
    done["task_file"] = done.get("task_file") or done.get("kept", "")  # `kept` in answers before 2026-12-01
    if held and ticked(done["task_file"]):
        found = finished(found)
    proposals = [one.proposal for one in found if one.proposal and not answer.failure]
    why = (answer.failure, answer.error) if answer.failure else done.get("unanswered") or failure_of(done, found, last)
    failure, error = ("", "") if proposals else why
    if failure and (cut := done.get("cut")):
        error += f" (the model's last answer was cut at {cut} tokens: max_tokens of the model in orgopt.toml)"
    said = [[one.subject, str(one.refusal or ("" if one.proposal else "it changes nothing"))] for one in found]
    return Thought(
        proposal=proposals[0] if proposals else None,
        more=tuple(proposals[1:]),
        seconds=answer.seconds,
        calls=done.get("asked", 1),
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        usd=answer.usd,
        failure=failure,
        error=error[:300],
        said=done["output"],
        memory=notes_of(held, done) if held else None,
        facts={"ended": done["ended"], "exit_code": done["exit_code"], "commits": said, "unread": done["more"]}
        | {name: done[name] for name in ("wall_s",) if name in done}
        | ({"printed": done["output"]} if answer.failure else {}),
    )

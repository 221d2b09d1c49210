"""A mind: what every agent that thinks in words has, whatever it thinks with."""

import math
from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

from orgopt.agents.base import Agent, Look, Purpose, Thinking, Thought, View
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.thinking.memories import Memories
from orgopt.agents.thinking.results import worthwhile
from orgopt.agents.thinking.situation import Allowance, Seat, Situation
from orgopt.agents.thinking.spend import Spend

_FAILURES = 2  # that its next thought is told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is written down of the thoughts of a run.

    Attributes:
        answers: The record of what was answered.
        spend: The book of what calls cost.
        allowance: What agents may still use, as they are told.
        memories: What roles remember from run to run.
    """

    answers: Answers
    spend: Spend
    allowance: Allowance
    memories: Memories


class Mind(Agent):
    """An agent that is told what it knows in words, hears others, and keeps notes.

    Args:
        seat: Its place in the team.
        books: What is written down of its thoughts.
    """

    own_failures: Collection[str] = (Failure.INVALID,)
    """Failures that an agent can do something about: it is told of them when it thinks again."""

    def __init__(self, seat: Seat, books: Books) -> None:
        self.seat, self.books = seat, books
        self._inbox: list[str] = []
        self._notes = books.memories.read(seat.role) or seat.role.remembers
        self._failed: list[str] = []

    @abstractmethod
    def brief(self, purpose: Purpose, now: Situation) -> Mapping[str, str]:
        """What it is to be told."""

    @abstractmethod
    def answer(
        self, purpose: Purpose, now: Situation, told: Mapping[str, str], *, recorded_only: bool = False
    ) -> Thought:
        """Think until there is an answer; runs in a thread, while what the agent knows changes.

        Args:
            purpose: What the answer is for.
            now: What the agent knew when it began.
            told: What `brief` gave then.
            recorded_only: Whether only recorded answers will do.

        Raises:
            StoreError: There is no recorded answer, and only one would do.
        """

    @abstractmethod
    def about(self, now: Situation) -> Mapping[str, Any]:
        """What it is told once and for all, and what it thinks with, for the ledger."""

    def patience_s(self, purpose: Purpose, now: Situation) -> float:  # noqa: ARG002  for who overrides it
        """Seconds on the wall after which a thought is of no use."""
        return math.inf

    @final
    def think(self, view: View) -> Thinking:
        thinking = self._begin("propose", view)
        self._inbox.clear()
        return thinking

    @final
    def report(self, look: Look) -> Thinking | None:
        return self._begin("report", look())

    @final
    def remember(self, look: Look) -> Thinking | None:
        role = self.seat.role  # a command keeps files of its own
        return None if role.command or not self.books.memories.kept(role) else self._begin("remember", look())

    @final
    def take(self, purpose: Purpose, thought: Thought) -> None:
        self.books.allowance.take(thought)
        if thought.memory is not None:
            self._notes = thought.memory
        if purpose == "propose":
            self._failed = [*self._failed, thought.error][-_FAILURES:] if thought.failure in self.own_failures else []
        if purpose == "remember" and not thought.failure:
            self.books.memories.write(self.seat.role, thought.text)

    @final
    def hear(self, text: str) -> None:
        self._inbox.append(text)

    @final
    def describe(self, look: Look) -> Mapping[str, Any]:
        return self.about(self._situation(look()))

    def _begin(self, purpose: Purpose, view: View) -> Thinking:
        # What it is told is put together now: what it knows changes while it thinks.
        now = self._situation(view)
        told, reasoning = self.brief(purpose, now), partial(self.answer, purpose, now)
        return Thinking(told=told, reasoning=reasoning, patience_s=self.patience_s(purpose, now))

    def _situation(self, view: View) -> Situation:
        left = self.books.allowance.left(view.left_s)
        view, inbox, failed = replace(view, starts=worthwhile(view)), tuple(self._inbox), tuple(self._failed)
        return Situation(seat=self.seat, view=view, inbox=inbox, left=left, memory=self._notes, failed=failed)

"""What every Agent must do: inherit `AgentContract` and give `make_agent`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from orgopt.agents.base import Policy, Proposal, View
from orgopt.agents.knowledge import Known
from orgopt.tasks.task import Knob, Task
from orgopt.testing.toy_task import ToyWorld, toy_task

_STEPS = 30


class AgentContract:
    """Runs an agent on the toy task: its proposals are legal, its own, and follow from the seed."""

    def make_agent(self) -> Policy:
        """A new agent."""
        raise NotImplementedError

    def propose(self, agent: Policy, view: View) -> Proposal:
        """What an agent asks for when it sees a view."""
        return agent.act(view)

    def test_it_inherits_what_orgopt_asks_for(self) -> None:
        assert isinstance(self.make_agent(), Policy), "inherit orgopt.agents.Policy"

    @pytest.fixture
    def toy(self) -> Task:
        return toy_task()

    @pytest.mark.parametrize("risk", [0.0, 0.5, 1.0])
    def test_every_proposal_can_be_run(self, toy: Task, risk: float) -> None:
        for proposal in self._work(toy, risk, seed=3):
            assert toy.complete(proposal.settings) == dict(proposal.settings), "every knob has a value in its range"
            assert "\n" not in proposal.note

    def test_a_proposal_comes_from_a_result_that_the_agent_knows(self, toy: Task) -> None:
        for number, proposal in enumerate(self._work(toy, 0.3, seed=3)):
            assert proposal.parent in range(number + 1)

    def test_the_same_seed_proposes_the_same(self, toy: Task) -> None:
        assert list(self._work(toy, 0.5, seed=3)) == list(self._work(toy, 0.5, seed=3))

    def test_knobs_of_others_are_left_alone(self, toy: Task) -> None:
        free = [knob for knob in toy.knobs if knob.group == "point"]
        kept = [knob.name for knob in toy.knobs if knob not in free]
        for proposal in self._work(toy, 0.5, seed=3, free=free):
            assert {proposal.settings[name] for name in kept} <= {toy.complete({})[name] for name in kept}

    def test_what_the_agent_sees_stays_as_it_is(self, toy: Task) -> None:
        agent, known = self.make_agent(), [_known(toy, 0)]
        view = View.of(toy.knobs, known, 0.5, np.random.default_rng(0))
        self.propose(agent, view)
        assert view.knowledge.all == known == [_known(toy, 0)]
        assert list(view.starts) == known

    def test_failures_are_no_end(self, toy: Task) -> None:
        known = [_known(toy, 0), *(Known(id=at, settings=toy.complete({}), metric=None) for at in range(1, 4))]
        view = View.of(toy.knobs, known, 0.5, np.random.default_rng(0))
        assert toy.complete(self.propose(self.make_agent(), view).settings)

    def _work(self, task: Task, risk: float, *, seed: int, free: Sequence[Knob] = ()) -> list[Proposal]:
        """The proposals of an agent that works alone; every seventh experiment fails."""
        agent, rng, known = self.make_agent(), np.random.default_rng(seed), [_known(task, 0)]
        proposals: list[Proposal] = []
        for number in range(1, _STEPS + 1):
            view = View.of(task.knobs, known, risk, rng)
            proposal = self.propose(agent, replace(view, free=free) if free else view)
            proposals.append(proposal)
            metric = None if number % 7 == 0 else ToyWorld().truth(proposal.settings)
            known.append(Known(id=number, settings=proposal.settings, metric=metric))
        return proposals


def _known(task: Task, number: int) -> Known:
    settings = task.complete({})
    return Known(id=number, settings=settings, metric=ToyWorld().truth(settings))

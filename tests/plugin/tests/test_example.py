"""Each part keeps its contract, and does what is its own."""

from pathlib import Path

import numpy as np
import pytest
from orgopt_example.agent import OneByOne
from orgopt_example.exporter import Subagents
from orgopt_example.lab import Audited
from orgopt_example.rewriter import Trim
from orgopt_example.sampler import JointTpe
from orgopt_example.study_exporter import Csv
from orgopt_example.task import Valley

from orgopt.agents.base import Known, View
from orgopt.evolve.proposers.rewrite.base import Workshop
from orgopt.lab.base import Lab
from orgopt.lab.worlds.world import CalledWorld
from orgopt.tasks.task import Task
from orgopt.testing import (
    AgentContract,
    ExporterContract,
    LabContract,
    RewriterContract,
    SamplerContract,
    StudyExporterContract,
    TaskContract,
)
from orgopt.testing.toy_task import ToyWorld


class TestAgent(AgentContract):
    def make_agent(self) -> OneByOne:
        return OneByOne()

    def test_it_turns_one_knob(self, toy: Task) -> None:
        start = Known(id=0, settings=toy.complete({}), metric=0.5)
        proposal = OneByOne().act(View.of(toy.knobs, [start], 0.5, np.random.default_rng(0)))
        assert sum(proposal.settings[name] != value for name, value in start.settings.items()) <= 1


class TestLab(LabContract):
    @pytest.fixture(autouse=True)
    def in_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Audited, "path", tmp_path / "audit.txt")

    def make_lab(self, task: Task, slots: int) -> Lab:
        return Audited(task, CalledWorld(task, ToyWorld()), slots)


class TestSampler(SamplerContract):
    def make_sampler(self) -> JointTpe:
        return JointTpe()


class TestRewriter(RewriterContract):
    def make_rewriter(self, shop: Workshop) -> Trim:
        return Trim(shop)


class TestTask(TaskContract):
    def make_source(self) -> Valley:
        return Valley()


class TestExporter(ExporterContract):
    def make_exporter(self) -> Subagents:
        return Subagents()


class TestStudyExporter(StudyExporterContract):
    def make_exporter(self) -> Csv:
        return Csv()

    def target(self, folder: Path) -> str:
        return str(folder / "study.csv")

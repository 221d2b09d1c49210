"""What orgopt has itself keeps the contracts that packages are tested by."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orgopt.agent_names import POLICIES
from orgopt.agents import Policy, make_agent
from orgopt.evolve.proposers.base import Sampler
from orgopt.evolve.proposers.optuna_samplers import find_sampler
from orgopt.evolve.proposers.rewrite.base import Rewriter, Workshop
from orgopt.exporting import EXPORTER_KIND, find_exporter, find_study_exporter
from orgopt.exporting.base import Exporter, StudyExporter
from orgopt.study.config import SAMPLER_KIND
from orgopt.tasks import suite
from orgopt.tasks.source import TaskSource, find_tasks
from orgopt.testing import (
    AgentContract,
    ExporterContract,
    RewriterContract,
    SamplerContract,
    StudyExporterContract,
    TaskContract,
)
from tests.conftest import ROOT
from tests.fakes.llm_server import MODEL, LlmServer, fields
from tests.test_minds import settings

if TYPE_CHECKING:
    from orgopt.evolve.proposers.rewrite.ask import Asker


@pytest.mark.parametrize("name", POLICIES)
class TestAgents(AgentContract):
    @pytest.fixture(autouse=True)
    def named(self, name: str) -> None:
        self.name = name

    def make_agent(self) -> Policy:
        return make_agent(self.name)


@pytest.mark.parametrize("name", SAMPLER_KIND.own)
class TestSamplers(SamplerContract):
    @pytest.fixture(autouse=True)
    def named(self, name: str) -> None:
        self.name = name

    def make_sampler(self) -> Sampler:
        return find_sampler(self.name)


@pytest.mark.parametrize("name", EXPORTER_KIND.own)
class TestExporters(ExporterContract):
    @pytest.fixture(autouse=True)
    def named(self, name: str) -> None:
        self.name = name

    def make_exporter(self) -> Exporter:
        return find_exporter(self.name)


class TestOptunaStorage(StudyExporterContract):
    def make_exporter(self) -> StudyExporter:
        return find_study_exporter("optuna")

    def target(self, folder: Path) -> str:
        return f"sqlite:///{folder}/study.db"


class Shipped:
    def __init__(self, name: str) -> None:
        self.name = name

    def folder(self) -> Path:
        return find_tasks(ROOT)[self.name]


@pytest.mark.parametrize("name", ["kernel", *suite.TASKS])
class TestTasks(TaskContract):
    @pytest.fixture(autouse=True)
    def named(self, name: str) -> None:
        self.name = name

    def make_source(self) -> TaskSource:
        return Shipped(self.name)


class TestReflect(RewriterContract):
    @pytest.fixture(autouse=True)
    def served(self) -> Iterator[None]:
        change = {"place": "headcount/explorer", "to": 3, "reason": "slots stand idle"}
        with LlmServer(lambda _: fields(thinking="More hands.", changes=[change])) as self.server:
            yield

    def asker(self, folder: Path) -> "Asker":
        from orgopt.evolve.proposers.rewrite.ask import Asker

        return Asker(MODEL, settings(self.server), answers=folder / "rewrites.jsonl", account=folder / "spend.jsonl")

    def make_rewriter(self, shop: Workshop) -> Rewriter:
        from orgopt.evolve.proposers.rewrite.reflect import Reflect

        return Reflect(shop)

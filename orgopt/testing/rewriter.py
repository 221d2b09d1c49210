"""What every Rewriter must do: inherit `RewriterContract` and give `make_rewriter`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orgopt.document import Program, lint
from orgopt.document.reading.reader import errors
from orgopt.errors import UsageError
from orgopt.evolve.proposers.rewrite.base import Brief, Rewriter, Workshop
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.genome import Space
from orgopt.evolve.trials.runs import Wanted
from orgopt.study.config import StudyConfig
from orgopt.study.folder import SEARCH
from orgopt.study.standing import standings
from orgopt.testing.documents import trio
from orgopt.testing.study import CONFIG, opened

if TYPE_CHECKING:
    from orgopt.evolve.proposers.rewrite.ask import Asker

OUTCOMES = {"proposed", "refused", "unchanged", "failed"}


class RewriterContract:
    """Asks a rewriter for a change of the seed document of a small study, whose runs are done."""

    def make_rewriter(self, shop: Workshop) -> Rewriter:
        """The rewriter of a study."""
        raise NotImplementedError

    def program(self) -> Program:
        """The seed document: one of which the rewriter can propose a change."""
        return trio()

    def config(self) -> StudyConfig:
        """The settings of the study."""
        return CONFIG

    def asker(self, folder: Path) -> "Asker":
        """The language model, for a rewriter that asks one.

        Args:
            folder: The study's, where its answers are kept.
        """
        raise UsageError(f"no language model is named for {folder.name}")

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[Workshop]:
        config, program = self.config(), self.program()
        with opened(tmp_path / "study", program, config) as runs:
            yield Workshop(
                config=config,
                space=Space(program, None, config.budget_s),
                runs=runs,
                tasks=list(runs.arena.tasks),
                asker=lambda: self.asker(runs.log.folder),
            )

    @pytest.fixture
    def brief(self, shop: Workshop) -> Brief:
        seed = Proposer(shop.space, shop.config).first()
        seeds = range(shop.config.search_seeds)
        for k in seeds:
            shop.runs.do(SEARCH, [Wanted(seed.name, seed.program.text, k)], shop.tasks)
        told, _ = standings({seed.name: shop.runs.outputs(SEARCH, seed.name, shop.tasks, seeds).mean(axis=1)})
        return Brief(name="g01-c03", index=3, generation=1, parent=seed, known=[seed], told=told)

    def test_it_proposes_another_document_that_can_be_run(self, shop: Workshop, brief: Brief) -> None:
        rewriter = self.make_rewriter(shop)
        found = rewriter.rewrite(brief)
        rewriter.close()
        assert found.outcome == "proposed", found.reason
        assert found.point is not None
        assert found.point.program.text != brief.parent.program.text
        assert not any(errors(lint(found.point.program)))
        again = Proposer(shop.space, shop.config).made(brief.parent, found.point.params, found.point.texts)
        assert again.text == found.point.program.text, "its parameters and texts make that document"

    def test_the_same_brief_has_the_same_answer(self, shop: Workshop, brief: Brief) -> None:
        points: list[object] = []
        for _ in range(2):
            rewriter = self.make_rewriter(shop)
            found = rewriter.rewrite(brief)
            rewriter.close()
            points.append(found.point and found.point.program.text)
        assert points[0] == points[1]

    def test_a_document_that_is_there_already_is_not_proposed_twice(self, shop: Workshop, brief: Brief) -> None:
        rewriter = self.make_rewriter(shop)
        point = rewriter.rewrite(brief).point
        assert point
        known = Proposer(shop.space, shop.config)
        known.first()
        twin = known.adopt(3, 1, brief.parent, "twin", point.params, point.texts)
        found = rewriter.rewrite(replace(brief, name="g01-c04", index=4, known=[*brief.known, twin]))
        rewriter.close()
        assert found.outcome in OUTCOMES
        assert found.point is None or found.point.program.text not in {brief.parent.program.text, twin.program.text}

    def test_closing_twice_is_harmless(self, shop: Workshop) -> None:
        rewriter = self.make_rewriter(shop)
        rewriter.close()
        rewriter.close()

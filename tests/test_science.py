"""The organizations of the literature do what the papers say: `docs/explanation/validation.md`, in a small."""

from contextlib import closing

import numpy as np
import pytest

from orgopt.document import parse, require_org
from orgopt.lab import make_lab
from orgopt.ledger import Ledger
from orgopt.org import Org
from orgopt.team import links
from orgopt.team.runtime import Team
from tests.bench import science
from tests.bench.science import Model
from tests.conftest import ROOT

SMALL = Model({"n": 15, "k": 7}, (), (40,), 1.0)
AGENTS = 30


def organization(name: str, agents: int = 100) -> Org:
    text = (ROOT / "orgs" / "science" / f"{name}.md").read_text()
    return require_org(parse(text.replace("Headcount:** 50", f"Headcount:** {agents // 2}")))


def run(org: Org, landscape: int, rounds: int) -> Ledger:
    task, ledger = SMALL.task(landscape), Ledger()
    with closing(make_lab(task, "replay", science.SLOTS)) as lab:
        Team(org, task, lab, seed=landscape, ledger=ledger).run(rounds + 1.5)
    return ledger


@pytest.mark.slow
def test_the_full_network_leads_and_the_line_wins() -> None:
    (rounds,) = SMALL.rounds

    def curve(name: str) -> np.ndarray:
        org = organization(name, AGENTS)
        return np.mean([science.means(run(org, i, rounds), AGENTS, rounds) for i in range(5)], axis=0)

    line, full = curve("lazer-line"), curve("lazer-full")
    assert line[0] == full[0], "they start from the same random solutions"
    assert all(full[1:9] > line[1:9])
    assert line[-1] > full[-1] + 0.05


@pytest.mark.parametrize("name", ["lazer-line", "lazer-lattice", "lazer-full"])
def test_every_proposal_is_what_the_published_agent_would_do(name: str) -> None:
    org, rounds = organization(name, AGENTS), 12
    ledger = run(org, 3, rounds)
    network = links.network(org, 3)
    metrics = {event.data["id"]: event.data["metric"] for event in ledger.of("outcome")}
    by_round: dict[int, list[dict]] = {}
    for event in ledger.of("proposal"):
        by_round.setdefault(int(event.t), []).append(event.data)
    best: dict[str, tuple[float, frozenset[str]]] = {}
    copies = 0
    for t in range(rounds):
        assert len(by_round[t]) == AGENTS
        after = dict(best)
        for data in by_round[t]:
            agent, ones = data["agent"], frozenset(data["knobs"])
            if t:
                seen = min(best[source] for source in network.sources(agent))
                copying = seen[0] < best[agent][0]
                copies += copying
                assert ones == seen[1] if copying else len(ones ^ best[agent][1]) == 1
            tried = (metrics[data["id"]], ones)
            after[agent] = min(best.get(agent, tried), tried, key=lambda one: one[0])
        best = after
    assert copies > AGENTS


def test_the_documents_describe_the_published_networks() -> None:
    def network(name: str) -> list[set[int]]:
        rows = science.neighbours(organization(name), 0)
        row_of = [at // 2 + 50 * (at % 2) for at in range(100)]  # odd and even alternate
        place = {agent: at for at, agent in enumerate(row_of)}
        return [{place[other] for other in rows[agent]} - {at} for at, agent in enumerate(row_of)]

    def published(rows: np.ndarray) -> list[set[int]]:
        return [set(row.tolist()) - {at} for at, row in enumerate(rows)]

    assert network("lazer-line") == published(science.reference.line())
    assert network("lazer-lattice") == published(science.reference.lattice(4))
    for name in ("lazer-full", "barkoczi-full-best", "barkoczi-full-conformity"):
        assert network(name) == published(science.reference.full())


@pytest.mark.parametrize("rule", ["best", "conformity"])
def test_the_clustered_network_is_five_circles_in_a_ring(rule: str) -> None:
    rows = science.neighbours(organization(f"barkoczi-clustered-{rule}"), 0)
    circle = np.arange(100) // 20
    across = sorted(
        (circle[at], circle[other]) for at, row in enumerate(rows) for other in row if circle[at] != circle[other]
    )
    assert rows.shape == (100, 19)
    assert across == sorted(pair for c in range(5) for pair in ((c, (c + 1) % 5), ((c + 1) % 5, c)))

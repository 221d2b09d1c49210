"""The role graph: its views and its checks."""

import networkx as nx
import pytest

from orgopt.basics.slug import slug
from orgopt.org import Link, LinkKind, Org, Role, Standup
from orgopt.org_problems import problems


def org(*names: str, links: tuple[tuple[str, str, LinkKind], ...] = (), **headcounts: int) -> Org:
    roles = tuple(Role(id=name, name=name.title(), headcount=headcounts.get(name, 1)) for name in names)
    return Org(roles=roles, links=tuple(Link(source=a, target=b, kind=kind) for a, b, kind in links))


def test_ids_are_ascii() -> None:
    assert slug("Chief Scientist (II)") == "chief-scientist-ii"
    assert slug("Späher") == "spaher"
    assert slug("❄") == ""


def test_the_graph_carries_roles_and_links() -> None:
    graph = org("a", "b", links=(("a", "b", "reports to"), ("a", "b", "shares with")), b=3).graph()
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.nodes["b"] == {"name": "B", "headcount": 3, "agent": "hill-climb", "risk": 0.3}
    assert sorted(data["kind"] for _, _, data in graph.edges(data=True)) == ["reports to", "shares with"]


@pytest.mark.parametrize(
    ("links", "empty", "submitters"),
    [
        ((), {}, ("a", "b", "c")),
        ((("b", "a", "reports to"), ("c", "a", "reports to")), {}, ("a",)),
        ((("b", "a", "reports to"), ("c", "b", "reports to")), {}, ("a",)),
        ((("b", "a", "reports to"),), {}, ("a",)),
        ((("b", "a", "reports to"), ("c", "b", "reports to")), {"a": 0}, ("b",)),
        ((("b", "a", "reports to"),), {"a": 0}, ("b", "c")),
    ],
)
def test_the_roots_of_reporting_submit(links, empty, submitters) -> None:
    assert org("a", "b", "c", links=links, **empty).submitters() == submitters


def test_who_is_left_out_has_no_links_in_use() -> None:
    roles = (Role(id="lead", name="Lead"), Role(id="hand", name="Hand"), Role(id="spare", name="Spare", headcount=0))
    ends = [("hand", "lead"), ("spare", "lead"), ("lead", "spare")]
    links = tuple(Link(source=one, target=other, kind="shares with") for one, other in ends)
    org = Org(roles=roles, links=links, standup=Standup(every=9, unit="s", attendees=("lead", "spare")))
    staffed = org.staffed()
    assert org.links_in_use == links[:1] == staffed.links
    assert [role.id for role in staffed.roles] == ["lead", "hand"]
    assert staffed.standup == Standup(every=9, unit="s", attendees=("lead",))
    assert Org(roles=roles, links=links).staffed().standup is None


def test_problems_name_what_is_wrong() -> None:
    links = (("a", "b", "reports to"), ("b", "c", "reports to"), ("c", "a", "reports to"), ("a", "x", "shares with"))
    found = {problem.code: problem for problem in problems(org("a", "b", "c", links=links))}
    assert found["ORG014"].message == "reporting cycle C → A → B → C"
    assert found["ORG014"].at == 2
    assert found["ORG015"].message == "link to unknown role 'x'"
    assert [problem.code for problem in problems(org("a", a=0))] == ["ORG020"]
    assert list(problems(org("a", "b", links=(("a", "b", "reports to"),)))) == []

"""Documents in the forms of other tools: files that those tools read, and that say what the document says."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from orgopt.agent_names import POLICIES
from orgopt.cli import main
from orgopt.document import load, parse, read, require_org
from orgopt.exporting import EXPORTER_KIND, find_exporter
from orgopt.exporting.base import Lack, PartialExporter
from orgopt.exporting.names import plain_name, plain_names
from orgopt.exporting.own import OWN
from orgopt.exporting.wording import POLICY_WORDS
from orgopt.exporting.yaml_text import block, one_line, scalar
from orgopt.org import Link, Org, Role, Standup
from orgopt.testing.study import small_study
from tests.conftest import ROOT

SHIPPED = sorted(path for path in (ROOT / "orgs").rglob("*.md") if path.parent.name != "search")
NAMES = [
    "Lead",
    "探索员",
    "リーダー",
    "../../etc/passwd",
    "a/b\\c",
    "..",
    "con",
    "lead ",
    "Späher",
    "x" * 300,
    "| [a](b) `c`",
    "no",
]
PERSONAL = "Speaks: \"plainly\" & 'briefly'\twith # marks"
PART = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9_-]*(\.(md|mmd|svg|yaml))?")


def odd() -> Org:
    """Names, texts and links that no tool expects, all at once."""
    roles = [
        Role(
            id=name, name=name, charter=f"# {name}\n\n\t- do: {{topic}}\n  yes\x07\x85 \u2028 {name}", persona=PERSONAL
        )
        for name in NAMES
    ]
    links = [Link(source=one, target=NAMES[0], kind="reports to") for one in NAMES[1:]]
    links += [
        Link(source=NAMES[0], target=NAMES[1], kind="reports to"),
        Link(source="gone", target="..", kind="reviews"),
    ]
    standup = Standup(every=600, unit="s", attendees=tuple(NAMES[:2]), share=2)
    return Org(
        title="../" + "长" * 200,
        mission="Find: it.\n\nThen {rest}.",
        roles=tuple(roles),
        links=tuple(links),
        standup=standup,
    )


def shipped(name: str) -> Org:
    return require_org(load(ROOT / "orgs" / f"{name}.md"))


def thinkers() -> Org:
    """A team of language agents that has a bit of everything."""
    lead = Role(
        id="chief", name="Chief", agent="llm", model="anthropic/claude-opus-4-5", charter="Decide.", persona="Calm."
    )
    digger = Role(
        id="old-digger",
        name="Old Digger",
        headcount=3,
        agent="llm",
        model="openai/gpt-5-mini",
        memory="lasting",
        risk=0.7,
    )
    links = (
        Link(source="old-digger", target="chief", kind="reports to"),
        Link(source="chief", target="old-digger", kind="delegates to"),
        Link(source="old-digger", target="old-digger", kind="shares with", mutual=True, pattern="ring"),
    )
    standup = Standup(every=8, unit="experiments", attendees=("chief",))
    return Org(title="Dig", mission="Find it.", roles=(lead, digger), links=links, standup=standup)


def export(form: str, org: Org) -> Mapping[str, str]:
    return find_exporter(form).export(org)


def front(text: str) -> dict[str, Any]:
    return yaml.safe_load(text.split("---\n")[1])


def written(folder: Path, form: str, org: Org) -> Path:
    for name, text in export(form, org).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_the_names_that_are_refused_and_offered_are_those_that_there_are() -> None:
    assert tuple(OWN) == EXPORTER_KIND.own
    assert set(POLICY_WORDS) == set(POLICIES)


@pytest.mark.parametrize("form", EXPORTER_KIND.own)
def test_names_of_files_are_safe_and_no_two_the_same(form: str) -> None:
    for org in [odd(), *map(require_org, map(load, SHIPPED))]:
        files = export(form, org)
        assert len({name.lower() for name in files}) == len(files)
        for name, text in files.items():
            assert all(PART.fullmatch(part) and len(part) < 60 for part in name.split("/")), name
            assert text.encode()


def test_a_plain_name_is_the_id_where_that_will_do_and_stays_when_roles_around_it_change() -> None:
    assert plain_name("chief-scientist") == "chief-scientist"
    names = plain_names(odd())
    assert len({*names.values()}) == len(names) == len(NAMES)
    assert names["探索员"] == plain_name("探索员") != plain_name("リーダー")
    assert names["con"] != "con"
    org = Org(roles=(Role(id="a", name="A"), Role(id="A", name="A"), Role(id="a-2", name="A 2")))
    assert len({*plain_names(org).values()}) == 3


@pytest.mark.parametrize("org", [odd(), thinkers(), shipped("three-levels")], ids=["odd", "thinkers", "shipped"])
def test_sub_agents_of_claude_have_a_head_that_says_when_to_call_them(org: Org) -> None:
    files = export("claude-agents", org)
    assert len(files) == len(org.roles)
    for role, (path, text) in zip(org.roles, files.items(), strict=True):
        head = front(text)
        assert path == f".claude/agents/{head['name']}.md"
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", head["name"])
        assert set(head) <= {"name", "description", "model"}
        assert one_line(role.name) in head["description"]
        assert "\n" not in head["description"]


def test_sub_agents_of_claude_know_whom_they_report_to_and_who_leads_when_to_meet() -> None:
    files = export("claude-agents", thinkers())
    digger, chief = files[".claude/agents/old-digger.md"], files[".claude/agents/chief.md"]
    assert "- **Reports to:** chief\n" in digger
    assert "- **Headcount:** 3\n" in digger
    assert "3 agents have this role. Reports to chief." in front(digger)["description"]
    assert "Stand-up every 8 experiments: Chief tells all results." in front(chief)["description"]
    assert "Stand-up" not in front(digger)["description"]
    assert front(chief)["model"] == "claude-opus-4-5"
    assert "model" not in front(digger)
    lack = OWN["claude-agents"].lack(thinkers())  # type: ignore[attr-defined]
    known = ("headcount of Old Digger (3)", "personas", "memory", "risk tolerance", "links", "the stand-up")
    assert lack.as_text == known  # and not that they are `llm`, as all of Claude's
    assert lack.left_out == ("the mission", "patterns of links (ring)", "the model of Old Digger (openai/gpt-5-mini)")


@pytest.mark.parametrize(
    "org", [odd(), thinkers(), shipped("explore-then-exploit")], ids=["odd", "thinkers", "shipped"]
)
def test_a_crew_has_agents_and_tasks_in_an_order_that_can_be_worked_through(org: Org) -> None:
    files = export("crewai", org)
    agents, tasks = yaml.safe_load(files["config/agents.yaml"]), yaml.safe_load(files["config/tasks.yaml"])
    assert len(agents) == len(tasks) == len(org.roles)
    for (key, agent), role in zip(agents.items(), org.roles, strict=True):
        assert key.isidentifier()
        assert agent["role"] == agent["name"] == one_line(role.name)
        assert all(isinstance(agent[text], str) and agent[text] for text in ("role", "goal", "backstory"))
        assert isinstance(agent["allow_delegation"], bool)
        assert agent.get("llm", "") == role.model
        assert one_line(role.charter.replace("\x07", "")) in (one_line(agent["goal"]), "")
    done: list[str] = []
    for key, task in tasks.items():
        assert set(task) <= {"description", "expected_output", "agent", "context"}
        assert task["agent"] in agents
        assert set(task.get("context", [])) <= set(done)
        done.append(key)


def test_a_crew_hands_results_upward_and_only_who_leads_delegates() -> None:
    files = export("crewai", thinkers())
    agents, tasks = yaml.safe_load(files["config/agents.yaml"]), yaml.safe_load(files["config/tasks.yaml"])
    assert tasks["chief_task"]["context"] == ["old_digger_task"]
    assert "context" not in tasks["old_digger_task"]
    assert agents["chief"]["allow_delegation"] is True
    assert agents["old_digger"]["allow_delegation"] is False
    assert agents["old_digger"]["llm"] == "openai/gpt-5-mini"
    assert agents["old_digger"]["reports_to"] == "chief"
    assert agents["old_digger"]["headcount"] == "3"
    assert "Calm." in agents["chief"]["backstory"]
    assert "Find it." in tasks["chief_task"]["description"]
    assert "memory" not in agents["old_digger"]  # of CrewAI's agents it means something else
    said = OWN["crewai"].lack(odd())  # type: ignore[attr-defined]
    assert "words in braces, which have to be inputs of the crew ({topic})" in said.as_text
    assert "the mission after its first paragraph" in said.left_out


def test_names_that_a_file_cannot_have_are_said_to_stand_in_its_text() -> None:
    org = Org(roles=(Role(id="探索员", name="探索员"), Role(id="lead", name="Lead")))
    lack = OWN["claude-agents"].lack(org)  # type: ignore[attr-defined]
    assert [said for said in lack.as_text if said.startswith("the name")] == [
        f"the name 探索员 ({plain_name('探索员')})"
    ]
    assert "探索员" in OWN["claude-agents"].export(org)[f".claude/agents/{plain_name('探索员')}.md"]


@pytest.mark.parametrize("org", [odd(), thinkers(), shipped("trio")], ids=["odd", "thinkers", "shipped"])
def test_a_squad_has_a_charter_for_each_member(org: Org) -> None:
    files = dict(export("squad", org))
    rows = [re.split(r" (?<!\\)\| ", row) for row in files[".squad/team.md"].splitlines() if "charter.md`" in row]
    charters = [re.search(r"`(.+)`", row[2])[1] for row in rows]  # type: ignore[index]
    assert charters == [name for name in files if name.endswith("charter.md")]
    assert len(charters) == len(org.roles)
    for role, charter in zip(org.roles, charters, strict=True):
        assert f"## Model\n\n- **Preferred:** {role.model or 'auto'}\n" in files[charter]
        assert "## Identity\n\n- **Name:** " in files[charter]
    assert (".squad/ceremonies.md" in files) == (org.standup is not None)


def test_a_squad_holds_its_stand_up_as_a_ceremony(tmp_path: Path) -> None:
    ceremonies = export("squad", thinkers())[".squad/ceremonies.md"]
    assert "| **Condition** | every 8 experiments |" in ceremonies
    assert "| **Participants** | Chief |" in ceremonies
    assert ".squad/ceremonies.md" not in export("squad", shipped("solo"))
    trio = shipped("trio")
    got = require_org(load(written(tmp_path, "squad", trio) / ".squad/team.md"))
    assert (got.standup, {role.id for role in got.roles}) == (trio.standup, {role.id for role in trio.roles})


def test_a_workspace_of_openclaw_has_its_files_and_rests_where_nothing_is_to_do() -> None:
    files = export("openclaw", thinkers())
    for folder, name in (("chief", "Chief"), ("old-digger", "Old Digger")):
        assert f"- **Name:** {name}\n" in files[f"{folder}/IDENTITY.md"]
        assert {f"{folder}/{file}.md" for file in ("SOUL", "AGENTS", "HEARTBEAT")} < set(files)
    assert "Calm." in files["chief/SOUL.md"]
    assert "- Stand-up every 8 experiments" in files["chief/HEARTBEAT.md"]
    assert all(line.startswith("#") for line in files["old-digger/HEARTBEAT.md"].splitlines())
    assert "[Old Digger](old-digger/AGENTS.md)" in files["TEAM.md"]


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    ("form", "at"), [("agents-md", "AGENTS.md"), ("claude-agents", ".claude/agents"), ("openclaw", "")]
)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_exported_is_read_as_the_same_organization(form: str, at: str, path: Path, tmp_path: Path) -> None:
    org = require_org(load(path))
    got = require_org(load(written(tmp_path, form, org) / at))
    assert {role.id for role in got.roles} == {role.id for role in org.roles}
    for role in org.roles:
        same = got.role(role.id)
        assert same
        for name in ("headcount", "agent", "charter", "focus"):
            assert getattr(same, name) == getattr(role, name)
        for of in (Org.risk_of, Org.confirm_of, Org.stop_early_of, Org.copy_rule_of):
            assert of(got, same) == of(org, role)
    assert {link.key for link in got.links} == {link.key for link in org.links}
    if form != "claude-agents":
        assert {(*link.key, link.pattern) for link in got.links} == {(*link.key, link.pattern) for link in org.links}
        assert (got.title, got.mission, got.standup) == (org.title, org.mission, org.standup)


def test_agents_md_can_be_exported_again_and_stays_the_same(tmp_path: Path) -> None:
    first = export("agents-md", thinkers())["AGENTS.md"]
    again = require_org(load(written(tmp_path, "agents-md", thinkers()) / "AGENTS.md"))
    assert again == thinkers()
    assert export("agents-md", again)["AGENTS.md"] == first
    assert "hands every result" in first
    assert "try anything" not in first
    assert "try anything" in export("agents-md", shipped("explore-then-exploit"))["AGENTS.md"]


def test_a_charter_that_ends_in_a_fence_or_has_a_title_in_it_keeps_to_itself(tmp_path: Path) -> None:
    texts = [
        "## How\n\n```python\nx = 1",
        "~~~~\n~~~",
        "Well.\n\n<!-- draft",
        "### Small\n\n# Great\n\nText.",
        "````\n```\nx\n```",
    ]
    roles = tuple(Role(id=f"r{i}", name=f"R{i}", charter=text, persona="One.\n\n# Two") for i, text in enumerate(texts))
    org = Org(
        title="T", mission="See:\n\n```\nmap", roles=roles, links=(Link(source="r1", target="r0", kind="reviews"),)
    )
    for form, at in (("agents-md", "AGENTS.md"), ("openclaw", "")):
        got = read(load(written(tmp_path / form, form, org) / at)).org
        assert [role.name for role in got.roles] == ["R0", "R1", "R2", "R3", "R4"]
        assert [link.key for link in got.links] == [link.key for link in org.links]
        assert [role.charter.replace("#", "").split()[:2] for role in got.roles] == [
            text.replace("#", "").split()[:2] for text in texts
        ]
        assert got.mission == "See:\n\n```\nmap\n```"
    for i in range(len(texts)):
        charter = export("squad", org)[f".squad/agents/r{i}/charter.md"]
        assert parse(charter).blocks[-2].title == "Model"


def test_nothing_that_a_document_says_is_lost_in_silence() -> None:
    everything = {
        "the mission",
        "charters",
        "headcount of Old Digger (3)",
        "links",
        "the stand-up",
        "memory",
        "personas",
    }
    held = {
        "agents-md": everything,
        "claude-agents": {"charters"},
        "crewai": {"charters", "the mission", "personas"},
        "mermaid": {"headcount of Old Digger (3)", "links", "the stand-up"},
        "openclaw": {"charters", "the mission", "personas", "the stand-up"},
        "squad": {"charters", "the mission", "the stand-up"},
        "svg": {"headcount of Old Digger (3)", "links", "the stand-up"},
    }
    for form, exporter in OWN.items():
        lack = exporter.lack(thinkers()) if isinstance(exporter, PartialExporter) else Lack()
        assert {*lack.as_text, *lack.left_out} & everything == everything - held[form], form


@settings(max_examples=60)
@given(st.text())
def test_any_text_is_one_value_of_yaml(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}\n") == {"key": one_line(text)}
    said = yaml.safe_load(f"key: {block(text, 2)}\nnext: 1\n")
    assert said["next"] == 1
    assert "".join(said["key"].split()) == "".join(one_line(text).split())


def test_a_person_is_told_what_a_form_has_no_place_for(tmp_path: Path) -> None:
    trio = str(ROOT / "orgs" / "trio.md")
    result = CliRunner().invoke(main, ["export", trio, "--to", "claude-agents", str(tmp_path)])
    assert result.exit_code == 0
    as_text = "headcount of Explorer (2), agents (tpe, hill-climb), risk tolerance, links, the stand-up"
    assert result.stderr.splitlines() == [
        f"claude-agents has no place for: {as_text} (they stand there as text)",
        "claude-agents has no place for: the mission (it is left out)",
    ]
    said = CliRunner().invoke(main, ["export", trio, "--to", "crewai", str(tmp_path), "--json"])
    data = json.loads(said.stdout)
    assert data["files"] == ["config/agents.yaml", "config/tasks.yaml"]
    assert "links" in data["as_text"]
    assert data["left_out"] == []
    assert CliRunner().invoke(main, ["export", trio, "--to", "agents-md", str(tmp_path)]).stderr == ""


def test_what_is_there_is_kept_unless_one_asks_and_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    trio = str(ROOT / "orgs" / "trio.md")

    def told(folder: Path, *words: str) -> str:
        result = CliRunner().invoke(main, ["export", trio, "--to", "agents-md", str(folder), *words])
        return f"{result.exit_code} {result.output}"

    mine = tmp_path / "AGENTS.md"
    mine.write_bytes(b"\xff\xfe my rules")
    assert "is there already and differs: --force replaces it" in told(tmp_path)
    assert mine.read_bytes() == b"\xff\xfe my rules"
    assert told(tmp_path, "--force").startswith("0 ")
    assert told(tmp_path).startswith("0 ")  # the same again
    (tmp_path / "taken" / "AGENTS.md").mkdir(parents=True)
    assert told(tmp_path / "taken").startswith("2 error:")
    (tmp_path / "out").mkdir()
    outside = tmp_path / "outside.md"
    (tmp_path / "out" / "AGENTS.md").symlink_to(outside)
    assert "leads outside" in told(tmp_path / "out", "--force")
    assert not outside.exists()


def test_the_champion_of_a_study_is_exported(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    view = small_study(folder)
    out = tmp_path / "out"
    words = ["export", f"champion@{folder}", "--to", "claude-agents", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    best = require_org(parse(view.best.record.program)) if view.best else Org()
    assert {path.stem for path in (out / ".claude" / "agents").iterdir()} == {
        role.id for role in best.roles if role.headcount
    }
    assert "has no nobody" in CliRunner().invoke(main, ["export", f"nobody@{folder}", "--to", "svg", str(out)]).output


def test_reading_of_exports_infers_no_team_from_the_words_around_it(tmp_path: Path) -> None:
    found = read(load(written(tmp_path, "agents-md", shipped("solo")) / "AGENTS.md")).org
    assert [role.name for role in found.roles] == [role.name for role in shipped("solo").roles]
    assert found.links == ()


@pytest.mark.sweep(4)
@pytest.mark.parametrize(("form", "at"), [("squad", ".squad/team.md"), ("crewai", "config/agents.yaml")])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_exported_holds_the_same_roles_and_links(form: str, at: str, path: Path, tmp_path: Path) -> None:
    org = require_org(load(path))
    got = require_org(load(written(tmp_path, form, org) / at))
    assert [role.name for role in got.roles] == [role.name for role in org.roles]
    for role, same in zip(org.roles, got.roles, strict=True):
        assert (same.headcount, same.agent, same.model) == (role.headcount, role.agent, role.model)
        assert " ".join(role.charter.split()) in " ".join(same.charter.split())
    assert {link.key for link in got.links} == {link.key for link in org.links}


@pytest.mark.parametrize("form", ["claude-agents", "crewai", "openclaw"])
def test_a_role_that_nobody_has_works_nowhere_else(form: str) -> None:
    text = "## Roles\n### Lead\n- **Headcount:** 1\n### Scout\n- **Headcount:** 0\n"
    org = require_org(parse(text))
    exporter = find_exporter(form)
    assert not any("scout" in f"{name}{file}".lower() for name, file in exporter.export(org).items())
    assert isinstance(exporter, PartialExporter)
    assert "Scout, whose headcount is 0" in exporter.lack(org).left_out

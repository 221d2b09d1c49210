"""What is read of a model's answer, and how answers are held to a schema where a server can."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from orgopt.agents.thinking import reading
from orgopt.agents.thinking.script_edits import InvalidAnswerError, ScriptEdit, read_edits
from orgopt.agents.toml_models import LanguageSettings
from orgopt.ledger import Ledger
from orgopt.org import Link, Org
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL, NOISE, Call, Fault, LlmServer, fields
from tests.fakes.researcher import knobs_of
from tests.test_minds import ALONE, REVIEWED, Language, Strokes, failures, serving, thoughts
from tests.test_minds import settings as plain_settings
from tests.test_words import noiseless

NAMES = ("hypothesis", "start_from", "knobs", "edits", "expectation")
VALUES = {
    "JSON": '{"X": 0.5}',
    "a fence": '```json\n{"X": 0.5}\n```',
    "prose and a fence": 'Here it is:\n```python\n{"X": 0.5}\n```\nGood luck.',
    "Python": "{'X': 0.5,}",
    "a comment of Python": '{"X": 0.5  # nearer\n}',
    "a comment of C": '{"X": 0.5}  // note: the value',
    "words after it": '{"X": 0.5} because it was {"X": 0.1}',
    "words before it": 'X: {"X": 0.5}',
}


@pytest.mark.parametrize("text", VALUES.values(), ids=VALUES)
def test_a_value_is_read_however_it_is_written(text: str) -> None:
    assert reading.value("knobs", text) == {"X": 0.5}


def test_signs_of_comments_within_texts_are_none() -> None:
    assert reading.value("changes", '[{"to": "see # 3 and http://x//y"}]') == [{"to": "see # 3 and http://x//y"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("X 0.1 → 0.5", {"X": 0.5}),
        ("- `X` 0.1 -> 0.5.", {"X": 0.5}),
        ("X = 0.5, MODE = fast", {"X": 0.5, "MODE": "fast"}),
        ("X 0.1 → 1e-3\nY 2 → 3", {"X": 0.001, "Y": 3}),
    ],
)
def test_changes_in_the_form_of_the_table_are_read(text: str, found: dict[str, Any]) -> None:
    assert reading.value("knobs", text) == found
    with pytest.raises(InvalidAnswerError, match="is not JSON"):
        reading.value("verdicts", text)


@pytest.mark.parametrize("text", ["X 0.1 → 0.5 which helps", "raise X to 0.5", "X → Y → Z", "X = 1, and more"])
def test_a_sentence_is_no_change(text: str) -> None:
    with pytest.raises(InvalidAnswerError, match="the section knobs is not JSON"):
        reading.value("knobs", text)


@pytest.mark.parametrize("text", ["{X: 0.5, }", "raise X", "__import__('os')", "{" * 15_000, NOISE, "{'X': f()}"])
def test_what_is_no_value_is_not_guessed_at(text: str) -> None:
    with pytest.raises(InvalidAnswerError, match="the section knobs is not JSON"):
        reading.value("knobs", text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("#12", 12), (" `#12` # the best", 12), ("12 (the best)", 12), ("", None), ("None", None), ("x", "x")],
)
def test_the_number_of_an_experiment_is_read(text: str, number: int | str | None) -> None:
    assert reading.number(text) == number


HEADERS = {
    "as asked": "[[ ## hypothesis ## ]]\nmore\n[[ ## knobs ## ]]\n{}",
    "on one line": "[[ ## hypothesis ## ]] more\n[[ ## knobs ## ]] {}",
    "in bold": "**[[ ## hypothesis ## ]]**\nmore\n**[[ ## knobs ## ]]** {}",
    "bold names": "**hypothesis**: more\n\n**knobs**\n{}",
    "bold with a colon within": "**hypothesis:** more\n**knobs:** {}",
    "headings": "## hypothesis\nmore\n### `knobs`\n{}",
    "plain": "hypothesis: more\nknobs: {}",
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_headers_are_found_however_they_are_decorated(text: str) -> None:
    found = reading.fields(text, NAMES)
    assert {name: found[name].strip() for name in ("hypothesis", "knobs")} == {"hypothesis": "more", "knobs": "{}"}


def test_lines_of_a_script_are_no_headers_beside_real_ones() -> None:
    edits = "<<<<<<< SEARCH\nknobs: dict\n# edits\n=======\n# knobs\n>>>>>>> REPLACE"
    assert reading.fields(f"[[ ## edits ## ]]\n{edits}", NAMES)["edits"].strip() == edits


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```"])
def test_an_answer_may_be_one_object(wrap: str) -> None:
    whole = {"hypothesis": "more", "knobs": {"X": 0.5}}
    assert reading.fields(wrap.replace("{}", json.dumps(whole)), NAMES) == whole


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"hypothesis": "a, \\"b", "knobs": {"A": [2, 3], "C": 0.', {"hypothesis": 'a, "b', "knobs": {"A": [2, 3]}}),
        (
            '```json\n{"hypothesis": "a", "knobs": {"A": 1}, "expectation": "less',
            {"hypothesis": "a", "knobs": {"A": 1}},
        ),
        ('{"hypothesis": "a, and', {}),
        ('{"hypothesis": "a", "knobs": ]', {}),
    ],
)
def test_of_an_object_that_was_cut_what_is_whole_is_read(text: str, kept: dict) -> None:
    assert reading.fields(text, {"hypothesis", "knobs", "expectation"}) == kept
    assert not reading.fields(text, NAMES)  # half of some edits are others


def test_edits_are_blocks_or_a_list() -> None:
    assert read_edits([{"search": "a", "replace": "b"}, {"search": "", "replace": ""}]) == [ScriptEdit("a", "b")]
    assert read_edits("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE") == [ScriptEdit("a\n", "b\n")]
    assert read_edits("None") == read_edits([]) == read_edits("") == read_edits(None) == []
    for wrong in ("I would edit it.", ["a"], [{"search": "a"}], 3):
        with pytest.raises(InvalidAnswerError):
            read_edits(wrong)


# In teams


def held(server: LlmServer, **more: object) -> LanguageSettings:
    """Settings of a model that is held to a schema."""
    given = plain_settings(server, **more)
    return replace(given, models={MODEL: replace(given.models[MODEL], schema=True)})


def run(server: LlmServer, org: Org, task: Task, lab: FakeLab | None = None, budget_s: float = 4) -> Ledger:
    ledger = Ledger()
    with Language(org, held(server), clock=Strokes()) as language:
        lab = lab or FakeLab(task, slots=3, metric=noiseless)
        Team(org, task, lab, seed=1, ledger=ledger, language=language).run(budget_s)
    return ledger


def schema(call: Call) -> dict:
    return call.body["response_format"]["json_schema"]["schema"]["properties"]


def turning(call: Call) -> str:
    return json.dumps({"hypothesis": "up", "knobs": {"X": round(0.1 + call.number % 80 / 100, 2)}})


def test_a_schema_has_the_knobs_with_their_ranges_and_starts_where_there_is_a_choice(toy: Task) -> None:
    with serving(turning) as server:
        ledger = run(server, ALONE, toy)
    assert failures(ledger) == []
    first = schema(server.calls[0])
    knobs = {knob.name: knob for knob in toy.knobs}
    each = {name: asked for one in first["knobs"]["anyOf"] for name, asked in one["properties"].items()}
    for name, asked in each.items():
        knob = knobs[name]
        if "enum" in asked:
            assert all(map(knob.allows, asked["enum"]))
            assert knob.default not in asked["enum"]  # whoever names a knob changes it
        else:
            assert asked == {"type": "number", "minimum": knob.low, "maximum": knob.high}
    assert sorted(name for name, asked in each.items() if "enum" in asked) == ["COUNT", "MODE"]
    assert each.keys() == knobs.keys()
    assert all(one["required"] == [*one["properties"]] for one in first["knobs"]["anyOf"])
    assert {len(one["required"]) for one in first["knobs"]["anyOf"]} == {1}
    assert "start_from" not in first
    assert "edits" not in first
    for call in server.calls:
        start = knobs_of(call)
        for name, asked in (pair for one in schema(call)["knobs"]["anyOf"] for pair in one["properties"].items()):
            assert start[name] not in asked.get("enum", ())
    choices = [schema(call)["start_from"]["enum"] for call in server.calls if "start_from" in schema(call)]
    assert choices
    assert all(len(one) > 1 for one in choices)


def test_edits_come_as_a_list_of_search_and_replace(toy: Task) -> None:
    def edit(call: Call) -> str:
        edits = [{"search": "import sys", "replace": "import sys  # faster"}]
        if "# faster" in call.field("script"):
            return turning(call)
        return json.dumps({"hypothesis": "a comment helps", "edits": edits, "knobs": {"X": 0.1}})

    lab = FakeLab(toy, slots=3, metric=noiseless)
    lab.takes_scripts = True
    with serving(edit) as server:
        ledger = run(server, ALONE, toy, lab)
    assert failures(ledger) == []
    assert any("import sys  # faster" in (experiment.script or "") for experiment in lab.submitted)
    items = schema(server.calls[0])["edits"]["items"]
    assert items["properties"].keys() == {"search", "replace"}


def test_a_review_is_held_to_its_cases_and_rulings(toy: Task) -> None:
    def reply(call: Call) -> str:
        numbers = re.findall(r"^Experiment (\d+) of hand-1", call.user, re.MULTILINE)
        if not numbers:
            return json.dumps({"hypothesis": "scaling", "knobs": {"SCALE": 1 + call.number / 1000}})
        asked = schema(call)["verdicts"]
        assert sorted(asked["required"]) == sorted(numbers)
        verdicts = {number: {"ruling": "pass", "reason": "a gain"} for number in numbers}
        return json.dumps({"verdicts": verdicts, "hypothesis": "my own", "knobs": {"COUNT": 1 + call.number % 6}})

    with serving(reply) as server:
        ledger = run(server, REVIEWED, toy, budget_s=6)
    assert {e.data["ruling"] for e in ledger.of("message") if e.data.get("ruling")} == {"pass"}


def test_a_server_that_comes_to_refuse_schemas_is_asked_without_them(toy: Task) -> None:
    def reply(call: Call) -> str | Fault:
        return Fault(400, text="response_format is not supported") if "response_format" in call.body else turning(call)

    with serving(reply) as server:
        ledger = run(server, ALONE, toy)
    assert failures(ledger) == []
    assert sum("response_format" in call.body for call in server.calls) == 1  # it is remembered


@pytest.mark.parametrize("as_json", [False, True], ids=["sections", "JSON"])
def test_a_question_leads_nobody_and_asks_for_no_python(toy: Task, as_json: bool) -> None:
    org = replace(REVIEWED, links=(*REVIEWED.links, Link(source="lead", target="hand", kind="delegates to")))
    with serving(lambda call: "no") as server:
        given = held(server) if as_json else plain_settings(server)
        lab = FakeLab(toy, slots=3, metric=noiseless)
        with Language(org, given, clock=Strokes()) as language:
            Team(org, toy, lab, seed=1, ledger=Ledger(), language=language).run(3)
    assert server.calls
    for call in server.calls:
        assert "python" not in (call.system + call.user).lower()
        assert "note:" not in call.system + call.user
        assert "{" not in call.system  # neither templates nor values that one could repeat


def test_knobs_may_be_spelled_and_grouped_as_the_table_shows_them(toy: Task) -> None:
    group = next(knob.group for knob in toy.knobs if knob.name == "Y")

    def reply(call: Call) -> str:
        value = round(0.1 + call.number % 80 / 100, 2)
        return json.dumps({"hypothesis": "up", "knobs": {"x": value, group: {"Y": value}}})

    with serving(reply) as server:
        ledger = run(server, ALONE, toy)
    assert failures(ledger) == []
    assert all(event.data["knobs"]["X"] == event.data["knobs"]["Y"] for event in ledger.of("proposal"))


def test_a_server_that_holds_no_ranges_is_given_the_values_of_one(toy: Task) -> None:
    with serving(turning) as server:
        given = held(server)
        loose = replace(given, models={MODEL: replace(given.models[MODEL], ranges=False)})
        with Language(ALONE, loose, clock=Strokes()) as language:
            Team(ALONE, toy, FakeLab(toy), seed=1, ledger=Ledger(), language=language).run(2)
    each = schema(server.calls[0])["knobs"]["anyOf"]
    knobs = {knob.name: knob for knob in toy.knobs}
    for name, asked in (pair for one in each for pair in one["properties"].items()):
        assert len(asked["enum"]) == len(set(asked["enum"]))
        assert all(map(knobs[name].allows, asked["enum"]))
        assert toy.complete({})[name] not in asked["enum"]
        if not knobs[name].choices:
            assert {knobs[name].low, knobs[name].high} - {toy.complete({})[name]} <= {*asked["enum"]}


def test_values_in_the_table_of_knobs_are_json(toy: Task) -> None:
    with serving(turning) as server:
        run(server, ALONE, toy)
    table = re.findall(r"^(\w+)=(.*?) \(", server.calls[0].system, re.MULTILINE)
    assert ("MODE", '"ok"') in table
    assert {name: json.loads(value) for name, value in table} == toy.complete({})


def test_an_answer_that_was_cut_is_said_so(toy: Task) -> None:
    cut = Fault(text=fields(hypothesis="more", knobs='{"X": 0.'), finish="length")
    with serving(lambda call: cut) as server, Language(ALONE, plain_settings(server), clock=Strokes()) as language:
        ledger = Ledger()
        Team(ALONE, toy, FakeLab(toy), seed=1, ledger=ledger, language=language).run(3)
    assert "it was cut, for it was too long" in server.calls[1].problem
    errors = [event.data["error"] for event in thoughts(ledger)]
    assert 'it was cut at 200 tokens: [models."openai/local"] max_tokens' in errors[0]


def test_a_start_is_asked_for_where_there_is_a_choice_and_has_to_be_one_of_it(toy: Task) -> None:
    def reply(call: Call) -> str:
        start = {"start_from": 99} if "- start_from:" in call.user and not call.problem else {}
        return fields(hypothesis="up", knobs={"X": round(0.1 + call.number % 80 / 100, 2)}, **start)

    with serving(reply) as server, Language(ALONE, plain_settings(server), clock=Strokes()) as language:
        ledger = Ledger()
        Team(ALONE, toy, FakeLab(toy), seed=1, ledger=ledger, language=language).run(4)
    assert "start_from" not in server.calls[0].system + server.calls[0].user
    problems = [call.problem for call in server.calls if call.problem]
    assert problems
    assert all(re.search(r"start_from '99' is none of \d+, \d+", problem) for problem in problems)
    assert failures(ledger) == []


OBJECT = '{"hypothesis": "less LR", "knobs": {"LR": 0.02}}'


@pytest.mark.parametrize(
    "text",
    [
        f'<think>\nThe {{LR}} is large: {{"knobs": 1}}.\n</think>\n\n{OBJECT}',
        f"Let me see.\n</think>\n\n{OBJECT}",
        f"<thought>Hm.</thought>{OBJECT}",
        f"<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>{OBJECT}",
        f"Here is my answer:\n\n```json\n{OBJECT}\n```\n\nI hope that this helps.",
        f"Sure! Here is the JSON object:\n{OBJECT}",
        f"{OBJECT}\n\nThis lowers the loss.",
        f"json\n{OBJECT}",
        f"\ufeff{OBJECT}<|im_end|>",
        f"{OBJECT}</s>",
        f"[{OBJECT}]",
        f'{{"answer": {OBJECT}}}',
        f'{{"type": "object", "properties": {OBJECT}}}',
        f"{{{OBJECT}}}",
        f'{{"thought": "Hm."}}\n{OBJECT}',
        f'{{"knobs": {{"LR": 1}}}} would be too much, so\n{OBJECT}',
        OBJECT.replace("hypothesis", "Hypothesis").replace("knobs", "KNOBS"),
        OBJECT.replace("less LR", "less\nLR"),
        OBJECT.replace('"', "\u201c", 1).replace('"', "\u201d", 1),
        json.dumps(OBJECT),
        OBJECT.replace("less LR", "less <think>LR</think>"),
    ],
)
def test_an_object_is_found_in_what_models_write_around_it(text: str) -> None:
    found = reading.fields(text, ["hypothesis", "knobs"])
    assert found["knobs"] == {"LR": 0.02}
    assert found["hypothesis"].split()[0] == "less"


def test_an_object_of_a_section_is_not_the_answer() -> None:
    text = '[[ ## hypothesis ## ]]\nless\n[[ ## knobs ## ]]\n{"knobs": {"LR": 1}}'
    assert reading.fields(text, ["hypothesis", "knobs"])["hypothesis"].strip() == "less"
    assert not reading.fields("I would {not} do that.", ["hypothesis", "knobs"]).get("knobs")


def test_noise_is_read_in_no_time() -> None:
    for text in ("{" * 30_000, '{"a": ' * 3_000, "<think>" * 3_000, "{}" * 9_000, '"' * 20_000, "[" * 20_000):
        assert not reading.fields(text, ["knobs"]).get("knobs")

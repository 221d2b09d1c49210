"""The report: what it says of a study, of half a study and of a hostile one, and what a browser makes of it."""

import json
import os
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from html.parser import HTMLParser
from math import inf
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orgopt.basics.markup import h
from orgopt.cli import main
from orgopt.document import parse, read
from orgopt.draw import Weight, Weights, svg
from orgopt.report import page as made
from orgopt.report.scale import Scale, scale, ticks
from orgopt.study.verdict.study import ending
from orgopt.study.wording import compared, count, duration, entrant_name, interval, plain, signed
from tests.conftest import ROOT, TRIO
from tests.fakes.study import TASKS, records, view

Record = dict[str, Any]
HOSTILE = 'Scout</script><script>alert(1)</script><img src=x onerror="alert(2)">'
VOID = {"meta", "link", "col"}


def page(told: list[Record]) -> str:
    """The page of some records."""
    return made(view(told))


@pytest.fixture(scope="module")
def told() -> list[Record]:
    return records()


@pytest.fixture(scope="module")
def text(told: list[Record]) -> str:
    return page(told)


class Reader(HTMLParser):
    """Elements and text of a page; fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(f"{word} " for word in self.words).split())

    def count(self, tag: str, look: str = "") -> int:
        return sum(t == tag and (not look or look in (a.get("class") or "").split()) for t, a in self.elements)


def data(text: str) -> dict[str, Any]:
    """What the page's script reads."""
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(block)


def final(told: list[Record]) -> Record:
    return next(record for record in told if record["kind"] == "final")


def changed(told: list[Record], change: Callable[[Record], object]) -> list[Record]:
    """Records of which the final one is changed."""
    copy = json.loads(json.dumps(told))
    change(final(copy))
    return copy


@pytest.mark.parametrize(
    ("verdict", "apart", "low", "high", "said"),
    [
        ("better", 0.38, 0.1, 0.57, "▲ better than a by 0.38 [0.10, 0.57]"),
        ("worse", -0.23, -0.41, -0.08, "▼ worse than a by 0.23 [0.08, 0.41]"),  # the word says which way, and no sign
        ("no difference", 0.01, -0.05, 0.07, "○ no difference shown to a: +0.01 [−0.05, +0.07]"),
        ("better", 0.09, 0.001, 0.234, "▲ better than a by 0.09 [0.001, 0.234]"),  # no end that is not 0 is written so
        ("no difference", 0.2, None, None, "+0.20 to a on one seed"),
        ("worse", -0.2, -inf, inf, "−0.20 to a on one seed"),
    ],
)
def test_a_distance_has_one_form(verdict: str, apart: float, low: float | None, high: float | None, said: str) -> None:
    assert compared(verdict, apart, low, high, than="a") == said
    assert compared(verdict, apart, low, high) == re.sub(" (than|to) a", "", said)


def figures(claim: Record) -> tuple[float, float, float]:
    """A difference and its interval."""
    return claim["difference"], claim["low"], claim["high"]


def test_the_verdict_comes_first_and_has_its_numbers(told: list[Record], text: str) -> None:
    claim = next(c for c in final(told)["claims"] if c["entrant"] == "seed document" and c["task"] == "all")
    title = re.findall(r"<h1>(.*?)</h1>", text)
    evolved, seed = plain(claim["champion_mean"]), plain(claim["mean"])
    assert title == [f"Better than trio.md: the evolved team scores {evolved}, trio.md {seed}."]
    lede = f"{compared('better', *figures(claim))} with 95 % confidence, on 40 fresh seeds"
    assert lede in Reader(text).text
    titles = ("<h1>", ">Claims</h2>", ">Fitness by generation</h2>", ">Lineage</h2>", ">What matters</h2>")
    places = [text.index(title) for title in titles]
    assert places == sorted(places)


def test_the_page_says_what_the_terminal_says(told: list[Record], text: str) -> None:
    said = ending(view(told))
    shown = " ".join(Reader(text).text.split())
    for line in (said.title, said.sure, *said.measures, said.scale, *said.notes, *said.advice):
        assert line in shown


def test_every_claim_stands_in_a_table_with_its_interval(told: list[Record], text: str) -> None:
    reader = Reader(text)
    for claim in final(told)["claims"]:
        assert compared(claim["verdict"], *figures(claim)) in " ".join(reader.text.split())
    for words in ("On a task that was not searched, nk", "In real runs, tinygpt", "Optuna TPE + pruning"):
        assert words in reader.text
    wanted = [c["verdict"] for c in final(told)["claims"]]
    marks = [a["class"] for t, a in reader.elements if t == "span" and (a.get("class") or "").startswith("verdict ")]
    for word in ("better", "worse", "no difference"):
        first = f"verdict {word.split()[0]}"
        assert marks.count(first) - (word == "better") == wanted.count(word)  # and one in the first lines


def test_every_candidate_is_in_the_charts_and_in_the_data(told: list[Record], text: str) -> None:
    reader, content = Reader(text), data(text)
    candidates = [record for record in told if record["kind"] == "candidate"]
    picks = [a["data-i"] for t, a in reader.elements if t == "g" and (a.get("class") or "").startswith("pick")]
    assert {picks.count(str(c["index"])) for c in candidates} == {4}  # two charts in two widths
    for record, entry in zip(candidates, content["candidates"], strict=True):
        shown = "\n".join(content["lines"][line] for line in content["texts"][entry["text"]])
        assert shown == record["program"].rstrip("\n")
        assert entry["changes"] == record["changes"]
    assert content["selected"] == next(c["index"] for c in candidates if c["name"] == final(told)["champion"])


def test_values_are_means_over_tasks_of_means_over_seeds(told: list[Record], text: str) -> None:
    seen = view(told)
    found = [one for one in told if one.get("phase") == "search"]
    shown = data(text)["candidates"]
    for one, entry in zip(seen.candidates, shown, strict=True):
        runs = {task: [r["score"]["research_output"] for r in found if (r["entrant"], r["task"]) == (one.name, task)]
                for task in seen.tasks}  # fmt: skip
        assert one.value == pytest.approx(sum(sum(v) / len(v) for v in runs.values()) / 2)
        assert entry["value"] == plain(one.value)
        assert one.standing
        assert one.dropped == (one.standing.seeds == 2) == ("dropped early" in entry["words"])
    assert 0 < sum(one.dropped for one in seen.candidates) < len(seen.candidates)


def test_who_was_disqualified_has_no_value_and_is_not_ahead(told: list[Record]) -> None:
    started = [deepcopy(one) for one in told if one["kind"] != "final"]
    best = view(started).best
    assert best
    of_best = [one for one in started if one.get("phase") == "search" and one["entrant"] == best.name]
    of_best[0]["score"]["disqualified"] = "an experiment left another result than it had"
    after = view(started)
    out = after.candidate(best.name)
    assert out
    assert after.best
    assert after.best.name != out.name
    assert (out.value, out.standing, out.dropped) == (None, None, False)


def test_effects_are_drawn_on_the_champions_chart(text: str) -> None:
    block = text[text.index("Within the champion") :]
    chart = block[block.index("<svg xmlns") : block.index("<figcaption")]
    assert 'class="badge plus"' in chart
    assert 'class="badge unsure"' in chart
    assert "no difference" in chart


def test_a_chart_without_effects_is_as_before_and_one_with_them_shows_each() -> None:
    org = read(parse(TRIO)).org
    assert svg(org, Weights()) == svg(org)
    (link,) = org.links
    weights = Weights(
        roles={"lead": Weight(0.12, True), "explorer": Weight(-0.034, False), "gone": Weight(1.0, True)},
        links={link.key: Weight(-0.05, True)},
        standup=Weight(0.2, True),
    )
    drawn = svg(org, weights)
    assert re.findall(r'class="badge (\w+)"><rect.*?>([^<]*)</text>', drawn) == [
        ("plus", "+0.12"), ("unsure", "−0.03"), ("minus", "−0.05"), ("plus", "+0.20"),
    ]  # fmt: skip
    for words in ("lost without it", "gained without it", "no difference"):
        assert words in drawn
    assert drawn.count("stroke-width:") - svg(org).count("stroke-width:") >= 3


def test_every_beginning_of_a_log_makes_a_page() -> None:
    told = records(1, 2, tests=2)
    for end in range(1, len(told), 27):
        assert Reader(page(told[:end])).count("h1") == 1
    for kind in {record["kind"] for record in told} - {"study", "candidate"}:
        if kind != "generation":
            Reader(page([record for record in told if record["kind"] != kind]))


def test_a_running_study_claims_nothing(told: list[Record]) -> None:
    started = [
        record for record in told if record["kind"] not in {"final", "entrant"} and record.get("phase") != "test"
    ]
    reader = Reader(page(started))
    assert "Not finished" in reader.text
    assert "nothing is claimed before the tests" in reader.text
    assert "champion is" not in reader.text


@pytest.mark.slow
def test_a_study_that_went_on_says_what_its_result_is_of(told: list[Record]) -> None:
    text = page(changed(told, lambda record: record.update(candidates=12)))
    assert "The result is that of the first 12 candidates" in Reader(text).text


def test_no_text_of_a_study_becomes_markup(told: list[Record]) -> None:
    def strike(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {"kind", "phase", "verdict"}
            named = {key: item if key in kept else strike(item) for key, item in value.items()}
            return {strike(key) if key in TASKS else key: item for key, item in named.items()}
        if isinstance(value, list):
            return [strike(item) for item in value]
        return f"{value}{HOSTILE}\u202e" if isinstance(value, str) else value

    text = page([strike(record) for record in told])
    assert text.encode()
    reader, plain_reader = Reader(text), Reader(page(told))
    scripts = [a for t, a in reader.elements if t == "script"]
    assert len(scripts) == 2
    assert reader.count("img") == 0
    assert all(not name.startswith("on") for _, a in reader.elements for name in a)
    assert {t for t, _ in reader.elements} <= {t for t, _ in plain_reader.elements}
    assert "\u202e" not in text
    assert "[U+202E]" in text


def test_the_page_needs_nothing_else(text: str) -> None:
    for _, attributes in Reader(text).elements:
        for name in ("src", "href", "action", "srcset"):
            assert re.fullmatch(r"data:,|#[a-z]+", attributes.get(name) or "data:,")
    addresses = set(re.findall(r"\w+://[^\s\"'<\\\\]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in re.sub(r"url\(#to-\w+\)", "", text)
    for name in ("localStorage", "document.cookie", "fetch(", "XMLHttpRequest", "eval("):
        assert name not in text


@pytest.mark.slow
def test_size_and_repetition(told: list[Record], text: str) -> None:
    assert page(told) == text
    large = page(records(10, 15, tests=20))
    assert len(large.encode()) < 1_000_000
    content = data(large)
    assert len(content["lines"]) == len(set(content["lines"]))
    assert len(content["texts"]) == len({tuple(numbers) for numbers in content["texts"]})


def test_colours_of_text_have_contrast() -> None:
    css = (ROOT / "orgopt" / "report" / "page.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    for block in (light, dark):
        colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        on = {"paper": ["ink", "soft", "accent", "better", "worse", "even", "optuna", "plus", "minus"]}
        on |= {"wash": ["ink", "soft", "accent"], "plus-wash": ["ink", "plus"], "minus-wash": ["ink", "minus"]}
        on |= {"plus-mark": ["ink"], "minus-mark": ["ink"]}
        for ground, inks in on.items():
            for ink in inks:
                assert _contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)
        for mark in ("edge", "control", "s3"):  # lines and points
            assert _contrast(colors[mark], colors["paper"]) >= 3, mark


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 has it."""

    def light(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_numbers_and_names_read_well() -> None:
    assert [plain(v) for v in (0.614, -0.031, 1.02, -0.001, None)] == ["0.61", "−0.03", "1.02", "0.00", "–"]
    assert [signed(v) for v in (0.18, -0.18, 0.001, -0.004)] == ["+0.18", "−0.18", "0.00", "0.00"]
    assert interval(0.11, -0.25) == "[0.11, −0.25]"
    assert interval(0.0009, 0.23, sign=True) == "[+0.001, +0.230]"  # what is better than 0 is not written as 0
    assert interval(-0.3, -0.004) == "[−0.300, −0.004]"
    assert interval(0.0, 0.23) == "[0.00, 0.23]"
    assert interval(-1e-17, 0.23) == "[0.00, 0.23]"  # what rounding of the machine leaves
    assert [duration(s) for s in (1.5, 45, 120, 5400, 482_000)] == ["1.5 s", "45 s", "2 min", "1 h 30 min", "133 h"]
    assert [count(1, "run"), count(1046, "run"), count(3)] == ["1 run", "1,046 runs", "3"]
    names = {
        "optuna:tpe+median": "Optuna TPE + pruning",
        "g00-c00": "seed document",
        "random 3": "random team 3",
    }
    assert {entrant: entrant_name(entrant, "g00-c00", "g01-c01") for entrant in names} == names


def test_axes_hold_their_values_with_round_ticks() -> None:
    on = scale([0.21, 0.74], 0, 100)
    assert 0 < on(0.21) < on(0.74) < 100
    assert ticks(Scale(0.18, 0.77, 0, 1), 6) == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    assert ticks(scale([], 0, 1))
    assert ticks(scale([3.0, 3.0], 0, 1))


def test_elements_escape_what_is_no_markup() -> None:
    assert (
        h("p", "<b>", h("i", "&"), None, ["x", 3], cls='"')
        == '<p class="&quot;"><!-- -->'.replace("<!-- -->", "") + "&lt;b&gt;<i>&amp;</i>x3</p>"
    )


@pytest.fixture
def workspace(tmp_path: Path, told: list[Record]) -> Path:
    """A workspace with an older study of another version and a newer one that can be read."""
    for age, name, version in ((2_000, "old", 1), (1_000, "new", 2)):
        folder = tmp_path / "mlruns" / "studies" / name
        folder.mkdir(parents=True)
        lines = [json.dumps({**r, **({"schema_version": version} if r["kind"] == "study" else {})}) for r in told]
        (folder / "study.jsonl").write_text("\n".join(lines) + "\n")
        at = 1_800_000_000 - age
        os.utime(folder / "study.jsonl", (at, at))
    return tmp_path


def report(workspace: Path, *args: str) -> Any:
    return CliRunner().invoke(main, ["report", *args, "--workspace", str(workspace)])


def test_the_command_writes_the_newest_study(workspace: Path) -> None:
    result = report(workspace, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    path = workspace / "mlruns" / "studies" / "new" / "report.html"
    assert said["path"] == str(path)
    assert said["bytes"] == path.stat().st_size
    assert (said["study"], said["verdict"], said["candidates"]) == ("new", "better", 40)
    assert said["title"] in path.read_text()


@pytest.mark.slow
def test_the_command_takes_a_name_a_folder_or_a_log_and_writes_elsewhere(workspace: Path, tmp_path: Path) -> None:
    folder = workspace / "mlruns" / "studies" / "new"
    for name in ("new", str(folder), str(folder / "study.jsonl")):
        out = tmp_path / "deep" / "page.html"
        result = report(workspace, name, "--out", str(out))
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[-1].endswith("page.html")
        out.unlink()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["old"], "records of version 1"),
        (["nope"], "no study 'nope'"),
        (["new", "--out", "."], "is a folder"),
    ],
)
def test_the_command_says_what_is_wrong(workspace: Path, args: list[str], words: str) -> None:
    result = report(workspace, *args)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_workspace_without_studies_and_a_log_without_records_are_errors(workspace: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no study in" in report(empty).stderr
    (workspace / "mlruns" / "studies" / "new" / "study.jsonl").write_text('{"kind": "st')
    result = report(workspace, "new")
    assert result.exit_code == 2
    assert "no record of a study yet" in result.stderr


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
class TestBrowser:
    def open(self, chromium: Any, html: str, width: int = 1280) -> tuple[Any, Any, list[str]]:
        """The page in a frame as MLflow shows it, the frame, and what went wrong."""
        page = chromium.new_page(viewport={"width": width, "height": 900})
        faults: list[str] = []
        page.on("dialog", lambda dialog: (faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: faults.append(f"error {error}"))
        page.on("request", lambda request: faults.append(request.url) if request.url.startswith("http") else None)
        page.set_content('<iframe sandbox="allow-scripts" style="border:0;width:100%;height:880px"></iframe>')
        load = 'h => { document.querySelector("iframe").src = URL.createObjectURL(new Blob([h], {type: "text/html"})) }'
        page.evaluate(load, html)
        frame = page.frame_locator("iframe")
        frame.locator("#panel h3").wait_for(timeout=10_000)
        return page, frame, faults

    def test_a_click_shows_a_candidate_with_its_difference(self, chromium: Any, told: list[Record], text: str) -> None:
        page, frame, faults = self.open(chromium, text)
        content = data(text)
        lines = [[content["lines"][n] for n in content["texts"][c["text"]]] for c in content["candidates"]]
        entry = next(c for c in content["candidates"][9:] if set(lines[c["i"]]) - set(lines[c["parent"]]))
        frame.locator(f'svg.wide .pick[data-i="{entry["i"]}"]').first.click()
        frame.locator("#panel[data-shown='" + entry["name"] + "']").wait_for()
        shown = frame.locator("#view-parentDiff .add > :last-child").all_inner_texts()
        assert set(lines[entry["i"]]) - set(lines[entry["parent"]]) <= set(shown) <= set(lines[entry["i"]])
        frame.locator("#bar-show").click()
        frame.get_by_role("tab", name="Against seed").click()
        assert frame.locator("#view-seedDiff .diff").is_visible()
        frame.get_by_role("tab", name="Document").click()
        program = next(r["program"] for r in told if r["kind"] == "candidate" and r["index"] == entry["i"])
        assert frame.locator("#view-document pre").text_content().strip() == program.strip()
        frame.get_by_role("tab", name="Chart").click()
        assert frame.locator("#view-chart svg .box").count() >= 2
        assert faults == []
        page.close()

    def test_differences_make_one_text_of_the_other(self, chromium: Any, text: str) -> None:
        page, frame, faults = self.open(chromium, text)
        content = data(text)
        lines = [[content["lines"][n] for n in content["texts"][c["text"]]] for c in content["candidates"]]
        pairs = [(lines[c["parent"]], lines[c["i"]]) for c in content["candidates"][1:]]
        pairs += [
            (lines[0], lines[-1]),
            (["a", "- **Headcount:** 3"], ["a", "- **Headcount:** 4"]),
            (["same"], ["same"]),
        ]
        pairs += [
            ([], ["x"]),
            (["x"], []),
            (["a", "b", "a", "b"], ["b", "a", "b", "a"]),
            (["naïve 🙂 x"], ["naïve 🙂 y"]),
        ]
        script = "(html, pairs) => pairs.map(([a, b]) => orgoptPage.difference(a, b))"
        found = frame.locator("html").evaluate(script, pairs)
        for (before, after), rows in zip(pairs, found, strict=True):
            assert applied(before, rows) == after
        marked = [[line[a:b] for a, b in spans] for _, line, spans in found[len(content["candidates"])]]
        assert marked == [[], ["3"], ["4"]]
        assert faults == []
        page.close()

    def test_two_candidates_stand_side_by_side(self, chromium: Any, text: str) -> None:
        page, frame, faults = self.open(chromium, text)
        frame.get_by_role("tab", name="Side by side").click()
        frame.locator("#view-beside select").select_option(index=2)
        view = frame.locator("#view-beside")
        view.locator(".side").nth(1).wait_for()
        assert view.locator(".side svg .box").count() >= 4
        assert view.locator("polyline.curve").count() == 4  # two tasks, two candidates
        assert view.locator(".diff").count() == 1
        assert faults == []
        page.close()

    def test_the_keyboard_reaches_every_candidate(self, chromium: Any, text: str) -> None:
        page, frame, faults = self.open(chromium, text)
        champion = frame.locator("svg.wide .pick.selected").first
        champion.focus()
        names = [entry["name"] for entry in data(text)["candidates"]]
        page.keyboard.press("Home")
        for name in names:
            frame.locator(f"#panel[data-shown='{name}']").wait_for()
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        assert frame.locator("#panel").evaluate("panel => document.activeElement === panel")
        assert faults == []
        page.close()

    def test_nothing_of_a_document_runs(self, chromium: Any) -> None:
        told = records(2, 6, tests=3, title=HOSTILE)
        for record in told:
            if record["kind"] == "candidate":
                record["changes"] = [*record["changes"], f"+ role {HOSTILE}"]
        page, frame, faults = self.open(chromium, page_of(told))
        for name in ("Against parent", "Against seed", "Side by side", "Document", "Chart"):
            frame.get_by_role("tab", name=name).click()
        for place in range(8):
            frame.locator("#pick").select_option(index=place)
            frame.locator(f"#panel[data-shown='{f'g0{place // 6}-c0{place % 6}'}']").wait_for()
            assert frame.locator("#panel .changes").first.get_by_text("<script>alert(1)</script>").count()
        page.wait_for_timeout(300)
        assert faults == []
        page.close()

    @pytest.mark.parametrize("width", [390, 768, 1280])
    def test_it_is_never_wider_than_the_screen(self, chromium: Any, text: str, width: int) -> None:
        page, frame, faults = self.open(chromium, text, width)
        assert frame.locator("html").evaluate("html => html.scrollWidth <= html.clientWidth")
        visible = frame.locator("svg.chart.narrow" if width < 700 else "svg.chart.wide")
        assert all(visible.nth(i).is_visible() for i in range(visible.count()))
        assert faults == []
        page.close()


def applied(before: list[str], rows: list[Any]) -> list[str]:
    """The text that the rows of a difference make of another."""
    if not rows:
        return before
    old, new = iter(before), list[str]()
    for mark, line, _ in rows:
        if mark == "…":
            new += [next(old) for _ in range(int(line.split()[0]))]
        elif mark == "+":
            new.append(line)
        else:
            assert next(old) == line
            new += [line] if mark == " " else []
    return [*new, *old]


def page_of(told: list[Record]) -> str:
    return page(told)

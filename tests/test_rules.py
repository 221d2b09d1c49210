"""Rules: every example of every rule, and what fixes do."""

import re

import pytest

from orgopt.document import lint, load, parse, read
from orgopt.document.editing.diff import same
from orgopt.document.linting.lint import Facts, fix
from orgopt.document.linting.rules import RULES

FACTS = Facts(
    name="toy", groups=("model", "optimizer"), files=("train.py", "prepare.py"),
    slots=2, run_s=10, think_s=1, meeting_s=1, meeting_per_head_s=1,
)  # fmt: skip
SHOWN = [rule for rule in RULES.values() if rule.bad]


def codes(text: str) -> set[str]:
    return {finding.code for finding in lint(parse(text), FACTS)}


@pytest.mark.parametrize("rule", SHOWN, ids=[rule.code for rule in SHOWN])
def test_the_bad_example_has_the_finding_and_the_good_one_nothing(rule) -> None:
    findings = [finding for finding in lint(parse(rule.bad), FACTS) if finding.code == rule.code]
    assert findings
    assert rule.severity in {finding.severity for finding in findings} | (
        {"warning"} if rule.code == "ORG005" else set()
    )
    assert all(finding.message and finding.span.start <= len(rule.bad) for finding in findings)
    assert codes(rule.good) == set()


def test_there_are_enough_rules_and_each_says_why() -> None:
    assert len(RULES) >= 25
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        assert rule.summary.endswith(".")
        assert len(rule.why) > 20
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+|unreadable|stub", rule.name)


@pytest.mark.parametrize("rule", SHOWN, ids=[rule.code for rule in SHOWN])
def test_safe_fixes_keep_the_organization_and_end(rule) -> None:
    before = parse(rule.bad)
    after, made = fix(before, facts=FACTS)
    assert after.text == before.text or made
    if rule.code not in {"ORG027", "ORG039", "ORG042"}:  # a hidden character, a link without effect, a NUL in a charter
        assert same(read(after).org, read(before).org)
    assert fix(after, facts=FACTS) == (after, 0)
    assert rule.code not in {f.code for f in lint(after, FACTS) if f.fix and f.fix.safe}


@pytest.mark.parametrize(
    ("code", "fixed"),
    [("ORG005", True), ("ORG006", True), ("ORG009", True), ("ORG011", True), ("ORG014", True), ("ORG017", True),
     ("ORG019", True), ("ORG027", True), ("ORG039", True), ("ORG042", True), ("ORG010", False)],
)  # fmt: skip
def test_unsafe_fixes_remove_what_they_name(code: str, fixed: bool) -> None:
    after, made = fix(parse(RULES[code].bad), unsafe=True, facts=FACTS)
    assert (code not in codes(after.text)) is fixed
    assert bool(made) is fixed


def test_hidden_characters_in_a_name(tmp_path) -> None:
    for char in "\u200b\u202e\u2066\u00ad\ufeff":
        assert "ORG027" in codes(f"## Roles\n### Le{char}ad\n- **Headcount:** 1\n")
    assert "ORG027" not in codes("## Roles\n### 👩‍🔬 Researcher\n- **Headcount:** 1\n")


@pytest.mark.parametrize("text", ["", "\n", "# T\r\nhi\r\n", "123456789", "\x00", "---\n---\n"])
def test_stubs_have_a_finding_with_a_span(text: str, tmp_path) -> None:
    (tmp_path / "a.md").write_bytes(text.encode())
    found = {finding.code for finding in lint(load(tmp_path / "a.md"))}
    assert {"ORG001", "ORG041"} <= found

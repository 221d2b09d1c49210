"""The rules of `orgopt lint`, explained: what each means, why it matters, a document that has it and one that has not.

The page of rules and `orgopt explain` are made of these; the tests lint every example. What a finding says of one
document is worded where it is found: `checks_of_organization`, `checks_of_text` and `reading`.
"""

from orgopt.document.linting.explanations_of_organization import RULES_OF_ORGANIZATION
from orgopt.document.linting.explanations_of_text import RULES_OF_TEXT
from orgopt.document.linting.rule import Rule

__all__ = ["RULES", "Rule", "page"]

RULES: dict[str, Rule] = {
    rule.code: rule for rule in sorted((*RULES_OF_TEXT, *RULES_OF_ORGANIZATION), key=lambda rule: rule.code)
}


def page() -> str:
    """The documentation's page of rules, in Markdown; `make format` writes it."""
    intro = (
        "What `orgopt lint` finds. An error forbids running a document, a warning is worth a look, an info says "
        "what was inferred. `orgopt explain ORG014` prints a rule in the terminal."
    )
    parts = [
        "# Rules",
        intro,
        "\n".join(["| code | | finding |", "|---|---|---|"] + [_row(rule) for rule in RULES.values()]),
    ]
    for rule in RULES.values():
        parts.append(f"## {rule.code} {rule.name}")
        parts.append(f"{rule.summary} {rule.why}")
        for title, text in (("Found in:", rule.bad), ("Not in:", rule.good)):
            if text:
                shown = "".join(char if char.isprintable() or char == "\n" else f"<U+{ord(char):04X}>" for char in text)
                parts.append(f"{title}\n\n```text\n{shown.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _row(rule: Rule) -> str:
    return f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.severity} | {rule.summary} |"

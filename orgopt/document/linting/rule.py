"""What a rule of `orgopt lint` says, and pieces of documents that show one."""

from dataclasses import dataclass

from orgopt.document.findings import Severity

TEAM = "## Roles\n### Lead\n- **Headcount:** 1\n### Explorer\n- **Headcount:** 2\n"
REPORTS = f"{TEAM}## Links\n- Explorer → Lead: reports to\n"
HERMIT = REPORTS.replace("## Links", "### Hermit\n- **Headcount:** 1\n## Links")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of lint.

    Attributes:
        code, name: As findings and documentation have them.
        severity: An error forbids running the document; an info says what was inferred.
        summary: What is found.
        why: What goes wrong, or what is done instead.
        bad, good: Documents with and without the finding; empty where a file is needed to show it.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    why: str
    bad: str = ""
    good: str = ""


def role_line(line: str) -> str:
    """A document of one role with a line of its own."""
    return f"## Roles\n### Lead\n- **Headcount:** 1\n{line}"

"""How findings are printed: full and concise for people, JSON, SARIF and GitHub's annotations for machines."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from orgopt.cli.shared.base import count, echo, echo_json, out, print_json
from orgopt.document import format_finding
from orgopt.document.findings import Finding
from orgopt.document.linting.rules import RULES, Rule
from orgopt.document.text.program import Program, printable
from orgopt.version import __version__

FORMATS = ("full", "concise", "json", "sarif", "github")
COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}
_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

Found = Sequence[tuple[Program, Finding]]


def show(form: str, found: Found, *, documents: int, fixed: int) -> None:
    """Print findings in one of `FORMATS`."""
    if form == "json":
        print_json("lint", {"findings": [finding_dict(*pair) for pair in found], "fixed": fixed})
    elif form == "sarif":
        echo_json(sarif(found))
    elif form == "github":
        for program, finding in found:
            echo(_github(program, finding))
    else:
        _people(found, full=form == "full", documents=documents, fixed=fixed)


def _people(found: Found, *, full: bool, documents: int, fixed: int) -> None:
    for program, finding in found:
        if finding.code == "ORG000":
            out.print(f"[red]{escape(_unreadable(program.source, finding.message))}[/]")
            continue
        head, *rest = format_finding(program, finding, full=full).split("\n")
        out.print(f"[{COLORS[finding.severity]}]{escape(head)}[/]")
        if full:
            out.print(escape("\n".join(rest)) + "\n")
    checked = count(documents, "document")
    done = f", {fixed} fix{'es' * (fixed != 1)} made" if fixed else ""
    if not found:
        out.print(f"[green]{checked}, no findings[/]{done}")
        return
    numbers = [(sum(f.severity == level for _, f in found), level) for level in ("error", "warning", "info")]
    parts = [count(number, level) for number, level in numbers if number]
    fixable = sum(bool(finding.fix and finding.fix.safe) for _, finding in found)
    hint = f" [*] {count(fixable, 'finding')} can be fixed with --fix." if fixable else ""
    more = sum(bool(finding.fix and not finding.fix.safe) for _, finding in found)
    hint += f" {more} more with --fix --unsafe-fixes." if more else ""
    out.print(f"{checked}, {', '.join(parts)}{done}.{escape(hint)}")


def _unreadable(path: str, message: str) -> str:
    """What is wrong with a file that cannot be read, as a line like those of other findings."""
    rest = message.removeprefix(path)
    line = re.match(r":\d+(?=: )", rest)
    place = path + (line[0] if line else "") if rest != message else path
    return printable(f"{place}: ORG000 {rest[line.end() if line else 0 :].removeprefix(':').strip()}")


def finding_dict(program: Program, finding: Finding) -> dict[str, Any]:
    """A finding as JSON values; lines and columns count from 1, `end` is exclusive."""
    path, line, column = program.place(finding.span.start)
    _, end_line, end_column = program.place(finding.span.end)
    fix = finding.fix
    return {
        "path": path,
        "line": line,
        "column": column,
        "end": {"line": end_line, "column": end_column},
        "code": finding.code,
        "name": RULES[finding.code].name,
        "severity": finding.severity,
        "message": finding.message,
        "help": finding.help,
        "fix": fix
        and {"offset": fix.span.start, "length": fix.span.end - fix.span.start, "text": fix.text, "safe": fix.safe},
    }


def rule_dict(rule: Rule) -> dict[str, Any]:
    """A rule as JSON values."""
    return asdict(rule)


def sarif(found: Found) -> dict[str, Any]:
    """Findings as a SARIF 2.1.0 log, which code-scanning services read."""
    codes = sorted({finding.code for _, finding in found})
    rules = [
        {
            "id": code,
            "name": RULES[code].name,
            "shortDescription": {"text": RULES[code].summary},
            "fullDescription": {"text": RULES[code].why},
            "defaultConfiguration": {"level": _SARIF_LEVELS[RULES[code].severity]},
        }
        for code in codes
    ]
    results: list[dict[str, Any]] = []
    for program, finding in found:
        data = finding_dict(program, finding)
        region = {"startLine": data["line"], "startColumn": data["column"]}
        region |= {"endLine": data["end"]["line"], "endColumn": data["end"]["column"]}
        results.append(
            {
                "ruleId": finding.code,
                "ruleIndex": codes.index(finding.code),
                "level": _SARIF_LEVELS[finding.severity],
                "message": {"text": finding.message + (f" ({finding.help})" if finding.help else "")},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": data["path"]}, "region": region}}],
            }
        )
    driver = {"name": "orgopt", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _github(program: Program, finding: Finding) -> str:
    """A finding as a workflow command, escaped as GitHub asks for."""
    level = {"error": "error", "warning": "warning", "info": "notice"}[finding.severity]
    path, line, column = program.place(finding.span.start)

    def data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def value(text: str) -> str:
        return data(text).replace(":", "%3A").replace(",", "%2C")

    where = f"file={value(path)},line={line},col={column},title={value(f'{finding.code} {RULES[finding.code].name}')}"
    return f"::{level} {where}::{data(printable(finding.message))}"


def visible(text: str) -> str:
    """Text with a name in place of each character that is not seen."""
    return re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", lambda m: f"<U+{ord(m[0]):04X}>", text
    )

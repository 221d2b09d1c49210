"""`orgopt lint`, `explain` and `fmt`: what is wrong with documents, why, and the canonical form."""

import os
from dataclasses import replace
from pathlib import Path

import click
from rich.markup import escape

from orgopt.basics.nearest import did_you_mean
from orgopt.cli.shared import complete, findings
from orgopt.cli.shared.base import count, err, out, print_json
from orgopt.cli.shared.exit_codes import Exit
from orgopt.cli.shared.exits import command
from orgopt.document import lint, load, parse, read
from orgopt.document.editing.canonical import org_text
from orgopt.document.editing.diff import same
from orgopt.document.files import documents_in
from orgopt.document.findings import Finding, Span
from orgopt.document.linting.lint import Facts, fix
from orgopt.document.linting.rules import RULES
from orgopt.document.reading.reader import Reading
from orgopt.document.saving import save
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError, UsageError
from orgopt.org import Org
from orgopt.workspace import find_workspace


@click.command(
    "lint",
    epilog="\b\nExamples:\n  orgopt lint orgs/*.md\n  orgopt lint orgs/trio.md --task tinygpt --slots 2\n"
    "  orgopt lint my-lab.md --fix\n  orgopt lint my-lab.md --format sarif > lint.sarif",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete.documents)
@click.option("--fix", "fix_safe", is_flag=True, help="Write the fixes that leave the organization as it is read [*].")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix: the others too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(findings.FORMATS),
    default=None,
    help="How findings are printed.  [default: full; github in GitHub Actions]",
)
@click.option(
    "--task",
    "task_name",
    shell_complete=complete.tasks,
    help="Check against a task too: its files, its groups of knobs, its times.",
)
@click.option("--slots", type=click.IntRange(1), default=1, show_default=True, help="With --task: experiments at once.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@command
def lint_command(
    paths: tuple[str, ...],
    fix_safe: bool,
    unsafe_fixes: bool,
    form: str | None,
    task_name: str | None,
    slots: int,
    as_json: bool,
) -> None:
    """Check documents: each finding with its place, the line and what to do.

    PATH is a file, a folder of role files, or a folder of documents. Exits with 1 when a document cannot be run.
    """
    if unsafe_fixes and not fix_safe:
        raise UsageError("--unsafe-fixes needs --fix")
    facts = facts_of(task_name, slots) if task_name else None
    found: list[tuple[Program, Finding]] = []
    documents = [document for path in paths for document in documents_in(path)]
    fixed = 0
    for path in documents:
        try:
            program = load(path)
        except DocumentError as error:
            rule = RULES["ORG000"]
            found.append((parse("", str(path)), Finding(rule.code, rule.severity, str(error), Span(0, 0))))
            continue
        if fix_safe:
            after, made = fix(program, unsafe=unsafe_fixes, facts=facts)
            fixed += made
            if made:
                save(after)
            program = after
        found += [(program, finding) for finding in lint(program, facts)]
    form = "json" if as_json else form or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "full")
    findings.show(form, found, documents=len(documents), fixed=fixed)
    if any(finding.severity == "error" for _, finding in found):
        raise SystemExit(Exit.DOCUMENT)


def facts_of(name: str, slots: int) -> Facts:
    """What a task and a lab are like, for lint.

    Raises:
        TaskError: There is no such task.
    """
    from orgopt.lab.worlds.recording import run_seconds
    from orgopt.tasks.folder import load_task

    task = load_task(name, find_workspace())
    files = tuple(sorted(path.name for path in task.folder.iterdir() if path.is_file()))
    return Facts(
        name=task.name,
        groups=tuple(dict.fromkeys(knob.group for knob in task.knobs)),
        files=files,
        slots=slots,
        run_s=run_seconds(task),
        think_s=task.think_s,
        meeting_s=task.meeting_s,
        meeting_per_head_s=task.meeting_per_head_s,
    )


@click.command("explain", epilog="\b\nExamples:\n  orgopt explain ORG014\n  orgopt explain")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def explain_command(code: str | None, as_json: bool) -> None:
    """Explain a finding of lint: what it means, a document that has it and one that has not. Lists all without CODE."""
    if code is None:
        if as_json:
            print_json("rules", {"rules": [findings.rule_dict(rule) for rule in RULES.values()]})
            return
        for rule in RULES.values():
            out.print(f"{rule.code}  [{findings.COLORS[rule.severity]}]{rule.severity:7}[/]  {escape(rule.summary)}")
        return
    rule = RULES.get(code.upper()) or next((rule for rule in RULES.values() if rule.name == code.lower()), None)
    if rule is None:
        near = did_you_mean(code, [*RULES, *(one.name for one in RULES.values())])
        raise UsageError(f"no rule '{code}': {near}`orgopt explain` lists them, ORG000 to {max(RULES)}")
    if as_json:
        print_json("rule", findings.rule_dict(rule))
        return
    out.print(f"[bold]{rule.code}[/] {rule.name} [{findings.COLORS[rule.severity]}]{rule.severity}[/]\n")
    out.print(f"{escape(rule.summary)} {escape(rule.why)}")
    for title, text in (("Found in", rule.bad), ("Not in", rule.good)):
        if text:
            shown = "\n".join(f"    {line}" for line in text.splitlines())
            out.print(f"\n[dim]{title}[/]\n{escape(findings.visible(shown))}")


@click.command("fmt", epilog="\b\nExamples:\n  orgopt fmt my-lab.md --check\n  orgopt fmt roster.md --out program.md")
@click.argument("path", metavar="FILE", shell_complete=complete.documents)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the form is another.")
@click.option("--out", "target", type=click.Path(path_type=Path), help="Write there, and leave FILE alone.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@command
def fmt_command(path: str, check: bool, target: Path | None, as_json: bool) -> None:
    """Write a document in the canonical form: fields as bold bullets, then charters, links and the rhythm.

    The organization stays the same; a document of several files becomes one with --out.
    """
    program = load(path)
    if failed := [finding for finding in lint(program) if finding.severity == "error"]:
        findings.show("json" if as_json else "full", [(program, finding) for finding in failed], documents=1, fixed=0)
        raise SystemExit(Exit.DOCUMENT)
    text = org_text(read(program).org)
    if not same_but_headings(read(parse(text)), read(program)):
        raise DocumentError(f"{path}: cannot be written in the canonical form without changing the organization")
    if program.root and not (check or target):
        raise DocumentError(f"{path}: is several files: --out FILE writes them as one")
    changed = text != program.text
    if check:
        if as_json:
            print_json("fmt", {"document": path, "path": None, "canonical": not changed, "written": False})
        else:
            out.print(f"{escape(path)}: {'not ' * changed}in the canonical form")
        raise SystemExit(Exit.DOCUMENT if changed else 0)
    if target or changed:
        save(parse(text), target or path)
    lost = [block for block in program.blocks if block.kind == "front_matter"]
    if lost:
        err.print(f"{count(len(lost), 'front matter')} not written: the canonical form has none", markup=False)
    if as_json:
        done = {"path": str(target or path), "canonical": True, "written": bool(target or changed)}
        print_json("fmt", {"document": path, **done})
        return
    out.print(f"{escape(str(target or path))}: {'written' if target or changed else 'unchanged'}")


def same_but_headings(one: Reading, other: Reading) -> bool:
    """Whether two readings are the same organization; headings in charters may be of other levels."""

    def plain(reading: Reading) -> Org:
        roles = tuple(replace(role, charter=role.charter.replace("#", "")) for role in reading.org.roles)
        return replace(reading.org, roles=roles)

    return same(plain(one), plain(other))

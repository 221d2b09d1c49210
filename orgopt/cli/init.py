"""`orgopt init`: a workspace to start from."""

import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from orgopt.api.guide import agents_md
from orgopt.basics.nearest import did_you_mean
from orgopt.cli.shared.adopted import IGNORED, adopt_folder, write_new
from orgopt.cli.shared.base import count, near, out, own_command, print_json
from orgopt.cli.shared.exits import command
from orgopt.document import load, read
from orgopt.errors import StoreError, UsageError
from orgopt.lab.doctor.probes import trial
from orgopt.lab.sandbox.choice import chosen
from orgopt.lab.worlds.recording_files import records_path
from orgopt.tasks.folder import load_task
from orgopt.tasks.source import find_tasks, shipped

CONFIG = """\
# Settings of this workspace. Each table gives a command's options; the command line wins over them.

[lint]
task = "{task}"
slots = 2

[run]
task = "{task}"
budget = "30s"
slots = 2

[optimize]
task = "{task}"
lab = "replay"
generations = 6
population = 8
budget = "30s"
slots = 2
"""

README = """\
# {name}

A research organization and what it researches.

- `program.md` is the organization: who is in it, who talks to whom, how often they meet. Edit it.
- `fitness/{task}/` is the task: `train.py` may be edited by agents, `prepare.py` keeps the data, the budget and the
  metric, `task.toml` says what it measured.
- `orgopt.toml` has the options that commands start from.
- `AGENTS.md` tells coding agents how to work with orgopt.

```bash
orgopt show program.md
orgopt lint program.md       # what is wrong with it, and for this task
orgopt run program.md        # one run, on real experiments
orgopt optimize program.md   # look for a better program.md, on recorded experiments
orgopt report                # what came of it, as a page
orgopt ui                    # and in MLflow
```
"""


def templates() -> dict[str, Path]:
    """The shipped organizations by name, without the library of roles."""
    found: dict[str, Path] = {}
    for root in reversed(shipped("orgs")):
        found |= {path.stem: path for path in sorted(root.glob("*.md")) if path.stem != "library"}
    return dict(sorted(found.items()))


def summary(mission: str) -> str:
    """Of an organization's mission the first sentence and the one that says when it fits."""
    said = re.split(r"(?<=\.)\s+", " ".join(mission.split()))
    return " ".join(dict.fromkeys([said[0], *(sentence for sentence in said if sentence.startswith("Fits "))]))


@click.command(
    "init",
    epilog="\b\nExamples:\n  orgopt init my-lab\n  orgopt init my-lab --template flat-talkers --task tinygpt\n"
    "  orgopt init --task path/to/my-script\n  orgopt init my-lab --task path/to/my-script\n"
    "  orgopt init --templates",
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--template", default="trio", show_default=True, help="The organization to start from.")
@click.option(
    "--task",
    default="digits",
    show_default=True,
    help="A shipped task to copy into the workspace, or the folder of your own script, which gets a task.toml.",
)
@click.option("--script", default="", help="The script of that folder, where another one is found.")
@click.option("--no-try", "untried", is_flag=True, help="Do not run that script to see which of its knobs arrive.")
@click.option("--templates", "listed", is_flag=True, help="List the templates, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written, or the templates, as JSON.")
@command
def init_command(
    folder: Path | None, template: str, task: str, script: str, untried: bool, listed: bool, as_json: bool
) -> None:
    """Start a workspace in DIR: program.md, a task, settings and a README. Nothing that is there is overwritten.

    With the folder of your own script as the task, its command, metric and knobs are found and written into a task.toml
    in it; without a DIR that is all.
    """
    known = templates()
    if listed:
        _list(known, as_json=as_json)
        return
    if template not in known:
        raise UsageError(f"no template '{template}': {did_you_mean(template, known)}choose {', '.join(known)}")
    if Path(task).is_dir():
        out.quiet = as_json
        written = adopt_folder(Path(task).resolve(), folder, known[template], script=script, tries=not untried)
        if as_json:
            _print_written(folder or Path(task), written, [])
        return
    if Path(task).is_file():
        raise UsageError(f"{task} is a file: name its folder, and the file with --script {Path(task).name}")
    if folder is None and task not in find_tasks(Path("/nowhere")):
        raise UsageError(f"{task} is no folder: --task takes a shipped task or the folder of your own script")
    if folder is None:
        raise UsageError("name a folder: orgopt init my-lab (. for this one)")
    if (folder / "program.md").exists():
        raise UsageError(f"{folder / 'program.md'} is already there: name another folder")
    _begin(folder, known[template], task, as_json=as_json)


def _begin(folder: Path, org: Path, task: str, *, as_json: bool) -> None:
    """Start a workspace with a shipped task, and say what to type next.

    Raises:
        UsageError: There is no such task.
    """
    tasks = find_tasks(Path("/nowhere"))
    if task not in tasks:
        near_one = did_you_mean(task, tasks)
        raise UsageError(f"no task '{task}': {near_one}choose {', '.join(tasks)}, or the folder of your own script")
    written = _write(folder, org, tasks[task])
    if as_json:
        _print_written(folder, written, [line for _, line in _next(folder, tasks[task])])
        return
    for path in written:
        out.print(f"  [green]+[/] {escape(near(path))}")
    for title, line in _next(folder, tasks[task]):
        out.print(f"{title}: [bold]{escape(line)}[/]", soft_wrap=True)


def _list(known: Mapping[str, Path], *, as_json: bool) -> None:
    """Print the templates."""
    described = [(name, read(load(path)).org) for name, path in known.items()]
    if as_json:
        rows = [{"name": name, "headcount": org.headcount, "summary": summary(org.mission)} for name, org in described]
        print_json("templates", {"templates": rows})
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, org in described:
        table.add_row(f"[bold]{name}[/]", count(org.headcount, "agent"), escape(summary(org.mission)))
    out.print(table)


def _print_written(folder: Path, written: Iterable[Path], commands: Sequence[str]) -> None:
    """Print as JSON what was written, and what to type next."""
    paths = [str(path.resolve()) for path in written]
    print_json("init", {"folder": str(folder.resolve()), "written": paths, "next": commands})


def _next(folder: Path, task: Path) -> Iterator[tuple[str, str]]:
    """What to type next, such that it works on this machine: what is done in seconds first."""
    away = folder.resolve() != Path.cwd()
    there = f"cd {shlex.quote(str(folder))} && " if away else ""
    run = f"{there}{own_command(anywhere=away)} run program.md"
    recorded = records_path(load_task(str(task))).is_file()
    if recorded:
        yield "\nNext, on recorded experiments", f"{run} --lab replay"
    if not recorded or not trial(chosen()):
        yield "Training for real" if recorded else "\nNext", run


def _write(folder: Path, org: Path, task: Path) -> list[Path]:
    """Write what is not there; returns what was written.

    Raises:
        StoreError: The folder cannot be written.
    """
    target = folder / "fitness" / task.name
    new = not target.exists()
    try:
        if new:
            shutil.copytree(task, target, ignore=shutil.ignore_patterns("__pycache__"))
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}") from None
    texts = {
        "program.md": org.read_text("utf-8"),
        "orgopt.toml": CONFIG.format(task=task.name),
        "README.md": README.format(name=folder.resolve().name, task=task.name),
        "AGENTS.md": agents_md(),
        ".gitignore": IGNORED,
    }
    return sorted([*write_new(folder, texts), *[target] * new])

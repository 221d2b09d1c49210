"""The command line: `orgopt COMMAND`. Commands load when they are used, so that help is instant."""

import signal
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from orgopt.cli.shared.exit_codes import IN_WORDS, Terminated, error_json, exit_code
from orgopt.cli.shared.plain_output import print_what_can_be_shown
from orgopt.version import __version__

COMMANDS = {
    "init": ("init", "Start a workspace: an organization, a task and settings."),
    "lint": ("lint", "Check documents and say what to fix."),
    "explain": ("lint", "Explain a finding of lint."),
    "fmt": ("lint", "Write a document in the canonical form."),
    "show": ("document", "Show an organization as a tree, Mermaid, SVG or JSON."),
    "diff": ("document", "Show what differs between two organizations."),
    "task": ("task", "List the research tasks, or show what one lets you research."),
    "ask": ("ask", "Ask a document's roles what they would do, without running anything."),
    "skills": ("skills", "Say what language models were good at, in all studies."),
    "record": ("record", "Record real experiments of a task, to replay them later."),
    "run": ("run", "Run one organization on a task and score it."),
    "compare": ("compare", "Run organizations against each other on the same hardware."),
    "bench": ("bench", "Run organizations on every task of the suite, as a table to cite."),
    "optimize": ("optimize", "Search for a better organization, in generations."),
    "export": ("export", "Write a study or a document for another tool."),
    "doctor": ("doctor", "Try what experiments could do here, and say what holds them."),
    "list": ("results", "List studies, contests and runs, and which of them run."),
    "status": ("results", "Say how a study, a contest or a run stands."),
    "tail": ("tail", "Show what a study or a run does, as it is logged."),
    "pause": ("results", "Let a study or a contest wait before its next run."),
    "resume": ("results", "Let a study or a contest that was paused go on."),
    "tell": ("results", "Tell the team of a run something, at its next stand-up."),
    "rm": ("results", "Remove studies, contests or runs."),
    "gc": ("results", "Remove what nothing was measured in."),
    "report": ("report", "Write a study as one HTML page."),
    "ui": ("ui", "Open the generations in MLflow."),
    "sync": ("sync", "Send to MLflow what it could not take."),
    "log": ("log", "Check the logs of studies, contests and runs."),
    "guide": ("guide", "Print a guide for agents that use orgopt."),
    "board": ("board", "Serve a board of a task, or claim an improvement on one."),
    "mcp": ("mcp", "Serve this workspace to an agent, by the Model Context Protocol."),
    "schema": ("schema", "Print the JSON Schema of what commands print with --json."),
    "checkout": ("checkout", "Write a study's champion, seed or candidate to a file."),
}

EPILOG = f"""\b
Examples:
  orgopt show orgs/trio.md
  orgopt run orgs/trio.md --task tinygpt --budget 30s
  orgopt compare orgs/trio.md orgs/solo.md --task digits --lab replay --budget 60s
  orgopt optimize orgs/trio.md --task digits --lab replay --budget 30s
  orgopt report
  orgopt ui

\b
{IN_WORDS}"""


def _terminate(*_: object) -> None:
    raise Terminated


def _show_warning(message: Warning | str, category: type[Warning], *_: Any) -> None:
    """Warnings as lines for people, without the line of code that gave them."""
    if issubclass(category, UserWarning):
        click.echo(str(message), err=True)


def _show_nothing(*_: Any) -> None:
    pass


class Commands(click.Group):
    """A group that imports a command's module when it is called, and knows its exit codes from the start."""

    def main(self, *args: Any, standalone_mode: bool = True, **kwargs: Any) -> Any:
        print_what_can_be_shown()
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **kwargs)
        warnings.showwarning = _show_warning
        for which in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, _terminate)  # unwinds, so that labs are closed
        words = next(iter(args), None) or kwargs.get("args")
        as_json = "--json" in (sys.argv[1:] if words is None else words)
        try:
            result = super().main(*args, standalone_mode=False, **kwargs)
        except click.ClickException as error:
            if as_json:
                path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "orgopt"
                remedy = f"{path} --help lists what may be given"
                click.echo(error_json("usage", error.format_message(), remedy, error.exit_code), err=True)
            else:
                error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt) as stop:
            said = "Stopped. The same command starts again; a study, a contest or a recording continues."
            code = exit_code(stop if isinstance(stop, KeyboardInterrupt) else stop.__cause__)
            click.echo(error_json("interrupted", said, "the same command", code) if as_json else said, err=True)
            sys.exit(code)
        sys.exit(result if isinstance(result, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from pathlib import Path  # late: `orgopt --version` needs nothing of it

        with suppress(OSError):  # a name that no file can have
            _documents[:] = [arg for arg in args[1:] if not arg.startswith("-") and Path(arg).exists()][:1]
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from orgopt.basics.nearest import did_you_mean

            ctx.fail(f"No such command '{args[0]}': {did_you_mean(args[0], COMMANDS)}orgopt --help lists all.")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from orgopt.cli.shared.settings_as_options import options_given

        module = import_module(f"orgopt.cli.{COMMANDS[cmd_name][0]}")
        found: click.Command = getattr(module, f"{cmd_name}_command")
        _add_quiet(found)
        if given := options_given(found, COMMANDS, next(iter(_documents), None)):
            ctx.default_map = {cmd_name: given}
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _add_quiet(found: click.Command) -> None:
    """Give a command, or each of a group, the option that silences all but results and errors."""
    for one in (found, *(found.commands.values() if isinstance(found, click.Group) else ())):
        if not isinstance(one, click.Group) and all(param.name != "quiet" for param in one.params):
            what = "Say nothing on standard error but errors."
            option = click.Option(["--quiet", "-q"], is_flag=True, help=what, expose_value=False, callback=_silence)
            one.params.append(option)


def _silence(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001  click's signature
    from orgopt.cli.shared.base import err

    err.quiet = value
    if value:
        warnings.showwarning = _show_nothing


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="orgopt")
def main() -> None:
    """Research organizations as Markdown files: run them as teams of agents, and evolve them.

    A program.md says who is in the organization, who talks to whom, how often they meet and how much
    risk they take. orgopt runs it on a fixed hardware budget, measures its research output, and
    searches for a better document.
    """


_documents: list[str] = []
"""The document that a command was given."""

"""With which code commands end, and what each says: the one place of both."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit code of a command."""

    DONE = 0
    DOCUMENT = 1
    USAGE = 2
    SANDBOX = 5
    INFRASTRUCTURE = 6
    INTERRUPTED = 130
    TERMINATED = 143


IN_WORDS = (
    f"Exit codes: {Exit.DONE} done · {Exit.DOCUMENT} a document cannot be read or has errors · "
    f"{Exit.USAGE} wrong usage or task\n"
    f"  {Exit.SANDBOX} experiments cannot be sandboxed here, nothing was run\n"
    f"  {Exit.INFRASTRUCTURE} the lab, the disk or a language model failed, what was measured is kept\n"
    f"  {Exit.INTERRUPTED} interrupted, {Exit.TERMINATED} terminated: "
    "the same command continues a study, a contest or a recording\n"
)


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends a command as Ctrl-C does, with its own exit code."""


def exit_code(stop: BaseException | None) -> Exit:
    """The exit code of a command that was stopped."""
    return Exit.TERMINATED if isinstance(stop, Terminated) else Exit.INTERRUPTED


def error_json(kind: str, message: str, remedy: str, code: int) -> str:
    """An error as the line of JSON that programs read on standard error."""
    import json  # late: hardly any command has an error

    return json.dumps({"error": {"kind": kind, "message": message, "remedy": remedy, "exit_code": code}})

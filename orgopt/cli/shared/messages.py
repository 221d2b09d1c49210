"""What commands that run teams say beside their results."""

from collections.abc import Mapping, Sequence

from orgopt.basics.addresses import without_passwords
from orgopt.basics.callback import Callback
from orgopt.cli.shared.base import err, out
from orgopt.tasks.task import Task


class Said(Callback):
    """A callback that says on standard error what a person should know."""

    def organization_read(self, line: str, inferred: Sequence[str]) -> None:
        err.print(line, style="dim", markup=False, soft_wrap=True)
        for one in inferred:
            err.print(f"  {one}", style="yellow", markup=False, soft_wrap=True)

    def noted(self, line: str) -> None:
        err.print(without_passwords(line), style="yellow", markup=False, soft_wrap=True)


def say_printed(tasks: Mapping[str, Task]) -> None:
    """Say of which tasks the scores are what their own script prints."""
    for task in tasks.values():
        if task.self_reported:
            text = f"{task.name} is self-reported: its {task.printed} is what its {task.script} prints of itself."
            out.print(text, markup=False)

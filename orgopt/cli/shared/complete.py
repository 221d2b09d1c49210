"""What a shell completes: names of tasks, studies and documents of studies; files are the shell's own."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from orgopt.workspace import find_workspace


def _workspace(ctx: click.Context) -> Path:
    return Path(ctx.params.get("folder") or ctx.params.get("workspace") or find_workspace())


def _studies(ctx: click.Context) -> list[str]:
    from orgopt.api.study_result import study_folders

    return [folder.name for folder in study_folders(_workspace(ctx))]


def tasks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Names of tasks, and files."""
    from orgopt.tasks.source import TASK_KIND, find_tasks

    names = dict.fromkeys([*find_tasks(_workspace(ctx)), *TASK_KIND.names])
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] or [_files(incomplete)]


def studies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Names of studies, the newest first."""
    return [CompletionItem(name) for name in _studies(ctx) if name.startswith(incomplete)]


def results(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Names of studies, contests and runs."""
    folders = (_workspace(ctx) / "mlruns").glob("[rsc]*s/*")
    names = sorted(folder.name for folder in folders if folder.parent.name in {"runs", "studies", "contests"})
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def documents(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Files and folders, as the shell lists them."""
    return [_files(incomplete)]


def documents_of_studies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Documents of studies: `champion@STUDY`, `seed@STUDY`, and candidates once there is an `@`."""
    return [CompletionItem(name) for name in _of_studies(ctx, incomplete) if name.startswith(incomplete)]


def sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Studies, documents of studies once there is an `@`, and files where no study is named so."""
    if "@" in incomplete:
        return documents_of_studies(ctx, param, incomplete)
    return studies(ctx, param, incomplete) or [_files(incomplete)]


def _of_studies(ctx: click.Context, incomplete: str) -> list[str]:
    who = [incomplete.partition("@")[0]] if "@" in incomplete else ["champion", "seed"]
    return [f"{name}@{study}" for name in who for study in _studies(ctx)]


def _files(incomplete: str) -> CompletionItem:
    """What has the shell list files."""
    return CompletionItem(incomplete, type="file")

"""The options that choose a lab and what holds its experiments."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from orgopt.cli.shared.base import Named
from orgopt.lab import LAB_KIND
from orgopt.lab.ray.cluster import ADDRESS
from orgopt.lab.sandbox import choice

F = TypeVar("F", bound=Callable[..., Any])


def _choose(ctx: click.Context, param: click.Parameter, value: str) -> None:  # noqa: ARG001  click's signature
    choice.choose(value)


sandbox_option = click.option(
    "--sandbox",
    type=click.Choice([kind.value for kind in choice.Sandbox]),
    default=choice.Sandbox.BUBBLEWRAP.value,
    show_default=True,
    envvar=choice.CHOICE,
    expose_value=False,
    callback=_choose,
    help="What holds experiments of the local lab: 'process' bounds them and hides nothing from them.",
)


def _join(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001  click's signature
    if value is not None:
        os.environ[ADDRESS] = value


address_option = click.option(
    "--address",
    metavar="ADDRESS",
    envvar=ADDRESS,
    expose_value=False,
    callback=_join,
    help="The cluster of the ray lab: auto, HOST:PORT or ray://HOST:PORT.  [default: one that is started here]",
)


def lab_option(body: F) -> F:
    """The options that choose a lab: `--lab`, `--sandbox` for one that trains, and `--address` of a cluster."""
    lab = click.option(
        "--lab",
        "lab_kind",
        type=Named(LAB_KIND),
        help="Real training on this machine or on a Ray cluster, a replay of the task's recorded or own world in "
        "virtual time, or a package's.  "
        "[default: local; replay for a task without a script]",
    )
    return lab(address_option(sandbox_option(body)))

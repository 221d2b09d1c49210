"""How commands end: exit codes, and errors as one message each."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from orgopt.addresses import without_passwords
from orgopt.called import typed
from orgopt.cli.shared.base import err
from orgopt.cli.shared.missing import without
from orgopt.document.text.program import printable
from orgopt.errors import DocumentError, LabError, ModelError, OrgoptError, SandboxError, StoreError
from orgopt.plugin_faults import naming_packages

P = ParamSpec("P")
T = TypeVar("T")

EXIT_DOCUMENT, EXIT_USAGE, EXIT_SANDBOX, EXIT_INFRASTRUCTURE = 1, 2, 5, 6


def command(body: Callable[P, T]) -> Callable[P, T]:
    """Turn the errors of orgopt into one message and an exit code."""

    @wraps(body)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with typed(), naming_packages():
                return body(*args, **kwargs)
        except (OrgoptError, OSError) as error:
            err.print("error:", style="bold red", end=" ")
            err.print(
                "\n".join(map(printable, without_passwords(str(error)).split("\n"))), markup=False, soft_wrap=True
            )
            code = EXIT_USAGE
            if isinstance(error, DocumentError):
                code = EXIT_DOCUMENT
            elif isinstance(error, SandboxError):
                code = EXIT_SANDBOX
            elif isinstance(error, LabError | ModelError | StoreError | OSError):
                code = EXIT_INFRASTRUCTURE
            raise SystemExit(code) from None
        except ModuleNotFoundError as error:
            if (message := without(error)) is None:
                raise
            err.print("error:", style="bold red", end=" ")
            err.print(message, markup=False, soft_wrap=True)
            raise SystemExit(EXIT_INFRASTRUCTURE) from None

    return guarded

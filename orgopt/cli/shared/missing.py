"""Packages of orgopt's that are not installed: what was asked for needs one, and which to install."""

from importlib import metadata

HEAVY = {
    "cryptography": "cryptography",
    "dspy": "dspy-ai",
    "litellm": "dspy-ai",
    "mcp": "mcp",
    "mlflow": "mlflow",
    "sklearn": "scikit-learn",
    "sqlalchemy": "sqlalchemy",
    "starlette": "starlette",
    "torch": "torch",
    "uvicorn": "uvicorn",
}
"""Modules that a replay does without, and the package that brings each."""


def without(error: ModuleNotFoundError) -> str | None:
    """What to install where a package of orgopt's own is missing; None where it is another's."""
    package = HEAVY.get((error.name or "").split(".")[0])
    if package is None:
        return None
    return f"this needs {package}, which is not installed here: pip install '{_wanted(package)}'"


def _wanted(package: str) -> str:
    """The requirement as orgopt has it; the name alone where orgopt runs without being installed."""
    try:
        wanted = metadata.requires("orgopt") or []
    except metadata.PackageNotFoundError:
        wanted = []
    return next((one.partition(";")[0].strip() for one in wanted if one.startswith(package)), package)

"""What installs orgopt says the same everywhere: its version, and the versions of what it needs."""

import tomllib
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import orgopt
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RENEW = "renew constraints.txt: make clean, make test, make constraints"


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): pinned for name, pinned in found}


def test_the_version_is_one() -> None:
    assert PROJECT["version"] == orgopt.__version__


def test_constraints_keep_to_what_the_project_asks_for() -> None:
    asked = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    for requirement in map(Requirement, asked):
        # Itself; torch's builds have versions of their own, and those with CUDA bring the Triton that they need.
        if requirement.name in {"orgopt", "torch", "triton"}:
            continue
        pinned = pins().get(canonicalize_name(requirement.name))
        assert pinned, f"{requirement.name} has no pin: {RENEW}"
        assert pinned in requirement.specifier, f"{requirement} is pinned to {pinned}: {RENEW}"


def test_constraints_agree_with_each_other() -> None:
    known = pins()
    assert "torch" not in known
    checked = 0
    for name, pinned in known.items():
        try:
            if version(name) != pinned:  # another environment: what its version asks for says nothing of the pin
                continue
        except PackageNotFoundError:
            continue
        for requirement in map(Requirement, requires(name) or ()):
            other = known.get(canonicalize_name(requirement.name))
            if other and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                checked += 1
                assert other in requirement.specifier, f"{name} {pinned} needs {requirement}, not {other}: {RENEW}"
    assert checked or version("pytest") != known["pytest"]

"""JSON Schemas of all that commands print with `--json`, by its kind; a program that reads orgopt can rely on them.

What comes of a dataclass has the schema of that class; the rest is in `printed`. Objects may get more keys in later
versions of orgopt, and lose none within a `schema_version`.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter

from orgopt.api.asking import AskResult
from orgopt.api.printed import boards, documents, machine, results
from orgopt.basics.nearest import did_you_mean
from orgopt.errors import UsageError
from orgopt.evolve.cost_forecast.estimate import Estimate
from orgopt.storage.json_values import SCHEMA_VERSION
from orgopt.study.records.kinds import FinalRecord

Schema = dict[str, Any]

_OF: Mapping[str, type[Any]] = {
    "ask": AskResult,
    "assignment": boards.Assigned,
    "board": boards.Board,
    "bench": results.Bench,
    "check": results.Checked,
    "claim": boards.Shown,
    "checkout": documents.Checkout,
    "compare": results.Compare,
    "diff": documents.Diff,
    "doctor": machine.Doctor,
    "error": machine.Error,
    "estimate": Estimate,
    "export": results.Export,
    "figures": results.Figures,
    "fmt": documents.Fmt,
    "guide": machine.Guide,
    "init": documents.Init,
    "lint": documents.Lint,
    "list": results.Results,
    "removed": results.Removed,
    "skills": results.Skills,
    "status": results.Status,
    "steered": results.Steered,
    "log-verify": machine.LogVerify,
    "mcp": machine.Mcp,
    "models": machine.Models,
    "nodes": machine.Nodes,
    "optimize": results.Study,
    "parting": results.Parted,
    "recording": results.Recording,
    "report": results.ReportPage,
    "rule": documents.Rule,
    "rules": documents.Rules,
    "run": results.Run,
    "served": boards.Served,
    "submitted": boards.Claim,
    "sync": machine.Sync,
    "task": documents.OneTask,
    "tasks": documents.Tasks,
    "templates": documents.Templates,
    "told": results.Told,
    "ui": machine.Ui,
    "verified": boards.Verified,
}
KINDS = tuple(sorted((*_OF, "org")))
"""All kinds of JSON that commands print, and `error`."""


def schema(kind: str) -> Schema:
    """The JSON Schema of a kind of JSON that commands print.

    Args:
        kind: One of `KINDS`.

    Raises:
        UsageError: There is no such kind.
    """
    if kind == "org":
        return json.loads(files("orgopt").joinpath("org.schema.json").read_text("utf-8"))
    if kind not in _OF:
        raise UsageError(f"no kind of JSON '{kind}': {did_you_mean(kind, KINDS)}choose {', '.join(KINDS)}")
    found = _schema_of(_OF[kind])
    if kind == "optimize":
        _add(found, _schema_of(FinalRecord))
    if kind != "error":
        head = {"schema_version": {"const": SCHEMA_VERSION}, "kind": {"const": kind}}
        found["properties"] = {**head, **found["properties"]}
        found["required"] = [*head, *found.get("required", ())]
    title = f"What orgopt prints as '{kind}'"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": title}


def _schema_of(shape: type[Any]) -> Schema:
    """The schema of what is printed of a class: arrays where it has tuples, numbers where it has floats."""
    return TypeAdapter(shape).json_schema(mode="serialization")


def _add(found: Schema, final: Schema) -> None:
    """Let a study have the keys of its final record, which it has once it is done."""
    final["properties"].pop("kind")
    found["properties"] |= final["properties"]
    found.setdefault("$defs", {}).update(final.get("$defs", {}))

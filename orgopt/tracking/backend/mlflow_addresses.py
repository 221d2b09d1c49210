"""Where things are in MLflow's pages: addresses that a note or another page may name. Pure functions."""

from collections.abc import Mapping
from urllib.parse import quote

from orgopt.tracking.shown.saved_view import EVERY

_TRAINING = "workflowType=machine_learning"


def run(experiment: str, run_id: str) -> str:
    """The page of a run, among MLflow's pages of runs and not those of traces."""
    return f"#/experiments/{experiment}/runs/{run_id}?{_TRAINING}"


def artifact(run_page: str, name: str) -> str:
    """An artifact of the run of a page."""
    return _tab(run_page, f"artifacts/{quote(name)}")


def traces(run_page: str) -> str:
    """The traces of the run of a page."""
    return _tab(run_page, "traces")


def _tab(run_page: str, name: str) -> str:
    page, _, query = run_page.partition("?")
    return f"{page}/{name}?{query}"


def charts(experiment: str, key: str) -> str:
    """A view of the experiment, as charts."""
    return f"#/experiments/{experiment}/runs?viewStateShareKey={key}&compareRunsMode=CHART&{_TRAINING}"


def every(experiment: str) -> str:
    """The list of all candidates."""
    return f"#/experiments/{experiment}/runs?viewStateShareKey={EVERY}&{_TRAINING}"


def prompt(experiment: str, name: str) -> str:
    """The versions of a document; `orgopt ui` compares the newest with the one before."""
    return f"#/experiments/{experiment}/prompts/{quote(name)}?orgopt=compare"


def line(ways: Mapping[str, str]) -> str:
    """Ways by what they lead to, as a line of Markdown; those without an address are left out."""
    return " · ".join(f"[{words}]({address})" for words, address in ways.items() if address)


def pictures(run_id: str, *shown: str, between: str = "\n\n") -> str:
    """Pictures among a run's artifacts, as its note shows them: by the address at which MLflow's pages ask for them."""
    return between.join(f"![{name}](get-artifact?path={name}&run_uuid={run_id})" for name in shown)

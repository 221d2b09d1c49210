"""MLflow's server with live pages beside it: `python -m orgopt.live.with_mlflow server …` as `mlflow server …`.

Both have one address, and the same guard against pages of other origins. The workspace is the folder where it runs.
"""

import threading
from pathlib import Path
from typing import Any, cast

from orgopt.live import PREFIX
from orgopt.tracking.own_origin import App, Channel, Scope, mlflow_app, own_pages, serve


def beside(mlflow: App, pages: App) -> App:
    """An application that answers of what is below `/orgopt` with the pages, and else with MLflow's."""

    async def answered(scope: Scope, receive: Channel, send: Channel) -> None:
        path = scope.get("path", "")
        ours = scope["type"] == "http" and (path == PREFIX or path.startswith(f"{PREFIX}/"))
        await (pages if ours else mlflow)(scope, receive, send)

    return answered


def __getattr__(name: str) -> Any:
    """The application, as uvicorn asks for it: MLflow's takes seconds to import."""
    if name != "app":
        raise AttributeError(name)
    from orgopt.live.pages import Pages

    pages = Pages(Path.cwd())
    threading.Thread(target=pages.warm, daemon=True).start()
    return beside(mlflow_app(), own_pages(cast("App", pages.app())))


if __name__ == "__main__":
    serve("orgopt.live.with_mlflow:app")

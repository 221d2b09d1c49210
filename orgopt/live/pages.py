"""The application of pages that follow what runs: an index, a study's or a run's page, and what is new of it.

    /orgopt/                                 all that the workspace keeps
    /orgopt/studies/NAME                     the page; /orgopt/runs/NAME of a run
    /orgopt/studies/NAME/state?since=…       JSON: the sections that are new, and the candidates
    /orgopt/studies/NAME/candidates/17       JSON: the document, chart, scores and curves of one

Names are those of folders that the workspace lists: no word of an address becomes a path.
"""

from contextlib import suppress
from pathlib import Path
from threading import Lock

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from orgopt.api.results import Kept, kept_of, results
from orgopt.basics.markup import Child, h, visible
from orgopt.errors import OrgoptError
from orgopt.live import PLACES, PREFIX, address
from orgopt.live.followed import Followed, FollowedStudy, followed
from orgopt.live.verdicts import Verdicts
from orgopt.report.interval_tables import plain_table
from orgopt.report.shell import policy, shell
from orgopt.study.verdict.brief import Brief
from orgopt.study.wording import date

_KINDS = (
    "A study searches for a better document of a team, a contest compares documents, a run is one team on one seed. "
    "The newest is first; intervals are of 95 % confidence."
)
_SAFE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """The pages of a workspace.

    Args:
        workspace: The folder with its mlruns.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace.resolve()
        self._verdicts = Verdicts()
        self._followed: dict[tuple[str, str], Followed] = {}
        self._lock = Lock()

    def app(self) -> Starlette:
        """The application; whom it answers is decided around it."""
        routes = [
            Route(f"{PREFIX}", self.home),
            Route(f"{PREFIX}/", self.index),
            Route(f"{PREFIX}/{{place}}/{{name}}", self.page),
            Route(f"{PREFIX}/{{place}}/{{name}}/state", self.state),
            Route(f"{PREFIX}/{{place}}/{{name}}/candidates/{{index:int}}", self.candidate),
        ]
        return Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=100_000, compresslevel=1)])

    def warm(self) -> None:
        """Read what was written last, which is most likely what is asked for first."""
        with suppress(OrgoptError, OSError):
            for kept in results(workspace=self.workspace):
                if self._ours(kept):
                    self._followed_of(kept).news("", narrow=False)
                    return

    def home(self, request: Request) -> Response:  # noqa: ARG002  starlette's signature
        """The index, for who leaves out its last sign."""
        return RedirectResponse(f"{PREFIX}/")

    def index(self, request: Request) -> Response:  # noqa: ARG002  starlette's signature
        """All studies, contests and runs, the newest first."""
        kept = [one for one in results(workspace=self.workspace) if self._ours(one)]
        names = ("name", "verdict", "kind", "state", "changed")
        rows = [_row(one, self._verdicts.of(one)) for one in kept]
        table = plain_table("Results", names, rows, look="results")
        title = h("h1", "What this workspace keeps")
        top = h("header", h("p", "orgopt", cls="eyebrow"), title, h("p", _KINDS, cls="about"), id="top")
        empty = h("p", "Nothing yet: orgopt run, or orgopt optimize.")
        return _page(shell("orgopt", {"top": top, "list": table if kept else empty}))

    def page(self, request: Request) -> Response:
        """The page of a study, a contest or a run, which asks for its sections."""
        found = self._find(request)
        try:
            return _page(found.page(), live=True) if found else _missing(request)
        except OrgoptError as error:
            return _refused(error)

    def state(self, request: Request) -> Response:
        """What is new since an answer before."""
        found = self._find(request)
        if found is None:
            return _missing(request)
        asked = request.query_params
        try:
            return JSONResponse(found.news(asked.get("since", ""), narrow=asked.get("narrow") == "1"), headers=_SAFE)
        except OrgoptError as error:
            return _refused(error)

    def candidate(self, request: Request) -> Response:
        """What a page shows of one candidate."""
        found = self._find(request)
        try:
            told = found.candidate(request.path_params["index"]) if isinstance(found, FollowedStudy) else None
        except OrgoptError as error:
            return _refused(error)
        return _missing(request) if told is None else JSONResponse(told, headers=_SAFE)

    def _find(self, request: Request) -> Followed | None:
        place, name = request.path_params["place"], request.path_params["name"]
        kind = PLACES.get(place, "")
        with self._lock:
            known = self._followed.get((kind, name))
        if known is None:
            # Only what the workspace lists: a name is compared, and never a path.
            kept = kept_of(self.workspace, kind, name)
            known = self._followed_of(kept) if kept and self._ours(kept) else None
        return known

    def _followed_of(self, kept: Kept) -> Followed:
        with self._lock:
            if (kept.kind, kept.name) not in self._followed:
                self._followed[kept.kind, kept.name] = followed(kept)
            return self._followed[kept.kind, kept.name]

    def _ours(self, kept: Kept) -> bool:
        """Whether its log really lies in the workspace, links followed."""
        return all(path.resolve().is_relative_to(self.workspace) for path in (kept.folder, kept.log))


def _row(one: Kept, told: Brief) -> list[Child]:
    shown = h("a", visible(one.name), href=address(one.kind, one.name), title=visible(one.name))
    about = h("small", visible(told.about)) if told.about else None
    return [shown, h("span", visible(told.said), about), one.kind, one.state, date(one.changed)]


def _page(text: str, *, live: bool = False) -> Response:
    return HTMLResponse(
        text, headers={**_SAFE, "Content-Security-Policy": f"{policy(live=live)}; frame-ancestors 'none'"}
    )


def _missing(request: Request) -> Response:
    return JSONResponse({"error": f"nothing at {request.url.path}"}, 404, headers=_SAFE)


def _refused(error: OrgoptError) -> Response:
    return JSONResponse({"error": str(error)}, 503, headers=_SAFE)

"""The console under /console: which address is answered by whom."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from importlib import import_module

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from auditing.log.events import Role
from serving.console.desk import Desk
from serving.console.front import Front, Handler
from serving.console.visits import CONSOLE, Reply, Visit
from serving.pages.rendering import STATIC
from serving.refusals import NoSuchPage
from serving.routes.console_board import export_board, show_board
from serving.routes.console_cases import show_case, show_queue
from serving.routes.console_reviews import review, undo

_FILES = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def add_console_routes(app: FastAPI, front: Front, desk: Desk) -> None:
    """Add the console's pages, forms and files."""

    def by(handler: Callable[[Desk, Visit], Reply]) -> Handler:
        return partial(handler, desk)

    front.add(app, "/sign-in", front.sign_in_form, public=True)
    front.add(app, "/sign-in", front.sign_in, method="POST", public=True)
    front.add(app, "/sign-out", front.sign_out, method="POST")
    front.add(app, "/preferences", front.prefer, public=True)
    front.add(app, "", by(show_queue))
    front.add(app, "/cases/{prediction_id}", by(show_case))
    front.add(app, "/cases/{prediction_id}", by(review), method="POST")
    front.add(app, "/cases/{prediction_id}/undo", by(undo), method="POST")
    front.add(app, "/board", by(show_board))
    front.add(app, "/board.csv", by(export_board))
    front.add(app, "/charter", by(_later("charter", "show_charter")))
    front.add(app, "/charter.yaml", by(_later("charter", "export_charter")))
    for path, method, name in (
        ("/charter/edit", "GET", "edit_charter"),
        ("/charter/check", "POST", "check_charter"),
        ("/charter/activate", "POST", "activate_charter"),
        ("/charter/rollback", "POST", "rollback_charter"),
    ):
        front.add(app, path, by(_later("charter", name)), method=method, roles=(Role.LEAD, Role.ADMIN))
    front.add(app, "/report", by(_later("report", "show_report")))
    front.add(app, "/report/cell", by(_later("report", "show_cell")))
    front.add(app, "/report.csv", by(_later("report", "export_csv")))
    front.add(app, "/report.xlsx", by(_later("report", "export_xlsx")))
    front.add(app, "/versions", by(_later("watch", "show_versions")))
    front.add(app, "/accesses", by(_later("watch", "show_accesses")), roles=(Role.LEAD, Role.ADMIN))
    front.add(app, "/versions/reload", by(_later("watch", "reload")), method="POST", roles=(Role.ADMIN,))

    async def file(name: str, request: Request) -> Response:
        if name not in _FILES:
            raise NoSuchPage
        del request
        headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
        return FileResponse(STATIC / name, media_type=_FILES[name], headers=headers)

    async def home() -> Response:
        return RedirectResponse(CONSOLE, HTTPStatus.SEE_OTHER)

    app.add_api_route(f"{CONSOLE}/static/{{name}}", file, include_in_schema=False, response_class=Response)
    # people type the address of the service alone
    app.add_api_route("/", home, include_in_schema=False, response_class=Response)
    app.add_api_route(f"{CONSOLE}/", home, include_in_schema=False, response_class=Response)
    front.add(app, "/{rest:path}", _nowhere)


def _later(module: str, name: str) -> Callable[[Desk, Visit], Reply]:
    """Give a handler that is imported when it is first asked: statistics take seconds, and no start waits for them."""

    def handler(desk: Desk, visit: Visit) -> Reply:
        found: Callable[[Desk, Visit], Reply] = getattr(import_module(f"serving.routes.console_{module}"), name)
        return found(desk, visit)

    return handler


def _nowhere(visit: Visit) -> Reply:
    del visit
    raise NoSuchPage

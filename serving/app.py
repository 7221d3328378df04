"""The application: parts that are passed in, put together behind HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from auditing.charters.book import CharterBook
from auditing.discretion import where
from auditing.errors import StoreUnavailable
from auditing.log.accesses import AccessLog
from auditing.log.history import EventLog
from auditing.people.accounts import People
from auditing.people.keys import KeyRing
from auditing.people.passwords import Passwords
from auditing.people.sessions import Sessions
from models.history import Change
from serving.access import Gate
from serving.beside.background import keeping_up
from serving.beside.challenger import Challenger
from serving.beside.charter_following import CharterFollower
from serving.beside.following import Follower
from serving.beside.keeper import Keeper
from serving.beside.watch import Watch
from serving.colours import look_of
from serving.console.desk import Desk
from serving.console.front import Front
from serving.http.edge import REQUEST_ID, Edge, Edged
from serving.http.laned import LanedApp
from serving.http.lanes import Lanes
from serving.http.problems import KINDS
from serving.http.replies import Problems
from serving.metrics import Metrics
from serving.pages.rendering import Renderer
from serving.refusals import BadRequest, NoSuchPage, Refusal, WrongMethod
from serving.routes.console import add_console_routes
from serving.routes.health import add_health_routes
from serving.routes.models import add_model_routes
from serving.routes.outcomes import add_outcome_routes
from serving.routes.predict import BATCH, add_predict_routes
from serving.routes.resolution import add_resolution_routes
from serving.service import TriageService, TriageSource
from serving.settings import Settings

if TYPE_CHECKING:
    from serving.beside.notices import Notices

_log = logging.getLogger(__name__)

LoadModel = Callable[[], TriageSource]
"""Finds and loads the version to serve, blocking; raises an exception that says why where there is none."""

_OWN_PACKAGES = {"features", "models", "auditing", "serving"}


def create_app(
    settings: Settings,
    *,
    service: TriageService,
    keys: KeyRing | None,
    metrics: Metrics,
    load_model: LoadModel | None = None,
    follower: Follower | None = None,
    challenger: Challenger | None = None,
    changes: Callable[[], Sequence[Change]] | None = None,
) -> FastAPI:
    """Put the application together; nothing runs before its lifespan begins.

    `keys` None lets everyone in, which `settings` allows on loopback only. `load_model` is asked when the service
    starts, and again until it gives a model; one of several workers listens only after the first attempt. Without
    `load_model` the caller swaps a model into `service`. `follower` looks after the alias while the service runs, and at
    once where POST /v1/models/reload asks for it. `challenger` is asked beside the live model, after the answers.
    `changes` lists those of the champion, for the console.

    Raises:
        ValueError: keys are required, and there are none.

    """
    if settings.require_keys and keys is None:
        raise ValueError("settings require keys: pass a KeyRing")
    events, accesses = EventLog(service.log.engine), AccessLog(service.log.engine)
    gate = Gate(keys if settings.require_keys else None)
    problems = Problems(metrics, model_retry=settings.model_retry_seconds)
    digest_key, passwords = service.log.identifier.key, Passwords()
    keeper = Keeper(service.log.engine, digest_key, settings.audit_sample_rate, service)
    look = look_of(settings.board_colours, settings.board_names, frozenset(settings.board_in_hand))
    charters = CharterFollower(service, CharterBook(service.log.engine), metrics)
    people = People(service.log.engine, passwords)
    desk = Desk(service, events, accesses, people, keeper, follower, challenger, changes, look, charters)
    lock = settings.home / f"{settings.model_name}.watch.lock"
    watch = Watch(
        keeper,
        follower,
        metrics,
        lock,
        every=settings.watch_seconds,
        floor=settings.accuracy_floor,
        notices=_notices(settings),
    )
    front = Front(
        Sessions(service.log.engine, passwords, digest_key),
        accesses,
        Renderer(),
        problems,
        secure=settings.has_secure_cookies,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.log.prepare)
        await asyncio.to_thread(charters.look)
        loading = None
        if load_model is not None:
            tried = asyncio.Event()
            loading = asyncio.create_task(
                _keep_loading(service, metrics, load_model, settings.model_retry_seconds, tried)
            )
            if settings.workers > 1:
                # /readyz speaks for one worker, and the next request may come to another: none listens before its model,
                # nor before the process that writes its part of the case log
                await tried.wait()
                with suppress(StoreUnavailable):
                    await asyncio.to_thread(service.log.probe)
        try:
            async with keeping_up(follower, charters, challenger, watch, loading, settings.reload_seconds):
                yield
        finally:
            if loading is not None:
                loading.cancel()
                with suppress(asyncio.CancelledError):
                    await loading
            for part in (front, keeper, events):
                await asyncio.to_thread(part.close)
            await asyncio.to_thread(service.log.close)
            metrics.settle()

    app = LanedApp(
        title="paidan",
        summary="投诉智能派单 | complaint triage",
        lifespan=lifespan,
        # their pages load scripts from elsewhere, and government networks are closed; /openapi.json stays
        docs_url=None,
        redoc_url=None,
        # a redirected POST loses its problem+json, and often its body
        redirect_slashes=False,
        # it would send the messages of exceptions, and with them complaints, to whatever collector is configured
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    lanes = Lanes()
    edge = Edge(metrics, problems, limit=settings.max_body_bytes, limits={BATCH: settings.max_batch_body_bytes})
    app.add_middleware(Edged, edge=edge)
    app.open_lanes(lanes, edge)
    _answer_errors(app, problems)
    add_predict_routes(app, lanes, service, gate, accesses)
    add_outcome_routes(app, events, gate)
    add_resolution_routes(app, service, gate)
    add_model_routes(app, service, gate, follower, challenger, charters)
    add_health_routes(app, service, metrics)
    add_console_routes(app, front, desk)
    return app


def _notices(settings: Settings) -> "Notices | None":
    if settings.webhook_url is None:
        return None
    # who has no webhook needs no client
    from serving.beside.notices import Notices  # noqa: PLC0415
    from serving.beside.webhook import Webhook  # noqa: PLC0415

    address = str(settings.webhook_url.get_secret_value())
    return Notices(Webhook(address), settings.home / f"{settings.model_name}.incidents.json")


def _answer_errors(app: FastAPI, problems: Problems) -> None:
    # asynchronous, or each would be sent to a thread
    async def answer(request: Request, error: Exception) -> Response:
        return problems.answer(error, request.scope[REQUEST_ID])

    async def answer_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return await answer(request, _refusal(error))

    async def answer_validation(request: Request, error: Exception) -> Response:
        del error
        return await answer(request, BadRequest())

    for kind in KINDS:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, answer_validation)


def _refusal(error: HTTPException) -> Refusal:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NoSuchPage()
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return WrongMethod((error.headers or {}).get("Allow", ""))
    return BadRequest()


async def _keep_loading(
    service: TriageService, metrics: Metrics, load: LoadModel, every: float, tried: asyncio.Event
) -> None:
    while True:
        try:
            model = await asyncio.to_thread(load)
            before = await asyncio.to_thread(service.swap, model)
        except Exception as error:  # noqa: BLE001 - whatever keeps the model away, the service waits for one
            # our own errors are written for operators; others may quote what they were given
            own = type(error).__module__.partition(".")[0] in _OWN_PACKAGES
            _log.warning(
                "模型未能加载，%g 秒后重试 | no model yet, retry in %g s: %s",
                every,
                every,
                error if own else where(error),
            )
            tried.set()
            await asyncio.sleep(every)
        else:
            metrics.show_model(model.version, before.model.version if before else None)
            tried.set()
            _log.info("模型就绪 | model ready: %s %s", model.version.name, model.version.version)
            return

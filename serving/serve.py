"""Run the service: settings in, a listening server out."""

import gc
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from auditing.log.caselog import CaseLog
from auditing.log.identity import Identifier, load_or_create_key
from auditing.people.keys import KeyRing
from auditing.reruns.shadows import ShadowLog
from auditing.store.database import open_engine
from models.history import Change
from models.prediction import ModelVersion
from serving.app import create_app
from serving.beside.challenger import Challenger
from serving.beside.following import Follower
from serving.http.one_write import OneWriteProtocol
from serving.metrics import SHARED_DIRECTORY, Metrics
from serving.service import TriageService, TriageSource
from serving.settings import Settings

Loader = Callable[[Settings], TriageSource]
"""Finds and loads the version that the settings name. With several workers it must be a module's function."""


@dataclass(frozen=True, slots=True)
class Aliases:
    """How a running service follows aliases: `find` tells which version one names now, `load` loads and verifies it.

    `changes` lists who made which version the champion, and why, oldest first. All block, and raise an exception that
    says why where they cannot. With several workers they must be a module's functions.
    """

    find: Callable[[Settings, str], ModelVersion]
    load: Callable[[Settings, str], TriageSource]
    changes: Callable[[Settings], Sequence[Change]]


_GC_THRESHOLD = (10_000, 20, 50)
"""Requests leave little garbage in cycles; the usual 700 would have it looked for every few requests."""

_SWITCH_SECONDS = 0.0005
"""How long a thread waits before it asks for the interpreter. A batch takes it in a thread of its own: at the usual 5 ms
it has the others wait for longer than a request takes."""

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False}
        for name in ("uvicorn.error", "serving", "auditing", "models")
    },
}


def build_app(settings: Settings, load_model: Loader, aliases: Aliases | None = None) -> FastAPI:
    """Build the application that `settings` describe, with its own connections to the case log.

    With `aliases` it follows that of the settings while it runs, and asks the challenger beside the live model.

    Raises:
        StoreUnsuitable, DigestKeyUnusable: each names the way out.

    """
    metrics = Metrics()
    engine = open_engine(settings.caselog_url, busy_timeout=settings.busy_timeout_seconds)
    log = CaseLog(
        engine,
        Identifier(load_or_create_key(settings.digest_key_path)),
        on_group=metrics.count_group,
        on_trouble=metrics.count_store_error,
        # Windows' event loop watches no sockets that it did not make
        apart=None if sys.platform == "win32" else settings.busy_timeout_seconds,
    )
    service = TriageService(log, on_answer=metrics.count_answer)
    load = partial(load_model, settings)
    find = challenger = None
    if aliases is not None:
        find = partial(aliases.find, settings, settings.model_alias)
        if settings.shadow_alias:
            challenger = Challenger(
                ShadowLog(engine),
                partial(aliases.find, settings, settings.shadow_alias),
                partial(aliases.load, settings, settings.shadow_alias),
                service,
                metrics,
                settings.home / f"{settings.model_name}.shadow.lock",
            )
    return create_app(
        settings,
        service=service,
        keys=KeyRing(engine, remember=settings.key_memory_seconds) if settings.require_keys else None,
        metrics=metrics,
        load_model=load,
        follower=Follower(service, load, find, metrics),
        challenger=challenger,
        changes=partial(aliases.changes, settings) if aliases else None,
    )


def _load_for_good(load_model: Loader, settings: Settings) -> TriageSource:
    model = load_model(settings)
    # what is loaded stays: to look for garbage in it again and again would hold up requests
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    return model


def _build_in_process(settings: Settings, load_model: Loader, aliases: Aliases | None) -> FastAPI:
    sys.setswitchinterval(_SWITCH_SECONDS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # a worker whose parent was killed would go on holding the port, and nobody could stop or replace it
        threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    return build_app(settings, partial(_load_for_good, load_model), aliases)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def configuration(settings: Settings, load_model: Loader, aliases: Aliases | None = None) -> uvicorn.Config:
    """Configure the server: the quickest parser and loop there are, and no access log, which would name clients."""
    return uvicorn.Config(
        # a partial, not an import string: it reaches the workers with the settings inside
        partial(_build_in_process, settings, load_model, aliases),
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=OneWriteProtocol,
        loop="auto" if sys.platform == "win32" else "uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # longer than the idle time of common load balancers, so that they close first
        timeout_keep_alive=75,
        timeout_graceful_shutdown=30,
        # on a busy machine a worker imports for longer than the usual five seconds, and would be killed for it
        timeout_worker_healthcheck=60,
        log_config=_LOGGING,
    )


def run(settings: Settings, load_model: Loader, aliases: Aliases | None = None) -> int:
    """Serve until the process is told to stop, finish what was begun, and give the exit status.

    `aliases`: see `build_app`.

    Raises:
        StoreUnsuitable, StoreUnavailable, DigestKeyUnusable: the case log cannot be kept; each names the way out.

    """
    # before the server starts, whose own report of such an error is a long trace
    CaseLog.open(settings.caselog_url, settings.digest_key_path, busy_timeout=settings.busy_timeout_seconds).close()
    config = configuration(settings, load_model, aliases)
    if settings.workers == 1:
        server = uvicorn.Server(config)
        server.run()
        return 0 if server.started else 3
    with tempfile.TemporaryDirectory(prefix="paidan-metrics-") as shared:
        # read by prometheus-client when the workers import it
        os.environ[SHARED_DIRECTORY] = shared
        try:
            Multiprocess(config, sockets=[config.bind_socket()]).run()
        finally:
            del os.environ[SHARED_DIRECTORY]
    return 0

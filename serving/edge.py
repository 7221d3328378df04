"""The outermost layer of the application, pure ASGI: names requests, bounds bodies, counts, and lets no trace out."""

import re
import secrets
from collections.abc import Mapping
from itertools import count
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.lanes import Lanes
from serving.metrics import UNMATCHED, Metrics
from serving.refusals import BodyTooLarge
from serving.replies import Problems

REQUEST_ID = "paidan.request_id"
"""Where the name of a request is in its scope."""

CLIENT_GONE = 499
"""The status that is counted where the client hung up before its answer."""

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    """Wraps `app`. `limits` are the largest bodies in bytes of single paths, `limit` that of all others.

    A POST to a path in `lanes` does not go through `app` but straight to its endpoint.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        problems: Problems,
        limit: int,
        limits: Mapping[str, int],
        lanes: Lanes,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._problems = problems
        self._lanes = lanes
        self._limit = limit
        self._limits = limits
        # unique without a random number per request
        self._prefix = secrets.token_hex(4)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connections pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _GIVEN_ID.fullmatch(given) else f"{self._prefix}-{next(self._numbers):x}"
        scope[REQUEST_ID] = request_id
        path = scope["path"]
        exchange = _Exchange(receive, send, request_id, self._limits.get(path, self._limit))
        lane = self._lanes.get(path) if scope["method"] == "POST" else None
        try:
            exchange.check_announced(headers.get(b"content-length", b""))
            if lane is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                response = await lane(Request(scope, exchange.receive))
                await response(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            # nobody is left to answer
            exchange.status = exchange.status or CLIENT_GONE
        except Exception as error:  # noqa: BLE001
            # an answer that has begun cannot be taken back; the server closes the connection on it
            if not exchange.status:
                await self._problems.answer(error, request_id)(scope, receive, exchange.send)
        finally:
            route = path if lane else getattr(scope.get("route"), "path_format", UNMATCHED)
            self._metrics.count_request(route, exchange.status, perf_counter() - started)


class _Exchange:
    """One request and its answer on their way through."""

    __slots__ = ("_limit", "_receive", "_received", "_request_id", "_send", "status")

    def __init__(self, receive: Receive, send: Send, request_id: str, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._limit = limit
        self._received = 0
        self.status = 0
        """Status of the answer, 0 before it has begun."""

    def check_announced(self, length: bytes) -> None:
        """Refuse a body by its announced length, which costs less than to read it."""
        # more digits than any limit has would only be slow to read
        if length.isdigit() and int(length[:20]) > self._limit:
            raise BodyTooLarge(self._limit)

    async def receive(self) -> Message:
        """Pass on a part of the body; parts are counted, since a chunked body announces no length."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise BodyTooLarge(self._limit)
        return message

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer, with the name of the request."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"].append((b"x-request-id", self._request_id.encode()))
        await self._send(message)

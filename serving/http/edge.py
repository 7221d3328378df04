"""The outermost layer of the application, pure ASGI: names requests, bounds bodies, counts, and lets no trace out."""

import re
import secrets
from collections.abc import Mapping
from itertools import count
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.lanes import Endpoint
from serving.http.one_write import AT_ONCE, AtOnce
from serving.http.replies import JsonReply, Problems
from serving.metrics import UNMATCHED, Metrics
from serving.refusals import BodyTooLarge

REQUEST_ID = "paidan.request_id"
"""Where the name of a request is in its scope."""

HEADERS = "paidan.headers"
"""Where the headers of a request are by their names."""

EXCHANGE = "paidan.exchange"
"""Where the `Exchange` of a request is."""

CLIENT_GONE = 499
"""The status that is counted where the client hung up before its answer."""

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    """What is done with every request. `limits` are the largest bodies in bytes of single paths, `limit` of all others."""

    def __init__(self, metrics: Metrics, problems: Problems, *, limit: int, limits: Mapping[str, int]) -> None:
        self._metrics = metrics
        self._problems = problems
        self._limit = limit
        self._limits = limits
        # unique without a random number per request
        self._prefix = secrets.token_hex(4)
        self._numbers = count(1)

    async def serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        app: ASGIApp | None = None,
        lane: Endpoint | None = None,
    ) -> None:
        """Serve one request: by the endpoint `lane`, or by `app`."""
        started = perf_counter()
        headers = scope[HEADERS] = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        if given is not None and _GIVEN_ID.fullmatch(given):
            request_id = given.decode()
        else:
            request_id = f"{self._prefix}-{next(self._numbers):x}"
        scope[REQUEST_ID] = request_id
        path = scope["path"]
        limit = self._limits.get(path, self._limit)
        # taken out, as the exchange is in the end: a request that can be reached from its own scope is left to the collector
        # of garbage, which holds up all others when it comes
        exchange = scope[EXCHANGE] = Exchange(receive, send, request_id, limit, scope.pop(AT_ONCE, None))
        try:
            if b"content-length" in headers:
                exchange.check_announced(headers[b"content-length"])
            if lane is not None:
                response = await lane(Request(scope, exchange.receive))
                if not exchange.answer(response):
                    await response(scope, exchange.receive, exchange.send)
            elif app is not None:
                await app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            # nobody is left to answer
            exchange.status = exchange.status or CLIENT_GONE
        except Exception as error:  # noqa: BLE001
            # an answer that has begun cannot be taken back; the server closes the connection on it
            if not exchange.status:
                await self._problems.answer(error, request_id)(scope, receive, exchange.send)
        finally:
            del scope[EXCHANGE]
            route = path if lane else getattr(scope.get("route"), "path_format", UNMATCHED)
            self._metrics.count_request(route, exchange.status, perf_counter() - started)


class Edged:
    """The outermost layer of `app`, for all that does not go past it."""

    def __init__(self, app: ASGIApp, *, edge: Edge) -> None:
        self._app = app
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connections pass through."""
        if scope["type"] == "http":
            await self._edge.serve(scope, receive, send, app=self._app)
        else:
            await self._app(scope, receive, send)


class Exchange:
    """One request and its answer on their way through."""

    __slots__ = ("_at_once", "_limit", "_receive", "_received", "_request_id", "_send", "status")

    def __init__(self, receive: Receive, send: Send, request_id: str, limit: int, at_once: AtOnce | None) -> None:
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._limit = limit
        self._at_once = at_once
        self._received = 0
        self.status = 0
        """Status of the answer, 0 before it has begun."""

    def check_announced(self, length: bytes) -> None:
        """Refuse a body by its announced length, which costs less than to read it."""
        # more digits than any limit has would only be slow to read
        if length.isdigit() and int(length[:20]) > self._limit:
            raise BodyTooLarge(self._limit)

    def body(self) -> bytes | None:
        """Give the body, where it is here; else it has to be received. Raises BodyTooLarge."""
        body = self._at_once.body() if self._at_once is not None else None
        if body is not None and len(body) > self._limit:
            raise BodyTooLarge(self._limit)
        return body

    def answer(self, response: Response) -> bool:
        """Give the whole answer, whether that could be done."""
        if self._at_once is None or not isinstance(response, JsonReply):
            return False
        headers = response.raw_headers
        headers.append((b"x-request-id", self._request_id.encode()))
        if self._at_once.answer(response.status_code, headers, bytes(response.body)):
            self.status = response.status_code
            return True
        headers.pop()
        return False

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

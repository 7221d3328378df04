"""Routes that are served by hand and documented by FastAPI.

FastAPI reads, validates and writes bodies for its routes, at two thirds of the cost of a request. A hand-served route
is registered, matched and described in /openapi.json like any other, but its endpoint gets the request as it came.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class HandRoute(APIRoute):
    """A route whose endpoint takes the request and gives the response, with nothing in between."""

    def __init__(self, path: str, endpoint: Endpoint, **documentation: Any) -> None:
        super().__init__(path, endpoint, **documentation)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = serve


def serve_by_hand(
    app: FastAPI,
    path: str,
    endpoint: Endpoint,
    *,
    body: dict[str, Any],
    **documentation: Any,
) -> None:
    """Add POST `path` to `app`; `body` is the JSON schema of what it takes, `documentation` as FastAPI knows it."""
    app.router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        route_class_override=HandRoute,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}},
        **documentation,
    )

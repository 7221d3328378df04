"""Short cuts for the busy routes: served by hand, documented by FastAPI.

FastAPI reads, validates and writes bodies for its routes, and finds them among all others, at two thirds of the cost of
a request. A route in the short cuts is registered, matched against other methods and described in /openapi.json like
any other, but a POST to its path goes from the edge of the application straight to its endpoint.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

Endpoint = Callable[[Request], Awaitable[Response]]
"""Takes a request as it came and gives the response."""

Lanes = dict[str, Endpoint]
"""Path to endpoint, for POST."""


def serve_by_hand(
    app: FastAPI, lanes: Lanes, path: str, endpoint: Endpoint, *, body: dict[str, Any], **documentation: Any
) -> None:
    """Add POST `path` to `app` and to `lanes`; `body` is the JSON schema of what it takes.

    `documentation` is what FastAPI says of a route: response_model, responses, summary, tags.
    """
    lanes[path] = endpoint
    app.router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}},
        **documentation,
    )

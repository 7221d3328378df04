"""The application with its short cuts: a POST to a busy route goes past what FastAPI wraps around all routes."""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from serving.http.edge import Edge
from serving.http.lanes import Lanes


class LanedApp(FastAPI):
    """FastAPI, of which a POST to a path in the lanes goes straight to the edge and to its endpoint."""

    def open_lanes(self, lanes: Lanes, edge: Edge) -> None:
        """Serve `lanes` over `edge` from now on."""
        self._lanes = lanes
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        if scope["type"] == "http" and scope["method"] == "POST" and (lane := self._lanes.get(scope["path"])):
            await self._edge.serve(scope, receive, send, lane=lane)
        else:
            await super().__call__(scope, receive, send)

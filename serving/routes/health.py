"""GET /livez, /readyz, /metrics: for load balancers and monitors, which hold no keys. Nothing here is personal."""

import asyncio

from fastapi import FastAPI, Response

from auditing.errors import StoreUnavailable
from serving.bodies.schemas import Health
from serving.http.problems import documented
from serving.http.replies import JsonReply
from serving.metrics import MEDIA_TYPE, Metrics
from serving.refusals import NoCharter, NoModel
from serving.service import TriageService


def add_health_routes(app: FastAPI, service: TriageService, metrics: Metrics) -> None:
    """Add the routes that tell how the service is."""

    async def livez() -> Response:
        return JsonReply(b'{"status":"alive"}')

    async def readyz() -> Response:
        if service.charter is None:
            raise NoCharter
        if service.live is None:
            raise NoModel
        # after a failure no request may come for a while to find out that the store is back: ask it here
        if service.log.troubled:
            await asyncio.to_thread(service.log.probe)
        return JsonReply(b'{"status":"ready"}')

    async def figures() -> Response:
        return Response(await asyncio.to_thread(metrics.expose), media_type=MEDIA_TYPE)

    app.get("/livez", response_model=Health, responses=documented(), summary="The process runs", tags=["health"])(livez)
    app.get(
        "/readyz",
        response_model=Health,
        responses=documented(NoModel, NoCharter, StoreUnavailable),
        summary="A model is warm, the charter in force is read, and the case log takes records",
        tags=["health"],
    )(readyz)
    app.get("/metrics", response_class=Response, summary="Figures for Prometheus", tags=["health"])(figures)

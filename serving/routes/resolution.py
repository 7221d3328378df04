"""POST /v1/route: who is responsible, how urgent it is and by when, without a model."""

import orjson
from fastapi import FastAPI, Request, Response

from auditing.errors import StoreUnavailable
from auditing.log.resolved import resolved
from auditing.people.keys import Scope
from serving.access import DOCUMENTED, Gate
from serving.bodies.intake import read_asked
from serving.bodies.schemas_route import RouteRequest, RouteResponse
from serving.http.problems import documented
from serving.http.replies import JsonReply
from serving.refusals import (
    BodyTooLarge,
    Forbidden,
    NoCharter,
    SchemaInvalid,
    TextTooLong,
    Unauthenticated,
    UnknownDomain,
    UnknownPlace,
    UnsupportedBody,
)
from serving.routes.predict import read_json
from serving.service import TriageService

ROUTE = "/v1/route"


def add_resolution_routes(app: FastAPI, service: TriageService, gate: Gate) -> None:
    """Add the route that resolves by the charter in force alone. Nothing is recorded."""

    async def route(request: Request) -> Response:
        await gate.admit(request.scope, Scope.PREDICT)
        asked = read_asked(await read_json(request))
        return JsonReply(orjson.dumps(resolved(service.route(asked)) | {"warnings": asked.warnings}))

    app.post(
        ROUTE,
        response_model=RouteResponse,
        responses=documented(
            UnknownDomain,
            UnknownPlace,
            SchemaInvalid,
            TextTooLong,
            BodyTooLarge,
            UnsupportedBody,
            Unauthenticated,
            Forbidden,
            NoCharter,
            StoreUnavailable,
        ),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": RouteRequest.model_json_schema()}},
            }
        },
        dependencies=DOCUMENTED,
        summary="The responsible office by the charter alone, of a domain and a place that are known",
        tags=["predict"],
    )(route)

"""GET /v1/models."""

import orjson
from fastapi import FastAPI, Request, Response

from auditing.errors import StoreUnavailable
from auditing.keys import Scope
from serving.access import DOCUMENTED, Gate
from serving.problems import documented
from serving.refusals import Forbidden, Unauthenticated
from serving.replies import JsonReply
from serving.schemas import ModelsResponse
from serving.service import TriageService


def add_model_routes(app: FastAPI, service: TriageService, gate: Gate) -> None:
    """Add the route that tells which model version answers."""

    async def models(request: Request) -> Response:
        await gate.admit(request.scope, Scope.PREDICT)
        live = service.live
        cards = []
        if live is not None:
            version = live.model.version
            cards.append(
                {
                    "name": version.name,
                    "version": version.version,
                    "targets": live.model.targets,
                    "live": True,
                    "loaded_at": live.loaded_at,
                }
            )
        return JsonReply(orjson.dumps({"models": cards}))

    app.get(
        "/v1/models",
        response_model=ModelsResponse,
        responses=documented(Unauthenticated, Forbidden, StoreUnavailable),
        dependencies=DOCUMENTED,
        summary="The model versions that answer",
        tags=["models"],
    )(models)

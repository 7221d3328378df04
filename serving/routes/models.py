"""GET /v1/models, POST /v1/models/reload, GET /v1/models/challenger."""

import asyncio
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from auditing.errors import StoreUnavailable
from auditing.people.keys import Scope
from auditing.reruns.shadows import ShadowLog
from serving.access import DOCUMENTED, Gate
from serving.beside.challenger import Challenger
from serving.beside.charter_following import CharterFollower
from serving.beside.following import Follower, State
from serving.bodies.schemas import ChallengerResponse, ModelsResponse
from serving.http.problems import documented
from serving.http.replies import JsonReply
from serving.refusals import Forbidden, NoModel, RegistryAway, Unauthenticated, VersionRefused
from serving.service import TriageService

MODELS = "/v1/models"
RELOAD = "/v1/models/reload"
CHALLENGER = "/v1/models/challenger"


def add_model_routes(
    app: FastAPI,
    service: TriageService,
    gate: Gate,
    follower: Follower | None,
    challenger: Challenger | None,
    charters: CharterFollower,
) -> None:
    """Add the routes that tell which model and charter answer, and that have the service look after both now."""

    def said() -> Response:
        return JsonReply(orjson.dumps(_said(service, follower, challenger)))

    async def models(request: Request) -> Response:
        await gate.admit(request.scope, Scope.PREDICT)
        return said()

    async def reload(request: Request) -> Response:
        await gate.admit(request.scope, Scope.ADMIN)
        if follower is None:
            raise NoModel
        await asyncio.to_thread(charters.look)
        found = await asyncio.to_thread(follower.look, anew=True)
        live = service.live.model.version.version if service.live else None
        if found.state is State.REFUSED:
            raise VersionRefused(found.version, live)
        if found.state is State.REGISTRY_AWAY:
            raise RegistryAway(live)
        return said()

    shadows = ShadowLog(service.log.engine)

    async def beside(request: Request) -> Response:
        await gate.admit(request.scope, Scope.REVIEW)
        return JsonReply(orjson.dumps(await asyncio.to_thread(_beside, shadows)))

    app.get(
        MODELS,
        response_model=ModelsResponse,
        responses=documented(Unauthenticated, Forbidden, StoreUnavailable),
        dependencies=DOCUMENTED,
        summary="The model version and the charter that answer",
        tags=["models"],
    )(models)
    app.post(
        RELOAD,
        response_model=ModelsResponse,
        responses=documented(VersionRefused, RegistryAway, NoModel, Unauthenticated, Forbidden, StoreUnavailable),
        dependencies=DOCUMENTED,
        summary="Look after alias and charter now; other workers follow at their next look",
        tags=["models"],
    )(reload)
    app.get(
        CHALLENGER,
        response_model=ChallengerResponse,
        responses=documented(Unauthenticated, Forbidden, StoreUnavailable),
        dependencies=DOCUMENTED,
        summary="What the challenger says beside the live model, and which of the two was right",
        tags=["models"],
    )(beside)


def _beside(shadows: ShadowLog) -> dict[str, Any]:
    version = next(iter(shadows.challengers()), None)
    if version is None:
        return {"challenger": None, "heads": [], "disagreements": []}
    return {
        "challenger": version,
        "heads": [{"target": each.target} | each.to_dict() for each in shadows.standing(version)],
        "disagreements": shadows.disagreements(version),
    }


def _said(service: TriageService, follower: Follower | None, challenger: Challenger | None) -> dict[str, Any]:
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
    return {
        "models": cards,
        "following": follower.following if follower else None,
        "challenger": challenger.version if challenger else None,
        "charter": _charter(service),
    }


def _charter(service: TriageService) -> dict[str, Any] | None:
    live = service.charter
    if live is None:
        return None
    version = live.resolver.version
    return {"name": version.name, "version": version.version, "loaded_at": live.loaded_at}

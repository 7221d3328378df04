"""POST /v1/predictions/{prediction_id}/outcome."""

import asyncio
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request, Response

from auditing.errors import (
    MayNotForward,
    ReasonIncomplete,
    ReasonMissing,
    StoreUnavailable,
    UnknownPrediction,
    UnknownReason,
)
from auditing.log.events import excluded_offices, is_hard_case
from auditing.log.history import EventLog
from auditing.people.keys import Scope
from serving.access import DOCUMENTED, Gate
from serving.bodies.outcome import OutcomeRequest, OutcomeResponse, read_outcome
from serving.http.problems import documented
from serving.http.replies import JsonReply
from serving.refusals import BodyTooLarge, Forbidden, SchemaInvalid, Unauthenticated, UnsupportedBody
from serving.routes.predict import read_json

OUTCOME = "/v1/predictions/{prediction_id}/outcome"


def add_outcome_routes(app: FastAPI, events: EventLog, gate: Gate) -> None:
    """Add the route by which intake systems tell what became of a ticket."""

    async def outcome(prediction_id: str, request: Request) -> Response:
        who = await gate.admit(request.scope, Scope.OUTCOME)
        told = read_outcome(prediction_id, await read_json(request))
        event, repeated = await events.submit(told.outcome, who)
        history = await asyncio.to_thread(events.of_ticket, event.ticket)
        answer = {
            "prediction_id": prediction_id,
            "event": event.seq,
            "status": event.status,
            "repeated": repeated,
            "not_again": excluded_offices(history),
            "hard_case": is_hard_case(history),
            "warnings": told.warnings,
        }
        return JsonReply(orjson.dumps(answer), HTTPStatus.OK if repeated else HTTPStatus.CREATED)

    responses = documented(
        ReasonMissing,
        UnknownReason,
        ReasonIncomplete,
        MayNotForward,
        SchemaInvalid,
        UnknownPrediction,
        BodyTooLarge,
        UnsupportedBody,
        Unauthenticated,
        Forbidden,
        StoreUnavailable,
    )
    responses[HTTPStatus.OK.value] = {"description": "It was known before", "model": OutcomeResponse}
    app.post(
        OUTCOME,
        response_model=OutcomeResponse,
        status_code=HTTPStatus.CREATED,
        responses=responses,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": OutcomeRequest.model_json_schema()}},
            }
        },
        dependencies=DOCUMENTED,
        summary="What became of a prediction: accepted, returned, rerouted, closed",
        tags=["outcomes"],
    )(outcome)

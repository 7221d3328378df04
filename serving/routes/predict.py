"""POST /v1/predict, POST /v1/predict/batch, GET /v1/predictions/{prediction_id}."""

import asyncio
from collections.abc import Sequence

import orjson
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from auditing.errors import StoreUnavailable, TextRemoved, TicketReturned, UnknownPrediction
from auditing.log.accesses import AccessLog, Action
from auditing.log.identity import ID_LENGTH
from auditing.log.records import Recorded, StoredPrediction
from auditing.people.keys import Scope
from serving.access import DOCUMENTED, Gate
from serving.bodies.intake import Intake, read_many, read_one
from serving.bodies.schemas import (
    MAX_BATCH_ITEMS,
    BatchResponse,
    PredictionRecord,
    PredictRequest,
    PredictResponse,
)
from serving.http.edge import EXCHANGE, HEADERS, REQUEST_ID, Exchange
from serving.http.lanes import Lanes, serve_by_hand
from serving.http.problems import describe, documented
from serving.http.replies import JsonReply
from serving.refusals import (
    BodyTooLarge,
    EmptyText,
    Forbidden,
    NoCharter,
    NoModel,
    Refusal,
    SchemaInvalid,
    TextTooLong,
    Unauthenticated,
    UnsupportedBody,
)
from serving.service import TriageService

PREDICT = "/v1/predict"
BATCH = "/v1/predict/batch"
PREDICTION = "/v1/predictions/{prediction_id}"

_BODY_PROBLEMS = (
    SchemaInvalid,
    BodyTooLarge,
    UnsupportedBody,
    Unauthenticated,
    Forbidden,
    NoModel,
    NoCharter,
    StoreUnavailable,
    TicketReturned,
)


def add_predict_routes(app: FastAPI, lanes: Lanes, service: TriageService, gate: Gate, accesses: AccessLog) -> None:
    """Add the routes that answer complaints and show answers."""

    async def predict(request: Request) -> Response:
        await gate.admit(request.scope, Scope.PREDICT)
        intake = read_one(await read_json(request))
        return JsonReply(_prediction(await service.predict(intake)))

    async def predict_batch(request: Request) -> Response:
        await gate.admit(request.scope, Scope.PREDICT)
        body = await read_json(request)
        readings = await asyncio.to_thread(read_many, body)
        results = await service.predict_many([reading for reading in readings if isinstance(reading, Intake)])
        for result in results:
            # the store fails all or none; all can be sent again
            if isinstance(result, StoreUnavailable):
                raise result
        return JsonReply(await asyncio.to_thread(_batch, readings, results, request.scope[REQUEST_ID]))

    async def prediction(prediction_id: str, request: Request) -> Response:
        who = await admit_to_case(gate, accesses, request, prediction_id)

        def view() -> StoredPrediction:
            stored = service.find(prediction_id)
            # written down before it is shown
            accesses.record(who, Action.VIEW, prediction_id, "api")
            return stored

        return JsonReply(_record(await asyncio.to_thread(view)))

    item = PredictRequest.model_json_schema()
    serve_by_hand(
        app,
        lanes,
        PREDICT,
        predict,
        body=item,
        response_model=PredictResponse,
        responses=documented(EmptyText, TextTooLong, *_BODY_PROBLEMS),
        dependencies=DOCUMENTED,
        summary="Domain and responsible office of one complaint",
        tags=["predict"],
    )
    serve_by_hand(
        app,
        lanes,
        BATCH,
        predict_batch,
        body={
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "maxItems": MAX_BATCH_ITEMS, "items": item}},
        },
        response_model=BatchResponse,
        responses=documented(*_BODY_PROBLEMS),
        dependencies=DOCUMENTED,
        summary="The same for many; a bad item fails alone, in place",
        tags=["predict"],
    )
    app.get(
        PREDICTION,
        response_model=PredictionRecord,
        responses=documented(UnknownPrediction, TextRemoved, Unauthenticated, Forbidden, StoreUnavailable),
        dependencies=DOCUMENTED,
        summary="A prediction from the case log",
        tags=["review"],
    )(prediction)


async def admit_to_case(gate: Gate, accesses: AccessLog, request: Request, prediction_id: str) -> str:
    """Let the request see a case if its key may, and write down that it may not. Gives the id of the key.

    Raises:
        Unauthenticated, Forbidden, StoreUnavailable: see Gate.admit.

    """
    try:
        return await gate.admit(request.scope, Scope.REVIEW)
    except Forbidden as refusal:
        # what is asked for is told only where it is an id: anything else may be anything
        asked = prediction_id if len(prediction_id) == ID_LENGTH else None
        await asyncio.to_thread(accesses.record, refusal.key_id, Action.REFUSED, asked, "api")
        raise


async def read_json(request: Request) -> bytes:
    """Read a JSON body.

    Raises:
        UnsupportedBody, BodyTooLarge, ClientDisconnect: it cannot be had.

    """
    headers = request.scope[HEADERS]
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedBody("Content-Encoding")
    # a client that names no type is taken at the word of its body
    media_type = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not (
        media_type.startswith(b"application/") and media_type.endswith(b"+json")
    ):
        raise UnsupportedBody("Content-Type")
    exchange: Exchange = request.scope[EXCHANGE]
    whole = exchange.body()
    if whole is not None:
        return whole
    # read here: the general way makes a generator of every body, and most are one piece
    pieces = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _prediction(recorded: Recorded) -> bytes:
    # the answer is JSON already, and stored as such: only its first two members are added
    return b'{"prediction_id":"%b","revision":%d,%b' % (
        recorded.prediction_id.encode(),
        recorded.revision,
        recorded.answer[1:],
    )


def _batch(readings: Sequence[Intake | Refusal], results: Sequence[Recorded | Exception], request_id: str) -> bytes:
    answers = iter(results)
    parts = []
    for reading in readings:
        result = reading if isinstance(reading, Refusal) else next(answers)
        if isinstance(result, Recorded):
            parts.append(b'{"ok":true,' + _prediction(result)[1:])
        else:
            parts.append(orjson.dumps({"ok": False, "problem": describe(result, request_id)}))
    return b'{"results":[%b]}' % b",".join(parts)


def _record(stored: StoredPrediction) -> bytes:
    recorded = Recorded(stored.prediction_id, stored.revision, stored.answer, repeated=True)
    more = {
        "source": stored.source,
        "ticket_id": stored.ticket_id,
        "created_at": stored.created_at,
        "complaint": orjson.Fragment(stored.complaint),
    }
    return _prediction(recorded)[:-1] + b"," + orjson.dumps(more)[1:]

"""Services to compare with, each a process of its own: python -m tests.benchmarks.peer_services KIND PORT HOME.

naive: the scikit-learn pipelines in FastAPI, with the same case log. typed: a trivial FastAPI route that takes the same
body. documented: the same, which gives the whole answer of ours through FastAPI's response model. echo: bare ASGI.
unlogged: our own service without its case log.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import orjson
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from auditing.log.caselog import CaseLog
from auditing.log.records import Entry, Recorded, answered
from auditing.log.resolved import resolved
from features.complaint import Complaint
from features.normalise import Normaliser
from models.charter.answer import Answer
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from models.fitted import FIELDS
from models.prediction import Candidate, Decision, HeadAnswer, ModelVersion, Triage
from serving.app import create_app
from serving.bodies.schemas import PredictRequest, PredictResponse
from serving.champion import load_champion
from serving.http.one_write import OneWriteProtocol
from serving.metrics import Metrics
from serving.service import TriageService
from serving.settings import Settings
from tests.benchmarks.world import NAIVE

PATH = "/v1/predict"
_NAME = ModelVersion("naive", "1")


class Small(BaseModel):
    """An answer with nothing to it."""

    prediction_id: str
    domain: str
    office: str
    confidence: float


class Unlogged(CaseLog):
    """Names predictions as ever, and keeps none."""

    def append(self, entry: Entry, done: "asyncio.Future[Recorded] | None" = None) -> "asyncio.Future[Recorded]":
        done = done or asyncio.get_running_loop().create_future()
        done.set_result(Recorded(entry.prediction_id, 1, entry.answer, repeated=False))
        return done


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Give back the body."""
    if scope["type"] != "http":
        return
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(pieces)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def typed() -> FastAPI:
    """What FastAPI itself costs."""
    app = FastAPI()

    @app.post(PATH)
    async def predict(body: PredictRequest) -> Small:
        return Small(prediction_id=body.ticket_id, domain="FDS", office="O01", confidence=0.5)

    return app


def documented(home: Path) -> FastAPI:
    """What FastAPI costs where it writes an answer as large as ours."""
    model = load_champion(Settings(home=home))
    complaint = Complaint(text="市民反映在超市购买的酸奶已经过期三天，包装鼓起，商家不肯退款，要求查处并赔偿。")
    resolver = Resolver(demo_charter(), CharterVersion("benchmark", "1"))
    triage, scores = model.triage_and_scores(complaint)
    whole = Answer(*resolver.resolve(triage, scores, complaint, datetime.now(UTC)))
    answer = answered(whole.triage) | resolved(whole.resolution)
    plain = orjson.loads(orjson.dumps(answer))
    app = FastAPI()

    @app.post(PATH)
    async def predict(body: PredictRequest) -> PredictResponse:
        return PredictResponse.model_validate(plain | {"prediction_id": body.ticket_id, "revision": 1})

    return app


def naive(home: Path) -> FastAPI:
    """The scikit-learn pipelines behind FastAPI, and the same log."""
    pipelines = joblib.load(home / NAIVE)
    log = CaseLog.open(Settings(home=home).caselog_url, home / "digest.key")
    normalise, app = Normaliser(), FastAPI()

    # one and the same for all, ready made: what our charter costs is ours to carry
    resolver = Resolver(demo_charter(), CharterVersion("benchmark", "1"))
    route = resolver.resolve_given("GEN", None, Complaint("请问"), datetime.now(UTC))

    def answer(probabilities: Any, classes: Sequence[str]) -> HeadAnswer:
        best = probabilities.argsort()[::-1][:4]
        first, *others = [Candidate(classes[i], classes[i], float(probabilities[i])) for i in best]
        return HeadAnswer(first.code, first.name, first.confidence, Decision.SUGGEST, tuple(others), None)

    @app.post(PATH)
    async def predict(body: PredictRequest) -> Small:
        complaint = Complaint(
            text=body.text, title=body.title or "", merchant=body.merchant or "", address=body.address or "",
            source=body.source, ticket_id=body.ticket_id, received_at=body.received_at,
        )  # fmt: skip
        document = tuple(normalise(getattr(complaint, name)).text for name in FIELDS)
        domain, office = [
            answer(pipeline.predict_proba([document])[0], pipeline.classes_.tolist()) for pipeline in pipelines
        ]
        recorded = await log.append(
            log.entry(complaint, Answer(Triage(_NAME, complaint, domain, office, (), (), ()), route))
        )
        return Small(
            prediction_id=recorded.prediction_id,
            domain=str(domain.code),
            office=str(office.code),
            confidence=office.confidence,
        )

    @app.get("/readyz")
    async def readyz() -> str:
        return "ready"

    return app


def unlogged(home: Path) -> FastAPI:
    """Our service as it is, but for the log."""
    settings = Settings(home=home, require_keys=False)
    log, metrics = Unlogged.open(settings.caselog_url, settings.digest_key_path), Metrics()
    service = TriageService(log, on_answer=metrics.count_answer)
    service.swap_charter(demo_charter(), CharterVersion("benchmark", "1"))
    load = partial(load_champion, settings)
    return create_app(settings, service=service, keys=None, metrics=metrics, load_model=load)


def main() -> None:
    """Serve: our own service with its own server, the others with the same as everybody sets it up."""
    kind, port, home = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    build = {"typed": typed, "echo": lambda: echo} | {
        each.__name__: partial(each, home) for each in (naive, documented, unlogged)
    }
    loop = "auto" if sys.platform == "win32" else "uvloop"
    uvicorn.run(
        build[kind](), host="127.0.0.1", port=port, http=OneWriteProtocol if kind == "unlogged" else "httptools",
        loop=loop, ws="none", access_log=False, server_header=False, log_level="warning",
    )  # fmt: skip


if __name__ == "__main__":
    main()

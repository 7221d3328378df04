"""What crosses the wire. Answers are written by hand from frozen values; these models document and test them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from features.complaint import MAX_TEXT_LENGTH
from models.charter.articles import Request
from models.prediction import Decision, Target
from serving.bodies.schemas_route import CharterCard, CharterRef, DueModel, RouteModel, UrgencyModel
from serving.bodies.wire import MAX_FIELD_LENGTH, WIRE, Name
from serving.http.problems import Problem

MAX_BATCH_ITEMS = 1000
"""Complaints in one batch."""


class PredictRequest(BaseModel):
    """One complaint as an intake system sends it.

    Unknown fields are ignored, and named in the answer's `warnings` as `unknown_field:<name>`. Intake systems send
    what their export has, and a column added there must not stop complaints from being triaged; the warning finds the
    misspelt `titel`. What such a field holds is neither read, stored nor logged.
    """

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "source": "12345",
                    "ticket_id": "2026-000123",
                    "title": "外卖吃出异物",
                    "text": "市民反映昨晚在某餐馆点的外卖中发现头发,要求商家道歉并退款。",
                    "merchant": "某餐馆",
                    "address": "东亭路18号",
                    "received_at": "2026-10-03T14:00:00+08:00",
                }
            ]
        },
    )

    source: Name
    """The system that the ticket comes from, e.g. 12345."""
    ticket_id: Name
    """The ticket's number there; with `source` it makes a repeated request recognisable."""
    text: Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT_LENGTH})]
    """What the citizen said."""
    title: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """Title, if there is one."""
    merchant: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """The business complained about, if known."""
    address: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """Where it is, if known."""
    received_at: datetime | None = None
    """When the complaint came in, ISO 8601; without an offset it is read as China's time, +08:00."""


class ModelRef(BaseModel):
    """The model version that answered."""

    model_config = WIRE
    name: str
    version: str


class CandidateModel(BaseModel):
    """A class with its calibrated probability."""

    model_config = WIRE
    code: str
    name: str
    confidence: float


class ContrastModel(BaseModel):
    """Why the winner and not `against`: logit_gap = bias + rest + the weights of the head's evidence."""

    model_config = WIRE
    against: str
    logit_gap: float
    bias: float
    rest: float


class SetModel(BaseModel):
    """The right class is one of `codes`, which come best first, or of `more` others, with a probability of `coverage`."""

    model_config = WIRE
    coverage: float
    codes: Annotated[list[str], Field(min_length=1, max_length=4)]
    more: Annotated[int, Field(ge=0)]


class HeadModel(BaseModel):
    """One head's answer; `code` and `name` are null where the text is unlike anything that was learnt from.

    `set` is null where the model has none, where an office returned the ticket, and where the charter moved the office
    and the model was trained without one.
    """

    model_config = WIRE
    code: str | None
    name: str | None
    confidence: float
    decision: Decision
    alternatives: Annotated[list[CandidateModel], Field(max_length=3)]
    contrast: ContrastModel | None
    set: SetModel | None = None


class EvidenceModel(BaseModel):
    """Characters `start` to `end` of `field` that spoke for the winner (weight > 0) or the runner-up (weight < 0)."""

    model_config = WIRE
    target: Target
    field: str
    start: int
    end: int
    text: str
    weight: float


class PredictResponse(BaseModel):
    """The answer to one complaint. A head that the model does not have is null.

    `office` is what model and charter come to together; who leads, and why, is in `route`.
    """

    model_config = WIRE
    prediction_id: str
    revision: int
    model: ModelRef
    domain: HeadModel | None
    office: HeadModel | None
    evidence: list[EvidenceModel]
    doubts: list[str]
    warnings: list[str]
    kind: list[Request]
    route: RouteModel
    urgency: UrgencyModel
    due: list[DueModel]
    charter: CharterRef


class BatchSuccess(PredictResponse):
    """The answer to one complaint of a batch."""

    ok: Literal[True]


class BatchFailure(BaseModel):
    """Why one complaint of a batch has no answer."""

    model_config = WIRE
    ok: Literal[False]
    problem: Problem


class BatchResponse(BaseModel):
    """One result per item, in the order of the items."""

    model_config = WIRE
    results: list[BatchSuccess | BatchFailure]


class StoredComplaint(BaseModel):
    """The complaint as stored: personal data masked, character by character."""

    model_config = WIRE
    text: str
    title: str
    merchant: str
    address: str
    received_at: datetime | None


class PredictionRecord(PredictResponse):
    """A prediction as the case log has it."""

    source: str
    ticket_id: str
    created_at: datetime
    complaint: StoredComplaint


class ModelCard(BaseModel):
    """A model version that this service answers with."""

    model_config = WIRE
    name: str
    version: str
    targets: list[Target]
    live: bool
    loaded_at: datetime


class FollowingModel(BaseModel):
    """How the live version stands to the alias that the service follows, as this process last saw it.

    current: it is the one that the alias names. refused: the alias names `version`, which failed its checks; the live
    one goes on answering. registry_away: nobody can tell. `since`: when this began.
    """

    model_config = WIRE
    state: Literal["current", "refused", "registry_away"]
    version: str | None
    since: datetime
    checked_at: datetime


class ModelsResponse(BaseModel):
    """The model versions and the charter that this service answers with; none while it is loading.

    `following` is null before the first look at the alias; `challenger` is the version that is asked beside the live one.
    """

    model_config = WIRE
    models: list[ModelCard]
    following: FollowingModel | None
    challenger: ModelRef | None
    charter: CharterCard | None


class HeadStandingModel(BaseModel):
    """One head of the challenger and of whoever answered, on the same predictions.

    The accuracies are over the `known` ones, whose right answer is known by now; null where none is.
    """

    model_config = WIRE
    target: Target
    asked: int
    differ: int
    known: int
    champion_right: int
    challenger_right: int
    champion_accuracy: float | None
    challenger_accuracy: float | None


class DisagreementModel(BaseModel):
    """A prediction that the challenger would have answered otherwise; `right` is the right code where it is known."""

    model_config = WIRE
    prediction_id: str
    at: datetime
    target: Target
    champion: str | None
    challenger: str | None
    confidence: float
    right: str | None


class ChallengerResponse(BaseModel):
    """What the challenger says beside the live model; null and empty where none was ever asked."""

    model_config = WIRE
    challenger: ModelRef | None
    heads: list[HeadStandingModel]
    disagreements: list[DisagreementModel]


class Health(BaseModel):
    """The state of the service."""

    model_config = WIRE
    status: Literal["alive", "ready"]

"""What the charter says of a ticket, as it crosses the wire; see models/charter/route.py, whose values are sent."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from features.complaint import MAX_TEXT_LENGTH
from models.charter.articles import Level, Request
from models.charter.route import RouteState
from serving.bodies.wire import MAX_FIELD_LENGTH, WIRE, Name


class PartyModel(BaseModel):
    """An office or an outside department; `confidence` is null where nothing measures it."""

    model_config = WIRE
    code: str
    name: str
    confidence: float | None


class PlaceModel(BaseModel):
    """Where a place of a station's territory was named: characters `start` to `end` of `field`."""

    model_config = WIRE
    station: str
    name: str
    field: str
    start: int
    end: int


class TrackModel(BaseModel):
    """One procedure; a text that is both complaint and report has two, handled separately."""

    model_config = WIRE
    kind: Request
    lead: PartyModel | None
    rule: str | None


class SentenceModel(BaseModel):
    """Words for people, in both languages."""

    model_config = WIRE
    zh: str
    en: str


class RouteModel(BaseModel):
    """Who is responsible, and on what basis.

    routed: somebody leads. needs_place: who leads depends on where the merchant is; `needs` has the question to ask.
    needs_coordination: `departments` have to be asked. unsure: a person decides. `look_at` are facts that only a person
    may judge.
    """

    model_config = WIRE
    state: RouteState
    lead: PartyModel | None
    assisting: list[PartyModel]
    departments: list[PartyModel]
    tracks: list[TrackModel]
    place: PlaceModel | None
    basis: list[SentenceModel]
    needs: list[SentenceModel]
    look_at: list[SentenceModel]


class UrgencyModel(BaseModel):
    """How urgent, by which rule and which characters of `field`; null for P2. `action` is what to do at once."""

    model_config = WIRE
    level: Level
    rule: str | None
    name: str
    action: str
    field: str | None
    start: int
    end: int


class DueModel(BaseModel):
    """When a step has to be done. provisional: no holiday table reaches that far. local: the bureau's own promise."""

    model_config = WIRE
    step: str
    at: datetime
    basis: str
    provisional: bool
    local: bool


class CharterRef(BaseModel):
    """The charter that resolved it; `version` is its number in the bureau's history, or `demo`."""

    model_config = WIRE
    name: str
    version: str


class CharterCard(CharterRef):
    """The charter that this service resolves by."""

    loaded_at: datetime


class RouteResponse(BaseModel):
    """What the charter in force makes of a matter."""

    model_config = WIRE
    kind: list[Request]
    route: RouteModel
    urgency: UrgencyModel
    due: list[DueModel]
    charter: CharterRef
    warnings: list[str]


class RouteRequest(BaseModel):
    """What is known of a matter. Unknown fields are ignored, and named in `warnings`."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {"domain": "CAT", "kind": ["complaint"], "merchant": "某餐馆", "address": "东亭街道东亭路18号"}
            ]
        },
    )

    domain: Name
    """A code of the charter in force."""
    place: Name | None = None
    """A code of the station in whose territory the merchant is; without it `address`, `merchant`, `title` and `text` are
    asked."""
    kind: list[Literal["complaint", "report", "enquiry", "suggestion", "other"]] | None = None
    """What is wanted; without it `text` is asked."""
    address: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """Where the merchant is; never the citizen's own address."""
    merchant: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """The business."""
    title: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """Title, if there is one."""
    text: Annotated[str, Field(json_schema_extra={"maxLength": MAX_TEXT_LENGTH})] | None = None
    """What the citizen said."""
    received_at: datetime | None = None
    """When it came in, ISO 8601, now if left out; without an offset it is read as China's time, +08:00."""

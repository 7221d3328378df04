"""What an intake system tells of a ticket: its body read, and what is answered."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditing.log.events import Outcome, OutcomeStatus
from serving.bodies.faults import body_fault, duplicate_field, explain
from serving.bodies.intake import CHINA, name_unknown
from serving.bodies.wire import MAX_FIELD_LENGTH, Name
from serving.refusals import SchemaInvalid


class OutcomeRequest(BaseModel):
    """What happened to the ticket of a prediction. Unknown fields are ignored, and named in the answer's `warnings`."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "status": "returned",
                    "office": "O04",
                    "reason_code": "R02",
                    "note": "店铺在柳坞镇",
                    "actor": "office:O04",
                    "occurred_at": "2026-10-03T15:30:00+08:00",
                }
            ]
        },
    )

    status: Literal["accepted", "returned", "rerouted", "closed"]
    """accepted, returned or closed by `office`, or rerouted to it by the centre."""
    office: Name
    """Code of the office: who accepted, returned or settled the ticket, or to whom the centre gave it."""
    domain: Name | None = None
    """Code of the domain that the ticket turned out to be of, if that is known."""
    reason_code: Annotated[str, Field(max_length=16)] | None = None
    """Why it was returned, R01 to R16; a return needs one."""
    note: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """In words; needed for R16. Personal data in it is masked."""
    target: Annotated[str, Field(max_length=MAX_FIELD_LENGTH)] | None = None
    """Who should have it instead; R01 needs this or a note."""
    actor: Name
    """Who did it: `centre` or `centre:name` for the centre; anybody else is an office's, and may not reroute."""
    occurred_at: datetime
    """When, ISO 8601; without an offset it is read as China's time, +08:00."""


class OutcomeResponse(BaseModel):
    """The outcome as it is kept. `repeated`: it was known before, and what was said then stays."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    prediction_id: str
    event: int
    """Its number among all outcomes and reviews."""
    status: OutcomeStatus
    repeated: bool
    not_again: list[str]
    """Offices that will not be suggested for this ticket again."""
    hard_case: bool
    """Whether it was returned so often that a person has to give a final ruling."""
    warnings: list[str]


class Told(NamedTuple):
    """An outcome, and what was odd about its request."""

    outcome: Outcome
    warnings: tuple[str, ...]


def read_outcome(prediction_id: str, body: bytes) -> Told:
    """Read the body of an outcome.

    Raises:
        SchemaInvalid: what is wrong, without a value of the request.

    """
    try:
        request = OutcomeRequest.model_validate_json(body)
        json.loads(body, object_pairs_hook=_refuse_duplicates)
    except ValidationError as error:
        raise SchemaInvalid(explain(error)) from None
    except UnicodeDecodeError:
        raise SchemaInvalid((body_fault("encoding"),)) from None
    moment = request.occurred_at
    outcome = Outcome(
        prediction_id=prediction_id,
        status=OutcomeStatus(request.status),
        office_code=request.office,
        actor=request.actor,
        occurred_at=moment if moment.tzinfo else moment.replace(tzinfo=CHINA),
        domain_code=request.domain,
        reason_code=request.reason_code or None,
        note=request.note or "",
        target=request.target or "",
    )
    return Told(outcome, name_unknown(request.model_extra) if request.model_extra else ())


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise SchemaInvalid((duplicate_field(next(name for name in found if names.count(name) > 1)),))
    return found

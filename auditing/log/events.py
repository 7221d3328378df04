"""What became of a prediction: outcomes that intake systems report, reviews that people give, and the stored event.

An event is never changed. What was a mistake is taken back by a further event (`ReviewStatus.UNDONE`), so whoever reads
a history reads it through `in_force`.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

_REASONS = Path(__file__).parent / "data" / "return_reasons.csv"

CENTRE = "centre"
"""The actor who assigns tickets, alone or before a colon and a name (`centre:zhang`); any other actor is an office's."""


class Kind(StrEnum):
    """Who speaks: an intake system about what happened, or a reviewer about what is right."""

    OUTCOME = "outcome"
    REVIEW = "review"


class OutcomeStatus(StrEnum):
    """What happened to a ticket.

    `office_code` of the event is the office that accepted it, returned it, got it from the centre (rerouted), or
    settled it (closed: the office that was responsible in the end).
    """

    ACCEPTED = "accepted"
    RETURNED = "returned"
    REROUTED = "rerouted"
    CLOSED = "closed"


class ReviewStatus(StrEnum):
    """What a reviewer says.

    confirmed: the answer is right. corrected: domain and office of the event are. to_ruling: somebody senior must say.
    ruled: the final word (lead, admin). undone: takes back the event `body["undoes"]`. override: an office that
    returned the ticket may be suggested for it again. second_look: another reviewer is asked.
    """

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    TO_RULING = "to_ruling"
    RULED = "ruled"
    UNDONE = "undone"
    OVERRIDE = "override"
    SECOND_LOOK = "second_look"


class Role(StrEnum):
    """What a person may do; each includes those before it."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ReturnReason:
    """Why an office may return a ticket; `needs` is what such a return must also name."""

    code: str
    name_zh: str
    key: str
    rule: str
    needs: Literal["", "note", "target"]


@cache
def return_reasons() -> Mapping[str, ReturnReason]:
    """Every reason by its code, in the order of the codes."""
    with _REASONS.open(encoding="utf-8", newline="") as file:
        return {row["code"]: ReturnReason(**row) for row in csv.DictReader(file)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an intake system reports. `target`: who should have it instead, in the words of who returned it."""

    prediction_id: str
    status: OutcomeStatus
    office_code: str
    actor: str
    occurred_at: datetime
    domain_code: str | None = None
    reason_code: str | None = None
    note: str = ""
    target: str = ""

    @property
    def kind(self) -> Kind:
        """Always an outcome."""
        return Kind.OUTCOME

    @property
    def body(self) -> Mapping[str, Any]:
        """What has no column of its own."""
        return {"target": self.target} if self.target else {}


@dataclass(frozen=True, slots=True)
class Review:
    """What a person says about a prediction. `undoes`: seq of the event taken back; `asked`: who is to look again."""

    prediction_id: str
    status: ReviewStatus
    actor: str
    role: Role
    occurred_at: datetime
    office_code: str | None = None
    domain_code: str | None = None
    reason_code: str | None = None
    note: str = ""
    undoes: int | None = None
    asked: str = ""

    @property
    def kind(self) -> Kind:
        """Always a review."""
        return Kind.REVIEW

    @property
    def body(self) -> Mapping[str, Any]:
        """What has no column of its own."""
        more: dict[str, Any] = {"role": self.role.value}
        if self.undoes is not None:
            more["undoes"] = self.undoes
        if self.asked:
            more["asked"] = self.asked
        return more


@dataclass(frozen=True, slots=True)
class Event:
    """An outcome or a review as the log has it; `seq` counts all events from 1, `at` is when it was written down."""

    seq: int
    at: datetime
    kind: Kind
    status: OutcomeStatus | ReviewStatus
    prediction_id: str
    ticket: str
    actor: str
    occurred_at: datetime
    office_code: str | None = None
    domain_code: str | None = None
    reason_code: str | None = None
    note: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


def status_of(kind: str, status: str) -> OutcomeStatus | ReviewStatus:
    """Read a stored status. Raises ValueError where `kind` has none of that name."""
    return OutcomeStatus(status) if Kind(kind) is Kind.OUTCOME else ReviewStatus(status)


def is_centre(actor: str) -> bool:
    """Whether `actor` is the centre or somebody there."""
    return actor.partition(":")[0] == CENTRE


def in_force(events: Iterable[Event]) -> tuple[Event, ...]:
    """Those of `events` (oldest first) that nobody took back, without the entries that take back.

    To take back an entry that takes back puts the first one in force again.
    """
    gone: set[int] = set()
    kept = []
    for event in reversed(tuple(events)):
        if event.seq in gone:
            continue
        if event.status is ReviewStatus.UNDONE:
            gone.add(event.body["undoes"])
        else:
            kept.append(event)
    return tuple(reversed(kept))


def excluded_offices(events: Iterable[Event]) -> tuple[str, ...]:
    """The offices that returned the ticket of `events` (oldest first), sorted, but for those a reviewer let in again."""
    excluded: set[str] = set()
    for event in in_force(events):
        if event.office_code is None:
            continue
        if event.status is OutcomeStatus.RETURNED:
            excluded.add(event.office_code)
        elif event.status is ReviewStatus.OVERRIDE:
            excluded.discard(event.office_code)
    return tuple(sorted(excluded))


HARD_AFTER = 2
"""Returns after which a ticket needs a final ruling."""


def is_hard_case(events: Iterable[Event]) -> bool:
    """Whether the ticket of `events` (oldest first) was returned `HARD_AFTER` times and waits for its ruling."""
    returns = 0
    for event in in_force(events):
        if event.status is OutcomeStatus.RETURNED:
            returns += 1
        elif event.status is ReviewStatus.RULED:
            returns = 0
    return returns >= HARD_AFTER

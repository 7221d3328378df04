"""What the charter makes of a ticket: frozen values, free of HTTP and of storage."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from models.charter.articles import Level, Request


@dataclass(frozen=True, slots=True)
class CharterVersion:
    """The charter that an answer was resolved by; `version` is its number in the bureau's history."""

    name: str
    version: str


class RouteState(StrEnum):
    """How far the route is settled.

    routed: somebody leads. needs_place: who leads depends on where the merchant is, and nothing says where.
    needs_coordination: other departments have to be asked. unsure: nobody can be named; a person decides.
    """

    ROUTED = "routed"
    NEEDS_PLACE = "needs_place"
    NEEDS_COORDINATION = "needs_coordination"
    UNSURE = "unsure"


class Party(NamedTuple):
    """An office or an outside department with a part in a ticket. confidence: 0 to 1, None where nothing measures it."""

    code: str
    name: str
    confidence: float | None = None


class PlaceFound(NamedTuple):
    """Where a place was named: characters `start` to `end` of the original `field`, and whose territory that is."""

    station: str
    name: str
    field: str
    start: int
    end: int


class Track(NamedTuple):
    """One procedure of a ticket: a text that is both complaint and report has two, handled separately."""

    kind: Request
    lead: Party | None
    rule: str | None


class Sentence(NamedTuple):
    """A reason or a question in words, in both languages of the people who read it."""

    zh: str
    en: str


class Route(NamedTuple):
    """Who is responsible, and on what basis.

    lead: None where the state is not routed and nobody can hold the ticket meanwhile. departments: candidates outside
    the bureau. basis: why, in the order of weight. needs: questions that an operator should ask. look_at: facts that
    only a person may judge (grounds for refusal, suspected professional claimants), never a label.
    """

    state: RouteState
    lead: Party | None
    assisting: tuple[Party, ...]
    departments: tuple[Party, ...]
    tracks: tuple[Track, ...]
    place: PlaceFound | None
    basis: tuple[Sentence, ...]
    needs: tuple[Sentence, ...]
    look_at: tuple[Sentence, ...]


class Urgency(NamedTuple):
    """How urgent, by which rule (None for P2), and the span of the original `field` that said so."""

    level: Level
    rule: str | None
    name: str
    action: str
    field: str | None
    start: int
    end: int


class Due(NamedTuple):
    """When a step has to be done. `at` is timezone-aware. provisional: no holiday table reaches that far yet."""

    step: str
    at: datetime
    basis: str
    provisional: bool
    local: bool


class Resolution(NamedTuple):
    """All that a charter says about one ticket."""

    charter: CharterVersion
    kinds: tuple[Request, ...]
    route: Route
    urgency: Urgency
    due: tuple[Due, ...]

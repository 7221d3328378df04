"""The articles of a charter: frozen values, as one YAML file tells them.

Every article carries `line`, its line in that file (1-based, 0 where it was made in memory), so that whoever finds
something wrong with it can say where.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal


class Request(StrEnum):
    """What a citizen wants, as 市场监督管理投诉举报处理办法 tells apart: a text may want several."""

    COMPLAINT = "complaint"
    REPORT = "report"
    ENQUIRY = "enquiry"
    SUGGESTION = "suggestion"
    OTHER = "other"

    # that of its text, as it compares by its text: the one of Enum is a call into Python at every look-up
    __hash__ = str.__hash__


class OfficeKind(StrEnum):
    """What an office is: the centre that distributes, a line section, a station of a territory."""

    CENTRE = "centre"
    LINE = "line"
    STATION = "station"
    ENFORCEMENT = "enforcement"
    SUPPORT = "support"
    EXTERNAL = "external"


STATION = "station"
"""As a lead or an assistant: the station in whose territory the merchant is."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From `since` to `until`, both days included; None: without a bound."""

    since: date | None = None
    until: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether `on` lies within."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


ALWAYS = Validity()


@dataclass(frozen=True, slots=True)
class Office:
    """An office.

    aliases: other names and codes, old and new, under which labels or models may know it. successors: codes of who does
    its work after `validity.until`: one where it was renamed or merged, several where it was split.
    """

    code: str
    name: str
    kind: OfficeKind
    aliases: tuple[str, ...] = ()
    validity: Validity = ALWAYS
    successors: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """A circumstance that changes who is responsible (made, not sold; in a canteen; on a platform): its `terms` tell.

    Where several are met, the one that stands first in the charter counts.
    """

    code: str
    name: str
    terms: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who leads and who assists: domain × kind of request × condition × place, while it is valid.

    domains: codes. kinds: empty for all. condition: the code of one, None where none is met or none has a rule of its
    own. places: codes of stations whose territory it is for, empty for all. lead: code of an office, or STATION.
    without_place: who has it while nobody knows where the merchant is, for a lead that is a STATION. A rule with a
    condition outranks one without, and within that one with places outranks one without.
    """

    code: str
    domains: tuple[str, ...]
    lead: str
    kinds: tuple[Request, ...] = ()
    condition: str | None = None
    places: tuple[str, ...] = ()
    assisting: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    without_place: str | None = None
    basis: str = ""
    validity: Validity = ALWAYS
    line: int = 0


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A name in a station's territory.

    second_sign: the name is also common elsewhere or a person's word, and counts only beside one of the charter's
    `locality` names, a sure name of the same station, or in the merchant's address. excluded: longer names that contain
    it and mean something else.
    """

    name: str
    aliases: tuple[str, ...] = ()
    second_sign: bool = False
    excluded: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Territory:
    """The names by which a station's territory is known: streets, towns, communities, landmarks."""

    station: str
    names: tuple[PlaceName, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Department:
    """An authority outside the bureau, and the `terms` of its matters. keeps: domains that stay ours all the same."""

    code: str
    name: str
    terms: tuple[str, ...]
    keeps: tuple[str, ...] = ()
    note: str = ""
    line: int = 0


class Level(StrEnum):
    """How urgent: P0 at once, P1 within the day, P2 by the clocks."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


@dataclass(frozen=True, slots=True)
class UrgencyRule:
    """Expressions (regular expressions on the original text) that make a ticket urgent, and what to do then."""

    code: str
    level: Level
    name: str
    expressions: tuple[str, ...]
    action: str
    line: int = 0


Unit = Literal["workdays", "days", "hours", "minutes"]


@dataclass(frozen=True, slots=True)
class Clock:
    """A time limit: `amount` `unit`s for `step`, counted from `start`, for tickets received while it is valid.

    kinds: empty for all. start: `received`, or the code of the step that has to be done first. local: not law, but the
    bureau's own promise. unverified: the basis has to be checked by the bureau that uses it.
    """

    code: str
    step: str
    kinds: tuple[Request, ...]
    start: str
    amount: int
    unit: Unit
    basis: str
    validity: Validity = ALWAYS
    local: bool = False
    unverified: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Charter:
    """A bureau's division of work. `digest`: sha256 of the file's text, its identity. `valid_on` days: see Validity.

    domains: name of each code. locality: names of the bureau's own city and district, which vouch for ambiguous places.
    """

    name: str
    digest: str
    domains: tuple[tuple[str, str], ...]
    offices: tuple[Office, ...]
    responsibilities: tuple[Responsibility, ...]
    territories: tuple[Territory, ...] = ()
    locality: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    departments: tuple[Department, ...] = ()
    urgency: tuple[UrgencyRule, ...] = ()
    clocks: tuple[Clock, ...] = ()

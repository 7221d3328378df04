"""What the console's pages are made from, and the names of what they show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from auditing.cases.doubts import Doubt
from auditing.cases.queue import Wanted
from auditing.cases.rows import CHINA
from auditing.log.accesses import AccessLog, Action
from auditing.log.history import EventLog
from auditing.people.accounts import People
from models.history import Change
from models.prediction import TARGETS, Target
from models.taxonomy import known_names
from serving.beside.challenger import Challenger
from serving.beside.charter_following import CharterFollower
from serving.beside.following import Follower
from serving.beside.keeper import Keeper
from serving.colours import BoardLook
from serving.console.visits import AskedWrongly, Visit
from serving.service import TriageService

AGES: Mapping[str, tuple[timedelta | None, timedelta | None]] = {
    "day": (timedelta(days=1), None),
    "week": (timedelta(days=7), None),
    "older_week": (None, timedelta(days=7)),
    "older_month": (None, timedelta(days=30)),
}
"""Ages that the queue can be asked for: not older than, older than."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts behind the console. `changes`: those of the champion, oldest first, where there is a registry.

    look: of the board. charters: has the book of charters; after a change in it, its `look` has this process follow.
    """

    service: TriageService
    events: EventLog
    accesses: AccessLog
    people: People
    keeper: Keeper
    follower: Follower | None
    challenger: Challenger | None
    changes: Callable[[], Sequence[Change]] | None
    look: BoardLook
    charters: CharterFollower

    @property
    def engine(self) -> Engine:
        """The store."""
        return self.service.log.engine

    def labels(self) -> dict[Target, Mapping[str, str]]:
        """Name every label that the live version can answer; the shipped ones where it does not say, or there is none.

        A charter that knows the version's offices gives them their names of today, and adds those without training rows.
        """
        live = self.service.live
        found: dict[Target, Mapping[str, str]] = {target: known_names(target) for target in TARGETS}
        for head in getattr(live.model, "heads", ()) if live else ():
            found[head.target] = {label: head.names.get(label, label) for label in head.classes}
        charter = self.service.charter
        offices = charter.resolver.charter.offices if charter else ()
        # a bureau's own labels are not mixed with the offices of the demo bureau
        if any(office.code in found["office"] for office in offices):
            standing = {office.code: office.name for office in offices if office.validity.until is None}
            found["office"] = {**found["office"], **standing}
        return found

    def names(self) -> dict[str, str]:
        """Name every office and domain, those too that only an outcome has named."""
        found = {code: name for target in TARGETS for code, name in known_names(target).items()}
        for each in self.labels().values():
            found |= each
        return found

    def note(self, visit: Visit, action: Action, prediction_id: str | None = None, detail: str = "") -> None:
        """Write down what the person is about to be shown. Raises StoreUnavailable."""
        self.accesses.record(visit.person.person_id, action, prediction_id, detail)


def wanted_of(visit: Visit) -> Wanted:
    """Read the queue's filters from an address. Raises AskedWrongly."""
    query, doubt = visit.query, visit.query.get("doubt")
    if doubt is not None and doubt not in tuple(Doubt):
        raise AskedWrongly("doubt")
    age = query.get("age")
    if age is not None and age not in AGES:
        raise AskedWrongly("age")
    younger, older = AGES[age] if age else (None, None)
    return Wanted(
        doubt=Doubt(doubt) if doubt else None,
        office=query.get("office"),
        domain=query.get("domain"),
        version=query.get("version"),
        since=visit.at - younger if younger else None,
        until=visit.at - older if older else None,
    )


def filters_of(visit: Visit) -> dict[str, str]:
    """Give the filters as they stand in an address, to be carried on to the next page."""
    given = visit.query or visit.form
    return {name: given[name] for name in ("doubt", "office", "domain", "version", "age") if given.get(name)}


def day_of(visit: Visit, name: str) -> datetime | None:
    """Read a day, China's time, from an address. Raises AskedWrongly."""
    given = visit.query.get(name)
    try:
        return datetime.fromisoformat(given).replace(tzinfo=CHINA) if given else None
    except ValueError:
        raise AskedWrongly(name) from None

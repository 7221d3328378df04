"""Cases: the derived rows that the queue and the figures are read from, kept up with the history.

`CaseBook.refresh` takes in what the history has gained since the last time. It may run in several processes at once:
each chunk is worked out beforehand and written in one short turn of the writer, by whoever is first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, case, delete, func, insert, or_, select, update

from auditing.cases.dispatch import dispatches_of
from auditing.cases.doubts import Doubt, audit_sample
from auditing.cases.rows import Draft, dispatch_rows, draft_of, facts_of, names_of, standing_row
from auditing.cases.standing import Shadow, standing
from auditing.cases.worth import USUAL, Look, Worth, value
from auditing.log.events import Event
from auditing.log.history import event_of
from auditing.log.identity import TICKET_LENGTH
from auditing.store.database import writing
from auditing.store.schema import predictions
from auditing.store.schema_cases import case_bands, case_marks, cases, dispatches
from auditing.store.schema_history import events, shadows

CHUNK = 200
"""Predictions or tickets in one turn of the writer: a few hundredths of a second."""

SAMPLE_RATE = 0.02
"""Share of all traffic in the random sample."""

MOST_ALIKE = 50
"""Open near-identical cases count up to this number: one template must not fill the queue's head for ever."""

_LATE = timedelta(seconds=5)
"""A challenger's answer may be committed so long after the moment that it bears."""


class CaseBook:
    """Keeps the cases of `engine`.

    key: the secret that draws the random sample (the log's identifier has one). handled: which offices handle which
    domain, see `auditing.cases.doubts.handled_by`; without it domain and office never disagree.
    """

    def __init__(
        self,
        engine: Engine,
        key: bytes,
        *,
        sample_rate: float = SAMPLE_RATE,
        worth: Worth = USUAL,
        handled: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.engine = engine
        self.worth = worth
        self.sample_rate = sample_rate
        self._key = key
        self._handled = handled

    def refresh(self) -> int:
        """Take in everything that is new; returns how many predictions, events and challengers' answers that were.

        Raises:
            SQLAlchemyError: the store's trouble; what was taken in stays, the rest is taken in the next time.

        """
        total = 0
        while taken := self.take():
            total += taken
        return total + self._take_shadows()

    def take(self) -> int:
        """Take in the next portion of predictions or events; returns how many, 0 where nothing is new.

        Raises:
            SQLAlchemyError: as `refresh`.

        """
        return self._take_predictions() or self._take_events()

    def rebuild(self) -> int:
        """Make all cases anew, after a change of weights, sample rate or rules; suspicions are dropped."""
        with writing(self.engine) as connection:
            for table in (cases, dispatches, case_bands, case_marks):
                connection.execute(delete(table))
        return self.refresh()

    def labelled(self) -> int:
        """Count the cases of which somebody has said what is right."""
        told = or_(cases.c.true_domain.is_not(None), cases.c.true_office.is_not(None))
        with self.engine.connect() as connection:
            return int(connection.scalar(select(func.count()).where(cases.c.latest, told)) or 0)

    def suspect(self, prediction_ids: Collection[str]) -> None:
        """Let these, and no others, be the cases whose label is suspected to be wrong."""
        with self.engine.connect() as connection:
            known = select(cases.c.prediction_id).where(cases.c.suspected)
            before = set(connection.scalars(known))
        changed = sorted(before ^ set(prediction_ids))
        for start in range(0, len(changed), CHUNK):
            part = changed[start : start + CHUNK]
            with writing(self.engine) as connection:
                these = cases.c.prediction_id.in_(part) & cases.c.ticket.in_({p[:TICKET_LENGTH] for p in part})
                connection.execute(update(cases).where(these).values(suspected=~cases.c.suspected))
                self._settle(connection, {each[:TICKET_LENGTH] for each in part})

    def _take_predictions(self) -> int:
        with self.engine.connect() as connection:
            mark = mark_of(connection, "predictions")
            rows = connection.execute(
                select(predictions).where(predictions.c.seq > mark).order_by(predictions.c.seq).limit(CHUNK)
            ).all()
        if not rows:
            return 0
        drafts = [
            draft_of(row, self._handled, sampled=audit_sample(row.prediction_id, self.sample_rate, self._key))
            for row in rows
        ]
        with writing(self.engine) as connection:
            # another process may have been first
            if mark_of(connection, "predictions") == mark:
                _add(connection, drafts)
                self._settle(connection, {draft.row["ticket"] for draft in drafts})
                set_mark(connection, "predictions", rows[-1].seq)
        return len(rows)

    def _take_events(self) -> int:
        with self.engine.connect() as connection:
            mark, limit = mark_of(connection, "events"), mark_of(connection, "predictions")
            rows = connection.execute(
                select(events.c.seq, events.c.ticket).where(events.c.seq > mark).order_by(events.c.seq).limit(CHUNK)
            ).all()
        if not rows or not limit:
            return 0
        with writing(self.engine) as connection:
            if mark_of(connection, "events") == mark:
                self._settle(connection, {row.ticket for row in rows})
                set_mark(connection, "events", rows[-1].seq)
        return len(rows)

    def _take_shadows(self) -> int:
        query = select(shadows.c.prediction_id, shadows.c.at)
        with self.engine.connect() as connection:
            since: datetime | None = connection.scalar(select(case_marks.c.at).where(case_marks.c.name == "shadows"))
            if since is not None:
                query = query.where(shadows.c.at > since - _LATE)
            rows = connection.execute(query).all()
        if not rows:
            return 0
        tickets = sorted({row.prediction_id[:TICKET_LENGTH] for row in rows})
        for start in range(0, len(tickets), CHUNK):
            with writing(self.engine) as connection:
                self._settle(connection, tickets[start : start + CHUNK])
        with writing(self.engine) as connection:
            set_mark(connection, "shadows", 0, max(row.at for row in rows))
        return len([row for row in rows if since is None or row.at > since])

    def _settle(self, connection: Connection, tickets: Collection[str]) -> None:
        """Bring the cases of `tickets` up to what their events and challengers say, and the value of all alike."""
        rows = connection.execute(select(cases).where(cases.c.ticket.in_(tickets)).order_by(cases.c.seq)).all()
        if not rows:
            return
        told = events_of(connection, tickets)
        others = _shadows(connection, [row.prediction_id for row in rows])
        changed = []
        for row in rows:
            facts = facts_of(row)
            found = standing(facts, told.get(row.ticket, ()), others.get(row.prediction_id, ()))
            changed.append(standing_row(row.seq, found))
        # by place: names of columns cannot be those of parameters in an update
        connection.execute(
            update(cases)
            .where(cases.c.seq == bindparam("this_seq"))
            .values({name: bindparam(name) for name in changed[0] if name != "this_seq"}),
            changed,
        )
        _retell(connection, [row for row in rows if row.first], told)
        self._revalue(connection, {row.likeness for row in rows})

    def _revalue(self, connection: Connection, groups: Collection[int]) -> None:
        counted = connection.execute(
            select(
                cases.c.likeness,
                func.sum(case((cases.c.open, 1), else_=0)).label("open"),
                func.sum(case((cases.c.labelled, 1), else_=0)).label("labelled"),
            )
            .where(cases.c.likeness.in_(groups))
            .group_by(cases.c.likeness)
        )
        alike = {row.likeness: 0 if row.labelled else min(int(row.open), MOST_ALIKE) for row in counted}
        moved = connection.execute(
            select(cases.c.seq, cases.c.likeness, cases.c.wrong, cases.c.uncertainty, cases.c.doubts).where(
                cases.c.likeness.in_(groups), cases.c.open, cases.c.alike != case(alike, value=cases.c.likeness)
            )
        ).all()
        if not moved:
            return
        connection.execute(
            update(cases)
            .where(cases.c.seq == bindparam("this_seq"))
            .values(alike=bindparam("alike"), value=bindparam("value")),
            [
                {
                    "this_seq": row.seq,
                    "alike": alike[row.likeness],
                    "value": value(
                        look_of(row.wrong, row.uncertainty, row.doubts, alike[row.likeness]), self.worth
                    ).total,
                }
                for row in moved
            ],
        )


def look_of(wrong: float, uncertainty: float, doubts: str, alike: int) -> Look:
    """Give what decides the worth of a look at a case, from its columns of these names."""
    only_sampled = names_of(doubts) == (Doubt.AUDIT_SAMPLE,)
    return Look(wrong, uncertainty, alike, taught=not alike, sampled=only_sampled)


def mark_of(connection: Connection, name: str) -> int:
    """Say how far the history has been taken in under this name."""
    return connection.scalar(select(case_marks.c.seq).where(case_marks.c.name == name)) or 0


def set_mark(connection: Connection, name: str, seq: int, at: datetime | None = None) -> None:
    """Remember how far the history has been taken in under this name."""
    done = connection.execute(update(case_marks).where(case_marks.c.name == name).values(seq=seq, at=at))
    if not done.rowcount:
        connection.execute(insert(case_marks).values(name=name, seq=seq, at=at))


def _add(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Add cases: which of their ticket is first and latest, and whom each is alike to."""
    tickets = {draft.row["ticket"] for draft in drafts}
    known = set(connection.scalars(select(cases.c.ticket).where(cases.c.ticket.in_(tickets))))
    bands = sorted({band for draft in drafts for band in draft.bands})
    likeness: dict[int, int] = {}
    for start in range(0, len(bands), CHUNK):
        found = connection.execute(
            select(case_bands.c.band, func.min(cases.c.likeness))
            .join(cases, cases.c.seq == case_bands.c.seq)
            .where(case_bands.c.band.in_(bands[start : start + CHUNK]))
            .group_by(case_bands.c.band)
        )
        likeness.update((band, leader) for band, leader in found)
    latest = {draft.row["ticket"]: draft.row["seq"] for draft in drafts}
    rows, places = [], []
    for draft in drafts:
        seq, ticket = draft.row["seq"], draft.row["ticket"]
        leader = min((likeness[band] for band in draft.bands if band in likeness), default=seq)
        likeness.update((band, leader) for band in draft.bands if band not in likeness)
        rows.append(draft.row | {"likeness": leader, "first": ticket not in known, "latest": latest[ticket] == seq})
        places += [{"band": band, "seq": seq} for band in dict.fromkeys(draft.bands)]
        known.add(ticket)
    connection.execute(update(cases).where(cases.c.ticket.in_(tickets), cases.c.latest).values(latest=False))
    connection.execute(insert(cases), rows)
    if places:
        connection.execute(insert(case_bands), places)


def _retell(connection: Connection, firsts: Iterable[Row[Any]], told: Mapping[str, Sequence[Event]]) -> None:
    rows = [
        written
        for row in firsts
        if row.ticket in told
        for written in dispatch_rows(row, dispatches_of(told[row.ticket]))
    ]
    if told:
        connection.execute(delete(dispatches).where(dispatches.c.ticket.in_(told)))
    if rows:
        connection.execute(insert(dispatches), rows)


def events_of(connection: Connection, tickets: Collection[str]) -> dict[str, list[Event]]:
    """Read the events of these tickets, oldest first; tickets without any are left out."""
    found: dict[str, list[Event]] = {}
    for row in connection.execute(select(events).where(events.c.ticket.in_(tickets)).order_by(events.c.seq)):
        found.setdefault(row.ticket, []).append(event_of(row))
    return found


def _shadows(connection: Connection, prediction_ids: Sequence[str]) -> dict[str, list[Shadow]]:
    found: dict[str, list[Shadow]] = {}
    for row in connection.execute(select(shadows).where(shadows.c.prediction_id.in_(prediction_ids))):
        shadow = Shadow(row.domain_code, row.domain_confidence, row.office_code, row.office_confidence)
        found.setdefault(row.prediction_id, []).append(shadow)
    return found

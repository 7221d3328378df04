"""Who is responsible on a given day, by one look-up: a charter's responsibilities made a table."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from models.charter.articles import STATION, Charter, Office, OfficeKind, Request, Responsibility


class Duty(NamedTuple):
    """Who leads and assists by which rule. `lead` is a code that is valid on the day, with or without a place.

    needs_place: the lead depends on where the merchant is, nothing says where, and `lead` has the ticket meanwhile.
    """

    lead: str
    assisting: tuple[str, ...]
    departments: tuple[str, ...]
    rule: str
    basis: str
    needs_place: bool


class Circumstances(NamedTuple):
    """What the charter's rules ask for beside the domain: kinds of request, condition, station of the place."""

    kinds: tuple[Request, ...]
    condition: str | None
    place: str | None


class _Cell(NamedTuple):
    by_place: Mapping[str, Duty]
    without_place: Duty | None


class Division:
    """The division of work of `charter` on the day `on`."""

    def __init__(self, charter: Charter, on: date) -> None:
        self._charter = charter
        self._on = on
        self._offices = {office.code: office for office in reversed(charter.offices)}
        self._labels = _labels(charter.offices)
        self.stations: Mapping[str, str] = MappingProxyType(
            {
                office.code: office.name
                for office in charter.offices
                if office.kind is OfficeKind.STATION and office.validity.holds(on)
            }
        )
        centres = (o.code for o in charter.offices if o.kind is OfficeKind.CENTRE and o.validity.holds(on))
        self._centre = next(centres, None)
        stations = (office.code for office in charter.offices if office.kind is OfficeKind.STATION)
        self._station_of = {code: found[0] for code in stations if (found := self._one(code))}
        self._cells = self._table()
        self.domains = frozenset(domain for domain, _, _ in self._cells)
        """Those for which there is any rule."""

    def duty(self, domain: str, kind: Request, condition: str | None, place: str | None) -> Duty | None:
        """Whose ticket it is; None where no rule says so, or its lead has no one successor.

        A condition without a rule of its own counts as none. A place that was a station, or will be, counts as the
        one station of the day that does its work; any other as unknown.
        """
        cell = self._cells.get((domain, kind, condition)) or self._cells.get((domain, kind, None))
        if cell is None:
            return None
        station = self._station_of.get(place) if place is not None else None
        return (cell.by_place.get(station) if station is not None else None) or cell.without_place

    def office(self, label: str) -> Office | None:
        """Find the office that `label` names: a code before a name before an alias."""
        return self._labels.get(label)

    def today(self, label: str) -> tuple[str, ...]:
        """Codes of those who do on the day what the office `label` did or will do; empty where nobody does.

        A closed office leads on to its successors, one that is still to come back to those it will succeed.
        """
        office = self._labels.get(label)
        return tuple(self._followed(office.code, set())) if office else ()

    def _followed(self, code: str, seen: set[str]) -> list[str]:
        office = self._offices.get(code)
        if office is None or code in seen:
            return []
        seen.add(code)
        if office.validity.holds(self._on):
            return [code]
        ahead = office.validity.since is not None and self._on < office.validity.since
        nearer = _predecessors(self._charter.offices, code) if ahead else office.successors
        return list(dict.fromkeys(found for next_code in nearer for found in self._followed(next_code, seen)))

    def _table(self) -> dict[tuple[str, Request, str | None], _Cell]:
        rules: dict[tuple[str, Request, str | None], list[Responsibility]] = {}
        for rule in self._charter.responsibilities:
            if rule.validity.holds(self._on):
                for domain in rule.domains:
                    for kind in rule.kinds or Request:
                        rules.setdefault((domain, kind, rule.condition), []).append(rule)
        made: dict[tuple[int, ...], _Cell] = {}
        table = {}
        for (domain, kind, condition), own in rules.items():
            # a condition that has rules for some places only leaves the others to the rules without one
            everywhere = condition is None or any(not rule.places for rule in own)
            ranks = (own,) if everywhere else (own, rules.get((domain, kind, None), ()))
            same = tuple(id(rule) for rank in ranks for rule in rank)
            if same not in made:
                made[same] = self._cell(ranks)
            table[domain, kind, condition] = made[same]
        return table

    def _cell(self, ranks: Iterable[Iterable[Responsibility]]) -> _Cell:
        """One cell's answers: rules with places before the one without; of two alike the first (the check tells)."""
        by_place: dict[str, Duty] = {}
        without_place: Duty | None = None
        for rule in (rule for rank in ranks for rule in sorted(rank, key=lambda rule: not rule.places)):
            nearest = [station for place in rule.places for station in self._one(place)]
            for station in nearest if rule.places else self.stations:
                duty = self._made(rule, station)
                if duty is not None:
                    by_place.setdefault(station, duty)
            if not rule.places and without_place is None:
                without_place = self._made(rule, None)
        return _Cell(by_place, without_place)

    def _made(self, rule: Responsibility, station: str | None) -> Duty | None:
        needs_place = rule.lead == STATION and station is None
        lead = self._lead(rule, station)
        if lead is None:
            return None
        assisting = [
            code
            for named in rule.assisting
            for code in ((station,) if named == STATION and station else self.today(named))
            if code != lead
        ]
        return Duty(lead, tuple(dict.fromkeys(assisting)), rule.departments, rule.code, rule.basis, needs_place)

    def _lead(self, rule: Responsibility, station: str | None) -> str | None:
        if rule.lead == STATION:
            if station is not None:
                return station
            if rule.without_place is None:
                return self._centre
        code = rule.without_place if rule.lead == STATION and rule.without_place else rule.lead
        return next(iter(self._one(code)), None)

    def _one(self, code: str) -> tuple[str, ...]:
        """Follow `code` to the only office that does its work on the day; empty where several do, or none."""
        codes = self.today(code)
        return codes if len(codes) == 1 else ()


def _labels(offices: Iterable[Office]) -> Mapping[str, Office]:
    offices = tuple(offices)
    labels: dict[str, Office] = {}
    for names_of in (lambda o: (o.code,), lambda o: (o.name,), lambda o: o.aliases):
        for office in offices:
            for name in names_of(office):
                labels.setdefault(name, office)
    return labels


def _predecessors(offices: Iterable[Office], code: str) -> tuple[str, ...]:
    return tuple(office.code for office in offices if code in office.successors)

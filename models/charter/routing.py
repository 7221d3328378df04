"""From the offices of one ticket to its route: state, lead, assistants, departments, tracks, and why."""

from collections.abc import Iterable
from typing import NamedTuple

from models.charter.articles import Charter, OfficeKind
from models.charter.division import Division, Duty
from models.charter.places import Sighting
from models.charter.roster import Circumstances
from models.charter.route import Party, Route, RouteState, Sentence, Track
from models.charter.said import Said
from models.charter.wording import (
    NOT_APPLICABLE,
    NOTHING_TO_GO_BY,
    WHAT_IS_IT_ABOUT,
    WHERE_IS_THE_MERCHANT,
    Wording,
)
from models.prediction import Decision, HeadAnswer

_ALSO_LIKELY = 0.1
"""The least probability of a second domain that counts as a part of the matter."""


class Answers(NamedTuple):
    """What is known when a route is made.

    office: combined with the charter where that applies, None where only the charter can tell. alone: the model's.
    """

    domain: HeadAnswer | None
    office: HeadAnswer | None
    alone: HeadAnswer | None
    applies: bool


class Reading(NamedTuple):
    """What the charter reads in a ticket."""

    sighting: Sighting
    given: Circumstances
    said: Said


class _Ground(NamedTuple):
    """A rule and the domain that it is applied for."""

    domain: str
    duty: Duty


class _Held(NamedTuple):
    """A route but for what is the same in every state."""

    state: RouteState
    lead: Party | None
    assisting: tuple[Party, ...]
    departments: tuple[Party, ...]
    basis: tuple[Sentence, ...]
    needs: tuple[Sentence, ...]


class Router:
    """Makes routes by one charter; holds names, no state."""

    def __init__(self, charter: Charter) -> None:
        self._names = {office.code: office.name for office in charter.offices}
        self._outside = {office.code for office in charter.offices if office.kind is OfficeKind.EXTERNAL}
        self._parties = {office.code: Party(office.code, office.name, None) for office in charter.offices}
        self._assistants: dict[tuple[str, ...], tuple[Party, ...]] = {}
        self._departments = {department.code: department for department in charter.departments}
        self._words = Wording(charter)

    def route(self, division: Division, said: Answers, reading: Reading) -> Route:
        """The route of one ticket on the division's day."""
        sighting, given, words = reading
        by_domain = _ground(division, said.domain.code if said.domain is not None else None, given)
        held = self._held(division, said, reading, by_domain)
        return Route(
            held.state,
            held.lead,
            held.assisting,
            held.departments,
            self._tracks(division, held.lead, by_domain, given),
            sighting.place,
            held.basis,
            held.needs,
            words.look_at,
        )

    def _held(self, division: Division, said: Answers, reading: Reading, by_domain: _Ground | None) -> _Held:
        domain, office = said.domain, said.office
        if office is not None and (office.code is None or office.decision is Decision.ABSTAIN):
            office = None
        if office is None and (by_domain is None or domain is None or domain.decision is Decision.ABSTAIN):
            return _Held(RouteState.UNSURE, None, (), (), (NOTHING_TO_GO_BY,), _questions(reading))
        if office is not None and not said.applies:
            return _Held(RouteState.ROUTED, _party(office), (), (), (NOT_APPLICABLE,), ())
        if by_domain is not None and by_domain.duty.needs_place and _open(division, office, by_domain.duty):
            keeper = self._named(by_domain.duty.lead)
            asked = tuple(self._words.is_it_ours(place.name) for place in reading.sighting.doubtful) or (
                WHERE_IS_THE_MERCHANT,
            )
            return _Held(RouteState.NEEDS_PLACE, keeper, (), (), self._basis(said, reading, by_domain), asked)
        if office is None:
            lead, ground = self._named(by_domain.duty.lead if by_domain else ""), by_domain
        else:
            lead, ground = _party(office), self._supporting(division, said, by_domain, reading.given)
        basis = self._basis(said, reading, ground or by_domain)
        if lead.code in self._outside or (by_domain is not None and by_domain.duty.lead in self._outside):
            return self._coordination(division, said, reading, lead, ground, basis)
        helping = self._all_named(ground.duty.assisting) if ground is not None else ()
        if reading.sighting.departments:
            helping += tuple(map(self._department, self._joining(domain, ground, reading.sighting)))
        return _Held(RouteState.ROUTED, lead, helping, (), basis, ())

    def _coordination(
        self,
        division: Division,
        said: Answers,
        reading: Reading,
        lead: Party,
        ground: _Ground | None,
        basis: tuple[Sentence, ...],
    ) -> _Held:
        """Other departments have to be asked; a part in a domain that they leave to us stays ours."""
        codes = reading.sighting.departments or (ground.duty.departments if ground is not None else ())
        known = [code for code in codes if code in self._departments]
        departments = tuple(map(self._department, known))
        helping = list(map(self._named, ground.duty.assisting)) if ground is not None else []
        for other in said.domain.alternatives if said.domain is not None else ():
            part = _ground(division, other.code, reading.given) if other.confidence >= _ALSO_LIKELY else None
            if part is None or part.duty.lead in self._outside:
                continue
            if any(part.domain in self._departments[code].keeps for code in known):
                ours = self._named(part.duty.lead)
                basis += (self._words.stays_ours(part.domain, ours.name, departments),)
                if all(ours.code != party.code for party in (lead, *helping)):
                    helping.append(ours)
        asked = (self._words.ask_department(departments),)
        return _Held(RouteState.NEEDS_COORDINATION, lead, tuple(helping), departments, basis, asked)

    def _supporting(
        self, division: Division, said: Answers, by_domain: _Ground | None, given: Circumstances
    ) -> _Ground | None:
        """The rule by which the combined answer leads: of the most probable domain, else of one of the next."""
        code = said.office.code if said.office is not None else None
        if by_domain is None or by_domain.duty.lead == code:
            return by_domain
        for other in said.domain.alternatives if said.domain is not None else ():
            ground = _ground(division, other.code, given)
            if ground is not None and ground.duty.lead == code:
                return ground
        return None

    def _basis(self, said: Answers, reading: Reading, ground: _Ground | None) -> tuple[Sentence, ...]:
        found = []
        if ground is not None:
            duty = ground.duty
            holder = self._names.get(duty.lead, duty.lead)
            found.append(self._words.by_rule(holder, ground.domain, reading.given.kinds[0], duty.rule, duty.basis))
        place = reading.sighting.place
        if place is not None:
            holder = self._names.get(place.station, place.station)
            found.append(self._words.by_place(holder, place.field, place.name))
        if said.applies and said.office is not None and said.office.code is not None:
            alone = said.alone
            other = alone is not None and alone.code is not None and alone.code != said.office.code
            found.append(
                self._words.by_model(
                    said.office.name or said.office.code,
                    round(said.office.confidence * 100),
                    alone.name if alone is not None and other else None,
                    round(alone.confidence * 100) if alone is not None and other else 0,
                )
            )
        return tuple(found)

    def _joining(self, domain: HeadAnswer | None, ground: _Ground | None, sighting: Sighting) -> Iterable[str]:
        """Departments that the text has a matter of and that join us by their own article or the rule's."""
        code = domain.code if domain is not None else None
        by_rule = ground.duty.departments if ground is not None else ()
        return (
            department
            for department in sighting.departments
            if department in by_rule or code in self._departments[department].keeps
        )

    def _tracks(
        self, division: Division, lead: Party | None, by_domain: _Ground | None, given: Circumstances
    ) -> tuple[Track, ...]:
        if by_domain is None:
            return tuple([Track(kind, lead, None) for kind in given.kinds])
        if len(given.kinds) == 1:
            led_by_rule = lead is not None and by_domain.duty.lead == lead.code
            return (Track(given.kinds[0], lead, by_domain.duty.rule if led_by_rule else None),)
        found = []
        for kind in given.kinds:
            duty = division.duty(by_domain.domain, kind, given.condition, given.place)
            if duty is None:
                found.append(Track(kind, lead, None))
            else:
                own = lead if lead is not None and lead.code == duty.lead else self._named(duty.lead)
                found.append(Track(kind, own, duty.rule))
        return tuple(found)

    def _named(self, code: str) -> Party:
        return self._parties.get(code) or Party(code, code, None)

    def _all_named(self, codes: tuple[str, ...]) -> tuple[Party, ...]:
        found = self._assistants.get(codes)
        if found is None:
            found = self._assistants[codes] = tuple(map(self._named, codes))
        return found

    def _department(self, code: str) -> Party:
        return Party(code, self._departments[code].name, None)


def _party(office: HeadAnswer) -> Party:
    code = office.code or ""
    return Party(code, office.name or code, office.confidence)


def _ground(division: Division, domain: str | None, given: Circumstances) -> _Ground | None:
    duty = division.duty(domain, given.kinds[0], given.condition, given.place) if domain is not None else None
    return _Ground(domain, duty) if domain is not None and duty is not None else None


def _open(division: Division, office: HeadAnswer | None, duty: Duty) -> bool:
    """Whether it is open who leads, for want of a place: what the model is not sure of it has guessed from habit."""
    if office is None or office.decision is Decision.AUTO:
        return office is None
    return office.code == duty.lead or office.code in division.stations


def _questions(reading: Reading) -> tuple[Sentence, ...]:
    return (WHAT_IS_IT_ABOUT,) if reading.sighting.place is not None else (WHAT_IS_IT_ABOUT, WHERE_IS_THE_MERCHANT)

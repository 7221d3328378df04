"""From the offices of one ticket to its route: state, lead, assistants, departments, tracks, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from models.charter.articles import Charter, OfficeKind, Request
from models.charter.division import Circumstances, Division
from models.charter.due import Deadlines, Running
from models.charter.places import Sighting
from models.charter.route import Party, PlaceFound, Route, RouteState, Sentence, Track
from models.charter.said import Said
from models.charter.wording import (
    NOT_APPLICABLE,
    NOTHING_TO_GO_BY,
    WHAT_IS_IT_ABOUT,
    WHERE_IS_THE_MERCHANT,
    Wording,
    by_model,
)
from models.charter.workdays import is_workday
from models.prediction import ABSTAIN, AUTO, HeadAnswer, made

_REMEMBERED = 1024
"""Circumstances of which it is kept what follows from them."""

_ROUTED = RouteState.ROUTED
"""By itself, as `models.prediction.AUTO`."""

_ALSO_LIKELY = 0.1
"""The least probability of a second domain that counts as a part of the matter."""


# plain tuples, as they are made of every ticket, taken apart at once, and seen by nobody else

Answers = tuple[HeadAnswer | None, HeadAnswer | None, HeadAnswer | None, bool]
"""What is known when a route is made: the domain; the office, combined with the charter where that applies, None where only
the charter can tell; the model's own office; and whether the charter applies."""

Reading = tuple[Sighting, Circumstances, Said]
"""What the charter reads in a ticket."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """A rule applied for a domain in some circumstances, and what follows from it whatever else a ticket says.

    lead: whom the rule names, `keeper` in full; outside: an office of another department. departments: whom it names for
    what is not ours. because: the rule in words. tracks: as the rules alone have them, without a lead where no rule says;
    that of the first kind is by `rule`.
    """

    domain: str
    lead: str
    outside: bool
    rule: str
    needs_place: bool
    departments: tuple[str, ...]
    because: tuple[Sentence]
    keeper: Party
    helping: tuple[Party, ...]
    tracks: tuple[Track, ...]


_Grounds = Mapping[str | None, _Ground]
"""By domain; none for one that is not known."""

Case = tuple[_Grounds, frozenset[str], Running]
"""What follows from circumstances alone: grounds, the codes of those who lead by any of them, and the clocks that run."""


class Router:
    """Makes the routes of one day; keeps what it has made of circumstances, and may be shared by threads."""

    def __init__(self, charter: Charter, on: date, words: Wording, deadlines: Deadlines) -> None:
        self.division = Division(charter, on)
        self._on = on
        self._deadlines = deadlines
        works, _ = is_workday(on)
        self.day_off = not works
        self._names = {office.code: office.name for office in charter.offices}
        self._outside = {office.code for office in charter.offices if office.kind is OfficeKind.EXTERNAL}
        self._departments = {department.code: department for department in charter.departments}
        self._keeping: dict[str | None, frozenset[str]] = {}
        for department in charter.departments:
            for domain in department.keeps:
                self._keeping[domain] = self._keeping.get(domain, frozenset()) | {department.code}
        self._words = words
        self._asked = {department.code: Party(department.code, department.name) for department in charter.departments}
        self._cases: dict[Circumstances, Case] = {}

    def case(self, given: Circumstances) -> Case:
        """What follows from circumstances, worked out once."""
        return self._cases.get(given) or self._worked_out(given)

    def route(self, said: Answers, reading: Reading, case: Case) -> Route:
        """The route of one ticket; case: that of its circumstances."""
        domain, office, _, applies = said
        sighting, given, words = reading
        grounds, leading, _ = case
        by_domain = ground = grounds.get(domain.code) if domain is not None else None
        if office is not None and (code := office.code) is not None and office.decision is not ABSTAIN:
            lead = made(Party, (code, office.name or code, office.confidence))
            if not applies:
                return _route(_ROUTED, lead, by_domain, reading, basis=(NOT_APPLICABLE,))
        elif by_domain is None or domain is None or domain.decision is ABSTAIN:
            asked = _questions(reading)
            return _route(RouteState.UNSURE, None, by_domain, reading, basis=(NOTHING_TO_GO_BY,), needs=asked)
        else:
            office, lead, code = None, by_domain.keeper, by_domain.lead
        if by_domain is not None:
            if by_domain.needs_place or sighting.others:
                asking = self._asking(said, reading, by_domain, office)
                if asking is not None:
                    return asking
            if by_domain.lead != code:
                ground = _supporting(code, domain, grounds) if code in leading else None
        basis = self._basis(said, sighting.place, ground or by_domain)
        if code in self._outside or (by_domain is not None and by_domain.outside):
            return self._coordination(said, reading, lead, by_domain, ground, grounds, basis)
        helping = ground.helping if ground is not None else ()
        departments = sighting.departments
        if departments and domain is not None and (domain.code in self._keeping or (ground and ground.departments)):
            helping += self._joining(domain, ground, departments)
        tracks, place, look_at = _tracks(lead, by_domain, given.kinds), sighting.place, words.look_at
        return made(Route, (_ROUTED, lead, helping, (), tracks, place, basis, (), look_at))

    def _asking(self, said: Answers, reading: Reading, by_domain: _Ground, office: HeadAnswer | None) -> Route | None:
        """What is asked where nothing says where the merchant is, or one field names places of several stations.

        office: None where nobody but the rule says who leads. None where the answer would change nothing.
        """
        sighting, given, words = reading
        ground, asked = by_domain, tuple([self._words.is_it_ours[place.name,] for place in sighting.doubtful])
        if sighting.others:
            nowhere = self._ground(by_domain.domain, given._replace(place=None))
            asked = self._which_of_several(sighting, given, by_domain.domain)
            if nowhere is None or not nowhere.needs_place or not asked:
                return None
            ground, reading = nowhere, (sighting._replace(place=None), given, words)
        if not self._open(office, ground):
            return None
        basis, asked = self._basis(said, None, ground), asked or (WHERE_IS_THE_MERCHANT,)
        return _route(RouteState.NEEDS_PLACE, ground.keeper, ground, reading, basis=basis, needs=asked)

    def _which_of_several(self, sighting: Sighting, given: Circumstances, domain: str) -> tuple[Sentence, ...]:
        """The question between places of several stations; none where all of them have the same lead."""
        places = tuple([place for place in (sighting.place, *sighting.others) if place is not None])
        there = [self._ground(domain, given._replace(place=place.station)) for place in places]
        if len({ground.lead if ground is not None else None for ground in there}) == 1:
            return ()
        named = tuple([(place.name, self._names.get(place.station, place.station)) for place in places])
        return (self._words.which_of_several[places[0].field, named],)

    def _coordination(
        self,
        said: Answers,
        reading: Reading,
        lead: Party,
        by_domain: _Ground | None,
        ground: _Ground | None,
        grounds: _Grounds,
        basis: tuple[Sentence, ...],
    ) -> Route:
        """Other departments have to be asked; a part in a domain that they leave to us stays ours."""
        domain, sighting = said[0], reading[0]
        codes = sighting.departments or (ground.departments if ground is not None else ())
        known = [code for code in codes if code in self._departments]
        departments = tuple([self._asked[code] for code in known])
        helping = list(ground.helping) if ground is not None else []
        for other in domain.alternatives if domain is not None else ():
            part = grounds.get(other.code) if other.confidence >= _ALSO_LIKELY else None
            if part is None or part.outside:
                continue
            if any(part.domain in self._departments[code].keeps for code in known):
                ours = part.keeper
                basis += (self._words.stays_ours[part.domain, ours.name, departments],)
                if all(ours.code != party.code for party in (lead, *helping)):
                    helping.append(ours)
        asked = (self._words.ask_department[departments,],)
        return _route(
            RouteState.NEEDS_COORDINATION, lead, by_domain, reading, tuple(helping), departments, basis, asked
        )

    def _worked_out(self, given: Circumstances) -> Case:
        if len(self._cases) >= _REMEMBERED:
            self._cases.clear()
        grounds: dict[str | None, _Ground] = {
            domain: ground for domain in self.division.domains if (ground := self._ground(domain, given)) is not None
        }
        leading = frozenset(ground.lead for ground in grounds.values())
        case = self._cases[given] = grounds, leading, self._deadlines.running(given.kinds, self._on)
        return case

    def _ground(self, domain: str, given: Circumstances) -> _Ground | None:
        kinds, condition, place = given
        duties = [self.division.duty(domain, kind, condition, place) for kind in kinds]
        duty = duties[0]
        if duty is None:
            return None
        keeper = self._named(duty.lead)
        because = self._words.by_rule[keeper.name, domain, kinds[0], duty.rule, duty.basis]
        tracks = [
            Track(kind, self._named(each.lead), each.rule) if each is not None else Track(kind, None, None)
            for kind, each in zip(kinds, duties, strict=True)
        ]
        helping = tuple(map(self._named, duty.assisting))
        lead, _, departments, rule, _, needs_place = duty
        outside = lead in self._outside
        return _Ground(
            domain, lead, outside, rule, needs_place, departments, (because,), keeper, helping, tuple(tracks)
        )

    def _basis(self, said: Answers, place: PlaceFound | None, ground: _Ground | None) -> tuple[Sentence, ...]:
        _, office, alone, applies = said
        words = self._words
        basis: tuple[Sentence, ...] = ground.because if ground is not None else ()
        if place is not None:
            holder = self._names.get(place.station, place.station)
            basis += (words.by_place[holder, place.field, place.name],)
        if not applies or office is None or office.code is None:
            return basis
        return (*basis, by_model(office, alone))

    def _joining(self, domain: HeadAnswer, ground: _Ground | None, named: tuple[str, ...]) -> tuple[Party, ...]:
        """Departments that the text has a matter of and that join us by their own article or the rule's."""
        keeping = self._keeping.get(domain.code, ())
        by_rule = ground.departments if ground is not None else ()
        return tuple([self._asked[code] for code in named if code in by_rule or code in keeping])

    def _open(self, office: HeadAnswer | None, ground: _Ground) -> bool:
        """Whether it is open who leads, for want of a place.

        Who has a ticket only meanwhile, has it so however sure that is; a station that the model is not sure of it has
        guessed from habit.
        """
        if office is None or office.code == ground.lead:
            return True
        return office.decision is not AUTO and office.code in self.division.stations

    def _named(self, code: str) -> Party:
        return Party(code, self._names.get(code, code))


def _supporting(lead: str, domain: HeadAnswer | None, grounds: _Grounds) -> _Ground | None:
    """The rule by which an office leads that does not by the most probable domain: that of one of the next."""
    for other in domain.alternatives if domain is not None else ():
        ground = grounds.get(other.code)
        if ground is not None and ground.lead == lead:
            return ground
    return None


def _route(
    state: RouteState,
    lead: Party | None,
    by_domain: _Ground | None,
    reading: Reading,
    assisting: tuple[Party, ...] = (),
    departments: tuple[Party, ...] = (),
    basis: tuple[Sentence, ...] = (),
    needs: tuple[Sentence, ...] = (),
) -> Route:
    sighting, given, words = reading
    tracks = _tracks(lead, by_domain, given.kinds)
    return made(Route, (state, lead, assisting, departments, tracks, sighting.place, basis, needs, words.look_at))


def _tracks(lead: Party | None, by_domain: _Ground | None, kinds: tuple[Request, ...]) -> tuple[Track, ...]:
    if by_domain is None:
        return tuple([Track(kind, lead, None) for kind in kinds])
    if len(kinds) == 1:
        if lead is by_domain.keeper:
            return by_domain.tracks
        led_by_rule = lead is not None and by_domain.lead == lead.code
        return (made(Track, (kinds[0], lead, by_domain.rule if led_by_rule else None)),)
    found = []
    for kind, own, rule in by_domain.tracks:
        ours = own is None or (lead is not None and lead.code == own.code)
        found.append(Track(kind, lead if ours else own, rule))
    return tuple(found)


def _questions(reading: Reading) -> tuple[Sentence, ...]:
    return (WHAT_IS_IT_ABOUT,) if reading[0].place is not None else (WHAT_IS_IT_ABOUT, WHERE_IS_THE_MERCHANT)

"""What a charter makes of one ticket: the model's offices and the charter's in one answer, and the route with its basis."""

from datetime import date, datetime
from functools import lru_cache

from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.division import Circumstances, Division
from models.charter.due import Deadlines, at_moment
from models.charter.duty import DAY_OFF, needs_duty_officer
from models.charter.roster import Ranking, Roster
from models.charter.route import CharterVersion, PlaceFound, Resolution
from models.charter.routing import Answers, Case, Reading, Router
from models.charter.said import Listener
from models.charter.trust import OfficeScores
from models.charter.wording import Wording
from models.charter.workdays import in_china
from models.decision import Sets
from models.fitted import Head
from models.prediction import AUTO, SUGGEST, Candidate, HeadAnswer, Triage, made
from models.triage import doubts_of

_DAYS, _MODELS = 8, 4
"""Days whose tables are kept: today's, and those of late tickets; and for each, of how many models: of one being tried, too."""


class Resolver:
    """Resolves tickets by one charter; its tables are made once per day and model, and it may be shared by threads."""

    def __init__(self, charter: Charter, version: CharterVersion) -> None:
        self.charter = charter
        self.version = version
        self._listener = Listener(charter)
        self._deadlines = Deadlines(charter)
        self._wording = Wording(charter)
        self._domains = dict(charter.domains)
        self._days: dict[date, _Day] = {}

    def resolve(
        self, triage: Triage, scores: OfficeScores | None, complaint: Complaint, received_at: datetime
    ) -> tuple[Triage, Resolution]:
        """Combine and route: the triage with the combined `office`, and what the charter says of the ticket.

        scores: of the model that triaged; None where there is no model, and the charter goes by `triage.domain` alone.
        complaint: as it came in, not masked.
        """
        received = in_china(received_at)
        # a call for what is there already takes longer than to look for it
        router, rosters = self._days.get(received.date()) or self._day(received.date())
        domain, alone = triage.domain, triage.office
        about = domain.code if domain is not None else None
        sighting, given, _ = reading = self.read(complaint, about)
        # a model that was silent of a head it has stays so
        if scores is None or (domain is not None and about is None) or (alone is not None and alone.code is None):
            said: Answers = domain, alone, alone, scores is not None
            return triage, self._resolution(router, said, reading, router.case(given), complaint, received)
        heads = scores.heads
        roster = rosters.get(id(heads)) or self.roster(received.date(), heads)
        case, table = roster.case(given)
        if roster.applies:
            triage = _combined(triage, roster, roster.rank(scores, table, sighting), scores.trust.sets, sighting.others)
        said = domain, triage.office, alone, roster.applies
        return triage, self._resolution(router, said, reading, case, complaint, received)

    def resolve_given(
        self,
        domain: str,
        place: str | None,
        complaint: Complaint,
        received_at: datetime,
        kinds: tuple[Request, ...] = (),
    ) -> Resolution:
        """Route without a model: by a domain that somebody names, and a station and kinds, or what the text says of them."""
        received = in_china(received_at)
        sighting, given, said = self.read(complaint, domain)
        if place is not None:
            # whoever names the station has answered what the text leaves open
            seen = sighting.place if sighting.place is not None and sighting.place.station == place else None
            sighting = sighting._replace(place=seen, others=(), doubtful=())
            given = given._replace(place=place)
        given = given._replace(kinds=kinds or given.kinds)
        named = HeadAnswer(domain, self._domains.get(domain, domain), 1.0, AUTO, (), None)
        router, _ = self._day(received.date())
        reading = sighting, given, said
        return self._resolution(router, (named, None, None, True), reading, router.case(given), complaint, received)

    def read(self, complaint: Complaint, domain: str | None) -> Reading:
        """What the charter reads in a ticket; domain: as far as it is known."""
        said, sighting = self._listener.of(complaint, domain)
        place = sighting.place
        given = made(Circumstances, (said.kinds, said.condition, place.station if place is not None else None))
        return sighting, given, said

    def division(self, day: date) -> Division:
        """The division of work on a day."""
        return self._day(day)[0].division

    def _day(self, day: date) -> "_Day":
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= _DAYS:
                self._days.clear()
            found = self._days[day] = Router(self.charter, day, self._wording, self._deadlines), {}
        return found

    def roster(self, day: date, heads: tuple[Head, ...]) -> Roster:
        """The day's offices beside a model's labels."""
        router, rosters = self._day(day)
        found = rosters.get(id(heads))
        # a roster keeps its heads, so that no others can have their address
        if found is None:
            if len(rosters) >= _MODELS:
                rosters.clear()
            found = rosters[id(heads)] = Roster(self.charter, router, day, heads)
        return found

    def _resolution(
        self, router: Router, said: Answers, reading: Reading, case: Case, complaint: Complaint, received: datetime
    ) -> Resolution:
        _, given, words = reading
        route, urgency = router.route(said, reading, case), words.urgency
        if router.day_off:
            domain = said[0].code if said[0] is not None else None
            if needs_duty_officer(domain, urgency, complaint.text):
                route = route._replace(basis=(*route.basis, DAY_OFF))
        return made(Resolution, (self.version, given.kinds, route, urgency, at_moment(case[2], received)))


_Day = tuple[Router, dict[int, Roster]]
"""What routes the tickets of a day, and its rosters by the addresses of the models' heads."""


def _combined(
    triage: Triage, roster: Roster, ranking: Ranking, sets: Sets | None, several: tuple[PlaceFound, ...]
) -> Triage:
    """The triage with the office that model and charter have together; several: places between which nothing decides."""
    model, complaint, domain, alone, evidence, doubted, warnings = triage
    best, confidence, second, its_share, third, thirds_share, fourth, fourths_share, passing = ranking
    codes, names = roster.offices, roster.names
    code = codes[best]
    alternatives: tuple[Candidate, ...]
    if fourth >= 0:
        alternatives = (
            made(Candidate, (codes[second], names[second], its_share)),
            made(Candidate, (codes[third], names[third], thirds_share)),
            made(Candidate, (codes[fourth], names[fourth], fourths_share)),
        )
    else:
        others = ((number, share) for number, share in ((second, its_share), (third, thirds_share)) if number >= 0)
        alternatives = tuple(Candidate(codes[number], names[number], share) for number, share in others)
    contrast, same = None, alone is not None and alone.code == code
    if alone is not None and same and second >= 0:
        contrast = alone.contrast
        if contrast is not None and contrast.against != codes[second]:
            contrast = None
    if evidence and contrast is None:
        evidence = tuple([each for each in evidence if each.target != "office" or (same and each.weight > 0)])
    among = alone.set if alone is not None else None
    if sets is not None:
        among = sets.of(code, alternatives, lambda: passing)
    elif among is not None:
        among = roster.inherited(among, code)
    decision = roster.decide(best, confidence)
    if several and decision is AUTO and roster.is_by_place(best):
        # of the places that one field names the first is a hint, and no more
        decision = SUGGEST
    office = made(HeadAnswer, (code, names[best], confidence, decision, alternatives, contrast, among))
    doubts = doubts_of("office", decision, confidence, its_share)
    if doubted:
        doubts = _others(doubted) + doubts
    return made(Triage, (model, complaint, domain, office, evidence, doubts, warnings))


@lru_cache(maxsize=1024)
def _others(doubts: tuple[str, ...]) -> tuple[str, ...]:
    """The doubts that are not of the office; kept, for there are few sorts."""
    return tuple(each for each in doubts if not each.startswith("office_"))

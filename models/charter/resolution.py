"""What a charter makes of one ticket: the model's offices and the charter's in one answer, and the route with its basis."""

from datetime import date, datetime
from functools import lru_cache

from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.division import Division
from models.charter.due import Deadlines, at_moment
from models.charter.duty import DAY_OFF, needs_duty_officer
from models.charter.places import Places
from models.charter.roster import Circumstances, Roster
from models.charter.route import CharterVersion, Resolution
from models.charter.routing import Answers, Reading, Router
from models.charter.said import Listener
from models.charter.trust import OfficeScores
from models.charter.wording import Wording
from models.charter.workdays import in_china
from models.fitted import Head
from models.prediction import AUTO, Candidate, HeadAnswer, Triage, made
from models.triage import doubts_of

_DAYS, _MODELS = 8, 4
"""Days whose tables are kept: today's, and those of late tickets; and for each, of how many models: of one being tried, too."""


class Resolver:
    """Resolves tickets by one charter; its tables are made once per day and model, and it may be shared by threads."""

    def __init__(self, charter: Charter, version: CharterVersion) -> None:
        self.charter = charter
        self.version = version
        self._places = Places(charter)
        self._listener = Listener(charter, self._places.names)
        self._deadlines = Deadlines(charter)
        self._wording = Wording(charter)
        self._domains = dict(charter.domains)
        self._routers: dict[date, Router] = {}

    def resolve(
        self, triage: Triage, scores: OfficeScores | None, complaint: Complaint, received_at: datetime
    ) -> tuple[Triage, Resolution]:
        """Combine and route: the triage with the combined `office`, and what the charter says of the ticket.

        scores: of the model that triaged; None where there is no model, and the charter goes by `triage.domain` alone.
        complaint: as it came in, not masked.
        """
        received = in_china(received_at)
        day = received.date()
        # a call for what is there already takes longer than to look for it
        router = self._routers.get(day) or self._router(day)
        domain, alone = triage.domain, triage.office
        about = domain.code if domain is not None else None
        reading = self.read(complaint, about)
        office, applies = alone, scores is not None
        # a model that was silent of a head it has stays so
        if scores is not None and (alone is None or alone.code is not None) and (domain is None or about is not None):
            heads = scores.heads
            roster = router.rosters.get(id(heads)) or self.roster(day, heads)
            applies = roster.applies
            if applies:
                triage = _combined(triage, roster, scores, reading)
                office = triage.office
        return triage, self._resolution(router, (domain, office, alone, applies), reading, complaint, received)

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
        given = Circumstances(kinds or given.kinds, given.condition, given.place if place is None else place)
        named = HeadAnswer(domain, self._domains.get(domain, domain), 1.0, AUTO, (), None)
        router = self._router(received.date())
        return self._resolution(router, (named, None, None, True), (sighting, given, said), complaint, received)

    def read(self, complaint: Complaint, domain: str | None) -> Reading:
        """What the charter reads in a ticket; domain: as far as it is known."""
        said, names = self._listener.of(complaint, domain)
        sighting = self._places.sight(complaint, names)
        place = sighting.place
        given = made(Circumstances, (said.kinds, said.condition, place.station if place is not None else None))
        return sighting, given, said

    def division(self, day: date) -> Division:
        """The division of work on a day."""
        return self._router(day).division

    def _router(self, day: date) -> Router:
        found = self._routers.get(day)
        if found is None:
            if len(self._routers) >= _DAYS:
                self._routers.clear()
            found = self._routers[day] = Router(self.charter, day, self._wording, self._deadlines)
        return found

    def roster(self, day: date, heads: tuple[Head, ...]) -> Roster:
        """The day's offices beside a model's labels."""
        rosters = self._router(day).rosters
        found = rosters.get(id(heads))
        # a roster keeps its heads, so that no others can have their address
        if found is None:
            if len(rosters) >= _MODELS:
                rosters.clear()
            found = rosters[id(heads)] = Roster(self.charter, self.division(day), day, heads)
        return found

    def _resolution(
        self, router: Router, said: Answers, reading: Reading, complaint: Complaint, received: datetime
    ) -> Resolution:
        _, given, words = reading
        case, urgency = router.case(given), words.urgency
        route = router.route(said, reading, case)
        if router.day_off:
            domain = said[0].code if said[0] is not None else None
            if needs_duty_officer(domain, urgency, complaint.text):
                route = route._replace(basis=(*route.basis, DAY_OFF))
        return made(Resolution, (self.version, given.kinds, route, urgency, at_moment(case[2], received)))


def _combined(triage: Triage, roster: Roster, scores: OfficeScores, reading: Reading) -> Triage:
    """The triage with the office that model and charter have together; `alone` is the model's."""
    model, complaint, domain, alone, evidence, doubted, warnings = triage
    sighting, given, _ = reading
    ranking = roster.rank(scores, given, sighting)
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
    sets, among = scores.trust.sets, alone.set if alone is not None else None
    if sets is not None:
        among = sets.of(code, alternatives, lambda: passing)
    elif among is not None:
        among = roster.inherited(among, code)
    decision = roster.decide(best, confidence)
    office = made(HeadAnswer, (code, names[best], confidence, decision, alternatives, contrast, among))
    doubts = doubts_of("office", decision, confidence, its_share)
    if doubted:
        doubts = _others(doubted) + doubts
    return made(Triage, (model, complaint, domain, office, evidence, doubts, warnings))


@lru_cache(maxsize=1024)
def _others(doubts: tuple[str, ...]) -> tuple[str, ...]:
    """The doubts that are not of the office; kept, for there are few sorts."""
    return tuple(each for each in doubts if not each.startswith("office_"))

"""What a charter makes of one ticket: the model's offices and the charter's in one answer, and the route with its basis."""

from datetime import date, datetime

from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.division import Division
from models.charter.due import Deadlines
from models.charter.duty import DAY_OFF, needs_duty_officer
from models.charter.places import Places, Whole
from models.charter.roster import Circumstances, Ranking, Roster
from models.charter.route import CharterVersion, Resolution
from models.charter.routing import Answers, Reading, Router
from models.charter.said import Listener
from models.charter.trust import OfficeScores
from models.charter.wording import Wording
from models.charter.workdays import in_china
from models.decision import Sets
from models.fitted import Head
from models.prediction import Candidate, Decision, HeadAnswer, PredictionSet, Triage, made
from models.triage import doubts_of

_DAYS = 8
"""Days and models whose tables are kept: today's, those of late tickets, and of a model being tried."""

_FLOOR = 0.20
"""The least confidence to be shown of an office that no policy speaks of."""


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
        self._rosters: dict[tuple[date, int], Roster] = {}

    def resolve(
        self, triage: Triage, scores: OfficeScores | None, complaint: Complaint, received_at: datetime
    ) -> tuple[Triage, Resolution]:
        """Combine and route: the triage with the combined `office`, and what the charter says of the ticket.

        scores: of the model that triaged; None where there is no model, and the charter goes by `triage.domain` alone.
        complaint: as it came in, not masked.
        """
        received = in_china(received_at)
        day = received.date()
        alone, office, applies = triage.office, triage.office, scores is not None
        reading = self.read(complaint, triage.domain.code if triage.domain is not None else None)
        if scores is not None and (alone is None or alone.code is not None) and _spoke(triage.domain):
            roster = self.roster(day, scores.heads)
            applies = roster.applies
            if applies:
                ranking = roster.rank(scores, reading.given, reading.sighting)
                office = _answer(ranking, roster, alone, scores.trust.sets)
                triage = _with_office(triage, office)
        said = made(Answers, (triage.domain, office, alone, applies))
        return triage, self._resolution(said, reading, complaint, received)

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
        reading = self.read(complaint, domain)
        if place is not None:
            reading = reading._replace(given=reading.given._replace(place=place))
        if kinds:
            reading = reading._replace(given=reading.given._replace(kinds=kinds))
        named = HeadAnswer(domain, self._domains.get(domain, domain), 1.0, Decision.AUTO, (), None)
        return self._resolution(Answers(named, None, None, applies=True), reading, complaint, received)

    def read(self, complaint: Complaint, domain: str | None) -> Reading:
        """What the charter reads in a ticket; domain: as far as it is known."""
        whole = Whole.of(complaint)
        said, names = self._listener.of(whole, domain)
        sighting = self._places.sight(whole, names)
        place = sighting.place.station if sighting.place is not None else None
        return made(Reading, (sighting, made(Circumstances, (said.kinds, said.condition, place)), said))

    def division(self, day: date) -> Division:
        """The division of work on a day."""
        return self._router(day).division

    def _router(self, day: date) -> Router:
        found = self._routers.get(day)
        if found is None:
            if len(self._routers) >= _DAYS:
                self._routers.clear()
            found = self._routers[day] = Router(self.charter, day, self._wording)
        return found

    def roster(self, day: date, heads: tuple[Head, ...]) -> Roster:
        """The day's offices beside a model's labels."""
        key = (day, id(heads))
        found = self._rosters.get(key)
        # a roster keeps its heads, so that no others can have their address
        if found is None:
            if len(self._rosters) >= _DAYS:
                self._rosters.clear()
            found = self._rosters[key] = Roster(self.charter, self.division(day), day, heads)
        return found

    def _resolution(self, said: Answers, reading: Reading, complaint: Complaint, received: datetime) -> Resolution:
        kinds, urgency, router = reading.given.kinds, reading.said.urgency, self._router(received.date())
        route = router.route(said, reading)
        if router.day_off:
            domain = said.domain.code if said.domain is not None else None
            if needs_duty_officer(domain, urgency, complaint.text):
                route = route._replace(basis=(*route.basis, DAY_OFF))
        return made(Resolution, (self.version, kinds, route, urgency, self._deadlines.of(kinds, received)))


def _answer(ranking: Ranking, roster: Roster, alone: HeadAnswer | None, sets: Sets | None) -> HeadAnswer:
    codes, names = roster.offices, roster.names
    (best, confidence), *others = ranking.best
    code = codes[best]
    alternatives = tuple([made(Candidate, (codes[number], names[number], share)) for number, share in others])
    contrast = None
    if alone is not None and alone.contrast is not None and alone.code == code and alternatives:
        contrast = alone.contrast if alone.contrast.against == alternatives[0].code else None
    among = _left(alone, code, roster) if sets is None else sets.of(code, alternatives, lambda: ranking.passing)
    decision = _decide(roster, best, confidence)
    return made(HeadAnswer, (code, names[best], confidence, decision, alternatives, contrast, among))


def _left(alone: HeadAnswer | None, code: str, roster: Roster) -> PredictionSet | None:
    """The model's own set in the offices of the day, where its answer stands and each has one heir; else none."""
    if alone is None or alone.set is None:
        return None
    labels = alone.set.codes
    heirs = [roster.heirs[label] for label in labels]
    if heirs[0] != code or None in heirs:
        return None
    codes = tuple(dict.fromkeys([heir for heir in heirs if heir is not None]))
    return alone.set if codes == labels else alone.set._replace(codes=codes)


def _spoke(domain: HeadAnswer | None) -> bool:
    return domain is None or domain.code is not None


def _decide(roster: Roster, office: int, confidence: float) -> Decision:
    """By the head's policy; an office without a label of its own was never measured, and is not sent by itself."""
    head, label = roster.head, roster.labels[office]
    if head is not None and label >= 0:
        return head.policy.decide(label, confidence)
    floor = head.policy.suggest.at_least if head is not None else _FLOOR
    return Decision.SUGGEST if confidence >= floor else Decision.ABSTAIN


def _with_office(triage: Triage, office: HeadAnswer) -> Triage:
    """The triage with another office: doubts told anew, evidence of the old pair left out where it tells nothing now."""
    model, complaint, domain, before, evidence, was_doubted, warnings = triage
    second = office.alternatives[0].confidence if office.alternatives else 0.0
    doubts = doubts_of("office", office.decision, office.confidence, second)
    if was_doubted:
        doubts = [each for each in was_doubted if not each.startswith("office_")] + doubts
    if evidence and office.contrast is None:
        same = before is not None and before.code == office.code
        evidence = tuple([each for each in evidence if each.target != "office" or (same and each.weight > 0)])
    return made(Triage, (model, complaint, domain, office, evidence, tuple(doubts), warnings))

"""What a charter makes of one ticket: the model's offices and the charter's in one answer, and the route with its basis."""

from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.division import Division
from models.charter.due import Deadlines
from models.charter.duty import DAY_OFF, needs_duty_officer
from models.charter.places import PlaceFinder
from models.charter.roster import Circumstances, Ranking, Roster
from models.charter.route import CharterVersion, Resolution
from models.charter.routing import Answers, Reading, Router
from models.charter.said import Listener
from models.charter.trust import OfficeScores
from models.charter.workdays import in_china
from models.decision import Sets
from models.fitted import Head
from models.prediction import Candidate, Decision, HeadAnswer, PredictionSet, Triage
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
        self._places = PlaceFinder(charter)
        self._listener = Listener(charter)
        self._deadlines = Deadlines(charter)
        self._router = Router(charter)
        self._domains = dict(charter.domains)
        self._names = {office.code: office.name for office in charter.offices}
        self._divisions: dict[date, Division] = {}
        self._rosters: dict[tuple[date, int], Roster] = {}
        self._weights: dict[tuple[float, ...], npt.NDArray[np.float64]] = {}

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
                sets, weights = scores.trust.sets, self._array(scores.trust.weights)
                least = sets.least if sets is not None else 1.0
                ranking = roster.rank(scores.probabilities, reading.given, reading.sighting, weights, least)
                office = self._answer(ranking, roster, alone, sets)
                triage = _with_office(triage, office)
        said = Answers(triage.domain, office, alone, applies)
        return triage, self._resolution(said, reading, self.division(day), complaint, received)

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
        return self._resolution(
            Answers(named, None, None, applies=True), reading, self.division(received.date()), complaint, received
        )

    def read(self, complaint: Complaint, domain: str | None) -> Reading:
        """What the charter reads in a ticket; domain: as far as it is known."""
        said = self._listener.of({"title": complaint.title, "text": complaint.text}, domain)
        sighting = self._places.sight(complaint)
        place = sighting.place.station if sighting.place is not None else None
        return Reading(sighting, Circumstances(said.kinds, said.condition, place), said)

    def division(self, day: date) -> Division:
        """The division of work on a day."""
        found = self._divisions.get(day)
        if found is None:
            if len(self._divisions) >= _DAYS:
                self._divisions.clear()
            found = self._divisions[day] = Division(self.charter, day)
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

    def _resolution(
        self, said: Answers, reading: Reading, division: Division, complaint: Complaint, received: datetime
    ) -> Resolution:
        kinds, urgency = reading.given.kinds, reading.said.urgency
        route = self._router.route(division, said, reading)
        domain = said.domain.code if said.domain is not None else None
        if needs_duty_officer(domain, urgency, received, complaint.text):
            route = route._replace(basis=(*route.basis, DAY_OFF))
        return Resolution(self.version, kinds, route, urgency, self._deadlines.of(kinds, received))

    def _answer(self, ranking: Ranking, roster: Roster, alone: HeadAnswer | None, sets: Sets | None) -> HeadAnswer:
        (best, confidence), *others = ranking.best
        code = roster.offices[best]
        alternatives = tuple(
            [Candidate(other := roster.offices[number], self._names[other], share) for number, share in others]
        )
        contrast = alone.contrast if alone is not None else None
        same = (
            contrast is not None
            and alone is not None
            and alone.code == code
            and bool(alternatives)
            and contrast.against == alternatives[0].code
        )
        return HeadAnswer(
            code,
            self._names[code],
            confidence,
            _decide(roster, best, confidence),
            alternatives,
            contrast if same else None,
            _left(alone, code, roster) if sets is None else sets.of(code, alternatives, lambda: ranking.passing),
        )

    def _array(self, weights: tuple[float, ...]) -> npt.NDArray[np.float64]:
        found = self._weights.get(weights)
        if found is None:
            found = self._weights[weights] = np.array(weights, np.float64)
        return found


def _left(alone: HeadAnswer | None, code: str, roster: Roster) -> PredictionSet | None:
    """The model's own set in the offices of the day, where its answer stands and each has one heir; else none."""
    if alone is None or alone.set is None:
        return None
    heirs = [roster.today(label) for label in alone.set.codes]
    codes = tuple(dict.fromkeys([heir for heir in heirs if heir is not None]))
    if None in heirs or codes[0] != code:
        return None
    return alone.set if codes == alone.set.codes else alone.set._replace(codes=codes)


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
    before = triage.office
    second = office.alternatives[0].confidence if office.alternatives else 0.0
    doubts = [each for each in triage.doubts if not each.startswith("office_")]
    doubts += doubts_of("office", office.decision, office.confidence, second)
    evidence = triage.evidence
    if evidence and office.contrast is None:
        same = before is not None and before.code == office.code
        evidence = tuple([each for each in evidence if each.target != "office" or (same and each.weight > 0)])
    return Triage(triage.model, triage.complaint, triage.domain, office, evidence, tuple(doubts), triage.warnings)

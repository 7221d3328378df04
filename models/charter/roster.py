"""The offices of one day beside a model's labels: the tables that `models.charter.pool` reads."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.charter.articles import STATION, Charter
from models.charter.division import Circumstances, Division
from models.charter.places import Sighting
from models.charter.pool import given_table, pooled, standing_table
from models.charter.routing import Case, Router
from models.charter.trust import Match, OfficeScores, Trust
from models.fitted import Head
from models.prediction import ABSTAIN, AUTO, SUGGEST, Decision, PredictionSet, Target

Integers = npt.NDArray[np.int32]

_FLOOR = 0.20
"""The least confidence to be shown of an office that no policy speaks of."""

_REMEMBERED = 1024
"""Combinations of kinds, condition and place whose tables are kept."""


Ranking = tuple[int, float, int, float, int, float, int, float, int]
"""Numbers of the four best offices, each followed by its pooled probability, best first, -1 where there are fewer; and how
many offices are probable enough for the set of the answer."""


class Roster:
    """The offices of `router`'s day, and where a model's labels have gone to.

    offices, names: their codes and names. labels: for each, the class number of its own label in the office head, -1 where
    it has none of its own. applies: whether the office head has at least one label that the charter knows; True where a model has no
    office head, and the charter answers alone. heirs: of each label the office that does today what the label's did,
    None where there is none, or more than one. staying: the labels that are offices of the day themselves.
    """

    def __init__(self, charter: Charter, router: Router, on: date, heads: tuple[Head, ...]) -> None:
        self.heads = heads
        self._router = router
        self._division = division = router.division
        self.offices = tuple(office.code for office in charter.offices if division.today(office.code) == (office.code,))
        names = {office.code: office.name for office in charter.offices}
        self.names = tuple(names[code] for code in self.offices)
        self._numbers = {code: number for number, code in enumerate(self.offices)}
        ends = list(accumulate((len(head.classes) for head in heads), initial=0))
        spans = {head.target: (head, begin) for head, begin in zip(heads, ends, strict=False)}
        self._domains, domains_end = _classes(spans, "domain")
        labels, end = _classes(spans, "office")
        today = {label: division.today(label) for label in labels}
        self.heirs: Mapping[str, str | None] = {
            label: codes[0] if len(codes) == 1 else None for label, codes in today.items()
        }
        self.staying = frozenset(label for label, heir in self.heirs.items() if label == heir)
        heirs = [(label, self._numbers[heir]) for label, said in enumerate(labels) for heir in today[said]]
        self.labels = self._own_labels(heirs)
        head, _ = spans.get("office", (None, 0))
        # an office without a label of its own was never measured, and is not sent by itself
        self._auto = tuple([head.policy.thresholds[label] if head and label >= 0 else np.inf for label in self.labels])
        self._floor = head.policy.suggest.at_least if head else _FLOOR
        self.applies = bool(heirs) or not labels
        parts = _parts(charter, division, on)
        places = {domain: number for number, domain in enumerate(self._domains)}
        reach = {(places[part.domain], self._numbers[part.office]) for part in parts if part.domain in places}
        self._standing = standing_table(
            domains_end, end - len(labels), len(self.offices), _pairs(heirs), _pairs(sorted(reach))
        )
        self._territories = _territories(parts, division.stations)
        self._cases: dict[Circumstances, tuple[Case, Integers]] = {}
        self._sides: dict[str | None, Integers] = {None: np.zeros(len(self.offices), np.int32)}
        self._nobody = np.empty(0, np.int32)
        self._trusted: tuple[Trust | None, npt.NDArray[np.float64], float] = None, np.empty(0), 1.0

    def decide(self, office: int, confidence: float) -> Decision:
        """The tier of an answer, as `models.decision.Policy.decide` has it: number of an office and its pooled probability."""
        if confidence >= self._auto[office]:
            return AUTO
        return SUGGEST if confidence >= self._floor else ABSTAIN

    def inherited(self, own: PredictionSet, best: str) -> PredictionSet | None:
        """A model's own set in the offices of the day, where no set was measured with a charter.

        That is where the model's answer stands, the best office, and each of its set's labels has one heir; else there is none.
        """
        labels = own.codes
        if self.heirs[labels[0]] != best:
            return None
        if self.staying.issuperset(labels):
            return own
        heirs = [self.heirs[label] for label in labels]
        if None in heirs:
            return None
        return own._replace(codes=tuple(dict.fromkeys([heir for heir in heirs if heir is not None])))

    def case(self, given: Circumstances) -> tuple[Case, Integers]:
        """What follows from circumstances alone, for the route and for the pool (`pool.given_table`); worked out once."""
        return self._cases.get(given) or self._worked_out(given)

    def rank(self, scores: OfficeScores, table: Integers, sighting: Sighting) -> Ranking:
        """Rank the offices of one ticket; table: that of its circumstances."""
        _, probabilities, trust = scores
        trusted, weights, least = self._trusted
        if trusted is not trust:
            weights, least = np.array(trust.weights, np.float64), trust.sets.least if trust.sets is not None else 1.0
            # all at once, as other threads may have another model's
            self._trusted = trust, weights, least
        named = self._named(sighting.offices) if sighting.offices else self._nobody
        return pooled(probabilities, named, self._standing, table, evidence_of(sighting), weights, least)

    def told(
        self, probabilities: npt.NDArray[np.float32], given: Circumstances, sighting: Sighting
    ) -> tuple[npt.NDArray[np.float32], Integers, Integers, Integers, int]:
        """The arguments of `models.charter.pool.opinions` but for the last."""
        named = self._named(sighting.offices)
        return probabilities, named, self._standing, self.case(given)[1], evidence_of(sighting)

    def is_by_place(self, office: int) -> bool:
        """Tell whether an office, by its number, has a territory."""
        return self.offices[office] in self._territories

    def _named(self, codes: Iterable[str]) -> Integers:
        heirs = dict.fromkeys(heir for code in codes for heir in self._division.today(code))
        return np.array([self._numbers[heir] for heir in heirs], np.int32)

    def _worked_out(self, given: Circumstances) -> tuple[Case, Integers]:
        if len(self._cases) >= _REMEMBERED:
            self._cases.clear()
        leads = np.full((len(given.kinds), len(self._domains)), -1, np.int32)
        for row, kind in enumerate(given.kinds):
            for column, domain in enumerate(self._domains):
                duty = self._division.duty(domain, kind, given.condition, given.place)
                if duty is not None:
                    leads[row, column] = self._numbers.get(duty.lead, -1)
        side = self._sides.get(given.place)
        if side is None:
            side = self._sides[given.place] = self._side(given.place)
        found = self._cases[given] = self._router.case(given), given_table(leads, side)
        return found

    def _side(self, place: str | None) -> Integers:
        side = np.zeros(len(self.offices), np.int32)
        for number, code in enumerate(self.offices):
            territory = self._territories.get(code)
            if territory:
                side[number] = 1 if place in territory else -1
        return side

    def _own_labels(self, heirs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
        """The label of each office; of several that have become one the first, none of one that has become several."""
        heirs = list(heirs)
        alone = np.bincount([label for label, _ in heirs], minlength=1)
        own = [-1] * len(self.offices)
        for label, office in reversed(heirs):
            if alone[label] == 1:
                own[office] = label
        return tuple(own)


def evidence_of(sighting: Sighting) -> int:
    """Which of the matches HOME_… tells of the place; 0 where there is none."""
    place = sighting.place
    if place is None:
        return 0
    if sighting.others:
        return _MIXED
    return _ADDRESS if place.field in {"address", "merchant"} else _TEXT


_ADDRESS, _TEXT, _MIXED = int(Match.HOME_ADDRESS), int(Match.HOME_TEXT), int(Match.HOME_MIXED)


def _classes(spans: Mapping[Target, tuple[Head, int]], target: Target) -> tuple[tuple[str, ...], int]:
    """The labels of a head, and where its probabilities end."""
    if target not in spans:
        return (), 0
    head, begin = spans[target]
    return head.classes, begin + len(head.classes)


def _pairs(found: Sequence[tuple[int, int]]) -> Integers:
    return np.array(found, np.int32).reshape(-1, 2)


class _Part(NamedTuple):
    """What an office has to do in a domain: stations, none for every place, None for none of its own."""

    office: str
    domain: str
    stations: frozenset[str] | None


def _parts(charter: Charter, division: Division, on: date) -> list[_Part]:
    """All that anybody leads or assists in that day."""
    found: list[_Part] = []
    for rule in charter.responsibilities:
        if not rule.validity.holds(on):
            continue
        limits = frozenset(station for place in rule.places for station in division.today(place))
        # who has a ticket only until its place is known has no territory by that
        own: list[tuple[str, frozenset[str] | None]] = [
            (code, None) for code in division.today(rule.without_place or "")
        ]
        for said in (rule.lead, *rule.assisting):
            if said == STATION:
                own += [(station, frozenset({station})) for station in limits or division.stations]
            else:
                own += [(code, limits) for code in division.today(said)]
        found += [_Part(code, domain, where) for code, where in own for domain in rule.domains]
    return found


def _territories(parts: Iterable[_Part], stations: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Of each office that has one the stations that it works for: of a station itself, of others what limits all rules."""
    found: dict[str, frozenset[str]] = {}
    anywhere = set()
    for part in parts:
        if part.stations:
            found[part.office] = found.get(part.office, frozenset()) | part.stations
        elif part.stations is not None:
            anywhere.add(part.office)
    found = {code: own for code, own in found.items() if code not in anywhere}
    return found | {station: frozenset({station}) for station in stations}

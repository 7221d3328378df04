"""How far a model and a charter are to be believed, learnt from rows that the model has not seen.

The likelihood is that of McFadden's conditional logit ("Conditional logit analysis of qualitative choice behavior", 1974):
of all offices of the day the right one is drawn with its pooled probability. A normal prior around the shipped weights
keeps a weight where nothing in the rows speaks of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from models.charter.articles import Charter
from models.charter.division import Circumstances
from models.charter.places import Sighting
from models.charter.pool import opinions
from models.charter.resolution import Resolver
from models.charter.roster import Roster
from models.charter.route import CharterVersion
from models.charter.trust import SHIPPED, Match, Trust
from models.decision import Policy, choose_policy
from training.fitting.fit import Fit
from training.fitting.sets import choose_sets
from training.tables.dataset import LabelledComplaints

SAMPLE = 20_000
"""Rows that ten numbers are fitted to, evenly spread."""

_PRIOR_ROWS = 1.0
"""Inverse variance of the prior."""

_Floats = npt.NDArray[np.float32]
_Numbers = npt.NDArray[np.int64]


def trust_in(charter: Charter, fitted: Fit, data: LabelledComplaints, rows: _Numbers, on: date) -> Trust | None:
    """How far to trust a fitted model and a charter as it is on a day; None where they have no office in common.

    rows: what the model was fitted to, as numbers of the data: the lessons count within them.
    """
    taught = fitted.out_of_fold
    if all(part.lesson.target != "office" for part in taught):
        return None
    resolver = Resolver(charter, CharterVersion(charter.name, ""))
    roster = resolver.roster(on, fitted.model.heads)
    if not roster.applies:
        return None
    common = taught[0].lesson.rows
    for part in taught[1:]:
        common = np.intersect1d(common, part.lesson.rows)
    common = common[np.linspace(0, len(common) - 1, min(len(common), SAMPLE)).astype(np.int64)]
    told = [part.probabilities[np.searchsorted(part.lesson.rows, common)] for part in taught]
    domains = [None] * len(common)
    for part, said in zip(taught, told, strict=True):
        if part.lesson.target == "domain":
            domains = [part.lesson.classes[number] for number in said.argmax(axis=1)]
    division, labels, truth, readings = resolver.division(on), data.labels("office"), [], []
    for row, domain in zip(rows[common].tolist(), domains, strict=True):
        sighting, given, _ = resolver.read(data.complaint(row), domain)
        readings.append((sighting, given))
        heirs = division.today(str(labels[row]))
        # of an office that was split nobody knows who of its heirs would have had a ticket
        truth.append(heirs[0] if len(heirs) == 1 else "")
    learnt = lessons(roster, np.hstack(told), readings, truth)
    weights, known = learn_trust([learnt]), learnt.truth >= 0
    if not known.any():
        return Trust(weights, charter.digest)
    probabilities, right = pooled_probabilities(learnt, weights)[known], learnt.truth[known]
    alone = next(head.policy for head in fitted.model.heads if head.target == "office")
    sets = None if alone.sets is None else choose_sets(alone.sets.coverage.sentence, probabilities, right)
    return Trust(weights, charter.digest, sets, pooled_policy(alone, roster, probabilities, right))


def pooled_policy(alone: Policy, roster: Roster, probabilities: _Floats, truth: _Numbers) -> Policy:
    """The tiers of combined answers, by the labels of the office head; alone: the policy of the head by itself.

    probabilities: pooled, [rows, offices]; truth: numbers of the right offices. A combined probability is no model's
    probability, and the thresholds that keep the promise of the one need not keep that of the other. Labels that have
    become one office have its threshold; one whose office is split or gone has none, and neither has an office without
    a label: nobody measured what is sent to it.
    """
    labelled = np.array(roster.labels)[probabilities.argmax(axis=1)] >= 0
    found = choose_policy(
        alone.auto, alone.suggest, probabilities[labelled], truth[labelled].astype(np.int32), len(roster.offices)
    )
    numbers: dict[str | None, int] = {code: number for number, code in enumerate(roster.offices)}
    offices = [numbers.get(heir) for heir in roster.heirs.values()]
    thresholds = tuple(np.inf if office is None else found.thresholds[office] for office in offices)
    own = tuple(label for label, office in enumerate(offices) if office in found.own)
    return Policy(alone.auto, alone.suggest, thresholds, own)


@dataclass(frozen=True, eq=False)
class Lessons:
    """Rows by one roster: matches, float32 [rows, offices, matches], and the number of the right office, int64 [rows].

    The number is -1 where the roster does not have it.
    """

    matches: _Floats
    truth: _Numbers


def lessons(
    roster: Roster,
    probabilities: _Floats,
    readings: Iterable[tuple[Sighting, Circumstances]],
    truth: Sequence[str],
) -> Lessons:
    """What the roster says of tickets; probabilities: out of fold, [rows, classes of all heads].

    truth: codes of offices; one that is no office of the day becomes -1.
    """
    numbers = {code: number for number, code in enumerate(roster.offices)}
    found = np.empty((len(truth), len(roster.offices), len(Match)), np.float32)
    matches = np.empty(found.shape[1:], np.float64)
    for row, (sighting, given) in enumerate(readings):
        opinions(*roster.told(probabilities[row], given, sighting), matches)
        found[row] = matches
    return Lessons(found, np.array([numbers.get(code, -1) for code in truth], np.int64))


def learn_trust(parts: Sequence[Lessons], prior: Sequence[float] = SHIPPED) -> tuple[float, ...]:
    """The weights with the greatest posterior probability; parts may be of different rosters."""
    known = [part.truth >= 0 for part in parts]
    parts = [
        part if mine.all() else Lessons(part.matches[mine], part.truth[mine])
        for part, mine in zip(parts, known, strict=True)
    ]
    rows = sum(len(part.truth) for part in parts)
    if not rows:
        return tuple(prior)
    around = np.array(prior, np.float64)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        away = weights - around
        total, slope = _PRIOR_ROWS / 2 * float(away @ away), _PRIOR_ROWS * away
        for part in parts:
            at = np.arange(len(part.truth))
            spoken = log_softmax(part.matches @ weights.astype(np.float32), axis=1)
            total -= float(spoken[at, part.truth].sum(dtype=np.float64))
            expected = np.einsum("ro,rom->m", np.exp(spoken), part.matches, optimize=True)
            slope = slope + expected - part.matches[at, part.truth].sum(axis=0, dtype=np.float64)
        return total / rows, slope / rows

    found = minimize(loss, around, jac=True, method="L-BFGS-B").x
    return tuple(float(weight) for weight in found)


def pooled_probabilities(part: Lessons, weights: Sequence[float]) -> _Floats:
    """Probabilities of the offices [rows, offices]."""
    return np.asarray(np.exp(log_softmax(part.matches @ np.array(weights, np.float32), axis=1)), np.float32)

"""How far a model and a charter are to be believed, learnt from rows that the model has not seen.

The likelihood is that of McFadden's conditional logit ("Conditional logit analysis of qualitative choice behavior", 1974):
of all offices of the day the right one is drawn with its pooled probability. A normal prior around the shipped weights
keeps a weight where nothing in the rows speaks of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from models.charter.places import Sighting
from models.charter.pool import opinions
from models.charter.roster import Circumstances, Roster
from models.charter.trust import SHIPPED, Match

SAMPLE = 20_000
"""Rows that ten numbers are fitted to, evenly spread."""

_PRIOR_ROWS = 1.0
"""Inverse variance of the prior."""

_Floats = npt.NDArray[np.float32]
_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lessons:
    """Rows by one roster: matches, float32 [rows, offices, matches], and the number of the right office, int64 [rows]."""

    matches: _Floats
    truth: _Numbers


def lessons(
    roster: Roster,
    probabilities: _Floats,
    readings: Iterable[tuple[Sighting, Circumstances]],
    truth: Sequence[str],
) -> Lessons:
    """What the roster says of tickets; probabilities: out of fold, [rows, classes of all heads].

    truth: codes of offices of the day. Raises KeyError where one is none.
    """
    numbers = {code: number for number, code in enumerate(roster.offices)}
    found = np.empty((len(truth), len(roster.offices), len(Match)), np.float32)
    matches = np.empty(found.shape[1:], np.float64)
    for row, (sighting, given) in enumerate(readings):
        opinions(*roster.told(probabilities[row], given, sighting), matches)
        found[row] = matches
    return Lessons(found, np.array([numbers[code] for code in truth], np.int64))


def learn_trust(parts: Sequence[Lessons], prior: Sequence[float] = SHIPPED) -> tuple[float, ...]:
    """The weights with the greatest posterior probability; parts may be of different rosters."""
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

"""The pooled probabilities of one ticket in compiled code: see `models.charter.trust` for what is added up."""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from models.charter.trust import LEAST_DUTY, LEAST_SAID, Match

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]

LEADING = 4
"""Offices that an answer names: the winner and three alternatives."""

MATCHES = len(Match)
_MODEL, _DUTY, _REACH, _NAMED = int(Match.MODEL), int(Match.DUTY), int(Match.REACH), int(Match.NAMED)
_LEAST_SAID, _LEAST_DUTY = np.log(LEAST_SAID), np.log(LEAST_DUTY)
_NEGLIGIBLE = 1e-5
"""Of a domain: of less the charter need not be asked."""
_AS_GOOD_AS_NONE = -25.0
"""Of a score below the best."""


@compiled(fastmath=True)
def opinions(
    probabilities: Floats,
    named: Integers,
    domains: int,
    office: int,
    heirs: Integers,
    leads: Integers,
    reach: Integers,
    side: Integers,
    evidence: int,
    matches: Doubles,
) -> None:
    """Write the matches [n, MATCHES] of one ticket.

    probabilities: of all classes of all heads; domains: where those of the domain head end (they begin at 0 less their
    number, see leads), office: where those of the office head begin. heirs: pairs (class of the office head, office),
    int32 [., 2], in the order of the classes. leads: int32 [kinds, domains], the office that has the duty, -1 for none.
    reach: pairs (domain, office), int32 [., 2]. side: int32 [n], 1 for an office whose territory the place is in, -1 for
    one whose it is not, 0 for one without. evidence: the place of HOME_… for what tells the place, 0 where nothing does.
    """
    n = len(matches)
    first_domain = domains - leads.shape[1]
    matches[:] = 0.0
    duty, reached, said = matches[:, _DUTY], matches[:, _REACH], matches[:, _MODEL]
    share = 1.0 / max(1, leads.shape[0])
    for d in range(leads.shape[1]):
        q = np.float64(probabilities[first_domain + d])
        if q > _NEGLIGIBLE:
            for k in range(leads.shape[0]):
                if leads[k, d] >= 0:
                    duty[leads[k, d]] += q * share
    for j in range(len(reach)):
        reached[reach[j, 1]] += np.float64(probabilities[first_domain + reach[j, 0]])
    voiced = np.zeros(n, np.bool_)
    j = 0
    while j < len(heirs):
        label = heirs[j, 0]
        last = j + 1
        while last < len(heirs) and heirs[last, 0] == label:
            last += 1
        p = np.float64(probabilities[office + label])
        if last == j + 1:
            said[heirs[j, 1]] += p
            voiced[heirs[j, 1]] = True
        else:
            # a split office's probability goes where the charter sends its tickets
            total = 0.0
            for h in range(j, last):
                total += duty[heirs[h, 1]] + 1e-9
            for h in range(j, last):
                said[heirs[h, 1]] += p * (duty[heirs[h, 1]] + 1e-9) / total
                voiced[heirs[h, 1]] = True
        j = last
    for o in range(n):
        at_duty = _LEAST_DUTY if duty[o] == 0.0 else np.log(np.float32(LEAST_DUTY + duty[o]))
        duty[o] = at_duty
        reached[o] = _LEAST_DUTY if reached[o] == 0.0 else np.log(np.float32(LEAST_DUTY + reached[o]))
        if not voiced[o]:
            said[o] = at_duty
        else:
            said[o] = _LEAST_SAID if said[o] <= LEAST_SAID else np.log(np.float32(said[o]))
        if evidence > 0:
            if side[o] > 0:
                matches[o, evidence] = 1.0
            elif side[o] < 0:
                matches[o, evidence + 1] = 1.0
    for j in range(len(named)):
        matches[named[j], _NAMED] = 1.0


@compiled(fastmath=True)
def pooled(
    probabilities: Floats,
    named: Integers,
    domains: int,
    office: int,
    heirs: Integers,
    leads: Integers,
    reach: Integers,
    side: Integers,
    evidence: int,
    weights: Doubles,
    least: float,
) -> tuple[int, float, int, float, int, float, int, float, int]:
    """The LEADING offices and their probabilities, best first; -1 where there are fewer. Arguments: see `opinions`.

    Last comes how many offices have a probability of at least `least`.
    """
    n = len(side)
    matches = np.empty((n, MATCHES), np.float64)
    opinions(probabilities, named, domains, office, heirs, leads, reach, side, evidence, matches)
    scores = np.empty(n, np.float64)
    leading = np.full(LEADING, -1, np.int64)
    for o in range(n):
        score = 0.0
        for k in range(MATCHES):
            score += weights[k] * matches[o, k]
        scores[o] = score
        place = LEADING
        while place > 0 and (leading[place - 1] < 0 or score > scores[leading[place - 1]]):
            place -= 1
        if place < LEADING:
            for k in range(LEADING - 1, place, -1):
                leading[k] = leading[k - 1]
            leading[place] = o
    total = 0.0
    best = scores[leading[0]]
    for o in range(n):
        if scores[o] - best > _AS_GOOD_AS_NONE:
            total += np.exp(np.float32(scores[o] - best))
    passing, bound = 0, best + np.log(least * total)
    for o in range(n):
        if scores[o] >= bound:
            passing += 1
    a, b, c, d = int(leading[0]), int(leading[1]), int(leading[2]), int(leading[3])
    return (
        a, _share(scores, a, best, total), b, _share(scores, b, best, total),
        c, _share(scores, c, best, total), d, _share(scores, d, best, total), passing,
    )  # fmt: skip


@compiled(inline="always")
def _share(scores: Doubles, office: int, best: float, total: float) -> float:
    return np.exp(scores[office] - best) / total if office >= 0 else 0.0

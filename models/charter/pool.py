"""The pooled probabilities of one ticket in compiled code: see `models.charter.trust` for what is added up."""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from models.charter.logarithms import sum_of_exponentials, to_logarithms
from models.charter.trust import LEAST_DUTY, LEAST_SAID, Match

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]

MATCHES = len(Match)
_SIZES = 5
"""Of a standing table: the numbers before its pairs."""
_MODEL, _DUTY, _REACH, _NAMED = int(Match.MODEL), int(Match.DUTY), int(Match.REACH), int(Match.NAMED)
_LEAST_DUTY = np.log(LEAST_DUTY)
_NEGLIGIBLE = 1e-5
"""Of a domain: of less the charter need not be asked."""


def standing_table(domains: int, office: int, offices: int, heirs: Integers, reach: Integers) -> Integers:
    """What is the same for all tickets of a day, in one array, as each costs a call its time.

    domains: where the probabilities of the domain head end (they begin at 0 less their number, see leads), office: where
    those of the office head begin. offices: their number n. heirs: pairs (class of the office head, office), int32 [., 2],
    in the order of the classes; those of a class with one office are put before the others. reach: pairs
    (domain, office), int32 [., 2].
    """
    alone = np.bincount(heirs[:, 0], minlength=1)[heirs[:, 0]] == 1
    voiced = np.zeros(offices, np.int32)
    voiced[heirs[:, 1]] = 1
    sizes = (domains, office, int(alone.sum()), len(heirs), len(reach))
    return _joined(sizes, heirs[alone], heirs[~alone], reach, voiced)


def given_table(leads: Integers, side: Integers) -> Integers:
    """What depends on a ticket's circumstances.

    leads: int32 [kinds, domains], the office that has the duty, -1 for none. side: int32 [n], 1 for an office whose
    territory the place is in, -1 for one whose it is not, 0 for one without.
    """
    return _joined(leads.shape, leads, side)


def _joined(sizes: tuple[int, ...], *parts: Integers) -> Integers:
    return np.concatenate([np.array(sizes, np.int32), *(part.ravel() for part in parts)])


@compiled(fastmath=True)
def opinions(
    probabilities: Floats, named: Integers, standing: Integers, given: Integers, evidence: int, matches: Doubles
) -> None:
    """Write the matches [n, MATCHES] of one ticket.

    probabilities: of all classes of all heads. named: the offices that the text names, each once. standing, given: see
    `standing_table`, `given_table`. evidence: the place of HOME_… for what tells the place, 0 where nothing does.
    """
    n = len(matches)
    said, duty, reached = np.empty(n, np.float64), np.empty(n, np.float64), np.empty(n, np.float64)
    _tell(probabilities, standing, given, said, duty, reached)
    side = given[len(given) - n :]
    matches[:] = 0.0
    for o in range(n):
        matches[o, _MODEL], matches[o, _DUTY], matches[o, _REACH] = said[o], duty[o], reached[o]
        if evidence > 0 and side[o] != 0:
            matches[o, evidence if side[o] > 0 else evidence + 1] = 1.0
    for j in range(len(named)):
        matches[named[j], _NAMED] = 1.0


@compiled(fastmath=True, error_model="numpy")
def _tell(
    probabilities: Floats, standing: Integers, given: Integers, said: Doubles, duty: Doubles, reached: Doubles
) -> None:
    """Write MODEL, DUTY and REACH of each office, float64 [n]."""
    n, kinds, domains, office = len(said), given[0], given[1], standing[1]
    first_domain = standing[0] - domains
    split = _SIZES + 2 * standing[2]
    reach = _SIZES + 2 * standing[3]
    voiced = reach + 2 * standing[4]
    said[:], duty[:], reached[:] = 0.0, 0.0, 0.0
    share = 1.0 / max(1, kinds)
    for d in range(domains):
        q = np.float64(probabilities[index(first_domain + d)])
        if q > _NEGLIGIBLE:
            for k in range(kinds):
                lead = given[index(2 + k * domains + d)]
                if lead >= 0:
                    duty[index(lead)] += q * share
    for j in range(reach, voiced, 2):
        reached[index(standing[index(j + 1)])] += np.float64(probabilities[index(first_domain + standing[index(j)])])
    for j in range(_SIZES, split, 2):
        said[index(standing[index(j + 1)])] += np.float64(probabilities[index(office + standing[index(j)])])
    j = split
    while j < reach:
        # a split office's probability goes where the charter sends its tickets
        last, total = j, 0.0
        while last < reach and standing[last] == standing[j]:
            total += duty[standing[last + 1]] + 1e-9
            last += 2
        p = np.float64(probabilities[office + standing[j]])
        for h in range(j, last, 2):
            said[standing[h + 1]] += p * (duty[standing[h + 1]] + 1e-9) / total
        j = last
    for o in range(n):
        duty[o] = _LEAST_DUTY if duty[o] == 0.0 else np.log(np.float32(LEAST_DUTY + duty[o]))
        reached[o] = _LEAST_DUTY if reached[o] == 0.0 else np.log(np.float32(LEAST_DUTY + reached[o]))
        said[o] = max(said[o], LEAST_SAID)
    to_logarithms(said)
    for o in range(n):
        said[o] = said[o] if standing[index(voiced + o)] else duty[o]


@compiled(fastmath=True, error_model="numpy")
def pooled(
    probabilities: Floats,
    named: Integers,
    standing: Integers,
    given: Integers,
    evidence: int,
    weights: Doubles,
    least: float,
) -> tuple[int, float, int, float, int, float, int, float, int]:
    """The four best offices, which an answer names, and their probabilities, best first; -1 where there are fewer. Arguments: see `opinions`.

    Last comes how many offices have a probability of at least `least`.
    """
    n = len(given) - 2 - int(given[0]) * int(given[1])
    # rows, not `opinions`: most matches of most offices are 0
    rows = np.empty((3, n), np.float64)
    said, duty, reached = rows[0], rows[1], rows[2]
    _tell(probabilities, standing, given, said, duty, reached)
    scores = said
    model, lead, reach = weights[_MODEL], weights[_DUTY], weights[_REACH]
    for o in range(n):
        scores[o] = model * said[o] + lead * duty[o] + reach * reached[o]
    if evidence > 0:
        home, away = weights[evidence], weights[evidence + 1]
        first_side = len(given) - n
        for o in range(n):
            side = given[index(first_side + o)]
            scores[o] += home if side > 0 else away if side < 0 else 0.0
    for j in range(len(named)):
        scores[named[j]] += weights[_NAMED]
    a, b, c, d = _leading(scores)
    best = scores[a]
    total = sum_of_exponentials(scores, best)
    passing, bound = 0, best + np.log(least * total)
    for o in range(n):
        passing += scores[o] >= bound
    return (
        a, _share(scores, a, best, total), b, _share(scores, b, best, total),
        c, _share(scores, c, best, total), d, _share(scores, d, best, total), passing,
    )  # fmt: skip


@compiled()
def _leading(scores: Doubles) -> tuple[int, int, int, int]:
    """The four best, of equal ones the first; -1 where there are fewer."""
    a, b, c, d = -1, -1, -1, -1
    first, second, third, fourth = -np.inf, -np.inf, -np.inf, -np.inf
    for o in range(len(scores)):
        score = scores[o]
        if score > fourth:
            if score <= third:
                d, fourth = o, score
            elif score <= second:
                d, fourth, c, third = c, third, o, score
            elif score <= first:
                d, fourth, c, third, b, second = c, third, b, second, o, score
            else:
                d, fourth, c, third, b, second, a, first = c, third, b, second, a, first, o, score
    return a, b, c, d


@compiled(inline="always")
def _share(scores: Doubles, office: int, best: float, total: float) -> float:
    return np.exp(scores[office] - best) / total if office >= 0 else 0.0

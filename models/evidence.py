"""Which words of a complaint pushed for the winner, and which for the runner-up, in compiled code.

A feature's part of the logit gap is shared out among its occurrences, an occurrence's among its characters, and the
characters' parts are summed over the tokens that a person reads.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index

EVIDENCE_TOKENS = 6
"""Tokens per head that are shown; the rest is summed up."""

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]


class Grams(NamedTuple):
    """The n-grams of a document: where each begins and ends, and which of its features it is, -1 for none."""

    starts: Integers
    ends: Integers
    feature_of: Integers


class Features(NamedTuple):
    """The features of a document: how many, their rows in the model, how often each occurs, and its TF-IDF value."""

    size: int
    rows: Integers
    counts: Integers
    values: Floats


@compiled(error_model="numpy")
def explain(
    text: npt.NDArray[np.uint32],
    fields: Integers,
    token_starts: Integers,
    token_counts: Integers,
    n: int,
    grams: Grams,
    features: Features,
    weights: npt.NDArray[np.int8],
    numbers: Floats,
    columns: tuple[int, int, int],
    slope: float,
    spans: npt.NDArray[np.int32],
    strengths: Doubles,
) -> float:
    """Write the strongest tokens of a head into `spans` and `strengths`; return the sum of what is shown.

    n: how many n-grams there are. weights, numbers: see `models.scorer.Scorer`. columns: the place of the head's unit in
    `numbers`, and the winner's and the runner-up's in `weights`. slope: calibrated logit per margin. spans: int32 [EVIDENCE_TOKENS, 3] of -1: field, start and end in it;
    strengths: float64 [EVIDENCE_TOKENS] of 0. Neighbours of one field that push the same way are joined, the strongest
    come first.
    """
    unit, winner, runner_up = columns
    share = np.empty(features.size, np.float64)
    for u in range(features.size):
        row = index(features.rows[u])
        difference = np.float64(weights[row, winner]) - np.float64(weights[row, runner_up])
        share[u] = slope * features.values[u] * numbers[row, unit] * difference / features.counts[u]
    parts = np.zeros(len(text), np.float64)
    for i in range(n):
        u = grams.feature_of[i]
        if u < 0:
            continue
        part = share[index(u)] / (grams.ends[i] - grams.starts[i])
        for p in range(grams.starts[i], grams.ends[i]):
            parts[index(p)] += part
    shown = 0.0
    kept = 0
    base = 0
    for field in range(len(fields) - 1):
        for t in range(base, base + token_counts[field]):
            a, b = token_starts[t], token_starts[t + 1]
            c = text[a]
            if c < 48 or 0x2000 <= c <= 0x33FF:
                continue  # punctuation is no evidence that a person can judge; it stays in the rest
            weight = 0.0
            for p in range(a, b):
                weight += parts[p]
            place = kept
            while place > 0 and abs(strengths[place - 1]) < abs(weight):
                place -= 1
            if place < EVIDENCE_TOKENS:
                if kept < EVIDENCE_TOKENS:
                    kept += 1
                _shift(spans, strengths, place, kept)
                _put(spans, strengths, place, field, a - fields[field], b - fields[field], weight)
        base += token_counts[field] + 1
    kept = _join(spans, strengths, kept)
    for place in range(kept):
        shown += strengths[place]
    return shown


@compiled(inline="always")
def _put(spans: Integers, strengths: Doubles, place: int, field: int, start: int, end: int, weight: float) -> None:
    spans[place, 0] = field
    spans[place, 1] = start
    spans[place, 2] = end
    strengths[place] = weight


@compiled()
def _shift(spans: Integers, strengths: Doubles, place: int, kept: int) -> None:
    """Make room at `place` by moving what follows; what would be number `kept` falls out."""
    for k in range(kept - 1, place, -1):
        strengths[k] = strengths[k - 1]
        for j in range(3):
            spans[k, j] = spans[k - 1, j]


@compiled()
def _join(spans: Integers, strengths: Doubles, kept: int) -> int:
    """Join neighbours that push the same way, keep the order by strength, and return how many are left."""
    joined = True
    while joined:
        joined = False
        for one in range(kept):
            for other in range(kept):
                if (
                    spans[one, 0] == spans[other, 0]
                    and spans[one, 2] == spans[other, 1]
                    and (strengths[one] > 0) == (strengths[other] > 0)
                ):
                    field, start, end = spans[one, 0], spans[one, 1], spans[other, 2]
                    weight = strengths[one] + strengths[other]
                    kept = _drop(spans, strengths, kept, max(one, other))
                    kept = _drop(spans, strengths, kept, min(one, other))
                    place = kept
                    while place > 0 and abs(strengths[place - 1]) < abs(weight):
                        place -= 1
                    kept += 1
                    _shift(spans, strengths, place, kept)
                    _put(spans, strengths, place, field, start, end, weight)
                    joined = True
                    break
            if joined:
                break
    return kept


@compiled()
def _drop(spans: Integers, strengths: Doubles, kept: int, place: int) -> int:
    for k in range(place, kept - 1):
        strengths[k] = strengths[k + 1]
        for j in range(3):
            spans[k, j] = spans[k + 1, j]
    _put(spans, strengths, kept - 1, -1, -1, -1, 0.0)
    return kept - 1

"""A complaint's probabilities and evidence in one compiled call, without the global interpreter lock.

Segmentation, n-gram look-up, the sum of the features' weights, calibration and evidence: nothing of scikit-learn or
jieba is needed for an answer. All that is known of a feature stands in one record, so that it costs few reads of memory.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.prefetch import LINE, prefetch
from features.recognise import Recognised, recognise, recognition
from features.trie import Trie
from models.evidence import EVIDENCE_TOKENS, Features, Grams, explain
from models.likeness import NO_ODDS, ODDS, likeness
from models.records import VECTOR, add_line, add_vector
from models.scores import CONTRAST, LEADING, Doubles, Floats, Integers
from models.soften import soften

IDF, SCOPE, SCALES = 0, 1, 2
"""Places in a record's numbers: the emphasised inverse document frequency, the scope's weight, the unit of each head's weights."""

TEXT_BLOCKS = (2, 3)
"""Words and characters of the text, which background texts have as well: they have no title, merchant or address."""

_TOGETHER = 32
"""Features whose weights are summed in float32: calibration multiplies a margin by up to sixty, and probabilities are to
agree with scikit-learn's to 1e-5, for which a float32 that has grown to 1 rounds too often."""

_FEW = 64
_SUBLINEAR = 1.0 + np.log(np.arange(_FEW).clip(1))
"""What a feature counts that occurs so often."""


class Scorer(NamedTuple):
    """All arrays of a model. v features, h heads.

    table, row_bits: n-gram key to row, see `features.lookup.build_lookup`.
    weights: int8 [v, width], each feature's record, a multiple of VECTOR wide; numbers: float32 [v, width / 4], the same memory, of which the first
        2 + h places are IDF, SCOPE and SCALES, and the rest is weights; the last byte of a record is the feature's odds.
    places: int32 [h, 2], where each head's weights begin and end in a record. bias: float32 [width]; the scope's is at
        the place SCOPE. calibration: float64 [h, 3], see `models.calibration.Calibration`.
    block_weights: float64 [2 * fields]. signs: float64 [OF_TEXT + h], see `models.likeness`.
    """

    trie: Trie
    table: npt.NDArray[np.uint64]
    row_bits: int
    weights: npt.NDArray[np.int8]
    numbers: Floats
    places: Integers
    bias: Floats
    calibration: Doubles
    block_weights: Doubles
    signs: Doubles


class Desk(NamedTuple):
    """Working space of one call or thread. values, by: float32 [6 * n]; the others are as wide as a record."""

    found: Recognised
    values: Floats
    by: Floats
    sums: Floats
    margins: Doubles
    logits: Doubles
    work: Doubles
    powers: npt.NDArray[np.int64]


@compiled()
def desk(length: int, n_fields: int, width: int, seen: Integers) -> Desk:
    """Working space for documents of up to `length` characters; seen: int32 [v] of 0."""
    return Desk(
        recognition(length, n_fields, seen),
        np.empty(6 * length, np.float32),
        np.empty(6 * length, np.float32),
        np.empty(width, np.float32),
        np.empty(width, np.float64),
        np.empty(width, np.float64),
        np.empty(width, np.float64),
        np.empty(width, np.int64),
    )


@compiled(fastmath=True, borrows=True)
def _weigh(
    found: Recognised,
    model: Scorer,
    values: Floats,
) -> tuple[float, float]:
    """Write the features' TF-IDF values, each block normalised by itself; return the scope's margin and the mean odds."""
    first, last_byte = 0, model.weights.shape[1] - 1
    margin, steps, pairs = np.float64(model.bias[SCOPE]), 0, 0
    for block in range(len(found.ends)):
        last = found.ends[block]
        squares, scope = 0.0, 0.0
        for u in range(first, last):
            row, count = index(found.rows[index(u)]), found.counts[index(u)]
            times = _SUBLINEAR[index(count)] if count < _FEW else 1.0 + np.log(np.float64(count))
            value = np.float64(model.numbers[row, IDF]) * times
            values[index(u)] = np.float32(value)
            squares += value * value
            scope += value * np.float64(model.numbers[row, SCOPE])
        if squares > 0:
            factor = model.block_weights[block] / np.sqrt(squares)
            margin += factor * scope
            for u in range(first, last):
                values[index(u)] *= np.float32(factor)
        if block == TEXT_BLOCKS[1]:
            for u in range(first, last):
                odds = model.weights[index(found.rows[index(u)]), last_byte]
                pair = odds != NO_ODDS
                steps += odds * pair
                pairs += pair
        first = last
    return margin, steps / (ODDS * max(pairs, 1))


@compiled(borrows=True)
def _add_rows(
    n_features: int,
    rows: Integers,
    values: Floats,
    model: Scorer,
    head: int,
    space: Desk,
) -> None:
    """Add values times weights to a head's margins."""
    begin, end = np.int64(model.places[head, 0]), np.int64(model.places[head, 1])
    by, sums, margins, unit = space.by, space.sums, space.margins, SCALES + head
    for u in range(n_features):
        by[index(u)] = values[index(u)] * model.numbers[index(rows[index(u)]), unit]
    for first in range(0, n_features, _TOGETHER):
        last = min(first + _TOGETHER, n_features)
        # beside the head's own weights those of others, whose sums are left where they are
        column = begin // VECTOR * VECTOR
        while column < end:
            if end - column > VECTOR and column // LINE * LINE + LINE <= model.weights.shape[1]:
                column = column // LINE * LINE
                add_line(model.weights, rows, by, first, last, column, sums)
                column += LINE
            else:
                add_vector(model.weights, rows, by, first, last, column, sums)
                column += VECTOR
        for j in range(begin, end):
            margins[index(j)] += np.float64(sums[index(j)])


@compiled(borrows=True)
def _lead(margins: Doubles, leading: Integers) -> None:
    """Write the places of the largest margins, largest first; of equals the first."""
    leading[:] = -1
    least = -np.inf
    for j in range(len(margins)):
        if margins[j] > least or leading[LEADING - 1] < 0:
            place = LEADING - 1
            while place > 0 and (leading[place - 1] < 0 or margins[j] > margins[leading[place - 1]]):
                leading[place] = leading[place - 1]
                place -= 1
            leading[place] = j
            if leading[LEADING - 1] >= 0:
                least = margins[leading[LEADING - 1]]


@compiled(borrows=True)
def answer(
    text: npt.NDArray[np.uint32],
    fields: Integers,
    model: Scorer,
    space: Desk,
    with_evidence: bool,  # noqa: FBT001 - compiled code takes positional arguments
    probabilities: Floats,
    whole: Integers,
    real: Doubles,
) -> None:
    """Score one document; write what `models.scores.Scores` names. Evidence is written over `blank` only."""
    found, values, _, _, margins, logits, work, powers = space
    n, n_features = recognise(text, fields, model.trie, model.table, model.row_bits, found, with_evidence)
    n_heads, width = len(model.places), model.weights.shape[1]
    for u in range(n_features):
        record = np.int64(found.rows[index(u)]) * width
        for line in range(0, width, LINE):
            prefetch(model.weights, record + line)
    about = real[n_heads]
    about[1], odds = _weigh(found, model, values)
    about[2 + n_heads] = odds
    for j in range(len(found.facts)):
        whole[n_heads, j] = found.facts[j]
    for j in range(width):
        margins[j] = model.bias[j]
    column = 0
    for head in range(n_heads):
        begin, end = model.places[head]
        size = end - begin
        _add_rows(n_features, found.rows, values, model, head, space)
        own = margins[begin:end]
        steepness, midpoint, temperature = model.calibration[head]
        soften(
            own, steepness, midpoint, temperature, logits[:size], work[:size], powers[:size],
            probabilities[column : column + size],
        )  # fmt: skip
        leading, contrast = whole[head, :LEADING], real[head, :CONTRAST]
        _lead(own, leading)
        for place in range(LEADING):
            if leading[place] >= 0:
                real[head, CONTRAST + place] = probabilities[column + leading[place]]
        column += size
        winner, runner_up = leading[0], leading[1]
        about[2 + head] = own[winner]
        gap = logits[winner] - logits[runner_up]
        contrast[0] = gap
        if with_evidence:
            # margins are linear, calibrated logits are not: the secant's slope turns shares of the one into shares of
            # the other, and their sum is the logit gap
            distance = own[winner] - own[runner_up]
            slope = gap / distance if distance > 0 else 0.0
            contrast[1] = slope * (np.float64(model.bias[begin + winner]) - np.float64(model.bias[begin + runner_up]))
            shown = explain(
                text, fields, found.grams.token_starts, found.grams.token_counts, n,
                Grams(found.grams.starts, found.grams.ends, found.row_of),
                Features(n_features, found.rows, found.counts, values), model.weights, model.numbers,
                (SCALES + head, begin + winner, begin + runner_up), slope,
                whole[head, LEADING:].reshape(EVIDENCE_TOKENS, 3), real[head, CONTRAST + LEADING :],
            )  # fmt: skip
            contrast[2] = gap - contrast[1] - shown
    about[0] = likeness(model.signs, about[1 : 2 + n_heads], found.facts, odds)


def parts_of(model: Scorer) -> tuple[Any, ...]:
    """What `score` takes: at every call numba looks three times as long at a named tuple as at a plain one."""
    return (*model.trie, *model[1:])


@compiled()
def score(
    text: npt.NDArray[np.uint32],
    fields: Integers,
    parts: tuple[Any, ...],
    seen: Integers,
    with_evidence: bool,  # noqa: FBT001
    probabilities: Floats,
    whole: Integers,
    real: Doubles,
) -> None:
    """Score one document: its fields' code points one after another, and where each field begins and ends.

    seen: int32 [v] of 0, which no other thread uses meanwhile. Writes what `models.scores.Scores` names: to be given an
    array costs numba a fifth of giving one back. whole, real: `blank`.
    """
    nodes, first, unknown, table, row_bits, weights, numbers, places, bias, calibration, block_weights, signs = parts
    model = Scorer(
        Trie(nodes, first, unknown), table, row_bits, weights, numbers, places, bias, calibration, block_weights, signs
    )
    space = desk(len(text), len(fields) - 1, model.weights.shape[1], seen)
    answer(text, fields, model, space, with_evidence, probabilities, whole, real)

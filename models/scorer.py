"""A complaint's probabilities and evidence in one compiled call, without the global interpreter lock.

Segmentation, n-gram look-up, the sum of the weights' rows, calibration and evidence: nothing of scikit-learn or jieba is
needed for an answer. Weights are stored as int8 with one scale per feature and head.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.lookup import look_up
from features.ngrams import Scratch, emit
from features.trie import Trie
from models.evidence import EVIDENCE_TOKENS, Features, Grams, explain

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]

LEADING = 4
"""Classes per head that an answer names: the winner and three alternatives."""


class Scorer(NamedTuple):
    """All arrays of a model. v features, c columns (the classes of every head, then the scope column), h heads.

    table, row_bits: n-gram key to row, see `features.lookup.build_lookup`.
    idf: float32 [v]. weights: int8 [v, c]. scales: float32 [v, h + 1], the unit of a row's weights per head.
    bias: float32 [c]. head_ends: int32 [h], where each head's columns end; the scope column is the one after.
    calibration: float64 [h, 3], see `models.calibration.Calibration`. block_weights: float64 [2 * fields].
    """

    trie: Trie
    table: npt.NDArray[np.uint64]
    row_bits: int
    idf: Floats
    weights: npt.NDArray[np.int8]
    scales: Floats
    bias: Floats
    head_ends: Integers
    calibration: Doubles
    block_weights: Doubles


class Scores(NamedTuple):
    """What a call yields.

    probabilities: float32 [classes]. scope: the margin of "a complaint" against "something else".
    leading: int32 [h, LEADING], the best classes (columns within the head), best first, -1 where there are fewer.
    facts: int32 [3]: word-like characters, 2-grams of characters in title and text, how many of them are known.
    contrast: float64 [h, 3]: the logit gap between winner and runner-up, the part of the bias, the unshown rest.
    evidence: int32 [h, EVIDENCE_TOKENS, 3]: field, start and end in the field, -1 where there is none; neighbours that
        push the same way are one; the strongest first. evidence_weights: float64 [h, EVIDENCE_TOKENS].
    """

    probabilities: Floats
    scope: float
    leading: Integers
    facts: Integers
    contrast: Doubles
    evidence: npt.NDArray[np.int32]
    evidence_weights: Doubles


@compiled(inline="always")
def _log_sigmoid(x: float) -> float:
    return -np.log1p(np.exp(-x)) if x >= 0 else x - np.log1p(np.exp(x))


@compiled(fastmath=True)
def _add_rows(
    first: int,
    last: int,
    rows: Integers,
    values: Doubles,
    weights: npt.NDArray[np.int8],
    scales: Floats,
    column: int,
    end: int,
    head: int,
    out: Doubles,
) -> None:
    own = out[column:end]
    for u in range(first, last):
        scale = values[u] * np.float64(scales[rows[u], head])
        # a slice that counts from 0 is what the compiler turns into vector instructions: a quarter of the time
        row = weights[rows[u], column:end]
        for j in range(len(own)):
            own[j] += scale * np.float64(row[j])


@compiled()
def score(
    text: npt.NDArray[np.uint32],
    fields: Integers,
    model: Scorer,
    with_evidence: bool,  # noqa: FBT001 - compiled code takes positional arguments
) -> tuple[Floats, float, Integers, Integers, Doubles, Integers, Doubles]:
    """Score one document: its fields' code points one after another, and where each field begins and ends.

    Returns what `Scores` names, in its order.
    """
    trie = model.trie
    n_fields = len(fields) - 1
    n_heads = len(model.head_ends)
    length = len(text)
    token_starts = np.empty(length + n_fields + 1, np.int32)
    token_counts = np.empty(n_fields, np.int32)
    keys = np.empty(6 * length, np.uint64)
    starts = np.empty(6 * length, np.int32)
    ends = np.empty(6 * length, np.int32)
    block_ends = np.empty(2 * n_fields, np.int32)
    n = emit(text, fields, trie, Scratch(token_starts, token_counts, keys, starts, ends, block_ends))
    # n-grams to features, and how often each feature occurs: a small table of this document's own
    shift = np.uint64(64 - int(np.log2(len(model.table)) + 0.5))
    bits = np.uint64(model.row_bits)
    size = 16
    while size < 2 * n:
        size *= 2
    small = np.zeros(size, np.int32)
    feature_of = np.empty(n, np.int32)
    rows = np.empty(n, np.int32)
    counts = np.empty(n, np.int32)
    feature_ends = np.empty(2 * n_fields, np.int32)
    facts = np.zeros(3, np.int32)
    # look-ups by themselves: none waits for another, so that their cache misses overlap
    row_of = np.empty(n, np.int32)
    for i in range(n):
        row_of[i] = look_up(model.table, shift, bits, keys[i])
    n_features = 0
    i = 0
    for block in range(2 * n_fields):
        while i < block_ends[block]:
            row = row_of[i]
            if block % 2 == 1 and block < 4 and ends[i] - starts[i] == 2:
                facts[1] += 1
                if row >= 0:
                    facts[2] += 1
            if row < 0:
                feature_of[i] = -1
            else:
                slot = (np.int64(row) * 0x9E3779B1) & (size - 1)
                while small[slot] and rows[small[slot] - 1] != row:
                    slot = (slot + 1) & (size - 1)
                if small[slot] == 0:
                    rows[n_features] = row
                    counts[n_features] = 0
                    n_features += 1
                    small[slot] = n_features
                feature_of[i] = small[slot] - 1
                counts[small[slot] - 1] += 1
            i += 1
        feature_ends[block] = n_features
    for i in range(fields[min(2, n_fields)]):
        c = text[i]
        if 0x4E00 <= c <= 0x9FFF or 0x3400 <= c <= 0x4DBF:
            facts[0] += 1
    values = np.empty(n_features, np.float64)
    # doubles: calibration multiplies a margin by thirty, and answers are to agree with scikit-learn's to 1e-5
    margins = model.bias.astype(np.float64)
    first = 0
    for block in range(2 * n_fields):
        last = feature_ends[block]
        squares = 0.0
        for u in range(first, last):
            value = np.float64(model.idf[rows[u]])
            if counts[u] > 1:
                value *= 1.0 + np.log(np.float64(counts[u]))
            values[u] = value
            squares += value * value
        if squares > 0:
            factor = model.block_weights[block] / np.sqrt(squares)
            for u in range(first, last):
                values[u] *= factor
        first = last
    column = 0
    for head in range(n_heads + 1):
        end = model.head_ends[head] if head < n_heads else len(margins)
        _add_rows(0, n_features, rows, values, model.weights, model.scales, column, end, head, margins)
        column = end
    n_classes = model.head_ends[-1]
    probabilities = np.empty(n_classes, np.float32)
    contrast = np.zeros((n_heads, 3), np.float64)
    leading = np.full((n_heads, LEADING), -1, np.int32)
    evidence = np.full((n_heads, EVIDENCE_TOKENS, 3), -1, np.int32)
    evidence_weights = np.zeros((n_heads, EVIDENCE_TOKENS), np.float64)
    column = 0
    for head in range(n_heads):
        end = model.head_ends[head]
        steepness, midpoint, temperature = model.calibration[head]
        logits = np.empty(end - column, np.float64)
        for j in range(column, end):
            logits[j - column] = _log_sigmoid(steepness * (margins[j] - midpoint)) / temperature
            place = LEADING
            while place > 0 and (
                leading[head, place - 1] < 0 or margins[j] > margins[column + leading[head, place - 1]]
            ):
                place -= 1
            if place < LEADING:
                for k in range(LEADING - 1, place, -1):
                    leading[head, k] = leading[head, k - 1]
                leading[head, place] = j - column
        winner, runner_up = column + leading[head, 0], column + leading[head, 1]
        top = logits[winner - column]
        total = 0.0
        for j in range(end - column):
            logits[j] = np.exp(logits[j] - top)
            total += logits[j]
        for j in range(end - column):
            probabilities[column + j] = logits[j] / total
        gap = -np.log(logits[runner_up - column]) if logits[runner_up - column] > 0 else 745.0
        contrast[head, 0] = gap
        if with_evidence:
            # margins are linear, calibrated logits are not: the secant's slope turns shares of the one into shares of
            # the other, and their sum is the logit gap
            distance = np.float64(margins[winner]) - np.float64(margins[runner_up])
            slope = gap / distance if distance > 0 else 0.0
            contrast[head, 1] = slope * (np.float64(model.bias[winner]) - np.float64(model.bias[runner_up]))
            grams = Grams(starts, ends, feature_of)
            features = Features(rows, counts, values)
            columns = (head, winner, runner_up)
            shown = explain(
                text, fields, token_starts, token_counts, n, grams, features, model.weights, model.scales, columns,
                slope, evidence[head], evidence_weights[head],
            )  # fmt: skip
            contrast[head, 2] = gap - contrast[head, 1] - shown
        column = end
    # a plain tuple: numba unpickles the class of a named one at every call
    return probabilities, np.float64(margins[-1]), leading, facts, contrast, evidence, evidence_weights

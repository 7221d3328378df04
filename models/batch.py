"""Many documents at once: the scorer over a corpus, on all cores."""

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.ngrams import Corpus
from models.scorer import LEADING, Scorer, score

CHUNK = 256
"""Documents that a thread takes at a time."""


class BatchScores(NamedTuple):
    """As `models.scorer.Scores` without evidence, a row per document.

    probabilities: float32 [n, classes]; scope: float64 [n]; leading: int32 [n, heads, LEADING]; facts: int32 [n, 3].
    """

    probabilities: npt.NDArray[np.float32]
    scope: npt.NDArray[np.float64]
    leading: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]


@compiled()
def _score_rows(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first: int,
    last: int,
    model: Scorer,
    out: BatchScores,
) -> None:
    relative = np.empty(n_fields + 1, np.int32)
    for document in range(first, last):
        begin = fields[document * n_fields]
        for f in range(n_fields + 1):
            relative[f] = np.int32(fields[document * n_fields + f] - begin)
        probabilities, scope, leading, facts, _, _, _ = score(
            text[begin : fields[(document + 1) * n_fields]],
            relative,
            model,
            False,  # noqa: FBT003
        )
        out.probabilities[document] = probabilities
        out.scope[document] = scope
        out.leading[document] = leading
        out.facts[document] = facts


def score_corpus(model: Scorer, laid: Corpus, threads: int | None = None) -> BatchScores:
    """Score every document; `threads` None means one per core."""
    n, heads = laid.documents, len(model.head_ends)
    out = BatchScores(
        np.empty((n, int(model.head_ends[-1])), np.float32),
        np.empty(n, np.float64),
        np.empty((n, heads, LEADING), np.int32),
        np.empty((n, 3), np.int32),
    )

    def work(first: int) -> None:
        _score_rows(laid.text, laid.fields, laid.n_fields, first, min(first + CHUNK, n), model, out)

    with ThreadPoolExecutor(threads or cpu_count()) as pool:
        for _ in pool.map(work, range(0, n, CHUNK)):
            pass
    return out

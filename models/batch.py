"""Many documents at once: the scorer over a corpus, on all cores."""

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.ngrams import Corpus, document_at
from models.scorer import Scorer, answer, desk
from models.scores import LEADING, blank

CHUNK = 1_024
"""Documents that a thread takes at a time."""


class BatchScores(NamedTuple):
    """As `models.scores.Scores` without evidence, a row per document.

    probabilities: float32 [n, classes]; scope: float64 [n]; margins: float64 [n, 1 + heads]; leading: int32 [n, heads,
    LEADING]; facts: int32 [n, 3].
    """

    probabilities: npt.NDArray[np.float32]
    scope: npt.NDArray[np.float64]
    margins: npt.NDArray[np.float64]
    leading: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]


@compiled()
def _score_rows(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    longest: int,
    first: int,
    last: int,
    model: Scorer,
    out: BatchScores,
    seen: npt.NDArray[np.int32],
) -> None:
    relative = np.empty(n_fields + 1, np.int32)
    space = desk(longest, n_fields, model.weights.shape[1], seen)
    whole, real = blank(len(model.places))
    for document in range(first, last):
        begin, end = document_at(fields, n_fields, document, relative)
        answer(text[begin:end], relative, model, space, False, out.probabilities[document], whole, real)  # noqa: FBT003
        out.scope[document] = real[-1, 0]
        out.margins[document] = real[-1, 1 : 1 + len(real)]
        out.leading[document] = whole[:-1, :LEADING]
        out.facts[document] = whole[-1, :3]


def score_corpus(model: Scorer, laid: Corpus, threads: int | None = None) -> BatchScores:
    """Score every document; `threads` None means one per core."""
    n, heads = laid.documents, len(model.places)
    out = BatchScores(
        np.empty((n, int((model.places[:, 1] - model.places[:, 0]).sum())), np.float32),
        np.empty(n, np.float64),
        np.empty((n, 1 + heads), np.float64),
        np.empty((n, heads, LEADING), np.int32),
        np.empty((n, 3), np.int32),
    )

    def work(first: int) -> None:
        _score_rows(
            laid.text, laid.fields, laid.n_fields, laid.longest, first, min(first + CHUNK, n), model, out,
            np.zeros(len(model.weights), np.int32),
        )  # fmt: skip

    with ThreadPoolExecutor(threads or cpu_count()) as pool:
        for _ in pool.map(work, range(0, n, CHUNK)):
            pass
    return out

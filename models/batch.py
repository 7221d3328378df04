"""Many documents at once: the scorer over a corpus, on all cores."""

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.ngrams import Corpus, document_at
from features.recognise import FACTS
from models.scorer import Desk, Scorer, answer, desk
from models.scores import LEADING, Doubles, Integers, blank

CHUNK = 1_024
"""Documents that a thread takes at a time."""


class BatchScores(NamedTuple):
    """As `models.scores.Scores` without evidence, a row per document.

    probabilities: float32 [n, classes]; scope: float64 [n]; margins: float64 [n, 1 + heads]; leading: int32 [n, heads,
    LEADING]; facts: int32 [n, FACTS]; odds: float64 [n].
    """

    probabilities: npt.NDArray[np.float32]
    scope: npt.NDArray[np.float64]
    margins: npt.NDArray[np.float64]
    leading: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]
    odds: npt.NDArray[np.float64]


@compiled(borrows=True)
def _score_rows(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first: int,
    last: int,
    model: Scorer,
    out: BatchScores,
    space: Desk,
    edges: Integers,
    whole: Integers,
    real: Doubles,
) -> None:
    """Score documents [first, last). edges: int32 [n_fields + 1], working space; whole, real: `blank`."""
    for document in range(first, last):
        begin, end = document_at(fields, n_fields, document, edges)
        answer(text[begin:end], edges, model, space, False, out.probabilities[document], whole, real)  # noqa: FBT003
        out.scope[document] = real[-1, 0]
        for j in range(out.margins.shape[1]):
            out.margins[document, j] = real[-1, 1 + j]
        for head in range(out.leading.shape[1]):
            for j in range(LEADING):
                out.leading[document, head, j] = whole[head, j]
        for j in range(out.facts.shape[1]):
            out.facts[document, j] = whole[-1, j]
        out.odds[document] = real[-1, 1 + len(real)]


def score_corpus(model: Scorer, laid: Corpus, threads: int | None = None) -> BatchScores:
    """Score every document; `threads` None means one per core."""
    n, heads = laid.documents, len(model.places)
    out = BatchScores(
        np.empty((n, int((model.places[:, 1] - model.places[:, 0]).sum())), np.float32),
        np.empty(n, np.float64),
        np.empty((n, 1 + heads), np.float64),
        np.empty((n, heads, LEADING), np.int32),
        np.empty((n, FACTS), np.int32),
        np.empty(n, np.float64),
    )
    chunks = iter(range(0, n, CHUNK))

    def work(_: int) -> None:
        features, width = model.weights.shape
        space = desk(laid.longest, laid.n_fields, width, np.zeros(features, np.int32))
        edges, (whole, real) = np.empty(laid.n_fields + 1, np.int32), blank(heads)
        for begin in chunks:
            _score_rows(
                laid.text,
                laid.fields,
                laid.n_fields,
                begin,
                min(begin + CHUNK, n),
                model,
                out,
                space,
                edges,
                whole,
                real,
            )

    workers = min(threads or cpu_count() or 1, -(-n // CHUNK))
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for _ in pool.map(work, range(workers)):
            pass
    return out

"""What tells a complaint from other texts: a linear column learnt against the background, a layer on it, and bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from features.lookup import build_lookup
from features.ngrams import Keys
from features.vectorise import ComplaintVectoriser, corpus
from models.batch import score_corpus
from models.calibrated import Pairs
from models.fitted import FIELDS, FittedModel, Scope
from models.likeness import NO_ODDS, ODDS, Doubles, margin_alone, signs
from models.rows import Rows
from models.scorer import TEXT_BLOCKS

LIKENESS_LOSS, KNOWN_LOSS, SHORT_LOSS = 0.01, 0.0005, 0.001
"""Share of complaints that each bound of the scope may turn away, by margins of fits on four fifths of them. A fit on all is surer:
of rows that it has not learnt either it turns away one in a hundred, and mostly the same by several signs (docs/quality.md)."""

BORDER, LEAST_NEAR = 8.0, 100
"""Logits from the border, up to which texts say where it runs: to those that are farther off no line is wrong. And how many of
them there have to be on either side."""

SAMPLE = 20_000
"""Complaints that the scope is learnt from and the bounds are measured on; there are far fewer background texts."""

_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScopeLesson:
    """Rows of documents and, after them, of background texts; codes are 1 for complaints; groups keep copies together."""

    rows: _Indices
    codes: npt.NDArray[np.int32]
    groups: _Indices
    complaints: int

    @classmethod
    def of(cls, documents: int, background: int, groups: _Indices) -> "ScopeLesson":
        """Up to SAMPLE documents, evenly spread, and every background text; groups are the documents'."""
        sample = _spread(documents)
        return cls(
            rows=np.concatenate([sample, documents + np.arange(background)]),
            codes=np.concatenate([np.ones(len(sample), np.int32), np.zeros(background, np.int32)]),
            # background texts are no copies of anything: each is its own group
            groups=np.concatenate([groups[sample], groups.max(initial=0) + 1 + np.arange(background)]),
            complaints=len(sample),
        )

    def matrix(self, everything: Rows, blocks: npt.NDArray[np.uint8]) -> Rows:
        """The lesson's rows, of which only the text counts.

        Background texts have no title, merchant or address: whoever has one would pass for a complaint by that alone.
        """
        return everything.take(self.rows, np.isin(blocks, TEXT_BLOCKS))


class Odds(NamedTuple):
    """How much oftener complaints have a 2-gram of characters than background texts, as logarithms in steps of 1 / ODDS.

    steps: int8 [v]; means: float64 [n], of the distinct 2-grams of each row of a lesson, by the rows of the other folds.
    """

    steps: npt.NDArray[np.int8]
    means: npt.NDArray[np.float64]


def pairs_of_characters(vectoriser: ComplaintVectoriser) -> npt.NDArray[np.bool_]:
    """Which features are 2-grams of the text's characters: [v]."""
    lengths = np.diff(vectoriser.spelling_.ends, prepend=0)
    return np.asarray((vectoriser.blocks_ == TEXT_BLOCKS[1]) & (lengths == 2))  # noqa: PLR2004


def learn_odds(texts: Rows, lesson: ScopeLesson, two: npt.NDArray[np.bool_], pairs: Pairs) -> Odds:
    """Count in how many complaints and background texts each 2-gram is.

    texts: `ScopeLesson.matrix` of the final features; two: which of them are 2-grams [v]; pairs: the folds of the rows.
    Half a text more of the smaller side to both (compare the Haldane-Anscombe correction), for what one of them never has: of
    few complaints much is missing only because they are few.
    """
    n = len(lesson.codes)
    row_of, columns = np.repeat(np.arange(n), np.diff(texts.row_ends)), np.asarray(texts.columns)
    row_of, columns = row_of[two[columns]], columns[two[columns]]
    fold_of = np.zeros(n, np.int64)
    for fold, (_, test) in enumerate(pairs):
        fold_of[test] = fold
    having = np.zeros((len(pairs), 2, texts.n_features))
    np.add.at(having, (fold_of[row_of], lesson.codes[row_of], columns), 1)
    rows = np.zeros((len(pairs), 2))
    np.add.at(rows, (fold_of, lesson.codes), 1)
    steps = np.where(two, _steps(having.sum(axis=0), rows.sum(axis=0)), np.int8(NO_ODDS))
    elsewhere = np.array(
        [_steps(having.sum(axis=0) - mine, rows.sum(axis=0) - own) for mine, own in zip(having, rows, strict=True)]
    )
    totals = np.bincount(row_of, elsewhere[fold_of[row_of], columns], minlength=n)
    return Odds(steps, totals / np.maximum(np.bincount(row_of, minlength=n), 1) / ODDS)


def _steps(having: Doubles, rows: Doubles) -> npt.NDArray[np.int8]:
    """Steps from how many have it, [2, v]: the background texts and the complaints with each 2-gram; rows [2]: how many there are."""
    of = np.maximum(rows, 1)
    others, ours = np.log(having / of[:, np.newaxis] + 0.5 / of.min())
    return np.asarray(np.rint((ours - others) * ODDS).clip(-127, 127).astype(np.int8))


class Best(NamedTuple):
    """The largest margin out of fold of each document that a head learnt: rows int64 [n], margins float32 [n]."""

    rows: _Indices
    margins: npt.NDArray[np.float32]


def learn_scope(
    vectoriser: ComplaintVectoriser,
    model: FittedModel,
    documents: Sequence[tuple[str, ...]],
    background: Sequence[tuple[str, ...]],
    lesson: ScopeLesson,
    margins: npt.NDArray[np.float32],
    best: Sequence[Best],
    odds: Odds,
) -> Scope:
    """Weigh the signs of a complaint, and set bounds that nearly all complaints keep, as on rows that were not learnt from.

    margins: of the scope's column, out of fold, a row each of the lesson; best: of each head. The heads have learnt no
    background text: their margins there are out of fold as they are.
    """
    sample = lesson.rows[: lesson.complaints]
    laid = corpus([documents[i] for i in sample], len(FIELDS))
    inside = score_corpus(model.scorer(), laid)
    beside = corpus(background, len(FIELDS))
    outside = score_corpus(model.scorer(), beside)
    told = np.concatenate([inside.margins, outside.margins])
    told[:, 0] = margins
    for head, (rows, largest) in enumerate(best):
        out_of_fold = np.full(len(documents), np.nan)
        out_of_fold[rows] = largest
        mine = np.append(out_of_fold[sample], np.full(len(background), np.nan))
        told[:, 1 + head] = np.where(np.isnan(mine), told[:, 1 + head], mine)
    elsewhere = model.scorer()._replace(table=_unfamiliar(vectoriser))
    facts = np.concatenate([score_corpus(elsewhere, texts).facts for texts in (laid, beside)])
    seen = signs(told, facts, odds.means)
    weights = _weights(seen, lesson.codes, len(best))
    characters, pairs, known, _ = facts[: lesson.complaints].T
    return Scope(
        margin=float(np.quantile(seen[: lesson.complaints] @ weights, LIKENESS_LOSS)),
        known_share=float(np.quantile(known / np.maximum(pairs, 1), KNOWN_LOSS)),
        characters=int(np.clip(np.quantile(characters, SHORT_LOSS), 2, 6)),
        weights=tuple(weights.tolist()),
    )


def _weights(seen: Doubles, codes: npt.NDArray[np.int32], heads: int) -> Doubles:
    """The weights of the signs; without a background those of the margin alone."""
    if codes.all():
        return np.array(margin_alone(heads))
    with threadpool_limits(1, "blas"):
        weights, bias = _layer(seen, codes)
        near = np.abs(seen @ weights + bias) <= BORDER
        if np.bincount(codes[near], minlength=2).min() >= LEAST_NEAR:
            weights, _ = _layer(seen[near], codes[near])
    return weights


def _layer(seen: Doubles, codes: npt.NDArray[np.int32]) -> tuple[Doubles, float]:
    """Logistic regression on signs in units of their spread among these rows: weights and bias for the signs as they are."""
    middle, spread = seen.mean(axis=0), seen.std(axis=0)
    spread[spread == 0] = 1
    layer = LogisticRegression(max_iter=1_000).fit((seen - middle) / spread, codes)
    weights = layer.coef_[0] / spread
    return weights, float(layer.intercept_[0] - middle @ weights)


def _unfamiliar(vectoriser: ComplaintVectoriser) -> Keys:
    """The look-up table as a new document finds it: an n-gram that no further document has would be unknown there."""
    elsewhere = vectoriser.keys_[vectoriser.document_counts_ > vectoriser.min_df]
    return build_lookup(elsewhere, len(vectoriser.table_), vectoriser.row_bits_)


def _spread(documents: int) -> _Indices:
    return np.linspace(0, documents - 1, min(documents, SAMPLE)).astype(np.int64)

"""What tells a complaint from other texts: a linear column learnt against the background, and bounds for a new text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.lookup import build_lookup
from features.vectorise import ComplaintVectoriser, corpus
from models.batch import score_corpus
from models.fitted import FIELDS, FittedModel, Scope
from models.rows import Rows

MARGIN_LOSS, KNOWN_LOSS = 0.006, 0.001
"""Share of complaints that each bound of the scope may turn away: in all less than one in a hundred."""

SAMPLE = 20_000
"""Complaints that the scope is learnt from and the bounds are measured on; there are far fewer background texts."""

_TEXT_BLOCKS = (2 * FIELDS.index("text"), 2 * FIELDS.index("text") + 1)

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
        return everything.take(self.rows, np.isin(blocks, _TEXT_BLOCKS))


def bounds(
    vectoriser: ComplaintVectoriser,
    model: FittedModel,
    documents: Sequence[tuple[str, ...]],
    margins: npt.NDArray[np.float32],
) -> Scope:
    """Bounds that nearly all of the training rows keep, measured as on rows that were not learnt from.

    margins: of the scope's column, out of fold.
    """
    # an n-gram that no further document has would be unknown if this document were new
    elsewhere = vectoriser.keys_[vectoriser.document_counts_ > vectoriser.min_df]
    table = build_lookup(elsewhere, len(vectoriser.table_), vectoriser.row_bits_)
    laid = corpus([documents[i] for i in _spread(len(documents))], len(FIELDS))
    characters, pairs, known = score_corpus(model.scorer()._replace(table=table), laid).facts.T
    return Scope(
        margin=float(np.quantile(margins, MARGIN_LOSS)),
        known_share=float(np.quantile(known / np.maximum(pairs, 1), KNOWN_LOSS)),
        characters=int(np.clip(np.quantile(characters, KNOWN_LOSS), 2, 6)),
    )


def _spread(documents: int) -> _Indices:
    return np.linspace(0, documents - 1, min(documents, SAMPLE)).astype(np.int64)

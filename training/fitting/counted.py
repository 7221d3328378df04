"""The n-grams of documents, counted once for several fits."""

from collections.abc import Sequence
from copy import copy
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from features.segment import Lexicon
from features.tally import Entries
from features.vectorise import ComplaintVectoriser, NoFeatures
from models.fitted import FIELDS
from models.rows import Emphasis, Rows
from training.tables.spool import lay_out


class Counted(NamedTuple):
    """A fitted vectoriser and its rows: of documents, and after them of background texts."""

    vectoriser: ComplaintVectoriser
    matrix: Rows

    def again(self, min_df: int, spool: Path | None) -> "Counted":
        """A copy that a fit may use up, as if counted with this min_df, which is not less than that of the count.

        Values can differ from those of a new count in their last digit. spool: an existing directory for the copy.
        Raises features.vectorise.NoFeatures.
        """
        vectoriser = copy(self.vectoriser)
        kept = np.flatnonzero(vectoriser.document_counts_ >= min_df)
        if not len(kept):
            raise NoFeatures(len(self.matrix.everything), min_df)
        columns, values, _ = Entries.reserve(len(self.matrix.values), spool)
        everything = Emphasis(kept, np.ones(len(kept), np.float32))
        matrix = self.matrix.emphasise(everything, vectoriser.blocks_, vectoriser.block_weights(), (values, columns))
        vectoriser.min_df = min_df
        return Counted(vectoriser.select(kept) if len(kept) < len(vectoriser.blocks_) else vectoriser, matrix)


def count_ngrams(
    documents: Sequence[tuple[str, ...]],
    background: Sequence[tuple[str, ...]],
    lexicon: Lexicon,
    min_df: int,
    *,
    jobs: int = -1,
    spool: Path | None = None,
) -> Counted:
    """Count the n-grams of normalised documents and background texts; spool: an existing directory for texts and rows."""
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=min_df, n_jobs=jobs)
    laid = lay_out(chain(documents, background), len(FIELDS), spool)
    return Counted(vectoriser, Rows.of(vectoriser.fit_transform(laid, spool=spool)))

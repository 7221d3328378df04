"""TF-IDF over the fields of a complaint: a scikit-learn transformer around the compiled n-gram counter."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.lookup import build_lookup
from features.ngrams import Corpus, Keys
from features.spelling import Spelling
from features.tally import count, find
from features.trie import Trie, build_trie


def corpus(documents: Iterable[Sequence[str]], n_fields: int) -> Corpus:
    """Lay documents (each a sequence of n_fields texts) one after another. Raises ValueError where one has other fields."""
    parts: list[str] = []
    for number, document in enumerate(documents):
        if len(document) != n_fields:
            raise ValueError(f"document {number} has {len(document)} fields, expected {n_fields}")
        parts.extend(document)
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    fields = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    text = np.frombuffer("".join(parts).encode("utf-32-le", "surrogatepass"), np.uint32)
    longest = int(lengths.reshape(-1, n_fields).sum(axis=1).max()) if parts else 0
    return Corpus(text, fields, n_fields, longest)


class NoFeatures(ValueError):
    """Nothing to learn from: no document, or no n-gram in min_df of them."""

    def __init__(self, documents: int, min_df: int) -> None:
        self.documents, self.min_df = documents, min_df
        super().__init__(
            f"{documents} documents have no n-gram in common with {min_df - 1} others; give more text or lower min_df"
        )


class ComplaintVectoriser(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Words 1-2 and characters 1-4 of each field, sublinear TF-IDF, each block normalised by itself.

    Equal to scikit-learn's `FeatureUnion` of `TfidfVectorizer(sublinear_tf=True, min_df=min_df)` over jieba's words and
    over characters of each field, up to the order of the columns, on texts without two blanks in a row (normalised text
    has none; scikit-learn would make one of them).

    X is an array-like of texts, (n,) for one field, (n, n_fields) for several, or a `Corpus`. The texts are taken as they are;
    normalising them is another step.

    Parameters
    ----------
    trie: the lexicon for the word n-grams.
    min_df: an n-gram of fewer documents is no feature.
    field_weights: the length of each field's blocks; None gives every field 1.
    n_jobs: threads, as joblib counts them.

    """

    def __init__(
        self,
        trie: Trie | None = None,
        min_df: int = 2,
        field_weights: Sequence[float] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.trie = trie
        self.min_df = min_df
        self.field_weights = field_weights
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Learn the vocabulary and the inverse document frequencies."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: object = None, spool: Path | None = None) -> sparse.csr_matrix:  # noqa: ARG002, N803
        """Learn from X and return its rows: float32 [n, n_features].

        spool: an existing directory for the rows; the matrix is then mapped from its files `columns.i4` and `values.f4`,
        which are the caller's to remove.
        """
        laid = self._laid(X)
        self.n_fields_ = laid.n_fields
        self.trie_ = build_trie({}, 1) if self.trie is None else self.trie
        tally, seen = count(laid, self.trie_, self.n_jobs, spool)
        kept = np.flatnonzero(seen.counts >= self.min_df)
        if not len(kept):
            raise NoFeatures(laid.documents, self.min_df)
        numbers = kept[_order(seen.blocks[kept], seen.counts[kept], seen.keys[kept])]
        self.blocks_ = seen.blocks[numbers]
        self.document_counts_ = seen.counts[numbers]
        self.idf_ = np.log((1.0 + laid.documents) / (1.0 + self.document_counts_)) + 1.0
        self.spelling_ = Spelling.of(laid, seen, numbers)
        self._set_keys(seen.keys[numbers])
        columns = np.full(len(seen.keys), -1, np.int32)
        columns[numbers] = np.arange(len(numbers), dtype=np.int32)
        del seen
        return tally.rows(columns, self.idf_, self.block_weights())

    def transform(self, X: Any, spool: Path | None = None) -> sparse.csr_matrix:  # noqa: N803
        """Rows for new documents: float32 [n, n_features]; spool: see `fit_transform`."""
        check_is_fitted(self)
        laid = self._laid(X, self.n_fields_)
        tally = find(laid, self.trie_, self.table_, self.row_bits_, self.n_jobs, spool)
        return tally.rows(np.arange(len(self.keys_), dtype=np.int32), self.idf_, self.block_weights())

    def select(self, columns: npt.NDArray[np.int64], factors: npt.NDArray[np.float32] | None = None) -> Self:
        """Keep only these columns, in this order; the norms of later rows are of what is kept.

        factors: what the inverse document frequency of each is multiplied by.
        """
        self.spelling_ = self.spelling_.select(columns)
        self.blocks_, self.idf_ = self.blocks_[columns], self.idf_[columns]
        if factors is not None:
            self.idf_ = self.idf_ * factors
        self.document_counts_ = self.document_counts_[columns]
        self._set_keys(self.keys_[columns])
        return self

    def block_weights(self) -> npt.NDArray[np.float64]:
        """The length of each block: [2 * n_fields], words and characters of each field."""
        weights = np.ones(self.n_fields_) if self.field_weights is None else np.asarray(self.field_weights, float)
        return np.repeat(weights, 2)

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """`block:n-gram`; the words of two are separated by a space."""
        return np.array(
            [f"{block}:{name}" for block, name in zip(self.blocks_, self.spelling_.strings(), strict=True)], object
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _set_keys(self, keys: Keys) -> None:
        self.keys_ = keys
        self.row_bits_ = max(1, len(keys).bit_length())
        self.table_ = build_lookup(keys, 1 << (len(keys) * 2).bit_length(), self.row_bits_)

    def _laid(self, X: Any, n_fields: int | None = None) -> Corpus:  # noqa: N803
        """X as a corpus; n_fields: how many it must have, None takes what the first document has."""
        if isinstance(X, Corpus):
            if X.n_fields != (n_fields or X.n_fields):
                raise ValueError(f"the corpus has {X.n_fields} fields, expected {n_fields}")
            laid = X
        else:
            documents = [(row,) if isinstance(row, str) else row for row in X]
            laid = corpus(documents, n_fields or (len(documents[0]) if documents else 1))
        if not laid.documents:
            raise NoFeatures(0, self.min_df)
        return laid


def _order(blocks: npt.NDArray[np.uint8], counts: npt.NDArray[np.int32], keys: Keys) -> npt.NDArray[np.int64]:
    """By block, then the most frequent first: the rows that most documents need then share pages of memory; then by key."""
    order = np.argsort(keys)
    # numpy sorts 16 bits by digits, which is several times faster than `lexsort`
    for digit in (~counts.astype(np.uint16), ~(counts >> 16).astype(np.uint16), blocks):
        order = order[np.argsort(digit[order], kind="stable")]
    return order

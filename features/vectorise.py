"""TF-IDF over the fields of a complaint: a scikit-learn transformer around the compiled n-gram counter."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.counting import add_counts, count_documents, empty_counts, transform_documents
from features.lookup import build_lookup
from features.ngrams import CHARACTER_N, WORD_N, Corpus, Keys, scratch
from features.spelling import Spelling
from features.trie import Trie, build_trie

CHUNK = 2_000
"""Documents in one compiled call: working memory stays bounded."""


def corpus(documents: Iterable[Sequence[str]], n_fields: int) -> Corpus:
    """Lay documents (each a sequence of n_fields texts) one after another. Raises ValueError where one has other fields."""
    parts: list[str] = []
    for number, document in enumerate(documents):
        if len(document) != n_fields:
            raise ValueError(f"document {number} has {len(document)} fields, expected {n_fields}")
        parts.extend(document)
    lengths = np.fromiter((len(part) for part in parts), np.int64, len(parts))
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

    X is an array-like of texts: (n,) for one field, (n, n_fields) for several. The texts are taken as they are;
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

    def fit_transform(self, X: Any, y: object = None) -> sparse.csr_matrix:  # noqa: ARG002, N803
        """Learn from X and return its rows: float32 [n, n_features]."""
        documents = self._documents(X)
        self.n_fields_ = len(documents[0])
        self.trie_ = build_trie({}, 1) if self.trie is None else self.trie
        laid = corpus(documents, self.n_fields_)
        keys, counts, blocks = self._count(laid)
        if not len(keys):
            raise NoFeatures(len(documents), self.min_df)
        self.idf_ = np.log((1.0 + len(documents)) / (1.0 + counts)) + 1.0
        self._set_keys(keys)
        matrix, seen = self._transform(laid, learn=True)
        # the most frequent first: the rows that most documents need then share pages of memory
        order = np.lexsort((keys, -counts, blocks))
        self.blocks_ = blocks[order]
        self.idf_ = self.idf_[order]
        self.document_counts_ = counts[order]
        self.spelling_ = Spelling.gather(laid, seen[order])
        self._set_keys(keys[order])
        column = np.empty(len(keys), np.int32)
        column[order] = np.arange(len(keys), dtype=np.int32)
        matrix.indices = column[matrix.indices]
        return matrix

    def transform(self, X: Any) -> sparse.csr_matrix:  # noqa: N803
        """Rows for new documents: float32 [n, n_features]."""
        check_is_fitted(self)
        return self._transform(corpus(self._documents(X), self.n_fields_), learn=False)[0]

    def select(self, columns: npt.NDArray[np.int64]) -> Self:
        """Keep only these columns, in this order; the norms of later rows are of what is kept."""
        self.spelling_ = self.spelling_.select(columns)
        self.blocks_, self.idf_ = self.blocks_[columns], self.idf_[columns]
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

    def _documents(self, X: Any) -> list[Sequence[str]]:  # noqa: N803
        documents = [(row,) if isinstance(row, str) else row for row in X]
        if not documents:
            raise NoFeatures(0, self.min_df)
        return documents

    def _count(self, laid: Corpus) -> tuple[Keys, npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        def count(first: int, last: int) -> tuple[Any, ...]:
            space, table = scratch(laid.longest, laid.n_fields), empty_counts()
            counted: tuple[Any, ...] = count_documents(
                laid.text, laid.fields, laid.n_fields, first, last, self.trie_, space, *table, 0
            )
            return counted

        # threads, for compiled code releases the lock: the corpus is shared, and each has a table of its own
        table, *others = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(count)(a, b) for a, b in pairwise(self._shares(laid.documents))
        )
        for keys, counts, _, blocks, _ in others:
            table = add_counts(keys, counts, blocks, *table)
        keys, counts, _, blocks, _ = table
        kept = counts >= self.min_df
        return keys[kept], counts[kept], blocks[kept]

    def _transform(self, laid: Corpus, *, learn: bool) -> tuple[sparse.csr_matrix, npt.NDArray[np.int64]]:
        """The rows of a corpus; to learn, also where each feature was first seen (see `transform_documents`)."""
        block_weights = self.block_weights()

        def work(first: int, last: int) -> tuple[list[tuple[npt.NDArray[Any], ...]], npt.NDArray[np.int64]]:
            space, counts = scratch(laid.longest, laid.n_fields), np.zeros(len(self.keys_), np.int32)
            seen = np.full((len(self.keys_) if learn else 0, 4), -1, np.int64)
            parts: list[tuple[npt.NDArray[Any], ...]] = []
            for begin, stop in pairwise([*range(first, last, CHUNK), last]):
                size = int(laid.fields[stop * laid.n_fields] - laid.fields[begin * laid.n_fields])
                room = (WORD_N + CHARACTER_N) * size
                columns, values = np.empty(room, np.int32), np.empty(room, np.float32)
                ends = np.empty(stop - begin, np.int64)
                n = transform_documents(
                    laid.text, laid.fields, laid.n_fields, begin, stop, self.trie_, space, self.table_,
                    self.row_bits_, self.idf_, block_weights, counts, columns, values, ends, seen,
                )  # fmt: skip
                parts.append((columns[:n].copy(), values[:n].copy(), ends))
            return parts, seen

        done = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(work)(a, b) for a, b in pairwise(self._shares(laid.documents))
        )
        parts = [part for share, _ in done for part in share]
        seen = done[0][1]
        for _, later in done[1:]:
            seen = np.where(seen[:, :1] < 0, later, seen)
        before = np.cumsum([0, *(len(columns) for columns, _, _ in parts)])
        row_ends = [ends + start for (_, _, ends), start in zip(parts, before, strict=False)]
        matrix = sparse.csr_matrix(
            (
                np.concatenate([values for _, values, _ in parts]),
                np.concatenate([columns for columns, _, _ in parts]),
                np.concatenate([np.zeros(1, np.int64), *row_ends]),
            ),
            shape=(laid.documents, len(self.keys_)),
        )
        return matrix, seen

    def _shares(self, documents: int) -> list[int]:
        """Where each thread's documents begin, and the end."""
        threads = min(effective_n_jobs(self.n_jobs), documents)
        return [documents * part // threads for part in range(threads + 1)]

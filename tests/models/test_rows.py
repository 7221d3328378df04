"""Rows of a sparse matrix in compiled code."""

import numpy as np
import pytest
from scipy import sparse

from features.vectorise import ComplaintVectoriser
from models.rows import Emphasis, Rows


def matrix_of(rows):
    return sparse.csr_matrix((rows.values, rows.columns, rows.row_ends), (len(rows.squares), rows.n_features))


def test_emphasised_rows_are_those_of_a_vectoriser_that_keeps_the_same_columns_with_the_same_factors(
    lexicon, tiny_complaints
):
    texts = [(place, text) for text, _, place in tiny_complaints]
    vectoriser = ComplaintVectoriser(lexicon.trie, field_weights=[2.0, 0.5])
    rows = Rows.of(vectoriser.fit_transform(texts))
    kept = np.sort(np.random.default_rng(0).choice(rows.n_features, 300, replace=False))
    chosen = Emphasis(kept, np.random.default_rng(1).uniform(0.1, 3, len(kept)).astype(np.float32))
    blocks, lengths = vectoriser.blocks_, vectoriser.block_weights()
    before = matrix_of(rows).toarray()
    room = np.empty_like(rows.values), np.empty_like(rows.columns)
    copied = rows.emphasise(chosen, blocks, lengths, room)
    np.testing.assert_array_equal(matrix_of(rows).toarray(), before)
    cut = rows.emphasise(chosen, blocks, lengths)
    expected = vectoriser.select(*chosen).transform(texts)
    for mine in (copied, cut):
        np.testing.assert_allclose(matrix_of(mine).toarray(), expected.toarray(), atol=1e-6)
        np.testing.assert_allclose(mine.squares, 1 + expected.multiply(expected).sum(axis=1).A1, rtol=1e-5)


@pytest.mark.parametrize("rows", [[], [3, 0, 3]])
def test_taken_rows_are_a_copy_with_the_kept_columns_alone(rows):
    dense = np.arange(24, dtype=np.float32).reshape(4, 6)
    whole = Rows.of(sparse.csr_matrix(dense))
    kept = np.array([True, False, True, True, False, False])
    taken = whole.take(np.array(rows, np.int64), kept)
    np.testing.assert_array_equal(matrix_of(taken).toarray(), (dense * kept)[rows])
    np.testing.assert_array_equal(matrix_of(whole).toarray(), dense)

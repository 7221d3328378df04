"""How often the rows of a class have a feature, as weights."""

import numpy as np
import pytest
from scipy import sparse

from models.naive_bayes import log_frequencies
from models.rows import Rows
from models.solver import Problem


@pytest.fixture
def problem():
    x = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 1, 1]], np.float32)
    rows = Rows.of(sparse.csr_matrix(x))
    return x, Problem(rows, rows.everything, np.array([0, 0, 1, 1], np.int32), 3)


def by_class(problem):
    """[n_features, n_classes]."""
    (classes,) = blocks = problem.blocks()
    (block,) = log_frequencies(problem, blocks)
    return block[:, np.argsort(classes)]


def test_the_weights_are_log_probabilities_up_to_what_all_classes_share(problem):
    x, problem = problem
    found = by_class(problem)
    sums = np.array([x[:2].sum(axis=0), x[2:].sum(axis=0)]) + 0.0005
    expected = np.log(sums / sums.sum(axis=1, keepdims=True))
    apart = (found[:, 0] - found[:, 1]) / (expected[0] - expected[1])
    np.testing.assert_allclose(apart, apart[0], rtol=1e-4)
    assert apart[0] > 0
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)


def test_a_class_without_rows_is_the_least_likely(problem):
    found = by_class(problem[1])
    assert (found[:, 2] <= found.min(axis=1) + 1e-7).all()


def test_only_the_rows_of_the_subset_are_counted(problem):
    x, problem = problem
    part = problem.part(np.array([0, 2]))
    rows = Rows.of(sparse.csr_matrix(x[[0, 2]]))
    np.testing.assert_array_equal(
        by_class(part), by_class(Problem(rows, rows.everything, part.codes, problem.n_classes))
    )


def test_a_class_is_in_the_lane_that_it_has_in_the_blocks():
    codes = np.random.default_rng(0).integers(0, 20, 400).astype(np.int32)
    rows = Rows.of(sparse.csr_matrix(np.eye(20, dtype=np.float32)[codes]))
    problem = Problem(rows, rows.everything, codes, 20)
    blocks = problem.blocks()
    assert len(blocks) == 2
    for classes, block in zip(blocks, log_frequencies(problem, blocks), strict=True):
        assert block[:, : len(classes)].argmax(axis=0).tolist() == classes.tolist()

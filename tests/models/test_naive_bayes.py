"""How often the rows of a class have a feature, as weights."""

import numpy as np
import pytest
from scipy import sparse

from models.naive_bayes import log_frequencies, with_frequencies
from models.rows import Rows
from models.solver import Problem, Solver


@pytest.fixture
def problem():
    x = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 1, 1]], np.float32)
    rows = Rows.of(sparse.csr_matrix(x))
    return x, Problem(rows, rows.everything, np.array([0, 0, 1, 1], np.int32), 3)


def test_the_weights_are_log_probabilities_up_to_what_all_classes_share(problem):
    x, problem = problem
    found = log_frequencies(problem)
    sums = np.array([x[:2].sum(axis=0), x[2:].sum(axis=0)]) + 0.0005
    expected = np.log(sums / sums.sum(axis=1, keepdims=True))
    apart = (found[:, 0] - found[:, 1]) / (expected[0] - expected[1])
    np.testing.assert_allclose(apart, apart[0], rtol=1e-4)
    assert apart[0] > 0
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)


def test_a_class_without_rows_is_the_least_likely(problem):
    found = log_frequencies(problem[1])
    assert (found[:, 2] <= found.min(axis=1) + 1e-7).all()


def test_only_the_rows_of_the_subset_are_counted(problem):
    x, problem = problem
    part = problem.part(np.array([0, 2]))
    rows = Rows.of(sparse.csr_matrix(x[[0, 2]]))
    np.testing.assert_array_equal(
        log_frequencies(part), log_frequencies(Problem(rows, rows.everything, part.codes, problem.n_classes))
    )


def test_the_blocks_of_a_head_are_given_what_the_head_is_given(problem):
    _, problem = problem
    frequencies = log_frequencies(problem)
    whole, (block,) = Solver().fit(problem), [Solver().fit_block(problem, classes) for classes in problem.blocks()]
    with_frequencies(whole, frequencies)
    with_frequencies(block, frequencies)
    np.testing.assert_array_equal(block.weights[:, :3], whole.weights[:, block.classes])

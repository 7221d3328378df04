"""The solver: blocks of classes, rows that rest, rows in windows."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification

from models import solver
from models.lanes import room
from models.rows import Rows
from models.solver import LANES, Problem, Solver


@pytest.fixture(scope="module")
def problem():
    x, y = make_classification(
        1500, 30, n_informative=12, n_classes=20, n_clusters_per_class=1, class_sep=0.8, random_state=1
    )
    x[np.abs(x) < 0.5] = 0
    x /= np.linalg.norm(x, axis=1, keepdims=True)  # as the rows of texts are
    rows = Rows.of(sparse.csr_matrix(x.astype(np.float32)))
    return Problem(rows, rows.everything, y.astype(np.int32), 20)


def test_the_blocks_hold_each_class_once_the_most_frequent_first(problem):
    blocks = problem.blocks()
    assert [len(block) for block in blocks] == [LANES, 20 - LANES]
    order = np.concatenate(blocks)
    assert sorted(order.tolist()) == list(range(20))
    assert (np.diff(np.bincount(problem.codes)[order]) <= 0).all()


def test_margins_of_a_block_are_the_product_with_its_weights(problem):
    matrix = sparse.csr_matrix((problem.matrix.values, problem.matrix.columns, problem.matrix.row_ends))
    for classes in problem.blocks():
        block = Solver().fit_block(problem, classes)
        expected = (matrix @ block.weights + block.bias)[::-7, : len(classes)]
        found = block.margins(problem.matrix, problem.subset[::-7])
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_array_equal(block.largest(), abs(block.weights[:, : len(classes)]).max(axis=1))


def test_a_fit_goes_on_from_the_end_of_another_and_comes_to_the_same_answers(problem):
    matrix = sparse.csr_matrix((problem.matrix.values, problem.matrix.columns, problem.matrix.row_ends))
    # a little longer here, a little shorter there: as features are after a first fit
    factors = np.random.default_rng(0).uniform(0.8, 1.2, matrix.shape[1]).astype(np.float32)
    other = problem._replace(matrix=Rows.of(sparse.csr_matrix(matrix.multiply(factors), dtype=np.float32)))
    exact = Solver(tol=1e-3, max_iter=200)
    for classes in problem.blocks():
        ended = exact.fit_block(problem, classes).end
        cold, warm = exact.fit_block(other, classes), exact.fit_block(other, classes, ended)
        assert warm.n_iter < cold.n_iter
        expected = cold.margins(other.matrix, other.subset)
        np.testing.assert_allclose(warm.margins(other.matrix, other.subset), expected, atol=0.02)


def test_a_fit_that_begins_where_it_would_end_takes_one_pass(problem):
    classes = problem.blocks()[0]
    solver = Solver(max_iter=100)
    assert solver.fit_block(problem, classes, solver.fit_block(problem, classes).end).n_iter == 1


@pytest.mark.parametrize("rows", [1, 1000, 100_000])
def test_weights_of_a_feature_are_one_line_of_the_cache(rows):
    found = room(rows)
    assert found.shape == (rows, LANES)
    assert found.flags.c_contiguous
    assert found.ctypes.data % 64 == 0
    assert not found.any()


def test_rows_in_windows_come_to_the_same_answers_within_noise(problem, monkeypatch):
    """As of a matrix in a file: chunks of neighbours, here sorted by class, which is the worst order that there is."""
    by_class = problem.part(np.argsort(problem.codes, kind="stable"))

    def answers():
        fitted = Solver(tol=0.01).fit(by_class)
        assert fitted.n_iter < 30
        matrix = sparse.csr_matrix((problem.matrix.values, problem.matrix.columns, problem.matrix.row_ends))
        return (matrix @ fitted.weights + fitted.bias).argmax(axis=1)

    free = answers()
    monkeypatch.setattr(solver, "WINDOW", 200)
    monkeypatch.setattr(solver, "CHUNK", 10)
    windowed = answers()
    assert (free == windowed).mean() > 0.98
    accuracies = [(found == problem.codes).mean() for found in (free, windowed)]
    assert abs(np.diff(accuracies)[0]) < 0.01


def test_each_row_has_one_place_in_the_windows(monkeypatch):
    monkeypatch.setattr(solver, "WINDOW", 64)
    monkeypatch.setattr(solver, "CHUNK", 8)
    visited = np.arange(0, 2000, 2)
    order = solver._in_windows(visited, np.random.RandomState(0))
    assert sorted(order.tolist()) == visited.tolist()
    assert order.tolist() != visited.tolist()

"""The solver: blocks of classes, rows that rest, rows in windows."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification

from models import solver
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

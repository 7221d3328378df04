"""The second fit on the features that a first one found to matter."""

import numpy as np
import pytest
from scipy import sparse

from models.calibrated import CrossFit, cross_fit
from models.emphasis import FAINT, Features, Limits, cross_fit_again, emphasis, overall
from models.rows import Rows
from models.solver import Problem, Solver


@pytest.fixture(scope="module")
def told():
    """Rows of 300 features in two blocks, of which ten carry the class."""
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 300).astype(np.int32)
    x = (random.random((300, 300)) < 0.2).astype(np.float32)
    x[:, :10] = 0
    x[np.arange(300), y * 3] = 1
    blocks = np.repeat(np.array([0, 1], np.uint8), 150)
    for block in (0, 1):
        own = x[:, blocks == block]
        x[:, blocks == block] = own / np.sqrt((own**2).sum(axis=1, keepdims=True))
    return x, y, blocks


def test_the_most_important_stay_each_by_the_root_of_its_importance():
    chosen = emphasis(np.array([4, 0, 1, 0.25, 9], np.float32), Limits(3, 3))
    assert chosen.kept.tolist() == [0, 2, 4]
    np.testing.assert_allclose(chosen.factors / chosen.factors[1], [2, 1, 3])
    np.testing.assert_allclose((chosen.factors**2).mean(), 1, rtol=1e-6)


def test_those_that_stay_for_the_scope_alone_are_faint_and_leave_the_others_as_they_were():
    importance = np.array([4, 0, 1, 0.25, 9], np.float32)
    alone, beside = emphasis(importance, Limits(3, 3)), emphasis(importance, Limits(3, 4))
    assert beside.kept.tolist() == [0, 2, 3, 4]
    np.testing.assert_allclose(beside.factors[[0, 1, 3]], alone.factors, rtol=1e-6)
    assert beside.factors[2] == pytest.approx(FAINT * beside.factors[1] / 2)


def test_what_no_head_has_met_is_as_important_as_it_is_to_the_others():
    nothing = np.zeros((2, 0), np.float32)
    head = CrossFit(nothing, np.array([[1, 0, 3], [1, 0, 1]], np.float32), nothing, nothing)
    aside = CrossFit(nothing, np.array([[9, 2, 9], [9, 4, 9]], np.float32), nothing, nothing)
    assert overall([head, aside], 1).tolist() == [1, 3, 2]


def test_of_no_importance_is_no_feature_unless_all_are():
    assert emphasis(np.array([0, 2, 0], np.float32), Limits(3, 3)).kept.tolist() == [1]
    assert emphasis(np.zeros(3, np.float32), Limits(2, 2)).factors.tolist() == [1, 1]


@pytest.mark.parametrize("spooled", [False, True])
def test_margins_of_the_second_fit_are_of_models_that_have_not_seen_the_row(told, tmp_path, spooled):
    x, y, blocks = told
    spool = tmp_path if spooled else None

    def margins_of(labels):
        rows = Rows.of(sparse.csr_matrix(x))
        problem = Problem(rows, rows.everything, labels, 3)
        pairs = [(np.flatnonzero(np.arange(300) % 3 != k), np.flatnonzero(np.arange(300) % 3 == k)) for k in range(3)]
        first = cross_fit([problem], [pairs], Solver())
        before = first[0].margins.copy()
        cross_fit_again(
            [problem], [pairs], first, Features(blocks, np.ones(2), Limits(100, 100)), Solver(), 1, spool=spool
        )
        return before, first

    before, (found,) = margins_of(y)
    other = y.copy()
    other[0::3] = (other[0::3] + 1) % 3
    _, (changed,) = margins_of(other)
    np.testing.assert_array_equal(found.margins[0::3], changed.margins[0::3])
    assert (found.margins.argmax(axis=1) == y).mean() > (before.argmax(axis=1) == y).mean()
    assert set(np.argsort(-overall([found], 1))[:3].tolist()) == {0, 3, 6}
    assert not list(tmp_path.iterdir())

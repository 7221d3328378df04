"""The calibrated head."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.calibrated import CalibratedHead, cross_fit
from models.calibration import Calibration, expected_calibration_error
from models.linear import LinearHead
from models.rows import Rows
from models.solver import Problem, Solver


@parametrize_with_checks([CalibratedHead()])
def test_it_is_an_estimator_as_scikit_learn_wants_them(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def problem():
    x, y = make_classification(
        900, 20, n_informative=6, n_classes=4, n_clusters_per_class=1, class_sep=0.8, flip_y=0.1, random_state=1
    )
    return x.astype(np.float32), y


def test_probabilities_are_of_each_class_and_the_best_is_the_answer(problem):
    x, y = problem
    head = CalibratedHead().fit(x, y)
    probabilities = head.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert head.predict(x).tolist() == head.classes_[probabilities.argmax(axis=1)].tolist()


def test_the_answers_are_those_of_the_linear_head(problem):
    x, y = problem
    assert (
        CalibratedHead(seed=3).fit(x, y).predict(x).tolist() == LinearHead(random_state=3).fit(x, y).predict(x).tolist()
    )


def test_it_is_calibrated_on_rows_that_it_has_not_seen(problem):
    x, y = problem
    head = CalibratedHead().fit(x[:600], y[:600])
    probabilities = head.predict_proba(x[600:])
    correct = head.predict(x[600:]) == y[600:]
    assert expected_calibration_error(probabilities.max(axis=1), correct, 5) < 0.08


def test_cross_fitted_margins_are_of_models_that_have_not_seen_the_row(problem):
    x, y = problem
    rows = Rows.of(sparse.csr_matrix(x))
    problem = Problem(rows, rows.everything, y.astype(np.int32), 4)
    pairs = list(StratifiedKFold(3).split(x, y))
    told = []
    (found,) = cross_fit([problem], [pairs], Solver(), jobs=2, progress=lambda done, of: told.append((done, of)))
    for train, test in pairs:
        head = LinearHead().fit(x[train], y[train])
        np.testing.assert_allclose(found.margins[test], head.margins(x[test]), atol=1e-5)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert found.importance.shape == (3, 20)
    np.testing.assert_array_equal(found.margins, cross_fit([problem], [pairs], Solver())[0].margins)


@pytest.mark.filterwarnings("ignore:The least populated class in y has only 1 member:UserWarning")
def test_classes_of_few_rows_are_calibrated_on_as_many_folds_as_there_can_be(problem):
    x, _ = problem
    for y in ("aabb", "aab", "ab", "abc", "abcd", "aabcd"):
        head = CalibratedHead(folds=5).fit(x[: len(y)], list(y))
        assert np.isfinite(head.predict_proba(x)).all()
    assert (
        CalibratedHead(folds=1).fit(x, problem[1]).calibration_
        != CalibratedHead.of(
            np.array(["a", "b"]), np.zeros((1, 2), np.float32), np.zeros(2, np.float32), Calibration(3, -0.9, 0.15)
        ).calibration_
    )


def test_a_head_that_was_fitted_elsewhere_answers_like_it(problem):
    x, y = problem
    head = CalibratedHead().fit(x, y)
    other = CalibratedHead.of(head.classes_, head.weights_, head.bias_, head.calibration_)
    np.testing.assert_array_equal(other.predict_proba(x), head.predict_proba(x))


def test_one_class_is_refused_with_its_name():
    with pytest.raises(ValueError, match="one class: '食品'"):
        CalibratedHead().fit([[1.0], [2.0]], ["食品", "食品"])

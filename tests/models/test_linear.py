"""The linear head against scikit-learn's LinearSVC."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.linear import LinearHead, class_balance, fit_one_against_rest


@parametrize_with_checks([LinearHead()])
def test_it_is_an_estimator_as_scikit_learn_wants_them(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def problem():
    """Three classes of 150, 60 and 30 rows that do not come apart."""
    return make_classification(
        240, 12, n_informative=6, n_classes=3, weights=[0.6, 0.25, 0.15], class_sep=0.6, random_state=3
    )


def optimum(X, y, C, class_weight):
    return LinearSVC(C=C, class_weight=class_weight, intercept_scaling=1, tol=1e-9, max_iter=1_000_000).fit(X, y)


@pytest.mark.parametrize("C", [0.05, 0.5, 2.0])
@pytest.mark.parametrize(("balance", "class_weight"), [(0.0, None), (1.0, "balanced")])
def test_it_reaches_linear_svcs_optimum(C, balance, class_weight, problem):
    X, y = problem
    ours = LinearHead(C=C, balance=balance, max_iter=3000, tol=1e-6).fit(X, y)
    theirs = optimum(X, y, C, class_weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)
    np.testing.assert_allclose(ours.bias_, theirs.intercept_, atol=2e-3)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=5e-3)


def test_balance_between_none_and_all_is_a_power_of_the_class_weights(problem):
    X, y = problem
    weights = dict(enumerate(class_balance(y.astype(np.int32), 3, 0.5)))
    ours = LinearHead(balance=0.5, max_iter=3000, tol=1e-6).fit(X, y)
    np.testing.assert_allclose(ours.coef_, optimum(X, y, 0.5, weights).coef_, atol=2e-3)


def test_the_default_stops_early_and_decides_nearly_alike(problem):
    X, y = problem
    head = LinearHead(balance=0.0).fit(X, y)
    assert head.n_iter_ <= 30
    assert (head.predict(X) == optimum(X, y, 0.5, None).predict(X)).mean() > 0.97


def test_two_classes_decide_as_linear_svc_does(problem):
    X, y = problem
    X, y = X[y < 2], np.array(["退款", "查处"])[y[y < 2]]
    ours = LinearHead(balance=0.0, max_iter=3000, tol=1e-6).fit(X, y)
    theirs = optimum(X, y, 0.5, None)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=5e-3)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_the_predicted_class_has_the_largest_margin_also_of_two(balance, problem):
    X, y = problem
    for rows in (y < 3, y < 2):
        head = LinearHead(balance=balance).fit(X[rows], y[rows])
        assert head.predict(X).tolist() == head.classes_[head.margins(X).argmax(axis=1)].tolist()


def test_sparse_and_dense_rows_are_the_same_rows(problem):
    X, y = problem
    X = np.where(abs(X) > 1, X, 0)
    dense, thin = LinearHead().fit(X, y), LinearHead().fit(sparse.csr_matrix(X), y)
    np.testing.assert_array_equal(dense.coef_, thin.coef_)


def test_equal_seeds_give_equal_weights_and_others_nearly_equal_ones(problem):
    X, y = problem
    one, again, other = (LinearHead(random_state=seed).fit(X, y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.coef_, again.coef_)
    assert 0 < abs(one.coef_ - other.coef_).max() < 0.1


def test_a_class_without_rows_gets_margins_near_minus_one():
    rows = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    codes = np.array([0, 0, 2, 2], np.int32)
    fitted = fit_one_against_rest(
        rows, codes, 3, C=100.0, balance=1.0, max_iter=500, tol=1e-4, random=np.random.RandomState(0)
    )
    margins = rows @ fitted.weights + fitted.bias
    np.testing.assert_allclose(margins[:, 1], -1, atol=0.05)
    assert margins[:, [0, 2]].argmax(axis=1).tolist() == [0, 0, 1, 1]


def test_one_class_is_refused_with_its_name():
    with pytest.raises(ValueError, match="one class: '食品'"):
        LinearHead().fit([[1.0], [2.0]], ["食品", "食品"])


def test_class_balance_is_what_scikit_learn_calls_balanced():
    codes = np.array([0, 0, 0, 1], np.int32)
    assert class_balance(codes, 2, 1.0).tolist() == [4 / 6, 2.0]
    assert class_balance(codes, 2, 0.0).tolist() == [1.0, 1.0]

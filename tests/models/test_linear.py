"""The linear head against scikit-learn's LinearSVC."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from features.vectorise import ComplaintVectoriser
from models.linear import LinearHead
from models.rows import Rows
from models.solver import Problem, Solver, class_balance


@parametrize_with_checks([LinearHead()])
def test_it_is_an_estimator_as_scikit_learn_wants_them(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def problem():
    """Three classes of 150, 60 and 30 rows that do not come apart."""
    return make_classification(
        240, 12, n_informative=6, n_classes=3, weights=[0.6, 0.25, 0.15], class_sep=0.6, random_state=3
    )


def optimum(x, y, c, class_weight):
    return LinearSVC(C=c, class_weight=class_weight, intercept_scaling=1, tol=1e-9, max_iter=1_000_000).fit(x, y)


@pytest.mark.parametrize("c", [0.05, 0.5, 2.0])
@pytest.mark.parametrize(("balance", "class_weight"), [(0.0, None), (1.0, "balanced")])
def test_it_reaches_linear_svcs_optimum(c, balance, class_weight, problem):
    x, y = problem
    ours = LinearHead(C=c, balance=balance, max_iter=3000, tol=1e-6).fit(x, y)
    theirs = optimum(x, y, c, class_weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)
    np.testing.assert_allclose(ours.bias_, theirs.intercept_, atol=2e-3)
    np.testing.assert_allclose(ours.decision_function(x), theirs.decision_function(x), atol=5e-3)


def test_balance_between_none_and_all_is_a_power_of_the_class_weights(problem):
    x, y = problem
    weights = dict(enumerate(class_balance(y.astype(np.int32), 3, 0.5)))
    ours = LinearHead(balance=0.5, max_iter=3000, tol=1e-6).fit(x, y)
    np.testing.assert_allclose(ours.coef_, optimum(x, y, 0.5, weights).coef_, atol=2e-3)


@pytest.fixture(scope="module")
def complaints(lexicon, tiny_complaints):
    texts, domains, _ = zip(*tiny_complaints, strict=True)
    return ComplaintVectoriser(lexicon.trie).fit_transform(texts), np.array(domains)


def test_the_default_stops_early_on_texts_and_is_near_the_optimum(complaints):
    x, y = complaints
    head, best = LinearHead(balance=0.0).fit(x, y), optimum(x, y, 0.5, None)
    assert head.n_iter_ < 30
    assert head.predict(x).tolist() == best.predict(x).tolist()
    np.testing.assert_allclose(head.decision_function(x), best.decision_function(x), atol=0.05)


def test_two_classes_decide_as_linear_svc_does(problem):
    x, y = problem
    x, y = x[y < 2], np.array(["退款", "查处"])[y[y < 2]]
    ours = LinearHead(balance=0.0, max_iter=3000, tol=1e-6).fit(x, y)
    theirs = optimum(x, y, 0.5, None)
    np.testing.assert_allclose(ours.decision_function(x), theirs.decision_function(x), atol=5e-3)
    assert ours.predict(x).tolist() == theirs.predict(x).tolist()


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_the_predicted_class_has_the_largest_margin_also_of_two(balance, problem):
    x, y = problem
    for rows in (y < 3, y < 2):
        head = LinearHead(balance=balance).fit(x[rows], y[rows])
        assert head.predict(x).tolist() == head.classes_[head.margins(x).argmax(axis=1)].tolist()


def test_sparse_and_dense_rows_are_the_same_rows(problem):
    x, y = problem
    x = np.where(abs(x) > 1, x, 0)
    dense, thin = LinearHead().fit(x, y), LinearHead().fit(sparse.csr_matrix(x), y)
    np.testing.assert_array_equal(dense.coef_, thin.coef_)


def test_equal_seeds_give_equal_weights_and_others_nearly_equal_ones(complaints):
    x, y = complaints
    one, again, other = (LinearHead(random_state=seed).fit(x, y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.coef_, again.coef_)
    assert 0 < abs(one.coef_ - other.coef_).max() < 0.1


def test_a_class_without_rows_gets_margins_near_minus_one():
    rows = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    codes = np.array([0, 0, 2, 2], np.int32)
    matrix = Rows.of(rows)
    fitted = Solver(C=100.0, balance=1.0, max_iter=500, tol=1e-4).fit(Problem(matrix, matrix.everything, codes, 3))
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

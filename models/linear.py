"""A linear classifier with LinearSVC's objective, fitted for all classes in one pass over the rows.

Dual coordinate descent for L2-regularised, squared-hinge, one-against-rest support vector machines (Hsieh et al.,
"A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008), with each row's score for every class
computed together: the weights of a feature stand side by side in memory.
"""

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from features.compiled import compiled

Floats = npt.NDArray[np.float32]


class Weights(NamedTuple):
    """A fitted head: weights float32 [n_features, n_classes], bias float32 [n_classes], and the passes it took."""

    weights: Floats
    bias: Floats
    n_iter: int


@compiled(fastmath=True)
def _pass(
    values: Floats,
    columns: npt.NDArray[np.int32],
    row_ends: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int32],
    order: npt.NDArray[np.int64],
    squares: Floats,
    diagonal_own: Floats,
    diagonal_other: np.float32,
    weights: Floats,
    bias: Floats,
    alphas: Floats,
) -> float:
    """One pass over `rows`; returns the mean violation per row (sum over classes of |projected gradient|).

    classes, squares, alphas and order count within `rows`.
    """
    n_classes = weights.shape[1]
    score = np.empty(n_classes, np.float32)
    violation = 0.0
    for o in range(len(order)):
        row = order[o]
        begin = row_ends[rows[row]]
        end = row_ends[rows[row] + 1]
        own = classes[row]
        for j in range(n_classes):
            score[j] = bias[j]
        for k in range(begin, end):
            value = values[k]
            column = columns[k]
            for j in range(n_classes):
                score[j] += value * weights[column, j]
        changed = False
        for j in range(n_classes):
            sign = np.float32(-1.0)
            diagonal = diagonal_other
            if j == own:
                sign = np.float32(1.0)
                diagonal = diagonal_own[own]
            alpha = alphas[row, j]
            gradient = sign * score[j] - np.float32(1.0) + alpha * diagonal
            if alpha > 0 or gradient < 0:
                violation += abs(gradient)
            new = alpha - gradient / (squares[row] + diagonal)
            if new < 0:
                new = np.float32(0.0)
            step = (new - alpha) * sign
            score[j] = step
            if step != 0:
                alphas[row, j] = new
                changed = True
        if changed:
            for j in range(n_classes):
                bias[j] += score[j]
            for k in range(begin, end):
                value = values[k]
                column = columns[k]
                for j in range(n_classes):
                    weights[column, j] += value * score[j]
    return violation / len(order)


def class_balance(codes: npt.NDArray[np.int32], n_classes: int, power: float) -> npt.NDArray[np.float64]:
    """(n / (n_classes * n_rows_of_class)) ** power; power 1 is scikit-learn's "balanced", 0 leaves all equal."""
    counts = np.bincount(codes, minlength=n_classes)
    return np.asarray((len(codes) / (n_classes * np.maximum(counts, 1))) ** power)


@compiled(fastmath=True)
def _squares(values: Floats, row_ends: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Floats:
    """Squared length of each row, the bias's constant feature included."""
    out = np.ones(len(rows), np.float32)
    for place in range(len(rows)):
        for k in range(row_ends[rows[place]], row_ends[rows[place] + 1]):
            out[place] += values[k] * values[k]
    return out


@compiled(fastmath=True)
def _margins(
    values: Floats,
    columns: npt.NDArray[np.int32],
    row_ends: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    weights: Floats,
    bias: Floats,
) -> Floats:
    out = np.empty((len(rows), weights.shape[1]), np.float32)
    for place in range(len(rows)):
        score = out[place]
        score[:] = bias
        for k in range(row_ends[rows[place]], row_ends[rows[place] + 1]):
            value = values[k]
            weight = weights[columns[k]]
            for j in range(len(score)):
                score[j] += value * weight[j]
    return out


class Rows(NamedTuple):
    """Rows of a sparse matrix as compiled code takes them; a subset of rows is a list of numbers, not a copy.

    values: float32 [nnz]; columns: int32 [nnz]; row_ends: int64 [n + 1]; n_features.
    """

    values: Floats
    columns: npt.NDArray[np.int32]
    row_ends: npt.NDArray[np.int64]
    n_features: int

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> "Rows":
        """The rows of a float32 csr matrix, not copied."""
        return cls(
            matrix.data,
            matrix.indices.astype(np.int32, copy=False),
            matrix.indptr.astype(np.int64, copy=False),
            int(matrix.shape[1]),
        )

    @property
    def everything(self) -> npt.NDArray[np.int64]:
        """The numbers of all rows."""
        return np.arange(len(self.row_ends) - 1)

    def margins(self, subset: npt.NDArray[np.int64], fitted: Weights) -> Floats:
        """Margins [len(subset), n_classes] of some rows."""
        found: Floats = _margins(
            self.values, self.columns, self.row_ends, np.asarray(subset, np.int64), fitted.weights, fitted.bias
        )
        return found


def fit_one_against_rest(
    matrix: Rows,
    subset: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int32],
    n_classes: int,
    *,
    C: float,  # noqa: N803 - scikit-learn's name
    balance: float,
    max_iter: int,
    tol: float,
    random: np.random.RandomState,
) -> Weights:
    """Fit the rows of `subset` to their class codes (0 to n_classes - 1); a class without rows gets margins near -1."""
    own = (0.5 / (C * class_balance(codes, n_classes, balance))).astype(np.float32)
    values, columns, row_ends, n_features = matrix
    subset = np.asarray(subset, np.int64)
    squares = _squares(values, row_ends, subset)
    weights = np.zeros((n_features, n_classes), np.float32)
    bias = np.zeros(n_classes, np.float32)
    alphas = np.zeros((len(subset), n_classes), np.float32)
    first = np.inf
    iteration = 0
    for iteration in range(1, max_iter + 1):
        order = random.permutation(len(subset))
        violation = _pass(
            values, columns, row_ends, subset, codes, order, squares, own, np.float32(0.5 / C), weights, bias, alphas
        )
        first = violation if iteration == 1 else first
        if violation <= tol * first:
            break
    return Weights(weights, bias, iteration)


class LinearHead(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One-against-rest linear SVM with squared hinge loss.

    The optimum is that of `LinearSVC(C=C, class_weight=…, intercept_scaling=1)`; weights are float32. Of two classes
    each has a problem of its own here, where LinearSVC solves one: the same where `balance` is 0.

    Parameters
    ----------
    C: inverse strength of the regularisation.
    balance: the C of a class's own rows is multiplied by (n / (n_classes * n_rows_of_class)) ** balance; 1 is
        `class_weight="balanced"`, 0 is None.
    max_iter: passes over the rows at most.
    tol: stop when the mean violation of a pass falls below this share of the first pass's.
    random_state: the order of the rows.

    """

    def __init__(
        self,
        C: float = 0.5,  # noqa: N803 - scikit-learn's name
        balance: float = 0.5,
        max_iter: int = 30,
        tol: float = 0.05,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.C = C
        self.balance = balance
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit to rows X (dense or sparse, [n, n_features]) and labels y [n]."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float32)  # noqa: N806
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"LinearHead needs 2 classes to tell apart, but the data has one class: {str(self.classes_[0])!r}"
            )
        rows = Rows.of(sparse.csr_matrix(X))
        fitted = fit_one_against_rest(
            rows, rows.everything, codes.astype(np.int32), len(self.classes_), C=self.C, balance=self.balance,
            max_iter=self.max_iter, tol=self.tol, random=check_random_state(self.random_state),
        )  # fmt: skip
        self.weights_, self.bias_, self.n_iter_ = fitted
        return self

    @property
    def coef_(self) -> Floats:
        """The weights as scikit-learn lays them out: [n_classes, n_features]."""
        return self.weights_.T

    def margins(self, X: Any) -> Floats:  # noqa: N803
        """Margins of every class [n, n_classes], also where there are two."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=False)  # noqa: N806
        return np.asarray(X @ self.weights_ + self.bias_)

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Margins [n, n_classes]; for two classes half of what the second is ahead, [n]."""
        scores = self.margins(X)
        return (scores[:, 1] - scores[:, 0]) / 2 if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The class with the largest margin, [n]."""
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

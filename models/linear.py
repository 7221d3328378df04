"""A linear classifier with LinearSVC's objective, fitted for many classes in one pass over the rows."""

from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from models.rows import Floats, Rows
from models.solver import Problem, Solver


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
        if len(self.classes_) < 2:  # noqa: PLR2004
            raise ValueError(
                f"LinearHead needs 2 classes to tell apart, but the data has one class: {str(self.classes_[0])!r}"
            )
        given = self.random_state
        seed = int(given if isinstance(given, Integral) else check_random_state(given).randint(1 << 31))
        solver = Solver(self.C, self.balance, self.max_iter, self.tol, seed)
        rows = Rows.of(sparse.csr_matrix(X))
        problem = Problem(rows, rows.everything, codes.astype(np.int32), len(self.classes_))
        self.weights_, self.bias_, self.n_iter_ = solver.fit(problem)
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
        if len(self.classes_) > 2:  # noqa: PLR2004
            return scores
        return np.asarray((scores[:, 1] - scores[:, 0]) / 2)

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The class with the largest margin, [n]."""
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

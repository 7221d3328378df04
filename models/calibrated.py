"""A calibrated linear classifier: margins of a linear SVM, made probabilities on out-of-fold scores."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from models.calibration import Calibration, fit_calibration
from models.linear import Rows, Weights, fit_one_against_rest

Indices = npt.NDArray[np.int64]
Pairs = Sequence[tuple[Indices, Indices]]


class Solver(NamedTuple):
    """The settings of `models.linear.LinearHead`."""

    C: float = 0.5
    balance: float = 0.5
    max_iter: int = 30
    tol: float = 0.05
    seed: int = 0

    def fit(self, rows: Rows, subset: Indices, codes: npt.NDArray[np.int32], n_classes: int) -> Weights:
        """Fit the rows of `subset` to their class codes."""
        return fit_one_against_rest(
            rows, subset, codes, n_classes, C=self.C, balance=self.balance, max_iter=self.max_iter, tol=self.tol,
            random=np.random.RandomState(self.seed),
        )  # fmt: skip


class CrossFit(NamedTuple):
    """What cross-fitting yields.

    margins: float32 [n, n_classes], each row's by a model of the other folds. importance: float32 [n_features], the
    largest weight of each feature, summed over those models.
    """

    margins: npt.NDArray[np.float32]
    importance: npt.NDArray[np.float32]


def cross_fit(
    rows: Rows,
    subset: Indices,
    codes: npt.NDArray[np.int32],
    n_classes: int,
    pairs: Pairs,
    solver: Solver,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> CrossFit:
    """Fit each fold's training rows and score its test rows; features are those of all rows, labels are not.

    codes are those of `subset`; pairs count within it.
    """
    margins = np.empty((len(codes), n_classes), np.float32)
    importance = np.zeros(rows.n_features, np.float32)
    progress(0, len(pairs))
    fits = (delayed(solver.fit)(rows, subset[train], codes[train], n_classes) for train, _ in pairs)
    # threads, for the solver releases the lock: the rows are shared, not copied
    results = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(fits)
    for done, ((_, test), fitted) in enumerate(zip(pairs, results, strict=True), 1):
        margins[test] = rows.margins(subset[test], fitted)
        importance += np.abs(fitted.weights).max(axis=1)
        progress(done, len(pairs))
    return CrossFit(margins, importance)


class CalibratedHead(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`LinearHead` with probabilities: the calibration is fitted on margins of `folds` cross-fitted models.

    Parameters
    ----------
    C, balance, max_iter, tol: as of `LinearHead`.
    folds: parts for the out-of-fold margins; fewer where the smallest class has fewer rows than that, at least 2.
    seed: of the folds and of the order of rows.

    """

    def __init__(
        self,
        C: float = 0.5,  # noqa: N803 - scikit-learn's name
        balance: float = 0.5,
        max_iter: int = 30,
        tol: float = 0.05,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.C = C
        self.balance = balance
        self.max_iter = max_iter
        self.tol = tol
        self.folds = folds
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit to rows X (dense or sparse, [n, n_features]) and labels y [n]."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float32)  # noqa: N806
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:  # noqa: PLR2004
            raise ValueError(
                f"CalibratedHead needs 2 classes to tell apart, but has one class: {str(self.classes_[0])!r}"
            )
        rows, numbers = Rows.of(sparse.csr_matrix(X)), codes.astype(np.int32)
        solver = Solver(self.C, self.balance, self.max_iter, self.tol, self.seed)
        counts = np.bincount(numbers)
        parts = int(np.clip(counts.min(), 2, max(2, self.folds)))
        if counts.max() < parts:  # one row per class: nothing can be held out
            self.calibration_ = Calibration(3.0, -0.9, 0.15)
        else:
            pairs = list(StratifiedKFold(parts, shuffle=True, random_state=self.seed).split(numbers, numbers))
            margins = cross_fit(rows, rows.everything, numbers, len(self.classes_), pairs, solver).margins
            self.calibration_ = fit_calibration(margins, numbers)
        self.weights_, self.bias_, self.n_iter_ = solver.fit(rows, rows.everything, numbers, len(self.classes_))
        return self

    @classmethod
    def of(
        cls,
        classes: npt.NDArray[Any],
        weights: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        calibration: Calibration,
    ) -> Self:
        """A head that was fitted elsewhere: weights [n_features, n_classes], bias [n_classes]."""
        head = cls()
        head.classes_, head.weights_, head.bias_, head.calibration_ = classes, weights, bias, calibration
        head.n_features_in_, head.n_iter_ = weights.shape[0], 0
        return head

    def margins(self, X: Any) -> npt.NDArray[np.floating[Any]]:  # noqa: N803
        """Margins of every class [n, n_classes]."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)  # noqa: N806
        return np.asarray(X @ self.weights_ + self.bias_)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:  # noqa: N803
        """Calibrated probabilities [n, n_classes]."""
        margins = self.margins(X)
        return self.calibration_.probabilities(margins)

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The most probable class, [n]."""
        margins = self.margins(X)
        return np.asarray(self.classes_[margins.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

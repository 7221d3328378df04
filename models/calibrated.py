"""A calibrated linear classifier: margins of a linear SVM, made probabilities on out-of-fold scores."""

from collections.abc import Callable, Sequence
from pathlib import Path
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
from models.lanes import LANES
from models.rows import Floats, Integers, Rows
from models.solver import Problem, Solver, Start

Pairs = Sequence[tuple[Integers, Integers]]


class CrossFit(NamedTuple):
    """What cross-fitting yields.

    margins: float32 [n, n_classes], each row's by a model of the other folds. importance: float32 [folds, n_features],
    the largest weight of each feature in each of those models. alphas: float16 [folds, blocks, n, LANES], the dual
    variables of each of them, of rows that it has not seen 0; violations: [folds, blocks], where each was to stop.
    """

    margins: npt.NDArray[np.float32]
    importance: npt.NDArray[np.float32]
    alphas: npt.NDArray[np.float16]
    violations: npt.NDArray[np.float64]

    def start(self, fold: int, place: int, rows: Integers) -> Start:
        """Where the fit of a block of classes ended in a fold, of some of the rows."""
        return Start(self.alphas[fold, place, rows], float(self.violations[fold, place]))

    def overall(self, place: int, pairs: Pairs) -> Start:
        """Where a fit of a block of classes to all rows begins: each row as in a fold that has seen it."""
        alphas = np.empty(self.alphas.shape[2:], np.float32)
        for fold, (_, test) in enumerate(pairs):
            alphas[test] = self.alphas[(fold + 1) % len(pairs), place, test]
        return Start(alphas, float(self.violations[:, place].mean()))

    def keep(self, fold: int, place: int, rows: Integers, end: Start) -> None:
        """Write where a fit ended."""
        self.alphas[fold, place, rows] = end.alphas
        self.violations[fold, place] = end.violation


def cross_fit(
    problems: Sequence[Problem],
    pairs: Sequence[Pairs],
    solver: Solver,
    *,
    scored: bool = True,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    spool: Path | None = None,
) -> list[CrossFit]:
    """Fit each fold's training rows and score its test rows; features are those of all rows, labels are not.

    pairs: the folds of each problem, counted within its subset. All fits go into one queue, a block of classes each, so
    that no core waits for another head. scored: False where `models.emphasis.cross_fit_again` writes the margins. spool: a directory for the margins, which are in files there, the caller's to
    remove.
    """
    found = [_room(problem, len(pairs[number]), number, spool) for number, problem in enumerate(problems)]
    tasks = [
        (number, fold, place, classes)
        for number, problem in enumerate(problems)
        for fold in range(len(pairs[number]))
        for place, classes in enumerate(problem.blocks())
    ]
    # the first block of a fold is the longest: no core is left with one at the end
    tasks.sort(key=lambda task: (task[2], -len(problems[task[0]].codes)))

    def held_out(number: int, fold: int, place: int, classes: Integers) -> Floats:
        problem, (train, test) = problems[number], pairs[number][fold]
        fitted = solver.fit_block(problem.part(train), classes)
        found[number].keep(fold, place, train, fitted.end)
        if scored:
            found[number].margins[test[:, np.newaxis], classes] = fitted.margins(problem.matrix, problem.subset[test])
        return fitted.largest()

    # threads, for the solver releases the lock: the rows are shared, not copied
    results = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(delayed(held_out)(*task) for task in tasks)
    progress(0, len(tasks))
    for done, ((number, fold, *_), mine) in enumerate(zip(tasks, results, strict=True), 1):
        importance = found[number].importance[fold]
        np.maximum(mine, importance, out=importance)
        progress(done, len(tasks))
    return found


def _room(problem: Problem, folds: int, number: int, spool: Path | None) -> CrossFit:
    n = len(problem.codes)

    def room(shape: tuple[int, ...], dtype: type, name: str) -> npt.NDArray[Any]:
        return np.zeros(shape, dtype) if spool is None else np.memmap(spool / name, dtype, "w+", shape=shape)

    blocks = len(problem.blocks())
    return CrossFit(
        room((n, problem.n_classes), np.float32, f"margins-{number}.f4"),
        np.zeros((folds, problem.matrix.n_features), np.float32),
        room((folds, blocks, n, LANES), np.float16, f"alphas-{number}.f2"),
        np.zeros((folds, blocks)),
    )


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
        problem = Problem(rows, rows.everything, numbers, len(self.classes_))
        counts = np.bincount(numbers)
        parts = int(np.clip(counts.min(), 2, max(2, self.folds)))
        if counts.max() < parts:  # one row per class: nothing can be held out
            self.calibration_ = Calibration(3.0, -0.9, 0.15)
        else:
            pairs = list(StratifiedKFold(parts, shuffle=True, random_state=self.seed).split(numbers, numbers))
            (held_out,) = cross_fit([problem], [pairs], solver)
            self.calibration_ = fit_calibration(held_out.margins, numbers)
        self.weights_, self.bias_, self.n_iter_ = solver.fit(problem)
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
        weights = self.weights_
        if sparse.issparse(X) and X.nnz < len(weights):
            # of a few rows only the weights that they meet, for the product would make all of them float64
            met, columns = np.unique(X.indices, return_inverse=True)
            X = sparse.csr_matrix((X.data, columns, X.indptr), shape=(X.shape[0], len(met)))  # noqa: N806
            weights = weights[met]
        return np.asarray(X @ weights + self.bias_)

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

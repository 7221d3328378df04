"""From out-of-fold probabilities to the least one that puts a class into the set of an answer."""

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from models.decision import Coverage, Sets

SAMPLE = 20_000
"""Rows that one number is found on, evenly spread: it then has a standard error of 0.15 points of coverage."""


def choose_sets(sentence: str, probabilities: npt.NDArray[np.floating], codes: npt.NDArray[np.integer]) -> Sets | None:
    """Find the sets that keep the sentence; None where it is empty, or there are too few rows to promise so much.

    probabilities [n, n_classes]: of each row by a model that has not seen it, so that no row has to be set aside: the
    scores of cross-conformal prediction (Vovk, "Cross-conformal predictors", 2015) held against one quantile, as those of
    a split are. codes: the true classes [n]. Raises NotAPolicy.
    """
    # imported here: a start of the service has no use for it
    from mapie.classification import SplitConformalClassifier  # noqa: PLC0415
    from mapie.conformity_scores import LACConformityScore  # noqa: PLC0415

    if not sentence:
        return None
    coverage = Coverage(sentence)
    at = np.linspace(0, len(codes) - 1, min(len(codes), SAMPLE)).astype(np.int64)
    # of fewer rows not one may be left out: all classes together would be the set
    if len(at) <= round(1 / (1 - coverage.at_least)):
        return None
    given = np.asarray(probabilities[at], np.float64)
    given /= given.sum(axis=1, keepdims=True)
    scores = LACConformityScore()
    conformal = SplitConformalClassifier(Given(given.shape[1]), coverage.at_least, scores)
    with warnings.catch_warnings():
        # of classes without a row among these, and of so many classes that they might be numbers
        warnings.simplefilter("ignore", UserWarning)
        conformal.conformalize(given, codes[at]).predict_set(given[:1])
    # a class whose probability is the bound itself passes, in the scorer's precision as well
    least = np.nextafter(np.float32(1 - scores.quantiles_[0]), np.float32(0))
    return Sets(coverage, float(least))


class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose inputs are its probabilities."""

    def __init__(self, n_classes: int = 2) -> None:
        self.n_classes = n_classes

    @property
    def classes_(self) -> npt.NDArray[np.int64]:
        """The classes' numbers."""
        return np.arange(self.n_classes)

    def predict_proba(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Give back what was given."""
        return X

    def predict(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:  # noqa: N803
        """Number of the most probable class."""
        return np.asarray(X.argmax(axis=1))

    def fit(self, _x: npt.NDArray[np.float64], _y: npt.NDArray[np.int64]) -> "Given":
        """Learn nothing."""
        return self

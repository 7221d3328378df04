"""Two models on the same rows, with intervals: the paired percentile bootstrap over groups of near-duplicates.

As `scipy.stats.bootstrap(paired=True, method="percentile")`, B. Efron, "Bootstrap methods: another look at the
jackknife" (1979), with whole groups drawn instead of rows, because rows that are nearly the same text are right or wrong
together. A resample is how often each group is drawn; groups with the same truths and answers are drawn as one, so that
a resample costs as much as there are different groups, and not rows.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.prediction import Target

RESAMPLES = 2000
_CHUNK = 100
"""Resamples that are counted at a time."""

_Floats = npt.NDArray[np.float64]
_Labels = npt.NDArray[np.str_]
_Statistic = Callable[[_Floats, npt.NDArray[np.int64]], _Floats]
"""From rows per triple [resamples, triples] and what a model said in each triple to a figure per resample."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both models on the same rows; `low` to `high` is the interval of challenger less champion."""

    champion: float
    challenger: float
    low: float
    high: float
    rows: int

    @property
    def change(self) -> float:
        """Challenger less champion."""
        return self.challenger - self.champion


@dataclass(frozen=True, slots=True)
class Answers:
    """What was right, and what two models said: labels, shape (rows,). `groups` (rows,) are of near-duplicates."""

    target: Target
    truth: _Labels
    champion: _Labels
    challenger: _Labels
    groups: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)


class PairedBootstrap:
    """Draws groups of `answers` again and again, the same for every figure."""

    def __init__(self, answers: Answers, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        self._answers = answers
        parts = np.stack([answers.truth.astype(str), answers.champion.astype(str), answers.challenger.astype(str)])
        self._labels, codes = np.unique(parts, return_inverse=True)
        triples, self._rows_of = np.unique(codes.reshape(3, -1).T, axis=0, return_counts=True)
        self._truth, self._champion, self._challenger = triples.T
        self._counts = self._drawn(answers, triples, codes.reshape(3, -1).T, resamples, seed)

    def _drawn(
        self, answers: Answers, triples: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], resamples: int, seed: int
    ) -> _Floats:
        """Return how many rows of each triple a resample has, shape (resamples, triples)."""
        place = {tuple(triple): number for number, triple in enumerate(triples.tolist())}
        members: dict[int, list[int]] = {}
        for group, row in zip(answers.groups.tolist(), rows.tolist(), strict=True):
            members.setdefault(group, []).append(place[tuple(row)])
        units = Counter(tuple(sorted(each)) for each in members.values())
        where = [(number, triple) for number, unit in enumerate(units) for triple in unit]
        # the same place twice is added up
        size = sparse.csr_matrix((np.ones(len(where)), tuple(np.array(where).T)), (len(units), len(triples)))
        often = np.array(list(units.values()), float)
        draw = np.random.default_rng(seed)
        chunks = [
            draw.multinomial(int(often.sum()), often / often.sum(), min(_CHUNK, resamples - start)) @ size
            for start in range(0, resamples, _CHUNK)
        ]
        return np.concatenate(chunks)

    def accuracy(self, confidence: float = 0.95) -> Difference:
        """Compare the shares of rows that are right."""
        return self._difference(self._accuracy, np.ones(len(self._answers), bool), confidence)

    def macro_f1(self, confidence: float = 0.95) -> Difference:
        """Compare the mean F1 over the classes that occur among truths or answers."""
        return self._difference(self._macro_f1, np.ones(len(self._answers), bool), confidence)

    def recall(self, label: str, confidence: float = 0.95) -> Difference:
        """Compare the shares of the rows of a class that are found; NaN where there are none."""
        own = self._labels[self._truth] == label

        def found(counts: _Floats, said: npt.NDArray[np.int64]) -> _Floats:
            return _ratio(counts[:, own & (said == self._truth)].sum(axis=1), counts[:, own].sum(axis=1))

        return self._difference(found, self._answers.truth.astype(str) == label, confidence)

    def _accuracy(self, counts: _Floats, said: npt.NDArray[np.int64]) -> _Floats:
        return _ratio(counts[:, said == self._truth].sum(axis=1), counts.sum(axis=1))

    def _macro_f1(self, counts: _Floats, said: npt.NDArray[np.int64]) -> _Floats:
        classes = np.arange(len(self._labels))
        truth, answer = self._truth[:, None] == classes, said[:, None] == classes
        right = counts @ (truth & answer)
        both = counts @ truth.astype(float) + counts @ answer.astype(float)
        occurs = both > 0
        f1 = np.where(occurs, 2 * right / np.where(occurs, both, 1), 0)
        return _ratio(f1.sum(axis=1), occurs.sum(axis=1))

    def _difference(self, statistic: _Statistic, about: npt.NDArray[np.bool_], confidence: float) -> Difference:
        """Compare both models by a figure of the rows `about`.

        Where every resample says the same, the bootstrap knows nothing of what it has not seen: then the interval is
        widened by the exact binomial bound for none out of so many groups (Clopper and Pearson, 1934).
        """
        whole, rows = self._rows_of[None, :].astype(float), int(about.sum())
        champion, challenger = (float(statistic(whole, said)[0]) for said in (self._champion, self._challenger))
        changes = statistic(self._counts, self._challenger) - statistic(self._counts, self._champion)
        changes = changes[~np.isnan(changes)]
        if not len(changes):
            return Difference(champion, challenger, float("nan"), float("nan"), rows)
        outside = (1 - confidence) / 2
        low, high = np.quantile(changes, [outside, 1 - outside]).tolist()
        if low == high:
            unseen = 1 - outside ** (1 / len(np.unique(self._answers.groups[about])))
            low, high = max(low - unseen, -1.0), min(high + unseen, 1.0)
        return Difference(champion, challenger, low, high, rows)


def _ratio(part: _Floats, whole: _Floats) -> _Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)

"""A recipe cross-validated on nested shares of the rows: what it has got from labels, and what more of them would bring."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.segment import Lexicon
from models.prediction import Target
from training.curve.power_law import PowerLaw
from training.fitting.fit import Lesson, Progress, fit
from training.gate.errors import RowsTooFew
from training.gate.examine import Examined
from training.gate.split import folds
from training.measuring.evaluate import lessons_of, measure, read_background, read_documents
from training.measuring.figures import Outcome, together
from training.recipe import Recipe
from training.tables.dataset import LabelledComplaints

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
"""Of what a fold learns from, each within the next."""

FOLDS = 5

LEAST, LEAST_SHARES = 50, 4
"""Texts that are not like each other, and shares that something can be learnt from: a law has three numbers of its own."""

CLASS_ROWS = 50
"""Rows from which a class has a curve of its own; the recall of fewer is known to seven points at best."""

MORE = 1_000
"""Labels whose worth is estimated."""

STEP = 50
"""Labels that are given to a class at a time when it is asked where they bring most."""

RESAMPLES = 200

_Indices = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Point:
    """One share: how many rows were learnt from, of all and of each class (mean over the folds), and how it went."""

    share: float
    rows: float
    class_rows: dict[str, float]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ClassWorth:
    """What labels of one class would bring.

    missed: share of its rows that are taken for others, by its curve, once all rows are learnt from; per_thousand: these
    of every 1,000 complaints; gain: how many fewer of every 1,000, with 100 more labels of the class; of_more: how many of
    MORE labels it would get if all went where they bring most.
    """

    label: str
    rows: int
    missed: float
    per_thousand: float
    gain: Estimate
    of_more: int


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """The curve of one head.

    rows: labelled ones in all; law: of the error (1 less accuracy); now, later: accuracy by the law after learning from all
    rows, and from MORE more as they come; gain: the difference. classes: the most worthwhile first; thin: those with too
    few rows for a curve, with their rows. placed: complaints of 1,000 that MORE labels would set right, if they were given
    to classes as `of_more` says.
    """

    points: Sequence[Point]
    rows: int
    law: PowerLaw
    now: float
    later: float
    gain: Estimate
    classes: Sequence[ClassWorth]
    thin: Sequence[tuple[str, int]]
    placed: float

    @property
    def far(self) -> bool:
        """Whether MORE labels are more than there are: the curve then is drawn further than it was seen."""
        return self.rows < MORE


def learning_curves(
    data: LabelledComplaints, examined: Examined, recipe: Recipe, n_folds: int, lexicon: Lexicon, progress: Progress
) -> dict[Target, LearningCurve]:
    """Cross-validate each head on nested shares of what each fold learns from; all shares are asked about the same rows.

    Near-duplicates are in one part, and in a share together. Shares with a single class are left out. Raises
    training.errors.RowsTooFew.
    """
    documents, background = read_documents(data), read_background()
    labelled = np.flatnonzero(examined.texts != "")
    found = {}
    for target in data.targets:
        labels = data.labels(target)
        rows = labelled[labels[labelled] != ""]
        texts = len(np.unique(examined.groups[rows]))
        if texts < LEAST:
            raise RowsTooFew(len(rows), texts, LEAST, "paidan evaluate --folds")
        pairs = folds(labels[rows], examined.groups[rows], n_folds, recipe.seed)
        nested = [_nested(rows[train], examined.groups, recipe.seed) for train, _ in pairs]

        def lessons(learnt: _Indices, target: Target = target) -> list[Lesson]:
            return [each for each in lessons_of(data, examined, learnt, recipe, {}) if each.target == target]

        kept = [place for place in range(len(SHARES)) if all(lessons(shares[place]) for shares in nested)]
        if len(kept) < LEAST_SHARES:
            raise RowsTooFew(len(rows), texts, LEAST, "paidan evaluate --folds")
        points, steps = list[Point](), len(kept) * len(pairs)
        for place in kept:
            outcomes, learnt_labels = [], []
            for number, ((_, test), shares) in enumerate(zip(pairs, nested, strict=True)):
                progress(f"{target}: learning curve", len(points) * len(pairs) + number, steps)
                learnt, asked = shares[place], rows[test]
                groups = examined.groups[learnt]
                fitted = fit(documents[learnt], lessons(learnt), groups, background, lexicon, recipe, lambda *_: None)
                said = measure(fitted, target, documents[asked], labels[asked], recipe)
                outcomes.append(replace(said, groups=examined.groups[asked]))
                learnt_labels.append(labels[learnt].astype(str))
            points.append(_point(SHARES[place], outcomes, learnt_labels))
        progress(f"{target}: learning curve", steps, steps)
        found[target] = curve_of(points, labels[rows].astype(str), seed=recipe.seed)
    return found


def _nested(train: _Indices, groups: _Indices, seed: int) -> list[_Indices]:
    """Return the rows of each share, those of the smaller ones within: groups in an order of their own, each one whole."""
    distinct, place = np.unique(groups[train], return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(distinct))[place]
    return [train[order < round(share * len(distinct))] for share in SHARES]


def _point(share: float, parts: Sequence[Outcome], learnt: Sequence[npt.NDArray[np.str_]]) -> Point:
    names, counts = np.unique(np.concatenate(learnt), return_counts=True)
    of_classes = dict(zip(names.tolist(), (counts / len(learnt)).tolist(), strict=True))
    return Point(share, float(np.mean([len(each) for each in learnt])), of_classes, together(parts))


def curve_of(points: Sequence[Point], labels: npt.NDArray[np.str_], *, seed: int = 0) -> LearningCurve:
    """The laws of a head and its classes, from points whose outcomes are about the same rows in the same order.

    labels: of all rows [n]. Intervals are of the bootstrap over groups of near-duplicates, all shares drawn alike, each
    resample with laws of its own. A class's law has the head's exponent: its own rows tell how high it is, hardly how
    steep. It was seen while all classes grew together, and counts its own misses alone.
    """
    truth = points[0].outcome.truth
    groups = points[0].outcome.groups
    place = np.arange(len(truth)) if groups is None else np.unique(groups, return_inverse=True)[1]
    wrong = np.stack([~point.outcome.correct for point in points]).astype(float)
    rows = np.array([point.rows for point in points])
    law = PowerLaw.fit(rows, wrong.mean(axis=1))
    n = len(labels)
    draw = np.random.default_rng(seed)
    groups_count = int(place.max()) + 1
    drawn = draw.multinomial(groups_count, np.full(groups_count, 1 / groups_count), RESAMPLES)[:, place].astype(float)
    again = [PowerLaw.fit(rows, wrong @ weights / weights.sum()) for weights in drawn]
    names, counts = np.unique(labels, return_counts=True)
    thick, thin = [], []
    for label, count in zip(names.tolist(), counts.tolist(), strict=True):
        learnt = np.array([point.class_rows.get(label, 0.0) for point in points])
        own = truth == label
        # shares of which a class has no row would be at no place of its curve
        seen = learnt >= 1
        if count < CLASS_ROWS or seen.sum() < 3:  # noqa: PLR2004 - a curve
            thin.append((label, count))
            continue
        its = PowerLaw.fit_height(learnt[seen], wrong[np.ix_(seen, own)].mean(axis=1), law.b)
        resampled = []
        for weights, other in zip(drawn[:, own], again, strict=True):
            if weights.sum():
                errors = wrong[np.ix_(seen, own)] @ weights / weights.sum()
                resampled.append(PowerLaw.fit_height(learnt[seen], errors, other.b).gain(count, 100))
        thick.append((label, count, its, 1000 * count / n * np.array(resampled)))
    given = _placed([count for _, count, *_ in thick], [its for *_, its, _ in thick])
    classes = [
        ClassWorth(
            label,
            count,
            its.error(count),
            1000 * count / n * its.error(count),
            _estimate(1000 * count / n * its.gain(count, 100), gains),
            more,
        )
        for (label, count, its, gains), more in zip(thick, given, strict=True)
    ]
    placed = sum(
        1000 * count / n * its.gain(count, more) for (_, count, its, _), more in zip(thick, given, strict=True)
    )
    return LearningCurve(
        points,
        n,
        law,
        1 - law.error(n),
        1 - law.error(n + MORE),
        _estimate(law.gain(n, MORE), np.array([each.gain(n, MORE) for each in again])),
        sorted(classes, key=lambda each: -each.gain.value),
        sorted(thin, key=lambda each: (-each[1], each[0])),
        float(placed),
    )


def _placed(counts: Sequence[int], laws: Sequence[PowerLaw]) -> list[int]:
    """How many of MORE labels each class gets if each STEP goes where it sets most complaints right.

    No class is given more than it has: further than that its curve was not seen. So some may be left over.
    """
    given = [0] * len(counts)
    for _ in range(MORE // STEP):
        worth = [
            count * law.gain(count + had, STEP) if had + STEP <= count else 0.0
            for count, law, had in zip(counts, laws, given, strict=True)
        ]
        best = int(np.argmax(worth)) if worth else -1
        if best < 0 or worth[best] <= 0:
            break
        given[best] += STEP
    return given


def _estimate(value: float, resampled: _Floats) -> Estimate:
    low, high = np.quantile(resampled, [0.025, 0.975]).tolist()
    return Estimate(value, low, high)

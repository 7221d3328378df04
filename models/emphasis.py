"""A second fit on features that a first one found to matter.

A block of a document has length 1, so that the n-grams that say nothing take room from those that do. A first fit tells
them apart: only the features with the largest weights stay, some of the others faintly for the scope, and the inverse document frequency
of each is multiplied by a power, by default the square root, of its largest weight. That is iteratively reweighted ridge regression (Grandvalet, "Least absolute
shrinkage is equivalent to quadratic penalization", ICANN 1998), once, with the lengths of the rows taken anew.

The importance of a feature is learnt from labels. Margins out of fold therefore come from features that the fold's own
first fit found, or confidence would be promised from rows that had been seen.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from models.calibrated import CrossFit, Pairs
from models.naive_bayes import log_frequencies
from models.rows import Emphasis, Floats
from models.solver import Problem, Solver

FAINT = 0.3
"""What is left of features that stay for the scope alone: a tenth of their part in a row's length, and so in what the heads
learn. With all of it taidi's macro-F1 is 0.1 points lower; with a tenth of the factor the scope turns more complaints away."""


class Limits(NamedTuple):
    """strong: how many features stay for the heads; kept: how many with those that stay for the scope alone.

    power: of the importance that a feature is multiplied by.
    """

    strong: int
    kept: int
    power: float = 0.5


class Features(NamedTuple):
    """blocks: uint8 [n_features], the block of each; block_weights: the length of each block."""

    blocks: npt.NDArray[np.uint8]
    block_weights: npt.NDArray[np.float64]
    limits: Limits


def emphasis(importance: Floats, limits: Limits) -> Emphasis:
    """The most important features, each by a power of its importance, the less important ones faintly; importance [n_features].

    A feature of no importance is none, unless all are.
    """
    kept = _most(importance, limits.kept)
    if not importance.any():
        return Emphasis(kept, np.ones(len(kept), np.float32))
    kept = kept[importance[kept] > 0]
    factors = importance[kept] ** limits.power
    strong = np.isin(kept, _most(importance, limits.strong), assume_unique=True)
    # the mean square is 1, so that numbers stay as large as they were
    factors /= np.sqrt(np.mean(factors[strong] ** 2, dtype=np.float64))
    return Emphasis(kept, np.where(strong, factors, FAINT * factors).astype(np.float32))


def _most(importance: Floats, at_most: int) -> npt.NDArray[np.int64]:
    if len(importance) <= at_most:
        return np.arange(len(importance))
    return np.sort(np.argpartition(-importance, at_most)[:at_most])


def overall(first: Sequence[CrossFit], heads: int) -> Floats:
    """The importance of each feature for all problems together [n_features]."""
    return _together([part.importance.mean(axis=0) for part in first], heads)


def _together(said: Sequence[Floats], heads: int) -> Floats:
    """The largest importance among the heads, of what no head has met the largest among the others.

    What tells a complaint from other texts is in every complaint: among the features of the heads it would take room.
    """
    known = np.max(said[:heads], axis=0)
    return np.asarray(np.max([known, *(np.where(known > 0, 0, other) for other in said[heads:])], axis=0), np.float32)


def cross_fit_again(  # noqa: PLR0913 - the last three say by what means, not what
    problems: Sequence[Problem],
    pairs: Sequence[Pairs],
    first: Sequence[CrossFit],
    features: Features,
    solver: Solver,
    heads: int,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    spool: Path | None = None,
) -> None:
    """Write the margins of each fold's second fit over those of its first.

    What the other problems find important counts here as it will in the end; the first `heads` of them are heads. The
    others learn from plain features, for what tells classes apart does not tell complaints from other texts; their
    weights are divided by the factors, and so asked on the rows that the heads have. spool: a directory for the rows of the fits that are under way.
    """
    tasks = [(number, fold) for number in range(len(problems)) for fold in range(len(pairs[number]))]
    tasks.sort(key=lambda task: -len(problems[task[0]].codes) * problems[task[0]].n_classes)
    means = [part.importance.mean(axis=0) for part in first]

    def held_out(number: int, fold: int) -> None:
        problem, (train, test) = problems[number], pairs[number][fold]
        said = [first[number].importance[fold] if other == number else mean for other, mean in enumerate(means)]
        with tempfile.TemporaryDirectory(dir=spool) as scratch:
            found = emphasis(_together(said, heads), features.limits)
            room = _room(len(problem.matrix.values), spool and Path(scratch))
            learnt = problem.matrix.emphasise(
                found if number < heads else found.plain(), features.blocks, features.block_weights, room
            )
            rows, asked = learnt, problem.subset[test]
            if number >= heads:
                kept = np.zeros(problem.matrix.n_features, np.bool_)
                kept[found.kept] = True
                rows = problem.matrix.take(asked, kept).emphasise(found, features.blocks, features.block_weights)
                asked = rows.everything
            again, blocks = problem._replace(matrix=learnt).part(train), problem.blocks()
            frequencies = log_frequencies(again, blocks) if number < heads else None
            for place, classes in enumerate(blocks):
                # the scope begins anew: going on, it was silent on two texts fewer of must_abstain_2
                start = first[number].start(fold, place, train) if number < heads else None
                block = solver.fit_block(again, classes, start)
                first[number].keep(fold, place, train, block.end)
                if frequencies is None:
                    block = block._replace(weights=block.weights / found.factors[:, np.newaxis])
                else:
                    np.add(block.weights, frequencies[place], out=block.weights)
                first[number].margins[test[:, np.newaxis], classes] = block.margins(rows, asked)

    results = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(delayed(held_out)(*task) for task in tasks)
    progress(0, len(tasks))
    for done, _ in enumerate(results, 1):
        progress(done, len(tasks))


def _room(entries: int, spool: Path | None) -> tuple[Floats, npt.NDArray[np.int32]]:
    if spool is None:
        return np.empty(entries, np.float32), np.empty(entries, np.int32)
    values = np.memmap(spool / "values.f4", np.float32, "w+", shape=max(1, entries))
    columns = np.memmap(spool / "columns.i4", np.int32, "w+", shape=max(1, entries))
    return np.asarray(values), np.asarray(columns)

"""From normalised texts and labels to a fitted model, with the out-of-fold scores that its policy rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from features.segment import Lexicon
from models.calibrated import CrossFit, Pairs, cross_fit
from models.calibration import Calibration, fit_calibration
from models.decision import Floor, Precision, choose_policy
from models.emphasis import Features, Limits, cross_fit_again, emphasis, overall
from models.fitted import FittedModel, Head, Records, Scope, Vocabulary
from models.likeness import margin_alone
from models.mixing import Mixing, cross_mix
from models.naive_bayes import log_frequencies
from models.prediction import Target
from models.rows import Rows
from models.solver import Block, Problem, Solver, Weights, joined
from training.fitting.counted import Counted, count_ngrams
from training.fitting.scope import Best, ScopeLesson, learn_odds, learn_scope, pairs_of_characters
from training.fitting.sets import choose_sets
from training.gate.split import folds
from training.recipe import Recipe

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and of how many."""

FIRST_PASSES = 2
"""Passes of a first fit at most: what matters is read from it, which shows early, and the second fit goes on from there."""

_Codes = npt.NDArray[np.int32]
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What one head learns from: row numbers, their classes' codes, the classes' labels and names."""

    target: Target
    rows: _Indices
    codes: _Codes
    classes: tuple[str, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Calibrated probabilities [n, n_classes] of a lesson's rows, each by a model that had not seen the row."""

    lesson: Lesson
    probabilities: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model and the out-of-fold scores of each head."""

    model: FittedModel
    out_of_fold: tuple[OutOfFold, ...]


def lesson(target: Target, labels: npt.NDArray[np.object_], rows: _Indices, names: Mapping[str, str]) -> Lesson:
    """A lesson from the labels of `rows`; labels has a value for every row of the data."""
    classes, codes = np.unique(labels[rows].astype(str), return_inverse=True)
    return Lesson(target, rows, codes.astype(np.int32), tuple(classes.tolist()), names)


def fit(  # noqa: PLR0913 - the last two say by what means, not what
    documents: Sequence[tuple[str, ...]],
    lessons: Sequence[Lesson],
    groups: _Indices,
    background: Sequence[tuple[str, ...]],
    lexicon: Lexicon,
    recipe: Recipe,
    progress: Progress,
    *,
    jobs: int = -1,
    spool: Path | None = None,
    counted: Counted | None = None,
) -> Fit:
    """Fit all heads on the same features.

    documents: normalised fields of each row (see models.fitted.FIELDS); groups [n]: near-duplicates, kept in one fold;
    background: texts that are no complaints, for the scope. spool: a directory for what grows with the rows: texts,
    features and margins are then in files there, the out-of-fold scores of the result as well. It is of this fit alone,
    and the caller's to remove. counted: the n-grams of these documents and texts, where they have been counted already.
    """
    solver = Solver(recipe.c, recipe.balance, recipe.max_iter, recipe.tol, recipe.seed)
    kept = recipe.features_for(sum(len(taught.classes) for taught in lessons))
    limits = Limits(recipe.max_features, kept, recipe.emphasis)
    progress("features", 0, 2)
    if counted is None:
        vectoriser, matrix = count_ngrams(documents, background, lexicon, recipe.min_df, jobs=jobs, spool=spool)
    else:
        vectoriser, matrix = counted.again(recipe.min_df, spool)
    progress("features", 1, 2)
    aside = ScopeLesson.of(len(documents), len(background), groups)
    texts = aside.matrix(matrix, vectoriser.blocks_)
    problems = _problems(lessons, aside, matrix, texts)
    pairs = [folds(taught.codes, groups[taught.rows], recipe.folds, recipe.seed) for taught in lessons]
    pairs.append(folds(aside.codes, aside.groups, recipe.folds, recipe.seed))
    rough = solver._replace(max_iter=min(solver.max_iter, FIRST_PASSES))
    first = cross_fit(
        problems, pairs, rough, scored=False, jobs=jobs, progress=partial(progress, "out of fold"), spool=spool
    )
    *folded, scoped = first
    cross_fit_again(
        problems, pairs, first, Features(vectoriser.blocks_, vectoriser.block_weights(), limits), solver,
        len(lessons), jobs=jobs, progress=partial(progress, "out of fold, again"), spool=spool,
    )  # fmt: skip
    chosen = emphasis(overall(first, len(lessons)), limits)
    matrix = matrix.emphasise(chosen, vectoriser.blocks_, vectoriser.block_weights())
    texts = texts.emphasise(chosen.plain(), vectoriser.blocks_, vectoriser.block_weights())
    vectoriser.select(*chosen)
    problems = _problems(lessons, aside, matrix, texts)
    progress("features", 2, 2)
    progress("final fit", 0, 1)
    fates, (*fitted, scope) = _finally(problems, first, pairs, solver, jobs)
    progress("final fit", 1, 1)
    odds = learn_odds(texts, aside, pairs_of_characters(vectoriser), pairs[-1])
    heads, out_of_fold, best = [], [], []
    for part, taught, (_, calibration) in zip(folded, lessons, fates, strict=True):
        best.append(Best(taught.rows, part.margins.max(axis=1)))
        probabilities = calibration.probabilities(part.margins, out=part.margins)
        policy = choose_policy(
            Precision(recipe.auto), Floor(recipe.suggest), probabilities, taught.codes, len(taught.classes)
        )
        policy = replace(policy, sets=choose_sets(recipe.sets, probabilities, taught.codes))
        heads.append(Head(taught.target, taught.classes, taught.names, calibration, policy))
        out_of_fold.append(OutOfFold(taught, probabilities))
    unbounded = FittedModel(
        trie=lexicon.trie,
        lexicon_digest=lexicon.digest,
        vocabulary=Vocabulary.of(vectoriser),
        heads=tuple(heads),
        records=Records.of(
            vectoriser.idf_,
            [mixing.fold(head) for (mixing, _), head in zip(fates, fitted, strict=True)],
            # learnt from plain features, and asked on emphasised ones
            Weights(scope.weights[:, 1:] / chosen.factors[:, np.newaxis], scope.bias[1:], scope.n_iter),
            odds.steps,
        ),
        scope=Scope(margin=-np.inf, known_share=0.0, characters=0, weights=margin_alone(len(lessons))),
    )
    bounded = learn_scope(vectoriser, unbounded, documents, background, aside, scoped.margins[:, 1], best, odds)
    return Fit(replace(unbounded, scope=bounded), tuple(out_of_fold))


def _problems(lessons: Sequence[Lesson], aside: ScopeLesson, matrix: Rows, texts: Rows) -> list[Problem]:
    """Of each head, then of the scope, which has rows of its own."""
    return [
        *(Problem(matrix, taught.rows, taught.codes, len(taught.classes)) for taught in lessons),
        Problem(texts, texts.everything, aside.codes, 2),
    ]


def _finally(
    problems: Sequence[Problem], first: Sequence[CrossFit], pairs: Sequence[Pairs], solver: Solver, jobs: int
) -> tuple[list[tuple[Mixing, Calibration]], list[Weights]]:
    """The mixing and calibration of each head, and the weights of each problem from all of its rows, in one queue."""
    tasks = [
        (number, place, classes)
        for number, problem in enumerate(problems)
        for place, classes in enumerate(problem.blocks())
    ]
    heads = len(problems) - 1

    def fit_block(number: int, place: int, classes: _Indices) -> Block:
        start = first[number].overall(place, pairs[number]) if number < heads else None
        return solver.fit_block(problems[number], classes, start)

    # products of so few columns take many times longer on several threads, which wait for each other
    with threadpool_limits(1, "blas"):
        done = Parallel(n_jobs=jobs, prefer="threads")(
            [
                *(delayed(_mix)(first[n], problems[n], pairs[n]) for n in range(heads)),
                *(delayed(log_frequencies)(problem, problem.blocks()) for problem in problems[:heads]),
                *(delayed(fit_block)(*task) for task in tasks),
            ]
        )
    blocks: list[list[Block]] = [[] for _ in problems]
    for (number, *_), block in zip(tasks, done[2 * heads :], strict=True):
        blocks[number].append(block)
    for mine, frequencies in zip(blocks, done[heads : 2 * heads], strict=False):
        for block, more in zip(mine, frequencies, strict=True):
            np.add(block.weights, more, out=block.weights)
    fitted = [joined(mine, problem.n_classes) for mine, problem in zip(blocks, problems, strict=True)]
    return done[:heads], fitted


def _mix(part: CrossFit, problem: Problem, pairs: Pairs) -> tuple[Mixing, Calibration]:
    """Mix the margins of a head, in their place, and calibrate what comes of it."""
    folds_of = np.zeros(len(problem.codes), np.int64)
    for number, (_, test) in enumerate(pairs):
        folds_of[test] = number
    mixing = cross_mix(part.margins, problem.codes, folds_of)
    return mixing, fit_calibration(part.margins, problem.codes)

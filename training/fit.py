"""From normalised texts and labels to a fitted model, with the out-of-fold scores that its policy rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from features.ngrams import build_lookup
from features.segment import Lexicon
from features.vectorise import ComplaintVectoriser, corpus
from models.calibrated import Solver, cross_fit
from models.calibration import fit_calibration
from models.decision import Floor, Precision, choose_policy
from models.fitted import FIELDS, FittedModel, Head, Quantised, Scope, Vocabulary
from models.prediction import Target
from models.scorer import Scores, score
from training.recipe import Recipe
from training.split import folds

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and of how many."""

_Codes = npt.NDArray[np.int32]
_Indices = npt.NDArray[np.int64]

SCOPE_LOSS = 0.003
"""Share of complaints that each bound of the scope may turn away."""

SCOPE_SAMPLE = 5_000
"""Rows that the bounds are measured on."""


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


def fit(
    documents: Sequence[tuple[str, ...]],
    lessons: Sequence[Lesson],
    groups: _Indices,
    background: Sequence[tuple[str, ...]],
    lexicon: Lexicon,
    recipe: Recipe,
    progress: Progress,
    jobs: int = -1,
) -> Fit:
    """Fit all heads on the same features.

    documents: normalised fields of each row (see models.fitted.FIELDS); groups [n]: near-duplicates, kept in one fold;
    background: texts that are no complaints, for the scope.
    """
    solver = Solver(recipe.c, recipe.balance, recipe.max_iter, recipe.tol, recipe.seed)
    progress("features", 0, 2)
    vectoriser = ComplaintVectoriser(lexicon.trie, min_df=recipe.min_df, n_jobs=jobs)
    everything = [*documents, *background]
    matrix = vectoriser.fit_transform(everything)
    progress("features", 1, 2)
    n = len(documents)
    scope_codes = np.r_[np.ones(n, np.int32), np.zeros(len(background), np.int32)]
    scope_rows = np.arange(len(everything))
    # background texts are no near-duplicates of anything: each is its own group
    scope_groups = np.r_[groups, groups.max(initial=0) + 1 + np.arange(len(background))]
    tasks = [(lesson.rows, lesson.codes, len(lesson.classes), groups[lesson.rows]) for lesson in lessons]
    tasks.append((scope_rows, scope_codes, 2, scope_groups))
    folded = []
    for number, (rows, codes, n_classes, grouped) in enumerate(tasks, 1):
        pairs = folds(codes, grouped, recipe.folds, recipe.seed)
        step = partial(progress, f"out of fold {number}/{len(tasks)}")
        folded.append(cross_fit(matrix[rows], codes, n_classes, pairs, solver, jobs=jobs, progress=step))
    importance = np.max([part.importance for part in folded], axis=0)
    if len(importance) > recipe.max_features:
        kept = np.sort(np.argpartition(-importance, recipe.max_features)[: recipe.max_features])
        vectoriser.select(kept)
        matrix = vectoriser.transform(everything)
    progress("features", 2, 2)
    progress("final fit", 0, len(tasks))
    fitted = Parallel(n_jobs=jobs, prefer="threads")(
        delayed(solver.fit)(matrix[rows], codes, n_classes) for rows, codes, n_classes, _ in tasks
    )
    progress("final fit", len(tasks), len(tasks))
    heads, out_of_fold = [], []
    for part, taught in zip(folded, lessons, strict=False):
        calibration = fit_calibration(part.margins, taught.codes)
        probabilities = calibration.probabilities(part.margins)
        policy = choose_policy(
            Precision(recipe.auto), Floor(recipe.suggest), probabilities, taught.codes, len(taught.classes)
        )
        heads.append(Head(taught.target, taught.classes, taught.names, calibration, policy))
        out_of_fold.append(OutOfFold(taught, probabilities))
    parts = [(weights.weights, weights.bias) for weights in fitted[:-1]]
    scope_weights = fitted[-1]
    parts.append((scope_weights.weights[:, 1:2], scope_weights.bias[1:2]))
    unbounded = FittedModel(
        trie=lexicon.trie,
        lexicon_digest=lexicon.digest,
        vocabulary=Vocabulary.of(vectoriser),
        heads=tuple(heads),
        columns=Quantised.of(parts),
        scope=Scope(margin=-np.inf, known_share=0.0, characters=0),
    )
    scope = _scope(vectoriser, unbounded, documents, folded[-1].margins[:n, 1])
    return Fit(replace(unbounded, scope=scope), tuple(out_of_fold))


def _scope(
    vectoriser: ComplaintVectoriser, model: FittedModel, documents: Sequence[tuple[str, ...]], margins: npt.NDArray[Any]
) -> Scope:
    """Bounds that all but SCOPE_LOSS of the training rows keep, measured as on rows that were not learnt from."""
    # an n-gram that no further document has would be unknown if this document were new
    elsewhere = vectoriser.keys_[vectoriser.document_counts_ > vectoriser.min_df]
    table = build_lookup(elsewhere, len(vectoriser.table_), vectoriser.row_bits_)
    scorer = model.scorer()._replace(table=table)
    sample = np.linspace(0, len(documents) - 1, min(len(documents), SCOPE_SAMPLE)).astype(np.int64)
    laid = corpus([documents[i] for i in sample], len(FIELDS))
    facts = np.empty((len(sample), 3), np.int64)
    for i in range(len(sample)):
        edges = laid.fields[i * len(FIELDS) : (i + 1) * len(FIELDS) + 1]
        text = laid.text[edges[0] : edges[-1]]
        facts[i] = Scores(*score(text, (edges - edges[0]).astype(np.int32), scorer, False)).facts  # noqa: FBT003
    share = facts[:, 2] / np.maximum(facts[:, 1], 1)
    return Scope(
        margin=float(np.quantile(margins, SCOPE_LOSS)),
        known_share=float(np.quantile(share, SCOPE_LOSS)),
        characters=int(np.clip(np.quantile(facts[:, 0], SCOPE_LOSS), 2, 4)),
    )

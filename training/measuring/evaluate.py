"""Measure a model version on labelled rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.normalise import Normaliser
from features.segment import Lexicon
from features.vectorise import corpus
from models.batch import BatchScores, score_corpus
from models.decision import Precision
from models.fitted import FIELDS, FittedModel
from models.prediction import Decision, Target
from models.taxonomy import names_of
from models.triage import TriageModel, out_of_scope
from training.fitting.fit import Fit, Lesson, fit, lesson
from training.gate.examine import Examined, trainable
from training.measuring.figures import Outcome, outcome, together
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints
from training.tables.spool import Column, Documents, column
from training.written.background import background_texts

_Indices = npt.NDArray[np.int64]

CHUNK = 20_000
"""Complaints that are held in memory at a time."""


@dataclass(frozen=True, eq=False)
class HeadEvaluation:
    """A head on labelled rows: its outcome, and how often its decisions were `auto`, right when `auto`, and silent.

    rows: the row of the data that each entry of the outcome is about [n]. auto, abstained: shares of the rows;
    auto_precision: share of the `auto` rows that is right, NaN where there are none.
    """

    outcome: Outcome
    rows: _Indices
    auto: float
    auto_precision: float
    abstained: float

    def to_dict(self) -> dict[str, float]:
        """The figures by name."""
        return self.outcome.headline() | {
            "auto_coverage": self.auto,
            "auto_precision": self.auto_precision,
            "abstained": self.abstained,
        }


def evaluate(model: TriageModel, data: LabelledComplaints) -> dict[Target, HeadEvaluation]:
    """Measure each head of the model that the data has labels for; rows without a label or text do not count.

    Accuracy, macro-F1 and top-3 are of the ranking, also on rows where the decision is to abstain.
    """
    filled = np.array([bool(str(text).strip()) for text in data.texts], bool)
    targets = [target for target in model.targets if target in data.targets]
    rows = np.flatnonzero(filled & np.any([data.labels(target) != "" for target in targets], axis=0))
    probabilities, outside = _score(model, data, rows)
    found: dict[Target, HeadEvaluation] = {}
    column = 0
    for head in model.heads:
        width = len(head.classes)
        if head.target in targets:
            labels = data.labels(head.target)[rows]
            mine = labels != ""
            said = outcome(
                probabilities[mine, column : column + width],
                head.classes,
                labels[mine],
                head.policy.auto.at_least,
                head.policy.sets,
            )
            if said.set_sizes is not None:
                # who is silent names no set
                said = replace(said, set_sizes=np.where(outside[mine], 0, said.set_sizes))
            codes = {label: code for code, label in enumerate(head.classes)}
            decisions = np.array(
                [
                    Decision.ABSTAIN if silent else head.policy.decide(codes[answer], confidence)
                    for silent, answer, confidence in zip(
                        outside[mine], said.answer.tolist(), said.confidence.tolist(), strict=True
                    )
                ],
                object,
            )
            found[head.target] = _evaluation(said, rows[mine], decisions)
        column += width
    return found


def _evaluation(said: Outcome, rows: _Indices, decisions: npt.NDArray[np.object_]) -> HeadEvaluation:
    auto = decisions == Decision.AUTO
    return HeadEvaluation(
        outcome=said,
        rows=rows,
        auto=float(auto.mean()) if len(auto) else float("nan"),
        auto_precision=float(said.correct[auto].mean()) if auto.any() else float("nan"),
        abstained=float((decisions == Decision.ABSTAIN).mean()) if len(auto) else float("nan"),
    )


def _score(
    model: TriageModel, data: LabelledComplaints, rows: _Indices
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Probabilities of all heads side by side [rows, classes], and which rows are out of the model's scope."""
    width = sum(len(head.classes) for head in model.heads)
    probabilities, outside = np.empty((len(rows), width), np.float32), np.empty(len(rows), bool)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        scores = model.score_many(data.complaint(int(row)) for row in part)
        probabilities[start : start + CHUNK] = scores.probabilities
        outside[start : start + CHUNK] = [
            bool(out_of_scope(model.scope, facts, margin))
            for facts, margin in zip(scores.facts.tolist(), scores.scope.tolist(), strict=True)
        ]
    return probabilities, outside


def read_documents(data: LabelledComplaints, spool: Path | None = None) -> Documents:
    """The normalised fields of every row; spool: a directory for them."""
    normalise = Normaliser()
    columns: list[Column] = []
    for name in FIELDS:
        told = data.columns.get(Role(name), [""] * len(data))
        columns.append(column((normalise(text).text for text in told), spool and spool / f"documents-{name}"))
    return Documents(columns)


def read_background() -> list[tuple[str, ...]]:
    """The shipped background texts as documents without other fields."""
    normalise = Normaliser()
    return [tuple(normalise(text).text if name == "text" else "" for name in FIELDS) for text in background_texts()]


def lessons_of(
    data: LabelledComplaints,
    examined: Examined,
    rows: _Indices,
    recipe: Recipe,
    names: Mapping[Target, Mapping[str, str]],
) -> list[Lesson]:
    """A lesson for each head that can be learnt from these rows; row numbers count within `rows`."""
    found = []
    for target in data.targets:
        mask = trainable(data, target, examined.texts, recipe)[rows]
        labels = data.labels(target)[rows]
        if len(np.unique(labels[mask].astype(str))) > 1:
            found.append(lesson(target, labels, np.flatnonzero(mask), names.get(target, {})))
    return found


def fit_before_test(data: LabelledComplaints, examined: Examined, recipe: Recipe, lexicon: Lexicon) -> Fit:
    """Fit as a training run does before it measures: without the rows that the split holds out.

    Measured on `examined.split.test`, it gives again the figures of the run that had the same data and recipe.
    """
    documents, rows = read_documents(data), examined.split.train
    names = {target: names_of(target, np.unique(data.labels(target)).tolist()) for target in data.targets}
    return fit(
        documents[rows],
        lessons_of(data, examined, rows, recipe, names),
        examined.groups[rows],
        read_background(),
        lexicon,
        recipe,
        _silent,
    )


def measure(
    fitted: Fit, target: Target, documents: Sequence[tuple[str, ...]], truth: npt.NDArray[np.object_], recipe: Recipe
) -> Outcome:
    """Measure a head of a model in memory on documents that are read already."""
    number = [head.target for head in fitted.model.heads].index(target)
    head, (first, last) = fitted.model.heads[number], fitted.model.spans()[number]
    parts = [
        outcome(
            scores.probabilities[:, first:last],
            head.classes,
            truth[some],
            Precision(recipe.auto).at_least,
            head.policy.sets,
        )
        for some, scores in scored(fitted.model, documents)
    ]
    return together(parts)


def scored(model: FittedModel, documents: Sequence[tuple[str, ...]]) -> Iterator[tuple[slice, BatchScores]]:
    """Yield the scores of some documents at a time, and which they are of; at least once, be it for none."""
    scorer = model.scorer()
    for start in range(0, max(1, len(documents)), CHUNK):
        some = slice(start, start + CHUNK)
        yield some, score_corpus(scorer, corpus(documents[some], len(FIELDS)))


def _silent(_step: str, _done: int, _of: int) -> None:
    pass

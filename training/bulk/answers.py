"""What each row of a scored file gains: answers, sets, route, urgency, doubts."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.complaint import Complaint
from models.batch import BatchScores
from models.charter.resolution import Resolver
from models.charter.trust import OfficeScores
from models.decision import Sets
from models.prediction import TARGETS, Candidate, Decision, HeadAnswer, PredictionSet, Target, Triage
from models.triage import TriageModel, doubts_of, out_of_scope
from training.bulk.report import RowFault, Tally

ANSWER_COLUMNS = (
    *(f"{target}{part}" for target in TARGETS for part in ("", "_confidence", "_decision", "_set")),
    "kind",
    "route",
    "urgency",
    "doubts",
)
"""What every row gains, in this order."""

_DIGITS = 6
"""Decimals of a confidence."""

_SCHEMA = pa.schema([(name, pa.float64() if name.endswith("_confidence") else pa.string()) for name in ANSWER_COLUMNS])


def answer_cells(
    complaints: Sequence[Complaint],
    faults: Sequence[RowFault | None],
    scores: BatchScores | None,
    model: TriageModel,
    resolver: Resolver,
    at: datetime,
    tally: Tally,
) -> list[pa.Array]:
    """The columns of `ANSWER_COLUMNS`, decided as `TriageModel.triage` and `Resolver.resolve` decide.

    faults: of each row, None where it has a complaint; scores: of the complaints. at: when a complaint was received that
    does not say so. tally: counts the decisions.
    """
    cells: dict[str, list[Any]] = {name: [None] * len(faults) for name in ANSWER_COLUMNS}
    cells["doubts"] = ["" if fault is None else fault for fault in faults]
    if scores is not None:
        places = [place for place, fault in enumerate(faults) if fault is None]
        triages = _triages(complaints, scores, model)
        for place, complaint, probabilities, alone in zip(
            places, complaints, scores.probabilities, triages, strict=True
        ):
            told = OfficeScores(model.combined_heads, probabilities, model.trust)
            triage, resolution = resolver.resolve(alone, told, complaint, complaint.received_at or at)
            for target, answer in (("domain", triage.domain), ("office", triage.office)):
                if answer is not None:
                    cells[target][place] = answer.code
                    cells[f"{target}_confidence"][place] = round(answer.confidence, _DIGITS)
                    cells[f"{target}_decision"][place] = answer.decision.value
                    cells[f"{target}_set"][place] = None if answer.set is None else set_cell(answer.set)
                    if target in tally.decisions:
                        tally.decisions[target][answer.decision] += 1
            cells["kind"][place] = ";".join(resolution.kinds)
            cells["route"][place] = resolution.route.state.value
            cells["urgency"][place] = resolution.urgency.level.value
            cells["doubts"][place] = ";".join(triage.doubts)
    return [pa.array(cells[name], _SCHEMA.field(name).type) for name in ANSWER_COLUMNS]


def set_cell(among: PredictionSet) -> str:
    """The codes, best first, and how many more there are: `O03;O02;O01;+4`."""
    return ";".join((*among.codes, *([f"+{among.more}"] if among.more else [])))


def _triages(complaints: Sequence[Complaint], scores: BatchScores, model: TriageModel) -> Iterator[Triage]:
    """What the model says of each complaint, without evidence and contrast."""
    ends = np.cumsum([len(head.classes) for head in model.heads]).tolist()
    spans = list(zip(model.heads, [0, *ends], ends, strict=False))
    shares = [
        np.take_along_axis(
            scores.probabilities[:, begin:end], np.maximum(scores.leading[:, number], 0), axis=1
        ).tolist()
        for number, (_, begin, end) in enumerate(spans)
    ]
    leading = scores.leading.tolist()
    for row, (complaint, facts, margin) in enumerate(
        zip(complaints, scores.facts.tolist(), scores.scope.tolist(), strict=True)
    ):
        outside = out_of_scope(model.scope, facts, margin)
        doubts = list(outside)
        answers: dict[Target, HeadAnswer] = {}
        for number, (head, begin, end) in enumerate(spans):
            if outside:
                answers[head.target] = _SILENCE
                continue
            best, *others = [
                Candidate(label := head.classes[code], head.names.get(label, label), share)
                for code, share in zip(leading[row][number], shares[number][row], strict=True)
                if code >= 0
            ]
            decision = head.policy.decide(leading[row][number][0], best.confidence)
            among = _among(head.policy.sets, best, others, scores.probabilities[row, begin:end])
            answers[head.target] = HeadAnswer(
                best.code, best.name, best.confidence, decision, tuple(others), None, among
            )
            doubts += doubts_of(head.target, decision, best.confidence, others[0].confidence)
        yield Triage(model.version, complaint, answers.get("domain"), answers.get("office"), (), tuple(doubts), ())


def _among(
    sets: Sets | None, best: Candidate, others: Sequence[Candidate], probabilities: npt.NDArray[np.float32]
) -> PredictionSet | None:
    if sets is None:
        return None
    return sets.of(best.code, others, lambda: int(np.count_nonzero(probabilities >= sets.least)))


_SILENCE = HeadAnswer(None, None, 0.0, Decision.ABSTAIN, (), None)

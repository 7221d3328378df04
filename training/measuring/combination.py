"""What a charter makes of a version's offices on labelled rows: the answers as the service gives them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from models.charter.division import Division
from models.charter.resolution import Resolver
from models.charter.trust import OfficeScores
from models.charter.workdays import in_china
from models.prediction import AUTO, HeadAnswer, Triage
from models.triage import TriageModel
from training.measuring.bootstrap import Answers, PairedBootstrap
from training.measuring.comparison import compare
from training.measuring.figures import TOP, Outcome
from training.measuring.intervals import RESAMPLES, bounds
from training.measuring.trust import lessons, pooled_probabilities
from training.tables.dataset import LabelledComplaints


@dataclass(frozen=True, eq=False)
class Combination:
    """The office that model and charter come to together, and the model's alone, on the same rows.

    rows: the row of the data that each entry of the outcomes is about [n]. split: rows of an office that has been split
    since they were labelled: nobody knows who of its heirs would have had them, and they are left out. both_auto,
    alone_auto: which answers are to be sent by themselves [n].
    """

    both: Outcome
    alone: Outcome
    both_auto: npt.NDArray[np.bool_]
    alone_auto: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int64]
    split: int

    def figures(self) -> dict[str, float]:
        """The figures of both, those of the model alone as model_…, and what both have over it as over_model_…."""
        both, alone = self.both, self.alone
        ours = both.headline() | _sent(both, self.both_auto)
        model = alone.headline() | _sent(alone, self.alone_auto)
        found = ours | bounds(both) | {f"model_{name}": value for name, value in model.items() if name != "rows"}
        found |= compare("office", both, {"model": alone.answer})
        # right or wrong among three is paired as right or wrong at first is
        truth = np.full(len(self.rows), "among")
        said = [np.where((each.top == each.truth[:, None]).any(axis=1), "among", "not") for each in (alone, both)]
        rows = np.arange(len(self.rows))
        top3 = PairedBootstrap(Answers("office", truth, said[0], said[1], rows), resamples=RESAMPLES).accuracy()
        found |= {"over_model_top3": top3.change, "over_model_top3_low": top3.low, "over_model_top3_high": top3.high}
        return found | {"split": self.split}


def _sent(said: Outcome, auto: npt.NDArray[np.bool_]) -> dict[str, float]:
    """The share that is sent by itself, and how much of that is right; NaN where nothing is sent."""
    precision = float(said.correct[auto].mean()) if auto.any() else float("nan")
    return {"auto_coverage": float(auto.mean()), "auto_precision": precision}


class _Answered(NamedTuple):
    """One row: the right office, what was said of it, and whether the combination's set has it."""

    row: int
    truth: str
    both: HeadAnswer
    alone: HeadAnswer
    in_set: bool


def combine(model: TriageModel, resolver: Resolver, data: LabelledComplaints, now: datetime) -> Combination | None:
    """Answer each row that has an office and a text, as of the moment that it was received, or of `now`.

    None where the version has no office head, or the data no such row. Labels and the model's offices are those that do
    their work on that day; a label that the charter does not know stays as it is, and the combination misses it. A text
    out of scope gets no answer, which is a wrong one.
    """
    head = next((head for head in model.heads if head.target == "office"), None)
    if head is None or "office" not in data.targets:
        return None
    labels, answered, split = data.labels("office"), [], 0
    # in the order of their days, whose tables are made once
    for row in np.argsort(data.received, kind="stable").tolist():
        complaint, label = data.complaint(row), str(labels[row])
        if not label or not complaint.text.strip():
            continue
        triage, scores = model.triage_and_scores(complaint, with_evidence=False)
        # as the service does, which shows nothing personal
        masked = triage.complaint
        received = masked.received_at or now
        division = resolver.division(in_china(received).date())
        heirs = division.today(label)
        if len(heirs) > 1:
            split += 1
            continue
        right = heirs[0] if heirs else label
        together = resolver.resolve(triage, scores, masked, received)[0]
        if triage.office is not None and together.office is not None:
            told = _Ticket(triage, scores, masked, received)
            within = _in_set(together.office, right, resolver, told)
            answered.append(_Answered(row, right, together.office, _today(triage.office, division), within))
    if not answered:
        return None
    target = head.policy.auto.at_least
    truth = np.array([each.truth for each in answered], str)
    return Combination(
        both=_outcome([each.both for each in answered], truth, target, [each.in_set for each in answered]),
        alone=_outcome([each.alone for each in answered], truth, target, None),
        both_auto=np.array([each.both.decision is AUTO for each in answered], bool),
        alone_auto=np.array([each.alone.decision is AUTO for each in answered], bool),
        rows=np.array([each.row for each in answered], np.int64),
        split=split,
    )


class _Ticket(NamedTuple):
    """What the resolver was given."""

    triage: Triage
    scores: OfficeScores
    complaint: Complaint
    received: datetime


def _today(answer: HeadAnswer, division: Division) -> HeadAnswer:
    """The model's answer in the offices of the day, where there is one heir."""

    def heir(code: str | None) -> str | None:
        heirs = division.today(code or "")
        return heirs[0] if len(heirs) == 1 else code

    others = tuple(each._replace(code=heir(each.code) or each.code) for each in answer.alternatives)
    return answer._replace(code=heir(answer.code), alternatives=others)


def _in_set(answer: HeadAnswer, truth: str, resolver: Resolver, told: _Ticket) -> bool:
    """Whether the right office is in the set of the combination; for one that is not named its probability is looked up."""
    found = answer.set
    if found is None or truth in found.codes or not found.more:
        return found is not None and truth in found.codes
    triage, scores, complaint, received = told
    day, sets = in_china(received).date(), scores.trust.sets
    if sets is None:
        return _in_models_set(truth, scores, resolver.division(day))
    sighting, given, _ = resolver.read(complaint, triage.domain.code if triage.domain is not None else None)
    roster, probabilities = resolver.roster(day, scores.heads), scores.probabilities[np.newaxis]
    part = lessons(roster, probabilities, [(sighting, given)], [truth])
    (number,) = part.truth
    return bool(number >= 0 and pooled_probabilities(part, scores.trust.weights)[0, number] >= sets.least)


def _in_models_set(truth: str, scores: OfficeScores, division: Division) -> bool:
    begin = 0
    for head in scores.heads:
        sets = head.policy.sets
        if head.target == "office" and sets is not None:
            said = zip(head.classes, scores.probabilities[begin:], strict=False)
            return any(share >= sets.least and division.today(label) == (truth,) for label, share in said)
        begin += len(head.classes)
    return False


def _outcome(
    answers: Sequence[HeadAnswer], truth: npt.NDArray[np.str_], target: float, in_set: Sequence[bool] | None
) -> Outcome:
    top = [[answer.code or "", *[each.code for each in answer.alternatives]][:TOP] for answer in answers]
    top = [[*codes, *[""] * (TOP - len(codes))] for codes in top]
    ranked = np.array(top, str)
    confidence = np.array([answer.confidence for answer in answers], np.float64)
    said = Outcome(truth, ranked[:, 0], confidence, ranked, target)
    if in_set is None:
        return said
    sizes = [0 if answer.set is None else len(answer.set.codes) + answer.set.more for answer in answers]
    return replace(said, set_sizes=np.array(sizes, np.int64), in_set=np.array(in_set, bool))

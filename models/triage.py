"""A loaded model version answers complaints: normalise, score, decide, explain."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from features.laid import lay
from features.normalise import Normaliser
from models.batch import BatchScores, score_corpus
from models.bundle import read_bundle
from models.charter.trust import OfficeScores, Trust
from models.decision import LOW_MARGIN
from models.fitted import FIELDS, FittedModel, Head, Scope
from models.prediction import (
    ABSTAIN,
    TARGETS,
    Candidate,
    Contrast,
    Decision,
    Evidence,
    HeadAnswer,
    ModelVersion,
    Target,
    Triage,
    made,
)
from models.reading import Reading, place_in_originals
from models.scorer import parts_of, score
from models.scores import CONTRAST, LEADING, Scores, blank

TOO_SHORT = "too_short"
UNFAMILIAR = "unfamiliar_text"
NOT_A_COMPLAINT = "not_a_complaint"

_FLOAT = np.dtype(np.float32)
"""Given as it is: numpy takes longer to find the type of a class than to make the array."""


class TriageModel:
    """One model version, ready to answer; safe to share between threads.

    combined_heads: the heads with the tiers that answers have where a charter has its part in them.
    """

    def __init__(self, model: FittedModel, version: ModelVersion, manifest: Mapping[str, Any]) -> None:
        self.version = version
        self.manifest = manifest
        self.heads = model.heads
        self.scope = model.scope
        labels = next((head.classes for head in model.heads if head.target == "office"), ())
        self.trust = Trust.from_manifest(manifest.get("about", {}).get("trust"), labels)
        self.combined_heads = self.trust.tiers_of(model.heads)
        self._scorer = model.scorer()
        self._parts = parts_of(self._scorer)
        self._blank = blank(len(model.heads))
        self._begins = [begin for begin, _ in model.spans()]
        self._classes = sum(len(head.classes) for head in model.heads)
        self._normalise = Normaliser()
        self._own = threading.local()

    @classmethod
    def load(cls, directory: Path, version: ModelVersion) -> Self:
        """Verify and map a bundle. Raises models.bundle.BundleDamaged."""
        bundle = read_bundle(directory)
        return cls(bundle.model, version, bundle.manifest)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The heads that this model has."""
        return tuple(head.target for head in self.heads)

    def warm(self) -> None:
        """Compile or load compiled code and touch the arrays, so that the first complaint does not wait."""
        self.triage(Complaint(text="市民反映超市销售过期食品，要求退款并查处。"))

    def read(self, complaint: Complaint) -> Reading:
        """Normalise a complaint's fields."""
        return Reading(complaint, self._normalise)

    def scores(self, reading: Reading, *, with_evidence: bool = True) -> Scores:
        """Score what was read: one compiled call."""
        try:
            seen = self._own.seen
        except AttributeError:
            seen = self._own.seen = np.zeros(len(self._scorer.weights), np.int32)
        whole, real = self._blank
        scores = made(Scores, (np.empty(self._classes, _FLOAT), whole.copy(), real.copy()))
        score(reading.codepoints, reading.edges, self._parts, seen, with_evidence, *scores)
        return scores

    def score_many(self, complaints: Iterable[Complaint]) -> BatchScores:
        """Score many complaints on all cores, without evidence."""
        documents = [(each.title, each.text, each.merchant, each.address) for each in complaints]
        return score_corpus(self._scorer, lay(documents, len(FIELDS), self._normalise))

    def triage(self, complaint: Complaint, *, with_evidence: bool = True) -> Triage:
        """Answer one complaint."""
        return self.triage_and_scores(complaint, with_evidence=with_evidence)[0]

    def triage_and_scores(self, complaint: Complaint, *, with_evidence: bool = True) -> tuple[Triage, OfficeScores]:
        """Answer one complaint; with it all probabilities, as `models.charter.resolution.Resolver` combines them."""
        reading = self.read(complaint)
        scores = self.scores(reading, with_evidence=with_evidence)
        # as lists at once: a single number of an array costs as much as all of them
        probabilities = scores[0]
        if with_evidence:
            place_in_originals(scores[1], reading.edges, reading.offsets)
        whole, real = scores[1].tolist(), scores[2].tolist()
        outside = out_of_scope(self.scope, whole[-1], real[-1][0])
        masked = reading.masked()
        answers: dict[Target, HeadAnswer] = {}
        doubts = list(outside)
        evidence: list[Evidence] = []
        for number, head in enumerate(self.heads):
            if outside:
                answers[head.target] = _SILENCE
            else:
                target, places, numbers = head.target, whole[number], real[number]
                answers[target] = answer = _answer(head, places, numbers, probabilities, self._begins[number])
                doubts += doubts_of(target, answer.decision, numbers[CONTRAST], numbers[CONTRAST + 1])
                if with_evidence:
                    evidence += _evidence(target, places, numbers, reading, masked)
        domain, office = answers.get("domain"), answers.get("office")
        triage = made(Triage, (self.version, masked, domain, office, tuple(evidence), tuple(doubts), reading.flags()))
        return triage, made(OfficeScores, (self.combined_heads, probabilities, self.trust))

    def triage_many(self, complaints: Iterable[Complaint], *, with_evidence: bool = True) -> list[Triage]:
        """Answer several complaints, in their order."""
        return [self.triage(complaint, with_evidence=with_evidence) for complaint in complaints]


_SILENCE = HeadAnswer(code=None, name=None, confidence=0.0, decision=ABSTAIN, alternatives=(), contrast=None)


def out_of_scope(scope: Scope, facts: Sequence[int], likeness: float) -> tuple[str, ...]:
    """Why a text is unlike anything that the model learnt from; empty where it is like it.

    facts and likeness: see `facts` and `scope` of models.scores.Scores.
    """
    characters, pairs, known = facts[:3]
    if characters < scope.characters:
        return (TOO_SHORT,)
    if pairs and known / pairs < scope.known_share:
        return (UNFAMILIAR,)
    return (NOT_A_COMPLAINT,) if likeness < scope.margin else ()


def _answer(
    head: Head, whole: list[int], real: list[float], probabilities: npt.NDArray[np.float32], begin: int
) -> HeadAnswer:
    """The answer of a head from its rows of `models.scores.Scores`; begin: where its probabilities do."""
    labels, policy = head.labels, head.policy
    first, *leading = whole[:LEADING]
    if -1 in leading:
        leading = leading[: leading.index(-1)]
    code, name = labels[first]
    gap, bias, rest, confidence, *less = real[: CONTRAST + LEADING]
    others = tuple(
        [
            made(Candidate, (*labels[place], share))
            # there is room for more numbers than there are classes
            for place, share in zip(leading, less, strict=False)
        ]
    )
    contrast = made(Contrast, (others[0].code, gap, bias, rest))
    sets, end, found = policy.sets, begin + len(head.classes), None
    if sets is not None:
        found = sets.of(code, others, lambda: int(np.count_nonzero(probabilities[begin:end] >= sets.least)))
    return made(HeadAnswer, (code, name, confidence, policy.decide(first, confidence), others, contrast, found))


_DOUBTS: Mapping[Target, tuple[tuple[str, ...], ...]] = {
    target: (
        (),
        (f"{target}_low_margin",),
        (f"{target}_low_confidence",),
        (f"{target}_low_confidence", f"{target}_low_margin"),
    )
    for target in TARGETS
}
"""By what gives rise to them: nothing, a low margin, a low confidence, both."""


def doubts_of(target: Target, decision: Decision, confidence: float, runner_up: float) -> tuple[str, ...]:
    """Why a head's answer needs a look; confidence and runner_up: probabilities of the two best classes."""
    return _DOUBTS[target][2 * (decision is ABSTAIN) + (confidence - runner_up < LOW_MARGIN)]


def _evidence(
    target: Target, whole: list[int], real: list[float], reading: Reading, masked: Complaint
) -> list[Evidence]:
    """The evidence of a head from its rows of `models.scores.Scores`, after `place_in_originals`."""
    places = whole[LEADING:]
    if -1 in places:
        places = places[: places.index(-1)]
    fields, starts, ends = places[::3], places[1::3], places[2::3]
    if ends and min(ends) < 0:
        for place, end in enumerate(ends):
            if end < 0:
                [(_, starts[place], ends[place])] = reading.original_spans([(fields[place], starts[place], -1 - end)])
    written = (masked.title, masked.text, masked.merchant, masked.address)
    return [
        made(Evidence, (target, FIELDS[field], start, end, written[field][start:end], weight))
        # there is room for more weights than there are spans
        for field, start, end, weight in zip(fields, starts, ends, real[CONTRAST + LEADING :], strict=False)
    ]

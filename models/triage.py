"""A loaded model version answers complaints: normalise, score, decide, explain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from features.complaint import Complaint
from features.ngrams import Corpus
from features.normalise import NormalisedText, Normaliser
from features.privacy import mask
from models.batch import BatchScores, score_corpus
from models.bundle import read_bundle
from models.fitted import FIELDS, FittedModel, Head, Scope
from models.prediction import (
    Candidate,
    Contrast,
    Decision,
    Evidence,
    HeadAnswer,
    ModelVersion,
    Target,
    Triage,
)
from models.scorer import Scores, score

LOW_MARGIN = 0.10
"""Winner and runner-up closer than this in probability: a doubt."""

TOO_SHORT = "too_short"
UNFAMILIAR = "unfamiliar_text"
NOT_A_COMPLAINT = "not_a_complaint"

_NOTHING = NormalisedText(np.frombuffer(b"", np.uint32), np.frombuffer(bytes(4), np.int32), (), frozenset())
"""What the empty text becomes; its arrays are read-only, for all readings share them."""


class Reading:
    """A complaint as the scorer takes it: the code points of its fields, and the way back to the originals."""

    __slots__ = ("codepoints", "complaint", "edges", "fields", "normalise")

    def __init__(self, complaint: Complaint, normalise: Normaliser) -> None:
        self.complaint = complaint
        self.normalise = normalise
        values = (getattr(complaint, name) for name in FIELDS)
        # most fields of most complaints are empty, and to normalise nothing costs a quarter of a reading
        self.fields: tuple[NormalisedText, ...] = tuple(normalise(value) if value else _NOTHING for value in values)
        parts = [field.codepoints for field in self.fields]
        self.codepoints = np.concatenate(parts)
        # read-only, like every array that the compiled scorer takes: it is compiled for one kind
        self.codepoints.flags.writeable = False
        edges, end = [0], 0
        for part in parts:
            end += len(part)
            edges.append(end)
        self.edges = np.array(edges, np.int32)

    def masked(self) -> Complaint:
        """The complaint with personal data masked; lengths and offsets stay."""
        changed: dict[str, Any] = {
            name: mask(getattr(self.complaint, name), field.personal)
            for name, field in zip(FIELDS, self.fields, strict=True)
            if field.personal
        }
        return replace(self.complaint, **changed) if changed else self.complaint

    def original_span(self, start: int, end: int) -> tuple[int, int, int]:
        """Field number, and start and end in the original field, of a span of code points."""
        field = 0
        while start >= self.edges[field + 1]:
            field += 1
        read, base = self.fields[field], int(self.edges[field])
        last = int(read.offsets[end - 1 - base])
        begin, stop = int(read.offsets[start - base]), last + 1
        character, wrote = chr(read.codepoints[end - 1 - base]), getattr(self.complaint, FIELDS[field])[last]
        if character != wrote and character != self.normalise(wrote).text:
            # a mask, an alias or an entity: it stands for all that it was put in the place of
            stop = max(stop, int(read.offsets[np.searchsorted(read.offsets, last, side="right")]))
        return field, begin, stop


class TriageModel:
    """One model version, ready to answer; safe to share between threads."""

    def __init__(self, model: FittedModel, version: ModelVersion, manifest: Mapping[str, Any]) -> None:
        self.version = version
        self.manifest = manifest
        self.heads = model.heads
        self.scope = model.scope
        self._scorer = model.scorer()
        self._normalise = Normaliser()
        self._widths = [len(head.classes) for head in model.heads]

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
        return Scores(*score(reading.codepoints, reading.edges, self._scorer, with_evidence))

    def score_many(self, readings: Sequence[Reading]) -> BatchScores:
        """Score many readings on all cores, without evidence."""
        text = np.concatenate([_NOTHING.codepoints, *(reading.codepoints for reading in readings)])
        text.flags.writeable = False
        lengths = np.concatenate([np.zeros(1, np.int64), *(np.diff(reading.edges) for reading in readings)])
        fields = np.cumsum(lengths, dtype=np.int64)
        return score_corpus(self._scorer, Corpus(text, fields, len(FIELDS), 0))

    def triage(self, complaint: Complaint, *, with_evidence: bool = True) -> Triage:
        """Answer one complaint."""
        reading = self.read(complaint)
        scores = self.scores(reading, with_evidence=with_evidence)
        outside = out_of_scope(self.scope, scores.facts.tolist(), scores.scope)
        masked = reading.masked()
        answers: dict[Target, HeadAnswer] = {}
        doubts = list(outside)
        evidence: list[Evidence] = []
        column = 0
        for number, head in enumerate(self.heads):
            if outside:
                answers[head.target] = _SILENCE
            else:
                answer = _answer(head, number, column, scores)
                answers[head.target] = answer
                doubts += doubts_of(head.target, answer.decision, answer.confidence, answer.alternatives[0].confidence)
                if with_evidence:
                    evidence += _evidence(head.target, number, scores, reading, masked)
            column += self._widths[number]
        flags: frozenset[str] = frozenset().union(*(field.flags for field in reading.fields))
        return Triage(
            model=self.version,
            complaint=masked,
            domain=answers.get("domain"),
            office=answers.get("office"),
            evidence=tuple(evidence),
            doubts=tuple(doubts),
            warnings=tuple(sorted(flags)),
        )

    def triage_many(self, complaints: Iterable[Complaint], *, with_evidence: bool = True) -> list[Triage]:
        """Answer several complaints, in their order."""
        return [self.triage(complaint, with_evidence=with_evidence) for complaint in complaints]


_SILENCE = HeadAnswer(code=None, name=None, confidence=0.0, decision=Decision.ABSTAIN, alternatives=(), contrast=None)


def out_of_scope(scope: Scope, facts: Sequence[int], margin: float) -> tuple[str, ...]:
    """Why a text is unlike anything that the model learnt from; empty where it is like it.

    facts and margin: see `facts` and `scope` of models.scorer.Scores.
    """
    characters, pairs, known = facts
    if characters < scope.characters:
        return (TOO_SHORT,)
    if pairs and known / pairs < scope.known_share:
        return (UNFAMILIAR,)
    return (NOT_A_COMPLAINT,) if margin < scope.margin else ()


def _answer(head: Head, number: int, column: int, scores: Scores) -> HeadAnswer:
    leading = [code for code in scores.leading[number].tolist() if code >= 0]
    ranked = [
        Candidate(
            code=head.classes[code],
            name=head.names.get(head.classes[code], head.classes[code]),
            confidence=float(scores.probabilities[column + code]),
        )
        for code in leading
    ]
    best = ranked[0]
    gap, bias, rest = scores.contrast[number].tolist()
    return HeadAnswer(
        code=best.code,
        name=best.name,
        confidence=best.confidence,
        decision=head.policy.decide(leading[0], best.confidence),
        alternatives=tuple(ranked[1:]),
        contrast=Contrast(against=ranked[1].code, logit_gap=gap, bias=bias, rest=rest),
    )


def doubts_of(target: Target, decision: Decision, confidence: float, runner_up: float) -> list[str]:
    """Why a head's answer needs a look; confidence and runner_up: probabilities of the two best classes."""
    doubts = []
    if decision is Decision.ABSTAIN:
        doubts.append(f"{target}_low_confidence")
    if confidence - runner_up < LOW_MARGIN:
        doubts.append(f"{target}_low_margin")
    return doubts


def _evidence(target: Target, number: int, scores: Scores, reading: Reading, masked: Complaint) -> list[Evidence]:
    """Join neighbouring tokens that push the same way; the strongest first."""
    spans = sorted(
        (start, end, weight)
        for (start, end), weight in zip(
            scores.evidence[number].tolist(), scores.evidence_weights[number].tolist(), strict=True
        )
        if start >= 0
    )
    joined: list[tuple[int, int, float]] = []
    for start, end, weight in spans:
        if joined and joined[-1][1] == start and (joined[-1][2] > 0) == (weight > 0) and start not in reading.edges:
            joined[-1] = (joined[-1][0], end, joined[-1][2] + weight)
        else:
            joined.append((start, end, weight))
    found = []
    for start, end, weight in sorted(joined, key=lambda span: -abs(span[2])):
        field, a, b = reading.original_span(start, end)
        name = FIELDS[field]
        found.append(
            Evidence(target=target, field=name, start=a, end=b, text=getattr(masked, name)[a:b], weight=weight)
        )
    return found

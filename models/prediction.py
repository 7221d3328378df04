"""The values that an answer is made of: frozen, free of HTTP and of storage."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from features.complaint import Complaint

Target = Literal["domain", "office"]
"""The two questions that a model may answer: what it is about, and who is responsible."""

TARGETS: tuple[Target, ...] = ("domain", "office")


class Decision(StrEnum):
    """How far an answer may be trusted: send it, show it, or leave it to a person."""

    AUTO = "auto"
    SUGGEST = "suggest"
    ABSTAIN = "abstain"


AUTO, SUGGEST, ABSTAIN = Decision
"""For what is asked of every ticket: by the name of its class a member takes longer than a call."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """The registered model version that an answer came from."""

    name: str
    version: str


# named tuples, not dataclasses: as frozen, and made in a third of the time, twenty times per answer

made = tuple.__new__
"""`made(Candidate, (code, name, confidence))` is `Candidate(code, name, confidence)` without a call into Python, in half
the time: for what is made of every ticket."""


class Candidate(NamedTuple):
    """A class with its calibrated probability, 0 to 1."""

    code: str
    name: str
    confidence: float


class Contrast(NamedTuple):
    """Why the winner and not the runner-up: logit_gap = bias + rest + the weights of the head's evidence.

    Units: differences of calibrated logits (scores divided by the temperature).
    """

    against: str
    logit_gap: float
    bias: float
    rest: float


class PredictionSet(NamedTuple):
    """The classes of which one is right with a probability of `coverage`: those named, best first, and `more` others."""

    coverage: float
    codes: tuple[str, ...]
    more: int


class HeadAnswer(NamedTuple):
    """One head's answer.

    `code` and `name` are None where the text is unlike anything the model learnt from: such a text gets no default
    label. `confidence` is the calibrated probability of `code` (0 where `code` is None). `alternatives` are the next
    best classes, at most three, best first. `set` names the winner and those alternatives that have to be kept in mind
    beside it; None where nothing of the kind was measured of this answer.
    """

    code: str | None
    name: str | None
    confidence: float
    decision: Decision
    alternatives: tuple[Candidate, ...]
    contrast: Contrast | None
    set: PredictionSet | None = None


class Evidence(NamedTuple):
    """A span of the original text that pushed for the winner (weight > 0) or for the runner-up (weight < 0).

    `start` and `end` count characters of the original `field`; `text` is that span with personal data masked.
    """

    target: Target
    field: str
    start: int
    end: int
    text: str
    weight: float


class Triage(NamedTuple):
    """All that a model says about one complaint.

    `complaint` is the input with personal data masked, character by character, so that offsets still hold: what may
    be stored. `doubts` are named reasons to look; `warnings` say what was odd about the input.
    A head that the model does not have is None.
    """

    model: ModelVersion
    complaint: Complaint
    domain: HeadAnswer | None
    office: HeadAnswer | None
    evidence: tuple[Evidence, ...]
    doubts: tuple[str, ...]
    warnings: tuple[str, ...]

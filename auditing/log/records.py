"""What the log keeps of a prediction, and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from auditing.log.identity import Identity
from auditing.log.resolved import resolved
from models.charter.answer import Answer
from models.prediction import Decision, HeadAnswer, ModelVersion, Triage, made

INSERTED = (
    "prediction_id",
    "source",
    "ticket_id",
    "revision",
    "content_digest",
    "model_name",
    "model_version",
    "created_at",
    "domain_code",
    "domain_decision",
    "domain_confidence",
    "office_code",
    "office_decision",
    "office_confidence",
    "complaint",
    "answer",
    "complaint_digest",
    "answer_digest",
    "chain",
)
"""The columns of `predictions` that the log fills, in the table's order; the database numbers the rows."""

# named tuples, not dataclasses: as frozen, and made in a third of the time, several times per request


class Entry(NamedTuple):
    """A prediction on its way into the log; but for the revision, its values stand in the order of `INSERTED`.

    `complaint` and `answer` are JSON, personal data masked; `answer` is what the client gets, but for the id and the
    revision, which are not known before the log has looked.
    """

    prediction_id: str
    source: str
    ticket_id: str
    content_digest: str
    model_name: str
    model_version: str
    created_at: datetime
    domain_code: str | None
    domain_decision: str | None
    domain_confidence: float | None
    office_code: str | None
    office_decision: str | None
    office_confidence: float | None
    complaint: bytes
    answer: bytes
    excluded: tuple[str, ...] = ()
    """Offices that the answer leaves out, because they returned the ticket."""

    def row(self, revision: int) -> tuple[Any, ...]:
        """Give the values of `INSERTED` in their order, but for the last: the chain's link is not known here.

        `complaint` and `answer` in UTF-8, as they are.
        """
        return (
            *self[:_REVISION],
            revision,
            *self[_REVISION:_COMPLAINT],
            self.complaint,
            self.answer,
            sha256(self.complaint).hexdigest(),
            sha256(self.answer).hexdigest(),
        )

    def packed(self) -> tuple[Any, ...]:
        """Give the values, all of kinds that cross from one process to another quickly."""
        return (*self[:_MOMENT], self.created_at.isoformat(), *self[_MOMENT + 1 :])

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> "Entry":
        """Make the entry whose values were `packed`."""
        return cls._make((*values[:_MOMENT], datetime.fromisoformat(values[_MOMENT]), *values[_MOMENT + 1 :]))


_REVISION = INSERTED.index("revision")
_MOMENT, _COMPLAINT = map(Entry._fields.index, ("created_at", "complaint"))
_NO_VERDICT = (None, None, None)
_PLAIN: Mapping[str, str] = {decision: decision.value for decision in Decision}
"""A string crosses to another process in a fraction of what a member of an enumeration takes."""


class Recorded(NamedTuple):
    """A prediction that is in the log.

    `revision` counts the distinct contents of one ticket from 1, in the order of their arrival. `answer` is JSON as
    stored: where the same was asked before (`repeated`), it is the answer that was given then.
    """

    prediction_id: str
    revision: int
    answer: bytes
    repeated: bool


@dataclass(frozen=True, slots=True)
class StoredPrediction:
    """One row of the log; `complaint` and `answer` are JSON, personal data masked."""

    seq: int
    prediction_id: str
    revision: int
    source: str
    ticket_id: str
    content_digest: str
    model: ModelVersion
    created_at: datetime
    complaint: bytes
    answer: bytes


def enter(identity: Identity, answer: Answer, created_at: datetime, excluded: tuple[str, ...] = ()) -> Entry:
    """Make the log's entry of `answer`, whose complaint is masked already and which leaves `excluded` offices out."""
    triage, resolution = answer
    complaint, model = triage.complaint, triage.model
    written = orjson.dumps(
        {
            "text": complaint.text,
            "title": complaint.title,
            "merchant": complaint.merchant,
            "address": complaint.address,
            "received_at": complaint.received_at,
        }
    )
    said = orjson.dumps(answered(triage) | resolved(resolution))
    prediction_id, content_digest = identity
    ticket = prediction_id, complaint.source, complaint.ticket_id, content_digest
    verdicts = *_verdict(triage.domain), *_verdict(triage.office)
    return made(Entry, (*ticket, model.name, model.version, created_at, *verdicts, written, said, excluded))


def answered(triage: Triage) -> dict[str, Any]:
    """Make the members of the answer to a client that are the model's, in their order."""
    return {
        "model": triage.model,
        "domain": _head(triage.domain),
        "office": _head(triage.office),
        "evidence": [
            {"target": target, "field": field, "start": start, "end": end, "text": text, "weight": weight}
            for target, field, start, end, text, weight in triage.evidence
        ],
        "doubts": triage.doubts,
        "warnings": triage.warnings,
    }


def _verdict(answer: HeadAnswer | None) -> tuple[str | None, str | None, float | None]:
    """What the columns of a prediction have of one head: code, decision and confidence."""
    return (answer.code, _PLAIN[answer.decision], answer.confidence) if answer else _NO_VERDICT


def _head(answer: HeadAnswer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    # taken apart at once: to ask a named tuple for one of its values takes longer than to get all of them
    code, name, confidence, decision, alternatives, contrast, among = answer
    against = gap = bias = rest = coverage = codes = more = None
    if contrast is not None:
        against, gap, bias, rest = contrast
    if among is not None:
        coverage, codes, more = among
    return {
        "code": code,
        "name": name,
        "confidence": confidence,
        "decision": decision,
        "alternatives": [
            {"code": other, "name": its_name, "confidence": share} for other, its_name, share in alternatives
        ],
        "contrast": contrast and {"against": against, "logit_gap": gap, "bias": bias, "rest": rest},
        "set": among and {"coverage": coverage, "codes": codes, "more": more},
    }

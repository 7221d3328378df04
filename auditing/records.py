"""What the log keeps of a prediction, and what it gives back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from auditing.identity import Identity
from models.prediction import HeadAnswer, ModelVersion, Triage


@dataclass(frozen=True, slots=True)
class Entry:
    """A prediction on its way into the log.

    `complaint` and `answer` are JSON, personal data masked; `answer` is what the client gets, but for the id and the
    revision, which are not known before the log has looked.
    """

    identity: Identity
    source: str
    ticket_id: str
    model: ModelVersion
    created_at: datetime
    domain: HeadAnswer | None
    office: HeadAnswer | None
    complaint: bytes
    answer: bytes

    def row(self, revision: int) -> dict[str, Any]:
        """Spread the entry over the columns of `predictions`."""
        domain, office = self.domain, self.office
        return {
            "prediction_id": self.identity.prediction_id,
            "source": self.source,
            "ticket_id": self.ticket_id,
            "revision": revision,
            "content_digest": self.identity.content_digest,
            "model_name": self.model.name,
            "model_version": self.model.version,
            "created_at": self.created_at,
            "domain_code": domain.code if domain else None,
            "domain_decision": domain.decision.value if domain else None,
            "domain_confidence": domain.confidence if domain else None,
            "office_code": office.code if office else None,
            "office_decision": office.decision.value if office else None,
            "office_confidence": office.confidence if office else None,
            "complaint": self.complaint.decode(),
            "answer": self.answer.decode(),
        }


@dataclass(frozen=True, slots=True)
class Recorded:
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


def enter(identity: Identity, triage: Triage, created_at: datetime) -> Entry:
    """Make the log's entry of `triage`, whose complaint is masked already."""
    complaint = triage.complaint
    return Entry(
        identity=identity,
        source=complaint.source,
        ticket_id=complaint.ticket_id,
        model=triage.model,
        created_at=created_at,
        domain=triage.domain,
        office=triage.office,
        complaint=orjson.dumps(
            {
                "text": complaint.text,
                "title": complaint.title,
                "merchant": complaint.merchant,
                "address": complaint.address,
                "received_at": complaint.received_at,
            }
        ),
        answer=orjson.dumps(
            {
                "model": triage.model,
                "domain": triage.domain,
                "office": triage.office,
                "evidence": triage.evidence,
                "doubts": triage.doubts,
                "warnings": triage.warnings,
            }
        ),
    )

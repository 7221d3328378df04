"""A stored prediction as a model can be asked about it again: what was stored of the complaint, and what was left out."""

from datetime import datetime
from typing import Any

import orjson

from auditing.errors import TextRemoved
from features.complaint import Complaint


def stored_complaint(prediction_id: str, source: str, ticket_id: str, complaint: bytes | str) -> Complaint:
    """Read the complaint as it was stored: personal data is hidden, which a model may notice.

    Raises:
        TextRemoved: it was kept no longer.

    """
    if not complaint:
        raise TextRemoved(prediction_id)
    said: dict[str, Any] = orjson.loads(complaint)
    received = said["received_at"]
    return Complaint(
        text=said["text"],
        title=said["title"],
        merchant=said["merchant"],
        address=said["address"],
        source=source,
        ticket_id=ticket_id,
        received_at=received and datetime.fromisoformat(received),
    )

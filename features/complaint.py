"""The complaint: what a citizen said, as the intake system passed it on."""

from dataclasses import dataclass
from datetime import datetime

MAX_TEXT_LENGTH = 20_000
"""Characters of `text`; a longer one is refused, not cut, so that nothing is lost silently."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint, frozen.

    `text` is what was said; `title`, `merchant` and `address` are empty where the intake system has none.
    `source` and `ticket_id` together name the ticket in the system that it came from.
    `received_at` is timezone-aware, or None where it is not known.
    """

    text: str
    title: str = ""
    merchant: str = ""
    address: str = ""
    source: str = ""
    ticket_id: str = ""
    received_at: datetime | None = None

"""What is right, as far as anybody has said so: a person's word before an outcome's, a ruling before a review."""

from collections.abc import Iterable
from typing import NamedTuple

from auditing.cases.provenance import Provenance
from auditing.log.events import Event, OutcomeStatus, ReviewStatus, in_force
from auditing.log.identity import CONTENT_LENGTH

_SAID = (ReviewStatus.CONFIRMED, ReviewStatus.CORRECTED, ReviewStatus.RULED)


class Truth(NamedTuple):
    """The right domain and office; None where nobody said. `event` is the entry of the log that says so."""

    domain: str | None
    office: str | None
    source: Provenance
    event: Event


def truth_of(prediction_id: str, domain: str | None, office: str | None, events: Iterable[Event]) -> Truth | None:
    """Say what is right for a prediction whose answer was `domain` and `office`.

    events: those of its ticket, oldest first. A reviewer's word holds for the content that it was given on, under every
    version; a ticket's outcome for the ticket. A ruling outranks reviews, the latest review those before it, reviews
    the office that closed the ticket, that one the office that has accepted it.
    """
    standing = in_force(events)
    mine = [e for e in standing if e.prediction_id[:CONTENT_LENGTH] == prediction_id[:CONTENT_LENGTH]]
    said = [event for event in mine if event.status in _SAID]
    if said:
        event = max(said, key=lambda event: (event.status is ReviewStatus.RULED, event.seq))
        if event.status is ReviewStatus.CONFIRMED:
            return Truth(event.domain_code or domain, event.office_code or office, Provenance.PERSON, event)
        return Truth(event.domain_code, event.office_code, Provenance.PERSON, event)
    happened = [event for event in standing if isinstance(event.status, OutcomeStatus)]
    closed = [event for event in happened if event.status is OutcomeStatus.CLOSED]
    if closed:
        return Truth(closed[-1].domain_code, closed[-1].office_code, Provenance.IMPORTED, closed[-1])
    if happened and happened[-1].status is OutcomeStatus.ACCEPTED:
        return Truth(happened[-1].domain_code, happened[-1].office_code, Provenance.IMPORTED, happened[-1])
    return None

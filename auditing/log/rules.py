"""What an outcome or a review must say, and who may say it: pure, one look at one record."""

from auditing.errors import MayNotForward, MayNotRule, ReasonIncomplete, ReasonMissing, ReviewIncomplete, UnknownReason
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role, is_centre, return_reasons

_LEADS = (Role.LEAD, Role.ADMIN)


def check(record: Outcome | Review) -> None:
    """Let `record` pass, or raise what is wrong with it.

    Raises:
        ReasonMissing, UnknownReason, ReasonIncomplete: of a return (return_reasons.csv).
        MayNotForward: an office reroutes a ticket.
        MayNotRule, ReviewIncomplete: of a review.
        ValueError: its moment has no time zone.

    """
    if record.occurred_at.tzinfo is None:
        raise ValueError("occurred_at has no time zone")
    if record.reason_code is not None and record.reason_code not in return_reasons():
        raise UnknownReason(return_reasons())
    if isinstance(record, Outcome):
        _check_outcome(record)
    else:
        _check_review(record)


def _check_outcome(outcome: Outcome) -> None:
    if outcome.status is OutcomeStatus.REROUTED and not is_centre(outcome.actor):
        raise MayNotForward
    if outcome.status is not OutcomeStatus.RETURNED:
        return
    if outcome.reason_code is None:
        raise ReasonMissing(return_reasons())
    needs = return_reasons()[outcome.reason_code].needs
    # whom it belongs to may as well be said in the note
    if (needs == "note" and not outcome.note) or (needs == "target" and not (outcome.target or outcome.note)):
        raise ReasonIncomplete(outcome.reason_code, needs)


def _check_review(review: Review) -> None:
    match review.status:
        case ReviewStatus.CORRECTED if not (review.office_code or review.domain_code):
            raise ReviewIncomplete(review.status, "office_code / domain_code")
        case ReviewStatus.RULED if not (review.office_code or review.domain_code):
            raise ReviewIncomplete(review.status, "office_code / domain_code")
        case ReviewStatus.RULED if review.role not in _LEADS:
            raise MayNotRule(review.role, " / ".join(_LEADS))
        case ReviewStatus.OVERRIDE if not (review.office_code and review.note):
            raise ReviewIncomplete(review.status, "office_code + note")
        case ReviewStatus.UNDONE if review.undoes is None:
            raise ReviewIncomplete(review.status, "undoes")


def may_undo(review: Review, author: str) -> bool:
    """Whether who gives `review` may take back an entry of `author`: one's own, and as a lead or an admin any."""
    return review.actor == author or review.role in _LEADS

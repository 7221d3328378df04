"""Where a case stands: which doubts are left, whether it waits for a look, how likely it is wrong. Pure."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from auditing.cases.doubts import Doubt, challenger_disagrees, hard_case, returned
from auditing.cases.truth import Truth, truth_of
from auditing.cases.worth import chance_wrong, uncertainty
from auditing.log.events import Event, OutcomeStatus, ReviewStatus, in_force
from auditing.log.identity import CONTENT_LENGTH

_SETTLING = (ReviewStatus.CONFIRMED, ReviewStatus.CORRECTED, ReviewStatus.RULED)


class Answer(NamedTuple):
    """One head's answer in figures; code None where the model was silent, runner_up 0 where there was none."""

    code: str | None
    confidence: float
    runner_up: float


class Facts(NamedTuple):
    """What is fixed about a prediction.

    heads: domain and office, as far as the model has them. own: doubts of the answer itself. sampled: in the random
    sample. suspected: its label is suspected to be wrong. latest: no later prediction of its ticket.
    """

    prediction_id: str
    domain: Answer | None
    office: Answer | None
    own: Collection[Doubt]
    sampled: bool
    suspected: bool
    latest: bool


class Shadow(NamedTuple):
    """What a challenger would have answered: codes and confidences, None for a head that it does not have."""

    domain: str | None
    domain_confidence: float | None
    office: str | None
    office_confidence: float | None


class Standing(NamedTuple):
    """Where a case stands.

    doubts: those left, most telling first. doubtful: it had some from the beginning, or a challenger's. returned: ever.
    sampled: the random sample is the only reason left. labelled: a person has said what is right.
    """

    doubts: tuple[Doubt, ...]
    doubtful: bool
    returned: bool
    open: bool
    labelled: bool
    sampled: bool
    truth: Truth | None
    wrong: float
    uncertainty: float


def standing(facts: Facts, events: Sequence[Event], shadows: Sequence[Shadow]) -> Standing:
    """Say where a case stands; events: those of its ticket, oldest first."""
    told = in_force(events)
    mine = [e for e in told if e.prediction_id[:CONTENT_LENGTH] == facts.prediction_id[:CONTENT_LENGTH]]
    settled = max((event.seq for event in mine if event.status in _SETTLING), default=0)
    returns = [event.seq for event in told if event.status is OutcomeStatus.RETURNED]
    taken = max((e.seq for e in told if e.status in (OutcomeStatus.ACCEPTED, OutcomeStatus.CLOSED)), default=0)
    ruled = max((event.seq for event in told if event.status is ReviewStatus.RULED), default=0)
    assigned = max((event.seq for event in told if event.status is ReviewStatus.OVERRIDE), default=0)
    differing = [shadow for shadow in shadows if _differs(facts, shadow)]

    left: set[Doubt] = set()
    if not settled:
        left.update([Doubt.SUSPECTED_LABEL_ERROR] if facts.suspected else [])
        left.update([Doubt.AUDIT_SAMPLE] if facts.sampled else [])
        # an office that took the ticket has answered what the model was unsure of
        if not taken:
            left.update(facts.own)
            left.update([Doubt.CHALLENGER_DISAGREES] if differing else [])
    if returned(len([seq for seq in returns if seq > max(settled, taken, assigned)])):
        left.add(Doubt.RETURNED)
    sent_up = any(event.status is ReviewStatus.TO_RULING and event.seq > ruled for event in mine)
    if hard_case(len([seq for seq in returns if seq > ruled]), sent_up=sent_up):
        left.add(Doubt.HARD_CASE)
    if _second_look_asked(mine):
        left.add(Doubt.SECOND_LOOK)

    heads = [head for head in (facts.domain, facts.office) if head is not None and head.code is not None]
    silent = not heads
    return Standing(
        doubts=tuple(doubt for doubt in Doubt if doubt in left),
        doubtful=bool(facts.own) or bool(differing),
        returned=bool(returns),
        open=facts.latest and bool(left),
        labelled=bool(settled),
        sampled=left == {Doubt.AUDIT_SAMPLE},
        truth=truth_of(
            facts.prediction_id,
            facts.domain.code if facts.domain else None,
            facts.office.code if facts.office else None,
            events,
        ),
        wrong=chance_wrong(
            tuple(head.confidence for head in heads),
            max((_certainty(facts, shadow) for shadow in differing), default=None),
            returned=Doubt.RETURNED in left or Doubt.HARD_CASE in left,
        ),
        uncertainty=1.0 if silent else max(uncertainty(head.confidence, head.runner_up) for head in heads),
    )


def _differs(facts: Facts, shadow: Shadow) -> bool:
    pairs = []
    for head, code, confidence in (
        (facts.domain, shadow.domain, shadow.domain_confidence),
        (facts.office, shadow.office, shadow.office_confidence),
    ):
        if head is not None and confidence is not None:
            pairs.append((head.code, code))
    return challenger_disagrees([one for one, _ in pairs], [other for _, other in pairs])


def _certainty(facts: Facts, shadow: Shadow) -> float:
    """Give the probability that a challenger has for its own answer, of the head on which it differs most surely."""
    return max(
        confidence
        for head, code, confidence in (
            (facts.domain, shadow.domain, shadow.domain_confidence),
            (facts.office, shadow.office, shadow.office_confidence),
        )
        if head is not None and confidence is not None and head.code != code
    )


def _second_look_asked(mine: Sequence[Event]) -> bool:
    """Whether a second look was asked for and nobody but who asked has settled the case since."""
    asked = [event for event in mine if event.status is ReviewStatus.SECOND_LOOK]
    if not asked:
        return False
    return not any(
        event.status in _SETTLING and event.seq > asked[-1].seq and event.actor != asked[-1].actor for event in mine
    )

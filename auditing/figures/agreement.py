"""How far two reviewers who looked at the same case agree."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sklearn.metrics import cohen_kappa_score
from sqlalchemy import Engine, func, select

from auditing.figures.estimates import NOTHING, share_interval
from auditing.figures.measures import EVER, Window
from auditing.log.events import Event, Kind, ReviewStatus, in_force
from auditing.log.history import event_of
from auditing.log.identity import TICKET_LENGTH
from auditing.store.schema_cases import cases
from auditing.store.schema_history import events
from models.prediction import TARGETS, Target

_AT_ONCE = 500


class Agreement(NamedTuple):
    """Two people's labels of the same cases, for one head.

    value: share of the pairs that agree, with its 95 % interval. kappa: Cohen's, the agreement beyond chance (J. Cohen
    1960), from -1 to 1; NaN where there is no pair, or where all labels are one and chance explains everything.
    """

    target: Target
    pairs: int
    agreed: int
    value: float
    low: float
    high: float
    kappa: float


def agreement(target: Target, pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Measure agreement of pairs of labels."""
    agreed = sum(one == other for one, other in pairs)
    several = len({label for pair in pairs for label in pair}) > 1
    kappa = cohen_kappa_score([one for one, _ in pairs], [other for _, other in pairs]) if several else NOTHING
    share = agreed / len(pairs) if pairs else NOTHING
    return Agreement(target, len(pairs), agreed, share, *share_interval(agreed, len(pairs)), float(kappa))


def double_labels(
    reviews: Iterable[Event], answers: Mapping[str, Mapping[Target, str | None]]
) -> dict[Target, list[tuple[str, str]]]:
    """Pair the labels of the first two people that labelled the same prediction, each by their last word.

    reviews: oldest first. answers: what was predicted, by prediction and head: what confirming it says.
    """
    said: dict[str, dict[str, Event]] = {}
    for event in in_force(reviews):
        if event.status in (ReviewStatus.CONFIRMED, ReviewStatus.CORRECTED):
            said.setdefault(event.prediction_id, {})[event.actor] = event
    pairs: dict[Target, list[tuple[str, str]]] = {target: [] for target in TARGETS}
    for prediction_id, by_actor in said.items():
        words = sorted(by_actor.values(), key=lambda event: event.seq)[:2]
        for target in TARGETS:
            labels = [_label(event, target, answers.get(prediction_id, {})) for event in words]
            match labels:
                case [str(one), str(other)]:
                    pairs[target].append((one, other))
    return pairs


def reviewers_agreement(engine: Engine, window: Window = EVER) -> list[Agreement]:
    """Measure the agreement on cases with labels of two people, for each head; `window` is of the predictions."""
    review = events.c.kind == Kind.REVIEW.value
    twice = (
        select(events.c.prediction_id)
        .where(review)
        .group_by(events.c.prediction_id)
        .having(func.count(events.c.actor.distinct()) > 1)
    )
    with engine.connect() as connection:
        told = connection.execute(
            select(events).where(review, events.c.prediction_id.in_(twice)).order_by(events.c.seq)
        ).all()
        ids = sorted({row.prediction_id for row in told})
        answers: dict[str, Mapping[Target, str | None]] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            rows = connection.execute(
                select(cases.c.prediction_id, cases.c.domain_code, cases.c.office_code).where(
                    cases.c.ticket.in_({each[:TICKET_LENGTH] for each in part}),
                    cases.c.prediction_id.in_(part),
                    *window.of(cases.c.created_at),
                )
            )
            answers |= {row.prediction_id: {"domain": row.domain_code, "office": row.office_code} for row in rows}
    pairs = double_labels((event_of(row) for row in told if row.prediction_id in answers), answers)
    return [agreement(target, pairs[target]) for target in TARGETS]


def _label(event: Event, target: Target, answer: Mapping[Target, str | None]) -> str | None:
    given = event.domain_code if target == "domain" else event.office_code
    return answer.get(target) if given is None and event.status is ReviewStatus.CONFIRMED else given

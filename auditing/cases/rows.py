"""Rows of the case tables: made of a prediction's row, read back as facts, changed by a standing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row

from auditing.cases.dispatch import Dispatch
from auditing.cases.doubts import Doubt, heads_disagree, low_confidence, low_margin, out_of_distribution
from auditing.cases.likeness import bands_of
from auditing.cases.standing import Answer, Facts, Standing
from auditing.log.identity import TICKET_LENGTH
from models.prediction import Decision

CHINA = timezone(timedelta(hours=8))
"""Weeks and days begin at midnight there."""


class Draft(NamedTuple):
    """A case on its way into the table, but for what depends on other cases; `bands`: see `auditing.cases.likeness`."""

    row: dict[str, Any]
    bands: tuple[int, ...]


def draft_of(row: Row[Any], handled: Mapping[str, Collection[str]], *, sampled: bool) -> Draft:
    """Make the case of a row of `predictions`; texts that retention has removed leave out what they would tell."""
    answer = orjson.loads(row.answer) if row.answer else {}
    complaint = orjson.loads(row.complaint) if row.complaint else {}
    decisions = [each for each in (row.domain_decision, row.office_decision) if each is not None]
    filled = {
        "seq": row.seq,
        "prediction_id": row.prediction_id,
        "ticket": row.prediction_id[:TICKET_LENGTH],
        "created_at": row.created_at,
        "week": week_of(row.created_at),
        "model_version": row.model_version,
        "domain_code": row.domain_code,
        "domain_confidence": row.domain_confidence,
        "domain_runner_up": _runner_up(answer.get("domain")),
        "office_code": row.office_code,
        "office_confidence": row.office_confidence,
        "office_runner_up": _runner_up(answer.get("office")),
        "auto": bool(decisions) and all(each == Decision.AUTO for each in decisions),
        "sampled": sampled,
        "suspected": False,
        "doubtful": False,
        "returned": False,
        "doubts": written([]),
        "open": False,
        "labelled": False,
        "wrong": 0.0,
        "uncertainty": 0.0,
        "alike": -1,
        "value": 0.0,
    }
    filled["own_doubts"] = written(_own_doubts(filled, row, handled))
    return Draft(filled, bands_of(complaint.get("title", "") + complaint.get("text", "")))


def _own_doubts(case: Mapping[str, Any], row: Row[Any], handled: Mapping[str, Collection[str]]) -> list[Doubt]:
    heads = [name for name in ("domain", "office") if case[f"{name}_confidence"] is not None]
    if heads and out_of_distribution([case[f"{name}_code"] for name in heads]).all():
        return [Doubt.OUT_OF_DISTRIBUTION]
    found = []
    if any(low_confidence(getattr(row, f"{name}_decision")) for name in heads):
        found.append(Doubt.LOW_CONFIDENCE)
    if heads_disagree(case["domain_code"], case["office_code"], handled):
        found.append(Doubt.HEADS_DISAGREE)
    if any(low_margin(case[f"{name}_confidence"], case[f"{name}_runner_up"]) for name in heads):
        found.append(Doubt.LOW_MARGIN)
    return found


def _runner_up(head: Mapping[str, Any] | None) -> float:
    alternatives = head["alternatives"] if head else []
    return float(alternatives[0]["confidence"]) if alternatives else 0.0


def facts_of(row: Row[Any]) -> Facts:
    """Read what is fixed about a case back from its row."""
    return Facts(
        prediction_id=row.prediction_id,
        domain=_answer(row.domain_code, row.domain_confidence, row.domain_runner_up),
        office=_answer(row.office_code, row.office_confidence, row.office_runner_up),
        own=names_of(row.own_doubts),
        sampled=row.sampled,
        suspected=row.suspected,
        latest=row.latest,
    )


def _answer(code: str | None, confidence: float | None, runner_up: float | None) -> Answer | None:
    return None if confidence is None else Answer(code, confidence, runner_up or 0.0)


def standing_row(seq: int, found: Standing) -> dict[str, Any]:
    """Give the columns that a standing fills, and the row that it belongs to as `this_seq`."""
    return {
        "this_seq": seq,
        "doubtful": found.doubtful,
        "returned": found.returned,
        "doubts": written(found.doubts),
        "open": found.open,
        "labelled": found.labelled,
        "true_domain": found.truth.domain if found.truth else None,
        "true_office": found.truth.office if found.truth else None,
        "true_source": found.truth.source.value if found.truth else None,
        "wrong": found.wrong,
        "uncertainty": found.uncertainty,
        "alike": -1 if found.open else 0,
        "value": 0.0,
    }


def dispatch_rows(first: Row[Any], told: Sequence[Dispatch]) -> Iterator[dict[str, Any]]:
    """Give the rows of a ticket's dispatches; `first` is the case of its first prediction."""
    for number, each in enumerate(told, 1):
        yield {
            "ticket": first.ticket,
            "number": number,
            "office_code": each.office,
            "received": each.received,
            "returned": each.returned,
            "agreed": each.agreed,
            "last": number == len(told),
            "closed": each.closed,
            "created_at": first.created_at,
            "week": first.week,
            "model_version": first.model_version,
            "domain_code": first.domain_code,
            "suggested_office": first.office_code,
        }


def written(doubts: Collection[Doubt]) -> str:
    """Write doubts so that each can be found between blanks."""
    return f" {' '.join(doubt for doubt in Doubt if doubt in doubts)} " if doubts else ""


def names_of(text: str) -> tuple[Doubt, ...]:
    """Read doubts back."""
    return tuple(Doubt(name) for name in text.split())


def week_of(moment: datetime) -> str:
    """Name the ISO week of a moment, China's time: 2026-W41."""
    year, week, _ = moment.astimezone(CHINA).isocalendar()
    return f"{year}-W{week:02}"


def as_of(day: datetime) -> datetime:
    """Give the beginning of the day of a moment, China's time, in UTC."""
    return day.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)

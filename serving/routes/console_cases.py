"""The console's queue and case pages."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from auditing.cases.desk import Answered, answers_of_ticket, choices, neighbours
from auditing.cases.queue import case_of, ended_alike, queue, waiting, waiting_by_doubt
from auditing.cases.rows import CHINA
from auditing.errors import TextRemoved, UnknownPrediction
from auditing.log.accesses import Action
from auditing.log.events import Event, Kind, ReviewStatus, excluded_offices, in_force, return_reasons
from auditing.log.identity import ID_LENGTH
from models.prediction import TARGETS
from serving.console.clock_bars import clock_bars
from serving.console.desk import AGES, Desk, filters_of, wanted_of
from serving.console.visits import CONSOLE, AskedWrongly, Page, Reply, Visit
from serving.pages.highlight import pieces

PER_PAGE = 25
"""Cases on a page of the queue."""

SETTLING = (ReviewStatus.CONFIRMED, ReviewStatus.CORRECTED, ReviewStatus.RULED)
"""Reviews that say what is right."""

_FIELDS = ("title", "text", "merchant", "address")


def show_queue(desk: Desk, visit: Visit) -> Reply:
    """Show open cases in the order of the value of a look."""
    wanted, number = wanted_of(visit), _number(visit, "page")
    complete = desk.keeper.catch_up()
    filters = filters_of(visit)
    desk.note(visit, Action.SEARCH, None, f"queue {urlencode(filters)}"[:200])
    total = waiting(desk.engine, wanted)
    return Page(
        "queue",
        {
            "cases": queue(desk.engine, wanted, limit=PER_PAGE, offset=(number - 1) * PER_PAGE),
            "counts": waiting_by_doubt(desk.engine),
            "choices": choices(desk.engine),
            "ages": tuple(AGES),
            "total": total,
            "page": number,
            "pages": max(1, math.ceil(total / PER_PAGE)),
            "wanted": wanted,
            "filters": filters,
            "query": _query(filters),
            "names": desk.names(),
            "complete": complete,
            "done": done(desk, visit),
        },
    )


def show_case(desk: Desk, visit: Visit) -> Reply:
    """Show one case. Raises UnknownPrediction, CaseNotReady."""
    prediction_id = case_id(visit)
    desk.keeper.catch_up()
    # written down before it is shown; what is no case is not written down
    found = case_of(desk.engine, prediction_id)
    desk.note(visit, Action.VIEW, prediction_id, "console")
    return Page("case", case_context(desk, visit, prediction_id) | {"case": found, "done": done(desk, visit)})


def case_context(desk: Desk, visit: Visit, prediction_id: str) -> dict[str, Any]:
    """Gather what the case page shows besides the case itself."""
    history, filters = desk.events.of_ticket(prediction_id), filters_of(visit)
    complaint, answer = _texts(desk, prediction_id)
    evidence = answer.get("evidence", [])
    blind = _is_blind(visit.person.name, prediction_id, history)
    around = neighbours(desk.engine, prediction_id, wanted_of(visit))
    shown = [event for event in history if not (blind and event.kind is Kind.REVIEW and event.status in SETTLING)]
    standing = {event.seq for event in in_force(history)}
    answers = answers_of_ticket(desk.engine, prediction_id)
    return {
        "complaint": complaint,
        "texts": {field: pieces(complaint[field], field, evidence) for field in _FIELDS if complaint.get(field)},
        "heads": {target: _head(target, answer[target], evidence) for target in TARGETS if answer.get(target)},
        "model": answer.get("model"),
        # answers of before the charter have none of it
        "resolved": answer if answer.get("route") else None,
        "fired": _fired(answer.get("urgency"), complaint),
        "bars": clock_bars(answer, history, visit.at, _begun(complaint, answers)),
        "answers": answers,
        "history": shown,
        "in_force": standing,
        "blind": blind,
        "seen": history[-1].seq if history else 0,
        "undoable": _undoable(visit, prediction_id, history, standing),
        "returned_by": excluded_offices(history),
        "alike": ended_alike(desk.engine, prediction_id),
        "around": around,
        "labels": desk.labels(),
        "names": desk.names(),
        "reasons": return_reasons(),
        "others": [p for p in desk.people.list() if p.disabled_at is None and p.person_id != visit.person.person_id],
        "filters": filters,
        "query": _query(filters),
        "odds": lambda gap: math.exp(min(gap, 20.0)),
    }


def case_id(visit: Visit) -> str:
    """Read the id of a case from the path. Raises UnknownPrediction."""
    found = visit.places["prediction_id"]
    if len(found) != ID_LENGTH or not found.isascii():
        raise UnknownPrediction(found[:ID_LENGTH])
    return found


def done(desk: Desk, visit: Visit) -> Event | None:
    """Give the review that this person has just given, to say so and to offer to take it back."""
    seq, prediction_id = visit.query.get("done", ""), visit.query.get("of", "")
    if not seq.isdecimal() or len(prediction_id) != ID_LENGTH:
        return None
    told = desk.events.of_prediction(prediction_id)
    mine = [event for event in told if event.seq == int(seq[:18]) and event.actor == visit.person.name]
    return mine[0] if mine else None


def _is_blind(name: str, prediction_id: str, history: Sequence[Event]) -> bool:
    """Whether this person is asked for a second look: then the first one's word must not be seen before it is given."""
    mine = [event for event in in_force(history) if event.prediction_id == prediction_id]
    asked = [event for event in mine if event.status is ReviewStatus.SECOND_LOOK]
    if not asked or asked[-1].actor == name:
        return False
    settled = [event for event in mine if event.status in SETTLING]
    return any(event.actor != name for event in settled) and not any(event.actor == name for event in settled)


def _undoable(visit: Visit, prediction_id: str, history: Sequence[Event], standing: set[int]) -> Event | None:
    """Give this person's last review of the case that still holds."""
    mine = [
        event
        for event in history
        if event.seq in standing
        and event.kind is Kind.REVIEW
        and event.actor == visit.person.name
        and event.prediction_id == prediction_id
    ]
    return mine[-1] if mine else None


def _texts(desk: Desk, prediction_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        stored = desk.service.find(prediction_id)
    except TextRemoved:
        return {}, {}
    return orjson.loads(stored.complaint), orjson.loads(stored.answer)


def _fired(urgency: Mapping[str, Any] | None, complaint: Mapping[str, str]) -> str:
    """Give the words that made a ticket urgent."""
    if not urgency or not urgency.get("field"):
        return ""
    return complaint.get(urgency["field"], "")[urgency["start"] : urgency["end"]]


def _begun(complaint: Mapping[str, Any], answers: Sequence[Answered]) -> datetime:
    given = complaint.get("received_at")
    moment = datetime.fromisoformat(given) if given else answers[0].created_at
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def _head(target: str, head: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mine = sorted((each for each in evidence if each["target"] == target), key=lambda each: -abs(each["weight"]))
    return {**head, "evidence": mine, "largest": max((abs(each["weight"]) for each in mine), default=1.0) or 1.0}


def _number(visit: Visit, name: str) -> int:
    given = visit.query.get(name, "1")
    if not (given.isascii() and given.isdecimal() and len(given) < 7 and int(given)):  # noqa: PLR2004 - no queue has a million pages
        raise AskedWrongly(name)
    return int(given)


def _query(filters: Mapping[str, str]) -> str:
    return f"?{urlencode(filters)}" if filters else ""


def queue_with(event: Event, filters: Mapping[str, str]) -> str:
    """Give the address of the queue that says what was done."""
    return f"{CONSOLE}?{urlencode({**filters, 'done': str(event.seq), 'of': event.prediction_id})}"

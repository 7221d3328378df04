"""What a person does to a case: each is a review that is appended, and then the next case is shown."""

from collections.abc import Mapping
from urllib.parse import urlencode

from auditing.cases.desk import neighbours
from auditing.log.events import Event, Review, ReviewStatus
from serving.console.desk import AGES, Desk, filters_of, wanted_of
from serving.console.visits import CONSOLE, AskedWrongly, Away, CaseChanged, Reply, Visit
from serving.routes.console_cases import case_id, queue_with

_LONGEST_NOTE = 2000
_ACTIONS = tuple(status.value for status in ReviewStatus if status is not ReviewStatus.UNDONE)
_STAYING = (ReviewStatus.OVERRIDE, ReviewStatus.SECOND_LOOK)
"""After these the case is shown again: there is more to say about it."""


def review(desk: Desk, visit: Visit) -> Reply:
    """Take a decision on a case.

    Raises:
        AskedWrongly, CaseChanged, UnknownPrediction: nothing was written.
        MayNotRule, ReviewIncomplete, UnknownReason: see auditing/log/rules.py.

    """
    prediction_id, form = case_id(visit), visit.form
    action = form.get("action", "")
    if action not in _ACTIONS:
        raise AskedWrongly("action")
    status = ReviewStatus(action)
    _check_seen(desk, visit, prediction_id)
    labels = desk.labels()
    says = status in (ReviewStatus.CORRECTED, ReviewStatus.RULED)
    domain = _chosen(form, "domain_code", labels["domain"]) if says else None
    office = _chosen(form, "office_code", labels["office"]) if says else None
    if status is ReviewStatus.OVERRIDE:
        office = form.get("returned_by") or None
    # asked for before the decision moves the case
    following = neighbours(desk.engine, prediction_id, wanted_of(_asking(visit))).after
    event = _append(
        desk,
        visit,
        Review(
            prediction_id,
            status,
            visit.person.name,
            visit.person.role,
            visit.at,
            office_code=office,
            domain_code=domain,
            reason_code=(form.get("reason_code") or None) if says else None,
            note=form.get("note", "").strip()[:_LONGEST_NOTE],
            asked=form.get("asked", "") if status is ReviewStatus.SECOND_LOOK else "",
        ),
    )
    filters = filters_of(_asking(visit))
    if status in _STAYING:
        return Away(_case(prediction_id, event, filters))
    return Away(_case(following, event, filters) if following else queue_with(event, filters))


def undo(desk: Desk, visit: Visit) -> Reply:
    """Take an earlier entry back by a further one, and show its case.

    Raises:
        AskedWrongly, UnknownEvent, MayNotRule: nothing was written.

    """
    prediction_id, given = case_id(visit), visit.form.get("event", "")
    if not (given.isascii() and given.isdecimal() and len(given) < 19):  # noqa: PLR2004 - digits of the largest number of a row
        raise AskedWrongly("event")
    person = visit.person
    event = _append(
        desk,
        visit,
        Review(prediction_id, ReviewStatus.UNDONE, person.name, person.role, visit.at, undoes=int(given)),
    )
    return Away(_case(prediction_id, event, filters_of(_asking(visit))))


def _append(desk: Desk, visit: Visit, record: Review) -> Event:
    event = desk.events.append(record, visit.person.person_id).event
    desk.keeper.catch_up()
    return event


def _check_seen(desk: Desk, visit: Visit, prediction_id: str) -> None:
    seen = visit.form.get("seen", "")
    if not (seen.isascii() and seen.isdecimal()):
        raise AskedWrongly("seen")
    history = desk.events.of_ticket(prediction_id)
    # one's own word in another window is no news
    if any(event.seq > int(seen[:18]) and event.actor != visit.person.name for event in history):
        raise CaseChanged


def _chosen(form: Mapping[str, str], name: str, known: Mapping[str, str]) -> str | None:
    given = form.get(name) or None
    if given is not None and given not in known:
        raise AskedWrongly(name)
    return given


def _asking(visit: Visit) -> Visit:
    """Give a visit whose filters are those that the form carries."""
    carried = {
        name: visit.form[name] for name in ("doubt", "office", "domain", "version", "age") if visit.form.get(name)
    }
    if carried.get("age") not in (None, *AGES):
        raise AskedWrongly("age")
    return Visit(visit.path, carried, visit.places, {}, visit.preferences, visit.session, visit.form_token, visit.at)


def _case(prediction_id: str, event: Event, filters: Mapping[str, str]) -> str:
    said = {**filters, "done": str(event.seq), "of": event.prediction_id}
    return f"{CONSOLE}/cases/{prediction_id}?{urlencode(said)}"

"""The console's pages about the service itself: the versions and how complaints drift, and who looked at what."""

from datetime import timedelta
from typing import Any

from auditing.accesses import Action
from auditing.drift import drift, first_days, reading
from auditing.measures import accuracy_of_all
from auditing.shadows import ShadowLog
from models.triage import TriageModel
from serving.desk import Desk
from serving.keeper import reference_of
from serving.visits import AskedWrongly, Page, Reply, Visit

DAYS = 7
"""Days whose drift is shown."""

_DISAGREEMENTS = 50
_ACCESSES = 100


def show_versions(desk: Desk, visit: Visit) -> Reply:
    """Show what answers, what is asked beside it, and whether complaints still look as they did."""
    complete = desk.keeper.catch_up()
    desk.note(visit, Action.SEARCH, None, "versions")
    shadows = ShadowLog(desk.engine)
    asked = next(iter(shadows.challengers()), None)
    return Page(
        "versions",
        {
            "live": desk.service.live,
            "following": desk.follower.following if desk.follower else None,
            "challenger": desk.challenger.version if desk.challenger else None,
            "asked": asked,
            "heads": shadows.standing(asked) if asked else (),
            "disagreements": shadows.disagreements(asked, _DISAGREEMENTS) if asked else [],
            "overall": accuracy_of_all(desk.engine),
            "names": desk.names(),
            "complete": complete,
            **_drift(desk, visit),
        },
    )


def show_accesses(desk: Desk, visit: Visit) -> Reply:
    """Show the access log, newest first."""
    given = visit.query.get("before")
    if given is not None and not (given.isascii() and given.isdecimal() and len(given) < 19):  # noqa: PLR2004 - a row's number
        raise AskedWrongly("before")
    desk.note(visit, Action.SEARCH, None, "accesses")
    rows = desk.accesses.latest(_ACCESSES, int(given) if given else None)
    people = {person.person_id: person.name for person in desk.people.list()}
    older = rows[-1].seq if len(rows) == _ACCESSES else None
    return Page("accesses", {"rows": rows, "people": people, "older": older})


def _drift(desk: Desk, visit: Visit) -> dict[str, Any]:
    live = desk.service.live
    if live is None:
        return {"days": [], "reference": None}
    version, model = live.model.version.version, live.model
    facts_of = reading(model) if isinstance(model, TriageModel) else None
    trained = reference_of(model)
    reference = trained or first_days(desk.engine, version, facts_of=facts_of)
    if reference is None:
        return {"days": [], "reference": None}
    found = drift(desk.engine, reference, version, visit.at - timedelta(days=DAYS - 1), visit.at, facts_of)
    return {"days": found[::-1], "reference": "training" if trained else "first_days"}

"""The console's pages about the service itself: the versions and how complaints drift, and who looked at what."""

from collections.abc import Sequence
from typing import Any

from auditing.figures.measures import accuracy_of_all
from auditing.log.accesses import Action
from auditing.log.events import Role
from auditing.reruns.shadows import ShadowLog
from models.history import Change
from models.versions import RegistryUnavailable
from serving.beside.last_days import LastDays, last_days
from serving.console.desk import Desk
from serving.console.visits import CONSOLE, AskedWrongly, Away, Page, Reply, Visit
from serving.refusals import NoModel

_DISAGREEMENTS = 50
_ACCESSES = 100
_CHANGES = 50


def show_versions(desk: Desk, visit: Visit) -> Reply:
    """Show what answers, what is asked beside it, and whether complaints still look as they did."""
    complete = desk.keeper.catch_up()
    desk.note(visit, Action.SEARCH, None, "versions")
    shadows, changes = ShadowLog(desk.engine), _changes(desk)
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
            "changes": changes[: -_CHANGES - 1 : -1] if changes is not None else None,
            "more": max(0, len(changes or ()) - _CHANGES),
            "can_reload": desk.follower is not None and visit.person.role is Role.ADMIN,
            "looked": "looked" in visit.query,
            **_drift(desk, visit),
        },
    )


def reload(desk: Desk, visit: Visit) -> Reply:
    """Look after the alias now, and show what came of it. Raises NoModel where this process follows none."""
    if desk.follower is None:
        raise NoModel
    desk.note(visit, Action.CHANGE, None, "reload")
    desk.follower.look(anew=True)
    return Away(f"{CONSOLE}/versions?looked=1")


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


def _changes(desk: Desk) -> Sequence[Change] | None:
    """List the changes of the champion, oldest first; None where nobody can tell."""
    try:
        return desk.changes() if desk.changes else None
    except RegistryUnavailable:
        return None


def _drift(desk: Desk, visit: Visit) -> dict[str, Any]:
    live = desk.service.live
    found = last_days(desk.engine, live.model, visit.at) if live else LastDays([], None)
    return {"days": found.days[::-1], "reference": found.reference}

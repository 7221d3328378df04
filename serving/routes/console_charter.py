"""The console's charter: shown to everybody, changed by leads, who see beforehand what a change would move."""

from datetime import date
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from auditing.cases.rows import CHINA
from auditing.charters.book import CharterChange, StoredCharter
from auditing.charters.errors import ChangeUnexplained, CharterChanged, CharterRefused
from auditing.charters.matrix import Matrix, Part, matrix_of, matrix_svg
from auditing.charters.moves import past_tickets
from auditing.log.accesses import Action
from models.charter.articles import STATION
from models.charter.checking import check, errors_of
from models.charter.difference import Change, changes, moved
from models.charter.reading import CharterUnreadable, read_charter
from serving.console.desk import Desk
from serving.console.visits import CONSOLE, AskedWrongly, Away, CharterUnchecked, Download, Page, Reply, Visit
from serving.pages.texts import half, texts

CHARTER = f"{CONSOLE}/charter"
PAST = 1000
"""Answers of the log that a new charter is tried on."""

_COMMA = "、"
"""Between the members of a list, where a change is told in words."""
_LONGEST_REASON = 2000
_DIGITS = 9


def show_charter(desk: Desk, visit: Visit) -> Reply:
    """Show a charter, by default the one in force, and how it came to be. Raises UnknownCharter."""
    book, number = desk.charters.book, _number(visit.query.get("number"))
    desk.note(visit, Action.SEARCH, None, "charter" if number is None else f"charter {number}")
    history, active = book.history(), book.active()
    stored = active if number is None else book.get(number)
    charter, on = stored.read(), _today(visit)
    offices = {office.code: office.name for office in charter.offices}
    return Page(
        "charter",
        {
            "stored": stored,
            "charter": charter,
            "active": active,
            "change": _activation(history, stored),
            "history": history[::-1],
            "seen": history[-1].seq if history else 0,
            "people": {person.person_id: person.name for person in desk.people.list()},
            "matrix": (matrix := matrix_of(charter, on, _say(visit, "station"))),
            "picture": _picture(visit, matrix),
            "offices": offices,
            "domains": dict(charter.domains),
            "conditions": {each.code: each.name for each in charter.conditions},
            "departments": {each.code: each.name for each in charter.departments},
            "on": on,
            "STATION": STATION,
            "done": _number(visit.query.get("done")),
        },
    )


def edit_charter(desk: Desk, visit: Visit) -> Reply:
    """Offer the text of a charter, by default the one in force, to be changed. Raises UnknownCharter."""
    number = _number(visit.query.get("number"))
    desk.note(visit, Action.SEARCH, None, "charter edit")
    book = desk.charters.book
    return Page("charter_edit", _editing(desk, (book.active() if number is None else book.get(number)).text))


def check_charter(desk: Desk, visit: Visit) -> Reply:
    """Say what is wrong with a text, and what it would change."""
    text = _text(visit)
    desk.note(visit, Action.SEARCH, None, f"charter check {_digest(text)}")
    return Page("charter_edit", _editing(desk, text) | _checked(desk, visit, text))


def activate_charter(desk: Desk, visit: Visit) -> Reply:
    """Put a checked text into force; a text that is refused is shown again, with the reason why."""
    text, reason = _text(visit), visit.form.get("reason", "").strip()[:_LONGEST_REASON]
    seen = _number(visit.form.get("seen"))
    if seen is None:
        raise AskedWrongly("seen")
    person, book = visit.person, desk.charters.book
    try:
        _expect_checked(visit, text, reason)
        stored = book.put(text, person.name, reason, by=person.person_id)
        change = book.activate(stored.number, person.name, reason, after=seen, by=person.person_id)
    except (CharterUnchecked, CharterChanged, ChangeUnexplained, CharterRefused, CharterUnreadable) as refused:
        message = half(str(refused), visit.preferences.language) if not isinstance(refused, CharterUnreadable) else ""
        shown = _editing(desk, text) | _checked(desk, visit, text)
        return Page("charter_edit", shown | {"message": message, "reason": reason}, 409)
    desk.charters.look()
    return Away(f"{CHARTER}?done={change.seq}")


def rollback_charter(desk: Desk, visit: Visit) -> Reply:
    """Put the charter before into force again.

    Raises:
        AskedWrongly, CharterChanged, ChangeUnexplained, NoEarlierCharter: nothing was changed.

    """
    seen = _number(visit.form.get("seen"))
    if seen is None:
        raise AskedWrongly("seen")
    person, reason = visit.person, visit.form.get("reason", "").strip()[:_LONGEST_REASON]
    change = desk.charters.book.rollback(person.name, reason, after=seen, by=person.person_id)
    desk.charters.look()
    return Away(f"{CHARTER}?done={change.seq}")


def export_charter(desk: Desk, visit: Visit) -> Reply:
    """Give the text of a charter as a file. Raises UnknownCharter."""
    book, number = desk.charters.book, _number(visit.query.get("number"))
    stored = book.active() if number is None else book.get(number)
    desk.note(visit, Action.EXPORT, None, f"charter {stored.number}")
    return Download(f"charter-{stored.version.version}.yaml", "application/yaml; charset=utf-8", stored.text.encode())


def _editing(desk: Desk, text: str) -> dict[str, Any]:
    history = desk.charters.book.history()
    return {
        "text": text,
        "seen": history[-1].seq if history else 0,
        "active": desk.charters.book.active(),
        "findings": None,
        "changes": (),
        "moves": (),
        "tried": 0,
        "checked": "",
        "message": "",
        "reason": "",
        "names": desk.names(),
    }


def _checked(desk: Desk, visit: Visit, text: str) -> dict[str, Any]:
    try:
        charter = read_charter(text)
    except CharterUnreadable as unreadable:
        return {"findings": unreadable.faults}
    on = _today(visit)
    findings = check(charter, on)
    found: dict[str, Any] = {"findings": findings}
    old = desk.charters.book.active().read()
    found["changes"] = [(each, _differences(each)) for each in changes(old, charter)]
    if not errors_of(findings):
        past = past_tickets(desk.engine, PAST)
        found |= {"moves": moved(old, charter, past, on), "tried": len(past), "checked": _digest(text)}
    named = {office.code: office.name for each in (old, charter) for office in each.offices}
    return found | {"names": desk.names() | named}


def _differences(change: Change) -> list[tuple[str, str, str]]:
    """Give (member, what went, what came) of a changed article; of a list only what differs."""
    found = []
    for member, after in change.after.items():
        gone, come = change.before[member].split(_COMMA), after.split(_COMMA)
        # the same in another order differs as a whole
        kept = set(gone) & set(come) if sorted(gone) != sorted(come) else set[str]()
        found.append((member, _without(gone, kept), _without(come, kept)))
    return found


def _without(members: list[str], kept: set[str]) -> str:
    return _COMMA.join(each for each in members if each not in kept)


def _expect_checked(visit: Visit, text: str, reason: str) -> None:
    if visit.form.get("checked") != _digest(text):
        raise CharterUnchecked
    # asked before the text is kept
    if not reason:
        raise ChangeUnexplained


def _activation(history: tuple[CharterChange, ...], stored: StoredCharter) -> CharterChange | None:
    """Give the change that put a charter into force last."""
    return next((each for each in reversed(history) if each.number == stored.number), None)


def _picture(visit: Visit, matrix: Matrix) -> Markup:
    words = {part: _say(visit, f"part_{part}") for part in Part}
    # drawn by us, every label in it escaped
    return Markup(matrix_svg(matrix, words, _say(visit, "matrix")))  # noqa: S704


def _say(visit: Visit, key: str) -> str:
    return texts()[key][visit.preferences.language]


def _text(visit: Visit) -> str:
    """Read the text of a form, with the ends of lines that it had before a browser sent it (HTML, 4.10.21.4)."""
    return visit.form.get("text", "").replace("\r\n", "\n")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _today(visit: Visit) -> date:
    return visit.at.astimezone(CHINA).date()


def _number(given: str | None) -> int | None:
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= _DIGITS):
        raise AskedWrongly("number")
    return int(given)

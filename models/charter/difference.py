"""What a new charter changes, in words, and which past tickets it would have sent elsewhere."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal, NamedTuple

from features.complaint import Complaint
from models.charter.articles import Charter, PlaceName, Request, Validity
from models.charter.conditions import ConditionFinder
from models.charter.division import Division
from models.charter.places import PlaceFinder
from models.charter.vocabulary import word_of

What = Literal["added", "removed", "changed"]
SECTIONS = {
    "offices": "code",
    "conditions": "code",
    "responsibilities": "code",
    "territories": "station",
    "departments": "code",
    "urgency": "code",
    "clocks": "code",
}
"""Sections of a charter whose articles have a code of their own, and where it stands."""
LONG_LIST = 8
"""Items of a list that is still shown whole where it changes."""

_CLOSED = frozenset({"kind", "kinds", "lead", "assisting", "unit"})


@dataclass(frozen=True, slots=True)
class Change:
    """An article that was added, removed or changed. line: in the new file, or in the old one where it was removed.

    before, after: the same keys, those with another value, and the value in words; "" where it is not there. Of a list
    of more than LONG_LIST, only what is not in the other.
    """

    section: str
    code: str
    what: What
    line: int
    before: Mapping[str, str]
    after: Mapping[str, str]


class PastTicket(NamedTuple):
    """A ticket of the past: what it said, its domain and kind of request. name: by which somebody can look it up."""

    name: str
    complaint: Complaint
    domain: str
    kind: Request


class Move(NamedTuple):
    """How many tickets would go from one office to another; None: nobody. examples: names of the first of them."""

    source: str | None
    target: str | None
    tickets: int
    examples: tuple[str, ...]


EXAMPLES = 5
"""Tickets that a move names."""


def changes(old: Charter, new: Charter) -> tuple[Change, ...]:
    """Return what is different in `new`, section by section, in the order of its file; what is gone comes last."""
    found = _plain_changes(old, new)
    for section, key in SECTIONS.items():
        before = {getattr(article, key): article for article in getattr(old, section)}
        after = {getattr(article, key): article for article in getattr(new, section)}
        gone = [code for code in before if code not in after]
        for code in (*after, *gone):
            what = _what(code in before, code in after)
            was, now = _differing(before.get(code), after.get(code), key)
            if was:
                found.append(Change(section, code, what, (after.get(code) or before[code]).line, was, now))
    return tuple(found)


def _what(was: bool, is_now: bool) -> What:  # noqa: FBT001
    if was and is_now:
        return "changed"
    return "added" if is_now else "removed"


def moved(old: Charter, new: Charter, tickets: Iterable[PastTicket], on: date) -> tuple[Move, ...]:
    """Return between which offices tickets would move if they came on the day `on`, the largest move first.

    Each ticket is read anew by both charters, for a charter changes not only who is responsible but also which names are
    places and which words are conditions. Who had it in the past does not matter: a person may have chosen otherwise.
    """
    before, after = _reader(old, on), _reader(new, on)
    examples: dict[tuple[str | None, str | None], list[str]] = {}
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for ticket in tickets:
        move = (before(ticket), after(ticket))
        if move[0] != move[1]:
            counts[move] += 1
            if counts[move] <= EXAMPLES:
                examples.setdefault(move, []).append(ticket.name)
    return tuple(Move(*move, number, tuple(examples[move])) for move, number in counts.most_common())


def _reader(charter: Charter, on: date) -> Callable[[PastTicket], str | None]:
    division, conditions, places = Division(charter, on), ConditionFinder(charter), PlaceFinder(charter)

    def lead(ticket: PastTicket) -> str | None:
        said = ticket.complaint
        seen = places.sight(said)
        # places of several stations in one field say nothing of which, as where a ticket is answered
        station = seen.place.station if seen.place is not None and not seen.others else None
        condition = conditions.of(f"{said.title}\n{said.text}" if said.title else said.text)
        duty = division.duty(ticket.domain, ticket.kind, condition, station)
        return duty.lead if duty else None

    return lead


def _plain_changes(old: Charter, new: Charter) -> list[Change]:
    found = []
    before, after = dict(old.domains), dict(new.domains)
    for code in dict.fromkeys((*after, *before)):
        was, now = before.get(code, ""), after.get(code, "")
        if was != now:
            found.append(Change("domains", code, _what(bool(was), bool(now)), 0, {"name": was}, {"name": now}))
    for key in ("name", "locality"):
        was, now = _words(getattr(old, key)), _words(getattr(new, key))
        if was != now:
            found.append(Change(key, key, "changed", 0, {key: was}, {key: now}))
    return found


def _differing(before: Any | None, after: Any | None, key: str) -> tuple[dict[str, str], dict[str, str]]:
    was: dict[str, str] = {}
    now: dict[str, str] = {}
    either: Any = before if after is None else after
    for field in fields(either):
        if field.name not in {key, "line"}:
            values = [() if article is None else getattr(article, field.name) for article in (before, after)]
            one, other = (_shown(field.name, value) for value in values)
            if one != other:
                was[field.name], now[field.name] = _shortened(*values) or (one, other)
    return was, now


def _shortened(before: Any, after: Any) -> tuple[str, str] | None:
    """Return what two long lists do not share; None where they are short, no lists, or differ in order alone."""
    if not (before and after and isinstance(before, tuple) and isinstance(after, tuple)):
        return None
    if max(len(before), len(after)) <= LONG_LIST:
        return None
    one, other = ([_words(part) for part in value] for value in (before, after))
    gone = tuple(part for part in one if part not in other)
    come = tuple(part for part in other if part not in one)
    return (_words(gone), _words(come)) if gone or come else None


def _shown(name: str, value: Any) -> str:
    if name in _CLOSED:
        return _words(tuple(word_of(part) for part in (value if isinstance(value, tuple) else (value,))))
    return _words(value)


def _words(value: Any) -> str:
    """Return `value` as the file would show it, in one line."""
    match value:
        case None | () | False:
            return ""
        case tuple():
            return "、".join(_words(part) for part in value)
        case Validity(since, until):
            return f"{since or ''}–{until or ''}" if since or until else ""
        case PlaceName():
            signs = ["要旁证"] if value.second_sign else []
            signs += [f"即{_words(value.aliases)}"] if value.aliases else []
            signs += [f"不含{_words(value.excluded)}"] if value.excluded else []
            return f"{value.name}（{'；'.join(signs)}）" if signs else value.name
        case _:
            return str(value)

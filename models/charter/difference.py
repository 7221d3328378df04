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
_CLOSED = frozenset({"kind", "kinds", "lead", "assisting", "unit"})


@dataclass(frozen=True, slots=True)
class Change:
    """An article that was added, removed or changed. line: in the new file, or in the old one where it was removed.

    before, after: its keys with another value, and the values in words; empty for what is all new or all gone.
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
        for code, article in after.items():
            if code not in before:
                found.append(Change(section, code, "added", article.line, {}, {}))
            else:
                differing = _differing(before[code], article)
                if differing[0]:
                    found.append(Change(section, code, "changed", article.line, *differing))
        gone = (article for code, article in before.items() if code not in after)
        found += [Change(section, getattr(article, key), "removed", article.line, {}, {}) for article in gone]
    return tuple(found)


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
        found = places.find(said)
        condition = conditions.of(f"{said.title}\n{said.text}" if said.title else said.text)
        duty = division.duty(ticket.domain, ticket.kind, condition, found[0].station if found else None)
        return duty.lead if duty else None

    return lead


def _plain_changes(old: Charter, new: Charter) -> list[Change]:
    found = []
    before, after = dict(old.domains), dict(new.domains)
    for code in dict.fromkeys((*after, *before)):
        if before.get(code) != after.get(code):
            what: What = "added" if code not in before else "changed" if code in after else "removed"
            was, now = ({"name": names[code]} if what == "changed" else {} for names in (before, after))
            found.append(Change("domains", code, what, 0, was, now))
    for key in ("name", "locality"):
        old_words, new_words = _words(getattr(old, key)), _words(getattr(new, key))
        if old_words != new_words:
            found.append(Change(key, key, "changed", 0, {key: old_words}, {key: new_words}))
    return found


def _differing(before: Any, after: Any) -> tuple[dict[str, str], dict[str, str]]:
    was, now = (
        {f.name: _shown(f.name, getattr(article, f.name)) for f in fields(after)} for article in (before, after)
    )
    names = [name for name in was if name != "line" and was[name] != now[name]]
    return {name: was[name] for name in names}, {name: now[name] for name in names}


def _shown(name: str, value: Any) -> str:
    if name in _CLOSED:
        return _words(tuple(word_of(part) for part in (value if isinstance(value, tuple) else (value,))))
    return _words(value)


def _words(value: Any) -> str:
    """Return `value` as the file would show it, in one line."""
    match value:
        case None | ():
            return ""
        case tuple():
            return "、".join(_words(part) for part in value)
        case Validity(since, until):
            return f"{since or ''}–{until or ''}"
        case PlaceName():
            signs = ["要旁证"] if value.second_sign else []
            signs += [f"即{_words(value.aliases)}"] if value.aliases else []
            signs += [f"不含{_words(value.excluded)}"] if value.excluded else []
            return f"{value.name}（{'；'.join(signs)}）" if signs else value.name
        case _:
            return str(value)

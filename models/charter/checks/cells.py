"""Cells of the division of work, domain × kind × condition × place, that no rule covers or that two do."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations

from models.charter.articles import Charter, Request, Responsibility
from models.charter.checks.days import days_of_change
from models.charter.division import Division
from models.charter.finding import Finding, error
from models.charter.route import Sentence
from models.charter.vocabulary import KINDS

Cells = Mapping[tuple[str, Request, str | None], Sequence[Responsibility]]
_WORDS = {kind: word for word, kind in KINDS.items()}


def cell_findings(charter: Charter, on: date) -> Iterator[Finding]:
    """Find gaps and overlaps on `on` and on every later day on which the division changes."""
    days = days_of_change(charter, on)
    cells = [_cells(charter, day) for day in days]
    yield from _gaps(charter, days, cells)
    told: set[frozenset[int]] = set()
    for day, of_day in zip(days, cells, strict=True):
        division = Division(charter, day)
        for (domain, kind, _), rules in of_day.items():
            for one, other in combinations(rules, 2):
                pair = frozenset((id(one), id(other)))
                if pair not in told and _meet(one, other, division):
                    told.add(pair)
                    yield _overlap(one, other, domain, kind, day)


def _cells(charter: Charter, day: date) -> Cells:
    cells: dict[tuple[str, Request, str | None], list[Responsibility]] = {}
    for rule in charter.responsibilities:
        if rule.validity.holds(day):
            for domain in dict.fromkeys(rule.domains):
                for kind in dict.fromkeys(rule.kinds or Request):
                    cells.setdefault((domain, kind, rule.condition), []).append(rule)
    return cells


def _meet(one: Responsibility, other: Responsibility, division: Division) -> bool:
    """Tell whether two rules of a cell have the same rank and a place in common."""
    if not one.places or not other.places:
        return not one.places and not other.places
    places = [{code for place in rule.places for code in division.today(place)} for rule in (one, other)]
    return bool(places[0] & places[1])


def _overlap(one: Responsibility, other: Responsibility, domain: str, kind: Request, day: date) -> Finding:
    first, second = sorted((one, other), key=lambda rule: rule.line)
    word = _WORDS[kind]
    return error(
        "overlap",
        second.line,
        Sentence(
            f"{second.code} 与第 {first.line} 行的 {first.code} 重叠：{domain} × {word}，{day} 起两条都适用",
            f"{second.code} overlaps {first.code} (line {first.line}): both hold for {domain} × {kind} from {day}",
        ),
        Sentence(
            "用 kinds、condition、places 或起止日期把两条分开，或删去一条",
            "Tell them apart by kinds, condition, places or days, or delete one",
        ),
    )


def _gaps(charter: Charter, days: Sequence[date], cells: Sequence[Cells]) -> Iterator[Finding]:
    """Find domains and kinds for which, from some day to the next change, no rule holds wherever the place is."""
    missing: dict[tuple[str, date, date | None], list[Request]] = {}
    for domain, _ in charter.domains:
        for kind in Request:
            for since, until in _uncovered(domain, kind, days, cells):
                missing.setdefault((domain, since, until), []).append(kind)
    for (domain, since, until), kinds in missing.items():
        yield _gap(charter, domain, kinds, since, until)


def _uncovered(
    domain: str, kind: Request, days: Sequence[date], cells: Sequence[Cells]
) -> Iterator[tuple[date, date | None]]:
    since: date | None = None
    for day, of_day in zip(days, cells, strict=True):
        covered = any(not rule.places for rule in of_day.get((domain, kind, None), ()))
        if covered and since is not None:
            yield since, day
            since = None
        elif not covered and since is None:
            since = day
    if since is not None:
        yield since, None


def _gap(charter: Charter, domain: str, kinds: Sequence[Request], since: date, until: date | None) -> Finding:
    rules = [rule for rule in charter.responsibilities if domain in rule.domains]
    line = rules[-1].line if rules else 0
    all_kinds = len(kinds) == len(Request)
    zh = "" if all_kinds else f" × {'、'.join(_WORDS[kind] for kind in kinds)}"
    en = "" if all_kinds else f" × {', '.join(kinds)}"
    before_zh, before_en = (f"，到 {until} 前", f" and before {until}") if until else ("", "")
    some = any(rule.condition is None and rule.places and rule.validity.holds(since) for rule in rules)
    where_zh, where_en = ("（只有个别所有）", " (some places only)") if some else ("", "")
    return error(
        "gap",
        line,
        Sentence(
            f"{domain}{zh} 自 {since} 起{before_zh}没有不带情形的条款{where_zh}",
            f"no rule without a condition{where_en} for {domain}{en} from {since}{before_en}",
        ),
        Sentence(
            "补一条不写 condition 和 places 的条款，或改起止日期",
            "Write a rule without condition and places for it, or mend the days",
        ),
    )

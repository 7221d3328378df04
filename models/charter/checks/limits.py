"""Days that never come, time limits with holes, and expressions that cannot be used."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from itertools import pairwise

from models.charter.articles import Charter, Clock, Office, Request, Responsibility, UrgencyRule
from models.charter.checks.days import after
from models.charter.finding import Finding, error, warning
from models.charter.route import Sentence

RECEIVED = "received"
"""The start of a clock that runs from the day of receipt."""

_REPEATED_REPEATS = re.compile(r"\((?:\?:)?[^()\\]{0,40}[*+]\)[*+{]")


def limit_findings(charter: Charter) -> Iterator[Finding]:
    """Find dead dates, holes and overlaps of clocks, steps that wait for themselves, and bad expressions."""
    yield from _dead_dates(charter)
    yield from _clock_days(charter.clocks)
    yield from _clock_starts(charter.clocks)
    for rule in charter.urgency:
        yield from _expressions(rule)
    yield from _terms(charter)


def _dead_dates(charter: Charter) -> Iterator[Finding]:
    dated: list[Office | Responsibility | Clock] = [*charter.offices, *charter.responsibilities, *charter.clocks]
    for article in dated:
        since, until = article.validity.since, article.validity.until
        if since is not None and until is not None and until < since:
            yield error(
                "dead_dates",
                article.line,
                Sentence(
                    f"{article.code} 在 {since} 开始，却在 {until} 已结束",
                    f"{article.code} begins on {since} and ends on {until}",
                ),
                Sentence("until 不能早于 since", "Let it end after it begins"),
            )


def _clock_days(clocks: Sequence[Clock]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    groups = dict.fromkeys((clock.step, clock.local) for clock in clocks)
    for step, local in groups:
        for kind in Request:
            same = [c for c in clocks if (c.step, c.local) == (step, local) and (not c.kinds or kind in c.kinds)]
            same.sort(key=lambda clock: (clock.validity.since or date.min, clock.line))
            for earlier, later in pairwise(same):
                finding = _between(earlier, later)
                if finding and (earlier.code, later.code) not in told:
                    told.add((earlier.code, later.code))
                    yield finding


def _between(earlier: Clock, later: Clock) -> Finding | None:
    until, since = earlier.validity.until, later.validity.since
    if until is None or since is None or since <= until:
        return error(
            "clock_overlap",
            later.line,
            Sentence(
                f"{later.code} 与第 {earlier.line} 行的 {earlier.code} 同时有效",
                f"{later.code} is in force together with {earlier.code} (line {earlier.line})",
            ),
            Sentence("写 until 和 since 让新旧衔接，或用不同的 step", "Let until and since meet, or name another step"),
        )
    if since > after(until):
        return error(
            "clock_gap",
            later.line,
            Sentence(
                f"{earlier.code} 到 {until}，{later.code} 从 {since}，中间没有时限",
                f"{earlier.code} ends on {until} and {later.code} begins on {since}: nothing holds between",
            ),
            Sentence("让两者的日期衔接", "Let the days of the two meet"),
        )
    return None


def _clock_starts(clocks: Sequence[Clock]) -> Iterator[Finding]:
    steps = {clock.step for clock in clocks}
    starts: dict[str, set[str]] = {}
    for clock in clocks:
        starts.setdefault(clock.step, set()).add(clock.start)
    for clock in clocks:
        if clock.start not in steps and clock.start != RECEIVED:
            near = get_close_matches(clock.start, [RECEIVED, *steps], n=1, cutoff=0.75)
            if near:
                yield warning(
                    "clock_start",
                    clock.line,
                    Sentence(
                        f"{clock.code} 从“{clock.start}”起算，没有这个环节", f"{clock.code}: no step {clock.start!r}"
                    ),
                    Sentence(f"是不是 {near[0]}？", f"Did you mean {near[0]}?"),
                )
        elif _waits_for_itself(clock, starts):
            yield error(
                "clock_loop",
                clock.line,
                Sentence(f"{clock.code} 的起算绕回自己", f"{clock.code} waits for itself"),
                Sentence("start 写 received，或更早的环节", "Let it start at received, or at an earlier step"),
            )


def _waits_for_itself(clock: Clock, starts: dict[str, set[str]]) -> bool:
    ahead, seen = [clock.start], set[str]()
    while ahead:
        step = ahead.pop()
        if step == clock.step:
            return True
        if step not in seen:
            seen.add(step)
            ahead += starts.get(step, ())
    return False


def _expressions(rule: UrgencyRule) -> Iterator[Finding]:
    for expression in rule.expressions:
        shown = expression[:60]
        try:
            empty = re.compile(expression).match("")
        except (re.error, OverflowError, RecursionError):
            yield error(
                "bad_expression",
                rule.line,
                Sentence(f"{rule.code} 的正则表达式写错了：{shown}", f"{rule.code}: no regular expression: {shown}"),
                Sentence(
                    "括号要成对；要找 ( ) * + ? . 本身，前面加 \\",
                    "Pair the brackets; put \\ before a literal ( ) * + ? .",
                ),
            )
            continue
        if empty:
            yield error(
                "expression_matches_all",
                rule.line,
                Sentence(
                    f"{rule.code} 的正则表达式什么都符合：{shown}", f"{rule.code}: this matches any text: {shown}"
                ),
                Sentence(
                    "去掉空的分支（如 a|）和可有可无的部分",
                    "Take away empty branches such as a|, and what is all optional",
                ),
            )
        elif _REPEATED_REPEATS.search(expression):
            yield error(
                "expression_slow",
                rule.line,
                Sentence(
                    f"{rule.code} 的正则表达式重复里套重复，会拖慢：{shown}",
                    f"{rule.code}: a repeat in a repeat: {shown}",
                ),
                Sentence("改成一层重复，如 (ab)+ 或 a{1,6}", "Make it one repeat, such as (ab)+ or a{1,6}"),
            )


def _terms(charter: Charter) -> Iterator[Finding]:
    ruled = {rule.condition for rule in charter.responsibilities}
    first: dict[str, str] = {}
    for condition in charter.conditions:
        if condition.code not in ruled:
            yield warning(
                "condition_unused",
                condition.line,
                Sentence(f"情形 {condition.code} 没有条款用到", f"no rule has the condition {condition.code}"),
                Sentence("写一条 condition 为它的职责，或删去", "Write a responsibility for it, or delete it"),
            )
        for term in condition.terms:
            if len(term) == 1:
                yield warning(
                    "term_short",
                    condition.line,
                    Sentence(
                        f"{condition.code} 的“{term}”只有一个字，会误中", f"{condition.code}: {term!r} is one character"
                    ),
                    Sentence("写成词", "Write a word"),
                )
            other = first.setdefault(term, condition.code)
            if other != condition.code:
                yield warning(
                    "term_shared",
                    condition.line,
                    Sentence(f"“{term}”已在 {other} 里，排在前面的为准", f"{term!r} is a term of {other} before it"),
                    Sentence("只留一处", "Keep one of them"),
                )

"""The figures of dispatching and reviewing, with every denominator: of all tickets, or by office, domain, version, week.

The formulas are those that bureaus report by (docs/auditing.md quotes them). A ticket counts in the window and the week
of its first prediction.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, or_, select

from auditing.cases.provenance import Provenance
from auditing.figures.estimates import NOTHING, Estimate, Stratum, estimate, share_interval
from auditing.store.schema_cases import cases, dispatches

TWICE = 2
"""Times a ticket was sent on from which it counts as sent about."""


class By(StrEnum):
    """What figures are told apart by."""

    OFFICE = "office"
    DOMAIN = "domain"
    VERSION = "version"
    WEEK = "week"


class Metric(StrEnum):
    """The figures."""

    FIRST_DISPATCH = "first_dispatch_accuracy"
    FIRST_SUGGESTION = "first_suggestion_accuracy"
    RETURN_RATE = "return_rate"
    EFFECTIVE_RETURN_RATE = "effective_return_rate"
    MEAN_HOPS = "mean_hops"
    SENT_ABOUT = "share_sent_on_twice"
    OVERRIDE_RATE = "override_rate"
    AUTO_RATE = "auto_release_rate"
    AUTO_ERROR = "auto_release_error_rate"


class Formula(NamedTuple):
    """A figure in words: its name, what is divided by what, and which office it counts for."""

    name_zh: str
    name_en: str
    formula_zh: str
    formula_en: str


FORMULAS: Mapping[Metric, Formula] = {
    Metric.FIRST_DISPATCH: Formula(
        "派单准确率（一次派单）",
        "first-dispatch accuracy",
        "未被退回、改派而由首派单位签收的件数 ÷ 已派件数；按首派单位",
        "tickets that the first office took and kept ÷ tickets dispatched; by the first office",
    ),
    Metric.FIRST_SUGGESTION: Formula(
        "首次推荐准确率（AI 口径）",
        "first-suggestion accuracy",
        "首次推荐的单位就是终局主办的件数 ÷ 已终局件数；按终局主办",
        "closed tickets whose first suggestion was the office that closed them ÷ closed; by that office",
    ),
    Metric.RETURN_RATE: Formula(
        "退单率", "return rate", "退回次数 ÷ 派出次数；按接单单位", "returns ÷ dispatches; by the office sent to"
    ),
    Metric.EFFECTIVE_RETURN_RATE: Formula(
        "有效退单率",
        "effective return rate",
        "退回后改派其他单位的次数 ÷ 派出次数；按接单单位",
        "returns after which another office got the ticket ÷ dispatches; by the office sent to",
    ),
    Metric.MEAN_HOPS: Formula(
        "改派次数（均值）", "mean hops", "终局前派送次数减一之和 ÷ 已终局件数", "dispatches less one, summed ÷ closed"
    ),
    Metric.SENT_ABOUT: Formula(
        "改派两次以上占比",
        "sent on twice or more",
        "改派不少于两次的件数 ÷ 已终局件数",
        "closed after two or more hops ÷ closed",
    ),
    Metric.OVERRIDE_RATE: Formula(
        "改判率（人审）",
        "override rate",
        "审核员更改的推荐件数 ÷ 审核员看过的推荐件数；按推荐单位",
        "suggestions that reviewers changed ÷ suggestions that they looked at; by the office suggested",
    ),
    Metric.AUTO_RATE: Formula(
        "自动放行率",
        "auto-release rate",
        "免人审直派件数 ÷ 总件数；按推荐单位",
        "answered `auto` ÷ all; by office suggested",
    ),
    Metric.AUTO_ERROR: Formula(
        "放行差错率",
        "error rate of auto-released",
        "自动放行而后知有误的件数 ÷ 自动放行且结果已知的件数；按推荐单位",
        "auto-released and found wrong ÷ auto-released with a known end; by office suggested",
    ),
}


class Figure(NamedTuple):
    """A figure of one group (None: of everything): what is divided by what, the quotient, its 95 % interval.

    Value and interval are NaN where the denominator is 0; a mean has no interval.
    """

    metric: Metric
    group: str | None
    numerator: int
    denominator: int
    value: float
    low: float
    high: float


class Window(NamedTuple):
    """Tickets first predicted from `since` to before `until`; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def of(self, column: Any) -> list[ColumnElement[bool]]:
        """Give the conditions on a column of moments."""
        found = [] if self.since is None else [column >= self.since]
        return found if self.until is None else [*found, column < self.until]


EVER = Window()

_WHICH = {By.DOMAIN: "domain_code", By.VERSION: "model_version", By.WEEK: "week"}


def figures(engine: Engine, by: By | None = None, window: Window = EVER) -> list[Figure]:
    """Give every metric of every group, in the order of the metrics and then of the groups' names.

    Groups that no ticket is in are left out; without `by` there is one group, and it is there also when it is empty.
    """
    found: dict[Metric, list[Figure]] = {metric: [] for metric in Metric}
    with engine.connect() as connection:
        for counted in (_of_dispatches, _of_ends, _of_cases):
            for figure in counted(connection, by, window):
                found[figure.metric].append(figure)
    return [figure for metric in Metric for figure in sorted(found[metric], key=lambda each: each.group or "")]


def figure(metric: Metric, group: str | None, numerator: int, denominator: int) -> Figure:
    """Divide, with an interval where a share is the result."""
    value = numerator / denominator if denominator else NOTHING
    interval = (NOTHING, NOTHING) if metric is Metric.MEAN_HOPS else share_interval(numerator, denominator)
    return Figure(metric, group, numerator, denominator, value, *interval)


def _of_dispatches(connection: Connection, by: By | None, window: Window) -> list[Figure]:
    first = dispatches.c.number == 1
    kept = and_(first, dispatches.c.last, dispatches.c.received, ~dispatches.c.returned)
    counts = {
        "first": _count(first),
        "kept": _count(kept),
        "sent": func.count(),
        "returned": _count(dispatches.c.returned),
        "agreed": _count(dispatches.c.agreed),
    }
    found = []
    for group, row in _grouped(connection, dispatches, counts, by, window):
        found += [
            figure(Metric.FIRST_DISPATCH, group, row["kept"], row["first"]),
            figure(Metric.RETURN_RATE, group, row["returned"], row["sent"]),
            figure(Metric.EFFECTIVE_RETURN_RATE, group, row["agreed"], row["sent"]),
        ]
    return found


def _of_ends(connection: Connection, by: By | None, window: Window) -> list[Figure]:
    hops = dispatches.c.number - 1
    counts = {
        "closed": func.count(),
        "suggested": _count(dispatches.c.suggested_office == dispatches.c.office_code),
        "hops": func.coalesce(func.sum(hops), 0),
        "about": _count(hops >= TWICE),
    }
    ended = and_(dispatches.c.last, dispatches.c.closed)
    found = []
    for group, row in _grouped(connection, dispatches, counts, by, window, ended):
        found += [
            figure(Metric.FIRST_SUGGESTION, group, row["suggested"], row["closed"]),
            figure(Metric.MEAN_HOPS, group, row["hops"], row["closed"]),
            figure(Metric.SENT_ABOUT, group, row["about"], row["closed"]),
        ]
    return found


def _of_cases(connection: Connection, by: By | None, window: Window) -> list[Figure]:
    looked = and_(cases.c.labelled, or_(cases.c.office_code.is_not(None), cases.c.domain_code.is_not(None)))
    sent = and_(cases.c.first, cases.c.auto)
    counts = {
        "looked": _count(looked),
        "changed": _count(and_(looked, is_wrong())),
        "tickets": _count(cases.c.first),
        "auto": _count(sent),
        "known": _count(and_(sent, cases.c.true_source.is_not(None))),
        "astray": _count(and_(sent, is_wrong())),
    }
    found = []
    for group, row in _grouped(connection, cases, counts, by, window):
        found += [
            figure(Metric.OVERRIDE_RATE, group, row["changed"], row["looked"]),
            figure(Metric.AUTO_RATE, group, row["auto"], row["tickets"]),
            figure(Metric.AUTO_ERROR, group, row["astray"], row["known"]),
        ]
    return found


def accuracy_of_all(engine: Engine, window: Window = EVER) -> Estimate:
    """Estimate the share of all predictions whose answer is right, from those that people looked at, by class of chance."""
    person = cases.c.true_source == Provenance.PERSON
    # what was neither doubtful nor returned entered the queue by the sample, or not at all
    drawn = or_(cases.c.doubtful, cases.c.returned, cases.c.sampled)
    looked = and_(person, drawn)
    query = (
        select(
            cases.c.auto,
            cases.c.doubtful,
            cases.c.returned,
            func.count().label("population"),
            _count(looked).label("looked"),
            _count(and_(looked, ~is_wrong())).label("right"),
        )
        .where(*window.of(cases.c.created_at))
        .group_by(cases.c.auto, cases.c.doubtful, cases.c.returned)
        .order_by(cases.c.auto, cases.c.doubtful, cases.c.returned)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return estimate(
        [Stratum(_class(row.auto, row.doubtful, row.returned), row.population, row.looked, row.right) for row in rows]
    )


def is_wrong() -> ColumnElement[bool]:
    """Say in SQL that a head's answer is known to be wrong; where a head said nothing, it is."""
    return or_(
        and_(cases.c.true_office.is_not(None), func.coalesce(cases.c.office_code, "") != cases.c.true_office),
        and_(
            cases.c.true_domain.is_not(None),
            cases.c.domain_confidence.is_not(None),
            func.coalesce(cases.c.domain_code, "") != cases.c.true_domain,
        ),
    )


def _class(auto: bool, doubtful: bool, returned: bool) -> str:  # noqa: FBT001
    names = ("auto" if auto else "not auto", "doubtful" if doubtful else "no doubt", "returned" if returned else "")
    return ", ".join(name for name in names if name)


def _count(condition: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _grouped(
    connection: Connection,
    table: Any,
    counts: Mapping[str, Any],
    by: By | None,
    window: Window,
    *conditions: ColumnElement[bool],
) -> list[tuple[str | None, Mapping[str, int]]]:
    columns = [expression.label(name) for name, expression in counts.items()]
    query = select(*columns).where(*window.of(table.c.created_at), *conditions)
    if by is None:
        row = connection.execute(query).one()
        return [(None, _whole(row))]
    group = table.c["office_code" if by is By.OFFICE else _WHICH[by]]
    rows = connection.execute(query.add_columns(group.label("its_group")).group_by(group))
    return [(row.its_group or "", _whole(row)) for row in rows]


def _whole(row: Any) -> dict[str, int]:
    return {name: int(value) for name, value in row._mapping.items() if name != "its_group"}  # noqa: SLF001 - public

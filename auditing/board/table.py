"""The board as a table for spreadsheets."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from auditing.board.clocks import Ticking, next_to_end
from auditing.board.counts import Ticket
from auditing.figures.tables import Table, Value

HEADERS = (
    "工单 ticket",
    "来源 source",
    "编号 prediction_id",
    "收到 received_at",
    "阶段 stage",
    "最近结果 status",
    "结果时间 since",
    "单位 office",
    "单位名称 office name",
    "领域 domain",
    "紧急程度 urgency",
    "时限状态 timing",
    "最近时限 next step",
    "到期 due",
    "剩余小时 hours left",
    "全部时限 all clocks",
)


def board_table(tickets: Iterable[Ticket], names: Mapping[str, str], now: datetime) -> Table:
    """Give one row per ticket, in their order; hours left are negative where the time is over."""
    return HEADERS, _rows(tickets, names, now)


def _rows(tickets: Iterable[Ticket], names: Mapping[str, str], now: datetime) -> Iterator[list[Value]]:
    for each in tickets:
        ending = next_to_end(each.clocks)
        yield [
            each.ticket_id,
            each.source,
            each.prediction_id,
            each.received_at,
            each.stage,
            each.status,
            each.since,
            each.office,
            names.get(each.office, ""),
            each.domain,
            each.urgency,
            each.timing,
            ending.step if ending else None,
            ending.due if ending else None,
            round((ending.due - now).total_seconds() / 3600, 2) if ending else None,
            "; ".join(map(_in_words, each.clocks)),
        ]


def _in_words(clock: Ticking) -> str:
    due = clock.due.isoformat(timespec="minutes")
    return f"{clock.step} {due}" + (f" ✓ {clock.stopped_at.isoformat(timespec='minutes')}" if clock.stopped_at else "")

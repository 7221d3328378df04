"""The console's tri-colour board."""

import io
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from auditing.board.clocks import Stage, Timing
from auditing.board.counts import Place, Shown, board, place_in
from auditing.board.table import board_table
from auditing.figures.tables import write_csv
from auditing.log.accesses import Action
from models.charter.articles import Level
from serving.console.clock_bars import bars_of
from serving.console.desk import Desk
from serving.console.visits import AskedWrongly, Download, Page, Reply, Visit

PER_PAGE = 25
MOST_EXPORTED = 10_000
"""Rows of a file; those that press most come first."""

_NOBODY = "-"
"""As an office in an address: tickets that nobody has."""

_Known = TypeVar("_Known", bound=StrEnum)
_FILTERS = ("office", "stage", "timing", "urgency")


def show_board(desk: Desk, visit: Visit) -> Reply:
    """Show what is new, in hand and closed, and what is overdue first."""
    shown, after = _shown(visit), _after(visit)
    complete = desk.keeper.catch_up()
    filters = _filters(visit)
    desk.note(visit, Action.SEARCH, None, f"board {urlencode(filters)}"[:200])
    found = board(desk.engine, visit.at, shown, in_hand=desk.look.in_hand, after=after, limit=PER_PAGE)
    return Page(
        "board",
        {
            "board": found,
            "totals": {stage: sum(each.stages[stage] for each in found.counts) for stage in Stage},
            "bars": {each.prediction_id: bars_of(each.clocks, each.received_at, visit.at) for each in found.tickets},
            "next": found.after.written() if found.after else None,
            "further": after is not None,
            "shown": shown,
            "filters": filters,
            "query": urlencode(filters),
            "look": desk.look,
            "stages": tuple(Stage),
            "timings": tuple(Timing),
            "levels": tuple(Level),
            "names": desk.names(),
            "complete": complete,
            "most": MOST_EXPORTED,
        },
    )


def export_board(desk: Desk, visit: Visit) -> Reply:
    """Give the board as CSV."""
    shown, file = _shown(visit), io.BytesIO()
    desk.keeper.catch_up()
    desk.note(visit, Action.EXPORT, None, f"board.csv {urlencode(_filters(visit))}"[:200])
    found = board(desk.engine, visit.at, shown, in_hand=desk.look.in_hand, limit=MOST_EXPORTED)
    write_csv(file, board_table(found.tickets, desk.names(), visit.at))
    return Download("board.csv", "text/csv; charset=utf-8", file.getvalue())


def _shown(visit: Visit) -> Shown:
    query, office = visit.query, visit.query.get("office")
    return Shown(
        office="" if office == _NOBODY else office,
        stage=_one_of(query, "stage", Stage),
        timing=_one_of(query, "timing", Timing),
        urgency=_one_of(query, "urgency", Level),
    )


def _one_of(query: Mapping[str, str], name: str, known: type[_Known]) -> _Known | None:
    given = query.get(name)
    if given is not None and given not in tuple(known):
        raise AskedWrongly(name)
    return known(given) if given else None


def _after(visit: Visit) -> Place | None:
    given = visit.query.get("after")
    place = place_in(given) if given else None
    if given and place is None:
        raise AskedWrongly("after")
    return place


def _filters(visit: Visit) -> dict[str, str]:
    return {name: visit.query[name] for name in _FILTERS if visit.query.get(name)}

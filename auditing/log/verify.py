"""Whether the history is as it was written: follows every chain and says which rows are not what they were.

A row is intact if its link follows from its values and a link that is known; it is in its place if that link is the one
of the row before it. From the two it is told whether a row was edited, moved or put in, and whether rows are gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import StoreUnavailable
from auditing.log.accesses import retained_before
from auditing.store.chain import CHAINS, COVERED, DIGESTED, FIRST, Head, canonical, digest, follow, read_head
from auditing.store.database import describe
from auditing.store.schema import predictions

_AT_ONCE = 1000
_MOST = 300


class Damage(StrEnum):
    """What is wrong with a row: its values, its text, its place, that it is there, or that it is not."""

    EDITED = "edited"
    TEXT = "text"
    MOVED = "moved"
    INSERTED = "inserted"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row that is not as it was written; of MISSING rows `seq` is the first and `last` the last number."""

    chain: str
    damage: Damage
    seq: int
    last: int
    what: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found of one chain; `head` is where the recorded rows end. The first 300 broken rows are told apart."""

    chain: str
    rows: int
    head: Head
    faults: tuple[Fault, ...]


def verify(engine: Engine, anchors: Mapping[str, Sequence[Head]] | None = None) -> tuple[ChainReport, ...]:
    """Follow every chain, in one view of the store, while others may go on writing.

    `anchors`: heads by chain that were written down earlier, elsewhere; a chain that has been rewritten as a whole does
    not have them any more.

    Raises:
        StoreUnavailable: the store cannot be read.

    """
    # rows and heads have to be of the same moment; SQLite's transactions see one anyway
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            emptied = retained_before(connection)
            return tuple(_verify(connection, chain, emptied, (anchors or {}).get(chain, ())) for chain in CHAINS)
    except SQLAlchemyError as error:
        raise StoreUnavailable(describe(error)) from error


class _Row(NamedTuple):
    place: int
    seq: int
    link: str
    bytes: bytes


def _verify(connection: Connection, chain: str, emptied: datetime | None, anchors: Sequence[Head]) -> ChainReport:
    head = read_head(connection, chain)
    walk = _Walk(chain)
    faults = []
    wanted = {anchor.length: anchor.link for anchor in anchors}
    for row, wrong_text in _rows(connection, chain, emptied):
        gap = row.seq != walk.before.seq + 1
        if walk.step(row) and gap and chain != predictions.name:
            # predictions are numbered by the database, and some databases leave numbers out
            faults.append(Fault(chain, Damage.EDITED, row.seq, row.seq, "its number was changed"))
        if row.place > head.length:
            faults.append(Fault(chain, Damage.INSERTED, row.seq, row.seq, "it was added behind the recorded end"))
        if wrong_text:
            faults.append(Fault(chain, Damage.TEXT, row.seq, row.seq, wrong_text))
        if wanted.get(row.place) == row.link:
            del wanted[row.place]
    faults += walk.faults()
    last = walk.before
    short = head.length - walk.rows
    if short > 0 and not any(fault.damage is Damage.MISSING for fault in faults):
        what = f"{head.length} rows are recorded, {walk.rows} are there"
        faults.append(Fault(chain, Damage.MISSING, last.seq + 1, last.seq + short, what))
    if not faults and last.link != head.link:
        faults.append(Fault(chain, Damage.EDITED, last.seq, last.seq, "its link is not the recorded end"))
    faults += [
        Fault(chain, Damage.EDITED, length, length, "the chain is not the one whose head was written down")
        for length in wanted
        if length
    ]
    return ChainReport(chain, walk.rows, head, tuple(sorted(faults, key=lambda fault: fault.seq)))


def _rows(connection: Connection, chain: str, emptied: datetime | None) -> Iterator[tuple[_Row, str]]:
    table = CHAINS[chain]
    written = table.c["created_at" if chain == "predictions" else "at"]
    covered = [table.c[name] for name in COVERED[chain]]
    texts = [table.c[name] for pair in DIGESTED[chain].items() for name in pair]
    query = select(table.c.seq, table.c.chain, written, *covered, *texts).order_by(table.c.seq)
    found = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for place, (seq, link, at, *values) in enumerate(found, 1):
        row = _Row(place, seq, link, canonical(chain, values[: len(covered)]))
        may_be_empty = emptied is not None and at < emptied
        pairs = zip(DIGESTED[chain], values[len(covered) :: 2], values[len(covered) + 1 :: 2], strict=True)
        wrong = [name for name, text, noted in pairs if digest(text) != noted and (text or not may_be_empty)]
        yield row, f"the text of {', '.join(wrong)} is not what was written" if wrong else ""


class _Walk:
    """Goes along a chain, and keeps the rows that do not follow the row before them."""

    def __init__(self, chain: str) -> None:
        self._chain = chain
        self.rows = 0
        self.before = _Row(0, 0, FIRST, b"")
        """The row that was seen last."""
        self._second = self.before
        self._broken: list[tuple[_Row, _Row]] = []
        # the rows around broken ones
        self._by_link: dict[str, _Row] = {}
        self._by_place: dict[int, _Row] = {}

    def step(self, row: _Row) -> bool:
        """Look at the next row; whether it follows the one before it."""
        self.rows += 1
        follows = follow(self.before.link, row.bytes) == row.link
        if not follows and len(self._broken) < _MOST:
            self._broken.append((self.before, row))
            for each in (self._second, self.before, row):
                self._by_link.setdefault(each.link, each)
                self._by_place[each.place] = each
        self._second, self.before = self.before, row
        return follows

    def faults(self) -> list[Fault]:
        """Tell what happened to the rows that were kept."""
        homes = {row.place: home for _, row in self._broken if (home := self._home(row))}
        put_in = self._put_in(homes)
        found = [self._fault(Damage.INSERTED, row, "the rows around it belong together") for row in put_in.values()]
        moved: set[int] = set()
        for before, row in self._broken:
            home = homes.get(row.place)
            if row.place in put_in or (home and (home.place in moved or home.place + 1 in put_in)):
                continue
            if home:
                moved.add(row.place)
                found.append(self._fault(Damage.MOVED, row, f"it was written after row {home.seq}"))
            elif row.seq > before.seq + 1:
                what = f"rows between {before.seq} and {row.seq} are gone"
                found.append(Fault(self._chain, Damage.MISSING, before.seq + 1, row.seq - 1, what))
            else:
                what = f"it does not follow from row {before.seq} and its own values"
                found.append(self._fault(Damage.EDITED, row, what))
        return found

    def _home(self, row: _Row) -> _Row | None:
        """The row after which an intact `row` was written; None where it is not intact, or that row is gone."""
        return next((each for link, each in self._by_link.items() if follow(link, row.bytes) == row.link), None)

    def _put_in(self, homes: Mapping[int, _Row]) -> dict[int, _Row]:
        """The rows, by place, that stand between a row and the one that was written after it, and have no home."""
        found: dict[int, _Row] = {}
        for place, home in homes.items():
            between = range(home.place + 1, place)
            if not any(each in homes for each in between):
                found |= {each: self._by_place[each] for each in between if each in self._by_place}
        return found

    def _fault(self, damage: Damage, row: _Row, what: str) -> Fault:
        return Fault(self._chain, damage, row.seq, row.seq, what)

"""The log's few statements, compiled once for the database at hand.

SQLAlchemy writes the SQL, so that any of its databases can hold the log; to have it look at every value of every row
again on each commit would cost more than the database itself does. Here the SQL is kept, and rows are handed to the
driver as it wants them.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, count
from typing import Any

from sqlalchemy import Dialect, Float, bindparam, insert, text, update
from sqlalchemy.engine.interfaces import DBAPICursor

from auditing.chain import Head
from auditing.identity import CONTENT_LENGTH, ID_LENGTH, TICKET_LENGTH
from auditing.records import INSERTED
from auditing.schema import predictions
from auditing.schema_history import chain_heads

_MOST_ROWS = 16
"""Rows of one statement: more would save little, and take long to write for the first group of each size."""

_TICKET = f"substr(prediction_id, 1, {TICKET_LENGTH})"
_CONTENT = f"substr(prediction_id, {TICKET_LENGTH + 1}, {CONTENT_LENGTH - TICKET_LENGTH})"


class Statements:
    """SQL for one `dialect`."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._ranges: dict[tuple[str, int], str] = {}
        self._insertions: dict[int, str] = {}

    def insert(self, cursor: DBAPICursor, rows: Sequence[Sequence[Any]]) -> None:
        """Add `rows`, each with the values of `INSERTED` in their order."""
        done = 0
        while done < len(rows):
            # one statement for a usual group, whatever its size: after each the writer has to wait for the interpreter
            size = min(len(rows) - done, _MOST_ROWS)
            values = list(chain.from_iterable(rows[done : done + size]))
            for column, convert in self._converters:
                for place in range(column, len(values), len(INSERTED)):
                    values[place] = convert(values[place])
            cursor.execute(self._insertion(size), self._parameters(values))
            done += size

    def count_contents(self, cursor: DBAPICursor, tickets: Sequence[str]) -> dict[str, int]:
        """Count the distinct contents of each of `tickets` that the log knows; answered from the index alone."""
        rows = self._select(cursor, f"SELECT {_TICKET}, count(DISTINCT {_CONTENT})", tickets, f"GROUP BY {_TICKET}")
        return {row[0]: row[1] for row in rows}

    def find_answers(self, cursor: DBAPICursor, contents: Sequence[str]) -> Sequence[tuple[str, int, str]]:
        """Give (prediction_id, revision, answer) of every prediction, under any version, of `contents`."""
        rows = self._select(cursor, "SELECT prediction_id, revision, answer", contents, "")
        return [(row[0], row[1], row[2]) for row in rows]

    def read_heads(self, cursor: DBAPICursor) -> dict[str, Head]:
        """Where each chain ends now."""
        cursor.execute("SELECT name, length, link FROM chain_heads")
        return {row[0]: Head(row[1], row[2]) for row in cursor.fetchall()}

    def move_head(self, cursor: DBAPICursor, head: Head) -> None:
        """Write down where the chain of predictions ends from now on."""
        cursor.execute(self._moving, self._parameters((*head, predictions.name)))

    def _select(self, cursor: DBAPICursor, what: str, prefixes: Sequence[str], grouping: str) -> Sequence[Any]:
        # powers of two: a handful of statements, each compiled once, instead of one per size of group
        size = 1 << (len(prefixes) - 1).bit_length()
        sql = self._ranges.get((what, size))
        if sql is None:
            within = " OR ".join(
                f"prediction_id BETWEEN :{_name(2 * place)} AND :{_name(2 * place + 1)}" for place in range(size)
            )
            statement = text(f"{what} FROM predictions WHERE {within} {grouping}")
            sql = self._ranges[what, size] = str(statement.compile(dialect=self._dialect))
        bounds: list[str] = []
        for prefix in prefixes:
            missing = ID_LENGTH - len(prefix)
            bounds += (prefix + "0" * missing, prefix + "f" * missing)
        # the last range fills what is left; asking twice finds nothing twice
        bounds += bounds[-2:] * (size - len(prefixes))
        cursor.execute(sql, self._parameters(bounds))
        return cursor.fetchall()

    def _parameters(self, values: Sequence[Any]) -> Any:
        if self._dialect.positional:
            return tuple(values)
        return {_name(place): value for place, value in enumerate(values)}

    @cached_property
    def _converters(self) -> Sequence[tuple[int, Callable[[Any], Any]]]:
        converters = []
        for place, name in enumerate(INSERTED):
            kind = predictions.columns[name].type
            # a float is a float in every driver; only moments are written in more than one way
            convert = (
                None if isinstance(kind, Float) else kind.dialect_impl(self._dialect).bind_processor(self._dialect)
            )
            if convert is not None:
                converters.append((place, convert))
        return converters

    @cached_property
    def _moving(self) -> str:
        moving = update(chain_heads).where(chain_heads.c.name == bindparam(_name(2)))
        values: dict[str, Any] = {"length": bindparam(_name(0)), "link": bindparam(_name(1))}
        return str(moving.values(values).compile(dialect=self._dialect))

    def _insertion(self, size: int) -> str:
        sql = self._insertions.get(size)
        if sql is None:
            places = count()
            rows = [
                {name: bindparam(_name(next(places)), type_=predictions.columns[name].type) for name in INSERTED}
                for _ in range(size)
            ]
            # the whole group is taken back where a row is refused; that SQLite can take back this one statement alone
            # would cost it a journal of each page that the statement touches, as much again as the rows themselves
            statement = insert(predictions).prefix_with("OR FAIL", dialect="sqlite").inline().values(rows)
            sql = self._insertions[size] = str(statement.compile(dialect=self._dialect))
        return sql


def _name(place: int) -> str:
    return f"v{place}"

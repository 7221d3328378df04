"""The log's few statements, compiled once for the database at hand.

SQLAlchemy writes the SQL, so that any of its databases can hold the log; to have it look at every value of every row
again on each commit would cost more than the database itself does. Here the SQL is kept, and rows are handed to the
driver as it wants them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import chain, count
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Float, LargeBinary, bindparam, cast, insert, text, update
from sqlalchemy.engine.interfaces import DBAPICursor

from auditing.log.identity import CONTENT_LENGTH, ID_LENGTH, TICKET_LENGTH
from auditing.log.records import INSERTED
from auditing.store.chain import Head
from auditing.store.schema import predictions
from auditing.store.schema_history import chain_heads

_MOST_ROWS = 16
"""Rows of one statement: more would save little, and take long to write for the first group of each size."""

_TEXTS = ("complaint", "answer")
"""Columns whose values come as UTF-8: SQLite keeps it as it is, and to make strings of it would only be undone again."""


class Statements:
    """SQL for one `dialect`."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._ranges: dict[tuple[str, int], str] = {}
        self._insertions: dict[int, str] = {}

    def insert(self, cursor: DBAPICursor, rows: Sequence[Sequence[Any]]) -> None:
        """Add `rows`, each with the values of `INSERTED` in their order; `complaint` and `answer` in UTF-8."""
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
        # nearly always there are none: to have the database count them would cost more than to look for them
        rows = self._select(cursor, "SELECT prediction_id", tickets)
        return Counter(content[:TICKET_LENGTH] for content in {row[0][:CONTENT_LENGTH] for row in rows})

    def find_answers(self, cursor: DBAPICursor, contents: Sequence[str]) -> Sequence[tuple[str, int, str]]:
        """Give (prediction_id, revision, answer) of every prediction, under any version, of `contents`."""
        rows = self._select(cursor, "SELECT prediction_id, revision, answer", contents)
        return [(row[0], row[1], row[2]) for row in rows]

    def read_heads(self, cursor: DBAPICursor) -> dict[str, Head]:
        """Where each chain ends now."""
        cursor.execute("SELECT name, length, link FROM chain_heads")
        return {row[0]: Head(row[1], row[2]) for row in cursor.fetchall()}

    def move_head(self, cursor: DBAPICursor, head: Head) -> None:
        """Write down where the chain of predictions ends from now on."""
        cursor.execute(self._moving, self._parameters((*head, predictions.name)))

    def _select(self, cursor: DBAPICursor, what: str, prefixes: Sequence[str]) -> Sequence[Any]:
        # powers of two: a handful of statements, each compiled once, instead of one per size of group
        size = 1 << (len(prefixes) - 1).bit_length()
        sql = self._ranges.get((what, size))
        if sql is None:
            within = " OR ".join(
                f"prediction_id BETWEEN :{_name(2 * place)} AND :{_name(2 * place + 1)}" for place in range(size)
            )
            statement = text(f"{what} FROM predictions WHERE {within}")
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
        converters: list[tuple[int, Callable[[Any], Any]]] = []
        for place, name in enumerate(INSERTED):
            kind = predictions.columns[name].type
            if name in _TEXTS:
                if self._dialect.name != "sqlite":
                    converters.append((place, bytes.decode))
            # a float is a float in every driver; only moments are written in more than one way
            elif not isinstance(kind, Float):
                convert = kind.dialect_impl(self._dialect).bind_processor(self._dialect)
                if convert is not None:
                    # those who are answered together are answered at one moment
                    converters.append((place, lru_cache(_MOST_ROWS)(convert)))
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
            rows = [{name: self._place(name, next(places)) for name in INSERTED} for _ in range(size)]
            # the whole group is taken back where a row is refused; that SQLite can take back this one statement alone
            # would cost it a journal of each page that the statement touches, as much again as the rows themselves
            statement = insert(predictions).prefix_with("OR FAIL", dialect="sqlite").inline().values(rows)
            sql = self._insertions[size] = str(statement.compile(dialect=self._dialect))
        return sql

    def _place(self, column: str, place: int) -> ColumnElement[Any]:
        kind = predictions.columns[column].type
        if column in _TEXTS and self._dialect.name == "sqlite":
            return cast(bindparam(_name(place), type_=LargeBinary()), kind)
        return bindparam(_name(place), type_=kind)


def _name(place: int) -> str:
    return f"v{place}"

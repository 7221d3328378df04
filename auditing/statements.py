"""The log's few statements, compiled once for the database at hand.

SQLAlchemy writes the SQL, so that any of its databases can hold the log; to have it look at every value of every row
again on each commit would cost more than the database itself does. Here the SQL is kept, and rows are handed to the
driver as it wants them.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, insert, text

from auditing.identity import CONTENT_LENGTH, ID_LENGTH, TICKET_LENGTH
from auditing.schema import predictions

_Converter = tuple[str, Callable[[Any], Any]]

_TICKET = f"substr(prediction_id, 1, {TICKET_LENGTH})"
_CONTENT = f"substr(prediction_id, {TICKET_LENGTH + 1}, {CONTENT_LENGTH - TICKET_LENGTH})"


class Statements:
    """SQL for one `dialect`."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._ranges: dict[tuple[str, int], str] = {}

    def insert(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Add `rows`, one value per column of `predictions` but `seq`. The rows are used up."""
        sql, arrange, converters = self._insertion
        for row in rows:
            for name, convert in converters:
                row[name] = convert(row[name])
        connection.exec_driver_sql(sql, [arrange(row) for row in rows] if arrange else list(rows))

    def count_contents(self, connection: Connection, tickets: Sequence[str]) -> dict[str, int]:
        """Count the distinct contents of each of `tickets` that the log knows; answered from the index alone."""
        rows = self._select(connection, f"SELECT {_TICKET}, count(DISTINCT {_CONTENT})", tickets, f"GROUP BY {_TICKET}")
        return {row[0]: row[1] for row in rows}

    def find_answers(self, connection: Connection, contents: Sequence[str]) -> Sequence[tuple[str, int, str]]:
        """Give (prediction_id, revision, answer) of every prediction, under any version, of `contents`."""
        rows = self._select(connection, "SELECT prediction_id, revision, answer", contents, "")
        return [(row[0], row[1], row[2]) for row in rows]

    def _select(self, connection: Connection, what: str, prefixes: Sequence[str], grouping: str) -> Sequence[Any]:
        # powers of two: a handful of statements, each compiled once, instead of one per size of group
        size = 1 << (len(prefixes) - 1).bit_length()
        sql = self._ranges.get((what, size))
        if sql is None:
            within = " OR ".join(f"prediction_id BETWEEN :low{place} AND :high{place}" for place in range(size))
            statement = text(f"{what} FROM predictions WHERE {within} {grouping}")
            sql = self._ranges[what, size] = str(statement.compile(dialect=self._dialect))
        bounds: list[str] = []
        for prefix in prefixes:
            missing = ID_LENGTH - len(prefix)
            bounds += (prefix + "0" * missing, prefix + "f" * missing)
        # the last range fills what is left; asking twice finds nothing twice
        bounds += bounds[-2:] * (size - len(prefixes))
        parameters: Any = tuple(bounds)
        if not self._dialect.positional:
            parameters = {f"{'high' if place % 2 else 'low'}{place // 2}": bound for place, bound in enumerate(bounds)}
        return connection.exec_driver_sql(sql, parameters).fetchall()

    @cached_property
    def _insertion(self) -> tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]] | None, Sequence[_Converter]]:
        columns = [column for column in predictions.columns if column.name != "seq"]
        # inline: nobody asks for the numbers that the rows got
        statement = insert(predictions).inline()
        compiled = statement.compile(dialect=self._dialect, column_keys=[column.name for column in columns])
        converters = []
        for column in columns:
            convert = column.type.dialect_impl(self._dialect).bind_processor(self._dialect)
            if convert is not None:
                converters.append((column.name, convert))
        arrange = itemgetter(*compiled.positiontup) if self._dialect.positional and compiled.positiontup else None
        return str(compiled), arrange, converters

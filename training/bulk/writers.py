"""Tables written a chunk at a time, in the formats that are read: CSV, TSV, XLSX, JSONL, Parquet."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.cell import WriteOnlyCell

from auditing.figures.tables import defused, held_by_xml
from training.bulk.input import Originals
from training.bulk.output import SHEET_CELL, SHEET_ROWS, CellTooLong, SheetFull, format_of

EXACT_DIGITS = 10**15
"""Spreadsheets keep 15 digits of a number; a longer one is written as text."""

ROW_GROUP_BYTES = 32 << 20
"""Parquet rows are gathered up to this size: many small row groups make a file slow to read."""


class Sink(Protocol):
    """Takes the rows of a table, a chunk at a time; every chunk has the same columns."""

    def write(self, table: pa.Table, rows: Sequence[int]) -> None:
        """Append rows; `rows` are their numbers in the input, as `Table.frames` counts them."""

    def close(self) -> None:
        """Write what is left. The file stays open."""

    def discard(self) -> None:
        """Let go of the file, whose content does not matter any more."""


@contextmanager
def open_sink(file: BinaryIO, target: Path, ours: int, originals: Originals | None) -> Iterator[Sink]:
    """Give a sink in the format of `target` that writes to `file`; it is closed at the end.

    ours: how many columns, the last ones, are not the user's. originals: the user's values where the input has types
    that a column of text has lost; they take the place of the table's other columns.
    """
    sink = _sink(file, target, ours, originals)
    try:
        yield sink
        sink.close()
    except BaseException:
        # what is under way is the error to tell; a writer that is only dropped would raise another one later
        with suppress(Exception):
            sink.discard()
        raise


def _sink(file: BinaryIO, target: Path, ours: int, originals: Originals | None) -> Sink:
    suffix = format_of(target)
    if suffix == ".parquet":
        return _ParquetSink(file)
    if suffix == ".xlsx":
        return _SheetSink(file, target, ours, originals)
    if suffix == ".jsonl":
        return _JsonSink(file, ours, originals)
    return _DelimitedSink(file, "," if suffix == ".csv" else "\t", ours)


class _ParquetSink:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._gathered: list[pa.Table] = []

    def write(self, table: pa.Table, rows: Sequence[int]) -> None:
        del rows
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd")
        self._gathered.append(table)
        if sum(each.nbytes for each in self._gathered) >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._writer is not None and self._gathered:
            self._writer.write_table(pa.concat_tables(self._gathered))
            self._gathered.clear()

    def close(self) -> None:
        self._flush()
        self.discard()

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _DelimitedSink:
    def __init__(self, file: BinaryIO, delimiter: str, ours: int) -> None:
        # spreadsheets take a file without the mark for the local encoding
        self._text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        self._writer = csv.writer(self._text, delimiter=delimiter)
        self._ours = ours
        self._begun = False

    def write(self, table: pa.Table, rows: Sequence[int]) -> None:
        del rows
        if not self._begun:
            self._writer.writerow(table.column_names)
            self._begun = True
        columns = [texts(column) for column in table.columns]
        users = table.num_columns - self._ours
        columns[users:] = [[defused(cell) for cell in column] for column in columns[users:]]
        self._writer.writerows(zip(*columns, strict=True))

    def close(self) -> None:
        self.discard()

    def discard(self) -> None:
        self._text.detach()


class _JsonSink:
    def __init__(self, file: BinaryIO, ours: int, originals: Originals | None) -> None:
        self._file = file
        self._ours = ours
        self._originals = originals

    def write(self, table: pa.Table, rows: Sequence[int]) -> None:
        if self._originals is None:
            objects: Iterable[dict[str, Any]] = table.to_pylist()
        else:
            answers = table.select(range(table.num_columns - self._ours, table.num_columns)).to_pylist()
            found = self._originals.take(rows)
            objects = (original | answer for original, answer in zip(found, answers, strict=True))
        for item in objects:
            line = json.dumps({key: _json(value) for key, value in item.items()}, ensure_ascii=False, default=_spelled)
            try:
                self._file.write(line.encode() + b"\n")
            except UnicodeEncodeError:
                # half of a surrogate pair, which JSON can spell and UTF-8 cannot
                self._file.write(json.dumps(json.loads(line)).encode() + b"\n")

    def close(self) -> None:
        pass

    def discard(self) -> None:
        pass


class _SheetSink:
    def __init__(self, file: BinaryIO, target: Path, ours: int, originals: Originals | None) -> None:
        self._file = file
        self._target = target
        self._ours = ours
        self._originals = originals
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("paidan")
        self._sheet.freeze_panes = "A2"
        self._count = 0

    def write(self, table: pa.Table, rows: Sequence[int]) -> None:
        if not self._count:
            self._append([self._cell(name, 1) for name in table.column_names])
        columns = [column.to_pylist() for column in table.columns]
        if self._originals is None:
            for row, cells in zip(rows, zip(*columns, strict=True), strict=True):
                self._append([self._cell(value, row) for value in cells])
            return
        answers = zip(*columns[table.num_columns - self._ours :], strict=True)
        for row, cells, mine in zip(rows, self._originals.take(rows), answers, strict=True):
            self._append([*(self._copy(cell) for cell in cells), *(self._cell(value, row) for value in mine)])

    def _append(self, cells: list[Any]) -> None:
        self._count += 1
        if self._count > SHEET_ROWS:
            raise SheetFull(self._target)
        self._sheet.append(cells)

    def _cell(self, value: object, row: int) -> object:
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float) and abs(value) < EXACT_DIGITS:
            return value
        if isinstance(value, date | time | timedelta) and getattr(value, "tzinfo", None) is None:
            return value
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return None
        text = held_by_xml(value if isinstance(value, str) else _spelled(value))
        if len(text) > SHEET_CELL:
            raise CellTooLong(self._target, row)
        return self._text(text)

    def _copy(self, cell: Any) -> object:
        value = None if cell is None else cell.value
        if value is None or value == "":
            return None
        if isinstance(value, str) and cell.data_type != "e":
            return self._text(value)
        if cell.number_format == "General":
            return cast("object", value)
        copied = WriteOnlyCell(self._sheet, value)
        copied.number_format = cell.number_format
        return cast("object", copied)

    def _text(self, text: str) -> object:
        if not text.startswith(("=", "#")):
            return text
        # openpyxl would take it for a formula or an error
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        return cast("object", cell)

    def close(self) -> None:
        self._book.save(self._file)

    def discard(self) -> None:
        self._sheet.close()


def texts(column: pa.ChunkedArray) -> list[str]:
    """Return the cells of a column as text, "" where one is missing."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        try:
            column = column.cast(pa.large_string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return ["" if value is None else _spelled(value) for value in column.to_pylist()]
    return [cell or "" for cell in column.to_pylist()]


def _json(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _spelled(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)

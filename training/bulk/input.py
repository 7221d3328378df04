"""What bulk scoring asks of a file beyond its rows: a few bad bytes forgiven, how much is to come, values with types."""

import io
import json
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import openpyxl
import pyarrow.parquet as pq

from models.fitted import FIELDS
from training.errors import EncodingUnknown
from training.tables.columns import ColumnMap, Role, map_columns
from training.tables.delimited import BLOCK, find_encoding, open_binary
from training.tables.readers import Table, open_table

UNDECODED = "\ufffd"
"""Stands where bytes were not text."""

FORGIVEN_LINES = 20
"""Lines with bad bytes that a file may always have; beyond that, one in FORGIVEN_SHARE."""

FORGIVEN_SHARE = 100


@dataclass(frozen=True, slots=True)
class BulkInput:
    """A file ready to be read: what `map_columns` says of it, and whether bytes of it had to be replaced.

    `table` may be that of a mended copy; `columns.path` is the file itself. `columns` has the roles that a model reads.
    """

    table: Table
    columns: ColumnMap
    mended: bool

    def expected_rows(self) -> int | None:
        """Return about how many rows there are, None where that is not known without reading them."""
        path = self.table.path
        suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
        if suffix == "parquet":
            return int(pq.read_metadata(path).num_rows)
        if suffix == "xlsx":
            return None
        return _lines(path, quoted=False) if suffix == "jsonl" else _lines(path, quoted=True) - 1


@contextmanager
def open_input(source: Path, columns: Mapping[Role, str], scratch: Path) -> Iterator[BulkInput]:
    """Look at a file, as `open_table` and `map_columns` do, and forgive it a few lines that are no text.

    Where an encoding fits all but a few lines, a copy is read, in a directory of its own under `scratch`, that has
    UNDECODED in the place of the bytes at fault. A role that no model reads stays unused unless `columns` names it.

    Raises:
        DataRefused: the file cannot be read, or no column is known to hold the text.
        RoleUnknown: `columns` names no role.

    """
    with tempfile.TemporaryDirectory(prefix=".paidan-", dir=scratch, ignore_cleanup_errors=True) as directory:
        mended = False
        try:
            table = open_table(source)
        except EncodingUnknown as refused:
            table = open_table(_mended(source, refused, Path(directory)))
            mended = True
        unread = {role: "" for role in Role if role.value not in FIELDS}
        mapped = map_columns(source, table.headers, unread | dict(columns))
        positions = {role: place for role, place in mapped.positions.items() if role.value in FIELDS}
        yield BulkInput(table, ColumnMap(source, mapped.headers, MappingProxyType(positions)), mended)


def _mended(source: Path, refused: EncodingUnknown, directory: Path) -> Path:
    # bytes at fault in the first row speak of another encoding altogether, as UTF-16 does
    if refused.row is None or refused.row <= 1:
        raise refused
    copy = directory / source.name.removesuffix(".gz").removesuffix(".GZ")
    lines = bad = 0
    with (
        open_binary(source) as file,
        io.TextIOWrapper(file, refused.encoding, errors="replace", newline="") as text,
        copy.open("w", encoding="utf-8", newline="") as whole,
    ):
        for line in text:
            whole.write(line)
            lines += 1
            bad += UNDECODED in line
    if bad > max(FORGIVEN_LINES, lines // FORGIVEN_SHARE):
        raise refused
    return copy


def _lines(path: Path, *, quoted: bool) -> int:
    """Count lines; of `quoted` text only those that end outside of quotes: rows, where quotes are in order."""
    count, inside, last = 0, 0, ord("\n")
    with open_binary(path) as file:
        while block := file.read(BLOCK):
            data = np.frombuffer(block, np.uint8)
            ends = data == ord("\n")
            if quoted:
                within = (np.cumsum(data == ord('"'), dtype=np.int64) + inside) & 1
                ends &= within == 0
                inside = int(within[-1])
            count += int(np.count_nonzero(ends))
            last = block[-1]
    return count + (last != ord("\n"))


class Originals:
    """The user's own values where a file has types: a column of text keeps what a cell shows, not what it is.

    Read in step with `Table.frames`: row by row, by the same numbers.
    """

    def __init__(self, numbered: Iterator[tuple[int, Any]]) -> None:
        self._numbered = numbered

    def take(self, rows: Sequence[int]) -> list[Any]:
        """Return what stands at these rows, which ascend and come after those that were taken before.

        Raises:
            ValueError: a row is not there: the file has changed since.

        """
        found: list[Any] = []
        for row in rows:
            found.append(next((item for number, item in self._numbered if number == row), None))
            if found[-1] is None:
                raise ValueError(f"row {row} is not in the file any more; was it changed while it was read?")
        return found


@contextmanager
def json_originals(path: Path, names: Mapping[str, str]) -> Iterator[Originals]:
    """Give the objects of a JSONL file as they are, each key under the name that `names` has for it."""
    objects = _objects(path, names)
    try:
        yield Originals(objects)
    finally:
        objects.close()


@contextmanager
def sheet_originals(path: Path, width: int) -> Iterator[Originals]:
    """Give the cells of an XLSX file's first sheet, `width` of each row, with value, type and number format."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        yield Originals((number, _fitted(row, width)) for number, row in enumerate(sheet.iter_rows(), 1))
    finally:
        book.close()


def _objects(path: Path, names: Mapping[str, str]) -> Generator[tuple[int, dict[str, Any]]]:
    with open_binary(path) as file, io.TextIOWrapper(file, find_encoding(path), newline="\n") as text:
        for number, line in enumerate(text, 1):
            if line.strip():
                yield number, {names[key]: value for key, value in json.loads(line).items()}


def _fitted(row: Sequence[Any], width: int) -> list[Any]:
    return [*row[:width], *[None] * (width - len(row))]

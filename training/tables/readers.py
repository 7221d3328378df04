"""Tables of complaints in the formats that offices have: CSV, TSV, XLSX, JSONL, Parquet."""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar
from xml.etree.ElementTree import ParseError

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from training.errors import FileEmpty, FileUnreadable, FormatUnknown
from training.tables.columns import Role, map_columns
from training.tables.delimited import delimited_rows, find_encoding
from training.tables.jsonlines import json_headers, json_rows
from training.tables.spreadsheet import sheet_rows

CHUNK_ROWS = 10_000
"""Rows in memory at a time."""

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".xlsx", ".parquet")
"""What a file may be called; upper case will do."""

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")

_Rows = Iterator[tuple[int, Sequence[str | None]]]
_Item = TypeVar("_Item")


class _Frames(Protocol):
    def __call__(self, chunk_rows: int) -> Iterator[pd.DataFrame]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A file that has been looked at and not yet read: its headers, and its rows on demand."""

    path: Path
    headers: tuple[str, ...]
    read: _Frames

    def frames(self, chunk_rows: int = CHUNK_ROWS) -> Iterator[pd.DataFrame]:
        """Yield the rows in order, `chunk_rows` at a time, all columns under their own headers.

        The index, named `row`, is the row number that a spreadsheet shows: the header is row 1. A JSONL file has its
        line numbers, from 1; so have the records of a Parquet file. Columns are of dtype `str`, missing where the
        format says missing (null, a blank XLSX cell, a row cut short); those of a Parquet file keep their Arrow types.
        Half of a surrogate pair, which JSON can spell, becomes U+FFFD: no output could hold it.

        Raises:
            DataRefused: as the reader of the format does, when it comes to the row.
            FileEmpty: there is no row.

        """
        empty = True
        for frame in _guarded(self.path, self.read(chunk_rows)):
            empty = False
            yield frame
        if empty:
            raise FileEmpty(self.path)


def open_table(path: Path) -> Table:
    """Look at a file: its format by suffix, its encoding and its headers.

    Raises:
        FormatUnknown: the suffix is not in `SUFFIXES`.
        FileUnreadable: the file is missing or damaged.
        FileEmpty: there is no header.
        EncodingUnknown: neither UTF-8 nor GB18030.
        RowBroken: the header, or for JSONL a line, cannot be read.

    """
    suffix = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
    if suffix is None:
        raise FormatUnknown(path, SUFFIXES)
    return next(_guarded(path, _opened(path, suffix.removesuffix(".gz"))))


def stream_rows(
    path: Path, columns: Mapping[Role, str] = MappingProxyType({}), chunk_rows: int = CHUNK_ROWS
) -> Iterator[pd.DataFrame]:
    """Read a file for bulk scoring without holding it in memory: all columns, in order; see `Table.frames`.

    `columns` is checked at once, before the first row: `map_columns` gives the same roles to each frame.

    Raises:
        DataRefused: as `open_table` and `map_columns` do at once, and as `Table.frames` does on the way.

    """
    table = open_table(path)
    map_columns(path, table.headers, columns)
    return table.frames(chunk_rows)


def _opened(path: Path, suffix: str) -> Iterator[Table]:
    # a generator, so that `_guarded` translates the errors of looking and of reading alike
    if suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            headers = tuple(file.schema_arrow.names)
        yield Table(path, headers, partial(_parquet_frames, path))
        return
    if suffix == ".jsonl":
        headers = json_headers(path)
        if not headers:
            raise FileEmpty(path)
        yield Table(path, headers, partial(_text_frames, headers, partial(json_rows, path, headers)))
        return
    if suffix == ".xlsx":
        rows = partial(sheet_rows, path)
    else:
        delimiter = "," if suffix == ".csv" else "\t"
        rows = partial(delimited_rows, path, delimiter, find_encoding(path, delimiter))
    first = next(rows(), None)
    if first is None:
        raise FileEmpty(path)
    headers = tuple(cell or "" for cell in first[1])
    yield Table(path, headers, partial(_text_frames, headers, lambda: islice(rows(), 1, None)))


class _OpenRows(Protocol):
    def __call__(self) -> _Rows: ...


def _text_frames(headers: Sequence[str], open_rows: _OpenRows, chunk_rows: int) -> Iterator[pd.DataFrame]:
    rows = open_rows()
    while chunk := list(islice(rows, chunk_rows)):
        cells = zip(*(cells for _, cells in chunk), strict=True)
        frame = pd.DataFrame({position: _strings(column) for position, column in enumerate(cells)})
        frame.index = pd.Index([number for number, _ in chunk], dtype="int64", name="row")
        frame.columns = pd.Index(headers, dtype=object)
        yield frame


def _strings(cells: Sequence[str | None]) -> pd.api.extensions.ExtensionArray:
    try:
        return pd.array(cells, dtype="str")
    except UnicodeEncodeError:
        return pd.array([cell and _LONE_SURROGATE.sub("\ufffd", cell) for cell in cells], dtype="str")


def _parquet_frames(path: Path, chunk_rows: int) -> Iterator[pd.DataFrame]:
    with pq.ParquetFile(path) as file:
        first = 1
        for batch in file.iter_batches(chunk_rows):
            table = pa.Table.from_batches([batch])
            headers = pd.Index(table.column_names, dtype=object)
            # pandas looks columns up by name here, and two may have the same
            table = table.rename_columns([str(position) for position in range(table.num_columns)])
            frame = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
            frame.columns = headers
            frame.index = pd.RangeIndex(first, first + len(frame), name="row")
            first += len(frame)
            if len(frame):
                yield frame


def _guarded(path: Path, items: Iterator[_Item]) -> Iterator[_Item]:
    """Pass items on, and tell a damaged file from a damaged row."""
    try:
        yield from items
    except OSError as error:
        raise FileUnreadable(path, error.strerror or str(error)) from None
    except (EOFError, zlib.error, zipfile.BadZipFile, ParseError, pa.ArrowException) as error:
        raise FileUnreadable(path, str(error).splitlines()[0]) from None

"""The user's own values where a file has types: a column of text keeps what a cell shows, not what it is."""

import io
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl

from training.delimited import find_encoding, open_binary


class Originals:
    """Reads a file in step with `Table.frames`: row by row, by the same numbers."""

    def __init__(self, numbered: Iterator[tuple[int, Any]]) -> None:
        self._numbered = numbered

    def take(self, rows: Sequence[int]) -> list[Any]:
        """Return what stands at these rows, which ascend and come after those that were taken before.

        Raises:
            ValueError: a row is not there: the file has changed since.

        """
        found: list[Any] = []
        for row in rows:
            found.append(next((item for number, item in self._numbered if number >= row), None))
            if found[-1] is None:
                raise ValueError(f"row {row} is not in the file any more; was it changed while it was read?")
        return found


@contextmanager
def json_originals(path: Path, names: Mapping[str, str]) -> Iterator[Originals]:
    """Give the objects of a JSONL file as they are, a key that `names` has under its new name."""
    yield Originals(_objects(path, names))


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
                yield number, {names.get(key, key): value for key, value in json.loads(line).items()}


def _fitted(row: Sequence[Any], width: int) -> list[Any]:
    return [*row[:width], *[None] * (width - len(row))]

"""XLSX workbooks, read a row at a time."""

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from training.errors import FileUnreadable
from training.tables.delimited import fit

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""ECMA-376 part 1, 22.9.2.19 (ST_Xstring): characters that XML cannot hold, such as _x000D_ for a carriage return."""


def sheet_rows(path: Path) -> Iterator[tuple[int, Sequence[str | None]]]:
    """Yield (row number as the spreadsheet shows it, cells) of the first sheet, the header first.

    Cells come as text. A whole number has no decimal point, and the leading zeros that its format shows; a date is
    `2026-01-31`, with ` 08:05:00` behind it where it has a time; a formula is its stored result; a blank cell is None.
    Blank rows are counted and skipped. Cells beyond the last header are dropped if blank.

    Raises:
        FileUnreadable: not a workbook, or one with a password.
        RowBroken: a cell beyond the last header holds something.

    """
    book = _open(path)
    try:
        sheet = book.worksheets[0]
        # some exporters state a wrong size, and read-only mode would believe it
        sheet.reset_dimensions()
        width = 0
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [_text(cell) for cell in row]
            if not any(cells):
                continue
            if not width:
                width = max(index for index, cell in enumerate(cells, 1) if cell)
                cells = [cell or "" for cell in cells[:width]]
            yield number, (cells if len(cells) == width else fit(path, number, cells, width))
    finally:
        book.close()


def _open(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; cells are all that is read here
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError) as error:
        raise FileUnreadable(path, f"{type(error).__name__}: not an XLSX workbook") from None
    if not book.worksheets:
        book.close()
        raise FileUnreadable(path, "no worksheet")
    return book


def _text(cell: Any) -> str | None:
    value = cell.value
    if value is None:
        return None
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        zeros = cell.number_format
        return str(value).zfill(len(zeros)) if set(zeros) == {"0"} else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date | time) else _other(value)


def _other(value: object) -> str:
    return f"{value.total_seconds():.0f} s" if isinstance(value, timedelta) else str(value)

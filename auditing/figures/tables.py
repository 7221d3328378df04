"""Tables for spreadsheets: CSV and XLSX in which no cell can act.

A cell that begins with = + - @, a tab or a carriage return is a formula to a spreadsheet, whoever wrote it (OWASP, "CSV
Injection"). In CSV such a cell gets an apostrophe in front; in XLSX it is text by its type, and marked as quoted, so
that it stays text when it is edited.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

import openpyxl
from openpyxl.cell import WriteOnlyCell

Value = str | int | float | datetime | None
Table = tuple[Sequence[str], Iterable[Sequence[Value]]]
"""Headers and rows. A number that is not finite, and None, are an empty cell."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NO_XML = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""What XML cannot hold, and what would be read as its escape."""


def defused(cell: str) -> str:
    """Give a cell of a delimited file that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def held_by_xml(text: str) -> str:
    """Give the text with what XML cannot hold escaped as XLSX does (ECMA-376, ST_Xstring)."""
    return _NO_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def write_csv(file: BinaryIO, table: Table) -> None:
    """Write a table as UTF-8 with a byte order mark, without which spreadsheets take the local encoding."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    headers, rows = table
    writer.writerow([defused(header) for header in headers])
    writer.writerows([_plain(value) for value in row] for row in rows)
    text.detach()


def write_xlsx(file: BinaryIO, sheets: Mapping[str, Table]) -> None:
    """Write one worksheet per table, under its name (31 characters at most), the header's row held in place."""
    book = openpyxl.Workbook(write_only=True)
    for name, (headers, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for row in (headers, *rows):
            sheet.append([_cell(sheet, value) for value in row])
    book.save(file)


def _plain(value: Value) -> str | int | float:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return defused(value) if isinstance(value, str) else value


def _cell(sheet: object, value: Value) -> object:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, held_by_xml(value))
    # openpyxl takes a text that begins with = or # for a formula or an error
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(_FORMULA_STARTS)
    written: object = cell
    return written

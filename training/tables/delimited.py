"""CSV and TSV files, plain or gzipped, in UTF-8 or GB18030."""

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from training.errors import EncodingUnknown, RowBroken

BLOCK = 1 << 20
"""Bytes decoded at a time while the encoding is looked for."""

ENOUGH_HAN = 8
"""Han characters that decode as UTF-8 before a failure: bytes in GB18030 do that by chance once or twice, not so often."""

_HAN = re.compile(r"[\u4e00-\u9fff]")
_UNDECODED = re.compile(r"[\udc80-\udcff]")


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading bytes, through gzip where its name ends in .gz."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def find_encoding(path: Path, delimiter: str | None = None) -> str:
    """Return `utf-8-sig` or `gb18030`, whichever decodes the whole file. Reads it once or twice, a block at a time.

    `delimiter` helps to number the row of an error: None counts lines.

    Raises:
        EncodingUnknown: neither does; names the row where the likelier of the two fails.

    """
    with open_binary(path) as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EncodingUnknown(path, 1, "UTF-8 / GB18030 (UTF-16)")
    fails, han = _decodes(path, "utf-8-sig")
    if not fails:
        return "utf-8-sig"
    if start.startswith(codecs.BOM_UTF8) or han >= ENOUGH_HAN:
        raise EncodingUnknown(path, _first_undecoded(path, "utf-8-sig", delimiter), "UTF-8")
    if not _decodes(path, "gb18030")[0]:
        return "gb18030"
    raise EncodingUnknown(path, _first_undecoded(path, "gb18030", delimiter), "GB18030")


def _decodes(path: Path, encoding: str) -> tuple[bool, int]:
    """Return whether decoding fails somewhere, and how many Han characters came before."""
    decoder = codecs.getincrementaldecoder(encoding)()
    han = 0
    with open_binary(path) as file:
        while True:
            block = file.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "ignore")
                return True, han + len(_HAN.findall(good))
            if han < ENOUGH_HAN:
                han += len(_HAN.findall(text))
            if not block:
                return False, han


def _first_undecoded(path: Path, encoding: str, delimiter: str | None) -> int:
    """Return the row of the first byte that is not text; bytes that are none decode to lone surrogates here."""
    with open_binary(path) as file, io.TextIOWrapper(file, encoding, "surrogateescape", newline="") as text:
        rows = text if delimiter is None else csv.reader(text, delimiter=delimiter)
        number = 0
        try:
            for number, row in enumerate(rows, 1):
                if _UNDECODED.search(row if isinstance(row, str) else "".join(row)):
                    return number
        except csv.Error:
            return number + 1
    return number


def delimited_rows(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[int, Sequence[str | None]]]:
    """Yield (row number, cells) of each row, the header (row 1) first; blank lines are counted and skipped.

    Cells are as written: nothing is stripped or taken for a number or for missing. Each row has as many cells as the
    header: spreadsheets leave out empty cells at the end of a row, which come back as None.

    Raises:
        RowBroken: a quote does not close where it should, or a row has more cells than there are headers.

    """
    with open_binary(path) as file, io.TextIOWrapper(file, encoding, newline="") as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        width, number = 0, 0
        try:
            for number, cells in enumerate(reader, 1):
                if not cells:
                    continue
                if not width:
                    cells[0] = cells[0].removeprefix("\ufeff")
                    width = len(cells)
                yield number, (cells if len(cells) == width else fit(path, number, cells, width))
        except csv.Error as error:
            raise RowBroken.quotes(path, number + 1, str(error)) from None


def fit(path: Path, number: int, cells: Sequence[str | None], width: int) -> Sequence[str | None]:
    """Return cells cut or padded to `width`: None is added, empty cells beyond the headers are dropped.

    Raises:
        RowBroken: a cell beyond the headers holds something.

    """
    if any(cells[width:]):
        raise RowBroken.too_many_cells(path, number, len(cells), width)
    return [*cells[:width], *([None] * (width - len(cells)))]

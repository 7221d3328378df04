"""A file that appears only when it is whole, and what stops it from being written.

OutputRefused
├── TargetIsSource      the output would replace the file that is being read
├── TargetUnwritable    no such folder, no permission, no space
├── SheetFull           more rows than a worksheet has
└── CellTooLong         more characters than a worksheet's cell has
"""

import gzip
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from training.errors import FormatUnknown, Refused
from training.tables.readers import SUFFIXES

SHEET_ROWS = 1_048_576
"""Rows of an XLSX worksheet, the header among them."""

SHEET_CELL = 32_767
"""Characters of an XLSX cell."""


class OutputRefused(Refused):
    """A file cannot be written as asked."""

    def __init__(self, target: Path, chinese: str, english: str) -> None:
        self.target = target
        super().__init__(f"{target}：{chinese}", f"{target}: {english}")


class TargetIsSource(OutputRefused):
    """The output would replace the file that is being read."""

    def __init__(self, target: Path) -> None:
        super().__init__(
            target, "输出文件就是输入文件。请用 -o 另指一个文件。", "is the input itself; name another file with -o."
        )


class TargetUnwritable(OutputRefused):
    """The system does not let the file be written; `reason` is its own short sentence."""

    def __init__(self, target: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(
            target,
            f"无法写入（{reason}）。请检查文件夹是否存在、权限和磁盘空间；若文件正在表格软件中打开，请先关闭。",
            f"cannot be written ({reason}); check that the folder exists, permissions and space, and that no "
            "spreadsheet has the file open.",
        )


class SheetFull(OutputRefused):
    """More rows than a worksheet has."""

    def __init__(self, target: Path) -> None:
        super().__init__(
            target,
            f"超过工作表的行数上限 {SHEET_ROWS:,}。请输出为 .csv 或 .parquet。",
            f"a worksheet has {SHEET_ROWS:,} rows at most; write .csv or .parquet.",
        )


class CellTooLong(OutputRefused):
    """More characters than a worksheet's cell has; `row` is the input's."""

    def __init__(self, target: Path, row: int) -> None:
        self.row = row
        super().__init__(
            target,
            f"输入第 {row} 行有单元格超过 XLSX 的上限 {SHEET_CELL:,} 字符。请输出为 .csv 或 .parquet，以免截断。",
            f"row {row} of the input has a cell of more than {SHEET_CELL:,} characters, which XLSX would cut; write "
            ".csv or .parquet.",
        )


def format_of(path: Path) -> str:
    """Return the suffix that decides a file's format, .gz left out.

    Raises:
        FormatUnknown: the suffix is not in `SUFFIXES`.

    """
    suffix = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
    if suffix is None:
        raise FormatUnknown(path, SUFFIXES)
    return suffix.removesuffix(".gz")


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a new file beside the target that takes its place at the end; after an error there is no trace of it.

    Bytes are compressed where the target's name ends in .gz.

    Raises:
        TargetUnwritable: the system refuses.

    """
    # of a link, the file that it stands for is replaced
    place = target.resolve()
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            with _compressed(file, target) as packed:
                yield packed
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except OSError as error:
        raise TargetUnwritable(target, error.strerror or str(error)) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _compressed(file: BinaryIO, target: Path) -> Iterator[BinaryIO]:
    if target.suffix.lower() != ".gz":
        yield file
        return
    # the name and the time of the part file are nobody's business
    packing: AbstractContextManager[Any] = gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)
    with packing as packed:
        yield cast("BinaryIO", packed)

"""What stops a training run before it starts.

    Refused
    ├── DataRefused                the file cannot be read as it is
    │   ├── FileUnreadable         missing, damaged, or not what its name says
    │   ├── FormatUnknown          a suffix that no reader knows
    │   ├── FileEmpty              no header, or no row under it
    │   ├── EncodingUnknown        bytes that are neither UTF-8 nor GB18030
    │   ├── RowBroken              a row that cannot be cut into cells
    │   ├── TypeUnsuitable         a typed column (Parquet) that cannot play its role
    │   ├── TypesMixed             one label column, numbers in one file and text in another
    │   ├── ProvenanceUnknown      a label from nobody that we know
    │   └── ColumnRefused
    │       ├── RoleUnknown        a mapping names a role that does not exist
    │       ├── HeaderMissing      a mapping names a header that the file does not have
    │       ├── HeaderAmbiguous    two columns of the file have the header in question
    │       └── TextColumnMissing  no column is known to hold the complaint
    ├── GateRefused                the file can be read, but nothing can be learnt from it (more: training.gate.errors)
    │   └── LabelColumnMissing     neither domain nor office
    └── StarterMissing             the installed package lacks its starter set

Each message is for the person who brought the file: Chinese first, then the same in English, with file, row and remedy.
No message repeats a cell; a header that looks like content is not repeated either.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

_LONG_NUMBER = re.compile(r"\d{7,}")


def shown(name: str, longest: int = 40) -> str:
    """Return a header or label as a message may repeat it: a long one is only counted, long numbers are starred."""
    if len(name) > longest:
        return f"<{len(name)}字 characters>"
    return _LONG_NUMBER.sub(lambda found: "*" * len(found.group()), name)


def _listed(headers: Sequence[str]) -> str:
    # where the header row is missing these are cells of a complaint
    return "、".join(shown(header, 20) or "<空 blank>" for header in headers) or "<无 none>"


class Refused(Exception):
    """Training cannot start; `chinese` and `english` say what, where and the way out."""

    def __init__(self, chinese: str, english: str) -> None:
        self.chinese, self.english = chinese, english
        super().__init__(f"{chinese}\n{english}")


class DataRefused(Refused):
    """A file cannot be read as it is. `row` is the number that a spreadsheet shows, None where no row is at fault."""

    def __init__(self, path: Path, row: int | None, chinese: str, english: str) -> None:
        self.path, self.row = path, row
        where_zh = "" if row is None else f" 第 {row} 行"
        where_en = "" if row is None else f", row {row}"
        super().__init__(f"{path}{where_zh}：{chinese}", f"{path}{where_en}: {english}")


class FileUnreadable(DataRefused):
    """The file is missing, damaged, or not what its name says; `reason` is the reader's own short sentence."""

    def __init__(self, path: Path, reason: str, row: int | None = None) -> None:
        self.reason = reason
        super().__init__(
            path,
            row,
            f"文件无法读取（{reason}）。请检查路径、权限，并确认文件完整、扩展名与内容相符、没有密码。",
            f"cannot be read ({reason}); check path and permissions, that the copy is complete, that the suffix is right.",
        )


class FormatUnknown(DataRefused):
    """The suffix says nothing to any reader."""

    def __init__(self, path: Path, known: Sequence[str]) -> None:
        self.known = tuple(known)
        super().__init__(
            path,
            None,
            f"不认识的扩展名。可用：{' '.join(known)}。旧版 .xls 请另存为 .xlsx。",
            f"unknown suffix; known: {' '.join(known)}. Save an old .xls as .xlsx.",
        )


class FileEmpty(DataRefused):
    """Nothing to read: no header, or a header without rows."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            None,
            "文件是空的：第一行应为列名，其下每行一件投诉。XLSX 只读取第一张工作表。",
            "is empty: the first row should hold the headers, one complaint in each row below (XLSX: the first sheet).",
        )


class EncodingUnknown(DataRefused):
    """The bytes of `row` are not text in `encoding`, the encoding of the rest of the file."""

    def __init__(self, path: Path, row: int, encoding: str) -> None:
        self.encoding = encoding
        super().__init__(
            path,
            row,
            f"编码错误：此处不是合法的 {encoding}。请用表格软件另存为 “CSV UTF-8”，或改正这一行。",
            f'is not valid {encoding} here; save the file as "CSV UTF-8" from a spreadsheet, or correct this row.',
        )


class RowBroken(DataRefused):
    """A row cannot be cut into cells: an open quote, too many cells, a line that is not a JSON object."""

    @classmethod
    def quotes(cls, path: Path, row: int, reason: str) -> "RowBroken":
        """Return the error for a quote that opens and does not close where it should."""
        return cls(
            path,
            row,
            f'引号不成对（{reason}）。从这一行开始的单元格：内容里的半角引号要写成两个 ""，并把整格放在引号内。',
            f'quotes do not match ({reason}); in the cells from this row on, write a " inside a cell as "" and put the '
            "whole cell in quotes.",
        )

    @classmethod
    def too_many_cells(cls, path: Path, row: int, found: int, expected: int) -> "RowBroken":
        """Return the error for a row with more cells than there are headers."""
        return cls(
            path,
            row,
            f"有 {found} 个单元格，列名只有 {expected} 个。内容里有分隔符时，请把整格放在半角引号内。",
            f"has {found} cells under {expected} headers; put a cell that contains the separator in quotes.",
        )

    @classmethod
    def not_an_object(cls, path: Path, row: int, reason: str) -> "RowBroken":
        """Return the error for a line that is not one JSON object."""
        return cls(
            path,
            row,
            f"这一行不是一个 JSON 对象（{reason}）。JSONL 每行应为一个 {{…}}。",
            f"is not one JSON object ({reason}); each line of a JSONL file should be one {{…}}.",
        )


class TypeUnsuitable(DataRefused):
    """A typed column cannot play its role, such as a list for a label."""

    def __init__(self, path: Path, role: str, header: str, found: str, expected: str) -> None:
        self.role, self.header, self.found, self.expected = role, header, found, expected
        super().__init__(
            path,
            None,
            f"列「{shown(header)}」（用作 {role}）的类型是 {found}，应为 {expected}。请先转换该列再导出。",
            f"column {shown(header)!r} (as {role}) has type {found}, expected {expected}; cast it and export again.",
        )


class TypesMixed(DataRefused):
    """One label column holds numbers in one file and text in another: one class would become two."""

    def __init__(self, path: Path, role: str, found: str, other_path: Path, other_found: str) -> None:
        self.role, self.found, self.other_path, self.other_found = role, found, other_path, other_found
        super().__init__(
            path,
            None,
            f"{role} 列在此文件中是 {found}，在 {other_path} 中是 {other_found}；同一类会变成两类。请统一后再导出。",
            f"{role} is {found} here and {other_found} in {other_path}, so that one class would become two; "
            "use one of them in all files.",
        )


class ProvenanceUnknown(DataRefused):
    """The column of provenance says something that is none of the known words."""

    def __init__(self, path: Path, row: int, found: str, known: Sequence[str]) -> None:
        self.found, self.known = found, tuple(known)
        super().__init__(
            path,
            row,
            f"标签来源「{shown(found, 20)}」不认识。可用：{' '.join(known)}；空白表示 imported。",
            f"has provenance {shown(found, 20)!r}; known: {' '.join(known)}; blank stands for imported.",
        )


class ColumnRefused(DataRefused):
    """The columns cannot be given their roles."""


class RoleUnknown(Refused):
    """A mapping names a role that does not exist, or is not written ROLE=HEADER."""

    def __init__(self, given: str, known: Sequence[str]) -> None:
        self.given, self.known = given, tuple(known)
        super().__init__(
            f"列映射「{shown(given)}」无效。写法：--column 角色=列名；角色可为：{' '.join(known)}。",
            f"column mapping {shown(given)!r} is not ROLE=HEADER with a known role; known: {' '.join(known)}.",
        )


class HeaderMissing(ColumnRefused):
    """A mapping names a header that the file does not have."""

    def __init__(self, path: Path, role: str, header: str, headers: Sequence[str]) -> None:
        self.role, self.header, self.headers = role, header, tuple(headers)
        close = get_close_matches(header, headers, 1)
        maybe_zh = f"是否指「{shown(close[0])}」？" if close else ""
        maybe_en = f"did you mean {shown(close[0])!r}? " if close else ""
        super().__init__(
            path,
            None,
            f"没有列「{shown(header)}」（要用作 {role}）。{maybe_zh}现有列：{_listed(headers)}。"
            f"请写 --column {role}=<现有列名>。",
            f"has no column {shown(header)!r} for {role}. {maybe_en}Headers: {_listed(headers)}. "
            f"Say --column {role}=<header>.",
        )


class HeaderAmbiguous(ColumnRefused):
    """Two columns of the file have the header that a role asks for; `positions` count from 1."""

    def __init__(self, path: Path, role: str, header: str, positions: Sequence[int]) -> None:
        self.role, self.header, self.positions = role, header, tuple(positions)
        which = ", ".join(str(position) for position in positions)
        super().__init__(
            path,
            None,
            f"第 {which} 列都叫「{shown(header)}」，不知哪一列用作 {role}。请改名，或用 --column {role}=<列名> 另指一列。",
            f"columns {which} are all called {shown(header)!r}, so that {role} is ambiguous; rename one, or say "
            f"--column {role}=<another header>.",
        )


class TextColumnMissing(ColumnRefused):
    """No column is known to hold what was said."""

    def __init__(self, path: Path, headers: Sequence[str]) -> None:
        self.headers = tuple(headers)
        super().__init__(
            path,
            None,
            f"找不到投诉内容列。现有列：{_listed(headers)}。请写 --column text=<列名>；第一行须是列名，其上不能有标题行；"
            "若只有一列，请检查分隔符（.csv 用逗号，.tsv 用制表符）。",
            f"has no column of complaint text. Headers: {_listed(headers)}. Say --column text=<header>. The first row "
            "must hold the headers; of only one column, check the separator (comma in .csv, tab in .tsv).",
        )


class GateRefused(Refused):
    """The data can be read, but training on it would be pointless."""


class LabelColumnMissing(GateRefused):
    """No file has a column for domain or for office. `files` pairs each path with its headers."""

    def __init__(self, files: Sequence[tuple[Path, Sequence[str]]]) -> None:
        self.files = tuple((path, tuple(headers)) for path, headers in files)
        which = "；".join(f"{path}（{_listed(headers)}）" for path, headers in self.files)
        super().__init__(
            f"没有标签列：需要 domain（领域）或 office（承办单位）。现有列：{which}。"
            "请写 --column domain=<列名> 或 --column office=<列名>。",
            f"there is no label column, neither domain nor office, in {which}. Say --column domain=<header> or "
            "--column office=<header>.",
        )


class StarterMissing(Refused):
    """The starter set is not where the package ships it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"安装包缺少示例数据（{folder.name}/*.csv）。请重新安装，或用 --data 指定自己的文件。",
            f"the installed package lacks its starter set ({folder.name}/*.csv); install it again, or give your own "
            "file with --data.",
        )

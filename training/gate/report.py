"""What the data gate found, as values, as JSON and as a table for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from unicodedata import east_asian_width

from auditing.cases.provenance import Provenance
from models.prediction import Target
from training.errors import shown
from training.gate.merge import MergeReport
from training.tables.dataset import Location

_WHOSE = {Provenance.PERSON: "人工", Provenance.IMPORTED: "导入", Provenance.MODEL: "模型"}

SHOWN = 10
"""Row numbers, or classes, of one line of the table."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows, and where the first of them are."""

    count: int
    first: tuple[Location, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the count, and file names with their row numbers."""
        return {"count": self.count, "first": [{"file": at.path.name, "row": at.row} for at in self.first]}

    def __str__(self) -> str:
        if not self.count:
            return "0"
        listed = "; ".join(
            f"{name} {', '.join(str(at.row) for at in places)}"
            for name, places in groupby(self.first[:SHOWN], lambda at: at.path.name)
        )
        return f"{self.count:,}  ({listed}{', …' if self.count > SHOWN else ''})"


@dataclass(frozen=True, slots=True)
class FileColumns:
    """One file: its rows, and the header that was taken for each role."""

    name: str
    rows: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class of a head and its rows with text."""

    label: str
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return the label, as far as it may be shown, and the count."""
        return {"label": shown(self.label), "rows": self.rows}


@dataclass(frozen=True, slots=True)
class HeadReport:
    """What one head would learn from.

    `classes` are all classes, largest first; `thin` are those below `min_class_rows`: their `thin_rows` stay out of
    this head's training. `conflicts` are rows whose normalised text occurs with another label, of which there are
    `conflicting_texts`. Without two learnable classes the head is left out: `trains` is False.
    """

    target: Target
    labelled: int
    unlabelled: Rows
    classes: tuple[ClassCount, ...]
    thin: tuple[ClassCount, ...]
    thin_rows: Rows
    conflicting_texts: int
    conflicts: Rows
    trains: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "trains": self.trains,
            "labelled": self.labelled,
            "unlabelled": self.unlabelled.to_dict(),
            "classes": [each.to_dict() for each in self.classes],
            "thin_classes": [each.to_dict() for each in self.thin],
            "thin_rows": self.thin_rows.to_dict(),
            "conflicting_texts": self.conflicting_texts,
            "conflicts": self.conflicts.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate found in rows read from files, before training. Holds no text of any complaint.

    Exact duplicates have the same normalised text; `near_*` counts groups with two different texts or more. `rows` in
    both are all rows of such groups. `lengths` are quantiles of the characters of the text as written.
    `exact_overlap` and `near_overlap` are test rows that training has the text, or one like it, of.
    """

    rows: int
    files: tuple[FileColumns, ...]
    empty: Rows
    too_long: Rows
    undated: Rows | None
    exact_groups: int
    exact_rows: int
    near_groups: int
    near_rows: int
    lengths: tuple[tuple[str, int], ...]
    min_class_rows: int
    heads: tuple[HeadReport, ...]
    split: str
    train_rows: int
    test_rows: int
    left_out_rows: int
    exact_overlap: int
    near_overlap: int
    labels: MergeReport | None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it: counts, labels, file names and row numbers."""
        return {
            "rows": self.rows,
            "files": [{"file": each.name, "rows": each.rows, "columns": dict(each.headers)} for each in self.files],
            "labels": self.labels.to_dict() if self.labels else None,
            "empty": self.empty.to_dict(),
            "too_long": self.too_long.to_dict(),
            "undated": self.undated.to_dict() if self.undated else None,
            "exact_duplicates": {"groups": self.exact_groups, "rows": self.exact_rows},
            "near_duplicates": {"groups": self.near_groups, "rows": self.near_rows},
            "lengths": dict(self.lengths),
            "min_class_rows": self.min_class_rows,
            "heads": {head.target: head.to_dict() for head in self.heads},
            "split": {
                "sentence": self.split,
                "train": self.train_rows,
                "test": self.test_rows,
                "left_out": self.left_out_rows,
                "exact_overlap": self.exact_overlap,
                "near_overlap": self.near_overlap,
            },
        }

    def to_text(self) -> str:
        """Return a table for a terminal: Chinese, the same in short English, the finding. Row 1 is the header."""
        lines = [*self._columns(), *self._labels(), *self._content()]
        for head in self.heads:
            lines += _head_lines(head, self.min_class_rows)
        lines += [
            (
                "划分",
                "split",
                f"训练 train {self.train_rows:,} · 测试 test {self.test_rows:,} · 不用 left out {self.left_out_rows:,}",
            ),
            (
                "训练测试重叠",
                "train/test overlap",
                f"相同 exact {self.exact_overlap:,} · 近似 near {self.near_overlap:,}",
            ),
        ]
        return "\n".join([*_table(lines), *self.split.split("\n")])

    def _columns(self) -> Iterator[tuple[str, str, str]]:
        yield "读取行数", "rows read", f"{self.rows:,}"
        for each in self.files:
            used = ", ".join(f"{role}←{shown(header)}" for role, header in each.headers)
            yield "文件与列", "file, columns", f"{each.name} ({each.rows:,}): {used}"

    def _labels(self) -> Iterator[tuple[str, str, str]]:
        if self.labels is None:
            return
        whose = " · ".join(f"{_WHOSE[each]} {each} {rows:,}" for each, rows in self.labels.provenance)
        yield "标签来源", "whose labels", whose
        if self.labels.merged:
            said = " · ".join(f"{target} {count:,}" for target, count in self.labels.overruled)
            yield "同件合并（不用）", "merged, left out", f"{self.labels.merged:,} 行 rows"
            yield "被人工改判", "overruled by people", said
        if any(count for _, count in self.labels.disputed):
            said = " · ".join(f"{target} {count:,}" for target, count in self.labels.disputed)
            yield "人工意见不一", "people disagree", f"{said} — 以最后一次为准 the last word holds"

    def _content(self) -> Iterator[tuple[str, str, str]]:
        yield "内容为空（不用）", "empty text, left out", str(self.empty)
        yield "内容过长", "longer than serving takes", str(self.too_long)
        if self.undated is not None:
            yield "时间无法识别", "no readable time", str(self.undated)
        yield "完全重复", "exact duplicates", f"{self.exact_groups:,} 组 groups · {self.exact_rows:,} 行 rows"
        yield "近似重复", "near-duplicates", f"{self.near_groups:,} 组 groups · {self.near_rows:,} 行 rows"
        yield "内容字数", "characters", " · ".join(f"{name} {value:,}" for name, value in self.lengths)


def _head_lines(head: HeadReport, least: int) -> Iterator[tuple[str, str, str]]:
    state = "" if head.trains else " — 可学的类不足两个，此项不训练 fewer than two learnable classes: head left out"
    yield f"【{head.target}】", "head", f"{head.labelled:,} 行 rows · {len(head.classes):,} 类 classes{state}"
    yield "类与行数", "labels", _counts(head.classes[:SHOWN], len(head.classes))
    yield "无标签", "without a label", str(head.unlabelled)
    yield (
        f"少于 {least} 行的类",
        f"under {least} rows",
        f"{len(head.thin):,} 类 classes · {head.thin_rows}"
        + (" — 这些行不参加此项训练 rows stay out of this head's training" if head.thin else ""),
    )
    for start in range(0, len(head.thin), SHOWN):
        yield "", "", _counts(head.thin[start : start + SHOWN], 0)
    yield "同文不同标签", "same text, other label", f"{head.conflicting_texts:,} 文 texts · {head.conflicts}"


def _counts(classes: Sequence[ClassCount], total: int) -> str:
    listed = "、".join(f"{shown(each.label)} {each.rows:,}" for each in classes)
    return f"{listed}、…" if total > len(classes) else listed


def _table(lines: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    lines = list(lines)
    widths = [max(_width(line[column]) for line in lines) for column in (0, 1)]
    for chinese, english, finding in lines:
        gaps = widths[0] - _width(chinese) + 2, widths[1] - _width(english) + 2
        yield f"{chinese}{' ' * gaps[0]}{english}{' ' * gaps[1]}{finding}".rstrip()


def _width(text: str) -> int:
    """Return the columns that a terminal gives to the text: two to a Han character."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)

"""What stops a training run at the data gate, beside a label column that is missing.

GateRefused                the file can be read, but nothing can be learnt from it
├── TextMissing            no row has text
├── LabelsUnreviewed       labels that the model gave and nobody has looked at
├── ClassesTooFew          no head has two classes to tell apart
└── RowsTooFew             too few different texts for what was asked
"""

from collections.abc import Sequence
from pathlib import Path

from training.errors import GateRefused, shown


class TextMissing(GateRefused):
    """The column of text is there, and empty in each row."""

    def __init__(self, path: Path, header: str, first_row: int, rows: int) -> None:
        self.path, self.header, self.first_row, self.rows = path, header, first_row, rows
        super().__init__(
            f"{path} 第 {first_row} 行起共 {rows} 行：内容列「{shown(header)}」全为空。请用 --column text=<列名> 另指一列。",
            f"{path}, from row {first_row}: column {shown(header)!r} is empty in all {rows} rows; say --column "
            "text=<another header>.",
        )


class LabelsUnreviewed(GateRefused):
    """Labels that are the model's own: to learn from them is to learn its mistakes anew.

    `header` is the label column, `rows` how many such rows there are, `path` and `row` say where the first one is.
    """

    def __init__(self, path: Path, row: int, header: str, rows: int) -> None:
        self.path, self.row, self.header, self.rows = path, row, header, rows
        super().__init__(
            f"{path} 第 {row} 行起共 {rows} 行：列「{shown(header)}」是模型自己的答案，没有人看过，不能用来训练。"
            "请先复核（复核结果用 paidan audit export 导出），或删去这些行；逐行人工核对过的，请在 provenance 列写 person；"
            "若原标签在 input_… 列，请用 --column 指向它。",
            f"{path}, from row {row}, {rows} rows: column {shown(header)!r} holds the model's own answers, which nobody "
            "has reviewed, so it is not trained on. Review them first (paidan audit export writes what was reviewed), or "
            "leave these rows out; write person into a column provenance where somebody has checked the row; where your "
            "own labels are in a column input_…, name it with --column.",
        )


class ClassesTooFew(GateRefused):
    """No head has two classes with rows enough.

    `heads` holds, per head with a label column: role, path and row of its first labelled row with text (row 0 where
    there is none), the number of classes, and of those that have `min_class_rows` rows.
    """

    def __init__(self, heads: Sequence[tuple[str, Path, int, int, int]], min_class_rows: int) -> None:
        self.heads, self.min_class_rows = tuple(heads), min_class_rows
        found = "; ".join(
            f"{role}: {learnable}/{classes} ({path}, {f'第 {row} 行起 from row {row}' if row else '无标签 no labels'})"
            for role, path, row, classes, learnable in self.heads
        )
        super().__init__(
            f"至少要有两个可学的类才能训练。达到 {min_class_rows} 行的类/全部类：{found}。"
            "请补充其他类的投诉，或用 --column 另指标签列。",
            f"training needs two classes to tell apart. Classes of {min_class_rows} rows / all: {found}. Add complaints "
            "of other classes, or name another label column with --column.",
        )


class RowsTooFew(GateRefused):
    """There are too few different texts for what was asked; `texts` of the `rows` differ, `least` are needed."""

    def __init__(self, rows: int, texts: int, least: int, instead: str) -> None:
        self.rows, self.texts, self.least = rows, texts, least
        super().__init__(
            f"这里要用的 {rows} 行里互不近似的文本有 {texts} 条，至少要 {least} 条，且每一份里都要有两个可学的类。请补充数据，或改用 {instead}。",
            f"of the {rows} rows there are for this, {texts} texts are not like each other; it takes {least}, and two "
            f"classes to learn in each part. Add rows, or use {instead}.",
        )

"""What was measured, for people: a table with targets and the committed figures beside, in text and in Markdown."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NOTEWORTHY = 0.15
"""A figure that differs from the committed one by more than this share is pointed at."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: where the value is, what it says, what it should be (at least, or at most)."""

    path: str
    label: str
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_least is not None:
            return f"≥ {_number(self.at_least)}"
        return f"≤ {_number(self.at_most)}" if self.at_most is not None else ""

    def reached(self, value: float) -> bool | None:
        """Whether the value is as it should be; None where nothing is asked."""
        if self.at_least is not None:
            return value >= self.at_least
        return value <= self.at_most if self.at_most is not None else None


FIGURES = (
    Figure("single.ratio", "单条两头 one complaint, both heads, p50 / naive", at_least=75),
    Figure("single.ratio_with_evidence", "　含证据 with evidence"),
    Figure("single.evidence_cost", "　证据的代价 cost of the evidence", at_most=2),
    Figure("single.microseconds.triage.p50", "　p50", "µs"),
    Figure("resolution.microseconds.resolution.p50", "章程 the charter, 2,000 place names, p50", "µs", at_most=20),
    Figure("resolution.microseconds.places.p50", "　查地名 of it the look-up of places", "µs"),
    Figure("batch.ratio", "批量，每核 batch, per core / naive", at_least=40),
    Figure("batch.ratio_from_raw_text", "　从原文算起 from raw text"),
    Figure("batch.microseconds_per_row.ours", "　每条 per row", "µs"),
    Figure("bulk.rows_per_second", "paidan predict", "行 rows/s"),
    Figure("http.naive_ratio", "HTTP 16 连接 connections / naive in FastAPI", at_least=10),
    Figure("http.fastapi_ratio", "　/ 空的 FastAPI trivial typed FastAPI", at_least=0.4),
    Figure("http.p99_over_p50", "　p99 / p50", at_most=10),
    Figure("http.services.ours.16.per_second", "　每秒请求 requests per second", "/s"),
    Figure("http.services.ours.16.server_us", "　处理器时间：服务 processor time of the service", "µs"),
    Figure("http.services.ours.16.children_us", "　　写日志的进程 of the process that writes the log", "µs"),
    Figure("http.services.typed.16.server_us", "　　空的 FastAPI of the trivial typed FastAPI", "µs"),
    Figure("http.services.ours.1.p50_ms", "　1 连接 connection p50", "ms"),
    Figure("http.unlogged_ratio", "　/ 不记日志 without the case log"),
    Figure("http.mlflow_ratio", "　/ mlflow models serve"),
    Figure("log.growth", "日志百万行，p50 1,000,000 rows in the log / empty", at_most=1.2),
    Figure("features.ratio", "特征 features, fit + transform / scikit-learn", at_least=15),
    Figure("features.ratio_one_core", "　单核 both on one core"),
    Figure("solver.ratio", "求解 solver / LinearSVC", at_least=6),
    Figure("solver.macro_f1_points", "　macro-F1", "分 points"),
    Figure("training.ratio", "训练全程 training / CalibratedClassifierCV(LinearSVC)", at_least=8),
    Figure("training.ratio_of_processor_time", "　按处理器时间 by processor time"),
    Figure("training.fasttext_ratio", "　/ fastText"),
    Figure("memory_500k.gib", "50 万行训练内存 memory of training 500,000 rows", "GiB", at_most=6),
    Figure("memory_500k.seconds", "　用时 time", "s"),
    Figure("paidan_train_500k.gib", "　paidan train 全程 as a whole", "GiB", at_most=6),
    Figure("growth.by_rows.100000.seconds", "10 万行训练 training 100,000 rows", "s"),
    Figure("start.seconds", "启动到就绪 start to ready, warm cache", "s", at_most=3),
    Figure("offices.by_offices.100.mb", "100 科所的模型包 bundle of 100 offices", "MB"),
    Figure("offices.by_offices.300.mb", "300 科所的模型包 bundle of 300 offices", "MB"),
)


def look_up(figures: Mapping[str, Any], path: str) -> float | None:
    """The value at a path such as `http.services.ours.16.p50_ms`, None where it was not measured."""
    found: Any = figures
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return float(found) if isinstance(found, (int, float)) else None


def lines(measured: Mapping[str, Any], committed: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """Label, value, target, whether it is reached, and how it compares with the committed figure."""
    for figure in FIGURES:
        value = look_up(measured, figure.path)
        if value is None:
            continue
        reached = figure.reached(value)
        mark = "" if reached is None else ("✓" if reached else "✗")
        yield figure.label, f"{_number(value)} {figure.unit}", figure.target, mark, _change(figure, value, committed)


def table(measured: Mapping[str, Any], committed: Mapping[str, Any]) -> str:
    """The table for a terminal."""
    header = ("", "本次 now", "目标 target", "", "与提交值 vs committed")
    return "\n".join(_aligned([header, *lines(measured, committed)]))


def markdown(measured: Mapping[str, Any], about: str) -> str:
    """The table for the README: no comparison, for these are the committed figures."""
    rows = [f"| {label} | {value} | {target} {mark} |" for label, value, target, mark, _ in lines(measured, {})]
    return "\n".join(["| | | 目标 target |", "|---|---|---|", *rows, "", about, ""])


def regressions(measured: Mapping[str, Any], committed: Mapping[str, Any]) -> list[str]:
    """What is noticeably worse than the committed figures, in words; for information, never a failure."""
    found = []
    for figure in FIGURES:
        value, before = look_up(measured, figure.path), look_up(committed, figure.path)
        asked = figure.at_least is not None or figure.at_most is not None
        if value is None or not before or not asked:
            continue
        change = value / before - 1
        if (change < -_NOTEWORTHY) if figure.at_least is not None else (change > _NOTEWORTHY):
            found.append(f"{figure.label.strip()}: {_number(before)} → {_number(value)} ({change:+.0%})")
    return found


def _change(figure: Figure, value: float, committed: Mapping[str, Any]) -> str:
    before = look_up(committed, figure.path)
    return f"{_number(before)} ({value / before - 1:+.0%})" if before else ""


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Columns of a terminal: a wide character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

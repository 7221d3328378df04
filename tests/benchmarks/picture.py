"""The figures as a picture: ratios against their targets, requests per second, and how cost grows."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from pylopdf_fonts_zh_cn import sans_path

from tests.benchmarks.report import look_up

_BLUE, _ORANGE, _GREY, _INK, _PALE = "#1f5fa8", "#d9822b", "#5f6b76", "#22303c", "#dfe5eb"
_DPI = 130

_RATIOS = (
    ("单条 single", "single.ratio", 75),
    ("批量 batch", "batch.ratio", 40),
    ("HTTP", "http.naive_ratio", 10),
    ("特征 features", "features.ratio", 15),
    ("求解 solver", "solver.ratio", 6),
    ("训练 training", "training.ratio", 8),
)
_SERVICES = (
    ("ASGI echo", "echo"),
    ("空 FastAPI trivial", "typed"),
    ("本服务，不记日志 unlogged", "unlogged"),
    ("本服务 paidan", "ours"),
    ("mlflow models serve", "mlflow"),
    ("scikit-learn + FastAPI", "naive"),
)


def draw(measured: Mapping[str, Any], about: str) -> Figure:
    """Draw what was measured; a part that was not is an empty frame."""
    figure = Figure(figsize=(12, 7.6), dpi=_DPI, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    (ratios, services), (lengths, rows) = figure.subplots(2, 2)
    _draw_ratios(ratios, measured)
    _draw_services(services, measured)
    _draw_lengths(lengths, measured)
    _draw_rows(rows, measured)
    figure.suptitle(about, font=_font(11), color=_INK, x=0.01, ha="left")
    return figure


def _draw_ratios(axes: Axes, measured: Mapping[str, Any]) -> None:
    _title(axes, "快多少倍（竖线为目标）", "Times faster than scikit-learn; the line is the target")
    shown = [(label, value, target) for label, path, target in _RATIOS if (value := look_up(measured, path))]
    for place, (_, value, target) in enumerate(shown):
        axes.barh(place, value, color=_BLUE, height=0.6)
        axes.plot((target, target), (place - 0.42, place + 0.42), color=_ORANGE, linewidth=2)
        axes.text(max(value, target) * 1.06, place, f"{value:.3g}×", va="center", font=_font(9), color=_INK)
    _bars(axes, [label for label, _, _ in shown], [max(value, target) for _, value, target in shown])


def _draw_services(axes: Axes, measured: Mapping[str, Any]) -> None:
    _title(axes, "HTTP 每秒请求，16 连接", "Requests per second, 16 connections, one worker")
    found = [(label, look_up(measured, f"http.services.{name}.16.per_second")) for label, name in _SERVICES]
    shown = [(label, value) for label, value in found if value]
    for place, (label, value) in enumerate(shown):
        axes.barh(place, value, color=_BLUE if "本服务" in label else _GREY, height=0.6)
        axes.text(value * 1.06, place, f"{value:,.0f}", va="center", font=_font(9), color=_INK)
    _bars(axes, [label for label, _ in shown], [value for _, value in shown])


def _draw_lengths(axes: Axes, measured: Mapping[str, Any]) -> None:
    _title(axes, "单条用时与字数", "One complaint by the length of its text")
    found: Mapping[str, Mapping[str, float]] = measured.get("lengths", {}).get("microseconds", {})
    for side, label, colour in (
        ("naive", "scikit-learn", _GREY), ("explained", "含证据 with evidence", _ORANGE), ("triage", "paidan", _BLUE),
    ):  # fmt: skip
        axes.plot([int(n) for n in found], [each[side] for each in found.values()], "o-", color=colour, label=label)
    _logarithmic(axes, "字数 characters", "µs")


def _draw_rows(axes: Axes, measured: Mapping[str, Any]) -> None:
    _title(axes, "训练用时与行数（重采样）", "Training both heads, by rows (resampled)")
    found: dict[int, Mapping[str, float]] = {
        int(n): each for n, each in measured.get("growth", {}).get("by_rows", {}).items()
    }
    if memory := measured.get("memory_500k"):
        found[int(memory["trained_rows"])] = memory
    axes.plot(list(found), [each["seconds"] for each in found.values()], "o-", color=_BLUE, label="用时 seconds")
    axes.plot(list(found), [each["gib"] for each in found.values()], "o-", color=_ORANGE, label="内存 GiB")
    _logarithmic(axes, "行数 rows", "")


def _bars(axes: Axes, labels: list[str], values: list[float]) -> None:
    if not values:
        axes.set_axis_off()
        return
    axes.set_yticks(range(len(labels)), labels, font=_font(9))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1, max(values) * 2.5)
    axes.tick_params(left=False)
    _plain(axes)
    axes.spines["left"].set_visible(False)


def _logarithmic(axes: Axes, horizontal: str, vertical: str) -> None:
    if not len(axes.lines[0].get_xdata()):  # type: ignore[arg-type]
        axes.set_axis_off()
        return
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(horizontal, font=_font(9), color=_GREY)
    axes.set_ylabel(vertical, font=_font(9), color=_GREY)
    axes.grid(visible=True, color=_PALE, linewidth=0.8)
    axes.legend(prop=_font(9), frameon=False)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def _title(axes: Axes, chinese: str, english: str) -> None:
    axes.set_title(f"{chinese}\n{english}", font=_font(10), color=_INK, loc="left", linespacing=1.5)


def _font(size: float) -> FontProperties:
    return FontProperties(fname=str(sans_path()), size=size)

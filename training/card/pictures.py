"""Pictures of a trained model for people: who is taken for whom, how far confidence can be trusted, what a threshold costs.

Each function gives a matplotlib Figure of its own; no global state of matplotlib is read or set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.card.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    RED,
    Floats,
    figure_of,
    font,
    headline,
    name_axes,
    share_axis,
    title,
)

Counts = npt.NDArray[np.integer[Any]]

RELIABILITY_BINS = 15
SHOWN_CLASSES = 20
SHOWN_PAIRS = 15

_FEW_CLASSES = 10
"""Up to so many classes there is room for larger letters."""
_LONGEST_LABEL = 10
_TOO_WIDE = 10_000
_DARK_SHARE = 0.55
"""Share of a row from which the cell is so dark that its number is written in white."""


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Rows of class `true` that were taken for `predicted`: how many, and which share (0 to 1) of all rows of `true`."""

    true: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Answers of similar confidence: mean confidence, share that was right (both 0 to 1), and how many."""

    confidence: float
    accuracy: float
    count: int


def most_confused(counts: Counts, labels: Sequence[str], shown: int = SHOWN_PAIRS) -> tuple[ConfusedPair, ...]:
    """Rank the confusions of `counts` [true × predicted], most frequent first."""
    wrong = np.array(counts)
    np.fill_diagonal(wrong, 0)
    totals = np.asarray(counts).sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:shown]
    pairs = [(int(place) // len(labels), int(place) % len(labels)) for place in order]
    return tuple(
        ConfusedPair(
            labels[true], labels[predicted], int(wrong[true, predicted]), wrong[true, predicted] / totals[true]
        )
        for true, predicted in pairs
        if wrong[true, predicted]
    )


def confidence_bins(
    confidence: Floats, correct: npt.NDArray[np.bool_], bins: int = RELIABILITY_BINS
) -> tuple[ConfidenceBin, ...]:
    """Sort answers by confidence and cut them into `bins` of equal size (as nearly as their number allows)."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, len(order))) if len(order) else []
    return tuple(ConfidenceBin(float(confidence[p].mean()), float(correct[p].mean()), len(p)) for p in parts)


def expected_calibration_error(bins: Sequence[ConfidenceBin]) -> float:
    """Average the gap between confidence and accuracy over the bins, weighted by their sizes (ECE, 0 to 1)."""
    total = sum(part.count for part in bins)
    return sum(part.count * abs(part.accuracy - part.confidence) for part in bins) / total if total else 0.0


def confusion(counts: Counts, labels: Sequence[str], subject: str, shown: int = SHOWN_CLASSES) -> Figure:
    """Draw the confusion matrix and, beside it, the most frequent confusions.

    `counts` is [true × predicted], `subject` says what of which data. Cells are coloured by their share of the row and
    bear the count. Of more than `shown` classes the rarest are summed up as one; the bars know every class.
    """
    counts = np.asarray(counts)
    matrix, names = _most_frequent(counts, labels, shown)
    few = len(names) <= _FEW_CLASSES
    side = max(5.0, 2.2 + (0.52 if few else 0.36) * len(names))
    figure = figure_of(side + 7.6, side + 0.9)
    cells, bars = figure.subplots(1, 2, width_ratios=(side - 1.7, 4.6))

    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    cells.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix):
        colour = "white" if shares[row, column] > _DARK_SHARE else INK
        number = _brief(int(matrix[row, column]))
        cells.text(column, row, number, ha="center", va="center", color=colour, font=font(9 if few else 7.5))
    ticks = [_shorten(name) for name in names]
    cells.set_xticks(range(len(names)), ticks, font=font(9 if few else 8), rotation=90)
    cells.set_yticks(range(len(names)), ticks, font=font(9 if few else 8))
    cells.tick_params(length=0)
    cells.spines[:].set_visible(False)
    name_axes(cells, "判为 predicted", "实为 true")
    title(cells, "混淆矩阵", "Confusion: rows counted, colour by share of the row")

    _draw_pairs(bars, most_confused(counts, labels))
    right = int(np.trace(counts))
    total = int(counts.sum())
    headline(
        figure, f"{subject}：{total:,} 行 rows，{len(labels)} 类 classes，准确率 accuracy {right / max(total, 1):.1%}"
    )
    return figure


def reliability(confidence: Floats, correct: npt.NDArray[np.bool_], subject: str) -> Figure:
    """Draw how often answers were right against how sure they were, in RELIABILITY_BINS bins of equal size.

    `confidence` is the probability of each answer given, `correct` whether it was right. Whiskers are 95 % Wilson
    intervals. Below, how many answers there are of each confidence.
    """
    bins = confidence_bins(confidence, correct)
    figure = figure_of(6.4, 7.2)
    curve, spread = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    curve.plot((0, 1), (0, 1), color=GREY, linestyle="--", linewidth=1, label="理想 ideal")
    if bins:
        sure = np.array([part.confidence for part in bins])
        right = np.array([part.accuracy for part in bins])
        low, high = _wilson(right, np.array([part.count for part in bins]))
        curve.errorbar(sure, right, yerr=(right - low, high - right), color=BLUE, ecolor=BLUE, elinewidth=0.8,
                       capsize=2, marker="o", markersize=4.5, linewidth=1.4, label="实测 measured")  # fmt: skip
        spread.hist(confidence, bins=np.linspace(0, 1, 21), weights=np.full(len(confidence), 1 / len(confidence)),
                    color=BLUE, alpha=0.75)  # fmt: skip
    curve.legend(prop=font(9), loc="upper left", frameon=False)
    curve.set_ylim(0, 1.02)
    share_axis(curve, "y", np.linspace(0, 1, 6))
    name_axes(curve, "", "实际正确率 share that was right")
    error = expected_calibration_error(bins)
    title(
        curve,
        f"可靠性图（ECE {error:.3f}，{len(bins)} 个等量分箱）",
        f"Reliability: ECE {error:.3f}, {len(bins)} bins of equal size",
    )
    most = max((patch.get_height() for patch in spread.patches), default=1.0)
    share_axis(spread, "y", np.array([0, most]))
    share_axis(spread, "x", np.linspace(0, 1, 6))
    spread.set_xlim(0, 1)
    name_axes(spread, "置信度 confidence", "占比 share")
    headline(figure, f"{subject}：{len(confidence):,} 行 rows")
    return figure


def sweep(
    thresholds: Floats,
    coverage: Floats,
    precision: Floats,
    target: float,
    chosen: float | None,
    subject: str,
) -> Figure:
    """Draw coverage and precision against the threshold, the precision aimed at, and the threshold chosen.

    All are shares, 0 to 1. `precision` may be NaN where nothing is covered; `chosen` is None or infinite where no
    threshold reaches the target.
    """
    figure = figure_of(7.6, 5)
    axes = figure.subplots()
    axes.plot(thresholds, precision, color=BLUE, linewidth=1.8, label="精确率 precision")
    axes.plot(thresholds, coverage, color=ORANGE, linewidth=1.8, label="覆盖率 coverage")
    axes.axhline(target, color=GREY, linestyle="--", linewidth=1, label=f"目标精确率 target precision {target:.0%}")
    if chosen is None or not np.isfinite(chosen):
        found, found_english = "没有阈值能达到目标", "no threshold reaches the target"
    else:
        covered = float(np.interp(chosen, thresholds, coverage))
        axes.axvline(chosen, color=RED, linewidth=1.2, label=f"选定阈值 chosen threshold {chosen:.3f}")
        axes.plot([chosen], [covered], marker="o", color=RED, markersize=6)
        found = f"阈值 {chosen:.3f} 时覆盖率 {covered:.1%}"
        found_english = f"coverage {covered:.1%} at threshold {chosen:.3f}"
    axes.set_xlim(float(np.min(thresholds, initial=0)), float(np.max(thresholds, initial=1)))
    axes.set_ylim(0, 1.02)
    share_axis(axes, "y", np.linspace(0, 1, 6))
    share_axis(axes, "x", np.linspace(0, 1, 11))
    axes.legend(prop=font(9), loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)
    name_axes(axes, "置信度阈值 confidence threshold", "")
    title(axes, f"阈值扫描：{found}", f"Threshold sweep: {found_english}")
    headline(figure, subject)
    return figure


def lengths(characters: Counts, subject: str) -> Figure:
    """Draw how many texts there are of each length, on a logarithmic axis; texts without a character do not count."""
    counted = np.asarray(characters)[np.asarray(characters) > 0]
    figure = figure_of(7.6, 4.2)
    axes = figure.subplots()
    shortest, longest = (int(counted.min()), int(counted.max()) + 1) if len(counted) else (1, 10)
    axes.set_xscale("log")
    axes.hist(counted, bins=np.geomspace(shortest, longest, 31).tolist(), color=BLUE, alpha=0.75)
    middle = float(np.median(counted)) if len(counted) else float("nan")
    axes.axvline(middle, color=ORANGE, linewidth=1.4)
    ticks = [unit * step for unit in (1, 10, 100, 1_000, 10_000) for step in (1, 2, 5)]
    shown = [tick for tick in ticks if shortest <= tick <= longest]
    axes.set_xticks(shown, [f"{tick:,}" for tick in shown], font=font(8.5))
    axes.set_xticks([], minor=True)
    rows = [tick for tick in MaxNLocator(5, integer=True).tick_values(*axes.get_ylim()) if tick <= axes.get_ylim()[1]]
    axes.set_yticks(rows, [f"{tick:,.0f}" for tick in rows], font=font(8.5))
    axes.spines[["top", "right"]].set_visible(False)
    name_axes(axes, "字数 characters", "行数 rows")
    title(axes, f"文本长度：中位数 {middle:.0f} 字", f"Length of the text: median {middle:.0f} characters")
    headline(figure, f"{subject}：{len(counted):,} 行 rows")
    return figure


def _draw_pairs(axes: Axes, pairs: Sequence[ConfusedPair]) -> None:
    title(axes, "最常见的误判", "Most frequent confusions: true → predicted")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    if not pairs:
        axes.set_axis_off()
        axes.text(0, 0.95, "没有误判 none", font=font(10), transform=axes.transAxes, va="top")
        return
    places = np.arange(len(pairs))
    counts = [pair.count for pair in pairs]
    axes.barh(places, counts, color=RED, alpha=0.8, height=0.62)
    for place, pair in enumerate(pairs):
        axes.text(pair.count, place, f" {pair.count:,}（{pair.share:.0%}）", va="center", font=font(8.5), color=INK)
    axes.set_yticks(places, [f"{_shorten(p.true)} → {_shorten(p.predicted)}" for p in pairs], font=font(8.5))
    axes.set_ylim(max(len(pairs), 8) - 0.4, -0.6)
    axes.set_xlim(0, max(counts) * 1.32)
    ticks = [tick for tick in MaxNLocator(4, integer=True).tick_values(0, max(counts)) if tick <= max(counts)]
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks], font=font(8.5))
    name_axes(axes, "行数（占该类）rows (share of the true class)", "")


def _most_frequent(counts: Counts, labels: Sequence[str], shown: int) -> tuple[Counts, list[str]]:
    """Order classes by their rows, most first, and sum up those beyond `shown` as one."""
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    if len(labels) <= shown:
        return counts[np.ix_(order, order)], [labels[place] for place in order]
    kept = order[: shown - 1]
    group = np.full(len(labels), shown - 1)
    group[kept] = np.arange(shown - 1)
    matrix = np.zeros((shown, shown), dtype=counts.dtype)
    np.add.at(matrix, (group[:, None], group[None, :]), counts)
    return matrix, [*(labels[place] for place in kept), f"其余{len(labels) - shown + 1}类"]


def _wilson(share: Floats, count: npt.NDArray[np.integer[Any]]) -> tuple[Floats, Floats]:
    """Give the 95 % interval of a share (Wilson 1927), clipped so that it never excludes the share itself."""
    z = 1.96
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return np.minimum(centre - half, share), np.maximum(centre + half, share)


def _shorten(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def _brief(count: int) -> str:
    """Write a count in at most four characters: 9876, 12k, 345k."""
    return str(count) if count < _TOO_WIDE else f"{count // 1000}k"

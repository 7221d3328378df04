"""The picture of a learning curve: accuracy after so many rows, and where labels would bring most."""

import numpy as np
from matplotlib.figure import Figure

from training.card.drawing import BLUE, GREY, ORANGE, figure_of, font, headline, name_axes, share_axis, title
from training.curve.measure import MORE
from training.curve.report import CurveReport

_SHOWN_CLASSES = 15


def learning_curve_picture(report: CurveReport, subject: str) -> Figure:
    """Draw the measured accuracy with 95% intervals, the law through it as far as MORE rows beyond, and the classes' gains."""
    curve, shares = report.curve, report.shares
    worthwhile = [each for each in curve.classes if each.gain.value > 0][:_SHOWN_CLASSES]
    figure = figure_of(7.2 + (5.4 if worthwhile else 0), 5)
    axes, *others = figure.subplots(1, 2 if worthwhile else 1, squeeze=False)[0]
    rows, accuracy = (np.array([each[name] for each in shares]) for name in ("rows", "accuracy"))
    low, high = (np.array([each[f"accuracy_{end}"] for each in shares]) for end in ("low", "high"))
    axes.errorbar(
        rows, accuracy, yerr=(np.maximum(accuracy - low, 0), np.maximum(high - accuracy, 0)), color=BLUE, marker="o",
        markersize=4.5, linestyle="none", elinewidth=0.9, capsize=2, label="实测 measured",
    )  # fmt: skip
    along = np.geomspace(rows.min(), curve.rows + MORE, 200)
    axes.plot(along, [1 - curve.law.error(n) for n in along], color=GREY, linewidth=1.2, label="幂律 power law")
    axes.plot(
        [curve.rows + MORE], [curve.later], color=ORANGE, marker="o", linestyle="none", label=f"再加 {MORE:,} 条 more"
    )
    axes.set_xscale("log")
    ticks = [*rows.tolist(), curve.rows + MORE]
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks], font=font(8.5), rotation=45)
    axes.set_xticks([], minor=True)
    bottom = max(0.0, float(np.floor(min(low) * 20) / 20))
    share_axis(axes, "y", np.linspace(bottom, 1, 6))
    name_axes(axes, "学过的行数 rows learnt", "准确率 accuracy")
    axes.legend(prop=font(9), loc="lower right", frameon=False)
    gain = curve.gain
    title(
        axes,
        f"再来 {MORE:,} 条：每千件多对 {1000 * gain.value:.1f} 件 [{1000 * gain.low:.1f}, {1000 * gain.high:.1f}]",
        f"{MORE:,} more labels: {1000 * gain.value:.1f} more of 1,000 right",
    )
    for bars in others:
        places = np.arange(len(worthwhile))
        value = np.array([each.gain.value for each in worthwhile])
        below = np.maximum(value - [each.gain.low for each in worthwhile], 0)
        above = np.maximum([each.gain.high for each in worthwhile] - value, 0)
        bars.barh(places, value, xerr=(below, above), color=ORANGE, alpha=0.8, height=0.62, ecolor=GREY, capsize=2)
        bars.set_yticks(places, [f"{each.label[:10]}（{each.rows:,}）" for each in worthwhile], font=font(8.5))
        bars.set_ylim(max(len(places), 8) - 0.4, -0.6)
        bars.spines[["top", "right", "left"]].set_visible(False)
        bars.tick_params(left=False, labelsize=8.5)
        name_axes(bars, "该类加 100 条，每千件少漏 fewer missed of 1,000 with 100 more", "")
        title(bars, "哪些类最值得标注", "Where labels bring most")
    headline(figure, f"{subject}：{curve.rows:,} 行 rows")
    return figure

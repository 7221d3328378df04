"""What people and programs are told of a learning curve."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from training.curve.measure import CLASS_ROWS, MORE, LearningCurve
from training.measuring.intervals import accuracy_interval, macro_f1_interval

FIGURES = ("accuracy", "macro_f1", "top3", "ece")

_SHOWN_CLASSES = 20


class CurveReport:
    """The curve of one head with the figures of each share, their intervals among them."""

    def __init__(self, curve: LearningCurve) -> None:
        self.curve = curve

    @cached_property
    def shares(self) -> list[dict[str, float]]:
        """Of each share: share, rows, the figures, and <figure>_low and <figure>_high of accuracy and macro-F1."""
        found = []
        for point in self.curve.points:
            said = point.outcome
            headline = said.headline()
            figures = {"share": point.share, "rows": round(point.rows)} | {name: headline[name] for name in FIGURES}
            ends = {
                "accuracy": accuracy_interval(said.correct, said.groups),
                "macro_f1": macro_f1_interval(said),
            }
            for name, (low, high) in ends.items():
                figures |= {f"{name}_low": low, f"{name}_high": high}
            found.append(figures)
        return found

    def classes(self) -> list[dict[str, str | float]]:
        """Each class with a curve of its own, the most worthwhile first."""
        return [
            {
                "label": each.label,
                "rows": each.rows,
                "missed": each.missed,
                "missed_per_1000": each.per_thousand,
                "gain_of_100_per_1000": each.gain.value,
                "gain_of_100_per_1000_low": each.gain.low,
                "gain_of_100_per_1000_high": each.gain.high,
                f"of_{MORE}_labels": each.of_more,
            }
            for each in self.curve.classes
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        curve = self.curve
        return {
            "shares": self.shares,
            "law": curve.law._asdict(),
            "rows": curve.rows,
            "accuracy_by_the_law": curve.now,
            f"accuracy_with_{MORE}_more": curve.later,
            "gain": curve.gain.value,
            "gain_low": curve.gain.low,
            "gain_high": curve.gain.high,
            "drawn_far": curve.far,
            "placed_gain": curve.placed / 1000,
            "classes": self.classes(),
            "too_few_rows": [{"label": label, "rows": rows} for label, rows in curve.thin],
        }

    def metrics(self) -> Mapping[str, float]:
        """The numbers that a tracker keeps."""
        curve = self.curve
        found = {"gain": curve.gain.value, "gain_low": curve.gain.low, "gain_high": curve.gain.high}
        found |= {f"law/{name}": value for name, value in curve.law._asdict().items()}
        return found | {
            f"at_{share['share']:.0%}/{name}".replace("%", "_percent"): share[name]
            for share in self.shares
            for name in FIGURES
        }

    def to_text(self) -> str:
        """Return the report as lines for people, Chinese first."""
        curve = self.curve
        lines = [f"  {'行 rows':>9}  accuracy  95%               macro_f1  95%               ece"]
        lines += [
            f"  {each['rows']:>9,}  {each['accuracy']:.4f}    [{each['accuracy_low']:.4f}, {each['accuracy_high']:.4f}]"
            f"  {each['macro_f1']:.4f}    [{each['macro_f1_low']:.4f}, {each['macro_f1_high']:.4f}]  {each['ece']:.4f}"
            for each in self.shares
        ]
        a, b, c = curve.law
        gain = curve.gain
        lines += [
            f"  错误率 error ≈ {a:.3g} · n^-{b:.2f} + {c:.4f}",
            (
                f"  全部 {curve.rows:,} 行学完约 {curve.now:.4f}；再来 {MORE:,} 条标注约 {curve.later:.4f}，"
                f"每千件多对 {1000 * gain.value:.1f} 件 [{1000 * gain.low:.1f}, {1000 * gain.high:.1f}]"
            ),
            (
                f"  after all {curve.rows:,} rows about {curve.now:.4f}, with {MORE:,} more labels as they come about "
                f"{curve.later:.4f}: {1000 * gain.value:.1f} more of 1,000 right"
            ),
        ]
        if curve.far:
            lines.append(
                f"  现有不到 {MORE:,} 行，曲线画到了没有见过的地方，只能当作猜测 | fewer than {MORE:,} rows: a guess"
            )
        if curve.classes:
            lines += self._class_lines()
        if curve.thin:
            few = "、".join(f"{label}（{rows}）" for label, rows in curve.thin[:_SHOWN_CLASSES])
            more = "" if len(curve.thin) <= _SHOWN_CLASSES else f" … 共 {len(curve.thin)} 类 classes"
            lines.append(
                f"  不到 {CLASS_ROWS} 行，说不出来 | fewer than {CLASS_ROWS} rows, cannot be told: {few}{more}"
            )
        return "\n".join(lines)

    def _class_lines(self) -> list[str]:
        curve = self.curve
        lines = [
            (
                f"  若放在最值得的类，{MORE:,} 条每千件多对约 {curve.placed:.1f} 件 | placed where they bring most: "
                f"{curve.placed:.1f} of 1,000"
            ),
            (
                f"  类别 class: 行 rows, 漏判 missed, 每千件漏判 missed of 1,000, 该类加 100 条少漏 fewer with 100 more [95%], "
                f"{MORE:,} 条中 of {MORE:,}"
            ),
        ]
        for each in curve.classes[:_SHOWN_CLASSES]:
            doubt = "" if each.gain.low > 0 else "  看不出 not shown"
            lines.append(
                f"    {each.label:14} {each.rows:>7,}  {each.missed:.3f}  {each.per_thousand:6.1f}  "
                f"{each.gain.value:5.2f} [{each.gain.low:.2f}, {each.gain.high:.2f}]  {each.of_more:>5,}{doubt}"
            )
        if len(curve.classes) > _SHOWN_CLASSES:
            lines.append(f"    … 共 {len(curve.classes)} 类，全部见 JSON | all {len(curve.classes)} with --json")
        return lines

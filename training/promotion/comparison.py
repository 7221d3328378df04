"""Challenger against champion, as found: by head and by protected class, in a sentence, as JSON, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from models.prediction import Target
from training.errors import shown
from training.measuring.bootstrap import Difference
from training.promotion.protection import Protection


class Verdict(StrEnum):
    """What is known of a protected class."""

    KEPT = "kept"
    """Its loss, if any, is within what is tolerated."""
    LOST = "lost"
    """Its loss is beyond what is tolerated."""
    UNKNOWN = "not enough rows to tell"
    GONE = "no longer answered"
    """The champion answers it, the challenger cannot."""


@dataclass(frozen=True, slots=True)
class ClassVerdict:
    """A protected class: its recall by both models, None where it could not be measured, and the verdict."""

    protection: Protection
    recall: Difference | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class HeadComparison:
    """Both models on one head. `twin_rows` rows were held out for both; the others came after the champion."""

    target: Target
    rows: int
    twin_rows: int
    accuracy: Difference
    macro_f1: Difference


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the gate found; `heads` is empty where there were no rows to compare on, and `why_not` says why."""

    champion: int
    challenger: int
    heads: tuple[HeadComparison, ...]
    protected: tuple[ClassVerdict, ...]
    why_not: str

    @property
    def lost(self) -> tuple[ClassVerdict, ...]:
        """The classes for whose sake the promotion is refused."""
        return tuple(each for each in self.protected if each.verdict in (Verdict.LOST, Verdict.GONE))

    def sentence(self, *, overridden: bool = False) -> str:
        """Say in a line what the registry's history keeps."""
        rows = ", ".join(f"{head.target} {head.accuracy.change:+.4f} ({head.rows} rows)" for head in self.heads)
        found = f"against {self.champion}: accuracy {rows}" if rows else f"against {self.champion}: not compared"
        if self.lost:
            classes = ", ".join(
                f"{each.protection.target} {each.protection.label} {each.verdict}" for each in self.lost
            )
            found += f"; {classes}"
        return f"overridden; {found}" if overridden else found

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON has them; null where there is nothing to divide by."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "why_not": self.why_not,
            "heads": {
                head.target: {
                    "rows": head.rows,
                    "held_out_for_both": head.twin_rows,
                    "accuracy": _plain(head.accuracy),
                    "macro_f1": _plain(head.macro_f1),
                }
                for head in self.heads
            },
            "protected": [
                {
                    "target": each.protection.target,
                    "class": each.protection.label,
                    "policy": each.protection.policy.sentence,
                    "verdict": each.verdict.value,
                    "recall": None if each.recall is None else _plain(each.recall),
                }
                for each in self.protected
            ],
        }

    def to_text(self) -> str:
        """Return the table for a terminal: champion, challenger, the change with its 95% interval, rows."""
        lines = [f"晋级关 promotion gate: 在用 champion {self.champion} ↔ 候选 challenger {self.challenger}"]
        if not self.heads:
            lines.append(f"无法比较 | {self.why_not}")
        else:
            lines.append(f"{'':26}{'champion':>9}{'challenger':>12}{'change':>10}   {'interval':22}{'rows':>7}")
        for head in self.heads:
            lines.append(_line(f"{head.target} accuracy", head.accuracy))
            lines.append(_line(f"{head.target} macro-F1", head.macro_f1))
            later = head.rows - head.twin_rows
            if later:
                lines.append(
                    f"  其中 {later:,} 行在用版本没有学过，由它自己作答 | {later:,} of these rows the champion had not learnt: "
                    "its own answers"
                )
        for each in self.protected:
            name = f"{each.protection.target} {shown(each.protection.label, 12)} recall"
            said = f"{_MARKS[each.verdict]}  ({each.protection.policy.sentence})"
            if each.recall is None:
                lines.append(f"{name:26}{'–':>9}{'–':>12}{'–':>10}   {'–':22}{0:>7}  {said}")
            else:
                lines.append(f"{_line(name, each.recall)}  {said}")
        return "\n".join(lines)


_MARKS: Mapping[Verdict, str] = {
    Verdict.KEPT: "✓ 保持 kept",
    Verdict.LOST: "✗ 下降超过容许 lost",
    Verdict.UNKNOWN: "? 行数不足，无法判断 not enough rows to tell",
    Verdict.GONE: "✗ 新版本不再回答此类 no longer answered",
}


def _line(name: str, found: Difference) -> str:
    interval = f"[{found.low:+.4f}, {found.high:+.4f}]"
    return f"{name:26}{found.champion:>9.4f}{found.challenger:>12.4f}{found.change:>+10.4f}   {interval:22}{found.rows:>7,}"


def _plain(found: Difference) -> dict[str, float | int | None]:
    figures = {
        "champion": found.champion,
        "challenger": found.challenger,
        "change": found.change,
        "low": found.low,
        "high": found.high,
    }
    return {name: value if np.isfinite(value) else None for name, value in figures.items()} | {"rows": found.rows}

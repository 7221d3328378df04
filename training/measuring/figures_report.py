"""What people and programs are told of a head on labelled rows: figures with their intervals, and slices."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.measuring.slices import SIDES, Slice


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, with the ends of its 95% interval where it has one."""

    name: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class FiguresReport:
    """The figures of a head by name, with <name>_low and <name>_high where there is an interval, and its slices."""

    figures: Mapping[str, float]
    slices: Sequence[Slice]

    def listed(self) -> list[Figure]:
        """Return each figure together with its interval."""
        return [
            Figure(name, value, self.figures.get(f"{name}_low"), self.figures.get(f"{name}_high"))
            for name, value in self.figures.items()
            if not name.endswith(("_low", "_high"))
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it: null where there was nothing to divide by."""
        return _plain(self.figures) | {"slices": [_plain(each.to_dict()) for each in self.slices]}

    def to_text(self) -> str:
        """Return the report as lines for people."""
        lines = []
        for each in self.listed():
            value = f"{each.value:.4f}" if isinstance(each.value, float) else str(each.value)
            about = "" if each.low is None or each.high is None else f"  95% [{each.low:.4f}, {each.high:.4f}]"
            lines.append(f"  {each.name:24} {value}{about}")
        by = ""
        for part in self.slices:
            if part.by != by:
                by = part.by
                lines.append(f"  {SIDES[by]}")
            lines.append(
                f"    {part.name:14} 行 rows {part.rows:>7,}  accuracy {part.accuracy:.4f}  "
                f"95% [{part.low:.4f}, {part.high:.4f}]  ece {part.ece:.4f}"
            )
        return "\n".join(lines)


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.items()
    }

"""What became of a file that was scored."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from models.prediction import Decision, Target
from training.errors import shown
from training.tables.dataset import Location

MAX_LISTED = 1_000
"""Bad rows that a report lists one by one; the rest are counted, and named in the output's `doubts`."""


class RowFault(StrEnum):
    """Why a row has no answer; stands in its `doubts`."""

    EMPTY_TEXT = "EMPTY_TEXT"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    UNDECODABLE = "UNDECODABLE"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of the input that could not be scored."""

    location: Location
    code: RowFault


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What became of a file.

    rows = scored + the sum of bad_counts. bad: the first MAX_LISTED bad rows, in order. decisions: for each head of the
    model how often each decision, `scored` in sum. renamed: the user's headers that made way, (was, is). seconds: all
    of it, from opening to renaming.
    """

    source: Path
    target: Path
    rows: int
    scored: int
    bad: tuple[BadRow, ...]
    bad_counts: Mapping[RowFault, int]
    decisions: Mapping[Target, Mapping[Decision, int]]
    renamed: tuple[tuple[str, str], ...]
    seconds: float

    def to_text(self) -> str:
        """Return the report as lines for the operator; no cell of the file is repeated."""
        chinese = f"共 {self.rows:,} 行，已判定 {self.scored:,} 行，用时 {self.seconds:.1f} 秒"
        lines = [f"{self.target}：{chinese} | {self.rows:,} rows, {self.scored:,} scored, {self.seconds:.1f} s"]
        for target, counts in self.decisions.items():
            each = (f"{tier} {counts[tier]:,} ({counts[tier] / max(1, self.scored):.1%})" for tier in Decision)
            lines.append(f"{target}: {'  '.join(each)}")
        for code, count in self.bad_counts.items():
            rows = [str(bad.location.row) for bad in self.bad if bad.code is code][:10]
            more = "…" if count > len(rows) else ""
            lines.append(f"未判定 not scored: {code} {count:,}，行 rows {', '.join(rows)}{more}")
        for was, now in self.renamed:
            lines.append(f"原有列改名 your column renamed: {shown(was) or '<空 blank>'} → {shown(now)}")
        return "\n".join(lines)


@dataclass(slots=True)
class Tally:
    """The counts of a report, as they grow."""

    source: Path
    rows: int = 0
    bad: list[BadRow] = field(default_factory=list)
    faults: Counter[RowFault] = field(default_factory=Counter)
    decisions: dict[Target, Counter[Decision]] = field(default_factory=dict)

    def count(self, rows: Iterable[int], faults: Iterable[RowFault | None]) -> None:
        """Count rows by their numbers, each with what is wrong with it."""
        for row, fault in zip(rows, faults, strict=True):
            self.rows += 1
            if fault is not None:
                self.faults[fault] += 1
                if len(self.bad) < MAX_LISTED:
                    self.bad.append(BadRow(Location(self.source, row), fault))

    def report(self, target: Path, renamed: Iterable[tuple[str, str]], seconds: float) -> BulkReport:
        """Make the report."""
        return BulkReport(
            source=self.source,
            target=target,
            rows=self.rows,
            scored=self.rows - self.faults.total(),
            bad=tuple(self.bad),
            bad_counts=MappingProxyType(dict(self.faults)),
            decisions=MappingProxyType({head: MappingProxyType(counts) for head, counts in self.decisions.items()}),
            renamed=tuple(renamed),
            seconds=seconds,
        )

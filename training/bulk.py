"""Score a file of complaints: the same rows in the same order, with the model's answers beside them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.complaint import MAX_TEXT_LENGTH
from models.batch import BatchScores
from models.fitted import FIELDS
from models.prediction import TARGETS, Decision, Target
from models.triage import Reading, TriageModel, doubts_of, out_of_scope
from training.columns import ColumnMap, Role, map_columns
from training.dataset import Location, complaints_of
from training.errors import FileUnreadable, shown
from training.mended import UNDECODED, expected_rows, open_mended
from training.originals import Originals, json_originals, sheet_originals
from training.writers import TargetIsSource, format_of, open_sink, replacing, texts

CHUNK_ROWS = 2_000
"""Rows in memory at a time; while one chunk is scored, the next is read and the one before is written."""

MAX_LISTED = 1_000
"""Bad rows that a report lists one by one; the rest are counted, and named in the output's `doubts`."""

ANSWER_COLUMNS = (*(f"{target}{part}" for target in TARGETS for part in ("", "_confidence", "_decision")), "doubts")
"""What every row gains, in this order."""

_DIGITS = 6
"""Decimals of a confidence."""


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

    rows = scored + all of bad_counts. bad: the first MAX_LISTED of them, in order. decisions: per head of the model, how
    often each; they sum up to `scored`. renamed: the user's headers that made way, (was, is). seconds: all of it.
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
        lines = [
            f"{self.target}：共 {self.rows:,} 行，已判定 {self.scored:,} 行，用时 {self.seconds:.1f} 秒"
            f" | {self.rows:,} rows, {self.scored:,} scored, {self.seconds:.1f} s"
        ]
        for target, counts in self.decisions.items():
            shares = "  ".join(
                f"{decision} {counts[decision]:,} ({counts[decision] / max(1, self.scored):.1%})"
                for decision in Decision
            )
            lines.append(f"{target}: {shares}")
        for code, count in self.bad_counts.items():
            listed = [str(each.location.row) for each in self.bad if each.code is code][:10]
            more = " …" if count > len(listed) else ""
            lines.append(f"未判定 bad rows: {code} {count:,}（第 {'、'.join(listed)}{more} 行 rows）")
        for was, now in self.renamed:
            lines.append(f"原有列已改名 your column was renamed: {shown(was) or '(blank)'} → {shown(now)}")
        return "\n".join(lines)


def score_file(
    source: Path,
    target: Path,
    model: TriageModel,
    columns: Mapping[Role, str],
    progress: Callable[[int, int | None], None],
    chunk_rows: int = CHUNK_ROWS,
) -> BulkReport:
    """Answer every row of `source` and write it, with ANSWER_COLUMNS behind its own columns, to `target`.

    Formats go by the suffixes (`training.readers.SUFFIXES`); neither file is held in memory. `columns` maps roles to
    headers, see `map_columns`; only the fields that a model reads matter. `progress` is told the rows done, and how many
    are expected where that is known.

    Nothing of the user's is lost. A column whose header is one of ours (true labels under `domain`, an earlier run's
    answers) becomes `input_domain`, and the report says so. JSONL and Parquet, which find columns by name, get
    `header (column 3)` for a second column of the same header. Values keep their types from JSONL to JSONL, from XLSX
    to XLSX, and from Parquet.

    A head that the model lacks has empty columns. A text that is out of the model's scope has an empty code, confidence
    0 and the decision `abstain`. A row of `RowFault` stays in its place with the fault as its doubt, and without answers.
    CSV and TSV begin with a byte order mark; labels in them that a spreadsheet would take for a formula have a ' before
    them.

    The target appears, or is replaced, when all of it is written: after an error it is as it was.

    Raises:
        training.errors.Refused: the input cannot be read, or a mapping is wrong.
        training.writers.OutputRefused: the target cannot be written, or is the input.

    """
    began = perf_counter()
    suffix = format_of(target)
    if target.exists() and target.samefile(source):
        raise TargetIsSource(target)
    with ExitStack() as stack:
        mended = stack.enter_context(open_mended(source))
        file = _columns_read(source, mended.table.headers, columns)
        names = _output_names(file.headers, by_name=suffix in (".jsonl", ".parquet"))
        originals = None
        if suffix == format_of(source) == ".jsonl":
            originals = json_originals(mended.table.path, dict(zip(file.headers, names, strict=True)))
        elif suffix == format_of(source) == ".xlsx":
            originals = sheet_originals(mended.table.path, len(names))
        total = expected_rows(mended.table.path)
        ...

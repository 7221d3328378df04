"""Score a file of complaints: the same rows in the same order, with the model's answers beside them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.complaint import MAX_TEXT_LENGTH, Complaint
from models.batch import BatchScores
from models.charter.resolution import Resolver
from models.triage import TriageModel
from training.bulk.answers import ANSWER_COLUMNS, answer_cells
from training.bulk.input import UNDECODED, BulkInput, Originals, json_originals, open_input, sheet_originals
from training.bulk.output import TargetIsSource, format_of, replacing
from training.bulk.report import BulkReport, RowFault, Tally
from training.bulk.writers import open_sink
from training.errors import FileUnreadable
from training.tables.columns import Role
from training.tables.dataset import complaints_of

CHUNK_ROWS = 2_000
"""Rows that are read, scored or written at a time: three chunks are in memory."""


def score_file(
    source: Path,
    target: Path,
    model: TriageModel,
    resolver: Resolver,
    columns: Mapping[Role, str],
    progress: Callable[[int, int | None], None],
    chunk_rows: int = CHUNK_ROWS,
) -> BulkReport:
    """Answer every row of `source` by model and charter and write it, with ANSWER_COLUMNS behind its own, to `target`.

    Formats go by the suffixes (`training.tables.readers.SUFFIXES`); neither file is held in memory. `columns` maps roles to
    headers, see `map_columns`. `progress` is told the rows done, and about how many there are where that is known.

    Nothing of the user's is lost. A column under one of our headers (true labels in `domain`, an earlier run's answers)
    becomes `input_domain`, and the report says so. JSONL and Parquet, where a column is found by its name, get
    `header (column 3)` for a header that is blank or stands there twice. Values keep their types from JSONL to JSONL,
    from XLSX to XLSX, and from Parquet; what other ways there are go through text.

    A head that the model lacks has empty columns, and so have the sets of a model that was trained without them. A text outside of the model's scope has an empty code, confidence 0
    and the decision `abstain`. A row with a `RowFault` stays in its place, with the fault as its doubt and no answers.

    The target appears, or is replaced, when all of it is written; after an error it is as it was.

    Raises:
        training.errors.Refused: the input cannot be read, or a mapping is wrong.
        training.bulk.output.OutputRefused: the target cannot be written, or is the input.

    """
    began, at = perf_counter(), datetime.now(UTC)
    suffix = format_of(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise TargetIsSource(target)
    tally = Tally(source, decisions={head.target: Counter() for head in model.heads})
    with replacing(target) as file, open_input(source, columns, target.parent) as given:
        names = _output_names(given.columns.headers, by_name=suffix in (".jsonl", ".parquet"))
        expected = given.expected_rows()
        with (
            _originals(given, suffix, names) as originals,
            open_sink(file, target, len(ANSWER_COLUMNS), originals) as sink,
        ):
            for chunk, scores in _scored(given, model, chunk_rows):
                answers = answer_cells(chunk.complaints, chunk.faults, scores, model, resolver, at, tally)
                table = pa.Table.from_arrays([*chunk.columns, *answers], names=[*names, *ANSWER_COLUMNS])
                sink.write(table, chunk.rows)
                tally.count(chunk.rows, chunk.faults)
                progress(tally.rows, expected if expected is not None and expected >= tally.rows else None)
    progress(tally.rows, tally.rows)
    renamed = ((was, now) for was, now in zip(given.columns.headers, names, strict=True) if was != now)
    return tally.report(target, renamed, perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows as they were read: numbers, the user's columns, what is wrong with each row, the complaints of the others."""

    rows: list[int]
    columns: list[pa.ChunkedArray]
    faults: list[RowFault | None]
    complaints: list[Complaint]


def _originals(given: BulkInput, suffix: str, names: Sequence[str]) -> AbstractContextManager[Originals | None]:
    path = given.table.path
    if suffix == ".jsonl" and format_of(path) == suffix:
        return json_originals(path, dict(zip(given.columns.headers, names, strict=True)))
    if suffix == ".xlsx" and format_of(path) == suffix:
        return sheet_originals(path, len(names))
    return nullcontext()


def _output_names(headers: Sequence[str], *, by_name: bool) -> list[str]:
    """Name the user's columns so that ours have their own names, and each its own where columns go `by_name`."""
    taken = {*headers, *ANSWER_COLUMNS}
    names: list[str] = []
    for position, header in enumerate(headers, 1):
        wanted = f"input_{header}" if header in ANSWER_COLUMNS else header
        if by_name and (not header or header in headers[: position - 1]):
            wanted = f"{wanted} (column {position})".strip()
        name, number = wanted, 2
        while name != header and name in taken:
            name, number = f"{wanted}_{number}", number + 1
        # two columns may both be called `domain`, and then both are called `input_domain`, unless they go by name
        if by_name:
            taken.add(name)
        names.append(name)
    return names


def _scored(given: BulkInput, model: TriageModel, chunk_rows: int) -> Iterator[tuple[_Chunk, BatchScores | None]]:
    """Yield chunks with their scores, in order; the compiled scorer works on one while the next is read.

    Threads, not processes: half of a row's time is compiled code that lets go of the interpreter's lock, and on two
    cores processes, which each take seconds to start, were no faster.
    """
    waiting: tuple[_Chunk, Callable[[], BatchScores | None]] | None = None
    with ThreadPoolExecutor(1) as background:
        for frame in given.table.frames(chunk_rows):
            chunk = _read(frame, given)
            scoring = background.submit(model.score_many, chunk.complaints).result if chunk.complaints else _no_scores
            if waiting is not None:
                yield waiting[0], waiting[1]()
            waiting = chunk, scoring
        if waiting is not None:
            yield waiting[0], waiting[1]()


def _no_scores() -> None:
    return None


def _read(frame: pd.DataFrame, given: BulkInput) -> _Chunk:
    rows = [int(row) for row in frame.index]
    columns = [_chunked(pa.array(frame.iloc[:, place])) for place in range(frame.shape[1])]
    try:
        complaints = list(complaints_of(frame, given.columns))
    except UnicodeDecodeError:
        # Arrow takes a Parquet file's word for it that its strings are UTF-8
        reason = f"{given.columns.header(Role.TEXT)}: not UTF-8"
        raise FileUnreadable(given.columns.path, reason, rows[0]) from None
    faults = [_fault(complaint.text) for complaint in complaints]
    if given.mended:
        for column in columns:
            for place in np.flatnonzero(pc.fill_null(pc.match_substring(column, UNDECODED), False).to_numpy()).tolist():  # noqa: FBT003
                faults[place] = RowFault.UNDECODABLE
    sound = [complaint for complaint, fault in zip(complaints, faults, strict=True) if fault is None]
    return _Chunk(rows, columns, faults, sound)


def _chunked(array: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _fault(text: str) -> RowFault | None:
    # blanks of all kinds and the characters without width are not printable; the space alone is
    if not any(character.isprintable() and character != " " for character in text):
        return RowFault.EMPTY_TEXT
    return RowFault.TEXT_TOO_LONG if len(text) > MAX_TEXT_LENGTH else None

"""Labelled complaints, read from files and held by column."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.complaint import Complaint
from models.prediction import Target
from training.cells import Kind, extra_of, kind_of, texts_of
from training.columns import HEADERS, LABELS, ColumnMap, Role, map_columns
from training.errors import LabelColumnMissing, TypesMixed
from training.moments import parse_moment
from training.readers import open_table

_Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Location:
    """Where a row stands: `row` as a spreadsheet numbers it (see `Table.frames`)."""

    path: Path
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class LabelledComplaints:
    """Complaints with their labels, by column; row i of one array belongs to row i of all others.

    `columns` holds, per role that a file has, an array of str, "" where there is no value. Labels come without blanks
    around them; the rest is as written. `received` is UTC in seconds, NaT where there is no readable time. `extra` holds
    the columns without a role under their headers. `files[file_index[i]]` is the file of row i, `rows[i]` its row there.
    The arrays are read-only.
    """

    files: tuple[ColumnMap, ...]
    file_index: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    columns: Mapping[Role, _Texts]
    received: npt.NDArray[np.datetime64]
    extra: Mapping[str, _Texts]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def texts(self) -> _Texts:
        """What was said, shape (rows,)."""
        return self.columns[Role.TEXT]

    @property
    def targets(self) -> tuple[Target, ...]:
        """The heads that have a label column."""
        targets: tuple[Target, ...] = ("domain", "office")
        return tuple(target for target in targets if Role(target) in self.columns)

    def labels(self, target: Target) -> _Texts:
        """Return the labels of a head, shape (rows,), "" where a row has none.

        Raises:
            KeyError: no file has a column for this head; see `targets`.

        """
        return self.columns[Role(target)]

    def complaint(self, index: int) -> Complaint:
        """Return row `index` as the complaint that a model is asked about."""
        values = {role: column[index] for role, column in self.columns.items()}
        return _complaint(values, self.received[index].item())

    def complaints(self) -> Iterator[Complaint]:
        """Yield all rows in order."""
        return (self.complaint(index) for index in range(len(self)))

    def location(self, index: int) -> Location:
        """Return the file and row of row `index`."""
        return Location(self.files[self.file_index[index]].path, int(self.rows[index]))

    def select(self, indices: npt.ArrayLike) -> "LabelledComplaints":
        """Return the rows at `indices` (or under a boolean mask), in that order."""
        at = np.asarray(indices)
        at = at if at.dtype == np.bool_ else at.astype(np.int64)
        return LabelledComplaints(
            self.files,
            _frozen(self.file_index[at]),
            _frozen(self.rows[at]),
            MappingProxyType({role: _frozen(column[at]) for role, column in self.columns.items()}),
            _frozen(self.received[at]),
            MappingProxyType({header: _frozen(column[at]) for header, column in self.extra.items()}),
        )

    @property
    def digest(self) -> str:
        """Return the sha256 of the content, in hex: the same complaints with the same labels have the same digest.

        It depends on the values of the roles, and on how often a row occurs; neither on the order of rows, nor on
        files and headers, nor on extra columns, nor on whether an empty column is there. Computed at each call.
        """
        columns = [(f"{role}=".encode(), self.columns[role]) for role in Role if role in self.columns]
        each = []
        for index in range(len(self)):
            row = hashlib.sha256()
            for name, column in columns:
                if column[index]:
                    value = column[index].encode()
                    row.update(b"%b%d:%b" % (name, len(value), value))
            each.append(row.digest())
        return hashlib.sha256(b"".join(sorted(each))).hexdigest()


def read_labelled(
    paths: Sequence[Path], columns: Mapping[Role, str] = MappingProxyType({}), *, need_labels: bool = True
) -> LabelledComplaints:
    """Read files of labelled complaints, one after the other; `columns` maps roles to headers, see `map_columns`.

    Each file finds its own columns; a role that only some of them have is "" in the rows of the others. A file with a
    column of provenance, as `paidan audit export` writes it, has roles for headers: it need not have those that
    `columns` names for the others.

    Raises:
        DataRefused: a file cannot be read; see `training.errors`.
        RoleUnknown: `columns` names no role.
        LabelColumnMissing: no file has a label column, and `need_labels`.
        ValueError: no paths.

    """
    if not paths:
        raise ValueError("no files to read; give at least one path")
    tables = [open_table(Path(path)) for path in paths]
    files = tuple(map_columns(table.path, table.headers, _told(table.headers, columns)) for table in tables)
    if need_labels and not any(role in file.positions for file in files for role in LABELS):
        raise LabelColumnMissing([(file.path, file.headers) for file in files])
    parts: list[_Part] = []
    kinds: dict[Role, tuple[Kind, Path]] = {}
    for number, (table, file) in enumerate(zip(tables, files, strict=True)):
        for frame in table.frames():
            _refuse_mixed(frame, file, kinds)
            parts.append(_part(frame, file, number))
    rows = np.concatenate([part.rows for part in parts])
    sizes = [len(part.rows) for part in parts]
    values = {
        role: _joined([part.columns.get(role) for part in parts], sizes)
        for role in Role
        if any(role in part.columns for part in parts)
    }
    headers = dict.fromkeys(header for part in parts for header in part.extra)
    return LabelledComplaints(
        files,
        _frozen(np.repeat(np.array([part.file for part in parts], dtype=np.int32), sizes)),
        _frozen(rows),
        MappingProxyType(values),
        _frozen(_moments(values.get(Role.RECEIVED_AT), len(rows))),
        MappingProxyType({key: _joined([part.extra.get(key) for part in parts], sizes) for key in headers}),
    )


def _told(headers: Sequence[str], columns: Mapping[Role, str]) -> Mapping[Role, str]:
    if not set(HEADERS[Role.PROVENANCE]) & set(headers):
        return columns
    return {role: header for role, header in columns.items() if not header or header in headers or role not in headers}


def complaints_of(frame: pd.DataFrame, columns: ColumnMap) -> Iterator[Complaint]:
    """Yield the rows of a frame of `stream_rows` as complaints, in order; the text may be empty.

    Raises:
        TypeUnsuitable: a typed column cannot play its role.

    """
    roles = [role for role in columns.positions if role not in LABELS]
    arrays = [texts_of(frame, columns, role) for role in roles]
    for cells in zip(*arrays, strict=True):
        values = dict(zip(roles, cells, strict=True))
        moment = parse_moment(values.get(Role.RECEIVED_AT, ""))
        yield _complaint(values, moment and moment.astimezone(UTC).replace(tzinfo=None))


def _complaint(values: Mapping[Role, str], received: datetime | None) -> Complaint:
    return Complaint(
        text=values[Role.TEXT],
        title=values.get(Role.TITLE, ""),
        merchant=values.get(Role.MERCHANT, ""),
        address=values.get(Role.ADDRESS, ""),
        source=values.get(Role.SOURCE, ""),
        ticket_id=values.get(Role.TICKET_ID, ""),
        received_at=received and received.replace(tzinfo=UTC),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One frame."""

    file: int
    rows: npt.NDArray[np.int64]
    columns: Mapping[Role, _Texts]
    extra: Mapping[str, _Texts]


def _part(frame: pd.DataFrame, file: ColumnMap, number: int) -> _Part:
    values = {role: texts_of(frame, file, role) for role in file.positions}
    for role in LABELS:
        if role in values:
            values[role] = np.array([label.strip() for label in values[role]], dtype=object)
    return _Part(number, frame.index.to_numpy(dtype=np.int64), values, extra_of(frame, file))


def _joined(columns: Sequence[_Texts | None], sizes: Sequence[int]) -> _Texts:
    nothing = np.array("", dtype=object)
    filled = [
        np.broadcast_to(nothing, size) if column is None else column
        for column, size in zip(columns, sizes, strict=True)
    ]
    # half a million rows repeat a few hundred labels: keep one str of each
    codes, distinct = pd.factorize(np.concatenate(filled))
    return _frozen(np.asarray(distinct, dtype=object)[codes])


_Array = TypeVar("_Array", bound=npt.NDArray[Any])


def _frozen(array: _Array) -> _Array:
    array.flags.writeable = False
    return array


def _moments(texts: _Texts | None, rows: int) -> npt.NDArray[np.datetime64]:
    moments = np.full(rows, "NaT", dtype="datetime64[s]")
    if texts is not None:
        for index, text in enumerate(texts):
            moment = parse_moment(text) if text else None
            if moment is not None:
                moments[index] = np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "s")
    return moments


def _refuse_mixed(frame: pd.DataFrame, file: ColumnMap, kinds: dict[Role, tuple[Kind, Path]]) -> None:
    for role in LABELS:
        kind = kind_of(frame, file, role)
        if kind is None:
            continue
        known, path = kinds.setdefault(role, (kind, file.path))
        if known != kind:
            raise TypesMixed(file.path, role, kind, path, known)

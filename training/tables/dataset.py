"""Labelled complaints, read from files and held by column."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.complaint import Complaint
from models.prediction import Target
from training.errors import LabelColumnMissing, TypesMixed
from training.tables.cells import Kind, extra_of, kind_of, texts_of
from training.tables.columns import HEADERS, LABELS, ColumnMap, Role, map_columns
from training.tables.moments import parse_moment
from training.tables.readers import open_table
from training.tables.spool import Column, Pieces, TextPieces, Texts

_Texts = npt.NDArray[np.object_]
_Name = TypeVar("_Name", bound=str)
_Array = TypeVar("_Array", bound=npt.NDArray[Any] | Texts)


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
    The arrays are read-only; columns that are no labels may be in files.
    """

    files: tuple[ColumnMap, ...]
    file_index: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    columns: Mapping[Role, Column]
    received: npt.NDArray[np.datetime64]
    extra: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def texts(self) -> Column:
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
        return np.asarray(self.columns[Role(target)])

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
    paths: Sequence[Path],
    columns: Mapping[Role, str] = MappingProxyType({}),
    *,
    need_labels: bool = True,
    spool: Path | None = None,
) -> LabelledComplaints:
    """Read files of labelled complaints, one after the other; `columns` maps roles to headers, see `map_columns`.

    Each file finds its own columns; a role that only some of them have is "" in the rows of the others. A file with a
    column of provenance, as `paidan audit export` writes it, has roles for headers: it need not have those that
    `columns` names for the others. `spool`: a directory for all columns but the labels, which are then read from files
    there; the caller's to remove.

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
    kinds: dict[Role, tuple[Kind, Path]] = {}
    roles: _Gathered[Role] = _Gathered(spool and spool / "role")
    extra: _Gathered[str] = _Gathered(spool and spool / "extra")
    rows, file_index = Pieces(np.int64, None), Pieces(np.int32, None)
    for number, (table, file) in enumerate(zip(tables, files, strict=True)):
        for frame in table.frames():
            _refuse_mixed(frame, file, kinds)
            rows.add(frame.index.to_numpy(dtype=np.int64))
            file_index.add(np.full(len(frame), number, np.int32))
            roles.add({role: _cells(frame, file, role) for role in file.positions}, len(frame))
            extra.add(extra_of(frame, file), len(frame))
    values = roles.whole()
    return LabelledComplaints(
        files,
        _frozen(file_index.whole()),
        _frozen(rows.whole()),
        MappingProxyType({role: values[role] for role in Role if role in values}),
        _frozen(_moments(values.get(Role.RECEIVED_AT), roles.rows)),
        MappingProxyType(extra.whole()),
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


def _cells(frame: pd.DataFrame, file: ColumnMap, role: Role) -> _Texts:
    cells = texts_of(frame, file, role)
    return np.array([label.strip() for label in cells], dtype=object) if role in LABELS else cells


class _Gathered(Generic[_Name]):
    """Columns that grow by the rows of one frame at a time; a column is "" in frames that do not have it."""

    def __init__(self, files: Path | None) -> None:
        self.rows = 0
        self._files = files
        self._columns: dict[_Name, TextPieces] = {}

    def add(self, columns: Mapping[_Name, _Texts], rows: int) -> None:
        for name in columns:
            if name not in self._columns:
                file = (
                    None if self._files is None or name in LABELS else self._files.with_suffix(f".{len(self._columns)}")
                )
                self._columns[name] = TextPieces(file)
                self._columns[name].add([""] * self.rows)
        for name, column in self._columns.items():
            column.add(columns.get(name, [""] * rows))
        self.rows += rows

    def whole(self) -> dict[_Name, Column]:
        return {name: column.whole() for name, column in self._columns.items()}


def _frozen(array: _Array) -> _Array:
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


def _moments(texts: Column | None, rows: int) -> npt.NDArray[np.datetime64]:
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

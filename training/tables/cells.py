"""Cells of a frame as text, whatever the file format made of them."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from training.errors import TypeUnsuitable
from training.tables.columns import LABELS, ColumnMap, Role

Kind = Literal["text", "number"]

_NUMBERS = (*LABELS, Role.TICKET_ID)
"""Roles that may come as whole numbers: codes."""


def texts_of(frame: pd.DataFrame, columns: ColumnMap, role: Role) -> npt.NDArray[np.object_]:
    """Return the column of a role, shape (rows,), str, "" where the cell is missing.

    Of typed columns (Parquet), text may fill any role, whole numbers a label or a ticket number, dates and times
    `received_at`.

    Raises:
        TypeUnsuitable: the column has another type.

    """
    series = frame.iloc[:, columns.positions[role]]
    if not isinstance(series.dtype, pd.ArrowDtype):
        return series.to_numpy(dtype=object, na_value="")
    plain = _plain(series.dtype)
    cells = pa.array(series)
    if pa.types.is_floating(plain) and role in _NUMBERS:
        # pandas writes whole numbers with a gap among them as floats
        try:
            cells = cells.cast(pa.int64())
        except pa.ArrowInvalid:
            raise _unsuitable(series.dtype, columns, role) from None
    elif not _suits(plain, role):
        raise _unsuitable(series.dtype, columns, role)
    return _as_objects(cells.cast(pa.large_string()))


def extra_of(frame: pd.DataFrame, columns: ColumnMap) -> dict[str, npt.NDArray[np.object_]]:
    """Return the columns without a role as text; the second column of the same header is `header (column 5)`."""
    found: dict[str, npt.NDArray[np.object_]] = {}
    for position in columns.extra:
        header = columns.headers[position]
        name = header if header and header not in found else f"{header} (column {position + 1})".strip()
        series = frame.iloc[:, position]
        if isinstance(series.dtype, pd.ArrowDtype):
            cells = pa.array(series)
            try:
                found[name] = _as_objects(cells.cast(pa.large_string()))
            except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
                spelled = ["" if cell is None else str(cell) for cell in cells.to_pylist()]
                found[name] = np.array(spelled, dtype=object)
        else:
            found[name] = series.to_numpy(dtype=object, na_value="")
    return found


def kind_of(frame: pd.DataFrame, columns: ColumnMap, role: Role) -> Kind | None:
    """Return what a typed column holds; None where there is no such column, or where the format has no types."""
    if role not in columns.positions:
        return None
    dtype = frame.dtypes.iloc[columns.positions[role]]
    if not isinstance(dtype, pd.ArrowDtype) or pa.types.is_null(_plain(dtype)):
        return None
    return "text" if _is_text(_plain(dtype)) else "number"


def _plain(dtype: pd.ArrowDtype) -> pa.DataType:
    arrow = dtype.pyarrow_dtype
    return arrow.value_type if pa.types.is_dictionary(arrow) else arrow


def _is_text(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_string(arrow) or pa.types.is_large_string(arrow) or pa.types.is_string_view(arrow))


def _suits(arrow: pa.DataType, role: Role) -> bool:
    if _is_text(arrow) or pa.types.is_null(arrow):
        return True
    if role is Role.RECEIVED_AT:
        return bool(pa.types.is_timestamp(arrow) or pa.types.is_date(arrow))
    return role in _NUMBERS and bool(pa.types.is_integer(arrow))


def _unsuitable(dtype: pd.ArrowDtype, columns: ColumnMap, role: Role) -> TypeUnsuitable:
    expected = "文本 string"
    if role is Role.RECEIVED_AT:
        expected += " / 时间 timestamp"
    elif role in _NUMBERS:
        expected += " / 整数 integer"
    return TypeUnsuitable(columns.path, role, columns.header(role) or "", str(dtype.pyarrow_dtype), expected)


def _as_objects(cells: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    return np.array(["" if cell is None else cell for cell in cells.to_pylist()], dtype=object)

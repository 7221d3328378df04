"""Rows of a sparse matrix as compiled code reads them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.compiled import compiled, index

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Emphasis(NamedTuple):
    """Columns to keep, ascending int64 [m], and what each is multiplied by, float32 [m]."""

    kept: Integers
    factors: Floats

    def plain(self) -> "Emphasis":
        """The same columns as they are."""
        return Emphasis(self.kept, np.ones_like(self.factors))


class Rows(NamedTuple):
    """Rows of a sparse matrix as compiled code takes them; a subset of rows is a list of numbers, not a copy.

    values: float32 [nnz]; columns: int32 [nnz]; row_ends: int64 [n + 1]; squares: float32 [n], the squared length of each
    row, the bias's constant feature included; n_features.
    """

    values: Floats
    columns: npt.NDArray[np.int32]
    row_ends: npt.NDArray[np.int64]
    squares: Floats
    n_features: int

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> "Rows":
        """The rows of a float32 csr matrix, not copied."""
        row_ends = matrix.indptr.astype(np.int64, copy=False)
        columns = matrix.indices.astype(np.int32, copy=False)
        values = np.asarray(matrix.data)
        return cls(values, np.asarray(columns), row_ends, _squares(values, row_ends), int(matrix.shape[1]))

    @property
    def everything(self) -> Integers:
        """The numbers of all rows."""
        return np.arange(len(self.row_ends) - 1)

    def take(self, rows: Integers, kept: npt.NDArray[np.bool_]) -> "Rows":
        """A copy of some rows with the entries of the columns in `kept` [n_features] alone; numbers of columns stay."""
        values, columns, row_ends = _take(self.values, self.columns, self.row_ends, rows, kept)
        return Rows(values, columns, row_ends, _squares(values, row_ends), self.n_features)

    def emphasise(
        self,
        emphasis: Emphasis,
        blocks: npt.NDArray[np.uint8],
        block_weights: npt.NDArray[np.float64],
        room: tuple[Floats, npt.NDArray[np.int32]] | None = None,
    ) -> "Rows":
        """Keep the columns of an emphasis, times its factors: each block of a row comes to its length again.

        blocks: [n_features], the block of each column; block_weights: the length of each block. room: where values and
        columns go, at least as long as those here; None takes their own place, and this matrix is used up.
        """
        place, factors = np.full(self.n_features, -1, np.int32), np.zeros(self.n_features, np.float32)
        place[emphasis.kept] = np.arange(len(emphasis.kept), dtype=np.int32)
        factors[emphasis.kept] = emphasis.factors
        values, columns = (self.values, self.columns) if room is None else room
        row_ends = self.row_ends if room is None else np.zeros_like(self.row_ends)
        n = _emphasise(
            self.values, self.columns, self.row_ends, place, factors, blocks, block_weights, values, columns, row_ends
        )
        values, columns = values[:n], columns[:n]
        return Rows(values, columns, row_ends, _squares(values, row_ends), len(emphasis.kept))


@compiled(fastmath=True)
def _squares(values: Floats, row_ends: Integers) -> Floats:
    out = np.empty(len(row_ends) - 1, np.float32)
    for row in range(len(out)):
        total = np.float32(1.0)
        for k in range(row_ends[row], row_ends[row + 1]):
            total += values[k] * values[k]
        out[row] = total
    return out


@compiled()
def _take(
    values: Floats,
    columns: npt.NDArray[np.int32],
    row_ends: Integers,
    rows: Integers,
    kept: npt.NDArray[np.bool_],
) -> tuple[Floats, npt.NDArray[np.int32], Integers]:
    ends = np.zeros(len(rows) + 1, np.int64)
    for place in range(len(rows)):
        ends[place + 1] = ends[place]
        for k in range(row_ends[rows[place]], row_ends[rows[place] + 1]):
            ends[place + 1] += kept[columns[k]]
    out_values, out_columns = np.empty(ends[-1], np.float32), np.empty(ends[-1], np.int32)
    n = 0
    for row in rows:
        for k in range(row_ends[row], row_ends[row + 1]):
            if kept[columns[k]]:
                out_values[n], out_columns[n] = values[k], columns[k]
                n += 1
    return out_values, out_columns, ends


@compiled()
def _emphasise(
    values: Floats,
    columns: npt.NDArray[np.int32],
    row_ends: Integers,
    place: npt.NDArray[np.int32],
    factors: Floats,
    blocks: npt.NDArray[np.uint8],
    block_weights: npt.NDArray[np.float64],
    out_values: Floats,
    out_columns: npt.NDArray[np.int32],
    out_ends: Integers,
) -> int:
    """Write what is kept, numbered anew by `place`, -1 for what is not; returns how much it is.

    What is written may be in the place of what is read: it never gets ahead of it.
    """
    lengths = np.empty(len(block_weights), np.float64)
    longest = 0
    for row in range(len(row_ends) - 1):
        longest = max(longest, row_ends[row + 1] - row_ends[row])
    # each feature is looked up once: the tables are larger than a cache, what is put by here is not
    found, block_of = np.empty(longest + 1, np.float64), np.empty(longest + 1, np.uint8)
    n = 0
    begin = row_ends[0]
    for row in range(len(row_ends) - 1):
        end = row_ends[row + 1]
        lengths[:] = 0.0
        kept = 0
        # what a block has come to stays in a register as long as the block goes on, and is only then written
        current, total = np.uint8(0), 0.0
        for k in range(begin, end):
            column = index(columns[index(k)])
            # of a column that goes, the factor is 0, and what is written of it is written over
            value, block = np.float64(values[index(k)]) * factors[column], blocks[column]
            if block != current:
                lengths[current] = total
                current, total = block, lengths[block]
            total += value * value
            found[index(kept)], block_of[index(kept)] = value, block
            out_columns[index(n + kept)] = place[column]
            kept += place[column] >= 0
        lengths[current] = total
        for block in range(len(lengths)):
            if lengths[block] > 0:
                lengths[block] = block_weights[block] / np.sqrt(lengths[block])
        for k in range(kept):
            out_values[index(n + k)] = found[index(k)] * lengths[block_of[index(k)]]
        n += kept
        begin = end
        out_ends[row + 1] = n
    return n

"""Sums over sparse rows of LANES weights at a time, in vector registers.

A loop of so few steps is unrolled by the compiler before it would make vectors of it, and each step then waits for the
one before: these two are written in the compiler's own terms instead, at a third of the time. A vector is two, or four,
registers where the machine's are narrower.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 16
"""Weights that stand side by side: float32, together one line of the cache."""

_UNROLLED = 4
_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_ALIGNED = 4  # bytes: numpy promises no more


def room(rows: int) -> npt.NDArray[np.float32]:
    """Zeros [rows, LANES], each row one line of the cache: across two, it would be read and written at the price of both."""
    found = np.zeros((rows + 1) * LANES, np.float32)
    begin = -found.ctypes.data % (LANES * found.itemsize) // found.itemsize
    return found[begin : begin + rows * LANES].reshape(rows, LANES)


@intrinsic  # type: ignore[untyped-decorator]
def add_rows(_context: Any, values: Any, columns: Any, begin: Any, end: Any, weights: Any, total: Any) -> Any:
    """Add values[k] * weights[columns[k]] for each k from begin to end to total.

    values: float32 [n]; columns: int32 [n]; weights: float32 [features, LANES]; total: float32 [LANES]; contiguous.
    """

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loop = _Loop(context, builder, signature, arguments)
        # several sums, for each addition waits for the one before
        sums = [cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, None)) for _ in range(_UNROLLED)]
        builder.store(loop.load(loop.vector), sums[0])
        whole = builder.and_(builder.sub(loop.end, loop.begin), ir.Constant(_WORD, -_UNROLLED))
        middle = builder.add(loop.begin, whole)
        for first, last, steps in ((loop.begin, middle, _UNROLLED), (middle, loop.end, 1)):
            with loop.over(first, last, steps) as k:
                for step in range(steps):
                    value, row = loop.entry(builder.add(k, ir.Constant(_WORD, step)))
                    builder.store(loop.multiply_add(value, loop.load(row), builder.load(sums[step])), sums[step])
        found = builder.load(sums[0])
        for other in sums[1:]:
            found = builder.fadd(found, builder.load(other))
        loop.store(found, loop.vector)
        return context.get_dummy_value()

    return types.void(values, columns, begin, end, weights, total), build


@intrinsic  # type: ignore[untyped-decorator]
def spread_step(_context: Any, values: Any, columns: Any, begin: Any, end: Any, weights: Any, step: Any) -> Any:
    """Add values[k] * step to weights[columns[k]] for each k from begin to end; step: float32 [LANES]."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loop = _Loop(context, builder, signature, arguments)
        taken = loop.load(loop.vector)
        with loop.over(loop.begin, loop.end, 1) as k:
            value, row = loop.entry(k)
            loop.store(loop.multiply_add(value, taken, loop.load(row)), row)
        return context.get_dummy_value()

    return types.void(values, columns, begin, end, weights, step), build


class _Loop:
    """The arguments of both, and what is done with them."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        def data(number: int) -> Any:
            return context.make_array(signature.args[number])(context, builder, arguments[number]).data

        self.builder, self.begin, self.end = builder, arguments[2], arguments[3]
        self._values, self._columns, self._weights = data(0), data(1), data(4)
        self.vector = builder.bitcast(data(5), _VECTOR.as_pointer())

    @contextmanager
    def over(self, first: Any, last: Any, step: int) -> Iterator[Any]:
        with cgutils.for_range_slice(self.builder, first, last, ir.Constant(_WORD, step)) as (k, _):
            yield k

    def entry(self, k: Any) -> tuple[Any, Any]:
        """The value, in every lane, and where its column's weights are."""
        builder = self.builder
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(
            nothing, builder.load(builder.gep(self._values, [k])), ir.Constant(ir.IntType(32), 0)
        )
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        column = builder.zext(builder.load(builder.gep(self._columns, [k])), _WORD)
        row = builder.gep(self._weights, [builder.mul(column, ir.Constant(_WORD, LANES))])
        return builder.shuffle_vector(first, nothing, everywhere), builder.bitcast(row, _VECTOR.as_pointer())

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        # "contract" lets the two become one instruction
        return self.builder.fadd(c, self.builder.fmul(a, b, flags=("contract",)), flags=("contract",))

    def load(self, pointer: Any) -> Any:
        found = self.builder.load(pointer)
        found.align = _ALIGNED
        return found

    def store(self, vector: Any, pointer: Any) -> None:
        self.builder.store(vector, pointer).align = _ALIGNED

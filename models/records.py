"""Sums over records of int8 weights, in vector registers.

The compiler reads and writes a loop's sums at every step, and before each loop makes sure that they lie apart from the weights.
Written in its own terms, the sums of a line of the cache stay in registers from the first record to the last.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from features.prefetch import LINE

VECTOR = 16
"""float32 numbers of the widest registers."""

_ROWS_AT_ONCE = 4
_WORD, _BYTE, _NUMBER = ir.IntType(64), ir.IntType(8), ir.FloatType()
_ANY = 1  # bytes that addresses are multiples of


def _summed(lanes: int, unrolled: int) -> Callable[..., Any]:
    """An intrinsic that sums so many lanes; unrolled: sums side by side, for each addition waits for the one before."""
    wide, small = ir.VectorType(_NUMBER, lanes), ir.VectorType(_BYTE, lanes)

    def add(_context: Any, weights: Any, rows: Any, by: Any, begin: Any, end: Any, column: Any, sums: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def array(number: int) -> Any:
                return context.make_array(signature.args[number])(context, builder, arguments[number])

            records, chosen, factors, out = (array(number) for number in (0, 1, 2, 6))
            first, last, place = arguments[3:6]
            width = cgutils.unpack_tuple(builder, records.shape, 2)[1]

            def product(k: Any, total: Any) -> Any:
                row = builder.zext(builder.load(builder.gep(chosen.data, [k])), _WORD)
                address = builder.gep(records.data, [builder.add(builder.mul(row, width), place)])
                found = builder.load(builder.bitcast(address, small.as_pointer()))
                found.align = _ANY
                weight = builder.sitofp(builder.sext(found, ir.VectorType(ir.IntType(32), lanes)), wide)
                factor = builder.insert_element(
                    ir.Constant(wide, ir.Undefined), builder.load(builder.gep(factors.data, [k])), ir.IntType(32)(0)
                )
                everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
                factor = builder.shuffle_vector(factor, ir.Constant(wide, ir.Undefined), everywhere)
                # "contract" lets the two become one instruction
                return builder.fadd(total, builder.fmul(factor, weight, flags=("contract",)), flags=("contract",))

            totals = [cgutils.alloca_once_value(builder, ir.Constant(wide, None)) for _ in range(unrolled)]
            whole = builder.and_(builder.sub(last, first), ir.Constant(_WORD, -unrolled))
            middle = builder.add(first, whole)
            for start, stop, steps in ((first, middle, unrolled), (middle, last, 1)):
                with cgutils.for_range_slice(builder, start, stop, ir.Constant(_WORD, steps)) as (k, _):
                    for step in range(steps):
                        total = product(builder.add(k, ir.Constant(_WORD, step)), builder.load(totals[step]))
                        builder.store(total, totals[step])
            found = builder.load(totals[0])
            for other in totals[1:]:
                found = builder.fadd(found, builder.load(other))
            to = builder.bitcast(builder.gep(out.data, [place]), wide.as_pointer())
            builder.store(found, to).align = 4
            return context.get_dummy_value()

        return types.void(weights, rows, by, begin, end, column, sums), build

    return add


@intrinsic  # type: ignore[untyped-decorator]
def add_line(context: Any, weights: Any, rows: Any, by: Any, begin: Any, end: Any, column: Any, sums: Any) -> Any:
    """Write the sum of by[k] * weights[rows[k], column + j], k from begin to end, into sums[column + j], j < LINE.

    weights: int8 [v, width]; rows: int32 [n]; by: float32 [n]; begin, end, column: int64; sums: float32 [width].
    """
    return _summed(LINE, 1)(context, weights, rows, by, begin, end, column, sums)


@intrinsic  # type: ignore[untyped-decorator]
def add_vector(context: Any, weights: Any, rows: Any, by: Any, begin: Any, end: Any, column: Any, sums: Any) -> Any:
    """As `add_line`, of VECTOR columns."""
    return _summed(VECTOR, _ROWS_AT_ONCE)(context, weights, rows, by, begin, end, column, sums)

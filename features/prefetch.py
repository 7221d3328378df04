"""Ask the processor for memory before it is needed, from compiled code.

A table of a hundred megabytes is read at random places; each read would wait for the memory. Asked for ahead, the reads
of a whole document overlap: it halves the time of the sums.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

LINE = 64
"""Bytes that come at a time."""

_READ, _KEEP, _DATA = 0, 3, 1  # arguments of LLVM's llvm.prefetch


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing_context: Any, array: Any, place: Any) -> Any:
    """Ask for the line that holds `array`'s element `place`, counted in memory from its first; array: C-contiguous."""
    del typing_context, place

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = arrayobj.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte = ir.IntType(8).as_pointer()
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, number(_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate

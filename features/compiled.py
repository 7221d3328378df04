"""Compile a function to machine code that is kept on disk, and made anew when any code that it may call has changed.

numba looks only at the file that a function stands in: a function that calls one of another file would go on with the
old machine code of it after an upgrade. Here the sources of the whole package, and of `features`, are the stamp.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

index = np.uint64
"""A place in an array, as compiled code should name it where it is not the variable of a `range`.

A signed place might count from the end, which numba asks at every read and write: a quarter of the time of reading a text
went into that. Sums are made of signed numbers first, `keys[index(n + 1)]`: signed and unsigned together are a float.
"""


def compiled(*, borrows: bool = False, **options: Any) -> Callable[[Function], Function]:
    """Decorate a function for numba: without Python objects, without the interpreter's lock, cached.

    borrows: it makes no array, and works on those that it is given. Nobody then counts who holds them: else each slice, and
    each array that is taken out of a tuple, costs two atomic additions, which a short text shows. What it calls and does
    make arrays says so by a decorator of its own.
    options: as of `numba.njit`, e.g. fastmath, inline, or error_model="numpy" for loops that divide: else each step looks
    whether it is by 0, which rules vectors out.
    """

    def decorate(function: Function) -> Function:
        # said in every case: numba takes what is not said from whatever function calls first
        dispatcher = njit(cache=True, nogil=True, _nrt=not borrows, **options)(function)
        # the one place where numba keeps what a cached function must agree with
        dispatcher._cache._cache_file._source_stamp = _stamp(Path(function.__code__.co_filename).parent)  # noqa: SLF001
        return dispatcher  # type: ignore[no-any-return]

    return decorate


@cache
def _stamp(package: Path) -> str:
    digest = hashlib.sha256()
    for folder in sorted({Path(__file__).parent, package}):
        for source in sorted(folder.glob("*.py")):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()

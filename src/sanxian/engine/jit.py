"""One decorator for every compiled kernel: machine code made once, kept on disk, free of the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])


def kernel(function: _Function) -> _Function:
    """Compile ``function`` at its first call; later processes load the machine code from the cache.

    Kernels hold no Python objects, so they run without the interpreter lock: threads over chunks of queries
    scale. Floating point is kept strict (no ``fastmath``): sums come out the same on every run.
    """
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the package nor the user's cache folder can be written: compile each time
        compiled = numba.njit(nogil=True)(function)
    return cast("_Function", compiled)


def inlined(function: _Function) -> _Function:
    """Compile a small function into every kernel that calls it.

    A call would copy the descriptors of all arrays of the grid, which costs more than what such a function does.
    """
    return cast("_Function", numba.njit(forceinline=True)(function))

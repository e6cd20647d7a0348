"""How kernels are compiled: machine code made once, kept on disk, free of the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., object])
_njit: Any = numba.njit  # its stubs leave options out


def kernel(function: _Function) -> _Function:
    """Compile ``function`` at its first call; later processes load the machine code from the cache.

    Kernels hold no Python objects, so they run without the interpreter lock: threads over chunks of queries
    scale. Floating point is kept strict (no ``fastmath``): sums come out the same on every run.
    """
    return _compiled(function)


def lean(function: _Function) -> _Function:
    """Compile a kernel that makes no array of its own.

    Nobody then has to count who still uses which array, which every call in a loop would otherwise do for each
    array of the grid, one locked instruction apiece: that took a third of the time of lengths.
    """
    return _compiled(function, _nrt=False)


def inlined(function: _Function) -> _Function:
    """Compile a small function that makes no array, and returns none, into every kernel that calls it.

    A call would copy the descriptors of all arrays of the grid, which costs more than what such a function does.
    """
    return cast("_Function", _njit(forceinline=True, _nrt=False)(function))


def _compiled(function: _Function, **options: bool) -> _Function:
    try:
        compiled = _njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # neither the package nor the user's cache folder can be written: compile each time
        compiled = _njit(nogil=True, **options)(function)
    return cast("_Function", compiled)


def _fetch(_typing: Any, array: Any, row: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        fields = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(fields.strides, 0)
        offset = builder.mul(context.cast(builder, arguments[1], signature.args[1], types.intp), stride)
        place = builder.bitcast(fields.data, cgutils.voidptr_t)
        flags = [ir.IntType(32)(flag) for flag in (0, 3, 1)]  # to read, to be kept in the cache, data
        kinds = [cgutils.voidptr_t, *(flag.type for flag in flags)]
        prefetch = builder.module.declare_intrinsic(
            "llvm.prefetch", [cgutils.voidptr_t], ir.FunctionType(ir.VoidType(), kinds)
        )
        builder.call(prefetch, [builder.gep(place, [offset]), *flags])
        return context.get_dummy_value()

    return types.void(array, row), generate


def _stay(_array: NDArray[np.generic], _row: int) -> None:
    """What :func:`fetch` does without a compiler."""


_compiles = not cast("Any", numba.config).DISABLE_JIT
fetch = cast("Callable[[NDArray[Any], int], None]", intrinsic(_fetch) if _compiles else _stay)
"""Have the memory of a row of an array brought near, for a kernel that will read it soon; rows need not exist."""

"""The grid: all layers of an edition in one set of cells, laid out so that a query reads straight on.

Cells run up the columns (cell ``c * rows + r``). A cell knows the boundary pieces that run through it, the zones
that cover it wholly, and the area of every other zone in it. It needs no neighbour: where a zone reaches down
through the cell's top side, a *roof* piece lies along that side, so that

    a point is in zone Z  ⇔  the pieces above it sum to one, counting +1 where Z lies below a piece, −1 where above.

That sum is all the geometry there is (docs/explanation/engine.md): integrated over a footprint it is the shared
area, along a line the shared length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Columns, by number in the kernels:
#
# cell   0 first piece of the cell (the next cell's entry ends it), 1 first zone that covers the whole cell,
#        2 first pre-summed area, 3 strips: 0 for one, else first entry in ``strip`` × 64 + log2 of their number
# piece  0 and 1 the x of its ends, 2 the y at the first, 3 its slope; of a vertical piece (0 = 1) its height
# side   0 zone below, 1 zone above; of a vertical piece left and right


class Grid(NamedTuple):
    """The arrays of an index. All read-only, all shared between threads and, memory-mapped, between processes."""

    frame: NDArray[np.float64]  # x0, y0, cell size, contact tolerance, 1 on the ellipsoid
    extent: NDArray[np.int64]  # columns, rows
    rows: NDArray[np.float64]  # (rows, 10) what a step measures in each row (surface.py)
    cell: NDArray[np.int32]  # (cells + 1, 4)  # 16 bytes a cell: every query reads it first
    piece: NDArray[np.float64]  # (pieces, 4) local to the cell
    side: NDArray[np.int32]  # (pieces, 2) zone below, zone above; of a vertical piece left, right
    strip: NDArray[np.int64]  # first piece of each strip of dense cells
    full: NDArray[np.int32]  # zones covering whole cells
    sum_zone: NDArray[np.int32]  # zones lying in a cell without covering it …
    sum_area: NDArray[np.float64]  # … and their area there
    layers: NDArray[np.uint64]  # (cells,) bit l % 64: a boundary of layer l runs through the cell
    zone_start: NDArray[np.int64]  # (zones + 1,) into zone_cell
    zone_cell: NDArray[np.int64]  # cells the boundary of each zone runs through
    zone_box: NDArray[np.float64]  # (zones, 4) bounds
    zone_area: NDArray[np.float64]  # (zones,)
    first: NDArray[np.int64]  # (layers + 1,) first zone of each layer

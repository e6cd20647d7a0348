"""From rings to edges, and from edges to pieces: one piece a grid cell.

An *edge* runs from left to right (a vertical one upward) and knows what lies on its two sides: the zone *below*
and the zone *above* it (of a vertical edge: to its left and to its right), ``NOTHING`` where there is none. The
edge that two neighbours share is one edge. The edges of a linear zone and its points have the zone on both
sides: they bound no area, yet they are there to be touched.

Edges are cut where they cross a grid line. The cut is computed from the whole edge, never from a piece of it,
so the pieces on both sides of a line end in the same point to the last bit; grid lines are multiples of a power
of two, so coordinates local to a cell are exact. Together this makes sums over a cell telescope without error.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sanxian.engine.jit import inlined, kernel, lean

NOTHING: Final = -1  # no zone on this side

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]


@kernel
def edges_of(
    xy: Floats, rings: Offsets, starts: Offsets, first: int, areal: NDArray[np.bool_], lower: int, upper: int
) -> tuple[Floats, Ints]:
    """Return the edges of the shapes ``lower:upper`` and what lies below and above each.

    Shape i is zone ``first + i``. Rings have their inside on the left: travelling to the right the inside is
    above, to the left below, upward to the left, downward to the right.
    """
    count = 0
    for ring in range(starts[lower], starts[upper]):
        count += max(1, rings[ring + 1] - rings[ring] - 1)
    edge = np.empty((count, 4))
    side = np.empty((count, 2), np.int32)
    n = 0
    for shape in range(lower, upper):
        zone = first + shape
        for ring in range(starts[shape], starts[shape + 1]):
            a, b = rings[ring], rings[ring + 1]
            if b - a == 1:  # a point: an edge from itself to itself
                edge[n, 0], edge[n, 1], edge[n, 2], edge[n, 3] = xy[a, 0], xy[a, 1], xy[a, 0], xy[a, 1]
                side[n, 0], side[n, 1] = zone, zone
                n += 1
            for i in range(a, b - 1):
                x1, y1, x2, y2 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
                if x1 == x2 and y1 == y2 and areal[shape]:
                    continue
                forward = x1 < x2 or (x1 == x2 and y1 < y2)
                if not forward:
                    x1, y1, x2, y2 = x2, y2, x1, y1
                edge[n, 0], edge[n, 1], edge[n, 2], edge[n, 3] = x1, y1, x2, y2
                if not areal[shape]:
                    side[n, 0], side[n, 1] = zone, zone
                elif forward == (
                    x1 < x2
                ):  # to the right, or straight down: the inside is above, or to the right
                    side[n, 0], side[n, 1] = NOTHING, zone
                else:
                    side[n, 0], side[n, 1] = zone, NOTHING
                n += 1
    return edge[:n], side[:n]


@kernel
def merge_shared(edge: Floats, side: Ints) -> int:
    """Merge edges that two zones share, in place; return how many edges are left.

    Two edges with the same ends of which one bounds a zone below and the other a zone above become one with
    both. Edges of zones that overlap, and of linear zones, stay apart.
    """
    n = len(edge)
    capacity = 16
    while capacity < 2 * n:
        capacity *= 2
    slot_of = np.full(capacity, -1, np.int32)
    bits = edge.view(np.uint64)
    keep = np.ones(n, np.bool_)
    for i in range(n):
        if side[i, 0] == side[i, 1]:
            continue
        key = np.uint64(1469598103934665603)
        for k in range(4):
            key = (key ^ bits[i, k]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        slot = np.int64(key & np.uint64(capacity - 1))
        while slot_of[slot] >= 0:
            j = slot_of[slot]
            same = edge[j, 0] == edge[i, 0] and edge[j, 1] == edge[i, 1]
            if same and edge[j, 2] == edge[i, 2] and edge[j, 3] == edge[i, 3]:
                for s in range(2):
                    fits = side[j, s] == NOTHING and side[i, 1 - s] == NOTHING
                    if keep[i] and fits and side[j, 1 - s] != side[i, s]:
                        side[j, s] = side[i, s]
                        keep[i] = False
                if not keep[i]:
                    break
            slot = (slot + 1) & (capacity - 1)
        if keep[i]:
            slot_of[slot] = i
    m = 0
    for i in range(n):
        if keep[i]:
            for k in range(4):
                edge[m, k] = edge[i, k]
            side[m, 0], side[m, 1] = side[i, 0], side[i, 1]
            m += 1
    return m


@inlined
def at_line(x1: float, y1: float, x2: float, y2: float, x: float) -> float:
    """Return where the edge crosses the vertical line at ``x``: never outside the edge."""
    y = y1 + (y2 - y1) * ((x - x1) / (x2 - x1))
    return min(max(y, min(y1, y2)), max(y1, y2))


@inlined
def columns_of(x1: float, x2: float, size: float) -> tuple[int, int]:
    """Return the first and the last column an edge runs in; one that ends on a line stays in front of it."""
    c1, c2 = int(np.floor(x1 / size)), int(np.floor(x2 / size))
    if c2 > c1 and x2 == c2 * size:
        c2 -= 1
    return c1, c2


@lean
def count_pieces(
    edge: Floats, x0: float, y0: float, size: float, left: int, right: int, rows: int, counts: Offsets
) -> None:
    """Add to ``counts`` how many pieces each cell of the columns ``left:right`` gets; cells run up the columns."""
    for i in range(len(edge)):
        x1, y1, x2, y2 = edge[i, 0] - x0, edge[i, 1] - y0, edge[i, 2] - x0, edge[i, 3] - y0
        c1, c2 = columns_of(x1, x2, size)
        for c in range(max(c1, left), min(c2, right - 1) + 1):
            ya = y1 if c == c1 else at_line(x1, y1, x2, y2, c * size)
            yb = y2 if c == c2 else at_line(x1, y1, x2, y2, (c + 1) * size)
            r1, r2 = int(np.floor(ya / size)), int(np.floor(yb / size))
            for r in range(min(r1, r2), max(r1, r2) + 1):
                counts[(c - left) * rows + r] += 1


@lean
def cut_pieces(
    edge: Floats,
    side: Ints,
    x0: float,
    y0: float,
    size: float,
    left: int,
    right: int,
    rows: int,
    place: Offsets,
    piece: Floats,
    sides: Ints,
) -> None:
    """Write the pieces of the columns ``left:right``, each at the next free place of its cell.

    A piece is (x1, y1, x2, y2) local to its cell, x1 <= x2. Its sides are those of its edge, but for pieces
    that rounding made vertical: theirs are left and right.
    """
    below_top = np.nextafter(size, 0.0)  # only the roof of a cell lies at its very top
    for i in range(len(edge)):
        x1, y1, x2, y2 = edge[i, 0] - x0, edge[i, 1] - y0, edge[i, 2] - x0, edge[i, 3] - y0
        c1, c2 = columns_of(x1, x2, size)
        for c in range(max(c1, left), min(c2, right - 1) + 1):
            xa, ya = (x1, y1) if c == c1 else (c * size, at_line(x1, y1, x2, y2, c * size))
            xb, yb = (x2, y2) if c == c2 else ((c + 1) * size, at_line(x1, y1, x2, y2, (c + 1) * size))
            r1, r2 = int(np.floor(ya / size)), int(np.floor(yb / size))
            step = 1 if r2 >= r1 else -1
            px, py, r = xa, ya, r1
            while True:
                if r == r2:
                    qx, qy = xb, yb
                else:
                    qy = (r + 1) * size if step > 0 else r * size
                    qx = min(max(xa + (xb - xa) * ((qy - ya) / (yb - ya)), px), xb)
                cell = (c - left) * rows + r
                k = place[cell]
                place[cell] = k + 1
                u1, v1, u2, v2 = px - c * size, py - r * size, qx - c * size, qy - r * size
                if v1 == size and v2 == size:
                    v1, v2 = below_top, below_top
                piece[k, 0], piece[k, 1], piece[k, 2], piece[k, 3] = u1, v1, u2, v2
                sides[k, 0], sides[k, 1] = side[i, 0], side[i, 1]
                if (
                    u1 == u2 and edge[i, 0] < edge[i, 2]
                ):  # made vertical by rounding: rising, its left is what lay above
                    if v2 >= v1:
                        sides[k, 0], sides[k, 1] = side[i, 1], side[i, 0]
                    else:
                        piece[k, 1], piece[k, 3] = v2, v1
                if r == r2:
                    break
                px, py = qx, qy
                r += step

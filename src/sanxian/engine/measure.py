"""Measuring a footprint against all zones at once: areas, lengths, points.

Every kernel walks its queries cell by cell and adds up, for each zone met, signed contributions of the zone's
pieces in that cell (grid.py says why that is enough). Nothing is constructed and nothing is decided on the way:
an edge that touches, runs along or crosses another only shifts what the integral adds, continuously. So
degenerate positions need no case of their own; the one exception, a line that runs *along* a boundary, is told
apart because a closed zone holds its boundary (:func:`lengths`).

The closed form: with *a* a piece of the footprint and *b* a piece of a zone, both above what they bound,

    area(footprint ∩ zone ∩ cell) = Σₐ Σᵦ ±± ∫ A(min(yₐ(x), yᵦ(x))) dx

over the x they share, where A(u) is the area of a strip one unit wide and u high (surface.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sanxian.engine.edges import NOTHING, count_pieces, cut_pieces, edges_of
from sanxian.engine.grid import Grid
from sanxian.engine.jit import fetch, inlined, kernel, lean

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]
_Array = TypeVar("_Array", Floats, Ints, Offsets)

LEAST_AREA: Final = 1e-6  # m²: what is less is rounding, and counts as contact
LEAST_LENGTH: Final = 1e-6  # m
FEW: Final = 24  # events that are sorted one by one


class Scratch(NamedTuple):
    """Working space of one thread: sums by zone, valid where ``mark`` carries the stamp of the query."""

    stamp: Offsets  # (1,) the last stamp given
    mark: Offsets
    sums: Floats
    extra: Floats
    touched: Ints
    above: Ints  # pieces above a point by zone; all zero between points


def scratch_for(zones: int) -> Scratch:
    """Return working space for an index of so many zones."""
    return Scratch(
        np.zeros(1, np.int64),
        np.zeros(zones, np.int64),
        np.zeros(zones),
        np.zeros(zones),
        np.empty(zones + 1, np.int32),
        np.zeros(zones, np.int32),
    )


@kernel
def longer(array: _Array) -> _Array:
    """Return a copy of a one-dimensional array with room for twice as much."""
    bigger = np.empty(2 * len(array) + 8, array.dtype)
    bigger[: len(array)] = array
    return bigger


@kernel
def sort_events(zone: Ints, x: Floats, step: Ints, n: int) -> int:
    """Sort events by zone and x, add up those at one place, drop those that cancel; return how many are left."""
    if n > FEW:
        by_x = np.argsort(x[:n], kind="mergesort")
        order = by_x[np.argsort(zone[:n][by_x], kind="mergesort")]
        zone[:n], x[:n], step[:n] = zone[:n][order], x[:n][order], step[:n][order]
    return sort_few_events(zone, x, step, n)


@lean
def sort_few_events(zone: Ints, x: Floats, step: Ints, n: int) -> int:
    """Do what :func:`sort_events` does, one by one: for a few events, or such as are in order already."""
    for i in range(1, n):
        z, at, s, j = zone[i], x[i], step[i], i - 1
        while j >= 0 and (zone[j] > z or (zone[j] == z and x[j] > at)):
            zone[j + 1], x[j + 1], step[j + 1] = zone[j], x[j], step[j]
            j -= 1
        zone[j + 1], x[j + 1], step[j + 1] = z, at, s
    m = i = 0
    while i < n:
        total, j = 0, i
        while j < n and zone[j] == zone[i] and x[j] == x[i]:
            total += step[j]
            j += 1
        if total != 0:
            zone[m], x[m], step[m] = zone[i], x[i], total
            m += 1
        i = j
    return m


@inlined
def mean_area(c0: float, c1: float, c2: float, c3: float, y1: float, y2: float) -> float:
    """Return the mean of A(y) = c0 y + c1 y² + c2 y³ + c3 y⁴ for y running straight from y1 to y2."""
    s, p = y1 + y2, y1 * y2
    q = s * s
    return (
        c0 * 0.5 * s
        + c1 * (q - p) / 3.0
        + c2 * 0.25 * s * (q - 2.0 * p)
        + c3 * 0.2 * (q * q - 3.0 * q * p + p * p)
    )


@inlined
def area_below_both(
    c0: float,
    c1: float,
    c2: float,
    c3: float,
    a1: float,
    a2: float,
    ay: float,
    ar: float,
    b1: float,
    b2: float,
    by: float,
    br: float,
) -> float:
    """Return ∫ A(min(a, b)) dx over the x that two pieces share; each from x 1 to 2, at y with a rise."""
    left, right = max(a1, b1), min(a2, b2)
    width = right - left
    if width <= 0.0:
        return 0.0
    al, bl = ay + ar * (left - a1), by + br * (left - b1)
    ae, be = ay + ar * (right - a1), by + br * (right - b1)
    dl, de = al - bl, ae - be
    if dl <= 0.0 and de <= 0.0:
        return width * mean_area(c0, c1, c2, c3, al, ae)
    if dl >= 0.0 and de >= 0.0:
        return width * mean_area(c0, c1, c2, c3, bl, be)
    t = dl / (dl - de)
    y = al + t * (ae - al)
    if dl > 0.0:
        al = bl
    else:
        ae = be
    return width * (t * mean_area(c0, c1, c2, c3, al, y) + (1.0 - t) * mean_area(c0, c1, c2, c3, y, ae))


@inlined
def pieces_between(grid: Grid, k: int, x1: float, x2: float) -> tuple[int, int]:
    """Return which pieces of cell ``k`` may lie between two x; of a dense cell only the strips there."""
    strips = grid.cell[k, 3]
    if strips == 0:
        return grid.cell[k, 0], grid.cell[k + 1, 0]
    parts = 1 << (strips & 63)
    base = strips >> 6
    per_unit = parts / grid.frame[2]
    i = min(max(int(x1 * per_unit), 0), parts - 1)
    j = min(max(int(x2 * per_unit), 0), parts - 1)
    return grid.strip[base + i], grid.strip[base + j + 1]


@inlined
def is_roof(grid: Grid, j: int) -> bool:
    """Return whether piece ``j`` is a roof: no boundary, but what reaches down through the top of a cell."""
    return bool(grid.piece[j, 2] == grid.frame[2] and grid.piece[j, 3] == 0.0)


@inlined
def add(scratch: Scratch, zone: int, value: float, met: int) -> int:
    """Add to the sum of a zone; return how many zones this query has met."""
    if scratch.mark[zone] != scratch.stamp[0]:
        scratch.mark[zone] = scratch.stamp[0]
        scratch.sums[zone] = 0.0
        scratch.extra[zone] = 0.0
        scratch.touched[met] = zone
        met += 1
    scratch.sums[zone] += value
    return met


# --- areas -------------------------------------------------------------------------------------


@kernel
def areas(
    grid: Grid,
    scratch: Scratch,
    xy: Floats,
    rings: Offsets,
    starts: Offsets,
    areal: NDArray[np.bool_],
    lower: int,
    upper: int,
    query: Ints,
    zone: Ints,
    area: Floats,
) -> tuple[int, int]:
    """Write the area that polygons ``lower:upper`` share with every zone.

    Returns
    -------
    rows : int
        How many rows were written; one a pair that shares more than ``LEAST_AREA``.
    next : int
        The first polygon not done: the output was full.
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    columns, rows = grid.extent[0], grid.extent[1]
    m = 0
    part = np.empty((128, 4))  # the footprint in one cell: x1, x2, y1, rise …
    sign = np.empty(128)  # … and whether it lies below (+1) or above (-1)
    piece, sides = np.empty((256, 4)), np.empty((256, 2), np.int32)
    event_zone, x, step = np.zeros(256, np.int32), np.empty(256), np.empty(256, np.int32)
    for q in range(lower, upper):
        if rings[starts[q]] == rings[starts[q + 1]]:
            continue
        scratch.stamp[0] += 1
        met = 0
        edge, side = edges_of(xy, rings, starts, -q, areal, q, q + 1)
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for i in range(len(edge)):
            west, east = min(west, edge[i, 0]), max(east, edge[i, 2])
            south = min(south, edge[i, 1], edge[i, 3])
            north = max(north, edge[i, 1], edge[i, 3])
        if north >= y0 + rows * size or south < y0:
            edge, side = flatten(edge, side, y0, y0 + (rows - 0.5) * size)  # the topmost row is empty
            south, north = max(south, y0), min(north, y0 + (rows - 0.5) * size)
        first_column = max(int(np.floor((west - x0) / size)), 0)
        first_row = int(np.floor((south - y0) / size))
        wide = min(int(np.floor((east - x0) / size)), columns - 1) - first_column + 1
        high = int(np.floor((north - y0) / size)) - first_row + 1
        if wide <= 0 or high <= 0:
            continue
        xs, ys = x0 + first_column * size, y0 + first_row * size
        start = np.zeros(wide * high + 1, np.int64)
        count_pieces(edge, xs, ys, size, 0, wide, high, start[1:])
        most = 0
        for c in range(wide):
            before = start[c * high]
            for k in range(c * high, (c + 1) * high):
                start[k + 1] += start[k]
            most = max(most, start[(c + 1) * high] - before)
        total = start[wide * high]
        if total > len(piece):
            piece, sides = np.empty((2 * total, 4)), np.empty((2 * total, 2), np.int32)
        if 2 * most + 8 > len(x):
            event_zone = np.zeros(4 * most + 8, np.int32)
            x, step = np.empty(4 * most + 8), np.empty(4 * most + 8, np.int32)
        if 3 * most + 8 > len(part):
            part, sign = np.empty((4 * most + 8, 4)), np.empty(4 * most + 8)
        cut_pieces(edge, side, xs, ys, size, 0, wide, high, start[:-1].copy(), piece, sides)
        for c in range(wide):
            n = 0
            column = first_column + c
            for r in range(high - 1, -1, -1):
                lo, hi = start[c * high + r], start[c * high + r + 1]
                if lo == hi and n == 0:
                    continue
                row = first_row + r
                cell = column * rows + row
                if lo == hi and n == 2 and x[0] == 0.0 and x[1] == size and step[0] == 1:
                    met = _whole_cell(grid, scratch, cell, row, met)
                    continue
                parts, cover = 0, 0
                if grid.cell[cell + 1, 0] > grid.cell[cell, 0] or grid.cell[cell + 1, 1] > grid.cell[cell, 1]:
                    for i in range(n - 1):  # the footprint reaches down through the top: roofs
                        cover += step[i]
                        if cover != 0:
                            part[parts, 0], part[parts, 1] = x[i], x[i + 1]
                            part[parts, 2], part[parts, 3] = size, 0.0
                            sign[parts] = cover
                            parts += 1
                    for i in range(lo, hi):
                        width = piece[i, 2] - piece[i, 0]
                        if width > 0.0:
                            part[parts, 0], part[parts, 1] = piece[i, 0], piece[i, 2]
                            part[parts, 2], part[parts, 3] = piece[i, 1], (piece[i, 3] - piece[i, 1]) / width
                            sign[parts] = 1.0 if sides[i, 0] == 0 else -1.0
                            parts += 1
                begun = n
                for i in range(lo, hi):
                    if piece[i, 0] < piece[i, 2]:
                        # pieces follow one another along the ring: where one ends and the next begins, the two
                        # events cancel at once and need no sorting
                        s = 1 if sides[i, 0] == 0 else -1
                        at, to = (piece[i, 2], piece[i, 0]) if s > 0 else (piece[i, 0], piece[i, 2])
                        if n > begun and x[n - 1] == at and step[n - 1] == 1:
                            n -= 1
                        else:
                            x[n], step[n], event_zone[n] = at, -1, 0
                            n += 1
                        x[n], step[n], event_zone[n] = to, 1, 0
                        n += 1
                if hi > lo:
                    if n > FEW:
                        n = sort_events(event_zone, x, step, n)
                    else:
                        n = sort_few_events(event_zone, x, step, n)
                if parts:
                    met = _part_of_cell(grid, scratch, cell, row, part, sign, parts, n > 0, met)
        if m + met > len(query):
            return m, q
        for i in range(met):
            z = scratch.touched[i]
            if scratch.sums[z] > LEAST_AREA:
                query[m], zone[m], area[m] = q, z, scratch.sums[z]
                m += 1
    return m, upper


@kernel
def flatten(edge: Floats, side: Ints, low: float, high: float) -> tuple[Floats, Ints]:
    """Return edges with what runs above ``high`` or below ``low`` laid flat on those lines.

    Between the lines the footprint stays what it was: how far it reaches beyond the grid measures nothing.
    """
    flat, sides = np.empty((3 * len(edge), 4)), np.empty((3 * len(edge), 2), np.int32)
    n = 0
    for i in range(len(edge)):
        x1, y1, x2, y2 = edge[i, 0], edge[i, 1], edge[i, 2], edge[i, 3]
        if x1 == x2:
            continue
        cut = np.empty(4)
        cut[0], cut[1], cuts = 0.0, 1.0, 2
        for line in (low, high):
            if (y1 < line) != (y2 < line):
                cut[cuts] = (line - y1) / (y2 - y1)
                cuts += 1
        cut = np.sort(cut[:cuts])
        for k in range(cuts - 1):
            xa = x1 if k == 0 else x1 + cut[k] * (x2 - x1)
            xb = x2 if k == cuts - 2 else x1 + cut[k + 1] * (x2 - x1)
            ya = min(max(y1 + cut[k] * (y2 - y1), low), high)
            yb = min(max(y1 + cut[k + 1] * (y2 - y1), low), high)
            if xa < xb:
                flat[n, 0], flat[n, 1], flat[n, 2], flat[n, 3] = xa, ya, xb, yb
                sides[n, 0], sides[n, 1] = side[i, 0], side[i, 1]
                n += 1
    return flat[:n].copy(), sides[:n].copy()


@inlined
def _whole_cell(grid: Grid, scratch: Scratch, cell: int, row: int, met: int) -> int:
    """Add a cell that lies wholly inside the footprint: every zone with all it has there."""
    size = grid.frame[2]
    if grid.cell[cell + 1, 1] > grid.cell[cell, 1]:
        u = size
        whole = (
            size
            * u
            * (grid.rows[row, 0] + u * (grid.rows[row, 1] + u * (grid.rows[row, 2] + u * grid.rows[row, 3])))
        )
        for i in range(grid.cell[cell, 1], grid.cell[cell + 1, 1]):
            met = add(scratch, grid.full[i], whole, met)
    for i in range(grid.cell[cell, 2], grid.cell[cell + 1, 2]):
        met = add(scratch, grid.sum_zone[i], grid.sum_area[i], met)
    return met


@inlined
def _part_of_cell(
    grid: Grid,
    scratch: Scratch,
    cell: int,
    row: int,
    part: Floats,
    sign: Floats,
    parts: int,
    reaches_foot: bool,
    met: int,
) -> int:
    """Add what the footprint's pieces in one cell share with the zones there."""
    c0, c1, c2, c3 = grid.rows[row, 0], grid.rows[row, 1], grid.rows[row, 2], grid.rows[row, 3]
    west, east, south, north, whole = np.inf, -np.inf, np.inf, -np.inf, 0.0
    for i in range(parts):
        width = part[i, 1] - part[i, 0]
        yl, yr = part[i, 2], part[i, 2] + part[i, 3] * width
        west, east = min(west, part[i, 0]), max(east, part[i, 1])
        south, north = min(south, yl, yr), max(north, yl, yr)
        whole += sign[i] * width * mean_area(c0, c1, c2, c3, yl, yr)
    if reaches_foot:
        south = -1.0
    for i in range(grid.cell[cell, 1], grid.cell[cell + 1, 1]):
        met = add(scratch, grid.full[i], whole, met)
    lo, hi = pieces_between(grid, cell, west, east)
    for j in range(lo, hi):
        b1, b2 = grid.piece[j, 0], grid.piece[j, 1]
        if b2 <= west or b1 >= east or b1 == b2:
            continue
        by, br = grid.piece[j, 2], grid.piece[j, 3]
        end = by + br * (b2 - b1)
        if max(by, end) <= south:
            continue  # below the footprint: its pieces cancel exactly
        value = 0.0
        if min(by, end) >= north:  # above it: all that the footprint has under this piece
            if b1 <= west and b2 >= east:
                value = whole
            else:
                for i in range(parts):
                    left, right = max(part[i, 0], b1), min(part[i, 1], b2)
                    if right > left:
                        yl = part[i, 2] + part[i, 3] * (left - part[i, 0])
                        yr = part[i, 2] + part[i, 3] * (right - part[i, 0])
                        value += sign[i] * (right - left) * mean_area(c0, c1, c2, c3, yl, yr)
        else:
            for i in range(parts):
                if part[i, 0] < b2 and part[i, 1] > b1:
                    value += sign[i] * area_below_both(
                        c0, c1, c2, c3, part[i, 0], part[i, 1], part[i, 2], part[i, 3], b1, b2, by, br
                    )
        below, above = grid.side[j, 0], grid.side[j, 1]
        if below != NOTHING:
            met = add(scratch, below, value, met)
        if above != NOTHING:
            met = add(scratch, above, -value, met)
    return met


# --- points ------------------------------------------------------------------------------------


@kernel
def by_cell(grid: Grid, xy: Floats) -> Offsets:
    """Return the order in which points lie in the grid, column by column and up each column.

    Neighbours in that order share cells, so that what one point has read is at hand for the next.
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    columns, rows = grid.extent[0], grid.extent[1]
    order = np.arange(len(xy))
    for axis in (1, 0):  # the lesser key first: both passes keep the order of equals
        limit = rows if axis == 1 else columns
        origin = y0 if axis == 1 else x0
        start = np.zeros(limit + 3, np.int64)
        for i in range(len(xy)):
            start[min(max(int((xy[i, axis] - origin) / size) + 1, 0), limit + 1) + 1] += 1
        for k in range(limit + 2):
            start[k + 1] += start[k]
        moved = np.empty(len(xy), np.int64)
        for i in range(len(xy)):
            k = min(max(int((xy[order[i], axis] - origin) / size) + 1, 0), limit + 1)
            moved[start[k]] = order[i]
            start[k] += 1
        order = moved
    return order


@inlined
def on_piece(grid: Grid, j: int, x: float, y: float, near: float) -> bool:
    """Return whether a point of the cell lies on piece ``j``: no further than ``near`` from it."""
    x1, x2, y1, rise = grid.piece[j, 0], grid.piece[j, 1], grid.piece[j, 2], grid.piece[j, 3]
    dx, dy = x2 - x1, rise if x1 == x2 else rise * (x2 - x1)
    along = dx * dx + dy * dy
    t = 0.0 if along == 0.0 else min(1.0, max(0.0, ((x - x1) * dx + (y - y1) * dy) / along))
    px, py = x1 + t * dx - x, y1 + t * dy - y
    return bool(px * px + py * py <= near * near)


# A zone's count of pieces above a point starts at _MET, so that it is never zero once the zone is met and each zone
# is listed once, however often its sum returns to nothing. _ON is added, once, where the point is on its boundary.
_MET: Final = 1 << 24
_ON: Final = 1 << 30


@inlined
def _count(scratch: Scratch, zone: int, value: int, met: int) -> int:
    """Add to the count of a zone; return how many zones this point has met."""
    if scratch.above[zone] == 0:
        scratch.above[zone] = _MET
        scratch.touched[met] = zone
        met += 1
    if value != _ON or scratch.above[zone] < _ON // 2:
        scratch.above[zone] += value
    return met


@lean
def _on_boundaries(grid: Grid, scratch: Scratch, cell: int, x: float, y: float, met: int) -> int:
    """Mark the zones on whose boundary in a neighbouring cell the point lies."""
    near = grid.frame[3]
    lo, hi = pieces_between(grid, cell, x - near, x + near)
    for j in range(lo, hi):
        if not is_roof(grid, j) and on_piece(grid, j, x, y, near):
            for s in range(2):
                if grid.side[j, s] != NOTHING:
                    met = _count(scratch, grid.side[j, s], _ON, met)
    return met


# A point reads about ten lines of memory that no point before it has read, and would wait for each. So they are
# fetched while other points are being worked on: first what a cell says of its pieces, then the pieces themselves.
_CELLS_AHEAD: Final = 12  # points
_PIECES_AHEAD: Final = 4
_MOST_PIECES: Final = 24  # of a dense cell only a strip will be read


@inlined
def _fetch_ahead(grid: Grid, xy: Floats, order: Offsets, at: int, upper: int) -> None:
    """Have brought near what the points a little after ``order[at]`` will read."""
    if at + _CELLS_AHEAD < upper:
        q = order[at + _CELLS_AHEAD]
        fetch(grid.cell, _cell_at(grid, xy[q, 0], xy[q, 1]))
    if at + _PIECES_AHEAD < upper:
        q = order[at + _PIECES_AHEAD]
        cell = _cell_at(grid, xy[q, 0], xy[q, 1])
        if cell >= 0:
            lo = grid.cell[cell, 0]
            hi = min(grid.cell[cell + 1, 0], lo + _MOST_PIECES)
            for j in range(lo, hi, 2):  # two pieces, eight pairs of sides fill a line
                fetch(grid.piece, j)
            for j in range(lo, hi, 8):
                fetch(grid.side, j)
            fetch(grid.full, grid.cell[cell, 1])


@inlined
def _cell_at(grid: Grid, x: float, y: float) -> int:
    """Return the cell a point lies in; -1 outside the grid."""
    size = grid.frame[2]
    column, row = int(np.floor((x - grid.frame[0]) / size)), int(np.floor((y - grid.frame[1]) / size))
    if 0 <= column < grid.extent[0] and 0 <= row < grid.extent[1]:
        return int(column * grid.extent[1] + row)
    return -1


@lean
def points(
    grid: Grid,
    scratch: Scratch,
    xy: Floats,
    order: Offsets,
    lower: int,
    upper: int,
    held: Offsets,
    zone: Ints,
) -> tuple[int, int]:
    """Write the zones that hold the points ``order[lower:upper]``; a boundary belongs to both its sides.

    ``held`` gets the number of zones of each point; ``zone`` the zones, point after point in that order.

    Returns
    -------
    rows, next : int
        As in :func:`areas`.
    """
    x0, y0, size, near = grid.frame[0], grid.frame[1], grid.frame[2], grid.frame[3]
    columns, rows = grid.extent[0], grid.extent[1]
    m = 0
    for at in range(lower, upper):
        _fetch_ahead(grid, xy, order, at, upper)
        q = order[at]
        held[q] = 0
        x, y = xy[q, 0] - x0, xy[q, 1] - y0
        column, row = int(np.floor(x / size)), int(np.floor(y / size))
        if not (0 <= column < columns and 0 <= row < rows):
            continue  # the grid reaches a cell beyond the last zone
        cell = column * rows + row
        x -= column * size
        y -= row * size
        met = 0
        on_line = False
        lo, hi = pieces_between(grid, cell, x - near, x + near)
        for j in range(lo, hi):
            x1, x2 = grid.piece[j, 0], grid.piece[j, 1]
            if x < x1 - near or x > x2 + near:
                continue
            rise = grid.piece[j, 3]
            above = grid.piece[j, 2] - y + (rise * (x - x1) if x1 < x2 else 0.0)
            if x1 <= x < x2 and above > 0.0:
                below_zone, above_zone = grid.side[j, 0], grid.side[j, 1]
                if below_zone != NOTHING:
                    met = _count(scratch, below_zone, 1, met)
                if above_zone != NOTHING:
                    met = _count(scratch, above_zone, -1, met)
            # beside the piece, at a vertical one, or so close above or below that a look is worth it
            close = x1 == x2 or x < x1 or x >= x2 or abs(above) <= near * (1.0 + abs(rise))
            if close and not is_roof(grid, j) and on_piece(grid, j, x, y, near):
                on_line = True
                for s in range(2):
                    if grid.side[j, s] != NOTHING:
                        met = _count(scratch, grid.side[j, s], _ON, met)
        if x <= near or y <= near or x >= size - near or y >= size - near:  # look over the edge of the cell
            on_line = True
            for c in range(-1, 2):
                for r in range(-1, 2):
                    beyond = 0 <= column + c < columns and 0 <= row + r < rows
                    if beyond and (c != 0 or r != 0):
                        met = _on_boundaries(
                            grid, scratch, cell + c * rows + r, x - c * size, y - r * size, met
                        )
        first, last = grid.cell[cell, 1], grid.cell[cell + 1, 1]
        if on_line:  # a zone that covers the cell may also be met as the neighbour's
            for i in range(first, last):
                met = _count(scratch, grid.full[i], 1, met)
            last = first
        full = m + met + last - first > len(zone)
        if not full:
            for i in range(first, last):
                zone[m] = grid.full[i]
                m += 1
        begun = m
        for i in range(met):
            z = scratch.touched[i]
            if scratch.above[z] > _MET and not full:
                zone[m] = z
                m += 1
            scratch.above[z] = 0
        if full:
            return m, at
        held[q] = m - begun + last - first
    return m, upper


@kernel
def by_query(order: Offsets, held: Offsets, zone: Ints) -> tuple[Offsets, Ints]:
    """Return the zones of each point in the order of the points, and where those of each point begin."""
    start = np.zeros(len(held) + 1, np.int64)
    for q in range(len(held)):
        start[q + 1] = start[q] + held[q]
    sorted_zone = np.empty(len(zone), np.int32)
    k = 0
    for q in order:
        for i in range(start[q], start[q + 1]):
            sorted_zone[i] = zone[k]
            k += 1
    return start, sorted_zone


# --- lengths -----------------------------------------------------------------------------------


@lean
def lengths(
    grid: Grid,
    scratch: Scratch,
    xy: Floats,
    rings: Offsets,
    starts: Offsets,
    areal: NDArray[np.bool_],  # noqa: ARG001 - the same arguments as ``areas``
    lower: int,
    upper: int,
    query: Ints,
    zone: Ints,
    length: Floats,
    along: Floats,
) -> tuple[int, int]:
    """Write the length that lines ``lower:upper`` share with every zone.

    Zones are closed: what runs along a boundary lies in the zones on both sides, and in a linear zone. Without
    that rule each stretch would lie on one side only and a partition would add up to the line; what the rule adds
    to ``length`` is written to ``along``. A stretch of a line runs along a piece of boundary when both its ends lie
    within the contact tolerance of the piece.

    Returns
    -------
    rows, next : int
        As in :func:`areas`.
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    columns, rows = grid.extent[0], grid.extent[1]
    m = 0
    for q in range(lower, upper):
        scratch.stamp[0] += 1
        met = 0
        for ring in range(starts[q], starts[q + 1]):
            for i in range(rings[ring], rings[ring + 1] - 1):
                x1, y1, x2, y2 = xy[i, 0] - x0, xy[i, 1] - y0, xy[i + 1, 0] - x0, xy[i + 1, 1] - y0
                if x2 < x1 or (x1 == x2 and y2 < y1):
                    x1, y1, x2, y2 = x2, y2, x1, y1
                c1, c2 = int(np.floor(x1 / size)), int(np.floor(x2 / size))
                if c2 > c1 and x2 == c2 * size:
                    c2 -= 1
                for c in range(max(c1, 0), min(c2, columns - 1) + 1):
                    xa = x1 if c == c1 else c * size
                    xb = x2 if c == c2 else (c + 1) * size
                    ya = y1 if c == c1 else y1 + (y2 - y1) * ((xa - x1) / (x2 - x1))
                    yb = y2 if c == c2 else y1 + (y2 - y1) * ((xb - x1) / (x2 - x1))
                    r1, r2 = int(np.floor(ya / size)), int(np.floor(yb / size))
                    r1, r2 = min(max(r1, -1), rows), min(max(r2, -1), rows)
                    step = 1 if r2 >= r1 else -1
                    px, py, r = xa, ya, r1
                    while True:
                        if r == r2:
                            qx, qy = xb, yb
                        else:
                            qy = (r + 1) * size if step > 0 else r * size
                            qx = min(max(xa + (xb - xa) * ((qy - ya) / (yb - ya)), px), xb)
                        if 0 <= r < rows and (px != qx or py != qy):
                            # what rounding has put upright on the line to the next column lies in that column
                            cc = c + 1 if px == qx and px == (c + 1) * size else c
                            if cc < columns:
                                ox, oy = cc * size, r * size
                                met = _line_in_cell(
                                    grid, scratch, cc, r, px - ox, py - oy, qx - ox, qy - oy, met
                                )
                        if r == r2:
                            break
                        px, py = qx, qy
                        r += step
        if m + met > len(query):
            return m, q
        for i in range(met):
            z = scratch.touched[i]
            inside = scratch.sums[z] + scratch.extra[z]
            if inside > LEAST_LENGTH:
                query[m], zone[m], length[m], along[m] = q, z, inside, scratch.extra[z]
                m += 1
    return m, upper


@inlined
def _speed(grid: Grid, row: int, y: float, dx: float, dy: float) -> float:
    """Return the length of the step (dx, dy) at height y of a row, in metres."""
    kx = grid.rows[row, 4] + y * (grid.rows[row, 5] + y * grid.rows[row, 6])
    ky = grid.rows[row, 7] + y * (grid.rows[row, 8] + y * grid.rows[row, 9])
    return float(np.sqrt((kx * dx) ** 2 + (ky * dy) ** 2))


@inlined
def _line_in_cell(
    grid: Grid, scratch: Scratch, column: int, row: int, x1: float, y1: float, x2: float, y2: float, met: int
) -> int:
    """Add the length of one straight piece of a line inside each zone of a cell.

    ``t`` runs from 0 to 1 along the piece. The piece is below a boundary for a stretch of t; that stretch counts
    for the zone below and against the zone above.
    """
    if x1 == x2 and y2 < y1:
        y1, y2 = y2, y1
    cell = column * grid.extent[1] + row
    dx, dy = x2 - x1, y2 - y1
    near = grid.frame[3]
    # speed at the beginning, in the middle and at the end: the length from 0 to t by Simpson's parabola
    first, half = _speed(grid, row, y1, dx, dy), _speed(grid, row, 0.5 * (y1 + y2), dx, dy)
    last = _speed(grid, row, y2, dx, dy)
    gain, bend = 2.0 * half - 1.5 * first - 0.5 * last, (2.0 * first - 4.0 * half + 2.0 * last) / 3.0
    for i in range(grid.cell[cell, 1], grid.cell[cell + 1, 1]):
        met = add(scratch, grid.full[i], first + gain + bend, met)
    low, high = min(y1, y2), max(y1, y2)
    per_unit = 1.0 / dx if dx > 0.0 else 0.0
    lo, hi = pieces_between(grid, cell, x1 - near, x2 + near)
    for j in range(lo, hi):
        b1, b2 = grid.piece[j, 0], grid.piece[j, 1]
        if b1 > x2 + near or b2 < x1 - near:
            continue
        by, br = grid.piece[j, 2], grid.piece[j, 3]
        end = by + (br * (b2 - b1) if b1 < b2 else br)
        if max(by, end) < low - near:
            continue  # below the line
        if min(by, end) > high + near:  # above it, as most are: all that lies under the piece
            if b1 == b2 or (dx == 0.0 and not b1 <= x1 < b2):
                continue
            value = first + gain + bend
            if b1 > x1 or b2 < x2:
                value = _run(max(b1 - x1, 0.0) * per_unit, min(1.0, (b2 - x1) * per_unit), first, gain, bend)
            if grid.side[j, 0] != NOTHING:
                met = add(scratch, grid.side[j, 0], value, met)
            if grid.side[j, 1] != NOTHING:
                met = add(scratch, grid.side[j, 1], -value, met)
            continue
        below, above = grid.side[j, 0], grid.side[j, 1]
        t1 = t2 = 0.0  # the stretch below the piece
        # to run along one another, two upright pieces must stand together, two others lie close all the way
        may_run_along = dx <= 2.0 * near
        if b1 < b2:
            if dx > 0.0:
                left, right = max(b1, x1), min(b2, x2)
                if right > left:
                    tl, tr = (left - x1) * per_unit, (right - x1) * per_unit
                    dl = by + br * (left - b1) - (y1 + dy * tl)
                    dr = by + br * (right - b1) - (y1 + dy * tr)
                    close = 2.0 * near * (1.0 + abs(br))
                    may_run_along |= abs(dl) <= close and abs(dr) <= close
                    if dl > 0.0 or dr > 0.0:
                        cross = tl + (tr - tl) * (dl / (dl - dr)) if (dl > 0.0) != (dr > 0.0) else tl
                        t1 = tl if dl > 0.0 else cross
                        t2 = tr if dr > 0.0 else cross
            elif b1 <= x1 < b2:
                t2 = min(max((by + br * (x1 - b1) - y1) / dy, 0.0), 1.0)
        u1 = u2 = 0.0
        if may_run_along:
            u1, u2 = stretch_along(grid, j, x1, y1, x2, y2)
        if u2 > u1:
            # The half-open sum has the stretch on one side only; the other side gets it here. Left of the piece
            # that is its right, right of it its left, and over the x they share below or above it, as t1:t2 says.
            if dx > 0.0:
                ta = min(max((b1 - x1) * per_unit, u1), u2)
                tb = min(max((b2 - x1) * per_unit, u1), u2)
            else:
                ta = u2 if x1 < b1 else u1
                tb = u1 if x1 >= b2 else u2
                tb = max(ta, tb)
            if below == above:
                met = _along(scratch, below, _run(u1, u2, first, gain, bend), met)
            else:
                met = _along(scratch, zone_beside(grid, j, 1, 0), _run(u1, ta, first, gain, bend), met)
                met = _along(scratch, zone_beside(grid, j, -1, 0), _run(tb, u2, first, gain, bend), met)
                given = _run(max(t1, ta), min(t2, tb), first, gain, bend)
                met = _along(scratch, below, _run(ta, tb, first, gain, bend) - given, met)
                met = _along(scratch, above, given, met)
        if t2 > t1:
            value = _run(t1, t2, first, gain, bend)
            if below != NOTHING:
                met = add(scratch, below, value, met)
            if above != NOTHING:
                met = add(scratch, above, -value, met)
    # a boundary on a side of the cell may lie a hair beyond it
    size = grid.frame[2]
    if x2 <= near and column > 0:
        met = _along_beyond(
            grid, scratch, column - 1, row, x1 + size, y1, x2 + size, y2, -1, 0, first, gain, bend, met
        )
    if x1 >= size - near and column + 1 < grid.extent[0]:
        met = _along_beyond(
            grid, scratch, column + 1, row, x1 - size, y1, x2 - size, y2, 1, 0, first, gain, bend, met
        )
    if high <= near and row > 0:
        met = _along_beyond(
            grid, scratch, column, row - 1, x1, y1 + size, x2, y2 + size, 0, -1, first, gain, bend, met
        )
    if low >= size - near and row + 1 < grid.extent[1]:
        met = _along_beyond(
            grid, scratch, column, row + 1, x1, y1 - size, x2, y2 - size, 0, 1, first, gain, bend, met
        )
    return met


@inlined
def stretch_along(grid: Grid, j: int, x1: float, y1: float, x2: float, y2: float) -> tuple[float, float]:
    """Return the stretch of a line (0 to 1) that runs along piece ``j``, within the contact tolerance."""
    if is_roof(grid, j):
        return 0.0, 0.0
    b1, b2, by, br = grid.piece[j, 0], grid.piece[j, 1], grid.piece[j, 2], grid.piece[j, 3]
    end = by + (br if b1 == b2 else br * (b2 - b1))
    dx, dy = x2 - x1, y2 - y1
    squared = dx * dx + dy * dy
    s1 = ((b1 - x1) * dx + (by - y1) * dy) / squared
    s2 = ((b2 - x1) * dx + (end - y1) * dy) / squared
    u1, u2 = max(0.0, min(s1, s2)), min(1.0, max(s1, s2))
    if u2 <= u1:
        return 0.0, 0.0
    # how far the piece is off the line where the shared stretch begins and ends
    o1, o2 = (b1 - x1) * dy - (by - y1) * dx, (b2 - x1) * dy - (end - y1) * dx
    drift = (o2 - o1) / (s2 - s1)
    reach = grid.frame[3] * np.sqrt(squared)
    if abs(o1 + drift * (u1 - s1)) > reach or abs(o1 + drift * (u2 - s1)) > reach:
        return 0.0, 0.0
    return u1, u2


@inlined
def zone_beside(grid: Grid, j: int, right: int, up: int) -> int:
    """Return the zone to the right (1), to the left (-1), above (up 1) or below (up -1) piece ``j``."""
    below, above = grid.side[j, 0], grid.side[j, 1]
    if up != 0:
        return int(above if up > 0 else below)
    rising = grid.piece[j, 0] < grid.piece[j, 1] and grid.piece[j, 3] > 0.0  # its left is what lies above it
    if right > 0:
        return int(below if rising else above)
    return int(above if rising else below)


@lean
def _along_beyond(
    grid: Grid,
    scratch: Scratch,
    column: int,
    row: int,
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    right: int,
    up: int,
    first: float,
    gain: float,
    bend: float,
    met: int,
) -> int:
    """Add the zones of a neighbouring cell along whose boundary a line runs that lies just outside that cell."""
    cell = column * grid.extent[1] + row
    near = grid.frame[3]
    lo, hi = pieces_between(grid, cell, x1 - near, x2 + near)
    for j in range(lo, hi):
        u1, u2 = stretch_along(grid, j, x1, y1, x2, y2)
        if u2 > u1:
            met = _along(scratch, zone_beside(grid, j, right, up), _run(u1, u2, first, gain, bend), met)
    return met


@inlined
def _run(t1: float, t2: float, first: float, gain: float, bend: float) -> float:
    """Return the length of a stretch of a piece whose length from 0 to t is t (first + t (gain + bend t))."""
    if t2 <= t1:
        return 0.0
    return t2 * (first + t2 * (gain + bend * t2)) - t1 * (first + t1 * (gain + bend * t1))


@inlined
def _along(scratch: Scratch, zone: int, value: float, met: int) -> int:
    """Add a stretch on the boundary of a zone that the half-open sum has given to its other side."""
    if zone != NOTHING and value > 0.0:
        met = add(scratch, zone, 0.0, met)
        scratch.extra[zone] += value
    return met

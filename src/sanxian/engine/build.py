"""Building the grid: edges cut, roofs laid, cells inside a zone reduced to a label, areas summed.

The work goes in blocks of neighbouring columns, so that memory holds the edges and one block, whatever the size
of the edition; the finished columns of the index are handed on block by block.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sanxian.engine.edges import NOTHING, count_pieces, cut_pieces, edges_of, merge_shared
from sanxian.engine.grid import Grid
from sanxian.engine.jit import kernel, lean
from sanxian.engine.measure import longer, mean_area, sort_events
from sanxian.engine.shapes import Shapes
from sanxian.engine.surface import Surface

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]

DENSE: Final = 48  # pieces in a cell from which on it is cut into strips …
STRIP: Final = 12  # … of about this many
MOST_STRIPS: Final = 256
BLOCK_PIECES: Final = 40_000  # pieces in a block of columns: about 2 MB, also the unit that is verified
MOST_RECORDS: Final = 2**31 - 1  # pieces, labels or sums: what the 32 bits of a cell can point to
MOST_CELLS: Final = 60_000_000
_PER_CELL: Final = 16.0  # edges a cell with edges should hold: the flat bottom of a measured curve


class Block(NamedTuple):
    """The part of a grid that lies in some neighbouring columns; offsets count from the block's own start."""

    columns: tuple[int, int]
    cell: Offsets
    piece: Floats
    side: Ints
    strip: Offsets
    full: Ints
    sum_zone: Ints
    sum_area: Floats
    layers: NDArray[np.uint64]
    touched: NDArray[np.int64]  # (n, 2) zone, cell: a boundary of the zone runs through the cell


class Plan(NamedTuple):
    """Edges of all layers and the grid they will be cut into."""

    edge: Floats
    side: Ints
    frame: Floats  # see Grid.frame
    extent: Offsets  # columns, rows
    rows: Floats
    first: Offsets
    zone_box: Floats


def plan(layers: Sequence[Shapes], surface: Surface, size: float | None = None) -> Plan:
    """Return the edges of all layers, shared ones merged, and the grid that suits them.

    Parameters
    ----------
    layers : sequence of Shapes
        One a layer; polygons with their inside on the left.
    surface : Surface
    size : float, optional
        Cell size in coordinate units, made a power of two; chosen from the data by default.
    """
    first = np.concatenate(([0], np.cumsum([shapes.count for shapes in layers]))).astype(np.int64)
    edges, sides = [], []
    for shapes, start in zip(layers, first[:-1], strict=True):
        edge, side = edges_of(
            shapes.xy, shapes.rings, shapes.starts, int(start), shapes.areal, 0, shapes.count
        )
        count = merge_shared(edge, side)
        edges.append(edge[:count].copy())
        sides.append(side[:count].copy())
    boxes = np.concatenate([_boxes(shapes) for shapes in layers]) if layers else np.empty((0, 4))
    edge = np.concatenate(edges) if edges else np.empty((0, 4))
    side = np.concatenate(sides) if sides else np.empty((0, 2), np.int32)
    del edges, sides
    if len(edge):
        west, east = float(edge[:, 0].min()), float(edge[:, 2].max())
        south, north = float(edge[:, [1, 3]].min()), float(edge[:, [1, 3]].max())
    else:
        west = east = south = north = 0.0
    if size is None:
        size = _cell_size(edge, (west, south, east, north))
    size = min(2.0 ** round(np.log2(size)), surface.largest_cell)
    x0, y0 = (np.floor(west / size) - 1) * size, (np.floor(south / size) - 1) * size
    columns, rows = int((east - x0) // size) + 2, int((north - y0) // size) + 2
    return Plan(
        edge,
        side,
        np.array([x0, y0, size, surface.contact, float(surface.curved)]),
        np.array([columns, rows], np.int64),
        surface.rows(y0 + size * np.arange(rows), size),
        first,
        boxes,
    )


def _boxes(shapes: Shapes) -> Floats:
    """Return the bounds of each shape: west, south, east, north; of an empty one inf and -inf."""
    boxes = np.tile(np.array([np.inf, np.inf, -np.inf, -np.inf]), (shapes.count, 1))
    at = shapes.rings[shapes.starts]
    filled = at[1:] > at[:-1]
    if filled.any():
        begin = at[:-1][filled]
        boxes[filled, :2] = np.minimum.reduceat(shapes.xy[: at[-1]], begin)
        boxes[filled, 2:] = np.maximum.reduceat(shapes.xy[: at[-1]], begin)
    return boxes


def _cell_size(edge: Floats, bounds: tuple[float, float, float, float]) -> float:
    """Return the cell size at which a cell that holds edges holds about ``_PER_CELL`` of them.

    How many cells hold edges is counted on grids ever finer; clustered data get smaller cells than their mean
    density would give. A cell is not shorter than the mean edge, or cutting would only multiply pieces, and there
    are not more than ``MOST_CELLS``.
    """
    west, south, east, north = bounds
    extent = max(east - west, north - south)
    if extent == 0.0 or not len(edge):
        return 1 / 64
    mean_edge = float(np.abs(edge[:, 2:] - edge[:, :2]).max(axis=1).mean())
    floor = max(((east - west) * (north - south) / MOST_CELLS) ** 0.5, extent / 2**20, mean_edge)
    middle = (edge[:, :2] + edge[:, 2:]) / 2
    size = 2.0 ** np.ceil(np.log2(extent))
    ceiling = max(floor, extent / 16)
    while size / 2 >= floor:
        where = np.floor(middle / size).astype(np.int64)
        keys = where[:, 0] * (1 << 32) + where[:, 1]
        filled = len(np.unique(keys)) if len(keys) < 400_000 else _distinct(keys)
        if size <= ceiling and len(edge) / filled <= _PER_CELL:
            break
        size /= 2
    return float(max(size, floor))


def _distinct(keys: Offsets) -> int:
    """Return about how many distinct keys there are, by a table of bits (linear counting)."""
    bits = 1 << 24
    seen = np.zeros(bits, np.bool_)
    mixed = (keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    seen[mixed] = True
    empty = 1 - float(seen.mean())
    return max(1, int(-bits * np.log(max(empty, 1e-9))))


# --- blocks ------------------------------------------------------------------------------------


def blocks(plan: Plan, progress: Callable[[float], None] | None = None) -> Iterator[Block]:
    """Yield the grid block by block, from west to east.

    Raises
    ------
    ValueError
        A ring does not close: what lies below the lowest edge would still be inside.
    """
    columns = int(plan.extent[0])
    x0, size = float(plan.frame[0]), float(plan.frame[2])
    order, start = _by_column(plan.edge, x0, size, columns)
    per_column = np.zeros(columns, np.int64)
    _pieces_per_column(plan.edge, x0, size, per_column)
    limits = _limits(per_column)
    seen = np.full(int(plan.first[-1]) + 1, -1, np.int64)
    layer_of = np.repeat(np.arange(len(plan.first) - 1), np.diff(plan.first)).astype(np.int32)
    carried = np.empty(0, np.int64)  # edges that began in an earlier block and run on
    for left, right in itertools.pairwise(limits):
        begun = order[start[left] : start[right]]
        ids = np.concatenate((carried, begun))
        edge, side = plan.edge[ids], plan.side[ids]
        yield _block(edge, side, plan, (int(left), int(right)), seen, layer_of)
        carried = ids[edge[:, 2] - x0 > right * size]
        if progress is not None:
            progress(float(right) / columns)


def _limits(per_column: Offsets) -> list[int]:
    limits, held = [0], 0
    for column, count in enumerate(per_column.tolist()):
        held += count
        if held >= BLOCK_PIECES:
            limits.append(column + 1)
            held = 0
    if limits[-1] != len(per_column):
        limits.append(len(per_column))
    return limits


@kernel
def _by_column(edge: Floats, x0: float, size: float, columns: int) -> tuple[Offsets, Offsets]:
    """Return the edges sorted by the column they begin in, and where each column begins in that order."""
    start = np.zeros(columns + 1, np.int64)
    for i in range(len(edge)):
        start[int(np.floor((edge[i, 0] - x0) / size)) + 1] += 1
    for c in range(columns):
        start[c + 1] += start[c]
    place = start[:-1].copy()
    order = np.empty(len(edge), np.int64)
    for i in range(len(edge)):
        c = int(np.floor((edge[i, 0] - x0) / size))
        order[place[c]] = i
        place[c] += 1
    return order, start


@lean
def _pieces_per_column(edge: Floats, x0: float, size: float, counts: Offsets) -> None:
    """Add to ``counts`` a bound of the number of pieces in each column."""
    for i in range(len(edge)):
        c1, c2 = int(np.floor((edge[i, 0] - x0) / size)), int(np.floor((edge[i, 2] - x0) / size))
        rows = abs(edge[i, 3] - edge[i, 1]) / size / (c2 - c1 + 1)
        for c in range(c1, min(c2, len(counts) - 1) + 1):
            counts[c] += 1 + int(rows)


def _block(
    edge: Floats, side: Ints, plan: Plan, columns: tuple[int, int], seen: Offsets, layer_of: Ints
) -> Block:
    left, right = columns
    rows = int(plan.extent[1])
    x0, y0, size = map(float, plan.frame[:3])
    counts = np.zeros((right - left) * rows, np.int64)
    count_pieces(edge, x0, y0, size, left, right, rows, counts)
    start = np.concatenate(([0], np.cumsum(counts)))
    piece = np.empty((int(start[-1]), 4))
    sides = np.empty((int(start[-1]), 2), np.int32)
    cut_pieces(edge, side, x0, y0, size, left, right, rows, start[:-1].copy(), piece, sides)
    made = _finish(start, piece, sides, plan.rows, size, right - left, rows, seen, layer_of, left * rows)
    if made[-1]:
        raise ValueError("a ring does not close")
    return Block(columns, *made[:-1])


@kernel
def _finish(
    start: Offsets,
    piece: Floats,
    sides: Ints,
    row_table: Floats,
    size: float,
    columns: int,
    rows: int,
    seen: Offsets,
    layer_of: Ints,
    first_cell: int,
) -> tuple[Offsets, Floats, Ints, Offsets, Ints, Ints, Floats, NDArray[np.uint64], Offsets, bool]:
    """Sweep each column from the top: lay roofs, label full cells, sum areas, cut dense cells into strips."""
    cells = columns * rows
    most = 0
    for c in range(columns):
        most = max(most, start[(c + 1) * rows] - start[c * rows])
    zone, x, step = np.empty(4 * most + 8, np.int32), np.empty(4 * most + 8), np.empty(4 * most + 8, np.int32)

    # pass 1: roofs and labels of every cell, in the order of the sweep
    roof_left, roof_right = np.empty(64), np.empty(64)
    roof_zone, roof_cell = np.empty(64, np.int32), np.empty(64, np.int64)
    full, full_cell = np.empty(64, np.int32), np.empty(64, np.int64)
    roofs = fulls = 0
    unclosed = False
    roof_count, full_count = np.zeros(cells + 1, np.int64), np.zeros(cells + 1, np.int64)
    for c in range(columns):
        n = 0
        for r in range(rows - 1, -1, -1):
            cell = c * rows + r
            mark = 2 * (first_cell + cell)  # even marks here, odd ones below
            for k in range(start[cell], start[cell + 1]):
                for s in range(2):
                    if sides[k, s] != NOTHING:
                        seen[sides[k, s]] = mark
            i = 0
            while i < n:
                z, j = zone[i], i
                while j < n and zone[j] == z:
                    j += 1
                whole = j - i == 2 and step[i] == 1 and x[i] == 0.0 and x[i + 1] == size
                if whole and seen[z] != mark:
                    if fulls == len(full):
                        full, full_cell = longer(full), longer(full_cell)
                    full[fulls], full_cell[fulls] = z, cell
                    fulls += 1
                    full_count[cell] += 1
                else:
                    cover = 0
                    for k in range(i, j - 1):
                        cover += step[k]
                        for _ in range(abs(cover)):
                            if roofs == len(roof_zone):
                                roof_left, roof_right = longer(roof_left), longer(roof_right)
                                roof_zone, roof_cell = longer(roof_zone), longer(roof_cell)
                            roof_left[roofs], roof_right[roofs] = x[k], x[k + 1]
                            roof_zone[roofs] = z if cover > 0 else -z - 2
                            roof_cell[roofs] = cell
                            roofs += 1
                            roof_count[cell] += 1
                i = j
            for k in range(start[cell], start[cell + 1]):
                if piece[k, 0] < piece[k, 2] and sides[k, 0] != sides[k, 1]:
                    for s in range(2):
                        if sides[k, s] != NOTHING:
                            sign = 1 if s == 0 else -1
                            zone[n], x[n], step[n] = sides[k, s], piece[k, 0], sign
                            zone[n + 1], x[n + 1], step[n + 1] = sides[k, s], piece[k, 2], -sign
                            n += 2
            if start[cell + 1] > start[cell]:
                n = sort_events(zone, x, step, n)
        unclosed |= n > 0

    # pass 2: the records of each cell in the order of the cells
    cell_table = np.zeros((cells + 1, 4), np.int64)
    full_at, roof_at = np.zeros(cells + 1, np.int64), np.zeros(cells + 1, np.int64)
    for k in range(cells):
        full_at[k + 1] = full_at[k] + full_count[k]
        roof_at[k + 1] = roof_at[k] + roof_count[k]
        cell_table[k + 1, 1] = full_at[k + 1]
    full_out, next_full = np.empty(fulls, np.int32), full_at.copy()
    for i in range(fulls):
        full_out[next_full[full_cell[i]]] = full[i]
        next_full[full_cell[i]] += 1
    roof_order, next_roof = np.empty(roofs, np.int64), roof_at.copy()
    for i in range(roofs):
        roof_order[next_roof[roof_cell[i]]] = i
        next_roof[roof_cell[i]] += 1

    total = len(piece) + roofs
    out, out_side = np.empty((total + total // 2 + 64, 4)), np.empty((total + total // 2 + 64, 2), np.int32)
    strip = np.empty(64, np.int64)
    strips = m = sums = touches = 0
    sum_zone, sum_area = np.empty(2 * total + 8, np.int32), np.empty(2 * total + 8)
    touched = np.empty((2 * len(piece) + 8, 2), np.int64)
    layers = np.zeros(cells, np.uint64)
    here, area = np.empty(2 * (most + roofs) + 8, np.int32), np.zeros(len(layer_of))
    for k in range(cells):
        count = roof_at[k + 1] - roof_at[k] + start[k + 1] - start[k]
        if m + 2 * count + MOST_STRIPS * count > len(out):  # room for every piece in every strip
            grow = m + 2 * count + MOST_STRIPS * count + len(out) // 2
            bigger, bigger_side = np.empty((grow, 4)), np.empty((grow, 2), np.int32)
            bigger[:m], bigger_side[:m] = out[:m], out_side[:m]
            out, out_side = bigger, bigger_side
        parts, shift = 1, 0
        if count >= DENSE:
            while parts * STRIP < count and parts < MOST_STRIPS:
                parts, shift = parts * 2, shift + 1
            if strips + parts + 1 > len(strip):
                more = np.empty(2 * (strips + parts + 1), np.int64)
                more[:strips] = strip[:strips]
                strip = more
            cell_table[k, 3] = strips * 64 + shift
        width = size / parts
        for part in range(parts):
            lo, hi = part * width, (part + 1) * width
            if shift:
                strip[strips] = m
                strips += 1
            for q in range(roof_at[k], roof_at[k + 1]):
                i = roof_order[q]
                u1, u2 = max(roof_left[i], lo), min(roof_right[i], hi)
                if u1 < u2:
                    out[m, 0], out[m, 1], out[m, 2], out[m, 3] = u1, u2, size, 0.0
                    z = roof_zone[i]
                    out_side[m, 0] = z if z >= 0 else NOTHING
                    out_side[m, 1] = NOTHING if z >= 0 else -z - 2
                    m += 1
            for q in range(start[k], start[k + 1]):
                x1, y1, x2, y2 = piece[q, 0], piece[q, 1], piece[q, 2], piece[q, 3]
                if x1 == x2:
                    if (lo <= x1 < hi) or (part == parts - 1 and x1 == hi):
                        out[m, 0], out[m, 1], out[m, 2], out[m, 3] = x1, x1, y1, y2 - y1
                        out_side[m, 0], out_side[m, 1] = sides[q, 0], sides[q, 1]
                        m += 1
                    continue
                u1, u2 = max(x1, lo), min(x2, hi)
                if u1 < u2:
                    rise = (y2 - y1) / (x2 - x1)
                    out[m, 0], out[m, 1], out[m, 3] = u1, u2, rise
                    out[m, 2] = y1 if u1 == x1 else min(max(y1 + rise * (u1 - x1), min(y1, y2)), max(y1, y2))
                    out_side[m, 0], out_side[m, 1] = sides[q, 0], sides[q, 1]
                    m += 1
        if shift:
            strip[strips] = m
            strips += 1
        # areas, and which boundaries run through here
        zones = 0
        mark = 2 * (first_cell + k) + 1
        r = k % rows
        c0, c1, c2, c3 = row_table[r, 0], row_table[r, 1], row_table[r, 2], row_table[r, 3]
        for q in range(cell_table[k, 0], m):
            w = out[q, 1] - out[q, 0]
            v = 0.0
            if w > 0.0:
                v = w * mean_area(c0, c1, c2, c3, out[q, 2], out[q, 2] + w * out[q, 3])
            for s in range(2):
                z = out_side[q, s]
                if z != NOTHING:
                    if seen[z] != mark:
                        seen[z] = mark
                        area[z] = 0.0
                        here[zones] = z
                        zones += 1
                    area[z] += v if s == 0 else -v
        for i in range(zones):
            z = here[i]
            if area[z] > 0.0:
                sum_zone[sums], sum_area[sums] = z, area[z]
                sums += 1
            seen[z] = -1
        for q in range(start[k], start[k + 1]):
            for s in range(2):
                z = sides[q, s]
                if z != NOTHING and seen[z] != mark:
                    seen[z] = mark
                    touched[touches, 0], touched[touches, 1] = z, first_cell + k
                    touches += 1
                    layers[k] |= np.uint64(1) << np.uint64(layer_of[z] % 64)
        cell_table[k + 1, 0], cell_table[k + 1, 2] = m, sums
    return (
        cell_table,
        out[:m].copy(),
        out_side[:m].copy(),
        strip[:strips].copy(),
        full_out,
        sum_zone[:sums].copy(),
        sum_area[:sums].copy(),
        layers,
        touched[:touches].copy(),
        unclosed,
    )


JOINED: Final = ("cell", "piece", "side", "strip", "full", "sum_zone", "sum_area", "layers")


class Joiner:
    """Turns the offsets of a block, counted from its own start, into those of the whole grid."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._base = np.zeros(4, np.int64)  # pieces, full labels, sums, strips so far
        self._touched: list[Offsets] = []
        self._area = np.zeros(int(plan.first[-1]))

    def add(self, block: Block) -> dict[str, NDArray[np.generic]]:
        """Return what each column of the grid gets from ``block``."""
        cell = block.cell.copy()
        dense = cell[:, 3] != 0
        cell[:, :3] += self._base[:3]
        cell[dense, 3] += self._base[3] * 64
        strip = block.strip + self._base[0]
        last = block.columns[1] == int(self._plan.extent[0])
        self._base += (len(block.piece), len(block.full), len(block.sum_zone), len(block.strip))
        if max(self._base[:3].max(), self._base[3] * 64) > MOST_RECORDS:
            raise ValueError("the layers hold more boundaries than an index can")
        self._touched.append(block.touched)
        self._area += np.bincount(block.sum_zone, block.sum_area, minlength=len(self._area))
        rows = int(self._plan.extent[1])
        whole = self._plan.frame[2] * _cell_area(self._plan.rows, float(self._plan.frame[2]))
        where = np.repeat(np.arange(len(block.cell) - 1), np.diff(block.cell[:, 1])) % rows
        self._area += np.bincount(block.full, whole[where], minlength=len(self._area))
        return {
            "cell": (cell if last else cell[:-1]).astype(
                np.int32
            ),  # the next block's first line ends this one's last cell
            "piece": block.piece,
            "side": block.side,
            "strip": strip,
            "full": block.full,
            "sum_zone": block.sum_zone,
            "sum_area": block.sum_area,
            "layers": block.layers,
        }

    def rest(self) -> dict[str, NDArray[np.generic]]:
        """Return the columns that are known when every block has passed."""
        touched = np.concatenate(self._touched) if self._touched else np.empty((0, 2), np.int64)
        zones = int(self._plan.first[-1])
        start = np.zeros(zones + 1, np.int64)
        np.cumsum(np.bincount(touched[:, 0], minlength=zones), out=start[1:])
        return {
            "frame": self._plan.frame,
            "extent": self._plan.extent,
            "rows": self._plan.rows,
            "zone_start": start,
            "zone_cell": touched[np.argsort(touched[:, 0], kind="stable"), 1].copy(),
            "zone_box": self._plan.zone_box,
            "zone_area": self._area,
            "first": self._plan.first,
        }


def _cell_area(rows: Floats, size: float) -> Floats:
    """Return the area of a strip one unit wide over the whole height of each row."""
    powers = size ** np.arange(1, 5)
    area: Floats = rows[:, :4] @ powers
    return area


def assemble(plan: Plan, made: Iterable[Block]) -> Grid:
    """Return the grid of all blocks, in memory."""
    columns: dict[str, list[NDArray[np.generic]]] = {name: [] for name in JOINED}
    joiner = Joiner(plan)
    for block in made:
        for name, part in joiner.add(block).items():
            columns[name].append(part)
    arrays: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    arrays |= joiner.rest()
    for array in arrays.values():
        array.setflags(write=False)
    return Grid(**arrays)

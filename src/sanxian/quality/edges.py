"""Shared edges: which edges of a coverage have exactly one equal edge on their other side, and which have not.

The inside of every ring is on its left, so two neighbours walk the edge between them in opposite directions.
The region takes part as one more zone, turned inside out: *outside*. If every edge is then used by exactly two
zones in opposite directions, the boundaries of all zones cancel; the number of zones a point lies in is the
same everywhere, and far away it is one. So the zones fill the region without gap and without overlap: that is
a proof, and it needs no geometry. Where edges are left over, something is wrong beside them and nowhere else.

Edges are equal when their ends are equal on the grid of an edition, 1e-9 degree (0.1 mm).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.edition import DECIMALS
from sanxian.engine.shapes import Shapes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_GRID: Final = 10.0**DECIMALS
_MIX: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


class Loose(NamedTuple):
    """The edges left over, in the order they stand in their rings; the inside of their zone is on the left."""

    start: Floats  # (k, 2) degrees, on the grid
    end: Floats
    zone: Ints  # row of the zone; the number of zones = outside
    position: Ints  # neighbours in a ring have neighbouring positions
    edges: int  # edges looked at, those of the region included

    @property
    def many(self) -> int:
        """Number of edges left over."""
        return len(self.zone)


def loose_edges(zones: Sequence[BaseGeometry] | NDArray[np.object_], region: BaseGeometry | None) -> Loose:
    """Return the edges of a coverage that no other zone shares.

    Parameters
    ----------
    zones : (n,) (Multi)Polygon, lon/lat EPSG:4490
        Valid.
    region : (Multi)Polygon, optional
        What the zones are to fill. Without it every edge of the outer rim is left over.
    """
    flat = Shapes.of(zones)
    grid = np.rint(flat.xy * _GRID).astype(np.int64)
    owner = np.repeat(np.arange(flat.count), np.diff(flat.starts))
    owner = np.repeat(owner, np.diff(flat.rings))
    closing = np.zeros(len(grid), bool)
    closing[flat.rings[1:] - 1] = True
    del flat
    if region is not None:
        outside = Shapes.of([region])
        grid = np.concatenate(
            (grid, np.rint(outside.xy * _GRID).astype(np.int64)[::-1])
        )  # its inside is outside
        owner = np.concatenate((owner, np.full(len(outside.xy), len(zones))))
        first = np.zeros(len(outside.xy), bool)
        first[outside.rings[:-1]] = True
        closing = np.concatenate((closing, first[::-1]))
    start = np.flatnonzero(~closing[:-1]) if len(closing) else np.empty(0, np.int64)
    start = start[(grid[start] != grid[start + 1]).any(axis=1)]  # shorter than the grid
    matched = _matched(grid, start, owner)
    left = start[~matched]
    return Loose(grid[left] / _GRID, grid[left + 1] / _GRID, owner[left], left, len(start))


def _matched(grid: Ints, start: Ints, owner: Ints) -> Flags:
    """Return which edges are used exactly twice, by two zones, in opposite directions."""
    mark = _mixed(grid)
    tail, head = mark[start], mark[start + 1]
    # the same for both directions; equal hashes are compared number by number below
    key = _shuffled(np.minimum(tail, head)) ^ np.maximum(tail, head)
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = (
        np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.empty(0, np.int64)
    )
    count = np.diff(np.concatenate((first, [len(key)])))
    pairs = first[count == 2]
    one, other = start[order[pairs]], start[order[pairs + 1]]
    opposite = (grid[one] == grid[other + 1]).all(axis=1) & (grid[one + 1] == grid[other]).all(axis=1)
    pairs = pairs[opposite & (owner[one] != owner[other])]
    matched = np.zeros(len(start), bool)
    matched[order[pairs]] = matched[order[pairs + 1]] = True
    return matched


def _mixed(grid: Ints) -> NDArray[np.uint64]:
    """Return a hash of each vertex."""
    x, y = grid[:, 0].astype(np.uint64), grid[:, 1].astype(np.uint64)
    return _shuffled(_shuffled(x * _MIX[0]) + y * _MIX[1])


def _shuffled(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = value ^ (value >> np.uint64(31))
    value = value * _MIX[2]
    return value ^ (value >> np.uint64(29))


def chains(loose: Loose) -> NDArray[np.object_]:
    """Return the edges left over as lines, one for each unbroken stretch of a ring."""
    if not loose.many:
        return np.empty(0, dtype=object)
    new = np.ones(loose.many, bool)
    new[1:] = (np.diff(loose.position) != 1) | (loose.start[1:] != loose.end[:-1]).any(axis=1)
    group = np.cumsum(new) - 1
    # each stretch is its starts and its last end
    at = np.arange(loose.many) + group
    xy = np.empty((loose.many + group[-1] + 1, 2))
    xy[at] = loose.start
    last = np.concatenate((np.flatnonzero(new[1:]), [loose.many - 1]))
    xy[at[last] + 1] = loose.end[last]
    owner = np.empty(len(xy), np.int64)
    owner[at] = group
    owner[at[last] + 1] = group[last]
    return np.asarray(shapely.linestrings(xy, indices=owner), dtype=object)

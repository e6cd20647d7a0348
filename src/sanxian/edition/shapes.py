"""Shapes: one canonical form for every geometry, defined without any library.

The digest of an edition is quoted as evidence for years, so what it hashes may not hang on how GEOS orders
things (``shapely.normalize`` turns rings by orientation, which a self-crossing ring of a draft does not have).
The rules, in full in ``docs/reference/edition-format.md``:

1. two-dimensional, coordinates rounded to 1e-9 degree, a vertex equal to the one before it left out;
2. a ring is the least of the vertex sequences that describe it (any start, either direction); a line is the
   lesser of its two directions; vertices compare by x, then y;
3. the holes of a polygon and the parts of a collection are ordered by their WKB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

DECIMALS: Final = 9  # of a degree: 0.1 mm on the ground, far below any survey
COLLECTION: Final = 7  # shapely's type id of a GeometryCollection

GeometryArray: TypeAlias = NDArray[np.object_]
Vertices: TypeAlias = list[list[float]]

_EMPTY: Final = shapely.GeometryCollection()


def canonical_shapes(shapes: Sequence[BaseGeometry]) -> GeometryArray:
    """Return the shapes in canonical form; a collection of one part becomes that part.

    Invalid shapes have a canonical form too. Empty ones become the empty GeometryCollection; other
    GeometryCollections, which no layer may hold, are rounded only.

    Raises
    ------
    ValueError
        A shape is missing or a coordinate is not a finite number.
    """
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    if shapely.is_missing(array).any():
        raise ValueError("a zone has no geometry")
    # NaN has no order, so a ring with one has no least sequence
    if not np.isfinite(shapely.get_coordinates(array)).all():
        raise ValueError("a coordinate is not a finite number")
    result: GeometryArray = array.copy()
    settled, parts = _settled(array)
    result[settled] = parts
    rest = np.flatnonzero(~settled)
    if rest.size:
        result[rest] = _reformed(array[rest])
    return result


def _reformed(array: GeometryArray) -> GeometryArray:
    array = shapely.transform(shapely.force_2d(array), _rounded)
    empty = shapely.is_empty(array)
    kinds = np.where(empty, COLLECTION, shapely.get_type_id(array))
    result: GeometryArray = array.copy()
    result[empty] = _EMPTY
    for ids, form, collect in _FORMS:
        rows = np.flatnonzero(np.isin(kinds, ids))
        if rows.size:
            parts, owner = shapely.get_parts(array[rows], return_index=True)
            filled = ~shapely.is_empty(parts)
            result[rows] = _collected(form(parts[filled]), owner[filled], collect)
    return result


def _settled(array: GeometryArray) -> tuple[NDArray[np.bool_], GeometryArray]:
    """Return which polygons are in canonical form already, but for a collection of one part, and their forms.

    Files hold shapes as they were hashed, so nearly all of an edition is; to see that takes a small part of the
    time of putting it into form. What is not plainly so (two holes, a least vertex met twice) is left to
    :func:`_reformed`, which gives the same for the others.
    """
    settled = np.zeros(len(array), dtype=np.bool_)
    rows = np.flatnonzero(
        np.isin(shapely.get_type_id(array), (3, 6)) & (shapely.get_coordinate_dimension(array) == 2)
    )
    parts, of_part = shapely.get_parts(array[rows], return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    if not rings.size or (shapely.get_num_coordinates(rings) < 4).any():
        return settled, parts[:0]
    right = np.bincount(of_ring, ~_least_first(rings), minlength=len(parts)) == 0
    right &= shapely.get_num_interior_rings(parts) < 2
    # parts stand in the order of their WKB
    several = np.flatnonzero(right & (shapely.get_num_geometries(array[rows]) > 1)[of_part])
    wkb = canonical_wkb(parts[several])
    for k, (part, after) in enumerate(pairwise(several.tolist())):
        right[after] &= of_part[part] != of_part[after] or wkb[k] <= wkb[k + 1]
    count = np.bincount(of_part, minlength=len(rows))
    ok = (np.bincount(of_part, ~right, minlength=len(rows)) == 0) & (count > 0)
    form = array[rows]
    one = np.flatnonzero(count == 1)
    form[one] = parts[(np.cumsum(count) - 1)[one]]
    settled[rows[ok]] = True
    return settled, form[ok]


def _least_first(rings: GeometryArray) -> NDArray[np.bool_]:
    """Return which rings, of four vertices and more, stand as rules 1 and 2 want them, no vertex being the least twice."""
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    start, count = _groups(owner)
    last = start + count - 1
    after = _before(xy[start][owner], xy)
    after[start] = after[last] = True
    moved = np.ones(len(xy), dtype=np.bool_)
    moved[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    moved[start] = True
    rounded = (_rounded(xy).view(np.int64) == xy.view(np.int64)).all(axis=1)
    right: NDArray[np.bool_] = np.logical_and.reduceat(after & moved & rounded, start)
    right &= _before(xy[start + 1], xy[last - 1])
    return right


def _before(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which vertices come before those beside them: by x, then y."""
    before: NDArray[np.bool_] = some[:, 0] < others[:, 0]
    before |= (some[:, 0] == others[:, 0]) & (some[:, 1] < others[:, 1])
    return before


def canonical_wkb(shapes: GeometryArray) -> list[bytes]:
    """Return the canonical WKB: ISO, two-dimensional, little-endian."""
    wkb: list[bytes] = shapely.to_wkb(shapes, byte_order=1, flavor="iso", output_dimension=2).tolist()
    return wkb


def _rounded(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(coordinates, DECIMALS) + 0.0  # adding zero turns -0.0 into 0.0


def _collected(parts: GeometryArray, owner: NDArray[np.intp], collect: Callable[..., Any]) -> GeometryArray:
    """Return one geometry per owner, its parts in order of their WKB."""
    parts = parts[_ordered(owner, np.zeros(len(owner)), parts)]
    result: GeometryArray = collect(parts, indices=owner)
    start, count = _groups(owner)
    result[count == 1] = parts[start[count == 1]]
    return result


def _ordered(owner: NDArray[np.intp], rank: NDArray[Any], parts: GeometryArray) -> list[int]:
    """Return the order of ``parts`` by owner, then rank, then WKB."""
    keys = list(zip(owner.tolist(), rank.tolist(), canonical_wkb(parts), strict=True))
    return sorted(range(len(keys)), key=keys.__getitem__)


def _groups(owner: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return start and length of each run of equal values."""
    start = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1])))
    return start, np.diff(np.concatenate((start, [len(owner)])))


# --- points, lines, polygons -----------------------------------------------------------------


def _points(parts: GeometryArray) -> GeometryArray:
    return parts


def _lines(parts: GeometryArray) -> GeometryArray:
    lines = np.empty(len(parts), dtype=object)
    for row, part in enumerate(parts):
        every = shapely.get_coordinates(part).tolist()
        vertices = [v for i, v in enumerate(every) if i == 0 or v != every[i - 1]]
        vertices += vertices[-1:] * (2 - len(vertices))  # a line of one place; ``validate`` reports it
        lines[row] = shapely.LineString(min(vertices, vertices[::-1]))
    return lines


def _polygons(parts: GeometryArray) -> GeometryArray:
    rings, owner = shapely.get_rings(parts, return_index=True)
    start, _ = _groups(owner)
    is_hole = np.ones(len(owner), dtype=np.int8)
    is_hole[start] = 0
    rings = _rings(rings)
    return np.asarray(shapely.polygons(rings[_ordered(owner, is_hole, rings)], indices=owner))


def _rings(rings: GeometryArray) -> GeometryArray:
    """Return each ring as the least of its vertex sequences, all rings at once.

    Nearly always the least vertex occurs once and its neighbours differ: then it is the start, and the lesser
    neighbour gives the direction. The few other rings are compared sequence by sequence.
    """
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    closing = np.concatenate((owner[1:] != owner[:-1], [True]))
    xy, owner = _distinct(xy[~closing], owner[~closing])
    start, count = _groups(owner)

    by_place = np.lexsort((xy[:, 1], xy[:, 0], owner))
    least = by_place[start]
    runner_up = by_place[np.minimum(start + 1, len(owner) - 1)]
    ahead = xy[start + (least - start + 1) % count]
    behind = xy[start + (least - start - 1) % count]
    special = (count < 3) | (xy[runner_up] == xy[least]).all(axis=1) | (ahead == behind).all(axis=1)

    step = np.where(_before(ahead, behind), 1, -1)[owner] * (np.arange(len(owner)) - start[owner])
    turned = xy[start[owner] + ((least - start)[owner] + step) % count[owner]]

    result = np.empty(len(rings), dtype=object)
    plain = ~special[owner]
    if plain.any():
        # the constructor closes the rings
        result[~special] = shapely.linearrings(turned[plain], indices=(np.cumsum(~special) - 1)[owner[plain]])
    for ring in np.flatnonzero(special).tolist():
        vertices = xy[start[ring] : start[ring] + count[ring]].tolist()
        result[ring] = shapely.LinearRing(_least_sequence(vertices))
    return result


def _distinct(
    xy: NDArray[np.float64], owner: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Leave out vertices equal to the one before them around the ring; one vertex always stays."""
    start, count = _groups(owner)
    before = np.arange(len(owner)) - 1
    before[start] = start + count - 1
    keep = (xy != xy[before]).any(axis=1)
    keep[start[np.add.reduceat(keep, start) == 0]] = True
    return xy[keep], owner[keep]


def _least_sequence(vertices: Vertices) -> Vertices:
    least = min(vertices)
    turns = [
        ring[i:] + ring[:i]
        for ring in (vertices, vertices[::-1])
        for i, vertex in enumerate(ring)
        if vertex == least
    ]
    best = min(turns)
    return best + best[-1:] * (3 - len(best))  # a collapsed ring still needs three vertices


_FORMS: Final[
    tuple[tuple[tuple[int, ...], Callable[[GeometryArray], GeometryArray], Callable[..., Any]], ...]
] = (
    ((0, 4), _points, shapely.multipoints),
    ((1, 2, 5), _lines, shapely.multilinestrings),
    ((3, 6), _polygons, shapely.multipolygons),
)

"""Ground: shapes compared as sets of points.

Two shapes are the same when what lies in one of them only is nothing but rounding. Of the symmetric difference,
piece by piece, a piece is rounding when its area is below :data:`LEAST_AREA_M2` or its mean width (twice the area
over the outline) is below :data:`LEAST_WIDTH_M`: a vertex put on an edge and rounded to the 1e-9 degree an edition
keeps moves that edge by up to 0.1 mm, whatever its length. Wider pieces are differences, however small beside
the zone. Areas are on the ellipsoid with edges straight in longitude and latitude.

The order of the tests is what makes a province quick: equal canonical WKB, then equal after taking out vertices
that are collinear to the last digit, and only then an overlay.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry
from sanxian.edition.shapes import DECIMALS, canonical_shapes, canonical_wkb

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
T = TypeVar("T")

LEAST_AREA_M2: Final = 0.01
LEAST_WIDTH_M: Final = 2e-4
_METRES: Final = 111_000.0  # a degree of latitude, near enough for a width
_REACH: Final = 2.0 * 10.0**-DECIMALS  # degrees: lines this near to each other run together
_SAFE: Final = 1_500_000_000  # steps of the grid whose product still fits an int64
_BATCH: Final = 512

EMPTY: Final = shapely.MultiPolygon()


def column(shapes: Sequence[BaseGeometry]) -> Shapes:
    """Return shapes as an array of objects."""
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def _mapped(work: Callable[[int], T], starts: range) -> Iterable[T]:
    """Yield what is made of each batch, in order, on all cores: GEOS and numpy let go of the interpreter."""
    if len(starts) < 2:
        return map(work, starts)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(work, starts))


def paired(operation: Callable[[Shapes, Shapes], Shapes], one: Shapes, other: Shapes) -> Shapes:
    """Return ``operation`` of two arrays row by row, on all cores."""
    made = _mapped(
        lambda at: operation(one[at : at + _BATCH], other[at : at + _BATCH]), range(0, len(one), _BATCH)
    )
    return np.concatenate([np.zeros(0, dtype=object), *made])


def same_drawing(one: Shapes, other: Shapes) -> NDArray[np.bool_]:
    """Return which canonical shapes have the same vertices."""
    pairs = zip(canonical_wkb(one), canonical_wkb(other), strict=True)
    return np.fromiter((a == b for a, b in pairs), np.bool_, len(one))


def straightened(shapes: Shapes) -> Shapes:
    """Return areal shapes without the vertices that lie exactly between their neighbours, in canonical form.

    Exactly on the grid of 1e-9 degree, in whole numbers; a vertex at the end of a very long edge stays.
    """
    if not len(shapes):
        return shapes
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    closing = np.concatenate((of_ring[1:] != of_ring[:-1], [True]))
    xy, of_ring = xy[~closing], of_ring[~closing]
    grid = np.rint(xy * 10.0**DECIMALS).astype(np.int64)
    first = np.concatenate(([0], np.flatnonzero(of_ring[1:] != of_ring[:-1]) + 1))
    count = np.diff(np.concatenate((first, [len(of_ring)])))
    before, after = np.arange(len(xy)) - 1, np.arange(len(xy)) + 1
    before[first], after[first + count - 1] = first + count - 1, first
    ahead, back = grid[after] - grid, grid - grid[before]
    near = (np.abs(ahead).max(axis=1) < _SAFE) & (np.abs(back).max(axis=1) < _SAFE)
    ahead, back = ahead * near[:, None], back * near[:, None]  # far ones would not fit
    cross = ahead[:, 0] * back[:, 1] - ahead[:, 1] * back[:, 0]
    onward = ahead[:, 0] * back[:, 0] + ahead[:, 1] * back[:, 1] > 0
    keep = ~(near & (cross == 0) & onward)
    left = np.bincount(of_ring[keep], minlength=len(rings)) >= 3
    keep |= ~left[of_ring]
    made = shapely.polygons(shapely.linearrings(xy[keep], indices=of_ring[keep]), indices=of_part)
    return canonical_shapes(shapely.multipolygons(made, indices=owner))


class Pieces(NamedTuple):
    """Polygons that belong to rows: what zones lost, or what they gained, without rounding."""

    shape: Shapes
    owner: Rows
    area: Floats  # m²

    def sizes(self, rows: int) -> Floats:
        """Return the area of each row."""
        return np.bincount(self.owner, self.area, rows).astype(float)


class Sides(NamedTuple):
    """What pairs of shapes do not share."""

    lost: Pieces  # in the old one only; of areas
    gained: Pieces  # in the new one only
    lost_size: Floats  # m² of areas, m of lines, number of points
    gained_size: Floats
    rounding_m2: float


def sides(old: Shapes, new: Shapes, dimension: int) -> Sides:
    """Compare pairs of shapes of one dimension; both canonical, either may be empty."""
    if dimension == 2:
        old, new = sound(old), sound(new)
        starts = range(0, len(old), _BATCH)

        def batch(at: int) -> tuple[tuple[Pieces, float], ...]:
            one, other = old[at : at + _BATCH], new[at : at + _BATCH]
            return tuple(_pieces(shapely.difference(a, b), at) for a, b in ((one, other), (other, one)))

        made = list(_mapped(batch, starts))
        lost, gained = (_joined([both[side][0] for both in made]) for side in (0, 1))
        rounding = sum(left for both in made for _, left in both)
        return Sides(lost, gained, lost.sizes(len(old)), gained.sizes(len(old)), rounding)
    # a vertex put on a line and rounded takes it off itself: leave out what runs along the other
    away = (
        shapely.difference(old, shapely.buffer(new, _REACH)),
        shapely.difference(new, shapely.buffer(old, _REACH)),
    )
    size = length_m if dimension == 1 else shapely.get_num_coordinates
    none = _joined([])
    return Sides(none, none, np.asarray(size(away[0]), float), np.asarray(size(away[1]), float), 0.0)


def _pieces(shapes: Shapes, first: int) -> tuple[Pieces, float]:
    """Return the pieces of shapes of which the first is row ``first``, and the area left out as rounding."""
    parts, owner = polygons_of(shapes)
    areas = geometry.lonlat_areas(parts)
    keep = ~is_rounding(parts, areas)
    return Pieces(parts[keep], owner[keep] + first, areas[keep]), float(areas[~keep].sum())


def _joined(pieces: Sequence[Pieces]) -> Pieces:
    empty = Pieces(np.zeros(0, dtype=object), np.zeros(0, np.intp), np.zeros(0))
    return Pieces(*(np.concatenate(columns) for columns in zip(empty, *pieces, strict=True)))


def sound(shapes: Shapes) -> Shapes:
    """Return shapes that an overlay can work on; those of a draft may cross themselves."""
    bad = np.flatnonzero(~shapely.is_valid(shapes))
    if bad.size:
        shapes = shapes.copy()
        shapes[bad] = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    return shapes


def length_m(shapes: Shapes) -> Floats:
    """Return the length of each shape in metres, on the ellipsoid."""
    return np.array([geometry.measure(shape)[1] for shape in shapes])


def polygons_of(shapes: Shapes) -> tuple[Shapes, Rows]:
    """Return the polygons of shapes and the row each belongs to; lines and points are left out."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts, nested = shapely.get_parts(parts, return_index=True)
    areal = (shapely.get_dimensions(parts) == 2) & ~shapely.is_empty(parts)
    return parts[areal], owner[nested][areal]


def is_rounding(parts: Shapes, areas: Floats) -> NDArray[np.bool_]:
    """Return which areal shapes, of known area in m², are too small or too narrow to be meant."""
    return (areas < LEAST_AREA_M2) | (2.0 * areas < LEAST_WIDTH_M * _outline_m(parts))


def _outline_m(parts: Shapes) -> Floats:
    """Return about how long the outline of each areal shape is, in metres; empty shapes have none."""
    if not len(parts):
        return np.zeros(0)
    middle = np.nan_to_num(shapely.bounds(parts)[:, [1, 3]].mean(axis=1))
    every, of_shape = shapely.get_parts(parts, return_index=True)
    rings, of_part = shapely.get_rings(every, return_index=True)
    of_part = of_shape[of_part]
    shrink = np.cos(np.radians(middle))[of_part]
    lonlat, of_ring = shapely.get_coordinates(rings, return_index=True)
    steps = np.diff(lonlat, axis=0) * _METRES
    edge = of_ring[1:] == of_ring[:-1]
    ring = of_ring[1:][edge]
    made = np.hypot(steps[edge, 0] * shrink[ring], steps[edge, 1])
    return np.bincount(of_part[ring], made, len(parts)).astype(float)

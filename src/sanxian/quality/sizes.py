"""Areas and perimeters of many polygons at once, and what the stated accuracy leaves open.

The area of one polygon is :func:`sanxian.geometry.lonlat_area`; a province has ten million edges and a dirty
one a hundred thousand slivers, so here the same integral is taken over all edges together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.engine.shapes import Shapes
from sanxian.engine.surface import CGCS2000_A, CGCS2000_E2, ELLIPSOID
from sanxian.quality.findings import Measure

Floats = NDArray[np.float64]
GeometryArray = NDArray[np.object_]

_CHUNK: Final = 1 << 20  # edges at a time: bounds the working memory
_STEEP: Final = 0.02  # degrees of latitude an edge may climb for two Gauss points to be exact to rounding
_RULES: Final = tuple(np.polynomial.legendre.leggauss(n) for n in (2, 5))


def as_array(shapes: Sequence[BaseGeometry] | GeometryArray) -> GeometryArray:
    """Return shapes as an array of objects, never as an array of their coordinates."""
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def areas_m2(shapes: Sequence[BaseGeometry] | GeometryArray) -> Floats:
    """Return the area of each polygon on the ellipsoid, m²; what is no polygon has none.

    Parameters
    ----------
    shapes : (n,) (Multi)Polygon, lon/lat EPSG:4490
        Valid. Edges are straight in longitude and latitude (ADR 0001).
    """
    return measured(shapes)[0]


def measured(shapes: Sequence[BaseGeometry] | GeometryArray) -> tuple[Floats, Floats]:
    """Return area (m²) and perimeter (m) of each polygon; see :func:`areas_m2`.

    The perimeter takes the scale at the middle of each edge: good to 1e-5 for edges of a degree, to rounding
    for those of a survey.
    """
    array = as_array(shapes)
    array[shapely.get_dimensions(array) != 2] = None  # lines have no inside
    flat = Shapes.of(array)
    return sizes_of(flat)


def sizes_of(flat: Shapes) -> tuple[Floats, Floats]:
    """Return area and perimeter of polygons that are arrays already; see :func:`measured`."""
    area, perimeter = np.zeros(flat.count), np.zeros(flat.count)
    if not len(flat.xy):
        return area, perimeter
    owner_of_ring = np.repeat(np.arange(flat.count), np.diff(flat.starts))
    owner = np.repeat(owner_of_ring, np.diff(flat.rings))
    is_edge = np.ones(len(flat.xy), bool)
    is_edge[flat.rings[1:] - 1] = False
    # the quantity of one vertex of the shape is taken off, which leaves the digits that matter
    corner = flat.xy[np.minimum(flat.rings[flat.starts[:-1]], len(flat.xy) - 1), 1]
    reference = _authalic_q(np.radians(corner))
    for first in range(0, len(flat.xy) - 1, _CHUNK):
        last = min(first + _CHUNK, len(flat.xy) - 1)
        a, b = flat.xy[first:last], flat.xy[first + 1 : last + 1]
        keep = is_edge[first:last]
        a, b, who = a[keep], b[keep], owner[first:last][keep]
        under, long = _edges(a, b, reference[who])
        area += np.bincount(who, under, flat.count)
        perimeter += np.bincount(who, long, flat.count)
    return np.abs(area), perimeter


def _edges(a: Floats, b: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Return the area under each edge, signed, and its length."""
    rise = b[:, 1] - a[:, 1]
    run = b[:, 0] - a[:, 0]
    mean = np.empty(len(a))
    steep = np.abs(rise) > _STEEP
    for rows, (nodes, weights) in ((~steep, _RULES[0]), (steep, _RULES[1])):
        if rows.any():
            at = a[rows, 1, None] + rise[rows, None] * (nodes + 1) / 2
            mean[rows] = (_authalic_q(np.radians(at)) - reference[rows, None]) @ (weights / 2)
    middle = a[:, 1] + rise / 2
    long = np.hypot(run * ELLIPSOID.x_scale(middle), rise * ELLIPSOID.y_scale(middle))
    return np.radians(run) * mean * (CGCS2000_A**2 / 2), long


def _authalic_q(lat: Floats) -> Floats:
    """Return Snyder's q (USGS PP 1395, eq. 3-12), whose integral over longitude is area."""
    e, s = np.sqrt(CGCS2000_E2), np.sin(lat)
    q: Floats = (1 - CGCS2000_E2) * (s / (1 - CGCS2000_E2 * s * s) + np.arctanh(e * s) / e)
    return q


def area_bounds(area_m2: float, perimeter_m: float, accuracy_m: float) -> Measure:
    """Return an area with its bounds: every line may lie ``accuracy_m`` to either side.

    A boundary of length P that moves by at most *a* changes the area by at most P·a, and by a further π a²
    where it moves outward around corners.
    """
    a = max(accuracy_m, 0.0)
    return Measure(
        value=area_m2,
        low=max(0.0, area_m2 - perimeter_m * a),
        high=area_m2 + perimeter_m * a + np.pi * a * a,
    )


def width_bounds(width_m: float, accuracy_m: float) -> Measure:
    """Return a width with its bounds: both sides may lie ``accuracy_m`` off."""
    a = max(accuracy_m, 0.0)
    return Measure(value=width_m, low=max(0.0, width_m - 2 * a), high=width_m + 2 * a)

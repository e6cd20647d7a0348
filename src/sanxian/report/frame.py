"""From longitude and latitude to the units of an SVG drawing, and from shapes to paths.

The drawing is in *units* (y down). Longitude and latitude become units by an equirectangular projection,
longitude shrunk by the cosine of the middle latitude: shapes look right anywhere in a view, and a scale bar
holds at its middle latitude. Geometry is clipped to the view and simplified below what the eye can see;
neighbours of a partition are simplified together, so no gaps open between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry

Bounds: TypeAlias = tuple[float, float, float, float]

LEFT, TOP, WIDTH = 26.0, 2.0, 732.0  # the frame of the map inside the drawing, in units
HEIGHTS: Final = (400.0, 580.0)
AROUND_M: Final = 3000.0  # land shown around a footprint, at least
AROUND_SHARE: Final = 0.09  # … and as a share of its size
DEGREE_M: Final = 111_000.0
TOLERANCE: Final = 0.45  # units: below what can be seen


def bounds_of(shapes: Sequence[BaseGeometry]) -> Bounds:
    """Return west, south, east, north of all shapes together."""
    west, south, east, north = map(float, shapely.total_bounds(np.array(shapes, dtype=object)))
    return west, south, east, north


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """From longitude and latitude to units."""

    west: float
    north: float
    east: float
    south: float
    width: float
    height: float
    left: float = LEFT
    top: float = TOP

    @classmethod
    def around(
        cls,
        bounds: Bounds,
        *,
        width: float = WIDTH,
        heights: tuple[float, float] = HEIGHTS,
        left: float = LEFT,
        top: float = TOP,
        around_m: float = AROUND_M,
    ) -> Frame:
        """Return a frame that shows ``bounds`` with some land around it, of a height between two."""
        west, south, east, north = bounds
        middle = (south + north) / 2
        shrink = max(0.05, math.cos(math.radians(middle)))
        wide, high = (east - west) * shrink, north - south
        pad = 2 * max(around_m / DEGREE_M, AROUND_SHARE * max(wide, high))
        wide, high = wide + pad, high + pad
        height = min(max(width * high / wide, heights[0]), heights[1])
        scale = max(wide / width, high / height)  # degrees of latitude a unit
        half_w, half_h = scale * width / 2 / shrink, scale * height / 2
        centre = (west + east) / 2
        return cls(
            west=centre - half_w,
            east=centre + half_w,
            south=middle - half_h,
            north=middle + half_h,
            width=width,
            height=round(height, 1),
            left=left,
            top=top,
        )

    @classmethod
    def fitting(cls, bounds: Bounds, width: float) -> Frame:
        """Return a frame of some width that shows ``bounds`` and nothing else."""
        west, south, east, north = bounds
        shrink = math.cos(math.radians((south + north) / 2))
        height = width * (north - south) / ((east - west) * shrink)
        return cls(
            west=west,
            east=east,
            south=south,
            north=north,
            width=width,
            height=round(height, 1),
            left=2.0,
            top=2.0,
        )

    @property
    def box(self) -> BaseGeometry:
        """The frame in units."""
        return shapely.box(self.left, self.top, self.left + self.width, self.top + self.height)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a place in units lies inside the frame."""
        return self.left <= x <= self.left + self.width and self.top <= y <= self.top + self.height

    def xy(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 2) longitudes and latitudes in units."""
        x = self.left + (lonlat[:, 0] - self.west) / (self.east - self.west) * self.width
        y = self.top + (self.north - lonlat[:, 1]) / (self.north - self.south) * self.height
        return np.column_stack((x, y))

    def draw(
        self, shapes: Sequence[BaseGeometry], *, partition: bool = False, tolerance: float = TOLERANCE
    ) -> list[BaseGeometry]:
        """Return lon/lat shapes clipped to the frame, in units, simplified; empty where nothing is left."""
        if not shapes:
            return []
        spare_x, spare_y = (self.east - self.west) * 0.02, (self.north - self.south) * 0.02
        clipped = shapely.clip_by_rect(
            np.array(shapes, dtype=object),
            self.west - spare_x,
            self.south - spare_y,
            self.east + spare_x,
            self.north + spare_y,
        )
        placed = shapely.transform(clipped, self.xy)
        areal = np.isin(shapely.get_type_id(placed), (3, 6)) & ~shapely.is_empty(placed)
        if partition and shapely.coverage_is_valid(placed[areal]):
            placed[areal] = shapely.coverage_simplify(placed[areal], tolerance)
        else:
            placed = shapely.simplify(placed, tolerance, preserve_topology=False)
        return list(placed)

    def metres(self, units: float) -> float:
        """Return how long a level line of some units is on the ground, at the middle latitude."""
        middle, centre = (self.south + self.north) / 2, (self.west + self.east) / 2
        half = units / self.width * (self.east - self.west) / 2
        line = shapely.linestrings([(centre - half, middle), (centre + half, middle)])
        return geometry.measure(line)[1]


# --- paths -----------------------------------------------------------------------------------


def tenth(value: float) -> str:
    """Return a coordinate to a tenth of a unit."""
    return _number(round(value * 10))


def _number(tenths: int) -> str:
    whole, rest = divmod(abs(tenths), 10)
    sign = "-" if tenths < 0 else ""
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def path(shape: BaseGeometry) -> str:
    """Return the path of a shape in units: absolute starts, relative steps, tenths of a unit.

    Examples
    --------
    >>> path(shapely.linestrings([(0, 0), (10, 0.51), (10, 20)]))
    'M0 0l10 .5 0 19.5'
    """
    return "".join(
        step
        for member in shapely.get_parts(shape)
        for ring, closed in _rings(member)
        for step in (_ring_path(ring, closed),)
    )


def _rings(member: BaseGeometry) -> Iterator[tuple[NDArray[np.float64], bool]]:
    kind = member.geom_type
    if kind == "Polygon":
        for ring in shapely.get_rings(member):
            yield shapely.get_coordinates(ring), True
    elif kind in ("LineString", "LinearRing"):
        yield shapely.get_coordinates(member), False


def _ring_path(xy: NDArray[np.float64], closed: bool) -> str:
    steps = np.rint(xy * 10).astype(np.int64)
    moved = np.diff(steps, axis=0)
    moved = moved[np.any(moved != 0, axis=1)]
    if len(moved) < (3 if closed else 1):
        return ""
    if closed:
        moved = moved[:-1]  # the last step leads back to the start
    start = f"M{_number(int(steps[0, 0]))} {_number(int(steps[0, 1]))}"
    body = " ".join(f"{_step(dx)} {_step(dy)}" for dx, dy in moved.tolist())
    return f"{start}l{body}" + ("z" if closed else "")


def _step(tenths: int) -> str:
    return _number(tenths).replace("0.", ".", 1) if abs(tenths) < 10 else _number(tenths)

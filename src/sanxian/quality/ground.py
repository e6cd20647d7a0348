"""The zones of an edition as they are measured: polygons that are valid and lie on the grid of an edition.

What has to be repaired to be measured is a finding of its own; here its repaired form stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.edition import DECIMALS, Edition
from sanxian.model import Layer, Zone
from sanxian.quality.sizes import Floats, GeometryArray, as_array, measured


class Polygons(NamedTuple):
    """The zones of a layer that have an area."""

    zones: tuple[Zone, ...]
    shapes: GeometryArray
    area_m2: Floats  # on the ellipsoid
    perimeter_m: Floats


class Ground:
    """The edition under examination; each layer is made ready once, when a check first asks for it."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._polygons: dict[str, Polygons] = {}

    def polygons(self, layer: str) -> Polygons:
        """Return the zones of a layer that have an area, in their order."""
        if layer not in self._polygons:
            zones = self.edition.zones.get(layer, ())
            shapes = on_grid([zone.geometry for zone in zones])
            there = np.array([shape is not None for shape in shapes], bool)
            shapes = shapes[there]
            self._polygons[layer] = Polygons(
                tuple(zone for zone, kept in zip(zones, there.tolist(), strict=True) if kept),
                shapes,
                *measured(shapes),
            )
        return self._polygons[layer]

    def of_kind(self, *kinds: str) -> list[Layer]:
        """Return the layers of some kinds."""
        return [layer for layer in self.edition.layers if layer.kind in kinds]


def on_grid(shapes: Sequence[BaseGeometry] | GeometryArray) -> GeometryArray:
    """Return polygons on the grid of an edition and valid; what has no area, or no number, is ``None``."""
    array = as_array(shapes)
    areas = (
        ~shapely.is_missing(array) & ~shapely.is_empty(array) & np.isin(shapely.get_type_id(array), (3, 6, 7))
    )
    xy, owner = shapely.get_coordinates(array, return_index=True)
    areas[owner[~np.isfinite(xy).all(axis=1)]] = False
    array[~areas] = None
    array = shapely.transform(shapely.force_2d(array), _rounded)
    for row in np.flatnonzero(~shapely.is_missing(array) & ~shapely.is_valid(array)).tolist():
        array[row] = areal(shapely.make_valid(array[row]))
    array[shapely.is_empty(array)] = None
    return array


def _rounded(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(xy, DECIMALS) + 0.0


def areal(shape: BaseGeometry) -> BaseGeometry:
    """Return the areas of a shape; lines and points that a repair leaves behind are none."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = [part for part in _flat(shape) if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _flat(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return the simple parts of a shape, collections inside collections too."""
    parts = [shape]
    while any(part.geom_type.startswith(("Multi", "GeometryC")) for part in parts):
        parts = shapely.get_parts(as_array(parts)).tolist()
    return parts

"""Geometries as flat arrays: what the kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Points, lines or polygons, several parts and holes allowed, as vertices and two levels of offsets."""

    xy: NDArray[np.float64]  # (n, 2)
    rings: NDArray[np.int64]  # (r + 1,) ring, line or point j has the vertices rings[j]:rings[j + 1]
    starts: NDArray[np.int64]  # (m + 1,) shape i has the rings starts[i]:starts[i + 1]
    dimension: int  # 0, 1 or 2 of all shapes; -1 when they differ, which only a layer may
    areal: NDArray[np.bool_]  # (m,) shape i has an inside; lines and points have none

    @property
    def count(self) -> int:
        """Number of shapes."""
        return len(self.starts) - 1

    @classmethod
    def of(cls, geometries: Sequence[BaseGeometry] | NDArray[np.object_]) -> Shapes:
        """Return geometries as arrays; polygons are turned so that their inside is on the left.

        Parameters
        ----------
        geometries : sequence of shapely geometries
            Simple or multi-part; ``None`` and empty ones have no ring.
        """
        if len(geometries) == 1 and type(geometries[0]) is shapely.Polygon and not geometries[0].is_empty:
            # the common case, without the steps that sort many by their dimension
            rings = shapely.get_rings(shapely.orient_polygons(geometries[0]))
            xy, of_ring = shapely.get_coordinates(rings, return_index=True)
            ends = _offsets(of_ring, len(rings))
            return cls(xy, ends, np.array([0, len(rings)]), 2, np.ones(1, np.bool_))
        array = np.empty(len(geometries), dtype=object)
        array[:] = geometries
        dimensions = shapely.get_dimensions(array)
        kinds = np.unique(dimensions[dimensions >= 0])
        parts, owner = shapely.get_parts(array, return_index=True)
        areal = shapely.get_dimensions(parts) == 2
        if areal.all():
            rings, of_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
            owner = owner[of_part]
        elif areal.any():
            shells, of_part = shapely.get_rings(shapely.orient_polygons(parts[areal]), return_index=True)
            rings = np.concatenate((shells, parts[~areal]))
            owner = np.concatenate((owner[areal][of_part], owner[~areal]))
            order = np.argsort(owner, kind="stable")
            rings, owner = rings[order], owner[order]
        else:
            rings = parts
        xy, of_ring = shapely.get_coordinates(rings, return_index=True)
        return cls(
            np.ascontiguousarray(xy, dtype=np.float64),
            _offsets(of_ring, len(rings)),
            _offsets(owner, len(array)),
            int(kinds[0]) if len(kinds) == 1 else -1,
            dimensions == 2,
        )

    @classmethod
    def polygons(cls, xy: NDArray[np.float64], rings: NDArray[np.int64], starts: NDArray[np.int64]) -> Shapes:
        """Return polygons from arrays; every ring has its inside on the left."""
        return cls(xy, rings, starts, 2, np.ones(len(starts) - 1, np.bool_))

    @classmethod
    def lines(cls, xy: NDArray[np.float64], rings: NDArray[np.int64]) -> Shapes:
        """Return one line shape a run of vertices."""
        each = np.arange(len(rings), dtype=np.int64)
        return cls(xy, rings, each, 1, np.zeros(len(rings) - 1, np.bool_))

    @classmethod
    def points(cls, xy: NDArray[np.float64]) -> Shapes:
        """Return one point shape a row of ``xy``."""
        each = np.arange(len(xy) + 1, dtype=np.int64)
        return cls(np.ascontiguousarray(xy, dtype=np.float64), each, each, 0, np.zeros(len(xy), np.bool_))


def _offsets(owner: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """Return where each of ``count`` owners begins in a list sorted by owner."""
    offsets = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=count), out=offsets[1:])
    return offsets

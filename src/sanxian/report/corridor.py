"""Long projects in pieces: where the sheets along a line, a road or a pipeline lie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.model import Part
from sanxian.report.frame import DEGREE_M, Bounds

LONG_M: Final = 30_000.0  # shorter ones are seen well enough on one map
SPAN_M: Final = 24_000.0  # of one sheet across, if there are not too many then
SHEETS_MAX: Final = 12
SLENDER: Final = 0.06  # area of a corridor as a share of its length squared, at most
STEPS: Final = 12  # places looked at in the height of one sheet
FILLED: Final = 0.92  # of a sheet; the rest is land beyond both ends


def tiles(parts: Sequence[Part], aspect: float) -> tuple[Bounds, ...]:
    """Return what each sheet along a corridor shows, in the order of the way; nothing for a compact project.

    Parameters
    ----------
    parts : sequence of Part
    aspect : float
        Width of a sheet over its height.

    Returns
    -------
    tuple of (west, south, east, north)
        All of one size on the ground, at most ``SHEETS_MAX``; every place of the corridor is in one of them.
    """
    shapes = [part.geometry for part in parts if shapely.get_dimensions(part.geometry) >= 1]
    if not shapes:
        return ()
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)).tolist()
    shrink = max(0.05, math.cos(math.radians((south + north) / 2)))
    across = math.hypot((east - west) * shrink, north - south) * DEGREE_M
    if across < LONG_M or not _slender(shapes, across, shrink):
        return ()
    span = SPAN_M
    while True:
        ways = list(_ways(shapes, shrink, span / aspect / STEPS))
        found = _grouped(ways, span / DEGREE_M, span / aspect / DEGREE_M)
        if len(found) <= SHEETS_MAX:
            break
        span *= 1.25
    if len(found) < 2:
        return ()
    half_w, half_h = span / 2 / DEGREE_M, span / aspect / 2 / DEGREE_M
    return tuple(((x - half_w) / shrink, y - half_h, (x + half_w) / shrink, y + half_h) for x, y in found)


def _slender(shapes: Sequence[BaseGeometry], across: float, shrink: float) -> bool:
    """Return whether a project is a corridor: lines, or land that is long and thin."""
    area = sum(float(shapely.area(shape)) for shape in shapes) * shrink * DEGREE_M**2
    longest = max(float(shapely.length(shape)) for shape in shapes) * DEGREE_M
    return area < SLENDER * across**2 and longest >= LONG_M


def _ways(shapes: Sequence[BaseGeometry], shrink: float, step_m: float) -> Iterator[NDArray[np.float64]]:
    """Yield places along each line in even steps, in degrees of latitude; of land its middle line, roughly."""
    for shape in shapes:
        for piece in shapely.get_parts(shape):
            line = piece if piece.geom_type == "LineString" else shapely.get_exterior_ring(piece)
            flat = shapely.transform(line, lambda xy: xy * (shrink, 1.0))
            count = max(2, math.ceil(float(flat.length) * DEGREE_M / step_m) + 1)
            xy = shapely.get_coordinates(
                shapely.line_interpolate_point(flat, np.linspace(0.0, 1.0, count), normalized=True)
            )
            yield xy if piece.geom_type == "LineString" else xy[np.argsort(_along(xy), kind="stable")]


def _along(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each place lies along the longer axis of all of them."""
    centred = xy - xy.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axis = vectors[:, int(np.argmax(values))]
    axis = axis * np.sign(axis[np.argmax(np.abs(axis))])  # one direction, whatever the solver chose
    return np.asarray(np.round(centred @ axis, 9), dtype=np.float64)


def _grouped(ways: Sequence[NDArray[np.float64]], wide: float, high: float) -> list[tuple[float, float]]:
    """Return the middles of boxes that hold the places, walked in order; what a box holds already starts no new one."""
    wide, high = wide * FILLED, high * FILLED
    middles: list[tuple[float, float]] = []

    def close(low: NDArray[np.float64], top: NDArray[np.float64]) -> None:
        x, y = ((low + top) / 2).tolist()
        middles.append((x, y))

    def held(spot: NDArray[np.float64]) -> bool:
        return any(abs(spot[0] - x) <= wide / 2 and abs(spot[1] - y) <= high / 2 for x, y in middles)

    for way in ways:
        before = way[0]
        box: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        for spot in way:
            if box is not None:
                low, top = np.minimum(box[0], spot), np.maximum(box[1], spot)
                if top[0] - low[0] <= wide and top[1] - low[1] <= high:
                    box = low, top
                else:
                    close(*box)
                    box = None
            if box is None and not held(spot):
                # from the place before, so that nothing is lost between two boxes
                box = np.minimum(before, spot), np.maximum(before, spot)
            before = spot
        if box is not None:
            close(*box)
    return middles

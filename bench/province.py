"""A synthetic province to measure on, the same numbers on every machine.

Run ``python bench/province.py --scale province`` (or ``sample``, ``nation``); ``bench/engine.py`` does so by itself.

What makes the data hard in the way real zoning is hard:

- *Partitions* (control units, townships, water, air, soil, groundwater) are Voronoi cells whose sides are replaced by
  fractal arcs. Two neighbours share one arc, vertex by vertex, as neighbours in a real coverage do. An arc stays
  inside the kite spanned by its side and the two seeds beside it; kites do not overlap, so no two arcs can cross and
  every partition is valid without any repair.
- *Water* is the township layer digitised a second time, every vertex off by some 15 m: slivers along every boundary.
- *Red lines, reserves and parks* are groups of such cells with some cells left out: multipolygons with holes, a few
  of them huge.
- *Residential areas* are many small polygons.

Coordinates are metres in the national Albers plane, rounded to 1 mm; the same vertices are also written in longitude
and latitude (CGCS2000 ellipsoid). All arrays are flat ``.npy`` files, described by ``manifest.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

RECIPE = 1  # raise it when the same parameters give other numbers than before

# Albers equal-area on the CGCS2000 ellipsoid, as on the national maps.
ALBERS = pyproj.Proj("+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +a=6378137 +rf=298.257222101")

# A rough outline of Qinghai, degrees east and north.
OUTLINE = np.array(
    [
        (89.4, 36.1), (90.1, 33.3), (91.9, 32.6), (94.2, 32.4), (95.5, 31.7), (97.2, 32.4), (98.6, 33.0), (99.8, 32.6),
        (101.0, 32.7), (101.2, 33.6), (102.2, 33.4), (101.6, 34.5), (102.6, 35.4), (103.1, 36.1), (102.5, 36.9),
        (101.8, 37.6), (100.2, 38.3), (98.3, 39.1), (96.9, 38.6), (95.0, 38.4), (93.3, 38.9), (91.0, 38.2),
        (90.2, 37.2),
    ]
)  # fmt: skip
NATION_CENTRE = (105.0, 36.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How big a province: control units, vertices of all layers, and the outline's linear scale."""

    name: str
    units: int
    vertices: float
    stretch: float = 1.0

    def denser(self, *, units: int = 1, vertices: int = 1) -> Scale:
        """The same outline with more zones or more vertices, to see how cost grows."""
        name = f"{self.name}-units-x{units}" if units > 1 else f"{self.name}-vertices-x{vertices}"
        return Scale(
            name=name,
            units=self.units * units,
            vertices=self.vertices * vertices,
            stretch=self.stretch,
        )


SAMPLE = Scale(name="sample", units=500, vertices=0.45e6)
PROVINCE = Scale(name="province", units=5_000, vertices=9.1e6)
NATION = Scale(
    name="nation", units=44_000, vertices=90e6, stretch=3.7
)  # the outline grown to 9.6 million km²
SCALES = {
    scale.name: scale
    for base in (SAMPLE, PROVINCE, NATION)
    for scale in (base, base.denser(vertices=4), base.denser(units=4))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one layer is made. ``cells`` is per control unit, ``share`` the part of all vertices it gets."""

    name: str
    cells: float
    share: float
    shape_of: str = ""  # drawn on the cells and arcs of this layer ...
    shift_m: float = 0.0  # ... digitised again with this error
    cover: float = 1.0  # part of the cells that belongs to any zone; below 1 the cells are grouped into zones
    units_per_zone: float = 1.0
    scattered: bool = False  # separate small polygons instead of cells

    @property
    def grouped(self) -> bool:
        """Whether a zone is a group of cells rather than one cell."""
        return self.cover < 1


LAYERS = (
    Plan(name="units", cells=1.0, share=0.369),
    Plan(name="water", cells=0.2, share=0.088, shape_of="town", shift_m=15.0),
    Plan(name="air", cells=0.2, share=0.088),
    Plan(name="soil", cells=0.4, share=0.120),
    Plan(name="town", cells=0.2, share=0.088),
    Plan(name="ground", cells=0.12, share=0.055),
    Plan(name="redline", cells=0.6, share=0.130, cover=0.38, units_per_zone=20),
    Plan(name="reserve", cells=0.3, share=0.040, cover=0.30, units_per_zone=60),
    Plan(name="park", cells=0.4, share=0.010, cover=0.10, units_per_zone=40),
    Plan(name="residential", cells=2.0, share=0.012, scattered=True),
)
NEAREST_LAYER = "residential"
PARTITIONS = tuple(plan.name for plan in LAYERS if not plan.grouped and not plan.scattered)
QUERIES = {"points": 0, "small": 2, "corridors": 1, "large": 2}  # each with its dimension


class Zones(NamedTuple):
    """Multipolygons as flat arrays. Rings are closed, exteriors counter-clockwise and first in their polygon."""

    xy: Floats  # (n, 2)
    rings: Ints  # (r+1,) offsets into xy
    polygons: Ints  # (p+1,) offsets into rings
    zones: Ints  # (z+1,) offsets into polygons

    def __len__(self) -> int:
        return len(self.zones) - 1

    def ring_starts(self) -> Ints:
        """(z+1,) offsets into ``rings`` of each zone, all its parts and holes together."""
        return np.asarray(self.polygons[self.zones])

    def shapes(self) -> NDArray[np.object_]:
        """(z,) MultiPolygon."""
        offsets = tuple(np.asarray(a) for a in (self.rings, self.polygons, self.zones))
        return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, np.array(self.xy), offsets)


class Figures(NamedTuple):
    """Query geometries of one dimension, one run of vertices each (polygons: one closed ring)."""

    xy: Floats
    runs: Ints  # (n+1,) offsets into xy
    dimension: int

    def __len__(self) -> int:
        return len(self.runs) - 1

    def first(self, count: int) -> Figures:
        """The first ``count`` of them; their order is random, so this is a fair sample."""
        runs = self.runs[: count + 1]
        return Figures(self.xy[: runs[-1]], runs, self.dimension)

    def part(self, start: int, stop: int) -> Figures:
        """Those from ``start`` to before ``stop``, with offsets of their own."""
        runs = self.runs[start : stop + 1]
        return Figures(np.ascontiguousarray(self.xy[runs[0] : runs[-1]]), runs - runs[0], self.dimension)

    def shapes(self) -> NDArray[np.object_]:
        """(n,) Point, LineString or Polygon."""
        xy, runs = np.array(self.xy), np.asarray(self.runs)
        if self.dimension == 0:
            return shapely.points(xy)
        if self.dimension == 1:
            return shapely.from_ragged_array(shapely.GeometryType.LINESTRING, xy, (runs,))
        return shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (runs, np.arange(len(runs))))


# --- the outline, seeds and Voronoi cells ----------------------------------------------------------


def outline(scale: Scale) -> shapely.Polygon:
    """The region in Albers metres; a nation is the province stretched about a centre of its own."""
    xy = np.column_stack(ALBERS(*OUTLINE.T))
    if scale.stretch == 1:
        return shapely.Polygon(xy)
    return shapely.Polygon((xy - xy.mean(axis=0)) * scale.stretch + np.array(ALBERS(*NATION_CENTRE)))


def places(n: int, region: shapely.Polygon, rng: Rng) -> Floats:
    """(n, 2) places in the region: half anywhere, half crowded around twelve towns in its east."""
    west, south, east, north = region.bounds
    towns = np.column_stack((rng.uniform((west + east) / 2, east, 12), rng.uniform(south, north, 12)))
    found: list[Floats] = []
    while sum(map(len, found)) < n:
        anywhere = np.column_stack((rng.uniform(west, east, n), rng.uniform(south, north, n)))
        crowded = towns[rng.integers(0, 12, n)] + rng.normal(0, 0.06 * (east - west), (n, 2))
        xy = np.where(rng.random((n, 1)) < 0.5, anywhere, crowded)
        found.append(xy[shapely.contains_xy(region, xy[:, 0], xy[:, 1])])
    return np.concatenate(found)[:n]


def frame(n: int, region: shapely.Polygon) -> Floats:
    """Seeds around the region, which close the cells at its edge; their own cells are not used."""
    west, south, east, north = region.bounds
    width = east - west
    around = region.buffer(0.03 * width).exterior
    at = np.linspace(0, 1, max(60, int(4 * np.sqrt(n))), endpoint=False)
    near = shapely.get_coordinates(shapely.line_interpolate_point(around, at, normalized=True))
    far = [
        (west - 3 * width, south),
        (east + 3 * width, south),
        (west, north + 3 * width),
        (east, south - 3 * width),
    ]
    return np.concatenate((near, far))


class Cells(NamedTuple):
    """Voronoi cells as directed sides: each is walked with its cell on the left, so inner sides occur twice."""

    seeds: Floats  # (c, 2)
    nodes: Floats  # (k, 2)
    tail: Ints  # (s,) node where the side starts
    head: Ints  # (s,) node where it ends
    left: Ints  # (s,) the cell it belongs to
    right: Ints  # (s,) the cell on the other side


def voronoi(seeds: Floats) -> Cells:
    """The Voronoi diagram of the seeds; sides at the very edge, which have no cell on their right, are left out."""
    diagram = shapely.voronoi_polygons(shapely.multipoints(seeds), ordered=True)
    cells = shapely.orient_polygons(shapely.get_parts(diagram))
    xy, cell = shapely.get_coordinates(cells, return_index=True)
    # Corners of neighbouring cells are the same doubles: GEOS computes a circumcentre once a triangle.
    corners, node = np.unique(np.ascontiguousarray(xy).view(np.complex128).ravel(), return_inverse=True)
    same = cell[1:] == cell[:-1]
    tail, head, left = node[:-1][same], node[1:][same], cell[1:][same]
    key, twin = tail * len(corners) + head, head * len(corners) + tail
    order = np.argsort(key)
    at = np.minimum(np.searchsorted(key, twin, sorter=order), len(key) - 1)
    inner = key[order[at]] == twin
    right = left[order[at]]
    nodes = np.column_stack((corners.real, corners.imag))
    return Cells(seeds, nodes, tail[inner], head[inner], left[inner], right[inner])


# --- fractal arcs ----------------------------------------------------------------------------------


def opening(corner: Floats, along: Floats, seed: Floats) -> Floats:
    """Tangent (at most 2) of the angle at ``corner`` between a side and the direction to a seed."""
    a, b = along - corner, seed - corner
    cross = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    dot = (a * b).sum(axis=1)
    return np.where(dot <= 0, 2.0, np.minimum(2.0, cross / np.maximum(dot, 1e-9)))


def draw_arcs(
    cells: Cells, sides: Ints, vertices: float, rng: Rng, shift_m: float = 0.0, shift_rng: Rng | None = None
) -> tuple[Floats, Ints]:
    """A fractal arc for each of ``sides``, about ``vertices`` points altogether.

    An arc is a Brownian bridge over its straight side (so it has the roughness of a coastline), bent back where it
    would leave the kite between its two seeds. With ``shift_m`` each vertex moves that much once more.

    Returns
    -------
    xy : (n, 2)
        Metres, rounded to 1 mm, no point twice in a row.
    offsets : (len(sides)+1,)
        Where each arc starts; an arc shorter than 1 mm is a single point.
    """
    start, end = cells.nodes[cells.tail[sides]], cells.nodes[cells.head[sides]]
    left, right = cells.seeds[cells.left[sides]], cells.seeds[cells.right[sides]]
    length = np.hypot(*(end - start).T)
    pieces = np.maximum(1, np.round(length / length.sum() * vertices).astype(np.int64))
    offsets = np.concatenate(([0], np.cumsum(pieces + 1)))
    arc = np.repeat(np.arange(len(sides)), pieces + 1)
    t = (np.arange(offsets[-1]) - offsets[arc]) / pieces[arc]

    noise = rng.normal(0, 1, offsets[-1])
    walk = np.cumsum((0.6 * noise + 0.4 * np.roll(noise, 1)) * np.repeat(length / pieces, pieces + 1))
    walk -= walk[offsets[:-1]][arc]
    walk -= t * walk[offsets[1:] - 1][arc]

    at_start = np.minimum(opening(start, end, left), opening(start, end, right))
    at_end = np.minimum(opening(end, start, left), opening(end, start, right))
    kite = np.minimum(t * (length * at_start)[arc], (1 - t) * (length * at_end)[arc])
    bound = 0.85 * kite + 1e-9
    bend = np.tanh(walk / bound)
    if shift_rng is not None:
        bend = np.tanh(walk / bound + shift_rng.normal(0, shift_m, len(walk)) / np.maximum(bound, 50.0))
    aside = bend * bound

    direction = (end - start) / np.maximum(length, 1e-12)[:, None]
    xy = np.empty((len(arc), 2))
    xy[:, 0] = start[arc, 0] + t * (end - start)[arc, 0] - aside * direction[arc, 1]
    xy[:, 1] = start[arc, 1] + t * (end - start)[arc, 1] + aside * direction[arc, 0]
    xy[offsets[:-1]], xy[offsets[1:] - 1] = start, end
    xy = np.round(xy, 3)

    fresh = np.ones(len(xy), dtype=bool)
    fresh[1:] = (xy[1:] != xy[:-1]).any(axis=1) | (arc[1:] != arc[:-1])
    return xy[fresh], np.concatenate(([0], np.cumsum(np.bincount(arc[fresh], minlength=len(sides)))))


# --- from cells to zones ---------------------------------------------------------------------------


def components(n: int, a: Ints, b: Ints) -> Ints:
    """(n,) the smallest cell each cell is connected with, over the links ``a``-``b``."""
    root = np.arange(n)
    while True:
        lower = root.copy()
        np.minimum.at(lower, a, root[b])
        lower = lower[lower]
        if (lower == root).all():
            return root
        root = lower


def walk_rings(part: Ints, tail: Ints, head: Ints) -> tuple[Ints, Ints]:
    """Order directed sides into rings: the side after one starts where it ends, around the same part.

    Returns the sides in order, and the (rings+1,) offsets of the rings among them.
    """
    follows = {pair: side for side, pair in enumerate(zip(part.tolist(), tail.tolist(), strict=True))}
    following = [follows[pair] for pair in zip(part.tolist(), head.tolist(), strict=True)]
    order: list[int] = []
    offsets = [0]
    seen = bytearray(len(following))
    for first in range(len(following)):
        side = first
        while not seen[side]:
            seen[side] = 1
            order.append(side)
            side = following[side]
        if len(order) > offsets[-1]:
            offsets.append(len(order))
    return np.array(order), np.array(offsets)


def signed_areas(xy: Floats, rings: Ints) -> Floats:
    """(rings,) shoelace area of closed rings, positive when counter-clockwise."""
    local = xy - np.repeat(xy[rings[:-1]], np.diff(rings), axis=0)  # near the origin, for the digits
    cross = np.zeros(len(xy))
    cross[:-1] = local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]
    cross[rings[1:] - 1] = 0  # from one ring to the next there is no side
    return np.add.reduceat(cross, rings[:-1]) / 2


def dissolve(cells: Cells, zone: Ints, vertices: float, rng: Rng, **shift: Any) -> Zones:
    """Zones from cells: ``zone`` is the number of the zone of each cell, or -1.

    Arcs are drawn only where two zones, or a zone and nothing, meet. A connected group of cells is one polygon; its
    counter-clockwise ring is the exterior, the others are holes.
    """
    border = np.flatnonzero((zone[cells.left] >= 0) & (zone[cells.left] != zone[cells.right]))
    inner = (zone[cells.left] >= 0) & (zone[cells.left] == zone[cells.right])
    part = components(len(cells.seeds), cells.left[inner], cells.right[inner])[cells.left[border]]

    # The side with the lower cell on its left draws the arc, its twin walks it backwards.
    low, high = np.minimum(cells.tail, cells.head)[border], np.maximum(cells.tail, cells.head)[border]
    _, drawn, arc = np.unique(low * len(cells.nodes) + high, return_index=True, return_inverse=True)
    forward = cells.tail[border] == cells.tail[border[drawn]][arc]
    uses = np.bincount(arc).mean()  # 2 where zones fill the region, 1 where they lie alone
    xy, arcs = draw_arcs(cells, border[drawn], vertices / uses, rng, **shift)

    order, rings = walk_rings(part, cells.tail[border], cells.head[border])
    arc, forward = arc[order], forward[order]
    count = np.diff(arcs)[arc] - 1  # the last point of an arc is the first of the next
    at = np.concatenate(([0], np.cumsum(count)))
    along = np.arange(at[-1]) - np.repeat(at[:-1], count)
    along *= np.repeat(np.where(forward, 1, -1), count)
    along += np.repeat(np.where(forward, arcs[arc], arcs[arc + 1] - 1), count)
    walked = Figures(xy[along], at[rings], 2)

    # Sort rings by zone and polygon, the exterior first.
    closed, starts = close(walked.xy, walked.runs)
    of_part = part[order[rings[:-1]]]
    of_zone = zone[of_part]
    hole = signed_areas(closed, starts) < 0
    sorted_rings = np.lexsort((hole, of_part, of_zone))
    closed, starts = take_runs(closed, starts, sorted_rings)
    of_part, of_zone = of_part[sorted_rings], of_zone[sorted_rings]
    polygons = np.flatnonzero(np.concatenate(([True], of_part[1:] != of_part[:-1], [True])))
    first_of_zone = of_zone[polygons[:-1]]
    zones = np.flatnonzero(np.concatenate(([True], first_of_zone[1:] != first_of_zone[:-1], [True])))
    return Zones(closed, starts, polygons, zones)


def close(xy: Floats, runs: Ints) -> tuple[Floats, Ints]:
    """Rings with their first point repeated at the end."""
    run = np.repeat(np.arange(len(runs) - 1), np.diff(runs))
    closed_runs = runs + np.arange(len(runs))
    closed = np.empty((len(xy) + len(runs) - 1, 2))
    closed[np.arange(len(xy)) + run] = xy
    closed[closed_runs[1:] - 1] = xy[runs[:-1]]
    return closed, closed_runs


def take_runs(xy: Floats, runs: Ints, chosen: Ints) -> tuple[Floats, Ints]:
    """The chosen runs, in that order."""
    count = np.diff(runs)[chosen]
    starts = np.concatenate(([0], np.cumsum(count)))
    return xy[np.arange(starts[-1]) + np.repeat(runs[:-1][chosen] - starts[:-1], count)], starts


def group_cells(cells: Cells, n: int, plan: Plan, units: int, region: shapely.Polygon, rng: Rng) -> Ints:
    """(cells,) zone of each cell or -1: patches of hilly country, given to weighted centres nearby, with holes.

    The first ``n`` cells are those inside the region.
    """
    west, _, east, _ = region.bounds
    xy = cells.seeds[:n]
    height = np.zeros(n)
    for wave in range(1, 9):
        for angle in rng.uniform(0, 2 * np.pi, 6):
            distance = np.cos(angle) * xy[:, 0] + np.sin(angle) * xy[:, 1]
            height += np.sin(distance * wave * 9 / (east - west) + 7 * angle) / wave
    height += rng.normal(0, 0.5 * height.std(), n)  # ragged edges, outliers and clearings
    inside = height > np.quantile(height, 1 - plan.cover)

    zones = max(4, int(units / plan.units_per_zone))
    centres = xy[rng.integers(0, n, zones)]
    reach = np.minimum(rng.pareto(2.2, zones) + 0.5, 10)  # a heavy tail: few centres take most of the country
    nearest = np.concatenate(
        [
            (((block[:, None] - centres) ** 2).sum(axis=2) / reach**2).argmin(axis=1)
            for block in np.array_split(xy, len(xy) // 2000 + 1)
        ]
    )
    zone = np.full(len(cells.seeds), -1)
    zone[:n] = np.where(inside, nearest, -1)
    strangers = np.bincount(cells.left, zone[cells.left] != zone[cells.right], minlength=len(zone))
    enclosed = (zone >= 0) & (strangers == 0)
    zone[enclosed & (rng.random(len(zone)) < 0.3)] = -1
    return zone


# --- small things, and queries ---------------------------------------------------------------------


def stars(centres: Floats, areas_m2: Floats, vertices: Ints, rng: Rng) -> Figures:
    """A simple polygon around each centre, of the given area and number of vertices."""
    runs = np.concatenate(([0], np.cumsum(vertices)))
    run = np.repeat(np.arange(len(vertices)), vertices)
    k = np.arange(runs[-1]) - runs[run]
    angle = (k + rng.uniform(0, 0.95, len(k))) * 2 * np.pi / vertices[run]
    roughness = np.minimum(0.105, 2 / vertices)[run]
    stretched = np.sin(2 * angle + rng.uniform(0, 2 * np.pi, len(vertices))[run])
    radius = np.exp(rng.normal(0, 1, len(k)) * roughness + 0.35 * stretched)
    xy, closed = close(np.column_stack((radius * np.cos(angle), radius * np.sin(angle))), runs)
    size = np.sqrt(areas_m2 / signed_areas(xy, closed))
    spread = np.repeat(np.arange(len(vertices)), vertices + 1)
    return Figures(np.round(centres[spread] + size[spread, None] * xy, 3), closed, 2)


def corridors(starts: Floats, lengths_m: Floats, rng: Rng) -> Figures:
    """A line from each start, in steps of 500 m, that turns a little at every step."""
    steps = (lengths_m / 500).astype(np.int64)
    runs = np.concatenate(([0], np.cumsum(steps + 1)))
    run = np.repeat(np.arange(len(steps)), steps + 1)
    turn = np.cumsum(rng.normal(0, 0.08, runs[-1]))
    heading = turn - turn[runs[run]] + rng.uniform(0, 2 * np.pi, len(steps))[run]
    step = 500 * np.column_stack((np.cos(heading), np.sin(heading)))
    way = np.cumsum(step, axis=0)
    way += (starts - way[runs[:-1]])[run]
    return Figures(np.round(way, 3), runs, 1)


def between(low: float, high: float, n: int, rng: Rng) -> Floats:
    """(n,) numbers spread evenly in their logarithm."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def make_queries(scale: Scale) -> dict[str, Figures]:
    """What is asked: points, small polygons, corridors and large polygons, in random order."""
    rng = np.random.default_rng([RECIPE, 99])
    region = outline(scale)
    points = np.round(places(100_000, region, rng), 3)
    small = stars(
        places(10_000, region, rng), between(1e4, 5e6, 10_000, rng), rng.integers(10, 201, 10_000), rng
    )
    lines = corridors(places(1_000, region, rng), between(1e4, 3e5, 1_000, rng), rng)
    large = stars(places(200, region, rng), between(3e8, 1e10, 200, rng), rng.integers(500, 5001, 200), rng)
    return {
        "points": Figures(points, np.arange(len(points) + 1), 0),
        "small": small,
        "corridors": lines,
        "large": large,
    }


def make_layer(scale: Scale, plan: Plan) -> Zones:
    """One layer; depends on nothing but the scale and its plan, so layers can be made side by side."""
    names = [p.name for p in LAYERS]
    rng = np.random.default_rng([RECIPE, names.index(plan.shape_of or plan.name)])
    region = outline(scale)
    n = max(8, int(scale.units * plan.cells))
    vertices = scale.vertices * plan.share
    inside = places(n, region, rng)
    if plan.scattered:
        each = np.full(n, max(8, int(vertices / n)))
        made = stars(inside, between(5e3, 5e5, n, rng), each, rng)
        return Zones(made.xy, made.runs, np.arange(n + 1), np.arange(n + 1))
    cells = voronoi(np.concatenate((inside, frame(n, region))))
    if plan.grouped:
        zone = group_cells(cells, n, plan, scale.units, region, rng)
    else:
        zone = np.where(np.arange(len(cells.seeds)) < n, np.arange(len(cells.seeds)), -1)
    if not plan.shape_of:
        return dissolve(cells, zone, vertices, rng)
    again = np.random.default_rng([RECIPE, names.index(plan.name)])
    return dissolve(cells, zone, vertices, rng, shift_m=plan.shift_m, shift_rng=again)


def to_lonlat(xy: Floats) -> Floats:
    """Longitude and latitude in degrees, rounded to 1e-10 (some 10 µm)."""
    return np.round(np.column_stack(ALBERS(xy[:, 0], xy[:, 1], inverse=True)), 10)


# --- files -----------------------------------------------------------------------------------------


def recipe(scale: Scale) -> dict[str, Any]:
    """Everything the numbers depend on."""
    return {"recipe": RECIPE, "scale": asdict(scale), "layers": [asdict(plan) for plan in LAYERS]}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path, name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, dict[str, Any]]:
    """Save arrays as ``<name>.<column>.npy``; the manifest's entry for each file."""
    files = {}
    for column, array in arrays.items():
        path = folder / f"{name}.{column}.npy"
        np.save(path, array)
        files[path.name] = {"bytes": path.stat().st_size, "sha256": digest(path)}
    return files


def write_layer(scale: Scale, plan: Plan, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make and save one layer; its counts and files."""
    layer = make_layer(scale, plan)
    of_zone = np.diff(layer.rings[layer.ring_starts()])
    counts = {
        "zones": len(layer),
        "polygons": len(layer.polygons) - 1,
        "holes": len(layer.rings) - len(layer.polygons),
        "vertices": len(layer.xy),
        "largest": int(of_zone.max()),
        "median": int(np.median(of_zone)),
    }
    return counts, write(folder, plan.name, layer._asdict() | {"lonlat": to_lonlat(layer.xy)})


def write_queries(scale: Scale, folder: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """Make and save all queries; their counts and files."""
    counts, files = {}, {}
    for name, figures in make_queries(scale).items():
        counts[name] = len(figures)
        columns = {"xy": figures.xy, "runs": figures.runs, "lonlat": to_lonlat(figures.xy)}
        files |= write(folder, f"query-{name}", columns)
    return counts, files


def generate(scale: Scale, folder: Path) -> dict[str, Any]:
    """Make everything, two layers at a time; the manifest, which is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    started = time.perf_counter()
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        asked = pool.submit(write_queries, scale, folder)
        biggest_first = sorted(LAYERS, key=lambda plan: -plan.share / plan.cover)
        jobs = {plan.name: pool.submit(write_layer, scale, plan, folder) for plan in biggest_first}
        made = {plan.name: jobs[plan.name].result() for plan in LAYERS}
        query_counts, files = asked.result()
    for _, written in made.values():
        files |= written
    manifest = {
        **recipe(scale),
        "made_with": {
            "numpy": np.__version__,
            "shapely": shapely.__version__,
            "geos": shapely.geos_version_string,
        },
        "seconds": round(time.perf_counter() - started, 1),
        "counts": {name: counts for name, (counts, _) in made.items()},
        "queries": query_counts,
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return manifest


def present(scale: Scale, folder: Path) -> bool:
    """Whether the folder holds this scale, made by this recipe and complete."""
    path = folder / "manifest.json"
    if not path.exists():
        return False
    manifest = json.loads(path.read_text("utf-8"))
    wanted = json.loads(json.dumps(recipe(scale)))
    return all(manifest.get(key) == value for key, value in wanted.items()) and all(
        (folder / name).exists() and (folder / name).stat().st_size == file["bytes"]
        for name, file in manifest["files"].items()
    )


class Province:
    """A generated folder, opened: arrays are memory-mapped when asked for."""

    def __init__(self, scale: Scale, folder: Path) -> None:
        self.scale = scale
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text("utf-8"))

    @property
    def vertices(self) -> int:
        """Vertices of all layers together."""
        return sum(counts["vertices"] for counts in self.manifest["counts"].values())

    @property
    def zones(self) -> int:
        """Zones of all layers together."""
        return sum(counts["zones"] for counts in self.manifest["counts"].values())

    def array(self, name: str) -> NDArray[Any]:
        """One file, mapped."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")

    def layer(self, name: str, *, lonlat: bool = False) -> Zones:
        """One layer, in metres or in longitude and latitude."""
        columns = ("lonlat" if lonlat else "xy", "rings", "polygons", "zones")
        return Zones(*(self.array(f"{name}.{column}") for column in columns))

    def layers(self, *, lonlat: bool = False) -> list[Zones]:
        """All layers in order; zones are numbered through all of them."""
        return [self.layer(plan.name, lonlat=lonlat) for plan in LAYERS]

    def queries(self, name: str, *, lonlat: bool = False) -> Figures:
        """One set of queries, read into memory."""
        xy = np.array(self.array(f"query-{name}.{'lonlat' if lonlat else 'xy'}"))
        return Figures(xy, np.array(self.array(f"query-{name}.runs")), QUERIES[name])


def data_folder() -> Path:
    """Where generated data lives: ``BENCH_DATA``, or ``build/bench`` of this repository."""
    return Path(os.environ.get("BENCH_DATA") or Path(__file__).resolve().parent.parent / "build" / "bench")


def ensure(scale: Scale, root: Path | None = None) -> Province:
    """The province of this scale in ``root/<scale>``, generated when it is not there yet."""
    folder = (root or data_folder()) / scale.name
    if not present(scale, folder):
        print(f"generating {scale.name} in {folder} ...", file=sys.stderr)
        generate(scale, folder)
    return Province(scale, folder)


# --- checks ----------------------------------------------------------------------------------------


def check(province: Province) -> list[str]:
    """What GEOS and the manifest find wrong: invalid shapes, partitions that leave gaps or overlap, other hashes."""
    wrong = []
    for name, file in province.manifest["files"].items():
        if digest(province.folder / name) != file["sha256"]:
            wrong.append(f"{name}: not the file of the manifest")
    for plan in LAYERS:
        shapes = province.layer(plan.name).shapes()
        if not shapely.is_valid(shapes).all():
            wrong.append(f"{plan.name}: {int((~shapely.is_valid(shapes)).sum())} invalid zones")
        if plan.name in PARTITIONS and not shapely.coverage_is_valid(shapes):
            wrong.append(f"{plan.name}: not a valid coverage")
    invalid = [name for name in QUERIES if not shapely.is_valid(province.queries(name).shapes()).all()]
    return wrong + [f"{name}: invalid queries" for name in invalid]


def main() -> None:
    """Generate, print the counts, and check on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", choices=SCALES, default=PROVINCE.name)
    parser.add_argument("--data", type=Path, help="root folder; default BENCH_DATA or build/bench")
    parser.add_argument(
        "--check", action="store_true", help="hashes, validity and coverages (slow above province)"
    )
    options = parser.parse_args()
    province = ensure(SCALES[options.scale], options.data)
    for name, counts in province.manifest["counts"].items():
        print(f"{name:12s}", "  ".join(f"{key} {value:,}" for key, value in counts.items()))
    print(
        f"{province.zones:,} zones, {province.vertices:,} vertices, made in {province.manifest['seconds']} s"
    )
    if options.check:
        wrong = check(province)
        print("\n".join(wrong) or "hashes, validity and coverages: all right")
        sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

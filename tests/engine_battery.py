"""A small, sharp set of questions to the engine, with the answers of GEOS: what the mutants have to pass.

The kernels run as plain Python here (``NUMBA_DISABLE_JIT=1``), so everything is tiny. Run as a program it reads a
list of mutants as JSON, tries each in a process of its own and prints what caught it.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian import geometry

Rows = dict[tuple[int, int], float]
GEOD = pyproj.Geod(a=6378137.0, rf=298.257222101)
LIMIT_S = 40  # a mutant that runs longer does not end


class Case(NamedTuple):
    """Layers, what is asked of them, and the answers of GEOS."""

    layers: list[list[BaseGeometry]]
    cells: tuple[float, ...]
    polygons: list[BaseGeometry]
    lines: list[BaseGeometry]
    areas: Rows
    lengths: Rows


def _case(
    layers: list[list[BaseGeometry]],
    cells: tuple[float, ...],
    polygons: list[BaseGeometry],
    lines: list[BaseGeometry],
) -> Case:
    zones = [zone for layer in layers for zone in layer]
    return Case(layers, cells, polygons, lines, _shared(polygons, zones), _shared(lines, zones))


def _shared(queries: Sequence[BaseGeometry], zones: Sequence[BaseGeometry]) -> Rows:
    made = {}
    for q, query in enumerate(queries):
        for z, zone in enumerate(zones):
            piece = shapely.intersection(query, zone)
            size = float(shapely.area(piece) if shapely.get_dimensions(query) == 2 else shapely.length(piece))
            if size > 0.0:
                made[q, z] = size
    return made


def _triangles() -> list[BaseGeometry]:
    """A partition of a square of 8 with slanting, upright, level and collinear borders, on and off grid lines."""
    xy = [(0, 0), (8, 0), (8, 8), (0, 8), (4, 0), (4, 4), (3, 7), (6, 5), (2, 2), (8, 4), (5, 2)]
    made = shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(xy)))
    return [shapely.union_all(made[k::4]) for k in range(4)]


def _ring() -> BaseGeometry:
    return shapely.Polygon([(1, 1), (7, 1), (7, 7), (1, 7)], [[(3, 3), (3, 5), (5, 6), (5, 3)]])


def _teeth(count: int) -> list[BaseGeometry]:
    """Two zones with a border that runs up and down, and two halves that meet on a line between strips."""
    x = np.linspace(0, 8, 2 * count + 1)
    border = np.column_stack((x, np.where(np.arange(len(x)) % 2, 7.0, 1.0)))
    lower = shapely.Polygon(np.vstack((border, [(8, 0), (0, 0)])))
    upper = shapely.Polygon(np.vstack((border, [(8, 8), (0, 8)])))
    return [lower, upper]


def cases() -> list[Case]:
    """What the plane is asked."""
    wide = shapely.Polygon([(-3, -2), (11, -1), (12, 9), (5, 12), (-2, 9.5)], [[(2, 2.5), (2.5, 6), (6, 3)]])
    several = shapely.MultiPolygon(
        [shapely.box(0.3, 0.2, 1.7, 5.1), shapely.Polygon([(4.1, 0.3), (7.7, 2.2), (5, 6.3)])]
    )
    small = [shapely.Polygon([(2.2, 2.1), (2.9, 2.4), (2.3, 2.8)]), shapely.box(5.5, 5.5, 5.75, 7.9)]
    beside = [
        shapely.box(-9, 3, -5, 5),
        shapely.box(3, 20, 4, 21),
        shapely.box(3, -21, 4, -20),
        shapely.box(20, 3, 21, 4),
    ]
    walk = shapely.LineString([(-2, 0.4), (3, 5.3), (3, 7.7), (7.2, 7.1), (7.6, -1.5)])
    back = shapely.LineString([(9, 6.5), (-1, 1.25), (5, 0.5), (5.5, 9)])
    along = [
        shapely.LineString([(4, -1), (4, 9)]),
        shapely.LineString([(8, 1), (8, 5)]),
        shapely.LineString([(-1, 4), (9, 4)]),
        shapely.LineString([(1, 1), (7, 1), (7, 7)]),
        shapely.LineString([(8, 8), (0, 0)]),
        shapely.LineString([(0, 8), (8, 0)]),
        shapely.LineString([(3, 3), (3, 5), (5, 6)]),
    ]
    partition = _triangles()
    two = shapely.MultiPolygon([shapely.box(0.5, 3, 1, 5), shapely.box(2, 3, 3.5, 5)])
    over = [_ring(), _ring(), shapely.box(4, 2, 12, 6), two]
    tall = shapely.Polygon([(1, -30), (7, -25), (6, 40), (2, 30)])
    strips = shapely.box(0, 0, 4, 8), shapely.box(4, 0, 8, 8)
    return [
        _case(
            [partition, over],
            (1.0, 4.0, 16.0),
            [wide, tall, several, *small, *beside, *partition, *over],
            [walk, back, *along],
        ),
        _case(
            [_teeth(60), list(strips)],
            (8.0,),
            [wide, several, *small, shapely.box(3, -1, 4, 9)],
            [walk, back, along[2]],
        ),
    ]


# --- the questions ---------------------------------------------------------------------------------


def _rows(found: Any) -> Rows:
    pairs = list(zip(found.query.tolist(), found.zone.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs), "a pair comes twice"
    assert (found.size > 1e-6).all(), "contact is no share"
    return dict(zip(pairs, found.size.tolist(), strict=True))


def _same(found: Rows, truth: Rows, what: str, relative: float = 1e-9, least: float = 2e-6) -> None:
    for key in found.keys() | truth.keys():
        one, other = found.get(key, 0.0), truth.get(key, 0.0)
        assert abs(one - other) <= max(relative * other, least if min(one, other) == 0.0 else 1e-9), (
            what,
            key,
            one,
            other,
        )


def plane(engine: types.ModuleType, known: list[Case]) -> None:
    """Areas, lengths and the areas of the zones."""
    for case in known:
        shapes = [engine.Shapes.of(layer) for layer in case.layers]
        zones = [zone for layer in case.layers for zone in layer]
        for cell in case.cells:
            index = engine.Index.build(shapes, engine.PLANE, cell=cell)
            np.testing.assert_allclose(index.grid.zone_area, shapely.area(zones), rtol=1e-9)
            _same(_rows(index.areas(engine.Shapes.of(case.polygons))), case.areas, f"area, cell {cell}")
            found = index.lengths(engine.Shapes.of(case.lines))
            _same(_rows(found), case.lengths, f"length, cell {cell}")
            _conserved(case, _rows(found), found.along.tolist(), found)


def _conserved(case: Case, sizes: Rows, along: list[float], found: Any) -> None:
    """Without what runs along a boundary a partition shares a line out once."""
    extra = dict(zip(sizes, along, strict=True))
    land = shapely.union_all(case.layers[0])
    for q, line in enumerate(case.lines):
        once = sum(sizes.get((q, z), 0.0) - extra.get((q, z), 0.0) for z in range(len(case.layers[0])))
        inside = float(shapely.length(shapely.intersection(line, land)))
        on_edge = float(shapely.length(shapely.intersection(line, shapely.boundary(land))))
        assert inside - on_edge - 1e-9 <= once <= inside + 1e-9, ("along", q, once, inside)


def spots(engine: types.ModuleType, known: list[Case]) -> None:
    """Points: everywhere, on boundaries, within and just beyond the contact tolerance, in strips."""
    rng = np.random.default_rng(1)
    for number, case in enumerate(known):
        zones = [zone for layer in case.layers for zone in layer]
        tree = shapely.STRtree(zones)
        at = np.arange(-1, 9.5, 0.5) if number == 0 else np.array([0.5, 4 - 5e-4, 4, 4 + 5e-4, 4 + 2e-3, 7.0])
        grid = np.column_stack([c.ravel() for c in np.meshgrid(at, at)])
        sets = [grid, grid[rng.integers(0, len(grid), 40)] + 1e-12 * rng.uniform(-1, 1, (40, 2))]
        if number == 0:
            on = grid[(grid % 1 == 0).all(axis=1)]
            sets += [on + np.array(by) for by in ((7e-4, -7e-4), (-9e-4, 0), (2e-3, 2e-3), (-1.5e-3, 0))]
        for cell in case.cells:
            index = engine.Index.build(
                [engine.Shapes.of(layer) for layer in case.layers], engine.PLANE, cell=cell
            )
            for xy in sets:
                truth: list[list[int]] = [[] for _ in xy]
                for p, z in zip(
                    *tree.query(shapely.points(xy), predicate="dwithin", distance=1e-3).tolist(), strict=True
                ):
                    truth[p].append(z)
                start, zone = index.points(xy)
                found = [sorted(zone[a:b].tolist()) for a, b in pairwise(start.tolist())]
                assert found == [sorted(t) for t in truth], ("points", cell)


def contacts(engine: types.ModuleType, known: list[Case]) -> None:
    """Lines a hair beside a boundary, on either side of a grid line; linear and point zones."""
    quarters = [shapely.box(x, y, x + 4, y + 4) for x in (0, 4) for y in (0, 4)]
    for cell in (1.0, 4.0, 16.0):
        index = engine.Index.build([engine.Shapes.of(quarters)], engine.PLANE, cell=cell)
        for shift in (0.0, 1e-12, -1e-12, 7e-4, -7e-4):
            lines = [
                shapely.LineString([(4 + shift, 1), (4 + shift, 7)]),
                shapely.LineString([(7, 4 + shift), (1, 4 + shift)]),
                shapely.LineString([(4 - shift, 1), (4 + shift, 7)]),
                shapely.LineString([(1, 4 - shift), (7, 4 + shift)]),
            ]
            truth = {(q, z): 3.0 for q in range(4) for z in range(4)}
            _same(_rows(index.lengths(engine.Shapes.of(lines))), truth, f"along, shift {shift}", 1e-3)
        beyond = [
            shapely.LineString([(4 + 2e-3, 1), (4 + 2e-3, 7)]),
            shapely.LineString([(1, 4 - 2e-3), (7, 4 - 2e-3)]),
        ]
        _same(
            _rows(index.lengths(engine.Shapes.of(beyond))),
            {(0, 2): 3.0, (0, 3): 3.0, (1, 0): 3.0, (1, 2): 3.0},
            "beyond",
            1e-3,
        )
    for by, shift in ((4e-4, -3e-4), (-4e-4, 3e-4)):  # the boundary and the line on two sides of a grid line
        moved = [shapely.affinity.translate(quarter, by, by) for quarter in quarters]
        index = engine.Index.build([engine.Shapes.of(moved)], engine.PLANE, cell=4.0)
        lines = [
            shapely.LineString([(4 + shift, 1), (4 + shift, 7)]),
            shapely.LineString([(1, 4 + shift), (7, 4 + shift)]),
        ]
        truth = {(q, z): 3.0 for q in range(2) for z in range(4)}
        _same(_rows(index.lengths(engine.Shapes.of(lines))), truth, f"along, boundary moved {by}", 1e-3)
    x = np.nextafter(np.nextafter(8.0, 0.0), 0.0)
    for foot, top in (
        (x, 8.0),
        (8.0, x),
        (8 - 4e-4, 8 + 4e-4),
        (8 + 4e-4, 8 - 4e-4),
    ):  # a border all but upright
        halves = [
            shapely.Polygon([(0, 0), (foot, 0), (top, 64), (0, 64)]),
            shapely.Polygon([(foot, 0), (16, 0), (16, 64), (top, 64)]),
        ]
        for cell in (8.0, 64.0):
            index = engine.Index.build([engine.Shapes.of(halves)], engine.PLANE, cell=cell)
            for shift in (-5e-4, 0.0, 5e-4):
                line = shapely.LineString([(8 + shift, 1), (8 + shift, 63)])
                found = _rows(index.lengths(engine.Shapes.of([line])))
                _same(
                    found,
                    {(0, 0): 62.0, (0, 1): 62.0},
                    f"along a leaning border, cell {cell}, shift {shift}",
                    0.2,
                )
    index = engine.Index.build([engine.Shapes.of([shapely.box(2, 2, 14, 102)])], engine.PLANE, cell=8.0)
    upright = [shapely.LineString([(x, 10), (8, 100)]), shapely.LineString([(8, 10), (x, 100)])]
    _same(_rows(index.lengths(engine.Shapes.of(upright))), {(0, 0): 90.0, (1, 0): 90.0}, "all but upright")
    river, land = shapely.LineString([(0, 4), (4, 4), (8, 6)]), shapely.box(0, 0, 8, 8)
    index = engine.Index.build([engine.Shapes.of([river, land, shapely.Point(4, 4)])], engine.PLANE, cell=2.0)
    np.testing.assert_allclose(index.grid.zone_area, [0.0, 64.0, 0.0], rtol=1e-12, atol=0.0)
    _same(_rows(index.areas(engine.Shapes.of([land]))), {(0, 1): 64.0}, "river's area")
    found = _rows(index.lengths(engine.Shapes.of([shapely.LineString([(2, 4), (4, 4), (4, 5)])])))
    _same(found, {(0, 0): 2.0, (0, 1): 3.0}, "river's length")
    start, zone = index.points(np.array([[2.0, 4.0], [4.0, 4.0], [3.0, 3.0]]))
    assert [sorted(zone[a:b].tolist()) for a, b in pairwise(start.tolist())] == [[0, 1], [0, 1, 2], [1]]


def blocks(engine: types.ModuleType, known: list[Case]) -> None:
    """Built in many blocks; a ring that does not close."""
    build = sys.modules["sanxian.engine.build"]
    large = build.BLOCK_PIECES
    for case, cell in ((known[1], 4.0), (known[0], 2.0)):
        shapes = [engine.Shapes.of(layer) for layer in case.layers]
        at_once = engine.Index.build(shapes, engine.PLANE, cell=cell).grid
        build.BLOCK_PIECES = 10  # type: ignore[attr-defined]
        in_blocks = engine.Index.build(shapes, engine.PLANE, cell=cell).grid
        build.BLOCK_PIECES = large  # type: ignore[attr-defined]
        for name in at_once._fields:
            np.testing.assert_allclose(
                getattr(at_once, name), getattr(in_blocks, name), rtol=1e-12, err_msg=name
            )
        assert {0, 3} <= set(at_once.layers.tolist()) <= {0, 1, 2, 3}
        for first, last in pairwise(at_once.zone_start.tolist()):
            here = at_once.zone_cell[first:last].tolist()
            assert here
            assert len(set(here)) == len(here)
    box = engine.Shapes.of([shapely.box(0, 0, 3, 3)])
    try:
        engine.Index.build(
            [engine.Shapes.polygons(box.xy[:4], np.array([0, 4]), np.array([0, 1]))], engine.PLANE, cell=2.0
        )
    except ValueError:
        return
    raise AssertionError("a ring that does not close was taken")


def _reach(within: Sequence[float]) -> Any:
    level = np.unique(np.array(within))
    bits = np.zeros(len(level), np.uint64)
    for number, metres in enumerate(within):
        bits[level <= metres] |= np.uint64(1) << np.uint64(number % 64)
    return sys.modules["sanxian.engine.near"].Reach(np.array(within, float), level, bits)


def nearness(engine: types.ModuleType, known: list[Case]) -> None:
    """The nearest, those within reach, and the nearest of some, against distances by GEOS."""
    rng = np.random.default_rng(2)
    houses = [
        shapely.box(x, y, x + w, y + 2)
        for x, y, w in zip(*rng.uniform(0, 60, (2, 14)), rng.uniform(1, 3, 14), strict=True)
    ]
    wells: list[BaseGeometry] = [shapely.Point(p) for p in rng.uniform(0, 60, (4, 2))]
    wells += [shapely.LineString([(0, 30), (60, 41)]), shapely.box(70, 0, 72, 1)]
    layers = [houses, wells]
    zones = houses + wells
    borders = [shapely.boundary(z) if shapely.get_dimensions(z) == 2 else z for z in zones]
    asked: list[BaseGeometry] = [shapely.Point(p) for p in rng.uniform(-5, 65, (5, 2))]
    asked += [
        shapely.LineString([(2, 50), (20, 55), (21, 20)]),
        shapely.box(45, 12, 47, 13.5),
        shapely.Point(200, 30),
    ]
    asked += [shapely.MultiPolygon([shapely.box(90, 0, 91, 1), shapely.box(50, 30, 52, 31)])]
    asked += [shapely.box(float(shapely.bounds(houses[0])[0]) - 1, -3, 64, 64)]
    # under a house, with its floor and its roof above
    asked += [shapely.Point(house.centroid.x, house.bounds[1] - 0.3) for house in houses[:6]]
    for cell in (4.0, 32.0):
        index = engine.Index.build([engine.Shapes.of(layer) for layer in layers], engine.PLANE, cell=cell)
        for shape in asked:
            outline = shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape
            own = engine.Shapes.of([shape])
            away = shapely.distance(outline, borders)
            for layer, first, last in ((0, 0, 14), (1, 14, 20)):
                truth = shapely.distance(shape, zones[first:last])
                for within in (3.0, 500.0):
                    zone, distance = index.nearest(own, layer, within)
                    least = float(truth.min())
                    if least > within:
                        assert (zone[0], distance[0]) == (-1, np.inf), ("nearest", cell, within)
                    else:
                        assert abs(distance[0] - least) <= 1e-9 * least + 1e-9, (
                            "nearest",
                            cell,
                            distance[0],
                            least,
                        )
                        assert abs(truth[zone[0] - first] - least) <= 1e-9, ("nearest zone", cell)
            met = np.flatnonzero(shapely.intersects(shape, zones)).astype(np.int32)
            for by_layer in ((9.0, 4.0), (0.5, 20.0)):
                near = index.near(own, 0, _reach(by_layer), met)
                limit = np.repeat(by_layer, (14, 6))
                expected = [z for z in range(20) if away[z] <= limit[z] and z not in met]
                assert sorted(near.zone.tolist()) == expected, ("near", cell, by_layer)
                np.testing.assert_allclose(near.distance, away[near.zone], rtol=1e-9, atol=1e-9)
                np.testing.assert_allclose(
                    np.hypot(*(near.place[:, :2] - near.place[:, 2:]).T), near.distance, atol=1e-6
                )
            for some in (np.arange(20, dtype=np.int32), np.array([3, 17, 19], np.int32)):
                found = index.nearest_of(own, 0, some)
                assert abs(found.distance[0] - away[some].min()) <= 1e-9 * away[some].min() + 1e-9, (
                    "nearest_of",
                    cell,
                )
                assert abs(away[found.zone[0]] - found.distance[0]) <= 1e-9 * found.distance[0] + 1e-9
    many = [[shapely.box(4.0 * k, 0, 4.0 * k + 2, 2)] for k in range(66)]
    index = engine.Index.build([engine.Shapes.of(layer) for layer in many], engine.PLANE, cell=8.0)
    for layer in (1, 40, 64, 65):
        zone, distance = index.nearest(engine.Shapes.of([shapely.Point(0, 10)]), layer, 1e3)
        assert zone[0] == layer
        assert abs(distance[0] - np.hypot(4 * layer, 8)) < 1e-6
    for layer in (40, 64):
        reaches = [0.5] * 66
        reaches[layer] = 1e3
        near = index.near(engine.Shapes.of([shapely.Point(0, 10)]), 0, _reach(reaches), np.empty(0, np.int32))
        assert near.zone.tolist() == [layer]


def depth(engine: types.ModuleType, known: list[Case]) -> None:
    """How deep points, lines and polygons reach into a zone."""
    zone = shapely.Polygon([(0, 0), (40, 0), (40, 40), (0, 40)], [[(10, 10), (10, 14), (14, 14), (14, 10)]])
    other = shapely.box(60, 0, 70, 90)
    index = engine.Index.build([engine.Shapes.of([zone, other])], engine.PLANE, cell=8.0)
    wanted: list[tuple[BaseGeometry, int]] = [
        (shapely.Point(3, 20), 0),
        (shapely.Point(12, 17), 0),
        (shapely.Point(0, 5), 0),
        (shapely.MultiPoint([(1, 1), (26, 27), (65, 40)]), 0),
        (shapely.LineString([(-9, 20), (90, 20)]), 0),
        (shapely.LineString([(-9, 20), (90, 20)]), 1),
        (shapely.LineString([(30, -1), (30, 2)]), 0),
        (shapely.box(-5, -5, 100, 100), 0),
        (shapely.box(-5, -5, 100, 100), 1),
        (shapely.box(-5, 5, 2.5, 30), 0),
        (shapely.difference(shapely.box(20, 3, 38, 38), shapely.box(21, 6, 37, 37)), 0),
        (shapely.Polygon([(61, 10), (63, 12), (61, 14)]), 1),
        (shapely.MultiPolygon([shapely.box(1, 1, 2, 2), shapely.box(64, 30, 66, 32)]), 1),
    ]
    for shape, number in wanted:
        low, high = _bracket(shape, zone if number == 0 else other)
        found = index.depths(engine.Shapes.of([shape]), 0, np.array([number], np.int32))[0]
        assert low - max(0.05, 0.01 * low) - 1e-9 <= found <= high + 1e-9, (
            "depth",
            shape.wkt[:40],
            low,
            high,
            found,
        )


def _bracket(shape: BaseGeometry, zone: BaseGeometry) -> tuple[float, float]:
    """Bounds of the depth from a lattice laid over what is shared."""
    shared, border = shapely.intersection(shape, zone), shapely.boundary(zone)
    low = float(shapely.distance(shapely.points(shapely.get_coordinates(shared)), border).max(initial=0.0))
    if shapely.get_dimensions(shape) == 0:
        return low, low
    step = 0.1 if shapely.get_dimensions(shape) == 1 else 0.2
    if shapely.get_dimensions(shape) == 1:
        places = [
            shapely.line_interpolate_point(part, np.arange(0, part.length, step))
            for part in shapely.get_parts(shared)
        ]
        low = max(low, _most(places, border))
        return low, low + step / 2
    west, south, east, north = shapely.bounds(shared)
    x, y = np.meshgrid(np.arange(west, east + step, step), np.arange(south, north + step, step))
    lattice = shapely.points(x.ravel(), y.ravel())
    within = shapely.dwithin(lattice, shared, step * 0.71)
    distance = np.asarray(shapely.distance(lattice, border))
    low = max(low, float(distance[shapely.intersects(shared, lattice)].max(initial=0.0)))
    return low, float(distance[within].max(initial=low)) + step * 0.71


def _most(places: Sequence[Any], border: BaseGeometry) -> float:
    return max(float(shapely.distance(p, border).max()) for p in places)


def ellipsoid(engine: types.ModuleType, known: list[Case]) -> None:
    """Areas by the exact formula, lengths and distances as geodesics; a far zone."""
    zone = shapely.Polygon(
        [(100.01, 36.01), (100.2, 36.03), (100.18, 36.21), (100.03, 36.17)],
        [[(100.08, 36.08), (100.08, 36.12), (100.11, 36.1)]],
    )
    region = shapely.box(99.0, 35.0, 101.0, 37.0)
    far = shapely.box(100.9, 36.9, 100.95, 36.95)
    shape = shapely.Polygon([(100.05, 36.0), (100.15, 36.05), (100.11, 36.14), (100.02, 36.1)])
    index = engine.Index.build(
        [engine.Shapes.of([zone, far]), engine.Shapes.of([region])], engine.ELLIPSOID, cell=1 / 16
    )
    truth = {
        (0, 0): geometry.lonlat_area(shapely.intersection(shape, zone)),
        (0, 2): geometry.lonlat_area(shape),
    }
    _same(
        _rows(index.areas(engine.Shapes.of([shape, shapely.box(110, 36, 111, 37)]))),
        truth,
        "area on the ellipsoid",
    )
    assert abs(index.grid.zone_area[2] / geometry.lonlat_area(region) - 1) < 1e-9
    line = np.array([(99.95, 35.98), (100.21, 36.2)])
    t = np.linspace(0, 1, 4001)[:, None]
    fine = shapely.LineString(line[0] * (1 - t) + line[1] * t)
    inside = shapely.get_parts(shapely.intersection(fine, zone))
    lengths = {
        (0, 0): sum(GEOD.line_length(*shapely.get_coordinates(part).T) for part in inside),
        (0, 2): GEOD.line_length(*shapely.get_coordinates(fine).T),
    }
    _same(
        _rows(index.lengths(engine.Shapes.of([shapely.LineString(line)]))),
        lengths,
        "length on the ellipsoid",
        2e-7,
    )
    point = engine.Shapes.of([shapely.Point(100.9, 36.05)])
    for some, target in ((np.array([0], np.int32), (100.2, 36.03)), (np.array([1], np.int32), (100.9, 36.9))):
        metres = GEOD.inv(100.9, 36.05, *target)[2]
        distance = index.nearest_of(point, 0, some).distance[0]
        assert abs(distance / metres - 1) < 2e-6, ("geodesic", distance, metres)
    zone_number, distance = index.nearest(point, 0, 2e5)
    assert zone_number[0] == 0
    assert abs(distance[0] / GEOD.inv(100.9, 36.05, 100.2, 36.03)[2] - 1) < 2e-5
    near = index.near(point, 0, _reach((1e5, 0.0)), np.array([2], np.int32))
    assert sorted(near.zone.tolist()) == [0, 1]


QUESTIONS: tuple[Callable[[types.ModuleType, list[Case]], None], ...] = (
    contacts,
    blocks,
    ellipsoid,
    nearness,
    depth,
    plane,
    spots,
)


# --- mutants ---------------------------------------------------------------------------------------


class _Mutated(importlib.machinery.SourceFileLoader):
    """Loads a module with one stretch of its text replaced."""

    change: tuple[str, str] = ("", "")

    def get_code(self, fullname: str) -> types.CodeType:  # noqa: ARG002 - the loader's own signature
        text = Path(self.path).read_text("utf-8").replace(*self.change)
        return compile(text, self.path, "exec")


class _Finder:
    def __init__(self, module: str, old: str, new: str) -> None:
        self._module, self._change = module, (old, new)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: object = None,  # noqa: ARG002 - the finder's own signature
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name == self._module else None
        if spec is not None and spec.origin is not None:
            loader = _Mutated(name, spec.origin)
            loader.change = self._change
            spec.loader = loader
        return spec


def _try(mutant: tuple[str, str, str], known: list[Case]) -> str:
    """Return what caught the mutant, an empty text when nothing did."""
    module, old, new = mutant
    sys.meta_path.insert(0, _Finder(f"sanxian.engine.{module}", old, new))
    signal.alarm(LIMIT_S)
    try:
        engine = importlib.import_module("sanxian.engine")
        for question in QUESTIONS:
            question(engine, known)
    except Exception as caught:  # noqa: BLE001 - whatever goes wrong, the fault has been noticed
        where = traceback.extract_tb(caught.__traceback__)[1]
        return f"{where.name}, line {where.lineno}: {type(caught).__name__} {str(caught)[:100]}"
    return ""


def _in_a_process(mutant: tuple[str, str, str], known: list[Case]) -> tuple[int, int]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.write(write, _try(mutant, known).encode())
        os._exit(0)
    os.close(write)
    return child, read


def _all(mutants: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Yield what caught each mutant, trying as many at once as there are processors."""
    known = cases()
    running: list[tuple[int, int]] = []
    waiting = list(mutants)
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            running.append(_in_a_process(waiting.pop(0), known))
        child, read = running.pop(0)
        with os.fdopen(read, "rb") as pipe:
            said = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        yield said if status == 0 else f"ended with {status}"


if __name__ == "__main__":
    import numba  # noqa: F401 - loaded once, before the processes part

    assert not any(name.startswith("sanxian.engine") for name in sys.modules)
    json.dump(list(_all([tuple(m) for m in json.load(sys.stdin)])), sys.stdout)

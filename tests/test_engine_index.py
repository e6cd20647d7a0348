"""The index against GEOS, against geodesics and against itself: areas, lengths, points, nearness, depth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from engine_layers import (
    SIZE,
    along_rows,
    assert_same,
    assert_same_but_for_contacts,
    blob,
    boxes,
    geos_along,
    geos_points,
    geos_rows,
    index_points,
    index_rows,
    lattice,
    lines,
    plane_layers,
    plane_zones,
    polygons,
    reach,
    star,
    vertices_and_edge_points,
)
from sanxian import geometry
from sanxian.engine import ELLIPSOID, PLANE, Index, Shapes, build
from sanxian.engine.index import Selections

Floats = NDArray[np.float64]

GEOD = pyproj.Geod(a=6378137.0, rf=298.257222101)
CONTACT = PLANE.contact
CELLS = (None, 64.0, 1024.0, 16384.0)  # chosen from the data; tiny; usual; all in four cells, cut into strips


@lru_cache(maxsize=8)
def plane_index(cell: float | None) -> Index:
    return Index.build([Shapes.of(layer) for layer in plane_layers()], PLANE, cell=cell)


# --- the plane against GEOS ----------------------------------------------------------------------


@lru_cache(maxsize=1)
def area_truth() -> dict[tuple[int, int], float]:
    return geos_rows(polygons(), plane_zones())


@lru_cache(maxsize=1)
def length_truth() -> dict[tuple[int, int], float]:
    return geos_rows(lines(), plane_zones())


@pytest.mark.parametrize("cell", CELLS)
def test_areas_are_those_of_geos(cell: float | None) -> None:
    assert len(area_truth()) > 1000
    assert_same(index_rows(plane_index(cell), polygons()), area_truth())


@pytest.mark.parametrize("cell", CELLS)
def test_lengths_are_those_of_geos(cell: float | None) -> None:
    assert len(length_truth()) > 500
    assert_same(index_rows(plane_index(cell), lines()), length_truth())


@pytest.mark.parametrize("cell", CELLS)
def test_points_are_in_the_zones_that_geos_finds_them_in(cell: float | None) -> None:
    rng = np.random.default_rng(6)
    xy = np.vstack(
        (rng.uniform(-500, SIZE + 500, (20_000, 2)), vertices_and_edge_points(rng, plane_zones(), 20))
    )
    xy = xy[rng.permutation(len(xy))]
    held = index_points(plane_index(cell), xy)
    surely, maybe = (
        geos_points(xy, plane_zones(), 0.999 * CONTACT),
        geos_points(xy, plane_zones(), 1.001 * CONTACT),
    )
    assert sum(map(len, surely)) > 40_000
    for found, least, most in zip(held, surely, maybe, strict=True):
        assert set(least) <= set(found) <= set(most)


@pytest.mark.parametrize("cell", CELLS)
def test_zones_have_their_area_and_bounds(cell: float | None) -> None:
    grid = plane_index(cell).grid
    np.testing.assert_allclose(grid.zone_area, shapely.area(plane_zones()), rtol=1e-10)
    np.testing.assert_array_equal(grid.zone_box, shapely.bounds(plane_zones()))


@pytest.mark.parametrize("cell", CELLS)
def test_every_zone_laid_over_all_zones_meets_its_own_area_and_its_neighbours_not_at_all(
    cell: float | None,
) -> None:
    units = plane_layers()[0]
    found = index_rows(plane_index(cell), units)
    own = {k: v for k, v in found.items() if k[1] < len(units)}
    assert_same(own, {(i, i): float(shapely.area(zone)) for i, zone in enumerate(units)})


def test_a_footprint_of_100_000_vertices_is_measured_as_exactly() -> None:
    rng = np.random.default_rng(7)
    large = star(rng, (SIZE / 2, SIZE / 2), 0.3 * SIZE, 100_000, 1e-5)
    assert_same(index_rows(plane_index(None), [large]), geos_rows([large], plane_zones()))


def test_nothing_meets_nothing() -> None:
    index = plane_index(None)
    none = Shapes.of([shapely.Polygon(), shapely.box(1e6, 0, 2e6, 1)])
    assert len(index.areas(none).query) == 0
    assert len(index.areas(Shapes.of([])).query) == 0
    assert len(index.lengths(Shapes.of([shapely.LineString([(1e6, 0), (2e6, 1)])])).query) == 0
    start, zone = index.points(np.empty((0, 2)))
    assert (start.tolist(), len(zone)) == ([0], 0)
    empty = Index.build([Shapes.of([]), Shapes.of([shapely.Polygon()])], PLANE)
    assert len(empty.areas(Shapes.of(polygons())).query) == 0
    assert empty.grid.zone_area.tolist() == [0.0]
    assert index_points(empty, np.zeros((1, 2))) == [[]]


def test_empty_geometries_keep_their_number() -> None:
    square = shapely.box(0, 0, 10, 10)
    index = Index.build([Shapes.of([shapely.Polygon(), square, shapely.Polygon()])], PLANE, cell=4.0)
    assert index_rows(index, [shapely.Polygon(), square]) == {(1, 1): pytest.approx(100.0, rel=1e-12)}
    assert index_rows(index, [shapely.LineString(), shapely.LineString([(1, 1), (4, 5)])]) == {
        (1, 1): pytest.approx(5.0, rel=1e-12)
    }


def test_a_ring_that_does_not_close_is_refused() -> None:
    shapes = Shapes.of([shapely.box(0, 0, 10, 10)])
    torn = Shapes.polygons(shapes.xy[:4], np.array([0, 4]), np.array([0, 1]))
    with pytest.raises(ValueError, match="close"):
        Index.build([torn], PLANE, cell=4.0)


# --- degenerate positions ------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from((1.0, 2.0, 4.0, 8.0, 64.0))


def lattice_layers(rng: np.random.Generator, extent: int = 16) -> list[list[BaseGeometry]]:
    return [
        lattice(rng, extent, int(rng.integers(3, 40)), int(rng.integers(1, 6))),
        lattice(rng, extent, int(rng.integers(3, 40)), 3),
        boxes(rng, extent, 6),
    ]


@settings(max_examples=150)
@given(seeds, sizes)
def test_areas_on_a_lattice_are_those_of_geos(seed: int, cell: float) -> None:
    """Shared, vertical, horizontal, collinear and duplicate edges, all on grid lines; footprints equal to zones."""
    rng = np.random.default_rng(seed)
    layers = lattice_layers(rng)
    zones = [zone for layer in layers for zone in layer]
    index = Index.build([Shapes.of(layer) for layer in layers], PLANE, cell=cell)
    footprints = [*zones, *lattice(rng, 16, 20, 4), *boxes(rng, 20, 6)]
    assert_same(index_rows(index, footprints), geos_rows(footprints, zones), relative=1e-11)


@settings(max_examples=150)
@given(seeds, sizes, st.sampled_from((0.0, 1e-12)))
def test_points_on_a_lattice_are_in_all_zones_whose_boundary_they_lie_on(
    seed: int, cell: float, noise: float
) -> None:
    rng = np.random.default_rng(seed)
    layers = lattice_layers(rng)
    zones = [zone for layer in layers for zone in layer]
    index = Index.build([Shapes.of(layer) for layer in layers], PLANE, cell=cell)
    at = np.arange(-1, 17.5, 0.5)
    xy = np.column_stack([c.ravel() for c in np.meshgrid(at, at)])
    shaken = xy + noise * rng.uniform(-1, 1, xy.shape)
    assert index_points(index, shaken) == geos_points(xy, zones, CONTACT)


@settings(max_examples=150)
@given(seeds, sizes, st.sampled_from((0.0, 1e-12)))
def test_lines_on_a_lattice_lie_in_the_zones_on_both_sides_of_a_boundary(
    seed: int, cell: float, noise: float
) -> None:
    rng = np.random.default_rng(seed)
    layers = lattice_layers(rng)
    zones = [zone for layer in layers for zone in layer]
    index = Index.build([Shapes.of(layer) for layer in layers], PLANE, cell=cell)
    straight = [shapely.LineString(rng.integers(-1, 18, (int(rng.integers(2, 5)), 2))) for _ in range(8)]
    level = [shapely.LineString([(-1, y), (18, y)]) for y in (0, 3, 8)]
    upright = [shapely.LineString([(x, 18), (x, -1)]) for x in (0, 3, 8)]
    outlines = [shapely.boundary(zone) for zone in zones[::2]]
    # exact for GEOS too: pieces between lattice points; a walk over itself counts each time
    walks = [line for line in (*straight, *level, *upright, *outlines) if shapely.is_simple(line)]
    shaken = [shake(walk, noise, rng) for walk in walks]
    assert_same_but_for_contacts(index_rows(index, shaken), geos_rows(walks, zones), 100)
    # without what runs along their boundaries the zones of a partition share the line out once
    inside, along = index_rows(index, shaken), along_rows(index, shaken)
    bound = geos_along(walks, zones)
    for number, walk in enumerate(walks):
        once = sum(inside.get((number, z), 0.0) - along.get((number, z), 0.0) for z in range(len(layers[0])))
        within, border = shapely.box(0, 0, 16, 16), shapely.box(0, 0, 16, 16).exterior
        length = float(shapely.length(shapely.intersection(walk, within)))
        on_border = float(shapely.length(shapely.intersection(walk, border)))
        assert length - on_border - 1e-9 <= once <= length + 1e-9
    for pair, metres in along.items():
        assert metres <= bound.get(pair, 0.0) + 0.02


@pytest.mark.parametrize("shift", [0.0, 1e-12, -1e-12, 5e-4, -5e-4])
@pytest.mark.parametrize("cell", [1.0, 2.0, 8.0, 64.0])
def test_a_line_beside_a_boundary_within_the_contact_tolerance_runs_along_it(
    cell: float, shift: float
) -> None:
    """Also where a grid line runs between the two."""
    quarters = [shapely.box(x, y, x + 8, y + 8) for x in (0, 8) for y in (0, 8)]  # sw, nw, se, ne
    index = Index.build([Shapes.of(quarters)], PLANE, cell=cell)
    upright, level = [(8 + shift, 1), (8 + shift, 15)], [(1, 8 + shift), (15, 8 + shift)]
    for line in (upright, upright[::-1], level, level[::-1]):
        found = index_rows(index, [shapely.LineString(line)])
        assert found == {(0, z): pytest.approx(7.0, abs=1e-3) for z in range(4)}
        # in one of the two zones it lies by a hair; the other has it on its boundary
        along = sum(along_rows(index, [shapely.LineString(line)]).values())
        assert along >= 14.0 - 2e-3
    for leaning in ([(8 - shift, 1), (8 + shift, 15)], [(15, 8 + shift), (1, 8 - shift)]):
        found = index_rows(index, [shapely.LineString(leaning)])
        assert found == {(0, z): pytest.approx(7.0, abs=1e-3) for z in range(4)}


@pytest.mark.parametrize("cell", [1.0, 2.0, 8.0, 64.0])
def test_a_line_beside_a_boundary_beyond_the_contact_tolerance_does_not_run_along_it(cell: float) -> None:
    halves = [shapely.box(0, 0, 8, 16), shapely.box(8, 0, 16, 16)]
    index = Index.build([Shapes.of(halves)], PLANE, cell=cell)
    for shift, zone in ((-2e-3, 0), (2e-3, 1)):
        found = index_rows(index, [shapely.LineString([(8 + shift, 1), (8 + shift, 15)])])
        assert found == {(0, zone): pytest.approx(14.0)}


@pytest.mark.parametrize("steps", range(1, 40, 3))
def test_a_line_all_but_upright_at_a_grid_line_keeps_its_length(steps: int) -> None:
    index = Index.build([Shapes.of([shapely.box(2, 2, 14, 1002)])], PLANE, cell=8.0)
    x = 8.0
    for _ in range(steps):
        x = np.nextafter(x, 0.0)
    for ends in ([(x, 10), (8, 1000)], [(8, 10), (x, 1000)], [(x, 10), (x, 1000)]):
        assert index_rows(index, [shapely.LineString(ends)]) == {(0, 0): pytest.approx(990.0)}


@pytest.mark.parametrize("cell", [1.0, 2.0, 8.0, 64.0])
@pytest.mark.parametrize("shift", [0.0, 1e-12, -1e-12, 5e-4, -5e-4])
def test_a_point_within_the_contact_tolerance_of_a_corner_is_in_all_four_zones(
    cell: float, shift: float
) -> None:
    quarters = [shapely.box(x, y, x + 8, y + 8) for x in (0, 8) for y in (0, 8)]
    index = Index.build([Shapes.of(quarters)], PLANE, cell=cell)
    corner = np.array([[8 + shift, 8 - shift]])
    assert index_points(index, corner) == [[0, 1, 2, 3]]
    assert index_points(index, np.array([[8 + shift, 3.0], [3.0, 8 + shift], [0 + shift, 3.0]])) == [
        [0, 2],
        [0, 1],
        [0],
    ]
    assert index_points(index, np.array([[8 - 2e-3, 3.0], [8 + 2e-3, 3.0], [-2e-3, 3.0]])) == [[0], [2], []]


@pytest.mark.parametrize("cell", [1.0, 2.0, 8.0, 64.0])
def test_neighbours_that_touch_share_no_area(cell: float) -> None:
    """Sharing an edge, a part of an edge, a corner; with vertices only one of them has."""
    zone = shapely.box(4, 4, 12, 12)
    around = [
        shapely.box(12, 4, 20, 12),
        shapely.Polygon([(12, 5), (13, 8), (12, 11), (12, 7)]),
        shapely.box(12, 12, 14, 14),
        shapely.box(0, 0, 4, 4),
        shapely.Polygon([(4, 12), (12, 12), (8, 20)]),
        shapely.Polygon([(4, 4), (12, 4), (11, 4), (8, 0), (5, 4)]).buffer(0),
    ]
    index = Index.build([Shapes.of([zone]), Shapes.of(around)], PLANE, cell=cell)
    assert {k for k in index_rows(index, [zone]) if k[1] != 0} == set()
    assert {k for k in index_rows(index, around) if k[1] == 0} == set()


def shake(shape: BaseGeometry, by: float, rng: np.random.Generator) -> BaseGeometry:
    """Move every vertex a little; vertices at one place stay together."""
    waves = rng.uniform(20, 90, (2, 2))
    return shapely.transform(shape, lambda xy: xy + by * np.sin(xy @ waves))


def test_coordinates_shaken_by_a_billionth_change_an_area_by_no_more() -> None:
    """The measure is continuous: what is decided nowhere cannot jump."""
    rng = np.random.default_rng(8)
    layers = lattice_layers(rng)
    index = Index.build([Shapes.of(layer) for layer in layers], PLANE, cell=4.0)
    footprints = [zone for layer in layers for zone in layer]
    exact = index_rows(index, footprints)
    for _ in range(20):
        shaken = [shake(footprint, 1e-9, rng) for footprint in footprints]
        found = index_rows(index, shaken)
        for pair in exact.keys() | found.keys():
            assert found.get(pair, 0.0) == pytest.approx(exact.get(pair, 0.0), abs=2e-6)


# --- linear and point zones ----------------------------------------------------------------------


@pytest.mark.parametrize("cell", [1.0, 4.0, 64.0])
def test_a_linear_zone_bounds_no_area_and_holds_the_points_and_lines_on_it(cell: float) -> None:
    river = shapely.LineString([(0, 4), (8, 4), (16, 12)])
    gauge = shapely.Point(8, 4)
    land = shapely.box(0, 0, 16, 16)
    index = Index.build([Shapes.of([river, land, gauge])], PLANE, cell=cell)
    assert index_rows(index, [land, shapely.box(3, 3, 5, 5)]) == {
        (0, 1): pytest.approx(256.0),
        (1, 1): pytest.approx(4.0),
    }
    assert index.grid.zone_area.tolist() == [0.0, pytest.approx(256.0), 0.0]
    along = index_rows(index, [shapely.LineString([(2, 4), (8, 4), (10, 6), (10, 9)])])
    assert along == {(0, 0): pytest.approx(6 + 8**0.5), (0, 1): pytest.approx(6 + 8**0.5 + 3)}
    held = index_points(index, np.array([[3, 4], [8, 4], [12, 8 + 5e-4], [12, 8.1]], float))
    assert held == [[0, 1], [0, 1, 2], [0, 1], [1]]


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_the_shares_in_a_partition_add_up_to_the_footprint(cell: float | None) -> None:
    units = len(plane_layers()[0])
    inside = [f for f in polygons() if shapely.covers(shapely.box(80, 80, SIZE - 80, SIZE - 80), f)]
    assert len(inside) > 20
    totals = np.zeros(len(inside))
    for (q, z), area in index_rows(plane_index(cell), inside).items():
        totals[q] += area if z < units else 0.0
    np.testing.assert_allclose(totals, shapely.area(inside), rtol=1e-9)
    within = [line for line in lines() if shapely.covers(shapely.box(80, 80, SIZE - 80, SIZE - 80), line)]
    lengths = np.zeros(len(within))
    for (q, z), length in index_rows(plane_index(cell), within).items():
        lengths[q] += length if z < units else 0.0
    np.testing.assert_allclose(lengths, shapely.length(within), rtol=1e-9)


@settings(max_examples=40)
@given(seeds, st.sampled_from(CELLS))
def test_a_footprint_cut_in_two_shares_with_each_zone_what_it_shared_whole(
    seed: int, cell: float | None
) -> None:
    rng = np.random.default_rng(seed)
    whole = blob(rng, rng.uniform(0, SIZE, 2), 600, holes=2, parts=2)
    at, turn = rng.uniform(0, SIZE, 2), rng.uniform(0, 2 * np.pi)
    far = 1e5 * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    half = shapely.Polygon([at - far[0], at + far[0], at + far[0] + far[1], at - far[0] + far[1]])
    parts = [shapely.intersection(whole, half), shapely.difference(whole, half)]
    found = index_rows(plane_index(cell), [whole, *[p for p in parts if not shapely.is_empty(p)]])
    together: dict[int, float] = {}
    for (q, z), area in found.items():
        together[z] = together.get(z, 0.0) + (area if q else 0.0)
    for (q, z), area in found.items():
        if q == 0:
            assert together[z] == pytest.approx(area, rel=1e-9, abs=1e-5)


@settings(max_examples=25)
@given(seeds)
def test_neither_order_nor_batching_changes_a_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    index = plane_index(1024.0)
    for footprints in (polygons(), lines()):
        every = index_rows(index, footprints)
        order = rng.permutation(len(footprints))
        shuffled = index_rows(index, [footprints[i] for i in order])
        assert {(int(order[q]), z): size for (q, z), size in shuffled.items()} == every
        some = int(rng.integers(len(footprints)))
        alone = index_rows(index, [footprints[some]])
        assert {(some, z): size for (_, z), size in alone.items()} == {
            k: v for k, v in every.items() if k[0] == some
        }
    xy = rng.uniform(-500, SIZE + 500, (3000, 2))
    order = rng.permutation(len(xy))
    held = index_points(index, xy)
    assert [held[i] for i in order] == index_points(index, xy[order])
    assert index_points(index, xy[:1]) == held[:1]


def test_more_rows_than_the_first_guess_has_room_for_come_out_all_the_same() -> None:
    """500 zones over one another: each footprint and each point meets them all."""
    rng = np.random.default_rng(9)
    zones = [star(rng, (500, 500), 300, 12) for _ in range(500)]
    index = Index.build([Shapes.of(zones)], PLANE, cell=128.0)
    footprints = [star(rng, (500, 500), 10, 8, 0.1) for _ in range(40)]
    assert_same(index_rows(index, footprints), geos_rows(footprints, zones))
    walks = [shapely.LineString(rng.uniform(480, 520, (3, 2))) for _ in range(40)]
    assert_same(index_rows(index, walks), geos_rows(walks, zones))
    xy = rng.uniform(480, 520, (40, 2))
    assert index_points(index, xy) == geos_points(xy, zones)
    near = index.near(Shapes.of([shapely.Point(5000, 500)]), 0, reach(6000.0), np.empty(0, np.int32))
    assert sorted(near.zone.tolist()) == list(range(500))


def test_threads_do_not_disturb_each_other() -> None:
    index = plane_index(64.0)
    every = index_rows(index, polygons())

    def one(_: int) -> bool:
        return index_rows(index, polygons()) == every

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(8)))


def test_the_grid_is_the_same_whether_built_in_one_block_or_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [Shapes.of(layer) for layer in plane_layers()]
    at_once = Index.build(layers, PLANE, cell=256.0).grid
    monkeypatch.setattr(build, "BLOCK_PIECES", 100)
    told: list[float] = []
    by_blocks = Index.build(layers, PLANE, cell=256.0, progress=told.append).grid
    assert len(told) > 10
    assert told == sorted(told)
    assert told[-1] == 1.0
    for name in at_once._fields:
        one, other = getattr(at_once, name), getattr(by_blocks, name)
        if name == "zone_area":
            np.testing.assert_allclose(one, other, rtol=1e-12)
        else:
            np.testing.assert_array_equal(one, other, err_msg=name)


def test_the_grid_cannot_be_written_to() -> None:
    for array in plane_index(None).grid:
        assert not array.flags.writeable


# --- dense cells ---------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def comb() -> list[BaseGeometry]:
    """Two zones between which a border runs up and down 3,000 times, and two halves whose border is upright."""
    x = np.linspace(0, 1024, 6001)
    border = np.column_stack((x, np.where(np.arange(6001) % 2, 900.0, 100.0) + 50 * np.sin(x)))
    lower = shapely.Polygon(np.vstack((border, [(1024, 0), (0, 0)])))
    upper = shapely.Polygon(np.vstack((border, [(1024, 1000), (0, 1000)])))
    west, east = shapely.box(0, 0, 516, 1000), shapely.box(516, 0, 1024, 1000)
    return [lower, upper, west, east]


@pytest.mark.parametrize("cell", [None, 8.0, 512.0, 2048.0])
def test_a_cell_of_thousands_of_pieces_measures_the_same(cell: float | None) -> None:
    zones = comb()
    index = Index.build([Shapes.of(zones[:2]), Shapes.of(zones[2:])], PLANE, cell=cell)
    strips = 1 << int((index.grid.cell[:, 3] & 63).max())
    assert strips == {512.0: 256, 2048.0: 256}.get(cell or 0.0, strips)
    rng = np.random.default_rng(10)
    footprints = [blob(rng, rng.uniform(0, 1000, 2), r, holes=1) for r in (1, 5, 60, 300) for _ in range(8)]
    footprints += [shapely.box(500, 0, 516, 1000), shapely.box(-10, 300, 1100, 301)]
    assert_same(index_rows(index, footprints), geos_rows(footprints, zones))
    walks = [shapely.LineString(rng.uniform(0, 1000, (4, 2))) for _ in range(20)]
    walks += [shapely.LineString([(-5, 500), (1100, 500)])]
    assert_same(index_rows(index, walks), geos_rows(walks, zones))
    between = index_rows(index, [shapely.LineString([(516, 10), (516, 900)])])
    assert [between[0, 2], between[0, 3]] == pytest.approx([890.0, 890.0])
    at = [516 - 5e-4, 516, 516 + 5e-4, 516 - 2e-3, 512, 8, 1024 - 1e-5]  # on and beside lines between strips
    xy = np.vstack(
        (rng.uniform(0, 1000, (3000, 2)), [(x, y) for x in at for y in (0, 1, 333, 1000, 1000.0005)])
    )
    assert index_points(index, xy) == geos_points(xy, zones, CONTACT)


# --- nearness ------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def neighbours() -> list[BaseGeometry]:
    """Footprints of every dimension, some in several parts, some outside."""
    rng = np.random.default_rng(11)
    spots = [shapely.Point(rng.uniform(-2000, SIZE + 2000, 2)) for _ in range(25)]
    groups = [shapely.MultiPoint(rng.uniform(0, SIZE, (4, 2))) for _ in range(4)]
    return [*spots, *groups, *lines()[:24], *polygons()[:40], shapely.box(SIZE + 400, 0, SIZE + 500, SIZE)]


def outline(shape: BaseGeometry) -> BaseGeometry:
    return shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape


def of_dimension(shapes: Sequence[BaseGeometry]) -> list[tuple[Shapes, list[int]]]:
    """Return the shapes of each dimension with their numbers."""
    made = []
    for dimension in (0, 1, 2):
        rows = [i for i, shape in enumerate(shapes) if shapely.get_dimensions(shape) == dimension]
        made.append((Shapes.of([shapes[i] for i in rows]), rows))
    return made


@pytest.mark.parametrize("cell", CELLS)
def test_near_finds_every_zone_within_the_reach_of_its_layer(cell: float | None) -> None:
    index, within = plane_index(cell), (300.0, 0.0, 1500.0, 40.0)
    zones = np.array(plane_zones(), dtype=object)
    borders = shapely.boundary(zones)
    most = np.array(within)[index.layer_of]
    seen = 0
    for shapes, rows in of_dimension(neighbours()):
        for row, number in enumerate(rows):
            footprint = neighbours()[number]
            met = np.flatnonzero(shapely.intersects(footprint, zones)).astype(np.int32)[:10]
            found = index.near(shapes, row, reach(*within), met)
            truth = shapely.distance(outline(footprint), borders)
            truth[met] = np.inf
            order = np.argsort(found.zone)
            assert found.zone[order].tolist() == np.flatnonzero((truth <= most) & (most > 0)).tolist()
            np.testing.assert_allclose(found.distance, truth[found.zone], rtol=1e-9, atol=1e-9)
            own, other = shapely.points(found.place[:, :2]), shapely.points(found.place[:, 2:])
            np.testing.assert_allclose(shapely.distance(own, other), found.distance, rtol=1e-9, atol=1e-6)
            assert (shapely.distance(own, footprint) < 1e-6).all()
            assert (shapely.distance(other, borders[found.zone]) < 1e-6).all()
            seen += len(found.zone)
    assert seen > 300


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("within", [50.0, 2500.0, 1e5])
def test_nearest_is_the_nearest_of_all(cell: float | None, within: float) -> None:
    index = plane_index(cell)
    for layer, zones in enumerate(plane_layers()):
        tree = shapely.STRtree(zones)
        first = int(index.first[layer])
        for shapes, rows in of_dimension(neighbours()):
            found, distance = index.nearest(shapes, layer, within)
            for row, number in enumerate(rows):
                truth = float(
                    shapely.distance(neighbours()[number], zones[tree.nearest(neighbours()[number])])
                )
                if truth > within:
                    assert (found[row], distance[row]) == (-1, math.inf)
                else:
                    assert distance[row] == pytest.approx(truth, rel=1e-9, abs=1e-9)
                    own = shapely.distance(neighbours()[number], zones[int(found[row]) - first])
                    assert own == pytest.approx(truth, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_nearest_of_is_the_nearest_boundary_of_some_zones_at_any_distance(cell: float | None) -> None:
    index = plane_index(cell)
    borders = shapely.boundary(plane_zones())
    rng = np.random.default_rng(12)
    far = [shapely.Point(4e5, 3e5), shapely.box(-5e5, 0, -4e5, 10)]
    for shapes, rows in of_dimension([*neighbours(), *far]):
        for row, number in enumerate(rows):
            some = rng.choice(len(borders), int(rng.integers(1, 30)), replace=False).astype(np.int32)
            found = index.nearest_of(shapes, row, some)
            truth = shapely.distance(outline([*neighbours(), *far][number]), borders[some])
            assert found.zone[0] in some
            assert found.distance[0] == pytest.approx(float(truth.min()), rel=1e-9, abs=1e-9)
            assert found.distance[0] == pytest.approx(
                float(truth[some.tolist().index(found.zone[0])]), abs=1e-6
            )
    assert len(index.nearest_of(shapes, 0, np.empty(0, np.int32)).zone) == 0


@pytest.mark.parametrize("cell", CELLS)
def test_several_selections_asked_at_once_are_answered_as_one_after_the_other(cell: float | None) -> None:
    """Also those that lie within others, with and without what is nearest there, and empty ones."""
    index = plane_index(cell)
    count = len(plane_zones())
    rng = np.random.default_rng(3)
    for shapes, rows in of_dimension(neighbours()):
        for row in range(len(rows)):
            more = rng.choice(count, 25, replace=False).astype(np.int32)
            nearest = int(index.nearest_of(shapes, row, more).zone[0])
            selections = [
                more[:4],
                np.empty(0, np.int32),
                more,
                more[more != nearest],
                np.array([nearest], np.int32),
                more[1::2],
                rng.choice(count, 12, replace=False).astype(np.int32),
                more,
            ]
            found = index.nearest_of_each(shapes, row, Selections.of(selections))
            for i, some in enumerate(selections):
                alone = index.nearest_of(shapes, row, some)
                if len(some):
                    assert (found.zone[i], found.distance[i]) == (alone.zone[0], alone.distance[0])
                    assert found.place[i].tolist() == alone.place[0].tolist()
                else:
                    assert (found.zone[i], found.distance[i]) == (-1, math.inf)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_nearest_far_away_is_found_among_all_edges(seed: int) -> None:
    """Far away most edges are put aside after a rough look; here all are looked at, by geodesics."""
    rng = np.random.default_rng(seed)
    lon, lat = float(rng.uniform(80, 125)), float(rng.uniform(8, 50))
    footprint = star(rng, (lon, lat), float(rng.choice((0.004, 0.02))), int(rng.choice((14, 40, 90))), 0.3)
    zones = []
    for away_m in rng.choice((8e3, 3e4, 9e4, 3e5), 3):
        x, y, _ = GEOD.fwd(lon, lat, rng.uniform(0, 360), away_m)
        zones.append(star(rng, (x, y), away_m / 4e5, 120, 0.2))
    region = shapely.box(lon - 6, lat - 6, lon + 6, lat + 6)
    index = Index.build([Shapes.of(zones), Shapes.of([region])], ELLIPSOID)
    own = traced(shapely.get_coordinates(footprint), 25.0)
    own = own[np.unique(np.concatenate((np.arange(0, len(own), max(1, len(own) // 400)), [0])))]
    corners = shapely.get_coordinates(footprint)
    for number, zone in enumerate(zones):
        ring = shapely.get_coordinates(zone)
        best = np.inf
        for a, b in pairwise(ring):
            spots = a + (b - a) * np.linspace(0, 1, 9)[:, None]
            for mine in (corners, own):
                pairs = np.repeat(mine, len(spots), 0), np.tile(spots, (len(mine), 1))
                rough = np.hypot(*(pairs[0] - pairs[1]).T * np.array([[np.cos(np.radians(lat))], [1.0]]))
                if rough.min() * 111e3 > best * 1.1:
                    continue
                best = min(best, float(GEOD.inv(*pairs[0].T, *pairs[1].T)[2].min()))
        found = index.nearest_of(Shapes.of([footprint]), 0, np.array([number], np.int32))
        assert found.distance[0] <= best * (1 + 1e-8)
        assert found.distance[0] >= best * (1 - 2e-3)
        assert GEOD.inv(*found.place[0])[2] == pytest.approx(found.distance[0], rel=1e-6)


def test_nearest_meets_a_zone_with_any_of_the_parts() -> None:
    """The first part lies far away, the second deep inside a zone, the third holds one."""
    zones = [shapely.box(0, 0, 900, 900), shapely.box(3010, 10, 3020, 20)]
    index = Index.build([Shapes.of(zones[:1]), Shapes.of(zones[1:])], PLANE, cell=64.0)
    first, inside, around = (
        shapely.box(5000, 0, 5010, 10),
        shapely.box(440, 440, 450, 450),
        shapely.box(3000, 0, 3100, 100),
    )
    areas = shapely.MultiPolygon([first, inside, around])
    lines = shapely.MultiLineString(
        [shapely.LineString([(5000, 0), (5001, 1)]), shapely.LineString([(440, 440), (450, 450)])]
    )
    points = shapely.MultiPoint([(5000, 0), (450, 450)])
    for footprint, truth in ((areas, (0.0, 0.0)), (lines, (0.0, None)), (points, (0.0, None))):
        for layer, metres in enumerate(truth):
            if metres is not None:
                zone, distance = index.nearest(Shapes.of([footprint]), layer, 1e4)
                assert (zone.tolist(), distance.tolist()) == ([layer], [metres])


def test_more_than_64_layers_are_told_apart() -> None:
    """A cell remembers its layers in 64 bits; layer 64 shares one with layer 0."""
    layers = [[shapely.box(20.0 * i, 0, 20.0 * i + 10, 10)] for i in range(130)]
    index = Index.build([Shapes.of(layer) for layer in layers], PLANE, cell=32.0)
    point = Shapes.of([shapely.Point(0, 50)])
    for layer in (0, 1, 63, 64, 65, 128, 129):
        zone, distance = index.nearest(point, layer, 1e4)
        assert zone.tolist() == [layer]
        assert distance[0] == pytest.approx(float(shapely.distance(shapely.Point(0, 50), layers[layer][0])))
    within = [0.5] * 130
    within[64] = 1e4
    found = index.near(point, 0, reach(*within), np.empty(0, np.int32))
    assert found.zone.tolist() == [64]


# --- depth ---------------------------------------------------------------------------------------


def depth_bracket(footprint: BaseGeometry, zone: BaseGeometry, rounds: int = 11) -> tuple[float, float]:
    """A lower and an upper bound of the largest distance from what the two share to the boundary of the zone.

    Squares are halved again and again, by GEOS; what cannot hold the deepest place is left out.
    """
    shared, border = shapely.intersection(footprint, zone), shapely.boundary(zone)
    if shapely.is_empty(shared):
        return 0.0, 0.0
    shapely.prepare(shared)
    west, south, east, north = shapely.bounds(shared)
    half = max(east - west, north - south, 1e-9) / 2
    middles = np.array([[(west + east) / 2, (south + north) / 2]])
    vertices = shapely.points(shapely.get_coordinates(shared))
    low = float(shapely.distance(vertices, border).max())
    high = low
    for _ in range(rounds):
        quarters = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * half / 2
        half /= 2
        middles = (middles[:, None, :] + quarters).reshape(-1, 2)
        spots = shapely.points(middles)
        radius = half * 2**0.5
        here = shapely.dwithin(spots, shared, radius)
        middles, spots = middles[here], spots[here]
        distance = shapely.distance(spots, border)
        inside = shapely.intersects(shared, spots)
        low = max(low, float(distance[inside].max(initial=0.0)))
        high = float((distance + radius).max(initial=low))
        middles = middles[distance + radius > low]
    return low, high


@pytest.mark.parametrize("cell", [None, 1024.0])
def test_depth_is_the_distance_of_the_deepest_place_from_the_boundary(cell: float | None) -> None:
    index, zones = plane_index(cell), plane_zones()
    checked = 0
    for shapes, rows in of_dimension(neighbours()):
        for row, number in enumerate(rows):
            footprint = neighbours()[number]
            met = np.flatnonzero(shapely.intersects(footprint, zones)).astype(np.int32)[:4]
            depths = index.depths(shapes, row, met).tolist()
            for zone, found in zip(met.tolist(), depths, strict=True):
                low, high = depth_bracket(footprint, zones[zone])
                assert low - max(0.05, 0.01 * low) - 1e-6 <= found <= high + 1e-6, (number, zone)
                checked += 1
    assert checked > 100


def test_depth_is_found_where_the_deepest_place_is_on_the_edge_of_the_footprint() -> None:
    """Squares that close in on that place from outside the footprint must come to an end."""
    index, footprint = plane_index(1024.0), polygons()[50]
    met = np.flatnonzero(shapely.intersects(footprint, plane_zones())).astype(np.int32)
    assert len(met) > 90
    found = index.depths(Shapes.of([footprint]), 0, met)
    for zone, depth in zip(met.tolist(), found.tolist(), strict=True):
        low, high = depth_bracket(footprint, plane_zones()[zone])
        assert low - max(0.05, 0.01 * low) - 1e-6 <= depth <= high + 1e-6, zone


def test_depth_is_nothing_on_a_boundary() -> None:
    index = Index.build([Shapes.of([shapely.box(0, 0, 8, 8)])], PLANE, cell=4.0)
    zone = np.zeros(1, np.int32)
    for at in ((8, 4), (8, 8), (3, 0)):
        assert index.depths(Shapes.of([shapely.Point(at)]), 0, zone).tolist() == [0.0]
    along = Shapes.of([shapely.LineString([(8, 0), (8, 8)])])
    assert index.depths(along, 0, zone).tolist() == [pytest.approx(0.0, abs=0.05)]
    assert index.depths(Shapes.of([shapely.box(0, 0, 8, 8)]), 0, zone).tolist() == [
        pytest.approx(4.0, abs=0.05)
    ]


# --- the ellipsoid -------------------------------------------------------------------------------

DEGREES = (96.0, 34.0, 2.0)  # west, south, and how many degrees the square of the layers is wide and high


def to_degrees(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: np.array(DEGREES[:2]) + xy * (DEGREES[2] / SIZE))


@lru_cache(maxsize=1)
def degree_layers() -> list[list[BaseGeometry]]:
    return [[to_degrees(zone) for zone in layer] for layer in plane_layers()]


@lru_cache(maxsize=4)
def degree_index(cell: float | None) -> Index:
    return Index.build([Shapes.of(layer) for layer in degree_layers()], ELLIPSOID, cell=cell)


def degree_zones() -> list[BaseGeometry]:
    return [zone for layer in degree_layers() for zone in layer]


@pytest.mark.parametrize("cell", [None, 1 / 64, 1 / 256])
def test_areas_on_the_ellipsoid_are_those_of_what_geos_cuts_out(cell: float | None) -> None:
    index, zones = degree_index(cell), degree_zones()
    assert float(index.grid.frame[2]) <= 1 / 16  # beyond it the densities of a row are no longer exact
    rng = np.random.default_rng(13)
    footprints = [to_degrees(f) for f in polygons()[:60]]
    footprints += [
        star(rng, (rng.uniform(96, 98), rng.uniform(34, 36)), r, 30) for r in (1e-4, 1e-3, 0.05, 0.5)
    ]
    pairs = np.array(list(geos_rows(footprints, zones)))
    shared = shapely.intersection(np.array(footprints)[pairs[:, 0]], np.array(zones)[pairs[:, 1]])
    truth = {(int(q), int(z)): geometry.lonlat_area(s) for (q, z), s in zip(pairs, shared, strict=True)}
    truth = {k: v for k, v in truth.items() if v > 0.0}
    assert_same(index_rows(index, footprints), truth, noise=1e-5)
    np.testing.assert_allclose(
        index.grid.zone_area, [geometry.lonlat_area(zone) for zone in zones], rtol=1e-9
    )


def traced(xy: Floats, step_m: float) -> Floats:
    """Vertices along edges straight in longitude and latitude, no further apart than ``step_m``."""
    out = []
    for (x1, y1), (x2, y2) in pairwise(xy):
        n = math.ceil(max(1e-9, GEOD.inv(x1, y1, x2, y2)[2]) / step_m)
        t = np.arange(n)[:, None] / n
        out.append(np.array([[x1, y1]]) * (1 - t) + np.array([[x2, y2]]) * t)
    return np.vstack([*out, xy[-1:]])


def geodesic_area(shape: BaseGeometry, step_m: float) -> float:
    total = 0.0
    for part in shapely.get_parts(shape):
        rings = [shapely.get_exterior_ring(part), *(shapely.get_rings(part)[1:])]
        for sign, ring in zip([1.0] + [-1.0] * (len(rings) - 1), rings, strict=True):
            x, y = traced(shapely.get_coordinates(ring), step_m).T
            total += sign * abs(GEOD.polygon_area_perimeter(x, y)[0])
    return total


@settings(max_examples=40)
@given(seeds, st.sampled_from((50.0, 700.0, 6000.0)), st.sampled_from((None, 1 / 16, 1 / 512)))
def test_areas_on_the_ellipsoid_are_geodesic(seed: int, radius_m: float, cell: float | None) -> None:
    rng = np.random.default_rng(seed)
    at = (float(rng.uniform(75, 130)), float(rng.uniform(5, 52)))
    zone, footprint = (star(rng, at, radius_m / 1e5, int(rng.integers(4, 30))) for _ in range(2))
    index = Index.build([Shapes.of([zone])], ELLIPSOID, cell=cell)
    truth = geodesic_area(shapely.intersection(zone, footprint), max(3.0, radius_m / 100))
    assert index_rows(index, [footprint])[0, 0] == pytest.approx(truth, rel=1e-6)


@settings(max_examples=40)
@given(seeds, st.sampled_from((30.0, 3000.0, 40_000.0)), st.sampled_from((None, 1 / 16, 1 / 512)))
def test_lengths_on_the_ellipsoid_are_geodesic(seed: int, step_m: float, cell: float | None) -> None:
    rng = np.random.default_rng(seed)
    at = np.array([rng.uniform(80, 125), rng.uniform(8, 50)])
    xy = at + np.cumsum(rng.normal(0, step_m / 1e5, (6, 2)), axis=0)
    zone = star(rng, at, 4 * step_m / 1e5, 20)
    index = Index.build([Shapes.of([zone])], ELLIPSOID, cell=cell)
    fine = traced(xy, max(1.0, step_m / 200))
    inside = shapely.get_parts(shapely.intersection(shapely.LineString(fine), zone))
    truth = sum(GEOD.line_length(*shapely.get_coordinates(part).T) for part in inside)
    found = index_rows(index, [shapely.LineString(xy)]).get((0, 0), 0.0)
    assert found == pytest.approx(truth, rel=1e-6, abs=1e-5)


@settings(max_examples=30)
@given(seeds, st.sampled_from((30.0, 900.0, 15_000.0)))
def test_distances_on_the_ellipsoid_are_geodesic(seed: int, away_m: float) -> None:
    """The least geodesic distance is looked for along the zone's edges, finer and finer."""
    rng = np.random.default_rng(seed)
    lon, lat = float(rng.uniform(80, 125)), float(rng.uniform(8, 50))
    x, y, _ = GEOD.fwd(lon, lat, rng.uniform(0, 360), 2 * away_m)
    zone = star(rng, (x, y), away_m / 1e5, 9, 0.2)
    region = shapely.box(lon - 1.5, lat - 1.5, lon + 1.5, lat + 1.5)
    index = Index.build([Shapes.of([zone]), Shapes.of([region])], ELLIPSOID)
    ring = shapely.get_coordinates(zone)
    best = math.inf
    for a, b in pairwise(ring):
        low, high = 0.0, 1.0
        for _ in range(6):
            t = np.linspace(low, high, 41)[:, None]
            spots = a * (1 - t) + b * t
            metres = GEOD.inv(np.full(41, lon), np.full(41, lat), *spots.T)[2]
            k = int(np.argmin(metres))
            low, high = float(t[max(k - 1, 0), 0]), float(t[min(k + 1, 40), 0])
            best = min(best, float(metres[k]))
    point = Shapes.of([shapely.Point(lon, lat)])
    near = index.near(point, 0, reach(1e6, 0.0), np.empty(0, np.int32))
    for distance in (near.distance[0], index.nearest_of(point, 0, np.zeros(1, np.int32)).distance[0]):
        assert distance == pytest.approx(best, rel=1e-6)
    # of a whole layer it is told with the scale midway, which is right to the square of distance by Earth radius
    of_layer = float(index.nearest(point, 0, 1e6)[1][0])
    assert of_layer == pytest.approx(best, rel=1e-6 + (best / 6.37e6) ** 2 / 4)
    assert GEOD.inv(*near.place[0])[2] == pytest.approx(best, rel=1e-6)


def test_cells_never_grow_beyond_what_a_row_can_measure() -> None:
    """However few and long the edges: the densities of a row are polynomials good for a sixteenth of a degree."""
    region = shapely.box(90, 32, 103, 39)
    index = Index.build([Shapes.of([region])], ELLIPSOID)
    assert float(index.grid.frame[2]) <= 1 / 16
    assert float(index.grid.zone_area[0]) == pytest.approx(geometry.lonlat_area(region), rel=1e-9)
    line = shapely.LineString([(91, 33), (102, 38)])
    truth = GEOD.line_length(*traced(shapely.get_coordinates(line), 200.0).T)
    assert index_rows(index, [line]) == {(0, 0): pytest.approx(truth, rel=1e-6)}


def test_a_partition_on_the_ellipsoid_adds_up() -> None:
    index = degree_index(None)
    units = len(degree_layers()[0])
    rng = np.random.default_rng(14)
    inside = [star(rng, rng.uniform((96.3, 34.3), (97.7, 35.7)), r, 40, 0.1) for r in (1e-4, 0.01, 0.2)]
    totals = np.zeros(len(inside))
    for (q, z), area in index_rows(index, inside).items():
        totals[q] += area if z < units else 0.0
    np.testing.assert_allclose(totals, [geometry.lonlat_area(f) for f in inside], rtol=1e-9)


def test_a_point_under_any_number_of_slits_of_one_zone_is_counted_right() -> None:
    """The zone's sum above the point returns to nothing again and again: it must stay one zone met."""
    bars = [shapely.box(0, 2 * k, 60, 2 * k + 1) for k in range(12_000)]
    index = Index.build([Shapes.of([shapely.multipolygons(bars)])], PLANE, cell=32_768)
    start, zones = index.points(np.array([[30.0, 0.5], [30.0, 1.5], [30.0, 20_000.5], [30.0, 2.0]]))
    assert np.diff(start).tolist() == [1, 0, 1, 1]
    assert zones.tolist() == [0, 0, 0]

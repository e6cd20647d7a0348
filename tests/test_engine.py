"""Overlap, adjacency, nearness and margin against independent computations on the ellipsoid."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from demo_edition import demo_edition
from engine_layers import blob
from geos_overlay import Overlay as Oracle
from sample_edition import sample_edition
from sanxian import geometry
from sanxian.edition import Edition
from sanxian.edition.index import overlay_of
from sanxian.engine import Overlay
from sanxian.model import Hit, Layer, LayerKind, Part, Relation, Zone

GEOD = pyproj.Geod(ellps="GRS80")  # differs from CGCS2000 by 0.1 mm in the polar axis
AS_OF = date(2026, 9, 1)
REGION = shapely.box(90.0, 32.0, 103.0, 39.0)


def layer(name: str = "units", kind: LayerKind = LayerKind.CONTROL_UNIT, **options: object) -> Layer:
    defaults: dict[str, object] = {"accuracy_m": 10.0, "near_m": 1000.0}
    return Layer(id=name, kind=kind, title=name, **(defaults | options))  # type: ignore[arg-type]  # test shorthand


def zone(code: str, shape: BaseGeometry, name: str = "units", **options: object) -> Zone:
    return Zone(layer=name, code=code, name=code, geometry=shape, **options)  # type: ignore[arg-type]  # test shorthand


def overlay(*zones: BaseGeometry, **options: object) -> Overlay:
    made = [zone(f"Z{i}", shape) for i, shape in enumerate(zones)]
    return Overlay([layer(**options)], {"units": made}, REGION)  # type: ignore[arg-type]  # test shorthand


def part(shape: BaseGeometry, role: str = "厂区") -> Part:
    return Part(role=role, geometry=shape)


def hits(made: Overlay, *parts: Part, role: str = "") -> dict[str, Hit]:
    return {h.zone: h for h in made.place(parts, AS_OF).hits if h.role == role}


def star(lon: float, lat: float, radius_m: float, n: int, seed: int) -> BaseGeometry:
    """A star-shaped polygon laid out with Geod.fwd, independent of the engine's plane."""
    rng = np.random.default_rng(seed)
    azimuth = (np.arange(n) + rng.uniform(0, 0.9, n)) * 360 / n
    radius = radius_m * np.exp(rng.normal(0, 0.25, n))
    x, y, _ = GEOD.fwd(np.full(n, lon), np.full(n, lat), azimuth, radius)
    return shapely.Polygon(np.column_stack((x, y)))


def geodesic_area(shape: BaseGeometry) -> float:
    return float(sum(abs(GEOD.geometry_area_perimeter(p)[0]) for p in shapely.get_parts(shape)))


def fine(shape: BaseGeometry, step_m: float = 10.0) -> BaseGeometry:
    """Add points along edges straight in lon/lat, vertex by vertex, the slow and obvious way."""

    def ring(xy: np.ndarray) -> np.ndarray:
        out = []
        for (x1, y1), (x2, y2) in pairwise(xy):
            n = math.ceil(GEOD.inv(x1, y1, x2, y2)[2] / step_m)
            out += [(x1 + (x2 - x1) * k / n, y1 + (y2 - y1) * k / n) for k in range(n)]
        return np.array([*out, tuple(xy[-1])])

    assert isinstance(shape, shapely.Polygon)
    shell = ring(shapely.get_coordinates(shape.exterior))
    return shapely.Polygon(shell, [ring(shapely.get_coordinates(hole)) for hole in shape.interiors])


places = st.tuples(st.floats(91, 102), st.floats(33, 38.5))


@settings(max_examples=60)
@given(places, st.sampled_from((50.0, 500.0, 3000.0)), st.integers(4, 40), st.integers(0, 10**6))
def test_area_inside_one_zone_is_the_geodesic_area(
    place: tuple[float, float], radius: float, n: int, seed: int
) -> None:
    shape = star(*place, radius, n, seed)
    found = hits(overlay(REGION), part(shape))["Z0"]
    assert found.area_m2 == pytest.approx(geodesic_area(fine(shape)), rel=1e-6)
    assert found.share == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40)
@given(places, st.sampled_from((100.0, 600.0)), st.integers(0, 10**6))
def test_overlap_equals_an_independent_intersection(
    place: tuple[float, float], radius: float, seed: int
) -> None:
    shape = star(*place, radius, 14, seed)
    other = star(place[0] + 0.6 * radius / 90000, place[1], radius, 11, seed + 1)
    truth = geodesic_area(shapely.intersection(fine(shape, 40.0), fine(other, 40.0)))
    found = hits(overlay(other, min_area_m2=0.0), part(shape))
    assert found["Z0"].area_m2 == pytest.approx(truth, abs=1e-6 * geodesic_area(shape))


@settings(max_examples=30)
@given(places, st.sampled_from((300.0, 8000.0)), st.integers(0, 10**6), st.integers(1, 4))
def test_shares_in_a_partition_add_up_to_one(
    place: tuple[float, float], radius: float, seed: int, cells: int
) -> None:
    lon, lat = place
    xs = np.linspace(lon - 0.3, lon + 0.3, cells + 1)
    ys = np.linspace(lat - 0.3, lat + 0.3, cells + 1)
    grid = [shapely.box(x1, y1, x2, y2) for x1, x2 in pairwise(xs) for y1, y2 in pairwise(ys)]
    shape = star(lon, lat, radius, 18, seed)
    line = shapely.LineString(shapely.get_coordinates(star(lon, lat, radius, 9, seed + 1)))
    for footprint in (shape, line):
        found = [h for h in hits(overlay(*grid), part(footprint)).values() if h.relation is Relation.OVERLAP]
        assert sum(h.share for h in found) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40)
@given(places, st.floats(0, 360), st.floats(10, 40_000))
def test_length_is_geodesic(place: tuple[float, float], azimuth: float, length: float) -> None:
    x, y, _ = GEOD.fwd(*place, azimuth, length)
    line = shapely.LineString([place, *GEOD.npts(*place, x, y, 1 + int(length // 50)), (x, y)])
    found = hits(overlay(shapely.box(85, 28, 108, 43), min_length_m=0.0), part(line, "线路"))["Z0"]
    assert found.length_m == pytest.approx(length, rel=1e-6, abs=6e-5)  # rounded to 0.1 mm


@settings(max_examples=40)
@given(places, st.floats(0, 360), st.floats(20, 900))
def test_near_miss_has_distance_and_bearing(
    place: tuple[float, float], azimuth: float, distance: float
) -> None:
    x, y, _ = GEOD.fwd(*place, azimuth, distance)
    found = hits(overlay(shapely.points(x, y)), part(shapely.points(place), "点位"))["Z0"]
    assert found.relation is Relation.NEAR
    assert found.distance_m == pytest.approx(distance, rel=1e-6, abs=6e-5)  # rounded to 0.1 mm
    assert abs((found.bearing_deg - azimuth + 180) % 360 - 180) < 0.01  # type: ignore[operator]  # NEAR has one
    assert found.margin_m == found.distance_m


def rectangle(lon: float, lat: float, east_m: float, north_m: float) -> BaseGeometry:
    x, _, _ = GEOD.fwd(lon, lat, 90, east_m)
    _, y, _ = GEOD.fwd(lon, lat, 0, north_m)
    return shapely.box(lon, lat, x, y)


@pytest.mark.parametrize("depth", [0.5, 5.0, 49.0, 200.0])
def test_margin_is_the_depth_of_the_overlap(depth: float) -> None:
    """A zone whose edge lies ``depth`` metres inside the footprint's edge."""
    shape = rectangle(100.0, 36.0, 1000, 1000)
    x, _, _ = GEOD.fwd(100.0, 36.0, 90, 1000 - depth)
    other = shapely.box(x, 35.9, x + 0.5, 36.1)
    found = hits(overlay(other), part(shape))["Z0"]
    assert found.margin_m == pytest.approx(depth, rel=0.012, abs=0.06)
    assert found.sensitive is (depth < 10)


def test_margin_deep_inside_a_zone_is_found_in_the_middle() -> None:
    """The deepest point of a large footprint lies far from its vertices."""
    shape = rectangle(100.0, 36.0, 10_000, 10_000)
    found = hits(overlay(shape), part(shape))["Z0"]
    assert found.margin_m == pytest.approx(5000, rel=0.015)
    line = shapely.linestrings([(100.0, 36.045), (100.1108, 36.045)])
    assert hits(overlay(shape), part(line))["Z0"].margin_m == pytest.approx(4990, rel=0.02)


def test_neighbours_that_share_an_edge_are_adjacent_not_overlapping() -> None:
    """The zone's 3 km edge may be given points that the neighbour's longer edge has not."""
    zone_ = rectangle(100.0, 36.0, 3000, 2000)
    west, south, east, north = shapely.bounds(zone_)
    above = shapely.box(west, north, east, north + 0.01)
    beside = shapely.polygons([(east, south), (east + 0.01, south), (east + 0.01, north), (east, north)])
    for neighbour in (above, beside):
        found = hits(overlay(zone_), part(neighbour))["Z0"]
        assert (found.relation, found.area_m2, found.distance_m) == (Relation.ADJACENT, 0.0, 0.0)


def test_a_point_on_a_boundary_is_in_both_zones() -> None:
    left, right = shapely.box(100.0, 36.0, 100.1, 36.1), shapely.box(100.1, 36.0, 100.2, 36.1)
    for lat in (36.0, 36.03, 36.077):
        found = hits(overlay(left, right), part(shapely.points(100.1, lat), "点位"))
        assert {h.relation for h in found.values()} == {Relation.OVERLAP}
        assert len(found) == 2


def test_a_point_on_a_slanting_boundary_is_in_both_zones() -> None:
    """Half way between two vertices the point is off the line by rounding only."""
    a, b = (100.0123, 36.0377), (100.0911, 36.0851)
    left, right = shapely.Polygon([a, b, (100.0, 36.2)]), shapely.Polygon([a, b, (100.2, 36.0)])
    for k in (0.1, 0.37, 0.5, 0.83):
        point = shapely.Point(a[0] + k * (b[0] - a[0]), a[1] + k * (b[1] - a[1]))
        assert len(hits(overlay(left, right, near_m=0.0), part(point, "点位"))) == 2


def test_small_overlaps_are_dropped_after_union_and_listed() -> None:
    """Five parts of 0.9 m² in one zone are 4.5 m²: kept under a limit of 1 m², dropped under 10 m²."""
    side = math.sqrt(0.9)
    parts = [part(rectangle(100.0 + 0.001 * i, 36.0, side, side)) for i in range(5)]
    zone_ = shapely.box(99.9, 35.9, 100.1, 36.1)
    kept = hits(overlay(zone_, min_area_m2=1.0), *parts)["Z0"]
    assert kept.relation is Relation.OVERLAP
    assert kept.area_m2 == pytest.approx(4.5, rel=1e-4)
    dropped = hits(overlay(zone_, min_area_m2=10.0), *parts)["Z0"]
    assert dropped.relation is Relation.DROPPED
    assert dropped.area_m2 == pytest.approx(4.5, rel=1e-4)


def test_parts_that_overlap_each_other_count_once() -> None:
    shape = rectangle(100.0, 36.0, 500, 500)
    found = hits(overlay(REGION), part(shape, "厂区"), part(shape, "渣场"))["Z0"]
    assert found.area_m2 == pytest.approx(geodesic_area(fine(shape)), rel=1e-6)
    assert found.share == pytest.approx(1.0)


def test_each_role_has_its_own_hits() -> None:
    plant = part(rectangle(100.0, 36.0, 500, 500), "厂区")
    pipe = part(shapely.linestrings([(100.0, 36.0), (100.3, 36.0)]), "管线")
    made = overlay(shapely.box(100.2, 35.9, 100.25, 36.1))
    assert hits(made, plant, pipe)["Z0"].relation is Relation.OVERLAP
    assert hits(made, plant, pipe, role="管线")["Z0"].length_m > 4000
    assert "Z0" not in hits(made, plant, pipe, role="厂区")


def test_a_river_is_crossed_by_a_line_and_runs_through_a_polygon() -> None:
    river = shapely.linestrings([(100.0, 36.0), (100.2, 36.0)])
    line = part(shapely.linestrings([(100.1, 35.9), (100.1, 36.1)]))
    area = part(shapely.box(100.05, 35.99, 100.06, 36.01))
    assert hits(overlay(river), line)["Z0"].points == 1
    found = hits(overlay(river), area)["Z0"]
    assert found.length_m == pytest.approx(GEOD.line_length([100.05, 100.06], [36, 36]), rel=1e-4)


def test_zones_out_of_force_are_not_met() -> None:
    shape = rectangle(100.0, 36.0, 500, 500)
    spans = {
        "old": (None, date(2026, 8, 31)),
        "new": (date(2026, 9, 1), None),
        "last day": (None, AS_OF),
        "later": (date(2026, 9, 2), None),
    }
    zones = [zone(c, shape, valid_from=a, valid_to=b) for c, (a, b) in spans.items()]
    made = Overlay([layer()], {"units": zones}, REGION)
    assert set(hits(made, part(shape))) == {"new", "last day"}
    assert made.place([part(shape)], AS_OF).distance("units", (0, 3)) is None


def test_distance_finds_the_nearest_of_many_beyond_the_search_radius() -> None:
    rng = np.random.default_rng(5)
    villages = [star(float(rng.uniform(92, 102)), float(rng.uniform(33, 38)), 300, 8, k) for k in range(200)]
    made = overlay(*villages)
    for _ in range(12):
        lon, lat = rng.uniform((93, 33.5), (101, 37.5))
        nearest = made.place([part(shapely.points(lon, lat))], AS_OF).distance("units", tuple(range(200)))
        brute = min(
            min(
                np.min(GEOD.inv(np.full(c.shape[0], lon), np.full(c.shape[0], lat), c[:, 0], c[:, 1])[2])
                for c in [shapely.get_coordinates(fine(v, 5.0))]
            )
            for v in villages
        )
        assert nearest is not None
        assert nearest.distance_m == pytest.approx(brute, rel=1e-4, abs=3.0)


def test_the_share_outside_the_region_is_told() -> None:
    made = overlay(REGION)
    half = shapely.box(102.99, 36.0, 103.01, 36.01)
    assert made.place([part(half)], AS_OF).outside_share == pytest.approx(0.5, abs=1e-4)
    away = made.place([part(shapely.box(110, 30, 110.1, 30.1))], AS_OF)
    assert away.outside
    assert away.outside_share == pytest.approx(1.0)
    assert made.place([part(shapely.box(100, 36, 100.1, 36.1))], AS_OF).outside_share == 0.0
    assert made.place([part(shapely.points(110, 30))], AS_OF).outside
    assert not made.place([part(half)], AS_OF).outside
    mixed = [
        part(shapely.box(100, 36, 100.1, 36.1)),
        part(shapely.LineString([(101, 36), (101, 37)]), "管线"),
    ]
    away_too = made.place([*mixed, part(shapely.points(110, 30), "排污口")], AS_OF)
    assert (away_too.outside, away_too.outside_share) == (False, 1.0)
    assert geometry.lonlat_area(shapely.Polygon()) == 0.0


def test_published_area_is_planar_in_the_edition_s_own_projection() -> None:
    shape = star(100.2, 36.0, 2000, 12, 3)
    made = Overlay([layer()], {"units": [zone("Z0", REGION)]}, REGION, area_method="EPSG:4543")
    found = hits(made, part(shape))["Z0"]
    change = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4543", always_xy=True)
    xy = np.column_stack(change.transform(*shapely.get_coordinates(fine(shape)).T))
    assert found.published_area_m2 == pytest.approx(shapely.Polygon(xy).area, rel=1e-6)
    assert abs(found.published_area_m2 / found.area_m2 - 1) > 1e-4  # type: ignore[operator]  # the methods differ


def test_overlapping_zones_count_once_in_an_extent() -> None:
    shape = rectangle(100.0, 36.0, 1000, 1000)
    west, south, east, north = shapely.bounds(shape)
    middle = (west + east) / 2
    left, most = (
        shapely.box(west - 1, south - 1, middle, north + 1),
        shapely.box(west - 1, south - 1, middle + 1e-3, north + 1),
    )
    extent = overlay(left, most).place([part(shape)], AS_OF).extent((("units", (0, 1)),), "")
    assert extent.area_m2 < 0.65 * geodesic_area(shape)
    assert 0.5 < extent.share < 0.65


def test_area_equals_the_geodesic_area_of_a_traced_boundary_on_thousands_of_shapes() -> None:
    rng = np.random.default_rng(11)
    worst = 0.0
    for seed in range(3000):
        radius = float(10 ** rng.uniform(1.5, 3.5))
        shape = star(
            float(rng.uniform(90, 103)), float(rng.uniform(32, 39)), radius, int(rng.integers(4, 40)), seed
        )
        traced = geometry.follow_lonlat(shape, max(5.0, radius / 50))
        worst = max(worst, abs(geometry.lonlat_area(shape) / geodesic_area(traced) - 1))
    assert worst < 1e-6


def test_area_of_holes_and_parts() -> None:
    outer, inner = shapely.box(100.0, 36.0, 100.1, 36.1), shapely.box(100.02, 36.02, 100.05, 36.05)
    ring = shapely.difference(outer, inner)
    both = shapely.union(ring, shapely.box(100.2, 36.0, 100.3, 36.1))
    assert geometry.lonlat_area(ring) + geometry.lonlat_area(inner) == pytest.approx(
        geometry.lonlat_area(outer), rel=1e-12
    )
    assert geometry.lonlat_area(both) == pytest.approx(
        geometry.lonlat_area(ring) + geometry.lonlat_area(outer), rel=1e-12
    )


# --- the whole overlay against GEOS ------------------------------------------------------------------

EDITIONS: dict[str, Callable[[], Edition]] = {"sample": sample_edition, "demo": demo_edition}


@lru_cache(maxsize=2)
def both(name: str) -> tuple[Edition, Overlay, Oracle]:
    edition = EDITIONS[name]()
    return edition, overlay_of(edition), Oracle(edition.layers, edition.zones, edition.outline)


def project(rng: np.random.Generator, edition: Edition) -> list[Part]:
    """Parts of some roles and any dimension, of 30 m to 5 km, here and there outside the region or along a border."""
    west, south, east, north = shapely.bounds(edition.outline)
    at = rng.uniform((west, south), (east, north))
    radius = float(10 ** rng.uniform(-3.5, -1.3))
    zones = edition.zones[edition.layers[int(rng.integers(len(edition.layers)))].id]
    if zones and rng.random() < 0.4:  # a place on the border of some zone
        xy = shapely.get_coordinates(zones[int(rng.integers(len(zones)))].geometry)
        at = xy[int(rng.integers(len(xy)))]
    walk = at + np.cumsum(rng.normal(0, radius, (5, 2)), axis=0)
    made = [
        part(blob(rng, at, radius, holes=1, parts=int(rng.integers(1, 3)), count=12), "厂区"),
        part(blob(rng, at + 2 * radius, radius, count=30), "渣场"),
        part(shapely.LineString(walk), "管线"),
        part(shapely.MultiLineString([walk[:3], walk[3:]]), "道路"),
        part(shapely.Point(at), "排污口"),
        part(shapely.MultiPoint(walk[:3]), "取水口"),
    ]
    chosen = [p for p in made if rng.random() < 0.4]
    return chosen or [made[int(rng.integers(len(made)))]]


def near_enough(found: Hit, truth: Hit) -> None:
    """The same meeting; numbers as close as rounding (areas to 1e-4 m²) and the oracle's plane (2 cm) allow."""
    assert (found.layer, found.zone, found.role) == (truth.layer, truth.zone, truth.role)
    assert found.relation is truth.relation, (found, truth)
    assert found.points == truth.points
    assert found.area_m2 == pytest.approx(truth.area_m2, rel=1e-9, abs=1.01e-4)
    assert found.length_m == pytest.approx(truth.length_m, rel=1e-9, abs=1.01e-4)
    assert found.share == pytest.approx(truth.share, abs=1e-9)
    assert found.zone_share == pytest.approx(truth.zone_share, abs=1e-9)
    assert found.distance_m == pytest.approx(truth.distance_m, rel=1e-5, abs=0.02)
    assert (found.bearing_deg is None) == (truth.bearing_deg is None)
    if found.bearing_deg is not None and truth.bearing_deg is not None:
        turn = abs((found.bearing_deg - truth.bearing_deg + 180) % 360 - 180)
        assert (
            math.radians(turn) * truth.distance_m < 0.001 * truth.distance_m + 2.0
        )  # the foot slides along a line
    if truth.margin_m == truth.distance_m:
        assert found.margin_m == found.distance_m
    assert found.margin_m == pytest.approx(truth.margin_m, rel=0.016, abs=0.07)
    layer_limit = abs(found.margin_m - truth.margin_m) + 1e-9
    assert found.sensitive is truth.sensitive or layer_limit > 0


@pytest.mark.parametrize("name", EDITIONS)
@pytest.mark.parametrize("seed", range(8))
def test_hits_are_those_of_geos(name: str, seed: int) -> None:
    """Sets, relations, areas, lengths, points, shares, distances and margins, role by role."""
    edition, made, oracle = both(name)
    rng = np.random.default_rng(seed)
    seen = 0
    for parts in (project(rng, edition) for _ in range(12)):
        found, truth = made.place(parts, AS_OF), oracle.place(parts, AS_OF)
        assert [(h.layer, h.zone, h.role) for h in found.hits] == [
            (h.layer, h.zone, h.role) for h in truth.hits
        ]
        for one, other in zip(found.hits, truth.hits, strict=True):
            near_enough(one, other)
        seen += len(found.hits)
        assert found.area_m2 == pytest.approx(truth.area_m2, rel=1e-12)
        assert found.length_m == pytest.approx(truth.length_m, rel=1e-12)
        assert found.outside is truth.outside
        assert found.outside_share == pytest.approx(truth.outside_share, abs=2e-9)
        assert found.border_m == pytest.approx(truth.border_m, rel=4e-3, abs=0.02)  # the oracle's is planar
    assert seen > 100


@pytest.mark.parametrize("name", EDITIONS)
def test_projects_placed_together_are_placed_as_alone(name: str) -> None:
    edition, made, _ = both(name)
    rng = np.random.default_rng(5)
    projects = [project(rng, edition) for _ in range(40)]
    together = made.place_many(projects, AS_OF)
    for parts, placed in zip(projects, together, strict=True):
        assert placed.hits == made.place(parts, AS_OF).hits


@pytest.mark.parametrize("name", EDITIONS)
@pytest.mark.parametrize("seed", range(4))
def test_distances_and_extents_of_selections_are_those_of_geos(name: str, seed: int) -> None:
    edition, made, oracle = both(name)
    rng = np.random.default_rng(seed + 100)
    filled = [layer.id for layer in edition.layers if edition.zones[layer.id]]
    for parts in (project(rng, edition) for _ in range(10)):
        found, truth = made.place(parts, AS_OF), oracle.place(parts, AS_OF)
        for role in ("", parts[0].role):
            picked = rng.choice(filled, 3, replace=False).tolist()
            selection = tuple(
                (layer, tuple(sorted(rng.choice(n, int(rng.integers(1, n + 1)), replace=False).tolist())))
                for layer, n in ((layer, len(edition.zones[layer])) for layer in picked)
            )
            if role in found.groups:
                one, other = found.extent(selection, role), truth.extent(selection, role)
                assert one.area_m2 == pytest.approx(other.area_m2, rel=1e-9, abs=1.01e-4)
                assert one.length_m == pytest.approx(other.length_m, rel=1e-9, abs=1.01e-4)
                for share in ("share", "least_share", "zone_share"):
                    assert getattr(one, share) == pytest.approx(getattr(other, share), abs=1e-9)
            for layer, rows in selection:
                least, check = found.distance(layer, rows, role), truth.distance(layer, rows, role)
                assert (least is None) == (check is None)
                if least is not None and check is not None:
                    assert least.distance_m == pytest.approx(check.distance_m, rel=1e-5, abs=0.02)
                    assert (least.bearing_deg is None) == (least.distance_m == 0.0)


@pytest.mark.parametrize(
    "place",
    [
        lambda b: part(shapely.Point(b[2], (b[1] + b[3]) / 2), "点位"),
        lambda b: part(shapely.box(b[2], b[1], b[2] + 0.01, b[3])),
    ],
)
def test_what_touches_is_told_even_by_a_layer_that_looks_for_no_near_misses(
    place: Callable[[tuple[float, ...]], Part],
) -> None:
    zone_ = rectangle(100.0, 36.0, 3000, 2000)
    touching = place(tuple(shapely.bounds(zone_).tolist()))
    found = hits(overlay(zone_, near_m=0.0), touching)
    assert list(found) == ["Z0"]
    assert found["Z0"].distance_m == 0.0
    far = part(shapely.box(100.2, 36.0, 100.21, 36.01))
    assert hits(overlay(zone_, near_m=0.0), far) == {}


@settings(max_examples=25)
@given(places, st.floats(0, 360), st.sampled_from((40.0, 700.0, 9000.0)), st.integers(0, 10**6))
def test_distances_are_those_of_a_finely_traced_boundary(
    place: tuple[float, float], azimuth: float, distance: float, seed: int
) -> None:
    """The least geodesic distance, looked for along the zone's edges finer and finer, is met to a millionth."""
    x, y, _ = GEOD.fwd(*place, azimuth, 2 * distance)
    shape = star(x, y, distance, 9, seed)
    found = overlay(shape, near_m=1e6).place([part(shapely.points(place), "点位")], AS_OF)
    ring = shapely.get_coordinates(shape)
    best = math.inf
    for a, b in pairwise(ring):
        low, high = 0.0, 1.0
        for _ in range(6):
            t = np.linspace(low, high, 41)[:, None]
            spots = a * (1 - t) + b * t
            metres = GEOD.inv(np.full(41, place[0]), np.full(41, place[1]), *spots.T)[2]
            k = int(np.argmin(metres))
            low, high = float(t[max(k - 1, 0), 0]), float(t[min(k + 1, 40), 0])
            best = min(best, float(metres[k]))
    if shapely.intersects(shape, shapely.points(place)):
        assert found.hits[0].relation is Relation.OVERLAP
        return
    nearest = found.distance("units", (0,))
    assert nearest is not None
    for metres in (found.hits[0].distance_m, nearest.distance_m):
        assert metres == pytest.approx(best, rel=1e-6, abs=1.01e-4)

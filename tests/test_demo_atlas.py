"""The synthetic atlas: exact where it promises to be exact, and everything where the briefs of the demo need it."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from sanxian.demo import atlas
from sanxian.model import CoverageStatus, Zone

PARTITIONS = ("prefecture", "county", "block", "control_unit", "water_zone", "air_zone", "soil_zone")
GEOD = pyproj.Geod(ellps="GRS80")


@pytest.fixture(scope="module")
def drawn() -> atlas.Atlas:
    return atlas.draw()


@pytest.fixture(scope="module")
def gazetteer() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("sanxian.data.demo").joinpath("gazetteer.toml").read_text(encoding="utf-8")
    )


def area_km2(geometry: BaseGeometry) -> float:
    """Geodesic area."""
    return abs(float(GEOD.geometry_area_perimeter(geometry)[0])) / 1e6


def by_code(drawn: atlas.Atlas, layer: str) -> dict[str, Zone]:
    return {z.code: z for z in drawn.zones[layer]}


def at(drawn: atlas.Atlas, layer: str, lon: float, lat: float) -> list[str]:
    """Codes of the zones of a layer that cover a place."""
    point = Point(lon, lat)
    return [z.code for z in drawn.zones[layer] if shapely.covers(z.geometry, point)]


def vertices(zones: Iterable[Zone]) -> int:
    return int(sum(shapely.get_num_coordinates(z.geometry) for z in zones))


def edges(geometry: BaseGeometry) -> set[tuple[float, ...]]:
    """Undirected border segments, bit for bit."""
    found: set[tuple[float, ...]] = set()
    for part in shapely.get_parts(geometry):
        for ring in (part.exterior, *part.interiors):
            xy = shapely.get_coordinates(ring).tolist()
            found |= {(*min(a, b), *max(a, b)) for a, b in itertools.pairwise(xy)}
    return found


def test_the_same_seed_gives_the_same_coordinates(drawn: atlas.Atlas) -> None:
    again = atlas.draw()
    for layer, zones in drawn.zones.items():
        for a, b in zip(zones, again.zones[layer], strict=True):
            assert a.code == b.code
            assert shapely.to_wkb(a.geometry) == shapely.to_wkb(b.geometry)
    xy = shapely.get_coordinates([z.geometry for zones in drawn.zones.values() for z in zones])
    assert np.array_equal(xy, np.round(xy, 7))


def test_every_geometry_is_valid_and_the_map_is_light(drawn: atlas.Atlas) -> None:
    for layer, zones in drawn.zones.items():
        assert zones, layer
        assert all(z.geometry.is_valid and not z.geometry.is_empty for z in zones), layer
        assert len({z.code for z in zones}) == len(zones), layer
        assert [z.code for z in zones] == sorted(z.code for z in zones)
    assert sum(map(vertices, drawn.zones.values())) < 160_000


@pytest.mark.parametrize("layer", PARTITIONS)
def test_partitions_have_neither_gap_nor_overlap(drawn: atlas.Atlas, layer: str) -> None:
    shapes = [z.geometry for z in drawn.zones[layer]]
    assert shapely.coverage_is_valid(shapes)
    assert sum(map(area_km2, shapes)) == pytest.approx(area_km2(drawn.outline), rel=1e-9)
    # the union cancels shared edges and so must leave the outline alone, vertex for vertex
    assert edges(shapely.coverage_union_all(shapes)) == edges(drawn.outline)
    # no slivers
    assert min(area_km2(p) for s in shapes for p in shapely.get_parts(s)) > 0.01


def test_the_province_has_about_its_true_size_and_its_true_neighbours(drawn: atlas.Atlas) -> None:
    assert 680_000 < area_km2(drawn.outline) < 720_000
    west, south, east, north = drawn.outline.bounds
    assert (89.0 < west < 90.0, 31.3 < south < 31.9, 102.8 < east < 103.4, 39.0 < north < 39.4) == (True,) * 4
    counties = by_code(drawn, "county")
    for a, b in (
        ("632801", "632724"),
        ("632801", "632803"),
        ("632626", "632726"),
        ("630202", "630222"),
        ("632521", "632223"),
    ):
        assert edges(counties[a].geometry) & edges(counties[b].geometry), (a, b)
    size = {code: area_km2(z.geometry) for code, z in counties.items()}
    assert sorted(size, key=lambda c: -size[c])[:2] == ["632801", "632724"]
    assert max(size[c] for c in ("630102", "630103", "630104", "630105")) < 400
    assert len(shapely.get_parts(counties["632801"].geometry)) == 2  # the exclave


def test_units_nest_in_counties_with_the_same_edges(drawn: atlas.Atlas, gazetteer: dict[str, Any]) -> None:
    parks = {p["county"] for p in gazetteer["park"]}
    units = by_code(drawn, "control_unit")
    wanted = set()
    for county in drawn.zones["county"]:
        kinds = ["10001", "10002", "20001", "30001", *(["20002"] if county.code in parks else [])]
        codes = [f"ZH{county.code}{k}" for k in kinds]
        wanted |= set(codes)
        union = shapely.coverage_union_all([units[c].geometry for c in codes])
        assert edges(union) == edges(county.geometry)
        assert all(units[c].regions == (county.code,) for c in codes)
    assert set(units) == wanted
    assert {z.zone_class for z in units.values()} == {"PRIORITY", "KEY", "GENERAL"}


def test_the_shares_of_classes_have_the_flavour_of_the_province(drawn: atlas.Atlas) -> None:
    total = area_km2(drawn.outline)
    share = {
        c: sum(area_km2(z.geometry) for z in drawn.zones["control_unit"] if z.zone_class == c) / total
        for c in ("PRIORITY", "KEY", "GENERAL")
    }
    assert 0.69 < share["PRIORITY"] < 0.77
    assert 0.001 < share["KEY"] < 0.02
    red = sum(area_km2(z.geometry) for z in drawn.zones["red_line"]) / total
    assert 0.35 < red < 0.48


def inside(inner: Zone, outer: Iterable[BaseGeometry]) -> bool:
    """Whether a zone lies in the union of others: exact, as both are made of the same edges."""
    near = [g for g in outer if shapely.intersects(shapely.envelope(g), shapely.envelope(inner.geometry))]
    return bool(shapely.covers(shapely.coverage_union_all(near), inner.geometry))


def test_what_must_lie_inside_lies_inside(drawn: atlas.Atlas) -> None:
    priority = [z.geometry for z in drawn.zones["control_unit"] if z.zone_class == "PRIORITY"]
    red = [z.geometry for z in drawn.zones["red_line"]]
    units = by_code(drawn, "control_unit")
    assert all(inside(z, priority) for z in drawn.zones["red_line"])
    assert all(inside(z, priority) for z in drawn.zones["ecological_space"])
    for z in drawn.zones["protected_area"]:
        assert inside(z, priority), z.code
        if z.subtype in ("核心保护区", "一般控制区") or z.zone_class == "森林公园":
            assert inside(z, red), z.code
    for z in drawn.zones["water_source"]:
        assert inside(z, [units[f"ZH{z.regions[0]}10002"].geometry]), z.code
    for z in drawn.zones["park"]:
        assert inside(z, [units[f"ZH{z.regions[0]}20002"].geometry]), z.code
        assert area_km2(z.geometry) < area_km2(units[f"ZH{z.regions[0]}20002"].geometry)


def test_rings_and_zones_of_one_place_adjoin(drawn: atlas.Atlas) -> None:
    areas, sources = by_code(drawn, "protected_area"), by_code(drawn, "water_source")
    for one, two in [(areas[f"PA0{n}-1"], areas[f"PA0{n}-2"]) for n in range(1, 7)]:
        assert edges(one.geometry) & edges(two.geometry)
        assert shapely.coverage_is_valid([one.geometry, two.geometry])
    for n in range(1, 15):
        rings = [sources[f"WS{n:02d}-{k}"] for k in (1, 2, 3)]
        assert [z.subtype for z in rings] == ["一级保护区", "二级保护区", "准保护区"]
        assert shapely.coverage_is_valid([z.geometry for z in rings])
        assert edges(rings[0].geometry) <= edges(rings[1].geometry)
        assert area_km2(rings[0].geometry) < area_km2(rings[1].geometry) < area_km2(rings[2].geometry)


def test_every_entry_of_the_gazetteer_is_on_the_map(drawn: atlas.Atlas, gazetteer: dict[str, Any]) -> None:
    for kind in ("prefecture", "county", "block", "park", "river", "lake"):
        zones = by_code(drawn, kind)
        assert {c: z.name for c, z in zones.items()} == {e["code"]: e["name"] for e in gazetteer[kind]}
    for entry in gazetteer["park"]:
        zone = by_code(drawn, "park")[entry["code"]]
        assert zone.regions == (entry["county"],)
        assert zone.attributes["leading"] == "、".join(entry["leading"])
    areas = by_code(drawn, "protected_area")
    for entry in gazetteer["protected_area"]:
        several = len(entry["subtypes"]) > 1
        for n, subtype in enumerate(entry["subtypes"], start=1):
            zone = areas.pop(f"{entry['code']}-{n}" if several else entry["code"])
            assert (zone.zone_class, zone.subtype) == (entry["kind"], subtype)
            assert zone.name.startswith(entry["name"])
            assert set(zone.regions) <= set(entry["counties"])
    assert set(areas) == {"PA14-B"}
    assert {z.code[:4] for z in drawn.zones["water_source"]} == {w["code"] for w in gazetteer["water_source"]}
    for zone in drawn.zones["water_source"]:
        assert zone.regions == (
            next(w["county"] for w in gazetteer["water_source"] if w["code"] == zone.code[:4]),
        )


def test_codes_have_the_published_forms(drawn: atlas.Atlas) -> None:
    element = {"ecology": "1", "water": "2", "air": "3", "soil": "4", "resource": "5"}
    cls = {"PRIORITY": "1", "KEY": "2", "GENERAL": "3"}
    for layer in drawn.layers:
        for zone in drawn.zones[layer.id]:
            assert zone.layer == layer.id
            assert zone.regions or layer.kind == "admin"
            if layer.kind == "control_unit":
                assert re.fullmatch(r"ZH63\d{4}[123]\d{4}", zone.code)
                assert zone.code[8] == cls[zone.zone_class]
            elif layer.kind in element:
                assert re.fullmatch(r"YS63\d{4}[123][1-5]\d\d{4}", zone.code)
                assert (zone.code[8], zone.code[9]) == (cls[zone.zone_class], element[layer.kind])
                assert zone.code[2:8] == zone.regions[0]
    assert {z.subtype for z in drawn.zones["water_zone"]} == {t[2] for t in atlas.WATER_ZONES}
    assert {z.subtype for z in drawn.zones["air_zone"]} == {t[2] for t in atlas.AIR_ZONES}
    assert {z.subtype for z in drawn.zones["soil_zone"]} == {t[2] for t in atlas.SOIL_ZONES}
    assert {z.subtype for z in drawn.zones["resource_zone"]} == {t[2] for t in atlas.RESOURCE_ZONES}


def test_known_places_lie_where_they_should(drawn: atlas.Atlas) -> None:
    assert at(drawn, "park", 101.7003, 36.5600) == ["PK63010601"]  # the chemical plant
    assert at(drawn, "county", 101.70, 36.56) == ["630106"]
    assert at(drawn, "control_unit", 101.70, 36.56) == ["ZH63010620002"]
    assert not at(drawn, "red_line", 101.70, 36.56)
    assert at(drawn, "county", 100.45, 36.20) == ["632521"]  # the photovoltaic base
    assert at(drawn, "county", 98.19, 34.92) == ["632626"]  # the mine
    assert at(drawn, "protected_area", 98.19, 34.92) == ["PA01-1"]
    assert at(drawn, "county", 102.10, 36.49)[0] in ("630203", "630202")  # the road
    assert at(drawn, "park", 94.95, 36.33) == ["PK63280101"]  # the multi-part project
    for lon, lat in ((101.62, 36.66), (101.64, 36.665)):  # the outfalls
        assert at(drawn, "county", lon, lat)[0] in ("630105", "630106", "630123")
        assert distance_m(by_code(drawn, "river")["RV02"].geometry, Point(lon, lat)) < 1500


def distance_m(geometry: BaseGeometry, point: BaseGeometry) -> float:
    """Geodesic length of the shortest line in the plane of degrees: near enough for a test."""
    line = shapely.shortest_line(geometry, point)
    return float(GEOD.geometry_length(line))


def long_line() -> LineString:
    """Some 630 km from Xining to Golmud, as the sample input has it, every tenth vertex."""
    return LineString(
        [(101.78, 36.62), (101.297, 36.475), (100.813, 36.334), (100.23, 36.294), (99.557, 36.332), (98.892, 36.355), (98.23, 36.382),
         (97.566, 36.417), (96.938, 36.409), (96.32, 36.389), (95.759, 36.382), (95.351, 36.388), (94.895, 36.404)]
    )  # fmt: skip


def test_the_long_line_stays_inside_and_passes_red_lines(drawn: atlas.Atlas) -> None:
    line = long_line()
    assert shapely.covers(drawn.outline, line)
    assert sum(bool(shapely.intersects(z.geometry, line)) for z in drawn.zones["red_line"]) >= 3
    assert sum(bool(shapely.intersects(z.geometry, line)) for z in drawn.zones["county"]) >= 5


def test_rivers_run_in_the_province_and_past_the_park_of_guide(drawn: atlas.Atlas) -> None:
    rivers, parks = by_code(drawn, "river"), by_code(drawn, "park")
    assert all(shapely.covers(drawn.outline, z.geometry) for z in rivers.values())
    assert {
        "632626",
        "632624",
        "632625",
        "632621",
        "632324",
        "632524",
        "632523",
        "632322",
        "630225",
        "630222",
    } <= set(rivers["RV01"].regions)
    assert distance_m(rivers["RV01"].geometry, parks["PK63252301"].geometry) < 1000
    # The bank belt is one kilometre wide on either side; where it meets other borders it may share their line instead.
    for zone in drawn.zones["shoreline"]:
        code = {"黄河干流": "RV01", "湟水河": "RV02"}[zone.attributes["river"]]
        edge = [Point(xy) for xy in shapely.get_coordinates(zone.geometry)]
        away = [
            distance_m(rivers[code].geometry, p)
            for p in edge[::5]
            if distance_m(drawn.outline.exterior, p) > 3000
        ]
        assert 800 < np.median(away) < 1200, zone.code
        assert max(away) < 2500, zone.code


def test_each_county_has_receptors_off_the_red_line(drawn: atlas.Atlas) -> None:
    codes = [z.code for z in drawn.zones["receptor"]]
    counties = by_code(drawn, "county")
    for county in counties:
        assert sum(c[2:8] == county for c in codes) >= 4
    assert {z.zone_class for z in drawn.zones["receptor"]} == {"居住区", "学校", "医院"}
    for zone in drawn.zones["receptor"]:
        assert shapely.covers(counties[zone.regions[0]].geometry, zone.geometry.representative_point())
        assert zone.geometry.geom_type == "Point" or 0.03 < area_km2(zone.geometry) < 4.5


def test_coverage_is_stated_for_every_layer_and_one_gap_is_admitted(drawn: atlas.Atlas) -> None:
    whole = {c.layer for c in drawn.coverage if c.region == "63" and c.status is CoverageStatus.COMPLETE}
    assert whole == {layer.id for layer in drawn.layers}
    gaps = [(c.layer, c.region, c.status) for c in drawn.coverage if c.region != "63"]
    assert gaps == [("shoreline", "632803", CoverageStatus.ABSENT)]
    assert all("632803" not in z.regions for z in drawn.zones["shoreline"])


def test_a_redrawn_protected_area_follows_the_old_one_without_a_gap_in_time(drawn: atlas.Atlas) -> None:
    areas = by_code(drawn, "protected_area")
    assert areas["PA14"].valid_to == date(2026, 6, 30)
    assert areas["PA14-B"].valid_from == date(2026, 7, 1)
    assert area_km2(areas["PA14-B"].geometry) > 1.2 * area_km2(areas["PA14"].geometry)

"""Simplified for maps: fewer vertices, the same zones, and neighbours that never tear."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import Run, both_languages
from demo_edition import demo_edition
from sample_edition import sample_edition
from sanxian.edition import DECIMALS, Draft, normalise, write_draft
from sanxian.errors import NoSuchLayer
from sanxian.generalise import DisplayLevel, levels, metres_per_pixel
from sanxian.model import Zone

UNITS = "control_unit"
ZOOMS = (4, 6, 8, 10)
SAMPLE = normalise(sample_edition())


@lru_cache(maxsize=1)
def demo() -> dict[int, DisplayLevel]:
    return levels(demo_edition(), ZOOMS)


def shapes(level: DisplayLevel, layer: str) -> list[shapely.Geometry]:
    return [zone.geometry for zone in level.layers[layer].zones]


def test_a_pixel_is_what_web_maps_say_it_is() -> None:
    assert metres_per_pixel(0, 0.0) == pytest.approx(156_543.03, abs=0.01)
    assert metres_per_pixel(10, 60.0) == pytest.approx(156_543.03 / 1024 / 2, abs=0.01)


def test_every_zone_is_there_with_a_shape() -> None:
    edition = demo_edition()
    for level in demo().values():
        assert set(level.layers) == {layer.id for layer in edition.layers}
        for name, layer in level.layers.items():
            assert [z.code for z in layer.zones] == [z.code for z in edition.zones[name]]
            assert not any(shapely.is_empty(shapes(level, name)))
            assert all(shapely.is_valid(shapes(level, name)))
            before, after = (
                shapely.get_dimensions([z.geometry for z in zones])
                for zones in (edition.zones[name], layer.zones)
            )
            assert (before == after).all()
            for one, other in zip(edition.zones[name], layer.zones, strict=True):
                assert replace(one, geometry=other.geometry) == other


def test_neighbours_do_not_tear_or_overlap() -> None:
    edition = demo_edition()
    for layer in edition.layers:
        if layer.partition:
            assert shapely.coverage_is_valid([z.geometry for z in edition.zones[layer.id]])
            for level in demo().values():
                assert level.layers[layer.id].method in ("coverage", "nested")
                simple = shapes(level, layer.id)
                assert shapely.coverage_is_valid(simple)
                # no gap either: the holes of the union are those of the region
                assert len(shapely.get_rings(shapely.coverage_union_all(simple))) == len(
                    shapely.get_rings(edition.outline)
                )


def test_counties_run_along_their_units() -> None:
    edition = demo_edition()
    for level in demo().values():
        assert level.layers["county"].method == "nested"
        units = level.layers[UNITS].zones
        for county in level.layers["county"].zones:
            own = [z.geometry for z in units if z.regions[0] == county.code]
            assert shapely.equals(shapely.coverage_union_all(own), county.geometry)
    alone = levels(edition, (6,), layers=["county"])[6].layers["county"]
    assert alone == demo()[6].layers["county"]


def test_vertices_grow_with_the_zoom_and_are_vertices_of_the_edition() -> None:
    edition = demo_edition()
    for layer in edition.layers:
        counts = [demo()[zoom].layers[layer.id].vertices for zoom in ZOOMS]
        assert counts == sorted(counts)
        assert counts[-1] <= demo()[10].layers[layer.id].vertices_before
        given = {
            tuple(xy)
            for xy in shapely.get_coordinates([z.geometry for z in edition.zones[layer.id]]).tolist()
        }
        if demo()[6].layers[layer.id].method == "nested":
            given |= {
                tuple(xy)
                for xy in shapely.get_coordinates([z.geometry for z in edition.zones[UNITS]]).tolist()
            }
        kept = shapely.get_coordinates(shapes(demo()[6], layer.id))
        assert {tuple(xy) for xy in kept.tolist()} <= given
    assert demo()[4].layers[UNITS].vertices < demo()[4].layers[UNITS].vertices_before / 4


def test_nothing_moves_further_than_a_few_pixels() -> None:
    edition = demo_edition()
    for zoom in (6, 8):
        level = demo()[zoom]
        degrees = 12 * level.pixel_m / 111_000 / 0.8
        for one, other in zip(edition.zones["county"], level.layers["county"].zones, strict=True):
            assert shapely.hausdorff_distance(one.geometry, other.geometry) < degrees


def test_tiny_zones_are_marked_and_kept() -> None:
    layer = demo()[4].layers["park"]
    assert layer.tiny
    for row in layer.tiny:
        west, south, east, north = demo_edition().zones["park"][row].geometry.bounds
        assert max(east - west, north - south) < demo()[4].pixel_m / 111_000 * 1.3
        assert not layer.zones[row].geometry.is_empty


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)), min_size=3, max_size=25, unique=True),
    st.integers(5, 12),
)
def test_any_coverage_stays_one(seeds: list[tuple[float, float]], zoom: int) -> None:
    """Voronoi cells of random seeds, their sides cut into many."""
    box = shapely.box(100.0, 36.0, 100.4, 36.2)
    points = shapely.multipoints(np.array(seeds) * (0.4, 0.2) + (100.0, 36.0))
    drawn = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=box))
    cut = shapely.set_precision(shapely.intersection(drawn, box), 1e-9)
    cells = [c for c in shapely.segmentize(cut, 0.013) if not c.is_empty]
    zones = tuple(Zone(layer=UNITS, code=f"Z{k}", name="", geometry=c) for k, c in enumerate(cells))
    edition = replace(SAMPLE, zones={**SAMPLE.zones, UNITS: zones})
    layer = levels(edition, (zoom,))[zoom].layers[UNITS]
    simple = [z.geometry for z in layer.zones]
    assert len(simple) == len(cells) and not any(shapely.is_empty(simple))
    if shapely.coverage_is_valid(cells):
        assert layer.method == "coverage"
        assert shapely.coverage_is_valid(simple)


def test_zones_that_overlap_or_cross_themselves_are_simplified_one_by_one() -> None:
    bowtie = shapely.Polygon([(100, 36), (100.1, 36.1), (100.1, 36), (100, 36.1)])
    units = (*SAMPLE.zones[UNITS], replace(SAMPLE.zones[UNITS][0], geometry=bowtie))
    layer = levels(replace(SAMPLE, zones={**SAMPLE.zones, UNITS: units}), (5,))[5].layers[UNITS]
    assert layer.method == "single"
    assert len(layer.zones) == 6 and not any(z.geometry.is_empty for z in layer.zones)


def test_an_empty_layer_and_a_wrong_question() -> None:
    made = levels(replace(SAMPLE, zones={**SAMPLE.zones, "park": ()}), (5,))
    assert made[5].layers["park"].zones == ()
    with pytest.raises(NoSuchLayer):
        levels(SAMPLE, (5,), layers=["nope"])
    with pytest.raises(ValueError, match="zoom"):
        levels(SAMPLE, (23,))


# --- the command ----------------------------------------------------------------------------------


def test_a_folder_of_geojson(sanxian: Run, sample: Path) -> None:
    ran = sanxian("generalise", sample, "--zoom", "5-6,8", "--out", "maps")
    assert ran.status == 0, ran.err
    made = json.loads(Path("maps/levels.json").read_bytes())
    assert [level["zoom"] for level in made["levels"]] == [5, 6, 8]
    assert made["synthetic"] and "示例数据，非官方" in made["remark"]
    for level in made["levels"]:
        for layer in level["layers"]:
            held = json.loads((Path("maps") / layer["file"]).read_bytes())
            assert len(held["features"]) == layer["zones"]
            assert all("不能用于研判" in f["properties"]["remark"] for f in held["features"])
    first = {p: p.read_bytes() for p in Path("maps").rglob("*.*json")}
    assert sanxian("generalise", sample, "--zoom", "5-6,8", "--out", "maps").status == 0
    assert {p: p.read_bytes() for p in Path("maps").rglob("*.*json")} == first


def test_a_package_is_no_edition(sanxian: Run, sample: Path) -> None:
    for name in ("a.gpkg", "b.gpkg"):
        ran = sanxian(
            "generalise", sample, "--zoom", "6", "--layer", UNITS, "--layer", "river", "--out", name
        )
        assert ran.status == 0, ran.err
    assert Path("a.gpkg").read_bytes() == Path("b.gpkg").read_bytes()
    assert {row[0] for row in pyogrio.list_layers("a.gpkg")} == {"z06_control_unit", "z06_river"}
    assert pyogrio.read_info("a.gpkg", layer="z06_control_unit")["crs"] == "EPSG:4490"
    with closing(sqlite3.connect("a.gpkg")) as connection:
        told = connection.execute("SELECT description FROM gpkg_contents").fetchall()
    assert all("示例数据，非官方" in row[0] for row in told)
    for command in (("edition", "info"), ("diff", sample), ("generalise", "--out", "x")):
        ran = sanxian(*command, "a.gpkg")
        assert ran.status == 20 and both_languages(ran, "EDITION_FOREIGN")
    assert not list(Path().glob(".*"))


def test_a_draft_can_be_shown_too(sanxian: Run) -> None:
    write_draft(Draft(edition=sample_edition()), "d.gpkg")
    assert sanxian("generalise", "d.gpkg", "--zoom", "5", "--out", "maps").status == 0


@pytest.mark.parametrize("zoom", ["x", "9-5", "23", "5-", "", "-1", "5,,6"])
def test_a_zoom_that_is_none(sanxian: Run, sample: Path, zoom: str) -> None:
    ran = sanxian("generalise", sample, f"--zoom={zoom}", "--out", "maps")
    assert ran.status == 2 and both_languages(ran, "USAGE")
    assert not Path("maps").exists()


def test_where_nothing_can_be_written(sanxian: Run, sample: Path) -> None:
    Path("file").write_text("x")
    for out in ("file", "file/x", "no/x.gpkg"):
        ran = sanxian("generalise", sample, "--zoom", "5", "--out", out)
        assert ran.status == 10 and both_languages(ran, "OUTPUT_FAILED")
    assert Path("file").read_text() == "x"


def test_coordinates_are_on_the_grid_of_the_edition() -> None:
    xy = shapely.get_coordinates(shapes(demo()[6], UNITS))
    assert (np.round(xy, DECIMALS) == xy).all()

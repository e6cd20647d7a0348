"""Real geometry, dirt included, all the way: raw layers → draft → gate → repair → edition → its successor → difference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from command_line import Run
from real_coverage import real_edition, shapes, unit_code
from sanxian import generalise, statistics
from sanxian.comparison import Kind, Shape, apply, diff
from sanxian.edition import Draft, digest, open_draft, open_edition, validate, write_draft, write_edition
from sanxian.errors import EditionInvalid
from sanxian.geometry import lonlat_area, lonlat_areas

AS_OF = date(2026, 9, 1)
CROSSED = {"24039", "24045", "51041", "51093", "51620"}  # quantisation made their rings touch themselves
VANISHED = {"51610"}  # Falls Church: nothing is left of it
WINNER, LOSER = "51003", "51109"  # Albemarle takes a bite of Louisa

Rows = dict[str, tuple[str, BaseGeometry]]


def bite() -> BaseGeometry:
    """Some land of one county at its border with the other."""
    counties = shapes()["counties"]
    border = shapely.intersection(counties[WINNER][1], counties[LOSER][1])
    middle = shapely.line_interpolate_point(shapely.line_merge(border), 0.5, normalized=True)
    return shapely.intersection(middle.buffer(0.03), counties[LOSER][1])


def areal(shape: BaseGeometry) -> BaseGeometry:
    """The land inside a ring that touches itself."""
    return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def revised() -> Rows:
    """The counties a year later: land has changed hands and one has another name."""
    counties: Rows = dict(shapes()["counties"])
    name, shape = counties[WINNER]
    counties[WINNER] = (name, shapely.union(shape, bite(), grid_size=1e-9))
    name, shape = counties[LOSER]
    counties[LOSER] = (name, shapely.difference(shape, bite(), grid_size=1e-9))
    counties["24003"] = ("Anne Arundel County", counties["24003"][1])
    return counties


def test_the_file_is_what_the_readme_says() -> None:
    counties = shapes()["counties"]
    assert len(counties) == 161 and len(shapes()["states"]) == 4
    assert {k for k, (_, s) in counties.items() if s.is_empty} == VANISHED
    assert {k for k, (_, s) in counties.items() if not s.is_valid} == CROSSED
    assert Path(__file__).with_name("data").joinpath("chesapeake-counties.topojson").stat().st_size < 300_000


def test_the_raw_coverage_is_a_draft_and_no_edition(tmp_path: Path) -> None:
    edition = real_edition()
    found = {(p.code, p.item.partition("/")[0]) for p in validate(edition) if p.severity == "error"}
    assert found == {
        (c, x) for c in ("GEOMETRY_INVALID", "GEOMETRY_EMPTY") for x in ("control_unit", "county")
    }
    with pytest.raises(EditionInvalid):
        write_edition(edition, tmp_path / "e.gpkg")
    write_draft(Draft(edition=edition), tmp_path / "d.gpkg")
    assert diff(edition, open_draft(tmp_path / "d.gpkg").edition).empty


def test_repaired_it_is_an_edition_that_differs_only_where_it_was_changed(tmp_path: Path) -> None:
    def sound(rows: Mapping[str, tuple[str, BaseGeometry]], year: int) -> Any:
        edition = real_edition(year)
        zones = {}
        for layer, held in edition.zones.items():
            kept = []
            for zone in held:
                county = zone.code[3:8] if layer == "control_unit" else zone.code[1:]
                name, shape = (zone.name, zone.geometry) if layer == "province" else rows[county]
                if not shape.is_empty:
                    kept.append(replace(zone, name=name, geometry=areal(shape)))
            zones[layer] = tuple(kept)
        return write_edition(replace(edition, zones=zones), tmp_path / f"{year}.gpkg")

    old, new = sound(shapes()["counties"], 2026), sound(revised(), 2027)
    found = diff(old, new)
    by_layer = {layer.layer: layer for layer in found.layers}
    assert (by_layer["control_unit"].unchanged, by_layer["province"].unchanged) == (157, 4)
    for layer in ("control_unit", "county"):
        (transfer,) = by_layer[layer].transfers
        codes = [unit_code(k) if layer == "control_unit" else f"0{k}" for k in (LOSER, WINNER)]
        assert [transfer.old, transfer.new] == codes
        assert transfer.area_m2 == pytest.approx(lonlat_area(bite()), rel=1e-6)
    assert digest(apply(old, found)) == new.info.digest

    made = statistics.of(old, AS_OF)
    units = made.layer("control_unit")
    # rings that crossed themselves leave some 900 m² in two counties
    assert units.total.area_m2 == pytest.approx(made.region_m2, rel=1e-7)
    for level in ("province", "county"):
        total = sum(r.area_m2 for r in units.by_place if r.place_level == level and not r.zone_class)
        assert total == pytest.approx(units.total.area_m2, rel=1e-7)

    for zoom, display in generalise.levels(new, (5, 7)).items():
        simple = [z.geometry for z in display.layers["county"].zones]
        assert not any(shape.is_empty for shape in simple), zoom
        assert lonlat_areas(simple).sum() == pytest.approx(made.region_m2, rel=0.02)


# --- through the commands -------------------------------------------------------------------------

PROFILE = """
extends = "national"

[edition]
id = "chesapeake/{year}"
title = "Chesapeake {year}"
valid_from = {year}-01-01
region = "0"
synthetic = true
""" + "".join(
    f'\n[[coverage]]\nlayer = "{layer}"\nregion = "0"\nstatus = "complete"\nsource = "US Census Bureau 2017"\n'
    for layer in ("control_unit", "county", "province")
)


def write_layer(path: Path, rows: Iterable[tuple[Mapping[str, str], BaseGeometry]]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": dict(properties),
            "geometry": None if shape.is_empty else json.loads(shapely.to_geojson(shape)),
        }
        for properties, shape in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_sources(folder: Path, counties: Mapping[str, tuple[str, BaseGeometry]], year: int) -> None:
    folder.mkdir()
    write_layer(
        folder / "control_unit.geojson",
        (
            ({"HJGKDYBM": unit_code(k), "HJGKDYMC": n, "GKDYFL": "重点管控单元", "COUNTY": f"0{k}"}, s)
            for k, (n, s) in counties.items()
        ),
    )
    for layer, rows in (("county", counties), ("province", shapes()["states"])):
        write_layer(
            folder / f"{layer}.geojson", (({"XZQDM": f"0{k}", "XZQMC": n}, s) for k, (n, s) in rows.items())
        )
    (folder / "profile.toml").write_text(PROFILE.format(year=year), encoding="utf-8")


def test_ingest_check_publish_and_diff_take_it(sanxian: Run) -> None:
    """Each year's raw layers become an edition; what differs between the two is what was changed between them."""
    fixes = [x for name in ("make-valid", "dedupe-vertices", "snap-edges") for x in ("--fix", name)]
    for year, counties in ((2026, shapes()["counties"]), (2027, revised())):
        folder = Path(str(year))
        write_sources(folder, counties, year)
        sources = sorted(folder.glob("*.geojson"))
        ran = sanxian("ingest", *sources, "--profile", folder / "profile.toml", "--out", f"d{year}.gpkg")
        assert ran.status == 0, ran.err
        assert "GEOMETRY_MISSING" in ran.err and "GEOMETRY_INVALID" in ran.err
        ran = sanxian("check", f"d{year}.gpkg")
        assert ran.status == 1 and "Q-GEOMETRY-INVALID" in ran.out
        ran = sanxian("check", f"d{year}.gpkg", *fixes, "--out", f"f{year}.gpkg")
        assert ran.status == 0, ran.out
        before = ["--previous", "2026.gpkg"] if year > 2026 else []
        ran = sanxian(
            "publish", f"f{year}.gpkg", "--as", f"Chesapeake {year}", "--valid-from", f"{year}-01-01",
            "--reason", "测试", "--trigger", "five_year_adjustment" if before else "first_publication",
            *before, "--out", f"{year}.gpkg",
        )  # fmt: skip
        assert ran.status == 0, ran.err

    assert sanxian("diff", "2026.gpkg", "2026.gpkg").status == 0
    ran = sanxian("diff", "2026.gpkg", "2027.gpkg", "--format", "json", "--out", "d.json")
    assert ran.status == 1, ran.err
    made = json.loads(Path("d.json").read_bytes())
    units = next(layer for layer in made["layers"] if layer["layer"] == "control_unit")
    assert (units["unchanged"], units["reshaped"], units["added"], units["removed"]) == (157, 2, 0, 0)
    ((transfer),) = units["transfers"]
    assert (transfer["from"], transfer["to"]) == (unit_code(LOSER), unit_code(WINNER))
    assert transfer["area_m2"] == pytest.approx(lonlat_area(bite()), rel=1e-6)
    old, new = open_edition("2026.gpkg"), open_edition("2027.gpkg")
    found = diff(old, new)
    assert digest(apply(old, found)) == new.info.digest
    kinds = {(c.name, c.kind, c.shape) for c in found.layers[0].changes}
    assert ("Anne Arundel County", Kind.CHANGED, Shape.SAME) in kinds
    assert sanxian("diff", "2026.gpkg", "2027.gpkg", "--out", "d.html").status == 1
    assert "Louisa" in Path("d.html").read_text("utf-8")

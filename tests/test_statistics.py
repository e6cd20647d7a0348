"""Statistics: sums that must come out, against counts and areas made by other means."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import CHINESE, Run, both_languages
from demo_edition import demo_edition
from sample_edition import sample_edition
from sanxian import statistics
from sanxian.comparison import diff
from sanxian.edition import Edition, clause_in_force, normalise, write_edition
from sanxian.errors import EditionExpired, EditionNotInForce
from sanxian.geometry import lonlat_area, lonlat_areas
from sanxian.model import LayerKind, ReviewState, Zone
from sanxian.report import statistics as report

AS_OF = date(2026, 9, 1)
UNITS = "control_unit"
SAMPLE = normalise(sample_edition())


@pytest.fixture(scope="module")
def demo() -> statistics.Statistics:
    return statistics.of(demo_edition(), AS_OF)


def rows(made: statistics.LayerStatistics, level: str, zone_class: str = "") -> list[statistics.Row]:
    return [r for r in made.by_place if r.place_level == level and r.zone_class == zone_class]


# --- areas ----------------------------------------------------------------------------------------


def test_partitions_add_up_to_the_region_by_class_and_at_every_level(demo: statistics.Statistics) -> None:
    region = lonlat_area(demo_edition().outline)
    assert demo.region_m2 == region
    partitions = [x for x in demo.layers if x.partition]
    assert len(partitions) > 5
    for layer in partitions:
        assert layer.total.area_m2 == pytest.approx(region, rel=1e-9)
        assert sum(r.area_m2 for r in layer.by_class) == pytest.approx(region, rel=1e-9)
        assert sum(r.area_m2 for r in layer.by_subtype) == pytest.approx(region, rel=1e-9)
        assert sum(r.share for r in layer.by_class) == pytest.approx(1.0, rel=1e-9)
        if layer.kind is not LayerKind.ADMIN:
            for level in statistics.PLACES:
                assert sum(r.area_m2 for r in rows(layer, level)) == pytest.approx(region, rel=1e-9)


def test_what_a_zone_shares_with_a_county_is_what_geos_finds(demo: statistics.Statistics) -> None:
    """An oracle of other hands: shapes cut out by GEOS, measured one by one."""
    edition = demo_edition()
    counties = list(edition.zones["county"])
    for layer in ("protected_area", "resource_zone"):
        zones = [z for z in edition.zones[layer] if z.valid_from is None or z.valid_from <= AS_OF]
        zones = [z for z in zones if z.valid_to is None or z.valid_to >= AS_OF]
        found = {r.place: r for r in rows(demo.layer(layer), "county")}
        for county in counties[:15]:
            cut = [shapely.intersection(z.geometry, county.geometry) for z in zones]
            assert found[county.code].area_m2 == pytest.approx(lonlat_areas(cut).sum(), rel=1e-7, abs=1.0)
            least = edition.layer(layer).min_area_m2
            assert found[county.code].count == sum(lonlat_areas(cut) >= least)


def test_land_in_two_zones_counts_once_as_land() -> None:
    shapes = [shapely.box(100.0, 36.0, 100.1, 36.1), shapely.box(100.05, 36.0, 100.15, 36.1)]
    red = tuple(Zone(layer="red_line", code=f"R{k}", name="", geometry=s) for k, s in enumerate(shapes))
    made = statistics.of(replace(SAMPLE, zones={**SAMPLE.zones, "red_line": red}), AS_OF).layer("red_line")
    assert made.total.area_m2 == pytest.approx(sum(map(lonlat_area, shapes)))
    assert made.land_m2 == pytest.approx(lonlat_area(shapely.box(100.0, 36.0, 100.15, 36.1)))


def test_land_outside_every_county_is_told() -> None:
    far = Zone(layer="park", code="Y", name="", geometry=shapely.box(100.39, 36.05, 100.41, 36.1))
    made = statistics.of(replace(SAMPLE, zones={**SAMPLE.zones, "park": (far,)}), AS_OF).layer("park")
    outside = lonlat_area(shapely.box(100.4, 36.05, 100.41, 36.1))
    (row,) = [r for r in rows(made, "county") if r.place == ""]
    assert row.count == 1
    assert row.area_m2 == pytest.approx(outside, rel=1e-6)
    assert [r.count for r in rows(made, "county") if r.place == "639902"] == [1]


def test_the_published_method_is_planar_in_its_own_crs() -> None:
    edition = replace(SAMPLE, info=replace(SAMPLE.info, area_method="EPSG:4542"))
    made = statistics.of(edition, AS_OF).layer(UNITS)
    change = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4542", always_xy=True)
    total = 0.0
    for zone in edition.zones[UNITS]:
        dense = shapely.segmentize(zone.geometry, 0.0005)
        plane = shapely.transform(dense, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
        total += float(plane.area)
    assert made.total.published_m2 == pytest.approx(total, rel=1e-8)
    assert made.total.published_m2 != pytest.approx(made.total.area_m2, rel=1e-5)  # 2° from the meridian
    (table,) = statistics.scheme_tables(statistics.of(edition, AS_OF))
    assert table.published and table.total.area_km2 == round(total / 1e6, 2)


@settings(max_examples=30)
@given(st.lists(st.floats(0.01, 0.39), min_size=1, max_size=6, unique=True), st.data())
def test_any_partition_adds_up(cuts: list[float], data: st.DataObject) -> None:
    """Strips of any width and class: sums by class and by county are the region."""
    edges = [0.0, *sorted(cuts), 0.4]
    strips = tuple(
        Zone(
            layer=UNITS,
            code=f"Z{k}",
            name="",
            geometry=shapely.box(100 + a, 36.0, 100 + b, 36.2),
            zone_class=data.draw(st.sampled_from(("PRIORITY", "KEY", "GENERAL"))),
        )
        for k, (a, b) in enumerate(pairwise(edges))
        if b - a > 1e-6
    )
    made = statistics.of(replace(SAMPLE, zones={**SAMPLE.zones, UNITS: strips}), AS_OF)
    layer = made.layer(UNITS)
    assert layer.total.count == len(strips) == sum(r.count for r in layer.by_class)
    for total in (layer.by_class, rows(layer, "county"), rows(layer, "province")):
        # strips thinner than the cut leave a little out
        assert sum(r.area_m2 for r in total) == pytest.approx(layer.total.area_m2, rel=1e-9)


def test_statistics_and_differences_tell_the_same_story() -> None:
    """The change of area by class is what the difference says went from class to class."""
    units = list(SAMPLE.zones[UNITS])
    units[0] = replace(units[0], geometry=shapely.box(100.0, 36.1, 100.07, 36.2))
    units[1] = replace(
        units[1],
        geometry=shapely.union(units[1].geometry, shapely.box(100.07, 36.1, 100.1, 36.2)),
    )
    units[4] = replace(units[4], zone_class="PRIORITY", code="ZH63990210009")
    new = replace(SAMPLE, zones={**SAMPLE.zones, UNITS: tuple(units)})
    before, after = (
        {r.zone_class: r.area_m2 for r in statistics.of(e, AS_OF).layer(UNITS).by_class}
        for e in (SAMPLE, new)
    )
    moved = diff(SAMPLE, new).layers[0].class_transfers
    assert set(moved) == {("PRIORITY", "KEY"), ("GENERAL", "PRIORITY")}
    for name in before:
        gained = sum(m2 for (_, to), m2 in moved.items() if to == name)
        lost = sum(m2 for (origin, _), m2 in moved.items() if origin == name)
        assert after[name] - before[name] == pytest.approx(gained - lost, abs=1.0)


# --- time, clauses --------------------------------------------------------------------------------


def test_only_what_is_in_force_counts() -> None:
    units = tuple(replace(z, valid_to=date(2027, 1, 1)) for z in SAMPLE.zones[UNITS])
    edition = replace(SAMPLE, zones={**SAMPLE.zones, UNITS: units})
    assert statistics.of(edition, AS_OF).layer(UNITS).total.count == 5
    assert statistics.of(edition, date(2028, 1, 1)).layer(UNITS).total.count == 0
    with pytest.raises(EditionNotInForce):
        statistics.of(edition, date(2025, 1, 1))
    with pytest.raises(EditionExpired):
        statistics.of(edition, date(2031, 1, 1))


def test_clauses_are_counted_by_level_and_dimension(demo: statistics.Statistics) -> None:
    edition = demo_edition()
    living = [c for c in edition.clauses if clause_in_force(c, edition, AS_OF) is None]
    assert (demo.clauses.in_force, demo.clauses.lapsed) == (len(living), len(edition.clauses) - len(living))
    assert sum(demo.clauses.by_level.values()) == len(living)
    for (level, dimension), count in demo.clauses.by_level.items():
        assert count == sum(c.level is level and c.dimension is dimension for c in living)
    assert sum(demo.clauses.rules.values()) == sum(len(c.rules) for c in living)
    states = [r.get("review", {}).get("state") for c in living for r in c.rules]
    assert demo.clauses.rules[ReviewState.REVIEWED] == states.count("reviewed")
    assert demo.clauses.without_rule == sum(not c.rules for c in living)


def test_a_rule_whose_review_is_nonsense_counts_as_a_draft() -> None:
    clause = SAMPLE.clauses[0]
    rules = tuple({**clause.rules[0], "review": review} for review in ({"state": "?"}, "x", {}, None))
    made = statistics.of(replace(SAMPLE, clauses=(replace(clause, rules=rules),)), AS_OF)
    assert made.clauses.rules[ReviewState.DRAFT] == 4


# --- the printed table ----------------------------------------------------------------------------


def test_the_printed_table_tells_what_rounding_leaves_over(demo: statistics.Statistics) -> None:
    (table,) = statistics.scheme_tables(demo)
    units = demo.layer(UNITS)
    assert [r.zone_class for r in table.rows] == ["PRIORITY", "KEY", "GENERAL"]
    assert table.total.count == units.total.count == sum(r.count for r in table.rows)
    printed = sum(round(r.area_km2 * 100) for r in table.rows) - round(table.total.area_km2 * 100)
    assert round(table.area_over_km2 * 100) == printed
    for row, exact in zip(table.rows, units.by_class, strict=True):
        assert abs(row.area_km2 - exact.area_m2 / 1e6) <= 0.005 + 1e-9
        assert abs(row.share_pct - 100 * exact.area_m2 / units.total.area_m2) <= 0.005 + 1e-9


def test_a_table_that_does_not_add_up_says_so() -> None:
    """Three equal thirds: 33.33 three times is 99.99."""
    edges = (100.0, 100.0 + 0.4 / 3, 100.0 + 0.8 / 3, 100.4)
    thirds = tuple(
        Zone(layer=UNITS, code=f"Z{k}", name="", geometry=shapely.box(edges[k], 36.0, edges[k + 1], 36.2), zone_class=c)
        for k, c in enumerate(("PRIORITY", "KEY", "GENERAL"))
    )  # fmt: skip
    made = statistics.of(replace(SAMPLE, zones={**SAMPLE.zones, UNITS: thirds}), AS_OF)
    (table,) = statistics.scheme_tables(made)
    assert [r.share_pct for r in table.rows] == [33.33] * 3
    assert table.share_over_pct == -0.01
    notes = report.tables_of(made)[0].notes
    assert any("-0.01" in note and "四舍五入" in note for note in notes)


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_text_shows_every_table(sanxian: Run, sample: Path, lang: str) -> None:
    ran = sanxian("stats", sample, "--as-of", "2026-09-01", "--lang", lang)
    assert ran.status == 0 and "示例数据，非官方" in ran.out
    for table in report.tables_of(statistics.of(SAMPLE, AS_OF), lang):
        assert table.title in ran.out
    assert "{" not in ran.out
    sanxian("stats", sample, "--as-of", "2026-09-01", "--lang", lang, "--out", "s.txt")
    assert table.title in Path("s.txt").read_text("utf-8")


def test_workbook_csv_and_json_hold_the_same_figures(sanxian: Run, sample: Path) -> None:
    for name in ("s.xlsx", "s.csv", "s.json", "t.xlsx"):
        assert sanxian("stats", sample, "--as-of", "2026-09-01", "--out", name).status == 0
    assert Path("s.xlsx").read_bytes() == Path("t.xlsx").read_bytes()
    made = json.loads(Path("s.json").read_bytes())
    assert made["synthetic"] is True and made["format"] == "sanxian-statistics/1"
    units = next(x for x in made["layers"] if x["layer"] == UNITS)
    flat = list(csv.reader(io.StringIO(Path("s.csv").read_bytes().decode("utf-8-sig"))))
    total = next(r for r in flat if r[:2] == [UNITS, "total"])
    assert float(total[8]) == units["total"]["area_m2"]
    assert "示例数据，非官方" in total[-1]
    sheet: Any = openpyxl.load_workbook("s.xlsx").worksheets[0]
    cells = [[c.value for c in row] for row in sheet.iter_rows()]
    assert any("示例数据" in str(row[0]) for row in cells)
    printed = next(row for row in cells if row[0] == "合计")
    assert printed[1:3] == [5, round(units["total"]["area_m2"] / 1e6, 2)]


def test_today_is_said(sanxian: Run, sample: Path) -> None:
    ran = sanxian("stats", sample)
    assert "按今天" in ran.err


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--as-of", "2026-13-01"), "USAGE"),
        (("--as-of", "2020-01-01"), "EDITION_NOT_YET"),
        (("--format", "xlsx", "--as-of", "2026-09-01"), "USAGE"),
        (("--out", "s.pdf", "--as-of", "2026-09-01"), "USAGE"),
        (("--out", "no/s.csv", "--as-of", "2026-09-01"), "OUTPUT_FAILED"),
    ],
)
def test_what_cannot_be_done_is_said(sanxian: Run, sample: Path, args: tuple[str, ...], code: str) -> None:
    ran = sanxian("stats", sample, *args)
    assert ran.status in (2, 10, 20) and both_languages(ran, code)
    assert CHINESE.search(ran.err)


def test_an_edition_without_places_has_no_statistics(sanxian: Run) -> None:
    bare: Edition = replace(
        SAMPLE,
        layers=tuple(x for x in SAMPLE.layers if x.kind is not LayerKind.ADMIN),
        zones={k: v for k, v in SAMPLE.zones.items() if k not in ("province", "county")},
    )
    write_edition(bare, "b.gpkg", check=False)
    ran = sanxian("stats", "b.gpkg", "--as-of", "2026-09-01")
    assert ran.status == 20 and both_languages(ran, "EDITION_INCOMPLETE")

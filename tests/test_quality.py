"""The quality gate: every planted defect is found at its place, nothing is invented, and GEOS agrees."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from demo_edition import demo_edition
from dirty_province import ACCURACY_M, DEFECTS, Dirt, Planted, clean_province, dirty_province
from sample_edition import sample_edition
from sanxian.edition import Draft
from sanxian.geometry import lonlat_area
from sanxian.i18n import t
from sanxian.model import Coverage, CoverageStatus
from sanxian.quality import QualityReport, Severity, check
from sanxian.quality.coverage import Kind, examine
from sanxian.quality.edges import loose_edges
from sanxian.quality.exchange import places_geojson, places_geopackage, to_json
from sanxian.quality.findings import Finding, key_of
from sanxian.quality.sizes import areas_m2, as_array, measured

ROOT = Path(__file__).resolve().parent.parent
NAMES = [defect.__name__ for defect in DEFECTS]
NEAR = 1e-6  # degrees


def found_as_planted(report: QualityReport, planted: Planted) -> list[Finding]:
    """The findings that say what was planted: the check, the item, the place and its size."""
    fitting = []
    for finding in report.findings:
        if finding.check != planted.check or not any(planted.item in item for item in finding.items):
            continue
        if planted.place is None:
            fitting.append(finding)
            continue
        for place in finding.places:
            # a strip can be thinner than the grid of the oracle: near is enough, the size is compared below
            if place.geometry is None or shapely.distance(place.geometry, planted.place) > NEAR:
                continue
            sized = planted.area_m2 is None or (
                place.area_m2 is not None
                and place.area_m2.value == pytest.approx(planted.area_m2, rel=2e-3, abs=0.5)
            )
            if sized:
                fitting.append(finding)
                break
    return fitting


# --- recall and precision ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_invented_in_a_clean_province(seed: int) -> None:
    report = check(clean_province(seed))
    assert report.findings == ()
    assert all(balance.unmatched == 0 for balance in report.balances if balance.region_m2 is not None)
    assert all(balance.residue < 1e-12 for balance in report.balances)


def test_the_editions_of_the_house_can_be_published() -> None:
    for edition in (sample_edition(), demo_edition()):
        assert check(edition).blocking == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_defect_is_found_at_its_place_and_nothing_else(name: str) -> None:
    draft, (planted,) = dirty_province(7, [name])
    report = check(draft)
    assert found_as_planted(report, planted) != []
    assert {f.check for f in report.findings} <= {planted.check, *planted.also}


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(NAMES), unique=True, min_size=1).map(sorted),
)
def test_any_combination_of_defects_is_found_and_nothing_else(seed: int, kinds: list[str]) -> None:
    draft, planted = dirty_province(seed, kinds)
    report = check(draft)
    assert [p.kind for p in planted if not found_as_planted(report, p)] == []
    allowed = {p.check for p in planted} | {check for p in planted for check in p.also}
    assert {f.check for f in report.findings} <= allowed
    for name in ("Q-OVERLAP", "Q-EDGE", "Q-OUTSIDE"):
        there = sum(len(f.places) for f in report.findings if f.check == name)
        assert there == sum(p.check == name for p in planted)


def test_all_defects_together() -> None:
    draft, planted = dirty_province(11)
    report = check(draft)
    assert [p.kind for p in planted if not found_as_planted(report, p)] == []
    assert {f.check for f in report.findings} <= {c for p in planted for c in (p.check, *p.also)}
    assert len(planted) == len(DEFECTS)
    for balance in report.balances:
        assert balance.residue < 1e-9


# --- oracles -------------------------------------------------------------------------------------------------


def broken_coverage(seed: int) -> tuple[Any, BaseGeometry]:
    """A small coverage some of whose cells were moved, grown or taken away."""
    rng = np.random.default_rng(seed)
    x = np.round(100 + np.sort(rng.uniform(0, 0.1, 5)), 6)
    y = np.round(36 + np.sort(rng.uniform(0, 0.1, 5)), 6)
    cells = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(4) for j in range(4)]
    region = shapely.box(x[0], y[0], x[-1], y[-1])
    for _ in range(int(rng.integers(0, 4))):
        i = int(rng.integers(len(cells)))
        change = int(rng.integers(4))
        if change == 0:
            cells[i] = shapely.affinity.translate(cells[i], *rng.uniform(-0.01, 0.01, 2))
        elif change == 1:
            cells[i] = cells[i].buffer(float(rng.uniform(0.001, 0.01)), quad_segs=3)
        elif change == 2 and len(cells) > 2:
            del cells[i]
        else:
            cells[i] = shapely.affinity.scale(cells[i], 0.8, 0.9)
    return shapely.transform(as_array(cells), lambda xy: np.round(xy, 9)), region


@settings(max_examples=80)
@given(st.integers(0, 100_000))
def test_gaps_overlaps_and_land_outside_are_what_unions_say(seed: int) -> None:
    """The oracle knows nothing of edges: unions and differences of whole shapes."""
    cells, region = broken_coverage(seed)
    found = examine(cells, region)
    union = shapely.union_all(cells)
    gaps = lonlat_area(shapely.difference(region, union))
    outside = lonlat_area(shapely.difference(union, region))
    total = float(areas_m2(cells).sum())
    overlaps = total - lonlat_area(union)
    assert found.total(Kind.GAP) == pytest.approx(gaps, rel=1e-7, abs=1.0)
    assert found.total(Kind.OUTSIDE) == pytest.approx(outside, rel=1e-7, abs=1.0)
    assert found.total(Kind.OVERLAP) == pytest.approx(overlaps, rel=1e-7, abs=1.0)
    balance = total - found.total(Kind.OVERLAP) - found.total(Kind.OUTSIDE) + found.total(Kind.GAP)
    assert balance == pytest.approx(lonlat_area(region), rel=1e-9)
    for face in found.faces:  # each face says which zones it lies in
        if face.kind is Kind.OVERLAP and face.width_m > 0:
            inside = [
                i
                for i, cell in enumerate(cells)
                if shapely.area(shapely.intersection(cell, face.shape)) > 0.5 * face.shape.area
            ]
            assert inside == sorted(face.zones)


@settings(max_examples=60)
@given(st.integers(0, 100_000))
def test_a_coverage_that_geos_calls_valid_has_no_flaw_but_gaps_and_the_other_way_round(seed: int) -> None:
    cells, region = broken_coverage(seed)
    found = examine(cells, None)
    flawed = any(face.kind is not Kind.GAP for face in found.faces) or bool(found.mismatches)
    assert flawed == (not shapely.coverage_is_valid(cells))
    if not flawed and loose_edges(cells, region).many == 0:
        assert lonlat_area(shapely.union_all(cells)) == pytest.approx(lonlat_area(region), rel=1e-12)


def test_a_zone_inside_another_a_copy_and_a_stack_of_three() -> None:
    region = shapely.box(100, 36, 100.2, 36.1)
    whole = shapely.box(100, 36, 100.2, 36.1)
    inner = shapely.box(100.05, 36.02, 100.1, 36.05)
    found = examine([whole, inner], region)
    assert [(f.kind, f.zones) for f in found.faces] == [(Kind.OVERLAP, (0, 1))]
    assert found.faces[0].area_m2 == pytest.approx(lonlat_area(inner), rel=1e-12)
    found = examine([whole, whole], region)
    assert [(f.kind, f.zones) for f in found.faces] == [(Kind.OVERLAP, (0, 1))]
    found = examine([whole, inner, inner], region)
    assert [(f.kind, f.zones) for f in found.faces] == [(Kind.OVERLAP, (0, 1, 2))]
    assert found.total(Kind.OVERLAP) == pytest.approx(2 * lonlat_area(inner), rel=1e-12)


def test_a_zone_over_the_line_between_two_others_overlaps_each_by_its_part() -> None:
    west, east = shapely.box(100, 36, 100.1, 36.1), shapely.box(100.1, 36, 100.2, 36.1)
    over = shapely.box(100.08, 36.02, 100.13, 36.05)
    found = examine([west, east, over], shapely.union(west, east))
    parts = {f.zones: f.area_m2 for f in found.faces}
    assert parts[0, 2] == pytest.approx(lonlat_area(shapely.intersection(west, over)), rel=1e-9)
    assert parts[1, 2] == pytest.approx(lonlat_area(shapely.intersection(east, over)), rel=1e-9)
    assert len(found.faces) == 2


def test_a_hair_on_a_gap_does_not_make_it_look_thin() -> None:
    """A new vertex on a long edge is rounded to the grid and bends it: a sliver 0.1 mm wide and kilometres long."""
    west = shapely.Polygon([(100, 36), (100.1, 36), (100.1333333, 36.1), (100, 36.1)])
    east = shapely.Polygon([(100.1, 36), (100.2, 36), (100.2, 36.1), (100.1333333, 36.1)])
    notched = shapely.transform(
        shapely.difference(east, shapely.box(100.11, 36.04, 100.1181, 36.0411)), lambda xy: np.round(xy, 9)
    )
    found = examine([west, notched], shapely.union(west, east))
    (gap,) = [face for face in found.faces if face.width_m > 0]
    assert gap.width_m > 50


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_areas_of_many_polygons_are_those_of_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [
        shapely.MultiPoint(
            rng.uniform((-179, -80), (179, 80)) + rng.uniform(-1, 1, (9, 2)) * 10.0 ** rng.uniform(-5, 0)
        ).convex_hull
        for _ in range(20)
    ]
    shapes = [s for s in shapes if s.geom_type == "Polygon"]
    area, perimeter = measured(shapes)
    assert area.tolist() == pytest.approx([lonlat_area(s) for s in shapes], rel=1e-9, abs=1e-6)
    assert (perimeter**2 >= 4 * np.pi * area * 0.98).all()  # no shape encloses more than a circle


# --- partitions ----------------------------------------------------------------------------------------------


def test_zones_of_another_time_neither_fill_nor_overlap() -> None:
    draft, (planted,) = dirty_province(3, ["gap"])
    edition = draft.edition
    units = edition.zones["control_unit"]
    unit = next(z for z in units if planted.item == z.code)
    later = replace(unit, valid_from=edition.info.valid_from.replace(year=2027))
    twice = tuple(later if z is unit else z for z in units)
    dated = replace(edition, zones=MappingProxyType({**edition.zones, "control_unit": twice}))
    first = {f.check: f for f in check(dated).findings}
    assert first["Q-GAP"].area_m2 is not None
    assert first["Q-GAP"].area_m2.value > 1e6
    then = {f.check: f for f in check(dated, as_of=later.valid_from).findings}
    assert then["Q-GAP"].count == 1


def test_full_cover_is_asked_of_the_region_the_coverage_table_names() -> None:
    edition = clean_province().edition
    units = tuple(z for z in edition.zones["control_unit"] if z.regions == ("639901",))
    partial = replace(edition, zones=MappingProxyType({**edition.zones, "control_unit": units}))
    assert "Q-GAP" in {f.check for f in check(partial).findings}
    rows = tuple(c for c in edition.coverage if c.layer != "control_unit")
    one = Coverage(layer="control_unit", region="639901", status=CoverageStatus.COMPLETE, source="示例")
    rest = replace(one, region="63", status=CoverageStatus.ABSENT)
    named = replace(partial, coverage=(*rows, one, rest))
    assert {f.check for f in check(named).findings} & {"Q-GAP", "Q-OUTSIDE", "Q-COVER-UNKNOWN"} == set()
    unknown = replace(partial, coverage=(*rows, rest))
    assert "Q-COVER-UNKNOWN" in {f.check for f in check(unknown).findings}


def test_bounds_say_what_the_accuracy_leaves_open() -> None:
    draft, _ = dirty_province(5, ["gap"])

    def place(accuracy: float) -> tuple[float, float, float]:
        layers = tuple(replace(x, accuracy_m=accuracy) for x in draft.edition.layers)
        (found,) = [f for f in check(replace(draft.edition, layers=layers)).findings if f.check == "Q-GAP"]
        width = found.places[0].width_m
        assert width is not None
        return width.low, width.value, width.high

    low, value, high = place(ACCURACY_M)
    assert (low, high) == pytest.approx((value - 4, value + 4))
    assert place(100.0)[0] == 0
    assert place(0.0)[0] == place(0.0)[2] == value


def test_geometry_nobody_can_use_does_not_end_the_check() -> None:
    draft = clean_province()
    units = list(draft.edition.zones["control_unit"])
    units[0] = replace(units[0], geometry=shapely.Polygon())
    units[1] = replace(units[1], geometry=shapely.Point(99.1, 35.1))
    units[2] = replace(
        units[2], geometry=shapely.GeometryCollection([units[2].geometry, shapely.Point(0, 0)])
    )
    zones = MappingProxyType({**draft.edition.zones, "control_unit": tuple(units)})
    report = check(replace(draft.edition, zones=zones))
    assert {"Q-GEOMETRY-EMPTY", "Q-GEOMETRY-TYPE", "Q-GAP"} <= {
        f.check for f in report.blocking and report.findings
    }
    nothing = replace(draft.edition, zones=MappingProxyType(dict.fromkeys(draft.edition.zones, ())))
    assert check(nothing).blocking != ()


# --- codes and sums ------------------------------------------------------------------------------------------


def test_an_old_county_code_is_no_error_when_the_table_knows_it() -> None:
    dirt = Dirt(0)
    edition = dirt.draft.edition
    unit = edition.zones["control_unit"][0]
    dirt.change("control_unit", unit.code, code=unit.code.replace("639901", "639881"))
    dirt.clause(
        unit.code, scope=replace(edition.clauses[0].scope, units=(unit.code.replace("639901", "639881"),))
    )
    assert [f.check for f in check(dirt.draft, aliases={}).findings] == ["Q-UNIT-COUNTY"]
    known = check(dirt.draft, aliases={"639881": "639882", "639882": "639901"})
    assert {f.check for f in known.findings} == {"Q-UNIT-COUNTY", "Q-CODE-ALIAS"}
    assert known.blocking == ()


@pytest.mark.parametrize(("off", "agrees"), [(0, True), (10_000, False)])
def test_a_printed_area_is_as_good_as_its_last_digit(off: int, agrees: bool) -> None:
    """A table in km² with two decimals says no more than 5,000 m²."""
    draft = clean_province()
    units = draft.edition.zones["control_unit"]
    # one whose second decimal is no zero: what is printed is all anybody can know of the rounding
    row = next(i for i, z in enumerate(units) if round(lonlat_area(z.geometry) / 1e4) % 10 in range(2, 8))
    text = str(round(lonlat_area(units[row].geometry) / 1e4) * 10_000 + off)
    shown = replace(units[row], attributes=MappingProxyType({"published_area_m2": text}))
    zones = MappingProxyType(
        {**draft.edition.zones, "control_unit": (*units[:row], shown, *units[row + 1 :])}
    )
    found = {f.check for f in check(replace(draft.edition, zones=zones)).findings}
    assert found == (set() if agrees else {"Q-ZONE-AREA"})


def test_a_planar_area_is_recognised_as_one() -> None:
    import pyproj

    draft = clean_province()
    units = draft.edition.zones["control_unit"]
    to_plane = pyproj.Transformer.from_crs(4490, 4542, always_xy=True)  # 99°E
    planar = shapely.transform(units[-1].geometry, lambda xy: np.column_stack(to_plane.transform(*xy.T))).area
    shown = replace(units[-1], attributes=MappingProxyType({"published_area_m2": f"{planar:.1f}"}))
    zones = MappingProxyType({**draft.edition.zones, "control_unit": (*units[:-1], shown)})
    edition = replace(draft.edition, zones=zones)
    (found,) = check(edition).findings
    assert "EPSG:4542" in found.places[0].zh
    stated = replace(edition, info=replace(edition.info, area_method="EPSG:4542"))
    assert check(stated).findings == ()
    text = replace(shown, attributes=MappingProxyType({"published_area_m2": "约 2 平方公里"}))
    zones = MappingProxyType({**draft.edition.zones, "control_unit": (*units[:-1], text)})
    assert [f.check for f in check(replace(edition, zones=zones)).findings] == ["Q-ZONE-AREA-TEXT"]


def test_sums_of_a_clean_draft_agree_and_are_shown() -> None:
    report = check(clean_province())
    assert len(report.sums) == 2
    assert all(s.agrees for s in report.sums)


# --- the report as a value -----------------------------------------------------------------------------------


def test_what_blocks_comes_first_and_the_same_input_gives_the_same_report() -> None:
    draft, _ = dirty_province(2)
    one, other = check(draft), check(draft)
    order = [list(Severity).index(f.severity) for f in one.findings]
    assert order == sorted(order)
    assert to_json(one) == to_json(other)
    assert places_geojson(one) == places_geojson(other)
    assert places_geopackage(one) == places_geopackage(other)
    document = json.loads(to_json(one))
    assert document["blocking"] == len(one.blocking) > 0
    assert document["edition"]["synthetic"] is True


def test_places_open_in_a_gis(tmp_path: Path) -> None:
    from pyogrio import raw

    draft, _ = dirty_province(2)
    report = check(draft)
    path = tmp_path / "places.gpkg"
    path.write_bytes(places_geopackage(report))
    meta, _, shapes, columns = raw.read(path)
    wanted = sum(1 for f in report.findings for p in f.places if p.geometry is not None)
    assert len(shapes) == wanted
    assert set(columns[list(meta["fields"]).index("check")]) >= {"Q-GAP", "Q-OVERLAP", "Q-EDGE"}
    empty = replace(report, findings=())
    path.write_bytes(places_geopackage(empty))
    assert len(raw.read(path)[2]) == 0
    assert json.loads(places_geojson(empty))["features"] == []


def codes_of_validity() -> set[str]:
    """The codes of ``edition.validate``, read from its source."""
    source = (ROOT / "src/sanxian/edition/validity.py").read_text("utf-8")
    found = set(re.findall(r"_(?:error|warning)\(\s*\"([A-Z_]+)\"", source))
    found |= {f"SCOPE_{name}" for name in re.findall(r"_unknown\(clause, \"([A-Z]+)\"", source)}
    return found | set(re.findall(r"report\(\s*\"([A-Z_]+)\"", source))


def checks_of_gate() -> set[str]:
    """The checks the gate itself makes, read from its source."""
    folder = ROOT / "src/sanxian/quality"
    text = "".join(
        path.read_text("utf-8") for path in sorted(folder.glob("*.py")) if path.name != "findings.py"
    )
    return set(re.findall(r'"(Q-[A-Z-]+)"', text)) | {"Q-NESTING-FINE", "Q-REDLINE-FINE"}


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_every_check_has_a_title_and_advice(lang: str) -> None:
    structural = {f"Q-{code.replace('_', '-')}" for code in codes_of_validity()}
    assert len(structural) > 35
    for name in structural | checks_of_gate():
        assert t(f"quality.check.{key_of(name)}.title", lang)
        assert t(f"quality.check.{key_of(name)}.advice", lang)


def test_every_check_is_documented() -> None:
    text = (ROOT / "docs/reference/quality-checks.md").read_text("utf-8")
    named = set(re.findall(r"`(Q-[A-Z-]+)`", text))
    structural = {f"Q-{code.replace('_', '-')}" for code in codes_of_validity()}
    assert named == structural | checks_of_gate()


def test_a_draft_of_nothing_is_reported_not_crashed() -> None:
    empty = Draft(
        edition=replace(clean_province().edition, layers=(), zones=MappingProxyType({}), coverage=())
    )
    assert "Q-NO-LAYER" in {f.check for f in check(empty).blocking}

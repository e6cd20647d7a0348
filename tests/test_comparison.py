"""Two editions side by side: what is planted is found, nothing else is, and the difference makes one of the other."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from demo_edition import demo_edition
from sample_edition import SOURCE, sample_edition
from sanxian.comparison import (
    LEAST_AREA_M2,
    RENUMBERED_SHARE,
    Difference,
    Kind,
    LayerDifference,
    Shape,
    Span,
    ZoneChange,
    apply,
    diff,
    text_changes,
    to_csv,
    to_json,
)
from sanxian.comparison.record import COLUMNS
from sanxian.edition import Edition, digest, normalise
from sanxian.errors import DifferenceUnfit, NoSuchLayer
from sanxian.geometry import lonlat_area
from sanxian.model import (
    Catalogue,
    Change,
    CoverageStatus,
    Document,
    Layer,
    LayerKind,
    Office,
    PlaceState,
    Scope,
    Zone,
)

UNITS = "control_unit"
BASE = normalise(sample_edition())


def with_zones(edition: Edition, layer: str, zones: Sequence[Zone]) -> Edition:
    return replace(edition, zones={**edition.zones, layer: tuple(zones)})


def changed_zone(edition: Edition, layer: str, code_: str, /, **fields: Any) -> Edition:
    zones = [replace(z, **fields) if z.code == code_ else z for z in edition.zones[layer]]
    return with_zones(edition, layer, zones)


def of(difference: Difference, layer: str = UNITS) -> LayerDifference:
    return next(x for x in difference.layers if x.layer == layer)


def zone(edition: Edition, code: str, layer: str = UNITS) -> Zone:
    return next(z for z in edition.zones[layer] if z.code == code)


def change(difference: Difference, code: str, layer: str = UNITS) -> ZoneChange:
    return next(c for c in of(difference, layer).changes if c.code == code)


def matrix(layer: LayerDifference) -> dict[tuple[str, str], float]:
    return {(t.old, t.new): t.area_m2 for t in layer.transfers}


def names(difference: Difference) -> set[str]:
    """Which parts of a difference hold anything."""
    parts = {name for name, rows in difference.tables.items() if rows}
    parts |= {f"zones {layer.layer}" for layer in difference.layers if layer.material}
    return parts | ({"edition"} if difference.info else set())


# --- nothing is found where nothing differs -------------------------------------------------------


def test_an_edition_does_not_differ_from_itself() -> None:
    found = diff(sample_edition(), sample_edition())
    assert found.empty and not found.redrawn and not names(found)
    assert sum(layer.unchanged for layer in found.layers) == sum(map(len, BASE.zones.values()))
    assert all(not layer.changes and not layer.transfers for layer in found.layers)


def redrawn(shape: Any, start: int, turn: bool, cuts: Sequence[float]) -> Any:
    """The same polygon from another start, turned, with vertices put on its edges."""

    def ring(linear: Any) -> np.ndarray[Any, Any]:
        xy = shapely.get_coordinates(linear)[:-1]
        xy = np.roll(xy, start, axis=0)
        if turn:
            xy = xy[::-1]
        after = np.roll(xy, -1, axis=0)
        rows = [xy] + [xy + (after - xy) * cut for cut in cuts]
        return np.stack(rows, axis=1).reshape(-1, 2)

    parts = [
        shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors])
        for part in shapely.get_parts(shape)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts[::-1])


cuts = st.lists(st.floats(0.05, 0.95), max_size=3, unique=True).map(sorted)


@settings(max_examples=25)
@given(st.integers(0, 5), st.booleans(), cuts)
def test_other_vertices_of_the_same_lines_are_no_difference(start: int, turn: bool, at: list[float]) -> None:
    other = sample_edition()
    for layer in (UNITS, "red_line"):
        zones = [replace(z, geometry=redrawn(z.geometry, start, turn, at)) for z in other.zones[layer]]
        other = with_zones(other, layer, zones)
    found = diff(BASE, other)
    assert found.empty
    assert not any(layer.transfers for layer in found.layers)
    assert found.redrawn == (0 if digest(other) == BASE.info.digest else found.redrawn)
    assert digest(apply(BASE, found)) == digest(other)


def test_vertices_on_slanted_edges_are_no_difference() -> None:
    """Rounding takes such a vertex off its edge: by 0.1 mm over any length."""
    edition = demo_edition()
    units = edition.zones[UNITS]
    other = with_zones(
        edition, UNITS, [replace(z, geometry=shapely.segmentize(z.geometry, 0.004)) for z in units]
    )
    found = diff(edition, other, layers=[UNITS])
    assert of(found).redrawn == len(units)
    assert found.empty and not of(found).transfers
    assert of(found).rounding_m2 < 2_000.0  # of 7e11


@pytest.mark.parametrize(("width", "seen"), [(1e-9, False), (2e-8, True)])
def test_a_strip_is_a_difference_when_it_is_wider_than_rounding(width: float, seen: bool) -> None:
    box = shapely.box(100.1, 36.0, 100.2 + width, 36.2)
    found = diff(BASE, changed_zone(BASE, UNITS, "ZH63990120001", geometry=box))
    assert found.empty is not seen
    if seen:
        assert change(found, "ZH63990120001").gained_m2 == pytest.approx(width * 90_000 * 22_200, rel=0.02)


def test_a_small_dent_beside_much_rounding_is_seen() -> None:
    """One square metre in a zone of 200 km² all of whose edges were cut and rounded."""
    code = "ZH63990120001"
    shape = shapely.segmentize(zone(BASE, code).geometry, 0.0037)
    dent = shapely.box(100.15, 36.2 - 1e-5, 100.15 + 1.2e-5, 36.21)
    other = changed_zone(BASE, UNITS, code, geometry=shapely.difference(shape, dent))
    found = change(diff(BASE, other), code)
    assert found.shape is Shape.RESHAPED
    assert found.lost_m2 == pytest.approx(lonlat_area(shapely.box(0, 36.2 - 1e-5, 1.2e-5, 36.2)), rel=1e-3)


# --- what is planted is found, with its size ------------------------------------------------------


def test_a_moved_border_tells_who_gained_from_whom() -> None:
    other = changed_zone(BASE, UNITS, "ZH63990120001", geometry=shapely.box(100.1, 36.0, 100.21, 36.2))
    other = changed_zone(other, UNITS, "ZH63990220002", geometry=shapely.box(100.21, 36.0, 100.4, 36.1))
    other = changed_zone(other, UNITS, "ZH63990230001", geometry=shapely.box(100.21, 36.1, 100.4, 36.2))
    found = diff(BASE, other)
    assert names(found) == {f"zones {UNITS}"}
    low, high = (lonlat_area(shapely.box(100.2, s, 100.21, s + 0.1)) for s in (36.0, 36.1))
    assert matrix(of(found)) == {
        ("ZH63990220002", "ZH63990120001"): pytest.approx(low, rel=1e-9),
        ("ZH63990230001", "ZH63990120001"): pytest.approx(high, rel=1e-9),
    }
    winner = change(found, "ZH63990120001")
    assert (winner.kind, winner.shape, winner.lost_m2) == (Kind.CHANGED, Shape.RESHAPED, 0.0)
    assert winner.gained_m2 == pytest.approx(low + high, rel=1e-9)
    assert winner.new_area_m2 - winner.old_area_m2 == pytest.approx(low + high, rel=1e-6)


def test_land_that_came_from_nowhere_or_went_nowhere() -> None:
    park = zone(BASE, "YQ001", "park")
    grown = shapely.box(100.12, 36.02, 100.18, 36.05)
    found = diff(BASE, changed_zone(BASE, "park", "YQ001", geometry=grown))
    gone = lonlat_area(shapely.difference(park.geometry, grown))
    come = lonlat_area(shapely.difference(grown, park.geometry))
    assert matrix(of(found, "park")) == {
        ("YQ001", ""): pytest.approx(gone, rel=1e-9),
        ("", "YQ001"): pytest.approx(come, rel=1e-9),
    }


def test_a_split_and_a_merger_are_told_by_the_matrix() -> None:
    code = "ZH63990220002"
    halves = [
        replace(zone(BASE, code), code=f"ZH6399022000{k}", geometry=shapely.box(w, 36.0, w + 0.1, 36.1))
        for k, w in ((3, 100.2), (4, 100.3))
    ]
    zones = [z for z in BASE.zones[UNITS] if z.code != code] + halves
    found = of(diff(BASE, with_zones(BASE, UNITS, zones)))
    assert {c.code: c.kind for c in found.changes} == {
        code: Kind.REMOVED,
        "ZH63990220003": Kind.ADDED,
        "ZH63990220004": Kind.ADDED,
    }
    assert set(matrix(found)) == {(code, "ZH63990220003"), (code, "ZH63990220004")}
    assert found.moved_m2 == pytest.approx(lonlat_area(zone(BASE, code).geometry), rel=1e-9)


@pytest.mark.parametrize("east", [100.4, 100.4 - 0.2 * (1 - RENUMBERED_SHARE) * 0.9])
def test_a_new_code_for_the_same_place_is_a_renumbering(east: float) -> None:
    shape = shapely.box(100.2, 36.1, east, 36.2)
    other = changed_zone(BASE, UNITS, "ZH63990230001", code="ZH63990230009", geometry=shape)
    found = change(diff(BASE, other), "ZH63990230009")
    assert found.kind is Kind.RENUMBERED
    assert [f.name for f in found.fields] == ["code"]
    assert (found.lost_m2 > 0) == (east < 100.4)


def test_a_new_code_for_much_less_land_is_no_renumbering() -> None:
    shape = shapely.box(100.2, 36.1, 100.4 - 0.2 * (1 - RENUMBERED_SHARE) * 1.1, 36.2)
    other = changed_zone(BASE, UNITS, "ZH63990230001", code="ZH63990230009", geometry=shape)
    kinds = {c.code: c.kind for c in of(diff(BASE, other)).changes}
    assert kinds == {"ZH63990230001": Kind.REMOVED, "ZH63990230009": Kind.ADDED}


def test_lines_and_points_are_compared_as_well() -> None:
    river = zone(BASE, "HL001", "river").geometry
    cut = shapely.LineString(shapely.get_coordinates(river)[:-1])
    other = changed_zone(BASE, "river", "HL001", geometry=cut)
    other = changed_zone(other, "receptor", "MG001", geometry=shapely.Point(100.15, 36.131))
    found = diff(BASE, other)
    line = change(found, "HL001", "river")
    assert line.gained_m == 0.0
    last = shapely.get_coordinates(river)[-2:]
    assert line.lost_m == pytest.approx(Geod(a=6378137.0, rf=298.257222101).line_length(*last.T), abs=1e-3)
    assert change(found, "MG001", "receptor").shape is Shape.RESHAPED
    dense = changed_zone(BASE, "river", "HL001", geometry=shapely.segmentize(river, 0.0031))
    assert diff(BASE, dense).empty


def test_a_river_renumbered_is_a_renumbering() -> None:
    found = diff(BASE, changed_zone(BASE, "river", "HL001", code="HL009"))
    assert change(found, "HL009", "river").kind is Kind.RENUMBERED


def test_a_code_given_to_another_place_is_marked() -> None:
    one, other = zone(BASE, "ZH63990130002").geometry, zone(BASE, "ZH63990110001").geometry
    swapped = changed_zone(BASE, UNITS, "ZH63990130002", geometry=other)
    swapped = changed_zone(swapped, UNITS, "ZH63990110001", geometry=one)
    found = of(diff(BASE, swapped))
    assert [c.elsewhere for c in found.changes] == [True, True]
    moved = changed_zone(BASE, UNITS, "ZH63990130002", geometry=shapely.box(100.0, 36.0, 100.1, 36.05))
    assert not change(diff(BASE, moved), "ZH63990130002").elsewhere


def test_attributes_are_told_key_by_key_and_dates_as_they_stand() -> None:
    other = changed_zone(
        BASE,
        UNITS,
        "ZH63990110001",
        attributes={"备注": "改", "新": "1"},
        valid_to=date(2028, 1, 1),
        name="新名",
    )
    found = change(diff(BASE, other), "ZH63990110001")
    assert [(f.name, f.old, f.new) for f in found.fields] == [
        ("name", "甲县优先保护单元", "新名"),
        ("attributes.备注", "含“红线”", "改"),
        ("attributes.新", None, "1"),
        ("attributes.面积_km2", "99.8", None),
        ("valid_to", None, "2028-01-01"),
    ]
    assert found.shape is Shape.SAME
    assert found.old_area_m2 == found.new_area_m2 > 0


def test_clauses_tell_text_scope_and_the_keys_of_rules() -> None:
    def edited(clause: Any) -> Any:
        if clause.id == "S-03":
            rule = {**clause.rules[0], "when": {**clause.rules[0]["when"], "value": 500}, "strength": "soft"}
            text = clause.text.replace("一公里", "五百米")
            return replace(clause, text=text, rules=(rule,), scope=Scope(regions=("6399", "6398")))
        return clause

    clauses = [edited(c) for c in BASE.clauses if c.id != "S-04"]
    clauses.append(replace(BASE.clauses[0], id="S-99"))
    found = diff(BASE, replace(BASE, clauses=tuple(clauses)))
    assert {c.key: c.kind for c in found.clauses} == {
        "S-03": Kind.CHANGED,
        "S-04": Kind.REMOVED,
        "S-99": Kind.ADDED,
    }
    row = next(c for c in found.clauses if c.key == "S-03")
    assert [f.name for f in row.fields] == ["text", "scope.regions"]
    (rule,) = row.rules
    assert (rule.old_index, rule.new_index) == (0, 0)
    assert [(f.name, f.old, f.new) for f in rule.fields] == [
        ("strength", "strict", "soft"),
        ("when.value", 1000, 500),
    ]


def test_rules_that_only_change_places_are_told_as_such() -> None:
    clause = BASE.clauses[0]
    one, two = clause.rules[0], {**clause.rules[0], "effect": "REQUIRE"}
    old, new = (replace(BASE, clauses=(replace(clause, rules=r),)) for r in ((one, two), (two, one)))
    (row,) = diff(old, new).clauses
    assert [(r.old_index, r.new_index, r.fields) for r in row.rules] == [(1, 0, ()), (0, 1, ())]


def test_true_is_not_one_and_absent_is_not_null() -> None:
    clause = BASE.clauses[0]
    rules = [{**clause.rules[0], "when": {"fact": "x", "op": "is", "value": v}} for v in (True, 1)]
    null = {**clause.rules[0], "require": None}
    cases = [(rules[0], rules[1], "when.value"), (clause.rules[0], null, "require")]
    for one, other, name in cases:
        old, new = (replace(BASE, clauses=(replace(clause, rules=(r,)),)) for r in (one, other))
        (row,) = diff(old, new).clauses
        assert [f.name for f in row.rules[0].fields] == [name]


def test_every_table_is_compared() -> None:
    """One thing in each table; each is found, and nothing else."""
    day = date(2027, 5, 1)
    document = next(iter(BASE.documents.values()))
    catalogue = BASE.catalogues["two_high"]
    cases: dict[str, Edition] = {
        "edition": replace(BASE, info=replace(BASE.info, publisher="另一机关")),
        "layer": replace(BASE, layers=(replace(BASE.layers[0], accuracy_m=99.0), *BASE.layers[1:])),
        "clause": replace(BASE, clauses=(replace(BASE.clauses[0], valid_to=day), *BASE.clauses[1:])),
        "document": replace(
            BASE, documents={**BASE.documents, document.id: replace(document, number="新号")}
        ),
        "place_state": replace(BASE, states=(*BASE.states, PlaceState(place="639901", key="x", value="1"))),
        "coverage": replace(
            BASE, coverage=(replace(BASE.coverage[0], status=CoverageStatus.PARTIAL), *BASE.coverage[1:])
        ),
        "catalogue": replace(BASE, catalogues={"two_high": replace(catalogue, industries=("26",))}),
        "office": replace(BASE, offices={"a": Office(id="a", name="甲局")}),
        "change": replace(BASE, changes=(*BASE.changes, Change(item="S-01", kind="changed", reason="x"))),
    }
    assert set(cases) == {"edition", *diff(BASE, BASE).tables}
    for name, other in cases.items():
        found = diff(BASE, other)
        assert names(found) == {name}
        assert digest(apply(BASE, found)) == digest(other)


def test_a_whole_layer_comes_and_goes() -> None:
    layer = Layer(id="lake", kind=LayerKind.OTHER, title="湖泊", accuracy_m=10.0)
    lake = Zone(layer="lake", code="L1", name="湖", geometry=shapely.box(100.3, 36.1, 100.31, 36.11))
    other = replace(BASE, layers=(*BASE.layers, layer), zones={**BASE.zones, "lake": (lake,)})
    found = diff(BASE, other)
    assert names(found) == {"layer", "zones lake"}
    assert digest(apply(BASE, found)) == digest(other)
    assert digest(apply(other, diff(other, BASE))) == BASE.info.digest


def test_zones_that_overlap_are_told_for_each() -> None:
    """Two red lines over one piece of land: both lose it to a third."""
    shapes = [shapely.box(100.0, 36.0, 100.1, 36.1), shapely.box(100.05, 36.0, 100.15, 36.1)]
    red = [Zone(layer="red_line", code=f"R{k}", name="", geometry=s) for k, s in enumerate(shapes)]
    third = Zone(layer="red_line", code="R9", name="", geometry=shapely.box(100.3, 36.0, 100.31, 36.1))
    old = with_zones(BASE, "red_line", [*red, third])
    piece = shapely.box(100.05, 36.0, 100.1, 36.1)
    new = with_zones(
        BASE,
        "red_line",
        [
            replace(red[0], geometry=shapely.box(100.0, 36.0, 100.05, 36.1)),
            replace(red[1], geometry=shapely.box(100.1, 36.0, 100.15, 36.1)),
            replace(third, geometry=shapely.union(third.geometry, piece)),
        ],
    )
    size = pytest.approx(lonlat_area(piece), rel=1e-9)
    assert matrix(of(diff(old, new), "red_line")) == {("R0", "R9"): size, ("R1", "R9"): size}


def test_only_the_layers_asked_for_are_compared() -> None:
    other = changed_zone(BASE, "park", "YQ001", name="新园")
    other = changed_zone(other, UNITS, "ZH63990120001", name="新单元")
    found = diff(BASE, replace(other, clauses=()), layers=["park"])
    assert names(found) == {"zones park"}
    with pytest.raises(DifferenceUnfit):
        apply(BASE, found)
    with pytest.raises(NoSuchLayer):
        diff(BASE, other, layers=["nope"])


def test_a_difference_fits_its_own_edition_only() -> None:
    other = changed_zone(BASE, UNITS, "ZH63990120001", name="新")
    found = diff(BASE, other)
    with pytest.raises(DifferenceUnfit):
        apply(other, found)


def test_a_draft_with_crossed_rings_and_repeated_codes_is_compared() -> None:
    bowtie = shapely.Polygon([(100, 36), (100.1, 36.1), (100.1, 36), (100, 36.1)])
    units = BASE.zones[UNITS]
    wrong = with_zones(BASE, UNITS, [*units, replace(units[0], geometry=bowtie), replace(units[1])])
    found = diff(BASE, wrong)
    assert [c.kind for c in of(found).changes] == [Kind.ADDED, Kind.ADDED]
    assert of(found).changes[0].gained_m2 > 0
    assert found.mirrored() == diff(wrong, BASE)


# --- properties -----------------------------------------------------------------------------------


@st.composite
def edits(draw: st.DrawFn) -> Edition:
    """The sample edition after some random changes of every kind."""
    edition = sample_edition()
    for _ in range(draw(st.integers(1, 5))):
        edition = draw(st.sampled_from(EDITS))(edition, draw)
    return edition


def _some_zone(edition: Edition, draw: st.DrawFn, areal: bool = False) -> Zone:
    zones = [
        z
        for layer in edition.layers
        for z in edition.zones[layer.id]
        if layer.id not in ("province", "county") and (not areal or shapely.get_dimensions(z.geometry) == 2)
    ]
    return zones[draw(st.integers(0, len(zones) - 1))] if zones else BASE.zones[UNITS][0]


def _edit_shape(edition: Edition, draw: st.DrawFn) -> Edition:
    chosen = _some_zone(edition, draw, areal=True)
    west, south, *_ = chosen.geometry.bounds
    x, y = (draw(st.floats(-0.03, 0.06)) for _ in range(2))
    bite = shapely.box(west + x, south + y, west + x + 0.02, south + y + 0.017)
    operation = draw(st.sampled_from((shapely.union, shapely.difference)))
    shape = operation(chosen.geometry, bite)
    if shapely.is_empty(shape) or shapely.get_dimensions(shape) != 2:
        return edition
    return changed_zone(edition, chosen.layer, chosen.code, geometry=shape)


def _edit_fields(edition: Edition, draw: st.DrawFn) -> Edition:
    chosen = _some_zone(edition, draw)
    fields = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.text("甲乙丙", max_size=3),
                "attributes": st.dictionaries(st.sampled_from("abc"), st.text("xy", max_size=2), max_size=2),
                "regions": st.just(("639901", "639902")),
                "subtype": st.text("红线", max_size=2),
                "valid_to": st.none() | st.just(date(2029, 1, 1)),
                "office": st.sampled_from(("", "o")),
            },
        )
    )
    return changed_zone(edition, chosen.layer, chosen.code, **fields)


def _edit_code(edition: Edition, draw: st.DrawFn) -> Edition:
    chosen = _some_zone(edition, draw)
    code = f"N{draw(st.integers(0, 99))}"
    if any(z.code == code for z in edition.zones[chosen.layer]):
        return edition
    return changed_zone(edition, chosen.layer, chosen.code, code=code)


def _drop_zone(edition: Edition, draw: st.DrawFn) -> Edition:
    chosen = _some_zone(edition, draw)
    return with_zones(edition, chosen.layer, [z for z in edition.zones[chosen.layer] if z is not chosen])


def _edit_clause(edition: Edition, draw: st.DrawFn) -> Edition:
    if not edition.clauses:
        return edition
    at = draw(st.integers(0, len(edition.clauses) - 1))
    clause = edition.clauses[at]
    rules = list(clause.rules)
    rules = draw(st.sampled_from(([], rules[::-1], [*rules, {"effect": "INFORM"}])))
    made = replace(clause, text=clause.text + draw(st.text("改。", max_size=2)), rules=tuple(rules))
    keep = draw(st.sampled_from(((made,), (), (made, replace(made, id=f"{made.id}-b")))))
    if len(keep) == 2 and any(c.id == keep[1].id for c in edition.clauses):
        return edition
    return replace(edition, clauses=(*edition.clauses[:at], *keep, *edition.clauses[at + 1 :]))


def _edit_tables(edition: Edition, draw: st.DrawFn) -> Edition:
    k = draw(st.integers(0, 3))
    state = PlaceState(place=f"63990{k}", key="x", value=str(k), source=SOURCE)
    return replace(
        edition,
        states=(*edition.states[:k], *edition.states[k + 1 :], state, state),
        coverage=(*edition.coverage, replace(edition.coverage[0], region=f"6399{k}")),
        documents={**edition.documents, f"d{k}": Document(id=f"d{k}", title="新")},
        catalogues={**edition.catalogues, "c": Catalogue(id="c", title="c", industries=(str(k),), source="")},
        changes=(*edition.changes[k:], Change(item="S-12", kind="added", reason=str(k), successors=("a",))),
        offices={"o": Office(id="o", name=f"局{k}")},
    )


EDITS = (_edit_shape, _edit_fields, _edit_code, _drop_zone, _edit_clause, _edit_tables)


@settings(max_examples=60)
@given(edits(), edits())
def test_a_difference_makes_the_new_edition_of_the_old_and_has_a_mirror(a: Edition, b: Edition) -> None:
    found, back = diff(a, b), diff(b, a)
    made = apply(a, found)
    assert made.info.digest == digest(b)
    assert diff(made, b).empty and not diff(made, b).redrawn
    assert apply(b, back).info.digest == digest(a)
    assert back == found.mirrored()
    assert to_json(back) == to_json(found.mirrored())
    assert found.mirrored().mirrored() == found
    assert found.empty == (not names(found))


@settings(max_examples=40)
@given(edits())
def test_areas_balance(b: Edition) -> None:
    """Gains less losses are the change of area; a transfer is never more than the loss or the gain behind it."""
    for layer in diff(BASE, b).layers:
        slack = LEAST_AREA_M2 * 20 + layer.rounding_m2
        losses: dict[str, float] = {}
        gains: dict[str, float] = {}
        for c in layer.changes:
            assert c.new_area_m2 - c.old_area_m2 == pytest.approx(c.gained_m2 - c.lost_m2, abs=slack)
            if c.old is not None and c.lost_m2:
                losses[c.old.code] = c.lost_m2
            if c.new is not None and c.gained_m2:
                gains[c.new.code] = c.gained_m2
        for (old, new), area in matrix(layer).items():
            assert area <= (losses[old] if old else gains[new]) + slack
            assert area <= (gains[new] if new else losses[old]) + slack
        if layer.layer == UNITS:
            continue
        for code, size in losses.items():  # what a zone lost is accounted for
            assert sum(m2 for (old, _), m2 in matrix(layer).items() if old == code) >= size - slack


texts = st.text("禁止新建扩建。、", max_size=30)


@given(texts, texts)
def test_a_text_comes_back_out_of_its_changes(old: str, new: str) -> None:
    spans = text_changes(old, new)
    assert "".join(s.text for s in spans if s.kind != "added") == old
    assert "".join(s.text for s in spans if s.kind != "removed") == new


def test_a_run_begins_with_a_mark_where_it_can() -> None:
    spans = text_changes("禁止新建化工，限制造纸。", "禁止新建化工，禁止造纸，限制造纸。")
    assert [s for s in spans if s.kind != "equal"] == [Span("added", "，禁止造纸")]
    spans = text_changes("禁止新建、扩建化工项目。", "禁止新建化工项目。")
    assert [s for s in spans if s.kind != "equal"] == [Span("removed", "、扩建")]


# --- the record -----------------------------------------------------------------------------------


def _both() -> Difference:
    other = changed_zone(
        BASE, UNITS, "ZH63990120001", geometry=shapely.box(100.1, 36.0, 100.21, 36.2), name="=1+1"
    )
    other = changed_zone(other, UNITS, "ZH63990230001", code="ZH63990230009")
    clauses = (replace(BASE.clauses[0], text="新文"), *BASE.clauses[2:])
    return diff(BASE, replace(other, clauses=clauses))


def test_the_json_says_all_and_is_the_same_every_time() -> None:
    made = json.loads(to_json(_both()))
    assert to_json(_both()) == to_json(_both())
    assert made["format"] == "sanxian-difference/1" and made["synthetic"] and not made["same"]
    units = next(layer for layer in made["layers"] if layer["layer"] == UNITS)
    assert (units["renumbered"], units["reshaped"], units["unchanged"]) == (1, 1, 3)
    assert {(x["from"], x["to"]) for x in units["transfers"]} == {("", "ZH63990120001")}
    assert [row["key"] for row in made["tables"]["clause"]] == ["S-01", "S-02"]


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_csv_opens_in_excel_and_holds_no_formula(lang: str) -> None:
    content = to_csv(_both(), lang)
    assert content.startswith(b"\xef\xbb\xbf")
    head, mark, *rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(head) == len(COLUMNS) and "示例数据，非官方" in mark[0] + "示例数据，非官方"
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert {row[0] for row in rows} == {"zone", "transfer", "clause"}


def test_layers_are_told_even_when_nothing_changed() -> None:
    assert [x.layer for x in diff(BASE, BASE).layers] == [x.id for x in BASE.layers]

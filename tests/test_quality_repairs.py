"""Repairs: only what is named, every square metre accounted for, and the draft read is never changed."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from dirty_province import ACCURACY_M, DEFECTS, STEPS, Dirt, clean_province, code_of, dirty_province
from sanxian.edition import Draft, digest
from sanxian.geometry import lonlat_area
from sanxian.quality import REPAIRS, Fixed, check, fix
from sanxian.quality.ground import on_grid

CUTTING = ["snap-edges", "drop-overlaps", "close-gaps"]
GEOMETRIC = ["gap", "hole", "overlap", "edge", "vertex", "outside"]
ACCURATE = 50.0


def with_accuracy(draft: Draft, metres: float) -> Draft:
    layers = tuple(replace(x, accuracy_m=metres) for x in draft.edition.layers)
    return replace(draft, edition=replace(draft.edition, layers=layers))


def area_of(draft: Draft) -> dict[tuple[str, str], float]:
    """Area of each zone of each areal layer, by layer and code."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for layer, zones in draft.edition.zones.items():
        for zone, shape in zip(zones, on_grid([z.geometry for z in zones]), strict=True):
            if shape is not None:
                sums[layer, zone.code] += lonlat_area(shape)
    return sums


def assert_balanced(before: Draft, fixed: Fixed) -> None:
    """Each zone has what it had, less what left it, more what it gained; nothing else moved."""
    old, new = area_of(before), area_of(fixed.draft)
    expected = defaultdict(float, old)
    for move in fixed.moves:
        if move.from_zone:
            expected[move.layer, move.from_zone] -= move.loses_m2
        if move.to_zone:
            expected[move.layer, move.to_zone] += move.gains_m2
    for key in old.keys() | new.keys():
        assert new.get(key, 0.0) == pytest.approx(expected[key], rel=1e-9, abs=1e-3), key


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(GEOMETRIC), unique=True, min_size=1).map(sorted),
    names=st.lists(st.sampled_from(CUTTING), unique=True, min_size=1).map(sorted),
)
def test_area_balances_after_any_repair(seed: int, kinds: list[str], names: list[str]) -> None:
    draft = with_accuracy(dirty_province(seed, kinds)[0], ACCURATE)
    fixed = fix(draft, names)
    assert_balanced(draft, fixed)
    balance = next(b for b in check(fixed.draft).balances if b.layer == "control_unit")
    assert balance.residue < 1e-9
    named = {move.repair for move in fixed.moves}
    assert named <= {*names, "grid"}
    # what only lies on the grid differently is less than 0.2 mm along the lines that were cut
    assert sum(m.area_m2 for m in fixed.moves if m.repair == "grid") < 5.0


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_all_cuts_together_leave_a_clean_partition(seed: int) -> None:
    draft = with_accuracy(dirty_province(seed, GEOMETRIC)[0], ACCURATE)
    fixed = fix(draft, CUTTING, tolerance_m=1.0)
    left = {f.check for f in check(fixed.draft).findings if f.layer == "control_unit"}
    assert left & {"Q-GAP", "Q-OVERLAP", "Q-EDGE"} == set()
    assert "Q-OUTSIDE" in left  # land outside is not cut off by machine when it is wider than one line
    units = on_grid([z.geometry for z in fixed.draft.edition.zones["control_unit"]])
    assert shapely.coverage_is_valid(units)  # the oracle of other hands
    assert shapely.is_valid(units).all()


def test_nothing_that_was_not_named_is_touched() -> None:
    draft = with_accuracy(dirty_province(4)[0], ACCURATE)
    before = digest(draft.edition)
    for name in REPAIRS:
        fixed = fix(draft, [name])
        assert {m.repair for m in fixed.moves} <= {name, "grid"}
        assert {entry.code for entry in fixed.log} <= {f"FIX_{name.upper().replace('-', '_')}"}
        assert fixed.draft.log == draft.log + fixed.log
    assert digest(draft.edition) == before
    clean = clean_province()
    assert fix(clean, REPAIRS).moves == ()
    assert digest(fix(clean, REPAIRS).draft.edition) == digest(clean.edition)
    with pytest.raises(ValueError, match="polish"):
        fix(clean, ["polish"])


def test_land_wider_than_the_accuracy_is_not_given_away() -> None:
    draft, _ = dirty_province(4, ["gap", "overlap"])
    assert check(draft).blocking != ()
    fixed = fix(draft, ["close-gaps", "drop-overlaps"])
    assert fixed.moves == ()
    assert fix(draft, ["close-gaps", "drop-overlaps"], up_to_m=ACCURACY_M).moves == ()
    moved = fix(draft, ["close-gaps", "drop-overlaps"], up_to_m=100.0)
    assert {m.repair for m in moved.moves} >= {"close-gaps", "drop-overlaps"}
    assert check(moved.draft).blocking == ()


def test_a_gap_goes_to_the_neighbour_with_the_longest_edge() -> None:
    draft, (planted,) = dirty_province(9, ["hole"])
    fixed = fix(draft, ["close-gaps"], up_to_m=1000.0)
    (move,) = [m for m in fixed.moves if m.repair == "close-gaps"]
    assert (move.from_zone, move.to_zone) == ("", planted.item)
    assert move.gains_m2 == pytest.approx(planted.area_m2, rel=1e-6)


def test_a_gap_between_two_goes_to_the_one_that_shares_more_of_its_edge() -> None:
    dirt = Dirt(0)
    cell, beside = (4, 1), (5, 1)
    x, y = shapely.get_coordinates(dirt.shape(cell))[STEPS + 5]
    notch = shapely.box(x - 1e-3, y - 1e-4, x + 1e-4, y + 1e-4)  # most of it inside the cell
    dirt.reshape(cell, shapely.difference(dirt.shape(cell), notch))
    fixed = fix(dirt.draft, ["close-gaps"], up_to_m=1000.0)
    (move,) = [m for m in fixed.moves if m.repair == "close-gaps"]
    assert move.to_zone == code_of(cell) != code_of(beside)


def test_lines_that_cross_at_a_small_angle_become_one_line() -> None:
    """A zone shifted by some 20 cm crosses its neighbours' lines often; the crossings lie on no grid."""
    for seed in range(3):
        dirt = Dirt(seed)
        cell = dirt.inner_cell()
        dirt.reshape(cell, shapely.affinity.translate(dirt.shape(cell), 2e-6, 1e-6))
        assert check(dirt.draft).balances[0].unmatched > 4 * STEPS
        fixed = fix(dirt.draft, ["snap-edges"])
        assert_balanced(dirt.draft, fixed)
        assert check(fixed.draft).balances[0].unmatched == 0


def test_an_overlap_goes_to_the_stricter_class_and_else_to_the_larger() -> None:
    dirt = Dirt(0)
    cell = (1, 4)
    east = (2, 4)  # priority
    assert code_of(east)[8] == "1"
    grown = shapely.union(dirt.shape(cell), shapely.box(*dirt.shape(east).centroid.buffer(1e-3).bounds))
    dirt.reshape(cell, grown)
    fixed = fix(dirt.draft, ["drop-overlaps"], up_to_m=1e4)
    assert {(m.from_zone, m.to_zone) for m in fixed.moves if m.repair == "drop-overlaps"} == {
        (code_of(cell), code_of(east))
    }


def test_rings_are_made_valid_and_the_change_of_area_is_said() -> None:
    draft, (planted,) = dirty_province(1, ["ring"])
    fixed = fix(draft, ["make-valid"])
    assert "Q-GEOMETRY-INVALID" not in {f.check for f in check(fixed.draft).findings}
    (entry,) = fixed.log
    assert planted.item == entry.item
    assert re_number(entry.zh) != ""
    before = next(z for z in draft.edition.zones["red_line"] if z.code == planted.item).geometry
    after = next(z for z in fixed.draft.edition.zones["red_line"] if z.code == planted.item).geometry
    said = sum(m.gains_m2 - m.loses_m2 for m in fixed.moves)
    assert said == pytest.approx(lonlat_area(after) - signed_area(before), abs=1.0)


def re_number(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def signed_area(shape: BaseGeometry) -> float:
    """Area by the shoelace rule, as a ring that crosses itself has it."""
    return abs(lonlat_area(shape))


def test_slivers_repeated_vertices_and_wide_codes_go() -> None:
    draft, planted = dirty_province(1, ["sliver", "repeated", "code_width", "no_list"])
    fixed = fix(draft, ["drop-slivers", "dedupe-vertices", "fullwidth-codes"])
    assert {f.check for f in check(fixed.draft).findings} == {"Q-UNIT-NO-LIST"}
    sliver = next(p for p in planted if p.kind == "sliver")
    (move,) = fixed.moves
    assert (move.from_zone, move.to_zone) == (sliver.item, "")
    assert move.loses_m2 == pytest.approx(sliver.area_m2)
    wide = next(p for p in planted if p.kind == "code_width")
    assert [e.item for e in fixed.log if e.code == "FIX_FULLWIDTH_CODES"] == [code_of((0, 2))]
    assert all(wide.item not in c.scope.units for c in fixed.draft.edition.clauses)


def test_a_code_that_would_be_there_twice_is_left_and_said() -> None:
    dirt = Dirt(0)
    one, other = code_of((0, 2)), code_of((0, 3))
    wide = one.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})
    dirt.change("control_unit", other, code=wide)
    fixed = fix(dirt.draft, ["fullwidth-codes"])
    assert [e.severity for e in fixed.log] == ["warning"]
    assert wide in {z.code for z in fixed.draft.edition.zones["control_unit"]}


def test_a_sliver_of_a_partition_goes_to_its_neighbour() -> None:
    dirt = Dirt(0)
    cell, beside = (4, 1), (5, 1)
    middle = shapely.get_coordinates(dirt.shape(beside).centroid)[0]
    piece = shapely.box(middle[0], middle[1], round(middle[0] + 1e-5, 9), round(middle[1] + 5e-4, 9))
    piece = shapely.transform(piece, lambda xy: np.round(xy, 9))
    dirt.reshape(beside, shapely.difference(dirt.shape(beside), piece))
    dirt.reshape(cell, shapely.union(dirt.shape(cell), piece))
    assert {f.check for f in check(dirt.draft).findings} >= {"Q-SLIVER"}
    fixed = fix(dirt.draft, ["drop-slivers"])
    assert_balanced(dirt.draft, fixed)
    (move,) = fixed.moves
    assert (move.from_zone, move.to_zone) == (code_of(cell), code_of(beside))
    found = check(fixed.draft)
    assert {f.check for f in found.findings if f.layer == "control_unit"} == set()


def test_a_zone_that_is_nothing_but_overlap_is_taken_out_and_said() -> None:
    draft = clean_province()
    units = draft.edition.zones["control_unit"]
    copy = replace(units[5], code="ZH63990139998", zone_class="GENERAL")
    zones = MappingProxyType({**draft.edition.zones, "control_unit": (*units, copy)})
    doubled = replace(draft, edition=replace(draft.edition, zones=zones))
    fixed = fix(doubled, ["drop-overlaps"], up_to_m=1e6)
    assert len(fixed.draft.edition.zones["control_unit"]) == len(units)
    assert any(e.severity == "warning" for e in fixed.log)
    assert math.isclose(sum(m.loses_m2 for m in fixed.moves), lonlat_area(copy.geometry), rel_tol=1e-9)


def test_repairs_give_the_same_draft_every_time() -> None:
    draft = with_accuracy(dirty_province(6, [d.__name__ for d in DEFECTS])[0], ACCURATE)
    one, other = fix(draft, REPAIRS), fix(draft, list(reversed(REPAIRS)))
    assert digest(one.draft.edition) == digest(other.draft.edition)
    assert one.moves == other.moves
    # without those that change a code, or a shape that had no area before
    assert_balanced(draft, fix(draft, [r for r in REPAIRS if r not in ("fullwidth-codes", "make-valid")]))

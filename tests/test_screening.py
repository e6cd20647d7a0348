"""``screen``: the promises of DESIGN §3 and the semantics of §4, on the sample edition 示例市."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from sample_edition import REVIEWED, sample_edition
from sanxian.edition import Edition
from sanxian.errors import EditionError, InputError, OutsideRegion
from sanxian.model import (
    Clause,
    Concern,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    Finding,
    FindingKind,
    Level,
    Outcome,
    Paper,
    Part,
    PlaceState,
    Project,
    Relation,
    Scope,
    verdict,
)
from sanxian.screening import Failure, Screening, record, screen, screen_many, to_json

AS_OF = date(2026, 9, 1)
EDITION = sample_edition()

PARK = shapely.box(100.13, 36.03, 100.14, 36.04)  # inside 示例工业园, KEY unit, 甲县
RED_LINE = shapely.box(100.06, 36.13, 100.07, 36.14)  # inside 示例山水源涵养红线, outside the reserve
CORE = shapely.box(100.01, 36.17, 100.02, 36.18)  # inside the reserve's core zone
EAST = shapely.box(100.36, 36.11, 100.37, 36.12)  # 乙县, GENERAL unit


def project(shape: BaseGeometry = PARK, **known: Any) -> Project:
    parts = known.pop("parts", None) or (Part(role="厂区", geometry=shape),)
    given_ = {"nature": "新建", "industries": ("2614",)} | known
    return Project(parts=parts, **given_)


def run(subject: Project, edition: Edition = EDITION, as_of: date = AS_OF, **options: bool) -> Screening:
    return screen(subject, edition, as_of, **options)


def changed(**fields: Any) -> Edition:
    return dataclasses.replace(sample_edition(), **fields)


def clause(name: str, scope: Scope, *rules: Mapping[str, Any], **rest: Any) -> Clause:
    fields: dict[str, Any] = {
        "id": name,
        "number": name,
        "level": Level.COUNTY,
        "dimension": Dimension.SPATIAL,
        "dimension_label": "空间布局约束",
        "category": "",
        "text": f"{name}：条款原文。",
        "document": "list-2026",
        "scope": scope,
        "rules": tuple({"review": REVIEWED, **rule} for rule in rules),
    }
    return Clause(**(fields | rest))


def only(*clauses: Clause, **fields: Any) -> Edition:
    """The sample edition with another access list."""
    return changed(clauses=clauses, **fields)


def finding(result: Screening, name: str) -> Finding:
    (found,) = [f for f in result.findings if f.clause == name]
    return found


EVERYWHERE = Scope(everywhere=True)
FORBID: dict[str, Any] = {"effect": "FORBID"}


# --- promise 1: silence is never approval ----------------------------------------------------


def test_every_layer_reports() -> None:
    result = run(project())
    assert [r.layer for r in result.layers] == [layer.id for layer in EDITION.layers]
    concern = {r.layer: r.concern for r in result.layers}
    assert concern["park"] is Concern.CONCERNED
    assert concern["red_line"] is Concern.NOT_CONCERNED
    assert all(r.sources for r in result.layers)


@pytest.mark.parametrize("status", [CoverageStatus.PARTIAL, CoverageStatus.ABSENT, None])
def test_a_layer_that_is_not_complete_where_the_project_lies_is_a_finding(
    status: CoverageStatus | None,
) -> None:
    rows = [c for c in EDITION.coverage if c.layer != "red_line"]
    if status is not None:
        rows.append(Coverage(layer="red_line", region="639901", status=status, source="示例"))
    edition = changed(coverage=tuple(rows), clauses=())
    result = run(project(), edition)
    (found,) = result.findings
    assert (found.kind, found.layer, found.outcome) == (FindingKind.LAYER, "red_line", Outcome.NEEDS_FACTS)
    assert result.verdict is Outcome.NEEDS_FACTS
    assert {r.layer: r.concern for r in result.layers}["red_line"] is Concern.NO_DATA


def test_coverage_speaks_for_the_longest_matching_region() -> None:
    row = Coverage(layer="park", region="639902", status=CoverageStatus.ABSENT, source="示例")
    edition = changed(coverage=(*EDITION.coverage, row), clauses=())
    assert run(project(), edition).verdict is Outcome.NOT_APPLICABLE
    assert run(project(EAST), edition).verdict is Outcome.NEEDS_FACTS


def test_land_without_control_unit_is_never_a_pass() -> None:
    units = tuple(z for z in EDITION.zones["control_unit"] if z.code != "ZH63990120001")
    edition = changed(zones={**EDITION.zones, "control_unit": units}, clauses=())
    result = run(project(), edition)
    assert (result.findings[0].kind, result.verdict) == (FindingKind.PLACE, Outcome.NEEDS_FACTS)
    half = shapely.box(100.099, 36.03, 100.101, 36.031)
    assert "50.00%" in run(project(half), edition).findings[0].reason_zh
    line = Part(role="线路", geometry=shapely.LineString([(100.05, 36.05), (100.15, 36.05)]))
    assert run(project(parts=(line,)), edition).verdict is Outcome.NEEDS_FACTS
    point = Part(role="点位", geometry=shapely.Point(100.15, 36.05))
    assert run(project(parts=(point,)), edition).verdict is Outcome.NEEDS_FACTS
    beside = Part(role="厂区", geometry=EAST)
    assert run(project(parts=(point, beside)), edition).verdict is Outcome.NEEDS_FACTS


def test_a_project_outside_the_region_is_an_error_and_partly_outside_a_finding() -> None:
    with pytest.raises(OutsideRegion) as caught:
        run(project(shapely.box(113.3, 23.1, 113.31, 23.11)))
    assert caught.value.text("zh-CN") != caught.value.text("en")
    straddling = run(project(shapely.box(100.399, 36.05, 100.401, 36.051)), only())
    assert [f.kind for f in straddling.findings] == [FindingKind.PLACE]
    assert straddling.verdict is Outcome.NEEDS_FACTS


def test_one_part_outside_the_region_does_not_hide_the_others() -> None:
    """An outfall drawn in the neighbouring province: the plant in the core zone is still a breach."""
    outfall = Part(role="排污口", geometry=shapely.Point(100.6, 36.1))
    result = run(project(parts=(Part(role="厂区", geometry=CORE), outfall)))
    assert finding(result, "S-02").outcome is Outcome.NON_COMPLIANT
    assert FindingKind.PLACE in [f.kind for f in result.findings]


def test_a_project_without_parts_is_an_error() -> None:
    with pytest.raises(InputError):
        run(Project(parts=()))


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(zones=("no_such_layer",)),
        Scope(classes=("重点",)),
        Scope(units=("ZH63990190009",)),
        Scope(regions=("11",)),
    ],
)
def test_a_clause_nobody_can_place_goes_to_a_person_everywhere(scope: Scope) -> None:
    result = run(project(EAST), only(clause("A", scope, FORBID)))
    assert finding(result, "A").outcome is Outcome.NEEDS_REVIEW


def test_a_target_layer_that_does_not_exist_is_unknown_not_absent() -> None:
    rule = FORBID | {"when": {"in": "shoreline"}}
    assert finding(run(project(), only(clause("A", EVERYWHERE, rule))), "A").outcome is Outcome.NEEDS_FACTS


def test_a_role_nobody_has_drawn_is_unknown() -> None:
    rule = FORBID | {"when": {"distance": "river", "op": "<", "value": 10, "unit": "m", "role": "排污口"}}
    assert finding(run(project(), only(clause("A", EVERYWHERE, rule))), "A").outcome is Outcome.NEEDS_FACTS


def test_distance_beyond_what_the_edition_sees_stays_open() -> None:
    """300 m from the eastern border nothing can be said about rivers within 1 km."""
    near_border = shapely.box(100.39, 36.15, 100.3965, 36.155)

    def rule(metres: float) -> Mapping[str, Any]:
        return FORBID | {"when": {"distance": "receptor", "op": "<", "value": metres, "unit": "m"}}

    edition = only(clause("A", EVERYWHERE, rule(100)), clause("B", EVERYWHERE, rule(1000)))
    result = run(project(near_border), edition)
    assert finding(result, "A").outcome is Outcome.NOT_APPLICABLE
    assert finding(result, "B").outcome is Outcome.NEEDS_FACTS


def test_distance_stops_at_a_county_without_data() -> None:
    """甲县 has the layer, 乙县, 2.7 km east, has not."""
    row = Coverage(layer="receptor", region="639902", status=CoverageStatus.ABSENT, source="示例")
    rule = {"distance": "receptor:居民区", "op": "<", "value": 2000, "unit": "m"}
    far = {"distance": "receptor:居民区", "op": "<", "value": 4000, "unit": "m"}
    edition = only(
        clause("A", EVERYWHERE, FORBID | {"when": rule}),
        clause("B", EVERYWHERE, FORBID | {"when": far}),
        coverage=(*EDITION.coverage, row),
        zones={**EDITION.zones, "receptor": ()},
    )
    result = run(project(shapely.box(100.16, 36.08, 100.17, 36.09)), edition)
    assert finding(result, "A").outcome is Outcome.NOT_APPLICABLE
    assert finding(result, "B").outcome is Outcome.NEEDS_FACTS


# --- promise 2: repeatable -------------------------------------------------------------------


def test_same_inputs_same_bytes() -> None:
    one = to_json(run(project(facts={"offset_ratio": 1.2})))
    other = to_json(run(project(facts={"offset_ratio": 1.2}), sample_edition()))
    assert one == other
    body = json.loads(one)
    assert body["as_of"] == "2026-09-01"
    assert body["edition"]["id"] == "示例市/2026"
    assert body["engine_version"]
    assert to_json(run(project(facts={"offset_ratio": 1.3}))) != one


places = st.tuples(st.floats(100.005, 100.38), st.floats(36.005, 36.18), st.floats(0.0005, 0.02)).map(
    lambda p: shapely.box(p[0], p[1], min(p[0] + p[2], 100.399), min(p[1] + p[2], 36.199))
)
some_facts = st.fixed_dictionaries(
    {},
    optional={
        "offset_ratio": st.sampled_from((0.5, 1.0, 2.0)),
        "boiler_tph": st.sampled_from((10.0, 35.0)),
        "activity": st.sampled_from(((), ("取用地下水",), ("采砂", "工业生产"))),
        "national_major": st.booleans(),
    },
)
projects = st.builds(
    lambda shape, nature, industry, facts: Project(
        parts=(Part(role="厂区", geometry=shape),), nature=nature, industries=industry, facts=facts
    ),
    places,
    st.sampled_from((None, "新建", "现有")),
    st.sampled_from(((), ("2614",), ("2511", "4411"), ("0610",))),
    some_facts,
)


@settings(max_examples=25)
@given(st.lists(projects, min_size=1, max_size=4), st.randoms())
def test_batching_and_order_change_nothing(batch: list[Project], random: Any) -> None:
    alone = {id(p): _bytes(run(p)) for p in batch}
    random.shuffle(batch)
    for subject, result in zip(batch, screen_many(batch, EDITION, AS_OF), strict=True):
        assert isinstance(result, Screening)
        assert _bytes(result) == alone[id(subject)]


def _bytes(result: Screening) -> bytes:
    return to_json(result)


@settings(max_examples=25)
@given(projects, st.randoms())
def test_order_of_layers_zones_clauses_and_rows_changes_no_outcome(subject: Project, random: Any) -> None:
    def shuffled(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(items, len(items)))

    other = changed(
        layers=shuffled(EDITION.layers),
        zones={k: shuffled(v) for k, v in EDITION.zones.items()},
        clauses=shuffled(EDITION.clauses),
        states=shuffled(EDITION.states),
        coverage=shuffled(EDITION.coverage),
    )
    one, two = run(subject), run(subject, other)
    assert _outcomes(one) == _outcomes(two)
    assert one.verdict is two.verdict
    assert one.asks == two.asks


def _outcomes(result: Screening) -> list[tuple[str, ...]]:
    return sorted((f.kind, f.clause, f.place, f.outcome.name) for f in result.findings)


@settings(max_examples=25)
@given(projects, st.floats(0.2, 0.8))
def test_splitting_a_footprint_into_parts_of_one_role_changes_no_outcome(subject: Project, at: float) -> None:
    (whole,) = subject.parts
    west, south, east, north = shapely.bounds(whole.geometry)
    cut = west + at * (east - west)
    halves = (
        Part(role="厂区", geometry=shapely.box(west, south, cut, north)),
        Part(role="厂区", geometry=shapely.box(cut, south, east, north)),
    )
    one, two = run(subject), run(dataclasses.replace(subject, parts=halves))
    assert _outcomes(one) == _outcomes(two)
    assert two.area_m2 == pytest.approx(one.area_m2, rel=1e-9)


@settings(max_examples=40)
@given(projects, st.data())
def test_taking_something_known_away_leaves_each_outcome_or_makes_it_unknown(
    subject: Project, pick: st.DataObject
) -> None:
    known = [k for k, v in (("nature", subject.nature), ("industries", subject.industries)) if v]
    known += list(subject.facts)
    if not known:
        return
    key = pick.draw(st.sampled_from(known))
    if key == "nature":
        less = dataclasses.replace(subject, nature=None)
    elif key == "industries":
        less = dataclasses.replace(subject, industries=())
    else:
        less = dataclasses.replace(subject, facts={k: v for k, v in subject.facts.items() if k != key})
    before = {(f.clause, f.place): f.outcome for f in run(subject).findings}
    after = {(f.clause, f.place): f.outcome for f in run(less).findings}
    assert before.keys() == after.keys()
    for place, outcome in after.items():
        assert outcome is before[place] or outcome in (Outcome.NEEDS_FACTS, Outcome.NEEDS_REVIEW)


@given(st.lists(st.sampled_from(Outcome)), st.lists(st.sampled_from(Outcome)))
def test_the_verdict_is_the_worst_and_does_not_depend_on_how_work_was_split(
    a: list[Outcome], b: list[Outcome]
) -> None:
    def made(outcomes: list[Outcome]) -> list[Finding]:
        return [
            Finding(kind=FindingKind.CLAUSE, outcome=o, place="", place_name="", reason_zh="", reason_en="")
            for o in outcomes
        ]

    assert verdict(made(a + b)) == max(verdict(made(a)), verdict(made(b)))


@settings(max_examples=20)
@given(projects)
def test_the_verdict_of_a_screening_is_the_worst_of_its_findings(subject: Project) -> None:
    result = run(subject)
    assert result.verdict is max(f.outcome for f in result.findings)
    assert sum(result.counts.values()) == len(result.findings)


# --- promise 3: time is a key ----------------------------------------------------------------


@pytest.mark.parametrize("as_of", [date(2025, 12, 31), date(2031, 1, 1)])
def test_an_edition_out_of_force_never_answers(as_of: date) -> None:
    with pytest.raises(EditionError) as caught:
        run(project(), as_of=as_of)
    assert as_of.isoformat() in caught.value.text("zh-CN")
    with pytest.raises(EditionError):
        list(screen_many([project()], EDITION, as_of))


def test_clauses_documents_zones_and_states_are_picked_by_date() -> None:
    old = finding(run(project()), "S-13")
    assert (old.outcome, "2025-12-31" in old.reason_zh) == (Outcome.NOT_APPLICABLE, True)
    facts = {"boiler_tph": 20.0}
    assert finding(run(project(facts=facts)), "S-06").outcome is Outcome.NON_COMPLIANT
    later = run(project(facts=facts), as_of=date(2027, 1, 1))
    assert finding(later, "S-06").outcome is Outcome.NOT_APPLICABLE  # the air is clean from 2027


def test_a_code_table_out_of_force_is_unknown() -> None:
    two_high = dataclasses.replace(EDITION.catalogues["two_high"], valid_to=date(2026, 8, 31))
    edition = changed(catalogues={"two_high": two_high})
    assert finding(run(project(), edition), "S-07").outcome is Outcome.NEEDS_FACTS
    unrelated = run(project(industries=("1391",)))
    assert finding(unrelated, "S-07").outcome is Outcome.NOT_APPLICABLE


# --- promise 4: every finding shows its work -------------------------------------------------


def test_a_finding_carries_text_document_place_trace_and_flips() -> None:
    result = run(project(facts={"boiler_tph": 20.0}))
    found = finding(result, "S-06")
    assert found.place_name == "甲县"
    assert result.clauses["S-06"].text.startswith("环境空气质量未达标期间")
    assert result.titles["document:list-2026"].startswith("示例市生态环境准入清单")
    trace = found.rules[0].trace["applies"]
    assert trace["children"][0]["seen"] == "新建"
    assert {(f.fact, f.needed_zh, f.outcome) for f in found.flips} >= {
        ("boiler_tph", "≥ 35 t/h", Outcome.NOT_APPLICABLE),
        ("state:air_quality", "达标", Outcome.NOT_APPLICABLE),
    }


def test_a_clause_with_a_broken_rule_is_isolated() -> None:
    broken = clause("A", EVERYWHERE, {"effect": "FORBID", "when": {"fact": "typo", "op": "is", "value": 1}})
    result = run(project(), changed(clauses=(*EDITION.clauses, broken)))
    assert finding(result, "A").outcome is Outcome.NEEDS_REVIEW
    assert "typo" in finding(result, "A").reason_zh
    assert len(result.findings) == len(run(project()).findings) + 1


def test_clauses_that_refer_in_a_circle_go_to_a_person() -> None:
    def refers(name: str) -> Mapping[str, Any]:
        return FORBID | {"when": {"clause": name, "op": "is", "value": "COMPLIANT"}}

    edition = only(clause("A", EVERYWHERE, refers("B")), clause("B", EVERYWHERE, refers("A")))
    result = run(project(), edition)
    assert [finding(result, n).outcome for n in "AB"] == [Outcome.NEEDS_REVIEW] * 2


def test_a_clause_may_ask_for_the_outcome_of_another() -> None:
    asks = FORBID | {"when": {"clause": "S-06", "op": "is", "value": "NON_COMPLIANT"}}
    edition = changed(clauses=(*EDITION.clauses, clause("A", EVERYWHERE, asks)))
    result = {b: finding(run(project(facts={"boiler_tph": b}), edition), "A").outcome for b in (20.0, 35.0)}
    assert result == {20.0: Outcome.NON_COMPLIANT, 35.0: Outcome.NOT_APPLICABLE}
    assert finding(run(project(), edition), "A").outcome is Outcome.NEEDS_FACTS


# --- promise 5 and §4.4: space ---------------------------------------------------------------

METRE = 1 / 111_000


@pytest.mark.parametrize(
    ("inside_m", "outcome"),
    [(400.0, Outcome.NON_COMPLIANT), (20.0, Outcome.NEEDS_REVIEW)],
)
def test_an_overlap_within_the_accuracy_of_a_red_line_goes_to_a_person(
    inside_m: float, outcome: Outcome
) -> None:
    """The red line ends at 36.12 N in the south and is accurate to 50 m."""
    shape = shapely.box(100.03, 36.11, 100.04, 36.12 + inside_m * METRE)
    result = run(project(shape, facts={"national_major": False}))
    assert finding(result, "S-01").outcome is outcome
    boundary = [f for f in result.findings if f.kind is FindingKind.BOUNDARY]
    assert bool(boundary) is (inside_m < 50)


@pytest.mark.parametrize(("gap_m", "marked"), [(20.0, True), (200.0, False), (0.0, True)])
def test_a_near_miss_within_the_accuracy_of_a_red_line_goes_to_a_person(gap_m: float, marked: bool) -> None:
    shape = shapely.box(100.03, 36.11, 100.04, 36.12 - gap_m * METRE)
    result = run(project(shape, nature="改建"))
    boundary = [f.outcome for f in result.findings if f.kind is FindingKind.BOUNDARY]
    assert boundary == ([Outcome.NEEDS_REVIEW] if marked else [])
    near = next(h for h in result.hits if h.layer == "red_line")
    assert near.relation is (Relation.NEAR if gap_m else Relation.ADJACENT)
    assert near.distance_m == pytest.approx(gap_m, rel=0.01)


def test_an_exception_that_hangs_on_a_doubtful_boundary_goes_to_a_person() -> None:
    rule = FORBID | {"when": {"not": {"in": "red_line"}}}
    edition = only(clause("A", EVERYWHERE, rule))
    deep = run(project(RED_LINE), edition)
    assert finding(deep, "A").outcome is Outcome.NOT_APPLICABLE
    shallow = run(project(shapely.box(100.03, 36.11, 100.04, 36.12 + 20 * METRE)), edition)
    assert finding(shallow, "A").outcome is Outcome.NEEDS_REVIEW


def test_a_dropped_sliver_is_listed_and_reaches_no_clause() -> None:
    """2 m² of a park whose threshold is 10 m²."""
    shape = shapely.box(100.11, 36.03, 100.12 + 0.02 * METRE, 36.031)
    result = run(project(shape))
    (sliver,) = [h for h in result.hits if h.relation is Relation.DROPPED]
    assert sliver.layer == "park"
    assert 0 < sliver.area_m2 < 10
    assert not [f for f in result.findings if f.clause in ("S-08", "S-09")]
    assert "DROPPED" in [n.code for n in result.notices]


def test_roles_decide_where_a_rule_names_them() -> None:
    plant = Part(role="厂区", geometry=EAST)
    line = Part(role="管线", geometry=shapely.LineString([(100.05, 36.13), (100.36, 36.115)]))
    rules: dict[str, Mapping[str, Any]] = {
        "A": FORBID | {"subject": {"role": ["厂区"]}},
        "B": FORBID | {"subject": {"role": ["管线"]}},
        "C": FORBID | {"when": {"in": "red_line", "role": "厂区"}},
        "D": FORBID | {"when": {"in": "red_line", "role": "管线"}},
        "E": FORBID | {"when": {"length": "red_line", "op": ">", "value": 2, "unit": "km", "role": "管线"}},
    }
    edition = only(*(clause(n, Scope(zones=("red_line",)), r) for n, r in rules.items()))
    result = run(project(parts=(plant, line)), edition)
    seen = {n: finding(result, n).outcome is Outcome.NON_COMPLIANT for n in rules}
    assert seen == {"A": False, "B": True, "C": False, "D": True, "E": True}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"share": "control_unit:KEY", "op": ">", "value": 49}, True),
        ({"share": "control_unit:KEY", "op": ">", "value": 51}, False),
        ({"share": "control_unit:KEY|GENERAL", "op": ">=", "value": 99.999}, True),
        ({"share": "park", "of": "zone", "op": ">", "value": 1}, False),
        ({"area": "control_unit:KEY", "op": ">", "value": 1, "unit": "ha"}, True),
        ({"area": "control_unit:KEY", "op": ">", "value": 1, "unit": "km2"}, False),
        ({"crosses": "river"}, False),
        ({"in": "control_unit:甲县一般管控单元"}, True),
        ({"in": "control_unit:ZH63990110001|ZH63990120001&KEY"}, True),
        ({"distance": "receptor:学校", "op": "<", "value": 12, "unit": "km"}, True),
        ({"distance": "receptor:学校", "op": "<", "value": 100, "unit": "m"}, False),
    ],
)
def test_spatial_atoms(condition: Mapping[str, Any], holds: bool) -> None:
    half = shapely.box(100.099, 36.03, 100.101, 36.035)  # half GENERAL, half KEY
    result = run(project(half), only(clause("A", EVERYWHERE, FORBID | {"when": condition})))
    assert (finding(result, "A").outcome is Outcome.NON_COMPLIANT) is holds


# --- scopes and states -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        (EVERYWHERE, True),
        (Scope(regions=("63",)), True),
        (Scope(regions=("6399",)), True),
        (Scope(regions=("639901",)), True),
        (Scope(regions=("639902",)), False),
        (Scope(units=("ZH63990120001",)), True),
        (Scope(units=("ZH63990130002",)), False),
        (Scope(parks=("YQ001",)), True),
        (Scope(classes=("KEY",)), True),
        (Scope(classes=("PRIORITY",)), False),
        (Scope(zones=("park:化工园区&省级",)), True),
        (Scope(zones=("park:化工园区&国家级",)), False),
        (Scope(zones=("red_line",)), False),
        (Scope(units=("ZH63990130002",), zones=("water_zone:GENERAL",)), True),
    ],
)
def test_a_clause_is_reached_where_its_scope_says(scope: Scope, reached: bool) -> None:
    result = run(project(), only(clause("A", scope, FORBID)))
    assert bool([f for f in result.findings if f.clause == "A"]) is reached


@pytest.mark.parametrize(
    ("scope", "condition", "outcome"),
    [
        (Scope(units=("ZH63990120001",)), {"state": "air_quality", "op": "is", "value": "未达标"}, 5),
        (EVERYWHERE, {"state": "air_quality", "op": "is", "value": "未达标", "at": "county"}, 5),
        (EVERYWHERE, {"state": "air_quality", "op": "is", "value": "未达标", "at": "prefecture"}, 4),
        (Scope(parks=("YQ001",)), {"state": "park_status", "op": "is", "value": "合规"}, 5),
        (EVERYWHERE, {"state": "park_status", "op": "is", "value": "不合规"}, 0),
        (Scope(parks=("YQ001",)), {"state": "air_quality", "op": "is", "value": "未达标", "at": "place"}, 4),
        (EVERYWHERE, {"state": "energy_cap", "op": "is", "value": "超过"}, 4),
    ],
)
def test_states_are_those_of_the_place_else_of_what_lies_above_it(
    scope: Scope, condition: Mapping[str, Any], outcome: int
) -> None:
    result = run(project(), only(clause("A", scope, FORBID | {"when": condition})))
    assert finding(result, "A").outcome == outcome


def test_a_state_of_the_prefecture_speaks_for_a_county_that_has_none() -> None:
    states = (PlaceState(place="6399", key="energy_cap", value="超过"),)
    rule = FORBID | {"when": {"state": "energy_cap", "op": "is", "value": "超过"}}
    result = run(project(), only(clause("A", EVERYWHERE, rule), states=states))
    assert finding(result, "A").outcome is Outcome.NON_COMPLIANT


# --- papers, lists, drafts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paper", "outcome"),
    [
        (
            Paper(type="不可避让论证意见", number="青政函〔2026〕1号", issuer="青海省人民政府", date=AS_OF),
            "COMPLIANT",
        ),
        (
            Paper(type="不可避让论证意见", number="青政函〔2026〕1号", issuer="某县人民政府", date=AS_OF),
            "NEEDS_FACTS",
        ),
        (Paper(type="不可避让论证意见", issuer="青海省人民政府", date=AS_OF), "NEEDS_FACTS"),
        (Paper(type="不可避让论证意见", held=False), "NON_COMPLIANT"),
        (Paper(type="用地预审意见", number="1号", issuer="青海省人民政府", date=AS_OF), "NEEDS_FACTS"),
    ],
)
def test_a_paper_counts_when_named_by_number_date_and_issuer(paper: Paper, outcome: str) -> None:
    result = run(project(RED_LINE, facts={"national_major": True}, papers=(paper,)))
    assert finding(result, "S-01").outcome.name == outcome


def test_what_is_not_on_the_positive_list_is_not_admitted() -> None:
    assert finding(run(project()), "S-08").outcome is Outcome.COMPLIANT
    assert finding(run(project(industries=("1391",))), "S-08").outcome is Outcome.NON_COMPLIANT
    assert finding(run(project(industries=())), "S-08").outcome is Outcome.NEEDS_FACTS


def test_positive_lists_of_two_clauses_are_one_list() -> None:
    food = clause(
        "A",
        Scope(parks=("YQ001",)),
        {"effect": "ALLOW", "subject": {"industry": ["C13"]}},
        list_id="YQ001-positive",
    )
    result = run(project(industries=("1391",)), changed(clauses=(*EDITION.clauses, food)))
    assert [finding(result, n).outcome for n in ("A", "S-08")] == [Outcome.COMPLIANT, Outcome.NOT_APPLICABLE]


def test_drafts_count_only_when_asked() -> None:
    shape = shapely.box(100.148, 36.128, 100.152, 36.132)  # around the school
    assert finding(run(project(shape)), "S-14").outcome is Outcome.NEEDS_REVIEW
    assert finding(run(project(shape), count_drafts=True), "S-14").outcome is Outcome.NON_COMPLIANT


# --- many projects, synthetic data ---------------------------------------------------------------


def test_one_project_that_fails_does_not_stop_the_others() -> None:
    away = project(shapely.box(113.3, 23.1, 113.31, 23.11))
    results = list(screen_many([project(), away, project(EAST)], EDITION, AS_OF))
    assert [type(r) for r in results] == [Screening, Failure, Screening]
    failure = results[1]
    assert isinstance(failure, Failure)
    assert failure.error.code == "PLACE_OUTSIDE"


def test_synthetic_data_says_so() -> None:
    assert "SYNTHETIC" in [n.code for n in run(project()).notices]
    official = changed(info=dataclasses.replace(EDITION.info, synthetic=False))
    assert "SYNTHETIC" not in [n.code for n in run(project(), official).notices]


def test_the_record_names_edition_method_options_and_its_own_digest() -> None:
    body = record(run(project()))
    assert body["digest"].startswith("sha256:")
    assert body["method"]["crs"] == "EPSG:4490"
    assert body["options"] == {"count_drafts": False}
    assert body["project"]["parts"][0]["area_m2"] == pytest.approx(body["project"]["area_m2"], rel=1e-9)


def test_a_document_replaced_by_another_carries_its_clauses_no_further() -> None:
    documents = dict(EDITION.documents) | {
        "list-2026": dataclasses.replace(EDITION.documents["list-2026"], superseded_by="next"),
        "next": Document(id="next", title="新清单", valid_from=date(2026, 6, 1)),
    }
    found = finding(run(project(RED_LINE), changed(documents=documents)), "S-01")
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "新清单" in found.reason_zh


@pytest.mark.parametrize(
    "condition",
    [
        {"in": "red_line"},
        {"crosses": "river"},
        {"area": "red_line", "op": ">", "value": 1, "unit": "ha"},
        {"length": "river", "op": ">", "value": 1, "unit": "m"},
        {"share": "red_line", "op": ">", "value": 10},
    ],
)
def test_what_an_incomplete_layer_does_not_show_is_unknown(condition: Mapping[str, Any]) -> None:
    rows = tuple(
        Coverage(layer=layer, region="639901", status=CoverageStatus.PARTIAL, source="示例")
        for layer in ("red_line", "river")
    )
    rule = FORBID | {"when": condition}
    blind = only(clause("A", EVERYWHERE, rule), coverage=EDITION.coverage + rows)
    assert finding(run(project(), blind), "A").outcome is Outcome.NEEDS_FACTS
    assert finding(run(project(), only(clause("A", EVERYWHERE, rule))), "A").outcome is Outcome.NOT_APPLICABLE


def test_what_an_incomplete_layer_shows_counts() -> None:
    row = Coverage(layer="red_line", region="639901", status=CoverageStatus.PARTIAL, source="示例")
    rules = {
        "A": FORBID | {"when": {"in": "red_line"}},
        "B": FORBID | {"when": {"share": "red_line", "op": ">", "value": 50}},
    }
    edition = only(*(clause(n, EVERYWHERE, r) for n, r in rules.items()), coverage=(*EDITION.coverage, row))
    result = run(project(RED_LINE), edition)
    assert [finding(result, n).outcome for n in rules] == [Outcome.NON_COMPLIANT] * 2


def test_a_layer_that_is_hit_but_not_complete_still_wants_data() -> None:
    row = Coverage(layer="red_line", region="639901", status=CoverageStatus.PARTIAL, source="示例")
    result = run(project(RED_LINE), only(coverage=(*EDITION.coverage, row)))
    report = next(r for r in result.layers if r.layer == "red_line")
    assert (report.concern, report.complete) == (Concern.CONCERNED, False)
    assert [(f.kind, f.outcome) for f in result.findings] == [(FindingKind.LAYER, Outcome.NEEDS_FACTS)]


def test_a_clause_asked_for_by_another_is_counted_once_among_the_questions() -> None:
    asks = FORBID | {"when": {"clause": "S-06", "op": "is", "value": "NON_COMPLIANT"}}
    edition = changed(clauses=(*EDITION.clauses, clause("A", EVERYWHERE, asks)))
    alone = {a.fact: a.mentioned for a in run(project()).asks}
    assert {a.fact: a.mentioned for a in run(project(), edition).asks} == alone

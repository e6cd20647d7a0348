"""What screening remembers never changes an answer: memos, forms, pieces of the record, chunks and workers."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import json
import pickle
import sys
import threading
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sample_edition import REVIEWED, sample_edition
from sanxian.edition import Edition
from sanxian.errors import EditionError, OutsideRegion
from sanxian.model import (
    Clause,
    Dimension,
    Finding,
    LayerKind,
    Level,
    Outcome,
    Paper,
    Part,
    PlaceState,
    Project,
    Scope,
)
from sanxian.screening import Failure, Screening, many, record, screen, screen_many, to_json
from sanxian.screening import run as running
from sanxian.screening.assembly import assemble
from sanxian.screening.forms import Form, mark
from sanxian.screening.memo import Memo
from sanxian.screening.prepared import Prepared
from sanxian.screening.recording import canonical

AS_OF = date(2026, 9, 1)
LATER = date(2027, 6, 1)  # the air of 甲县 is clean, the exit is overdue
FORBID: dict[str, Any] = {"effect": "FORBID"}


def clause(name: str, scope: Scope, *rules: Mapping[str, Any], **rest: Any) -> Clause:
    fields: dict[str, Any] = {
        "id": name, "number": name, "level": Level.COUNTY, "dimension": Dimension.SPATIAL,
        "dimension_label": "空间布局约束", "category": "", "text": f"{name}：100%的条款原文。",
        "document": "list-2026", "scope": scope,
        "rules": tuple({"review": REVIEWED, **rule} for rule in rules),
    }  # fmt: skip
    return Clause(**(fields | rest))


def when(*conditions: Mapping[str, Any], **rest: Any) -> Mapping[str, Any]:
    return {**FORBID, "when": {"all": list(conditions)}, **rest}


EVERYWHERE = Scope(everywhere=True)
UNIT = Scope(classes=("KEY", "GENERAL", "PRIORITY"))
NEAR = {"distance": "receptor", "op": "<", "value": 800, "unit": "m"}
CLAUSES = (
    clause("M-01", UNIT, FORBID | {"subject": {"role": ["排污口"]}}),
    clause("M-02", UNIT, when({"state": "air_quality", "op": "is", "value": "未达标"})),
    clause("M-03", EVERYWHERE, when({"state": "air_quality", "op": "is", "value": "未达标", "at": "county"})),
    clause("M-04", EVERYWHERE, when({"state": "park_status", "op": "is", "value": "合规"})),
    clause("M-05", Scope(regions=("63", "6399")), when({"in": "red_line"})),
    clause("M-06", EVERYWHERE, when(NEAR)),
    clause("M-07", EVERYWHERE, FORBID | {"subject": {"industry": ["C26", "D44"]}, "when": NEAR}),
    clause("M-08", EVERYWHERE, when({"share": "red_line", "op": ">", "value": 20})),
    clause("M-09", EVERYWHERE, when({"area": "control_unit:KEY", "op": ">", "value": 1, "unit": "ha"})),
    clause("M-10", EVERYWHERE, when({"clause": "M-02", "op": "is", "value": "NON_COMPLIANT"})),
    clause("M-11", EVERYWHERE, when({"date": "as_of", "op": ">", "value": "2027-01-01"})),
    clause("M-12", EVERYWHERE, when({"fact": "boiler_tph", "op": "between", "value": [0, 35]})),
    clause("M-13", EVERYWHERE, when(NEAR, {"document": "规划环评审查意见", "issuer": "省级人民政府"})),
    clause("M-14", UNIT, FORBID | {"unless": {"any": [{"not": {"in": "protected_area"}}, NEAR]}}),
    clause("M-15", Scope(zones=("red_line", "protected_area")), FORBID),
    clause("M-16", EVERYWHERE, FORBID | {"subject": {"nature": ["新建"]}, "review": {"state": "draft"}}),
    clause("M-17", EVERYWHERE, FORBID, valid_to=date(2026, 12, 31)),
    clause("M-18", Scope(units=("ZH63990120001",)), {"effect": "ALLOW", "subject": {"industry": ["C26"]}}, list_id="L"),
    clause("M-19", UNIT, {"effect": "ALLOW", "when": NEAR}, list_id="L"),
    clause("M-20", EVERYWHERE, when({"fact": "activity", "op": "has_all", "value": ["采砂", "工业生产"]})),
    clause("M-21", EVERYWHERE, when({"distance": "river", "op": "<", "value": 1, "unit": "km", "role": "排污口"})),
    clause("M-22", EVERYWHERE, FORBID | {"when": {"catalogue": "two_high"}}),
    clause("M-23", UNIT, {"effect": "EXIT", "until": "2026-12-31"}),
    clause("M-24", EVERYWHERE),
    clause(
        "M-27", Scope(zones=("river",)), when({"state": "air_quality", "op": "is", "value": "未达标", "at": "county"})
    ),
    clause("M-25", EVERYWHERE, when({"clause": "M-26", "op": "is", "value": "NON_COMPLIANT"})),
    clause("M-26", Scope(units=("ZH63990130002",)), FORBID),
)  # fmt: skip


def rich_edition(**changes: Any) -> Edition:
    """The sample edition with clauses that read everything a clause can read."""
    edition = sample_edition()
    state = PlaceState(place="HX639901001", key="park_status", value="合规", valid_from=LATER)
    fields = {"clauses": (*edition.clauses, *CLAUSES), "states": (*edition.states, state)} | changes
    return dataclasses.replace(edition, **fields)


EDITION = rich_edition()
WARM = Prepared(EDITION)  # remembers everything these tests have asked


def answers(
    prepared: Prepared, projects: Iterable[Project], as_of: date = AS_OF, count_drafts: bool = False
) -> Iterator[bytes]:
    """The record of each project, or the error in its place."""
    batch = list(projects)
    found = running.answer_chunk(batch, prepared, as_of, count_drafts)
    for project, answer in zip(batch, found, strict=True):
        result = assemble(prepared, project, as_of, count_drafts, answer)
        if isinstance(result, Failure):
            yield result.error.code.encode()
            continue
        written = to_json(result)
        assert written == canonical(record(result)), "the pieces differ from the fields"
        yield written


def cold(project: Project, as_of: date = AS_OF, count_drafts: bool = False) -> bytes:
    """The record as an edition without memory gives it."""
    (written,) = answers(Prepared(EDITION, memory=0), [project], as_of, count_drafts)
    return written


# --- projects that differ in everything a finding may depend on ---------------------------------

# lines that matter: the red line (100.08, 36.12), the reserve (36.16, 100.05), counties (100.2), units (100.1)
edges = st.sampled_from((100.02, 100.0495, 100.0797, 100.0803, 100.0995, 100.14, 100.1995, 100.25, 100.36))
north = st.sampled_from((36.03, 36.0995, 36.1197, 36.1203, 36.1597, 36.1603, 36.17))
size = st.sampled_from((0.0002, 0.001, 0.01))
boxes = st.builds(lambda x, y, d: shapely.box(x, y, x + d, y + d), edges, north, size)
points = st.builds(shapely.Point, edges, north)
lines = st.builds(lambda x, y, d: shapely.LineString([(x, y), (x + 3 * d, y + d)]), edges, north, size)
shapes = st.one_of(boxes, boxes, points, lines)
parts = st.one_of(
    st.builds(lambda role, shape: (Part(role=role, geometry=shape),), st.sampled_from(("厂区", "排污口")), shapes),
    st.builds(
        lambda a, b, swap: (
            Part(role="排污口" if swap else "厂区", geometry=a), Part(role="厂区" if swap else "排污口", geometry=b)
        ),
        shapes, shapes, st.booleans(),
    ),
)  # fmt: skip
facts = st.fixed_dictionaries(
    {},
    optional={
        "offset_ratio": st.sampled_from((0.5, 1.0, 1, True, 2.0)),
        "boiler_tph": st.sampled_from((0.0, -0.0, 0, 10.0, 35.0, 35, 1e7, "35", None)),
        "activity": st.sampled_from(((), ("取用地下水",), ("采砂",), ("采砂", "工业生产"), ("其他",))),
        "national_major": st.sampled_from((True, False, 1, 0)),
    },
)
papers = st.sampled_from(
    (
        (),
        (Paper(type="规划环评审查意见", held=False),),
        (Paper(type="规划环评审查意见", number="1", issuer="示例省人民政府", date=date(2025, 1, 1)),),
    )
)
projects = st.builds(
    Project,
    parts=parts,
    nature=st.sampled_from((None, "新建", "现有")),
    industries=st.sampled_from(((), ("2614",), ("26",), ("2511", "4411"), ("0610",), ("2614", "2511"))),
    facts=facts,
    papers=papers,
)
days = st.sampled_from((AS_OF, LATER, date(2030, 1, 1)))


@settings(max_examples=100, deadline=None)
@given(projects, days, st.booleans())
def test_what_was_asked_before_changes_no_answer(project: Project, as_of: date, count_drafts: bool) -> None:
    (warm,) = answers(WARM, [project], as_of, count_drafts)
    assert warm == cold(project, as_of, count_drafts)


@settings(max_examples=15, deadline=None)
@given(st.lists(projects, min_size=2, max_size=5), st.randoms())
def test_order_and_chunks_change_no_answer(batch: list[Project], random: Any) -> None:
    alone = {id(project): cold(project) for project in batch}
    random.shuffle(batch)
    assert list(answers(WARM, batch)) == [alone[id(project)] for project in batch]
    assert list(answers(Prepared(EDITION, memory=0.001), batch)) == [alone[id(project)] for project in batch]


def variants() -> Iterator[tuple[str, list[tuple[Project, date, bool]]]]:
    """Cases that differ in one thing only: an answer remembered without it would be the other's."""
    plant = shapely.box(100.06, 36.13, 100.062, 36.132)  # well inside the red line
    edge = shapely.box(100.0799, 36.13, 100.0801, 36.1302)  # over it by a few metres
    outfall = shapely.Point(100.07, 36.13)
    core, buffer = shapely.box(100.01, 36.17, 100.02, 36.18), shapely.box(100.06, 36.17, 100.07, 36.18)
    both_counties, west = (
        shapely.box(100.19, 36.03, 100.21, 36.04),
        shapely.box(100.19, 36.03, 100.1999, 36.04),
    )

    def one(*placed: tuple[str, Any], **known: Any) -> Project:
        return Project(parts=tuple(Part(role=r, geometry=g) for r, g in placed), nature="新建", **known)

    def cases(*these: Project) -> list[tuple[Project, date, bool]]:
        return [(project, AS_OF, False) for project in these]

    site = one(("厂区", plant), industries=("2614",))
    yield "as_of", [(site, AS_OF, False), (site, LATER, False)]
    yield "count_drafts", [(site, AS_OF, False), (site, AS_OF, True)]
    yield "roles", cases(site, one(("排污口", plant), industries=("2614",)))
    yield (
        "roles of parts",
        cases(
            one(("厂区", plant), ("排污口", both_counties)), one(("排污口", plant), ("厂区", both_counties))
        ),
    )
    yield "doubtful", cases(site, one(("厂区", edge), industries=("2614",)))
    yield "zone", cases(one(("厂区", core)), one(("厂区", buffer)))
    yield "counties", cases(one(("厂区", both_counties)), one(("厂区", west)))
    yield "measures", cases(one(("点位", outfall)), one(("点位", shapely.Point(100.07, 36.1301))))
    north_east, at_border = shapely.box(100.27, 36.14, 100.28, 36.15), shapely.Point(100.395, 36.15)
    yield "what is drawn", cases(one(("厂区", north_east)), one(("厂区", north_east), ("排污口", at_border)))
    here, there = shapely.box(100.05, 36.03, 100.06, 36.04), shapely.box(100.18, 36.03, 100.19, 36.04)
    yield "another clause", cases(one(("厂区", here)), one(("厂区", there)))
    yield "truth of a measure", cases(*(one(("点位", shapely.Point(100.145, y))) for y in (36.125, 36.07)))
    yield "counties of a zone", cases(
        one(("厂区", shapely.box(100.05, 36.09, 100.06, 36.11))), one(("厂区", shapely.box(100.3, 36.08, 100.31, 36.1)))
    )  # fmt: skip
    yield "zero", cases(*(one(("厂区", plant), facts={"boiler_tph": x}) for x in (0.0, -0.0)))
    yield "type", cases(*(one(("厂区", plant), facts={"national_major": x}) for x in (True, 1)))
    yield (
        "sets",
        cases(*(one(("厂区", plant), facts={"activity": x}) for x in (("采砂",), ("工业生产",), ()))),
    )
    yield "papers", cases(
        site, dataclasses.replace(site, papers=(Paper(type="规划环评审查意见", held=False),))
    )  # fmt: skip
    yield (
        "states",
        [(one(("厂区", west)), day, False) for day in (AS_OF, date(2026, 12, 31), date(2027, 1, 1))],
    )


@pytest.mark.parametrize(("what", "cases"), list(variants()), ids=lambda v: v if isinstance(v, str) else "")
def test_answers_that_differ_in_one_thing_are_kept_apart(
    what: str, cases: list[tuple[Project, date, bool]]
) -> None:
    expected = [cold(*case) for case in cases]
    assert len(set(expected)) == len(cases), f"the cases do not differ in {what}"
    for order in itertools.permutations(range(len(cases))):
        prepared = Prepared(EDITION)
        for i in order * 3:  # what is asked twice is remembered
            project, as_of, count_drafts = cases[i]
            assert list(answers(prepared, [project], as_of, count_drafts)) == [expected[i]]


@pytest.mark.parametrize("value", ["state", "coverage"])
def test_an_edition_that_says_something_else_has_its_own_memory(value: str) -> None:
    other = rich_edition(states=()) if value == "state" else rich_edition(coverage=())
    site = Project(
        parts=(Part(role="厂区", geometry=shapely.box(100.13, 36.03, 100.14, 36.04)),), nature="新建"
    )
    one, two = screen(site, EDITION, AS_OF), screen(site, other, AS_OF)
    assert one.findings != two.findings
    assert to_json(one) == cold(site)


@pytest.mark.parametrize("memory", [1.0, 0.01])
def test_threads_get_the_answers_one_would_get(memory: float) -> None:
    """A server screens in threads over one edition that remembers for all of them; here little fits its memory."""
    batch = list(stream(40))
    expected = [cold(project) for project in batch]
    shared = Prepared(EDITION, memory=memory)
    start = threading.Barrier(8)

    def work(seed: int) -> list[bytes]:
        order = np.random.default_rng(seed).permutation(len(batch)).tolist()
        start.wait()
        made = {i: next(answers(shared, [batch[i]])) for i in order * 2}
        return [made[i] for i in range(len(batch))]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(made == expected for made in threads.map(work, range(8)))
    finally:
        sys.setswitchinterval(interval)


def test_findings_are_made_when_somebody_asks_and_only_once() -> None:
    result = screen_one(nature="新建")
    written = to_json(result)
    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(lambda _: (result.findings, result.titles, result.clauses), range(8)))
    assert all(one == seen[0] for one in seen)
    assert result.findings is result.findings
    assert result.counts == dict(dataclasses.replace(result).counts)
    assert result.verdict is max(found.outcome for found in result.findings)
    assert to_json(result) == written == canonical(record(result))
    with pytest.raises(AttributeError):
        _ = result.nothing_of_the_kind  # type: ignore[attr-defined]


# --- forms ---------------------------------------------------------------------------------------


def marked(text: str) -> str:
    return f"{text}{mark(0)}{mark(3)}{mark(5, value=True)}"


@pytest.mark.parametrize(
    "known",
    [
        {"industries": ("2614",), "facts": {"activity": (marked("采砂"),)}},
        {"industries": ("2614",), "facts": {"boiler_tph": marked("")}},
        {"nature": marked("新建")},
        {"industries": (marked("26"),)},
    ],
)
def test_a_text_that_looks_like_a_blank_is_a_text(known: dict[str, Any]) -> None:
    shape = shapely.box(100.13, 36.03, 100.14, 36.04)
    site = Project(parts=(Part(role="厂区", geometry=shape),), **known)
    (written,) = answers(WARM, [site])
    assert written == cold(site)
    assert json.loads(written)["verdict"]
    role = dataclasses.replace(site, parts=(Part(role=marked("厂区"), geometry=shape),))
    assert list(answers(WARM, [role])) == [cold(role)]


def test_a_clause_that_looks_like_a_blank_is_a_clause() -> None:
    text = marked("条款")
    odd = rich_edition(clauses=(clause("M-01", EVERYWHERE, when(NEAR), text=text), *CLAUSES[1:]))
    site = Project(parts=(Part(role="厂区", geometry=shapely.box(100.13, 36.03, 100.14, 36.04)),))
    (found,) = [f for f in screen(site, odd, AS_OF).findings if f.clause == "M-01"]
    assert found.rules[0].quote == text
    assert found.place == "*"


def test_equal_words_are_said_once_when_the_values_are_equal_too() -> None:
    """Two layers of one title: which values they share is known only when the blanks are filled."""
    edition = sample_edition()
    river = edition.layer("river")
    twin = dataclasses.replace(river, id="river_2", kind=LayerKind.OTHER)
    copies = tuple(dataclasses.replace(zone, layer="river_2") for zone in edition.zones["river"])
    rows = tuple(dataclasses.replace(c, layer="river_2") for c in edition.coverage if c.layer == "river")
    near = [{"distance": name, "op": "<", "value": 30, "unit": "km"} for name in ("river", "river_2")]
    edition = dataclasses.replace(
        edition, layers=(*edition.layers, twin), zones={**edition.zones, "river_2": copies},
        coverage=(*edition.coverage, *rows), clauses=(clause("A", EVERYWHERE, when(*near)),),
    )  # fmt: skip
    site = Project(parts=(Part(role="厂区", geometry=shapely.box(100.13, 36.08, 100.14, 36.09)),))
    (found,) = [f for f in screen(site, edition, AS_OF).findings if f.clause == "A"]
    assert found.outcome is Outcome.NON_COMPLIANT
    assert found.reason_zh.count(river.title) == 1


def test_a_filled_finding_is_a_finding_like_any_other() -> None:
    site = Project(parts=(Part(role="厂区", geometry=shapely.box(100.13, 36.03, 100.14, 36.04)),))
    for found in screen(site, EDITION, AS_OF).findings:
        for rule in found.rules:
            steps = {**rule.trace}
            assert rule.trace == steps
            assert steps == rule.trace
            assert repr(rule.trace) == repr(steps)
            assert len(rule.trace) == len(steps)
        assert pickle.loads(pickle.dumps(found)) == found
        assert mark(0)[0] not in repr(found)


def test_a_form_fills_what_stands_around_percent_signs() -> None:
    found = Finding(
        kind=next(iter(screen_one().findings)).kind, outcome=Outcome.COMPLIANT, place=mark(0), place_name="100%s",
        reason_zh=f"%d {mark(1)} %%", reason_en="5 %",
    )  # fmt: skip
    form = Form([found])
    from sanxian.screening.forms import say_text

    (line,) = form.filled(*say_text('"甲"', "50%", ""))
    assert line.finding == dataclasses.replace(found, place='"甲"', reason_zh="%d 50% %%")
    assert json.loads(line.written)["place"] == '"甲"'
    assert json.loads(line.written)["reason_zh"] == "%d 50% %%"


# --- pieces of the record ------------------------------------------------------------------------


def screen_one(**known: Any) -> Screening:
    site = Project(parts=(Part(role="厂区", geometry=shapely.box(100.13, 36.03, 100.14, 36.04)),), **known)
    return screen(site, EDITION, AS_OF)


def test_a_screening_made_by_hand_is_written_from_its_fields() -> None:
    result = screen_one(nature="新建")
    first = dataclasses.replace(result.findings[0], reason_zh="改过的理由", outcome=Outcome.COMPLIANT)
    changed = dataclasses.replace(result, findings=(first, *result.findings[1:]), asks=(), clauses={})
    body = json.loads(to_json(changed))
    assert body["findings"][0]["reason_zh"] == "改过的理由"
    assert (body["asks"], body["clauses"]) == ([], {})
    assert to_json(changed) == canonical(record(changed))
    assert to_json(result) != to_json(changed)
    same = dataclasses.replace(result)
    assert same == result
    assert to_json(same) == to_json(result)
    by_hand = Screening(**{f.name: getattr(result, f.name) for f in dataclasses.fields(Screening) if f.init})
    assert to_json(by_hand) == to_json(result)


def test_pieces_are_no_part_of_a_screening() -> None:
    result = screen_one()
    assert "_written" not in repr(result)
    with pytest.raises(TypeError):
        Screening(**{f.name: getattr(result, f.name) for f in dataclasses.fields(Screening)})


@settings(max_examples=25, deadline=None)
@given(st.tuples(boxes, points, lines))
def test_parts_are_written_as_geos_writes_them(made: tuple[Any, ...]) -> None:
    hole = shapely.Polygon(
        [(100.1, 36.0), (100.2, 36.0), (100.2, 36.1)], [[(100.15, 36.01), (100.16, 36.01), (100.16, 36.02)]]
    )
    for shape in (
        *made,
        hole,
        shapely.MultiPolygon([made[0]]),
        shapely.Polygon([(-0.0, 1e-7), (1, 0), (1 / 3, 1)]),
    ):
        assert running._geojson(shape) == json.loads(shapely.to_geojson(shape))


def test_what_cannot_be_written_is_refused_when_it_is_written() -> None:
    for facts_ in ({"boiler_tph": float("inf")}, {"boiler_tph": float("nan")}, {"boiler_tph": "\ud800"}):
        result = screen_one(facts=facts_)
        with pytest.raises(ValueError):
            to_json(result)
        with pytest.raises(ValueError):
            canonical(record(result))


def test_screenings_projects_and_editions_travel_to_other_processes() -> None:
    result = screen_one(nature="新建")
    other = pickle.loads(pickle.dumps(result))
    assert other == result
    assert to_json(other) == to_json(result)
    edition = pickle.loads(pickle.dumps(EDITION))
    assert to_json(screen(other.project, edition, AS_OF)) == to_json(result)


# --- streams -------------------------------------------------------------------------------------


def stream(number: int, *, bad: int = -1) -> Iterator[Project]:
    rng = np.random.default_rng(3)
    for i in range(number):
        x, y = rng.uniform(100.005, 100.38), rng.uniform(36.005, 36.19)
        shape = shapely.Point(113.3, 23.1) if i == bad else shapely.Point(x, y)
        industry = ("2614", "4411", "0610", "2511")[i % 4]
        yield Project(
            id=str(i), parts=(Part(role="点位", geometry=shape),), industries=(industry,),
            facts={"boiler_tph": float(rng.uniform(0, 70))},
        )  # fmt: skip


def test_a_stream_is_read_as_it_goes() -> None:
    taken = 0

    def source() -> Iterator[Project]:
        nonlocal taken
        for project in stream(100_000):
            taken += 1
            yield project

    results = screen_many(source(), EDITION, AS_OF)
    next(results)
    assert taken == 1
    next(results)
    assert taken <= 3


@pytest.mark.parametrize("workers", [1, 2])
def test_what_came_before_a_source_broke_is_answered(workers: int) -> None:
    def source() -> Iterator[Project]:
        yield from stream(5)
        raise OSError("the disk is gone")

    results: list[Screening | Failure] = []
    with pytest.raises(OSError, match="disk"):
        results.extend(screen_many(source(), EDITION, AS_OF, workers=workers))
    assert [r.project.id for r in results] == list("01234")


def test_memory_does_not_grow_with_the_number_of_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    """With memos small enough to be full: what they keep is bounded, and a stream holds nothing else."""
    small = Prepared(EDITION, memory=0.02)
    monkeypatch.setattr(many, "prepare", lambda _: small)
    monkeypatch.setattr(many, "CHUNK", 16)
    for _ in screen_many(stream(300), EDITION, AS_OF):
        pass

    def peak(number: int) -> int:
        gc.collect()
        tracemalloc.start()
        for _ in screen_many(stream(number), EDITION, AS_OF):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # twice: a kernel compiled on the way, once in a process, is no growth
    few, many_ = (min(peak(number) for _ in range(2)) for number in (80, 400))
    assert many_ < few + 4_000_000  # the screenings themselves would be fifty


@settings(max_examples=50)
@given(st.integers(0, 12), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=60))
def test_a_memo_never_holds_more_than_its_room(room: int, asked: list[tuple[int, int]]) -> None:
    memo: Memo[tuple[int, int]] = Memo(room, lambda value: value[1])
    for key, weight in asked:
        kept = memo.get(key)
        assert kept is None or kept[0] == key
        memo.keep(key, (key, weight))
        held = [value for k in range(10) if (value := memo.get(k)) is not None]
        assert sum(weight for _, weight in held) <= room
        assert len(memo) == len(held)


# --- workers -------------------------------------------------------------------------------------


def written(results: Iterable[Screening | Failure]) -> list[bytes]:
    return [r.error.code.encode() if isinstance(r, Failure) else to_json(r) for r in results]


@pytest.mark.parametrize("number", [0, 1, 40])
def test_workers_change_no_answer(number: int) -> None:
    alone = written(screen_many(stream(number, bad=17), EDITION, AS_OF, count_drafts=True))
    together = written(screen_many(stream(number, bad=17), EDITION, AS_OF, count_drafts=True, workers=2))
    assert together == alone


def line_of(result: Screening | Failure) -> bytes:
    return result.error.code.encode() if isinstance(result, Failure) else to_json(result)


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_wanted_of_a_result_is_made_where_it_is_found(number: int) -> None:
    lines_ = screen_many(stream(30, bad=7), EDITION, AS_OF, workers=number, finish=line_of)
    assert list(lines_) == written(screen_many(stream(30, bad=7), EDITION, AS_OF))


def test_numbers_are_forgotten_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from sanxian.screening import workers

    monkeypatch.setattr(workers, "_NUMBERED", 50)  # workers are forked, so they see it too
    alone = written(screen_many(stream(60), EDITION, AS_OF))
    assert written(screen_many(stream(60), EDITION, AS_OF, workers=3)) == alone


def test_results_of_workers_are_like_any_other() -> None:
    (one, *_), (two, *_) = (list(screen_many(stream(3), EDITION, AS_OF, workers=n)) for n in (1, 2))
    assert one == two
    assert isinstance(two, Screening)
    assert pickle.loads(pickle.dumps(two)) == two


def test_workers_stop_when_nobody_asks_any_more() -> None:
    import multiprocessing

    results = screen_many(stream(10_000), EDITION, AS_OF, workers=2)
    next(results)
    assert len(multiprocessing.active_children()) >= 2
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert multiprocessing.active_children() == []


def test_a_bug_in_a_worker_is_raised_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(part: Part, *placed: Any) -> Any:
        if shapely.get_x(part.geometry) > 100.3:
            raise ZeroDivisionError("a bug")
        return original(part, *placed)

    original = running._part_report
    monkeypatch.setattr(running, "_part_report", broken)
    found = []
    for workers in (1, 2):
        results: list[Screening | Failure] = []
        with pytest.raises(ZeroDivisionError, match="a bug"):
            results.extend(screen_many(stream(40), EDITION, AS_OF, workers=workers))
        found.append(written(results))
    assert found[0] == found[1]


def test_an_edition_out_of_force_is_refused_before_any_worker_starts() -> None:
    with pytest.raises(EditionError):
        next(screen_many(stream(3), EDITION, date(2040, 1, 1), workers=2))


def test_a_project_outside_the_region_is_a_failure_among_the_others() -> None:
    results = list(screen_many(stream(5, bad=2), EDITION, AS_OF, workers=2))
    assert [isinstance(r, Failure) for r in results] == [False, False, True, False, False]
    assert isinstance(results[2], Failure)
    assert isinstance(results[2].error, OutsideRegion)

"""A record read back: the same bytes, the same project, and a clear no to everything else."""

from __future__ import annotations

import copy
import dataclasses
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from demo_edition import demo_edition
from report_samples import AS_OF, EDITION, RESULTS
from sanxian import report
from sanxian.batch import read_dated_project
from sanxian.errors import RecordAltered, RecordInvalid, RecordVersion, SanxianError
from sanxian.geometry import Region
from sanxian.model import (
    Finding,
    FindingKind,
    Flip,
    Hit,
    Notice,
    Office,
    Outcome,
    Paper,
    Part,
    Project,
    Relation,
    verdict,
)
from sanxian.report import conformity, sites, summary
from sanxian.screening import Screening, from_json, from_record, record, recording, screen, to_json
from sanxian.screening.run import _part_report
from test_report_record import FAULTS

EXAMPLES = Path(__file__).parents[1] / "examples" / "projects"

# --- the same bytes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_a_record_is_written_again_to_the_byte(name: str) -> None:
    made = to_json(RESULTS[name])
    assert to_json(from_json(made)) == made


@pytest.mark.parametrize("name", RESULTS)
def test_the_project_is_the_one_that_was_screened(name: str) -> None:
    back = from_json(to_json(RESULTS[name]))
    assert back.project == RESULTS[name].project  # also dates among the facts, sets, papers, notices
    for mine, theirs in zip(back.project.parts, RESULTS[name].project.parts, strict=True):
        assert (
            shapely.get_coordinates(mine.geometry).tobytes()
            == shapely.get_coordinates(theirs.geometry).tobytes()
        )


@pytest.mark.parametrize("name", ["mine-in-national-park", "power-line", "too-few-facts"])
def test_demo_records_come_back_and_screen_to_themselves(name: str) -> None:
    edition = demo_edition()
    region = Region(code=edition.info.region, name=edition.info.title, outline=edition.outline)
    asked, _ = read_dated_project(EXAMPLES / f"{name}.yaml", region=region)
    made = to_json(screen(asked, edition, AS_OF))
    back = from_json(made)
    assert to_json(back) == made
    assert back.project == asked
    assert to_json(screen(back.project, edition, back.as_of)) == made


def test_notices_of_the_project_are_told_from_those_of_the_screening() -> None:
    """Also where a project came with notices of the same codes: its own stand first."""
    notices = tuple(Notice(code=code, zh=code, en=code) for code in ("DROPPED", "OTHER", "SYNTHETIC"))
    sliver = shapely.box(100.12, 36.02, 100.13, 36.03).union(shapely.box(100.13, 36.02, 100.20000001, 36.021))
    for place in (sliver, shapely.box(100.12, 36.02, 100.13, 36.03)):
        for count in range(4):
            asked = Project(parts=(Part(role="厂区", geometry=place),), notices=notices[:count])
            made = screen(asked, EDITION, AS_OF)
            assert from_json(to_json(made)).project == asked
    assert any(
        notice.code == "DROPPED"
        for notice in screen(Project(parts=(Part(role="", geometry=sliver),)), EDITION, AS_OF).notices
    )


def test_a_record_may_be_indented_and_in_another_order() -> None:
    made = to_json(RESULTS["edge"])
    body = json.loads(made)
    spread = json.dumps(dict(reversed(body.items())), indent=2, ensure_ascii=True)
    assert to_json(from_json(b"\xef\xbb\xbf" + spread.encode() + b"\r\n")) == made


# --- … whatever is in it: screenings nobody made, with all kinds of everything -------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
SOME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
SIZE = st.floats(0, 1e12)
SHARE = st.floats(0, 1)
OUTCOMES = st.sampled_from(Outcome)
NOTICES = st.builds(Notice, code=SOME, zh=TEXT, en=TEXT)
OFFICES = st.none() | st.builds(Office, id=SOME, name=TEXT, contact=TEXT, region=TEXT)
FLIPS = st.builds(Flip, fact=SOME, seen=TEXT, needed_zh=TEXT, needed_en=TEXT, outcome=OUTCOMES)
HITS = st.builds(
    Hit, layer=SOME, zone=SOME, relation=st.sampled_from([Relation.OVERLAP, Relation.DROPPED, Relation.ADJACENT]),
    role=TEXT, area_m2=SIZE, published_area_m2=st.none() | SIZE, length_m=SIZE, points=st.integers(0, 9), share=SHARE,
    zone_share=SHARE, bearing_deg=st.none() | st.floats(0, 360), margin_m=SIZE, sensitive=st.booleans(), office=OFFICES,
) | st.builds(Hit, layer=SOME, zone=SOME, relation=st.just(Relation.NEAR), distance_m=SIZE)  # fmt: skip
PLACES = st.floats(-90, 90)
PARTS = st.builds(
    Part,
    role=TEXT,
    geometry=st.builds(shapely.Point, PLACES, PLACES) | st.builds(lambda x, y: shapely.box(x, y, x + 0.3, y + 0.1), PLACES, st.floats(-80, 80)),
    name=TEXT,
    source=TEXT,
    repairs=st.lists(NOTICES, max_size=2).map(tuple),
)  # fmt: skip
FACTS = st.dictionaries(
    st.sampled_from(["boiler_tph", "fuel", "activity", "inside_compliant_park", "matter:用地"]),
    st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
    | st.lists(TEXT, max_size=3).map(tuple),
    max_size=4,
)  # fmt: skip
PROJECTS = st.builds(
    Project,
    parts=st.lists(PARTS, min_size=1, max_size=3).map(tuple),
    id=TEXT,
    name=TEXT,
    proponent=TEXT,
    nature=st.none() | st.sampled_from(["新建", "现有"]),
    industries=st.lists(st.sampled_from(["C", "26", "2614"]), max_size=2).map(tuple),
    facts=st.builds(lambda facts, day: facts | day, FACTS, st.dictionaries(st.just("started_on"), DAYS)),
    papers=st.lists(
        st.builds(Paper, type=SOME, number=TEXT, issuer=TEXT, date=st.none() | DAYS, held=st.booleans()),
        max_size=2,
    ).map(tuple),
    notices=st.lists(NOTICES, max_size=2).map(tuple),
)
_MODEL = RESULTS["plant"]
_RULED = next(f for f in _MODEL.findings if f.rules)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    kind = draw(st.sampled_from(FindingKind))
    clause = kind is FindingKind.CLAUSE
    outcome = {FindingKind.LAYER: Outcome.NEEDS_FACTS, FindingKind.BOUNDARY: Outcome.NEEDS_REVIEW}.get(
        kind
    ) or draw(OUTCOMES)
    return Finding(
        kind=kind,
        outcome=outcome,
        place=draw(TEXT),
        place_name=draw(TEXT),
        reason_zh=draw(SOME),
        reason_en=draw(SOME),
        clause=draw(st.sampled_from(sorted(_MODEL.clauses))) if clause else "",
        layer=draw(SOME),
        rules=_RULED.rules if clause and draw(st.booleans()) else (),
        flips=tuple(draw(st.lists(FLIPS, max_size=2))) if clause else (),
        notices=tuple(draw(st.lists(NOTICES, max_size=2))),
        office=draw(OFFICES),
    )


@st.composite
def screenings(draw: st.DrawFn) -> Screening:
    asked = draw(PROJECTS)
    found = tuple(draw(st.lists(findings(), max_size=4)))
    return dataclasses.replace(
        _MODEL,
        as_of=draw(DAYS),
        project=asked,
        parts=tuple(map(_part_report, asked.parts)),
        area_m2=draw(SIZE),
        length_m=draw(SIZE),
        verdict=verdict(found),
        findings=found,
        hits=tuple(draw(st.lists(HITS, max_size=3))),
        notices=asked.notices,
        count_drafts=draw(st.booleans()),
        engine_version=draw(SOME),
        edition=dataclasses.replace(
            _MODEL.edition, synthetic=False, title=draw(TEXT), valid_to=draw(st.none() | DAYS)
        ),
        clauses=_MODEL.clauses,
    )


@given(screenings())
@settings(max_examples=80, deadline=None)
def test_any_screening_comes_back_as_it_was_written(made: Screening) -> None:
    written = to_json(made)
    back = from_json(written)
    assert to_json(back) == written
    assert [part.geometry.wkb for part in back.project.parts] == [
        part.geometry.wkb for part in made.project.parts
    ]
    assert (back.findings, back.hits, back.asks) == (made.findings, made.hits, made.asks)


# --- refused -----------------------------------------------------------------------------------------


def sealed(body: dict[str, Any]) -> bytes:
    """The record with the digest of what it holds: whoever alters one can do that too."""
    return json.dumps({**body, "digest": recording.digest_of(body)}, ensure_ascii=False).encode()


@pytest.mark.parametrize("fault", [f for f in FAULTS if f not in ("no digest", "a short digest")])
def test_what_the_schema_rejects_is_not_read(fault: str) -> None:
    body = copy.deepcopy(record(RESULTS["plant"]))
    from_json(sealed(body))
    FAULTS[fault](body)
    with pytest.raises((RecordInvalid, RecordVersion)):
        from_json(sealed(body))


SMALL = to_json(RESULTS["edge"])


@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_a_record_with_one_byte_altered_is_never_taken_for_another(at: int, change: int) -> None:
    altered = bytearray(SMALL)
    altered[at] ^= change
    try:
        back = from_json(bytes(altered))
    except (RecordInvalid, RecordAltered, RecordVersion):
        return
    assert to_json(back) == SMALL  # as 1e5 for 100000.0, or white space: the same record


def test_an_altered_value_is_named_for_what_it_is() -> None:
    with pytest.raises(RecordAltered) as caught:
        from_json(SMALL.replace("甲县".encode(), "乙县".encode(), 1), source="研判.json")
    assert "研判.json" in caught.value.text("zh-CN")
    assert "altered" in caught.value.text("en")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (SMALL[:-100], "JSON"),
        (b"[" * 200_000, "nested"),
        (b'{"schema":' + b"[" * 200_000, "nested"),
        (b"\xff\xfe{}", "JSON"),
        (b"{}", "mark"),
        (b"[]", "mark"),
        (b"7", "mark"),
        (b'{"schema":"sanxian/verification/1"}', "mark"),
        (b'{"schema":["sanxian/screening/1"]}', "mark"),
        (b'{"schema":"sanxian/screening/1","schema":"sanxian/screening/1"}', "twice"),
        (b'{"schema":"sanxian/screening/1","as_of":NaN}', "NaN"),
        (b'{"schema":"sanxian/screening/1","as_of":1e999,"digest":""}', "JSON"),
        (b'{"schema":"sanxian/screening/1","as_of":"\\ud800","digest":""}', "JSON"),
        (b'{"schema":"sanxian/screening/1","as_of":' + b"9" * 5000 + b"}", "JSON"),
        (b'{"schema":"sanxian/screening/1"}', "digest"),
        (sealed({"schema": "sanxian/screening/1"}), "lacks"),
    ],
    ids=range(18),
)
def test_what_is_no_record_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(RecordInvalid) as caught:
        from_json(content)
    assert said in caught.value.text("en")
    assert caught.value.text("zh-CN") != caught.value.text("en")


def test_a_record_of_another_version_says_which() -> None:
    with pytest.raises(RecordVersion) as caught:
        from_json(SMALL.replace(b"sanxian/screening/1", b"sanxian/screening/2"))
    assert "sanxian/screening/2" in caught.value.text("en")


def test_a_record_larger_than_any_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanxian.screening.reading.BYTES_MAX", 1000)
    with pytest.raises(RecordInvalid, match="MB"):
        from_json(SMALL)


@pytest.mark.parametrize(
    ("where", "alter"),
    [
        ("findings[0]", lambda r: r["findings"][0].update(kind=7)),
        ("verdict", lambda r: r.update(verdict="COMPLIANT")),
        ("counts", lambda r: r["counts"].update(COMPLIANT=99)),
        ("clauses", lambda r: r["clauses"].clear()),
        ("project.parts[0].geometry", lambda r: r["project"]["parts"][0]["geometry"].update(coordinates=[[[0, 0]]])),
        ("project.parts[0].geometry", lambda r: r["project"]["parts"][0]["geometry"].update(coordinates=[])),
        ("edition", lambda r: r["edition"].update(extra=1)),
        ("options", lambda r: r["options"].update(count_drafts=0)),
        ("method", lambda r: r["method"].update(area="otherwise")),
        ("project.industries", lambda r: r["project"].update(industries=[26])),
        ("as_of", lambda r: r.update(as_of="20260901")),
        ("notices[0]", lambda r: r["notices"].insert(0, None)),
        ("project.facts.fuel", lambda r: r["project"]["facts"].update(fuel={})),
    ],
)  # fmt: skip
def test_a_contradiction_is_named_by_its_place(where: str, alter: Any) -> None:
    body = copy.deepcopy(record(RESULTS["plant"]))
    alter(body)
    with pytest.raises(RecordInvalid) as caught:
        from_json(sealed(body))
    assert where in caught.value.text("en")
    assert where in caught.value.text("zh-CN")


def paths(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(path for key, child in children for path in paths(child, (*at, key)))]


PLANT = record(RESULTS["plant"])
PATHS = [path for path in paths(PLANT) if path]
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1e300, "", "x", [], {}, [[]], {"a": None}, "\u202e", "<script>"]
)


@given(st.sampled_from(PATHS), JUNK, st.sampled_from(["replace", "delete", "add"]))
@settings(max_examples=120, deadline=None)
def test_a_record_altered_and_sealed_again_is_refused_or_can_be_reported(
    path: tuple[Any, ...], junk: Any, how: str
) -> None:
    """Whoever seals a record anew may say what he likes; it must neither crash a report nor read as something else."""
    body = copy.deepcopy(PLANT)
    node: Any = body
    for key in path[:-1]:
        node = node[key]
    if how == "replace":
        node[path[-1]] = junk
    elif how == "delete":
        del node[path[-1]]
    elif isinstance(node, dict):
        node["unknown"] = junk
    else:
        node.append(junk)
    try:
        back = from_record(json.loads(sealed(body)))
    except SanxianError:
        return
    assert json.loads(to_json(back)) == json.loads(sealed(body))
    assert report.render(back, "text", edition=EDITION)
    assert report.render(back, "html", edition=EDITION)
    assert conformity.manuscript(back, "zh-CN", EDITION).blocks
    assert sites.manuscript([(back, EDITION), (RESULTS["edge"], None)], "en").blocks
    assert summary.row_of(1, "x", back, "en", EDITION).verdict

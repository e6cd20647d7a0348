"""Publishing: what is refused, how codes are kept, what the change table says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from publish_samples import (
    ENTRY,
    FIRST,
    PARTS,
    SECOND,
    SPLIT,
    first_draft,
    row_of_cells,
    split_draft,
    with_units,
)
from sanxian.edition import Draft, Edition, digest, normalise
from sanxian.errors import BadSuccession, EditionInvalid, PublishBlocked, PublishTerms, UnknownTrigger
from sanxian.model import Change, Layer, LayerKind, Office
from sanxian.publish import (
    Terms,
    blocking_problems,
    code_faults,
    differences,
    find_trigger,
    prepare,
    proposed_succession,
    read_succession,
    triggers,
    write_succession,
)

BEFORE = prepare(first_draft(), FIRST).edition


def refused(draft: Draft, terms: Terms = SECOND, **rest: Any) -> list[tuple[str, str]]:
    """Code and item of everything that bars a draft."""
    with pytest.raises(PublishBlocked) as caught:
        prepare(draft, terms, **{"previous": BEFORE, **rest})
    obstacles: Any = caught.value.fields["obstacles"]
    for obstacle in obstacles[:5]:
        assert obstacle.item in caught.value.text("zh-CN")
        assert obstacle.item in caught.value.text("en")
    assert f"{len(obstacles)} " in caught.value.text("en")
    return [(obstacle.code, obstacle.item) for obstacle in obstacles]


# --- the edition that comes out --------------------------------------------------------------


def test_a_first_edition_has_the_identity_it_was_given_and_the_content_of_its_draft() -> None:
    made = prepare(first_draft(), replace(FIRST, id="示例市/首版", publisher="示例市人民政府"))
    info = made.edition.info
    assert (info.id, info.title, info.publisher) == ("示例市/首版", "示例市成果（2026）", "示例市人民政府")
    assert (info.valid_from, info.valid_to, info.published, info.supersedes) == (
        date(2026, 1, 1),
        None,
        None,
        "",
    )
    assert differences(normalise(first_draft().edition), made.edition) == ()
    assert made.edition.changes == (
        Change(item="edition", kind="added", reason="首次编制", trigger="first_publication"),
    )
    assert info.digest == digest(made.edition)


def test_a_following_edition_names_the_one_before_and_lists_every_difference() -> None:
    made = prepare(split_draft(), SECOND, previous=BEFORE, succession=[ENTRY])
    assert made.edition.info.supersedes == BEFORE.info.digest
    rows = {change.item: change for change in made.edition.changes}
    assert rows[f"control_unit/{SPLIT}"] == replace(ENTRY, trigger="five_year_adjustment")
    assert {item: row.kind for item, row in rows.items()} == {
        "edition": "changed",
        f"control_unit/{SPLIT}": "succeeded",
        **{f"control_unit/{code}": "added" for code in PARTS},
        "S-05": "changed",
        f"place_state:{SPLIT}/groundwater/2026-01-01": "removed",
        f"place_state:{PARTS[0]}/groundwater/2026-01-01": "added",
    }
    assert {row.reason for item, row in rows.items() if row.kind != "succeeded"} == {"乙县单元细分"}


def test_a_row_of_the_draft_keeps_its_own_reason_and_trigger() -> None:
    own = Change(item="S-05", kind="changed", reason="随单元调整", trigger="park_limits")
    draft = Draft(edition=replace(split_draft().edition, changes=(own, ENTRY)))
    made = prepare(draft, SECOND, previous=BEFORE)
    assert own in made.edition.changes
    assert replace(ENTRY, trigger="five_year_adjustment") in made.edition.changes


def test_rows_left_over_from_the_edition_before_and_rows_without_a_difference_are_left_out_and_told() -> None:
    idle = Change(item="S-07", kind="changed", reason="并没有改")
    draft = Draft(edition=replace(split_draft().edition, changes=(*BEFORE.changes, idle, ENTRY)))
    made = prepare(draft, SECOND, previous=BEFORE)
    assert idle not in made.edition.changes
    assert not set(BEFORE.changes) & set(made.edition.changes)
    assert {"PUBLISH_CHANGES_OLD", "PUBLISH_CHANGES_UNFOUNDED"} <= {n.code for n in made.notices}


def test_a_synthetic_draft_says_so_in_its_edition() -> None:
    edition = first_draft().edition
    draft = Draft(edition=replace(edition, info=replace(edition.info, source="示例局")))
    assert prepare(draft, FIRST).edition.info.source == "示例数据，非官方；示例局"


def test_a_draft_without_name_or_id_takes_those_it_is_published_under() -> None:
    edition = first_draft().edition
    draft = Draft(edition=replace(edition, info=replace(edition.info, id="", title="")))
    with pytest.raises(PublishTerms):
        prepare(draft, FIRST)
    assert prepare(draft, replace(FIRST, id="示例市/1")).edition.info.id == "示例市/1"


# --- what is refused -------------------------------------------------------------------------


def test_a_draft_that_fails_its_checks_is_not_published() -> None:
    edition = first_draft().edition
    units = list(edition.zones["control_unit"])
    broken = Draft(edition=with_units(edition, [*units, replace(units[0], name="重复")]))
    assert blocking_problems(broken, FIRST.valid_from)
    assert any(units[0].code in item for _, item in refused(broken, FIRST, previous=None))


def test_shapes_that_cannot_be_compared_are_reported_by_the_gate_not_as_a_crash() -> None:
    edition = split_draft().edition
    units = list(edition.zones["control_unit"])
    bowtie = shapely.Polygon([(100, 36), (100.1, 36.1), (100.1, 36), (100, 36.1)])
    wrong = [replace(units[0], geometry=bowtie), *units[1:]]
    assert refused(Draft(edition=with_units(edition, wrong)))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (replace(SECOND, title=" "), "--as"),
        (replace(SECOND, reason=" "), "--reason"),
        (replace(SECOND, valid_to=date(2026, 6, 1)), "2026-06-01"),
        (replace(SECOND, valid_from=date(2026, 1, 1)), "2026-01-01"),
        (replace(SECOND, id=BEFORE.info.id), BEFORE.info.id),
        (replace(SECOND, trigger="first_publication"), BEFORE.info.title),
    ],
)
def test_terms_that_contradict_themselves_or_history_are_refused(terms: Terms, said: str) -> None:
    with pytest.raises(PublishTerms) as caught:
        prepare(split_draft(), terms, previous=BEFORE, succession=[ENTRY])
    assert said in caught.value.text("zh-CN") and said in caught.value.text("en")


def test_another_region_and_a_synthetic_successor_of_an_official_edition_are_refused() -> None:
    official = replace(BEFORE, info=replace(BEFORE.info, synthetic=False))
    elsewhere = replace(BEFORE, info=replace(BEFORE.info, region="54"))
    for previous in (official, elsewhere):
        with pytest.raises(PublishTerms):
            prepare(split_draft(), SECOND, previous=previous, succession=[ENTRY])


def test_an_unknown_trigger_is_refused_with_the_list() -> None:
    with pytest.raises(UnknownTrigger) as caught:
        prepare(first_draft(), replace(FIRST, trigger="想改就改"))
    for trigger in triggers().values():
        assert trigger.key in caught.value.text("zh-CN") and trigger.en in caught.value.text("en")


def test_a_trigger_is_found_by_key_or_title_and_each_says_how_sure_it_is() -> None:
    known = triggers()
    for trigger in known.values():
        assert find_trigger(trigger.key, known) is find_trigger(trigger.zh, known) is trigger
        assert trigger.status in ("seen", "recall", "own") and trigger.basis


def test_a_province_brings_its_own_triggers(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    row = '[office_meeting]\nkind = "update"\nzh = "局办会议"\nen = "office meeting"\nbasis = "示例"\nstatus = "own"\n'
    path.write_text(f'source = "示例"\ndate = 2026-01-01\nstatus = "示例"\n{row}', "utf-8")
    made = prepare(first_draft(), replace(FIRST, trigger="局办会议"), known=triggers(path))
    assert made.edition.changes[0].trigger == "office_meeting"
    for wrong in (
        "x = [",
        row,
        'source = "a"\ndate = 2026-01-01\nstatus = "b"\n',
        row.replace("update", "whim"),
    ):
        path.write_text(wrong, "utf-8")
        with pytest.raises(PublishTerms):
            triggers(path)


# --- codes are permanent ---------------------------------------------------------------------


def test_a_code_that_is_gone_is_named_with_the_codes_its_land_is_in_now() -> None:
    assert refused(split_draft()) == [("CODE_LOST", f"control_unit/{SPLIT}")]
    (fault,) = code_faults(normalise(split_draft().edition), BEFORE)
    assert [code for code, _ in fault.heirs] == sorted(PARTS)
    assert [share for _, share in fault.heirs] == pytest.approx([0.5, 0.5], abs=1e-9)


def test_a_code_given_to_another_place_is_refused_and_a_place_that_grows_is_not() -> None:
    edition = first_draft().edition
    units = {zone.code: zone for zone in edition.zones["control_unit"]}
    a, b = units["ZH63990120001"], units[SPLIT]
    other = [z for z in units.values() if z not in (a, b)]
    swapped = [*other, replace(a, geometry=b.geometry), replace(b, geometry=a.geometry)]
    found = refused(Draft(edition=with_units(edition, swapped)))
    assert {("CODE_MOVED", f"control_unit/{a.code}"), ("CODE_MOVED", f"control_unit/{SPLIT}")} <= set(found)


@pytest.mark.parametrize(
    ("kept", "named"), [(10, []), (6, []), (5, []), (4, ["CODE_MOVED"]), (0, ["CODE_LOST"])]
)
def test_half_of_a_place_keeps_its_code(kept: int, named: list[str]) -> None:
    old = row_of_cells({"A": list(range(10)), "B": list(range(10, 30))})
    new = row_of_cells({"A": list(range(kept)), "B": list(range(kept, 30))})
    assert [fault.code for fault in code_faults(new, old)] == named


ITEM = "zone/A"
OLD = row_of_cells({"A": list(range(10)), "B": list(range(10, 20))})
GONE = row_of_cells({"C": list(range(6)), "D": list(range(6, 10)), "B": list(range(10, 20))})


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([Change(item=ITEM, kind="succeeded", reason="分", successors=("C", "D"))], []),
        ([Change(item=ITEM, kind="succeeded", reason=" ", successors=("C", "D"))], ["SUCCESSION_REASON"]),
        ([Change(item=ITEM, kind="succeeded", reason="分", successors=("C",))], ["SUCCESSION_AREA"]),
        ([Change(item=ITEM, kind="succeeded", reason="分", successors=("C", "D", "B"))], ["SUCCESSION_NOTHING"]),
        ([Change(item=ITEM, kind="succeeded", reason="分", successors=("C", "E"))], ["SUCCESSION_UNKNOWN"]),
        ([Change(item=ITEM, kind="succeeded", reason="撤")], ["SUCCESSION_EMPTY"]),
        ([Change(item="zone/X", kind="succeeded", reason="?")], ["SUCCESSION_ITEM", "CODE_LOST"]),
        ([Change(item="zone", kind="succeeded", reason="?")], ["SUCCESSION_ITEM", "CODE_LOST"]),
        (
            [
                Change(item=ITEM, kind="succeeded", reason="分", successors=("C",)),
                Change(item=ITEM, kind="succeeded", reason="分", successors=("C", "D")),
            ],
            ["SUCCESSION_TWICE"],
        ),
    ],
)  # fmt: skip
def test_a_succession_entry_has_to_be_right(entries: list[Change], named: list[str]) -> None:
    assert [fault.code for fault in code_faults(GONE, OLD, succession=entries)] == named


def test_a_place_may_be_given_up_where_a_layer_does_not_cover_all_land() -> None:
    old = row_of_cells({"A": [0, 1], "B": [2]}, partition=False)
    new = row_of_cells({"B": [2]}, partition=False)
    entry = Change(item=ITEM, kind="succeeded", reason="依法撤销")
    assert code_faults(new, old, succession=[entry]) == ()


def test_codes_that_change_places_are_a_circle_whatever_is_written() -> None:
    new = row_of_cells({"B": list(range(10)), "A": list(range(10, 20))})
    entries = [
        Change(item="zone/A", kind="succeeded", reason="换", successors=("B",)),
        Change(item="zone/B", kind="succeeded", reason="换", successors=("A",)),
    ]
    found = code_faults(new, OLD, succession=entries)
    assert [(fault.code, fault.item) for fault in found] == [
        ("SUCCESSION_CIRCLE", "zone/A"),
        ("SUCCESSION_CIRCLE", "zone/B"),
    ]


def test_two_places_that_trade_land_and_keep_a_part_each_are_no_circle() -> None:
    new = row_of_cells({"A": [0, 1, 2, *range(10, 17)], "B": [*range(3, 10), 17, 18, 19]})
    assert [fault.code for fault in code_faults(new, OLD)] == ["CODE_MOVED", "CODE_MOVED"]
    entries = [
        Change(item=f"zone/{code}", kind="succeeded", reason="重划", successors=("A", "B")) for code in "AB"
    ]
    assert code_faults(new, OLD, succession=entries) == ()


def test_a_code_in_use_until_now_is_judged_by_the_edition_before_alone() -> None:
    new = row_of_cells({"C": list(range(10)), "A": list(range(10, 12)), "B": list(range(12, 20))})
    entry = Change(item=ITEM, kind="succeeded", reason="迁移", successors=("C",))
    assert code_faults(new, OLD, [OLD], succession=[entry]) == ()


def test_a_code_given_up_long_ago_is_never_used_for_another_place() -> None:
    oldest = row_of_cells({"Z": [0, 1, 2], "B": list(range(3, 20))}, label="一")
    between = row_of_cells({"Y": [0, 1, 2], "B": list(range(3, 20))}, label="二")
    moved = row_of_cells({"Y": [0, 1, 2], "B": list(range(3, 17)), "Z": [17, 18, 19]}, label="三")
    back = row_of_cells({"Z": [0, 1, 2], "B": list(range(3, 20))}, label="三")
    assert [(f.code, f.item) for f in code_faults(moved, between, [oldest])] == [("CODE_REUSED", "zone/Z")]
    assert code_faults(moved, between) == ()  # whoever does not know the history cannot see it
    entry = Change(item="zone/Y", kind="succeeded", reason="恢复原编码", successors=("Z",))
    assert code_faults(back, between, [oldest], succession=[entry]) == ()


def test_a_layer_that_is_gone_needs_a_successor_and_its_codes_are_then_looked_for_there() -> None:
    renamed = _renamed(OLD)
    assert [(f.code, f.item) for f in code_faults(renamed, OLD)] == [("LAYER_LOST", "zone")]
    entry = Change(item="zone", kind="succeeded", reason="改名", successors=("plot",))
    assert code_faults(renamed, OLD, succession=[entry]) == ()
    assert [f.item for f in code_faults(_renamed(GONE), OLD, succession=[entry])] == ["zone/A"]
    given_up = Change(item="zone", kind="succeeded", reason="不再编制")
    assert code_faults(renamed, OLD, succession=[given_up]) == ()


def _renamed(edition: Edition) -> Edition:
    layers = tuple(replace(x, id="plot") if x.id == "zone" else x for x in edition.layers)
    zones = {"plot": edition.zones["zone"], "province": edition.zones["province"]}
    return normalise(replace(edition, layers=layers, zones=zones, coverage=()))


@pytest.mark.parametrize(
    ("was", "now", "named"),
    [
        (shapely.Point(100.1, 36.1), shapely.Point(100.10004, 36.1), []),  # 3.6 m, accuracy 2 × 5 m
        (shapely.Point(100.1, 36.1), shapely.Point(100.1005, 36.1), ["CODE_MOVED"]),  # 45 m
        (shapely.LineString([(100, 36), (100.1, 36)]), shapely.LineString([(100, 36.00005), (100.1, 36.00005)]), []),
        (shapely.LineString([(100, 36), (100.1, 36)]), shapely.LineString([(100, 36), (100.04, 36)]), ["CODE_MOVED"]),
        (shapely.Point(100.105, 36.105), shapely.box(100.1, 36.1, 100.11, 36.11), []),  # drawn larger now
        (shapely.box(100.1, 36.1, 100.11, 36.11), shapely.Point(100.105, 36.105), []),
        (shapely.box(100.1, 36.1, 100.11, 36.11), shapely.Point(100.2, 36.105), ["CODE_MOVED"]),
    ],
)  # fmt: skip
def test_points_and_lines_stay_in_place_within_what_their_layers_call_accurate(
    was: BaseGeometry, now: BaseGeometry, named: list[str]
) -> None:
    old, new = (row_of_cells({"A": [0], "B": [1]}, partition=False) for _ in range(2))
    old = normalise(replace(old, zones={**old.zones, "zone": (replace(old.zones["zone"][0], geometry=was),)}))
    new = normalise(replace(new, zones={**new.zones, "zone": (replace(new.zones["zone"][0], geometry=now),)}))
    assert [fault.code for fault in code_faults(new, old)] == named


CODES = "ABCD"
assignments = st.lists(st.sampled_from(CODES), min_size=12, max_size=12)


def owned(row: list[str]) -> dict[str, list[int]]:
    return {code: [cell for cell, owner in enumerate(row) if owner == code] for code in sorted(set(row))}


@given(assignments, assignments)
@settings(max_examples=150)
def test_breaches_are_those_that_counting_cells_finds(before: list[str], after: list[str]) -> None:
    """All cells have one area, so shares are fractions of counts: an oracle without any geometry."""
    was, now = owned(before), owned(after)
    expected = set()
    for code, cells in was.items():
        kept = len(set(cells) & set(now.get(code, ())))
        if code not in now:
            expected.add(("CODE_LOST", f"zone/{code}"))
        elif 2 * kept < len(cells):
            expected.add(("CODE_MOVED", f"zone/{code}"))
    faults = code_faults(row_of_cells(now), row_of_cells(was))
    assert {(fault.code, fault.item) for fault in faults} == expected
    for fault in faults:
        cells = was[fault.item.removeprefix("zone/")]
        counted = {code: len(set(cells) & set(others)) / len(cells) for code, others in now.items()}
        assert dict(fault.heirs) == pytest.approx({c: s for c, s in counted.items() if s}, abs=1e-9)


@given(assignments, assignments)
@settings(max_examples=100)
def test_the_proposed_entries_are_right_once_a_person_has_given_reasons(
    before: list[str], after: list[str]
) -> None:
    old, new = row_of_cells(owned(before)), row_of_cells(owned(after))
    proposed = proposed_succession(code_faults(new, old))
    assert {f.code for f in code_faults(new, old, succession=proposed)} <= {
        "SUCCESSION_REASON",
        "SUCCESSION_CIRCLE",
    }
    reasoned = [replace(change, reason="核实") for change in proposed]
    assert {f.code for f in code_faults(new, old, succession=reasoned)} <= {"SUCCESSION_CIRCLE"}


# --- differences -----------------------------------------------------------------------------


def _office(edition: Edition) -> Edition:
    return replace(edition, offices={"o": Office(id="o", name="示例局")})


MUTATIONS: dict[str, tuple[Callable[[Edition], Edition], tuple[str, str, tuple[str, ...]]]] = {
    "zone name": (
        lambda e: with_units(e, [replace(e.zones["control_unit"][0], name="新名"), *e.zones["control_unit"][1:]]),
        ("control_unit/ZH63990110001", "changed", ("name",)),
    ),
    "zone class in a layer of lines": (
        lambda e: replace(e, zones={**e.zones, "river": (replace(e.zones["river"][0], zone_class="支流"),)}),
        ("river/HL001", "changed", ("class",)),
    ),
    "zone shape": (
        lambda e: replace(
            e,
            zones={**e.zones, "park": (replace(e.zones["park"][0], geometry=shapely.box(100.12, 36.02, 100.17, 36.07)),)},
        ),
        ("park/YQ001", "changed", ("geom",)),
    ),
    "clause text": (
        lambda e: replace(e, clauses=(replace(e.clauses[0], text=f"{e.clauses[0].text}（补）"), *e.clauses[1:])),
        ("S-01", "changed", ("text",)),
    ),
    "rule": (
        lambda e: replace(e, clauses=(replace(e.clauses[0], rules=()), *e.clauses[1:])),
        ("S-01", "changed", ("rule",)),
    ),
    "clause gone": (lambda e: replace(e, clauses=e.clauses[:-1]), ("S-14", "removed", ())),
    "layer accuracy": (
        lambda e: replace(e, layers=(replace(e.layers[0], accuracy_m=26.0), *e.layers[1:])),
        ("layer:control_unit", "changed", ("accuracy_m",)),
    ),
    "document": (
        lambda e: replace(
            e, documents={**e.documents, "law-river": replace(e.documents["law-river"], number="第 1 号")}
        ),
        ("document:law-river", "changed", ("number",)),
    ),
    "office": (_office, ("office:o", "added", ())),
    "catalogue": (
        lambda e: replace(
            e, catalogues={"two_high": replace(e.catalogues["two_high"], industries=("26",))}
        ),
        ("catalogue:two_high", "changed", ("industries",)),
    ),
    "coverage": (
        lambda e: replace(e, coverage=(replace(e.coverage[0], source="另一来源"), *e.coverage[1:])),
        ("coverage:control_unit/63", "changed", ("source",)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_difference_is_found_and_nothing_else(name: str) -> None:
    mutate, expected = MUTATIONS[name]
    old = normalise(first_draft().edition)
    found = differences(old, normalise(mutate(old)))
    assert [(d.item, d.kind, d.fields) for d in found] == [expected]


@given(st.sets(st.sampled_from(sorted(MUTATIONS)), max_size=5))
@settings(max_examples=40)
def test_no_difference_means_the_same_digest_and_the_other_way_round(names: set[str]) -> None:
    old = normalise(first_draft().edition)
    new = old
    for name in sorted(names):
        new = MUTATIONS[name][0](new)
    new = normalise(new)
    assert (differences(old, new) == ()) == (digest(new) == digest(old)) == (not names)


def test_how_a_ring_is_written_is_no_difference() -> None:
    old = normalise(first_draft().edition)
    units = [replace(z, geometry=shapely.reverse(z.geometry)) for z in old.zones["control_unit"]]
    assert differences(old, normalise(with_units(old, units[::-1]))) == ()


# --- succession tables -----------------------------------------------------------------------


def test_a_succession_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    entries = (ENTRY, Change(item="park/YQ001", kind="succeeded", reason="撤销，不再设"))
    write_succession(entries, tmp_path / "s.csv", remarks=["一", "二"])
    assert read_succession(tmp_path / "s.csv") == entries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_filled_in_by_hand_is_read(tmp_path: Path, encoding: str) -> None:
    text = "编码,接续编码,原因\r\nzone/A, C；D ,分\r\n,,\r\nzone/B,,撤\r\n"
    (tmp_path / "s.csv").write_bytes(text.encode(encoding))
    assert read_succession(tmp_path / "s.csv") == (
        Change(item="zone/A", kind="succeeded", reason="分", successors=("C", "D")),
        Change(item="zone/B", kind="succeeded", reason="撤"),
    )


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"item,successors,reason\n,x,y\n", b"\xff\xfe\x00\x81", None]
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(BadSuccession):
        read_succession(tmp_path / "s.csv")


def test_a_layer_cannot_be_stored_twice() -> None:
    edition = first_draft().edition
    twice = replace(
        edition,
        layers=(*edition.layers, Layer(id="park", kind=LayerKind.PARK, title="又一个", accuracy_m=1.0)),
    )
    with pytest.raises((PublishBlocked, EditionInvalid)):
        prepare(Draft(edition=twice), FIRST)

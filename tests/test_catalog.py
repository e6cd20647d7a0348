"""The catalogue: which edition is in force on a day, and what is wrong with a folder of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import Run
from publish_samples import ENTRY, FIRST, SECOND, first_draft, split_draft
from sample_edition import sample_edition
from sanxian.catalog import Catalog, Entry, Term, check_contents, lapsed_clauses, open_catalog, short_code
from sanxian.edition import write_draft, write_edition
from sanxian.errors import CatalogAmbiguous, CatalogNotFound, CatalogNothing, EditionAltered, EditionError
from sanxian.model import EditionInfo
from sanxian.publish import prepare

DAY = timedelta(days=1)
EPOCH = date(2026, 1, 1)


def entry(
    name: str, first: int, last: int | None = None, *, supersedes: str = "", region: str = "63", id_: str = ""
) -> Entry:
    """An edition in force from one day of the epoch to another; its digest is its name."""
    info = EditionInfo(
        id=id_ or f"id-{name}",
        title=name,
        region=region,
        valid_from=EPOCH + first * DAY,
        valid_to=None if last is None else EPOCH + last * DAY,
        supersedes=supersedes,
        digest=f"sha256:{name}",
    )
    return Entry(path=Path(f"{name}.gpkg"), info=info, format_version=1)


def catalog(*entries: Entry) -> Catalog:
    return Catalog(folder=Path("c"), entries=tuple(sorted(entries, key=lambda e: e.path)))


def on(day: int) -> date:
    return EPOCH + day * DAY


def codes(found: Catalog) -> list[tuple[str, str]]:
    return [(f.code, f.item) for f in found.check()]


# --- the rule --------------------------------------------------------------------------------


def test_an_edition_is_in_force_until_the_day_before_its_successor_begins() -> None:
    chain = catalog(entry("a", 0), entry("b", 100, 400, supersedes="sha256:a"))
    assert chain.in_force("63", on(0)).path.stem == "a"
    assert chain.in_force("63", on(99)).path.stem == "a"
    assert chain.in_force("63", on(100)).path.stem == "b"
    assert chain.in_force("63", on(400)).path.stem == "b"
    assert chain.check() == ()


@pytest.mark.parametrize("day", [-1, 401])
def test_no_edition_answers_out_of_force_and_what_there_is_is_named(day: int) -> None:
    chain = catalog(entry("a", 0), entry("b", 100, 400, supersedes="sha256:a"))
    with pytest.raises(CatalogNothing) as caught:
        chain.in_force("63", on(day))
    assert "a.gpkg" in caught.value.text("zh-CN") and "b.gpkg" in caught.value.text("en")


def test_two_editions_of_one_day_have_no_answer() -> None:
    pair = catalog(entry("a", 0, 200), entry("b", 100))
    with pytest.raises(CatalogAmbiguous):
        pair.in_force("63", on(150))
    assert pair.in_force("63", on(50)).path.stem == "a"
    assert pair.in_force("63", on(201)).path.stem == "b"
    assert codes(pair) == [("OVERLAP", "63")]
    assert f"{on(100)}" in pair.check()[0].zh and f"{on(200)}" in pair.check()[0].en


def test_the_nearest_region_above_answers_and_only_it() -> None:
    both = catalog(entry("p", 0), entry("c", 0, 10, region="6301"))
    assert both.in_force("630102", on(5)).path.stem == "c"
    assert both.in_force("6302", on(5)).path.stem == "p"
    assert both.in_force("630000", on(5)).path.stem == "p"
    with pytest.raises(CatalogNothing):  # a city with a scheme of its own is never answered by the province
        both.in_force("6301", on(11))
    for elsewhere in ("54", "6", ""):
        with pytest.raises(CatalogNothing):
            both.in_force(elsewhere, on(5))
    assert both.check() == ()


def test_copies_of_one_edition_are_one() -> None:
    one = entry("a", 0)
    twice = catalog(one, replace(one, path=Path("copy.gpkg")))
    assert twice.in_force("63", on(1)).path.stem == "a"
    assert codes(twice) == [("COPY", "copy.gpkg")]


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([entry("a", 0, 9), entry("b", 20)], [("HOLE", "63")]),
        ([entry("a", 0, 9), entry("b", 20, supersedes="sha256:a")], [("HOLE", "63")]),
        ([entry("a", 0, 9), entry("b", 10)], []),
        ([entry("a", 5, supersedes="sha256:gone")], [("PREDECESSOR_UNKNOWN", "a.gpkg")]),
        ([entry("a", 0), entry("b", 9, supersedes="id-a")], []),  # an id will do
        ([entry("a", 10), entry("b", 5, supersedes="sha256:a")], [("BACKWARDS", "b.gpkg")]),
        ([entry("a", 0), entry("b", 9, region="64", supersedes="sha256:a")], [("OTHER_REGION", "b.gpkg")]),
        ([entry("a", 0, supersedes="id-b"), entry("b", 9, supersedes="id-a")], [("CIRCLE", "a.gpkg"), ("CIRCLE", "b.gpkg")]),
        ([entry("a", 0, supersedes="id-a")], [("CIRCLE", "a.gpkg")]),
        ([entry("a", 0, 9), entry("b", 10, id_="id-a")], [("ID_TWICE", "b.gpkg")]),
        (
            [entry("a", 0), entry("b", 5, 9, supersedes="sha256:a"), entry("c", 10, supersedes="sha256:a")],
            [("TWO_HEIRS", "a.gpkg")],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_catalogue_is_named_and_nothing_else(
    entries: list[Entry], named: list[tuple[str, str]]
) -> None:
    assert codes(catalog(*entries)) == named
    for finding in catalog(*entries).check():
        assert finding.zh and finding.en and finding.zh != finding.en


class Spec(NamedTuple):
    first: int
    length: int | None
    supersedes: int | None
    region: str


specs = st.lists(
    st.builds(
        Spec,
        st.integers(0, 12),
        st.none() | st.integers(0, 8),
        st.none() | st.integers(0, 4),
        st.sampled_from(["63", "63", "6301"]),
    ),
    max_size=5,
)


def answer_by_hand(rows: list[Spec], region: str, day: int) -> list[int]:
    """Which editions hold a day, day by day and without any interval: the rule as it is written."""
    regions = {row.region for row in rows}
    home = "6301" if region == "6301" and "6301" in regions else "63" if "63" in regions else ""
    held = []
    for number, row in enumerate(rows):
        own = (
            row.region == home and day >= row.first and (row.length is None or day <= row.first + row.length)
        )
        ended = any(
            heir.supersedes == number and other != number and heir.region == row.region and day >= heir.first
            for other, heir in enumerate(rows)
        )
        if own and not ended:
            held.append(number)
    return held


@given(specs)
@settings(max_examples=300)
def test_the_answer_is_that_of_the_rule_applied_day_by_day(rows: list[Spec]) -> None:
    made = catalog(
        *(
            entry(
                str(number),
                row.first,
                None if row.length is None else row.first + row.length,
                region=row.region,
                supersedes="" if row.supersedes is None else f"sha256:{row.supersedes}",
            )
            for number, row in enumerate(rows)
        )
    )
    found = made.check()
    doubled = dict.fromkeys(("63", "6301"), False)
    for region in doubled:
        for day in range(-1, 24):
            held = answer_by_hand(rows, region, day)
            if len(held) == 1:
                assert made.in_force(region, on(day)).path.stem == str(held[0])
                continue
            with pytest.raises(CatalogAmbiguous if held else CatalogNothing):
                made.in_force(region, on(day))
            doubled[region] |= bool(held) and region in made.regions
    assert {f.item for f in found if f.code == "OVERLAP"} == {
        region for region, twice in doubled.items() if twice
    }
    for region in made.regions:
        by_day = [bool(answer_by_hand(rows, region, day)) for day in range(24)]
        alive = [day for day, held in enumerate(by_day) if held]
        # open-ended editions still hold on day 23, so the last day held is the end of all
        hole = any(not by_day[day] for day in range(alive[0], alive[-1])) if alive else False
        assert (("HOLE", region) in {(f.code, f.item) for f in found}) == hole


@pytest.mark.parametrize(
    ("given_", "code"),
    [("63", "63"), ("630000", "63"), ("630100", "6301"), ("630102", "630102"), ("6300 ", "63")],
)
def test_zeros_that_say_all_of_it_are_left_out(given_: str, code: str) -> None:
    assert short_code(given_) == code


# --- folders ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "2026").mkdir()
    first = write_edition(prepare(first_draft(), FIRST).edition, folder / "2026" / "first.gpkg")
    second = prepare(split_draft(), SECOND, previous=first, succession=[ENTRY]).edition
    write_edition(second, folder / "second.gpkg")
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stored, tmp_path / "editions"))


def test_a_folder_is_read_with_the_folders_in_it_and_one_broken_file_stops_nothing(folder: Path) -> None:
    write_draft(first_draft(), folder / "draft.gpkg")
    (folder / "torn.gpkg").write_bytes((folder / "second.gpkg").read_bytes()[:5000])
    (folder / "empty.GPKG").write_bytes(b"")
    (folder / "notes.txt").write_text("nothing")
    (folder / ".sanxian-x").mkdir()
    shutil.copy(folder / "second.gpkg", folder / ".sanxian-x" / "hidden.gpkg")
    found = open_catalog(folder)
    assert [e.path.relative_to(folder).as_posix() for e in found.entries] == [
        "2026/first.gpkg",
        "second.gpkg",
    ]
    assert sorted(codes(found)) == [
        ("DRAFT", "draft.gpkg"),
        ("UNREADABLE", "empty.GPKG"),
        ("UNREADABLE", "torn.gpkg"),
    ]
    assert found.in_force("63", date(2026, 12, 31)).path.name == "first.gpkg"
    opened = found.in_force("63", date(2027, 1, 1)).open()
    assert opened.info.id == "示例市/2027"


def test_identities_are_read_without_the_content(folder: Path) -> None:
    """A change in a zone is not seen by looking at the identity; opening sees it."""
    import sqlite3

    with sqlite3.connect(folder / "second.gpkg") as connection:
        connection.execute("UPDATE clause SET text = '改过' WHERE id = 'S-01'")
    connection.close()
    found = open_catalog(folder)
    assert len(found.entries) == 2 and found.check() == ()
    with pytest.raises(EditionAltered):
        found.in_force("63", date(2027, 1, 1)).open()
    assert ("CONTENT", "second.gpkg") in [(f.code, f.item) for f in check_contents(found, date(2026, 2, 1))]


def test_a_file_exchanged_after_the_catalogue_was_read_is_noticed(folder: Path) -> None:
    entry_ = open_catalog(folder).in_force("63", date(2027, 1, 1))
    shutil.copy(folder / "2026" / "first.gpkg", folder / "second.gpkg")
    with pytest.raises(EditionAltered):
        entry_.open()


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "file"):
        (tmp_path / "file").write_text("x")
        with pytest.raises(CatalogNotFound):
            open_catalog(path)
    assert open_catalog(tmp_path).entries == ()
    with pytest.raises(CatalogNothing):
        open_catalog(tmp_path).in_force("63", EPOCH)


def test_clauses_of_repealed_documents_are_named_with_what_took_their_place(stored: Path) -> None:
    edition = sample_edition()
    found = {clause.id: lapse for clause, lapse in lapsed_clauses(edition, date(2026, 2, 1))}
    assert list(found) == ["S-13"]
    successor = found["S-13"].successor
    assert successor is not None and successor.id == "list-2026"
    listed = check_contents(open_catalog(stored), date(2026, 2, 1))
    assert [(f.code, f.item) for f in listed] == [("LAPSED", "first.gpkg S-13")]  # only of what is in force
    assert "2026年版" in listed[0].zh


def test_a_screening_shows_the_successor_of_a_repealed_document_and_judges_by_neither() -> None:
    import shapely

    from sanxian.model import Outcome, Part, Project
    from sanxian.screening import screen

    project = Project(
        parts=(Part(role="厂区", geometry=shapely.box(100.14, 36.03, 100.15, 36.04)),),
        nature="新建",
        industries=("C2211",),
    )
    result = screen(project, sample_edition(), date(2026, 9, 1))
    (finding,) = [f for f in result.findings if f.clause == "S-13"]
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "2026年版" in finding.reason_zh and "in force now" in finding.reason_en


# --- command line ----------------------------------------------------------------------------


def test_screen_and_batch_take_the_edition_in_force_on_the_day(
    folder: Path, sanxian: Run, tmp_path: Path
) -> None:
    place = ("--point", "100.25,36.05", "--industry", "C2614", "--nature", "新建", "--format", "json")
    for day, name in (("2026-12-31", "2026/first.gpkg"), ("2027-01-01", "second.gpkg")):
        by_catalog = sanxian("screen", *place, "--catalog", folder, "--as-of", day)
        by_file = sanxian("screen", *place, "--edition", folder / name, "--as-of", day)
        assert by_catalog.status == by_file.status == 0
        assert by_catalog.out == by_file.out
        assert name in by_catalog.err.replace("\\", "/")
    table = tmp_path / "p.csv"
    table.write_text("id,lon,lat,industry,nature\n1,100.25,36.05,C2614,新建\n", "utf-8")
    for day, name in (("2026-12-31", "2026/first.gpkg"), ("2027-01-01", "second.gpkg")):
        for out, how in (("a.csv", ("--catalog", folder)), ("b.csv", ("--edition", folder / name))):
            assert sanxian("batch", table, "--out", out, *how, "--as-of", day).status == 0
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_date_of_a_project_file_chooses_the_edition(folder: Path, sanxian: Run, tmp_path: Path) -> None:
    project = tmp_path / "p.yaml"
    project.write_text(
        "name: 示例\nas_of: 2026-05-01\nnature: 新建\nindustry: [C2614]\n"
        "parts:\n- role: 厂区\n  point: [100.25, 36.05]\n",
        "utf-8",
    )
    ran = sanxian("screen", project, "--catalog", folder, "--format", "json")
    assert ran.status == 0, ran.err
    assert "first.gpkg" in ran.err and '"as_of": "2026-05-01"' in ran.out.replace('":"', '": "')


def test_an_edition_out_of_force_is_never_used(folder: Path, sanxian: Run) -> None:
    ran = sanxian("screen", "--point", "100.25,36.05", "--catalog", folder, "--as-of", "2025-12-31")
    assert ran.status == 20 and "CATALOG_NOTHING" in ran.err and ran.out == ""


def test_edition_and_catalogue_exclude_each_other_but_for_the_environment(folder: Path, sanxian: Run) -> None:
    point = ("screen", "--point", "100.25,36.05", "--as-of", "2026-06-01")
    edition = folder / "second.gpkg"
    assert sanxian(*point, "--catalog", folder, "--edition", edition).status == 2
    assert sanxian(*point, "--edition", edition, "--region", "63").status == 2
    ran = sanxian(*point, "--catalog", folder, environ={"SANXIAN_EDITION": str(edition)})
    assert ran.status == 0 and "first.gpkg" in ran.err


def test_a_region_has_to_be_named_when_several_are_in_force(folder: Path, sanxian: Run) -> None:
    edition = sample_edition()
    city = replace(
        edition,
        info=replace(edition.info, id="市", region="6399", supersedes="", valid_from=date(2026, 3, 1)),
    )
    write_edition(city, folder / "city.gpkg")
    point = ("screen", "--point", "100.25,36.05", "--catalog", folder)
    assert sanxian(*point, "--as-of", "2026-02-01").status == 0  # only the province
    ran = sanxian(*point, "--as-of", "2026-04-01")
    assert ran.status == 2 and "63、6399" in ran.err
    assert "city.gpkg" in sanxian(*point, "--as-of", "2026-04-01", "--region", "639901").err


def test_the_catalogue_commands(folder: Path, sanxian: Run) -> None:
    ran = sanxian("catalog", "list", folder)
    assert ran.status == 0 and "2026-12-31" in ran.out and "second.gpkg" in ran.out
    assert sanxian("catalog", "check", folder).status == 0
    ran = sanxian("catalog", "in-force", folder, "--region", "630000", "--as-of", "2027-03-01")
    assert ran.out.strip().endswith("second.gpkg")
    ran = sanxian("catalog", "check", folder, "--contents", "--as-of", "2026-02-01", "--lang", "en")
    assert ran.status == 0 and "LAPSED" in ran.out and "S-13" in ran.out
    (folder / "torn.gpkg").write_bytes(b"SQLite format 3\0")
    assert sanxian("catalog", "check", folder).status == 20
    for command in ("list", "check", "in-force"):
        ran = sanxian("catalog", command, folder / "none")
        assert ran.status == 20 and "CATALOG_NOT_FOUND" in ran.err


def test_edition_check_names_clauses_out_of_force_when_asked_for_a_day(folder: Path, sanxian: Run) -> None:
    path = folder / "second.gpkg"
    assert "CLAUSE_LAPSED" not in sanxian("edition", "check", path).out
    ran = sanxian("edition", "check", path, "--as-of", "2027-02-01")
    assert ran.status == 0 and "CLAUSE_LAPSED" in ran.out and "S-13" in ran.out


def test_a_term_that_never_holds_holds_no_day() -> None:
    one = entry("a", 5)
    term = Term(entry=one, first=on(5), last=on(4), ended_by=None)
    assert not any(term.holds(on(day)) for day in range(10))
    assert issubclass(CatalogNothing, EditionError)

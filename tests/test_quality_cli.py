"""``sanxian check``: exit status, files, both languages, wrong files, and the page."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import shapely

from command_line import Run, both_languages
from dirty_province import clean_province, dirty_province
from sanxian.edition import open_draft, write_draft, write_edition
from sanxian.quality import check, fix
from sanxian.report import quality as page

VOID = {"meta", "br", "col"}


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("draft") / "dirty.gpkg"
    write_draft(dirty_province(4)[0], path)
    return path


def test_a_dirty_draft_is_blocked_and_a_clean_one_passes(sanxian: Run, dirty: Path, tmp_path: Path) -> None:
    ran = sanxian("check", dirty)
    assert ran.status == 1
    assert "Q-GAP" in ran.out
    assert "示例数据，非官方" in ran.out
    assert "不能发布" in ran.err
    write_draft(clean_province(), tmp_path / "clean.gpkg")
    ran = sanxian("check", tmp_path / "clean.gpkg", "--lang", "en")
    assert ran.status == 0
    assert "Can be published: 0 blocking" in ran.err
    assert "residue" in ran.out
    assert not re.search("[\u4e00-\u9fff]", ran.err)


def test_a_published_edition_is_checked_and_never_changed(sanxian: Run, sample: Path, tmp_path: Path) -> None:
    before = sample.read_bytes()
    ran = sanxian("check", sample, "--format", "json")
    assert ran.status == 0
    document = json.loads(ran.out)
    assert document["draft"] is False
    assert document["notice"] == "示例数据，非官方"
    assert document["edition"]["digest"].startswith("sha256:")
    ran = sanxian("check", sample, "--fix", "snap-edges", "--out", tmp_path / "x.gpkg")
    assert ran.status == 2
    assert both_languages(ran, "USAGE")
    assert sample.read_bytes() == before
    assert not (tmp_path / "x.gpkg").exists()


def test_every_output_is_written(sanxian: Run, dirty: Path, tmp_path: Path) -> None:
    before = dirty.read_bytes()
    ran = sanxian(
        "check", dirty, "--fix", "close-gaps", "--fix", "drop-overlaps", "--up-to", 100, "--out", tmp_path / "f.gpkg",
        "--moves", tmp_path / "m.csv", "--report", tmp_path / "r.html", "--places", tmp_path / "p.geojson",
    )  # fmt: skip
    assert ran.status == 1  # codes are still wrong
    assert dirty.read_bytes() == before
    fixed = open_draft(tmp_path / "f.gpkg")
    assert {"FIX_CLOSE_GAPS", "FIX_DROP_OVERLAPS"} <= {entry.code for entry in fixed.log}
    assert "Q-GAP" not in {f.check for f in check(fixed).findings}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "m.csv").read_text("utf-8-sig"))))
    assert {"close-gaps", "drop-overlaps"} <= {row["repair"] for row in rows}
    assert {row["notice"] for row in rows} == {"示例数据，非官方"}
    assert "close-gaps" in (tmp_path / "r.html").read_text("utf-8")
    places = json.loads((tmp_path / "p.geojson").read_text("utf-8"))["features"]
    assert places
    assert {p["properties"]["notice"] for p in places} == {"示例数据，非官方"}
    assert all(shapely.geometry.shape(p["geometry"]).is_empty is False for p in places)
    ran = sanxian("check", dirty, "--places", tmp_path / "p.gpkg")
    assert (tmp_path / "p.gpkg").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "xml"), ("--places", "a.shp"), ("--fix", "polish", "--out", "x.gpkg"), ("--fix", "snap-edges"),
        ("--out", "x.gpkg"), ("--moves", "x.csv"), ("--as-of", "yesterday"), ("--tolerance", "-1"),
        ("--fix", "snap-edges", "--out", "x.gpkg", "--up-to", "nan"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(sanxian: Run, dirty: Path, options: tuple[str, ...]) -> None:
    ran = sanxian("check", dirty, *options)
    assert ran.status == 2
    assert both_languages(ran, "USAGE")


def test_wrong_files_are_named(sanxian: Run, dirty: Path, tmp_path: Path) -> None:
    assert sanxian("check", tmp_path / "none.gpkg").status == 20
    text = tmp_path / "text.gpkg"
    text.write_text("no database", "utf-8")
    ran = sanxian("check", text)
    assert ran.status == 20
    assert both_languages(ran, "EDITION_FORMAT")
    cut = tmp_path / "cut.gpkg"
    cut.write_bytes(dirty.read_bytes()[:50_000])
    assert sanxian("check", cut).status == 20
    foreign = tmp_path / "foreign.gpkg"
    assert sanxian("check", dirty, "--places", foreign).status == 1
    ran = sanxian("check", foreign)
    assert ran.status == 20
    assert both_languages(ran, "EDITION_FOREIGN")
    assert sanxian("check", dirty, "--report", tmp_path / "no" / "r.html").status == 10
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n", "utf-8")
    ran = sanxian("check", dirty, "--aliases", bad)
    assert ran.status == 10
    assert both_languages(ran, "INPUT")


def test_a_table_of_old_county_codes_is_taken(sanxian: Run, tmp_path: Path) -> None:
    draft, _ = dirty_province(0, ["code_county"])
    write_draft(draft, tmp_path / "d.gpkg")
    table = tmp_path / "aliases.csv"
    table.write_text("# note\nold,new\n639881,639901\n", "utf-8-sig")
    assert sanxian("check", tmp_path / "d.gpkg", "--aliases", table).status == 1


# --- the page ------------------------------------------------------------------------------------------------


class Checker(HTMLParser):
    """Whether every element that opens closes, and nothing is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.foreign: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.foreign += [
            value for key, value in attrs if key in ("src", "href") and value and not value.startswith("#")
        ]
        self.ids += [value for key, value in attrs if key == "id" and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_page_is_whole_loads_nothing_and_says_what_it_is_made_of(lang: str) -> None:
    draft, planted = dirty_province(4)
    fixed = fix(draft, ["snap-edges"])
    report = check(fixed.draft)
    made = page.render(report, lang, fixed.draft.edition, moves=fixed.moves)
    assert made == page.render(report, lang, fixed.draft.edition, moves=fixed.moves)
    text = made.decode("utf-8")
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert checker.foreign == []
    assert len(checker.ids) == len(set(checker.ids))
    assert "<script" not in text
    assert ("示例数据，非官方" if lang == "zh-CN" else "Demo data, not official") in text
    assert all(f.check in text for f in report.findings)
    assert next(p for p in planted if p.kind == "hole").item in text
    assert 'class="flaw' in text or 'class="pin' in text


def test_a_page_without_edition_or_findings_is_a_page_too(tmp_path: Path) -> None:
    report = check(clean_province())
    assert "没有发现问题" in page.render(report, "zh-CN").decode("utf-8")
    draft = clean_province()
    write_edition(draft.edition, tmp_path / "e.gpkg")
    assert page.render(report, "en", draft.edition)


def test_what_an_edition_holds_reaches_the_page_as_text() -> None:
    draft, _ = dirty_province(0, ["gap"])
    item = check(draft).findings[0].places[0].items[0]
    units = tuple(
        replace(zone, code="<img src=x>") if zone.code == item else zone
        for zone in draft.edition.zones["control_unit"]
    )
    evil = replace(draft.edition, zones={**draft.edition.zones, "control_unit": units})
    text = page.render(check(evil), "zh-CN", evil).decode("utf-8")
    assert "<img" not in text
    assert "&lt;img" in text

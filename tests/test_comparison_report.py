"""A difference as people read it: the page, the text, the command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import shapely

from command_line import CHINESE, Run, both_languages
from sample_edition import sample_edition
from sanxian.comparison import Difference, diff
from sanxian.edition import Draft, Edition, normalise, write_draft, write_edition
from sanxian.model import Zone
from sanxian.report import comparison as report
from sanxian.report import comparison_map as maps

UNITS = "control_unit"
LANGS = pytest.mark.parametrize("lang", ["zh-CN", "en"])
EVIL = '<script>alert("x")</script>\x1b[2J'


@lru_cache(maxsize=1)
def base() -> Edition:
    return normalise(sample_edition())


@lru_cache(maxsize=1)
def revised() -> Edition:
    """Land from general to key, a renumbering, a park that grows, words and rules changed, something in every table."""
    old = base()
    units = list(old.zones[UNITS])
    row = {z.code: i for i, z in enumerate(units)}
    grown, shrunk, named = row["ZH63990120001"], row["ZH63990130002"], row["ZH63990110001"]
    units[grown] = replace(
        units[grown], geometry=shapely.union(units[grown].geometry, shapely.box(100.07, 36.03, 100.1, 36.06))
    )
    units[shrunk] = replace(
        units[shrunk],
        geometry=shapely.difference(units[shrunk].geometry, shapely.box(100.07, 36.03, 100.1, 36.06)),
    )
    units[named] = replace(units[named], name=EVIL, attributes={"备注": EVIL}, valid_to=date(2029, 1, 1))
    swap = row["ZH63990230001"]
    units[swap] = replace(units[swap], code="ZH63990230009")
    park = replace(old.zones["park"][0], geometry=shapely.box(100.11, 36.02, 100.17, 36.06))
    first = old.clauses[0]
    clauses = (
        replace(
            first,
            text=first.text.replace("除外", "不在此限"),
            rules=({**first.rules[0], "strength": "principle"},),
        ),
        *old.clauses[2:],
    )
    document = replace(old.documents["law-river"], valid_to=date(2028, 1, 1))
    info = replace(old.info, id="示例市/2027", title="示例市成果（2027）", valid_from=date(2027, 1, 1))
    return normalise(
        replace(
            old,
            info=info,
            zones={**old.zones, UNITS: tuple(units), "park": (park,)},
            clauses=clauses,
            documents={**old.documents, "law-river": document},
        )
    )


@lru_cache(maxsize=1)
def found() -> Difference:
    return diff(base(), revised())


class Page(HTMLParser):
    """Text by tag, and whether tags match."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.marks: dict[str, list[str]] = {"ins": [], "del": []}
        self.classes: set[str] = set()
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.feed(content.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.classes |= set((given.get("class") or "").split())
        self.ids += [given["id"] or ""] if "id" in given else []
        self.outside += [f"{k}={v}" for k, v in attrs if k in ("src", "href") or "http:" in (v or "")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.remove(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] in self.marks:
            self.marks[self.open[-1]].append(data)


@LANGS
def test_the_page_says_what_changed(lang: str) -> None:
    content = report.render(found(), lang, old=base(), new=revised())
    page = Page(content)
    text = "".join(page.text)
    assert page.outside == []
    assert len(page.ids) == len(set(page.ids))
    assert "示例数据，非官方" in text and "synthetic" in page.classes
    for word in ("ZH63990120001", "ZH63990230009", "ZH63990230001", "S-01", "S-02", "law-river", "YQ001"):
        assert word in text
    assert {"looser", "stricter"} & page.classes and "came" in page.classes
    assert "不在此限" in page.marks["ins"] and "除外" in page.marks["del"]
    assert "principle" in page.marks["ins"] and "strict" in page.marks["del"]
    assert report.render(found(), lang, old=base(), new=revised()) == content


@LANGS
def test_whatever_the_data_hold_is_text(lang: str) -> None:
    content = report.render(found(), lang, old=base(), new=revised()).decode("utf-8")
    assert "<script" not in content and "\x1b" not in content
    assert "&lt;script&gt;" in content


@LANGS
def test_the_text_says_what_changed(lang: str) -> None:
    text = report.render_text(found(), lang).decode("utf-8")
    assert "ZH63990230001 → ZH63990230009" in text
    assert "[-除外-]{+不在此限+}" in text
    assert "ZH63990130002 → ZH63990120001" in text
    assert "YQ001" in text and "law-river" in text
    if lang == "en":
        own = [line for line in text.splitlines() if "示例" not in line and "[-" not in line]
        assert any("gained" in line for line in own)


@LANGS
def test_nothing_is_said_of_equal_editions(lang: str) -> None:
    same = diff(base(), base())
    assert len(report.render_text(same, lang).splitlines()) == 4
    text = "".join(Page(report.render(same, lang, old=base(), new=base())).text)
    assert report.Told(same, lang).say("same") in text


def test_every_text_of_the_report_can_be_said_in_both_languages() -> None:
    """Each kind of change, so that no key is missing where it is used."""
    for back in (
        found(),
        found().mirrored(),
        diff(base(), replace(base(), zones={**base().zones, "river": ()})),
    ):
        for lang in ("zh-CN", "en"):
            assert report.render(back, lang) and report.render_text(back, lang)


def test_the_direction_of_control_gives_the_colour() -> None:
    layer = next(x for x in found().layers if x.layer == UNITS)
    drawn = str(
        maps.figure(
            layer,
            revised(),
            report.Told(found(), "en").say,
            title="t",
            size="s",
            synthetic=True,
            direction=True,
        )
    )
    assert re.search(r'<path d="M[^"]+" class="stricter"', drawn)  # general → key
    back = found().mirrored()
    layer = next(x for x in back.layers if x.layer == UNITS)
    drawn = str(
        maps.figure(
            layer, base(), report.Told(back, "en").say, title="t", size="s", synthetic=False, direction=True
        )
    )
    assert re.search(r'<path d="M[^"]+" class="looser"', drawn)
    assert "watermark" not in drawn


def test_a_long_list_is_cut_and_it_is_said() -> None:
    many = tuple(
        Zone(layer="receptor", code=f"X{k}", name="村", geometry=shapely.Point(100.2, 36.1))
        for k in range(400)
    )
    long = diff(base(), replace(base(), zones={**base().zones, "receptor": many}))
    text = report.render_text(long).decode("utf-8")
    assert text.count("X1") < 60 and "另有 362 项未列出" in text
    page = "".join(Page(report.render(long)).text)
    assert "另有 102 项未列出" in page


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def files(sanxian: Run) -> tuple[str, str]:
    write_edition(base(), "old.gpkg")
    write_edition(revised(), "new.gpkg")
    return "old.gpkg", "new.gpkg"


@LANGS
def test_the_command_tells_by_its_status(sanxian: Run, files: tuple[str, str], lang: str) -> None:
    assert sanxian("diff", *files, "--lang", lang).status == 1
    assert sanxian("diff", files[0], files[0], "--lang", lang).status == 0


def test_the_format_is_that_of_the_file_name(sanxian: Run, files: tuple[str, str]) -> None:
    for name, begin in (
        ("d.json", b"{"),
        ("d.csv", b"\xef\xbb\xbf"),
        ("d.html", b"<!doctype"),
        ("d.txt", "示例".encode()),
    ):
        assert sanxian("diff", *files, "--out", name).status == 1
        assert Path(name).read_bytes().startswith(begin)
    assert Path("d.html").read_bytes() == report.render(found(), old=base(), new=revised())
    made: dict[str, Any] = json.loads(sanxian("diff", *files, "--format", "json").out)
    assert made == json.loads(Path("d.json").read_bytes())


def test_one_layer_only(sanxian: Run, files: tuple[str, str]) -> None:
    ran = sanxian("diff", *files, "--layer", "park")
    assert ran.status == 1 and "YQ001" in ran.out and "S-01" not in ran.out
    assert sanxian("diff", *files, "--layer", "river").status == 0


def test_drafts_are_compared_as_they_stand(sanxian: Run, files: tuple[str, str]) -> None:
    write_draft(Draft(edition=revised()), "d.gpkg")
    ran = sanxian("diff", files[1], "d.gpkg")
    assert ran.status == 0, ran.out
    assert sanxian("diff", files[0], "d.gpkg").status == 1


def test_other_vertices_are_mentioned_and_are_no_difference(sanxian: Run, files: tuple[str, str]) -> None:
    units = [replace(z, geometry=shapely.segmentize(z.geometry, 0.013)) for z in base().zones[UNITS]]
    write_edition(replace(base(), zones={**base().zones, UNITS: tuple(units)}), "cut.gpkg")
    ran = sanxian("diff", files[0], "cut.gpkg")
    assert ran.status == 0 and "5 个分区" in ran.out + ran.err


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("no.gpkg", "old.gpkg"), "EDITION_NOT_FOUND"),
        (("old.gpkg", "text.gpkg"), "EDITION_FORMAT"),
        (("old.gpkg", "new.gpkg", "--layer", "nope"), "USAGE_LAYER"),
        (("old.gpkg", "new.gpkg", "--out", "d.docx"), "USAGE"),
        (("old.gpkg", "new.gpkg", "--format", "pdf"), "USAGE"),
        (("old.gpkg", "new.gpkg", "--out", "no/d.html"), "OUTPUT_FAILED"),
        (("old.gpkg",), "USAGE"),
    ],
)
def test_what_cannot_be_done_is_said(
    sanxian: Run, files: tuple[str, str], args: tuple[str, ...], code: str
) -> None:
    assert files
    Path("text.gpkg").write_text("no edition", encoding="utf-8")
    ran = sanxian("diff", *args)
    assert ran.status in (2, 10, 20) and both_languages(ran, code)
    assert CHINESE.search(ran.err)

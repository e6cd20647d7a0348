"""The map of the page: complete without its script, and everything the script needs is there and ours."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from report_samples import EDITION, EDITIONS, RESULTS
from sanxian import report
from sanxian.i18n import LANGS, t
from sanxian.model import Relation
from sanxian.report import map as maps
from sanxian.report import map_figure, signs
from sanxian.report.content import Content
from sanxian.report.page import policy, sheet
from sanxian.report.view import STYLES

SCRIPT: Final = Path(map_figure.__file__).with_name("map.js")
SVG: Final = "{http://www.w3.org/2000/svg}"
CASES: Final = [(name, lang) for name in RESULTS for lang in LANGS]


def page(name: str, lang: str = "zh-CN") -> str:
    return report.render(RESULTS[name], "html", lang, edition=EDITIONS[name]).decode("utf-8")


def drawing(name: str, rows: dict[tuple[str, str], str] | None = None) -> maps.Drawing:
    return maps.draw(Content(RESULTS[name], "zh-CN", EDITIONS[name]), rows)


# --- from zones to rows and back -----------------------------------------------------------------


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_every_link_of_a_page_leads_somewhere(name: str, lang: str) -> None:
    made = page(name, lang)
    names = re.findall(r'\sid="([^"]+)"', made)
    assert len(names) == len(set(names))
    links = set(re.findall(r'<a [^>]*href="#([^"]+)"', made))
    assert links <= set(names)


@pytest.mark.parametrize("name", RESULTS)
def test_every_zone_met_and_drawn_leads_to_the_row_with_its_code(name: str) -> None:
    made = page(name)
    rows = dict(re.findall(r'<a id="(zone-\d+)" href="#on-zone-\d+">([^<]+)</a>', made))
    links = re.findall(
        r'<a href="#(zone-\d+)" id="on-zone-\d+" tabindex="-1"><g><title>([^<]+)</title>', made
    )
    assert {row for row, _ in links} == set(rows)
    zones = {z.code: z.name for group in (EDITIONS[name]).zones.values() for z in group}
    for row, title in links:
        assert zones[rows[row]] in title
    met = {h.zone for h in RESULTS[name].hits if h.role == "" and h.relation is Relation.OVERLAP}
    assert set(rows.values()) <= met


@pytest.mark.parametrize("name", ["plant", "drafts"])
def test_every_zone_that_is_met_is_drawn_on_some_ground_or_border(name: str) -> None:
    kinds = {layer.id: layer.kind for layer in EDITION.layers}
    met = {
        (h.layer, h.zone)
        for h in RESULTS[name].hits
        if h.role == "" and h.relation is Relation.OVERLAP and kinds[h.layer] != "admin"
    }
    rows = {key: f"zone-{i}" for i, key in enumerate(sorted(met))}
    assert drawing(name, rows).rows == set(rows.values())


def test_without_rows_or_edition_nothing_leads_anywhere() -> None:
    assert "<a " not in drawing("plant").svg
    bare = report.render(RESULTS["plant"], "html").decode("utf-8")
    assert 'href="#on-' not in bare
    assert 'type="radio"' not in bare


# --- still without its script --------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_without_script_the_tools_are_hidden_and_one_ground_is_shown(name: str) -> None:
    made = page(name)
    assert re.search(r'<div class="map-tools" hidden>', made)
    grounds = re.findall(r'<g data-ground="([a-z]+)"( class="off")?>', made)
    assert [key for key, off in grounds if not off] == ["units"]
    legends = re.findall(r'data-legend="([a-z]+)" hidden>', made)
    assert legends == [key for key, off in grounds if off]
    choices = re.findall(r'type="radio" name="ground" value="([a-z]+)"', made)
    assert choices == ["units", *legends, "none"]
    toggles = re.findall(r'data-toggle="([a-z-]+)"', made)
    assert set(toggles) == set(re.findall(r'data-layer="([a-z-]+)"', made))
    assert set(toggles) <= set(STYLES)


def test_the_drawing_of_a_page_is_well_formed_and_its_numbers_agree() -> None:
    svg = drawing("plant").svg
    root = ET.fromstring(svg.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))  # noqa: S314 - our own text
    west, south, east, north = map(float, (root.get("data-bounds") or "").split())
    assert west < 100.02
    assert east > 100.08
    assert south < 36.10
    assert north > 36.165
    frame = next(e for e in root.iter(f"{SVG}rect") if e.get("class") == "frame")
    metres = float(root.get("data-metres") or 0)
    assert metres == pytest.approx((east - west) * 111_320 * 0.807, rel=0.01)
    assert float(frame.get("width") or 0) > 0
    assert len([e for e in root.iter(f"{SVG}g") if e.get("class") == "moves"]) == 3


def test_hatches_of_a_map_that_zooms_are_its_own() -> None:
    made = str(signs.patterns())
    rules = sheet()
    for name in signs.hatches():
        assert f'id="{name}"' in made
        assert f'id="{signs.LIVE}{name}"' in made
        assert f"url(#{signs.LIVE}{name})" in rules
    for asked in re.findall(r"url\(#([\w-]+)\)", rules):
        assert f'id="{asked}"' in made


def test_paper_shows_what_stands_without_script() -> None:
    paper = sheet().partition("@media print")[2]
    assert '.map [data-ground="units"], .map [data-layer] { display: inline; }' in paper
    assert ".map-tools, .on-request { display: none; }" in paper


# --- the script ----------------------------------------------------------------------------------


def test_the_script_is_ours_reads_nothing_from_elsewhere_and_makes_no_markup() -> None:
    text = SCRIPT.read_text("utf-8")
    assert (
        re.search(
            r"fetch|XMLHttp|import\s|eval|Function\(|innerHTML|outerHTML|insertAdjacent|document\.write", text
        )
        is None
    )
    assert re.search(r"https?://|</script|<!--|localStorage|cookie", text) is None
    assert map_figure.script() == text


def test_the_policy_names_this_script_and_no_other() -> None:
    assert policy(None) == "default-src 'none'; style-src 'unsafe-inline'"
    assert policy(map_figure.script()).count("sha256-") == 1
    for name in ("plant", "partial"):
        made = page(name)
        assert made.count("<script") == 1
        assert policy(map_figure.script()).replace("'", "&#x27;") in made


@pytest.mark.skipif(which("node") is None, reason="no JavaScript engine at hand")
def test_the_script_can_be_read_by_an_engine() -> None:
    subprocess.run(["node", "--check", SCRIPT], check=True, capture_output=True)


@pytest.mark.parametrize("lang", LANGS)
def test_every_tool_has_a_name(lang: str) -> None:
    made = page("plant", lang)
    for key in ("in", "out", "whole"):
        assert f'data-zoom="{key}" title="{t(f"atlas.tools.{key}", lang)}" aria-label=' in made
    for key in ("zoom", "ground", "layers", "keys"):
        assert t(f"atlas.tools.{key}", lang) in made

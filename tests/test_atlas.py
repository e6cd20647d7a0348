"""The sheets: complete, standing alone, legible, small, and the same every time."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from demo_edition import demo_edition
from report_samples import AS_OF, EDITION, EDITIONS, RESULTS, project, with_digest
from sanxian.edition import Edition
from sanxian.i18n import LANGS, t
from sanxian.model import LayerKind, Part, Relation, Zone, in_force
from sanxian.project import read_project
from sanxian.report import atlas, corridor, labels, signs
from sanxian.report import map as maps
from sanxian.report.atlas_panel import wrapped
from sanxian.report.content import Content
from sanxian.report.frame import Frame, bounds_of
from sanxian.report.view import ELEMENT_STYLES, LEGEND_ORDER, STYLES, THEMES, UNIT_STYLES
from sanxian.screening import Screening, screen

_ROOT: Final = Path(__file__).parents[1]
SVG: Final = "{http://www.w3.org/2000/svg}"
ELEMENTS: Final = {
    "svg",
    "title",
    "defs",
    "clipPath",
    "pattern",
    "g",
    "rect",
    "path",
    "circle",
    "text",
    "tspan",
    "use",
}
LINES: Final = ("power-line", "mine-in-national-park", "chemical-plant-in-park")


@functools.cache
def sheets(name: str, lang: str = "zh-CN") -> tuple[atlas.Sheet, ...]:
    return atlas.sheets(content(name, lang))


@functools.cache
def content(name: str, lang: str = "zh-CN") -> Content:
    if name in RESULTS:
        return Content(RESULTS[name], lang, EDITIONS[name])
    subject = read_project(_ROOT / "examples" / "projects" / f"{name}.yaml")
    return Content(screen(subject, demo_edition(), AS_OF), lang, demo_edition())


ALL: Final = (*RESULTS, *LINES)


# --- complete ------------------------------------------------------------------------------------


def met(result: Screening) -> set[tuple[str, str]]:
    return {(h.layer, h.zone) for h in result.hits if h.role == "" and h.relation is Relation.OVERLAP}


@pytest.mark.parametrize("name", ALL)
def test_every_zone_met_is_in_the_legend_of_its_theme_or_counted_there(name: str) -> None:
    made = {sheet.key: sheet for sheet in sheets(name)}
    kinds = {layer.id: layer.kind for layer in (content(name).edition or EDITION).layers}
    for theme, about in THEMES.items():
        wanted = {
            code for layer, code in met(content(name).result) if kinds[layer] in about and layer != "lake"
        }
        if theme not in made:
            assert not wanted, theme
            continue
        sheet = made[theme]
        shown = [entry.code for entry in sheet.hit]
        assert len(shown) == len(set(shown))
        assert set(shown) <= wanted
        assert len(shown) + sheet.more == len(wanted)
        assert [entry.number for entry in sheet.hit] == list(range(1, len(shown) + 1))


@pytest.mark.parametrize("name", ALL)
def test_what_lies_around_is_counted_as_the_layers_say(name: str) -> None:
    """The oracle asks the layers in longitude and latitude, without clipping or simplifying."""
    result, edition = content(name).result, content(name).edition
    assert edition is not None
    bounds = bounds_of([p.geometry for p in result.project.parts])
    view = atlas._frame(bounds, atlas.HEIGHTS_THEME)
    box = shapely.box(view.west, view.south, view.east, view.north)
    wide = view.metres(view.width) > 60_000
    for sheet in sheets(name):
        if sheet.key not in THEMES or any(entry.style.startswith("el-other") for entry in sheet.around):
            continue
        expected = 0
        for layer in edition.layers:
            if layer.kind not in THEMES[sheet.key] or layer.id == "lake":
                continue
            if layer.kind is LayerKind.RECEPTOR and wide:
                continue
            for zone in edition.zones[layer.id]:
                inside = shapely.area(shapely.intersection(zone.geometry, box)) > 0 or (
                    shapely.get_dimensions(zone.geometry) < 2 and shapely.intersects(zone.geometry, box)
                )
                alive = in_force(zone.valid_from, zone.valid_to, result.as_of)
                expected += bool(inside and alive and (layer.id, zone.code) not in met(result))
        counted = sum(entry.zones for entry in sheet.around)
        unlisted = re.search(r"另有 (\d+) 个未列出", "".join(words(sheet)))
        if unlisted is None:
            # a corner of a zone below what can be seen is not drawn
            assert expected * 0.9 - 1 <= counted <= expected + 2, sheet.key


@pytest.mark.parametrize("lang", LANGS)
def test_a_sheet_says_what_it_is_where_from_and_how_exact(lang: str) -> None:
    for sheet in sheets("chemical-plant-in-park", lang):
        said = "".join(words(sheet))
        assert sheet.title in said
        assert content("chemical-plant-in-park").result.project.name in said
        assert "示例数据，非官方" in said
        assert ("10" if sheet.key == "places" else "50") + "\u202fm" in said
        assert "2026-01-01" in said
        assert AS_OF.isoformat() in said
        assert t("report.map.north", lang) in said
        assert re.search(r"\d+ k?m", said)
        assert "′E" in said
        assert "′N" in said
        assert t("report.map.footprint", lang) in said
        assert sheet.title in sheet.alt


def test_real_data_carry_no_mark_of_synthetic_ones() -> None:
    real = dataclasses.replace(EDITION.info, synthetic=False)
    edition = with_digest(dataclasses.replace(EDITION, info=real))
    result = screen(RESULTS["plant"].project, edition, AS_OF)
    for sheet in atlas.sheets(Content(result, "zh-CN", edition)):
        assert "#fff3d6" not in sheet.svg
        assert 'letter-spacing="3' not in sheet.svg.partition("<tspan")[0]
    assert all("#fff3d6" in sheet.svg for sheet in sheets("plant"))


def test_themes_stand_in_order_and_only_where_layers_have_something_to_show() -> None:
    assert [s.key for s in sheets("chemical-plant-in-park")] == [
        "overview", "units", "water", "air", "soil", "resource", "places", "other",
    ]  # fmt: skip
    bare = atlas.sheets(Content(RESULTS["plant"], "zh-CN"))
    assert [s.key for s in bare] == ["overview"]
    assert t("report.map.bare", "zh-CN") in "".join(words(bare[0]))


def test_a_small_footprint_is_ringed_and_found_in_the_locator() -> None:
    for sheet in sheets("point"):
        assert f'r="{maps.RING}"' in sheet.svg
        assert sheet.svg.count('stroke="#a3201c"') >= 1


def test_a_zone_that_is_met_but_too_small_to_see_is_drawn_as_a_spot() -> None:
    speck = dataclasses.replace(
        EDITION.zones["red_line"][0],
        code="SPECK",
        name="极小红线",
        geometry=shapely.box(100.21, 36.11, 100.21002, 36.11002),
    )
    zones = {**EDITION.zones, "red_line": (*EDITION.zones["red_line"], speck)}
    edition = with_digest(dataclasses.replace(EDITION, zones=zones))
    result = screen(project(shapely.box(100.01, 36.01, 100.39, 36.19)), edition, AS_OF)
    ecology = next(s for s in atlas.sheets(Content(result, "zh-CN", edition)) if s.key == "ecology")
    assert "SPECK" in {entry.code for entry in ecology.hit}
    assert 'width="6" height="6"' in ecology.svg


# --- standing alone ------------------------------------------------------------------------------


def tree(sheet: atlas.Sheet) -> ET.Element:
    return ET.fromstring(sheet.svg)  # noqa: S314 - our own text


def words(sheet: atlas.Sheet) -> list[str]:
    return ["".join(e.itertext()) for e in tree(sheet).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", ALL)
def test_a_sheet_needs_nothing_but_itself(name: str) -> None:
    for sheet in sheets(name):
        root = tree(sheet)
        assert {e.tag.removeprefix(SVG) for e in root.iter()} <= ELEMENTS
        own = {e.get("id") for e in root.iter() if e.get("id")}
        for element in root.iter():
            assert not {"class", "style"} & set(element.attrib)
            if "href" in element.attrib:
                assert element.tag == f"{SVG}use" and element.attrib["href"].removeprefix("#") in own
            assert not any(key.startswith("on") for key in element.attrib)
            for value in element.attrib.values():
                assert "var(" not in value
                if "url(" in value:
                    match = re.fullmatch(r"url\(#([\w-]+)\)", value)
                    assert match is not None and match[1] in own
        asked = set(re.findall(r"(?:url\(|href=\")#([\w-]+)", sheet.svg))
        assert asked == own  # nothing defined that nobody asks for
        assert root.get("font-family") == signs.FONTS


@pytest.mark.parametrize("name", ALL)
def test_sheets_of_one_report_share_no_identifier(name: str) -> None:
    found = Counter(i for sheet in sheets(name) for i in re.findall(r' id="([^"]+)"', sheet.svg))
    assert set(found.values()) <= {1}
    assert len({sheet.key for sheet in sheets(name)}) == len(sheets(name))


def test_a_sheet_is_drawn_by_typst_at_its_size(tmp_path: Path) -> None:
    typst = pytest.importorskip("typst")
    source = []
    for sheet in (*sheets("plant"), *sheets("power-line")[-2:]):
        (tmp_path / f"{sheet.key}.svg").write_text(sheet.svg, "utf-8")
        source.append(f'#image("{sheet.key}.svg")\n')
    main = tmp_path / "main.typ"
    main.write_text("#set page(width: auto, height: auto, margin: 0pt)\n" + "".join(source), "utf-8")
    assert typst.compile(str(main), format="svg", ignore_system_fonts=True)


def ends(text: ET.Element, size: float) -> tuple[float, float]:
    """Return where a text begins and ends, by a width of its own making."""
    said = "".join(text.itertext())
    wide = sum(
        1.0 if unicodedata.east_asian_width(c) in "WF" else 0.53 if c.isalnum() else 0.24 for c in said
    )
    wide *= size
    x = float(text.get("x") or 0.0)
    return (x - wide, x) if text.get("text-anchor") == "end" else (x, x + wide)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("lang", LANGS)
def test_nothing_stands_outside_its_sheet(name: str, lang: str) -> None:
    if lang == "en" and name not in ("plant", "power-line"):
        return
    for sheet in sheets(name, lang):
        root = tree(sheet)
        _, _, width, height = map(float, (root.get("viewBox") or "").split())
        assert root.get("width") == f"{sheet.width_mm:g}mm"
        assert root.get("height") == f"{sheet.height_mm:g}mm"
        assert (width * atlas.UNIT_MM, height * atlas.UNIT_MM) == (sheet.width_mm, sheet.height_mm)
        assert sheet.width_mm <= (247 if sheet.landscape else 170)
        assert sheet.height_mm <= (168 if sheet.landscape else 235)
        for text in root.findall(f"{SVG}text"):  # heading, legend, sources; the rest is clipped or furniture
            low, high = ends(text, float(text.get("font-size") or 0.0))
            assert low >= 0.0 and high <= width + 1.0, "".join(text.itertext())
            assert 0.0 < float(text.get("y") or 0.0) < height
        for group in root.findall(f"{SVG}g"):
            if group.get("transform"):
                dx, dy = map(float, re.findall(r"-?[\d.]+", group.get("transform") or ""))
                assert 0 <= dx < width and 0 <= dy < height


@pytest.mark.parametrize("name", ALL)
def test_lines_of_the_legend_do_not_run_into_each_other(name: str) -> None:
    for sheet in sheets(name):
        boxes = []
        for text in tree(sheet).findall(f"{SVG}text"):
            size = float(text.get("font-size") or 0.0)
            low, high = ends(text, size)
            y = float(text.get("y") or 0.0)
            boxes.append((shapely.box(low, y - size * 0.8, high, y + size * 0.15), "".join(text.itertext())))
        for (one, a), (other, b) in combinations(boxes, 2):
            assert not one.intersects(other), (a, b)


# --- the same every time -------------------------------------------------------------------------


def test_the_same_screening_gives_the_same_bytes_in_any_process() -> None:
    code = (
        "import hashlib, report_samples as s\nfrom sanxian.report import atlas\nfrom sanxian.report.content import Content\n"
        "print([hashlib.sha256(x.svg.encode()).hexdigest() for n in ('plant', 'scattered')"
        " for x in atlas.sheets(Content(s.RESULTS[n], 'zh-CN', s.EDITIONS[n]))])"
    )
    path = os.pathsep.join(map(str, (_ROOT / "src", _ROOT / "tests")))
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


# --- safe ----------------------------------------------------------------------------------------

HOSTILE: Final = '</text><script>alert("x")</script>&amp;#$\\ \x1b\u202e😀' + "长名称" * 170


def test_whatever_the_data_hold_a_sheet_holds_only_text() -> None:
    zones = {
        layer: tuple(
            dataclasses.replace(z, name=HOSTILE + z.name, subtype=HOSTILE, code=z.code) for z in zones
        )
        for layer, zones in EDITION.zones.items()
    }
    layers = tuple(dataclasses.replace(x, title=HOSTILE + x.title, source=HOSTILE) for x in EDITION.layers)
    info = dataclasses.replace(EDITION.info, title=HOSTILE, digest="")
    edition = with_digest(dataclasses.replace(EDITION, zones=zones, layers=layers, info=info))
    part = Part(role=HOSTILE, name=HOSTILE, geometry=shapely.box(100.05, 36.13, 100.12, 36.14))
    result = screen(project(part, name="\0" + HOSTILE, id=HOSTILE), edition, AS_OF)
    made = atlas.sheets(Content(result, "zh-CN", edition))
    assert len(made) > 3
    for sheet in made:
        root = tree(sheet)
        assert {e.tag.removeprefix(SVG) for e in root.iter()} <= ELEMENTS
        assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]", sheet.svg) is None
        assert any("<script>" in said for said in words(sheet))
        width = float((root.get("viewBox") or "").split()[2])
        for text in root.findall(f"{SVG}text"):
            assert ends(text, float(text.get("font-size") or 0.0))[1] <= width + 1.0


# --- small ---------------------------------------------------------------------------------------


def crowded() -> tuple[Edition, Screening]:
    """Return an edition of 2,500 units with wild borders, and a project that meets every one of them."""
    rng = np.random.default_rng(7)
    n, side = 50, 40
    cells = []
    for i in range(n):
        for j in range(n):
            west, south = 100.0 + 0.4 * i / n, 36.0 + 0.2 * j / n
            angle = np.linspace(0.0, 2 * np.pi, side, endpoint=False)
            r = rng.uniform(0.6, 1.0, side)
            ring = np.column_stack(
                (west + 0.004 * (1 + r * np.cos(angle)), south + 0.002 * (1 + r * np.sin(angle)))
            )
            cells.append(shapely.Polygon(ring))
    layer = next(x for x in EDITION.layers if x.id == "red_line")
    zones = tuple(
        Zone(
            layer=layer.id,
            code=f"R{i:04}",
            name=f"第{i}片生态保护红线",
            geometry=cell,
            subtype="生态保护红线",
        )
        for i, cell in enumerate(cells)
    )
    edition = with_digest(dataclasses.replace(EDITION, zones={**EDITION.zones, "red_line": zones}))
    return edition, screen(project(shapely.box(100.001, 36.001, 100.399, 36.199)), edition, AS_OF)


def test_a_project_that_meets_thousands_of_zones_stays_small_and_counts_them_all() -> None:
    edition, result = crowded()
    made = {s.key: s for s in atlas.sheets(Content(result, "zh-CN", edition))}
    assert len(met(result)) > 2000
    assert max(len(s.svg.encode("utf-8")) for s in made.values()) <= 300_000
    ecology = made["ecology"]
    assert len(ecology.hit) + ecology.more == sum(
        layer in ("red_line", "protected_area") for layer, _ in met(result)
    )
    rest = re.search(r"另有 (\d+) 个未列出", "".join(words(ecology)))
    assert rest is not None and int(rest[1]) >= ecology.more


@pytest.mark.parametrize("name", ALL)
def test_no_sheet_of_the_samples_is_large(name: str) -> None:
    assert all(len(sheet.svg.encode("utf-8")) <= 300_000 for sheet in sheets(name))


# --- legible -------------------------------------------------------------------------------------

GREY_STEP: Final = 8.0  # of lightness (0–100) between neighbouring classes in grey print


def channels(colour: str) -> np.ndarray:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    raw = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    return np.where(raw <= 0.04045, raw / 12.92, ((raw + 0.055) / 1.055) ** 2.4)


def lightness(colour: str) -> float:
    """CIE L*."""
    y = float(channels(colour) @ (0.2126, 0.7152, 0.0722))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_classes_of_units_are_told_apart_in_grey() -> None:
    pen = signs.Inline("")
    steps = sorted(lightness(str(pen(f"{css} hit")["fill"])) for css in ("priority", "key", "general"))
    assert min(b - a for a, b in pairwise(steps)) >= GREY_STEP


def test_classes_of_units_have_the_colours_of_practice() -> None:
    pen = signs.Inline("")
    for prefix in ("", "el-"):
        key = "el-key-0" if prefix else "key"
        red, green, blue = channels(str(pen(f"{prefix}priority hit")["fill"]))
        assert green > red and green > blue
        red, green, blue = channels(str(pen(f"{key} hit")["fill"]))
        assert red > green > blue
        red, green, blue = channels(str(pen(f"{prefix}general hit")["fill"]))
        assert min(red, green) > blue > 0.6


# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB
_BLIND: Final = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("kind", _BLIND)
def test_classes_of_units_are_told_apart_by_colour_blind_eyes(kind: str) -> None:
    pen = signs.Inline("")
    seen = [
        np.clip(np.array(_BLIND[kind]) @ channels(str(pen(f"{css} hit")["fill"])), 0, 1) ** (1 / 2.2)
        for css in ("priority", "key", "general")
    ]
    assert min(float(np.abs(a - b).max()) for a, b in combinations(seen, 2)) >= 0.08


def test_signs_of_a_theme_differ_by_more_than_colour() -> None:
    pen = signs.Inline("")
    hatches = [str(pen(f"{css} hit over")["fill"]) for css in signs.HATCHED]
    assert len(set(hatches)) == len(hatches)
    assert set(ELEMENT_STYLES) - set(signs.HATCHED) == {"el-general"}  # one class may be plain
    assert {f"url(#{name})" for name in signs.hatches()} >= set(hatches)
    for css in signs.HATCHED:
        assert pen(f"{css} around over")["stroke"] == "none"


def test_the_style_sheet_and_the_attributes_come_from_one_table_in_one_order() -> None:
    rows = [(name.split(), values) for name, values in signs._ROWS]
    assert [len(names) for names, _ in rows] == sorted(len(names) for names, _ in rows)
    assert len({tuple(sorted(names)) for names, _ in rows}) == len(rows)
    assert set(LEGEND_ORDER) == set(STYLES)
    assert set(UNIT_STYLES) | set(ELEMENT_STYLES) <= set(STYLES)
    pen = signs.Inline("x-")
    for style in STYLES:
        for state in ("hit", "around"):
            assert pen(f"{style} {state}"), style
            assert f".map .{style}{{" in signs.css()
    assert pen("red-line hit")["fill"] == "url(#x-hatch-red)"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 400),
            st.floats(0, 250),
            st.floats(5, 300),
            st.text("管控单元ab 1", min_size=1, max_size=24),
        ),
        min_size=1,
        max_size=25,
    ),
    st.floats(7, 24),
)
def test_labels_never_cover_each_other_nor_leave_the_frame(
    rows: list[tuple[float, float, float, str]], size: float
) -> None:
    frame = Frame(west=100, east=101, south=36, north=37, width=420, height=270)
    blocked = shapely.box(200, 120, 240, 150)
    wanted = [
        labels.Label(labels.name_lines(name), "label-plain", shapely.Point(x, y).buffer(r), short="9")
        for x, y, r, name in rows
    ]
    boxes = []
    for made in labels.place(wanted, frame, size, [blocked]):
        root = ET.fromstring(made)  # noqa: S314 - our own text
        font = float(root.get("font-size") or 0)
        spans = [(float(s.get("x") or 0), float(s.get("y") or 0), s.text or "") for s in root.iter("tspan")]
        half = (
            max(
                sum(1.0 if ord(c) > 0x2E7F else 0.5 if c != " " else 0.24 for c in line)
                for _, _, line in spans
            )
            * font
            / 2
        )
        x, ys = spans[0][0], [y for _, y, _ in spans]
        boxes.append(shapely.box(x - half, min(ys) - font * 0.75, x + half, max(ys) + font * 0.1))
    assert all(not a.intersects(b) for a, b in combinations(boxes, 2))
    assert all(frame.box.buffer(1.0).contains(box) for box in boxes)
    assert all(shapely.area(shapely.intersection(box, blocked.buffer(-labels.CELL))) == 0.0 for box in boxes)


@pytest.mark.parametrize("size", [9.0, 10.0, 12.0, 17.0])
def test_many_labels_of_one_place_stand_side_by_side(size: float) -> None:
    frame = Frame(west=100, east=101, south=36, north=37, width=900, height=600)
    wanted = [
        labels.Label((f"{chr(0x4E00 + i)}地" * (1 + i % 5),), "label-plain", frame.box) for i in range(90)
    ]
    made = [ET.fromstring(label) for label in labels.place(wanted, frame, size, [])]  # noqa: S314 - our own text
    assert len(made) > 60
    boxes = []
    for root in made:
        span = root[0]
        x, y, half = float(span.get("x") or 0), float(span.get("y") or 0), len(span.text or "") * size / 2
        boxes.append(shapely.box(x - half, y - size * 0.8, x + half, y))
    assert all(not a.intersects(b) for a, b in combinations(boxes, 2))


@settings(deadline=None)
@given(st.text(max_size=80), st.floats(20, 300), st.integers(1, 4))
def test_wrapped_lines_fit_and_lose_only_what_an_ellipsis_says(text: str, room: float, most: int) -> None:
    lines = wrapped(text, 10.0, room, most)
    whole = "".join(text.split())
    assert len(lines) <= most
    for line in lines:
        assert labels.width(line) * 10.0 <= room + 10.0 or len(line) <= 2
    said = "".join("".join(lines).split())
    assert said == whole or (said.endswith("…") and whole.startswith(said[:-1]))


# --- along a line --------------------------------------------------------------------------------

lines = st.lists(
    st.tuples(st.floats(90, 103), st.floats(32, 39)),
    min_size=2,
    max_size=12,
    unique_by=lambda p: (round(p[0], 1), round(p[1], 1)),
)


@settings(max_examples=60, deadline=None)
@given(lines)
def test_every_place_of_a_line_is_on_one_of_its_sheets(way: list[tuple[float, float]]) -> None:
    line = shapely.LineString(way)
    found = corridor.tiles([Part(role="线路", geometry=line)], 2.0)
    if not found:
        return
    assert 2 <= len(found) <= corridor.SHEETS_MAX
    left = shapely.difference(line, shapely.union_all([shapely.box(*tile) for tile in found]))
    assert left.length < 1e-9
    high = {round(n - s, 6) for _, s, _, n in found}
    assert len(high) == 1


def test_compact_projects_have_no_sheets_along_the_way_and_roads_as_land_have() -> None:
    assert corridor.tiles([Part(role="厂区", geometry=shapely.box(100, 36, 101, 37))], 2.0) == ()
    assert corridor.tiles([Part(role="点位", geometry=shapely.Point(100, 36))], 2.0) == ()
    short = shapely.LineString([(100, 36), (100.2, 36)])
    assert corridor.tiles([Part(role="线路", geometry=short)], 2.0) == ()
    road = shapely.LineString([(98, 35), (99, 36), (101, 36.2)]).buffer(0.001)
    assert 2 <= len(corridor.tiles([Part(role="道路", geometry=road)], 2.0)) <= corridor.SHEETS_MAX


def test_a_long_line_has_an_index_that_numbers_its_sheets() -> None:
    made = sheets("power-line")
    ways = [s for s in made if s.key.startswith("way-")]
    index = next(s for s in made if s.key == "index")
    assert ways and all(s.landscape for s in (*ways, index))
    assert [s.key for s in ways] == [f"way-{i}" for i in range(1, len(ways) + 1)]
    assert set(map(str, range(1, len(ways) + 1))) <= set(words(index))
    shown = {entry.code for s in ways for entry in s.hit}
    assert len(shown) > 20

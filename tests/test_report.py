"""The report: complete, safe, readable, the same every time. HTML and plain text, both languages."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from demo_edition import demo_edition
from report_samples import AS_OF, EDITION, EDITIONS, PARTIAL, RESULTS, project, with_digest
from sanxian import report
from sanxian.i18n import LANGS, t
from sanxian.model import FindingKind, Notice, Outcome, Paper, Part, Relation
from sanxian.report import frame, words
from sanxian.report.content import Content, passages
from sanxian.screening import Screening, screen

GOLDEN: Final = Path(__file__).parent / "golden"
CASES: Final = [(name, lang) for name in RESULTS for lang in LANGS]
_ROOT: Final = Path(__file__).parents[1]


def html(name: str, lang: str = "zh-CN") -> str:
    return report.render(RESULTS[name], "html", lang, edition=EDITIONS[name]).decode("utf-8")


def text(name: str, lang: str = "zh-CN") -> str:
    return report.render(RESULTS[name], "text", lang, edition=EDITIONS[name]).decode("utf-8")


# --- a reader that forgives nothing ------------------------------------------------------------------

VOID: Final = {"meta", "br", "col", "input"}


class Page(HTMLParser):
    """Elements of a page in order; raises where tags do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self._quiet = 0
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"attribute given twice in <{tag}>"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self._open, f"<{tag}/> outside a drawing"
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._open):
            self.text.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.text))


# --- the same every time -----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("style", "ending"), [("html", "html"), ("text", "txt")])
def test_a_small_report_is_as_it_was_reviewed(style: str, ending: str, lang: str) -> None:
    """Golden files; after looking at the change, ``SANXIAN_UPDATE_GOLDEN=1 pytest tests/test_report.py -k reviewed``."""
    made = report.render(RESULTS["edge"], style, lang, edition=EDITION)  # type: ignore[arg-type]
    file = GOLDEN / f"edge.{lang}.{ending}"
    if os.environ.get("SANXIAN_UPDATE_GOLDEN"):
        file.write_bytes(made)
    assert made == file.read_bytes()


def test_a_report_does_not_depend_on_the_process_that_made_it() -> None:
    code = (
        "import hashlib, report_samples as s; from sanxian import report; "
        "print([hashlib.sha256(report.render(r, 'html', edition=s.EDITIONS[n])).hexdigest() for n, r in s.RESULTS.items()])"
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


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_rendering_twice_gives_the_same_bytes(name: str, lang: str) -> None:
    assert html(name, lang) == html(name, lang)


def test_json_is_the_record_and_an_unknown_format_is_refused() -> None:
    assert report.render(RESULTS["plant"], "json").startswith(b'{"as_of":"2026-09-01"')
    with pytest.raises(ValueError, match="rtf"):
        report.render(RESULTS["plant"], "rtf")  # type: ignore[arg-type]


# --- complete ----------------------------------------------------------------------------------------


def plain(value: str) -> str:
    return re.sub(r"\s+", " ", value).strip()


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_every_finding_is_on_the_page_with_its_reason(name: str, lang: str) -> None:
    result, page, lines = RESULTS[name], Page(html(name, lang)).words, plain(text(name, lang))
    for finding in result.findings:
        reason = finding.reason_en if lang == "en" else finding.reason_zh
        assert plain(reason) in page
        assert plain(reason) in lines
        assert finding.place_name in page
        if finding.clause:
            assert plain(result.clauses[finding.clause].text) in page
            assert plain(result.clauses[finding.clause].text) in lines


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_verdict_counts_and_the_limits_of_the_answer_stand_on_the_page(name: str, lang: str) -> None:
    result, page, lines = RESULTS[name], Page(html(name, lang)).words, text(name, lang)
    content = Content(result, lang)
    for said in (
        t(f"outcome.{result.verdict.name}", lang),
        content.conclusion,
        content.digest if name else "",
        t("report.disclaimer", lang),
        result.as_of.isoformat(),
        result.edition.title,
        words.short_digest(content.digest),
    ):
        assert said in page
        assert said in lines
    for outcome, count in result.counts.items():
        assert f"{count}{t(f'outcome.{outcome.name}', lang)}" in page


@pytest.mark.parametrize("name", RESULTS)
def test_every_relation_to_a_zone_and_every_layer_is_listed(name: str) -> None:
    result = RESULTS[name]
    page = Page(html(name))
    for hit in result.hits:
        if hit.role == "":
            assert hit.zone in page.words
    for row in Content(result, "zh-CN", EDITIONS[name]).layer_rows:
        assert row.title in page.words
        assert all(source in page.words for source in row.sources)


def test_what_the_project_states_stands_there_with_label_and_unit() -> None:
    for page in (Page(html("plant")).words, text("plant")):
        for said in (
            "单台锅炉容量",
            f"20{words.SPACE}t/h",
            "工业生产",
            "2026-10-01",
            "示环函〔2026〕1号",
            "EPSG:4524",
            "已闭合 1 个环",
        ):
            assert plain(said) in plain(page)


def test_steps_flips_and_unreviewed_rules_are_shown() -> None:
    page = html("plant")
    assert page.count('class="truth TRUE"') > 10
    assert 'class="truth FALSE"' in page
    assert t("report.clauses.flips", "zh-CN") in page
    assert t("report.clauses.draft", "zh-CN") in page
    result = RESULTS["plant"]
    assert any(not rule.reviewed for finding in result.findings for rule in finding.rules)
    assert 'class="truth UNKNOWN"' in html("site")
    assert t("report.drafts_counted", "zh-CN") in html("drafts")


def test_the_samples_cover_what_a_report_can_hold() -> None:
    findings = [f for r in RESULTS.values() for f in r.findings]
    assert {f.kind for f in findings} == set(FindingKind)
    assert {f.outcome for f in findings} >= set(Outcome) - {Outcome.CONDITIONAL}
    assert {h.relation for r in RESULTS.values() for h in r.hits} >= {Relation.OVERLAP, Relation.NEAR}


def test_equal_findings_of_a_clause_in_several_places_are_one_row_with_all_places() -> None:
    result = RESULTS["plant"]
    finding = next(f for f in result.findings if f.clause)
    twins = tuple(dataclasses.replace(finding, place=f"X{i}", place_name=f"第{i}处") for i in range(12))
    content = Content(dataclasses.replace(result, findings=twins), "zh-CN")
    (row,) = content.clause_rows
    assert row.places == tuple(f"第{i}处" for i in range(12))
    page = report.render(content.result, "html").decode()
    assert "12 处" in page


# --- safe --------------------------------------------------------------------------------------------

SCRIPT: Final = (_ROOT / "src" / "sanxian" / "report" / "map.js").read_text("utf-8")
_DIGEST: Final = base64.b64encode(hashlib.sha256(SCRIPT.encode("utf-8")).digest()).decode("ascii")
POLICY: Final = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'"
HOSTILE: Final = '</style><script>alert("x")</script><img src=x onerror=alert(1)> & \x00\x1b[31m \u202e“'


def hostile() -> Screening:
    """Return a screening in which every free text is hostile."""
    zones = {
        layer: tuple(dataclasses.replace(z, name=z.name + HOSTILE, subtype=HOSTILE) for z in zones)
        for layer, zones in EDITION.zones.items()
    }
    edition = dataclasses.replace(
        EDITION,
        zones=zones,
        layers=tuple(dataclasses.replace(layer, title=layer.title + HOSTILE) for layer in EDITION.layers),
        clauses=tuple(
            dataclasses.replace(
                c, text=c.text + HOSTILE, number=HOSTILE, category=HOSTILE, dimension_label=HOSTILE
            )
            for c in EDITION.clauses
        ),
        documents={k: dataclasses.replace(d, title=d.title + HOSTILE) for k, d in EDITION.documents.items()},
        info=dataclasses.replace(EDITION.info, title=HOSTILE, publisher=HOSTILE, digest=""),
    )
    part = Part(
        role=HOSTILE,
        name=HOSTILE,
        geometry=shapely.box(100.05, 36.13, 100.12, 36.14),
        crs_in=HOSTILE,
        source=HOSTILE,
        repairs=(Notice(code="X", zh=HOSTILE, en=HOSTILE),),
    )
    subject = project(
        part,
        part,
        id=HOSTILE,
        name=HOSTILE,
        proponent=HOSTILE,
        facts={"product": HOSTILE, "activity": (HOSTILE,)},
        papers=(Paper(type=HOSTILE, number=HOSTILE, issuer=HOSTILE),),
        notices=(Notice(code="X", zh=HOSTILE, en=HOSTILE),),
    )
    return dataclasses.replace(screen(subject, edition, AS_OF), edition=edition.info)


@pytest.mark.parametrize("lang", LANGS)
def test_whatever_the_data_hold_the_page_holds_only_text(lang: str) -> None:
    made = report.render(hostile(), "html", lang).decode("utf-8")
    page = Page(made)
    assert page.words.count("alert") > 20
    assert not any(tag in ("img", "iframe", "object", "link") for tag, _ in page.elements)
    assert page.all("script") == [{}]
    assert made.count(f"<script>{SCRIPT}</script>") == 1
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]", made) is None
    lines = report.render(hostile(), "text", lang).decode("utf-8")
    assert re.search("[\x00-\x08\x0b-\x1f\u202e]", lines) is None


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_the_page_loads_nothing_and_runs_only_its_map(name: str, lang: str) -> None:
    whole = html(name, lang)
    made = whole.replace(f"<script>{SCRIPT}</script>", "")
    assert len(made) < len(whole)
    assert re.search(r"https?:|//\w|@import|javascript:|<script|<link|\ssrc=|url\((?!#)", made) is None
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in Page(whole).all("meta")
    assert all(a["href"] is not None and a["href"].startswith("#") for a in Page(made).all("use"))


def test_a_data_line_break_draws_no_line_of_its_own_in_plain_text() -> None:
    result = RESULTS["plant"]
    evil = dataclasses.replace(result.project, name="项目\n[✓ 可以建设]\n\u2028结论：可以建设")
    lines = report.render(dataclasses.replace(result, project=evil), "text").decode("utf-8").splitlines()
    assert not any(line.startswith(("[✓ 可以建设]", "结论")) for line in lines)


# --- readable ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_the_page_is_well_formed_and_can_be_walked_by_ear(name: str, lang: str) -> None:
    page = Page(html(name, lang))
    assert page.all("html") == [{"lang": lang}]
    identifiers = [a["id"] for _, a in page.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    named = {ref for _, a in page.elements for ref in (a.get("aria-labelledby") or "").split()}
    assert named <= set(identifiers)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels) if b <= 3)
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(a.get("scope") == "col" for a in page.all("th"))
    drawings = [a for a in page.all("svg") if a.get("role") == "img"]
    assert drawings
    assert all(a.get("aria-labelledby") for a in drawings)
    assert all(a.get("aria-hidden") == "true" for a in page.all("svg") if a.get("role") != "img")


@pytest.mark.parametrize("name", RESULTS)
def test_an_outcome_is_never_told_by_colour_alone(name: str) -> None:
    made = html(name)
    marks = re.findall(r'<span class="(?:mark|verdict) ([A-Z_]+)">(.*?)</span></span>', made)
    assert marks
    for outcome, inner in marks:
        assert f'href="#o-{outcome}"' in inner
        assert t(f"outcome.{outcome}", "zh-CN") in inner


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_contrasts_with_its_ground() -> None:
    sheet = (_ROOT / "src" / "sanxian" / "report" / "page.css").read_text("utf-8")
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", sheet))
    grounds = [colours["paper"], colours["wash"]]
    for name in ("ink", "soft", "faint", "accent", "bad", "facts", "review", "cond", "good", "none"):
        assert min(contrast(colours[name], ground) for ground in grounds) >= 4.5, name
    for colour, wash in re.findall(r"--c: var\(--(\w+)\); --w: (#[0-9a-f]{6})", sheet):
        assert contrast(colours[colour], wash) >= 4.5, colour
    assert contrast("#4d3300", "#fff3d6") >= 4.5
    assert contrast(colours["ink"], "#fbefc4") >= 4.5


def test_the_english_page_speaks_english_around_chinese_data() -> None:
    ours = [
        t(f"report.heading.{key}", "zh-CN") for key in ("zones", "clauses", "around", "layers", "project")
    ]
    page = Page(html("plant", "en")).words
    assert not any(heading in page for heading in ours)
    assert "does not conform" in page
    assert "seen: yes" in Page(html("site", "en")).words or "seen: " in Page(html("site", "en")).words


def test_synthetic_data_say_so_everywhere_and_real_data_do_not() -> None:
    for lang in LANGS:
        made = html("plant", lang)
        assert made.count("示例数据，非官方") >= 2 or made.count("SYNTHETIC") >= 2
        assert 'class="banner"' in made
        assert 'class="watermark"' in made
        assert '@top-right{content:"' in made
        assert t("report.synthetic", lang) in text("plant", lang)
    assert 'class="banner"' not in html("partial")
    assert 'class="watermark"' not in html("partial")
    assert t("report.synthetic", "zh-CN") not in text("partial")


# --- numbers -----------------------------------------------------------------------------------------


@given(st.floats(0.0, 1.0, allow_subnormal=False))
def test_a_share_is_never_rounded_to_all_or_nothing(part: float) -> None:
    said = words.share(part).replace(words.SPACE, "")
    assert (said == "0%") == (part == 0.0)
    assert (said == "100%") == (part >= 1.0 - 1e-12)


@given(st.floats(0.0, 1e13))
def test_a_positive_size_never_reads_as_nothing(size: float) -> None:
    for said in (words.area(size), words.length(size)):
        assert said.startswith("0" + words.SPACE) == (size == 0.0)
        assert "-" not in said


@given(st.floats(0.0, 360.0))
def test_a_bearing_is_one_of_eight_directions(degrees: float) -> None:
    assert words.bearing(degrees, "zh-CN") in ("北", "东北", "东", "东南", "南", "西南", "西", "西北")


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_marking_quotes_loses_no_word_of_the_clause(clause: str, spans: list[tuple[int, int]]) -> None:
    quotes = [clause[slice(*sorted(span))] for span in spans]
    assert "".join(piece for piece, _ in passages(clause, quotes)) == clause


# --- the map -----------------------------------------------------------------------------------------


def numbers(path: str) -> Iterator[tuple[float, float]]:
    """Yield the absolute vertices of a path made by ``frame.path``."""
    for piece in path.split("M")[1:]:
        start, _, steps = piece.rstrip("z").partition("l")
        x, y = map(float, start.split())
        yield x, y
        flat = list(map(float, steps.split()))
        for dx, dy in zip(flat[::2], flat[1::2], strict=True):
            x, y = x + dx, y + dy
            yield x, y


@pytest.mark.parametrize("name", RESULTS)
def test_the_whole_footprint_lies_inside_the_frame_and_can_be_seen(name: str) -> None:
    page = Page(html(name))
    view = next(a for a in page.all("rect") if a.get("class") == "frame")
    left, top = float(view["x"] or 0), float(view["y"] or 0)
    right, bottom = left + float(view["width"] or 0), top + float(view["height"] or 0)
    drawn = [
        a
        for tag, a in page.elements
        if (a.get("class") or "").startswith("part ") and tag in ("path", "circle")
    ]
    drawn = drawn[:-1]  # the last one is the sign in the legend
    assert drawn
    for a in drawn:
        spots = list(numbers(a["d"] or "")) if "d" in a else [(float(a["cx"] or 0), float(a["cy"] or 0))]
        assert spots
        assert all(left <= x <= right and top <= y <= bottom for x, y in spots)


def test_a_small_footprint_is_ringed_and_a_large_one_is_not() -> None:
    assert 'class="part ring"' in html("point")
    assert 'class="part ring"' not in html("plant")


def test_every_piece_of_a_scattered_project_is_drawn() -> None:
    made = html("scattered")
    assert made.count('class="part point"') == 4  # three turbines, and a plot too small for an area
    assert made.count('class="part area"') == 1 + 1  # and the sign in the legend


def test_zones_met_and_zones_around_are_told_apart() -> None:
    made = html("plant")
    assert 'class="priority hit"' in made
    assert 'class="red-line hit"' in made
    assert 'class="key around"' in made
    assert t("report.map.met", "zh-CN") in made
    assert t("report.map.around", "zh-CN") in made


def test_without_the_edition_the_map_shows_the_footprint_only() -> None:
    bare = report.render(RESULTS["plant"], "html").decode("utf-8")
    assert t("report.map.bare", "zh-CN") in bare
    assert 'class="part area"' in bare
    assert 'class="priority hit"' not in bare


def test_an_edition_that_was_not_screened_against_lends_nothing() -> None:
    other = report.render(RESULTS["plant"], "html", edition=PARTIAL)
    assert other == report.render(RESULTS["plant"], "html")


def test_zones_that_are_not_in_force_are_not_drawn() -> None:
    lapsed = tuple(dataclasses.replace(z, valid_to=date(2026, 1, 2)) for z in EDITION.zones["red_line"])
    edition = with_digest(dataclasses.replace(EDITION, zones={**EDITION.zones, "red_line": lapsed}))
    result = screen(RESULTS["plant"].project, edition, AS_OF)
    assert 'class="red-line' not in report.render(result, "html", edition=edition).decode("utf-8")


def test_labels_do_not_cover_each_other_nor_the_footprint() -> None:
    """Measured by a rough width of the text; the raster of the placement is coarser than that."""
    for size in ("wide", "narrow"):
        group = re.search(rf'<g class="labels {size}".*?</g>', html("plant"))
        assert group is not None
        boxes = []
        for font, inner in re.findall(r'<text class="[^"]*" font-size="([\d.]+)">(.*?)</text>', group[0]):
            spots = re.findall(r'<tspan x="([\d.]+)" y="([\d.]+)">([^<]+)', inner)
            half = max(len(line) for _, _, line in spots) * float(font) / 2
            ys = [float(y) for _, y, _ in spots]
            x = float(spots[0][0])
            boxes.append(shapely.box(x - half, min(ys) - float(font) * 0.8, x + half, max(ys)))
        assert len(boxes) >= 3
        assert all(not boxes[i].intersects(boxes[j]) for i in range(len(boxes)) for j in range(i))


@given(
    st.tuples(st.floats(74, 134), st.floats(4, 52)),
    st.tuples(st.floats(1e-5, 12), st.floats(1e-5, 12)),
)
def test_a_frame_holds_what_it_was_made_for(corner: tuple[float, float], size: tuple[float, float]) -> None:
    (west, south), (wide, high) = corner, size
    view = frame.Frame.around((west, south, west + wide, min(south + high, 54.0)))
    assert view.west < west < west + wide < view.east
    assert view.south < south < view.north
    assert frame.HEIGHTS[0] <= view.height <= frame.HEIGHTS[1]
    across = (view.east - view.west) / view.width
    up = (view.north - view.south) / view.height
    assert across > up  # a degree of longitude is shorter, so a unit spans more of it


def test_a_path_keeps_every_vertex_to_a_tenth_of_a_unit() -> None:
    ring = [(0.04, 0.0), (10.26, 3.3), (7.0, 19.99), (-4.44, 8.0), (0.04, 0.0)]
    spots = list(numbers(frame.path(shapely.Polygon(ring))))
    assert [(round(x, 1), round(y, 1)) for x, y in spots] == [
        (0.0, 0.0),
        (10.3, 3.3),
        (7.0, 20.0),
        (-4.4, 8.0),
    ]
    assert frame.path(shapely.Point(1, 1)) == ""


# --- large -------------------------------------------------------------------------------------------


def corridor() -> Screening:
    line = shapely.LineString(
        [
            (94.9, 36.42),
            (96.4, 36.25),
            (98.0, 36.3),
            (98.8, 36.7),
            (99.5, 36.5),
            (100.3, 36.35),
            (101.9, 36.62),
        ]
    )
    part = Part(role="线路", geometry=line)
    return screen(
        project(part, industries=("4420",), facts={"activity": ("输变电线路",)}), demo_edition(), AS_OF
    )


def test_a_corridor_across_the_province_fits_into_one_megabyte() -> None:
    result = corridor()
    assert len(result.findings) > 300
    made = report.render(result, "html", edition=demo_edition())
    assert (
        len(made.partition(b'<template id="sanxian-record"')[0]) < 1_000_000
    )  # the record is a fifth of that
    page = Page(made.decode("utf-8"))
    assert len(page.all("tbody")) > 100


def test_steps_that_do_not_fit_are_left_out_and_said_to_be() -> None:
    result = RESULTS["site"]
    finding = next(f for f in result.findings if f.outcome is Outcome.NEEDS_FACTS and f.rules)
    many = tuple(
        dataclasses.replace(finding, reason_zh=f"{finding.reason_zh} {i}", place_name=f"第{i}处")
        for i in range(900)
    )
    made = report.render(dataclasses.replace(result, findings=many), "html", edition=EDITION)
    assert len(made) < 1_300_000
    assert t("report.clauses.compact", "zh-CN") in made.decode("utf-8")
    assert b"899" in made


def test_a_footprint_of_many_vertices_is_simplified() -> None:
    ring = shapely.Point(100.2, 36.1).buffer(0.05, quad_segs=20_000)
    result = screen(project(ring), EDITION, AS_OF)
    made = report.render(result, "html", edition=EDITION)
    assert len(made.partition(b'<template id="sanxian-record"')[0]) < 200_000  # the record keeps every vertex

"""A quality report as one HTML file, in the look of the other reports; made to be printed on A4.

Self-contained: no script, nothing is loaded. The same report gives the same bytes. The map is symbolic, the
numbers in its circles are those of the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely

import sanxian
from sanxian.edition import Edition
from sanxian.errors import EditionError
from sanxian.i18n import language, t
from sanxian.model import LayerKind, UnitClass, Zone
from sanxian.quality import Balance, Finding, Measure, Move, Place, QualityReport, Severity, Sum
from sanxian.quality.findings import key_of
from sanxian.report import words
from sanxian.report.frame import LEFT, WIDTH, Frame, bounds_of, path, tenth
from sanxian.report.markup import Child, Markup, join, tag
from sanxian.report.page import document, fields, numbered, style, table

PLACES_MAX: Final = 25  # places of a finding in its table and on the map; the rest are counted
ITEMS_MAX: Final = 30
MOVES_MAX: Final = 200
SEEN: Final = 7.0  # units: a place smaller than this gets a sign
_UNITS: Final[dict[str, str]] = {
    UnitClass.PRIORITY: "priority",
    UnitClass.KEY: "key",
    UnitClass.GENERAL: "general",
}
_CSS: Final = {
    Severity.BLOCKING: "NON_COMPLIANT",
    Severity.WARNING: "NEEDS_FACTS",
    Severity.INFO: "NOT_APPLICABLE",
}
_SHEET: Final = """
.map .flaw { fill: var(--c); fill-opacity: .5; stroke: var(--c); stroke-width: 1; }
.map .flaw.line { fill: none; stroke-width: 2; }
.map .pin circle { fill: #fff; stroke: var(--c); stroke-width: 1.6; }
.map .pin text { font-size: 10px; font-weight: 700; fill: var(--c); text-anchor: middle; }
.finding { break-inside: avoid-page; margin-bottom: 26px; }
.finding h3 { margin-bottom: 4px; }
.finding h3 code { color: var(--faint); font-weight: 400; margin-left: .6em; }
.finding .advice { color: var(--soft); }
.finding .advice::before { content: "→ "; }
.figures { white-space: nowrap; }
"""


class _Numbered(NamedTuple):
    """A place with the number it has on the map and in its table."""

    number: int
    severity: Severity
    place: Place


def render(
    report: QualityReport, lang: str, edition: Edition | None = None, *, moves: Sequence[Move] = ()
) -> bytes:
    """Return the report as UTF-8 HTML.

    Parameters
    ----------
    report : QualityReport
    lang : str
        ``zh-CN`` or ``en``.
    edition : Edition, optional
        What was checked; without it there is no map.
    moves : sequence of Move
        What repairs moved before the check.
    """
    page = _Page(report, language(lang), edition, moves)
    return page.html()


class _Page:
    def __init__(
        self, report: QualityReport, lang: str, edition: Edition | None, moves: Sequence[Move]
    ) -> None:
        self.report = report
        self.lang = lang
        self.edition = edition
        self.moves = moves
        self.numbers: dict[int, list[_Numbered]] = {}  # by position of the finding
        number = 0
        for position, found in enumerate(report.findings):
            rows = []
            for place in found.places[:PLACES_MAX]:
                number += 1
                rows.append(_Numbered(number, found.severity, place))
            self.numbers[position] = rows

    def say(self, key: str, /, **fields: object) -> str:
        return t(f"quality.page.{key}", self.lang, **fields)

    def pick(self, zh: str, en: str) -> str:
        return en if self.lang == "en" else zh

    # --- frame

    def html(self) -> bytes:
        report = self.report
        title = f"{report.info.title} · {self.say('title')}"
        sections: list[tuple[str, Child]] = [("map", self.map())] if self.edition is not None else []
        sections.append(("checks", self.findings()))
        sections += [("balance", self.balances())] if report.balances else []
        sections += [("sums", self.sums())] if report.sums else []
        sections += [("moves", self.moved())] if self.moves else []
        sections.append(("notes", self.notes()))
        synthetic = report.info.synthetic
        banner = (
            tag("div", tag("p", self.say("synthetic")), class_="banner", role="note") if synthetic else None
        )
        return document(
            banner,
            tag(
                "div",
                self.masthead(),
                [numbered(i, key, self.say(key), body, self.lang) for i, (key, body) in enumerate(sections)],
                class_="page",
            ),
            tag("footer", tag("span", title), tag("span", self.say("note_disclaimer"))),
            lang=self.lang,
            title=title,
            style=self.style(),
            generator=f"sanxian {sanxian.__version__}",
            synthetic=synthetic,
        )

    def style(self) -> Markup:
        mark = self.say("synthetic_short") if self.report.info.synthetic else ""
        return style("", self.say("page", page="\0", pages="\1"), mark, more=_SHEET)

    def masthead(self) -> Markup:
        report, say = self.report, self.say
        info = report.info
        about = [
            (say("name"), info.id),
            (say("region"), info.region),
            (say("method"), info.area_method),
            (say("status"), say("draft" if report.draft else "edition")),
        ]
        digest: Child = say("not_published") if report.draft else tag("code", words.short_digest(info.digest))
        record = [
            (say("as_of"), report.as_of.isoformat()),
            (say("tolerance"), words.length(report.tolerance_m)),
            (say("digest"), digest),
            (say("engine"), sanxian.__version__),
        ]
        count = len(report.blocking)
        verdict = "blocked" if count else "passed"
        css = "NON_COMPLIANT" if count else "COMPLIANT"
        counts = [
            tag(
                "li",
                tag("span", str(n), class_="n"),
                tag("span", t(f"quality.severity.{severity}", self.lang), class_=f"mark {_CSS[severity]}"),
                class_=None if n else "zero",
            )
            for severity, n in report.counts().items()
        ]
        return tag(
            "header",
            tag("p", say("system"), class_="system"),
            tag("h1", say("title")),
            tag("p", info.title, class_="project-name"),
            tag("div", fields(about), fields(record), class_="meta"),
            tag(
                "section",
                tag("h2", say("conclusion"), class_="unseen"),
                tag(
                    "div",
                    tag("span", say(verdict), class_=f"verdict {css}"),
                    tag("p", say(f"{verdict}_text", count=count), class_="sentence"),
                    class_=f"answer {css}",
                ),
                tag("ul", counts, class_="counts", style="grid-template-columns: repeat(3, 1fr)"),
                class_="conclusion",
            ),
            class_="masthead",
        )

    # --- map

    def map(self) -> Child:
        """Return the region with its units and counties, and a sign for each place."""
        edition = self.edition
        assert edition is not None  # noqa: S101 - the caller asks only then
        pins = [row for rows in self.numbers.values() for row in rows if row.place.geometry is not None]
        try:
            ground = [edition.outline]
        except EditionError:  # without an outline the map shows what there is
            ground = [row.place.geometry for row in pins if row.place.geometry is not None]
        ground = [shape for shape in ground if not shape.is_empty and np.isfinite(shape.bounds).all()]
        if not pins or not ground:
            return tag("p", self.say("none_on_map"))
        frame = Frame.around(bounds_of(ground))
        units = _drawn(frame, _zones(edition, LayerKind.CONTROL_UNIT))
        borders = _drawn(frame, [z for z in _zones(edition, LayerKind.ADMIN) if z.zone_class == "county"])
        flaws = [self.flaw(frame, row) for row in pins]
        total = frame.top + frame.height + 6
        svg = tag(
            "svg",
            tag("title", self.say("map_title"), id="map-title"),
            tag("defs", tag("clipPath", tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height), id="frame")),
            tag(
                "g",
                tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, class_="land"),
                [tag("path", d=d, class_=f"{_UNITS.get(z.zone_class, 'unit')} around") for z, d in units],
                [tag("path", d=d, class_="border county") for _, d in borders],
                flaws,
                clip_path="url(#frame)",
            ),
            tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, class_="frame"),
            viewBox=f"0 0 {LEFT + WIDTH + 2:g} {total:g}",
            class_="map",
            role="img",
            aria_labelledby="map-title",
        )  # fmt: skip
        return tag(
            "figure",
            tag("div", svg, class_="sheet"),
            tag("figcaption", self.say("map_caption", most=PLACES_MAX)),
            class_="flat",
        )

    def flaw(self, frame: Frame, row: _Numbered) -> Child:
        """Return the shape of a place, where it can be seen, and its number."""
        shape = row.place.geometry
        assert shape is not None  # noqa: S101 - only those are drawn
        css = _CSS[row.severity]
        drawn = frame.draw([shape])[0]
        west, south, east, north = shape.bounds
        (x, y), (x1, y1), (x2, y2) = frame.xy(
            np.array([[(west + east) / 2, (south + north) / 2], [west, north], [east, south]])
        ).tolist()
        big = max(x2 - x1, y2 - y1) >= SEEN and not drawn.is_empty
        kind = "line" if shapely.get_dimensions(shape) == 1 else "area"
        pin = tag(
            "g",
            tag("circle", cx=tenth(x), cy=tenth(y), r=8),
            tag("text", str(row.number), x=tenth(x), y=tenth(y + 3.5)),
            class_=f"pin {css}",
        )
        return join(tag("path", d=path(drawn), class_=f"flaw {kind} {css}") if big else None, pin)

    # --- findings

    def findings(self) -> Child:
        if not self.report.findings:
            return tag("p", self.say("nothing"))
        return [self.finding(position, found) for position, found in enumerate(self.report.findings)]

    def finding(self, position: int, found: Finding) -> Markup:
        layer = self.report.titles.get(found.layer, found.layer)
        items = self.pick("、", ", ").join(found.items[:ITEMS_MAX])
        if len(found.items) > ITEMS_MAX:
            items = f"{items} {self.say('more_items', count=len(found.items))}"
        return tag(
            "div",
            tag(
                "h3",
                tag(
                    "span",
                    t(f"quality.severity.{found.severity}", self.lang),
                    class_=f"mark {_CSS[found.severity]}",
                ),
                " ",
                t(f"quality.check.{key_of(found.check)}.title", self.lang),
                tag("code", found.check),
            ),
            tag("p", self.say("of_layer", layer=f"{layer} ({found.layer})"), class_="faint")
            if found.layer
            else None,
            tag("p", found.text(self.lang)),
            tag("p", found.advice(self.lang), class_="advice"),
            self.places(position, found) if found.places else tag("p", items, class_="faint"),
            class_="finding",
            id=f"f{position + 1}",
        )

    def places(self, position: int, found: Finding) -> Markup:
        rows = [
            (
                str(row.number),
                self.pick("、", ", ").join(row.place.items),
                self.pick(row.place.zh, row.place.en),
                _value(row.place.area_m2, words.area),
                _span(row.place.area_m2, words.area),
                _value(row.place.width_m, words.length),
                _span(row.place.width_m, words.length),
                "" if row.place.length_m is None else words.length(row.place.length_m),
                _where(row.place),
            )
            for row in self.numbers[position]
        ]
        columns = [
            (self.say("number"), "number"), (self.say("items"), "name"), (self.say("what"), ""),
            (self.say("area"), "number"), (self.say("area_bounds"), "number"), (self.say("width"), "number"),
            (self.say("width_bounds"), "number"), (self.say("length"), "number"), (self.say("where"), ""),
        ]  # fmt: skip
        rest = len(found.places) - len(rows)
        return join(
            table("", columns, rows),
            tag("p", self.say("more", count=rest), class_="faint") if rest > 0 else None,
        )

    # --- tables

    def balances(self) -> Markup:
        def row(b: Balance) -> tuple[Child, ...]:
            known = b.region_m2 is not None
            return (
                self.report.titles.get(b.layer, b.layer), f"{b.zones:,}", words.fixed(b.zones_m2, 1),
                words.fixed(b.overlaps_m2, 1), words.fixed(b.outside_m2, 1), words.fixed(b.gaps_m2, 1),
                words.fixed(b.region_m2 or 0.0, 1) if known else "–", f"{b.residue:.0e}" if known else "–",
                f"{b.edges:,}", f"{b.unmatched:,}",
            )  # fmt: skip

        names = (
            "zones",
            "zones_sum",
            "overlaps",
            "outside",
            "gaps",
            "region_area",
            "residue",
            "edges",
            "unmatched",
        )
        columns = [(self.say("layer"), "name"), *((self.say(name), "number") for name in names)]
        return table(self.say("balance_caption"), columns, [row(b) for b in self.report.balances])

    def sums(self) -> Markup:
        def row(s: Sum) -> tuple[Child, ...]:
            decimals = 0 if s.what == "count" else 1
            what = " ".join(
                x for x in (self.report.titles.get(s.layer, s.layer), s.region, s.zone_class) if x
            )
            figures = (s.published, s.measured, s.measured - s.published, s.tolerance)
            return (
                what,
                *(words.fixed(value, decimals) for value in figures),
                self.say("yes" if s.agrees else "no"),
                s.source,
            )

        numbers = ("published", "measured", "difference", "allowed")
        columns = [
            (self.say("what"), "name"),
            *((self.say(name), "number") for name in numbers),
            (self.say("agrees"), ""),
            (self.say("source"), ""),
        ]
        return table(self.say("sums_caption"), columns, [row(s) for s in self.report.sums])

    def moved(self) -> Markup:
        sums: dict[tuple[str, str, str, str], list[float]] = {}
        for move in self.moves:
            key = (move.repair, move.layer, move.from_zone, move.to_zone)
            total = sums.setdefault(key, [0.0, 0.0, 0.0])
            for i, value in enumerate((move.area_m2, move.loses_m2, move.gains_m2)):
                total[i] += value
        largest = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
        nobody = self.say("nobody")
        rows = [
            (
                repair,
                self.report.titles.get(layer, layer),
                before or nobody,
                after or nobody,
                *map(words.area, total),
            )
            for (repair, layer, before, after), total in largest[:MOVES_MAX]
        ]
        columns = [
            (self.say("repair"), "code"), (self.say("layer"), ""), (self.say("from_zone"), "name"),
            (self.say("to_zone"), "name"), (self.say("moved"), "number"), (self.say("loses"), "number"),
            (self.say("gains"), "number"),
        ]  # fmt: skip
        rest = len(largest) - len(rows)
        more = tag("p", self.say("more", count=rest), class_="faint") if rest > 0 else None
        return join(table(self.say("moves_caption"), columns, rows), more)

    def notes(self) -> Markup:
        looked = self.say("note_looked", **{key: f"{n:,}" for key, n in self.report.ran.items()})
        lines = [
            self.say("note_edges"),
            self.say("note_bounds"),
            self.say("note_width"),
            looked,
            self.say("note_disclaimer"),
        ]
        return tag("ul", [tag("li", line) for line in lines])


# --- pieces ------------------------------------------------------------------------------------------


def _value(measure: Measure | None, word: Callable[[float], str]) -> str:
    return "" if measure is None else word(measure.value)


def _span(measure: Measure | None, word: Callable[[float], str]) -> str:
    if measure is None or measure.low == measure.high:
        return ""
    return f"{word(measure.low)} – {word(measure.high)}"


def _where(place: Place) -> str:
    if place.geometry is None or place.geometry.is_empty:
        return ""
    west, south, east, north = place.geometry.bounds
    return f"{(west + east) / 2:.6f}, {(south + north) / 2:.6f}"


def _zones(edition: Edition, kind: LayerKind) -> Iterator[Zone]:
    for layer in edition.layers:
        if layer.kind is kind:
            for zone in edition.zones.get(layer.id, ()):
                shape = zone.geometry
                if shape.is_valid and shapely.get_dimensions(shape) == 2:
                    yield zone


def _drawn(frame: Frame, zones: Iterable[Zone]) -> list[tuple[Zone, str]]:
    zones = list(zones)
    shapes = frame.draw([zone.geometry for zone in zones])
    return [(zone, path(shape)) for zone, shape in zip(zones, shapes, strict=True) if not shape.is_empty]

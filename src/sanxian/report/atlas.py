"""The sheets of a report: maps that stand alone, for PDF, Word and whoever wants a picture.

:func:`sheets` makes an overview, then a map a theme (control units, ecology, water, air, soil, resources, sea, parks
and receptors), each with what is *hit* and what lies *around* told apart in the legend; a long line gets an index and
sheets along its way. Every value is an attribute of its element and every name of a hatch starts with the key of its
sheet, so a sheet needs no style sheet and several sheets share a document.

A sheet is in units of a quarter millimetre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sanxian.i18n import t
from sanxian.report import corridor, furniture, labels, legend, signs
from sanxian.report import map as maps
from sanxian.report.atlas_panel import Panel, footnotes, heading
from sanxian.report.atlas_panel import below as panel_below
from sanxian.report.content import Content, shortened
from sanxian.report.frame import Bounds, Frame, bounds_of, tenth
from sanxian.report.legend import Entry
from sanxian.report.markup import Child, Markup, join, tag
from sanxian.report.signs import Inline, Pen
from sanxian.report.view import THEMES, UNDER, Drawn, View

UNIT_MM: Final = 0.25
UPRIGHT: Final = 680.0  # units wide: 170 mm, the text of an A4 page
ACROSS: Final = 988.0  # 247 mm, of a page across
HEIGHTS: Final = (400.0, 470.0)  # of the map of the overview
HEIGHTS_THEME: Final = (315.0, 315.0)  # two sheets with short legends share an A4 page
HEIGHTS_ACROSS: Final = (390.0, 390.0)
MARGIN_LEFT, MARGIN_RIGHT, GAP, TOP = 26.0, 1.0, 12.0, 34.0
PANEL: Final = 176.0
LEGEND_BELOW, LEGEND_BELOW_ACROSS = 330.0, 140.0  # of a legend that continues below the map, at most
AROUND_M: Final = 5000.0  # land shown around a small footprint
FONT: Final = 10.0
LABELS_MAX: Final = 30
DRAWN_MAX: Final = 3000  # zones of a sheet; the largest around, and all that are met before them
BYTES_MAX: Final = 280_000  # of a sheet; larger ones are drawn again, coarser
COARSENESS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One map, complete with title, legend, scale and sources."""

    key: str  # "overview", a theme, "index" or "way-1" …
    title: str
    alt: str  # what it shows, for those who do not see it
    svg: Markup
    width_mm: float
    height_mm: float
    landscape: bool
    hit: tuple[Entry, ...]  # what the legend says of the zones met
    around: tuple[Entry, ...]
    more: int  # zones met that the legend has no room for


def sheets(content: Content) -> tuple[Sheet, ...]:
    """Return the maps of a screening, the overview first.

    Without the edition there is the overview alone, showing the footprint. The same screening gives the same bytes.
    A theme has a sheet where a layer of the edition has zones near the project.
    """
    bounds = bounds_of([part.geometry for part in content.result.project.parts])
    made = [_sheet(View(content, _frame(bounds, HEIGHTS)), "overview")]
    if content.edition is None:
        return tuple(made)
    view = View(content, _frame(bounds, HEIGHTS_THEME))
    made += [_sheet(view, key) for key in THEMES if view.theme(key)]
    tiles = corridor.tiles(content.result.project.parts, _aspect())
    if tiles:
        frames = [_frame(tile, HEIGHTS_ACROSS) for tile in tiles]
        whole = View(content, _frame(_hull([*tiles]), HEIGHTS_ACROSS))
        made.append(_sheet(whole, "index", tiles=frames))
        made += [
            _sheet(View(content, part), f"way-{i}", number=i, total=len(frames))
            for i, part in enumerate(frames, start=1)
        ]
    return tuple(made)


def _frame(bounds: Bounds, heights: tuple[float, float]) -> Frame:
    across = heights == HEIGHTS_ACROSS
    total = ACROSS if across else UPRIGHT
    return Frame.around(
        bounds,
        width=total - MARGIN_LEFT - GAP - PANEL - MARGIN_RIGHT,
        heights=heights,
        left=MARGIN_LEFT,
        top=TOP,
        around_m=1000.0 if across else AROUND_M,
    )


def _aspect() -> float:
    return (ACROSS - MARGIN_LEFT - GAP - PANEL - MARGIN_RIGHT) / HEIGHTS_ACROSS[0]


def _hull(bounds: Sequence[Bounds]) -> Bounds:
    west, south, east, north = zip(*bounds, strict=True)
    return min(west), min(south), max(east), max(north)


# --- one sheet -------------------------------------------------------------------------------


def _sheet(view: View, key: str, *, tiles: Sequence[Frame] = (), number: int = 0, total: int = 0) -> Sheet:
    """Return one sheet, drawn coarser until it is small enough."""
    made = _Maker(view, key, tiles, number, total).sheet()
    for coarseness in COARSENESS[1:]:
        if len(made.svg.encode("utf-8")) <= BYTES_MAX:
            break
        coarse = View(view.content, view.frame, coarseness)
        made = _Maker(coarse, key, tiles, number, total).sheet()
    return made


class _Maker:
    """The parts of one sheet."""

    def __init__(self, view: View, key: str, tiles: Sequence[Frame], number: int, total: int) -> None:
        self.view, self.key, self.tiles, self.number, self.total = view, key, tiles, number, total
        self.content = view.content
        self.prefix = f"sheet-{key}-"
        self.pen: Pen = Inline(self.prefix)
        composite = key not in THEMES
        self.zones = view.overview() if composite else view.theme(key)
        self.met = legend.met_in_order(self.zones)
        self.ground = [] if composite or key == "water" else view.waters()

    def say(self, key: str, **fields: object) -> str:
        return t(f"atlas.{key}", self.content.lang, **fields)

    @property
    def title(self) -> str:
        kind = "way" if self.number else self.key
        if kind == "other":
            titles = dict.fromkeys(self.content.layer_title(z.layer.id) for z in self.zones)
            return shortened(self.content.joint(titles), 24)
        return self.say(f"title.{kind}", number=self.number, total=self.total)

    def sheet(self) -> Sheet:
        content, frame = self.content, self.view.frame
        across = frame.width > UPRIGHT
        width = ACROSS if across else UPRIGHT
        below = TOP + frame.height + furniture.HEIGHT
        panel = Panel(
            content, self.view, self.zones, self.met, self.pen, left=frame.left + frame.width + GAP, top=TOP,
            width=PANEL, height=frame.height + 20.0,
        )  # fmt: skip
        numbers = {(z.layer.id, z.zone.code): i for i, z in enumerate(self.met, start=1)}
        room = LEGEND_BELOW_ACROSS if across else LEGEND_BELOW
        further, tall, shown = panel_below(
            content,
            panel.left_out,
            self.pen,
            left=frame.left,
            top=below + 2.0,
            width=width - frame.left - 1.0,
            room=room,
        )
        notes, height = footnotes(
            content, self.zones, left=frame.left, top=below + 4.0 + tall, width=width - frame.left
        )
        body = join(
            heading(self.title, maps.project_name(content), self._mark(), width=width),
            self._map(numbers),
            panel.svg,
            further,
            notes,
        )
        listed = (*panel.shown, *panel.left_out[:shown])
        total = round(below + 4.0 + tall + height, 1)
        svg = tag(
            "svg",
            tag("title", f"{self.title} · {maps.project_name(content)}"),
            tag(
                "defs",
                tag("clipPath", maps.rectangle(frame), id=f"{self.prefix}frame"),
                signs.used(body, self.prefix),
            ),
            tag("rect", width=f"{width:g}", height=f"{total:g}", fill="#fff"),
            body,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:g} {total:g}",
            width=f"{width * UNIT_MM:g}mm",
            height=f"{total * UNIT_MM:g}mm",
            font_family=signs.FONTS,
            fill_rule="evenodd",
            stroke_linejoin="round",
        )
        return Sheet(
            key=self.key,
            title=self.title,
            alt=self._alt(),
            svg=svg,
            width_mm=width * UNIT_MM,
            height_mm=total * UNIT_MM,
            landscape=across,
            hit=tuple(entry for entry in listed if entry.hit),
            around=tuple(entry for entry in listed if not entry.hit),
            more=sum(entry.hit for entry in panel.left_out[shown:]),
        )

    def _mark(self) -> str:
        return self.say("synthetic") if self.content.result.edition.synthetic else ""

    def _alt(self) -> str:
        content = self.content
        if content.edition is None:
            return content.say("map.description_bare")
        named = content.joint(dict.fromkeys(f"{z.zone.name} {z.zone.code}" for z in self.met))
        return self.say(
            "alt", title=self.title, hit=named or content.say("none"), around=len(self.zones) - len(self.met)
        )

    # --- the map ---------------------------------------------------------------------------------

    def _map(self, numbers: dict[tuple[str, str], int]) -> Markup:
        view, pen, frame = self.view, self.pen, self.view.frame
        named = () if self.tiles else self.zones  # an index names places only
        wanted = list(maps.wanted_labels(view, named, numbers))[:LABELS_MAX]
        clear = maps.keep_clear(view)
        return join(
            tag(
                "g",
                maps.rectangle(frame, pen("land")),
                maps.outline(view, pen),
                self._by_sign([*self.ground, *self._drawable()]),
                maps.borders(view, pen),
                self._tiles(),
                maps.watermark(self.content, frame, pen, size=frame.width / 13.0),
                maps.footprint(view, pen),
                tag("g", labels.place(wanted, frame, FONT, clear, pen), **pen("labels")),
                clip_path=f"url(#{self.prefix}frame)",
            ),
            maps.rectangle(frame, pen("frame")),
            furniture.graticule(frame, pen, crosses=True),
            furniture.scale_and_north(
                frame,
                TOP + frame.height + furniture.HEIGHT,
                projection=self.content.say("map.projection"),
                north=self.content.say("map.north"),
                pen=pen,
            ),
        )

    def _drawable(self) -> list[Drawn]:
        """Return the zones to draw, in order; of very many the largest."""
        most = int(DRAWN_MAX / self.view.coarseness)
        if len(self.zones) <= most:
            return self.zones
        ranked = sorted(
            range(len(self.zones)), key=lambda i: (not self.zones[i].hit, -self.zones[i].shape.area, i)
        )
        return [self.zones[i] for i in sorted(ranked[:most])]

    def _by_sign(self, zones: Sequence[Drawn]) -> list[Child]:
        """Return zones in order, those of one sign in one group that carries its values once."""
        under = [z for z in zones if z.style in UNDER]
        return [
            *maps.grouped(under, self.pen, f"{self.prefix}z"),
            *maps.grouped([z for z in zones if z.style not in UNDER], self.pen, f"{self.prefix}o"),
        ]

    def _tiles(self) -> Child:
        """Return where the sheets along the way lie."""
        made: list[Markup] = []
        for i, tile in enumerate(self.tiles, start=1):
            corners = self.view.frame.xy(np.array([[tile.west, tile.north], [tile.east, tile.south]]))
            (x0, y0), (x1, y1) = corners.tolist()
            made.append(
                tag(
                    "path",
                    d=f"M{tenth(x0)} {tenth(y0)}H{tenth(x1)}V{tenth(y1)}H{tenth(x0)}z",
                    **self.pen("tile"),
                )
            )
            made.append(
                tag(
                    "text",
                    str(i),
                    x=tenth(x0 + 5),
                    y=tenth(y0 + 13),
                    font_size=11,
                    font_weight=700,
                    fill="#a3201c",
                )
            )
        return made

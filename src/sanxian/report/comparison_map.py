"""The map of a difference: the zones of the new edition as lines, the land that changed hands in colour.

For control units colour tells the direction: to a stricter class, to a looser one, or within one class. What is too
small to see has a ring around it. Numbers are those of the table of transfers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

import numpy as np
import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from sanxian.comparison import LayerDifference, Transfer
from sanxian.edition import Edition
from sanxian.errors import EditionIncomplete
from sanxian.model import UnitClass, Zone
from sanxian.report import furniture
from sanxian.report.frame import LEFT, WIDTH, Frame, bounds_of, path, tenth
from sanxian.report.markup import Markup, tag

DRAWN_MAX: Final = 2_000  # transfers drawn, the largest first
NUMBERED_MAX: Final = 20
SMALLEST: Final = 5.0  # units: a patch smaller than this gets a ring
RING: Final = 8.0
APART: Final = 15.0  # units between two numbers, at least
STYLES: Final = ("stricter", "looser", "moved", "came", "went")
_RANK: Final = {UnitClass.GENERAL: 0, UnitClass.KEY: 1, UnitClass.PRIORITY: 2}

CSS: Final = """
.map .here { fill: #fdfdfb; stroke: #9aa3a8; stroke-width: .6; }
.map .moved { fill: #0b5488; fill-opacity: .5; stroke: #0b5488; stroke-width: .8; }
.map .stricter { fill: #17644a; fill-opacity: .6; stroke: #0d4a34; stroke-width: .8; }
.map .looser { fill: url(#looser); stroke: #a3201c; stroke-width: 1; }
.map .came { fill: #17644a; fill-opacity: .6; stroke: #0d4a34; stroke-width: .8; }
.map .went { fill: url(#looser); stroke: #a3201c; stroke-width: 1; }
.looser-ground { fill: #a3201c; fill-opacity: .18; }
.looser-line { fill: #a3201c; fill-opacity: .85; }
.map .spot { fill: none; stroke: #16191b; stroke-width: 1.4; }
.map .number { font-size: 11px; font-weight: 700; text-anchor: middle; fill: #16191b; paint-order: stroke; stroke: #fff;
  stroke-width: 3px; stroke-linejoin: round; }
.masthead .meta + .sentence { margin-top: 18px; }
.figure + .figure { margin-top: 26px; }
.figure .beside { display: block; }
.figure .legend:not(.around) ul { columns: auto; display: flex; flex-wrap: wrap; gap: 4px 28px; }
"""


def by_size(transfers: Iterable[Transfer]) -> list[Transfer]:
    """Return transfers, the largest first."""
    return sorted(transfers, key=lambda x: (-x.area_m2, x.old, x.new))


def figure(
    layer: LayerDifference,
    new: Edition | None,
    say: Callable[..., str],
    *,
    title: str,
    size: str,
    synthetic: bool,
    direction: bool,
) -> Markup:
    """Return map, legend and caption of one layer with transfers.

    Parameters
    ----------
    layer : LayerDifference
    new : Edition or None
        Gives the zones around; without it only what changed is drawn.
    say : callable
        Looks a text up.
    title, size : str
        Of the layer, and how much land changed hands.
    synthetic : bool
        Whether a watermark has to say so.
    direction : bool
        Whether classes of control units give the colours.
    """
    ordered = by_size(layer.transfers)[:DRAWN_MAX]
    frame = Frame.around(bounds_of([x.shape for x in ordered]))
    styles = _styles(layer, ordered) if direction else [_plain_style(x) for x in ordered]
    name = layer.layer
    total = frame.top + frame.height + furniture.HEIGHT
    drawn = frame.draw([x.shape for x in ordered])
    rect = {"x": frame.left, "y": frame.top, "width": frame.width, "height": frame.height}
    svg = tag(
        "svg",
        tag("title", say("map_title", title=title), id=f"map-title-{name}"),
        tag("desc", say("map_description"), id=f"map-desc-{name}"),
        tag("defs", tag("clipPath", tag("rect", **rect), id=f"frame-{name}")),
        tag(
            "g",
            tag("rect", **rect, class_="land"),
            [tag("path", d=path(s), class_="outline") for s in _region(new, frame)],
            [tag("path", d=path(s), class_="here") for s in _around(layer, new, frame)],
            [
                tag("path", d=path(shape), class_=css)
                for shape, css in sorted(
                    zip(drawn, styles, strict=True), key=lambda row: STYLES.index(row[1]), reverse=True
                )
                if not shape.is_empty
            ],
            _spots(ordered, frame),
            _watermark(say("watermark"), frame) if synthetic else None,
            _numbers(ordered, frame),
            clip_path=f"url(#frame-{name})",
        ),
        tag("rect", **rect, class_="frame"),
        furniture.graticule(frame),
        furniture.scale_and_north(frame, total, projection=say("projection"), north=say("north")),
        viewBox=f"0 0 {LEFT + WIDTH + 2:g} {total:g}",
        class_="map",
        role="img",
        aria_labelledby=f"map-title-{name} map-desc-{name}",
    )
    entries = [style for style in STYLES if style in styles]
    rows = [
        tag("li", _swatch(entry), tag("span", say(f"legend.{entry}"), class_="label"))
        for entry in [*entries, *(["here"] if new is not None else [])]
    ]
    caption = say("map_caption", title=title, size=size, count=f"{len(layer.transfers):,}")
    return tag(
        "figure",
        tag("div", svg, class_="sheet"),
        tag("div", tag("div", tag("ul", rows), class_="legend"), class_="beside"),
        tag("figcaption", caption),
        class_="figure flat",
    )


def _plain_style(transfer: Transfer) -> str:
    return "came" if not transfer.old else "went" if not transfer.new else "moved"


def _styles(layer: LayerDifference, transfers: Sequence[Transfer]) -> list[str]:
    """Return the direction of each transfer between units: land in no unit is told as such."""
    old = {c.old.code: _rank(c.old) for c in layer.changes if c.old is not None}
    new = {c.new.code: _rank(c.new) for c in layer.changes if c.new is not None}
    made = []
    for x in transfers:
        before, after = old.get(x.old, -1), new.get(x.new, -1)
        if not (x.old and x.new) or before < 0 or after < 0 or before == after:
            made.append(_plain_style(x))
        else:
            made.append("stricter" if after > before else "looser")
    return made


def _rank(zone: Zone) -> int:
    return _RANK[UnitClass(zone.zone_class)] if zone.zone_class in UnitClass.__members__ else -1


def _region(new: Edition | None, frame: Frame) -> list[BaseGeometry]:
    """Return the region in units; nothing when the edition, a draft, has no places."""
    if new is None:
        return []
    with suppress(EditionIncomplete, GEOSException):
        return frame.draw([new.outline])
    return []


def _around(layer: LayerDifference, new: Edition | None, frame: Frame) -> list[BaseGeometry]:
    """Return the zones of the new edition that meet the frame, in units."""
    zones = () if new is None else new.zones.get(layer.layer, ())
    shapes = np.array([zone.geometry for zone in zones], dtype=object)
    if not len(shapes):
        return []
    west, south, east, north = shapely.bounds(shapes).T
    seen = (west <= frame.east) & (east >= frame.west) & (south <= frame.north) & (north >= frame.south)
    drawn = frame.draw(list(shapes[seen]), partition=True)
    return [shape for shape in drawn if not shape.is_empty]


def _middles(transfers: Sequence[Transfer], frame: Frame) -> list[tuple[float, float, bool]]:
    """Return a place inside the largest piece of each transfer in units, and whether the whole is too small to see."""
    made = []
    for x in transfers:
        pieces = shapely.get_parts(x.shape)
        largest = pieces[int(np.argmax(shapely.area(pieces)))]
        inside = shapely.get_coordinates(shapely.point_on_surface(largest))
        west, south, east, north = x.shape.bounds
        corners = frame.xy(np.array([[west, north], [east, south]]))
        small = float(np.abs(corners[1] - corners[0]).max()) < SMALLEST
        ((px, py),) = frame.xy(inside).tolist()
        made.append((px, py, small))
    return made


def _spots(transfers: Sequence[Transfer], frame: Frame) -> list[Markup]:
    taken: set[tuple[int, int]] = set()
    made = []
    for x, y, small in _middles(transfers, frame):
        cell = (round(x / 4), round(y / 4))
        if small and cell not in taken:
            taken.add(cell)
            made.append(tag("circle", cx=tenth(x), cy=tenth(y), r=RING, class_="spot"))
    return made


def _numbers(transfers: Sequence[Transfer], frame: Frame) -> list[Markup]:
    placed: list[tuple[float, float]] = []
    made = []
    for number, (x, y, small) in enumerate(_middles(transfers[:NUMBERED_MAX], frame), start=1):
        at = (x + (RING + 6 if small else 0), y + 4)
        if all(abs(at[0] - a) > APART or abs(at[1] - b) > APART for a, b in placed):
            placed.append(at)
            made.append(tag("text", str(number), x=tenth(at[0]), y=tenth(at[1]), class_="number"))
    return made


def _watermark(text: str, frame: Frame) -> Markup:
    middle = frame.left + frame.width / 2
    y = frame.top + frame.height * 0.55
    turned = f"rotate(-14 {tenth(middle)} {tenth(y)})"
    return tag("g", tag("text", text, x=tenth(middle), y=tenth(y), transform=turned), class_="watermark")


def patterns() -> Markup:
    """Return the hatch of what lost protection, once a page."""
    hatch = tag(
        "pattern",
        tag("rect", width=6, height=6, class_="looser-ground"),
        tag("rect", width=2, height=6, class_="looser-line"),
        id="looser",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return tag("svg", tag("defs", hatch), class_="patterns", width=0, height=0, aria_hidden="true")


def _swatch(style: str) -> Markup:
    sign = tag("path", d="M2 2h24v12H2z", class_=style)
    return tag("svg", sign, viewBox="0 0 28 16", width=28, height=16, class_="map swatch", aria_hidden="true")

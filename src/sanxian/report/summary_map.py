"""The map of a batch: every project by its verdict, on the borders of the region.

A verdict has its own shape, so that it is told apart in grey. Projects too near to be told apart become one sign, that
of the worst of them, with their number; how much is drawn does not grow with the number of projects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sanxian.i18n import t
from sanxian.model import Outcome
from sanxian.report import furniture
from sanxian.report.frame import LEFT, WIDTH, Bounds, Frame, path, tenth
from sanxian.report.markup import Markup, tag
from sanxian.report.outcomes import COLOURS, SHAPES
from sanxian.report.signs import Inline

if TYPE_CHECKING:
    from sanxian.report.summary import Ground

CELL: Final = 17.0  # units: nearer than this, projects become one sign
NUMBERED_MAX: Final = 60  # signs that carry the number of their project
_PREFIX: Final = "sum-"


class Place(NamedTuple):
    """One project on the map; longitude and latitude, EPSG:4490."""

    number: int
    verdict: Outcome
    lon: float
    lat: float


class _Sign(NamedTuple):
    """Projects that share a sign."""

    verdict: Outcome  # the worst
    many: int
    number: int  # of the project with the worst verdict that came first
    x: float
    y: float


def figure(
    places: Iterable[Place],
    bounds: Bounds,
    lang: str,
    *,
    ground: Ground | None,
    synthetic: bool,
    counts: Mapping[str, int],
) -> Markup:
    """Return map, legend and caption.

    Parameters
    ----------
    places : iterable of Place
        Read once.
    bounds : tuple of float
        West, south, east, north of the places.
    lang : str
    ground : Ground, optional
        Borders to draw the places on; without, the ground is bare.
    synthetic : bool
        Whether a watermark has to say so.
    counts : mapping of str to int
        Projects by name of their verdict, for the legend.
    """
    pen = Inline(_PREFIX)
    frame = Frame.around(bounds)
    total = frame.top + frame.height + furniture.HEIGHT
    rect = {"x": frame.left, "y": frame.top, "width": frame.width, "height": frame.height}
    drawn = [] if ground is None else frame.draw([ground.outline])
    borders = [] if ground is None else frame.draw(list(ground.borders), partition=True)
    signs = _signs(places, frame)
    svg = tag(
        "svg",
        tag("title", t("summary.map.title", lang), id="summary-map-title"),
        tag("desc", _described(counts, lang), id="summary-map-desc"),
        tag("defs", tag("clipPath", tag("rect", **rect), id=f"{_PREFIX}frame")),
        tag(
            "g",
            tag("rect", **rect, **pen("land")),
            [tag("path", d=path(s), **pen("outline")) for s in drawn if not s.is_empty],
            [tag("path", d=path(s), **pen("border")) for s in borders if not s.is_empty],
            _watermark(lang, frame, pen) if synthetic else None,
            clip_path=f"url(#{_PREFIX}frame)",
        ),
        tag("rect", **rect, **pen("frame")),
        furniture.graticule(frame, pen),
        tag("g", [_drawn(sign) for sign in signs], [_named(sign) for sign in _with_room(signs)]),
        furniture.scale_and_north(
            frame,
            total,
            projection=t("report.map.projection", lang),
            north=t("report.map.north", lang),
            pen=pen,
        ),
        viewBox=f"0 0 {LEFT + WIDTH + 2:g} {total:g}",
        class_="map",
        role="img",
        aria_labelledby="summary-map-title summary-map-desc",
    )
    rows = [
        tag(
            "li",
            tag(
                "svg",
                _shape(outcome, 14, 8, 14),
                viewBox="0 0 28 16",
                width=28,
                height=16,
                aria_hidden="true",
            ),
            tag("span", t(f"outcome.{outcome.name}", lang), class_="label"),
            tag("span", f"{counts[outcome.name]:,}", class_="note"),
        )
        for outcome in sorted(Outcome, reverse=True)
        if counts.get(outcome.name)
    ]
    joined = any(sign.many > 1 for sign in signs)
    return tag(
        "figure",
        tag("div", svg, class_="sheet"),
        tag("div", tag("div", tag("ul", rows), class_="legend around"), class_="beside"),
        tag("figcaption", t("summary.map.joined" if joined else "summary.map.caption", lang)),
        class_="flat",
    )


def _described(counts: Mapping[str, int], lang: str) -> str:
    said = [
        f"{t(f'outcome.{outcome.name}', lang)} {counts[outcome.name]}"
        for outcome in sorted(Outcome, reverse=True)
        if counts.get(outcome.name)
    ]
    return t("summary.map.description", lang, counts=t("rules.joint", lang).join(said))


def _signs(places: Iterable[Place], frame: Frame) -> list[_Sign]:
    """Return the signs to draw, the worst last so that they lie on top; at most one a cell."""
    cells: dict[tuple[int, int], _Sign] = {}
    for place in places:
        ((x, y),) = frame.xy(np.array([[place.lon, place.lat]])).tolist()
        cell = (int(x // CELL), int(y // CELL))
        before = cells.get(cell)
        if before is None:
            cells[cell] = _Sign(place.verdict, 1, place.number, x, y)
        elif place.verdict > before.verdict:
            cells[cell] = _Sign(place.verdict, before.many + 1, place.number, x, y)
        else:
            cells[cell] = before._replace(many=before.many + 1)
    return sorted(cells.values(), key=lambda sign: (sign.verdict, sign.number))


def _size(sign: _Sign) -> float:
    return 15.0 if sign.many == 1 else 18.0


def _drawn(sign: _Sign) -> Markup:
    return _shape(sign.verdict, sign.x, sign.y, _size(sign))


def _words(sign: _Sign) -> str:
    return f"×{sign.many}" if sign.many > 1 else str(sign.number)


def _with_room(signs: Sequence[_Sign]) -> list[_Sign]:
    """Return the signs with room for words beside them: how many they are, or the number of the project."""
    taken = [(sign.x - 9, sign.y - 8, sign.x + 9, sign.y + 8) for sign in signs]
    made = []
    for sign in reversed(signs):  # the worst first
        if sign.many == 1 and len(signs) > NUMBERED_MAX:
            continue
        left = sign.x + 9
        box = (left, sign.y - 6, left + 3 + 6.6 * len(_words(sign)), sign.y + 6)
        if all(box[2] <= o[0] or o[2] <= box[0] or box[3] <= o[1] or o[3] <= box[1] for o in taken):
            taken.append(box)
            made.append(sign)
    return made


def _named(sign: _Sign) -> Markup:
    return tag(
        "text",
        _words(sign),
        x=tenth(sign.x + _size(sign) / 2 + 2),
        y=tenth(sign.y + 4),
        font_size=11,
        font_weight=600 if sign.many > 1 else 400,
        fill="#16191b",
        stroke="#fff",
        stroke_width=3,
        stroke_linejoin="round",
        paint_order="stroke",
    )


def _shape(outcome: Outcome, x: float, y: float, size: float) -> Markup:
    """Return the shape of an outcome, its middle at a place; on white, so that it stands on any ground."""
    scale = size / 16
    colour = COLOURS[outcome][0]
    drawn = SHAPES[outcome]
    return tag(
        "g",
        tag("path", d=drawn, fill="#fff", stroke="#fff", stroke_width=4),
        tag("path", d=drawn, fill="#fff", stroke=colour, stroke_width=1.9, stroke_linecap="round"),
        transform=f"translate({tenth(x - size / 2)} {tenth(y - size / 2)}) scale({scale:g})",
    )


def _watermark(lang: str, frame: Frame, pen: Inline) -> Markup:
    middle = frame.left + frame.width / 2
    y = frame.top + frame.height * 0.55
    turned = f"rotate(-14 {tenth(middle)} {tenth(y)})"
    text = t("report.map.watermark", lang)
    return tag("text", text, x=tenth(middle), y=tenth(y), transform=turned, **pen("watermark"))

"""The map of a report: one SVG drawing without any picture, font or tile from elsewhere.

:mod:`~sanxian.report.frame` turns longitude and latitude into units, :mod:`~sanxian.report.view` finds what lies in
the frame, :mod:`~sanxian.report.labels` finds room for names, :mod:`~sanxian.report.signs` says how a thing looks.
Here it is drawn, for pages and for the sheets of :mod:`~sanxian.report.atlas` alike: what differs is the pen.
The same screening gives the same drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition
from sanxian.model import LayerKind
from sanxian.report import furniture, labels, legend
from sanxian.report.content import Content
from sanxian.report.frame import LEFT, WIDTH, Frame, bounds_of, path, tenth
from sanxian.report.furniture import graticule, scale_and_north
from sanxian.report.legend import Entry
from sanxian.report.markup import Attribute, Markup, join, tag
from sanxian.report.signs import HATCHED, Pen, classes
from sanxian.report.view import STYLES, UNDER, UNIT_STYLES, Drawn, View

LOCATOR: Final = 230.0
RING: Final = 18.0
LABELLED_ROLES_MAX: Final = 8
FONT, NARROW_FONT = 12.0, 22.0
FLAT: Final = 0.65
LABELS_MAX: Final = 40
LEGEND_MAX: Final = 12
GROUNDS: Final = ("water", "air", "soil", "resource", "sea")  # drawn on a page on request
GROUNDS_MAX: Final = 130_000  # characters of all of them


class Theme(NamedTuple):
    """A ground of the map of a page that is drawn on request, with its legend."""

    key: str
    met: tuple[Entry, ...]
    around: tuple[Entry, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The map, the locator beside it, and what the legend has to name."""

    svg: Markup
    locator: Markup | None
    met: tuple[Entry, ...]
    around: tuple[Entry, ...]
    more: int  # zones met that the legend has no room for
    flat: bool  # much wider than high: the legend goes below
    themes: tuple[Theme, ...]
    layers: tuple[str, ...]  # signs over the ground, what binds most first
    rows: frozenset[str]  # that a zone of the map leads to


# --- the drawing of a page -------------------------------------------------------------------


def draw(content: Content, rows: Mapping[tuple[str, str], str] | None = None) -> Drawing:
    """Return the map of a screening; without the edition it shows the footprint only.

    Parameters
    ----------
    content : Content
    rows : mapping, optional
        From (layer, code) of zones to the names of their rows in the tables of the page; a zone that has one leads
        there.
    """
    frame = Frame.around(bounds_of([part.geometry for part in content.result.project.parts]))
    view = View(content, frame)
    zones = view.overview()
    total = frame.top + frame.height + furniture.HEIGHT
    link = partial(_on_page, content, rows or {})
    themes = _themes(view, link)
    over = [z for z in zones if z.style not in UNIT_STYLES]
    svg = tag(
        "svg",
        tag("title", content.say("map.title", name=project_name(content)), id="map-title"),
        tag("desc", _description(content, zones), id="map-desc"),
        tag("defs", tag("clipPath", rectangle(frame), id="frame")),
        tag(
            "g",
            rectangle(frame, classes("land")),
            tag(
                "g",
                outline(view, classes),
                tag(
                    "g",
                    grouped([z for z in zones if z.style in UNIT_STYLES], classes, "ground-units-", link),
                    data_ground="units",
                ),
                [markup for _, markup, _ in themes],
                [
                    tag("g", grouped(members, classes, "", link), data_layer=style)
                    for style, members in groupby(over, key=lambda z: z.style)
                ],
                borders(view, classes),
                class_="moves",
            ),
            watermark(content, frame, classes),
            tag("g", footprint(view, classes), class_="moves"),
            clip_path="url(#frame)",
        ),
        tag("g", tag("g", page_labels(view, zones), class_="moves"), clip_path="url(#frame)"),
        rectangle(frame, classes("frame")),
        graticule(frame),
        scale_and_north(
            frame, total, projection=content.say("map.projection"), north=content.say("map.north")
        ),
        viewBox=f"0 0 {LEFT + WIDTH + 2:g} {total:g}",
        class_="map",
        role="img",
        aria_labelledby="map-title map-desc",
        data_bounds=" ".join(f"{x:.7f}" for x in (frame.west, frame.south, frame.east, frame.north)),
        data_metres=f"{frame.metres(frame.width):.3f}",
    )
    entries = legend.hits(content, legend.met_in_order(zones))
    return Drawing(
        svg=svg,
        locator=None if content.edition is None else page_locator(content, content.edition, frame),
        met=(legend.footprint(content), *entries[:LEGEND_MAX]),
        around=tuple(legend.around(content, zones)),
        more=max(0, len(entries) - LEGEND_MAX),
        flat=frame.height < FLAT * frame.width,
        themes=tuple(theme for theme, _, _ in themes),
        layers=tuple(sorted({z.style for z in over}, key=legend.rank)),
        rows=frozenset(
            rows[z.layer.id, z.zone.code]
            for z in (*zones, *(z for _, _, members in themes for z in members))
            if rows is not None and (z.layer.id, z.zone.code) in rows
        ),
    )


def _themes(view: View, link: Callable[[Drawn], Markup]) -> list[tuple[Theme, Markup, Sequence[Drawn]]]:
    """Return the grounds a page shows on request, all of them drawn coarser when they would be large."""
    content = view.content
    made: list[tuple[Theme, Markup, Sequence[Drawn]]] = []
    for coarseness in (1.0, 2.0, 4.0, 8.0, 16.0):
        made = []
        coarse = view if coarseness == 1.0 else View(content, view.frame, coarseness)
        for key in GROUNDS:
            zones = [z for z in coarse.theme(key) if z.style in UNDER]
            if zones:
                entries = legend.hits(content, legend.met_in_order(zones))
                theme = Theme(
                    key,
                    tuple(entries[:LEGEND_MAX]),
                    tuple(legend.around(content, zones)),
                    max(0, len(entries) - LEGEND_MAX),
                )
                drawn = tag(
                    "g", grouped(zones, classes, f"ground-{key}-", link), data_ground=key, class_="off"
                )
                made.append((theme, drawn, zones))
        if sum(len(drawn) for _, drawn, _ in made) <= GROUNDS_MAX:
            break
    return made


def _on_page(content: Content, rows: Mapping[tuple[str, str], str], drawn: Drawn) -> Markup:
    """Return a zone that says its name, and leads to its row where it has one."""
    said = " · ".join(
        filter(None, (content.layer_title(drawn.layer.id), drawn.zone.name, content.class_label(drawn.zone)))
    )
    shape = tag("g", tag("title", said), zone_shape(drawn, {}))
    row = rows.get((drawn.layer.id, drawn.zone.code))
    if row is None:
        return shape
    # the legend and the tables lead here by key; the many shapes themselves are for those who point
    return tag("a", shape, href=f"#{row}", id=f"on-{row}", tabindex="-1")


def project_name(content: Content) -> str:
    """Return the name of the project, or the words for none."""
    return content.result.project.name or content.say("unnamed")


def _description(content: Content, zones: Sequence[Drawn]) -> str:
    names = content.joint(
        dict.fromkeys(f"{content.layer_title(z.layer.id)}“{z.zone.name}”" for z in zones if z.hit)
    )
    if content.edition is None:
        return content.say("map.description_bare")
    return content.say("map.description", zones=names or content.say("none"))


# --- pieces of a drawing, by any pen ---------------------------------------------------------


def rectangle(frame: Frame, attributes: Mapping[str, Attribute] | None = None) -> Markup:
    """Return the frame as an element."""
    return tag(
        "rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, **(attributes or {})
    )


def outline(view: View, pen: Pen) -> list[Markup]:
    """Return the region."""
    return [tag("path", d=path(shape), **pen("outline")) for shape in view.outline]


def borders(view: View, pen: Pen) -> list[Markup]:
    """Return the borders of counties and prefectures."""
    return [tag("path", d=path(p.shape), **pen(f"border {p.zone.zone_class}")) for p in view.places]


def zone_shape(drawn: Drawn, attributes: Mapping[str, Attribute]) -> Markup:
    """Return the shape of a zone with attributes made already."""
    if shapely.get_dimensions(drawn.shape) == 0:
        return join(
            *(
                tag("rect", x=tenth(x - 3), y=tenth(y - 3), width=6, height=6, **attributes)
                for x, y in shapely.get_coordinates(drawn.shape)
            )
        )
    return tag("path", d=path(drawn.shape), **attributes)


def grouped(
    zones: Iterable[Drawn],
    pen: Pen,
    prefix: str,
    shape: Callable[[Drawn], Markup] = lambda z: zone_shape(z, {}),
) -> list[Markup]:
    """Return zones in order, those of one sign in one group that carries its values once; hatches over all grounds.

    Parameters
    ----------
    zones : iterable of Drawn
        From the bottom up.
    pen : Pen
    prefix : str
        Of the names of groups that a hatch lies over.
    shape : callable, optional
        Makes the element of a zone; it inherits the values of its group.
    """
    grounds: list[Markup] = []
    hatches: list[Markup] = []
    for number, (names, members) in enumerate(groupby(zones, key=_classes)):
        style = names.partition(" ")[0]
        drawn = tag("g", *map(shape, members), id=f"{prefix}{number}" if style in HATCHED else None)
        grounds.append(tag("g", drawn, **pen(names)))
        if style in HATCHED:
            hatches.append(tag("use", href=f"#{prefix}{number}", **pen(f"{names} over")))
    return [*grounds, *hatches]


def _classes(drawn: Drawn) -> str:
    return f"{drawn.style} {'hit' if drawn.hit else 'around'}"


def footprint(view: View, pen: Pen) -> Markup:
    """Return the parts, each with a white casing so that it shows on any ground."""
    casing: list[Markup] = []
    ink: list[Markup] = []
    for piece in view.pieces:
        dimension = int(shapely.get_dimensions(piece))
        if dimension == 0:
            x, y = map(tenth, shapely.get_coordinates(piece)[0].tolist())
            casing.append(tag("circle", cx=x, cy=y, r=6.5, **pen("casing point")))
            ink.append(tag("circle", cx=x, cy=y, r=4.5, **pen("part point")))
        else:
            kind = "line" if dimension == 1 else "area"
            casing.append(tag("path", d=path(piece), **pen(f"casing {kind}")))
            ink.append(tag("path", d=path(piece), **pen(f"part {kind}")))
    if view.ring is None:
        return join(casing, ink)
    x, y = map(tenth, view.ring)
    ring = [tag("circle", cx=x, cy=y, r=RING, **pen(css)) for css in ("casing ring", "part ring")]
    return join(casing, ink, ring)


def watermark(content: Content, frame: Frame, pen: Pen, size: float = 54.0) -> Markup | None:
    """Return the mark of synthetic data across the map."""
    if not content.result.edition.synthetic:
        return None
    text = content.say("map.watermark")
    middle = frame.left + frame.width / 2
    rows = [frame.top + frame.height * share for share in (0.22, 0.55, 0.88)]
    return tag(
        "g",
        [
            tag(
                "text",
                text,
                x=tenth(middle),
                y=tenth(y),
                transform=f"rotate(-14 {tenth(middle)} {tenth(y)})",
            )
            for y in rows
        ],
        **pen("watermark"),
        font_size=f"{size:g}",
        letter_spacing=f"{size * 0.12:g}",
    )


# --- labels ----------------------------------------------------------------------------------


def page_labels(view: View, zones: Sequence[Drawn]) -> Markup:
    """Return the names twice: for wide screens and paper, and larger for narrow ones."""
    wanted = list(wanted_labels(view, zones))[:LABELS_MAX]
    return join(
        *(
            tag(
                "g",
                labels.place(wanted, view.frame, size, keep_clear(view)),
                class_=f"labels {width}",
                aria_hidden="true",
            )
            for width, size in (("wide", FONT), ("narrow", NARROW_FONT))
        )
    )


def keep_clear(view: View) -> list[BaseGeometry]:
    """Return what no label may cover: the footprint and its ring."""
    if not view.pieces:
        return []
    clear = [shapely.union_all(shapely.buffer(np.array(view.pieces, dtype=object), labels.CELL))]
    if view.ring is not None:
        clear.append(shapely.points(view.ring).buffer(RING + 2.0))
    return clear


def wanted_labels(
    view: View, zones: Sequence[Drawn], numbers: Mapping[tuple[str, str], int] | None = None
) -> Iterator[labels.Label]:
    """Yield labels by importance: parts, what is met, counties, what is around.

    Parameters
    ----------
    view : View
    zones : sequence of Drawn
    numbers : mapping, optional
        From (layer, code) of zones to their numbers in the legend; a number stands before the name, and alone where
        there is no room for both.
    """
    roles: dict[str, list[BaseGeometry]] = {}
    for part, pieces in zip(view.content.result.project.parts, view.footprint, strict=True):
        roles.setdefault(part.role, []).extend(pieces)
    shown = [(role, shapes) for role, shapes in roles.items() if shapes]
    for role, shapes in shown[:LABELLED_ROLES_MAX]:
        near = shapely.union_all(shapely.buffer(np.array(shapes, dtype=object), 30.0))
        yield labels.Label(labels.name_lines(role), "label-part", near)
    overlays = [z for z in zones if z.style not in UNDER]
    under = [z for z in zones if z.style in UNDER]
    for z in [z for z in overlays if z.hit] + [z for z in under if z.hit]:
        number = (numbers or {}).get((z.layer.id, z.zone.code))
        lines = labels.name_lines(z.zone.name)
        if number is not None:
            lines = (f"{number} {lines[0]}", *lines[1:])
        yield labels.Label(
            lines,
            f"label-{z.style}",
            _room(z.shape, view.frame),
            short="" if number is None else str(number),
        )
    for place in sorted(view.places, key=lambda p: (-p.shape.area, p.zone.code)):
        if place.zone.zone_class == "county" and place.shape.area > 600.0:
            yield labels.Label((place.zone.name,), "label-place", _room(place.shape, view.frame), 1.05, 0.25)
    around = [z for z in overlays if not z.hit]
    around.sort(key=lambda z: (-STYLES.index(z.style), -z.shape.area, -z.shape.length, z.zone.code))
    for z in around:
        yield labels.Label(
            labels.name_lines(z.zone.name), f"label-{z.style} around", _room(z.shape, view.frame), 0.9
        )


def _room(shape: BaseGeometry, frame: Frame) -> BaseGeometry:
    """Return where a label of a shape may stand: in an area, along a line, beside a point."""
    dimension = int(shapely.get_dimensions(shape))
    if dimension == 2:
        return shape
    return shapely.intersection(shape, frame.box).buffer(14.0 if dimension == 1 else 22.0)


# --- locator ---------------------------------------------------------------------------------


def page_locator(content: Content, edition: Edition, view: Frame) -> Markup:
    """Return the whole region, small, with the view marked."""
    frame, inner = locator(content, edition, view, LOCATOR, classes)
    title = content.say("map.locator", region=content.result.edition.title)
    return tag(
        "svg",
        tag("title", title, id="locator-title"),
        inner,
        viewBox=f"0 0 {frame.width + 4:g} {frame.height + 4:g}",
        class_="locator map",
        role="img",
        aria_labelledby="locator-title",
    )


def locator(content: Content, edition: Edition, view: Frame, width: float, pen: Pen) -> tuple[Frame, Markup]:
    """Return the whole region some units wide, with the view marked, and the frame it is drawn in."""
    frame = Frame.fitting(bounds_of([edition.outline]), width)
    inner = [
        z.geometry
        for layer in edition.layers
        if layer.kind is LayerKind.ADMIN
        for z in edition.zones[layer.id]
        if z.zone_class == "prefecture"
    ]
    corners = frame.xy(np.array([[view.west, view.north], [view.east, view.south]]))
    (x0, y0), (x1, y1) = np.clip(corners, (2, 2), (2 + frame.width, 2 + frame.height)).tolist()
    small = max(x1 - x0, y1 - y0) < 10
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    marker = (
        join(
            tag("circle", cx=tenth(x), cy=tenth(y), r=8, **pen("locator-ring")),
            tag("circle", cx=tenth(x), cy=tenth(y), r=2.5, **pen("locator-dot")),
        )
        if small
        else tag(
            "rect",
            x=tenth(x0),
            y=tenth(y0),
            width=tenth(x1 - x0),
            height=tenth(y1 - y0),
            **pen("locator-view"),
        )
    )
    lines = [
        part.geometry for part in content.result.project.parts if shapely.get_dimensions(part.geometry) == 1
    ]
    route = [] if small else frame.draw(lines)
    drawn = join(
        [tag("path", d=path(shape), **pen("locator-land")) for shape in frame.draw([edition.outline])],
        [tag("path", d=path(shape), **pen("locator-border")) for shape in frame.draw(inner, partition=True)],
        [tag("path", d=path(shape), **pen("locator-route")) for shape in route],
        marker,
    )
    return frame, drawn

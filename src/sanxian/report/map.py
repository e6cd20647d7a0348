"""The map of a report: one SVG drawing without any picture, font or tile from elsewhere.

``frame`` turns longitude and latitude into units, ``labels`` finds room for names; here is what is drawn and
in which order. The same screening gives the same drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition
from sanxian.model import Layer, LayerKind, Relation, UnitClass, Zone, in_force
from sanxian.report import furniture, labels
from sanxian.report.content import Content
from sanxian.report.frame import LEFT, WIDTH, Frame, bounds_of, path, tenth
from sanxian.report.furniture import graticule, scale_and_north
from sanxian.report.markup import Child, Markup, join, tag

LOCATOR: Final = 230.0
RECEPTORS_M: Final = 60_000.0  # a view wider than this shows only the receptors met
MARKED: Final = 16.0  # units: a footprint smaller than this gets a ring around it
SMALLEST: Final = 4.0  # units: a piece smaller than this is drawn as a point
RING: Final = 18.0
LABELLED_ROLES_MAX: Final = 8
FONT, NARROW_FONT = 12.0, 22.0
FLAT: Final = 0.65
LABELS_MAX: Final = 40
LEGEND_MAX: Final = 12

# What is drawn, from the bottom up. The rest (element zones, blocks) is in the tables.
STYLES: Final = (
    "general",
    "key",
    "priority",
    "unit",
    "lake",
    "eco-space",
    "red-line",
    "protected",
    "source",
    "park",
    "shore",
    "river",
    "receptor",
)
_UNITS: Final = {UnitClass.PRIORITY: "priority", UnitClass.KEY: "key", UnitClass.GENERAL: "general"}
_KINDS: Final = {
    LayerKind.PROTECTED_AREA: "protected",
    LayerKind.WATER_SOURCE: "source",
    LayerKind.PARK: "park",
    LayerKind.SHORELINE: "shore",
    LayerKind.RIVER: "river",
    LayerKind.RECEPTOR: "receptor",
}


class LegendEntry(NamedTuple):
    """One line of the legend."""

    style: str  # one of STYLES, or "part area", "part line", "part point"
    hit: bool
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The map, the locator beside it, and what the legend has to name."""

    svg: Markup
    locator: Markup | None
    met: tuple[LegendEntry, ...]
    around: tuple[LegendEntry, ...]
    more: int  # zones met that the legend has no room for
    flat: bool  # much wider than high: the legend goes below


class Drawn(NamedTuple):
    """One zone in the view."""

    layer: Layer
    zone: Zone
    style: str
    hit: bool
    shape: BaseGeometry  # units


# --- the drawing -----------------------------------------------------------------------------


def draw(content: Content) -> Drawing:
    """Return the map of a screening; without the edition it shows the footprint only."""
    parts = content.result.project.parts
    frame = Frame.around(bounds_of([part.geometry for part in parts]))
    footprint = [_visible(part.geometry, frame) for part in parts]
    met = {(h.layer, h.zone) for h in content.result.hits if h.role == "" and h.relation is Relation.OVERLAP}
    edition = content.edition
    zones = [] if edition is None else list(_zones_in_view(edition, frame, met, content))
    places = [] if edition is None else _places_in_view(edition, frame, content)
    outline = [] if edition is None else frame.draw([edition.outline])
    names = _labels(content, frame, zones, places, footprint)
    total = frame.top + frame.height + furniture.HEIGHT
    svg = tag(
        "svg",
        tag("title", content.say("map.title", name=_name(content)), id="map-title"),
        tag("desc", _description(content, zones), id="map-desc"),
        _definitions(frame),
        tag(
            "g",
            tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, class_="land"),
            [tag("path", d=path(shape), class_="outline") for shape in outline],
            [_zone_path(z) for z in zones],
            [tag("path", d=path(p.shape), class_=f"border {p.zone.zone_class}") for p in places],
            _watermark(content, frame),
            _footprint([piece for pieces in footprint for piece in pieces]),
            clip_path="url(#frame)",
        ),
        names,
        tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, class_="frame"),
        graticule(frame),
        scale_and_north(
            frame, total, projection=content.say("map.projection"), north=content.say("map.north")
        ),
        viewBox=f"0 0 {LEFT + WIDTH + 2:g} {total:g}",
        class_="map",
        role="img",
        aria_labelledby="map-title map-desc",
    )
    entries = _met_entries(content, zones)
    return Drawing(
        svg=svg,
        locator=None if edition is None else _locator(content, edition, frame),
        met=(
            LegendEntry(_footprint_style(content), True, content.say("map.footprint"), content.total_size),
            *entries[:LEGEND_MAX],
        ),
        around=_around_entries(content, zones),
        more=max(0, len(entries) - LEGEND_MAX),
        flat=frame.height < FLAT * frame.width,
    )


def _name(content: Content) -> str:
    return content.result.project.name or content.say("unnamed")


def _description(content: Content, zones: Sequence[Drawn]) -> str:
    names = content.joint(
        dict.fromkeys(f"{content.layer_title(z.layer.id)}“{z.zone.name}”" for z in zones if z.hit)
    )
    if content.edition is None:
        return content.say("map.description_bare")
    return content.say("map.description", zones=names or content.say("none"))


def style_of(layer: Layer, zone: Zone) -> str:
    """Return how a zone is drawn; empty when it is not drawn."""
    if layer.kind is LayerKind.CONTROL_UNIT:
        known = zone.zone_class in UnitClass.__members__
        return _UNITS[UnitClass(zone.zone_class)] if known else "unit"
    if layer.kind is LayerKind.ECOLOGY:
        red = layer.id == "red_line" or "红线" in zone.subtype + zone.zone_class
        return "red-line" if red else "eco-space"
    if layer.kind is LayerKind.OTHER:
        return "lake" if layer.id == "lake" else ""
    return _KINDS.get(layer.kind, "")


def _in_view(zones: Sequence[Zone], frame: Frame) -> list[Zone]:
    """Return the zones whose bounds meet the frame."""
    if not zones:
        return []
    west, south, east, north = shapely.bounds(np.array([z.geometry for z in zones], dtype=object)).T
    seen = (west <= frame.east) & (east >= frame.west) & (south <= frame.north) & (north >= frame.south)
    return [zone for zone, visible in zip(zones, seen.tolist(), strict=True) if visible]


def _zones_in_view(
    edition: Edition, frame: Frame, met: set[tuple[str, str]], content: Content
) -> Iterator[Drawn]:
    """Yield the zones to draw from the bottom up: by style, those around before those met."""
    drawn: list[Drawn] = []
    for layer in edition.layers:
        zones = [
            z
            for z in _in_view(edition.zones[layer.id], frame)
            if style_of(layer, z) and in_force(z.valid_from, z.valid_to, content.result.as_of)
        ]
        shapes = frame.draw([z.geometry for z in zones], partition=layer.partition)
        for zone, shape in zip(zones, shapes, strict=True):
            crowded = style_of(layer, zone) == "receptor" and frame.metres(frame.width) > RECEPTORS_M
            if not shapely.is_empty(shape) and not (crowded and (layer.id, zone.code) not in met):
                hit = (layer.id, zone.code) in met
                drawn.append(Drawn(layer, zone, style_of(layer, zone), hit, shape))
    units = set(STYLES[:4])
    # all units first, so that an overlay met by the project is never under a unit
    drawn.sort(key=lambda z: (z.style not in units, z.style in units and z.hit, STYLES.index(z.style), z.hit))
    yield from drawn


class Place(NamedTuple):
    """A place of the administrative layer in the view."""

    zone: Zone
    shape: BaseGeometry


def _places_in_view(edition: Edition, frame: Frame, content: Content) -> list[Place]:
    places: list[Place] = []
    for layer in edition.layers:
        if layer.kind is LayerKind.ADMIN:
            for level in ("county", "prefecture"):
                zones = [
                    z
                    for z in _in_view(edition.zones[layer.id], frame)
                    if z.zone_class == level and in_force(z.valid_from, z.valid_to, content.result.as_of)
                ]
                shapes = frame.draw([z.geometry for z in zones], partition=True)
                places += [Place(z, s) for z, s in zip(zones, shapes, strict=True) if not shapely.is_empty(s)]
    return places


def _zone_path(drawn: Drawn) -> Markup:
    css = f"{drawn.style} {'hit' if drawn.hit else 'around'}"
    if shapely.get_dimensions(drawn.shape) == 0:
        return join(
            *(
                tag("rect", x=tenth(x - 3), y=tenth(y - 3), width=6, height=6, class_=css)
                for x, y in shapely.get_coordinates(drawn.shape)
            )
        )
    return tag("path", d=path(drawn.shape), class_=css)


def _visible(shape: BaseGeometry, frame: Frame) -> list[BaseGeometry]:
    """Return the pieces of a part in units; what is too small to see becomes a point, one in each place."""
    pieces = shapely.get_parts(shape)
    drawn = frame.draw(list(pieces))
    west, south, east, north = shapely.bounds(pieces).T
    middles = frame.xy(np.column_stack(((west + east) / 2, (south + north) / 2)))
    corners = frame.xy(np.column_stack((west, south))) - frame.xy(np.column_stack((east, north)))
    small = np.abs(corners).max(axis=1) < SMALLEST
    spots = dict.fromkeys((round(x), round(y)) for x, y in middles[small].tolist())
    large = [
        piece for piece, tiny in zip(drawn, small.tolist(), strict=True) if not tiny and not piece.is_empty
    ]
    return [*large, *map(shapely.Point, spots)]


def _footprint(pieces: Sequence[BaseGeometry]) -> Markup:
    """Return the parts, each with a white casing so that it shows on any ground."""
    casing: list[Markup] = []
    ink: list[Markup] = []
    for piece in pieces:
        dimension = int(shapely.get_dimensions(piece))
        if dimension == 0:
            x, y = map(tenth, shapely.get_coordinates(piece)[0].tolist())
            casing.append(tag("circle", cx=x, cy=y, r=6.5, class_="casing point"))
            ink.append(tag("circle", cx=x, cy=y, r=4.5, class_="part point"))
        else:
            kind = "line" if dimension == 1 else "area"
            casing.append(tag("path", d=path(piece), class_=f"casing {kind}"))
            ink.append(tag("path", d=path(piece), class_=f"part {kind}"))
    middle = _ring(pieces)
    if middle is None:
        return join(casing, ink)
    x, y = map(tenth, middle)
    ring = [tag("circle", class_=css, cx=x, cy=y, r=RING) for css in ("casing ring", "part ring")]
    return join(casing, ink, ring)


def _ring(pieces: Sequence[BaseGeometry]) -> tuple[float, float] | None:
    """Return where to put a ring around a footprint that is easily overlooked, else ``None``."""
    west, south, east, north = bounds_of(pieces)
    if max(east - west, north - south) >= MARKED:
        return None
    return (west + east) / 2, (south + north) / 2


def _watermark(content: Content, frame: Frame) -> Markup | None:
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
        class_="watermark",
    )


def _definitions(frame: Frame) -> Markup:
    """Return the clip of the frame; patterns are in :func:`patterns`, shared with the legend."""
    rect = tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height)
    return tag("defs", tag("clipPath", rect, id="frame"))


def patterns() -> Markup:
    """Return the hatches, once a page: crimson for red lines, green for ecological space, dots for protected areas."""

    def hatch(name: str, size: float, angle: float, *marks: Child) -> Markup:
        return tag(
            "pattern",
            *marks,
            id=name,
            width=size,
            height=size,
            patternUnits="userSpaceOnUse",
            patternTransform=f"rotate({angle:g})",
        )

    return tag(
        "svg",
        tag(
            "defs",
            hatch(
                "hatch-red",
                9,
                45,
                tag("rect", width=9, height=9, class_="hatch-red-ground"),
                tag("rect", width=1.4, height=9, class_="hatch-red-line"),
            ),
            hatch("hatch-eco", 9, 135, tag("rect", width=1.1, height=9, class_="hatch-eco-line")),
            hatch(
                "dots",
                11,
                0,
                tag("circle", cx=3, cy=3, r=1.1, class_="dots-dot"),
                tag("circle", cx=8.5, cy=8.5, r=1.1, class_="dots-dot"),
            ),
        ),
        class_="patterns",
        width=0,
        height=0,
        aria_hidden="true",
    )


# --- labels ----------------------------------------------------------------------------------


def _labels(
    content: Content,
    frame: Frame,
    zones: Sequence[Drawn],
    places: Sequence[Place],
    footprint: Sequence[Sequence[BaseGeometry]],
) -> Markup:
    pieces = [piece for shapes in footprint for piece in shapes]
    keep_clear = [shapely.union_all(shapely.buffer(np.array(pieces, dtype=object), labels.CELL))]
    ring = _ring(pieces)
    if ring is not None:
        keep_clear.append(shapely.points(ring).buffer(RING + 2.0))
    wanted = list(_wanted_labels(content, frame, zones, places, footprint))[:LABELS_MAX]
    return join(
        *(
            tag(
                "g",
                labels.place(wanted, frame, size, keep_clear),
                class_=f"labels {width}",
                aria_hidden="true",
            )
            for width, size in (("wide", FONT), ("narrow", NARROW_FONT))
        )
    )


def _wanted_labels(
    content: Content,
    frame: Frame,
    zones: Sequence[Drawn],
    places: Sequence[Place],
    footprint: Sequence[Sequence[BaseGeometry]],
) -> Iterator[labels.Label]:
    """Yield labels by importance: parts, what is met, counties, what is around."""
    parts = content.result.project.parts
    roles: dict[str, list[BaseGeometry]] = {}
    for part, pieces in zip(parts, footprint, strict=True):
        roles.setdefault(part.role, []).extend(pieces)
    for role, shapes in list(roles.items())[:LABELLED_ROLES_MAX]:
        near = shapely.union_all(shapely.buffer(np.array(shapes, dtype=object), 30.0))
        yield labels.Label(labels.name_lines(role), "label-part", near)
    overlays = [z for z in zones if z.style not in STYLES[:4]]
    units = [z for z in zones if z.style in STYLES[:4]]
    for z in [z for z in overlays if z.hit] + [z for z in units if z.hit]:
        yield labels.Label(labels.name_lines(z.zone.name), f"label-{z.style}", _room(z.shape, frame))
    for place in sorted(places, key=lambda p: (-p.shape.area, p.zone.code)):
        if place.zone.zone_class == "county" and place.shape.area > 600.0:
            yield labels.Label((place.zone.name,), "label-place", _room(place.shape, frame), 1.05, 0.25)
    around = [z for z in overlays if not z.hit]
    around.sort(key=lambda z: (-STYLES.index(z.style), -z.shape.area, -z.shape.length, z.zone.code))
    for z in around:
        yield labels.Label(
            labels.name_lines(z.zone.name), f"label-{z.style} around", _room(z.shape, frame), 0.9
        )


def _room(shape: BaseGeometry, frame: Frame) -> BaseGeometry:
    """Return where a label of a shape may stand: in an area, along a line, beside a point."""
    dimension = int(shapely.get_dimensions(shape))
    if dimension == 2:
        return shape
    return shapely.intersection(shape, frame.box).buffer(14.0 if dimension == 1 else 22.0)


# --- locator ---------------------------------------------------------------------------------


def _locator(content: Content, edition: Edition, view: Frame) -> Markup:
    """Return the whole region, small, with the view marked."""
    west, south, east, north = bounds_of([edition.outline])
    frame = Frame.fitting((west, south, east, north), LOCATOR)
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
            tag("circle", cx=tenth(x), cy=tenth(y), r=8, class_="locator-ring"),
            tag("circle", cx=tenth(x), cy=tenth(y), r=2.5, class_="locator-dot"),
        )
        if small
        else tag(
            "rect",
            x=tenth(x0),
            y=tenth(y0),
            width=tenth(x1 - x0),
            height=tenth(y1 - y0),
            class_="locator-view",
        )
    )
    lines = [
        part.geometry for part in content.result.project.parts if shapely.get_dimensions(part.geometry) == 1
    ]
    route = [] if small else frame.draw(lines)
    title = content.say("map.locator", region=content.result.edition.title)
    return tag(
        "svg",
        tag("title", title, id="locator-title"),
        [tag("path", d=path(shape), class_="locator-land") for shape in frame.draw([edition.outline])],
        [tag("path", d=path(shape), class_="locator-border") for shape in frame.draw(inner, partition=True)],
        [tag("path", d=path(shape), class_="locator-route") for shape in route],
        marker,
        viewBox=f"0 0 {frame.width + 4:g} {frame.height + 4:g}",
        class_="locator",
        role="img",
        aria_labelledby="locator-title",
    )


# --- legend ----------------------------------------------------------------------------------


def _met_entries(content: Content, zones: Iterable[Drawn]) -> list[LegendEntry]:
    """Return an entry for each zone met, what binds most on top."""
    sizes = {(row.hit.layer, row.hit.zone): row.measure for row in content.met}
    shown = sorted((z for z in zones if z.hit), key=lambda z: (_legend_rank(z.style), z.zone.code))
    return [LegendEntry(z.style, True, z.zone.name, sizes.get((z.layer.id, z.zone.code), "")) for z in shown]


def _footprint_style(content: Content) -> str:
    result = content.result
    return "part area" if result.area_m2 else "part line" if result.length_m else "part point"


def _around_entries(content: Content, zones: Iterable[Drawn]) -> tuple[LegendEntry, ...]:
    """Return an entry for each style around the project, with the number of zones."""
    counts: dict[str, int] = {}
    for z in zones:
        if not z.hit:
            counts[z.style] = counts.get(z.style, 0) + 1
    return tuple(
        LegendEntry(style, False, content.say(f"style.{style}"), str(counts[style]))
        for style in sorted(counts, key=_legend_rank)
    )


_LEGEND_ORDER: Final = (
    "red-line",
    "protected",
    "source",
    "eco-space",
    "priority",
    "key",
    "general",
    "unit",
    "park",
    "river",
    "lake",
    "shore",
    "receptor",
)


def _legend_rank(style: str) -> int:
    return _LEGEND_ORDER.index(style)


def swatch(entry: LegendEntry) -> Markup:
    """Return the sign of a legend entry, drawn in the same styles as the map."""
    css = f"{entry.style} {'hit' if entry.hit else 'around'}"
    if entry.style == "part area":
        sign = tag("path", d="M3 3h22v10H3z", class_=entry.style)
    elif entry.style == "part line":
        sign = tag("path", d="M3 12L11 5L17 10L25 4", class_=entry.style)
    elif entry.style == "part point":
        sign = tag("circle", cx=14, cy=8, r=4.5, class_=entry.style)
    elif entry.style in ("river", "shore"):
        sign = tag("path", d="M1 11c8-9 14 5 26-5", class_=css)
    elif entry.style == "receptor":
        sign = tag("rect", x=10, y=5, width=7, height=7, class_=css)
    else:
        sign = tag("path", d="M2 2h24v12H2z", class_=css)
    return tag("svg", sign, viewBox="0 0 28 16", width=28, height=16, class_="map swatch", aria_hidden="true")

"""The map of a report: one SVG drawing without any picture, font or tile from elsewhere.

The drawing is in *units* of the SVG (y down). Longitude and latitude become units by an equirectangular
projection, longitude shrunk by the cosine of the middle latitude: shapes look right anywhere in a view,
and the scale bar holds at its middle latitude. Geometry is clipped to the view and simplified below what
the eye can see; neighbours of a partition are simplified together, so no gaps open between them.

Labels are placed twice, for wide and for narrow screens, greedily by importance on a raster of what is
still free. Nothing depends on chance or time: the same screening gives the same drawing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry
from sanxian.edition import Edition, in_force
from sanxian.model import Layer, LayerKind, Relation, UnitClass, Zone
from sanxian.report import words
from sanxian.report.content import Content
from sanxian.report.markup import Child, Markup, join, tag

Bounds: TypeAlias = tuple[float, float, float, float]

LEFT, TOP, WIDTH = 26.0, 2.0, 732.0  # the frame of the map inside the drawing, in units
HEIGHTS: Final = (400.0, 580.0)
FURNITURE: Final = 52.0  # below the frame: longitudes, then scale bar and north arrow
LOCATOR: Final = 230.0
AROUND_M: Final = 3000.0  # land shown around a footprint, at least
AROUND_SHARE: Final = 0.09  # … and as a share of its size
DEGREE_M: Final = 111_000.0
TOLERANCE: Final = 0.45  # units: below what can be seen
RECEPTORS_M: Final = 60_000.0  # a view wider than this shows only the receptors met
MARKED: Final = 16.0  # a footprint smaller than this gets a ring around it
CELL: Final = 6.0  # raster of the label placement
FONT, NARROW_FONT = 12.0, 22.0
FLAT: Final = 0.65
LABELS_MAX: Final = 40
LEGEND_MAX: Final = 12

# What is drawn, from the bottom up. The rest (element zones, blocks) is in the tables.
STYLES: Final = (
    "general", "key", "priority", "unit", "lake", "eco-space", "red-line", "protected", "source", "park", "shore",
    "river", "receptor",
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

    style: str  # one of STYLES, or "part"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """From longitude and latitude to units."""

    west: float
    north: float
    east: float
    south: float
    width: float
    height: float
    left: float = LEFT
    top: float = TOP

    @classmethod
    def around(cls, bounds: Bounds) -> Frame:
        """Return a frame that shows ``bounds`` with some land around it."""
        west, south, east, north = bounds
        middle = (south + north) / 2
        shrink = max(0.05, math.cos(math.radians(middle)))
        wide, high = (east - west) * shrink, north - south
        pad = 2 * max(AROUND_M / DEGREE_M, AROUND_SHARE * max(wide, high))
        wide, high = wide + pad, high + pad
        height = min(max(WIDTH * high / wide, HEIGHTS[0]), HEIGHTS[1])
        scale = max(wide / WIDTH, high / height)  # degrees of latitude a unit
        half_w, half_h = scale * WIDTH / 2 / shrink, scale * height / 2
        centre = (west + east) / 2
        return cls(west=centre - half_w, east=centre + half_w, south=middle - half_h, north=middle + half_h,
                   width=WIDTH, height=round(height, 1))

    @classmethod
    def fitting(cls, bounds: Bounds, width: float) -> Frame:
        """Return a frame of some width that shows ``bounds`` and nothing else."""
        west, south, east, north = bounds
        shrink = math.cos(math.radians((south + north) / 2))
        height = width * (north - south) / ((east - west) * shrink)
        return cls(west=west, east=east, south=south, north=north, width=width, height=round(height, 1),
                   left=2.0, top=2.0)

    @property
    def box(self) -> BaseGeometry:
        """The frame in units."""
        return shapely.box(self.left, self.top, self.left + self.width, self.top + self.height)

    def xy(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 2) longitudes and latitudes in units."""
        x = self.left + (lonlat[:, 0] - self.west) / (self.east - self.west) * self.width
        y = self.top + (self.north - lonlat[:, 1]) / (self.north - self.south) * self.height
        return np.column_stack((x, y))

    def draw(self, shapes: Sequence[BaseGeometry], *, partition: bool = False) -> list[BaseGeometry]:
        """Return lon/lat shapes clipped to the frame, in units, simplified; empty where nothing is left."""
        if not shapes:
            return []
        spare_x, spare_y = (self.east - self.west) * 0.02, (self.north - self.south) * 0.02
        clipped = shapely.clip_by_rect(
            np.array(shapes, dtype=object),
            self.west - spare_x, self.south - spare_y, self.east + spare_x, self.north + spare_y,
        )
        placed = shapely.transform(clipped, self.xy)
        areal = np.isin(shapely.get_type_id(placed), (3, 6)) & ~shapely.is_empty(placed)
        if partition and shapely.coverage_is_valid(placed[areal]):
            placed[areal] = shapely.coverage_simplify(placed[areal], TOLERANCE)
        else:
            placed = shapely.simplify(placed, TOLERANCE, preserve_topology=False)
        return list(placed)

    def metres(self, units: float) -> float:
        """Return how long a level line of some units is on the ground, at the middle latitude."""
        middle, centre = (self.south + self.north) / 2, (self.west + self.east) / 2
        half = units / self.width * (self.east - self.west) / 2
        line = shapely.linestrings([(centre - half, middle), (centre + half, middle)])
        return geometry.measure(line)[1]


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
    frame = Frame.around(_bounds([part.geometry for part in parts]))
    footprint = frame.draw([part.geometry for part in parts])
    met = {(h.layer, h.zone) for h in content.result.hits if h.role == "" and h.relation is Relation.OVERLAP}
    edition = content.edition
    zones = [] if edition is None else list(_zones_in_view(edition, frame, met, content))
    places = [] if edition is None else _places_in_view(edition, frame, content)
    outline = [] if edition is None else frame.draw([edition.outline])
    labels = _labels(content, frame, zones, places, footprint)
    total = frame.top + frame.height + FURNITURE
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
            _footprint(footprint),
            clip_path="url(#frame)",
        ),
        labels,
        tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, class_="frame"),
        _graticule(frame),
        _scale_and_north(content, frame, total),
        viewBox=f"0 0 {LEFT + WIDTH + 2:g} {total:g}",
        class_="map",
        role="img",
        aria_labelledby="map-title map-desc",
    )
    entries = _met_entries(content, zones)
    return Drawing(
        svg=svg,
        locator=None if edition is None else _locator(content, edition, frame),
        met=(LegendEntry("part", True, content.say("map.footprint"), content.total_size), *entries[:LEGEND_MAX]),
        around=_around_entries(content, zones),
        more=max(0, len(entries) - LEGEND_MAX),
        flat=frame.height < FLAT * frame.width,
    )


def _bounds(shapes: Sequence[BaseGeometry]) -> Bounds:
    west, south, east, north = map(float, shapely.total_bounds(np.array(shapes, dtype=object)))
    return west, south, east, north


def _name(content: Content) -> str:
    return content.result.project.name or content.say("unnamed")


def _description(content: Content, zones: Sequence[Drawn]) -> str:
    names = content.joint(dict.fromkeys(f"{content.layer_title(z.layer.id)}“{z.zone.name}”" for z in zones if z.hit))
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
    return [zones[i] for i in np.flatnonzero(seen)]


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
                zones = [z for z in _in_view(edition.zones[layer.id], frame) if z.zone_class == level
                         and in_force(z.valid_from, z.valid_to, content.result.as_of)]
                shapes = frame.draw([z.geometry for z in zones], partition=True)
                places += [Place(z, s) for z, s in zip(zones, shapes, strict=True) if not shapely.is_empty(s)]
    return places


def _zone_path(drawn: Drawn) -> Markup:
    css = f"{drawn.style} {'hit' if drawn.hit else 'around'}"
    if shapely.get_dimensions(drawn.shape) == 0:
        return join(*(
            tag("rect", x=_tenth(x - 3), y=_tenth(y - 3), width=6, height=6, class_=css)
            for x, y in shapely.get_coordinates(drawn.shape)
        ))
    return tag("path", d=path(drawn.shape), class_=css)


def _footprint(shapes: Sequence[BaseGeometry]) -> Markup:
    """Return the parts, each with a white casing so that it shows on any ground."""
    casing: list[Markup] = []
    ink: list[Markup] = []
    for shape in shapes:
        dimension = int(shapely.get_dimensions(shape))
        if dimension <= 0:
            for x, y in shapely.get_coordinates(shape):
                casing.append(tag("circle", cx=_tenth(x), cy=_tenth(y), r=6.5, class_="casing point"))
                ink.append(tag("circle", cx=_tenth(x), cy=_tenth(y), r=4.5, class_="part point"))
            continue
        kind = "line" if dimension == 1 else "area"
        d = path(shape)
        if d:
            casing.append(tag("path", d=d, class_=f"casing {kind}"))
            ink.append(tag("path", d=d, class_=f"part {kind}"))
    west, south, east, north = _bounds(list(shapes))
    ring: list[Markup] = []
    if max(east - west, north - south) < MARKED:
        x, y = (west + east) / 2, (south + north) / 2
        ring = [tag("circle", cx=_tenth(x), cy=_tenth(y), r=r, class_=css) for r, css in ((18, "casing ring"), (18, "part ring"))]
    return join(casing, ink, ring)


def _watermark(content: Content, frame: Frame) -> Markup | None:
    if not content.result.edition.synthetic:
        return None
    text = content.say("map.watermark")
    middle = frame.left + frame.width / 2
    rows = [frame.top + frame.height * share for share in (0.22, 0.55, 0.88)]
    return tag(
        "g",
        [tag("text", text, x=_tenth(middle), y=_tenth(y), transform=f"rotate(-14 {_tenth(middle)} {_tenth(y)})")
         for y in rows],
        class_="watermark",
    )


def _definitions(frame: Frame) -> Markup:
    """Return the clip of the frame; patterns are in :func:`patterns`, shared with the legend."""
    rect = tag("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height)
    return tag("defs", tag("clipPath", rect, id="frame"))


def patterns() -> Markup:
    """Return the hatches, once a page: crimson for red lines, green for ecological space, dots for protected areas."""

    def hatch(name: str, size: float, angle: float, *marks: Child) -> Markup:
        return tag("pattern", *marks, id=name, width=size, height=size, patternUnits="userSpaceOnUse",
                   patternTransform=f"rotate({angle:g})")

    return tag(
        "svg",
        tag(
            "defs",
            hatch("hatch-red", 9, 45, tag("rect", width=9, height=9, class_="hatch-red-ground"),
                  tag("rect", width=1.4, height=9, class_="hatch-red-line")),
            hatch("hatch-eco", 9, 135, tag("rect", width=1.1, height=9, class_="hatch-eco-line")),
            hatch("dots", 11, 0, tag("circle", cx=3, cy=3, r=1.1, class_="dots-dot"),
                  tag("circle", cx=8.5, cy=8.5, r=1.1, class_="dots-dot")),
        ),
        class_="patterns",
        width=0,
        height=0,
        aria_hidden="true",
    )


# --- paths -----------------------------------------------------------------------------------


def _tenth(value: float) -> str:
    """Return a coordinate to a tenth of a unit."""
    return _number(round(value * 10))


def _number(tenths: int) -> str:
    whole, rest = divmod(abs(tenths), 10)
    sign = "-" if tenths < 0 else ""
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def path(shape: BaseGeometry) -> str:
    """Return the path of a shape in units: absolute starts, relative steps, tenths of a unit.

    Examples
    --------
    >>> path(shapely.linestrings([(0, 0), (10, 0.51), (10, 20)]))
    'M0 0l10 .5 0 19.5'
    """
    return "".join(
        step
        for member in shapely.get_parts(shape)
        for ring, closed in _rings(member)
        for step in (_ring_path(ring, closed),)
    )


def _rings(member: BaseGeometry) -> Iterator[tuple[NDArray[np.float64], bool]]:
    kind = member.geom_type
    if kind == "Polygon":
        for ring in shapely.get_rings(member):
            yield shapely.get_coordinates(ring), True
    elif kind in ("LineString", "LinearRing"):
        yield shapely.get_coordinates(member), False


def _ring_path(xy: NDArray[np.float64], closed: bool) -> str:
    steps = np.rint(xy * 10).astype(np.int64)
    moved = np.diff(steps, axis=0)
    moved = moved[np.any(moved != 0, axis=1)]
    if len(moved) < (3 if closed else 1):
        return ""
    if closed:
        moved = moved[:-1]  # the last step leads back to the start
    start = f"M{_number(int(steps[0, 0]))} {_number(int(steps[0, 1]))}"
    body = " ".join(f"{_step(dx)} {_step(dy)}" for dx, dy in moved.tolist())
    return f"{start}l{body}" + ("z" if closed else "")


def _step(tenths: int) -> str:
    return _number(tenths).replace("0.", ".", 1) if abs(tenths) < 10 else _number(tenths)


# --- labels ----------------------------------------------------------------------------------


class Label(NamedTuple):
    """A name and where it may stand."""

    lines: tuple[str, ...]
    css: str
    region: BaseGeometry  # its middle has to lie in here
    scale: float = 1.0  # size relative to the ordinary label
    spread: float = 0.0  # extra space between characters, in ems


def _labels(
    content: Content, frame: Frame, zones: Sequence[Drawn], places: Sequence[Place], footprint: Sequence[BaseGeometry]
) -> Markup:
    wanted = list(_wanted_labels(content, frame, zones, places, footprint))[:LABELS_MAX]
    return join(*(
        tag("g", _place_labels(wanted, frame, footprint, size), class_=f"labels {width}", aria_hidden="true")
        for width, size in (("wide", FONT), ("narrow", NARROW_FONT))
    ))


def _wanted_labels(
    content: Content, frame: Frame, zones: Sequence[Drawn], places: Sequence[Place], footprint: Sequence[BaseGeometry]
) -> Iterator[Label]:
    """Yield labels by importance: parts, what is met, counties, what is around."""
    parts = content.result.project.parts
    roles: dict[str, list[BaseGeometry]] = {}
    for part, shape in zip(parts, footprint, strict=True):
        roles.setdefault(part.role, []).append(shape)
    for role, shapes in list(roles.items())[:8]:
        whole = shapely.union_all(np.array(shapes, dtype=object))
        yield Label(_lines(role), "label-part", whole.buffer(30.0))
    overlays = [z for z in zones if z.style not in STYLES[:4]]
    units = [z for z in zones if z.style in STYLES[:4]]
    for z in [z for z in overlays if z.hit] + [z for z in units if z.hit]:
        yield Label(_lines(z.zone.name), f"label-{z.style}", _room(z.shape, frame))
    seen: dict[str, float] = {}
    for place in places:
        if place.zone.zone_class == "county":
            seen[place.zone.name] = place.shape.area
    for place in sorted(places, key=lambda p: (-p.shape.area, p.zone.code)):
        if place.zone.zone_class == "county" and place.shape.area > 600.0:
            yield Label((place.zone.name,), "label-place", _room(place.shape, frame), 1.05, 0.25)
    around = [z for z in overlays if not z.hit]
    around.sort(key=lambda z: (-STYLES.index(z.style), -z.shape.area, -z.shape.length, z.zone.code))
    for z in around:
        yield Label(_lines(z.zone.name), f"label-{z.style} around", _room(z.shape, frame), 0.9)


def _room(shape: BaseGeometry, frame: Frame) -> BaseGeometry:
    """Return where a label of a shape may stand: in an area, along a line, beside a point."""
    dimension = int(shapely.get_dimensions(shape))
    if dimension == 2:
        return shape
    return shapely.intersection(shape, frame.box).buffer(14.0 if dimension == 1 else 22.0)


def _lines(name: str) -> tuple[str, ...]:
    """Return a long name in two lines, cut after the county when it starts with one.

    Examples
    --------
    >>> _lines("大通回族土族自治县水源涵养优先保护单元")
    ('大通回族土族自治县', '水源涵养优先保护单元')
    """
    if len(name) <= 9 or not name.isascii() is True and _width(name) <= 10:
        return (name,)
    cuts = [i + 1 for i, character in enumerate(name[:-3]) if character in "县市区旗会 " and i >= 2]
    middle = len(name) / 2
    cut = min(cuts, key=lambda i: abs(i - middle), default=math.ceil(middle))
    return (name[:cut].strip(), name[cut:].strip())


def _width(text: str) -> float:
    """Return about how wide a text is, in ems."""
    return sum(1.0 if ord(character) > 0x2E7F else 0.56 for character in text)


class _Raster:
    """Which cells of the frame are taken."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.columns, self.rows = int(frame.width // CELL), int(frame.height // CELL)
        self.x = frame.left + (np.arange(self.columns) + 0.5) * CELL
        self.y = frame.top + (np.arange(self.rows) + 0.5) * CELL
        self.taken = np.zeros((self.rows, self.columns), dtype=bool)

    def mask(self, region: BaseGeometry) -> NDArray[np.bool_]:
        """Return the cells whose middle lies in ``region``."""
        shapely.prepare(region)
        grid_x, grid_y = np.meshgrid(self.x, self.y)
        inside: NDArray[np.bool_] = shapely.contains_xy(region, grid_x, grid_y)
        return inside

    def boxes(self, values: NDArray[np.bool_], half_w: int, half_h: int) -> NDArray[np.int64]:
        """Return, for every cell, how many true cells a box around it holds (a summed-area table)."""
        sums = np.zeros((self.rows + 1, self.columns + 1), dtype=np.int64)
        sums[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
        top = np.clip(np.arange(self.rows) - half_h, 0, self.rows)[:, None]
        bottom = np.clip(np.arange(self.rows) + half_h + 1, 0, self.rows)[:, None]
        left = np.clip(np.arange(self.columns) - half_w, 0, self.columns)[None, :]
        right = np.clip(np.arange(self.columns) + half_w + 1, 0, self.columns)[None, :]
        counts: NDArray[np.int64] = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return counts

    def place(self, mask: NDArray[np.bool_], half_w: int, half_h: int) -> tuple[int, int] | None:
        """Return the best free cell (row, column) for a box, or ``None``.

        Its middle lies in the mask; of those, the one with most of the box inside the mask, then the one
        nearest to the middle of the mask.
        """
        free = mask & (self.boxes(self.taken, half_w, half_h) == 0)
        free[:half_h, :] = free[self.rows - half_h :, :] = False
        free[:, :half_w] = free[:, self.columns - half_w :] = False
        if not free.any():
            return None
        row, column = np.nonzero(mask)
        distance = np.hypot(*np.meshgrid(np.arange(self.columns) - column.mean(), np.arange(self.rows) - row.mean()))
        inside = self.boxes(mask, half_w, half_h) / ((2 * half_w + 1) * (2 * half_h + 1))
        score = np.where(free, np.round(inside, 2) * 1000.0 - distance, -np.inf)
        best = int(np.argmax(score))
        return best // self.columns, best % self.columns

    def take(self, row: int, column: int, half_w: int, half_h: int) -> None:
        """Mark a box as taken."""
        self.taken[max(0, row - half_h) : row + half_h + 1, max(0, column - half_w) : column + half_w + 1] = True


def _place_labels(
    labels: Sequence[Label], frame: Frame, footprint: Sequence[BaseGeometry], size: float
) -> list[Markup]:
    raster = _Raster(frame)
    for shape in footprint:
        raster.taken |= raster.mask(shapely.buffer(shape, CELL))
    west, south, east, north = _bounds(list(footprint))
    if max(east - west, north - south) < MARKED:
        raster.taken |= raster.mask(shapely.points((west + east) / 2, (south + north) / 2).buffer(20.0))
    placed: list[Markup] = []
    names: set[tuple[str, ...]] = set()
    for label in labels:
        if label.lines in names:
            continue  # a river in pieces, a red line in many polygons: one name is enough
        font = size * label.scale
        wide = max(_width(line) * (1 + label.spread) for line in label.lines) * font
        half_w = math.ceil((wide / 2 + 2) / CELL - 0.5)
        half_h = math.ceil((len(label.lines) * font * 0.6 + 2) / CELL - 0.5)
        cell = raster.place(raster.mask(label.region), half_w, half_h)
        if cell is None:
            continue
        raster.take(*cell, half_w, half_h)
        names.add(label.lines)
        placed.append(_label(label, float(raster.x[cell[1]]), float(raster.y[cell[0]]), font))
    return placed


def _label(label: Label, x: float, y: float, font: float) -> Markup:
    first = y - (len(label.lines) - 1) * font * 0.6 + font * 0.36
    lines = [
        tag("tspan", line, x=_tenth(x), y=_tenth(first + i * font * 1.2)) for i, line in enumerate(label.lines)
    ]
    return tag("text", lines, class_=label.css, font_size=f"{font:g}")


# --- furniture -------------------------------------------------------------------------------


def _graticule(frame: Frame) -> Markup:
    """Return ticks with longitudes below and latitudes at the left."""
    marks: list[Markup] = []
    bottom = frame.top + frame.height
    for lon in _ticks(frame.west, frame.east, 5):
        x = float(frame.xy(np.array([[lon, frame.south]]))[0, 0])
        marks.append(tag("path", d=f"M{_tenth(x)} {_tenth(bottom)}v5M{_tenth(x)} {_tenth(frame.top)}v5", class_="tick"))
        if frame.left + 30 < x < frame.left + frame.width - 30:
            marks.append(tag("text", words.coordinate(lon, "lon"), x=_tenth(x), y=_tenth(bottom + 16), class_="tick-x"))
    for lat in _ticks(frame.south, frame.north, 4):
        y = float(frame.xy(np.array([[frame.west, lat]]))[0, 1])
        right = frame.left + frame.width
        marks.append(tag("path", d=f"M{_tenth(frame.left)} {_tenth(y)}h-5M{_tenth(right)} {_tenth(y)}h-5", class_="tick"))
        if frame.top + 30 < y < bottom - 30:
            turned = f"rotate(-90 {_tenth(frame.left - 10)} {_tenth(y)})"
            text = words.coordinate(lat, "lat")
            marks.append(tag("text", text, x=_tenth(frame.left - 10), y=_tenth(y), transform=turned, class_="tick-y"))
    return tag("g", marks, class_="graticule", aria_hidden="true")


_TICK_SECONDS: Final = (10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000)


def _ticks(low: float, high: float, wanted: int) -> Iterator[float]:
    """Yield round degrees, minutes or seconds between two ends, at most about ``wanted``."""
    span = (high - low) * 3600
    step = next((s for s in _TICK_SECONDS if span / s <= wanted), _TICK_SECONDS[-1])
    for i in range(math.ceil(low * 3600 / step), math.floor(high * 3600 / step) + 1):
        yield i * step / 3600


def _scale_and_north(content: Content, frame: Frame, total: float) -> Markup:
    wanted = frame.metres(frame.width * 0.24)
    power = 10.0 ** math.floor(math.log10(wanted))
    metres = max(m * power for m in (1, 2, 5) if m * power <= wanted)
    units = metres / frame.metres(frame.width) * frame.width
    x, y = frame.left, total - 14
    half = units / 2
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    north_x = frame.left + frame.width - 10
    return tag(
        "g",
        tag("path", d=f"M{_tenth(x)} {_tenth(y)}h{_tenth(half)}v4h{_tenth(-half)}z", class_="bar-full"),
        tag("path", d=f"M{_tenth(x + half)} {_tenth(y)}h{_tenth(half)}v4h{_tenth(-half)}z", class_="bar-empty"),
        tag("text", text, x=_tenth(x + units + 8), y=_tenth(y + 6), class_="bar-text"),
        tag("text", content.say("map.projection"), x=_tenth(north_x - 34), y=_tenth(y + 6), class_="projection"),
        tag("path", d=f"M{_tenth(north_x)} {_tenth(y - 14)}l6 20-6-5-6 5z", class_="north"),
        tag("text", content.say("map.north"), x=_tenth(north_x - 10), y=_tenth(y + 6), class_="north-text"),
        class_="furniture",
        aria_hidden="true",
    )


def _locator(content: Content, edition: Edition, view: Frame) -> Markup:
    """Return the whole region, small, with the view marked."""
    west, south, east, north = _bounds([edition.outline])
    frame = Frame.fitting((west, south, east, north), LOCATOR)
    inner = [
        z.geometry for layer in edition.layers if layer.kind is LayerKind.ADMIN
        for z in edition.zones[layer.id] if z.zone_class == "prefecture"
    ]
    corners = frame.xy(np.array([[view.west, view.north], [view.east, view.south]]))
    (x0, y0), (x1, y1) = np.clip(corners, (2, 2), (2 + frame.width, 2 + frame.height)).tolist()
    small = max(x1 - x0, y1 - y0) < 10
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    marker = (
        join(tag("circle", cx=_tenth(x), cy=_tenth(y), r=8, class_="locator-ring"),
             tag("circle", cx=_tenth(x), cy=_tenth(y), r=2.5, class_="locator-dot"))
        if small
        else tag("rect", x=_tenth(x0), y=_tenth(y0), width=_tenth(x1 - x0), height=_tenth(y1 - y0), class_="locator-view")
    )
    lines = [part.geometry for part in content.result.project.parts if shapely.get_dimensions(part.geometry) == 1]
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
    "red-line", "protected", "source", "eco-space", "priority", "key", "general", "unit", "park", "river", "lake",
    "shore", "receptor",
)


def _legend_rank(style: str) -> int:
    return _LEGEND_ORDER.index(style)


def swatch(entry: LegendEntry) -> Markup:
    """Return the sign of a legend entry, drawn in the same styles as the map."""
    css = f"{entry.style} {'hit' if entry.hit else 'around'}"
    if entry.style == "part":
        sign = tag("path", d="M3 3h22v10H3z", class_="part area")
    elif entry.style in ("river", "shore"):
        sign = tag("path", d="M1 11c8-9 14 5 26-5", class_=css)
    elif entry.style == "receptor":
        sign = tag("rect", x=10, y=5, width=7, height=7, class_=css)
    else:
        sign = tag("path", d="M2 2h24v12H2z", class_=css)
    return tag("svg", sign, viewBox="0 0 28 16", width=28, height=16, class_="map swatch", aria_hidden="true")

"""What lies in the frame of a map: zones with the sign they are drawn by, places, and the footprint.

A *theme* is what one map is about; the overview shows control units and what lies over them. Shapes are in units,
clipped and simplified once a layer and shared by the maps of one frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.model import Layer, LayerKind, Relation, UnitClass, Zone, in_force
from sanxian.report.content import Content
from sanxian.report.frame import TOLERANCE, Frame, bounds_of
from sanxian.report.signs import VARIANTS

RECEPTORS_M: Final = 60_000.0  # a view wider than this shows only the receptors met
MARKED: Final = 16.0  # units: a footprint smaller than this gets a ring around it
SMALLEST: Final = 4.0  # units: a piece smaller than this is drawn as a point
SPOTS_MAX: Final = 1500  # points of a footprint before neighbours are drawn as one

UNIT_STYLES: Final = ("general", "key", "priority", "unit")
ELEMENT_STYLES: Final = (
    "el-general",
    "el-other",
    *(f"el-key-{i}" for i in range(VARIANTS)),
    "el-priority",
)
UNDER: Final = frozenset((*UNIT_STYLES, *ELEMENT_STYLES))  # the ground of a map; the rest lies over it
# What is drawn, from the bottom up.
STYLES: Final = (
    *UNIT_STYLES,
    *ELEMENT_STYLES,
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
_OVERVIEW: Final = frozenset((LayerKind.CONTROL_UNIT, LayerKind.ECOLOGY, *_KINDS))
THEMES: Final[Mapping[str, tuple[LayerKind, ...]]] = {
    "units": (LayerKind.CONTROL_UNIT,),
    "ecology": (LayerKind.ECOLOGY, LayerKind.PROTECTED_AREA),
    "water": (LayerKind.WATER, LayerKind.WATER_SOURCE, LayerKind.RIVER, LayerKind.SHORELINE),
    "air": (LayerKind.AIR,),
    "soil": (LayerKind.SOIL,),
    "resource": (LayerKind.RESOURCE,),
    "sea": (LayerKind.SEA,),
    "places": (LayerKind.PARK, LayerKind.RECEPTOR),
    "other": (LayerKind.BLOCK, LayerKind.OTHER),
}
"""Maps by theme, in order, with the kinds of layers each is about. Administrative areas are borders on all of them."""

# What stands on top of a legend, what binds most first.
LEGEND_ORDER: Final = (
    "red-line",
    "protected",
    "source",
    "eco-space",
    "priority",
    "key",
    "general",
    "unit",
    *reversed(ELEMENT_STYLES),
    "park",
    "river",
    "lake",
    "shore",
    "receptor",
)


class Drawn(NamedTuple):
    """One zone in the view."""

    layer: Layer
    zone: Zone
    style: str
    hit: bool
    shape: BaseGeometry  # units


class Place(NamedTuple):
    """A place of the administrative layer in the view."""

    zone: Zone
    shape: BaseGeometry


def style_of(layer: Layer, zone: Zone) -> str:
    """Return how the overview draws a zone; empty when it does not."""
    if layer.kind is LayerKind.CONTROL_UNIT:
        known = zone.zone_class in UnitClass.__members__
        return _UNITS[UnitClass(zone.zone_class)] if known else "unit"
    if layer.kind is LayerKind.ECOLOGY:
        red = layer.id == "red_line" or "红线" in zone.subtype + zone.zone_class
        return "red-line" if red else "eco-space"
    if layer.kind is LayerKind.OTHER:
        return "lake" if layer.id == "lake" else ""
    return _KINDS.get(layer.kind, "")


def element_style(zone: Zone, variants: Mapping[str, int]) -> str:
    """Return how a map draws a zone of the element it is about: by class, 重点管控 by its kind too."""
    if zone.zone_class == UnitClass.KEY:
        return f"el-key-{variants.get(zone.subtype, 0) % VARIANTS}"
    if zone.zone_class == UnitClass.PRIORITY:
        return "el-priority"
    return "el-general" if zone.zone_class == UnitClass.GENERAL else "el-other"


class View:
    """A frame and what of a screening and its edition lies in it.

    Parameters
    ----------
    content : Content
    frame : Frame
    coarseness : float, default 1
        How many times coarser than the eye can see shapes may be; above 1 small neighbours that are not met are
        left out. For drawings that would grow too large.
    """

    def __init__(self, content: Content, frame: Frame, coarseness: float = 1.0) -> None:
        self.content = content
        self.frame = frame
        self.coarseness = coarseness
        self._layers: dict[str, list[tuple[Zone, BaseGeometry]]] = {}

    @cached_property
    def met(self) -> frozenset[tuple[str, str]]:
        """(layer, code) of every zone the project lies in."""
        return frozenset(
            (h.layer, h.zone)
            for h in self.content.result.hits
            if h.role == "" and h.relation is Relation.OVERLAP
        )

    # --- zones -------------------------------------------------------------------------------

    @property
    def _edition_layers(self) -> Sequence[Layer]:
        return () if self.content.edition is None else self.content.edition.layers

    def _shapes(self, layer: Layer) -> list[tuple[Zone, BaseGeometry]]:
        """Return the zones of a layer that can be seen, with their shapes in units."""
        if layer.id not in self._layers:
            edition = self.content.edition
            zones = () if edition is None else edition.zones[layer.id]
            as_of = self.content.result.as_of
            seen = [z for z in self._in_view(zones) if in_force(z.valid_from, z.valid_to, as_of)]
            crowded = layer.kind is LayerKind.RECEPTOR and self.frame.metres(self.frame.width) > RECEPTORS_M
            if crowded:
                seen = [z for z in seen if (layer.id, z.code) in self.met]
            shapes = self.frame.draw(
                [z.geometry for z in seen],
                partition=layer.partition,
                tolerance=TOLERANCE * self.coarseness,
            )
            self._layers[layer.id] = [
                (zone, shape)
                for zone, simplified in zip(seen, shapes, strict=True)
                if not shapely.is_empty(
                    shape := self._kept(zone, simplified, met=(layer.id, zone.code) in self.met)
                )
            ]
        return self._layers[layer.id]

    def _kept(self, zone: Zone, shape: BaseGeometry, *, met: bool) -> BaseGeometry:
        """Return the shape of a zone: a point where it is met but too small to see, none where it is left out."""
        if met:
            if not shapely.is_empty(shape):
                return shape
            west, south, east, north = zone.geometry.bounds
            corners = self.frame.xy(np.array([[west, north], [east, south]]))
            small = float(np.abs(corners[1] - corners[0]).max()) < 4.0 * self.coarseness
            x, y = corners.mean(axis=0).tolist()
            return shapely.Point(x, y) if small and self.frame.holds(x, y) else shape
        if self.coarseness > 1.0 and shapely.get_dimensions(shape) > 0:
            west, south, east, north = shape.bounds
            if max(east - west, north - south) < 2.0 * self.coarseness:
                return shapely.Point()
        return shape

    def _in_view(self, zones: Sequence[Zone]) -> list[Zone]:
        """Return the zones whose bounds meet the frame."""
        if not zones:
            return []
        frame = self.frame
        west, south, east, north = shapely.bounds(np.array([z.geometry for z in zones], dtype=object)).T
        seen = (west <= frame.east) & (east >= frame.west) & (south <= frame.north) & (north >= frame.south)
        return [zone for zone, visible in zip(zones, seen.tolist(), strict=True) if visible]

    def overview(self) -> list[Drawn]:
        """Return what the overview draws, from the bottom up: all units, then what lies over them."""
        return self._ordered(
            Drawn(layer, zone, style, (layer.id, zone.code) in self.met, shape)
            for layer in self._edition_layers
            if layer.kind in _OVERVIEW or layer.id == "lake"
            for zone, shape in self._shapes(layer)
            if (style := style_of(layer, zone))
        )

    def theme(self, theme: str) -> list[Drawn]:
        """Return the zones a map of a theme is about, from the bottom up."""
        return self._ordered(
            Drawn(layer, zone, style, (layer.id, zone.code) in self.met, shape)
            for layer in self._edition_layers
            if layer.kind in THEMES[theme] and layer.id != "lake"
            for variants in (self._variants(layer),)
            for zone, shape in self._shapes(layer)
            for style in (self._theme_style(layer, zone, variants),)
        )

    @staticmethod
    def _theme_style(layer: Layer, zone: Zone, variants: Mapping[str, int]) -> str:
        if layer.kind is LayerKind.CONTROL_UNIT:
            return element_style(zone, {})
        return style_of(layer, zone) or element_style(zone, variants)

    def _variants(self, layer: Layer) -> dict[str, int]:
        """Return a number for each kind of 重点管控 zone of a layer, the same on every map of an edition."""
        edition = self.content.edition
        zones = () if edition is None else edition.zones[layer.id]
        kinds = sorted({z.subtype for z in zones if z.zone_class == UnitClass.KEY})
        return {kind: i for i, kind in enumerate(kinds)}

    def waters(self) -> list[Drawn]:
        """Return lakes and rivers, by which people find their way on any map."""
        return [
            Drawn(layer, zone, style_of(layer, zone), False, shape)
            for layer in self._edition_layers
            if layer.id == "lake" or layer.kind is LayerKind.RIVER
            for zone, shape in self._shapes(layer)
        ]

    @staticmethod
    def _ordered(drawn: Iterable[Drawn]) -> list[Drawn]:
        """Return zones from the bottom up: by style, those around before those met."""
        # all units first, so that an overlay met by the project is never under a unit
        return sorted(
            drawn,
            key=lambda z: (
                z.style not in UNIT_STYLES,
                z.style in UNIT_STYLES and z.hit,
                STYLES.index(z.style),
                z.hit,
            ),
        )

    # --- places ------------------------------------------------------------------------------

    @cached_property
    def places(self) -> list[Place]:
        """Counties and prefectures in the view."""
        places: list[Place] = []
        for layer in self._edition_layers:
            if layer.kind is LayerKind.ADMIN:
                for level in ("county", "prefecture"):
                    places += [Place(z, s) for z, s in self._shapes(layer) if z.zone_class == level]
        return places

    @cached_property
    def outline(self) -> list[BaseGeometry]:
        """The region of the edition, in units."""
        edition = self.content.edition
        return (
            []
            if edition is None
            else self.frame.draw([edition.outline], tolerance=TOLERANCE * self.coarseness)
        )

    # --- the footprint -----------------------------------------------------------------------

    @cached_property
    def footprint(self) -> list[list[BaseGeometry]]:
        """Pieces of each part, in units; what is too small to see is a point, one in each place."""
        return [self._visible(part.geometry) for part in self.content.result.project.parts]

    @cached_property
    def pieces(self) -> list[BaseGeometry]:
        """Pieces of all parts."""
        return [piece for shapes in self.footprint for piece in shapes]

    def _visible(self, shape: BaseGeometry) -> list[BaseGeometry]:
        pieces = shapely.get_parts(shape)
        drawn = self.frame.draw(list(pieces), tolerance=TOLERANCE * self.coarseness)
        west, south, east, north = shapely.bounds(pieces).T
        middles = self.frame.xy(np.column_stack(((west + east) / 2, (south + north) / 2)))
        corners = self.frame.xy(np.column_stack((west, south))) - self.frame.xy(
            np.column_stack((east, north))
        )
        small = np.abs(corners).max(axis=1) < SMALLEST * max(1.0, self.coarseness / 2)
        grid = self.coarseness if small.sum() <= SPOTS_MAX else max(4.0, 2.0 * self.coarseness)
        spots = dict.fromkeys(
            (round(x / grid) * grid, round(y / grid) * grid)
            for x, y in middles[small].tolist()
            if self.frame.holds(x, y)
        )
        large = [
            piece
            for piece, tiny in zip(drawn, small.tolist(), strict=True)
            if not tiny and not piece.is_empty
        ]
        return [*large, *map(shapely.Point, spots)]

    @cached_property
    def ring(self) -> tuple[float, float] | None:
        """Where to put a ring around a footprint that is easily overlooked, else ``None``."""
        if not self.pieces:
            return None
        west, south, east, north = bounds_of(self.pieces)
        if max(east - west, north - south) >= MARKED:
            return None
        return (west + east) / 2, (south + north) / 2

"""Hits: how one project and the zones of an edition lie to each other, in the words the rules read.

The index measures (``index.py``); this module puts a project's parts together by role, asks the index once for
many projects, and says what each zone met, touched or near means: overlap, dropped sliver, adjacency, near miss,
with share, margin and distance. Lengths between places found near are re-measured as geodesics
(C. F. F. Karney, *Algorithms for geodesics*, 2013, through pyproj). GEOS serves where a geometry has to be made:
parts that overlap are united, zones that overlap are united, and what a footprint shares with linear and point
zones, of which there are few, is cut out.

Boundary rules (docs/explanation/engine.md): a point within 1e-8° (about 1 mm) of a boundary lies in the zones on
both sides; a line along a boundary likewise; what shares no more than 1e-6 m² or 1e-6 m touches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple, cast

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry
from sanxian.engine.index import Index, Near, Selections
from sanxian.engine.near import Reach, deepest_on
from sanxian.engine.shapes import Shapes
from sanxian.engine.surface import ELLIPSOID
from sanxian.model import Hit, Layer, Part, Relation, Zone, in_force

FOOTPRINT_STEP_M: Final = 100.0
CONTACT_DEG: Final = ELLIPSOID.contact
# Beyond these digits a number is rounding noise; without it the same place gives the same bytes everywhere.
AREA_DIGITS: Final = 4  # m²
LENGTH_DIGITS: Final = 4  # m
SHARE_DIGITS: Final = 12

_HAIR: Final = 2 * CONTACT_DEG  # boxes further apart do not touch

_GEOD: Final = pyproj.Geod(a=6378137.0, rf=298.257222101)  # CGCS2000, GB 22021-2008


class Distance(NamedTuple):
    """Nearest zone of a selection: geodesic distance and bearing from footprint to zone."""

    layer: str
    zone: str
    distance_m: float
    bearing_deg: float | None  # None when they meet


class Extent(NamedTuple):
    """What a footprint and a selection of zones share, zones that overlap counted once."""

    area_m2: float
    length_m: float
    share: float  # of the footprint's area, else its length, else its points
    least_share: float  # the least of the shares of area, length and points
    zone_share: float  # the largest share of one zone


_NOTHING_SHARED: Final = Extent(0, 0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of one role, merged by dimension: areas unioned, so that nothing counts twice."""

    areas: BaseGeometry | None
    lines: BaseGeometry | None
    points: BaseGeometry | None

    @classmethod
    def of(cls, geometries: Sequence[BaseGeometry]) -> Shape:
        """Return the shape of geometries of any dimension."""
        by_dimension: list[list[BaseGeometry]] = [[], [], []]
        for item in geometries:
            by_dimension[shapely.get_dimensions(item)].append(item)
        points, lines, areas = map(_united, by_dimension)
        return cls(areas, lines, points)

    def __iter__(self) -> Iterator[BaseGeometry]:
        return (g for g in (self.areas, self.lines, self.points) if g is not None)

    @property
    def whole(self) -> BaseGeometry:
        """All of it as one geometry."""
        members = list(self)
        return members[0] if len(members) == 1 else shapely.geometrycollections(members)


def _united(group: list[BaseGeometry]) -> BaseGeometry | None:
    if not group:
        return None
    if len(group) == 1 and group[0].geom_type in ("Polygon", "Point"):
        return group[0]
    united: BaseGeometry = shapely.union_all(group)
    return united


class _Thin(NamedTuple):
    """What a footprint shares with a linear or point zone."""

    line: BaseGeometry | None
    length_m: float
    points: int


class Overlay:
    """The overlay of one edition: its layers indexed once, projects placed by the thousand."""

    def __init__(
        self,
        layers: Sequence[Layer],
        zones: Mapping[str, Sequence[Zone]],
        outline: BaseGeometry,
        *,
        area_method: str = "equal_area",
        index: Index | None = None,
    ) -> None:
        """Prepare the layers.

        Parameters
        ----------
        layers : sequence of Layer
        zones : mapping of layer id to its zones, lon/lat EPSG:4490
        outline : Polygon or MultiPolygon
            The edition's region, lon/lat.
        area_method : str, default ``"equal_area"``
            A projected CRS such as ``EPSG:4543`` adds the planar area in it to every areal hit.
        index : Index, optional
            Of :func:`index_layers` over the same layers; built in memory when absent.
        """
        self.layers = {layer.id: layer for layer in layers}
        self.zones = tuple(zone for layer in layers for zone in zones.get(layer.id, ()))
        self.outline = outline
        self.index = Index.build(index_layers(layers, zones, outline), ELLIPSOID) if index is None else index
        self.first = {layer.id: int(self.index.first[i]) for i, layer in enumerate(layers)}
        self.region = len(self.zones)  # the outline is the index's last zone
        self.border = np.array([self.region], np.int32)
        self._layer_of = tuple(layer for layer in layers for _ in zones.get(layer.id, ()))
        self._dimension = shapely.get_dimensions([zone.geometry for zone in self.zones]).astype(np.int8)
        self._thin = np.flatnonzero(self._dimension < 2)
        # a layer that looks for no near misses is still told of what touches: a hair's breadth
        self._reach = _reach([max(layer.near_m, 0.01) for layer in layers] + [0.0])
        self._alive: dict[date, NDArray[np.bool_]] = {}
        self._rows: dict[int, tuple[Sequence[int], frozenset[int]]] = {}
        self._living: dict[tuple[int, date], tuple[Sequence[int], NDArray[np.int32]]] = {}
        self._selections: dict[tuple[int, ...], tuple[tuple[NDArray[np.int32], ...], Selections]] = {}
        self._over: dict[int, frozenset[int]] = {}
        self._published = (
            None
            if area_method == "equal_area"
            else pyproj.Transformer.from_crs("EPSG:4490", area_method, always_xy=True)
        )

    @cached_property
    def thin_tree(self) -> shapely.STRtree:
        """A tree over the linear and point zones, in the order of ``_thin``."""
        return shapely.STRtree([self.zones[i].geometry for i in self._thin])

    @cached_property
    def _thin_boxes(self) -> NDArray[np.float64]:
        """West, south, east and north of the linear and point zones."""
        return shapely.bounds([self.zones[i].geometry for i in self._thin]).T.copy()

    def place(self, parts: Sequence[Part], as_of: date) -> Placement:
        """Return where a project lies, against the zones in force on ``as_of``."""
        return self.place_many((parts,), as_of)[0]

    def place_many(self, projects: Sequence[Sequence[Part]], as_of: date) -> list[Placement]:
        """Return where each project lies: :meth:`place` for many, measured in one go."""
        placements = [Placement(self, parts, as_of) for parts in projects]
        groups = [group for placement in placements for group in placement.groups.values()]
        for dimension, name in ((2, "areas"), (1, "lines"), (0, "points")):
            concerned = [group for group in groups if getattr(group.shape, name) is not None]
            if concerned:
                shapes = Shapes.of([getattr(group.shape, name) for group in concerned])
                _MEASURE[dimension](self.index, shapes, concerned)
        return placements

    # --- what placements ask ---------------------------------------------------------------

    def layer_of(self, zone: int) -> Layer:
        """Return the layer of a zone."""
        return self._layer_of[zone]

    def alive(self, as_of: date) -> NDArray[np.bool_]:
        """Return which zones are in force on a date."""
        if as_of not in self._alive:
            if len(self._alive) > 64:
                self._alive.clear()
            self._alive[as_of] = np.array(
                [in_force(z.valid_from, z.valid_to, as_of) for z in self.zones], np.bool_
            )
        return self._alive[as_of]

    def wanted(self, layer: str, rows: Sequence[int]) -> frozenset[int]:
        """Return the zone numbers of rows of a layer; remembered, because selections are asked again and again."""
        known = self._rows.get(id(rows))
        if known is None or known[0] is not rows:
            first = self.first[layer]
            if len(self._rows) > 4096:
                self._rows.clear()
            known = self._rows[id(rows)] = (rows, frozenset(first + int(i) for i in rows))
        return known[1]

    def living(self, layer: str, rows: Sequence[int], as_of: date) -> NDArray[np.int32]:
        """Return the zone numbers of those rows of a layer that are in force on a date, in order."""
        key = id(rows), as_of
        known = self._living.get(key)
        if known is None or known[0] is not rows:
            alive = self.alive(as_of)
            zones = sorted(zone for zone in self.wanted(layer, rows) if alive[zone])
            if len(self._living) > 4096:
                self._living.clear()
            known = self._living[key] = (rows, np.array(zones, np.int32))
        return known[1]

    def selections(self, zones: Sequence[NDArray[np.int32]]) -> Selections:
        """Return arrays of :meth:`living` as the index takes them; remembered, like those."""
        key = tuple(map(id, zones))
        known = self._selections.get(key)
        if known is None:
            if len(self._selections) > 4096:
                self._selections.clear()
            known = self._selections[key] = (tuple(zones), Selections.of(zones))
        return known[1]  # the arrays are held, so that no other gets their id

    def overlaps(self, zone: int) -> frozenset[int]:
        """Return the other zones with which an areal zone shares land."""
        if zone not in self._over:
            rows = self.index.areas(Shapes.of([self.zones[zone].geometry]))
            # what is less than a share of 1e-9 is where two drawings of one line differ in the last digit
            least = 1e-9 * float(self.index.grid.zone_area[zone])
            self._over[zone] = frozenset(int(z) for z in rows.zone[rows.size > least]) - {zone}
        return self._over[zone]

    def apart(self, zones: Sequence[int]) -> bool:
        """Return whether no two of the zones share land."""
        return not any(self.overlaps(zone).intersection(zones) for zone in zones)

    def thin(self, shape: Shape) -> dict[int, _Thin]:
        """Return what a footprint shares with linear and point zones, decided by GEOS on the geometry as stored."""
        if not len(self._thin):
            return {}
        whole = shape.whole
        west, south, east, north = shapely.bounds(whole).tolist()
        box = self._thin_boxes
        if not (
            (box[0] <= east + _HAIR)
            & (box[2] >= west - _HAIR)
            & (box[1] <= north + _HAIR)
            & (box[3] >= south - _HAIR)
        ).any():
            return {}
        found = self.thin_tree.query(whole, predicate="dwithin", distance=CONTACT_DEG)
        met: dict[int, _Thin] = {}
        for number in self._thin[np.sort(found)]:
            shared = _share_thin(self.zones[number].geometry, shape)
            if shared.length_m > 0 or shared.points:
                met[int(number)] = shared
        return met

    def published_area(self, zone: int, areas: BaseGeometry | None) -> float | None:
        """Return the shared area by the edition's own method, ``None`` when it has none."""
        if self._published is None or areas is None:
            return None
        change = self._published
        shared = _only(shapely.intersection(areas, self.zones[zone].geometry), 2)
        if shared is None:
            return None
        dense = geometry.follow_lonlat(shared, geometry.area_step(shared))
        projected = shapely.transform(dense, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
        return float(shapely.area(projected))

    @property
    def reach(self) -> Reach:
        """How far around a footprint each layer is searched."""
        return self._reach


def index_layers(
    layers: Sequence[Layer], zones: Mapping[str, Sequence[Zone]], outline: BaseGeometry
) -> list[Shapes]:
    """Return what an index is built over: the zones of each layer, and last the region as a layer of its own.

    Linear and point zones of a layer are indexed as boundaries without an inside.
    """
    return [
        *(Shapes.of([z.geometry for z in zones.get(layer.id, ())]) for layer in layers),
        Shapes.of([outline]),
    ]


def _reach(within: Sequence[float]) -> Reach:
    level = np.unique(np.array(within, np.float64))
    bits = np.zeros(len(level), np.uint64)
    for number, metres in enumerate(within[:-1]):  # the region is no layer to be near to
        bits[level <= metres] |= np.uint64(1) << np.uint64(number % 64)
    return Reach(np.array(within, np.float64), level, bits)


# --- one project -------------------------------------------------------------------------------


class _Group:
    """The parts of one role (``""``: of all), with what the index found for them."""

    __slots__ = ("along", "area", "length", "on", "rows", "shape", "spots")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rows: list[tuple[Shapes, int]] = []  # its rows among the shapes measured, one a dimension
        self.area: dict[int, float] = {}  # by zone, m²
        self.length: dict[int, float] = {}  # by zone, m, lines only
        self.along: set[int] = set()  # zones along whose boundary some of the length runs
        self.on: dict[int, int] = {}  # by zone, points inside or on the boundary
        self.spots: list[frozenset[int]] = []  # by point, the zones that hold it


def _measure_areas(index: Index, shapes: Shapes, groups: Sequence[_Group]) -> None:
    found = index.areas(shapes)
    for row, group in enumerate(groups):
        group.rows.append((shapes, row))
    for query, zone, size in zip(found.query.tolist(), found.zone.tolist(), found.size.tolist(), strict=True):
        groups[query].area[zone] = size


def _measure_lines(index: Index, shapes: Shapes, groups: Sequence[_Group]) -> None:
    found = index.lengths(shapes)
    for row, group in enumerate(groups):
        group.rows.append((shapes, row))
    for query, zone, size, along in zip(*(column.tolist() for column in found), strict=True):
        groups[query].length[zone] = size
        if along > 0.0:
            groups[query].along.add(zone)


def _measure_points(index: Index, shapes: Shapes, groups: Sequence[_Group]) -> None:
    start, zones = index.points(shapes.xy)
    bounds, held = start.tolist(), zones.tolist()
    for row, group in enumerate(groups):
        group.rows.append((shapes, row))
        for i in range(shapes.starts[row], shapes.starts[row + 1]):
            here = frozenset(held[bounds[i] : bounds[i + 1]])
            group.spots.append(here)
            for zone in here:
                group.on[zone] = group.on.get(zone, 0) + 1


_MEASURE: Final[Mapping[int, Callable[[Index, Shapes, Sequence[_Group]], None]]] = {
    2: _measure_areas,
    1: _measure_lines,
    0: _measure_points,
}


class Placement:
    """One project laid over one edition: hits, distances, and what falls outside."""

    def __init__(self, overlay: Overlay, parts: Sequence[Part], as_of: date) -> None:
        self._overlay = overlay
        self._as_of = as_of
        self.roles = tuple(sorted({part.role for part in parts}))
        members = {"": [part.geometry for part in parts]}
        if len(self.roles) > 1:
            members |= {role: [p.geometry for p in parts if p.role == role] for role in self.roles}
        self.groups = {role: _Group(Shape.of(geometries)) for role, geometries in members.items()}
        self._sizes: dict[str, tuple[float, float]] = {}
        self._thin: dict[str, dict[int, _Thin]] = {}
        self._near: dict[str, dict[int, tuple[float, float | None]]] = {}
        self._distances: dict[tuple[str, int, str], tuple[Sequence[int], Distance | None]] = {}
        self._border: float | None = None
        self._met: dict[str, list[int]] = {}  # zones in force met by the parts of a role, in order

    # --- size and place ------------------------------------------------------------------

    @property
    def area_m2(self) -> float:
        """Area of the union of the areal parts."""
        return self._size("")[0]

    @property
    def length_m(self) -> float:
        """Geodesic length of the union of the linear parts."""
        return self._size("")[1]

    def _size(self, role: str) -> tuple[float, float]:
        """Return area and geodesic length of the parts of ``role``, each measured once."""
        if role not in self._sizes:
            shape = self.groups[role].shape
            area = 0.0 if shape.areas is None else geometry.lonlat_area(shape.areas)
            self._sizes[role] = (area, _length(shape.lines))
        return self._sizes[role]

    def is_area(self, shape: BaseGeometry) -> bool:
        """Return whether the footprint's area is that of ``shape``, a polygon among its parts, and nothing else."""
        return self.groups[""].shape.areas is shape and shape.geom_type == "Polygon"

    @property
    def dimensions(self) -> int:
        """How many of areas, lines and points the footprint has."""
        return sum(1 for _ in self.groups[""].shape)

    @property
    def outside(self) -> bool:
        """Whether nothing of the footprint lies in the region."""
        return min(self._outside_shares) > 1.0 - 1e-9

    @property
    def outside_share(self) -> float:
        """Share of the footprint outside the region: the largest of the shares of areas, lines and points."""
        return max(self._outside_shares)

    @cached_property
    def _outside_shares(self) -> tuple[float, ...]:
        shares = self._shares_of(self.groups[""], {self._overlay.region}, "")
        # what is left at 1e-8 is how the same length comes out of two formulas
        return tuple(0.0 if 1.0 - share < 1e-8 else 1.0 - share for share in shares)

    def _shares_of(self, group: _Group, zones: set[int] | frozenset[int], role: str) -> list[float]:
        """Return the shares of areas, lines and points in zones that share no land."""
        area, length = self._size(role)
        shares = []
        if group.shape.areas is not None:
            shares.append(min(1.0, sum(v for z, v in group.area.items() if z in zones) / area))
        if group.shape.lines is not None:
            shares.append(min(1.0, sum(v for z, v in group.length.items() if z in zones) / length))
        if group.shape.points is not None:
            shares.append(sum(not zones.isdisjoint(spot) for spot in group.spots) / len(group.spots))
        return shares

    @property
    def border_m(self) -> float:
        """Distance to the border of the region (how far around the edition can see)."""
        if self._border is None:
            self.find_nearest((), border=True)
        return cast("float", self._border)

    # --- hits ----------------------------------------------------------------------------

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """Every zone met, touched or near, by layer, zone order and role."""
        alive = self._overlay.alive(self._as_of)
        order = {role: number for number, role in enumerate(self.groups)}
        found = [(zone, order[role], hit) for role in self.groups for zone, hit in self._hits_of(role, alive)]
        found.sort(key=lambda item: item[:2])
        return tuple(hit for _, _, hit in found)

    def _hits_of(self, role: str, alive: NDArray[np.bool_]) -> Iterator[tuple[int, Hit]]:
        group, region = self.groups[role], self._overlay.region
        thin = self._thin_of(role)
        met = {zone for zone in (*group.area, *group.length, *group.on) if zone != region} | set(thin)
        living = [zone for zone in met if alive[zone]]
        margins = self._margins(group, living, thin)
        for zone in living:
            yield zone, self._overlap(role, group, zone, thin.get(zone), round(margins[zone], LENGTH_DIGITS))
        for zone, (metres, bearing) in self._near_of(role, met).items():
            layer = self._overlay.layer_of(zone)
            if alive[zone] and metres <= layer.near_m:
                relation = Relation.ADJACENT if metres == 0.0 else Relation.NEAR
                yield (
                    zone,
                    Hit(
                        layer=layer.id,
                        zone=self._overlay.zones[zone].code,
                        role=role,
                        relation=relation,
                        distance_m=metres,
                        bearing_deg=bearing,
                        margin_m=metres,
                        sensitive=metres <= layer.accuracy_m,
                    ),
                )

    def _thin_of(self, role: str) -> dict[int, _Thin]:
        if role not in self._thin:
            self._thin[role] = self._overlay.thin(self.groups[role].shape)
        return self._thin[role]

    def _overlap(self, role: str, group: _Group, zone: int, thin: _Thin | None, margin: float) -> Hit:
        layer = self._overlay.layer_of(zone)
        area = group.area.get(zone, 0.0)
        length = group.length.get(zone, 0.0) if thin is None else thin.length_m
        points = group.on.get(zone, 0) if thin is None else thin.points
        kept = points > 0 or area >= layer.min_area_m2 or length >= layer.min_length_m
        zone_area = float(self._overlay.index.grid.zone_area[zone])
        published = self._overlay.published_area(zone, group.shape.areas) if area else None
        return Hit(
            layer=layer.id,
            zone=self._overlay.zones[zone].code,
            role=role,
            relation=Relation.OVERLAP if kept else Relation.DROPPED,
            area_m2=round(area, AREA_DIGITS),
            published_area_m2=published,
            length_m=round(length, LENGTH_DIGITS),
            points=points,
            share=round(self._share(role, group, area, length, points), SHARE_DIGITS),
            zone_share=round(min(1.0, area / zone_area), SHARE_DIGITS) if zone_area else 0.0,
            margin_m=margin,
            sensitive=margin <= layer.accuracy_m,
        )

    def _share(self, role: str, group: _Group, area: float, length: float, points: int) -> float:
        """Return the share of the footprint of ``role``: of its area, else its length, else its points."""
        if group.shape.areas is not None:
            return min(1.0, area / self._size(role)[0])
        if group.shape.lines is not None:
            return min(1.0, length / self._size(role)[1])
        return min(1.0, points / len(group.spots))

    def _margins(self, group: _Group, zones: Sequence[int], thin: Mapping[int, _Thin]) -> dict[int, float]:
        """Return how far each zone's line would have to move for the meeting to vanish, metres.

        That is the depth of the deepest point of the meeting, measured from the zone's boundary (for a
        linear or point zone: from the footprint's).
        """
        margins = dict.fromkeys(zones, 0.0)
        held: dict[int, Mapping[int, float]] = {2: group.area, 1: group.length, 0: group.on}
        for shapes, row in group.rows:
            inside = [zone for zone in zones if zone not in thin and zone in held[shapes.dimension]]
            found = self._overlay.index.depths(shapes, row, np.array(inside, np.int32))
            for zone, metres in zip(inside, found.tolist(), strict=True):
                margins[zone] = max(margins[zone], metres)
        if group.shape.areas is not None:
            for zone, shared in thin.items():
                if shared.line is not None:
                    margins[zone] = _depth_of_line(shared.line, group.shape.areas)
        return margins

    # --- several zones together ------------------------------------------------------------

    def extent(self, selection: Sequence[tuple[str, Sequence[int]]], role: str) -> Extent:
        """Return what the parts of ``role`` share with all zones of ``selection`` together.

        Parameters
        ----------
        selection : sequence of (layer id, row numbers)
        role : str
            ``""`` for the whole project.
        """
        group = self.groups[role]
        wanted, *more = [self._overlay.wanted(layer, rows) for layer, rows in selection] or [frozenset()]
        if more:
            wanted = wanted.union(*more)
        if wanted.isdisjoint(self._met_by(role)):
            return _NOTHING_SHARED
        alive = self._overlay.alive(self._as_of)
        areal = [zone for zone in group.area if zone in wanted and alive[zone]]
        linear = [zone for zone in group.length if zone in wanted and alive[zone]]
        thin = [t.line for zone, t in self._thin_of(role).items() if zone in wanted and alive[zone]]
        area = self._area_of(group, areal)
        length = self._length_of(group, linear, [line for line in thin if line is not None])
        shares = []
        if group.shape.areas is not None:
            shares.append(min(1.0, area / self._size(role)[0]))
        if group.shape.lines is not None:
            shares.append(min(1.0, length / self._size(role)[1]))
        if group.shape.points is not None:
            held = {zone for zone in group.on if zone in wanted and alive[zone]}
            shares.append(sum(not held.isdisjoint(spot) for spot in group.spots) / len(group.spots))
        zone_area = self._overlay.index.grid.zone_area
        zone_share = max((group.area[zone] / float(zone_area[zone]) for zone in areal), default=0.0)
        return Extent(
            round(area, AREA_DIGITS),
            round(length, LENGTH_DIGITS),
            round(shares[0], SHARE_DIGITS),
            round(min(shares), SHARE_DIGITS),
            round(min(1.0, zone_share), SHARE_DIGITS),
        )

    def _area_of(self, group: _Group, zones: list[int]) -> float:
        """Return the area shared with all the zones; summed where they share no land, else united by GEOS."""
        if len(zones) < 2 or self._overlay.apart(zones):
            return sum(group.area[zone] for zone in zones)
        pieces = [
            shapely.intersection(group.shape.areas, self._overlay.zones[zone].geometry) for zone in zones
        ]
        united: BaseGeometry = shapely.union_all(pieces)
        shared = _only(united, 2)
        return 0.0 if shared is None else geometry.lonlat_area(shared)

    def _length_of(self, group: _Group, zones: list[int], thin: list[BaseGeometry]) -> float:
        """Return the length shared with all the zones; a stretch along a boundary lies in several."""
        if not thin and (len(zones) < 2 or (group.along.isdisjoint(zones) and self._overlay.apart(zones))):
            return sum(group.length[zone] for zone in zones)
        lines = cast("BaseGeometry", group.shape.lines)  # zones with a length come from lines
        pieces = [shapely.intersection(lines, self._overlay.zones[zone].geometry) for zone in zones]
        along = [line for line in (_only(piece, 1) for piece in pieces) if line is not None]
        return _length(shapely.union_all([*along, *thin]))

    # --- distance ------------------------------------------------------------------------

    def distance(self, layer: str, zones: Sequence[int], role: str = "") -> Distance | None:
        """Return the nearest of ``zones`` (row numbers of ``layer``) in force; ``None`` when there is none."""
        role = self._role(role)
        key = (layer, id(zones), role)
        known = self._distances.get(key)
        if known is None or known[0] is not zones:
            self.find_nearest(((layer, zones, role),))
            known = self._distances[key]
        return known[1]

    def find_nearest(self, asked: Iterable[tuple[str, Sequence[int], str]], *, border: bool = False) -> None:
        """Find the nearest zone of several selections in one call of the engine, for :meth:`distance` to answer from.

        Parameters
        ----------
        asked : iterable of (layer id, row numbers, role)
            What :meth:`distance` will be asked for.
        border : bool, default False
            Find ``border_m`` as well.
        """
        overlay, distances = self._overlay, self._distances
        waiting: dict[str, list[tuple[tuple[str, int, str], Sequence[int], NDArray[np.int32]]]] = {}
        for layer, rows, asked_role in asked:
            role = self._role(asked_role)
            key = (layer, id(rows), role)
            if key in distances and distances[key][0] is rows:
                continue
            living = overlay.living(layer, rows, self._as_of)
            chosen, met = overlay.wanted(layer, rows), self._met_by(role)
            if not chosen.isdisjoint(met):
                first = next(z for z in met if z in chosen)
                distances[key] = rows, Distance(layer, overlay.zones[first].code, 0.0, None)
            elif len(living):
                waiting.setdefault(role, []).append((key, rows, living))
            else:
                distances[key] = rows, None
        if border and self._border is None:
            waiting.setdefault("", [])
        for role, selections in waiting.items():
            zones = [wanted for _, _, wanted in selections]
            with_border = role == "" and border and self._border is None
            if with_border:
                zones.append(self._overlay.border)
            found = self._nearest(self.groups[role], self._overlay.selections(zones))
            if with_border:
                last = found.pop()
                self._border = math.inf if last is None else last[1]
            for (key, rows, _), near in zip(selections, found, strict=True):
                at = None if near is None else Distance(key[0], self._overlay.zones[near[0]].code, *near[1:])
                self._distances[key] = rows, at

    def _role(self, role: str) -> str:
        return "" if len(self.roles) == 1 else role

    def _met_by(self, role: str) -> list[int]:
        """Return the zones in force that the parts of ``role`` meet, in order."""
        if role not in self._met:
            group, alive = self.groups[role], self._overlay.alive(self._as_of)
            every = (*group.area, *group.length, *group.on, *self._thin_of(role))
            self._met[role] = sorted({z for z in every if z != self._overlay.region and alive[z]})
        return self._met[role]

    def _nearest(self, group: _Group, selections: Selections) -> list[tuple[int, float, float | None] | None]:
        """Return, for each selection, the zone with the nearest boundary, the geodesic distance and the bearing."""
        best: list[tuple[int, float, float | None] | None] = [None] * len(selections.back)
        for shapes, row in group.rows:
            found = self._overlay.index.nearest_of_each(shapes, row, selections)
            for i, near in enumerate(_remeasured(found)):
                known = best[i]
                if near[0] >= 0 and (known is None or near[1] < known[1]):
                    best[i] = near
        return best

    def _near_of(self, role: str, met: set[int]) -> dict[int, tuple[float, float | None]]:
        """Return the zones around the parts of ``role`` that they do not meet: distance and bearing."""
        if role not in self._near:
            known = np.array([*met, self._overlay.region], np.int32)  # the region is no neighbour
            nearest: dict[int, tuple[float, float | None]] = {}
            for shapes, row in self.groups[role].rows:
                found = self._overlay.index.near(shapes, row, self._overlay.reach, known)
                for zone, metres, bearing in _remeasured(found):
                    if zone not in nearest or metres < nearest[zone][0]:
                        nearest[zone] = (metres, bearing)
            self._near[role] = nearest
        return self._near[role]


def _remeasured(found: Near) -> Iterator[tuple[int, float, float | None]]:
    """Yield zone, geodesic distance and bearing; 0 and no bearing for what touches."""
    if not len(found.zone):
        return
    if len(found.zone) == 1:  # plain numbers: most of the time goes into handing arrays over
        lon1, lat1, lon2, lat2 = found.place[0].tolist()
        if math.hypot(lon2 - lon1, lat2 - lat1) <= CONTACT_DEG:
            yield int(found.zone[0]), 0.0, None
        else:
            angle, _, length = _GEOD.inv(lon1, lat1, lon2, lat2)
            yield int(found.zone[0]), round(length, LENGTH_DIGITS), round(angle % 360.0, 6)
        return
    lon1, lat1, lon2, lat2 = found.place.T
    bearing, _, metres = _GEOD.inv(lon1, lat1, lon2, lat2)
    touching = np.hypot(lon2 - lon1, lat2 - lat1) <= CONTACT_DEG
    for zone, length, angle, touches in zip(
        found.zone.tolist(), metres.tolist(), bearing.tolist(), touching.tolist(), strict=True
    ):
        yield (zone, 0.0, None) if touches else (zone, round(length, LENGTH_DIGITS), round(angle % 360.0, 6))


def _length(shape: BaseGeometry | None) -> float:
    """Return the geodesic length of lon/lat linework in metres."""
    return 0.0 if shape is None else geometry.measure(geometry.follow_lonlat(shape, FOOTPRINT_STEP_M))[1]


def _share_thin(zone: BaseGeometry, shape: Shape) -> _Thin:
    """Return what a footprint shares with a linear or point zone."""
    dimension = int(shapely.get_dimensions(zone))
    line = None
    points = 0
    if shape.areas is not None and shapely.intersects(zone, shape.areas):
        piece = _only(shapely.intersection(shape.areas, zone), dimension)
        line = piece if dimension == 1 else None
        points += int(shapely.get_num_geometries(piece)) if dimension == 0 and piece is not None else 0
    if shape.lines is not None and shapely.intersects(zone, shape.lines):
        shared = shapely.intersection(shape.lines, zone)
        along = _only(shared, 1) if dimension > 0 else None
        line = along if line is None else shapely.union_all([g for g in (line, along) if g is not None])
        crossing = _only(shared, 0)
        points += int(shapely.get_num_geometries(crossing)) if crossing is not None else 0
    if shape.points is not None:
        on = shapely.dwithin(shapely.get_parts(shape.points), zone, CONTACT_DEG)
        points += int(np.count_nonzero(on))
    return _Thin(line, _length(line), points)


def _only(shape: BaseGeometry, dimension: int) -> BaseGeometry | None:
    """Return the members of ``shape`` of one dimension as one geometry, ``None`` when there are none."""
    parts = shapely.get_parts(shape)
    kept = parts[(shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)]
    if len(kept) == 0:
        return None
    make = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    joined: BaseGeometry = make(kept)
    return joined


def _depth_of_line(line: BaseGeometry, areas: BaseGeometry) -> float:
    """Return how deep linework lies inside polygons, metres, in the plane that touches the ellipsoid there."""
    west, south, east, north = shapely.bounds(line)
    plane = np.array([*ELLIPSOID.scales((south + north) / 2)])
    origin = np.array([(west + east) / 2, (south + north) / 2])

    def segments(shape: BaseGeometry) -> NDArray[np.float64]:
        made = Shapes.of([shape])
        xy = (made.xy - origin) * plane
        ends = np.delete(np.arange(len(xy)), made.rings[1:] - 1)
        return np.ascontiguousarray(np.hstack((xy[ends], xy[ends + 1])))

    return float(deepest_on(segments(line), segments(shapely.boundary(areas))))

"""The oracle of the overlay: the same answers by GEOS alone, measured on the CGCS2000 ellipsoid.

An independent computation for the tests of ``sanxian.engine``; it shares no code with the index. What meets what
is decided by GEOS on the geometry as stored, areas are measured by ``geometry.lonlat_area``, lengths and
distances as geodesics. Nearest points and margins are searched in an Albers plane with zones cut to 1 km, so they
are good to some centimetres (a chord of 1 km lies up to 1.5 cm off), distances to the border to 0.2 %.

Sources: Albers equal-area conic, J. P. Snyder, *Map Projections* (USGS PP 1395), §14; geodesics,
C. F. F. Karney, *Algorithms for geodesics* (2013), through pyproj.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry
from sanxian.model import Hit, Layer, Part, Relation, Zone, in_force

FOOTPRINT_STEP_M: Final = 100.0
ZONE_STEP_M: Final = 1000.0
CONTACT_DEG: Final = 1e-8  # about 1 mm: a point this near a stored line lies on it
MARGIN_RELATIVE: Final = 0.01  # the margin is found to 1 % …
MARGIN_ABSOLUTE_M: Final = 0.05  # … or 5 cm, whichever is larger
_DEGREE_M: Final = 111_000.0  # a little under one degree of latitude, so searches err on the wide side

_GEOD: Final = pyproj.Geod(a=6378137.0, rf=298.257222101)  # CGCS2000, GB 22021-2008


class Distance(NamedTuple):
    """Nearest zone of a selection: geodesic distance and bearing from footprint to zone."""

    layer: str
    zone: str
    distance_m: float
    bearing_deg: float | None  # None when they meet


class Plane:
    """Albers equal-area plane on the CGCS2000 ellipsoid, parallels chosen from a region."""

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        sixth = (north - south) / 6
        self._proj = pyproj.Proj(
            f"+proj=aea +lat_1={south + sixth:.4f} +lat_2={north - sixth:.4f} +lat_0={(south + north) / 2:.4f} "
            f"+lon_0={(west + east) / 2:.4f} +a=6378137 +rf=298.257222101 +units=m +no_defs"
        )

    def forward(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a lon/lat geometry in the plane, metres."""
        return shapely.transform(shape, lambda xy: np.column_stack(self._proj(xy[:, 0], xy[:, 1])))

    def inverse(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a plane geometry in lon/lat, degrees."""
        return shapely.transform(
            shape, lambda xy: np.column_stack(self._proj(xy[:, 0], xy[:, 1], inverse=True))
        )


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
        points, lines, areas = (shapely.union_all(group) if group else None for group in by_dimension)
        return cls(areas, lines, points)

    def map(self, change: Callable[[BaseGeometry], BaseGeometry]) -> Shape:
        """Return the shape with ``change`` applied to each dimension."""
        return Shape(*(None if g is None else change(g) for g in (self.areas, self.lines, self.points)))

    def __iter__(self) -> Iterator[BaseGeometry]:
        return (g for g in (self.areas, self.lines, self.points) if g is not None)

    @property
    def whole(self) -> BaseGeometry:
        """All of it as one geometry."""
        members = list(self)
        return members[0] if len(members) == 1 else shapely.geometrycollections(members)


class _LayerIndex:
    """One layer: zones as stored, an R-tree over them, and their plane form made on demand."""

    def __init__(self, layer: Layer, zones: Sequence[Zone], plane: Plane) -> None:
        self.layer = layer
        self.zones = tuple(zones)
        self.stored = np.array([zone.geometry for zone in zones], dtype=object)
        self.tree = shapely.STRtree(self.stored)
        self._plane = plane
        self._planar: dict[int, BaseGeometry] = {}
        self._edges: dict[int, shapely.STRtree] = {}
        self._areas: dict[int, float] = {}

    def in_force(self, index: int, as_of: date) -> bool:
        """Return whether zone ``index`` is in force."""
        return in_force(self.zones[index].valid_from, self.zones[index].valid_to, as_of)

    def planar(self, index: int) -> BaseGeometry:
        """Return zone ``index`` densified, in the plane."""
        if index not in self._planar:
            shape = self._plane.forward(geometry.follow_lonlat(self.stored[index], ZONE_STEP_M))
            shapely.prepare(shape)
            self._planar[index] = shape
        return self._planar[index]

    def area(self, index: int) -> float:
        """Return the area of zone ``index`` in m², 0 for lines and points."""
        if index not in self._areas:
            shape = self.stored[index]
            self._areas[index] = geometry.lonlat_area(shape) if shapely.get_dimensions(shape) == 2 else 0.0
        return self._areas[index]

    def edges(self, index: int) -> shapely.STRtree:
        """Return a tree over short pieces of the boundary of zone ``index``, in the plane."""
        if index not in self._edges:
            self._edges[index] = shapely.STRtree(_chunks(self.planar(index)))
        return self._edges[index]

    def around(self, shape: BaseGeometry, distance_m: float) -> NDArray[np.intp]:
        """Return the zones that may lie within ``distance_m`` of ``shape`` (lon/lat), in zone order."""
        south, north = shapely.bounds(shape)[1], shapely.bounds(shape)[3]
        shrink = max(0.05, math.cos(math.radians(max(abs(south), abs(north)) + 0.5)))
        degrees = distance_m / (_DEGREE_M * shrink) + CONTACT_DEG
        shapely.prepare(shape)
        found: NDArray[np.intp] = np.sort(self.tree.query(shape, predicate="dwithin", distance=degrees))
        return found


def _chunks(shape: BaseGeometry, size: int = 16) -> list[BaseGeometry]:
    """Return the linework of ``shape`` in pieces of at most ``size`` edges."""
    lines = shapely.get_parts(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape)
    pieces = []
    for line in lines:
        xy = shapely.get_coordinates(line)
        if len(xy) == 1:
            pieces.append(line)
        pieces.extend(shapely.linestrings(xy[i : i + size + 1]) for i in range(0, len(xy) - 1, size))
    return pieces


class Overlay:
    """The overlay of one edition: layers prepared once, projects placed one by one."""

    def __init__(
        self,
        layers: Sequence[Layer],
        zones: Mapping[str, Sequence[Zone]],
        outline: BaseGeometry,
    ) -> None:
        """Prepare the layers.

        Parameters
        ----------
        layers : sequence of Layer
        zones : mapping of layer id to its zones, lon/lat EPSG:4490
        outline : Polygon or MultiPolygon
            The edition's region, lon/lat; it chooses the parallels of the plane.
        """
        self.plane = Plane(tuple(shapely.bounds(outline)))
        self.outline_stored = outline
        shapely.prepare(self.outline_stored)
        self.layers = {layer.id: _LayerIndex(layer, zones.get(layer.id, ()), self.plane) for layer in layers}

    @cached_property
    def outline(self) -> BaseGeometry:
        """The region in the plane."""
        shape = self.plane.forward(geometry.follow_lonlat(self.outline_stored, ZONE_STEP_M))
        shapely.prepare(shape)
        return shape

    @cached_property
    def border(self) -> shapely.STRtree:
        """Short pieces of the region's border, in the plane."""
        return shapely.STRtree(_chunks(self.outline))

    def place(self, parts: Sequence[Part], as_of: date) -> Placement:
        """Return where a project lies, against the zones in force on ``as_of``."""
        return Placement(self, parts, as_of)

    def planar(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a lon/lat geometry in the plane, its edges followed."""
        return self.plane.forward(geometry.follow_lonlat(shape, FOOTPRINT_STEP_M))

    def area(self, shape: BaseGeometry | None) -> float:
        """Return the area of a lon/lat geometry in m²."""
        return 0.0 if shape is None else geometry.lonlat_area(shape)


def _length(shape: BaseGeometry | None) -> float:
    """Return the geodesic length of lon/lat linework in metres."""
    return 0.0 if shape is None else geometry.measure(geometry.follow_lonlat(shape, FOOTPRINT_STEP_M))[1]


class Placement:
    """One project laid over one edition: hits, distances, and what falls outside."""

    def __init__(self, overlay: Overlay, parts: Sequence[Part], as_of: date) -> None:
        self._overlay = overlay
        self._as_of = as_of
        self.roles = tuple(sorted({part.role for part in parts}))
        groups = {"": [part.geometry for part in parts]}
        if len(self.roles) > 1:
            groups |= {role: [p.geometry for p in parts if p.role == role] for role in self.roles}
        self._stored = {role: Shape.of(members) for role, members in groups.items()}
        self._planar = {role: shape.map(overlay.planar) for role, shape in self._stored.items()}
        self._distances: dict[tuple[str, tuple[int, ...], str], Distance | None] = {}
        self._sizes: dict[str, tuple[float, float]] = {}

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
            stored = self._stored[role]
            self._sizes[role] = (self._overlay.area(stored.areas), _length(stored.lines))
        return self._sizes[role]

    @property
    def dimensions(self) -> int:
        """How many of areas, lines and points the footprint has."""
        return sum(1 for _ in self._stored[""])

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
        if shapely.covers(self._overlay.outline_stored, self._stored[""].whole):
            return (0.0,)
        shares = []
        for shape in self._stored[""]:
            if shapely.get_dimensions(shape) == 0:
                inside = shapely.dwithin(shapely.get_parts(shape), self._overlay.outline_stored, CONTACT_DEG)
                shares.append(1.0 - float(np.mean(inside)))
            else:
                outside = shapely.difference(shape, self._overlay.outline_stored)
                measure = _length if shapely.get_dimensions(shape) == 1 else self._overlay.area
                shares.append(min(1.0, measure(outside) / measure(shape)))
        return tuple(shares)

    @cached_property
    def border_m(self) -> float:
        """Planar distance to the border of the region (how far around the edition can see)."""
        return min(self._nearest_edge(self._overlay.border, g) for g in self._planar[""])

    @staticmethod
    def _nearest_edge(tree: shapely.STRtree, shape: BaseGeometry) -> float:
        _, distance = tree.query_nearest(shape, return_distance=True, all_matches=False)
        return float(np.min(distance))

    # --- hits ----------------------------------------------------------------------------

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """Every zone met, touched or near, by layer, zone order and role."""
        return tuple(hit for index in self._overlay.layers.values() for hit in self._layer_hits(index))

    def _layer_hits(self, index: _LayerIndex) -> Iterator[Hit]:
        for i in index.around(self._stored[""].whole, index.layer.near_m):
            if index.in_force(i, self._as_of):
                for role in self._stored:
                    hit = self._hit(index, int(i), role)
                    if hit is not None:
                        yield hit

    def _hit(self, index: _LayerIndex, i: int, role: str) -> Hit | None:
        """Return how the parts of ``role`` and zone ``i`` lie to each other; ``None`` when far apart."""
        layer, zone = index.layer, index.zones[i]
        meeting = self._meet(index, i, role)
        if meeting.empty:
            nearest = self._measure_distance(index, i, role, layer.near_m)
            if nearest is None:
                return None
            touches = nearest.distance_m == 0.0
            return Hit(
                layer=layer.id,
                zone=zone.code,
                role=role,
                relation=Relation.ADJACENT if touches else Relation.NEAR,
                distance_m=nearest.distance_m,
                bearing_deg=nearest.bearing_deg,
                margin_m=nearest.distance_m,
                sensitive=nearest.distance_m <= layer.accuracy_m,
            )
        kept = (
            meeting.points > 0
            or meeting.area_m2 >= layer.min_area_m2
            or meeting.length_m >= layer.min_length_m
        )
        margin = self._margin(index, i, role, meeting)
        zone_area = index.area(i)
        return Hit(
            layer=layer.id,
            zone=zone.code,
            role=role,
            relation=Relation.OVERLAP if kept else Relation.DROPPED,
            area_m2=meeting.area_m2,
            length_m=meeting.length_m,
            points=meeting.points,
            share=self._share(role, meeting),
            zone_share=min(1.0, meeting.area_m2 / zone_area) if zone_area else 0.0,
            margin_m=margin,
            sensitive=margin <= layer.accuracy_m,
        )

    def _meet(self, index: _LayerIndex, i: int, role: str) -> _Meeting:
        """Return what the parts of ``role`` share with zone ``i``, decided on the geometry as stored."""
        zone, stored = index.stored[i], self._stored[role]
        dimension = shapely.get_dimensions(zone)
        area = line = None
        points = 0
        if stored.areas is not None and shapely.intersects(zone, stored.areas):
            piece = _only(shapely.intersection(stored.areas, zone), dimension)
            area, line = (piece, None) if dimension == 2 else (None, piece if dimension == 1 else None)
            points += int(shapely.get_num_geometries(piece)) if dimension == 0 and piece is not None else 0
        if stored.lines is not None and shapely.intersects(zone, stored.lines):
            shared = shapely.intersection(stored.lines, zone)
            along = _only(shared, 1) if dimension > 0 else None
            line = along if line is None else shapely.union_all([g for g in (line, along) if g is not None])
            crossing = _only(shared, 0) if dimension < 2 else None
            points += int(shapely.get_num_geometries(crossing)) if crossing is not None else 0
        if stored.points is not None:
            on = shapely.dwithin(shapely.get_parts(stored.points), zone, CONTACT_DEG)
            points += int(np.count_nonzero(on))
        return _Meeting(
            area=area, line=line, points=points, area_m2=self._overlay.area(area), length_m=_length(line)
        )

    def _share(self, role: str, meeting: _Meeting) -> float:
        """Return the share of the footprint of ``role``: of its area, else its length, else its points."""
        shape = self._planar[role]
        if shape.areas is not None:
            return min(1.0, meeting.area_m2 / self._size(role)[0])
        if shape.lines is not None:
            return min(1.0, meeting.length_m / self._size(role)[1])
        return min(1.0, meeting.points / int(shapely.get_num_geometries(shape.points)))

    def extent(self, selection: Sequence[tuple[str, tuple[int, ...]]], role: str) -> Extent:
        """Return what the parts of ``role`` share with all zones of ``selection`` together.

        Parameters
        ----------
        selection : sequence of (layer id, row numbers)
        role : str
            ``""`` for the whole project.
        """
        stored = self._stored[role]
        areas, lines, zone_share = [], [], 0.0
        on = np.zeros(
            0 if stored.points is None else int(shapely.get_num_geometries(stored.points)), dtype=bool
        )
        for layer, rows in selection:
            index = self._overlay.layers[layer]
            wanted = set(rows)
            for i in map(int, index.around(stored.whole, 0.0)):
                if i not in wanted or not index.in_force(i, self._as_of):
                    continue
                meeting = self._meet(index, i, role)
                if meeting.area is not None:
                    areas.append(meeting.area)
                    zone_share = max(zone_share, meeting.area_m2 / index.area(i))
                if meeting.line is not None:
                    lines.append(meeting.line)
                if stored.points is not None:
                    on |= shapely.dwithin(shapely.get_parts(stored.points), index.stored[i], CONTACT_DEG)
        area = self._overlay.area(shapely.union_all(areas)) if areas else 0.0
        length = _length(shapely.union_all(lines)) if lines else 0.0
        shares = []
        if stored.areas is not None:
            shares.append(min(1.0, area / self._size(role)[0]))
        if stored.lines is not None:
            shares.append(min(1.0, length / self._size(role)[1]))
        if stored.points is not None:
            shares.append(float(np.mean(on)))
        return Extent(area, length, shares[0], min(shares), min(1.0, zone_share))

    # --- margin --------------------------------------------------------------------------

    def _margin(self, index: _LayerIndex, i: int, role: str, meeting: _Meeting) -> float:
        """Return how far the zone's line would have to move for the meeting to vanish, metres.

        That is the depth of the deepest point of the meeting, measured from the zone's boundary (for a
        linear or point zone: from the footprint's).
        """
        dimension = shapely.get_dimensions(index.stored[i])
        shape = self._planar[role]
        if dimension < 2:
            if shape.areas is None or meeting.line is None:
                return 0.0
            edges = shapely.STRtree(_chunks(shape.areas))
            shared: tuple[BaseGeometry | None, ...] = (meeting.line,)
        else:
            edges = index.edges(i)
            shared = (meeting.area, meeting.line)
        pieces = [p for g in shared if g is not None for p in shapely.get_parts(self._overlay.planar(g))]
        if dimension == 2 and meeting.points:
            on = [
                p
                for p in shapely.get_parts(self._stored[role].points)
                if shapely.intersects(p, index.stored[i])
            ]
            pieces.extend(map(self._overlay.plane.forward, on))
        return max((_depth(piece, edges) for piece in pieces), default=0.0)

    # --- distance ------------------------------------------------------------------------

    def distance(self, layer: str, zones: Sequence[int], role: str = "") -> Distance | None:
        """Return the nearest of ``zones`` (row numbers of ``layer``) in force; ``None`` when there is none.

        Candidates are found in the plane, whose scale is within 1 % here, and re-measured on the ellipsoid.
        """
        if role and len(self.roles) == 1:
            role = ""
        key = (layer, tuple(zones), role)
        if key not in self._distances:
            self._distances[key] = self._find_nearest(self._overlay.layers[layer], key[1], role)
        return self._distances[key]

    def _find_nearest(self, index: _LayerIndex, zones: tuple[int, ...], role: str) -> Distance | None:
        alive = [i for i in zones if index.in_force(i, self._as_of)]
        if not alive:
            return None
        # bounds first: the plane form of a far zone is never made
        box = shapely.box(*shapely.bounds(self._stored[role].whole))
        rough = shapely.distance(shapely.box(*shapely.bounds(index.stored[alive]).T), box)
        best: Distance | None = None
        for i in np.array(alive)[np.argsort(rough, kind="stable")]:
            lower = _bounds_distance_m(index.stored[i], box)
            if best is not None and lower > best.distance_m * 1.02:
                continue
            found = self._measure_distance(index, int(i), role, math.inf)
            if found is not None and (best is None or found.distance_m < best.distance_m):
                best = found
        return best

    def _measure_distance(self, index: _LayerIndex, i: int, role: str, limit_m: float) -> Distance | None:
        """Return geodesic distance and bearing to zone ``i``, or ``None`` when beyond ``limit_m``."""
        zone = index.planar(i)
        name = (index.layer.id, index.zones[i].code)
        best: tuple[float, float | None] | None = None
        for planar, stored in zip(self._planar[role], self._stored[role], strict=True):
            if shapely.dwithin(index.stored[i], stored, CONTACT_DEG):
                return Distance(*name, 0.0, None)
            line = shapely.shortest_line(planar, zone)
            if shapely.length(line) > limit_m * 1.02:
                continue
            (lon1, lat1), (lon2, lat2) = shapely.get_coordinates(self._overlay.plane.inverse(line))
            bearing, _, metres = _GEOD.inv(lon1, lat1, lon2, lat2)
            if metres <= limit_m and (best is None or metres < best[0]):
                best = (metres, bearing % 360.0)
        return None if best is None else Distance(*name, *best)


class Extent(NamedTuple):
    """What a footprint and a selection of zones share, zones that overlap counted once."""

    area_m2: float
    length_m: float
    share: float  # of the footprint's area, else its length, else its points
    least_share: float  # the least of the shares of area, length and points
    zone_share: float  # the largest share of one zone


class _Meeting(NamedTuple):
    """What a footprint and a zone share, lon/lat as stored."""

    area: BaseGeometry | None
    line: BaseGeometry | None
    points: int
    area_m2: float
    length_m: float

    @property
    def empty(self) -> bool:
        return self.area is None and self.line is None and self.points == 0


def _only(shape: BaseGeometry, dimension: int) -> BaseGeometry | None:
    """Return the members of ``shape`` of one dimension as one geometry, ``None`` when there are none."""
    parts = shapely.get_parts(shape)
    kept = parts[(shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)]
    if len(kept) == 0:
        return None
    make = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    joined: BaseGeometry = make(kept)
    return joined


def _bounds_distance_m(shape: BaseGeometry, box: BaseGeometry) -> float:
    """Return a lower bound of the distance between two lon/lat boxes in metres."""
    west, south, east, north = shapely.bounds(shape)
    w, s, e, n = shapely.bounds(box)
    dy = max(0.0, south - n, s - north) * 110_500.0
    widest = max(abs(south), abs(north), abs(s), abs(n))
    dx = max(0.0, west - e, w - east) * 110_500.0 * max(0.0, math.cos(math.radians(min(89.0, widest))))
    return math.hypot(dx, dy) * 0.99


# --- depth: the deepest point of a piece below a boundary ------------------------------------


def _depth(piece: BaseGeometry, edges: shapely.STRtree) -> float:
    """Return the largest distance from a point of ``piece`` to ``edges``, by branch and bound.

    The distance to a set changes by at most a metre a metre, so a cell of radius *r* whose centre is *d*
    away holds nothing deeper than *d + r*; cells that cannot beat the best found are dropped.
    """
    dimension = shapely.get_dimensions(piece)
    vertices = shapely.get_coordinates(piece)
    at_vertices = _distance_to(vertices, edges)
    best = float(np.max(at_vertices))
    if dimension == 0:
        return best
    return (
        _depth_line(vertices, at_vertices, edges, best) if dimension == 1 else _depth_area(piece, edges, best)
    )


def _enough(best: float) -> float:
    return best + max(MARGIN_ABSOLUTE_M, MARGIN_RELATIVE * best)


def _distance_to(xy: NDArray[np.float64], edges: shapely.STRtree) -> NDArray[np.float64]:
    rows, distance = edges.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    result = np.empty(len(xy))
    result[rows[0]] = distance
    return result


def _depth_line(
    xy: NDArray[np.float64], at: NDArray[np.float64], edges: shapely.STRtree, best: float
) -> float:
    a, b, da, db = xy[:-1], xy[1:], at[:-1], at[1:]
    while len(a):
        bound = (da + db + np.hypot(*(b - a).T)) / 2
        open_ = bound > _enough(best)
        a, b, da, db = a[open_], b[open_], da[open_], db[open_]
        if not len(a):
            break
        middle = (a + b) / 2
        dm = _distance_to(middle, edges)
        best = max(best, float(np.max(dm)))
        a, b = np.concatenate((a, middle)), np.concatenate((middle, b))
        da, db = np.concatenate((da, dm)), np.concatenate((dm, db))
    return best


def _depth_area(piece: BaseGeometry, edges: shapely.STRtree, best: float) -> float:
    shapely.prepare(piece)
    west, south, east, north = shapely.bounds(piece)
    half = max(east - west, north - south) / 2
    centres = np.array([[(west + east) / 2, (south + north) / 2]])
    quarters = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    while len(centres):
        radius = half * math.sqrt(2.0)
        distance = _distance_to(centres, edges)
        inside = shapely.contains_xy(piece, centres)
        if inside.any():
            best = max(best, float(np.max(distance[inside])))
        alive = distance + radius > _enough(best)
        alive &= inside | shapely.dwithin(shapely.points(centres), piece, radius)
        half /= 2
        centres = (centres[alive][:, None, :] + quarters[None, :, :] * half).reshape(-1, 2)
    return best

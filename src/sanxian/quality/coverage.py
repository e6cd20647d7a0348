"""Gaps and overlaps of one coverage: the faces between the edges that are left over.

:mod:`~sanxian.quality.edges` leaves a few edges over. Cut at their crossings they bound faces, and over one face
the number of zones does not change. A face in no zone is a gap, a face in several is an overlap, a face in a
zone and outside the region is *outside*. Everything else is covered exactly once, which is proven there and
not looked at here: so the work grows with what is wrong, not with the province.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.edition import DECIMALS
from sanxian.engine.surface import ELLIPSOID
from sanxian.quality.edges import Loose, chains, loose_edges
from sanxian.quality.sizes import as_array, measured

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
GeometryArray = NDArray[np.object_]

GRID_M: Final = 2e-4  # half the width of what rounding to the grid (0.1 mm) can make of one line
LEAST_M2: Final = 1e-6  # smaller is rounding
_STEP: Final = 2 * 10.0**-DECIMALS  # degrees: just beside an edge


class Kind(enum.StrEnum):
    """What is wrong with a face."""

    GAP = "gap"
    OVERLAP = "overlap"
    OUTSIDE = "outside"  # in a zone, but not in the region


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A piece of land that is not covered exactly once."""

    kind: Kind
    shape: BaseGeometry  # Polygon, lon/lat
    zones: tuple[int, ...]  # rows of the zones it lies in; none for a gap
    beside: tuple[
        tuple[int, float], ...
    ]  # rows of the zones around a gap with the length they share, longest first
    area_m2: float
    perimeter_m: float  # without hairs
    width_m: float  # mean width: twice the area over the perimeter, without hairs; 0 = nothing but a hair


class Mismatch(NamedTuple):
    """An edge that lies on its neighbour's line but does not have the same vertices."""

    zones: tuple[int, int]  # the zone of the edge, then the zone beyond; the number of zones = outside
    line: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A coverage, taken apart."""

    faces: tuple[Face, ...]  # by kind, then by area, largest first
    mismatches: tuple[Mismatch, ...]
    zones_m2: Floats  # (n,) area of each zone
    region_m2: float | None
    edges: int
    unmatched: int

    def total(self, kind: Kind) -> float:
        """Return how much area is wrong in one way; an overlap counts once for each zone too many."""
        if kind is Kind.OVERLAP:
            return float(sum(f.area_m2 * (len(f.zones) - 1) for f in self.faces if len(f.zones) > 1))
        return float(sum(f.area_m2 for f in self.faces if f.kind is kind))


def examine(zones: Sequence[BaseGeometry] | GeometryArray, region: BaseGeometry | None) -> Examination:
    """Take a coverage apart.

    Parameters
    ----------
    zones : (n,) (Multi)Polygon, lon/lat EPSG:4490
        Valid.
    region : (Multi)Polygon, optional
        What they are to fill; without it only overlaps and enclosed gaps can be known.
    """
    zones = as_array(zones)
    loose = loose_edges(zones, region)
    land = Land(zones, region)
    faces = _faces(loose, land)
    zones_m2, _ = measured(zones)
    return Examination(
        faces=faces,
        mismatches=_mismatches(loose, land, faces),
        zones_m2=zones_m2,
        region_m2=None if region is None else float(measured([region])[0][0]),
        edges=loose.edges,
        unmatched=loose.many,
    )


class Land:
    """Which zones hold a point. Zones are prepared when they are first asked."""

    def __init__(self, zones: GeometryArray, region: BaseGeometry | None) -> None:
        self.zones = zones
        self.region = region
        self.outside = len(zones)
        self._tree: shapely.STRtree | None = None
        if region is not None:
            shapely.prepare(region)

    @property
    def tree(self) -> shapely.STRtree:
        """The boxes of the zones."""
        if self._tree is None:
            self._tree = shapely.STRtree(self.zones)
        return self._tree

    def holders(self, xy: Floats) -> tuple[Ints, Ints]:
        """Return (row of point, row of zone) for each zone that holds a point, sorted; outside is a zone too."""
        point, zone = self.tree.query(shapely.points(xy)).astype(np.int64)
        shapely.prepare(self.zones[np.unique(zone)])
        inside = shapely.contains_xy(self.zones[zone], xy[point, 0], xy[point, 1])
        point, zone = point[inside], zone[inside]
        if self.region is not None:
            out = np.flatnonzero(~shapely.contains_xy(self.region, xy[:, 0], xy[:, 1]))
            point = np.concatenate((point, out))
            zone = np.concatenate((zone, np.full(len(out), self.outside)))
        order = np.lexsort((zone, point))
        return point[order], zone[order]

    def sets(self, xy: Floats) -> list[tuple[int, ...]]:
        """Return the zones that hold each point."""
        point, zone = self.holders(xy)
        cut = np.searchsorted(point, np.arange(len(xy) + 1))
        held = zone.tolist()
        return [tuple(held[a:b]) for a, b in zip(cut[:-1].tolist(), cut[1:].tolist(), strict=True)]


# --- faces -------------------------------------------------------------------------------------------


def _faces(loose: Loose, land: Land) -> tuple[Face, ...]:
    shapes = cut_into_faces(chains(loose))
    if not len(shapes):
        return ()
    held = land.sets(inner_points(shapes))
    once = np.array([len(zones) == 1 for zones in held])
    shapes, held = shapes[~once], [zones for zones, fine in zip(held, once.tolist(), strict=True) if not fine]
    shapes, held = _split(shapes, held, land)
    if not len(shapes):
        return ()
    area, _ = measured(shapes)
    perimeter, width = without_hairs(shapes)
    large = area >= LEAST_M2
    gap = np.array([not zones for zones in held]) & large
    beside = dict(zip(np.flatnonzero(gap).tolist(), _beside(shapes[gap], land), strict=True))
    made = []
    for row in np.flatnonzero(large).tolist():
        inside = tuple(zone for zone in held[row] if zone != land.outside)
        kind = Kind.GAP if not inside else Kind.OVERLAP if land.outside not in held[row] else Kind.OUTSIDE
        made.append(
            Face(
                kind=kind,
                shape=shapes[row],
                zones=inside,
                beside=beside.get(row, ()),
                area_m2=float(area[row]),
                perimeter_m=float(perimeter[row]),
                width_m=float(width[row]),
            )
        )
    kinds = list(Kind)
    return tuple(sorted(made, key=lambda f: (kinds.index(f.kind), -f.area_m2, f.zones, f.shape.bounds)))


def without_hairs(shapes: GeometryArray) -> tuple[Floats, Floats]:
    """Return perimeter and mean width of faces, m, without what is no wider than the grid.

    A new vertex on a long edge is rounded to the grid and bends the edge by a hair; the hair can be kilometres
    long and hangs on the face beside it. In the mean it would make a wide gap look thin.
    """
    west, south, east, north = shapely.bounds(shapes).T
    lon, lat = (west + east) / 2, (south + north) / 2
    x_scale, y_scale = ELLIPSOID.x_scale(lat), ELLIPSOID.y_scale(lat)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    plane = np.column_stack(
        ((xy[:, 0] - lon[owner]) * x_scale[owner], (xy[:, 1] - lat[owner]) * y_scale[owner])
    )
    flat = shapely.set_coordinates(shapes.copy(), plane)
    core = shapely.buffer(flat, -GRID_M, join_style="mitre", quad_segs=1)
    thick = ~shapely.is_empty(core)
    perimeter, width = shapely.length(flat), np.zeros(len(flat))
    core = shapely.buffer(core[thick], GRID_M, join_style="mitre", quad_segs=1)
    perimeter[thick] = shapely.length(core)
    width[thick] = 2 * shapely.area(core) / perimeter[thick]
    return perimeter, width


def cut_into_faces(lines: GeometryArray, grid: float = 0.0) -> GeometryArray:
    """Return the faces that lines bound, cut at their crossings; with ``grid`` every vertex lies on that grid."""
    if not len(lines):
        return np.empty(0, dtype=object)
    noded = shapely.union_all(lines, grid_size=grid) if grid else shapely.union_all(lines)
    return shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))


def inner_points(shapes: GeometryArray) -> Floats:
    """Return a point inside each shape."""
    return shapely.get_coordinates(shapely.point_on_surface(shapes))


def _split(
    shapes: GeometryArray, held: list[tuple[int, ...]], land: Land
) -> tuple[GeometryArray, list[tuple[int, ...]]]:
    """Return the faces cut where the zones change though their number does not.

    Where a zone lies over the edge between two others, that edge is shared and so was not left over.
    """
    several = np.flatnonzero([len(zones) > 1 for zones in held])
    if not len(several):
        return shapes, held
    face, zone = land.tree.query(shapes[several], predicate="intersects").astype(np.int64)
    other = np.array(
        [z not in held[several[f]] for f, z in zip(face.tolist(), zone.tolist(), strict=True)], bool
    )
    face, zone = face[other], zone[other]
    crossed: dict[int, list[BaseGeometry]] = {}
    for f, z in zip(face.tolist(), zone.tolist(), strict=True):
        shape = shapes[several[f]]
        rim = near_boundary(land.zones[z], shape)
        # a zone that merely touches leaves no line inside
        if shapely.relate_pattern(rim, shape, "T********"):
            crossed.setdefault(int(several[f]), []).append(rim)
    if not crossed:
        return shapes, held
    keep = [row for row in range(len(shapes)) if row not in crossed]
    pieces: list[BaseGeometry] = []
    for row, rims in sorted(crossed.items()):
        # whole edges, not their parts inside: an end computed on the boundary would miss it by a rounding
        cut = cut_into_faces(as_array([shapes[row].boundary, *rims]))
        shapely.prepare(shapes[row])
        within = shapely.contains_xy(shapes[row], *inner_points(cut).T)
        pieces += cut[within].tolist()
    made = as_array(pieces)
    return (
        np.concatenate((shapes[keep], made)),
        [held[row] for row in keep] + land.sets(inner_points(made)),
    )


def near_boundary(zone: BaseGeometry, place: BaseGeometry) -> BaseGeometry:
    """Return the boundary of a zone near a place: only the edges whose boxes meet the place's box."""
    west, south, east, north = place.bounds
    kept = []
    for ring in shapely.get_rings(shapely.get_parts(zone)):
        xy = shapely.get_coordinates(ring)
        low, high = np.minimum(xy[:-1], xy[1:]), np.maximum(xy[:-1], xy[1:])
        near = (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
        rows = np.flatnonzero(near)
        kept += [
            xy[run[0] : run[-1] + 2]
            for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
            if len(run)
        ]
    return shapely.MultiLineString(kept)


def _beside(gaps: GeometryArray, land: Land) -> list[tuple[tuple[int, float], ...]]:
    """Return, for each gap, the zones beyond its edges and the length they share (m), the longest first."""
    if not len(gaps):
        return []
    rings, of_part = shapely.get_rings(shapely.orient_polygons(gaps), return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.flatnonzero(of_ring[:-1] == of_ring[1:])
    a, b = xy[edge], xy[edge + 1]
    owner = of_part[of_ring[edge]]
    point, zone = land.holders(just_right_of(a, b))
    long = metres(a, b)[point]
    sums: list[dict[int, float]] = [{} for _ in gaps]
    for gap, z, size in zip(owner[point].tolist(), zone.tolist(), long.tolist(), strict=True):
        if z != land.outside:
            sums[gap][z] = sums[gap].get(z, 0.0) + size
    return [tuple(sorted(found.items(), key=lambda item: (-item[1], item[0]))) for found in sums]


def just_right_of(a: Floats, b: Floats) -> Floats:
    """Return points a hair to the right of the middle of each edge: beyond it, seen from its own zone."""
    along = b - a
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-300)[:, None]
    right = np.column_stack((along[:, 1], -along[:, 0])) / length
    moved: Floats = (a + b) / 2 + right * np.minimum(_STEP, length / 4)
    return moved


def metres(a: Floats, b: Floats) -> Floats:
    """Return the length of edges on the ellipsoid, m, with the scale at their middle."""
    middle = (a[:, 1] + b[:, 1]) / 2
    return np.hypot(
        (b[:, 0] - a[:, 0]) * ELLIPSOID.x_scale(middle), (b[:, 1] - a[:, 1]) * ELLIPSOID.y_scale(middle)
    )


# --- vertices ----------------------------------------------------------------------------------------


def _mismatches(loose: Loose, land: Land, faces: Sequence[Face]) -> tuple[Mismatch, ...]:
    """Return the edges left over that bound no face: the lines agree, their vertices do not."""
    if not loose.many:
        return ()
    lines = np.asarray(shapely.linestrings(np.stack((loose.start, loose.end), axis=1)), dtype=object)
    real = as_array([face.shape for face in faces if face.width_m > 0])
    alone = np.ones(loose.many, bool)
    if len(real):
        touched = shapely.STRtree(lines).query(real, predicate="dwithin", distance=_STEP)[1]
        alone[touched] = False
    rows = np.flatnonzero(alone & (loose.zone != land.outside))
    if not len(rows):
        return ()
    beyond = land.sets(just_right_of(loose.start[rows], loose.end[rows]))
    found = []
    for row, zones in zip(rows.tolist(), beyond, strict=True):
        own = int(loose.zone[row])
        found += [Mismatch((own, zone), lines[row]) for zone in zones if zone != own][:1]
    return tuple(found)

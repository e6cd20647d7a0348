"""From coordinates as they were given to geometries that can be trusted.

Readers hand over :class:`Feature` values made of plain coordinate paths. Nothing has been closed,
cleaned or dropped yet, so that every repair happens here, once, and leaves a record. This module
also measures, and adds points along edges: an edge is straight in longitude and latitude (ADR 0001).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ..errors import FootprintCoordinate, FootprintDegenerate, FootprintEmpty
from ..model import Notice

if TYPE_CHECKING:
    from pyproj import Geod

Kind: TypeAlias = Literal["point", "line", "polygon"]
Coordinates: TypeAlias = NDArray[np.float64]
"""(n, 2) float64: x then y, before the transformation whatever the file says, then lon, lat."""

KINDS: Final[tuple[Kind, ...]] = ("polygon", "line", "point")
CGCS2000_A: Final = 6378137.0
CGCS2000_RF: Final = 298.257222101
MIN_COMPACTNESS: Final = 1e-12  # area / perimeter²; collinear vertices leave 1e-15 by rounding
MIN_LENGTH_M: Final = 1e-4
EDGE_M: Final = 100.0  # longest edge of a footprint, see follow_lonlat


@dataclass(frozen=True, slots=True)
class Piece:
    """One point, line or polygon as it stands in the input."""

    kind: Kind
    paths: tuple[Coordinates, ...]  # polygon: the outer ring, then its holes; else one path


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of one layer; ``number`` counts from 1 in the order of the file."""

    number: int
    pieces: tuple[Piece, ...]
    name: str = ""
    role: str = ""
    repairs: tuple[Notice, ...] = ()  # what reading it already had to mend


def where(layer: str, feature: Feature) -> dict[str, str]:
    """Return how a message names ``feature``, in both languages."""
    zh_name, en_name = (f"（{feature.name}）", f" ({feature.name})") if feature.name else ("", "")
    zh_layer, en_layer = (f"图层“{layer}”", f"layer “{layer}”, ") if layer else ("", "")
    return {
        "zh": f"{zh_layer}第 {feature.number} 个要素{zh_name}",
        "en": f"{en_layer}feature {feature.number}{en_name}",
    }


def pieces_of(geometry: BaseGeometry) -> tuple[Piece, ...]:
    """Return the points, lines and polygons of any geometry, Z and M dropped, in order."""
    pieces: list[Piece] = []
    for part in shapely.get_parts(geometry):
        if part.is_empty:
            continue
        match part.geom_type:
            case "Point":
                pieces.append(Piece("point", (_xy(part),)))
            case "LineString" | "LinearRing":
                pieces.append(Piece("line", (_xy(part),)))
            case "Polygon":
                rings = (part.exterior, *part.interiors)
                pieces.append(Piece("polygon", tuple(_xy(ring) for ring in rings)))
            case _:  # a collection inside a collection
                pieces.extend(pieces_of(part))
    return tuple(pieces)


def _xy(geometry: BaseGeometry) -> Coordinates:
    return np.asarray(shapely.get_coordinates(geometry), dtype=np.float64)


def polygons_from_rings(rings: Sequence[Coordinates]) -> tuple[Piece, ...]:
    """Return polygons from bare rings: a ring inside an odd number of others is a hole.

    Each hole goes to the smallest ring around it, so an island inside a lake is land again.
    Needed where a format lists rings without saying which are holes (corner tables).
    """
    solid: list[BaseGeometry] = [shapely.make_valid(shapely.Polygon(close(ring))) for ring in rings]
    areas = [float(s.area) for s in solid]
    inner = [s.representative_point() for s in solid]
    around = [
        [j for j in range(len(rings)) if j != i and areas[j] > areas[i] and solid[j].contains(inner[i])]
        for i in range(len(rings))
    ]
    holes: dict[int, list[Coordinates]] = {i: [] for i in range(len(rings)) if len(around[i]) % 2 == 0}
    for i, outer in enumerate(around):
        if i not in holes:
            holes[min(outer, key=areas.__getitem__)].append(rings[i])
    return tuple(Piece("polygon", (rings[i], *inside)) for i, inside in holes.items())


def close(ring: Coordinates) -> Coordinates:
    """Return ``ring`` with its first point repeated at the end, if it was not."""
    return ring if len(ring) and np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])


# --- check and repair ------------------------------------------------------------------------


def check_finite(features: Sequence[Feature], *, layer: str, source: str) -> None:
    """Raise for the first feature that is empty or holds a coordinate that is no number."""
    for feature in features:
        if not any(len(path) for piece in feature.pieces for path in piece.paths):
            raise FootprintEmpty(source=source, where=where(layer, feature))
        for piece in feature.pieces:
            for path in piece.paths:
                bad = np.flatnonzero(~np.isfinite(path).all(axis=1))
                if len(bad):
                    raise FootprintCoordinate(
                        source=source,
                        where=where(layer, feature),
                        reason={
                            "zh": f"第 {bad[0] + 1} 个点缺值或不是数",
                            "en": f"vertex {bad[0] + 1} is missing or not a number",
                        },
                    )


def map_coordinates(features: Sequence[Feature], xy: Coordinates) -> tuple[Feature, ...]:
    """Return ``features`` with their coordinates replaced by the rows of ``xy``, in order."""
    start = 0

    def take(path: Coordinates) -> Coordinates:
        nonlocal start
        start += len(path)
        return xy[start - len(path) : start]

    return tuple(
        replace(f, pieces=tuple(Piece(p.kind, tuple(take(path) for path in p.paths)) for p in f.pieces))
        for f in features
    )


def all_coordinates(features: Sequence[Feature]) -> Coordinates:
    """Return every vertex of ``features`` in order; the inverse of :func:`map_coordinates`."""
    paths = [path for f in features for piece in f.pieces for path in piece.paths]
    return np.concatenate(paths) if paths else np.empty((0, 2))


def build(
    feature: Feature, *, layer: str, source: str
) -> Iterator[tuple[Kind, BaseGeometry, tuple[Notice, ...]]]:
    """Yield one valid geometry for each dimension ``feature`` has, areas first.

    Parameters
    ----------
    feature : Feature
        Finite coordinates, lon/lat.

    Raises
    ------
    FootprintDegenerate
        A polygon without area or a line without length: dropping it would be a wrong answer.
    """
    for kind in KINDS:
        pieces = [piece for piece in feature.pieces if piece.kind == kind]
        if not pieces:
            continue
        repairs = list(feature.repairs)
        shapes = [_build_piece(piece, feature, layer, source, repairs) for piece in pieces]
        geometry = shapes[0] if len(shapes) == 1 else _merge(kind, shapes, repairs)
        yield kind, geometry, tuple(dict.fromkeys(repairs))


def _build_piece(
    piece: Piece, feature: Feature, layer: str, source: str, repairs: list[Notice]
) -> BaseGeometry:
    if piece.kind == "point":
        return shapely.Point(piece.paths[0][0])
    paths = [_without_duplicates(path, repairs) for path in piece.paths]
    if piece.kind == "line":
        line = follow_lonlat(shapely.LineString(paths[0])) if len(paths[0]) > 1 else None
        if line is None or measure(line)[1] < MIN_LENGTH_M:
            raise FootprintDegenerate(
                source=source,
                where=where(layer, feature),
                what={"zh": "长度为零的线", "en": "a line of no length"},
            )
        return line
    rings = [_closed(path, repairs) for path in paths]
    rings = [rings[0], *(ring for ring in rings[1:] if len(ring) >= 4)]  # a hole without area is no hole
    polygon = _valid(rings, repairs) if len(rings[0]) >= 4 else None
    if polygon is None or polygon.area < MIN_COMPACTNESS * polygon.length**2:
        raise FootprintDegenerate(
            source=source,
            where=where(layer, feature),
            what={"zh": "面积为零的面", "en": "a polygon of no area"},
        )
    return polygon


def _without_duplicates(path: Coordinates, repairs: list[Notice]) -> Coordinates:
    repeated = np.zeros(len(path), dtype=bool)
    repeated[1:] = (path[1:] == path[:-1]).all(axis=1)
    if not repeated.any():
        return path
    count = int(repeated.sum())
    repairs.append(
        Notice(
            code="REPAIR_DUPLICATE_VERTICES",
            zh=f"去除 {count} 个重复顶点，形状不变。",
            en=f"{count} repeated vertices removed; the shape is unchanged.",
        )
    )
    return path[~repeated]


def _closed(ring: Coordinates, repairs: list[Notice]) -> Coordinates:
    closed = close(ring)
    if len(closed) != len(ring):
        repairs.append(RING_CLOSED)
    return closed


RING_CLOSED: Final = Notice(
    code="REPAIR_RING_CLOSED",
    zh="边界首尾点不同，已连接首尾点使其闭合。",
    en="A ring did not end where it began; it was closed by joining the ends.",
)


def _valid(rings: list[Coordinates], repairs: list[Notice]) -> BaseGeometry | None:
    """Return the valid areas of ``rings`` with their edges traced, or None when there are none."""
    polygon = shapely.Polygon(rings[0], rings[1:])
    if shapely.is_valid(polygon):
        return _traced(polygon)
    reason = str(shapely.is_valid_reason(polygon))
    # "structure" counts land that a ring winds around twice as land; "linework" would cut it out.
    fixed = _areas_of(shapely.make_valid(polygon, method="structure", keep_collapsed=False))
    if fixed is None:
        return None
    fixed = _traced(fixed)
    shell, *holes = (ring_area(r) for r in rings)
    before, after = shell - sum(holes), measure(fixed)[0]
    repairs.append(
        Notice(
            code="REPAIR_INVALID_POLYGON",
            zh=f"边界自相交或孔洞越界（{reason}），已修复：按原顶点计算的面积 {before:.2f} m²，"
            f"修复后 {after:.2f} m²。请核对范围。",
            en=f"The boundary crosses itself or a hole leaves it ({reason}); repaired. Area by the vertices "
            f"as given {before:.2f} m², after repair {after:.2f} m². Check the footprint.",
        )
    )
    return fixed


def _traced(areas: BaseGeometry) -> BaseGeometry:
    """Return valid ``areas`` with points along their edges; still valid.

    Where an edge is touched by a vertex, a new point may round to its other side: less than a
    nanometre, yet invalid.
    """
    dense = follow_lonlat(areas, area_step(areas))
    if shapely.is_valid(dense):
        return dense
    return _areas_of(shapely.make_valid(dense, method="structure", keep_collapsed=False)) or areas


def _areas_of(geometry: BaseGeometry) -> BaseGeometry | None:
    flat = shapely.get_parts(shapely.get_parts(geometry))  # a collection may hold multi-polygons
    polygons = [part for part in flat if part.geom_type == "Polygon" and part.area > 0]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _merge(kind: Kind, shapes: list[BaseGeometry], repairs: list[Notice]) -> BaseGeometry:
    singles = [part for shape in shapes for part in shapely.get_parts(shape)]
    if kind == "point":
        return shapely.MultiPoint(singles)
    if kind == "line":
        return shapely.MultiLineString(singles)
    merged = shapely.MultiPolygon(singles)
    if shapely.is_valid(merged):
        return merged
    union = _areas_of(shapely.union_all(singles)) or merged
    before, after = measure(merged)[0], measure(union)[0]
    repairs.append(
        Notice(
            code="REPAIR_OVERLAPPING_POLYGONS",
            zh=f"同一要素内的面相互重叠或共边，已合并：合并前合计 {before:.2f} m²，合并后 {after:.2f} m²。",
            en=f"Polygons of one feature overlap or share an edge and were merged. Sum before {before:.2f} m², "
            f"after {after:.2f} m².",
        )
    )
    return union


# --- measure and trace ---------------------------------------------------------------------


@lru_cache(maxsize=1)
def _geod() -> Geod:
    from pyproj import Geod

    return Geod(a=CGCS2000_A, rf=CGCS2000_RF)


def ring_area(ring: Coordinates) -> float:
    """Return the area inside one ring in m², whatever its direction."""
    return _area_under(ring, float(_authalic_q(np.radians(ring[:1, 1]))[0]))


def measure(geometry: BaseGeometry) -> tuple[float, float]:
    """Area of the areal parts and geodesic length of the linear parts, on the ellipsoid.

    Parameters
    ----------
    geometry : any geometry, lon/lat EPSG:4490
        Polygons must be valid (holes are subtracted as they stand).

    Returns
    -------
    area_m2, length_m : float
        On the CGCS2000 ellipsoid (a = 6378137 m, 1/f = 298.257222101): areas as :func:`lonlat_area`,
        lengths along geodesics from vertex to vertex. The perimeter of a polygon is not a length; points count for neither.

    Examples
    --------
    >>> area, length = measure(shapely.box(101.0, 36.0, 101.1, 36.1))
    >>> round(area / 1e6, 2), length
    (99.98, 0.0)
    """
    area, length = 0.0, 0.0
    for piece in pieces_of(geometry):
        if piece.kind == "polygon":
            shell, *holes = (ring_area(path) for path in piece.paths)
            area += shell - sum(holes)
        elif piece.kind == "line":
            length += float(_geod().line_length(piece.paths[0][:, 0], piece.paths[0][:, 1]))
    return area, length


def follow_lonlat(geometry: BaseGeometry, max_m: float = EDGE_M) -> BaseGeometry:
    """Return ``geometry`` with points added along its edges as straight lines in the lon/lat plane.

    That is what an edge is (ADR 0001, RFC 7946 §3.1.1, and every GIS), while lengths and distances
    follow geodesics. The two part by up to 15 mm on a 1 km edge, 1e-5 of the area of a plot. With a
    vertex every 100 m they agree to 0.2 mm, so that whoever reads the result means the same place.
    """
    return _with_points(geometry, max_m)


def lonlat_area(areas: BaseGeometry) -> float:
    """Return the area of polygons whose edges are straight in longitude and latitude, m².

    Exact and additive: parts of a partition add up to the whole. The area under an edge is the integral of
    the authalic quantity *q* of latitude over longitude; along such an edge latitude is linear, and five
    Gauss points give the mean of *q* to rounding for any edge of a province.

    Parameters
    ----------
    areas : Polygon or MultiPolygon, lon/lat EPSG:4490
        Valid; holes count against their shells; what is empty has no area.

    Notes
    -----
    *q*: J. P. Snyder, *Map Projections* (USGS PP 1395), eq. 3-12; ellipsoid CGCS2000.

    Examples
    --------
    >>> round(lonlat_area(shapely.box(101.0, 36.0, 101.1, 36.1)) / 1e6, 2)
    99.98
    """
    if type(areas) is shapely.Polygon and not shapely.get_num_interior_rings(areas) and not areas.is_empty:
        return ring_area(shapely.get_coordinates(areas))  # the common case, without taking it apart
    total = 0.0
    for polygon in shapely.get_parts(areas):
        if polygon.is_empty:
            continue
        rings = [polygon.exterior, *polygon.interiors]
        shell, *holes = (ring_area(shapely.get_coordinates(ring)) for ring in rings)
        total += shell - sum(holes)
    return total


def lonlat_areas(shapes: Sequence[BaseGeometry] | NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each of many geometries as :func:`lonlat_area` does, all at once, m².

    Parameters
    ----------
    shapes : sequence of any geometry, lon/lat EPSG:4490
        Valid. Points, lines and what is empty have no area.

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> areas = lonlat_areas([shapely.box(101.0, 36.0, 101.1, 36.1), shapely.Point(101.0, 36.0)])
    >>> [round(float(area) / 1e6, 2) for area in areas]
    [99.98, 0.0]
    """
    parts, owner = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    parts, nested = shapely.get_parts(parts, return_index=True)  # a collection may hold multi-polygons
    owner = owner[nested]
    areal = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    rings, of_part = shapely.get_rings(parts[areal], return_index=True)
    owner = owner[areal][of_part]
    sign = np.where(np.concatenate(([True], of_part[1:] != of_part[:-1]))[: len(of_part)], 1.0, -1.0)
    lonlat, of_ring = shapely.get_coordinates(rings, return_index=True)
    if not len(lonlat):
        return np.zeros(len(shapes))
    lon, lat = np.radians(lonlat.T)
    edge = np.flatnonzero(of_ring[1:] == of_ring[:-1])
    first = np.concatenate(([0], np.flatnonzero(of_ring[1:] != of_ring[:-1]) + 1))
    reference = _authalic_q(lat[first])[of_ring[edge]]
    here, rise = lat[edge], lat[edge + 1] - lat[edge]
    mean = np.zeros(len(edge))
    for x, w in zip(_GAUSS_X.tolist(), _GAUSS_W.tolist(), strict=True):
        mean += w * (_authalic_q(here + rise * x) - reference)
    under = np.abs(np.bincount(of_ring[edge], (lon[edge + 1] - lon[edge]) * mean, len(rings)))
    return np.bincount(owner, sign * under, len(shapes)) * CGCS2000_A**2 / 2


def _area_under(ring: Coordinates, reference: float) -> float:
    """Return the area inside one ring; ``reference`` is any *q* nearby, taken off to keep digits."""
    lon, lat = np.radians(ring.T)
    q = _authalic_q(lat[:-1, None] + (lat[1:] - lat[:-1])[:, None] * _GAUSS_X)
    return abs(float(((lon[1:] - lon[:-1]) * ((q - reference) @ _GAUSS_W)).sum())) * CGCS2000_A**2 / 2


def _authalic_q(lat: NDArray[np.float64]) -> NDArray[np.float64]:
    s = np.sin(lat)
    q: NDArray[np.float64] = (1 - _E2) * (s / (1 - _E2 * s * s) + np.arctanh(_E * s) / _E)
    return q


_E2: Final = (2 - 1 / CGCS2000_RF) / CGCS2000_RF
_E: Final = np.sqrt(_E2)


_GAUSS_X, _GAUSS_W = (
    (np.polynomial.legendre.leggauss(5)[0] + 1) / 2,
    np.polynomial.legendre.leggauss(5)[1] / 2,
)


def area_step(areas: BaseGeometry) -> float:
    """Return how far apart, in metres, points along edges may be for the area to come out to 1e-7.

    Between points *s* apart an edge straight in lon/lat leaves the geodesic by s² / 8R at most, R about
    8.8e6 m (the radius of curvature of a parallel, seen in the plane), over the whole perimeter *P* an area of P s² / 1e8.
    """
    area = measure(areas)[0]
    perimeter = measure(shapely.boundary(areas))[1]
    return float(min(max((10.0 * area / perimeter) ** 0.5, 5.0), EDGE_M)) if perimeter else EDGE_M


def _with_points(geometry: BaseGeometry, max_m: float) -> BaseGeometry:
    if geometry.is_empty or geometry.geom_type in ("Point", "MultiPoint"):
        return geometry
    if geometry.geom_type == "GeometryCollection":
        parts = shapely.get_parts(geometry)
        return shapely.GeometryCollection([_with_points(part, max_m) for part in parts])
    kind, lonlat, offsets = shapely.to_ragged_array([shapely.force_2d(geometry)])
    lonlat, starts = _cut_edges(lonlat, offsets[0], max_m)
    ragged: Any = (starts, *offsets[1:])  # the stubs know no ragged array of arrays
    dense: BaseGeometry = shapely.from_ragged_array(kind, lonlat, ragged)[0]
    return dense


def _cut_edges(
    lonlat: Coordinates, offsets: NDArray[Any], max_m: float
) -> tuple[Coordinates, NDArray[np.int64]]:
    """Return the coordinates and offsets of paths after their edges were cut to ``max_m``."""
    a, b = lonlat[:-1], lonlat[1:]
    # Every edge is computed from its lesser end, which makes the points independent of direction.
    flip = (b[:, 0] < a[:, 0]) | ((b[:, 0] == a[:, 0]) & (b[:, 1] < a[:, 1]))
    low, high = np.where(flip[:, None], b, a), np.where(flip[:, None], a, b)
    length = _geod().inv(low[:, 0], low[:, 1], high[:, 0], high[:, 1])[2]
    cuts = np.maximum(np.ceil(length / max_m).astype(np.int64), 1)
    cuts[offsets[1:-1] - 1] = 1  # the step from one path to the next is not an edge
    new = cuts - 1

    edge = np.repeat(np.arange(len(cuts)), new)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(new) - new, new) + 1
    rank = np.where(flip[edge], cuts[edge] - rank, rank)

    kept = np.arange(len(lonlat)) + np.concatenate([[0], np.cumsum(new)])
    dense = np.empty((len(lonlat) + len(edge), 2))
    dense[kept] = lonlat
    added = np.ones(len(dense), dtype=bool)
    added[kept] = False
    dense[added] = low[edge] + (high[edge] - low[edge]) * (rank / cuts[edge])[:, None]
    return dense, np.concatenate([kept[offsets[:-1]], [len(dense)]])

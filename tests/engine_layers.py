"""Synthetic layers and footprints for the tests of the engine, and what GEOS says about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.engine import Index, Shapes
from sanxian.engine.near import Reach

Rows = dict[tuple[int, int], float]

SIZE = 10_000.0  # metres: the square that the plane layers lie in


# --- layers --------------------------------------------------------------------------------------


def partition(seed: int, count: int, size: float, detail: int = 24) -> list[BaseGeometry]:
    """Zones that fill a square without gap or overlap: Voronoi cells whose shared edges wander as borders do.

    Every shared edge is drawn once, with ``detail`` vertices at most, and used by the zones on both sides; the
    drawing is bent by a smooth map of the plane onto itself, so it stays a partition.
    """
    rng = np.random.default_rng(seed)
    frame = shapely.box(0, 0, size, size)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(rng.uniform(0, size, (count, 2)))))
    cells = shapely.get_parts(shapely.set_precision(shapely.intersection(cells, frame), size / 2**20))
    waves = rng.uniform(1, 60, (8, 2)) * (2 * np.pi / size) * np.sign(rng.uniform(-1, 1, (8, 2)))
    phase, direction = rng.uniform(0, 2 * np.pi, 8), rng.normal(size=(8, 2))

    def bend(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        weight = 0.08 / (np.hypot(*waves.T) * np.hypot(*direction.T))  # its slopes add up to less than 1
        moved: NDArray[np.float64] = xy + np.sin(xy @ waves.T + phase) @ (direction * weight[:, None])
        return moved

    def ring(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = []
        for a, b in zip(xy[:-1].tolist(), xy[1:].tolist(), strict=True):
            low, high = min(a, b), max(a, b)
            n = max(1, int(detail * np.hypot(b[0] - a[0], b[1] - a[1]) * count**0.5 / size))
            t = np.arange(n)[:, None] / n
            line = np.array(low) * (1 - t) + np.array(high) * t
            line = np.vstack((line, [high]))
            parts.append((line if low == a else line[::-1])[:-1])
        return bend(np.vstack([*parts, parts[0][:1]]))

    noded = _with_neighbours_vertices(cells)
    made: list[BaseGeometry] = [shapely.Polygon(ring(xy)) for xy in noded]
    assert all(map(shapely.is_valid, made))
    return made


def _with_neighbours_vertices(cells: NDArray[np.object_]) -> list[NDArray[np.float64]]:
    """Return the rings of a coverage with a vertex wherever a neighbour has one on the same edge."""
    vertices = shapely.multipoints(np.unique(shapely.get_coordinates(cells), axis=0))
    snapped = shapely.snap(cells, vertices, 1e-9)
    return [shapely.get_coordinates(shapely.get_exterior_ring(cell)) for cell in snapped]


def star(
    rng: np.random.Generator,
    middle: Sequence[float] | NDArray[np.float64],
    radius: float,
    count: int,
    spread: float = 0.3,
) -> BaseGeometry:
    """A star-shaped polygon of ``count`` vertices."""
    angle = (np.arange(count) + rng.uniform(0, 0.9, count)) * (2 * np.pi / count)
    r = radius * np.exp(rng.normal(0, spread, count))
    return shapely.Polygon(np.asarray(middle) + np.column_stack((np.cos(angle), np.sin(angle))) * r[:, None])


def blob(
    rng: np.random.Generator,
    middle: Sequence[float] | NDArray[np.float64],
    radius: float,
    *,
    holes: int = 0,
    parts: int = 1,
    count: int = 40,
) -> BaseGeometry:
    """A polygon with holes, or several of them beside each other (they may grow together)."""
    made = []
    for _ in range(parts):
        at = np.asarray(middle) + (rng.normal(0, 1.5 * radius, 2) if parts > 1 else 0.0)
        outer = star(rng, at, radius, count, 0.15)
        for _ in range(holes):
            inner = star(rng, at + rng.uniform(-0.3, 0.3, 2) * radius, 0.12 * radius, max(4, count // 4), 0.2)
            outer = shapely.difference(outer, inner)
        made.append(outer)
    return shapely.union_all(made)


def blobs(seed: int, count: int, size: float, radius: float) -> list[BaseGeometry]:
    """Zones with holes and in several parts that lie over each other."""
    rng = np.random.default_rng(seed)
    return [
        blob(
            rng,
            rng.uniform(0, size, 2),
            float(radius * np.exp(rng.normal(0, 0.5))),
            holes=int(rng.integers(0, 3)),
            parts=int(rng.integers(1, 4)),
            count=int(rng.integers(8, 120)),
        )
        for _ in range(count)
    ]


def lattice(rng: np.random.Generator, extent: int, points: int, zones: int) -> list[BaseGeometry]:
    """Polygons with integer vertices: the triangles between lattice points dealt out to so many zones.

    They have holes, several parts, parts that touch in a point; edges that are shared, collinear, on grid lines.
    """
    corners = np.array([[0, 0], [0, extent], [extent, 0], [extent, extent]])
    xy = np.unique(np.vstack((corners, rng.integers(0, extent + 1, (points, 2)))), axis=0).astype(float)
    triangles = shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(xy)))
    owner = rng.integers(0, zones, len(triangles))
    made = [shapely.union_all(triangles[owner == z]) for z in range(zones) if (owner == z).any()]
    for zone in made:
        assert shapely.is_valid(zone)
        assert (shapely.get_coordinates(zone) % 1 == 0).all()
    return made


def boxes(rng: np.random.Generator, extent: int, count: int) -> list[BaseGeometry]:
    """Boxes with integer corners and what is left when others are cut out: duplicates, overlaps, holes."""
    made: list[BaseGeometry] = []
    while len(made) < count:
        x1, y1 = rng.integers(0, extent, 2)
        w, h = rng.integers(1, max(2, extent // 2), 2)
        box = shapely.box(x1, y1, x1 + w, y1 + h)
        kind = rng.integers(0, 4)
        if kind == 1 and w > 2 and h > 2:
            box = shapely.difference(box, shapely.box(x1 + 1, y1 + 1, x1 + w - 1, y1 + h - 1))
        elif kind == 2 and made:
            box = shapely.difference(box, made[int(rng.integers(len(made)))])
        elif kind == 3 and made:
            box = made[int(rng.integers(len(made)))]
        if shapely.get_dimensions(box) == 2 and not shapely.is_empty(box):
            made.append(box)
    return made


# --- one set of layers and footprints, used by several tests ---


@lru_cache(maxsize=1)
def plane_layers() -> list[list[BaseGeometry]]:
    """A partition, its twin off by metres (slivers), zones that overlap each other, and zones less than a cell."""
    units = partition(1, 60, SIZE)
    twin = [shapely.transform(zone, lambda xy: xy + 3 * np.sin(xy[:, ::-1] / 700)) for zone in units]
    rng = np.random.default_rng(3)
    tiny = [star(rng, rng.uniform(0, SIZE, 2), 4.0, 7) for _ in range(40)]
    return [units, twin, blobs(2, 25, SIZE, 700.0), tiny]


def plane_zones() -> list[BaseGeometry]:
    return [zone for layer in plane_layers() for zone in layer]


@lru_cache(maxsize=1)
def polygons() -> list[BaseGeometry]:
    """Footprints: small, large, with holes, in parts, beyond the layers, far away, slivers, zones themselves."""
    rng = np.random.default_rng(4)
    made = [
        blob(rng, rng.uniform(0, SIZE, 2), float(r), holes=h, parts=p, count=n)
        for r, h, p, n in ((2, 0, 1, 5), (30, 0, 1, 12), (30, 1, 1, 60), (300, 2, 3, 90), (2000, 3, 2, 400))
        for _ in range(12)
    ]
    around = shapely.box(-5e4, -4e4, 6e4, 7e4)
    frame = shapely.difference(around, shapely.box(20, 20, SIZE - 35, SIZE - 50))
    column = shapely.box(4000, -1e6, 4100, 1e6)
    row = shapely.box(-1e6, 4000, 1e6, 4003)
    away = [
        shapely.box(2e4, 2e4, 3e4, 3e4),
        shapely.box(-3e4, 100, -2e4, 9000),
        shapely.box(100, -9e3, 9e3, -8e3),
    ]
    triangles = [shapely.Polygon(rng.uniform(-2e4, 3e4, (3, 2))) for _ in range(6)]
    slivers = [
        shapely.Polygon([(10, y), (SIZE, y + 900), (SIZE, y + 900 + w)]) for y, w in ((10, 1e-3), (3e3, 0.1))
    ]
    cut = [
        shapely.difference(zone, star(rng, shapely.get_coordinates(zone)[0], 90, 9))
        for zone in plane_layers()[0][:6]
    ]
    return [*made, around, frame, column, row, *away, *triangles, *slivers, *cut, *plane_layers()[0][:9]]


@lru_cache(maxsize=1)
def lines() -> list[BaseGeometry]:
    """Footprints: short, long, in parts, far away."""
    rng = np.random.default_rng(5)
    walks = [
        shapely.LineString(rng.uniform(0, SIZE, 2) + np.cumsum(rng.normal(0, step, (n, 2)), axis=0))
        for step, n in ((1, 3), (40, 50), (400, 9), (4000, 30))
        for _ in range(10)
    ]
    several = [shapely.union_all(walks[i : i + 3]) for i in (0, 10, 20)]
    across = [shapely.LineString([(-1e5, y), (1e5, y + 3e3)]) for y in (10.0, 512.0, 5120.0)]
    upright = [shapely.LineString([(x, -1e5), (x, 1e5)]) for x in (10.0, 512.0, 5120.0)]
    away = [shapely.LineString([(-9e3, 3), (-8e3, 5e3)]), shapely.LineString([(3, 3e4), (9e3, 3e4)])]
    return [*walks, *several, *across, *upright, *away]


def reach(*within: float) -> Reach:
    """How far around a footprint each layer is searched."""
    level = np.unique(np.array(within))
    bits = np.zeros(len(level), np.uint64)
    for number, metres in enumerate(within):
        bits[level <= metres] |= np.uint64(1) << np.uint64(number % 64)
    return Reach(np.array(within), level, bits)


# --- what the index says, and what GEOS says ---------------------------------------------------------


def index_rows(index: Index, queries: Sequence[BaseGeometry]) -> Rows:
    """Area or length by (query, zone); no pair comes twice."""
    shapes = Shapes.of(list(queries))
    found = index.areas(shapes) if shapes.dimension == 2 else index.lengths(shapes)
    pairs = list(zip(found.query.tolist(), found.zone.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert pairs == sorted(pairs, key=lambda pair: pair[0])
    return dict(zip(pairs, found.size.tolist(), strict=True))


def along_rows(index: Index, queries: Sequence[BaseGeometry]) -> Rows:
    """Length on the boundary by (query, zone), where it is not nothing."""
    found = index.lengths(Shapes.of(list(queries)))
    rows = zip(found.query.tolist(), found.zone.tolist(), found.along.tolist(), strict=True)
    return {(q, z): along for q, z, along in rows if along != 0.0}


def geos_rows(queries: Sequence[BaseGeometry], zones: Sequence[BaseGeometry]) -> Rows:
    """Area or length of the intersection by (query, zone), as GEOS builds it."""
    tree = shapely.STRtree(list(zones))
    q, z = tree.query(list(queries), predicate="intersects")
    shared = shapely.intersection(np.array(list(queries), dtype=object)[q], tree.geometries[z])
    polygons = shapely.get_dimensions(list(queries))[q] == 2
    size = np.where(polygons, shapely.area(shared), shapely.length(shared))
    return {(int(a), int(b)): float(s) for a, b, s in zip(q, z, size, strict=True) if s > 0.0}


def geos_along(lines: Sequence[BaseGeometry], zones: Sequence[BaseGeometry]) -> Rows:
    """Length of each line on the boundary of each zone, as GEOS builds it."""
    borders = [shapely.boundary(zone) for zone in zones]
    return {k: v for k, v in geos_rows(lines, borders).items() if v > 1e-6}


def assert_same(
    found: Rows, truth: Rows, *, relative: float = 1e-9, noise: float = 2e-6, floor: float = 1.0
) -> None:
    """Same pairs but for what is as small as rounding, and sizes equal: relatively above ``floor``, else absolutely."""
    missing = {k: v for k, v in truth.items() if k not in found and v > noise}
    invented = {k: v for k, v in found.items() if k not in truth and v > noise}
    assert not missing, missing
    assert not invented, invented
    for key in found.keys() & truth.keys():
        error = abs(found[key] - truth[key])
        assert error <= relative * max(floor, truth[key]), (key, found[key], truth[key])


def assert_same_but_for_contacts(found: Rows, truth: Rows, rows: int) -> None:
    """As :func:`assert_same`, but one in ``rows`` may differ by centimetres.

    A line that ends within the contact tolerance of a boundary it crosses runs along it for that stretch.
    """
    off = [k for k in found.keys() | truth.keys() if abs(found.get(k, 0.0) - truth.get(k, 0.0)) > 1e-8]
    assert len(off) <= 1 + len(truth) // rows, off
    for key in off:
        assert abs(found.get(key, 0.0) - truth.get(key, 0.0)) < 0.02, (key, found.get(key), truth.get(key))


def index_points(index: Index, xy: NDArray[np.float64]) -> list[list[int]]:
    """The zones that hold each point, in ascending order, none twice."""
    start, zone = index.points(xy)
    made = [sorted(zone[a:b].tolist()) for a, b in pairwise(start)]
    assert all(len(set(zones)) == len(zones) for zones in made), [z for z in made if len(set(z)) < len(z)]
    return made


def geos_points(
    xy: NDArray[np.float64], zones: Sequence[BaseGeometry], within: float = 0.0
) -> list[list[int]]:
    """The zones that hold each point or whose boundary is ``within`` that distance."""
    made: list[list[int]] = [[] for _ in xy]
    tree = shapely.STRtree(list(zones))
    points, zone = tree.query(shapely.points(xy), predicate="dwithin", distance=within)
    for p, z in zip(points.tolist(), zone.tolist(), strict=True):
        made[p].append(z)
    return [sorted(zones) for zones in made]


def vertices_and_edge_points(
    rng: np.random.Generator, zones: Iterable[BaseGeometry], count: int
) -> NDArray[np.float64]:
    """Vertices of the zones and places on their edges."""
    made = []
    for zone in zones:
        ring = shapely.get_rings(shapely.get_parts(zone))[0]
        at = shapely.line_interpolate_point(ring, rng.uniform(0, float(shapely.length(ring)), count))
        xy = shapely.get_coordinates(zone)
        made += [shapely.get_coordinates(at), xy[rng.integers(0, len(xy), count)]]
    return np.vstack(made)

"""How near: zones within a distance, the nearest of some zones, and how deep a footprint lies inside one.

All three look at the boundary pieces in the grid. A distance is taken in metres with the scales of the surface
at the latitude midway between the two places, which is right to (distance / Earth radius)² / 24, and beyond 2 km
along the ellipsoid; the caller re-measures the pair of points found as a geodesic.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sanxian.engine.edges import NOTHING
from sanxian.engine.grid import Grid
from sanxian.engine.jit import inlined, kernel
from sanxian.engine.measure import is_roof, pieces_between
from sanxian.engine.surface import CGCS2000_A, CGCS2000_E2

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]
Bits = NDArray[np.uint64]

_RADIUS2: Final = 6367e3**2  # of the Earth, squared metres
_FEW: Final = 64  # segments of a small footprint
_ROUGH: Final = 0.05  # degrees between two places from which it pays to look roughly first
GUESS: Final = 0.05  # a degree: what a scale taken a quarter of the heights away may be wrong by, squared
_FAR: Final = 2000.0**2  # squared metres beyond which one scale for both places is not good enough
CHUNK: Final = 8  # segments of a footprint looked at together
MARGIN_RELATIVE: Final = 0.01  # a depth is found to 1 % …
MARGIN_ABSOLUTE_M: Final = 0.05  # … or 5 cm, whichever is larger


class Reach(NamedTuple):
    """How far around a footprint each layer is searched; levels in ascending order of distance."""

    within: Floats  # (layers,) metres
    level: Floats  # (levels,) the distinct distances
    layers: Bits  # (levels,) bit l % 64: layer l is searched at least that far


class NearScratch(NamedTuple):
    """Working space of one thread: the nearest place of each zone found so far."""

    stamp: Offsets
    mark: Offsets
    best: Floats  # squared metres; negative: not asked for
    place: Floats  # (zones, 4) point of the footprint, point of the zone
    touched: Ints


def near_scratch_for(zones: int) -> NearScratch:
    """Return working space for an index of so many zones."""
    return NearScratch(
        np.zeros(1, np.int64),
        np.zeros(zones, np.int64),
        np.empty(zones),
        np.empty((zones, 4)),
        np.empty(zones + 1, np.int32),
    )


@inlined
def scales(grid: Grid, y: float) -> tuple[float, float]:
    """Return what one unit of x and of y measure at height y, in metres."""
    y0, size, rows = grid.frame[1], grid.frame[2], grid.extent[1]
    row = min(max(int(np.floor((y - y0) / size)), 0), rows - 1)
    u = min(max(y - y0 - row * size, -size), 2 * size)
    return (
        grid.rows[row, 4] + u * (grid.rows[row, 5] + u * grid.rows[row, 6]),
        grid.rows[row, 7] + u * (grid.rows[row, 8] + u * grid.rows[row, 9]),
    )


@inlined
def to_segment(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> tuple[float, float]:
    """Return the squared distance of a point to a segment, and how far along the nearest point lies (0 to 1)."""
    dx, dy = bx - ax, by - ay
    along = dx * dx + dy * dy
    t = 0.0
    if along > 0.0:
        t = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / along))
    ex, ey = ax + t * dx - px, ay + t * dy - py
    return ex * ex + ey * ey, t


@inlined
def between(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> tuple[float, float, float]:
    """Return the squared distance of segments ab and cd, and where on each the nearest points lie."""
    o1 = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    o2 = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    o3 = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    o4 = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    if o1 * o2 < 0.0 and o3 * o4 < 0.0:
        return 0.0, o3 / (o3 - o4), o1 / (o1 - o2)
    best, s = to_segment(ax, ay, cx, cy, dx, dy)
    on_ab, on_cd = 0.0, s
    found, s = to_segment(bx, by, cx, cy, dx, dy)
    if found < best:
        best, on_ab, on_cd = found, 1.0, s
    found, s = to_segment(cx, cy, ax, ay, bx, by)
    if found < best:
        best, on_ab, on_cd = found, s, 0.0
    found, s = to_segment(dx, dy, ax, ay, bx, by)
    if found < best:
        best, on_ab, on_cd = found, s, 1.0
    return best, on_ab, on_cd


@inlined
def geocentric(lon: float, lat: float) -> tuple[float, float, float]:
    """Return a place on the ellipsoid in geocentric coordinates, metres."""
    phi, lam = np.radians(lat), np.radians(lon)
    normal = CGCS2000_A / np.sqrt(1.0 - CGCS2000_E2 * np.sin(phi) ** 2)
    return (
        normal * np.cos(phi) * np.cos(lam),
        normal * np.cos(phi) * np.sin(lam),
        (1.0 - CGCS2000_E2) * normal * np.sin(phi),
    )


@inlined
def chord(lon1: float, lat1: float, lon2: float, lat2: float) -> tuple[float, float, float]:
    """Return the way from one place to another straight through the ellipsoid, in geocentric coordinates."""
    phi1, lam1, phi2, lam2 = np.radians(lat1), np.radians(lon1), np.radians(lat2), np.radians(lon2)
    n1 = CGCS2000_A / np.sqrt(1.0 - CGCS2000_E2 * np.sin(phi1) ** 2)
    n2 = CGCS2000_A / np.sqrt(1.0 - CGCS2000_E2 * np.sin(phi2) ** 2)
    dx = n2 * np.cos(phi2) * np.cos(lam2) - n1 * np.cos(phi1) * np.cos(lam1)
    dy = n2 * np.cos(phi2) * np.sin(lam2) - n1 * np.cos(phi1) * np.sin(lam1)
    dz = (1.0 - CGCS2000_E2) * (n2 * np.sin(phi2) - n1 * np.sin(phi1))
    return dx, dy, dz


@inlined
def tangent(lon: float, lat: float, lon0: float, lat0: float) -> tuple[float, float]:
    """Return a place east and north of another, in metres, in the plane that touches the ellipsoid there."""
    phi0, lam0 = np.radians(lat0), np.radians(lon0)
    dx, dy, dz = chord(lon0, lat0, lon, lat)
    east = np.cos(lam0) * dy - np.sin(lam0) * dx
    north = np.cos(phi0) * dz - np.sin(phi0) * (np.cos(lam0) * dx + np.sin(lam0) * dy)
    return east, north


@inlined
def along_ellipsoid(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the squared length of the geodesic between two places less than some 300 km apart.

    From the chord through the ellipsoid: s = c (1 + c² / 24 R²), R the radius of curvature in the middle in the
    direction of the line (Euler). At 100 km this is right to 1e-8, where a scale in the middle is off by 1e-5.
    """
    a1, b1, a2, b2 = np.radians(lat1), np.radians(lon1), np.radians(lat2), np.radians(lon2)
    dx, dy, dz = chord(lon1, lat1, lon2, lat2)
    squared = dx * dx + dy * dy + dz * dz
    middle = 0.5 * (a1 + a2)
    w = 1.0 - CGCS2000_E2 * np.sin(middle) ** 2
    vertical = CGCS2000_A / np.sqrt(w)
    meridian = vertical * (1.0 - CGCS2000_E2) / w
    north = (meridian * (a2 - a1)) ** 2
    east = (vertical * np.cos(middle) * (b2 - b1)) ** 2
    curvature = (north / meridian + east / vertical) / (north + east)
    stretch = 1.0 + squared * curvature * curvature / 24.0
    return float(squared * stretch * stretch)


@kernel
def segments_of(xy: Floats, rings: Offsets, starts: Offsets, q: int, longest: float) -> Floats:
    """Return the segments of shape ``q`` (a point is one of no length), long ones cut to ``longest``."""
    count = 0
    for ring in range(starts[q], starts[q + 1]):
        a, b = rings[ring], rings[ring + 1]
        count += 1 if b - a == 1 else 0
        for i in range(a, b - 1):
            reach = max(abs(xy[i + 1, 0] - xy[i, 0]), abs(xy[i + 1, 1] - xy[i, 1]))
            count += max(1, int(np.ceil(reach / longest)))
    segment = np.empty((count, 4))
    n = 0
    for ring in range(starts[q], starts[q + 1]):
        a, b = rings[ring], rings[ring + 1]
        if b - a == 1:
            segment[n, 0], segment[n, 1], segment[n, 2], segment[n, 3] = (
                xy[a, 0],
                xy[a, 1],
                xy[a, 0],
                xy[a, 1],
            )
            n += 1
        for i in range(a, b - 1):
            x1, y1, dx, dy = xy[i, 0], xy[i, 1], xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]
            parts = max(1, int(np.ceil(max(abs(dx), abs(dy)) / longest)))
            for k in range(parts):
                segment[n, 0], segment[n, 1] = x1 + dx * (k / parts), y1 + dy * (k / parts)
                segment[n, 2], segment[n, 3] = x1 + dx * ((k + 1) / parts), y1 + dy * ((k + 1) / parts)
                n += 1
            segment[n - 1, 2], segment[n - 1, 3] = xy[i + 1, 0], xy[i + 1, 1]
    return segment


@kernel
def chunks_of(segment: Floats) -> Floats:
    """Return the bounds of each run of ``CHUNK`` segments: west, south, east, north."""
    count = (len(segment) + CHUNK - 1) // CHUNK
    box = np.empty((count, 4))
    for k in range(count):
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for i in range(k * CHUNK, min((k + 1) * CHUNK, len(segment))):
            west, east = (
                min(west, segment[i, 0], segment[i, 2]),
                max(east, segment[i, 0], segment[i, 2]),
            )
            south = min(south, segment[i, 1], segment[i, 3])
            north = max(north, segment[i, 1], segment[i, 3])
        box[k, 0], box[k, 1], box[k, 2], box[k, 3] = west, south, east, north
    return box


@inlined
def gap(
    west: float,
    south: float,
    east: float,
    north: float,
    w: float,
    s: float,
    e: float,
    n: float,
    kx: float,
    ky: float,
) -> float:
    """Return the squared distance of two boxes with the given scales."""
    dx = max(0.0, w - east, west - e) * kx
    dy = max(0.0, s - north, south - n) * ky
    return dx * dx + dy * dy


@kernel
def in_space(segment: Floats) -> Floats:
    """Return the ends of segments in geocentric coordinates, and room for a rough distance of each."""
    solid = np.empty((len(segment), 7))
    for i in range(len(segment)):
        solid[i, 0], solid[i, 1], solid[i, 2] = geocentric(segment[i, 0], segment[i, 1])
        solid[i, 3], solid[i, 4], solid[i, 5] = geocentric(segment[i, 2], segment[i, 3])
    return solid


@inlined
def roughly(
    segment: Floats, solid: Floats, lower: int, upper: int, x1: float, y1: float, x2: float, y2: float
) -> tuple[float, float]:
    """Write for each of the segments ``lower:upper`` what its squared distance to a far piece is at least, roughly.

    All are laid in one plane, which touches the ellipsoid midway. Where it touches *h* away from the middle of two
    places their distance changes by (h / R)²; what the arc adds to the chord depends on its direction by one part in
    seventy.

    Returns
    -------
    tuple of float
        What the least of them is at most, and by what factor a rough distance may be wrong.
    """
    lon, lat = np.radians(0.5 * (segment[lower, 0] + x1)), np.radians(0.5 * (segment[lower, 1] + y1))
    ex, ey = -np.sin(lon), np.cos(lon)
    nx, ny, nz = -np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)
    ox, oy, oz = solid[lower, 0], solid[lower, 1], solid[lower, 2]
    px, py, pz = geocentric(x1, y1)
    ce, cn = ex * (px - ox) + ey * (py - oy), nx * (px - ox) + ny * (py - oy) + nz * (pz - oz)
    px, py, pz = geocentric(x2, y2)
    de, dn = ex * (px - ox) + ey * (py - oy), nx * (px - ox) + ny * (py - oy) + nz * (pz - oz)
    least, width = np.inf, abs(de - ce) + abs(dn - cn)
    be, bn, from_end, last = np.inf, np.inf, np.inf, -1
    for i in range(lower, upper):
        if last >= 0 and segment[i, 0] == segment[last, 2] and segment[i, 1] == segment[last, 3]:
            ae, an, from_start = be, bn, from_end
        else:
            px, py, pz = solid[i, 0] - ox, solid[i, 1] - oy, solid[i, 2] - oz
            ae, an = ex * px + ey * py, nx * px + ny * py + nz * pz
            from_start, _ = to_segment(ae, an, ce, cn, de, dn)
            width = max(width, abs(ae) + abs(an))
        px, py, pz = solid[i, 3] - ox, solid[i, 4] - oy, solid[i, 5] - oz
        be, bn = ex * px + ey * py, nx * px + ny * py + nz * pz
        from_end, _ = to_segment(be, bn, ce, cn, de, dn)
        width = max(width, abs(be) + abs(bn))
        last = i
        found = min(from_start, from_end)
        arc = 1.0 + found / (24.0 * _RADIUS2)
        least = min(least, found * arc * arc)
        # a place between the ends may be nearer than both: by Pythagoras, by no more than half the segment
        found -= 0.25 * ((be - ae) ** 2 + (bn - an) ** 2)
        solid[i, 6] = found * arc * arc
    return least, 1.0 + 1e-7 + 16.0 * width * width / _RADIUS2 + 1e-16 * least


@inlined
def slack_of(grid: Grid, found: float) -> float:
    """Return by what factor a squared distance taken with the scales midway may be wrong."""
    slack: float = 1.0 + 1e-9 + grid.frame[4] * 1e-14 * found
    return slack


@inlined
def compare(
    grid: Grid,
    segment: Floats,
    solid: Floats,
    lower: int,
    upper: int,
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    best: float,
    place: Floats,
) -> float:
    """Return the squared distance of segments ``lower:upper`` to a piece if below ``best``, and its place.

    ``solid`` are the segments :func:`in_space`; with none of them every segment is looked at closely.
    """
    least, doubt = np.inf, 0.0
    if len(solid) > 0 and abs(segment[lower, 0] - x1) + abs(segment[lower, 1] - y1) > _ROUGH:
        least, doubt = roughly(segment, solid, lower, upper, x1, y1, x2, y2)
    for i in range(lower, upper):
        if least > 1.1 * _FAR and doubt > 0.0 and solid[i, 6] > min(least, best) * doubt:
            continue
        middle = 0.25 * (segment[i, 1] + segment[i, 3] + y1 + y2)
        ox, oy = segment[i, 0], segment[i, 1]
        wx, wy = segment[i, 2] - ox, segment[i, 3] - oy
        found, s, t = np.inf, 0.0, 0.0
        first = grid.frame[4] * GUESS * (abs(wy) + abs(y2 - y1))
        for turn in range(3):  # the first scale is a guess; taken again where the points lie
            kx, ky = scales(grid, middle)
            found, s, t = between(
                0.0, 0.0, wx * kx, wy * ky, (x1 - ox) * kx, (y1 - oy) * ky, (x2 - ox) * kx, (y2 - oy) * ky
            )
            if found >= best * (slack_of(grid, found) + (first if turn == 0 else 0.0)):
                break
            middle = 0.5 * (oy + s * wy + y1 + t * (y2 - y1))
        if found < best * slack_of(grid, found) and found > _FAR and grid.frame[4] != 0.0:
            # the shortest way between far places is no straight line in these coordinates, in a tangent plane it is
            lon, lat = 0.5 * (ox + s * wx + x1 + t * (x2 - x1)), 0.5 * (oy + s * wy + y1 + t * (y2 - y1))
            ae, an = tangent(ox, oy, lon, lat)
            be, bn = tangent(ox + wx, oy + wy, lon, lat)
            ce, cn = tangent(x1, y1, lon, lat)
            de, dn = tangent(x2, y2, lon, lat)
            _, s, t = between(ae, an, be, bn, ce, cn, de, dn)
            found = along_ellipsoid(ox + s * wx, oy + s * wy, x1 + t * (x2 - x1), y1 + t * (y2 - y1))
        if found < best:
            best = found
            place[0], place[1] = ox + s * wx, oy + s * wy
            place[2], place[3] = x1 + t * (x2 - x1), y1 + t * (y2 - y1)
    return best


@inlined
def piece_ends(grid: Grid, j: int, ox: float, oy: float) -> tuple[float, float, float, float]:
    """Return the ends of piece ``j`` of the cell whose corner is at (ox, oy)."""
    x1, x2, y1, rise = grid.piece[j, 0], grid.piece[j, 1], grid.piece[j, 2], grid.piece[j, 3]
    y2 = y1 + (rise if x1 == x2 else rise * (x2 - x1))
    return ox + x1, oy + y1, ox + x2, oy + y2


@kernel
def near(
    grid: Grid,
    scratch: NearScratch,
    layer_of: Ints,
    reach: Reach,
    xy: Floats,
    rings: Offsets,
    starts: Offsets,
    q: int,
    met: Ints,
    zone: Ints,
    distance: Floats,
    place: Floats,
) -> int:
    """Write the zones whose boundary comes within the reach of their layer to shape ``q``; not those in ``met``.

    Returns
    -------
    int
        Number of rows; more than the output holds: ask again with more room.
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    columns, rows = grid.extent[0], grid.extent[1]
    scratch.stamp[0] += 1
    stamp = scratch.stamp[0]
    for i in range(len(met)):
        scratch.mark[met[i]], scratch.best[met[i]] = stamp, -1.0
    found = 0
    farthest = reach.level[len(reach.level) - 1]
    segment = segments_of(xy, rings, starts, q, size)
    box = chunks_of(segment)
    for k in range(len(box)):
        west, south, east, north = box[k, 0], box[k, 1], box[k, 2], box[k, 3]
        _, ky = scales(grid, south)
        up = farthest / ky * 1.01
        kx = min(
            scales(grid, south - up)[0], scales(grid, north + up)[0]
        )  # the lesser scale: no zone is missed
        across = farthest / kx * 1.01
        c1, c2 = int(np.floor((west - across - x0) / size)), int(np.floor((east + across - x0) / size))
        r1, r2 = int(np.floor((south - up - y0) / size)), int(np.floor((north + up - y0) / size))
        for c in range(max(c1, 0), min(c2, columns - 1) + 1):
            for r in range(max(r1, 0), min(r2, rows - 1) + 1):
                cell = c * rows + r
                if grid.layers[cell] == 0:
                    continue
                ox, oy = x0 + c * size, y0 + r * size
                away = gap(west, south, east, north, ox, oy, ox + size, oy + size, kx, 0.99 * ky)
                level = 0
                while level < len(reach.level) and reach.level[level] ** 2 < away:
                    level += 1
                if level == len(reach.level) or grid.layers[cell] & reach.layers[level] == 0:
                    continue
                for j in range(grid.cell[cell, 0], grid.cell[cell + 1, 0]):
                    if is_roof(grid, j):
                        continue
                    x1, y1, x2, y2 = piece_ends(grid, j, ox, oy)
                    apart = gap(west, south, east, north, x1, min(y1, y2), x2, max(y1, y2), kx, 0.99 * ky)
                    for s in range(2):
                        z = grid.side[j, s]
                        if z == NOTHING or (s == 1 and z == grid.side[j, 0]):
                            continue
                        known = scratch.mark[z] == stamp
                        limit = scratch.best[z] if known else reach.within[layer_of[z]] ** 2 * 1.0001
                        if apart >= limit:
                            continue
                        if not known:
                            scratch.mark[z], scratch.best[z] = stamp, limit
                            scratch.touched[found] = z
                            found += 1
                        scratch.best[z] = compare(
                            grid,
                            segment,
                            segment[:0],
                            k * CHUNK,
                            min((k + 1) * CHUNK, len(segment)),
                            x1,
                            y1,
                            x2,
                            y2,
                            limit,
                            scratch.place[z],
                        )
    m = 0
    for i in range(found):
        z = scratch.touched[i]
        if scratch.best[z] < reach.within[layer_of[z]] ** 2 * 1.0001:
            if m < len(zone):
                zone[m], distance[m] = z, np.sqrt(scratch.best[z])
                for k in range(4):
                    place[m, k] = scratch.place[z, k]
            m += 1
    return m


@kernel
def holder(grid: Grid, first: int, last: int, x: float, y: float) -> int:
    """Return which of the zones ``first:last`` holds a point; ``NOTHING`` when none does."""
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    c, r = int(np.floor((x - x0) / size)), int(np.floor((y - y0) / size))
    if not (0 <= c < grid.extent[0] and 0 <= r < grid.extent[1]):
        return NOTHING
    cell = c * grid.extent[1] + r
    for i in range(grid.cell[cell, 1], grid.cell[cell + 1, 1]):
        if first <= grid.full[i] < last:
            return int(grid.full[i])
    x, y = x - x0 - c * size, y - y0 - r * size
    lo, hi = pieces_between(grid, cell, x, x)
    for j in range(lo, hi):
        z = grid.side[j, 0]  # a zone that holds the point lies below some piece above it
        if not first <= z < last or not grid.piece[j, 0] <= x < grid.piece[j, 1]:
            continue
        if grid.piece[j, 2] + grid.piece[j, 3] * (x - grid.piece[j, 0]) > y:
            above = 0
            for k in range(lo, hi):
                x1, x2 = grid.piece[k, 0], grid.piece[k, 1]
                if x1 <= x < x2 and grid.piece[k, 2] + grid.piece[k, 3] * (x - x1) > y:
                    above += int(grid.side[k, 0] == z) - int(grid.side[k, 1] == z)
            if above > 0:
                return int(z)
    return NOTHING


@kernel
def pieces_of_layer(grid: Grid, first: int, last: int) -> tuple[Ints, Floats, Ints]:
    """Return the boundary pieces of the zones ``first:last`` by cell: where each cell begins, the ends, the zone."""
    cells = grid.extent[0] * grid.extent[1]
    start = np.zeros(cells + 1, np.int32)
    ends, zone = np.empty((0, 4)), np.empty(0, np.int32)
    for turn in range(2):
        n = 0
        for cell in range(cells):
            ox = grid.frame[0] + cell // grid.extent[1] * grid.frame[2]
            oy = grid.frame[1] + cell % grid.extent[1] * grid.frame[2]
            for j in range(grid.cell[cell, 0], grid.cell[cell + 1, 0]):
                z = grid.side[j, 0] if first <= grid.side[j, 0] < last else grid.side[j, 1]
                if first <= z < last and not is_roof(grid, j):
                    if turn == 1:
                        ends[n, 0], ends[n, 1], ends[n, 2], ends[n, 3] = piece_ends(grid, j, ox, oy)
                        zone[n] = z
                    n += 1
            start[cell + 1] = n
        if turn == 0:
            ends, zone = np.empty((n, 4)), np.empty(n, np.int32)
    return start, ends, zone


@kernel
def nearest(
    grid: Grid,
    first: int,
    last: int,
    start: Ints,
    ends: Floats,
    zone_of: Ints,
    within: float,
    xy: Floats,
    rings: Offsets,
    starts: Offsets,
    areal: bool,
    order: Offsets,
    lower: int,
    upper: int,
    zone: Ints,
    distance: Floats,
) -> None:
    """Find the nearest of the zones ``first:last`` of a layer for the shapes ``order[lower:upper]``.

    Rings of cells around the footprint are looked at from the inside out until none can hold anything nearer.
    The distance is 0 where they meet: a boundary crosses the footprint's, a zone holds the first vertex of one
    of its rings, or the footprint holds a boundary's end.
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    columns, rows = grid.extent[0], grid.extent[1]
    place = np.empty(4)
    segment, box = np.empty((0, 4)), np.empty((0, 4))
    for at in range(lower, upper):
        q = order[at]
        zone[q], distance[q] = NOTHING, np.inf
        a, b = rings[starts[q]], rings[starts[q + 1]]
        if a == b:
            continue
        found_in = NOTHING
        for ring in range(starts[q], starts[q + 1]):  # a later part may lie wholly inside a zone
            if found_in == NOTHING:
                found_in = holder(grid, first, last, xy[rings[ring], 0], xy[rings[ring], 1])
        if found_in != NOTHING:
            zone[q], distance[q] = found_in, 0.0
            continue
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for i in range(a, b):
            west, east = min(west, xy[i, 0]), max(east, xy[i, 0])
            south, north = min(south, xy[i, 1]), max(north, xy[i, 1])
        single = b - a == 1
        ready = False  # the footprint's segments are made when a piece comes near enough to need them
        _, ky = scales(grid, 0.5 * (south + north))
        up = within / ky * 1.01
        kx = min(scales(grid, south - up)[0], scales(grid, north + up)[0])
        low_y = 0.99 * ky
        step = size * min(kx, low_y)
        c1, c2 = int(np.floor((west - x0) / size)), int(np.floor((east - x0) / size))
        r1, r2 = int(np.floor((south - y0) / size)), int(np.floor((north - y0) / size))
        inner = min(
            min(west - x0 - c1 * size, (c2 + 1) * size - east + x0) * kx,
            min(south - y0 - r1 * size, (r2 + 1) * size - north + y0) * low_y,
        )
        best = within * within
        k = 0
        while best > 0.0 and (k == 0 or (inner + (k - 1) * step) ** 2 < best):
            for c in range(max(c1 - k, 0), min(c2 + k, columns - 1) + 1):
                # of a column inside the ring only the top and the bottom are new
                jump = 1 if k == 0 or c == c1 - k or c == c2 + k else r2 - r1 + 2 * k
                for r in range(r1 - k, r2 + k + 1, jump):
                    cell = c * rows + r
                    if not 0 <= r < rows or start[cell] == start[cell + 1]:
                        continue
                    ox, oy = x0 + c * size, y0 + r * size
                    if gap(west, south, east, north, ox, oy, ox + size, oy + size, kx, low_y) >= best:
                        continue
                    row_x = scales(grid, 0.5 * (0.5 * (south + north) + oy + 0.5 * size))[0]
                    for j in range(start[cell], start[cell + 1]):
                        x1, y1, x2, y2 = ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]
                        if single:
                            found, t = to_segment(
                                0.0,
                                0.0,
                                (x1 - west) * row_x,
                                (y1 - south) * ky,
                                (x2 - west) * row_x,
                                (y2 - south) * ky,
                            )
                            if found < best * 1.001:  # worth the scale at the very place
                                for _ in range(2):
                                    sx, sy = scales(grid, 0.5 * (south + y1 + t * (y2 - y1)))
                                    found, t = to_segment(
                                        0.0,
                                        0.0,
                                        (x1 - west) * sx,
                                        (y1 - south) * sy,
                                        (x2 - west) * sx,
                                        (y2 - south) * sy,
                                    )
                                if found < best:
                                    best, zone[q] = found, zone_of[j]
                            continue
                        lowest, highest = min(y1, y2), max(y1, y2)
                        if gap(west, south, east, north, x1, lowest, x2, highest, kx, low_y) >= best:
                            continue
                        if not ready:
                            ready = True
                            segment = segments_of(xy, rings, starts, q, 64 * size)
                            box = chunks_of(segment)
                        for i in range(len(box)):
                            apart = gap(
                                box[i, 0], box[i, 1], box[i, 2], box[i, 3], x1, lowest, x2, highest, kx, low_y
                            )
                            if apart < best:
                                end = min((i + 1) * CHUNK, len(segment))
                                found = compare(
                                    grid, segment, segment[:0], i * CHUNK, end, x1, y1, x2, y2, best, place
                                )
                                if found < best:
                                    best, zone[q] = found, zone_of[j]
                        enclosed = areal and west <= x1 <= east and south <= y1 <= north
                        if enclosed and best > 0.0 and ring_holds(segment, x1, y1):
                            best, zone[q] = 0.0, zone_of[j]
            k += 1
        if zone[q] != NOTHING:
            distance[q] = np.sqrt(best)


@kernel
def nearest_of_each(
    grid: Grid,
    zones: Ints,
    first: Offsets,
    xy: Floats,
    rings: Offsets,
    starts: Offsets,
    q: int,
    zone: Ints,
    distance: Floats,
    place: Floats,
) -> None:
    """Write which zone of each selection has the boundary nearest to shape ``q``, at any distance, and how near.

    Selection *t* is ``zones[first[t]:first[t + 1]]``, in ascending order; ``NOTHING`` is nearest in an empty one.
    ``place`` gets the two points of each. Larger selections come first: one that lies within an earlier selection
    and holds what is nearest there has the same nearest zone.
    """
    segment = segments_of(xy, rings, starts, q, 4 * grid.frame[2])
    box = chunks_of(segment)
    solid = in_space(segment) if grid.frame[4] != 0.0 else np.empty((0, 7))
    for t in range(len(first) - 1):
        chosen = zones[first[t] : first[t + 1]]
        known = -1
        for u in range(t):
            if zone[u] != NOTHING and among(chosen, zones[first[u] : first[u + 1]]):
                i = np.searchsorted(chosen, zone[u])
                if i < len(chosen) and chosen[i] == zone[u]:
                    known = u
                    break
        if known < 0:
            zone[t], distance[t] = nearest_of(grid, chosen, segment, solid, box, place[t])
        else:
            zone[t], distance[t] = zone[known], distance[known]
            for k in range(4):
                place[t, k] = place[known, k]


@kernel
def among(some: Ints, more: Ints) -> bool:
    """Return whether all of ``some`` are among ``more``; both in ascending order."""
    j = 0
    for i in range(len(some)):
        while j < len(more) and more[j] < some[i]:
            j += 1
        if j == len(more) or more[j] != some[i]:
            return False
    return True


@kernel
def nearest_of(
    grid: Grid, zones: Ints, segment: Floats, solid: Floats, box: Floats, place: Floats
) -> tuple[int, float]:
    """Return which of ``zones`` has the boundary nearest to a footprint's segments, and how near.

    Zones are taken in the order of a lower bound from their bounds; of each only cells and pieces that can
    beat what is found, an upper bound to begin with. ``place`` gets the two points.
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    rows = grid.extent[1]
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for k in range(len(box)):
        west, south = min(west, box[k, 0]), min(south, box[k, 1])
        east, north = max(east, box[k, 2]), max(north, box[k, 3])
    lowest_x = min(scales(grid, y0)[0], scales(grid, y0 + rows * size)[0])
    lowest_x = min(lowest_x, scales(grid, south)[0], scales(grid, north)[0])
    highest_x = 1.02 * max(scales(grid, y0)[0], scales(grid, y0 + rows * size)[0], scales(grid, south)[0])
    lowest_y = 0.99 * scales(grid, south)[1]
    highest_y = 1.03 * lowest_y
    bound = np.empty(len(zones))
    for i in range(len(zones)):
        z = zones[i]
        bound[i] = gap(
            west,
            south,
            east,
            north,
            grid.zone_box[z, 0],
            grid.zone_box[z, 1],
            grid.zone_box[z, 2],
            grid.zone_box[z, 3],
            lowest_x,
            lowest_y,
        )
    best, nearest_zone = np.inf, NOTHING
    home = int(np.floor((0.5 * (west + east) - x0) / size)) * rows + int(
        np.floor((0.5 * (south + north) - y0) / size)
    )
    for i in np.argsort(bound, kind="mergesort"):
        if bound[i] >= best:
            break
        z = zones[i]
        # The cells of a zone are listed column by column: they are taken from the footprint's own column outwards
        # to both sides, until the columns themselves are further away than what is found. A first turn only
        # looks at the cells: the zone is no further away than the far corner of any of them. What promises most
        # is looked into before all others.
        begin, end = grid.zone_start[z], grid.zone_start[z + 1]
        lead = begin - 1
        for turn in range(3):
            right = begin + np.searchsorted(grid.zone_cell[begin:end], home)
            left = right - 1
            if turn == 1:
                left, right = lead, end
            while left >= begin or right < end:
                to_left = to_right = np.inf
                if left >= begin:
                    to_left = max(0.0, west - x0 - (grid.zone_cell[left] // rows + 1) * size)
                if right < end:
                    to_right = max(0.0, x0 + grid.zone_cell[right] // rows * size - east)
                if (min(to_left, to_right) * lowest_x) ** 2 >= best:
                    break
                at = left if to_left <= to_right else right
                cell = grid.zone_cell[at]
                if at == left:
                    left -= 1
                else:
                    right += 1
                if turn == 1:
                    left = begin - 1
                elif turn == 2 and at == lead:
                    continue
                ox, oy = x0 + cell // rows * size, y0 + cell % rows * size
                if turn == 0:
                    dx = max(ox + size - west, east - ox) * highest_x
                    dy = max(oy + size - south, north - oy) * highest_y
                    if dx * dx + dy * dy < best:
                        best, nearest_zone, lead = dx * dx + dy * dy, z, at
                    continue
                # scales midway between the footprint and this cell, a little less to be safe
                near_x = 0.999 * min(
                    scales(grid, 0.5 * (north + oy + size))[0], scales(grid, 0.5 * (south + oy))[0]
                )
                near_y = 0.999 * scales(grid, 0.5 * (south + oy))[1]
                if gap(west, south, east, north, ox, oy, ox + size, oy + size, near_x, near_y) >= best:
                    continue
                for j in range(grid.cell[cell, 0], grid.cell[cell + 1, 0]):
                    if (grid.side[j, 0] != z and grid.side[j, 1] != z) or is_roof(grid, j):
                        continue
                    x1, y1, x2, y2 = piece_ends(grid, j, ox, oy)
                    low, high = min(y1, y2), max(y1, y2)
                    if gap(west, south, east, north, x1, low, x2, high, near_x, near_y) >= best:
                        continue
                    # far away the whole of a small footprint is about equally near
                    far = len(segment) <= _FEW and abs(west - x1) + abs(south - y1) > _ROUGH
                    step = len(box) if far else 1
                    for k in range(0, len(box), step):
                        apart = gap(
                            box[k, 0], box[k, 1], box[k, 2], box[k, 3], x1, low, x2, high, near_x, near_y
                        )
                        if far or apart < best:
                            last = min((k + step) * CHUNK, len(segment))
                            found = compare(
                                grid, segment, solid, k * CHUNK, last, x1, y1, x2, y2, best, place
                            )
                            if found < best:
                                best, nearest_zone = found, z
    return nearest_zone, np.sqrt(best)


# --- depth: how far a zone's line would have to move for a hit to vanish -----------------------------


@kernel
def zone_holds(grid: Grid, zone: int, x: float, y: float) -> bool:
    """Return whether a point lies in a zone."""
    return holder(grid, zone, zone + 1, x, y) == zone


@inlined
def distance_to(px: float, py: float, wall: Floats, enough: float) -> float:
    """Return the distance of a point to the nearest of some segments; any value once it is below ``enough``."""
    best, stop = np.inf, max(enough, 0.0) ** 2
    for j in range(len(wall)):
        found, _ = to_segment(px, py, wall[j, 0], wall[j, 1], wall[j, 2], wall[j, 3])
        if found < best:
            best = found
            if best < stop:
                break
    return float(np.sqrt(best))


@inlined
def enough_for(best: float) -> float:
    """Return what a depth must exceed to be worth telling from ``best``."""
    return best + max(MARGIN_ABSOLUTE_M, MARGIN_RELATIVE * best)


@kernel
def walls_of(
    grid: Grid, zone: int, cx: float, cy: float, radius: float, kx: float, ky: float
) -> tuple[float, Floats]:
    """Return the distance of a place to a zone's boundary, and the pieces that matter within ``radius`` of it.

    Those are all that can be the nearest one to some place within the radius; in metres around (cx, cy).
    """
    x0, y0, size = grid.frame[0], grid.frame[1], grid.frame[2]
    rows = grid.extent[1]
    begin, end = grid.zone_start[zone], grid.zone_start[zone + 1]
    # The cells of a zone are listed column by column: a first turn over the columns, from the place's own outwards,
    # finds how near the boundary can be at most, a second one how near it is, a third what else is near enough.
    column = int(np.floor((cx - x0) / size))
    home = np.searchsorted(grid.zone_cell[begin:end], column * rows) + begin
    best = bound = within = np.inf
    wall = np.empty((64, 4))
    n = 0
    for turn in range(3):
        lower, upper = begin, end
        if turn == 2:
            reach = np.sqrt(within) / kx * (1.0 + 1e-9)
            first = int(np.floor((cx - reach - x0) / size)) - 1
            last = int(np.floor((cx + reach - x0) / size)) + 2
            lower = begin + np.searchsorted(grid.zone_cell[begin:end], first * rows)
            upper = begin + np.searchsorted(grid.zone_cell[begin:end], last * rows)
        left, right = home - 1, home
        at = lower - 1
        while True:
            if turn == 2:
                at += (
                    1  # in the order of the list, which the depth of a square may depend on to its tolerance
                )
                if at >= upper:
                    break
            else:
                to_left = to_right = np.inf
                if left >= begin:
                    to_left = max(0.0, cx - x0 - (grid.zone_cell[left] // rows + 1) * size)
                if right < end:
                    to_right = max(0.0, x0 + grid.zone_cell[right] // rows * size - cx)
                if (left < begin and right >= end) or (min(to_left, to_right) * kx) ** 2 >= min(best, bound):
                    break
                at = left if to_left <= to_right else right
                if at == left:
                    left -= 1
                else:
                    right += 1
            cell = grid.zone_cell[at]
            ox, oy = x0 + cell // rows * size, y0 + cell % rows * size
            if turn == 0:
                dx, dy = max(ox + size - cx, cx - ox) * kx, max(oy + size - cy, cy - oy) * ky
                bound = min(bound, (dx * dx + dy * dy) * (1.0 + 1e-9))
                continue
            away = gap(cx, cy, cx, cy, ox, oy, ox + size, oy + size, kx, ky)
            if away > (min(best, bound) if turn == 1 else within):
                continue
            ox, oy = (ox - cx) * kx, (oy - cy) * ky
            for j in range(grid.cell[cell, 0], grid.cell[cell + 1, 0]):
                if (grid.side[j, 0] != zone and grid.side[j, 1] != zone) or is_roof(grid, j):
                    continue
                x1, x2, y1, rise = grid.piece[j, 0], grid.piece[j, 1], grid.piece[j, 2], grid.piece[j, 3]
                y2 = y1 + (rise if x1 == x2 else rise * (x2 - x1))
                ax, ay, bx, by = ox + x1 * kx, oy + y1 * ky, ox + x2 * kx, oy + y2 * ky
                found, _ = to_segment(0.0, 0.0, ax, ay, bx, by)
                if turn == 1:
                    best = min(best, found)
                elif found <= within:
                    if n == len(wall):
                        more = np.empty((2 * n, 4))
                        more[:n] = wall
                        wall = more
                    wall[n, 0], wall[n, 1], wall[n, 2], wall[n, 3] = ax, ay, bx, by
                    n += 1
        if turn == 1:
            best = np.sqrt(best)
            if radius <= 0.5 * MARGIN_RELATIVE * best:
                break  # so deep inside that the footprint is a point
            within = ((best + 2.0 * radius) * (1.0 + 1e-9)) ** 2
    return best, wall[:n].copy()


@kernel
def depth(
    grid: Grid, xy: Floats, rings: Offsets, starts: Offsets, q: int, dimension: int, zone: int
) -> float:
    """Return how deep shape ``q`` reaches into a zone: the largest distance of a shared point to its boundary.

    Branch and bound: distance changes by at most a metre a metre, so a square of radius *r* whose middle is *d*
    from the boundary holds nothing deeper than *d + r*. For a line, stretches take the place of squares.
    """
    west, south = grid.zone_box[zone, 0], grid.zone_box[zone, 1]
    east, north = grid.zone_box[zone, 2], grid.zone_box[zone, 3]
    w, s, e, n = np.inf, np.inf, -np.inf, -np.inf
    a, b = rings[starts[q]], rings[starts[q + 1]]
    for i in range(a, b):
        w, e, s, n = min(w, xy[i, 0]), max(e, xy[i, 0]), min(s, xy[i, 1]), max(n, xy[i, 1])
    west, south, east, north = max(west, w), max(south, s), min(east, e), min(north, n)
    cx, cy = 0.5 * (west + east), 0.5 * (south + north)
    kx, ky = scales(grid, cy)
    across, up = max(0.0, 0.5 * (east - west) * kx), max(0.0, 0.5 * (north - south) * ky)
    radius = np.sqrt(across * across + up * up)
    middle, wall = walls_of(grid, zone, cx, cy, radius, kx, ky)
    if len(wall) == 0:
        return middle
    best = 0.0
    for i in range(a, b):
        x, y = (xy[i, 0] - cx) * kx, (xy[i, 1] - cy) * ky
        if abs(x) > across * 1.0001 or abs(y) > up * 1.0001:
            continue
        if middle + np.sqrt(x * x + y * y) > enough_for(best):
            d = distance_to(x, y, wall, enough_for(best))
            if d > enough_for(best) and zone_holds(grid, zone, xy[i, 0], xy[i, 1]):
                best = d
    if dimension == 0:
        return max(0.0, best)
    stack = np.empty((64, 4))
    top = 0
    if dimension == 1:
        for ring in range(starts[q], starts[q + 1]):
            for i in range(rings[ring], rings[ring + 1] - 1):
                if top == len(stack):
                    stack = _taller(stack)
                stack[top, 0], stack[top, 1] = (xy[i, 0] - cx) * kx, (xy[i, 1] - cy) * ky
                stack[top, 2], stack[top, 3] = (xy[i + 1, 0] - cx) * kx, (xy[i + 1, 1] - cy) * ky
                top += 1
        while top > 0:
            top -= 1
            x1, y1, x2, y2 = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
            if max(x1, x2) < -across or min(x1, x2) > across or max(y1, y2) < -up or min(y1, y2) > up:
                continue
            half = 0.5 * np.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)
            x, y = 0.5 * (x1 + x2), 0.5 * (y1 + y2)
            d = distance_to(x, y, wall, enough_for(best) - half)
            if d + half <= enough_for(best):
                continue
            inside = zone_holds(grid, zone, cx + x / kx, cy + y / ky)
            if inside:
                best = max(best, d)
            elif d > half:
                continue
            if top + 2 > len(stack):
                stack = _taller(stack)
            stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = x1, y1, x, y
            stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2], stack[top + 1, 3] = x, y, x2, y2
            top += 2
        return best
    own = np.empty((b - a, 4))
    m = 0
    for ring in range(starts[q], starts[q + 1]):
        for i in range(rings[ring], rings[ring + 1] - 1):
            own[m, 0], own[m, 1] = (xy[i, 0] - cx) * kx, (xy[i, 1] - cy) * ky
            own[m, 2], own[m, 3] = (xy[i + 1, 0] - cx) * kx, (xy[i + 1, 1] - cy) * ky
            m += 1
    own = own[:m]
    stack[0, 0], stack[0, 1], stack[0, 2] = 0.0, 0.0, max(across, up)
    top = 1
    while top > 0:
        top -= 1
        x, y, half = stack[top, 0], stack[top, 1], stack[top, 2]
        if x + half < -across or x - half > across or y + half < -up or y - half > up:
            continue
        r = half * np.sqrt(2.0)
        d = distance_to(x, y, wall, enough_for(best) - r)
        if d + r <= enough_for(best):
            continue
        in_footprint = ring_holds(own, x, y)
        off = 0.0 if in_footprint else distance_to(x, y, own, 0.0)
        if off > r:
            continue
        in_zone = zone_holds(grid, zone, cx + x / kx, cy + y / ky)
        if not in_zone and d > r:
            continue
        if in_zone and d > off:  # the footprint has a point ``off`` away, and so not much less deep
            best = max(best, d - off)
            if d + r <= enough_for(best):
                continue
        if top + 4 > len(stack):
            stack = _taller(stack)
        half *= 0.5
        for i in range(4):
            stack[top, 0] = x + (half if i & 1 else -half)
            stack[top, 1] = y + (half if i & 2 else -half)
            stack[top, 2] = half
            top += 1
    return best


@kernel
def depths(
    grid: Grid,
    xy: Floats,
    rings: Offsets,
    starts: Offsets,
    q: int,
    dimension: int,
    zones: Ints,
    found: Floats,
) -> None:
    """Write the :func:`depth` of shape ``q`` in each of ``zones``."""
    for i in range(len(zones)):
        found[i] = depth(grid, xy, rings, starts, q, dimension, zones[i])


@kernel
def _taller(array: Floats) -> Floats:
    more = np.empty((2 * len(array), array.shape[1]))
    more[: len(array)] = array
    return more


@kernel
def ring_holds(segment: Floats, x: float, y: float) -> bool:
    """Return whether a point lies inside closed rings given by their segments (even-odd rule)."""
    inside = False
    for i in range(len(segment)):
        y1, y2 = segment[i, 1], segment[i, 3]
        crosses = (y1 > y) != (y2 > y)
        if crosses and x < segment[i, 0] + (y - y1) * (segment[i, 2] - segment[i, 0]) / (y2 - y1):
            inside = not inside
    return inside


@kernel
def deepest_on(line: Floats, wall: Floats) -> float:
    """Return the largest distance from a point of some segments to other segments, planar."""
    best = 0.0
    stack = np.empty((2 * len(line) + 64, 4))
    top = 0
    for i in range(len(line)):
        best = max(best, distance_to(line[i, 0], line[i, 1], wall, 0.0))
        best = max(best, distance_to(line[i, 2], line[i, 3], wall, 0.0))
        for k in range(4):
            stack[top, k] = line[i, k]
        top += 1
    while top > 0:
        top -= 1
        x1, y1, x2, y2 = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
        half = 0.5 * np.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)
        x, y = 0.5 * (x1 + x2), 0.5 * (y1 + y2)
        d = distance_to(x, y, wall, enough_for(best) - half)
        if d + half <= enough_for(best):
            continue
        best = max(best, d)
        if top + 2 > len(stack):
            stack = _taller(stack)
        stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = x1, y1, x, y
        stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2], stack[top + 1, 3] = x, y, x2, y2
        top += 2
    return best

"""Drawing a vector tile: what lies in it is clipped, put on the grid of the tile, and encoded.

Neighbours stay neighbours: a vertex goes to the grid point nearest to it, whoever asks, so an edge two zones share is the
same edge in the tile. Only where rounding makes a shape cross itself is that one snapped by GEOS, which moves its lines by
no more than half a unit. A zone too small to be seen is a square of one unit where it lies: no zone is lost at any zoom.

Zones are clipped in longitude and latitude, where a tile is a rectangle and edges are straight (ADR 0001), and projected
afterwards. Up to :data:`GENERALISED` the shapes come from :mod:`sanxian.generalise`, where neighbours share the simplified
edge as well; above it they are the shapes of the edition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from mapbox_vector_tile.Mapbox import vector_tile_pb2
from numpy.typing import NDArray

from sanxian.edition import Edition
from sanxian.errors import EditionIncomplete
from sanxian.generalise import levels
from sanxian.model import Layer, Zone

EXTENT: Final = 4096  # units a tile is wide
BUFFER: Final = 64  # units drawn beyond its edge, so that outlines do not show where tiles meet
GENERALISED: Final = 9  # the highest zoom with simplified shapes
MAX_ZOOM: Final = 16  # a unit is 0.15 m on the equator
RECIPE: Final = 1  # raised when the same edition gives other tiles than before
_LAT_MAX: Final = math.degrees(math.atan(math.sinh(math.pi)))

Shapes = NDArray[Any]  # of shapely geometries
Ints = NDArray[np.int64]


def tile_bounds(z: int, x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude of the north-western corner of a tile; fractions lie inside of it."""
    side = 2.0**z
    return x / side * 360.0 - 180.0, math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * y / side))))


def columns_and_rows(bounds: tuple[float, float, float, float], z: int) -> tuple[range, range]:
    """Return the columns and rows of tiles that hold a box of longitudes and latitudes."""
    west, south, east, north = bounds
    side: int = 2**z

    def column(lon: float) -> int:
        return min(side - 1, max(0, math.floor((lon + 180.0) / 360.0 * side)))

    def row(lat: float) -> int:
        place = math.asinh(math.tan(math.radians(max(-_LAT_MAX, min(_LAT_MAX, lat)))))
        return min(side - 1, max(0, math.floor((1.0 - place / math.pi) / 2.0 * side)))

    return range(column(west), column(east) + 1), range(row(north), row(south) + 1)


class Drawn:
    """A layer ready to be drawn at one zoom, or at all above :data:`GENERALISED`.

    Parameters
    ----------
    layer : Layer
    zones : sequence of Zone
        With the shapes to be drawn; a feature's id is its place here and one more.
    synthetic : bool
        Whether the edition is example data.
    """

    def __init__(self, layer: Layer, zones: Sequence[Zone], *, synthetic: bool) -> None:
        self.name = layer.id
        self.zones = zones
        self.synthetic = synthetic
        shapes = np.empty(len(zones), dtype=object)
        shapes[:] = [zone.geometry for zone in zones]
        self.shapes = shapes
        # the parts of a zone one by one: few of them lie in a tile
        self.parts, self.zone_of = shapely.get_parts(shapes, return_index=True)
        self.tree = shapely.STRtree(self.parts)
        self.bounds = shapely.bounds(self.parts).reshape(-1, 4)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the layer in degrees; not to be asked of a layer without zones."""
        west, south, east, north = shapely.total_bounds(self.parts).tolist()
        return west, south, east, north

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return what of the layer lies in a tile, as the layer of a vector tile; empty when there is nothing."""
        grid = _Grid(z, x, y)
        near = np.sort(self.tree.query(grid.box))
        if not len(near):
            return b""
        pieces = self.parts[near]
        west, south, east, north = self.bounds[near].T
        inside = (west >= grid.west) & (south >= grid.south) & (east <= grid.east) & (north <= grid.north)
        pieces[~inside] = shapely.clip_by_rect(pieces[~inside], grid.west, grid.south, grid.east, grid.north)
        there = ~shapely.is_empty(pieces)
        rows, shapes = _gathered(self.zone_of[near][there], pieces[there])
        placed = grid.place(shapes)
        kept = ~shapely.is_empty(placed)
        self._keep_small(grid, rows, placed, kept)
        return self._encoded(rows[kept], placed[kept])

    def _keep_small(self, grid: _Grid, rows: Ints, placed: Shapes, kept: NDArray[np.bool_]) -> None:
        """Put a square where a zone has vanished, in the tile its middle lies in."""
        lost = np.flatnonzero(~kept)
        if not len(lost):
            return
        middle = grid.round(shapely.get_coordinates(shapely.point_on_surface(self.shapes[rows[lost]])))
        here = ((middle >= 0) & (middle < EXTENT)).all(axis=1)
        # the y axis points down
        corners = middle[here]
        flat = shapely.get_dimensions(self.shapes[rows[lost[here]]]) == 2
        squares: Shapes = shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + 1, corners[:, 1] + 1)
        instead = np.empty(len(corners), dtype=object)
        instead[flat] = squares[flat]
        instead[~flat] = shapely.points(corners[~flat])
        placed[lost[here]] = instead
        kept[lost[here]] = True

    def _encoded(self, rows: Ints, shapes: Shapes) -> bytes:
        if not len(rows):
            return b""
        tile = vector_tile_pb2.tile()
        layer = tile.layers.add(name=self.name, version=2, extent=EXTENT)
        keys = ("code", "name", "class", "subtype", "synthetic")
        layer.keys.extend(keys)
        values: dict[str | bool, int] = {}
        for row, (kind, commands) in zip(rows.tolist(), _commands(shapes), strict=True):
            zone = self.zones[row]
            feature = layer.features.add(id=row + 1, type=kind)
            told = (zone.code, zone.name, zone.zone_class, zone.subtype, self.synthetic)
            for key, value in enumerate(told):
                if value != "":
                    feature.tags.extend((key, values.setdefault(value, len(values))))
            feature.geometry.extend(commands)
        for value in values:
            if isinstance(value, bool):
                layer.values.add(bool_value=value)
            else:
                layer.values.add(string_value=value)
        return bytes(tile.SerializeToString())


class _Grid:
    """The grid of a tile: longitude and latitude to whole units, x to the east, y to the south."""

    def __init__(self, z: int, x: int, y: int) -> None:
        margin = BUFFER / EXTENT
        self.z, self.x, self.y = z, x, y
        self.west, self.north = tile_bounds(z, x - margin, y - margin)
        self.east, self.south = tile_bounds(z, x + 1 + margin, y + 1 + margin)
        self.box = shapely.box(self.west, self.south, self.east, self.north)

    def units(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions in units of the tile."""
        side = 2.0**self.z
        lat = np.clip(lonlat[:, 1], -_LAT_MAX, _LAT_MAX)
        x = (lonlat[:, 0] + 180.0) / 360.0 * side - self.x
        y = (1.0 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2.0 * side - self.y
        return np.column_stack((x, y)) * EXTENT

    def round(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions in whole units."""
        return np.rint(self.units(lonlat))

    def place(self, shapes: Shapes) -> Shapes:
        """Return shapes on the grid, valid; empty where nothing is left of one."""
        placed = np.asarray(shapely.transform(shapes, self.round))
        dimension = shapely.get_dimensions(shapes)
        west, north, east, south = shapely.bounds(placed).reshape(-1, 4).T
        thin = ((west == east) | (north == south)) & (dimension == 2)
        thin |= (west == east) & (north == south) & (dimension == 1)
        placed[thin] = shapely.MultiPolygon()
        broken = (dimension == 2) & ~thin
        broken[broken] = ~shapely.is_valid(placed[broken])
        if broken.any():
            snapped = shapely.set_precision(shapely.transform(shapes[broken], self.units), 1.0)
            placed[broken] = [_areas(shape) for shape in snapped]
        whole = ~shapely.is_empty(placed)
        placed[whole] = shapely.remove_repeated_points(placed[whole])
        return placed


def _areas(shape: Any) -> Any:
    """Return the areas of what snapping has left."""
    if shape.geom_type != "GeometryCollection":
        return shape if shapely.get_dimensions(shape) == 2 else shapely.MultiPolygon()
    return shapely.MultiPolygon([part for part in shape.geoms if part.geom_type == "Polygon"])


def _gathered(rows: Ints, pieces: Shapes) -> tuple[Ints, Shapes]:
    """Return the pieces of each zone as one shape, of the dimension the zone has there."""
    flat, owner = shapely.get_parts(pieces, return_index=True)
    rows = rows[owner]
    dimension = shapely.get_dimensions(flat)
    # what a zone only touches comes as a line or point beside its areas
    highest = np.zeros(int(rows.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(highest, rows, dimension)
    keep = dimension == highest[rows]
    flat, rows, dimension = flat[keep], rows[keep], dimension[keep]
    zones, start = np.unique(rows, return_index=True)
    made = np.empty(len(zones), dtype=object)
    for kind, build in ((0, shapely.multipoints), (1, shapely.multilinestrings), (2, shapely.multipolygons)):
        chosen = dimension[start] == kind
        if chosen.any():
            member = chosen[np.searchsorted(zones, rows)]
            numbers = np.cumsum(chosen) - 1
            made[chosen] = build(flat[member], indices=numbers[np.searchsorted(zones, rows[member])])
    return zones, made


# --- geometry as commands (MVT 2.1, section 4.3) ----------------------------------------------

_POINT, _LINE, _AREA = 1, 2, 3


def _commands(shapes: Shapes) -> list[tuple[int, list[int]]]:
    """Return kind and commands of shapes in whole units, y down."""
    made: list[tuple[int, list[int]]] = [(_POINT, [])] * len(shapes)
    dimension = shapely.get_dimensions(shapes)
    for kind, at in ((_POINT, dimension == 0), (_LINE, dimension == 1), (_AREA, dimension == 2)):
        where = np.flatnonzero(at)
        if len(where):
            for place, commands in zip(where.tolist(), _of_kind(kind, shapes[where]), strict=True):
                made[place] = (kind, commands)
    return made


def _of_kind(kind: int, shapes: Shapes) -> list[list[int]]:
    if kind == _POINT:
        return [_points(shapely.get_coordinates(shape)) for shape in shapes]
    lines, owner = shapely.get_parts(shapes, return_index=True)
    if kind == _AREA:
        # with y down, an outer ring that runs clockwise on the map has a positive area, as the format wants
        lines = shapely.orient_polygons(lines, exterior_cw=False)
        lines, part = shapely.get_rings(lines, return_index=True)
        owner = owner[part]
    xy, run = shapely.get_coordinates(lines, return_index=True)
    points: Ints = xy.astype(np.int64)
    closed = 1 if kind == _AREA else 0
    sizes = np.bincount(run, minlength=len(lines)) - closed
    if closed:
        last = np.append(run[1:] != run[:-1], True)
        points = points[~last]
    starts = np.cumsum(sizes) - sizes
    before = np.vstack((np.zeros((1, 2), dtype=np.int64), points[:-1]))
    steps: Ints = np.subtract(points, before)
    first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))  # the cursor of a feature begins at 0, 0
    steps[starts[first]] = points[starts[first]]
    steps = (steps << 1) ^ (steps >> 63)
    # of each run: MoveTo 1, a point, LineTo n - 1, the other points, and for a ring ClosePath
    lengths = 2 * sizes + 2 + closed
    begins = np.cumsum(lengths) - lengths
    words = np.empty(int(lengths.sum()), dtype=np.int64)
    words[begins] = 9
    words[begins + 3] = ((sizes - 1) << 3) | 2
    if closed:
        words[begins + lengths - 1] = 15
    order = np.arange(len(points)) - np.repeat(starts, sizes)
    slot = np.repeat(begins, sizes) + 1 + 2 * order + (order > 0)
    words[slot], words[slot + 1] = steps[:, 0], steps[:, 1]
    edges = [*begins[first].tolist(), len(words)]
    return [words[a:b].tolist() for a, b in pairwise(edges)]


def _points(xy: NDArray[np.float64]) -> list[int]:
    whole: Ints = xy.astype(np.int64)
    steps: Ints = np.subtract(whole, np.vstack((np.zeros((1, 2), dtype=np.int64), whole[:-1])))
    return [(len(xy) << 3) | 1, *((steps << 1) ^ (steps >> 63)).ravel().tolist()]


# --- shapes by zoom ---------------------------------------------------------------------------


def detail(z: int) -> int:
    """Return which shapes a zoom is drawn from: its own simplified ones, or those of the edition."""
    return min(z, GENERALISED + 1)


def ready(edition: Edition, level: int) -> dict[str, Drawn]:
    """Return all layers ready to be drawn, with shapes of a :func:`detail`."""
    zones = {layer.id: edition.zones[layer.id] for layer in edition.layers}
    if level <= GENERALISED:
        with suppress(EditionIncomplete):  # no region, so no scale: drawn as it is
            zones |= {name: made.zones for name, made in levels(edition, (level,))[level].layers.items()}
    synthetic = edition.info.synthetic
    return {layer.id: Drawn(layer, zones[layer.id], synthetic=synthetic) for layer in edition.layers}

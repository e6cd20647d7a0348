"""The index of an edition: built once, opened in no time, asked by any number of threads.

Zones are numbered through all layers: zone ``first[l] + i`` is row *i* of layer *l*.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sanxian.engine import measure
from sanxian.engine import near as nearness
from sanxian.engine.build import assemble, blocks, plan
from sanxian.engine.edges import NOTHING
from sanxian.engine.grid import Grid
from sanxian.engine.measure import Scratch, scratch_for
from sanxian.engine.near import NearScratch, Reach, near_scratch_for
from sanxian.engine.shapes import Shapes
from sanxian.engine.store import Guard, open_stored
from sanxian.engine.surface import Surface

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]


class Shares(NamedTuple):
    """Rows (query, zone, size) sorted by query; ``along``: what a closed zone's boundary adds to a length."""

    query: Ints
    zone: Ints
    size: Floats
    along: Floats


class Near(NamedTuple):
    """Zones near a footprint: distance in metres, and the two nearest points (x, y of footprint, x, y of zone)."""

    zone: Ints
    distance: Floats
    place: Floats


class Selections(NamedTuple):
    """Selections of zones, of each of which the nearest is wanted; the larger first."""

    zones: Ints
    first: Offsets  # selection t is zones[first[t]:first[t + 1]], in ascending order
    back: Offsets  # where each selection, in the order given, is among them

    @classmethod
    def of(cls, selections: Sequence[Ints]) -> Selections:
        """Return selections, each of zones in any order, for :meth:`Index.nearest_of_each`."""
        order = sorted(range(len(selections)), key=lambda i: -len(selections[i]))
        first = np.zeros(len(order) + 1, np.int64)
        np.cumsum([len(selections[i]) for i in order], out=first[1:])
        zones = np.concatenate([np.sort(selections[i]) for i in order]).astype(np.int32)
        return cls(zones, first, np.argsort(order))


class Index:
    """The grid of one edition with what is asked of it."""

    def __init__(self, grid: Grid, guard: Guard | None = None) -> None:
        self.grid = grid
        self._local = threading.local()
        self._guard = guard
        self._gathered: dict[int, tuple[Ints, Floats, Ints]] = {}
        # columns whose bytes have been compared with their checksums; what was built here needs none
        self._sound = np.full(int(grid.extent[0]), guard is None)
        self._all_sound = guard is None

    @classmethod
    def open(cls, path: Path, key: Mapping[str, str] | None = None) -> Index:
        """Open an index file; see :func:`sanxian.engine.store.open_stored` for parameters and errors."""
        stored = open_stored(path, key)
        return cls(stored.grid, stored.guard)

    def verify(self) -> None:
        """Compare every byte with its checksum.

        Raises
        ------
        IndexBroken
            One differs.
        """
        if self._guard is not None:
            self._guard.check_all()
        self._sound[:] = self._all_sound = True

    def _rely_on(self, west: float, east: float) -> None:
        """Check, once, the part of the file between two x before an answer rests on it."""
        if self._all_sound or self._guard is None or not west <= east:
            return
        x0, size = float(self.grid.frame[0]), float(self.grid.frame[2])
        last = len(self._sound)
        left = min(max(math.floor((west - x0) / size) - 1, 0), last)
        right = last if east == math.inf else min(max(math.floor((east - x0) / size) + 2, left), last)
        if not self._sound[left:right].all():
            self._guard.check_columns(self.grid, left, right)
            self._sound[left:right] = True
            self._all_sound = bool(self._sound.all())

    @classmethod
    def build(
        cls,
        layers: Sequence[Shapes],
        surface: Surface,
        *,
        cell: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Index:
        """Return an index in memory; see :func:`sanxian.engine.build.plan` for the parameters."""
        made = plan(layers, surface, cell)
        return cls(assemble(made, blocks(made, progress)))

    def _rely_on_around(self, xy: Floats, metres: float = 0.0) -> None:
        if not self._all_sound and len(xy):
            widest = metres / float(self.grid.rows[:, 4].min())
            self._rely_on(float(xy[:, 0].min()) - widest, float(xy[:, 0].max()) + widest)

    @property
    def first(self) -> Offsets:
        """First zone of each layer, and the number of zones."""
        return self.grid.first

    @property
    def scratch(self) -> Scratch:
        """Working space of this thread."""
        found: Scratch | None = getattr(self._local, "scratch", None)
        if found is None:
            found = self._local.scratch = scratch_for(int(self.first[-1]))
        return found

    @property
    def near_scratch(self) -> NearScratch:
        """Working space of this thread for :meth:`near`."""
        found: NearScratch | None = getattr(self._local, "near", None)
        if found is None:
            found = self._local.near = near_scratch_for(int(self.first[-1]))
        return found

    @cached_property
    def layer_of(self) -> Ints:
        """Layer of each zone."""
        made = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first)).astype(np.int32)
        made.setflags(write=False)
        return made

    def points(self, xy: Floats) -> tuple[Offsets, Ints]:
        """Return all zones that hold each point: the zones of point i are ``zones[start[i]:start[i + 1]]``.

        A point within the contact tolerance of a boundary is in the zones on both sides, and in a linear zone.
        """
        xy = np.ascontiguousarray(xy, dtype=np.float64)
        self._rely_on_around(xy)
        order = measure.by_cell(self.grid, xy) if len(xy) > 1 else np.zeros(len(xy), np.int64)
        held = np.zeros(len(xy), np.int64)
        room = 16 * len(xy) + 64
        parts: list[Ints] = []
        done = 0
        while done < len(xy) or not parts:
            zone = np.empty(room, np.int32)
            rows, done = measure.points(self.grid, self.scratch, xy, order, done, len(xy), held, zone)
            parts.append(zone[:rows])
            if rows == 0:
                room *= 2
        return measure.by_query(order, held, parts[0] if len(parts) == 1 else np.concatenate(parts))

    def areas(self, shapes: Shapes) -> Shares:
        """Return the area each polygon shares with each zone, rows of more than 1e-6 m²."""
        return self._shares(shapes, measure.areas, 16)

    def lengths(self, shapes: Shapes) -> Shares:
        """Return the length of each line inside each zone; zones are closed."""
        return self._shares(shapes, measure.lengths, 64)

    def nearest(self, shapes: Shapes, layer: int, within: float) -> tuple[Ints, Floats]:
        """Return the zone of a layer nearest to each shape and its distance; -1 and inf when none is ``within``.

        The distance is 0 where they meet.
        """
        self._rely_on_around(shapes.xy, within)
        first, last = int(self.first[layer]), int(self.first[layer + 1])
        count = shapes.count
        zone, distance = np.empty(count, np.int32), np.empty(count)
        corner = shapes.xy[np.minimum(shapes.rings[shapes.starts[:-1]], max(len(shapes.xy) - 1, 0))]
        order = (
            measure.by_cell(self.grid, np.ascontiguousarray(corner))
            if count > 1
            else np.zeros(count, np.int64)
        )
        nearness.nearest(
            self.grid,
            first,
            last,
            *self._pieces_of(layer),
            within,
            shapes.xy,
            shapes.rings,
            shapes.starts,
            shapes.dimension == 2,
            order,
            0,
            count,
            zone,
            distance,
        )
        return zone, distance

    def _pieces_of(self, layer: int) -> tuple[Ints, Floats, Ints]:
        """Return the boundary pieces of one layer by cell, gathered when it is first asked for."""
        if layer not in self._gathered:
            if self._guard is not None:
                self._rely_on(float(self.grid.frame[0]), math.inf)
            self._gathered[layer] = nearness.pieces_of_layer(
                self.grid, int(self.first[layer]), int(self.first[layer + 1])
            )
        return self._gathered[layer]

    def near(self, shapes: Shapes, row: int, reach: Reach, met: Ints) -> Near:
        """Return the zones around one shape, each layer as far as ``reach`` says; without those in ``met``."""
        self._rely_on_around(shapes.xy, float(reach.level[-1]))
        room = 64
        while True:
            zone, distance, place = np.empty(room, np.int32), np.empty(room), np.empty((room, 4))
            rows = nearness.near(
                self.grid,
                self.near_scratch,
                self.layer_of,
                reach,
                shapes.xy,
                shapes.rings,
                shapes.starts,
                row,
                met,
                zone,
                distance,
                place,
            )
            if rows <= room:
                return Near(zone[:rows], distance[:rows], place[:rows])
            room = rows

    def nearest_of(self, shapes: Shapes, row: int, zones: Ints) -> Near:
        """Return the one of ``zones`` whose boundary is nearest to a shape, at any distance; no row when none."""
        found = self.nearest_of_each(shapes, row, Selections.of((zones,)))
        return found if len(zones) else Near(found.zone[:0], found.distance[:0], found.place[:0])

    def nearest_of_each(self, shapes: Shapes, row: int, selections: Selections) -> Near:
        """Return :meth:`nearest_of` for each of several selections of zones, in order; -1 and inf for an empty one."""
        count = len(selections.first) - 1
        zone, distance, place = (
            np.full(count, NOTHING, np.int32),
            np.full(count, np.inf),
            np.zeros((count, 4)),
        )
        self._rely_on_zones(selections.zones)
        nearness.nearest_of_each(
            self.grid,
            selections.zones,
            selections.first,
            shapes.xy,
            shapes.rings,
            shapes.starts,
            row,
            zone,
            distance,
            place,
        )
        back = selections.back
        return Near(zone[back], distance[back], place[back])

    def _rely_on_zones(self, zones: Ints) -> None:
        if self._guard is not None and len(zones):
            self._guard.check("zone_cell")
            if not self._all_sound:
                box = self.grid.zone_box[zones]
                self._rely_on(float(box[:, 0].min()), float(box[:, 2].max()))

    def depths(self, shapes: Shapes, row: int, zones: Ints) -> Floats:
        """Return how deep a shape reaches into each of some zones it meets, metres, to 1 % or 5 cm."""
        self._rely_on_zones(zones)
        found = np.empty(len(zones))
        nearness.depths(
            self.grid, shapes.xy, shapes.rings, shapes.starts, row, shapes.dimension, zones, found
        )
        return found

    def _shares(self, shapes: Shapes, kernel: Callable[..., tuple[int, int]], guess: int) -> Shares:
        self._rely_on_around(shapes.xy)
        room = guess * shapes.count + 64
        lengths = kernel is measure.lengths
        parts: list[Shares] = []
        done = 0
        while done < shapes.count or not parts:
            rows = Shares(np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room), np.zeros(room))
            filled, done = kernel(
                self.grid,
                self.scratch,
                shapes.xy,
                shapes.rings,
                shapes.starts,
                shapes.areal,
                done,
                shapes.count,
                *(rows if lengths else rows[:3]),
            )
            parts.append(
                Shares(rows.query[:filled], rows.zone[:filled], rows.size[:filled], rows.along[:filled])
            )
            if filled == 0:
                room *= 2
        if len(parts) == 1:
            return parts[0]
        columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return Shares(*columns)

"""The filter: which projects lie within reach of some difference.

All shapes are compared in one plane, longitude and latitude scaled to metres at the middle of the region. A
straight edge stays straight there (ADR 0001), and a distance in it is off by a factor that depends on the latitude
alone and is bounded for what is compared; every test is made with the bound that lets more projects through.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.model import Project
from sanxian.recheck.differences import CONTACT_M, Difference
from sanxian.recheck.sides import Side

_A: Final = 6378137.0  # CGCS2000
_E2: Final = 0.00669438002290
_AROUND: Final = 0.5  # degrees that a shortest way may leave the latitudes of its ends

Shapes = NDArray[np.object_]


class _Test(NamedTuple):
    """Reaches of one kind, all in one array of shapes."""

    shapes: Shapes
    within_m: NDArray[np.float64]
    owner: NDArray[np.int64]  # number of the difference


class Filter:
    """Finds the differences that reach a project."""

    def __init__(self, old: Side, new: Side, found: Sequence[Difference]) -> None:
        """Prepare to look for projects within reach of ``found``, as ``differences(old, new)`` gave them."""
        self._sides = (old, new)
        self._found = found
        self._everywhere = frozenset(i for i, one in enumerate(found) if one.reach.everywhere)
        bounds = [shapely.bounds(side.edition.outline) for side in self._sides]
        self._south, self._north = min(b[1] for b in bounds), max(b[3] for b in bounds)
        middle = math.radians((self._south + self._north) / 2)
        self._scale = np.array([_east(middle), _north(middle)])
        self._near: dict[frozenset[str] | None, _Test] = {}
        self._nearest: dict[str, tuple[frozenset[str], _Test, shapely.STRtree]] = {}
        self._scopes: dict[frozenset[str], Shapes | None] = {}
        self._build()

    def _build(self) -> None:
        near: dict[frozenset[str] | None, list[tuple[BaseGeometry, float, int]]] = defaultdict(list)
        nearest: dict[str, list[tuple[BaseGeometry, float, int]]] = defaultdict(list)
        through: dict[str, frozenset[str]] = {}
        for number, difference in enumerate(self._found):
            reach = difference.reach
            if reach.everywhere:
                continue
            for one in reach.near:
                near[reach.through].append((one.shape, one.within_m, number))
            for other in reach.nearest:
                nearest[other.target].append((other.shape, 0.0, number))
                through[other.target] = other.through
        self._near = {clauses: self._test(some) for clauses, some in near.items()}
        for target, some in sorted(nearest.items()):
            self._nearest[target] = through[target], self._test(some), self._stays(target)
        for clauses in {*through.values(), *(c for c in near if c is not None)}:
            self._scopes[clauses] = self._scope(clauses)

    def _test(self, some: Sequence[tuple[BaseGeometry, float, int]]) -> _Test:
        shapes, within, owner = zip(*some, strict=True)
        south, _, north = shapely.bounds(np.array(shapes, dtype=object)).T[1:4]
        self._south = min(self._south, float(np.nanmin(south)))
        self._north = max(self._north, float(np.nanmax(north)))
        return _Test(self._flat(shapes), np.array(within, np.float64), np.array(owner, np.int64))

    def _flat(self, shapes: Iterable[BaseGeometry]) -> Shapes:
        """Return shapes in the plane, metres."""
        array = np.empty(len(given := list(shapes)), dtype=object)
        array[:] = given
        flat: Shapes = shapely.transform(array, lambda xy: xy * self._scale)
        return flat

    def _stays(self, target: str) -> shapely.STRtree:
        """Return the zones of a target that are there before and after, unchanged."""
        old, new = self._sides
        changed = {one.zone for one in self._found if one.zone is not None}
        keys = old.prepared.wanted(target) & new.prepared.wanted(target)
        return shapely.STRtree(self._flat(old.shapes_of(sorted(keys - changed))))

    def _scope(self, clauses: frozenset[str]) -> Shapes | None:
        """Return where any of ``clauses`` holds before or after; ``None`` for everywhere."""
        shapes: dict[int, BaseGeometry] = {}
        for name in sorted(clauses):
            for side in self._sides:
                found = side.scope(name)
                if found is None:
                    return None
                shapes.update((id(shape), shape) for shape in found)
        return self._flat(shapes.values())

    # --- projects -------------------------------------------------------------------------

    def reaching(self, projects: Sequence[Project]) -> list[frozenset[int]]:
        """Return for each project the numbers of the differences that can reach it.

        A project of which nothing is drawn has the same answer whatever the edition: none reaches it.
        """
        found = [set(self._everywhere) if project.parts else set() for project in projects]
        parts = [part.geometry for project in projects for part in project.parts]
        if not parts or len(self._everywhere) == len(self._found):
            return list(map(frozenset, found))
        of = np.repeat(np.arange(len(projects)), [len(project.parts) for project in projects])
        flat = self._flat(parts)
        least, most = self._stretch(flat)
        tree = shapely.STRtree(flat)
        gates = {clauses: self._inside(tree, of, shapes, least) for clauses, shapes in self._scopes.items()}
        for reached, test in self._near.items():
            within = (test.within_m * 1.001 + CONTACT_M) / least
            test_rows, part_rows = tree.query(test.shapes, predicate="dwithin", distance=within)
            gate = None if reached is None else gates[reached]
            self._mark(found, of[part_rows], test.owner[test_rows], gate)
        for clauses, test, stays in self._nearest.values():
            self._mark(found, *self._as_near(flat, of, test, stays, least, most), gates[clauses])
        return list(map(frozenset, found))

    @staticmethod
    def _as_near(
        flat: Shapes, of: NDArray[np.int64], test: _Test, stays: shapely.STRtree, least: float, most: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the projects to which a change is as near as what stays, and the differences."""
        metres = np.full(len(flat), np.inf)
        if len(stays.geometries):
            (rows, _), found = stays.query_nearest(flat, return_distance=True, all_matches=False)
            metres[rows] = found
        # whatever the plane may be wrong by counts in favour of the change
        within = (metres * most + CONTACT_M) / least
        bound = np.flatnonzero(np.isfinite(within))
        free = np.flatnonzero(np.isinf(within))  # nothing stays: any change may be the nearest
        owners = np.unique(test.owner)
        part_rows, test_rows = shapely.STRtree(test.shapes).query(
            flat[bound], predicate="dwithin", distance=within[bound]
        )
        return (
            np.concatenate((of[bound[part_rows]], np.repeat(of[free], len(owners)))),
            np.concatenate((test.owner[test_rows], np.tile(owners, len(free)))),
        )

    @staticmethod
    def _inside(
        tree: shapely.STRtree, of: NDArray[np.int64], shapes: Shapes | None, least: float
    ) -> frozenset[int] | None:
        """Return the projects that meet some of the shapes; ``None`` for all."""
        if shapes is None:
            return None
        rows = tree.query(shapes, predicate="dwithin", distance=CONTACT_M / least)[1]
        return frozenset(of[rows].tolist())

    @staticmethod
    def _mark(
        found: list[set[int]],
        projects: NDArray[np.int64],
        owners: NDArray[np.int64],
        gate: frozenset[int] | None,
    ) -> None:
        for project, owner in zip(projects.tolist(), owners.tolist(), strict=True):
            if gate is None or project in gate:
                found[project].add(owner)

    def _stretch(self, flat: Shapes) -> tuple[float, float]:
        """Return the least and the most metres on the ellipsoid of one metre in the plane."""
        bounds = shapely.bounds(flat) / np.tile(self._scale, 2)
        south = max(-89.9, min(self._south, float(np.nanmin(bounds[:, 1]))) - _AROUND)
        north = min(89.9, max(self._north, float(np.nanmax(bounds[:, 3]))) + _AROUND)
        # both scales are monotonous in the distance from the equator
        away = [math.radians(max(abs(south), abs(north)))]
        away.append(0.0 if south <= 0.0 <= north else math.radians(min(abs(south), abs(north))))
        ratios = [_east(lat) / self._scale[0] for lat in away] + [
            _north(lat) / self._scale[1] for lat in away
        ]
        return float(min(ratios)) * 0.999, float(max(ratios)) * 1.001


def _east(lat: float) -> float:
    """Return the metres of one degree of longitude at a latitude in radians."""
    return math.radians(_A * math.cos(lat) / math.sqrt(1 - _E2 * math.sin(lat) ** 2))


def _north(lat: float) -> float:
    """Return the metres of one degree of latitude at a latitude in radians."""
    return math.radians(_A * (1 - _E2) / (1 - _E2 * math.sin(lat) ** 2) ** 1.5)

"""Recutting a partition: zones are cut into faces on the grid of an edition, and each face is given one owner.

A zone is never pushed or pulled. All boundaries near a defect are cut at their crossings, with every vertex on
the 1e-9 degree grid; the faces that result are given out, and a zone is what its faces add up to. So two
neighbours share the line between them vertex by vertex, and what moved is a list of faces with their areas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import DECIMALS
from sanxian.quality.coverage import (
    Examination,
    Face,
    Kind,
    Land,
    cut_into_faces,
    inner_points,
    near_boundary,
)
from sanxian.quality.ground import on_grid
from sanxian.quality.sizes import GeometryArray, areas_m2, as_array

_REACH: Final = 10 * 10.0**-DECIMALS  # degrees: further than any vertex moves

Ruling: TypeAlias = "tuple[str, int | None] | None"
"""The repair that decides a face and the zone that gets it (``None``: nobody); or no ruling: it stays as it is."""


class Given(NamedTuple):
    """A face that was given to a zone."""

    repair: str
    shape: BaseGeometry
    area_m2: float
    before: tuple[int, ...]  # rows of the zones that held it
    owner: int | None  # row of the zone that holds it now


@dataclass(frozen=True, slots=True, kw_only=True)
class Recut:
    """What became of the zones of a partition."""

    shapes: dict[int, BaseGeometry]  # by row, of the zones that were cut anew
    given: tuple[Given, ...]


def recut(
    shapes: GeometryArray,
    region: BaseGeometry | None,
    examination: Examination,
    rule: Callable[[Face], Ruling],
    *,
    vertices: bool,
) -> Recut:
    """Give every face that ``rule`` decides its one owner.

    Parameters
    ----------
    shapes : (n,) (Multi)Polygon
        The zones as they were examined, valid and on the grid.
    region : (Multi)Polygon, optional
        As examined; it is never changed.
    examination : Examination
        Of these zones.
    rule : callable
        Decides a face.
    vertices : bool
        Also let neighbours whose lines agree share their vertices.
    """
    ruled = [(face, ruling) for face in examination.faces if (ruling := rule(face)) is not None]
    land = Land(shapes, region)
    groups = _groups(ruled, examination, land, vertices=vertices)
    made: dict[int, BaseGeometry] = {}
    given: list[Given] = []
    for rows in groups:
        _cut(rows, ruled, land, made, given)
    return Recut(shapes=made, given=tuple(given))


def _groups(
    ruled: Sequence[tuple[Face, Ruling]], examination: Examination, land: Land, *, vertices: bool
) -> list[list[int]]:
    """Return sets of zones that have to be cut together: those that meet at one face, and so on."""
    parent = list(range(len(land.zones)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    touched: set[int] = set()

    def tie(rows: Iterable[int]) -> None:
        some = [row for row in rows if row < len(parent)]
        touched.update(some)
        for row in some[1:]:
            parent[root(row)] = root(some[0])

    if ruled:
        faces = as_array([face.shape for face, _ in ruled])
        near: list[list[int]] = [[] for _ in ruled]
        for face, zone in land.tree.query(faces, predicate="dwithin", distance=_REACH).T.tolist():
            near[face].append(zone)
        for rows in near:
            tie(rows)
    if vertices:
        for mismatch in examination.mismatches:
            tie(mismatch.zones)
        for face in examination.faces:
            if face.width_m <= 0:
                tie([*face.zones, *(zone for zone, _ in face.beside)])
    groups: dict[int, list[int]] = {}
    for row in sorted(touched):
        groups.setdefault(root(row), []).append(row)
    return list(groups.values())


def _cut(
    rows: Sequence[int],
    ruled: Sequence[tuple[Face, Ruling]],
    land: Land,
    made: dict[int, BaseGeometry],
    given: list[Given],
) -> None:
    """Cut the zones of one group and give their faces out."""
    zones = land.zones[list(rows)]
    lines = list(shapely.get_rings(shapely.get_parts(zones)))
    if land.region is not None:
        lines.append(near_boundary(land.region, shapely.box(*shapely.total_bounds(zones))))
    faces = on_grid(cut_into_faces(as_array(lines), 10.0**-DECIMALS))
    faces = faces[[face is not None for face in faces]]
    points = inner_points(faces)
    held = land.sets(points)
    area = areas_m2(faces)
    decided = _decided(points, held, ruled, land)
    own = set(rows)
    parts: dict[int, list[BaseGeometry]] = {row: [] for row in rows}
    for number, (face, holders) in enumerate(zip(faces.tolist(), held, strict=True)):
        before = tuple(zone for zone in holders if zone != land.outside)
        ruling = decided.get(number)
        if ruling is None:
            after = before
        else:
            repair, owner = ruling
            after = () if owner is None else (owner,)
            if after != before:
                given.append(Given(repair, face, float(area[number]), before, owner))
        for zone in after:
            if zone in own:
                parts[zone].append(face)
    for row, pieces in parts.items():
        made[row] = shapely.coverage_union_all(as_array(pieces)) if pieces else shapely.Polygon()


def _decided(
    points: np.typing.NDArray[np.float64],
    held: Sequence[tuple[int, ...]],
    ruled: Sequence[tuple[Face, Ruling]],
    land: Land,
) -> dict[int, tuple[str, int | None]]:
    """Return the ruling of each face that was not in exactly one zone: that of the examined face it lies in."""
    open_faces = [number for number, zones in enumerate(held) if len(zones) != 1]
    if not open_faces or not ruled:
        return {}
    tree = shapely.STRtree(as_array([face.shape for face, _ in ruled]))
    near = tree.query(shapely.points(points[open_faces]), predicate="dwithin", distance=_REACH)
    found: dict[int, tuple[str, int | None]] = {}
    for position, at in zip(*(column.tolist() for column in near), strict=True):
        number = open_faces[position]
        face, ruling = ruled[at]
        zones = tuple(zone for zone in held[number] if zone != land.outside)
        kind = Kind.GAP if not zones else Kind.OUTSIDE if land.outside in held[number] else Kind.OVERLAP
        if ruling is not None and kind is face.kind and number not in found:
            repair, owner = ruling
            if kind is Kind.OVERLAP and owner not in zones:
                continue
            found[number] = (repair, owner)
    return found

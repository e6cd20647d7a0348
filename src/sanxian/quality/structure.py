"""Structure: what :func:`sanxian.edition.validate` finds, with the places of broken rings; and what is thin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition, Problem, validate
from sanxian.model import Layer, LayerKind, Zone
from sanxian.quality.findings import Finding, Place, Severity, finding
from sanxian.quality.ground import Ground
from sanxian.quality.sizes import GeometryArray, area_bounds, as_array, measured, width_bounds

_AT: Final = re.compile(r"\[(-?[\d.eE+-]+) (-?[\d.eE+-]+)\]")


def check_structure(edition: Edition) -> Iterator[Finding]:
    """Yield the structural problems, those of one kind in one layer together."""
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in validate(edition):
        layer, _, code = problem.item.partition("/")
        known = code and any(layer == each.id for each in edition.layers)
        groups.setdefault((problem.severity, problem.code, layer if known else ""), []).append(problem)
    for (severity, code, layer), problems in groups.items():
        places = [place for p in problems for place in _places(edition, layer, p)]
        first = problems[0]
        # the words of the first problem say what the kind is; each place has its own
        yield finding(
            f"Q-{code.replace('_', '-')}",
            Severity.BLOCKING if severity == "error" else Severity.WARNING,
            layer=layer,
            items=[p.item for p in problems],
            places=places if len(places) >= len(problems) else (),
            found="quality.structure",
            example=first.item,
            said=(first.zh, first.en),
        )


def _places(edition: Edition, layer: str, problem: Problem) -> Iterator[Place]:
    """Yield where a geometry breaks."""
    if problem.code != "GEOMETRY_INVALID":
        return
    code = problem.item.partition("/")[2]
    for zone in edition.zones.get(layer, ()):
        if zone.code != code or zone.geometry.is_valid:
            continue
        reason = shapely.is_valid_reason(zone.geometry)
        spots = [shapely.Point(float(x), float(y)) for x, y in _AT.findall(reason)]
        yield Place(items=(code,), geometry=spots[0] if spots else None, zh=problem.zh, en=problem.en)


# --- thin parts, repeated vertices, accuracy ---------------------------------------------------------


def check_shapes(ground: Ground) -> Iterator[Finding]:
    """Yield what is thinner or smaller than its layer can show, vertices said twice, accuracy not stated."""
    edition = ground.edition
    for layer in edition.layers:
        yield from _slivers(layer, ground)
        yield from _repeated(layer, edition.zones.get(layer.id, ()))
    silent = [layer.id for layer in edition.layers if layer.accuracy_m <= 0 and edition.zones.get(layer.id)]
    if silent:
        yield finding("Q-ACCURACY", Severity.WARNING, items=silent, layers="、".join(silent))
    loose = [x.id for x in edition.layers if x.kind is LayerKind.CONTROL_UNIT and not x.partition]
    if loose:
        yield finding("Q-PARTITION", Severity.WARNING, items=loose, layers="、".join(loose))


class Sliver(NamedTuple):
    """A thin or tiny part or hole of a zone."""

    row: int
    shape: BaseGeometry
    hole: bool
    area_m2: float
    perimeter_m: float


def slivers_of(layer: Layer, shapes: GeometryArray) -> list[Sliver]:
    """Return the parts and holes that are thin or tiny.

    A part is thin when its mean width is less than the accuracy of its layer, so that its two sides cannot be
    told apart, and tiny below the layer's least area. The largest part of a zone is the zone and no sliver.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    is_hole = np.zeros(len(rings), bool)
    is_hole[1:] = of_part[1:] == of_part[:-1]
    holes = np.asarray(shapely.polygons(rings[is_hole]), dtype=object)
    hole_owner = owner[of_part[is_hole]]
    several = np.bincount(owner, minlength=len(shapes))[owner] > 1
    parts, owner = parts[several], owner[several]
    candidates: GeometryArray = np.concatenate((parts, holes))
    rows = np.concatenate((owner, hole_owner)).astype(int)
    hole = np.arange(len(candidates)) >= len(parts)
    if not len(candidates):
        return []
    area, perimeter = measured(candidates)
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, rows[~hole], area[~hole])
    width = 2 * area / np.maximum(perimeter, 1e-9)
    thin = (width < layer.accuracy_m) | (area < layer.min_area_m2)
    thin &= hole | (area < largest[rows])
    return [
        Sliver(int(rows[i]), candidates[i], bool(hole[i]), float(area[i]), float(perimeter[i]))
        for i in np.flatnonzero(thin).tolist()
    ]


def _slivers(layer: Layer, ground: Ground) -> Iterator[Finding]:
    zones, shapes, *_ = ground.polygons(layer.id)
    found = slivers_of(layer, shapes) if len(shapes) else []
    # the loop of a ring that crosses itself is no sliver but part of that error
    found = [one for one in found if zones[one.row].geometry.is_valid]
    if layer.partition:
        found = [one for one in found if not one.hole]  # a hole of a partition is a gap or another zone
    if not found:
        return
    places = [
        Place(
            items=(zones[row].code,),
            geometry=shape,
            area_m2=area_bounds(area, perimeter, layer.accuracy_m),
            width_m=width_bounds(2 * area / max(perimeter, 1e-9), layer.accuracy_m),
            zh="细碎孔洞" if hole else "细碎图斑",
            en="thin hole" if hole else "thin part",
        )
        for row, shape, hole, area, perimeter in found
    ]
    yield finding(
        "Q-SLIVER",
        Severity.WARNING,
        layer=layer.id,
        items=[f"{layer.id}/{code}" for place in places for code in place.items],
        places=places,
        area=f"{sum(one.area_m2 for one in found):,.1f}",
        accuracy=f"{layer.accuracy_m:g}",
        least=f"{layer.min_area_m2:g}",
    )


def _repeated(layer: Layer, zones: tuple[Zone, ...]) -> Iterator[Finding]:
    kept = [zone for zone in zones if shapely.get_dimensions(zone.geometry) >= 1]
    if not kept:
        return
    array = as_array([zone.geometry for zone in kept])
    before = shapely.get_num_coordinates(array)
    after = shapely.get_num_coordinates(shapely.remove_repeated_points(array))
    rows = np.flatnonzero(before > after).tolist()
    if rows:
        yield finding(
            "Q-VERTEX-REPEATED",
            Severity.INFO,
            layer=layer.id,
            items=[f"{layer.id}/{kept[row].code}" for row in rows],
            vertices=int((before - after).sum()),
        )

"""Shapes: what a source holds as geometry becomes lon/lat in EPSG:4490, flat, of one dimension, otherwise as it was.

Nothing is mended here but what cannot be held otherwise (an open ring), unless the profile lists the repair;
finding what is wrong is the quality gate's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from sanxian.errors import DatumShiftNeeded, InputError
from sanxian.geometry import DatumShift, Region, candidates, parse_crs
from sanxian.geometry.crs import Reference, same_meaning, to_cgcs2000, zone_code
from sanxian.ingest.log import At, Log
from sanxian.ingest.profile import LayerRule
from sanxian.ingest.sources import SourceLayer
from sanxian.model import LayerKind

DENSE_M: Final = 1000.0  # a straight edge of this length on a plane is within 15 mm of the one in lon/lat
_SAMPLE: Final = 1000  # coordinates kept to propose another CRS with
_LINES: Final = {LayerKind.RIVER, LayerKind.SHORELINE}
_ANY: Final = {LayerKind.RECEPTOR, LayerKind.OTHER}
_COLLECTION: Final = 7

Shapes = NDArray[np.object_]
Coordinates = NDArray[np.float64]


@dataclass(slots=True)
class Placing:
    """How one source layer gets its place on the map, and what was seen of it."""

    reference: Reference
    datum: DatumShift | None
    region: Region | None
    by_prefix: bool
    sample: Coordinates = field(default_factory=lambda: np.empty((0, 2)))  # as given
    bounds: NDArray[np.float64] = field(
        default_factory=lambda: np.array([np.inf, np.inf, -np.inf, -np.inf])
    )  # lon/lat
    outside: list[tuple[str, BaseGeometry]] = field(default_factory=list)  # code, place; the first ones
    count: int = 0
    count_outside: int = 0


def placing(source: SourceLayer, rule: LayerRule, region: Region | None, log: Log) -> Placing | None:
    """Return how a source layer is placed; ``None``, and an entry in the log, when nobody says its CRS.

    Raises
    ------
    InputError
        The CRS is not usable; what the profile says was checked when it was loaded.
    """
    said = At(source.label, rule.id)
    stated = _crs(source.crs, source.label) if source.crs else None
    if rule.override_crs:
        reference = _crs(rule.override_crs, source.label)
        if stated is not None and not same_meaning(stated, reference):
            log.say("CRS_OVERRIDDEN", said, stated=stated.label, used=reference.label)
    elif stated is not None and not (source.by_standard and rule.crs):
        reference = stated
    elif rule.crs:
        reference = _crs(rule.crs, source.label)
        log.say("CRS_FROM_PROFILE", said, used=reference.label)
    else:
        xy = _first_coordinates(source)
        fitting = candidates(xy, region) if len(xy) else ()
        example = f"{xy[0, 0]:.10g}, {xy[0, 1]:.10g}" if len(xy) else "-"
        hint = {
            "zh": f"数值可能是 {'、'.join(fitting[:6])}" if fitting else "没有哪个 CGCS2000 坐标系与数值相符",
            "en": f"the numbers could be {', '.join(fitting[:6])}"
            if fitting
            else "no CGCS2000 system fits the numbers",
        }
        log.say("CRS_MISSING", said, example=example, hint=hint)
        return None
    log.say("CRS_READ", said, crs=reference.label)
    datum = DatumShift.parse(rule.datum) if rule.datum else None
    return Placing(reference, datum, region, "zone_by_prefix" in rule.repair)


@lru_cache(maxsize=256)
def _known_crs(text: str) -> Reference:
    return parse_crs(text, source="")


def _crs(text: str, source: str) -> Reference:
    """Return the CRS of a text; the layers of a source share it, and reading WKT takes 40 ms."""
    try:
        return _known_crs(text)
    except InputError:
        return parse_crs(text, source=source)  # raises again, with the name of the source


def _first_coordinates(source: SourceLayer) -> Coordinates:
    for batch in source.batches():
        shapes = shapely.from_wkb(np.array(batch.wkb, dtype=object), on_invalid="ignore")
        if len(xy := shapely.get_coordinates(shapes)):
            return xy[np.isfinite(xy).all(axis=1)][:_SAMPLE]
    return np.empty((0, 2))


# --- geometries ------------------------------------------------------------------------------


def read_shapes(
    wkb: Sequence[bytes | None], items: Sequence[str], rule: LayerRule, source: str, log: Log
) -> Shapes:
    """Return the geometries of some features, flat and of the dimension the layer takes; ``None`` for those without.

    Parameters
    ----------
    wkb : sequence
        As GDAL gives it, in the CRS of the source.
    items : sequence of str
        What each feature is called in the log.
    """
    said = At(source, rule.id)
    blobs = np.empty(len(wkb), dtype=object)
    blobs[:] = list(wkb)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are named below
        shapes: Shapes = np.array(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
    for n in np.flatnonzero(shapely.is_missing(shapes)).tolist():
        if blobs[n] is None:
            log.say("GEOMETRY_MISSING", said, item=items[n])
            continue
        try:
            shapes[n] = shapely.from_wkb(blobs[n], on_invalid="fix")
        except GEOSException:
            shapes[n] = None
        log.say("GEOMETRY_UNREADABLE" if shapes[n] is None else "GEOMETRY_CLOSED", said, item=items[n])
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    if high.any():
        log.say("GEOMETRY_FLAT", said, times=int(high.sum()))
        shapes = np.array(shapely.force_2d(shapes), dtype=object)
    for n in np.flatnonzero(shapely.is_empty(shapes)).tolist():
        log.say("GEOMETRY_MISSING", said, item=items[n])
        shapes[n] = None
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    for n in np.unique(owner[~np.isfinite(xy).all(axis=1)]).tolist():
        log.say("GEOMETRY_UNREADABLE", said, item=items[n])
        shapes[n] = None
    for n in np.flatnonzero(shapely.get_type_id(shapes) == _COLLECTION).tolist():
        shapes[n] = _of_one_dimension(shapes[n], rule, items[n], source, log)
    kinds = shapely.get_dimensions(shapes)
    lowest = 0 if rule.kind in _ANY else 1 if rule.kind in _LINES else 2
    for n in np.flatnonzero((kinds >= 0) & (kinds < lowest)).tolist():
        log.say("GEOMETRY_KIND", said, item=items[n], kind=shapes[n].geom_type)
    return shapes


def _of_one_dimension(
    shape: BaseGeometry, rule: LayerRule, item: str, source: str, log: Log
) -> BaseGeometry | None:
    """Return the parts of a collection that have the dimension the layer takes, else the highest there is."""
    parts = [part for part in _flat_parts(shape) if not part.is_empty]
    if not parts:
        return None
    dimensions = [int(shapely.get_dimensions(part)) for part in parts]
    wanted = 1 if rule.kind in _LINES and 1 in dimensions else max(dimensions)
    kept = [part for part, dimension in zip(parts, dimensions, strict=True) if dimension == wanted]
    log.say(
        "GEOMETRY_SPLIT",
        source=source,
        layer=rule.id,
        item=item,
        kept=len(kept),
        dropped=len(parts) - len(kept),
    )
    collect = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[wanted]
    return kept[0] if len(kept) == 1 else _one(collect(kept))


def _flat_parts(shape: BaseGeometry) -> list[BaseGeometry]:
    parts = shapely.get_parts(shape)
    if shape.geom_type == "GeometryCollection":
        return [inner for part in parts for inner in _flat_parts(part)]
    return list(parts)


# --- places ----------------------------------------------------------------------------------


def place_shapes(
    shapes: Shapes, items: Sequence[str], placed: Placing, rule: LayerRule, source: str, log: Log
) -> Shapes:
    """Return the shapes in lon/lat EPSG:4490; ``None`` for those that cannot be placed, which are logged."""
    said = At(source, rule.id)
    rows = np.flatnonzero(~shapely.is_missing(shapes))
    result: Shapes = np.full(len(shapes), None, dtype=object)
    if not rows.size:
        return result
    given = shapes[rows]
    if placed.reference.proj.is_projected:
        given, added = _dense(given)
        if added:
            log.say("GEOMETRY_DENSE", said, times=added)
    if not len(placed.sample):
        placed.sample = shapely.get_coordinates(given)[:: max(1, len(given) // _SAMPLE)][:_SAMPLE]
    for part, reference in _by_zone(given, rows, items, placed, rule, source, log):
        _place(part, given, rows, items, reference, placed, said, result, log)
    _look(result, items, placed)
    return result


def _place(
    part: NDArray[np.intp],
    given: Shapes,
    rows: NDArray[np.intp],
    items: Sequence[str],
    reference: Reference,
    placed: Placing,
    said: At,
    result: Shapes,
    log: Log,
) -> None:
    """Place some shapes in one CRS: all at once, and one by one when one of them cannot be."""

    def convert(some: Shapes) -> Shapes:
        xy, notices = to_cgcs2000(
            shapely.get_coordinates(some),
            reference,
            region=placed.region,
            datum=placed.datum,
            source=said.source,
        )
        for notice in notices:
            if notice.code not in (
                "CRS_FAR_ZONE",
                "PLACE_NOT_IN_REGION",
            ):  # the layer as a whole is looked at
                log.notice(notice, said)
        copied = some.copy()
        shapely.set_coordinates(copied, xy)
        return copied

    try:
        result[rows[part]] = convert(given[part])
    except DatumShiftNeeded:
        log.say("CRS_DATUM", said, crs=reference.label, times=len(part))
    except InputError as whole:
        if len(part) == 1:
            log.refusal("FEATURE_NOT_PLACED", whole, said, item=items[rows[part[0]]])
            return
        for one in part:
            try:
                result[rows[one]] = convert(given[[one]])[0]
            except InputError as error:
                log.refusal("FEATURE_NOT_PLACED", error, said, item=items[rows[one]])


def _by_zone(
    given: Shapes,
    rows: NDArray[np.intp],
    items: Sequence[str],
    placed: Placing,
    rule: LayerRule,
    source: str,
    log: Log,
) -> list[tuple[NDArray[np.intp], Reference]]:
    """Return the shapes by the CRS they are read in: one, unless eastings carry prefixes of other 3-degree zones."""
    every = np.arange(len(given))
    if not placed.reference.proj.is_projected:
        return [(every, placed.reference)]
    zones = shapely.bounds(given)[:, 0] // 1e6
    own = _prefix(placed.reference)
    other = (zones != own) & (zones >= 13) & (zones <= 45)
    if not other.any():
        return [(every, placed.reference)]
    found = [(every[~other], placed.reference)] if (~other).any() else []
    for zone in np.unique(zones[other]):
        part = every[other & (zones == zone)]
        code = zone_code(int(zone))
        used = placed.by_prefix and code is not None
        log.say(
            "ZONE_BY_PREFIX" if used else "ZONE_PREFIX",
            At(source, rule.id), zone=int(zone), stated=placed.reference.label, fitting=f"EPSG:{code}",
            item=items[rows[part[0]]] if len(part) == 1 else "", times=len(part),
        )  # fmt: skip
        found.append((part, parse_crs(f"EPSG:{code}", source=source) if used else placed.reference))
    return found


def _prefix(reference: Reference) -> float:
    """Return the zone number in front of the eastings of a projected CRS, 0 without one."""
    operation = reference.proj.coordinate_operation
    values = {p.name: p.value for p in operation.params} if operation is not None else {}
    return float(values.get("False easting", 0.0)) // 1e6


def _look(result: Shapes, items: Sequence[str], placed: Placing) -> None:
    """Remember where shapes came to lie, and which of them lie outside the region."""
    boxes = shapely.bounds(result)
    there = np.flatnonzero(np.isfinite(boxes[:, 0]))
    if not there.size:
        return
    placed.count += len(there)
    placed.bounds[:2] = np.minimum(placed.bounds[:2], boxes[there, :2].min(axis=0))
    placed.bounds[2:] = np.maximum(placed.bounds[2:], boxes[there, 2:].max(axis=0))
    if placed.region is None:
        return
    inside = shapely.intersects(placed.region.outline, shapely.box(*boxes[there].T))
    placed.count_outside += int((~inside).sum())
    for n in there[~inside][: max(0, 200 - len(placed.outside))]:
        west, south, east, north = boxes[n]
        placed.outside.append((items[n], shapely.Point((west + east) / 2, (south + north) / 2)))


def _dense(shapes: Shapes) -> tuple[Shapes, int]:
    """Return shapes with points on edges longer than :data:`DENSE_M`, and how many were added.

    An edge of a plane is straight there, and would be straight in lon/lat once only its ends were converted.
    Each edge is cut from its lesser end, so that two neighbours cut a common edge at the same points.
    """
    xy = shapely.get_coordinates(shapes)
    if len(xy) < 2 or np.abs(np.diff(xy, axis=0)).max() <= DENSE_M / 2:
        return shapes, 0
    dense = shapes.copy()
    added = 0
    for n, shape in enumerate(shapes):
        if shapely.get_dimensions(shape) == 0:
            continue
        before = shapely.get_num_coordinates(shape)
        parts = shapely.get_parts(shape)
        made = [_dense_part(part) for part in parts]
        extra = sum(map(shapely.get_num_coordinates, made)) - before
        if extra:
            collect = (
                shapely.multipolygons if shapely.get_dimensions(shape) == 2 else shapely.multilinestrings
            )
            dense[n] = made[0] if len(made) == 1 else collect(made)
            added += int(extra)
    return dense, added


def _dense_part(part: BaseGeometry) -> BaseGeometry:
    if isinstance(part, shapely.Polygon):
        shell, *holes = (
            _dense_path(shapely.get_coordinates(ring)) for ring in (part.exterior, *part.interiors)
        )
        return shapely.Polygon(shell, holes)
    return shapely.LineString(_dense_path(shapely.get_coordinates(part)))


def _dense_path(xy: Coordinates) -> Coordinates:
    a, b = xy[:-1], xy[1:]
    flip = (b[:, 0] < a[:, 0]) | ((b[:, 0] == a[:, 0]) & (b[:, 1] < a[:, 1]))
    low, high = np.where(flip[:, None], b, a), np.where(flip[:, None], a, b)
    cuts = np.maximum(np.ceil(np.hypot(*(high - low).T) / DENSE_M).astype(np.int64), 1)
    edge = np.repeat(np.arange(len(cuts)), cuts)  # each piece of an edge begins with one point
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    at = np.where(flip[edge], cuts[edge] - rank, rank) / cuts[edge]
    points = low[edge] + (high[edge] - low[edge]) * at[:, None]
    points[rank == 0] = a
    return np.concatenate([points, xy[-1:]])


# --- validity --------------------------------------------------------------------------------


def check_validity(shapes: Shapes, items: Sequence[str], rule: LayerRule, source: str, log: Log) -> Shapes:
    """Return the shapes, those that cross or touch themselves named in the log, and mended when the profile says so."""
    said = At(source, rule.id)
    there = ~shapely.is_missing(shapes)
    result = shapes.copy()
    for n in np.flatnonzero(there & ~shapely.is_valid(shapes)).tolist():
        reason = shapely.is_valid_reason(shapes[n])
        place = _place_of(reason, shapes[n])
        words = reason.partition("[")[0]
        if "make_valid" not in rule.repair:
            log.say("GEOMETRY_INVALID", said, item=items[n], place=place, reason=words)
            continue
        mended = _of_one_dimension_quietly(
            shapely.make_valid(shapes[n], method="structure", keep_collapsed=False), shapes[n]
        )
        moved = _area(shapes[n]) - _area(mended)
        result[n] = mended
        log.say("GEOMETRY_REPAIRED", said, item=items[n], place=place, reason=words, moved=f"{moved:.1f}")
    return result


def _of_one_dimension_quietly(shape: BaseGeometry, like: BaseGeometry) -> BaseGeometry:
    """Return the parts of a mended shape that have the dimension it had; the shape it was when none are left."""
    wanted = shapely.get_dimensions(like)
    kept = [p for p in _flat_parts(shape) if shapely.get_dimensions(p) == wanted and not p.is_empty]
    if not kept:
        return like
    collect = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[int(wanted)]
    return kept[0] if len(kept) == 1 else _one(collect(kept))


def _one(made: Any) -> BaseGeometry:
    """Return a geometry that Shapely's types take for one or many."""
    geometry: BaseGeometry = made
    return geometry


def _area(shape: BaseGeometry) -> float:
    """Return the signed area that the rings of a shape enclose, m²; a figure for the log, by its rings."""
    from sanxian.geometry import lonlat_area

    return lonlat_area(shape) if shapely.get_dimensions(shape) == 2 else 0.0


def _place_of(reason: str, shape: BaseGeometry) -> BaseGeometry:
    """Return the place GEOS names in its reason, else the first vertex."""
    numbers = reason.rpartition("[")[2].rstrip("]").split()
    try:
        return shapely.Point(float(numbers[0]), float(numbers[1]))
    except (IndexError, ValueError):
        return shapely.Point(shapely.get_coordinates(shape)[0])

"""Statistics: how many zones of what class there are, how much land they take, and what the access list holds.

::

    made = of(edition, date(2026, 9, 1))
    made.layer("control_unit").by_class  # number, area and share of land

Areas are on the CGCS2000 ellipsoid with edges straight in longitude and latitude; where the edition states another
method (a projected CRS), the planar area in it stands beside; the part of a zone in one place counts in
proportion. What a zone shares with a county comes from the
engine that screens projects, so the parts of a partition add up to the region. Land in two zones of a layer counts
once in ``land_m2`` and twice in ``area_m2``. Nothing is rounded here; :func:`scheme_rows` rounds as a printed table does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry
from sanxian.edition import Edition, clause_in_force
from sanxian.engine import ELLIPSOID, Index, Shapes
from sanxian.model import (
    Dimension,
    Layer,
    LayerKind,
    Level,
    ReviewState,
    UnitClass,
    Zone,
    in_force,
)

PLACES: Final = ("province", "prefecture", "county")  # classes of administrative zones, from the largest down
_CLASS_ORDER: Final = tuple(UnitClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Zones of one class, in one place or everywhere."""

    zone_class: str = ""  # "" in a row for all classes
    subtype: str = ""
    place_level: str = ""  # province, prefecture, county; "" = the whole region
    place: str = ""  # GB/T 2260 code; "" with a level = land in no place of that level
    place_name: str = ""
    count: int = 0  # zones; in a place, those with more than the layer's threshold there
    area_m2: float = 0.0
    published_m2: float | None = None  # planar, by the edition's own method
    length_m: float = 0.0  # of linear zones
    share: float = 0.0  # area over the land of the place or region


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStatistics:
    """The zones of one layer that are in force."""

    layer: str
    kind: LayerKind
    title: str
    partition: bool
    total: Row
    land_m2: float  # land under any zone of the layer
    by_class: tuple[Row, ...]
    by_subtype: tuple[Row, ...]
    by_place: tuple[Row, ...]  # every class in every place, and all classes together


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseStatistics:
    """The access list."""

    in_force: int
    lapsed: int  # not in force on the day
    by_level: Mapping[tuple[Level, Dimension], int]  # in force; pairs without any are left out
    without_rule: int  # in force and read by people only
    rules: Mapping[ReviewState, int]  # of the clauses in force
    units_with_own: int  # control units named by at least one clause in force
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """统计: what an edition holds on one day."""

    id: str
    title: str
    digest: str
    region: str
    synthetic: bool
    as_of: date
    area_method: str  # of ``published_m2``; "equal_area" when the edition has none of its own
    region_m2: float
    layers: tuple[LayerStatistics, ...]
    clauses: ClauseStatistics

    def layer(self, layer_id: str) -> LayerStatistics:
        """Return the figures of a layer; KeyError when there is none."""
        for layer in self.layers:
            if layer.layer == layer_id:
                return layer
        raise KeyError(layer_id)


def of(edition: Edition, as_of: date) -> Statistics:
    """Return the statistics of what an edition has in force on a day.

    Raises
    ------
    EditionNotInForce, EditionExpired
        The edition is not in force on ``as_of``.
    EditionIncomplete
        It has no region to take shares of.
    """
    edition.in_force(as_of)
    region = geometry.lonlat_area(edition.outline)
    places = _Places.of(edition, as_of)
    planar = _Planar.of(edition.info.area_method)
    return Statistics(
        id=edition.info.id,
        title=edition.info.title,
        digest=edition.info.digest,
        region=edition.info.region,
        synthetic=edition.info.synthetic,
        as_of=as_of,
        area_method=edition.info.area_method,
        region_m2=region,
        layers=tuple(
            _layer(layer, _living(edition.zones.get(layer.id, ()), as_of), region, places, planar)
            for layer in edition.layers
        ),
        clauses=_clauses(edition, as_of),
    )


def _living(zones: Iterable[Zone], as_of: date) -> list[Zone]:
    return [zone for zone in zones if in_force(zone.valid_from, zone.valid_to, as_of)]


# --- area ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Planar:
    """The area method an edition states: the planar area in a projected CRS."""

    change: pyproj.Transformer | None

    @classmethod
    def of(cls, method: str) -> _Planar:
        if method == "equal_area":
            return cls(None)
        return cls(pyproj.Transformer.from_crs("EPSG:4490", method, always_xy=True))

    def areas(self, zones: Sequence[Zone]) -> list[float | None]:
        """Return the planar area of each zone, its edges followed as they run; ``None`` without a method."""
        if self.change is None or not zones:
            return [None] * len(zones)
        change = self.change
        shapes = np.array([_followed(zone.geometry) for zone in zones], dtype=object)
        moved = shapely.transform(shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
        return [float(area) for area in shapely.area(moved)]


def _followed(shape: BaseGeometry) -> BaseGeometry:
    """Return an areal shape with points along its edges, which are not straight in a projected plane."""
    if shapely.get_dimensions(shape) < 2:
        return shape
    return geometry.follow_lonlat(shape, geometry.area_step(shape))


@dataclass(frozen=True, slots=True)
class _Level:
    """The places of one administrative level."""

    name: str
    zones: tuple[Zone, ...]
    index: Index
    areas: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Places:
    """The administrative places of an edition, by level."""

    levels: tuple[_Level, ...]

    @classmethod
    def of(cls, edition: Edition, as_of: date) -> _Places:
        made = []
        for name in PLACES:
            zones = tuple(
                zone
                for layer in edition.layers
                if layer.kind is LayerKind.ADMIN
                for zone in _living(edition.zones.get(layer.id, ()), as_of)
                if zone.zone_class == name and shapely.get_dimensions(zone.geometry) == 2
            )
            if zones:
                shapes = [zone.geometry for zone in zones]
                index = Index.build([Shapes.of(shapes)], ELLIPSOID)
                made.append(_Level(name, zones, index, geometry.lonlat_areas(shapes)))
        return cls(tuple(made))


# --- layers ----------------------------------------------------------------------------------


def _layer(
    layer: Layer, zones: list[Zone], region: float, places: _Places, planar: _Planar
) -> LayerStatistics:
    shapes = np.array([zone.geometry for zone in zones], dtype=object)
    areas = geometry.lonlat_areas(shapes)
    sized = [
        _Sized(zone, float(area), published, geometry.measure(zone.geometry)[1] if dimension == 1 else 0.0)
        for zone, area, published, dimension in zip(
            zones, areas, planar.areas(zones), shapely.get_dimensions(shapes).tolist(), strict=True
        )
    ]
    return LayerStatistics(
        layer=layer.id,
        kind=layer.kind,
        title=layer.title,
        partition=layer.partition,
        total=_sum(sized, region),
        land_m2=_land(layer, shapes, areas),
        by_class=tuple(
            replace(_sum(group, region), zone_class=name)
            for name, group in _grouped(sized, lambda z: z.zone_class)
        ),
        by_subtype=tuple(
            replace(_sum(group, region), zone_class=name, subtype=subtype)
            for (name, subtype), group in _grouped(sized, lambda z: (z.zone_class, z.subtype))
        ),
        by_place=() if layer.kind is LayerKind.ADMIN else tuple(_by_place(layer, sized, places)),
    )


@dataclass(frozen=True, slots=True)
class _Sized:
    """A zone, or what of it lies in one place, with its measures."""

    zone: Zone
    area_m2: float
    published_m2: float | None
    length_m: float = 0.0


def _sum(sized: Sequence[_Sized], land: float) -> Row:
    area = float(np.sum([one.area_m2 for one in sized])) if sized else 0.0
    planar = [one.published_m2 for one in sized if one.published_m2 is not None]
    return Row(
        count=len(sized),
        area_m2=area,
        published_m2=float(np.sum(planar)) if planar else None,
        length_m=sum(one.length_m for one in sized),
        share=area / land if land > 0 else 0.0,
    )


def _grouped(sized: Iterable[_Sized], key: Callable[[Zone], Any]) -> list[tuple[Any, list[_Sized]]]:
    groups: dict[Any, list[_Sized]] = defaultdict(list)
    for one in sized:
        groups[key(one.zone)].append(one)
    return sorted(groups.items(), key=lambda pair: _class_rank(pair[0]))


def _class_rank(key: str | tuple[str, str]) -> tuple[int, str, str]:
    name, subtype = (key, "") if isinstance(key, str) else key
    rank = _CLASS_ORDER.index(UnitClass(name)) if name in UnitClass.__members__ else len(_CLASS_ORDER)
    return rank, name, subtype


def _land(layer: Layer, shapes: NDArray[np.object_], areas: NDArray[np.float64]) -> float:
    """Return the land under the zones of a layer, where they overlap counted once."""
    areal = shapes[shapely.get_dimensions(shapes) == 2]
    if layer.partition or len(areal) < 2:
        return float(areas.sum())
    # only zones that meet another need a union
    one, other = shapely.STRtree(areal).query(areal, predicate="intersects")
    met = np.unique(one[one != other])
    alone = np.ones(len(areal), np.bool_)
    alone[met] = False
    if not met.size:
        return float(areas.sum())
    apart = float(geometry.lonlat_areas(areal[alone]).sum())
    return apart + float(geometry.lonlat_areas([shapely.union_all(areal[met])])[0])


def _by_place(layer: Layer, sized: Sequence[_Sized], places: _Places) -> Iterator[Row]:
    """Yield the rows of every place: all classes together, then each class; last what lies in no place."""
    areal = [one for one in sized if shapely.get_dimensions(one.zone.geometry) == 2]
    if not areal:
        return
    shapes = Shapes.of([one.zone.geometry for one in areal])
    for level in places.levels:
        shares = level.index.areas(shapes)
        inside: dict[int, list[_Sized]] = defaultdict(list)
        found = np.zeros(len(areal))
        for query, place, size in zip(
            shares.query.tolist(), shares.zone.tolist(), shares.size.tolist(), strict=True
        ):
            whole = areal[query]
            part = None if whole.published_m2 is None else whole.published_m2 * size / whole.area_m2
            inside[place].append(_Sized(whole.zone, size, part))
            found[query] += size
        for place, zone in enumerate(level.zones):
            base = Row(place_level=level.name, place=zone.code, place_name=zone.name)
            yield from _place_rows(layer, inside.get(place, []), float(level.areas[place]), base)
        left = [
            _Sized(whole.zone, whole.area_m2 - seen, None)
            for whole, seen in zip(areal, found.tolist(), strict=True)
            if whole.area_m2 - seen > max(layer.min_area_m2, 1e-9 * whole.area_m2)
        ]
        if left:
            yield from _place_rows(layer, left, 0.0, Row(place_level=level.name))


def _place_rows(layer: Layer, inside: Sequence[_Sized], land: float, base: Row) -> Iterator[Row]:
    def row(group: Sequence[_Sized], name: str) -> Row:
        # a zone that reaches over a border by less than the layer can tell is not counted there
        count = sum(one.area_m2 >= layer.min_area_m2 for one in group)
        return replace(
            _sum(group, land),
            count=count,
            zone_class=name,
            place_level=base.place_level,
            place=base.place,
            place_name=base.place_name,
        )

    yield row(inside, "")
    for name, group in _grouped(inside, lambda z: z.zone_class):
        if name:
            yield row(group, name)


# --- clauses ---------------------------------------------------------------------------------


def _clauses(edition: Edition, as_of: date) -> ClauseStatistics:
    living = [clause for clause in edition.clauses if clause_in_force(clause, edition, as_of) is None]
    levels = Counter((clause.level, clause.dimension) for clause in living)
    states: Counter[ReviewState] = Counter()
    for clause in living:
        for rule in clause.rules:
            review = rule.get("review")
            stated = review.get("state") if isinstance(review, Mapping) else None
            states[ReviewState(stated) if stated in set(ReviewState) else ReviewState.DRAFT] += 1
    units = {
        zone.code
        for layer in edition.layers
        if layer.kind is LayerKind.CONTROL_UNIT
        for zone in _living(edition.zones.get(layer.id, ()), as_of)
    }
    named = {code for clause in living for code in clause.scope.units}
    ordered = [(level, dimension) for level in Level for dimension in Dimension if levels[level, dimension]]
    return ClauseStatistics(
        in_force=len(living),
        lapsed=len(edition.clauses) - len(living),
        by_level=MappingProxyType({pair: levels[pair] for pair in ordered}),
        without_rule=sum(not clause.rules for clause in living),
        rules=MappingProxyType({state: states[state] for state in ReviewState}),
        units_with_own=len(units & named),
        units=len(units),
    )


# --- the table a scheme publishes ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeRow:
    """One row of the table a scheme publishes, rounded as it is printed."""

    zone_class: str  # "" = the total
    count: int
    area_km2: float  # two decimals
    share_pct: float  # two decimals, of all units together


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeTable:
    """The table a scheme publishes, with what its rounding leaves over."""

    layer: str
    title: str
    rows: tuple[SchemeRow, ...]
    total: SchemeRow
    area_over_km2: float  # printed areas added up, less the printed total
    share_over_pct: float  # printed shares added up, less 100
    published: bool  # planar areas by the edition's own method, not on the ellipsoid


def scheme_tables(made: Statistics) -> tuple[SchemeTable, ...]:
    """Return for each layer of control units the table by class: number, area in km², share in percent.

    Areas follow the edition's own method where it has one. Figures are rounded half to even, each by itself, as
    printed tables are; what the rounded figures add up to beside the rounded total is told, never hidden in a row.
    """
    return tuple(_scheme(layer) for layer in made.layers if layer.kind is LayerKind.CONTROL_UNIT)


def _scheme(layer: LayerStatistics) -> SchemeTable:
    published = layer.total.published_m2 is not None

    def area(row: Row) -> float:
        return row.area_m2 if row.published_m2 is None else row.published_m2

    whole = area(layer.total)

    def printed(row: Row, name: str) -> SchemeRow:
        share = 100.0 * area(row) / whole if whole > 0 else 0.0
        return SchemeRow(
            zone_class=name, count=row.count, area_km2=round(area(row) / 1e6, 2), share_pct=round(share, 2)
        )

    rows = tuple(printed(row, row.zone_class) for row in layer.by_class)
    total = printed(layer.total, "")
    return SchemeTable(
        layer=layer.layer,
        title=layer.title,
        rows=rows,
        total=total,
        area_over_km2=round(sum(row.area_km2 for row in rows) - total.area_km2, 2) + 0.0,  # no negative zero
        share_over_pct=round(sum(row.share_pct for row in rows) - total.share_pct, 2) + 0.0,
        published=published,
    )

"""Nesting: units in the county their code names, red lines in priority units.

Areas come from the engine, all zones at once; a shape is built only where something sticks out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import county_of_unit
from sanxian.engine import ELLIPSOID, Index, Shapes
from sanxian.model import LayerKind, UnitClass, Zone
from sanxian.quality.codes import counties_of, current_county, plain
from sanxian.quality.coverage import without_hairs
from sanxian.quality.findings import Finding, Measure, Place, Severity, finding
from sanxian.quality.ground import Ground, Polygons
from sanxian.quality.sizes import area_bounds, areas_m2, as_array, width_bounds

RED_LINE: Final = "生态保护红线"
_NOTHING: Final = 1.0  # m²: less sticks out only by rounding


def check_nesting(ground: Ground, aliases: Mapping[str, str]) -> Iterator[Finding]:
    """Yield units outside their county, codes of another county, red lines outside priority units."""
    counties = _joined(ground, LayerKind.ADMIN, lambda zone: zone.zone_class == "county")
    red = _joined(ground, LayerKind.ECOLOGY, is_red_line)
    units = _joined(ground, LayerKind.CONTROL_UNIT, lambda _: True)
    if not units.zones or not (counties.zones or red.zones):
        return
    index = Index.build([Shapes.of(counties.shapes), Shapes.of(red.shapes)], ELLIPSOID)
    found = index.areas(Shapes.of(units.shapes))
    shared = _Shared(found.query, found.zone, found.size)
    accuracy = {layer.id: layer.accuracy_m for layer in ground.edition.layers}
    if counties.zones:
        yield from _units_in_counties(ground, units, counties, shared, accuracy, aliases)
    if red.zones:
        yield from _red_lines_in_units(units, red, shared, len(counties.zones), accuracy)


def is_red_line(zone: Zone) -> bool:
    """Whether a zone of an ecology layer is part of the red line, by its subtype, class or layer."""
    return RED_LINE in (zone.subtype, zone.zone_class) or (zone.layer == "red_line" and not zone.subtype)


class _Shared(NamedTuple):
    unit: np.typing.NDArray[np.int32]
    zone: np.typing.NDArray[np.int32]  # counties first, then red lines
    area: np.typing.NDArray[np.float64]


def _joined(ground: Ground, kind: LayerKind, wanted: Callable[[Zone], bool]) -> Polygons:
    zones: list[Zone] = []
    parts: list[list[Any]] = [[], [], []]
    for layer in ground.of_kind(kind):
        made = ground.polygons(layer.id)
        for row, zone in enumerate(made.zones):
            if wanted(zone):
                zones.append(zone)
                parts[0].append(made.shapes[row])
                parts[1].append(made.area_m2[row])
                parts[2].append(made.perimeter_m[row])
    return Polygons(tuple(zones), as_array(parts[0]), np.array(parts[1], float), np.array(parts[2], float))


# --- units in counties -------------------------------------------------------------------------------


def _units_in_counties(
    ground: Ground,
    units: Polygons,
    counties: Polygons,
    shared: _Shared,
    accuracy: Mapping[str, float],
    aliases: Mapping[str, str],
) -> Iterator[Finding]:
    codes = [zone.code for zone in counties.zones]
    row_of = {code: row for row, code in enumerate(codes)}
    known = counties_of(ground.edition)
    within = shared.zone < len(codes)
    share: list[dict[int, float]] = [{} for _ in units.zones]
    rows = zip(
        shared.unit[within].tolist(), shared.zone[within].tolist(), shared.area[within].tolist(), strict=True
    )
    for unit, county, area in rows:
        share[unit][county] = area
    elsewhere: list[Place] = []
    wrong: list[Place] = []
    unlisted: list[str] = []
    spill: dict[str, list[Place]] = {}
    for row, zone in enumerate(units.zones):
        named = county_of_unit(plain(zone.code))
        own = current_county(named, known, aliases) if named else ""
        main = max(share[row].items(), key=lambda item: (item[1], -item[0]), default=None)
        if main is None:
            continue  # outside all counties: the partition says so
        area = units.area_m2[row]
        listed = {code for code in zone.regions if code in row_of}
        if own and main[0] != row_of[own] and main[1] > area / 2:
            mine = share[row].get(row_of[own], 0.0)
            place = Place(
                items=(zone.code,),
                geometry=units.shapes[row],
                area_m2=area_bounds(float(area), float(units.perimeter_m[row]), accuracy[zone.layer]),
                zh=f"位于 {codes[main[0]]}（{main[1] / area:.1%}），编码写的是 {named}",
                en=f"lies in {codes[main[0]]} ({main[1] / area:.1%}), its code says {named}",
            )
            slack = float(units.perimeter_m[row]) * accuracy[zone.layer]
            (elsewhere if mine <= max(_NOTHING, min(slack, area / 100)) else wrong).append(place)
            continue
        if zone.regions and listed and codes[main[0]] not in listed:
            unlisted.append(f"{zone.layer}/{zone.code}")
        homes = listed | ({own} if own else set())
        if not homes:
            continue
        outside = area - sum(share[row].get(row_of[code], 0.0) for code in homes)
        if outside > _NOTHING and outside > 1e-9 * area:
            home = shapely.union_all(counties.shapes[[row_of[code] for code in sorted(homes)]])
            slack = accuracy[zone.layer] + max(accuracy[counties.zones[row_of[code]].layer] for code in homes)
            spill.setdefault(zone.layer, []).extend(
                _sticking_out(zone, units.shapes[row], home, slack, "、".join(sorted(homes)))
            )
    for severity, places in ((Severity.BLOCKING, elsewhere), (Severity.WARNING, wrong)):
        if places:
            items = [code for place in places for code in place.items]
            yield finding("Q-CODE-COUNTY", severity, items=items, places=places)
    if unlisted:
        yield finding("Q-UNIT-REGIONS", Severity.WARNING, items=unlisted)
    for layer, places in spill.items():
        yield from _two_kinds("Q-NESTING", layer, places)


def _sticking_out(zone: Zone, shape: BaseGeometry, home: BaseGeometry, slack: float, of: str) -> list[Place]:
    """Return the parts of a shape outside another; both lines may be off, by ``slack`` together."""
    rest = shapely.difference(shape, home)
    parts = as_array([part for part in shapely.get_parts(rest) if part.geom_type == "Polygon"])
    if not len(parts):
        return []
    area = areas_m2(parts)
    perimeter, width = without_hairs(parts)
    return [
        Place(
            items=(zone.code,),
            geometry=part,
            area_m2=area_bounds(a, p, slack),
            width_m=width_bounds(w, slack / 2),
            zh=f"在 {of} 之外",
            en=f"outside {of}",
        )
        for part, a, p, w in zip(
            parts.tolist(), area.tolist(), perimeter.tolist(), width.tolist(), strict=True
        )
        if a > _NOTHING and w > 0
    ]


def _two_kinds(check: str, layer: str, places: Sequence[Place]) -> Iterator[Finding]:
    """Yield what surely sticks out as a warning, and what the accuracy of the lines can explain as information."""
    for severity, sure in ((Severity.WARNING, True), (Severity.INFO, False)):
        some = [p for p in places if p.area_m2 is not None and (p.area_m2.low > 0) is sure]
        if not some:
            continue
        sizes = [p.area_m2 for p in some if p.area_m2 is not None]
        total = Measure(
            value=sum(s.value for s in sizes), low=sum(s.low for s in sizes), high=sum(s.high for s in sizes)
        )
        yield finding(
            check if sure else f"{check}-FINE",
            severity,
            layer=layer,
            items=[f"{layer}/{code}" for place in some for code in place.items],
            places=sorted(some, key=lambda p: (-(p.area_m2.value if p.area_m2 else 0.0), p.items)),
            area_m2=total,
            area=f"{total.value:,.1f}",
        )


# --- red lines in priority units ---------------------------------------------------------------------


def _red_lines_in_units(
    units: Polygons, red: Polygons, shared: _Shared, first: int, accuracy: Mapping[str, float]
) -> Iterator[Finding]:
    priority = np.array([zone.zone_class == UnitClass.PRIORITY for zone in units.zones])
    rows = (shared.zone >= first) & priority[shared.unit]
    inside = np.bincount(shared.zone[rows] - first, shared.area[rows], len(red.zones))
    outside = red.area_m2 - inside
    tree = shapely.STRtree(units.shapes[priority])
    inside_units = units.shapes[priority]
    unit_accuracy = max((accuracy[zone.layer] for zone in units.zones), default=0.0)
    places: dict[str, list[Place]] = {}
    for row in np.flatnonzero((outside > _NOTHING) & (outside > 1e-9 * red.area_m2)).tolist():
        zone = red.zones[row]
        near = np.sort(tree.query(red.shapes[row]))
        home = shapely.union_all(inside_units[near]) if len(near) else shapely.Polygon()
        slack = accuracy[zone.layer] + unit_accuracy
        share = outside[row] / red.area_m2[row]
        for place in _sticking_out(zone, red.shapes[row], home, slack, "优先保护单元"):
            places.setdefault(zone.layer, []).append(
                Place(
                    items=place.items,
                    geometry=place.geometry,
                    area_m2=place.area_m2,
                    width_m=place.width_m,
                    zh=f"该红线 {share:.2%} 在优先保护单元之外",
                    en=f"{share:.2%} of this red line lies outside priority units",
                )
            )
    for layer, some in places.items():
        yield from _two_kinds("Q-REDLINE", layer, some)

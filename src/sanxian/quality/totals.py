"""Sums: areas and counts against what has been published, with the rounding and the method of the table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import shapely

from sanxian.edition import Edition, PublishedTotal
from sanxian.model import Zone
from sanxian.quality.findings import Finding, Measure, Place, Severity, Sum, finding
from sanxian.quality.ground import Ground
from sanxian.quality.sizes import Floats, GeometryArray

AREA: Final = "published_area_m2"  # attribute of a zone: the area a published table gives it
ROUNDING: Final = "published_rounding_m2"  # attribute of a zone: half a unit of the last digit printed
RELATIVE: Final = 1e-6  # what an ellipsoid's constants and the order of vertices leave open
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was compared, and what does not agree."""

    sums: tuple[Sum, ...]
    findings: tuple[Finding, ...]


def check_totals(ground: Ground, totals: Sequence[PublishedTotal]) -> Sums:
    """Compare the data with the published totals of a draft and with the published area of each zone."""
    sums: list[Sum] = []
    findings: list[Finding] = []
    method = ground.edition.info.area_method
    for total in totals:
        if total.layer not in {layer.id for layer in ground.edition.layers}:
            findings.append(
                finding("Q-TOTAL-LAYER", Severity.WARNING, items=[total.layer], source=total.source)
            )
            continue
        sums += _compared(ground, total, method)
    for what, check in (("area_m2", "Q-TOTAL-AREA"), ("count", "Q-TOTAL-COUNT")):
        wrong = [s for s in sums if s.what == what and not s.agrees]
        findings += [_difference(check, one) for one in wrong]
    findings += _zones(ground, method)
    return Sums(sums=tuple(sums), findings=tuple(findings))


def _compared(ground: Ground, total: PublishedTotal, method: str) -> Iterator[Sum]:
    every = ground.edition.zones.get(total.layer, ())
    chosen = [zone for zone in every if _means(total, zone)]
    common: dict[str, Any] = {
        "layer": total.layer,
        "region": total.region,
        "zone_class": total.zone_class,
        "source": total.source,
    }
    if total.count is not None:
        yield Sum(what="count", published=total.count, measured=len(chosen), tolerance=0.0, **common)
    if total.area_m2 is not None:
        usable = ground.polygons(total.layer)
        rows = [row for row, zone in enumerate(usable.zones) if _means(total, zone)]
        sizes = by_method(usable.shapes[rows], method)
        measured = math.fsum((usable.area_m2[rows] if sizes is None else sizes).tolist())
        tolerance = total.rounding_m2 + RELATIVE * max(measured, total.area_m2)
        yield Sum(
            what="area_m2",
            published=total.area_m2,
            measured=measured,
            tolerance=tolerance,
            **common,
        )


def _means(total: PublishedTotal, zone: Zone) -> bool:
    in_region = not total.region or any(code.startswith(total.region) for code in zone.regions)
    return in_region and total.zone_class in ("", zone.zone_class, zone.subtype)


def _difference(check: str, one: Sum) -> Finding:
    what = " ".join(part for part in (one.region, one.zone_class) if part) or "–"
    digits = 0 if one.what == "count" else 1
    return finding(
        check,
        Severity.WARNING,
        layer=one.layer,
        items=[f"{one.layer} {what}"],
        what=what,
        published=f"{one.published:,.{digits}f}",
        measured=f"{one.measured:,.{digits}f}",
        difference=f"{one.measured - one.published:+,.{digits}f}",
        tolerance=f"{one.tolerance:,.{digits}f}",
        source=one.source or "–",
    )


# --- one zone ----------------------------------------------------------------------------------------


def _zones(ground: Ground, method: str) -> Iterator[Finding]:
    """Yield zones whose own published area is another one, and areas that are no numbers."""
    for layer in ground.edition.layers:
        usable = ground.polygons(layer.id) if _any_published(ground.edition, layer.id) else None
        if usable is None:
            continue
        rows = [row for row, zone in enumerate(usable.zones) if zone.attributes.get(AREA)]
        unreadable = [
            f"{layer.id}/{usable.zones[row].code}" for row in rows if _published(usable.zones[row]) is None
        ]
        if unreadable:
            yield finding("Q-ZONE-AREA-TEXT", Severity.WARNING, layer=layer.id, items=unreadable)
        rows = [row for row in rows if _published(usable.zones[row]) is not None]
        sizes = by_method(usable.shapes[rows], method)
        area = usable.area_m2[rows] if sizes is None else sizes
        places, explained = [], 0
        for row, measured in zip(rows, area.tolist(), strict=True):
            zone = usable.zones[row]
            published, rounding = _published(zone) or (0.0, 0.0)
            tolerance = rounding + RELATIVE * max(measured, published)
            if abs(measured - published) <= tolerance:
                continue
            other = other_method(usable.shapes[row], published, tolerance, method, float(usable.area_m2[row]))
            explained += bool(other)
            places.append(_place(zone, usable.shapes[row], measured, published, tolerance, other))
        if places:
            yield finding(
                "Q-ZONE-AREA",
                Severity.WARNING,
                layer=layer.id,
                items=[f"{layer.id}/{place.items[0]}" for place in places],
                places=places,
                explained=explained,
                method=method,
            )


def _place(zone: Zone, shape: Any, measured: float, published: float, tolerance: float, other: str) -> Place:
    zh = f"实算 {measured:,.1f} m²，公布 {published:,.1f} m²，相差 {measured - published:+,.1f} m²"
    en = f"measured {measured:,.1f} m², published {published:,.1f} m², {measured - published:+,.1f} m² apart"
    return Place(
        items=(zone.code,),
        geometry=shape,
        area_m2=Measure(value=abs(measured - published), low=max(0.0, abs(measured - published) - tolerance),
                        high=abs(measured - published) + tolerance),
        zh=f"{zh}；公布数与 {other} 面积相符" if other else zh,
        en=f"{en}; the published figure is the {other} area" if other else en,
    )  # fmt: skip


def _any_published(edition: Edition, layer: str) -> bool:
    return any(zone.attributes.get(AREA) for zone in edition.zones.get(layer, ()))


def _published(zone: Zone) -> tuple[float, float] | None:
    """Return the published area and its rounding, m²; ``None`` when it is no number.

    Without a stated rounding it is half a unit of the last digit that is not zero: 126950000 was printed as
    126.95 km², as far as anybody can tell.
    """
    text = zone.attributes.get(AREA, "").replace(",", "").strip()
    if not _NUMBER.fullmatch(text):
        return None
    stated = zone.attributes.get(ROUNDING, "").strip()
    if _NUMBER.fullmatch(stated):
        return float(text), float(stated)
    whole, _, decimals = text.partition(".")
    if decimals:
        return float(text), 0.5 * 10.0 ** -len(decimals)
    zeros = len(whole) - len(whole.rstrip("0")) if whole.rstrip("0") else 0
    return float(text), 0.5 * 10.0**zeros


# --- methods -----------------------------------------------------------------------------------------


def by_method(shapes: GeometryArray, method: str) -> Floats | None:
    """Return planar areas in the projection that ``EditionInfo.area_method`` names; ``None`` for the ellipsoid.

    Planar as published tables have it: vertices are projected and joined by straight lines in the plane.
    """
    code = re.fullmatch(r"EPSG:(\d+)", method)
    if code is None or not len(shapes):
        return None
    projected: GeometryArray = shapely.transform(shapes, lambda xy: _to_plane(int(code[1]), xy))
    return np.asarray(shapely.area(projected))


@lru_cache(maxsize=8)
def _transformer(code: int) -> Any:
    import pyproj

    return pyproj.Transformer.from_crs(4490, code, always_xy=True)


def _to_plane(code: int, xy: Floats) -> Floats:
    return np.column_stack(_transformer(code).transform(xy[:, 0], xy[:, 1]))


def other_method(shape: Any, published: float, tolerance: float, method: str, ellipsoid_m2: float) -> str:
    """Return the method by which a published figure would be right, ``""`` when none is known."""
    if method.startswith("EPSG") and abs(ellipsoid_m2 - published) <= tolerance:
        return "CGCS2000 ellipsoid"
    middle = (shape.bounds[0] + shape.bounds[2]) / 2
    zone = round(middle / 3)
    for code in (4534 + zone - 25, 4534 + zone - 26, 4534 + zone - 24):  # central meridians 75°E … 135°E
        if not 4534 <= code <= 4554 or f"EPSG:{code}" == method:
            continue
        array = np.empty(1, dtype=object)
        array[0] = shape
        planar = by_method(array, f"EPSG:{code}")
        if planar is not None and abs(float(planar[0]) - published) <= tolerance:
            return f"EPSG:{code}"
    return ""

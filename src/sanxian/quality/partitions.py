"""Partitions: every layer that says it fills its region, face by face, with the balance of its areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.model import CoverageStatus, Layer, LayerKind, Zone, in_force
from sanxian.quality.coverage import Examination, Face, Kind, Mismatch, examine, metres
from sanxian.quality.findings import Balance, Finding, Measure, Place, Severity, finding
from sanxian.quality.ground import Ground, on_grid
from sanxian.quality.sizes import GeometryArray, area_bounds, as_array, width_bounds

BALANCE: Final = 1e-9  # of the region: beyond it the examination itself is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One coverage to examine: zones of a layer, on one day, and what they are to fill."""

    layer: Layer
    zones: tuple[Zone, ...]
    shapes: GeometryArray  # valid polygons on the grid of the edition
    region: BaseGeometry | None


def partitions(ground: Ground, day: date) -> list[Partition]:
    """Return the coverages of an edition as they stand on a day.

    The classes of an administrative layer (province, county …) are partitions each by themselves.
    """
    made = []
    for layer in ground.edition.layers:
        if not layer.partition:
            continue
        usable = ground.polygons(layer.id)
        now = [i for i, z in enumerate(usable.zones) if in_force(z.valid_from, z.valid_to, day)]
        admin = layer.kind is LayerKind.ADMIN
        for group in dict.fromkeys(usable.zones[i].zone_class if admin else "" for i in now):
            own = [i for i in now if not admin or usable.zones[i].zone_class == group]
            made.append(
                Partition(
                    layer=layer,
                    zones=tuple(usable.zones[i] for i in own),
                    shapes=usable.shapes[own],
                    region=None if group == "province" else region_of(ground, layer),
                )
            )
    return made


def region_of(ground: Ground, layer: Layer) -> BaseGeometry | None:
    """Return what a partition is to fill, by the coverage table; ``None`` when it claims nothing known."""
    edition = ground.edition
    rows = {row.region: row.status for row in edition.coverage if row.layer == layer.id}
    places = {
        zone.code: zone
        for other in edition.layers
        if other.kind is LayerKind.ADMIN
        for zone in edition.zones.get(other.id, ())
        if zone.zone_class in ("province", "county")
    }
    if not places:
        return None
    whole = edition.info.region
    statuses = set(rows.values())
    if statuses == {CoverageStatus.COMPLETE} and any(whole.startswith(region) for region in rows):
        outline: BaseGeometry | None = on_grid([edition.outline])[0]
        return outline
    counties = [
        zone.geometry
        for code, zone in places.items()
        if zone.zone_class == "county" and _status(rows, code) is CoverageStatus.COMPLETE
    ]
    joined: BaseGeometry | None = on_grid([shapely.union_all(on_grid(counties))])[0] if counties else None
    return joined


def _status(rows: dict[str, CoverageStatus], code: str) -> CoverageStatus | None:
    """Return what the longest matching row of the coverage table says of a place."""
    matching = [region for region in rows if code.startswith(region)]
    return rows[max(matching, key=len)] if matching else None


# --- findings ----------------------------------------------------------------------------------------


def check_partition(part: Partition, tolerance_m: float) -> tuple[list[Finding], Balance]:
    """Examine one partition and return what is wrong with it and the balance of its areas."""
    found = examine(part.shapes, part.region)
    layer = part.layer
    balance = Balance(
        layer=layer.id,
        zones=len(part.zones),
        zones_m2=float(found.zones_m2.sum()),
        overlaps_m2=found.total(Kind.OVERLAP),
        outside_m2=found.total(Kind.OUTSIDE),
        gaps_m2=found.total(Kind.GAP),
        region_m2=found.region_m2,
        edges=found.edges,
        unmatched=found.unmatched,
    )
    findings = []
    real = [face for face in found.faces if face.width_m > 0]
    thin = [face for face in real if face.width_m <= tolerance_m]
    wide = [face for face in real if face.width_m > tolerance_m]
    for kind, check in ((Kind.GAP, "Q-GAP"), (Kind.OVERLAP, "Q-OVERLAP"), (Kind.OUTSIDE, "Q-OUTSIDE")):
        faces = [face for face in wide if face.kind is kind]
        if faces:
            sure = any(width_bounds(f.width_m, layer.accuracy_m).low > 0 for f in faces)
            blocks = kind is not Kind.OUTSIDE or sure
            findings.append(
                _faces_finding(
                    check, Severity.BLOCKING if blocks else Severity.WARNING, part, faces, tolerance_m
                )
            )
    if thin:
        findings.append(_faces_finding("Q-EDGE", Severity.WARNING, part, thin, tolerance_m))
    hairs = _alone([face for face in found.faces if face.width_m <= 0], real)
    if found.mismatches or hairs:
        findings.append(_vertices(part, found, hairs))
    if balance.residue > BALANCE:
        findings.append(
            finding(
                "Q-BALANCE",
                Severity.BLOCKING,
                layer=layer.id,
                items=[layer.id],
                residue=f"{balance.residue:.1e}",
            )
        )
    if part.region is None and layer.kind is not LayerKind.ADMIN:
        findings.append(finding("Q-COVER-UNKNOWN", Severity.INFO, layer=layer.id, items=[layer.id]))
    return findings, balance


def _alone(hairs: Sequence[Face], real: Sequence[Face]) -> list[Face]:
    """Return the hairs that do not hang on something real, which says all there is to say."""
    if not hairs or not real:
        return list(hairs)
    tree = shapely.STRtree(as_array([face.shape for face in real]))
    near = tree.query(as_array([h.shape for h in hairs]), predicate="dwithin", distance=1e-8)[0]
    hanging = set(near.tolist())
    return [hair for row, hair in enumerate(hairs) if row not in hanging]


def _faces_finding(
    check: str, severity: Severity, part: Partition, faces: Sequence[Face], tolerance_m: float
) -> Finding:
    accuracy = part.layer.accuracy_m
    places = [_place(part, face) for face in faces]
    total = Measure(
        value=sum(p.area_m2.value for p in places if p.area_m2),
        low=sum(p.area_m2.low for p in places if p.area_m2),
        high=sum(p.area_m2.high for p in places if p.area_m2),
    )
    within = sum(1 for p in places if p.width_m is not None and p.width_m.low <= 0)
    return finding(
        check,
        severity,
        layer=part.layer.id,
        items=[f"{part.layer.id}/{code}" for place in places for code in place.items],
        places=places,
        area_m2=total,
        area=f"{total.value:,.1f}",
        widest=f"{max(f.width_m for f in faces):,.3f}",
        within=within,
        accuracy=f"{accuracy:g}",
        tolerance=f"{tolerance_m:g}",
    )


def _place(part: Partition, face: Face) -> Place:
    zones = face.zones or tuple(zone for zone, _ in face.beside)
    names = tuple(part.zones[zone].code for zone in zones)
    accuracy = part.layer.accuracy_m
    return Place(
        items=names,
        geometry=face.shape,
        area_m2=area_bounds(face.area_m2, face.perimeter_m, accuracy),
        width_m=width_bounds(face.width_m, accuracy),
        zh=_KINDS[face.kind][0],
        en=_KINDS[face.kind][1],
    )


_KINDS: Final = {
    Kind.GAP: ("缝隙", "gap"),
    Kind.OVERLAP: ("重叠", "overlap"),
    Kind.OUTSIDE: ("区域外", "outside"),
}


def _vertices(part: Partition, found: Examination, hairs: Sequence[Face]) -> Finding:
    """Return where lines agree and vertices do not, one place for each pair of zones."""
    pairs: dict[tuple[int, ...], list[Mismatch]] = {}
    for mismatch in found.mismatches:
        pairs.setdefault(tuple(sorted(mismatch.zones)), []).append(mismatch)
    places = []
    for zones, some in sorted(pairs.items()):
        lines = as_array([m.line for m in some])
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
        places.append(
            Place(
                items=tuple(part.zones[z].code for z in zones if z < len(part.zones)),
                geometry=shapely.line_merge(shapely.union_all(lines)) if len(lines) > 1 else lines[0],
                length_m=float(metres(ends[:, 0], ends[:, 1]).sum()),
                zh="节点不一致",
                en="vertices differ",
            )
        )
    places += [_place(part, face) for face in hairs]
    return finding(
        "Q-VERTEX",
        Severity.INFO,
        layer=part.layer.id,
        items=[f"{part.layer.id}/{code}" for place in places for code in place.items],
        places=places,
    )

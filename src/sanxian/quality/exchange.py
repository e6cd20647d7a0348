"""A report as files: JSON, places for a GIS, moves as a table. Numbers are not rounded here but for a reader's sake."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from sanxian.model import SYNTHETIC
from sanxian.quality.findings import Finding, Measure, Place, QualityReport
from sanxian.quality.sizes import as_array

if TYPE_CHECKING:
    from sanxian.quality.repairs import Move

FORMAT: Final = "sanxian-quality/1"
_FIELDS: Final = (
    "check", "severity", "layer", "items", "zh", "en", "advice_zh", "advice_en", "notice",
    "area_m2", "area_low_m2", "area_high_m2", "width_m", "width_low_m", "width_high_m", "length_m",
)  # fmt: skip


def to_json(report: QualityReport) -> bytes:
    """Return the report as JSON; the same report gives the same bytes."""
    info = report.info
    document: dict[str, Any] = {"notice": SYNTHETIC} if info.synthetic else {}
    document |= {
        "format": FORMAT,
        "edition": {
            "id": info.id,
            "title": info.title,
            "region": info.region,
            "digest": "" if report.draft else info.digest,
            "synthetic": info.synthetic,
            "area_method": info.area_method,
        },
        "draft": report.draft,
        "as_of": report.as_of.isoformat(),
        "tolerance_m": report.tolerance_m,
        "blocking": len(report.blocking),
        "looked_at": dict(report.ran),
        "findings": [_finding(found) for found in report.findings],
        "balances": [{**asdict(b), "residue": b.residue} for b in report.balances],
        "sums": [{**asdict(s), "agrees": s.agrees} for s in report.sums],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "check": found.check,
        "severity": str(found.severity),
        "layer": found.layer,
        "count": found.count,
        "items": list(found.items),
        "zh": found.zh,
        "en": found.en,
        "advice_zh": found.advice_zh,
        "advice_en": found.advice_en,
        "area_m2": _measure(found.area_m2),
        "places": [_place(place) for place in found.places],
    }


def _measure(measure: Measure | None) -> dict[str, float] | None:
    return None if measure is None else asdict(measure)


def _place(place: Place) -> dict[str, Any]:
    return {
        "items": list(place.items),
        "area_m2": _measure(place.area_m2),
        "width_m": _measure(place.width_m),
        "length_m": place.length_m,
        "zh": place.zh,
        "en": place.en,
        "bounds": None if place.geometry is None else [round(x, 9) for x in place.geometry.bounds],
    }


# --- places ------------------------------------------------------------------------------------------


def _rows(report: QualityReport) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the row and the geometry of each place that has one."""
    for found in report.findings:
        for place in found.places:
            if place.geometry is None or place.geometry.is_empty:
                continue
            area, width = place.area_m2, place.width_m
            yield (
                (
                    found.check,
                    str(found.severity),
                    found.layer,
                    "、".join(place.items),
                    place.zh or found.zh,
                    place.en or found.en,
                    found.advice_zh,
                    found.advice_en,
                    SYNTHETIC if report.info.synthetic else "",
                    *(None if area is None else value for value in _three(area)),
                    *(None if width is None else value for value in _three(width)),
                    place.length_m,
                ),
                place.geometry,
            )


def _three(measure: Measure | None) -> tuple[float, float, float]:
    return (0.0, 0.0, 0.0) if measure is None else (measure.value, measure.low, measure.high)


def places_geojson(report: QualityReport) -> bytes:
    """Return the places as GeoJSON, lon/lat CGCS2000."""
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(_FIELDS, row, strict=True)),
            "geometry": shapely.geometry.mapping(geometry),
        }
        for row, geometry in _rows(report)
    ]
    return (
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False) + "\n"
    ).encode()


def places_geopackage(report: QualityReport) -> bytes:
    """Return the places as a GeoPackage with one layer, ``quality``, in EPSG:4490."""
    import pyogrio
    from pyogrio import raw

    rows = list(_rows(report))
    texts = _FIELDS.index("area_m2")
    columns = [
        np.array([row[i] for row, _ in rows], dtype=object if i < texts else float)
        for i in range(len(_FIELDS))
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "quality.gpkg"
        pyogrio.set_gdal_config_options(
            {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}
        )  # same places, same bytes
        try:
            raw.write(
                str(path),
                shapely.to_wkb(as_array([geometry for _, geometry in rows])),
                columns,
                np.array(_FIELDS, dtype=object),
                field_mask=[
                    np.array([value is None or value != value for value in column], dtype=bool)  # noqa: PLR0124 - NaN
                    for column in columns
                ],
                layer="quality",
                driver="GPKG",
                geometry_type="Unknown",
                crs="EPSG:4490",
                layer_options={
                    "FID": "fid",
                    "GEOMETRY_NAME": "geom",
                    "DESCRIPTION": "质检位置 / places of the check",
                },
            )
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        return path.read_bytes()


# --- moves -------------------------------------------------------------------------------------------


def moves_csv(moves: Sequence[Move], *, synthetic: bool) -> bytes:
    """Return what the repairs moved as CSV for Excel."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(
        ["repair", "layer", "from_zone", "to_zone", "area_m2", "from_loses_m2", "to_gains_m2", "notice"]
    )
    notice = SYNTHETIC if synthetic else ""
    for move in moves:
        sizes = (f"{x:.6f}" for x in (move.area_m2, move.loses_m2, move.gains_m2))
        writer.writerow([move.repair, move.layer, _cell(move.from_zone), _cell(move.to_zone), *sizes, notice])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value

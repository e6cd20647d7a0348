"""Data as provinces hand them out, clean and dirty, written for tests by GDAL and by hand.

The counties and units are those of ``sample_edition``: a rectangle from (100.0, 36.0) to (100.4, 36.2).
"""

from __future__ import annotations

import sqlite3
import struct
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyogrio import raw
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from sample_edition import sample_edition
from sanxian.model import Zone

PROFILE = """
extends = "national"
[edition]
id = "示例市/2026"
title = "示例市成果"
region = "63"
valid_from = 2026-01-01
synthetic = true
"""


def zones(layer: str) -> tuple[Zone, ...]:
    return sample_edition().zones[layer]


def write_layer(
    path: Path,
    shapes: Sequence[BaseGeometry | None] | Sequence[bytes | None],
    columns: Mapping[str, Iterable[Any]],
    *,
    driver: str,
    layer: str | None = None,
    crs: str | None = "EPSG:4490",
    geometry_type: str = "Unknown",
    encoding: str | None = None,
    **options: str,
) -> Path:
    """Write a layer; geometries as they are, or as WKB when Shapely cannot hold them."""
    given = np.empty(len(shapes), dtype=object)
    given[:] = [
        s if s is None or isinstance(s, bytes) else shapely.to_wkb(s, include_srid=False) for s in shapes
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL says what it makes of dirty data; that is the point
        raw.write(
            str(path),
            given,
            [np.array(list(column), dtype=object) for column in columns.values()],
            np.array(list(columns), dtype=object),
            layer=layer or path.stem,
            driver=driver,
            geometry_type=geometry_type,
            crs=crs,
            encoding=encoding,
            append=path.exists(),
            layer_options=options,
        )
    return path


def shapefile(
    path: Path, shapes: Sequence[BaseGeometry], columns: Mapping[str, Iterable[Any]], **rest: Any
) -> Path:
    """Write a shapefile of polygons."""
    return write_layer(path, shapes, columns, driver="ESRI Shapefile", geometry_type="Polygon", **rest)


def geopackage(
    path: Path, layer: str, shapes: Sequence[Any], columns: Mapping[str, Iterable[Any]], **rest: Any
) -> Path:
    """Write one layer of a GeoPackage."""
    return write_layer(path, shapes, columns, driver="GPKG", layer=layer, **rest)


def counties(folder: Path, **rest: Any) -> Path:
    """Write the county layer."""
    every = zones("county")
    columns = {"XZQDM": [z.code for z in every], "XZQMC": [z.name for z in every]}
    return geopackage(folder / "县界.gpkg", "县界", [z.geometry for z in every], columns, **rest)


def units(
    path: Path, columns: Mapping[str, Iterable[Any]] | None = None, shapes: Any = None, **rest: Any
) -> Path:
    """Write the layer of control units, with the fields of the national convention unless others are given."""
    every = zones("control_unit")
    national = {
        "HJGKDYBM": [z.code for z in every],
        "HJGKDYMC": [z.name for z in every],
        "ZHGKDYFL": ["123"[["PRIORITY", "KEY", "GENERAL"].index(z.zone_class)] for z in every],
    }
    given = [z.geometry for z in every] if shapes is None else shapes
    return geopackage(path, "环境管控单元", given, columns or national, **rest)


def projected(shape: BaseGeometry, code: int, *, step: float = 0.002) -> BaseGeometry:
    """Return a lon/lat shape in a projected CRS; its edges stay what they are to a millimetre, ``step`` degrees each."""
    shape = shapely.segmentize(shape, step)
    to = Transformer.from_crs(4490, code, always_xy=True).transform
    made: BaseGeometry = shapely.transform(shape, lambda xy: np.column_stack(to(xy[:, 0], xy[:, 1])))
    return made


def curved_wkb(x: float, y: float, radius: float) -> bytes:
    """Return a circle as a CurvePolygon of two arcs, which Shapely does not write."""
    points = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius), (x - radius, y)]
    arcs = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in points)
    return struct.pack("<BII", 1, 10, 1) + arcs


def put_wkb(path: Path, table: str, wkb: bytes, values: Mapping[str, Any]) -> None:
    """Add a feature with this WKB to a GeoPackage, behind GDAL's back, its counts and indexes untouched."""
    with sqlite3.connect(path) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        (column,) = db.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
        ).fetchone()
        blob = b"GP\0\1" + struct.pack("<i", 4490) + wkb
        names = ", ".join(f'"{name}"' for name in (column, *values))
        marks = ", ".join("?" * (1 + len(values)))
        db.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', (blob, *values.values()))
    db.close()


def polygon_wkb(*rings: Sequence[tuple[float, float]]) -> bytes:
    """Return a polygon as it is, also one whose rings are not closed."""
    body = b"".join(
        struct.pack("<I", len(ring)) + b"".join(struct.pack("<dd", *point) for point in ring)
        for ring in rings
    )
    return struct.pack("<BII", 1, 3, len(rings)) + body


def star(vertices: int, x: float, y: float, radius: float) -> shapely.Polygon:
    """Return a valid ring with many vertices."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    r = radius * (1 + 0.2 * np.sin(41 * angle))
    return shapely.Polygon(np.column_stack([x + r * np.cos(angle), y + r * np.sin(angle)]))


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], merged: Sequence[str] = ()) -> Path:
    """Write a workbook; ``merged`` are ranges of the first sheet."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    book.save(path)
    return path

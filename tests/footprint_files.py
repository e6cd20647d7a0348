"""Writers of footprint files as people make them, for the tests of the readers.

Each writer takes a true shape in lon/lat and leaves a file; nothing here uses the code under test.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

GEOD = pyproj.Geod(a=6378137, rf=298.257222101)


def random_polygon(
    rng: np.random.Generator, *, hole: bool = False, lon: float = 0, lat: float = 0
) -> shapely.Polygon:
    """A star-shaped plot of 100 m to 3 km somewhere in China (or at lon, lat)."""
    lon = lon or float(rng.uniform(75, 133))
    lat = lat or float(rng.uniform(19, 52))
    radius = 10 ** rng.uniform(2, 3.5) / 111_000
    count = int(rng.integers(5, 40))
    angles = (np.arange(count) + rng.uniform(0, 0.9, count)) * 2 * math.pi / count
    lengths = radius * rng.uniform(0.5, 1, count)
    shell = np.column_stack(
        [lon + lengths * np.cos(angles) / math.cos(math.radians(lat)), lat + lengths * np.sin(angles)]
    )
    holes = []
    if hole:
        holes = [np.array([lon, lat]) + (shell - [lon, lat])[::-1] * 0.3]
    return shapely.Polygon(shell, holes)


def true_area(geometry: BaseGeometry) -> float:
    """Geodesic area of ``geometry`` with edges straight in lon/lat, by pyproj on a fine trace."""
    total = 0.0
    for polygon in shapely.get_parts(shapely.segmentize(geometry, 0.0003)):
        rings = [
            abs(GEOD.polygon_area_perimeter(*np.array(r.coords).T)[0])
            for r in (polygon.exterior, *polygon.interiors)
        ]
        total += rings[0] - sum(rings[1:])
    return total


def project(geometry: BaseGeometry, code: int) -> BaseGeometry:
    """``geometry`` in EPSG:code, easting first."""
    to = pyproj.Transformer.from_crs(4490, code, always_xy=True)
    return shapely.transform(geometry, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1])))


def zone_of(lon: float) -> int:
    """Number of the 3-degree zone of a longitude."""
    return round(lon / 3)


def gdal_layer(
    path: Path, geometries: Sequence[BaseGeometry], *, layer: str | None, crs: str | None, encoding: str | None = None,
    fields: dict[str, list[Any]] | None = None, append: bool = False, driver: str | None = None,
) -> None:  # fmt: skip
    """Write one layer with GDAL."""
    fields = fields or {"name": [f"要素{n}" for n in range(len(geometries))]}
    kinds = {g.geom_type for g in geometries}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")  # meant
        warnings.filterwarnings("ignore", "Could not decode error message")  # a field name cut by GDAL
        warnings.filterwarnings("ignore", "Normalized/laundered field name")
        pyogrio.raw.write(
            path,
            np.array(shapely.to_wkb(list(geometries)), dtype=object),
            [np.array(values, dtype=object) for values in fields.values()],
            list(fields),
            layer=layer,
            geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
            crs=crs,
            encoding=encoding,
            append=append,
            driver=driver,
        )


def zipped(folder: Path, target: Path, *, gbk_names: bool = False, prefix: str = "") -> Path:
    """Zip all files of ``folder``; ``gbk_names`` stores names as Chinese Windows archivers do."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zf:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = prefix + str(file.relative_to(folder))
            if gbk_names:
                info = zipfile.ZipInfo(name.encode("gbk").decode("cp437"))
                info.compress_type = zipfile.ZIP_DEFLATED
                data = file.read_bytes()
                zf.writestr(info, data)
            else:
                zf.write(file, name)
    if gbk_names:  # zipfile sets the UTF-8 flag and encodes; undo both, as the archivers in question do
        _store_names_as_cp437(target)
    return target


def _store_names_as_cp437(path: Path) -> None:
    source = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(source) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]

    class Raw(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  # zipfile's own hook
            return self.filename.encode("cp437"), self.flag_bits & ~0x800

    with zipfile.ZipFile(path, "w") as zf:
        for name, data in members:
            zf.writestr(Raw(name), data)


def kml(
    placemarks: Sequence[tuple[str, BaseGeometry]], *, folder: str = "", z: str = ",0", declaration: str = ""
) -> str:
    """KML text."""

    def ring(coords: Any) -> str:
        return " ".join(f"{x!r},{y!r}{z}" for x, y in np.array(coords).tolist())

    def geometry(g: BaseGeometry) -> str:
        if g.geom_type.startswith("Multi"):
            return f"<MultiGeometry>{''.join(geometry(p) for p in g.geoms)}</MultiGeometry>"
        if g.geom_type == "Polygon":
            inner = "".join(
                f"<innerBoundaryIs><LinearRing><coordinates>{ring(r.coords)}</coordinates></LinearRing></innerBoundaryIs>"
                for r in g.interiors
            )
            return (
                f"<Polygon><outerBoundaryIs><LinearRing><coordinates>\n{ring(g.exterior.coords)}\n</coordinates>"
                f"</LinearRing></outerBoundaryIs>{inner}</Polygon>"
            )
        return f"<{g.geom_type}><coordinates>{ring(g.coords)}</coordinates></{g.geom_type}>"

    body = "".join(f"<Placemark><name>{name}</name>{geometry(g)}</Placemark>" for name, g in placemarks)
    body = f"<Folder><name>{folder}</name>{body}</Folder>" if folder else body
    head = declaration or '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'


def corner_rows(
    polygon: BaseGeometry, code: int, *, decimals: int = 4
) -> list[tuple[int, str, float, float]]:
    """Ring number, label, northing, easting of each corner, rings closed."""
    rows = []
    projected = project(polygon, code)
    number = 0
    for part in shapely.get_parts(projected):
        for ring in (part.exterior, *part.interiors):
            number += 1
            for n, (e, north) in enumerate(ring.coords[:-1], 1):
                rows.append((number, f"J{n}", round(north, decimals), round(e, decimals)))
            e, north = ring.coords[0]
            rows.append((number, "J1", round(north, decimals), round(e, decimals)))
    return rows


def xlsx(
    path: Path, rows: Sequence[Sequence[Any]], *, merges: Sequence[str] = (), title: str = "Sheet1"
) -> Path:
    """A workbook of one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for merge in merges:
        sheet.merge_cells(merge)
    book.save(path)
    return path


def dms(degrees: float, style: str) -> str:
    """Degrees as degrees, minutes, seconds."""
    total = round(degrees * 3600, 6)
    d, rest = divmod(total, 3600)
    m, s = divmod(rest, 60)
    return style.format(d=int(d), m=int(m), s=f"{s:.6f}")

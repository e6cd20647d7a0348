"""The registry, or a part of it, as a file: Excel, CSV, GeoPackage, GeoJSON, JSON lines.

Rows pass through one page at a time. GeoPackage and GeoJSON carry the places; in the others a project without a usable
place looks like any other.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.engine import Connection

from sanxian import output
from sanxian.batch import inert
from sanxian.errors import NotInstalled
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Outcome
from sanxian.registry import audit, editions, search
from sanxian.registry.projects import Registered, Scope
from sanxian.registry.search import Filter
from sanxian.registry.store import Registry, canonical
from sanxian.registry.tables import project_part, project_version

FORMATS: Final = {
    ".xlsx": "xlsx", ".csv": "csv", ".gpkg": "gpkg", ".geojson": "geojson", ".json": "geojson", ".jsonl": "jsonl"
}  # fmt: skip
COLUMNS: Final = (
    "id", "code", "name", "proponent", "nature", "industry", "eia_class", "authority", "authority_level", "region",
    "accepted_on", "decided_on", "status", "version", "analysis", "verdict", "screening", "source",
)  # fmt: skip
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A project as it is exported."""

    project: Registered
    document: str = ""  # canonical JSON, where it is asked for
    parts: tuple[BaseGeometry, ...] = ()  # EPSG:4490, where they are asked for

    @property
    def values(self) -> dict[str, Any]:
        """The columns, plain."""
        made = {name: getattr(self.project, name) for name in COLUMNS}
        made["verdict"] = "" if self.project.verdict is None else Outcome(self.project.verdict).name
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in made.items()}


@dataclass(slots=True)
class _Seen:
    """What passed by."""

    rows: int = 0
    synthetic: bool = False
    lang: str = "zh-CN"
    at: datetime = field(default_factory=lambda: datetime.min)  # noqa: DTZ901 - always given


def export(
    registry: Registry,
    scope: Scope,
    wanted: Filter,
    path: Path,
    style: str,
    *,
    at: datetime,
    by: str,
    lang: str = "zh-CN",
) -> tuple[int, str]:
    """Write the projects a filter lets through; return how many, and the SHA-256 that the audit log keeps.

    Parameters
    ----------
    style : str
        ``xlsx``, ``csv``, ``gpkg``, ``geojson`` or ``jsonl``.

    Raises
    ------
    OutputFailed
        The file cannot be written.
    NotInstalled
        Excel, and openpyxl is not there.
    """
    with registry.read() as connection:
        synthetic = any(one.synthetic for one in editions.listed(connection, withdrawn=True))
        seen = _Seen(synthetic=synthetic, lang=lang, at=at)
        rows = _rows(connection, scope, wanted, style, seen)
        with output.replacing(path) as beside:
            _WRITERS[style](beside, rows, seen)
            content = hashlib.sha256()
            with beside.open("rb") as file:
                while block := file.read(2**20):
                    content.update(block)
    digest = f"sha256:{content.hexdigest()}"
    with registry.begin() as connection:
        detail = {"sha256": digest, "format": style, "projects": seen.rows}
        audit.append(
            connection,
            at=at,
            actor=by,
            action="registry.export",
            subject=f"export:{path.name}"[:200],
            detail=detail,
        )
    return seen.rows, digest


def _rows(connection: Connection, scope: Scope, wanted: Filter, style: str, seen: _Seen) -> Iterator[Row]:
    after = None
    while True:
        page = search.find(connection, scope, wanted, after=after, limit=_PAGE)
        numbers = [one.id for one in page.rows]
        documents = _documents(connection, page.rows) if style == "jsonl" else {}
        parts = _parts(connection, numbers) if style in ("gpkg", "geojson") else {}
        for one in page.rows:
            seen.rows += 1
            yield Row(project=one, document=documents.get(one.id, ""), parts=tuple(parts.get(one.id, ())))
        after = page.next
        if after is None:
            return


def _documents(connection: Connection, rows: Sequence[Registered]) -> dict[int, str]:
    versions = {one.id: one.version for one in rows}
    if not versions:
        return {}
    found = connection.execute(
        sa.select(project_version.c.project, project_version.c.version, project_version.c.document).where(
            project_version.c.project.in_(versions)
        )
    )
    return {int(i): document for i, version, document in found if versions[i] == version}


def _parts(connection: Connection, numbers: Sequence[int]) -> dict[int, list[BaseGeometry]]:
    found: dict[int, list[BaseGeometry]] = {}
    if numbers:
        held = connection.execute(
            sa.select(project_part.c.project, project_part.c.geometry)
            .where(project_part.c.project.in_(numbers))
            .order_by(project_part.c.project, project_part.c.number)
        )
        for number, blob in held:
            found.setdefault(int(number), []).append(shapely.from_wkb(blob))
    return found


# --- formats -----------------------------------------------------------------------------------------


def _csv(path: Path, rows: Iterator[Row], seen: _Seen) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        write = csv.writer(file)
        write.writerow([*COLUMNS, "west", "south", "east", "north", "synthetic"])
        for row in rows:
            one = row.project
            values = [*row.values.values(), one.west, one.south, one.east, one.north]
            write.writerow([*("" if v is None else inert(v) for v in values), _mark(seen)])


def _mark(seen: _Seen) -> str:
    return SYNTHETIC if seen.synthetic else ""


def _jsonl(path: Path, rows: Iterator[Row], seen: _Seen) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            made: dict[str, Any] = {**row.values, "document": json.loads(row.document)}
            if seen.synthetic:
                made["notice"] = SYNTHETIC
            file.write(canonical(made) + "\n")


def _geojson(path: Path, rows: Iterator[Row], seen: _Seen) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type":"FeatureCollection",' + (f'"notice":"{SYNTHETIC}",' if seen.synthetic else ""))
        file.write(f'"crs":{canonical(crs)},"features":[')
        for number, row in enumerate(rows):
            shape = _together(row.parts)
            feature = {
                "type": "Feature",
                "id": row.project.id,
                "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
                "properties": row.values,
            }
            file.write((",\n" if number else "\n") + canonical(feature))
        file.write("]}\n")


def _together(parts: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """Return the parts of a project as one geometry."""
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    members = [member for part in parts for member in shapely.get_parts(part)]
    kinds = {member.geom_type for member in members}
    make: dict[str, Callable[[Any], Any]] = {
        "Point": shapely.multipoints, "LineString": shapely.multilinestrings, "Polygon": shapely.multipolygons
    }  # fmt: skip
    if len(kinds) == 1 and (kind := kinds.pop()) in make:
        many: BaseGeometry = make[kind](members)
        return many
    mixed: BaseGeometry = shapely.geometrycollections(members)
    return mixed


def _gpkg(path: Path, rows: Iterator[Row], seen: _Seen) -> None:
    import pyogrio

    names = (*COLUMNS, *(("notice",) if seen.synthetic else ()))
    whole = ("id", "version", "screening")
    first = True
    # GDAL goes by the name, and the file is written under another one first
    target = path.with_name(path.name + ".gpkg")
    try:
        source = iter(rows)
        while True:
            chunk = [row for row, _ in zip(source, range(_PAGE), strict=False)]
            if not chunk and not first:
                break
            shapes = np.array([_wkb(row) for row in chunk], dtype=object)
            told = [{**row.values, "notice": SYNTHETIC} for row in chunk]
            columns = [
                np.array([row[name] for row in told], dtype=object)
                if name not in whole
                else np.array([-1 if row[name] is None else row[name] for row in told], dtype=np.int64)
                for name in names
            ]
            masks = [
                np.array([row[name] is None for row in told]) if name in whole else None for name in names
            ]
            pyogrio.raw.write(
                target, shapes, columns, names, field_mask=masks, layer="project", driver="GPKG",
                geometry_type="Unknown", crs="EPSG:4490", append=not first,
                dataset_options=None if not first else {"DATETIME_FORMAT": "UTC"},
            )  # fmt: skip
            first = False
            if not chunk:
                break
        target.replace(path)
    finally:
        target.unlink(missing_ok=True)


def _wkb(row: Row) -> bytes | None:
    shape = _together(row.parts)
    return None if shape is None else bytes(shapely.to_wkb(shape))


def _xlsx(path: Path, rows: Iterator[Row], seen: _Seen) -> None:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet(t("coverage.sheet.projects", seen.lang))
    if seen.synthetic:
        sheet.append([SYNTHETIC])
    sheet.append([t(f"coverage.column.{name}", seen.lang) for name in COLUMNS])
    for row in rows:
        cells = []
        for value in row.values.values():
            cell = WriteOnlyCell(
                sheet,
                value=ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:32_000]
                if isinstance(value, str)
                else value,
            )
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.save(raw)
    book.close()
    path.write_bytes(output.settled(raw.getvalue(), seen.at))


_WRITERS: Final[dict[str, Callable[[Path, Iterator[Row], _Seen], None]]] = {
    "csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl, "geojson": _geojson, "gpkg": _gpkg
}  # fmt: skip

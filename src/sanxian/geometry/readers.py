"""Footprint files to plain features: one reader a format, the content decides which.

A file's name is a claim, not a fact: GDAL opens a virtual dataset called ``plot.geojson`` and then
reads whatever file that names. So the content is recognised here first. GDAL sees only binary
formats whose signature was checked, as private copies under names of our own; text formats are
parsed in Python. Nothing outside the given file (or folder) is read and nothing is written beside it.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

import numpy as np
import shapely

from ..errors import (
    FootprintCoordinate,
    FootprintEmpty,
    FootprintEncoding,
    FootprintFormat,
    FootprintIncomplete,
    FootprintNotFound,
    FootprintTooLarge,
    FootprintUnsafe,
    InputError,
    UnknownCRS,
)
from ..model import Notice
from . import corners
from .archives import FORMATS, MAX_FILE_BYTES, MAX_UNPACKED_BYTES, Archive, broken, open_archive
from .crs import Statement
from .dbf import Table, read_dbf
from .dxf import read_dxf
from .layers import NAME_FIELDS, ROLE_FIELDS, FeatureLayer, matching_field
from .shapes import (
    RING_CLOSED,
    Coordinates,
    Feature,
    Kind,
    Piece,
    pieces_of,
    where,
)

RFC7946: Final = Statement("EPSG:4326", by="format")
KML_STANDARD: Final = Statement("EPSG:4326", by="format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the caller said about a file, for readers that need it."""

    encoding: str | None = None
    shape: Kind | None = None
    role: str | None = None


def read_layers(path: Path, options: Options) -> tuple[FeatureLayer, ...]:
    """Return the layers of the file or folder at ``path``, in its own order.

    Raises
    ------
    InputError
        Anything that keeps the file from being read whole; never another exception.
    """
    source = path.name
    try:
        if path.is_dir():
            return _read_folder(Folder(path, source), source, options)
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        raise FootprintNotFound(source=source) from None
    if size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES >> 20
        raise FootprintTooLarge(
            source=source, reason={"zh": f"超过 {limit} MB", "en": f"it has more than {limit} MB"}
        )
    if not head.strip():
        raise FootprintEmpty(source=source, where={"zh": "文件", "en": "the file"})
    return _read_file(path, head, source, options)


def _read_file(path: Path, head: bytes, source: str, options: Options) -> tuple[FeatureLayer, ...]:
    _refuse_virtual(head, source)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_zip(path, source, options)
    if head.startswith(b"SQLite format 3\0"):
        return _read_geopackage(path, source)
    if head.startswith(SHP_MAGIC):
        file = path.resolve()  # a link the user gave is meant; one beside it is not followed
        return (_read_shapefile(Folder(file.parent, source), file.name, source, options),)
    if head.startswith(b"AutoCAD Binary DXF"):
        return read_dxf(path, source)
    for magic, reason in _KNOWN_BUT_UNSUPPORTED.items():
        if head.startswith(magic):
            raise FootprintFormat(source=source, formats=FORMATS, reason=reason)
    suffix = path.suffix.lower()
    if suffix in _BINARY_SUFFIXES:
        raise broken(source, ValueError(f"the content is not {suffix}"))
    text = decode(path.read_bytes(), options.encoding, source)
    return _read_text(text, path, source, options)


def _read_text(text: str, path: Path, source: str, options: Options) -> tuple[FeatureLayer, ...]:
    start = text.lstrip("\ufeff \t\r\n")
    suffix = path.suffix.lower()
    _refuse_virtual(start[:4096].encode(), source)
    if start.startswith(("{", "[")):
        return read_geojson_text(text, source)
    if start.startswith("<"):
        return read_kml(text, source)
    if _DXF_START.match(start):
        return read_dxf(path, source)
    if WKT_START.match(start):
        return read_wkt(text, source)
    if suffix in _TEXT_SUFFIXES:
        raise broken(source, ValueError(f"the content is not {suffix}"))
    if suffix in _TABLE_SUFFIXES:
        return corners.read_text(text, source, shape=options.shape, role=options.role)
    raise FootprintFormat(
        source=source,
        formats=FORMATS,
        reason={"zh": f"后缀“{suffix}”和内容都不认识", "en": f"neither “{suffix}” nor the content is known"},
    )


SHP_MAGIC: Final = b"\x00\x00\x27\x0a"
WKT_START: Final = re.compile(
    r"(?:SRID\s*=\s*\d+\s*;\s*)?(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION|CURVE|SURFACE|COMPOUNDCURVE"
    r"|CURVEPOLYGON|CIRCULARSTRING)\s*(?:ZM?|M)?\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
_DXF_START: Final = re.compile(r"(?:999\s*\n[^\n]*\n\s*)*0\s*\n\s*SECTION\s*\n", re.IGNORECASE)
_BINARY_SUFFIXES: Final = frozenset({".zip", ".kmz", ".gpkg", ".shp", ".xlsx"})
_TEXT_SUFFIXES: Final = frozenset({".geojson", ".json", ".kml", ".dxf", ".wkt"})
_TABLE_SUFFIXES: Final = frozenset({".csv", ".txt", ".tsv", ".tab", ""})
_KNOWN_BUT_UNSUPPORTED: Final = {
    b"\xd0\xcf\x11\xe0": {
        "zh": "旧版 Excel（.xls）等，请另存为 .xlsx",
        "en": "an old Excel file; save it as .xlsx",
    },
    b"AC10": {"zh": "AutoCAD DWG，请另存为 DXF", "en": "AutoCAD DWG; save it as DXF"},
    b"Rar!": {"zh": "RAR 压缩包，请改用 ZIP", "en": "a RAR archive; use ZIP"},
    b"7z\xbc\xaf": {"zh": "7z 压缩包，请改用 ZIP", "en": "a 7z archive; use ZIP"},
    b"%PDF": {"zh": "PDF，请提供矢量数据", "en": "PDF; give vector data"},
}
_VIRTUAL: Final = re.compile(rb"<(?:OGRVRT|VRTDataset|GDALG|OGRWFS|OGRWMS|GDAL_WMS|WMT_MS)", re.IGNORECASE)


def _refuse_virtual(head: bytes, source: str) -> None:
    if _VIRTUAL.search(head) or _VIRTUAL.search(head.replace(b"\0", b"")):
        raise _unsafe(
            source, "GDAL 虚拟数据集，会读取其他文件", "a GDAL virtual dataset, which reads other files"
        )


def _unsafe(source: str, zh: str, en: str) -> FootprintUnsafe:
    return FootprintUnsafe(source=source, reason={"zh": zh, "en": en})


def decode(data: bytes, encoding: str | None, source: str) -> str:
    """Return ``data`` as text: the encoding told, else BOM, else strict UTF-8, else GB18030."""
    if encoding:
        tried = [encoding]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        tried = ["utf-16"]
    elif b"\0" in data[:200]:  # UTF-16 without BOM: ASCII digits leave every other byte zero
        tried = ["utf-16-be" if data[:1] == b"\0" else "utf-16-le"]
    else:
        tried = ["utf-8-sig", "gb18030"]
    for name in tried:
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    raise FootprintEncoding(source=source, tried=" / ".join(tried))


# --- containers ------------------------------------------------------------------------------


class Files(Protocol):
    """Named files that can be copied out: a checked archive or a folder."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files."""

    def read(self, name: str) -> bytes:
        """Return the content of one file."""

    def extract(self, name: str, target: Path) -> None:
        """Copy one file to ``target``."""


class Folder:
    """A folder on disk, seen like an archive; links are refused, for they lead outside."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files directly inside, sorted."""
        return tuple(sorted(p.name for p in self._path.iterdir() if p.is_file() or p.is_symlink()))

    def read(self, name: str) -> bytes:
        """Return the content of one file."""
        return self._checked(name).read_bytes()

    def extract(self, name: str, target: Path) -> None:
        """Copy one file to ``target``."""
        shutil.copyfile(self._checked(name), target)

    def _checked(self, name: str) -> Path:
        path = self._path / name
        if path.is_symlink():
            raise _unsafe(self._source, f"“{name}”是链接", f"“{name}” is a link")
        if path.stat().st_size > MAX_UNPACKED_BYTES:
            raise FootprintTooLarge(
                source=self._source, reason={"zh": f"“{name}”过大", "en": f"“{name}” is too large"}
            )
        return path


def _read_folder(folder: Folder, source: str, options: Options) -> tuple[FeatureLayer, ...]:
    names = folder.names
    if any(_suffix(name) == ".gdbtable" for name in names):
        return _read_geodatabase(folder, names, source)
    shapefiles = [name for name in names if _suffix(name) == ".shp"]
    if not shapefiles:
        raise FootprintFormat(
            source=source,
            formats=FORMATS,
            reason={"zh": "文件夹中没有 .shp，也不是 .gdb", "en": "the folder holds no .shp and is no .gdb"},
        )
    return tuple(_read_shapefile(folder, name, source, options) for name in shapefiles)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _read_zip(path: Path, source: str, options: Options) -> tuple[FeatureLayer, ...]:
    """Read an archive by what is in it: a workbook, a KMZ, a geodatabase, or data files."""
    with open_archive(path, source) as archive:
        names = tuple(
            n for n in archive.names if not n.startswith("__MACOSX/") and not _basename(n).startswith(".")
        )
        if "xl/workbook.xml" in names:
            _refuse_doctype(archive, source)
            return corners.read_workbook(path, source, shape=options.shape, role=options.role)
        if path.suffix.lower() == ".kmz" or (names and all(_suffix(n) in _KMZ_SUFFIXES for n in names)):
            return _read_kmz(archive, names, source, options)
        tables = [n for n in names if _suffix(n) == ".gdbtable"]
        if tables:
            folder = str(PurePosixPath(tables[0]).parent)
            inside = tuple(n for n in names if str(PurePosixPath(n).parent) == folder)
            others = tuple(n for n in names if n not in inside)
            return _with_ignored(_read_geodatabase(archive, inside, source), others)
        return _read_members(archive, names, source, options)


def _basename(name: str) -> str:
    return PurePosixPath(name).name


_KMZ_SUFFIXES: Final = frozenset({".kml", ".png", ".jpg", ".jpeg", ".gif"})
_MEMBER_SUFFIXES: Final = frozenset({".geojson", ".json", ".kml", ".gpkg", ".dxf", ".csv", ".xlsx", ".wkt"})
_SIDECARS: Final = frozenset(
    {
        ".shx",
        ".dbf",
        ".prj",
        ".cpg",
        ".sbn",
        ".sbx",
        ".qix",
        ".fix",
        ".atx",
        ".qmd",
        ".qpj",
        ".idx",
        ".ain",
        ".aih",
    }
)


def _read_members(
    archive: Archive, names: Sequence[str], source: str, options: Options
) -> tuple[FeatureLayer, ...]:
    """Read the data files of an archive; each file without layers of its own is one layer, named after it."""
    layers: list[FeatureLayer] = []
    ignored: list[str] = []
    for name in names:
        _refuse_virtual(archive.read(name)[:4096], source)
        if _suffix(name) == ".shp":
            layers.append(_read_shapefile(archive, name, source, options))
        elif _suffix(name) in _MEMBER_SUFFIXES:
            with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
                copy = Path(folder, f"member{_suffix(name)}")
                archive.extract(name, copy)
                inside = _read_file(copy, copy.read_bytes()[:4096], f"{source}/{_basename(name)}", options)
            stem = PurePosixPath(name).stem
            layers += [replace(layer, name=layer.name if len(inside) > 1 else stem) for layer in inside]
        elif _suffix(name) not in _SIDECARS and not name.lower().endswith(".shp.xml"):
            ignored.append(_basename(name))
    if not layers:
        raise FootprintFormat(
            source=source,
            formats=FORMATS,
            reason={
                "zh": "压缩包中没有可识别的数据文件",
                "en": "the archive holds no data file of a known kind",
            },
        )
    return _with_ignored(tuple(layers), ignored)


def _with_ignored(layers: tuple[FeatureLayer, ...], ignored: Sequence[str]) -> tuple[FeatureLayer, ...]:
    if not ignored:
        return layers
    listed = ", ".join(_basename(n) for n in ignored[:10]) + ("…" if len(ignored) > 10 else "")
    notice = Notice(
        code="FOOTPRINT_MEMBERS_IGNORED",
        zh=f"压缩包中的其他文件未读取：{listed}。",
        en=f"Other files of the archive were not read: {listed}.",
    )
    return (replace(layers[0], notices=(*layers[0].notices, notice)), *layers[1:])


# --- GDAL formats ----------------------------------------------------------------------------


def _read_shapefile(files: Files, shp: str, source: str, options: Options) -> FeatureLayer:
    stem = shp[: -len(".shp")].lower()
    sidecar = {_suffix(n): n for n in files.names if n.lower() == stem + _suffix(n)}
    if ".shx" not in sidecar:
        raise FootprintIncomplete(source=source, missing=f"{PurePosixPath(shp).stem}.shx")
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        for suffix in (".shp", ".shx"):
            copy = Path(folder, f"layer{suffix}")
            files.extract(sidecar[suffix], copy)
            _check_shp_header(copy, source)
        features, _ = _read_with_gdal(Path(folder, "layer.shp"), None, source)
    if ".dbf" in sidecar:
        cpg = files.read(sidecar[".cpg"]).decode("ascii", "replace") if ".cpg" in sidecar else ""
        table = read_dbf(files.read(sidecar[".dbf"]), cpg, options.encoding, source)
        if len(table.deleted) != len(features):
            reason = f"{len(table.deleted)} records in the .dbf for {len(features)} shapes"
            raise broken(source, ValueError(reason))
        features = _labelled(features, table)
    crs = None
    if ".prj" in sidecar:
        wkt = decode(files.read(sidecar[".prj"]), None, source).strip("\0 \r\n\t")
        crs = Statement(wkt) if wkt else None
    return FeatureLayer(name=PurePosixPath(shp).stem, features=features, crs=crs)


def _check_shp_header(path: Path, source: str) -> None:
    """Raise unless ``path`` is a whole .shp or .shx; GDAL reads what is left of a cut one."""
    with path.open("rb") as file:
        header = file.read(28)
    if len(header) < 28 or not header.startswith(SHP_MAGIC):
        raise broken(source, ValueError("no shapefile signature"))
    words = int.from_bytes(header[24:28], "big")  # of 16 bits, header included
    if path.stat().st_size < 2 * words:
        raise broken(source, ValueError(f"{path.suffix} is shorter than it says"))


def _labelled(features: tuple[Feature, ...], table: Table) -> tuple[Feature, ...]:
    """Return the shapes with their names and roles, without those whose record is deleted."""
    blank = [""] * len(features)
    name, role = matching_field(table.columns, NAME_FIELDS), matching_field(table.columns, ROLE_FIELDS)
    names = table.columns[name] if name is not None else blank
    roles = table.columns[role] if role is not None else blank
    return tuple(
        replace(feature, name=names[n], role=roles[n])
        for n, feature in enumerate(features)
        if not table.deleted[n]
    )


def _read_geopackage(path: Path, source: str) -> tuple[FeatureLayer, ...]:
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        copy = Path(folder, "data.gpkg")  # SQLite may write a journal beside the file it opens
        shutil.copyfile(path, copy)
        _refuse_active_sql(copy, source)
        return _read_gdal_layers(copy, source)


def _refuse_active_sql(path: Path, source: str) -> None:
    """Refuse virtual tables other than GeoPackage's own indexes: some modules read other files."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
            schema = [
                str(sql) for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            ]
    except sqlite3.Error as error:
        raise broken(source, error) from error
    for sql in schema:
        module = re.search(
            r"CREATE\s+VIRTUAL\s+TABLE.*?\sUSING\s+[\"'`\[]?(\w+)", sql, re.IGNORECASE | re.DOTALL
        )
        if module and module[1].lower() not in ("rtree", "fts5", "fts4", "fts3"):
            raise _unsafe(source, f"虚拟表模块 {module[1]}", f"virtual table module {module[1]}")


def _read_geodatabase(files: Files, names: Iterable[str], source: str) -> tuple[FeatureLayer, ...]:
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        copy = Path(folder, "data.gdb")
        copy.mkdir()
        for name in names:
            if re.fullmatch(r"[\w.]+", _basename(name)) and _suffix(name) != ".lock":
                files.extract(name, copy / _basename(name))
        for file in sorted(copy.iterdir()):
            with file.open("rb") as opened:
                _refuse_virtual(opened.read(4096), source)
        return _read_gdal_layers(copy, source)


def _read_gdal_layers(path: Path, source: str) -> tuple[FeatureLayer, ...]:
    import pyogrio

    with _gdal(source):
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    layers = []
    for name in names:
        features, crs = _read_with_gdal(path, name, source)
        stated = (
            None if crs is None or re.match(r"[A-Z]+\[\"undefined", crs, re.IGNORECASE) else Statement(crs)
        )
        layers.append(FeatureLayer(name=name, features=features, crs=stated))
    return tuple(layers)


@contextmanager
def _gdal(source: str) -> Iterator[None]:
    """Turn whatever GDAL raises into our error and keep its warnings off the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # damaged bytes make the driver raise almost anything
            raise broken(source, error) from error


def _read_with_gdal(path: Path, layer: str | None, source: str) -> tuple[tuple[Feature, ...], str | None]:
    import pyogrio

    with _gdal(source):
        fields = [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]]
        name, role = matching_field(fields, NAME_FIELDS), matching_field(fields, ROLE_FIELDS)
        columns = [field for field in (name, role) if field is not None]
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer, columns=columns, force_2d=True)
        table = {str(field): column for field, column in zip(meta["fields"], values, strict=True)}
        features = []
        for row, blob in enumerate(wkb):
            geometry, repairs = _from_wkb(blob)
            features.append(
                Feature(
                    number=row + 1,
                    pieces=pieces_of(geometry) if geometry is not None else (),
                    name=_cell(table, name, row),
                    role=_cell(table, role, row),
                    repairs=repairs,
                )
            )
    return tuple(features), meta["crs"]


def _cell(table: dict[str, Any], field: str | None, row: int) -> str:
    value = table[field][row] if field is not None else None
    return str(value).strip() if isinstance(value, str) else ""


def _from_wkb(blob: bytes | None) -> tuple[Any, tuple[Notice, ...]]:
    if blob is None:
        return None, ()
    try:
        return shapely.from_wkb(blob), ()
    except shapely.errors.GEOSException:
        return shapely.from_wkb(blob, on_invalid="fix"), (RING_CLOSED,)


# --- GeoJSON ---------------------------------------------------------------------------------


def read_geojson_text(text: str, source: str) -> tuple[FeatureLayer, ...]:
    """Return the one layer of a GeoJSON text."""
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise broken(source, error) from error
    return (read_geojson(document, source),)


def read_geojson(document: object, source: str) -> FeatureLayer:
    """Return the layer of a parsed GeoJSON object of any type."""
    if not isinstance(document, dict):
        raise _not_geojson(source)
    kind = document.get("type")
    if kind == "FeatureCollection":
        items = document.get("features")
        if not isinstance(items, list):
            raise _not_geojson(source)
        features = [_geojson_feature(item, n, source) for n, item in enumerate(items, 1)]
    elif kind == "Feature":
        features = [_geojson_feature(document, 1, source)]
    else:
        features = [_geojson_feature({"type": "Feature", "geometry": document}, 1, source)]
    return FeatureLayer(
        name=PurePosixPath(source).stem, features=tuple(features), crs=_geojson_crs(document, source)
    )


def _not_geojson(source: str) -> FootprintFormat:
    return FootprintFormat(
        source=source,
        formats=FORMATS,
        reason={"zh": "JSON 内容不是 GeoJSON", "en": "the JSON is not GeoJSON"},
    )


def _geojson_crs(document: dict[str, Any], source: str) -> Statement:
    member = document.get("crs")
    if member is None:
        return RFC7946
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise UnknownCRS(
            source=source,
            crs=str(member)[:80],
            reason={"zh": "crs 成员没有名称", "en": "the crs member has no name"},
        )
    return Statement(name)


def _geojson_feature(item: object, number: int, source: str) -> Feature:
    if not isinstance(item, dict) or item.get("type") != "Feature":
        raise _not_geojson(source)
    given = item.get("properties")
    properties = {str(k): v for k, v in given.items() if v is not None} if isinstance(given, dict) else {}
    name, role = matching_field(properties, NAME_FIELDS), matching_field(properties, ROLE_FIELDS)
    feature = Feature(
        number=number,
        pieces=(),
        name=str(properties[name]).strip() if name is not None else "",
        role=str(properties[role]).strip() if role is not None else "",
    )
    geometry = item.get("geometry")
    if geometry is None:
        raise FootprintEmpty(source=source, where=where("", feature))
    try:
        return replace(feature, pieces=tuple(_geojson_pieces(geometry)))
    except (TypeError, ValueError, IndexError, KeyError, RecursionError):
        raise FootprintCoordinate(
            source=source,
            where=where("", feature),
            reason={"zh": "坐标结构不符合 GeoJSON", "en": "coordinates are not as GeoJSON has them"},
        ) from None


def _geojson_pieces(geometry: dict[str, Any]) -> Iterator[Piece]:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from _geojson_pieces(part)
        return
    value = geometry["coordinates"]
    match kind:
        case "Point":
            if value:
                yield Piece("point", (_positions([value]),))
        case "MultiPoint":
            yield from (Piece("point", (_positions([v]),)) for v in value)
        case "LineString":
            yield Piece("line", (_positions(value),))
        case "MultiLineString":
            yield from (Piece("line", (_positions(v),)) for v in value)
        case "Polygon":
            if value:
                yield Piece("polygon", tuple(_positions(ring) for ring in value))
        case "MultiPolygon":
            yield from (Piece("polygon", tuple(_positions(ring) for ring in v)) for v in value if v)
        case _:
            raise ValueError(kind)


def _positions(values: list[list[Any]]) -> Coordinates:
    """Return positions as coordinates; null becomes NaN, which the check for finite numbers names."""
    if not all(type(n) in (int, float, type(None)) for p in values for n in p[:2]):
        raise TypeError("a coordinate is no number")
    rows = [(p[0], p[1]) for p in values]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


# --- WKT -------------------------------------------------------------------------------------


def read_wkt(text: str, source: str) -> tuple[FeatureLayer, ...]:
    """Return the layer of a WKT or EWKT text: one geometry, or one a line."""
    lines = [line for line in text.strip("\ufeff \r\n\t").splitlines() if line.strip()]
    several = len(lines) > 1 and all(WKT_START.match(line.strip()) for line in lines)
    features, srids = [], set()
    for number, line in enumerate(lines if several else [" ".join(lines)], 1):
        srid, _, body = line.strip().rpartition(";")
        srids.add(srid.partition("=")[2].strip())
        geometry, repairs = _from_wkt(body, source)
        features.append(Feature(number=number, pieces=pieces_of(geometry), repairs=repairs))
    if len(srids) != 1:
        raise UnknownCRS(
            source=source,
            crs=", ".join(sorted(srids)),
            reason={"zh": "各行的 SRID 不同", "en": "the lines differ in SRID"},
        )
    srid = srids.pop()
    crs = Statement(f"EPSG:{srid}") if srid not in ("", "0") else None
    return (FeatureLayer(name=PurePosixPath(source).stem, features=tuple(features), crs=crs),)


def _from_wkt(text: str, source: str) -> tuple[Any, tuple[Notice, ...]]:
    try:
        return shapely.from_wkt(text), ()
    except NotImplementedError as error:
        raise FootprintFormat(
            source=source, formats=FORMATS, reason={"zh": "WKT 含曲线", "en": "the WKT holds curves"}
        ) from error
    except shapely.errors.GEOSException as error:
        if "closed linestring" not in str(error):
            raise broken(source, error) from error
    try:
        return shapely.from_wkt(text, on_invalid="fix"), (RING_CLOSED,)
    except shapely.errors.GEOSException as error:
        raise broken(source, error) from error


# --- KML -------------------------------------------------------------------------------------


def _read_kmz(
    archive: Archive, names: Sequence[str], source: str, options: Options
) -> tuple[FeatureLayer, ...]:
    documents = [n for n in names if _suffix(n) == ".kml"]
    if not documents:
        raise FootprintFormat(
            source=source, formats=FORMATS, reason={"zh": "KMZ 中没有 KML", "en": "the KMZ holds no KML"}
        )
    first = "doc.kml" if "doc.kml" in documents else documents[0]  # as the KMZ specification says
    layers = read_kml(decode(archive.read(first), options.encoding, source), source)
    return _with_ignored(layers, [n for n in documents if n != first])


def read_kml(text: str, source: str) -> tuple[FeatureLayer, ...]:
    """Return a layer for each folder of a KML text that holds placemarks.

    Only coordinates written in the text are read: NetworkLink, overlays and models are not followed.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException, ElementTree

    body = re.sub(r"^\s*<\?xml.*?\?>", "", text.lstrip("\ufeff"), count=1, flags=re.DOTALL)
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _unsafe(source, "XML 含 DOCTYPE 或实体", "the XML holds a DOCTYPE or entities") from error
    except (ParseError, ValueError, RecursionError) as error:
        raise broken(source, error) from error
    if _tag(root) != "kml":
        raise FootprintFormat(
            source=source,
            formats=FORMATS,
            reason={
                "zh": f"XML 根元素是 {_tag(root)}，不是 KML",
                "en": f"the XML root is {_tag(root)}, not KML",
            },
        )
    folders: dict[str, list[Feature]] = {}
    linked = 0
    stack: list[tuple[Any, str]] = [(root, "")]
    while stack:  # in document order, without recursion: nesting is the sender's choice
        element, folder = stack.pop()
        match _tag(element):
            case "Placemark":
                features = folders.setdefault(folder, [])
                features.append(_placemark(element, len(features) + 1, source, folder))
                continue
            case "NetworkLink":
                linked += 1
            case "Folder":
                folder = _child_text(element, "name") or folder
        stack.extend((child, folder) for child in reversed(element))
    notices = (_network_links(linked),) if linked else ()
    if not folders:
        raise FootprintEmpty(source=source, where={"zh": "文件", "en": "the file"})
    return tuple(
        FeatureLayer(name=name, features=tuple(features), crs=KML_STANDARD, notices=notices if n == 0 else ())
        for n, (name, features) in enumerate(folders.items())
    )


def _network_links(count: int) -> Notice:
    return Notice(
        code="FOOTPRINT_LINKS_IGNORED",
        zh=f"KML 中有 {count} 个网络链接，未读取其指向的内容。",
        en=f"The KML holds {count} network links; what they point to was not read.",
    )


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _child_text(element: Any, tag: str) -> str:
    return next((" ".join((child.text or "").split()) for child in element if _tag(child) == tag), "")


def _placemark(element: Any, number: int, source: str, folder: str) -> Feature:
    data: dict[str, str] = {}
    for node in element.iter():
        if _tag(node) == "SimpleData":
            data[node.get("name", "")] = (node.text or "").strip()
        elif _tag(node) == "Data":
            data[node.get("name", "")] = _child_text(node, "value")
    role = matching_field(data, ROLE_FIELDS)
    feature = Feature(
        number=number,
        pieces=(),
        name=_child_text(element, "name"),
        role=data[role] if role is not None else "",
    )
    try:
        return replace(feature, pieces=tuple(_kml_pieces(element)))
    except ValueError:
        raise FootprintCoordinate(
            source=source,
            where=where(folder, feature),
            reason={"zh": "coordinates 不是“经度,纬度”", "en": "coordinates are not “longitude,latitude”"},
        ) from None


def _kml_pieces(element: Any) -> Iterator[Piece]:
    for child in element:
        match _tag(child):
            case "Point":
                yield from (Piece("point", (xy[None],)) for xy in _kml_coordinates(child))
            case "LineString" | "LinearRing":
                yield Piece("line", (_kml_coordinates(child),))
            case "Track":
                rows = [(node.text or "").split()[:2] for node in child if _tag(node) == "coord"]
                yield Piece("line", (np.array(rows, dtype=np.float64).reshape(-1, 2),))
            case "Polygon":
                yield Piece("polygon", tuple(_kml_rings(child)))
            case "MultiGeometry" | "MultiTrack":
                yield from _kml_pieces(child)


def _kml_rings(polygon: Any) -> Iterator[Coordinates]:
    for boundary in ("outerBoundaryIs", "innerBoundaryIs"):
        for node in polygon:
            if _tag(node) == boundary:
                yield from (_kml_coordinates(ring) for ring in node if _tag(ring) == "LinearRing")


def _kml_coordinates(element: Any) -> Coordinates:
    text = next((child.text or "" for child in element if _tag(child) == "coordinates"), "")
    tuples = re.sub(r"\s*,\s*", ",", text.strip()).split()  # “101.7, 36.6” is common and harmless
    rows = [t.split(",")[:2] for t in tuples]
    return np.array([[float(n) for n in row] for row in rows], dtype=np.float64).reshape(-1, 2)


def _refuse_doctype(archive: Archive, source: str) -> None:
    """Refuse a workbook whose XML declares entities: openpyxl's parser would expand them."""
    for name in archive.names:
        if _suffix(name) in (".xml", ".rels", ".vml"):
            content = archive.read(name).replace(b"\0", b"")  # UTF-16 would hide the words
            if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
                raise _unsafe(
                    source, "工作簿的 XML 含 DOCTYPE 或实体", "the workbook's XML holds a DOCTYPE or entities"
                )

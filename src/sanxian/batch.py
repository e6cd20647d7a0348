"""Many projects in one table: read row by row, screened in order, answered row by row.

A table is CSV, Excel, GeoPackage, GeoJSON, Parquet or a folder of project files. Rows stream through
:func:`sanxian.screening.screen_many`; memory does not grow with their number (GeoJSON is held whole and
limited in size). A row that cannot be read or screened becomes a result with its error, and the others are
answered. Columns nobody knows are named in a notice, never dropped in silence.
"""

from __future__ import annotations

import codecs
import csv
import json
import math
import re
import shutil
import tempfile
import unicodedata
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import shapely

from sanxian import data, geometry, output
from sanxian.edition import Edition
from sanxian.errors import (
    BadRow,
    BadTable,
    FootprintEncoding,
    FootprintLayer,
    FootprintTooLarge,
    NotInstalled,
    SanxianError,
    Unforeseen,
)
from sanxian.geometry import Footprint, Region
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, FindingKind, LayerKind, Notice, Outcome, Project, Relation
from sanxian.project import parse_fact, project_from_mapping, read_document
from sanxian.screening import ENGINE_VERSION, Failure, Screening, screen_many, to_json

MAX_GEOJSON_BYTES: Final = 100 * 2**20  # held in memory as a whole
MAX_CELL_CHARS: Final = 16 * 2**20  # one CSV cell, e.g. the WKT of a large site
_CHUNK: Final = 64  # projects screened together
_PAGE: Final = 1000  # rows read from or written to a columnar file at once
_HEADER_WITHIN: Final = 10  # titles may stand above the header
_BLANK: Final = frozenset(
    ("", "/", "-", "－", "—", "――", "\\", "nan", "none", "null")
)  # how tables write "nothing"
_FORMULA: Final = ("=", "@", "\t", "\r", "+", "-")  # a spreadsheet would run a cell that begins so

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "编号", "项目编号", "项目代码", "项目id"),
    "name": ("name", "名称", "项目名称", "项目"),
    "proponent": ("proponent", "建设单位", "申请单位"),
    "nature": ("nature", "建设性质"),
    "industry": ("industry", "industries", "行业代码", "行业类别", "国民经济行业代码", "国民经济行业类别"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "wkt": ("wkt", "geometry", "geom", "the_geom", "图形", "用地范围wkt"),
    "footprint": ("footprint", "footprint_file", "用地范围", "范围文件", "用地范围文件"),
    "role": ("role", "工程组成"),
    "crs": ("crs", "坐标系"),
    "papers": ("papers", "文件", "相关文件"),
}
"""Columns of a table besides facts (by key, Chinese or English label): our name, and what tables call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One project of the table, or why it could not be read."""

    number: int  # as the file counts: sheet row, line record, feature; 1 = first (a header is row 1)
    id: str
    name: str
    project: Project | None
    error: SanxianError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one row."""

    row: Row
    screening: Screening | None
    error: SanxianError | None


class _Record(NamedTuple):
    """A row as the file holds it."""

    number: int
    cells: Mapping[str, Any]  # by header
    place: tuple[str, Any] | None = None  # ("wkt" | "geojson", value) when the file itself has geometry
    error: SanxianError | None = None


class _Sheet(NamedTuple):
    """A file opened: its headers and its records still to come."""

    headers: tuple[str, ...]
    records: Iterator[_Record]
    size: int | None = None
    has_geometry: bool = False
    notices: tuple[Notice, ...] = ()


@dataclass
class Tally:
    """How many rows came to what."""

    total: int = 0
    done: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """Rows without a screening."""
        return self.total - self.done

    def add(self, result: Result | Line) -> None:
        """Count one result."""
        self.total += 1
        if isinstance(result, Line):
            outcome = result.outcome
        else:
            outcome = None if result.screening is None else result.screening.verdict
        if outcome is not None:
            self.done += 1
            self.outcomes[outcome] += 1

    def verdicts(self) -> list[tuple[Outcome, int]]:
        """Return the verdicts that occurred, worst first."""
        return sorted(self.outcomes.items(), reverse=True)


# --- the table -------------------------------------------------------------------------------


class Table:
    """A table of projects, open for one reading."""

    def __init__(self, sheet: _Sheet, path: Path, region: Region | None, crs: str | None) -> None:
        self._sheet = sheet
        self._folder = path.parent
        self._source = path.name
        self._region = region
        self._crs = crs
        self._columns = _columns(sheet, self._source)
        self._blank = 0
        self.size = sheet.size

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the columns are taken for, and which are not read."""
        read = "、".join(f"{header}→{column.label}" for header, column in self._columns.items())
        found = [*self._sheet.notices, _notice("TABLE_COLUMNS", "columns", columns=read or "geometry")]
        unknown = [h for h in self._sheet.headers if h.strip() and h not in self._columns]
        if unknown:
            found.append(_notice("TABLE_COLUMNS_UNKNOWN", "unknown", columns="、".join(unknown)))
        return tuple(found)

    def notices_after(self) -> tuple[Notice, ...]:
        """What can only be said when all rows were read."""
        return (_notice("TABLE_ROWS_BLANK", "blank", count=self._blank),) if self._blank else ()

    def rows(self) -> Iterator[Row]:
        """Yield every row that holds anything, in the order of the file."""
        for found in self._sheet.records:
            if found.error is None and found.place is None and all(map(_is_blank, found.cells.values())):
                self._blank += 1
                continue
            yield self._row(found)

    def _row(self, found: _Record) -> Row:
        texts: dict[str, str] = {}
        try:
            texts = {c.name: _text(found.cells.get(h)) for h, c in self._columns.items() if not c.fact}
            if found.error is not None:
                raise found.error
            project = self._project(found, texts)
            return Row(number=found.number, id=project.id, name=project.name, project=project, error=None)
        except SanxianError as error:
            failure = error
        except Exception as error:  # noqa: BLE001, one row nobody foresaw must not cost the others
            failure = Unforeseen.of(error)
        ids = texts.get("id", ""), texts.get("name", "")
        return Row(number=found.number, id=ids[0], name=ids[1], project=None, error=failure)

    def _project(self, found: _Record, texts: Mapping[str, str]) -> Project:
        facts = {}
        for header, column in self._columns.items():
            cell = found.cells.get(header)
            if column.fact and not _is_blank(cell):
                key, value = parse_fact(f"{column.name}={_text(cell)}{column.unit}")
                facts[key] = value
        stated: dict[str, Any] = {name: texts.get(name, "") for name in ("id", "name", "proponent", "nature")}
        stated["industry"] = [w for w in re.split(r"[,，、;；\s/]+", texts.get("industry", "")) if w]
        stated["facts"] = facts
        stated["papers"] = [
            _paper(p, found.number) for p in re.split(r"[|｜\n]+", texts.get("papers", "")) if p.strip()
        ]
        return project_from_mapping(
            {k: v for k, v in stated.items() if v},
            footprint=self._footprint(found, texts),
            source=self._source,
        )

    def _footprint(self, found: _Record, texts: Mapping[str, str]) -> Footprint:
        source = f"{self._source} #{found.number}"
        reading: dict[str, Any] = {
            "crs": texts.get("crs") or self._crs, "region": self._region, "role": texts.get("role") or None
        }  # fmt: skip
        kind, value = found.place or ("", None)
        if kind == "geojson":
            return geometry.footprint_from_geojson(value, **reading, source=source)
        if kind == "wkt" or texts.get("wkt"):
            return geometry.footprint_from_wkt(value or texts["wkt"], **reading, source=source)
        if texts.get("footprint"):
            return geometry.read_footprint(self._inside(texts["footprint"], found.number), **reading)
        if texts.get("lon") and texts.get("lat"):
            return geometry.footprint_from_point(texts["lon"], texts["lat"], **reading, source=source)
        raise _bad_row(found.number, "place")

    def _inside(self, name: str, row: int) -> Path:
        """Return the file a row names; only files beside or below the table are read."""
        path = (self._folder / name.replace("\\", "/")).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise _bad_row(row, "outside", name=name)
        return path


class _Column(NamedTuple):
    """What a header means."""

    name: str  # of COLUMNS, or the key of a fact
    label: str
    fact: bool = False
    unit: str = ""  # stated in the header, for numbers


_UNIT: Final = re.compile(r"(.+?)\s*[(（\[]([^()（）\[\]]+)[)）\]]")


def _plain(header: str) -> str:
    return re.sub(r"[\s_*]+", "", unicodedata.normalize("NFKC", header)).lower()


def _meaning(header: str) -> _Column | None:
    """Return what a header means, ``None`` when nobody knows."""
    known = {_plain(word): name for name, words in COLUMNS.items() for word in words}
    if (name := known.get(_plain(header))) is not None:
        return _Column(name, name)
    facts = {_plain(word): f for f in data.facts().values() for word in (f.key, f.zh, f.en)}
    unit = ""
    fact = facts.get(_plain(header))
    if fact is None and (split := _UNIT.fullmatch(unicodedata.normalize("NFKC", header.strip()))):
        fact, unit = facts.get(_plain(split[1])), split[2].strip()
    if fact is None:
        return None
    if unit and fact.type != "number":
        unit = ""
    return _Column(fact.key, f"{fact.zh}{unit and f'（{unit}）'}", True, unit)


def _columns(sheet: _Sheet, source: str) -> dict[str, _Column]:
    found: dict[str, _Column] = {}
    taken: dict[str, str] = {}
    for header in sheet.headers:
        column = _meaning(header)
        if column is not None:
            if column.name in taken:
                raise _bad_table(source, "twice", one=taken[column.name], other=header)
            taken[column.name] = header
            found[header] = column
    placed = sheet.has_geometry or {"wkt", "footprint"} & set(taken) or {"lon", "lat"} <= set(taken)
    if not placed:
        raise _bad_table(source, "no_place", columns="、".join(sheet.headers[:20]) or "-")
    return found


def _paper(text: str, row: int) -> dict[str, Any]:
    """Return the paper written ``类型;文号;机关;日期``."""
    words = [word.strip() for word in text.replace("；", ";").split(";")]
    if not words[0] or len(words) > 4:
        raise _bad_row(row, "paper", text=text)
    return {k: w for k, w in zip(("type", "number", "issuer", "date"), words, strict=False) if w}


def _is_blank(cell: object) -> bool:
    return _text(cell) == ""


def _text(cell: object) -> str:
    """Return a cell as the text a person would have typed; "" when it holds nothing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (list, tuple)):
        return "、".join(map(_text, cell))
    text = unicodedata.normalize("NFC", str(cell)).strip()
    return "" if text.lower() in _BLANK else text


def _notice(code: str, key: str, **fields: object) -> Notice:
    zh, en = (t(f"batch.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return Notice(code=code, zh=zh, en=en)


def _bad_table(source: str, key: str, **fields: object) -> BadTable:
    zh, en = (t(f"batch.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return BadTable(source=source, reason={"zh": zh, "en": en})


def _bad_row(row: int, key: str, **fields: object) -> BadRow:
    zh, en = (t(f"batch.row_{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return BadRow(row=row, reason={"zh": zh, "en": en})


# --- opening ---------------------------------------------------------------------------------


@contextmanager
def open_projects(
    path: str | Path,
    *,
    region: Region | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Iterator[Table | Folder]:
    """Open a table of projects, or a folder of project files; the content decides, not the name.

    Parameters
    ----------
    path : str or Path
        CSV, Excel, GeoPackage, GeoJSON, Parquet, or a folder.
    region : Region, optional
        Region of the edition, for the footprint readers.
    crs : str, optional
        CRS of the coordinates, where the file does not say.
    encoding, layer : str, optional
        Encoding of a CSV file; sheet or layer to read.

    Raises
    ------
    InputError
        The file cannot be read as a table of projects; a bad row is no reason.
    """
    path = Path(path)
    with ExitStack() as stack:
        if path.is_dir():
            yield Folder(path, region)
            return
        try:
            with path.open("rb") as file:
                head = file.read(4096)
        except OSError:
            raise _bad_table(path.name, "not_found") from None
        if head.startswith(b"PK\x03\x04"):
            sheet = _open_excel(path, layer, stack)
        elif head.startswith(b"SQLite format 3\0"):
            sheet = _open_geopackage(path, layer, stack)
        elif head.startswith(b"PAR1"):
            sheet = _open_parquet(path, stack)
        elif head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            sheet = _open_geojson(path)
        else:
            sheet = _open_csv(path, encoding, stack)
        yield Table(sheet, path, region, crs)


def read_dated_project(path: Path, *, region: Region | None = None) -> tuple[Project, object]:
    """Return the project of a file, and the ``as_of`` it states for demonstration, which is no part of it."""
    document, notices = read_document(path)
    stated = {key: value for key, value in document.items() if key != "as_of"}
    project = project_from_mapping(stated, base=path.parent, source=path.name, region=region)
    return replace(project, notices=(*notices, *project.notices)), document.get("as_of")


class Folder:
    """A folder of project files, read like a table with one project a file."""

    def __init__(self, path: Path, region: Region | None) -> None:
        self._region = region
        self._files = sorted(
            f for f in path.iterdir() if f.suffix.lower() in (".yaml", ".yml", ".json") and f.is_file()
        )
        others = sorted(f.name for f in path.iterdir() if f not in self._files and not f.name.startswith("."))
        if not self._files:
            raise _bad_table(path.name, "no_files")
        self.size: int | None = len(self._files)
        self.notices = (
            (_notice("TABLE_FILES_OTHER", "other_files", files="、".join(others[:20])),) if others else ()
        )

    def notices_after(self) -> tuple[Notice, ...]:
        """Nothing is left to say."""
        return ()

    def rows(self) -> Iterator[Row]:
        """Yield the project of each file, by name."""
        for number, file in enumerate(self._files, 1):
            failure: SanxianError
            try:
                project, _ = read_dated_project(file, region=self._region)
                yield Row(
                    number=number, id=project.id or file.stem, name=project.name, project=project, error=None
                )
                continue
            except SanxianError as error:
                failure = error
            except Exception as error:  # noqa: BLE001, one file nobody foresaw must not cost the others
                failure = Unforeseen.of(error)
            yield Row(number=number, id=file.stem, name="", project=None, error=failure)


_Line: TypeAlias = tuple[int, Sequence[Any] | SanxianError]
"""Number and cells of a line of a sheet, or why it cannot be read."""


def _with_header(lines: Iterable[_Line], source: str) -> tuple[tuple[str, ...], Iterator[_Record]]:
    """Find the header among the first lines; titles may stand above it."""
    lines = iter(lines)
    looked = list(islice(lines, _HEADER_WITHIN))
    titles = [() if isinstance(cells, SanxianError) else tuple(map(_text, cells)) for _, cells in looked]
    scores = [sum(_meaning(title) is not None for title in line if title) for line in titles]
    if not any(scores):
        raise _bad_table(source, "no_header", columns="、".join(titles[0][:20]) if titles else "-")
    at = scores.index(max(scores))
    headers = list(titles[at])
    while headers and not headers[-1]:
        headers.pop()
    named = tuple(h or f"#{i + 1}" for i, h in enumerate(headers))
    if doubled := [h for h, n in Counter(named).items() if n > 1]:
        raise _bad_table(source, "twice", one=doubled[0], other=doubled[0])

    def records() -> Iterator[_Record]:
        for number, cells in chain(looked[at + 1 :], lines):
            if isinstance(cells, SanxianError):
                yield _Record(number, {}, error=cells)
                continue
            extra = [c for c in cells[len(named) :] if not _is_blank(c)]
            error = _bad_row(number, "cells", found=len(cells), expected=len(named)) if extra else None
            yield _Record(number, dict(zip(named, cells, strict=False)), error=error)

    return named, records()


# --- formats ---------------------------------------------------------------------------------


def _open_csv(path: Path, encoding: str | None, stack: ExitStack) -> _Sheet:
    known = _encoding(path, encoding)
    stream = stack.enter_context(path.open(encoding=known, newline=""))
    csv.field_size_limit(MAX_CELL_CHARS)
    first = [stream.readline() for _ in range(_HEADER_WITHIN)]
    stream.seek(0)
    rows = csv.reader(stream, delimiter=max(",\t;，", key=lambda mark: _known_titles(first, mark)))

    def numbered() -> Iterator[_Line]:
        for number in count(1):
            try:
                yield number, next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, _bad_row(number, "csv", error=error)

    headers, records = _with_header(numbered(), path.name)
    return _Sheet(headers, records)


def _known_titles(lines: Sequence[str], delimiter: str) -> int:
    """Return how many titles of a header are understood when cells are parted by ``delimiter``."""
    return max(
        sum(_meaning(cell.strip('" ')) is not None for cell in line.split(delimiter)) for line in lines
    )


def _encoding(path: Path, given: str | None) -> str:
    """Return the encoding that decodes the whole file; Excel in China writes GB18030 without saying so."""
    with path.open("rb") as file:
        head = file.read(4)
    if given is None and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        given = "utf-16"
    tried = (given,) if given else ("utf-8-sig", "gb18030")
    for name in tried:
        try:
            decoder = codecs.getincrementaldecoder(name)()
            with path.open("rb") as file:
                while block := file.read(2**20):
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except (UnicodeDecodeError, LookupError):
            continue
        return name
    raise FootprintEncoding(source=path.name, tried=", ".join(tried))


def _open_excel(path: Path, sheet: str | None, stack: ExitStack) -> _Sheet:
    from sanxian.geometry import archives

    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    with archives.open_archive(path, path.name) as archive:
        if "xl/workbook.xml" not in archive.names:
            raise _bad_table(path.name, "not_excel")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except Exception as error:  # a damaged workbook makes the reader raise almost anything
            raise archives.broken(path.name, error) from error
    stack.callback(book.close)
    names = [s.title for s in book.worksheets]
    if sheet is not None and sheet not in names:
        raise FootprintLayer(source=path.name, layer=sheet, layers="、".join(names))
    chosen = book[sheet] if sheet is not None else book.worksheets[0]
    others = [name for name in names if name != chosen.title]
    notices = (
        (_notice("TABLE_SHEETS", "sheets", read=chosen.title, others="、".join(others)),) if others else ()
    )
    chosen.reset_dimensions()  # files state wrong ones
    headers, records = _with_header(enumerate(chosen.iter_rows(values_only=True), 1), path.name)
    return _Sheet(headers, records, notices=notices)


def _open_geojson(path: Path) -> _Sheet:
    if path.stat().st_size > MAX_GEOJSON_BYTES:
        limit = MAX_GEOJSON_BYTES >> 20
        zh, en = (
            f"超过 {limit} MB，请改用 GeoPackage 或 Parquet",
            f"more than {limit} MB; use GeoPackage or Parquet",
        )
        raise FootprintTooLarge(source=path.name, reason={"zh": zh, "en": en})
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _bad_table(path.name, "not_json", error=str(error)[:100]) from error
    features = document.get("features") if document.get("type") == "FeatureCollection" else [document]
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features) or not features:
        raise _bad_table(path.name, "not_geojson")
    top = {k: document[k] for k in ("crs",) if k in document}

    def cells(feature: dict[str, Any]) -> dict[str, Any]:
        own = feature.get("properties")
        made = dict(own) if isinstance(own, dict) else {}
        return {"id": feature["id"], **made} if "id" in feature else made

    headers = tuple(dict.fromkeys(key for feature in features for key in cells(feature)))

    def records() -> Iterator[_Record]:
        for number, feature in enumerate(features, 1):
            wrapped = {"type": "FeatureCollection", **top, "features": [feature]}
            yield _Record(number, cells(feature), ("geojson", wrapped))

    return _Sheet(headers, records(), len(features), has_geometry=True)


def _open_geopackage(path: Path, layer: str | None, stack: ExitStack) -> _Sheet:
    import pyogrio

    from sanxian.geometry.readers import _refuse_active_sql as refuse_active_sql

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sanxian-"))
    copy = Path(folder, "data.gpkg")  # SQLite may write a journal beside the file it opens
    shutil.copyfile(path, copy)
    refuse_active_sql(copy, path.name)
    with _readable(path.name):
        names = [str(name) for name, kind in pyogrio.list_layers(copy) if kind is not None]
        if layer is not None and layer not in names:
            raise FootprintLayer(source=path.name, layer=layer, layers="、".join(names))
        if layer is None and len(names) != 1:
            raise _bad_table(path.name, "which_layer", layers="、".join(names) or "-")
        name = layer or names[0]
        info = pyogrio.read_info(copy, layer=name)
        stated = _stated_crs(info["crs"], path.name)
    size = int(info["features"])

    def records() -> Iterator[_Record]:
        for start in range(0, size, _PAGE):
            with _readable(path.name):
                meta, fids, shapes, values = pyogrio.raw.read(
                    copy, layer=name, skip_features=start, max_features=_PAGE, force_2d=True, return_fids=True
                )
            fields = [str(f) for f in meta["fields"]]
            for i, blob in enumerate(shapes):
                cells = {f: _item(column[i]) for f, column in zip(fields, values, strict=True)}
                yield _placed(int(fids[i]), cells, blob, stated)

    return _Sheet(tuple(str(f) for f in info["fields"]), records(), size, has_geometry=True)


def _item(value: Any) -> Any:
    """Return a numpy value as a plain one; dates as ISO text."""
    if hasattr(value, "dtype") and value.dtype.kind == "M":
        return None if str(value) == "NaT" else str(value.astype("datetime64[D]"))
    return value.item() if hasattr(value, "item") else value


def _open_parquet(path: Path, stack: ExitStack) -> _Sheet:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise NotInstalled(what="Parquet", package="pyarrow", extra="arrow") from None
    try:
        file = stack.enter_context(parquet.ParquetFile(path))
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _bad_table(path.name, "not_parquet", error=str(error)[:100]) from error
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    binary = [f.name for f in schema if pa.types.is_binary(f.type) or pa.types.is_large_binary(f.type)]
    shape = geo.get("primary_column") or (binary[0] if len(binary) == 1 else None)
    stated = ""
    if shape in geo.get("columns", {}):
        described = geo["columns"][shape]
        if described.get("encoding", "WKB") != "WKB":
            raise _bad_table(path.name, "encoding", encoding=described["encoding"])
        # GeoParquet: no crs member means lon/lat on WGS 84, null means unknown
        crs = described.get("crs", "OGC:CRS84")
        stated = _stated_crs(_projjson(crs, path.name) if isinstance(crs, dict) else crs, path.name)
    headers = tuple(name for name in schema.names if name != shape)

    def records() -> Iterator[_Record]:
        number = 0
        for page in file.iter_batches(batch_size=_PAGE):
            for cells in page.to_pylist():
                number += 1
                blob = cells.pop(shape, None) if shape is not None else None
                yield _Record(number, cells) if shape is None else _placed(number, cells, blob, stated)

    return _Sheet(headers, records(), file.metadata.num_rows, has_geometry=shape is not None)


def _projjson(crs: dict[str, Any], source: str) -> str:
    import pyproj

    try:
        return pyproj.CRS.from_json_dict(crs).to_wkt()
    except pyproj.exceptions.CRSError as error:
        raise _bad_table(source, "crs", error=str(error)[:100]) from error


def _stated_crs(crs: str | None, source: str) -> str:
    """Return the CRS a file states as an EWKT prefix, "" when it states none."""
    if not crs or "undefined" in crs[:40].lower():
        return ""
    label = geometry.parse_crs(crs, source=source).label
    if not label.startswith("EPSG:"):
        raise _bad_table(source, "crs", error=label)
    return f"SRID={label.removeprefix('EPSG:')};"


def _placed(number: int, cells: dict[str, Any], blob: bytes | None, stated: str) -> _Record:
    """Return a record whose geometry is WKB."""
    if blob is None:
        return _Record(number, cells, None)
    try:
        shape = shapely.from_wkb(blob)
    except shapely.errors.ShapelyError as error:
        return _Record(number, cells, None, _bad_row(number, "wkb", error=" ".join(str(error).split())[:100]))
    return _Record(number, cells, ("wkt", stated + shapely.to_wkt(shape, rounding_precision=-1, trim=False)))


class _readable:  # noqa: N801, a context manager used like a function
    """Turn whatever a driver raises over a damaged file into our error."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._warnings.__exit__(None, None, None)
        if isinstance(error, Exception) and not isinstance(error, SanxianError):
            raise _bad_table(self._source, "broken", error=" ".join(str(error).split())[:100]) from error


# --- screening -------------------------------------------------------------------------------


def screen_rows(
    rows: Iterable[Row], edition: Edition, as_of: date, *, count_drafts: bool = False
) -> Iterator[Result]:
    """Yield a result for each row, in order.

    Raises
    ------
    EditionError
        The edition is not in force on ``as_of``.
    """
    edition.in_force(as_of)
    source = iter(rows)
    while chunk := list(islice(source, _CHUNK)):
        projects = [row.project for row in chunk if row.project is not None]
        answers = iter(_answers(projects, edition, as_of, count_drafts))
        for row in chunk:
            if row.project is None:
                yield Result(row=row, screening=None, error=row.error)
                continue
            answer = next(answers)
            if isinstance(answer, Failure):
                yield Result(row=row, screening=None, error=answer.error)
            else:
                yield Result(row=row, screening=answer, error=None)


def _answers(
    projects: Sequence[Project], edition: Edition, as_of: date, count_drafts: bool
) -> list[Screening | Failure]:
    try:
        return list(screen_many(projects, edition, as_of, count_drafts=count_drafts))
    except SanxianError:
        raise
    except Exception as error:  # noqa: BLE001, a bug over one project must not cost the others
        if len(projects) == 1:  # found: the others of the chunk are answered
            return [Failure(project=projects[0], error=Unforeseen.of(error))]
        return [answer for one in projects for answer in _answers([one], edition, as_of, count_drafts)]


def screen_lines(
    rows: Iterable[Row],
    edition: Edition,
    as_of: date,
    style: str,
    *,
    count_drafts: bool = False,
    workers: int = 1,
) -> Iterator[Line]:
    """Yield for each row, in order, what a results file keeps of it: :func:`screen_rows` for :func:`writer`.

    Parameters
    ----------
    rows, edition, as_of, count_drafts
        As for :func:`screen_rows`.
    style : str
        Of the results file, as for :func:`writer`.
    workers : int, default 1
        Processes to work in; the lines are the same for any number. What comes back from them is the line, not
        the screening, which would take as long to travel as to make.

    Raises
    ------
    EditionError
        The edition is not in force on ``as_of``.
    """
    keep = Keep(style, edition, as_of)
    if workers == 1:
        for result in screen_rows(rows, edition, as_of, count_drafts=count_drafts):
            yield keep.line(result)
        return
    edition.in_force(as_of)
    source = iter(rows)
    waiting: deque[Row] = deque()  # read and not answered yet
    broken: list[Exception] = []  # what reading the table raised

    def projects() -> Iterator[Project]:
        try:
            for row in source:
                waiting.append(row)
                if row.project is not None:
                    yield row.project
        except Exception as error:
            broken.append(error)
            raise

    def unread() -> Iterator[Line]:
        while waiting and waiting[0].project is None:
            yield keep.line(Result(row=waiting[0], screening=None, error=waiting.popleft().error))

    while True:
        made = screen_many(
            projects(), edition, as_of, count_drafts=count_drafts, workers=workers, finish=keep.finished
        )
        try:
            for line in made:
                yield from unread()
                yield line.of(waiting.popleft())
            yield from unread()
            return
        except SanxianError:
            raise
        except Exception:  # a bug over one project must not cost the others
            left = list(waiting)
            waiting.clear()
            for result in screen_rows(left, edition, as_of, count_drafts=count_drafts):
                yield keep.line(result)
            if broken:
                raise


# --- results ---------------------------------------------------------------------------------

FIELDS: Final = (
    "row", "id", "name", "verdict", "verdict_zh",
    *(o.name.lower() for o in sorted(Outcome, reverse=True)),
    "deciding_clauses", "reason_zh", "reason_en", "units", "counties", "asks", "area_m2", "length_m",
    "edition", "edition_digest", "as_of", "engine_version", "synthetic", "error_code", "error_zh", "error_en",
)  # fmt: skip
_INTEGERS: Final = frozenset(("row", *(o.name.lower() for o in Outcome)))
_REALS: Final = frozenset(("area_m2", "length_m"))


def flat(result: Result, edition: Edition, as_of: date) -> dict[str, Any]:
    """Return a result as one flat row (``FIELDS``); lists are joined with ``;``."""
    made: dict[str, Any] = dict.fromkeys(FIELDS)
    made |= {
        "row": result.row.number,
        "id": result.row.id,
        "name": result.row.name,
        "edition": edition.info.id,
        "edition_digest": edition.info.digest,
        "as_of": as_of.isoformat(),
        "engine_version": ENGINE_VERSION,
        "synthetic": SYNTHETIC if edition.info.synthetic else "",
    }
    if result.error is not None:
        made |= {
            "error_code": result.error.code,
            "error_zh": result.error.text("zh-CN"),
            "error_en": result.error.text("en"),
        }
    if result.screening is not None:
        made |= _summary(result.screening, edition)
    return made


def _summary(screening: Screening, edition: Edition) -> dict[str, Any]:
    deciding = [f for f in screening.findings if f.outcome is screening.verdict]
    clauses = dict.fromkeys(f.clause or f"{f.kind}:{f.layer or f.place}" for f in deciding)
    kinds = {layer.id: layer.kind for layer in edition.layers}
    met = [h for h in screening.hits if h.role == "" and h.relation is Relation.OVERLAP]
    counties = _counties(edition)
    first = next((f for f in deciding if f.kind is FindingKind.CLAUSE), deciding[0] if deciding else None)
    return {
        "verdict": screening.verdict.name,
        "verdict_zh": t(f"outcome.{screening.verdict.name}", "zh-CN"),
        **{o.name.lower(): n for o, n in screening.counts.items()},
        "deciding_clauses": ";".join(clauses) if screening.verdict > Outcome.COMPLIANT else "",
        "reason_zh": first.reason_zh if first is not None else "",
        "reason_en": first.reason_en if first is not None else "",
        "units": ";".join(dict.fromkeys(h.zone for h in met if kinds[h.layer] is LayerKind.CONTROL_UNIT)),
        "counties": ";".join(dict.fromkeys(h.zone for h in met if h.zone in counties)),
        "asks": ";".join(ask.fact for ask in screening.asks),
        "area_m2": screening.area_m2,
        "length_m": screening.length_m,
    }


@lru_cache(maxsize=4)
def _counties(edition: Edition) -> frozenset[str]:
    # an edition is immutable and compared by identity
    admin = (layer.id for layer in edition.layers if layer.kind is LayerKind.ADMIN)
    return frozenset(z.code for layer in admin for z in edition.zones[layer] if z.zone_class == "county")


class Line(NamedTuple):
    """What a results file keeps of one row; made where the row was screened."""

    outcome: Outcome | None  # the verdict; None when there is no screening
    fields: dict[str, Any] | None = None  # of a flat row …
    record: bytes = b""  # … or the record, as JSON …
    error: dict[str, Any] | None = None  # … or what stands in its place
    row: int = 0
    id: str = ""
    name: str = ""

    def of(self, row: Row) -> Line:
        """Return the line of a row of the table."""
        fields = (
            None
            if self.fields is None
            else {**self.fields, "row": row.number, "id": row.id, "name": row.name}
        )
        return self._replace(fields=fields, row=row.number, id=row.id, name=row.name)

    def written(self) -> bytes:
        """Return the line of a JSONL file: keys sorted, no white space."""
        stated = {"id": self.id, "name": self.name, "row": self.row, **(self.error or {})}
        head = json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
        return b'%b,"screening":%b}\n' % (head[:-1], self.record) if self.record else head + b"\n"


class Keep(NamedTuple):
    """What a results file of a style keeps of its rows."""

    style: str
    edition: Edition
    as_of: date

    def line(self, result: Result) -> Line:
        """Return the line of a result."""
        outcome = None if result.screening is None else result.screening.verdict
        if self.style != "jsonl":
            return Line(outcome, fields=flat(result, self.edition, self.as_of)).of(result.row)
        if result.screening is not None:
            return Line(outcome, record=to_json(result.screening)).of(result.row)
        error = result.error
        stated: dict[str, Any] = {
            "edition": {"id": self.edition.info.id, "digest": self.edition.info.digest},
            "as_of": self.as_of.isoformat(),
        }
        if error is not None:
            stated["error"] = {"code": error.code, "zh": error.text("zh-CN"), "en": error.text("en")}
        return Line(None, error=stated).of(result.row)

    def finished(self, found: Screening | Failure) -> Line:
        """Return the line of a screening whose row is not known here."""
        row = Row(number=0, id="", name="", project=found.project, error=None)
        if isinstance(found, Failure):
            return self.line(Result(row=row, screening=None, error=found.error))
        return self.line(Result(row=row, screening=found, error=None))


@contextmanager
def writer(
    path: str | Path, style: str, edition: Edition, as_of: date
) -> Iterator[Callable[[Result | Line], None]]:
    """Yield a function that writes one result; the file appears when all were written.

    Parameters
    ----------
    path : str or Path
        The results file.
    style : str
        ``csv`` (UTF-8 with BOM, for Excel), ``jsonl`` (one full record a line) or ``parquet``.
    edition, as_of
        What the results are about.

    Raises
    ------
    OutputFailed
        The disk is full, the folder missing …; no half file is left.
    """
    keep = Keep(style, edition, as_of)
    with output.replacing(path) as beside:
        made = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}[style]
        with made(beside) as write:
            yield lambda found: write(found if isinstance(found, Line) else keep.line(found))


@contextmanager
def _write_csv(path: Path) -> Iterator[Callable[[Line], None]]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.DictWriter(file, FIELDS)
        rows.writeheader()
        yield lambda line: rows.writerow({k: inert(v) for k, v in (line.fields or {}).items()})


def inert(value: Any) -> Any:
    """Return a text a spreadsheet will not run as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA) and not re.fullmatch(r"[+-]?[\d.]+", value):
        return f"'{value}"
    return value


@contextmanager
def _write_jsonl(path: Path) -> Iterator[Callable[[Line], None]]:
    with path.open("wb") as file:

        def write(line: Line) -> None:
            file.write(line.written())

        yield write


@contextmanager
def _write_parquet(path: Path) -> Iterator[Callable[[Line], None]]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise NotInstalled(what="Parquet", package="pyarrow", extra="arrow") from None
    schema = pa.schema(
        [(f, pa.int64() if f in _INTEGERS else pa.float64() if f in _REALS else pa.string()) for f in FIELDS]
    )
    page: list[dict[str, Any]] = []
    with parquet.ParquetWriter(path, schema) as file:

        def flush() -> None:
            file.write_table(pa.Table.from_pylist(page, schema=schema))
            page.clear()

        def write(line: Line) -> None:
            page.append(line.fields or {})
            if len(page) == _PAGE:
                flush()

        yield write
        flush()

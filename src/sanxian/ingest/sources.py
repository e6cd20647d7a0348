"""Sources: the files people hand in, as layers that are read in batches.

What a file is, its content says, not its name; GDAL sees a file only after that check (``geometry.readers``
tells why). Nothing is read whole: a batch holds about :data:`BATCH_BYTES` of the source, so a layer of 10 GB
needs no more memory than one of 10 MB. GDAL turns curves into short straight edges (4° of arc).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import numpy as np

from sanxian.edition.geopackage import connected
from sanxian.errors import InputError, SanxianError, SourceRefused
from sanxian.geometry.archives import open_archive
from sanxian.i18n import t
from sanxian.ingest.dbase import AttributeTable
from sanxian.ingest.geojson import pieces

BATCH_BYTES: Final = 16 << 20  # of the source file
BATCH_FEATURES: Final = 4096
TABLES: Final = (".xlsx", ".xlsm", ".docx", ".docm", ".csv", ".tsv", ".txt")
_VECTORS: Final = (".shp", ".gpkg", ".geojson", ".json", ".gdb", ".zip")
_SIDECARS: Final = (
    ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xml", ".qmd", ".qpj", ".qml", ".lyr", ".toml", ".lock",
    ".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".md", ".pdf", ".png", ".jpg",
)  # fmt: skip
_SQLITE: Final = b"SQLite format 3\0"
_SHP: Final = b"\x00\x00\x27\x0a"


class Batch(NamedTuple):
    """Some features of a source layer; column by column, all text."""

    first: int  # number of the first feature, from 1
    wkb: Sequence[bytes | None]
    columns: list[list[str]]  # in the order of SourceLayer.fields
    numbers: Sequence[int]  # of each feature, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLayer:
    """One layer of a source."""

    label: str  # "成果.gdb/HJGKDY", never a path
    names: tuple[str, ...]  # what a profile may call it: layer, its alias, the file
    fields: tuple[str, ...]
    geometry: str  # as declared: "Polygon", "Unknown" …
    count: int  # features, as the source says
    crs: str  # as stated, "" when it states none
    by_standard: bool  # the format means this CRS (GeoJSON), nobody wrote it
    cut: bool  # names of fields may have been cut to 10 bytes
    encoding: str
    curves: int  # features with curves, where the format tells
    batches: Callable[[], Iterator[Batch]]


@dataclass(slots=True)
class Sources:
    """What was found at the paths given."""

    layers: list[SourceLayer] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    refused: list[tuple[str, SanxianError]] = field(default_factory=list)  # source, why
    skipped: list[str] = field(default_factory=list)  # files of no known kind


@contextmanager
def open_sources(
    paths: Sequence[str | os.PathLike[str]], *, encodings: Callable[[str], str] = lambda _: ""
) -> Iterator[Sources]:
    """Yield what the paths hold; unpacked archives are there until the block ends.

    Parameters
    ----------
    paths : sequence of path
        Files, geodatabases (``.gdb`` folders), archives (``.zip``) and folders of all these.
    encodings : callable
        Encoding of the shapefile of a name where somebody stated it, else "".

    Raises
    ------
    SourceRefused
        A path does not exist. What is wrong with one file is in ``Sources.refused`` instead.
    """
    with ExitStack() as stack:
        found = Sources()
        for path in map(Path, paths):
            if not path.exists():
                raise _refused(path.name, "missing")
            _open(path, path.name, found, stack, encodings)
        yield found


def _refused(source: str, key: str, /, **given: object) -> SourceRefused:
    zh, en = (t(f"ingest.source.{key}", lang, **given) for lang in ("zh-CN", "en"))
    return SourceRefused(source=source, reason={"zh": zh, "en": en})


def _open(path: Path, label: str, found: Sources, stack: ExitStack, encodings: Callable[[str], str]) -> None:
    """Add what one path holds."""
    if path.is_dir() and path.suffix.lower() != ".gdb":
        inside = sorted(p for p in path.iterdir() if not p.name.startswith((".", "~$", "__MACOSX")))
        for entry in inside:
            _open(entry, entry.name, found, stack, encodings)
        return
    suffix = path.suffix.lower()
    try:
        if suffix == ".zip":
            _open_zip(path, label, found, stack, encodings)
        elif suffix in TABLES:
            found.tables.append(path)
        elif suffix in _VECTORS:
            found.layers += _READERS[suffix](path, label, stack, encodings)
        elif suffix not in _SIDECARS:
            found.skipped.append(label)
    except SanxianError as error:
        found.refused.append((label, error))


def _open_zip(
    path: Path, label: str, found: Sources, stack: ExitStack, encodings: Callable[[str], str]
) -> None:
    """Unpack an archive that passed every check, and open what was in it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanxian-")))
    with open_archive(path, label) as archive:
        names = [n for n in archive.names if not PurePosixPath(n).name.startswith((".", "~$"))]
        for name in names:
            if name.startswith("__MACOSX/"):
                continue
            target = folder.joinpath(*PurePosixPath(name).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            archive.extract(name, target)
    for entry in sorted(folder.iterdir()):
        _open(entry, f"{label}/{entry.name}", found, stack, encodings)


# --- GDAL ------------------------------------------------------------------------------------


@contextmanager
def _gdal(source: str) -> Iterator[None]:
    """Turn whatever GDAL raises into our error and keep its warnings off the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (InputError, GeneratorExit):
            raise
        except Exception as error:  # damaged bytes make a driver raise almost anything
            words = " ".join(re.sub(r"(; )?Error occurred in \S+", "", str(error)).split())[:200]
            raise _refused(
                source, "broken", error=words.replace(os.sep, "/").rpartition("/")[2] or "?"
            ) from error


@contextmanager
def gdal_options(**options: str) -> Iterator[None]:
    """Set options of GDAL for now."""
    import pyogrio

    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _crs(stated: str | None) -> str:
    return "" if stated is None or re.match(r"[A-Z]+\[\"undefined", stated, re.IGNORECASE) else stated


def _step(size: int, count: int) -> int:
    """Return how many features make a batch of a source of ``size`` bytes."""
    return max(1, min(BATCH_FEATURES, BATCH_BYTES * max(count, 1) // max(size, 1)))


def _text(value: Any) -> str:
    """Return a value of GDAL as text: numbers as short as they read back, dates as ISO."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value).removesuffix("T00:00:00.000").removesuffix("T00:00:00")
    if isinstance(value, np.bool_ | bool):
        return str(bool(value)).lower()
    if isinstance(value, np.floating | float):
        return "" if value != value else repr(float(value)).removesuffix(".0")  # noqa: PLR0124 - NaN stands for null
    if isinstance(value, np.ndarray | list):
        return json.dumps([_text(item) for item in value], ensure_ascii=False)
    return str(value)


def _columns(values: Sequence[Any]) -> list[list[str]]:
    return [[_text(value) for value in column] for column in values]


def _by_position(dataset: str, layer: str | None, step: int, source: str) -> Callable[[], Iterator[Batch]]:
    """Return batches read by their position in the layer."""

    def batches() -> Iterator[Batch]:
        from pyogrio import raw

        first = 0
        while True:
            with _gdal(source):
                _, _, wkb, values = raw.read(
                    dataset, layer=layer, skip_features=first, max_features=step, force_2d=False
                )
            if not len(wkb):
                return
            yield Batch(first + 1, wkb, _columns(values), range(first + 1, first + 1 + len(wkb)))
            first += len(wkb)
            if len(wkb) < step:
                return

    return batches


def _by_number(dataset: str, layer: str, key: str, step: int, source: str) -> Callable[[], Iterator[Batch]]:
    """Return batches read by feature number, which a database finds without counting from the start.

    It also reads what is there, not as many as the file says it has: QGIS and others keep that number.
    """

    def batches() -> Iterator[Batch]:
        from pyogrio import raw

        last, first = -(2**53), 0
        while True:
            with _gdal(source):
                _, fids, wkb, values = raw.read(
                    dataset,
                    layer=layer,
                    where=f'"{key}" > {last}',
                    max_features=step,
                    return_fids=True,
                    force_2d=False,
                )
            if not len(wkb):
                return
            yield Batch(first + 1, wkb, _columns(values), range(first + 1, first + 1 + len(wkb)))
            first, last = first + len(wkb), int(fids[-1])

    return batches


# --- formats ---------------------------------------------------------------------------------


def _geopackage(path: Path, label: str, _: ExitStack, __: Callable[[str], str]) -> Iterator[SourceLayer]:
    import pyogrio

    if not _head(path, label).startswith(_SQLITE):
        raise _refused(label, "content", suffix=path.suffix)
    with connected(path) as db:
        _refuse_active(db, label)
        curves = _curves(db)
    with _gdal(label):
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        infos = {name: pyogrio.read_info(path, layer=name) for name in names}
    size = path.stat().st_size
    total = sum(max(info["features"], 0) for info in infos.values())
    for name, info in infos.items():
        key = str(info["fid_column"] or "")
        step = _step(size, total)
        batches = (
            _by_number(str(path), name, key, step, f"{label}/{name}")
            if key
            else _by_position(str(path), name, step, f"{label}/{name}")
        )
        names_of = (name, path.stem) if len(infos) == 1 else (name,)
        yield _layer(f"{label}/{name}", names_of, info, batches, curves=curves.get(name, 0))


def _refuse_active(db: Any, label: str) -> None:
    """Refuse virtual tables other than GeoPackage's own indexes: some modules read other files."""
    for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"):
        found = re.search(
            r"CREATE\s+VIRTUAL\s+TABLE.*?\sUSING\s+[\"'`\[]?(\w+)", str(sql), re.IGNORECASE | re.DOTALL
        )
        if found and found[1].lower() not in ("rtree", "fts5", "fts4", "fts3"):
            raise _refused(label, "active", module=found[1])


_CURVED: Final = {8, 9, 10, 11, 12}  # CircularString, CompoundCurve, CurvePolygon, MultiCurve, MultiSurface


def _curves(db: Any) -> dict[str, int]:
    """Return how many features of each table have curves; GDAL straightens them without a word."""
    found: dict[str, int] = {}
    with suppress(Exception):  # a table that cannot be looked into is read, and reported, later
        rows = db.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        for table, column in rows:
            quoted = '"' + column.replace('"', '""') + '"'
            named = '"' + table.replace('"', '""') + '"'
            heads = f"SELECT substr({quoted}, 1, 80) FROM {named} WHERE {quoted} IS NOT NULL"  # noqa: S608 - quoted
            for (head,) in db.execute(heads):
                at = 8 + (0, 32, 48, 48, 64, 0, 0, 0)[head[3] >> 1 & 7]
                kind = int.from_bytes(head[at + 1 : at + 5], "little" if head[at] else "big")
                found[table] = found.get(table, 0) + ((kind & 0xFFFF) % 1000 in _CURVED)
    return found


def _geodatabase(path: Path, label: str, _: ExitStack, __: Callable[[str], str]) -> Iterator[SourceLayer]:
    import pyogrio

    if not path.is_dir() or not any(p.suffix.lower() == ".gdbtable" for p in path.iterdir()):
        raise _refused(label, "content", suffix=path.suffix)
    with _gdal(label):
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        infos = {name: pyogrio.read_info(path, layer=name) for name in names}
    # its geometries are packed to about a third
    size = 3 * sum(p.stat().st_size for p in path.iterdir() if p.is_file())
    total = sum(max(info["features"], 0) for info in infos.values())
    for name, info in infos.items():
        alias = (info.get("layer_metadata") or {}).get("ALIAS_NAME", "")
        names_of = [n for n in (name, alias, path.stem if len(infos) == 1 else "") if n]
        batches = _by_position(str(path), name, _step(size, total), f"{label}/{name}")
        yield _layer(f"{label}/{name}", tuple(names_of), info, batches)


def _geojson(path: Path, label: str, stack: ExitStack, _: Callable[[str], str]) -> Iterator[SourceLayer]:
    import pyogrio

    head = _head(path, label)
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        raise _refused(label, "content", suffix=path.suffix)
    parts = [path]
    if path.stat().st_size > 2 * BATCH_BYTES:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanxian-")))
        try:
            parts = pieces(path, folder, BATCH_BYTES)
        except ValueError as error:  # also UnicodeDecodeError
            raise _refused(label, "broken", error=" ".join(str(error).split())[:200]) from error
    datasets = [f"GeoJSON:{part}" for part in parts]  # no other driver may look at them
    with _gdal(label):
        infos = [pyogrio.read_info(dataset) for dataset in datasets]
    fields = dict.fromkeys(str(name) for info in infos for name in info["fields"])
    info = infos[0] | {"fields": list(fields), "features": sum(int(info["features"]) for info in infos)}
    stated = b'"crs"' in head or info["crs"] != "EPSG:4326"  # the member may stand after the features
    names = (path.stem,) if len(parts) > 1 else (path.stem, str(info["layer_name"]))
    batches = _by_file(datasets, list(fields), label)
    yield _layer(label, names, info, batches, by_standard=not stated)


def _by_file(datasets: Sequence[str], fields: Sequence[str], source: str) -> Callable[[], Iterator[Batch]]:
    """Return batches of files of one layer, whose features need not have all the fields."""

    def batches() -> Iterator[Batch]:
        from pyogrio import raw

        first = 1
        for dataset in datasets:
            with _gdal(source):
                meta, _, wkb, values = raw.read(dataset, force_2d=False)
            there = dict(zip(map(str, meta["fields"]), _columns(values), strict=True))
            blank = [""] * len(wkb)
            columns = [there.get(name, blank) for name in fields]
            if len(wkb):
                yield Batch(first, wkb, columns, range(first, first + len(wkb)))
            first += len(wkb)

    return batches


def _layer(
    label: str,
    names: tuple[str, ...],
    info: dict[str, Any],
    batches: Callable[[], Iterator[Batch]],
    *,
    by_standard: bool = False,
    curves: int = 0,
) -> SourceLayer:
    return SourceLayer(
        label=label,
        names=tuple(dict.fromkeys(names)),
        fields=tuple(map(str, info["fields"])),
        geometry=str(info["geometry_type"]),
        count=int(info["features"]),
        crs=_crs(info["crs"]),
        by_standard=by_standard,
        cut=False,
        encoding="",
        curves=curves,
        batches=batches,
    )


def _head(path: Path, label: str) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise _refused(label, "broken", error=error.strerror or type(error).__name__) from error
    if not head.strip():
        raise _refused(label, "empty")
    return head


def _shapefile(
    path: Path, label: str, stack: ExitStack, encodings: Callable[[str], str]
) -> Iterator[SourceLayer]:
    import pyogrio

    beside = {p.suffix.lower(): p for p in path.parent.iterdir() if p.stem.lower() == path.stem.lower()}
    if not _head(path, label).startswith(_SHP):
        raise _refused(label, "content", suffix=path.suffix)
    if ".shx" not in beside:
        raise _refused(label, "no_shx", name=f"{path.stem}.shx")
    for suffix in (".shp", ".shx"):
        with beside[suffix].open("rb") as file:
            header = file.read(100)
        if len(header) < 100 or beside[suffix].stat().st_size < 2 * int.from_bytes(header[24:28], "big"):
            raise _refused(label, "short", name=f"{path.stem}{suffix}")
    shapes = _shapes_alone(beside[".shp"], beside[".shx"], stack)
    with _gdal(label):
        info = pyogrio.read_info(shapes)
    table = None
    if ".dbf" in beside:
        cpg = (
            beside[".cpg"].read_bytes().decode("ascii", "replace").strip("\0 \r\n")
            if ".cpg" in beside
            else ""
        )
        table = AttributeTable(beside[".dbf"], cpg, encodings(path.stem), label)
        if table.count != info["features"]:
            raise _refused(label, "rows", rows=table.count, shapes=int(info["features"]))
    crs = ""
    if ".prj" in beside:
        crs = beside[".prj"].read_bytes().decode("utf-8", "replace").strip("\ufeff\0 \r\n\t")
    yield SourceLayer(
        label=label,
        names=(path.stem,),
        fields=() if table is None else table.names,
        geometry=str(info["geometry_type"]),
        count=int(info["features"]),
        crs=crs,
        by_standard=False,
        cut=True,
        encoding="" if table is None else table.encoding,
        curves=0,
        batches=_shape_batches(
            shapes, table, _step(beside[".shp"].stat().st_size, int(info["features"])), label
        ),
    )


def _shapes_alone(shp: Path, shx: Path, stack: ExitStack) -> str:
    """Return a path under which GDAL finds the shapes without their table, whose deleted rows it would skip."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanxian-")))
    for file, name in ((shp, "layer.shp"), (shx, "layer.shx")):
        target = folder / name
        try:
            target.symlink_to(file.resolve())
        except OSError:  # Windows without the right to make links
            shutil.copyfile(file, target)
    return str(folder / "layer.shp")


def _shape_batches(
    shapes: str, table: AttributeTable | None, step: int, label: str
) -> Callable[[], Iterator[Batch]]:
    positions = _by_position(shapes, None, step, label)

    def batches() -> Iterator[Batch]:
        for batch in positions():
            if table is None:
                yield batch._replace(columns=[])
                continue
            columns, deleted = table.rows(batch.first - 1, len(batch.wkb))
            rows = [n for n, gone in enumerate(deleted) if not gone]
            yield Batch(
                batch.first,
                [batch.wkb[n] for n in rows],
                [[column[n] for n in rows] for column in columns],
                [batch.first + n for n in rows],
            )

    return batches


_READERS: Final[dict[str, Callable[[Path, str, ExitStack, Callable[[str], str]], Iterator[SourceLayer]]]] = {
    ".gpkg": _geopackage,
    ".gdb": _geodatabase,
    ".geojson": _geojson,
    ".json": _geojson,
    ".shp": _shapefile,
}

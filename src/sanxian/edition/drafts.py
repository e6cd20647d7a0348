"""Drafts: an edition in the making, in one GeoPackage.

A draft (草案) has the tables of an edition, always in the newest format, and two of its own: the ingest log
(入库日志) and the published totals its areas are compared with. It may hold anything the quality gate exists
to find: codes used twice, rings that cross themselves, clauses about units that are not there. It carries
another mark than an edition, so that nothing is ever judged by it, and its digest means nothing: people edit
drafts in QGIS.

::

    with draft_writer("draft.gpkg") as writer:
        for batch in batches:  # as many as there are; a layer is never held whole
            writer.add(layer, batch)
        writer.finish(edition, log=log, totals=totals)  # an edition without zones
    draft = open_draft("draft.gpkg")
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition.content import Edition
from sanxian.edition.geopackage import (
    DRAFT,
    connected,
    read_tables,
    replacing,
    select,
    shapes_of,
    write_features,
    write_tables,
)
from sanxian.edition.rows import FORMS, RuleRow, encode
from sanxian.errors import EditionInvalid
from sanxian.model import Layer, Zone

_FORM: Final = FORMS[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """入库日志: one thing that was read, renamed, repaired or dropped, where and why."""

    severity: Literal["info", "warning", "error"]
    code: str  # stable, such as "FIELD_RENAMED"; listed in docs/reference/ingest.md
    zh: str
    en: str
    source: str = ""  # file name and layer, never a path
    layer: str = ""  # layer id in the draft
    item: str = ""  # zone code, clause id, row number
    place: BaseGeometry | None = None  # lon/lat EPSG:4490


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTotal:
    """公布面积: what a published table says about a layer, to compare the data with."""

    layer: str
    region: str = ""  # GB/T 2260 code; "" = the whole region
    zone_class: str = ""  # class or subtype; "" = all
    count: int | None = None
    area_m2: float | None = None
    rounding_m2: float = 0.0  # half a unit of the last digit printed
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """草案: what is to become an edition, as it stands, with how it came about."""

    edition: Edition  # not in canonical form; its digest means nothing
    log: tuple[LogEntry, ...] = ()
    totals: tuple[PublishedTotal, ...] = ()
    origin: Path | None = field(default=None, repr=False)


_LOG: Final = ("severity", "code", "source", "layer", "item", "zh", "en")
_TOTAL: Final = {
    "layer": "TEXT",
    "region": "TEXT",
    "class": "TEXT",
    "count": "INTEGER",
    "area_m2": "REAL",
    "rounding_m2": "REAL",
    "source": "TEXT",
}
_LOG_TABLE: Final = "ingest_log"
_TOTAL_TABLE: Final = "published_total"


def open_draft(path: str | os.PathLike[str]) -> Draft:
    """Open a draft and return it as it stands, unchecked.

    Raises
    ------
    EditionError
        Not found, no draft (a published edition is none), incomplete, damaged, being edited.
    """
    path = Path(path)
    with connected(path) as connection:
        _, edition = read_tables(connection, path.name, DRAFT)
        logged = list(select(connection, _LOG_TABLE, [*_LOG, "geom"]))
        given = [row[-1] is not None for row in logged]
        read = iter(shapes_of([row[-1] for row in logged if row[-1] is not None], path.name, _LOG_TABLE))
        places = [next(read) if there else None for there in given]
        log = tuple(
            LogEntry(**dict(zip(_LOG, (str(cell or "") for cell in row), strict=False)), place=place)  # type: ignore[arg-type]  # severity is checked by nobody, it is only shown
            for row, place in zip(logged, places, strict=True)
        )
        totals = tuple(
            PublishedTotal(
                layer=row[0] or "",
                region=row[1] or "",
                zone_class=row[2] or "",
                count=row[3],
                area_m2=row[4],
                rounding_m2=row[5] or 0.0,
                source=row[6] or "",
            )
            for row in select(connection, _TOTAL_TABLE, list(_TOTAL))
        )
    return Draft(edition=edition, log=log, totals=totals, origin=path)


def write_draft(draft: Draft, path: str | os.PathLike[str]) -> None:
    """Write a draft that is held in memory, whole or not at all; raises as :func:`draft_writer` does."""
    with draft_writer(path) as writer:
        for layer in draft.edition.layers:
            writer.add(layer, draft.edition.zones.get(layer.id, ()))
        writer.finish(draft.edition, log=draft.log, totals=draft.totals)


@contextmanager
def draft_writer(path: str | os.PathLike[str]) -> Iterator[DraftWriter]:
    """Yield a writer of a draft; the file takes the place of ``path`` when the block ends without error.

    Raises
    ------
    EditionInvalid
        Something cannot be stored at all: text with a NUL, a coordinate that is no number, no layer.
    OutputFailed
        The disk is full, the folder read-only, or another program has the file open.
    """
    with replacing(Path(path)) as temporary:
        writer = DraftWriter(temporary)
        yield writer
        writer.check_finished()


class DraftWriter:
    """Writes the zones of a draft batch by batch, then everything else; made by :func:`draft_writer`."""

    def __init__(self, path: Path) -> None:
        """Write to ``path``, which does not exist."""
        self._path = path
        self._layers: set[str] = set()
        self._finished = False

    def add(self, layer: Layer, zones: Sequence[Zone]) -> None:
        """Append ``zones`` to a layer; the first call for a layer makes its table, with or without zones."""
        try:
            rows = [encode(_FORM.zone, zone) for zone in zones]
        except (ValueError, TypeError, AttributeError) as cause:
            raise EditionInvalid(edition=self._path.name, count=1, reason=f"{layer.id}: {cause}") from cause
        shapes = np.empty(len(zones), dtype=object)
        shapes[:] = [shapely.force_2d(zone.geometry) for zone in zones]
        write_features(self._path, layer, _FORM.zone, rows, shapes, uniform=False)
        self._layers.add(layer.id)

    def finish(
        self, edition: Edition, *, log: Sequence[LogEntry] = (), totals: Sequence[PublishedTotal] = ()
    ) -> None:
        """Write all that is no zone; ``edition.zones`` is not looked at."""
        for layer in edition.layers:
            if layer.id not in self._layers:
                self.add(layer, ())
        self._write_log(log)
        rules = [RuleRow(c.id, seq, rule) for c in edition.clauses for seq, rule in enumerate(c.rules)]
        items: Mapping[str, Sequence[Any]] = MappingProxyType(
            {
                "edition": [edition.info],
                "layer": edition.layers,
                "clause": edition.clauses,
                "rule": rules,
                "document": list(edition.documents.values()),
                "place_state": edition.states,
                "coverage": edition.coverage,
                "catalogue": list(edition.catalogues.values()),
                "change": edition.changes,
                "office": list(edition.offices.values()),
            }
        )
        try:
            rows = {name: [encode(columns, i) for i in items[name]] for name, columns in _FORM.tables.items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as cause:
            raise EditionInvalid(edition=edition.info.title, count=1, reason=str(cause)) from cause
        write_tables(self._path, edition.info, _FORM, rows, DRAFT, digest="")
        with closing(sqlite3.connect(self._path)) as connection, connection:
            declared = ", ".join(f'"{name}" {sql}' for name, sql in _TOTAL.items())
            connection.execute(f"CREATE TABLE {_TOTAL_TABLE} (fid INTEGER PRIMARY KEY NOT NULL, {declared})")
            connection.executemany(
                f"INSERT INTO {_TOTAL_TABLE} ({', '.join(map(repr, _TOTAL))}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - the names are above
                [
                    (x.layer, x.region, x.zone_class, x.count, x.area_m2, x.rounding_m2, x.source)
                    for x in totals
                ],
            )
            connection.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
                (_TOTAL_TABLE, _TOTAL_TABLE),
            )
        self._finished = True

    def _write_log(self, log: Sequence[LogEntry]) -> None:
        from pyogrio import raw

        places = np.empty(len(log), dtype=object)
        places[:] = [entry.place for entry in log]
        raw.write(
            str(self._path),
            shapely.to_wkb(places),
            [np.array([getattr(entry, name) for entry in log], dtype=object) for name in _LOG],
            np.array(_LOG, dtype=object),
            layer=_LOG_TABLE,
            driver="GPKG",
            geometry_type="Unknown",
            crs="EPSG:4490",
            append=self._path.exists(),
            layer_options={"FID": "fid", "GEOMETRY_NAME": "geom", "DESCRIPTION": "入库日志 / ingest log"},
        )

    def check_finished(self) -> None:
        """Raise RuntimeError when :meth:`finish` was not called: a draft without its tables is none."""
        if not self._finished:
            raise RuntimeError("finish() was not called")

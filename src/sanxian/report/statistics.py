"""The statistics of an edition as tables for people and as a record for machines.

The tables are the same on a terminal and in a workbook; areas are rounded there and nowhere else. The record and
the flat table keep every digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from sanxian.i18n import t
from sanxian.model import Dimension, LayerKind, Level, UnitClass
from sanxian.report.tables import Cell, Table, as_csv, as_workbook
from sanxian.statistics import LayerStatistics, Row, Statistics, scheme_tables

FORMAT: Final = "sanxian-statistics/1"
_KM2: Final = "#,##0.00"
_ROWS: Final = ("by_class", "by_subtype", "by_place")


def tables_of(made: Statistics, lang: str = "zh-CN") -> list[Table]:
    """Return the statistics as tables, the one a scheme publishes first."""
    return [
        *_scheme(made, lang),
        _layers(made, lang),
        _classes(made, lang),
        _places(made, lang),
        *_clauses(made, lang),
    ]


def method(made: Statistics, lang: str) -> str:
    """Return how areas were measured."""
    ellipsoid = _say(lang, "method")
    if made.area_method == "equal_area":
        return ellipsoid
    return f"{ellipsoid} {_say(lang, 'method_published', method=made.area_method)}"


def to_workbook(made: Statistics, lang: str = "zh-CN") -> bytes:
    """Return the tables as the sheets of one workbook, dated the day they speak of.

    Raises
    ------
    NotInstalled
        openpyxl is missing.
    """
    return as_workbook(tables_of(made, lang), made.as_of)


def to_csv(made: Statistics, lang: str = "zh-CN") -> bytes:
    """Return every row of every layer in one flat table for Excel, unrounded."""
    names = (
        "layer",
        "table",
        "class",
        "subtype",
        "level",
        "place",
        "name",
        "count",
        "area_m2",
        "published_m2",
        "length_m",
        "share",
    )
    rows: list[tuple[Cell, ...]] = []
    for layer in made.layers:
        told = [("total", layer.total)]
        told += [(table, row) for table in _ROWS for row in getattr(layer, table)]
        for table, row in told:
            rows.append(
                (
                    layer.layer,
                    table,
                    row.zone_class,
                    row.subtype,
                    row.place_level,
                    row.place,
                    row.place_name,
                    row.count,
                    row.area_m2,
                    row.published_m2,
                    row.length_m,
                    row.share,
                )
            )
    header = tuple(_say(lang, f"column.{name}") for name in names)
    remark = (_say(lang, "remark"), _say(lang, "synthetic")) if made.synthetic else None
    return as_csv(Table(title="", header=header, rows=tuple(rows)), remark)


def to_json(made: Statistics) -> bytes:
    """Return the statistics as UTF-8 JSON, unrounded; the same statistics give the same bytes."""
    clauses = made.clauses
    record = {
        "format": FORMAT,
        "edition": {"id": made.id, "title": made.title, "digest": made.digest, "region": made.region},
        "synthetic": made.synthetic,
        "as_of": made.as_of.isoformat(),
        "method": {
            "area": "CGCS2000 ellipsoid, edges straight in longitude and latitude",
            "published_area": made.area_method,
        },
        "region_m2": made.region_m2,
        "scheme": [asdict(table) for table in scheme_tables(made)],
        "layers": [_record(layer) for layer in made.layers],
        "clauses": {
            "in_force": clauses.in_force,
            "lapsed": clauses.lapsed,
            "without_rule": clauses.without_rule,
            "by_level": [
                {"level": level.value, "dimension": dimension.value, "count": count}
                for (level, dimension), count in clauses.by_level.items()
            ],
            "rules": {state.value: count for state, count in clauses.rules.items()},
            "units": clauses.units,
            "units_with_own": clauses.units_with_own,
        },
    }
    return (json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _record(layer: LayerStatistics) -> dict[str, Any]:
    made = asdict(layer)
    made["kind"] = layer.kind.value
    for key in ("total", *_ROWS):
        rows = [made[key]] if key == "total" else made[key]
        for row in rows:
            if row["published_m2"] is None:
                del row["published_m2"]
    return made


def _say(lang: str, key: str, /, **given: object) -> str:
    return t(f"statistics.{key}", lang, **given)


def _class(name: str, layer: LayerStatistics, lang: str) -> str:
    if name not in UnitClass.__members__:
        return name
    units = layer.kind is LayerKind.CONTROL_UNIT
    return t(f"labels.unit_class.{name}", lang) if units else _say(lang, f"class.{name}")


def _km2(square_metres: float) -> float:
    return round(square_metres / 1e6, 2)


def _pct(share: float) -> float:
    return round(100.0 * share, 2)


def _notes(made: Statistics, lang: str) -> tuple[str, ...]:
    marks = (_say(lang, "synthetic"),) if made.synthetic else ()
    return (*marks, _say(lang, "as_of", title=made.title, day=made.as_of.isoformat()), method(made, lang))


def _scheme(made: Statistics, lang: str) -> Iterator[Table]:
    for table in scheme_tables(made):
        layer = made.layer(table.layer)
        rows = [
            (
                _class(row.zone_class, layer, lang) or _say(lang, "total"),
                row.count,
                row.area_km2,
                row.share_pct,
            )
            for row in (*table.rows, table.total)
        ]
        notes = [*_notes(made, lang)]
        if table.published:
            notes.append(_say(lang, "scheme_published", method=made.area_method))
        if table.area_over_km2 or table.share_over_pct:
            notes.append(
                _say(
                    lang, "rounded", area=f"{table.area_over_km2:+.2f}", share=f"{table.share_over_pct:+.2f}"
                )
            )
        yield Table(
            title=_say(lang, "scheme", title=table.title),
            header=tuple(_say(lang, f"column.{name}") for name in ("class", "count", "km2", "share_units")),
            rows=tuple(rows),
            notes=tuple(notes),
            widths=(24, 10, 18, 16),
            formats={2: _KM2, 3: "0.00"},
        )


def _layers(made: Statistics, lang: str) -> Table:
    rows = tuple(
        (
            layer.title,
            layer.layer,
            layer.total.count,
            _km2(layer.total.area_m2),
            None if layer.total.published_m2 is None else _km2(layer.total.published_m2),
            _km2(layer.land_m2),
            _pct(layer.land_m2 / made.region_m2),
            round(layer.total.length_m / 1e3, 2) or None,
        )
        for layer in made.layers
    )
    names = ("title", "layer", "count", "km2", "published_km2", "land_km2", "share_land", "km")
    header = tuple(_say(lang, f"column.{name}") for name in names)
    return _without_empty(
        Table(
            title=_say(lang, "layers"),
            header=header,
            rows=rows,
            notes=_notes(made, lang),
            widths=(28, 20, 10, 16, 16, 16, 12, 14),
            formats={3: _KM2, 4: _KM2, 5: _KM2, 6: "0.00", 7: _KM2},
        )
    )


def _without_empty(table: Table) -> Table:
    """Return a table without columns in which nothing stands."""
    keep = [
        i for i in range(len(table.header)) if any(row[i] is not None and row[i] != "" for row in table.rows)
    ]
    formats = table.formats or {}
    return Table(
        title=table.title,
        header=tuple(table.header[i] for i in keep),
        rows=tuple(tuple(row[i] for i in keep) for row in table.rows),
        notes=table.notes,
        widths=tuple(table.widths[i] for i in keep),
        formats={new: formats[old] for new, old in enumerate(keep) if old in formats},
    )


def _classes(made: Statistics, lang: str) -> Table:
    rows = tuple(
        (
            layer.title,
            _class(row.zone_class, layer, lang),
            row.subtype,
            row.count,
            _km2(row.area_m2),
            None if row.published_m2 is None else _km2(row.published_m2),
            _pct(row.share),
        )
        for layer in made.layers
        if layer.kind is not LayerKind.ADMIN
        for row in layer.by_subtype
    )
    names = ("title", "class", "subtype", "count", "km2", "published_km2", "share_land")
    return _without_empty(
        Table(
            title=_say(lang, "classes"),
            header=tuple(_say(lang, f"column.{name}") for name in names),
            rows=rows,
            notes=_notes(made, lang),
            widths=(28, 20, 28, 10, 16, 16, 12),
            formats={4: _KM2, 5: _KM2, 6: "0.00"},
        )
    )


def _places(made: Statistics, lang: str) -> Table:
    def cells(layer: LayerStatistics, row: Row) -> tuple[Cell, ...]:
        return (
            layer.title,
            _say(lang, f"level.{row.place_level}"),
            row.place,
            row.place_name or _say(lang, "nowhere"),
            _class(row.zone_class, layer, lang) or _say(lang, "all"),
            row.count,
            _km2(row.area_m2),
            _pct(row.share) if row.place else None,
        )

    rows = tuple(
        cells(layer, row)
        for layer in made.layers
        for row in layer.by_place
        if row.count or row.zone_class == ""
    )
    names = ("title", "level", "place", "name", "class", "count", "km2", "share_place")
    return Table(
        title=_say(lang, "places"),
        header=tuple(_say(lang, f"column.{name}") for name in names),
        rows=rows,
        notes=_notes(made, lang),
        widths=(28, 10, 10, 26, 20, 10, 16, 12),
        formats={6: _KM2, 7: "0.00"},
    )


def _clauses(made: Statistics, lang: str) -> Iterator[Table]:
    counts = made.clauses.by_level
    rows: list[tuple[Cell, ...]] = []
    for level in Level:
        line = [counts.get((level, dimension), 0) for dimension in Dimension]
        if sum(line):
            rows.append((t(f"labels.level.{level}", lang), *line, sum(line)))
    columns = [sum(n for (_, d), n in counts.items() if d is dimension) for dimension in Dimension]
    rows.append((_say(lang, "total"), *columns, sum(columns)))
    yield Table(
        title=_say(lang, "clauses"),
        header=(
            _say(lang, "column.clause_level"),
            *(t(f"labels.dimension.{dimension}", lang) for dimension in Dimension),
            _say(lang, "total"),
        ),
        rows=tuple(rows),
        notes=_notes(made, lang)[:-1],
        widths=(16, 18, 18, 18, 18, 10),
    )
    clauses = made.clauses
    states = [(_say(lang, f"rule.{state}"), count) for state, count in clauses.rules.items()]
    yield Table(
        title=_say(lang, "rules"),
        header=(_say(lang, "column.what"), _say(lang, "column.number")),
        rows=(
            (_say(lang, "rule.in_force"), clauses.in_force),
            (_say(lang, "rule.lapsed"), clauses.lapsed),
            (_say(lang, "rule.without"), clauses.without_rule),
            *states,
            (_say(lang, "rule.units"), clauses.units),
            (_say(lang, "rule.units_with_own"), clauses.units_with_own),
        ),
        notes=_notes(made, lang)[:-1],
        widths=(44, 12),
    )

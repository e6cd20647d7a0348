"""The record: a difference as JSON and as one flat table, for machines and for Excel.

Names are stable English; values stand as they are in the editions, areas in m² unrounded. Shapes are not written:
both editions have them. Columns and keys are listed in docs/reference/diff.md.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sanxian.comparison.comparing import RENUMBERED_SHARE
from sanxian.comparison.difference import (
    Difference,
    FieldChange,
    ItemChange,
    Kind,
    LayerDifference,
    Plain,
    ZoneChange,
)
from sanxian.comparison.ground import LEAST_AREA_M2, LEAST_WIDTH_M
from sanxian.i18n import t
from sanxian.model import EditionInfo

FORMAT: Final = "sanxian-difference/1"
_SIZES: Final = ("old_area_m2", "new_area_m2", "gained_m2", "lost_m2", "gained_m", "lost_m")
COLUMNS: Final = (
    "section", "layer", "change", "old_key", "new_key", "name", "field", "old", "new", "gained_m2", "lost_m2",
)  # fmt: skip


def to_json(difference: Difference) -> bytes:
    """Return a difference as UTF-8 JSON; the same difference gives the same bytes."""
    record = {
        "format": FORMAT,
        "old": _identity(difference.old),
        "new": _identity(difference.new),
        "synthetic": difference.old.synthetic or difference.new.synthetic,
        "method": {
            "area": "CGCS2000 ellipsoid, edges straight in longitude and latitude",
            "least_area_m2": LEAST_AREA_M2,
            "least_width_m": LEAST_WIDTH_M,
            "renumbered_share": RENUMBERED_SHARE,
        },
        "only_layers": list(difference.only),
        "same": difference.empty,
        "edition": [_field(change) for change in difference.info],
        "layers": [_layer(layer) for layer in difference.layers],
        "tables": {name: [_item(row) for row in rows] for name, rows in difference.tables.items()},
    }
    return (json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _identity(info: EditionInfo) -> dict[str, Any]:
    return {"id": info.id, "title": info.title, "digest": info.digest}


def _field(change: FieldChange) -> dict[str, Any]:
    return {"field": change.name, "old": change.old, "new": change.new}


def _layer(layer: LayerDifference) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "title": layer.title,
        "unchanged": layer.unchanged,
        **{kind.value: layer.count(kind) for kind in Kind},
        "reshaped": layer.reshaped,
        "redrawn": layer.redrawn,
        "moved_m2": layer.moved_m2,
        "rounding_m2": layer.rounding_m2,
        "zones": [_zone(change) for change in layer.changes],
        "transfers": [{"from": x.old, "to": x.new, "area_m2": x.area_m2} for x in layer.transfers],
    }


def _zone(change: ZoneChange) -> dict[str, Any]:
    named = {
        "kind": change.kind.value,
        "old_code": None if change.old is None else change.old.code,
        "new_code": None if change.new is None else change.new.code,
        "name": change.name,
        "shape": None if change.shape is None else change.shape.value,
        "elsewhere": change.elsewhere,
    }
    sizes = {name: getattr(change, name) for name in _SIZES}
    return {**named, **sizes, "fields": [_field(f) for f in change.fields]}


def _item(row: ItemChange[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "key": row.key,
        "kind": row.kind.value,
        "fields": [_field(f) for f in row.fields],
    }
    if row.rules:
        made["rules"] = [
            {"old": rule.old_index, "new": rule.new_index, "fields": [_field(f) for f in rule.fields]}
            for rule in row.rules
        ]
    return made


# --- one flat table --------------------------------------------------------------------------


def to_csv(difference: Difference, lang: str = "zh-CN") -> bytes:
    """Return a difference as a table, a row for each change and each field, for Excel (UTF-8 with BOM)."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow([t(f"comparison.column.{name}", lang) for name in COLUMNS])
    if difference.old.synthetic or difference.new.synthetic:
        writer.writerow([t("comparison.synthetic", lang), *[""] * (len(COLUMNS) - 1)])
    for row in _rows(difference):
        writer.writerow([_safe(row.get(name, "")) for name in COLUMNS])
    return page.getvalue().encode("utf-8-sig")


def _rows(difference: Difference) -> Iterator[dict[str, Any]]:
    for change in difference.info:
        yield {"section": "edition", "change": Kind.CHANGED.value, **_values(change)}
    for layer in difference.layers:
        for zone in layer.material:
            yield from _zone_rows(zone)
        for x in layer.transfers:
            moved = {"section": "transfer", "layer": layer.layer, "old_key": x.old, "new_key": x.new}
            yield {**moved, "change": "moved", "gained_m2": x.area_m2, "lost_m2": x.area_m2}
    for name, items in difference.tables.items():
        for item in items:
            yield from _item_rows(name, item)


def _zone_rows(zone: ZoneChange) -> Iterator[dict[str, Any]]:
    base = {
        "section": "zone",
        "layer": zone.layer,
        "old_key": "" if zone.old is None else zone.old.code,
        "new_key": "" if zone.new is None else zone.new.code,
        "name": zone.name,
    }
    kind = "reshaped" if zone.kind is Kind.CHANGED and zone.shape == "reshaped" else zone.kind.value
    if kind != Kind.CHANGED.value:
        yield {**base, "change": kind, "gained_m2": zone.gained_m2, "lost_m2": zone.lost_m2}
    for change in zone.fields:
        yield {**base, "change": Kind.CHANGED.value, **_values(change)}


def _item_rows(table: str, item: ItemChange[Any]) -> Iterator[dict[str, Any]]:
    base = {"section": table, "old_key": item.key, "new_key": item.key, "change": item.kind.value}
    if item.kind is not Kind.CHANGED:
        side = {"old_key": ""} if item.kind is Kind.ADDED else {"new_key": ""}
        yield {**base, **side}
    for change in item.fields:
        yield {**base, **_values(change)}
    for rule in item.rules:
        name = f"rules[{'' if rule.old_index is None else rule.old_index}→{'' if rule.new_index is None else rule.new_index}]"
        if not rule.fields:
            yield {**base, "field": name}
        for change in rule.fields:
            yield {**base, **_values(change), "field": f"{name}.{change.name}"}


def _values(change: FieldChange) -> dict[str, Any]:
    return {"field": change.name, "old": shown(change.old), "new": shown(change.new)}


def shown(value: Plain) -> str:
    """Return a value as text; a list with 、 between its items, nothing for what is not there.

    Examples
    --------
    >>> shown(("26", "30")), shown(None), shown(True), shown(25.0)
    ('26、30', '', 'true', '25')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "、".join(map(shown, _listed(value)))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _listed(value: tuple[Any, ...]) -> Iterable[Plain]:
    return value


def _safe(value: Any) -> Any:
    """Return a cell that a spreadsheet takes for text, not for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value

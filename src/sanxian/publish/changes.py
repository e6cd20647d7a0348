"""Changes: what differs between two editions, row by row, and why each row was changed.

Zones and clauses are compared by code and id, their fields as they are stored and their shapes as canonical sets
of coordinates; so a difference here is a difference of the digest, and the other way round. How much ground moved
from where to where is the business of ``sanxian diff``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition
from sanxian.edition.rows import FORMS, Column, canonical_json, encode
from sanxian.edition.shapes import canonical_wkb
from sanxian.geometry import lonlat_area
from sanxian.model import Change

_FORM: Final = FORMS[2]  # the newest: an older one has no column that it lacks
WHOLE: Final = "edition"  # item of the row that speaks of the edition as a whole

# tables beside zones and clauses, and what names a row of them
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "layer": ("id",),
    "document": ("id",),
    "place_state": ("place", "key", "valid_from"),
    "coverage": ("layer", "region"),
    "catalogue": ("id",),
    "office": ("id",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row that the new edition has, lacks, or has otherwise than the old one."""

    item: str  # "layer/zone code", clause id, or "table:key" for the other tables
    kind: str  # added, removed, changed
    name: str  # of the zone, number of the clause …
    fields: tuple[str, ...] = ()  # columns that differ; "geom" is the shape
    old: BaseGeometry | None = None  # the shapes, for those who measure them
    new: BaseGeometry | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    cells: Mapping[str, Any]
    shape: BaseGeometry | None = None


def differences(old: Edition, new: Edition) -> tuple[Difference, ...]:
    """Return every row in which two editions differ, by item; both in canonical form.

    The identity of the editions and their own change tables are left out. Empty means: the same content.
    """
    before, after = dict(_rows(old)), dict(_rows(new))
    found = []
    for item in sorted(before.keys() | after.keys()):
        was, now = before.get(item), after.get(item)
        if was is None and now is not None:
            found.append(Difference(item=item, kind="added", name=now.name, new=now.shape))
        elif now is None and was is not None:
            found.append(Difference(item=item, kind="removed", name=was.name, old=was.shape))
        elif was is not None and now is not None:
            fields = tuple(key for key in now.cells if was.cells.get(key) != now.cells[key])
            if fields:
                found.append(
                    Difference(
                        item=item, kind="changed", name=now.name, fields=fields, old=was.shape, new=now.shape
                    )
                )
    return tuple(found)


def _rows(edition: Edition) -> Iterator[tuple[str, _Row]]:
    for layer, zones in edition.zones.items():
        blobs = canonical_wkb(_array([zone.geometry for zone in zones]))
        for zone, blob in zip(zones, blobs, strict=True):
            cells: dict[str, Any] = {**_cells(_FORM.zone, zone), "geom": blob}
            yield f"{layer}/{zone.code}", _Row(zone.name, cells, zone.geometry)
    for clause in edition.clauses:
        cells = _cells(_FORM.tables["clause"], clause)
        cells["rule"] = canonical_json([dict(rule) for rule in clause.rules])
        yield clause.id, _Row(clause.number, cells)
    tables: Mapping[str, Sequence[Any]] = {
        "layer": edition.layers,
        "document": tuple(edition.documents.values()),
        "place_state": edition.states,
        "coverage": edition.coverage,
        "catalogue": tuple(edition.catalogues.values()),
        "office": tuple(edition.offices.values()),
    }
    for table, items in tables.items():
        seen: dict[str, int] = {}
        for item in items:
            cells = _cells(_FORM.tables[table], item)
            key = f"{table}:{'/'.join(str(cells[part] or '') for part in _KEYS[table])}"
            seen[key] = seen.get(key, 0) + 1
            name = str(cells.get("title") or cells.get("name") or cells.get("value") or "")
            # rows without a key of their own may repeat it; canonical order tells them apart
            yield key if seen[key] == 1 else f"{key}#{seen[key]}", _Row(name, cells)


def _array(shapes: Sequence[BaseGeometry]) -> Any:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def _cells(columns: Sequence[Column], item: object) -> dict[str, Any]:
    return dict(zip((column.name for column in columns), encode(columns, item), strict=True))


# --- the change table ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a draft or a table says was changed, sorted by what it is good for."""

    succession: tuple[Change, ...]
    reasons: Mapping[str, Change]  # added, removed, changed rows, by item
    stale: tuple[Change, ...]  # rows left over from the edition before


def declared(changes: Sequence[Change], old: Edition | None) -> Declared:
    """Sort the rows of a draft's change table; those that the old edition has too are history, not news."""
    history = set() if old is None else {_plain(change) for change in old.changes}
    stale = tuple(change for change in changes if _plain(change) in history)
    news = [change for change in changes if _plain(change) not in history]
    return Declared(
        succession=tuple(change for change in news if change.kind == "succeeded"),
        reasons={change.item: change for change in news if change.kind != "succeeded"},
        stale=stale,
    )


def _plain(change: Change) -> tuple[object, ...]:
    return change.item, change.kind, change.reason, change.successors


def change_table(
    found: Sequence[Difference], stated: Declared, *, reason: str, trigger: str, first: bool
) -> tuple[Change, ...]:
    """Return the change table of a new edition: one row for the whole, one for each difference, one for each succession.

    A row that the draft gives a reason of its own keeps it; the others carry the reason of the publication. A first
    edition has the row for the whole only: everything in it is new.
    """
    rows = [Change(item=WHOLE, kind="added" if first else "changed", reason=reason, trigger=trigger)]
    succeeded = {change.item for change in stated.succession}
    rows += [replace(change, trigger=change.trigger or trigger) for change in stated.succession]
    for difference in found:
        if difference.item in succeeded and difference.kind == "removed":
            continue  # the succession says it
        own = stated.reasons.get(difference.item)
        rows.append(
            Change(
                item=difference.item,
                kind=difference.kind,
                reason=own.reason if own is not None and own.reason else reason,
                trigger=own.trigger if own is not None and own.trigger else trigger,
            )
        )
    return tuple(rows)


def unfounded(found: Sequence[Difference], stated: Declared) -> tuple[str, ...]:
    """Return the items that are declared changed although nothing of them differs; they are left out."""
    real = {difference.item for difference in found} | {WHOLE}
    return tuple(sorted(item for item in stated.reasons if item not in real))


def areas_m2(difference: Difference) -> tuple[float | None, float | None]:
    """Return the area of a zone before and after, on the ellipsoid; ``None`` where there is no area or no zone."""

    def area(shape: BaseGeometry | None) -> float | None:
        return None if shape is None or shapely.get_dimensions(shape) < 2 else lonlat_area(shape)

    return area(difference.old), area(difference.new)

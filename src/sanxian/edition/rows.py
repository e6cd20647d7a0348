"""Rows: how each type of an edition is stored, column by column.

One table of columns per type serves writing, reading and the digest alike. A cell is what SQLite keeps;
lists and objects are canonical JSON text.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from sanxian.model import CoverageStatus, Dimension, LayerKind, Level, Scope

Cell: TypeAlias = str | int | float | None
"""One stored value; what SQLite keeps and what the digest hashes."""
Row: TypeAlias = tuple[Cell, ...]


class Column(NamedTuple):
    """A column: how a field becomes a cell and back; both raise ValueError or TypeError on nonsense."""

    name: str
    sql: str
    encode: Callable[[Any], Cell]
    decode: Callable[[Any], Any]
    field: str = ""  # name in the dataclass, when it differs


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> str:
    """Return the canonical JSON text: sorted keys, no spaces, no escapes beyond need, no NaN."""
    return _ENCODER.encode(value)


def text(value: Any) -> str:
    """Return ``value`` as storable text; ``None`` is the empty text."""
    # GDAL and QGIS do not keep "" and NULL apart everywhere, so neither do we
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError("NUL character in text")  # GDAL would cut the text there
    return str(value)


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"number expected, not {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError("number is not finite")
    return float(value) + 0.0  # no negative zero


def _flag(value: Any) -> bool:
    if value not in {0, 1}:
        raise ValueError(f"0 or 1 expected, not {value!r}")
    return bool(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"whole number expected, not {type(value).__name__}")
    return value


def _from_day(value: date | None) -> str | None:
    if isinstance(value, datetime):
        raise TypeError("a date expected, not a time")
    return None if value is None else value.isoformat()


def _to_day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _some_day(value: Any) -> date:
    if not isinstance(value, str):
        raise TypeError("a date is missing")
    return date.fromisoformat(value)


def _from_words(value: Iterable[str]) -> str:
    return canonical_json([text(word) for word in value])


def _words(value: Any) -> tuple[str, ...]:
    if not (isinstance(value, list) and all(isinstance(word, str) for word in value)):
        raise TypeError("array of texts expected")
    return tuple(value)


def _from_pairs(value: Mapping[str, str]) -> str:
    return canonical_json({text(key): text(item) for key, item in value.items()})


def _to_pairs(value: Any) -> Mapping[str, str]:
    pairs = json.loads(value)
    if not (isinstance(pairs, dict) and all(isinstance(item, str) for item in pairs.values())):
        raise TypeError("object of texts expected")
    return MappingProxyType(pairs)


def _from_scope(value: Scope) -> str:
    filled = {f.name: getattr(value, f.name) for f in fields(Scope) if getattr(value, f.name)}
    return canonical_json(
        {key: item if item is True else [text(word) for word in item] for key, item in filled.items()}
    )


def _to_scope(value: Any) -> Scope:
    parts = json.loads(value)
    if not isinstance(parts, dict):
        raise TypeError("object expected")
    everywhere = _flag(parts.pop("everywhere", False))
    return Scope(everywhere=everywhere, **{key: _words(item) for key, item in parts.items()})


def _from_rule(value: Mapping[str, Any]) -> str:
    return canonical_json(dict(value))


def _to_rule(value: Any) -> Mapping[str, Any]:
    rule = json.loads(value)
    if not isinstance(rule, dict):
        raise TypeError("object expected")
    return rule


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "TEXT", text, text) for name in names)


def _reals(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "REAL", _real, _real) for name in names)


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "BOOLEAN", lambda v: int(_flag(v)), _flag) for name in names)


def _days(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "TEXT", _from_day, _to_day) for name in names)


def _words_in(name: str) -> Column:
    return Column(name, "TEXT", _from_words, lambda v: _words(json.loads(v)))


def _member(name: str, kind: type[enum.StrEnum]) -> Column:
    return Column(name, "TEXT", lambda v: kind(v).value, kind)


_VALID: Final = _days("valid_from", "valid_to")

_EDITION: Final = (
    *_texts("id", "title", "region"),
    Column("valid_from", "TEXT", _from_day, _some_day),
    *_days("valid_to", "published"),
    *_texts("publisher", "source", "area_method"),
    *_flags("synthetic"),
    *_texts("supersedes"),
)
_LAYER: Final = (
    *_texts("id"),
    _member("kind", LayerKind),
    *_texts("title"),
    *_reals("accuracy_m", "min_area_m2", "min_length_m", "near_m"),
    *_flags("partition", "strict_boundary"),
    *_texts("source"),
)
_ZONE_1: Final = (  # a feature table has these and a geometry; its layer is its name
    *_texts("code", "name"),
    Column("class", "TEXT", text, text, "zone_class"),
    *_texts("subtype"),
    _words_in("regions"),
    Column("attributes", "TEXT", _from_pairs, _to_pairs),
    *_VALID,
)
_CLAUSE: Final = (
    *_texts("id", "number"),
    _member("level", Level),
    _member("dimension", Dimension),
    *_texts("dimension_label", "category", "text", "document"),
    Column("scope", "TEXT", _from_scope, _to_scope),
    *_texts("list_id"),
    *_VALID,
)
_DOCUMENT: Final = (*_texts("id", "title", "number", "issuer"), *_VALID, *_texts("superseded_by", "source"))
_STATE: Final = (*_texts("place", "key", "value"), *_VALID, *_texts("source"))
_COVERAGE: Final = (
    *_texts("layer", "region"),
    _member("status", CoverageStatus),
    *_texts("source"),
    *_days("date"),
)
_CATALOGUE: Final = (*_texts("id", "title"), _words_in("industries"), *_texts("source"), *_VALID)
_CHANGE: Final = _texts("item", "kind", "reason", "trigger")
_RULE: Final = (
    *_texts("clause_id"),
    Column("seq", "INTEGER", _count, _count),
    Column("rule", "TEXT", _from_rule, _to_rule),
)

_TABLES_1: Final[Mapping[str, tuple[Column, ...]]] = {
    "edition": _EDITION,
    "layer": _LAYER,
    "clause": _CLAUSE,
    "rule": _RULE,
    "document": _DOCUMENT,
    "place_state": _STATE,
    "coverage": _COVERAGE,
    "catalogue": _CATALOGUE,
    "change": _CHANGE,
}
# A layer id is the name of its feature table.
LAYER_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)

# Format 2 adds who answers for a zone or clause, and what took the place of a code. Content without either is
# still written, and hashed, as format 1: a digest quoted as evidence does not change with the program.
_OFFICE: Final = _texts("id", "name", "contact", "region")
_ZONE_2: Final = (*_ZONE_1, *_texts("office"))
_TABLES_2: Final[Mapping[str, tuple[Column, ...]]] = {
    **_TABLES_1,
    "clause": (*_CLAUSE, *_texts("office")),
    "change": (*_CHANGE, _words_in("successors")),
    "office": _OFFICE,
}


class Form(NamedTuple):
    """The tables and columns of one format version."""

    version: int
    tables: Mapping[str, tuple[Column, ...]]
    zone: tuple[Column, ...]


FORMS: Final = {1: Form(1, _TABLES_1, _ZONE_1), 2: Form(2, _TABLES_2, _ZONE_2)}
RESERVED: Final = frozenset(_TABLES_2)  # names no layer may have
IDENTITY: Final = ("format", "format_version", "digest")  # further columns of table edition


class RuleRow(NamedTuple):
    """One rule of a clause; clauses hold a list, tables cannot."""

    clause_id: str
    seq: int
    rule: Mapping[str, Any]


def encode(columns: Sequence[Column], item: object) -> Row:
    """Return ``item`` as a row; ValueError, TypeError or AttributeError when a field cannot be stored."""
    return tuple(column.encode(getattr(item, column.field or column.name)) for column in columns)


def decode(columns: Sequence[Column], row: Sequence[Any]) -> dict[str, Any]:
    """Return the fields that a row holds.

    Raises
    ------
    ValueError
        A cell makes no sense; the message names its column.
    """
    values = {}
    for column, cell in zip(columns, row, strict=False):
        try:
            values[column.field or column.name] = column.decode(cell)
        except (ValueError, TypeError, RecursionError) as cause:
            raise ValueError(f"{column.name}: {cause}") from cause
    return values

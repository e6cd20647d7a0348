"""Profiles: how the data of one province are to be read, as a TOML file (docs/reference/ingest.md).

A profile is data, not code: which source layer is which layer of the edition, what its fields are called, what
its values mean. It may extend another, so that a province states only what it does differently.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sanxian.data import convert
from sanxian.edition.rows import LAYER_ID, RESERVED
from sanxian.errors import BadProfile, FactUnit, InputError, ProfileNotFound
from sanxian.geometry import DatumShift, parse_crs
from sanxian.i18n import t
from sanxian.ingest.names import plain_name
from sanxian.model import (
    Catalogue,
    Change,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    LayerKind,
    Level,
    Office,
    PlaceState,
)

ROLES: Final = ("code", "name", "class", "subtype", "regions", "office", "valid_from", "valid_to", "key")
REPAIRS: Final = ("make_valid", "zone_by_prefix")
TABLE_KINDS: Final = ("list", "totals", "workbook")


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRule:
    """How one layer of the edition is read."""

    id: str
    kind: LayerKind
    title: str
    match: tuple[str, ...]  # names of source layers or files; * and ? stand for anything
    accuracy_m: float | None = None
    min_area_m2: float = 1.0
    min_length_m: float = 1.0
    near_m: float = 1000.0
    partition: bool = False
    strict_boundary: bool = False
    source: str = ""
    required: bool = False  # say so when no source holds it
    declare: bool = False  # part of the edition even when no source holds it
    crs: str = ""  # where the source states none
    override_crs: str = ""  # whatever the source states
    datum: str = ""
    encoding: str = ""
    where: Mapping[str, tuple[str, ...]] = field(
        default_factory=_nothing
    )  # field: accepted values, compared as plain names
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)  # role: names of fields
    values: Mapping[str, Mapping[str, str]] = field(
        default_factory=_nothing
    )  # role: what is written (plain name): what is stored
    constant: Mapping[str, str] = field(
        default_factory=_nothing
    )  # role: value of every feature that has none
    attributes: Mapping[str, str] = field(
        default_factory=_nothing
    )  # field: attribute key, else the field's own name
    ignore: tuple[str, ...] = ()  # fields that say nothing about the place, such as OBJECTID
    areas: Mapping[str, str] = field(default_factory=_nothing)  # field with a published area: its unit
    clauses: Mapping[str, tuple[str, ...]] = field(
        default_factory=_nothing
    )  # dimension: fields that hold requirements of the zone
    labels: Mapping[str, str] = field(default_factory=_nothing)  # dimension: what the province calls it
    document: str = ""  # Document.id of those requirements
    repair: tuple[str, ...] = ()  # of REPAIRS; nothing else is ever mended
    class_from_code: bool = False
    regions_from_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule:
    """How a file of tables is read."""

    kind: str  # of TABLE_KINDS
    match: tuple[str, ...]  # file names
    sheets: tuple[str, ...] = ("*",)
    level: str = ""  # list: of clauses that state none
    scope: Mapping[str, Any] = field(default_factory=_nothing)  # list: of clauses that state none
    document: str = ""  # list: Document.id of clauses that state none
    rules: bool = True  # list: read the words as draft rules
    layer: str = ""  # totals: of rows that name none
    unit: str = "km2"  # totals: of areas whose header has none
    source: str = ""  # totals
    # totals: layer, region, class, count, area: their headers
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All that is said about the data of one edition."""

    name: str
    edition: Mapping[str, Any]  # fields of EditionInfo that are stated
    layers: tuple[LayerRule, ...]
    tables: tuple[TableRule, ...] = ()
    regions: Mapping[str, str] = field(
        default_factory=_nothing
    )  # spelling of a place (plain name): GB/T 2260 code
    coverage: tuple[Coverage, ...] = ()
    documents: tuple[Document, ...] = ()
    offices: tuple[Office, ...] = ()
    states: tuple[PlaceState, ...] = ()
    catalogues: tuple[Catalogue, ...] = ()
    changes: tuple[Change, ...] = ()


def shipped() -> tuple[str, ...]:
    """Return the names of the profiles that come with the program."""
    folder = resources.files("sanxian").joinpath("data", "profiles")
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def load_profile(name: str | Path) -> Profile:
    """Return the profile of a name that is shipped, or of a file.

    Raises
    ------
    ProfileNotFound, BadProfile
        There is none, or it says something nobody understands; the message names the place in it.
    """
    return _Parsed(_merged(str(name), None, ())).profile(Path(str(name)).name.removesuffix(".toml"))


# --- files and inheritance -------------------------------------------------------------------


def _merged(name: str, beside: Path | None, seen: tuple[str, ...]) -> dict[str, Any]:
    """Return the content of a profile over that of the one it extends."""
    table, where, key = _read(name, beside)
    if key in seen:
        raise _bad(name, "circular", chain=" → ".join((*seen, key)))
    parent = table.pop("extends", None)
    if parent is None:
        return table
    if not isinstance(parent, str):
        raise _bad(name, "wrong_type", path="extends", wanted="text")
    return _over(_merged(parent, where, (*seen, key)), table)


def _read(name: str, beside: Path | None) -> tuple[dict[str, Any], Path | None, str]:
    path = Path(name) if beside is None else beside / name
    try:
        if path.is_file():
            return tomllib.loads(path.read_bytes().decode("utf-8-sig")), path.parent, str(path.resolve())
        if name in shipped():
            found = resources.files("sanxian").joinpath("data", "profiles", f"{name}.toml")
            return tomllib.loads(found.read_text("utf-8")), None, name
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(path.name, "toml", error=str(error)) from error
    except OSError as error:
        raise _bad(path.name, "unreadable", error=error.strerror or type(error).__name__) from error
    raise ProfileNotFound(profile=name, known="、".join(shipped()))


_KEYS: Final = {"layer": "id", "document": "id", "office": "id", "catalogue": "id"}


def _over(base: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``own`` laid over ``base``: tables key by key, rows with an id by it, other rows before the base's."""
    made = dict(base)
    for key, value in own.items():
        before = made.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            made[key] = _over(before, value)
        elif isinstance(before, list) and _is_rows(value) and _is_rows(before):
            made[key] = _rows_over(before, value, _KEYS.get(key))
        else:
            made[key] = value
    return made


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value) and bool(value)


def _rows_over(
    base: list[dict[str, Any]], own: list[dict[str, Any]], key: str | None
) -> list[dict[str, Any]]:
    if key is None:
        return [*own, *base]
    known = {row.get(key): row for row in base}
    first = [_over(known.pop(row.get(key), {}), row) for row in own]
    return [*first, *(row for row in base if row.get(key) in known)]


# --- content ---------------------------------------------------------------------------------

Item = TypeVar("Item")

_EDITION: Final = (
    "id", "title", "region", "valid_from", "valid_to", "published", "publisher", "source", "area_method",
    "synthetic", "supersedes",
)  # fmt: skip
_TOP: Final = {
    "about", "edition", "source", "fields", "values", "areas", "ignore", "regions",
    "layer", "table", "coverage", "document", "office", "state", "catalogue", "change",
}  # fmt: skip
_READY: Final = {"accuracy_m": "float", "where": "any", "fields": "any", "values": "any", "clauses": "any"}
_DEFAULTS: Final = (
    "crs",
    "encoding",
    "datum",
    "repair",
    "class_from_code",
    "regions_from_code",
    "accuracy_m",
)


class _Parsed:
    """Turns the tables of a profile into what they mean, naming whatever it does not understand."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table
        self.source = "profile"

    def profile(self, name: str) -> Profile:
        self.source = f"{name}.toml"
        self._only(self.table, _TOP, "")
        edition = self._table("edition")
        self._only(edition, set(_EDITION), "edition")
        for key, value in edition.items():
            self._typed(value, self._edition_type(key), f"edition.{key}")
        regions = self._table("regions")
        layers = tuple(self._layers())
        ids = [layer.id for layer in layers]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise self._wrong("layer", "twice", value=", ".join(twice))
        return Profile(
            name=name,
            edition=MappingProxyType(dict(edition)),
            layers=layers,
            tables=tuple(self._tables()),
            regions=MappingProxyType(
                {plain_name(k): self._text(v, f"regions.{k}") for k, v in regions.items()}
            ),
            coverage=self._items("coverage", Coverage),
            documents=self._items("document", Document),
            offices=self._items("office", Office),
            states=self._items("state", PlaceState),
            catalogues=self._items("catalogue", Catalogue),
            changes=self._items("change", Change),
        )

    # --- layers and tables -----------------------------------------------------------------

    def _layers(self) -> Iterator[LayerRule]:
        defaults = self._table("source")
        self._only(defaults, set(_DEFAULTS), "source")
        shared = self._words_by_key(self._table("fields"), "fields")
        values = self._values(self._table("values"), "values")
        areas = self._table("areas")
        ignore = self._words(self.table.get("ignore", []), "ignore")
        for n, row in enumerate(self._rows("layer")):
            path = f"layer[{n}]"
            if isinstance(row.get("id"), str):
                path = f"layer.{row['id']}"
            given: dict[str, Any] = {**defaults, **row}
            own_fields = self._words_by_key(given.pop("fields", {}), f"{path}.fields")
            own_values = self._values(given.pop("values", {}), f"{path}.values")
            if unknown := (own_fields.keys() | shared.keys() | own_values.keys()) - set(ROLES):
                raise self._wrong(
                    f"{path}.fields", "role", value=", ".join(sorted(unknown)), known=" ".join(ROLES)
                )
            given["fields"] = {
                role: (*own_fields.get(role, ()), *shared.get(role, ()))
                for role in ROLES
                if role in own_fields or role in shared
            }
            given["values"] = {
                role: {**values.get(role, {}), **own_values.get(role, {})}
                for role in values.keys() | own_values.keys()
            }
            given["clauses"] = self._words_by_key(given.pop("clauses", {}), f"{path}.clauses")
            for part in (given["clauses"], given.get("labels", {})):
                if isinstance(part, dict) and (strange := sorted(part.keys() - set(Dimension))):
                    raise self._wrong(path, "unknown", value=", ".join(strange), known=" ".join(Dimension))
            given["areas"] = {**areas, **self._checked(given.pop("areas", {}), dict, f"{path}.areas")}
            given["ignore"] = [*self._words(given.pop("ignore", []), f"{path}.ignore"), *ignore]
            where = self._checked(given.pop("where", {}), dict, f"{path}.where")
            given["where"] = {
                k: tuple(map(plain_name, self._words(v, f"{path}.where.{k}"))) for k, v in where.items()
            }
            yield self._layer(given, path)

    def _layer(self, given: dict[str, Any], path: str) -> LayerRule:
        rule = self._make(LayerRule, given, path, given_types=_READY)
        if not LAYER_ID.fullmatch(rule.id) or rule.id in RESERVED:
            raise self._wrong(f"{path}.id", "layer_id", value=rule.id)
        if unknown := set(rule.repair) - set(REPAIRS):
            raise self._wrong(f"{path}.repair", "unknown", value=", ".join(unknown), known=" ".join(REPAIRS))
        if unknown := rule.constant.keys() - set(ROLES):
            raise self._wrong(f"{path}.constant", "role", value=", ".join(unknown), known=" ".join(ROLES))
        for word, unit in rule.areas.items():
            try:
                convert(1.0, unit, "m2")
            except FactUnit:
                raise self._wrong(f"{path}.areas.{word}", "unit", value=unit) from None
        try:
            for crs in filter(None, (rule.crs, rule.override_crs)):
                parse_crs(crs, source=self.source)
            if rule.datum:
                DatumShift.parse(rule.datum)
            if rule.encoding:
                "a".encode(rule.encoding)
        except LookupError:
            raise self._wrong(
                f"{path}.encoding", "unknown", value=rule.encoding, known="UTF-8 GB18030"
            ) from None
        except InputError as error:
            raise BadProfile(
                source=self.source,
                reason={"zh": f"{path}：{error.text()}", "en": f"{path}: {error.text('en')}"},
            ) from error
        return rule

    def _tables(self) -> Iterator[TableRule]:
        for n, row in enumerate(self._rows("table")):
            path = f"table[{n}]"
            columns = self._words_by_key(row.get("columns", {}), f"{path}.columns")
            rule = self._make(
                TableRule, {**row, "columns": columns}, path, given_types={"scope": "any", "columns": "any"}
            )
            if unknown := columns.keys() - {"layer", "region", "class", "count", "area"}:
                raise self._wrong(
                    f"{path}.columns",
                    "unknown",
                    value=", ".join(unknown),
                    known="layer region class count area",
                )
            if rule.kind not in TABLE_KINDS:
                raise self._wrong(f"{path}.kind", "unknown", value=rule.kind, known=" ".join(TABLE_KINDS))
            if rule.level and rule.level not in list(Level):
                raise self._wrong(f"{path}.level", "unknown", value=rule.level, known=" ".join(Level))
            yield rule

    def _items(self, key: str, kind: type[Item]) -> tuple[Item, ...]:
        made = tuple(self._make(kind, row, f"{key}[{n}]") for n, row in enumerate(self._rows(key)))
        ids = [getattr(item, "id", None) for item in made]
        if twice := sorted({str(i) for i in ids if i is not None and ids.count(i) > 1}):
            raise self._wrong(key, "twice", value=", ".join(twice))
        return made

    # --- types -----------------------------------------------------------------------------

    def _make(
        self,
        kind: type[Item],
        row: Mapping[str, Any],
        path: str,
        given_types: Mapping[str, str] | None = None,
    ) -> Item:
        """Return a dataclass made of a TOML table, each value checked against the field's type."""
        known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # every kind here is a dataclass
        self._only(row, set(known), path)
        missing = [
            name
            for name, f in known.items()
            if name not in row and f.default is MISSING and f.default_factory is MISSING
        ]
        if missing:
            raise self._wrong(path, "missing", value=", ".join(missing))
        made = {
            name: self._typed(value, (given_types or {}).get(name, str(known[name].type)), f"{path}.{name}")
            for name, value in row.items()
        }
        return kind(**made)

    def _typed(self, value: Any, wanted: str, path: str) -> Any:
        """Return a TOML value as a field of the type whose annotation is ``wanted`` has it."""
        if wanted == "any":
            return MappingProxyType(value) if isinstance(value, dict) else value
        if wanted.startswith("tuple"):
            return self._words(value, path)
        if wanted.startswith("Mapping"):
            table = self._checked(value, dict, path)
            return MappingProxyType({k: self._text(v, f"{path}.{k}") for k, v in table.items()})
        if wanted.startswith("bool"):
            return self._checked(value, bool, path)
        if wanted.startswith("float"):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._wrong(path, "wrong_type", wanted="number")
            return float(value)
        if wanted.startswith("date"):
            return self._day(value, path)
        for enum in (LayerKind, CoverageStatus):
            if wanted == enum.__name__:
                if value not in list(enum):
                    raise self._wrong(path, "unknown", value=value, known=" ".join(enum))
                return enum(value)
        return self._text(value, path)

    def _edition_type(self, key: str) -> str:
        return (
            "date"
            if key in ("valid_from", "valid_to", "published")
            else "bool"
            if key == "synthetic"
            else "str"
        )

    def _day(self, value: Any, path: str) -> date:
        try:
            return value if type(value) is date else date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self._wrong(path, "wrong_type", wanted="2026-01-01") from None

    def _text(self, value: Any, path: str) -> str:
        text: str = self._checked(value, str, path)
        if "\0" in text:
            raise self._wrong(path, "wrong_type", wanted="text without NUL")
        return text

    def _words(self, value: Any, path: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else self._checked(value, list, path)
        return tuple(self._text(word, path) for word in listed)

    def _words_by_key(self, table: Any, path: str) -> dict[str, tuple[str, ...]]:
        checked = self._checked(table, dict, path)
        return {key: self._words(value, f"{path}.{key}") for key, value in checked.items()}

    def _values(self, table: Any, path: str) -> dict[str, dict[str, str]]:
        checked = self._checked(table, dict, path)
        made: dict[str, dict[str, str]] = {}
        for role, words in checked.items():
            pairs = self._checked(words, dict, f"{path}.{role}")
            made[role] = {plain_name(k): self._text(v, f"{path}.{role}.{k}") for k, v in pairs.items()}
        return made

    def _table(self, key: str) -> dict[str, Any]:
        table: dict[str, Any] = self._checked(self.table.get(key, {}), dict, key)
        return table

    def _rows(self, key: str) -> Sequence[dict[str, Any]]:
        rows = self._checked(self.table.get(key, []), list, key)
        return [self._checked(row, dict, f"{key}[{n}]") for n, row in enumerate(rows)]

    def _checked(self, value: Any, wanted: type, path: str) -> Any:
        if not isinstance(value, wanted):
            raise self._wrong(
                path,
                "wrong_type",
                wanted={"dict": "table", "list": "array", "str": "text", "bool": "true/false"}[
                    wanted.__name__
                ],
            )
        return value

    def _only(self, table: Mapping[str, Any], known: set[str], path: str) -> None:
        if unknown := sorted(set(table) - known):
            raise self._wrong(
                path or "profile", "unknown", value=", ".join(unknown), known=" ".join(sorted(known))
            )

    def _wrong(self, path: str, key: str, /, **given: object) -> BadProfile:
        return _bad(self.source, key, path=path, **given)


def _bad(source: str, key: str, /, **given: object) -> BadProfile:
    name = Path(source).name
    name = name if name.endswith(".toml") else f"{name}.toml"
    zh, en = (t(f"ingest.profile.{key}", lang, **given) for lang in ("zh-CN", "en"))
    return BadProfile(source=name, reason={"zh": zh, "en": en})

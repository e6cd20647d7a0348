"""Giving an edition out in the official shape: layers in a format of one's choice, lists as a workbook, a profile.

Taking the folder in again by its own profile gives an edition with the same digest, whatever the format can hold:
names of 10 bytes, texts of 254 bytes, one kind of geometry a layer. What a field cannot hold stands in the
workbook, never cut.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import shapely

from sanxian import output
from sanxian.edition import Edition, digest, normalise, open_draft
from sanxian.errors import ExportRefused, SanxianError
from sanxian.i18n import t
from sanxian.ingest import toml
from sanxian.ingest.features import to_day
from sanxian.ingest.names import REGION, clean_code, clean_region, clean_text, plain_name
from sanxian.ingest.profile import LayerRule, Profile, load_profile
from sanxian.ingest.run import ingest
from sanxian.ingest.sources import gdal_options
from sanxian.ingest.workbook import ExactRow, workbook
from sanxian.model import Layer, Zone

FORMATS: Final = ("gdb", "shp", "gpkg", "geojson")
DATA: Final = {"gdb": "data.gdb", "gpkg": "data.gpkg"}
WORKBOOK: Final = "清单.xlsx"
PROFILE: Final = "profile.toml"
README: Final = "说明.md"
_DBF_BYTES: Final = 254
_MAX_FIELDS: Final = 200  # a DBF takes 255; more attributes than this stand in the workbook
_ROLES: Final = {  # role: our own field name, where the profile has none that fits
    "key": "BSM", "code": "BM", "name": "MC", "class": "FL", "subtype": "XL", "regions": "XZQHDM",
    "office": "ZRBM", "valid_from": "QSRQ", "valid_to": "JZRQ",
}  # fmt: skip
_TAKEN: Final = {
    "fid",
    "ogc_fid",
    "id",
    "objectid",
    "shape",
    "geom",
    "geometry",
    "shape_length",
    "shape_area",
}
_SQL: Final = frozenset(  # words GDAL renames when they are names of fields
    [
        "add", "all", "alter", "and", "as", "asc", "between", "by", "case", "cast", "column", "create", "date",
        "delete", "desc", "distinct", "drop", "exists", "for", "from", "group", "having", "in", "insert", "into",
        "is", "join", "like", "limit", "not", "null", "on", "or", "order", "select", "set", "table", "update",
        "values", "where",
    ]
)  # fmt: skip
_LOOKED_UP: Final = ("class", "regions", "office", "valid_from", "valid_to")
_LINE_END: Final = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    folder: Path
    zones: Mapping[str, int]
    clauses: int
    exact: int  # values that stand in the workbook because no field holds them
    digest: str  # of the edition, and of what taking the folder in again gives


def export(
    edition: Edition,
    folder: str | os.PathLike[str],
    *,
    form: str,
    profile: str | Path = "national",
    verify: bool = True,
) -> Exported:
    """Write an edition to a folder, whole or not at all.

    Parameters
    ----------
    folder : path
        Made; an empty folder is used as it is, any other is refused.
    form : {"gdb", "shp", "gpkg", "geojson"}
        Format of the layers.
    profile : str or path
        Whose field names and words for values are used.
    verify : bool, default True
        Take the folder in again before it gets its name, and compare the digests.

    Raises
    ------
    ExportRefused
        The folder holds something, a layer does not fit the format, or what was written does not read back.
    NotInstalled
        openpyxl is not there.
    """
    target = Path(folder)
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise _refused(target, "exists")
    if not target.absolute().parent.is_dir():
        raise _refused(target, "no_parent")
    edition = normalise(edition)
    words = load_profile(profile)
    made = {layer.id: _plan(layer, edition.zones[layer.id], words, edition, form) for layer in edition.layers}
    exact = [row for plan in made.values() for row in plan.exact]
    content = workbook(edition, exact)
    text = _profile_text(edition, made, form)
    try:
        work = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-", dir=target.absolute().parent))
        try:
            _write_layers(work, edition, made, form)
            (work / WORKBOOK).write_bytes(content)
            (work / PROFILE).write_text(text, "utf-8", newline="\n")
            (work / README).write_text(_readme(edition, form), "utf-8", newline="\n")
            if verify:
                _verify(work, edition, target)
            work.chmod(0o755)
            if target.is_dir():
                target.rmdir()
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise output.failed(target, error) from error
    return Exported(
        folder=target,
        zones=MappingProxyType({name: len(edition.zones[name]) for name in made}),
        clauses=len(edition.clauses),
        exact=len(exact),
        digest=edition.info.digest,
    )


def _refused(target: Path, key: str, /, **given: object) -> ExportRefused:
    zh, en = (t(f"ingest.export.{key}", lang, **given) for lang in ("zh-CN", "en"))
    return ExportRefused(folder=target.name, reason={"zh": zh, "en": en})


def _verify(work: Path, edition: Edition, target: Path) -> None:
    """Raise unless taking the folder in again gives the same edition."""
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        draft = Path(folder, "draft.gpkg")
        try:
            ingest([work], load_profile(work / PROFILE), draft)
            found = digest(open_draft(draft).edition)
        except SanxianError as error:
            raise ExportRefused(
                folder=target.name, reason={"zh": error.text(), "en": error.text("en")}
            ) from error
    if found != edition.info.digest:
        raise _refused(target, "differs", found=found, wanted=edition.info.digest)


# --- one layer -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """How one layer is written."""

    layer: Layer
    roles: dict[str, str]  # role: field
    attributes: dict[str, str]  # attribute key: field
    classes: dict[str, str]  # stored: written
    rows: list[dict[str, str]]  # field: text, in the order of the zones
    exact: list[ExactRow]
    parts: dict[int, str]  # dimension: name of the source layer


def _plan(layer: Layer, zones: Sequence[Zone], words: Profile, edition: Edition, form: str) -> _Plan:
    rule = next((r for r in words.layers if r.id == layer.id), None)
    rule = rule or next((r for r in words.layers if r.kind is layer.kind), None)
    used = _used_roles(zones)
    roles = _role_fields(rule, used, form)
    keys = sorted({key for zone in zones for key in zone.attributes})
    attributes = _attribute_fields(keys, set(map(str.casefold, roles.values())), form)
    classes = _class_words(rule, {zone.zone_class for zone in zones})
    plan = _Plan(layer, roles, attributes, classes, [], [], _parts(layer, zones))
    offices = {plain_name(o.name): o.id for o in edition.offices.values()}
    offices |= {plain_name(o.id): o.id for o in edition.offices.values()}
    for number, zone in enumerate(zones, 1):
        plan.rows.append(_row(zone, str(number), plan, offices, form))
    return plan


def _used_roles(zones: Sequence[Zone]) -> list[str]:
    """Return the roles that any zone fills; code and name always."""
    filled = {
        "class": any(z.zone_class for z in zones),
        "subtype": any(z.subtype for z in zones),
        "regions": any(z.regions for z in zones),
        "office": any(z.office for z in zones),
        "valid_from": any(z.valid_from for z in zones),
        "valid_to": any(z.valid_to for z in zones),
    }
    return [role for role in _ROLES if filled.get(role, True)]


def _role_fields(rule: LayerRule | None, used: Sequence[str], form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    taken: set[str] = set()
    for role in used:
        words = () if rule is None else rule.fields.get(role, ())
        fitting = (w for w in (*words, _ROLES[role], f"{_ROLES[role]}2") if _is_name(w, form, taken))
        found[role] = next(fitting)
        taken.add(found[role].casefold())
    return found


def _is_name(name: str, form: str, taken: set[str]) -> bool:
    """Whether a field can have this name as it is."""
    if not re.fullmatch(r"[A-Za-z\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]{0,30}", name):
        return False
    folded = name.casefold()
    if folded in taken or folded in _TAKEN or folded in _SQL or plain_name(name) != folded:
        return False
    return form != "shp" or len(name.encode()) <= 10


def _attribute_fields(keys: Sequence[str], taken: set[str], form: str) -> dict[str, str]:
    taken = {*taken}
    found: dict[str, str] = {}
    for n, key in enumerate(keys[:_MAX_FIELDS], 1):
        fits = _is_name(key, form, taken) and not re.fullmatch(r"SX\d+", key, re.IGNORECASE)
        found[key] = key if fits else f"SX{n:03}"
        taken.add(found[key].casefold())
    return found


def _class_words(rule: LayerRule | None, stored: set[str]) -> dict[str, str]:
    """Return the official words for classes, as far as they come back as what they stand for."""
    if rule is None:
        return {}
    words: dict[str, str] = {}
    for word, value in rule.values.get("class", {}).items():
        if (
            value in stored
            and value not in words
            and word not in map(plain_name, stored)
            and not word.isdigit()
        ):
            words[value] = word
    return words


def _parts(layer: Layer, zones: Sequence[Zone]) -> dict[int, str]:
    """Return the source layers that hold a layer: one for each dimension of geometry."""
    dimensions = sorted({int(shapely.get_dimensions(zone.geometry)) for zone in zones})
    if len(dimensions) < 2:
        return dict.fromkeys(dimensions, layer.id)
    return {d: f"{layer.id}_{('point', 'line', 'polygon')[d]}" for d in dimensions}


def _row(zone: Zone, key: str, plan: _Plan, offices: Mapping[str, str], form: str) -> dict[str, str]:
    """Return the fields of a zone, and note in the plan what they cannot hold."""
    row = {plan.roles["key"]: key}

    def put(role: str, field: str | None, text: str, back: object, stored: object) -> None:
        """Write ``text``; ``back`` is what reading it gives, ``stored`` what it has to be."""
        fits = field is not None and _fits(text, form) and back == stored
        if not fits:
            plan.exact.append((zone.layer, key, role, stored))
        if field is not None:
            shown = clean_text(_LINE_END.sub(" ", text))
            # a hint where a name is read by people; where a value would be looked up, nothing
            hint = "" if role in _LOOKED_UP else t("ingest.export.elsewhere")
            row[field] = text if fits else shown if role not in _LOOKED_UP and _fits(shown, form) else hint

    put("code", plan.roles["code"], zone.code, clean_code(zone.code), zone.code)
    put("name", plan.roles["name"], zone.name, clean_text(zone.name), zone.name)
    back = {plain_name(word): value for value, word in plan.classes.items()}
    word = plan.classes.get(zone.zone_class, zone.zone_class)
    if "class" in plan.roles:
        put("class", plan.roles["class"], word, back.get(plain_name(word), clean_text(word)), zone.zone_class)
    if "subtype" in plan.roles:
        put("subtype", plan.roles["subtype"], zone.subtype, clean_text(zone.subtype), zone.subtype)
    if "regions" in plan.roles:
        put(
            "regions",
            plan.roles["regions"],
            ",".join(zone.regions),
            _regions_back(zone.regions),
            list(zone.regions),
        )
    if "office" in plan.roles:
        there = offices.get(plain_name(zone.office), "") if zone.office else ""
        put("office", plan.roles["office"], zone.office, there, zone.office)
    for role in ("valid_from", "valid_to"):
        if role in plan.roles:
            day = getattr(zone, role)
            text = "" if day is None else day.isoformat()
            put(role, plan.roles[role], text, None if not text else to_day(text), day)
    for name, stored in zone.attributes.items():
        text = clean_text(stored)
        put(f"attributes.{name}", plan.attributes.get(name), stored, text or None, stored)
    return row


def _fits(text: str, form: str) -> bool:
    if _LINE_END.search(text) or text != clean_text(text):
        return False
    return form != "shp" or len(text.encode()) <= _DBF_BYTES


def _regions_back(regions: Sequence[str]) -> list[str]:
    """Return what reading a list of region codes gives; codes that are none would be taken for names."""
    if not all(map(REGION.fullmatch, regions)):
        return []
    return list(dict.fromkeys(map(clean_region, regions)))


# --- files -----------------------------------------------------------------------------------

_TYPES: Final = {0: "MultiPoint", 1: "MultiLineString", 2: "MultiPolygon"}
_DRIVERS: Final = {"gdb": "OpenFileGDB", "shp": "ESRI Shapefile", "gpkg": "GPKG", "geojson": "GeoJSON"}


def _write_layers(work: Path, edition: Edition, made: Mapping[str, _Plan], form: str) -> None:
    day = edition.info.published or edition.info.valid_from
    # the clock would make two exports of one edition differ
    with gdal_options(OGR_CURRENT_DATE=f"{day.isoformat()}T00:00:00.000Z"):
        for name, plan in made.items():
            zones = edition.zones[name]
            dimensions = shapely.get_dimensions([zone.geometry for zone in zones])
            for dimension, part in plan.parts.items():
                rows = np.flatnonzero(dimensions == dimension).tolist()
                _write_layer(
                    work,
                    part,
                    plan,
                    [zones[n] for n in rows],
                    [plan.rows[n] for n in rows],
                    dimension,
                    form,
                    day.isoformat(),
                )


def _write_layer(
    work: Path, name: str, plan: _Plan, zones: Sequence[Zone], rows: Sequence[Mapping[str, str]], dimension: int,
    form: str, day: str,
) -> None:  # fmt: skip
    from pyogrio import raw

    shapes = np.empty(len(zones), dtype=object)
    shapes[:] = [zone.geometry for zone in zones]
    kind, multi = _TYPES[dimension], True
    if form == "shp":
        multi = dimension == 0 and bool((shapely.get_num_geometries(shapes) > 1).any())
        kind = kind if multi else kind.removeprefix("Multi")
    fields = [*plan.roles.values(), *plan.attributes.values()]
    values = [np.array([row.get(f) or None for row in rows], dtype=object) for f in fields]
    options: dict[str, str] = {}
    if form == "shp":
        options = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": day}
    elif form == "gdb":
        options = {"LAYER_ALIAS": plan.layer.title}
    elif form == "gpkg":
        options = {"FID": "fid", "GEOMETRY_NAME": "geom", "DESCRIPTION": plan.layer.title}
    elif form == "geojson":
        options = {"COORDINATE_PRECISION": "9", "WRITE_NAME": "YES"}
    path = work / DATA.get(form, f"{name}.{form}")
    raw.write(
        str(path),
        shapely.to_wkb(shapes),
        values,
        np.array(fields, dtype=object),
        field_mask=[np.array([value is None for value in column], dtype=bool) for column in values],
        layer=name,
        driver=_DRIVERS[form],
        geometry_type=kind,
        promote_to_multi=multi,
        crs="EPSG:4490",
        append=path.exists(),
        layer_options=options,
    )


# --- profile and readme ----------------------------------------------------------------------


def _profile_text(edition: Edition, made: Mapping[str, _Plan], form: str) -> str:
    info = edition.info
    lines = toml.comment(t("ingest.export.profile_head", title=info.title, form=form))
    if info.synthetic:
        lines += toml.comment(t("ingest.export.synthetic"))
    lines += ["", "[edition]"]
    names = (
        "id",
        "title",
        "region",
        "valid_from",
        "valid_to",
        "published",
        "publisher",
        "source",
        "area_method",
        "supersedes",
    )
    lines += toml.pairs({name: getattr(info, name) for name in names})
    lines += [f"synthetic = {toml.value(info.synthetic)}"]
    lines += ["", "[[table]]", 'kind = "workbook"', f"match = [{toml.value(Path(WORKBOOK).stem)}]"]
    for plan in made.values():
        layer = plan.layer
        lines += ["", "[[layer]]", f"id = {toml.value(layer.id)}", f"kind = {toml.value(layer.kind.value)}"]
        lines += [
            f"title = {toml.value(layer.title)}",
            f"match = {toml.value(list(plan.parts.values()) or [layer.id])}",
        ]
        lines += [
            f"{n} = {toml.value(getattr(layer, n))}"
            for n in ("accuracy_m", "min_area_m2", "min_length_m", "near_m")
        ]
        lines += [
            f"{n} = {toml.value(getattr(layer, n))}" for n in ("partition", "strict_boundary", "source")
        ]
        lines += ["declare = true", "", "[layer.fields]", *toml.pairs(plan.roles)]
        renamed = {field: key for key, field in plan.attributes.items() if field != key}
        if renamed:
            lines += [
                "",
                "[layer.attributes]",
                *(f"{toml.key(f)} = {toml.value(k)}" for f, k in renamed.items()),
            ]
        if plan.classes:
            lines += ["", "[layer.values.class]", *toml.pairs({w: v for v, w in plan.classes.items()})]
    return "\n".join(lines) + "\n"


def _readme(edition: Edition, form: str) -> str:
    info = edition.info
    parts = [f"# {info.title}", ""]
    if info.synthetic:
        parts += [f"**{t('ingest.export.synthetic')}**", f"**{t('ingest.export.synthetic', 'en')}**", ""]
    for lang in ("zh-CN", "en"):
        parts += [
            t(
                "ingest.export.readme",
                lang,
                digest=info.digest,
                form=form,
                workbook=WORKBOOK,
                profile=PROFILE,
            ),
            "",
        ]
    return "\n".join(parts)

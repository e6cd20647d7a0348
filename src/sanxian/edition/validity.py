"""Validity: the structural checks an edition passes before it is written or published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

import numpy as np
import shapely
from shapely.errors import ShapelyError

from sanxian.edition.content import Edition, admin_places
from sanxian.edition.rows import LAYER_ID, RESERVED
from sanxian.edition.shapes import COLLECTION, canonical_shapes
from sanxian.edition.terms import CLASS_DIGIT, UNIT_CODE
from sanxian.model import Clause, Layer, LayerKind, Scope, UnitClass, Zone
from sanxian.rules import parse_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with an edition; an error keeps it from being published."""

    severity: Literal["error", "warning"]
    code: str
    item: str  # layer id, "layer/zone code", clause id …
    zh: str
    en: str


# What the tables cannot hold at all; a draft may be written with any other error.
UNWRITABLE: Final = {
    "NO_LAYER",
    "LAYER_ID",
    "LAYER_REPEATED",
    "LAYER_UNDECLARED",
    "CLAUSE_REPEATED",
    "KEY_DIFFERS",
}
_LINES_ALLOWED: Final = {LayerKind.RIVER, LayerKind.SHORELINE, LayerKind.RECEPTOR, LayerKind.OTHER}
_POINTS_ALLOWED: Final = {LayerKind.RECEPTOR, LayerKind.OTHER}
_AREA_METHOD: Final = re.compile(r"equal_area|EPSG:\d{4,6}", re.ASCII)


def validate(edition: Edition) -> tuple[Problem, ...]:
    """Return what is structurally wrong with ``edition``, errors first.

    Looks at one edition by itself: codes, references, dates, geometry zone by zone, coverage rows. Gaps and
    overlaps between zones are the quality gate's business, the grammar of rules is ``rules``'.
    """
    checks = (
        _check_info,
        _check_layers,
        _check_zones,
        _check_units,
        check_clauses,
        _check_documents,
        _check_places,
        _check_offices,
    )
    problems = [problem for check in checks for problem in check(edition)]
    return tuple(sorted(problems, key=lambda problem: problem.severity == "warning"))


def _error(code: str, item: str, zh: str, en: str) -> Problem:
    return Problem(severity="error", code=code, item=item, zh=zh, en=en)


def _warning(code: str, item: str, zh: str, en: str) -> Problem:
    return Problem(severity="warning", code=code, item=item, zh=zh, en=en)


def _check_dates(item: str, valid_from: date | None, valid_to: date | None) -> Iterator[Problem]:
    if valid_from is not None and valid_to is not None and valid_from > valid_to:
        yield _error(
            "DATES",
            item,
            f"起始日期 {valid_from} 晚于截止日期 {valid_to}",
            f"begins on {valid_from}, after its last day {valid_to}",
        )


def _check_info(edition: Edition) -> Iterator[Problem]:
    info = edition.info
    for name in ("id", "title", "region"):
        if not getattr(info, name):
            yield _error("INFO_EMPTY", f"edition.{name}", "成果标识信息为空", "must not be empty")
    if not _AREA_METHOD.fullmatch(info.area_method):
        yield _error(
            "AREA_METHOD",
            "edition.area_method",
            f"面积方法“{info.area_method}”不是 equal_area 或 EPSG 代码",
            f"“{info.area_method}” is neither equal_area nor an EPSG code",
        )
    yield from _check_dates("edition", info.valid_from, info.valid_to)
    if not any(admin_places(edition, name) for name in ("province", "county")):
        yield _error(
            "NO_OUTLINE",
            "admin",
            "没有省或县的行政区图形，无法判断项目是否在区域内",
            "no province or county zone, so nobody can tell what lies inside the region",
        )


def _check_layers(edition: Edition) -> Iterator[Problem]:
    if not edition.layers:
        yield _error("NO_LAYER", "layer", "成果没有图层", "the edition has no layer")
    repeated = [layer for layer, count in Counter(layer.id for layer in edition.layers).items() if count > 1]
    for layer_id in repeated:
        yield _error("LAYER_REPEATED", layer_id, "图层标识重复", "the layer id is used twice")
    covered = {row.layer for row in edition.coverage}
    for layer in edition.layers:
        if (
            not LAYER_ID.fullmatch(layer.id)
            or layer.id in RESERVED
            or layer.id.startswith(("gpkg_", "rtree_", "sqlite_"))
        ):
            yield _error(
                "LAYER_ID",
                layer.id,
                "图层标识须为小写字母开头的小写字母、数字、下划线，且不与成果的其他表同名",
                "a layer id is lower-case letters, digits and underscores, and not the name of another table",
            )
        if layer.id not in covered:
            yield _error(
                "NO_COVERAGE",
                layer.id,
                "数据覆盖清单中没有该图层",
                "no row of the coverage table speaks of it",
            )
        if min(layer.accuracy_m, layer.min_area_m2, layer.min_length_m, layer.near_m) < 0:
            yield _error(
                "LAYER_NUMBER", layer.id, "精度、阈值不能为负", "accuracy and thresholds cannot be negative"
            )
    declared = {layer.id for layer in edition.layers}
    for layer_id in sorted(edition.zones.keys() - declared):
        yield _error(
            "LAYER_UNDECLARED", layer_id, "有要素但图层表中没有该图层", "has zones but is not a layer"
        )
    for layer_id in sorted(declared - edition.zones.keys()):
        yield _error("LAYER_MISSING", layer_id, "图层没有要素表", "has no table of zones")
    for layer_id in sorted(covered - declared):
        yield _error(
            "COVERAGE_LAYER", layer_id, "覆盖清单所指图层不存在", "the coverage table names no such layer"
        )


def _check_zones(edition: Edition) -> Iterator[Problem]:
    for layer in edition.layers:
        zones = edition.zones.get(layer.id, ())
        counts = Counter(zone.code for zone in zones)
        for code in sorted(code for code, count in counts.items() if count > 1):
            yield _error(
                "CODE_REPEATED",
                f"{layer.id}/{code}",
                "同一图层内编码重复",
                "the code is used twice in its layer",
            )
        for zone in zones:
            item = f"{layer.id}/{zone.code}"
            if not zone.code:
                yield _error("CODE_EMPTY", f"{layer.id}/{zone.name}", "编码为空", "has no code")
            if zone.layer != layer.id:
                yield _error(
                    "ZONE_LAYER",
                    item,
                    f"要素自称属于图层 {zone.layer}",
                    f"says it belongs to layer {zone.layer}",
                )
            yield from _check_dates(item, zone.valid_from, zone.valid_to)
        yield from _check_shapes(layer, zones)


def _check_shapes(layer: Layer, zones: Sequence[Zone]) -> Iterator[Problem]:
    try:
        shapes = canonical_shapes([zone.geometry for zone in zones])  # what is stored is what has to be valid
    except (ValueError, TypeError, ShapelyError) as cause:
        yield _error("GEOMETRY", layer.id, f"图形无法使用：{cause}", f"geometry cannot be used: {cause}")
        return
    west, south, east, north = shapely.bounds(shapes).reshape(-1, 4).T
    off_globe = (west < -180) | (east > 180) | (south < -90) | (north > 90)
    dimensions = shapely.get_dimensions(shapes)
    lowest = 0 if layer.kind in _POINTS_ALLOWED else 1 if layer.kind in _LINES_ALLOWED else 2
    misfit = (dimensions < lowest) | (shapely.get_type_id(shapes) == COLLECTION)
    empty = shapely.is_empty(shapes)
    for row in np.flatnonzero(empty | misfit | off_globe | ~shapely.is_valid(shapes)).tolist():
        item = f"{layer.id}/{zones[row].code}"
        if empty[row]:
            yield _error("GEOMETRY_EMPTY", item, "图形为空", "its geometry is empty")
        elif misfit[row]:
            kind = shapes[row].geom_type
            yield _error(
                "GEOMETRY_TYPE", item, f"该类图层不接受 {kind} 图形", f"a layer of this kind takes no {kind}"
            )
        elif off_globe[row]:
            yield _error("GEOMETRY_RANGE", item, "坐标不是经纬度", "its coordinates are not degrees")
        else:
            reason = shapely.is_valid_reason(shapes[row])
            yield _error(
                "GEOMETRY_INVALID", item, f"图形无效：{reason}", f"its geometry is invalid: {reason}"
            )


def _check_units(edition: Edition) -> Iterator[Problem]:
    counties = {zone.code for zone in admin_places(edition, "county")}
    for layer in edition.layers:
        if layer.kind is not LayerKind.CONTROL_UNIT:
            continue
        for zone in edition.zones.get(layer.id, ()):
            item = f"{layer.id}/{zone.code}"
            if zone.zone_class not in set(UnitClass):
                yield _error(
                    "UNIT_CLASS",
                    item,
                    f"管控类别“{zone.zone_class}”不是 PRIORITY、KEY 或 GENERAL",
                    f"class “{zone.zone_class}” is not PRIORITY, KEY or GENERAL",
                )
            match = UNIT_CODE.fullmatch(zone.code)
            if match is None:
                # sea units have other prefixes, whose form is not published
                report = _error if zone.code.startswith("ZH") else _warning
                yield report(
                    "UNIT_CODE",
                    item,
                    "单元编码不是 ZH＋6 位县代码＋1 位类别＋4 位序号",
                    "the code is not ZH, six county digits, class digit and four-digit serial",
                )
                continue
            if CLASS_DIGIT[match[2]] != zone.zone_class:
                yield _error(
                    "UNIT_CODE_CLASS",
                    item,
                    f"编码中的类别位 {match[2]} 与管控类别 {zone.zone_class} 不符",
                    f"class digit {match[2]} of the code contradicts class {zone.zone_class}",
                )
            if counties and match[1] not in counties:
                yield _warning(
                    "UNIT_COUNTY",
                    item,
                    f"编码中的县代码 {match[1]} 不在本成果行政区中（可能是旧代码）",
                    f"county {match[1]} in the code is not in this edition (it may be out of date)",
                )


def check_clauses(edition: Edition) -> Iterator[Problem]:
    """Yield the problems of the clauses alone: ids, documents, dates, scopes.

    A list is checked by it before it is part of an edition.
    """
    counts = Counter(clause.id for clause in edition.clauses)
    for clause_id in sorted(clause_id for clause_id, count in counts.items() if count > 1):
        yield _error("CLAUSE_REPEATED", clause_id, "条款编号重复", "the clause id is used twice")
    known = _Known.of(edition)
    for clause in edition.clauses:
        if not clause.id or not clause.text:
            yield _error("CLAUSE_EMPTY", clause.id, "条款编号或原文为空", "its id or its text is empty")
        if clause.document not in edition.documents:
            yield _error(
                "CLAUSE_DOCUMENT",
                clause.id,
                f"出处文件“{clause.document}”不存在",
                f"its document “{clause.document}” does not exist",
            )
        yield from _check_dates(clause.id, clause.valid_from, clause.valid_to)
        if clause.scope == Scope():
            yield _error("SCOPE_EMPTY", clause.id, "没有适用范围", "has no scope")
        yield from known.check(clause)


class _Known(NamedTuple):
    """What scopes may refer to."""

    units: set[str]
    parks: set[str]
    blocks: set[str]
    regions: set[str]  # codes of places, of which a scope may name a beginning
    names: Mapping[str, list[set[str]]]  # by layer id and by kind: code, name, class, subtype of each zone

    @classmethod
    def of(cls, edition: Edition) -> _Known:
        codes: dict[str, set[str]] = {}
        names: dict[str, list[set[str]]] = {}
        for layer in edition.layers:
            zones = edition.zones.get(layer.id, ())
            codes.setdefault(layer.kind, set()).update(zone.code for zone in zones)
            for key in {layer.id, layer.kind.value}:
                names.setdefault(key, []).extend({z.code, z.name, z.zone_class, z.subtype} for z in zones)
        return cls(
            codes.get(LayerKind.CONTROL_UNIT, set()),
            codes.get(LayerKind.PARK, set()),
            codes.get(LayerKind.BLOCK, set()),
            codes.get(LayerKind.ADMIN, set()) | {edition.info.region},
            names,
        )

    def check(self, clause: Clause) -> Iterator[Problem]:
        scope = clause.scope
        for code in scope.units:
            if code not in self.units:
                yield _unknown(clause, "UNIT", "管控单元", "control unit", code)
        for code in scope.parks:
            if code not in self.parks:
                yield _unknown(clause, "PARK", "园区", "park", code)
        for code in scope.blocks:
            if code not in self.blocks:
                yield _unknown(clause, "BLOCK", "板块", "block", code)
        for code in scope.regions:
            if not self.has_region(code):
                yield _unknown(clause, "REGION", "行政区", "region", code)
        for code in scope.classes:
            if code not in set(UnitClass):
                yield _unknown(clause, "CLASS", "单元类别", "class of unit", code)
        for target in scope.zones:
            layer, alternatives = parse_target(target)
            if layer not in self.names:
                yield _unknown(clause, "LAYER", "图层", "layer", layer)
            elif not any(
                terms <= zone for terms in alternatives or (frozenset[str](),) for zone in self.names[layer]
            ):
                yield _warning(
                    "SCOPE_NO_ZONE",
                    clause.id,
                    f"没有要素符合“{target}”，条款不会被触及",
                    f"no zone answers to “{target}”, so the clause is never reached",
                )

    def has_region(self, code: str) -> bool:
        return bool(code) and any(place.startswith(code) for place in self.regions)


def _unknown(clause: Clause, what: str, zh: str, en: str, code: str) -> Problem:
    return _error(
        f"SCOPE_{what}",
        clause.id,
        f"适用范围中的{zh}“{code}”不存在",
        f"{en} “{code}” of its scope does not exist",
    )


def _check_documents(edition: Edition) -> Iterator[Problem]:
    for key, document in edition.documents.items():
        if key != document.id:
            yield _error(
                "KEY_DIFFERS",
                key,
                f"文件标识与 {document.id} 不一致",
                f"filed under another id than its own, {document.id}",
            )
        yield from _check_dates(document.id, document.valid_from, document.valid_to)
        if document.superseded_by and document.superseded_by not in edition.documents:
            yield _warning(
                "SUCCESSOR",
                document.id,
                f"接替文件“{document.superseded_by}”不在本成果中",
                f"the document that took its place, “{document.superseded_by}”, is not in the edition",
            )
    for key, catalogue in edition.catalogues.items():
        if key != catalogue.id:
            yield _error(
                "KEY_DIFFERS",
                key,
                f"名录标识与 {catalogue.id} 不一致",
                f"filed under another id than its own, {catalogue.id}",
            )
        yield from _check_dates(catalogue.id, catalogue.valid_from, catalogue.valid_to)
        if not catalogue.industries:
            yield _warning(
                "CATALOGUE_EMPTY",
                catalogue.id,
                "名录为空，任何行业都不在其中",
                "is empty: no industry is in it",
            )


def _check_places(edition: Edition) -> Iterator[Problem]:
    known = _Known.of(edition)
    codes = {zone.code for zones in edition.zones.values() for zone in zones}
    for state in edition.states:
        item = f"{state.place} {state.key}"
        yield from _check_dates(item, state.valid_from, state.valid_to)
        if state.place not in codes and not known.has_region(state.place):
            yield _warning("STATE_PLACE", item, "所述地点不在本成果中", "no such place in the edition")
    for row in edition.coverage:
        if not known.has_region(row.region):
            yield _warning(
                "COVERAGE_REGION",
                f"{row.layer} {row.region}",
                "覆盖清单所指行政区不在本成果中",
                "no such region in the edition",
            )


def _check_offices(edition: Edition) -> Iterator[Problem]:
    for key, office in edition.offices.items():
        if key != office.id:
            yield _error(
                "KEY_DIFFERS",
                key,
                f"责任部门标识与 {office.id} 不一致",
                f"filed under another id than its own, {office.id}",
            )
        if not office.id or not office.name:
            yield _error("OFFICE_EMPTY", office.id, "责任部门的标识或名称为空", "its id or its name is empty")
    named = [(clause.id, clause.office) for clause in edition.clauses]
    named += [(f"{z.layer}/{z.code}", z.office) for zones in edition.zones.values() for z in zones]
    for item, office_id in named:
        if office_id and office_id not in edition.offices:
            yield _error(
                "OFFICE_UNKNOWN",
                item,
                f"责任部门“{office_id}”不存在",
                f"its office “{office_id}” does not exist",
            )

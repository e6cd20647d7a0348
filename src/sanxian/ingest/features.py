"""Features: rows of a source layer become zones, every change of a value in the log."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.clauses.lists import split
from sanxian.data import convert
from sanxian.edition.terms import CLASS_DIGIT, UNIT_CODE, county_of_unit
from sanxian.geometry import Region, candidates
from sanxian.i18n import t
from sanxian.ingest.log import At, Log
from sanxian.ingest.names import REGION, Known, clean_code, clean_region, clean_text, known_fields, plain_name
from sanxian.ingest.profile import LayerRule, Profile
from sanxian.ingest.shapes import Placing, check_validity, place_shapes, placing, read_shapes
from sanxian.ingest.sources import Batch, SourceLayer
from sanxian.model import LayerKind, Level, Office, Zone

PUBLISHED_AREA: Final = "published_area_m2"  # attribute: the area a source states for a zone
_DAY: Final = re.compile(
    r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?(?:[T ].*)?|(\d{4})(\d\d)(\d\d)"
)
_SEPARATORS: Final = re.compile(r"[,，、;；/|\s]+")
_LETTERS: Final = {"SPATIAL": "S", "EMISSION": "E", "RISK": "R", "RESOURCE": "U"}  # in the ids of clauses
_LEAST_WORDS: Final = 4  # characters; less is “无” or “/”, no requirement
_OUTLINE_DEG: Final = 0.005  # by how much the outline is simplified, and doubled, widened; about 500 m

Exact = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(slots=True)
class Places:
    """What is known of places while sources are read: names and codes, and the outline of the region."""

    codes: dict[str, str]  # by plain name
    outlines: dict[str, list[BaseGeometry]] = field(default_factory=dict)  # by class of administrative area
    apart: dict[str, tuple[float, float, float, float]] = field(
        default_factory=dict
    )  # lon/lat bounds by layer

    def learn(self, zone: Zone) -> None:
        """Remember an administrative area."""
        if zone.code and zone.name:
            self.codes.setdefault(plain_name(zone.name), zone.code)
        if shapely.get_dimensions(zone.geometry) == 2:
            rough = shapely.simplify(zone.geometry, _OUTLINE_DEG)
            self.outlines.setdefault(zone.zone_class, []).append(shapely.make_valid(rough))

    def region(self, code: str) -> Region | None:
        """Return the region by its administrative areas: the province, else the widest class there is."""
        for kind in ("province", "prefecture", "county", *sorted(self.outlines)):
            if found := self.outlines.get(kind):
                outline = shapely.buffer(shapely.union_all(found), 2 * _OUTLINE_DEG)
                return Region(code=code, name=code, outline=outline)
        return None


@dataclass(slots=True)
class _Plan:
    """How the fields of one source layer are read for one layer of the edition."""

    rule: LayerRule
    placed: Placing
    columns: dict[str, int]  # role: place of its field
    areas: dict[int, str]  # place of a field: unit
    attributes: dict[int, str]  # place of a field: attribute key
    where: dict[int, tuple[str, ...]]
    clauses: dict[int, tuple[str, str]]  # place of a field that holds requirements: dimension, label
    names: tuple[str, ...]  # of the fields


class FeatureReader:
    """Reads source layers one after the other; what one teaches about places serves the next."""

    def __init__(self, profile: Profile, log: Log, exact: Exact) -> None:
        self._log = log
        self._exact = exact  # values a source could not hold, by (layer id, key of the feature)
        self._region_code = str(profile.edition.get("region", ""))
        self.places = Places(dict(profile.regions))
        self.clauses: list[dict[str, Any]] = []  # requirements found in fields, as rows of a clause file
        self.offices = {office.id: office for office in profile.offices}
        self._office_ids = {plain_name(o.name): o.id for o in profile.offices} | {
            plain_name(o.id): o.id for o in profile.offices
        }

    def read(self, source: SourceLayer, rules: Sequence[LayerRule]) -> Iterator[tuple[LayerRule, list[Zone]]]:
        """Yield the zones of a source layer batch by batch, each batch for one layer of the edition.

        Raises
        ------
        InputError
            The source cannot be read on; what was yielded stands.
        """
        region = self.places.region(self._region_code)
        plans = [plan for rule in rules if (plan := self._plan(source, rule, region)) is not None]
        if not plans:
            return
        if source.curves:
            self._log.say("GEOMETRY_CURVED", At(source.label, plans[0].rule.id), times=source.curves)
        read = 0
        for batch in source.batches():
            read += len(batch.wkb)
            left = np.ones(len(batch.wkb), dtype=bool)
            for plan in plans:
                mine = left & self._wanted(plan, batch)
                left &= ~mine
                rows = np.flatnonzero(mine).tolist()
                if rows:
                    yield plan.rule, self._zones(source, plan, _some(batch, rows))
            if left.any():
                self._log.say("FEATURE_UNPLACED", At(source.label), times=int(left.sum()))
        for plan in plans:
            self._look_around(source, plan)
        layers = ", ".join(plan.rule.id for plan in plans)
        self._log.say("SOURCE_READ", At(source.label, layers), count=read)
        if not read:
            self._log.say("LAYER_EMPTY", At(source.label, layers))

    # --- fields ----------------------------------------------------------------------------

    def _plan(self, source: SourceLayer, rule: LayerRule, region: Region | None) -> _Plan | None:
        placed = placing(source, rule, region, self._log)
        if placed is None:
            return None
        said = At(source.label, rule.id)
        if source.encoding and source.encoding not in ("utf-8", "UTF-8"):
            self._log.say("ENCODING", said, encoding=source.encoding)
        aliases: dict[str, Sequence[str]] = {**rule.fields}
        for word, unit in rule.areas.items():
            aliases[f"area:{unit}"] = (*aliases.get(f"area:{unit}", ()), word)
        aliases |= {f"clause:{dimension}": words for dimension, words in rule.clauses.items()}
        known, doubtful = known_fields(source.fields, aliases, cut=source.cut)
        ignored = {plain_name(name) for name in rule.ignore}
        for place, found in known.items():
            self._said_field(source.fields[place], found, said)
        for place, roles in doubtful:
            self._log.say(
                "FIELD_DOUBTFUL", said, field=clean_text(source.fields[place]), roles="、".join(roles)
            )
        rest = {
            place: rule.attributes.get(name, clean_text(name) or f"field{place + 1}")
            for place, name in enumerate(source.fields)
            if place not in known and plain_name(name) not in ignored
        }
        if unmapped := [key for place, key in rest.items() if source.fields[place] not in rule.attributes]:
            self._log.say("FIELD_KEPT", said, fields="、".join(unmapped))
        columns = {k.role: place for place, k in known.items() if ":" not in k.role}
        needed = ["code"] if "code" not in rule.constant else []
        if rule.kind is LayerKind.CONTROL_UNIT and not rule.class_from_code and "class" not in rule.constant:
            needed.append("class")
        for role in needed:
            if role not in columns:
                self._log.say(
                    "FIELD_ABSENT", said, role=role, fields="、".join(map(clean_text, source.fields)) or "-"
                )
        where = {}
        for name, accepted in rule.where.items():
            hit, _ = known_fields(source.fields, {"where": (name,)}, cut=source.cut)
            if not hit:
                self._log.say(
                    "FIELD_ABSENT", said, role=name, fields="、".join(map(clean_text, source.fields)) or "-"
                )
                return None
            where[next(iter(hit))] = accepted
        areas = {
            place: k.role.removeprefix("area:") for place, k in known.items() if k.role.startswith("area:")
        }
        clauses = {
            place: (dimension, rule.labels.get(dimension) or _label(source.fields[place], dimension))
            for place, k in known.items()
            if k.role.startswith("clause:") and (dimension := k.role.removeprefix("clause:"))
        }
        names = tuple(map(clean_text, source.fields))
        return _Plan(rule, placed, columns, areas, rest, where, clauses, names)

    def _said_field(self, name: str, found: Known, said: At) -> None:
        if found.role == "key":
            return
        if found.role.startswith("clause:"):
            self._log.say("FIELD_READ", said, field=clean_text(name), role=found.role)
        elif found.role.startswith("area:"):
            self._log.say("AREA_READ", said, field=clean_text(name), unit=found.role.removeprefix("area:"))
        elif found.cut:
            self._log.say("FIELD_CUT", said, field=clean_text(name), alias=found.alias, role=found.role)
        else:
            self._log.say("FIELD_READ", said, field=clean_text(name), role=found.role)

    def _wanted(self, plan: _Plan, batch: Batch) -> np.ndarray[Any, np.dtype[np.bool_]]:
        wanted = np.ones(len(batch.wkb), dtype=bool)
        for place, accepted in plan.where.items():
            wanted &= np.array([plain_name(value) in accepted for value in batch.columns[place]], dtype=bool)
        return wanted

    # --- zones -----------------------------------------------------------------------------

    def _zones(self, source: SourceLayer, plan: _Plan, batch: Batch) -> list[Zone]:
        rule, label = plan.rule, source.label
        codes = [self._code(n, plan, batch, label) for n in range(len(batch.wkb))]
        items = [code or f"#{number}" for code, number in zip(codes, batch.numbers, strict=True)]
        shapes = read_shapes(batch.wkb, items, rule, label, self._log)
        shapes = place_shapes(shapes, items, plan.placed, rule, label, self._log)
        shapes = check_validity(shapes, items, rule, label, self._log)
        zones = [
            self._zone(n, codes[n], items[n], shape, plan, batch, label)
            for n, shape in enumerate(shapes)
            if shape is not None
        ]
        if plan.clauses:
            self._take_clauses(codes, plan, batch, label)
        if rule.kind is LayerKind.ADMIN:
            for zone in zones:
                self.places.learn(zone)
        return zones

    def _code(self, n: int, plan: _Plan, batch: Batch, label: str) -> str:
        raw = _given(plan, "code", n, batch)
        code = clean_code(raw) or plan.rule.constant.get("code", "")
        if code != raw and code != raw.strip() and raw:
            self._log.say("CODE_CLEANED", At(label, plan.rule.id), item=code, before=raw, after=code)
        exact = self._exact_of(n, plan, batch)
        code = str(exact.get("code", code))
        if not code:
            self._log.say("CODE_EMPTY", At(label, plan.rule.id), item=f"#{batch.numbers[n]}")
        return code

    def _exact_of(self, n: int, plan: _Plan, batch: Batch) -> Mapping[str, Any]:
        if not self._exact or "key" not in plan.columns:
            return {}
        return self._exact.get((plan.rule.id, _given(plan, "key", n, batch).strip()), {})

    def _zone(
        self, n: int, code: str, item: str, shape: BaseGeometry, plan: _Plan, batch: Batch, label: str
    ) -> Zone:
        rule = plan.rule
        said = At(label, rule.id)
        values = {role: self._text(_given(plan, role, n, batch), role, said) for role in plan.columns}
        for role in ("class", "subtype", "name"):
            values[role] = self._mapped(role, values.get(role, ""), item, plan, said)
        if rule.class_from_code and not values["class"] and (match := UNIT_CODE.fullmatch(code)):
            values["class"] = CLASS_DIGIT[match[2]].value
            self._log.say("CLASS_FROM_CODE", said)
        attributes: dict[str, str] = {}
        regions = self._regions(values.get("regions", ""), code, item, plan, said, attributes)
        self._add_attributes(n, code, plan, batch, item, said, attributes)
        days = {
            role: self._day(values.get(role, "") or rule.constant.get(role, ""), role, item, said, attributes)
            for role in ("valid_from", "valid_to")
        }
        made: dict[str, Any] = {
            "name": values["name"],
            "zone_class": values["class"],
            "subtype": values["subtype"],
            "regions": regions,
            "office": self._office(values.get("office", "") or rule.constant.get("office", ""), said),
            **days,
        }
        for role, value in self._exact_of(n, plan, batch).items():
            if role.startswith("attributes."):
                attributes[role.removeprefix("attributes.")] = str(value)
            elif role == "regions":
                made["regions"] = tuple(map(str, value))
            elif role != "code":
                made["zone_class" if role == "class" else role] = str(value)
        return Zone(layer=rule.id, code=code, geometry=shape, attributes=attributes, **made)

    def _text(self, raw: str, role: str, said: At) -> str:
        text = clean_text(raw)
        if text != raw and role != "code":
            self._log.say("TEXT_CLEANED", said, field=role)
        return text

    def _mapped(self, role: str, text: str, item: str, plan: _Plan, said: At) -> str:
        text = text or plan.rule.constant.get(role, "")
        known = plan.rule.values.get(role, {})
        mapped = known.get(plain_name(text)) if text else None
        if mapped is not None:
            if mapped != text:
                self._log.say("VALUE_MAPPED", said, role=role, before=text, after=mapped)
            return mapped
        if (
            text
            and role == "class"
            and plan.rule.kind is LayerKind.CONTROL_UNIT
            and text not in CLASS_DIGIT.values()
        ):
            self._log.say("VALUE_UNKNOWN", said, item=item, role=role, value=text)
        return text

    def _regions(
        self, text: str, code: str, item: str, plan: _Plan, said: At, attributes: dict[str, str]
    ) -> tuple[str, ...]:
        found: dict[str, None] = {}
        whole = plain_name(text) in self.places.codes  # a name may hold a space: 甲 县
        for word in [text] if whole else filter(None, _SEPARATORS.split(text)):
            place = clean_region(word)
            if REGION.fullmatch(place):
                found[place] = None
            elif (known := self.places.codes.get(plain_name(word))) is not None:
                self._log.say("REGION_MAPPED", said, before=word, after=known)
                found[known] = None
            else:
                near = difflib.get_close_matches(plain_name(word), self.places.codes, n=1, cutoff=0.5)
                hint = f"{near[0]} = {self.places.codes[near[0]]}" if near else "-"
                self._log.say("REGION_UNKNOWN", said, item=item, name=word, near=hint)
                attributes["regions_as_published"] = text
        if not found and not text and plan.rule.regions_from_code and (county := county_of_unit(code)):
            self._log.say("REGION_FROM_CODE", said)
            found[county] = None
        return tuple(found)

    def _add_attributes(
        self, n: int, code: str, plan: _Plan, batch: Batch, item: str, said: At, attributes: dict[str, str]
    ) -> None:
        for place, key in plan.attributes.items():
            if value := self._text(batch.columns[place][n], key, said):
                attributes[key] = value
        for place in plan.clauses:  # what is no requirement, or has no unit to belong to, is not lost
            text = clean_text(batch.columns[place][n])
            if text and not _is_requirement(code, text):
                attributes[plan.names[place]] = text
        for place, unit in plan.areas.items():
            raw = clean_text(batch.columns[place][n])
            if not raw:
                continue
            number = _number(raw)
            if number is None:
                self._log.say("VALUE_BAD", said, item=item, role=PUBLISHED_AREA, value=raw)
                attributes["area_as_published"] = raw
            else:
                attributes[PUBLISHED_AREA] = repr(convert(number, unit, "m2")).removesuffix(".0")

    def _day(self, text: str, role: str, item: str, said: At, attributes: dict[str, str]) -> date | None:
        if not text:
            return None
        day = to_day(text)
        if day is None:
            self._log.say("VALUE_BAD", said, item=item, role=role, value=text)
            attributes[f"{role}_as_published"] = text
        return day

    def _office(self, text: str, said: At) -> str:
        if not text:
            return ""
        known = self._office_ids.get(plain_name(text))
        if known is None:
            self._log.say("OFFICE_ADDED", said, name=text)
            self.offices[text] = Office(id=text, name=text)
            known = self._office_ids[plain_name(text)] = text
        return known

    def add_offices(self, offices: Sequence[Office]) -> None:
        """Make offices known before features name them."""
        for office in offices:
            self.offices[office.id] = office
            self._office_ids.setdefault(plain_name(office.name), office.id)
        for office in offices:  # an id is meant before a name
            self._office_ids[plain_name(office.id)] = office.id

    def _take_clauses(self, codes: Sequence[str], plan: _Plan, batch: Batch, label: str) -> None:
        """Turn the requirements that stand in fields of the zones into rows of a clause file."""
        rule, taken = plan.rule, 0
        is_unit = rule.kind is LayerKind.CONTROL_UNIT
        for n, code in enumerate(codes):
            for place, (dimension, name) in plan.clauses.items():
                text = clean_text(batch.columns[place][n])
                if not _is_requirement(code, text):
                    continue
                for at, piece in enumerate(split(text).pieces, 1):
                    taken += 1
                    self.clauses.append(
                        {
                            "id": f"{code}-{_LETTERS[dimension]}-{at}",
                            "number": piece.number,
                            "level": (Level.UNIT if is_unit else Level.ZONE).value,
                            "dimension": dimension,
                            "dimension_label": name,
                            "category": "",
                            "text": piece.text,
                            "document": rule.document,
                            "scope": {"units": [code]} if is_unit else {"zones": [f"{rule.id}:{code}"]},
                        }
                    )
        if taken:
            self._log.say("CLAUSE_FIELDS", At(label, rule.id), times=taken)

    # --- afterwards ------------------------------------------------------------------------

    def _look_around(self, source: SourceLayer, plan: _Plan) -> None:
        """Say when a layer, or some of its features, lie outside the region."""
        placed, said = plan.placed, At(source.label, plan.rule.id)
        if not placed.count:
            return
        west, south, east, north = placed.bounds.tolist()
        self.places.apart[plan.rule.id] = west, south, east, north
        if not placed.count_outside or plan.rule.kind is LayerKind.ADMIN:
            return
        if placed.count_outside < placed.count:
            for item, point in placed.outside:
                self._log.say("FEATURE_OUTSIDE", said, item=item, place=point)
            if (more := placed.count_outside - len(placed.outside)) > 0:
                self._log.say("FEATURE_OUTSIDE", said, times=more)
            return
        fitting = [
            code for code in candidates(placed.sample, placed.region) if code != placed.reference.label
        ]
        lon, lat = (placed.bounds[:2] + placed.bounds[2:]) / 2
        hint = {
            "zh": f"若按 {'、'.join(fitting[:4])} 读取则在区域内，可能带号或中央经线写错"
            if fitting
            else "可能是其他省的数据",
            "en": f"read as {', '.join(fitting[:4])} it would be inside, so its zone may be wrong"
            if fitting
            else "it may be data of another province",
        }
        self._log.say(
            "LAYER_OUTSIDE", said, place=shapely.Point(lon, lat), lon=f"{lon:.3f}", lat=f"{lat:.3f}",
            crs=placed.reference.label, hint=hint,
        )  # fmt: skip

    def compare_layers(self) -> None:
        """Say which layer lies apart from all others, where no administrative layer shows the region."""
        if self.places.outlines or len(self.places.apart) < 2:
            return
        boxes = {layer: shapely.box(*bounds) for layer, bounds in self.places.apart.items()}
        for layer, box in boxes.items():
            others = [other for name, other in boxes.items() if name != layer]
            if not any(map(box.intersects, others)):
                centre = box.centroid
                self._log.say(
                    "LAYER_APART", layer=layer, place=centre, lon=f"{centre.x:.3f}", lat=f"{centre.y:.3f}"
                )


def _is_requirement(code: str, text: str) -> bool:
    return bool(code) and len(text) >= _LEAST_WORDS


def _label(field_name: str, dimension: str) -> str:
    """Return what a dimension is called: the field's name where it is one, else the national name."""
    name = clean_text(field_name)
    return name if re.search(r"[\u4e00-\u9fff]", name) else t(f"labels.dimension.{dimension}")


def _some(batch: Batch, rows: list[int]) -> Batch:
    if len(rows) == len(batch.wkb):
        return batch
    return Batch(
        batch.first,
        [batch.wkb[n] for n in rows],
        [[column[n] for n in rows] for column in batch.columns],
        [batch.numbers[n] for n in rows],
    )


def _given(plan: _Plan, role: str, n: int, batch: Batch) -> str:
    place = plan.columns.get(role)
    return "" if place is None else batch.columns[place][n]


def _number(text: str) -> float | None:
    """Return a number as tables write it: half-width or not, with or without thousands separators."""
    plain = re.sub(r"[,\s]", "", unicodedata.normalize("NFKC", text))
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def to_day(text: str) -> date | None:
    """Return the day a text says, ``None`` when it says none.

    Examples
    --------
    >>> to_day("2026年1月1日"), to_day("20260101"), to_day("2026-02-30")
    (datetime.date(2026, 1, 1), datetime.date(2026, 1, 1), None)
    """
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None

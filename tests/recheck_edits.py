"""Random edits of an edition and random projects, for the tests of the re-check."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from sample_edition import REVIEWED, SOURCE, sample_edition
from sanxian.edition import Edition
from sanxian.model import (
    Catalogue,
    Clause,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    FactValue,
    Layer,
    LayerKind,
    Level,
    Paper,
    Part,
    PlaceState,
    Project,
    Scope,
    Zone,
)

WEST, SOUTH, EAST, NORTH = 100.0, 36.0, 100.4, 36.2
DAYS = (date(2026, 3, 1), date(2026, 9, 1), date(2027, 2, 1), date(2028, 6, 1), date(2030, 3, 1))


def rich_edition() -> Edition:
    """Return 示例市 with clauses that read everything a rule can read."""
    base = sample_edition()
    new = {"nature": ["新建", "扩建"]}

    def clause(name: str, scope: Scope, rule: dict[str, Any], **rest: Any) -> Clause:
        text = f"第{name}条示例要求。"
        return Clause(
            id=f"R-{name}",
            number=name,
            level=Level.PREFECTURE,
            dimension=Dimension.SPATIAL,
            dimension_label="空间布局约束",
            category="其他",
            text=text,
            document=rest.pop("document", "list-2026"),
            scope=scope,
            rules=({"strength": "strict", "review": REVIEWED, "quote": [0, len(text)], **rule},),
            **rest,
        )

    def far(target: str, metres: int, **more: Any) -> dict[str, Any]:
        return {"distance": target, "op": "<", "value": metres, "unit": "m", **more}

    extra = (
        clause("village", Scope(everywhere=True), {"effect": "FORBID", "when": far("receptor:居民区", 9000)}),
        clause(
            "school", Scope(regions=("639901",)), {"effect": "FORBID", "when": far("receptor:学校", 3000)}
        ),
        clause("lake", Scope(zones=("water_zone",)), {"effect": "FORBID", "when": far("red_line", 2500)}),
        clause(
            "outlet",
            Scope(regions=("639902",)),
            {"effect": "FORBID", "when": far("river", 4000, role="排污口")},
        ),
        clause(
            "share",
            Scope(classes=("KEY",)),
            {"effect": "RESTRICT", "require": {"share": "control_unit:KEY", "op": "<", "value": 60}},
        ),
        clause(
            "zone-share",
            Scope(zones=("park",)),
            {
                "effect": "RESTRICT",
                "require": {"share": "park", "of": "zone", "op": "<", "value": 1.5},
            },
        ),
        clause(
            "area",
            Scope(regions=("63",)),
            {
                "effect": "RESTRICT",
                "require": {"area": "ecology", "op": "<", "value": 200000, "unit": "m2"},
            },
        ),
        clause("crosses", Scope(everywhere=True), {"effect": "FORBID", "when": {"crosses": "river"}}),
        clause(
            "asks",
            Scope(regions=("6399",)),
            {"effect": "FORBID", "when": {"clause": "S-04", "op": "is", "value": "NEEDS_REVIEW"}},
        ),
        clause(
            "asks-again",
            Scope(regions=("639902",)),
            {"effect": "FORBID", "when": {"clause": "R-village", "op": "is", "value": "NON_COMPLIANT"}},
        ),
        clause(
            "at-place",
            Scope(units=("ZH63990220002",)),
            {
                "effect": "FORBID",
                "when": {"state": "groundwater", "op": "is", "value": "超采", "at": "place"},
            },
        ),
        clause(
            "at-county",
            Scope(zones=("red_line", "protected_area")),
            {
                "effect": "FORBID",
                "when": {"state": "air_quality", "op": "is", "value": "未达标", "at": "county"},
            },
        ),
        clause(
            "state",
            Scope(everywhere=True),
            {"effect": "FORBID", "when": {"state": "water_quality", "op": "is", "value": "未达标"}},
        ),
        clause(
            "date",
            Scope(classes=("GENERAL",)),
            {"effect": "FORBID", "when": {"date": "as_of", "op": "<", "value": "2027-01-01"}},
        ),
        clause(
            "list-1",
            Scope(classes=("KEY",)),
            {"effect": "ALLOW", "subject": {"industry": ["C26"]}},
            list_id="K",
        ),
        clause(
            "list-2",
            Scope(regions=("639902",)),
            {"effect": "ALLOW", "subject": {"industry": ["C14"]}},
            list_id="K",
        ),
        clause(
            "two-high",
            Scope(parks=("YQ001",)),
            {"effect": "FORBID", "subject": new, "when": {"catalogue": "two_high"}},
        ),
        clause(
            "river-law",
            Scope(zones=("river",)),
            {"effect": "FORBID", "subject": {"role": ["管线"]}},
            document="law-2030",
        ),
    )
    return replace(base, clauses=(*base.clauses, *extra))


# --- edits ---------------------------------------------------------------------------------------

Edit = Callable[[Edition, random.Random], Edition]


def _with_zones(edition: Edition, layer: str, zones: Sequence[Zone]) -> Edition:
    return replace(edition, zones={**edition.zones, layer: tuple(zones)})


def _some_zone(edition: Edition, rng: random.Random) -> Zone | None:
    every = [zone for zones in edition.zones.values() for zone in zones]
    return rng.choice(every) if every else None


def _zone_as(edition: Edition, zone: Zone, **changed: Any) -> Edition:
    zones = [replace(z, **changed) if z is zone else z for z in edition.zones[zone.layer]]
    return _with_zones(edition, zone.layer, zones)


def reshape(edition: Edition, rng: random.Random) -> Edition:
    zone = _some_zone(edition, rng)
    if zone is None:
        return edition
    metre = 1e-5
    size = rng.choice((0.5, 20, 300, 3000)) * metre
    xy = shapely.get_coordinates(zone.geometry)
    at = rng.randrange(len(xy))
    dx, dy = rng.uniform(-size, size), rng.uniform(-size, size)
    way = rng.randrange(4)

    def move(points: Any) -> Any:
        moved = points.copy()
        if way == 0:
            moved += (dx, dy)
        else:
            same = (
                (abs(points - xy[at]) < 1e-12).all(axis=1)
                if way == 1
                else abs(points[:, 0] - xy[at, 0]) < 1e-12
            )
            moved[same] += (dx, dy)
        return moved

    shape = shapely.transform(zone.geometry, move)
    if way == 3 and shapely.get_dimensions(zone.geometry) == 2:
        west, south, east, north = shapely.bounds(zone.geometry)
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        shape = shapely.difference(zone.geometry, shapely.box(x, y, x + abs(dx) + metre, y + abs(dy) + metre))
    if shape.is_empty or not shape.is_valid or shape.geom_type == "GeometryCollection":
        return edition
    return _zone_as(edition, zone, geometry=shape)


def remove_zone(edition: Edition, rng: random.Random) -> Edition:
    zone = _some_zone(edition, rng)
    if zone is None or zone.zone_class == "province":
        return edition
    return _with_zones(edition, zone.layer, [z for z in edition.zones[zone.layer] if z is not zone])


def add_zone(edition: Edition, rng: random.Random) -> Edition:
    model = _some_zone(edition, rng)
    if model is None or model.zone_class == "province":
        return edition
    x, y = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
    size = rng.choice((0.0005, 0.005, 0.05))
    shape: BaseGeometry = shapely.box(x, y, x + size, y + size)
    if shapely.get_dimensions(model.geometry) < 2 and rng.random() < 0.5:
        shape = shapely.LineString([(x, y), (x + size, y + size / 3)])
        if model.geometry.geom_type == "Point":
            shape = shapely.Point(x, y)
    code = f"{model.code[:-1]}{rng.randrange(5, 10)}"
    if any(zone.code == code for zone in edition.zones[model.layer]):
        return edition
    made = replace(model, code=code, geometry=shape, name=rng.choice((model.name, "新设区域")))
    return _with_zones(edition, model.layer, [*edition.zones[model.layer], made])


def name_zone(edition: Edition, rng: random.Random) -> Edition:
    zone = _some_zone(edition, rng)
    if zone is None or zone.zone_class == "province":
        return edition
    other = _some_zone(edition, rng)
    assert other is not None
    changed: dict[str, Any] = rng.choice(
        (
            {"name": zone.name + "甲"},
            {"name": other.name},
            {"zone_class": other.zone_class},
            {"zone_class": rng.choice(("KEY", "GENERAL", "PRIORITY", "学校", "居民区", "county"))},
            {"subtype": other.subtype},
            {"regions": rng.choice((("639901",), ("639902",), ("639901", "639902"), ()))},
            {"attributes": {"备注": "改"}},
            {"valid_from": rng.choice(DAYS)},
            {"valid_to": rng.choice(DAYS)},
            {"office": "o1"},
        )
    )
    return _zone_as(edition, zone, **changed)


def change_layer(edition: Edition, rng: random.Random) -> Edition:
    layer = rng.choice(edition.layers)
    changed: dict[str, Any] = rng.choice(
        (
            {"accuracy_m": rng.choice((5.0, 100.0, 400.0))},
            {"near_m": rng.choice((0.0, 500.0, 5000.0))},
            {"min_area_m2": rng.choice((0.0, 1e4, 1e6))},
            {"min_length_m": rng.choice((0.0, 100.0, 1e3))},
            {"strict_boundary": not layer.strict_boundary},
            {"title": layer.title + "（新）"},
            {"source": "另一来源"},
        )
    )
    return replace(edition, layers=tuple(replace(x, **changed) if x is layer else x for x in edition.layers))


def remove_layer(edition: Edition, rng: random.Random) -> Edition:
    layer = rng.choice(edition.layers)
    if layer.kind is LayerKind.ADMIN:
        return edition
    return replace(
        edition,
        layers=tuple(x for x in edition.layers if x is not layer),
        zones={name: zones for name, zones in edition.zones.items() if name != layer.id},
        coverage=tuple(row for row in edition.coverage if row.layer != layer.id),
    )


def add_layer(edition: Edition, rng: random.Random) -> Edition:
    if any(layer.id == "second" for layer in edition.layers):
        return edition
    kind = rng.choice((LayerKind.RIVER, LayerKind.ECOLOGY, LayerKind.OTHER, LayerKind.CONTROL_UNIT))
    layer = Layer(id="second", kind=kind, title="另一图层", accuracy_m=20.0, near_m=rng.choice((0.0, 2000.0)))
    x, y = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
    zone = Zone(
        layer="second",
        code="N1",
        name="新区",
        geometry=shapely.box(x, y, x + 0.02, y + 0.02),
        zone_class="KEY",
    )
    status = rng.choice(list(CoverageStatus))
    row = Coverage(layer="second", region="63", status=status, source=SOURCE)
    return replace(
        edition,
        layers=(*edition.layers, layer),
        zones={**edition.zones, "second": (zone,)},
        coverage=(*edition.coverage, row),
    )


def change_clause(edition: Edition, rng: random.Random) -> Edition:
    clause, other = rng.choice(edition.clauses), rng.choice(edition.clauses)
    scopes = (
        Scope(everywhere=True), Scope(regions=("639901",)), Scope(regions=("63",)), Scope(classes=("KEY",)),
        Scope(zones=("protected_area:自然保护区",)), Scope(units=("ZH63990130002",)), Scope(parks=("YQ001",)),
        Scope(units=("ZH00000000000",)), Scope(zones=("receptor", "river:干流")), other.scope,
    )  # fmt: skip
    changed: dict[str, Any] = rng.choice(
        (
            {"text": clause.text + "（修订）"},
            {"rules": other.rules if len(other.text) <= len(clause.text) else ()},
            {"rules": tuple({**rule, "review": {"state": "draft"}} for rule in clause.rules)},
            {"rules": tuple({**rule, "strength": "soft"} for rule in clause.rules)},
            {"scope": rng.choice(scopes)},
            {"valid_from": rng.choice(DAYS)},
            {"valid_to": rng.choice(DAYS)},
            {"document": rng.choice(sorted(edition.documents))},
            {"list_id": rng.choice(("K", "YQ001-positive", ""))},
            {"category": "另一类"},
            {"office": "o1"},
        )
    )
    return replace(
        edition, clauses=tuple(replace(x, **changed) if x is clause else x for x in edition.clauses)
    )


def remove_clause(edition: Edition, rng: random.Random) -> Edition:
    gone = rng.choice(edition.clauses)
    return replace(edition, clauses=tuple(x for x in edition.clauses if x is not gone))


def add_clause(edition: Edition, rng: random.Random) -> Edition:
    model = rng.choice(edition.clauses)
    if any(clause.id == f"{model.id}-2" for clause in edition.clauses):
        return edition
    return replace(edition, clauses=(*edition.clauses, replace(model, id=f"{model.id}-2")))


def change_document(edition: Edition, rng: random.Random) -> Edition:
    name = rng.choice(sorted(edition.documents))
    changed: dict[str, Any] = rng.choice(
        (
            {"title": "改名的文件"},
            {"valid_to": rng.choice(DAYS)},
            {"valid_from": rng.choice(DAYS)},
            {"superseded_by": rng.choice(sorted(edition.documents))},
            {"issuer": "另一机关"},
        )
    )
    documents: dict[str, Document] = {**edition.documents, name: replace(edition.documents[name], **changed)}
    return replace(edition, documents=documents)


def change_state(edition: Edition, rng: random.Random) -> Edition:
    states = list(edition.states)
    if states and rng.random() < 0.5:
        gone = states.pop(rng.randrange(len(states)))
        if rng.random() < 0.5:
            states.append(replace(gone, valid_to=rng.choice(DAYS)))
    else:
        place = rng.choice(
            ("639901", "639902", "6399", "63", "ZH63990220002", "YQ001", "HX639901001", "HL001")
        )
        key, value = rng.choice(
            (
                ("air_quality", "未达标"),
                ("water_quality", "未达标"),
                ("groundwater", "超采"),
                ("air_quality", "达标"),
            )
        )
        states.append(PlaceState(place=place, key=key, value=value, valid_from=rng.choice((None, *DAYS))))
    return replace(edition, states=tuple(states))


def change_catalogue(edition: Edition, rng: random.Random) -> Edition:
    kept: dict[str, Catalogue] = dict(edition.catalogues)
    if "two_high" not in kept or rng.random() < 0.2:
        kept.pop("two_high", None)
        return replace(edition, catalogues=kept)
    changed: dict[str, Any] = rng.choice(
        (
            {"industries": ("14", "2614")},
            {"title": "另一名录"},
            {"valid_to": rng.choice(DAYS)},
            {"source": "别处"},
        )
    )
    kept["two_high"] = replace(kept["two_high"], **changed)
    return replace(edition, catalogues=kept)


def change_coverage(edition: Edition, rng: random.Random) -> Edition:
    rows = list(edition.coverage)
    layer = rng.choice(edition.layers).id
    if rng.random() < 0.6:
        region = rng.choice(("639901", "639902", "6399", "63"))
        rows = [row for row in rows if (row.layer, row.region) != (layer, region)]
        rows.append(
            Coverage(layer=layer, region=region, status=rng.choice(list(CoverageStatus)), source="新来源")
        )
    else:
        rows = [row for row in rows if row.layer != layer]
    return replace(edition, coverage=tuple(rows))


def change_info(edition: Edition, rng: random.Random) -> Edition:
    changed: dict[str, Any] = rng.choice(
        (
            {"title": "改名的成果"},
            {"publisher": "另一机关"},
            {"area_method": "EPSG:4522"},
            {"synthetic": False},
        )
    )
    return replace(edition, info=replace(edition.info, **changed))


EDITS: tuple[Edit, ...] = (
    reshape, reshape, reshape, remove_zone, add_zone, name_zone, name_zone, change_layer, remove_layer, add_layer,
    change_clause, change_clause, remove_clause, add_clause, change_document, change_state, change_catalogue,
    change_coverage, change_info,
)  # fmt: skip


def change_county(edition: Edition, county: str) -> Edition:
    """Return an edition in which one county was worked over: ground between units, a clause, a statement."""
    units = [zone for zone in edition.zones["control_unit"] if county in zone.regions]
    moved: dict[str, Any] = {}
    for one, other in pairwise(units):
        shared = shapely.intersection(one.geometry, other.geometry)
        if shapely.length(shared) == 0 or {one.code, other.code} & moved.keys():
            continue
        strip = shapely.intersection(shapely.buffer(shared, 0.004), one.geometry)
        moved[one.code] = shapely.difference(one.geometry, strip)
        moved[other.code] = shapely.union(other.geometry, strip)
    zones = [
        replace(z, geometry=moved[z.code]) if z.code in moved else z for z in edition.zones["control_unit"]
    ]
    codes = {zone.code for zone in units}
    own = next(clause for clause in edition.clauses if codes.intersection(clause.scope.units))
    stated = PlaceState(place=county, key="air_quality", value="未达标", source=SOURCE)
    states = [state for state in edition.states if (state.place, state.key) != (county, "air_quality")]
    return replace(
        _with_zones(edition, "control_unit", zones),
        clauses=tuple(replace(c, text=c.text + "（修订）") if c is own else c for c in edition.clauses),
        states=(*states, stated),
    )


# --- projects ------------------------------------------------------------------------------------


def random_project(edition: Edition, rng: random.Random, name: str) -> Project:
    """Return a project of one or two parts, often at or near a boundary."""
    roles = rng.sample(("厂区", "管线", "排污口"), rng.choice((1, 1, 1, 2)))
    parts = tuple(_part(edition, rng, role) for role in roles)
    facts: dict[str, FactValue] = {}
    if rng.random() < 0.5:
        facts["boiler_tph"] = rng.choice((10.0, 35.0, 50.0))
    papers = (
        (Paper(type="规划环评审查意见", number="1号", date=date(2026, 1, 1)),) if rng.random() < 0.3 else ()
    )
    return Project(
        id=name,
        name=f"项目{name}",
        parts=parts,
        nature=rng.choice(("新建", "扩建", "现有", None)),
        industries=rng.choice((("2614",), ("1411",), ("2511", "4411"), ())),
        facts=facts,
        papers=papers,
    )


def project_inside(ground: BaseGeometry, rng: random.Random, name: str) -> Project:
    """Return a small project somewhere on ``ground``."""
    west, south, east, north = shapely.bounds(ground)
    while True:
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        if shapely.contains_xy(ground, x, y):
            break
    size = rng.choice((2e-4, 2e-3, 2e-2))
    shape = rng.choice((shapely.Point(x, y), shapely.box(x, y, x + size, y + size)))
    part = Part(role="厂区", geometry=shape)
    return Project(
        id=name,
        parts=(part,),
        nature=rng.choice(("新建", "扩建", "现有")),
        industries=(rng.choice(("2614", "1411", "4415", "2511")),),
    )


def _part(edition: Edition, rng: random.Random, role: str) -> Part:
    if rng.random() < 0.5:
        zone = _some_zone(edition, rng)
        assert zone is not None
        x, y = rng.choice(shapely.get_coordinates(zone.geometry).tolist())
        if rng.random() < 0.7:
            reach = rng.choice((1e-5, 3e-4, 5e-3, 2e-2))
            x, y = x + rng.uniform(-reach, reach), y + rng.uniform(-reach, reach)
    else:
        x, y = rng.uniform(WEST - 0.02, EAST + 0.02), rng.uniform(SOUTH - 0.02, NORTH + 0.02)
    size = rng.choice((1e-4, 1e-3, 5e-3, 4e-2))
    kind = rng.randrange(3)
    if kind == 0:
        return Part(role=role, geometry=shapely.Point(x, y))
    if kind == 1:
        return Part(role=role, geometry=shapely.LineString([(x, y), (x + size, y), (x + size, y + size / 2)]))
    return Part(role=role, geometry=shapely.box(x, y, x + size, y + size * rng.choice((0.3, 1.0))))

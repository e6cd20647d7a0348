"""示例市: a small synthetic edition with a bit of everything, for tests.

Counties 639901 (west) and 639902 (east) make up a rectangle of 0.4° × 0.2° with its south-west corner at
(100.0, 36.0). ::

              100.0      100.1      100.2                 100.4
      36.2      ┌──────────┬──────────┬─────────────────────┐
                │ …10001   │          │                     │
                │ priority │          │      …30001         │
                │ red line │  …20001  │      general        │
      36.1      ├──────────┤   key    ├─ ─ ─示例河─ ─ ─ ─ ─ ┤
                │ …30002   │   park   │      …20002 key     │
      36.0      └──────────┴──────────┴─────────────────────┘
                 ◂──── 639901 ───────▸ ◂────── 639902 ──────▸
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition
from sanxian.model import (
    Catalogue,
    Change,
    Clause,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    EditionInfo,
    Layer,
    LayerKind,
    Level,
    PlaceState,
    Scope,
    Zone,
)

SOURCE = "示例数据，非官方"
REVIEWED: Mapping[str, Any] = {"state": "reviewed", "by": "示例审核人", "on": "2026-03-01"}


def sample_edition() -> Edition:
    """Return the edition of 示例市; every call builds a new, equal one."""
    layers = _layers()
    zones: dict[str, tuple[Zone, ...]] = {layer.id: () for layer in layers}
    for zone in _zones():
        zones[zone.layer] += (zone,)
    documents = _documents()
    catalogue = Catalogue(
        id="two_high",
        title="两高项目管理目录（示例）",
        industries=("2511", "2521", "26", "30", "31", "32", "4411"),
        source=SOURCE,
        valid_from=date(2024, 1, 1),
    )
    return Edition(
        info=EditionInfo(
            id="示例市/2026",
            title="示例市生态环境分区管控成果（2026）",
            region="63",
            valid_from=date(2026, 1, 1),
            valid_to=date(2030, 12, 31),
            published=date(2025, 12, 20),
            publisher="示例市生态环境局",
            source=SOURCE,
            synthetic=True,
            supersedes="示例市/2021",
        ),
        layers=layers,
        zones=zones,
        clauses=_clauses(),
        documents={document.id: document for document in documents},
        states=_states(),
        coverage=tuple(
            Coverage(
                layer=layer.id,
                region="63",
                status=CoverageStatus.COMPLETE,
                source=SOURCE,
                date=date(2025, 6, 30),
            )
            for layer in layers
        ),
        catalogues={catalogue.id: catalogue},
        changes=(
            Change(item="ZH63990120001", kind="changed", reason="园区扩区", trigger="年度动态更新"),
            Change(item="S-12", kind="added", reason="落实流域要求"),
        ),
    )


def _layers() -> tuple[Layer, ...]:
    admin = {"accuracy_m": 10.0, "partition": True, "source": SOURCE}
    strict = {"accuracy_m": 50.0, "strict_boundary": True, "source": SOURCE}
    zone = {"accuracy_m": 25.0, "source": SOURCE}
    rows: tuple[tuple[str, LayerKind, str, dict[str, Any]], ...] = (
        ("control_unit", LayerKind.CONTROL_UNIT, "环境管控单元", {**zone, "partition": True}),
        ("red_line", LayerKind.ECOLOGY, "生态保护红线", strict),
        ("water_zone", LayerKind.WATER, "水环境管控分区", zone),
        ("protected_area", LayerKind.PROTECTED_AREA, "自然保护地", strict),
        ("park", LayerKind.PARK, "产业园区", {**zone, "min_area_m2": 10.0}),
        ("province", LayerKind.ADMIN, "省级行政区", admin),
        ("county", LayerKind.ADMIN, "县级行政区", admin),
        ("receptor", LayerKind.RECEPTOR, "环境敏感目标", {**zone, "near_m": 2000.0}),
        ("river", LayerKind.RIVER, "河流", {**zone, "min_length_m": 2.0, "near_m": 3000.0}),
    )
    return tuple(Layer(id=name, kind=kind, title=title, **rest) for name, kind, title, rest in rows)


def _zones() -> tuple[Zone, ...]:
    west, east = ("639901",), ("639902",)
    both = west + east

    def zone(layer: str, code: str, name: str, shape: BaseGeometry, **rest: Any) -> Zone:
        return Zone(layer=layer, code=code, name=name, geometry=shape, **rest)

    lake = shapely.Polygon(
        [(100.30, 36.15), (100.34, 36.15), (100.34, 36.18), (100.30, 36.18)],
        [[(100.31, 36.16), (100.31, 36.17), (100.32, 36.17), (100.32, 36.16)]],  # an island
    )
    return (
        zone("province", "63", "示例省", shapely.box(100.0, 36.0, 100.4, 36.2), zone_class="province"),
        zone(
            "county",
            "639901",
            "甲县",
            shapely.box(100.0, 36.0, 100.2, 36.2),
            zone_class="county",
            regions=west,
        ),
        zone(
            "county",
            "639902",
            "乙县",
            shapely.box(100.2, 36.0, 100.4, 36.2),
            zone_class="county",
            regions=east,
        ),
        zone(
            "control_unit",
            "ZH63990110001",
            "甲县优先保护单元",
            shapely.box(100.0, 36.1, 100.1, 36.2),
            zone_class="PRIORITY",
            subtype="生态保护红线",
            regions=west,
            attributes={"面积_km2": "99.8", "备注": "含“红线”"},
            valid_from=date(2026, 1, 1),
        ),
        zone(
            "control_unit",
            "ZH63990120001",
            "甲县产业集聚重点管控单元",
            shapely.box(100.1, 36.0, 100.2, 36.2),
            zone_class="KEY",
            subtype="产业集聚",
            regions=west,
        ),
        zone(
            "control_unit",
            "ZH63990130002",
            "甲县一般管控单元",
            shapely.box(100.0, 36.0, 100.1, 36.1),
            zone_class="GENERAL",
            regions=west,
        ),
        zone(
            "control_unit",
            "ZH63990220002",
            "乙县水环境重点管控单元",
            shapely.box(100.2, 36.0, 100.4, 36.1),
            zone_class="KEY",
            regions=east,
        ),
        zone(
            "control_unit",
            "ZH63990230001",
            "乙县一般管控单元",
            shapely.box(100.2, 36.1, 100.4, 36.2),
            zone_class="GENERAL",
            regions=east,
        ),
        zone(
            "red_line",
            "HX639901001",
            "示例山水源涵养红线",
            shapely.box(100.0, 36.12, 100.08, 36.2),
            subtype="生态保护红线",
            regions=west,
        ),
        zone(
            "red_line",
            "HX639902001",
            "示例湖红线",
            shapely.MultiPolygon([lake, shapely.box(100.36, 36.16, 100.38, 36.18)]),
            subtype="生态保护红线",
            regions=east,
        ),
        zone(
            "protected_area",
            "BH001-1",
            "示例山自然保护区",
            shapely.box(100.0, 36.16, 100.05, 36.2),
            zone_class="自然保护区",
            subtype="核心保护区",
            regions=west,
        ),
        zone(
            "protected_area",
            "BH001-2",
            "示例山自然保护区",
            shapely.box(100.05, 36.16, 100.08, 36.2),
            zone_class="自然保护区",
            subtype="一般控制区",
            regions=west,
        ),
        zone(
            "park",
            "YQ001",
            "示例工业园",
            shapely.box(100.12, 36.02, 100.17, 36.06),
            zone_class="省级",
            subtype="化工园区",
            regions=west,
        ),
        zone(
            "river",
            "HL001",
            "示例河",
            shapely.LineString(
                [(100.0, 36.09), (100.1, 36.11), (100.2, 36.1), (100.3, 36.09), (100.4, 36.1)]
            ),
            zone_class="干流",
            regions=both,
        ),
        zone("receptor", "MG001", "示例小学", shapely.Point(100.15, 36.13), zone_class="学校", regions=west),
        zone(
            "receptor",
            "MG002",
            "示例村",
            shapely.box(100.25, 36.12, 100.26, 36.13),
            zone_class="居民区",
            regions=east,
        ),
        zone(
            "water_zone",
            "YS6399022210001",
            "乙县工业污染重点管控区",
            shapely.box(100.2, 36.0, 100.4, 36.1),
            zone_class="KEY",
            subtype="工业污染",
            regions=east,
        ),
        zone(
            "water_zone",
            "YS6399013230001",
            "甲县水环境一般管控区",
            shapely.box(100.0, 36.0, 100.2, 36.2),
            zone_class="GENERAL",
            regions=west,
        ),
        zone(
            "water_zone",
            "YS6399023230001",
            "乙县水环境一般管控区",
            shapely.box(100.2, 36.1, 100.4, 36.2),
            zone_class="GENERAL",
            regions=east,
        ),
    )


def _documents() -> tuple[Document, ...]:
    return (
        Document(
            id="list-2026",
            title="示例市生态环境准入清单（2026年版）",
            number="示环发〔2025〕12号",
            issuer="示例市生态环境局",
            valid_from=date(2026, 1, 1),
            source=SOURCE,
        ),
        Document(
            id="list-2021",
            title="示例市生态环境准入清单（2021年版）",
            number="示环发〔2021〕3号",
            issuer="示例市生态环境局",
            valid_from=date(2021, 6, 1),
            valid_to=date(2025, 12, 31),
            superseded_by="list-2026",
            source=SOURCE,
        ),
        Document(
            id="law-river",
            title="示例河保护条例",
            issuer="示例省人大常委会",
            valid_from=date(2023, 4, 1),
            source=SOURCE,
        ),
        Document(
            id="law-2030",
            title="示例省水源条例",
            issuer="示例省人大常委会",
            valid_from=date(2028, 1, 1),
            source=SOURCE,
        ),
    )


def _states() -> tuple[PlaceState, ...]:
    return (
        PlaceState(
            place="639901",
            key="air_quality",
            value="未达标",
            valid_from=date(2025, 1, 1),
            valid_to=date(2026, 12, 31),
            source=SOURCE,
        ),
        PlaceState(
            place="639901", key="air_quality", value="达标", valid_from=date(2027, 1, 1), source=SOURCE
        ),
        PlaceState(
            place="639902", key="water_quality", value="未达标", valid_from=date(2025, 1, 1), source=SOURCE
        ),
        PlaceState(place="YQ001", key="park_status", value="合规", source=SOURCE),
        PlaceState(
            place="ZH63990220002", key="groundwater", value="超采", valid_from=date(2026, 1, 1), source=SOURCE
        ),
    )


def _clauses() -> tuple[Clause, ...]:
    def clause(
        name: str,
        level: Level,
        dimension: Dimension,
        category: str,
        text: str,
        scope: Scope,
        *rules: Mapping[str, Any],
        **rest: Any,
    ) -> Clause:
        return Clause(
            id=f"S-{name}",
            number=name,
            level=level,
            dimension=dimension,
            dimension_label={
                Dimension.SPATIAL: "空间布局约束",
                Dimension.EMISSION: "污染物排放管控",
                Dimension.RISK: "环境风险防控",
                Dimension.RESOURCE: "资源利用效率",
            }[dimension],
            category=category,
            text=text,
            document=rest.pop("document", "list-2026"),
            scope=scope,
            rules=tuple({"review": REVIEWED, "quote": [0, len(text)], **rule} for rule in rules),
            **rest,
        )

    new = {"nature": ["新建", "扩建"]}
    red_line_exception = {
        "all": [
            {"fact": "national_major", "op": "is", "value": True},
            {"document": "不可避让论证意见", "issuer": "省级人民政府"},
        ]
    }
    return (
        clause(
            "01",
            Level.NATIONAL,
            Dimension.SPATIAL,
            "禁止开发建设活动的要求",
            "生态保护红线内禁止新建、扩建工业项目，经论证无法避让的国家重大项目除外。",
            Scope(zones=("red_line",)),
            {"effect": "FORBID", "strength": "strict", "subject": new, "unless": red_line_exception},
        ),
        clause(
            "02",
            Level.PROVINCE,
            Dimension.SPATIAL,
            "禁止开发建设活动的要求",
            "自然保护地核心保护区内禁止人为活动。",
            Scope(zones=("protected_area:核心保护区",)),
            {"effect": "FORBID", "strength": "strict"},
        ),
        clause(
            "03",
            Level.BASIN,
            Dimension.SPATIAL,
            "禁止开发建设活动的要求",
            "禁止在示例河岸线一公里范围内新建、扩建化工项目。",
            Scope(regions=("6399",)),
            {
                "effect": "FORBID",
                "strength": "strict",
                "subject": {**new, "industry": ["C26"]},
                "when": {"distance": "river:示例河", "op": "<", "value": 1000, "unit": "m"},
            },
            document="law-river",
        ),
        clause(
            "04",
            Level.UNIT,
            Dimension.SPATIAL,
            "限制开发建设活动的要求",
            "原则上禁止新建高污染项目；确需建设的应进入园区。",
            Scope(units=("ZH63990120001",)),
            {
                "effect": "FORBID",
                "strength": "principle",
                "subject": {"nature": ["新建"], "industry": ["C25", "C26"]},
                "unless": {"in": "park"},
            },
        ),
        clause(
            "05",
            Level.UNIT,
            Dimension.EMISSION,
            "污染物削减替代",
            "新建项目氮氧化物实行等量替代，并安装在线监测设施。",
            Scope(units=("ZH63990120001", "ZH63990220002")),
            {
                "effect": "REQUIRE",
                "strength": "strict",
                "subject": {"nature": ["新建"]},
                "require": {
                    "all": [
                        {"fact": "offset_ratio", "op": ">=", "value": 1.0},
                        {"duty": "安装在线监测设施", "phase": "运营期"},
                    ]
                },
            },
        ),
        clause(
            "06",
            Level.COUNTY,
            Dimension.EMISSION,
            "允许排放量要求",
            "环境空气质量未达标期间，禁止新建 35 蒸吨/小时以下燃煤锅炉。",
            Scope(regions=("639901",)),
            {
                "effect": "FORBID",
                "strength": "strict",
                "subject": {"nature": ["新建"]},
                "when": {
                    "all": [
                        {"state": "air_quality", "op": "is", "value": "未达标"},
                        {"fact": "boiler_tph", "op": "<", "value": 35},
                    ]
                },
            },
        ),
        clause(
            "07",
            Level.PROVINCE,
            Dimension.SPATIAL,
            "两高项目",
            "两高项目应符合产业政策和规划环评要求。",
            Scope(everywhere=True),
            {
                "effect": "RESTRICT",
                "strength": "strict",
                "when": {"catalogue": "two_high"},
                "require": {"document": "规划环评审查意见"},
            },
        ),
        clause(
            "08",
            Level.PARK,
            Dimension.SPATIAL,
            "允许开发建设活动的要求",
            "园区主导产业为化学原料和化学制品制造业、新材料。",
            Scope(parks=("YQ001",)),
            {"effect": "ALLOW", "strength": "strict", "subject": {"industry": ["C26"]}},
            list_id="YQ001-positive",
        ),
        clause(
            "09",
            Level.PARK,
            Dimension.RISK,
            "企业环境风险防控要求",
            "园区应完善环境风险防控体系，优化布局。",
            Scope(parks=("YQ001",)),
        ),
        clause(
            "10",
            Level.COUNTY,
            Dimension.SPATIAL,
            "不符合空间布局要求活动的退出要求",
            "现有生物质锅炉应于 2026 年底前退出。",
            Scope(regions=("639901",)),
            {"effect": "EXIT", "strength": "strict", "until": "2026-12-31"},
        ),
        clause(
            "11",
            Level.ZONE,
            Dimension.RESOURCE,
            "水资源利用效率",
            "地下水超采区内禁止新增取用地下水。",
            Scope(zones=("water_zone:KEY",), classes=("KEY",)),
            {
                "effect": "FORBID",
                "strength": "strict",
                "subject": {"activity": ["取用地下水"]},
                "when": {"state": "groundwater", "op": "is", "value": "超采"},
            },
        ),
        clause(
            "12",
            Level.PREFECTURE,
            Dimension.EMISSION,
            "其他",
            "鼓励实施清洁生产改造。",
            Scope(regions=("6399",), classes=("KEY", "GENERAL")),
            {"effect": "ENCOURAGE", "strength": "soft"},
        ),
        clause(
            "13",
            Level.PREFECTURE,
            Dimension.SPATIAL,
            "禁止开发建设活动的要求",
            "禁止新建造纸项目。（旧版清单）",
            Scope(everywhere=True),
            {"effect": "FORBID", "strength": "strict", "subject": {"nature": ["新建"], "industry": ["C22"]}},
            document="list-2021",
        ),
        clause(
            "14",
            Level.PROVINCE,
            Dimension.SPATIAL,
            "禁止开发建设活动的要求",
            "距学校 500 米内不得新建化工项目。",
            Scope(everywhere=True),
            {
                "effect": "RESTRICT",
                "strength": "strict",
                "subject": {**new, "industry": ["C26"]},
                "require": {"distance": "receptor:学校", "op": ">=", "value": 500, "unit": "m"},
                "review": {"state": "draft"},
            },
            valid_to=date(2029, 12, 31),
        ),
    )

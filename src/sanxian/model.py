"""Frozen domain types: what a project, an edition and a screening are made of.

Plain values without behaviour beyond their own invariants. Geometry is always longitude/latitude
in CGCS2000 (EPSG:4490); an edge is straight in longitude and latitude (ADR 0001). Lengths are metres, areas
square metres, both on the ellipsoid unless a name says otherwise. ``as_of`` is a date, never the clock.
"""

from __future__ import annotations

import copyreg
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from shapely.geometry.base import BaseGeometry


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


# so that what holds a read-only mapping can be sent to another process
copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))

STORAGE_CRS: Final = "EPSG:4490"
SYNTHETIC: Final = "示例数据，非官方"  # stands on everything made from a synthetic edition

FactValue: TypeAlias = bool | int | float | str | date | tuple[str, ...]
"""Value of one fact; a set-valued fact is a sorted tuple of strings."""


class Outcome(enum.IntEnum):
    """判定 of one clause, ordered so that the worst wins.

    The two unknowns sit below NON_COMPLIANT (one clear breach decides, whatever else is
    unknown) and above the rest (an unknown is never called compliant).
    """

    NOT_APPLICABLE = 0  # 不涉及
    COMPLIANT = 1  # 符合
    CONDITIONAL = 2  # 有条件符合（须落实要求）
    NEEDS_REVIEW = 3  # 需人工研判
    NEEDS_FACTS = 4  # 待补充信息
    NON_COMPLIANT = 5  # 不符合


class Truth(enum.IntEnum):
    """Strong Kleene truth: ``and`` is min, ``or`` is max, ``not`` mirrors."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def __invert__(self) -> Truth:
        return Truth(2 - self.value)

    @classmethod
    def of(cls, value: bool | None) -> Truth:
        """Return the truth of ``value``; ``None`` is unknown."""
        return cls.UNKNOWN if value is None else cls.TRUE if value else cls.FALSE


class Effect(enum.StrEnum):
    """What a rule does (DESIGN §4.2)."""

    FORBID = "FORBID"  # 禁止
    RESTRICT = "RESTRICT"  # 限制
    REQUIRE = "REQUIRE"  # 要求
    EXIT = "EXIT"  # 退出
    ALLOW = "ALLOW"  # 允许（正面清单）
    ENCOURAGE = "ENCOURAGE"  # 鼓励
    INFORM = "INFORM"  # 提示


class Strength(enum.StrEnum):
    """How binding the wording is."""

    STRICT = "strict"
    PRINCIPLE = "principle"  # 原则上
    SOFT = "soft"  # 严格控制、优化……


class ReviewState(enum.StrEnum):
    """Whether a person has accepted the machine form of a clause."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    REJECTED = "rejected"


class Level(enum.StrEnum):
    """Level of the access list a clause belongs to, from general to specific."""

    NATIONAL = "NATIONAL"  # 国家
    BASIN = "BASIN"  # 流域（区域）
    PROVINCE = "PROVINCE"  # 省
    BLOCK = "BLOCK"  # 板块
    PREFECTURE = "PREFECTURE"  # 市州
    COUNTY = "COUNTY"  # 县
    PARK = "PARK"  # 园区
    ZONE = "ZONE"  # 要素分区
    UNIT = "UNIT"  # 单元


class Dimension(enum.StrEnum):
    """Dimension (维度) of a clause."""

    SPATIAL = "SPATIAL"  # 空间布局约束
    EMISSION = "EMISSION"  # 污染物排放管控
    RISK = "RISK"  # 环境风险防控
    RESOURCE = "RESOURCE"  # 资源利用效率


class LayerKind(enum.StrEnum):
    """Kind of a layer (DESIGN §5)."""

    CONTROL_UNIT = "control_unit"  # 环境管控单元
    ECOLOGY = "ecology"  # 生态保护红线、一般生态空间
    WATER = "water"  # 水环境管控分区
    AIR = "air"  # 大气环境管控分区
    SOIL = "soil"  # 土壤环境管控分区
    RESOURCE = "resource"  # 自然资源管控分区
    SEA = "sea"  # 近岸海域分区
    PROTECTED_AREA = "protected_area"  # 自然保护地
    WATER_SOURCE = "water_source"  # 饮用水水源保护区
    PARK = "park"  # 产业园区
    ADMIN = "admin"  # 行政区
    BLOCK = "block"  # 生态板块
    RECEPTOR = "receptor"  # 环境敏感目标
    RIVER = "river"  # 河流
    SHORELINE = "shoreline"  # 岸线
    OTHER = "other"


class UnitClass(enum.StrEnum):
    """Class of a control unit."""

    PRIORITY = "PRIORITY"  # 优先保护
    KEY = "KEY"  # 重点管控
    GENERAL = "GENERAL"  # 一般管控


class CoverageStatus(enum.StrEnum):
    """How much of a region a layer covers."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ABSENT = "absent"


class Concern(enum.StrEnum):
    """What a layer says about a project."""

    CONCERNED = "concerned"  # 涉及
    NOT_CONCERNED = "not_concerned"  # 不涉及
    NO_DATA = "no_data"  # 无数据


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a reader must know; it decides nothing by itself."""

    code: str
    zh: str
    en: str


# --- project ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """工程组成: one part of a project with its role and its footprint."""

    role: str  # 厂区, 管线, 排污口 …; free text, see data/vocabulary.toml for the usual ones
    geometry: BaseGeometry  # lon/lat EPSG:4490, valid, 2-D, (Multi)Point, (Multi)LineString or (Multi)Polygon
    name: str = ""
    crs_in: str = STORAGE_CRS  # what the coordinates were given in
    source: str = ""  # file name (never a path), "inline" or "point"
    repairs: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document the project names (批复, 论证意见 …), by type and number; or says it lacks."""

    type: str
    number: str = ""
    issuer: str = ""
    date: date | None = None
    held: bool = True  # False: the project states that it does not have this paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A construction project: where it is and what is known about it."""

    parts: tuple[Part, ...]
    id: str = ""
    name: str = ""
    proponent: str = ""
    nature: str | None = None  # 新建, 扩建, 改建, 技改, 迁建, 现有; None = not stated
    industries: tuple[str, ...] = ()  # GB/T 4754-2017 codes without section letter; () = not stated
    facts: Mapping[str, FactValue] = field(default_factory=lambda: MappingProxyType({}))
    papers: tuple[Paper, ...] = ()
    notices: tuple[Notice, ...] = ()  # what reading the input had to say


# --- edition ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of an edition; its zones are ``Edition.zones[layer.id]``."""

    id: str  # e.g. "control_unit", "red_line"
    kind: LayerKind
    title: str
    accuracy_m: float  # position accuracy of its lines, from map scale or survey
    min_area_m2: float = 1.0  # smaller overlaps (after union) are dropped and listed
    min_length_m: float = 1.0
    near_m: float = 1000.0  # zones this near, but not met, are near misses
    partition: bool = False  # covers the region without gap or overlap
    strict_boundary: bool = False  # red lines, protected areas: sensitive hits count as NEEDS_REVIEW
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One feature of a layer: a control unit, an element zone, a river, a settlement …"""

    layer: str
    code: str
    name: str
    geometry: BaseGeometry  # lon/lat EPSG:4490
    zone_class: str = ""  # control unit: PRIORITY|KEY|GENERAL; others: their own class
    subtype: str = ""  # e.g. 生态保护红线, 核心保护区, 一级保护区
    regions: tuple[str, ...] = ()  # GB/T 2260 codes of the places it lies in
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    valid_from: date | None = None
    valid_to: date | None = None  # last day in force
    office: str = ""  # Office.id of who answers for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """责任部门: who answers for a zone or a clause."""

    id: str
    name: str
    contact: str = ""
    region: str = ""  # GB/T 2260 code of the place it works for


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """文件: the legal or policy document a clause comes from."""

    id: str
    title: str
    number: str = ""
    issuer: str = ""
    valid_from: date | None = None
    valid_to: date | None = None  # last day in force
    superseded_by: str = ""  # id of the document that took its place
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a clause holds: any of these. An empty scope is an error, never "everywhere"."""

    everywhere: bool = False
    units: tuple[str, ...] = ()  # control-unit codes
    zones: tuple[str, ...] = ()  # targets such as "red_line", "protected_area:核心保护区"
    regions: tuple[str, ...] = ()  # GB/T 2260 codes; a county matches its prefecture and province
    parks: tuple[str, ...] = ()  # park codes
    blocks: tuple[str, ...] = ()  # block codes
    classes: tuple[str, ...] = ()  # classes of control unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """管控要求: one citable item of the access list."""

    id: str
    number: str  # as printed, e.g. "1-3"
    level: Level
    dimension: Dimension
    dimension_label: str  # as published (provinces' aliases kept)
    category: str  # sub-category as published
    text: str  # as published
    document: str  # Document.id
    scope: Scope
    rules: tuple[Mapping[str, Any], ...] = ()  # JSON, checked by ``rules``; () = no machine form
    list_id: str = ""  # positive list this clause belongs to; "" = the clause alone
    valid_from: date | None = None
    valid_to: date | None = None
    office: str = ""  # Office.id of who answers for it


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """A dated statement about a place: air quality not met, water over-drawn …"""

    place: str  # GB/T 2260 code, unit, zone or park code
    key: str  # data/vocabulary.toml [states]
    value: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What stands behind a "no": how complete a layer is in a region."""

    layer: str
    region: str  # GB/T 2260 code; the longest match wins
    status: CoverageStatus
    source: str
    date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """A dated list of industries (两高, …) a rule can ask membership of."""

    id: str
    title: str
    industries: tuple[str, ...]  # GB/T 4754 prefixes without section letter
    source: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was changed against the edition before, why, and the legal trigger."""

    item: str  # "layer/zone code" or clause id
    kind: str  # added, removed, changed, succeeded
    reason: str
    trigger: str = ""
    successors: tuple[str, ...] = ()  # succeeded: codes that took its place; none when the place is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionInfo:
    """Identity of an edition."""

    id: str  # e.g. "青海示例/2026"
    title: str
    region: str  # GB/T 2260 code
    valid_from: date
    valid_to: date | None = None  # last day in force; None = until superseded
    published: date | None = None
    publisher: str = ""
    source: str = ""
    area_method: str = "equal_area"  # or a projected CRS such as "EPSG:4543": planar area as published
    synthetic: bool = False
    supersedes: str = ""
    digest: str = ""  # "sha256:…" over normalised content


# --- overlay (what the engine hands to the rules; no geometry inside) -----------------------


class Relation(enum.StrEnum):
    """How a footprint and a zone lie to each other."""

    OVERLAP = "overlap"  # shares area, length or points, at or above the layer's threshold
    DROPPED = "dropped"  # shares less than the threshold; listed, decides nothing
    ADJACENT = "adjacent"  # touches without sharing area or length
    NEAR = "near"  # within the layer's search distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """命中: one zone met by a project, or by its parts of one role."""

    layer: str
    zone: str  # zone code
    relation: Relation
    role: str = ""  # "" = the whole project
    area_m2: float = 0.0  # on the ellipsoid, of the union of the areal parts inside the zone
    published_area_m2: float | None = None  # by the edition's own area method, when it has one
    length_m: float = 0.0  # geodesic, of the linear parts inside the zone
    points: int = 0  # point parts inside or on the boundary
    share: float = 0.0  # of the areal (else linear, else point) footprint
    zone_share: float = 0.0  # of the zone's area
    distance_m: float = 0.0  # NEAR: geodesic distance
    bearing_deg: float | None = None  # NEAR: from footprint to zone, clockwise from north
    margin_m: float = 0.0  # how far the zone's line would have to move to change the hit
    sensitive: bool = False  # margin within the layer's stated accuracy
    office: Office | None = None  # who answers for the zone; the engine knows none


# --- result ----------------------------------------------------------------------------------


class FindingKind(enum.StrEnum):
    """What a finding is about."""

    CLAUSE = "clause"
    LAYER = "layer"  # a layer without data for the place
    BOUNDARY = "boundary"  # a boundary-sensitive hit on a strict layer
    PLACE = "place"  # land without control unit, footprint partly outside the region


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """判定翻转: one fact whose other value would change the outcome."""

    fact: str  # fact key, or the atom's own key such as "distance river:黄河干流"
    seen: str  # value seen, "" = unknown
    needed_zh: str
    needed_en: str
    outcome: Outcome  # what it would become


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule evaluated, step by step."""

    index: int
    effect: str
    strength: str
    outcome: Outcome  # what counts
    machine_outcome: Outcome  # what the rule alone says, before review state
    reviewed: bool
    quote: str  # words of the clause the rule stands for
    reason_zh: str
    reason_en: str
    duties: tuple[Mapping[str, str], ...] = ()
    trace: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """判定: what one clause says about one project in one place."""

    kind: FindingKind
    outcome: Outcome
    place: str  # zone or region code the clause was reached through
    place_name: str
    reason_zh: str
    reason_en: str
    clause: str = ""  # Clause.id
    layer: str = ""
    rules: tuple[RuleResult, ...] = ()
    flips: tuple[Flip, ...] = ()
    notices: tuple[Notice, ...] = ()  # ENCOURAGE, INFORM
    office: Office | None = None  # who answers for the clause, else for the zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A fact still to give, with how much it decides."""

    fact: str
    question_zh: str
    question_en: str
    decides: int  # findings it settles by itself
    mentioned: int  # findings that wait for it
    worst: Outcome  # the worst outcome one of its values leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """涉及 / 不涉及 / 无数据 of one layer."""

    layer: str
    concern: Concern
    complete: bool
    sources: tuple[str, ...]  # coverage rows behind the statement


def in_force(valid_from: date | None, valid_to: date | None, as_of: date) -> bool:
    """Whether something is in force on ``as_of``; ``valid_to`` is its last day, ``None`` an open end.

    Examples
    --------
    >>> in_force(date(2024, 1, 1), date(2025, 12, 31), date(2025, 12, 31))
    True
    """
    return (valid_from is None or valid_from <= as_of) and (valid_to is None or as_of <= valid_to)


def verdict(findings: Iterable[Finding]) -> Outcome:
    """结论: the worst outcome; ``screen`` guarantees that every layer reported.

    Examples
    --------
    >>> verdict([])
    <Outcome.NOT_APPLICABLE: 0>
    """
    return max((f.outcome for f in findings), default=Outcome.NOT_APPLICABLE)

"""What the quality gate says: findings with their places and bounds, and the balance of areas."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

from shapely.geometry.base import BaseGeometry

from sanxian.i18n import t
from sanxian.model import EditionInfo


class Severity(enum.StrEnum):
    """How much a finding matters; only what blocks keeps a draft from being published."""

    BLOCKING = "blocking"  # 阻断
    WARNING = "warning"  # 提醒
    INFO = "info"  # 说明


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A size as measured, and between which sizes the truth lies when lines are off by the stated accuracy.

    The bounds say: if every line of the layer were somewhere within ``Layer.accuracy_m`` of where it is drawn,
    the size would still be at least ``low`` and at most ``high``. A ``low`` of zero means that what is seen may
    be nothing but drafting. Where a layer states no accuracy, both equal the value.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is wrong."""

    items: tuple[str, ...]  # codes of the zones it is about
    geometry: BaseGeometry | None = None  # lon/lat EPSG:4490
    area_m2: Measure | None = None  # on the ellipsoid
    width_m: Measure | None = None  # mean width: twice the area over the perimeter
    length_m: float | None = None
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check that did not pass, on one layer."""

    check: str  # stable id such as "Q-GAP", listed in docs/reference/quality-checks.md
    severity: Severity
    layer: str  # layer id, "" when it is about the edition as a whole
    items: tuple[str, ...]  # "layer/zone code", clause id …; each once, in order
    count: int  # places, or items where there are no places
    zh: str
    en: str
    advice_zh: str
    advice_en: str
    places: tuple[Place, ...] = ()
    area_m2: Measure | None = None  # of all places together

    def text(self, lang: str) -> str:
        """Return what was found in ``lang``."""
        return self.en if lang.startswith("en") else self.zh

    def advice(self, lang: str) -> str:
        """Return what to do in ``lang``."""
        return self.advice_en if lang.startswith("en") else self.advice_zh


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """面积平衡 of one partition: zones - overlaps - outside + gaps = region, all in m² on the ellipsoid."""

    layer: str
    zones: int
    zones_m2: float  # sum over the zones
    overlaps_m2: float  # what is counted more than once, once for each time too many
    outside_m2: float  # covered, but outside the region
    gaps_m2: float  # inside the region, covered by no zone
    region_m2: float | None  # None: the layer does not claim to cover a known region
    edges: int = 0  # edges compared
    unmatched: int = 0  # edges without exactly one equal edge on their other side

    @property
    def residue(self) -> float:
        """What the balance leaves over, relative to the region; rounding alone stays below 1e-9."""
        if self.region_m2 is None or self.region_m2 <= 0:
            return 0.0
        total = self.zones_m2 - self.overlaps_m2 - self.outside_m2 + self.gaps_m2
        return abs(total - self.region_m2) / self.region_m2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A published figure beside what the data say."""

    layer: str
    region: str
    zone_class: str
    what: Literal["count", "area_m2"]
    published: float
    measured: float
    tolerance: float  # rounding of what is printed, and of what its method leaves open
    source: str

    @property
    def agrees(self) -> bool:
        """Whether the two are the same within the tolerance."""
        return abs(self.published - self.measured) <= self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """质检报告: everything the gate looked at and found; the same input gives the same report."""

    info: EditionInfo
    draft: bool
    as_of: date  # the day on which dates were judged
    tolerance_m: float  # two lines this near are meant to be one
    findings: tuple[Finding, ...]  # what blocks first
    balances: tuple[Balance, ...] = ()
    sums: tuple[Sum, ...] = ()
    ran: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({})
    )  # check id → things looked at
    titles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # layer id → title

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that keep a draft from being published."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCKING)

    def counts(self) -> dict[Severity, int]:
        """Return the number of findings of each severity."""
        return {s: sum(f.severity is s for f in self.findings) for s in Severity}


def finding(
    check: str,
    severity: Severity,
    *,
    layer: str = "",
    items: Sequence[str] = (),
    places: Sequence[Place] = (),
    area_m2: Measure | None = None,
    found: str = "",
    **fields: object,
) -> Finding:
    """Return a finding worded by ``locale/quality.*.toml``; a field may be a pair (zh, en).

    ``found`` names the sentence when it is not the check's own.
    """
    key = f"quality.check.{key_of(check)}"
    unique = tuple(dict.fromkeys(items))
    count = len(places) or len(unique)

    def said(part: str, lang: str) -> str:
        own = {k: v[0 if lang == "zh-CN" else 1] if isinstance(v, tuple) else v for k, v in fields.items()}
        own = {
            k: v.rstrip("。.") if isinstance(v, str) else v for k, v in own.items()
        }  # the sentence goes on
        text = found if found and part == "found" else f"{key}.{part}"
        return t(text, lang, count=count, **own)

    return Finding(
        check=check,
        severity=severity,
        layer=layer,
        items=unique,
        count=count,
        zh=said("found", "zh-CN"),
        en=said("found", "en"),
        advice_zh=said("advice", "zh-CN"),
        advice_en=said("advice", "en"),
        places=tuple(places),
        area_m2=area_m2,
    )


def key_of(check: str) -> str:
    """Return the name of a check in the files of texts.

    Examples
    --------
    >>> key_of("Q-CODE-COUNTY")
    'code_county'
    """
    return check.removeprefix("Q-").lower().replace("-", "_")

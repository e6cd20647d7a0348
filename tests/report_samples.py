"""Screenings the report tests share: every outcome, every kind of finding, every kind of geometry."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from sample_edition import REVIEWED, sample_edition
from sanxian.edition import Edition, digest
from sanxian.model import (
    Coverage,
    CoverageStatus,
    Notice,
    Paper,
    Part,
    Project,
)
from sanxian.screening import Screening, screen

AS_OF: Final = date(2026, 9, 1)


def with_digest(edition: Edition) -> Edition:
    """Return the edition with the digest of its content, as it would be written."""
    return dataclasses.replace(edition, info=dataclasses.replace(edition.info, digest=digest(edition)))


EDITION: Final = with_digest(sample_edition())


def project(*parts: Part | BaseGeometry, **known: Any) -> Project:
    drawn = tuple(p if isinstance(p, Part) else Part(role="厂区", geometry=p) for p in parts)
    return Project(parts=drawn, **({"nature": "新建", "industries": ("2614",)} | known))


def _plant() -> Project:
    return project(
        Part(
            role="厂区",
            geometry=shapely.box(100.02, 36.10, 100.055, 36.165),
            source="plant.zip",
            crs_in="EPSG:4524",
            repairs=(Notice(code="CLOSED", zh="已闭合 1 个环", en="1 ring closed"),),
        ),
        Part(role="排污口", geometry=shapely.Point(100.08, 36.105), source="plant.zip"),
        Part(
            role="管线",
            geometry=shapely.LineString([(100.055, 36.13), (100.08, 36.12), (100.08, 36.105)]),
            source="plant.zip",
        ),
        id="XM-1",
        name="示例化工有限公司年产10万吨有机化学原料项目",
        proponent="示例化工有限公司",
        facts={"boiler_tph": 20.0, "fuel": "煤", "started_on": date(2026, 10, 1), "activity": ("工业生产",)},
        papers=(
            Paper(
                type="规划环评审查意见",
                number="示环函〔2026〕1号",
                issuer="示例市生态环境局",
                date=date(2026, 2, 3),
            ),
            Paper(type="取水许可证", held=False),
        ),
    )


def _partial() -> Edition:
    """Return the sample edition with one layer incomplete and a published area method."""
    rows = tuple(
        Coverage(layer=c.layer, region=c.region, status=CoverageStatus.PARTIAL, source=c.source)
        if c.layer == "water_zone"
        else c
        for c in EDITION.coverage
    )
    info = dataclasses.replace(EDITION.info, area_method="EPSG:4524", synthetic=False)
    return with_digest(dataclasses.replace(EDITION, coverage=rows, info=info))


PARTIAL: Final = _partial()
_SITE: Final = shapely.box(100.1205, 36.0300, 100.123, 36.0318)

_RUNS: Final[dict[str, tuple[Project, Edition, bool]]] = {
    "plant": (_plant(), EDITION, False),
    "site": (project(_SITE, name="园区小地块", facts={"product": "烧碱"}), EDITION, False),
    "point": (Project(parts=(Part(role="点位", geometry=shapely.Point(100.2, 36.1)),)), EDITION, False),
    "edge": (project(shapely.box(100.0803, 36.14, 100.09, 36.15), name="Near the red line"), EDITION, False),
    "drafts": (project(shapely.box(100.13, 36.12, 100.16, 36.14), nature="扩建"), EDITION, True),
    "partial": (project(_SITE, industries=("4416",)), PARTIAL, False),
    "outside": (project(shapely.box(100.39, 36.05, 100.41, 36.06)), EDITION, False),
    "scattered": (
        project(
            Part(
                role="风机", geometry=shapely.MultiPoint([(100.21, 36.12), (100.3, 36.14), (100.39, 36.19)])
            ),
            Part(
                role="升压站",
                geometry=shapely.MultiPolygon(
                    [shapely.box(100.25, 36.15, 100.2501, 36.1501), shapely.box(100.3, 36.16, 100.32, 36.17)]
                ),
            ),
            Part(
                role="道路",
                geometry=shapely.MultiLineString(
                    [[(100.21, 36.12), (100.3, 36.14)], [(100.3, 36.14), (100.39, 36.19)]]
                ),
            ),
            industries=("4415",),
        ),
        EDITION,
        False,
    ),
}
EDITIONS: Final[dict[str, Edition]] = {name: edition for name, (_, edition, _) in _RUNS.items()}
RESULTS: Final[dict[str, Screening]] = {
    name: screen(subject, edition, AS_OF, count_drafts=drafts)
    for name, (subject, edition, drafts) in _RUNS.items()
}

__all__ = ["AS_OF", "EDITION", "EDITIONS", "PARTIAL", "RESULTS", "REVIEWED", "project", "with_digest"]

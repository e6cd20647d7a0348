"""The gate in front of publishing: what the checks of a draft find that bars it, and the report that is filed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sanxian.edition import Draft, Edition
from sanxian.quality import Finding, QualityReport, check
from sanxian.quality.exchange import to_json
from sanxian.report.quality import render

_NAMED: Final = 4  # codes an obstacle names; the quality report has all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that keeps a draft from being published."""

    code: str  # of the check, or of the breach of permanence
    item: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the gate found in a draft."""

    report: QualityReport
    obstacles: tuple[Obstacle, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity."""
        return {str(severity): count for severity, count in self.report.counts().items()}

    def files(self, edition: Edition) -> dict[str, bytes]:
        """Return the report as files to be filed, by name; ``edition`` is drawn in them."""
        return {"quality.json": to_json(self.report), "quality.html": render(self.report, "zh-CN", edition)}


def examine(draft: Draft, as_of: date) -> Examination:
    """Run the quality gate on a draft as of the day it would come into force."""
    report = check(draft, as_of=as_of)
    return Examination(report=report, obstacles=tuple(map(_obstacle, report.blocking)))


def blocking_problems(draft: Draft, as_of: date) -> tuple[Obstacle, ...]:
    """Return what bars ``draft`` from being published; empty means that the gate is open."""
    return examine(draft, as_of).obstacles


def _obstacle(found: Finding) -> Obstacle:
    named = "、".join(found.items[:_NAMED]) + ("…" if len(found.items) > _NAMED else "")
    return Obstacle(
        code=found.check, item=named or found.layer, zh=found.zh.rstrip("。"), en=found.en.rstrip(".")
    )

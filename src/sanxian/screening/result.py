"""What comes back: a screening, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sanxian.errors import SanxianError
from sanxian.model import (
    Ask,
    Clause,
    EditionInfo,
    Finding,
    Hit,
    LayerReport,
    Notice,
    Outcome,
    Project,
)

ENGINE_VERSION: Final = "0.1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """One part as it was read, with its size."""

    role: str
    name: str
    geometry_type: str
    area_m2: float
    length_m: float
    bbox: tuple[float, float, float, float]
    crs_in: str
    source: str
    repairs: tuple[Notice, ...]
    geometry: Mapping[str, Any]  # GeoJSON, lon/lat EPSG:4490


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """研判记录: one run of :func:`screen`, repeatable from what it records."""

    edition: EditionInfo
    as_of: date
    project: Project
    parts: tuple[PartReport, ...]
    area_m2: float
    length_m: float
    verdict: Outcome
    findings: tuple[Finding, ...]
    asks: tuple[Ask, ...]
    layers: tuple[LayerReport, ...]
    hits: tuple[Hit, ...]  # every relation, also dropped, adjacent and near
    notices: tuple[Notice, ...]
    count_drafts: bool
    engine_version: str = ENGINE_VERSION
    clauses: Mapping[str, Clause]  # the clauses findings speak of, as published
    titles: Mapping[str, str]  # titles of layers and documents, names of zones ("layer/code")
    _pieces: Mapping[str, Sequence[bytes]] | None = field(default=None, init=False, repr=False, compare=False)
    """Parts of the record already written, by key, for ``to_json``. No argument of ``__init__``: a screening
    made by hand or by ``dataclasses.replace`` has none and is written from its fields."""

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Number of findings by outcome, worst first."""
        found = Counter(finding.outcome for finding in self.findings)
        return {outcome: found[outcome] for outcome in sorted(Outcome, reverse=True)}

    def with_pieces(self, pieces: Mapping[str, Sequence[bytes]]) -> Screening:
        """Return this screening, told what of its record is written already."""
        object.__setattr__(self, "_pieces", pieces)  # once, before anyone else sees it
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A project of a batch that could not be screened; the others were."""

    project: Project
    error: SanxianError

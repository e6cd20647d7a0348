"""What comes back: a screening, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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


class Opening(NamedTuple):
    """How the record of a screening begins, the same for every project of which the same can be said."""

    head: tuple[bytes, ...]  # up to where the digest belongs
    tail: tuple[bytes, ...]  # from there into the findings
    hashed: Any  # SHA-256 of both, to be copied


@dataclass(slots=True, eq=False)
class Written:
    """What of a record is written already."""

    pieces: Mapping[str, Sequence[bytes]]  # by key
    counts: Mapping[Outcome, int]
    later: Mapping[str, Callable[[], Any]]  # fields of the screening made when they are asked for
    opening: Opening | None = None  # then the piece of the findings is what follows it

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return type(None), ()  # a screening that travels is written from its fields


def counted(outcomes: Iterable[Outcome]) -> Mapping[Outcome, int]:
    """Return how often each outcome occurs, worst first."""
    found = Counter(outcomes)
    return {outcome: found[outcome] for outcome in sorted(Outcome, reverse=True)}


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
    _written: Written | None = field(default=None, init=False, repr=False, compare=False)
    """What of the record is written already, for ``to_json``. No argument of ``__init__``: a screening made by
    hand or by ``dataclasses.replace`` has none and is written from its fields."""

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Number of findings by outcome, worst first."""
        if self._written is not None:
            return self._written.counts
        return counted(finding.outcome for finding in self.findings)

    @classmethod
    def written(cls, written: Written, **known: Any) -> Screening:
        """Return a screening of which part of the record is written already.

        Fields in ``written.later`` are made when somebody asks for them: whoever only wants the record never does.
        """
        made = object.__new__(cls)
        put = object.__setattr__
        put(made, "engine_version", ENGINE_VERSION)
        put(made, "_written", written)
        for name, value in known.items():
            put(made, name, value)
        return made

    def with_pieces(self, pieces: Mapping[str, Sequence[bytes]]) -> Screening:
        """Return this screening, told what of its record is written already."""
        # once, before anyone else sees it
        object.__setattr__(self, "_written", Written(pieces=pieces, counts=self.counts, later={}))
        return self

    if not TYPE_CHECKING:  # a checker would take it that there is any attribute whatever

        def __getattr__(self, name: str) -> Any:
            """Make a field that nobody has asked for yet; a slot without value comes here."""
            written = None if name == "_written" else self._written
            if written is None or name not in written.later:
                raise AttributeError(name=name, obj=self)
            value = written.later[name]()
            object.__setattr__(self, name, value)  # another thread would make the same
            return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A project of a batch that could not be screened; the others were."""

    project: Project
    error: SanxianError

"""``screen(project, edition, as_of)``: findings with evidence, and the verdict.

The product. Everything else prepares its two inputs or does something with its output. It lays the
project over the edition, finds the clauses reached through each place, judges each clause in each place,
adds what the map itself has to say (layers without data, land without control unit, hits inside the
accuracy of a line) and takes the worst. Silence is never approval: every layer reports, and whatever is
not known is a finding of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from sanxian import edition as editions
from sanxian import geometry, rules
from sanxian.edition import Edition
from sanxian.engine import Distance, Overlay, Placement
from sanxian.errors import BadRule, InputError, OutsideRegion, SanxianError
from sanxian.i18n import t
from sanxian.model import (
    Ask,
    Clause,
    Concern,
    Coverage,
    CoverageStatus,
    EditionInfo,
    Finding,
    FindingKind,
    Flip,
    Hit,
    Layer,
    LayerKind,
    LayerReport,
    Level,
    Notice,
    Outcome,
    Part,
    PlaceState,
    Project,
    Relation,
    UnitClass,
    Zone,
    in_force,
    verdict,
)
from sanxian.rules import ClauseRules, Several, Span, Value, Variable

ENGINE_VERSION: Final = "0.1.0"
SCHEMA: Final = "sanxian/screening/1"
EVERYWHERE: Final = "*"
_GAP: Final = 1e-6  # share of a footprint without control unit that is more than rounding


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

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Number of findings by outcome, worst first."""
        return {o: sum(f.outcome is o for f in self.findings) for o in sorted(Outcome, reverse=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A project of a batch that could not be screened; the others were."""

    project: Project
    error: SanxianError


def screen(project: Project, edition: Edition, as_of: date, *, count_drafts: bool = False) -> Screening:
    """Return what the access list says about ``project`` on ``as_of``.

    Parameters
    ----------
    project : Project
        At least one part; facts may be missing (an unknown is never called compliant).
    edition : Edition
        Opened with :func:`sanxian.edition.open_edition`.
    as_of : date
        Picks what was in force; never the clock.
    count_drafts : bool, default False
        Let rules that nobody has reviewed decide.

    Raises
    ------
    EditionError
        The edition is not in force on ``as_of``.
    OutsideRegion
        No part of the project lies in the edition's region.
    """
    result = next(iter(screen_many((project,), edition, as_of, count_drafts=count_drafts)))
    if isinstance(result, Failure):
        raise result.error
    return result


def screen_many(
    projects: Iterable[Project], edition: Edition, as_of: date, *, count_drafts: bool = False
) -> Iterator[Screening | Failure]:
    """Yield a screening for each project, in order; one that fails is a :class:`Failure`.

    Raises
    ------
    EditionError
        The edition is not in force on ``as_of``: that concerns every project.
    """
    edition.in_force(as_of)
    prepared = _prepare(edition)
    for project in projects:
        try:
            yield _Run(prepared, project, as_of, count_drafts).screening()
        except SanxianError as error:
            yield Failure(project=project, error=error)


# --- an edition prepared for screening -------------------------------------------------------


class _Scoped(NamedTuple):
    """A clause reached by zones of a layer that carry one of several sets of names."""

    clause: str
    alternatives: tuple[frozenset[str], ...]


class _Prepared:
    """An edition with its clauses compiled and indexed by place. Depends on nothing but the edition."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.overlay = Overlay(
            edition.layers, edition.zones, edition.outline, area_method=edition.info.area_method
        )
        self.layer = {layer.id: layer for layer in edition.layers}
        self.zone = {(layer, zone.code): zone for layer, zones in edition.zones.items() for zone in zones}
        self.clause = {clause.id: clause for clause in edition.clauses}
        self.rules = {c.id: rules.compile_clause(c.id, c.text, c.rules) for c in edition.clauses}
        self._isolate_cycles()
        self.by_code: dict[tuple[str, str], list[str]] = {}
        self.by_layer: dict[str, list[_Scoped]] = {}
        self.by_region: dict[str, list[str]] = {}
        self.everywhere: list[str] = []
        for clause in edition.clauses:
            self._index(clause)

    def _index(self, clause: Clause) -> None:
        scope = clause.scope
        kinds = (
            (LayerKind.CONTROL_UNIT, scope.units),
            (LayerKind.PARK, scope.parks),
            (LayerKind.BLOCK, scope.blocks),
        )
        for kind, codes in kinds:
            for code in codes:
                self.by_code.setdefault((kind, code), []).append(clause.id)
        for unit_class in scope.classes:
            scoped = _Scoped(clause.id, (frozenset((unit_class,)),))
            self.by_layer.setdefault(LayerKind.CONTROL_UNIT, []).append(scoped)
        for value in scope.zones:
            layer, alternatives = rules.parse_target(value)
            self.by_layer.setdefault(layer, []).append(_Scoped(clause.id, alternatives))
        for region in scope.regions:
            self.by_region.setdefault(region, []).append(clause.id)
        if scope.everywhere:
            self.everywhere.append(clause.id)
        elif not self._resolves(clause):
            # nobody can say where it holds: silence here would read as "does not hold"
            reason = {
                "zh": "适用范围为空或在成果中不存在",
                "en": "its scope is empty or names nothing in the edition",
            }
            self.rules[clause.id] = ClauseRules(
                clause.id, clause.text, (), (BadRule(where="scope", reason=reason),)
            )
            self.everywhere.append(clause.id)

    def _resolves(self, clause: Clause) -> bool:
        """Return whether the edition can tell where a scope lies.

        A target whose layer exists but holds no such zone is answered by the layer's coverage: a national
        clause on germplasm reserves simply concerns nobody where there is none.
        """
        scope = clause.scope
        named = (
            *((LayerKind.CONTROL_UNIT, code) for code in scope.units),
            *((LayerKind.PARK, code) for code in scope.parks),
            *((LayerKind.BLOCK, code) for code in scope.blocks),
        )
        here = (self.edition.info.region, *(code for _, _, code in self.counties))
        return (
            any(rows for kind, code in named for _, rows in self.select(f"{kind}:{code}"))
            or any(code.startswith(region) for region in scope.regions for code in here)
            or any(self.layers_of(rules.parse_target(target)[0]) for target in scope.zones)
            or bool(set(scope.classes) & set(UnitClass) and self.layers_of(LayerKind.CONTROL_UNIT))
        )

    def _isolate_cycles(self) -> None:
        """Break clauses whose rules ask for each other's outcome in a circle."""
        asks = {name: {v[1] for v in _clause_variables(compiled)} for name, compiled in self.rules.items()}
        for name, asked in asks.items():
            reached: set[str] = set()
            frontier = set(asked)
            while frontier:
                reached |= frontier
                frontier = {n for r in frontier for n in asks.get(r, ())} - reached
            if name in reached:
                reason = {"zh": "条款之间循环引用", "en": "clauses refer to each other in a circle"}
                broken = BadRule(where="clause", reason=reason)
                self.rules[name] = ClauseRules(name, self.rules[name].text, (), (broken,))

    def select(self, target: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Return the zones a target names: (layer id, row numbers) for each of its layers."""
        if target not in self._selected:
            name, alternatives = rules.parse_target(target)
            self._selected[target] = tuple(
                (
                    layer.id,
                    tuple(i for i, z in enumerate(self.edition.zones[layer.id]) if _named(z, alternatives)),
                )
                for layer in self.layers_of(name)
            )
        return self._selected[target]

    @cached_property
    def _selected(self) -> dict[str, tuple[tuple[str, tuple[int, ...]], ...]]:
        return {}

    def layers_of(self, name: str) -> tuple[Layer, ...]:
        """Return the layer with id ``name``, else the layers of that kind."""
        if name in self.layer:
            return (self.layer[name],)
        return tuple(layer for layer in self.edition.layers if layer.kind == name)

    @cached_property
    def counties(self) -> tuple[tuple[str, int, str], ...]:
        """(layer id, row, code) of every county-level place."""
        return tuple(
            (layer.id, i, zone.code)
            for layer in self.edition.layers
            if layer.kind is LayerKind.ADMIN
            for i, zone in enumerate(self.edition.zones[layer.id])
            if zone.zone_class == "county"
        )

    @cached_property
    def states(self) -> dict[tuple[str, str], list[PlaceState]]:
        """Statements by place and key."""
        found: dict[tuple[str, str], list[PlaceState]] = {}
        for state in self.edition.states:
            found.setdefault((state.place, state.key), []).append(state)
        return found

    @cached_property
    def _coverage(self) -> dict[str, list[Coverage]]:
        rows: dict[str, list[Coverage]] = {}
        for row in self.edition.coverage:
            rows.setdefault(row.layer, []).append(row)
        return rows

    def coverage(self, layer: str, region: str) -> Coverage | None:
        """Return the coverage row of ``layer`` that speaks most closely of ``region``."""
        rows = [row for row in self._coverage.get(layer, ()) if region.startswith(row.region)]
        return max(rows, key=lambda row: len(row.region), default=None)

    def complete(self, layer: str, region: str) -> bool:
        row = self.coverage(layer, region)
        return row is not None and row.status is CoverageStatus.COMPLETE

    def blind_counties(self, layer: str) -> tuple[tuple[str, int], ...]:
        """Return the counties (layer id, row) in which ``layer`` is not complete."""
        if layer not in self._blind:
            self._blind[layer] = tuple(
                (admin, i) for admin, i, code in self.counties if not self.complete(layer, code)
            )
        return self._blind[layer]

    @cached_property
    def _blind(self) -> dict[str, tuple[tuple[str, int], ...]]:
        return {}


@lru_cache(maxsize=8)
def _prepare(edition: Edition) -> _Prepared:
    # an edition is immutable and compared by identity, so a memo cannot change an answer
    return _Prepared(edition)


def _clause_variables(compiled: ClauseRules) -> Iterator[Variable]:
    for rule in compiled.rules:
        for leaf in rule.leaves():
            if leaf.variable is not None and leaf.variable[0] == "clause":
                yield leaf.variable


def _named(zone: Zone, alternatives: tuple[frozenset[str], ...]) -> bool:
    names = {zone.code, zone.name, zone.zone_class, zone.subtype}
    return not alternatives or any(terms <= names for terms in alternatives)


# --- one project -----------------------------------------------------------------------------


class _Place(NamedTuple):
    """A place through which clauses are reached."""

    code: str
    name: str
    layer: str  # "" for regions and everywhere
    counties: tuple[str, ...]  # touched counties it stands for
    roles: frozenset[str]  # roles of the parts lying there
    doubtful: bool  # reached only inside the accuracy of a strict line


class _Run:
    """One project laid over one edition on one date."""

    def __init__(self, prepared: _Prepared, project: Project, as_of: date, count_drafts: bool) -> None:
        if not project.parts:
            raise InputError(reason="项目没有任何工程组成（用地范围） / the project has no part (footprint)")
        self.prepared = prepared
        self.project = project
        self.as_of = as_of
        self.count_drafts = count_drafts
        self.placement: Placement = prepared.overlay.place(project.parts, as_of)
        if self.placement.outside:
            km = f"{self.placement.border_m / 1000:.1f}"
            raise OutsideRegion(edition=prepared.edition.info.title, distance_km=km)
        self.hits = self.placement.hits
        self.met = tuple(h for h in self.hits if h.relation is Relation.OVERLAP and h.role == "")
        self.shared: dict[Variable, Value] = {}
        self.groups: list[tuple[tuple[ClauseRules, ...], Sight]] = []
        self._outcomes: dict[str, Outcome] = {}

    # --- places and the clauses reached through them ----------------------------------------

    @cached_property
    def counties(self) -> tuple[str, ...]:
        """Codes of the counties the project touches, else the edition's region."""
        zones = (self.prepared.zone[h.layer, h.zone] for h in self.met)
        codes = sorted({z.code for z in zones if z.zone_class == "county"})
        return tuple(codes) or (self.prepared.edition.info.region,)

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """Codes of every zone met, administrative places apart."""
        return tuple(h.zone for h in self.met if self.prepared.layer[h.layer].kind is not LayerKind.ADMIN)

    def _roles_in(self, layer: str, code: str) -> frozenset[str]:
        if len(self.placement.roles) == 1:
            return frozenset(self.placement.roles)
        return frozenset(
            h.role
            for h in self.hits
            if (h.layer, h.zone) == (layer, code) and h.role and h.relation is Relation.OVERLAP
        )

    @cached_property
    def reached(self) -> dict[tuple[str, str], tuple[_Place, list[str]]]:
        """The places the project lies in, each with the clauses that hold there."""
        prepared = self.prepared
        found: dict[tuple[str, str], tuple[_Place, list[str]]] = {}
        for hit in self.met:
            zone, layer = prepared.zone[hit.layer, hit.zone], prepared.layer[hit.layer]
            names = list(prepared.by_code.get((layer.kind, zone.code), ()))
            for key in dict.fromkeys((layer.id, str(layer.kind))):
                names += [s.clause for s in prepared.by_layer.get(key, ()) if _named(zone, s.alternatives)]
            if names:
                counties = tuple(c for c in self.counties if c in zone.regions) or self.counties
                roles = self._roles_in(layer.id, zone.code)
                doubtful = hit.sensitive and layer.strict_boundary
                place = _Place(zone.code, zone.name, layer.id, counties, roles, doubtful)
                found[layer.id, zone.code] = (place, list(dict.fromkeys(names)))
        roles = frozenset(self.placement.roles)
        for region, names in sorted(prepared.by_region.items()):
            counties = tuple(c for c in self.counties if c.startswith(region))
            if counties:
                place = _Place(region, self._region_name(region), "", counties, roles, False)
                found["", region] = (place, names)
        if prepared.everywhere:
            name = self._region_name(prepared.edition.info.region)
            place = _Place(EVERYWHERE, name, "", self.counties, roles, False)
            found["", EVERYWHERE] = (place, prepared.everywhere)
        return found

    def _region_name(self, code: str) -> str:
        for layer in self.prepared.edition.layers:
            if layer.kind is LayerKind.ADMIN and (layer.id, code) in self.prepared.zone:
                return self.prepared.zone[layer.id, code].name
        return code

    # --- findings ---------------------------------------------------------------------------

    def screening(self) -> Screening:
        """Return the screening."""
        findings = [*self._place_findings(), *self._layer_findings(), *self._boundary_findings()]
        for place, names in self.reached.values():
            findings.extend(self._clause_findings(place, names))
        findings.sort(key=self._order)
        used = {f.clause: self.prepared.clause[f.clause] for f in findings if f.clause}
        return Screening(
            edition=self.prepared.edition.info,
            as_of=self.as_of,
            project=self.project,
            parts=tuple(map(_part_report, self.project.parts)),
            area_m2=self.placement.area_m2,
            length_m=self.placement.length_m,
            verdict=verdict(findings),
            findings=tuple(findings),
            asks=rules.asks(self.groups, count_drafts=self.count_drafts),
            layers=self.layer_reports,
            hits=self.hits,
            notices=self._notices(),
            count_drafts=self.count_drafts,
            clauses=used,
            titles=self._titles(used),
        )

    def _order(self, finding: Finding) -> tuple[object, ...]:
        clause = self.prepared.clause.get(finding.clause)
        level = -1 if clause is None else list(Level).index(clause.level)
        return (
            -finding.outcome,
            list(FindingKind).index(finding.kind),
            level,
            finding.clause,
            finding.layer,
            finding.place,
        )

    def _clause_findings(self, place: _Place, names: Sequence[str]) -> Iterator[Finding]:
        sight = Sight(self, place)
        lists: dict[str, list[str]] = {}
        for name in names:
            clause = self.prepared.clause[name]
            lapse = editions.clause_in_force(clause, self.prepared.edition, self.as_of)
            if lapse is not None:
                yield _finding(place, name, Outcome.NOT_APPLICABLE, lapse.zh, lapse.en)
            else:
                lists.setdefault(f"list {clause.list_id}" if clause.list_id else f"clause {name}", []).append(
                    name
                )
        for members in lists.values():
            group = tuple(self.prepared.rules[name] for name in members)
            self.groups.append((group, sight))
            for compiled, judged in zip(
                group, rules.judge(group, sight, count_drafts=self.count_drafts), strict=True
            ):
                yield self._settle(place, compiled, judged, sight)

    def _settle(self, place: _Place, compiled: ClauseRules, judged: rules.Judgement, sight: Sight) -> Finding:
        """Return the finding; an outcome that hangs on the accuracy of a strict line goes to a person."""
        outcome, zh, en = judged.outcome, judged.reason_zh, judged.reason_en
        settled = (Outcome.NOT_APPLICABLE, Outcome.COMPLIANT)
        if place.doubtful and outcome not in settled:
            zh, en = _both("doubtful_place", place=place.name, reason={"zh-CN": zh, "en": en})
            outcome = Outcome.NEEDS_REVIEW
        elif self._hangs_on_boundary(compiled, outcome, sight):
            zh, en = _both("doubtful_atom", reason={"zh-CN": zh, "en": en})
            outcome = Outcome.NEEDS_REVIEW
        return _finding(
            place,
            compiled.clause,
            outcome,
            zh,
            en,
            rules=judged.rules,
            flips=judged.flips,
            notices=judged.notices,
        )

    def _hangs_on_boundary(self, compiled: ClauseRules, outcome: Outcome, sight: Sight) -> bool:
        for variable in rules.by_variable((compiled,)):
            if variable[0] in ("in", "crosses") and self.doubtful(variable):
                other = rules.Supposed(sight, variable, not sight.read(variable))
                changed = rules.outcomes((compiled,), other, count_drafts=self.count_drafts)[0]
                if changed is not outcome:
                    return True
        return False

    def doubtful(self, variable: Variable) -> bool:
        """Return whether the answer to in/crosses lies within the accuracy of a strict layer's line."""
        wanted = self._wanted(variable[1])
        role = self._role(variable[2])
        concerned = [
            h
            for h in self.hits
            if h.role == role and (h.layer, h.zone) in wanted and self.prepared.layer[h.layer].strict_boundary
        ]
        if any(h.relation is Relation.OVERLAP and not h.sensitive for h in concerned):
            return False
        return any(h.sensitive for h in concerned)

    def outcome_of(self, name: str) -> Outcome:
        """Return the outcome of another clause in this screening; 不涉及 when it is not reached."""
        if name not in self._outcomes:
            found = [Outcome.NOT_APPLICABLE]
            for place, names in self.reached.values():
                if name in names:
                    shared = [n for n in names if self._same_list(n, name)]
                    found += [f.outcome for f in self._clause_findings_of(place, shared) if f.clause == name]
            self._outcomes[name] = max(found)
        return self._outcomes[name]

    def _same_list(self, one: str, other: str) -> bool:
        lists = self.prepared.clause[one].list_id, self.prepared.clause[other].list_id
        return one == other or (bool(lists[0]) and lists[0] == lists[1])

    def _clause_findings_of(self, place: _Place, names: Sequence[str]) -> list[Finding]:
        before = len(self.groups)
        found = list(self._clause_findings(place, names))
        del self.groups[before:]  # asked for on the way: the clause's own turn counts it
        return found

    def _place_findings(self) -> Iterator[Finding]:
        region = _Place(
            self.prepared.edition.info.region, self.prepared.edition.info.title, "", (), frozenset(), False
        )
        outside = self.placement.outside_share
        if outside > _GAP:
            zh, en = _both("outside", share=f"{outside:.2%}")
            yield _finding(region, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.PLACE)
        for layer in self.prepared.layers_of(LayerKind.CONTROL_UNIT):
            gap = 1.0 - outside - self._covered(layer.id)
            if gap > _GAP:
                zh, en = _both("no_unit", share=f"{gap:.2%}", layer=layer.title)
                yield _finding(
                    region, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.PLACE, layer=layer.id
                )
        if not self.prepared.layers_of(LayerKind.CONTROL_UNIT):
            zh, en = _both("no_unit_layer")
            yield _finding(region, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.PLACE)

    def _covered(self, layer: str) -> float:
        """Return the least share of areas, lines and points that lies in some zone of ``layer``."""
        met = [h for h in self.met if h.layer == layer]
        if len(met) == 1 and met[0].share >= 1.0 - _GAP and self.placement.dimensions == 1:
            return 1.0
        zones = tuple(i for i, _ in enumerate(self.prepared.edition.zones[layer]))
        extent = self.placement.extent(((layer, zones),), "")
        return extent.least_share

    @cached_property
    def layer_reports(self) -> tuple[LayerReport, ...]:
        """What each layer says: concerned, not concerned, or no data."""
        reports = []
        for layer in self.prepared.edition.layers:
            rows = [self.prepared.coverage(layer.id, county) for county in self.counties]
            complete = all(row is not None and row.status is CoverageStatus.COMPLETE for row in rows)
            concerned = any(h.layer == layer.id for h in self.met)
            state = Concern.CONCERNED if concerned else Concern.NOT_CONCERNED if complete else Concern.NO_DATA
            sources = dict.fromkeys(
                f"{row.region} {row.status} {row.source} {row.date or ''}".strip()
                for row in rows
                if row is not None
            )
            reports.append(
                LayerReport(layer=layer.id, concern=state, complete=complete, sources=tuple(sources))
            )
        return tuple(reports)

    def _layer_findings(self) -> Iterator[Finding]:
        for report in self.layer_reports:
            if not report.complete:
                layer = self.prepared.layer[report.layer]
                blind = [c for c in self.counties if not self.prepared.complete(layer.id, c)]
                names = "、".join(map(self._region_name, blind))
                zh, en = _both("no_data", layer=layer.title, region=names)
                place = _Place(blind[0], names, "", (), frozenset(), False)
                yield _finding(place, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.LAYER, layer=layer.id)

    def _boundary_findings(self) -> Iterator[Finding]:
        for hit in self.hits:
            layer = self.prepared.layer[hit.layer]
            if hit.role == "" and hit.sensitive and layer.strict_boundary:
                zone = self.prepared.zone[hit.layer, hit.zone]
                place = _Place(zone.code, zone.name, layer.id, (), frozenset(), True)
                zh, en = _both(
                    f"boundary_{hit.relation}",
                    layer=layer.title,
                    zone=zone.name,
                    margin=f"{hit.margin_m:.1f}",
                    accuracy=f"{layer.accuracy_m:g}",
                )
                yield _finding(
                    place, "", Outcome.NEEDS_REVIEW, zh, en, kind=FindingKind.BOUNDARY, layer=layer.id
                )

    def _notices(self) -> tuple[Notice, ...]:
        notices = list(self.project.notices)
        if self.prepared.edition.info.synthetic:
            zh, en = _both("synthetic")
            notices.append(Notice(code="SYNTHETIC", zh=zh, en=en))
        dropped = [h for h in self.hits if h.relation is Relation.DROPPED and h.role == ""]
        if dropped:
            zh, en = _both("dropped", count=len(dropped))
            notices.append(Notice(code="DROPPED", zh=zh, en=en))
        return tuple(notices)

    def _titles(self, used: Mapping[str, Clause]) -> dict[str, str]:
        edition = self.prepared.edition
        titles = {f"layer:{layer.id}": layer.title for layer in edition.layers}
        for clause in used.values():
            document = edition.documents.get(clause.document)
            if document is not None:
                titles[f"document:{document.id}"] = " ".join(filter(None, (document.title, document.number)))
        for hit in self.hits:
            titles[f"zone:{hit.layer}/{hit.zone}"] = self.prepared.zone[hit.layer, hit.zone].name
        return dict(sorted(titles.items()))

    # --- variables that do not depend on the place --------------------------------------------

    def _role(self, role: str) -> str:
        return "" if len(self.placement.roles) == 1 and role in self.placement.roles else role

    def _wanted(self, target: str) -> set[tuple[str, str]]:
        zones = self.prepared.edition.zones
        return {(layer, zones[layer][i].code) for layer, rows in self.prepared.select(target) for i in rows}

    def spatial(self, variable: Variable) -> Value:
        """Return what the map says to a spatial variable; ``None`` when it cannot say."""
        kind, target, role = variable[:3]
        if role and role not in self.placement.roles:
            return None  # a part nobody has drawn
        selection = self.prepared.select(target)
        if not selection:
            return None  # no such layer: silence is not a no
        if kind == "distance":
            return self._distance(selection, self._role(role))
        sees_all = self.placement.outside_share <= _GAP and all(
            self.prepared.complete(layer, county) for layer, _ in selection for county in self.counties
        )
        if kind in ("in", "crosses"):
            wanted = self._wanted(target)
            met = any(
                h.relation is Relation.OVERLAP and h.role == self._role(role) and (h.layer, h.zone) in wanted
                for h in self.hits
            )
            return True if met else False if sees_all else None
        extent = self.placement.extent(selection, self._role(role))
        if kind == "share" and variable[3] == "zone":
            value, most = 100.0 * extent.zone_share, 100.0
        elif kind == "share":
            value, most = 100.0 * extent.share, 100.0
        elif kind == "area":
            value, most = extent.area_m2, max(extent.area_m2, self.placement.area_m2)
        else:
            # a river may wind through an area at any length
            bound = math.inf if self.placement.area_m2 else self.placement.length_m
            value, most = extent.length_m, max(extent.length_m, bound)
        return Span.exact(value) if sees_all else Span(value, most)

    def _distance(self, selection: Sequence[tuple[str, tuple[int, ...]]], role: str) -> Span:
        """Return the distance to the nearest zone: exact as far as the edition can see, open beyond."""
        found = [self.placement.distance(layer, rows, role) for layer, rows in selection]
        nearest = min((d.distance_m for d in found if d is not None), default=math.inf)
        sight = 0.0 if self.placement.outside_share > 0 else self.placement.border_m
        for layer, _ in selection:
            for admin, row in self.prepared.blind_counties(layer):
                blind: Distance | None = self.placement.distance(admin, (row,), role)
                sight = min(sight, math.inf if blind is None else blind.distance_m)
            if not self.prepared.counties and not self.prepared.complete(
                layer, self.prepared.edition.info.region
            ):
                sight = 0.0
        return Span(min(nearest, sight), nearest)


class Sight:
    """What the rules see of a project from one place (a ``rules.Environment``)."""

    __slots__ = ("_here", "_place", "_run")

    def __init__(self, run: _Run, place: _Place) -> None:
        self._run = run
        self._place = place
        self._here: dict[Variable, Value] = {}

    @property
    def as_of(self) -> date:
        """Return the date of the screening."""
        return self._run.as_of

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        """Return the industry prefixes of a catalogue in force."""
        found = self._run.prepared.edition.catalogues.get(name)
        if found is None or not in_force(found.valid_from, found.valid_to, self.as_of):
            return None
        return found.industries

    def title(self, kind: str, name: str, lang: str) -> str:
        """Return the title of a layer, layer kind or catalogue."""
        prepared = self._run.prepared
        if kind == "catalogue":
            found = prepared.edition.catalogues.get(name)
            return name if found is None else found.title
        if name in prepared.layer and lang != "en":
            return prepared.layer[name].title
        try:
            return t(f"layers.{name}", lang)
        except KeyError:
            return prepared.layer[name].title if name in prepared.layer else name

    def read(self, variable: Variable) -> Value:
        """Return the value of a variable, ``None`` when it is not known."""
        here = variable[0] in ("state", "roles here")
        memo = self._here if here else self._run.shared
        if variable not in memo:
            memo[variable] = self._look(variable)
        return memo[variable]

    def _look(self, variable: Variable) -> Value:
        kind = variable[0]
        project = self._run.project
        if kind == "fact":
            return project.nature if variable[1] == "nature" else _value(project.facts.get(variable[1]))
        if kind == "industry":
            return frozenset(project.industries) or None
        if kind == "roles here":
            return self._place.roles
        if kind == "state":
            return self._states(variable[1], variable[2])
        if kind == "document":
            return _holds(project, variable[1], variable[2])
        if kind == "clause":
            known = variable[1] in self._run.prepared.clause
            return self._run.outcome_of(variable[1]) if known else None
        return self._run.spatial(variable)

    def _states(self, key: str, at: str) -> Several:
        """Return the statements about this place, else about its counties and what lies above them."""
        if at == "":
            codes = self._run.touched if self._place.layer == "" else (self._place.code,)
            own = [value for code in codes for value in self._stated(code, key)]
            if own:
                return Several(frozenset(own), True)
        if at == "place":
            own = self._stated(self._place.code, key)
            return Several(frozenset(own), bool(own))
        depth = {"": (6, 4, 2), "county": (6,), "prefecture": (4,), "province": (2,)}[at]
        values: list[str] = []
        complete = True
        for county in self._place.counties:
            stated = next((v for n in depth if (v := self._stated(county[:n], key))), [])
            values += stated
            complete &= bool(stated)
        return Several(frozenset(values), complete)

    def _stated(self, place: str, key: str) -> list[str]:
        stated = self._run.prepared.states.get((place, key), ())
        return [s.value for s in stated if in_force(s.valid_from, s.valid_to, self.as_of)]


def _value(fact: object) -> Value:
    """Return a fact as a rule value."""
    if isinstance(fact, bool) or fact is None:
        return fact
    if isinstance(fact, (int, float)):
        return Span.exact(float(fact))
    if isinstance(fact, tuple):
        return frozenset(fact)
    return fact  # type: ignore[return-value]  # str or date: FactValue leaves nothing else


def _holds(project: Project, name: str, issuer: str) -> bool | None:
    """Return whether the project holds a paper: named by number and date, from the right issuer."""
    same = [paper for paper in project.papers if paper.type == name]
    for paper in same:
        # 省级人民政府 is the rule's word for 青海省人民政府
        fits = not issuer or issuer == paper.issuer or issuer.replace("级", "") in paper.issuer
        if paper.held and paper.number and paper.date is not None and fits:
            return True
    return False if same and not any(paper.held for paper in same) else None


def _both(key: str, **given: Any) -> tuple[str, str]:
    """Return a screening text in both languages; a mapping among the fields holds one text a language."""
    zh, en = (
        t(f"screening.{key}", lang, **{k: v[lang] if isinstance(v, dict) else v for k, v in given.items()})
        for lang in ("zh-CN", "en")
    )
    return zh, en


def _finding(
    place: _Place,
    clause: str,
    outcome: Outcome,
    zh: str,
    en: str,
    *,
    kind: FindingKind = FindingKind.CLAUSE,
    layer: str | None = None,
    rules: tuple[Any, ...] = (),
    flips: tuple[Flip, ...] = (),
    notices: tuple[Notice, ...] = (),
) -> Finding:
    return Finding(
        kind=kind,
        outcome=outcome,
        place=place.code,
        place_name=place.name,
        reason_zh=zh,
        reason_en=en,
        clause=clause,
        layer=place.layer if layer is None else layer,
        rules=rules,
        flips=flips,
        notices=notices,
    )


def _part_report(part: Part) -> PartReport:
    area, length = geometry.measure(part.geometry)
    west, south, east, north = map(float, shapely.bounds(part.geometry))
    return PartReport(
        role=part.role,
        name=part.name,
        geometry_type=part.geometry.geom_type,
        area_m2=area,
        length_m=length,
        bbox=(west, south, east, north),
        crs_in=part.crs_in,
        source=part.source,
        repairs=part.repairs,
        geometry=_geojson(part.geometry),
    )


def _geojson(shape: BaseGeometry) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return made


# --- the record ------------------------------------------------------------------------------


def record(screening: Screening) -> dict[str, Any]:
    """Return the screening as plain JSON values, with its own digest.

    The schema is published as ``docs/reference/screening.schema.json``. Enumerations are their English
    names; texts come in both languages; nothing is rounded.
    """
    body = {
        "schema": SCHEMA,
        "engine_version": screening.engine_version,
        "edition": _plain(screening.edition),
        "as_of": screening.as_of.isoformat(),
        "options": {"count_drafts": screening.count_drafts},
        "method": {
            "area": "on the CGCS2000 ellipsoid, edges straight in longitude and latitude (authalic integral)",
            "length": "geodesic, CGCS2000 ellipsoid",
            "distance": "geodesic, CGCS2000 ellipsoid",
            "crs": "EPSG:4490",
            "published_area": screening.edition.area_method,
        },
        "project": {
            "id": screening.project.id,
            "name": screening.project.name,
            "proponent": screening.project.proponent,
            "nature": screening.project.nature,
            "industries": list(screening.project.industries),
            "facts": {k: _plain(v) for k, v in sorted(screening.project.facts.items())},
            "papers": _plain(screening.project.papers),
            "parts": _plain(screening.parts),
            "area_m2": screening.area_m2,
            "length_m": screening.length_m,
        },
        "verdict": screening.verdict.name,
        "counts": {o.name: n for o, n in screening.counts.items()},
        "findings": _plain(screening.findings),
        "asks": _plain(screening.asks),
        "layers": _plain(screening.layers),
        "hits": _plain(screening.hits),
        "notices": _plain(screening.notices),
        "clauses": {k: _plain(v) for k, v in sorted(screening.clauses.items())},
        "titles": dict(screening.titles),
    }
    body["digest"] = "sha256:" + hashlib.sha256(_bytes(body)).hexdigest()
    return body


def to_json(screening: Screening) -> bytes:
    """Return the record as canonical UTF-8 JSON: same screening, same bytes."""
    return _bytes(record(screening))


def _bytes(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def _plain(value: Any) -> Any:
    """Return any domain value as JSON: names for enumerations, ISO dates, lists, objects."""
    if value is None or type(value) in (str, float, int, bool):
        return value  # most values, by far
    if isinstance(value, Outcome):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(v) for v in value]
    return value

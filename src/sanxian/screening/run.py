"""One project laid over one edition on one date: what its places, its facts and the map say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from sanxian import geometry, rules
from sanxian.engine import Placement
from sanxian.errors import InputError, OutsideRegion, SanxianError
from sanxian.model import Finding, FindingKind, Hit, Outcome, Part, Project
from sanxian.rules import ClauseRules, Share
from sanxian.screening.assembly import Answer
from sanxian.screening.forms import BLANK_PLACE, Filled, Form, Line, Said, together
from sanxian.screening.places import Place, both, finding
from sanxian.screening.prepared import EVERYWHERE, Bundle, Group, Moving, Plan, Prepared, bundle
from sanxian.screening.result import PartReport
from sanxian.screening.sight import (
    GAP,
    Facts,
    Map,
    Seen,
    Sight,
    WithBlanks,
    doubts,
    look,
    shapes,
    values_in,
)

_SETTLED: Final = (Outcome.NOT_APPLICABLE, Outcome.COMPLIANT)


class Run(Seen):
    """One project laid over one edition on one date."""

    def __init__(
        self, prepared: Prepared, project: Project, placement: Placement, as_of: date, count_drafts: bool
    ) -> None:
        if placement.outside:
            km = f"{placement.border_m / 1000:.1f}"
            raise OutsideRegion(edition=prepared.edition.info.title, distance_km=km)
        super().__init__(prepared, Facts(project), Map(prepared, placement), as_of)
        self.project = project
        self.placement = placement
        self.count_drafts = count_drafts
        self._outcomes: dict[str, Outcome] = {}

    def answer(self) -> Answer:
        """Return what the edition says about the project."""
        bundles: list[Bundle] = []
        filled: list[Filled] = []
        others: list[Line] = [*self._place_lines(), *self._boundary_lines()]
        shares: list[Share] = []
        self.chart.look_around({v: None for _, plan in self.reached.values() for v in plan.distances})
        for place, plan in self.reached.values():
            said = self._bundle(place, plan)
            bundles.append(said)
            for moving in said.moving:
                if moving.group.plain and not self.facts.marked:
                    filled.append(self._moving(moving, place))
                else:
                    lines, asked = self._in_full(moving.group, Sight(self, place))
                    others += lines
                    shares += asked
        return Answer(
            bundles=tuple(bundles),
            filled=tuple(filled),
            others=tuple(others),
            shares=tuple(shares),
            counties=self.chart.counties,
            layers=frozenset([hit.layer for hit in self.chart.met]),
            hits=self._hits(),
            parts=tuple([_part_report(part, self.placement) for part in self.project.parts]),
            area_m2=self.placement.area_m2,
            length_m=self.placement.length_m,
        )

    def _hits(self) -> tuple[Hit, ...]:
        """Return the hits, each with the office that answers for its zone."""
        offices = self.prepared.office_of_zone
        if not offices:
            return self.chart.hits
        return tuple([replace(h, office=offices.get((h.layer, h.zone))) for h in self.chart.hits])

    # --- places and the clauses reached through them ----------------------------------------

    @cached_property
    def reached(self) -> dict[tuple[str, str], tuple[Place, Plan]]:
        """The places the project lies in, each with the clauses that hold there."""
        prepared, chart = self.prepared, self.chart
        found: dict[tuple[str, str], tuple[Place, Plan]] = {}
        for hit in chart.met:
            key = hit.layer, hit.zone
            names = prepared.names(*key)
            if names:
                zone, layer = prepared.zone[key], prepared.layer[hit.layer]
                counties = tuple([c for c in chart.counties if c in zone.regions]) or chart.counties
                doubtful = hit.sensitive and layer.strict_boundary
                place = Place(
                    zone.code,
                    zone.name,
                    layer.id,
                    counties,
                    chart.roles_in(layer.id, zone.code),
                    doubtful,
                    prepared.office_of_zone.get(key),
                )
                found[key] = place, prepared.plan(place, names, self.as_of)
        roles = frozenset(self.placement.roles)
        for region, name, counties in chart.surroundings.regions:
            place = Place(region, name, "", counties, roles)
            found["", region] = place, prepared.plan(place, prepared.by_region[region], self.as_of)
        if prepared.everywhere:
            name = prepared.region_name(prepared.edition.info.region)
            place = Place(EVERYWHERE, name, "", chart.counties, roles)
            found["", EVERYWHERE] = place, prepared.plan(place, prepared.everywhere, self.as_of)
        return found

    # --- findings of clauses ------------------------------------------------------------------

    def _bundle(self, place: Place, plan: Plan) -> Bundle:
        """Return what the lapsed clauses and the steady groups of a place say."""
        sight = Sight(self, place)
        key = (
            place.layer,
            place.code,
            place.doubtful,
            self.as_of,
            self.count_drafts,
            place.roles if plan.roles else None,
            self.facts.all_of(plan.said),
            sight.states(plan.states),
            tuple([(self.read(v), self.chart.doubtful(v)) for v in plan.crossings]),
        )
        return self.prepared.bundles.get(key) or self.prepared.bundles.keep(key, self._gather(sight, plan))

    def _gather(self, sight: Sight, plan: Plan) -> Bundle:
        place = sight.place
        filled: list[Filled] = []
        others: list[Line] = []
        shares: list[Share] = []
        if plan.form is not None:
            filled.append((plan.form, *plan.place))
        else:
            for lapsed in plan.lapsed:
                here = replace(lapsed, place=place.code, place_name=place.name, layer=place.layer)
                others.append(self.prepared.line(here))
        table = self.prepared.table(plan, place, self.as_of, self.count_drafts)
        read = values_in(plan, table, sight, self)
        values, written = together([plan.place, *map(self.said, plan.blanks)])
        forms = iter(table.forms)
        for (group, pick, fill), known in zip(plan.steady, forms, strict=False):
            if group.plain and not self.facts.marked:
                key = pick(read)
                form = known.get(key)
                if form is None:
                    form = known[key] = self._form(group, sight)
                    self.prepared.looked()
                filled.append((form, fill(values), fill(written)))
            else:
                lines, asked = self._in_full(group, sight)
                others += lines
                shares += asked
        moving = [
            Moving(group, Said(fill(values), fill(written)), pick(read), known)
            for (group, pick, fill), known in zip(plan.others, forms, strict=True)
        ]
        return bundle(filled, others, shares, moving)

    def _moving(self, moving: Moving, place: Place) -> Filled:
        """Return what a group says whose other values are those of a bundle."""
        group = moving.group
        measures = [self.measure(variable) for variable in group.measures]
        key = (
            moving.key,
            tuple([leaf.test(self.measured) for leaf in group.measured]),
            tuple([one.shape for one in measures]),
            tuple([self.read(variable) for variable in group.clauses]),
        )
        form = moving.forms.get(key)
        if form is None:
            form = moving.forms[key] = self._form(group, Sight(self, place))
            self.prepared.looked()
        return form, *together([moving.said, *[one.said for one in measures]])

    def _in_full(self, group: Group, sight: Sight) -> tuple[tuple[Line, ...], tuple[Share, ...]]:
        """Return the findings of a group written without a form, and what they add to the questions."""
        findings = self._findings(group, sight.place, sight)
        shares = rules.shares(group.members, sight, count_drafts=self.count_drafts)
        return tuple(map(self.prepared.line, findings)), shares

    def _form(self, group: Group, sight: Sight) -> Form:
        """Return the findings of a group with blanks for the place and for the values it saw."""
        place = sight.place
        found = look(group, sight, self)
        key = group, self.as_of, self.count_drafts, place.doubtful, place.office, found
        form = self.prepared.forms.get(key)
        if form is None:
            blank = BLANK_PLACE._replace(doubtful=place.doubtful, office=place.office)
            findings = self._findings(group, blank, WithBlanks(sight, group, shapes(group, sight)))
            shares = rules.shares(group.members, sight, count_drafts=self.count_drafts)
            form = self.prepared.forms.keep(key, self.prepared.form(findings, shares))
        return form

    def _findings(self, group: Group, place: Place, env: rules.Environment) -> list[Finding]:
        judged = rules.judge(group.members, env, count_drafts=self.count_drafts)
        doubted = {v for v, doubt in zip(group.crossings, doubts(group, self.chart), strict=True) if doubt}
        return [
            self._settle(place, compiled, one, env, doubted)
            for compiled, one in zip(group.members, judged, strict=True)
        ]

    def _settle(
        self,
        place: Place,
        compiled: ClauseRules,
        judged: rules.Judgement,
        env: rules.Environment,
        doubted: set[rules.Variable],
    ) -> Finding:
        """Return the finding; an outcome that hangs on the accuracy of a strict line goes to a person."""
        outcome, zh, en = judged.outcome, judged.reason_zh, judged.reason_en
        if place.doubtful and outcome not in _SETTLED:
            zh, en = both("doubtful_place", place=place.name, reason={"zh-CN": zh, "en": en})
            outcome = Outcome.NEEDS_REVIEW
        elif self._hangs_on_boundary(compiled, outcome, env, doubted):
            zh, en = both("doubtful_atom", reason={"zh-CN": zh, "en": en})
            outcome = Outcome.NEEDS_REVIEW
        return finding(
            place,
            compiled.clause,
            outcome,
            zh,
            en,
            rules=judged.rules,
            flips=judged.flips,
            notices=judged.notices,
            office=self.prepared.office_of_clause.get(compiled.clause),
        )

    def _hangs_on_boundary(
        self, compiled: ClauseRules, outcome: Outcome, env: rules.Environment, doubted: set[rules.Variable]
    ) -> bool:
        if not doubted:
            return False
        for variable in rules.by_variable((compiled,)):
            if variable in doubted:
                other = rules.Supposed(env, variable, not env.read(variable))
                changed = rules.outcomes((compiled,), other, count_drafts=self.count_drafts)[0]
                if changed is not outcome:
                    return True
        return False

    def outcome_of(self, name: str) -> Outcome:
        """Return the outcome of another clause in this screening; 不涉及 when it is not reached."""
        if name not in self._outcomes:
            found = [Outcome.NOT_APPLICABLE]
            for place, plan in self.reached.values():
                for group, _, _ in (*plan.steady, *plan.others):
                    if any(member.clause == name for member in group.members):
                        found += [x.outcome for x in self._outcomes_in(group, place) if x.clause == name]
            self._outcomes[name] = max(found)
        return self._outcomes[name]

    def _outcomes_in(self, group: Group, place: Place) -> Sequence[Finding]:
        """Return the findings of a group in a place for their outcomes; their blanks stay as they are."""
        if group.plain and not self.facts.marked:
            return self._form(group, Sight(self, place)).findings
        return [x.finding for x in self._in_full(group, Sight(self, place))[0]]

    # --- findings about the map ---------------------------------------------------------------

    def _place_lines(self) -> Iterator[Line]:
        info = self.prepared.edition.info
        region = Place(info.region, info.title, "")
        outside = self.placement.outside_share
        if outside > GAP:
            zh, en = both("outside", share=f"{outside:.2%}")
            yield self.prepared.line(finding(region, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.PLACE))
        for layer in self.prepared.unit_layers:
            gap = 1.0 - outside - self._covered(layer.id)
            if gap > GAP:
                zh, en = both("no_unit", share=f"{gap:.2%}", layer=layer.title)
                found = finding(
                    region, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.PLACE, layer=layer.id
                )
                yield self.prepared.line(found)
        if not self.prepared.unit_layers:
            zh, en = both("no_unit_layer")
            yield self.prepared.line(finding(region, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.PLACE))

    def _covered(self, layer: str) -> float:
        """Return the least share of areas, lines and points that lies in some zone of ``layer``."""
        met = [h for h in self.chart.met if h.layer == layer]
        if len(met) == 1 and met[0].share >= 1.0 - GAP and self.placement.dimensions == 1:
            return 1.0
        return self.placement.extent(((layer, self.prepared.rows[layer]),), "").least_share

    def _boundary_lines(self) -> Iterator[Line]:
        for hit in self.chart.hits:
            layer = self.prepared.layer[hit.layer]
            if hit.role == "" and hit.sensitive and layer.strict_boundary:
                zone = self.prepared.zone[hit.layer, hit.zone]
                office = self.prepared.office_of_zone.get((hit.layer, hit.zone))
                place = Place(zone.code, zone.name, layer.id, office=office)
                zh, en = both(
                    f"boundary_{hit.relation}",
                    layer=layer.title,
                    zone=zone.name,
                    margin=f"{hit.margin_m:.1f}",
                    accuracy=f"{layer.accuracy_m:g}",
                )
                found = finding(
                    place, "", Outcome.NEEDS_REVIEW, zh, en, kind=FindingKind.BOUNDARY, layer=layer.id
                )
                yield self.prepared.line(found)


def answer_chunk(
    projects: Sequence[Project], prepared: Prepared, as_of: date, count_drafts: bool
) -> Iterator[Answer | SanxianError]:
    """Yield the answer to each project, or why there is none; they are placed in one call of the engine."""
    placed = _placed([project.parts for project in projects if project.parts], prepared, as_of)
    for project in projects:
        try:
            if not project.parts:
                raise InputError(
                    reason="项目没有任何工程组成（用地范围） / the project has no part (footprint)"
                )
            yield Run(prepared, project, next(placed), as_of, count_drafts).answer()
        except SanxianError as error:
            yield error


def _placed(projects: Sequence[tuple[Part, ...]], prepared: Prepared, as_of: date) -> Iterator[Placement]:
    try:
        return iter(prepared.overlay.place_many(projects, as_of))
    except Exception:  # noqa: BLE001 - one that cannot be placed must not cost those before it
        return (prepared.overlay.place(parts, as_of) for parts in projects)


def _part_report(part: Part, placement: Placement | None = None) -> PartReport:
    """Return a part as it was read; of a ``placement`` that consists of it alone, its area is measured already."""
    shape = part.geometry
    if placement is not None and placement.is_area(shape):
        area, length = placement.area_m2, 0.0
    else:
        area, length = geometry.measure(shape)
    west, south, east, north = shapely.bounds(shape).tolist()
    return PartReport(
        role=part.role,
        name=part.name,
        geometry_type=shape.geom_type,
        area_m2=area,
        length_m=length,
        bbox=(west, south, east, north),
        crs_in=part.crs_in,
        source=part.source,
        repairs=part.repairs,
        geometry=_geojson(shape),
    )


def _geojson(shape: BaseGeometry) -> dict[str, Any]:
    if type(shape) is shapely.Polygon and not shape.has_z and not shape.is_empty:
        # what GEOS would write, without writing and reading it
        if shapely.get_num_interior_rings(shape):
            rings = [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(shape)]
        else:
            rings = [shapely.get_coordinates(shape).tolist()]
        return {"type": "Polygon", "coordinates": rings}
    made: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return made

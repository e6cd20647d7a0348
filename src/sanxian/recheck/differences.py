"""In what two editions differ, each on its date, and how far each difference reaches.

A difference is something that can make the answer to some project another one. What cannot (a publisher's
name, the attributes of a zone, the telephone number of an office) is none. The reach of a difference holds every
project whose answer it can change; why, is argued in ``docs/reference/recheck.md``, case by case.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from sanxian.edition.rows import canonical_json
from sanxian.edition.shapes import canonical_shapes, canonical_wkb
from sanxian.model import Clause, Zone, in_force
from sanxian.recheck.sides import SPATIAL, Side, ZoneKey

CONTACT_M: Final = 1.0  # what is this near may touch; the engine's own tolerance is 1 mm
MARGIN_SLACK: Final = 1.02  # a margin is found to 1 % …
MARGIN_SLACK_M: Final = 0.1  # … or 5 cm


class Cause(enum.StrEnum):
    """Kind of a difference."""

    ZONE_RESHAPED = "zone_reshaped"
    ZONE_ADDED = "zone_added"
    ZONE_REMOVED = "zone_removed"
    ZONE_CHANGED = "zone_changed"  # name, class, subtype, regions
    LAYER = "layer"  # added, removed, thresholds, accuracy
    CLAUSE_ADDED = "clause_added"
    CLAUSE_REMOVED = "clause_removed"
    CLAUSE_TEXT = "clause_text"
    CLAUSE_RULE = "clause_rule"
    CLAUSE_SCOPE = "clause_scope"
    CLAUSE_DATES = "clause_dates"
    DOCUMENT = "document"  # repealed, replaced, renamed
    PLACE_STATE = "place_state"
    CATALOGUE = "catalogue"
    COVERAGE = "coverage"
    REGION = "region"  # outline, names of places, area method
    DATE = "date"  # same content, another day


class Near(NamedTuple):
    """Projects within a distance of a shape, metres."""

    shape: BaseGeometry
    within_m: float


class Nearest(NamedTuple):
    """Projects to which a shape is as near as what stays of a target, where a clause asks the distance to it."""

    target: str
    shape: BaseGeometry
    through: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The projects a difference can reach: those near one of its shapes."""

    everywhere: bool = False
    near: tuple[Near, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    through: frozenset[str] | None = None  # ``near`` counts only where one of these clauses holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which two editions differ, each on its date."""

    cause: Cause
    item: str  # "layer/zone code", clause id, document id …
    title: str = ""
    note: str = ""  # what was, and what is: thresholds, statements
    layer: str = ""  # that it concerns
    zone: ZoneKey | None = None
    county: bool = False  # decides in which county a project lies
    clauses: frozenset[str] = frozenset()  # whose findings it can change
    reach: Reach


def differences(old: Side, new: Side) -> tuple[Difference, ...]:
    """Return all differences that can change an answer, by cause and item."""
    found = list(Pair(old, new).differences())
    order = list(Cause)
    return tuple(sorted(found, key=lambda one: (order.index(one.cause), one.item, one.note)))


class Pair:
    """Two sides, compared."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new
        self.sides = (old, new)
        self._layers = tuple(side.prepared.layer for side in self.sides)

    def differences(self) -> Iterator[Difference]:
        """Yield all differences."""
        yield from self._region()
        yield from self._layers_changed()
        yield from self._zones_changed()
        yield from self._coverage()
        yield from self._clauses_changed()
        yield from self._catalogues()
        yield from self._states()

    # --- the region -----------------------------------------------------------------------

    def _region(self) -> Iterator[Difference]:
        old, new = self.old.edition, self.new.edition
        for name in ("region", "area_method"):
            was, now = getattr(old.info, name), getattr(new.info, name)
            if was != now:
                yield Difference(
                    cause=Cause.REGION, item=name, note=f"{was} → {now}", reach=Reach(everywhere=True)
                )
        shapes = changed_ground([old.outline], [new.outline])
        if shapes:
            yield Difference(
                cause=Cause.REGION,
                item="outline",
                clauses=self._related(c for target in self.distances for c in self.distances[target]),
                reach=Reach(
                    near=tuple(Near(shape, CONTACT_M) for shape in shapes),
                    nearest=self._nearest(self.distances, shapes),
                ),
            )
        for code in sorted(self.old.admin_codes | self.new.admin_codes):
            names = [side.prepared.region_name(code) for side in self.sides]
            if names[0] != names[1]:
                found = [side.region_shapes(code) for side in self.sides]
                yield Difference(
                    cause=Cause.REGION,
                    item=code,
                    note=f"{names[0]} → {names[1]}",
                    clauses=frozenset(n for s in self.sides for n in s.prepared.by_region.get(code, ())),
                    reach=_around(found),
                )

    # --- layers and zones -----------------------------------------------------------------

    def _layers_changed(self) -> Iterator[Difference]:
        for name in sorted(self._layers[0].keys() | self._layers[1].keys()):
            was, now = (layers.get(name) for layers in self._layers)
            fields = (
                "kind",
                "title",
                "accuracy_m",
                "min_area_m2",
                "min_length_m",
                "near_m",
                "strict_boundary",
            )
            notes = [
                f"{field} {getattr(was, field, '-')} → {getattr(now, field, '-')}"
                for field in fields
                if getattr(was, field, None) != getattr(now, field, None)
            ]
            if not notes:
                continue
            if was is None or now is None or (was.kind, was.title) != (now.kind, now.title):
                # rules name layers by id or kind, and every answer says what each layer had to say
                reach = Reach(everywhere=True)
            else:
                zones = [side.shapes_of(k for k in side.zones if k[0] == name) for side in self.sides]
                reach = Reach(
                    near=tuple(Near(shape, self._around_m(name)) for shape in (*zones[0], *zones[1]))
                )
            layer = was or now
            yield Difference(
                cause=Cause.LAYER,
                item=name,
                title=layer.title if layer is not None else "",
                note="; ".join(notes),
                layer=name,
                clauses=self._readers_of_layer(name),
                reach=reach,
            )

    def _around_m(self, layer: str) -> float:
        """Return how far around a zone of ``layer`` a project has something to do with it, metres."""
        found = [layers[layer] for layers in self._layers if layer in layers]
        return max(
            (max(CONTACT_M, one.near_m, one.accuracy_m * MARGIN_SLACK + MARGIN_SLACK_M) for one in found),
            default=0.0,
        )

    def _zones_changed(self) -> Iterator[Difference]:
        both = (
            self._layers[0].keys() & self._layers[1].keys()
        )  # a layer that comes or goes reaches everywhere
        keys = self.old.zones.keys() | self.new.zones.keys()
        for key in sorted(keys):
            if key[0] not in both:
                continue
            was, now = (side.zones.get(key, []) for side in self.sides)
            if was and now:
                yield from self._zone_changed(key, was, now)
            else:
                yield self._zone_came_or_went(key, was, now)

    def _zone_came_or_went(self, key: ZoneKey, was: list[Zone], now: list[Zone]) -> Difference:
        cause = Cause.ZONE_ADDED if now else Cause.ZONE_REMOVED
        if _same_zones(*(self._as_published(side, key) for side in self.sides)):
            cause = Cause.DATE
        return self._zone(cause, key, was, now, [zone.geometry for zone in (*was, *now)], whole=True)

    def _zone_changed(self, key: ZoneKey, was: list[Zone], now: list[Zone]) -> Iterator[Difference]:
        shapes = [zone.geometry for zone in (*was, *now)]
        named = [sorted(map(_identity, zones)) for zones in (was, now)]
        if named[0] != named[1]:
            note = "; ".join(f"{a or '-'} → {b or '-'}" for a, b in _differing(named[0], named[1]))
            yield self._zone(Cause.ZONE_CHANGED, key, was, now, shapes, whole=True, note=note)
        if not _same_shapes([z.geometry for z in was], [z.geometry for z in now]):
            ground = changed_ground([z.geometry for z in was], [z.geometry for z in now])
            whole = any(
                key in side.prepared.wanted(target) for target in self._of_zone for side in self.sides
            )
            cause = Cause.ZONE_RESHAPED
            if _same_zones(*(self._as_published(side, key) for side in self.sides)):
                cause = Cause.DATE
            yield self._zone(cause, key, was, now, shapes if whole else ground, whole=whole, ground=ground)

    def _zone(
        self,
        cause: Cause,
        key: ZoneKey,
        was: list[Zone],
        now: list[Zone],
        shapes: Sequence[BaseGeometry],
        *,
        whole: bool,
        note: str = "",
        ground: Sequence[BaseGeometry] | None = None,
    ) -> Difference:
        """Return a difference of a zone: around ``shapes``, and for distances to ``ground``."""
        around = self._around_m(key[0])
        near = [Near(shape, around) for shape in shapes]
        if whole and ground is not None:
            near = [*(Near(shape, CONTACT_M) for shape in shapes), *(Near(shape, around) for shape in ground)]
        targets = [t for t in self.targets if any(key in side.prepared.wanted(t) for side in self.sides)]
        blind = [t for t in self.distances if any(key in side.blind(t) for side in self.sides)]
        measured = [t for t in dict.fromkeys((*targets, *blind)) if t in self.distances]
        return Difference(
            cause=cause,
            item="/".join(key),
            title=(now or was)[0].name,
            note=note,
            layer=key[0],
            zone=key,
            county=any(zone.zone_class == "county" for zone in (*was, *now)),
            clauses=self._related(
                name for target in (*targets, *blind) for name in self._readers_of_target[target]
            ),
            reach=Reach(
                near=tuple(near),
                nearest=self._nearest(measured, shapes if ground is None else ground),
            ),
        )

    def _as_published(self, side: Side, key: ZoneKey) -> list[Zone]:
        return [zone for zone in side.edition.zones.get(key[0], ()) if zone.code == key[1]]

    # --- coverage -------------------------------------------------------------------------

    def _coverage(self) -> Iterator[Difference]:
        for layer in sorted(self._layers[0].keys() & self._layers[1].keys()):
            codes = {code for side in self.sides for code in side.counties}
            codes |= {code for side in self.sides for _, _, code in side.prepared.counties}
            changed = sorted(code for code in codes if len(self._seen(layer, code)) > 1)
            whole = len(self._seen(layer, "")) > 1
            if not changed and not whole:
                continue
            shapes = [
                shape for side in self.sides for code in changed for shape in side.counties.get(code, ())
            ]
            targets = [
                target
                for target in self.distances
                if any(layer == name for side in self.sides for name, _ in side.prepared.select(target))
            ]
            names = [self.new.prepared.region_name(code) for code in changed]
            yield Difference(
                cause=Cause.COVERAGE,
                item=layer,
                title=self._layers[1][layer].title,
                note="、".join(names) or self.new.edition.info.region,
                layer=layer,
                clauses=self._readers_of_layer(layer),
                reach=Reach(
                    everywhere=whole,
                    near=tuple(Near(shape, CONTACT_M) for shape in shapes),
                    nearest=self._nearest(targets, shapes),
                ),
            )

    def _seen(self, layer: str, county: str) -> set[tuple[bool, bool]]:
        """Return what the sides say about a layer in a county; ``""`` for the region as a whole."""
        return {
            (
                side.prepared.complete(layer, county or side.edition.info.region),
                county == "" and side.prepared.sees_nothing(layer),
            )
            for side in self.sides
        }

    # --- clauses --------------------------------------------------------------------------

    def _clauses_changed(self) -> Iterator[Difference]:
        old, new = self.old, self.new
        for name in sorted(old.clause.keys() | new.clause.keys()):
            was, now = old.clause.get(name), new.clause.get(name)
            if was is None or now is None:
                cause = Cause.CLAUSE_ADDED if was is None else Cause.CLAUSE_REMOVED
                yield self._clause(cause, name, also=self._asking(name))
                continue
            lapsed = old.lapse(name) != new.lapse(name)
            if _words(was) != _words(now):
                yield self._clause(Cause.CLAUSE_TEXT, name)
            if _rules(was) != _rules(now):
                yield self._clause(Cause.CLAUSE_RULE, name)
            if (was.scope, was.list_id) != (now.scope, now.list_id) or old.broken(name) != new.broken(name):
                yield self._clause(Cause.CLAUSE_SCOPE, name)
            if lapsed and (was.valid_from, was.valid_to) != (now.valid_from, now.valid_to):
                yield self._clause(Cause.CLAUSE_DATES, name)
            cited = [_document(side, clause) for side, clause in ((old, was), (new, now))]
            if (cited[0] != cited[1] and was.document == now.document) or (
                lapsed and self._documents_differ(was, now)
            ):
                yield self._clause(Cause.DOCUMENT, name, item=now.document, title=_document(new, now))
            elif lapsed and (was.valid_from, was.valid_to) == (now.valid_from, now.valid_to):
                yield self._clause(Cause.DATE, name)
            if old.dated(name) != new.dated(name) and _rules(was) == _rules(now):
                yield self._clause(Cause.DATE, name)

    def _clause(
        self, cause: Cause, name: str, *, item: str = "", title: str = "", also: Iterable[str] = ()
    ) -> Difference:
        """Return a difference of a clause; it reaches where the clause holds, before or after."""
        scopes = [side.scope(one) for one in (name, *also) for side in self.sides]
        clause = self.new.clause.get(name) or self.old.clause[name]
        return Difference(
            cause=cause,
            item=item or name,
            title=title or clause.number,
            note=name if item else "",
            clauses=self._related((name,)),
            reach=_around(scopes),
        )

    def _documents_differ(self, was: Clause, now: Clause) -> bool:
        """Return whether the document of a clause, or what took its place, is another in the two editions."""
        chains = []
        for side, clause in ((self.old, was), (self.new, now)):
            chain: dict[str, Any] = {}
            document = side.edition.documents.get(clause.document)
            while document is not None and document.id not in chain:
                chain[document.id] = document
                document = side.edition.documents.get(document.superseded_by)
            chains.append(chain)
        return chains[0] != chains[1]

    def _asking(self, name: str) -> frozenset[str]:
        """Return the clauses whose rules ask for the outcome of ``name``."""
        return frozenset(c for side in self.sides for c in side.readers.get(("clause", name), ()))

    # --- catalogues and statements --------------------------------------------------------

    def _catalogues(self) -> Iterator[Difference]:
        names = {v[1] for side in self.sides for v in side.readers if v[0] == "catalogue"}
        for name in sorted(names):
            if _catalogue(self.old, name) != _catalogue(self.new, name):
                readers = frozenset(
                    c for side in self.sides for c in side.readers.get(("catalogue", name), ())
                )
                records = [side.edition.catalogues.get(name) for side in self.sides]
                title = next((one.title for one in reversed(records) if one is not None), "")
                yield Difference(
                    cause=Cause.DATE if records[0] == records[1] else Cause.CATALOGUE,
                    item=name,
                    title=title,
                    clauses=self._related(readers),
                    reach=_around([side.scope(c) for c in sorted(readers) for side in self.sides]),
                )

    def _states(self) -> Iterator[Difference]:
        said = [_statements(side) for side in self.sides]
        for place, key in sorted(said[0].keys() | said[1].keys()):
            was, now = (one.get((place, key), frozenset()) for one in said)
            readers = frozenset(
                c
                for side in self.sides
                for v, cs in side.readers.items()
                if v[:2] == ("state", key)
                for c in cs
            )
            if was == now or not readers:
                continue
            published = [
                {(s.value, s.valid_from, s.valid_to) for s in side.prepared.states.get((place, key), ())}
                for side in self.sides
            ]
            shapes: list[list[BaseGeometry] | None] = []
            for side in self.sides:
                region = None if place == "*" else side.region_shapes(place)
                own = side.shapes_of(k for k in side.zones if k[1] == place)
                shapes.append(None if region is None else [*region, *own])
            reach = _around(shapes)
            yield Difference(
                cause=Cause.DATE if published[0] == published[1] else Cause.PLACE_STATE,
                item=f"{place} {key}",
                title=self.new.prepared.region_name(place),
                note=f"{'、'.join(sorted(was)) or '-'} → {'、'.join(sorted(now)) or '-'}",
                clauses=self._related(readers),
                reach=_around([side.scope(c) for c in sorted(readers) for side in self.sides])
                if reach.everywhere
                else replace(reach, through=readers),
            )

    # --- what reads what ------------------------------------------------------------------

    @cached_property
    def _readers_of_target(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for side in self.sides:
            for variable, names in side.readers.items():
                if variable[0] in SPATIAL:
                    found.setdefault(variable[1], set()).update(names)
        return found

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Targets that rules ask about."""
        return tuple(sorted(self._readers_of_target))

    @cached_property
    def distances(self) -> Mapping[str, frozenset[str]]:
        """By target, the clauses that ask for the distance to it, however far it is."""
        found: dict[str, set[str]] = {}
        for side in self.sides:
            for variable, names in side.readers.items():
                if variable[0] == "distance":
                    found.setdefault(variable[1], set()).update(names)
        return {target: frozenset(names) for target, names in sorted(found.items())}

    @cached_property
    def _of_zone(self) -> frozenset[str]:
        """Targets of which rules ask what share of the zone a project takes: that hangs on the zone's area."""
        return frozenset(
            v[1] for side in self.sides for v in side.readers if v[0] == "share" and v[3] == "zone"
        )

    def _readers_of_layer(self, layer: str) -> frozenset[str]:
        """Return the clauses that ask about a layer, by its id or kind."""
        return self._related(
            name
            for target, names in self._readers_of_target.items()
            if any(
                layer == one.id
                for side in self.sides
                for one in side.prepared.layers_of(target.partition(":")[0])
            )
            for name in names
        )

    def _related(self, names: Iterable[str]) -> frozenset[str]:
        """Return clauses with those judged together with them and those that ask for their outcome."""
        found: set[str] = set()
        frontier = set(names)
        while frontier:
            found |= frontier
            frontier = {other for name in frontier for other in self._beside.get(name, ())} - found
        return frozenset(found)

    @cached_property
    def _beside(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for side in self.sides:
            lists: dict[str, set[str]] = {}
            for clause in side.edition.clauses:
                if clause.list_id:
                    lists.setdefault(clause.list_id, set()).add(clause.id)
            for members in lists.values():
                for name in members:
                    found.setdefault(name, set()).update(members)
            for variable, names in side.readers.items():
                if variable[0] == "clause":
                    found.setdefault(variable[1], set()).update(names)
        return found

    def _nearest(self, targets: Iterable[str], shapes: Sequence[BaseGeometry]) -> tuple[Nearest, ...]:
        return tuple(Nearest(target, shape, self.distances[target]) for target in targets for shape in shapes)


def _around(found: Iterable[Sequence[BaseGeometry] | None]) -> Reach:
    """Return the reach of shapes; ``None`` among them stands for everywhere."""
    near: dict[int, Near] = {}
    for shapes in found:
        if shapes is None:
            return Reach(everywhere=True)
        near.update((id(shape), Near(shape, CONTACT_M)) for shape in shapes)
    return Reach(near=tuple(near.values()))


# --- zones compared -----------------------------------------------------------------------------


def _identity(zone: Zone) -> tuple[str, ...]:
    """Return all of a zone but its shape that an answer can show or a rule can ask."""
    return (zone.name, zone.zone_class, zone.subtype, "、".join(zone.regions))


def _differing(was: Sequence[tuple[str, ...]], now: Sequence[tuple[str, ...]]) -> list[tuple[str, str]]:
    if len(was) != 1 or len(now) != 1:
        return [(str(len(was)), str(len(now)))]
    return [(a, b) for a, b in zip(was[0], now[0], strict=True) if a != b]


def _same_zones(was: Sequence[Zone], now: Sequence[Zone]) -> bool:
    """Return whether two lists of zones are the same as published, dates included."""
    said = [
        sorted((*_identity(z), str(z.valid_from), str(z.valid_to)) for z in zones) for zones in (was, now)
    ]
    return said[0] == said[1] and _same_shapes([z.geometry for z in was], [z.geometry for z in now])


def _same_shapes(was: Sequence[BaseGeometry], now: Sequence[BaseGeometry]) -> bool:
    """Return whether shapes are the same in canonical form."""
    if len(was) != len(now):
        return False
    if all(a is b for a, b in zip(was, now, strict=True)):
        return True
    if list(shapely.to_wkb(was)) == list(shapely.to_wkb(now)):  # opened editions are canonical already
        return True
    return sorted(canonical_wkb(canonical_shapes(was))) == sorted(canonical_wkb(canonical_shapes(now)))


def changed_ground(was: Sequence[BaseGeometry], now: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return where two sets of zones are not the same: ground in one of them only, and lines drawn in one only.

    Nothing is missing from it by rounding: where the ground in between is too thin for an overlay, the lines on
    both sides of it are there. Linear and point zones are given whole.
    """
    if _same_shapes(was, now):
        return []
    every = [*was, *now]
    if not every or any(shapely.get_dimensions(shape) < 2 for shape in every):
        return every
    try:
        ground = shapely.symmetric_difference(shapely.union_all(was), shapely.union_all(now))
    except ShapelyError:
        return every
    parts = [part for part in shapely.get_parts(ground).tolist() if not part.is_empty]
    lines = np.setxor1d(_segments(was), _segments(now)).view(np.float64).reshape(-1, 2, 2)
    if len(lines):
        parts.append(shapely.multilinestrings(list(lines)))
    return parts


def _segments(shapes: Sequence[BaseGeometry]) -> NDArray[np.void]:
    """Return the distinct boundary segments of polygons, lesser end first, one item each."""
    rings = shapely.get_rings(np.array(shapes, dtype=object))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    a, b = xy[:-1][inner], xy[1:][inner]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    ends = np.where(swap[:, None], np.hstack((b, a)), np.hstack((a, b))) + 0.0
    return np.unique(np.ascontiguousarray(ends).view([("", np.float64)] * 4).reshape(-1))


# --- clauses, documents, statements ---------------------------------------------------------------


def _words(clause: Clause) -> tuple[str, ...]:
    """Return what an answer cites of a clause."""
    return (
        clause.number,
        clause.level,
        clause.dimension,
        clause.dimension_label,
        clause.category,
        clause.text,
        clause.document,
    )


def _rules(clause: Clause) -> list[str]:
    return [canonical_json(dict(rule)) for rule in clause.rules]


def _document(side: Side, clause: Clause) -> str:
    """Return the document of a clause as an answer cites it."""
    return side.prepared.document_titles.get(clause.id, ("", ""))[1]


def _catalogue(side: Side, name: str) -> tuple[object, ...]:
    found = side.edition.catalogues.get(name)
    if found is None:
        return ()
    alive = in_force(found.valid_from, found.valid_to, side.as_of)
    return (found.title, found.industries if alive else None)


def _statements(side: Side) -> dict[tuple[str, str], frozenset[str]]:
    return {
        at: frozenset(s.value for s in stated if in_force(s.valid_from, s.valid_to, side.as_of))
        for at, stated in side.prepared.states.items()
    }

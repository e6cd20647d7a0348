"""Clauses by place and industry: a look-up touches only what the place and the industry can reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from sanxian import data
from sanxian.clauses.logic import Logic, Read, Reader
from sanxian.edition import Edition
from sanxian.edition.index import overlay_of
from sanxian.model import (
    Clause,
    Effect,
    LayerKind,
    Part,
    Relation,
    UnitClass,
    in_force,
)
from sanxian.model import ReviewState as Review
from sanxian.rules import parse_target

# --- an index by place and industry -------------------------------------------------------------------

EVERYWHERE: Final = "*"
_WHOLE: Final = 0.999  # share from which a zone counts as covering a place
_CODED: Final = ((LayerKind.CONTROL_UNIT, "units"), (LayerKind.PARK, "parks"), (LayerKind.BLOCK, "blocks"))


class Met(NamedTuple):
    """A zone that a place lies in, by what targets call it."""

    layer: str  # layer id
    kind: str  # kind of the layer
    code: str
    names: frozenset[str]  # code, name, class, subtype
    whole: bool = True  # the place lies in it wholly

    @property
    def key(self) -> str:
        """Return the zone as one word."""
        return f"{self.layer}:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """一处: all that a place lies in, and the only thing that decides which clauses are reached."""

    zones: tuple[Met, ...] = ()
    counties: tuple[str, ...] = ()  # GB/T 2260 codes of the counties touched

    @classmethod
    def of(
        cls,
        *,
        units: Mapping[str, str] | None = None,
        parks: Sequence[str] = (),
        blocks: Sequence[str] = (),
        counties: Sequence[str] = (),
    ) -> Site:
        """Return a place given by codes, without an edition: control units with their classes, parks, blocks."""
        named: list[tuple[LayerKind, str, tuple[str, ...]]]
        named = [(LayerKind.CONTROL_UNIT, code, (unit_class,)) for code, unit_class in (units or {}).items()]
        named += [(LayerKind.PARK, code, ()) for code in parks] + [
            (LayerKind.BLOCK, code, ()) for code in blocks
        ]
        zones = tuple(Met(kind, kind, code, frozenset((code, *more))) for kind, code, more in named)
        return cls(zones=zones, counties=tuple(counties))


def site(
    edition: Edition, met: Iterable[tuple[str, str]], *, partly: Collection[tuple[str, str]] = ()
) -> Site:
    """Return the place that lies in the zones ``met``, given as (layer id, zone code); in some only ``partly``.

    A place in no county stands in the region of the edition, as in a screening.
    """
    wanted = set(met)
    zones = []
    counties = []
    for layer in edition.layers:
        for zone in edition.zones[layer.id]:
            if (layer.id, zone.code) in wanted:
                names = frozenset((zone.code, zone.name, zone.zone_class, zone.subtype))
                whole = (layer.id, zone.code) not in partly
                zones.append(Met(layer.id, layer.kind, zone.code, names, whole))
                if zone.zone_class == "county":
                    counties.append(zone.code)
    return Site(zones=tuple(zones), counties=tuple(sorted(counties)) or (edition.info.region,))


def site_of_zone(edition: Edition, layer: str, code: str, *, as_of: date) -> Site:
    """Return all that one zone (a control unit, a park …) lies in, as the edition draws it on ``as_of``.

    Measured as a project of that outline is: what only touches it, or overlaps it by less than the threshold
    of the layer, is left out.

    Raises
    ------
    KeyError
        The edition has no such zone.
    """
    found = next((zone for zone in edition.zones[layer] if zone.code == code), None)
    if found is None:
        raise KeyError(code)
    placed = overlay_of(edition).place((Part(role="", geometry=found.geometry),), as_of)
    hits = [h for h in placed.hits if h.relation is Relation.OVERLAP and h.role == ""]
    partly = {(h.layer, h.zone) for h in hits if h.share < _WHOLE} - {(layer, code)}
    return site(edition, {(h.layer, h.zone) for h in hits} | {(layer, code)}, partly=partly)


class _Item(NamedTuple):
    """A clause on a shelf; with names, those a zone must carry for it to be reached."""

    row: int
    names: frozenset[str] | None = None


class _Shelf:
    """Clauses reached through one thing, by the industries they are limited to."""

    __slots__ = ("any", "below", "own")

    def __init__(self) -> None:
        self.any: list[_Item] = []  # clauses that may speak to every industry
        self.own: dict[str, list[_Item]] = {}  # by industry prefix …
        self.below: dict[str, list[_Item]] = {}  # … and by every shorter beginning of it

    def put(self, item: _Item, prefixes: frozenset[str] | None) -> None:
        """Add a clause; ``None`` when it speaks to every industry."""
        if prefixes is None:
            self.any.append(item)
            return
        for prefix in prefixes:
            self.own.setdefault(prefix, []).append(item)
        for start in {prefix[:n] for prefix in prefixes for n in range(1, len(prefix))}:
            self.below.setdefault(start, []).append(item)

    def pick(self, industries: Sequence[str]) -> Iterator[_Item]:
        """Yield what may speak to a project of these industries; all when none is stated."""
        yield from self.any
        if not industries:
            yield from dict.fromkeys(item for items in self.own.values() for item in items)
            return
        found: dict[_Item, None] = {}
        for code in industries:
            row = data.industries().get(code)
            starts = [code[:n] for n in range(1, len(code) + 1)] + ([row.section] if row is not None else [])
            for start in starts:
                found |= dict.fromkeys(self.own.get(start, ()))
            # a code coarser than the rule's leaves it open whether the rule applies
            found |= dict.fromkeys(self.below.get(code, ()))
        yield from found


class Reached(NamedTuple):
    """What a look-up found."""

    clauses: tuple[Clause, ...]  # in the order of the list, each once
    through: Mapping[str, tuple[str, ...]]  # by clause id: "layer:code", county or region code, "*"
    touched: int  # entries looked at


class Reach:
    """Clauses by the place and the industry that reach them."""

    def __init__(
        self,
        clauses: Sequence[Clause],
        *,
        edition: Edition | None = None,
        as_of: date | None = None,
        drafts: bool = False,
    ) -> None:
        """Index ``clauses``; see :func:`by_reach`."""
        known = edition.catalogues.values() if edition is not None and as_of is not None else ()
        settled = {c.id for c in known if as_of is not None and in_force(c.valid_from, c.valid_to, as_of)}
        self.edition = edition
        self.logic = Logic(catalogues_of(edition))
        self.reads: list[Read] = []
        self._shelves: dict[tuple[str, ...], _Shelf] = {}
        self._known = None if edition is None else _Resolver(edition)
        self.unplaced: set[str] = (
            set()
        )  # clauses whose scope names nothing: reached everywhere, as in a screening
        reader = Reader(self.logic)
        industries: dict[int, frozenset[str] | None] = {}
        for row, clause in enumerate(clauses):
            read = reader.read(clause)
            self.reads.append(read)
            self._file(row, read, _limited_to(read, self.logic, settled, drafts, industries))

    def _file(self, row: int, read: Read, prefixes: frozenset[str] | None) -> None:
        scope = read.clause.scope
        filed: list[tuple[tuple[str, ...], frozenset[str] | None]] = []
        for kind, name in _CODED:
            filed += [(("code", kind, code), None) for code in getattr(scope, name)]
        filed += [
            (("layer", LayerKind.CONTROL_UNIT, unit_class), frozenset((unit_class,)))
            for unit_class in scope.classes
        ]
        for target in scope.zones:
            layer, alternatives = parse_target(target)
            for terms in alternatives or (frozenset[str](),):
                # one of the names is enough to find the shelf; the others are compared there
                filed.append((("layer", layer, min(terms, default=EVERYWHERE)), terms))
        filed += [(("region", region), None) for region in scope.regions]
        lost = not (filed if self._known is None else self._known.resolves(read.clause))
        if lost and not scope.everywhere:
            self.unplaced.add(read.clause.id)
            prefixes = None
        if lost or scope.everywhere:
            filed.append(((EVERYWHERE,), None))
        for key, names in dict.fromkeys(filed):
            self._shelves.setdefault(key, _Shelf()).put(_Item(row, names), prefixes)

    def look_up(self, at: Site, industries: Sequence[str] = ()) -> Reached:
        """Return the clauses that hold at a place, and of those all that may concern a project of ``industries``.

        A clause is left out for its industry only when a screening would call it 不涉及 for that.
        """
        keys: dict[tuple[tuple[str, ...], str], frozenset[str]] = {}
        for met in at.zones:
            keys[("code", met.kind, met.code), met.key] = met.names
            for layer in (met.layer, met.kind):
                for term in (EVERYWHERE, *met.names):
                    keys[("layer", layer, term), met.key] = met.names
        for county in at.counties:
            for end in range(len(county) + 1):
                keys[("region", county[:end]), county[:end]] = frozenset()
        keys[(EVERYWHERE,), EVERYWHERE] = frozenset()
        found: dict[int, list[str]] = {}
        touched = 0
        for (key, through), names in keys.items():
            shelf = self._shelves.get(key)
            for item in shelf.pick(industries) if shelf is not None else ():
                touched += 1
                if (item.names is None or item.names <= names) and through not in found.setdefault(
                    item.row, []
                ):
                    found[item.row].append(through)
        rows = sorted(row for row, ways in found.items() if ways)
        return Reached(
            tuple(self.reads[row].clause for row in rows),
            {self.reads[row].clause.id: tuple(found[row]) for row in rows},
            touched,
        )


def by_reach(
    clauses: Sequence[Clause],
    *,
    edition: Edition | None = None,
    as_of: date | None = None,
    drafts: bool = False,
) -> Reach:
    """Return an index of ``clauses`` by what reaches them: places first, then industries.

    A screening finds the clauses of a place in one step too (``screening.prepared``) and judges all of them; for
    a look-up this index also passes by those whose rules all speak to other industries.

    Parameters
    ----------
    clauses : sequence of Clause
        With distinct ids.
    edition : Edition, optional
        Tells which scopes name nothing (their clauses are reached everywhere) and what catalogues hold.
    as_of : date, optional
        Only a catalogue in force then limits a clause to its industries.
    drafts : bool, default False
        Whether unreviewed rules decide. When they do not, a clause with one is never passed by: a person has to
        look at it in any case.
    """
    return Reach(clauses, edition=edition, as_of=as_of, drafts=drafts)


def catalogues_of(edition: Edition | None) -> dict[str, tuple[str, ...]]:
    """Return the industries of the catalogues of an edition, by id."""
    return {} if edition is None else {c.id: c.industries for c in edition.catalogues.values()}


def _limited_to(
    read: Read, logic: Logic, settled: set[str], drafts: bool, known: dict[int, frozenset[str] | None]
) -> frozenset[str] | None:
    """Return the prefixes outside which a clause is certainly 不涉及, ``None`` when it may always matter."""
    if read.broken or read.rejected or not read.rules:
        return None
    found: frozenset[str] = frozenset()
    for ruled in read.rules:
        rule = ruled.shape.rule
        # what a positive list does not name it refuses
        if rule.effect is Effect.ALLOW or (ruled.review is Review.DRAFT and not drafts):
            return None
        if id(ruled.shape) not in known:
            known[id(ruled.shape)] = logic.industries(rule.applies, settled)
        limit = known[id(ruled.shape)]
        if limit is None:
            return None
        found |= limit
    return found


class _Resolver:
    """Tells whether an edition knows where a scope lies, as a screening does."""

    def __init__(self, edition: Edition) -> None:
        self._names: dict[str, set[str]] = {}  # names of zones, by layer id and by kind
        self._layers: dict[str, set[str]] = {}
        self._places = {edition.info.region}
        for layer in edition.layers:
            self._layers.setdefault(layer.kind, set()).add(layer.id)
            names = {n for z in edition.zones[layer.id] for n in (z.code, z.name, z.zone_class, z.subtype)}
            self._names[layer.id] = names
            if layer.kind is LayerKind.ADMIN:
                self._places |= {z.code for z in edition.zones[layer.id] if z.zone_class == "county"}

    def _has_layer(self, name: str) -> bool:
        return name in self._names or name in self._layers

    def _names_of(self, name: str) -> Iterator[set[str]]:
        layers = (name,) if name in self._names else self._layers.get(name, ())
        return (self._names[layer] for layer in layers)

    def resolves(self, clause: Clause) -> bool:
        """Return whether the scope names something; a layer without such a zone is something."""
        scope = clause.scope
        if scope.everywhere:
            return True
        return (
            any(
                code in names
                for kind, field in _CODED
                for code in getattr(scope, field)
                for names in self._names_of(kind)
            )
            or any(place.startswith(region) for region in scope.regions for place in self._places)
            or any(self._has_layer(parse_target(target)[0]) for target in scope.zones)
            or bool(set(scope.classes) & set(UnitClass) and self._has_layer(LayerKind.CONTROL_UNIT))
        )

"""One side of a comparison: an edition on a date, asked what holds where and what each clause reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any

from shapely.geometry.base import BaseGeometry

from sanxian import edition as editions
from sanxian.edition import Edition
from sanxian.model import Clause, LayerKind, Zone, in_force
from sanxian.rules import Variable
from sanxian.screening.prepared import Prepared, prepare

ZoneKey = tuple[str, str]
"""Layer id and code."""

SPATIAL = frozenset(("in", "crosses", "share", "area", "length", "distance"))


class Side:
    """An edition on a date, with what a project could meet there.

    Everything is asked of :class:`~sanxian.screening.prepared.Prepared`, which answers the screening as well:
    there is one place that knows where a clause holds.
    """

    def __init__(self, edition: Edition, as_of: date) -> None:
        self.edition = edition
        self.as_of = as_of
        self.prepared: Prepared = prepare(edition)
        self.clause: Mapping[str, Clause] = self.prepared.clause

    # --- zones ----------------------------------------------------------------------------

    @cached_property
    def zones(self) -> dict[ZoneKey, list[Zone]]:
        """Zones in force, by layer and code; a list, because a faulty edition may use a code twice."""
        found: dict[ZoneKey, list[Zone]] = {}
        for layer, zones in self.edition.zones.items():
            for zone in zones:
                if in_force(zone.valid_from, zone.valid_to, self.as_of):
                    found.setdefault((layer, zone.code), []).append(zone)
        return found

    @cached_property
    def counties(self) -> dict[str, list[BaseGeometry]]:
        """Shapes of the counties in force by code, from whichever layer draws them."""
        found: dict[str, list[BaseGeometry]] = {}
        for zones in self.zones.values():
            for zone in zones:
                if zone.zone_class == "county":
                    found.setdefault(zone.code, []).append(zone.geometry)
        return found

    def shapes_of(self, keys: Iterable[ZoneKey]) -> list[BaseGeometry]:
        """Return the shapes of zones in force."""
        return [zone.geometry for key in keys for zone in self.zones.get(key, ())]

    def region_shapes(self, region: str) -> list[BaseGeometry] | None:
        """Return the counties of a region; ``None`` when every project may belong to it.

        A project that meets no county is taken for one of the edition's region as a whole.
        """
        if self.edition.info.region.startswith(region):
            return None
        return [
            shape for code, shapes in self.counties.items() if code.startswith(region) for shape in shapes
        ]

    # --- clauses --------------------------------------------------------------------------

    @cached_property
    def _zones_of(self) -> dict[str, list[ZoneKey]]:
        """By clause, the zones in force through which it is reached."""
        found: dict[str, list[ZoneKey]] = {}
        for key in self.zones:
            for name in self.prepared.names(*key):
                found.setdefault(name, []).append(key)
        return found

    @cached_property
    def _regions_of(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for region, names in self.prepared.by_region.items():
            for name in names:
                found.setdefault(name, []).append(region)
        return found

    @cached_property
    def _everywhere(self) -> frozenset[str]:
        return frozenset(self.prepared.everywhere)

    def scope(self, clause: str) -> list[BaseGeometry] | None:
        """Return where a clause holds: shapes; ``None`` for everywhere."""
        if clause in self._everywhere:
            return None
        found = self.shapes_of(self._zones_of.get(clause, ()))
        for region in self._regions_of.get(clause, ()):
            shapes = self.region_shapes(region)
            if shapes is None:
                return None
            found += shapes
        return found

    @cached_property
    def readers(self) -> dict[Variable, set[str]]:
        """By variable, the clauses whose rules read it; a catalogue counts as ``("catalogue", id)``."""
        found: dict[Variable, set[str]] = {}
        for name, compiled in self.prepared.rules.items():
            for rule in compiled.rules:
                for leaf in rule.leaves():
                    if leaf.variable is not None:
                        found.setdefault(leaf.variable, set()).add(name)
                    if "catalogue" in leaf.atom:
                        found.setdefault(("catalogue", leaf.atom["catalogue"]), set()).add(name)
        return found

    def lapse(self, clause: str) -> tuple[str, str] | None:
        """Return why a clause is not in force, in both languages; ``None`` when it is."""
        found = editions.clause_in_force(self.clause[clause], self.edition, self.as_of)
        return None if found is None else (found.zh, found.en)

    def dated(self, clause: str) -> tuple[Any, ...]:
        """Return all that the rules of a clause take from the date by itself."""
        taken: list[Any] = []
        for rule in self.prepared.rules[clause].rules:
            if rule.until is not None:
                taken.append(self.as_of > rule.until)
            for leaf in rule.leaves():
                if "date" in leaf.atom:
                    taken.append(leaf.test(_Day(self.as_of)))
                elif leaf.atom.get("value") == "as_of":
                    taken.append(self.as_of)
        return tuple(taken)

    def broken(self, clause: str) -> tuple[Any, ...]:
        """Return what keeps the rules of a clause from being read: its own faults, or a scope nobody can find."""
        return tuple(
            (error.fields["where"], repr(error.fields["reason"]))
            for error in self.prepared.rules[clause].broken
        )

    # --- what the edition can see ---------------------------------------------------------

    def blind(self, target: str) -> frozenset[ZoneKey]:
        """Return the counties in which a layer of ``target`` is not complete."""
        zones = self.edition.zones
        return frozenset(
            (admin, zones[admin][row].code)
            for layer, _ in self.prepared.select(target)
            for admin, rows in self.prepared.blind_counties(layer)
            for row in rows
        )

    @cached_property
    def admin_codes(self) -> frozenset[str]:
        """Codes that a text may name by the name of a place: counties, regions with clauses, the region itself."""
        admin = [layer.id for layer in self.edition.layers if layer.kind is LayerKind.ADMIN]
        drawn = {zone.code for layer in admin for zone in self.edition.zones[layer]}
        return frozenset(drawn | set(self.prepared.by_region) | {self.edition.info.region})


class _Day:
    """An environment that knows the date and nothing else."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of

    def read(self, variable: Variable) -> None:
        """Return nothing: no variable is known."""

    def catalogue(self, name: str) -> None:
        """Return nothing: no catalogue is known."""

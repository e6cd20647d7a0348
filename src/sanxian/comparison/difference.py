"""The difference: plain values that say what two editions do not share, and carry enough to make one of the other."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar

from shapely.geometry.base import BaseGeometry

from sanxian.model import (
    Catalogue,
    Change,
    Clause,
    Coverage,
    Document,
    EditionInfo,
    Layer,
    Office,
    PlaceState,
    Zone,
)

Plain: TypeAlias = "str | int | float | bool | tuple[Any, ...] | None"
"""A value as it is shown: text, number, flag, list; ``None`` where there is none."""

T = TypeVar("T")


class Kind(enum.StrEnum):
    """What became of an item."""

    ADDED = "added"
    REMOVED = "removed"
    RENUMBERED = "renumbered"  # zones only: the same place under another code
    CHANGED = "changed"


class Shape(enum.StrEnum):
    """What became of the shape of a zone that is in both editions."""

    SAME = "same"
    REDRAWN = "redrawn"  # the same set of points through other vertices
    RESHAPED = "reshaped"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of an item; ``None`` where the item has no such field or value."""

    name: str  # as in the model; "attributes.面积", "scope.units", "when.all[0].value" inside one
    old: Plain
    new: Plain

    def mirrored(self) -> FieldChange:
        """Return the same seen from the other side."""
        return FieldChange(name=self.name, old=self.new, new=self.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One rule of a clause: added, removed, moved within the clause, or other in some of its keys."""

    old_index: int | None  # None: the rule was added
    new_index: int | None  # None: the rule was removed
    fields: tuple[FieldChange, ...] = ()

    def mirrored(self) -> RuleChange:
        """Return the same seen from the other side."""
        fields = tuple(field.mirrored() for field in self.fields)
        return RuleChange(old_index=self.new_index, new_index=self.old_index, fields=fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange(Generic[T]):
    """One row of a table that is not the same in both editions."""

    key: str  # clause id, document id, "place key", "layer region" …
    old: T | None
    new: T | None
    fields: tuple[FieldChange, ...] = ()  # empty when added or removed
    rules: tuple[RuleChange, ...] = ()  # clauses only

    @property
    def kind(self) -> Kind:
        """Added, removed or changed."""
        return Kind.ADDED if self.old is None else Kind.REMOVED if self.new is None else Kind.CHANGED

    def mirrored(self) -> ItemChange[T]:
        """Return the same seen from the other side."""
        return ItemChange(
            key=self.key,
            old=self.new,
            new=self.old,
            fields=tuple(field.mirrored() for field in self.fields),
            rules=tuple(sorted((rule.mirrored() for rule in self.rules), key=rule_order)),
        )


def rule_order(rule: RuleChange) -> tuple[int, int]:
    """Return what rules are sorted by: where they stand now, those that are gone last."""
    last = 1 << 30
    return (
        last if rule.new_index is None else rule.new_index,
        last if rule.old_index is None else rule.old_index,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChange:
    """One zone that is not the same in both editions.

    Areas are on the ellipsoid. A linear zone gains and loses metres instead, a point zone neither.
    """

    layer: str
    old: Zone | None
    new: Zone | None
    fields: tuple[FieldChange, ...] = ()
    shape: Shape | None = None  # None when added or removed
    old_area_m2: float = 0.0
    new_area_m2: float = 0.0
    gained_m2: float = 0.0
    lost_m2: float = 0.0
    gained_m: float = 0.0
    lost_m: float = 0.0
    elsewhere: bool = False  # the code now stands for land that shares nothing with what it stood for

    @property
    def kind(self) -> Kind:
        """Added, removed, renumbered or changed."""
        if self.old is None:
            return Kind.ADDED
        if self.new is None:
            return Kind.REMOVED
        return Kind.CHANGED if self.old.code == self.new.code else Kind.RENUMBERED

    @property
    def code(self) -> str:
        """The code it goes by now, or went by when it is gone."""
        zone = self.old if self.new is None else self.new
        return "" if zone is None else zone.code

    @property
    def name(self) -> str:
        """The name it goes by now, or went by when it is gone."""
        zone = self.old if self.new is None else self.new
        return "" if zone is None else zone.name

    @property
    def material(self) -> bool:
        """Whether more than the choice of vertices differs."""
        return self.shape is not Shape.REDRAWN or bool(self.fields)

    def mirrored(self) -> ZoneChange:
        """Return the same seen from the other side."""
        return ZoneChange(
            layer=self.layer,
            old=self.new,
            new=self.old,
            fields=tuple(field.mirrored() for field in self.fields),
            shape=self.shape,
            old_area_m2=self.new_area_m2,
            new_area_m2=self.old_area_m2,
            gained_m2=self.lost_m2,
            lost_m2=self.gained_m2,
            gained_m=self.lost_m,
            lost_m=self.gained_m,
            elsewhere=self.elsewhere,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Land that left one zone of a layer and came to another."""

    old: str  # code in the old edition; "" = it was in no zone of the layer
    new: str  # code in the new edition; "" = it is in no zone of the layer
    area_m2: float
    shape: BaseGeometry  # lon/lat EPSG:4490

    def mirrored(self) -> Transfer:
        """Return the same seen from the other side."""
        return Transfer(old=self.new, new=self.old, area_m2=self.area_m2, shape=self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDifference:
    """What became of the zones of one layer."""

    layer: str
    title: str
    changes: tuple[ZoneChange, ...]  # by code
    transfers: tuple[Transfer, ...]  # by old code, then new code: the area matrix without its zeros
    unchanged: int  # zones that are the same in both
    rounding_m2: float = 0.0  # what differs below the tolerance, both directions together

    @property
    def material(self) -> tuple[ZoneChange, ...]:
        """The changes that are more than another choice of vertices."""
        return tuple(change for change in self.changes if change.material)

    def count(self, kind: Kind) -> int:
        """Return how many zones were added, removed, renumbered or changed."""
        return sum(change.kind is kind for change in self.material)

    @property
    def reshaped(self) -> int:
        """How many zones that are in both editions have another shape."""
        return sum(change.shape is Shape.RESHAPED for change in self.changes)

    @property
    def redrawn(self) -> int:
        """How many zones are drawn through other vertices only."""
        return sum(not change.material for change in self.changes)

    @property
    def moved_m2(self) -> float:
        """Land that changed hands, in m²."""
        return sum(transfer.area_m2 for transfer in self.transfers)

    @property
    def class_transfers(self) -> dict[tuple[str, str], float]:
        """Land by old class and new class where the two differ, m²; "" stands for land in no zone.

        Land that stayed in its zone counts when the zone's own class changed.
        """
        old = {c.old.code: c.old.zone_class for c in self.changes if c.old is not None}
        new = {c.new.code: c.new.zone_class for c in self.changes if c.new is not None}
        made: dict[tuple[str, str], float] = {}
        moved = [(old.get(x.old, ""), new.get(x.new, ""), x.area_m2) for x in self.transfers]
        moved += [
            (c.old.zone_class, c.new.zone_class, c.old_area_m2 - c.lost_m2)
            for c in self.changes
            if c.old is not None and c.new is not None
        ]
        for before, after, area in moved:
            if before != after and area > 0:
                made[before, after] = made.get((before, after), 0.0) + area
        return dict(sorted(made.items()))

    def mirrored(self) -> LayerDifference:
        """Return the same seen from the other side."""
        changes = sorted((change.mirrored() for change in self.changes), key=change_order)
        transfers = sorted((t.mirrored() for t in self.transfers), key=lambda t: (t.old, t.new))
        return replace(self, changes=tuple(changes), transfers=tuple(transfers))


def change_order(change: ZoneChange) -> tuple[str, str, str]:
    """Return what changes are sorted by: the code now, then the code before."""
    return (
        change.code,
        "" if change.old is None else change.old.code,
        "" if change.new is None else change.new.code,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """差异: all that two editions do not share."""

    old: EditionInfo  # digests filled in
    new: EditionInfo
    info: tuple[FieldChange, ...]  # identity, dates, area method …
    layers: tuple[LayerDifference, ...]  # every layer compared, changed or not
    layer_table: tuple[ItemChange[Layer], ...] = ()
    clauses: tuple[ItemChange[Clause], ...] = ()
    documents: tuple[ItemChange[Document], ...] = ()
    states: tuple[ItemChange[PlaceState], ...] = ()
    coverage: tuple[ItemChange[Coverage], ...] = ()
    catalogues: tuple[ItemChange[Catalogue], ...] = ()
    offices: tuple[ItemChange[Office], ...] = ()
    reasons: tuple[ItemChange[Change], ...] = ()  # the change lists the editions carry themselves
    only: tuple[str, ...] = ()  # layers that were asked for; then nothing else was compared

    @property
    def tables(self) -> dict[str, tuple[ItemChange[Any], ...]]:
        """The tables of rows by name, in the order they are told."""
        return {
            "layer": self.layer_table,
            "clause": self.clauses,
            "document": self.documents,
            "place_state": self.states,
            "coverage": self.coverage,
            "catalogue": self.catalogues,
            "office": self.offices,
            "change": self.reasons,
        }

    @property
    def empty(self) -> bool:
        """Whether the editions say the same; they may still draw it through other vertices."""
        return not (self.info or any(self.tables.values()) or any(layer.material for layer in self.layers))

    @property
    def redrawn(self) -> int:
        """How many zones are drawn through other vertices and are otherwise the same."""
        return sum(layer.redrawn for layer in self.layers)

    def mirrored(self) -> Difference:
        """Return the same seen from the other side: the difference of new and old."""

        def rows(changes: tuple[ItemChange[T], ...]) -> tuple[ItemChange[T], ...]:
            return tuple(change.mirrored() for change in changes)

        return Difference(
            old=self.new,
            new=self.old,
            info=tuple(field.mirrored() for field in self.info),
            layers=tuple(layer.mirrored() for layer in self.layers),
            layer_table=rows(self.layer_table),
            clauses=rows(self.clauses),
            documents=rows(self.documents),
            states=rows(self.states),
            coverage=rows(self.coverage),
            catalogues=rows(self.catalogues),
            offices=rows(self.offices),
            reasons=rows(self.reasons),
            only=self.only,
        )

"""The access list as tables: general requirements by level, and one row for each unit, one column a dimension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sanxian.edition import Edition
from sanxian.i18n import t
from sanxian.model import Clause, Dimension, LayerKind, Level, UnitClass, Zone

_LANG: Final = "zh-CN"  # an access list is an official document
_LEVELS: Final = list(Level)
_DIMENSIONS: Final = list(Dimension)


@dataclass(frozen=True, kw_only=True)
class AccessList:
    """The clauses of an edition as a list is printed; all its text is that of the clauses."""

    edition: Edition

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names of zones and places by code."""
        return {zone.code: zone.name for zones in self.edition.zones.values() for zone in zones}

    @cached_property
    def units(self) -> tuple[Zone, ...]:
        """The control units by code."""
        layers = [layer.id for layer in self.edition.layers if layer.kind is LayerKind.CONTROL_UNIT]
        units = (zone for layer in layers for zone in self.edition.zones[layer])
        return tuple(sorted(units, key=lambda zone: zone.code))

    @cached_property
    def by_unit(self) -> Mapping[str, tuple[Clause, ...]]:
        """The clauses that name a unit, by its code, in order of dimension and number."""
        found: defaultdict[str, list[Clause]] = defaultdict(list)
        for clause in self.edition.clauses:
            for code in clause.scope.units:
                found[code].append(clause)
        return {code: tuple(sorted(clauses, key=_order)) for code, clauses in found.items()}

    @cached_property
    def general(self) -> tuple[Clause, ...]:
        """The clauses that name no unit, from general to specific."""
        return tuple(sorted((c for c in self.edition.clauses if not c.scope.units), key=_order))

    def unit_texts(self, unit: Zone, dimension: Dimension) -> tuple[str, ...]:
        """The requirements of a unit in one dimension, each with its number."""
        clauses = self.by_unit.get(unit.code, ())
        return tuple(numbered(clause) for clause in clauses if clause.dimension is dimension)

    def places(self, codes: Sequence[str]) -> str:
        """Names of places, with the code where a name is not known."""
        return "、".join(self.names.get(code, code) for code in codes)

    def scope(self, clause: Clause) -> str:
        """Where a clause holds, in words."""
        scope = clause.scope
        said = [t("publish.list.everywhere", _LANG)] if scope.everywhere else []
        said += [
            self.places(codes) for codes in (scope.units, scope.regions, scope.parks, scope.blocks) if codes
        ]
        said += ["、".join(map(self._target, scope.zones))] if scope.zones else []
        said += ["、".join(class_name(name) for name in scope.classes)] if scope.classes else []
        return "；".join(said)

    def _target(self, target: str) -> str:
        layer, _, terms = target.partition(":")
        titles = {layer.id: layer.title for layer in self.edition.layers}
        titles |= {kind.value: t(f"layers.{kind}", _LANG) for kind in LayerKind if kind.value not in titles}
        return titles.get(layer, layer) + (f"（{class_name(terms, unit=False)}）" if terms else "")

    def document(self, clause: Clause) -> str:
        """Title and number of the document of a clause."""
        document = self.edition.documents.get(clause.document)
        if document is None:
            return clause.document
        return f"《{document.title}》{document.number}"

    def office(self, office_id: str) -> str:
        """Name and contact of a responsible office."""
        office = self.edition.offices.get(office_id)
        return "" if office is None else " ".join(filter(None, (office.name, office.contact)))


def numbered(clause: Clause) -> str:
    """Return the text of a clause with its number before it."""
    return f"{clause.number} {clause.text}" if clause.number else clause.text


def class_name(zone_class: str, *, unit: bool = True) -> str:
    """Return the Chinese name of a class of control unit, or of zones with the same three classes; another as it stands."""
    if zone_class not in set(UnitClass):
        return zone_class
    name = t(f"labels.unit_class.{zone_class}", _LANG)
    return name if unit else name.removesuffix("单元")


def level_name(level: Level) -> str:
    """Return the Chinese name of a level."""
    return t(f"labels.level.{level}", _LANG)


def dimension_name(dimension: Dimension) -> str:
    """Return the Chinese name of a dimension."""
    return t(f"labels.dimension.{dimension}", _LANG)


def _order(clause: Clause) -> tuple[object, ...]:
    number = tuple(int(part) if part.isdigit() else 0 for part in clause.number.replace(".", "-").split("-"))
    return (
        _LEVELS.index(clause.level),
        _DIMENSIONS.index(clause.dimension),
        number,
        clause.number,
        clause.id,
    )

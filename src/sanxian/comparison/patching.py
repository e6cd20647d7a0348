"""Patching: making the new edition of the old one and their difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from sanxian.comparison.difference import Difference
from sanxian.comparison.keys import KEYS, canonical_form
from sanxian.edition import Edition, normalise
from sanxian.errors import DifferenceUnfit

T = TypeVar("T")


class _Replacing(Protocol):
    @property
    def old(self) -> Any: ...
    @property
    def new(self) -> Any: ...


def apply(edition: Edition, difference: Difference) -> Edition:
    """Return ``edition`` with a difference made to it: an edition with the digest of the new one.

    Raises
    ------
    DifferenceUnfit
        The difference starts from another edition, or it was asked of some layers only.
    """
    edition = canonical_form(edition)
    if difference.only:
        reason = {
            "zh": "该差异只比较了部分图层",
            "en": "it compares some of the layers only",
        }
        raise DifferenceUnfit(edition=edition.info.title, reason=reason)
    if edition.info.digest != difference.old.digest:
        reason = {
            "zh": f"它的起点是摘要为 {difference.old.digest[:19]} 的成果，而这份成果的摘要是 {edition.info.digest[:19]}",
            "en": f"it starts from digest {difference.old.digest[:19]}, and this edition has {edition.info.digest[:19]}",
        }
        raise DifferenceUnfit(edition=edition.info.title, reason=reason)
    tables = difference.tables

    def table(name: str, rows: Iterable[T]) -> list[T]:
        return _replaced(list(rows), tables[name], KEYS[name])

    layers = table("layer", edition.layers)
    changes = {layer.layer: layer.changes for layer in difference.layers}
    zones = {
        layer.id: tuple(
            _replaced(edition.zones.get(layer.id, ()), changes.get(layer.id, ()), lambda zone: zone.code)
        )
        for layer in layers
    }
    return normalise(
        Edition(
            info=difference.new,
            layers=tuple(layers),
            zones=zones,
            clauses=tuple(table("clause", edition.clauses)),
            documents={item.id: item for item in table("document", edition.documents.values())},
            states=tuple(table("place_state", edition.states)),
            coverage=tuple(table("coverage", edition.coverage)),
            catalogues={item.id: item for item in table("catalogue", edition.catalogues.values())},
            changes=tuple(table("change", edition.changes)),
            offices={item.id: item for item in table("office", edition.offices.values())},
        )
    )


def _replaced(items: Sequence[T], changes: Sequence[_Replacing], key: Callable[[T], Hashable]) -> list[T]:
    kept: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        kept[key(item)].append(item)
    for change in changes:
        if change.old is not None:
            kept[key(change.old)].remove(change.old)
    for change in changes:
        if change.new is not None:
            kept[key(change.new)].append(change.new)
    return [item for rest in kept.values() for item in rest]

"""Comparing: pairing what belongs together, then looking into what is not equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian import geometry
from sanxian.comparison.difference import (
    Difference,
    FieldChange,
    ItemChange,
    LayerDifference,
    RuleChange,
    Shape,
    Transfer,
    ZoneChange,
    change_order,
)
from sanxian.comparison.fields import field_changes, rule_changes, same_rules
from sanxian.comparison.ground import (
    EMPTY,
    LEAST_AREA_M2,
    Floats,
    Sides,
    column,
    length_m,
    same_drawing,
    sides,
    sound,
    straightened,
)
from sanxian.comparison.handover import common, transfers_of
from sanxian.comparison.keys import KEYS, canonical_form
from sanxian.edition import Edition
from sanxian.edition.shapes import canonical_wkb
from sanxian.errors import NoSuchLayer
from sanxian.model import Clause, Zone

RENUMBERED_SHARE: Final = 0.95  # of either zone, at least, has to be the other's land

T = TypeVar("T")


def diff(old: Edition, new: Edition, *, layers: Iterable[str] = ()) -> Difference:
    """Return all that two editions, or drafts, do not share.

    Parameters
    ----------
    old, new : Edition
        Drafts are compared as well; shapes that cross themselves are measured as what they enclose.
    layers : iterable of str, optional
        Compare the zones of these layers and nothing else.

    Raises
    ------
    NoSuchLayer
        Neither edition has a layer that was asked for.
    EditionInvalid
        Something in one of them cannot be stored, such as a coordinate that is no number.

    Notes
    -----
    Zones are the same zone when layer and code are; of the rest, two are one zone renumbered when each has at
    least :data:`RENUMBERED_SHARE` of the other's land. ``diff(b, a)`` equals ``diff(a, b).mirrored()``.
    """
    old, new = canonical_form(old), canonical_form(new)
    wanted = tuple(dict.fromkeys(layers))
    known = {layer.id: layer for layer in (*old.layers, *new.layers)}  # the new title counts
    for layer_id in wanted:
        if layer_id not in known:
            raise NoSuchLayer(layer=layer_id, known=", ".join(known))
    of_layers = tuple(
        _layer(
            layer.id,
            layer.title,
            old.zones.get(layer.id, ()),
            new.zones.get(layer.id, ()),
        )
        for layer in known.values()
        if not wanted or layer.id in wanted
    )
    if wanted:
        return Difference(old=old.info, new=new.info, info=(), layers=of_layers, only=wanted)
    return Difference(
        old=old.info,
        new=new.info,
        info=field_changes(old.info, new.info),
        layers=of_layers,
        layer_table=_table("layer", old.layers, new.layers),
        clauses=_table("clause", old.clauses, new.clauses),
        documents=_table("document", old.documents.values(), new.documents.values()),
        states=_table("place_state", old.states, new.states),
        coverage=_table("coverage", old.coverage, new.coverage),
        catalogues=_table("catalogue", old.catalogues.values(), new.catalogues.values()),
        offices=_table("office", old.offices.values(), new.offices.values()),
        reasons=_table("change", old.changes, new.changes),
    )


# --- rows of tables --------------------------------------------------------------------------


def _table(name: str, old: Iterable[T], new: Iterable[T]) -> tuple[ItemChange[T], ...]:
    """Return the rows of a table that differ, by key."""
    found: list[ItemChange[T]] = []
    for key, before, after in _pairs(old, new, KEYS[name]):
        rules: tuple[RuleChange, ...] = ()
        if isinstance(before, Clause) and isinstance(after, Clause):
            rules = rule_changes(before.rules, after.rules)
        fields = () if before is None or after is None else field_changes(before, after)
        found.append(ItemChange(key=key, old=before, new=after, fields=fields, rules=rules))
    return tuple(found)


def _pairs(
    old: Iterable[T], new: Iterable[T], key: Callable[[T], str]
) -> Iterator[tuple[str, T | None, T | None]]:
    """Yield the items of one key that have no equal on the other side, paired in order, sorted by key."""
    rows: dict[str, tuple[list[T], list[T]]] = defaultdict(lambda: ([], []))
    for side, items in enumerate((old, new)):
        for item in items:
            rows[key(item)][side].append(item)
    for name, (before, after) in sorted(rows.items()):
        if len(before) == len(after) and all(map(_equal, before, after)):
            continue
        gone = list(before)
        come = [item for item in after if not _taken(gone, item)]
        for i in range(max(len(gone), len(come))):
            yield name, gone[i] if i < len(gone) else None, come[i] if i < len(come) else None


def _taken(items: list[T], item: T) -> bool:
    for row, other in enumerate(items):
        if _equal(other, item):
            del items[row]
            return True
    return False


def _equal(one: object, other: object) -> bool:
    if isinstance(one, Clause) and isinstance(other, Clause):
        return one == other and same_rules(one.rules, other.rules)
    return one == other


# --- zones of a layer ------------------------------------------------------------------------


class _Pair(NamedTuple):
    """What is taken for one zone; one side is None when it was added or removed."""

    old: Zone | None
    new: Zone | None


def _layer(
    layer_id: str, title: str, old_zones: Sequence[Zone], new_zones: Sequence[Zone]
) -> LayerDifference:
    pairs, unchanged = _differing(old_zones, new_zones)
    pairs = _renumbered(pairs)
    both = [pair for pair in pairs if pair.old is not None and pair.new is not None]
    alone = [pair for pair in pairs if pair.old is None or pair.new is None]
    shapes = _reshaped(both)
    resting = [(pair, shape) for pair, shape in zip(both, shapes, strict=True) if shape is not Shape.RESHAPED]
    moving = [pair for pair, shape in zip(both, shapes, strict=True) if shape is Shape.RESHAPED] + alone
    changes = [_change(layer_id, pair, shape) for pair, shape in resting]
    transfers: list[Transfer] = []
    rounding = 0.0
    for dimension in (0, 1, 2):
        group = [pair for pair in moving if _dimension(pair) == dimension]
        found = _sides(group, dimension)
        rounding += found.rounding_m2
        changes += _moved(layer_id, group, found, dimension)
        if dimension == 2:
            codes = [tuple("" if zone is None else zone.code for zone in pair) for pair in group]
            transfers += transfers_of(found, [old for old, _ in codes], [new for _, new in codes])
    changes = [c for c in changes if c.fields or c.shape is not Shape.SAME]
    return LayerDifference(
        layer=layer_id,
        title=title,
        changes=tuple(sorted(changes, key=change_order)),
        transfers=tuple(sorted(transfers, key=lambda t: (t.old, t.new))),
        unchanged=unchanged,
        rounding_m2=rounding,
    )


def _differing(old_zones: Sequence[Zone], new_zones: Sequence[Zone]) -> tuple[list[_Pair], int]:
    """Pair zones by code and leave out those that are equal in everything; return how many those are."""
    rows: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, zones in enumerate((old_zones, new_zones)):
        for row, zone in enumerate(zones):
            rows[zone.code][side].append(row)
    drawn = [canonical_wkb(column([zone.geometry for zone in zones])) for zones in (old_zones, new_zones)]
    pairs: list[_Pair] = []
    unchanged = 0
    for before, after in rows.values():
        gone, come = list(before), list(after)
        for j in after:  # a code is used once, but a draft may use it more often
            for i in gone:
                same_shape = drawn[0][i] == drawn[1][j]
                if same_shape and not field_changes(old_zones[i], new_zones[j]):
                    gone.remove(i)
                    come.remove(j)
                    unchanged += 1
                    break
        pairs += [
            _Pair(
                old_zones[gone[k]] if k < len(gone) else None,
                new_zones[come[k]] if k < len(come) else None,
            )
            for k in range(max(len(gone), len(come)))
        ]
    return pairs, unchanged


def _dimension(pair: _Pair) -> int:
    """Return the dimension a pair is measured in: an area turned into a line loses its area."""
    return max(int(shapely.get_dimensions(zone.geometry)) for zone in pair if zone is not None)


def _reshaped(pairs: Sequence[_Pair]) -> list[Shape]:
    """Return what can be said of the shapes of pairs without an overlay; RESHAPED is still to be measured."""
    old = column([zone.geometry for zone, _ in pairs if zone is not None])
    new = column([zone.geometry for _, zone in pairs if zone is not None])
    same = same_drawing(old, new)
    found = [Shape.SAME if equal else Shape.RESHAPED for equal in same.tolist()]
    areal = (shapely.get_dimensions(old) == 2) & (shapely.get_dimensions(new) == 2)
    rest = np.flatnonzero(~same & areal)
    if rest.size:
        plain = same_drawing(straightened(old[rest]), straightened(new[rest]))
        for row in rest[plain].tolist():
            found[row] = Shape.REDRAWN
    return found


def _sides(pairs: Sequence[_Pair], dimension: int) -> Sides:
    old, new = (column([_shape(pair[side], dimension) for pair in pairs]) for side in (0, 1))
    return sides(old, new, dimension)


def _shape(zone: Zone | None, dimension: int) -> BaseGeometry:
    if zone is None or shapely.get_dimensions(zone.geometry) != dimension:
        return EMPTY
    return zone.geometry


def _areas(pairs: Sequence[_Pair]) -> list[tuple[float, float]]:
    old, new = (geometry.lonlat_areas(sound(column([_shape(p[side], 2) for p in pairs]))) for side in (0, 1))
    return list(zip(old.tolist(), new.tolist(), strict=True))


def _change(layer: str, pair: _Pair, shape: Shape) -> ZoneChange:
    """Return the change of a zone whose place is the same."""
    fields = field_changes(pair.old, pair.new)
    old_area, new_area = _areas([pair])[0] if fields else (0.0, 0.0)
    return ZoneChange(
        layer=layer,
        old=pair.old,
        new=pair.new,
        fields=fields,
        shape=shape,
        old_area_m2=old_area,
        new_area_m2=new_area,
    )


def _moved(layer: str, pairs: Sequence[_Pair], found: Sides, dimension: int) -> Iterator[ZoneChange]:
    """Yield the changes of zones that were overlaid, or are in one edition only."""
    sizes = zip(found.lost_size.tolist(), found.gained_size.tolist(), _areas(pairs), strict=True)
    for (old, new), (lost, gained, (old_area, new_area)) in zip(pairs, sizes, strict=True):
        fields: tuple[FieldChange, ...] = ()
        shape = None
        if old is not None and new is not None:
            fields = field_changes(old, new)
            # what differs by rounding alone was only drawn through other vertices
            shape = Shape.RESHAPED if lost > 0 or gained > 0 else Shape.REDRAWN
        area, length = dimension == 2, dimension == 1
        shared = old_area - lost
        yield ZoneChange(
            layer=layer,
            old=old,
            new=new,
            fields=fields,
            shape=shape,
            old_area_m2=old_area,
            new_area_m2=new_area,
            gained_m2=gained if area else 0.0,
            lost_m2=lost if area else 0.0,
            gained_m=gained if length else 0.0,
            lost_m=lost if length else 0.0,
            elsewhere=shape is Shape.RESHAPED and area and shared <= max(LEAST_AREA_M2, 1e-9 * old_area),
        )


# --- renumbered zones ------------------------------------------------------------------------


def _renumbered(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Join removed and added zones that are one place under two codes."""
    gone = [pair.old for pair in pairs if pair.old is not None and pair.new is None]
    come = [pair.new for pair in pairs if pair.new is not None and pair.old is None]
    if not gone or not come:
        return list(pairs)
    i, j, share = _alike(gone, come)
    # the closest first; the order of equals does not hang on which edition is the old one
    order = sorted(
        range(len(i)), key=lambda k: (-share[k], *sorted((gone[i[k]].code, come[j[k]].code)), i[k], j[k])
    )
    old_of: dict[int, int] = {}
    taken: set[int] = set()
    for k in order:
        if int(i[k]) not in old_of and int(j[k]) not in taken:
            old_of[int(i[k])] = int(j[k])
            taken.add(int(j[k]))
    made = [pair for pair in pairs if pair.old is not None and pair.new is not None]
    made += [_Pair(zone, come[old_of[row]] if row in old_of else None) for row, zone in enumerate(gone)]
    made += [_Pair(None, zone) for row, zone in enumerate(come) if row not in taken]
    return made


def _alike(gone: Sequence[Zone], come: Sequence[Zone]) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return the pairs of which each has nearly all of the other, with the lesser of the two shares."""
    old, new = (column([zone.geometry for zone in zones]) for zones in (gone, come))
    drawn: dict[bytes, list[int]] = defaultdict(list)
    for row, wkb in enumerate(canonical_wkb(new)):
        drawn[wkb].append(row)
    equal = [(i, j) for i, wkb in enumerate(canonical_wkb(old)) for j in drawn.get(wkb, ())]
    settled_old, settled_new = {i for i, _ in equal}, {j for _, j in equal}
    left = np.array([i for i in range(len(old)) if i not in settled_old], dtype=np.intp)
    right = np.array([j for j in range(len(new)) if j not in settled_new], dtype=np.intp)
    pairs = [np.array(equal, dtype=np.intp).reshape(-1, 2)]
    shares = [np.ones(len(equal))]
    for dimension, size in ((2, geometry.lonlat_areas), (1, length_m)):
        a = left[shapely.get_dimensions(old[left]) == dimension]
        b = right[shapely.get_dimensions(new[right]) == dimension]
        if not (a.size and b.size):
            continue
        one, other = sound(old[a]), sound(new[b])
        i, j = shapely.STRtree(other).query(one, predicate="intersects")
        # shapes whose boxes differ by more than the share allows need no overlay
        sizes = np.asarray(size(one)), np.asarray(size(other))
        likely = sizes[0][i] * RENUMBERED_SHARE <= sizes[1][j]
        likely &= sizes[1][j] * RENUMBERED_SHARE <= sizes[0][i]
        i, j = i[likely], j[likely]
        shared = np.asarray(size(common(one[i], other[j])))
        share = shared / np.maximum(np.maximum(sizes[0][i], sizes[1][j]), 1e-9)
        near = share >= RENUMBERED_SHARE
        pairs.append(np.column_stack((a[i[near]], b[j[near]])))
        shares.append(np.minimum(share[near], 1.0))
    both = np.concatenate(pairs)
    return both[:, 0], both[:, 1], np.concatenate(shares)

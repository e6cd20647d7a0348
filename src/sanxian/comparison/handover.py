"""Handover: which land left one zone of a layer and came to another.

A zone's loss is matched with the others' gains piece by piece. In a partition nearly every piece that one zone
lost is, vertex by vertex, a piece another gained; those need no overlay, which is what keeps an edition whose
every line was drawn anew within reach. Zones that overlap are measured as well: land that two zones gained from
a third is told for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sanxian import geometry
from sanxian.comparison.difference import Transfer
from sanxian.comparison.ground import (
    LEAST_AREA_M2,
    Floats,
    Pieces,
    Rows,
    Shapes,
    Sides,
    column,
    is_rounding,
    paired,
)
from sanxian.edition.shapes import canonical_wkb

_TOUCH: Final = 1e-11  # degrees: boxes that share no more than this only touch
_DIGITS: Final = 10  # to which the corners of two overlays of the same lines agree


def transfers_of(found: Sides, old: Sequence[str], new: Sequence[str]) -> list[Transfer]:
    """Return what went from where to where.

    Parameters
    ----------
    found : Sides
        What each zone lost and gained, areal.
    old, new : sequence of str
        Its code in either edition.
    """
    lost, gained = found.lost, found.gained
    i, j = _candidates(lost, gained)
    equal = _key(lost.shape)[i] == _key(gained.shape)[j]
    shared = lost.shape[i]
    area = lost.area[i]
    rest = np.flatnonzero(~equal)
    shared[rest] = _areal(common(lost.shape[i[rest]], gained.shape[j[rest]]))
    area[rest] = geometry.lonlat_areas(shared[rest])
    keep = ~is_rounding(shared, area)
    i, j, shared, area = i[keep], j[keep], shared[keep], area[keep]
    made = _gathered(shared, area, lost.owner[i], gained.owner[j], old, new)
    shape, size, owner = _remainder(lost, i, shared, area)
    nowhere = np.full(len(owner), -1)
    made += _gathered(shape, size, owner, nowhere, old, new)
    shape, size, owner = _remainder(gained, j, shared, area)
    nowhere = np.full(len(owner), -1)
    made += _gathered(shape, size, nowhere, owner, old, new)
    return made


def _candidates(lost: Pieces, gained: Pieces) -> tuple[Rows, Rows]:
    """Return the pairs of pieces whose boxes overlap and that belong to two zones."""
    if not (len(lost.shape) and len(gained.shape)):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    i, j = shapely.STRtree(gained.shape).query(lost.shape)
    one, other = shapely.bounds(lost.shape)[i], shapely.bounds(gained.shape)[j]
    overlap = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    keep = (overlap > _TOUCH).all(axis=1) & (lost.owner[i] != gained.owner[j])
    i, j = i[keep], j[keep]
    order = np.lexsort((j, i))
    return i[order], j[order]


def _key(shapes: Shapes) -> NDArray[np.object_]:
    """Return what two pieces have in common when they are one piece."""
    rounded = shapely.normalize(shapely.transform(shapes, lambda xy: np.round(xy, _DIGITS)))
    return np.array([*canonical_wkb(rounded), None], dtype=object)[:-1]  # numpy would pad bytes alone


def common(one: Shapes, other: Shapes) -> Shapes:
    """Return what pairs of shapes share, to the last digit the same whichever comes first."""
    first, second = one.copy(), other.copy()
    turned = np.array(
        [a > b for a, b in zip(canonical_wkb(one), canonical_wkb(other), strict=True)], dtype=np.bool_
    )
    first[turned], second[turned] = other[turned], one[turned]
    return paired(shapely.intersection, first, second)


def _areal(shapes: Shapes) -> Shapes:
    """Return shapes without points and lines, which overlays leave where areas only touch."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    for row in mixed.tolist():
        shapes[row] = shapely.MultiPolygon(
            [p for p in shapely.get_parts(shapes[row]) if p.geom_type == "Polygon"]
        )
    return shapes


def _remainder(pieces: Pieces, owner: Rows, parts: Shapes, areas: Floats) -> tuple[Shapes, Floats, Rows]:
    """Return what is left of pieces when their parts are taken away: shape, m², row of the zone."""
    count = np.bincount(owner, minlength=len(pieces.shape))
    told = np.bincount(owner, areas, len(pieces.shape))
    left = np.flatnonzero(count == 0)
    # parts that overlap may add up to the whole and still leave some of it
    doubtful = np.flatnonzero((count > 1) | ((count == 1) & (pieces.area - told >= LEAST_AREA_M2)))
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(len(pieces.shape) + 1))
    unions = column([shapely.union_all(parts[order[start[r] : start[r + 1]]]) for r in doubtful.tolist()])
    cut = _areal(paired(shapely.difference, pieces.shape[doubtful], unions))
    shapes = np.concatenate((pieces.shape[left], cut))
    sizes = np.concatenate((pieces.area[left], geometry.lonlat_areas(cut)))
    rows = np.concatenate((pieces.owner[left], pieces.owner[doubtful]))
    keep = ~is_rounding(shapes, sizes)
    return shapes[keep], sizes[keep], rows[keep]


def _gathered(
    shapes: Shapes, areas: Floats, loser: Rows, winner: Rows, old: Sequence[str], new: Sequence[str]
) -> list[Transfer]:
    """Return one transfer for each pair of zones; row -1 is no zone."""
    if not len(shapes):
        return []
    _, group = np.unique(np.column_stack((loser, winner)), axis=0, return_inverse=True)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group, areas)
    parts, of_row = shapely.get_parts(shapes[order], return_index=True)
    whole = np.asarray(shapely.multipolygons(parts, indices=group[order][of_row]), dtype=object)
    first = order[np.searchsorted(group[order], np.arange(len(sizes)))]
    return [
        Transfer(
            old="" if a < 0 else old[a],
            new="" if b < 0 else new[b],
            area_m2=size,
            shape=shape,
        )
        for a, b, size, shape in zip(
            loser[first].tolist(), winner[first].tolist(), sizes.tolist(), whole.tolist(), strict=True
        )
    ]

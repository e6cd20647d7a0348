"""Permanence: a code belongs to one place for ever, and a place that loses its code says what took it over.

Compared are the places of a layer, code by code, with the edition before and with every earlier one that is known.
A place stays itself while at least half of it (:data:`SAME_PLACE`) lies in the zone that has its code now; areas are
those of the ellipsoid. Anything else needs a succession entry: a row of the change table with ``item`` "layer/code",
kind ``succeeded``, and the codes that took over, or none when the place is given up.

A code that was given up earlier is never used for another place, with or without an entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition
from sanxian.geometry import lonlat_area
from sanxian.i18n import t
from sanxian.model import Change, Layer, Zone

SAME_PLACE: Final = 0.5  # of the old place: below this, a code has been given to another place
ACCOUNTED: Final = (
    0.95  # of the old place, in a partition: less than this in its successors is land gone missing
)
TRACE: Final = 1e-4  # of the old place: a lesser overlap is a line drawn a little otherwise, no inheritance
_ROUNDING: Final = 1e-9  # of a share: half of a place is half of it, however it is added up
_DEGREE_M: Final = 111_320.0
_LEAST_M: Final = 1.0  # how near lines and points count as in place, where the layers state less


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFault:
    """A breach of the permanence of codes, or a succession entry that cannot be right; each blocks publishing."""

    code: Literal[
        "CODE_MOVED",
        "CODE_LOST",
        "CODE_REUSED",
        "LAYER_LOST",
        "SUCCESSION_ITEM",
        "SUCCESSION_TWICE",
        "SUCCESSION_UNKNOWN",
        "SUCCESSION_CIRCLE",
        "SUCCESSION_EMPTY",
        "SUCCESSION_NOTHING",
        "SUCCESSION_AREA",
        "SUCCESSION_REASON",
    ]
    item: str  # "layer/code"
    zh: str
    en: str
    share: float | None = None  # of the old place that is still, or is accounted for, by that code
    heirs: tuple[tuple[str, float], ...] = ()  # codes its land is in now, with their shares, largest first


def code_faults(
    new: Edition,
    previous: Edition,
    earlier: Sequence[Edition] = (),
    *,
    succession: Sequence[Change] = (),
    same_place: float = SAME_PLACE,
    accounted: float = ACCOUNTED,
) -> tuple[CodeFault, ...]:
    """Return what keeps ``new`` from following ``previous``, by layer and code.

    Parameters
    ----------
    new, previous : Edition
        Both in canonical form.
    earlier : sequence of Edition
        Those before ``previous``, newest first: their codes may not be used for other places.
    succession : sequence of Change
        Rows of kind ``succeeded``; their item is "layer/code", or a layer id for a layer that is gone as a whole.
    same_place, accounted : float
        Shares, 0 to 1; see :data:`SAME_PLACE` and :data:`ACCOUNTED`.
    """
    return tuple(_Comparison(new, previous, earlier, succession, same_place, accounted).faults())


def proposed_succession(faults: Sequence[CodeFault]) -> tuple[Change, ...]:
    """Return succession entries to review, one for each place that lacks one: its land is where the codes say.

    Their reason is empty, for a person to write; without it they are refused.
    """
    asked = ("CODE_MOVED", "CODE_LOST", "SUCCESSION_AREA", "SUCCESSION_EMPTY", "SUCCESSION_NOTHING")
    return tuple(
        Change(
            item=fault.item, kind="succeeded", reason="", successors=tuple(code for code, _ in fault.heirs)
        )
        for fault in faults
        if fault.code in asked
    )


class _Layer:
    """The zones of one layer of one edition, by code and by place."""

    def __init__(self, edition: Edition, layer: Layer) -> None:
        self.layer = layer
        self.zones: Mapping[str, Zone] = {zone.code: zone for zone in edition.zones.get(layer.id, ())}

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree([zone.geometry for zone in self.zones.values()])

    def near(self, place: BaseGeometry, reach_m: float) -> list[Zone]:
        zones = list(self.zones.values())
        west, south, east, north = place.bounds
        up = reach_m / _DEGREE_M
        aside = up / max(0.01, math.cos(math.radians((south + north) / 2)))
        box = shapely.box(west - aside, south - up, east + aside, north + up)
        return [zones[row] for row in sorted(self._tree.query(box).tolist())]


class _Comparison:
    """One edition against those before it."""

    def __init__(
        self,
        new: Edition,
        previous: Edition,
        earlier: Sequence[Edition],
        succession: Sequence[Change],
        same_place: float,
        accounted: float,
    ) -> None:
        self.new = {layer.id: _Layer(new, layer) for layer in new.layers}
        self.old = {layer.id: _Layer(previous, layer) for layer in previous.layers}
        self.earlier = [{layer.id: _Layer(edition, layer) for layer in edition.layers} for edition in earlier]
        self.same_place = same_place
        self.accounted = accounted
        self.entries: dict[str, Change] = {}
        self.repeated: list[str] = []
        for change in succession:
            if change.item in self.entries and self.entries[change.item] != change:
                self.repeated.append(change.item)
            self.entries[change.item] = change

    def faults(self) -> Iterator[CodeFault]:
        for item in dict.fromkeys(self.repeated):
            yield _fault("SUCCESSION_TWICE", item)
        yield from self._unknown_entries()
        yield from self._circles()
        for name, old in self.old.items():
            yield from self._layer(name, old)
        yield from self._reused()

    # --- entries by themselves -------------------------------------------------------------------

    def _unknown_entries(self) -> Iterator[CodeFault]:
        for item, change in self.entries.items():
            layer, separator, code = item.partition("/")
            known = layer in self.old and (not separator or code in self.old[layer].zones)
            if not known or (not separator and layer in self.new):
                yield _fault("SUCCESSION_ITEM", item)
            elif not change.reason.strip():
                yield _fault("SUCCESSION_REASON", item)

    def _circles(self) -> Iterator[CodeFault]:
        """Codes that took each other's place: then each of them has been given to another place."""
        leads = {
            item: {f"{item.partition('/')[0]}/{code}" for code in change.successors}
            for item, change in self.entries.items()
            if "/" in item
        }
        # a code that is among its own successors kept a part of its place and hands nothing round
        leads = {item: heirs for item, heirs in leads.items() if item not in heirs}
        for start in leads:
            seen: set[str] = set()
            ahead = [start]
            while ahead:
                for heir in leads.get(ahead.pop(), ()):
                    if heir == start:
                        yield _fault("SUCCESSION_CIRCLE", start)
                        ahead.clear()
                        break
                    if heir not in seen:
                        seen.add(heir)
                        ahead.append(heir)

    # --- places ----------------------------------------------------------------------------------

    def _target(self, name: str) -> _Layer | None:
        """Return the layer that holds the places of layer ``name`` now."""
        if name in self.new:
            return self.new[name]
        entry = self.entries.get(name)
        return self.new.get(entry.successors[0]) if entry is not None and entry.successors else None

    def _layer(self, name: str, old: _Layer) -> Iterator[CodeFault]:
        new = self._target(name)
        if new is None:
            if old.zones and not (name in self.entries and not self.entries[name].successors):
                yield _fault("LAYER_LOST", name, count=len(old.zones))
            return
        for code, zone in old.zones.items():
            now = new.zones.get(code)
            if now is not None and _same_shape(zone.geometry, now.geometry):
                share = 1.0
            else:
                share = 0.0 if now is None else _share(zone, now, old, new)
            entry = self.entries.get(f"{name}/{code}")
            if entry is not None:
                yield from self._entry(entry, zone, old, new, share)
            elif now is None:
                heirs = self._heirs(zone, old, new)
                yield _fault("CODE_LOST", f"{name}/{code}", 0.0, heirs, name=zone.name, heirs=_said(heirs))
            elif share < self.same_place - _ROUNDING:
                heirs = self._heirs(zone, old, new)
                yield _fault(
                    "CODE_MOVED", f"{name}/{code}", share, heirs,
                    name=zone.name, share=_percent(share), least=_percent(self.same_place), heirs=_said(heirs),
                )  # fmt: skip

    def _entry(self, entry: Change, zone: Zone, old: _Layer, new: _Layer, kept: float) -> Iterator[CodeFault]:
        unknown = [code for code in entry.successors if code not in new.zones]
        if unknown:
            yield _fault("SUCCESSION_UNKNOWN", entry.item, codes="、".join(unknown), layer=new.layer.id)
            return
        heirs = self._heirs(zone, old, new)
        held = dict(heirs)
        if not entry.successors:
            if zone.code in new.zones and kept >= self.same_place:
                yield _fault(
                    "SUCCESSION_NOTHING", entry.item, kept, heirs, codes=zone.code, heirs=_said(heirs)
                )
            elif old.layer.partition and heirs:
                yield _fault("SUCCESSION_EMPTY", entry.item, 0.0, heirs, heirs=_said(heirs))
            return
        strange = [code for code in entry.successors if held.get(code, 0.0) < TRACE]
        if strange:
            codes = "、".join(strange)
            yield _fault("SUCCESSION_NOTHING", entry.item, 0.0, heirs, codes=codes, heirs=_said(heirs))
            return
        # together, for zones of a layer may lie over one another
        together = shapely.union_all([new.zones[code].geometry for code in dict.fromkeys(entry.successors)])
        share = _share(zone, replace(zone, geometry=together), old, new)
        least = self.accounted if old.layer.partition else self.same_place
        if share < least - _ROUNDING:
            yield _fault(
                "SUCCESSION_AREA", entry.item, share, heirs,
                share=_percent(share), least=_percent(least), heirs=_said(heirs),
            )  # fmt: skip

    def _heirs(self, zone: Zone, old: _Layer, new: _Layer) -> tuple[tuple[str, float], ...]:
        """Return the codes that hold land of an old place, with the share of it, largest first."""
        reach = _reach_m(old.layer, new.layer)
        shares = [(other.code, _share(zone, other, old, new)) for other in new.near(zone.geometry, reach)]
        return tuple(
            sorted(((c, s) for c, s in shares if s >= TRACE), key=lambda heir: (-round(heir[1], 9), heir[0]))
        )

    def _reused(self) -> Iterator[CodeFault]:
        """Codes that an earlier edition had, the last one had not, and that stand for another place now."""
        told: set[str] = set()
        for layers in self.earlier:
            for name, before in layers.items():
                if name not in self.new:
                    continue
                last = self.old[name].zones if name in self.old else {}
                for code, now in self.new[name].zones.items():
                    item = f"{name}/{code}"
                    if code in last or code not in before.zones or item in told:
                        continue
                    told.add(item)  # the newest edition that had it decides
                    was = before.zones[code]
                    share = _share(was, now, before, self.new[name])
                    if share < self.same_place - _ROUNDING:
                        yield _fault(
                            "CODE_REUSED", item, share,
                            name=was.name, share=_percent(share), least=_percent(self.same_place),
                        )  # fmt: skip


# --- how much of a place another one holds ---------------------------------------------------


def _same_shape(a: BaseGeometry, b: BaseGeometry) -> bool:
    return bool(shapely.equals_identical(a, b))  # canonical shapes: the same set, the same vertices


def _share(was: Zone, now: Zone, old: _Layer, new: _Layer) -> float:
    """Return which share of an old place lies in a zone: of its area, else its length, else its points."""
    if _same_shape(was.geometry, now.geometry):
        return 1.0
    if shapely.get_dimensions(was.geometry) == 2 and shapely.get_dimensions(now.geometry) == 2:
        whole = lonlat_area(was.geometry)
        common = _areal(shapely.intersection(was.geometry, now.geometry))
        return lonlat_area(common) / whole if whole > 0 else 0.0
    # Lines and points are never drawn twice at the same place: within what the layers call accurate is there.
    reach = _reach_m(old.layer, new.layer)
    place, zone = _on_ground((was.geometry, now.geometry))
    if shapely.get_dimensions(place) == 2:  # a place that has become a line or a point
        return float(shapely.distance(shapely.centroid(place), zone) <= reach)
    around = shapely.buffer(zone, reach)
    if shapely.get_dimensions(place) == 1:
        whole = shapely.length(place)
        return float(shapely.length(shapely.intersection(place, around)) / whole) if whole > 0 else 0.0
    points = shapely.get_parts(place)
    return float(np.mean(shapely.distance(points, zone) <= reach)) if len(points) else 0.0


def _areal(shape: BaseGeometry) -> BaseGeometry:
    """Return the areas of an intersection, which may come with lines where places touch."""
    parts = shapely.get_parts(shape)
    return shapely.MultiPolygon(shapely.get_parts(parts[shapely.get_dimensions(parts) == 2]).tolist())


def _reach_m(old: Layer, new: Layer) -> float:
    return max(old.accuracy_m + new.accuracy_m, _LEAST_M)


def _on_ground(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return shapes in metres around their middle: for telling near from far, not for measuring."""
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)).tolist()
    centre = np.array([(west + east) / 2, (south + north) / 2])
    scale = np.array([math.cos(math.radians(centre[1])), 1.0]) * _DEGREE_M

    def placed(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (lonlat - centre) * scale
        return moved

    return [shapely.transform(shape, placed) for shape in shapes]


# --- words -----------------------------------------------------------------------------------


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%"


def _said(heirs: Sequence[tuple[str, float]]) -> dict[str, str]:
    listed = "、".join(f"{code} {_percent(share)}" for code, share in heirs[:5]) + ("…" if heirs[5:] else "")
    return {lang[:2]: listed or t("publish.permanence.nowhere", lang) for lang in ("zh-CN", "en")}


def _fault(
    code: str,
    item: str,
    share: float | None = None,
    heirs_: tuple[tuple[str, float], ...] = (),
    /,
    **fields: object,
) -> CodeFault:
    zh, en = (
        t(
            f"publish.permanence.{code}",
            lang,
            **{key: v[lang[:2]] if isinstance(v, dict) else v for key, v in fields.items()},
        )
        for lang in ("zh-CN", "en")
    )
    return CodeFault(code=code, item=item, zh=zh, en=en, share=share, heirs=heirs_)  # type: ignore[arg-type]  # the texts are there for these codes only

"""Repairs: only those that are named, each with a log and a list of what moved from which zone to which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Draft, Edition, LogEntry
from sanxian.i18n import t
from sanxian.model import Scope, UnitClass, Zone
from sanxian.quality.codes import plain
from sanxian.quality.coverage import Face, Kind, Land, examine, just_right_of, metres
from sanxian.quality.gate import TOLERANCE_M
from sanxian.quality.ground import Ground, areal, on_grid
from sanxian.quality.partitions import Partition, partitions
from sanxian.quality.recut import Ruling, recut
from sanxian.quality.sizes import areas_m2, as_array
from sanxian.quality.structure import slivers_of

REPAIRS: Final = (
    "fullwidth-codes",
    "dedupe-vertices",
    "make-valid",
    "snap-edges",
    "drop-overlaps",
    "close-gaps",
    "drop-slivers",
)
"""The repairs there are, in the order they are made whatever order they are named in."""
GRID: Final = "grid"  # moves by which a zone changed because cut lines get their vertices on the grid
_LEAST_M2: Final = 1e-6
_RANK: Final = {UnitClass.PRIORITY.value: 0, UnitClass.KEY.value: 1, UnitClass.GENERAL.value: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """面积转移: land that belongs to another zone than before.

    ``area(zone) after = area(zone) before - Σ loses_m2 (from it) + Σ gains_m2 (to it)``, all on the ellipsoid.
    Land of an overlap leaves one zone and is no gain for the other, which held it already.
    """

    repair: str
    layer: str
    from_zone: str  # code; "" = it was nobody's
    to_zone: str  # code; "" = it is nobody's
    area_m2: float
    loses_m2: float
    gains_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A draft after repairs."""

    draft: Draft
    moves: tuple[Move, ...]
    log: tuple[LogEntry, ...]  # what was done; the draft's own log ends with it


def fix(
    draft: Draft,
    repairs: Sequence[str],
    *,
    as_of: date | None = None,
    tolerance_m: float = TOLERANCE_M,
    up_to_m: float | None = None,
) -> Fixed:
    """Return the draft with some repairs made, and what they moved.

    Parameters
    ----------
    draft : Draft
        Is not changed.
    repairs : sequence of str
        Members of ``REPAIRS``.
    as_of : date, optional
        Day on which zones are in force, as in :func:`sanxian.quality.check`.
    tolerance_m : float
        ``snap-edges`` closes what is at most this wide.
    up_to_m : float, optional
        ``close-gaps`` and ``drop-overlaps`` leave alone what is wider; by default the stated accuracy of the layer.
        Land wider than that is nobody's to give away by machine.

    Raises
    ------
    ValueError
        A repair has another name.
    """
    unknown = [name for name in repairs if name not in REPAIRS]
    if unknown:
        raise ValueError(unknown[0])
    work = _Work(draft, as_of or draft.edition.info.valid_from, tolerance_m, up_to_m)
    if "fullwidth-codes" in repairs:
        work.plain_codes()
    if "dedupe-vertices" in repairs:
        work.dedupe()
    if "make-valid" in repairs:
        work.make_valid()
    cutting = tuple(name for name in ("snap-edges", "drop-overlaps", "close-gaps") if name in repairs)
    if cutting:
        work.cut(cutting)
    if "drop-slivers" in repairs:
        work.drop_slivers()
    log = tuple(work.log)
    return Fixed(
        draft=replace(draft, edition=work.edition, log=draft.log + log, origin=None),
        moves=tuple(work.moves),
        log=log,
    )


class _Work:
    """A draft under repair."""

    def __init__(self, draft: Draft, day: date, tolerance_m: float, up_to_m: float | None) -> None:
        self.edition: Edition = draft.edition
        self.day = day
        self.tolerance_m = tolerance_m
        self.up_to_m = up_to_m
        self.moves: list[Move] = []
        self.log: list[LogEntry] = []

    # --- book-keeping

    def _say(self, repair: str, layer: str, item: str, place: BaseGeometry | None = None, *, warn: bool = False,
             text: str = "", **fields: object) -> None:  # fmt: skip
        key = f"quality.fix.{text or repair.replace('-', '_')}"
        zh, en = (t(key, lang, **fields) for lang in ("zh-CN", "en"))
        severity: Literal["info", "warning"] = "warning" if warn else "info"
        code = f"FIX_{repair.upper().replace('-', '_')}"
        self.log.append(
            LogEntry(severity=severity, code=code, zh=zh, en=en, layer=layer, item=item, place=place)
        )

    def _replace(self, layer: str, changed: Mapping[int, Zone | None]) -> None:
        """Put zones in the place of others, by their row; ``None`` takes one out."""
        zones = self.edition.zones[layer]
        made = tuple(z for row, zone in enumerate(zones) if (z := changed.get(row, zone)) is not None)
        self.edition = replace(self.edition, zones=MappingProxyType({**self.edition.zones, layer: made}))

    # --- codes

    def plain_codes(self) -> None:
        """Write codes in half-width characters, wherever they are named."""
        renamed: set[str] = set()
        for layer in self.edition.layers:
            zones = self.edition.zones.get(layer.id, ())
            taken = Counter(plain(zone.code) for zone in zones)
            changed: dict[int, Zone | None] = {}
            for row, zone in enumerate(zones):
                code = plain(zone.code)
                regions = tuple(map(plain, zone.regions))
                if code != zone.code and taken[code] > 1:
                    self._say(
                        "fullwidth-codes",
                        layer.id,
                        zone.code,
                        warn=True,
                        text="code_taken",
                        old=zone.code,
                        new=code,
                    )
                    code = zone.code
                if (code, regions) != (zone.code, zone.regions):
                    changed[row] = replace(zone, code=code, regions=regions)
                    if code != zone.code:
                        renamed.add(zone.code)
                        self._say("fullwidth-codes", layer.id, code, old=zone.code, new=code)
            if changed:
                self._replace(layer.id, changed)

        def follow(codes: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(plain(c) if c in renamed or plain(c) != c else c for c in codes))

        def scope(old: Scope) -> Scope:
            named: dict[str, Any] = {
                name: follow(getattr(old, name)) for name in ("units", "parks", "blocks", "regions")
            }
            return replace(old, **named)

        self.edition = replace(
            self.edition,
            clauses=tuple(replace(clause, scope=scope(clause.scope)) for clause in self.edition.clauses),
            states=tuple(replace(s, place=plain(s.place)) for s in self.edition.states),
        )

    # --- one zone at a time

    def dedupe(self) -> None:
        """Leave out vertices equal to the one before them."""
        self._each("dedupe-vertices", lambda shape: shapely.remove_repeated_points(shape, 0.0))

    def make_valid(self) -> None:
        """Repair rings that cross or touch themselves; what has no area is left out and said."""
        self._each("make-valid", lambda shape: shape if shape.is_valid else areal(shapely.make_valid(shape)))

    def _each(self, repair: str, mend: Callable[[BaseGeometry], BaseGeometry]) -> None:
        for layer in self.edition.layers:
            changed: dict[int, Zone | None] = {}
            for row, zone in enumerate(self.edition.zones.get(layer.id, ())):
                old = zone.geometry
                if old.is_empty or shapely.get_dimensions(old) != 2:
                    continue
                if not np.isfinite(shapely.get_coordinates(old)).all():
                    continue
                new = mend(old)
                if new is old or shapely.equals_identical(new, old):
                    continue
                before, after = areas_m2([old, new]).tolist()
                if new.is_empty:
                    self._say(repair, layer.id, zone.code, text="nothing_left", warn=True)
                    continue
                changed[row] = replace(zone, geometry=new)
                where = shapely.Point(shapely.get_coordinates(old)[0])
                self._say(repair, layer.id, zone.code, where, before=f"{before:.2f}", after=f"{after:.2f}")
                self._difference(repair, layer.id, zone.code, before, after)
            if changed:
                self._replace(layer.id, changed)

    def _difference(self, repair: str, layer: str, code: str, before: float, after: float) -> None:
        """Note by how much the area of a zone changed without going to or coming from another."""
        size = abs(after - before)
        if size > _LEAST_M2:
            lost = size if after < before else 0.0
            names = (code, "") if lost else ("", code)
            self.moves.append(
                Move(repair=repair, layer=layer, from_zone=names[0], to_zone=names[1], area_m2=size,
                     loses_m2=lost, gains_m2=0.0 if lost else size)
            )  # fmt: skip

    # --- partitions

    def cut(self, names: Sequence[str]) -> None:
        """Give gaps, overlaps and strips between unequal lines to one zone each."""
        for part in partitions(Ground(self.edition), self.day):
            self._cut(part, names)

    def _cut(self, part: Partition, names: Sequence[str]) -> None:
        layer = part.layer
        found = examine(part.shapes, part.region)
        limit = layer.accuracy_m if self.up_to_m is None else self.up_to_m

        def rule(face: Face) -> Ruling:
            if face.width_m <= self.tolerance_m and "snap-edges" in names:
                repair = "snap-edges"
            elif not face.width_m:
                return None  # a hair is no land
            elif face.width_m <= limit and face.kind is Kind.OVERLAP and "drop-overlaps" in names:
                repair = "drop-overlaps"
            elif face.width_m <= limit and face.kind is Kind.GAP and "close-gaps" in names:
                repair = "close-gaps"
            else:
                return None
            if face.kind is Kind.OUTSIDE:
                return repair, None
            if face.kind is Kind.GAP:
                return (repair, face.beside[0][0]) if face.beside else None
            return repair, min(face.zones, key=standing)

        def standing(row: int) -> tuple[int, float, str]:
            zone = part.zones[row]
            return _RANK.get(zone.zone_class, 3), -float(found.zones_m2[row]), zone.code

        done = recut(part.shapes, part.region, found, rule, vertices="snap-edges" in names)
        if not done.shapes:
            return
        codes = [zone.code for zone in part.zones]
        change: dict[int, float] = defaultdict(float)
        for face in done.given:
            to = "" if face.owner is None else codes[face.owner]
            for zone in (row for row in face.before if row != face.owner):
                self.moves.append(Move(repair=face.repair, layer=layer.id, from_zone=codes[zone], to_zone=to,
                                       area_m2=face.area_m2, loses_m2=face.area_m2, gains_m2=0.0))  # fmt: skip
                change[zone] -= face.area_m2
            if face.owner is not None and face.owner not in face.before:
                self.moves.append(Move(repair=face.repair, layer=layer.id, from_zone="", to_zone=to,
                                       area_m2=face.area_m2, loses_m2=0.0, gains_m2=face.area_m2))  # fmt: skip
                change[face.owner] += face.area_m2
            named = "、".join(codes[zone] for zone in face.before) or "–"
            self._say(
                face.repair,
                layer.id,
                to or named,
                face.shape,
                area=f"{face.area_m2:.2f}",
                before=named,
                to=to or "–",
            )
        self._put(part, done.shapes, found.zones_m2, change)

    def _put(
        self,
        part: Partition,
        shapes: Mapping[int, BaseGeometry],
        before: np.typing.NDArray[np.float64],
        change: Mapping[int, float],
    ) -> None:
        row_of = {id(zone): row for row, zone in enumerate(self.edition.zones[part.layer.id])}
        sizes = dict(zip(shapes, areas_m2(as_array(list(shapes.values()))).tolist(), strict=True))
        changed: dict[int, Zone | None] = {}
        for row, shape in shapes.items():
            zone = part.zones[row]
            if shape.is_empty:
                self._say(
                    "drop-overlaps", part.layer.id, zone.code, zone.geometry, warn=True, text="zone_gone"
                )
                changed[row_of[id(zone)]] = None
            else:
                changed[row_of[id(zone)]] = replace(zone, geometry=shape)
            self._difference(
                GRID, part.layer.id, zone.code, float(before[row]) + change.get(row, 0.0), sizes[row]
            )
        self._replace(part.layer.id, changed)

    # --- slivers

    def drop_slivers(self) -> None:
        """Take thin and tiny parts and holes out; in a partition a part goes to the neighbour with the longest edge."""
        for layer in self.edition.layers:
            zones = self.edition.zones.get(layer.id, ())
            shapes = on_grid([zone.geometry for zone in zones])
            rows = [row for row, shape in enumerate(shapes) if shape is not None]
            slivers = [
                (rows[sliver.row], sliver)
                for sliver in (slivers_of(layer, shapes[rows]) if rows else ())
                if not (layer.partition and sliver.hole) and zones[rows[sliver.row]].geometry.is_valid
            ]
            if not slivers:
                continue
            now = {row: shapes[row] for row in rows}
            land = Land(shapes[rows], None) if layer.partition else None
            for row, sliver in slivers:
                code = zones[row].code
                to: int | None = None
                if land is not None:
                    to = next((rows[r] for r in _neighbours(sliver.shape, land) if rows[r] != row), None)
                    if to is None:
                        self._say(
                            "drop-slivers", layer.id, code, sliver.shape, warn=True, text="no_neighbour"
                        )
                        continue
                    now[to] = shapely.union(now[to], sliver.shape, grid_size=1e-9)
                gained = sliver.hole or to is not None
                now[row] = (shapely.union if sliver.hole else shapely.difference)(now[row], sliver.shape)
                self.moves.append(
                    Move(
                        repair="drop-slivers",
                        layer=layer.id,
                        from_zone="" if sliver.hole else code,
                        to_zone=code if sliver.hole else "" if to is None else zones[to].code,
                        area_m2=sliver.area_m2,
                        loses_m2=0.0 if sliver.hole else sliver.area_m2,
                        gains_m2=sliver.area_m2 if gained else 0.0,
                    )
                )
                self._say("drop-slivers", layer.id, code, sliver.shape, area=f"{sliver.area_m2:.2f}",
                          to="–" if to is None else zones[to].code)  # fmt: skip
            self._replace(
                layer.id,
                {
                    row: replace(zones[row], geometry=areal(s))
                    for row, s in now.items()
                    if s is not shapes[row]
                },
            )


def _neighbours(sliver: BaseGeometry, land: Land) -> list[int]:
    """Return the rows of the zones beyond the edges of a sliver, the longest edge first."""
    xy = shapely.get_coordinates(shapely.get_exterior_ring(shapely.orient_polygons(sliver)))
    a, b = xy[:-1], xy[1:]
    point, zone = land.holders(just_right_of(a, b))
    sums = np.bincount(zone, metres(a, b)[point], len(land.zones)) if len(zone) else np.zeros(0)
    return [int(row) for row in np.argsort(-sums, kind="stable") if sums[row] > 0]

"""The features of a layer, ready to be asked: shapes in a tree, properties in columns, both made once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from sanxian.edition import Edition
from sanxian.model import SYNTHETIC, Layer, Zone

FieldType = Literal["text", "date", "boolean", "texts"]
Rows = NDArray[np.intp]
_CHUNK: Final = 20_000  # vertices written at a time, so that a large layer is never in memory twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A property every feature of a layer has, or may have."""

    name: str
    type: FieldType
    standard: bool  # one of every layer, told in both languages; others are the edition's own


STANDARD: Final = (
    Field(name="code", type="text", standard=True),
    Field(name="name", type="text", standard=True),
    Field(name="class", type="text", standard=True),
    Field(name="subtype", type="text", standard=True),
    Field(name="regions", type="texts", standard=True),
    Field(name="valid_from", type="date", standard=True),
    Field(name="valid_to", type="date", standard=True),
    Field(name="office", type="text", standard=True),
    Field(name="edition", type="text", standard=True),
    Field(name="synthetic", type="boolean", standard=True),
    Field(name="remark", type="text", standard=True),
)
_OWN: Final = "attribute_"  # before an attribute that has the name of a standard property


class Features:
    """One layer of one edition.

    Parameters
    ----------
    edition : Edition
    layer : Layer
        Of the edition.
    """

    def __init__(self, edition: Edition, layer: Layer) -> None:
        self.edition = edition
        self.layer = layer
        self.zones = edition.zones[layer.id]
        self.shapes = np.empty(len(self.zones), dtype=object)
        self.shapes[:] = [zone.geometry for zone in self.zones]
        self.row_of = {zone.code: row for row, zone in enumerate(self.zones)}
        names = {field.name for field in STANDARD}
        own = sorted({key for zone in self.zones for key in zone.attributes})
        self._attributes = {key if key not in names else f"{_OWN}{key}": key for key in own}
        self.fields = (
            *STANDARD,
            *(Field(name=name, type="text", standard=False) for name in self._attributes),
        )
        self._columns: dict[str, NDArray[np.object_]] = {}

    def __len__(self) -> int:
        return len(self.zones)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """R-tree over the shapes."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north in degrees; ``None`` without features."""
        if not len(self):
            return None
        west, south, east, north = shapely.total_bounds(self.shapes).tolist()
        return west, south, east, north

    @cached_property
    def interval(self) -> tuple[date, date | None]:
        """First day any feature is in force, and last; ``None`` = open."""
        firsts = [self._period(zone)[0] for zone in self.zones] or [self.edition.info.valid_from]
        lasts = [self._period(zone)[1] for zone in self.zones] or [self.edition.info.valid_to]
        known = [last for last in lasts if last is not None]
        return min(firsts), max(known) if len(known) == len(lasts) else None

    def _period(self, zone: Zone) -> tuple[date, date | None]:
        info = self.edition.info
        ends = [end for end in (zone.valid_to, info.valid_to) if end is not None]
        return max(zone.valid_from or info.valid_from, info.valid_from), min(ends, default=None)

    @cached_property
    def periods(self) -> NDArray[np.int64]:
        """(n, 2) first and last day of each feature as ordinals: its own, and no longer than its edition's."""
        made = [self._period(zone) for zone in self.zones]
        far = date.max.toordinal()
        return np.array(
            [(first.toordinal(), far if last is None else last.toordinal()) for first, last in made],
            dtype=np.int64,
        ).reshape(-1, 2)

    def column(self, name: str) -> NDArray[np.object_]:
        """Return a property of all features; ``None`` where a feature has none.

        Dates are :class:`datetime.date`, sets of text are tuples.
        """
        if name not in self._columns:
            made = np.empty(len(self), dtype=object)
            made[:] = [self._value(zone, name) for zone in self.zones]
            self._columns[name] = made
        return self._columns[name]

    def _value(self, zone: Zone, name: str) -> Any:
        info = self.edition.info
        match name:
            case "code":
                return zone.code
            case "name":
                return zone.name
            case "class":
                return zone.zone_class or None
            case "subtype":
                return zone.subtype or None
            case "regions":
                return zone.regions
            case "valid_from":
                return self._period(zone)[0]
            case "valid_to":
                return self._period(zone)[1]
            case "office":
                office = self.edition.offices.get(zone.office)
                return (office.name if office is not None else zone.office) or None
            case "edition":
                return info.id
            case "synthetic":
                return info.synthetic
            case "remark":
                return SYNTHETIC if info.synthetic else None
            case _:
                return zone.attributes.get(self._attributes[name])

    def properties(self, row: int) -> dict[str, Any]:
        """Return the properties of a feature as JSON has them."""
        made: dict[str, Any] = {}
        for field in self.fields:
            value = self._value(self.zones[row], field.name)
            if isinstance(value, date):
                value = value.isoformat()
            elif isinstance(value, tuple):
                value = list(value)
            made[field.name] = value
        return made

    def members(self, row: int) -> str:
        """Return a feature as the beginning of a JSON object, all but its geometry."""
        code = json.dumps(self.zones[row].code, ensure_ascii=False)
        properties = json.dumps(self.properties(row), ensure_ascii=False, separators=(",", ":"))
        return f'{{"type":"Feature","id":{code},"properties":{properties}'

    def write(self, rows: Rows, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Iterator[str]:
        """Yield features as JSON, with commas between them.

        Parameters
        ----------
        rows : array of int
        change : callable
            Shapes in longitude and latitude to shapes as they are to be written.
        """
        sizes = shapely.get_num_coordinates(self.shapes[rows])
        batch = np.cumsum(sizes) // _CHUNK
        comma = ""
        for number in np.unique(batch).tolist():
            chosen = rows[batch == number]
            shapes = shapely.to_geojson(change(self.shapes[chosen])).tolist()
            lines = [
                f'{self.members(row)},"geometry":{shape}}}'
                for row, shape in zip(chosen.tolist(), shapes, strict=True)
            ]
            yield comma + ",\n".join(lines)
            comma = ",\n"


Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """Things made once and kept, those used longest ago given up; each made by one thread while others wait.

    Parameters
    ----------
    room : int
        How many are kept.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under ``key``, made now when there is nothing."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            made = make()
            with self._lock:
                self._kept[key] = made
                self._making.pop(key, None)
                while len(self._kept) > self._room:
                    self._kept.popitem(last=False)
            return made

"""Synthetic geography of the demo edition: layers and zones of an invented Qinghai (示例数据，非官方).

Names and codes come from ``data/demo/gazetteer.toml``, positions from the hand-drawn strokes in
``data/demo/atlas.toml``; no surveyed line is used. The map is drawn in three steps:

1. **Ask the land.** ``_Land.ask`` says for any point what lies there: county, unit, red line, water zone, park …,
   all packed into one integer. It knows strokes and noise, not polygons.
2. **Sample it on one triangle mesh** (``_mesh``), coarse in the open and fine beside parks, springs and rivers, and cut
   each triangle whose corners differ (multi-label marching triangles, ``_cut``). The pieces of border are shared by
   every layer, so partitions have no gap or overlap, units nest in counties, and a core zone lies inside its red line
   **to the last bit**, by construction and not by repair.
3. **Collect rings** (``_Mosaic.polygons``): the border of a zone is every piece with the zone on one side only.

Positions are counted in *lattice units* of 0.00125° × 0.001° (some 112 m both ways at 36° N). A border vertex is a
lattice point plus n/32 of a mesh edge, so rounding noise of one machine or another cannot move it.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from sanxian.model import Coverage, CoverageStatus, Layer, LayerKind, Zone

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Sizes: TypeAlias = NDArray[np.int16]

SOURCE: Final = "示例数据，非官方（合成）"
SURVEYED: Final = date(2026, 1, 1)
DIGITS: Final = 7  # of a degree: 1 cm

# The lattice. Two root squares of 8192 units hold the province: 89.0–109.5° E, 31.3–39.5° N.
LON0, LAT0, DLON, DLAT = 89.0, 31.3, 0.00125, 0.001
ROOT: Final = 8192
STRIDE: Final = 1 << 15  # lattice point (u, v) is the key u * STRIDE + v
KM: Final = 1 / 0.112  # lattice units in a kilometre

UNIT_KINDS: Final = (
    ("10001", "PRIORITY", "生态优先保护单元"),
    ("10002", "PRIORITY", "水源涵养优先保护单元"),
    ("20001", "KEY", "城镇重点管控单元"),
    ("20002", "KEY", "产业重点管控单元"),
    ("30001", "GENERAL", "一般管控单元"),
)
RED, WATERSHED, TOWN, INDUSTRY, GENERAL = range(len(UNIT_KINDS))

# Element zones: digits category-element-subtype of the code, class, subtype (docs: codes of zones). The first of each
# tuple is what the value 0 of the field means for the partitions.
WATER_ZONES: Final = (
    ("321", "GENERAL", "水环境一般管控区"),
    ("121", "PRIORITY", "水环境优先保护区"),
    ("221", "KEY", "水环境工业污染重点管控区"),
    ("222", "KEY", "水环境城镇生活污染重点管控区"),
    ("223", "KEY", "水环境农业污染重点管控区"),
)
AIR_ZONES: Final = (
    ("331", "GENERAL", "大气环境一般管控区"),
    ("131", "PRIORITY", "大气环境优先保护区"),
    ("231", "KEY", "大气环境高排放重点管控区"),
    ("232", "KEY", "大气环境布局敏感重点管控区"),
    ("233", "KEY", "大气环境弱扩散重点管控区"),
    ("234", "KEY", "大气环境受体敏感重点管控区"),
)
SOIL_ZONES: Final = (
    ("341", "GENERAL", "土壤环境一般管控区"),
    ("141", "PRIORITY", "农用地优先保护区"),
    ("241", "KEY", "农用地污染风险重点管控区"),
    ("242", "KEY", "建设用地污染风险重点管控区"),
)
RESOURCE_ZONES: Final = (
    ("supply", "251", "生态用水补给区"),
    ("ground", "252", "地下水开采重点管控区"),
    ("land", "253", "土地资源重点管控区"),
    ("fuel", "254", "高污染燃料禁燃区"),
)
# What a red line protects: two functions in each block, told apart by noise.
RED_FUNCTIONS: Final = ("水源涵养", "生物多样性维护", "水土保持", "防风固沙")
RED_OF_BLOCK: Final = {"BK01": (0, 1), "BK02": (0, 1), "BK03": (1, 3), "BK04": (1, 3), "BK05": (0, 2)}
# Nature parks inside the red line; the other kinds are ecological space only.
RED_PARKS: Final = frozenset({"森林公园"})
RINGS: Final = ("一级保护区", "二级保护区", "准保护区")
RING_SIZES: Final = (1.0, 2.6, 5.0)

# What is known of a point, packed into one integer: name → number of values.
FIELDS: Final = {
    "county": 46, "unit": 5, "red": 5, "space": 2, "water": 5, "air": 6, "soil": 4, "supply": 2, "ground": 2,
    "land": 2, "fuel": 2, "protected": 40, "fish": 2, "successor": 2, "source": 45, "park": 20, "lake": 6, "belt": 3,
}  # fmt: skip


def _weights() -> dict[str, int]:
    """Return what each field is multiplied with in the packed integer."""
    weights, weight = {}, 1
    for name, size in FIELDS.items():
        weights[name], weight = weight, weight * size
    return weights


WEIGHTS: Final = _weights()


def _field(codes: Ints, name: str) -> Ints:
    """Return one field of packed codes; county 0 is outside the province."""
    return codes // WEIGHTS[name] % FIELDS[name]


@dataclass(frozen=True)
class Atlas:
    """The drawn geography: what the demo edition takes over as its layers.

    ``zones`` maps layer id → zones in code order; ``outline`` is the province in longitude and latitude.
    """

    layers: tuple[Layer, ...]
    zones: Mapping[str, tuple[Zone, ...]]
    coverage: tuple[Coverage, ...]
    outline: Polygon


def draw(seed: int = 2026) -> Atlas:
    """Return the synthetic atlas; the same seed gives the same coordinates on every machine.

    Parameters
    ----------
    seed : int
        Shapes every noise: borders, meanders, villages. What ``atlas.toml`` places stays at its place.
    """
    gazetteer, sketch = _read("gazetteer.toml"), _read("atlas.toml")
    land = _Land(gazetteer, sketch, seed)
    mosaic = _cut(land, *_mesh(land))
    zones = _zones(land, mosaic)
    (province,) = zones["province"]
    coverage = [
        Coverage(layer=layer.id, region="63", status=CoverageStatus.COMPLETE, source=SOURCE, date=SURVEYED)
        for layer in LAYERS
    ]
    # One honest hole, to show what "no data" looks like: nobody has drawn the banks of this county.
    coverage.append(
        Coverage(
            layer="shoreline", region="632803", status=CoverageStatus.ABSENT, source=SOURCE, date=SURVEYED
        )
    )
    return Atlas(
        layers=LAYERS,
        zones=MappingProxyType(zones),
        coverage=tuple(coverage),
        outline=_one(province.geometry),
    )


def _one(geometry: BaseGeometry) -> Polygon:
    """Return the only polygon of a geometry."""
    (part,) = shapely.get_parts(geometry)
    polygon: Polygon = part
    return polygon


def _layer(layer_id: str, kind: LayerKind, title: str, accuracy_m: float, **more: Any) -> Layer:
    return Layer(id=layer_id, kind=kind, title=title, accuracy_m=accuracy_m, source=SOURCE, **more)


LAYERS: Final = (
    _layer("province", LayerKind.ADMIN, "省级行政区", 50.0),
    _layer("prefecture", LayerKind.ADMIN, "市（州）级行政区", 50.0, partition=True),
    _layer("county", LayerKind.ADMIN, "县级行政区", 50.0, partition=True),
    _layer("block", LayerKind.BLOCK, "生态板块", 50.0, partition=True),
    _layer("control_unit", LayerKind.CONTROL_UNIT, "生态环境管控单元", 50.0, partition=True),
    _layer("red_line", LayerKind.ECOLOGY, "生态保护红线", 50.0, strict_boundary=True),
    _layer("ecological_space", LayerKind.ECOLOGY, "一般生态空间", 50.0),
    _layer("water_zone", LayerKind.WATER, "水环境管控分区", 50.0, partition=True),
    _layer("air_zone", LayerKind.AIR, "大气环境管控分区", 50.0, partition=True),
    _layer("soil_zone", LayerKind.SOIL, "土壤环境管控分区", 50.0, partition=True),
    _layer("resource_zone", LayerKind.RESOURCE, "自然资源管控分区", 50.0),
    _layer("protected_area", LayerKind.PROTECTED_AREA, "自然保护地", 30.0, strict_boundary=True),
    _layer("water_source", LayerKind.WATER_SOURCE, "饮用水水源保护区", 10.0, strict_boundary=True),
    _layer("park", LayerKind.PARK, "产业园区", 10.0),
    _layer("receptor", LayerKind.RECEPTOR, "环境敏感目标", 10.0, near_m=3000.0),
    _layer("river", LayerKind.RIVER, "河流", 50.0, near_m=5000.0),
    _layer("lake", LayerKind.OTHER, "湖泊", 50.0, near_m=3000.0),
    _layer("shoreline", LayerKind.SHORELINE, "岸线管控范围", 50.0, near_m=1000.0),
)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("sanxian.data.demo").joinpath(name).read_text(encoding="utf-8"))


def _lattice(points: Sequence[Sequence[float]]) -> Floats:
    """Longitude, latitude (n, 2) → lattice units, not rounded."""
    array = np.asarray(points, dtype=np.float64)[:, :2]
    return (array - (LON0, LAT0)) / (DLON, DLAT)


def _degrees(uv: Floats) -> Floats:
    """Lattice units (n, 2) → longitude, latitude, rounded to 1 cm."""
    return np.round(uv * (DLON, DLAT) + (LON0, LAT0), DIGITS)


# --- the land ---------------------------------------------------------------------------------


def _distinct(array: Ints) -> Ints:
    """Sorted distinct values; several times faster than ``np.unique`` on large integer arrays."""
    array = np.sort(array)
    keep = np.ones(len(array), dtype=np.bool_)
    keep[1:] = array[1:] != array[:-1]
    return array[keep]


class _Noise:
    """Gradient noise: smooth, mean zero, about ±1, one value for each channel."""

    SIZE: Final = 64  # of the table of gradients, repeated for ever; small, to stay in the cache

    def __init__(self, rng: np.random.Generator, channels: int) -> None:
        angle = rng.random((self.SIZE * self.SIZE, channels)) * (2 * np.pi)
        self.channels, self.gradients = channels, np.hstack([np.cos(angle), np.sin(angle)])

    def one(self, u: Floats, v: Floats, size: float) -> Floats:
        """Return the first channel alone (n,), for features of ``size``."""
        return self.at(u / size, v / size)[:, 0]

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return (n, channels) noise with features of size 1."""
        fi, fj = np.floor(x), np.floor(y)
        fx, fy = (x - fi)[:, None], (y - fj)[:, None]
        wx, wy = (fx * fx * (3 - 2 * fx)), (fy * fy * (3 - 2 * fy))
        i, j, last = fi.astype(np.int64), fj.astype(np.int64), self.SIZE - 1
        rows, cols = ((i & last) * self.SIZE, ((i + 1) & last) * self.SIZE), (j & last, (j + 1) & last)

        def corner(a: int, b: int) -> Floats:
            gradient = self.gradients.take(rows[a] + cols[b], axis=0)
            value: Floats = gradient[:, : self.channels] * (fx - a) + gradient[:, self.channels :] * (fy - b)
            return value

        low, high = corner(0, 0), corner(0, 1)
        low += wx * (corner(1, 0) - low)
        high += wx * (corner(1, 1) - high)
        value: Floats = 1.6 * (low + wy * (high - low))
        return value


@dataclass(frozen=True)
class _Blob:
    """An ellipse or a rectangle of the sketch, in lattice units."""

    u: float
    v: float
    a: float
    b: float
    cos: float
    sin: float

    @classmethod
    def of(cls, stroke: Sequence[float]) -> _Blob:
        ((u, v),) = _lattice([stroke])
        angle = np.radians(stroke[4])
        return cls(u, v, stroke[2] * KM, stroke[3] * KM, float(np.cos(angle)), float(np.sin(angle)))

    def near(self, u: Floats, v: Floats, reach: float) -> Ints:
        """Rows of the points within ``reach`` of the box around the shape."""
        r = max(self.a, self.b) + reach
        if not len(u) or self.u + r < u.min() or self.u - r > u.max():
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero((np.abs(u - self.u) < r) & (np.abs(v - self.v) < r))

    def axes(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Coordinates along the two axes of the shape."""
        x, y = u - self.u, v - self.v
        return x * self.cos + y * self.sin, y * self.cos - x * self.sin


@dataclass(frozen=True)
class _Place:
    """A named thing made of blobs: value of its field in the packed code, name, counties it may lie in."""

    value: int
    code: str
    blobs: tuple[_Blob, ...]
    counties: frozenset[int] = frozenset()
    entry: Mapping[str, Any] = field(default_factory=dict)
    core: float = 0.0  # depth at which the core zone begins, 0 = no core


# Columns of the smooth textures: displacement of borders; ecological value; which function a red line has; distance to
# farming valleys, to rivers that need water, to banked rivers; patches; what speaks for ecological space alone.
WARP_U, WARP_V, VALUE, FUNCTION, VALLEY, SUPPLY, BANK, PATCH, OTHER = range(9)


class _Land:
    """What lies at a point, from the strokes of the sketch and from noise."""

    CHUNK: Final = 1 << 14  # points looked at together: their working arrays stay in the cache
    NEAR_SEEDS: Final = 40  # county seeds looked at in a square; fewer than half can be the nearest one there
    TILE: Final = 32  # lattice units between the points of the smooth textures
    COLUMNS: Final = 360
    ROWS: Final = 258

    def __init__(self, gazetteer: Mapping[str, Any], sketch: Mapping[str, Any], seed: int) -> None:
        self.gazetteer, self.sketch, self.seed = gazetteer, sketch, seed
        self.counties: list[dict[str, Any]] = [c | sketch["county"][c["code"]] for c in gazetteer["county"]]
        self.number = {c["code"]: n for n, c in enumerate(self.counties, start=1)}
        themes = sketch["themes"]
        self.has = {
            k: self._flags(themes[k]) for k in ("farming", "weak_dispersion", "no_burn", "land_control")
        }
        self.groundwater = np.zeros(len(self.counties) + 1)
        for code, km in themes["groundwater_km"].items():
            self.groundwater[self.number[code]] = km * KM
        self.noise = _Noise(np.random.default_rng([seed, 1]), 4)
        self.edge_noise = _Noise(np.random.default_rng([seed, 5]), 1)
        self.rivers = {
            r["code"]: _meander(
                _lattice(sketch["river"][r["code"]]["course"]), np.random.default_rng([seed, 2, n])
            )
            for n, r in enumerate(gazetteer["river"])
        }
        self.banks = {code: shapely.linestrings(self.rivers[code]) for code in themes["shoreline"]}
        for line in self.banks.values():
            shapely.prepare(line)
        self.textures = self._paint()
        self._places()
        self._borders()
        self.thresholds = np.zeros((2, len(self.counties) + 1))
        # large counties are drawn with large triangles, which cannot show fine crumbs, only be roughened by them
        self.crisp = np.ones(len(self.counties) + 1)
        self._level()

    def _flags(self, codes: Iterable[str]) -> Bools:
        flags = np.zeros(len(self.counties) + 1, dtype=np.bool_)
        flags[[self.number[c] for c in codes]] = True
        return flags

    def _paint(self) -> Floats:
        """Return the smooth textures (tiles, 9), columns ``WARP_U`` … ``OTHER``."""
        u, v = (
            x.ravel().astype(np.float64) * self.TILE
            for x in np.meshgrid(np.arange(self.COLUMNS), np.arange(self.ROWS), indexing="ij")
        )
        noise = _Noise(np.random.default_rng([self.seed, 3]), 6)
        sums = np.zeros((len(u), 6))
        for k, size in enumerate((2048.0, 1024.0, 512.0, 256.0, 128.0)):
            n = noise.at(u / size + 17 * k, v / size + 5 * k)
            # warp: displacement proportional to size, so borders look alike at every scale; the two largest would only shift
            # whole counties. value and the rest: amplitude falls slower than size, so that patches have crumbs.
            sums[:, :2] += n[:, :2] * (0.12 * size if size <= 512 else 0.05 * size if size <= 1024 else 0.0)
            sums[:, 2] += n[:, 2] * (size / 1024) ** 0.75
            sums[:, 3:] += n[:, 3:] * (size / 1024) ** 0.8
        value = 0.5 * sums[:, 2]
        for relief in self.sketch["relief"]:
            d = _distance(u + sums[:, 0], v + sums[:, 1], _lattice(relief["line"]))
            value += relief["height"] / (1 + (d / (relief["width_km"] * KM)) ** 2)
        themes = self.sketch["themes"]

        def nearest(codes: Iterable[str]) -> Floats:
            found = np.full(len(u), np.inf)
            for code in codes:
                np.minimum(found, _distance(u, v, _lattice(self.sketch["river"][code]["course"])), out=found)
            return found

        valley, supply, bank = (nearest(themes[k]) for k in ("valleys", "ecological_water", "shoreline"))
        return np.column_stack(
            [sums[:, 0], sums[:, 1], value, sums[:, 3], valley, supply, bank, sums[:, 4], sums[:, 5]]
        )

    def _smooth(self, u: Floats, v: Floats) -> Floats:
        """Textures at points, bilinear (n, 9)."""
        x, y = np.clip(u / self.TILE, 0, self.COLUMNS - 1.001), np.clip(v / self.TILE, 0, self.ROWS - 1.001)
        i, j = x.astype(np.int64), y.astype(np.int64)
        fx, fy = (x - i)[:, None], (y - j)[:, None]
        k = i * self.ROWS + j
        t = self.textures
        value: Floats = (t[k] * (1 - fy) + t[k + 1] * fy) * (1 - fx) + (
            t[k + self.ROWS] * (1 - fy) + t[k + self.ROWS + 1] * fy
        ) * fx
        return value

    def _detail(self, u: Floats, v: Floats) -> Floats:
        """Noise finer than the textures, each octave as large as its size (n, 4), in lattice units."""
        total = np.zeros((len(u), 4))
        for k, size in enumerate((64.0, 32.0, 16.0)):
            total += size * self.noise.at(u / size + 31 * k, v / size + 11 * k)
        return total

    def _warp(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        s, d = self._smooth(u, v), self._detail(u, v)
        return u + s[:, WARP_U] + 0.09 * d[:, 0], v + s[:, WARP_V] + 0.09 * d[:, 1]

    def _places(self) -> None:
        """Turn the strokes of parks, protected areas, water sources, lakes into blobs."""
        sketch, numbers = self.sketch, self.number
        blobs = {k: tuple(_Blob.of(b) for b in v) for k, v in (sketch["park"] | sketch["lake"]).items()}
        self.parks = [
            _Place(n, p["code"], blobs[p["code"]], frozenset([numbers[p["county"]]]), p)
            for n, p in enumerate(self.gazetteer["park"], start=1)
        ]
        self.lakes = [
            _Place(n, k["code"], blobs[k["code"]], entry=k)
            for n, k in enumerate(self.gazetteer["lake"], start=1)
        ]
        self.sources = [
            _Place(
                3 * n + 1,
                w["code"],
                (_Blob.of(sketch["water_source"][w["code"]]),),
                frozenset([numbers[w["county"]]]),
                w,
            )
            for n, w in enumerate(self.gazetteer["water_source"])
        ]
        self.protected: list[_Place] = []
        value = 1
        for entry in self.gazetteer["protected_area"]:
            drawn = sketch["protected_area"][entry["code"]]
            place = _Place(
                value, entry["code"], tuple(_Blob.of(b) for b in drawn["blobs"]),
                frozenset(numbers[c] for c in entry["counties"]), entry, drawn.get("core", 0.0),
            )  # fmt: skip
            self.protected.append(place)
            value += len(entry["subtypes"])
        # by value of the field: where the core begins (0 = one zone only), and whether the whole is red line
        zones = [p for p in self.protected for _ in p.entry["subtypes"]]
        self.core_from = np.array([0.0, *(p.core for p in zones)])
        self.all_red = np.array([False, *(p.core > 0 or p.entry["kind"] in RED_PARKS for p in zones)])
        by_code = {p.code: p for p in self.protected}
        first, fish = by_code["PA14"], by_code["PA16"]
        self.fish = fish  # lies across another protected area, so it has a field of its own
        self.successor = _Place(
            1,
            "PA14-B",
            tuple(_Blob.of(b) for b in sketch["protected_area"]["PA14-B"]["blobs"]),
            first.counties,
            first.entry,
        )

    def _borders(self) -> None:
        """Outline and seeds of counties, carried into warped space so that they keep their places on the map."""
        corners = _lattice(self.sketch["outline"])
        self.frame = shapely.polygons(np.column_stack(self._warp(corners[:, 0], corners[:, 1])))
        # the warp moves no point farther than this, so what lies outside is outside without asking the noise
        self.around = shapely.buffer(shapely.polygons(corners), 320.0)
        shapely.prepare(self.frame)
        shapely.prepare(self.around)
        seeds = [(n, p) for n, c in enumerate(self.counties, start=1) for p in c["seeds"]]
        self.seed_county = np.array([n for n, _ in seeds])
        at = _lattice([p for _, p in seeds])
        self.seed_u, self.seed_v = self._warp(at[:, 0], at[:, 1])
        towns = _lattice([c["town"] for c in self.counties])
        self.town_u, self.town_v = np.r_[0.0, towns[:, 0]], np.r_[0.0, towns[:, 1]]
        self.town_r = np.r_[1.0, [c["town_km"] * KM for c in self.counties]]
        blocks = [RED_OF_BLOCK[c["block"]] for c in self.counties]
        self.red_of = np.array([(0, 0), *blocks]) + 1
        # Which seeds can be nearest in a square of warped space: all those not farther from its middle than the nearest one
        # by more than the square's diagonal.
        size = 64
        columns, rows = 12000 // size, 8400 // size
        cu, cv = (
            x.ravel() * size - 160.0 + size / 2
            for x in np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
        )
        d = (cu[:, None] - self.seed_u) ** 2 + (cv[:, None] - self.seed_v) ** 2
        order = np.argpartition(d, self.NEAR_SEEDS, axis=1)[:, : self.NEAR_SEEDS]
        near = np.sqrt(np.take_along_axis(d, order, axis=1))
        keep = near <= near.min(axis=1, keepdims=True) + 1.5 * size
        order = np.take_along_axis(order, np.argsort(~keep, axis=1, kind="stable"), axis=1)  # kept ones first
        self.candidates = order[:, : int(keep.sum(axis=1).max())]
        self._square = (size, columns, rows)

    def _county(self, wu: Floats, wv: Floats) -> Ints:
        """Number of the county nearest in warped space."""
        size, columns, rows = self._square
        i = np.clip((wu + 160) // size, 0, columns - 1).astype(np.int64)
        j = np.clip((wv + 160) // size, 0, rows - 1).astype(np.int64)
        cells = i * rows + j
        found, best = np.empty(len(wu), dtype=np.int64), np.full(len(wu), np.inf)
        for k in range(self.candidates.shape[1]):
            seed = self.candidates[cells, k]
            d = (wu - self.seed_u[seed]) ** 2 + (wv - self.seed_v[seed]) ** 2
            closer = d < best
            best[closer], found[closer] = d[closer], self.seed_county[seed[closer]]
        return found

    def _level(self) -> None:
        """Choose for each county the ecological values above which land is red line, or priority at all.

        Done by rank on a raster of 16 units, so each county gets the shares the sketch asks for. Land that is protected
        by name counts towards the share.
        """
        step = 16
        u, v = (
            x.ravel().astype(np.float64) * step
            for x in np.meshgrid(np.arange(11500 // step), np.arange(ROOT // step), indexing="ij")
        )
        self.thresholds[:] = np.inf
        codes, value = self._ask(u, v)
        county, unit = _field(codes, "county"), _field(codes, "unit")
        self.area = np.bincount(county, minlength=len(self.counties) + 1) * float(step * step)
        self.leg = np.select([self.area < s * s for s in (160, 450, 900)], [4, 8, 16], 32)  # border triangles
        self.crisp = np.select([self.leg <= 8, self.leg == 16], [1.0, 0.7], 0.35)
        self.raster, self.raster_step = county.reshape(-1, ROOT // step), step
        for n, entry in enumerate(self.counties, start=1):
            here = county == n
            free = here & (unit == GENERAL)
            candidates = value[free]
            total = int(here.sum())
            red, other = entry["share"]
            forced = int((here & (unit == RED)).sum()), int((here & (unit == WATERSHED)).sum())
            # at least a twentieth of the free land in each class, so that no county lacks one
            least = len(candidates) // 20
            n_red = max(least, int(red * total) - forced[0])
            n_all = max(n_red + least, int((red + other) * total) - sum(forced))
            n_all = min(n_all, len(candidates) - 1 - least)
            n_red = min(n_red, n_all - least)
            self.thresholds[0, n] = red_from = np.sort(candidates[:, 0])[-1 - n_red]
            rest = np.sort(candidates[candidates[:, 0] <= red_from, 1])
            self.thresholds[1, n] = rest[-1 - (n_all - n_red)]

    def ask(self, u: Floats, v: Floats) -> Ints:
        """Packed code of what lies at each point (n,), 0 outside the province."""
        return self._ask(u, v)[0]

    def _ask(self, u: Floats, v: Floats) -> tuple[Ints, Floats]:
        codes, values = np.zeros(len(u), dtype=np.int64), np.full((len(u), 2), -np.inf)
        maybe = np.flatnonzero(shapely.contains_xy(self.around, u, v))
        for start in range(0, len(maybe), self.CHUNK):
            rows = maybe[start : start + self.CHUNK]
            smooth, detail = self._smooth(u[rows], v[rows]), self._detail(u[rows], v[rows])
            wu = u[rows] + smooth[:, WARP_U] + 0.09 * detail[:, 0]
            wv = v[rows] + smooth[:, WARP_V] + 0.09 * detail[:, 1]
            inside = np.flatnonzero(shapely.contains_xy(self.frame, wu, wv))
            rows, county = rows[inside], self._county(wu[inside], wv[inside])
            codes[rows], values[rows] = self._describe(
                u[rows], v[rows], county, smooth[inside], detail[inside]
            )
        return codes, values

    def _describe(
        self, u: Floats, v: Floats, county: Ints, smooth: Floats, detail: Floats
    ) -> tuple[Ints, Floats]:
        """Packed codes of points inside the province, and their two values (red line; any priority)."""
        rough = detail[:, 2] / 64  # about ±1
        from_town = np.hypot(u - self.town_u[county], v - self.town_v[county])
        town = from_town / self.town_r[county] - 0.45 * rough  # < 1 inside the urban unit
        f: dict[str, NDArray[Any]] = {"county": county}

        # named places; depth > 0 inside
        f["lake"], _ = self._inside(self.lakes, u, v, county, 0.20)
        f["source"] = np.zeros(len(u), dtype=np.int64)
        for ring in (2, 1, 0):
            found, _ = self._inside(self.sources, u, v, county, 0.16, RING_SIZES[ring])
            f["source"] = np.where(found > 0, found + ring, f["source"])
        spring = f["source"] > 0
        protected, depth = self._inside([p for p in self.protected if p is not self.fish], u, v, county, 0.22)
        # protected areas leave out springs, and those with a core leave out the towns inside them
        protected[spring | ((self.core_from[protected] > 0) & (town < 1.2))] = 0
        all_red, core_from = self.all_red[protected], self.core_from[protected]
        # the core's edge has a roughness of its own, so it does not copy the outer one
        deep = (depth > 0.07) & (depth + 0.14 * smooth[:, PATCH] + 0.0009 * detail[:, 1] > core_from)
        f["protected"] = protected + ((core_from > 0) & ~deep)  # PAxx-1 is the core, -2 the rest
        f["fish"] = np.minimum(self._inside([self.fish], u, v, county, 0.15)[0], 1)
        f["successor"], _ = self._inside([self.successor], u, v, county, 0.22)
        named = (protected > 0) | (f["successor"] > 0)
        park, off_park = self._parks_near(u, v, county)
        f["park"] = np.where(off_park < 0, park, 0)

        # units: by value, then towns, named places, parks, each over the one before
        crisp = self.crisp[county]
        value = smooth[:, VALUE] + 0.0018 * crisp * detail[:, 3]
        value += 0.7 * np.maximum(depth + 0.3, 0)  # what lies about a protected area is worth more
        # what speaks for ecological space but not for a red line keeps their borders from running side by side
        either = value + 0.30 * smooth[:, OTHER] + 0.0010 * crisp * detail[:, 2]
        natural = np.full(len(u), GENERAL)
        natural[either > self.thresholds[1, county]] = WATERSHED
        natural[value > self.thresholds[0, county]] = RED
        unit = np.where(town < 1, TOWN, natural)
        unit[named] = np.where(natural[named] == RED, RED, WATERSHED)
        unit[all_red] = RED
        unit[spring] = WATERSHED
        unit[off_park < 0.45 * KM] = INDUSTRY
        f["unit"] = unit

        # red line and ecological space: the priority land less some pockets
        pocket = smooth[:, PATCH] + 0.004 * detail[:, 1] < -0.75
        function = self.red_of[county, (smooth[:, FUNCTION] > 0).astype(np.int64)]
        f["red"] = np.where((unit == RED) & (~pocket | all_red), function, 0)
        wild = (unit == RED) | named | ((unit == WATERSHED) & (natural <= WATERSHED) & (spring | ~pocket))
        f["space"] = wild & (unit <= WATERSHED) & (f["red"] == 0)

        self._elements(f, smooth, rough, town, from_town, off_park)
        f["belt"] = self._belt(u, v, smooth[:, BANK])
        codes = np.zeros(len(u), dtype=np.int64)
        for name, values in f.items():
            codes += values.astype(np.int64) * WEIGHTS[name]
        return codes, np.column_stack([value, either])

    def _elements(
        self,
        f: dict[str, NDArray[Any]],
        smooth: Floats,
        rough: Floats,
        town: Floats,
        from_town: Floats,
        off_park: Floats,
    ) -> None:
        """Add the fields of the element zones to ``f``: they follow units, towns, parks and valleys."""
        county, unit = f["county"], f["unit"]
        industry, urban, general, open_land = (
            unit == INDUSTRY,
            unit == TOWN,
            unit == GENERAL,
            unit > WATERSHED,
        )
        lean = 0.5 * smooth[:, PATCH] + 0.3 * rough
        valley = smooth[:, VALLEY]
        farm = general & self.has["farming"][county]
        farm &= np.minimum(valley / (13 * KM), from_town / (20 * KM)) < 1 + lean
        kept = (f["source"] > 0) | (f["red"] == 1) | self.all_red[f["protected"]]
        f["water"] = _choose((industry, 2), (urban, 3), (kept, 1), (farm, 4))
        named = ((f["protected"] > 0) | (f["successor"] > 0)) & ~open_land
        weak = open_land & self.has["weak_dispersion"][county] & (valley < (6 + 3 * lean) * KM)
        f["air"] = _choose((industry, 2), (urban, 5), (named, 1), (open_land & (town < 2.1), 3), (weak, 4))
        f["soil"] = _choose((industry, 3), (general & (off_park < 2.6 * KM), 2), (farm, 1))
        f["fuel"] = self.has["no_burn"][county] & open_land & (town < 1.45)
        f["land"] = self.has["land_control"][county] & (urban | industry)
        f["ground"] = from_town < self.groundwater[county] * (1 + 0.25 * rough)
        f["supply"] = smooth[:, SUPPLY] < (5 + 3 * lean) * KM

    def _belt(self, u: Floats, v: Floats, about: Floats) -> Ints:
        """Number of the banked river within a kilometre, 0 = none; asked exactly only where it may be near."""
        belt = np.zeros(len(u), dtype=np.int64)
        close = np.flatnonzero(about < 12 * KM)
        points = shapely.points(u[close], v[close])
        for n, line in reversed(list(enumerate(self.banks.values(), start=1))):
            belt[close[shapely.dwithin(line, points, KM)]] = n
        return belt

    def _inside(
        self,
        places: Sequence[_Place],
        u: Floats,
        v: Floats,
        county: Ints,
        roughness: float,
        scale: float = 1.0,
    ) -> tuple[Ints, Floats]:
        """Value of the place each point lies in (0 = none), and how deep: 0 at the edge, 1 in the middle, −0.5 far off."""
        found, depth = np.zeros(len(u), dtype=np.int64), np.full(len(u), -0.5)
        for place in places:
            for blob in place.blobs:
                k = blob.near(u, v, scale * max(blob.a, blob.b))
                if not len(k):
                    continue
                x, y = blob.axes(u[k], v[k])
                d = 1 - np.hypot(x / (scale * blob.a), y / (scale * blob.b))
                fringe = np.flatnonzero(d > depth[k] - 2.2 * roughness)  # where the roughness can matter
                k, d = k[fringe], d[fringe]
                wave, size = np.zeros(len(k)), scale * blob.b
                # large shapes show finer bends
                octaves = (
                    ((0.9, 1.0), (0.35, 0.55), (0.14, 0.3)) if blob.b > 8 * KM else ((0.8, 1.0), (0.25, 0.4))
                )
                for part, weight in octaves:
                    wave += weight * self.edge_noise.one(u[k], v[k], part * size)
                d += roughness * wave
                ok = d > depth[k]
                if place.counties:
                    ok &= np.isin(county[k], list(place.counties))
                found[k[ok]], depth[k[ok]] = np.where(d[ok] > 0, place.value, 0), d[ok]
        return found, depth

    def _parks_near(self, u: Floats, v: Floats, county: Ints) -> tuple[Ints, Floats]:
        """Nearest park within 3 km in the same county (0 = none) and the distance to its edge, negative inside."""
        found, apart = np.zeros(len(u), dtype=np.int64), np.full(len(u), np.inf)
        for park in self.parks:
            for blob in park.blobs:
                k = blob.near(u, v, 3 * KM)
                k = k[np.isin(county[k], list(park.counties))]
                if not len(k):
                    continue
                x, y = blob.axes(u[k], v[k])
                x, y = np.abs(x) - blob.a, np.abs(y) - blob.b
                outside = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)
                outside += 0.06 * blob.b * self.edge_noise.one(u[k], v[k], 0.5 * blob.b)
                ok = outside < apart[k]
                found[k[ok]], apart[k[ok]] = park.value, outside[ok]
        return found, apart


def _choose(*cases: tuple[Bools, int]) -> Ints:
    """Value of the first case that holds, else 0."""
    return np.select([c for c, _ in cases], [np.int64(n) for _, n in cases], default=np.int64(0))


def _distance(u: Floats, v: Floats, line: Floats) -> Floats:
    """Distance of points to a polyline, both in lattice units."""
    found = np.full(len(u), np.inf)
    for (au, av), (bu, bv) in itertools.pairwise(line):
        du, dv = bu - au, bv - av
        t = np.clip(((u - au) * du + (v - av) * dv) / (du * du + dv * dv), 0, 1)
        np.minimum(found, np.hypot(u - au - t * du, v - av - t * dv), out=found)
    return found


def _meander(line: Floats, rng: np.random.Generator) -> Floats:
    """Return a river through the given points, bent by midpoint displacement to pieces of some 1.2 km."""
    bends = 0.17  # of a piece's length, sideways
    while True:
        step = np.diff(line, axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
        cut = length > 14
        if not cut.any():
            return line
        side = (rng.random(len(step)) * 2 - 1) * bends
        middle = (line[:-1] + line[1:]) / 2 + side[:, None] * np.column_stack([-step[:, 1], step[:, 0]])
        rows = np.flatnonzero(cut)
        line = np.insert(line, rows + 1, middle[rows], axis=0)


# --- the mesh ---------------------------------------------------------------------------------
# Right triangles, halved across the long side ("newest vertex bisection"). Splitting is by vertex: a triangle is split when
# the middle of its long side is wanted. A wanted vertex wants the apexes of the triangles beside it, which makes every mesh
# conform; on the lattice they follow from the bits of the coordinates.


def _conform(keys: Ints) -> Ints:
    """Add to the wanted vertices all those they stand on; sorted keys."""
    every: list[Ints] = []
    carried = np.empty(0, dtype=np.int64)
    u, v = keys // STRIDE, keys % STRIDE
    low = (u | v) & -(u | v)
    s = 1
    while s < ROOT:
        here = keys[low == s]
        both = ((here // STRIDE) & s != 0) & ((here % STRIDE) & s != 0)
        # middle of a lattice edge: stands on the two cell centres beside it
        edge = _distinct(np.concatenate([here[~both], carried]))
        eu, ev = edge // STRIDE, edge % STRIDE
        across = (eu & s) != 0
        du, dv = np.where(across, 0, s), np.where(across, s, 0)
        centre = np.concatenate([here[both], _keys(eu + du, ev + dv), _keys(eu - du, ev - dv)])
        centre = _distinct(centre)
        # centre of a cell: stands on the two corners that are odd ones of the next lattice
        cu, cv = centre // STRIDE, centre % STRIDE
        main = ((cu + s + cv + s) // (2 * s)) % 2 == 1
        sign = np.where(main, 1, -1)
        carried = np.concatenate([_keys(cu + s, cv + sign * s), _keys(cu - s, cv - sign * s)])
        every += [edge, centre]
        s *= 2
    return _distinct(np.concatenate(every))


def _keys(u: Ints, v: Ints) -> Ints:
    ok = (u >= 0) & (u <= 2 * ROOT) & (v >= 0) & (v <= ROOT)
    return (u * STRIDE + v)[ok]


def _apart(keys: Ints) -> tuple[Floats, Floats]:
    """Coordinates of keys."""
    return (keys // STRIDE).astype(np.float64), (keys % STRIDE).astype(np.float64)


def _split(triangles: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Halve triangles (n, 3) of keys, apex last, until no middle of a long side is wanted: those untouched, those made."""
    kept: list[Ints] = []
    while len(triangles):
        a, b, c = triangles.T
        middle = (a + b) // 2  # exact: both coordinates have even sums
        at = np.minimum(np.searchsorted(wanted, middle), len(wanted) - 1)
        cut = wanted[at] == middle
        kept.append(triangles[~cut])
        a, b, c, middle = a[cut], b[cut], c[cut], middle[cut]
        triangles = np.concatenate([np.column_stack([c, a, middle]), np.column_stack([b, c, middle])])
    return kept[0], np.concatenate(kept[1:]) if len(kept) > 1 else triangles


def _mesh(land: _Land) -> tuple[Ints, Ints, Ints]:
    """Return vertices (keys, sorted), their codes, and triangles (n, 3) of row numbers, anticlockwise."""
    forced, border = _sizes(land)
    wanted = []
    for size in (32, 16, 8, 4, 2, 1):
        cells = np.argwhere(forced <= size) * SIZE_CELL
        inner = np.arange(0, SIZE_CELL, size) if size < SIZE_CELL else np.zeros(1, dtype=np.int64)
        uv = (cells[:, None, None, :] + np.stack(np.meshgrid(inner, inner, indexing="ij"), axis=-1)).reshape(
            -1, 2
        )
        uv = uv[(uv % size == 0).all(axis=1)]
        wanted.append(uv[:, 0] * STRIDE + uv[:, 1])
    keys = _conform(np.concatenate(wanted))
    r = ROOT
    corner = {(i, j): i * r * STRIDE + j * r for i in range(3) for j in range(2)}
    roots = [
        (corner[0, 0], corner[1, 1], corner[0, 1]), (corner[1, 1], corner[0, 0], corner[1, 0]),
        (corner[1, 1], corner[2, 0], corner[2, 1]), (corner[2, 0], corner[1, 1], corner[1, 0]),
    ]  # fmt: skip
    _, made = _split(np.array(roots), keys)
    triangles, known = made, _distinct(made.ravel())
    codes = land.ask(*_apart(known))
    while True:  # only triangles just made can call for more
        label = codes[np.searchsorted(known, made)]
        mixed = (label[:, 0] != label[:, 1]) | (label[:, 1] != label[:, 2])
        a, b = made[mixed, 0], made[mixed, 1]
        size = np.maximum(np.abs(a // STRIDE - b // STRIDE), np.abs(a % STRIDE - b % STRIDE))
        a, b, size = (
            a[size > 1],
            b[size > 1],
            size[size > 1],
        )  # the smallest triangles have no middle on the lattice
        middle = (a + b) // 2
        limit = border[middle // STRIDE // SIZE_CELL, middle % STRIDE // SIZE_CELL]
        add = middle[size > limit]
        if not len(add):
            break
        triangles, made = _split(triangles, _conform(add))
        triangles = np.concatenate([triangles, made])
        met = _distinct(made.ravel())
        new = met[known[np.minimum(np.searchsorted(known, met), len(known) - 1)] != met]
        order = np.argsort(merged := np.concatenate([known, new]), kind="stable")
        codes = np.concatenate([codes, land.ask(*_apart(new))])[order]
        known = merged[order]
    rows = np.searchsorted(known, triangles)
    u, v = known // STRIDE, known % STRIDE
    p, q, s = rows.T
    turn = (u[q] - u[p]) * (v[s] - v[p]) - (u[s] - u[p]) * (v[q] - v[p])
    rows[turn < 0] = rows[turn < 0][:, [1, 0, 2]]
    return known, codes, rows


SIZE_CELL: Final = 4  # lattice units a cell of the size maps
THINNING: Final = 0.32  # of the square of the mesh size: bends with a smaller (doubled) triangle are dropped


def _sizes(land: _Land) -> tuple[Sizes, Sizes]:
    """Return two maps of cells: largest triangle anywhere (forced), and largest triangle a border may cross."""
    shape = (2 * ROOT // SIZE_CELL + 1, ROOT // SIZE_CELL + 1)
    forced, border = np.full(shape, 1 << 14, dtype=np.int16), np.full(shape, 32, dtype=np.int16)
    # borders: finer in small counties
    times = land.raster_step // SIZE_CELL
    county = np.repeat(np.repeat(land.raster, times, axis=0), times, axis=1)
    border[: county.shape[0], : county.shape[1]] = np.where(county > 0, land.leg[county], 32)
    known = np.zeros(shape, dtype=np.bool_)
    known[: county.shape[0], : county.shape[1]] = county > 0
    forced[known] = 32
    forced[known & (border <= 8)] = 16

    def disc(array: Sizes, u: float, v: float, radius: float, size: int) -> None:
        i, j, r = int(u) // SIZE_CELL, int(v) // SIZE_CELL, int(radius) // SIZE_CELL + 1
        part = array[max(i - r, 0) : i + r + 1, max(j - r, 0) : j + r + 1]
        np.minimum(part, size, out=part)

    def place(blob: _Blob, reach: float, fine: float) -> None:
        """Triangles of ``fine`` units at borders within ``reach``, growing outwards."""
        size = 1
        while size * 2 <= fine:
            size *= 2
        disc(border, blob.u, blob.v, reach, size)
        step = 2 * size
        while step < 32:
            disc(forced, blob.u, blob.v, reach + 3 * step, step)
            step *= 2

    for lake_or_area in (*land.lakes, *land.protected, land.successor):
        for blob in lake_or_area.blobs:
            place(blob, 1.3 * max(blob.a, blob.b), max(1.0, blob.b / 6))
    for source in land.sources:
        (blob,) = source.blobs
        place(blob, 1.3 * RING_SIZES[2] * blob.a, 4)
        place(blob, 1.3 * RING_SIZES[1] * blob.a, 2)
        place(blob, 1.5 * blob.a, 1)
    for park in land.parks:
        for blob in park.blobs:
            place(blob, max(blob.a, blob.b) + 0.9 * KM, 2)  # two triangles in the margin around a park
    for n in range(1, len(land.counties) + 1):
        r = land.town_r[n]
        place(_Blob(land.town_u[n], land.town_v[n], r, r, 1.0, 0.0), 1.5 * r, 4)
    for code in land.banks:
        for u, v in land.rivers[code]:
            disc(forced, u, v, 14, 16)
            disc(border, u, v, 14, 8)
    return forced, border


# --- the cut ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Mosaic:
    """The whole map as pieces of border between packed codes.

    ``nodes`` (n, 2) in degrees; each piece runs from node ``start`` to node ``end`` with code ``left`` on its left and
    ``right`` on its right. Around every node each code has one way in and one way out, so rings close by lookup.
    """

    nodes: Floats
    start: Ints
    end: Ints
    left: Ints
    right: Ints

    def polygons(self, values: Mapping[int, int]) -> dict[int, BaseGeometry]:
        """Return value → polygon of all land whose code maps to it; codes that are not keys belong to nothing."""
        codes, rows = np.unique(np.concatenate([self.left, self.right]), return_inverse=True)
        table = np.array([values.get(int(c), -1) for c in codes])
        left, right = table[rows[: len(self.left)]], table[rows[len(self.left) :]]
        ahead, back = (
            np.flatnonzero((left != right) & (left >= 0)),
            np.flatnonzero((left != right) & (right >= 0)),
        )
        value = np.concatenate([left[ahead], right[back]])
        start = np.concatenate([self.start[ahead], self.end[back]])
        end = np.concatenate([self.end[ahead], self.start[back]])
        order = np.lexsort((start, value))
        value, start, end = value[order], start[order], end[order]
        span = len(self.nodes)
        following = np.searchsorted(value * span + start, value * span + end).tolist()
        used = np.zeros(len(value), dtype=np.bool_)
        shells: dict[int, list[list[int]]] = {}
        for first in range(len(value)):
            if used[first]:
                continue
            ring, k = [], first
            while not used[k]:
                used[k] = True
                ring.append(k)
                k = following[k]
            shells.setdefault(int(value[first]), []).append(ring)
        return {v: _assemble([self.nodes[start[r]] for r in rings]) for v, rings in sorted(shells.items())}


def _assemble(rings: Sequence[Floats]) -> BaseGeometry:
    """Polygon or multipolygon of rings (n, 2), open: anticlockwise ones are shells, clockwise ones are holes."""
    shells: list[Floats] = []
    holes: list[Floats] = []
    for ring in rings:
        x, y = (ring - ring[0]).T
        (shells if float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) > 0 else holes).append(ring)
    inner: list[list[Floats]] = [[] for _ in shells]
    if holes:  # rings never touch, so one vertex tells which shell a hole lies in: the smallest around it
        whole = np.array([Polygon(s) for s in shells])
        shapely.prepare(whole)
        size = shapely.area(whole)
        for hole in holes:
            around = np.flatnonzero(shapely.contains_xy(whole, hole[0, 0], hole[0, 1]))
            inner[around[np.argmin(size[around])]].append(hole)
    parts = [Polygon(s, h) for s, h in zip(shells, inner, strict=True)]
    return (parts[0] if len(parts) == 1 else MultiPolygon(parts)).normalize()


def _cut(land: _Land, keys: Ints, codes: Ints, triangles: Ints) -> _Mosaic:
    """Cut the mesh along the borders between codes."""
    codes = _swept(keys, codes, triangles)
    label = codes[triangles]
    triangles = triangles[(label[:, 0] != label[:, 1]) | (label[:, 1] != label[:, 2])]
    label = codes[triangles]
    sides = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2)  # side k joins corners k and k + 1
    pairs = np.sort(sides.reshape(-1, 2), axis=1)
    edge_key, edge = np.unique(pairs[:, 0] * len(keys) + pairs[:, 1], return_inverse=True)
    edge = edge.reshape(-1, 3)
    p, q = edge_key // len(keys), edge_key % len(keys)
    crossed = codes[p] != codes[q]
    at = np.zeros((len(p), 2))
    at[crossed] = _crossings(land, keys[p[crossed]], keys[q[crossed]], codes[p[crossed]], codes[q[crossed]])

    differs = label != np.roll(label, -1, axis=1)  # (n, 3): side k is crossed
    three = differs.all(axis=1)
    middle = at[edge[three]].mean(axis=1)
    centre = len(at) + np.arange(len(middle))
    starts, ends, lefts, rights = [], [], [], []
    for k in range(3):
        # corner k alone: from its outgoing side to its incoming one, with the corner on the left
        alone = ~three & differs[:, k] & differs[:, k - 1]
        starts.append(edge[alone, k])
        ends.append(edge[alone, k - 1])
        lefts.append(label[alone, k])
        rights.append(label[alone, (k + 1) % 3])
        # three codes: from each side to the middle
        starts.append(edge[three, k])
        ends.append(centre)
        lefts.append(label[three, k])
        rights.append(label[three, (k + 1) % 3])
    reach = np.abs(keys[p] - keys[q])
    size = np.maximum(np.minimum(reach % STRIDE, STRIDE - reach % STRIDE), (reach + STRIDE // 2) // STRIDE)
    size = np.concatenate([size, size[edge[three, 0]]]).astype(np.float64)
    start, end, left, right = (np.concatenate(x) for x in (starts, ends, lefts, rights))
    places = np.concatenate([at, middle])
    start, end, left, right = _thinned(places, size, start, end, left, right)
    return _Mosaic(_degrees(places), start, end, left, right)


def _thinned(
    places: Floats, size: Floats, start: Ints, end: Ints, left: Ints, right: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Drop border nodes that hardly bend the line (Visvalingam's triangles, smallest first); returns the pieces left.

    A node may go when the triangle it makes with its two neighbours has no other node in it: then no line can come to
    cross another, whichever such nodes go in the same round. Nodes where three codes meet stay.

    Parameters
    ----------
    places : (n, 2) lattice units
    size : (n,) size of the mesh where the node lies; a triangle up to a part of its square may go.
    start, end, left, right : pieces, as in ``_Mosaic``
    """
    swap = left > right  # so that the pieces of one line run one way
    start, end = np.where(swap, end, start), np.where(swap, start, end)
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    n = len(places)
    plain = (np.bincount(start, minlength=n) == 1) & (np.bincount(end, minlength=n) == 1)
    into, out = np.full(n, -1), np.full(n, -1)
    into[end[plain[end]]] = np.flatnonzero(plain[end])
    out[start[plain[start]]] = np.flatnonzero(plain[start])
    bends = np.flatnonzero(plain)
    # a line: pieces joined at plain nodes. An open one keeps a bend (two lines may join the same ends), a ring keeps four.
    line = _components(len(start), into[bends], out[bends])
    loose = np.bincount(line, minlength=len(start)) - np.bincount(line[into[bends]], minlength=len(start)) > 0
    alive = np.ones(len(start), dtype=np.bool_)
    for part in (0.01, 0.02, 0.04, 0.04, 0.08, 0.08, THINNING, THINNING, THINNING, THINNING):
        left_in = np.bincount(line[into[bends]], minlength=len(start))
        may = np.where(loose, left_in >= 2, left_in >= 8)
        a, c = start[into[bends]], end[out[bends]]
        pa, pb, pc = places[a], places[bends], places[c]
        twice = np.abs(
            (pb[:, 0] - pa[:, 0]) * (pc[:, 1] - pa[:, 1]) - (pc[:, 0] - pa[:, 0]) * (pb[:, 1] - pa[:, 1])
        )
        rank = np.full(n, np.inf)
        rank[bends] = twice / size[bends] ** 2
        rows = np.flatnonzero((rank[bends] < part) & may[line[into[bends]]])
        # smaller than both neighbours (ties by number), so that no two neighbours go at once
        lower = (rank[bends] < rank[a]) | ((rank[bends] == rank[a]) & (bends < a))
        lower &= (rank[bends] < rank[c]) | ((rank[bends] == rank[c]) & (bends < c))
        rows = rows[lower[rows]]
        used = _distinct(np.concatenate([start[alive], end[alive]]))
        tree = shapely.STRtree(np.asarray(shapely.points(places[used])))
        corners = np.stack([pa[rows], pb[rows], pc[rows]], axis=1)
        which, hit = tree.query(shapely.polygons(corners), predicate="intersects")
        hit = used[hit]
        own = (hit == bends[rows][which]) | (hit == a[rows][which]) | (hit == c[rows][which])
        free = np.ones(len(rows), dtype=np.bool_)
        free[which[~own]] = False
        gone = bends[rows[free]]
        ahead, behind = into[gone], out[gone]
        end[ahead] = end[behind]
        into[end[behind][plain[end[behind]]]] = ahead[plain[end[behind]]]
        alive[behind] = False
        plain[gone] = False
        bends = np.flatnonzero(plain)
    return start[alive], end[alive], left[alive], right[alive]


# Which border an edge of the mesh is cut at when several run through it: the first of these fields that differs.
IMPORTANCE: Final = (
    "county", "park", "source", "protected", "unit", "lake", "belt", "red", "successor", "fish",
    "space", "water", "air", "soil", "fuel", "ground", "supply", "land",
)  # fmt: skip


def _crossings(land: _Land, p: Ints, q: Ints, code: Ints, other: Ints) -> Floats:
    """Where ``code`` of ``p`` gives way to ``other`` of ``q``, found by halving four times; kept off the corners."""
    a, b = np.column_stack(_apart(p)), np.column_stack(_apart(q))
    weight, size = np.ones_like(code), np.ones_like(code)
    for name in reversed(IMPORTANCE):
        differs = _field(code, name) != _field(other, name)
        weight[differs], size[differs] = WEIGHTS[name], FIELDS[name]
    value = code // weight % size
    low, high = np.zeros(len(p)), np.ones(len(p))
    for _ in range(4):
        t = (low + high) / 2
        at = a + t[:, None] * (b - a)
        same = land.ask(at[:, 0], at[:, 1]) // weight % size == value
        low, high = np.where(same, t, low), np.where(same, high, t)
    t = np.clip((low + high) / 2, 0.125, 0.875)
    crossing: Floats = a + t[:, None] * (b - a)
    return crossing


def _swept(keys: Ints, codes: Ints, triangles: Ints) -> Ints:
    """Return the codes with crumbs given to a neighbour: patches of one field too small to mean anything.

    Counties come first, then units, then each theme within its county. A crumb takes the county, or all themes at once, of
    a vertex in the largest patch beside it. Named places, towns and parks are small by nature and stay.
    """
    a, b = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).T
    once = a < b  # every inner side is met twice, once each way
    a, b = np.concatenate([a[once], b[once]]), np.concatenate([b[once], a[once]])
    u, v = keys // STRIDE, keys % STRIDE
    p, q, s = triangles.T
    area = ((u[q] - u[p]) * (v[s] - v[p]) - (u[s] - u[p]) * (v[q] - v[p])) / 6
    weight = np.bincount(triangles.ravel(), np.repeat(area, 3), minlength=len(keys))
    whole = np.bincount(_field(codes, "county"), weight, minlength=FIELDS["county"])
    codes = codes.copy()
    themes = ("unit", "red", "space", "water", "air", "soil", "supply", "ground", "land", "fuel")
    passes = ("county", "unit", "red", "space", "water", "air", "soil", "land", "fuel", "supply", "ground")
    for name in [
        n for n in passes for _ in range(2 if n in ("county", "unit") else 1)
    ]:  # a crumb beside a crumb
        county = _field(codes, "county")
        key = county + FIELDS["county"] * _field(codes, name)
        same = key[a] == key[b]
        patch = _components(len(keys), a[same], b[same])
        size = np.bincount(patch, weight, minlength=len(keys))[patch]
        if (
            name == "county"
        ):  # no true exclave is as small as a part in fifty; such parts are accidents of the noise
            crumb = (size < whole[county] * 0.02) & (county > 0)
            taken: tuple[str, ...] = ("county",)
            across = county[b] > 0
        else:
            crumb = (size < np.clip(whole[county] * 2e-3, 6.0, 5000.0)) & (county > 0)
            crumb &= ~np.isin(_field(codes, "unit"), (TOWN, INDUSTRY))
            for named in ("protected", "source", "park"):
                crumb &= _field(codes, named) == 0
            taken = themes
            across = county[a] == county[b]
        side = np.flatnonzero(crumb[a] & ~same & across)
        side = side[np.lexsort((b[side], -size[b[side]], patch[a[side]]))]
        needy, first = np.unique(patch[a[side]], return_index=True)
        donor = np.full(len(keys), -1, dtype=np.int64)
        donor[needy] = b[side[first]]
        rows = np.flatnonzero(crumb & (donor[patch] >= 0))
        gift = codes[donor[patch[rows]]]
        for field_name in taken:
            codes[rows] += (_field(gift, field_name) - _field(codes[rows], field_name)) * WEIGHTS[field_name]
    return codes


def _components(n: int, a: Ints, b: Ints) -> Ints:
    """Smallest row number of the connected part each of ``n`` rows belongs to."""
    root = np.arange(n)
    while True:
        ra, rb = root[a], root[b]
        apart = ra != rb
        if not apart.any():
            return root
        low, high = np.minimum(ra, rb)[apart], np.maximum(ra, rb)[apart]
        np.minimum.at(root, high, low)
        while not np.array_equal(root, root[root]):
            root = root[root]


# --- the zones --------------------------------------------------------------------------------


class _Drawer:
    """Makes zones of one mosaic: a naming of packed codes → polygons with the counties they lie in."""

    def __init__(self, land: _Land, mosaic: _Mosaic) -> None:
        self.land, self.mosaic = land, mosaic
        codes = np.unique(np.concatenate([mosaic.left, mosaic.right]))
        self.codes = codes[codes > 0]
        self.fields = {name: _field(self.codes, name) for name in FIELDS}
        self.county_codes = [c["code"] for c in land.counties]

    def draw(self, layer: str, chosen: Bools, key: Sequence[Ints], describe: Any) -> tuple[Zone, ...]:
        """Zones of the chosen codes, one for each combination of ``key``; ``describe(*combination)`` gives the rest."""
        rows = np.flatnonzero(chosen)
        combos, value = np.unique(np.column_stack([k[rows] for k in key]), axis=0, return_inverse=True)
        value = value.ravel()
        shapes = self.mosaic.polygons(dict(zip(self.codes[rows].tolist(), value.tolist(), strict=True)))
        county = self.fields["county"][rows]
        zones = []
        for n, combo in enumerate(combos.tolist()):
            regions = tuple(self.county_codes[c - 1] for c in np.unique(county[value == n]).tolist())
            zones.append(Zone(layer=layer, geometry=shapes[n], regions=regions, **describe(*combo)))
        return tuple(sorted(zones, key=lambda z: z.code))


def _zones(land: _Land, mosaic: _Mosaic) -> dict[str, tuple[Zone, ...]]:
    """Return the zones of every layer, in the order of ``LAYERS``."""
    drawer = _Drawer(land, mosaic)
    f, counties = drawer.fields, land.counties
    everything = np.ones(len(drawer.codes), dtype=np.bool_)
    gazetteer = land.gazetteer
    prefectures = {p["code"]: (n, p) for n, p in enumerate(gazetteer["prefecture"])}
    prefecture_of = np.array([0, *(prefectures[c["code"][:4]][0] for c in counties)])
    blocks = {b["code"]: n for n, b in enumerate(gazetteer["block"])}
    block_of = np.array([0, *(blocks[c["block"]] for c in counties)])

    def county(n: int) -> dict[str, Any]:
        return counties[n - 1]

    def admin(entry: Mapping[str, Any], zone_class: str) -> dict[str, Any]:
        return {"code": entry["code"], "name": entry["name"], "zone_class": zone_class}

    def unit(c: int, kind: int) -> dict[str, Any]:
        code, zone_class, name = UNIT_KINDS[kind]
        return {
            "code": f"ZH{county(c)['code']}{code}",
            "name": county(c)["name"] + name,
            "zone_class": zone_class,
        }

    def element(table: Sequence[tuple[str, str, str]]) -> Any:
        def describe(c: int, kind: int) -> dict[str, Any]:
            digits, zone_class, subtype = table[kind]
            code = f"YS{county(c)['code']}{digits}0001"
            return {
                "code": code,
                "name": county(c)["name"] + subtype,
                "zone_class": zone_class,
                "subtype": subtype,
            }

        return describe

    # red lines are numbered within their county
    present = sorted(
        set(zip(f["county"][f["red"] > 0].tolist(), f["red"][f["red"] > 0].tolist(), strict=True))
    )
    serial = {(c, r): 1 + sum(1 for x in present if x[0] == c and x[1] < r) for c, r in present}

    def red(c: int, function: int) -> dict[str, Any]:
        what = RED_FUNCTIONS[function - 1]
        return {
            "code": f"YS{county(c)['code']}111{serial[c, function]:04d}",
            "name": f"{county(c)['name']}{what}生态保护红线",
            "zone_class": "PRIORITY",
            "subtype": "生态保护红线",
            "attributes": MappingProxyType({"function": what}),
        }

    def space(c: int) -> dict[str, Any]:
        name = county(c)["name"] + "一般生态空间"
        return {
            "code": f"YS{county(c)['code']}1130001",
            "name": name,
            "zone_class": "PRIORITY",
            "subtype": "一般生态空间",
        }

    def place(places: Sequence[_Place]) -> Any:
        return lambda n: {"code": places[n - 1].code, "name": places[n - 1].entry["name"]}

    zones: dict[str, tuple[Zone, ...]] = {}
    zones["province"] = drawer.draw(
        "province", everything, [0 * f["county"]], lambda _: admin(gazetteer["province"], "province")
    )
    zones["prefecture"] = drawer.draw(
        "prefecture",
        everything,
        [prefecture_of[f["county"]]],
        lambda n: admin(gazetteer["prefecture"][n], "prefecture"),
    )
    zones["county"] = drawer.draw("county", everything, [f["county"]], lambda n: admin(county(n), "county"))
    zones["block"] = drawer.draw(
        "block", everything, [block_of[f["county"]]], lambda n: admin(gazetteer["block"][n], "block")
    )
    zones["control_unit"] = drawer.draw("control_unit", everything, [f["county"], f["unit"]], unit)
    zones["red_line"] = drawer.draw("red_line", f["red"] > 0, [f["county"], f["red"]], red)
    zones["ecological_space"] = drawer.draw("ecological_space", f["space"] > 0, [f["county"]], space)
    for name, table in (("water", WATER_ZONES), ("air", AIR_ZONES), ("soil", SOIL_ZONES)):
        zones[f"{name}_zone"] = drawer.draw(
            f"{name}_zone", everything, [f["county"], f[name]], element(table)
        )
    resource: list[Zone] = []
    for name, digits, subtype in RESOURCE_ZONES:
        describe = element([(digits, "KEY", subtype)])
        resource += drawer.draw("resource_zone", f[name] > 0, [f["county"], 0 * f[name]], describe)
    zones["resource_zone"] = tuple(sorted(resource, key=lambda z: z.code))
    zones["protected_area"] = _protected(drawer)
    sources = [(s, ring) for s in land.sources for ring in range(3)]

    def source(n: int) -> dict[str, Any]:
        entry, ring = sources[n - 1]
        return {
            "code": f"{entry.code}-{ring + 1}",
            "name": entry.entry["name"] + RINGS[ring],
            "zone_class": "饮用水水源保护区",
            "subtype": RINGS[ring],
        }

    zones["water_source"] = drawer.draw("water_source", f["source"] > 0, [f["source"]], source)

    def park(n: int) -> dict[str, Any]:
        entry = land.parks[n - 1].entry
        attributes = MappingProxyType({"leading": "、".join(entry["leading"])})
        return {
            "code": entry["code"],
            "name": entry["name"],
            "zone_class": "产业园区",
            "attributes": attributes,
        }

    zones["park"] = drawer.draw("park", f["park"] > 0, [f["park"]], park)
    zones["receptor"] = _receptors(land)
    zones["river"] = _rivers(land, zones["province"][0].geometry, zones["county"])
    zones["lake"] = drawer.draw(
        "lake", f["lake"] > 0, [f["lake"]], lambda n: place(land.lakes)(n) | {"zone_class": "湖泊"}
    )
    zones["shoreline"] = _shoreline(drawer)
    return zones


def _protected(drawer: _Drawer) -> tuple[Zone, ...]:
    land, f = drawer.land, drawer.fields
    named = [(p, n) for p in land.protected for n in range(len(p.entry["subtypes"]))]

    def describe(value: int) -> dict[str, Any]:
        place, n = named[value - 1]
        several = len(place.entry["subtypes"]) > 1
        return {
            "code": f"{place.code}-{n + 1}" if several else place.code,
            "name": place.entry["name"] + (place.entry["subtypes"][n] if several else ""),
            "zone_class": place.entry["kind"],
            "subtype": place.entry["subtypes"][n],
            # The limits of PA14 are re-drawn in mid-2026; the zone after it has a code of its own.
            "valid_to": date(2026, 6, 30) if place.code == "PA14" else None,
        }

    zones = [*drawer.draw("protected_area", f["protected"] > 0, [f["protected"]], describe)]
    zones += drawer.draw("protected_area", f["fish"] > 0, [0 * f["fish"] + land.fish.value], describe)
    successor = land.successor
    zones += drawer.draw(
        "protected_area", f["successor"] > 0, [f["successor"]],
        lambda _: {
            "code": successor.code, "name": successor.entry["name"], "zone_class": successor.entry["kind"],
            "subtype": successor.entry["subtypes"][0], "valid_from": date(2026, 7, 1),
        },
    )  # fmt: skip
    return tuple(sorted(zones, key=lambda z: z.code))


def _shoreline(drawer: _Drawer) -> tuple[Zone, ...]:
    land, f = drawer.land, drawer.fields
    strict = {land.number[c] for c in land.sketch["themes"]["strict_shoreline"]}
    rivers = [next(r["name"] for r in land.gazetteer["river"] if r["code"] == code) for code in land.banks]
    pairs = sorted(
        set(zip(f["belt"].tolist(), f["county"].tolist(), strict=True)) - {(0, c) for c in range(46)}
    )
    serial = {pair: n for n, pair in enumerate(pairs, start=1)}

    def describe(belt: int, county: int) -> dict[str, Any]:
        subtype = "岸线保护区" if county in strict else "岸线控制利用区"
        name = f"{rivers[belt - 1]}{land.counties[county - 1]['name']}段{subtype}"
        attributes = MappingProxyType({"river": rivers[belt - 1]})
        return {
            "code": f"SL{serial[belt, county]:02d}",
            "name": name,
            "zone_class": "岸线",
            "subtype": subtype,
            "attributes": attributes,
        }

    return drawer.draw("shoreline", f["belt"] > 0, [f["belt"], f["county"]], describe)


def _rivers(land: _Land, province: BaseGeometry, counties: Sequence[Zone]) -> tuple[Zone, ...]:
    """Rivers, each cut to the pieces wholly inside the province; no vertex is moved or made."""
    shapely.prepare(province)
    shapes = np.array([c.geometry for c in counties])
    shapely.prepare(shapes)
    zones = []
    for entry in land.gazetteer["river"]:
        points = _degrees(land.rivers[entry["code"]])
        inside = shapely.covers(province, shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)))
        ends = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
        lines = [points[a : b + 1] for a, b in zip(ends[::2], ends[1::2], strict=True)]
        geometry = MultiLineString([LineString(x) for x in lines])
        regions = tuple(
            c.code for c, met in zip(counties, shapely.intersects(shapes, geometry), strict=True) if met
        )
        zones.append(
            Zone(
                layer="river",
                code=entry["code"],
                name=entry["name"],
                geometry=geometry,
                zone_class="河流",
                regions=regions,
            )
        )
    return tuple(sorted(zones, key=lambda z: z.code))


def _receptors(land: _Land) -> tuple[Zone, ...]:
    """Settlements, schools and hospitals: the county seat, villages in general land nearby, one beside each park."""
    rng = np.random.default_rng([land.seed, 4])
    beside = {next(iter(p.counties)): p for p in land.parks}
    turns = np.arange(12) * (np.pi / 6)
    ring = np.column_stack([np.cos(turns), np.sin(turns)])
    zones: list[Zone] = []
    for n, county in enumerate(land.counties, start=1):
        town = np.array([land.town_u[n], land.town_v[n]])
        reach = float(np.sqrt(land.area[n]))
        # candidates: anywhere within a quarter of the county's width of the town, as sites of up to 1 km across
        way = rng.random((60, 2)) * 2 - 1
        sites = town + way * max(0.28 * reach, 1.6 * land.town_r[n])
        if n in beside:  # first choice of the first village: some 700 m off the park
            park = beside[n].blobs[0]
            for side in (1, -1):
                off = side * (park.b + 0.95 * KM)
                sites = np.vstack([[park.u - off * park.sin, park.v + off * park.cos], sites])
        radius = (0.18 + 0.22 * rng.random(len(sites))) * KM
        good, fair = _quiet(land, sites, radius + 2, n)
        order = [*np.flatnonzero(good), *np.flatnonzero(fair & ~good)]
        chosen: list[int] = []
        for k in order:
            if all(np.hypot(*(sites[k] - sites[j])) > 2.5 * KM for j in chosen):
                chosen.append(int(k))
            if len(chosen) == 3:
                break
        short = county["short"]
        seat = 0.55 * land.town_r[n]

        def polygon(at: Floats, r: float) -> BaseGeometry:
            return Polygon(_degrees(at + r * ring * (0.7 + 0.3 * rng.random((12, 1))))).normalize()

        def point(at: Floats) -> BaseGeometry:
            return Point(*_degrees(at[None])[0])

        things = [("居住区", f"{short}示例城区", polygon(town, min(seat, 1.2 * KM)))]
        things += [
            ("居住区", f"{short}示例村{'一二三'[i]}", polygon(sites[k], radius[k]))
            for i, k in enumerate(chosen)
        ]
        things.append(("学校", f"{short}示例中学", point(town + np.array([0.30, 0.20]) * seat)))
        things.append(("医院", f"{short}示例医院", point(town - np.array([0.25, 0.30]) * seat)))
        zones += [
            Zone(
                layer="receptor", code=f"RC{county['code']}{i:02d}", name=name, geometry=geometry,
                zone_class=kind, regions=(county["code"],),
            )
            for i, (kind, name, geometry) in enumerate(things, start=1)
        ]  # fmt: skip
    return tuple(zones)


def _quiet(land: _Land, sites: Floats, radius: Floats, county: int) -> tuple[Bools, Bools]:
    """Whether a site and eight points around it lie in the county, outside named places, and in general land; or anywhere off the red line."""
    turns = np.arange(8) * (np.pi / 4)
    around = np.column_stack([np.r_[0.0, np.cos(turns)], np.r_[0.0, np.sin(turns)]])
    points = (sites[:, None] + radius[:, None, None] * around).reshape(-1, 2)
    codes = land.ask(points[:, 0], points[:, 1])
    ok = _field(codes, "county") == county
    for name in ("protected", "source", "park", "lake"):
        ok &= _field(codes, name) == 0
    fit = _field(codes, "unit") == GENERAL, _field(codes, "unit") != RED
    good, fair = ((ok & known).reshape(len(sites), -1).all(axis=1) for known in fit)
    return good, fair

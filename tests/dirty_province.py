"""A clean synthetic province and the defects that can be planted in it, each with its place and size.

示例数据，非官方. Six counties of 4 × 4 cells make a rectangle of 12 × 8; a cell is a control unit. All lines between
cells are the same wiggly polylines on both sides, on the 1e-9 degree grid, so the clean province is clean to the
last digit. Defects go to cells that do not touch each other, so that any combination can be planted at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Draft, Edition, PublishedTotal
from sanxian.geometry import lonlat_area
from sanxian.model import (
    Clause,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    EditionInfo,
    Layer,
    LayerKind,
    Level,
    Scope,
    Zone,
)
from sanxian.quality.sizes import as_array

SOURCE = "示例数据，非官方"
WIDE, HIGH, BLOCK = 12, 8, 4  # cells, and cells of a county each way
CELL = 0.05  # degrees
STEPS = 12  # edges of a side
WEST, SOUTH = 99.0, 35.0
SIZE = 2e-4  # degrees: half the side of what is cut off or added, some 20 m
ACCURACY_M = 2.0
AS_OF = date(2026, 1, 1)
AT_COUNTY_LINE = ("Q-NESTING", "Q-NESTING-FINE")  # what grows there grows into the next county
LETTERS = {"PRIORITY": "1", "KEY": "2", "GENERAL": "3"}


# --- the clean province ------------------------------------------------------------------------------


def _lines(rng: np.random.Generator) -> Callable[[tuple[int, int], tuple[int, int]], NDArray[np.float64]]:
    """Return how to walk from one lattice node to the next; both directions give the same vertices."""
    nodes = np.stack(np.meshgrid(np.arange(WIDE + 1), np.arange(HIGH + 1), indexing="ij"), axis=-1) * CELL
    nodes = nodes + rng.uniform(-0.15, 0.15, nodes.shape) * CELL + (WEST, SOUTH)
    made: dict[tuple[tuple[int, int], tuple[int, int]], NDArray[np.float64]] = {}

    def walk(a: tuple[int, int], b: tuple[int, int]) -> NDArray[np.float64]:
        low, high = min(a, b), max(a, b)
        if (low, high) not in made:
            part = np.linspace(0, 1, STEPS + 1)[:, None]
            line = nodes[low] + (nodes[high] - nodes[low]) * part
            side = (nodes[high] - nodes[low])[::-1] * (-1, 1)
            line += side * (rng.uniform(-0.08, 0.08, part.shape) * np.sin(np.pi * part))
            made[low, high] = np.round(line, 9)
        return made[low, high] if a < b else made[low, high][::-1]

    return walk


def _cells(rng: np.random.Generator) -> dict[tuple[int, int], BaseGeometry]:
    walk = _lines(rng)
    cells: dict[tuple[int, int], BaseGeometry] = {}
    for i in range(WIDE):
        for j in range(HIGH):
            corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
            ring = np.concatenate([walk(a, b)[:-1] for a, b in pairwise(corners)])
            cells[i, j] = shapely.Polygon(ring)
    return cells


def county_of(cell: tuple[int, int]) -> str:
    """County of a cell: 639901 … 639906."""
    return f"6399{1 + cell[0] // BLOCK + 3 * (cell[1] // BLOCK):02d}"


def class_of(cell: tuple[int, int]) -> str:
    """Class of a cell; every third is priority, and only cells without a place for defects are."""
    return "PRIORITY" if cell[0] % 3 == 2 else "KEY" if (cell[0] + cell[1]) % 2 else "GENERAL"


def code_of(cell: tuple[int, int]) -> str:
    """Unit code of a cell."""
    return f"ZH{county_of(cell)}{LETTERS[class_of(cell)]}{cell[0] * HIGH + cell[1]:04d}"


def _union(shapes: list[BaseGeometry]) -> BaseGeometry:
    union: BaseGeometry = shapely.coverage_union_all(as_array(shapes))
    return union


def clean_province(seed: int = 0) -> Draft:
    """The province without a single defect; the same seed gives the same province."""
    rng = np.random.default_rng(seed)
    cells = _cells(rng)
    blocks: dict[str, list[BaseGeometry]] = {}
    for cell, shape in cells.items():
        blocks.setdefault(county_of(cell), []).append(shape)
    counties = {code: _union(shapes) for code, shapes in sorted(blocks.items())}

    def layer(name: str, kind: LayerKind, title: str, *, partition: bool) -> Layer:
        return Layer(
            id=name, kind=kind, title=title, accuracy_m=ACCURACY_M, partition=partition, source=SOURCE
        )

    layers = (
        layer("control_unit", LayerKind.CONTROL_UNIT, "环境管控单元", partition=True),
        layer("red_line", LayerKind.ECOLOGY, "生态保护红线", partition=False),
        layer("water_zone", LayerKind.WATER, "水环境管控分区", partition=True),
        layer("province", LayerKind.ADMIN, "省级行政区", partition=True),
        layer("county", LayerKind.ADMIN, "县级行政区", partition=True),
    )
    units = [
        Zone(
            layer="control_unit",
            code=code_of(cell),
            name=f"示例单元{cell[0]}-{cell[1]}",
            geometry=shape,
            zone_class=class_of(cell),
            regions=(county_of(cell),),
        )
        for cell, shape in cells.items()
    ]
    red = [
        Zone(
            layer="red_line",
            code=f"HX{cell[0]:02d}{cell[1]:02d}",
            name=f"示例红线{cell[0]}-{cell[1]}",
            geometry=shapely.affinity.scale(shape, 0.5, 0.5),
            subtype="生态保护红线",
            regions=(county_of(cell),),
        )
        for cell, shape in cells.items()
        if class_of(cell) == "PRIORITY"
    ]
    water = [
        Zone(
            layer="water_zone",
            code=f"YS{county_of((i, j))}3210{i:02d}{j}",
            name=f"示例水区{i}-{j}",
            geometry=_union([cells[i, j], cells[i, j + 1]]),
            zone_class="GENERAL",
            regions=(county_of((i, j)),),
        )
        for i in range(WIDE)
        for j in range(0, HIGH, 2)
    ]
    places = [
        Zone(
            layer="county",
            code=code,
            name=f"示例县{code}",
            geometry=shape,
            zone_class="county",
            regions=(code,),
        )
        for code, shape in counties.items()
    ]
    outline = Zone(
        layer="province",
        code="63",
        name="示例省",
        geometry=_union(list(cells.values())),
        zone_class="province",
    )
    document = Document(
        id="list", title="示例省准入清单", issuer="示例省", valid_from=date(2026, 1, 1), source=SOURCE
    )
    old = Document(
        id="old",
        title="示例省旧清单",
        issuer="示例省",
        valid_from=date(2021, 1, 1),
        valid_to=date(2025, 12, 31),
        superseded_by="list",
        source=SOURCE,
    )
    clauses = tuple(_clause(zone.code) for zone in units)
    edition = Edition(
        info=EditionInfo(
            id="示例省/2026",
            title="示例省分区管控成果（质检示例）",
            region="63",
            valid_from=AS_OF,
            valid_to=date(2030, 12, 31),
            source=SOURCE,
            synthetic=True,
        ),
        layers=layers,
        zones=MappingProxyType(
            {
                "control_unit": tuple(units),
                "red_line": tuple(red),
                "water_zone": tuple(water),
                "province": (outline,),
                "county": tuple(places),
            }
        ),
        clauses=clauses,
        documents={"list": document, "old": old},
        coverage=tuple(
            Coverage(layer=x.id, region="63", status=CoverageStatus.COMPLETE, source=SOURCE) for x in layers
        ),
        catalogues={},
    )
    total = sum(lonlat_area(zone.geometry) for zone in units)
    totals = (
        PublishedTotal(
            layer="control_unit",
            count=len(units),
            area_m2=round(total, -4),
            rounding_m2=5000.0,
            source="示例公报",
        ),
    )
    return Draft(edition=edition, totals=totals)


def _clause(unit: str, document: str = "list", review: str = "reviewed") -> Clause:
    rule = {"effect": "FORBID", "strength": "strict", "quote": [0, 6], "review": {"state": review}}
    return Clause(
        id=f"C-{unit}",
        number="1",
        level=Level.UNIT,
        dimension=Dimension.SPATIAL,
        dimension_label="空间布局约束",
        category="",
        text="禁止新建项目。",
        document=document,
        scope=Scope(units=(unit,)),
        rules=(rule,),
    )


# --- defects -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One defect: what the gate has to say about it."""

    kind: str
    check: str
    item: str  # part of one of the finding's items
    place: BaseGeometry | None = None
    area_m2: float | None = None  # what its place has to measure
    also: tuple[str, ...] = ()  # checks that may rightly speak up as well


class Dirt:
    """A draft in the making, with the cells still free for a defect."""

    def __init__(self, seed: int) -> None:
        self.draft = clean_province(seed)
        self.rng = np.random.default_rng([seed, 1])
        inner = [(i, j) for i in (1, 4, 7, 10) for j in (1, 4)]
        self.rng.shuffle(inner)
        self.inner = [(int(i), int(j)) for i, j in inner]
        self.rim = [(i, 7) for i in (1, 4, 7, 10)]
        self.red = [(i, j) for i in (2, 5, 8) for j in (1, 3, 5)]  # land on all sides

    # --- reading and changing

    def zone(self, layer: str, code: str) -> Zone:
        return next(z for z in self.draft.edition.zones[layer] if z.code == code)

    def change(self, layer: str, which: str, **fields: Any) -> None:
        edition = self.draft.edition
        zones = tuple(replace(z, **fields) if z.code == which else z for z in edition.zones[layer])
        self.edit(zones=MappingProxyType({**edition.zones, layer: zones}))

    def edit(self, **fields: Any) -> None:
        self.draft = replace(self.draft, edition=replace(self.draft.edition, **fields))

    def clause(self, unit: str, **fields: Any) -> None:
        edition = self.draft.edition
        self.edit(clauses=tuple(replace(c, **fields) if c.id == f"C-{unit}" else c for c in edition.clauses))

    def shape(self, cell: tuple[int, int]) -> BaseGeometry:
        return self.zone("control_unit", code_of(cell)).geometry

    def reshape(self, cell: tuple[int, int], shape: BaseGeometry) -> None:
        shape = shapely.transform(shape, lambda xy: np.round(xy, 9))
        self.change("control_unit", code_of(cell), geometry=shape)

    def inner_cell(self) -> tuple[int, int]:
        return self.inner.pop()

    def red_zone(self) -> Zone:
        i, j = self.red.pop()
        return self.zone("red_line", f"HX{i:02d}{j:02d}")


def _side(dirt: Dirt, cell: tuple[int, int], side: int) -> NDArray[np.float64]:
    """Vertices of one side of a clean cell: 0 south, 1 east, 2 north, 3 west."""
    return shapely.get_coordinates(dirt.shape(cell))[side * STEPS : (side + 1) * STEPS + 1]


def _square(at: NDArray[np.float64], size: float = SIZE) -> BaseGeometry:
    square: BaseGeometry = shapely.box(at[0] - size, at[1] - size, at[0] + size, at[1] + size)
    return square


def gap(dirt: Dirt) -> Planted:
    cell = dirt.inner_cell()
    cut = _square(_side(dirt, cell, 1)[5])
    place = shapely.intersection(dirt.shape(cell), cut)
    dirt.reshape(cell, shapely.difference(dirt.shape(cell), cut))
    return Planted(kind="gap", check="Q-GAP", item=code_of(cell), place=place, area_m2=lonlat_area(place))


def hole(dirt: Dirt) -> Planted:
    cell = dirt.inner_cell()
    place = _square(shapely.get_coordinates(dirt.shape(cell).centroid)[0])
    dirt.reshape(cell, shapely.difference(dirt.shape(cell), place))
    return Planted(kind="hole", check="Q-GAP", item=code_of(cell), place=place, area_m2=lonlat_area(place))


def overlap(dirt: Dirt) -> Planted:
    cell = dirt.inner_cell()
    added = _square(_side(dirt, cell, 1)[5])
    place = shapely.difference(added, dirt.shape(cell))
    dirt.reshape(cell, shapely.union(dirt.shape(cell), added))
    return Planted(
        kind="overlap",
        check="Q-OVERLAP",
        item=code_of(cell),
        place=place,
        area_m2=lonlat_area(place),
        also=AT_COUNTY_LINE,
    )


def outside(dirt: Dirt) -> Planted:
    cell = dirt.rim.pop()
    added = _square(_side(dirt, cell, 2)[5])
    place = shapely.difference(added, dirt.zone("province", "63").geometry)
    dirt.reshape(cell, shapely.union(dirt.shape(cell), added))
    return Planted(
        kind="outside",
        check="Q-OUTSIDE",
        item=code_of(cell),
        place=place,
        area_m2=lonlat_area(place),
        also=AT_COUNTY_LINE,
    )


def edge(dirt: Dirt) -> Planted:
    """One vertex moved by some 0.3 m: two lines that are nearly one."""
    cell = dirt.inner_cell()
    line = _side(dirt, cell, 1)
    moved = line[5] + (3e-6, 1e-6)
    place = shapely.Polygon([line[4], moved, line[6], line[5]])
    ring = shapely.get_coordinates(dirt.shape(cell))
    ring[STEPS + 5] = moved
    dirt.reshape(cell, shapely.Polygon(ring))
    return Planted(
        kind="edge",
        check="Q-EDGE",
        item=code_of(cell),
        place=place,
        area_m2=lonlat_area(place),
        also=AT_COUNTY_LINE,
    )


def vertex(dirt: Dirt) -> Planted:
    """A vertex more on one side of a line."""
    cell = dirt.inner_cell()
    ring = shapely.get_coordinates(dirt.shape(cell))
    middle = (ring[STEPS + 5] + ring[STEPS + 6]) / 2
    dirt.reshape(cell, shapely.Polygon(np.insert(ring, STEPS + 6, middle, axis=0)))
    return Planted(kind="vertex", check="Q-VERTEX", item=code_of(cell), place=shapely.Point(middle))


def nesting(dirt: Dirt) -> Planted:
    """A piece of the county next door belongs to the unit; the units still fill the region."""
    cell = next(c for c in dirt.inner if c[0] == 4)
    dirt.inner.remove(cell)
    beside = (cell[0] - 1, cell[1])
    piece = _square(_side(dirt, cell, 3)[5], 3 * SIZE)  # more than the accuracy of two lines can explain
    place = shapely.intersection(piece, dirt.shape(beside))
    mine = dirt.shape(cell)
    lines = [shapely.get_rings(shape) for shape in (mine, dirt.shape(beside), piece)]
    faces = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.union_all(np.concatenate(lines), grid_size=1e-9)))
    )
    faces = shapely.transform(faces, lambda xy: np.round(xy, 9))
    points = shapely.point_on_surface(faces)
    in_mine = shapely.intersects(points, mine)
    in_both = shapely.intersects(points, dirt.shape(beside))
    in_piece = shapely.intersects(points, piece)
    dirt.reshape(cell, _union(list(faces[in_mine | (in_both & in_piece)])))
    dirt.reshape(beside, _union(list(faces[in_both & ~in_piece])))
    return Planted(
        kind="nesting", check="Q-NESTING", item=code_of(cell), place=place, area_m2=lonlat_area(place)
    )


def red_line(dirt: Dirt) -> Planted:
    zone = dirt.red_zone()
    west, _, east, _ = zone.geometry.bounds
    dirt.change(
        "red_line", zone.code, geometry=shapely.affinity.translate(zone.geometry, (east - west) * 0.9, 0)
    )
    return Planted(kind="red_line", check="Q-REDLINE", item=zone.code)


def ring(dirt: Dirt) -> Planted:
    """A loop in a red line: the ring crosses itself."""
    zone = dirt.red_zone()
    xy = shapely.get_coordinates(zone.geometry)
    along = (xy[7] - xy[4]) / 3
    across = np.array([-along[1], along[0]]) / 2
    xy[5], xy[6] = xy[4] + 2 * along + across, xy[4] + along + 1.5 * across
    dirt.change("red_line", zone.code, geometry=shapely.Polygon(xy))
    place = shapely.MultiPoint(xy[4:8]).convex_hull
    return Planted(kind="ring", check="Q-GEOMETRY-INVALID", item=zone.code, place=place)


def sliver(dirt: Dirt) -> Planted:
    """A strip 1 m wide and some 50 m long beside a red line, in the same unit."""
    zone = dirt.red_zone()
    x, y = shapely.get_coordinates(zone.geometry.centroid)[0]
    east = zone.geometry.bounds[2]
    place = shapely.box(east + 1e-4, y, east + 1e-4 + 1e-5, y + 5e-4)
    assert x < east
    dirt.change("red_line", zone.code, geometry=shapely.union(zone.geometry, place))
    return Planted(kind="sliver", check="Q-SLIVER", item=zone.code, place=place, area_m2=lonlat_area(place))


def repeated(dirt: Dirt) -> Planted:
    zone = dirt.red_zone()
    xy = shapely.get_coordinates(zone.geometry)
    dirt.change("red_line", zone.code, geometry=shapely.Polygon(np.insert(xy, 3, xy[3], axis=0)))
    return Planted(kind="repeated", check="Q-VERTEX-REPEATED", item=zone.code)


def _recode(dirt: Dirt, cell: tuple[int, int], code: str) -> None:
    old = code_of(cell)
    dirt.change("control_unit", old, code=code)
    dirt.clause(old, scope=Scope(units=(code,)))


def code_form(dirt: Dirt) -> Planted:
    cell = (0, 0)
    _recode(dirt, cell, code_of(cell)[:-1])
    return Planted(kind="code_form", check="Q-UNIT-CODE", item=code_of(cell)[:-1])


def code_width(dirt: Dirt) -> Planted:
    cell = (0, 2)
    wide = code_of(cell).translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})
    _recode(dirt, cell, wide)
    return Planted(kind="code_width", check="Q-CODE-WIDTH", item=wide, also=("Q-UNIT-CODE",))


def code_class(dirt: Dirt) -> Planted:
    cell = (0, 4)
    other = "KEY" if class_of(cell) == "GENERAL" else "GENERAL"
    dirt.change("control_unit", code_of(cell), zone_class=other)
    return Planted(kind="code_class", check="Q-UNIT-CODE-CLASS", item=code_of(cell))


def code_county(dirt: Dirt) -> Planted:
    cell = (0, 6)
    code = code_of(cell).replace(county_of(cell), "639903")
    _recode(dirt, cell, code)
    return Planted(
        kind="code_county", check="Q-CODE-COUNTY", item=code, place=dirt.zone("control_unit", code).geometry
    )


def code_repeated(dirt: Dirt) -> Planted:
    one, other = code_of((3, 7)), code_of((9, 7))
    dirt.change("control_unit", other, code=one)
    dirt.clause(other, scope=Scope(units=(one,)))
    return Planted(
        kind="code_repeated",
        check="Q-CODE-REPEATED",
        item=one,
        also=("Q-CODE-COUNTY", "Q-UNIT-CODE-CLASS", "Q-UNIT-REGIONS"),
    )


def code_across(dirt: Dirt) -> Planted:
    water = dirt.draft.edition.zones["water_zone"][0]
    dirt.change("water_zone", water.code, code=code_of((3, 0)))
    return Planted(kind="code_across", check="Q-CODE-ACROSS", item=code_of((3, 0)))


def element_code(dirt: Dirt) -> Planted:
    water = dirt.draft.edition.zones["water_zone"][5]
    dirt.change("water_zone", water.code, zone_class="KEY")
    return Planted(kind="element_code", check="Q-ELEMENT-CODE", item=water.code)


def no_list(dirt: Dirt) -> Planted:
    unit = code_of((3, 2))
    dirt.edit(clauses=tuple(c for c in dirt.draft.edition.clauses if c.id != f"C-{unit}"))
    return Planted(kind="no_list", check="Q-UNIT-NO-LIST", item=unit)


def no_unit(dirt: Dirt) -> Planted:
    extra = replace(_clause("ZH63990139999"), id="C-lost")
    dirt.edit(clauses=(*dirt.draft.edition.clauses, extra))
    return Planted(kind="no_unit", check="Q-SCOPE-UNIT", item="C-lost")


def no_scope(dirt: Dirt) -> Planted:
    extra = replace(_clause("x"), id="C-bare", scope=Scope(regions=("639901",)))
    dirt.edit(clauses=(*dirt.draft.edition.clauses, extra))
    return Planted(kind="no_scope", check="Q-LIST-NO-UNIT", item="C-bare")


def lapsed(dirt: Dirt) -> Planted:
    unit = code_of((3, 4))
    dirt.clause(unit, document="old")
    return Planted(kind="lapsed", check="Q-CLAUSE-LAPSED", item=f"C-{unit}")


def loop(dirt: Dirt) -> Planted:
    one = Document(id="one", title="示例文件一", superseded_by="two", source=SOURCE)
    two = replace(one, id="two", title="示例文件二", superseded_by="one")
    dirt.edit(documents={**dirt.draft.edition.documents, "one": one, "two": two})
    return Planted(kind="loop", check="Q-SUCCESSION-LOOP", item="one")


def inverted(dirt: Dirt) -> Planted:
    unit = code_of((6, 0))
    dirt.clause(unit, valid_from=date(2028, 1, 1), valid_to=date(2027, 1, 1))
    return Planted(kind="inverted", check="Q-DATES", item=f"C-{unit}")


def never(dirt: Dirt) -> Planted:
    zone = dirt.red_zone()
    dirt.change("red_line", zone.code, valid_from=date(2035, 1, 1))
    return Planted(kind="never", check="Q-DATES-OUTSIDE", item=zone.code)


def unreviewed(dirt: Dirt) -> Planted:
    unit = code_of((6, 2))
    dirt.clause(unit, rules=_clause(unit, review="draft").rules)
    return Planted(kind="unreviewed", check="Q-RULES-UNREVIEWED", item=f"C-{unit}")


def accuracy(dirt: Dirt) -> Planted:
    layers = tuple(
        replace(x, accuracy_m=0.0) if x.id == "water_zone" else x for x in dirt.draft.edition.layers
    )
    dirt.edit(layers=layers)
    return Planted(kind="accuracy", check="Q-ACCURACY", item="water_zone")


def total_area(dirt: Dirt) -> Planted:
    (total,) = dirt.draft.totals
    dirt.draft = replace(dirt.draft, totals=(replace(total, area_m2=(total.area_m2 or 0.0) + 2e5),))
    return Planted(kind="total_area", check="Q-TOTAL-AREA", item="control_unit")


def total_count(dirt: Dirt) -> Planted:
    (total,) = dirt.draft.totals
    dirt.draft = replace(dirt.draft, totals=(replace(total, count=(total.count or 0) + 1),))
    return Planted(kind="total_count", check="Q-TOTAL-COUNT", item="control_unit")


def zone_area(dirt: Dirt) -> Planted:
    zone = dirt.zone("control_unit", code_of((6, 4)))
    wrong = f"{lonlat_area(zone.geometry) + 5000:.1f}"
    dirt.change("control_unit", zone.code, attributes=MappingProxyType({"published_area_m2": wrong}))
    return Planted(kind="zone_area", check="Q-ZONE-AREA", item=zone.code, place=zone.geometry, area_m2=5000.0)


DEFECTS: tuple[Callable[[Dirt], Planted], ...] = (
    gap, hole, overlap, outside, edge, vertex, nesting, red_line, ring, sliver, repeated, code_form, code_width,
    code_class, code_county, code_repeated, code_across, element_code, no_list, no_unit, no_scope, lapsed, loop, inverted,
    never, unreviewed, accuracy, total_area, total_count, zone_area,
)  # fmt: skip


def dirty_province(seed: int, kinds: list[str] | None = None) -> tuple[Draft, list[Planted]]:
    """The province with the named defects (all of them by default), and what the gate has to find."""
    dirt = Dirt(seed)
    # nesting first: only some cells lie at a county line
    chosen = [d for d in DEFECTS if kinds is None or d.__name__ in kinds]
    chosen.sort(key=lambda d: d.__name__ != "nesting")
    planted = [defect(dirt) for defect in chosen]
    return dirt.draft, planted

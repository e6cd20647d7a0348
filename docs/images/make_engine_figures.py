"""Draw the pictures of docs/explanation/engine.md: ``python docs/images/make_engine_figures.py``.

Every number in a picture is asked of the engine, or checked against it, while the picture is drawn. Only the
standard library draws. The sheets have a light ground of their own, so they read on a dark page as well.
"""
# ruff: noqa: D102, D103, INP001, S101 - a script with plain names; a picture that contradicts the engine must not be drawn

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

import numpy as np
import shapely

from sanxian.engine import PLANE, Index, Shapes
from sanxian.engine.edges import NOTHING
from sanxian.engine.measure import is_roof, pieces_between
from sanxian.engine.near import MARGIN_ABSOLUTE_M, MARGIN_RELATIVE

HERE: Final = Path(__file__).resolve().parent
Point: TypeAlias = tuple[float, float]

INK, SOFT, LINE, GROUND = "#20242a", "#5d6670", "#c9ced4", "#fcfbf8"
BLUE, GREEN, RED, PROJECT, GREY = "#2f6fb0", "#3d8b4f", "#c8433c", "#d9791a", "#8a929b"
FONT = (
    "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','Noto Serif CJK SC',sans-serif"
)


class Sheet:
    """A picture: world coordinates are drawn through :meth:`at`, words stand where they are put."""

    def __init__(self, name: str, width: int, height: int, zh: str, en: str) -> None:
        self.name = name
        self.size = (width, height)
        self.title = f"{zh} / {en}"
        self.items: list[str] = []
        self.scale, self.origin = 1.0, (0.0, 0.0)
        self.say(24, 34, zh, en, size=17, bold=True)

    def frame(self, x: float, y: float, scale: float) -> None:
        """Put world (0, 0) at pixel (x, y), y upward."""
        self.scale, self.origin = scale, (x, y)

    def at(self, point: Sequence[float]) -> Point:
        return self.origin[0] + point[0] * self.scale, self.origin[1] - point[1] * self.scale

    def add(self, tag: str, **attributes: object) -> None:
        words = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in attributes.items() if v is not None)
        self.items.append(f"<{tag} {words}/>")

    def area(
        self, ring: Iterable[Sequence[float]], fill: str, opacity: float = 0.18, **style: object
    ) -> None:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, ring))
        self.add("polygon", points=points, fill=fill, fill_opacity=opacity, **({"stroke": "none"} | style))

    def path(self, points: Iterable[Sequence[float]], colour: str, width: float = 2, **style: object) -> None:
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, points))
        self.add(
            "polyline", points=joined, fill="none", stroke=colour, stroke_width=width,
            stroke_linejoin="round", stroke_linecap="round", **style,
        )  # fmt: skip

    def box(self, low: Point, high: Point, fill: str, opacity: float = 0.18, **style: object) -> None:
        self.area([low, (high[0], low[1]), high, (low[0], high[1])], fill, opacity, **style)

    def dot(self, point: Point, colour: str, radius: float = 5) -> None:
        x, y = self.at(point)
        self.add(
            "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=radius, fill=colour, stroke=GROUND, stroke_width=1.5
        )

    def mark(
        self, point: Point, text: str, colour: str = INK, size: float = 14, anchor: str = "middle"
    ) -> None:
        """Write at a place of the world, on a halo, so that lines beneath do not hurt."""
        x, y = self.at(point)
        self.text(x, y + size * 0.36, text, colour=colour, size=size, anchor=anchor, bold=True, halo=True)

    def text(
        self, x: float, y: float, words: str, *, colour: str = INK, size: float = 14,
        anchor: str = "start", bold: bool = False, halo: bool = False, mono: bool = False,
    ) -> None:  # fmt: skip
        style = f' stroke="{GROUND}" stroke-width="4" paint-order="stroke"' if halo else ""
        weight = ' font-weight="600"' if bold else ""
        family = (
            " font-family=\"'DejaVu Sans Mono',Consolas,'Noto Sans Mono CJK SC',monospace\"" if mono else ""
        )
        self.items.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
            f'{weight}{family}{style} xml:space="preserve">{escape(words)}</text>'
        )

    def say(
        self, x: float, y: float, zh: str, en: str, *, size: float = 14, bold: bool = False, colour: str = INK,
        anchor: str = "start",
    ) -> None:  # fmt: skip
        """Chinese, and English beneath."""
        self.text(x, y, zh, size=size, bold=bold, colour=colour, anchor=anchor)
        self.text(x, y + size * 1.2, en, size=size * 0.82, colour=SOFT, anchor=anchor)

    def save(self) -> None:
        width, height = self.size
        body = "\n".join(self.items)
        text = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="{FONT}" role="img">\n<title>{escape(self.title)}</title>\n'
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" fill="{GROUND}" '
            f'stroke="{LINE}"/>\n{body}\n</svg>\n'
        )
        (HERE / f"engine-{self.name}.svg").write_text(text, "utf-8")


def number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


# --- one cell ----------------------------------------------------------------------------------------

SIDE = 4.0
NAMES = ("A", "B", "R", "C")
COLOURS = (BLUE, GREEN, RED, GREY)
LOWER = [(-3, -3), (7, -3), (7, 2.0), (2.6, 2.2), (1.2, 1.2), (-3, 1.8)]
UPPER = [(-3, 1.8), (1.2, 1.2), (2.6, 2.2), (7, 2.0), (7, 7), (-3, 7)]
RESERVE = [(0.4, 6), (1.2, 2.7), (3.0, 3.1), (2.8, 6)]


def one_cell() -> tuple[Index, int]:
    """Four zones in three layers, and the cell from (0, 0) to (4, 4)."""
    layers = [[LOWER, UPPER], [RESERVE], [[(-3, -3), (7, -3), (7, 7), (-3, 7)]]]
    index = Index.build(
        [Shapes.of([shapely.Polygon(z) for z in layer]) for layer in layers], PLANE, cell=SIDE
    )
    x0, y0 = index.grid.frame[:2]
    return index, int(round(-x0 / SIDE) * index.grid.extent[1] + round(-y0 / SIDE))


def draw_cell(sheet: Sheet) -> None:
    whole = shapely.box(0, 0, SIDE, SIDE)
    for ring, colour in ((LOWER, BLUE), (UPPER, GREEN), (RESERVE, RED)):
        part = shapely.intersection(shapely.Polygon(ring), whole)
        sheet.area(shapely.get_coordinates(part)[:-1], colour, 0.16)
    sheet.box((0, 0), (SIDE, SIDE), "none", stroke=INK, stroke_width=1.5)


def pieces(index: Index, k: int) -> list[tuple[float, float, float, float, int, int, bool]]:
    grid = index.grid
    return [
        (*map(float, grid.piece[j]), int(grid.side[j, 0]), int(grid.side[j, 1]), bool(is_roof(grid, j)))
        for j in range(grid.cell[k, 0], grid.cell[k + 1, 0])
    ]


def name(zone: int, sign: str) -> str:
    return "" if zone == NOTHING else f"{sign}{NAMES[zone]}"


def figure_cell() -> None:
    index, k = one_cell()
    grid = index.grid
    sheet = Sheet("cell", 900, 520, "一个网格单元里存的全部内容", "All that one cell of the grid holds")
    sheet.frame(40, 480, 100)
    draw_cell(sheet)
    table = pieces(index, k)
    lift = 0.0
    for number_, (x1, x2, y1, rise, below, above, roof) in enumerate(table, 1):
        colour = COLOURS[below if below != NOTHING else above]
        if roof:
            lift += 0.07
            sheet.path([(x1, SIDE + lift), (x2, SIDE + lift)], colour, 5, stroke_dasharray="10 6")
            sheet.mark((x2 + 0.14, SIDE + lift + 0.05 * (lift > 0.1)), str(number_), colour, 13)
            continue
        x = [x1, x2] if x1 < x2 else [x1, x1]
        y = [y1, y1 + (rise * (x2 - x1) if x1 < x2 else rise)]
        both = NOTHING not in (below, above)
        sheet.path(zip(x, y, strict=True), INK if both else colour, 3)
        middle = (sum(x) / 2, sum(y) / 2)
        sheet.mark(middle, str(number_), INK, 13)
        # a unit step from the piece to what lies above it
        length = math.hypot(1, rise)
        step = (-rise / length * 0.3, 1 / length * 0.27)
        if above != NOTHING:
            sheet.mark((middle[0] + step[0], middle[1] + step[1]), name(above, "−"), COLOURS[above], 14)
        if below != NOTHING:
            sheet.mark((middle[0] - step[0], middle[1] - step[1]), name(below, "+"), COLOURS[below], 14)
    for where, zone in (((0.45, 0.4), 0), ((0.45, 3.4), 1), ((2.0, 3.55), 2)):
        sheet.mark(where, NAMES[zone], COLOURS[zone], 22)

    x, y = 500, 96
    sheet.say(x, y, "整格标签：盖住整个单元的分区", "Full labels: zones that cover the whole cell", bold=True)
    full = [NAMES[z] for z in grid.full[grid.cell[k, 1] : grid.cell[k + 1, 1]]]
    sheet.text(x + 12, y + 42, ", ".join(full), colour=GREY, size=17, bold=True)
    y += 84
    sheet.say(
        x,
        y,
        "边段：下方分区 +1，上方分区 −1",
        "Pieces: +1 for the zone below, −1 for the zone above",
        bold=True,
    )
    sheet.text(x + 12, y + 42, " #   x1    x2    y1    rise   below above", size=12.5, colour=SOFT, mono=True)
    for i, (x1, x2, y1, rise, below, above, roof) in enumerate(table, 1):
        line = f"{i:2d} {x1:5.2f} {x2:5.2f} {y1:5.2f} {rise:7.2f}   {name(below, '+') or '·':>4}  {name(above, '−') or '·':>4}"
        sheet.text(x + 12, y + 42 + 18 * i, line + ("  roof" if roof else ""), size=12.5, mono=True)
    y += 42 + 18 * len(table) + 34
    sheet.say(
        x, y, "预求的面积：有边界在此的分区", "Pre-summed areas of zones with a boundary here", bold=True
    )
    span = range(grid.cell[k, 2], grid.cell[k + 1, 2])
    sums = {NAMES[grid.sum_zone[i]]: float(grid.sum_area[i]) for i in span}
    for ring, letter in ((LOWER, "A"), (UPPER, "B"), (RESERVE, "R")):
        truth = shapely.intersection(shapely.Polygon(ring), shapely.box(0, 0, SIDE, SIDE)).area
        assert math.isclose(sums[letter], truth, rel_tol=1e-12)
    sheet.text(x + 12, y + 42, "   ".join(f"{n} {v:.4f}" for n, v in sums.items()), size=13.5, mono=True)
    sheet.say(
        x,
        y + 80,
        "虚线是顶边（roof）：分区从单元上边伸下来",
        "Dashed: roofs, where a zone reaches in through the top",
    )
    sheet.save()


def figure_points() -> None:
    index, k = one_cell()
    sheet = Sheet(
        "points",
        900,
        490,
        "点在分区里 ⇔ 它上方的边段之和为 1",
        "A point is in a zone ⇔ the pieces above it sum to one",
    )
    sheet.frame(40, 462, 90)
    draw_cell(sheet)
    table = pieces(index, k)
    lift = 0.0
    for x1, x2, y1, rise, below, above, roof in table:
        lift += 0.07 if roof else 0
        colour = INK if NOTHING not in (below, above) else COLOURS[max(below, above)]
        y = y1 + lift if roof else y1
        end = (x2, y + rise * (x2 - x1)) if x1 < x2 else (x1, y + rise)
        sheet.path([(x1, y), end], colour, 5 if roof else 2.5, stroke_dasharray="10 6" if roof else None)
    for column, (letter, place) in enumerate((("P", (2.2, 0.8)), ("Q", (1.8, 3.35)))):
        top = (place[0], SIDE + 0.24)
        sheet.path([place, top], PROJECT, 2, stroke_dasharray="2 5")
        sheet.dot(place, PROJECT, 6)
        sheet.mark((place[0] - 0.22, place[1]), letter, PROJECT, 17)
        x, y = 480 + 205 * column, 96
        sheet.say(x, y, f"{letter} 上方，自上而下", f"above {letter}, from the top", bold=True)
        total = dict.fromkeys("ABR", 0)
        y += 30
        met = [
            (piece, piece[2] + piece[3] * (place[0] - piece[0]))
            for piece in table
            if piece[0] <= place[0] < piece[1] and piece[2] + piece[3] * (place[0] - piece[0]) > place[1]
        ]
        for piece, _ in sorted(met, key=lambda item: -item[1]):
            y += 22
            words = f"{name(piece[4], '+') or '':3s} {name(piece[5], '−') or '':3s}"
            sheet.text(x + 8, y, words, size=15, mono=True)
            sheet.text(x + 90, y, "顶边 roof" if piece[6] else "边界 boundary", size=12.5, colour=SOFT)
            for zone, sign in ((piece[4], 1), (piece[5], -1)):
                if zone != NOTHING:
                    total[NAMES[zone]] += sign
        y = 262
        sheet.say(x, y, "合计", "sum", bold=True)
        for zone, value in total.items():
            y += 24
            inside = value == 1
            words = f"{zone}  {value}"
            sheet.text(
                x + 8, y + 16, words, size=16, mono=True, colour=COLOURS[NAMES.index(zone)], bold=inside
            )
            sheet.text(x + 70, y + 16, "在内 inside" if inside else "不在 not inside", size=12.5, colour=SOFT)
        _, zones = index.points(np.array([place]))
        found = {NAMES[z] for z in zones} - {"C"}
        assert found == {zone for zone, value in total.items() if value == 1}
    sheet.say(480, 412, "C 是整格标签，不必数", "C is a full label: nothing to count")
    sheet.save()


# --- areas -------------------------------------------------------------------------------------------

WEST, EAST = shapely.box(0, 1, 2, 3), shapely.box(2, 1, 4, 3)
TRIANGLE = shapely.Polygon([(1, 1.5), (3, 1.5), (3, 3.5)])


def figure_area() -> None:
    index = Index.build([Shapes.of([WEST, EAST])], PLANE, cell=4.0)
    sizes = index.areas(Shapes.of([TRIANGLE])).size.tolist()
    assert np.allclose(sizes, [0.5, 1.375], rtol=1e-15)
    sheet = Sheet(
        "area",
        1020,
        500,
        "重叠面积 = 四块带符号的“两线之下”",
        "Shared area = four signed regions below both of two lines",
    )
    sheet.frame(40, 300, 52)
    sheet.box((0, 0), (4, 4), "none", stroke=LINE)
    for zone, colour, letter, where in ((WEST, BLUE, "A", (0.4, 2.6)), (EAST, GREEN, "B", (3.6, 2.6))):
        sheet.area(shapely.get_coordinates(zone)[:-1], colour, 0.14, stroke=colour, stroke_width=2)
        sheet.mark(where, letter, colour, 17)
    sheet.area(shapely.get_coordinates(TRIANGLE)[:-1], PROJECT, 0.25, stroke=PROJECT, stroke_width=2.5)
    sheet.mark((3.45, 3.5), "F", PROJECT, 17)
    sheet.say(
        40, 338, "用地 F：上边 a₊（y = x + 0.5），下边 a₋（y = 1.5）", "footprint F: above it a₊, below it a₋"
    )
    sheet.say(40, 384, "分区 B：上边 b₊（y = 3），下边 b₋（y = 1）", "zone B: above it b₊, below it b₋")

    upper, lower, top, foot = (lambda x: x + 0.5), (lambda _: 1.5), (lambda _: 3.0), (lambda _: 1.0)
    panels = (
        ("+", "a₊", "b₊", upper, top), ("−", "a₋", "b₊", lower, top),
        ("−", "a₊", "b₋", upper, foot), ("+", "a₋", "b₋", lower, foot),
    )  # fmt: skip
    total = 0.0
    for i, (sign, left, right, a, b) in enumerate(panels):
        sheet.frame(384 + 158 * i, 300, 34)
        sheet.box((0, 0), (4, 4), "none", stroke=LINE)
        stops = sorted({2.0, 3.0, *([2.5] if a is upper and b is top else [])})
        under = [(x, min(a(x), b(x))) for x in stops]
        sheet.area([(2, 0), *under, (3, 0)], GREEN if sign == "+" else RED, 0.38)
        sheet.path([(1, a(1)), (3, a(3))], PROJECT, 3)
        sheet.path([(2, b(2)), (4, b(4))], GREEN, 3)
        value = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(under))
        total += value if sign == "+" else -value
        x, _ = sheet.at((2, 0))
        sheet.text(
            x,
            330,
            f"{sign} {number(value)}",
            size=20,
            anchor="middle",
            bold=True,
            colour=GREEN if sign == "+" else RED,
        )
        sheet.text(x, 354, f"∫ min({left}, {right}) dx", size=13, anchor="middle", colour=SOFT)
    assert math.isclose(total, sizes[1])
    sheet.text(
        690, 405, f"2.875 − 1.5 − 1 + 1 = {number(total)} = |F ∩ B|", size=18, anchor="middle", bold=True
    )
    sheet.say(
        40, 452, "两线交叉只让 min 换一条线：面积随坐标连续变化，相接、共线、重合都不是特例",
        "Where the lines cross, min changes lines: the area is continuous in the coordinates; touching, collinear and equal lines need no case",
        size=14.5,
    )  # fmt: skip
    sheet.save()


# --- a footprint over the grid ------------------------------------------------------------------------


def figure_grid() -> None:
    rng = random.Random(11)  # noqa: S311 - a picture
    wide, high = 18, 10
    seeds = [(rng.uniform(0, wide), rng.uniform(0, high)) for _ in range(9)]
    frame = shapely.box(0, 0, wide, high)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=frame))
    zones = [shapely.intersection(c, frame) for c in cells]
    turns = [2 * math.pi * i / 13 for i in range(13)]
    reach = [3.3 + 1.1 * math.sin(3 * t + 0.6) + 0.35 * math.cos(7 * t) for t in turns]
    query = shapely.Polygon(
        [(9 + 1.65 * r * math.cos(t), 5 + r * math.sin(t)) for r, t in zip(reach, turns, strict=True)]
    )
    index = Index.build([Shapes.of(zones)], PLANE, cell=1.0)
    found = index.areas(Shapes.of([query]))
    for zone, size in zip(found.zone.tolist(), found.size.tolist(), strict=True):
        assert math.isclose(size, shapely.intersection(query, zones[zone]).area, rel_tol=1e-9)
    sheet = Sheet(
        "grid",
        990,
        560,
        "用地压在网格上：只有边界单元要积分",
        "A footprint over the grid: only its boundary cells are integrated",
    )
    sheet.frame(30, 470, 39)
    edge, inner, plain = 0, 0, 0
    grid = index.grid
    for c in range(wide):
        for r in range(high):
            cell = shapely.box(c, r, c + 1, r + 1)
            number_of = int(round(c - grid.frame[0]) * grid.extent[1] + round(r - grid.frame[1]))
            if shapely.intersects(shapely.boundary(query), cell):
                edge += 1
                sheet.box((c, r), (c + 1, r + 1), PROJECT, 0.34)
            elif shapely.covers(query, cell):
                inner += 1
                labelled = grid.cell[number_of, 0] == grid.cell[number_of + 1, 0]
                plain += labelled
                sheet.box((c, r), (c + 1, r + 1), BLUE, 0.2 if labelled else 0.42)
    for c in range(wide + 1):
        sheet.path([(c, 0), (c, high)], LINE, 0.8)
    for r in range(high + 1):
        sheet.path([(0, r), (wide, r)], LINE, 0.8)
    for zone in zones:
        sheet.path(shapely.get_coordinates(zone), INK, 1.6)
    sheet.path(shapely.get_coordinates(query), PROJECT, 3.2)
    x = 752
    for y, fill, opacity, count, zh, en, zh2, en2 in (
        (
            104,
            PROJECT,
            0.34,
            edge,
            "用地边界经过的单元",
            "cells an edge of it crosses",
            "逐对积分",
            "integrate pairs of pieces",
        ),
        (
            224,
            BLUE,
            0.42,
            inner - plain,
            "内部，有分区边界",
            "inner, with zone boundaries",
            "加上预求的面积",
            "add the pre-summed areas",
        ),
        (
            344,
            BLUE,
            0.2,
            plain,
            "内部，没有边界",
            "inner, without boundaries",
            "加上整格标签",
            "add the full label",
        ),
    ):
        sheet.add("rect", x=x, y=y - 15, width=20, height=20, fill=fill, fill_opacity=opacity, stroke=LINE)
        sheet.text(x + 30, y + 1, str(count), size=18, bold=True)
        sheet.say(x, y + 28, zh, en, size=13.5)
        sheet.say(x, y + 64, zh2, en2, size=13.5)
    sheet.say(
        30, 506, f"用地面积 {query.area:.6f}，各分区份额之和 {found.size.sum():.6f}，{len(found.zone)} 个分区，逐个等于 GEOS 求交的面积",
        f"footprint {query.area:.6f}, its {len(found.zone)} shares add up to {found.size.sum():.6f}; each equals the area of a GEOS intersection",
        size=14.5,
    )  # fmt: skip
    sheet.save()


# --- dense cells --------------------------------------------------------------------------------------


def figure_strips() -> None:
    rng = random.Random(5)  # noqa: S311 - a picture
    zones, lines = [], []
    previous = [(-1.0, -1.0), (5.0, -1.0)]
    for level in (0.7, 1.7, 2.7, 3.5):
        line = [(-1.0, level)]
        x = -1.0
        while x < 4.9:
            x += rng.uniform(0.08, 0.22)
            line.append((min(x, 5.0), level + 0.24 * math.sin(3.1 * x + level) + rng.uniform(-0.1, 0.1)))
        line[-1] = (5.0, level)
        zones.append(shapely.Polygon([*previous, *reversed(line)]))
        lines.append(line)
        previous = line
    index = Index.build([Shapes.of(zones)], PLANE, cell=4.0)
    grid = index.grid
    k = int(round(-grid.frame[0] / SIDE) * grid.extent[1] + round(-grid.frame[1] / SIDE))
    count = int(grid.cell[k + 1, 0] - grid.cell[k, 0])
    parts = 1 << int(grid.cell[k, 3] & 63)
    place = (2.55, 1.0)
    low, high = pieces_between(grid, k, place[0], place[0])
    sheet = Sheet("strips", 900, 470, "密集的单元再切成竖条", "A dense cell is cut into strips")
    sheet.frame(40, 440, 90)
    width = SIDE / parts
    strip = int(place[0] / width)
    for i in range(parts):
        sheet.box(
            (i * width, 0),
            ((i + 1) * width, SIDE),
            PROJECT if i == strip else BLUE,
            0.26 if i == strip else 0.05 + 0.06 * (i % 2),
        )
    whole = shapely.box(0, 0, SIDE, SIDE)
    for line in lines:
        for part in shapely.get_parts(shapely.intersection(shapely.LineString(line), whole)):
            sheet.path(shapely.get_coordinates(part), INK, 1.8)
    sheet.box((0, 0), (SIDE, SIDE), "none", stroke=INK, stroke_width=1.5)
    sheet.path([place, (place[0], SIDE)], PROJECT, 2, stroke_dasharray="2 5")
    sheet.dot(place, PROJECT, 6)
    x = 470
    sheet.say(
        x,
        110,
        f"{count} 个边段（含竖条之间的重复），{parts} 条",
        f"{count} pieces (with those cut by strips), {parts} strips",
        size=16,
        bold=True,
    )
    sheet.say(
        x,
        176,
        f"这个点只读橙色的一条：{high - low} 个边段",
        f"this point reads the orange strip alone: {high - low} pieces",
        size=16,
        bold=True,
    )
    sheet.say(
        x,
        250,
        "一个单元的边段达到 48 个就切，每条约 12 个，至多 256 条",
        "cut from 48 pieces on, about 12 a strip, at most 256 strips",
    )
    sheet.say(
        x,
        304,
        "每条自成一体，连同它的顶边：点、线、面的内核不必改",
        "each strip is self-contained, with its own roofs: no kernel changes",
    )
    sheet.save()


# --- depth --------------------------------------------------------------------------------------------


def figure_depth() -> None:
    zone = shapely.Polygon([(0, 0), (60, -4), (88, 18), (84, 46), (52, 40), (30, 56), (4, 40)])
    footprint = shapely.Polygon([(38, 8), (118, 2), (112, 52), (66, 64), (44, 44)])
    index = Index.build([Shapes.of([zone])], PLANE, cell=32.0)
    told = float(index.depths(Shapes.of([footprint]), 0, np.array([0], np.int32))[0])
    shared = shapely.intersection(zone, footprint)
    wall = shapely.boundary(zone)
    sheet = Sheet(
        "depth",
        980,
        480,
        "边界裕度：最深的共有点，用分枝定界找",
        "Margin: the deepest shared point, by branch and bound",
    )
    sheet.frame(40, 430, 5.2)
    best, deepest = 0.0, (0.0, 0.0)
    west, south = np.maximum(shapely.bounds(zone), shapely.bounds(footprint))[:2]
    east, north = np.minimum(shapely.bounds(zone), shapely.bounds(footprint))[2:]
    looked = dropped = 0
    for vertex in map(shapely.Point, shapely.get_coordinates(footprint)):  # a good start drops more squares
        if shapely.covers(zone, vertex) and (d := float(shapely.distance(vertex, wall))) > best:
            best, deepest = d, (vertex.x, vertex.y)
    stack = [((west + east) / 2, (south + north) / 2, max(east - west, north - south) / 2)]
    squares: list[tuple[float, float, float, str, float]] = []
    enough = lambda: best + max(MARGIN_ABSOLUTE_M, MARGIN_RELATIVE * best)  # noqa: E731
    while stack:
        x, y, half = stack.pop()
        looked += 1
        middle, r = shapely.Point(x, y), half * math.sqrt(2)
        d = shapely.distance(middle, wall)
        inside = shapely.covers(shared, middle)
        if d + r <= enough():
            dropped += 1
            squares.append((x, y, half, GREY, 0.22))
            continue
        if not inside and shapely.distance(middle, shared) > r:
            squares.append((x, y, half, LINE, 0.25))
            continue
        if inside and d > best:
            best, deepest = d, (x, y)
            if d + r <= enough():
                squares.append((x, y, half, GREEN, 0.5))
                continue
        stack += [(x + sx * half / 2, y + sy * half / 2, half / 2) for sx in (-1, 1) for sy in (-1, 1)]
    truth = max(
        shapely.distance(shapely.Point(x, y), wall)
        for x in np.arange(west, east, 0.25)
        for y in np.arange(south, north, 0.25)
        if shapely.covers(shared, shapely.Point(x, y))
    )
    allowed = max(MARGIN_ABSOLUTE_M, MARGIN_RELATIVE * truth) + 0.2
    assert abs(told - truth) <= allowed, (told, truth)
    assert abs(best - truth) <= allowed, (best, truth)
    for x, y, half, colour, opacity in squares:
        sheet.box((x - half, y - half), (x + half, y + half), colour, opacity, stroke=SOFT, stroke_width=0.5)
    sheet.area(shapely.get_coordinates(zone)[:-1], RED, 0.06, stroke=RED, stroke_width=3)
    sheet.area(shapely.get_coordinates(footprint)[:-1], PROJECT, 0.06, stroke=PROJECT, stroke_width=3)
    at = sheet.at(deepest)
    sheet.add(
        "circle",
        cx=f"{at[0]:.1f}",
        cy=f"{at[1]:.1f}",
        r=f"{best * sheet.scale:.1f}",
        fill="none",
        stroke=INK,
        stroke_width=1.6,
        stroke_dasharray="6 5",
    )
    sheet.dot(deepest, INK, 5)
    sheet.mark((10, 12), "Z", RED, 20)
    sheet.mark((103, 40), "F", PROJECT, 20)
    sheet.mark((deepest[0] - 6, deepest[1]), f"{told:.1f} m", INK, 15)
    x = 680
    sheet.say(x, 120, "方块中心距界线 d，半对角线 r：", "a square with middle at d and half-diagonal r")
    sheet.say(x, 164, "里面没有比 d + r 更深的点", "holds nothing deeper than d + r", bold=True)
    sheet.say(
        x,
        222,
        f"共看 {looked} 个方块，{dropped} 个因此不再细分",
        f"{looked} squares looked at, {dropped} dropped for it",
    )
    sheet.say(x, 280, "精度：1% 或 5 cm，取较大者", "found to 1 % or 5 cm, whichever is larger")
    sheet.say(x, 338, "F 的裕度：Z 的界线要后退这么多，", "the margin: Z would have to recede")
    sheet.say(x, 380, f"重叠才会消失（{told:.1f} m）", f"this far ({told:.1f} m) for the overlap to vanish")
    sheet.save()


if __name__ == "__main__":
    for figure in (figure_cell, figure_points, figure_area, figure_grid, figure_strips, figure_depth):
        figure()

"""Names on the map: placed greedily, the most important first, on a raster of what is still free.

Every label comes with a region its middle has to lie in. It takes the free place with most of its box inside
the region and nearest to the region's middle; where there is none, it is left out. Nothing depends on chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.report.frame import Frame, tenth
from sanxian.report.markup import Markup, tag
from sanxian.report.signs import Pen, classes

CELL: Final = 6.0  # units a cell of the raster


class Label(NamedTuple):
    """A name and where it may stand."""

    lines: tuple[str, ...]
    css: str
    region: BaseGeometry  # its middle has to lie in here
    scale: float = 1.0  # size relative to the ordinary label
    spread: float = 0.0  # extra space between characters, in ems
    short: str = ""  # what stands there instead where the whole has no room, "" for nothing


def name_lines(name: str) -> tuple[str, ...]:
    """Return a long name in two lines, cut after the county when it starts with one.

    Examples
    --------
    >>> name_lines("大通回族土族自治县水源涵养优先保护单元")
    ('大通回族土族自治县', '水源涵养优先保护单元')
    """
    if width(name) <= 9:
        return (name,)
    cuts = [i + 1 for i, character in enumerate(name[:-3]) if character in "县市区旗会 " and i >= 2]
    middle = len(name) / 2
    cut = min(cuts, key=lambda i: abs(i - middle), default=math.ceil(middle))
    return (name[:cut].strip(), name[cut:].strip())


_WIDTHS: Final = {
    **dict.fromkeys("ABCDEFGHKNOPQRSUVXYZ&%", 0.68),
    **dict.fromkeys("MWmw@", 0.92),
    **dict.fromkeys("fijlrtI.,:;'|!()[] \u202f", 0.36),
}


def width(text: str) -> float:
    """Return about how wide a text is, in ems; rather too wide than too narrow."""
    return sum(
        1.0 if ord(character) > 0x2E7F or character in "“”‘’…—·" else _WIDTHS.get(character, 0.58)
        for character in text
    )


class _Raster:
    """Which cells of the frame are taken."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.columns, self.rows = int(frame.width // CELL), int(frame.height // CELL)
        self.x = frame.left + (np.arange(self.columns) + 0.5) * CELL
        self.y = frame.top + (np.arange(self.rows) + 0.5) * CELL
        self.taken = np.zeros((self.rows, self.columns), dtype=bool)

    def mask(self, region: BaseGeometry) -> NDArray[np.bool_]:
        """Return the cells whose middle lies in ``region``."""
        shapely.prepare(region)
        grid_x, grid_y = np.meshgrid(self.x, self.y)
        return np.asarray(shapely.contains_xy(region, grid_x, grid_y), dtype=np.bool_)

    def boxes(self, values: NDArray[np.bool_], half_w: int, half_h: int) -> NDArray[np.int64]:
        """Return, for every cell, how many true cells a box around it holds (a summed-area table)."""
        sums = np.zeros((self.rows + 1, self.columns + 1), dtype=np.int64)
        sums[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
        top = np.clip(np.arange(self.rows) - half_h, 0, self.rows)[:, None]
        bottom = np.clip(np.arange(self.rows) + half_h + 1, 0, self.rows)[:, None]
        left = np.clip(np.arange(self.columns) - half_w, 0, self.columns)[None, :]
        right = np.clip(np.arange(self.columns) + half_w + 1, 0, self.columns)[None, :]
        counts: NDArray[np.int64] = (
            sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        )
        return counts

    def place(self, mask: NDArray[np.bool_], half_w: int, half_h: int) -> tuple[int, int] | None:
        """Return the best free cell (row, column) for a box, or ``None``.

        Its middle lies in the mask; of those, the one with most of the box inside the mask, then the one
        nearest to the middle of the mask.
        """
        free: NDArray[np.bool_] = mask & (self.boxes(self.taken, half_w, half_h) == 0)
        free[:half_h, :] = free[self.rows - half_h :, :] = False
        free[:, :half_w] = free[:, self.columns - half_w :] = False
        if not free.any():
            return None
        row, column = np.nonzero(mask)
        distance = np.hypot(
            *np.meshgrid(np.arange(self.columns) - column.mean(), np.arange(self.rows) - row.mean())
        )
        inside = self.boxes(mask, half_w, half_h) / ((2 * half_w + 1) * (2 * half_h + 1))
        score = np.where(free, np.round(inside, 2) * 1000.0 - distance, -np.inf)
        best = int(np.argmax(score))
        return best // self.columns, best % self.columns

    def take(self, row: int, column: int, half_w: int, half_h: int) -> None:
        """Mark a box as taken."""
        self.taken[max(0, row - half_h) : row + half_h + 1, max(0, column - half_w) : column + half_w + 1] = (
            True
        )


def place(
    labels: Sequence[Label],
    frame: Frame,
    size: float,
    keep_clear: Sequence[BaseGeometry],
    pen: Pen = classes,
) -> list[Markup]:
    """Return the labels there is room for, the first ones first.

    Parameters
    ----------
    labels : sequence of Label
        By importance.
    frame : Frame
    size : float
        Size of an ordinary label, in units.
    keep_clear : sequence of shapes
        What no label may cover, in units.
    pen : Pen
        From the class of a label to its attributes.
    """
    raster = _Raster(frame)
    for shape in keep_clear:
        raster.taken |= raster.mask(shape)
    placed: list[Markup] = []
    names: set[tuple[str, ...]] = set()
    for label in labels:
        if label.lines in names:
            continue  # a river in pieces, a red line in many polygons: one name is enough
        font = size * label.scale
        mask = raster.mask(label.region)
        for lines in (label.lines, (label.short,)):
            if not "".join(lines).strip():
                continue
            wide = max(width(line) * (1 + label.spread) for line in lines) * font
            half_w = math.ceil((wide / 2 + 2) / CELL - 0.5)
            half_h = math.ceil((len(lines) * font * 0.6 + 2) / CELL - 0.5)
            cell = raster.place(mask, half_w, half_h)
            if cell is not None:
                raster.take(*cell, half_w, half_h)
                names.add(label.lines)
                spot = float(raster.x[cell[1]]), float(raster.y[cell[0]])
                placed.append(_label(lines, label.css, *spot, font, pen))
                break
    return placed


def _label(lines: Sequence[str], css: str, x: float, y: float, font: float, pen: Pen) -> Markup:
    first = y - (len(lines) - 1) * font * 0.6 + font * 0.36
    spans = [tag("tspan", line, x=tenth(x), y=tenth(first + i * font * 1.2)) for i, line in enumerate(lines)]
    return tag("text", spans, **pen(css), font_size=f"{font:g}")

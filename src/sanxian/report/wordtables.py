"""Tables of a Word document, plain enough to be pasted into any other: one grid, fixed widths, no merged cell."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sanxian.model import Outcome
from sanxian.report import manuscript
from sanxian.report.manuscript import Text, plain
from sanxian.report.packing import SIGNS, fit
from sanxian.report.wordstyles import CELL_MARGINS, COLOURS, GRID, HEAD_FILL
from sanxian.report.wordtext import add, element, graft, qualified, write

TWIPS: Final = 1440 / 25.4  # twentieths of a point in a millimetre
_SHORT: Final = 14  # lines; a taller row may go on overleaf
_LETTER_MM: Final = 1.62  # half the width of a Chinese character of a table
_PADDING_MM: Final = 3.0  # of a cell, both sides
_DOUBLE: Final = re.compile("[\u2e80-\U0010ffff]")  # twice as wide as a Latin letter


class Cell(NamedTuple):
    """A cell ready to be set."""

    paragraphs: tuple[Text, ...]
    outcome: Outcome | None = None
    label: bool = False  # of the row or column, on a ground of its own


def signed(cell: manuscript.Cell) -> Cell:
    """Return a cell of a manuscript, with the sign of its outcome before its text."""
    if cell.outcome is None:
        return Cell(cell.paragraphs)
    first, *others = cell.paragraphs or ((),)
    sign = SIGNS[cell.outcome]
    return Cell(((*plain(f"{sign}\u00a0" if first else sign), *first), *others), cell.outcome)


class Grid:
    """A table as wide as the text, whose columns stay as wide as they are made.

    Parameters
    ----------
    shares : sequence of float
        Of the width, by column.
    width_mm : float
        Of the whole table.
    title : str, default ""
        What the table shows, for those who do not see it.
    """

    def __init__(self, shares: Sequence[float], width_mm: float, title: str = "") -> None:
        ends = [sum(shares[:i]) / sum(shares) * width_mm * TWIPS for i in range(len(shares) + 1)]
        self._widths = [round(ends[i + 1]) - round(ends[i]) for i in range(len(shares))]
        self.element: Any = element("w:tbl")
        properties = add(self.element, "w:tblPr")
        add(properties, "w:tblStyle", val="ReportTable")
        add(properties, "w:tblW", w=sum(self._widths), type="dxa")
        add(properties, "w:jc", val="center")
        graft(properties, GRID)  # stays where the table is pasted without its style
        add(properties, "w:tblLayout", type="fixed")
        graft(properties, CELL_MARGINS)
        self._look = add(properties, "w:tblLook", val="0400", firstRow=0, lastRow=0, firstColumn=0, lastColumn=0, noHBand=0, noVBand=1)  # fmt: skip
        if title:
            add(properties, "w:tblCaption", val=fit(title))
        columns = add(self.element, "w:tblGrid")
        for width in self._widths:
            add(columns, "w:gridCol", w=width)

    def add_head(self, titles: Iterable[str]) -> None:
        """Append the row that is repeated on every page."""
        for key, value in (("val", "0420"), ("firstRow", "1")):
            self._look.set(qualified(f"w:{key}"), value)
        cells = [Cell((plain(title),), label=True) for title in titles]
        self._add_row(cells, "TableHead", (), ("cantSplit", "tblHeader"))

    def add_row(self, cells: Sequence[Cell], style: str = "TableText", aligned: Sequence[str] = ()) -> None:
        """Append a row; a short one stays on its page.

        Raises
        ------
        ValueError
            There are not as many cells as columns.
        """
        self._add_row(cells, style, aligned, ("cantSplit",) if self._lines(cells) <= _SHORT else ())

    def _add_row(
        self, cells: Sequence[Cell], style: str, aligned: Sequence[str], behaviour: Sequence[str]
    ) -> None:
        row = add(self.element, "w:tr")
        if behaviour:
            properties = add(row, "w:trPr")
            for name in behaviour:
                add(properties, f"w:{name}")
        for i, (cell, width) in enumerate(zip(cells, self._widths, strict=True)):
            made = add(row, "w:tc")
            shape = add(made, "w:tcPr")
            add(shape, "w:tcW", w=width, type="dxa")
            ground = HEAD_FILL if cell.label else "" if cell.outcome is None else COLOURS[cell.outcome][1]
            if ground:
                add(shape, "w:shd", val="clear", color="auto", fill=ground)
            if style == "TableHead":
                add(shape, "w:vAlign", val="center")
            for at, text in enumerate(cell.paragraphs or ((),)):
                line = add(made, "w:p")
                layout = add(line, "w:pPr")
                add(layout, "w:pStyle", val=style)
                if aligned and aligned[i] != "left":
                    add(layout, "w:jc", val=aligned[i])
                write(line, text, "" if cell.outcome is None or at else f"Outcome{cell.outcome.name}")

    def _lines(self, cells: Sequence[Cell]) -> int:
        """Return about how many lines a row takes."""
        most = 1
        for cell, width in zip(cells, self._widths, strict=True):
            room = max(1.0, (width / TWIPS - _PADDING_MM) / _LETTER_MM)
            lines = 0
            for text in cell.paragraphs:
                for line in "".join(run.text for run in text).split("\n"):
                    lines += max(1, math.ceil((len(line) + len(_DOUBLE.findall(line))) / room))
            most = max(most, lines)
        return most

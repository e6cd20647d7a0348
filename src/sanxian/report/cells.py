"""Cells and tables of a manuscript, written short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, TypeAlias

from sanxian.model import Outcome
from sanxian.report.manuscript import Cell, Column, Run, Style, Table, Text, plain

EMPTY: Final = "—"  # stands where there is nothing to say
BLANK: Final = Cell(((),))  # goes on with what the cell above says

Said: TypeAlias = str | Text | Cell | None


def strong(text: str) -> Text:
    """Return characters that stand out."""
    return plain(text, Style.STRONG)


def faint(text: str) -> Text:
    """Return characters of lesser weight."""
    return plain(text, Style.FAINT)


def code(text: str) -> Text:
    """Return a code or a digest."""
    return plain(text, Style.CODE)


def lines(text: Iterable[Run]) -> tuple[Text, ...]:
    r"""Return a text cut at its line breaks; empty lines go.

    Examples
    --------
    >>> [[run.text for run in line] for line in lines((Run("a\nb"), Run("c")))]
    [['a'], ['b', 'c']]
    """
    made: list[list[Run]] = [[]]
    for run in text:
        first, *rest = run.text.splitlines() or [""]
        for i, piece in enumerate((first, *rest)):
            if i:
                made.append([])
            if piece:
                made[-1].append(Run(piece, run.style))
        if run.text[-1:] in ("\n", "\r"):
            made.append([])
    return tuple(tuple(line) for line in made if line)


def cell(*paragraphs: str | Text | None, outcome: Outcome | None = None) -> Cell:
    """Return a cell; what is empty is left out, and an empty cell says so."""
    texts = (plain(p) if isinstance(p, str) else p or () for p in paragraphs)
    found = tuple(chain.from_iterable(lines(text) for text in texts))
    return Cell(found or (plain(EMPTY),), outcome)


def row(*said: Said) -> tuple[Cell, ...]:
    """Return a row of cells."""
    return tuple(s if isinstance(s, Cell) else cell(s) for s in said)


def columns(*named: tuple[str, int] | tuple[str, int, str]) -> tuple[Column, ...]:
    """Return columns from (title, weight[, align]); the weights become shares of the width."""
    whole = sum(column[1] for column in named)
    made = []
    for title, weight, *align in named:
        side = align[0] if align else "left"
        made.append(
            Column(
                title,
                weight / whole,
                "right" if side == "right" else "center" if side == "center" else "left",
            )
        )
    return tuple(made)


def table(
    caption: str,
    head: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
    *,
    note: str = "",
    sheet: str = "",
    outcomes: Sequence[Outcome | None] = (),
) -> Table:
    """Return a table."""
    return Table(caption, head, tuple(rows), faint(note), sheet, tuple(outcomes))

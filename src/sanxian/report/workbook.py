"""The tables of a report as an Excel workbook: conclusion and counts first, then every table that names a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Final

from sanxian.i18n import t
from sanxian.report import manuscript
from sanxian.report.manuscript import Manuscript, Verdict, words_of
from sanxian.report.packing import SIGNS, carrying, record_of
from sanxian.report.tables import Sheet, Table, as_workbook
from sanxian.report.wordstyles import COLOURS

__all__ = ["record_of", "render"]

_WIDTH: Final = 150  # characters, of a table whose columns share it
_NARROWEST: Final = 9


def render(made: Manuscript) -> bytes:
    """Return the tables of a report as ``.xlsx``; the same manuscript gives the same bytes.

    Every value is text, as the report words it: the figures have been rounded for people, and the record that the
    file carries has the exact ones.

    Raises
    ------
    NotInstalled
        openpyxl is missing.
    """
    day = date.fromisoformat(made.day)
    title = f"{made.title} {made.subject}".strip()
    sheets = [_summary(made), *_sheets(made)]
    return carrying(as_workbook(sheets, day, title=title), made.record, day)


def _summary(made: Manuscript) -> Sheet:
    def say(key: str) -> str:
        return t(f"layout.{key}", made.lang)

    verdicts = [block for block in made.blocks if isinstance(block, Verdict)]
    rows = [(label, words_of(value)) for label, value in made.identity]
    grounds: dict[tuple[int, int], tuple[str, str]] = {}
    for verdict in verdicts:
        grounds[len(rows), 1] = COLOURS[verdict.outcome]
        rows.append((say("conclusion"), f"{SIGNS[verdict.outcome]} {verdict.label}"))
        rows.append(("", verdict.sentence))
    identity = Table(
        title="",
        header=(say("item"), say("content")),
        rows=tuple(rows),
        widths=(24, 100),
        grounds=grounds,
        caption=made.title,
    )
    counts = [
        Table(
            title="",
            header=(say("outcome"), say("count")),
            rows=tuple((f"{SIGNS[outcome]} {label}", count) for outcome, label, count in verdict.counts),
            widths=(24, 100),
            grounds={(i, 0): COLOURS[outcome] for i, (outcome, _, _) in enumerate(verdict.counts)},
            formats={1: "#,##0"},
        )
        for verdict in verdicts
    ]
    notes = (made.mark, made.subject) if made.mark else (made.subject,)
    return Sheet(
        title=say("summary"),
        tables=(identity, *counts),
        notes=tuple(filter(None, notes)),
        running=made.mark or made.title,
    )


def _sheets(made: Manuscript) -> Iterator[Sheet]:
    """Yield the sheets in the order in which the report first names them."""
    order = {table.sheet: i for i, table in reversed(list(enumerate(made.tables)))}
    listed = sorted((table for table in made.tables if table.sheet), key=lambda table: order[table.sheet])
    for name, tables in groupby(listed, key=lambda table: table.sheet):
        yield Sheet(
            title=name,
            tables=tuple(_table(table) for table in tables),
            notes=(made.mark,) if made.mark else (),
            running=made.mark or made.title,
        )


def _table(table: manuscript.Table) -> Table:
    rows: list[tuple[str, ...]] = []
    grounds: dict[tuple[int, int], tuple[str, str]] = {}
    for cells in table.rows:
        for column, cell in enumerate(cells):
            if cell.outcome is not None:
                grounds[len(rows), column] = COLOURS[cell.outcome]
        rows.append(tuple(_words(cell) for cell in cells))
    note = words_of(table.note)
    return Table(
        title=table.sheet,
        header=tuple(column.title for column in table.columns),
        rows=tuple(rows),
        widths=tuple(max(_NARROWEST, round(column.share * _WIDTH)) for column in table.columns),
        grounds=grounds,
        caption=table.caption,
        below=(note,) if note else (),
    )


def _words(cell: manuscript.Cell) -> str:
    text = "\n".join(words_of(paragraph) for paragraph in cell.paragraphs)
    return text if cell.outcome is None else f"{SIGNS[cell.outcome]} {text}".rstrip()

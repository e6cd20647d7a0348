"""The manuscript: a report as blocks in reading order, before PDF, Word or Excel lays it out.

:mod:`~sanxian.report.conformity` writes one from a screening; ``pdf``, ``docx`` and ``workbook`` set it. They add
layout and nothing else, so no two formats can say different things. Everything here is plain text: whatever a
project or an edition holds reaches a format as characters, never as its markup.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from sanxian.model import Outcome
from sanxian.report.markup import Markup


class Style(enum.StrEnum):
    """How some characters are set."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"  # of lesser weight: sources, numbers of documents
    MARKED = "marked"  # the words of a clause that a rule stands for
    CODE = "code"  # codes and digests: never broken inside, figures of equal width


class Run(NamedTuple):
    """Characters of one style."""

    text: str
    style: Style = Style.PLAIN


Text: TypeAlias = tuple[Run, ...]


def plain(text: str, style: Style = Style.PLAIN) -> Text:
    """Return characters of one style as text; the empty text for none."""
    return (Run(text, style),) if text else ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 begins a section and is in the table of contents, as level 2 is."""

    text: str
    level: Literal[1, 2, 3] = 1
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: Text
    kind: Literal["body", "note", "warning"] = "body"


@dataclass(frozen=True, slots=True)
class Bullets:
    """Paragraphs of a list, numbered or not."""

    items: tuple[Text, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Labels and their values, such as the data of a project; laid out in one or two columns."""

    rows: tuple[tuple[str, Text], ...]
    columns: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The conclusion: the worst outcome, one sentence, and how many findings there are of each."""

    outcome: Outcome
    label: str
    sentence: str
    counts: tuple[tuple[Outcome, str, int], ...]  # worst first, with labels


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; several paragraphs stand below each other."""

    paragraphs: tuple[Text, ...]
    outcome: Outcome | None = None  # shown by its sign before the text, and never by colour alone


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    share: float  # of the width; the shares of a table add up to 1
    align: Literal["left", "right", "center"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its head is repeated on every page it reaches."""

    caption: str  # without a number: the format counts
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: Text = ()  # below the table
    sheet: str = ""  # of the workbook that holds it; "" = in no workbook
    outcomes: tuple[Outcome | None, ...] = ()  # of each row, where rows have one


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, complete with legend and scale, that needs no font or file but those of the report."""

    caption: str
    alt: str  # what it shows, for those who do not see it
    svg: Markup
    width_mm: float
    height_mm: float
    landscape: bool = False  # wants a page of its own across


Block: TypeAlias = Heading | Paragraph | Bullets | Fields | Verdict | Table | Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """A report, before it is laid out."""

    lang: str
    title: str  # of the kind of report
    subject: str  # what it is about: the name of the project
    identity: tuple[tuple[str, Text], ...]  # number, dates, edition, digest, code to verify
    mark: str = ""  # 示例数据，非官方: at the head of every page, in every sheet; "" = none
    footer: str = ""  # at the foot of every page
    blocks: tuple[Block, ...]
    day: str  # ISO date that files are dated by: of the record, never of the clock
    generator: str  # program and version
    keywords: tuple[str, ...] = ()
    record: bytes = field(default=b"", repr=False)  # canonical JSON of the screening, carried inside the file

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All drawings, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Figure))

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Table))


def words_of(text: Text | Sequence[Run]) -> str:
    """Return the characters of a text without its styles."""
    return "".join(run.text for run in text)

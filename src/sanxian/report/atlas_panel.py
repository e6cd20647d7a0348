"""What stands around the map of a sheet: its heading, the panel with locator and legend, sources at the foot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from sanxian.i18n import t
from sanxian.report import labels, legend, words
from sanxian.report import map as maps
from sanxian.report.content import Content
from sanxian.report.frame import tenth
from sanxian.report.legend import Entry
from sanxian.report.markup import Child, Markup, join, tag
from sanxian.report.signs import INK, SOFT, Pen, sign
from sanxian.report.view import Drawn, View

INDENT: Final = 36.0  # units: sign and gap before the words of an entry
NAME, NOTE, HEAD, FOOT = 10.0, 8.5, 9.5, 8.5
LINE: Final = 1.22  # of a line, relative to its size
FOOT_LINES: Final = 5
BELOW_WIDTH: Final = 210.0  # of a column of a legend below the map, about
_BLANKS: Final = re.compile(r"[^\S\u202f\u00a0]+")  # a number and its unit stay joined
NOT_FIRST: Final = frozenset("，。、；：？！）】》”’…·,.;:)")  # begin no line
AROUND_SHARE: Final = 0.5  # of the legend, at most, when there is more to say of what is hit
HEAD_ROOM: Final = 26.0  # of the head of a group


# --- text ------------------------------------------------------------------------------------


def wrapped(text: str, size: float, room: float, most: int) -> list[str]:
    """Return a text in at most ``most`` lines, none wider than ``room``; what does not fit ends in an ellipsis.

    Examples
    --------
    >>> wrapped("德令哈市城镇重点管控单元", 10, 70, 2)
    ['德令哈市城镇重', '点管控单元']
    >>> wrapped("a very long name of a place", 10, 70, 2)
    ['a very long', 'name of a…']
    """
    text = _BLANKS.sub(" ", text).strip()
    lines: list[str] = []
    while text and len(lines) < most:
        fits = _fitting(text, size, room)
        if fits < len(text):
            space = text.rfind(" ", 1, fits + 1)
            if space > 0 and text[fits - 1 : fits + 1].isascii():
                fits = space
            while fits > 1 and text[fits] in NOT_FIRST:
                fits -= 1
        lines.append(text[:fits].strip())
        text = text[fits:].strip()
    if text and lines:
        last = lines[-1]
        lines[-1] = last[: _fitting(last, size, room - size)] + "…"
    return lines


def _fitting(text: str, size: float, room: float) -> int:
    """Return how many characters fit, at least one."""
    used = 0.0
    for i, character in enumerate(text):
        used += labels.width(character) * size
        if used > room:
            return max(1, i)
    return len(text)


def _text(
    line: str, x: float, y: float, size: float, colour: str, *, bold: bool = False, end: bool = False
) -> Markup:
    return tag(
        "text",
        line,
        x=tenth(x),
        y=tenth(y),
        font_size=f"{size:g}",
        fill=colour,
        font_weight=700 if bold else None,
        text_anchor="end" if end else None,
    )


# --- heading and foot ------------------------------------------------------------------------


def heading(title: str, subject: str, mark: str, *, width: float) -> Markup:
    """Return the title of a sheet, what it is about, and the mark of synthetic data at the right."""
    box = labels.width(mark) * 10.0 + 14.0 if mark else 0.0
    begin = 1.0 + labels.width(title) * 15.0 + 12.0
    room = width - begin - box - 12.0
    shown = wrapped(subject, 11.0, room, 1) if room > 60 else []
    return join(
        _text(title, 1.0, 19.0, 15.0, INK, bold=True),
        [_text(line, begin, 19.0, 11.0, SOFT) for line in shown],
        join(
            tag(
                "rect",
                x=tenth(width - box - 1),
                y=4.5,
                width=tenth(box),
                height=20,
                fill="#fff3d6",
                stroke="#8a5a00",
            ),
            _text(mark, width - 8.0, 18.5, 10.0, "#4d3300", bold=True, end=True),
        )
        if mark
        else None,
    )


def footnotes(
    content: Content, zones: Iterable[Drawn], *, left: float, top: float, width: float
) -> tuple[Markup, float]:
    """Return sources, dates and accuracy of the layers shown, and how many units high that is."""
    lines: list[str] = []
    for text in _notes(content, zones):
        lines += wrapped(text, FOOT, width, FOOT_LINES - len(lines))
    step = FOOT * 1.35
    made = [_text(line, left, top + FOOT + i * step, FOOT, SOFT) for i, line in enumerate(lines)]
    return join(made), len(lines) * step + 4.0


def _notes(content: Content, zones: Iterable[Drawn]) -> list[str]:
    lang, edition = content.lang, content.edition
    result = content.result
    about = t(
        "atlas.about", lang, edition=result.edition.title, digest=words.short_digest(result.edition.digest),
        as_of=result.as_of.isoformat(),
    )  # fmt: skip
    if edition is None:
        return [about, content.say("map.bare")]
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for layer in dict.fromkeys(z.layer for z in zones):
        dates = sorted(
            {row.date.isoformat() for row in edition.coverage if row.layer == layer.id and row.date}
        )
        key = layer.source, dates[-1] if dates else "", words.with_unit(f"{layer.accuracy_m:g}", "m")
        grouped.setdefault(key, []).append(content.layer_title(layer.id))
    sources = [
        t("atlas.layers", lang, layers=content.joint(titles), accuracy=accuracy)
        + "".join(f"{t('atlas.comma', lang)}{known}" for known in (source, date) if known)
        for (source, date, accuracy), titles in grouped.items()
    ]
    said = t("atlas.semicolon", lang).join(sources)
    return [about + content.say("map.caption"), *([t("atlas.sources", lang, sources=said)] if said else [])]


# --- the panel -------------------------------------------------------------------------------


class Column:
    """A column that is written from the top down."""

    def __init__(self, pen: Pen, *, left: float, top: float, width: float) -> None:
        self.pen, self.left, self.y, self.width = pen, left, top, width

    def line(self, text: str, size: float, colour: str, *, bold: bool = False, indent: float = 0.0) -> Markup:
        """Return a line of text, and go below it."""
        made = _text(text, self.left + indent, self.y + size, size, colour, bold=bold)
        self.y += size * LINE
        return made

    def note(self, text: str, most: int = 2) -> Markup:
        """Return a remark of some lines."""
        return join(*(self.line(line, NOTE, SOFT) for line in wrapped(text, NOTE, self.width, most)))

    def head(self, title: str) -> Markup:
        """Return the head of a group, with a rule below."""
        self.y += 4.0
        made = self.line(title, HEAD, INK, bold=True)
        rule = f"M{tenth(self.left)} {tenth(self.y)}h{tenth(self.width)}"
        self.y += 5.0
        return join(made, tag("path", d=rule, stroke="#9aa3a8", stroke_width=0.7))

    def entry(self, entry: Entry) -> Markup:
        """Return an entry of the legend: sign, name, and what there is to say of it."""
        begin = self.y
        marker = tag(
            "g",
            sign(entry.style, entry.hit, self.pen),
            transform=f"translate({tenth(self.left)} {tenth(begin - 1)})",
        )
        size, bold = (NAME, True) if entry.hit else (HEAD, False)
        names, notes = self._lines(entry)
        made: list[Markup] = [marker]
        if entry.zones:
            right = self.left + self.width
            made.append(_text(str(entry.zones), right, begin + size, size, SOFT, end=True))
        made += [self.line(line, size, INK, bold=bold, indent=INDENT) for line in names]
        made += [self.line(line, NOTE, SOFT, indent=INDENT) for line in notes]
        self.y = begin + self.tall(entry)
        return join(made)

    def _lines(self, entry: Entry) -> tuple[list[str], list[str]]:
        count = labels.width(f" {entry.zones}") * HEAD if entry.zones else 0.0
        name = f"{entry.number} {entry.name}" if entry.number else entry.name
        note = " · ".join(filter(None, (entry.code, entry.kind, entry.size)))
        room = self.width - INDENT - count
        size = NAME if entry.hit else HEAD
        return wrapped(name, size, room, 2), wrapped(note, NOTE, room, 2)

    def tall(self, entry: Entry) -> float:
        """Return how many units high an entry is, with the gap below it."""
        names, notes = self._lines(entry)
        size = NAME if entry.hit else HEAD
        return max(17.0, (len(names) * size + len(notes) * NOTE) * LINE + 4.0)

    def fitting(self, entries: Sequence[Entry], room: float) -> list[Entry]:
        """Return the first entries there is room for."""
        shown: list[Entry] = []
        for entry in entries:
            room -= self.tall(entry)
            if room < 0.0:
                break
            shown.append(entry)
        return shown


class Panel:
    """Locator and legend beside the map, as much of it as there is room for.

    Attributes
    ----------
    svg : Markup
    shown, left_out : tuple of Entry
        What the panel has room for and what it has not: zones met, then what lies around.
    """

    def __init__(
        self,
        content: Content,
        view: View,
        zones: Sequence[Drawn],
        met: Sequence[Drawn],
        pen: Pen,
        *,
        left: float,
        top: float,
        width: float,
        height: float,
    ) -> None:
        self._content, self._view = content, view
        self._column = column = Column(pen, left=left, top=top, width=width)
        self._bottom = top + height
        hits = legend.hits(content, met)
        around = legend.around(content, zones)
        parts: list[Child] = [self._locator(), self._project()]
        wanted = sum(map(column.tall, around)) + HEAD_ROOM if around else 0.0
        reserved = min(wanted, AROUND_SHARE * (self._bottom - column.y))
        room = self._bottom - column.y - reserved - HEAD_ROOM
        # all of them here, or all of them below the map: a list is not torn apart
        shown = hits if sum(map(column.tall, hits)) <= room else []
        if shown or not hits:
            parts += [column.head(content.say("map.met")), [column.entry(entry) for entry in shown]]
        if not hits:
            parts.append(column.note(t("atlas.none", content.lang)))
        kept = column.fitting(around, self._bottom - column.y - HEAD_ROOM)
        if kept:
            parts += [column.head(content.say("map.around")), [column.entry(entry) for entry in kept]]
        self.shown = (*shown, *kept)
        self.left_out = (*hits[len(shown) :], *around[len(kept) :])
        parts.append(self._borders())
        self.svg = join(parts)

    def _locator(self) -> Child:
        content, column = self._content, self._column
        if content.edition is None:
            return None
        frame, inner = maps.locator(
            content, content.edition, self._view.frame, column.width - 8.0, column.pen
        )
        moved = tag("g", inner, transform=f"translate({tenth(column.left)} {tenth(column.y)})")
        column.y += frame.height + 8.0
        return join(moved, column.note(content.place or content.result.edition.title))

    def _project(self) -> Child:
        self._column.y += 6.0
        return self._column.entry(legend.footprint(self._content))

    def _borders(self) -> Child:
        """Return what the borders are, where there is room left for it."""
        column = self._column
        levels = [
            level
            for level in ("prefecture", "county")
            if any(p.zone.zone_class == level for p in self._view.places)
        ]
        if column.y + 6.0 + len(levels) * 18.0 > self._bottom:
            return None
        column.y += 4.0
        return [
            column.entry(Entry(f"border {level}", False, t(f"atlas.border.{level}", self._content.lang)))
            for level in levels
        ]


def below(
    content: Content,
    entries: Sequence[Entry],
    pen: Pen,
    *,
    left: float,
    top: float,
    width: float,
    room: float,
) -> tuple[Markup, float, int]:
    """Return entries the panel had no room for in columns, how high that is, and how many it shows.

    They are read down each column. When not all fit, a remark counts the rest.
    """
    if not entries:
        return Markup(), 0.0, 0
    count = round(width / BELOW_WIDTH)
    each = (width - (count - 1) * 16.0) / count
    columns = [Column(pen, left=left + i * (each + 16.0), top=top + 22.0, width=each) for i in range(count)]
    share = sum(map(columns[0].tall, entries)) / count
    bottom = top + 22.0 + min(room - 36.0, share + max(map(columns[0].tall, entries)))
    made: list[Markup] = []
    shown = 0
    for column in columns:
        taken = column.fitting(entries[shown:], bottom - column.y)
        made += [column.entry(entry) for entry in taken]
        shown += len(taken)
    foot = Column(pen, left=left, top=max(column.y for column in columns), width=width)
    if shown < len(entries):
        rest = sum(max(1, entry.zones) for entry in entries[shown:])
        made.append(foot.note(t("atlas.more", content.lang, count=rest)))
    title = content.say("map.met") if entries[0].number == 1 else t("atlas.continued", content.lang)
    head = Column(pen, left=left, top=top, width=width).head(title)
    return join(head, made), foot.y - top + 6.0, shown

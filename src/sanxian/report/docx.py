"""The report as a Word document: what an EIA engineer opens, edits and pastes from.

Everything is done with real styles (:mod:`~sanxian.report.wordstyles`), real captions and plain tables: no text box, no
nested or floating table, no merged cell, so that what is copied into another paper stays whole. python-docx makes
the package, its pictures and its properties; the body is put together as XML, since python-docx walks a whole
table to give one cell of it. The words of a manuscript only ever become text nodes.

Page numbers in the table of contents are for Word to fill in (F9): nothing but Word knows where its pages end, and a
wrong number is worse than none. The entries themselves stand there from the start and lead to their headings.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sanxian.errors import NotInstalled
from sanxian.i18n import t
from sanxian.report import manuscript, wordstyles
from sanxian.report.manuscript import (
    Block,
    Bullets,
    Fields,
    Figure,
    Heading,
    Manuscript,
    Paragraph,
    Table,
    Verdict,
    plain,
)
from sanxian.report.packing import SIGNS, carrying, fit, moment_of, record_of
from sanxian.report.wordstyles import COLOURS, borders
from sanxian.report.wordtables import TWIPS, Cell, Grid, signed
from sanxian.report.wordtext import (
    add,
    begin_field,
    break_before,
    drawing,
    element,
    end_field,
    graft,
    paragraph,
    qualified,
    write,
    write_field,
    write_run,
)

__all__ = ["record_of", "render"]

PPI: Final = 200.0  # of pictures
_PAGE_MM: Final = (210.0, 297.0)
_MARGIN_MM: Final = 25.0  # left and right
_HEAD_MM: Final = 24.0  # above and below
_WIDTH_MM: Final = _PAGE_MM[0] - 2 * _MARGIN_MM
_ACROSS_MM: Final = _PAGE_MM[1] - 2 * _MARGIN_MM
_CAPTION_MM: Final = 22.0  # left below a picture that would fill its page
_LABEL_SHARE: Final = 0.17  # of the width, for the label of a field
_PROPERTY: Final = 255  # characters that a property of a document may have
_PARAGRAPHS: Final = {"body": "BodyText", "note": "Note", "warning": "Warning"}
_UNASKED: Final = frozenset(("thumbnail", "stylesWithEffects", "webSettings", "fontTable", "customXml"))


def render(made: Manuscript) -> bytes:
    """Return a report as ``.docx``; the same manuscript gives the same bytes.

    Raises
    ------
    NotInstalled
        python-docx is missing; or, for a report with drawings, what turns them into pictures.
    """
    try:
        import docx
    except ImportError:
        raise NotInstalled(what="Word", package="python-docx", extra="word") from None
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    document: Any = docx.Document()
    part = document.part
    package = part.package
    for owner in (package, part):  # the template brings a picture of itself, and every style twice
        for identity, relation in list(owner.rels.items()):
            if relation.reltype.rpartition("/")[2] in _UNASKED:
                del owner.rels[identity]
        if owner is package:
            app = next(i for i, r in owner.rels.items() if r.reltype == RELATIONSHIP_TYPE.EXTENDED_PROPERTIES)
            del owner.rels[app]
    about = wordstyles.app_xml(fit(made.generator))
    package.relate_to(
        Part(PackURI("/docProps/app.xml"), CONTENT_TYPE.OFC_EXTENDED_PROPERTIES, about, package),
        RELATIONSHIP_TYPE.EXTENDED_PROPERTIES,
    )
    body = _Body(made, part)
    part._element = body.written()  # noqa: SLF001, to move a large tree into the one that is there takes minutes
    for old, new in (
        (document.styles.element, parse_xml(wordstyles.styles_xml(made.lang))),
        (document.settings.element, parse_xml(wordstyles.settings_xml())),
        (part.numbering_part.element, parse_xml(wordstyles.numbering_xml(body.numbered_lists))),
    ):
        old[:] = list(new)
    _describe(document.core_properties, made)
    raw = io.BytesIO()
    document.save(raw)
    return carrying(raw.getvalue(), made.record, date.fromisoformat(made.day))


def _describe(properties: Any, made: Manuscript) -> None:
    def short(text: str) -> str:
        return fit(text)[:_PROPERTY]

    properties.title = short(f"{made.title} {made.subject}".strip())
    properties.subject = short(made.subject)
    properties.author = short(made.generator)
    properties.comments = short(made.mark)
    properties.keywords = short("; ".join(made.keywords))
    properties.language = "en-US" if made.lang == "en" else "zh-CN"
    properties.last_modified_by = ""
    properties.revision = 1
    properties.created = properties.modified = moment_of(date.fromisoformat(made.day))


# --- the body ----------------------------------------------------------------------------------


class _Stretch(NamedTuple):
    """Blocks on pages that lie the same way."""

    across: bool
    blocks: tuple[Block, ...]


def _across(blocks: Sequence[Block]) -> list[bool]:
    """Return which blocks stand on pages across: wide drawings, and the headings directly before them."""
    across = [isinstance(block, Figure) and block.landscape for block in blocks]
    for i in range(len(blocks) - 2, -1, -1):
        across[i] = across[i] or (across[i + 1] and isinstance(blocks[i], Heading))
    return across


def _stretches(blocks: Sequence[Block]) -> Iterator[_Stretch]:
    """Yield blocks in stretches; the first is upright, for the title stands on it, and may hold no block."""
    across = [False, *_across(blocks)]
    begin = 0
    for i in range(1, len(across) + 1):
        if i == len(across) or across[i] != across[begin]:
            yield _Stretch(across[begin], tuple(blocks[max(begin - 1, 0) : i - 1]))
            begin = i


class _Body:
    """The document body while it is being written.

    Parameters
    ----------
    made : Manuscript
    part : docx.parts.document.DocumentPart
        Takes pictures, header and footer.
    """

    def __init__(self, made: Manuscript, part: Any) -> None:
        self._made = made
        self._part = part
        self._tables = self._figures = self._headings = 0
        self.numbered_lists = 0

    def written(self) -> Any:
        """Return ``w:document``."""
        made = self._made
        document = element("w:document")
        body = add(document, "w:body")
        body.extend(self._front())
        contents_before = self._where_contents_stand()
        stretches = list(_stretches(made.blocks))
        frame = self._frame()
        position = 0
        for number, stretch in enumerate(stretches):
            for at, block in enumerate(stretch.blocks):
                if position == contents_before:
                    body.extend(self._contents())
                elements = list(self._block(block, stretch))
                own_page = stretch.across and at > 0 and not isinstance(stretch.blocks[at - 1], Heading)
                if own_page or (isinstance(block, Heading) and block.new_page and (at or not number)):
                    break_before(elements[0])
                body.extend(elements)
                position += 1
            shape = self._section(stretch.across, frame)
            if number == len(stretches) - 1:
                body.append(shape)
            else:
                if body[-1].tag != qualified("w:p"):
                    body.append(paragraph("TableEnd"))
                body[-1][0].append(shape)
        return document

    def _words(self, key: str) -> str:
        return t(f"layout.{key}", self._made.lang)

    # --- front and frame ---------------------------------------------------------------------

    def _front(self) -> Iterator[Any]:
        made = self._made
        for style, text in (("Title", made.title), ("Subtitle", made.subject)):
            if text:
                line = paragraph(style)
                write_run(line, text)
                yield line
        if made.mark:
            line = paragraph("Mark")
            write_run(line, made.mark)
            yield line
        if made.identity:
            yield from self._fields(Fields(rows=made.identity, columns=2))

    def _frame(self) -> tuple[str, str]:
        """Make header and footer; return the ids of their relations."""
        made = self._made
        header, top = self._part.add_header_part()
        footer, bottom = self._part.add_footer_part()
        head = paragraph("Header")
        if made.mark:
            write_run(head, made.mark, "MarkText")
            write_run(head, "　" if made.lang != "en" else " · ")
        write_run(head, made.title)
        foot = paragraph("Footer")
        for piece in re.split("(\ue000|\ue001)", t("layout.page", made.lang, page="\ue000", pages="\ue001")):
            if piece in ("\ue000", "\ue001"):
                write_field(foot, " PAGE " if piece == "\ue000" else " NUMPAGES ", "1")
            else:
                write_run(foot, piece)
        lines = [foot]
        if made.footer:
            lines.insert(0, paragraph("Footer"))
            write_run(lines[0], made.footer)
        for target, paragraphs in ((header.element, [head]), (footer.element, lines)):
            for child in list(target):
                target.remove(child)
            target.extend(paragraphs)
        return top, bottom

    def _section(self, across: bool, frame: tuple[str, str]) -> Any:
        shape = element("w:sectPr")
        for kind, identity in zip(("header", "footer"), frame, strict=True):
            add(shape, f"w:{kind}Reference", type="default").set(qualified("r:id"), identity)
        add(shape, "w:type", val="nextPage")
        width, height = (round(side * TWIPS) for side in (_PAGE_MM[::-1] if across else _PAGE_MM))
        page = add(shape, "w:pgSz", w=width, h=height)
        if across:
            page.set(qualified("w:orient"), "landscape")
        side, head = round(_MARGIN_MM * TWIPS), round(_HEAD_MM * TWIPS)
        sides = {"top": head, "right": side, "bottom": head, "left": side}
        add(shape, "w:pgMar", **sides, header=720, footer=600, gutter=0)
        add(shape, "w:cols", space=720)
        return shape

    # --- table of contents -------------------------------------------------------------------

    def _where_contents_stand(self) -> int:
        """Return the block that the contents stand before: an upright section after the conclusion; -1 = nowhere."""
        blocks = self._made.blocks
        across = _across(blocks)
        sections = [i for i, block in enumerate(blocks) if isinstance(block, Heading) and block.level == 1]
        if len(sections) < 2:
            return -1
        verdict = next((i for i, block in enumerate(blocks) if isinstance(block, Verdict)), -1)
        return next((i for i in sections if i > verdict and not across[i]), -1)

    def _contents(self) -> Iterator[Any]:
        holder = element("w:sdt")
        gallery = add(add(holder, "w:sdtPr"), "w:docPartObj")
        add(gallery, "w:docPartGallery", val="Table of Contents")
        add(gallery, "w:docPartUnique")
        content = add(holder, "w:sdtContent")
        title = paragraph("TOCHeading")
        write_run(title, self._words("contents"))
        content.append(title)
        number, last = 0, None
        for block in self._made.blocks:
            if isinstance(block, Heading):
                number += 1
                if block.level < 3:
                    entry = paragraph(f"TOC{block.level}")
                    if last is None:
                        begin_field(entry, ' TOC \\o "1-2" \\h \\z \\u ')
                    link = add(entry, "w:hyperlink", anchor=_bookmark(number), history=1)
                    write_run(link, block.text)
                    content.append(entry)
                    last = entry
        end_field(last)
        yield holder

    # --- blocks ------------------------------------------------------------------------------

    def _block(self, block: Block, stretch: _Stretch) -> Iterable[Any]:
        match block:
            case Heading():
                return self._heading(block)
            case Paragraph():
                line = paragraph(_PARAGRAPHS[block.kind])
                write(line, block.text)
                return [line]
            case Bullets():
                return self._bullets(block)
            case Fields():
                return self._fields(block)
            case Verdict():
                return self._verdict(block)
            case Table():
                return self._table(block)
            case Figure():
                return self._figure(block, stretch.across)

    def _heading(self, block: Heading) -> Iterator[Any]:
        self._headings += 1
        line = paragraph(f"Heading{block.level}")
        add(line, "w:bookmarkStart", id=self._headings, name=_bookmark(self._headings))
        write_run(line, block.text)
        add(line, "w:bookmarkEnd", id=self._headings)
        yield line

    def _bullets(self, block: Bullets) -> Iterator[Any]:
        if block.numbered:
            self.numbered_lists += 1
        for item in block.items:
            line = paragraph("ListNumber" if block.numbered else "ListBullet")
            if block.numbered:
                numbering = add(line[0], "w:numPr")
                add(numbering, "w:ilvl", val=0)
                add(numbering, "w:numId", val=2 + self.numbered_lists)
            write(line, item)
            yield line

    def _verdict(self, block: Verdict) -> Iterator[Any]:
        colour, ground = COLOURS[block.outcome]
        for style, text in (
            ("Verdict", f"{SIGNS[block.outcome]}\u00a0{block.label}"),
            ("VerdictSentence", block.sentence),
        ):
            line = paragraph(style)
            graft(
                line[0],
                borders("pBdr", "left", size=36, colour=colour, space=8)
                + f'<w:shd w:val="clear" w:color="auto" w:fill="{ground}"/>',
            )
            write_run(line, text, f"Outcome{block.outcome.name}" if style == "Verdict" else "")
            yield line
        if block.counts:
            table = Grid([1.0] * len(block.counts), _WIDTH_MM, block.label)
            labels = [signed(manuscript.Cell((plain(label),), outcome)) for outcome, label, _ in block.counts]
            table.add_row(labels, "TableHead")
            table.add_row([Cell((plain(f"{count:,}"),)) for _, _, count in block.counts], "TableHead")
            yield table.element
            yield paragraph("TableEnd")

    def _fields(self, block: Fields) -> Iterator[Any]:
        if not block.rows:
            return
        table = Grid([_LABEL_SHARE, 1 / block.columns - _LABEL_SHARE] * block.columns, _WIDTH_MM)
        for begin in range(0, len(block.rows), block.columns):
            fields = block.rows[begin : begin + block.columns]
            cells = [
                cell
                for label, value in fields
                for cell in (Cell((plain(label),), label=True), Cell((value,)))
            ]
            empty = block.columns - len(fields)
            table.add_row([*cells, *[Cell(())] * 2 * empty])
        yield table.element
        yield paragraph("TableEnd")

    def _table(self, block: Table) -> Iterator[Any]:
        self._tables += 1
        caption = self._caption("table", self._tables, block.caption)
        add(caption[0], "w:keepNext")
        yield caption
        table = Grid([column.share for column in block.columns], _WIDTH_MM, block.caption)
        table.add_head(column.title for column in block.columns)
        aligned = [column.align for column in block.columns]
        for row in block.rows:
            table.add_row([signed(cell) for cell in row], aligned=aligned)
        yield table.element
        if block.note:
            note = paragraph("Note")
            write(note, block.note)
            yield note
        else:
            yield paragraph("TableEnd")

    def _caption(self, kind: str, number: int, text: str) -> Any:
        line = paragraph("Caption")
        label = self._words(kind)
        write_run(line, f"{label} ")
        write_field(line, f" SEQ {label} \\* ARABIC ", str(number))
        write_run(line, f"　{text}" if self._made.lang != "en" else f"  {text}")
        return line

    def _figure(self, block: Figure, across: bool) -> Iterator[Any]:
        from sanxian.report import pdf

        self._figures += 1
        room_width = _ACROSS_MM if across else _WIDTH_MM
        room_height = (_PAGE_MM[0] if across else _PAGE_MM[1]) - 2 * _HEAD_MM - _CAPTION_MM
        scale = min(1.0, room_width / block.width_mm, room_height / block.height_mm)
        width, height = block.width_mm * scale, block.height_mm * scale
        picture = pdf.svg_to_png(block.svg, width, height, PPI)
        identity, _ = self._part.get_or_add_image(io.BytesIO(picture))
        line = paragraph("Figure")
        line.append(drawing(self._figures, identity, block, width, height))
        yield line
        yield self._caption("figure", self._figures, block.caption)


def _bookmark(heading: int) -> str:
    return f"_Toc{heading:08d}"

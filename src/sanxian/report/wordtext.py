"""Elements of a Word document: paragraphs, runs, fields, pictures.

Elements are made one by one and words are only ever the text of one, so nothing that a project or an edition holds can
become markup. They are plain lxml elements: the classes of python-docx cost more than a large table can pay.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

from sanxian.report.manuscript import Figure, Style, Text
from sanxian.report.packing import fit
from sanxian.report.wordstyles import W

_R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WP: Final = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
_A: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_PIC: Final = "http://schemas.openxmlformats.org/drawingml/2006/picture"
_NAMES: Final = {"w": W, "r": _R, "wp": _WP, "a": _A, "pic": _PIC}
_EMU: Final = 36_000  # English metric units in a millimetre
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"

_STYLES: Final = {
    Style.STRONG: "Strong",
    Style.FAINT: "Faint",
    Style.MARKED: "Marked",
    Style.CODE: "Code",
}
# of both scripts: full width only where Word is told that the text is Chinese
_AMBIGUOUS: Final = re.compile("[“”‘’…—·×]")
_CHINESE: Final = re.compile("[\u3400-\u9fff]")


@functools.cache
def qualified(name: str) -> str:
    """Return ``w:p`` as ``{namespace}p``; a name without prefix as it is."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMES[prefix]}}}{local}" if local else name


def element(tag: str, /, **attributes: str | int) -> Any:
    """Return an element that stands alone, with attributes of WordprocessingML."""
    from lxml import etree

    made = etree.Element(qualified(tag), nsmap=_NAMES)
    for key, value in attributes.items():
        made.set(qualified(f"w:{key}"), str(value))
    return made


def add(parent: Any, tag: str, /, **attributes: str | int) -> Any:
    """Append an element with attributes of WordprocessingML, and return it."""
    made = parent.makeelement(qualified(tag))
    for key, value in attributes.items():
        made.set(qualified(f"w:{key}"), str(value))
    parent.append(made)
    return made


def _bare(parent: Any, tag: str, /, **attributes: str | int) -> Any:
    """Append an element whose attributes have no namespace, as in drawings, and return it."""
    made = parent.makeelement(qualified(tag))
    for key, value in attributes.items():
        made.set(key, str(value))
    parent.append(made)
    return made


def graft(parent: Any, xml: str) -> None:
    """Append XML of our own constants."""
    from lxml import etree

    parent.extend(list(etree.fromstring(f'<x xmlns:w="{W}">{xml}</x>')))


def paragraph(style: str) -> Any:
    """Return an empty paragraph of a style; its first child holds its properties."""
    made = element("w:p")
    add(add(made, "w:pPr"), "w:pStyle", val=style)
    return made


def break_before(made: Any) -> None:
    """Begin a new page before a paragraph."""
    made[0].insert(
        1, made.makeelement(qualified("w:pageBreakBefore"))
    )  # behind the style: the schema's order


def write(parent: Any, text: Text, usual: str = "") -> None:
    """Append text as runs; ``usual`` is the style of characters that have none of their own."""
    for run in text:
        if run.text:
            write_run(parent, run.text, _STYLES.get(run.style, usual))


def write_run(parent: Any, text: str, style: str = "") -> None:
    """Append characters as one run; line breaks and tabs are Word's own."""
    clean = fit(text.replace("\r\n", "\n").replace("\r", "\n"))
    run = add(parent, "w:r")
    chinese = _AMBIGUOUS.search(clean) is not None and _CHINESE.search(clean) is not None
    if style or chinese:
        properties = add(run, "w:rPr")
        if style:
            add(properties, "w:rStyle", val=style)
        if chinese:
            add(properties, "w:rFonts", hint="eastAsia")
    for piece in re.split("([\n\t])", clean):
        if piece == "\n":
            add(run, "w:br")
        elif piece == "\t":
            add(run, "w:tab")
        elif piece:
            words = add(run, "w:t")
            words.text = piece
            words.set(_SPACE, "preserve")


def begin_field(parent: Any, instruction: str) -> None:
    """Open a field: what is appended until :func:`end_field` is what it shows until Word works it out."""
    add(add(parent, "w:r"), "w:fldChar", fldCharType="begin")
    words = add(add(parent, "w:r"), "w:instrText")
    words.text = instruction
    words.set(_SPACE, "preserve")
    add(add(parent, "w:r"), "w:fldChar", fldCharType="separate")


def end_field(parent: Any) -> None:
    """Close a field."""
    add(add(parent, "w:r"), "w:fldChar", fldCharType="end")


def write_field(parent: Any, instruction: str, shown: str) -> None:
    """Append a field that shows ``shown`` until Word works it out."""
    begin_field(parent, instruction)
    write_run(parent, shown)
    end_field(parent)


def drawing(number: int, identity: str, figure: Figure, width_mm: float, height_mm: float) -> Any:
    """Return a run with a picture in the line of text, described for those who do not see it."""
    size = round(width_mm * _EMU), round(height_mm * _EMU)
    run = element("w:r")
    inline = _bare(add(run, "w:drawing"), "wp:inline", distT=0, distB=0, distL=0, distR=0)
    _bare(inline, "wp:extent", cx=size[0], cy=size[1])
    _bare(
        inline,
        "wp:docPr",
        id=number,
        name=f"Figure {number}",
        descr=fit(figure.alt),
        title=fit(figure.caption),
    )
    _bare(_bare(inline, "wp:cNvGraphicFramePr"), "a:graphicFrameLocks", noChangeAspect=1)
    picture = _bare(_bare(_bare(inline, "a:graphic"), "a:graphicData", uri=_PIC), "pic:pic")
    about = _bare(picture, "pic:nvPicPr")
    _bare(about, "pic:cNvPr", id=number, name=f"figure-{number}.png", descr=fit(figure.alt))
    _bare(about, "pic:cNvPicPr")
    fill = _bare(picture, "pic:blipFill")
    _bare(fill, "a:blip").set(qualified("r:embed"), identity)
    _bare(_bare(fill, "a:stretch"), "a:fillRect")
    shape = _bare(picture, "pic:spPr")
    place = _bare(shape, "a:xfrm")
    _bare(place, "a:off", x=0, y=0)
    _bare(place, "a:ext", cx=size[0], cy=size[1])
    _bare(_bare(shape, "a:prstGeom", prst="rect"), "a:avLst")
    return run

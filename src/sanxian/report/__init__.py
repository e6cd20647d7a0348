"""A screening as people and machines read it: PDF, Word, Excel, HTML, plain text, JSON.

    report.render(result, "pdf", "zh-CN", edition=edition)

Rounding happens here and nowhere below. The same screening gives the same bytes: no clock, no chance.
``content`` words a screening. ``html`` and ``text`` lay it out, with ``map`` and ``markup``; for paper ``conformity``
makes a ``manuscript`` of it, which ``pdf``, ``docx`` and ``workbook`` set. ``summary`` puts many of them into one
table, ``sites`` a few side by side.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from sanxian.edition import Edition
from sanxian.report import html, text
from sanxian.report.manuscript import Manuscript
from sanxian.screening import Screening, to_json

Format: TypeAlias = Literal["html", "json", "text", "pdf", "docx", "xlsx"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)

__all__ = ["FORMATS", "Format", "render", "render_manuscript"]


def render(
    screening: Screening,
    format: Format,  # noqa: A002, the word every reader expects
    lang: str = "zh-CN",
    *,
    edition: Edition | None = None,
) -> bytes:
    """Return a screening as a document.

    Parameters
    ----------
    screening : Screening
    format : {"html", "json", "text", "pdf", "docx", "xlsx"}
        ``html`` is one self-contained file; ``json`` is the record itself and has no language. Text is UTF-8.
    lang : str, default "zh-CN"
        ``zh-CN`` or ``en``.
    edition : Edition, optional
        The edition screened against. It gives the map its zones, zones their classes and documents their
        dates; an edition with another digest is not used.

    Raises
    ------
    NotInstalled
        What makes a PDF, a Word or an Excel file is not there.
    ValueError
        ``format`` is none of these.
    """
    if format == "json":
        return to_json(screening)
    if format == "html":
        return html.render(screening, lang, edition)
    if format == "text":
        return text.render(screening, lang, edition)
    if format in FORMATS:
        from sanxian.report import conformity

        return render_manuscript(conformity.manuscript(screening, lang, edition), format)
    raise ValueError(format)


def render_manuscript(made: Manuscript, format: Format) -> bytes:  # noqa: A002
    """Return a manuscript as PDF, Word, Excel or HTML.

    Raises
    ------
    NotInstalled
        What makes such a file is not there.
    ValueError
        ``format`` is no format of a manuscript.
    """
    if format == "pdf":
        from sanxian.report import pdf

        return pdf.render(made)
    if format == "docx":
        from sanxian.report import docx

        return docx.render(made)
    if format == "xlsx":
        from sanxian.report import workbook

        return workbook.render(made)
    if format == "html":
        from sanxian.report import setting

        return setting.render(made)
    raise ValueError(format)

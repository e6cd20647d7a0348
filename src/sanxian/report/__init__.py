"""A screening as people and machines read it: HTML, plain text, JSON.

    report.render(result, "html", "zh-CN", edition=edition)

Rounding happens here and nowhere below. The same screening gives the same bytes: no clock, no chance.
``content`` words a screening, ``html`` and ``text`` lay it out, ``map`` draws it, ``markup`` escapes it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from sanxian.edition import Edition
from sanxian.report import html, text
from sanxian.screening import Screening, to_json

Format: TypeAlias = Literal["html", "json", "text"]

__all__ = ["Format", "render"]


def render(
    screening: Screening,
    format: Format,  # noqa: A002, the word every reader expects
    lang: str = "zh-CN",
    *,
    edition: Edition | None = None,
) -> bytes:
    """Return a screening as a document, UTF-8.

    Parameters
    ----------
    screening : Screening
    format : {"html", "json", "text"}
        ``html`` is one self-contained file; ``json`` is the record itself and has no language.
    lang : str, default "zh-CN"
        ``zh-CN`` or ``en``.
    edition : Edition, optional
        The edition screened against. It gives the map its zones, zones their classes and documents their
        dates; an edition with another digest is not used.

    Raises
    ------
    ValueError
        ``format`` is none of these.
    """
    if format == "json":
        return to_json(screening)
    if format == "html":
        return html.render(screening, lang, edition)
    if format == "text":
        return text.render(screening, lang, edition)
    raise ValueError(format)

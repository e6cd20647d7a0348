"""The page: what every HTML document of ours is made of, whatever it reports.

One self-contained file: no script, no font, no picture from elsewhere; the style sheet is ``page.css`` beside this
module. Tables become cards on a narrow screen, and the whole prints on A4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

from sanxian.report.markup import Child, Markup, tag, trusted

_NUMERALS: Final = "一二三四五六七八九十"


def document(*body: Child, lang: str, title: str, style: Markup, generator: str, synthetic: bool) -> bytes:
    """Return a whole page as UTF-8 HTML."""
    page = tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            # nothing is loaded and no script runs, whatever the page holds
            tag(
                "meta",
                http_equiv="Content-Security-Policy",
                content="default-src 'none'; style-src 'unsafe-inline'",
            ),
            tag("meta", name="color-scheme", content="light"),
            tag("meta", name="generator", content=generator),
            tag("title", title),
            tag("style", style),
        ),
        tag("body", *body, class_="synthetic" if synthetic else None),
        lang=lang,
    )
    return ("<!doctype html>\n" + page + "\n").encode("utf-8")


def numbered(index: int, key: str, title: str, body: Child, lang: str) -> Markup:
    """Return a section with its number in words of the language: 一、 or 1."""
    number = f"{_NUMERALS[index]}、" if lang != "en" else f"{index + 1}. "
    return tag("section", tag("h2", number, title), body, id=key, class_=f"section {key}")


# --- style -----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _sheet() -> str:
    return resources.files("sanxian.report").joinpath("page.css").read_text("utf-8")


def style(footer: str, page: str, mark: str, *, more: str = "") -> Markup:
    """Return the style sheet and what stands at the edges of every printed page.

    Parameters
    ----------
    footer, mark : str
        At the foot on the left, and at the head.
    page : str
        How a page is numbered, with NUL for its number and U+0001 for how many there are.
    more : str, optional
        Rules of our own for this kind of document; never data.
    """
    counter = " ".join(
        {"\0": "counter(page)", "\1": "counter(pages)"}.get(piece, _css_string(piece))
        for piece in _split_keeping(page, "\0\1")
    )
    margins = (
        f"@page{{@bottom-left{{content:{_css_string(footer)}}}@bottom-right{{content:{counter}}}"
        f"@top-right{{content:{_css_string(mark)}}}}}"
    )
    return trusted(_sheet() + more + margins)


def _split_keeping(text: str, marks: str) -> list[str]:
    pieces, current = [], ""
    for character in text:
        if character in marks:
            pieces += [current, character]
            current = ""
        else:
            current += character
    return [piece for piece in (*pieces, current) if piece]


def _css_string(text: str) -> str:
    """Return ``text`` as a CSS string; anything but plain characters is written as an escape."""
    safe = "".join(c if c.isalnum() or c in " ·，。：、,.;-" else f"\\{ord(c):x} " for c in text)
    return f'"{safe}"'


# --- tables ----------------------------------------------------------------------------------


def table(
    caption: Child, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Child]], *, css: str = ""
) -> Markup:
    """Return a table; a column is (heading, class). Columns without any content are left out.

    On a narrow screen rows become cards, and a cell shows the heading it carries in ``data-label``.
    """
    rows = list(rows)
    used = [i for i in range(len(columns)) if any(row[i] != "" for row in rows)]
    head = [tag("th", columns[i][0], scope="col", class_=columns[i][1] or None) for i in used]
    body = [tag("tr", [_cell(row[i], *columns[i]) for i in used]) for row in rows]
    # thead repeats on every printed page
    return tag(
        "div",
        tag("table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body)),
        class_=f"table {css}".strip(),
    )


def _cell(content: Child, heading: str, css: str) -> Markup:
    if content == "":
        css = f"{css} empty".strip()
    return tag("td", content, class_=css or None, data_label=heading)


def fields(rows: Iterable[tuple[str, Child]], css: str = "fields") -> Markup:
    """Return labels with their values, one pair a line."""
    return tag("dl", [tag("div", tag("dt", label), tag("dd", value)) for label, value in rows], class_=css)

"""The page: what every HTML document of ours is made of, whatever it reports.

One self-contained file: no script, no font, no picture from elsewhere; the style sheet is ``page.css`` beside this
module. A page may carry one script of ours; its policy then names the digest of that script and nothing else runs. Tables become cards on a narrow screen, and the whole prints on A4.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

from sanxian.report import signs
from sanxian.report.markup import Child, Markup, tag, trusted

_NUMERALS: Final = "一二三四五六七八九十"


def document(
    *body: Child,
    lang: str,
    title: str,
    style: Markup,
    generator: str,
    synthetic: bool,
    script: Markup | None = None,
) -> bytes:
    """Return a whole page as UTF-8 HTML; ``script`` is our own, never data, and holds no ``</script``."""
    page = tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            # nothing is loaded and no script but ours runs, whatever the page holds
            tag(
                "meta",
                http_equiv="Content-Security-Policy",
                content=policy(script),
            ),
            tag("meta", name="color-scheme", content="light"),
            tag("meta", name="generator", content=generator),
            tag("title", title),
            tag("style", style),
        ),
        tag(
            "body",
            *body,
            None if script is None else tag("script", script),
            class_="synthetic" if synthetic else None,
        ),
        lang=lang,
    )
    return ("<!doctype html>\n" + page + "\n").encode("utf-8")


def policy(script: Markup | None) -> str:
    """Return the content security policy of a page: styles of its own, and this one script."""
    rules = "default-src 'none'; style-src 'unsafe-inline'"
    if script is None:
        return rules
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"{rules}; script-src 'sha256-{digest}'"


def numbered(index: int, key: str, title: str, body: Child, lang: str) -> Markup:
    """Return a section with its number in words of the language: 一、 or 1."""
    number = f"{_NUMERALS[index]}、" if lang != "en" else f"{index + 1}. "
    return tag("section", tag("h2", number, title), body, id=key, class_=f"section {key}")


# --- style -----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def sheet() -> str:
    """Return the style sheet of every page of ours, maps included."""
    return (
        signs.css()
        + signs.live_css()
        + resources.files("sanxian.report").joinpath("page.css").read_text("utf-8")
    )


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
    return trusted(sheet() + more + margins)


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
        tag(
            "table",
            tag("caption", caption) if caption else None,
            tag("thead", tag("tr", head)),
            tag("tbody", body),
        ),
        class_=f"table {css}".strip(),
    )


def _cell(content: Child, heading: str, css: str) -> Markup:
    if content == "":
        css = f"{css} empty".strip()
    return tag("td", content, class_=css or None, data_label=heading)


def fields(rows: Iterable[tuple[str, Child]], css: str = "fields") -> Markup:
    """Return labels with their values, one pair a line."""
    return tag("dl", [tag("div", tag("dt", label), tag("dd", value)) for label, value in rows], class_=css)

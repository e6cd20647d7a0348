"""Markup that cannot be forgotten to escape.

:func:`tag` builds one element. Children that are not :class:`Markup` are text and are escaped; only
:func:`tag`, :func:`join`, :func:`escape` and :func:`trusted` make :class:`Markup`. So whatever a project
or an edition holds — a name with ``<script>``, a control character — reaches the page as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

# control characters, half surrogates, and marks that make text read in another order than it stands
_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_VOID: Final = frozenset(("meta", "br", "col", "input"))
_SVG_EMPTY: Final = frozenset(("path", "use", "rect", "circle", "line"))


class Markup(str):
    """Text that is HTML already and is never escaped again."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"
"""What an element may hold: text, markup, numbers, nothing, or several of these."""

Attribute: TypeAlias = str | int | float | bool | None


def escape(text: object) -> Markup:
    r"""Return ``text`` as HTML text; characters that have no place in it become U+FFFD.

    Examples
    --------
    >>> escape("<b> & \x00")
    '&lt;b&gt; &amp; �'
    """
    return Markup(html.escape(_UNFIT.sub("\ufffd", str(text)), quote=True))


def trusted(text: str) -> Markup:
    """Return our own text (a style sheet, a path) as it stands. Never for data."""
    return Markup(text)


def join(*children: Child) -> Markup:
    """Return children one after another, text escaped.

    Examples
    --------
    >>> join("a<b", tag("br"), ["c", None])
    'a&lt;b<br>c'
    """
    return Markup("".join(_flat(children)))


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """Return one element.

    A trailing underscore of an attribute is dropped (``class_``), others become hyphens
    (``data_label``); ``None`` and ``False`` leave the attribute out, ``True`` gives it without a value.

    Examples
    --------
    >>> tag("p", "1 < 2", class_="note", hidden=False)
    '<p class="note">1 &lt; 2</p>'
    """
    opened = name + "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{opened}>")
    inner = "".join(_flat(children))
    if name in _SVG_EMPTY and not inner:
        return Markup(f"<{opened}/>")
    return Markup(f"<{opened}>{inner}</{name}>")


def _flat(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            yield child
        elif isinstance(child, (str, int)):
            yield escape(child)
        else:
            yield from _flat(child)

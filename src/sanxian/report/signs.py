"""The signs of our maps: one table of colours, lines and hatches, for pages and for drawings that stand alone.

A page gets the table as a style sheet (:func:`css`) and its elements carry classes (:func:`classes`); a drawing that
lands in a PDF or in Word has no style sheet, so its elements carry the same values as attributes (:class:`Inline`).
Both are a *pen*: told the classes of an element, it returns its attributes.

Classes of control units have the colours of practice: 优先保护 green, 重点管控 orange-red, 一般管控 pale yellow. Each is
darker than the next and has a hatch of its own where it is the theme of a map, so none is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from sanxian.report.markup import Attribute, Child, Markup, join, tag, trusted

Pen: TypeAlias = Callable[[str], Mapping[str, Attribute]]
"""From the classes of an element to its attributes."""

FONTS: Final = "Sanxian Sans SC, Noto Sans CJK SC, Noto Sans SC, Microsoft YaHei, sans-serif"
INK: Final = "#16191b"
SOFT: Final = "#4c565c"
VARIANTS: Final = 4  # hatches for kinds of one class of element zones

_GREEN, _GREEN_LINE = "#82b7a2", "#2a5f4a"
_ORANGE, _ORANGE_LINE = "#f7b98c", "#a04d22"
_SAND, _SAND_LINE = "#f8f4e4", "#877c48"
_GREY, _GREY_LINE = "#e3e6e8", "#6f7a80"
_CRIMSON, _TEAL, _BLUE, _DEEP, _PURPLE = "#9b1230", "#0d5f59", "#2f7fb5", "#14588a", "#5b3d86"

LIVE: Final = "live-"  # before the names of hatches that the script of a page keeps at one size
HATCHED: Final = ("el-priority", *(f"el-key-{i}" for i in range(VARIANTS)), "el-other")
"""Signs with a hatch over their ground."""

# Classes and what they mean, from the general to the special: an element takes every row whose classes it has, later
# rows win. Rows with more classes stand below those with fewer, so a style sheet decides the same.
_ROWS: Final[tuple[tuple[str, Mapping[str, str | float]], ...]] = (
    ("land", {"fill": "#eef1f2"}),
    ("outline", {"fill": "#fdfdfb", "stroke": "#6f7a80", "stroke-width": 1.2}),
    ("priority", {"fill": _GREEN, "stroke": _GREEN_LINE}),
    ("key", {"fill": _ORANGE, "stroke": _ORANGE_LINE}),
    ("general", {"fill": _SAND, "stroke": _SAND_LINE}),
    ("unit", {"fill": _GREY, "stroke": _GREY_LINE}),
    ("el-priority", {"fill": _GREEN, "stroke": _GREEN_LINE}),
    *((f"el-key-{i}", {"fill": _ORANGE, "stroke": _ORANGE_LINE}) for i in range(VARIANTS)),
    ("el-general", {"fill": _SAND, "stroke": _SAND_LINE}),
    ("el-other", {"fill": _GREY, "stroke": _GREY_LINE}),
    ("lake", {"fill": "#cfe2ee", "stroke": "#5a8cac", "stroke-width": 0.8}),
    (
        "eco-space",
        {"fill": "url(#hatch-eco)", "stroke": "#3f7d55", "stroke-width": 0.8, "stroke-dasharray": "5 2"},
    ),
    ("red-line", {"fill": "url(#hatch-red)", "stroke": _CRIMSON, "stroke-width": 1.4}),
    ("protected", {"fill": "url(#dots)", "stroke": _TEAL, "stroke-width": 1.2}),
    ("source", {"fill": "#3f8fc4", "fill-opacity": 0.38, "stroke": _DEEP, "stroke-width": 1.2}),
    (
        "park",
        {
            "fill": "#6a4a94",
            "fill-opacity": 0.1,
            "stroke": _PURPLE,
            "stroke-width": 1.3,
            "stroke-dasharray": "6 3",
        },
    ),
    ("river", {"fill": "none", "stroke": _BLUE, "stroke-width": 1.4}),
    (
        "shore",
        {
            "fill": _BLUE,
            "fill-opacity": 0.12,
            "stroke": _BLUE,
            "stroke-width": 0.8,
            "stroke-dasharray": "2 2",
        },
    ),
    ("receptor", {"fill": "#fff", "stroke": "#3b4448", "stroke-width": 1.2}),
    ("border", {"fill": "none", "stroke": "#7b858a", "stroke-width": 0.8, "stroke-dasharray": "7 3 1.5 3"}),
    ("casing", {"stroke": "#fff", "stroke-opacity": 0.95, "fill": "none"}),
    ("part", {"stroke": INK, "fill": "none"}),
    (
        "watermark",
        {
            "font-weight": 700,
            "fill": INK,
            "fill-opacity": 0.075,
            "text-anchor": "middle",
        },
    ),
    ("frame", {"fill": "none", "stroke": "#3b4448", "stroke-width": 1.2}),
    ("graticule", {"font-size": 11, "fill": SOFT}),
    ("furniture", {"font-size": 11, "fill": SOFT}),
    ("tick", {"stroke": "#3b4448", "stroke-width": 1}),
    ("cross", {"stroke": "#3b4448", "stroke-width": 0.6, "stroke-opacity": 0.5, "fill": "none"}),
    ("tick-x", {"text-anchor": "middle"}),
    ("tick-y", {"text-anchor": "middle"}),
    ("bar-full", {"fill": "#3b4448", "stroke": "#3b4448"}),
    ("bar-empty", {"fill": "#fff", "stroke": "#3b4448"}),
    ("north", {"fill": "#3b4448"}),
    ("projection", {"text-anchor": "end"}),
    ("north-text", {"text-anchor": "end"}),
    (
        "labels",
        {
            "text-anchor": "middle",
            "fill": "#23292c",
            "stroke": "#fff",
            "stroke-width": 3.2,
            "stroke-opacity": 0.88,
            "stroke-linejoin": "round",
            "paint-order": "stroke",
            "font-weight": 600,
        },
    ),
    ("label-part", {"fill": "#000", "font-weight": 700}),
    ("label-place", {"fill": "#59646a", "font-weight": 400, "letter-spacing": 3}),
    ("label-red-line", {"fill": "#8a0f2a"}),
    ("label-protected", {"fill": "#0b4f4a"}),
    ("label-eco-space", {"fill": "#0b4f4a"}),
    ("label-river", {"fill": "#124f7c", "font-style": "italic"}),
    ("label-source", {"fill": "#124f7c"}),
    ("label-lake", {"fill": "#124f7c"}),
    ("label-shore", {"fill": "#124f7c"}),
    ("label-park", {"fill": "#4a2f72"}),
    ("locator-land", {"fill": "#eef1ee", "stroke": "#6f7a80", "stroke-width": 1}),
    ("locator-border", {"fill": "none", "stroke": "#b3bbbf", "stroke-width": 0.7}),
    ("locator-view", {"fill": "#a3201c", "fill-opacity": 0.12, "stroke": "#a3201c", "stroke-width": 1.6}),
    ("locator-route", {"fill": "none", "stroke": INK, "stroke-width": 1.4}),
    ("locator-ring", {"fill": "none", "stroke": "#a3201c", "stroke-width": 1.8}),
    ("locator-dot", {"fill": "#a3201c"}),
    ("tile", {"fill": "#a3201c", "fill-opacity": 0.05, "stroke": "#a3201c", "stroke-width": 1.3}),
    *(
        (f"{css} hit", {"stroke-width": 1.5})
        for css in ("priority", "key", "general", "unit", "el-priority", "el-general", "el-other")
    ),
    *((f"el-key-{i} hit", {"stroke-width": 1.5}) for i in range(VARIANTS)),
    *(
        (f"{css} around", {"fill-opacity": 0.3, "stroke-opacity": 0.45, "stroke-width": 0.6})
        for css in ("priority", "key", "general", "unit")
    ),
    *(
        (f"{css} around", {"fill-opacity": 0.45, "stroke-opacity": 0.55, "stroke-width": 0.6})
        for css in ("el-priority", "el-general", "el-other", *(f"el-key-{i}" for i in range(VARIANTS)))
    ),
    *((f"{css} around", {"opacity": 0.55}) for css in ("eco-space", "red-line", "protected", "source", "park")),
    # a hatch lies over its ground as a shape of its own: tiles that hold the ground show seams in print
    *((f"{css} over", {"fill": f"url(#{css})", "stroke": "none"}) for css in HATCHED),
    ("river hit", {"stroke-width": 2.4}),
    ("receptor hit", {"fill": "#3b4448"}),
    ("border prefecture", {"stroke-width": 1.5, "stroke": "#5d676c"}),
    ("casing area", {"stroke-width": 5}),
    ("casing ring", {"stroke-width": 5}),
    ("casing line", {"stroke-width": 6, "stroke-linecap": "round"}),
    ("casing point", {"fill": "#fff"}),
    ("part area", {"stroke-width": 2.2, "fill": INK, "fill-opacity": 0.16}),
    ("part line", {"stroke-width": 2.8, "stroke-linecap": "round"}),
    ("part point", {"fill": INK}),
    ("part ring", {"stroke-width": 1.8}),
    *(
        (f"{label} around", {"font-weight": 400})
        for label in ("label-red-line", "label-protected", "label-eco-space", "label-river", "label-source")
    ),
    *(
        (f"{label} around", {"font-weight": 400})
        for label in ("label-lake", "label-shore", "label-park", "label-receptor", "label-plain")
    ),
)  # fmt: skip


def css() -> str:
    """Return the table as a style sheet for drawings of class ``map``."""
    return "".join(
        f".map .{'.'.join(name.split())}{{{';'.join(f'{k}:{_css_value(k, v)}' for k, v in row.items())}}}\n"
        for name, row in _ROWS
    )


def live_css() -> str:
    """Return the rules by which a map that can be zoomed uses hatches of its own, which keep their size."""
    return "".join(
        f".map.live .moves .{'.'.join(name.split())}{{fill:{str(row['fill']).replace('url(#', f'url(#{LIVE}')}}}\n"
        for name, row in _ROWS
        if str(row.get("fill", "")).startswith("url(")
    )


def _css_value(name: str, value: str | float) -> str:
    return f"{value}px" if name in ("font-size", "letter-spacing") else str(value)


def classes(names: str) -> Mapping[str, Attribute]:
    """Return the attributes of an element of a page: its classes, which the style sheet knows."""
    return {"class_": names}


class Inline:
    """The pen of a drawing that stands alone: every value is an attribute.

    Parameters
    ----------
    prefix : str
        Stands before the names of its hatches, so that several drawings can share a document.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._known: dict[str, Mapping[str, Attribute]] = {}

    def __call__(self, names: str) -> Mapping[str, Attribute]:
        """Return the attributes of an element with these classes."""
        if names not in self._known:
            worn = set(names.split())
            merged: dict[str, Attribute] = {}
            for row, values in _ROWS:
                if worn.issuperset(row.split()):
                    merged |= {key.replace("-", "_"): self._value(value) for key, value in values.items()}
            self._known[names] = merged
        return self._known[names]

    def _value(self, value: str | float) -> str | float:
        return value.replace("url(#", f"url(#{self.prefix}") if isinstance(value, str) else value


# --- hatches ---------------------------------------------------------------------------------


def hatches(prefix: str = "") -> dict[str, Markup]:
    """Return every hatch by its name, ready for ``<defs>``.

    Crimson stripes are red lines, green stripes ecological space, dots protected areas. Those of 重点管控 differ, one
    for each kind of zone.
    """

    def hatch(name: str, size: float, angle: float, *marks: Child) -> tuple[str, Markup]:
        made = tag(
            "pattern",
            *marks,
            id=prefix + name,
            width=size,
            height=size,
            patternUnits="userSpaceOnUse",
            patternTransform=f"rotate({angle:g})" if angle else None,
        )
        return name, made

    def stripe(width: float, size: float, colour: str, opacity: float) -> Markup:
        return tag("rect", width=width, height=size, fill=colour, fill_opacity=opacity)

    def dot(x: float, y: float, r: float, colour: str, opacity: float) -> Markup:
        return tag("circle", cx=x, cy=y, r=r, fill=colour, fill_opacity=opacity)

    def crossed() -> Markup:
        return tag("path", d="M0 1h9M1 0v9", stroke=_ORANGE_LINE, stroke_opacity=0.5, stroke_width=1)

    return dict(
        (
            hatch("hatch-red", 11, 45, stripe(1.4, 11, _CRIMSON, 0.55)),
            hatch("hatch-eco", 9, 135, stripe(1.1, 9, "#3f7d55", 0.8)),
            hatch("dots", 11, 0, dot(3, 3, 1.1, _TEAL, 0.6), dot(8.5, 8.5, 1.1, _TEAL, 0.6)),
            hatch("el-priority", 7, 45, stripe(1.2, 7, _GREEN_LINE, 0.55)),
            hatch("el-key-0", 10, 0, dot(2.5, 2.5, 1, _ORANGE_LINE, 0.7), dot(7.5, 7.5, 1, _ORANGE_LINE, 0.7)),
            hatch("el-key-1", 7, 135, stripe(1, 7, _ORANGE_LINE, 0.5)),
            hatch("el-key-2", 7, 90, stripe(1, 7, _ORANGE_LINE, 0.5)),
            hatch("el-key-3", 9, 45, crossed()),
            hatch("el-other", 8, 0, stripe(0.8, 8, _GREY_LINE, 0.5)),
        )
    )  # fmt: skip


def patterns() -> Markup:
    """Return the hatches as an element of a page, once a page: for legends, and for a map that may be zoomed."""
    return tag(
        "svg",
        tag("defs", list(hatches().values()), list(hatches(LIVE).values())),
        class_="patterns",
        width=0,
        height=0,
        aria_hidden="true",
    )


def used(drawing: str, prefix: str) -> Markup:
    """Return the hatches a drawing asks for, and no other."""
    return trusted("".join(h for name, h in hatches(prefix).items() if f"url(#{prefix}{name})" in drawing))


# --- the sign of a legend --------------------------------------------------------------------


def sign(style: str, hit: bool, pen: Pen) -> Markup:
    """Return the sign of a legend entry, 28 × 16 units, drawn as the map draws it."""
    names = f"{style} {'hit' if hit else 'around'}"
    if style == "part area":
        return tag("path", d="M3 3h22v10H3z", **pen(style))
    if style == "part line":
        return tag("path", d="M3 12L11 5L17 10L25 4", **pen(style))
    if style == "part point":
        return tag("circle", cx=14, cy=8, r=4.5, **pen(style))
    if style == "river":
        return tag("path", d="M1 11c8-9 14 5 26-5", **pen(names))
    if style == "receptor":
        return tag("rect", x=10.5, y=5, width=7, height=7, **pen(names))
    if style.startswith("border"):
        return tag("path", d="M1 8h26", **pen(style))
    box = "M2 2h24v12H2z"
    over = tag("path", d=box, **pen(f"{names} over")) if style in HATCHED else None
    return join(tag("path", d=box, **pen(names)), over)


def swatch(style: str, hit: bool) -> Markup:
    """Return a sign as an element of a page."""
    return tag(
        "svg",
        sign(style, hit, classes),
        viewBox="0 0 28 16",
        width=28,
        height=16,
        class_="map swatch",
        aria_hidden="true",
    )

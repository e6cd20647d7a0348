"""The map on a page: drawing, locator, legends, and the tools of its script.

Without script everything stands as it is printed: the tools are hidden, the grounds on request are off. The script
(``map.js`` beside this module) shows them; it needs no network and reads numbers from attributes we write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources

from sanxian.i18n import t
from sanxian.report import map as maps
from sanxian.report import signs
from sanxian.report.content import Content
from sanxian.report.legend import Entry
from sanxian.report.markup import Child, Markup, join, tag, trusted


@lru_cache(maxsize=1)
def script() -> Markup:
    """Return the script of the map."""
    return trusted(resources.files("sanxian.report").joinpath("map.js").read_text("utf-8"))


def figure(content: Content, drawing: maps.Drawing, rows: Mapping[tuple[str, str], str]) -> Markup:
    """Return the figure; ``rows`` names the rows of zones in the tables of the page, by (layer, code)."""
    say = content.say
    bare = tag("p", say("map.bare"), class_="faint") if content.edition is None else None
    met = _group(say("map.met"), drawing.met, rows, _more(content, drawing.more))
    grounds = [
        tag(
            "div",
            tag("h3", t(f"atlas.title.{theme.key}", content.lang)),
            _list((*theme.met, *theme.around), rows),
            _more(content, theme.more),
            class_="legend around on-request",
            data_legend=theme.key,
            hidden=True,
        )
        for theme in drawing.themes
    ]
    return tag(
        "figure",
        tag("div", _tools(content, drawing), drawing.svg, class_="sheet"),
        tag(
            "div",
            tag("div", drawing.locator, class_="locator-box") if drawing.locator is not None else None,
            tag("div", met, class_="legend"),
            tag("div", _group(say("map.around"), drawing.around, rows), class_="legend around")
            if drawing.around
            else None,
            grounds,
            class_="beside",
        ),
        tag("figcaption", say("map.caption"), bare),
        class_="flat" if drawing.flat else None,
        data_map=True,
    )


def _group(
    title: str, entries: Iterable[Entry], rows: Mapping[tuple[str, str], str], more: Child = None
) -> Markup:
    return join(tag("h3", title), _list(entries, rows), more)


def _list(entries: Iterable[Entry], rows: Mapping[tuple[str, str], str]) -> Markup:
    return tag("ul", [_item(entry, rows.get((entry.layer, entry.code))) for entry in entries])


def _item(entry: Entry, row: str | None) -> Markup:
    note = str(entry.zones) if entry.zones else entry.size
    return tag(
        "li",
        signs.swatch(entry.style, entry.hit),
        tag("span", entry.name if row is None else tag("a", entry.name, href=f"#{row}"), class_="label"),
        tag("span", note, class_="note") if note else None,
    )


def _more(content: Content, count: int) -> Child:
    if not count:
        return None
    return tag(
        "p", content.say("map.more", count=count, section=content.say("heading.zones")), class_="faint"
    )


def _tools(content: Content, drawing: maps.Drawing) -> Markup:
    """Return what the script is worked with, hidden until it runs."""

    def say(key: str) -> str:
        return t(f"atlas.tools.{key}", content.lang)

    zoom = [
        tag("button", sign, type="button", data_zoom=key, title=say(key), aria_label=say(key))
        for key, sign in (("in", "＋"), ("out", "－"), ("whole", "⤢"))
    ]
    grounds: list[Child] = [
        tag(
            "label",
            tag("input", type="radio", name="ground", value=key, checked=key == "units"),
            tag("span", title),
        )
        for key, title in (
            ("units", t("atlas.title.units", content.lang)),
            *((theme.key, t(f"atlas.title.{theme.key}", content.lang)) for theme in drawing.themes),
            ("none", say("none")),
        )
    ]
    layers: list[Child] = [
        tag(
            "label",
            tag("input", type="checkbox", value=style, data_toggle=style, checked=True),
            tag("span", content.say(f"style.{style}")),
        )
        for style in drawing.layers
    ]
    return tag(
        "div",
        tag("div", zoom, class_="zoom", role="group", aria_label=say("zoom")),
        tag("fieldset", tag("legend", say("ground")), grounds) if content.edition is not None else None,
        tag("fieldset", tag("legend", say("layers")), layers) if layers else None,
        tag("p", say("keys"), class_="faint", id="map-keys"),
        class_="map-tools",
        hidden=True,
    )

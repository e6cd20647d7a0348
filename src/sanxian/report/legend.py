"""What a legend says: the zones met one by one, those around by kind, with how many there are of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sanxian.model import LayerKind
from sanxian.report.content import Content
from sanxian.report.view import ELEMENT_STYLES, LEGEND_ORDER, UNIT_STYLES, Drawn


class Entry(NamedTuple):
    """One line of a legend."""

    style: str  # one of view.STYLES, "part area", "part line", "part point", or a border
    hit: bool
    name: str
    code: str = ""
    kind: str = ""  # class and subtype, "" where the name or the sign says it
    size: str = ""  # how much of the project lies there
    number: int = 0  # on the map, 0 for none
    zones: int = 0  # how many it stands for, around
    layer: str = ""  # of a zone met


def footprint(content: Content) -> Entry:
    """Return the entry of the project."""
    result = content.result
    style = "part area" if result.area_m2 else "part line" if result.length_m else "part point"
    return Entry(style, True, content.say("map.footprint"), size=content.total_size)


def met_in_order(zones: Iterable[Drawn]) -> list[Drawn]:
    """Return the zones met, what binds most first."""
    return sorted((z for z in zones if z.hit), key=lambda z: (rank(z.style), z.zone.code))


def hits(content: Content, met: Sequence[Drawn]) -> list[Entry]:
    """Return an entry for each zone met, in order, numbered as on the map."""
    rows = {(row.hit.layer, row.hit.zone): row for row in content.met}
    entries = []
    for number, z in enumerate(met, start=1):
        row = rows[z.layer.id, z.zone.code]
        # red lines and ecological space are told by their sign, and many names hold the class
        told = z.layer.kind is LayerKind.ECOLOGY or row.zone_class in z.zone.name
        kind = "" if told else row.zone_class
        entries.append(
            Entry(z.style, True, z.zone.name, z.zone.code, kind, row.measure, number, layer=z.layer.id)
        )
    return entries


def around(content: Content, zones: Iterable[Drawn]) -> list[Entry]:
    """Return an entry for each sign and kind of zone around the project, with how many there are."""
    counts: dict[tuple[str, str], int] = {}
    for z in zones:
        if not z.hit:
            key = z.style, kind_of(content, z)
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts, key=lambda key: (rank(key[0]), key[1]))
    return [Entry(style, False, name, zones=counts[style, name]) for style, name in ordered]


def rank(style: str) -> int:
    """Return where a sign stands in a legend."""
    return LEGEND_ORDER.index(style)


def kind_of(content: Content, drawn: Drawn) -> str:
    """Return what a legend calls zones like this one."""
    if drawn.style in ELEMENT_STYLES and drawn.layer.kind is not LayerKind.CONTROL_UNIT:
        said = content.class_label(drawn.zone) or content.layer_title(drawn.layer.id)
    elif drawn.layer.kind is LayerKind.CONTROL_UNIT:
        style = drawn.style.removeprefix("el-")
        known = style if style in UNIT_STYLES else "unit" if style == "other" else "key"
        said = content.say(f"style.{known}")
    else:
        said = content.say(f"style.{drawn.style}")
    return said[:1].upper() + said[1:]

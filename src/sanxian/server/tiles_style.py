"""What a map needs beside its tiles: TileJSON, and a MapLibre style with the colours of our legends.

The style asks nothing of anybody else: no font, no picture, no tiles but ours. So it holds no names; who draws the map sets
them with fonts of their own. Hatches of the legends become outlines and pale grounds here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sanxian.edition import Edition
from sanxian.i18n import LANGS, t
from sanxian.model import SYNTHETIC, Layer, LayerKind, UnitClass, Zone
from sanxian.report.signs import VARIANTS, Inline
from sanxian.report.view import STYLES, element_style, style_of
from sanxian.server.ogc.offered import Opened, title
from sanxian.server.tiles_drawing import MAX_ZOOM
from sanxian.server.tiles_prepared import FIELDS

SOURCE: Final = "sanxian"
# grounds that are hatched in print: their line's colour, pale, instead
_PALE: Final = {"eco-space": 0.12, "red-line": 0.12, "protected": 0.12}
_BORDERS: Final = {"province": 1.8, "prefecture": 1.5}
_FAR: Final = 9  # receptors are shown from here

Bounds = tuple[float, float, float, float]


def tilejson(
    root: str, opened: Opened, layers: Iterable[Layer], bounds: Bounds, address: str, lang: str
) -> dict[str, Any]:
    """Return TileJSON 3.0 of one layer or several.

    Parameters
    ----------
    root : str
        Address of the server.
    address : str
        Of the tiles, below ``/tiles``.
    """
    info = opened.edition.info
    west, south, east, north = bounds
    mark = SYNTHETIC if info.synthetic else ""
    return {
        "tilejson": "3.0.0",
        "name": " · ".join(filter(None, (info.title, mark))),
        "description": " · ".join(filter(None, (mark, info.id, info.digest))),
        "attribution": " · ".join(filter(None, (info.publisher, info.source, mark))),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [f"{root}/tiles/{address}/{{z}}/{{x}}/{{y}}.mvt"],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "bounds": [west, south, east, north],
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6), 5],
        "synthetic": info.synthetic,
        "vector_layers": [
            {
                "id": layer.id,
                "description": title(layer, lang),
                "fields": FIELDS,
                "minzoom": 0,
                "maxzoom": MAX_ZOOM,
            }
            for layer in layers
        ],
    }


def style(root: str, opened: Opened, bounds: Bounds, lang: str) -> dict[str, Any]:
    """Return a MapLibre style of an edition: the overview shown, single elements there to be switched on."""
    edition = opened.edition
    west, south, east, north = bounds
    pen = Inline("")
    found = [made for layer in edition.layers for made in _of_layer(edition, layer, pen, lang)]
    order = {name: place for place, name in enumerate(STYLES)}
    found.sort(key=lambda one: order.get(one["metadata"]["sanxian:sign"], len(order)))
    return {
        "version": 8,
        "name": edition.info.title,
        "metadata": {
            "sanxian:edition": edition.info.digest,
            "sanxian:synthetic": edition.info.synthetic,
            "sanxian:remark": SYNTHETIC if edition.info.synthetic else "",
        },
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6)],
        "zoom": 5,
        "sources": {
            SOURCE: {
                "type": "vector",
                "url": f"{root}/tiles/{opened.key}.json",
                "attribution": SYNTHETIC if edition.info.synthetic else edition.info.publisher,
            }
        },
        "layers": [
            {"id": "land", "type": "background", "paint": {"background-color": pen("land")["fill"]}},
            *found,
        ],
    }


def _of_layer(edition: Edition, layer: Layer, pen: Inline, lang: str) -> list[dict[str, Any]]:
    zones = edition.zones[layer.id]
    if layer.kind is LayerKind.ADMIN:
        return [_border(layer, pen, lang)] if zones else []
    keys = sorted({zone.subtype for zone in zones if zone.zone_class == UnitClass.KEY})
    variants = {subtype: number % VARIANTS for number, subtype in enumerate(keys)}
    signs: dict[str, set[tuple[str, str]]] = {}
    for zone in zones:
        sign = style_of(layer, zone) or element_style(zone, variants)
        signs.setdefault(sign, set()).add((zone.zone_class, zone.subtype))
    shown = all(style_of(layer, zone) for zone in zones)
    made = []
    for sign, classes in sorted(signs.items()):
        holds = None if len(signs) == 1 else _any_of(classes)
        made += _drawn(layer, sign, pen(sign), holds, shown=shown, areal=_areal(zones), lang=lang)
    return made


def _areal(zones: Iterable[Zone]) -> bool:
    return any("Polygon" in zone.geometry.geom_type for zone in zones)


def _any_of(classes: Iterable[tuple[str, str]]) -> list[Any]:
    """Return a filter for zones of these classes and subtypes; what is empty is not in the tile."""
    pairs = [
        [
            "all",
            ["==", ["coalesce", ["get", "class"], ""], one],
            ["==", ["coalesce", ["get", "subtype"], ""], kind],
        ]
        for one, kind in sorted(classes)
    ]
    return ["any", *pairs]


def _drawn(
    layer: Layer,
    sign: str,
    look: Mapping[str, Any],
    holds: list[Any] | None,
    *,
    shown: bool,
    areal: bool,
    lang: str,
) -> list[dict[str, Any]]:
    common: dict[str, Any] = {
        "source": SOURCE,
        "source-layer": layer.id,
        "metadata": {
            "sanxian:layer": layer.id,
            "sanxian:sign": sign,
            "sanxian:title": _title(layer, sign, lang),
        },
        "layout": {"visibility": "visible" if shown else "none"},
    }
    if layer.kind is LayerKind.RECEPTOR:
        common["minzoom"] = _FAR
    line = str(look.get("stroke", "#6f7a80"))
    ground = str(look.get("fill", "none"))
    pale = _PALE.get(sign)
    made: list[dict[str, Any]] = []
    name = f"{layer.id}-{sign}"
    if areal and ground != "none":
        paint = {
            "fill-color": line if pale is not None else ground,
            "fill-opacity": pale if pale is not None else float(look.get("fill_opacity", 0.75)),
        }
        only = ["==", ["geometry-type"], "Polygon"]
        made.append(
            {"id": f"{name}-ground", "type": "fill", **common, "filter": _all(only, holds), "paint": paint}
        )
    width = float(look.get("stroke_width", 0.8))
    paint = {"line-color": line, "line-width": width}
    dashes = str(look.get("stroke_dasharray", ""))
    if dashes:
        paint["line-dasharray"] = [round(float(dash) / width, 2) for dash in dashes.split()]
    no_point = ["!=", ["geometry-type"], "Point"]
    made.append(
        {"id": f"{name}-line", "type": "line", **common, "filter": _all(no_point, holds), "paint": paint}
    )
    if layer.kind is LayerKind.RECEPTOR:
        spot = {
            "circle-radius": 3,
            "circle-color": ground,
            "circle-stroke-color": line,
            "circle-stroke-width": width,
        }
        only = ["==", ["geometry-type"], "Point"]
        made.append(
            {"id": f"{name}-spot", "type": "circle", **common, "filter": _all(only, holds), "paint": spot}
        )
    return made


def _all(one: list[Any], other: list[Any] | None) -> list[Any]:
    return one if other is None else ["all", one, other]


def _border(layer: Layer, pen: Inline, lang: str) -> dict[str, Any]:
    look = pen("border prefecture" if layer.id in _BORDERS else "border")
    width = _BORDERS.get(layer.id, 0.8)
    return {
        "id": f"{layer.id}-border",
        "type": "line",
        "source": SOURCE,
        "source-layer": layer.id,
        "metadata": {
            "sanxian:layer": layer.id,
            "sanxian:sign": "border",
            "sanxian:title": title(layer, lang),
        },
        "layout": {"visibility": "visible"},
        "paint": {"line-color": str(look["stroke"]), "line-width": width},
    }


def _title(layer: Layer, sign: str, lang: str) -> str:
    """Return what a legend calls a sign: the layer, and the class where the layer has several."""
    kind = sign.removeprefix("el-").partition("-")[0].upper()
    if kind in UnitClass.__members__ and lang in LANGS:
        return f"{title(layer, lang)} · {t(f'report.class.{kind}', lang)}"
    return title(layer, lang)

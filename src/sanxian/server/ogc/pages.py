"""The same documents as pages for people: plain, without script, font or picture from anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from sanxian import __version__
from sanxian.model import SYNTHETIC
from sanxian.report.markup import Child, Markup, tag, trusted
from sanxian.report.page import document
from sanxian.server.ogc import documents
from sanxian.server.ogc.documents import Setting, address
from sanxian.server.ogc.features import Features
from sanxian.server.ogc.offered import Collection, title

_STYLE: Final = trusted("""
body{margin:0;color:#16191b;background:#f5f7f7;font:16px/1.6 "Noto Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
header,main,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1rem}nav a{margin-right:.4rem}nav a+a::before{content:"› ";color:#5a646b}
h1{font-size:1.5rem;line-height:1.3;margin:.6rem 0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
.mark{display:inline-block;margin:0;padding:.1rem .6rem;background:#fcf5e7;color:#7d4e00;border:1px solid #d9b36a;font-weight:700}
a{color:#0b5488}a:focus-visible{outline:2px solid #0b5488;outline-offset:2px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;background:#fff}
th,td{padding:.35rem .6rem;border:1px solid #d5dadc;text-align:left;vertical-align:top}th{background:#eef1f2}
code{font-family:monospace;overflow-wrap:anywhere}svg{width:100%;max-height:26rem;background:#fff;border:1px solid #d5dadc}
svg path{fill:#82b7a2;fill-opacity:.5;stroke:#2a5f4a;stroke-width:1.2;vector-effect:non-scaling-stroke}
svg path.line{fill:none;stroke:#2f7fb5}footer{color:#4c565c;padding-bottom:2rem;font-size:.85rem}ul{padding-left:1.2rem}
""")
_DRAWN_MAX: Final = 20_000  # vertices of the shape on the page of a feature

Crumbs = Sequence[tuple[str, str]]  # text and address


def landing(setting: Setting, made: Mapping[str, Any], asked: Mapping[str, str], *, synthetic: bool) -> bytes:
    """Return the landing page."""
    base = setting.base
    body = [
        tag("p", made["description"]),
        tag(
            "ul",
            [
                tag("li", tag("a", setting.say(key), href=f"{base}/{path}"))
                for key, path in (
                    ("collections", "collections?f=html"),
                    ("conformance", "conformance?f=html"),
                    ("api", "api?f=html"),
                )
            ],
        ),
    ]
    return _page(setting, made["title"], (), body, base, asked, synthetic=synthetic)


def conformance(setting: Setting, made: Mapping[str, Any], asked: Mapping[str, str]) -> bytes:
    """Return the standards the service keeps to."""
    body = tag("ul", [tag("li", tag("code", uri)) for uri in made["conformsTo"]])
    path = f"{setting.base}/conformance"
    return _page(setting, setting.say("classes"), _crumbs(setting), body, path, asked, synthetic=False)


def collections(
    setting: Setting, found: Sequence[tuple[Collection, Features]], asked: Mapping[str, str]
) -> bytes:
    """Return the list of collections."""
    rows = [
        (
            tag("a", title(one.layer, setting.lang), href=f"{setting.collection(one.id)}?f=html"),
            tag("code", one.id),
            len(features),
            [one.edition.info.title, _mark(one.edition.info.synthetic)],
        )
        for one, features in found
    ]
    return _page(
        setting,
        setting.say("collections"),
        _crumbs(setting),
        _table(setting.say("columns").split("|"), rows),
        f"{setting.base}/collections",
        asked,
        synthetic=any(one.edition.info.synthetic for one, _ in found),
    )


def collection(
    setting: Setting, found: Collection, made: Mapping[str, Any], asked: Mapping[str, str]
) -> bytes:
    """Return what a collection is."""
    path = setting.collection(found.id)
    boxes = made["extent"].get("spatial", {}).get("bbox", [])
    rows = [
        (setting.say("collection"), tag("code", found.id)),
        (setting.say("items"), made["numberOfFeatures"]),
        (setting.say("extent"), ", ".join(map(str, boxes[0])) if boxes else setting.say("none")),
        (setting.say("period"), documents.period(found, setting)),
        (setting.say("crs"), tag("ul", [tag("li", tag("code", uri)) for uri in made["crs"]])),
    ]
    more = tag(
        "ul",
        tag("li", tag("a", setting.say("items"), href=f"{path}/items?f=html")),
        tag("li", tag("a", setting.say("queryables"), href=f"{path}/queryables?f=html")),
    )
    body = [tag("p", made["description"]), more, _table((setting.say("field"), setting.say("value")), rows)]
    crumbs = [*_crumbs(setting), (setting.say("collections"), f"{setting.base}/collections?f=html")]
    return _page(
        setting,
        title(found.layer, setting.lang),
        crumbs,
        body,
        path,
        asked,
        synthetic=found.edition.info.synthetic,
    )


def queryables(
    setting: Setting, found: Collection, made: Mapping[str, Any], asked: Mapping[str, str]
) -> bytes:
    """Return the properties a filter may name."""
    rows = [
        (tag("code", name), schema.get("format", schema.get("type", "")), schema["description"])
        for name, schema in made["properties"].items()
    ]
    head = (setting.say("field"), setting.say("type"), setting.say("meaning"))
    return _page(
        setting,
        f"{title(found.layer, setting.lang)} · {setting.say('queryables')}",
        _crumbs(setting, found),
        _table(head, rows),
        f"{setting.collection(found.id)}/queryables",
        asked,
        synthetic=found.edition.info.synthetic,
    )


def items(
    setting: Setting,
    found: Collection,
    features: Features,
    rows: Iterable[int],
    links: Sequence[Mapping[str, str]],
    said: str,
    asked: Mapping[str, str],
) -> bytes:
    """Return one page of features as a table."""
    shown = ("code", "name", "class", "subtype", "valid_from")
    made = []
    for row in rows:
        properties = features.properties(row)
        code = tag("a", properties["code"], href=f"{setting.item(found.id, properties['code'])}?f=html")
        made.append((code, *(_text(properties[name]) for name in shown[1:])))
    around = [
        tag("a", setting.say(one["rel"]), href=address_of(one["href"]), rel=one["rel"])
        for one in links
        if one["rel"] in ("prev", "next")
    ]
    body = [
        tag("p", said),
        _table([documents.told(name, setting) for name in shown], made),
        tag("p", [[one, " "] for one in around]),
    ]
    return _page(
        setting,
        f"{title(found.layer, setting.lang)} · {setting.say('items')}",
        _crumbs(setting, found),
        body,
        f"{setting.collection(found.id)}/items",
        asked,
        synthetic=found.edition.info.synthetic,
    )


def address_of(href: str) -> str:
    """Return the address of a link that leads to a page."""
    return href if "f=html" in href else href + ("&" if "?" in href else "?") + "f=html"


def item(
    setting: Setting, found: Collection, features: Features, row: int, asked: Mapping[str, str]
) -> bytes:
    """Return one feature: its shape drawn, and its properties."""
    properties = features.properties(row)
    shape = features.shapes[row]
    count = setting.say("vertices", type=shape.geom_type, count=shapely.get_num_coordinates(shape))
    rows = [
        (tag("code", name), _text(value), documents.told(name, setting)) for name, value in properties.items()
    ]
    rows.append((tag("code", "geometry"), count, setting.say("geometry")))
    head = (setting.say("field"), setting.say("value"), setting.say("meaning"))
    crumbs = [
        *_crumbs(setting, found),
        (setting.say("items"), f"{setting.collection(found.id)}/items?f=html"),
    ]
    name = str(properties["name"]) or str(properties["code"])
    return _page(
        setting,
        name,
        crumbs,
        [_drawing(shape, name), _table(head, rows)],
        setting.item(found.id, features.zones[row].code),
        asked,
        synthetic=found.edition.info.synthetic,
    )


def api(setting: Setting, made: Mapping[str, Any], asked: Mapping[str, str]) -> bytes:
    """Return the API description as tables."""
    operations = [
        (tag("code", f"GET {setting.base}{'' if path == '/' else path}"), methods["get"]["summary"])
        for path, methods in made["paths"].items()
    ]
    parameters = [
        (tag("code", one["name"]), one["description"]) for one in made["components"]["parameters"].values()
    ]
    body = [
        tag("h2", setting.say("operations")),
        _table((setting.say("operations"), setting.say("meaning")), operations),
        tag("h2", setting.say("parameters")),
        _table((setting.say("parameter_name"), setting.say("meaning")), parameters),
    ]
    return _page(
        setting, setting.say("api"), _crumbs(setting), body, f"{setting.base}/api", asked, synthetic=False
    )


# --- pieces ----------------------------------------------------------------------------------


def _page(
    setting: Setting,
    heading: str,
    crumbs: Crumbs,
    body: Child,
    path: str,
    asked: Mapping[str, str],
    *,
    synthetic: bool,
) -> bytes:
    other = "zh-CN" if setting.lang == "en" else "en"
    plain = {name: value for name, value in asked.items() if name not in ("f", "lang")}
    foot = [
        tag("a", "JSON", href=address(path, {**plain, "f": "json"}), rel="alternate"),
        " · ",
        tag(
            "a",
            setting.say("other_language"),
            href=address(path, {**plain, "f": "html", "lang": other}),
            hreflang=other,
            lang=other,
        ),
        f" · Sanxian {__version__}",
    ]
    return document(
        tag(
            "header",
            tag("nav", [tag("a", text, href=href) for text, href in crumbs]),
            tag("h1", heading),
            _mark(synthetic),
        ),
        tag("main", body),
        tag("footer", tag("p", foot)),
        lang=setting.lang,
        title=f"{heading} · {SYNTHETIC}" if synthetic else heading,
        style=_STYLE,
        generator=f"Sanxian {__version__}",
        synthetic=synthetic,
    )


def _mark(synthetic: bool) -> Markup | None:
    return tag("p", SYNTHETIC, class_="mark") if synthetic else None


def _crumbs(setting: Setting, found: Collection | None = None) -> list[tuple[str, str]]:
    made = [(setting.say("landing"), f"{setting.base}?f=html")]
    if found is not None:
        made.append((setting.say("collections"), f"{setting.base}/collections?f=html"))
        made.append((title(found.layer, setting.lang), f"{setting.collection(found.id)}?f=html"))
    return made


def _table(head: Iterable[str], rows: Iterable[Iterable[Child]]) -> Markup:
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
            tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows]),
        ),
        class_="wide",
        tabindex="0",
        role="region",
    )


def _text(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "、".join(value) if isinstance(value, list) else str(value)


def _drawing(shape: BaseGeometry, name: str) -> Markup | None:
    """Return the outline of a shape, longitudes shortened by latitude; none for a shape of very many vertices."""
    if shapely.get_num_coordinates(shape) > _DRAWN_MAX or shapely.get_dimensions(shape) == 0:
        return None
    _, south, _, north = shape.bounds
    shrink = max(0.05, math.cos(math.radians((south + north) / 2)))
    flat = shapely.transform(shape, lambda xy: xy * (shrink, -1.0))
    west, south, east, north = flat.bounds
    margin = 0.05 * max(east - west, north - south)
    lines = []
    for part in shapely.get_parts(flat):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        lines += ["M" + "L".join(f"{x:.6g} {y:.6g}" for x, y in ring.coords) for ring in rings]
    return tag(
        "svg",
        tag("title", name),
        tag("path", d="".join(lines), class_="line" if shapely.get_dimensions(shape) == 1 else None,
            fill_rule="evenodd"),
        viewBox=f"{west - margin:.6g} {south - margin:.6g} {east - west + 2 * margin:.6g} {north - south + 2 * margin:.6g}",
        role="img",
    )  # fmt: skip

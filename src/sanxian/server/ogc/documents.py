"""The documents of the service as JSON: landing page, conformance, collections, queryables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from sanxian.i18n import t
from sanxian.server.ogc import crs, filters
from sanxian.server.ogc.features import Features
from sanxian.server.ogc.offered import Collection, title
from sanxian.server.ogc.query import moment

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
HTML: Final = "text/html"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
PROBLEM: Final = "application/problem+json"
QUERYABLES_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"

_FEATURES: Final = "http://www.opengis.net/spec/ogcapi-features-"
_CQL2: Final = "http://www.opengis.net/spec/cql2/1.0/conf/"
CONFORMANCE: Final = (
    f"{_FEATURES}1/1.0/conf/core",
    f"{_FEATURES}1/1.0/conf/oas30",
    f"{_FEATURES}1/1.0/conf/html",
    f"{_FEATURES}1/1.0/conf/geojson",
    f"{_FEATURES}2/1.0/conf/crs",
    f"{_FEATURES}3/1.0/conf/queryables",
    f"{_FEATURES}3/1.0/conf/queryables-query-parameters",
    f"{_FEATURES}3/1.0/conf/filter",
    f"{_FEATURES}3/1.0/conf/features-filter",
    *(
        f"{_CQL2}{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where the service is reached and in which language it answers."""

    root: str  # address of the server, without a slash at its end
    lang: str

    @property
    def base(self) -> str:
        """Address of the landing page."""
        return f"{self.root}/ogc"

    def say(self, key: str, **fields: object) -> str:
        """Return a text of this service."""
        return t(f"ogc.{key}", self.lang, **fields)

    def collection(self, collection_id: str) -> str:
        """Return the address of a collection."""
        return f"{self.base}/collections/{quote(collection_id, safe='')}"

    def item(self, collection_id: str, code: str) -> str:
        """Return the address of a feature."""
        return f"{self.collection(collection_id)}/items/{quote(code, safe='')}"


def link(href: str, rel: str, kind: str, text: str, lang: str = "") -> dict[str, str]:
    """Return one link."""
    made = {"href": href, "rel": rel, "type": kind, "title": text}
    return {**made, "hreflang": lang} if lang else made


def address(path: str, parameters: Mapping[str, str]) -> str:
    """Return an address with parameters."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def both(
    setting: Setting, path: str, parameters: Mapping[str, str], shown: str, kind: str = JSON
) -> list[dict[str, str]]:
    """Return the links of a document to itself and to its other format."""
    plain = {name: value for name, value in parameters.items() if name != "f"}
    made = []
    for form, media in (("json", kind), ("html", HTML)):
        rel = "self" if form == shown else "alternate"
        said = setting.say("self" if form == shown else f"as_{form}")
        href = address(path, {**plain, "f": form} if form != shown or "f" in parameters else plain)
        made.append(link(href, rel, media, said, setting.lang))
    return made


def landing(setting: Setting, parameters: Mapping[str, str], shown: str) -> dict[str, Any]:
    """Return the landing page."""
    base = setting.base
    return {
        "title": setting.say("title"),
        "description": setting.say("description"),
        "links": [
            *both(setting, base, parameters, shown),
            link(f"{base}/api", "service-desc", OPENAPI, setting.say("api")),
            link(f"{base}/api?f=html", "service-doc", HTML, setting.say("api"), setting.lang),
            link(f"{base}/conformance", "conformance", JSON, setting.say("conformance")),
            link(f"{base}/conformance", "http://www.opengis.net/def/rel/ogc/1.0/conformance", JSON,
                 setting.say("conformance")),
            link(f"{base}/collections", "data", JSON, setting.say("collections")),
            link(f"{base}/collections?f=html", "data", HTML, setting.say("collections"), setting.lang),
        ],
    }  # fmt: skip


def conformance(setting: Setting, parameters: Mapping[str, str], shown: str) -> dict[str, Any]:
    """Return the standards the service keeps to."""
    return {
        "conformsTo": list(CONFORMANCE),
        "links": both(setting, f"{setting.base}/conformance", parameters, shown),
    }


def collections(
    setting: Setting, parameters: Mapping[str, str], shown: str, made: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the list of collections."""
    return {
        "links": both(setting, f"{setting.base}/collections", parameters, shown),
        "crs": list(dict.fromkeys(uri for one in made for uri in one["crs"])),
        "collections": list(made),
    }


def period(collection: Collection, setting: Setting) -> str:
    """Return when the edition of a collection is in force, in words."""
    info = collection.edition.info
    if info.valid_to is None:
        return setting.say("from", first=info.valid_from)
    return setting.say("between", first=info.valid_from, last=info.valid_to)


def description(collection: Collection, setting: Setting) -> str:
    """Return what a collection is, the mark of example data first."""
    info, layer = collection.edition.info, collection.layer
    rolling = collection.opened.rolling
    texts = [
        setting.say("synthetic") if info.synthetic else "",
        setting.say(
            "collection_rolling" if rolling else "collection_fixed",
            title=title(layer, setting.lang),
            edition=info.title,
            period=period(collection, setting),
            digest=info.digest,
            region=info.region,
            fixed=collection.fixed_id,
        ),
        setting.say("accuracy", accuracy=f"{layer.accuracy_m:g}"),
        setting.say("source", source=layer.source) if layer.source else "",
    ]
    return (" " if setting.lang == "en" else "").join(filter(None, texts))


def collection(
    found: Collection, features: Features, setting: Setting, parameters: Mapping[str, str], shown: str
) -> dict[str, Any]:
    """Return what a collection is and where its features are.

    Parameters
    ----------
    parameters : mapping
        Of the request; empty when the collection is told of in the list.
    """
    info = found.edition.info
    path = setting.collection(found.id)
    spatial = (
        {} if features.bounds is None else {"spatial": {"bbox": [list(features.bounds)], "crs": crs.CRS84}}
    )
    first, last = features.interval
    mark = f" · {setting.say('synthetic').rstrip('。.')}" if info.synthetic else ""
    made: dict[str, Any] = {
        "id": found.id,
        "title": f"{title(found.layer, setting.lang)} · {info.title}{mark}",
        "description": description(found, setting),
        "itemType": "feature",
        "extent": {
            **spatial,
            "temporal": {
                "interval": [[moment(first), None if last is None else moment(last)]],
                "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            },
        },
        "crs": list(offered(features)),
        "storageCrs": crs.STORAGE,
        "synthetic": info.synthetic,
        "edition": info.digest,
        "layer": found.layer.id,
        "numberOfFeatures": len(features),
        "links": [
            *both(setting, path, parameters, shown),
            link(f"{path}/items", "items", GEOJSON, setting.say("items")),
            link(f"{path}/items?f=html", "items", HTML, setting.say("items"), setting.lang),
            link(f"{path}/queryables", QUERYABLES_REL, SCHEMA, setting.say("queryables")),
            link(
                f"{setting.root}/tiles/{found.opened.key}/{found.layer.id}.json",
                "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector",
                JSON,
                setting.say("tiles"),
            ),
        ],
    }
    return made


def offered(features: Features) -> tuple[str, ...]:
    """Return the reference systems of a collection."""
    bounds = features.bounds
    return crs.offered(bounds if bounds is not None else (105.0, 36.0, 105.0, 36.0))


def queryables(found: Collection, features: Features, setting: Setting) -> dict[str, Any]:
    """Return the properties a filter may name, as a JSON schema."""
    types: Mapping[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "boolean": {"type": "boolean"},
        "texts": {"type": "array", "items": {"type": "string"}},
    }
    properties = {
        field.name: {**types[field.type], "title": field.name, "description": told(field.name, setting)}
        for field in features.fields
    }
    properties[filters.GEOMETRY] = {
        "format": "geometry-any",
        "title": filters.GEOMETRY,
        "description": told(filters.GEOMETRY, setting),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{setting.collection(found.id)}/queryables",
        "type": "object",
        "title": title(found.layer, setting.lang),
        "description": description(found, setting),
        "properties": properties,
        "additionalProperties": False,
    }


def told(name: str, setting: Setting) -> str:
    """Return what a property is."""
    try:
        return setting.say(f"fields.{name}")
    except KeyError:
        return setting.say("fields.attribute", name=name)

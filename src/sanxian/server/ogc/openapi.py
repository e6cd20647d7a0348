"""The API description of the OGC part: OpenAPI 3.0, as the standard's class ``oas30`` wants it."""

from __future__ import annotations

from typing import Any, Final

from sanxian import __version__
from sanxian.server.ogc import documents
from sanxian.server.ogc.crs import CRS84
from sanxian.server.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, PROBLEM, SCHEMA, Setting
from sanxian.server.ogc.features import STANDARD
from sanxian.server.ogc.filters import LENGTH_MAX
from sanxian.server.ogc.query import LANGUAGES, LIMIT, LIMIT_MAX

_LINKS: Final = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}


def description(setting: Setting) -> dict[str, Any]:
    """Return the description of the service."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": setting.say("title"),
            "description": setting.say("description"),
            "version": __version__,
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": setting.base}],
        "tags": [{"name": "Capabilities"}, {"name": "Data"}],
        "paths": {
            "/": _resource(setting, "landing", "getLandingPage", JSON, "landingPage"),
            "/api": _resource(setting, "api", "getApi", OPENAPI, "object"),
            "/conformance": _resource(setting, "conformance", "getConformance", JSON, "confClasses"),
            "/collections": _resource(setting, "collections", "getCollections", JSON, "collections", tag="Data"),
            "/collections/{collectionId}": _resource(
                setting, "collection", "describeCollection", JSON, "collection", ("collectionId",), tag="Data"
            ),
            "/collections/{collectionId}/queryables": _resource(
                setting, "queryables", "getQueryables", SCHEMA, "object", ("collectionId",), tag="Data"
            ),
            "/collections/{collectionId}/items": _resource(
                setting,
                "items",
                "getFeatures",
                GEOJSON,
                "featureCollection",
                (
                    "collectionId", "limit", "offset", "bbox", "bbox-crs", "datetime", "crs", "filter",
                    "filter-lang", "filter-crs", *(field.name for field in STANDARD),
                ),
                tag="Data",
            ),
            "/collections/{collectionId}/items/{featureId}": _resource(
                setting, "items", "getFeature", GEOJSON, "feature", ("collectionId", "featureId", "crs"), tag="Data"
            ),
        },
        "components": {
            "parameters": _parameters(setting),
            "schemas": _schemas(),
            "headers": {
                "ETag": {"schema": {"type": "string"}},
                "Content-Crs": {"schema": {"type": "string"}},
                "Link": {"schema": {"type": "string"}},
            },
            "responses": {
                "NotModified": {"description": setting.say("answer.not_modified")},
                **{
                    name: {
                        "description": setting.say(f"answer.{said}"),
                        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}},
                    }
                    for name, said in (("Invalid", "bad"), ("NotFound", "missing"), ("ServerError", "failed"))
                },
            },
        },
    }  # fmt: skip


def _resource(
    setting: Setting,
    title: str,
    operation: str,
    media: str,
    schema: str,
    parameters: tuple[str, ...] = (),
    *,
    tag: str = "Capabilities",
) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "200": {
            "description": setting.say("answer.ok"),
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
            "content": {
                media: {"schema": {"$ref": f"#/components/schemas/{schema}"}},
                HTML: {"schema": {"type": "string"}},
            },
        },
        "304": {"$ref": "#/components/responses/NotModified"},
        "400": {"$ref": "#/components/responses/Invalid"},
        "500": {"$ref": "#/components/responses/ServerError"},
    }
    if "crs" in parameters:
        answers["200"]["headers"]["Content-Crs"] = {"$ref": "#/components/headers/Content-Crs"}
    if parameters:
        answers["404"] = {"$ref": "#/components/responses/NotFound"}
    return {
        "get": {
            "tags": [tag],
            "summary": setting.say(title),
            "operationId": operation,
            "parameters": [
                {"$ref": f"#/components/parameters/{name}"} for name in (*parameters, "f", "lang")
            ],
            "responses": answers,
        }
    }


def _parameters(setting: Setting) -> dict[str, Any]:
    def query(name: str, schema: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
        return name, {
            "name": name,
            "in": "query",
            "description": setting.say(f"parameter.{name.replace('-', '_')}"),
            "required": False,
            "schema": schema,
            **more,
        }

    def path(name: str) -> tuple[str, dict[str, Any]]:
        said = setting.say(f"parameter.{name}")
        return name, {
            "name": name,
            "in": "path",
            "description": said,
            "required": True,
            "schema": {"type": "string"},
        }

    listed = {"style": "form", "explode": False}
    uri = {"type": "string", "format": "uri", "default": CRS84}
    own = {
        field.name: {
            "name": field.name,
            "in": "query",
            "description": documents.told(field.name, setting),
            "required": False,
            "schema": _plain(field.type),
            **listed,
        }
        for field in STANDARD
    }
    return (
        dict(
            (
                path("collectionId"),
                path("featureId"),
                query("f", {"type": "string", "enum": ["json", "html"]}),
                query("lang", {"type": "string", "enum": ["zh-CN", "en"]}),
                query(
                    "limit",
                    {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT},
                    **listed,
                ),
                query("offset", {"type": "integer", "minimum": 0, "default": 0}, **listed),
                query(
                    "bbox",
                    {
                        "type": "array",
                        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
                        "items": {"type": "number"},
                    },
                    **listed,
                ),
                query("bbox-crs", uri, **listed),
                query("datetime", {"type": "string"}, **listed),
                query("crs", uri, **listed),
                query("filter", {"type": "string", "maxLength": LENGTH_MAX}),
                query("filter-lang", {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}),
                query("filter-crs", uri),
            )
        )
        | own
    )


def _plain(kind: str) -> dict[str, Any]:
    if kind == "boolean":
        return {"type": "boolean"}
    return {"type": "string", "format": "date"} if kind == "date" else {"type": "string"}


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    texts = {"type": "array", "items": text}

    def thing(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
        return {"type": "object", "required": list(required), "properties": properties}

    collection = thing(
        ("id", "links"),
        id=text,
        title=text,
        description=text,
        links=_LINKS,
        itemType={"type": "string", "default": "feature"},
        extent={"type": "object"},
        crs=texts,
        storageCrs=text,
        synthetic={"type": "boolean"},
        edition=text,
        layer=text,
        numberOfFeatures={"type": "integer", "minimum": 0},
    )
    feature = thing(
        ("type", "properties", "geometry"),
        type={"type": "string", "enum": ["Feature"]},
        id=text,
        properties={"type": "object", "nullable": True},
        geometry={"type": "object", "nullable": True},
        links=_LINKS,
    )
    return {
        "object": {"type": "object"},
        "link": thing(("href", "rel"), href=text, rel=text, type=text, hreflang=text, title=text),
        "landingPage": thing(("links",), title=text, description=text, links=_LINKS),
        "confClasses": thing(("conformsTo",), conformsTo=texts),
        "collection": collection,
        "collections": thing(
            ("links", "collections"),
            links=_LINKS,
            crs=texts,
            collections={"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        ),
        "feature": feature,
        "featureCollection": thing(
            ("type", "features"),
            type={"type": "string", "enum": ["FeatureCollection"]},
            features={"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            links=_LINKS,
            numberMatched={"type": "integer", "minimum": 0},
            numberReturned={"type": "integer", "minimum": 0},
        ),
        "problem": thing(
            ("type", "title", "status"),
            type=text,
            title=text,
            status={"type": "integer"},
            detail=text,
            code=text,
            zh=text,
            en=text,
        ),
    }

"""The abstract tests of OGC API – Features parts 1 and 2, and the main ones of part 3, over a running server.

Each test is named by the identifier of the abstract test it is; the collections are those of 示例市, small enough to look
at whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import shape

from ogc_server import serving
from sanxian.edition import Edition, open_edition
from sanxian.errors import BadParameter
from sanxian.model import SYNTHETIC
from sanxian.server.ogc.documents import CONFORMANCE

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def ats(identifier: str) -> pytest.MarkDecorator:
    """Name a test by its abstract test."""
    return pytest.mark.parametrize("ats", [identifier], ids=[identifier])


@pytest.fixture(scope="module")
def edition(sample: Path) -> Edition:
    return open_edition(sample)


@pytest.fixture(scope="module")
def key(edition: Edition) -> str:
    return edition.info.digest.removeprefix("sha256:")[:12]


@pytest.fixture(scope="module")
def server(sample: Path) -> Iterator[str]:
    with serving(sample.parent) as address:
        yield address


@pytest.fixture(scope="module")
def ogc(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server}/ogc", timeout=30) as client:
        yield client


def get(client: httpx.Client, path: str, **parameters: Any) -> Any:
    response = client.get(path, params={name.replace("_", "-"): value for name, value in parameters.items()})
    assert response.status_code == 200, response.text
    return response.json()


def collections(ogc: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(ogc, "/collections")["collections"]
    return found


def rels(document: Any) -> dict[str, list[dict[str, str]]]:
    made: dict[str, list[dict[str, str]]] = {}
    for link in document["links"]:
        made.setdefault(link["rel"], []).append(link)
    return made


def codes(answer: Any) -> list[str]:
    return [feature["id"] for feature in answer["features"]]


# --- part 1, core ----------------------------------------------------------------------------


@ats("/conf/core/http")
def test_http_1_1_with_status_and_head(ats: str, ogc: httpx.Client) -> None:
    for path in ("", "/conformance", "/collections", "/collections/63.park/items"):
        whole, head = ogc.get(path), ogc.head(path)
        assert whole.status_code == head.status_code == 200
        assert head.content == b""
        assert head.headers["etag"] == whole.headers["etag"]
    assert ogc.post("/collections").status_code == 405


@ats("/conf/core/root-op")
def test_landing_page_answers(ats: str, ogc: httpx.Client) -> None:
    assert get(ogc, "")["title"]
    assert get(ogc, "/")["title"]


@ats("/conf/core/root-success")
def test_landing_page_leads_to_everything(ats: str, ogc: httpx.Client) -> None:
    found = rels(get(ogc, ""))
    assert {"service-desc", "service-doc", "conformance", "data", "self", "alternate"} <= found.keys()
    for links in found.values():
        for link in links:
            answer = ogc.get(link["href"])
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(link["type"].split(";")[0])


@ats("/conf/core/api-definition-op /conf/core/api-definition-success")
def test_api_definition_resolves(ats: str, ogc: httpx.Client) -> None:
    (link,) = rels(get(ogc, ""))["service-desc"]
    answer = ogc.get(link["href"])
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert answer.json()["openapi"].startswith("3.0.")


@ats("/conf/core/conformance-op /conf/core/conformance-success")
def test_conformance_lists_the_classes(ats: str, ogc: httpx.Client) -> None:
    assert get(ogc, "/conformance")["conformsTo"] == list(CONFORMANCE)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in CONFORMANCE


@ats("/conf/core/fc-md-op /conf/core/fc-md-success /conf/core/fc-md-links")
def test_collections_are_one_for_each_layer_of_each_edition(
    ats: str, ogc: httpx.Client, edition: Edition, key: str
) -> None:
    document = get(ogc, "/collections")
    assert {"self", "alternate"} <= rels(document).keys()
    layers = [layer.id for layer in edition.layers]
    assert [one["id"] for one in document["collections"]] == [
        f"{name}.{layer}" for name in ("63", key) for layer in layers
    ]


@ats("/conf/core/fc-md-items /conf/core/fc-md-items-links")
def test_each_collection_leads_to_its_items(ats: str, ogc: httpx.Client) -> None:
    for one in collections(ogc):
        links = rels(one)["items"]
        assert {link["type"] for link in links} == {"application/geo+json", "text/html"}
        for link in links:
            assert ogc.get(link["href"]).status_code == 200


@ats("/conf/core/fc-md-extent")
def test_features_lie_within_the_extent(ats: str, ogc: httpx.Client) -> None:
    for one in collections(ogc):
        ((west, south, east, north),) = one["extent"]["spatial"]["bbox"]
        (first, _) = one["extent"]["temporal"]["interval"][0]
        for feature in get(ogc, f"/collections/{one['id']}/items", limit=1000)["features"]:
            assert shapely.box(west, south, east, north).covers(shape(feature["geometry"]))
            assert feature["properties"]["valid_from"] >= first[:10]


@ats("/conf/core/sfc-md-op /conf/core/sfc-md-success")
def test_a_collection_alone_says_what_it_says_in_the_list(ats: str, ogc: httpx.Client) -> None:
    for one in collections(ogc):
        alone = get(ogc, f"/collections/{one['id']}")
        assert {k: v for k, v in alone.items() if k != "links"} == {
            k: v for k, v in one.items() if k != "links"
        }
        assert rels(one).keys() <= rels(alone).keys()


@ats(
    "/conf/core/fc-op /conf/core/fc-response /conf/core/fc-links /conf/core/fc-numberMatched /conf/core/fc-numberReturned"
)
def test_items_are_all_features_of_the_layer(ats: str, ogc: httpx.Client, edition: Edition, key: str) -> None:
    for layer in edition.layers:
        answer = get(ogc, f"/collections/{key}.{layer.id}/items")
        zones = edition.zones[layer.id]
        assert codes(answer) == [zone.code for zone in zones]
        assert answer["numberMatched"] == answer["numberReturned"] == len(zones)
        assert {"self", "alternate"} <= rels(answer).keys()
        for feature, zone in zip(answer["features"], zones, strict=True):
            assert shape(feature["geometry"]).equals(zone.geometry)
            assert feature["properties"]["remark"] == SYNTHETIC


@ats("/conf/core/crs84")
def test_coordinates_are_longitude_and_latitude_unless_asked_otherwise(ats: str, ogc: httpx.Client) -> None:
    answer = ogc.get("/collections/63.park/items")
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    lon, lat = shape(answer.json()["features"][0]["geometry"]).centroid.coords[0]
    assert 89 < lon < 104
    assert 31 < lat < 40


def operation(
    ogc: httpx.Client, path: str = "/collections/{collectionId}/items"
) -> dict[str, dict[str, Any]]:
    """Parameters of a path of the API description, by name."""
    document = get(ogc, "/api")
    found = [
        document["components"]["parameters"][one["$ref"].rpartition("/")[2]]
        for one in document["paths"][path]["get"]["parameters"]
    ]
    return {one["name"]: one for one in found}


@ats("/conf/core/fc-bbox-definition")
def test_bbox_is_described(ats: str, ogc: httpx.Client) -> None:
    one = operation(ogc)["bbox"]
    assert (one["in"], one["required"], one["style"], one["explode"]) == ("query", False, "form", False)
    assert one["schema"]["type"] == "array"
    assert [form["minItems"] for form in one["schema"]["oneOf"]] == [4, 6]


@ats("/conf/core/fc-bbox-response")
@pytest.mark.parametrize("numbers", [4, 6])
def test_bbox_selects_what_intersects_it(ats: str, ogc: httpx.Client, edition: Edition, numbers: int) -> None:
    zones = edition.zones["control_unit"]
    west, south, east, north = zones[0].geometry.bounds
    boxes = [
        (west, south, east, north),
        (west + (east - west) / 3, south, west + (east - west) / 2, north),
        (-10.0, -10.0, -9.0, -9.0),
        (west, south, west, south),
        (170.0, -90.0, west + 0.01, 90.0),  # across 180°, all the way round to the first unit
    ]
    for box in boxes:
        text = ",".join(map(str, box if numbers == 4 else (*box[:2], -100, *box[2:], 9000)))
        answer = get(ogc, "/collections/63.control_unit/items", bbox=text)
        if box[0] > box[2]:
            inside = shapely.union(shapely.box(box[0], -90, 180, 90), shapely.box(-180, -90, box[2], 90))
        else:
            inside = shapely.box(*box) if box[0] < box[2] else shapely.Point(box[:2])
        assert codes(answer) == [zone.code for zone in zones if zone.geometry.intersects(inside)]


@ats("/conf/core/fc-limit-definition /conf/core/fc-limit-response")
def test_limit_is_described_and_kept(ats: str, ogc: httpx.Client, edition: Edition) -> None:
    one = operation(ogc)["limit"]["schema"]
    assert (one["type"], one["minimum"], one["maximum"], one["default"]) == ("integer", 1, 10_000, 100)
    for limit in (1, 2, 5, 10_000, 10_001, 999_999_999):
        answer = get(ogc, "/collections/63.control_unit/items", limit=limit)
        assert len(answer["features"]) == answer["numberReturned"] == min(limit, 5)
        assert answer["numberMatched"] == 5
    assert ogc.get("/collections/63.control_unit/items", params={"limit": 0}).status_code == 400


@ats("/conf/core/fc-links next")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_follow_each_other_to_the_end_and_back(
    ats: str, ogc: httpx.Client, edition: Edition, limit: int
) -> None:
    page = get(ogc, "/collections/63.control_unit/items", limit=limit, filter="code LIKE 'ZH%'")
    seen, pages = codes(page), [codes(page)]
    while "next" in rels(page):
        (link,) = rels(page)["next"]
        assert "/63.control_unit" not in link["href"], "a page after the first stays on its edition"
        page = ogc.get(link["href"]).json()
        seen += codes(page)
        pages.append(codes(page))
    assert seen == [zone.code for zone in edition.zones["control_unit"]]
    assert [len(one) for one in pages] == [min(limit, 5 - at) for at in range(0, 5, limit)]
    while "prev" in rels(page):
        pages.pop()
        page = ogc.get(rels(page)["prev"][0]["href"]).json()
        assert codes(page) == pages[-1]
    assert len(pages) == 1


@ats("/conf/core/fc-time-definition /conf/core/fc-time-response")
@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01", "2025-12-31", "2030-12-31T23:59:59Z", "2031-01-01T00:00:00+08:00", "2025-01-01/2026-01-01",
        "2025-01-01/2025-12-31", "../2026-01-01", "/2025-12-31", "2030-12-31/..", "2031-01-01/", "../..",
        "2026-05-01t08:00:00.5z/2026-05-02T00:00:00Z",
    ],
)  # fmt: skip
def test_datetime_selects_what_is_in_force(ats: str, ogc: httpx.Client, edition: Edition, text: str) -> None:
    ends = [end[:10] for end in text.split("/")]
    first = date.fromisoformat(ends[0]) if ends[0] not in ("", "..") else date.min
    last = date.fromisoformat(ends[-1]) if ends[-1] not in ("", "..") else date.max
    info = edition.info
    expected = [
        zone.code
        for zone in edition.zones["control_unit"]
        if max(zone.valid_from or info.valid_from, info.valid_from) <= last
        and min(zone.valid_to or date.max, info.valid_to or date.max) >= first
    ]
    assert codes(get(ogc, "/collections/63.control_unit/items", datetime=text)) == expected


@ats("/conf/core/query-param-unknown")
def test_unknown_parameters_are_refused(ats: str, ogc: httpx.Client) -> None:
    paths = (
        "",
        "/api",
        "/conformance",
        "/collections",
        "/collections/63.park",
        "/collections/63.park/queryables",
    )
    for path in (*paths, "/collections/63.park/items", "/collections/63.park/items/YQ001"):
        answer = ogc.get(path, params={"nosuch": "1"})
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == BadParameter.code


@ats("/conf/core/query-param-invalid")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bbox", "1,2,3"), ("bbox", "a,b,c,d"), ("bbox", "1,2,3,4,5"), ("bbox", "96,40,97,35"), ("bbox", "1,2,nan,4"),
        ("bbox", "1,2,5,3,4,0"), ("bbox", ""), ("bbox", "1,2,inf,4"), ("limit", "0"), ("limit", "-1"), ("limit", "x"),
        ("limit", "1.5"), ("limit", "١"), ("limit", ""), ("offset", "-1"), ("datetime", "2026"), ("datetime", ""),
        ("datetime", "2026-13-01"), ("datetime", "2026-01-02/2026-01-01"), ("datetime", "2026-01-01/2026-01-02/.."),
        ("datetime", "2026-01-01T00:00:00"), ("crs", "EPSG:4326"), ("crs", f"{EPSG}4214"), ("bbox-crs", CRS84),
        ("filter-lang", "cql2-text"), ("filter-crs", CRS84), ("f", "gml"), ("lang", "fr"), ("synthetic", "yes"),
        ("valid_from", "soon"),
    ],
)  # fmt: skip
def test_values_without_meaning_are_refused(ats: str, ogc: httpx.Client, name: str, value: str) -> None:
    answer = ogc.get("/collections/63.control_unit/items", params={name: value})
    assert answer.status_code == 400
    assert answer.json()["code"] == BadParameter.code
    assert name in answer.json()["en"]


@ats("/conf/core/f-op /conf/core/f-success /conf/core/f-links")
def test_a_feature_alone_is_the_feature_of_the_list(ats: str, ogc: httpx.Client) -> None:
    for one in collections(ogc):
        for feature in get(ogc, f"/collections/{one['id']}/items")["features"]:
            alone = get(ogc, f"/collections/{one['id']}/items/{feature['id']}")
            assert {"self", "alternate", "collection"} <= rels(alone).keys()
            assert {name: value for name, value in alone.items() if name != "links"} == feature
    assert ogc.get("/collections/63.park/items/none").status_code == 404
    assert ogc.get("/collections/63.nothing/items").status_code == 404
    assert ogc.get("/collections/999.park").status_code == 404


# --- part 1, encodings -----------------------------------------------------------------------


@ats("/conf/geojson/definition /conf/geojson/content")
def test_geojson_is_what_rfc_7946_says(ats: str, ogc: httpx.Client) -> None:
    for one in collections(ogc):
        answer = ogc.get(f"/collections/{one['id']}/items", headers={"accept": "application/geo+json"})
        assert answer.headers["content-type"] == "application/geo+json"
        document = answer.json()
        assert document["type"] == "FeatureCollection"
        for feature in document["features"]:
            assert feature["type"] == "Feature"
            assert isinstance(feature["properties"], dict)
            assert shape(feature["geometry"]).is_valid


@ats("/conf/html/definition /conf/html/content")
def test_every_document_is_a_page_too(ats: str, ogc: httpx.Client) -> None:
    paths = (
        "",
        "/api",
        "/conformance",
        "/collections",
        "/collections/63.park",
        "/collections/63.park/queryables",
    )
    for path in (*paths, "/collections/63.park/items", "/collections/63.park/items/YQ001"):
        for answer in (
            ogc.get(path, params={"f": "html"}),
            ogc.get(path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}),
        ):
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["content-language"] == "zh-CN"
            assert answer.text.startswith('<!doctype html>\n<html lang="zh-CN">')
            assert "default-src" in answer.text
            if path not in ("/api", "/conformance"):
                assert f'<p class="mark">{SYNTHETIC}</p>' in answer.text
        english = ogc.get(path, params={"f": "html", "lang": "en"})
        assert '<html lang="en">' in english.text
        assert (
            ogc.get(path, headers={"accept": "text/html", "accept-language": "en-GB,zh;q=0.5"}).headers[
                "content-language"
            ]
            == "en"
        )


@ats("/conf/oas30/definition-1 /conf/oas30/definition-2 /conf/oas30/completeness /conf/oas30/exception-codes")
def test_the_description_is_openapi_3_0_and_complete(ats: str, ogc: httpx.Client) -> None:
    document = get(ogc, "/api")
    resolved = re.findall(r'"\$ref": ?"#/components/(\w+)/([\w-]+)"', ogc.get("/api").text)
    assert all(name in document["components"][kind] for kind, name in resolved)
    for path, operations in document["paths"].items():
        answers = operations["get"]["responses"]
        assert {"200", "304", "400", "500"} <= answers.keys()
        assert ("404" in answers) == ("{" in path)
        named = set(re.findall(r"\{(\w+)\}", path))
        assert {name for name, one in operation(ogc, path).items() if one["in"] == "path"} == named
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)


@ats("/conf/oas30/oas-impl")
def test_answers_are_what_the_description_says(ats: str, ogc: httpx.Client) -> None:
    document = get(ogc, "/api")
    address = {"{collectionId}": "63.red_line", "{featureId}": "HX639901001"}
    for path, operations in document["paths"].items():
        there = re.sub(r"\{\w+\}", lambda found: address[found[0]], path)
        content = operations["get"]["responses"]["200"]["content"]
        media = next(kind for kind in content if kind != "text/html")
        answer = ogc.get(there)
        assert answer.headers["content-type"] == media
        schema = {**content[media]["schema"], "components": document["components"]}
        jsonschema.validate(answer.json(), _nullable(schema))


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as JSON Schema knows it."""
    if isinstance(schema, dict):
        made = {name: _nullable(value) for name, value in schema.items() if name != "nullable"}
        return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made
    return [_nullable(one) for one in schema] if isinstance(schema, list) else schema


# --- part 2, reference systems ---------------------------------------------------------------


@ats("/conf/crs/crs-uri /conf/crs/default-crs /conf/crs/storageCrs")
def test_collections_name_their_reference_systems(ats: str, ogc: httpx.Client) -> None:
    document = get(ogc, "/collections")
    for one in document["collections"]:
        assert one["crs"][0] == CRS84
        assert {f"{EPSG}{code}" for code in (4326, 4490, 3857)} <= set(one["crs"])
        assert one["storageCrs"] == f"{EPSG}4490"
        assert one["storageCrs"] in one["crs"]
        assert set(one["crs"]) <= set(document["crs"])
        assert all(
            re.fullmatch(r"http://www\.opengis\.net/def/crs/(EPSG/0/\d{4,5}|OGC/1\.3/CRS84)", uri)
            for uri in one["crs"]
        )
        (west, _, east, _), *_ = one["extent"]["spatial"]["bbox"]
        meridian = round((west + east) / 6) * 3
        assert f"{EPSG}{4534 + (meridian - 75) // 3}" in one["crs"]
        assert f"{EPSG}{4513 + (meridian - 75) // 3}" in one["crs"]


@ats(
    "/conf/crs/crs-parameter /conf/crs/crs-parameter-default /conf/crs/crs-parameter-transform /conf/crs/ogc-crs-header"
)
def test_answers_come_in_the_reference_system_asked_for(ats: str, ogc: httpx.Client) -> None:
    path = "/collections/63.water_zone"
    plain = get(ogc, f"{path}/items")["features"]
    for uri in get(ogc, path)["crs"]:
        answer = ogc.get(f"{path}/items", params={"crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        alone = ogc.get(f"{path}/items/{plain[0]['id']}", params={"crs": uri})
        assert alone.headers["content-crs"] == f"<{uri}>"
        assert alone.json()["geometry"] == answer.json()["features"][0]["geometry"]
        name = "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rpartition('/')[2]}"
        base = "EPSG:4326" if name in ("OGC:CRS84", "EPSG:3857", "EPSG:4326") else "EPSG:4490"
        # an oracle of its own: PROJ with the axes of the authority, from latitude and longitude
        change = pyproj.Transformer.from_crs(base, name)
        for before, after in zip(plain, answer.json()["features"], strict=True):
            lonlat = shapely.get_coordinates(shape(before["geometry"]))
            expected = np.column_stack(change.transform(lonlat[:, 1], lonlat[:, 0]))
            found = shapely.get_coordinates(shape(after["geometry"]))
            tolerance = 1e-9 if pyproj.CRS(name).is_geographic else 1e-4
            assert np.abs(expected - found).max() <= tolerance


@ats("/conf/crs/crs-transform axis order")
def test_axis_order_is_that_of_the_authority(ats: str, ogc: httpx.Client) -> None:
    def first(code: str) -> list[float]:
        answer = get(ogc, "/collections/63.park/items", crs=code)
        found: list[float] = shapely.get_coordinates(shape(answer["features"][0]["geometry"]))[0].tolist()
        return found

    lon, lat = first(CRS84)
    assert first(f"{EPSG}4326") == first(f"{EPSG}4490") == [lat, lon]
    x, y = first(f"{EPSG}3857")
    assert x == pytest.approx(np.radians(lon) * 6378137.0)
    assert y > 3e6
    meridian = round(lon / 3) * 3
    northing, easting = first(f"{EPSG}{4534 + (meridian - 75) // 3}")
    assert 3.4e6 < northing < 4.4e6
    assert 3e5 < easting < 7e5
    _, numbered = first(f"{EPSG}{4513 + (meridian - 75) // 3}")
    assert numbered == pytest.approx(easting + meridian / 3 * 1e6)


@ats("/conf/crs/bbox-crs-parameter /conf/crs/bbox-crs-parameter-default")
def test_bbox_is_read_in_its_reference_system(ats: str, ogc: httpx.Client, edition: Edition) -> None:
    west, south, east, north = edition.zones["control_unit"][0].geometry.bounds
    east = west + (east - west) / 3
    plain = codes(get(ogc, "/collections/63.control_unit/items", bbox=f"{west},{south},{east},{north}"))
    assert 0 < len(plain) < 5
    turned = f"{south},{west},{north},{east}"
    for code in (4326, 4490):
        assert (
            codes(get(ogc, "/collections/63.control_unit/items", bbox=turned, bbox_crs=f"{EPSG}{code}"))
            == plain
        )
    change = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857")
    corners = [*change.transform(south, west), *change.transform(north, east)]
    text = ",".join(map(repr, corners))
    assert codes(get(ogc, "/collections/63.control_unit/items", bbox=text, bbox_crs=f"{EPSG}3857")) == plain


@ats("/conf/crs/crs-parameter-invalid /conf/crs/bbox-crs-parameter-invalid")
def test_reference_systems_not_offered_are_refused(ats: str, ogc: httpx.Client) -> None:
    for name in ("crs", "bbox-crs"):
        answer = ogc.get("/collections/63.park/items", params={"bbox": "1,2,3,4", name: f"{EPSG}2000"})
        assert answer.status_code == 400
    assert ogc.get("/collections/63.park/items/YQ001", params={"crs": "urn:x"}).status_code == 400


# --- part 3, filtering -----------------------------------------------------------------------


@ats("/conf/queryables/get-queryables")
def test_queryables_are_a_schema_of_the_properties(ats: str, ogc: httpx.Client) -> None:
    for one in collections(ogc):
        (link,) = rels(one)["http://www.opengis.net/def/rel/ogc/1.0/queryables"]
        answer = ogc.get(link["href"])
        assert answer.headers["content-type"] == "application/schema+json"
        schema = answer.json()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object"
        jsonschema.Draft202012Validator.check_schema(schema)
        names = {
            name for f in get(ogc, f"/collections/{one['id']}/items")["features"] for name in f["properties"]
        }
        assert names | {"geometry"} == set(schema["properties"])


@ats("/conf/queryables-query-parameters/parameters")
def test_each_queryable_is_a_parameter(ats: str, ogc: httpx.Client, edition: Edition) -> None:
    for feature in get(ogc, "/collections/63.control_unit/items")["features"]:
        for name, value in feature["properties"].items():
            wanted = value[0] if isinstance(value, list) and value else value
            if wanted is None or isinstance(wanted, list):
                continue
            text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
            found = ogc.get("/collections/63.control_unit/items", params={name: text})
            assert found.status_code == 200, found.text
            assert feature["id"] in codes(found.json())
            for other in found.json()["features"]:
                assert other["properties"][name] == value or value[0] in other["properties"][name]


@ats("/conf/filter/filter-param /conf/filter/filter-lang-param /conf/filter/filter-crs-param")
def test_filters_select_by_either_language(ats: str, ogc: httpx.Client) -> None:
    everything = get(ogc, "/collections/63.control_unit/items")["features"]
    key = [f["id"] for f in everything if f["properties"]["class"] == "KEY"]
    assert 0 < len(key) < len(everything)
    text = get(ogc, "/collections/63.control_unit/items", filter="class = 'KEY'")
    again = get(ogc, "/collections/63.control_unit/items", filter="class = 'KEY'", filter_lang="cql2-text")
    json = '{"op":"=","args":[{"property":"class"},"KEY"]}'
    other = get(ogc, "/collections/63.control_unit/items", filter=json, filter_lang="cql2-json")
    assert codes(text) == codes(again) == codes(other) == key
    lon, lat = shape(everything[0]["geometry"]).representative_point().coords[0]
    here = get(ogc, "/collections/63.control_unit/items", filter=f"S_INTERSECTS(geometry,POINT({lon} {lat}))")
    turned = get(
        ogc,
        "/collections/63.control_unit/items",
        filter=f"S_INTERSECTS(geometry,POINT({lat} {lon}))",
        filter_crs=f"{EPSG}4490",
    )
    assert codes(here) == codes(turned) == [everything[0]["id"]]


@ats("/conf/features-filter/mixing-expressions")
def test_all_parameters_together_have_to_hold(ats: str, ogc: httpx.Client) -> None:
    everything = get(ogc, "/collections/63.control_unit/items")["features"]
    one = everything[0]
    box = ",".join(map(str, shape(one["geometry"]).bounds))
    both = get(
        ogc, "/collections/63.control_unit/items", bbox=box, filter=f"class = '{one['properties']['class']}'"
    )
    expected = [
        f["id"]
        for f in everything
        if shape(f["geometry"]).intersects(shapely.box(*shape(one["geometry"]).bounds))
        and f["properties"]["class"] == one["properties"]["class"]
    ]
    assert codes(both) == expected
    none = get(ogc, "/collections/63.control_unit/items", code=one["id"], filter=f"code <> '{one['id']}'")
    assert codes(none) == []
    assert none["numberMatched"] == 0


@ats("/conf/filter/filter-invalid")
@pytest.mark.parametrize(
    "text",
    [
        "", "class =", "class = KEY", "nothing = 1", "code", "code = 1", "code > TRUE", "buffer(geometry, 1) = 1",
        "S_INTERSECTS(code, POINT(1 2))", "S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "code LIKE code",
        "valid_from > DATE('2026-02-31')", "code IN ()", "S_INTERSECTS(geometry)", "1 + 1 = 2", "regions = 'x'",
        "T_AFTER(code, DATE('2026-01-01'))", "A_CONTAINS(code, ('a'))", "(" * 500 + "TRUE" + ")" * 500,
        "code = '" + "x" * 20_000 + "'", "NOT " * 3_000 + "TRUE", "S_DWITHIN(geometry, POINT(1 2), 3)",
    ],
)  # fmt: skip
def test_filters_without_meaning_are_refused_with_a_reason(ats: str, ogc: httpx.Client, text: str) -> None:
    answer = ogc.get("/collections/63.control_unit/items", params={"filter": text})
    assert answer.status_code == 400
    assert "filter" in answer.json()["en"]
    assert get(ogc, "/conformance"), "the server is still there"

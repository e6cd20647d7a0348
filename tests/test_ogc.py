"""Filters against an oracle, hostile requests, caching, languages and addresses of the OGC API."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cql2
import httpx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from demo_edition import demo_edition
from ogc_server import app_of, serving
from sample_edition import sample_edition
from sanxian.edition import Edition, normalise, write_edition
from sanxian.errors import BadParameter, NothingThere
from sanxian.model import SYNTHETIC
from sanxian.server.ogc import crs, filters, offered, query
from sanxian.server.ogc.features import Features, Shelf


def features(layer: str, edition: Edition | None = None) -> Features:
    whole = edition or demo_edition()
    return Features(whole, whole.layer(layer))


DEMO = {
    layer: features(layer) for layer in ("control_unit", "water_zone", "protected_area", "receptor", "river")
}


def chosen(layer: str, text: str, language: str = "cql2-text", uri: str = crs.CRS84) -> list[str]:
    """Codes a filter selects, in order."""
    held = filters.select(filters.parse(text, language), DEMO[layer], uri)
    return [DEMO[layer].zones[row].code for row in np.flatnonzero(held)]


# --- filters ---------------------------------------------------------------------------------

LITERALS = ("KEY", "PRIORITY", "ZH63010210001", "西宁市", "", "%", "地质公园", "一般控制区")
NAMES = ("code", "name", "class", "subtype", "edition")
PLACES = (
    "POINT(101.7 36.6)",
    "POLYGON((96 33,101.9 33,101.9 37.1,96 37.1,96 33))",
    "LINESTRING(90 36.5,103 36.5)",
    "MULTIPOINT((101.7 36.6),(98 35))",
    "BBOX(100,36,102,37)",
)


def comparisons() -> st.SearchStrategy[str]:
    name, literal = st.sampled_from(NAMES), st.sampled_from(LITERALS)
    operator = st.sampled_from(("=", "<>", "<", ">", "<=", ">="))
    relation = st.sampled_from(("INTERSECTS", "DISJOINT", "WITHIN", "TOUCHES", "CROSSES", "OVERLAPS"))
    return st.one_of(
        st.builds("{} {} '{}'".format, name, operator, literal),
        st.builds("{} IN ('{}','{}')".format, name, literal, literal),
        st.builds("{} LIKE '%{}%'".format, name, st.sampled_from(("区", "ZH6301", "a", "公园", "控制"))),
        st.builds("{} BETWEEN '{}' AND '{}'".format, name, literal, literal),
        st.builds("CASEI({}) = CASEI('{}')".format, name, literal),
        st.builds("S_{}(geometry, {})".format, relation, st.sampled_from(PLACES)),
        st.builds("{} IS NULL".format, name),
    )


def conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.builds("({}) AND ({})".format, inner, inner),
            st.builds("({}) OR ({})".format, inner, inner),
            st.builds("NOT ({})".format, inner),
        ),
        max_leaves=5,
    )


@settings(max_examples=60)
@given(st.sampled_from(("control_unit", "protected_area")), conditions())
def test_a_filter_selects_what_the_matcher_of_the_library_selects(layer: str, text: str) -> None:
    """One feature at a time is another way to the same answer, where no property is null."""
    some = DEMO[layer]
    held = filters.select(filters.parse(text, "cql2-text"), some)
    expression = cql2.parse_text(text)
    for row in range(0, len(some), 7):
        properties = some.properties(row)
        if any(properties[name] is None for name in NAMES):
            continue  # the library raises where a property is null
        item = {
            "id": some.zones[row].code,
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(some.shapes[row]),
            **{name: properties[name] for name in NAMES},
        }
        assert bool(held[row]) == expression.matches(item), (text, properties)


@given(conditions(), conditions())
@settings(max_examples=40)
def test_connectives_are_those_of_kleene(one: str, other: str) -> None:
    some = DEMO["protected_area"]

    def truth(text: str) -> Any:
        return filters._Evaluation(some, crs.CRS84).truth(filters.parse(text, "cql2-text"))

    a, b = truth(one), truth(other)
    assert (truth(f"({one}) AND ({other})") == np.minimum(a, b)).all()
    assert (truth(f"({one}) OR ({other})") == np.maximum(a, b)).all()
    assert (truth(f"NOT ({one})") == 2 - a).all()
    assert (truth(f"NOT (({one}) AND ({other}))") == truth(f"(NOT ({one})) OR (NOT ({other}))")).all()


def test_a_comparison_with_null_is_neither_true_nor_false() -> None:
    every = [zone.code for zone in DEMO["control_unit"].zones]
    assert chosen("control_unit", "subtype = 'x'") == []
    assert chosen("control_unit", "NOT (subtype = 'x')") == []
    assert chosen("control_unit", "subtype IS NULL") == every
    assert chosen("control_unit", "subtype = 'x' OR class IS NOT NULL") == every
    assert chosen("control_unit", "NOT (subtype = 'x' AND class = 'none')") == every


@pytest.mark.parametrize(
    "relation", ["intersects", "disjoint", "within", "touches", "crosses", "overlaps", "contains", "equals"]
)
@pytest.mark.parametrize("turned", [False, True])
def test_spatial_functions_are_those_of_geos(relation: str, turned: bool) -> None:
    for layer, some in DEMO.items():
        zones = some.zones
        places = [shapely.from_wkt(text) for text in PLACES if not text.startswith("BBOX")]
        places.append(zones[0].geometry)
        for place in places:
            wkt = shapely.to_wkt(place, rounding_precision=-1)
            text = f"S_{relation}({wkt}, geometry)" if turned else f"S_{relation}(geometry, {wkt})"
            if len(text) > filters.LENGTH_MAX:
                continue
            test = getattr(shapely, relation)
            expected = [
                z.code for z in zones if (test(place, z.geometry) if turned else test(z.geometry, place))
            ]
            assert chosen(layer, text) == expected


def test_the_edition_finds_its_own_shapes_in_every_reference_system() -> None:
    some = DEMO["water_zone"]
    assert some.bounds is not None
    for uri in crs.offered(some.bounds):
        for row in (0, 40, 90):
            inside = shapely.points([some.shapes[row].representative_point().coords[0]])
            there = crs.to(np.asarray(inside), uri)
            text = f"S_INTERSECTS(geometry, {shapely.to_wkt(there[0], rounding_precision=-1)})"
            assert some.zones[row].code in chosen("water_zone", text, uri=uri)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T_AFTER(valid_from, DATE('2026-01-01'))", lambda z: z.valid_from is not None),
        ("T_BEFORE(valid_from, DATE('2026-07-01'))", lambda z: z.valid_from is None),
        ("valid_from = DATE('2026-07-01')", lambda z: z.valid_from is not None),
        ("valid_from > TIMESTAMP('2026-06-30T23:59:59+08:00')", lambda z: z.valid_from is not None),
        ("T_INTERSECTS(INTERVAL(valid_from, valid_to), INTERVAL('2026-01-01','2026-06-30'))", lambda z: z.valid_from is None),
        ("T_DURING(DATE('2026-03-01'), INTERVAL(valid_from, valid_to))", lambda z: z.valid_from is None),
        ("T_EQUALS(valid_to, DATE('2026-01-01'))", lambda _: False),
        ("T_DISJOINT(INTERVAL(valid_from, valid_to), INTERVAL('..','2026-06-30'))", lambda z: z.valid_from is not None),
        ("T_METBY(valid_from, INTERVAL('..','2026-07-01'))", lambda z: z.valid_from is not None),
        ("A_CONTAINS(regions, ('632700'))", lambda z: "632700" in z.regions),
        ("A_OVERLAPS(regions, ('630100','632700'))", lambda z: {"630100", "632700"} & set(z.regions)),
        ("ACCENTI(name) = ACCENTI('none')", lambda _: False),
        ("synthetic", lambda _: True),
        ("NOT synthetic", lambda _: False),
        ("class <> subtype", lambda z: z.zone_class != z.subtype and z.subtype),
    ],
)  # fmt: skip
def test_time_sets_and_properties(text: str, expected: Any) -> None:
    zones = DEMO["protected_area"].zones
    assert chosen("protected_area", text) == [zone.code for zone in zones if expected(zone)]


@given(st.text(alphabet="ab%_\\.*(", max_size=8), st.text(alphabet="ab.*(", max_size=10))
def test_like_matches_as_sql_does(pattern: str, text: str) -> None:
    def holds(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "%":
            return holds(p[1:], t) or (bool(t) and holds(p, t[1:]))
        if p[0] == "\\" and len(p) > 1:
            return bool(t) and t[0] == p[1] and holds(p[2:], t[1:])
        if p == "\\":
            return not t
        return bool(t) and (p[0] in ("_", t[0])) and (p[0] == "_" or p[0] == t[0]) and holds(p[1:], t[1:])

    assert (filters._pattern(pattern).fullmatch(text) is not None) == holds(pattern, text)


def test_like_does_not_go_back() -> None:
    pattern = filters._pattern("%a" * 40 + "%b")
    assert pattern.fullmatch("a" * 3000) is None


def test_names_that_are_no_words_can_be_asked() -> None:
    units = features("control_unit", normalise(sample_edition()))
    held = filters.select(filters.parse("\"面积_km2\" = '99.8'", "cql2-text"), units)
    assert [units.zones[row].code for row in np.flatnonzero(held)] == [
        zone.code for zone in units.zones if zone.attributes.get("面积_km2") == "99.8"
    ]
    asked = query.read(QueryParams({"面积_km2": "99.8"}), units, (crs.CRS84,))
    assert len(query.select(asked, units)) == held.sum() == 1


HOSTILE = """
import random, sys, time
sys.path[:0] = {path!r}
from sanxian.errors import BadParameter
from sanxian.server.ogc import filters
random.seed(int(sys.argv[1]))
pieces = ["1 in (", "(", ")", "NOT ", "code", " = ", "'a'", "f(", "casei(", "1", " AND ", " between ", "POINT(", "1 2", "\\"", "'", "\\\\",
          "a like ", "{{", "[", "]", "}}", '"op":"not"', ",", '"args":', "-", "^", "INTERVAL(", "DATE('2026-01-01')", "BBOX(1,2,3,4)", " IS NULL"]
worst = 0
for _ in range(250):
    few = random.sample(pieces, random.randint(1, 4))
    text = "".join(random.choice(few) for _ in range(random.choice((5, 20, 100, 2000))))
    text = random.choice((text, few[0] * random.choice((9, 10, 64, 900)), text + ")" * text.count("(")))
    for language in filters.DEPTH_MAX:
        start = time.perf_counter()
        try:
            filters.parse(text, language)
        except BadParameter:
            pass
        took = time.perf_counter() - start
        if took > worst:
            worst = took
print(worst)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_no_filter_takes_long_or_ends_the_process(seed: int) -> None:
    """The parser of the library overflows the stack on deep text, and is exponential on text that is wrong."""
    script = HOSTILE.format(path=sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script, str(seed)], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert float(done.stdout) < 2.0


def test_deep_filters_are_refused_before_the_parser_sees_them() -> None:
    for text, language in (("(" * 11 + "1=1" + ")" * 11, "cql2-text"), ("[" * 65 + "]" * 65, "cql2-json")):
        with pytest.raises(BadParameter):
            filters.parse(text, language)
    deep = "(" * 10 + "1=1" + ")" * 10
    assert filters.select(filters.parse(deep, "cql2-text"), DEMO["river"]).all()


# --- what is offered -------------------------------------------------------------------------


def two_editions(folder: Path) -> tuple[Edition, Edition]:
    """Two editions of one region, one after the other, and a file that is none."""
    new = sample_edition()
    old = replace(
        new,
        info=replace(
            new.info, id=new.info.supersedes, title="示例市（2021）", valid_from=datetime(2021, 1, 1, tzinfo=UTC).date(),
            valid_to=datetime(2025, 12, 31, tzinfo=UTC).date(), supersedes="",
        ),
        zones={**new.zones, "control_unit": tuple(replace(z, valid_from=None) for z in new.zones["control_unit"])},
    )  # fmt: skip
    for edition, name in ((old, "old"), (new, "new")):
        write_edition(edition, folder / f"{name}.gpkg")
    (folder / "broken.gpkg").write_bytes(b"no edition")
    return normalise(old), normalise(new)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("server") / "editions"
    made.mkdir()
    two_editions(made)
    return made


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[httpx.Client]:
    with serving(folder) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def test_a_region_is_the_edition_in_force_today(folder: Path) -> None:
    services = app_of(folder).state.services
    opened = offered.edition(services, "63")
    assert opened.rolling
    assert opened.edition.info.id == "示例市/2026"
    past = replace(services, now=lambda: datetime(2024, 1, 1, tzinfo=UTC))
    assert offered.edition(past, "63").edition.info.id == "示例市/2021"
    before = replace(services, now=lambda: datetime(2019, 1, 1, tzinfo=UTC))
    with pytest.raises(NothingThere):
        offered.edition(before, "63")
    assert len({one.opened.key for one in offered.collections(before)}) == 2


def test_digests_name_editions_and_short_ones_do_not(folder: Path) -> None:
    services = app_of(folder).state.services
    for entry in services.editions.entries():
        digits = entry.info.digest.removeprefix("sha256:")
        for key in (digits, digits[:12], digits[:20], entry.info.digest):
            assert offered.edition(services, key).edition.info.digest == entry.info.digest
        with pytest.raises(NothingThere):
            offered.edition(services, digits[:11])
    for key in ("", "..", "00000000000000", "6", "63/", "SHA256:" + "0" * 64):
        with pytest.raises(NothingThere):
            offered.edition(services, key)


def test_a_broken_file_and_one_taken_away_stop_nothing(tmp_path: Path) -> None:
    made = tmp_path / "editions"
    made.mkdir()
    two_editions(made)
    services = app_of(made).state.services
    services.editions.catalog()
    (made / "old.gpkg").unlink()
    assert {one.edition.info.id for one in offered.collections(services)} == {"示例市/2026"}


def test_content_that_never_changes_may_be_kept_and_other_is_asked_for(served: httpx.Client) -> None:
    listed = served.get("/ogc/collections").json()["collections"]
    fixed = next(
        one["id"] for one in listed if one["id"].endswith(".park") and not one["id"].startswith("63")
    )
    for name, words in ((fixed, "immutable"), ("63.park", "no-cache")):
        for path in ("", "/items", "/items/YQ001", "/queryables"):
            answer = served.get(f"/ogc/collections/{name}{path}")
            assert words in answer.headers["cache-control"]
            again = served.get(
                f"/ogc/collections/{name}{path}", headers={"if-none-match": answer.headers["etag"]}
            )
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == answer.headers["etag"]
            other = served.get(f"/ogc/collections/{name}{path}", params={"lang": "en"})
            assert other.headers["etag"] != answer.headers["etag"]


def test_the_same_request_gives_the_same_bytes(served: httpx.Client) -> None:
    for path in ("/ogc", "/ogc/api", "/ogc/collections", "/ogc/collections/63.red_line/items"):
        assert served.get(path).content == served.get(path).content


def test_synthetic_editions_say_so_everywhere(served: httpx.Client) -> None:
    for one in served.get("/ogc/collections").json()["collections"]:
        assert SYNTHETIC in one["title"]
        assert one["description"].startswith(SYNTHETIC)
        answer = served.get(f"/ogc/collections/{one['id']}/items").json()
        assert answer["remark"] == SYNTHETIC
        for feature in answer["features"]:
            assert feature["properties"]["remark"] == SYNTHETIC
            assert feature["properties"]["synthetic"] is True
        english = served.get(f"/ogc/collections/{one['id']}", params={"lang": "en"}).json()
        assert SYNTHETIC in english["description"]
        assert "example data" in english["description"]


def test_links_begin_with_the_public_address(folder: Path) -> None:
    app = app_of(folder, public_url="https://zoning.example.cn/")
    with httpx.Client(transport=Inside(app), base_url="http://inside:8000") as client:
        for link in client.get("/ogc").json()["links"]:
            assert link["href"].startswith("https://zoning.example.cn/ogc")
        tiles = client.get("/tiles/63.json").json()["tiles"]
        assert tiles == ["https://zoning.example.cn/tiles/63/{z}/{x}/{y}.mvt"]


class Inside(httpx.BaseTransport):
    """Requests to an app in this process, without a port."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            answer = await transport.handle_async_request(
                httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(ask())


EVIL = "<script>alert(1)</script>\" onmouseover='x' ' OR 1=1 --/../%2e%2e&?#\u202e"


def test_names_and_codes_of_any_kind_are_text_on_pages_and_in_addresses(tmp_path: Path) -> None:
    made = tmp_path / "editions"
    made.mkdir()
    whole = sample_edition()
    (park,) = whole.zones["park"]
    evil = replace(park, code=EVIL, name=EVIL, attributes={EVIL: EVIL, "code": "own", "limit": "3"})
    write_edition(
        replace(whole, info=replace(whole.info, title=EVIL), zones={**whole.zones, "park": (park, evil)}),
        made / "evil.gpkg",
    )
    with httpx.Client(transport=Inside(app_of(made)), base_url="http://x") as client:
        for path in (
            "/ogc/collections",
            "/ogc/collections/63.park",
            "/ogc/collections/63.park/items",
            "/ogc/collections/63.park/queryables",
        ):
            page = client.get(path, params={"f": "html"})
            assert page.status_code == 200
            assert "<script" not in page.text
            assert "onmouseover='" not in page.text
        every = client.get("/ogc/collections/63.park/items").json()["features"]
        (feature,) = (one for one in every if one["id"] == EVIL)
        assert feature["properties"]["attribute_code"] == "own"
        assert feature["properties"]["limit"] == "3"
        links = client.get("/ogc/collections/63.park/items", params={"f": "html"}).text
        assert "%3Cscript%3E" in links
        alone = client.get(f"/ogc/collections/63.park/items/{quote(EVIL, safe='')}")
        assert alone.status_code == 200
        assert alone.json()["id"] == EVIL
        page = client.get(f"/ogc/collections/63.park/items/{quote(EVIL, safe='')}", params={"f": "html"})
        assert "<script" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/ogc/collections/63.park/items?x=<script>", "/ogc/collections/%3Cscript%3E", "/ogc/collections/63.park/items/..%2f..%2f",
        "/ogc/collections/..%2f..%2fetc%2fpasswd", "/ogc/collections/63.park%00", "/ogc/collections/63.park/items?limit=1&limit=2",
        "/ogc/collections/63.park/items?offset=99999999999999999999", "/ogc/collections/63.park/items?f=../../x",
        "/tiles/63/park/1/1/" + "9" * 4400 + ".mvt", "/tiles/63/park/-1/0/0.mvt", "/tiles/63/%2e%2e/0/0/0.mvt",
        "/tiles/63/park/%D9%A1/0/0.mvt", "/ogc/collections/63.park/items?filter=%00", "/ogc/collections/63.park/items?filter=%ff",
    ],
)  # fmt: skip
def test_hostile_addresses_are_refused_in_both_languages(served: httpx.Client, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"zh", "en", "code", "status"} <= answer.json().keys()


def test_a_page_beyond_the_end_is_empty(served: httpx.Client) -> None:
    answer = served.get("/ogc/collections/63.park/items", params={"offset": 1000}).json()
    assert (answer["numberMatched"], answer["numberReturned"], answer["features"]) == (1, 0, [])


# --- parts -----------------------------------------------------------------------------------


def test_large_layers_are_written_in_pieces_and_whole() -> None:
    """What is written in pieces is what is written at once."""
    some = DEMO["control_unit"]
    rows = np.arange(len(some))
    pieces = list(some.write(rows, lambda shapes: shapes))
    assert len(pieces) > 1
    written = json.loads("[" + "".join(pieces) + "]")
    assert [one["id"] for one in written] == [zone.code for zone in some.zones]
    assert list(some.write(rows[:0], lambda shapes: shapes)) == []


def test_a_shelf_makes_each_thing_once_and_keeps_a_few() -> None:
    shelf: Shelf[int] = Shelf(2)
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: shelf.get("a", lambda: make(1)), range(50))) == {1}
    assert made == [1]
    shelf.get("b", lambda: make(2))
    shelf.get("a", lambda: make(3))
    shelf.get("c", lambda: make(4))
    shelf.get("a", lambda: make(5))
    shelf.get("b", lambda: make(6))
    assert made == [1, 2, 4, 6]


def test_an_edition_not_in_force_for_ever_bounds_its_zones() -> None:
    whole = normalise(sample_edition())
    units = features("control_unit", whole)
    assert units.properties(0)["valid_from"] == "2026-01-01"
    assert units.properties(0)["valid_to"] == "2030-12-31"
    assert units.interval[1] == whole.info.valid_to


def test_layers_without_zones_are_collections_too() -> None:
    whole = normalise(sample_edition())
    empty = Features(replace(whole, zones={**whole.zones, "river": ()}), whole.layer("river"))
    assert empty.bounds is None
    assert len(query.select(query.Query(places=(shapely.box(0, 0, 180, 90),)), empty)) == 0
    assert (
        filters.select(filters.parse("S_INTERSECTS(geometry, POINT(1 2))", "cql2-text"), empty).tolist() == []
    )


def test_zones_keep_their_own_dates() -> None:
    later = [z for z in DEMO["protected_area"].zones if z.valid_from is not None]
    assert later
    row = DEMO["protected_area"].row_of[later[0].code]
    assert DEMO["protected_area"].properties(row)["valid_from"] == str(later[0].valid_from)

"""Vector tiles, read back by a decoder of other hands: nothing lost, nothing torn, the same bytes from either source."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.reader import MemorySource, Reader, all_tiles
from shapely.geometry import shape

from demo_edition import demo_edition
from ogc_server import app_of, serving
from sample_edition import sample_edition
from sanxian.edition import Edition, normalise, write_edition
from sanxian.errors import NothingThere
from sanxian.model import SYNTHETIC, Layer, LayerKind, Zone
from sanxian.server import tiles
from sanxian.server.tiles_drawing import (
    EXTENT,
    GENERALISED,
    MAX_ZOOM,
    Drawn,
    _commands,
    columns_and_rows,
    detail,
    ready,
    tile_bounds,
)
from sanxian.server.tiles_prepared import Prepared, path_of, prepare_tiles

FEW = ("control_unit", "park", "receptor", "river")


def few_layers() -> Edition:
    """The demo edition with a few of its layers and what they need to be generalised; tiles are those of the whole."""
    whole = demo_edition()
    return replace(whole, layers=tuple(one for one in whole.layers if one.id in (*FEW, "province")))


SHORT = demo_edition().info.digest.removeprefix("sha256:")[:12]
LEVELS: dict[int, dict[str, Drawn]] = {}


def drawn(layer: str, z: int) -> Drawn:
    level = detail(z)
    if level not in LEVELS:
        LEVELS[level] = ready(demo_edition(), level)
    return LEVELS[level][layer]


def decoded(tile: bytes, layer: str) -> list[dict[str, Any]]:
    """Features of a layer of a tile, their shapes in units with y down."""
    if not tile:
        return []
    found = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
    assert found[layer]["extent"] == EXTENT
    assert found[layer]["version"] == 2
    features: list[dict[str, Any]] = found[layer]["features"]
    return features


def pyramid(layer: str, z: int) -> Iterator[tuple[int, int, list[dict[str, Any]]]]:
    one = drawn(layer, z)
    columns, rows = columns_and_rows(one.extent, z)
    for x in columns:
        for y in rows:
            yield x, y, decoded(one.tile(z, x, y), layer)


TILE = shapely.box(0, 0, EXTENT, EXTENT)


def placed(geometry: Any, z: int, x: int, y: int) -> Any:
    """A shape in units of a tile, unrounded: an oracle of its own."""

    def units(lonlat: np.ndarray) -> np.ndarray:
        radians = np.radians(lonlat[:, 1])
        north = np.log(np.tan(np.pi / 4 + radians / 2))
        side = 2**z
        return np.column_stack(
            (
                ((lonlat[:, 0] / 360 + 0.5) * side - x) * EXTENT,
                ((0.5 - north / (2 * np.pi)) * side - y) * EXTENT,
            )
        )

    return shapely.transform(geometry, units)


@pytest.mark.parametrize("z", [0, 4, 6, 8, 9])
@pytest.mark.parametrize(
    "layer", ["control_unit", "red_line", "water_zone", "receptor", "river", "county", "protected_area"]
)
def test_every_tile_of_a_pyramid_is_valid_and_no_zone_is_lost(layer: str, z: int) -> None:
    edition = demo_edition()
    zones = {zone.code: zone for zone in edition.zones[layer]}
    seen: set[str] = set()
    for _, _, features in pyramid(layer, z):
        for one in features:
            properties = one["properties"]
            zone = zones[properties["code"]]
            assert one["id"] == edition.zones[layer].index(zone) + 1
            assert properties == {
                name: value
                for name, value in (
                    ("code", zone.code), ("name", zone.name), ("class", zone.zone_class), ("subtype", zone.subtype),
                    ("synthetic", True),
                )
                if value != ""
            }  # fmt: skip
            geometry = shape(one["geometry"])
            assert geometry.is_valid, shapely.is_valid_reason(geometry)
            assert not geometry.is_empty
            lowest, highest = shapely.bounds(geometry)[:2].min(), shapely.bounds(geometry)[2:].max()
            assert lowest >= -65
            assert highest <= EXTENT + 65
            seen.add(zone.code)
    assert seen == zones.keys()


@pytest.mark.parametrize("z", [3, 5, 7, 9, 10, 13])
def test_neighbours_meet_without_gap_or_overlap(z: int) -> None:
    """Control units are a partition: inside their outline their shapes cover a tile once, to a unit along edges."""
    edition = demo_edition()
    rng = np.random.default_rng(z)
    one = drawn("control_unit", z)
    columns, rows = columns_and_rows(one.extent, z)
    places = [(x, y) for x in columns for y in rows]
    for x, y in [places[i] for i in rng.permutation(len(places))[:12]]:
        parts = [shape(f["geometry"]) for f in decoded(one.tile(z, x, y), "control_unit")]
        if not parts:
            continue
        clipped = [shapely.intersection(part, TILE) for part in parts]
        union = shapely.union_all(clipped)
        overlap = sum(part.area for part in clipped) - union.area
        edges = sum(part.length for part in clipped)
        assert overlap <= 1e-3 * edges + 2 * len(parts), (x, y)
        # what two units share is the very same line; gaps are holes of the union that the outline has not
        outline = shapely.intersection(
            shapely.make_valid(placed(shapely.union_all(one.shapes), z, x, y)), TILE
        )
        left = shapely.difference(shapely.buffer(outline, -1.5), shapely.buffer(union, 0.75))
        assert left.area == 0.0, (x, y, left.area)
    assert edition.info.synthetic


@pytest.mark.parametrize("z", [6, 9, 11])
@pytest.mark.parametrize("layer", ["control_unit", "red_line", "soil_zone"])
def test_tiles_cover_the_area_of_the_layer(layer: str, z: int) -> None:
    one = drawn(layer, z)
    area = 0.0
    if z <= GENERALISED:
        chosen = [(x, y, features) for x, y, features in pyramid(layer, z)]
        expected = sum(placed(zone, z, 0, 0).area for zone in one.shapes)
    else:
        columns, rows = columns_and_rows(one.extent, z)
        few = [(x, y) for x in columns[30:36] for y in rows[20:26]]
        chosen = [(x, y, decoded(one.tile(z, x, y), layer)) for x, y in few]
        frames = shapely.union_all(
            [shapely.box(x * EXTENT, y * EXTENT, (x + 1) * EXTENT, (y + 1) * EXTENT) for x, y in few]
        )
        expected = sum(shapely.intersection(placed(zone, z, 0, 0), frames).area for zone in one.shapes)
    edges = 0.0
    for _, _, features in chosen:
        for feature in features:
            inside = shapely.intersection(shape(feature["geometry"]), TILE)
            area += inside.area
            edges += inside.length
    assert abs(area - expected) <= 0.05 * edges + 1e-3 * expected
    assert area > 0


def test_shapes_are_those_of_the_edition_to_half_a_unit() -> None:
    z = 12
    for layer in ("control_unit", "river", "receptor"):
        zones = {zone.code: zone.geometry for zone in demo_edition().zones[layer]}
        one = drawn(layer, z)
        lon, lat = next(iter(zones.values())).representative_point().coords[0]
        columns, rows = columns_and_rows((lon, lat, lon, lat), z)
        found = decoded(one.tile(z, columns[0], rows[0]), layer)
        assert found
        for feature in found:
            whole = placed(zones[feature["properties"]["code"]], z, columns[0], rows[0])
            near = shapely.intersection(whole, shapely.box(-64, -64, EXTENT + 64, EXTENT + 64))
            assert shapely.hausdorff_distance(shape(feature["geometry"]), near) <= 1.5


# --- the encoder -----------------------------------------------------------------------------


def shapes() -> st.SearchStrategy[Any]:
    number = st.integers(-64, EXTENT + 64)
    point = st.tuples(number, number)
    centre = st.tuples(st.integers(0, EXTENT), st.integers(0, EXTENT), st.integers(3, 60))
    discs = st.builds(lambda c: shapely.Point(c[:2]).buffer(c[2], quad_segs=3), centre)
    rings = discs.map(lambda disc: shapely.difference(disc, shapely.buffer(disc.centroid, 2, quad_segs=1)))
    return st.one_of(
        st.lists(point, min_size=1, max_size=4, unique=True).map(shapely.MultiPoint),
        st.lists(point, min_size=2, max_size=6, unique=True).map(lambda p: shapely.MultiLineString([p])),
        st.lists(rings, min_size=1, max_size=3).map(
            lambda d: shapely.set_precision(shapely.union_all(d), 1.0)
        ),
    )


@settings(max_examples=60)
@given(st.lists(shapes(), min_size=1, max_size=5))
def test_what_is_encoded_is_decoded(made: list[Any]) -> None:
    whole = [shapely.multipolygons([s]) if s.geom_type == "Polygon" else s for s in made]
    whole = [s for s in whole if not s.is_empty]
    layer = Layer(id="other", kind=LayerKind.OTHER, title="其他", accuracy_m=1)
    zones = [Zone(layer="other", code=str(i), name="", geometry=s) for i, s in enumerate(whole)]
    some = Drawn(layer, zones, synthetic=False)
    tile = some._encoded(np.arange(len(whole)), np.array(whole, dtype=object))
    for feature, before in zip(decoded(tile, "other"), whole, strict=True):
        after = shape(feature["geometry"])
        assert shapely.equals(after, before), (after.wkt, before.wkt)
        assert feature["properties"] == {"code": str(feature["id"] - 1), "synthetic": False}


def test_outer_rings_turn_as_the_format_wants() -> None:
    """MVT 2.1 §4.3.3.3: with y down the surveyor's area of an outer ring is positive, that of a hole negative."""
    ring = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(10, 10, 20, 20))
    for turned in (ring, shapely.reverse(ring)):
        ((kind, words),) = _commands(np.array([shapely.multipolygons([turned])], dtype=object))
        assert kind == 3
        areas, position, at = [], np.zeros(2, dtype=int), 0
        while at < len(words):
            points = []
            for _ in range(2):
                command, count = words[at] & 7, words[at] >> 3
                at += 1
                assert command in (1, 2)
                for _ in range(count):
                    position = position + [(w >> 1) ^ -(w & 1) for w in words[at : at + 2]]
                    points.append(tuple(position))
                    at += 2
            assert words[at] == 15
            at += 1
            xs, ys = np.array(points).T
            areas.append(int((xs * np.roll(ys, -1) - np.roll(xs, -1) * ys).sum()))
        assert areas[0] > 0 > areas[1]


def one_zone(geometry: Any) -> Drawn:
    layer = Layer(id="park", kind=LayerKind.PARK, title="园区", accuracy_m=1)
    return Drawn(layer, [Zone(layer="park", code="P", name="小", geometry=geometry)], synthetic=True)


@settings(max_examples=60)
@given(st.floats(90, 103), st.floats(32, 39), st.floats(1e-8, 1e-3), st.floats(1e-8, 2.0), st.integers(0, 12))
def test_zones_too_small_to_be_seen_are_shown(
    lon: float, lat: float, width: float, height: float, z: int
) -> None:
    """However thin: in some tile of every zoom there is something of each zone."""
    some = one_zone(shapely.box(lon, lat, lon + width, lat + height))
    columns, rows = columns_and_rows(some.extent, z)
    found = [f for x in columns for y in rows for f in decoded(some.tile(z, x, y), "park")]
    assert found
    assert all(shape(f["geometry"]).area >= 1 for f in found)


def test_a_zone_that_would_cross_itself_when_rounded_is_made_valid() -> None:
    side = 360 / 2**9 / EXTENT  # one unit at zoom 9
    spike = shapely.Polygon(
        [
            (100, 36),
            (100 + 40 * side, 36),
            (100 + 20.4 * side, 36 + 0.3 * side),
            (100 + 20 * side, 36 + 30 * side),
        ]
    )
    narrow = shapely.union(spike, shapely.box(100.01, 36, 100.011, 36.3))
    some = one_zone(narrow)
    columns, rows = columns_and_rows(some.extent, 9)
    for x in columns:
        for y in rows:
            for feature in decoded(some.tile(9, x, y), "park"):
                assert shape(feature["geometry"]).is_valid


# --- prepared tiles --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the prepared tiles of the demo edition, and its edition beside."""
    made = tmp_path_factory.mktemp("tiles")
    (made / "editions").mkdir()
    write_edition(demo_edition(), made / "editions" / "demo.gpkg")
    told: list[tuple[int, int]] = []
    paths = prepare_tiles(few_layers(), made, lambda done, total: told.append((done, total)))
    assert [path.stem for path in paths] == [layer.id for layer in few_layers().layers]
    assert told == [(done, 50) for done in range(51)]
    return made


def test_prepared_tiles_are_those_drawn_on_demand(folder: Path) -> None:
    for layer in ("control_unit", "receptor", "river"):
        content = path_of(folder, demo_edition().info.digest, layer).read_bytes()
        every = dict(all_tiles(MemorySource(content)))
        count = 0
        for z in range(GENERALISED + 1):
            one = drawn(layer, z)
            columns, rows = columns_and_rows(one.extent, z)
            for x in columns:
                for y in rows:
                    if tile := one.tile(z, x, y):
                        assert gzip.decompress(every[z, x, y]) == tile
                        count += 1
        assert count == len(every)


def test_prepared_files_are_pmtiles_that_say_what_they_are(folder: Path) -> None:
    path = path_of(folder, demo_edition().info.digest, "park")
    reader = Reader(MemorySource(path.read_bytes()))
    header, metadata = reader.header(), reader.metadata()
    assert (header["version"], header["min_zoom"], header["max_zoom"], header["clustered"]) == (
        3,
        0,
        GENERALISED,
        True,
    )
    assert SYNTHETIC in metadata["description"]
    assert metadata["vector_layers"][0]["id"] == "park"


def test_preparing_again_does_nothing_and_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    edition = normalise(sample_edition())
    paths = prepare_tiles(edition, tmp_path / "one")
    told: list[tuple[int, int]] = []
    assert prepare_tiles(edition, tmp_path / "one", lambda *now: told.append(now)) == paths
    assert told == [(0, 0)]
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\nfrom pathlib import Path\nfrom sample_edition import sample_edition\n"
        "from sanxian.edition import normalise\nfrom sanxian.server.tiles_prepared import prepare_tiles\n"
        f"prepare_tiles(normalise(sample_edition()), Path({str(tmp_path / 'two')!r}))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=100)
    for path in paths:
        other = path_of(tmp_path / "two", edition.info.digest, path.stem)
        assert other.read_bytes() == path.read_bytes()


def test_preparing_that_is_stopped_leaves_whole_files(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done == 25:
            raise Stopped

    with pytest.raises(Stopped):
        prepare_tiles(few_layers(), tmp_path, stop)
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".pmtiles"] * 2


def test_a_torn_file_is_not_used(folder: Path, tmp_path: Path) -> None:
    path = path_of(tmp_path, demo_edition().info.digest, "park")
    path.parent.mkdir(parents=True)
    content = path_of(folder, demo_edition().info.digest, "park").read_bytes()
    for torn in (b"", b"PMTiles", content[:200], content[:-10], b"x" * 500):
        path.write_bytes(torn)
        with pytest.raises((OSError, ValueError, KeyError)):
            Prepared(path)
        some = tiles.Tiles(tmp_path)
        some._levels.get((demo_edition().info.digest, 8), lambda: {"park": drawn("park", 8)})
        columns, rows = columns_and_rows(drawn("park", 8).extent, 8)
        for x in columns:
            for y in rows:
                made = some.layer(demo_edition(), "park", 8, x, y)
                assert (gzip.decompress(made) if made else b"") == drawn("park", 8).tile(8, x, y)


# --- the service -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        serving(folder / "editions") as address,
        httpx.Client(base_url=f"{address}/tiles", timeout=60) as made,
    ):
        yield made


def test_tilejson_leads_to_tiles(client: httpx.Client) -> None:
    for key, cache in (("63", "no-cache"), (SHORT, "max-age")):
        for name, layers in (
            (f"/{key}/park.json", ["park"]),
            (f"/{key}.json", [one.id for one in demo_edition().layers]),
        ):
            answer = client.get(name)
            assert answer.headers["content-type"] == "application/json"
            assert cache in answer.headers["cache-control"]
            told = answer.json()
            assert told["tilejson"] == "3.0.0"
            assert [one["id"] for one in told["vector_layers"]] == layers
            assert SYNTHETIC in told["name"]
            assert SYNTHETIC in told["attribution"]
            assert told["synthetic"] is True
            lon, lat, z = told["center"]
            columns, rows = columns_and_rows((lon, lat, lon, lat), z)
            address = told["tiles"][0].format(z=z, x=columns[0], y=rows[0])
            tile = client.get(address)
            assert tile.status_code == 200
            found = mapbox_vector_tile.decode(tile.content)
            assert set(found) <= set(layers)


def test_all_layers_together_are_each_layer(client: httpx.Client) -> None:
    together = mapbox_vector_tile.decode(client.get(f"/{SHORT}/7/99/49.mvt").content)
    assert len(together) > 8
    for layer, content in together.items():
        alone = mapbox_vector_tile.decode(client.get(f"/{SHORT}/{layer}/7/99/49.mvt").content)
        assert alone == {layer: content}
    for layer in {one.id for one in demo_edition().layers} - together.keys():
        assert client.get(f"/{SHORT}/{layer}/7/99/49.mvt").status_code == 204


def test_status_headers_and_encodings(client: httpx.Client) -> None:
    path = f"/{SHORT}/control_unit/7/99/49.mvt"
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    plain = client.get(path, headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content  # httpx has unpacked it
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert "immutable" in packed.headers["cache-control"]
    assert "no-cache" in client.get("/63/control_unit/7/99/49.mvt").headers["cache-control"]
    known = client.get(path, headers={"if-none-match": packed.headers["etag"], "accept-encoding": "gzip"})
    assert (known.status_code, known.content) == (304, b"")
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    empty = client.get(f"/{SHORT}/control_unit/7/0/0.mvt")
    assert (empty.status_code, empty.content) == (204, b"")
    for wrong in (
        f"/{SHORT}/control_unit/{MAX_ZOOM + 1}/0/0.mvt", f"/{SHORT}/control_unit/3/8/0.mvt", f"/{SHORT}/control_unit/3/0/8.mvt",
        f"/{SHORT}/nothing/3/0/0.mvt", f"/{'0' * 12}/control_unit/3/0/0.mvt", f"/{SHORT}/control_unit/a/0/0.mvt",
        f"/{SHORT}/control_unit/3/0/0.png", f"/{SHORT}/control_unit/3/0.5/0.mvt",
    ):  # fmt: skip
        assert client.get(wrong).status_code == 404, wrong
    assert client.get(path, params={"x": 1}).status_code == 400


def test_the_style_draws_every_layer_and_asks_nobody_else(client: httpx.Client) -> None:
    for lang in ("zh-CN", "en"):
        style = client.get(f"/{SHORT}/style.json", params={"lang": lang}).json()
        assert style["version"] == 8
        assert not {"glyphs", "sprite"} & style.keys()
        base = str(client.base_url).rstrip("/")
        assert style["sources"]["sanxian"]["url"] == f"{base}/{SHORT}.json"
        assert style["sources"]["sanxian"]["attribution"] == SYNTHETIC
        used = {one["source-layer"] for one in style["layers"] if "source-layer" in one}
        assert used == {layer.id for layer in demo_edition().layers}
        assert len({one["id"] for one in style["layers"]}) == len(style["layers"])
        hosts = {word.split("/")[2] for word in json.dumps(style).split('"') if word.startswith("http")}
        assert hosts == {str(client.base_url.netloc, "ascii")}
        colours = [
            value for one in style["layers"] for name, value in one["paint"].items() if name.endswith("color")
        ]
        assert all(value.startswith("#") for value in colours)
        for word in ("url(", "none"):
            assert word not in json.dumps([one["paint"] for one in style["layers"]])


def holds(condition: Any, zone: Zone) -> Any:
    """Evaluate the few expressions the style uses, as a reader of styles would."""
    if not isinstance(condition, list):
        return condition
    op, *args = condition
    values = {"class": zone.zone_class, "subtype": zone.subtype}
    match op:
        case "all":
            return all(holds(arg, zone) for arg in args)
        case "any":
            return any(holds(arg, zone) for arg in args)
        case "==":
            return holds(args[0], zone) == holds(args[1], zone)
        case "!=":
            return holds(args[0], zone) != holds(args[1], zone)
        case "coalesce":
            return next((v for v in (holds(arg, zone) for arg in args) if v is not None), None)
        case "get":
            return values[args[0]] or None
        case "geometry-type":
            return zone.geometry.geom_type.removeprefix("Multi")
    raise AssertionError(op)


def test_every_zone_has_exactly_one_sign(client: httpx.Client) -> None:
    style = client.get(f"/{SHORT}/style.json").json()
    for layer in demo_edition().layers:
        rules = [one for one in style["layers"] if one.get("source-layer") == layer.id]
        for zone in demo_edition().zones[layer.id]:
            signs = {one["metadata"]["sanxian:sign"] for one in rules if holds(one.get("filter", True), zone)}
            assert len(signs) == 1, (layer.id, zone.code, signs)


# --- memory and threads ----------------------------------------------------------------------


def test_memory_for_tiles_is_bounded(tmp_path: Path) -> None:
    some = tiles.Tiles(tmp_path, kept_bytes=20_000)
    columns, rows = columns_and_rows(drawn("control_unit", 11).extent, 11)
    for x in columns[20:40]:
        for y in rows[20:26]:
            some.layer(demo_edition(), "control_unit", 11, x, y)
            assert some.size <= 20_000
    assert some.size > 0


def test_many_threads_get_the_same_bytes(tmp_path: Path) -> None:
    some = tiles.Tiles(tmp_path, kept_bytes=1)
    places = [(11, x, y) for x in range(1595, 1605) for y in range(790, 800)]
    expected = {place: drawn("control_unit", 11).tile(*place) for place in places}
    barrier = threading.Barrier(4)

    def walk(seed: int) -> None:
        barrier.wait()
        for i in np.random.default_rng(seed).permutation(len(places)).tolist():
            made = some.layer(demo_edition(), "control_unit", *places[i])
            assert (gzip.decompress(made) if made else b"") == expected[places[i]]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(walk, range(4)))


def test_an_edition_without_a_region_is_drawn_as_it_is() -> None:
    whole = demo_edition()
    layers = tuple(layer for layer in whole.layers if layer.kind is not LayerKind.ADMIN)
    bare: Edition = replace(whole, layers=layers)
    made = ready(bare, 5)
    assert made["park"].shapes[0].equals(whole.zones["park"][0].geometry)


def test_places_of_tiles() -> None:
    assert tile_bounds(0, 0, 0) == pytest.approx((-180.0, 85.0511287798066))
    assert columns_and_rows((-180, -90, 180, 90), 2) == (range(4), range(4))
    west, north = tile_bounds(9, 397, 200)
    columns, rows = columns_and_rows((west + 1e-9, north - 1e-9, west + 1e-9, north - 1e-9), 9)
    assert (columns[0], rows[0]) == (397, 200)
    with pytest.raises(NothingThere):
        tiles._place("1", "2", "0")


def test_the_app_of_these_tests_has_every_route(folder: Path) -> None:
    paths = {getattr(route, "path", "") for route in tiles.routes().routes}
    assert {"/tiles/{edition_key}/{layer}/{z}/{x}/{y}.mvt", "/tiles/{edition_key}/style.json"} <= paths
    assert app_of(folder / "editions").state.services.folder == folder

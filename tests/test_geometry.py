"""Footprints: the files people hand over, what they mean, and what is refused."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from footprint_files import GEOD, project, random_polygon, true_area
from sanxian import geometry
from sanxian.errors import (
    BadDatumShift,
    ConflictingCRS,
    DatumShiftNeeded,
    FootprintBroken,
    FootprintCoordinate,
    FootprintDegenerate,
    FootprintEmpty,
    FootprintFormat,
    FootprintNotFound,
    FootprintUnsafe,
    InputError,
    MissingCRS,
    NumbersDoNotFitCRS,
    SwappedAxes,
    UnknownCRS,
)
from sanxian.geometry import crs as crs_module

INPUTS = Path(__file__).parents[2] / "shared" / "inputs"
EXPECTED = json.loads((INPUTS / "expected.json").read_text("utf-8"))
MEASURED = [name for name, entry in EXPECTED.items() if "area_m2" in entry]
QINGHAI = geometry.Region(code="630000", name="青海省（示例）", outline=shapely.box(89.4, 31.6, 103.1, 39.3))


def codes(footprint: geometry.Footprint) -> set[str]:
    return {n.code for n in footprint.notices} | {n.code for p in footprint.parts for n in p.repairs}


def area(footprint: geometry.Footprint) -> float:
    return sum(geometry.measure(part.geometry)[0] for part in footprint.parts)


def length(footprint: geometry.Footprint) -> float:
    return sum(geometry.measure(part.geometry)[1] for part in footprint.parts)


def square(lon: float = 101.7, lat: float = 36.6, size: float = 0.01) -> dict[str, Any]:
    return shapely.geometry.mapping(shapely.box(lon, lat, lon + size, lat + size))


# --- the samples -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEASURED)
@pytest.mark.parametrize("region", [None, QINGHAI], ids=["anywhere", "qinghai"])
def test_a_sample_has_its_true_area_length_and_place(name: str, region: geometry.Region | None) -> None:
    entry = EXPECTED[name]
    footprint = geometry.read_footprint(INPUTS / name, crs=entry.get("needs_crs"), region=region)
    assert area(footprint) == pytest.approx(entry["area_m2"], rel=1e-6)
    assert length(footprint) == pytest.approx(entry.get("pipe_length_m", entry["length_m"]), rel=1e-5)
    place = shapely.Point(entry["point"])
    assert min(shapely.distance(part.geometry, place) for part in footprint.parts) < 1e-6
    assert all(part.source == name and shapely.is_valid(part.geometry) for part in footprint.parts)


def test_outfalls_from_a_map_app_come_back_to_their_true_place() -> None:
    footprint = geometry.read_footprint(INPUTS / "06_outfalls_gcj02.csv", crs="GCJ02")
    truth = EXPECTED["06_outfalls_gcj02.csv"]["true_points"]
    assert [p.name for p in footprint.parts] == ["排污口1", "排污口2"]
    for part, (lon, lat) in zip(footprint.parts, truth, strict=True):
        assert GEOD.inv(part.geometry.x, part.geometry.y, lon, lat)[2] < 0.05
    assert {"CRS_MAP_APP", "FOOTPRINT_TABLE_SHAPE"} <= codes(footprint)


def test_layers_of_a_geodatabase_are_roles() -> None:
    footprint = geometry.read_footprint(INPUTS / "07_park.gdb.zip")
    assert [(p.role, shapely.get_dimensions(p.geometry)) for p in footprint.parts] == [
        ("厂区", 2),
        ("管线", 1),
        ("排污口", 0),
    ]
    only = geometry.read_footprint(INPUTS / "07_park.gdb.zip", layer="管线")
    assert [p.role for p in only.parts] == ["管线"]
    with pytest.raises(InputError, match="厂区, 管线, 排污口"):
        geometry.read_footprint(INPUTS / "07_park.gdb.zip", layer="没有")


def test_a_bow_tie_is_repaired_and_the_record_kept() -> None:
    footprint = geometry.read_footprint(INPUTS / "81_bowtie.geojson")
    (part,) = footprint.parts
    (repair,) = part.repairs
    assert repair.code == "REPAIR_INVALID_POLYGON" and "m²" in repair.zh and "m²" in repair.en
    halves = shapely.from_wkt(
        "MULTIPOLYGON (((101.7 36.6, 101.705 36.605, 101.7 36.61, 101.7 36.6)),"
        "((101.71 36.6, 101.71 36.61, 101.705 36.605, 101.71 36.6)))"
    )
    assert area(footprint) == pytest.approx(true_area(halves), rel=1e-6)


@pytest.mark.parametrize("region", [None, QINGHAI], ids=["anywhere", "qinghai"])
def test_swapped_axes_are_refused_until_the_user_says_so(region: geometry.Region | None) -> None:
    with pytest.raises(SwappedAxes) as caught:
        geometry.read_footprint(INPUTS / "82_swapped_axes.geojson", region=region)
    way_out = str(caught.value.fields["swap"])
    assert way_out in caught.value.text("zh-CN") and way_out in caught.value.text("en")
    footprint = geometry.read_footprint(INPUTS / "82_swapped_axes.geojson", crs=way_out, region=region)
    assert area(footprint) == pytest.approx(EXPECTED["84_3d_dup_vertices.geojson"]["area_m2"], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("83_empty.geojson", FootprintEmpty),
        ("87_nan.geojson", FootprintCoordinate),
        ("89_truncated.zip", FootprintBroken),
        ("90_traversal.zip", FootprintUnsafe),
        ("91_bomb.zip", FootprintUnsafe),
        ("92_vrt.geojson", FootprintUnsafe),
        ("93_xxe.kml", FootprintUnsafe),
        ("05_road.dxf", MissingCRS),
        ("06_outfalls_gcj02.csv", MissingCRS),
    ],
)
def test_a_bad_sample_is_refused_in_both_languages(name: str, error: type[InputError]) -> None:
    with pytest.raises(error) as caught:
        geometry.read_footprint(INPUTS / name)
    zh, en = caught.value.text("zh-CN"), caught.value.text("en")
    assert name in zh and name in en and zh != en
    assert pickle.loads(pickle.dumps(caught.value)).text() == zh


def test_another_province_is_read_with_a_notice_and_left_to_the_screening() -> None:
    assert codes(geometry.read_footprint(INPUTS / "86_other_province.geojson")) == set()
    footprint = geometry.read_footprint(INPUTS / "86_other_province.geojson", region=QINGHAI)
    assert "PLACE_NOT_IN_REGION" in codes(footprint)


def test_repairs_are_on_record() -> None:
    assert codes(geometry.read_footprint(INPUTS / "84_3d_dup_vertices.geojson")) == {
        "REPAIR_DUPLICATE_VERTICES"
    }
    assert codes(geometry.read_footprint(INPUTS / "85_unclosed.geojson")) == {"REPAIR_RING_CLOSED"}
    assert codes(geometry.read_footprint(INPUTS / "88_far_zone.geojson")) == {"CRS_FAR_ZONE"}


def test_nothing_is_written_beside_an_input(tmp_path: Path) -> None:
    for name in MEASURED:
        (tmp_path / name).write_bytes((INPUTS / name).read_bytes())
        geometry.read_footprint(tmp_path / name, crs=EXPECTED[name].get("needs_crs"))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(MEASURED)


def test_reading_twice_gives_the_same_bytes() -> None:
    for name in MEASURED:
        once, again = (
            geometry.read_footprint(INPUTS / name, crs=EXPECTED[name].get("needs_crs")) for _ in "ab"
        )
        assert [p.geometry.wkb for p in once.parts] == [p.geometry.wkb for p in again.parts]


def test_importing_geometry_loads_no_reader() -> None:
    script = "import sys, sanxian.geometry; print([m for m in ('pyogrio','pyproj','openpyxl','ezdxf','pandas') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# --- what is refused -------------------------------------------------------------------------


def feature(geometry_: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry_}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **members}


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (None, FootprintEmpty),
        ({"type": "Point", "coordinates": []}, FootprintEmpty),
        ({"type": "Point", "coordinates": [math.nan, 36]}, FootprintCoordinate),
        ({"type": "Point", "coordinates": [math.inf, 36]}, FootprintCoordinate),
        ({"type": "Point", "coordinates": [101]}, FootprintCoordinate),
        ({"type": "Point", "coordinates": ["101", "36"]}, FootprintCoordinate),
        ({"type": "Point"}, FootprintCoordinate),
        ({"type": "Circle", "coordinates": [1, 2]}, FootprintCoordinate),
        (
            {"type": "Polygon", "coordinates": [[[101, 36], [101.1, 36.1], [101.2, 36.2], [101, 36]]]},
            FootprintDegenerate,
        ),
        (
            {"type": "Polygon", "coordinates": [[[101, 36], [101, 36], [101, 36], [101, 36]]]},
            FootprintDegenerate,
        ),
        ({"type": "LineString", "coordinates": [[101, 36], [101, 36]]}, FootprintDegenerate),
    ],
)
def test_one_bad_feature_refuses_the_file_and_is_named(bad: Any, error: type[InputError]) -> None:
    with pytest.raises(error) as caught:
        geometry.footprint_from_geojson(collection(feature(square(), name="甲"), feature(bad, name="乙")))
    assert "第 2 个要素（乙）" in caught.value.text("zh-CN")
    assert "feature 2 (乙)" in caught.value.text("en")


@pytest.mark.parametrize(
    "document", [[], 3, "x", {"type": "Topology"}, collection(3), {"type": "FeatureCollection"}]
)
def test_json_that_is_no_geojson_is_refused(document: Any) -> None:
    with pytest.raises(InputError):
        geometry.footprint_from_geojson(document)


def test_an_empty_collection_is_refused() -> None:
    with pytest.raises(FootprintEmpty):
        geometry.footprint_from_geojson(collection())


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.kml", b"<OGRVRTDataSource/>", FootprintUnsafe),
        ("a.shp", b"  <OGRVRTDataSource></OGRVRTDataSource>", FootprintUnsafe),
        ("a.gpkg", b"\xef\xbb\xbf<OGRVRTDataSource/>", FootprintUnsafe),
        ("a.csv", "<OGRVRTDataSource/>".encode("utf-16"), FootprintUnsafe),
        ("a.vrt", b"<VRTDataset/>", FootprintUnsafe),
        ("a.kml", b'<!DOCTYPE x><kml xmlns="http://www.opengis.net/kml/2.2"/>', FootprintUnsafe),
        ("a.gpx", b"<gpx/>", FootprintFormat),
        ("a.xyz", b"hello", FootprintFormat),
        ("a.dwg", b"AC1032....", FootprintFormat),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FootprintFormat),
        ("a.geojson", b"hello", FootprintBroken),
        ("a.geojson", b'{"type":', FootprintBroken),
        ("a.shp", b"hello", FootprintBroken),
        ("a.gpkg", b"SQLite format 3\0junk", FootprintBroken),
        ("a.zip", b"PK\x03\x04junk", FootprintBroken),
        ("a.dxf", b"  0\nSECTION\n  2\nENTITIES\n", FootprintBroken),
        ("a.csv", b"hello,world\n1,2\n", InputError),
        ("a.csv", b"", FootprintEmpty),
        ("a.geojson", b" \n ", FootprintEmpty),
        ("a.geojson", b"[" * 100_000, FootprintBroken),
    ],
)
def test_other_content_is_refused(tmp_path: Path, name: str, content: bytes, error: type[InputError]) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error):
        geometry.read_footprint(tmp_path / name)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FootprintNotFound):
        geometry.read_footprint(tmp_path / "nothing.shp")
    with pytest.raises(FootprintFormat):
        geometry.read_footprint(tmp_path)


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zf:
        for name, data in members.items():
            zf.writestr(name, data)
    return path


GOOD = json.dumps(square()).encode()


@pytest.mark.parametrize(
    "members",
    [
        {"/etc/a.geojson": GOOD},
        {"C:/a.geojson": GOOD},
        {"x/../../a.geojson": GOOD},
        {"..\\a.geojson": GOOD},
        {"a.geojson": GOOD, "b.zip": b"PK"},
        {"a.geojson": GOOD, "b.kmz": b"PK"},
        {"a.geojson": GOOD, "zeros.bin": bytes(30 << 20)},
        {"a.geojson": GOOD, **{f"{n}.bin": bytes(1 << 20) for n in range(40)}},
        {"a.geojson": GOOD, "b.geojson": b"<OGRVRTDataSource/>"},
        {"a.geojson": GOOD, "b.dbf": b"<OGRVRTDataSource/>"},
    ],
    ids=lambda members: " ".join(list(members)[:2]),
)
def test_a_hostile_archive_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(FootprintUnsafe):
        geometry.read_footprint(write_zip(tmp_path / "a.zip", members))


def test_links_encryption_and_crowds_in_an_archive_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.geojson")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as zf:
        zf.writestr(link, "/etc/hostname")
    with pytest.raises(FootprintUnsafe, match="链接"):
        geometry.read_footprint(tmp_path / "link.zip")
    content = bytearray(write_zip(tmp_path / "secret.zip", {"a.geojson": GOOD}).read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(content)
    with pytest.raises(FootprintUnsafe, match="加密"):
        geometry.read_footprint(tmp_path / "secret.zip")
    write_zip(tmp_path / "crowd.zip", {f"{n}.txt": b"" for n in range(2001)})
    with pytest.raises(InputError, match="2001"):
        geometry.read_footprint(tmp_path / "crowd.zip")


def test_a_folder_does_not_lead_outside_through_links(tmp_path: Path) -> None:
    secret = tmp_path / "secret.shp"
    secret.write_bytes(b"\x00\x00\x27\x0a")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.shp").symlink_to(secret)
    (folder / "a.shx").write_bytes(b"\x00\x00\x27\x0a")
    with pytest.raises(FootprintUnsafe, match="链接"):
        geometry.read_footprint(folder)


def test_kml_links_are_named_and_not_followed(tmp_path: Path) -> None:
    inner = "<Placemark><Point><coordinates>101.7,36.6</coordinates></Point></Placemark>"
    link = "<NetworkLink><Link><href>file:///etc/hostname</href></Link></NetworkLink>"
    (tmp_path / "a.kml").write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{link}{inner}</Document></kml>'
    )
    footprint = geometry.read_footprint(tmp_path / "a.kml")
    assert len(footprint.parts) == 1 and "FOOTPRINT_LINKS_IGNORED" in codes(footprint)


# --- CRS -------------------------------------------------------------------------------------

ZONES = range(4491, 4555)


@pytest.mark.parametrize("code", ZONES)
def test_every_gauss_kruger_zone_leads_back_to_the_place(code: int) -> None:
    meridian = crs_module.central_meridian(code)
    shape = shapely.box(meridian + 0.4, 36.5, meridian + 0.41, 36.51)
    there = shapely.geometry.mapping(project(shape, code))
    footprint = geometry.footprint_from_geojson(there, crs=f"EPSG:{code}")
    assert footprint.parts[0].crs_in == f"EPSG:{code}"
    assert shapely.hausdorff_distance(footprint.parts[0].geometry, shape) < 1e-9
    assert codes(footprint) == {"CRS_OVERRIDES_FORMAT"}
    wkt = pyproj.CRS.from_epsg(code)
    for text in (
        wkt.to_wkt("WKT1_ESRI"),
        wkt.to_wkt("WKT1_GDAL"),
        wkt.to_wkt(),
        f"urn:ogc:def:crs:EPSG::{code}",
    ):
        assert geometry.parse_crs(text, source="t").label == f"EPSG:{code}"


def test_zone_prefixes_and_meridians_give_the_codes_epsg_has() -> None:
    names = {4513: "CGCS2000", 2349: "Xian 1980", 2401: "Beijing 1954"}
    for first, datum in names.items():
        label = {"CGCS2000": "CGCS2000", "Xian 1980": "Xian80", "Beijing 1954": "Beijing54"}[datum]
        for zone in [*range(13, 24), *range(25, 46)]:
            crs = pyproj.CRS.from_epsg(crs_module.zone_code(zone, label) or 0)
            assert crs.name.startswith(datum) and crs.name.endswith(f"zone {zone}"), (first, crs.name)
    assert crs_module.zone_code(24) is crs_module.zone_code(12) is crs_module.zone_code(46) is None
    assert crs_module.unprefixed_code(102) == 4543


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("EPSG:4490", "EPSG:4490"),
        ("epsg:4490", "EPSG:4490"),
        ("4522", "EPSG:4522"),
        ("CGCS2000", "EPSG:4490"),
        ("WGS 84", "EPSG:4326"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::4490", "EPSG:4490"),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", "EPSG:4490"),
        ("gcj-02", "GCJ02"),
        ("BD09", "BD09"),
        ("EPSG:4490@yx", "EPSG:4490"),
    ],
)
def test_a_crs_has_many_names(text: str, label: str) -> None:
    assert geometry.parse_crs(text, source="t").label == label


@pytest.mark.parametrize(
    "text",
    ["", "EPSG:1", "EPSG:999999", "somewhere", "EPSG:4490@zz", "PROJCS[", "EPSG:4978", "+proj=longlat"],
)
def test_an_unknown_crs_is_refused(text: str) -> None:
    with pytest.raises(UnknownCRS):
        geometry.footprint_from_point(101.7, 36.6, crs=text)


@pytest.mark.parametrize("code", [4214, 4610, 2357, 2409, 2379, 21417, 2331])
def test_old_datums_are_refused_without_parameters(code: int) -> None:
    crs = pyproj.CRS.from_epsg(code)
    inner = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    x, y = inner.transform(99.0, 36.5)
    with pytest.raises(DatumShiftNeeded):
        geometry.footprint_from_point(x, y, crs=f"EPSG:{code}")


@pytest.mark.parametrize(("lon", "lat"), [(109.0, 38.5), (82.0, 40.0), (119.0, 38.5)])
def test_parameters_published_for_an_oil_basin_are_not_taken(lon: float, lat: float) -> None:
    with pytest.raises(DatumShiftNeeded):
        geometry.footprint_from_point(lon, lat, crs="EPSG:4214")


def helmert(
    lon: float, lat: float, ellipsoid: tuple[float, float], shift: list[float], sign: int
) -> tuple[float, float]:
    """Seven-parameter shift by matrices; sign −1 is the coordinate-frame (Bursa–Wolf) rotation."""

    def cart(a: float, rf: float) -> np.ndarray:
        e2 = 2 / rf - 1 / rf**2
        phi, lam = math.radians(lat), math.radians(lon)
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        return np.array(
            [
                n * math.cos(phi) * math.cos(lam),
                n * math.cos(phi) * math.sin(lam),
                n * (1 - e2) * math.sin(phi),
            ]
        )

    rx, ry, rz = (sign * math.radians(s / 3600) for s in shift[3:6])
    rotation = np.array([[1, -rz, ry], [rz, 1, -rx], [-ry, rx, 1]])
    x, y, z = np.array(shift[:3]) + (1 + shift[6] * 1e-6) * rotation @ cart(*ellipsoid)
    a, rf = 6378137.0, 298.257222101
    e2 = 2 / rf - 1 / rf**2
    p, phi = math.hypot(x, y), math.atan2(z, math.hypot(x, y))
    for _ in range(20):
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        phi = math.atan2(z + e2 * n * math.sin(phi), p)
    return math.degrees(math.atan2(y, x)), math.degrees(phi)


@pytest.mark.parametrize(("convention", "sign"), [("coordinate_frame", -1), ("position_vector", 1)])
def test_local_parameters_open_an_old_datum(convention: str, sign: int) -> None:
    shift = [-10.5, -130.0, -77.25, 1.5, -2.25, 3.0, -4.5]
    datum = geometry.DatumShift.parse(",".join(map(str, shift)) + f",{convention}")
    footprint = geometry.footprint_from_point(99.0, 36.5, crs="EPSG:4610", datum=datum)
    expected = helmert(99.0, 36.5, (6378140.0, 298.257), shift, sign)
    point = footprint.parts[0].geometry
    assert GEOD.inv(point.x, point.y, *expected)[2] < 0.001
    assert "CRS_DATUM_SHIFT" in codes(footprint)


@pytest.mark.parametrize(
    "text", ["", "1,2", "a,b,c", "1,2,3,4,5,6,7", "1,2,3,4,5,6,7,sideways", "1,2,nan", "1,2,3,4,5,6,7,8,9"]
)
def test_datum_parameters_are_not_guessed(text: str) -> None:
    with pytest.raises(BadDatumShift):
        geometry.DatumShift.parse(text)


def test_a_published_operation_with_stated_accuracy_is_used_where_it_holds() -> None:
    to = pyproj.Transformer.from_crs(4326, 2326, always_xy=True)
    x, y = to.transform(114.15, 22.3)
    footprint = geometry.footprint_from_point(x, y, crs="EPSG:2326")
    point = footprint.parts[0].geometry
    assert GEOD.inv(point.x, point.y, 114.15, 22.3)[2] < 0.01
    assert "CRS_DATUM_OPERATION" in codes(footprint)


def test_a_contradiction_names_both_sides() -> None:
    declared = collection(feature(square()), crs={"type": "name", "properties": {"name": "EPSG:4490"}})
    with pytest.raises(ConflictingCRS) as caught:
        geometry.footprint_from_geojson(declared, crs="EPSG:4522")
    assert "EPSG:4490" in str(caught.value) and "EPSG:4522" in str(caught.value)
    assert len(geometry.footprint_from_geojson(declared, crs="EPSG:4326").parts) == 1
    assert len(geometry.footprint_from_geojson(declared, crs="CGCS2000").parts) == 1


@pytest.mark.parametrize(
    "member", [{"type": "link", "properties": {"href": "http://x"}}, {"type": "name"}, 3, {"properties": 1}]
)
def test_a_crs_member_without_a_name_is_refused(member: Any) -> None:
    with pytest.raises(UnknownCRS):
        geometry.footprint_from_geojson(collection(feature(square()), crs=member))


@pytest.mark.parametrize(
    ("code", "region", "first"),
    [
        (4522, None, "EPSG:4522"),
        (4496, None, "EPSG:4496"),
        (4543, QINGHAI, "EPSG:45"),
        (4490, None, "EPSG:4490"),
    ],
)
def test_numbers_without_crs_are_refused_with_what_they_could_be(
    code: int, region: geometry.Region | None, first: str
) -> None:
    meridian = 102 if code == 4490 else crs_module.central_meridian(code)
    shape = project(shapely.box(meridian - 0.4, 36.5, meridian - 0.39, 36.51), code)
    xy = shapely.get_coordinates(shape)
    proposals = geometry.candidates(xy, region)
    assert proposals and all(p.startswith(first) for p in proposals)
    if region is not None:
        assert 1 < len(proposals) <= 6 and f"EPSG:{code}" in proposals
    with pytest.raises(MissingCRS) as caught:
        geometry.footprint_from_wkt(shape.wkt, region=region)
    for text in (caught.value.text("zh-CN"), caught.value.text("en")):
        assert f"--crs {proposals[0]}" in text
    assert geometry.candidates(xy[:, ::-1], region) == tuple(f"{p}@yx" for p in proposals)


def test_a_small_region_leaves_one_candidate() -> None:
    county = geometry.Region(code="630000", name="某县", outline=shapely.box(101.4, 36.3, 102.0, 36.8))
    shape = project(shapely.box(101.7, 36.5, 101.71, 36.51), 4543)
    assert geometry.candidates(shapely.get_coordinates(shape), county) == ("EPSG:4543",)


def test_geojson_in_metres_without_a_crs_is_refused_with_candidates() -> None:
    there = project(shapely.box(101.7, 36.5, 101.71, 36.51), 4522)
    with pytest.raises(InputError, match="--crs EPSG:4522") as caught:
        geometry.footprint_from_geojson(shapely.geometry.mapping(there))
    assert caught.value.code == "CRS_MISSING"


@pytest.mark.parametrize("crs", ["EPSG:4522", "EPSG:4543", "EPSG:3857"])
def test_degrees_are_not_read_as_metres(crs: str) -> None:
    with pytest.raises(NumbersDoNotFitCRS):
        geometry.footprint_from_geojson(square(), crs=crs)


def test_eastings_without_prefix_do_not_fit_a_prefixed_zone() -> None:
    there = project(shapely.box(101.7, 36.5, 101.71, 36.51), 4543)
    with pytest.raises(NumbersDoNotFitCRS, match="EPSG:4543"):
        geometry.footprint_from_wkt(there.wkt, crs="EPSG:4522")


@pytest.mark.parametrize("lat", [18.5, 36.5, 52.5])
@pytest.mark.parametrize("code", [4490, 4522, 4543, 32647])
def test_swapped_axes_are_seen_in_any_crs(code: int, lat: float) -> None:
    shape = shapely.box(101.7, lat, 101.71, lat + 0.01)
    swapped = shapely.transform(project(shape, code), lambda xy: xy[:, ::-1])
    with pytest.raises(SwappedAxes):
        geometry.footprint_from_wkt(swapped.wkt, crs=f"EPSG:{code}")
    footprint = geometry.footprint_from_wkt(swapped.wkt, crs=f"EPSG:{code}@yx")
    assert shapely.hausdorff_distance(footprint.parts[0].geometry, shape) < 1e-8
    if lat > 20:  # read as they stand, metres and degrees lead nowhere
        with pytest.raises(NumbersDoNotFitCRS):
            geometry.footprint_from_wkt(swapped.wkt, crs=f"EPSG:{code}@xy")


def test_a_place_far_west_is_not_mistaken_for_swapped_axes() -> None:
    footprint = geometry.footprint_from_point(76.0, 39.5)
    assert footprint.parts[0].geometry.equals(shapely.Point(76.0, 39.5))
    with pytest.raises(SwappedAxes):
        geometry.footprint_from_point(39.5, 76.0)


# --- map-app offsets -------------------------------------------------------------------------


def gcj02_by_the_book(lon: float, lat: float) -> tuple[float, float]:
    """The formulas as published (eviltransform, prcoords), one point at a time."""
    x, y, pi = lon - 105, lat - 35, math.pi
    common = 20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)
    dlat = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    dlat += (common + 20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    dlat += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y / 30 * pi)) * 2 / 3
    dlon = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    dlon += (common + 20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    dlon += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    a, ee = 6378245.0, 0.00669342162296594323
    magic = 1 - ee * math.sin(math.radians(lat)) ** 2
    dlat = dlat * 180 / ((a * (1 - ee)) / (magic * math.sqrt(magic)) * pi)
    dlon = dlon * 180 / (a / math.sqrt(magic) * math.cos(math.radians(lat)) * pi)
    return lon + dlon, lat + dlat


def test_gcj02_follows_the_published_formulas() -> None:
    rng = np.random.default_rng(2)
    points = np.column_stack([rng.uniform(74, 134, 500), rng.uniform(18, 53, 500)])
    expected = np.array([gcj02_by_the_book(*p) for p in points.tolist()])
    np.testing.assert_allclose(geometry.wgs84_to_gcj02(points), expected, atol=1e-11, rtol=0)
    # Tiananmen, the example most packages quote, and a place outside the box.
    np.testing.assert_allclose(
        geometry.wgs84_to_gcj02(np.array([[116.404, 39.915]])), [[116.410245, 39.916404]], atol=2e-6
    )
    np.testing.assert_array_equal(geometry.wgs84_to_gcj02(np.array([[2.35, 48.85]])), [[2.35, 48.85]])


@pytest.mark.parametrize("name", ["gcj02", "bd09"])
def test_map_app_offsets_invert_to_a_tenth_of_a_millimetre(name: str) -> None:
    there = {"gcj02": geometry.wgs84_to_gcj02, "bd09": geometry.wgs84_to_bd09}[name]
    back = {"gcj02": geometry.gcj02_to_wgs84, "bd09": geometry.bd09_to_wgs84}[name]
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(74, 134, 20_000), rng.uniform(18, 53, 20_000)])
    points[:100, 0] = 105.0 + np.linspace(-1e-6, 1e-6, 100)  # where the formula has its kink
    assert np.abs(back(there(points)) - points).max() < 1e-9
    assert np.abs(there(points) - points).max() > 1e-3


def test_bd09_has_its_published_offset_on_gcj02() -> None:
    wgs = geometry.gcj02_to_wgs84(np.array([[116.404, 39.915]]))
    np.testing.assert_allclose(geometry.wgs84_to_bd09(wgs), [[116.41036949, 39.92133699]], atol=1e-7)


# --- measure and trace ---------------------------------------------------------------------


def geod_measure(shape: Any) -> tuple[float, float]:
    flat = [g for part in shapely.get_parts(shape) for g in shapely.get_parts(part)]
    total = sum(true_area(g) for g in flat if g.geom_type == "Polygon")
    return total, sum(GEOD.geometry_length(g) for g in flat if g.geom_type == "LineString")


def test_measure_is_pyproj_on_a_fine_trace_for_thousands_of_shapes() -> None:
    rng = np.random.default_rng(1)
    for n in range(2000):
        shape: Any = random_polygon(rng, hole=n % 2 == 0)
        if n % 5 == 0:
            shape = shapely.MultiPolygon([shape, random_polygon(rng, lon=10, lat=10)])
        line = shapely.LineString(shapely.get_coordinates(shape))
        assert geometry.measure(shape) == pytest.approx((geod_measure(shape)[0], 0.0), rel=1e-7)
        assert geometry.measure(line) == pytest.approx((0.0, geod_measure(line)[1]), rel=1e-9)
    assert geometry.measure(shapely.Point(101, 36)) == (0.0, 0.0)
    mixed = shapely.GeometryCollection([shapely.box(101, 36, 102, 37), shapely.LineString([(1, 1), (2, 2)])])
    assert geometry.measure(mixed) == pytest.approx(geod_measure(mixed), rel=1e-7)


lonlat = st.tuples(st.floats(70, 140), st.floats(15, 55))


@settings(max_examples=60, deadline=None)
@given(st.lists(lonlat, min_size=2, max_size=6, unique=True), st.floats(50_000, 500_000))
def test_tracing_adds_points_on_the_edge_whatever_the_direction(
    points: list[tuple[float, float]], step: float
) -> None:
    line = shapely.LineString(points)
    dense = geometry.follow_lonlat(line, step)
    back = geometry.follow_lonlat(line.reverse(), step)
    assert np.array_equal(np.array(back.coords)[::-1], np.array(dense.coords))
    assert shapely.hausdorff_distance(dense, line) < 1e-12
    assert len(dense.coords) >= GEOD.geometry_length(line) / step
    assert set(points) <= set(map(tuple, np.array(dense.coords).tolist()))


def test_tracing_keeps_structure_and_area() -> None:
    rng = np.random.default_rng(4)
    shape = shapely.MultiPolygon(
        [random_polygon(rng, hole=True, lon=100, lat=30), random_polygon(rng, lon=110, lat=40)]
    )
    dense = geometry.follow_lonlat(shape, 50)
    assert [len(p.interiors) for p in dense.geoms] == [1, 0]
    assert geometry.lonlat_area(dense) == pytest.approx(geometry.lonlat_area(shape), rel=1e-9)
    assert len(shapely.get_coordinates(dense)) > len(shapely.get_coordinates(shape))
    box = shapely.GeometryCollection([shapely.Point(1, 1), shape])
    assert (
        len(shapely.get_coordinates(geometry.follow_lonlat(box, 50)))
        == len(shapely.get_coordinates(dense)) + 1
    )


def test_a_footprint_means_straight_edges_in_lonlat() -> None:
    """Two readings of an edge, geodesic and straight in EPSG:4490, agree on what was read."""
    shape = shapely.Polygon([(101.0, 36.0), (101.1, 36.0), (101.05, 36.05)])
    (part,) = geometry.footprint_from_wkt(shape.wkt, crs="EPSG:4490").parts
    assert geometry.measure(part.geometry)[0] == pytest.approx(true_area(shape), rel=1e-7)
    (loose,) = (abs(GEOD.geometry_area_perimeter(g)[0]) for g in (shape,))
    assert abs(loose / true_area(shape) - 1) > 1e-6  # what geodesic edges would make of the bare vertices
    assert shapely.hausdorff_distance(part.geometry, shape) < 1e-12


def test_lonlat_area_is_the_area_of_a_fine_trace_and_adds_up() -> None:
    rng = np.random.default_rng(6)
    for n in range(200):
        shape = random_polygon(rng, hole=n % 2 == 0)
        whole = geometry.lonlat_area(shape)
        assert whole == pytest.approx(true_area(shape), rel=1e-7)
        west, south, east, north = shape.bounds
        halves = [
            shapely.box(west, south, (west + east) / 2, north),
            shapely.box((west + east) / 2, south, east, north),
        ]
        assert sum(geometry.lonlat_area(shape & half) for half in halves) == pytest.approx(whole, rel=1e-9)


# --- roles and structure ---------------------------------------------------------------------


def test_roles_come_from_the_caller_then_attributes_then_dimension() -> None:
    document = collection(
        feature(square(), role="厂区", name="一期"),
        feature(square(101.8), 工程组成="尾矿库"),
        feature({"type": "LineString", "coordinates": [[101, 36], [101.1, 36]]}),
        feature({"type": "Point", "coordinates": [101, 36]}),
        feature(square(101.9)),
    )
    footprint = geometry.footprint_from_geojson(document)
    assert [p.role for p in footprint.parts] == ["厂区", "尾矿库", "线路", "点位", "用地范围"]
    assert footprint.parts[0].name == "一期"
    assert {p.role for p in geometry.footprint_from_geojson(document, role="道路").parts} == {"道路"}


def test_a_collection_is_split_by_dimension() -> None:
    shapes = [
        {"type": "Point", "coordinates": [101, 36]},
        square(),
        square(101.8),
        {"type": "MultiPoint", "coordinates": [[100, 36]]},
    ]
    footprint = geometry.footprint_from_geojson({"type": "GeometryCollection", "geometries": shapes})
    assert [p.geometry.geom_type for p in footprint.parts] == ["MultiPolygon", "MultiPoint"]


def test_overlapping_polygons_of_one_feature_are_merged_on_record() -> None:
    boxes = shapely.MultiPolygon(
        [shapely.box(101, 36, 101.02, 36.02), shapely.box(101.01, 36, 101.03, 36.02)]
    )
    footprint = geometry.footprint_from_geojson(shapely.geometry.mapping(boxes))
    assert area(footprint) == pytest.approx(true_area(shapely.box(101, 36, 101.03, 36.02)), rel=1e-6)
    assert codes(footprint) == {"REPAIR_OVERLAPPING_POLYGONS"}


def test_land_a_ring_winds_around_twice_stays_land() -> None:
    corners = [(n * 2 % 5) * 2 * math.pi / 5 for n in range(6)]  # a pentagram goes around its heart twice
    ring = [[101 + math.sin(a) / 100, 36 + math.cos(a) / 100] for a in corners]
    footprint = geometry.footprint_from_geojson({"type": "Polygon", "coordinates": [ring]})
    assert footprint.parts[0].geometry.covers(shapely.Point(101, 36))
    assert codes(footprint) == {"REPAIR_INVALID_POLYGON"}


@pytest.mark.parametrize(
    ("text", "crs"),
    [
        ("SRID=4490;POLYGON((101 36,101.1 36,101.1 36.1,101 36))", None),
        ("POLYGON Z((101 36 1,101.1 36 1,101.1 36.1 1,101 36 1))", "EPSG:4490"),
        ("polygon((101 36,101.1 36,101.1 36.1))", "EPSG:4490"),
        ("SRID=4490;POLYGON((101 36,101.1 36,101.1 36.1,101 36))\n\nSRID=4490;POINT(101 36)", None),
    ],
)
def test_wkt_in_its_dialects(tmp_path: Path, text: str, crs: str | None) -> None:
    (tmp_path / "a.wkt").write_text(text)
    footprint = geometry.read_footprint(tmp_path / "a.wkt", crs=crs)
    assert area(footprint) == pytest.approx(
        true_area(shapely.Polygon([(101, 36), (101.1, 36), (101.1, 36.1)])), rel=1e-6
    )


@pytest.mark.parametrize(
    "text", ["POLYGON((101 36,", "POLYGON EMPTY", "CIRCULARSTRING(0 0,1 1,2 0)", "hello", "SRID=1;POINT(1 1)"]
)
def test_bad_wkt_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        geometry.footprint_from_wkt(text)


def test_a_typed_point_may_be_degrees_minutes_seconds() -> None:
    footprint = geometry.footprint_from_point("101°42'3.6\"", "36°36′36″N")
    assert (footprint.parts[0].geometry.x, footprint.parts[0].geometry.y) == pytest.approx((101.701, 36.61))
    assert footprint.parts[0].source == "point" and footprint.parts[0].role == "点位"
    with pytest.raises(FootprintCoordinate):
        geometry.footprint_from_point("west", 36)
    with pytest.raises(InputError):
        geometry.footprint_from_point(181, 91)


def test_the_datums_known_by_heart_are_those_proj_names() -> None:
    from sanxian.geometry import crs

    for code, datum in crs._KNOWN_DATUMS.items():
        flat = crs._flat(code)
        assert crs._datum_of(flat) == crs._datum_by_name(flat) == datum
        assert crs._flat(code) is flat, "made once: whoever asks gets the one that is known"
    assert crs._datum_of(crs._flat(4522)) == crs._datum_by_name(crs._flat(4522)) == "CGCS2000"
    assert crs._datum_of(crs._flat(4214)) == ""

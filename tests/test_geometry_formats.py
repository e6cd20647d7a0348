"""Every format, written with random shapes, places, zones and encodings, is read right."""

from __future__ import annotations

import shutil
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from footprint_files import gdal_layer, kml, project, random_polygon, true_area, zipped, zone_of
from sanxian import geometry
from sanxian.errors import (
    FootprintBroken,
    FootprintFormat,
    FootprintIncomplete,
    FootprintUnsafe,
    InputError,
    MissingCRS,
)

SEEDS = range(6)


def same_place(
    footprint: geometry.Footprint, shapes: Sequence[BaseGeometry], tolerance: float = 1e-8
) -> None:
    """Part by part, in order, the shapes that were written."""
    assert len(footprint.parts) == len(shapes)
    for part, shape in zip(footprint.parts, shapes, strict=True):
        assert shapely.is_valid(part.geometry)
        assert shapely.hausdorff_distance(part.geometry, shape) < tolerance
        if shapely.get_dimensions(shape) == 2:
            assert geometry.measure(part.geometry)[0] == pytest.approx(true_area(shape), rel=1e-6)


def around(shape: BaseGeometry) -> geometry.Region:
    """A region small enough for one zone only."""
    return geometry.Region(code="1", name="本县", outline=shape.buffer(0.3))


# --- shapefile -------------------------------------------------------------------------------


def shapefile(
    folder: Path, name: str, shapes: Sequence[BaseGeometry], code: int | None, *, encoding: str, cpg: str | None, ldid: int = 0,
    prj: str = "ESRI", fields: dict[str, list[Any]] | None = None,
) -> None:  # fmt: skip
    """A shapefile as other software leaves it."""
    folder.mkdir(exist_ok=True)
    there = [project(s, code) if code else s for s in shapes]
    fields = fields or {"项目名称": [f"示例项目{n}期" for n in range(len(shapes))]}
    gdal_layer(folder / f"{name}.shp", there, layer=name, crs=None, encoding=encoding, fields=fields)
    (folder / f"{name}.cpg").unlink(missing_ok=True)
    if cpg is not None:
        (folder / f"{name}.cpg").write_text(cpg)
    dbf = bytearray((folder / f"{name}.dbf").read_bytes())
    dbf[29] = ldid
    (folder / f"{name}.dbf").write_bytes(dbf)
    if code:
        crs = pyproj.CRS.from_epsg(code)
        text = {
            "ESRI": crs.to_wkt("WKT1_ESRI"),
            "GDAL": crs.to_wkt("WKT1_GDAL"),
            "WKT2": crs.to_wkt(),
            "none": "",
        }[prj]
        if text:
            (folder / f"{name}.prj").write_text(text)


@pytest.mark.parametrize(
    ("encoding", "cpg", "ldid"),
    [
        ("GB18030", None, 0),
        ("GB18030", None, 0x4D),
        ("GB18030", "936", 0),
        ("GB18030", "GBK", 0),
        ("UTF-8", "UTF-8", 0),
        ("UTF-8", None, 0),
        ("GB18030", "UTF-8", 0),  # a wrong .cpg
        ("UTF-8", None, 0x57),  # GDAL's own habit
        ("GB18030", None, 0x57),
    ],
)
def test_a_shapefile_in_any_encoding(tmp_path: Path, encoding: str, cpg: str | None, ldid: int) -> None:
    shapes = [random_polygon(np.random.default_rng(5))]
    shapefile(tmp_path / "s", "用地红线", shapes, 4490, encoding=encoding, cpg=cpg, ldid=ldid)
    for path in (
        tmp_path / "s",
        tmp_path / "s" / "用地红线.shp",
        zipped(tmp_path / "s", tmp_path / "a.zip", gbk_names=True),
    ):
        footprint = geometry.read_footprint(path)
        same_place(footprint, shapes)
        assert footprint.parts[0].role == "用地范围"
        assert footprint.parts[0].name == "示例项目0期"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("prj", ["ESRI", "GDAL", "WKT2"])
def test_a_shapefile_in_any_zone(tmp_path: Path, seed: int, prj: str) -> None:
    rng = np.random.default_rng(seed)
    shapes = [
        random_polygon(rng, hole=n % 2 == 1, lon=(lon := 75 + 11.3 * seed) + 0.02 * n, lat=30 + seed)
        for n in range(3)
    ]
    zone = zone_of(lon)
    code = int(rng.choice([4513 + zone - 25, 4534 + zone - 25, 32600 + int(lon // 6) + 31, 4490, 4326, 3857]))
    shapefile(tmp_path / "s", "plots", shapes, code, encoding="UTF-8", cpg="UTF-8", prj=prj)
    footprint = geometry.read_footprint(zipped(tmp_path / "s", tmp_path / "a.zip"))
    same_place(footprint, shapes)
    assert {p.crs_in for p in footprint.parts} == {f"EPSG:{code}"}


def test_several_shapefiles_are_parts_with_their_names_as_roles(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    plant = random_polygon(rng, lon=101.7, lat=36.6)
    pipe = shapely.LineString([(101.7, 36.6), (101.72, 36.61), (101.75, 36.6)])
    shapefile(tmp_path / "s", "厂区", [plant], 4522, encoding="GB18030", cpg=None)
    shapefile(tmp_path / "s", "管线", [pipe], 4522, encoding="GB18030", cpg=None)
    shapefile(tmp_path / "s", "排污口", [shapely.Point(101.75, 36.6)], 4543, encoding="UTF-8", cpg="UTF-8")
    (tmp_path / "s" / "说明.txt").write_text("说明")
    footprint = geometry.read_footprint(
        zipped(tmp_path / "s", tmp_path / "a.zip", gbk_names=True, prefix="项目/")
    )
    assert {p.role: p.geometry.geom_type for p in footprint.parts} == {
        "厂区": "Polygon",
        "管线": "LineString",
        "排污口": "Point",
    }
    assert any("说明.txt" in n.zh for n in footprint.notices)
    assert len(geometry.read_footprint(tmp_path / "s", layer="管线").parts) == 1


def test_a_shapefile_with_a_piece_missing_is_refused(tmp_path: Path) -> None:
    shapes = [random_polygon(np.random.default_rng(8), lon=101.7, lat=36.6)]
    shapefile(tmp_path / "s", "a", shapes, 4543, encoding="UTF-8", cpg=None, prj="none")
    with pytest.raises(MissingCRS, match="EPSG:4543"):
        geometry.read_footprint(tmp_path / "s" / "a.shp", region=around(shapes[0]))
    same_place(geometry.read_footprint(tmp_path / "s" / "a.shp", crs="EPSG:4543"), shapes)
    (tmp_path / "s" / "a.dbf").unlink()
    same_place(geometry.read_footprint(tmp_path / "s" / "a.shp", crs="EPSG:4543"), shapes)
    (tmp_path / "s" / "a.shx").unlink()
    with pytest.raises(FootprintIncomplete, match=r"a\.shx"):
        geometry.read_footprint(tmp_path / "s" / "a.shp", crs="EPSG:4543")


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.98])
def test_a_cut_shapefile_is_refused_though_gdal_reads_the_rest(
    tmp_path: Path, suffix: str, kept: float
) -> None:
    rng = np.random.default_rng(8)
    shapefile(tmp_path / "s", "a", [random_polygon(rng) for _ in range(9)], 4490, encoding="UTF-8", cpg=None)
    cut = (tmp_path / "s" / "a").with_suffix(suffix)
    cut.write_bytes(cut.read_bytes()[: int(cut.stat().st_size * kept)])
    with pytest.raises(FootprintBroken):
        geometry.read_footprint(tmp_path / "s")


def test_a_deleted_record_takes_its_shape_away_and_a_wild_count_does_no_harm(tmp_path: Path) -> None:
    shapes = [shapely.box(101 + n, 36, 101.01 + n, 36.01) for n in range(3)]
    shapefile(tmp_path / "s", "a", shapes, 4490, encoding="UTF-8", cpg=None)
    dbf = bytearray((tmp_path / "s" / "a.dbf").read_bytes())
    header, width = struct.unpack_from("<HH", dbf, 8)
    dbf[header + width] = ord("*")
    (tmp_path / "s" / "a.dbf").write_bytes(dbf)
    same_place(geometry.read_footprint(tmp_path / "s"), [shapes[0], shapes[2]])
    dbf[4:8] = b"\xff" * 4
    (tmp_path / "s" / "a.dbf").write_bytes(dbf)
    same_place(geometry.read_footprint(tmp_path / "s"), [shapes[0], shapes[2]])


def test_old_and_local_projections_in_a_prj_are_refused(tmp_path: Path) -> None:
    shapes = [shapely.box(99.0, 36.5, 99.01, 36.51)]
    shapefile(tmp_path / "s", "a", shapes, 4490, encoding="UTF-8", cpg=None)
    prj = tmp_path / "s" / "a.prj"
    prj.write_text(pyproj.CRS.from_epsg(4610).to_wkt("WKT1_ESRI"))
    with pytest.raises(InputError) as caught:
        geometry.read_footprint(tmp_path / "s")
    assert caught.value.code == "CRS_DATUM"
    for text in ('LOCAL_CS["here",UNIT["metre",1]]', "nonsense"):
        prj.write_text(text)
        with pytest.raises(InputError) as caught:
            geometry.read_footprint(tmp_path / "s")
        assert caught.value.code == "CRS_UNKNOWN"
    towgs = (
        pyproj.CRS.from_epsg(4214)
        .to_wkt("WKT1_GDAL")
        .replace('AUTHORITY["EPSG","6214"]', "TOWGS84[12,-130,-77,0,0,0,0]")
    )
    prj.write_text(towgs)
    with pytest.raises(InputError) as caught:
        geometry.read_footprint(tmp_path / "s")
    assert caught.value.code == "CRS_DATUM"


def test_a_custom_central_meridian_is_used_as_declared(tmp_path: Path) -> None:
    wkt = (
        pyproj.CRS.from_epsg(4543)
        .to_wkt("WKT1_ESRI")
        .replace("102.0", "101.75")
        .replace("CGCS2000_3_Degree_GK_CM_102E", "City_2000")
    )
    shape = shapely.box(101.7, 36.5, 101.71, 36.51)
    to = pyproj.Transformer.from_crs(
        4490, "+proj=tmerc +lon_0=101.75 +x_0=500000 +ellps=GRS80", always_xy=True
    )
    there = shapely.transform(shape, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1])))
    shapefile(tmp_path / "s", "a", [there], None, encoding="UTF-8", cpg=None)
    (tmp_path / "s" / "a.prj").write_text(wkt)
    footprint = geometry.read_footprint(tmp_path / "s")
    same_place(footprint, [shape])
    assert footprint.parts[0].crs_in == "City_2000"


# --- KML -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_kml_with_holes_and_several_geometries(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(80, 130), rng.uniform(20, 50)
    plots = [random_polygon(rng, hole=True, lon=lon + 0.1 * n, lat=lat) for n in range(3)]
    line = shapely.LineString(rng.uniform(0, 0.2, (9, 2)) + np.array([lon, lat]))
    shapes: list[BaseGeometry] = [shapely.MultiPolygon(plots[:2]), plots[2], line, shapely.Point(lon, lat)]
    text = kml([(f"图形{n}", s) for n, s in enumerate(shapes)], z=[",0", "", ", 3010.5"][seed % 3])
    (tmp_path / "a.kml").write_text(text, "utf-8")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as zf:
        zf.writestr("files/photo.jpg", b"\xff\xd8")
        zf.writestr("doc.kml", text)
    for name in ("a.kml", "a.kmz"):
        footprint = geometry.read_footprint(tmp_path / name)
        same_place(footprint, shapes, 1e-12)
        assert [p.name for p in footprint.parts] == ["图形0", "图形1", "图形2", "图形3"]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16", "utf-8-sig"])
def test_kml_in_the_encoding_it_declares(tmp_path: Path, encoding: str) -> None:
    shape = random_polygon(np.random.default_rng(1))
    text = kml(
        [("甘河工业园", shape)],
        declaration=f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>',
    )
    (tmp_path / "a.kml").write_bytes(text.encode(encoding))
    footprint = geometry.read_footprint(tmp_path / "a.kml")
    same_place(footprint, [shape], 1e-12)
    assert footprint.parts[0].name == "甘河工业园"


def test_kml_folders_are_roles_and_app_coordinates_can_be_told(tmp_path: Path) -> None:
    plant, pipe = shapely.box(101.7, 36.6, 101.71, 36.61), shapely.LineString([(101.7, 36.6), (101.8, 36.7)])
    folders = "".join(
        kml([("甲", g)], folder=f).partition("<Document>")[2].partition("</Document>")[0]
        for f, g in (("厂区", plant), ("管线", pipe))
    )
    (tmp_path / "a.kml").write_text(
        f'<kml xmlns="http://earth.google.com/kml/2.1"><Document>{folders}</Document></kml>', "utf-8"
    )
    footprint = geometry.read_footprint(tmp_path / "a.kml")
    assert [p.role for p in footprint.parts] == ["厂区", "管线"]
    moved = geometry.read_footprint(tmp_path / "a.kml", crs="GCJ02")
    assert {n.code for n in moved.notices} == {"CRS_OVERRIDES_FORMAT", "CRS_MAP_APP"}
    assert moved.parts[0].geometry.distance(plant.centroid) < 0.01 and not moved.parts[0].geometry.equals(
        plant
    )


@pytest.mark.parametrize("coordinates", ["", "101.7", "101.7,abc", "101.7,36.6 101.8"])
def test_kml_with_broken_coordinates_names_the_placemark(tmp_path: Path, coordinates: str) -> None:
    body = f"<Placemark><name>乙</name><LineString><coordinates>{coordinates}</coordinates></LineString></Placemark>"
    (tmp_path / "a.kml").write_text(f"<kml><Document>{body}</Document></kml>", "utf-8")
    with pytest.raises(InputError, match="乙"):
        geometry.read_footprint(tmp_path / "a.kml")


# --- GeoPackage and geodatabase --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gpkg", "gdb", "gdb.zip", "loose gdb.zip"])
@pytest.mark.parametrize("seed", range(3))
def test_layers_of_a_database_are_roles(tmp_path: Path, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lon, lat = float(rng.uniform(80, 130)), float(rng.uniform(20, 50))
    code = int(rng.choice([4490, 4326, 4513 + zone_of(lon) - 25, 4534 + zone_of(lon) - 25]))
    layers: dict[str, list[BaseGeometry]] = {
        "厂区": [shapely.MultiPolygon([random_polygon(rng, hole=True, lon=lon, lat=lat)])],
        "管线": [shapely.MultiLineString([rng.uniform(0, 0.1, (6, 2)) + np.array([lon, lat])])],
        "排污口": [shapely.Point(lon, lat), shapely.Point(lon + 0.01, lat)],
    }
    path = tmp_path / ("a.gpkg" if kind == "gpkg" else "a.gdb")
    for n, (name, shapes) in enumerate(layers.items()):
        gdal_layer(
            path,
            [project(s, code) for s in shapes],
            layer=name,
            crs=f"EPSG:{code}",
            append=n > 0,
            driver=None if kind == "gpkg" else "OpenFileGDB",
        )
    if kind == "gdb.zip":
        path = zipped(path, tmp_path / "a.gdb.zip", prefix="项目/a.gdb/")
    elif kind == "loose gdb.zip":
        path = zipped(path, tmp_path / "b.zip")
    footprint = geometry.read_footprint(path)
    same_place(footprint, [s for shapes in layers.values() for s in shapes])
    assert [p.role for p in footprint.parts] == ["厂区", "管线", "排污口", "排污口"]
    assert {p.crs_in for p in footprint.parts} == {f"EPSG:{code}"}


def test_a_geopackage_may_name_parts_by_attribute_and_hold_curves(tmp_path: Path) -> None:
    import sqlite3

    plain = shapely.box(101.7, 36.6, 101.71, 36.61)
    gdal_layer(
        tmp_path / "a.gpkg", [plain], layer="a", crs="EPSG:4490", fields={"role": ["厂区"], "名称": ["一期"]}
    )
    footprint = geometry.read_footprint(tmp_path / "a.gpkg")
    assert (footprint.parts[0].role, footprint.parts[0].name) == ("厂区", "一期")
    circle = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 3)
    circle += struct.pack("<6d", 101.7, 36.6, 101.71, 36.6, 101.7, 36.6)
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE a SET geom = ?", (b"GP\0\1" + struct.pack("<i", 4490) + circle,))
    db.close()
    (part,) = geometry.read_footprint(tmp_path / "a.gpkg").parts
    assert part.geometry.area == pytest.approx(np.pi * 0.005**2, rel=2e-3)


def test_a_geopackage_without_crs_and_one_with_foreign_tables_are_refused(tmp_path: Path) -> None:
    import sqlite3

    gdal_layer(tmp_path / "a.gpkg", [shapely.box(101.7, 36.6, 101.71, 36.61)], layer="a", crs=None)
    with pytest.raises(MissingCRS, match="EPSG:4490"):
        geometry.read_footprint(tmp_path / "a.gpkg")
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        db.execute("PRAGMA writable_schema=1")
        db.execute(
            "INSERT INTO sqlite_master VALUES ('table','v','v',0,'CREATE VIRTUAL TABLE v USING VirtualOGR(''/etc/hostname'')')"
        )
    db.close()
    with pytest.raises(FootprintUnsafe, match="VirtualOGR"):
        geometry.read_footprint(tmp_path / "a.gpkg")


def test_a_database_without_features_is_refused(tmp_path: Path) -> None:
    pyogrio.raw.write(
        tmp_path / "a.gpkg",
        np.array([], dtype=object),
        [],
        [],
        layer="a",
        geometry_type="Polygon",
        crs="EPSG:4490",
    )
    with pytest.raises(InputError) as caught:
        geometry.read_footprint(tmp_path / "a.gpkg")
    assert caught.value.code == "FOOTPRINT_EMPTY"


# --- archives of plain files -----------------------------------------------------------------


def test_an_archive_of_plain_files_is_one_layer_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    plant, pipe = shapely.box(101.7, 36.6, 101.71, 36.61), shapely.LineString([(101.7, 36.6), (101.8, 36.7)])
    (folder / "厂区.geojson").write_text(shapely.to_geojson(plant))
    (folder / "管线.kml").write_text(kml([("", pipe)]), "utf-8")
    footprint = geometry.read_footprint(zipped(folder, tmp_path / "a.zip"))
    assert {p.role for p in footprint.parts} == {"厂区", "管线"}
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "readme.md").write_text("x")
    with pytest.raises(FootprintFormat):
        geometry.read_footprint(zipped(folder, tmp_path / "b.zip"))


# --- DXF -------------------------------------------------------------------------------------


def drawing() -> Any:
    import ezdxf

    return ezdxf.new("R2010")


@pytest.mark.parametrize(
    "style", ["closed flag", "repeated vertex", "polyline", "3d polyline", "lines", "hatch", "block"]
)
@pytest.mark.parametrize("seed", range(3))
def test_dxf_areas_however_they_were_drawn(tmp_path: Path, style: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lon = float(rng.uniform(75, 133))
    shape = random_polygon(rng, lon=lon, lat=35, hole=style == "hatch")
    code = 4534 + zone_of(lon) - 25
    there = project(shape, code)
    ring = list(there.exterior.coords)
    doc = drawing()
    space = doc.modelspace()
    space.add_text("用地红线").set_placement(ring[0])
    match style:
        case "closed flag":
            space.add_lwpolyline(ring[:-1], close=True)
        case "repeated vertex":
            space.add_lwpolyline(ring)
        case "polyline":
            space.add_polyline2d(ring[:-1], close=True)
        case "3d polyline":
            space.add_polyline3d([(*p, 3010.0) for p in ring[:-1]], close=True)
        case "lines":
            order = rng.permutation(len(ring) - 1)
            for i in order:
                ends = [ring[i], ring[i + 1]]
                space.add_line(*(ends if rng.random() < 0.5 else ends[::-1]))
        case "hatch":
            hatch = space.add_hatch()
            for r in (there.exterior, *there.interiors):
                hatch.paths.add_polyline_path(list(r.coords)[:-1], is_closed=True)
        case "block":
            block = doc.blocks.new("plot")
            x0, y0 = ring[0]
            block.add_lwpolyline([(-(y - y0) / 2, (x - x0) / 2) for x, y in ring[:-1]], close=True)
            space.add_blockref("plot", (x0, y0), dxfattribs={"xscale": 2, "yscale": 2, "rotation": -90})
    doc.saveas(tmp_path / "a.dxf")
    with pytest.raises(MissingCRS, match=f"EPSG:{code}"):
        geometry.read_footprint(tmp_path / "a.dxf", region=around(shape))
    same_place(geometry.read_footprint(tmp_path / "a.dxf", crs=f"EPSG:{code}"), [shape], 2e-8)


def test_dxf_arcs_are_arcs(tmp_path: Path) -> None:
    e, n = 474_000.0, 4_050_000.0
    doc = drawing()
    space = doc.modelspace()
    space.add_circle((e, n), 500, dxfattribs={"layer": "circle"})
    space.add_lwpolyline(
        [(e - 500, n, 1), (e + 500, n, 1)], format="xyb", close=True, dxfattribs={"layer": "bulges"}
    )
    space.add_lwpolyline(
        [(e - 500, n, -1), (e + 500, n, -1)], format="xyb", close=True, dxfattribs={"layer": "clockwise"}
    )
    mirrored = space.add_lwpolyline(
        [(-e - 500, n, 1), (-e + 500, n, 1)], format="xyb", close=True, dxfattribs={"layer": "mirrored"}
    )
    mirrored.dxf.extrusion = (0, 0, -1)
    space.add_arc((e, n), 500, 0, 180, dxfattribs={"layer": "arc and line"})
    space.add_line((e - 500, n), (e + 500, n), dxfattribs={"layer": "arc and line"})
    space.add_hatch(dxfattribs={"layer": "hatch"}).paths.add_edge_path().add_arc((e, n), 500, 0, 360)
    doc.saveas(tmp_path / "a.dxf")
    footprint = geometry.read_footprint(tmp_path / "a.dxf", crs="EPSG:4543")
    circle = true_area(shapely.transform(shapely.Point(e, n).buffer(500, quad_segs=4096), from_4543))
    areas = {p.role: geometry.measure(p.geometry)[0] / circle for p in footprint.parts}
    assert areas == {
        "circle": pytest.approx(1, rel=2e-6),
        "bulges": pytest.approx(1, rel=2e-6),
        "clockwise": pytest.approx(1, rel=2e-6),
        "mirrored": pytest.approx(1, rel=2e-6),
        "arc and line": pytest.approx(0.5, rel=1e-3),
        "hatch": pytest.approx(1, rel=1e-3),
    }


def from_4543(xy: Any) -> Any:
    to = pyproj.Transformer.from_crs(4543, 4490, always_xy=True)
    return np.column_stack(to.transform(xy[:, 0], xy[:, 1]))


def test_dxf_layers_are_roles_and_what_is_no_place_is_named(tmp_path: Path) -> None:
    e, n = 474_000.0, 4_050_000.0
    doc = drawing()
    space = doc.modelspace()
    space.add_lwpolyline([(e, n), (e + 100, n), (e + 100, n + 100)], close=True, dxfattribs={"layer": "厂区"})
    hatch = space.add_hatch(dxfattribs={"layer": "厂区"})
    hatch.paths.add_polyline_path([(e, n), (e + 100, n), (e + 100, n + 100)], is_closed=True)
    space.add_line((e, n), (e + 100, n), dxfattribs={"layer": "管线"})
    space.add_line((e + 200, n), (e + 100, n), dxfattribs={"layer": "管线"})
    space.add_point((e, n), dxfattribs={"layer": "排污口"})
    space.add_mtext("注", dxfattribs={"layer": "文字"})
    space.add_ray((e, n), (1, 0))
    block = doc.blocks.new("plot")  # layer “0” inside a block means the layer it is put on
    block.add_lwpolyline([(0, 0), (50, 0), (50, 50)], close=True)
    space.add_blockref("plot", (e, n + 500), dxfattribs={"layer": "道路"})
    doc.saveas(tmp_path / "a.dxf")
    footprint = geometry.read_footprint(tmp_path / "a.dxf", crs="EPSG:4543")
    assert {p.role: p.geometry.geom_type for p in footprint.parts} == {
        "厂区": "Polygon",
        "管线": "LineString",
        "排污口": "Point",
        "道路": "Polygon",
    }
    assert len(footprint.parts) == 4  # a hatch and its outline are one area, two lines one route
    assert any(
        notice.code == "FOOTPRINT_ENTITIES_IGNORED" and "RAY" in notice.zh for notice in footprint.notices
    )


def test_a_dxf_in_gbk_keeps_its_layer_names(tmp_path: Path) -> None:
    import ezdxf

    doc = ezdxf.new("R2000")
    doc.encoding = "gbk"
    doc.header["$DWGCODEPAGE"] = "ANSI_936"
    for name in ("厂区", "道路"):
        doc.modelspace().add_circle((474_000, 4_050_000), 50, dxfattribs={"layer": name})
    doc.saveas(tmp_path / "a.dxf", encoding="gbk")
    footprint = geometry.read_footprint(tmp_path / "a.dxf", crs="EPSG:4543")
    assert [p.role for p in footprint.parts] == ["厂区", "道路"]

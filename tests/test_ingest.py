"""Taking in data: what is read, renamed, mapped and named in the log; the bad input of the issue, one by one."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import official_files as files
from sanxian.edition import Draft, LogEntry, open_draft
from sanxian.edition.shapes import canonical_shapes
from sanxian.errors import NothingToIngest, SourceRefused
from sanxian.ingest import Ingested, as_csv, as_geojson, ingest, load_profile
from sanxian.ingest.names import clean_code, clean_text, known_fields, plain_name
from sanxian.model import Zone

Taken = tuple[Draft, Ingested]
Take = Callable[..., Taken]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Return what takes sources in by a profile and opens the draft."""

    def run(*sources: Path, profile: str = files.PROFILE) -> Taken:
        (tmp_path / "p.toml").write_text(profile, "utf-8")
        made = ingest(sources, load_profile(tmp_path / "p.toml"), tmp_path / "draft.gpkg")
        draft = open_draft(tmp_path / "draft.gpkg")
        assert draft.log == made.log
        return draft, made

    return run


def said(made: Ingested, code: str) -> list[LogEntry]:
    return [entry for entry in made.log if entry.code == code]


def zone(draft: Draft, layer: str, code: str) -> Zone:
    return next(z for z in draft.edition.zones[layer] if z.code == code)


# --- the plain case ----------------------------------------------------------------------------


def test_layers_of_the_national_convention_come_in(take: Take, tmp_path: Path) -> None:
    draft, made = take(files.units(tmp_path / "a.gpkg"), files.counties(tmp_path))
    assert made.zones == {"county": 2, "control_unit": 5}
    for wanted in files.zones("control_unit"):
        found = zone(draft, "control_unit", wanted.code)
        assert (found.name, found.zone_class) == (wanted.name, wanted.zone_class)
        assert found.geometry.equals(wanted.geometry)
        assert found.regions == (wanted.code[2:8],)  # from the code, as the log says
    assert said(made, "REGION_FROM_CODE")[0].zh.endswith("（共 5 次）")
    assert draft.edition.info.title == "示例市成果" and draft.edition.info.synthetic
    layer = draft.edition.layer("control_unit")
    assert (layer.title, layer.accuracy_m, layer.partition) == ("环境管控单元", 25.0, True)


def test_formats_may_be_mixed_zipped_and_in_folders(take: Take, tmp_path: Path) -> None:
    folder = tmp_path / "成果"
    folder.mkdir()
    water = files.zones("water_zone")
    columns: dict[str, Any] = {"SHJGKFQBM": [z.code for z in water]}
    shapes = [z.geometry for z in water]
    files.write_layer(folder / "大气.geojson", shapes, {"DQHJGKFQBM": ["A1", "A2", "A3"]}, driver="GeoJSON")
    files.write_layer(
        folder / "成果.gdb", shapes, columns, driver="OpenFileGDB", layer="SHJGKFQ", geometry_type="Polygon"
    )
    (tmp_path / "shp").mkdir()
    files.shapefile(tmp_path / "shp" / "土壤环境.shp", shapes, {"HJYSGKFQBM": ["T1", "T2", "T3"]})
    with zipfile.ZipFile(folder / "土壤.zip", "w") as archive:
        for file in (tmp_path / "shp").iterdir():
            archive.write(file, f"内层/{file.name}")
    draft, made = take(folder, files.units(tmp_path / "u.gpkg"))
    assert made.zones == {"control_unit": 5, "water_zone": 3, "air_zone": 3, "soil_zone": 3}
    assert {z.code for z in draft.edition.zones["soil_zone"]} == {"T1", "T2", "T3"}
    assert not said(made, "SOURCE_UNREADABLE")


# --- dirty fields ------------------------------------------------------------------------------


def test_names_of_fields_cut_misspelt_or_ending_in_a_newline_are_known(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")
    path = tmp_path / "管控单元.shp"
    columns: dict[str, Any] = {
        "环境管控单": [
            z.code for z in every
        ],  # cut from 环境管控单元编码 in GBK, or 环境管控单元名称: nobody can tell
        "综合管控单": [z.name for z in every],
        "管控单元类": ["优先保护", "重点管控单元 ", "一般管控", "重点", "一般"],  # 管控单元类别
        "PWWPFGK": ["新建项目实行等量替代。"] * 5,
        "面积": [99.8, 1.0, 2.0, 3.0, 4.0],
    }
    files.shapefile(path, [z.geometry for z in every], columns, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    draft, made = take(path)
    assert len(said(made, "FIELD_DOUBTFUL")) == 2
    assert [e.item or e.layer for e in said(made, "FIELD_CUT")] == ["control_unit"]
    assert said(made, "ENCODING")[0].zh == "属性表按 gb18030 编码读取。"
    assert said(made, "CODE_EMPTY") and said(made, "FIELD_ABSENT")
    found = draft.edition.zones["control_unit"]
    assert sorted(z.zone_class for z in found) == ["GENERAL", "GENERAL", "KEY", "KEY", "PRIORITY"]
    assert {z.attributes["环境管控单"] for z in found} == {z.code for z in every}  # kept, not dropped
    assert {z.attributes["published_area_m2"] for z in found} >= {"99800000", "1000000"}
    assert (
        draft.edition.clauses == ()
    )  # a requirement without a unit has nowhere to hold, and stays beside it
    assert {z.attributes["PWWPFGK"] for z in found} == {"新建项目实行等量替代。"}


def test_a_cut_name_that_can_be_one_thing_only_is_read(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")
    profile = files.PROFILE + (
        '[[layer]]\nid = "control_unit"\nfields = { code = ["环境管控单元编码"], name = ["单元全称"] }\n'
    )
    path = tmp_path / "管控单元.shp"
    cut = "环境管控单元编码".encode()[:10].decode(errors="ignore")
    assert cut == "环境管"
    files.shapefile(path, [z.geometry for z in every], {cut: [z.code for z in every]})
    profile = profile.replace('extends = "national"\n', "")
    profile = profile.replace(
        'id = "control_unit"\n',
        'id = "control_unit"\nkind = "control_unit"\ntitle = "单元"\nmatch = ["管控单元"]\n',
    )
    draft, made = take(path, profile=profile)
    assert {z.code for z in draft.edition.zones["control_unit"]} == {z.code for z in every}
    assert "环境管控单元编码" in said(made, "FIELD_CUT")[0].zh


def test_full_width_codes_controls_and_spellings_are_normalised_and_logged(
    take: Take, tmp_path: Path
) -> None:
    every = files.zones("control_unit")
    columns: dict[str, Any] = {
        "HJGKDYBM\n": [
            "ＺＨ６３９９０１１０００１",
            "zh63990120001",
            " ZH63990130002\n",
            *(z.code for z in every[3:]),
        ],
        "HJGKDYMC": ["甲县\x07优先\u200b保护单元\r\n", *(z.name for z in every[1:])],
        "COUNTY": ["甲县", "甲 县", "甲县（含飞地）", "乙縣", "丙县"],
    }
    profile = files.PROFILE + '[regions]\n"甲县（含飞地）" = "639901"\n"乙縣" = "639902"\n'
    draft, made = take(files.counties(tmp_path), files.units(tmp_path / "u.gpkg", columns), profile=profile)
    assert {z.code for z in draft.edition.zones["control_unit"]} == {z.code for z in every}
    cleaned = {(e.item, e.zh) for e in said(made, "CODE_CLEANED")}
    assert len(cleaned) == 2 and any(
        "“ＺＨ６３９９０１１０００１”规范为“ZH63990110001”" in zh for _, zh in cleaned
    )
    assert zone(draft, "control_unit", every[0].code).name == "甲县优先保护单元"
    regions = {z.code: z.regions for z in draft.edition.zones["control_unit"]}
    assert [regions[z.code] for z in every] == [("639901",)] * 3 + [("639902",), ()]
    (unknown,) = said(made, "REGION_UNKNOWN")
    assert (
        "丙县" in unknown.zh
        and zone(draft, "control_unit", unknown.item).attributes["regions_as_published"] == "丙县"
    )


def test_every_field_nobody_knows_is_kept_as_text(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")
    columns: dict[str, Any] = {
        "HJGKDYBM": [z.code for z in every],
        "个数": [1, 2, 3, 4, 5],
        "比例": [0.1, 0.25, 1.0, float("nan"), -3e-7],
        "备注": ["是", None, "", " ", "否"],
        "OBJECTID_1": [9, 9, 9, 9, 9],
    }
    draft, made = take(files.units(tmp_path / "u.gpkg", columns))
    kept = {z.code: dict(z.attributes) for z in draft.edition.zones["control_unit"]}
    assert kept[every[0].code] == {"个数": "1", "比例": "0.1", "备注": "是"}
    assert kept[every[3].code] == {"个数": "4"}
    assert kept[every[4].code] == {"个数": "5", "比例": "-3e-07", "备注": "否"}
    assert "个数、比例、备注" in said(made, "FIELD_KEPT")[0].zh


def test_requirements_in_fields_become_clauses_of_their_unit(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")
    columns: dict[str, Any] = {
        "HJGKDYBM": [z.code for z in every],
        "区域布局管控": ["1-1.【产业/禁止】禁止新建陶瓷项目。1-2.严格控制高污染项目。", "/", "无", "", None],
    }
    profile = files.PROFILE.replace("national", "guangdong")
    draft, _ = take(files.units(tmp_path / "u.gpkg", columns), profile=profile)
    assert [(c.number, c.dimension_label, c.scope.units) for c in draft.edition.clauses] == [
        (n, "区域布局管控", (every[0].code,)) for n in ("1-1", "1-2")
    ]
    assert not any("review" in rule for c in draft.edition.clauses for rule in c.rules)  # drafts
    assert (
        zone(draft, "control_unit", every[2].code).attributes["区域布局管控"] == "无"
    )  # no requirement, not lost


def test_one_source_layer_may_hold_several_layers(take: Take, tmp_path: Path) -> None:
    water = files.zones("water_zone")
    columns: dict[str, Any] = {"HJYSGKFQBM": ["W", "A", "?"], "HJYS": ["水环境", "大气", "声环境"]}
    files.geopackage(tmp_path / "要素.gpkg", "环境要素管控分区", [z.geometry for z in water], columns)
    profile = files.PROFILE
    for layer, words in (("water_zone", "水环境"), ("air_zone", "大气")):
        profile += (
            f'[[layer]]\nid = "{layer}"\nmatch = ["环境要素管控分区"]\nwhere = {{ HJYS = ["{words}"] }}\n'
        )
    draft, made = take(tmp_path / "要素.gpkg", profile=profile)
    assert [[z.code for z in draft.edition.zones[n]] for n in ("water_zone", "air_zone")] == [["W"], ["A"]]
    assert len(said(made, "FEATURE_UNPLACED")) == 1  # the third is named, not lost


# --- places ------------------------------------------------------------------------------------


def close(a: Any, b: Any, metres: float = 1e-3) -> bool:
    return bool(shapely.hausdorff_distance(a, b) < metres / 1e5)


def test_layers_in_different_crs_come_to_lie_together(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")
    shapes = [files.projected(z.geometry, 4521) for z in every]
    geographic = [z.geometry for z in files.zones("water_zone")]
    files.geopackage(tmp_path / "w.gpkg", "水环境", geographic, {"SHJGKFQBM": list("abc")}, crs="EPSG:4326")
    draft, made = take(
        files.units(tmp_path / "u.gpkg", shapes=shapes, crs="EPSG:4521"),
        tmp_path / "w.gpkg",
        files.counties(tmp_path),
    )
    assert {e.zh for e in said(made, "CRS_READ")} >= {
        "坐标系：EPSG:4521，转为 EPSG:4490。",
        "坐标系：EPSG:4326，转为 EPSG:4490。",
    }
    for wanted in every:
        assert close(zone(draft, "control_unit", wanted.code).geometry, wanted.geometry, 2.0)
    assert not [e for e in made.log if e.code in ("LAYER_OUTSIDE", "FEATURE_OUTSIDE")]


def test_neighbours_from_a_projected_source_still_share_their_edges(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")[3:]  # they share one whole edge of 18 km, straight on the plane
    shapes = [files.projected(z.geometry, 4521, step=9.0) for z in every]
    columns: dict[str, Any] = {"HJGKDYBM": [z.code for z in every]}
    draft, made = take(files.units(tmp_path / "u.gpkg", columns, shapes, crs="EPSG:4521"))
    found = canonical_shapes([z.geometry for z in draft.edition.zones["control_unit"]])
    assert said(made, "GEOMETRY_DENSE")
    assert shapely.coverage_is_valid(found)
    for wanted, shape in zip(
        every, found, strict=True
    ):  # the line is the one on the plane, not the one in lon/lat
        on_plane = shapely.segmentize(files.projected(wanted.geometry, 4521, step=9.0), 50.0)
        assert shapely.hausdorff_distance(files.projected(shape, 4521), on_plane) < 0.05


def test_a_source_without_crs_is_refused_with_what_it_could_be(take: Take, tmp_path: Path) -> None:
    shapes = [files.projected(z.geometry, 4521) for z in files.zones("control_unit")]
    path = files.units(tmp_path / "u.gpkg", shapes=shapes, crs=None)
    draft, made = take(files.counties(tmp_path), path)
    (entry,) = said(made, "CRS_MISSING")
    assert "EPSG:4521" in entry.zh and "EPSG:4521" in entry.en
    assert draft.edition.zones.get("control_unit", ()) == ()
    stated = files.PROFILE + '[[layer]]\nid = "control_unit"\ncrs = "EPSG:4521"\n'
    draft, made = take(tmp_path / "县界.gpkg", path, profile=stated)
    assert len(draft.edition.zones["control_unit"]) == 5
    assert said(made, "CRS_FROM_PROFILE")


def test_a_layer_of_another_province_is_named(take: Take, tmp_path: Path) -> None:
    away = [
        shapely.transform(z.geometry, lambda xy: xy + np.array([8.0, -3.0]))
        for z in files.zones("control_unit")
    ]
    draft, made = take(files.counties(tmp_path), files.units(tmp_path / "u.gpkg", shapes=away))
    (entry,) = said(made, "LAYER_OUTSIDE")
    assert entry.severity == "error" and "其他省" in entry.zh
    assert entry.place is not None and entry.place.distance(shapely.Point(108.2, 33.1)) < 0.01
    assert len(draft.edition.zones["control_unit"]) == 5  # as it stands, for the check to show


def test_one_feature_outside_is_named_with_its_place(take: Take, tmp_path: Path) -> None:
    shapes = [z.geometry for z in files.zones("control_unit")]
    shapes[2] = shapely.transform(shapes[2], lambda xy: xy + np.array([2.0, 0.0]))
    _, made = take(files.counties(tmp_path), files.units(tmp_path / "u.gpkg", shapes=shapes))
    (entry,) = said(made, "FEATURE_OUTSIDE")
    assert entry.item == files.zones("control_unit")[2].code
    assert entry.place is not None and shapes[2].covers(entry.place)


@pytest.mark.parametrize(("true", "stated"), [(4521, 4522), (4542, 4543)])
def test_a_mixed_up_three_degree_zone_is_found_by_where_it_lies(
    true: int, stated: int, take: Take, tmp_path: Path
) -> None:
    shapes = [files.projected(z.geometry, true) for z in files.zones("control_unit")]
    _, made = take(
        files.counties(tmp_path), files.units(tmp_path / "u.gpkg", shapes=shapes, crs=f"EPSG:{stated}")
    )
    (entry,) = said(made, "LAYER_OUTSIDE")
    assert f"EPSG:{true}" in entry.zh


def test_features_of_two_zones_in_one_layer_are_told_by_their_prefix(take: Take, tmp_path: Path) -> None:
    every = files.zones("control_unit")
    shapes = [files.projected(z.geometry, 4521 if n < 3 else 4522) for n, z in enumerate(every)]
    path = files.units(tmp_path / "u.gpkg", shapes=shapes, crs="EPSG:4521")
    _, made = take(files.counties(tmp_path), path)
    assert "34" in said(made, "ZONE_PREFIX")[0].zh and len(said(made, "FEATURE_OUTSIDE")) == 2
    listed = files.PROFILE + '[[layer]]\nid = "control_unit"\nrepair = ["zone_by_prefix"]\n'
    draft, made = take(tmp_path / "县界.gpkg", path, profile=listed)
    assert not said(made, "FEATURE_OUTSIDE") and said(made, "ZONE_BY_PREFIX")
    for wanted in every:
        assert close(zone(draft, "control_unit", wanted.code).geometry, wanted.geometry, 2.0)


def test_a_wrong_statement_is_overridden_only_when_the_profile_says_so(take: Take, tmp_path: Path) -> None:
    shapes = [files.projected(z.geometry, 4521) for z in files.zones("control_unit")]
    path = files.units(tmp_path / "u.gpkg", shapes=shapes, crs="EPSG:4522")
    listed = files.PROFILE + '[[layer]]\nid = "control_unit"\noverride_crs = "EPSG:4521"\n'
    _, made = take(files.counties(tmp_path), path, profile=listed)
    assert not said(made, "LAYER_OUTSIDE")
    assert "EPSG:4522" in said(made, "CRS_OVERRIDDEN")[0].zh


# --- geometries --------------------------------------------------------------------------------

BOWTIE = shapely.Polygon([(100, 36), (100.1, 36.1), (100.1, 36), (100, 36.1)])


def test_geometries_no_layer_can_hold_are_each_named(take: Take, tmp_path: Path) -> None:
    box = files.zones("control_unit")[0].geometry
    open_ring = files.polygon_wkb([(100, 36), (100.1, 36), (100.1, 36.1), (100, 36.1)])
    not_finite = files.polygon_wkb([(100, 36), (float("nan"), 36), (100.1, 36.1), (100, 36)])
    codes = ["ZH6399011000" + str(n) for n in range(1, 8)]
    shapes: list[Any] = [box, None, shapely.Polygon(), open_ring, not_finite, shapely.Point(100, 36), BOWTIE]
    path = files.units(tmp_path / "u.gpkg", {"HJGKDYBM": codes}, shapes)
    draft, made = take(path)
    found = {code: [e.item for e in said(made, code)] for code in made.counts if code.startswith("GEOMETRY")}
    assert found == {
        "GEOMETRY_MISSING": codes[1:3],
        "GEOMETRY_CLOSED": [codes[3]],
        "GEOMETRY_UNREADABLE": [codes[4]],
        "GEOMETRY_KIND": [codes[5]],
        "GEOMETRY_INVALID": [codes[6]],
    }
    kept = {z.code for z in draft.edition.zones["control_unit"]}
    assert kept == {codes[0], codes[3], codes[5], codes[6]}
    assert shapely.equals_exact(zone(draft, "control_unit", codes[6]).geometry, BOWTIE)  # as it is


def test_collections_keep_the_parts_the_layer_takes(take: Take, tmp_path: Path) -> None:
    areas = [shapely.box(100, 36, 100.1, 36.1), shapely.box(100.2, 36, 100.3, 36.1)]
    line = shapely.LineString([(100, 36), (100.4, 36.2)])
    mixed = shapely.GeometryCollection(
        [shapely.Point(1, 1), areas[0], shapely.GeometryCollection([areas[1], line])]
    )
    files.units(tmp_path / "u.gpkg", {"HJGKDYBM": ["A"]}, [mixed])
    files.geopackage(tmp_path / "h.gpkg", "河流", [mixed], {"HLBM": ["R"]})
    draft, made = take(tmp_path / "u.gpkg", tmp_path / "h.gpkg")
    assert zone(draft, "control_unit", "A").geometry.equals(shapely.MultiPolygon(areas))
    assert zone(draft, "river", "R").geometry.equals(line)
    assert ["保留 2 个部件，去掉 2 个" in e.zh for e in said(made, "GEOMETRY_SPLIT")] == [True, False]


def test_curves_become_edges_and_are_counted_even_where_gdal_miscounts(take: Take, tmp_path: Path) -> None:
    path = files.units(tmp_path / "u.gpkg")
    files.put_wkb(path, "环境管控单元", files.curved_wkb(100.2, 36.1, 0.05), {"HJGKDYBM": "ZH63990130009"})
    draft, made = take(path)  # gpkg_ogr_contents still says five
    circle = zone(draft, "control_unit", "ZH63990130009").geometry
    assert circle.is_valid and abs(circle.area / (np.pi * 0.05**2) - 1) < 0.001
    assert said(made, "GEOMETRY_CURVED")[0].zh.startswith("含圆弧")
    assert made.zones["control_unit"] == 6


def test_a_ring_that_touches_itself_is_mended_only_when_the_profile_lists_it(
    take: Take, tmp_path: Path
) -> None:
    touching = shapely.Polygon(  # two squares that meet in one point, drawn as one ring
        [
            (100, 36),
            (100.1, 36),
            (100.1, 36.1),
            (100.2, 36.1),
            (100.2, 36.2),
            (100.1, 36.2),
            (100.1, 36.1),
            (100, 36.1),
        ]
    )
    path = files.units(tmp_path / "u.gpkg", {"HJGKDYBM": ["ZH63990110001", "B"]}, [touching, BOWTIE])
    draft, made = take(path)
    assert len(said(made, "GEOMETRY_INVALID")) == 2
    assert said(made, "GEOMETRY_INVALID")[0].place == shapely.Point(100.1, 36.1)
    listed = files.PROFILE + '[[layer]]\nid = "control_unit"\nrepair = ["make_valid"]\n'
    draft, made = take(path, profile=listed)
    found = draft.edition.zones["control_unit"]
    assert all(z.geometry.is_valid for z in found)
    assert zone(draft, "control_unit", "ZH63990110001").geometry.area == pytest.approx(0.02)
    assert len(said(made, "GEOMETRY_REPAIRED")) == 2


def test_a_multipolygon_of_743_000_vertices_comes_in_whole(take: Take, tmp_path: Path) -> None:
    parts = [files.star(371_500, 100.1 + 0.2 * n, 36.1, 0.04) for n in range(2)]
    files.units(tmp_path / "u.gpkg", {"HJGKDYBM": ["ZH63990110001"]}, [shapely.MultiPolygon(parts)])
    draft, made = take(tmp_path / "u.gpkg")
    (found,) = draft.edition.zones["control_unit"]
    assert shapely.get_num_coordinates(found.geometry) == 743_002
    assert not said(made, "GEOMETRY_INVALID")


def test_heights_are_dropped_and_said(take: Take, tmp_path: Path) -> None:
    high = [shapely.force_3d(z.geometry, 3000.0) for z in files.zones("control_unit")]
    draft, made = take(files.units(tmp_path / "u.gpkg", shapes=high))
    assert not any(z.geometry.has_z for z in draft.edition.zones["control_unit"])
    assert said(made, "GEOMETRY_FLAT")[0].zh.endswith("（共 5 次）")


# --- layers and files --------------------------------------------------------------------------


def test_missing_empty_and_unknown_layers_are_named(take: Take, tmp_path: Path) -> None:
    files.geopackage(tmp_path / "w.gpkg", "水环境", [], {"SHJGKFQBM": []})
    files.geopackage(tmp_path / "x.gpkg", "不知名", [shapely.Point(100, 36)], {"a": ["1"]})
    (tmp_path / "说明.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "坏.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    profile = (
        files.PROFILE + '[[coverage]]\nlayer = "red_line"\nregion = "63"\nstatus = "complete"\nsource = "x"\n'
    )
    profile += '[[coverage]]\nlayer = "sea_zone"\nregion = "63"\nstatus = "absent"\nsource = "内陆"\n'
    draft, made = take(
        files.counties(tmp_path),
        *(tmp_path / n for n in ("w.gpkg", "x.gpkg", "说明.doc", "坏.gpkg")),
        profile=profile,
    )
    assert {e.layer for e in said(made, "LAYER_MISSING")} == {"control_unit", "red_line"}
    assert {e.layer for e in said(made, "LAYER_EMPTY")} == {"water_zone"}
    assert said(made, "SOURCE_UNUSED")[0].source == "x.gpkg/不知名"
    assert said(made, "SOURCE_SKIPPED")[0].source == "说明.doc"
    assert said(made, "SOURCE_UNREADABLE")[0].source == "坏.gpkg"
    assert {row.layer for row in draft.edition.coverage} == {"red_line", "sea_zone"}
    assert {layer.id for layer in draft.edition.layers} == {"county", "water_zone", "red_line", "sea_zone"}


def test_when_nothing_can_be_read_there_is_an_error_and_no_draft(tmp_path: Path) -> None:
    out = tmp_path / "draft.gpkg"
    out.write_bytes(b"before")
    (tmp_path / "坏.gpkg").write_bytes(b"no")
    with pytest.raises(NothingToIngest) as caught:
        ingest([tmp_path / "坏.gpkg"], load_profile("national"), out)
    assert "坏.gpkg" in caught.value.text() and "坏.gpkg" in caught.value.text("en")
    with pytest.raises(SourceRefused):
        ingest([tmp_path / "没有.gdb"], load_profile("national"), out)
    assert out.read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["draft.gpkg", "坏.gpkg"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>"),
        ("a.geojson", b"  "),
        ("a.shp", b"\x00\x00\x27\x0a" + b"\0" * 200),
        ("a.gpkg", b"{}"),
        ("a.zip", b"PK\x03\x04 cut"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [ '),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named_and_the_others_are_read(
    name: str, content: bytes, take: Take, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    draft, made = take(files.units(tmp_path / "u.gpkg"), tmp_path / name)
    assert len(draft.edition.zones["control_unit"]) == 5
    assert [e.source for e in said(made, "SOURCE_UNREADABLE")] == [name]
    assert str(tmp_path) not in "".join(e.zh + e.en + e.source for e in made.log)


def test_a_geopackage_that_reads_other_files_is_refused(take: Take, tmp_path: Path) -> None:
    path = files.geopackage(tmp_path / "w.gpkg", "水环境", [BOWTIE], {"SHJGKFQBM": ["a"]})
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualOGR(''x'')')"
        )
    db.close()
    _, made = take(files.units(tmp_path / "u.gpkg"), path)
    assert "VirtualOGR" in said(made, "SOURCE_UNREADABLE")[0].zh


# --- tables ------------------------------------------------------------------------------------

LIST: list[list[Any]] = [
    ["示例市生态环境准入清单"],
    [],
    ["环境管控单元编码", "环境管控单元名称", "管控单元分类", "维度", "管控要求", "依据"],
    [
        "ＺＨ63990120001",
        "产业集聚",
        "重点管控单元",
        "空间布局约束",
        "1-1.禁止新建高污染项目。\n1-2.原则上不再新建钢铁项目。",
        "《示例市准入清单》",
    ],
    [None, None, None, "污染物排放管控", "新建项目实行等量替代。", "《示例市准入清单》"],
]


def test_a_list_with_its_header_on_row_3_merged_cells_and_full_width_codes(
    take: Take, tmp_path: Path
) -> None:
    path = files.workbook(tmp_path / "准入清单.xlsx", {"清单": LIST}, ["A1:F1", "A4:A5", "B4:B5", "C4:C5"])
    profile = (
        files.PROFILE + '[[document]]\nid = "list-2026"\ntitle = "示例市准入清单"\nnumber = "示〔2026〕1号"\n'
    )
    draft, made = take(files.units(tmp_path / "u.gpkg"), path, profile=profile)
    clauses = draft.edition.clauses
    assert [(c.number, c.dimension_label) for c in clauses] == [
        ("1-1", "空间布局约束"), ("1-2", "空间布局约束"), ("", "污染物排放管控"),
    ]  # fmt: skip
    assert {c.scope.units for c in clauses} == {("ZH63990120001",)}
    assert {c.document for c in clauses} == {"list-2026"}
    assert all(c.rules for c in clauses)
    assert said(made, "LIST_CODE_CHANGED") or said(made, "CODE_CLEANED")


def test_what_a_list_does_not_say_is_named_and_never_lost(take: Take, tmp_path: Path) -> None:
    rows = [["管控要求"], ["禁止新建化工项目。"], ["应安装在线监测设施。"]]
    files.workbook(tmp_path / "清单.xlsx", {"清单": rows})
    draft, made = take(files.units(tmp_path / "u.gpkg"), tmp_path / "清单.xlsx")
    assert len(draft.edition.clauses) == 2
    for code in ("CLAUSE_LEVEL", "CLAUSE_DIMENSION", "CLAUSE_NO_SCOPE", "DOCUMENT_MISSING"):
        assert said(made, code), code


def test_two_clauses_of_one_id_both_stay(take: Take, tmp_path: Path) -> None:
    for name in ("清单一", "清单二"):
        files.workbook(tmp_path / f"{name}.xlsx", {"清单": LIST}, ["A4:A5"])
    draft, made = take(files.units(tmp_path / "u.gpkg"), tmp_path / "清单一.xlsx", tmp_path / "清单二.xlsx")
    ids = [c.id for c in draft.edition.clauses]
    assert len(set(ids)) == len(ids) >= 6
    assert len(said(made, "CLAUSE_ID_REPEATED")) == len(ids) // 2


def test_published_totals_come_with_the_rounding_of_their_print(take: Take, tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["表 1 环境管控单元统计"],
        ["行政区", "管控类别", "个数", "面积（km²）"],
        ["甲县", "优先保护单元", "1", "99.80"],
        [None, "重点管控单元", 1, "1,234.5"],
        ["合计", "小计", "5", "2,232"],
        ["丁县", "一般管控单元", "1", "3"],
        ["乙县", "一般管控单元", "约五", "3"],
    ]
    files.workbook(tmp_path / "面积统计.xlsx", {"表1": rows}, ["A3:A4"])
    draft, made = take(files.counties(tmp_path), files.units(tmp_path / "u.gpkg"), tmp_path / "面积统计.xlsx")
    found = [(x.region, x.zone_class, x.count, x.area_m2, x.rounding_m2) for x in draft.totals]
    assert found == [
        ("639901", "PRIORITY", 1, 99.8e6, 5e3),
        ("639901", "KEY", 1, 1234.5e6, 5e4),
        ("", "", 5, 2232e6, 5e5),
    ]
    assert "丁县" in said(made, "REGION_UNKNOWN")[0].zh and said(made, "TABLE_ROW")[0].item == "R7"


# --- the log -----------------------------------------------------------------------------------


def test_a_thousand_identical_entries_are_one_with_its_number(take: Take, tmp_path: Path) -> None:
    n = 1000
    columns: dict[str, Any] = {
        "HJGKDYBM": [f"zh639901{1 + k % 3}{k:04}" for k in range(n)],
        "ZHGKDYFL": ["1"] * n,
    }
    shapes = [shapely.box(100 + k / 1e4, 36, 100 + (k + 1) / 1e4, 36.1) for k in range(n)]
    _, made = take(files.units(tmp_path / "u.gpkg", columns, shapes))
    (mapped,) = said(made, "VALUE_MAPPED")
    assert mapped.zh == "class：“1”→“PRIORITY”。（共 1,000 次）"
    assert made.counts["CODE_CLEANED"] == n and len(said(made, "CODE_CLEANED")) == 201
    assert "另有 800 处" in said(made, "CODE_CLEANED")[-1].zh
    assert len(made.log) < 220


def test_the_log_is_written_as_csv_for_excel_and_its_places_as_geojson(take: Take, tmp_path: Path) -> None:
    _, made = take(files.units(tmp_path / "u.gpkg", {"HJGKDYBM": ["A"], "=x": ["1"]}, [BOWTIE]))
    content = as_csv(made.log)
    assert content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == len(made.log)
    assert next(r for r in rows if r["code"] == "GEOMETRY_INVALID")["lon"] == "100.050000"
    places = json.loads(as_geojson(made.log))
    assert [f["properties"]["code"] for f in places["features"]] == ["GEOMETRY_INVALID"]


def test_every_code_of_the_log_is_in_both_languages_and_documented() -> None:
    from sanxian.i18n import t
    from sanxian.ingest.log import SEVERITY

    document = (Path(__file__).parent.parent / "docs" / "reference" / "ingest.md").read_text("utf-8")
    for code in SEVERITY:
        assert t(f"ingest.log.{code.lower()}") and t(f"ingest.log.{code.lower()}", "en")
        assert f"`{code}`" in document, code


# --- names and texts ---------------------------------------------------------------------------


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    for clean in (clean_text, clean_code, plain_name):
        assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_a_name_cut_by_a_dbf_is_known_by_its_whole(name: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        cut = name.encode(encoding)[:10].decode(encoding, "ignore")
        known, doubtful = known_fields([cut], {"code": [name]}, cut=True)
        assert (known[0].role, doubtful) == ("code", [])
        if plain_name(cut) != plain_name(name):
            assert known_fields([cut], {"code": [name]}, cut=False) == ({}, [])


def test_dates_of_features_are_read_in_the_ways_people_write_them(take: Take, tmp_path: Path) -> None:
    days = ["2026年1月1日", "20260101", "2026-1-1", "2026-02-30", ""]
    columns: dict[str, Any] = {"HJGKDYBM": [z.code for z in files.zones("control_unit")], "QSRQ": days}
    draft, made = take(files.units(tmp_path / "u.gpkg", columns))
    found = [z.valid_from for z in draft.edition.zones["control_unit"]]
    assert found == [date(2026, 1, 1)] * 3 + [None, None]
    assert "2026-02-30" in said(made, "VALUE_BAD")[0].zh


def test_the_same_sources_give_the_same_draft(take: Take, tmp_path: Path) -> None:
    files.units(tmp_path / "u.gpkg")
    files.counties(tmp_path)
    drafts = []
    for _ in range(2):
        draft, _made = take(tmp_path / "u.gpkg", tmp_path / "县界.gpkg")
        drafts.append(replace(draft, origin=None))
    assert (tmp_path / "draft.gpkg").exists()
    assert drafts[0].edition.zones == drafts[1].edition.zones and drafts[0].log == drafts[1].log


def test_a_datum_without_public_parameters_needs_those_of_the_profile(take: Take, tmp_path: Path) -> None:
    path = files.units(tmp_path / "u.gpkg", crs="EPSG:4610")  # Xi'an 1980
    draft, made = take(files.counties(tmp_path), path)
    assert draft.edition.zones["control_unit"] == ()
    assert "datum" in said(made, "CRS_DATUM")[0].zh and said(made, "CRS_DATUM")[0].zh.endswith("（共 5 次）")
    stated = files.PROFILE + '[[layer]]\nid = "control_unit"\ndatum = "10,-20,30"\n'
    draft, made = take(tmp_path / "县界.gpkg", path, profile=stated)
    assert len(draft.edition.zones["control_unit"]) == 5 and said(made, "CRS_NOTE")


def test_lists_come_in_as_csv_and_word_too(take: Take, tmp_path: Path) -> None:
    from docx import Document

    rows = [
        ["环境管控单元编码", "维度", "管控要求"],
        ["ZH63990120001", "环境风险防控", "园区应编制应急预案。"],
    ]
    (tmp_path / "清单甲.csv").write_text("\n".join(map(",".join, rows)), "gb18030")
    word = Document()
    table = word.add_table(2, 3)
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    word.save(str(tmp_path / "清单乙.docx"))
    draft, _ = take(files.units(tmp_path / "u.gpkg"), tmp_path / "清单甲.csv", tmp_path / "清单乙.docx")
    assert [c.text for c in draft.edition.clauses] == ["园区应编制应急预案。"] * 2


# --- damage ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a source of every format."""
    folder = tmp_path_factory.mktemp("whole")
    water = files.zones("water_zone")
    shapes, columns = [z.geometry for z in water], {"SHJGKFQBM": ["水1", "水2", "水3"]}
    files.shapefile(folder / "水环境.shp", shapes, columns)
    files.geopackage(folder / "水环境1.gpkg", "水环境", shapes, columns)
    files.write_layer(folder / "水环境2.geojson", shapes, columns, driver="GeoJSON")
    files.workbook(folder / "清单.xlsx", {"清单": LIST})
    with zipfile.ZipFile(folder / "水环境3.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "水环境2.geojson", "水环境3.geojson")
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_never_keeps_the_others_from_being_read(whole: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(p.name for p in whole.iterdir())))
    content = bytearray((whole / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        # headers are at the front, and what they say is what readers trust
        at = data.draw(st.integers(0, min(len(content), 400) - 1) | st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "in")
        shutil.copytree(whole, work)
        (work / name).write_bytes(content)
        files.units(work / "管控单元.gpkg")
        made = ingest([work], load_profile("national"), Path(folder, "d.gpkg"))
        assert made.zones["control_unit"] == 5
        assert open_draft(Path(folder, "d.gpkg")).log == made.log
        assert sorted(p.name for p in Path(folder).iterdir()) == ["d.gpkg", "in"]

"""Profiles: what they may say, what ships, what is proposed; large sources; the commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import official_files as files
from command_line import Run, both_languages
from sanxian.edition import digest, open_draft, open_edition, validate
from sanxian.errors import BadProfile, NothingToIngest, ProfileNotFound
from sanxian.ingest import ingest, load_profile, propose, shipped
from sanxian.ingest.geojson import pieces
from sanxian.model import CoverageStatus, LayerKind

# --- profiles ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_shipped_profiles_load_and_say_where_they_come_from(name: str) -> None:
    profile = load_profile(name)
    kinds = {rule.kind for rule in profile.layers}
    assert kinds >= {
        LayerKind.CONTROL_UNIT,
        LayerKind.ADMIN,
        LayerKind.ECOLOGY,
        LayerKind.WATER,
        LayerKind.SEA,
    }
    text = (Path(files.__file__).parent.parent / "src/sanxian/data/profiles" / f"{name}.toml").read_text(
        "utf-8"
    )
    assert "[recall]" in text and "[seen]" in text
    assert all(rule.accuracy_m is not None for rule in profile.layers)


def test_a_profile_states_only_what_differs_from_the_one_it_extends(tmp_path: Path) -> None:
    (tmp_path / "省.toml").write_text('extends = "national"\n[regions]\n"甲" = "639901"\n', "utf-8")
    (tmp_path / "市.toml").write_text(
        'extends = "省.toml"\n[[layer]]\nid = "control_unit"\naccuracy_m = 10\n'
        '[layer.fields]\ncode = ["DYBM"]\n[[layer]]\nid = "lake"\nkind = "other"\ntitle = "湖泊"\nmatch = "湖*"\n'
        '[[table]]\nkind = "list"\nmatch = "清单*"\nlevel = "UNIT"\n',
        "utf-8",
    )
    base, own = load_profile("national"), load_profile(tmp_path / "市.toml")
    unit = next(rule for rule in own.layers if rule.id == "control_unit")
    plain = next(rule for rule in base.layers if rule.id == "control_unit")
    assert (unit.accuracy_m, unit.title, unit.match) == (10.0, plain.title, plain.match)
    assert unit.fields["code"] == ("DYBM",) and unit.fields["name"] == plain.fields["name"]
    assert {rule.id for rule in own.layers} == {rule.id for rule in base.layers} | {"lake"}
    assert own.tables[0].level == "UNIT" and len(own.tables) == len(base.tables) + 1
    assert own.regions == {"甲": "639901"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[edition\n", "TOML"),
        ("unknown = 1\n", "unknown"),
        ('[edition]\nvalid_from = "soon"\n', "edition.valid_from"),
        ("[edition]\nsynthetic = 1\n", "edition.synthetic"),
        ('[edition]\nname = "x"\n', "name"),
        ('[[layer]]\nid = "a"\nkind = "nonsense"\ntitle = ""\nmatch = "a"\n', "nonsense"),
        ('[[layer]]\nid = "a"\nkind = "other"\n', "title, match"),
        ('[[layer]]\nid = "clause"\nkind = "other"\ntitle = ""\nmatch = "a"\n', "clause"),
        ('[[layer]]\nid = "A b"\nkind = "other"\ntitle = ""\nmatch = "a"\n', "A b"),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\naccuracy_m = "far"\n', "accuracy_m"),
        (
            '[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\nfields = { colour = "X" }\n',
            "colour",
        ),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\nareas = { MJ = "t" }\n', "areas.MJ"),
        (
            '[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\ncrs = "EPSG:99999999"\n',
            "EPSG:99999999",
        ),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\ndatum = "1,2"\n', "1,2"),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\nencoding = "klingon"\n', "klingon"),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\nrepair = ["buffer0"]\n', "buffer0"),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\nclauses = { SKY = "X" }\n', "SKY"),
        ('[[layer]]\nid = "a"\nkind = "other"\ntitle = ""\nmatch = "a"\n' * 2, "a"),
        ('[[table]]\nkind = "poem"\nmatch = "a"\n', "poem"),
        ('[[table]]\nkind = "list"\nmatch = "a"\nlevel = "STREET"\n', "STREET"),
        ('[[coverage]]\nlayer = "a"\nregion = "63"\nstatus = "some"\nsource = ""\n', "some"),
        ('[[document]]\nid = "a"\ntitle = ""\n' * 2, "a"),
        ("layer = 3\n", "layer"),
        ('extends = "p.toml"\n', "→"),
    ],
)
def test_a_profile_with_a_mistake_is_refused_naming_its_place(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(text, "utf-8")
    with pytest.raises(BadProfile) as caught:
        load_profile(tmp_path / "p.toml")
    assert words in caught.value.text() and words in caught.value.text("en")
    assert "p.toml" in caught.value.text()


def test_a_profile_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ProfileNotFound) as caught:
        load_profile("beijing")
    assert "guangdong" in caught.value.text()


def test_what_a_profile_states_besides_layers_is_in_the_draft(tmp_path: Path) -> None:
    text = files.PROFILE + (
        '[[coverage]]\nlayer = "control_unit"\nregion = "63"\nstatus = "complete"\nsource = "x"\ndate = 2026-01-01\n'
        '[[office]]\nid = "o1"\nname = "甲县分局"\n[[state]]\nplace = "639901"\nkey = "air_quality"\nvalue = "达标"\n'
        '[[catalogue]]\nid = "two_high"\ntitle = "目录"\nindustries = ["26"]\nsource = "x"\n'
        '[[change]]\nitem = "control_unit/A"\nkind = "succeeded"\nreason = "合并"\nsuccessors = ["B"]\n'
    )
    (tmp_path / "p.toml").write_text(text, "utf-8")
    every = files.zones("control_unit")
    columns: dict[str, Any] = {
        "HJGKDYBM": [z.code for z in every],
        "责任部门": ["甲县分局", "o1", "乙县分局", "", None],
    }
    ingest(
        [files.units(tmp_path / "u.gpkg", columns)], load_profile(tmp_path / "p.toml"), tmp_path / "d.gpkg"
    )
    draft = open_draft(tmp_path / "d.gpkg").edition
    assert [z.office for z in draft.zones["control_unit"]] == ["o1", "o1", "乙县分局", "", ""]
    assert set(draft.offices) == {"o1", "乙县分局"}
    assert draft.coverage[0].status is CoverageStatus.COMPLETE
    assert (draft.states[0].value, draft.catalogues["two_high"].industries) == ("达标", ("26",))
    assert draft.changes[0].successors == ("B",)


# --- proposing ---------------------------------------------------------------------------------


def test_a_proposed_profile_has_reasons_and_reads_the_data_it_was_made_from(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    every, water = files.zones("control_unit"), files.zones("water_zone")
    shapes = [z.geometry for z in every]
    codes: dict[str, Any] = {
        "BM": [z.code for z in every],
        "LB": ["1", "2", "3", "2", "3"],
        "说明": list("abcde"),
    }
    files.geopackage(data / "a.gpkg", "图层1", shapes, codes)  # known by its codes only
    files.geopackage(data / "b.gpkg", "图层2", [z.geometry for z in water], {"X": [z.code for z in water]})
    files.geopackage(data / "c.gpkg", "谜", [shapely.Point(100, 36)], {"foo": ["1"]})
    files.geopackage(data / "d.gpkg", "生态保护红线", shapes[:1], {"HXBM": ["HX1"]}, crs=None)
    files.counties(data)
    rows = [["环境管控单元编码", "维度", "管控要求"], [every[0].code, "空间布局约束", "禁止新建化工项目。"]]
    files.workbook(data / "表.xlsx", {"a": rows})
    files.workbook(data / "数.xlsx", {"a": [["管控类别", "个数", "面积"], ["优先保护单元", 1, 2.5]]})
    files.workbook(data / "诗.xlsx", {"a": [["床前明月光"]]})
    made = propose([data])
    assert set(made.unknown) == {"c.gpkg/谜", "诗.xlsx"}
    assert (made.layers, made.tables) == (4, 2)
    for line in (
        "字段“BM”的取值像编码",
        "c.gpkg/谜",
        "# 字段：foo",
        'region = "63"',
        "诗.xlsx",
        "请写 crs",
    ):
        assert line in made.text, line
    (tmp_path / "p.toml").write_text(made.text, "utf-8")
    result = ingest([data], load_profile(tmp_path / "p.toml"), tmp_path / "d.gpkg")
    assert (
        result.zones["control_unit"] == 5 and result.zones["water_zone"] == 3 and result.zones["county"] == 2
    )
    assert (result.clauses, result.totals) == (1, 1)
    assert propose([data]).text == made.text
    assert "of field “BM” look like codes" in propose([data], lang="en").text


def test_proposing_from_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.doc").write_bytes(b"x")
    with pytest.raises(NothingToIngest):
        propose([tmp_path])


# --- large sources -----------------------------------------------------------------------------


def test_a_large_geojson_is_cut_into_pieces_that_hold_every_feature_once(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    features = [
        {"type": "Feature", "properties": {"n": n, "t": '"]}, {"'}, "geometry": None} for n in range(500)
    ]
    wholes: tuple[dict[str, Any], ...] = (
        {"crs": crs, "features": features},
        {"features": features, "crs": crs},
        {"features": []},
    )
    for whole in wholes:
        path = tmp_path / "big.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", **whole}, indent=1), "utf-8-sig")
        cut = [json.loads(piece.read_text("utf-8")) for piece in pieces(path, tmp_path, 2000)]
        assert [f for piece in cut for f in piece["features"]] == whole["features"]
        if list(whole) == ["crs", "features"]:
            assert {json.dumps(piece["crs"]) for piece in cut} == {json.dumps(crs)} and len(cut) > 10
        path.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(ValueError, match=r".+"):
            pieces(path, tmp_path, 2000)


def test_batches_of_any_size_give_the_same_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sanxian.ingest import sources

    shapes = [shapely.box(100 + k / 1e3, 36, 100 + (k + 1) / 1e3, 36.1) for k in range(20)]
    columns: dict[str, Any] = {
        "HJGKDYBM": [f"ZH639901{1 + k % 3}{k:04}" for k in range(20)],
        "x": [str(k) if k % 7 else None for k in range(20)],
    }
    made = []
    for form, driver in (
        ("gpkg", "GPKG"),
        ("shp", "ESRI Shapefile"),
        ("gdb", "OpenFileGDB"),
        ("geojson", "GeoJSON"),
    ):
        path = (
            files.write_layer(
                tmp_path / f"管控单元.{form}",
                shapes,
                columns,
                driver=driver,
                layer="unit",
                geometry_type="Polygon",
            )
            if form != "shp"
            else files.shapefile(tmp_path / "管控单元.shp", shapes, columns)
        )
        for size in (1, 300, 1 << 20):
            monkeypatch.setattr(sources, "BATCH_BYTES", size)
            ingest([path], load_profile("national"), tmp_path / "d.gpkg")
            made.append(digest(open_draft(tmp_path / "d.gpkg").edition))
    assert len(set(made)) == 1


STREAMED = """
import resource, sys
from sanxian.ingest import ingest, load_profile, sources
sources.BATCH_BYTES = 2 << 20
ingest([sys.argv[1]], load_profile("national"), sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks the system how much memory a process had")
def test_memory_does_not_grow_with_a_source(tmp_path: Path) -> None:
    ring = np.asarray(files.star(1000, 0.0, 0.0, 0.01).exterior.coords)
    peaks = []
    for count in (20, 5000):  # 0.3 and 80 MB
        path = tmp_path / f"管控单元{count}.gpkg"
        for start in range(0, count, 1000):
            rows = range(start, min(start + 1000, count))
            shapes = [
                shapely.Polygon(ring + np.array([100 + k % 100 / 50, 36 + k // 100 / 50])) for k in rows
            ]
            codes = {"HJGKDYBM": [f"ZH639901{1 + k % 3}{k:04}" for k in rows]}
            files.geopackage(path, "管控单元", shapes, codes, geometry_type="Polygon")
        command = [sys.executable, "-c", STREAMED, os.fspath(path), os.fspath(tmp_path / "d.gpkg")]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(ran.stdout))
    assert peaks[1] - peaks[0] < 60, peaks  # MB; held whole, 80 MB of source take more than 250


# --- the commands ------------------------------------------------------------------------------


def test_the_command_reads_writes_and_says_what_it_did(sanxian: Run, tmp_path: Path) -> None:
    files.units(tmp_path / "u.gpkg")
    out, log, places = (tmp_path / n for n in ("d.gpkg", "log.csv", "log.geojson"))
    ran = sanxian(
        "ingest", str(tmp_path / "u.gpkg"), "-p", "national", "--out", str(out), "--log", str(log),
        "--places", str(places), "--set", "region=63", "--set", "valid_from=2026-01-01", "--set", "title=示例",
    )  # fmt: skip
    assert ran.status == 0, ran.err
    assert "5  环境管控单元（control_unit）" in ran.out and "sanxian check" in ran.err
    assert open_draft(out).edition.info.title == "示例"
    assert (
        log.read_bytes().startswith("\ufeff".encode()) and json.loads(places.read_bytes())["features"] == []
    )
    english = sanxian("ingest", str(tmp_path / "u.gpkg"), "-p", "national", "-o", str(out), "--lang", "en")
    assert "5 features" in english.out and "COVERAGE_MISSING" in english.err


def test_the_command_proposes_exports_and_takes_in_again(sanxian: Run, sample: Path, tmp_path: Path) -> None:
    edition = open_edition(sample)
    folder = tmp_path / "出"
    ran = sanxian("export", str(sample), "--to", str(folder), "--format", "shp")
    assert ran.status == 0, ran.err
    assert edition.info.digest in ran.out
    ran = sanxian(
        "ingest", str(folder), "--profile", str(folder / "profile.toml"), "--out", str(tmp_path / "d.gpkg")
    )
    draft = open_draft(tmp_path / "d.gpkg").edition
    assert digest(draft) == edition.info.digest and not [p for p in validate(draft) if p.severity == "error"]
    ran = sanxian("ingest", str(folder), "--propose", "--out", str(tmp_path / "p.toml"))
    assert ran.status == 0 and load_profile(tmp_path / "p.toml").layers


@pytest.mark.parametrize(
    ("args", "code", "status"),
    [
        (("ingest", "u.gpkg", "--profile", "national"), "USAGE", 2),
        (("ingest", "u.gpkg", "--out", "d.gpkg"), "USAGE", 2),
        (("ingest", "u.gpkg", "--propose", "--out", "p.toml", "--log", "x.csv"), "USAGE", 2),
        (("ingest", "u.gpkg", "-p", "national", "-o", "d.gpkg", "--set", "colour=red"), "USAGE", 2),
        (("ingest", "u.gpkg", "-p", "national", "-o", "d.gpkg", "--set", "valid_from=soon"), "USAGE", 2),
        (("ingest", "u.gpkg", "-p", "nowhere.toml", "-o", "d.gpkg"), "INGEST_PROFILE_NOT_FOUND", 10),
        (("ingest", "no.gdb", "-p", "national", "-o", "d.gpkg"), "INGEST_SOURCE", 10),
        (("ingest", "bad.gpkg", "-p", "national", "-o", "d.gpkg"), "INGEST_NOTHING", 10),
        (("ingest", "u.gpkg", "-p", "national", "-o", "no/d.gpkg"), "OUTPUT_FAILED", 10),
        (("export", "e.gpkg", "--to", "x", "--format", "dwg"), "USAGE", 2),
        (("export", "e.gpkg", "--to", "full"), "EXPORT_REFUSED", 10),
        (("export", "u.gpkg", "--to", "x"), "EDITION_FOREIGN", 20),
    ],
)
def test_wrong_calls_are_refused_in_both_languages(
    args: tuple[str, ...],
    code: str,
    status: int,
    sanxian: Run,
    sample: Path,
    tmp_path: Path,
) -> None:
    files.units(tmp_path / "u.gpkg")
    (tmp_path / "bad.gpkg").write_bytes(b"no")
    shutil.copy(sample, tmp_path / "e.gpkg")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    ran = sanxian(*args)
    assert ran.status == status, ran.err
    assert both_languages(ran, code)
    assert not (tmp_path / "d.gpkg").exists() and not (tmp_path / "x").exists()

"""Tables of projects: what is read from each format, what a bad row costs, and what is written."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from sample_edition import sample_edition
from sanxian import batch, geometry, screening
from sanxian.batch import Result, Row, Tally
from sanxian.cli import main
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.errors import BadTable, EditionNotInForce, InputError, OutputFailed
from sanxian.model import Outcome, Project
from sanxian.project import project_from_mapping
from sanxian.screening import Screening
from sanxian.screening import run as running

pa = pytest.importorskip("pyarrow")
ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 9, 1)
HEADER = ("编号", "项目名称", "建设性质", "行业代码", "经度", "纬度", "单台锅炉容量（蒸吨/小时）", "备注")
GOOD = ("1", "化工厂", "新建", "C2614", "100.05", "36.15", "10", "x")
ALSO_GOOD = ("2", "养殖场", "扩建", "0313", "100.15", "36.05", "/", "")


@pytest.fixture(scope="session")
def edition_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("edition") / "sample.gpkg"
    write_edition(sample_edition(), path)
    return path


@pytest.fixture(scope="session")
def edition(edition_file: Path) -> Edition:
    return open_edition(edition_file)


def write_csv(
    path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def read(path: Path, **options: Any) -> list[Row]:
    with batch.open_projects(path, **options) as table:
        return list(table.rows())


def notices(path: Path) -> str:
    with batch.open_projects(path) as table:
        list(table.rows())
        return " ".join(n.zh for n in (*table.notices, *table.notices_after()))


def good(row: Row) -> Project:
    assert row.project is not None, row.error
    return row.project


def code(row: Row) -> str:
    assert row.error is not None
    assert row.error.text("zh-CN") != row.error.text("en")
    return row.error.code


# --- columns ----------------------------------------------------------------------------------------


def test_a_row_says_what_a_project_file_says(tmp_path: Path) -> None:
    (row,) = read(write_csv(tmp_path / "p.csv", [HEADER, GOOD]))
    stated = {
        "id": "1",
        "name": "化工厂",
        "nature": "新建",
        "industry": "C2614",
        "facts": {"boiler_tph": 10},
        "parts": [{"point": ["100.05", "36.15"]}],
    }
    one, other = good(row), project_from_mapping(stated)
    assert (one.id, one.name, one.nature, one.industries, one.facts) == (
        other.id, other.name, other.nature, other.industries, other.facts,
    )  # fmt: skip
    assert one.parts[0].geometry == other.parts[0].geometry
    assert row.number == 2


def test_unknown_columns_are_named_and_never_dropped_in_silence(tmp_path: Path) -> None:
    said = notices(write_csv(tmp_path / "p.csv", [HEADER, GOOD]))
    assert "不认识的列" in said and "备注" in said
    assert "经度→lon" in said


def test_facts_are_columns_by_key_label_and_english_label_with_units(tmp_path: Path) -> None:
    header = ("lon", "lat", "boiler_tph", "生产规模（万t/a）", "installed power", "燃料", "两高项目")
    row = ("100.05", "36.15", "35t/h", "3", "5", "煤、天然气", "是")
    (found,) = read(write_csv(tmp_path / "p.csv", [header, row]))
    assert dict(good(found).facts) == {
        "boiler_tph": 35.0,
        "capacity_tpa": 30000.0,
        "installed_power_mw": 5.0,
        "fuel": ("天然气", "煤"),
        "two_high": True,
    }


@pytest.mark.parametrize("blank", ["", " ", "/", "-", "—", "NaN"])
def test_a_blank_cell_is_unknown(tmp_path: Path, blank: str) -> None:
    (row,) = read(write_csv(tmp_path / "p.csv", [HEADER, (*GOOD[:6], blank, "x")]))
    assert "boiler_tph" not in good(row).facts


def test_papers_several_industries_role_and_crs_have_columns(tmp_path: Path) -> None:
    header = ("wkt", "crs", "role", "industry", "papers")
    shape = "POLYGON ((34457000 4000000, 34458000 4000000, 34458000 4001000, 34457000 4000000))"
    row = (shape, "EPSG:4522", "厂区", "2614；0313", "批复;文1号;甲局;2026-05-01|意见;文2号")
    (found,) = read(write_csv(tmp_path / "p.csv", [header, row]))
    project = good(found)
    assert project.industries == ("2614", "0313")
    assert [(p.type, p.number) for p in project.papers] == [("批复", "文1号"), ("意见", "文2号")]
    assert (project.parts[0].role, project.parts[0].crs_in) == ("厂区", "EPSG:4522")


def test_a_footprint_file_is_read_beside_the_table_and_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    (folder / "图").mkdir(parents=True)
    shape = shapely.to_geojson(shapely.box(100.01, 36.13, 100.02, 36.14))
    (folder / "图/a.geojson").write_text(shape)
    (tmp_path / "secret.geojson").write_text(shape)
    names = ["图/a.geojson", r"图\a.geojson", "../secret.geojson", str(tmp_path / "secret.geojson"), "no.zip"]
    (folder / "link.geojson").symlink_to(tmp_path / "secret.geojson")
    rows = read(write_csv(folder / "p.csv", [("footprint",), *((n,) for n in (*names, "link.geojson"))]))
    assert [r.project is not None for r in rows] == [True, True, False, False, False, False]
    assert [code(r) for r in rows[2:]] == ["TABLE_ROW", "TABLE_ROW", "FOOTPRINT_NOT_FOUND", "TABLE_ROW"]


def test_two_columns_for_one_thing_are_refused(tmp_path: Path) -> None:
    for header in (
        ("lon", "经度", "lat"),
        ("lon", "lat", "x", "x"),
        ("lon", "lat", "boiler_tph", "单台锅炉容量"),
    ):
        with pytest.raises(BadTable):
            read(write_csv(tmp_path / "p.csv", [header, ("1",) * len(header)]))


@pytest.mark.parametrize("rows", [[], [("a", "b"), ("1", "2")], [("编号", "经度"), ("1", "2")]])
def test_a_table_without_header_or_place_is_refused(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(BadTable) as caught:
        read(write_csv(tmp_path / "p.csv", rows))
    assert caught.value.text("zh-CN") and caught.value.text("en")


# --- rows ---------------------------------------------------------------------------------------------


def test_a_bad_row_costs_itself_only(tmp_path: Path) -> None:
    bad = {
        "PROJECT_INDUSTRY": ("b", "", "新建", "9999", "100.05", "36.15", "", ""),
        "FACT_TYPE": ("b", "", "新建", "2614", "100.05", "36.15", "很大", ""),
        "FOOTPRINT_COORDINATE": ("b", "", "新建", "2614", "abc", "36.15", "", ""),
        "TABLE_ROW": ("b", "", "新建", "2614", "", "36.15", "", ""),
    }
    rows = read(write_csv(tmp_path / "p.csv", [HEADER, GOOD, *bad.values(), (*GOOD, "", "多余"), ALSO_GOOD]))
    assert [r.number for r in rows] == [2, 3, 4, 5, 6, 7, 8]
    assert [code(r) for r in rows[1:6]] == [*bad, "TABLE_ROW"]
    assert rows[1].id == "b"
    good(rows[0])
    good(rows[6])


def test_blank_rows_are_counted(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", [HEADER, GOOD, ("",) * 8, (), ALSO_GOOD])
    assert [r.id for r in read(path)] == ["1", "2"]
    assert "跳过空行 2 行" in notices(path)


def test_a_row_nobody_foresaw_costs_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(lon: str, *args: Any, **kw: Any) -> geometry.Footprint:
        if lon == "100.05":
            raise ZeroDivisionError
        return real(lon, *args, **kw)

    real = geometry.footprint_from_point
    monkeypatch.setattr(geometry, "footprint_from_point", broken)
    first, second = read(write_csv(tmp_path / "p.csv", [HEADER, GOOD, ALSO_GOOD]))
    assert code(first) == "BUG"
    good(second)


# --- formats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_the_encodings_and_with_the_delimiters_people_have(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = write_csv(tmp_path / "p.csv", [("某市清单",), HEADER, GOOD, ALSO_GOOD], encoding, delimiter)
    rows = read(path)
    assert [(r.number, r.name) for r in rows] == [(3, "化工厂"), (4, "养殖场")]


def test_csv_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes("lon,lat,name\n1,2,\xff\xfe".encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read(tmp_path / "p.csv", encoding="ascii")
    assert caught.value.code == "FOOTPRINT_ENCODING"


def test_csv_cells_may_hold_line_ends(tmp_path: Path) -> None:
    rows = read(write_csv(tmp_path / "p.csv", [HEADER, ("1", "两\n行", *GOOD[2:]), ALSO_GOOD]))
    assert [(r.number, r.name) for r in rows] == [(2, "两\n行"), (3, "养殖场")]


def test_a_huge_csv_cell_costs_its_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MAX_CELL_CHARS", 1000)
    rows = read(write_csv(tmp_path / "p.csv", [HEADER, (*GOOD[:7], "x" * 2000), ALSO_GOOD]))
    csv.field_size_limit(131072)
    assert code(rows[0]) == "TABLE_ROW"
    assert rows[-1].name == "养殖场"


def workbook(path: Path, *sheets: tuple[str, Sequence[Sequence[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def test_excel_with_titles_typed_cells_and_other_sheets(tmp_path: Path) -> None:
    typed = (7, "化工厂", "新建", 2614, 100.05, 36.15, 10.5, datetime(2026, 5, 1))  # noqa: DTZ001, sheets have no zones
    path = workbook(tmp_path / "p.xlsx", ("项目", [("某市清单",), (), HEADER, typed]), ("说明", [("x",)]))
    (row,) = read(path)
    assert (row.number, row.id, good(row).industries, good(row).facts["boiler_tph"]) == (
        4,
        "7",
        ("2614",),
        10.5,
    )
    assert "未读取：说明" in notices(path)
    with pytest.raises(InputError):
        read(path, layer="没有")


def test_a_broken_or_other_archive_is_refused(tmp_path: Path) -> None:
    import zipfile

    whole = workbook(tmp_path / "p.xlsx", ("项目", [HEADER, GOOD])).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as other:
        other.writestr("a.txt", "x")
    for name in ("cut.xlsx", "other.xlsx"):
        with pytest.raises(InputError):
            read(tmp_path / name)


def features(**extra: Any) -> dict[str, Any]:
    box = shapely.geometry.mapping(shapely.box(100.01, 36.13, 100.02, 36.14))
    nothing = {"type": "Feature", "properties": {"name": "无图形"}, "geometry": None}
    one = {"type": "Feature", "id": 5, "properties": {"name": "甲", "nature": "新建"}, "geometry": box}
    bad = {
        "type": "Feature",
        "properties": {"name": "坏"},
        "geometry": {"type": "Point", "coordinates": [None, 1]},
    }
    return {"type": "FeatureCollection", **extra, "features": [one, nothing, bad, one]}


def test_geojson_features_are_rows(tmp_path: Path) -> None:
    (tmp_path / "p.geojson").write_text(json.dumps(features()))
    rows = read(tmp_path / "p.geojson")
    assert [r.number for r in rows] == [1, 2, 3, 4]
    assert (rows[0].id, rows[0].name, good(rows[0]).nature) == ("5", "甲", "新建")
    assert code(rows[1]) == "FOOTPRINT_EMPTY"
    assert code(rows[2]) == "FOOTPRINT_COORDINATE"
    good(rows[3])


@pytest.mark.parametrize(
    "text", ["{", '{"type": "FeatureCollection"}', '{"type": "FeatureCollection", "features": []}']
)
def test_what_is_no_geojson_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.geojson").write_text(text)
    with pytest.raises(BadTable):
        read(tmp_path / "p.geojson")


def test_a_large_geojson_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.geojson").write_text(json.dumps(features()))
    monkeypatch.setattr(batch, "MAX_GEOJSON_BYTES", 10)
    with pytest.raises(InputError, match="FOOTPRINT_TOO_LARGE"):
        read(tmp_path / "p.geojson")


def write_gpkg(
    path: Path, count: int = 3, layer: str = "项目", crs: str = "EPSG:4490", append: bool = False
) -> Path:
    boxes = [shapely.box(100.01 + i * 1e-4, 36.13, 100.02, 36.14) for i in range(count)]
    if crs == "EPSG:4522":
        import pyproj

        to = pyproj.Transformer.from_crs(4490, 4522, always_xy=True)
        boxes = [shapely.transform(b, lambda xy: np.column_stack(to.transform(*xy.T))) for b in boxes]
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array(boxes)),
        field_data=[
            np.array([f"项目{i}" for i in range(count)], object),
            np.array([10.0 + i for i in range(count)]),
            np.array(["2026-05-01"] * count, "datetime64[ms]"),
        ],
        fields=["name", "boiler_tph", "看过"],
        layer=layer,
        driver="GPKG",
        geometry_type="Polygon",
        crs=crs,
        append=append,
    )
    return path


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4522"])
def test_geopackage_rows_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crs: str) -> None:
    monkeypatch.setattr(batch, "_PAGE", 2)
    path = write_gpkg(tmp_path / "p.gpkg", 5, crs=crs)
    rows = read(path)
    assert [r.name for r in rows] == [f"项目{i}" for i in range(5)]
    assert [good(r).facts["boiler_tph"] for r in rows] == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert good(rows[0]).parts[0].crs_in == crs
    assert same_place(good(rows[0]), shapely.box(100.01, 36.13, 100.02, 36.14))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.gpkg"]


def test_a_geopackage_with_several_layers_asks_which(tmp_path: Path) -> None:
    path = write_gpkg(tmp_path / "p.gpkg")
    write_gpkg(path, 1, layer="other")
    with pytest.raises(BadTable) as caught:
        read(path)
    assert "项目" in caught.value.text("zh-CN") and "other" in caught.value.text("zh-CN")
    assert len(read(path, layer="other")) == 1
    with pytest.raises(InputError):
        read(path, layer="没有")


def test_a_crs_that_contradicts_the_file_costs_every_row(tmp_path: Path) -> None:
    rows = read(write_gpkg(tmp_path / "p.gpkg"), crs="EPSG:4522")
    assert {code(r) for r in rows} == {"CRS_CONFLICT"}


def same_place(project: Project, shape: shapely.Geometry) -> bool:
    """Edges may have got vertices on the way."""
    return float(shapely.area(shapely.symmetric_difference(project.parts[0].geometry, shape))) < 1e-12


def write_parquet(path: Path, geo: dict[str, Any] | None, shape: Any) -> Path:
    from pyarrow import parquet

    table = pa.table({"name": ["甲"], "boiler_tph": [10.0], "燃料": [["煤"]], "geometry": [shape]})
    if geo is not None:
        table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    parquet.write_table(table, path)
    return path


def test_geoparquet_wkt_and_plain_columns(tmp_path: Path) -> None:
    from pyarrow import parquet

    box = shapely.box(100.01, 36.13, 100.02, 36.14)
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    (row,) = read(write_parquet(tmp_path / "wkb.parquet", geo, shapely.to_wkb(box)))
    assert same_place(good(row), box)
    assert good(row).facts["fuel"] == ("煤",)
    import pyproj

    geo["columns"]["geometry"]["crs"] = pyproj.CRS(4490).to_json_dict()  # type: ignore[index]
    (row,) = read(write_parquet(tmp_path / "4490.parquet", geo, shapely.to_wkb(box)))
    assert good(row).parts[0].crs_in == "EPSG:4490"
    (row,) = read(write_parquet(tmp_path / "wkt.parquet", None, box.wkt))
    assert code(row) == "CRS_MISSING"
    (row,) = read(tmp_path / "wkt.parquet", crs="EPSG:4490")
    assert same_place(good(row), box)
    (row,) = read(write_parquet(tmp_path / "no.parquet", None, shapely.to_wkb(box)))
    assert code(row) == "CRS_MISSING"
    (row,) = read(write_parquet(tmp_path / "bad.parquet", geo, b"\x01\x02"))
    assert code(row) == "TABLE_ROW"
    parquet.write_table(pa.table({"lon": [100.05], "lat": [36.15]}), tmp_path / "plain.parquet")
    (row,) = read(tmp_path / "plain.parquet")
    good(row)
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "plain.parquet").read_bytes()[:100])
    with pytest.raises(BadTable):
        read(tmp_path / "cut.parquet")


def test_a_folder_of_project_files(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        "name: 乙\nas_of: 2026-09-01\nparts: [{point: [100.05, 36.15]}]\n", "utf-8"
    )
    (tmp_path / "a.json").write_text('{"id": "A", "parts": [{"point": [100.05, 36.15]}]}', "utf-8")
    (tmp_path / "c.yml").write_text("name: 丙\n", "utf-8")
    (tmp_path / "readme.txt").write_text("x")
    rows = read(tmp_path)
    assert [(r.number, r.id, r.project is not None) for r in rows] == [
        (1, "A", True),
        (2, "b", True),
        (3, "c", False),
    ]
    assert "readme.txt" in notices(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadTable):
        read(tmp_path / "empty")


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTable):
        read(tmp_path / "nope.csv")


# --- screening -------------------------------------------------------------------------------------------


def some_rows(count: int, *, bad: frozenset[int] = frozenset()) -> list[Row]:
    made = []
    for i in range(count):
        project = project_from_mapping({"name": str(i), "parts": [{"point": [100.01 + i * 1e-3, 36.15]}]})
        if i in bad:
            error = BadTable(source="x", reason="y")
            made.append(Row(number=i, id="", name=str(i), project=None, error=error))
        else:
            made.append(Row(number=i, id="", name=str(i), project=project, error=None))
    return made


def test_results_come_in_order_whatever_the_chunks(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = some_rows(20, bad=frozenset((0, 5, 6, 19)))
    seen = []
    for size in (1, 3, 64):
        monkeypatch.setattr(batch, "_CHUNK", size)
        results = list(batch.screen_rows(rows, edition, AS_OF))
        assert [r.row.number for r in results] == list(range(20))
        seen.append([r.screening and screening.to_json(r.screening) for r in results])
        for result in results:
            assert (result.screening is None) == (result.row.project is None)
            if result.screening is not None:
                assert result.screening.project is result.row.project
    assert seen[0] == seen[1] == seen[2]


def test_rows_stream(edition: Edition) -> None:
    taken = 0

    def endless() -> Iterator[Row]:
        nonlocal taken
        while True:
            taken += 1
            yield some_rows(1)[0]

    results = batch.screen_rows(endless(), edition, AS_OF)
    for _ in range(3):
        next(results)
    assert taken <= batch._CHUNK


def test_a_bug_over_one_project_costs_that_project_only(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = screening.screen_many

    def broken(projects: Sequence[Project], *args: Any, **kw: Any) -> Iterator[Any]:
        if any(p.name == "2" for p in projects):
            raise ZeroDivisionError
        return real(projects, *args, **kw)

    monkeypatch.setattr(batch, "screen_many", broken)
    results = list(batch.screen_rows(some_rows(4), edition, AS_OF))
    assert [r.screening is not None for r in results] == [True, True, False, True]
    assert results[2].error is not None and results[2].error.code == "BUG"


def test_an_edition_out_of_force_concerns_every_row(edition: Edition) -> None:
    with pytest.raises(EditionNotInForce):
        next(batch.screen_rows(some_rows(1), edition, date(2020, 1, 1)))


def test_the_tally_adds_up(edition: Edition) -> None:
    tally = Tally()
    for result in batch.screen_rows(some_rows(5, bad=frozenset((1,))), edition, AS_OF):
        tally.add(result)
    assert (tally.total, tally.done, tally.failed) == (5, 4, 1)
    assert sum(n for _, n in tally.verdicts()) == 4
    assert [o for o, _ in tally.verdicts()] == sorted((o for o, _ in tally.verdicts()), reverse=True)


# --- results ----------------------------------------------------------------------------------------------


def results_of(edition: Edition) -> list[Result]:
    return list(batch.screen_rows(some_rows(4, bad=frozenset((1,))), edition, AS_OF))


def write(path: Path, style: str, edition: Edition, results: Sequence[Result]) -> None:
    with batch.writer(path, style, edition, AS_OF) as out:
        for result in results:
            out(result)


@pytest.mark.parametrize("style", ["csv", "jsonl"])
def test_a_file_is_the_same_for_any_number_of_processes(edition: Edition, tmp_path: Path, style: str) -> None:
    rows = some_rows(40, bad=frozenset((0, 7, 8, 39)))
    outside = project_from_mapping({"name": "outside", "parts": [{"point": [113.3, 23.1]}]})
    rows[20] = Row(number=20, id="", name="outside", project=outside, error=None)
    written = []
    for workers in (0, 1, 2, 3):
        path = tmp_path / f"{workers}.{style}"
        tally = Tally()
        made: Iterable[Any] = (
            batch.screen_lines(rows, edition, AS_OF, style, workers=workers)
            if workers
            else batch.screen_rows(rows, edition, AS_OF)
        )
        with batch.writer(path, style, edition, AS_OF) as write_one:
            for one in made:
                write_one(one)
                tally.add(one)
        assert (tally.total, tally.failed) == (40, 5)
        written.append(path.read_bytes())
    assert len(set(written)) == 1


def test_a_bug_in_a_process_costs_that_project_only(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(part: Any, *placed: Any) -> Any:
        if part.geometry.x > 100.0155 and part.geometry.x < 100.0165:
            raise ZeroDivisionError
        return original(part, *placed)

    original = running._part_report
    monkeypatch.setattr(running, "_part_report", broken)
    lines = list(batch.screen_lines(some_rows(30), edition, AS_OF, "csv", workers=2))
    assert [line.row for line in lines] == list(range(30))
    assert [line.row for line in lines if line.outcome is None] == [6]
    assert lines[6].fields is not None and lines[6].fields["error_code"] == "BUG"


def test_a_table_that_breaks_off_is_answered_so_far(edition: Edition) -> None:
    def source() -> Iterator[Row]:
        yield from some_rows(5)
        raise OSError("the disk is gone")

    lines: list[Any] = []
    with pytest.raises(OSError, match="disk"):
        lines.extend(batch.screen_lines(source(), edition, AS_OF, "csv", workers=2))
    assert [line.row for line in lines] == list(range(5))


def test_a_flat_row_says_what_the_record_says(edition: Edition) -> None:
    first, bad, *_ = results_of(edition)
    row = batch.flat(first, edition, AS_OF)
    result = first.screening
    assert isinstance(result, Screening)
    assert tuple(row) == batch.FIELDS
    assert row["verdict"] == result.verdict.name
    assert {o.name: row[o.name.lower()] for o in Outcome} == {o.name: result.counts[o] for o in Outcome}
    assert row["units"] == "ZH63990110001" and row["counties"] == "639901"
    deciding = {f.clause for f in result.findings if f.outcome is result.verdict}
    assert set(row["deciding_clauses"].split(";")) == deciding
    assert row["asks"].split(";") == [a.fact for a in result.asks]
    assert row["edition_digest"] == edition.info.digest and row["synthetic"]
    row = batch.flat(bad, edition, AS_OF)
    assert (
        row["error_code"] == "TABLE_INVALID"
        and row["error_zh"]
        and row["error_en"]
        and row["verdict"] is None
    )


def test_the_formats_hold_the_same(tmp_path: Path, edition: Edition) -> None:
    from pyarrow import parquet

    results = results_of(edition)
    for style in ("csv", "jsonl", "parquet"):
        write(tmp_path / f"r.{style}", style, edition, results)
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig"))))
    records = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text("utf-8").splitlines()]
    columns = parquet.read_table(tmp_path / "r.parquet").to_pylist()
    assert len(table) == len(records) == len(columns) == 4
    for one, other in zip(table, columns, strict=True):
        assert one == {k: "" if v is None else str(v) for k, v in other.items()}
    assert [r.get("screening", {}).get("verdict") for r in records] == [c["verdict"] for c in columns]
    assert records[1]["error"]["code"] == "TABLE_INVALID"
    for record, result in zip(records, results, strict=True):
        if result.screening is not None:
            assert record["screening"] == screening.record(result.screening)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "@SUM(A1)", "+1+1", "-1-1", "\tx"])
def test_a_spreadsheet_does_not_run_what_a_table_brings(tmp_path: Path, edition: Edition, name: str) -> None:
    (row,) = some_rows(1, bad=frozenset((0,)))
    named = Row(number=1, id="-5", name=name, project=None, error=row.error)
    write(tmp_path / "r.csv", "csv", edition, [Result(row=named, screening=None, error=row.error)])
    (found,) = csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig")))
    assert found["name"] == f"'{name}"
    assert found["id"] == "-5"


@pytest.mark.parametrize("style", ["csv", "jsonl", "parquet"])
def test_a_full_disk_leaves_no_half_file(
    tmp_path: Path, edition: Edition, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.out"
    path.write_text("old")
    (result,) = results_of(edition)[:1]

    def broken(*_: object) -> dict[str, Any]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch, "to_json" if style == "jsonl" else "flat", broken)
    with pytest.raises(OutputFailed):
        write(path, style, edition, [result])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# --- the command -------------------------------------------------------------------------------------------


@pytest.fixture
def command(
    edition_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str, str]:
        status = main(["batch", *args, "--edition", str(edition_file)])
        return (status, *capsys.readouterr())

    return run


def test_a_batch_ends_with_0_when_some_rows_failed(command: Callable[..., Any], tmp_path: Path) -> None:
    write_csv(tmp_path / "p.csv", [HEADER, GOOD, (*GOOD[:4], "110", "36", "", ""), ALSO_GOOD])
    status, out, err = command("p.csv", "--out", "r.csv", "--as-of", "2026-09-01")
    assert (status, out) == (0, "")
    assert "共 3 个项目：2 个已研判，1 个未能研判" in err and "备注" in err
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig"))))
    assert [r["error_code"] for r in rows] == ["", "PLACE_OUTSIDE", ""]
    assert not re.search(r"\x1b", err)


def test_a_batch_ends_with_10_when_none_could_be_screened(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    write_csv(tmp_path / "p.csv", [HEADER, (*GOOD[:4], "110", "36", "", "")])
    status, _, err = command("p.csv", "--out", "r.csv", "--as-of", "2026-09-01")
    assert status == 10 and "没有一个项目可以研判" in err
    assert len((tmp_path / "r.csv").read_text("utf-8-sig").splitlines()) == 2


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["p.csv", "--out", "r.csv", "--as-of", "2020-01-01"], 20),
        (["p.csv", "--out", "no/r.csv", "--as-of", "2026-09-01"], 10),
        (["nope.csv", "--out", "r.csv", "--as-of", "2026-09-01"], 10),
        (["p.csv", "--out", "r.csv", "--format", "xml"], 2),
        (["p.csv"], 2),
    ],
)
def test_a_batch_that_cannot_run_writes_nothing(
    command: Callable[..., Any], tmp_path: Path, args: list[str], status: int
) -> None:
    write_csv(tmp_path / "p.csv", [HEADER, GOOD])
    assert command(*args)[0] == status
    assert [p.name for p in tmp_path.iterdir()] == ["p.csv"]


def test_a_batch_answers_as_screen_does(
    command: Callable[..., Any], edition_file: Path, tmp_path: Path, capsys: Any
) -> None:
    write_csv(tmp_path / "p.csv", [HEADER[:7], GOOD[:7]])
    assert command("p.csv", "--out", "r.jsonl", "--as-of", "2026-09-01")[0] == 0
    made = json.loads((tmp_path / "r.jsonl").read_text("utf-8"))["screening"]
    main(["screen", "--point", "100.05,36.15", "--nature", "新建", "--industry", "C2614", "--fact", "boiler_tph=10",
          "--edition", str(edition_file), "--as-of", "2026-09-01", "--format", "json"])  # fmt: skip
    one = json.loads(capsys.readouterr().out)
    assert made["findings"] == one["findings"] and made["verdict"] == one["verdict"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path, edition_file: Path) -> None:
    peaks = []
    for count in (300, 1500):
        write_csv(tmp_path / "p.csv", [HEADER, *([GOOD] * count)])
        code = (
            "import resource, sys; from sanxian.cli import main; main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        args = ["batch", "p.csv", "--out", "r.csv", "--as-of", "2026-09-01", "--edition", str(edition_file)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        ran = subprocess.run(
            [sys.executable, "-c", code, *args], cwd=tmp_path, env=environ, capture_output=True, check=True
        )
        peaks.append(int(ran.stdout))
    assert peaks[1] < peaks[0] + 20_000  # kilobytes

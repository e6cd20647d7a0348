"""Corner tables as surveyors write them: read right, or refused with the way out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from footprint_files import corner_rows, dms, project, random_polygon, true_area, xlsx, zone_of
from sanxian import geometry
from sanxian.errors import (
    ConflictingCRS,
    DatumShiftNeeded,
    FootprintCoordinate,
    FootprintShape,
    FootprintTable,
    InputError,
    MissingCRS,
    SwappedAxes,
)
from sanxian.geometry.corners import parse_number


def area(footprint: geometry.Footprint) -> float:
    return sum(geometry.measure(part.geometry)[0] for part in footprint.parts)


def codes(footprint: geometry.Footprint) -> set[str]:
    return {n.code for n in footprint.notices}


def full_width(text: str) -> str:
    return text.translate(str.maketrans("0123456789.,", "０１２３４５６７８９．，"))


def plot(seed: int) -> tuple[shapely.Polygon, float]:
    rng = np.random.default_rng(seed)
    lon = float(rng.uniform(75, 133))
    return random_polygon(rng, hole=True, lon=lon, lat=float(rng.uniform(20, 50))), lon


SPELLINGS: dict[str, Callable[[float], Any]] = {
    "number": lambda v: v,
    "text": lambda v: f"{v:.4f}",
    "full width": lambda v: full_width(f"{v:.4f}"),
    "thousands": lambda v: f"{v:,.4f}",
    "unit": lambda v: f"{v:.4f} m",
}
HEADERS = [
    ("圈号", "点号", "X坐标(m)", "Y坐标(m)"),
    ("环号", "序号", "纵坐标X", "横坐标Y"),
    ("ring", "point", "X", "Y"),
    ("圈号", "界址点号", "北坐标（米）", "东坐标（米）"),
    ("Ring", "No.", "Northing", "Easting"),
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda h: h[2])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_prefixed_table_needs_nothing_else(tmp_path: Path, header: Sequence[str], spelling: str) -> None:
    shape, lon = plot(len(header[2]) + len(spelling))
    code = 4513 + zone_of(lon) - 25
    write = SPELLINGS[spelling]
    rows = [(r, label, write(n), write(e)) for r, label, n, e in corner_rows(shape, code)]
    titled = [("某项目用地范围拐点坐标表",), (), header, *rows, (), ("备注：坐标系见说明", None, None, None)]
    footprint = geometry.read_footprint(xlsx(tmp_path / "a.xlsx", titled, merges=["A1:D1"]))
    (part,) = footprint.parts
    assert part.crs_in == f"EPSG:{code}" and part.role == "用地范围"
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)
    assert "CRS_FROM_ZONE_PREFIX" in codes(footprint)


@pytest.mark.parametrize("zone", [*range(13, 24), *range(25, 46)])
def test_every_zone_prefix_is_known(zone: int) -> None:
    code = 4491 + zone - 13 if zone < 24 else 4513 + zone - 25
    lon = 6 * zone - 3 if zone < 24 else 3 * zone
    shape = random_polygon(np.random.default_rng(zone), lon=lon + 0.3, lat=35)
    rows = [("圈号", "点号", "X", "Y"), *corner_rows(shape, code)]
    footprint = geometry.footprint_from_corners(rows)
    assert footprint.parts[0].crs_in == f"EPSG:{code}"
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_without_prefix_the_user_has_to_say(seed: int) -> None:
    shape, lon = plot(seed)
    code = 4534 + zone_of(lon) - 25
    rows = [("圈号", "点号", "X", "Y"), *corner_rows(shape, code)]
    region = geometry.Region(code="1", name="本县", outline=shape.buffer(0.2))
    with pytest.raises(MissingCRS, match=f"--crs EPSG:{code}"):
        geometry.footprint_from_corners(rows, region=region)
    assert area(geometry.footprint_from_corners(rows, crs=f"EPSG:{code}")) == pytest.approx(
        true_area(shape), rel=1e-6
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("gis_order", [True, False], ids=["x east", "x north"])
def test_csv_in_any_encoding_and_separator(
    tmp_path: Path, encoding: str, delimiter: str, gis_order: bool
) -> None:
    shape, lon = plot(3)
    code = 4513 + zone_of(lon) - 25
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["某厂区", "拐点坐标"])
    writer.writerow(["圈号", "点号", "X", "Y"])
    writer.writerows(
        (r, label, e, n) if gis_order else (r, label, n, e) for r, label, n, e in corner_rows(shape, code)
    )
    (tmp_path / "a.csv").write_bytes(text.getvalue().encode(encoding))
    footprint = geometry.read_footprint(tmp_path / "a.csv")
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)
    assert ("FOOTPRINT_AXES" in codes(footprint)) is not gis_order


DMS_STYLES = [
    "{d}°{m}'{s}\"",
    "{d}°{m}′{s}″",
    "{d}度{m}分{s}秒",
    "{d}-{m}-{s}",
    "{d}:{m}:{s}",
    "{d} {m} {s}",
    "{d}°{m}’{s}”",
]


@pytest.mark.parametrize("style", DMS_STYLES)
@pytest.mark.parametrize("marks", [("", ""), ("E", "N"), ("东经", "北纬")])
def test_degrees_minutes_seconds(style: str, marks: tuple[str, str]) -> None:
    shape = random_polygon(np.random.default_rng(9), lon=101.7, lat=36.6)
    rows: list[Sequence[Any]] = [("点号", "经度", "纬度")]
    for n, (lon, lat) in enumerate(shape.exterior.coords, 1):
        x, y = dms(lon, style), dms(lat, style)
        rows.append(
            (
                f"J{n}",
                x + marks[0] if len(marks[0]) == 1 else marks[0] + x,
                y + marks[1] if len(marks[1]) == 1 else marks[1] + y,
            )
        )
    footprint = geometry.footprint_from_corners(rows, crs="CGCS2000")
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)
    with pytest.raises(MissingCRS, match="EPSG:4490"):
        geometry.footprint_from_corners(rows)


def test_degrees_minutes_seconds_in_columns_of_their_own(tmp_path: Path) -> None:
    shape = random_polygon(np.random.default_rng(10), lon=101.7, lat=36.6)
    rows: list[Sequence[Any]] = [
        ("某矿区拐点坐标（CGCS2000）",),
        ("点号", "经度", None, None, "纬度", None, None),
        (None, "度", "分", "秒", "度", "分", "秒"),
    ]
    for n, (lon, lat) in enumerate(shape.exterior.coords[:-1], 1):
        parts = [float(v) for value in (lon, lat) for v in dms(value, "{d} {m} {s}").split()]
        rows.append((n, *parts))
    footprint = geometry.read_footprint(xlsx(tmp_path / "a.xlsx", rows, merges=["A2:A3", "B2:D2", "E2:G2"]))
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)
    assert footprint.parts[0].crs_in == "EPSG:4490"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("101.7", 101.7),
        (" ３３４２７５５８．８２ ", 33427558.82),
        ("33,427,558.82", 33427558.82),
        ("1e3", 1000.0),
        ("-5", -5.0),
        ("101°30'", 101.5),
        ("101.5°", 101.5),
        ("W 10°30'0\"", -10.5),
        ("101°60'0\"", None),
        ("101°10'60\"", None),
        ("12,34", None),
        ("", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        ("abc", None),
        ("1.2.3", None),
    ],
)
def test_a_cell_is_a_number_or_nothing(cell: Any, number: float | None) -> None:
    parsed = parse_number(cell)
    assert parsed == (None if number is None else pytest.approx(number))


# --- structure -------------------------------------------------------------------------------


def lonlat_rows(shape: shapely.Polygon, *, closed: bool = True, label: str = "{n}") -> list[tuple[Any, ...]]:
    coords = list(shape.exterior.coords)
    return [(label.format(n=n), x, y) for n, (x, y) in enumerate(coords if closed else coords[:-1], 1)]


BOX = shapely.box(101.7, 36.6, 101.72, 36.62)
LAKE = shapely.box(101.705, 36.605, 101.715, 36.615)
ISLAND = shapely.box(101.708, 36.608, 101.712, 36.612)
FAR = shapely.box(101.8, 36.6, 101.82, 36.62)


def test_rings_in_rings_are_holes_and_islands_and_others_are_plots() -> None:
    rows: list[Sequence[Any]] = [("圈号", "点号", "经度", "纬度")]
    for ring, shape in enumerate((BOX, LAKE, ISLAND, FAR), 1):
        rows += [(ring, *row) for row in lonlat_rows(shape, closed=ring % 2 == 0)]
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490")
    expected = true_area(BOX) - true_area(LAKE) + true_area(ISLAND) + true_area(FAR)
    assert len(footprint.parts) == 1
    assert area(footprint) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("mark", ["gap", "restart", "closure", "merged ring", "plot"])
def test_rings_may_be_told_apart_in_other_ways(mark: str) -> None:
    first, second = (
        lonlat_rows(BOX, closed=mark != "restart", label="J{n}"),
        lonlat_rows(FAR, closed=mark != "restart", label="J{n}"),
    )
    header: tuple[Any, ...] = ("点号", "经度", "纬度")
    match mark:
        case "gap":
            rows = [header, *first, (), *second]
        case "closure":
            rows = [header, *first, *((f"J{n}", *row[1:]) for n, row in enumerate(second, 50))]
        case "restart":
            rows = [("拐点坐标",), header, *first, *second]
        case _:
            title = "地块号" if mark == "plot" else "圈号"
            rows = [(title, *header)]
            for name, ring in (("一", first), ("二", second)):
                rows += [(name if n == 0 else None, *row) for n, row in enumerate(ring)]
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490")
    assert area(footprint) == pytest.approx(true_area(BOX) + true_area(FAR), rel=1e-6)


@pytest.mark.parametrize("between", [(), ("点号", "经度", "纬度"), ("续表",)])
def test_a_new_page_does_not_end_a_ring(between: tuple[Any, ...]) -> None:
    shape = random_polygon(np.random.default_rng(3), lon=101.7, lat=36.6)
    points = lonlat_rows(shape, label="J{n}")
    rows = [("点号", "经度", "纬度"), *points[:4], between, *points[4:]]
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490")
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)
    numbered = [
        ("圈号", "经度", "纬度"),
        *((1, x, y) for _, x, y in points[:4]),
        (),
        *((1, x, y) for _, x, y in points[4:]),
    ]
    footprint = geometry.footprint_from_corners(numbered, crs="EPSG:4490")
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)


@pytest.mark.parametrize("down", [True, False], ids=["down", "across"])
def test_lists_side_by_side_are_one_list(down: bool) -> None:
    shape = random_polygon(np.random.default_rng(11), lon=101.7, lat=36.6)
    points: list[tuple[Any, ...]] = [
        (f"J{n}", x, y) for n, (x, y) in enumerate(shape.exterior.coords[:-1], 1)
    ]
    half = (len(points) + 1) // 2
    pairs = [(points[n], points[n + half] if n + half < len(points) else (None,) * 3) for n in range(half)]
    if not down:
        points += [(None,) * 3] * (len(points) % 2)
        pairs = [(points[n], points[n + 1]) for n in range(0, len(points), 2)]
    rows = [("拐点坐标表",), ("点号", "经度", "纬度") * 2, *(a + b for a, b in pairs)]
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490")
    assert area(footprint) == pytest.approx(true_area(shape), rel=1e-6)


def test_a_role_column_makes_parts() -> None:
    rows: list[tuple[Any, ...]] = [("组成", "点号", "经度", "纬度")]
    rows += [("厂区", *row) for row in lonlat_rows(BOX)]
    rows += [("排污口", "P1", 101.7, 36.6)]
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490")
    assert [(p.role, p.geometry.geom_type) for p in footprint.parts] == [
        ("厂区", "Polygon"),
        ("排污口", "Point"),
    ]


OPEN = lonlat_rows(shapely.box(101.7, 36.6, 101.8, 36.7), closed=False)


@pytest.mark.parametrize(
    ("rows", "role", "kind"),
    [
        ([("名称", "经度", "纬度"), ("排污口1", 101.7, 36.6), ("排污口2", 101.8, 36.6)], None, "Point"),
        (
            [
                ("name", "lon", "lat"),
                ("north well", 101.7, 36.6),
                ("south well", 101.8, 36.6),
                ("hut", 101.8, 36.7),
            ],
            None,
            "Point",
        ),
        ([("序号", "经度", "纬度"), *OPEN], "排污口", "Point"),
        ([("序号", "经度", "纬度"), ("1", 101.7, 36.6)], None, "Point"),
        ([("序号", "经度", "纬度"), *OPEN], "管线", "LineString"),
        ([("输水管线走向",), ("序号", "经度", "纬度"), *OPEN], None, "LineString"),
        ([("序号", "经度", "纬度"), *OPEN], "厂区", "Polygon"),
        ([("点号", "经度", "纬度"), *((f"J{n}", x, y) for n, x, y in OPEN)], None, "Polygon"),
        ([("矿区范围",), ("序号", "经度", "纬度"), *OPEN], None, "Polygon"),
        ([("序号", "经度", "纬度"), *OPEN, OPEN[0]], None, "Polygon"),
    ],
)
def test_points_line_or_area_by_evidence(rows: list[tuple[Any, ...]], role: str | None, kind: str) -> None:
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490", role=role)
    assert {p.geometry.geom_type for p in footprint.parts} == {kind}


def test_a_line_that_closes_is_not_taken_for_an_area() -> None:
    rows = [("序号", "经度", "纬度"), *OPEN, OPEN[0]]
    with pytest.raises(FootprintShape):
        geometry.footprint_from_corners(rows, crs="EPSG:4490", role="环状管线")
    footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490", role="环状管线", shape="line")
    assert footprint.parts[0].geometry.geom_type == "LineString"


@pytest.mark.parametrize("rows", [[("序号", "经度", "纬度"), *OPEN], [("序号", "经度", "纬度"), *OPEN[:2]]])
def test_what_could_be_points_or_a_line_or_an_area_is_refused(rows: list[tuple[Any, ...]]) -> None:
    with pytest.raises(FootprintShape, match="shape"):
        geometry.footprint_from_corners(rows, crs="EPSG:4490")
    for shape, kind in (("point", "Point"), ("line", "LineString")):
        footprint = geometry.footprint_from_corners(rows, crs="EPSG:4490", shape=shape)  # type: ignore[arg-type]
        assert {p.geometry.geom_type for p in footprint.parts} == {kind}


def test_pasted_text_without_a_header() -> None:
    text = "\n".join(f"{x} {y}" for x, y in BOX.exterior.coords)
    assert area(geometry.footprint_from_corners(text, crs="EPSG:4490")) == pytest.approx(
        true_area(BOX), rel=1e-6
    )
    text = "\n".join(f"J{n},{y},{x}" for n, (x, y) in enumerate(BOX.exterior.coords, 1))
    assert area(geometry.footprint_from_corners(text, crs="EPSG:4490")) == pytest.approx(
        true_area(BOX), rel=1e-6
    )


def test_several_sheets_are_layers(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "说明"
    first.append(["本表坐标为 CGCS2000"])
    for name, shape in (("一期", BOX), ("二期", FAR)):
        sheet = book.create_sheet(name)
        for row in [("点号", "经度", "纬度"), *lonlat_rows(shape)]:
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    footprint = geometry.read_footprint(tmp_path / "a.xlsx", crs="EPSG:4490")
    assert [p.role for p in footprint.parts] == ["一期", "二期"]
    assert "FOOTPRINT_SHEETS_IGNORED" in codes(footprint)


# --- what is refused -------------------------------------------------------------------------


def table(*rows: tuple[Any, ...], title: str = "") -> list[tuple[Any, ...]]:
    return [(title,), ("圈号", "点号", "X", "Y"), *rows]


SITE = corner_rows(shapely.box(99.1, 36.5, 99.11, 36.51), 4521)


@pytest.mark.parametrize(
    ("rows", "error", "says"),
    [
        ([("a", "b"), (1, 2)], FootprintTable, "表头"),
        (table(), FootprintTable, "没有坐标"),
        (table(*SITE, (1, "J9", 4_000_000.0, None)), FootprintCoordinate, "第 8 行"),
        (table(*SITE, (1, "J9", 4_000_000.0, "约33百万")), FootprintCoordinate, "约33百万"),
        (table((1, "J1", 500_000.0, 600_000.0), (1, "J2", 500_000.0, 600_100.0)), FootprintTable, "北坐标"),
        (table(*SITE[:2], (1, "J3", 4_041_000.0, 34_500_000.0)), FootprintTable, "33, 34"),
        (table((1, "J1", 4_041_000.0, 24_500_000.0)), FootprintTable, "24"),
        (table(*SITE, title="中央经线102°"), FootprintTable, "中央经线"),
        (table(*SITE, title="1980西安坐标系"), DatumShiftNeeded, "EPSG:2357"),
        (table(*SITE, title="1954年北京坐标系，3度带"), DatumShiftNeeded, "EPSG:2409"),
        (table(*SITE, (2, "J1", *SITE[0][2:]), (2, "J2", *SITE[1][2:])), FootprintTable, "2 个点"),
        (
            [("点号", "经度", "纬度"), ("J1", 36.6, 101.7), ("J2", 36.7, 101.7), ("J3", 36.7, 101.8)],
            SwappedAxes,
            "@yx",
        ),
    ],
)
def test_a_table_that_cannot_be_read_one_way_is_refused(
    rows: list[tuple[Any, ...]], error: type[InputError], says: str
) -> None:
    crs = "EPSG:4490" if error is SwappedAxes else None
    with pytest.raises(error, match=says):
        geometry.footprint_from_corners(rows, crs=crs)


def test_a_prefix_fixes_the_zone_and_the_user_may_add_the_datum() -> None:
    with pytest.raises(ConflictingCRS):
        geometry.footprint_from_corners(table(*SITE), crs="EPSG:4522")
    with pytest.raises(DatumShiftNeeded):
        geometry.footprint_from_corners(table(*SITE), crs="EPSG:2357")
    datum = geometry.DatumShift(dx_m=1.0, dy_m=2.0, dz_m=3.0)
    footprint = geometry.footprint_from_corners(table(*SITE), crs="EPSG:2357", datum=datum)
    assert footprint.parts[0].geometry.distance(shapely.Point(99.1, 36.5)) < 1e-4


def test_a_workbook_with_entities_or_a_million_rows_is_refused(tmp_path: Path) -> None:
    import zipfile

    xlsx(tmp_path / "a.xlsx", table(*SITE))
    with (
        zipfile.ZipFile(tmp_path / "a.xlsx") as old,
        zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
            new.writestr(name, data)
    with pytest.raises(InputError) as caught:
        geometry.read_footprint(tmp_path / "b.xlsx")
    assert caught.value.code == "FOOTPRINT_UNSAFE"
    (tmp_path / "c.csv").write_text("lon,lat\n" + "101.7,36.6\n" * 100_001)
    with pytest.raises(InputError) as caught:
        geometry.read_footprint(tmp_path / "c.csv")
    assert caught.value.code == "FOOTPRINT_TOO_LARGE"


def test_projected_shape_of_a_table_is_where_it_was(tmp_path: Path) -> None:
    shape = random_polygon(np.random.default_rng(12), lon=99.1, lat=36.5)
    footprint = geometry.read_footprint(xlsx(tmp_path / "a.xlsx", table(*corner_rows(shape, 4521))))
    here = project(footprint.parts[0].geometry, 4521)
    assert shapely.hausdorff_distance(here, project(shape, 4521)) < 1e-2

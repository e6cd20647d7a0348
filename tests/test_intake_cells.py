"""Cells of ledgers: every form that can be read is, and what can be read in two ways is not."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger_files import KNOWN, PLACES
from sanxian import data
from sanxian.registry import intake_cells as cells
from sanxian.registry import intake_spots as spots
from sanxian.registry.intake_cells import Places
from sanxian.registry.intake_files import EXCEL_EPOCH

PLACE = Places(PLACES)
FULL = str.maketrans("0123456789", "０１２３４５６７８９")
FORMS = (
    "{y}-{m:02d}-{d:02d}", "{y}-{m}-{d}", "{y}.{m}.{d}", "{y}/{m}/{d}", "{y}年{m}月{d}日", "{y}{m:02d}{d:02d}",
    "{y}年{m:02d}月{d:02d}", "{y}.{m:02d}.{d:02d} 09:30", " {y}. {m}. {d} ", "{y}-{m}-{d}T08:00:00",
)  # fmt: skip


def codes(read: cells.Read) -> set[str]:
    return {one.code for one in read.notes}


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.sampled_from(FORMS), st.booleans())
def test_a_day_is_read_back_from_every_form_of_it(day: date, form: str, wide: bool) -> None:
    text = form.format(y=day.year, m=day.month, d=day.day)
    assert cells.day(text.translate(FULL) if wide else text, epoch=EXCEL_EPOCH).value == day
    assert cells.day(datetime(day.year, day.month, day.day, 9), epoch=EXCEL_EPOCH).value == day  # noqa: DTZ001
    serial = (day - EXCEL_EPOCH.date()).days
    for number in (serial, str(serial), float(serial)):
        read = cells.day(number, epoch=EXCEL_EPOCH)
        assert (read.value, codes(read)) == (day, {"LEDGER_DATE_SERIAL"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026年2月30日", "LEDGER_DATE_IMPOSSIBLE"), ("20261301", "LEDGER_DATE_IMPOSSIBLE"), ("2026年3月", "LEDGER_DATE_MONTH"),
        ("2026", "LEDGER_DATE_MONTH"), ("见附件", "LEDGER_DATE_UNREAD"), ("25.3.5", "LEDGER_DATE_UNREAD"),
        ("3/5/2025", "LEDGER_DATE_UNREAD"), ("2025.3.5-3.12", "LEDGER_DATE_UNREAD"), ("1899-01-01", "LEDGER_DATE_IMPOSSIBLE"),
    ],
)  # fmt: skip
def test_what_names_no_day_for_certain_is_not_used(text: str, code: str) -> None:
    read = cells.day(text, epoch=EXCEL_EPOCH)
    assert (read.value, codes(read)) == (None, {code})
    assert all(one.zh and one.en and one.zh != one.en for one in read.notes)


def test_a_date_in_chinese_numerals_is_read() -> None:
    assert cells.day("二〇二五年十二月二十一日", epoch=EXCEL_EPOCH).value == date(2025, 12, 21)
    assert cells.day("二○二六年三月十日", epoch=EXCEL_EPOCH).value == date(2026, 3, 10)


@given(st.sampled_from([row for row in data.industries().values() if row.level != "section"]))
def test_every_industry_is_read_by_code_with_or_without_letter_and_name(row: data.Industry) -> None:
    for text in (row.code, f"{row.section}{row.code}", f"{row.code} {row.name}", f"{row.name}（{row.code}）"):
        assert cells.industries(text).value == (row.code,), text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("二十三、化学原料和化学制品制造业26；44 基础化学原料制造261", ("261",)),
        ("水泥制造", ("3011",)), ("C2614有机化学原料制造、D4411 火力发电", ("2614", "4411")), ("有机化学原料制造", ("2614",)),
        ("C", ()), ("不知道什么行业", ()), ("9999", ()), ("四十七、生态保护和环境治理业 103 一般工业固体废物", ()),
    ],
)  # fmt: skip
def test_industries_in_words_of_ledgers(text: str, found: tuple[str, ...]) -> None:
    read = cells.industries(text)
    assert read.value == found
    assert found or read.notes, "what is not used is said"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("环境影响报告书", "report"), ("报告表（污染影响类）", "form"), ("登记表", "registration"), ("豁免管理", "exempt"),
        ("免于办理登记表", "exempt"), ("表", "form"), ("报告书/报告表", ""), ("其他", ""), ("", ""),
    ],
)  # fmt: skip
def test_eia_classes(text: str, value: str) -> None:
    assert cells.eia_class(text).value == value


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("生态环境部", "national"), ("示例省生态环境厅", "province"), ("示例市生态环境局", "city"),
        ("示例市生态环境局甲县分局", "county"), ("甲县生态环境局", "county"), ("某某州生态环境局", "city"),
        ("某县行政审批局", "county"), ("某市行政审批局", "city"), ("管委会", ""),
    ],
)  # fmt: skip
def test_the_level_of_an_authority_follows_from_its_name(text: str, level: str) -> None:
    assert cells.authority_level(text, PLACE).value == level


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["甲县"], "639901"), (["示例省示例市甲县某镇"], "639901"), (["乙县"], "639902"), (["639902"], "639902"), (["639901001"], "639901"),
        (["示例市"], "6399"), (["示例市", "乙回族自治县"], "639902"), (["639911"], "639901"), (["某地"], ""), (["/"], ""),
    ],
)  # fmt: skip
def test_regions_by_code_name_and_old_code(given: list[str], code: str) -> None:
    read = cells.region(given, PLACE, moved=KNOWN.moved)
    assert read.value == code


def test_a_name_of_two_regions_is_not_used_unless_what_is_above_decides() -> None:
    places = Places({"6301": "西宁市", "630102": "城东区", "6205": "天水市", "620502": "城东区"})
    assert cells.region(["城东区"], places, moved={}).value == ""
    assert codes(cells.region(["城东区"], places, moved={})) == {"LEDGER_REGION_SEVERAL"}
    assert cells.region(["西宁市城东区"], places, moved={}).value == "630102"
    assert cells.region(["天水市", "城东区"], places, moved={}).value == "620502"


def dms(value: float) -> str:
    seconds = round(value * 3600)
    return f"{seconds // 3600}°{seconds // 60 % 60}′{seconds % 60}″"


@given(st.integers(73 * 3600 + 1, 135 * 3600), st.integers(4 * 3600, 53 * 3600))
def test_a_point_is_read_from_every_notation(lon_s: int, lat_s: int) -> None:
    lon, lat = lon_s / 3600, lat_s / 3600
    texts = (
        f"{lon!r},{lat!r}", f"E{lon!r}°，N{lat!r}°", f"东经{dms(lon)}，北纬{dms(lat)}", f"{dms(lon)} {dms(lat)}",
        f"{dms(lon)}E {dms(lat)}N", f"北纬{dms(lat)} 东经{dms(lon)}", f"经度：{lon!r}；纬度：{lat!r}",
    )  # fmt: skip
    for text in texts:
        read = spots.spot(text)
        assert read.value is not None, text
        assert read.value.points[0] == pytest.approx((lon, lat), abs=1e-9), text
    for one, other in (
        (lon, lat),
        (dms(lon), dms(lat)),
        (f"E{lon!r}", f"N{lat!r}"),
        (str(lon).translate(FULL), lat),
    ):
        assert spots.pair(one, other).value.points[0] == pytest.approx((lon, lat), abs=1e-9)


def test_exchanged_axes_are_put_right_and_told() -> None:
    for read in (spots.pair(36.1, 100.2), spots.spot("36.1，100.2")):
        assert read.value.points == ((100.2, 36.1),)
        assert codes(read) == {"LEDGER_PLACE_SWAPPED"}


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("见附件", "", "LEDGER_PLACE_UNREAD"), ("", "", "LEDGER_PLACE_NONE"), (0, 0, "LEDGER_PLACE_NONE"), (10.0, 20.0, "LEDGER_PLACE_OUTSIDE"),
        (4000000.5, 500000.0, "LEDGER_PLACE_METRES"), (100.1, "", "LEDGER_PLACE_UNREAD"), (1e9, 1e9, "LEDGER_PLACE_METRES"),
    ],
)  # fmt: skip
def test_coordinates_that_cannot_be_used_say_why(first: Any, second: Any, code: str) -> None:
    read = spots.pair(first, second)
    assert (read.value, codes(read)) == (None, {code})


def test_metres_are_read_with_a_zone_or_a_stated_crs() -> None:
    zoned = spots.pair(34500000.5, 4000000.0)
    assert (zoned.value.points, zoned.value.crs) == (((34500000.5, 4000000.0),), "EPSG:4522")
    assert spots.pair(4000000.0, 34500000.5).value.points == ((34500000.5, 4000000.0),), (
        "the northing comes first"
    )
    assert spots.pair(4000000.0, 500000.0, crs="EPSG:4543").value.crs == "EPSG:4543"


def test_several_points_are_a_plot_only_where_something_says_so() -> None:
    corners = "拐点：1、100.01,36.01；2、100.02,36.01；3、100.02,36.02"
    assert spots.spot(corners).value.shape == "polygon"
    assert len(spots.spot(corners).value.points) == 3
    bare = "100.01,36.01；100.02,36.01；100.02,36.02"
    assert codes(spots.spot(bare)) == {"LEDGER_PLACE_SEVERAL"}
    assert spots.spot(bare, shape="polygon").value.shape == "polygon"
    assert len(spots.spot(bare, shape="points").value.points) == 3
    ends = spots.spot("起点：100.01,36.01，终点：100.2,36.1")
    assert len(ends.value.points) == 2
    assert codes(ends) == {"LEDGER_PLACE_ENDS"}


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans(), st.dates()))
@example("\x00")
@example("٣٦.١,١٠٠.٢")
def test_no_cell_breaks_a_reader(cell: Any) -> None:
    cells.day(cell, epoch=EXCEL_EPOCH)
    cells.industries(cell)
    cells.eia_class(cell)
    cells.status(cell)
    cells.region([cell], PLACE, moved={})
    cells.authority_level(cells.name(cell), PLACE)
    spots.spot(cell)
    spots.pair(cell, cell)

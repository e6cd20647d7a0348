"""The Excel workbook of a report: every table that names a sheet, no formula, the same bytes, the record inside."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import manuscripts
from office_files import readable, xml_of
from sanxian import output
from sanxian.errors import NotInstalled
from sanxian.model import SYNTHETIC, Outcome
from sanxian.report import tables, workbook
from sanxian.report.manuscript import Cell, Column, Manuscript, Table, plain, words_of

SIGNS = dict(zip(sorted(Outcome, reverse=True), "×？◇△√－", strict=True))
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def rich() -> Manuscript:
    return manuscripts.rich()


@pytest.fixture(scope="module")
def made(rich: Manuscript) -> bytes:
    return workbook.render(rich)


def grid(data: bytes) -> dict[str, list[list[Any]]]:
    """Every sheet as rows without empty cells at their ends, empty rows left out."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    found = {}
    for sheet in book.worksheets:
        rows = [
            [unescaped(value) for value in row if value is not None]
            for row in sheet.iter_rows(values_only=True)
        ]
        found[sheet.title] = [row for row in rows if row]
    return found


def unescaped(value: Any) -> Any:
    """A value as Excel shows it: openpyxl leaves the escapes of the file as they are."""
    return (
        value
        if not isinstance(value, str)
        else re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), value)
    )


def shown(cell: Cell) -> str:
    text = readable("\n".join(words_of(line) for line in cell.paragraphs))
    return text if cell.outcome is None else f"{SIGNS[cell.outcome]} {text}".rstrip()


def test_each_table_with_a_sheet_stands_on_it_and_no_other(rich: Manuscript, made: bytes) -> None:
    found = grid(made)
    assert list(found) == ["概要", "单元", "条款"]
    units, clauses = rich.tables
    for name, table in (("单元", units), ("条款", clauses)):
        note = words_of(table.note)
        assert found[name] == [
            [SYNTHETIC],
            [table.caption],
            [column.title for column in table.columns],
            *([shown(cell) for cell in row] for row in table.rows),
            *([[note]] if note else []),
        ]


def test_the_first_sheet_says_what_it_is_and_concludes(rich: Manuscript, made: bytes) -> None:
    rows = grid(made)["概要"]
    assert rows[:3] == [[SYNTHETIC], [rich.subject], [rich.title]]
    assert ["编号", "SX-2026-3F9A3F9A"] in rows
    assert ["结论", "× 不符合"] in rows
    assert any("在此选址不可行" in str(row[0]) for row in rows)
    assert rows[-6:] == [["× 不符合", 2], ["？ 待补充信息", 1], ["◇ 需人工研判", 0], ["△ 有条件符合", 5], ["√ 符合", 30], ["－ 不涉及", 22]]  # fmt: skip


def test_the_english_workbook_has_english_words() -> None:
    found = grid(workbook.render(manuscripts.rich("en")))
    assert next(iter(found)) == "Summary"
    assert ["Item", "Content"] in found["Summary"]
    assert ["Finding", "Number"] in found["Summary"]


def test_tables_that_share_a_sheet_stand_below_each_other() -> None:
    one = Table(
        "甲表",
        (Column("a", 0.5), Column("b", 0.5)),
        ((manuscripts.cell("1"), manuscripts.cell("2")),),
        sheet="同",
    )
    two = Table("乙表", (Column("c", 0.2), Column("d", 0.3), Column("e", 0.5)), (), plain("注"), "同")
    alone = replace(one, caption="丙表", sheet="别")
    none = replace(one, caption="丁表", sheet="")
    data = workbook.render(replace(manuscripts.rich(), mark="", blocks=(one, alone, none, two)))
    found = grid(data)
    assert list(found) == ["概要", "同", "别"]
    assert found["同"] == [["甲表"], ["a", "b"], ["1", "2"], ["乙表"], ["c", "d", "e"], ["注"]]
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert (book["别"].freeze_panes, book["别"].auto_filter.ref) == ("A3", "A2:B3")
    assert (book["同"].freeze_panes, book["同"].auto_filter.ref) == (None, None)
    assert book["同"].column_dimensions["A"].width == 75, "as wide as the widest table wants"


def test_a_single_table_has_its_head_on_every_page_and_the_mark_above(made: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made))
    sheet = book["条款"]
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.freeze_panes == "A4"
    for page in book.worksheets:
        assert printed(page.oddHeader) == SYNTHETIC
        assert printed(page.oddFooter) == "&P / &N"
        assert page.page_setup.orientation == "landscape"


def test_outcomes_are_marked_by_sign_word_and_ground(made: bytes, rich: Manuscript) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(made))["条款"]
    cell = sheet.cell(4, 5)
    assert cell.value == "－ 不涉及"
    grounds = {sheet.cell(row, 5).fill.fgColor.rgb for row in range(4, 10)}
    assert len(grounds) == 6
    assert sheet.cell(4, 4).fill.fill_type is None


TEXT = st.text(min_size=1, max_size=40) | st.sampled_from(
    (*manuscripts.ATTACKS, manuscripts.RARE, manuscripts.LONG, manuscripts.UNBROKEN, "=1+1", "+1", "-1", "@SUM(A1)",
     "\tx", "\r=1", "=cmd|' /C calc'!A0", "_x0041_", "&P&N", "'x", "[a]*?/\\:")
)  # fmt: skip


def printed(edge: Any) -> str | None:
    text: str | None = edge.center.text
    return text


def cells(data: bytes) -> list[Any]:
    """Every cell of every sheet as it stands in the XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as office:
        names = [name for name in office.namelist() if name.startswith("xl/worksheets/sheet")]
    return [cell for name in names for cell in xml_of(data, name).iter(f"{S}c")]


@settings(max_examples=25)
@given(st.lists(TEXT, min_size=1, max_size=3))
@example(["_x0041_", "\r", "=1+1"])
@example(["\x1b\ud800"])
def test_whatever_stands_in_a_cell_is_text_and_no_formula(texts: list[str]) -> None:
    report = manuscripts.holding(*texts)
    data = workbook.render(report)
    assert not [cell for cell in cells(data) if cell.find(f"{S}f") is not None]
    kinds = {cell.attrib.get("t") for cell in cells(data) if cell.find(f"{S}v") is not None}
    assert kinds <= {"s", "n", None}
    book = openpyxl.load_workbook(io.BytesIO(data))
    values = {unescaped(cell.value) for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
    assert {readable(text) for text in texts} <= values
    assert all(
        cell.data_type in ("s", "n") for sheet in book.worksheets for row in sheet.iter_rows() for cell in row
    )


def test_what_could_become_a_formula_stays_text_when_somebody_edits_it() -> None:
    report = manuscripts.holding("=1+1")
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.render(report)))["=1+1"]
    quoted = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert quoted
    assert all(cell.quotePrefix for cell in quoted)
    others = [cell for row in sheet.iter_rows() for cell in row if cell.value in ("b", "c", "1")]
    assert others
    assert not any(cell.quotePrefix for cell in others)


def test_a_text_longer_than_a_cell_shows_that_it_goes_on() -> None:
    table = Table("表", (Column("a", 1.0),), ((manuscripts.cell("长" * 40_000),),), sheet="表")
    value = grid(workbook.render(replace(manuscripts.rich(), mark="", blocks=(table,))))["表"][2][0]
    assert (len(value), value[-1]) == (32_767, "…")


def test_names_of_sheets_are_what_excel_allows_and_differ() -> None:
    names = ["a/b", "a:b", "超" * 60, "超" * 50, "'", "概要"]
    blocks = tuple(Table("表", (Column("a", 1.0),), (), sheet=name) for name in names)
    found = openpyxl.load_workbook(
        io.BytesIO(workbook.render(replace(manuscripts.rich(), blocks=blocks)))
    ).sheetnames
    assert len({name.lower() for name in found}) == len(names) + 1
    assert all(
        len(name) <= 31 and not set(name) & set("[]:*?/\\") and name == name.strip("'") for name in found
    )


def test_the_same_manuscript_gives_the_same_bytes_and_its_date(rich: Manuscript, made: bytes) -> None:
    assert workbook.render(manuscripts.rich()) == made
    with zipfile.ZipFile(io.BytesIO(made)) as office:
        assert {info.date_time for info in office.infolist()} == {(2026, 9, 1, 0, 0, 0)}
    properties = openpyxl.load_workbook(io.BytesIO(made)).properties
    assert (properties.creator, properties.lastModifiedBy) == ("sanxian", None)
    assert properties.title == f"{rich.title} {rich.subject}"
    assert f"{properties.created:%Y-%m-%d}" == f"{properties.modified:%Y-%m-%d}" == "2026-09-01"


def test_the_record_is_inside(rich: Manuscript, made: bytes) -> None:
    assert workbook.record_of(made) == rich.record
    assert workbook.record_of(workbook.render(replace(rich, record=b""))) is None


def test_three_thousand_clauses_stand_on_one_sheet() -> None:
    found = grid(workbook.render(manuscripts.long(3000)))["条款"]
    assert len(found) == 3000 + 4


def test_without_openpyxl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, rich: Manuscript) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(NotInstalled) as told:
        workbook.render(rich)
    assert "sanxian[excel]" in str(told.value)


def test_other_workbooks_look_as_before() -> None:
    """A table by itself: its notes, its head, a filter; number formats where the value is a number."""
    table = tables.Table(
        title="统计", header=("名称", "面积"), rows=(("甲", 12.5), ("乙", "—")), notes=(SYNTHETIC,), widths=(20, 12),
        formats={1: "#,##0.00"},
    )  # fmt: skip
    sheet = openpyxl.load_workbook(io.BytesIO(tables.as_workbook([table], date(2026, 9, 1)))).active
    assert sheet is not None
    assert [[c.value for c in row] for row in sheet.iter_rows()] == [
        [SYNTHETIC, None], ["名称", "面积"], ["甲", 12.5], ["乙", "—"],
    ]  # fmt: skip
    assert (sheet.cell(3, 2).number_format, sheet.cell(4, 2).number_format) == ("#,##0.00", "General")
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A3", "A2:B4", "$2:$2")
    assert printed(sheet.oddHeader) is None


def test_the_moment_is_taken_out_whatever_prefix_its_namespace_has() -> None:
    """Another library in the same process may have renamed the prefix openpyxl writes."""
    core = '<cp:coreProperties><{0}:created xsi:type="{0}:W3CDTF">{1}</{0}:created><{0}:modified>{1}</{0}:modified></cp:coreProperties>'
    for prefix in ("dcterms", "dct", "ns0"):
        made = output.dated(core.format(prefix, "2031-05-06T07:08:09Z").encode(), datetime(2026, 9, 1))  # noqa: DTZ001
        assert made == core.format(prefix, "2026-09-01T00:00:00Z").encode()

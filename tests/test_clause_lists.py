"""Access lists as provinces hand them out: what is read from each layout, and that nothing gets lost."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sanxian.clauses import clause_from_row, lists
from sanxian.clauses.lists import ListReading, Split, read_list, split
from sanxian.clauses.tables import MAX_COLUMNS, Table, read_tables
from sanxian.errors import (
    ClauseError,
    InputError,
    ListBroken,
    ListEmpty,
    ListFormat,
    ListLayout,
    ListNotFound,
    ListProtected,
    ListTooLarge,
    ListUnsafe,
)
from sanxian.model import Dimension, Level

CODES = ("ZH63280120001", "ZH63280110002", "ZH63280130003")
WIDE: Sequence[Any] = (
    "序号", "环境管控单元编码", "环境管控单元名称", "行政区划", "管控单元分类",
    "空间布局约束", "污染物排放管控", "环境风险防控", "资源利用效率要求",
)  # fmt: skip
KEY_UNIT: Sequence[Any] = (
    1, CODES[0], "示例市重点管控单元", "示例省示例州示例市", "重点管控单元",
    "1-1.禁止新建炼焦项目。\n1-2.化工项目应进入园区。", "执行总体要求。", "/", "（1）取用地下水：①不得超采；②应计量。（2）节水。",
)  # fmt: skip


# --- building files ------------------------------------------------------------------------------


def workbook(
    path: Path,
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    merges: Mapping[str, Sequence[str]] | None = None,
    hidden: Sequence[str] = (),
) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for reference in (merges or {}).get(title, ()):
            sheet.merge_cells(reference)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    book.save(path)
    return path


def text_file(
    path: Path, rows: Sequence[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=delimiter).writerows(rows)
    path.write_bytes(made.getvalue().encode(encoding))
    return path


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def p(text: str, number: int | None = None, style: str = "") -> str:
    """A paragraph; ``number`` is the level of an automatic number."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number is not None:
        properties += f'<w:numPr><w:ilvl w:val="{number}"/><w:numId w:val="1"/></w:numPr>'
    lines = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n"))
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r>{lines}</w:r></w:p>"


def tc(content: str = "", span: int = 1, merge: str = "") -> str:
    """A cell; ``merge`` is ``restart`` or ``continue``."""
    inner = content if content.startswith("<w:") else p(content)
    vertical = f'<w:vMerge w:val="{merge}"/>' if merge == "restart" else "<w:vMerge/>" if merge else ""
    return f'<w:tc><w:tcPr><w:gridSpan w:val="{span}"/>{vertical}</w:tcPr>{inner}</w:tc>'


def tbl(*rows: Sequence[str]) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows) + "</w:tbl>"


def document(path: Path, *blocks: str, styles: str = "", prologue: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        body = f"{prologue}<w:document {W}><w:body>{''.join(blocks)}<w:sectPr/></w:body></w:document>"
        archive.writestr("word/document.xml", body)
        if styles:
            archive.writestr("word/styles.xml", f"<w:styles {W}>{styles}</w:styles>")
    return path


# --- reading results -----------------------------------------------------------------------------


def texts(reading: ListReading) -> list[tuple[str, str]]:
    return [(row["number"], row["text"]) for row in reading.rows]


def codes(reading: ListReading) -> list[str]:
    return [entry.code for entry in reading.log]


def entries(reading: ListReading, code: str) -> list[str]:
    return [entry.zh for entry in reading.log if entry.code == code]


def by_dimension(reading: ListReading) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in reading.rows:
        found.setdefault(row["dimension"], []).append(row["text"])
    return found


# --- (a) one row a unit --------------------------------------------------------------------------


def check_key_unit(reading: ListReading) -> None:
    assert [(r["dimension"], r["number"], r["text"]) for r in reading.rows] == [
        ("SPATIAL", "1-1", "禁止新建炼焦项目。"),
        ("SPATIAL", "1-2", "化工项目应进入园区。"),
        ("EMISSION", "", "执行总体要求。"),
        ("RESOURCE", "（1）①", "取用地下水：不得超采；"),
        ("RESOURCE", "（1）②", "取用地下水：应计量。"),
        ("RESOURCE", "（2）", "节水。"),
    ]
    assert [r["id"] for r in reading.rows] == [
        f"{CODES[0]}-{end}" for end in ("S-1-1", "S-1-2", "E-u1", "U-1.1", "U-1.2", "U-2")
    ]
    assert {json.dumps(r["scope"]) for r in reading.rows} == {json.dumps({"units": [CODES[0]]})}
    assert {r["level"] for r in reading.rows} == {"UNIT"}
    assert [r.get("link", False) for r in reading.rows] == [False, False, True, False, False, False]
    assert {r["dimension_label"] for r in reading.rows} == {
        "空间布局约束",
        "污染物排放管控",
        "资源利用效率要求",
    }
    assert len(entries(reading, "LIST_NOTHING")) == 1


@pytest.mark.parametrize("titles", [0, 1, 4])
@pytest.mark.parametrize("name", ["list.xlsx", "list.csv", "list.docx"])
def test_a_row_of_a_unit_gives_clauses_of_four_dimensions(tmp_path: Path, name: str, titles: int) -> None:
    above = [[f"示例省生态环境准入清单（第{n}部分）"] for n in range(titles)]
    rows: list[Sequence[Any]] = [*above, WIDE, KEY_UNIT]
    if name.endswith("xlsx"):
        merges = {"清单": [f"A{n + 1}:I{n + 1}" for n in range(titles)]}
        path = workbook(tmp_path / name, {"清单": rows}, merges)
    elif name.endswith("csv"):
        path = text_file(tmp_path / name, [[*row, *[""] * (9 - len(row))] for row in rows])
    else:
        path = document(
            tmp_path / name,
            tbl(
                *([tc(row[0], 9)] for row in above), *([tc(str(c)) for c in row] for row in (WIDE, KEY_UNIT))
            ),
        )
    reading = read_list(path)
    check_key_unit(reading)
    source = reading.rows[1]["source"]
    assert (source["file"], source["row"], source["column"]) == (name, titles + 2, 6)
    assert KEY_UNIT[5][slice(*source["at"])] == "化工项目应进入园区。"
    assert [KEY_UNIT[5][slice(*span)] for span in source["marks"]] == ["1-2."]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("空间布局引导", "SPATIAL"), ("区域布局管控", "SPATIAL"), ("空間佈局約束", "SPATIAL"), ("空间布局约束\n", "SPATIAL"),
        ("一、空间布局约束要求", "SPATIAL"), ("污染物排放管控要求", "EMISSION"), ("汙染物排放管控", "EMISSION"),
        ("環境風險防控", "RISK"), ("环境风险管控", "RISK"), ("能源资源利用", "RESOURCE"), ("资源利用效率（要求）", "RESOURCE"),
        ("资源开发效率要求", "RESOURCE"), ("资源利用要求", "RESOURCE"), ("生态环境空间布局约束管控要求", "SPATIAL"),
    ],
)  # fmt: skip
def test_a_dimension_goes_by_the_names_of_provinces(tmp_path: Path, header: str, expected: str) -> None:
    path = text_file(tmp_path / "list.csv", [["单元编码", header], [CODES[0], "禁止采砂。"]])
    (row,) = read_list(path).rows
    assert (row["dimension"], row["dimension_label"]) == (expected, header.strip())


def test_a_header_of_two_rows_with_merged_cells_is_read(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["附件 准入清单", *[None] * 9],
        [
            "环境管控单元编码",
            "单元名称",
            "行政区划",
            None,
            None,
            "管控单元分类",
            "管控要求",
            None,
            None,
            None,
        ],
        [
            None,
            None,
            "省",
            "市",
            "县",
            None,
            "空间布局约束",
            "污染物排放管控",
            "环境风险防控",
            "资源利用效率",
        ],
        [
            CODES[0],
            "甲单元",
            "示例省",
            "示例州",
            "示例县",
            "重点管控单元",
            "禁止甲。",
            "禁止乙。",
            "无",
            "禁止丙。",
        ],
    ]
    merges = {"清单": ["A1:J1", "A2:A3", "B2:B3", "C2:E2", "F2:F3", "G2:J2"]}
    reading = read_list(workbook(tmp_path / "list.xlsx", {"清单": rows}, merges))
    assert by_dimension(reading) == {
        "SPATIAL": ["禁止甲。"],
        "EMISSION": ["禁止乙。"],
        "RESOURCE": ["禁止丙。"],
    }
    assert reading.rows[0]["source"]["said"]["county"] == "示例县"

    without = read_list(text_file(tmp_path / "list.csv", [[c or "" for c in row] for row in rows]))
    assert [(r["id"], r["text"]) for r in without.rows] == [(r["id"], r["text"]) for r in reading.rows]


def test_words_below_a_dimension_are_the_category(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["单元编码", "空间布局约束", None, "污染物排放管控"],
        [None, "禁止开发建设活动的要求", "限制开发建设活动的要求", None],
        [CODES[0], "禁止采矿。", "限制旅游。", "达标排放。"],
    ]
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}, {"清单": ["A1:A2", "B1:C1", "D1:D2"]}))
    text = text_file(tmp_path / "l.csv", [[c or "" for c in row] for row in rows])
    for found in (reading, read_list(text)):
        assert [(r["dimension"], r["category"], r["text"]) for r in found.rows] == [
            ("SPATIAL", "禁止开发建设活动的要求", "禁止采矿。"),
            ("SPATIAL", "限制开发建设活动的要求", "限制旅游。"),
            ("EMISSION", "", "达标排放。"),
        ]
        assert {r["dimension_label"] for r in found.rows} == {"空间布局约束", "污染物排放管控"}


def test_a_category_may_stand_between_dimension_and_requirement(tmp_path: Path) -> None:
    rows = [
        [tc("空间布局约束", merge="restart"), tc("禁止开发建设活动的要求"), tc("1.甲。")],
        [tc(merge="continue"), tc("退出要求"), tc("2.乙。")],
    ]
    path = document(tmp_path / "c.docx", tbl(*rows))
    assert [(r["dimension"], r["category"], r["text"]) for r in read_list(path).rows] == [
        ("SPATIAL", "禁止开发建设活动的要求", "甲。"), ("SPATIAL", "退出要求", "乙。"),
    ]  # fmt: skip
    (table,) = read_tables(path)
    assert table.rows[1][0] is table.rows[0][0]


def test_a_cell_merged_over_units_is_one_clause_with_all_their_codes(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        WIDE,
        KEY_UNIT,
        [2, CODES[1], "乙", "", "", None, "达标。", "应急。", "节能。"],
        [3, CODES[2], "丙", "", "", "禁丙。"],
    ]
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}, {"清单": ["F2:F3"]}))
    spatial = [r for r in reading.rows if r["dimension"] == "SPATIAL"]
    assert [(r["text"], r["scope"]) for r in spatial] == [
        ("禁止新建炼焦项目。", {"units": [CODES[0], CODES[1]]}),
        ("化工项目应进入园区。", {"units": [CODES[0], CODES[1]]}),
        ("禁丙。", {"units": [CODES[2]]}),
    ]
    assert "LIST_MERGED_ROWS" in codes(reading)


def test_a_cell_merged_over_dimensions_is_one_clause(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [WIDE, [1, CODES[0], "甲", "", "", "执行全省总体准入要求", None, None, None]]
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}, {"清单": ["F2:I2"]}))
    (row,) = reading.rows
    assert row["link"] and row["dimension"] == "SPATIAL"
    assert row["dimension_label"] == "空间布局约束、污染物排放管控、环境风险防控、资源利用效率要求"
    assert "LIST_MERGED_DIMENSIONS" in codes(reading)


def test_cells_that_say_nothing_or_repeat_are_logged(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        WIDE,
        [1, CODES[0], "甲", "", "", "1.禁止采砂。\n2.禁止采石。", "—", "无", None],
        [2, CODES[1], "乙", "", "", "同上", "同上", "不涉及", "暂无"],
    ]
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}))
    assert [(r["id"], r["text"]) for r in reading.rows] == [
        (f"{CODES[0]}-S-1", "禁止采砂。"), (f"{CODES[0]}-S-2", "禁止采石。"),
        (f"{CODES[1]}-S-1", "禁止采砂。"), (f"{CODES[1]}-S-2", "禁止采石。"),
    ]  # fmt: skip
    assert reading.rows[2]["source"]["row"] == 3
    assert reading.rows[2]["source"]["repeats"] == {"row": 2, "column": 6}
    found = codes(reading)
    assert found.count("LIST_NOTHING") == 4
    assert found.count("LIST_EMPTY") == 1
    assert found.count("LIST_SAME") == 1
    assert found.count("LIST_SAME_NOTHING") == 1


def test_a_merged_cell_that_says_nothing_is_logged_once(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["单元编码", "空间布局约束", "环境风险防控"], [CODES[0], "/", "甲。"], [CODES[1], None, "乙。"],
    ]  # fmt: skip
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}, {"清单": ["B2:B3"]}))
    assert [r["text"] for r in reading.rows] == ["甲。", "乙。"]
    assert codes(reading).count("LIST_NOTHING") == 1


def test_a_repeated_code_is_that_of_the_row_above_and_is_said(tmp_path: Path) -> None:
    rows = [["单元编码", "维度", "管控要求"], [CODES[0], "空间布局约束", "甲。"], ["同上", "同上", "乙。"]]
    reading = read_list(text_file(tmp_path / "l.csv", rows))
    assert [(r["scope"], r["dimension"]) for r in reading.rows] == [({"units": [CODES[0]]}, "SPATIAL")] * 2
    assert codes(reading).count("LIST_SAME") == 2


def test_units_one_after_another_with_their_own_small_tables_are_read(tmp_path: Path) -> None:
    head = ["环境管控单元编码", "环境管控单元名称", "行政区划", None, None, "管控单元分类"]
    below = [None, None, "省", "市", "区", None]
    rows: list[list[Any]] = []
    merges = []
    for n, code in enumerate(CODES[:2]):
        top = len(rows) + 1
        merges += [f"A{top}:A{top + 1}", f"B{top}:B{top + 1}", f"C{top}:E{top}", f"F{top}:F{top + 1}"]
        merges += [f"B{top + k}:F{top + k}" for k in (3, 4, 5)]
        rows += [
            head, below, [code, f"单元{n}", "示例省", "示例市", "示例区", "重点管控单元"],
            ["管控维度", "管控要求", *[None] * 4],
            ["区域布局管控", "1-1.【产业/限制类】禁止甲。\n1-2.禁止乙。", *[None] * 4],
            ["能源资源利用", "2-1.节约用水。", *[None] * 4],
        ]  # fmt: skip
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}, {"清单": merges}))
    assert [(r["scope"]["units"][0], r["dimension"], r["number"], r["text"]) for r in reading.rows] == [
        (code, dimension, number, text)
        for code in CODES[:2]
        for dimension, number, text in (
            ("SPATIAL", "1-1", "【产业/限制类】禁止甲。"),
            ("SPATIAL", "1-2", "禁止乙。"),
            ("RESOURCE", "2-1", "节约用水。"),
        )
    ]


def test_a_card_of_label_and_value_pairs_names_the_unit(tmp_path: Path) -> None:
    path = document(
        tmp_path / "card.docx",
        tbl(
            [tc("环境管控单元编码"), tc("ＺＨ６３２８０１２０００１"), tc("环境管控单元名称"), tc("甲单元")],
            [tc("省"), tc("示例省"), tc("管控单元分类"), tc("重点管控单元")],
            [tc("空间布局约束"), tc("1.禁止采砂。2.禁止采石。", 3)],
            [tc("环境风险防控"), tc("应急预案。", 3)],
        ),
    )
    reading = read_list(path)
    assert texts(reading) == [("1", "禁止采砂。"), ("2", "禁止采石。"), ("", "应急预案。")]
    assert [r["dimension"] for r in reading.rows] == ["SPATIAL", "SPATIAL", "RISK"]
    assert all(r["scope"] == {"units": [CODES[0]]} for r in reading.rows)
    assert "LIST_CODE_CHANGED" in codes(reading)


# --- (b) one row a clause ------------------------------------------------------------------------

ROWS: Sequence[Any] = ("编号", "单元编码", "维度", "管控要求", "层级", "依据", "生效日期", "备注")


def test_a_row_of_a_clause_states_all_of_it(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "b.csv",
        [
            ROWS,
            ["1-1", CODES[0], "空间布局约束", "禁止新建水泥项目。", "单元", "示例文件1号", "2025.1.1", "x"],
            [
                "3-7",
                CODES[0],
                "环境风险防控",
                "（1）建立预案；（2）开展演练。",
                "市级",
                "示例文件2号",
                "2025年3月5日起施行",
                "",
            ],
            ["x", CODES[1], "其他", "备案。", "某级", "", "即日", ""],
        ],
    )
    reading = read_list(path)
    one, two, three, four = reading.rows
    assert (one["id"], one["number"], one["level"], one["document"], one["valid_from"]) == (
        f"{CODES[0]}-S-1-1", "1-1", "UNIT", "示例文件1号", "2025-01-01",
    )  # fmt: skip
    assert (two["number"], three["number"]) == ("3-7（1）", "3-7（2）")
    assert (two["level"], two["valid_from"], two["id"]) == ("PREFECTURE", "2025-03-05", f"{CODES[0]}-R-3-7.1")
    assert (four["level"], four["dimension"], four["dimension_label"]) == ("", "", "其他")
    assert "valid_from" not in four
    found = codes(reading)
    assert {"LIST_LEVEL_UNKNOWN", "LIST_DIMENSION_UNKNOWN", "LIST_DATE", "LIST_UNREAD_COLUMNS"} <= set(found)
    assert entries(reading, "LIST_UNREAD_COLUMNS") == ["没有读取的列：备注。"]


def test_the_document_of_the_caller_wins_and_the_basis_stays(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "b.csv", [ROWS, ["1", CODES[0], "空间布局约束", "禁止。", "单元", "某法", "", ""]]
    )
    (row,) = read_list(path, document="LIST-2026").rows
    assert (row["document"], row["basis"]) == ("LIST-2026", "某法")


def test_complete_rows_become_clauses(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [WIDE, KEY_UNIT]
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}), document="D")
    made = [clause_from_row(row) for row in reading.rows]
    assert made[0].dimension is Dimension.SPATIAL
    assert made[0].level is Level.UNIT
    assert made[0].scope.units == (CODES[0],)
    json.dumps(reading.rows)  # a clause file is JSON


def test_blanks_below_a_merged_cell_of_a_text_file_are_filled_and_logged(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "b.csv",
        [
            ["单元编码", "单元名称", "维度", "管控要求"],
            [CODES[0], "甲", "空间布局约束", "1-1.禁止采砂。"],
            ["", "", "", "1-2.禁止采石。"],
            ["", "", "环境风险防控", "3-1.预案。"],
            [CODES[1], "乙", "", "4.不知道。"],
            ["", "丙", "空间布局约束", "没有编码。"],
        ],
    )
    reading = read_list(path)
    assert [(r["scope"], r["dimension"], r["number"], r["text"]) for r in reading.rows] == [
        ({"units": [CODES[0]]}, "SPATIAL", "1-1", "禁止采砂。"),
        ({"units": [CODES[0]]}, "SPATIAL", "1-2", "禁止采石。"),
        ({"units": [CODES[0]]}, "RISK", "3-1", "预案。"),
        ({"units": [CODES[1]]}, "", "", "4.不知道。"),
        ({}, "SPATIAL", "", "没有编码。"),
    ]
    assert entries(reading, "LIST_SCOPE_UNKNOWN") == [
        "不知道适用于哪里（看到的是“丙”），范围留空，请补上；留空的条款转人工研判。"
    ]
    assert codes(reading).count("LIST_CARRIED") == 3


def test_a_blank_code_in_a_workbook_is_never_filled(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["单元编码", "维度", "管控要求"],
        [CODES[0], "空间布局约束", "甲。"],
        [None, "环境风险防控", "乙。"],
    ]
    reading = read_list(workbook(tmp_path / "b.xlsx", {"清单": rows}), scope={"everywhere": True})
    assert [r["scope"] for r in reading.rows] == [{"units": [CODES[0]]}, {"everywhere": True}]
    reading = read_list(tmp_path / "b.xlsx")
    assert [r["scope"] for r in reading.rows] == [{"units": [CODES[0]]}, {}]


# --- (c) two columns -----------------------------------------------------------------------------


@pytest.mark.parametrize("headed", [True, False])
def test_a_list_of_two_columns_under_a_heading_is_read(tmp_path: Path, headed: bool) -> None:
    rows: list[Sequence[Any]] = [
        [tc("空间布局约束", merge="restart"), tc("1-1.禁止甲。")],
        [tc(merge="continue"), tc("1-2.禁止乙。")],
        [tc("资源利用效率"), tc("节水。")],
    ]
    path = document(
        tmp_path / "c.docx",
        p("示例州州级总体准入要求"),
        tbl(*([[tc("维度"), tc("管控要求")]] if headed else []), *rows),
    )
    reading = read_list(path)
    assert [(r["dimension"], r["number"], r["text"]) for r in reading.rows] == [
        ("SPATIAL", "1-1", "禁止甲。"), ("SPATIAL", "1-2", "禁止乙。"), ("RESOURCE", "", "节水。"),
    ]  # fmt: skip
    assert {r["level"] for r in reading.rows} == {"PREFECTURE"}
    assert all(r["scope"] == {} for r in reading.rows)
    assert all("示例州" in text for text in entries(reading, "LIST_SCOPE_UNKNOWN"))
    assert codes(reading).count("LIST_LEVEL_HEADING") == 3
    scoped = read_list(path, scope={"regions": ["6328"]}, level=Level.COUNTY)
    assert {(r["level"], tuple(r["scope"]["regions"])) for r in scoped.rows} == {("COUNTY", ("6328",))}


def test_a_heading_with_a_code_names_the_unit(tmp_path: Path) -> None:
    path = document(
        tmp_path / "c.docx",
        p(f"表3 {CODES[1]} 示例优先保护单元"),
        tbl([tc("管控维度"), tc("管控要求")], [tc("空间布局约束"), tc("禁止甲。")]),
    )
    (row,) = read_list(path).rows
    assert (row["scope"], row["level"]) == ({"units": [CODES[1]]}, "UNIT")


def test_the_caller_may_name_the_unit(tmp_path: Path) -> None:
    path = text_file(tmp_path / "c.csv", [["维度", "管控要求"], ["空间布局约束", "禁止甲。"]])
    (row,) = read_list(path, unit=CODES[2]).rows
    assert (row["scope"], row["level"], row["id"]) == ({"units": [CODES[2]]}, "UNIT", f"{CODES[2]}-S-u1")


def test_a_row_across_the_table_is_a_heading(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["序号", "管控要求"],
        ["一、空间布局约束", None],
        [1, "禁止甲。"],
        ["二、环境风险防控", None],
        ["Part B", None],
        [2, "预案。"],
        ["注：本表由示例单位填报，数据来自现有资料的汇总整理，其中个别条目经多次修订后仍与上一版不同，以最后公布的为准，请各地核对。", None],
    ]  # fmt: skip
    reading = read_list(
        workbook(tmp_path / "c.xlsx", {"清单": rows}, {"清单": ["A2:B2", "A4:B4", "A5:B5", "A7:B7"]})
    )
    assert [(r["dimension"], r["number"], r["text"]) for r in reading.rows] == [
        ("SPATIAL", "1", "禁止甲。"), ("RISK", "2", "预案。"),
    ]  # fmt: skip
    assert codes(reading).count("LIST_SECTION") == 3
    assert codes(reading).count("LIST_NOTE") == 1


# --- (d) general lists ---------------------------------------------------------------------------


def test_a_general_list_takes_its_scope_from_codes_only(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "d.csv",
        [
            ["层级", "适用范围", "维度", "管控要求"],
            ["省", "全省", "空间布局约束", "甲。"],
            ["市州", "630100、632800", "空间布局约束", "乙。"],
            ["省", "优先保护单元", "空间布局约束", "丙。"],
            ["市", "优先保护单元", "空间布局约束", "丁。"],
            ["板块", "示例板块", "空间布局约束", "戊。"],
            ["单元", f"{CODES[0]}，{CODES[1]}", "空间布局约束", "己。"],
            ["县", "", "空间布局约束", "庚。"],
        ],
    )
    everywhere = {"everywhere": True}
    for scope, whole in ((None, {}), (everywhere, everywhere)):
        reading = read_list(path, scope=scope)
        assert [r["scope"] for r in reading.rows] == [
            whole, {"regions": ["630100", "632800"]}, {"classes": ["PRIORITY"]}, {}, {}, {"units": [CODES[0], CODES[1]]}, whole,
        ]  # fmt: skip
        assert [r["level"] for r in reading.rows] == [
            "PROVINCE", "PREFECTURE", "PROVINCE", "PREFECTURE", "BLOCK", "UNIT", "COUNTY",
        ]  # fmt: skip


def test_parks_and_regions_are_known_by_their_code_columns(tmp_path: Path) -> None:
    park = text_file(
        tmp_path / "p.csv",
        [["园区编码", "园区名称", "空间布局约束", "环境风险防控"], ["PK01", "甲园", "甲。", "乙。"]],
    )
    assert [(r["scope"], r["level"]) for r in read_list(park).rows] == [({"parks": ["PK01"]}, "PARK")] * 2
    region = text_file(
        tmp_path / "r.csv",
        [["行政区划代码", "县", "空间布局约束", "环境风险防控"], ["632801", "甲", "甲。", "乙。"]],
    )
    assert [r["scope"] for r in read_list(region).rows] == [{"regions": ["632801"]}] * 2
    named = text_file(
        tmp_path / "n.csv", [["园区名称", "空间布局约束", "环境风险防控"], ["甲园", "甲。", "乙。"]]
    )
    assert [r["scope"] for r in read_list(named, scope={"everywhere": True}).rows] == [{}, {}]


def test_a_scope_or_level_that_is_none_is_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path / "c.csv", [["维度", "管控要求"], ["空间布局约束", "禁止甲。"]])
    with pytest.raises(ClauseError, match="everywhre"):
        read_list(path, scope={"everywhre": True})
    with pytest.raises(ClauseError, match="省级"):
        read_list(path, level="省级")


# --- numbers in a cell ---------------------------------------------------------------------------

SPLITS = {
    "1-1.甲。\n1-2. 乙。\n1-3丙。": [("1-1", "甲。"), ("1-2", "乙。"), ("1-3", "丙。")],
    "3-1.甲。3-2.乙。": [("3-1", "甲。"), ("3-2", "乙。")],
    "1.甲2.5吨。2．乙。３、丙。": [("1", "甲2.5吨。"), ("2", "乙。"), ("３", "丙。")],
    "1.2025年底前淘汰。2.2026年底前完成。": [("1", "2025年底前淘汰。"), ("2", "2026年底前完成。")],
    "（1）甲。（2）乙（含（3）项）。(3)丙。": [("（1）", "甲。"), ("（2）", "乙（含（3）项）。"), ("(3)", "丙。")],
    "①甲；②乙；③丙。": [("①", "甲；"), ("②", "乙；"), ("③", "丙。")],
    "一、甲。二、乙。": [("一", "甲。"), ("二", "乙。")],
    "（一）甲。（二）乙。": [("（一）", "甲。"), ("（二）", "乙。")],
    "严控：一是采砂，二是采石。": [("一是", "严控：采砂，"), ("二是", "严控：采石。")],
    "第一，甲。第二，乙。": [("第一", "甲。"), ("第二", "乙。")],
    "第一条 甲。\n第二条 乙，见第一条。": [("第一条", "甲。"), ("第二条", "乙，见第一条。")],
    "a)甲；b)乙。": [("a)", "甲；"), ("b)", "乙。")],
    "a.甲；b.乙。": [("a", "甲；"), ("b", "乙。")],
    "1.1 甲。\n1.2 乙。": [("1.1", "甲。"), ("1.2", "乙。")],
    "1 甲\n2 乙": [("1", "甲"), ("2", "乙")],
    "⑴甲⑵乙": [("⑴", "甲"), ("⑵", "乙")],
    "一、总则：1.甲。2.乙。二、丙。": [("一、1", "总则：甲。"), ("一、2", "总则：乙。"), ("二", "丙。")],
    # nested: the lead goes before each child, unless it is a requirement of its own
    "（1）禁止：①甲；②乙。（2）丙。": [("（1）①", "禁止：甲；"), ("（1）②", "禁止：乙。"), ("（2）", "丙。")],
    "（1）禁止采砂。①甲；②乙。": [("（1）", "禁止采砂。"), ("（1）①", "甲；"), ("（1）②", "乙。")],
    "（1）保护。下列除外：①甲；②乙。": [("（1）", "保护。"), ("（1）①", "下列除外：甲；"), ("（1）②", "下列除外：乙。")],
    "总则。禁止：1、甲；2、乙。": [("", "总则。"), ("1", "禁止：甲；"), ("2", "禁止：乙。")],
    "准入：\n1.甲。\n2.乙。\n用地：\n1.丙。\n2.丁。": [
        ("1", "准入：甲。"), ("2", "准入：乙。"), ("1", "用地：丙。"), ("2", "用地：丁。"),
    ],
    # no numbering: it does not begin at the first, or does not go up by one
    "2.甲。\n3.乙。": [("", "2.甲。"), ("", "3.乙。")],
    "②甲。": [("", "②甲。")],
    "1.甲。\n3.乙。": [("1", "甲。\n3.乙。")],
    "一、二类工业不得进入。": [("", "一、二类工业不得进入。")],
    "1、2类项目禁止。": [("", "1、2类项目禁止。")],
    "执行1-1.5倍替代。": [("", "执行1-1.5倍替代。")],
    "2025.1.1起，4-9月停产，比例1.5:1。": [("", "2025.1.1起，4-9月停产，比例1.5:1。")],
    "ZH63280120001单元内3-5公里。": [("", "ZH63280120001单元内3-5公里。")],
    "A、B级企业除外。": [("", "A、B级企业除外。")],
    "包括（1、甲；2、乙）。": [("", "包括（1、甲；2、乙）。")],
    "甲（分两步：1、乙；2、丙）。": [("", "甲（分两步：1、乙；2、丙）。")],
    "按①、②执行。": [("", "按①、②执行。")],
    # lines
    "甲。\n乙；\n\n丙": [("", "甲。"), ("", "乙；"), ("", "丙")],
    "禁止新建、\n扩建。\n乙。": [("", "禁止新建、\n扩建。"), ("", "乙。")],
    "新建（含\n扩建）。\n乙。": [("", "新建（含\n扩建）。"), ("", "乙。")],
    "禁止：\n采砂；\n采石。\n其他。": [("", "禁止：采砂；"), ("", "禁止：采石。"), ("", "其他。")],
    "禁止新建\n化工项目。\n限制采砂。": [("", "禁止新建\n化工项目。"), ("", "限制采砂。")],
    "甲：\n乙：\n丙。": [("", "甲："), ("", "乙：丙。")],
    "1.禁止采矿\n采砂。\n2.乙。": [("1", "禁止采矿\n采砂。"), ("2", "乙。")],
    # noise
    "": [],
    " \n\u3000": [],
    "。；": [],
    "：1、甲；": [("1", "甲；")],
    "1.\n2.\n3.": [("", "1."), ("", "2."), ("", "3.")],
    "No new mines. See Annex 1.": [("", "No new mines. See Annex 1.")],
    "）1）甲；2）乙（": [("1）", "甲；"), ("2）", "乙（")],
}  # fmt: skip


@pytest.mark.parametrize("text", SPLITS, ids=range(len(SPLITS)))
def test_a_cell_is_split_where_its_numbers_say_so(text: str) -> None:
    parted = split(text)
    assert [(piece.number, piece.text) for piece in parted.pieces] == SPLITS[text]
    check_whole(text, parted)


def check_whole(text: str, parted: Split) -> None:
    """Numbers, leads and own words together are the cell, each own word once and in order."""
    at = [piece.at for piece in parted.pieces]
    marks = {span for piece in parted.pieces for span in (*piece.marks, *piece.leads)}
    spans = sorted([*at, *marks])
    assert all(a[1] <= b[0] for a, b in pairwise(spans)), "something is read twice"
    whole = "".join(text[start:end] for start, end in spans)
    if parted.pieces:
        assert "".join(whole.split()) == "".join(text.split())
    else:
        assert not any(character.isalnum() for character in text)
    assert at == sorted(at)
    for piece in parted.pieces:
        assert piece.own == text[slice(*piece.at)] == piece.own.strip()
        assert piece.own
        assert piece.before == tuple(text[slice(*span)] for span in piece.leads)


WORDS = st.sampled_from(
    [
        "禁止新建化工项目", "严格控制", "下列", "：", "；", "。", "，", "\n", " ", "（", "）", "《", "》", "“", "”", "、",
        "1.", "2.", "3.", "1、", "2、", "3、", "（1）", "（2）", "(3)", "①", "②", "③", "一、", "二、", "一是", "二是", "1-1", "1-2", "2-1",
        "3-7", "2025.1.1", "3.5", "第一，", "第二条", "a)", "b)", "A、", "1）", "2）", "⑴", "ZH63280120001", "同上", "PM2.5", "\u200b", "\t",
    ]
)  # fmt: skip
CELLS = st.one_of(
    st.lists(WORDS, max_size=40).map("".join),
    st.text(max_size=60),
    st.text(alphabet="1234.、（）①②一二是：；。\n甲乙 -", max_size=60),
)


@settings(max_examples=500, deadline=None)
@given(CELLS, st.sampled_from([None, ("digit", (1,)), ("hyphen2", (1, 2)), ("pair", (2,))]))
@example("1、甲：\n2、\n（1）：①②乙", None)
def test_nothing_of_a_cell_is_lost_or_read_twice(text: str, after: Any) -> None:
    text = "\n".join(text.splitlines())
    check_whole(text, split(text, after=after))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["甲：", "（1）乙", "丙。", "", " ①丁"]), st.integers(0, 2)), max_size=8
    )
)
def test_nothing_is_lost_among_automatic_numbers(paragraphs: list[tuple[str, int]]) -> None:
    text, numbered = "", []
    for words, depth in paragraphs:
        if words and depth:
            numbered.append((len(text), depth))
        text += words + "\n"
    check_whole(text, split(text, numbered=numbered))


def test_numbers_that_run_on_from_cell_to_cell_are_numbers() -> None:
    first = split("1-1.甲。1-2.乙。")
    assert [p.number for p in split("1-3.丙。", after=first.last).pieces] == ["1-3"]
    assert [p.number for p in split("1-4.丙。", after=first.last).pieces] == [""]
    assert [p.number for p in split("2-1.丙。", after=first.last).pieces] == ["2-1"]


def test_a_cell_of_twenty_thousand_characters_is_split_at_once() -> None:
    text = "".join(f"{n}.禁止新建第{n}类项目（含扩建）；" for n in range(1, 1000))
    assert len(text) > 17_000
    assert len(split(text).pieces) == 999
    assert len(split("（" * 10_000 + "1." * 5_000).pieces) == 1
    check_whole("1.甲1、乙" * 3000, split("1.甲1、乙" * 3000))


# --- whole files ---------------------------------------------------------------------------------

FIELD = st.one_of(
    st.none(), st.sampled_from(["同上", "/", "无", "执行总体要求", "1.甲。2.乙。", "空间布局约束", "省", "管控要求"]), CELLS,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(FIELD, min_size=4, max_size=4), min_size=1, max_size=6))
def test_each_requirement_cell_becomes_clauses_or_an_entry(tmp_path: Path, rows: list[list[Any]]) -> None:
    header = ["单元编码", "空间布局约束", "污染物排放管控", "环境风险防控"]
    filled = [[f"ZH6328012{n:04}", *row[1:]] for n, row in enumerate(rows)]
    path = text_file(tmp_path / "l.csv", [header, *filled], "utf-16", "\t")
    try:
        (table,) = read_tables(path)
    except InputError:
        return
    reading = read_list(path)
    clauses = {(r["source"]["row"], r["source"]["column"]) for r in reading.rows}
    logged = {(e.place.row, e.place.column) for e in reading.log}
    for line in table.rows[1:]:
        for cell in line[1:]:
            if cell.text.strip() and table.width == 4:
                assert (cell.row, cell.column) in clauses | logged, cell
    ids = [r["id"] for r in reading.rows]
    assert len(ids) == len(set(ids))
    assert reading == read_list(path)
    json.dumps(reading.rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=300), st.lists(CELLS, max_size=8).map("\n".join).map(str.encode)))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    try:
        reading = read_list(path)
    except InputError as error:
        assert error.text("zh-CN") and error.text("en")
    else:
        assert reading.rows or reading.log


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_workbook_or_document_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["l.xlsx", "l.docx"]))
    path = tmp_path / name
    if name == "l.xlsx":
        workbook(path, {"清单": [WIDE, KEY_UNIT]})
    else:
        document(path, tbl([tc("维度"), tc("管控要求")], [tc("空间布局约束"), tc("禁止甲。")]))
    content = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, 20_000)) % len(content)
    flip = data.draw(st.integers(0, 255))
    if flip:
        content[cut] ^= flip
    else:
        del content[cut:]
    path.write_bytes(content)
    try:
        read_list(path)
    except InputError as error:
        assert error.text("zh-CN") and error.text("en")


def test_a_clause_file_has_no_two_ids_alike(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [WIDE, KEY_UNIT, [2, CODES[1], "乙", "", "", "乙。"], KEY_UNIT]
    reading = read_list(workbook(tmp_path / "l.xlsx", {"清单": rows, "另一张": rows}))
    ids = [r["id"] for r in reading.rows]
    assert len(ids) == len(set(ids)) == 26
    assert f"{CODES[0]}-S-1-1~2" in ids
    assert codes(reading).count("LIST_CODE_TWICE") == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_is_read_in_the_encodings_of_offices(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows: list[Sequence[Any]] = [["id", *WIDE], ["1", *KEY_UNIT]]
    check_key_unit(read_list(text_file(tmp_path / "l.csv", rows, encoding, delimiter)))


def test_a_quote_that_never_closes_costs_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        f'单元编码,空间布局约束,环境风险防控\n{CODES[0]},"甲。,乙。\n{CODES[1]},丙。,丁。\n', "utf-8"
    )
    reading = read_list(path)
    assert [r["text"] for r in reading.rows] == ['"甲。', "乙。", "丙。", "丁。"]
    assert "LIST_QUOTES" in codes(reading)


def test_what_a_sheet_hides_is_read_and_said(tmp_path: Path) -> None:
    path = workbook(tmp_path / "l.xlsx", {"说明": [["填表说明"]], "清单": [WIDE, KEY_UNIT]}, hidden=["清单"])
    book = openpyxl.load_workbook(path)
    book["清单"].row_dimensions[2].hidden = True
    book["清单"].column_dimensions["G"].hidden = True
    book.save(path)
    reading = read_list(path)
    check_key_unit(reading)
    assert {"LIST_HIDDEN_SHEET", "LIST_HIDDEN_ROWS", "LIST_HIDDEN_COLUMNS"} <= set(codes(reading))


def test_formulas_count_by_their_stored_result(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "l.xlsx",
        {"清单": [WIDE, [1, CODES[0], "甲", "", "", '="禁止"&"甲"', "达标。", "#REF!", "x"]]},
    )
    reading = read_list(path)
    assert {"LIST_FORMULA", "LIST_CELL_ERROR"} <= set(codes(reading))
    assert [r["text"] for r in reading.rows] == ["达标。", "x"]
    sheet = "xl/worksheets/sheet1.xml"
    stored = rewritten(
        path,
        sheet,
        lambda xml: re.sub(
            "<v ?/>|<v></v>", "<v>禁止甲。</v>", xml.replace('<c r="F2">', '<c r="F2" t="str">')
        ),
    )
    reading = read_list(stored)
    assert [r["text"] for r in reading.rows] == ["禁止甲。", "达标。", "x"]
    assert "LIST_FORMULA" not in codes(reading)


def rewritten(path: Path, member: str, change: Callable[[str], str]) -> Path:
    """The same archive with one member changed."""
    made = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == member else content)
    assert made.read_bytes() != path.read_bytes()
    return made


def test_empty_styled_rows_to_the_bottom_of_a_sheet_cost_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]})
    far = '<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'
    reading = read_list(
        rewritten(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace("</sheetData>", far))
    )
    check_key_unit(reading)


def test_rows_out_of_order_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]})
    again = '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    with pytest.raises(ListBroken):
        read_list(rewritten(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace("</sheetData>", again)))


def test_line_ends_that_a_workbook_spells_out_are_line_ends(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [WIDE, [1, CODES[0], "甲", "", "", "1.甲。_x000D_\n2.乙。"]]
    assert texts(read_list(workbook(tmp_path / "l.xlsx", {"清单": rows}))) == [("1", "甲。"), ("2", "乙。")]


def test_merged_cells_keep_their_origin(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["单元编码", "空间布局约束", "环境风险防控"],
        [CODES[0], "甲。", "乙。"],
        [CODES[1], None, "丙。"],
    ]
    (table,) = read_tables(workbook(tmp_path / "l.xlsx", {"清单": rows}, {"清单": ["B2:B3"]}))
    assert table.rows[2][1] is table.rows[1][1]
    assert (table.rows[2][1].text, table.rows[2][1].row, table.rows[2][1].column) == ("甲。", 2, 2)
    assert table.width == 3


def test_cells_beyond_the_last_column_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]})
    book = openpyxl.load_workbook(path)
    book["清单"].cell(2, MAX_COLUMNS + 5, "远处")
    book.save(path)
    reading = read_list(path)
    check_key_unit(reading)
    (entry,) = [e for e in reading.log if e.code == "LIST_BEYOND"]
    assert (entry.place.row, entry.place.column) == (2, MAX_COLUMNS + 5)


def test_a_number_that_became_a_date_is_said(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [
        ["编号", "单元编码", "维度", "管控要求"],
        [dt.date(2025, 1, 1), CODES[0], "空间布局约束", "甲。"],
    ]
    assert "LIST_NUMBER_DATE" in codes(read_list(workbook(tmp_path / "l.xlsx", {"清单": rows})))


def test_a_document_is_read_with_its_breaks_insertions_and_nested_tables(tmp_path: Path) -> None:
    inserted = (
        "<w:ins><w:r><w:t>禁止</w:t></w:r></w:ins><w:del><w:r><w:delText>允许</w:delText></w:r></w:del>"
    )
    cell = f"<w:p>{inserted}<w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:br/><w:t>。</w:t></w:r></w:p>"
    choice = "<w:txbxContent>" + p("（框内）") + "</w:txbxContent>"
    cell = cell.replace(
        "</w:p>",
        f"<w:r><AlternateContent><Choice>{choice}</Choice><Fallback>{choice}</Fallback></AlternateContent></w:r></w:p>",
    )
    boxed = "<w:sdt><w:sdtContent>" + p("1.丙。") + p("2.丁。") + "</w:sdtContent></w:sdt>"
    path = document(
        tmp_path / "d.docx",
        tbl(
            [tc("单元编码"), tc("空间布局约束"), tc("环境风险防控"), tc("资源利用")],
            [
                tc(CODES[0]),
                tc(cell),
                tc(boxed),
                tc(tbl([tc("指标"), tc("上限")], [tc("用水"), tc("5万吨")]) + p("")),
            ],
        ),
    )
    reading = read_list(path)
    assert [r["text"] for r in reading.rows] == [
        "禁止甲\t乙\n。",
        "（框内）",
        "丙。",
        "丁。",
        "指标\t上限",
        "用水\t5万吨",
    ]
    assert {"LIST_NESTED", "LIST_TRACKED"} <= set(codes(reading))


def test_automatic_numbers_are_no_text_and_are_said(tmp_path: Path) -> None:
    style = (
        '<w:style w:styleId="K"><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>'
        '<w:style w:styleId="L"><w:basedOn w:val="K"/></w:style>'
    )
    cell = p("禁止：") + p("甲；", 0) + p("乙。", style="L")
    path = document(
        tmp_path / "d.docx",
        tbl([tc("单元编码"), tc("空间布局约束"), tc("环境风险防控")], [tc(CODES[0]), tc(cell), tc("丙。")]),
        styles=style,
    )
    reading = read_list(path)
    assert texts(reading) == [("", "禁止：甲；"), ("", "禁止：乙。"), ("", "丙。")]
    assert [text[:4] for text in entries(reading, "LIST_AUTO_NUMBER")] == ["有 2 "]


def test_a_table_that_goes_on_without_a_header_is_read(tmp_path: Path) -> None:
    head = [tc("单元编码"), tc("空间布局约束"), tc("环境风险防控")]
    path = document(
        tmp_path / "d.docx",
        tbl(head, [tc(CODES[0]), tc("甲。"), tc("乙。")], head, [tc(CODES[2]), tc("戊。"), tc("己。")]),
        p("续表"),
        tbl([tc(CODES[1]), tc("丙。"), tc("丁。")]),
        tbl([tc("审核"), tc("日期")]),
    )
    reading = read_list(path)
    assert [r["text"] for r in reading.rows] == ["甲。", "乙。", "戊。", "己。", "丙。", "丁。"]
    assert {"LIST_CONTINUED", "LIST_HEADER_REPEATED", "LIST_NO_LIST"} <= set(codes(reading))


def test_numbered_paragraphs_are_clauses(tmp_path: Path) -> None:
    path = document(
        tmp_path / "d.docx",
        p("示例州准入清单（全州适用）"),
        p("一、空间布局约束"), p("1.禁止采砂，下列除外："), p("（1）应急；"), p("（2）防汛。"), p("2.禁止开垦。"),
        p("二、环境风险防控"), p("编制预案。", 0), p("开展演练。", 0),
        p("三、附则"), p("1.由示例局解释。"),
    )  # fmt: skip
    reading = read_list(path, scope={"regions": ["6328"]})
    assert [(r["dimension"], r["number"], r["text"]) for r in reading.rows] == [
        ("SPATIAL", "一、1（1）", "禁止采砂，下列除外：应急；"),
        ("SPATIAL", "一、1（2）", "禁止采砂，下列除外：防汛。"),
        ("SPATIAL", "一、2", "禁止开垦。"),
        ("RISK", "二", "编制预案。"),
        ("RISK", "二", "开展演练。"),
        ("", "三", "附则"),
        ("", "三、1", "由示例局解释。"),
    ]
    assert reading.rows[2]["source"]["row"] == 6
    assert reading.rows[2]["source"]["at"] == [2, 7]
    assert {r["level"] for r in reading.rows} == {"PREFECTURE"}


def test_beside_tables_only_paragraphs_under_a_dimension_are_clauses(tmp_path: Path) -> None:
    path = document(
        tmp_path / "d.docx",
        p("一、总则"), p("1.各地应当落实。"), p("2.本通知自印发之日起施行。"),
        tbl([tc("单元编码"), tc("空间布局约束"), tc("环境风险防控")], [tc(CODES[0]), tc("甲。"), tc("乙。")]),
        p("一、资源利用效率"), p("1.节水。"),
    )  # fmt: skip
    reading = read_list(path)
    assert [(r["dimension"], r["text"]) for r in reading.rows] == [
        ("SPATIAL", "甲。"), ("RISK", "乙。"), ("RESOURCE", "节水。"),
    ]  # fmt: skip
    assert codes(reading).count("LIST_PROSE") == 3


def test_lines_of_a_text_file_are_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_bytes("空间布局约束\n1.禁止采砂。\n2.禁止采石。\n资源利用\n1.节水。\n".encode("gb18030"))
    assert [(r["dimension"], r["text"]) for r in read_list(path).rows] == [
        ("SPATIAL", "禁止采砂。"), ("SPATIAL", "禁止采石。"), ("RESOURCE", "节水。"),
    ]  # fmt: skip


# --- dirty and hostile input ---------------------------------------------------------------------


def test_control_characters_go_and_the_rest_stays(tmp_path: Path) -> None:
    path = text_file(
        tmp_path / "l.csv",
        [["单元编码", "空间布局约束", "环境风险防控"], [CODES[0], "禁\x07止\x0b采砂。\u200b", "乙\r\n丙"]],
    )
    reading = read_list(path)
    assert [r["text"] for r in reading.rows] == ["禁止", "采砂。\u200b", "乙", "丙"]
    assert "LIST_CONTROL" in codes(reading)


def test_a_long_cell_and_english_are_clauses(tmp_path: Path) -> None:
    long = "禁止新建各类项目（含扩建），" * 1500 + "依法处理。"
    path = text_file(
        tmp_path / "l.csv", [["unit code", "Spatial Layout", "Risk"], [CODES[0], long, "No new mines."]]
    )
    assert [(r["dimension"], r["text"]) for r in read_list(path).rows] == [
        ("SPATIAL", long),
        ("RISK", "No new mines."),
    ]


def ole(*parts: bytes) -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + b"".join(parts)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("l.xlsx", b"", ListEmpty), ("l.csv", b"  \n \n", ListEmpty), ("l.csv", b",,\n,,\n", ListEmpty), ("l.csv", b"\xef\xbb\xbf", ListEmpty),
        ("l.xlsx", ole("EncryptedPackage".encode("utf-16-le")), ListProtected), ("l.xls", ole(), ListFormat),
        ("l.docx", "维度,管控要求\n空间布局约束,甲\n".encode(), ListFormat), ("l.pdf", b"%PDF-1.7 ...", ListFormat),
        ("l.xls", b"<html><table><tr><td>1</td></tr></table>", ListFormat), ("l.csv", b"{\\rtf1 x}", ListFormat),
        ("l.csv", bytes(range(1, 32)) * 9, ListFormat), ("l.csv", b"a,b\n\xff\xff\xff,c\n", ListBroken),
        ("l.xlsx", b"PK\x03\x04" + b"\0" * 60, ListBroken), ("l.csv", "项目,数量\n甲,1\n".encode(), ListLayout),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_two_languages(
    tmp_path: Path, name: str, content: bytes, error: type[InputError]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        read_list(path)
    assert name in caught.value.text("zh-CN")
    assert name in caught.value.text("en")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.xlsx", tmp_path, tmp_path / "zero\0byte.csv"):
        with pytest.raises(ListNotFound):
            read_list(path)


def test_a_truncated_workbook_or_document_is_refused(tmp_path: Path) -> None:
    book = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]})
    text = document(tmp_path / "l.docx", tbl([tc("维度"), tc("管控要求")]))
    for path in (book, text):
        path.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(ListBroken):
            read_list(path)


def test_another_archive_and_a_foreign_name_are_told(tmp_path: Path) -> None:
    other = tmp_path / "l.docx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(ListFormat):
        read_list(other)
    named = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]}).rename(tmp_path / "l.csv")
    reading = read_list(named)
    check_key_unit(reading)
    assert codes(reading)[0] == "LIST_EXTENSION"


def test_unsafe_archives_are_refused_before_they_are_read(tmp_path: Path) -> None:
    entity = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(ListUnsafe):
        read_list(document(tmp_path / "x.docx", p("1.甲。"), prologue=entity))
    with pytest.raises(ListUnsafe):
        read_list(document(tmp_path / "y.docx", p("1.甲。"), prologue="<!DOCTYPE d>"))
    book = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]})
    with pytest.raises(ListUnsafe):
        read_list(rewritten(book, "xl/worksheets/sheet1.xml", lambda xml: entity + xml))
    bomb = tmp_path / "bomb.docx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (40 * 2**20))
    with pytest.raises(ListUnsafe):
        read_list(bomb)
    climbing = tmp_path / "climb.docx"
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../word/document.xml", b"x")
    with pytest.raises(ListUnsafe):
        read_list(climbing)


def test_tables_of_absurd_size_are_refused(tmp_path: Path) -> None:
    wide = tbl([tc("维度"), tc("管控要求", 10**6)])
    with pytest.raises(ListTooLarge):
        read_list(document(tmp_path / "w.docx", wide))
    book = workbook(tmp_path / "l.xlsx", {"清单": [WIDE, KEY_UNIT]})
    far = '<row r="900000"><c r="A900000" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    with pytest.raises(ListTooLarge):
        read_list(rewritten(book, "xl/worksheets/sheet1.xml", lambda xml: xml.replace("</sheetData>", far)))
    deep = document(tmp_path / "deep.docx", "<w:ins>" * 3000 + p("1.甲。") + "</w:ins>" * 3000)
    with pytest.raises(ListBroken):
        read_list(deep)


def test_tables_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = document(tmp_path / "d.docx", p("前言"), tbl([tc("甲"), tc("乙")]), p(""), p("后记"))
    tables = read_tables(path)
    assert [(t.kind, t.sheet, t.start, t.heading) for t in tables] == [
        ("paragraphs", "正文", 1, ""), ("table", "表1", 1, "前言"), ("paragraphs", "正文", 2, ""),
    ]  # fmt: skip
    assert all(isinstance(t, Table) for t in tables)
    assert tables[2].rows[1][0].row == 3


def test_the_example_of_the_guide_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (Path(__file__).resolve().parent.parent / "docs/how-to/clause-lists.md").read_text("utf-8")
    lines = [line for line in guide.splitlines() if line.startswith("|")]
    table = [[c.strip().replace("<br>", "\n") for c in line.strip("|").split("|")] for line in lines[:3]]
    workbook(tmp_path / "示例清单.xlsx", {"清单": [table[0], table[2]]})
    monkeypatch.chdir(tmp_path)
    code, output = (guide.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("python", "text"))
    exec(code, {})  # noqa: S102, a reader would run it
    assert capsys.readouterr().out == output


def test_each_code_of_the_log_has_words_and_each_word_a_use() -> None:
    package = Path(lists.__file__).resolve().parent
    source = "".join((package / name).read_text("utf-8") for name in ("lists.py", "tables.py"))
    words = tomllib.loads((package.parent / "locale" / "lists.en.toml").read_text("utf-8"))
    assert [key for key in words if f'"{key}"' not in source] == []

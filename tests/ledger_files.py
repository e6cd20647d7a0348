"""Dirty ledgers for tests: what an office sends."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from sanxian.registry.intake_cells import Places
from sanxian.registry.intake_rows import Gazetteer

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
PLACES = {"63": "示例省", "6399": "示例市", "639901": "甲县", "639902": "乙回族自治县"}
KNOWN = Gazetteer(places=Places(PLACES), county_of=None, moved={"639911": "639901"})

HEADER = (
    "序号", "项目代码", "项目名称", "建设单位", "所属区县", "国民经济行业类别", "环评类别", "审批部门", "受理时间",
    "批复时间", "经度", "纬度", "总投资（万元）", "备注",
)  # fmt: skip


def row(number: int, **more: Any) -> list[Any]:
    """One clean row; ``more`` by header."""
    made = dict(
        zip(
            HEADER,
            (
                number, f"2601-639901-04-01-{number:06d}", f"示例项目{number}", f"示例公司{number % 7}", "甲县",
                "C2614 有机化学原料制造", "报告表", "示例市生态环境局", "2026-03-05", "", 100.05, 36.05, 1200, "",
            ),
            strict=True,
        )
    )  # fmt: skip
    assert more.keys() <= made.keys()
    return list({**made, **more}.values())


def write_csv(path: Path, rows: Sequence[Sequence[Any]], *, encoding: str = "gb18030") -> Path:
    """A ledger as CSV, with a title above the header."""
    with path.open("w", encoding=encoding, newline="") as file:
        write = csv.writer(file)
        write.writerows([["2026年环评台账（示例数据，非官方）"], HEADER, *rows])
    return path


def dirty_workbook(path: Path) -> Path:
    """Two sheets read, one of notes; title, header of two rows, merged, hidden, repeated header, totals, duplicates."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "2025年"
    sheet.append(["2025年度建设项目环评审批台账（示例数据，非官方）"])
    sheet.merge_cells("A1:M1")
    sheet.append(["单位：示例市生态环境局"])
    top = ["序号", "项目代码", "项目名称", "建设单位", "所属区县", "行业类别", "环评类别", "审批部门", "受理时间", "批复时间", "中心坐标", "", "备注"]  # fmt: skip
    sheet.append(top)
    sheet.append([*[""] * 10, "经度", "纬度", ""])
    for column in "ABCDEFGHIJM":
        sheet.merge_cells(f"{column}3:{column}4")
    sheet.merge_cells("K3:L3")
    lines = [
        [1, "2501-639901-04-01-000001", "甲化工项目(一期)", "甲公司", "甲县", "C2614", "报告书", "示例市生态环境局", "2025.3.5", 45800, "100°15′0″", "36°06′30″", ""],
        [2, "", "乙水泥项目", "乙公司", "639902", "水泥制造", "报告表", "示例省生态环境厅", "２０２５年３月６日", "2025/4/1", 36.15, 100.3, "经纬度颠倒"],
        [3, "", "丙项目", "丙公司", "乙县", "二十三、化学原料和化学制品制造业26；44 基础化学原料制造261", "登记表", "乙县分局", "见附件", "", "见附件", "", ""],
        ["合计", 3],
        top,
        [4, "", "丁畜禽养殖项目", "丁公司", "乙县", "畜禽养殖", "报告表", "乙县分局", 20250711, "", "E100.31", "N36.11", "隐藏行"],
        [5, "", "乙水泥项目", "乙公司", "639902", "水泥制造", "报告表", "示例省生态环境厅", "2025-03-06", "2025/4/1", 36.15, 100.3, "重复"],
        [6, "", "", "无名公司", "甲县", "", "报告表", "", "2025-05-05", "", 100.1, 36.1, ""],
        ["填表人：张三"],
    ]  # fmt: skip
    for line in lines:
        sheet.append(line)
    sheet.row_dimensions[10].hidden = True
    notes = book.create_sheet("说明")
    notes.append(["本表由各县填报"])
    second = book.create_sheet("2026年")
    second.append(["项目名称", "建设单位", "县（区）", "环评文件类型", "受理日期", "坐标（拐点）"])
    second.append(["戊项目", "戊公司", "甲县", "环境影响报告表", date(2026, 1, 5), "100.01,36.01;100.02,36.01;100.02,36.02"])  # fmt: skip
    second.append(["己项目", "己公司", "", "报告表", "2026年2月30日", "J1 100.05,36.05；J2 100.06,36.05；J3 100.06,36.06；J4 100.05,36.06"])  # fmt: skip
    second.append(["庚项目", "庚公司", "", "报告表", "2026-02-03", "东经100°3′0″，北纬36°3′0″"])
    second.merge_cells("C2:C3")
    book.save(path)
    return path

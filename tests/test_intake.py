"""Ledgers taken in: nothing lost, nothing doubled, whatever the file and whenever it is cut off."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import ledger_files as ledgers
from ledger_files import AT, KNOWN
from sanxian.errors import BadLedger, BadLedgerMapping
from sanxian.registry import Registry, audit, intake, intake_files, intake_mapping, projects
from sanxian.registry.intake import Taken, take_in
from sanxian.registry.projects import EVERYTHING, Registered
from sanxian.registry.tables import intake_row, project


def taken_from(registry: Registry, path: Path, **more: Any) -> Taken:
    ledger = intake_files.open_ledger(path)
    mapping = intake_mapping.propose(ledger)
    return take_in(registry, ledger, mapping, at=AT, by="测试", known=KNOWN, **more)


def rows_of(registry: Registry, number: int = 1) -> list[dict[str, Any]]:
    with registry.read() as connection:
        rows = connection.execute(
            sa.select(intake_row).where(intake_row.c.intake == number).order_by(intake_row.c.number)
        ).mappings()
        return [
            dict(row) | {"cells": json.loads(row["cells"]), "notes": json.loads(row["notes"])} for row in rows
        ]


def all_of(registry: Registry) -> list[Registered]:
    with registry.read() as connection:
        rows = connection.execute(sa.select(*projects.COLUMNS).order_by(project.c.id)).mappings()
        return [projects.registered(row) for row in rows]


def sound(registry: Registry) -> None:
    with registry.read() as connection:
        assert projects.tally_differences(connection) == 0
        assert audit.verify(connection).broken is None


# --- the file of an office -----------------------------------------------------------------------


def test_a_dirty_workbook_is_taken_in_and_every_row_accounted_for(registry: Registry, tmp_path: Path) -> None:
    done = taken_from(registry, ledgers.dirty_workbook(tmp_path / "台账.xlsx"))
    rows = rows_of(registry)
    assert Counter(row["state"] for row in rows) == {k: v for k, v in done.states.items() if v}
    assert [row["state"] for row in rows] == [
        "skipped", "skipped", "skipped", "skipped",  # title, unit, header of two rows
        "added", "added", "unplaced", "skipped", "skipped", "added", "same", "refused", "skipped",
        "skipped",  # the sheet of notes
        "skipped", "added", "added", "added",
    ]  # fmt: skip
    found = {one.name: one for one in all_of(registry)}
    assert list(found) == [
        "甲化工项目（一期）",
        "乙水泥项目",
        "丙项目",
        "丁畜禽养殖项目",
        "戊项目",
        "己项目",
        "庚项目",
    ]
    first = found["甲化工项目（一期）"]
    assert (first.code, first.industry, first.eia_class, first.region) == (
        "2501-639901-04-01-000001",
        "2614",
        "report",
        "639901",
    )
    assert (str(first.accepted_on), str(first.decided_on), first.status) == (
        "2025-03-05",
        "2025-05-23",
        "approved",
    )
    assert (first.west, first.south) == pytest.approx((100.25, 36 + 6.5 / 60))
    assert (found["乙水泥项目"].west, found["乙水泥项目"].authority_level) == (100.3, "province")
    third = found["丙项目"]
    assert (third.industry, third.eia_class, third.accepted_on, third.analysis) == (
        "261",
        "registration",
        None,
        "unplaced",
    )
    assert str(found["丁畜禽养殖项目"].accepted_on) == "2025-07-11"
    assert "LEDGER_HIDDEN" in {n["code"] for n in rows[9]["notes"]}
    assert (found["戊项目"].west, found["戊项目"].east) == (100.01, 100.02), (
        "the header says that they are corners"
    )
    plot = found["己项目"]
    assert (plot.west, plot.east, plot.accepted_on) == (100.05, 100.06, None)
    assert plot.region == "639901", "the cell of the county is merged over two rows"
    assert done.undated == 2
    sound(registry)


def test_every_cell_of_the_file_is_in_the_log(registry: Registry, tmp_path: Path) -> None:
    path = ledgers.dirty_workbook(tmp_path / "台账.xlsx")
    taken_from(registry, path)
    logged = Counter(str(value) for row in rows_of(registry) for value in row["cells"]["cells"].values())
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for line in sheet.iter_rows(values_only=True):
            for cell in line:
                if cell not in (None, ""):
                    shown = cell.date().isoformat() if hasattr(cell, "date") else str(cell)
                    assert logged[shown] > 0, cell
    out = tmp_path / "log.csv"
    with registry.read() as connection:
        intake.write_log(connection, 1, out)
    told = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert [row["state"] for row in told] == [row["state"] for row in rows_of(registry)]
    assert "没有项目名称" in told[11]["notes"]


def test_the_same_file_twice_doubles_nothing(registry: Registry, tmp_path: Path) -> None:
    path = ledgers.dirty_workbook(tmp_path / "台账.xlsx")
    first = taken_from(registry, path)
    before = all_of(registry)
    again = taken_from(registry, path)
    assert (again.again, again.intake, again.states) == (True, first.intake, first.states)
    anew = taken_from(registry, path, restart=True)
    assert anew.intake != first.intake
    assert (anew.states["added"], anew.states["unplaced"], anew.states["amended"]) == (0, 0, 0)
    assert all_of(registry) == before
    sound(registry)


def test_a_later_ledger_amends_and_erases_nothing(registry: Registry, tmp_path: Path) -> None:
    taken_from(registry, ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(1), ledgers.row(2)]))
    later = [
        ledgers.row(1, 批复时间="2026-04-01", 经度="", 纬度="", 建设单位=""),
        ledgers.row(2, 经度=100.06),
        ledgers.row(3, 项目代码="2601-639901-04-01-000001", 受理时间="2026-07-01"),
    ]
    done = taken_from(registry, ledgers.write_csv(tmp_path / "2.csv", later))
    assert {k: v for k, v in done.states.items() if v} == {"amended": 2, "added": 1, "skipped": 2}
    one, two, three = all_of(registry)
    assert (str(one.decided_on), one.status, one.proponent, one.west) == (
        "2026-04-01",
        "approved",
        "示例公司1",
        100.05,
    )
    assert (one.version, one.revision) == (1, 2), "the document is as it was"
    assert (two.west, two.version) == (100.06, 2)
    assert three.code == one.code, "one code, two applications: neither is lost"
    assert any(n["code"] == "LEDGER_CODE_SHARED" for row in rows_of(registry, 2) for n in row["notes"])
    sound(registry)


def test_what_a_row_is_does_not_drift_when_later_rows_change_it(registry: Registry, tmp_path: Path) -> None:
    """One code, and name and date change one after the other: by its last state the first row would be another project."""
    code = "2601-639901-04-01-000001"
    rows = [
        ledgers.row(1, 项目代码=code, 项目名称="甲项目", 受理时间="2026-03-05"),
        ledgers.row(2, 项目代码=code, 项目名称="甲项目", 受理时间="2026-04-05"),
        ledgers.row(3, 项目代码=code, 项目名称="乙项目", 受理时间="2026-04-05"),
    ]
    path = ledgers.write_csv(tmp_path / "1.csv", rows)
    taken_from(registry, path)
    assert len(all_of(registry)) == 1
    again = taken_from(registry, path, restart=True)
    assert again.states["added"] == 0
    assert len(all_of(registry)) == 1
    sound(registry)


def test_a_project_renamed_by_a_row_is_not_found_by_its_old_name(registry: Registry, tmp_path: Path) -> None:
    code = "2601-639901-04-01-000001"
    rows = [
        ledgers.row(7, 项目代码=code, 项目名称="甲项目"),
        ledgers.row(7, 项目代码=code, 项目名称="乙项目"),
        ledgers.row(7, 项目代码="", 项目名称="甲项目"),
    ]
    done = taken_from(registry, ledgers.write_csv(tmp_path / "1.csv", rows))
    assert {k: v for k, v in done.states.items() if v} == {"added": 2, "amended": 1, "skipped": 2}
    assert sorted(one.name for one in all_of(registry)) == ["乙项目", "甲项目"]


def test_a_better_place_is_not_replaced_by_a_ledgers(registry: Registry, tmp_path: Path) -> None:
    document = {
        "name": "示例项目1",
        "parts": [
            {"wkt": "POLYGON ((100.1 36.1, 100.11 36.1, 100.11 36.11, 100.1 36.1))", "crs": "EPSG:4490"}
        ],
    }
    stated = projects.Registration(code="2601-639901-04-01-000001")
    with registry.begin() as connection:
        projects.add(connection, document, stated, at=AT, by="测试", source="api")
    done = taken_from(registry, ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(1)]))
    assert done.states["amended"] == 1
    (one,) = all_of(registry)
    assert (one.west, one.east, one.proponent, str(one.accepted_on)) == (
        100.1,
        100.11,
        "示例公司1",
        "2026-03-05",
    )


def test_many_at_once_come_out_as_one_by_one(registry: Registry, tmp_path: Path) -> None:
    """The quick way of the intake writes what ``projects.add`` writes, to the byte."""
    taken_from(registry, ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(n) for n in range(1, 6)]))
    quick = all_of(registry)
    with registry.begin() as connection:
        documents = [
            json.loads(projects.version_of(connection, EVERYTHING, one.id).document) for one in quick
        ]
        slow = [
            projects.add(connection, document, one.registration, at=AT, by="测试", source=one.source)
            for document, one in zip(documents, quick, strict=True)
        ]

    def plain(one: Registered) -> dict[str, Any]:
        return {name: getattr(one, name) for name in Registered.__slots__ if name != "id"}

    assert list(map(plain, quick)) == list(map(plain, slow))
    tables = ("project_version", "project_part", "project_fact")
    with registry.read() as connection:
        for table in tables:
            held = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY project")).mappings().all()
            stripped = [{k: v for k, v in row.items() if k != "project"} for row in held]
            assert stripped[: len(stripped) // 2] == stripped[len(stripped) // 2 :]
        told = [e.detail for e in audit.entries(connection) if e.action == "project.add"][::-1]
        assert told[:5] == told[5:]
        if connection.dialect.name == "sqlite":
            for query in ("SELECT count(*) FROM project_place", "SELECT count(*) FROM project_search"):
                assert connection.exec_driver_sql(query).scalar_one() == 10
    sound(registry)


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("", "2601-639901-04-01-000001", "2601-639901-04-01-000002")),
            st.sampled_from(("", "甲项目", "乙项目", "合计", "=1+1")),
            st.sampled_from(("2026-03-05", "2026.4.1", "见附件", "")),
            st.sampled_from((100.05, "", "见附件", 36.05, 5)),
        ),
        max_size=12,
    )
)
def test_rows_are_neither_lost_nor_doubled_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[Any, ...]]
) -> None:
    from sanxian.registry import create_registry

    folder = tmp_path_factory.mktemp("rows")
    rows = [
        ledgers.row(n, 项目代码=code, 项目名称=name, 受理时间=day, 经度=lon)
        for n, (code, name, day, lon) in enumerate(lines, 1)
    ]
    registry = create_registry(folder / "r", now=AT)
    path = ledgers.write_csv(folder / "1.csv", rows)
    done = taken_from(registry, path)
    logged = rows_of(registry)
    assert len(logged) == len(rows) + 2 == done.rows
    registered = {row["project"] for row in logged if row["state"] in ("added", "unplaced")}
    assert registered == {one.id for one in all_of(registry)}
    assert all((row["project"] is not None) == (row["state"] not in ("refused", "skipped")) for row in logged)
    before = [(one.id, one.code, one.name) for one in all_of(registry)]
    again = taken_from(registry, path, restart=True)
    assert again.states["added"] + again.states["unplaced"] == 0
    assert [(one.id, one.code, one.name) for one in all_of(registry)] == before
    sound(registry)
    registry.close()


# --- cut off -------------------------------------------------------------------------------------

CHILD = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from ledger_files import AT, KNOWN
from sanxian.registry import open_registry, intake_files, intake_mapping
from sanxian.registry.intake import take_in
registry = open_registry(Path({folder!r}), url={url!r})
ledger = intake_files.open_ledger(Path({file!r}))
def progress(number):
    print(number, flush=True)
    if number > {die}:
        os.kill(os.getpid(), signal.SIGKILL)
take_in(registry, ledger, intake_mapping.propose(ledger), at=AT, by="测试", known=KNOWN, progress=progress)
"""


def test_an_import_killed_goes_on_where_it_stopped_and_repeats_nothing(
    database: Callable[[], str | None], tmp_path: Path
) -> None:
    from sanxian.registry import create_registry

    url = database()
    registry = create_registry(tmp_path / "r", now=AT, url=url)
    path = ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(n) for n in range(1, 1001)])
    code = CHILD.format(
        path=[str(Path(__file__).parent)], folder=str(tmp_path / "r"), url=url, file=str(path), die=400
    )
    child = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=dict(os.environ)
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    kept = int(child.stdout.split()[-1])
    assert 0 < kept < 1002
    assert len(rows_of(registry)) == kept
    done = taken_from(registry, path)
    assert (done.resumed_after, done.rows) == (kept, 1002)
    found = all_of(registry)
    assert sorted(one.code for one in found) == sorted(f"2601-639901-04-01-{n:06d}" for n in range(1, 1001))
    sound(registry)
    registry.close()


def test_an_import_stopped_in_the_middle_of_a_chunk_keeps_whole_chunks(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(n) for n in range(1, 601)])
    real, calls = intake._json, Counter[str]()

    def failing(value: Any) -> str:
        calls["n"] += 1
        if calls["n"] == 700:
            raise MemoryError
        return real(value)

    monkeypatch.setattr(intake, "_json", failing)
    with pytest.raises(MemoryError):
        taken_from(registry, path)
    assert len(rows_of(registry)) == 250
    assert len(all_of(registry)) == 248
    monkeypatch.undo()
    done = taken_from(registry, path)
    assert (done.resumed_after, done.states["added"], len(all_of(registry))) == (250, 600, 600)
    sound(registry)


def test_another_mapping_does_not_take_over_an_unfinished_import(registry: Registry, tmp_path: Path) -> None:
    path = ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(n) for n in range(1, 601)])
    ledger = intake_files.open_ledger(path)
    mapping = intake_mapping.propose(ledger)
    stops = iter((False, True))
    take_in(registry, ledger, mapping, at=AT, by="测试", known=KNOWN, stop=lambda: next(stops))
    from dataclasses import replace

    with pytest.raises(BadLedger) as refused:
        take_in(registry, ledger, replace(mapping, eia_class="report"), at=AT, by="测试", known=KNOWN)
    assert "1" in refused.value.text()
    done = take_in(registry, ledger, mapping, at=AT, by="测试", known=KNOWN)
    assert (done.states["added"], done.resumed_after) == (600, 250)


# --- mapping -------------------------------------------------------------------------------------


def test_a_mapping_written_and_read_back_is_the_same_and_takes_the_same_in(
    registry: Registry, tmp_path: Path
) -> None:
    path = ledgers.dirty_workbook(tmp_path / "台账.xlsx")
    ledger = intake_files.open_ledger(path)
    proposed = intake_mapping.propose(ledger)
    text = intake_mapping.to_toml(proposed, source=path.name)
    (tmp_path / "m.toml").write_text(text, "utf-8")
    read = intake_mapping.load(tmp_path / "m.toml")
    assert read.as_json() == proposed.as_json()
    assert all(f"# {column.reason['zh']}" in text for sheet in proposed.sheets for column in sheet.columns)
    assert [sheet.header_row for sheet in read.sheets] == [4, 0, 1]
    done = take_in(registry, ledger, read, at=AT, by="测试", known=KNOWN)
    assert done.states["added"] == 6


def test_a_mapping_serves_the_next_ledger_with_another_sheet_name_and_order(
    registry: Registry, tmp_path: Path
) -> None:
    ledger = intake_files.open_ledger(ledgers.dirty_workbook(tmp_path / "1.xlsx"))
    mapping = intake_mapping.propose(ledger)
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "2027年"
    sheet.append(["标题"])
    sheet.append(["坐标（拐点）", "受理日期", "环评文件类型", "县（区）", "建设单位", "项目名称"])
    sheet.append(["100.2,36.1", "2027-01-01", "报告书", "甲县", "辛公司", "辛项目"])
    book.save(tmp_path / "2.xlsx")
    take_in(registry, intake_files.open_ledger(tmp_path / "2.xlsx"), mapping, at=AT, by="测试", known=KNOWN)
    (one,) = all_of(registry)
    assert (one.name, one.proponent, one.eia_class, one.west) == ("辛项目", "辛公司", "report", 100.2)


def test_a_column_of_dates_without_saying_what_is_never_the_date_of_acceptance(tmp_path: Path) -> None:
    rows = [
        ["项目名称", "建设单位", "时间"],
        *([f"项目{n}", "公司", f"2026-03-{n:02d}"] for n in range(1, 20)),
    ]
    with (tmp_path / "1.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    mapping = intake_mapping.propose(intake_files.open_ledger(tmp_path / "1.csv"))
    column = mapping.sheets[0].columns[2]
    assert column.field == ""
    assert "accepted_on" in column.reason["zh"]
    assert "accepted_on" in column.reason["en"]


def test_a_header_of_two_rows_is_read_also_where_nothing_is_merged(
    registry: Registry, tmp_path: Path
) -> None:
    rows = [
        ["项目名称", "建设单位", "环评类别", "受理日期", "中心坐标", ""],
        ["", "", "", "", "经度", "纬度"],
        ["甲项目", "甲公司", "报告表", "2026-03-05", "100.1", "36.1"],
    ]
    with (tmp_path / "1.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    ledger = intake_files.open_ledger(tmp_path / "1.csv")
    (sheet,) = intake_mapping.propose(ledger).sheets
    assert sheet.header_row == 2
    assert [c.field for c in sheet.columns] == ["name", "proponent", "eia_class", "accepted_on", "lon", "lat"]
    taken_from(registry, tmp_path / "1.csv")
    (one,) = all_of(registry)
    assert (one.west, one.south) == (100.1, 36.1)


def test_a_column_is_known_by_what_stands_in_it(tmp_path: Path) -> None:
    rows = [
        ["项目名称", "建设单位", "甲", "乙"],
        *([f"项目{n}", "公司", "报告表", "100.1,36.1"] for n in range(20)),
    ]
    with (tmp_path / "1.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    mapping = intake_mapping.propose(intake_files.open_ledger(tmp_path / "1.csv"))
    assert [column.field for column in mapping.sheets[0].columns] == [
        "name",
        "proponent",
        "eia_class",
        "coordinates",
    ]
    assert "100%" in mapping.sheets[0].columns[2].reason["en"]


@pytest.mark.parametrize(
    "text",
    [
        "no toml", "version = 2", "version = 1", 'version = 1\n[[sheet]]\nname = ""\nheader_row = 1',
        'version = 1\nstrange = 1\n[[sheet]]\nname = ""\nheader_row = 0', "version = 1\nsheet = 3",
        'version = 1\n[[sheet]]\nname = ""\nheader_row = 1\n[[sheet.column]]\nheader = "a"\nfield = "nonsense"',
        'version = 1\n[[sheet]]\nname = ""\nheader_row = 1\n[[sheet.column]]\nheader = "a"\nfield = "name"\n[[sheet.column]]\nheader = "b"\nfield = "name"',
        'version = 1\n[defaults]\ncrs = "nonsense"\n[[sheet]]\nname = ""\nheader_row = 0',
        'version = 1\n[defaults]\neia_class = "x"\n[[sheet]]\nname = ""\nheader_row = 0',
    ],
)  # fmt: skip
def test_a_mapping_that_says_nothing_sensible_is_refused_in_both_languages(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.toml").write_text(text, "utf-8")
    with pytest.raises(BadLedgerMapping) as refused:
        intake_mapping.load(tmp_path / "m.toml")
    assert refused.value.text("zh-CN") != refused.value.text("en")


def test_a_mapping_of_another_ledger_is_refused_before_anything_is_written(
    registry: Registry, tmp_path: Path
) -> None:
    mapping = intake_mapping.propose(
        intake_files.open_ledger(ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(1)]))
    )
    (tmp_path / "2.csv").write_text("名称,单位\nA,B\n", "utf-8")
    with pytest.raises(BadLedgerMapping):
        take_in(
            registry, intake_files.open_ledger(tmp_path / "2.csv"), mapping, at=AT, by="测试", known=KNOWN
        )
    assert all_of(registry) == []


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_ledger_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = ledgers.write_csv(tmp_path / "1.csv", [ledgers.row(1, 备注="汉字𠮷")], encoding=encoding)
    ledger = intake_files.open_ledger(path)
    assert [line.cells[-1] for line in ledger.lines()][-1] == "汉字𠮷"


def test_days_of_a_workbook_that_counts_from_1904_are_read_by_its_own_calendar(
    registry: Registry, tmp_path: Path
) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet: Any = book.active
    sheet.append(["项目名称", "建设单位", "受理日期"])
    sheet.append(["甲项目", "甲公司", 44621])
    book.save(tmp_path / "1.xlsx")
    taken_from(registry, tmp_path / "1.xlsx")
    assert str(all_of(registry)[0].accepted_on) == "2026-03-02"


@pytest.mark.parametrize(
    "content",
    [b"", b"   ", b"%PDF-1.7", b"<html><table></table>", bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 99, b"PK\x03\x04broken", b"\xff\xff\xff\xfe\x81" * 9],
)  # fmt: skip
def test_what_is_no_ledger_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.xlsx").write_bytes(content)
    with pytest.raises(BadLedger) as refused:
        intake_files.open_ledger(tmp_path / "1.xlsx")
    assert "1.xlsx" in refused.value.text("zh-CN")
    with pytest.raises(BadLedger):
        intake_files.open_ledger(tmp_path / "none.csv")


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_workbook_is_refused_or_read_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    whole = bytearray(ledgers.dirty_workbook(folder / "1.xlsx").read_bytes())
    for place, byte in damage:
        whole[place % len(whole)] = byte
    (folder / "2.xlsx").write_bytes(whole)
    try:
        ledger = intake_files.open_ledger(folder / "2.xlsx")
        mapping = intake_mapping.propose(ledger)
        list(ledger.lines())
        intake_mapping.to_toml(mapping, source="2.xlsx")
    except BadLedger as error:
        assert error.text("en")


def test_a_workbook_with_a_doctype_is_refused(tmp_path: Path) -> None:
    path = ledgers.dirty_workbook(tmp_path / "1.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "2.xlsx", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = b'<!DOCTYPE a [<!ENTITY b "c">]>' + content
            target.writestr(name, content)
    with pytest.raises(BadLedger):
        intake_files.open_ledger(tmp_path / "2.xlsx")

"""The review workbook: what people fill in reaches the rules, everything else comes back as it was."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText

import sanxian
import strategies
from sanxian.clauses import sentences
from sanxian.clauses.files import encode, read_clauses, write_clauses
from sanxian.clauses.workbook import MAX_CELL, Applied, apply_workbook, write_workbook
from sanxian.errors import ClauseError, NotInstalled, OutputFailed, ReviewWorkbook
from sanxian.i18n import t

DEMO = Path(sanxian.__file__).parent / "data" / "demo"
TEXT = "黄河干流岸线一公里范围内，禁止新建、扩建化工项目；不得扩大现有产能。"
RULE: dict[str, Any] = {
    "id": "r1",
    "effect": "FORBID",
    "subject": {"nature": ["新建", "扩建"], "industry": ["C26"]},
    "when": {"distance": "river:黄河干流", "op": "<", "value": 1, "unit": "km"},
    "quote": [0, 24],
    "parts": [
        {"path": "effect", "at": [13, 15]},
        {"path": "subject.nature", "at": [15, 20]},
        {"path": "when", "at": [0, 12]},
    ],
}
ROWS: list[dict[str, Any]] = [
    {"id": "A-1", "number": "1-1", "level": "PROVINCE", "dimension": "SPATIAL", "text": TEXT, "rules": [RULE],
     "reading": {"confidence": 0.75, "doubts": ["no_such_code"], "residue": [[25, 33]]}},
    {"id": "A-2", "text": "新建项目应当安装在线监测，并编制应急预案。", "rules": [
        {"effect": "REQUIRE", "require": {"fact": "monitoring_online", "op": "is", "value": True}, "quote": [0, 12]},
        {"effect": "REQUIRE", "require": {"fact": "emergency_plan", "op": "is", "value": True}, "quote": [13, 20]},
    ]},
    {"id": "A-3", "text": "=HYPERLINK(\"x\") 推动绿色发展"},
]  # fmt: skip
CHANGED = RULE["when"] | {"value": 2}
Edit = Callable[[Any, dict[str, int], dict[tuple[str, int | None], int]], None]


def edited(
    folder: Path, edit: Edit, rows: list[dict[str, Any]] | None = None, lang: str = "zh-CN"
) -> tuple[Path, dict[str, int]]:
    """A workbook of ``rows`` after ``edit(sheet, column by key, line by (clause, rule))``."""
    path = folder / "review.xlsx"
    write_workbook(ROWS if rows is None else rows, path, lang=lang)
    book = openpyxl.load_workbook(path, rich_text=True)
    sheet = book[t("review.sheet.review", lang)]
    keys: dict[object, str] = {t(f"review.column.{k}", lang): k for k in ("clause", "rule", "text", "reading", "opinion", "edited", "by", "on", "note", "key", "quote", "state", "doubts")}  # fmt: skip
    columns: Any = {keys[c.value]: c.column for c in sheet[1] if c.value in keys}
    lines: Any = {
        (sheet.cell(r, columns["clause"]).value, sheet.cell(r, columns["rule"]).value): r
        for r in range(2, sheet.max_row + 1)
    }
    edit(sheet, columns, lines)
    book.save(path)
    return path, columns


def filled(**values: Any) -> Edit:
    """An edit that fills the line of rule 1 of A-1."""

    def edit(sheet: Any, columns: dict[str, int], lines: dict[tuple[str, int | None], int]) -> None:
        for key, value in ({"by": "张三", "on": date(2026, 11, 24)} | values).items():
            sheet.cell(lines["A-1", 1], columns[key]).value = value

    return edit


def applied(folder: Path, edit: Edit, rows: list[dict[str, Any]] | None = None) -> Applied:
    path, _ = edited(folder, edit, rows)
    return apply_workbook(ROWS if rows is None else rows, path)


def rule_of(result: Applied, clause: str = "A-1", place: int = 0) -> Mapping[str, Any]:
    rule: Mapping[str, Any] = next(row for row in result.rows if row["id"] == clause)["rules"][place]
    return rule


def nothing(sheet: Any, columns: dict[str, int], lines: Any) -> None:
    """No edit."""


# --- the workbook ----------------------------------------------------------------------------------


def test_the_workbook_says_what_a_reviewer_needs(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    write_workbook(ROWS, path)
    book = openpyxl.load_workbook(path, rich_text=True)
    assert book.sheetnames == ["条款审核", "说明", "_sanxian"]
    assert [s.sheet_state for s in book.worksheets] == ["visible", "visible", "hidden"]
    sheet = book["条款审核"]
    lines = [
        dict(zip([c.value for c in sheet[1]], [c.value for c in row], strict=True))
        for row in sheet.iter_rows(min_row=2)
    ]
    assert [(line["条款编号"], line["规则序号"]) for line in lines] == [
        ("A-1", 1),
        ("A-2", 1),
        ("A-2", 2),
        ("A-3", None),
    ]
    first = lines[0]
    assert first["机器读法"] == first["修改后的读法"] == sentences.sentence(RULE)
    assert first["引文"] == TEXT[:24]
    assert (first["层级"], first["维度"], first["编号"]) == ("省", "空间布局约束", "1-1")
    assert first["可信度"] == 0.75
    assert first["存疑"] == "no_such_code"  # no words for the code: the code itself
    assert first["现状"] == "草稿"
    assert lines[3]["机器读法"] == "未读出规则，转人工"
    assert lines[3]["修改后的读法"] is None
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:Q5"
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == '"接受,修改,驳回"'
    assert str(validation.sqref) == "L2:L5"
    assert all(sheet.column_dimensions[c].width > 5 for c in "ABCDEFGHIJKLMNOPQ")
    assert sheet["F2"].alignment.wrap_text
    assert "怎样审核" in [row[0].value for row in book["说明"].iter_rows()]


def test_words_no_rule_rests_on_are_marked_in_the_text(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    write_workbook(ROWS, path)
    text = openpyxl.load_workbook(path, rich_text=True)["条款审核"]["F2"].value
    assert isinstance(text, CellRichText)
    assert str(text) == TEXT
    marked = {str(block): block.font for block in text if not isinstance(block, str)}
    residue = marked[TEXT[25:33]]
    assert residue.color is not None
    assert (residue.color.rgb, residue.u) == ("FFC00000", "single")
    unread = [block for block, font in marked.items() if font.b and font.color is not None]
    assert unread == ["化工"]  # in the quote, but no part of the rule rests on it; 项目 asks no reading
    assert [block for block, font in marked.items() if font.b and font.color is None] == [TEXT[:20], "项目"]


def test_text_stays_text_whatever_it_looks_like(tmp_path: Path) -> None:
    odd = ["=1+1", "+1", "-1", "@SUM(A1)", "#REF!", "'x", "\t=1", "2026-01-01", "1-1", "=", "_x0041_"]
    rows: list[dict[str, Any]] = [
        {"id": f"{text}{i}", "number": text, "text": text, "dimension_label": text}
        for i, text in enumerate(odd)
    ]
    path = tmp_path / "review.xlsx"
    write_workbook(rows, path)
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b'<c r="A2" s="' in sheet
    read = openpyxl.load_workbook(path)["条款审核"]
    for line, text in enumerate(odd, 2):
        for column in "ACEF":
            assert read[f"{column}{line}"].data_type == "s"
        assert read[f"F{line}"].value == text.replace("_x", "_x005F_x")
        assert bool(read[f"F{line}"].quotePrefix) == text.startswith(("=", "+", "-", "@", "'", "\t"))
        assert read[f"A{line}"].number_format == "@"
    result = apply_workbook(rows, path)
    assert (result.problems, result.untouched) == ((), len(odd))


def test_long_texts_are_cut_in_the_cell_and_nowhere_else(tmp_path: Path) -> None:
    long = "😀" * 40_000 + "尾"
    rule = RULE | {"when": {"matter": "长" * 40_000}, "quote": [0, 5], "parts": []}
    rows: list[dict[str, Any]] = [
        {"id": "L" * 40_000, "text": long, "rules": [rule]},
        {"id": "M", "text": long, "reading": {"residue": [[0, 2]]}},
    ]
    path = tmp_path / "review.xlsx"
    write_workbook(rows, path)
    sheet = openpyxl.load_workbook(path)["条款审核"]
    for cell in ("A2", "F2", "F3", "H2", "M2"):
        value = sheet[cell].value
        assert len(value.encode("utf-16-le")) // 2 <= MAX_CELL
        assert len(value.encode("utf-16-le")) // 2 > MAX_CELL - 3
        assert "此处截断" in value
    result = apply_workbook(rows, path)
    assert result.problems == ()
    assert all(after is before for after, before in zip(result.rows, rows, strict=True))


def test_english_headers_and_notes_apply_too(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        for key, value in {"opinion": "Accept", "by": "Li", "on": "2026-11-24"}.items():
            sheet.cell(lines["A-1", 1], columns[key]).value = value

    path, _ = edited(tmp_path, edit, lang="en")
    result = apply_workbook(ROWS, path)
    assert (result.accepted, result.problems) == (1, ())
    notes = [row[0].value for row in openpyxl.load_workbook(path)["Notes"].iter_rows()]
    assert "怎样审核" in notes
    assert "How to review" in notes


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    write_workbook(ROWS, path)
    first = path.read_bytes()
    time.sleep(2.1)  # zip files count in steps of two seconds
    write_workbook([dict(reversed(row.items())) for row in ROWS], path)
    assert path.read_bytes() == first


CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from(
    "\x00\x07\r\n\t\x0b\ud800\uffff\x85\u2028😀_x0=+-@'\"<&"
)
TEXTS = st.text(CHARACTERS, max_size=12) | st.sampled_from(
    ("_x000D_", "=cmd|'/c calc'!A1", "]]>", "\r\n", " x ")
)
REVIEWABLE = st.lists(
    st.fixed_dictionaries(
        {"id": TEXTS.filter(str.strip), "text": TEXTS},
        optional={
            "number": TEXTS, "dimension_label": TEXTS, "level": TEXTS, "rules": st.lists(strategies.rules() | st.just({"effect": "BAD"}), max_size=2),
            "reading": st.fixed_dictionaries({"doubts": st.lists(TEXTS, max_size=2), "residue": st.lists(st.lists(st.integers(-1, 12), min_size=2, max_size=2), max_size=2), "confidence": st.floats(0, 1)}),
        },
    ),
    unique_by=lambda row: str(row["id"]),
    max_size=3,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(REVIEWABLE, st.booleans())
def test_a_workbook_nobody_filled_in_changes_no_byte(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], saved_again: bool
) -> None:
    folder = tmp_path_factory.mktemp("review")
    path = folder / "review.xlsx"
    write_workbook(rows, path)
    if saved_again:
        book = openpyxl.load_workbook(path)
        book.save(path)
    write_clauses(folder / "before.jsonl", rows)
    result = apply_workbook(rows, path)
    write_clauses(folder / "after.jsonl", result.rows)
    assert result.problems == ()
    assert result.untouched == sum(len(row.get("rules", ())) or 1 for row in rows)
    assert (folder / "after.jsonl").read_bytes() == (folder / "before.jsonl").read_bytes()


def test_the_demo_list_can_be_accepted_as_a_whole(tmp_path: Path) -> None:
    rows = read_clauses(DEMO / "clauses_local.yaml")

    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        for line in lines.values():
            for key, value in {"opinion": "接受", "by": "审核人", "on": "2026-11-24"}.items():
                sheet.cell(line, columns[key]).value = value

    result = applied(tmp_path, edit, rows)
    rules = [rule for row in result.rows for rule in row.get("rules", ())]
    assert result.problems == ()
    assert result.accepted == len(rules) > 100
    assert result.left == sum(not row.get("rules") for row in rows)
    assert all(rule["review"] == {"state": "reviewed", "by": "审核人", "on": "2026-11-24"} for rule in rules)


# --- opinions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 24), datetime.fromisoformat("2026-11-24T09:30"), "2026-11-24", "2026/11/24", "2026年11月24日", " 2026-11-24 ",
        "2026.11.24",
    ],
)  # fmt: skip
def test_an_accepted_rule_is_reviewed_by_whom_and_when(tmp_path: Path, day: object) -> None:
    result = applied(tmp_path, filled(opinion="接受", on=day, note="见会议纪要"))
    assert rule_of(result) == RULE | {
        "review": {"state": "reviewed", "by": "张三", "on": "2026-11-24", "note": "见会议纪要"}
    }
    assert (result.accepted, result.untouched, result.problems) == (1, 3, ())
    assert result.rows[1] is ROWS[1]
    assert "review" not in RULE


def test_a_rejected_rule_says_so(tmp_path: Path) -> None:
    result = applied(tmp_path, filled(opinion="驳回"))
    assert rule_of(result)["review"] == {"state": "rejected", "by": "张三", "on": "2026-11-24"}
    assert result.rejected == 1


def test_a_changed_sentence_becomes_the_rule_and_keeps_what_still_holds(tmp_path: Path) -> None:
    sentence = sentences.sentence(RULE | {"when": CHANGED})
    result = applied(tmp_path, filled(opinion="修改", edited=sentence))
    new = dict(rule_of(result))
    assert new["when"] == CHANGED
    assert new["quote"] == RULE["quote"]
    assert new["id"] == "r1"
    assert new["parts"] == RULE["parts"][:2]  # the condition is another one now
    assert new["review"] == {"state": "reviewed", "by": "张三", "on": "2026-11-24"}
    assert (result.changed, result.problems) == (1, ())


def test_a_person_gives_a_rule_to_a_clause_without_one(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        for key, value in {
            "opinion": "修改",
            "edited": "鼓励所有项目。",
            "by": "张三",
            "on": "2026-11-24",
        }.items():
            sheet.cell(lines["A-3", None], columns[key]).value = value

    result = applied(tmp_path, edit)
    assert result.problems == ()
    assert rule_of(result, "A-3") == {
        "effect": "ENCOURAGE",
        "quote": [0, len(ROWS[2]["text"])],
        "review": {"state": "reviewed", "by": "张三", "on": "2026-11-24"},
    }


def test_a_clause_without_rule_may_be_left_to_persons(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        for key, value in {"opinion": "接受", "by": "张三", "on": "2026-11-24"}.items():
            sheet.cell(lines["A-3", None], columns[key]).value = value

    result = applied(tmp_path, edit)
    assert (result.left, result.problems) == (1, ())
    assert result.rows[2] is ROWS[2]


def test_several_rules_of_one_clause_are_decided_one_by_one(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        for place, opinion in ((1, "驳回"), (2, "接受")):
            for key, value in {"opinion": opinion, "by": "甲", "on": "2026-11-24"}.items():
                sheet.cell(lines["A-2", place], columns[key]).value = value

    result = applied(tmp_path, edit)
    assert [rule["review"]["state"] for rule in result.rows[1]["rules"]] == ["rejected", "reviewed"]


def test_applying_the_same_workbook_again_changes_nothing_more(tmp_path: Path) -> None:
    path, _ = edited(tmp_path, filled(opinion="修改", edited=sentences.sentence(RULE | {"when": CHANGED})))
    once = apply_workbook(ROWS, path)
    twice = apply_workbook(once.rows, path)
    assert twice.problems == ()
    assert [encode(row) for row in twice.rows] == [encode(row) for row in once.rows]


# --- what does not count -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "code", "column"),
    [
        ({"opinion": "同意"}, "opinion", "opinion"),
        ({"opinion": "接受", "by": None}, "no_reviewer", "by"),
        ({"opinion": "接受", "by": "  "}, "no_reviewer", "by"),
        ({"opinion": "接受", "on": None}, "no_date", "on"),
        ({"opinion": "接受", "on": "昨天"}, "bad_date", "on"),
        ({"opinion": "接受", "on": "2026-02-30"}, "bad_date", "on"),
        ({"opinion": "接受", "on": True}, "bad_date", "on"),
        ({"opinion": "接受", "on": "2026-11/24"}, "bad_date", "on"),
        ({"edited": "别的话"}, "edited_only", "edited"),
        ({"note": "请再看"}, "note_only", "note"),
        ({"opinion": "接受", "edited": "鼓励所有项目。"}, "accept_edited", "edited"),
        ({"opinion": "修改"}, "not_edited", "edited"),
        ({"opinion": "修改", "edited": None}, "no_sentence", "edited"),
        ({"opinion": "修改", "edited": "一句谁也读不懂的话"}, "sentence", "edited"),
        ({"opinion": "接受", "clause": "A-2"}, "mixed", "key"),
        ({"opinion": "接受", "rule": 2}, "mixed", "key"),
        ({"opinion": "接受", "key": "0123456789abcdef"}, "unknown_line", "key"),
        ({"opinion": "接受", "key": None}, "unknown_line", "key"),
    ],
)  # fmt: skip
def test_a_line_with_a_problem_is_named_and_changes_nothing(
    tmp_path: Path, values: dict[str, Any], code: str, column: str
) -> None:
    path, columns = edited(tmp_path, filled(**values))
    result = apply_workbook(ROWS, path)
    problem = result.problems[0]
    assert problem.code == code
    assert problem.cell == f"条款审核!{openpyxl.utils.get_column_letter(columns[column])}2"
    assert problem.zh
    assert problem.en.isascii() or code in ("opinion", "bad_date", "sentence")
    assert problem.text("en").startswith(problem.cell)
    assert all(after is before for after, before in zip(result.rows, ROWS, strict=True))
    gone = [p.code for p in result.problems[1:]]
    assert gone == (["gone"] if code == "unknown_line" else [])


def test_a_changed_rule_must_follow_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "read_sentence", lambda _: {"effect": "FORBID", "until": "2026-01-01"})
    result = applied(tmp_path, filled(opinion="修改", edited="任何话"))
    assert [p.code for p in result.problems] == ["broken"]
    assert "until" in result.problems[0].zh
    assert result.rows[0] is ROWS[0]


def test_a_broken_rule_cannot_be_accepted_but_rejected_or_replaced(tmp_path: Path) -> None:
    rows = [{"id": "A-1", "text": TEXT, "rules": [{"effect": "FORBID", "when": {"fact": "nonsense"}}]}]
    assert [p.code for p in applied(tmp_path, filled(opinion="接受"), rows).problems] == ["broken"]
    assert applied(tmp_path, filled(opinion="驳回"), rows).rejected == 1
    result = applied(tmp_path, filled(opinion="修改", edited="鼓励所有项目。"), rows)
    assert rule_of(result)["effect"] == "ENCOURAGE"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([ROWS[0] | {"text": TEXT + "改"}, *ROWS[1:]], "text_changed"),
        ([ROWS[0] | {"rules": [RULE | {"strength": "soft"}]}, *ROWS[1:]], "rule_changed"),
        ([ROWS[0] | {"rules": []}, *ROWS[1:]], "rule_changed"),
        (ROWS[1:], "unknown_clause"),
    ],
)
def test_an_opinion_about_what_has_changed_since_does_not_count(
    tmp_path: Path, rows: list[dict[str, Any]], code: str
) -> None:
    path, _ = edited(tmp_path, filled(opinion="接受"))
    result = apply_workbook(rows, path)
    assert [p.code for p in result.problems] == [code]
    assert all(after is before for after, before in zip(result.rows, rows, strict=True))


def test_a_line_given_twice_counts_not_at_all(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        filled(opinion="接受")(sheet, columns, lines)
        for cell in sheet[2]:
            sheet.cell(9, cell.column).value = cell.value

    result = applied(tmp_path, edit)
    assert [(p.code, p.cell) for p in result.problems] == [
        ("duplicate", "条款审核!Q2"),
        ("duplicate", "条款审核!Q9"),
    ]
    assert result.rows[0] is ROWS[0]


def test_a_deleted_line_is_missed(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        filled(opinion="接受")(sheet, columns, lines)
        sheet.delete_rows(lines["A-2", 2])

    result = applied(tmp_path, edit)
    assert [(p.code, p.clause, p.rule) for p in result.problems] == [("gone", "A-2", 2)]
    assert result.accepted == 1


def test_lines_and_columns_may_be_moved_and_added(tmp_path: Path) -> None:
    def edit(sheet: Any, columns: dict[str, int], lines: Any) -> None:
        filled(opinion="接受")(sheet, columns, lines)
        body = [[cell.value for cell in row] for row in sheet.iter_rows()]
        head, *rest = body
        rest.reverse()
        order = list(reversed(range(len(head))))
        order.remove(columns["doubts"] - 1)
        sheet.delete_rows(1, sheet.max_row)
        sheet.cell(1, 1).value = "某市条款审核表"
        for row, values in enumerate([head, [], *rest], 3):
            sheet.cell(row, 1).value = "我的列" if row == 3 else "x"
            for column, source in enumerate(order, 2):
                if values:
                    sheet.cell(row, column).value = values[source]
            sheet.row_dimensions[row].hidden = row % 2 == 0
        sheet.title = "改名"

    result = applied(tmp_path, edit)
    assert result.problems == ()
    assert (result.accepted, result.untouched) == (1, 3)
    assert rule_of(result)["review"]["by"] == "张三"


def test_escapes_of_excel_in_what_people_typed_are_undone(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "A-1", "text": TEXT, "rules": [RULE | {"when": {"matter": "_x0041_"}, "parts": []}]}
    ]
    sentence = sentences.sentence(rows[0]["rules"][0] | {"strength": "principle"})
    result = applied(
        tmp_path, filled(opinion="修改", edited=sentence.replace("_x", "_x005F_x"), by="张_x000D_"), rows
    )
    assert rule_of(result)["when"] == {"matter": "_x0041_"}
    assert rule_of(result)["review"]["by"] == "张"


def test_a_character_a_cell_cannot_hold_survives_a_changed_sentence(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "A-1", "text": TEXT, "rules": [RULE | {"when": {"matter": "铃\x07声□"}, "parts": []}]}
    ]
    sentence = sentences.sentence(rows[0]["rules"][0] | {"strength": "principle"})
    result = applied(tmp_path, filled(opinion="修改", edited=sentence), rows)
    assert (rule_of(result)["when"], rule_of(result)["strength"]) == ({"matter": "铃\x07声□"}, "principle")


# --- files that are no review workbook ---------------------------------------------------------------


def _plain(path: Path) -> None:
    openpyxl.Workbook().save(path)


def _no_column(path: Path) -> None:
    write_workbook(ROWS, path)
    book = openpyxl.load_workbook(path)
    book["条款审核"].delete_cols(17)
    book.save(path)


def _two_columns(path: Path) -> None:
    write_workbook(ROWS, path)
    book = openpyxl.load_workbook(path)
    book["条款审核"]["R1"] = "意见"
    book.save(path)


def _altered(path: Path) -> None:
    write_workbook(ROWS, path)
    book = openpyxl.load_workbook(path)
    book["_sanxian"]["B1"] = book["_sanxian"]["B1"].value.replace("FORBID", "ALLOW")
    book.save(path)


def _entities(path: Path) -> None:
    write_workbook(ROWS, path)
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(
        b"<workbook", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook', 1
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, content in members.items():
            book.writestr(name, content)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_plain, "_sanxian"), (_no_column, "表头"), (_two_columns, "重复"), (_altered, "改过"), (_entities, "实体"),
        (lambda path: path.write_bytes(b"no"), "损坏"), (lambda _: None, "打不开|损坏|没有这个文件"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_review_workbook_is_refused(
    tmp_path: Path, make: Callable[[Path], object], word: str
) -> None:
    path = tmp_path / "review.xlsx"
    make(path)
    with pytest.raises(ReviewWorkbook, match=word):
        apply_workbook(ROWS, path)


def test_ids_must_be_of_one_clause_each(tmp_path: Path) -> None:
    with pytest.raises(ClauseError, match="A-1"):
        write_workbook([ROWS[0], ROWS[0]], tmp_path / "x.xlsx")
    path, _ = edited(tmp_path, nothing)
    with pytest.raises(ClauseError, match="A-1"):
        apply_workbook([ROWS[0], ROWS[0]], path)


def test_a_workbook_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed):
        write_workbook(ROWS, tmp_path / "none" / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_without_openpyxl_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(NotInstalled):
        write_workbook(ROWS, tmp_path / "x.xlsx")
    with pytest.raises(NotInstalled):
        apply_workbook(ROWS, tmp_path / "x.xlsx")

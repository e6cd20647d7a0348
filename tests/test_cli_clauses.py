"""The commands for access lists on whole commands: what goes in comes out, and every refusal is one clear error."""

from __future__ import annotations

import csv
import errno
import gc
import io
import json
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command_line import CHINESE, Ran, Run, both_languages
from sample_edition import sample_edition
from sanxian.clauses import files, intake, sentences
from sanxian.edition import write_edition
from sanxian.model import Clause, Dimension, Level, Scope
from sanxian.rules import check

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "examples" / "lists" / "unit-list.csv"
IDS = [
    "ZH63010220001-S-1", "ZH63010220001-S-2", "ZH63010220001-E-u1", "ZH63010220001-R-u1", "ZH63010220001-U-u1",
    "ZH63010220002-S-1", "ZH63010220002-S-2", "ZH63010220002-E-u1", "ZH63010220002-R-u1", "ZH63010220002-U-u1",
    "ZH63010310001-S-u1", "ZH63010310001-E-u1", "ZH63010310001-U-u1",
]  # fmt: skip
BAN = "禁止新建炼焦项目。"
BANNED = {"effect": "FORBID", "strength": "strict", "subject": {"nature": ["新建"], "industry": ["2521"]}}
AS_OF = ("--as-of", "2026-09-01")
LANGS = pytest.mark.parametrize("lang", ["zh-CN", "en"])
Row = dict[str, Any]


def read(path: str | Path) -> list[Row]:
    """The rows of a .jsonl, without the reader under test."""
    return [json.loads(line) for line in Path(path).read_bytes().decode("utf-8").split("\n")[:-1]]


def write(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(path).write_bytes(text.encode("utf-8"))


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in rows}


def draft(**more: Any) -> Row:
    """A clause with one rule a person would accept."""
    rules = [{**BANNED, "quote": [0, 8]}]
    whole = {"number": "1", "level": "PROVINCE", "dimension": "SPATIAL", "scope": {"everywhere": True}}
    return {"id": "A", "text": BAN, "document": "", "rules": rules, **whole, **more}


@pytest.fixture
def parsed(sanxian: Run) -> list[Row]:
    """The rows of the example list; the file is ``list.jsonl``."""
    assert sanxian("clauses", "parse", LIST, "--out", "list.jsonl").status == 0
    return read("list.jsonl")


@pytest.fixture
def parse(sanxian: Run) -> Callable[[bytes], list[Row]]:
    """Parse the bytes of a .jsonl and return what came out."""

    def run(content: bytes) -> list[Row]:
        Path("in.jsonl").write_bytes(content)
        ran = sanxian("clauses", "parse", "in.jsonl", "--out", "out.jsonl")
        assert ran.status == 0, ran.err
        return read("out.jsonl")

    return run


def workbook(path: str | Path, table: Iterable[Iterable[str]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in table:
        sheet.append(list(row))
    book.save(path)


# --- what the documents show -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_commands_of_the_readme_run_as_they_stand(sanxian: Run, sample: Path, name: str) -> None:
    lines = [s for s in (ROOT / name).read_text("utf-8").splitlines() if s.startswith("sanxian clauses ")]
    assert [line.split()[2] for line in lines] == ["parse", "review", "lint"]
    Path("examples").symlink_to(ROOT / "examples")
    Path("out").mkdir()
    shutil.copy(sample, "out/qinghai-demo-2026.gpkg")  # the units of the list are of another place
    assert [sanxian(*shlex.split(line)[1:]).status for line in lines] == [0, 0, 1]
    assert {p.name for p in Path("out").iterdir()} >= {"list.jsonl", "review.xlsx"}


def test_the_example_of_the_guide_gives_the_clauses_it_shows(sanxian: Run) -> None:
    guide = (ROOT / "docs" / "how-to" / "clause-lists.md").read_text("utf-8")
    table = [line.strip("| ").split(" | ") for line in guide.splitlines() if line.startswith("| ")]
    head = next(i for i, cells in enumerate(table) if cells[0] == "环境管控单元编码")
    workbook("示例清单.xlsx", [table[head], [cell.replace("<br>", "\n") for cell in table[head + 1]]])
    ran = sanxian("clauses", "parse", "示例清单.xlsx", "--out", "x.jsonl", "--document", "LIST-2026")
    assert ran.status == 0
    made = read("x.jsonl")
    shown = guide.split("```text\n")[1].splitlines()
    assert [f"{r['id']} {r['number']} {r['text']} {r['scope']}" for r in made] == shown[:4]
    assert {row["document"] for row in made} == {"LIST-2026"}
    assert "读取的列：环境管控单元编码→code" in ran.err


@pytest.mark.parametrize("command", ["parse", "review", "export", "lint", "compose"])
@LANGS
def test_the_help_of_each_command_shows_how_to_call_it(sanxian: Run, command: str, lang: str) -> None:
    ran = sanxian("clauses", command, "--help", environ={"SANXIAN_LANG": lang})
    assert ran.status == 0
    assert f"sanxian clauses {command} " in ran.out and CHINESE.search(ran.out) and "/" in ran.out


def test_no_command_shows_the_five(sanxian: Run) -> None:
    ran = sanxian("clauses")
    assert ran.status == 2
    assert all(name in ran.out for name in ("parse", "review", "export", "lint", "compose"))


# --- parse -------------------------------------------------------------------------------------------


def test_a_list_becomes_draft_rules(sanxian: Run) -> None:
    ran = sanxian("clauses", "parse", LIST, "--out", "list.jsonl")
    assert (ran.status, ran.out) == (0, "")
    made = read("list.jsonl")
    assert [row["id"] for row in made] == IDS
    rules = [(row, rule) for row in made for rule in row["rules"]]
    assert f"读入 {len(made)} 条，得规则草案 {len(rules)} 条；0 条没有读出规则" in ran.err
    assert "unit-list.csv R5C6" in ran.err and "“—”" in ran.err  # the cell that is no clause
    assert ran.lines[-1] == "已写入 list.jsonl"
    assert [p.name for p in Path().iterdir()] == ["list.jsonl"]
    cells = "".join(itertext(LIST))
    assert all(row["text"] in cells for row in made)
    assert all(row["scope"] == {"units": [row["id"][:13]]} and row["level"] == "UNIT" for row in made)
    for row, rule in rules:
        check(rule, text=row["text"])
        assert "review" not in rule  # a draft: nothing but a person makes it decide
        start, end = rule["quote"]
        assert 0 <= start < end <= len(row["text"])
    forbid, leave = by_id(made)["ZH63010220001-S-2"]["rules"]
    assert (forbid["effect"], forbid["subject"]) == (
        "FORBID",
        {"nature": ["新建", "扩建"], "industry": ["26"]},
    )
    assert (leave["effect"], leave["until"]) == ("EXIT", "2027-12-31")


def itertext(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="") as content:
        for row in csv.reader(content):
            yield from row


@LANGS
def test_the_tally_is_said_in_the_chosen_language(sanxian: Run, lang: str) -> None:
    ran = sanxian("clauses", "parse", LIST, "--out", "x.jsonl", environ={"SANXIAN_LANG": lang})
    words = {"zh-CN": "读入 13 条", "en": "13 clauses read, 16 draft rules; 0 clauses have none"}
    assert words[lang] in ran.err
    assert any("建设性质是推断的" in s or "kind of construction is inferred" in s for s in ran.lines)


def test_csv_excel_and_lines_of_json_give_the_same_rules(sanxian: Run, parsed: list[Row]) -> None:
    with LIST.open(encoding="utf-8-sig", newline="") as content:
        workbook("list.xlsx", csv.reader(content))
    assert sanxian("clauses", "parse", "list.xlsx", "--out", "excel.jsonl").status == 0
    write("plain.jsonl", [{"id": row["id"], "text": row["text"]} for row in parsed])
    assert sanxian("clauses", "parse", "plain.jsonl", "--out", "lines.jsonl").status == 0
    for name in ("json", "yaml"):
        assert sanxian("clauses", "export", "plain.jsonl", "--out", f"plain.{name}").status == 0
        assert sanxian("clauses", "parse", f"plain.{name}", "--out", f"{name}.jsonl").status == 0
    for name in ("excel", "lines", "json", "yaml"):
        made = read(f"{name}.jsonl")
        assert [(r["id"], r["text"], r["rules"], r["reading"]) for r in made] == [
            (r["id"], r["text"], r["rules"], r["reading"]) for r in parsed
        ]


def test_a_command_leaves_the_collector_as_it_was(parse: Callable[[bytes], list[Row]]) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    parse(b'{"id": "a", "text": "x"}\n')
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_an_id_and_a_text_are_enough(parse: Callable[[bytes], list[Row]]) -> None:
    (row,) = parse(json.dumps({"id": "A", "text": BAN}).encode() + b"\n")
    assert list(row) == ["id", "text", "rules", "reading"]
    (rule,) = row["rules"]
    assert {key: rule[key] for key in BANNED} == BANNED
    assert rule["quote"] == [0, 8]
    assert row["reading"] == {"confidence": 1.0, "doubts": [], "residue": []}


def test_the_same_text_gives_the_same_bytes_and_reading_again_changes_nothing(
    sanxian: Run, parsed: list[Row]
) -> None:
    before = Path("list.jsonl").read_bytes()
    assert sanxian("clauses", "parse", LIST, "--out", "again.jsonl").status == 0
    assert Path("again.jsonl").read_bytes() == before
    assert sanxian("clauses", "parse", "list.jsonl", "--out", "list.jsonl").status == 0  # onto itself
    assert Path("list.jsonl").read_bytes() == before


def test_what_people_decided_and_what_others_wrote_stays(parse: Callable[[bytes], list[Row]]) -> None:
    own = {"effect": "ALLOW", "quote": [0, 2]}
    rows = [
        draft(id=state, rules=[own, {**own, "review": {"state": state}}], source={"page": 3}, ours="x")
        for state in ("reviewed", "rejected", "draft")
    ]
    made = parse("".join(json.dumps(row) + "\n" for row in rows).encode())
    assert made[:2] == rows[:2]
    assert [rule["effect"] for rule in made[2]["rules"]] == ["FORBID"]  # a draft is read again
    assert (made[2]["source"], made[2]["ours"]) == ({"page": 3}, "x")


@pytest.mark.parametrize(
    ("scope", "made"), [("everywhere", {"everywhere": True}), ("regions=6328,6329", {"regions": ["6328", "6329"]})]
)  # fmt: skip
def test_what_a_list_does_not_state_is_given_by_options(sanxian: Run, scope: str, made: Row) -> None:
    workbook("plain.xlsx", [["维度", "管控要求"], ["空间布局约束", BAN]])
    sanxian("clauses", "parse", "plain.xlsx", "--out", "x.jsonl")
    (silent,) = read("x.jsonl")
    assert not (silent["scope"] or silent["level"] or silent["document"])  # never “everywhere” by silence
    said = ("--level", "PREFECTURE", "--scope", scope, "--document", "D-1")
    assert sanxian("clauses", "parse", "plain.xlsx", "--out", "x.jsonl", *said).status == 0
    (row,) = read("x.jsonl")
    assert (row["level"], row["scope"], row["document"]) == ("PREFECTURE", made, "D-1")
    table = [
        ["编号", "层级", "适用范围", "维度", "管控要求"],
        ["1", "省级", "ZH63010220001", "空间布局约束", BAN],
    ]
    workbook("stated.xlsx", table)
    assert sanxian("clauses", "parse", "stated.xlsx", "--out", "x.jsonl", *said).status == 0
    (row,) = read("x.jsonl")
    assert (row["level"], row["scope"]) == ("PROVINCE", {"units": ["ZH63010220001"]})


@pytest.mark.parametrize(
    ("option", "status", "code"),
    [
        (("--scope", "6328"), 2, "USAGE"),
        (("--scope", "regions="), 2, "USAGE"),
        (("--scope", "town=1"), 30, "CLAUSE"),
        (("--level", "TOWN"), 30, "CLAUSE"),
    ],
)
def test_an_option_that_names_no_scope_or_level_is_told(
    sanxian: Run, option: tuple[str, str], status: int, code: str
) -> None:
    ran = sanxian("clauses", "parse", LIST, "--out", "x.jsonl", *option)
    assert ran.status == status
    assert both_languages(ran, code) and option[1].split("=")[0] in ran.err
    assert list(Path().iterdir()) == []


# --- parse: whatever is handed in --------------------------------------------------------------------

LONG = ("新建、扩建化工项目应进入园区，" * 1500)[:20_000]
ODD: dict[str, tuple[bytes, str, str]] = {
    # what stands in the line, the id it comes out with, its text
    "a broken line": (b'{"id": "B", "text": "x', "line 2", '{"id": "B", "text": "x'),
    "no JSON at all": ("禁止新建。".encode(), "line 2", "禁止新建。"),
    "a list": (b'["B", "x"]', "line 2", '["B", "x"]'),
    "a number": (b"7", "line 2", "7"),
    "null": (b"null", "line 2", "null"),
    "an empty object": (b"{}", "line 2", ""),
    "no id": (b'{"text": "x"}', "line 2", "x"),
    "a null id": (b'{"id": null, "text": "x"}', "line 2", "x"),
    "an empty id": (b'{"id": "", "text": "x"}', "line 2", "x"),
    "a blank id": (b'{"id": " ", "text": "x"}', "line 2", "x"),
    "a numeric id": (b'{"id": 12, "text": "x"}', "12", "x"),
    "id zero": (b'{"id": 0, "text": "x"}', "0", "x"),
    "no text": (b'{"id": "B"}', "B", ""),
    "a null text": (b'{"id": "B", "text": null}', "B", ""),
    "a blank text": (b'{"id": "B", "text": " \\n"}', "B", " \n"),
    "a numeric text": (b'{"id": "B", "text": 35}', "B", "35"),
    "a text of true": (b'{"id": "B", "text": true}', "B", "true"),
    "a list for a text": ('{"id": "B", "text": ["一", 2]}'.encode(), "B", '["一", 2]'),
    "escaped control characters": (b'{"id": "B", "text": "x\\u0000\\u001b[2J\\u2028\\u0085y"}', "B", "x\0\x1b[2J\u2028\x85y"),
    "bare control characters": (b'{"id": "B", "text": "x\x00\x1b\ty"}', "B", "x\0\x1b\ty"),
    "a bare line separator": ('{"id": "B", "text": "x\u2028y"}'.encode(), "B", "x\u2028y"),
    "half a character": (b'{"id": "B", "text": "x\\ud800"}', "B", "x\ud800"),
    "not a number": (b'{"id": "B", "text": "x", "share": NaN}', "B", "x"),
    "a number too large": (b'{"id": "B", "text": "x", "share": 1e999}', "line 2", '{"id": "B", "text": "x", "share": 1e999}'),
    "many digits": (b'{"id": "B", "text": ' + b"9" * 5000 + b"}", "line 2", '{"id": "B", "text": ' + "9" * 5000 + "}"),
    "deep": (b'{"id": "B", "more": ' + b"[" * 900 + b"]" * 900 + b"}", "line 2", '{"id": "B", "more": ' + "[" * 900 + "]" * 900 + "}"),
    "bottomless": (b"[" * 99_999, "line 2", "[" * 99_999),
    "rules that are no list": (b'{"id": "B", "text": "x", "rules": 5}', "B", "x"),
    "rules that are words": (b'{"id": "B", "text": "x", "rules": ["y"]}', "B", "x"),
    "a review that is a word": (b'{"id": "B", "text": "x", "rules": [{"review": "reviewed"}]}', "B", "x"),
    "a reading that is a list": (b'{"id": "B", "text": "x", "rules": [{"review": {"state": "reviewed"}}], "reading": [1]}', "B", "x"),
    "doubts that are none": (b'{"id": "B", "text": "x", "rules": [{"review": {"state": "reviewed"}}], "reading": {"doubts": 5}}', "B", "x"),
    "doubts of another version": (b'{"id": "B", "text": "x", "rules": [{"review": {"state": "reviewed"}}], "reading": {"doubts": ["later", ["x"]]}}', "B", "x"),
    "English": (b'{"id": "B", "text": "New coking plants are forbidden."}', "B", "New coking plants are forbidden."),
    "both languages": ('{"id": "B", "text": "Article 3 禁止新建 coking 项目"}'.encode(), "B", "Article 3 禁止新建 coking 项目"),
    "signs and emoji": ('{"id": "🧪", "text": "（（；。、🏭）"}'.encode(), "🧪", "（（；。、🏭）"),
    "20,000 characters": (json.dumps({"id": "B", "text": LONG}).encode(), "B", LONG),
    "one clause without end": (json.dumps({"id": "B", "text": "禁止" * 10_000}).encode(), "B", "禁止" * 10_000),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_an_odd_line_is_kept_and_the_others_are_read(parse: Callable[[bytes], list[Row]], name: str) -> None:
    line, key, text = ODD[name]
    good = json.dumps({"id": "A", "text": BAN}).encode()
    made = parse(good + b"\n" + line + b"\n" + good.replace(b'"A"', b'"Z"') + b"\n")
    assert [row["id"] for row in made] == ["A", key, "Z"]
    assert made[1]["text"] == text
    assert [row["rules"][0]["effect"] for row in (made[0], made[2])] == ["FORBID", "FORBID"]
    assert all(isinstance(row["rules"], list) for row in made)


def test_a_text_too_long_is_read_in_part_and_that_is_said(sanxian: Run) -> None:
    write("in.jsonl", [{"id": "A", "text": BAN + LONG}])
    ran = sanxian("clauses", "parse", "in.jsonl", "--out", "out.jsonl")
    (row,) = read("out.jsonl")
    assert row["text"] == BAN + LONG
    assert row["reading"]["doubts"] == ["too_long"] and "只读取了前 20,000 字" in ran.err


def test_blank_lines_do_not_count_but_the_numbers_of_lines_do(parse: Callable[[bytes], list[Row]]) -> None:
    made = parse(b'\n  \n{"text": "x"}\r\n\r\n\t\n{"text": "y"}')  # no end of line at the end of the file
    assert [(row["id"], row["text"]) for row in made] == [("line 3", "x"), ("line 6", "y")]
    assert parse(b"") == parse(b"\n\n") == []


def test_an_id_given_twice_is_kept_twice_and_told_when_it_matters(sanxian: Run) -> None:
    write("in.jsonl", [{"id": "A", "text": BAN}, {"id": "B", "text": "x"}, {"id": "A", "text": "y"}])
    assert sanxian("clauses", "parse", "in.jsonl", "--out", "out.jsonl").status == 0
    assert [(row["id"], row["text"]) for row in read("out.jsonl")] == [("A", BAN), ("B", "x"), ("A", "y")]
    for command in (
        ["review", "out.jsonl", "--workbook", "x.xlsx"],
        ["export", "out.jsonl", "--out", "x.dmn"],
    ):
        ran = sanxian("clauses", *command)
        assert ran.status == 30
        assert both_languages(ran, "CLAUSE_FILE") and "第 3 行" in ran.err and "line 3" in ran.err
    assert sorted(p.name for p in Path().iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_is_read_whatever_wrote_it(
    parse: Callable[[bytes], list[Row]], encoding: str, end: str
) -> None:
    rows = [
        {"id": "甲", "text": BAN},
        {"id": "𠮷" if encoding != "gbk" else "乙", "text": "铁合金、石墨焔①项目"},
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + end for row in rows)
    plain = parse(text.encode("utf-8"))
    assert [(row["id"], row["text"]) for row in plain] == [(row["id"], row["text"]) for row in rows]
    assert parse(text.encode(encoding)) == plain


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_list_in_csv_is_read_whatever_wrote_it(sanxian: Run, parsed: list[Row], encoding: str) -> None:
    Path("unit-list.csv").write_bytes(LIST.read_text("utf-8-sig").encode(encoding))
    assert sanxian("clauses", "parse", "unit-list.csv", "--out", "x.jsonl").status == 0
    assert read("x.jsonl") == parsed


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xe7\x94"]
)  # never used | a character cut short: also good GB18030
def test_a_bad_byte_costs_one_character(parse: Callable[[bytes], list[Row]], bad: bytes) -> None:
    text = '{"id": "A", "text": "禁止新建炼焦项目"}\n{"id": "B", "text": "甲X乙"}\n'
    made = parse(text.encode().replace(b"X", bad))
    assert [row["text"] for row in made] == ["禁止新建炼焦项目", "甲\ufffd乙"]
    assert made[0]["rules"]


def test_traditional_characters_are_read_as_what_they_mean_and_kept(
    parse: Callable[[bytes], list[Row]],
) -> None:
    pairs = {
        "嚴禁新建、擴建煉焦項目。": "严禁新建、扩建炼焦项目。",
        "鼓勵建設風力發電項目。": "鼓励建设风力发电项目。",
    }
    rows = [{"id": text, "text": text} for pair in pairs.items() for text in pair]
    made = by_id(parse("".join(json.dumps(row) + "\n" for row in rows).encode()))
    assert set(made) == set(pairs) | set(pairs.values())
    for traditional, simplified in pairs.items():
        assert made[traditional]["text"] == traditional
        assert made[traditional]["rules"] == made[simplified]["rules"] != []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=40))))
def test_every_id_and_text_comes_back_in_order(
    parse: Callable[[bytes], list[Row]], pairs: list[tuple[str, str]]
) -> None:
    made = parse("".join(json.dumps({"id": i, "text": x}) + "\n" for i, x in pairs).encode())
    assert [row["text"] for row in made] == [x for _, x in pairs]
    assert [row["id"] for row in made] == [
        i if i.strip() else f"line {n}" for n, (i, _) in enumerate(pairs, 1)
    ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30).map(lambda line: b"{" + line.replace(b"\n", b""))))
def test_bytes_of_any_kind_lose_no_line(parse: Callable[[bytes], list[Row]], lines: list[bytes]) -> None:
    assert len(parse(b"".join(line + b"\n" for line in lines))) == len(lines)


# --- refusals ----------------------------------------------------------------------------------------

PARSE = ("clauses", "parse")
REVIEW = ("clauses", "review")
EXPORT = ("clauses", "export")
LINT = ("clauses", "lint")
COMPOSE = ("clauses", "compose")
UNIT = ("--unit", "ZH63990120001")
REFUSED: list[tuple[tuple[str, ...], int, str, str, str]] = [
    # what is asked, exit status, code, words in Chinese, words in English
    ((*PARSE, "no.jsonl", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "no.jsonl：打不开", "no.jsonl: it cannot be opened"),
    ((*PARSE, "no.yaml", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "no.yaml：打不开", "no.yaml: it cannot be opened"),
    ((*PARSE, "no.csv", "--out", "x.jsonl"), 10, "LIST_NOT_FOUND", "no.csv", "no.csv cannot be found"),
    ((*PARSE, "no.xlsx", "--out", "x.jsonl"), 10, "LIST_NOT_FOUND", "no.xlsx", "no.xlsx cannot be found"),
    ((*PARSE, "folder", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "不认识的文件类型", "unknown type"),
    ((*PARSE, "folder.jsonl", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "folder.jsonl：打不开", "it cannot be opened"),
    ((*PARSE, "folder.csv", "--out", "x.jsonl"), 10, "LIST_NOT_FOUND", "folder.csv", "cannot be found or opened"),
    ((*PARSE, "scan.pdf", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "不认识的文件类型 .pdf", "unknown type .pdf"),
    ((*PARSE, "fake.xlsx", "--out", "x.jsonl"), 10, "LIST_FORMAT", "fake.xlsx", "fake.xlsx is no list file"),
    ((*PARSE, "empty.csv", "--out", "x.jsonl"), 10, "LIST_EMPTY", "没有任何文字", "holds no text"),
    ((*PARSE, "good.jsonl", "--out", "x.csv"), 2, "USAGE", "--out 应为 .jsonl", "--out must be a .jsonl file"),
    ((*PARSE, "good.jsonl", "--out", "no/x.jsonl"), 10, "OUTPUT_FAILED", "所在文件夹不存在", "its folder does not exist"),
    ((*PARSE, "good.jsonl", "--out", "folder.jsonl"), 10, "OUTPUT_FAILED", "它是一个文件夹", "it is a folder"),
    ((*PARSE, "good.jsonl", "--out", "good.jsonl/x.jsonl"), 10, "OUTPUT_FAILED", "不是文件夹", "is not a folder"),
    ((*PARSE, "good.jsonl"), 2, "USAGE", "缺少 --out", "Missing option '--out'"),
    ((*REVIEW, "no.jsonl", "--workbook", "x.xlsx"), 30, "CLAUSE_FILE", "打不开", "it cannot be opened"),
    ((*REVIEW, "bad.jsonl", "--workbook", "x.xlsx"), 30, "CLAUSE_FILE", "第 2 行", ", line 2"),
    ((*REVIEW, "list.csv", "--workbook", "x.xlsx"), 30, "CLAUSE_FILE", "不认识的文件类型 .csv", "unknown type .csv"),
    ((*REVIEW, "good.jsonl", "--workbook", "no/x.xlsx"), 10, "OUTPUT_FAILED", "所在文件夹不存在", "its folder does not exist"),
    ((*REVIEW, "good.jsonl", "--workbook", "folder"), 10, "OUTPUT_FAILED", "它是一个文件夹", "it is a folder"),
    ((*REVIEW, "good.jsonl"), 2, "USAGE", "--workbook", "either --workbook"),
    ((*REVIEW, "good.jsonl", "--workbook", "x.xlsx", "--apply", "x.xlsx"), 2, "USAGE", "二者取一", "either --workbook"),
    ((*REVIEW, "good.jsonl", "--apply", "x.xlsx"), 2, "USAGE", "须给出 --out", "needs --out"),
    ((*REVIEW, "good.jsonl", "--apply", "no.xlsx", "--out", "x.jsonl"), 30, "CLAUSE_WORKBOOK", "no.xlsx 不能使用", "no.xlsx cannot be used"),
    ((*REVIEW, "good.jsonl", "--apply", "fake.xlsx", "--out", "x.jsonl"), 30, "CLAUSE_WORKBOOK", "不是 Excel 工作簿", "no Excel workbook"),
    ((*REVIEW, "good.jsonl", "--apply", "other.xlsx", "--out", "x.jsonl"), 30, "CLAUSE_WORKBOOK", "_sanxian", "no review workbook"),
    ((*REVIEW, "good.jsonl", "--apply", "filled.xlsx", "--out", "x.pdf"), 30, "CLAUSE_FILE", "不认识的文件类型 .pdf", "unknown type .pdf"),
    ((*REVIEW, "good.jsonl", "--apply", "filled.xlsx", "--out", "no/x.jsonl"), 10, "OUTPUT_FAILED", "所在文件夹不存在", "its folder does not exist"),
    ((*EXPORT, "no.jsonl", "--out", "x.csv"), 30, "CLAUSE_FILE", "打不开", "it cannot be opened"),
    ((*EXPORT, "no.dmn", "--out", "x.csv"), 30, "CLAUSE_FILE", "no.dmn：打不开", "no.dmn: it cannot be opened"),
    ((*EXPORT, "folder.csv", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "folder.csv：打不开", "it cannot be opened"),
    ((*EXPORT, "gbk.csv", "--out", "x.jsonl"), 30, "CLAUSE_FILE", "不是 UTF-8 编码", "it is not UTF-8"),
    ((*EXPORT, "gbk.jsonl", "--out", "x.csv"), 30, "CLAUSE_FILE", "不是 UTF-8 编码", "it is not UTF-8"),
    ((*EXPORT, "foreign.csv", "--out", "x.jsonl"), 30, "CLAUSE_EXCHANGE", "列名不对", "columns are missing"),
    ((*EXPORT, "bad.dmn", "--out", "x.jsonl"), 30, "CLAUSE_EXCHANGE", "不是完好的 XML", "no well-formed XML"),
    ((*EXPORT, "good.jsonl", "--out", "x.pdf"), 2, "USAGE", "不认识的格式 pdf", "unknown format pdf"),
    ((*EXPORT, "good.jsonl", "--format", "xml"), 2, "USAGE", "不认识的格式 xml", "unknown format xml"),
    ((*EXPORT, "good.jsonl"), 2, "USAGE", "不认识的格式", "unknown format"),
    ((*EXPORT, "--format", "dmn"), 2, "USAGE", "请给出条款文件", "give a clause file"),
    *(((*EXPORT, "good.jsonl", "--out", f"no/x.{form}"), 10, "OUTPUT_FAILED", "所在文件夹不存在", "its folder does not exist")
      for form in ("jsonl", "json", "yaml", "csv", "dmn", "jdm", "schema")),
    ((*EXPORT, "good.jsonl", "--format", "json", "--out", "folder"), 10, "OUTPUT_FAILED", "它是一个文件夹", "it is a folder"),
    ((*LINT, "no.jsonl"), 30, "CLAUSE_FILE", "打不开", "it cannot be opened"),
    ((*LINT, "bad.jsonl"), 30, "CLAUSE_FILE", "第 2 行", ", line 2"),
    ((*LINT, "folder"), 30, "CLAUSE_FILE", "不认识的文件类型", "unknown type"),
    ((*LINT, "no.gpkg"), 20, "EDITION_NOT_FOUND", "no.gpkg", "no.gpkg cannot be found"),
    ((*LINT, "good.jsonl", "--edition", "no.gpkg"), 20, "EDITION_NOT_FOUND", "no.gpkg", "no.gpkg cannot be found"),
    ((*LINT, "good.jsonl", "--as-of", "2026-13-01"), 2, "USAGE", "--as-of 应为日期，如 2026-09-01；读到的是“2026-13-01”", "it got “2026-13-01”"),
    ((*LINT, "good.jsonl", "--format", "csv"), 2, "USAGE", "不认识的格式 csv", "unknown format csv"),
    ((*COMPOSE, "no.gpkg", *UNIT), 20, "EDITION_NOT_FOUND", "no.gpkg", "no.gpkg cannot be found"),
    ((*COMPOSE, "folder", *UNIT), 20, "EDITION_FORMAT", "不是 GeoPackage", "is not a GeoPackage"),
    ((*COMPOSE, "good.jsonl", *UNIT), 20, "EDITION_FORMAT", "不是 GeoPackage", "is not a GeoPackage"),
    ((*COMPOSE, "SAMPLE"), 2, "USAGE", "缺少 --unit", "Missing option '--unit'"),
    ((*COMPOSE, "SAMPLE", "--unit", "YQ001"), 2, "USAGE", "没有管控单元 YQ001", "no control unit YQ001"),
    ((*COMPOSE, "SAMPLE", *UNIT, "--as-of", "today"), 2, "USAGE", "--as-of 应为日期，如 2026-09-01；读到的是“today”", "it got “today”"),
    ((*COMPOSE, "SAMPLE", *UNIT, "--industry", "XX"), 10, "PROJECT_INDUSTRY", "XX", "XX"),
    ((*COMPOSE, "SAMPLE", *UNIT, "--format", "csv"), 2, "USAGE", "不认识的格式 csv", "unknown format csv"),
]  # fmt: skip


@pytest.fixture(scope="session")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bit of everything that goes wrong."""
    folder = tmp_path_factory.mktemp("odd")
    write(folder / "good.jsonl", [draft()])
    write(folder / "bad.jsonl", [draft(), {"id": "B"}])
    for name in ("folder", "folder.csv", "folder.jsonl"):
        (folder / name).mkdir()
    for name in ("scan.pdf", "fake.xlsx"):
        (folder / name).write_bytes(b"%PDF-1.7\n")
    (folder / "empty.csv").touch()
    shutil.copy(LIST, folder / "list.csv")
    (folder / "foreign.csv").write_bytes(b"code,name\n1,2\n")
    (folder / "gbk.csv").write_bytes("条款".encode("gbk"))
    (folder / "gbk.jsonl").write_bytes('{"id": "A", "text": "条款"}\n'.encode("gbk"))
    (folder / "bad.dmn").write_bytes(b"<definitions>")
    workbook(folder / "other.xlsx", [["条款编号"], ["A"]])
    from sanxian.clauses.workbook import write_workbook

    write_workbook([draft()], folder / "filled.xlsx")
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@LANGS
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: "-".join(case[0][1:]).replace("/", "."))
def test_a_refusal_is_one_error_in_two_languages_and_leaves_nothing(
    sanxian: Run,
    sample: Path,
    odd_files: Path,
    lang: str,
    case: tuple[tuple[str, ...], int, str, str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    args, status, code, zh, en = case
    monkeypatch.chdir(odd_files)
    before = contents(odd_files)
    ran = sanxian(*(str(sample) if a == "SAMPLE" else a for a in args), environ={"SANXIAN_LANG": lang})
    assert (ran.status, ran.out) == (status, "")
    first, second = (en, zh) if lang == "en" else (zh, en)
    assert len(ran.lines) == 2, ran.err
    assert ran.lines[0].startswith(f"[{code}] ") and first in ran.lines[0] and second in ran.lines[1]
    assert [bool(CHINESE.search(line)) for line in ran.lines] == [lang != "en", lang == "en"]
    assert contents(odd_files) == before


WRITERS = [
    (*PARSE, "list.jsonl", "--out", "old.jsonl"),
    (*REVIEW, "list.jsonl", "--workbook", "old.xlsx"),
    (*EXPORT, "list.jsonl", "--out", "old.jsonl"),
    (*EXPORT, "list.jsonl", "--out", "old.yaml"),
    (*EXPORT, "list.jsonl", "--out", "old.csv"),
    (*EXPORT, "list.jsonl", "--out", "old.dmn"),
]


@pytest.mark.parametrize("args", WRITERS, ids=lambda args: f"{args[1]} {args[-1]}")
def test_what_stood_under_the_name_is_replaced_whole_or_not_at_all(
    sanxian: Run, parsed: list[Row], args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Path(args[-1])
    old.write_bytes(b"old")
    before = sorted(p.name for p in Path().iterdir())
    with monkeypatch.context() as patch:

        def full(_: int) -> None:  # the content is there, the disk refuses it
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr("os.fsync", full)
        ran = sanxian(*args)
    assert ran.status == 10
    assert both_languages(ran, "OUTPUT_FAILED") and "磁盘空间不足" in ran.err
    assert old.read_bytes() == b"old"
    assert sorted(p.name for p in Path().iterdir()) == before
    assert sanxian(*args).status == 0
    assert len(old.read_bytes()) > 1000
    assert sorted(p.name for p in Path().iterdir()) == before


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, 130), (ZeroDivisionError, 70)])
def test_parsing_that_stops_half_way_leaves_the_old_file(
    sanxian: Run, parsed: list[Row], error: type[BaseException], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, whole = Path("list.jsonl").read_bytes(), intake.with_rules
    seen = iter(range(5))

    def stopping(row: Row) -> Row:
        if next(seen) == 4:
            raise error
        return whole(row)

    monkeypatch.setattr(intake, "with_rules", stopping)
    assert sanxian("clauses", "parse", "list.jsonl", "--out", "list.jsonl").status == status
    assert Path("list.jsonl").read_bytes() == before
    assert [p.name for p in Path().iterdir()] == ["list.jsonl"]


# --- review ------------------------------------------------------------------------------------------


class Sheet:
    """The review sheet of a workbook as a person sees it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)
        sheet: Any = self.book.worksheets[0]
        self.sheet = sheet
        self.columns: dict[str, int] = {cell.value: cell.column for cell in sheet[1]}

    def line(self, clause: str, rule: int = 1) -> int:
        names = [self.columns.get(zh) or self.columns[en] for zh, en in (("条款编号", "Clause"), ("规则序号", "Rule"))]  # fmt: skip
        return next(
            row
            for row in range(2, self.sheet.max_row + 1)
            if [self.sheet.cell(row, name).value for name in names] == [clause, rule]
        )

    def value(self, clause: str, column: str, rule: int = 1) -> Any:
        return self.sheet.cell(self.line(clause, rule), self.columns[column]).value

    def fill(self, clause: str, rule: int = 1, **values: object) -> str:
        """Fill in a line, saved at once; return the name of its last cell filled."""
        values = {"审核人": "张三", "审核日期": date(2026, 11, 24)} | values
        cell = None
        for column, value in values.items():
            cell = self.sheet.cell(self.line(clause, rule), self.columns[column])
            cell.value = value
        self.book.save(self.path)
        assert cell is not None
        return f"{self.sheet.title}!{cell.coordinate}"


@pytest.fixture
def sheet(sanxian: Run, parsed: list[Row]) -> Sheet:
    """The workbook of the example list, ready to fill in."""
    ran = sanxian("clauses", "review", "list.jsonl", "--workbook", "审核.xlsx")
    assert (ran.status, ran.out, ran.lines) == (0, "", ["已写入 审核.xlsx"])
    return Sheet("审核.xlsx")


def apply(sanxian: Run, **options: Any) -> Ran:
    return sanxian(
        "clauses", "review", "list.jsonl", "--apply", "审核.xlsx", "--out", "done.jsonl", **options
    )


def test_the_workbook_has_a_line_for_every_rule(sheet: Sheet, parsed: list[Row]) -> None:
    assert sheet.sheet.max_row - 1 == sum(len(row["rules"]) for row in parsed)
    for row in parsed:
        for number, rule in enumerate(row["rules"], 1):
            assert sheet.value(row["id"], "机器读法", number) == sentences.sentence(rule)
            assert sheet.value(row["id"], "条款原文", number) == row["text"]


def test_nothing_filled_in_changes_nothing(sanxian: Run, sheet: Sheet) -> None:
    ran = apply(sanxian)
    assert ran.status == 0
    assert "接受 0" in ran.err and "16" in ran.err
    assert Path("done.jsonl").read_bytes() == Path("list.jsonl").read_bytes()


def test_accepting_changing_and_rejecting_reach_the_rules_and_nothing_else(
    sanxian: Run, sheet: Sheet, parsed: list[Row]
) -> None:
    accepted, changed, rejected = "ZH63010220001-S-1", "ZH63010220001-S-2", "ZH63010220001-E-u1"
    sheet.fill(accepted, 意见="接受", 备注="同原文")
    said = sheet.value(changed, "机器读法")
    assert "1 km" in said
    sheet.fill(changed, 意见="修改", 修改后的读法=said.replace("1 km", "2 km"))
    sheet.fill(rejected, 意见="驳回")
    ran = apply(sanxian)
    assert (ran.status, ran.out) == (0, "")
    assert (
        "接受 1" in ran.err and "修改 1" in ran.err and "驳回 1" in ran.err and "已写入 done.jsonl" in ran.err
    )
    made, was = by_id(read("done.jsonl")), by_id(parsed)
    assert list(made) == IDS
    review = {"by": "张三", "on": "2026-11-24"}
    states = {
        (key, n): rule["review"]
        for key, row in made.items()
        for n, rule in enumerate(row["rules"])
        if "review" in rule
    }
    assert states == {
        (accepted, 0): {"state": "reviewed", **review, "note": "同原文"},
        (changed, 0): {"state": "reviewed", **review},
        (rejected, 0): {"state": "rejected", **review},
    }
    rule = made[changed]["rules"][0]
    assert rule["when"]["value"] == 2 and was[changed]["rules"][0]["when"]["value"] == 1
    assert rule["quote"] == was[changed]["rules"][0]["quote"]
    assert sentences.sentence(rule) == said.replace("1 km", "2 km")
    for key, n in states:  # everything else is as it was
        made[key]["rules"][n] = was[key]["rules"][n]
    assert made == was

    assert sanxian("clauses", "parse", "done.jsonl", "--out", "again.jsonl").status == 0
    again = by_id(read("again.jsonl"))
    assert [again[key]["rules"][n]["review"] for key, n in states] == list(states.values())


@LANGS
def test_a_change_that_is_no_rule_is_refused_with_its_cell_and_the_others_count(
    sanxian: Run, sheet: Sheet, parsed: list[Row], lang: str
) -> None:
    bad, worse, good = "ZH63010220001-S-2", "ZH63010220001-R-u1", "ZH63010220002-S-1"
    first = sheet.fill(bad, 意见="修改", 修改后的读法="禁止新建化工厂，除非领导同意。")
    second = sheet.fill(worse, 意见="修改", 修改后的读法="禁止 9999 的项目。")
    sheet.fill(good, 意见="接受")
    ran = apply(sanxian, environ={"SANXIAN_LANG": lang})
    assert ran.status == 1  # some lines do not count
    assert [line.split(": ")[0] for line in ran.lines if "!" in line] == [first, second]
    words = "the changed sentence cannot be read" if lang == "en" else "读不懂修改后的句子"
    assert sum(words in line for line in ran.lines) == 2
    made = by_id(read("done.jsonl"))
    assert [made[key] for key in (bad, worse)] == [by_id(parsed)[key] for key in (bad, worse)]
    assert made[good]["rules"][0]["review"]["state"] == "reviewed"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"审核人": None, "意见": "接受"}, "没有填审核人"),
        ({"意见": "接受", "审核日期": None}, "没有填审核日期"),
        ({"意见": "接受", "审核日期": "明天"}, "审核日期“明天”不是日期"),
        ({"审核人": "张三", "意见": "同意"}, "意见“同意”不是接受、修改或驳回"),
        ({"意见": "修改"}, "句子没有改"),
        ({"意见": "接受", "修改后的读法": "禁止新建的项目。"}, "意见是接受，但读法已改"),
        ({"意见": None, "修改后的读法": "禁止新建的项目。"}, "改了读法但没有填意见"),
    ],
)
def test_a_line_not_filled_in_as_it_should_be_changes_nothing(
    sanxian: Run, sheet: Sheet, values: dict[str, Any], words: str
) -> None:
    sheet.fill("ZH63010220002-S-1", **values)
    row = sheet.line("ZH63010220002-S-1")
    ran = apply(sanxian)
    assert ran.status == 1
    (problem,) = (line for line in ran.lines if "!" in line)
    assert words in problem and problem.split(":")[0].endswith(str(row))
    assert Path("done.jsonl").read_bytes() == Path("list.jsonl").read_bytes()


def test_a_text_that_changed_since_is_not_reviewed_by_the_old_workbook(
    sanxian: Run, sheet: Sheet, parsed: list[Row]
) -> None:
    sheet.fill(IDS[0], 意见="接受")
    write("list.jsonl", [parsed[0] | {"text": parsed[0]["text"] + "（修订）"}, *parsed[1:]])
    ran = apply(sanxian)
    assert ran.status == 1 and "条款原文改过" in ran.err
    assert all("review" not in rule for row in read("done.jsonl") for rule in row["rules"])


def test_an_english_workbook_is_taken_back_too(sanxian: Run, parsed: list[Row]) -> None:
    assert sanxian("clauses", "review", "list.jsonl", "-w", "审核.xlsx", "--lang", "en").status == 0
    sheet = Sheet("审核.xlsx")
    line = sheet.line(IDS[0])
    for column, value in (("Opinion", "accept"), ("Reviewer", "Zhang"), ("Date of review", "2026/11/24")):
        sheet.sheet.cell(line, sheet.columns[column]).value = value
    sheet.book.save("审核.xlsx")
    ran = apply(sanxian, environ={"SANXIAN_LANG": "en"})
    assert ran.status == 0 and "1 accepted, 0 changed, 0 rejected" in ran.err
    review = read("done.jsonl")[0]["rules"][0]["review"]
    assert review == {"state": "reviewed", "by": "Zhang", "on": "2026-11-24"}


def test_a_clause_without_rule_can_be_left_to_people_or_given_one(sanxian: Run) -> None:
    write("list.jsonl", [{"id": "A", "text": "推动绿色发展。"}, {"id": "B", "text": "禁建项目见附件。"}])
    sanxian("clauses", "review", "list.jsonl", "--workbook", "审核.xlsx")
    for line, values in ((2, ("接受", None)), (3, ("修改", "禁止新建 2521 的项目。"))):
        sheet = Sheet("审核.xlsx")
        for column, value in zip(("意见", "修改后的读法"), values, strict=True):
            sheet.sheet.cell(line, sheet.columns[column]).value = value
        for column, value in (("审核人", "张三"), ("审核日期", "2026年11月24日")):
            sheet.sheet.cell(line, sheet.columns[column]).value = value
        sheet.book.save("审核.xlsx")
    assert apply(sanxian).status == 0
    first, second = read("done.jsonl")
    assert "rules" not in first or first["rules"] == []
    (rule,) = second["rules"]
    assert (rule["effect"], rule["subject"], rule["review"]["state"]) == (
        "FORBID",
        {"nature": ["新建"], "industry": ["2521"]},
        "reviewed",
    )


# --- export ------------------------------------------------------------------------------------------

LOSSLESS = ("jsonl", "json", "yaml", "yml", "csv", "dmn")


@pytest.fixture
def exported(sanxian: Run, sheet: Sheet) -> bytes:
    """A clause file with drafts, reviewed and rejected rules, as ``done.jsonl``; its bytes."""
    sheet.fill(IDS[0], 意见="接受")
    sheet.fill(IDS[2], 意见="驳回")
    assert apply(sanxian).status == 0
    return Path("done.jsonl").read_bytes()


@pytest.mark.parametrize("form", LOSSLESS)
def test_a_format_that_can_be_read_comes_back_byte_for_byte(sanxian: Run, exported: bytes, form: str) -> None:
    ran = sanxian("clauses", "export", "done.jsonl", "--out", f"x.{form}")
    assert (ran.status, ran.out, ran.lines) == (0, "", [f"已写入 x.{form}"])
    assert sanxian("clauses", "export", f"x.{form}", "--out", "back.jsonl").status == 0
    assert Path("back.jsonl").read_bytes() == exported
    assert sanxian("clauses", "export", "back.jsonl", "--out", f"y.{form}").status == 0
    assert Path(f"y.{form}").read_bytes() == Path(f"x.{form}").read_bytes()


def test_odd_clauses_come_back_too(sanxian: Run) -> None:
    rows: list[Row] = [
        {
            "id": "=1+1",
            "text": '引号"、逗号,\n换行\r\n、制表\t、\u2028',
            "number": "1-3",
            "source": {"page": 3},
        },
        {"id": "'B", "text": "-x", "ours": [1, None, {"a": 1.5}], "rules": []},
        draft(id="C", text="@" + BAN, rules=[{**BANNED, "note": "甲 ", "quote": [1, 9], "until": None}]),
    ]
    files.write_clauses("in.jsonl", rows)
    for form in LOSSLESS:
        assert sanxian("clauses", "export", "in.jsonl", "--out", f"x.{form}").status == 0
        assert sanxian("clauses", "export", f"x.{form}", "--out", "back.jsonl").status == 0
        assert Path("back.jsonl").read_bytes() == Path("in.jsonl").read_bytes(), form


@pytest.mark.parametrize("form", ["jsonl", "json", "yaml", "csv", "dmn", "jdm", "schema"])
def test_stdout_holds_what_the_file_would_and_the_option_decides(
    sanxian: Run, parsed: list[Row], form: str
) -> None:
    shown = sanxian("clauses", "export", "list.jsonl", "--format", form)
    assert (shown.status, shown.err) == (0, "")
    for name in (f"x.{form}", "without-suffix", "x.txt"):
        ran = sanxian("clauses", "export", "list.jsonl", "--format", form, "--out", name)
        assert (ran.status, ran.lines) == (0, [f"已写入 {name}"])
        assert Path(name).read_bytes().decode("utf-8") == shown.out


def test_json_and_yaml_are_lists(sanxian: Run, parsed: list[Row]) -> None:
    import yaml

    assert json.loads(sanxian("clauses", "export", "list.jsonl", "--format", "json").out) == parsed
    assert yaml.safe_load(sanxian("clauses", "export", "list.jsonl", "--format", "yaml").out) == parsed


def test_the_csv_opens_in_excel_and_says_each_rule_in_words(sanxian: Run, parsed: list[Row]) -> None:
    sanxian("clauses", "export", "list.jsonl", "--out", "x.csv")
    content = Path("x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [(r["clause.id"], r["rule"]) for r in rows] == [
        (row["id"], str(n)) for row in parsed for n in range(1, len(row["rules"]) + 1)
    ]
    assert rows[0]["readable:sentence"] == sentences.sentence(parsed[0]["rules"][0])


def test_jdm_has_a_table_for_every_clause_with_rules(sanxian: Run, parsed: list[Row]) -> None:
    made = json.loads(sanxian("clauses", "export", "list.jsonl", "--format", "jdm").out)
    names = [node["name"] for node in made["nodes"] if node["type"] == "decisionTableNode"]
    assert names == [row["id"] for row in parsed if row["rules"]]
    ran = sanxian("clauses", "export", "list.jsonl", "--out", "x.jdm")
    assert ran.status == 0
    assert sanxian("clauses", "export", "x.jdm", "--out", "y.jsonl").status == 30  # one way only
    assert not Path("y.jsonl").exists()


def test_the_schema_needs_no_clauses_and_holds_for_what_parse_writes(sanxian: Run, parsed: list[Row]) -> None:
    ran = sanxian("clauses", "export", "--format", "schema")
    assert ran.status == 0
    schema = json.loads(ran.out)
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for row in parsed for error in validator.iter_errors(row)] == []
    assert not validator.is_valid({"id": "A", "text": BAN, "rules": [{"effect": "BAN"}]})


def test_a_table_somebody_changed_is_refused(sanxian: Run, parsed: list[Row]) -> None:
    sanxian("clauses", "export", "list.jsonl", "--out", "x.dmn")
    text = Path("x.dmn").read_text("utf-8")
    assert '"FORBID"' in text
    at = text.index('"FORBID"', text.index("<decisionTable"))
    Path("x.dmn").write_text(text[:at] + '"ALLOW"' + text[at + 8 :], "utf-8")
    ran = sanxian("clauses", "export", "x.dmn", "--out", "y.jsonl")
    assert ran.status == 30
    assert both_languages(ran, "CLAUSE_EXCHANGE") and IDS[0] in ran.err
    assert not Path("y.jsonl").exists()


# --- lint --------------------------------------------------------------------------------------------


def remarks(ran: Ran) -> dict[str, Row]:
    found = json.loads(ran.out)
    return {remark["check"]: remark for remark in found}


def test_a_list_without_fault_has_no_error(sanxian: Run) -> None:
    write("list.jsonl", [draft()])
    ran = sanxian("clauses", "lint", "list.jsonl")
    assert (ran.status, ran.out) == (0, "")
    assert ran.lines == ["检查 1 条，提示 0 处。"]
    assert json.loads(sanxian("clauses", "lint", "list.jsonl", "--format", "json").out) == []


@pytest.mark.parametrize(
    ("name", "rows", "clauses"),
    [
        ("L-DATES", [draft(valid_from="2027-01-01", valid_to="2026-01-01")], ["A"]),
        ("L-CONTRADICTION", [draft(), draft(id="B", text="允许新建炼焦项目。", rules=[{**BANNED, "effect": "ALLOW", "quote": [0, 8]}])], ["B", "A"]),
        ("L-RULE", [draft(rules=[{"effect": "FORBID", "when": {"fact": "nonsense", "op": "is", "value": True}, "quote": [0, 8]}])], ["A"]),
        ("L-EMPTY", [draft(), draft(id="B", text="")], ["B"]),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_gives_status_1(
    sanxian: Run, name: str, rows: list[Row], clauses: list[str]
) -> None:
    write("list.jsonl", rows)
    ran = sanxian("clauses", "lint", "list.jsonl", "--format", "json")
    assert ran.status == 1
    found = remarks(ran)[name]
    assert (found["severity"], sorted(found["clauses"])) == ("error", sorted(clauses))
    assert CHINESE.search(found["zh"]) and CHINESE.search(found["advice_zh"])
    assert not CHINESE.search(found["advice_en"])
    shown = sanxian("clauses", "lint", "list.jsonl")
    assert shown.status == 1
    assert f"错误  {name}  " in shown.out and found["zh"] in shown.out and found["advice_zh"] in shown.out
    shown = sanxian("clauses", "lint", "list.jsonl", "--lang", "en")
    assert f"error  {name}  " in shown.out and found["en"] in shown.out


def test_clauses_without_level_and_scope_are_no_list_yet(sanxian: Run) -> None:
    write("in.jsonl", [{"id": "A", "text": BAN}])
    sanxian("clauses", "parse", "in.jsonl", "--out", "list.jsonl")
    ran = sanxian("clauses", "lint", "list.jsonl", "--format", "json")
    assert ran.status == 1 and remarks(ran)["L-ROW"]["clauses"] == ["A"]


def test_warnings_and_advice_alone_are_status_0(sanxian: Run, parsed: list[Row]) -> None:
    ran = sanxian("clauses", "lint", "list.jsonl")
    assert ran.status == 0
    assert "建议  L-VAGUE  ZH63010310001-S-u1" in ran.out and "错误" not in ran.out


def test_dates_are_judged_on_the_day_given_only(sanxian: Run) -> None:
    text = "现有炼焦项目应于2025年底前退出。"
    write("list.jsonl", [draft(text=text, rules=[{"effect": "EXIT", "subject": {"nature": ["现有"], "industry": ["2521"]}, "until": "2025-12-31", "quote": [0, len(text)]}])])  # fmt: skip
    lint = ("clauses", "lint", "list.jsonl", "--format", "json")
    assert "L-DEADLINE" not in remarks(sanxian(*lint))
    assert "L-DEADLINE" not in remarks(sanxian(*lint, "--as-of", "2025-12-31"))
    ran = sanxian(*lint, "--as-of", "2026-11-24")
    assert ran.status == 0 and remarks(ran)["L-DEADLINE"]["severity"] == "warning"


def test_places_are_compared_with_an_edition_and_an_edition_with_itself(
    sanxian: Run, sample: Path, parsed: list[Row]
) -> None:
    ran = sanxian("clauses", "lint", "list.jsonl", "--edition", sample, *AS_OF, "--format", "json")
    assert ran.status == 1
    assert {"L-SCOPE", "L-DOCUMENT"} <= set(remarks(ran))
    ran = sanxian("clauses", "lint", sample, *AS_OF, "--format", "json")
    assert ran.status == 0 and remarks(ran)["L-SUPERSEDED"]["clauses"] == ["S-13"]
    assert f"检查 {len(sample_edition().clauses)} 条" in sanxian("clauses", "lint", sample, *AS_OF).err


# --- compose -----------------------------------------------------------------------------------------


def composed(sanxian: Run, edition: Path, *options: str) -> list[Row]:
    ran = sanxian("clauses", "compose", edition, *UNIT, *AS_OF, "--format", "json", *options)
    assert (ran.status, ran.err) == (0, "")
    made: list[Row] = json.loads(ran.out)
    return made


def test_the_list_of_a_unit_runs_through_all_levels_in_order(sanxian: Run, sample: Path) -> None:
    made = composed(sanxian, sample)
    order = [str(level) for level in Level]
    levels = [order.index(row["level"]) for row in made]
    assert levels == sorted(levels) and len(set(levels)) == 7
    assert order == ["NATIONAL", "BASIN", "PROVINCE", "BLOCK", "PREFECTURE", "COUNTY", "PARK", "ZONE", "UNIT"]
    # all of the edition but the red line and the nature reserve, which the unit does not meet
    assert [row["id"] for row in made] == [
        "S-03",
        "S-07",
        "S-14",
        "S-13",
        "S-12",
        "S-10",
        "S-06",
        "S-08",
        "S-09",
        "S-11",
        "S-04",
        "S-05",
    ]
    texts = {clause.id: clause.text for clause in sample_edition().clauses}
    assert all(row["text"] == texts[row["id"]] for row in made)


@LANGS
def test_the_list_reads_as_text_in_either_language(sanxian: Run, sample: Path, lang: str) -> None:
    ran = sanxian("clauses", "compose", sample, *UNIT, *AS_OF, environ={"SANXIAN_LANG": lang})
    assert ran.status == 0
    heads = [line.split("  ") for line in ran.out.splitlines() if not line.startswith(" ")]
    assert [head[2] for head in heads] == [row["id"] for row in composed(sanxian, sample)]
    assert heads[0][0] == ("basin" if lang == "en" else "流域")
    assert heads[-1][0] == ("control unit" if lang == "en" else "单元")
    assert (
        "    禁止在示例河岸线一公里范围内新建、扩建化工项目。" in ran.out.splitlines()
    )  # law is not translated
    said = "12 clauses hold in unit ZH63990120001 on 2026-09-01."
    assert ran.lines == [said if lang == "en" else "单元 ZH63990120001 在 2026-09-01 适用 12 条。"]


def test_without_a_day_today_is_said(sanxian: Run, sample: Path) -> None:
    ran = sanxian("clauses", "compose", sample, *UNIT)
    assert date.today().isoformat() in ran.err  # noqa: DTZ011, the user's own day


def test_an_industry_leaves_what_may_concern_it(sanxian: Run, sample: Path) -> None:
    paper, chemicals = (
        {row["id"] for row in composed(sanxian, sample, "--industry", code)} for code in ("C22", "C2614")
    )
    assert "S-13" in paper and "S-03" not in paper  # paper mills | chemical works by the river
    assert "S-03" in chemicals and "S-13" not in chemicals
    assert {row["id"] for row in composed(sanxian, sample, "-i", "C22", "-i", "C2614")} == paper | chemicals


@pytest.fixture
def overridden(sanxian: Run) -> Path:
    """The sample with a ban of the province, a narrower one of the unit, and a reference to the province."""

    def clause(name: str, level: Level, text: str, scope: Scope, *rules: Row) -> Clause:
        return replace(
            by_name["S-04"], id=name, number=name, level=level, text=text, scope=scope, rules=rules,
            dimension=Dimension.SPATIAL,
        )  # fmt: skip

    edition = sample_edition()
    by_name = {c.id: c for c in edition.clauses}
    review = {"review": {"state": "reviewed", "by": "示例审核人", "on": "2026-03-01"}}
    ban: Row = {"effect": "FORBID", "strength": "strict", "quote": [0, 4], **review}
    unit = Scope(units=("ZH63990120001",))
    wide = clause("P-1", Level.PROVINCE, "禁止新建化工项目。", Scope(everywhere=True), {**ban, "subject": {"nature": ["新建"], "industry": ["C26"]}})  # fmt: skip
    narrow = clause("U-1", Level.UNIT, "禁止新建有机化学原料项目。", unit, {**ban, "subject": {"nature": ["新建"], "industry": ["2614"]}})  # fmt: skip
    link = clause("U-2", Level.UNIT, "执行全省总体准入要求。", unit)
    path = Path("overridden.gpkg")
    write_edition(replace(edition, clauses=(*edition.clauses, wide, narrow, link)), path)
    return path


def test_what_is_overridden_or_referred_to_is_shown_not_hidden(sanxian: Run, overridden: Path) -> None:
    made = by_id(composed(sanxian, overridden))
    (tie,) = made["U-1"]["overridden_by"]
    assert tie["clause"] == "P-1" and [back["clause"] for back in made["P-1"]["overrides"]] == ["U-1"]
    assert "P-1" in made["U-2"]["links"][0]
    ran = sanxian("clauses", "compose", overridden, *UNIT, *AS_OF)
    lines = ran.out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith("  U-1"))
    assert lines[at + 1 : at + 3] == ["    禁止新建有机化学原料项目。", f"    → {tie['zh']}"]
    assert any(line.startswith("    → ") and "P-1" in line for line in lines[at + 3 :])
    assert "P-1" in tie["zh"] and "P-1" in tie["en"]


def test_options_say_what_the_lines_do_not(sanxian: Run, tmp_path: Path) -> None:
    lines = [{"id": "A", "text": "禁止新建火电项目"}, {"id": "B", "text": "禁止采砂", "level": "COUNTY"}]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(x, ensure_ascii=False) for x in lines), "utf-8")
    options = ("--level", "PROVINCE", "--scope", "regions=63", "--document", "D")
    ran = sanxian("clauses", "parse", "in.jsonl", "--out", "out.jsonl", *options)
    assert ran.status == 0
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [m["level"] for m in made] == ["PROVINCE", "COUNTY"]
    assert all((m["scope"], m["document"]) == ({"regions": ["63"]}, "D") for m in made)
    for wrong in (("--level", "省"), ("--scope", "regions=")):
        ran = sanxian("clauses", "parse", "in.jsonl", "--out", "no.jsonl", *wrong)
        assert ran.status != 0 and "USAGE" in ran.err and not (tmp_path / "no.jsonl").exists()


def test_a_list_is_composed_for_a_day_on_which_its_edition_is_in_force(sanxian: Run, sample: Path) -> None:
    unit = next(z.code for z in sample_edition().zones["control_unit"])
    ran = sanxian("clauses", "compose", sample, "--unit", unit, "--as-of", "2010-01-01")
    assert ran.status == 20 and "EDITION_NOT_YET" in ran.err and ran.out == ""


def test_what_a_line_lacks_is_named_in_words_people_use(sanxian: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": "A", "text": "禁止新建火电项目"}', "utf-8")
    ran = sanxian("clauses", "lint", "in.jsonl")
    assert "缺少 number, level" in ran.out and "KeyError" not in ran.out


def test_a_workbook_that_is_not_there_is_said_to_be_missing(sanxian: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": "A", "text": "禁止新建火电项目"}', "utf-8")
    ran = sanxian("clauses", "review", "in.jsonl", "--apply", "no.xlsx", "--out", "o.jsonl")
    assert ran.status != 0 and "没有这个文件" in ran.err

"""Clause files: what is written is read again, what is broken is named by its line, nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import sanxian
from sanxian.clauses import clause_from_row
from sanxian.clauses.files import decode, encode, read_clauses, write_clauses
from sanxian.errors import ClauseFile, OutputFailed

DEMO = Path(sanxian.__file__).parent / "data" / "demo"
CODES = st.text(st.characters(exclude_categories=()), min_size=1).filter(lambda s: s.strip())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(
        ("yes", "on", "null", "1e3", "2026-01-01", "=1+1", "\x00", "\r\n", "\u2028", "1:30", "~")
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": CODES, "text": st.text(st.characters(exclude_categories=()))},
        optional={"number": st.text(), "scope": VALUES, "on": VALUES, "rules": st.lists(st.dictionaries(st.sampled_from(("effect", "when", "id")), VALUES))},
    ),
    unique_by=lambda row: str(row["id"]),
    max_size=4,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from((".jsonl", ".json", ".yaml")))
@example([{"id": "0\x85", "text": "折行 \x85 处" * 30}], ".yaml")
def test_what_is_written_is_read_again_whatever_the_text(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("files") / f"clauses{suffix}"
    broken = any("\ud800" <= c <= "\udfff" for c in json.dumps(rows, ensure_ascii=False))
    if broken and suffix == ".yaml":
        with pytest.raises(ClauseFile):
            write_clauses(path, rows)
        assert not path.exists()
        return
    write_clauses(path, rows)
    again = read_clauses(path)
    assert again == rows
    # equality takes 1 for 1.0 and True; the bytes do not
    first = path.read_bytes()
    write_clauses(path, [dict(reversed(row.items())) for row in again])
    assert path.read_bytes() == first
    assert b"\r" not in first


def test_one_row_a_line_in_utf8_with_keys_in_the_order_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_clauses(
        path,
        [{"zz": 1, "text": "禁止新建\n化工😀", "rules": [{"quote": [0, 2], "effect": "FORBID"}], "id": "A"}],
    )
    assert (
        path.read_bytes()
        == (
            '{"id": "A", "text": "禁止新建\\n化工😀", "rules": [{"effect": "FORBID", "quote": [0, 2]}], "zz": 1}\n'
        ).encode()
    )


def test_a_broken_line_is_named_and_the_others_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        '{"id": "A", "text": "甲"}', "", "{broken", '{"id": "B"}', '{"text": "x"}', '{"id": 5, "text": "x"}', "[1]",
        '{"id": "C", "text": "丙", "text": "丁"}', '{"id": "D", "text": NaN}', '{"id": "A", "text": "重"}',
        '{"id": "E", "text": ""}', '{"id": " ", "text": ""}', '{"id": "F", "text": "x", "rules": ["a"]}',
        '{"id": "G", "text": "x", "rules": [{"quote": "y"}]}', '{"id": "H", "text": "x", "number": 1.10}',
        '{"id": "I", "text": "x", "deep": ' + "[" * 80 + "]" * 80 + "}",
        '{"id": "J", "text": "x", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"id": "Z", "text": "末\u2028"}',
    ]  # fmt: skip
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())
    log: list[ClauseFile] = []
    rows = read_clauses(path, log)
    assert [row["id"] for row in rows] == ["A", "E", "Z"]
    named = [str(error.fields["where"]) for error in log]
    assert [int("".join(filter(str.isdigit, name.split(",")[0]))) for name in named] == [3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17]  # fmt: skip
    assert len(rows) + len(log) == len([line for line in lines if line])
    twice = log[7]
    assert "第 10 行" in twice.text("zh-CN")
    assert "第 1 处" in twice.text("zh-CN")
    assert "line 10" in twice.text("en")
    with pytest.raises(ClauseFile, match="第 3 行"):
        read_clauses(path)


def test_yaml_rows_are_plain_json_and_its_mistakes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "- id: A\n  text: 禁止新建化工\n  valid_from: 2026-08-15\n"
        "  rules:\n  - {effect: FORBID, quote: 新建, review: {state: reviewed, by: 甲, on: 2026-03-01}}\n"
        "- id: B\n  text: &x 乙\n"
        "- id: C\n  text: *x\n"
        "- id: D\n  text: 丁\n  text: 戊\n"
        "- id: 007\n  text: 己\n"
        "- id: E\n  text: 庚\n  1: x\n"
        "- id: F\n  text: !!binary aGk=\n"
        "- id: A\n  text: 辛\n",
        "utf-8",
    )
    log: list[ClauseFile] = []
    rows = read_clauses(path, log)
    assert [row["id"] for row in rows] == ["A", "B"]
    assert rows[0]["valid_from"] == "2026-08-15"
    assert rows[0]["rules"] == [
        {"effect": "FORBID", "quote": [2, 4], "review": {"state": "reviewed", "by": "甲", "on": "2026-03-01"}}
    ]
    assert [error.text("en").split("line ")[1].split(":")[0] for error in log] == [
        "8",
        "10",
        "13",
        "15",
        "18",
        "20",
    ]
    assert "given at 1" in log[-1].text("en")


@pytest.mark.parametrize("name", ["clauses_general.yaml", "clauses_local.yaml"])
def test_the_demo_list_survives_every_form(tmp_path: Path, name: str) -> None:
    rows = read_clauses(DEMO / name)
    assert len(rows) > 50
    for suffix in (".jsonl", ".yml", ".json"):
        write_clauses(tmp_path / f"x{suffix}", rows)
        assert read_clauses(tmp_path / f"x{suffix}") == rows
    for row in rows[:5]:
        assert clause_from_row(row).text == row["text"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b""), ("a.json", b"{}"), ("a.json", b"[1"), ("a.yaml", b"a: 1"), ("a.yaml", b"- [\n"),
        ("a.jsonl", "条款".encode("gbk")), ("a.jsonl", None), ("a.yaml", b"[" * 50_000),
    ],
)  # fmt: skip
def test_a_file_that_is_no_clause_file_is_an_error_even_with_a_log(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ClauseFile):
        read_clauses(tmp_path / name, [])


def test_an_empty_file_has_no_clauses(tmp_path: Path) -> None:
    for suffix in (".jsonl", ".yaml"):
        (tmp_path / f"a{suffix}").write_bytes(b"")
        assert read_clauses(tmp_path / f"a{suffix}") == []


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "A", "text": "x"}, {"id": "A", "text": "y"}], [{"id": "A"}], [{"id": "A", "text": "x", "v": float("nan")}],
        [{"id": "A", "text": "x", "v": {1, 2}}], [{"id": "A", "text": "x", 1: 2}],
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".yaml"])
def test_rows_that_cannot_be_said_leave_the_old_file(
    tmp_path: Path, rows: list[dict[str, Any]], suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    with pytest.raises(ClauseFile):
        write_clauses(path, rows)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed):
        write_clauses(tmp_path / "none" / "a.jsonl", [])
    with pytest.raises(ClauseFile):
        write_clauses(tmp_path / "a.csv", [])


@given(VALUES)
def test_json_on_one_line_says_the_same_value(value: Any) -> None:
    line = encode(value)
    assert "\n" not in line
    assert decode(line) == value
    line.encode("utf-8")

"""The lexicon of industry words: sound, complete over the standard, and right on labelled clauses."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sanxian import data
from sanxian.clauses.text import plain

LABELLED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
KINDS = {"industry", "product", "facility", "group", "everyday", "all", "class", "behaviour", "blocker"}
WITHOUT_CODES = {"all", "class", "blocker"}


class Row(NamedTuple):
    word: str
    codes: tuple[str, ...]
    kind: str
    note: str


def _rows() -> tuple[Row, ...]:
    text = resources.files("sanxian.data").joinpath("industry_words.csv").read_text("utf-8")
    reader = csv.DictReader(text.splitlines(), strict=True)
    assert reader.fieldnames == ["word", "codes", "kind", "note"]
    return tuple(
        Row(row["word"], tuple(filter(None, row["codes"].split("|"))), row["kind"], row["note"])
        for row in reader
    )


ROWS = _rows()
OFFICIAL = {
    plain(row.name).text: (row.code,)  # of two levels of one name the group, which is above the class
    for row in reversed(tuple(data.industries().values()))
    if row.level != "section" and len(row.name) > 1
}
# A word of the list replaces an official name, so a blocker can take one out (生态保护 is a group of the standard).
LEXICON = OFFICIAL | {row.word: row.codes for row in ROWS}
LONGEST = max(map(len, LEXICON))


def found(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the longest words from left to right, each with its codes; words without codes are left out."""
    text = plain(text).text
    place = 0
    while place < len(text):
        for end in range(min(len(text), place + LONGEST), place, -1):
            if (codes := LEXICON.get(text[place:end])) is not None:
                if codes:
                    yield text[place:end], codes
                place = end
                break
        else:
            place += 1


def codes_in(text: str) -> set[str]:
    return {code for _, codes in found(text) for code in codes}


def divisions(codes: set[str]) -> set[str]:
    """Divisions of codes; a section stands for all of its own."""
    table = data.industries().values()
    return {
        row.code
        for row in table
        if row.level == "division"
        and any(code in {row.section, row.code} or code[:2] == row.code for code in codes)
    }


# --- the list itself -------------------------------------------------------------------------------


def test_it_is_a_lexicon_of_the_size_that_was_meant() -> None:
    kinds = [row.kind for row in ROWS]
    assert set(kinds) == KINDS
    assert sum(kind not in WITHOUT_CODES for kind in kinds) >= 4_500
    assert kinds.count("blocker") >= 1_200


def test_no_word_is_listed_twice() -> None:
    words = [row.word for row in ROWS]
    assert sorted(words) == sorted(set(words))


def test_every_word_is_one_the_parser_can_meet() -> None:
    """It reads plain text: simplified characters, half-width digits and brackets, no layout."""
    assert [row.word for row in ROWS if plain(row.word).text != row.word or len(row.word) < 2] == []


def test_every_code_is_in_the_table_and_stands_once() -> None:
    table = set(data.industries())
    assert [row for row in ROWS if not set(row.codes) <= table] == []
    assert [
        row
        for row in ROWS
        if any(
            i != j and data.industry_matches(a, b)
            for i, a in enumerate(row.codes)
            for j, b in enumerate(row.codes)
        )
    ] == [], "one code lies under another, or stands twice"


def test_a_word_has_codes_unless_its_kind_says_otherwise() -> None:
    assert [row for row in ROWS if bool(row.codes) == (row.kind in WITHOUT_CODES)] == []


def test_every_division_of_the_standard_has_a_word_of_its_own() -> None:
    """Sections do not count: 采矿业 reaches all of mining, and says nothing about coal."""
    reached = {code[:2] for row in ROWS for code in row.codes if code.isdigit()}
    assert {row.code for row in data.industries().values() if row.level == "division"} == reached


def test_a_group_is_explained() -> None:
    """A word that stands for several divisions is a judgement; the reader of a rule may ask for the reason."""
    named = (
        "两高",
        "十小",
        "十大重点行业",
        "高耗水行业",
        "VOCs重点行业",
        "重金属重点行业",
        "产能严重过剩行业",
    )
    notes = {row.word: row.note for row in ROWS}
    assert all(notes[word] for word in named)
    assert all(row.note for row in ROWS if row.kind == "blocker")


def test_a_blocker_holds_a_shorter_word_it_keeps_from_matching() -> None:
    coded = {word for word, codes in LEXICON.items() if codes}
    heads = {name[:end] for name in OFFICIAL for end in range(2, len(name) + 1)}
    for row in ROWS:
        if row.kind == "blocker":
            size = len(row.word)
            inside = {row.word[a:b] for a in range(size) for b in range(a + 2, size + 1)}
            assert inside & (coded | heads), row.word


# --- what words mean -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("化工", {"26"}),
        ("石化、化工", {"251", "26"}),
        ("煤化工", {"252", "26"}),
        ("钢铁", {"31"}),
        ("冶金", {"31", "32"}),
        ("建材", {"30"}),
        ("造纸", {"22"}),
        ("化学制浆造纸", {"221"}),
        ("制革", {"191"}),
        ("酿造", {"151"}),
        ("畜禽养殖", {"03"}),
        ("表面涂装", {"336"}),
        ("生物质锅炉", {"443"}),
        ("供热锅炉", {"443"}),
        ("锅炉制造", {"3411"}),  # who makes boilers is not who heats with them
        ("采砂", {"1019"}),
        ("尾矿库", {"08", "09"}),
        ("非煤矿山", {"08", "09", "10"}),  # holds 煤矿, and says the opposite
        ("煤矿", {"06"}),
        ("再生铅", {"3212"}),
        ("铅蓄电池", {"3843"}),
        ("危险化学品仓储", {"594"}),
        ("危险化学品输送管道", {"57"}),
        ("水上加油站", {"5265"}),
        ("垃圾焚烧发电", {"4417"}),
        ("废塑料造粒", {"422"}),
        ("光伏电站", {"4416"}),
        ("光伏组件", {"38"}),  # a factory, not a power plant
        ("燃气锅炉", {"443"}),  # the fuel is not the trade
        ("建材市场", {"7223"}),
        ("煤炭批发", {"51"}),
        ("采矿业", {"B"}),
        ("制造业", {"C"}),
        ("石化", {"251"}),  # lists name 化工 beside it
        ("多晶硅", {"3985"}),
        ("工业硅", {"3218"}),
        ("虚拟货币挖矿", {"64", "65"}),  # no mining
        ("盐湖提锂", {"2613"}),  # nor is this
        ("洗砂点", {"1019"}),
        ("机制砂", {"3039"}),
        ("动力电池回收", {"42"}),
        ("动力电池", {"3841"}),
        ("医疗废物", {"7724"}),
        ("建筑垃圾消纳场", {"7723"}),
        ("废品收购站", {"5191"}),
        ("粮食筒仓", {"5951"}),
        ("输油管线", {"57"}),
        ("液化气站", {"4512"}),
        ("油氢合建站", {"526"}),
        ("沥青拌和站", {"3099"}),
        ("商混企业", {"3021"}),
        ("砂石矿山", {"101"}),  # not every mine
        ("汽车零部件涂装", {"3670"}),
        ("黏土砖", {"3031"}),  # 粘 and 黏 are both written
        ("粘土砖", {"3031"}),
    ],
)
def test_a_word_means_its_codes(text: str, expected: set[str]) -> None:
    assert codes_in(text) == expected


def test_dyeing_is_every_dyeing_class() -> None:
    named = {row.code for row in data.industries().values() if row.level == "class" and "染" in row.name[:-2]}
    dyeing = {code for code in named if code.startswith("17")}
    assert codes_in("印染") == dyeing != set()


def test_two_high_is_every_one_of_its_trades() -> None:
    trades = ("火电", "石化", "化工", "煤化工", "钢铁", "焦化", "建材", "有色")
    two_high = codes_in("“两高”项目")
    assert two_high
    for trade in trades:
        for code in codes_in(trade):
            assert any(data.industry_matches(code, above) for above in two_high), (trade, code)


@pytest.mark.parametrize(
    "text",
    [
        "化学需氧量、氨氮排放浓度达到限值",
        "石油类不得检出",
        "严格控制煤炭消费总量",
        "新增耗煤项目实行煤炭等量替代",
        "开展化肥农药减量行动",
        "防治农业面源污染",
        "位于生态保护红线内",
        "集中供热管网覆盖范围",
        "公路两侧一百米内",
        "使用低VOCs含量的涂料、油墨、胶粘剂",
        "汽车尾气和非道路移动机械",
        "水产种质资源保护区和重要渔业水域",
        "实行船舶污染物接收转运",
        "与学校、医院等环境敏感目标保持距离",
        "提高资源开发利用效率",
        "各类建设项目和工业企业",
        "污水集中处理设施",
        "位于高速公路、国道两侧可视范围",
        "铁路线路安全保护区外侧",
        "大宗货物铁路运输占比达到80%",
        "不得取用自来水",
        "可再生能源供电比例不低于50%",
        "采用一次性活性炭等低效设施",
        "出口设置洗车台",
        "利用采煤沉陷区",
        "压覆重要矿产资源",
        "脱硫石膏",
        "依托园区污水处理厂集中处理",
        "住宅楼内",
        "投保环境污染责任保险",
        "节水灌溉工程",
    ],
)
def test_what_is_no_industry_is_none(text: str) -> None:
    assert not list(found(text))


# --- against labels --------------------------------------------------------------------------------


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LABELLED / name).read_text("utf-8").splitlines()]


def _own(name: str) -> list[dict[str, Any]]:
    text = (Path(__file__).resolve().parent / "clauses" / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _score(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Return precision and recall of divisions, summed over clauses."""
    right = wrong = missed = 0
    for row in rows:
        got, expected = divisions(codes_in(row["text"])), {code[:2] for code in row["industry_codes"]}
        right += len(got & expected)
        wrong += len(got - expected)
        missed += len(expected - got)
    return right / (right + wrong), right / (right + missed)


def test_divisions_of_labelled_clauses_are_found() -> None:
    """The scanner knows no grammar: it also finds industries that a clause only excepts or passes by.

    So precision is asked for twice, over clauses whose label names industries and over all.
    """
    clauses = _lines("clauses_dev.jsonl") + _lines("clauses_unit_style_dev.jsonl")
    precision, recall = _score([row for row in clauses if row["industry_codes"]])
    assert precision >= 0.95
    assert recall >= 0.99
    precision, recall = _score(clauses)
    assert precision >= 0.88
    assert recall >= 0.99


@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [("own_law", 0.86, 0.97), ("own_unit", 0.85, 0.98), ("own_fresh", 0.82, 0.95)],
)
def test_divisions_of_our_own_labels_are_found(name: str, precision: float, recall: float) -> None:
    """These clauses were read while the list was written: they guard what it has, and estimate nothing unseen."""
    found_, reached = _score([row for row in _own(name) if row["industry_codes"]])
    assert found_ >= precision
    assert reached >= recall


def test_the_industries_of_judged_projects_are_found() -> None:
    """Every code of a label is found or lies above or below one that is."""
    named = [row for row in _lines("triples_dev.jsonl") if row["project"]["industry_code"]]
    missed = [
        (row["project"]["industry"], code)
        for row in named
        for code in row["project"]["industry_code"]
        if not any(
            data.industry_matches(code, got) or data.industry_matches(got, code)
            for got in codes_in(row["project"]["industry"])
        )
    ]
    assert len(named) >= 20
    assert not missed

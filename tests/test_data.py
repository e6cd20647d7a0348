"""The shipped tables: complete, consistent, and what is looked up in them."""

from __future__ import annotations

import csv
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanxian import data
from sanxian.errors import FactUnit, UnknownIndustry

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT.parent / "shared" / "data" / "gbt4754_2017.csv"
CODES = sorted(data.industries())


# --- facts -------------------------------------------------------------------------------------


def test_every_fact_is_whole() -> None:
    for key, fact in data.facts().items():
        assert fact.key == key
        assert fact.zh and fact.en and fact.question_zh and fact.question_en and fact.where
        assert (fact.type == "number") == bool(fact.unit)
    assert data.facts()["nature"].values == data.natures()
    assert data.facts()["activity"].values == data.activities()


def test_loaders_give_the_same_frozen_tables_each_time() -> None:
    assert data.facts() is data.facts()
    with pytest.raises(TypeError):
        data.facts()["x"] = data.facts()["fuel"]  # type: ignore[index]
    with pytest.raises(TypeError):
        data.industries()["x"] = data.industries()["26"]  # type: ignore[index]


GOOD = {
    "type": "number", "unit": "t/h", "zh": "甲", "en": "a", "question_zh": "？", "question_en": "?", "where": "乙",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "integer"}, "none of"),
        ({"unit": "furlong"}, "not in vocabulary.toml"),
        ({"en": ""}, "lacks en"),
        ({"range": [5.0, 1.0]}, "upside down"),
        ({"values": ["一"]}, "only an enum or a set has values"),
        ({"type": "bool"}, "only a number has a unit"),
        ({"type": "enum", "unit": None}, "only a number has a unit"),
        ({"questions": "?"}, "unknown key questions"),
        ({"vocabulary": "roles"}, "vocabulary must be"),
    ],
)
def test_a_broken_entry_of_the_vocabulary_is_named(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"\[boiler\].*{complaint}"):
        data._fact_table({"boiler": GOOD | change}, ("采矿",), data._units())


def test_two_facts_never_share_a_label() -> None:
    with pytest.raises(ValueError, match="already that of"):
        data._fact_table({"one": GOOD, "two": GOOD}, (), data._units())


def test_states_have_both_labels_and_values() -> None:
    assert data.states()["air_quality"].values == ("达标", "未达标")
    assert all(s.zh and s.en and len(s.values) > 1 for s in data.states().values())


# --- units -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (15, "亩", "ha", 1.0),
        (1, "万t/a", "t/a", 10_000.0),
        (500, "kW", "MW", 0.5),
        (3, "m³/a", "万m3/a", 0.0003),
        (35, "蒸吨", "t/h", 35.0),
        (35, "蒸吨/小时", "t/h", 35.0),
        (2, "万吨标准煤/年", "tce/a", 20_000.0),
        (1, "㎡", "m2", 1.0),
        (70, "％", "%", 70.0),
    ],
)
def test_units_convert_exactly(value: float, source: str, target: str, expected: float) -> None:
    assert data.convert(value, source, target) == expected


@given(st.integers(0, 10**9), st.sampled_from(sorted(data._units())), st.data())
def test_a_conversion_and_back_gives_the_number(value: int, unit: str, draw: st.DataObject) -> None:
    other = draw.draw(st.sampled_from(data.units_like(unit)))
    there = data.convert(value, unit, other)
    assert data.convert(there, other, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(("source", "target"), [("km", "t/a"), ("斤", "t/a"), ("t/a", "?")])
def test_units_of_different_things_never_convert(source: str, target: str) -> None:
    with pytest.raises(FactUnit):
        data.convert(1.0, source, target)


def test_factors_are_the_published_ratios() -> None:
    assert data._units()["亩"][1] == Fraction(2000, 3)
    assert data._units()["m3/a"][1] == Fraction(1, 10_000)


# --- industries ----------------------------------------------------------------------------------


def test_the_table_is_the_whole_standard() -> None:
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        expected = [tuple(row.values()) for row in csv.DictReader(file)]
    ours = [(row.section, row.code, row.level, row.name) for row in data.industries().values()]
    assert ours == expected
    levels = [row.level for row in data.industries().values()]
    assert [levels.count(x) for x in ("section", "division", "group", "class")] == [20, 97, 473, 1381]


@given(st.sampled_from(CODES), st.booleans(), st.booleans(), st.booleans())
def test_every_way_of_writing_a_code_means_it(code: str, lower: bool, wide: bool, named: bool) -> None:
    row = data.industries()[code]
    text = code if code == row.section else f"{row.section}{code}"
    if named:
        text = f"{text} {row.name}"
    if lower:
        text = text.lower()
    if wide:
        text = text.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})
    assert data.industry_code(text) == code
    assert data.industry_code(code) == code


@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_a_code_matches_its_own_ancestors_only(code: str, prefix: str) -> None:
    section = data.industries()[code].section
    expected = section == prefix if prefix.isalpha() else code.startswith(prefix)
    assert data.industry_matches(code, prefix) == expected
    if not prefix.isalpha():
        letter = data.industries()[prefix].section
        assert data.industry_matches(code, f"{letter}{prefix}") == (expected and letter == section)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2615", "2614 有机化学原料制造"),
        ("26140", "2614 有机化学原料制造"),
        ("122", "0122 油料种植"),  # a spreadsheet took the leading zero
        ("6214", "2614"),
        ("D2614", "属于门类 C"),
        ("有机化学", "2614 有机化学原料制造"),
        ("有机化工原料", "2614 有机化学原料制造"),
        ("C26-2614", "sanxian industry"),
        ("K歌厅", "sanxian industry"),
        ("", "sanxian industry"),
        ("C2614C", "sanxian industry"),
    ],
)
def test_an_unknown_code_names_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(UnknownIndustry) as caught:
        data.industry_code(text)
    assert hint in caught.value.text("zh-CN")
    assert caught.value.text("en")


@given(st.text(max_size=12))
def test_any_text_is_a_code_or_unknown(text: str) -> None:
    try:
        assert data.industry_code(text) in data.industries()
    except UnknownIndustry as error:
        assert error.text("en") and error.text("zh-CN")


def test_search_puts_the_plainest_name_first() -> None:
    assert data.search_industries("水泥制造")[0].code == "3011"
    assert {row.code for row in data.search_industries("化学 农药")} >= {"2631"}
    assert data.search_industries("C2614")[0].code == "2614"
    assert data.search_industries("261")[0].code.startswith("261")
    assert data.search_industries("  ") == ()
    assert len(data.search_industries("制造", limit=3)) == 3


def test_importing_reads_no_table() -> None:
    """The table of industries is parsed when first asked for: a command that needs none starts at once."""
    code = (
        "from sanxian import data\n"
        "assert data.industries.cache_info().currsize == 0\n"
        "assert data.facts.cache_info().currsize == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Rules as sentences: what is said reads back as the same rule, and what is not understood is refused."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sanxian import data
from sanxian.clauses import sentences
from sanxian.clauses.sentences import read_sentence, sentence
from sanxian.errors import BadRule, BadSentence
from sanxian.i18n import LANGS
from sanxian.model import Effect, Outcome, Strength
from sanxian.rules import check

UNSAID = frozenset(("quote", "parts", "review", "id", "note"))
PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "clause-sentences.md"
many = settings(max_examples=300, deadline=None)


def canonical(value: Any) -> Any:
    """A rule without what a sentence does not say; empty keys dropped, dates as ISO text."""
    if isinstance(value, Mapping):
        kept = {k: canonical(v) for k, v in value.items() if k not in UNSAID}
        return {
            k: v
            for k, v in kept.items()
            if v is not None and v not in ("", [], {}) and (k, v) != ("strength", "strict")
        }
    if isinstance(value, list | tuple):
        return [canonical(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


# --- the whole rule language ------------------------------------------------------------------------

KEYWORDS = (
    "条件是", "除非", "须", "期限为", "且", "或", "，", "；", "。", "（", "）", "、", "·", "项目", "的", "小于", "之一", "不属于", "位于",
    "“", "”", "「", "」", "『", "』", '"', "\\", "\\n", "\n", "\t", "\u200b", "图层", "red_line", "生态保护红线", "河流", "river",
    "if", "unless", "and", "or", "it is required that", "(", ")", ",", ";", ".", " ", "no later than", "is one of", "黄河干流", "1", "m",
    "情形", "出具的", "落实", "距离", "公里", "长江", "非", "并非", "|", "&", ":",
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(
        ("危害防洪安全", "污水处理设施正常运行", "海拔", "不可避让论证意见", "省级以上“自然”保护地")
    ),
    st.lists(st.sampled_from(KEYWORDS), min_size=1, max_size=6).map("".join),
    st.text(min_size=1, max_size=12),
).filter(lambda text: bool(text.strip()))
matters = texts.map(lambda text: re.sub(r"[\[\]]", "x", text))
names = texts.map(lambda text: re.sub(r"[|&]", "/", text))
layers = st.one_of(
    st.sampled_from(("red_line", "river", "protected_area", "water", "water_zone", "custom", "q-1")),
    texts.map(lambda text: text.replace(":", "-")),
)
terms = st.one_of(
    st.sampled_from(("黄河干流", "湟水", "国家公园", "核心保护区", "PRIORITY", "河流", "river", "ZH63-1")),
    names,
)


def joined(inner: st.SearchStrategy[str], joint: str) -> st.SearchStrategy[str]:
    return st.lists(inner, min_size=1, max_size=3).map(joint.join)


targets = st.one_of(
    layers, st.tuples(layers, joined(joined(terms, "&"), "|")).map(lambda pair: f"{pair[0]}:{pair[1]}")
)
numbers = st.one_of(
    st.integers(-5, 5000),
    st.sampled_from(
        (0.5, 35.0, 4800, 1e-7, 2.5e-9, -0.0, 1e22, 1e23, 123456.789, 10**16, 2**70 + 1, 1e300, 5e-324)
    ),
    st.floats(allow_nan=False, allow_infinity=False),
)
ORDERS = ("<", "<=", ">", ">=", "==", "!=")
tests: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.tuples(st.sampled_from(ORDERS), numbers),
    st.tuples(st.just("between"), st.lists(numbers, min_size=2, max_size=2).map(sorted)),
).map(lambda pair: {"op": pair[0], "value": pair[1]})


def flexible(spellings: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from((None, *spellings)).map(lambda unit: {} if unit is None else {"unit": unit})


SPELT = {
    "m": ("公里", "千米", "米", "ｋｍ", "k m"),
    "m2": ("公顷", "平方公里", "㎡", "km²"),
    "t/a": ("万吨/年", "吨／年", "t / a"),
}


def units_of(base: str) -> tuple[str, ...]:
    return (*data.units_like(base), *SPELT.get(base, ()))


days = st.dates().map(str) | st.sampled_from(("20260831", "2026-W35-1", "0001-01-01"))
DAY_OPS = ("<", "<=", ">", ">=", "==")


def lists_of(one: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(one, min_size=1, max_size=3)


def of_values(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(values) if values else texts


def fact_atoms(fact: data.FactDef) -> st.SearchStrategy[dict[str, Any]]:
    """Every comparison a fact takes."""
    base = {"fact": fact.key}
    if fact.type == "bool":
        return st.booleans().map(lambda v: base | {"op": "is", "value": v})
    if fact.type == "number":
        return st.tuples(tests, flexible(units_of(fact.unit))).map(lambda two: base | two[0] | two[1])
    if fact.type == "date":
        return st.tuples(st.sampled_from(DAY_OPS), days | st.just("as_of")).map(
            lambda two: base | {"op": two[0], "value": two[1]}
        )
    value = of_values(fact.values)
    single, several = (
        ("is is_not", "in not_in") if fact.type != "set" else ("has", "has_any has_all has_none")
    )
    return st.one_of(
        st.tuples(st.sampled_from(single.split()), value),
        st.tuples(st.sampled_from(several.split()), lists_of(value)),
    ).map(lambda two: base | {"op": two[0], "value": two[1]})


facts = st.sampled_from([f for f in data.facts().values() if f.key != "industry"]).flatmap(fact_atoms)
CODES = tuple(data.industries())
codes = st.one_of(
    st.sampled_from(CODES),
    st.sampled_from(CODES).map(lambda c: c if c.isalpha() else data.industries()[c].section + c),
    st.sampled_from(("c26", "Ｃ２６", "26 化学原料和化学制品制造业", "C-26", " 2614")),
)
roles = st.sampled_from(({}, {"role": ""}, {"role": "排污口"})) | texts.map(lambda role: {"role": role})


def measured(kind: str, units: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(targets, tests, st.sampled_from(units), roles).map(
        lambda four: {kind: four[0], **four[1], "unit": four[2], **four[3]}
    )


shares = st.tuples(
    targets,
    tests,
    roles,
    st.sampled_from(({}, {"of": "project"}, {"of": "zone"})),
    st.sampled_from(({}, {"unit": "%"})),
).map(lambda five: {"share": five[0], **five[1], **five[2], **five[3], **five[4]})


@st.composite
def state_atoms(draw: st.DrawFn) -> dict[str, Any]:
    state = draw(st.sampled_from(list(data.states().values())))
    op = draw(st.sampled_from(("is", "is_not", "in")))
    value = st.sampled_from(state.values)
    at = draw(st.sampled_from((None, "place", "county", "prefecture", "province")))
    found = {"state": state.key, "op": op, "value": draw(lists_of(value) if op == "in" else value)}
    return found if at is None else found | {"at": at}


outcomes = st.sampled_from(list(Outcome.__members__))
clauses = st.one_of(
    st.tuples(texts, outcomes).map(lambda two: {"clause": two[0], "op": "is", "value": two[1]}),
    st.tuples(texts, lists_of(outcomes)).map(lambda two: {"clause": two[0], "op": "in", "value": two[1]}),
)
matter_units = st.one_of(st.sampled_from(("m", "米", "t/a", "层", "dB(A)", "and", "”", " ")), matters)
atoms = st.one_of(
    facts,
    facts,
    matters.map(lambda text: {"matter": text}),
    st.tuples(matters, tests).map(lambda two: {"matter": two[0], **two[1]}),
    st.tuples(matters, tests, matter_units).map(
        lambda three: {"matter": three[0], **three[1], "unit": three[2]}
    ),
    lists_of(codes).map(lambda found: {"industry": found}),
    texts.map(lambda name: {"catalogue": name}),
    st.tuples(st.sampled_from(("in", "crosses")), targets, roles).map(
        lambda three: {three[0]: three[1], **three[2]}
    ),
    shares,
    measured("area", units_of("m2")),
    measured("length", units_of("m")),
    measured("distance", units_of("m")),
    state_atoms(),
    st.tuples(st.sampled_from(DAY_OPS), days).map(
        lambda two: {"date": "as_of", "op": two[0], "value": two[1]}
    ),
    clauses,
    texts.map(lambda name: {"document": name}),
    st.tuples(texts, texts).map(lambda two: {"document": two[0], "issuer": two[1]}),
)
duties = st.one_of(
    texts.map(lambda text: {"duty": text}),
    st.tuples(texts, texts).map(lambda two: {"duty": two[0], "phase": two[1]}),
)


def conditions(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nested all/any/not, lists of one member included; ``not`` over atoms without duties only."""

    def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        members = st.lists(inner, min_size=1, max_size=3)
        return members.map(lambda m: {"all": m}) | members.map(lambda m: {"any": m})

    denied = st.recursive(atoms, lambda c: grown(c) | c.map(lambda m: {"not": m}), max_leaves=5).map(
        lambda c: {"not": c}
    )
    return st.recursive(leaves | denied, grown, max_leaves=6)


free = conditions(atoms)
promising = conditions(atoms | duties)
subjects = st.fixed_dictionaries(
    {},
    optional={
        "nature": st.lists(st.sampled_from(data.natures()), max_size=3),
        "industry": st.lists(codes, max_size=3),
        "activity": st.lists(st.sampled_from(data.activities()), max_size=3),
        "role": st.lists(texts, max_size=2),
    },
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """Valid rules over the whole language."""
    effect = str(draw(st.sampled_from(list(Effect))))
    rule: dict[str, Any] = {"effect": effect}
    strength = draw(st.sampled_from((None, "", *map(str, Strength))))
    if strength is not None:
        rule["strength"] = strength
    extras: dict[str, Any] = {
        "subject": subjects | st.none(),
        "when": free | st.none(),
        "unless": promising | st.none(),
    }
    if effect in ("RESTRICT", "REQUIRE"):
        extras["require"] = promising | st.none()
    if effect == "EXIT":
        extras["until"] = days | st.dates() | st.none()
    for key, values in extras.items():
        if draw(st.booleans()):
            rule[key] = draw(values)
    if draw(st.booleans()):
        rule |= {"quote": [0, 4], "review": {"state": "draft"}, "parts": [], "id": "R1", "note": "示例"}
    return rule


def valid(rule: Mapping[str, Any]) -> bool:
    try:
        check(rule)
    except (BadRule, OverflowError):  # a limit that no unit can convert
        return False
    return True


@many
@given(rules(), st.sampled_from(LANGS))
def test_a_sentence_reads_back_as_the_rule(rule: dict[str, Any], lang: str) -> None:
    assume(valid(rule))
    said = sentence(rule, lang)
    assert canonical(read_sentence(said)) == canonical(rule)
    assert said.splitlines() == [said]


@many
@given(atoms, st.booleans(), st.sampled_from(LANGS))
def test_every_atom_reads_back_alone_and_denied(atom: dict[str, Any], denied: bool, lang: str) -> None:
    rule = {"effect": "ALLOW", "when": {"not": atom} if denied else atom}
    assume(valid(rule))
    assert canonical(read_sentence(sentence(rule, lang))) == canonical(rule)


def nested(depth: int) -> dict[str, Any]:
    """A condition in so many brackets of every kind in turn."""
    condition: dict[str, Any] = {"fact": "two_high", "op": "is", "value": True}
    for level in range(depth):
        other = {"fact": "new_outfall", "op": "is", "value": level % 2 == 0}
        shapes: tuple[dict[str, Any], ...] = (
            {"not": condition}, {"all": [condition]}, {"any": [other, condition]}, {"all": [condition, other]}, {"any": [condition]},
        )  # fmt: skip
        condition = shapes[level % 5]
    return condition


@pytest.mark.parametrize("lang", LANGS)
def test_nesting_as_deep_as_a_rule_may_be(lang: str) -> None:
    rule = {"effect": "FORBID", "when": nested(300)}
    check(rule)
    assert read_sentence(sentence(rule, lang)) == rule


@pytest.mark.parametrize("lang", LANGS)
def test_nesting_deeper_than_a_rule_may_be_is_refused(lang: str) -> None:
    word = "并非" if lang == "zh-CN" else "not "
    head, atom = (
        ("禁止项目，条件是", "属于两高项目")
        if lang == "zh-CN"
        else ("Forbid projects, if ", "it is a two-high project")
    )
    with pytest.raises(BadSentence, match="过深"):
        read_sentence(head + f"{word}(" * 5000 + atom + ")" * 5000)
    with pytest.raises(BadRule, match="过深"):
        sentence({"effect": "FORBID", "when": nested(5000)}, lang)


@pytest.mark.parametrize("lang", LANGS)
def test_every_industry_is_said_with_its_name_and_read_by_its_code(lang: str) -> None:
    for code, row in data.industries().items():
        for spelling in {code, code if code.isalpha() else row.section + code}:
            rule = {
                "effect": "ALLOW",
                "subject": {"industry": [spelling]},
                "when": {"industry": [spelling, "26"]},
            }
            said = sentence(rule, lang)
            assert f"{spelling} {row.name}" in said
            assert read_sentence(said) == rule


@given(st.sampled_from(CODES), st.sampled_from(CODES), st.sampled_from(LANGS))
def test_a_code_with_the_name_of_another_industry_is_refused(code: str, other: str, lang: str) -> None:
    row, wrong = data.industries()[code], data.industries()[other]
    assume(row.name != wrong.name)
    said = sentence({"effect": "ALLOW", "when": {"industry": [code]}}, lang)
    edited = said.replace(f"{code} {row.name}", f"{code} {wrong.name}")
    with pytest.raises(BadSentence) as caught:
        read_sentence(edited)
    assert row.name in caught.value.text("zh-CN")
    assert row.name in caught.value.text("en")


# --- wording ------------------------------------------------------------------------------------------

RIVER = {"distance": "river:黄河干流", "op": "<", "value": 1000, "unit": "m"}
PARK = {"fact": "inside_compliant_park", "op": "is", "value": True}
HIGH = {"fact": "two_high", "op": "is", "value": True}
OUTFALL = {"fact": "new_outfall", "op": "is", "value": True}


def rule_of(condition: Mapping[str, Any], part: str = "when") -> dict[str, Any]:
    return {"effect": "REQUIRE", part: dict(condition)}


SAID: tuple[tuple[dict[str, Any], str, str], ...] = (
    (
        {"effect": "FORBID", "subject": {"nature": ["新建", "扩建"], "industry": ["C26"]}, "when": RIVER, "unless": PARK},
        "禁止新建、扩建 C26 化学原料和化学制品制造业的项目，条件是距离“黄河干流”（river）小于 1000 m；除非位于合规园区内。",
        "Forbid new, extended projects in industry C26 化学原料和化学制品制造业, if the distance to “黄河干流” (river) is less than 1000 m; unless it is inside a compliant park.",
    ),
    (
        {"effect": "RESTRICT", "strength": "principle", "when": {"any": [HIGH, {"all": [OUTFALL, {"in": "red_line"}]}]}, "require": {"duty": "安装在线监测", "phase": "运营期"}},
        "原则上限制所有项目，条件是属于两高项目，或（新增入河排污口，且位于生态保护红线（red_line））；须承诺在“运营期”落实“安装在线监测”。",
        "In principle restrict all projects, if it is a two-high project or (it has a new outfall and it lies in ecological red line (red_line)); it is required that it undertakes in “运营期” “安装在线监测”.",
    ),
    (
        {"effect": "EXIT", "strength": "soft", "subject": {"nature": ["现有"], "activity": ["采砂"], "role": ["排污口"]}, "until": "2027-12-31"},
        "引导退出现有涉及采砂的该处工程组成含“排污口”的项目；期限为2027年12月31日。",
        "As far as possible phase out existing projects, with activity 采砂, with part “排污口” there; no later than 2027-12-31.",
    ),
    (
        {"effect": "ALLOW", "when": {"not": {"all": [{"matter": "危害防洪安全"}, {"matter": "海拔", "op": ">=", "value": 4800, "unit": "m"}]}}},
        "允许所有项目，条件是并非（属于“危害防洪安全”的情形，且“海拔”不小于 4800 m）。",
        "Allow all projects, if it is not true that (the case is “危害防洪安全” and “海拔” is at least 4800 m).",
    ),
    (
        {"effect": "INFORM", "when": {"state": "air_quality", "op": "is_not", "value": "达标", "at": "county"}},
        "提示所有项目，条件是所在县的环境空气质量不为达标。",
        "Note for all projects, if the county's ambient air quality is not 达标.",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "zh", "en"), SAID)
def test_how_rules_are_worded(rule: dict[str, Any], zh: str, en: str) -> None:
    assert sentence(rule) == zh
    assert sentence(rule, "en-GB") == en
    assert read_sentence(zh) == rule
    assert read_sentence(en) == rule


WORDED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"fact": "boiler_tph", "op": "<", "value": 35, "unit": "t/h"}, "单台锅炉容量小于 35 t/h"),
    ({"fact": "boiler_tph", "op": "between", "value": [10, 35.5]}, "单台锅炉容量介于 10 与 35.5（t/h）之间"),
    ({"fact": "fuel", "op": "has_any", "value": ["煤", "重油"]}, "燃料包含煤、重油之一"),
    ({"fact": "fuel", "op": "has_any", "value": ["煤"]}, "燃料包含煤"),
    ({"fact": "fuel", "op": "has", "value": "煤"}, "燃料含有煤"),
    ({"fact": "fuel", "op": "has_none", "value": ["煤", "重油"]}, "燃料不包含煤、重油"),
    ({"fact": "polluted_plot", "op": "is", "value": "是，未完成治理"}, "污染地块为“是，未完成治理”"),
    ({"fact": "approved_on", "op": "<=", "value": "as_of"}, "批准日期不晚于研判日期"),
    ({"date": "as_of", "op": ">", "value": "20270101"}, "研判日期晚于“20270101”"),
    ({"in": "protected_area:国家公园&核心保护区|湿地公园"}, "位于“国家公园”·“核心保护区”、“湿地公园”（protected_area）"),
    ({"in": "my layer"}, "位于图层 “my layer”"),
    ({"not": {"crosses": "river:长江", "role": "管线"}}, "其“管线”不穿越“长江”（river）"),
    ({"share": "red_line", "op": ">", "value": 25}, "占用生态保护红线（red_line）的比例大于 25%"),
    ({"share": "red_line", "op": ">", "value": 25, "unit": "%"}, "占用生态保护红线（red_line）的比例大于 25（%）"),
    ({"share": "red_line", "op": ">", "value": 25, "of": "zone"}, "占用生态保护红线（red_line）的部分占该区域的比例大于 25%"),
    ({"area": "red_line", "op": ">=", "value": 1, "unit": "公顷"}, "占用生态保护红线（red_line）的面积不小于 1 公顷"),
    ({"clause": "QH-1", "op": "in", "value": ["COMPLIANT", "CONDITIONAL"]}, "条款“QH-1”的判定为符合、有条件符合之一"),
    ({"document": "论证意见", "issuer": "省自然资源厅"}, "已取得“省自然资源厅”出具的“论证意见”"),
    ({"matter": "列入“两高”清单"}, "属于「列入“两高”清单」的情形"),
    ({"matter": "甲“乙”「丙」『丁』"}, "属于“甲\\“乙\\”「丙」『丁』”的情形"),
    ({"matter": "一\n二\\三\u200b"}, "属于“一\\n二\\\\三\\u{200b}”的情形"),
    ({"matter": "层高", "op": "<=", "value": 3, "unit": "层"}, "“层高”不大于 3 “层”"),
    ({"all": [HIGH]}, "同时满足（属于两高项目）"),
    ({"any": [{"all": [HIGH, OUTFALL]}]}, "满足任一（（属于两高项目，且新增入河排污口））"),
)  # fmt: skip


@pytest.mark.parametrize(("condition", "said"), WORDED, ids=[said for _, said in WORDED])
def test_how_conditions_are_worded(condition: dict[str, Any], said: str) -> None:
    text = f"要求所有项目，条件是{said}。"
    assert sentence(rule_of(condition)) == text
    assert read_sentence(text) == rule_of(condition)


SAME = (
    ("不得新建, 扩建C26的项目,条件是距“黄河干流”(river)<1000m;除非在合规园区内", SAID[0][0]),
    ("严禁新建和扩建C26化学原料和化学制品制造业项目；条件为 距离 「黄河干流」（river） 低于 1,000 米  ，除非位于合规园区内．", SAID[0][0] | {"when": RIVER | {"unit": "米"}}),
    ("禁止新建、扩建 c26 项目，除非位于合规园区内；条件是距离\"黄河干流\"（river）＜１０００ m。", SAID[0][0]),
    ("原则上限制项目，条件是属于“两高”项目或者（新增入河排污口并且处于生态保护红线（red_line））；应承诺在“运营期”落实“安装在线监测”", SAID[1][0]),
    ("要求项目，条件是（（属于两高项目））", rule_of(HIGH)),
    ("要求项目，条件是同时满足（属于两高项目，且新增入河排污口）", rule_of({"all": [HIGH, OUTFALL]})),
    ("要求项目，条件是两高项目：是", rule_of(HIGH)),
    ("要求项目，条件是燃料为煤，且属于两高项目", None),
    ("要求项目，条件是建设性质为新建、扩建", rule_of({"fact": "nature", "op": "in", "value": ["新建", "扩建"]})),
    ("要求项目，条件是综合能源消费量≥1 万tce/a", rule_of({"fact": "energy_tce", "op": ">=", "value": 1, "unit": "万tce/a"})),
    ("应退出项目；期限是2027/1/5", {"effect": "EXIT", "until": "2027-01-05"}),
    ("PROHIBIT newly built and extended projects in the industries C26 , if the distance to “黄河干流” ( river ) is below 1000 m, unless it is inside a compliant park", SAID[0][0]),
)  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), SAME)
def test_what_people_write_instead(text: str, rule: dict[str, Any] | None) -> None:
    if rule is None:
        with pytest.raises(BadSentence):
            read_sentence(text)
    else:
        assert read_sentence(text) == rule


REFUSED = (
    ("", 1, "管控措辞"),
    ("全力推进绿色发展", 1, "管控措辞"),
    ("禁止新建26 化工项目", 8, "化学原料和化学制品制造业"),
    ("禁止新建、新增项目", 6, "取值（新建、扩建"),
    ("禁止新建 2699 项目", 6, "2669 其他专用化学产品制造"),
    ("禁止新建 A26 项目", 6, "门类 C"),
    ("禁止项目，条件是距离“长江”（river）小于 1", 26, "单位"),
    ("禁止项目，条件是距离“长江”（river）小于 10⁵ m", 27, "单位"),
    ("禁止项目，条件是单台锅炉容量小于 35（t/a）", 21, "t/h"),
    ("禁止项目，条件是单台锅炉容量小于 35", 20, "单位"),
    ("禁止项目，条件是单台锅炉容量小于三十五 t/h", 17, "数字"),
    ("禁止项目，条件是单台锅炉容量小于 9e999 t/h", 18, "超出范围"),
    ("禁止项目，条件是距离“长江”（river）小于 1 t/h", 9, "不能换算"),
    ("禁止项目，条件是位于红线", 11, "图层名称"),
    ("禁止项目，条件是位于河流（red_line）", 11, "生态保护红线"),
    ("禁止项目，条件是位于生态保红线（red_line）", 11, "图层名称"),
    ("禁止项目，条件是位于河流（custom）", 11, "没有通用名称"),
    ("禁止项目，条件是属于两高项目且新增入河排污口或位于合规园区内", 23, "括号"),
    ("禁止项目，条件是满足任一（属于两高项目且新增入河排污口）", 9, "或"),
    ("禁止项目，条件是并非属于两高项目且新增入河排污口", 11, "左括号"),
    ("禁止项目，条件是（属于两高项目", 16, "“)”"),
    ("禁止项目，条件是属于两高项目）", 15, "句末"),
    ("禁止项目，条件是属于“两高的情形", 11, "闭合"),
    ("禁止项目，条件是属于“列入“两高”清单”的情形", 14, "同样的引号"),
    ("禁止项目，条件是属于“一\\x二”的情形", 13, "反斜杠"),
    ("禁止项目，条件是属于“”的情形", 12, "引号中的文字"),
    ("禁止项目，条件是燃料包含焦炭", 13, "取值（煤"),
    ("禁止项目，条件是燃料包含煤、重油", 17, "之一"),
    ("禁止项目，条件是。", 9, "这里应为条件。"),
    ("禁止项目，条件是距离“长江”（river）小于 1 mm", 27, "单位"),
    ("禁止项目，条件是“海拔”等于 1,0000", 21, "标点"),
    ("禁止项目，条件是属于两高项目。另行规定", 16, "句末之后"),
    ("禁止项目，条件是属于两高项目；条件是新增入河排污口", 15, "两次"),
    ("禁止项目；须属于两高项目", 7, "require"),
    ("禁止项目，条件是承诺落实“安装在线监测”", 9, "duty"),
    ("应退出项目；期限为2027年2月30日", 10, "日期"),
    ("应退出项目；期限为年底", 10, "日期"),
    ("Forbid projects in industry 26, a, if it lies in layer x", 33, "行业代码"),
    ("Forbid projects, if it lies in red line", 32, "图层名称"),
    ("Forbid projects, if it is inside a compliant parking lot", 24, "lies in"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "at", "reason"), REFUSED)
def test_what_is_not_understood_is_refused_with_its_place(text: str, at: int, reason: str) -> None:
    with pytest.raises(BadSentence) as caught:
        read_sentence(text)
    error = caught.value
    assert error.code == "CLAUSE_SENTENCE"
    assert reason in error.text("zh-CN")
    assert error.fields["at"] == at
    assert f"第 {at} 个字" in error.text("zh-CN")
    assert f"character {at}," in error.text("en")
    assert pickle.loads(pickle.dumps(error)).text("en") == error.text("en")


def test_all_divisions_of_a_section_are_said_by_its_name() -> None:
    divisions = [r.code for r in data.industries().values() if r.level == "division" and r.section == "C"]
    for industry in (divisions, ["06", *divisions, "4411"], divisions[:-1], divisions[::-1]):
        rule = {"effect": "FORBID", "subject": {"industry": industry}}
        for lang in ("zh-CN", "en"):
            said = sentence(rule, lang)
            assert ("各大类" in said) == (divisions[-1] in industry and industry != divisions[::-1])
            assert read_sentence(said) == rule


def test_a_broken_rule_is_not_said() -> None:
    with pytest.raises(BadRule):
        sentence({"effect": "FORBID", "require": {"in": "red_line"}})
    with pytest.raises(BadRule, match="应为数值"):
        sentence(rule_of({"matter": "海拔", "op": "<", "value": 10**400}))


# --- reading never guesses and never breaks -------------------------------------------------------------

snippets = st.lists(
    st.sampled_from((*KEYWORDS, "禁止", "Forbid ", "新建", "26", "属于两高项目", "it is a two-high project")),
    max_size=12,
)


def read_or_refuse(text: str) -> dict[str, Any] | None:
    """What is read, which must be a valid rule that says itself, or nothing."""
    try:
        rule = read_sentence(text)
    except BadSentence as error:
        assert 1 <= int(str(error.fields["at"])) <= len(text) + 1
        return None
    check(rule)
    assert canonical(read_sentence(sentence(rule))) == canonical(rule)
    return rule


@many
@given(
    st.text(max_size=40) | snippets.map("".join),
    st.sampled_from(("", "禁止项目，条件是", "Forbid projects, if ")),
)
def test_any_text_is_read_or_refused(text: str, start: str) -> None:
    read_or_refuse(start + text)


@many
@given(rules(), st.sampled_from(LANGS), st.data())
def test_an_edited_sentence_is_read_or_refused(rule: dict[str, Any], lang: str, rest: st.DataObject) -> None:
    assume(valid(rule))
    said = sentence(rule, lang)
    at = rest.draw(st.integers(0, len(said) - 1))
    piece = rest.draw(st.sampled_from(("", "不", "，", "（", "）", "“", "或", "2", " ", "非")))
    read_or_refuse(said[:at] + piece + said[at + rest.draw(st.integers(0, 2)) :])


HALF = str.maketrans("，；（）：", ",;():")


@many
@given(rules(), st.sampled_from(LANGS))
def test_half_width_punctuation_and_more_spaces_change_nothing(rule: dict[str, Any], lang: str) -> None:
    assume(valid(rule))
    pieces = re.split(r"(“[^”]*”|「[^」]*」|『[^』]*』)", sentence(rule, lang))
    assume(not any("\\" in piece for piece in pieces))
    assume(not any(unit in str(rule) for unit in ("k m", "t / a")))  # spaces in a unit are part of it
    edited = "".join(p if i % 2 else p.translate(HALF).replace(" ", "  ") for i, p in enumerate(pieces))
    assert canonical(read_sentence(f" {edited}\n")) == canonical(rule)


# --- the words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_no_wording_has_two_meanings(lang: str) -> None:
    for words in (
        sentences._effects(lang), sentences._nature_words(lang), sentences._bool_words(lang), sentences._fact_words(lang),
        sentences._state_words(lang), sentences._outcome_words(lang),
    ):  # fmt: skip
        options = [sentences._fold(option) for w in words.values() for option in w.options]
        assert len(options) == len(set(options))


@pytest.mark.parametrize("lang", LANGS)
def test_every_yes_or_no_has_a_phrase(lang: str) -> None:
    keys = {key for key, fact in data.facts().items() if fact.type == "bool"}
    assert set(sentences._bool_words(lang)) == {(key, value) for key in keys for value in (True, False)}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("value", [True, False])
def test_a_fact_without_a_phrase_is_said_by_its_label(
    monkeypatch: pytest.MonkeyPatch, lang: str, value: bool
) -> None:
    monkeypatch.setattr(sentences, "_bool_words", lambda _: {})
    rule = rule_of(HIGH | {"value": value})
    label = data.fact("two_high").en if lang == "en" else data.fact("two_high").zh
    assert label in sentence(rule, lang)
    assert read_sentence(sentence(rule, lang)) == rule


def test_two_facts_of_one_label_are_told_apart_by_key() -> None:
    called = sentences._called({"a": "Energy use", "b": "energy use", "c": "water"}, "en")
    assert [w.options[0] for w in called.values()] == ["Energy use (a)", "energy use (b)", "water"]


def test_a_huge_number_is_said_short_and_a_small_one_plainly() -> None:
    assert sentence(rule_of({"matter": "海拔", "op": "<", "value": 1e300})).endswith("小于 1e+300。")
    assert sentence(rule_of({"matter": "海拔", "op": "<", "value": 2.5e-7})).endswith("小于 0.00000025。")


@pytest.mark.parametrize(
    "atom",
    [
        {"document": "论证意见", "issuer": ""},
        {"duty": "开展自行监测", "phase": ""},
        {"state": "air_quality", "op": "is", "value": "达标", "at": ""},
        {"matter": "海拔", "op": "<", "value": 1, "unit": ""},
        {"in": "red_line", "role": None},
    ],
)
def test_empty_keys_are_not_said(atom: dict[str, Any]) -> None:
    filled = {key: value for key, value in atom.items() if value}
    for lang in LANGS:
        assert read_sentence(sentence(rule_of(atom, "require"), lang)) == rule_of(filled, "require")


def test_two_readings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = [({"in": "a"}, 12), ({"in": "b"}, 12)]
    monkeypatch.setattr(sentences._Reader, "atoms", lambda *_: iter(ways))
    with pytest.raises(BadSentence, match="两种读法"):
        read_sentence("禁止项目，条件是位于甲。")


@given(numbers)
def test_numbers_are_said_in_full(value: float) -> None:
    rule = rule_of({"matter": "海拔", "op": "==", "value": value})
    read = read_sentence(sentence(rule))["when"]["value"]
    assert read == value
    assert type(read) in (int, float)


# --- the page --------------------------------------------------------------------------------------------


def examples() -> list[str]:
    """The sentences of the reference page: lines of its ``text`` blocks."""
    blocks = re.findall(r"```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def kinds(node: Any) -> set[str]:
    """Every key and every comparison in a rule."""
    if isinstance(node, Mapping):
        here = set(node) | {f"op {node['op']}" for _ in range("op" in node)}
        return here.union(*(kinds(v) for v in node.values()))
    return set().union(*map(kinds, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("text", examples())
def test_each_example_of_the_page_is_written_as_the_program_writes_it(text: str) -> None:
    lang = "zh-CN" if re.match("[\u4e00-\u9fff]", text) else "en"
    assert sentence(read_sentence(text), lang) == text


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_shows_every_construct(lang: str) -> None:
    read = [read_sentence(t) for t in examples() if bool(re.match("[\u4e00-\u9fff]", t)) == (lang == "zh-CN")]
    shown = set().union(*map(kinds, read))
    parts = {
        "subject",
        "when",
        "unless",
        "require",
        "until",
        "nature",
        "activity",
        "role",
        "all",
        "any",
        "not",
    }
    forms = {key for form in sentences._FORMS for key in form.needs | form.may}
    ops = {f"op {op}" for table in (*sentences._FACT_OPS.values(), sentences._NUMBER_OPS) for op in table}
    assert parts | forms | ops <= shown
    assert {(r["effect"], r.get("strength", "strict")) for r in read} >= {(str(e), "strict") for e in Effect}
    assert {r.get("strength", "strict") for r in read} == set(map(str, Strength))

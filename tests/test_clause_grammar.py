"""The clause grammar: what each construction of the lists becomes, and what never happens to any text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanxian import rules
from sanxian.clauses import parse
from sanxian.clauses.grammar import MAX_TEXT
from sanxian.clauses.quantities import deadlines, number, quantities, ratios
from sanxian.clauses.sentences import sentence
from sanxian.clauses.text import plain
from sanxian.clauses.words import table, tokens

OWN = Path(__file__).parent / "clauses"
TEXTS = [
    json.loads(line)["text"]
    for name in ("own_unit.jsonl", "own_law.jsonl")
    for line in (OWN / name).read_text("utf-8").splitlines()
]


def read(text: str) -> list[dict[str, Any]]:
    """Return the rules of a text without what only quotes it."""
    return [
        {k: v for k, v in rule.items() if k not in ("quote", "parts") and v != {}}
        for rule in parse(text).rules
    ]


def atoms(condition: Any) -> list[dict[str, Any]]:
    if condition is None:
        return []
    for joint in ("all", "any"):
        if joint in condition:
            return [atom for member in condition[joint] for atom in atoms(member)]
    return atoms(condition["not"]) if "not" in condition else [condition]


# --- effects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "effect", "strength"),
    [
        ("禁止新建焦化项目。", "FORBID", "strict"),
        ("焦化项目一律不批", "FORBID", "strict"),
        ("暂停审批该区域焦化项目环评", "FORBID", "strict"),
        ("原则上不再新建焦化项目", "RESTRICT", "principle"),
        ("严格控制焦化产能", "RESTRICT", "soft"),
        ("焦化项目属限制类", "RESTRICT", "strict"),
        ("焦化企业应进入合规园区", "REQUIRE", "strict"),
        ("新建焦化项目原则上进入园区", "REQUIRE", "principle"),
        ("废水排放量不得高于50吨/年", "REQUIRE", "strict"),
        ("现有焦化企业限期退出", "EXIT", "strict"),
        ("推进焦化企业关停整合", "EXIT", "strict"),
        ("鼓励焦化企业实施技术改造", "ENCOURAGE", "strict"),
        ("允许园区内建设仓储项目", "ALLOW", "soft"),
        ("以市人民政府公布的名录为准", "INFORM", "strict"),
        ("执行全省总体准入要求", "INFORM", "strict"),
        ("本办法所称小型锅炉，是指单台10蒸吨/小时以下的锅炉", "INFORM", "strict"),
    ],
)
def test_the_effect_of_a_sentence(text: str, effect: str, strength: str) -> None:
    first = read(text)[0]
    assert (first["effect"], first["strength"]) == (effect, strength)


@pytest.mark.parametrize(
    "text",
    [
        "严格执行特别排放限值",  # 限值 is no 限制
        "禁燃区、禁养区范围由县级人民政府划定",
        "国家明令禁止的工艺由主管部门公布名录",
        "淘汰类项目名录见附件2",
        "化学需氧量排放应达到一级标准",
    ],
)
def test_words_that_look_like_a_ban_are_none(text: str) -> None:
    assert "FORBID" not in {rule["effect"] for rule in read(text)}


def test_a_negation_of_a_ban_permits() -> None:
    assert [r["effect"] for r in read("保障城市运行的农副食品加工项目不予禁限")] == ["ALLOW"]


def test_a_permission_that_does_not_exclude_denies_nobody() -> None:
    (rule,) = read("允许重点管控单元内建设仓储项目")
    assert rule["strength"] == "soft"
    assert "permission" in parse("允许重点管控单元内建设仓储项目").doubts


@pytest.mark.parametrize("text", ["", "。", "12", "abc def", "生态保护", "□□□", "\x00\x07", "　　"])
def test_what_says_nothing_is_left_to_a_person(text: str) -> None:
    reading = parse(text)
    assert reading.rules == ()
    assert reading.confidence == 0.0


# --- kinds of construction --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "natures"),
    [
        ("禁止新建、扩建化工项目", ["新建", "扩建"]),
        ("禁止新、改、扩建化工项目", ["新建", "扩建", "改建"]),
        ("新（改、扩）建化工项目不予批准", ["新建", "扩建", "改建"]),
        ("新增化工产能严禁审批", ["新建"]),
        ("暂停审批新增水污染物排放的项目", []),
        ("不得建设化工项目", ["新建"]),
        ("现有化工企业不得扩大生产规模", ["扩建"]),
    ],
)
def test_kinds_of_construction(text: str, natures: list[str]) -> None:
    assert read(text)[0].get("subject", {}).get("nature", []) == natures


def test_a_kind_that_was_not_written_is_marked_as_inferred() -> None:
    assert "nature_inferred" in parse("不得建设化工项目").doubts
    assert "nature_inferred" not in parse("禁止新建化工项目").doubts


# --- subjects ----------------------------------------------------------------------------------------


def test_industries_are_found_by_legal_and_everyday_words() -> None:
    (rule,) = read("禁止新建钢铁、焦化、水泥熟料、平板玻璃项目")
    assert rule["subject"]["industry"] == ["31", "2521", "3011", "3041"]


def test_what_a_distance_is_measured_to_is_no_subject() -> None:
    (rule,) = read("距垃圾填埋场边界500米以内不得新建食品加工项目")
    assert rule["subject"]["industry"] == ["13", "14"]


def test_a_list_closed_by_a_description_stays_open() -> None:
    reading = parse("禁止新建制革、电镀等严重污染水体的化工项目")
    assert reading.rules[0]["subject"]["industry"] == ["191", "336"]
    assert "open_list" in reading.doubts


def test_objects_of_different_kinds_are_alternatives_not_one_subject() -> None:
    """化工 or an outfall or 晾晒场: one rule each; a single subject would want all three at once."""
    found = read("河道内禁止新建化工项目、入河排污口、粮食晾晒场")
    assert {tuple(rule["subject"]) for rule in found} >= {("nature", "industry"), ("nature", "activity")}
    assert any(a == {"matter": "粮食晾晒场"} for rule in found for a in atoms(rule.get("when")))


def test_a_modifier_no_vocabulary_knows_is_kept_as_a_matter() -> None:
    (rule,) = read("禁止新建不符合国家产业政策的化工项目")
    assert rule["when"] == {"matter": "不符合国家产业政策"}


def test_a_ban_without_any_object_is_no_rule() -> None:
    assert parse("限制类：").rules == ()


# --- places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("生态保护红线内禁止新建化工项目", {"in": "red_line"}),
        ("生态保护红线外禁止新建化工项目", {"not": {"in": "red_line"}}),
        ("饮用水水源二级保护区禁止新建化工项目", {"in": "water_source:二级保护区"}),
        ("县级饮用水水源准保护区内禁止新建化工项目", {"in": "water_source:准保护区"}),
        ("三江源国家公园内禁止新建化工项目", {"in": "protected_area:三江源国家公园"}),
        ("园区外禁止新建化工项目", {"fact": "inside_park", "op": "is", "value": False}),
        ("永久基本农田内禁止新建化工项目", {"fact": "land_type", "op": "has", "value": "永久基本农田"}),
        (
            "自然保护区、森林公园内禁止新建化工项目",
            {"any": [{"in": "protected_area:自然保护区"}, {"in": "protected_area:森林公园"}]},
        ),
        ("水质未达标区域禁止新建化工项目", {"state": "water_quality", "op": "is", "value": "未达标"}),
        ("PM2.5年均浓度超标的县禁止新建化工项目", {"state": "air_quality", "op": "is", "value": "未达标"}),
        ("单元内禁止新建化工项目", None),
    ],
)
def test_places_and_their_states(text: str, condition: dict[str, Any] | None) -> None:
    assert read(text)[0].get("when") == condition


def test_the_surroundings_of_a_zone_are_another_place() -> None:
    (rule,) = read("饮用水水源保护区补给径流区内禁止新建化工项目")
    assert rule["when"] == {"matter": "饮用水水源保护区补给径流区内"}


@pytest.mark.parametrize(
    ("text", "target", "op", "value", "unit"),
    [
        ("长江干流岸线1公里范围内禁止新建化工项目", "river:长江干流", "<=", 1, "km"),
        ("长江、嘉陵江岸线一公里内禁止新建化工项目", "river:长江|嘉陵江", "<=", 1, "km"),
        ("距自然保护区边界3公里以内禁止新建采矿项目", "protected_area:自然保护区", "<=", 3, "km"),
        ("居民区、学校周边３００米内不得新建化工项目", "receptor:居民区|学校", "<=", 300, "m"),
    ],
)
def test_distances(text: str, target: str, op: str, value: float, unit: str) -> None:
    assert read(text)[0]["when"] == {"distance": target, "op": op, "value": value, "unit": unit}


def test_a_distance_that_must_be_kept_is_a_lower_limit() -> None:
    (rule,) = read("养殖场应距居民区500米以上")
    assert rule["require"] == {"distance": "receptor:居民区", "op": ">=", "value": 500, "unit": "m"}


# --- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tests", "unit"),
    [
        ("35蒸吨/小时及以下", (("<=", 35.0),), "t/h"),
        ("单台三十五蒸吨以下", (("<=", 35.0),), "t/h"),
        ("不足10万吨/年", (("<", 100_000.0),), "t/a"),
        ("30万千瓦及以上", ((">=", 300_000.0),), "kW"),
        ("2000千瓦以下", (("<=", 2000.0),), "kW"),
        ("2000～5000米", ((">=", 2000.0), ("<=", 5000.0)), "m"),
        ("1吨（含）至10吨", ((">=", 1.0), ("<=", 10.0)), "t"),
        ("百分之九十五以上", ((">=", 95.0),), "%"),
        ("不得低于九成", ((">=", 90.0),), "%"),
        ("不得高于10、35、50毫克/立方米", (("<=", 10.0), ("<=", 35.0), ("<=", 50.0)), "mg/m3"),
        ("５万吨标准煤", (("", 50_000.0),), "tce/a"),
        ("低于1.0", (("<", 1.0),), ""),
        ("25度以上", ((">=", 25.0),), "度"),
    ],
)
def test_quantities(text: str, tests: tuple[tuple[str, float], ...], unit: str) -> None:
    (found,) = quantities(plain(text).text, [])
    assert (found.tests, found.unit) == (tests, unit)


@pytest.mark.parametrize(
    "text", ["第46条", "国五标准", "1-3", "一级保护区", "三类工业", "12个园区", "每10头", "两侧"]
)
def test_numbers_that_measure_nothing(text: str) -> None:
    assert list(quantities(plain(text).text, [])) == []


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ("等量替代", ">=", 1.0),
        ("减量替代", ">", 1.0),
        ("倍量削减替代", ">=", 2.0),
        ("按2倍削减量替代", ">=", 2.0),
        ("实行一点五倍替代", ">=", 1.5),
        ("置换比例不低于1.25∶1", ">=", 1.25),
        ("等量或减量置换", ">=", 1.0),
    ],
)
def test_replacement_ratios(text: str, op: str, value: float) -> None:
    (found,) = ratios(plain(text).text)
    assert (found.op, found.value) == (op, value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025年底前", "2025-12-31"),
        ("２０２７年6月底前", "2027-06-30"),
        ("2020年10月1日前", "2020-10-01"),
        ("2024年2月底前", "2024-02-29"),
        ("2026年上半年", "2026-06-30"),
        ("2028年前", "2027-12-31"),
        ("2026年6月前", "2026-05-31"),
        ("2026年6月底前", "2026-06-30"),
    ],
)
def test_deadlines(text: str, day: str) -> None:
    assert [found.until.isoformat() for found in deadlines(plain(text).text)] == [day]


def test_numerals() -> None:
    assert [number(t) for t in ("三十五", "一千二百", "十", "两", "半", "一点五", "0.58", "二百零三")] == [
        35, 1200, 10, 2, 0.5, 1.5, 0.58, 203,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("禁止新建35蒸吨/小时及以下锅炉", {"fact": "boiler_tph", "op": "<=", "value": 35, "unit": "t/h"}),
        (
            "不得新建装机容量不足5万千瓦的水电站",
            {"fact": "installed_power_mw", "op": "<", "value": 50, "unit": "MW"},
        ),
        ("禁止新建容积率低于1.0的房地产项目", {"matter": "容积率", "op": "<", "value": 1}),
        ("海拔4800米以上禁止新建宾馆", {"matter": "海拔", "op": ">=", "value": 4800, "unit": "m"}),
    ],
)
def test_a_number_states_a_fact_or_a_matter_of_its_own_name(text: str, condition: dict[str, Any]) -> None:
    assert condition in atoms(read(text)[0]["when"])


def test_a_number_in_a_ban_is_when_and_in_a_demand_what_must_hold() -> None:
    (ban,) = read("禁止新建工业用水重复利用率低于80%的化工项目")
    (demand,) = read("化工项目工业用水重复利用率不得低于80%")
    assert ban["when"] == {"fact": "water_reuse_pct", "op": "<", "value": 80, "unit": "%"}
    assert demand["require"] == {"fact": "water_reuse_pct", "op": ">=", "value": 80, "unit": "%"}
    assert "when" not in demand


@pytest.mark.parametrize(
    ("text", "matter"),
    [
        ("不得新建四等及以上尾矿库", "四等及以上尾矿库"),
        ("禁止引进环境风险潜势Ⅲ级及以上的项目", "环境风险潜势III级及以上"),
    ],
)
def test_ranks_are_conditions(text: str, matter: str) -> None:
    assert {"matter": matter} in atoms(read(text)[0]["when"])


def test_a_number_inside_which_something_lies_is_measured_to_that() -> None:
    (rule,) = read("尾矿库下游1公里内有居民点的，不得新建尾矿库")
    assert {"distance": "receptor:居民点", "op": "<=", "value": 1, "unit": "km"} in atoms(rule["when"])


def test_members_of_a_list_keep_their_own_numbers() -> None:
    first, second = read("园区外禁止新建5万吨/年以下的味精、2千吨/年以下的酵母")
    assert (first["subject"]["industry"], second["subject"]["industry"]) == (["1461"], ["1469"])
    assert all(
        {"fact": "inside_park", "op": "is", "value": False} in atoms(r["when"]) for r in (first, second)
    )
    assert [a["value"] for r in (first, second) for a in atoms(r["when"]) if a.get("op") == "<="] == [
        50_000,
        2_000,
    ]


def test_bounds_that_exclude_each_other_are_branches() -> None:
    reading = parse("坡度低于15度、坡度高于25度的区域禁止开垦")
    assert "branches" in reading.doubts
    when = reading.rules[0]["when"]
    assert any("any" in node for node in (when, *when.get("all", ())))


def test_the_others_of_a_list_are_an_alternative() -> None:
    found = read("禁止新建印染、电镀及其他排放磷氮的项目")
    assert found[0]["subject"]["industry"][-1] == "336"
    assert "when" not in found[0]
    assert found[1]["when"] == {"matter": "其他排放磷氮的项目"}


def test_what_people_do_with_a_thing_is_no_ban_of_an_industry() -> None:
    (rule,) = read("保护区内禁止使用农药")
    assert {"matter": "使用农药"} in atoms(rule["when"])


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_a_rule_said_as_a_sentence_reads_back_as_the_same_rule(lang: str) -> None:
    for text in TEXTS[::3]:
        for rule in parse(text).rules:
            (back,) = parse(sentence(rule, lang)).rules
            assert canonical(back) == canonical(rule)


def canonical(rule: Any) -> dict[str, Any]:
    kept = {k: v for k, v in rule.items() if k not in ("quote", "parts", "note") and v}
    if kept.get("strength") == "strict":
        del kept["strength"]
    return kept


def test_names_of_a_list_of_numbers() -> None:
    (rule,) = read("砖瓦行业颗粒物、二氧化硫排放浓度分别不得高于10、35毫克/立方米")
    assert atoms(rule["require"]) == [
        {"matter": "颗粒物排放浓度", "op": "<=", "value": 10, "unit": "mg/m3"},
        {"matter": "二氧化硫排放浓度", "op": "<=", "value": 35, "unit": "mg/m3"},
    ]


# --- demands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "require"),
    [
        ("新建项目氮氧化物实行2倍削减替代", {"fact": "offset_ratio", "op": ">=", "value": 2, "unit": "倍"}),
        ("新建焦化项目清洁生产应达到国内先进水平", {"fact": "process_level", "op": "in", "value": ["国际先进", "国内先进"]}),
        ("新建焦化项目应进入合规园区", {"fact": "inside_compliant_park", "op": "is", "value": True}),
        ("重点重金属排放总量只减不增", {"fact": "heavy_metal_change", "op": "in", "value": ["不变", "减少"]}),
        ("焦化企业须安装在线监测设施", {"fact": "monitoring_online", "op": "is", "value": True}),
        ("焦化企业须采用双层防渗", {"duty": "采用双层防渗"}),
        ("占用湿地应当取得省级林业主管部门批准", {"document": "批准文件", "issuer": "省级林业主管部门"}),
    ],
)  # fmt: skip
def test_demands(text: str, require: dict[str, Any]) -> None:
    assert read(text)[0]["require"] == require


# --- exceptions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unless"),
    [
        ("除民生项目外，禁止新建火电项目", {"matter": "民生项目"}),
        ("禁止新建火电项目，民生项目除外", {"matter": "民生项目"}),
        ("禁止新建火电项目（热电联产除外）", {"industry": ["4412"]}),
        ("禁止新建火电项目，但国家重大项目除外", {"fact": "national_major", "op": "is", "value": True}),
        ("禁止新建火电项目，热源厂不受此限", {"industry": ["443"]}),
        ("禁止新建火电项目，应急抢险所需不受此限", {"matter": "应急抢险所需"}),
        ("禁止新建火电项目；应急电源不在此列", {"matter": "应急电源"}),
        ("禁止新建火电项目，法律另有规定的从其规定", {"matter": "法律另有规定"}),
        ("与供热无关的火电项目不得建设", {"matter": "与供热有关"}),
        ("禁止新建火电项目，仅允许应急备用电源", {"matter": "应急备用电源"}),
    ],
)
def test_exceptions(text: str, unless: dict[str, Any]) -> None:
    assert read(text)[0]["unless"] == unless


def test_an_exception_may_begin_with_the_word_for_ought() -> None:
    rule = read("禁采区内除应急备用井、地热回灌井外，一律不得凿井取水")[0]
    assert rule["unless"] == {"any": [{"matter": "应急备用井"}, {"matter": "地热回灌井"}]}


def test_what_is_not_permitted_is_no_exception() -> None:
    rules = read("建设前必须开展评估，评估结论为不适宜的，不准许建设")
    assert [r["effect"] for r in rules] == ["REQUIRE", "FORBID"]
    assert all("unless" not in r for r in rules)


def test_a_ban_on_what_nobody_approved_asks_for_the_paper() -> None:
    rule = read("未经省级人民政府批准，不得新建火电项目")[0]
    assert (rule["effect"], rule["subject"]["nature"]) == ("FORBID", ["新建"])
    assert rule["when"] == {"not": {"document": "批准文件", "issuer": "省级人民政府"}}


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("沿江1公里范围内不再新布局化工园区", "FORBID"),
        ("低于该规模的不予设立采矿权", "FORBID"),
        ("自然保护区为风电场项目禁止建设区域", "FORBID"),
        ("需要特殊保护的区域，不得焚烧垃圾", "FORBID"),
        ("对散养户，引导其自愿退出经营", "ENCOURAGE"),
        ("腾退码头地块，应当开展土壤调查", "REQUIRE"),
        ("拆除生产设施前十五个工作日报送方案", None),
        ("燃煤锅炉2027年起不再保留", "EXIT"),
        ("三类工业项目准予进入", "ALLOW"),
    ],
)
def test_effects_said_in_passing_and_in_other_words(text: str, effect: str | None) -> None:
    assert {r["effect"] for r in read(text)} == ({effect} if effect else set())


def test_the_word_of_effect_may_hold_the_first_nature() -> None:
    text = "原则上不再新建、扩建水泥项目"
    rule = parse(text).rules[0]
    assert rule["subject"]["nature"] == ["新建", "扩建"]
    quoted = [text[slice(*p["at"])] for p in rule["parts"] if p["path"] == "subject.nature"]
    assert any("新建" in q for q in quoted) and "扩建" in quoted


@pytest.mark.parametrize(
    ("text", "ratios"),
    [
        ("主要污染物实行减量替代，替代比例不低于1.2:1", [(">=", 1.2), (">=", 1.2)]),
        ("须按不低于1.1倍的比例减量替代", [(">=", 1.1)]),
        ("氮氧化物等量替代，挥发性有机物按2倍削减量替代", [(">=", 1), (">=", 2)]),
        ("新增总磷排放实行倍量削减", [(">=", 2)]),
    ],
)
def test_a_ratio_is_read_once(text: str, ratios: list[tuple[str, float]]) -> None:
    found = [
        (a["op"], a["value"])
        for r in read(text)
        for a in ([r["require"]] if "all" not in r["require"] else r["require"]["all"])
        if a.get("fact") == "offset_ratio" or a.get("unit") == "倍"
    ]
    assert found == ratios


@pytest.mark.parametrize("text", ["在下游500 m范围内不得新建取水口", "在下游500m范围内不得新建取水口"])
def test_a_space_before_a_unit_changes_nothing(text: str) -> None:
    assert read(text)[0]["when"] == read(text.replace(" ", ""))[0]["when"]
    assert "500" in str(read(text)[0]["when"])


def test_exceptions_are_alternatives_with_their_own_numbers() -> None:
    (rule,) = read("禁止新增建设用地，防灾减灾工程和占地不超过400平方米的农业设施除外")
    assert rule["unless"]["any"][0] == {"matter": "防灾减灾工程"}
    assert {"op": "<=", "value": 400, "unit": "m2"}.items() <= rule["unless"]["any"][1]["all"][1].items()


def test_an_exception_to_the_exception_blocks_every_case() -> None:
    (rule,) = read(
        "原则上不再新设采矿项目；国家战略性矿产经自治区人民政府同意可以例外，但核心保护区内一律不得例外"
    )
    assert {"not": {"in": "protected_area:核心保护区"}} in rule["unless"]["all"]


def test_what_is_needed_all_the_same_is_an_exception_with_its_price() -> None:
    (rule,) = read("严格限制新建冶炼项目；确需建设的，须经省级人民政府批准")
    assert rule["unless"]["all"] == [
        {"matter": "确需建设"},
        {"document": "批准文件", "issuer": "省级人民政府"},
    ]


def test_half_understood_exceptions_are_asked_whole() -> None:
    """An exception read in part would be wider than the law's."""
    (rule,) = read("禁止新建火电项目，以提升安全水平为目的的改建除外")
    assert rule["unless"] == {"matter": "以提升安全水平为目的的改建"}


# --- several rules in a text -------------------------------------------------------------------------


def test_new_ones_are_banned_and_old_ones_leave_by_a_day() -> None:
    ban, leave = read("岸线1公里内禁止新建化工项目；现有的2026年底前退出")
    assert (ban["effect"], leave["effect"], leave["until"]) == ("FORBID", "EXIT", "2026-12-31")
    assert leave["subject"]["industry"] == ["26"]


def test_bands_of_a_quantity_are_rules_of_their_own() -> None:
    found = read("新增挥发性有机物年排放量大于10吨的，应2倍削减替代；1吨至10吨的，实行等量替代")
    assert [r["require"]["value"] for r in found] == [2, 1]


def test_numbered_items_do_not_lend_each_other_their_places() -> None:
    first, second = read("1、荒漠过渡带禁止新垦荒地；2、禁止新建焦化项目")
    assert "when" in first
    assert "when" not in second


def test_items_hang_on_their_lead_in() -> None:
    found = read("园区外禁止建设下列项目：（一）酒精制造；（二）味精制造；（三）制革。")
    assert [r["effect"] for r in found] == ["FORBID"] * 3
    assert all(r["when"] == {"fact": "inside_park", "op": "is", "value": False} for r in found)


def test_a_ban_until_a_day_comes_is_a_duty() -> None:
    found = read("现有仓储企业2027年底前关闭；在此之前不得扩大储存规模")
    assert [r["effect"] for r in found] == ["EXIT", "REQUIRE"]


def test_only_those_and_no_others() -> None:
    (rule,) = read("一级保护区只准建设供水工程，其余建设活动一律禁止")
    assert rule["effect"] == "FORBID"
    assert "unless" in rule


# --- what never happens ------------------------------------------------------------------------------

NOISE = st.text(max_size=60)
WORDS = st.lists(
    st.sampled_from(
        [
            *"，。；：、（）的内外除以及或和①②③\n",
            *(w for group in table()["effects"].values() for words in group.values() for w in words[:6]),
            *(
                "新建",
                "扩建",
                "化工",
                "焦化项目",
                "生态保护红线",
                "岸线",
                "1公里",
                "35蒸吨/小时",
                "等量替代",
                "2025年底前",
            ),
            *(
                "除外",
                "不受此限",
                "确需",
                "经省级人民政府批准",
                "未达标",
                "国家",
                "1.",
                "（1）",
                "百分之",
                "10、20",
                "~",
                "：",
            ),
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(NOISE, WORDS, st.tuples(NOISE, WORDS).map("".join)))
@settings(max_examples=1500, deadline=None)
def test_any_text_is_read_without_error_and_every_rule_holds_to_the_format(text: str) -> None:
    reading = parse(text)
    assert reading.text == text
    assert 0.0 <= reading.confidence <= 1.0
    for rule in reading.rules:
        rules.check(rule, text=text)
        assert 0 <= rule["quote"][0] < rule["quote"][1] <= len(text)
        for part in rule["parts"]:
            assert 0 <= part["at"][0] < part["at"][1] <= len(text)
            _walk(rule, part["path"])
    assert all(0 <= start < end <= len(text) for start, end in reading.residue)


def _walk(rule: Any, path: str) -> None:
    node = rule
    for step in path.split("."):
        node = node[int(step)] if step.isdigit() else node[step]


@pytest.mark.parametrize("text", TEXTS)
def test_no_number_of_a_clause_is_lost(text: str) -> None:
    """Every number that measures something is in a rule, or among the words no rule rests on."""
    reading = parse(text)
    if not reading.rules:
        return
    flat = plain(text)
    dates = [(d.start, d.end) for d in deadlines(flat.text)]
    shares = [(r.start, r.end) for r in ratios(flat.text)]
    spoken = json.dumps(list(reading.rules), ensure_ascii=False)
    for found in quantities(flat.text, [*dates, *shares]):
        start, end = flat.published(found.start, found.end)
        left = any(s < end and start < e for s, e in reading.residue)
        quoted = any(p["at"][0] < end and start < p["at"][1] for r in reading.rules for p in r["parts"])
        assert left or quoted or text[start:end] in spoken


@pytest.mark.parametrize("text", TEXTS[::7])
def test_script_width_and_layout_do_not_matter(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "0" <= c <= "9" else c for c in text)
    spaced = "".join(c + ("　" if 0x4E00 <= ord(c) < 0xA000 else "") for c in text)
    assert read(wide) == read(text)
    assert read(spaced) == read(text)


def test_traditional_characters_read_like_simplified_ones() -> None:
    assert read("禁止新建、擴建鋼鐵項目，國家重大項目除外") == read(
        "禁止新建、扩建钢铁项目，国家重大项目除外"
    )


def test_a_very_long_cell_is_read_as_far_as_reason_goes() -> None:
    reading = parse("禁止新建化工项目。" + "说明" * MAX_TEXT)
    assert reading.rules
    assert "too_long" in reading.doubts


@given(WORDS)
@settings(max_examples=200, deadline=None)
def test_words_of_the_lexicon_do_not_overlap_and_stand_in_the_text(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert end <= token.start < token.end <= len(text)
        end = token.end


@given(st.text(max_size=80))
def test_every_plain_character_comes_from_somewhere(text: str) -> None:
    flat = plain(text)
    assert len(flat.origin) == len(flat.text) + 1
    assert list(flat.origin) == sorted(flat.origin)
    assert flat.origin[-1] == len(text)


@pytest.mark.parametrize("text", TEXTS)
def test_every_rule_holds_to_the_format(text: str) -> None:
    for rule in parse(text).rules:
        rules.check(rule, text=text)
        assert set(rule) <= {
            "effect",
            "strength",
            "subject",
            "when",
            "unless",
            "require",
            "until",
            "quote",
            "parts",
            "note",
        }


def test_reading_twice_reads_the_same() -> None:
    for text in TEXTS[::11]:
        assert parse(text) == parse(text)


def test_signs_of_facts_are_in_every_way_to_say_them() -> None:
    """``signs`` only spare work: a phrase without one of them must not match."""
    for entry in table()["facts"]:
        pattern = re.compile(entry["words"])
        for text in TEXTS:
            for found in pattern.finditer(plain(text).text):
                assert any(sign in found[0] for sign in entry["signs"])


def test_what_was_too_long_to_read_is_left_over() -> None:
    text = "禁止新建火电项目。" + "甲" * 20_000
    found = parse(text)
    assert "too_long" in found.doubts
    assert found.residue[-1] == (20_000, len(text))

"""Each check of the lint on what it is for and on what it must leave alone; precision on the demo; scale."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo_edition import demo_edition
from sample_edition import sample_edition
from sanxian.clauses import composition, logic
from sanxian.clauses import lint as linting
from sanxian.clauses.lint import CHECKS, Remark, Severity, lint
from sanxian.clauses.reach import Site
from sanxian.edition import Edition
from sanxian.i18n import t
from sanxian.model import Catalogue, Clause, Coverage, CoverageStatus, Dimension, Document, Level, Scope
from strategies import rules as any_rule

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 9, 1)
REVIEWED = {"state": "reviewed"}
NEW = {"nature": ["新建", "扩建"]}
CHEMICAL = {**NEW, "industry": ["C26"]}
ORGANIC = {**NEW, "industry": ["C2614"]}
EVERYWHERE = Scope(everywhere=True)
KEY_UNIT = Scope(units=("ZH63990120001",))
PRIORITY_UNIT = Scope(units=("ZH63990110001",))
TEXT = "禁止新建、扩建化工项目。"
SAMPLE = sample_edition()


def boiler(op: str, value: float | Sequence[float], **rest: Any) -> dict[str, Any]:
    return {"fact": "boiler_tph", "op": op, "value": value, **rest}


def reuse(op: str, value: float) -> dict[str, Any]:
    return {"fact": "water_reuse_pct", "op": op, "value": value}


def rule(effect: str = "FORBID", **rest: Any) -> dict[str, Any]:
    return {"effect": effect, "subject": CHEMICAL, "review": REVIEWED, **rest}


def clause(
    name: str,
    *rules: Mapping[str, Any],
    level: Level = Level.PROVINCE,
    text: str = TEXT,
    scope: Scope = EVERYWHERE,
    **rest: Any,
) -> Clause:
    """A clause whose rules quote all of its text unless they say otherwise."""
    return Clause(
        id=name,
        number=rest.pop("number", "1-1"),
        level=level,
        dimension=rest.pop("dimension", Dimension.SPATIAL),
        dimension_label="",
        category="",
        text=text,
        document=rest.pop("document", "list-2026"),
        scope=scope,
        rules=tuple({"quote": [0, len(text)], **one} for one in rules),
        **rest,
    )


def upper(*rules: Mapping[str, Any], **rest: Any) -> Clause:
    return clause("上", *rules, text="省内一律不得建设此类项目。", **rest)


def lower(*rules: Mapping[str, Any], **rest: Any) -> Clause:
    return clause("下", *rules, **{"level": Level.UNIT, "scope": KEY_UNIT, **rest})


def words(text: str, *rules: Mapping[str, Any], **rest: Any) -> list[Clause]:
    return [clause("X", *(rules or (rule(),)), text=text, **rest)]


def found(
    clauses: Sequence[Any], *, edition: Edition | None = SAMPLE, as_of: date | None = AS_OF
) -> list[Remark]:
    return list(lint(clauses, edition=edition, as_of=as_of))


PAPER = {"document": "论证意见"}
RED = {"in": "red_line"}
MIXED = {"all": [boiler("<", 5), boiler(">", 10)]}
SOFT_CONTROL = {"effect": "RESTRICT", "strength": "soft", "subject": CHEMICAL}

# check: lists that have it, each with the ids of the clauses the remark names
HAS: dict[str, list[tuple[list[Any], tuple[str, ...]]]] = {
    "L-ROW": [([{"id": "X", "number": "1"}], ("X",)), ([{}], ("#1",)), (["no row"], ("#1",))],
    "L-ID": [([clause("X", rule()), clause("X", rule(), text="不得排放废气。", level=Level.UNIT)], ("X",))],
    "L-EMPTY": [([clause("X", text="")], ("X",))],
    "L-DATES": [([clause("X", rule(), valid_from=date(2027, 1, 1), valid_to=date(2026, 12, 31))], ("X",))],
    "L-RULE": [
        ([clause("X", {"effect": "BAN"})], ("X",)),
        ([clause("X", rule(quote=[0, 99]))], ("X",)),
        ([clause("X", rule(parts=[{"path": "effect", "at": [0, 99]}]))], ("X",)),
        ([clause("X", rule(when={"fact": "no such fact", "op": "is", "value": True}))], ("X",)),
    ],
    "L-INDUSTRY": [
        ([clause("X", rule(subject={"industry": ["C99"]}))], ("X",)),
        ([clause("X", rule(when={"all": [{"industry": ["2699"]}]}))], ("X",)),
    ],
    "L-DOCUMENT": [([clause("X", rule(), document="nowhere")], ("X",))],
    "L-SCOPE": [
        ([clause("X", rule(), scope=Scope())], ("X",)),
        ([clause("X", rule(), scope=Scope(units=("ZH1",)))], ("X",)),
        ([clause("X", rule(), scope=Scope(zones=("lake",)))], ("X",)),
        ([clause("X", rule(), scope=Scope(parks=("P9",)))], ("X",)),
        ([clause("X", rule(), scope=Scope(regions=("64",)))], ("X",)),
        ([clause("X", rule(), scope=Scope(blocks=("B",)))], ("X",)),
    ],
    "L-SCOPE-ZONE": [([clause("X", rule(), scope=Scope(zones=("protected_area:国家公园",)))], ("X",))],
    "L-TARGET": [([clause("X", rule(when={"in": "lake"}))], ("X",))],
    "L-TARGET-ZONE": [([clause("X", rule(when={"in": "river:别的河"}))], ("X",))],
    "L-CATALOGUE": [
        ([clause("X", rule(when={"catalogue": "chemical"}))], ("X",)),
        ([clause("X", rule(when={"catalogue": "odd"}))], ("X",)),
        ([clause("X", rule(when={"catalogue": "old"}))], ("X",)),
    ],
    "L-STATE": [
        ([clause("X", rule(when={"state": "energy_cap", "op": "is", "value": "超过"}))], ("X",)),
    ],
    "L-CLAUSE-REF": [
        ([clause("X", rule(when={"clause": "Y", "op": "is", "value": "COMPLIANT"}))], ("X",)),
        (
            [
                clause("X", rule(when={"clause": "Y", "op": "is", "value": "COMPLIANT"})),
                clause("Y", rule(when={"clause": "X", "op": "is", "value": "COMPLIANT"}), text="二。"),
            ],
            ("X", "Y"),
        ),
    ],
    "L-UNREACHABLE": [
        ([clause("X", rule(when=MIXED))], ("X",)),
        ([clause("X", rule(when={"fact": "nature", "op": "in", "value": ["现有"]}))], ("X",)),
        ([clause("X", rule(when={"not": {"industry": ["C"]}}))], ("X",)),
        ([clause("X", rule(when={"all": [{"in": "river:示例河"}, {"not": {"in": "river"}}]}))], ("X",)),
    ],
    "L-EXIT-NEW": [([clause("X", rule("EXIT", until="2027-01-01"))], ("X",))],
    "L-UNLESS-ALWAYS": [
        ([clause("X", rule(when=boiler("<", 10), unless=boiler("<=", 35)))], ("X",)),
        ([clause("X", rule(unless={"any": [PAPER, {"not": PAPER}]}))], ("X",)),
    ],
    "L-UNLESS-NEVER": [([clause("X", rule(when=boiler("<", 10), unless=boiler(">", 35)))], ("X",))],
    "L-REQUIRE-NEVER": [
        ([clause("X", rule("REQUIRE", when=boiler("<", 10), require=boiler(">=", 35)))], ("X",)),
    ],
    "L-REQUIRE-ALWAYS": [
        ([clause("X", rule("REQUIRE", when=boiler(">=", 35), require=boiler(">=", 10)))], ("X",)),
    ],
    "L-ZONE-APART": [
        ([clause("X", rule(when=RED), scope=KEY_UNIT)], ("X",)),
        ([clause("X", rule(when={"all": [RED, boiler("<", 9)]}), scope=Scope(parks=("YQ001",)))], ("X",)),
        ([clause("X", rule(when={"in": "park"}), scope=Scope(regions=("639902",)))], ("X",)),
        # it only touches: the side of the park's unit is the side of the red line's unit
        ([clause("X", rule(when={"in": "control_unit:GENERAL"}), scope=KEY_UNIT)], ("X",)),
    ],
    "L-CONTRADICTION": [
        ([upper(rule()), lower(rule("ALLOW", subject=ORGANIC))], ("下", "上")),
        ([upper(rule()), lower(rule("ENCOURAGE", subject=ORGANIC))], ("下", "上")),
        ([clause("X", rule(), rule("ENCOURAGE"))], ("X",)),
        # 鼓励发展 says nothing of 建设性质, the ban names some
        ([upper(rule()), lower(rule("ENCOURAGE", subject={"industry": ["C26"]}))], ("下", "上")),
        (
            [upper(rule(), scope=Scope(zones=("river",))), lower(rule("ALLOW"), scope=Scope(zones=("river:示例河",)))],
            ("下", "上"),
        ),
    ],
    "L-INCOMPATIBLE": [
        (
            [upper(rule("REQUIRE", require=reuse(">=", 95))), lower(rule("REQUIRE", require=reuse("<=", 90)))],
            ("下", "上"),
        ),
        (
            # neither takes the other in: 扩建 is common to both
            [
                upper(rule("REQUIRE", require=reuse(">=", 95))),
                lower(rule("REQUIRE", subject={"nature": ["扩建", "改建"]}, require=reuse("<", 95))),
            ],
            ("下", "上"),
        ),
        ([upper(rule("REQUIRE", require=reuse("<", 95))), lower(rule("REQUIRE", require=reuse(">=", 95)))], ("下", "上")),
        (
            # a unit and a zone that share ground, by the map
            [
                upper(rule("REQUIRE", require=reuse(">=", 95)), scope=Scope(zones=("water_zone:工业污染",))),
                lower(rule("REQUIRE", require=reuse("<=", 90)), scope=Scope(units=("ZH63990220002",))),
            ],
            ("下", "上"),
        ),
        (
            [clause("X", rule("REQUIRE", require=reuse(">=", 95)), rule("RESTRICT", require=reuse("<=", 90)))],
            ("X",),
        ),
    ],
    "L-MOOT": [
        ([upper(rule()), lower(rule("REQUIRE", subject=ORGANIC, require=PAPER))], ("下", "上")),
        ([clause("X", rule(), rule("REQUIRE", subject=ORGANIC, require=PAPER))], ("X",)),
    ],
    "L-LOOSER": [
        ([upper(rule(when=boiler("<", 35))), lower(rule(when=boiler("<", 10)))], ("下", "上")),
        ([upper(rule()), lower(rule(subject={"nature": ["新建"], "industry": ["C26"]}))], ("下", "上")),
        ([upper(rule(subject={"industry": ["C26"]})), lower(rule())], ("下", "上")),
        (
            [upper(rule("REQUIRE", require=reuse(">=", 95))), lower(rule("REQUIRE", require=reuse(">=", 90)))],
            ("下", "上"),
        ),
        (
            [
                upper(rule("EXIT", subject={"industry": ["C26"]}, until="2027-06-30")),
                lower(rule("EXIT", subject={"industry": ["C26"]}, until="2028-06-30")),
            ],
            ("下", "上"),
        ),
        (
            [
                upper(rule(when=boiler("<", 35)), scope=Scope(regions=("6399",)), level=Level.PREFECTURE),
                lower(rule(when=boiler("<", 10)), scope=Scope(parks=("YQ001",)), level=Level.PARK),
            ],
            ("下", "上"),
        ),
        (
            [
                upper(rule(when=boiler("<", 35)), scope=Scope(zones=("control_unit:产业集聚",))),
                lower(rule(when=boiler("<", 10)), scope=Scope(parks=("YQ001",)), level=Level.PARK),
            ],
            ("下", "上"),
        ),
    ],
    "L-EXCEPTION": [
        ([upper(rule()), lower(rule(subject=ORGANIC, unless=PAPER))], ("下", "上")),
        ([upper(rule(unless={"document": "甲"})), lower(rule(unless=PAPER))], ("下", "上")),
    ],
    "L-REDUNDANT": [
        ([upper(rule()), lower(rule(subject=ORGANIC))], ("下", "上")),
        ([upper(rule()), lower(rule())], ("下", "上")),
        (
            [
                upper(rule("REQUIRE", require={"all": [reuse(">=", 90), PAPER]})),
                lower(rule("REQUIRE", require=reuse(">=", 90))),
            ],
            ("下", "上"),
        ),
        ([clause("X", rule(), rule(subject=ORGANIC))], ("X",)),
        ([clause("X", rule(when=boiler("<", 9)), rule(when={"not": boiler(">=", 9)}))], ("X",)),
        (
            [
                upper(rule("EXIT", subject={"industry": ["C26"]}, until="2027-06-30")),
                lower(rule("EXIT", subject={"industry": ["C2614"]}, until="2027-06-30")),
            ],
            ("下", "上"),
        ),
    ],
    "L-DUPLICATE": [
        ([clause("甲", rule()), clause("乙", rule(), text="禁止 新建，扩建化工项目")], ("乙", "甲")),
    ],
    "L-NEAR-DUPLICATE": [
        ([clause("上", rule()), lower(rule())], ("下", "上")),
        (
            [
                clause("上", text="工业园区内的企业应当建设雨污分流管网和事故应急池，并定期开展应急演练，防止污染河流。"),
                lower(text="工业园区内的企业应当建设雨污分流管网和事故应急池，并且定期开展应急演练，防止污染河流。"),
            ],
            ("下", "上"),
        ),
    ],
    "L-LINK": [(words("执行全市总体准入要求。", level=Level.UNIT), ("X",))],
    "L-EXPIRED": [(words(TEXT, valid_to=date(2026, 8, 31)), ("X",))],
    "L-SUPERSEDED": [
        (words(TEXT, document="list-2021"), ("X",)),
        (words(TEXT, document="undated"), ("X",)),
    ],
    "L-DEADLINE": [
        (words("现有化工企业应当于2025年底前退出。"), ("X",)),
        (words("“十四五”期间禁止新建化工项目。"), ("X",)),
        (words(TEXT, rule("EXIT", subject={"industry": ["C26"]}, until="2026-08-31")), ("X",)),
        (words("化工企业到2025年全部入园。"), ("X",)),
    ],
    "L-NO-RULE": [([clause("X")], ("X",))],
    "L-NO-FACT": [
        ([clause("X", rule(subject=NEW, when={"matter": "危害防洪"}))], ("X",)),
        ([clause("X", rule("REQUIRE", subject={}, require={"duty": "开展监测"}))], ("X",)),
    ],
    "L-NO-REQUIREMENT": [([clause("X", rule("RESTRICT"))], ("X",))],
    "L-VAGUE": [
        (words("按照有关规定建设化工项目。"), ("X",)),
        (words("逐步退出化工项目。", rule("EXIT", subject={"industry": ["C26"]})), ("X",)),
        (words("原则上不得新建化工项目。", rule(strength="principle")), ("X",)),
        (words("严格控制开发强度。", rule(quote=[8, 9])), ("X",)),
        (words("禁止新建高污染项目。", rule(subject=NEW)), ("X",)),
        (words("居民区周边禁止新建化工项目。"), ("X",)),
        (words("禁止新建小型矿山。", rule(subject=NEW)), ("X",)),
        (words("化工、焦化等项目不得建设。", rule(subject=NEW)), ("X",)),
        (words("合理布局化工项目。"), ("X",)),
    ],
    "L-INCLUSIVE": [
        (words("禁止新建10蒸吨以下燃煤锅炉。"), ("X",)),
        (words("千头以上养殖场应当配套粪污设施。"), ("X",)),
    ],
    "L-INCLUSIVE-RULE": [(words("禁止新建10蒸吨以下燃煤锅炉。", rule(when=boiler("<", 10))), ("X",))],
    "L-QUOTE-NONE": [([clause("X", rule(quote=None))], ("X",))],
    "L-QUOTE-OVERLAP": [([clause("X", rule(quote=[0, 6]), rule("INFORM", quote=[4, 9]))], ("X",))],
    "L-RESIDUE": [
        (words("禁止新建化工项目。不得设置排污口。", rule(quote=[0, 8])), ("X",)),
        (words("距河1公里内禁止新建化工项目。", rule(quote=[6, 14])), ("X",)),
    ],
}  # fmt: skip

# check: lists that are close to it and must not have it
HAS_NOT: dict[str, list[list[Any]]] = {
    "L-ROW": [[{"id": "X", "number": "1", "level": "UNIT", "dimension": "RISK", "text": "文。", "document": "list-2026",
                "scope": {"everywhere": True}, "valid_from": "2026-01-01"}]],
    "L-RULE": [[clause("X", rule(quote=[0, len(TEXT)]))]],
    "L-TARGET": [[clause("X", rule(when={"in": "ecology"}))]],  # a kind, not an id
    "L-TARGET-ZONE": [[clause("X", rule(when={"in": "river:HL001&示例河|别的河"}))]],
    "L-CATALOGUE": [[clause("X", rule(when={"catalogue": "two_high"}))]],
    "L-CLAUSE-REF": [
        [clause("X", rule(when={"clause": "S-01", "op": "is", "value": "COMPLIANT"}))],  # of the edition
    ],
    "L-UNREACHABLE": [
        [clause("X", rule(when={"any": [boiler("<", 5), boiler(">", 10)]}))],
        [clause("X", rule(when={"all": [boiler("<=", 10), boiler(">=", 10)]}))],
        # a project of two industries
        [clause("X", rule(when={"industry": ["B"]}))],
    ],
    "L-EXIT-NEW": [[clause("X", rule("EXIT", subject={"nature": ["现有", "技改"]}))]],
    "L-UNLESS-ALWAYS": [[clause("X", rule(unless={"duty": "承诺"}))]],
    "L-ZONE-APART": [
        [clause("X", rule(when=RED), scope=PRIORITY_UNIT)],
        [clause("X", rule(when={"any": [RED, boiler("<", 9)]}), scope=KEY_UNIT)],
        [clause("X", rule(when={"not": RED}), scope=KEY_UNIT)],
        [clause("X", rule(when={"crosses": "river"}), scope=KEY_UNIT)],
        [clause("X", rule(when={"in": "receptor:学校"}), scope=KEY_UNIT)],
        [clause("X", rule(when={"distance": "red_line", "op": "<", "value": 500, "unit": "m"}), scope=KEY_UNIT)],
        [clause("X", rule(when=RED), scope=Scope(regions=("639901",)))],
        [clause("X", rule(when=RED), scope=Scope(classes=("PRIORITY",)))],
        [clause("X", rule(when={"in": "protected_area"}), scope=Scope(zones=("red_line",)))],
    ],
    "L-CONTRADICTION": [
        [upper(rule(unless=PAPER)), lower(rule("ALLOW", subject=ORGANIC))],
        [upper(rule(subject=ORGANIC)), lower(rule("ENCOURAGE"))],  # the ban is a part of what is encouraged
        [upper(rule("ENCOURAGE", subject=ORGANIC)), lower(rule())],  # a level below may ban what one above allows
        [upper(rule(strength="principle")), lower(rule("ALLOW"))],
        [upper(rule(strength="principle")), lower(rule("ENCOURAGE", subject={"industry": ["C26"]}))],
        [upper(rule(unless=PAPER)), lower(rule("ENCOURAGE", subject={"industry": ["C26"]}))],
        [upper(rule(), scope=PRIORITY_UNIT), lower(rule("ALLOW"))],
        [upper(rule(), scope=Scope(zones=("red_line",))), lower(rule("ENCOURAGE"), scope=PRIORITY_UNIT)],
    ],
    "L-INCOMPATIBLE": [
        [upper(rule("REQUIRE", require=reuse(">=", 95))), lower(rule("REQUIRE", require=reuse(">=", 90)))],
        [
            upper(rule("REQUIRE", require=reuse(">=", 95))),
            lower(rule("REQUIRE", subject={"industry": ["B"]}, require=reuse("<=", 90))),
        ],
        [
            upper(rule("REQUIRE", require=reuse(">=", 95)), scope=PRIORITY_UNIT),
            lower(rule("REQUIRE", require=reuse("<=", 90))),
        ],
        [
            upper(rule("REQUIRE", require=reuse(">=", 95))),
            lower(rule("REQUIRE", subject={"nature": ["改建"], "industry": ["C26"]}, require=reuse("<=", 90))),
        ],
        [upper(rule("REQUIRE", require=reuse(">=", 95), unless=PAPER)), lower(rule("REQUIRE", when=PAPER, require=reuse("<=", 90)))],
        [upper(rule("REQUIRE", require=reuse(">=", 90))), lower(rule("REQUIRE", require=reuse("<=", 90)))],
        [
            upper(rule("REQUIRE", require=reuse(">=", 95)), scope=Scope(zones=("water_zone:工业污染",))),
            lower(rule("REQUIRE", require=reuse("<=", 90))),  # the map shows them side by side
        ],
        [
            upper(rule("REQUIRE", require=reuse(">=", 95)), scope=Scope(zones=("water_zone:工业污染",))),
            lower(rule("REQUIRE", require=reuse("<=", 90)), scope=Scope(regions=("639901",))),
        ],
    ],
    "L-MOOT": [[upper(rule(unless=PAPER)), lower(rule("REQUIRE", require=PAPER))]],
    "L-LOOSER": [
        [upper(rule(when=boiler("<", 10))), lower(rule(when=boiler("<", 35)))],  # stricter below
        [upper(rule(when=boiler("<", 35)), scope=PRIORITY_UNIT), lower(rule(when=boiler("<", 10)))],
        [upper(rule(when=boiler("<", 35), unless=PAPER)), lower(rule(when=boiler("<", 10)))],
        [upper(rule(when=boiler("<", 35), strength="soft")), lower(rule(when=boiler("<", 10)))],
        [upper(rule("EXIT", until="2027-06-30")), lower(rule("EXIT", until="2026-12-31"))],
        [
            upper(rule("EXIT", subject={"industry": ["C26"]}, until="2027-06-30")),
            lower(rule("EXIT", subject={"industry": ["C2614"]}, until="2027-06-30")),
        ],
        [upper(rule(when=boiler("<", 35)), valid_to=date(2026, 8, 31)), lower(rule(when=boiler("<", 10)))],
        [upper(rule(when=boiler("<", 35), review={"state": "rejected"})), lower(rule(when=boiler("<", 10)))],
    ],
    "L-EXCEPTION": [
        [upper(rule(unless=PAPER)), lower(rule(unless=PAPER))],
        [upper(rule(unless={"any": [PAPER, boiler("<", 1)]})), lower(rule(unless=PAPER))],
        [upper(rule(subject=ORGANIC)), lower(rule(unless=PAPER))],
        [upper(rule(strength="principle")), lower(rule(unless=PAPER))],
    ],
    "L-REDUNDANT": [
        [upper(rule(), scope=Scope(regions=("639902",))), lower(rule())],
        [upper(rule(subject={"industry": ["C25"]})), lower(rule())],
        # in the list of the level below: the upper one is needed elsewhere
        [upper(rule(subject=ORGANIC)), lower(rule())],
        [clause("上", rule()), lower(rule())],  # a copy is reported as such
    ],
    "L-DUPLICATE": [
        [clause("甲", rule(), scope=PRIORITY_UNIT), clause("乙", rule(), scope=KEY_UNIT)],
        [clause("甲", rule()), clause("乙", rule(), dimension=Dimension.RISK)],
    ],
    "L-NEAR-DUPLICATE": [
        [clause("上", rule(), scope=PRIORITY_UNIT), lower(rule())],
        [clause("上", rule()), clause("下", rule(), scope=Scope(regions=("6399",)))],  # of one level
        [
            clause("上", text="单位产品用水量应当达到用水定额先进值，工业用水重复利用率不低于百分之90，并安装计量设施。"),
            lower(text="单位产品用水量应当达到用水定额先进值，工业用水重复利用率不低于百分之95，并安装计量设施。"),
        ],
        [clause("上", text="禁止采砂。"), lower(text="禁止采石。")],
    ],
    "L-LINK": [[*words("执行全省总体准入要求。", level=Level.UNIT), upper(rule())]],
    "L-EXPIRED": [words(TEXT, valid_to=date(2026, 9, 1))],
    "L-SUPERSEDED": [words(TEXT, document="law-2030"), words(TEXT, document="law-river"), words(TEXT, document="ends"), words(TEXT, document="overlaps")],
    "L-DEADLINE": [
        words("现有化工企业应当于2026年底前退出。"),
        words("2018年以前批准的化工项目不得扩建。"),
        words("2021年发布的化工名录内项目禁止新建。"),
        words("自2025年1月1日起禁止新建化工项目。"),
        words("“十五五”期间禁止新建化工项目。"),
        words("2024年底起禁止新建化工项目。"),
    ],
    "L-NO-FACT": [[clause("X", rule("REQUIRE", require={"duty": "开展监测"}))], [clause("X", rule("INFORM", subject={}))]],
    "L-NO-REQUIREMENT": [[clause("X", rule("RESTRICT", require=PAPER))]],
    "L-VAGUE": [
        words("禁止新建燃用高污染燃料的锅炉。", rule(subject=NEW)),
        words("居民区周边500米内禁止新建化工项目。"),
        words("距居民区1公里的周边区域禁止新建化工项目。"),
        words("合理布局化工项目。", rule("ENCOURAGE")),
        words("现有化工项目应当于2027年底前逐步退出。", rule("EXIT", subject={"industry": ["C26"]})),
        words("化工、焦化等项目不得建设。"),  # the rule says which
        words("实行等量替代。", rule("REQUIRE", require=PAPER)),
        words("严格限制化工项目：禁止新建。"),
        words("原则上不得新建化工项目，取得论证意见的除外。", rule(strength="principle", unless=PAPER)),
        words("禁止新建小型矿山。", rule(when={"fact": "mine_scale", "op": "is", "value": "小型"})),
        words("未扩大规模的化工项目不得建设。"),
        words("逐步退出化工项目。", document="list-2021"),  # history
    ],
    "L-INCLUSIVE": [
        words("禁止新建10蒸吨（含）以下燃煤锅炉。"),
        words("禁止新建10蒸吨及以下燃煤锅炉。"),
        words("禁止新建10蒸吨以下燃煤锅炉。", rule(when=boiler("<=", 10))),
        words("禁止新建10蒸吨以上燃煤锅炉。", rule(unless=boiler("<", 10))),
        words("县级以上主管部门批准。"),
    ],
    "L-INCLUSIVE-RULE": [
        words("禁止新建10蒸吨以下燃煤锅炉。", rule(when=boiler("<=", 10))),
        words("禁止新建不足10蒸吨的燃煤锅炉。", rule(when=boiler("<", 10))),
        words("禁止新建10蒸吨（不含）以下燃煤锅炉。", rule(when=boiler("<", 10))),
        words("装机5万千瓦以下的不得建设。", rule(when={"fact": "installed_power_mw", "op": "<=", "value": 50})),
    ],
    "L-QUOTE-OVERLAP": [
        [clause("X", rule(quote=[0, 8]), rule("INFORM", quote=[2, 6]))],
        [clause("X", rule(quote=[0, 5]), rule("INFORM", quote=[5, 9]))],
    ],
    "L-RESIDUE": [
        words("距河1公里内禁止新建化工项目。", rule(quote=[6, 14], when={"distance": "river", "op": "<", "value": 1000, "unit": "m"})),
        words("依据第46条和示环发〔2025〕12号，禁止新建化工项目。", rule(quote=[20, 28])),
        words("应当经批准；未经批准的，不予审批。", rule("REQUIRE", require=PAPER, quote=[0, 5])),
        words("禁止甲和乙。", rule(quote=[4, 5])),
        words("占地15亩以下。", rule(quote=[0, 2], when={"area": "red_line", "op": "<=", "value": 1, "unit": "ha"})),
    ],
}  # fmt: skip


def edition_with_oddities() -> Edition:
    edition = sample_edition()
    odd = Catalogue(id="odd", title="有误名录", industries=("26", "2699"), source="示例数据，非官方")
    old = Catalogue(
        id="old", title="旧名录", industries=("26",), source="示例数据，非官方", valid_to=date(2025, 1, 1)
    )
    documents = (
        Document(id="undated", title="未定期文件", superseded_by="没有这个文件"),
        Document(id="ends", title="将被代替", superseded_by="law-2030"),
        Document(id="overlaps", title="过渡期", valid_to=date(2027, 1, 1), superseded_by="law-river"),
    )
    return replace(
        edition,
        catalogues={**edition.catalogues, "odd": odd, "old": old},
        documents={**edition.documents, **{document.id: document for document in documents}},
    )


@pytest.mark.parametrize(
    ("check", "clauses", "names"),
    [(check, clauses, names) for check, cases in HAS.items() for clauses, names in cases],
)
def test_a_check_finds_what_it_is_for(check: str, clauses: list[Any], names: tuple[str, ...]) -> None:
    remarks = [r for r in found(clauses, edition=edition_with_oddities()) if r.check == check]
    assert [r.clauses for r in remarks] == [names]
    (remark,) = remarks
    assert remark.severity is CHECKS[check]
    text = next((c.text for c in clauses if isinstance(c, Clause) and c.id == remark.clauses[0]), "")
    assert all(0 <= start < end <= len(text) for start, end in remark.spans if check != "L-RULE")
    for words_of in (remark.zh, remark.en, remark.advice_zh, remark.advice_en):
        assert words_of.strip()
        assert "{" not in words_of
        assert ".." not in words_of


@pytest.mark.parametrize(
    ("check", "clauses"), [(check, clauses) for check, cases in HAS_NOT.items() for clauses in cases]
)
def test_a_check_leaves_alone_what_only_looks_like_it(check: str, clauses: list[Any]) -> None:
    remarks = found(clauses, edition=edition_with_oddities())
    assert check not in {remark.check for remark in remarks}


def test_every_check_is_tried() -> None:
    assert set(HAS) | {"L-BOUND"} == set(CHECKS)


def test_a_list_without_faults_has_no_remark() -> None:
    assert found([clause("X", rule(), text="禁止新建、扩建化工项目。")]) == []


# --- what a remark says ----------------------------------------------------------------------------------------


def test_remarks_come_errors_first_then_in_the_order_of_the_clauses() -> None:
    remarks = found(
        [
            clause("A", text="甲。"),
            clause("B", rule(when=MIXED), text="乙。"),
            clause("C", rule("REQUIRE", when=boiler(">", 9), require=boiler(">", 5)), text="丙。"),
            clause("D", rule(when=RED, unless=MIXED), text="丁。", scope=KEY_UNIT),
        ]
    )
    order = [(list(Severity).index(r.severity), r.clauses[0]) for r in remarks]
    assert order == sorted(order)
    assert {r.severity for r in remarks} == set(Severity)


def test_a_remark_names_rules_and_words() -> None:
    text = "工业废水禁止直排。化工项目原则上不得建设。"
    (remark,) = found(words(text, rule(quote=[9, 20], strength="principle"), rule("INFORM", quote=[0, 8])))
    assert remark.check == "L-VAGUE"
    assert [text[slice(*span)] for span in remark.spans] == ["原则上"]
    (broken, *_) = found([clause("X", rule(), {"effect": "BAN"})])
    assert broken.rules == (("X", 1),)
    (against,) = [
        r
        for r in found([upper(rule("INFORM"), rule()), lower(rule("ALLOW", quote=[2, 4]))])
        if r.check == "L-CONTRADICTION"
    ]
    assert against.rules == (("下", 0), ("上", 1))
    assert against.spans == ((2, 4),)


def test_offsets_are_those_of_the_published_text_whatever_its_width() -> None:
    text = "２０２５年底前，化工企业　原则上 退出。"
    remarks = found(words(text, rule(strength="principle")))
    spans = {r.check: [text[slice(*span)] for span in r.spans] for r in remarks}
    assert spans == {"L-DEADLINE": ["２０２５年底前"], "L-VAGUE": ["原则上"]}


def test_equal_remarks_on_a_template_are_made_once() -> None:
    units = [f"ZH6399{i:02d}20001" for i in range(30)]
    made = [
        clause(f"U{i}", rule(when=MIXED), level=Level.UNIT, scope=Scope(units=(unit,)))
        for i, unit in enumerate(units)
    ]
    (remark,) = found(made, edition=None)
    assert remark.check == "L-UNREACHABLE"
    assert remark.clauses == tuple(f"U{i}" for i in range(30))
    assert len(remark.rules) == 30
    assert "30" in remark.zh
    assert "30" in remark.en


def test_the_same_two_clauses_in_many_units_are_one_remark() -> None:
    made = []
    for i in range(20):
        scope = Scope(units=(f"ZH6399{i:02d}20001",))
        made += [
            clause(f"A{i}", rule(), level=Level.UNIT, scope=scope),
            clause(
                f"B{i}", rule(subject=ORGANIC), level=Level.UNIT, scope=scope, text="禁止有机。", number="1-2"
            ),
        ]
    (remark,) = found(made, edition=None)
    assert remark.check == "L-REDUNDANT"
    assert remark.clauses == (*(f"B{i}" for i in range(20)), *(f"A{i}" for i in range(20)))
    assert "20" in remark.zh
    assert len(remark.rules) == 40


def test_of_a_rule_that_never_applies_nothing_else_is_said() -> None:
    (remark,) = found(
        [clause("X", rule("REQUIRE", when=MIXED, unless=boiler(">", 50), require=boiler("<", 99)))]
    )
    assert remark.check == "L-UNREACHABLE"


def test_places_of_which_nothing_is_known_without_an_edition_are_passed_over() -> None:
    zone, county = Scope(zones=("water_zone:工业污染",)), Scope(regions=("639902",))
    made = [
        upper(rule("REQUIRE", require=reuse(">=", 95)), scope=zone),
        lower(rule("REQUIRE", require=reuse("<=", 90)), scope=county),
    ]
    assert found(made, edition=None) == []
    assert [r.check for r in found(made)] == ["L-INCOMPATIBLE"]
    linked = [upper(rule(), scope=zone), *words("执行全省总体准入要求。", level=Level.UNIT, scope=county)]
    assert found(linked, edition=None) == []
    # codes are known without a map
    in_county = [
        upper(rule(when=boiler("<", 35)), scope=Scope(regions=("6399",))),
        lower(rule(when=boiler("<", 9))),
    ]
    assert [r.check for r in found(in_county, edition=None)] == ["L-LOOSER"]
    of_class = [
        upper(rule(when=boiler("<", 35)), scope=Scope(classes=("KEY",))),
        lower(rule(when=boiler("<", 9))),
    ]
    assert [r.check for r in found(of_class, edition=None)] == ["L-LOOSER"]


def test_of_a_clause_out_of_force_only_that_is_said() -> None:
    made = words("原则上不得新建化工项目。", rule(strength="principle"), valid_to=date(2025, 1, 1))
    assert [r.check for r in found(made, edition=None)] == ["L-EXPIRED"]
    assert [r.check for r in found(made)] == ["L-EXPIRED"]


def test_without_a_date_no_date_is_judged_and_without_an_edition_no_place() -> None:
    made = [
        clause(
            "X", rule(when={"in": "lake"}), text="化工企业到2025年全部入园。", scope=Scope(units=("ZH1",))
        ),
        clause(
            "Y", rule(when={"catalogue": "none"}), text="不得建。", document="?", valid_to=date(2020, 1, 1)
        ),
    ]
    assert lint(made) == ()
    assert {r.check for r in lint(made, as_of=AS_OF)} == {"L-DEADLINE", "L-EXPIRED"}


def test_the_end_of_a_clause_is_said_once_and_names_the_document_in_force() -> None:
    (remark,) = found(words("2020年底前化工项目逐步退出。", document="list-2021"))
    assert remark.check == "L-SUPERSEDED"
    assert "2026年版" in remark.zh
    assert "2026年版" in remark.en


def test_residue_that_the_reader_of_a_text_reported_is_taken_at_its_word() -> None:
    text = "距河2公里内禁止新建化工项目。不得设置排污口。"
    row = {
        "id": "X", "number": "1", "level": "PROVINCE", "dimension": "SPATIAL", "text": text, "document": "list-2026",
        "scope": {"everywhere": True}, "rules": [rule(quote=[6, 14])],
    }  # fmt: skip
    (whole,) = found([row])
    assert [text[slice(*span)] for span in whole.spans] == ["2", "不得"]
    (part,) = found([{**row, "reading": {"confidence": 0.5, "residue": [[15, 22]]}}])
    assert [text[slice(*span)] for span in part.spans] == ["不得"]
    assert found([{**row, "reading": {"residue": "oops"}}])[0].check == "L-ROW"


def test_a_layer_that_is_not_complete_shows_nothing_apart() -> None:
    edition = sample_edition()
    made = [clause("X", rule(when=RED), scope=KEY_UNIT)]
    assert [r.check for r in found(made)] == ["L-ZONE-APART"]
    gap = Coverage(layer="red_line", region="639901", status=CoverageStatus.PARTIAL, source="")
    assert found(made, edition=replace(edition, coverage=(*edition.coverage, gap))) == []
    county = [clause("X", rule(when={"in": "park"}), scope=Scope(regions=("639902",)))]
    gap = replace(gap, layer="park", region="63990201")
    assert found(county, edition=replace(edition, coverage=(*edition.coverage, gap))) == []


# --- precision and scale ---------------------------------------------------------------------------------------

DEMO = {
    # looked at one by one in 2026-11: each is so
    "L-VAGUE": 26, "L-REDUNDANT": 14, "L-DEADLINE": 13, "L-INCLUSIVE-RULE": 7, "L-NO-REQUIREMENT": 6,
    "L-LOOSER": 5, "L-RESIDUE": 5, "L-EXCEPTION": 4, "L-EXPIRED": 4, "L-NO-RULE": 4, "L-ZONE-APART": 2,
    "L-INCLUSIVE": 1,
}  # fmt: skip


def test_the_demo_list_has_few_remarks_and_no_error() -> None:
    edition = demo_edition()
    remarks = lint(edition.clauses, edition=edition, as_of=AS_OF)
    assert not [remark for remark in remarks if remark.severity is Severity.ERROR]
    counts = {check: sum(r.check == check for r in remarks) for check in {r.check for r in remarks}}
    assert counts == DEMO


def test_the_level_below_is_named_with_what_it_is_looser_than() -> None:
    edition = demo_edition()
    remarks = lint(edition.clauses, edition=edition, as_of=AS_OF)
    looser = {r.clauses: r for r in remarks if r.check == "L-LOOSER"}
    remark = looser["QH-BK-04-4-01", "QH-P-060"]  # 90 % in the block, 95 % in the province
    assert remark.rules == (("QH-BK-04-4-01", 0), ("QH-P-060", 0))
    assert "省条款 4-1（QH-P-060）" in remark.zh
    assert "province clause 4-1 (QH-P-060)" in remark.en


@settings(max_examples=60)
@given(st.lists(st.tuples(any_rule(), st.sampled_from(Level)), min_size=1, max_size=6))
def test_no_list_makes_the_lint_fail_and_the_order_of_clauses_changes_no_finding(
    rules: list[tuple[dict[str, Any], Level]],
) -> None:
    made = [
        clause(f"X{i}", one, level=level, text=f"禁止第{'甲乙丙丁戊己'[i]}类项目。", number=str(i))
        for i, (one, level) in enumerate(rules)
    ]
    remarks = found(made)

    def said(all_of: Sequence[Remark]) -> set[tuple[str, frozenset[str]]]:
        return {(r.check, frozenset(r.clauses)) for r in all_of if len(r.rules) > 1}

    assert said(found(list(reversed(made)))) == said(remarks)
    # whatever one rule makes without effect, the list of the place shows as well
    composed = composition.compose(made, at=Site())
    tied = {
        frozenset((e.clause.id, x.clause)) for e in composed.entries for x in (*e.overridden_by, *e.same_as)
    }
    stronger = ("L-MOOT", "L-LOOSER", "L-REDUNDANT")
    shown = {frozenset(r.clauses) for r in remarks if r.check in stronger and len(set(r.clauses)) == 2}
    assert shown <= tied


def work(monkeypatch: pytest.MonkeyPatch, size: int) -> int:
    """Comparisons of two rules that the lint of a list of ``size`` unit clauses makes."""
    count = 0
    plain = logic.may_cover

    def counted(outer: Any, inner: Any) -> bool:
        nonlocal count
        count += 1
        return plain(outer, inner)

    monkeypatch.setattr(logic, "may_cover", counted)
    industries = ("C26", "C25", "C30", "C31", "B06", "B09", "D4416", "A03")
    made = [
        clause(
            f"U{i}",
            rule(subject={**NEW, "industry": [industries[i % 8]]}, when=boiler("<", i % 97)),
            rule("REQUIRE", subject={"industry": [industries[i % 7]]}, require=reuse(">=", 50 + i % 41)),
            level=Level.UNIT,
            text=f"禁止第{i}类项目。",
            scope=Scope(units=(f"ZH63{i // 20:04d}20001",)),
        )
        for i in range(size)
    ]
    made += [upper(rule(subject={**NEW, "industry": [code]}, when=boiler("<", 90))) for code in industries]
    lint(made, as_of=AS_OF)
    return count


def test_the_work_grows_with_the_list_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = work(monkeypatch, 1000), work(monkeypatch, 4000)
    assert 0 < large < 5 * small
    assert large < 60 * 4000


def test_a_list_too_alike_to_compare_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linting, "PAIRS", 5)
    made = [
        clause(f"X{i}", rule(when=boiler("<", i + 1)), text=f"禁止{'甲乙丙丁戊己'[i]}。") for i in range(6)
    ]
    assert [r.clauses for r in found(made) if r.check == "L-BOUND"] != []
    demands = [
        clause(f"X{i}", rule("REQUIRE", require=reuse((">=", "<=")[i % 2], 90 - 40 * (i % 2))), text=f"第{'甲乙丙丁戊己'[i]}。")
        for i in range(6)
    ]  # fmt: skip
    assert "L-BOUND" in {r.check for r in found(demands)}


# --- tables ----------------------------------------------------------------------------------------------------


def test_the_table_of_checks_in_the_documents_is_that_of_the_program() -> None:
    page = (ROOT / "docs" / "reference" / "clause-lint.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(L-[A-Z-]+)` \| (.+) \|$", page, re.MULTILINE))
    assert list(rows) == list(CHECKS)
    severities = {"error": "错误 error", "warning": "警告 warning", "advice": "建议 advice"}
    for check, severity in CHECKS.items():
        cells = rows[check].split(" | ")
        assert cells[0] == severities[severity]
        assert t(f"lint.title.{check}", "zh-CN") in cells[1]
        assert t(f"lint.title.{check}", "en") in cells[1]
        assert t(f"lint.advice.{check}", "zh-CN") in cells[2]
        assert t(f"lint.advice.{check}", "en") in cells[2]


def test_every_vague_word_has_a_kind_with_words_and_a_source() -> None:
    table = tomllib.loads((ROOT / "src/sanxian/data/vague_words.toml").read_text("utf-8"))
    assert table["source"]
    assert isinstance(table["date"], date)
    kinds = {entry["kind"] for entry in table["word"]}
    for lang in ("zh-CN", "en"):
        locale = tomllib.loads((ROOT / f"src/sanxian/locale/lint.{lang}.toml").read_text("utf-8"))
        assert kinds == set(locale["vague"])
        assert set(locale["title"]) == set(locale["advice"]) == set(CHECKS)
    for entry in table["word"]:
        assert set(entry) == {"pattern", "kind", "shield", "settled"}
        re.compile(entry["pattern"])

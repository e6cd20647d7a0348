"""Matters (ADR 0005): conditions in the clause's own words, asked, answered and reported like any fact."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from typing import Any, Literal

import pytest
import shapely

from sample_edition import REVIEWED, sample_edition
from sanxian import data
from sanxian.errors import BadRule, FactType, FactUnit, UnknownFact
from sanxian.model import Clause, Dimension, Finding, Level, Outcome, Part, Project, Scope
from sanxian.project import check_facts, parse_fact
from sanxian.report import render
from sanxian.rules import check
from sanxian.screening import Screening, screen

PARK = shapely.box(100.13, 36.03, 100.14, 36.04)
HIGH = {"matter": "海拔", "op": ">=", "value": 4.8, "unit": "km"}
FLOOD = {"matter": "危害防洪安全"}


def screened(condition: Any, **facts: Any) -> tuple[Screening, Finding]:
    edition = sample_edition()
    clause = Clause(
        id="X-1",
        number="1",
        level=Level.COUNTY,
        dimension=Dimension.SPATIAL,
        dimension_label="空间布局约束",
        category="",
        text="禁止。",
        document=edition.clauses[0].document,
        scope=Scope(everywhere=True),
        rules=({"effect": "FORBID", "when": condition, "review": REVIEWED},),
    )
    edition = dataclasses.replace(edition, clauses=(clause,))
    project = Project(
        parts=(Part(role="厂区", geometry=PARK),),
        nature="新建",
        industries=("2614",),
        facts=check_facts(facts),
    )
    result = screen(project, edition, date(2026, 9, 1))
    return result, next(f for f in result.findings if f.clause == "X-1")


@pytest.mark.parametrize(
    ("condition", "facts", "outcome"),
    [
        (FLOOD, {}, Outcome.NEEDS_FACTS),
        (FLOOD, {"matter:危害防洪安全": True}, Outcome.NON_COMPLIANT),
        (FLOOD, {"matter:危害防洪安全": "否"}, Outcome.NOT_APPLICABLE),
        (HIGH, {}, Outcome.NEEDS_FACTS),
        (HIGH, {"matter:海拔[m]": 4800}, Outcome.NON_COMPLIANT),
        (HIGH, {"matter:海拔[m]": "4.7999 km"}, Outcome.NOT_APPLICABLE),
        (HIGH, {"matter:海拔[m]": {"value": 5, "unit": "km"}}, Outcome.NON_COMPLIANT),
        ({"matter": "床位", "op": ">", "value": 300, "unit": "张"}, {"matter:床位[张]": "301 张"}, Outcome.NON_COMPLIANT),
        ({"matter": "容积率", "op": "<", "value": 1}, {"matter:容积率[]": 0.9}, Outcome.NON_COMPLIANT),
    ],
)  # fmt: skip
def test_a_matter_is_unknown_until_the_project_answers_it(
    condition: Any, facts: dict[str, Any], outcome: Outcome
) -> None:
    assert screened(condition, **facts)[1].outcome is outcome


def test_the_question_uses_the_words_of_the_clause() -> None:
    result, _ = screened({"all": [HIGH, FLOOD]})
    asked = {a.fact: (a.question_zh, a.question_en) for a in result.asks if a.fact.startswith("matter:")}
    assert asked == {
        "matter:海拔[m]": ("海拔是多少（m）？", "How much is “海拔” (m)?"),
        "matter:危害防洪安全": ("是否属于“危害防洪安全”？", "Does “危害防洪安全” hold?"),
    }


def test_flips_say_which_answer_changes_the_outcome() -> None:
    _, finding = screened(HIGH, **{"matter:海拔[m]": 4900})
    (flip,) = finding.flips
    assert (flip.fact, flip.needed_zh, flip.outcome) == ("matter:海拔[m]", "< 4800 m", Outcome.NOT_APPLICABLE)


@pytest.mark.parametrize("form", ["html", "json", "text"])
def test_reports_show_a_matter_and_its_answer(form: Literal["html", "json", "text"]) -> None:
    result, _ = screened(HIGH, **{"matter:海拔[m]": 4900})
    shown = render(result, format=form, lang="zh-CN").decode()
    assert "海拔" in shown


def test_a_matter_has_one_key_whatever_its_unit_or_width() -> None:
    assert data.matter_key("海拔", "km") == data.matter_key(" 海拔 ", "m") == "matter:海拔[m]"
    assert data.matter_key("Ⅲ类水体", None) == "matter:III类水体"
    assert data.fact("matter:床位[张]").unit == "张"
    assert data.fact("matter:危害防洪").type == "bool"


@pytest.mark.parametrize("key", ["海拔", "matter:", "matter:a[b", "matter:[m]"])
def test_other_keys_are_no_facts(key: str) -> None:
    with pytest.raises(KeyError):
        data.fact(key)


def test_facts_typed_on_the_command_line() -> None:
    assert parse_fact("matter:海拔[m]=4.8km") == ("matter:海拔[m]", 4800.0)
    assert parse_fact("matter:危害防洪安全=否") == ("matter:危害防洪安全", False)
    with pytest.raises(FactUnit):
        parse_fact("matter:海拔[m]=4800 t")
    with pytest.raises(FactType):
        parse_fact("matter:海拔[m]=很高")
    with pytest.raises(UnknownFact):
        parse_fact("matter:=1")


@pytest.mark.parametrize(
    "atom",
    [
        {"matter": ""},
        {"matter": 3},
        {"matter": "a[b]"},
        {"matter": "海拔", "value": 3},
        {"matter": "海拔", "op": "<"},
        {"matter": "海拔", "op": "is", "value": 3},
        {"matter": "海拔", "op": "<", "value": "高"},
        {"matter": "海拔", "op": "<", "value": 10**400},
        {"matter": "海拔", "op": "<", "value": 3, "unit": "[m]"},
        {"matter": "海拔", "role": "厂区"},
        {"matter": "海拔［m］", "op": "<", "value": 3},
        {"matter": "海拔", "op": ["<"], "value": 3},
        {"fact": ["boiler_tph"], "op": "<", "value": 3},
        {"state": {}, "op": "is", "value": "达标"},
    ],
)
def test_a_broken_matter_is_refused(atom: dict[str, Any]) -> None:
    with pytest.raises(BadRule):
        check({"effect": "FORBID", "when": atom})


@pytest.mark.parametrize(
    "parts",
    [
        "x",
        [{"path": "when"}],
        [{"path": 1, "at": [0, 1]}],
        [{"path": "when", "at": [3, 1]}],
        [{"path": "when", "at": None}],
    ],
)
def test_broken_parts_are_refused(parts: Any) -> None:
    with pytest.raises(BadRule):
        check({"effect": "FORBID", "parts": parts})


def test_parts_decide_nothing() -> None:
    rule = {"effect": "FORBID", "when": FLOOD, "parts": [{"path": "when", "at": [0, 2]}]}
    check(rule, text="禁止")
    assert json.dumps(rule)

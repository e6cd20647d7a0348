"""Clauses for other programs: the schema agrees with the checker, CSV and DMN lose nothing, tables say what rules say."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import SpiffWorkflow.dmn.parser
import zen
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

import sanxian
import strategies
from sanxian import data
from sanxian.clauses import exchange
from sanxian.clauses.exchange import from_csv, from_dmn, schema, to_csv, to_dmn, to_jdm
from sanxian.clauses.files import encode, read_clauses
from sanxian.errors import BadRule, ClauseError, ClauseExchange
from sanxian.model import Outcome, Truth
from sanxian.rules import Several, Span, Value, Variable, check, compile_rule, language

DEMO = Path(sanxian.__file__).parent / "data" / "demo"
SCHEMA = Path(__file__).parents[1] / "docs" / "reference" / "clause.schema.json"
ROWS = [row for name in ("clauses_general.yaml", "clauses_local.yaml") for row in read_clauses(DEMO / name)]
RULES = [rule for row in ROWS for rule in row.get("rules", ())]
NS = {"d": "https://www.omg.org/spec/DMN/20191111/MODEL/"}
VALIDATOR = jsonschema.Draft202012Validator(schema())
RULE_VALIDATOR = VALIDATOR.evolve(schema={"$ref": "#/$defs/rule", "$defs": schema()["$defs"]})


# --- JSON Schema -------------------------------------------------------------------------------------


def test_the_published_schema_is_the_one_of_the_vocabulary() -> None:
    """Written by ``python -c "from sanxian.clauses.exchange import schema; …"``, see the message."""
    said = json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"
    assert SCHEMA.read_text("utf-8") == said, (
        "write json.dumps(schema(), ensure_ascii=False, indent=1) into it"
    )


def test_the_schema_is_a_schema_and_names_every_atom_and_fact() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    said = encode(schema())
    assert all(
        f'"{key}"' in said for key in (*data.facts(), *data.states(), *language.ATOMS) if key != "industry"
    )


def test_every_clause_of_the_demo_is_valid() -> None:
    assert len(RULES) > 500
    for row in ROWS:
        assert [error.message for error in VALIDATOR.iter_errors(row)] == []


@settings(max_examples=200, deadline=None)
@given(strategies.rules())
def test_what_the_checker_accepts_is_valid(rule: dict[str, Any]) -> None:
    check(rule)
    assert [error.message for error in RULE_VALIDATOR.iter_errors(rule)] == []


ACCEPTED: list[dict[str, Any]] = [
    {"effect": "INFORM", "strength": None, "subject": None, "when": None, "quote": None, "review": None, "parts": None, "id": 5, "note": "x"},
    {"effect": "EXIT", "until": "2027-12-31", "subject": {"nature": [], "role": ["线路"], "industry": ["C2614 有机化学原料制造"]}},
    {"effect": "FORBID", "when": {"matter": "危害防洪安全"}},
    {"effect": "FORBID", "when": {"matter": "海拔", "op": ">=", "value": 4800, "unit": "米"}},
    {"effect": "FORBID", "when": {"matter": "海拔", "op": "between", "value": [1, 2]}},
    {"effect": "FORBID", "when": {"fact": "capacity_tpa", "op": ">", "value": 5, "unit": "万吨/年"}},
    {"effect": "FORBID", "when": {"fact": "approved_on", "op": "<", "value": "as_of"}},
    {"effect": "FORBID", "when": {"fact": "product", "op": "not_in", "value": ["水泥"]}},
    {"effect": "FORBID", "when": {"share": "red_line:核心区&草地|湿地", "of": "zone", "op": "<", "value": 5, "unit": "%", "role": "线路"}},
    {"effect": "FORBID", "when": {"area": "red_line", "op": "between", "value": [1, 2], "unit": "亩"}},
    {"effect": "FORBID", "when": {"length": "river", "op": "!=", "value": 1, "unit": "km"}},
    {"effect": "FORBID", "when": {"state": "air_quality", "op": "in", "value": ["未达标"], "at": "county"}},
    {"effect": "FORBID", "when": {"clause": "A", "op": "is", "value": "COMPLIANT"}},
    {"effect": "FORBID", "when": {"not": {"crosses": "river:黄河干流"}}},
    {"effect": "FORBID", "unless": {"any": [{"document": "论证意见", "issuer": "省"}, {"duty": "监测", "phase": "运营期"}]}},
    {"effect": "REQUIRE", "require": {"all": [{"duty": "监测"}]}, "parts": [{"path": "require", "at": [0, 2]}], "quote": [0, 2]},
]  # fmt: skip
NO_CONDITIONS: Any = (
    {}, [], "x", {"all": []}, {"any": [{}]}, {"not": {"duty": "x"}}, {"duty": "x"}, {"all": [{"duty": "x"}]},
    {"in": "red_line", "crosses": "river"}, {"all": [{"in": "x"}], "any": [{"in": "x"}]}, {"in": ""}, {"in": "a:"},
    {"in": "a:b&"}, {"in": "a:|b"}, {"in": "a", "op": "is"}, {"fact": "nonsense", "op": "is", "value": True},
    {"fact": "boiler_tph", "op": "is", "value": 5}, {"fact": "boiler_tph", "op": ">", "value": "5"},
    {"fact": "boiler_tph", "op": ">", "value": 5, "unit": "MW"}, {"fact": "boiler_tph", "op": ">"},
    {"fact": "boiler_tph", "op": "between", "value": 5}, {"fact": "boiler_tph", "op": "between", "value": [1, 2, 3]},
    {"fact": "boiler_tph", "op": "<", "value": [1, 2]}, {"fact": "new_outfall", "op": "is", "value": "true"},
    {"fact": "new_outfall", "op": "is_not", "value": True}, {"fact": "new_outfall", "op": "is", "value": True, "unit": "m"},
    {"fact": "nature", "op": "is", "value": "新造"}, {"fact": "nature", "op": "in", "value": "新建"}, {"fact": "nature", "op": "has", "value": "新建"},
    {"fact": "fuel", "op": "has_any", "value": []}, {"fact": "fuel", "op": "has", "value": ["煤"]}, {"fact": "industry", "op": "has", "value": "26"},
    {"fact": "approved_on", "op": "!=", "value": "2026-01-01"}, {"fact": "approved_on", "op": "<", "value": "today"},
    {"matter": ""}, {"matter": " "}, {"matter": "海拔[m]"}, {"matter": "海拔", "value": 5}, {"matter": "海拔", "op": "is", "value": 5},
    {"matter": "海拔", "op": ">", "value": True}, {"matter": "海拔", "op": ">", "value": 1, "unit": "[m]"},
    {"industry": []}, {"industry": "C26"}, {"catalogue": ""}, {"share": "a", "op": "<", "value": 1, "unit": "m2"},
    {"share": "a", "op": "<", "value": 1, "of": "world"}, {"area": "a", "op": "<", "value": 1}, {"area": "a", "op": "<", "value": 1, "unit": "km"},
    {"distance": "a", "op": "<", "value": 1, "unit": "m2"}, {"state": "weather", "op": "is", "value": "x"},
    {"state": "air_quality", "op": "is", "value": "未超"}, {"state": "air_quality", "op": "in", "value": "达标"},
    {"state": "air_quality", "op": "is", "value": "达标", "at": "city"}, {"state": "air_quality", "op": "has", "value": "达标"},
    {"date": "today", "op": "<", "value": "2026-01-01"}, {"date": "as_of", "op": "<", "value": "as_of"}, {"date": "as_of", "op": "!=", "value": "2026-01-01"},
    {"clause": "A", "op": "is", "value": "OK"}, {"clause": "A", "op": "is_not", "value": "COMPLIANT"}, {"clause": "A", "op": "in", "value": "COMPLIANT"},
    {"document": ""}, {"document": "x", "number": "5"},
)  # fmt: skip
REFUSED: list[dict[str, Any]] = [
    {}, {"effect": "DENY"}, {"effect": "FORBID", "strength": "weak"}, {"effect": "FORBID", "extra": 1},
    {"effect": "FORBID", "require": {"duty": "x"}}, {"effect": "FORBID", "until": "2026-01-01"},
    {"effect": "EXIT", "until": "31.12.2026"}, {"effect": "FORBID", "subject": {"natures": []}},
    {"effect": "FORBID", "subject": {"nature": ["新造"]}}, {"effect": "FORBID", "subject": {"nature": "新建"}},
    {"effect": "FORBID", "subject": {"activity": ["闲逛"]}},
    {"effect": "FORBID", "quote": [1]}, {"effect": "FORBID", "quote": [0, 1, 2]}, {"effect": "FORBID", "quote": [-1, 2]},
    {"effect": "FORBID", "quote": "新建"}, {"effect": "FORBID", "review": {"state": "ok"}}, {"effect": "FORBID", "review": "x"},
    {"effect": "FORBID", "parts": [{"path": "when"}]}, {"effect": "FORBID", "parts": [{"path": 1, "at": [0, 1]}]},
    *({"effect": "FORBID", "when": when} for when in NO_CONDITIONS),
    {"effect": "REQUIRE", "require": {"duty": ""}}, {"effect": "REQUIRE", "require": {"not": {"all": [{"duty": "x"}]}}},
]  # fmt: skip
# One rule for each line of CANNOT_SAY but those about the text: refused by the checker, valid all the same.
BEYOND: list[dict[str, Any]] = [
    {"effect": "FORBID", "when": {"industry": ["C9999"]}},
    {"effect": "FORBID", "when": {"fact": "boiler_tph", "op": ">", "value": 5, "unit": "兆瓦"}},
    {"effect": "FORBID", "when": {"fact": "boiler_tph", "op": "between", "value": [2, 1]}},
    {"effect": "EXIT", "until": "2026-02-30"},
    {"effect": "FORBID", "quote": [5, 5]},
    {"effect": "FORBID", "quote": [0, 5.0]},
]  # fmt: skip


@pytest.mark.parametrize("rule", ACCEPTED, ids=encode)
def test_both_accept(rule: dict[str, Any]) -> None:
    check(rule)
    assert [error.message for error in RULE_VALIDATOR.iter_errors(rule)] == []


@pytest.mark.parametrize("rule", REFUSED, ids=encode)
def test_both_refuse(rule: dict[str, Any]) -> None:
    with pytest.raises(BadRule):
        check(rule)
    assert not RULE_VALIDATOR.is_valid(rule)


@pytest.mark.parametrize("rule", BEYOND, ids=encode)
def test_what_a_schema_cannot_say_is_listed(rule: dict[str, Any]) -> None:
    with pytest.raises(BadRule):
        check(rule)
    assert RULE_VALIDATOR.is_valid(rule)
    assert len(exchange.CANNOT_SAY) == len(BEYOND) + 1
    assert all(line in schema()["description"] for line in exchange.CANNOT_SAY)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value inside a rule."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, item in members for found in [(*path, key), *places(item, (*path, key))]]


ODD = st.sampled_from((
    None, True, 0, -1, 1.5, "", "x", "=", [], [1], {}, {"x": 1}, ["新建"], "C26", "red_line", "km", "t/h", "is", "between", "has", "FORBID", "2026-01-01",
))  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(strategies.rules(), st.sampled_from([*ACCEPTED, *RULES])), st.data())
def test_checker_and_schema_agree_on_a_damaged_rule(rule: dict[str, Any], given_: st.DataObject) -> None:
    damaged = copy.deepcopy(rule)
    path = given_.draw(st.sampled_from(places(damaged)))
    parent: Any = damaged
    for step in path[:-1]:
        parent = parent[step]
    action = given_.draw(st.sampled_from(("drop", "replace", "rename")))
    if action == "replace" or isinstance(parent, list):
        parent[path[-1]] = given_.draw(ODD)
    elif action == "drop":
        del parent[path[-1]]
    else:
        parent[
            given_.draw(st.sampled_from(("op", "unit", "value", "role", "in", "all", "not", "x", "duty")))
        ] = parent.pop(path[-1])
    try:
        check(damaged)
    except (BadRule, TypeError, KeyError):
        accepted = False
    else:
        accepted = True
    valid = RULE_VALIDATOR.is_valid(damaged)
    if valid:
        assert accepted or _beyond(damaged), "refused by the checker, let through by the schema"
    elif accepted:
        assert RULE_VALIDATOR.is_valid(documented(damaged)), "accepted by the checker, refused by the schema"


def _beyond(rule: Mapping[str, Any]) -> bool:
    """Whether the checker refuses for a reason no schema can give."""
    try:
        check(rule)
    except BadRule as error:
        words = error.text("en")
        return any(
            w in words
            for w in (
                "not found",
                "industr",
                "code",
                "cannot become",
                "low exceeds",
                "[start, end)",
                "ISO date",
            )
        )
    return False


def documented(node: Any, where: str = "rule") -> Any:
    """A rule as documented, where the checker also takes something else: what is empty is absent, words are text."""
    if isinstance(node, list):
        return [documented(item, where) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: documented(item, key) for key, item in node.items()}
    if where == "rule":
        absent = [key for key in ("strength", "subject", "review") if not plain.get(key)]
    elif where == "subject":
        absent = [key for key in ("nature", "industry", "activity", "role") if not plain.get(key)]
    else:
        absent = [key for key in ("at",) if "state" in plain and not plain.get(key)]
        plain |= {
            key: str(plain[key])
            for key in ("role", "issuer", "phase")
            if key in plain and "path" not in plain
        }
    return {key: item for key, item in plain.items() if key not in absent}


# --- CSV ---------------------------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("=+-@'\"\t\r\n,;\x00\ufeff\ud800条款"), max_size=8
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
LOOSE_RULES = st.dictionaries(
    st.sampled_from(("effect", "when", "quote", "id", "until", "more", "review")), VALUES
)
ANY_ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": TEXTS.filter(str.strip), "text": TEXTS},
        optional={"number": VALUES, "scope": VALUES, "reading": VALUES, "more": VALUES, "rules": st.none() | st.lists(strategies.rules() | LOOSE_RULES, max_size=3), "x": VALUES},
    ),
    unique_by=lambda row: str(row["id"]),
    max_size=4,
)  # fmt: skip


def same(rows: list[dict[str, Any]], again: list[dict[str, Any]]) -> bool:
    """Whether the bytes of the rows are the same; equality takes 1 for 1.0 and True."""
    return [encode(row) for row in rows] == [encode(row) for row in again]


@settings(max_examples=200, deadline=None)
@given(ANY_ROWS, st.randoms(use_true_random=False))
def test_csv_loses_nothing_in_any_order_of_lines_and_columns(
    rows: list[dict[str, Any]], chance: random.Random
) -> None:
    text = to_csv(rows)
    assert same(rows, from_csv(text))
    assert same(
        rows,
        from_csv("\ufeff" + text.replace("\n", "\r\n") if "\r" not in text and '"' not in text else text),
    )
    records = list(csv.reader(io.StringIO(text, newline="")))
    order = list(range(len(records[0])))
    chance.shuffle(order)
    body = records[1:]
    chance.shuffle(body)
    shuffled = io.StringIO(newline="")
    csv.writer(shuffled).writerows([record[i] for i in order] for record in (records[0], *body))
    by_id = {row["id"]: row for row in rows}
    again = from_csv(shuffled.getvalue())
    assert same([by_id[row["id"]] for row in again], again)
    assert len(again) == len(rows)
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for record in records for cell in record)


def test_csv_of_the_demo_reads_well() -> None:
    text = to_csv(ROWS)
    assert same(ROWS, from_csv(text))
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == sum(len(row.get("rules", ())) or 1 for row in ROWS)
    line = next(line for line in lines if line["clause.id"] == "QH-N-003")
    assert line["readable:quoted"] == "生态保护红线内禁止新建、扩建制造业项目以及火力发电、热电联产项目"
    assert line["readable:sentence"].startswith("禁止新建、扩建")
    assert (line["rule"], line["rule.effect"], line["clause.level"]) == ("1", "FORBID", "NATIONAL")
    assert json.loads(line["rule.subject"])["industry"] == ["C", "D4411", "D4412"]


def test_csv_says_a_changed_effect() -> None:
    rows = [{"id": "A", "text": "禁止。", "rules": [{"effect": "FORBID"}]}]
    assert from_csv(to_csv(rows).replace("FORBID", "ALLOW")) == [rows[0] | {"rules": [{"effect": "ALLOW"}]}]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda t: t.replace("clause.text", "text", 1), "列名"),
        (lambda t: t.replace("clause.number", "clause.text", 1), "列名"),
        (lambda _: "", None),
        (lambda t: t.replace('"[0, 2]"', "[0"), "JSON"),
        (lambda t: t.replace("A,,", ",,", 1), "编号"),
        (lambda t: t.replace("禁止新建。", "禁止扩建。", 1), "说法不一"),
        (lambda t: t.replace(",1,FORBID", ",2,FORBID"), "两次"),
        (lambda t: t.replace(",2,REQUIRE", ",3,REQUIRE"), "不缺不重"),
        (lambda t: t.replace(",1,FORBID", ",一,FORBID"), "整数"),
        (lambda t: t.replace(",1,FORBID", ",,FORBID"), "没有规则序号"),
        (lambda t: t.rstrip("\n") + ',,"\n', "引号"),
        (lambda t: t.rstrip("\n") + ",x,x,x\n", "比表头多"),
    ],
)
def test_a_csv_that_contradicts_itself_is_refused(change: Any, word: str | None) -> None:
    rows = [
        {"id": "A", "text": "禁止新建。", "rules": [{"effect": "FORBID", "quote": [0, 2]}, {"effect": "REQUIRE", "when": {"in": "x"}}]},
    ]  # fmt: skip
    text = to_csv(rows)
    changed = change(text)
    assert changed != text
    if word is None:
        assert from_csv(changed) == []
        return
    with pytest.raises(ClauseExchange, match=word):
        from_csv(changed)


# --- DMN ---------------------------------------------------------------------------------------------


def xsd() -> etree.XMLSchema:
    folder = Path(SpiffWorkflow.dmn.parser.__file__).parent / "schema"
    return etree.XMLSchema(etree.parse(folder / "DMN13.xsd"))


def decisions(content: bytes) -> dict[str, Any]:
    """Decision tables by clause id, read by SpiffWorkflow, which takes one decision a file."""
    root = etree.fromstring(content)
    found: dict[str, Any] = {}
    for decision in root.iterfind("d:decision", NS):
        alone = etree.Element(root.tag, nsmap={None: NS["d"]})
        alone.append(copy.deepcopy(decision))
        parser = DMNParser(None, alone, {"dmn": NS["d"]})
        parser.parse()
        found[decision.get("name")] = parser.decision.decisionTables
    return found


def test_dmn_of_the_demo_is_valid_against_the_schema_of_omg() -> None:
    content = to_dmn(ROWS)
    schema_ = xsd()
    schema_.assertValid(etree.fromstring(content))
    assert not schema_.validate(etree.fromstring(content.replace(b"<outputEntry", b"<outputEntri").replace(b"</outputEntry", b"</outputEntri")))  # fmt: skip


def test_a_dmn_reader_sees_one_table_a_clause() -> None:
    seen = decisions(to_dmn(ROWS))
    assert list(seen) == [row["id"] for row in ROWS]
    for row in ROWS:
        tables = seen[row["id"]]
        assert len(tables) == bool(row.get("rules"))
        for table in tables:
            assert table.hit_policy == "COLLECT"
            assert [output.name for output in table.outputs] == ["clause", "rule", "part", "effect", "strength", "review", "until", "duties"]  # fmt: skip
            assert {int(rule.outputEntries[1].text) for rule in table.rules} == {
                number
                for number, rule in enumerate(row["rules"], 1)
                if rule.get("review", {}).get("state") != "rejected"
            }
            assert all(len(rule.inputEntries) == len(table.inputs) > 0 for rule in table.rules)
    (table,) = seen["QH-N-003"]
    assert [(i.expression, i.typeRef) for i in table.inputs] == [("nature", "string"), ("industry", "texts")]
    assert table.rules[0].inputEntries[0].lhs == ['"新建", "扩建"']
    assert table.rules[0].description == "生态保护红线内禁止新建、扩建制造业项目以及火力发电、热电联产项目"


@settings(max_examples=60, deadline=None)
@given(ANY_ROWS)
def test_dmn_loses_nothing_and_stays_valid(rows: list[dict[str, Any]]) -> None:
    content = to_dmn(rows)
    assert to_dmn(rows) == content
    xsd().assertValid(etree.fromstring(content))
    if rows:
        assert same(rows, from_dmn(content))
        pretty = etree.tostring(etree.fromstring(content), encoding="utf-16", xml_declaration=True)
        assert same(rows, from_dmn(pretty))


def one(rule: Mapping[str, Any]) -> Any:
    """The table of a clause with one rule."""
    return decisions(to_dmn([{"id": "A", "text": "条款", "rules": [rule]}]))["A"][0]


def cells(rule: Mapping[str, Any]) -> dict[str, list[str]]:
    """Cells by expression of their column."""
    table = one(rule)
    return {i.expression: [r.inputEntries[c].text for r in table.rules] for c, i in enumerate(table.inputs)}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"fact": "boiler_tph", "op": "<", "value": 35}, {"boiler_tph": ["< 35"]}),
        ({"not": {"fact": "boiler_tph", "op": "<", "value": 35}}, {"boiler_tph": [">= 35"]}),
        ({"fact": "boiler_tph", "op": "==", "value": 0.1}, {"boiler_tph": ["0.1"]}),
        ({"fact": "boiler_tph", "op": "!=", "value": 3}, {"boiler_tph": ["? != null and ? != 3"]}),
        ({"fact": "boiler_tph", "op": "between", "value": [1, 20]}, {"boiler_tph": ["[1..20]"]}),
        ({"not": {"fact": "boiler_tph", "op": "between", "value": [1, 2]}}, {"boiler_tph": ["< 1, > 2"]}),
        ({"fact": "capacity_tpa", "op": ">", "value": 5, "unit": "万t/a"}, {"capacity_tpa": ["> 50000"]}),
        ({"not": {"fact": "new_outfall", "op": "is", "value": True}}, {"new_outfall": ["false"]}),
        ({"fact": "nature", "op": "not_in", "value": ["新建", "现有"]}, {"nature": ['? != null and (? != "新建" and ? != "现有")']}),
        ({"fact": "fuel", "op": "has_all", "value": ["煤", "气"]}, None),
        ({"fact": "fuel", "op": "has_all", "value": ["煤", "天然气"]}, {"fuel": ['? != null and (list contains(?, "煤") and list contains(?, "天然气"))']}),
        ({"fact": "fuel", "op": "has_none", "value": ["煤"]}, {"fuel": ['? != null and not(list contains(?, "煤"))']}),
        ({"fact": "approved_on", "op": ">=", "value": "2020-01-01"}, {"approved_on": ['>= date("2020-01-01")']}),
        ({"fact": "approved_on", "op": "==", "value": "as_of"}, {"approved_on": ["? != null and ? = as_of"]}),
        ({"industry": ["C26", "2511"]}, {"industry": ['? != null and (some x in ? satisfies (starts with(x, "26") or starts with(x, "2511")))']}),
        ({"all": [{"fact": "boiler_tph", "op": ">", "value": 1}, {"fact": "boiler_tph", "op": "<", "value": 9}]}, {"boiler_tph": ["? != null and ? > 1 and ? < 9"]}),
        ({"any": [{"fact": "boiler_tph", "op": ">", "value": 1}, {"fact": "so2_tpa", "op": ">", "value": 2}]}, {"boiler_tph": ["> 1", "-"], "so2_tpa": ["-", "> 2"]}),
        ({"not": {"all": [{"fact": "boiler_tph", "op": ">", "value": 1}, {"not": {"fact": "so2_tpa", "op": ">", "value": 2}}]}}, {"boiler_tph": ["<= 1", "-"], "so2_tpa": ["-", "> 2"]}),
        ({"date": "as_of", "op": "<", "value": "2026-01-01"}, {"as_of": ['< date("2026-01-01")']}),
    ],
)  # fmt: skip
def test_conditions_in_feel(when: dict[str, Any], expected: dict[str, list[str]] | None) -> None:
    rule = {"effect": "FORBID", "when": when}
    if expected is None:  # a rule that does not follow the format has no row
        assert decisions(to_dmn([{"id": "A", "text": "条款", "rules": [rule]}]))["A"] == []
        return
    assert cells(rule) == expected


def test_a_condition_of_too_many_alternatives_is_one_column() -> None:
    pair = [
        {"any": [{"fact": k, "op": ">", "value": n} for k in ("boiler_tph", "so2_tpa")]} for n in range(7)
    ]
    table = one({"effect": "FORBID", "when": {"all": pair}})
    assert len(table.rules) == 1
    assert [(i.typeRef, i.expression.count(" or ")) for i in table.inputs] == [("boolean", 7)]
    assert table.rules[0].inputEntries[0].text == "true"
    assert len(one({"effect": "FORBID", "when": {"all": pair[:6]}}).rules) == 64 == exchange.MAX_TABLE_ROWS


def test_duties_rejected_and_broken_rules_are_said_and_not_lost() -> None:
    rules = [
        {
            "effect": "REQUIRE",
            "require": {"all": [{"duty": "监测", "phase": "运营期"}, {"duty": "公开"}]},
            "until": None,
        },
        {"effect": "FORBID", "review": {"state": "rejected"}},
        {"effect": "NONSENSE"},
        {"effect": "EXIT", "until": "2027-12-31"},
    ]
    rows = [{"id": "A", "text": "条款", "rules": rules}]
    content = to_dmn(rows)
    (table,) = decisions(content)["A"]
    said = [[json.loads(entry.text) for entry in rule.outputEntries] for rule in table.rules]
    assert said == [
        ["A", 1, "applies", "REQUIRE", "strict", "draft", "", ""],
        ["A", 1, "require", "REQUIRE", "strict", "draft", "", "监测（运营期）；公开"],
        ["A", 4, "applies", "EXIT", "strict", "draft", "2027-12-31", ""],
    ]
    assert "规则 2, 3 已驳回或不合格式" in content.decode()
    assert from_dmn(content) == rows


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.replace(b"&lt; 35", b"&lt; 36"),
        lambda c: c.replace(b'hitPolicy="COLLECT"', b'hitPolicy="FIRST"'),
        lambda c: c.replace(b'"value": 35', b'"value": 36'),
        lambda c: c.replace(b'"text": "', b'"text": "x'),
        lambda c: c.replace(b'name="effect"', b'name="strength"'),
        lambda c: c.replace(b'{"id"', b'"id"'),
        lambda c: c.replace(b"urn:sanxian:clauses:1", b"urn:other"),
        lambda c: c.replace(b"definitions", b"definition"),
        lambda c: c[:-30],
        lambda _: b"",
        lambda _: b"<x/>",
        lambda c: c.replace(b"<definitions", b'<!DOCTYPE d [<!ENTITY a "b">]><definitions', 1),
    ],
)
def test_a_table_that_no_longer_says_what_its_rules_say_is_refused(change: Any) -> None:
    content = to_dmn([{"id": "A", "text": "条款", "rules": [{"effect": "FORBID", "when": {"fact": "boiler_tph", "op": "<", "value": 35}}]}])  # fmt: skip
    changed = change(content)
    assert changed != content
    with pytest.raises(ClauseExchange):
        from_dmn(changed)


def test_an_id_stands_for_one_clause() -> None:
    rows = [{"id": "A", "text": "x"}, {"id": "A", "text": "y"}]
    for write in (to_dmn, to_jdm):
        with pytest.raises(ClauseError, match="A"):
            write(rows)


# --- what the tables say, by another engine -----------------------------------------------------------


def constants(rows: list[Any], kinds: tuple[str, ...] | None = None) -> dict[Variable, list[Any]]:
    """Values the tests of the tables ask about, by variable."""
    found: dict[Variable, list[Any]] = {}
    for row in rows:
        for line in exchange._table(row).lines:
            for tests in line.cells.values():
                for test in tests or ():
                    found.setdefault(test.variable, []).extend(test.value)
    return found


CATALOGUES = {"two_high": ("25", "26", "30")}


def world(rows: list[Any], chance: random.Random) -> tuple[strategies.World, dict[str, Any]]:
    """A project about which everything is known, as the rules and as the other engine read it."""
    asked = constants(rows)
    codes = sorted(chance.sample([i.code for i in data.industries().values() if i.level == "class"], 2) if chance.random() < 0.5 else chance.sample(["2614", "2511", "0610", "3011", "4411", "4415", "1391", "7724"], 2))  # fmt: skip
    as_of = chance.choice((date(2025, 12, 31), date(2026, 8, 15), date(2030, 1, 1)))
    values: dict[Variable, Value] = {("industry",): frozenset(codes)}
    context: dict[str, Any] = {"industry": codes, "as_of": as_of.isoformat()}
    reads = {name: (kind, variable) for row in rows for name, kind, variable in exchange._table(row).reads}
    for name, (kind, variable) in sorted(reads.items()):
        known = asked.get(variable, [])
        if variable in (("industry",), ("as_of",)):
            continue
        if variable[0] == "catalogue":
            context[name] = any(code.startswith(CATALOGUES.get(variable[1], ("9",))) for code in codes)
        elif kind == "boolean":
            context[name] = values[variable] = chance.random() < 0.5
        elif kind == "number":
            number = chance.choice(
                [n + d for n in known if isinstance(n, float) for d in (-1, 0, 1)] or [0.0]
            )
            context[name], values[variable] = number, Span.exact(number)
        elif kind == "date":
            days = [date.fromisoformat(v) for v in known if isinstance(v, str) and v[:1].isdigit()] or [as_of]
            day = chance.choice([d + timedelta(days=step) for d in days for step in (-1, 0, 1)])
            context[name], values[variable] = day.isoformat(), day
        elif kind == "string":
            word = chance.choice(
                [*data.fact(variable[1]).values, *known, "别的"]
                if variable[0] == "fact"
                else [o.name for o in (Outcome.COMPLIANT, Outcome.NON_COMPLIANT)]
            )
            context[name] = word
            values[variable] = word if variable[0] == "fact" else Outcome[word]
        else:
            words = frozenset(chance.sample(sorted({*known, "甲", "乙"}), chance.randint(0, 2)))
            context[name] = sorted(words)
            values[variable] = Several(words, complete=True) if variable[0] == "state" else words
    return strategies.World(values, as_of, {name: CATALOGUES.get(name, ("9",)) for name in {v[1] for _, v in reads.values() if v[0] == "catalogue"}}), context  # fmt: skip


def ours(row: Mapping[str, Any], env: strategies.World) -> set[tuple[int, str]]:
    """Parts of rules that hold, by the rules."""
    held = set()
    for number, rule in enumerate(row.get("rules", ()), 1):
        compiled = compile_rule(rule)
        for part, tree in (
            ("applies", compiled.applies),
            ("unless", compiled.unless),
            ("require", compiled.require),
        ):
            if tree is not None and compiled.review != "rejected":
                truth = tree.reading(env).truth
                assert truth is not Truth.UNKNOWN, "a world in which everything is known"
                if truth is Truth.TRUE:
                    held.add((number, part))
    return held


def theirs(graph: Any, key: str, context: dict[str, Any]) -> set[tuple[int, str]]:
    found = graph.evaluate(context)["result"].get(key) or []
    return {(line["rule"], line["part"]) for line in found}


def test_another_engine_finds_the_same_parts_of_the_demo_for_random_projects() -> None:
    chance = random.Random(20261124)
    hits = 0
    graph = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(to_jdm(ROWS))))
    for _ in range(12):
        env, context = world(ROWS, chance)
        result = graph.evaluate(context)["result"]
        for row in ROWS:
            seen = {(line["rule"], line["part"]) for line in result.get(exchange._key(row["id"])) or []}
            assert seen == ours(row, env), (row["id"], context)
            hits += len(seen)
    assert hits > 1000


@settings(max_examples=150, deadline=None)
@given(st.lists(strategies.rules(), min_size=1, max_size=2), st.integers())
def test_another_engine_finds_the_same_parts_of_any_rules(rules: list[dict[str, Any]], seed: int) -> None:
    row = {"id": "A", "text": "条款", "rules": rules}
    graph_of = to_jdm([row])
    if len(graph_of["nodes"]) == 2:  # every rule was rejected
        return
    graph = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(graph_of)))
    chance = random.Random(seed)
    for _ in range(4):
        env, context = world([row], chance)
        assert theirs(graph, exchange._key("A"), context) == ours(row, env)


def test_a_condition_in_one_column_decides_alike() -> None:
    pair = [
        {"any": [{"fact": k, "op": ">", "value": n} for k in ("boiler_tph", "so2_tpa")]} for n in range(7)
    ]
    row = {"id": "A", "text": "条款", "rules": [{"effect": "FORBID", "when": {"all": pair}}]}
    graph = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(to_jdm([row]))))
    for boiler, so2 in ((9, 0), (0, 9), (4, 4), (6.5, 1)):
        env = strategies.World(
            {("fact", "boiler_tph"): Span.exact(boiler), ("fact", "so2_tpa"): Span.exact(so2)}
        )
        context = {"boiler_tph": boiler, "so2_tpa": so2, "as_of": "2026-01-01"}
        assert theirs(graph, exchange._key("A"), context) == ours(row, env)


ATOMS: list[dict[str, Any]] = [
    {"fact": "fuel", "op": "has_all", "value": ["煤", "天然气"]},
    {"fact": "fuel", "op": "has_any", "value": ["煤", "天然气"]},
    {"fact": "fuel", "op": "has_none", "value": ["煤", "天然气"]},
    {"fact": "fuel", "op": "has", "value": "煤"},
    {"fact": "nature", "op": "is_not", "value": "新建"},
    {"fact": "product", "op": "in", "value": ['水"泥', "水'泥", "\"'"]},
    {"fact": "approved_on", "op": "<=", "value": "as_of"},
    {"fact": "approved_on", "op": "==", "value": "2026-08-15"},
    {"fact": "boiler_tph", "op": "between", "value": [1, 2.5]},
    {"fact": "boiler_tph", "op": "!=", "value": 1e-7},
    {"matter": "海拔", "op": ">=", "value": 4.8, "unit": "km"},
    {"matter": "危害防洪安全"},
    {"industry": ["C26", "B", "2511"]},
    {"catalogue": "two_high"},
    {"in": "red_line", "role": "线路"},
    {"share": "red_line", "of": "zone", "op": ">", "value": 5},
    {"area": "red_line", "op": "<", "value": 1.5, "unit": "亩"},
    {"distance": "river:黄河", "op": "<", "value": 1, "unit": "km"},
    {"state": "air_quality", "op": "is", "value": "未达标"},
    {"state": "air_quality", "op": "is_not", "value": "达标"},
    {"state": "soil_risk", "op": "in", "value": ["中", "高"], "at": "county"},
    {"date": "as_of", "op": ">=", "value": "2026-08-15"},
    {"clause": "B", "op": "in", "value": ["COMPLIANT", "CONDITIONAL"]},
    {"document": "论证意见", "issuer": "省"},
]  # fmt: skip


@pytest.mark.parametrize("atom", ATOMS, ids=encode)
def test_another_engine_reads_every_atom_and_its_opposite_alike(atom: dict[str, Any]) -> None:
    chance = random.Random(encode(atom))
    rules = [{"effect": "FORBID", "when": atom, "unless": {"not": atom}}]
    row = {"id": "A", "text": "条款", "rules": rules}
    graph = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(to_jdm([row]))))
    seen = set()
    for _ in range(40):
        env, context = world([row], chance)
        held = theirs(graph, exchange._key("A"), context)
        assert held == ours(row, env), context
        assert len(held) == 1
        seen |= held
    assert len(seen) == 2, "the projects never told the two apart"

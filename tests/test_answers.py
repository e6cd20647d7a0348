"""The public answer set, and the runner that compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from demo_edition import demo_edition
from sanxian import answers
from sanxian.errors import BadAnswers
from sanxian.model import Effect, Outcome, Strength

FOLDER = Path(__file__).parent / "answers"
CASES = answers.read_cases(FOLDER)
FILES = sorted({case.file for case in CASES})


@pytest.mark.parametrize("file", FILES)
def test_every_answer_is_the_expected_one(file: str) -> None:
    cases = [case for case in CASES if case.file == file]
    wrong = [(a.case.name, a.differences) for a in answers.run(cases, demo_edition()) if not a.agrees]
    assert wrong == []


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for child in value.values():
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child)


def test_the_set_reaches_every_effect_strength_outcome_and_operator() -> None:
    rules = [rule for case in CASES for c in case.body.get("clauses", ()) for rule in c.get("rules", ())]
    nodes = [node for rule in rules for node in _nodes(rule)]
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)
    assert {rule["effect"] for rule in rules} == set(Effect)
    assert {rule.get("strength", "strict") for rule in rules} == set(Strength)
    atoms = {key for node in nodes for key in node}
    assert atoms >= {"all", "any", "not", "fact", "industry", "catalogue", "in", "crosses", "share", "area"}
    assert atoms >= {"length", "distance", "state", "date", "clause", "document", "duty", "role"}
    ops = {node["op"] for node in nodes if "op" in node}
    assert ops >= {"<", "<=", ">", ">=", "==", "!=", "between", "is", "is_not", "in", "not_in"}
    assert ops >= {"has", "has_any", "has_all", "has_none"}
    expected = {o for case in CASES for o in (case.body["expect"].get("findings") or {}).values()}
    assert expected >= {o.name for o in Outcome}


def test_a_wrong_expectation_is_told() -> None:
    case = next(c for c in CASES if c.body["expect"].get("findings") == {"A": "NON_COMPLIANT"})
    for other in ("COMPLIANT", "NOT_REACHED"):
        body = {**case.body, "expect": {"findings": {"A": other}}}
        (answer,) = answers.run([answers.Case(file="x", name="x", body=body)], demo_edition())
        assert answer.differences == (f"A: {other} ≠ NON_COMPLIANT",)
    for expect in ({"error": "PLACE_OUTSIDE"}, {"verdict": "COMPLIANT"}, {"kinds": ["layer"]}):
        body = {**case.body, "expect": expect}
        (answer,) = answers.run([answers.Case(file="x", name="x", body=body)], demo_edition())
        assert not answer.agrees


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- [\n",
        "name: 不是列表\n",
        "- name: 只有名字\n",
        "- {name: a, project: {}, expect: {}}\n",
        "- {name: a, project: {}, expect: {verdict: COMPLIANT}, typo: 1}\n",
    ],
)
def test_what_is_not_an_answer_set_is_named(tmp_path: Path, text: str) -> None:
    if text:
        (tmp_path / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(BadAnswers) as caught:
        answers.read_cases(tmp_path)
    assert caught.value.text("zh-CN") != caught.value.text("en")

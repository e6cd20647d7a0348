"""The JSON record: what is produced follows the published schema, and faults do not."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from report_samples import RESULTS
from sanxian import report
from sanxian.model import Outcome
from sanxian.screening import record

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "docs" / "reference" / "screening.schema.json").read_text("utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

Record = dict[str, Any]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_definition_is_used_and_closed() -> None:
    text = json.dumps(SCHEMA)
    assert [name for name in SCHEMA["$defs"] if f'"#/$defs/{name}"' not in text] == []
    open_objects = [
        node
        for node in walk(SCHEMA)
        if isinstance(node, dict) and node.get("type") == "object" and "properties" in node
    ]
    assert open_objects
    assert all(node["additionalProperties"] is False for node in open_objects)
    assert all(set(node["required"]) <= set(node["properties"]) for node in open_objects)


@pytest.mark.parametrize("name", RESULTS)
def test_a_record_follows_the_schema(name: str) -> None:
    made = json.loads(report.render(RESULTS[name], "json"))
    assert [f"{list(e.absolute_path)}: {e.message}" for e in VALIDATOR.iter_errors(made)] == []


@pytest.mark.parametrize("name", RESULTS)
def test_a_record_agrees_with_itself(name: str) -> None:
    made = record(RESULTS[name])
    outcomes = [Outcome[f["outcome"]] for f in made["findings"]]
    assert made["verdict"] == max(outcomes).name
    assert made["counts"] == {o.name: outcomes.count(o) for o in Outcome}
    assert {f["clause"] for f in made["findings"]} - {""} == set(made["clauses"])
    assert {h["layer"] for h in made["hits"]} <= {report["layer"] for report in made["layers"]}
    digest = made.pop("digest")
    body = json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert digest == "sha256:" + hashlib.sha256(body).hexdigest()


def walk(node: Any) -> Iterator[Any]:
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from walk(child)


# --- planted faults ----------------------------------------------------------------------------------


def finding(made: Record, kind: str = "clause") -> Record:
    found: Record = next(f for f in made["findings"] if f["kind"] == kind)
    return found


def leaf(made: Record) -> Record:
    found: Record = next(n for n in walk(made["findings"]) if isinstance(n, dict) and "atom" in n)
    return found


def rule(made: Record) -> Record:
    found: Record = next(f["rules"][0] for f in made["findings"] if f["rules"])
    return found


def drop(key: str) -> Callable[[Record], None]:
    def fault(made: Record) -> None:
        del made[key]

    return fault


FAULTS: dict[str, Callable[[Record], object]] = {
    "no verdict": drop("verdict"),
    "no method": drop("method"),
    "no digest": drop("digest"),
    "another format": lambda r: r.update(schema="sanxian/screening/2"),
    "an outcome that does not exist": lambda r: r.update(verdict="PASS"),
    "an outcome in Chinese": lambda r: finding(r).update(outcome="符合"),
    "a key nobody knows": lambda r: r.update(approved=True),
    "a key nobody knows in a finding": lambda r: finding(r).update(score=0.9),
    "a count left out": lambda r: r["counts"].pop("NEEDS_FACTS"),
    "a negative count": lambda r: r["counts"].update(COMPLIANT=-1),
    "a fractional count": lambda r: r["counts"].update(COMPLIANT=1.5),
    "a short digest": lambda r: r.update(digest="sha256:abc"),
    "a date with a time": lambda r: r.update(as_of="2026-09-01T00:00:00"),
    "a date that does not exist": lambda r: r.update(as_of="2026-02-30"),
    "another datum": lambda r: r["method"].update(crs="EPSG:4326"),
    "no parts": lambda r: r["project"].update(parts=[]),
    "a nature that does not exist": lambda r: r["project"].update(nature="新修"),
    "an industry that is no code": lambda r: r["project"].update(industries=["化工"]),
    "a fact that is null": lambda r: r["project"]["facts"].update(boiler_tph=None),
    "an open ring": lambda r: r["project"]["parts"][0]["geometry"].update(
        coordinates=[[[100, 36], [101, 36], [101, 37]]]
    ),
    "a third coordinate": lambda r: r["project"]["parts"][0]["geometry"].update(
        type="Point", coordinates=[100, 36, 2000]
    ),
    "latitude first": lambda r: r["project"]["parts"][0]["geometry"].update(
        type="Point", coordinates=[36, 100]
    ),
    "geometry of another type": lambda r: r["project"]["parts"][0]["geometry"].update(type="LineString"),
    "a bounding box of three": lambda r: r["project"]["parts"][0]["bbox"].pop(),
    "a clause finding without clause": lambda r: finding(r).update(clause=""),
    "a finding without reason": lambda r: finding(r).update(reason_en=""),
    "an effect that does not exist": lambda r: rule(r).update(effect="BAN"),
    "a rule without trace": lambda r: rule(r).pop("trace"),
    "a trace without subject": lambda r: rule(r)["trace"].pop("applies"),
    "a truth with a fourth value": lambda r: leaf(r).update(truth="MAYBE"),
    "a leaf that hides what it saw": lambda r: leaf(r).pop("seen"),
    "a negation of two": lambda r: rule(r)["trace"].update(
        applies={"op": "not", "truth": "TRUE", "children": [leaf(r), leaf(r)]}
    ),
    "an area below nothing": lambda r: r["hits"][0].update(area_m2=-1.0),
    "a share above one": lambda r: r["hits"][0].update(share=1.2),
    "a relation that does not exist": lambda r: r["hits"][0].update(relation="touches"),
    "an overlap at a distance": lambda r: r["hits"][0].update(relation="overlap", distance_m=12.0),
    "silence: not concerned, though the data are not complete": lambda r: r["layers"][0].update(
        concern="not_concerned", complete=False
    ),
    "no data, though the data are complete": lambda r: r["layers"][0].update(
        concern="no_data", complete=True
    ),
    "no layers": lambda r: r.update(layers=[]),
    "an ask that waits for nothing": lambda r: r["asks"][0].update(mentioned=0),
    "a clause without text": lambda r: next(iter(r["clauses"].values())).update(text=""),
    "a level that does not exist": lambda r: next(iter(r["clauses"].values())).update(level="TOWN"),
    "a title of nothing": lambda r: r["titles"].update({"thing:x": "y"}),
    "a notice in one language": lambda r: r["notices"][0].pop("en"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_schema_rejects(fault: str) -> None:
    made = json.loads(report.render(RESULTS["plant"], "json"))
    assert VALIDATOR.is_valid(made)
    broken = copy.deepcopy(made)
    FAULTS[fault](broken)
    assert not VALIDATOR.is_valid(broken)

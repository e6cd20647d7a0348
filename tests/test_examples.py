"""The example projects on the demo edition: each says what its file promises, together every outcome."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest

from demo_edition import demo_edition
from sanxian.model import Finding, FindingKind, Outcome, Relation
from sanxian.project import read_document, read_project
from sanxian.screening import Screening, screen

FOLDER: Final = Path(__file__).resolve().parent.parent / "examples" / "projects"
AS_OF: Final = date(2026, 9, 1)
HEADER: Final = "# 示例项目，虚构 / invented example"

# Verdict of each example and a clause that decides it ("" = no clause: the boundary of a layer).
EXPECTED: Final = {
    "boiler-above-threshold": (Outcome.CONDITIONAL, "QH-N-032"),
    "boiler-below-threshold": (Outcome.NON_COMPLIANT, "QH-P-029"),
    "chemical-plant-in-park": (Outcome.CONDITIONAL, "QH-BK-04-3-01"),
    "chemical-plant-near-yellow-river": (Outcome.NON_COMPLIANT, "QH-B-002"),
    "food-plant": (Outcome.CONDITIONAL, "QH-U-630223-20002-2-01"),
    "livestock-farm-water-source": (Outcome.NON_COMPLIANT, "QH-N-021"),
    "mine-in-national-park": (Outcome.NON_COMPLIANT, "QH-N-013"),
    "phased-out-plant": (Outcome.NON_COMPLIANT, "QH-N-055"),
    "photovoltaic-base": (Outcome.CONDITIONAL, "QH-U-GENERAL-4-02"),
    "power-line": (Outcome.CONDITIONAL, "QH-Z-061"),
    "red-line-edge": (Outcome.NEEDS_REVIEW, ""),
    "sensor-plant-existing": (Outcome.COMPLIANT, "QH-PK-63010201-1-02"),
    "small-hydropower": (Outcome.COMPLIANT, "QH-BK-02-4-01"),
    "storage-beside-village": (Outcome.NON_COMPLIANT, "QH-CT-630203-1-01"),
    "too-few-facts": (Outcome.NEEDS_FACTS, "QH-N-026"),
    "two-counties": (Outcome.CONDITIONAL, "QH-CT-630202-2-01"),
}


@lru_cache
def screened(name: str) -> Screening:
    return screen(read_project(FOLDER / f"{name}.yaml"), demo_edition(), AS_OF)


def outcomes(screening: Screening) -> dict[tuple[str, str], Outcome]:
    """Outcome by clause and place."""
    return {(f.clause, f.place): f.outcome for f in screening.findings}


def of_clause(screening: Screening, clause: str) -> list[Finding]:
    return [f for f in screening.findings if f.clause == clause]


def test_every_example_is_expected_and_every_footprint_is_used() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(EXPECTED)
    text = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.yaml"))
    named = set(re.findall(r"footprints/([\w.-]+)", text))
    assert named == {path.name for path in (FOLDER / "footprints").iterdir()}
    assert {Path(name).suffix for name in named} == {".csv", ".dxf", ".geojson", ".kml", ".xlsx", ".zip"}
    for place in ("geojson:", "wkt:", "point:", "corners:"):
        assert place in text


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_example_says_it_is_invented_and_leaves_the_date_to_the_caller(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    first, chinese, english = path.read_text("utf-8").splitlines()[:3]
    assert first == HEADER
    assert re.match(r"# .*[\u4e00-\u9fff]", chinese)
    assert re.fullmatch(r"# [A-Z][\x20-\x7e]+", english)
    document, notices = read_document(path)
    assert "as_of" not in document and not notices
    assert "示例" in str(document["name"]) and "示例" in str(document["proponent"])


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_verdict_and_the_clause_that_decides_it(name: str) -> None:
    outcome, clause = EXPECTED[name]
    screening = screened(name)
    assert screening.verdict is outcome
    deciding = [f for f in screening.findings if f.outcome is outcome]
    assert clause in {f.clause for f in deciding}
    assert {f.kind for f in deciding} == {FindingKind.CLAUSE if clause else FindingKind.BOUNDARY}


def test_together_the_examples_reach_every_outcome() -> None:
    verdicts = {screened(name).verdict for name in EXPECTED}
    assert verdicts == set(Outcome) - {Outcome.NOT_APPLICABLE}
    assert all(screened(name).counts[Outcome.NOT_APPLICABLE] for name in EXPECTED)


def test_the_boilers_differ_in_size_and_in_one_clause_only() -> None:
    below, above = screened("boiler-below-threshold"), screened("boiler-above-threshold")
    assert below.project.facts["boiler_tph"] == 10 and above.project.facts["boiler_tph"] == 20
    same = replace(
        above.project,
        id=below.project.id,
        facts={**above.project.facts, "boiler_tph": below.project.facts["boiler_tph"]},
    )
    assert same == below.project
    one, other = outcomes(below), outcomes(above)
    assert one.keys() == other.keys()
    assert {key: (one[key], other[key]) for key in one if one[key] is not other[key]} == {
        ("QH-P-029", "*"): (Outcome.NON_COMPLIANT, Outcome.NOT_APPLICABLE)
    }


def test_the_boiler_says_what_would_flip_it() -> None:
    (finding,) = of_clause(screened("boiler-below-threshold"), "QH-P-029")
    flips = [flip for flip in finding.flips if flip.fact == "boiler_tph"]
    assert flips and all(flip.outcome is Outcome.NOT_APPLICABLE for flip in flips)


def test_a_site_in_two_counties_is_judged_by_both() -> None:
    screening = screened("two-counties")
    met = {(h.layer, h.zone) for h in screening.hits if h.relation is Relation.OVERLAP and not h.role}
    places = {f.place for f in screening.findings if f.clause}
    for county, unit in (("630202", "ZH63020230001"), ("630203", "ZH63020330001")):
        assert {("county", county), ("control_unit", unit)} <= met
        assert {county, unit} <= places
        assert any(f.clause.startswith(f"QH-CT-{county}-") for f in screening.findings)
    assert {f.outcome for f in of_clause(screening, "QH-CT-630202-2-01")} == {Outcome.CONDITIONAL}
    assert all(f.notices for f in of_clause(screening, "QH-CT-630203-2-01"))  # a hint, not a duty


def test_the_power_line_crosses_red_lines_with_its_papers() -> None:
    screening = screened("power-line")
    assert 600e3 < screening.length_m < 700e3
    crossed = {h.zone for h in screening.hits if h.layer == "red_line" and h.relation is Relation.OVERLAP}
    assert len(crossed) >= 4
    allowed = of_clause(screening, "QH-N-006")
    assert {f.place for f in allowed} == crossed
    assert {f.outcome for f in allowed} == {Outcome.COMPLIANT}


def test_the_photovoltaic_base_is_four_named_blocks() -> None:
    parts = screened("photovoltaic-base").parts
    assert [part.name for part in parts] == ["一区", "二区", "三区", "四区"]
    assert sum(part.area_m2 for part in parts) == pytest.approx(9.6e6, rel=0.01)


def test_the_edge_is_outside_the_red_line_but_within_its_accuracy() -> None:
    near = [h for h in screened("red-line-edge").hits if h.layer == "red_line" and h.sensitive]
    assert {h.relation for h in near} == {Relation.NEAR}
    assert all(20 < h.distance_m < 50 for h in near)


def test_the_question_that_decides_most_comes_first() -> None:
    asks = screened("too-few-facts").asks
    assert asks[0].fact == "discharge_route"
    assert [ask.decides for ask in asks] == sorted((ask.decides for ask in asks), reverse=True)


def test_an_overdue_exit_names_its_last_day() -> None:
    screening = screened("phased-out-plant")
    assert screening.project.nature == "现有"
    (finding,) = of_clause(screening, "QH-N-055")
    assert "2025-12-31" in finding.reason_zh and "2025-12-31" in finding.reason_en
    (undated,) = of_clause(screening, "QH-N-056")  # 淘汰类 without a last day: a human decides
    assert undated.outcome is Outcome.NEEDS_REVIEW

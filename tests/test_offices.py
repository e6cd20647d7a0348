"""Offices: who answers for a zone or a clause stands in records and reports, and nowhere when nobody is named."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import shapely

from command_line import Run
from report_samples import with_digest
from sample_edition import sample_edition
from sanxian import report
from sanxian.clauses import clause_from_row
from sanxian.clauses.files import read_clauses, write_clauses
from sanxian.edition import Edition, normalise, open_edition, write_edition
from sanxian.errors import ClauseError
from sanxian.model import FindingKind, Office, Part, Project
from sanxian.screening import Failure, Screening, record, screen, screen_many, to_json
from sanxian.screening.assembly import assemble
from sanxian.screening.prepared import Prepared
from sanxian.screening.run import answer_chunk

AS_OF: Final = date(2026, 9, 1)
GOLDEN: Final = Path(__file__).parent / "golden"
SCHEMA: Final = json.loads(
    (Path(__file__).parents[1] / "docs" / "reference" / "screening.schema.json").read_text("utf-8")
)

WEST = Office(id="west", name="甲县生态环境分局", contact="示例电话 0000-0001", region="639901")
EAST = Office(id="east", name="乙县生态环境分局", contact="", region="639902")
FOREST = Office(id="forest", name="示例市林草局", contact="示例电话 0000-0003", region="6399")


def with_offices(edition: Edition) -> Edition:
    """Units and red lines of the two counties, and one clause, each with its office."""
    zones = dict(edition.zones)
    for layer in ("control_unit", "red_line"):
        zones[layer] = tuple(
            replace(zone, office="west" if "639901" in zone.regions else "east") for zone in zones[layer]
        )
    clauses = tuple(replace(c, office="forest") if c.id == "S-01" else c for c in edition.clauses)
    offices = {office.id: office for office in (WEST, EAST, FOREST)}
    return with_digest(replace(edition, zones=zones, clauses=clauses, offices=offices))


PLAIN: Final = sample_edition()
OFFICES: Final = with_offices(sample_edition())
# across the county line in two KEY units, and over the edge of the red line
ACROSS = Project(
    id="A",
    name="Across",
    parts=(Part(role="厂区", geometry=shapely.box(100.19, 36.03, 100.21, 36.04)),),
    nature="新建",
    industries=("2614",),
)
EDGE = Project(
    id="E",
    name="On the red line",
    parts=(Part(role="厂区", geometry=shapely.box(100.0797, 36.14, 100.09, 36.15)),),
    nature="新建",
    industries=("2614",),
)


def test_a_finding_names_the_office_of_its_clause_else_of_its_zone() -> None:
    result = screen(EDGE, OFFICES, AS_OF)
    by = {(f.clause, f.layer, f.place): f.office for f in result.findings}
    assert by["S-01", "red_line", "HX639901001"] == FOREST
    assert {f.office for f in result.findings if f.kind is FindingKind.BOUNDARY} == {WEST}
    assert {f.office for f in result.findings if f.layer == ""} == {
        None
    }  # reached through a region, or everywhere
    hits = {(h.layer, h.zone): h.office for h in result.hits}
    assert hits["red_line", "HX639901001"] == WEST
    assert hits["county", "639901"] is None


def test_the_same_clause_in_two_zones_names_two_offices() -> None:
    """Its words are written once and filled in; the office is not among the blanks."""
    for project in (ACROSS, replace(ACROSS, id="B")):
        result = screen(project, OFFICES, AS_OF)
        named = {f.place: f.office for f in result.findings if f.clause == "S-05"}
        assert named == {"ZH63990120001": WEST, "ZH63990220002": EAST}
        lapsed = {f.place: f.office for f in screen(project, OFFICES, date(2030, 6, 1)).findings}
        assert lapsed["ZH63990120001"] == WEST


def test_offices_change_nothing_else_in_a_record() -> None:
    for project in (ACROSS, EDGE):
        with_them, without = (record(screen(project, e, AS_OF)) for e in (OFFICES, PLAIN))
        text = json.dumps(without)
        assert '"office"' not in text, "an edition without offices has records without them"
        assert [f.pop("office", None) for f in with_them["findings"]] != []
        for part in (*with_them["findings"], *with_them["hits"], *with_them["clauses"].values()):
            part.pop("office", None)
        for one in (with_them, without):
            del one["digest"], one["edition"]
        assert with_them == without


def test_a_record_with_offices_follows_the_schema_and_its_pieces_are_its_fields() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for project in (ACROSS, EDGE):
        result = screen(project, OFFICES, AS_OF)
        made = record(result)
        jsonschema.validate(made, SCHEMA)
        assert (
            to_json(result)
            == json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        )
        assert made["clauses"].get("S-01", {"office": "forest"})["office"] == "forest"


def test_neither_memory_nor_workers_change_who_is_named() -> None:
    projects = [ACROSS, EDGE, replace(ACROSS, id="C"), EDGE]

    def cold(project: Project) -> bytes:
        prepared = Prepared(OFFICES, memory=0)
        (answer,) = answer_chunk([project], prepared, AS_OF, False)
        result = assemble(prepared, project, AS_OF, False, answer)
        assert isinstance(result, Screening)
        return to_json(result)

    expected = [cold(project) for project in projects]

    def written(result: Screening | Failure) -> bytes:
        assert isinstance(result, Screening)
        return to_json(result)

    assert [written(r) for r in screen_many(projects, OFFICES, AS_OF)] == expected
    assert [written(r) for r in screen_many(projects, OFFICES, AS_OF, workers=2)] == expected


def test_a_mark_in_the_name_of_an_office_is_no_blank() -> None:
    odd = replace(
        OFFICES, offices={**OFFICES.offices, "forest": replace(FOREST, name="局\ufdd00\ufdd1\ufdd21\ufdd3")}
    )
    result = screen(EDGE, odd, AS_OF)
    (office,) = {f.office.name for f in result.findings if f.clause == "S-01" and f.office is not None}
    assert office == "局\ufdd00\ufdd1\ufdd21\ufdd3"


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize(("style", "ending"), [("html", "html"), ("text", "txt")])
def test_a_report_names_the_offices_as_it_was_reviewed(style: str, ending: str, lang: str) -> None:
    """Golden files; after looking at the change, ``SANXIAN_UPDATE_GOLDEN=1 pytest tests/test_offices.py``."""
    made = report.render(screen(ACROSS, OFFICES, AS_OF), style, lang, edition=OFFICES)  # type: ignore[arg-type]
    file = GOLDEN / f"offices.{lang}.{ending}"
    if os.environ.get("SANXIAN_UPDATE_GOLDEN"):
        file.write_bytes(made)
    assert made == file.read_bytes()
    text = made.decode()
    assert ("责任部门" if lang == "zh-CN" else "Office") in text
    assert "甲县生态环境分局" in text and "示例电话 0000-0001" in text
    assert "乙县生态环境分局（" not in text, "no empty brackets for an office without a contact"


def test_an_office_survives_the_file(tmp_path: Path, sanxian: Run) -> None:
    path = tmp_path / "offices.gpkg"
    write_edition(OFFICES, path)
    opened = open_edition(path)
    assert to_json(screen(ACROSS, opened, AS_OF)) == to_json(screen(ACROSS, normalise(OFFICES), AS_OF))
    rows = json.loads(sanxian("edition", "clauses", path, "--format", "json").out)
    assert {row["id"]: row["office"]["name"] for row in rows if "office" in row} == {"S-01": FOREST.name}
    assert FOREST.name in sanxian("edition", "clauses", path).out
    head, *lines = sanxian("edition", "clauses", path, "--format", "csv").out.splitlines()
    assert head.endswith(",office")
    assert sum(line.endswith(f",{FOREST.name}") for line in lines) == 1
    layers = sanxian("edition", "layers", path, "--lang", "en", environ={"COLUMNS": "200"})
    assert "Office" in layers.out and WEST.name in layers.out


def test_an_edition_without_offices_lists_its_clauses_as_before(sample: Path, sanxian: Run) -> None:
    assert "office" not in sanxian("edition", "clauses", sample, "--format", "json").out
    assert sanxian("edition", "clauses", sample, "--format", "csv").out.splitlines()[0].endswith(",rules")
    assert "责任部门" not in sanxian("edition", "layers", sample).out


ROW: Final[dict[str, Any]] = {
    "id": "X-1", "number": "1", "level": "COUNTY", "dimension": "SPATIAL", "text": "禁止。", "document": "list-2026",
    "scope": {"everywhere": True},
}  # fmt: skip


def test_a_clause_file_may_name_an_office(tmp_path: Path) -> None:
    assert clause_from_row({**ROW, "office": "forest"}).office == "forest"
    assert clause_from_row(ROW).office == clause_from_row({**ROW, "office": None}).office == ""
    for suffix in ("jsonl", "json", "yaml"):
        path = tmp_path / f"clauses.{suffix}"
        write_clauses(path, [{**ROW, "office": "forest"}])
        assert read_clauses(path)[0]["office"] == "forest"
    with pytest.raises(ClauseError):
        clause_from_row({**ROW, "office": 7})

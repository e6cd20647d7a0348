"""Drafts: what a draft holds comes back, and nothing is ever judged by one."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from sample_edition import sample_edition
from sanxian.edition import (
    Draft,
    LogEntry,
    PublishedTotal,
    digest,
    draft_writer,
    open_draft,
    open_edition,
    write_draft,
    write_edition,
)
from sanxian.errors import EditionDraft, EditionForeign, EditionInvalid, OutputFailed
from sanxian.model import Change, Office

LOG = (
    LogEntry(severity="info", code="READ", zh="读入 3 个要素", en="3 features read", source="a.shp"),
    LogEntry(
        severity="warning",
        code="RING",
        zh="环自交",
        en="a ring crosses itself",
        layer="control_unit",
        item="ZH63",
        place=shapely.Point(100.1, 36.1),
    ),
)
TOTALS = (
    PublishedTotal(layer="control_unit", zone_class="PRIORITY", count=2, area_m2=1.5e6, rounding_m2=5e3),
    PublishedTotal(layer="control_unit", region="639901", source="公报"),
)
BOWTIE = shapely.Polygon([(100, 36), (100.1, 36.1), (100.1, 36), (100, 36.1)])


def test_a_draft_comes_back_as_it_was(tmp_path: Path) -> None:
    edition = sample_edition()
    write_draft(Draft(edition=edition, log=LOG, totals=TOTALS), tmp_path / "d.gpkg")
    found = open_draft(tmp_path / "d.gpkg")
    assert (found.log, found.totals) == (LOG, TOTALS)
    assert digest(found.edition) == digest(edition)


def test_a_draft_holds_what_the_gate_exists_to_find(tmp_path: Path) -> None:
    edition = sample_edition()
    units = edition.zones["control_unit"]
    wrong = (*units, replace(units[0], geometry=BOWTIE), replace(units[0], code="", zone_class="?"))
    broken = replace(edition, zones={**edition.zones, "control_unit": wrong}, documents={})
    write_draft(Draft(edition=broken), tmp_path / "d.gpkg")
    found = open_draft(tmp_path / "d.gpkg").edition.zones["control_unit"]
    assert [(z.code, z.zone_class) for z in found] == [(z.code, z.zone_class) for z in wrong]
    assert shapely.equals_exact(found[-2].geometry, BOWTIE)


def test_a_layer_may_come_in_batches_and_may_be_empty(tmp_path: Path) -> None:
    edition = sample_edition()
    layer, empty = edition.layers[0], edition.layers[1]
    zones = edition.zones[layer.id]
    with draft_writer(tmp_path / "d.gpkg") as writer:
        for zone in zones:
            writer.add(layer, [zone])
        writer.finish(replace(edition, layers=(layer, empty)))
    found = open_draft(tmp_path / "d.gpkg").edition
    assert [z.code for z in found.zones[layer.id]] == [z.code for z in zones]
    assert found.zones[empty.id] == ()


def test_a_draft_is_no_edition_and_an_edition_is_no_draft(tmp_path: Path) -> None:
    write_draft(Draft(edition=sample_edition()), tmp_path / "d.gpkg")
    with pytest.raises(EditionDraft):
        open_edition(tmp_path / "d.gpkg")
    write_edition(sample_edition(), tmp_path / "e.gpkg")
    with pytest.raises(EditionForeign):
        open_draft(tmp_path / "e.gpkg")


def test_a_draft_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "d.gpkg"
    write_draft(Draft(edition=sample_edition()), path)
    before = path.read_bytes()
    unstorable = replace(sample_edition().zones["control_unit"][0], name="\0")
    with pytest.raises(EditionInvalid), draft_writer(path) as writer:
        writer.add(sample_edition().layers[0], [unstorable])
    with pytest.raises(OutputFailed), draft_writer(path) as writer:
        writer.add(sample_edition().layers[0], ())
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["d.gpkg"]


# --- format 2 ------------------------------------------------------------------------------------------------


def version_of(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("SELECT format_version FROM edition").fetchone()
    return int(version)


def test_content_of_format_1_is_still_written_as_format_1(tmp_path: Path) -> None:
    edition = sample_edition()
    write_edition(edition, tmp_path / "old.gpkg")
    assert version_of(tmp_path / "old.gpkg") == 1
    # a digest is quoted as evidence: it must not change with the program
    assert digest(edition) == "sha256:11d8385b66dc803aabb910135d52077b83c4481656422b90706c30dd4fdb5f57"


@pytest.mark.parametrize("where", ["zone", "clause", "change", "office"])
def test_what_format_1_cannot_hold_makes_a_file_of_format_2(tmp_path: Path, where: str) -> None:
    edition = sample_edition()
    edition = replace(
        edition, offices={"B1": Office(id="B1", name="示例局", contact="电话", region="639901")}
    )
    if where == "zone":
        units = tuple(replace(zone, office="B1") for zone in edition.zones["control_unit"])
        edition = replace(edition, zones={**edition.zones, "control_unit": units})
    elif where == "clause":
        edition = replace(edition, clauses=tuple(replace(clause, office="B1") for clause in edition.clauses))
    elif where == "change":
        change = Change(item="control_unit/ZH1", kind="succeeded", reason="合并", successors=("ZH2", "ZH3"))
        edition = replace(edition, offices={}, changes=(change,))
    write_edition(edition, tmp_path / "new.gpkg")
    assert version_of(tmp_path / "new.gpkg") == 2
    found = open_edition(tmp_path / "new.gpkg")
    assert found.info.digest == digest(edition) != digest(sample_edition())
    assert dict(found.offices) == dict(edition.offices)
    assert {c.office for c in found.clauses} == {c.office for c in edition.clauses}
    assert {z.office for z in found.zones["control_unit"]} == {
        z.office for z in edition.zones["control_unit"]
    }
    assert sorted(c.successors for c in found.changes) == sorted(c.successors for c in edition.changes)


def test_an_office_that_does_not_exist_is_an_error() -> None:
    from sanxian.edition import validate

    edition = replace(
        sample_edition(), clauses=tuple(replace(c, office="B9") for c in sample_edition().clauses[:1])
    )
    assert {p.code for p in validate(edition) if p.severity == "error"} == {"OFFICE_UNKNOWN"}

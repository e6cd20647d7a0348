from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
import sqlalchemy as sa

from registry_databases import NOW
from registry_samples import add, document, registration
from sanxian.edition import open_edition
from sanxian.edition.content import admin_places
from sanxian.errors import BadProject, BadRegistration, InputError, ProjectUnknown, RegistryConflict
from sanxian.model import Outcome
from sanxian.project import project_from_mapping
from sanxian.registry import Registry, audit, projects
from sanxian.registry.projects import EVERYTHING, Scope, Settled
from sanxian.registry.tables import project_fact, project_part, project_version, tally

LATER = NOW + timedelta(days=1)


def test_a_project_comes_back_as_it_was_entered(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
    with registry.read() as connection:
        assert projects.get(connection, EVERYTHING, entered.id) == entered
        version = projects.version_of(connection, EVERYTHING, entered.id)
        assert projects.project_of(version) == project_from_mapping(document())
        parts = connection.execute(sa.select(project_part)).mappings().all()
        facts = connection.execute(sa.select(project_fact)).mappings().all()
    assert entered.registration == registration()
    assert (entered.name, entered.industry, entered.version, entered.revision) == (
        "示例化工项目",
        "2614",
        1,
        1,
    )
    assert (entered.west, entered.north) == pytest.approx((101.05, 36.052), abs=1e-12)
    assert (entered.analysis, entered.verdict, entered.created_by) == ("none", None, "测试")
    (part,) = parts
    (described,) = project_from_mapping(document()).parts
    assert shapely.from_wkb(bytes(part["geometry"])).equals_exact(described.geometry, 0)
    assert part["area_m2"] == pytest.approx(40_000, rel=0.01)
    assert [(fact["key"], fact["value"]) for fact in facts] == [("boiler_tph", "20.0")]


def test_an_amended_project_keeps_its_old_document_and_its_answer_is_stale(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
        projects.set_analysis(connection, {entered.id: Settled("analysed", 7, Outcome.COMPLIANT)})
        changed = projects.amend(
            connection, EVERYTHING, entered.id, revision=1, document=document("示例化工项目二期"), at=LATER, by="李四",
            reason="改名",
        )  # fmt: skip
        first, second = projects.versions(connection, EVERYTHING, entered.id)
        assert connection.execute(sa.select(sa.func.count()).select_from(project_part)).scalar_one() == 1
    assert (changed.version, changed.revision, changed.name) == (2, 2, "示例化工项目二期")
    assert (changed.analysis, changed.screening, changed.verdict) == ("stale", None, None)
    assert json.loads(first.document) == document()
    assert json.loads(second.document)["name"] == "示例化工项目二期"
    assert (second.by, second.reason) == ("李四", "改名")


def test_a_new_status_is_no_new_version_and_leaves_the_answer(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
        projects.set_analysis(connection, {entered.id: Settled("analysed", 7, Outcome.COMPLIANT)})
        approved = projects.set_status(
            connection, EVERYTHING, entered.id, "approved", revision=1, decided_on=date(2026, 9, 20), at=LATER, by="x"
        )  # fmt: skip
        log = audit.entries(connection, subject=f"project:{entered.id}")
    assert (approved.version, approved.revision, approved.status) == (1, 2, "approved")
    assert (approved.analysis, approved.verdict) == ("analysed", Outcome.COMPLIANT)
    assert json.loads(log[0].detail)["status"] == ["accepted", "approved"]


def test_a_change_that_changes_nothing_is_none(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
        same = projects.amend(
            connection, EVERYTHING, entered.id, revision=1, document=document(), registration=registration(),
            at=LATER, by="x",
        )  # fmt: skip
        assert same == entered
        assert len(audit.entries(connection)) == 1


def test_who_changes_what_another_has_changed_is_refused(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
        projects.set_status(connection, EVERYTHING, entered.id, "withdrawn", revision=1, at=NOW, by="x")
        with pytest.raises(RegistryConflict) as raised:
            projects.set_status(connection, EVERYTHING, entered.id, "approved", revision=1, at=NOW, by="y")
    assert raised.value.fields["found"] == 2


def test_rows_out_of_scope_are_not_there(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
        for scope in (Scope(region="6302"), Scope(owner=5), Scope(region="63", owner=5)):
            for ask in (projects.get, projects.versions, projects.version_of):
                with pytest.raises(ProjectUnknown):
                    ask(connection, scope, entered.id)
            with pytest.raises(ProjectUnknown):
                projects.set_status(connection, scope, entered.id, "approved", revision=1, at=NOW, by="x")
        for scope in (Scope(region="63"), Scope(region="630102"), EVERYTHING):
            assert projects.get(connection, scope, entered.id) == entered


def test_a_project_without_a_usable_place_is_counted_all_the_same(registry: Registry) -> None:
    stated = {key: value for key, value in document().items() if key != "parts"}
    with registry.begin() as connection:
        with pytest.raises(BadProject):
            add(connection, stated)
        entered = add(connection, stated, placed=False)
        assert (entered.placed, entered.analysis, entered.region) == (False, "unplaced", "630102")
        assert projects.project_of(projects.version_of(connection, EVERYTHING, entered.id)).parts == ()
        placed = projects.amend(
            connection, EVERYTHING, entered.id, revision=1, document=document(), at=LATER, by="x"
        )
    assert (placed.placed, placed.analysis) == (True, "none")


@pytest.mark.parametrize(
    "wrong",
    [{"eia_class": "big"}, {"status": ""}, {"region": "63x"}, {"code": "a\0b"}, {"authority": "长" * 201},
     {"decided_on": date(2026, 8, 31)}],
    ids=str,
)  # fmt: skip
def test_a_registration_that_cannot_be_is_refused_and_nothing_is_kept(
    registry: Registry, wrong: dict[str, Any]
) -> None:
    with pytest.raises(BadRegistration), registry.begin() as connection:
        add(connection, **wrong)
    with registry.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(project_version)).scalar_one() == 0


@pytest.mark.parametrize(
    "more",
    [{"industry": "9999"}, {"facts": {"boiler_tph": float("nan")}}, {"facts": {"nonsense": 1}}, {"name": "\ud800"},
     {"parts": [{"file": "/etc/passwd"}]}],
    ids=str,
)  # fmt: skip
def test_a_document_that_is_no_project_is_refused(registry: Registry, more: dict[str, Any]) -> None:
    with registry.begin() as connection, pytest.raises(InputError):
        add(connection, document(**more))


def test_a_name_of_any_length_and_signs_is_kept_whole_in_the_document(registry: Registry) -> None:
    name = "长" * 900 + " \t<b>'\";--\0"
    with registry.begin() as connection:
        entered = add(connection, document(name))
        version = projects.version_of(connection, EVERYTHING, entered.id)
    assert len(entered.name) == 400
    assert json.loads(version.document)["name"] == name


def test_the_county_of_the_place_goes_before_the_one_stated(registry: Registry, sample: Path) -> None:
    edition = open_edition(sample)
    county_of = projects.Counties(edition)
    county = admin_places(edition, "county")[0]
    inside = county.geometry.representative_point()
    with registry.begin() as connection:
        placed = add(connection, document(at=(inside.x, inside.y)), county_of=county_of, region="110101")
        outside = add(connection, document(at=(80.0, 30.0)), county_of=county_of, region="110101")
    assert placed.region == county.code
    assert outside.region == "110101"


def test_a_project_read_from_files_becomes_a_document_that_says_the_same(registry: Registry) -> None:
    described = project_from_mapping(
        document(papers=[{"type": "批复", "number": "1号", "date": "2026-01-01"}])
    )
    with registry.begin() as connection:
        entered = add(connection, projects.document_of(described))
        back = projects.project_of(projects.version_of(connection, EVERYTHING, entered.id))
    assert replace(back, notices=()) == replace(described, notices=())


def test_the_counts_follow_every_change(registry: Registry) -> None:
    with registry.begin() as connection:
        one, two = add(connection), add(connection, accepted_on=None, region="63")
        assert connection.execute(sa.select(sa.func.sum(tally.c.projects))).scalar_one() == 2
        projects.set_analysis(
            connection,
            {
                one.id: Settled("analysed", 1, Outcome.NON_COMPLIANT),
                two.id: Settled("failed"),
                999: Settled("none"),
            },
        )
        projects.set_status(connection, EVERYTHING, two.id, "withdrawn", revision=1, at=NOW, by="x")
        assert projects.tally_differences(connection) == 0
        cells = connection.execute(sa.select(tally).order_by(tally.c.month)).mappings().all()
        assert [(c["month"], c["analysis"], c["verdict"], c["projects"]) for c in cells] == [
            ("", "failed", -1, 1),
            ("2026-09", "analysed", 5, 1),
        ]
        connection.execute(sa.update(tally).where(tally.c.month == "").values(projects=4))
        # a wrong count: one cell kept and one counted, here and in each of the five sums over it
        assert projects.tally_differences(connection) == 12
        projects.recount(connection)
        assert projects.tally_differences(connection) == 0


def test_what_is_settled_already_is_not_written_again(registry: Registry) -> None:
    with registry.begin() as connection:
        numbers = [add(connection, document(f"项目{i}")).id for i in range(3)]
        settled = {number: Settled("analysed", number, Outcome.COMPLIANT) for number in numbers}
        assert projects.set_analysis(connection, settled) == 3
        assert projects.set_analysis(connection, settled) == 0

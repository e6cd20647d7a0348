from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry_databases import NOW
from registry_samples import add, document
from sanxian.edition import Edition, open_edition
from sanxian.errors import (
    AttachmentBroken,
    AttachmentRefused,
    BadDecision,
    CatalogNothing,
    DecisionUnknown,
    EditionError,
    OutsideRegion,
    ProjectUnknown,
    RecordDiffers,
    RecordUnavailable,
    ScreeningUnknown,
)
from sanxian.model import Outcome
from sanxian.registry import Registry, attachments, audit, coverage, decisions, editions, projects, screenings
from sanxian.registry.projects import EVERYTHING, Registered, Scope
from sanxian.registry.tables import about, attachment, project_attachment, screening
from sanxian.screening import screen, to_json

DAY = date(2026, 9, 1)


@pytest.fixture(scope="module")
def edition(sample: Path) -> Edition:
    return open_edition(sample)


def inside(edition: Edition) -> tuple[float, float]:
    place = edition.outline.representative_point()
    return place.x, place.y


def screened(
    connection: Connection, edition: Edition, *, keep: bool = True, **more: Any
) -> tuple[Registered, int]:
    """A project in the region, entered and screened."""
    entered = add(
        connection, document(at=inside(edition), **more), region=edition.info.region, accepted_on=DAY
    )
    version = projects.version_of(connection, EVERYTHING, entered.id)
    result = screen(projects.project_of(version), edition, DAY)
    return entered, screenings.add(connection, entered, result, at=NOW, by="测试", keep=keep).id


# --- screenings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [True, False])
def test_a_record_comes_back_to_the_byte_kept_or_made_again(
    registry: Registry, edition: Edition, keep: bool
) -> None:
    with registry.begin() as connection:
        entered, number = screened(connection, edition, keep=keep)
    with registry.read() as connection:
        subject = projects.project_of(projects.version_of(connection, EVERYTHING, entered.id))
        expected = to_json(screen(subject, edition, DAY))
        assert screenings.record(connection, EVERYTHING, number, opened=lambda _: edition) == expected
        kept = screenings.get(connection, EVERYTHING, number)
        stored = connection.execute(sa.select(screening.c.record)).scalar_one()
    assert (stored is not None) is keep
    assert kept.record_sha256 == "sha256:" + hashlib.sha256(expected).hexdigest()
    assert (kept.verdict, kept.as_of, kept.edition) == (
        Outcome[json.loads(expected)["verdict"]],
        DAY,
        edition.info.digest,
    )
    assert json.loads(kept.counts) == json.loads(expected)["counts"]


def test_a_record_that_is_not_that_of_the_day_is_no_answer(
    registry: Registry, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry.begin() as connection:
        _, kept = screened(connection, edition)
        _, made_again = screened(connection, edition, keep=False)
        values = dict(connection.execute(sa.select(screening).where(screening.c.id == kept)).mappings().one())
        for record in (zlib.compress(b"{}"), b"no zlib"):
            values |= {"id": values["id"] + 10, "record": record}
            connection.execute(screening.insert(), values)
            with pytest.raises(RecordDiffers):
                screenings.record(connection, EVERYTHING, values["id"])
        with pytest.raises(RecordUnavailable):
            screenings.record(connection, EVERYTHING, made_again)
        monkeypatch.setattr(screenings, "to_json", lambda _: b"another engine")
        with pytest.raises(RecordDiffers):
            screenings.record(connection, EVERYTHING, made_again, opened=lambda _: edition)


def test_that_there_was_no_answer_is_kept_too(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection)
        error = OutsideRegion(distance="1", edition="e", place="p")
        one = screenings.add(
            connection,
            entered,
            error,
            edition="sha256:" + "0" * 64,
            as_of=DAY,
            at=NOW,
            by="测试",
            cause="intake",
        )
        assert (one.verdict, one.error, one.record_sha256, one.cause) == (None, "PLACE_OUTSIDE", "", "intake")
        with pytest.raises(RecordUnavailable):
            screenings.record(connection, EVERYTHING, one.id)


def test_screenings_out_of_scope_are_not_there(registry: Registry, edition: Edition) -> None:
    with registry.begin() as connection:
        entered, number = screened(connection, edition)
        for scope in (Scope(region="99"), Scope(owner=3)):
            with pytest.raises(ScreeningUnknown):
                screenings.get(connection, scope, number)
            with pytest.raises(ScreeningUnknown):
                screenings.record(connection, scope, number)
            with pytest.raises(ProjectUnknown):
                screenings.of_project(connection, scope, entered.id)
            with pytest.raises(ScreeningUnknown):
                decisions.add(connection, scope, number, Outcome.COMPLIANT, reason="r", at=NOW, by="x")
            with pytest.raises(ProjectUnknown):
                decisions.of_project(connection, scope, entered.id)
            with pytest.raises(ProjectUnknown):
                attachments.of_project(connection, scope, entered.id)
        assert screenings.get(connection, Scope(region=edition.info.region), number).id == number


def test_which_screening_counts(registry: Registry, edition: Edition, sample: Path) -> None:
    with registry.begin() as connection:
        editions.register(connection, registry, sample, at=NOW, by="x")
        catalog = editions.catalog_of(connection, registry)

        def state(number: int) -> tuple[str, int | None]:
            coverage.settle(connection, catalog, (number,))
            found = projects.get(connection, EVERYTHING, number)
            return found.analysis, found.screening

        entered, number = screened(connection, edition)
        assert state(entered.id) == ("analysed", number)
        subject = projects.project_of(projects.version_of(connection, EVERYTHING, entered.id))
        later = screen(subject, edition, DAY + timedelta(days=1))
        screenings.add(connection, entered, later, at=NOW, by="x", cause="again")  # not as of its own day
        assert state(entered.id) == ("analysed", number)
        amended = projects.amend(
            connection,
            EVERYTHING,
            entered.id,
            revision=1,
            document=document("改", at=inside(edition)),
            at=NOW,
            by="x",
        )
        assert state(amended.id) == ("stale", None)
        error = OutsideRegion(distance="1", edition="e", place="p")
        failed = screenings.add(
            connection, amended, error, edition=edition.info.digest, as_of=DAY, at=NOW, by="x", cause="again"
        )
        assert state(amended.id) == ("failed", failed.id)
        assert state(add(connection, accepted_on=None).id) == ("undated", None)
        assert state(add(connection, region="11").id) == ("none", None)
        assert projects.tally_differences(connection) == 0


# --- decisions ---------------------------------------------------------------------------------------


def test_a_decision_stands_beside_the_finding_and_is_withdrawn_by_another_row(
    registry: Registry, edition: Edition
) -> None:
    with registry.begin() as connection:
        entered, number = screened(connection, edition)
        record = json.loads(screenings.record(connection, EVERYTHING, number))
        finding = next(one for one in record["findings"] if one["clause"])
        about_clause = {"clause": finding["clause"], "place": finding["place"]}
        one = decisions.add(
            connection,
            EVERYTHING,
            number,
            Outcome.COMPLIANT,
            reason=" 已核实 ",
            at=NOW,
            by="李四",
            **about_clause,
        )
        whole = decisions.add(
            connection, EVERYTHING, number, Outcome.CONDITIONAL, reason="同意", at=NOW, by="李四"
        )
        assert (one.machine_outcome.name, one.outcome, one.reason) == (
            finding["outcome"],
            Outcome.COMPLIANT,
            "已核实",
        )
        assert (whole.clause, whole.machine_outcome.name) == ("", record["verdict"])
        again = decisions.add(
            connection,
            EVERYTHING,
            number,
            Outcome.NON_COMPLIANT,
            reason="重新核实",
            at=NOW,
            by="王五",
            **about_clause,
        )
        every = decisions.of_project(connection, EVERYTHING, entered.id)
        assert decisions.standing(every) == (whole, again)
        taken_back = decisions.withdraw(
            connection, EVERYTHING, again.id, reason="依据失效", at=NOW, by="王五"
        )
        every = decisions.of_project(connection, EVERYTHING, entered.id)
        assert every == (one, whole, again, taken_back)
        assert decisions.standing(every) == (one, whole)
        for gone in (again.id, taken_back.id, 999):
            with pytest.raises(DecisionUnknown):
                decisions.withdraw(connection, EVERYTHING, gone, reason="r", at=NOW, by="x")
        with pytest.raises(DecisionUnknown):
            decisions.withdraw(connection, Scope(region="99"), one.id, reason="r", at=NOW, by="x")
        assert screenings.get(connection, EVERYTHING, number).verdict == Outcome[record["verdict"]]


@pytest.mark.parametrize(
    "more",
    [{"reason": " "}, {"reason": "长" * 10_001}, {"reason": "a\0"}, {"clause": "没有"}, {"place": "没有"}],
    ids=str,
)
def test_a_decision_without_reason_or_finding_is_refused(
    registry: Registry, edition: Edition, more: dict[str, Any]
) -> None:
    with registry.begin() as connection:
        _, number = screened(connection, edition)
        with pytest.raises(BadDecision):
            decisions.add(
                connection, EVERYTHING, number, Outcome.COMPLIANT, at=NOW, by="x", **{"reason": "r", **more}
            )


# --- editions ----------------------------------------------------------------------------------------


def test_an_edition_is_copied_checked_offered_and_withdrawn(registry: Registry, sample: Path) -> None:
    digest = open_edition(sample).info.digest
    with registry.begin() as connection:
        one = editions.register(connection, registry, sample, at=NOW, by="x")
        assert editions.register(connection, registry, sample, at=NOW + timedelta(1), by="y") == one
        assert (registry.editions / one.file).read_bytes() == sample.read_bytes()
        assert editions.catalog_of(connection, registry).in_force(one.region, DAY).info.digest == digest
        (registry.editions / "dropped-here-by-hand.gpkg").write_bytes(sample.read_bytes())
        assert len(editions.catalog_of(connection, registry).entries) == 1
        gone = editions.withdraw(connection, digest, reason="r", at=NOW, by="x")
        assert gone.withdrawn_at is not None
        assert editions.listed(connection) == ()
        assert editions.listed(connection, withdrawn=True) == (gone,)
        with pytest.raises(CatalogNothing):
            editions.catalog_of(connection, registry).in_force(one.region, DAY)
        assert editions.opened(connection, registry, digest).info.digest == digest
        assert editions.register(connection, registry, sample, at=NOW, by="x").withdrawn_at is None
        actions = [entry.action for entry in audit.entries(connection, subject=f"edition:{digest}")]
    assert actions == ["edition.add", "edition.withdraw", "edition.add"]


def test_what_is_no_edition_is_not_registered(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "no.gpkg").write_bytes(b"nothing")
    with registry.begin() as connection:
        with pytest.raises(EditionError):
            editions.register(connection, registry, tmp_path / "no.gpkg", at=NOW, by="x")
        with pytest.raises(EditionError):
            editions.get(connection, "sha256:0")
    assert list(registry.editions.iterdir()) == []


# --- attachments -------------------------------------------------------------------------------------


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


def test_a_file_is_kept_once_and_given_out_whole(registry: Registry) -> None:
    with registry.begin() as connection:
        one, two = add(connection), add(connection)
        for subject, name in ((one, "报告.pdf"), (one, "副本.pdf"), (two, "报告.pdf"), (two, "报告.pdf")):
            content = attachments.store(registry, iter((b"%PDF-1.7", b" ...")), name=name)
            attachments.add(
                connection, EVERYTHING, subject.id, content, name=name, purpose="report", at=NOW, by="x"
            )
        listed = attachments.of_project(connection, EVERYTHING, one.id)
        counted = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (attachment, project_attachment)
        ]
        logged = [entry.action for entry in audit.entries(connection)].count("attachment.add")
    assert counted == [1, 3]
    assert logged == 3
    assert [(a.name, a.media_type, a.size, a.purpose) for a in listed] == [
        ("副本.pdf", "application/pdf", 12, "report"),
        ("报告.pdf", "application/pdf", 12, "report"),
    ]
    path = attachments.opened(registry, listed[0])
    assert b"".join(attachments.pieces(path)) == b"%PDF-1.7 ..."
    assert [p for p in registry.attachments.rglob("*") if p.is_file()] == [path]


def test_a_file_that_changed_on_the_disk_is_not_given_out(registry: Registry) -> None:
    with registry.begin() as connection:
        content = attachments.store(registry, (b"abc",), name="a")
        one = attachments.add(connection, EVERYTHING, add(connection).id, content, name="a", at=NOW, by="x")
    path = attachments.opened(registry, one)
    for damage in (lambda: path.write_bytes(b"abd"), path.unlink):
        damage()
        with pytest.raises(AttachmentBroken):
            attachments.opened(registry, one)
    attachments.store(registry, (b"abc",), name="a")  # uploaded again, it is whole again
    assert attachments.opened(registry, one) == path


def test_a_file_too_large_stops_at_once_and_leaves_nothing(registry: Registry) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(AttachmentRefused):
        attachments.store(registry, endless(), name="a", most=10_000)
    with pytest.raises(AttachmentRefused):
        attachments.store(registry, (b"x" * 10, b"x"), name="a", most=10)
    with pytest.raises(AttachmentRefused):
        attachments.store(registry, (), name="a")
    with pytest.raises(ZeroDivisionError):
        attachments.store(registry, (b"x" * (1 // 0) for _ in "x"), name="a")
    assert list(registry.attachments.iterdir()) == []


@pytest.mark.parametrize("name", ["", " ", "a\0b", "a\nb", "长" * 401])
def test_names_of_files_that_are_none_are_refused(registry: Registry, name: str) -> None:
    content = attachments.Content(sha256="sha256:" + "0" * 64, size=1, media_type="text/plain")
    with registry.begin() as connection:
        number = add(connection).id
        with pytest.raises(AttachmentRefused):
            attachments.add(connection, EVERYTHING, number, content, name=name, at=NOW, by="x")


def test_a_name_is_only_a_label(registry: Registry) -> None:
    with registry.begin() as connection:
        content = attachments.store(registry, (b"abc",), name="a")
        one = attachments.add(
            connection, EVERYTHING, add(connection).id, content, name="../../etc/passwd", at=NOW, by="x"
        )
    assert attachments.opened(registry, one).is_relative_to(registry.attachments)
    with pytest.raises(AttachmentBroken):
        attachments.damage(registry, "../../../etc/passwd")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (zipped("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (zipped("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (zipped("doc.kml"), "application/vnd.google-earth.kmz"),
        (zipped("a.shp"), "application/zip"),
        (b"PK\x03\x04 broken", "application/octet-stream"),
        (b'{"type": "FeatureCollection", "features": []}', "application/geo+json"),
        (b'[1, 2]', "application/json"),
        (b"{ no json", "text/plain"),
        ("点号,经度,纬度\n1,101,36".encode(), "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<svg onload=alert(1)>", "text/plain"),
        (b'<?xml version="1.0"?><kml></kml>', "application/vnd.google-earth.kml+xml"),
        (b"\x00\x01\x02", "application/octet-stream"),
        ("界" * 2000).encode() and (("界" * 2000).encode(), "text/plain"),
        ("示例".encode("gb18030"), "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_content_says_what_a_file_is(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "file.exe"
    path.write_bytes(content)
    assert attachments.media_type(path) == kind


def test_a_file_as_large_as_allowed_is_kept(registry: Registry) -> None:
    assert attachments.store(registry, (b"x" * 4, b"x" * 6), name="a", most=10).size == 10


def test_a_geopackage_is_known(sample: Path) -> None:
    assert attachments.media_type(sample) == "application/geopackage+sqlite3"


# --- the audit log -----------------------------------------------------------------------------------


def raw(registry: Registry, *statements: str) -> None:
    """Change the database as somebody would who has it to himself."""
    with registry.engine.connect() as connection:
        if registry.engine.dialect.name == "sqlite":
            for kind in ("update", "delete", "replace"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_no_{kind}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", 3),
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 1", 1),
        ("UPDATE audit SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 5", 5),
        ("UPDATE audit SET hash = 'abc' WHERE seq = 2", 2),
        ("UPDATE audit SET previous = hash WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE about SET value = 'another' WHERE key = 'registry'", 1),
    ],
)
def test_the_log_names_the_first_row_that_was_changed(
    registry: Registry, statement: str, broken: int
) -> None:
    with registry.begin() as connection:
        for _ in range(5):
            add(connection)
    with registry.read() as connection:
        assert audit.verify(connection).broken is None
    raw(registry, statement)
    with registry.read() as connection:
        assert audit.verify(connection).broken == broken


def test_a_tail_cut_off_or_written_anew_shows_against_an_end_kept_elsewhere(registry: Registry) -> None:
    with registry.begin() as connection:
        for _ in range(3):
            add(connection)
        kept = audit.head(connection)
    raw(registry, "DELETE FROM audit WHERE seq > 1")
    with registry.begin() as connection:
        assert audit.verify(connection).broken is None
        assert audit.verify(connection, known=kept).broken == 2
        for _ in range(3):
            audit.append(connection, at=NOW, actor="x", action="forged", subject="s", detail={})
        assert audit.verify(connection).broken is None
        assert audit.verify(connection, known=kept).broken == 3


def test_the_log_reads_backwards_by_pages(registry: Registry) -> None:
    with registry.begin() as connection:
        for i in range(7):
            audit.append(
                connection, at=NOW, actor=f"p{i % 2}", action="a", subject=f"s:{i % 3}", detail={"i": i}
            )
        first = audit.entries(connection, limit=3)
        rest = audit.entries(connection, before=first[-1].seq)
        assert [entry.seq for entry in (*first, *rest)] == [7, 6, 5, 4, 3, 2, 1]
        assert [entry.seq for entry in audit.entries(connection, subject="s:1", actor="p0")] == [5]
        genesis = connection.execute(sa.select(about.c.value).where(about.c.key == "registry")).scalar_one()
    # The chain by hand, from what docs/reference/registry.md says.
    previous = hashlib.sha256(genesis.encode()).hexdigest()
    for i, entry in enumerate((*first, *rest)[::-1]):
        fields = [
            i + 1,
            "2026-09-01T08:00:00.000000Z",
            f"p{i % 2}",
            "a",
            f"s:{i % 3}",
            f'{{"i":{i}}}',
            previous,
        ]
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        previous = hashlib.sha256(line.encode()).hexdigest()
        assert entry.hash == previous

"""Re-check of the registry: it finds what the library finds, and goes on where it was cut off."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import recheck_edits as edits
from registry_databases import NOW
from sanxian.batch import Row
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.errors import RecheckUnknown
from sanxian.model import Project
from sanxian.recheck import Checked, Grade, recheck
from sanxian.registry import Registry, audit, create_registry, projects, rechecks
from sanxian.registry.projects import EVERYTHING, Registration, Scope
from sanxian.registry.tables import recheck_change, screening

DAY = date(2026, 9, 1)
COUNT = 60


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Edition, Edition]:
    """示例市, and the same after a county was worked over and a rule changed."""
    folder = tmp_path_factory.mktemp("editions")
    old = edits.rich_edition()
    new = edits.change_county(old, "639901")
    new = edits.change_clause(new, random.Random(4))
    new = replace(new, info=replace(new.info, id="示例市/2026-09", supersedes=old.info.id))
    made = []
    for name, one in (("old", old), ("new", new)):
        write_edition(one, folder / f"{name}.gpkg")
        made.append(open_edition(folder / f"{name}.gpkg"))
    return made[0], made[1]


def some(edition: Edition, count: int = COUNT) -> list[Project]:
    rng = random.Random(11)
    return [edits.random_project(edition, rng, f"P{n}") for n in range(count)]


def filled(registry: Registry, edition: Edition) -> dict[int, Project]:
    """Enter random projects and return them as the registry reads them back."""
    made: dict[int, Project] = {}
    with registry.begin() as connection:
        for n, described in enumerate(some(edition)):
            one = projects.add(
                connection, projects.document_of(described), Registration(code=f"P{n}", region=("639901", "639902")[n % 2]),
                at=NOW, by="测试",
            )  # fmt: skip
            made[one.id] = projects.project_of(projects.version_of(connection, EVERYTHING, one.id))
        projects.add(
            connection, {"name": "无位置"}, Registration(code="none"), at=NOW, by="测试", placed=False
        )
    return made


def oracle(made: dict[int, Project], pair: tuple[Edition, Edition]) -> Checked:
    rows = [Row(number=i, id=p.id, name=p.name, project=p, error=None) for i, p in made.items()]
    return recheck(rows, *pair, as_of_old=DAY, as_of=DAY, every=True)


def opened_of(pair: tuple[Edition, Edition]) -> Callable[[str], Edition]:
    return {one.info.digest: one for one in pair}.__getitem__


def begun(registry: Registry, pair: tuple[Edition, Edition]) -> rechecks.Recheck:
    with registry.begin() as connection:
        return rechecks.start(connection, *pair, as_of_old=DAY, as_of=DAY, at=NOW, by="测试")


def found_by(
    registry: Registry, number: int, scope: Scope = EVERYTHING, **more: Any
) -> tuple[rechecks.Change, ...]:
    with registry.read() as connection:
        return rechecks.changes(connection, scope, number, limit=1000, **more)


def agrees(registry: Registry, number: int, told: Checked) -> None:
    changes = found_by(registry, number)
    assert [(c.project, c.grade, c.old, c.new) for c in changes] == [
        (c.row, c.grade, c.old, c.new) for c in sorted(told.changed, key=lambda c: c.row)
    ]
    for change, wanted in zip(changes, sorted(told.changed, key=lambda c: c.row), strict=True):
        assert change.change["causes"] == list(wanted.causes)
        named = {(d["cause"], d["item"]) for d in change.causes}
        assert {(told.differences[n].cause.value, told.differences[n].item) for n in wanted.causes} <= named


def test_the_registry_finds_what_screening_everything_twice_finds(
    registry: Registry, pair: tuple[Edition, Edition]
) -> None:
    told = oracle(filled(registry, pair[0]), pair)
    assert len(told.changed) > 5, "there must be something to find"
    assert told.missed == 0
    job = begun(registry, pair)
    done = rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试", chunk=16)
    assert (done.state, done.projects, done.changed) == ("done", COUNT, len(told.changed))
    assert len(told.changed) <= done.reached < COUNT
    agrees(registry, job.id, told)
    with registry.read() as connection:
        made = rechecks.summary(connection, EVERYTHING, job.id)
        assert dict(made.grades) == told.grades
        assert list(made.moves) == told.moves
        assert {c: n for c, (_, n) in told.causes.items() if n} == dict(made.causes)
        kept = connection.execute(sa.select(screening).order_by(screening.c.project)).mappings().all()
        assert [(r["project"], r["edition"], r["as_of"], r["cause"]) for r in kept] == [
            (c.row, pair[1].info.digest, DAY, "recheck") for c in sorted(told.changed, key=lambda c: c.row)
        ]
        assert [r["verdict"] for r in kept] == [
            int(c.new) for c in sorted(told.changed, key=lambda c: c.row) if c.new is not None
        ]
        assert audit.verify(connection).broken is None
    again = rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试")
    assert again == done, "what is done is not done again"


def test_one_that_is_not_finished_is_gone_on_with(registry: Registry, pair: tuple[Edition, Edition]) -> None:
    told = oracle(filled(registry, pair[0]), pair)
    job = begun(registry, pair)
    stops = iter((False, False, True))
    half = rechecks.work(
        registry, job.id, opened=opened_of(pair), at=NOW, by="测试", chunk=16, stop=lambda: next(stops)
    )
    assert (half.state, half.projects) == ("running", 32)
    assert begun(registry, pair).id == job.id
    done = rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试", chunk=7)
    assert (done.state, done.projects) == ("done", COUNT)
    agrees(registry, job.id, told)


CHILD = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sanxian.edition import open_edition
from sanxian.registry import open_registry, rechecks
registry = open_registry(Path({folder!r}), url={url!r})
found = {{one.info.digest: one for one in map(open_edition, map(Path, {editions!r}))}}
def progress(job):
    print(job.projects, flush=True)
    if job.projects >= 20:
        os.kill(os.getpid(), signal.SIGKILL)
rechecks.work(registry, {number}, opened=found.__getitem__, at=datetime(2026, 9, 1, tzinfo=UTC), by="x", chunk=10, progress=progress)
"""


def test_one_that_was_killed_goes_on_and_repeats_nothing(
    database: Callable[[], str | None], tmp_path: Path, pair: tuple[Edition, Edition]
) -> None:
    url = database()
    registry = create_registry(tmp_path / "r", now=NOW, url=url)
    told = oracle(filled(registry, pair[0]), pair)
    job = begun(registry, pair)
    files = []
    for n, edition in enumerate(pair):
        write_edition(edition, tmp_path / f"{n}.gpkg")
        files.append(str(tmp_path / f"{n}.gpkg"))
    code = CHILD.format(folder=str(tmp_path / "r"), url=url, editions=files, number=job.id)
    child = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=dict(os.environ)
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    with registry.read() as connection:
        assert rechecks.get(connection, job.id).projects == 20
    done = rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试", chunk=10)
    assert (done.projects, done.changed) == (COUNT, len(told.changed))
    agrees(registry, job.id, told)
    registry.close()


def test_two_at_once_do_each_project_once(registry: Registry, pair: tuple[Edition, Edition]) -> None:
    told = oracle(filled(registry, pair[0]), pair)
    job = begun(registry, pair)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试", chunk=8)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with registry.read() as connection:
        done = rechecks.get(connection, job.id)
        kept = connection.execute(sa.select(sa.func.count()).select_from(screening)).scalar_one()
        finished = [e for e in audit.entries(connection) if e.action == "recheck.done"]
    assert (done.state, done.projects, done.changed, kept) == (
        "done",
        COUNT,
        len(told.changed),
        len(told.changed),
    )
    assert len(finished) == 1
    agrees(registry, job.id, told)


def test_a_county_sees_its_own_changes_and_marks_them_as_seen(
    registry: Registry, pair: tuple[Edition, Edition]
) -> None:
    filled(registry, pair[0])
    job = begun(registry, pair)
    rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试")
    everything = found_by(registry, job.id)
    scope = Scope(region="639901")
    own = found_by(registry, job.id, scope)
    assert 0 < len(own) < len(everything)
    assert {one.region for one in own} == {"639901"}
    assert all(one.grade is Grade.VERDICT for one in found_by(registry, job.id, grade=Grade.VERDICT))
    with registry.begin() as connection:
        assert rechecks.mark_seen(connection, scope, job.id, [own[0].project], at=NOW, by="甲") == 1
        assert rechecks.mark_seen(connection, scope, job.id, None, at=NOW, by="甲") == len(own) - 1
        assert rechecks.mark_seen(connection, scope, job.id, None, at=NOW, by="乙") == 0
        assert rechecks.summary(connection, EVERYTHING, job.id).unseen == len(everything) - len(own)
        assert rechecks.summary(connection, scope, job.id).unseen == 0
        others = sa.select(recheck_change.c.seen_by).where(recheck_change.c.seen_at.is_(None))
        assert set(connection.execute(others).scalars()) <= {""}
    assert len(found_by(registry, job.id, unseen=True)) == len(everything) - len(own)


def test_withdrawn_and_refused_projects_are_left_out(
    registry: Registry, pair: tuple[Edition, Edition]
) -> None:
    made = filled(registry, pair[0])
    with registry.begin() as connection:
        for number in list(made)[:10]:
            projects.set_status(connection, EVERYTHING, number, "withdrawn", revision=1, at=NOW, by="测试")
    job = begun(registry, pair)
    done = rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试")
    assert done.projects == COUNT - 10
    assert all(one.project not in list(made)[:10] for one in found_by(registry, job.id))


def test_an_unknown_recheck_is_told_and_a_cancelled_one_stays_so(
    registry: Registry, pair: tuple[Edition, Edition]
) -> None:
    filled(registry, pair[0])
    with registry.read() as connection, pytest.raises(RecheckUnknown) as unknown:
        rechecks.get(connection, 7)
    assert "7" in unknown.value.text("en")
    job = begun(registry, pair)
    with registry.begin() as connection:
        assert rechecks.cancel(connection, job.id).state == "cancelled"
    assert rechecks.work(registry, job.id, opened=opened_of(pair), at=NOW, by="测试").projects == 0
    assert begun(registry, pair).id != job.id

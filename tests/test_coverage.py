"""The compliance-analysis rate: what counts, what does not, and that the counts are those of the rows."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from registry_databases import NOW
from sample_edition import sample_edition
from sanxian.catalog import Catalog
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.errors import CoverageDiffers, Unforeseen, UsageError
from sanxian.model import Outcome
from sanxian.registry import (
    Registry,
    audit,
    coverage,
    coverage_export,
    coverage_work,
    editions,
    projects,
    screenings,
)
from sanxian.registry.coverage import GROUPS, Analysis, Period, Rate, missing, rate, settle
from sanxian.registry.projects import EVERYTHING, Registered, Registration, Scope
from sanxian.registry.tables import project, tally_rate
from sanxian.screening import screen

DAY = date(2026, 3, 5)


def plot(x: float = 100.13, y: float = 36.03, **more: Any) -> dict[str, Any]:
    shape = {"type": "Point", "coordinates": [x, y]}
    return {
        "name": "示例项目",
        "industry": "C2614",
        "parts": [{"geojson": shape, "crs": "EPSG:4490"}],
        **more,
    }


def entered(connection: sa.Connection, document: dict[str, Any] | None = None, **more: Any) -> Registered:
    stated = {"eia_class": "form", "region": "639901", "accepted_on": DAY, "authority": "示例市生态环境局"}
    keys = {"owner", "placed"}
    how = {key: more.pop(key) for key in keys & more.keys()}
    document = plot() if document is None else document
    return projects.add(connection, document, Registration(**{**stated, **more}), at=NOW, by="测试", **how)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """示例市 of 2026, and what takes its place in July."""
    folder = tmp_path_factory.mktemp("editions")
    first = sample_edition()
    info = replace(
        first.info,
        id="示例市/2026-07",
        valid_from=date(2026, 7, 1),
        supersedes=first.info.id,
        title="示例市（七月）",
    )
    made = {"first": first, "second": replace(first, info=info)}
    for name, one in made.items():
        write_edition(one, folder / f"{name}.gpkg")
    return {name: folder / f"{name}.gpkg" for name in made}


def registered(registry: Registry, path: Path) -> Edition:
    with registry.begin() as connection:
        editions.register(connection, registry, path, at=NOW, by="测试")
    return open_edition(path)


def catalog(registry: Registry) -> Catalog:
    with registry.read() as connection:
        return editions.catalog_of(connection, registry)


def recounted(
    connection: sa.Connection, period: Period, classes: tuple[str, ...], region: str = ""
) -> Counter[str]:
    """The rate counted by hand, from the rows."""
    found: Counter[str] = Counter()
    for row in connection.execute(sa.select(project)).mappings():
        day = row["accepted_on"]
        if day is None or row["status"] == "withdrawn" or row["eia_class"] not in classes:
            continue
        if (period.first and day < period.first) or (period.last and day > period.last):
            continue
        if row["region"].startswith(region):
            found[row["analysis"]] += 1
    return found


# --- what counts -----------------------------------------------------------------------------------


def test_every_state_of_analysis_has_its_reason(registry: Registry, files: dict[str, Path]) -> None:
    edition = registered(registry, files["first"])
    found = catalog(registry)
    with registry.begin() as connection:
        one = {
            name: entered(connection)
            for name in ("analysed", "never", "changed", "other_date", "failed", "other_edition")
        }
        one["unplaced"] = entered(connection, {"name": "无位置"}, placed=False)
        one["undated"] = entered(connection, accepted_on=None)
        one["no_edition"] = entered(connection, accepted_on=date(2025, 3, 5))
        for name in ("analysed", "changed"):
            answer = screen(
                projects.project_of(projects.version_of(connection, EVERYTHING, one[name].id)), edition, DAY
            )
            screenings.add(connection, one[name], answer, at=NOW, by="测试")
        late = screen(
            projects.project_of(projects.version_of(connection, EVERYTHING, one["never"].id)),
            edition,
            date(2026, 3, 6),
        )
        screenings.add(connection, one["other_date"], late, at=NOW, by="测试")
        error = Unforeseen(reason="x")
        screenings.add(
            connection, one["failed"], error, at=NOW, by="测试", edition=edition.info.digest, as_of=DAY
        )
        screenings.add(
            connection,
            one["other_edition"],
            error,
            at=NOW,
            by="测试",
            edition="sha256:" + "0" * 64,
            as_of=DAY,
        )
        projects.amend(
            connection, EVERYTHING, one["changed"].id, revision=1, at=NOW, by="测试", document=plot(100.131)
        )
        settle(connection, found, [row.id for row in one.values()])
        states = {name: projects.get(connection, EVERYTHING, row.id) for name, row in one.items()}
    assert {name: row.analysis for name, row in states.items()} == {
        "analysed": "analysed", "never": "none", "changed": "stale", "other_date": "stale", "failed": "failed",
        "other_edition": "stale", "unplaced": "unplaced", "undated": "undated", "no_edition": "none",
    }  # fmt: skip
    assert states["analysed"].verdict is not None
    assert all(row.verdict is None for name, row in states.items() if name != "analysed")
    with registry.read() as connection:
        listed, after = missing(connection, EVERYTHING, Period(), found)
        undated, _ = missing(connection, EVERYTHING, Period(), found, undated=True)
        told = rate(connection, EVERYTHING, Period())
    assert after is None
    by_id = {row.id: name for name, row in states.items()}
    assert {by_id[row.project.id]: row.reason for row in listed} == {
        name: name for name in states if name not in ("analysed", "undated")
    }
    assert [(by_id[row.project.id], row.reason) for row in undated] == [("undated", "undated")]
    assert all(row.zh and row.en and row.zh != row.en for row in (*listed, *undated))
    assert (told.total.analysed, told.total.accepted, told.undated) == (1, 8, 1)


def test_the_denominator_holds_what_the_page_says_and_the_rest_is_shown_apart(registry: Registry) -> None:
    with registry.begin() as connection:
        for more in (
            {"eia_class": "report"}, {"eia_class": "form", "status": "refused"}, {"eia_class": "form", "status": "withdrawn"},
            {"eia_class": "registration"}, {"eia_class": "exempt"}, {"eia_class": ""}, {"accepted_on": None},
            {"accepted_on": None, "eia_class": "registration"}, {"accepted_on": date(2027, 1, 1)},
        ):  # fmt: skip
            entered(connection, **more)
    with registry.read() as connection:
        told = rate(connection, EVERYTHING, Period.parse("2026"))
        assert told.total.accepted == 2
        assert (told.withdrawn, told.others, told.unclassed, told.undated) == (1, 2, 1, 1)
        asked = rate(connection, EVERYTHING, Period.parse("2026"), classes=("registration",))
        assert (asked.total.accepted, asked.undated) == (1, 1)
        nothing = rate(connection, EVERYTHING, Period.parse("2020"))
        assert nothing.total.rate is None, "no project is not 100 %"


def test_a_withdrawn_edition_takes_the_rate_with_it_and_back(
    registry: Registry, files: dict[str, Path]
) -> None:
    edition = registered(registry, files["first"])
    with registry.begin() as connection:
        before = entered(connection)
        later = entered(connection, accepted_on=date(2026, 8, 1))
    done = coverage_work.analyse(registry, catalog(registry), EVERYTHING, Period(), at=NOW, by="测试")
    assert (done.done, done.analysed, done.left) == (2, 2, 0)
    old = catalog(registry)
    registered(registry, files["second"])
    new = catalog(registry)
    assert coverage.changed_spans(old, new) == [("63", date(2026, 7, 1), date(2030, 12, 31))]
    assert coverage.resettle(registry, new, before=old) == 1
    with registry.read() as connection:
        states = [projects.get(connection, EVERYTHING, one.id).analysis for one in (before, later)]
        (only,), _ = missing(connection, EVERYTHING, Period(), new)
    assert states == ["analysed", "stale"]
    assert (only.reason, only.project.id) == ("other_edition", later.id)
    done = coverage_work.analyse(registry, new, EVERYTHING, Period(), at=NOW, by="测试")
    assert (done.done, done.left) == (1, 0)
    with registry.read() as connection:
        assert rate(connection, EVERYTHING, Period()).total.rate == 1.0
        assert projects.tally_differences(connection) == 0
    with registry.begin() as connection:
        editions.withdraw(connection, edition.info.digest, reason="有误", at=NOW, by="测试")
    assert coverage.resettle(registry, catalog(registry)) == 1
    with registry.read() as connection:
        assert projects.get(connection, EVERYTHING, before.id).analysis == "stale"


def test_analysing_leaves_what_cannot_be_screened_and_runs_twice_without_doubling(
    registry: Registry, files: dict[str, Path]
) -> None:
    registered(registry, files["first"])
    with registry.begin() as connection:
        for n in range(12):
            entered(connection, plot(100.02 + n * 0.03), accepted_on=DAY + timedelta(days=n % 3))
        entered(connection, {"name": "无位置"}, placed=False)
        entered(connection, accepted_on=date(2020, 1, 1))
        entered(connection, eia_class="registration")
        entered(connection, status="withdrawn")
    done = coverage_work.analyse(registry, catalog(registry), EVERYTHING, Period(), at=NOW, by="测试")
    assert (done.done, done.analysed, done.failed, done.left) == (12, 12, 0, 2)
    again = coverage_work.analyse(registry, catalog(registry), EVERYTHING, Period(), at=NOW, by="测试")
    assert again.done == 0
    edition = open_edition(files["first"])
    with registry.read() as connection:
        for row in connection.execute(sa.select(project).where(project.c.analysis == "analysed")).mappings():
            subject = projects.project_of(projects.version_of(connection, EVERYTHING, row["id"]))
            assert Outcome(row["verdict"]) == screen(subject, edition, row["accepted_on"]).verdict
        assert projects.tally_differences(connection) == 0
        assert audit.verify(connection).broken is None


def test_a_project_changed_while_it_was_screened_does_not_keep_the_answer_to_what_it_was(
    registry: Registry, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(registry, files["first"])
    with registry.begin() as connection:
        one, other = entered(connection), entered(connection)
    real = coverage_work._screened

    def slow(*args: Any) -> Any:
        answers = list(real(*args))
        with registry.begin() as connection:
            projects.amend(
                connection, EVERYTHING, one.id, revision=1, at=NOW, by="甲", document=plot(100.14, 36.04)
            )
        return iter(answers)

    monkeypatch.setattr(coverage_work, "_screened", slow)
    done = coverage_work.analyse(registry, catalog(registry), EVERYTHING, Period(), at=NOW, by="测试")
    assert done.done == 1
    with registry.read() as connection:
        states = [projects.get(connection, EVERYTHING, x.id).analysis for x in (one, other)]
        assert states == ["none", "analysed"]
        assert screenings.of_project(connection, EVERYTHING, one.id) == ()


# --- the counts are those of the rows --------------------------------------------------------------


def test_rates_of_any_period_and_group_equal_a_count_by_hand(registry: Registry) -> None:
    rng = random.Random(5)
    with registry.begin() as connection:
        settled = {}
        for _ in range(250):
            one = entered(
                connection,
                region=rng.choice(("639901", "639902", "630102", "")),
                accepted_on=rng.choice((None, date(2025, 12, 1) + timedelta(days=rng.randrange(200)))),
                eia_class=rng.choice(("report", "form", "registration", "")),
                status=rng.choice(("accepted", "approved", "withdrawn")),
                authority=rng.choice(("甲局", "乙局", "")),
            )
            state = rng.choice(("none", "analysed", "stale", "failed"))
            settled[one.id] = projects.Settled(
                "undated" if one.accepted_on is None else state,
                None,
                Outcome.COMPLIANT if state == "analysed" else None,
            )
        projects.set_analysis(connection, settled)
    texts = ["", "2026", "2026-Q1", "2026-02", "2026-01-15..2026-03-10", "2026-02-03..2026-02-20", "..2026-01-31", "2026-01-02..",
             "2026-01-31..2026-02-01", "2025-12-01..2026-01-14", "2026-02-01..2026-02-28"]  # fmt: skip
    classes = ("report", "form")
    with registry.read() as connection:
        for text in texts:
            period = Period.parse(text)
            for region in ("", "6399", "639902"):
                wanted = recounted(connection, period, classes, region)
                for by in ("", *GROUPS):
                    told = rate(connection, EVERYTHING, period, by=by, region=region)
                    assert {k.value: n for k, n in told.total.counts.items()} == dict(wanted), (text, by)
                    total: Counter[Analysis] = Counter()
                    for group in told.groups:
                        total.update(group.counts)
                    assert not by or total == told.total.counts
                scoped = rate(connection, Scope(region=region), period)
                assert {k.value: n for k, n in scoped.total.counts.items()} == dict(wanted)


def test_a_consultants_rate_counts_only_his_projects(registry: Registry) -> None:
    from sanxian.registry.tables import person

    with registry.begin() as connection:
        values = {"name": "甲", "role": "consultant", "created_at": "x", "created_by": "x"}
        owner = connection.execute(person.insert().returning(person.c.id), values).scalar_one()
        entered(connection, owner=owner)
        entered(connection, owner=owner, accepted_on=None)
        entered(connection, owner=owner, accepted_on=None, status="withdrawn")
        entered(connection, owner=owner, accepted_on=None, eia_class="registration")
        entered(connection)
    with registry.read() as connection:
        told = rate(connection, Scope(owner=owner), Period(), by="month")
        assert (told.total.accepted, told.undated, [g.key for g in told.groups]) == (1, 1, ["2026-03"])
        listed, _ = missing(connection, Scope(owner=owner), Period(), Catalog(folder=Path(), entries=()))
        assert len(listed) == 1


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-Q5", "26", "x", "2026-02-30..", "2026-03-01..2026-01-01", "2026-00"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Period.parse(text)
    assert text in refused.value.text("en")


class Changes(RuleBasedStateMachine):
    """Anything may happen to projects, in any order; the counts stay those of the rows."""

    registry: Registry

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[int] = []

    @initialize()
    def begin(self) -> None:
        with self.registry.begin() as connection:
            self.ids = list(connection.execute(sa.select(project.c.id)).scalars())

    def one(self, data: st.DataObject) -> int | None:
        return data.draw(st.sampled_from(self.ids)) if self.ids else None

    @rule(
        eia_class=st.sampled_from(("report", "form", "registration", "")),
        day=st.sampled_from((None, DAY, date(2026, 4, 1), date(2025, 1, 1))),
        placed=st.booleans(),
        region=st.sampled_from(("639901", "639902", "")),
    )
    def add(self, eia_class: str, day: date | None, placed: bool, region: str) -> None:
        with self.registry.begin() as connection:
            document = plot() if placed else {"name": "无位置"}
            one = entered(
                connection, document, eia_class=eia_class, accepted_on=day, placed=placed, region=region
            )
            self.ids.append(one.id)

    @rule(data=st.data(), day=st.sampled_from((None, DAY, date(2026, 5, 1))), moved=st.booleans())
    def amend(self, data: st.DataObject, day: date | None, moved: bool) -> None:
        if (number := self.one(data)) is None:
            return
        with self.registry.begin() as connection:
            held = projects.get(connection, EVERYTHING, number)
            projects.amend(
                connection, EVERYTHING, number, revision=held.revision, at=NOW, by="测试",
                document=plot(100.14) if moved else None, registration=replace(held.registration, accepted_on=day),
            )  # fmt: skip

    @rule(data=st.data(), status=st.sampled_from(("accepted", "approved", "refused", "withdrawn")))
    def decide(self, data: st.DataObject, status: str) -> None:
        if (number := self.one(data)) is None:
            return
        with self.registry.begin() as connection:
            held = projects.get(connection, EVERYTHING, number)
            projects.set_status(
                connection, EVERYTHING, number, status, revision=held.revision, at=NOW, by="测试"
            )

    @rule(data=st.data(), right=st.booleans(), answered=st.booleans())
    def screen(self, data: st.DataObject, right: bool, answered: bool) -> None:
        if (number := self.one(data)) is None:
            return
        found = catalog(self.registry)
        with self.registry.begin() as connection:
            held = projects.get(connection, EVERYTHING, number)
            if held.placed and held.accepted_on is not None:
                day = held.accepted_on if right else DAY + timedelta(days=1)
                digest = found.entries[0].info.digest
                edition = _opened(str(found.entries[0].path))
                result: Any = Unforeseen(reason="x")
                if answered and edition.info.valid_from <= day:
                    version = projects.version_of(connection, EVERYTHING, number)
                    result = screen(projects.project_of(version), edition, day)
                screenings.add(connection, held, result, at=NOW, by="测试", edition=digest, as_of=day)
            settle(connection, found, [number])

    @rule()
    def resettle(self) -> None:
        coverage.resettle(self.registry, catalog(self.registry))

    @invariant()
    def counts_are_those_of_the_rows(self) -> None:
        with self.registry.read() as connection:
            assert projects.tally_differences(connection) == 0
            for text in ("", "2026-03", "2026-03-05..2026-04-01"):
                period = Period.parse(text)
                told = rate(connection, EVERYTHING, period)
                assert {k.value: n for k, n in told.total.counts.items()} == dict(
                    recounted(connection, period, coverage.CLASSES)
                )
            analysed = connection.execute(
                sa.select(project.c.verdict, project.c.screening).where(project.c.analysis == "analysed")
            ).all()
            assert all(verdict is not None and screening is not None for verdict, screening in analysed)


def _opened(path: str) -> Edition:
    if path not in _EDITIONS:
        _EDITIONS[path] = open_edition(Path(path))
    return _EDITIONS[path]


_EDITIONS: dict[str, Edition] = {}


def test_whatever_happens_the_counts_stay_those_of_the_rows(
    registry: Registry, files: dict[str, Path]
) -> None:
    registered(registry, files["first"])
    machine = type("Machine", (Changes,), {"registry": registry})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


# --- lists and proof -------------------------------------------------------------------------------


def test_pages_of_what_is_missing_hold_each_project_once(registry: Registry) -> None:
    rng = random.Random(1)
    with registry.begin() as connection:
        wanted = {
            entered(connection, accepted_on=DAY + timedelta(days=rng.randrange(5))).id for _ in range(37)
        }
        settled = {n: projects.Settled(rng.choice(("none", "stale", "failed"))) for n in wanted}
        projects.set_analysis(connection, settled)
    nowhere = Catalog(folder=Path(), entries=())
    with registry.read() as connection:
        pages: list[int] = []
        after = None
        while True:
            rows, after = missing(connection, EVERYTHING, Period(), nowhere, after=after, limit=5)
            assert len(rows) <= 5
            pages += [row.project.id for row in rows]
            if after is None:
                break
        days = [projects.get(connection, EVERYTHING, n).accepted_on for n in pages]
    assert sorted(pages) == sorted(wanted)
    assert days == sorted(days, reverse=True)  # type: ignore[type-var]


@pytest.fixture
def filled(registry: Registry, files: dict[str, Path]) -> Registry:
    registered(registry, files["first"])
    with registry.begin() as connection:
        for n in range(5):
            entered(connection, plot(100.02 + n * 0.05, name=f"=示例{n}"), code=f"C{n}")
        entered(connection, {"name": "无位置<script>"}, placed=False)
        entered(connection, accepted_on=None)
    coverage_work.analyse(registry, catalog(registry), EVERYTHING, Period(), at=NOW, by="测试")
    return registry


def proof_of(registry: Registry, path: Path, style: str) -> tuple[int, str]:
    return coverage_export.export(
        registry,
        catalog(registry),
        EVERYTHING,
        Period(),
        path,
        style,
        at=NOW,
        by="测试",
        names={"639901": "甲县"},
    )


def test_a_proof_lists_every_project_and_its_rate_follows_from_them(filled: Registry, tmp_path: Path) -> None:
    import hashlib

    for style in ("csv", "json", "xlsx", "html"):
        count, digest = proof_of(filled, tmp_path / f"p.{style}", style)
        assert count == 6
        assert digest == "sha256:" + hashlib.sha256((tmp_path / f"p.{style}").read_bytes()).hexdigest()
        with filled.read() as connection:
            (entry,) = audit.entries(connection, limit=1)
        assert (entry.action, json.loads(entry.detail)["sha256"]) == ("coverage.export", digest)
    told = json.loads((tmp_path / "p.json").read_bytes())
    rows = list(csv.DictReader(io.StringIO((tmp_path / "p.csv").read_text("utf-8-sig"))))
    assert len(rows) == 7
    dated = [row for row in rows if row["accepted_on"]]
    analysed = [row for row in dated if row["analysis"] == "analysed"]
    assert len(analysed) / len(dated) == told["total"]["rate"] == told["recomputed"]["rate"] == 5 / 6
    assert all(row["synthetic"] == "示例数据，非官方" for row in rows)
    assert all(row["name"].startswith("'=") for row in analysed), "a spreadsheet must not run a name"
    with filled.read() as connection:
        for row in told["projects"]:
            if row["screening"]:
                kept = screenings.get(connection, EVERYTHING, row["screening"])
                assert (kept.record_sha256, kept.edition, str(kept.as_of)) == (
                    row["record_sha256"],
                    row["edition"],
                    row["as_of"],
                )
    book = openpyxl.load_workbook(tmp_path / "p.xlsx")
    assert [sheet.max_row for sheet in book.worksheets[3:]] == [7, 2]
    assert book.worksheets[3]["C2"].value == "=示例0"
    assert book.worksheets[3]["C2"].data_type == "s"
    page = (tmp_path / "p.html").read_text("utf-8")
    assert "83.33%" in page
    assert "示例数据，非官方" in page
    assert "<script" not in page
    assert "无位置&lt;script&gt;" in page


def test_the_same_registry_and_moment_give_the_same_bytes(filled: Registry, tmp_path: Path) -> None:
    for style in ("csv", "json", "xlsx", "html"):
        digests = {proof_of(filled, tmp_path / f"{n}.{style}", style)[1] for n in range(2)}
        assert len(digests) == 1, style


def test_a_rate_that_the_rows_do_not_give_is_not_exported(filled: Registry, tmp_path: Path) -> None:
    with filled.read() as connection:
        assert projects.tally_differences(connection) == 0
    with filled.begin() as connection:
        connection.execute(
            sa.update(tally_rate).where(tally_rate.c.analysis == "analysed").values(projects=99)
        )
    for style in ("csv", "html"):
        with pytest.raises(CoverageDiffers):
            proof_of(filled, tmp_path / f"p.{style}", style)
    assert list(tmp_path.glob("p.*")) == []
    with filled.begin() as connection:
        assert projects.tally_differences(connection) > 0, "verify would see it"
        projects.recount(connection)
        assert projects.tally_differences(connection) == 0


def test_percentages_are_never_rounded_up_to_all() -> None:
    from sanxian.registry.coverage_page import percent

    told = Rate(key="", counts={Analysis.ANALYSED: 99_999, Analysis.NONE: 1})
    assert percent(told.rate) == "99.99%"


# --- the registry as a file ------------------------------------------------------------------------


def test_the_registry_is_exported_in_every_format(filled: Registry, tmp_path: Path) -> None:
    import pyogrio

    from sanxian.registry import export
    from sanxian.registry.search import Filter

    for style in ("csv", "xlsx", "jsonl", "geojson", "gpkg"):
        count, _ = export.export(
            filled, EVERYTHING, Filter(), tmp_path / f"e.{style}", style, at=NOW, by="测试"
        )
        assert count == 7
    lines = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text("utf-8").splitlines()]
    assert {line["document"]["name"] for line in lines} == {f"=示例{n}" for n in range(5)} | {
        "无位置<script>",
        "示例项目",
    }
    features = json.loads((tmp_path / "e.geojson").read_bytes())["features"]
    assert sum(feature["geometry"] is None for feature in features) == 1
    meta, _, shapes, values = pyogrio.raw.read(tmp_path / "e.gpkg")
    assert meta["crs"] == "EPSG:4490"
    assert len(shapes) == 7
    fields = dict(zip(meta["fields"], values, strict=True))
    assert set(fields["notice"]) == {"示例数据，非官方"}
    found = {shapely.from_wkb(blob).x for blob in shapes if blob is not None}
    assert {round(x, 2) for x in found} == {100.02, 100.07, 100.12, 100.17, 100.22, 100.13}
    few, _ = export.export(
        filled, Scope(region="639902"), Filter(), tmp_path / "few.gpkg", "gpkg", at=NOW, by="测试"
    )
    assert few == 0
    assert pyogrio.read_info(tmp_path / "few.gpkg")["features"] == 0

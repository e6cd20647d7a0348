from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry_databases import NOW
from registry_samples import add, document
from sanxian.model import Outcome
from sanxian.registry import Registry, create_registry, projects, search
from sanxian.registry.projects import EVERYTHING, Registered, Scope, Settled
from sanxian.registry.registration import folded
from sanxian.registry.search import After, Count, Filter
from sanxian.registry.tables import person, project

NAMES = (
    "示例化工项目",
    "示例（青海）锂盐",
    "ＡＢＣ-12 光伏",
    "公路改扩建100%",
    "锑矿_采选",
    "'; DROP TABLE project; --",
)
REGIONS = ("630102", "630103", "6302", "63", "", "640102")
CLASSES = ("report", "form", "")


def fill(connection: Connection, seed: int = 0, rows: int = 60) -> list[Registered]:
    chance = random.Random(seed)
    for number in (1, 2):
        connection.execute(
            person.insert(), {"id": number, "name": f"p{number}", "role": "consultant", "created_at": "", "created_by": ""}
        )  # fmt: skip
    found = []
    for i in range(rows):
        place = (101.0 + chance.random() / 10, 36.0 + chance.random() / 10)
        stated = document(
            chance.choice(NAMES) + str(i % 7), at=place, industry=chance.choice(("C2614", "C2631", "D4415"))
        )
        placed = chance.random() < 0.9
        if not placed:
            del stated["parts"]
        day = None if chance.random() < 0.2 else date(2026, 1, 1) + timedelta(chance.randrange(20))
        entered = add(
            connection, stated, placed=placed, accepted_on=day, code=f"2026-{i % 9}", region=chance.choice(REGIONS),
            eia_class=chance.choice(CLASSES), authority=chance.choice(("甲局", "乙局")), owner=chance.choice((None, 1, 2)),
            status=chance.choice(("accepted", "withdrawn")),
        )  # fmt: skip
        if placed and chance.random() < 0.5:
            verdict = chance.choice((None, Outcome.COMPLIANT, Outcome.NON_COMPLIANT))
            projects.set_analysis(
                connection, {entered.id: Settled("failed" if verdict is None else "analysed", i, verdict)}
            )
        found.append(projects.get(connection, EVERYTHING, entered.id))
    return found


def passes(row: Registered, scope: Scope, wanted: Filter) -> bool:
    """What the filter means, said once more without a database."""
    words = [folded(word) for word in wanted.text.split()]
    texts = [folded(text) for text in (row.name, row.code, row.proponent)]
    day = row.accepted_on
    checks = [
        all(word and any(word in text for text in texts) for word in words),
        row.region.startswith(wanted.region),
        row.region.startswith(scope.region),
        row.industry.startswith(wanted.industry),
        wanted.authority in ("", row.authority),
        wanted.eia_class in ("", row.eia_class),
        wanted.status in ("", row.status),
        wanted.analysis in ("", row.analysis),
        wanted.verdict is None or row.verdict == wanted.verdict,
        wanted.owner in (None, row.owner),
        scope.owner in (None, row.owner),
        wanted.accepted_from is None or (day is not None and day >= wanted.accepted_from),
        wanted.accepted_to is None or (day is not None and day <= wanted.accepted_to),
    ]
    if wanted.bbox is not None:
        west, south, east, north = wanted.bbox
        checks.append(
            row.west is not None and row.east is not None and row.south is not None and row.north is not None
            and row.west <= east and row.east >= west and row.south <= north and row.north >= south
        )  # fmt: skip
    return all(checks)


def order(row: Registered) -> tuple[Any, ...]:
    return (row.accepted_on is not None, row.accepted_on or date.min, row.id)


CHOICES: dict[str, Sequence[Any]] = {
    "text": ("", "化工", "示例 锂", "青海锂", "ab", "abc12", "ＡＢＣ", "锑", "100%", "_", "2026-3", "示例公司", "'; drop", "没有", "、"),
    "region": ("", "63", "6301", "630102", "64"),
    "authority": ("", "甲局", "丙局"),
    "industry": ("", "26", "2614", "44"),
    "eia_class": ("", "report"),
    "status": ("", "withdrawn"),
    "analysis": ("", "none", "analysed"),
    "verdict": (None, Outcome.COMPLIANT),
    "accepted_from": (None, date(2026, 1, 5)),
    "accepted_to": (None, date(2026, 1, 15)),
    "bbox": (None, (101.02, 36.0, 101.08, 36.05)),
    "owner": (None, 1),
}  # fmt: skip


def filters() -> list[tuple[Scope, Filter]]:
    """Every condition alone, then any of them together."""
    chance = random.Random(1)
    scopes = (EVERYTHING, EVERYTHING, Scope(region="6301"), Scope(owner=1), Scope(region="63", owner=2))
    alone = [(EVERYTHING, replace(Filter(), **{k: v})) for k, values in CHOICES.items() for v in values[1:]]
    mixed = [
        (
            chance.choice(scopes),
            Filter(
                **{
                    k: chance.choice(values) if chance.random() < 0.3 else values[0]
                    for k, values in CHOICES.items()
                }
            ),
        )
        for _ in range(60)
    ]
    return [*((scope, Filter()) for scope in scopes), *alone, *mixed]


@pytest.mark.parametrize("few", [0, 8, 10_000], ids="few={}".format)
def test_pages_are_what_the_filter_means_in_order_and_none_is_lost(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    if registry.engine.dialect.name == "postgresql" and few != 8:
        return  # only SQLite is told its way
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "TRIED", 5 if few else 0)
    with registry.begin() as connection:
        rows = fill(connection)
    matched = 0
    with registry.read() as connection:
        for (scope, wanted), limit in zip(filters(), itertools.cycle((1000, 7, 1, 20)), strict=False):
            expected = sorted((row for row in rows if passes(row, scope, wanted)), key=order, reverse=True)
            found: list[Registered] = []
            after: After | None = None
            while True:
                page = search.find(connection, scope, wanted, after=after, limit=limit)
                found += page.rows
                assert len(page.rows) == limit or page.next is None
                if page.next is None:
                    break
                after = page.next
            assert [row.id for row in found] == [row.id for row in expected], (scope, wanted, limit)
            assert found == expected
            assert search.count(connection, scope, wanted) == Count(len(expected), exact=True)
            most = max(len(expected) - 1, 0)
            assert search.count(connection, scope, wanted, most=most).exact is (len(expected) <= most)
            matched += len(expected)
    assert matched > 500, "the filters of this test let hardly anything through"


def test_a_page_goes_on_where_the_last_one_ended_while_rows_come_in(registry: Registry) -> None:
    with registry.begin() as connection:
        fill(connection, rows=20)
        before = [row.id for row in search.each(connection, EVERYTHING, Filter(), size=3)]
        first = search.find(connection, EVERYTHING, Filter(), limit=8)
        fresh = {add(connection, accepted_on=day).id for day in (date(2027, 1, 1), date(2026, 1, 1), None)}
        rest: list[int] = []
        page = first
        while page.next is not None:
            page = search.find(connection, EVERYTHING, Filter(), after=page.next, limit=8)
            rest += [row.id for row in page.rows]
    seen = [row.id for row in first.rows] + rest
    assert [number for number in seen if number not in fresh] == before
    assert len(seen) == len(set(seen))


def test_the_search_follows_an_amended_name_and_place(registry: Registry) -> None:
    with registry.begin() as connection:
        entered = add(connection, document("甲乙丙"))
        projects.amend(
            connection, EVERYTHING, entered.id, revision=1, document=document("丁戊己", at=(102.0, 37.0)), at=NOW, by="x"
        )  # fmt: skip
        counted = {
            text: search.count(connection, EVERYTHING, Filter(text=text)).number
            for text in ("乙丙", "丁戊", "2609")
        }
        places = [
            search.count(connection, EVERYTHING, Filter(bbox=box)).number
            for box in ((101.0, 36.0, 101.1, 36.1), (102.0, 37.0, 102.1, 37.1))
        ]
    assert counted == {"乙丙": 0, "丁戊": 1, "2609": 1}
    assert places == [0, 1]


def test_each_column_that_leads_has_an_index_that_goes_on_in_the_order_of_the_list(
    registry: Registry,
) -> None:
    with registry.read() as connection:
        indexes = [index["column_names"] for index in sa.inspect(connection).get_indexes(project.name)]
    leads = {columns[0]: columns[1:3] for columns in indexes if columns[0] != "accepted_on" and columns[1:]}
    assert {column.name for column in search._LEADING} - leads.keys() == {"accepted_on", "owner"}
    assert set(map(tuple, leads.values())) == {("accepted_on", "id")}


@pytest.mark.parametrize(
    ("wanted", "plan"),
    [
        (Filter(), "USING COVERING INDEX ix_project_listed"),
        (Filter(region="6301"), "USING COVERING INDEX ix_project_listed"),
        (Filter(region="630102"), "USING COVERING INDEX ix_project_region_accepted (region="),
        (Filter(authority="甲局"), "USING COVERING INDEX ix_project_authority_accepted (authority="),
        (Filter(analysis="none", status="accepted"), "USING COVERING INDEX ix_project_listed"),
        (Filter(industry="26", eia_class="form"), "USING COVERING INDEX ix_project_listed"),
        (Filter(text="化工"), "USING INDEX ix_project_listed"),
    ],
    ids=str,
)
def test_sqlite_goes_the_way_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: Filter, plan: str
) -> None:
    """A plan that sorts would read every row that fulfils a condition, to show fifty."""
    monkeypatch.setattr(search, "FEW", 0)
    monkeypatch.setattr(search, "TRIED", 0)
    registry = create_registry(tmp_path, now=NOW)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(registry.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    with registry.begin() as connection:
        add(connection)
        asked.clear()
        search.find(connection, EVERYTHING, wanted, limit=1)
        driver: Any = connection.connection.driver_connection
        lists = [one for one in asked if "ORDER BY" in one[0] and "JOIN" not in one[0]]
        plans = [" | ".join(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {s}", p)) for s, p in lists]
    registry.close()
    assert plans
    assert all(plan in one and "TEMP B-TREE" not in one for one in plans), plans

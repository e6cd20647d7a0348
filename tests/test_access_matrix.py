"""The permission matrix: every route of the app × every role × rows of the own and of another region."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

import rights_document
from access_server import NOW, UNLIMITED, Browser, House, code, copied
from sanxian import errors
from sanxian.registry import Registry, accounts, open_registry, projects, tables
from sanxian.registry import accounts_sessions as logins
from sanxian.registry.accounts import Role
from sanxian.registry.attachments import pieces, store
from sanxian.registry.registration import Registration
from sanxian.registry.store import moment
from sanxian.server.rights import RIGHTS, Right, rights_of
from sanxian.server.services import Settings

NEEDED = rights_document.needed()
RIGHT_NAMES = {right.value for right in Right}
WITHOUT = {"anyone", "self", "settled", "secret", "machine"}
OWN, OTHER = "630102", "632801"
JOB = "{:032x}"
HIDDEN = {  # what is said of a row that is not there
    "project": {errors.ProjectUnknown.code, errors.ScreeningUnknown.code},
    "screening": {errors.ScreeningUnknown.code},
    "decision": {errors.DecisionUnknown.code},
    "attachment": {errors.ProjectUnknown.code},
    "person": {errors.PersonNotFound.code},
    "job": {errors.ResourceNotFound.code},
    "intake": {errors.ResourceNotFound.code},
}
# name, role, region: what each test asks as
CALLERS = {
    "public": (Role.PUBLIC, ""),
    "consultant": (Role.CONSULTANT, ""),
    "approver": (Role.APPROVER, "6301"),
    "inspector": (Role.INSPECTOR, "6301"),
    "manager": (Role.ZONING_MANAGER, "6301"),
    "all-manager": (Role.ZONING_MANAGER, ""),
    "county-admin": (Role.ADMINISTRATOR, "6301"),
    "admin": (Role.ADMINISTRATOR, ""),
}


@dataclass(frozen=True)
class World:
    """A registry with two of each row, one of the own region and one of another; and who is logged in."""

    folder: Path
    secrets: dict[str, tuple[str, str]]  # by caller: cookie, CSRF token
    people: dict[str, int]
    intakes: dict[str, str]  # by caller: one they took in
    rows: dict[str, tuple[str, str]]  # by kind: what stands in the path for the own one and the other


_world: list[World] = []


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, made by the first test of a process."""
    if not _world:
        folder = tmp_path_factory.mktemp("world") / "registry"
        registry = copied(tmp_path_factory, folder)
        _world.append(_made(registry, folder))
        registry.close()
    return _world[0]


def _made(registry: Registry, folder: Path) -> World:
    house = House(registry)
    callers = {name: (role, region) for name, (role, region) in CALLERS.items() if role is not Role.PUBLIC}
    people = {name: house.person(name, role, region).id for name, (role, region) in callers.items()}
    neighbour = house.person("neighbour", Role.CONSULTANT)
    persons = [house.person(f"target-{region}", Role.INSPECTOR, region).id for region in (OWN, OTHER)]
    secrets = {}
    with registry.begin() as connection:
        for name in people:
            session, secret = logins.open_session(
                connection,
                accounts.get(connection, name),
                at=NOW,
                life=timedelta(days=1),
                address="",
                agent="",
            )
            secrets[name] = (secret, session.csrf)
    (folder / "note.txt").write_text("附件", "utf-8")
    content = store(registry, pieces(folder / "note.txt"), name="note.txt", most=1000)
    numbers: dict[str, list[int]] = {"project": [], "screening": [], "decision": []}
    with registry.begin() as connection:
        for region, owner in ((OWN, people["consultant"]), (OTHER, neighbour.id)):
            row = projects.add(
                connection, {"name": f"项目{region}", "industry": "C2611"}, Registration(region=region), at=NOW, by="test",
                owner=owner, placed=False,
            )  # fmt: skip
            numbers["project"].append(row.id)
            screening = connection.execute(
                tables.screening.insert().values(
                    project=row.id, version=1, edition="sha256:" + "0" * 64, as_of=NOW.date(), engine="test", verdict=1,
                    record_sha256="sha256:" + "0" * 64, cause="first", at=moment(NOW), by="test",
                )
            ).inserted_primary_key  # fmt: skip
            numbers["screening"].append(screening[0] if screening else 0)
            decision = connection.execute(
                tables.decision.insert().values(
                    project=row.id, screening=numbers["screening"][-1], outcome=1, machine_outcome=1, reason="x",
                    at=moment(NOW), by="test",
                )
            ).inserted_primary_key  # fmt: skip
            numbers["decision"].append(decision[0] if decision else 0)
            from sanxian.registry import attachments
            from sanxian.registry.registration import EVERYTHING

            attachments.add(
                connection, EVERYTHING, row.id, content, name="note.txt", at=NOW, by="test", purpose=""
            )
        for person in (*people.values(), neighbour.id):
            connection.execute(
                tables.job.insert().values(
                    id=JOB.format(person),
                    kind="batch",
                    state="done",
                    ask="{}",
                    person=person,
                    created_at=moment(NOW),
                )
            )
    intakes = {}
    with registry.begin() as connection:
        for name in (*people, "neighbour"):
            taken = connection.execute(
                tables.intake.insert().values(
                    file="x.csv", sha256="x", mapping="{}", state="done", at=moment(NOW), by=name
                )
            ).inserted_primary_key
            intakes[name] = str(taken[0] if taken else 0)
    rows = {kind: (str(own), str(other)) for kind, (own, other) in numbers.items()}
    rows["attachment"] = rows["project"]
    rows["person"] = (str(persons[0]), str(persons[1]))
    rows["job"] = ("", JOB.format(neighbour.id))
    rows["intake"] = ("", intakes["neighbour"])
    return World(folder, secrets, people, intakes, rows)


@pytest.fixture
def made(world: World, tmp_path: Path) -> Iterator[Callable[[], House]]:
    """What makes an app over a fresh copy of the world."""
    houses: list[House] = []

    def make() -> House:
        folder = tmp_path / f"registry-{len(houses)}"
        shutil.copytree(world.folder, folder)
        houses.append(House(open_registry(folder), rates=UNLIMITED))
        return houses[-1]

    yield make
    for one in houses:
        one.registry.close()


@pytest.fixture
def house(made: Callable[[], House]) -> House:
    """An app over a copy of the world."""
    return made()


def routes(house: House) -> dict[str, str]:
    """Every route of the app, ``GET /path``, and the path alone."""
    found = {}
    for route in iter_route_contexts(house.app.routes):
        assert route.path is not None, (
            f"{route.original_route} has no path: say who may use what is mounted there"
        )
        assert route.methods, f"{route.path} takes every method: give it methods"
        for method in route.methods:
            found[f"{method} {route.path}"] = route.path
    return found


def browser_of(house: House, world: World, caller: str) -> Browser:
    browser = house.browser()
    if caller in world.secrets:
        cookie, browser.csrf = world.secrets[caller]
        browser.client.cookies.set("sanxian", cookie, domain="sanxian.test")
    return browser


def asked(browser: Browser, route: str, row: str, number: str) -> httpx.Response:
    """Ask a route for a row, with what the table says to send."""
    method, _, path = route.partition(" ")
    said = NEEDED[route]
    values = {
        "number": row, "person": row, "session": "0" * 16, "token": "999", "secret": "x" * 43, "edition": "none",
        "layer": "none", "code": "none", "collection_id": "none", "code:path": "none", "edition_key": "none", "z": "0",
        "x": "0", "y": "0", "sha256": "sha256:" + "0" * 64,
    }  # fmt: skip
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value or "1")
    assert "{" not in path, f"{route}: say in asked() what to put in the path"
    more: dict[str, Any] = {}
    if "files" in said:
        more["files"] = {name: text.encode() for name, text in said["files"].items()}
    elif method not in ("GET", "HEAD", "DELETE"):
        more["json"] = json.loads(json.dumps(said.get("body", {})).replace('"{row}"', number))
    return browser.ask(
        method,
        f"{browser.client.base_url}{path}",
        headers=said.get("headers", {}),
        params=said.get("query"),
        **more,
    )


# --- the table says all of it ------------------------------------------------------------------------


def test_every_route_says_who_may_use_it(house: House) -> None:
    missing = sorted(set(routes(house)) - set(NEEDED))
    assert missing == [], (
        "say in tests/data/permissions.toml who may use these, then run python tests/rights_document.py"
    )
    gone = sorted(set(NEEDED) - set(routes(house)))
    assert gone == [], "these routes are gone: take them out of tests/data/permissions.toml"


def test_the_table_uses_words_that_are_known() -> None:
    for route, said in NEEDED.items():
        assert said["right"] in RIGHT_NAMES | WITHOUT, route
        assert said.get("row") in {None, "", *HIDDEN}, route
        assert set(said) <= {"right", "row", "body", "headers", "files", "query"}, route


def test_every_route_with_a_row_in_its_path_is_checked_for_rows() -> None:
    for route, said in NEEDED.items():
        if said["right"] in RIGHT_NAMES and ("{number}" in route or "{person}" in route):
            assert "row" in said, f"{route} names a row: say which kind"


def test_the_document_says_the_same() -> None:
    assert rights_document.DOCUMENT.read_text("utf-8") == rights_document.document(), (
        "run python tests/rights_document.py"
    )


# --- and the app does it -------------------------------------------------------------------------


def may(caller: str, right: str) -> bool:
    """Whether the table of rights lets a caller use a route, as far as it does not depend on rows."""
    role, region = CALLERS[caller]
    if right in ("anyone", "secret"):
        return True
    if right in ("self", "settled"):
        return role is not Role.PUBLIC
    own = rights_of(role, region)
    return Right.OPERATE in own if right == "machine" else Right(right) in own


def sees(caller: str, kind: str, *, other: bool) -> bool:
    """Whether a row exists for a caller."""
    role, region = CALLERS[caller]
    if not other:
        return True
    if kind == "job":
        return Right.OPERATE in rights_of(role, region)
    return not region and role is not Role.CONSULTANT


@pytest.mark.parametrize("route", sorted(NEEDED))
def test_a_route_is_for_those_the_table_says_and_nobody_else(
    made: Callable[[], House], world: World, route: str
) -> None:
    house = made()
    if route not in routes(house):
        return  # said by the test of the table
    kind = NEEDED[route].get("row", "")
    for caller in CALLERS:
        for other in (False, True) if kind else (False,):
            row = world.rows[kind][other] if kind else "1"
            if kind == "job" and not other:
                row = JOB.format(world.people.get(caller, 1))
            if kind == "intake" and not other:
                row = world.intakes.get(caller, "1")
            browser = browser_of(house, world, caller)
            answer = asked(browser, route, row, world.rows["screening"][other])
            where = f"{route} as {caller}, {'other' if other else 'own'} row: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code != 500, where
            if may(caller, NEEDED[route]["right"]):
                let_in(answer, kind, where, sees=sees(caller, kind, other=other))
            else:
                kept_out(answer, route, caller, where)
            if answer.status_code < 400 and not route.startswith(("GET", "HEAD")):
                house = made()  # what this one changed must not help or hinder the next


def let_in(answer: httpx.Response, kind: str, where: str, *, sees: bool) -> None:
    """Check the answer to somebody who may ask, about a row they see or do not."""
    found = said(answer)
    assert answer.status_code != 401, where
    assert found not in ("NOT_LOGGED_IN", "FORBIDDEN", "CSRF_REFUSED", "PASSWORD_CHANGE_NEEDED"), where
    if kind:
        assert (found in HIDDEN[kind]) != sees, where
        assert sees or answer.status_code == 404, where


def kept_out(answer: httpx.Response, route: str, caller: str, where: str) -> None:
    """Check the answer to somebody who may not ask."""
    if NEEDED[route]["right"] == "machine":
        assert answer.status_code == 404, where
        return
    status, expected = (401, "NOT_LOGGED_IN") if caller == "public" else (403, "FORBIDDEN")
    assert answer.status_code == status, where
    assert route.startswith("HEAD ") or code(answer) == expected, where


def said(answer: httpx.Response) -> str:
    """Return the code of a problem; "" when it is none, or has no body."""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return code(answer) if is_problem and answer.content else ""


def project_in(region: str) -> dict[str, Any]:
    registration = {"region": region, "eia_class": "report", "accepted_on": "2026-08-20"}
    return {
        "project": {"name": "新项目", "industry": "C2611"},
        "registration": registration,
        "placed": False,
        "analyse": False,
    }


def test_nothing_is_entered_in_or_moved_to_another_region(house: House, world: World) -> None:
    approver = browser_of(house, world, "approver")
    for region in (OTHER, "63", ""):
        answer = approver.post("/projects", project_in(region))
        assert (answer.status_code, code(answer)) == (403, "FORBIDDEN_REGION"), region
    assert approver.post("/projects", project_in(OWN)).status_code == 201
    own = world.rows["project"][0]
    moved = approver.patch(f"/projects/{own}", {"registration": {"region": OTHER}}, headers={"If-Match": "*"})
    assert (moved.status_code, code(moved)) == (403, "FORBIDDEN_REGION")
    assert approver.get(f"/projects/{own}").status_code == 200
    admin = browser_of(house, world, "admin")
    assert {one["region"] for one in admin.get("/projects").json()["items"]} == {OWN, OTHER}


def test_lists_hold_what_one_may_see(house: House, world: World) -> None:
    def listed(caller: str, path: str, key: str = "id") -> list[str]:
        return [str(one[key]) for one in browser_of(house, world, caller).get(path).json()["items"]]

    own, other = world.rows["project"]
    for caller in ("consultant", "approver", "inspector", "manager", "county-admin"):
        assert listed(caller, "/projects") == [own], caller
        assert listed(caller, "/jobs") == [JOB.format(world.people[caller])], caller
    assert sorted(listed("admin", "/projects")) == sorted([own, other])
    assert len(listed("admin", "/jobs")) == len(world.people) + 1
    assert "target-632801" not in listed("county-admin", "/people", "name")
    assert "admin" not in listed("county-admin", "/people", "name")
    for query in (f"region={OTHER}", "region=63", "q=项目632801", "count=true"):
        assert listed("approver", f"/projects?{query}") in ([own], []), query


def test_what_a_consultant_enters_is_theirs(house: House, world: World) -> None:
    consultant = browser_of(house, world, "consultant")
    made = consultant.post("/projects", project_in(OTHER))
    assert made.status_code == 201, made.text
    assert consultant.get(f"/projects/{made.json()['id']}").status_code == 200
    assert browser_of(house, world, "approver").get(f"/projects/{made.json()['id']}").status_code == 404


def test_a_row_that_is_hidden_looks_like_one_that_is_not_there(house: House, world: World) -> None:
    approver = browser_of(house, world, "approver")
    for kind, path in (
        ("project", "/projects/{}"),
        ("screening", "/screenings/{}"),
        ("project", "/projects/{}/attachments"),
    ):
        hidden, none = (approver.get(path.format(number)) for number in (world.rows[kind][1], "424242"))

        def told(answer: httpx.Response, number: str) -> str:
            return answer.text.replace(answer.json()["request_id"], "").replace(number, "N")

        assert told(hidden, world.rows[kind][1]) == told(none, "424242")


def test_an_own_row_does_not_open_another_ones(house: House, world: World) -> None:
    approver = browser_of(house, world, "approver")
    own, other = world.rows["project"][0], world.rows["screening"][1]
    body = {"screening": int(other), "outcome": "COMPLIANT", "reason": "x"}
    answer = approver.post(f"/projects/{own}/decisions", body)
    assert (answer.status_code, code(answer)) == (404, errors.ScreeningUnknown.code)


def test_a_token_is_held_to_its_scopes_on_every_route(house: House, world: World) -> None:
    with house.registry.begin() as connection:
        admin = accounts.get(connection, "admin")
        allowed = [right.value for right in RIGHTS[Role.ADMINISTRATOR]]
        _, secret = logins.issue_token(
            connection, admin, name="t", scopes=["look"], allowed=allowed, days=1, at=NOW, by="test"
        )
    program = house.browser(token=secret)
    for route, said in NEEDED.items():
        if said["right"] in RIGHT_NAMES - {"look"} and route in routes(house):
            answer = asked(program, route, world.rows.get(said.get("row", ""), ("1",))[0], "1")
            assert (answer.status_code, code(answer)) == (403, "FORBIDDEN"), route
        if said["right"] in ("self", "settled"):
            assert code(asked(program, route, "1", "1")) == "SESSION_NEEDED", route


def test_no_change_by_cookie_goes_without_the_proof_of_our_pages(house: House, world: World) -> None:
    """On every route that changes something, whoever wrote it."""
    for route, said in NEEDED.items():
        if (
            route.split()[0] not in ("GET", "HEAD")
            and route in routes(house)
            and route != "POST /api/v1/session"
        ):
            browser = browser_of(house, world, "admin")
            browser.csrf = ""
            answer = asked(
                browser, route, world.rows.get(said.get("row", ""), ("1",))[0] or JOB.format(1), "1"
            )
            assert (answer.status_code, code(answer)) == (403, "CSRF_REFUSED"), route


def test_with_a_one_time_password_every_right_waits(house: House, world: World) -> None:
    with house.registry.begin() as connection:
        connection.execute(
            tables.person.update().where(tables.person.c.name == "admin").values(must_change=True)
        )
    browser = browser_of(house, world, "admin")
    for route, said in NEEDED.items():
        if said["right"] in RIGHT_NAMES | {"settled"} and route in routes(house):
            answer = asked(
                browser, route, world.rows.get(said.get("row", ""), ("1",))[0] or JOB.format(1), "1"
            )
            assert answer.status_code == 403, route
            assert route.startswith("HEAD ") or code(answer) == "PASSWORD_CHANGE_NEEDED", route


def test_public_screening_can_be_switched_off(house: House) -> None:
    closed = House(house.registry, settings=Settings(public_screening=False), rates=UNLIMITED)
    for path in ("/screenings", "/screenings/asks", "/answers/case"):
        assert code(closed.browser().post(path, {})) == "NOT_LOGGED_IN"
    assert closed.browser().get("/capabilities").status_code == 200


def test_no_secret_is_kept_for_a_request_sent_twice(house: House, world: World) -> None:
    admin = browser_of(house, world, "admin")
    headers = {"Idempotency-Key": "k1"}
    first = admin.post("/people", {"name": "twice", "role": "inspector", "region": ""}, headers=headers)
    assert first.status_code == 201
    admin.post("/me/tokens", {"name": "t", "scopes": ["look"]}, headers={"Idempotency-Key": "k2"})
    admin.post(f"/people/{first.json()['id']}/password", headers={"Idempotency-Key": "k3"})
    admin.post(f"/screenings/{world.rows['screening'][0]}/shares", {}, headers={"Idempotency-Key": "k4"})
    with house.registry.read() as connection:
        assert connection.execute(tables.idempotency.select()).all() == []

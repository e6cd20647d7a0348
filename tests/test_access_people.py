"""People looked after and the audit log read over HTTP; and what hostile text does there: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_server import (
    NOW,
    UNLIMITED,
    House,
    code,
    copied,
)
from sanxian.registry import create_registry, open_registry
from sanxian.registry.accounts import Role
from sanxian.server.paging import cursor


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[House]:
    """An app over an empty registry; nobody is stopped for asking too often."""
    made = House(copied(tmp_path_factory, tmp_path / "registry"), rates=UNLIMITED)
    yield made
    made.registry.close()


def test_an_administrator_looks_after_people(house: House) -> None:
    house.person("root", Role.ADMINISTRATOR)
    admin = house.logged_in("root")
    made = admin.post("/people", {"name": "Zhang", "role": "approver", "region": "630100", "title": "张三"})
    assert made.status_code == 201
    where, tag = made.headers["location"].removeprefix("/api/v1"), made.headers["etag"]
    assert made.json()["region"] == "6301"
    assert admin.get(where).headers["etag"] == tag
    assert admin.get(where, headers={"If-None-Match": tag}).status_code == 304
    assert code(admin.patch(where, {"title": "x"})) == "REQUEST_PRECONDITION_MISSING"
    changed = admin.patch(where, {"title": "李四"}, headers={"If-Match": tag})
    assert changed.json()["title"] == "李四"
    late = admin.patch(where, {"title": "x"}, headers={"If-Match": tag})
    assert (late.status_code, code(late)) == (412, "REQUEST_PRECONDITION")
    zhang = house.logged_in("zhang", made.json()["one_time_password"])
    reset = admin.post(f"{where}/password").json()["one_time_password"]
    assert zhang.get("/me").json()["role"] == "public"
    zhang = house.logged_in("zhang", reset)
    assert admin.delete(f"{where}/sessions").status_code == 204
    assert zhang.get("/me").json()["role"] == "public"
    assert code(admin.get("/people/999")) == "PERSON_NOT_FOUND"
    assert admin.get("/audit/verify").json()["broken"] is None


def test_people_come_in_pages_with_links(house: House) -> None:
    house.person("root", Role.ADMINISTRATOR)
    for number in range(7):
        house.person(f"p{number}", password="")
    admin = house.logged_in("root")
    seen, where = [], "/people?limit=3"
    while where:
        answer = admin.get(where)
        seen += [one["name"] for one in answer.json()["items"]]
        where = (answer.json()["next"] or "").removeprefix("/api/v1")
        assert (where in answer.headers.get("link", "")) or not where
    assert seen == sorted(seen)
    assert len(seen) == 8
    for bad in ("limit=0", "limit=100000", "after=x", "after=WzFd", "role=king"):
        assert admin.get(f"/people?{bad}").status_code == 422, bad


def test_the_audit_log_is_read_in_pages_and_verified(house: House) -> None:
    house.person("root", Role.ADMINISTRATOR)
    admin = house.logged_in("root")
    for number in range(9):
        admin.post("/people", {"name": f"p{number}", "role": "inspector", "region": "63", "password": False})
    seen, where = [], "/audit?limit=4"
    while where:
        answer = admin.get(where)
        seen += [one["seq"] for one in answer.json()["items"]]
        where = (answer.json()["next"] or "").removeprefix("/api/v1")
    assert seen == list(range(11, 0, -1))
    assert [one["action"] for one in admin.get("/audit?subject=person:3").json()["items"]] == ["person.add"]
    head = admin.get("/audit/verify").json()["head"]
    assert admin.get("/audit/verify", params={"known": head}).json()["broken"] is None
    forged = head.partition(":")[0] + ":" + "0" * 64
    assert admin.get("/audit/verify", params={"known": forged}).json()["broken"] == 11
    assert admin.get("/audit/verify?known=x").status_code == 422


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_no_database_can_compare_is_refused(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """On PostgreSQL too, which takes no NUL and no larger number than it can hold."""
    made = request.getfixturevalue("cluster").made() if kind == "postgresql" else None
    folder = tmp_path / "registry"
    registry = open_registry(folder, url=made) if made else create_registry(folder, now=NOW)
    house = House(registry, rates=UNLIMITED)
    house.person("root", Role.ADMINISTRATOR)
    admin = house.logged_in("root")
    assert admin.log_in("root\x00").status_code == 401
    for path in (
        "/people?text=%00", "/audit?subject=%00", "/audit?actor=a%00b", f"/people/{10**30}", f"/people/{2**62}/tokens",
        "/people/0", f"/audit?after={cursor([2**70])}", f"/people?after={cursor(['a' + chr(0)])}",
        f"/people?after={cursor([chr(0xD800)])}", f"/people?after={cursor(['a', 1])}", f"/people?after={cursor([1.5])}",
    ):  # fmt: skip
        answer = admin.get(path)
        assert (answer.status_code, code(answer)) == (422, "REQUEST_INVALID"), path
    assert admin.delete(f"/me/tokens/{2**60}").status_code == 422
    for body in ({"name": "a\x00"}, {"title": "a\x00"}, {"email": "a\x00@b"}, {"region": "6\x00"}):
        assert (
            admin.post("/people", {"name": "li", "role": "approver", "region": "", **body}).status_code == 422
        )
    assert admin.post("/me/tokens", {"name": "a\x00", "scopes": ["look"]}).status_code == 422
    registry.close()


NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE person; --",
    "{{7*7}}",
    "=cmd|'/c calc'!A1",
]


@pytest.mark.parametrize("text", NASTY)
def test_what_is_written_as_a_title_comes_back_as_data(house: House, text: str) -> None:
    house.person("root", Role.ADMINISTRATOR)
    admin = house.logged_in("root")
    made = admin.post("/people", {"name": "li", "role": "approver", "region": "", "title": text})
    assert made.json()["title"] == text
    for answer in (admin.get("/people"), admin.get("/audit"), admin.get("/people/2")):
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(admin.get("/people", params={"text": text}).json()["items"]) == 1
    bad = admin.post("/people", {"name": text, "role": "approver", "region": ""})
    assert (bad.status_code, code(bad)) == (422, "PERSON_INVALID")


def test_no_line_end_gets_into_a_header_or_a_log(house: House) -> None:
    house.person("root", Role.ADMINISTRATOR)
    admin = house.logged_in("root")
    for body in (
        {"name": "a\r\nSet-Cookie: x=1", "role": "approver", "region": ""},
        {"name": "a", "title": "b\r\nX: y", "role": "approver", "region": ""},
        {"name": "a", "region": "63\r\nX: y", "role": "approver"},
    ):
        answer = admin.post("/people", body)
        assert answer.status_code == 422
        assert "x" not in answer.headers
        assert "\r" not in answer.json()["zh"]
    house.clock.on(seconds=1)
    nasty = house.browser()
    nasty.client.headers["User-Agent"] = "Mozilla \x1b[31m"
    nasty.log_in("root")
    (newest, *_) = nasty.get("/me/sessions").json()
    assert newest["agent"] == "Mozilla [31m"


def test_every_secret_is_shown_once_and_never_kept_by_a_cache(house: House) -> None:
    house.person("root", Role.ADMINISTRATOR)
    admin = house.logged_in("root")
    for answer in (
        admin.post("/people", {"name": "li", "role": "approver", "region": ""}),
        admin.post("/people/2/password"),
        admin.post("/me/tokens", {"name": "t", "scopes": ["look"]}),
        admin.get("/me"),
    ):
        assert answer.headers["cache-control"] == "no-store"
    assert not re.search(
        r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}|sanxian_", admin.get("/people").text + admin.get("/audit").text
    )

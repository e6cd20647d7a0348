"""Logging in, staying logged in and being kept out: what a browser, a program and an attacker get from the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from starlette.requests import Request

from access_server import (
    NOW,
    ORIGIN,
    PASSWORD,
    UNLIMITED,
    Browser,
    House,
    code,
    copied,
)
from sanxian.errors import CsrfRefused
from sanxian.registry import accounts_sessions as logins
from sanxian.registry import tables
from sanxian.registry.accounts import Role
from sanxian.registry.accounts_passwords import Passwords
from sanxian.server import csrf
from sanxian.server.access import address_of
from sanxian.server.limits import Rates
from sanxian.server.services import Settings


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[House]:
    """An app over an empty registry; nobody is stopped for asking too often."""
    made = House(copied(tmp_path_factory, tmp_path / "registry"), rates=UNLIMITED)
    yield made
    made.registry.close()


def other_house(house: House, **more: Any) -> House:
    """Return another app over the same registry."""
    return House(house.registry, clock=house.clock, **{"rates": UNLIMITED, **more})


# --- logging in ----------------------------------------------------------------------------------


def test_somebody_logs_in_works_and_logs_out(house: House) -> None:
    house.person("zhang", region="6301", title="张三")
    browser = house.browser()
    assert browser.get("/me").json()["role"] == "public"
    answer = browser.log_in("Zhang")
    me = answer.json()
    assert (me["person"]["title"], me["role"], me["region"]) == ("张三", "approver", "6301")
    assert "project.write" in me["rights"]
    assert browser.get("/me").json() == me
    assert answer.headers["cache-control"] == "no-store"
    assert browser.delete("/session").status_code == 204
    assert browser.get("/me").json()["role"] == "public"
    assert house.actions() == ["person.add", "person.login", "person.logout"]


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_for_nobody_else(house: House, *, secure: bool) -> None:
    house = other_house(house, settings=Settings(secure=secure))
    house.person("zhang")
    browser = house.browser(origin="https://sanxian.test" if secure else ORIGIN)
    said = browser.log_in("zhang").headers["set-cookie"]
    name, _, attributes = said.partition("=")
    assert name == ("__Host-sanxian" if secure else "sanxian")
    parts = {part.strip().lower() for part in attributes.split(";")[1:]}
    assert {"httponly", "path=/", "samesite=strict", "max-age=43200"} <= parts
    assert ("secure" in parts) == secure
    assert not any(part.startswith("domain") for part in parts)
    assert browser.get("/me").json()["role"] == "approver"
    gone = browser.delete("/session").headers["set-cookie"]
    assert gone.startswith(f'{name}=""')
    assert ("Secure" in gone) == secure, "a browser drops a __Host- cookie only so"


@pytest.mark.parametrize("wrong", ["wrong", "", PASSWORD.upper(), PASSWORD + "\x00", "x" * 900])
def test_a_wrong_password_does_not(house: House, wrong: str) -> None:
    house.person("zhang")
    answer = house.browser().log_in("zhang", wrong)
    assert (answer.status_code, code(answer)) == (401, "LOGIN_REFUSED")
    assert "set-cookie" not in answer.headers
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert house.actions()[-1] == "person.login.refused"


def test_an_answer_does_not_tell_who_exists(house: House) -> None:
    house.person("known")
    house.person("program", password="")
    off = house.person("off")
    with house.registry.begin() as connection:
        connection.execute(tables.person.update().where(tables.person.c.id == off.id).values(active=False))
    answers = [
        house.browser().log_in(name, "wrong") for name in ("known", "unknown", "program", "off", "<b>", "")
    ]
    answers.append(house.browser().log_in("off", PASSWORD))
    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    names = [{k for k in answer.headers if k != "x-request-id"} for answer in answers]
    assert all(one == names[0] for one in names)


def test_nor_does_the_work_it_took(house: House) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
            Counting.verified += 1
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    house = other_house(house, passwords=passwords)
    house.person("known")
    work = []
    for name in ("known", "unknown", "?" * 150):
        before = Counting.verified
        house.browser().log_in(name, "wrong")
        work.append(Counting.verified - before)
    assert work == [1, 1, 1]


def test_a_name_nobody_has_is_not_written_down(house: House) -> None:
    house.browser().log_in("my-secret-password", "x")
    with house.registry.read() as connection:
        assert "my-secret" not in repr(connection.execute(sa.select(tables.audit)).all())


def test_each_login_is_a_new_session_whatever_cookie_was_there(house: House) -> None:
    house.person("zhang")
    browser = house.browser()
    browser.client.cookies.set("sanxian", "chosen-by-an-attacker", domain="sanxian.test")
    browser.log_in("zhang")
    first = browser.client.cookies["sanxian"]
    assert first != "chosen-by-an-attacker"
    csrf_before = browser.csrf
    browser.log_in("zhang")
    assert browser.client.cookies["sanxian"] != first
    assert browser.csrf != csrf_before
    thief = house.browser()
    thief.client.cookies.set("sanxian", first, domain="sanxian.test")
    assert thief.get("/me").json()["role"] == "public", "the session before has ended"


def test_a_session_ends_by_idleness_and_by_age(house: House) -> None:
    house.person("zhang")
    browser = house.logged_in("zhang")
    for _ in range(20):
        house.clock.on(minutes=29)
        assert browser.get("/me").json()["role"] == "approver"
    house.clock.on(minutes=31)
    assert browser.get("/me").json()["role"] == "public"
    browser = house.logged_in("zhang")
    for _ in range(int(12 * 60 / 25)):
        house.clock.on(minutes=25)
        browser.get("/me")
    house.clock.on(minutes=25)
    assert browser.get("/me").json()["role"] == "public"


def test_a_hash_of_older_parameters_is_made_anew_at_login(house: House) -> None:
    person = house.person("zhang")

    def kept() -> str:
        with house.registry.read() as connection:
            found: str = connection.execute(
                sa.select(tables.person.c.password).where(tables.person.c.id == person.id)
            ).scalar_one()
            return found

    before = kept()
    house.logged_in("zhang")
    assert kept() == before
    stronger = other_house(
        house, passwords=Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    )
    assert stronger.browser().log_in("zhang", "wrong").status_code == 401
    assert kept() == before
    stronger.logged_in("zhang")
    assert "m=16,t=2" in kept()
    stronger.logged_in("zhang")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"name":"zhang","password":"x"}', "text/plain"),
        (b"name=zhang&password=x", "application/x-www-form-urlencoded"),
        (b"[]", "application/json"), (b"{", "application/json"), (b"", "application/json"),
        (b'{"name":"zhang","password":"x","role":"administrator"}', "application/json"),
        (b'{"name":["zhang"],"password":{}}', "application/json"),
        (b'{"name":"' + b"x" * 300 + b'","password":"x"}', "application/json"),
        (b'{"name":"\\ud800","password":"x"}', "application/json"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_login_is_refused_without_repeating_it(
    house: House, content: bytes, kind: str
) -> None:
    answer = house.browser().ask("POST", "/session", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (415, 422)
    assert '"x"' not in answer.text


# --- one-time passwords --------------------------------------------------------------------------


def test_with_a_one_time_password_nothing_can_be_done_but_to_change_it(house: House) -> None:
    house.person("zhang", Role.ADMINISTRATOR, password="ABCD-EFGH", must_change=True)  # noqa: S106
    browser = house.logged_in("zhang", "ABCD-EFGH")
    me = browser.get("/me").json()
    assert (me["must_change"], me["rights"]) == (True, [])
    for method, path in (
        ("GET", "/people"),
        ("GET", "/audit"),
        ("GET", "/me/tokens"),
        ("GET", "/me/sessions"),
        ("GET", "/capabilities"),
    ):
        answer = browser.ask(method, path)
        assert (answer.status_code, code(answer)) == (403, "PASSWORD_CHANGE_NEEDED"), path
    token = {"name": "t", "scopes": ["audit"]}
    assert code(browser.post("/me/tokens", token)) == "PASSWORD_CHANGE_NEEDED"
    same = browser.put("/me/password", {"present": "ABCD-EFGH", "new": "ABCD-EFGH"})
    assert code(same) == "PASSWORD_WEAK"
    changed = browser.put("/me/password", {"present": "ABCD-EFGH", "new": PASSWORD})
    assert changed.json()["must_change"] is False
    browser.csrf = changed.json()["csrf"]
    assert browser.get("/people").status_code == 200


def test_changing_the_password_needs_it_and_ends_every_other_login(house: House) -> None:
    house.person("zhang")
    here, there = house.logged_in("zhang"), house.logged_in("zhang")
    cookie = here.client.cookies["sanxian"]
    assert code(here.put("/me/password", {"present": "wrong", "new": "another good one"})) == "PASSWORD_WRONG"
    assert code(here.put("/me/password", {"present": PASSWORD, "new": "short"})) == "PASSWORD_WEAK"
    assert there.get("/me").json()["role"] == "approver"
    changed = here.put("/me/password", {"present": PASSWORD, "new": "another good one"})
    assert changed.status_code == 200
    assert there.get("/me").json()["role"] == "public"
    assert here.get("/me").json()["role"] == "approver"
    assert here.client.cookies["sanxian"] != cookie
    assert house.browser().log_in("zhang").status_code == 401
    assert house.browser().log_in("zhang", "another good one").status_code == 200


# --- sessions and tokens -------------------------------------------------------------------------


def test_somebody_sees_and_ends_their_own_logins(house: House) -> None:
    house.person("zhang")
    house.person("li")
    here, there, other = house.logged_in("zhang"), house.logged_in("zhang"), house.logged_in("li")
    shown = here.get("/me/sessions").json()
    assert [one["current"] for one in shown].count(True) == 1
    assert len(shown) == 2
    for cookie in (here.client.cookies["sanxian"], here.csrf):
        assert cookie not in str(shown)
    (theirs,) = other.get("/me/sessions").json()
    assert code(here.delete(f"/me/sessions/{theirs['id']}")) == "SESSION_NOT_FOUND"
    (another,) = (one["id"] for one in shown if not one["current"])
    assert here.delete(f"/me/sessions/{another}").status_code == 204
    assert there.get("/me").json()["role"] == "public"
    there = house.logged_in("zhang")
    assert here.delete("/me/sessions").status_code == 204
    assert [one.get("/me").json()["role"] for one in (here, there, other)] == ["public", "public", "approver"]


def test_a_token_has_its_scopes_and_no_more(house: House) -> None:
    house.person("zhang", Role.ADMINISTRATOR)
    browser = house.logged_in("zhang")
    made = browser.post("/me/tokens", {"name": "对接", "scopes": ["audit"], "days": 2})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret not in browser.get("/me/tokens").text
    program = house.browser(token=secret)
    assert program.get("/me").json()["rights"] == ["audit"]
    assert program.get("/audit").status_code == 200
    refused = program.get("/people")
    assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")
    for method, path, body in (
        ("POST", "/me/tokens", {"name": "t", "scopes": ["audit"]}),
        ("PUT", "/me/password", {"present": PASSWORD, "new": "another good one"}),
        ("GET", "/me/tokens", None), ("DELETE", "/me/tokens/1", None), ("DELETE", "/me/sessions", None),
    ):  # fmt: skip
        assert code(program.ask(method, path, json=body)) == "SESSION_NEEDED", path
    house.clock.on(days=3)
    answer = program.get("/me")
    assert (answer.status_code, code(answer)) == (401, "TOKEN_REFUSED")


def test_a_token_loses_what_its_owner_loses(house: House) -> None:
    house.person("root", Role.ADMINISTRATOR)
    house.person("zhang", Role.ADMINISTRATOR)
    secret = (
        house.logged_in("zhang")
        .post("/me/tokens", {"name": "t", "scopes": ["audit", "look"]})
        .json()["secret"]
    )
    program, admin = house.browser(token=secret), house.logged_in("root")
    tag = admin.get("/people/2").headers["etag"]
    admin.patch("/people/2", {"role": "inspector"}, headers={"If-Match": tag})
    assert program.get("/me").json()["rights"] == ["look"]
    tag = admin.get("/people/2").headers["etag"]
    admin.patch("/people/2", {"active": False}, headers={"If-Match": tag})
    assert code(program.get("/me")) == "TOKEN_REFUSED"


@pytest.mark.parametrize(
    "scheme", ["Bearer ", "bearer ", "Bearer sanxian_x", "Bearer " + "x" * 5000, "Bearer '; --"]
)
def test_a_token_that_is_none_is_refused_and_not_taken_for_the_public(house: House, scheme: str) -> None:
    answer = house.browser().get("/capabilities", headers={"Authorization": scheme})
    assert (answer.status_code, code(answer)) == (401, "TOKEN_REFUSED")


def test_the_last_use_of_a_token_is_written_once_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.person("zhang")
    secret = house.logged_in("zhang").post("/me/tokens", {"name": "t", "scopes": ["look"]}).json()["secret"]
    program, written = house.browser(token=secret), []
    monkeypatch.setattr(logins, "token_used", lambda *_, at: written.append(at))
    house.clock.on(seconds=1)
    with house.registry.begin() as connection:
        connection.execute(tables.token.update().values(used_at="2026-09-01T08:00:00.000000Z"))
    for _ in range(10):
        program.get("/me")
    assert written == []
    house.clock.on(minutes=1)
    program.get("/me")
    assert written == [NOW + timedelta(seconds=61)]


# --- requests of other sites -----------------------------------------------------------------------


BAD: list[dict[str, str | None]] = [
    {"X-CSRF-Token": None}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": "é"},
    {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Origin": "http://sanxian.test.evil.test"},
    {"Origin": "http://sanxian.test:8080"}, {"Origin": "http://evil@sanxian.test.cn"}, {"Origin": "ftp://sanxian.test"},
    {"Origin": "http://["}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
]  # fmt: skip


@pytest.mark.parametrize("headers", BAD, ids=str)
def test_another_site_changes_nothing_with_somebodys_cookie(house: House, headers: dict[str, Any]) -> None:
    house.person("zhang", Role.ADMINISTRATOR)
    browser = house.logged_in("zhang")
    new = {"name": "evil", "role": "administrator", "region": ""}
    for method, path, body in (
        ("POST", "/people", new), ("DELETE", "/session", None), ("PUT", "/me/password", {"present": PASSWORD, "new": "x" * 12}),
        ("POST", "/screenings", {}),
    ):  # fmt: skip
        raw = {k: v.encode("utf-8") if isinstance(v, str) else v for k, v in headers.items()}
        answer = browser.ask(method, path, json=body, headers=raw)
        assert (answer.status_code, code(answer)) == (403, "CSRF_REFUSED"), path
    assert browser.get("/people").json()["items"][0]["name"] == "zhang"
    assert len(browser.get("/people").json()["items"]) == 1


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": None}]
)
def test_our_own_pages_do(house: House, headers: dict[str, Any]) -> None:
    house.person("zhang", Role.ADMINISTRATOR)
    browser = house.logged_in("zhang")
    del browser.client.headers["Origin"]
    sent = {"Origin": ORIGIN, **headers}
    answer = browser.ask(
        "POST", "/people", json={"name": "li", "role": "approver", "region": "63"}, headers=sent
    )
    assert answer.status_code == 201


def test_another_persons_proof_is_none(house: House) -> None:
    house.person("zhang", Role.ADMINISTRATOR)
    house.person("li")
    zhang, li = house.logged_in("zhang"), house.logged_in("li")
    zhang.csrf = li.csrf
    assert code(zhang.post("/people", {"name": "x", "role": "approver", "region": ""})) == "CSRF_REFUSED"


@pytest.mark.parametrize("headers", [one for one in BAD if "X-CSRF-Token" not in one], ids=str)
def test_another_site_logs_nobody_in(house: House, headers: dict[str, Any]) -> None:
    house.person("evil")
    answer = house.browser().ask(
        "POST", "/session", json={"name": "evil", "password": PASSWORD}, headers=headers
    )
    assert (answer.status_code, code(answer)) == (403, "CSRF_REFUSED")
    assert "set-cookie" not in answer.headers


def test_a_program_needs_no_proof(house: House) -> None:
    house.person("zhang", Role.ADMINISTRATOR)
    secret = (
        house.logged_in("zhang")
        .post("/me/tokens", {"name": "t", "scopes": ["person.manage"]})
        .json()["secret"]
    )
    program = house.browser(token=secret)
    headers = {"Origin": "http://elsewhere.test", "Sec-Fetch-Site": "cross-site"}
    answer = program.ask(
        "POST", "/people", json={"name": "li", "role": "approver", "region": "63"}, headers=headers
    )
    assert answer.status_code == 201


def test_no_other_site_may_read_answers_or_send_headers(house: House) -> None:
    browser = house.browser()
    ask = {
        "Origin": "http://evil.test",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-csrf-token",
    }
    for answer in (
        browser.get("/me", headers={"Origin": "http://evil.test"}),
        browser.ask("OPTIONS", "/session", headers=ask),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("public_url", "origin", "good"),
    [
        ("https://eco.example.cn", "https://eco.example.cn", True), ("https://eco.example.cn/", "https://ECO.example.cn:443", True),
        ("https://eco.example.cn", "http://eco.example.cn", False), ("https://eco.example.cn:8443", "https://eco.example.cn", False),
        ("https://eco.example.cn/map", "https://eco.example.cn", True), ("", "https://behind.proxy", True), ("", "http://behind.proxy", True),
        ("", "http://behind.proxy:81", False), ("", "file://", False),
    ],
)  # fmt: skip
def test_where_a_request_may_come_from(public_url: str, origin: str, *, good: bool) -> None:
    headers = {"origin": origin, "host": "behind.proxy", "x-csrf-token": "t"}
    if good:
        csrf.check(headers, expected="t", public_url=public_url)
    else:
        with pytest.raises(CsrfRefused):
            csrf.check(headers, expected="t", public_url=public_url)


# --- asking too often ----------------------------------------------------------------------------


def limited(house: House, **rates: int) -> House:
    return other_house(house, rates=Rates(**{"logins_per_name": 5, "logins_per_address": 8, **rates}))


def retry(answer: httpx.Response) -> int:
    assert (answer.status_code, code(answer)) == (429, "TOO_MANY_REQUESTS")
    seconds = int(answer.headers["retry-after"])
    assert str(seconds) in answer.json()["en"]
    return seconds


def test_guessing_one_password_is_stopped_from_everywhere_even_when_right(house: House) -> None:
    house = limited(house)
    house.person("zhang")
    house.person("li")
    for number in range(5):
        assert house.browser(address=f"192.0.2.{number}").log_in("zhang", "wrong").status_code == 401
    stopped = house.browser(address="192.0.2.99").log_in("ZHANG")
    assert 1 <= retry(stopped) <= 15 * 60
    assert "set-cookie" not in stopped.headers
    assert house.browser(address="192.0.2.99").log_in("li").status_code == 200


def test_guessing_one_password_for_everybody_is_stopped(house: House) -> None:
    house = limited(house)
    house.person("zhang")
    for number in range(8):
        assert house.browser(address="192.0.2.7").log_in(f"person{number}", "wrong").status_code == 401
    assert retry(house.browser(address="192.0.2.7").log_in("zhang")) <= 5 * 60
    assert house.browser(address="192.0.2.8").log_in("zhang").status_code == 200


def test_a_network_of_addresses_counts_once(house: House) -> None:
    house = limited(house)
    for number in range(8):
        house.browser(address=f"2001:db8:1:2::{number:x}").log_in(f"person{number}", "wrong")
    retry(house.browser(address="2001:db8:1:2:ffff::1").log_in("zhang"))
    assert house.browser(address="2001:db8:1:3::1").log_in("zhang").status_code == 401


def test_the_right_password_clears_the_count(house: House) -> None:
    house = limited(house, logins_per_address=1000)
    house.person("zhang")
    for _ in range(3):
        for _ in range(4):
            assert house.browser().log_in("zhang", "wrong").status_code == 401
        assert house.browser().log_in("zhang").status_code == 200


def test_the_present_password_is_not_guessed_either(house: House) -> None:
    house = limited(house)
    house.person("zhang")
    browser = house.logged_in("zhang")
    for _ in range(5):
        assert (
            code(browser.put("/me/password", {"present": "x", "new": "another good one"})) == "PASSWORD_WRONG"
        )
    retry(browser.put("/me/password", {"present": PASSWORD, "new": "another good one"}))


def test_screenings_and_uploads_are_counted_by_caller(house: House) -> None:
    house = limited(house, public_screenings_per_minute=3, screenings_per_minute=6, uploads_per_minute=2)
    house.person("zhang")
    public, other, browser = (
        house.browser(address="192.0.2.1"),
        house.browser(address="192.0.2.2"),
        house.logged_in("zhang"),
    )

    def tries(who: Browser, times: int, **sent: Any) -> list[bool]:
        return [who.ask("POST", "/screenings", **sent).status_code == 429 for _ in range(times)]

    assert tries(public, 4, json={}) == [False] * 3 + [True]
    retry(public.post("/screenings", {}))
    assert tries(other, 2, files={"file": b"x"}) == [False, False]
    assert tries(other, 1, files={"file": b"x"}) == [True]
    assert tries(browser, 7, json={}) == [False] * 6 + [True]


def test_behind_a_proxy_that_is_trusted_the_address_is_the_one_it_saw() -> None:
    def of(peer: str | None, forwarded: list[str], trusted: tuple[str, ...]) -> str:
        headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
        client = None if peer is None else (peer, 1)
        return address_of(Request({"type": "http", "headers": headers, "client": client}), trusted)

    proxies = ("10.0.0.0/8", "127.0.0.1", "::1")
    assert of("203.0.113.5", ["1.2.3.4"], proxies) == "203.0.113.5", "anybody can write the header"
    assert of("203.0.113.5", ["1.2.3.4"], ()) == "203.0.113.5"
    assert of("10.0.0.1", ["1.2.3.4"], ()) == "10.0.0.1"
    assert of("10.0.0.1", ["1.2.3.4"], proxies) == "1.2.3.4"
    assert of("10.0.0.1", ["6.6.6.6, 1.2.3.4"], proxies) == "1.2.3.4", (
        "what stands before was written by the client"
    )
    assert of("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.9.9.9"], proxies) == "1.2.3.4"
    assert of("::ffff:10.0.0.1", ["2001:db8::1"], proxies) == "2001:db8::1"
    assert of("10.0.0.1", ["unknown"], proxies) == "10.0.0.1"
    assert of("10.0.0.1", [], proxies) == "10.0.0.1"
    assert of("10.0.0.1", ["10.0.0.2"], proxies) == "10.0.0.2"
    assert of(None, ["1.2.3.4"], proxies) == ""
    assert of("10.0.0.1", ["1.2.3.4"], ("not an address",)) == "10.0.0.1"

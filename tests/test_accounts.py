"""People, passwords, sessions and tokens in the registry, on both databases; and the commands for an administrator."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from hypothesis import example, given
from hypothesis import strategies as st

from access_server import NOW, PASSWORD, quick
from command_line import Run, both_languages
from sanxian import errors
from sanxian.registry import Registry, accounts, audit, tables
from sanxian.registry import accounts_sessions as logins
from sanxian.registry.accounts import Person, Role, covers, login_name, region_of
from sanxian.registry.accounts_passwords import LENGTH, LONGEST, Passwords, checked
from sanxian.registry.accounts_secrets import TOKEN_PREFIX, digest, one_time_password
from sanxian.registry.accounts_sign_on import signed_on
from sanxian.registry.registration import Scope

IDLE = timedelta(minutes=30)
LIFE = timedelta(hours=12)


def added(registry: Registry, name: str = "zhang", role: Role = Role.APPROVER, **more: Any) -> Person:
    with registry.begin() as connection:
        return accounts.add(connection, name=name, role=role, at=NOW, by="test", **more)


def opened(registry: Registry, person: Person, at: datetime = NOW) -> tuple[logins.Session, str]:
    with registry.begin() as connection:
        return logins.open_session(connection, person, at=at, life=LIFE, address="192.0.2.1", agent="x")


def found(registry: Registry, secret: str, now: datetime) -> bool:
    with registry.read() as connection:
        return logins.session_of(connection, secret, now=now, idle=IDLE) is not None


def everything(registry: Registry) -> str:
    """All that the database holds of people, as text."""
    with registry.read() as connection:
        rows = [
            tuple(row)
            for table in (tables.person, tables.session, tables.token, tables.audit)
            for row in connection.execute(sa.select(table))
        ]
    return repr(rows)


# --- passwords -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "only 5 characters"), ("x" * (LONGEST + 1), "more than"), ("a good\nsecret one", "control"),
        ("a good\u202esecret one", "control"), ("Zhangsan123", "made of the name"), ("nasgnahz2026", "made of the name"),
        ("ZHANGSAN2026!", "made of the name"), ("Password123", "commonest"), ("ｐａｓｓｗｏｒｄ１２３", "commonest"),
        ("woaini1314520", "commonest"), ("aaaaaaaaaaaa", "repeats"), ("1234567890", "repeats"),
        ("abcdefghijk", "repeats"), ("0987654321", "repeats"), ("qwertyuiopasdf", "repeats"),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_first_is_refused(password: str, why: str) -> None:
    with pytest.raises(errors.PasswordWeak) as refused:
        checked(password, name="zhangsan")
    assert why in refused.value.text("en")
    assert password not in refused.value.text()


@pytest.mark.parametrize(
    "password", ["correct horse battery", "三线一单管控单元准入", "kT9#mQ2$vX", "zhangsan loves the plateau"]
)
def test_a_password_that_is_not_is_taken(password: str) -> None:
    assert checked(password, name="zhangsan") == password


@given(st.text(max_size=LENGTH - 1))
@example("ﷺ")  # one sign that stands for eighteen letters
def test_no_short_password_is_taken(password: str) -> None:
    with pytest.raises(errors.PasswordWeak):
        checked(password, name="zhangsan")


def test_a_password_is_kept_as_argon2id_and_only_so() -> None:
    kept = Passwords().hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Passwords().matches(kept, PASSWORD)
    assert not Passwords().matches(kept, PASSWORD + "x")


def test_a_password_is_the_same_on_every_keyboard() -> None:
    passwords = quick()
    assert passwords.matches(passwords.hashed("三线１２３４５６abc"), "三线123456ａｂｃ")


@pytest.mark.parametrize("kept", ["", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$"])
def test_nothing_matches_where_no_password_is(kept: str) -> None:
    passwords = quick()
    assert not passwords.matches(kept, "nobody has this password")
    assert not passwords.matches(kept, "")


class Counting(PasswordHasher):
    """Counts the work."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002, as the base names it
        self.verified.append(str(hash).rpartition("$")[0].rpartition("$")[0])
        return super().verify(hash, password)


@pytest.mark.parametrize("long", [False, True])
def test_a_name_nobody_has_costs_the_same_work(*, long: bool) -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    kept = passwords.hashed(PASSWORD)
    tried = "x" * (LONGEST + 1) if long else "wrong"
    for one in (kept, ""):
        assert not passwords.matches(one, tried)
    assert len(hasher.verified) == 2
    assert hasher.verified[0] == hasher.verified[1], "the same parameters"


def test_few_hashes_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Slow(Counting):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            threading.Event().wait(0.01)
            with lock:
                running -= 1
            return super().verify(hash, password)

    passwords = Passwords(Slow())
    kept = passwords.hashed(PASSWORD)
    crowd = [threading.Thread(target=passwords.matches, args=(kept, "wrong")) for _ in range(24)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert most <= 4


def test_a_one_time_password_can_be_typed_and_not_be_guessed() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"([A-HJKMNP-Z2-9]{4}-){3}[A-HJKMNP-Z2-9]{4}", one) for one in made)


# --- names and regions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [("ZhangSan", "zhangsan"), ("ｚｈａｎｇ", "zhang"), ("张三", "张三"), (" li@a.cn ", "li@a.cn")],
)
def test_a_name_is_the_same_whatever_its_case_and_width(given_name: str, kept: str) -> None:
    assert login_name(given_name) == kept


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a\nb", "<b>x</b>", "a:b", "cli:root", "12345", "public", "System", "x" * 65, "-rf", "a\u202eb",
     "a'; drop table person--", "a\x00", "📎", "a/b", "a;b", "a,b"],
)  # fmt: skip
def test_a_name_that_could_be_read_as_something_else_is_refused(name: str) -> None:
    with pytest.raises(errors.PersonInvalid):
        login_name(name)


@given(st.text(max_size=80))
def test_a_name_that_is_taken_stays_as_it_is(text: str) -> None:
    try:
        name = login_name(text)
    except errors.PersonInvalid:
        return
    assert login_name(name) == name
    assert name.isprintable()
    assert not set(name) & set("<>\"'&;:/\\ ")


@pytest.mark.parametrize(
    ("code", "kept"), [("630000", "63"), ("630100", "6301"), ("630102", "630102"), ("63", "63"), ("", "")]
)
def test_a_region_is_kept_without_the_zeros_that_say_all_of_it(code: str, kept: str) -> None:
    assert region_of(code) == kept


@pytest.mark.parametrize("code", ["6", "6301021", "6301O2", "６３", "xx", "63'--", "630102001001"])
def test_a_region_that_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(errors.PersonInvalid):
        region_of(code)


@given(st.lists(st.integers(11, 99), min_size=0, max_size=3), st.lists(st.integers(11, 99), max_size=3))
def test_a_region_covers_what_is_below_it_and_nothing_else(one: list[int], other: list[int]) -> None:
    a, b = ("".join(map(str, codes)) for codes in (one, other))
    assert covers(Scope(region=a), b) == (other[: len(one)] == one)


# --- people --------------------------------------------------------------------------------------


def test_the_first_administrator_is_made_once(registry: Registry) -> None:
    password = accounts.first_administrator(registry, NOW, quick())
    with pytest.raises(errors.PeopleExist):
        accounts.first_administrator(registry, NOW, quick())
    with registry.read() as connection:
        person, kept = accounts.kept_password(connection, "ADMIN")
    assert person is not None
    assert (person.role, person.region, person.must_change) == (Role.ADMINISTRATOR, "", True)
    assert quick().matches(kept, password)
    assert password not in everything(registry)


def test_two_people_have_two_names(registry: Registry) -> None:
    added(registry, "zhang")
    with pytest.raises(errors.PersonExists):
        added(registry, "ZHANG")


@pytest.mark.parametrize(
    "wrong",
    [{"title": "a\nb"}, {"title": "x" * 201}, {"email": "nobody"}, {"email": "a@b\r\nBcc: c@d"}, {"region": "abc"},
     {"role": Role.PUBLIC}, {"password": "short"}],
)  # fmt: skip
def test_a_person_that_cannot_be_is_not_added(registry: Registry, wrong: dict[str, Any]) -> None:
    with pytest.raises((errors.PersonInvalid, errors.PasswordWeak)):
        added(registry, **{"role": Role.APPROVER, "passwords": quick(), **wrong})
    with registry.read() as connection:
        assert accounts.nobody(connection)
        assert audit.head(connection).seq == 0


def test_a_change_made_by_somebody_else_meanwhile_is_not_lost(registry: Registry) -> None:
    person = added(registry)
    with registry.begin() as connection:
        accounts.amend(connection, person.id, version=1, title="新", at=NOW, by="a")
    with pytest.raises(errors.PersonChanged), registry.begin() as connection:
        accounts.amend(connection, person.id, version=1, title="旧", at=NOW, by="b")
    with registry.read() as connection:
        assert accounts.get(connection, "zhang").title == "新"


@pytest.mark.parametrize("change", [{"active": False}, {"role": Role.APPROVER}, {"region": "63"}])
def test_the_last_administrator_of_everything_stays(registry: Registry, change: dict[str, Any]) -> None:
    admin = added(registry, "first", Role.ADMINISTRATOR)
    added(registry, "county", Role.ADMINISTRATOR, region="630102")
    with pytest.raises(errors.LastAdministrator), registry.begin() as connection:
        accounts.amend(connection, admin.id, version=1, at=NOW, by="test", **change)
    added(registry, "second", Role.ADMINISTRATOR)
    with registry.begin() as connection:
        accounts.amend(connection, admin.id, version=1, at=NOW, by="test", **change)


def test_whoever_is_switched_off_is_out_at_once(registry: Registry) -> None:
    person = added(registry)
    _, secret = opened(registry, person)
    with registry.begin() as connection:
        _, shown = logins.issue_token(
            connection, person, name="t", scopes=["look"], allowed=["look"], days=1, at=NOW, by="zhang"
        )
    with registry.begin() as connection:
        person = accounts.amend(connection, person.id, version=1, active=False, at=NOW, by="test")
    assert not found(registry, secret, NOW)
    with registry.read() as connection:
        assert logins.token_of(connection, shown, now=NOW) is None
        assert accounts.kept_password(connection, "zhang")[1] == ""
    with registry.begin() as connection:  # switched on again, they have to log in again
        accounts.amend(connection, person.id, version=2, active=True, at=NOW, by="test")
    assert not found(registry, secret, NOW)
    with registry.read() as connection:
        assert logins.token_of(connection, shown, now=NOW) is None


def test_nor_does_a_secret_left_over_open_a_switched_off_account(registry: Registry) -> None:
    person = added(registry)
    _, secret = opened(registry, person)
    _, shown = issued(registry, person)
    with registry.begin() as connection:
        connection.execute(tables.person.update().values(active=False))
    assert not found(registry, secret, NOW)
    with registry.read() as connection:
        assert logins.token_of(connection, shown, now=NOW) is None


def test_an_administrator_of_a_region_has_no_say_outside(registry: Registry) -> None:
    inside, outside = added(registry, "in", region="630102"), added(registry, "out", region="6302")
    everywhere = added(registry, "all")
    scope = Scope(region="6301")
    with registry.read() as connection:
        assert [one.name for one in accounts.people(connection, scope=scope)] == ["in"]
        for other in (outside, everywhere):
            with pytest.raises(errors.PersonNotFound):
                accounts.get(connection, other.id, scope=scope)
    with registry.begin() as connection:
        with pytest.raises(errors.PersonNotFound):
            accounts.amend(connection, outside.id, version=1, title="x", at=NOW, by="t", scope=scope)
        with pytest.raises(errors.PersonNotFound):
            accounts.reset_password(connection, everywhere.id, passwords=quick(), at=NOW, by="t", scope=scope)
        for region in ("63", "6302", ""):
            with pytest.raises(errors.RegionForbidden):
                accounts.amend(connection, inside.id, version=1, region=region, at=NOW, by="t", scope=scope)
            with pytest.raises(errors.RegionForbidden):
                accounts.add(
                    connection, name="new", role=Role.APPROVER, region=region, at=NOW, by="t", scope=scope
                )


def test_people_come_in_pages_without_a_gap(registry: Registry) -> None:
    names = [f"p{number:02}" for number in range(25)]
    for name in names:
        added(registry, name, title="西宁100%" if name == "p07" else "")
    with registry.read() as connection:
        seen: list[str] = []
        while page := accounts.people(connection, scope=Scope(), after=seen[-1] if seen else "", limit=7):
            seen += [one.name for one in page]
        assert seen == names
        assert [one.name for one in accounts.people(connection, scope=Scope(), text="100%")] == ["p07"]
        assert accounts.people(connection, scope=Scope(), text="%") == [accounts.get(connection, "p07")]
        assert accounts.people(connection, scope=Scope(), role=Role.INSPECTOR) == []


def test_every_change_of_a_person_is_in_the_audit_log_without_secrets(registry: Registry) -> None:
    person = added(registry, password=PASSWORD, passwords=quick())
    _, secret = opened(registry, person)
    with registry.begin() as connection:
        accounts.set_password(connection, person, "another good secret", passwords=quick(), at=NOW)
        made = accounts.reset_password(connection, person.id, passwords=quick(), at=NOW, by="admin")
        token, shown = logins.issue_token(
            connection, person, name="t", scopes=["look"], allowed=["look"], days=1, at=NOW, by="zhang"
        )
        logins.revoke_token(connection, person, token.id, at=NOW, by="admin")
        logins.close_sessions(connection, person, at=NOW)
    with registry.read() as connection:
        rows = audit.entries(connection)
        assert audit.verify(connection).broken is None
    assert [one.action for one in reversed(rows)] == [
        "person.add", "person.login", "person.password.change", "person.lock_out", "person.password.reset",
        "token.issue", "token.revoke", "person.logout",
    ]  # fmt: skip
    said = everything(registry)
    assert not [one for one in (PASSWORD, "another good secret", secret, made, shown) if one in said]
    assert digest(shown) in said


# --- sessions ------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used_and_when_its_time_is_up(registry: Registry) -> None:
    person = added(registry)
    _, secret = opened(registry, person)
    assert found(registry, secret, NOW + IDLE - timedelta(seconds=1))
    assert not found(registry, secret, NOW + IDLE)
    at = NOW
    while at < NOW + LIFE - timedelta(minutes=20):
        at += timedelta(minutes=20)
        assert found(registry, secret, at)
        with registry.begin() as connection:
            logins.seen(connection, secret, at=at)
    assert not found(registry, secret, NOW + LIFE)


def test_a_session_of_a_clock_that_jumped_back_still_ends(registry: Registry) -> None:
    _, secret = opened(registry, added(registry), at=NOW)
    assert found(registry, secret, NOW - timedelta(days=1))
    assert not found(registry, secret, NOW + LIFE)


@pytest.mark.parametrize("secret", ["", "x", "sha256:" + "0" * 64, "'; --", "\ud800", "x" * 10_000])
def test_no_other_secret_is_a_session_or_a_token(registry: Registry, secret: str) -> None:
    session, _ = opened(registry, added(registry))
    assert not found(registry, secret, NOW)
    assert not found(registry, session.id, NOW)
    with registry.read() as connection:
        assert logins.token_of(connection, secret, now=NOW) is None


def test_what_the_database_holds_lets_nobody_in(registry: Registry) -> None:
    opened(registry, added(registry))
    with registry.read() as connection:
        kept = connection.execute(sa.select(tables.session.c.secret)).scalar_one()
    assert not found(registry, kept, NOW)
    assert not found(registry, kept.removeprefix("sha256:"), NOW)


def test_one_session_is_ended_and_only_ones_own(registry: Registry) -> None:
    zhang, li = added(registry, "zhang"), added(registry, "li")
    (one, first), (two, second), (other, third) = (opened(registry, who) for who in (zhang, zhang, li))
    with registry.begin() as connection:
        with pytest.raises(errors.SessionNotFound):
            logins.close_session(connection, zhang, other.id, at=NOW)
        logins.close_session(connection, zhang, one.id, at=NOW)
    assert [found(registry, secret, NOW) for secret in (first, second, third)] == [False, True, True]
    with registry.begin() as connection:
        assert [s.id for s in logins.sessions(connection, zhang.id, now=NOW, idle=IDLE)] == [two.id]
        assert logins.close_sessions(connection, zhang, at=NOW) == 1
    assert [found(registry, secret, NOW) for secret in (first, second, third)] == [False, False, True]


def test_ended_sessions_do_not_pile_up(registry: Registry) -> None:
    person = added(registry)
    for day in range(5):
        opened(registry, person, at=NOW + timedelta(days=day))
    with registry.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.session)).scalar_one() == 1


# --- tokens --------------------------------------------------------------------------------------


def issued(registry: Registry, person: Person, **more: Any) -> tuple[logins.Token, str]:
    given = {
        "name": "对接",
        "scopes": ["look"],
        "allowed": ["look", "screen"],
        "days": 1,
        "at": NOW,
        "by": "zhang",
    }
    with registry.begin() as connection:
        return logins.issue_token(connection, person, **{**given, **more})


def test_a_token_is_good_until_it_expires_or_is_revoked(registry: Registry) -> None:
    person = added(registry)
    token, secret = issued(registry, person)
    assert secret.startswith(TOKEN_PREFIX)
    with registry.read() as connection:
        assert logins.token_of(connection, secret, now=NOW + timedelta(hours=23)) == (person, token)
        assert logins.token_of(connection, secret, now=NOW + timedelta(days=1)) is None
    other = added(registry, "li")
    with registry.begin() as connection:
        with pytest.raises(errors.TokenNotFound):
            logins.revoke_token(connection, other, token.id, at=NOW, by="li")
        logins.revoke_token(connection, person, token.id, at=NOW, by="zhang")
        with pytest.raises(errors.TokenNotFound):
            logins.revoke_token(connection, person, token.id, at=NOW, by="zhang")
    with registry.read() as connection:
        assert logins.token_of(connection, secret, now=NOW) is None


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"name": "a\nb"}, {"name": "x" * 101}, {"scopes": []}, {"scopes": ["audit"]}, {"days": 0},
     {"days": 4000}],
)  # fmt: skip
def test_a_token_that_cannot_be_is_not_issued(registry: Registry, wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.TokenInvalid):
        issued(registry, added(registry), **wrong)


def test_the_last_use_is_written_once_a_minute() -> None:
    assert logins.due(None, NOW)
    assert not logins.due("2026-09-01T08:00:00.000000Z", NOW + timedelta(seconds=59))
    assert logins.due("2026-09-01T08:00:00.000000Z", NOW + timedelta(seconds=60))


# --- single sign-on ------------------------------------------------------------------------------


def signed(registry: Registry, **more: Any) -> Person:
    said = {
        "issuer": "https://sso.example", "subject": "42", "name": "zhang", "title": "张三", "email": "z@example.cn",
        "role": Role.APPROVER, "region": "630100", "at": NOW,
    }  # fmt: skip
    with registry.begin() as connection:
        return signed_on(connection, **{**said, **more})


def test_whoever_signs_on_is_known_by_issuer_and_subject_alone(registry: Registry) -> None:
    first = signed(registry)
    assert (first.name, first.region, first.local) == ("zhang", "6301", False)
    assert signed(registry, name="renamed") == first
    changed = signed(registry, role=Role.INSPECTOR, region="63")
    assert (changed.id, changed.role, changed.region) == (first.id, Role.INSPECTOR, "63")
    assert signed(registry, subject="43").id != first.id
    assert signed(registry, issuer="https://other.example").id != first.id


def test_nobody_takes_over_an_account_by_its_name(registry: Registry) -> None:
    local = added(registry, "zhang", password=PASSWORD, passwords=quick())
    person = signed(registry, name="ZHANG")
    assert person.id != local.id
    assert person.name == "zhang@sso.example"
    assert re.fullmatch(r"user-[0-9a-f]{12}", signed(registry, subject="9", name="zhang").name)


@pytest.mark.parametrize(
    "name", ["", "<script>alert(1)</script>", "a\r\nSet-Cookie: x", "'; --", "系统", "x" * 300, "123"]
)
def test_whatever_a_provider_calls_somebody_the_name_can_be_kept(registry: Registry, name: str) -> None:
    kept = signed(registry, name=name).name
    assert login_name(kept) == kept


def test_whoever_is_switched_off_here_does_not_sign_on(registry: Registry) -> None:
    person = signed(registry)
    with registry.begin() as connection:
        accounts.amend(connection, person.id, version=1, active=False, at=NOW, by="admin")
    with pytest.raises(errors.OidcRefused):
        signed(registry)


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture
def data(sanxian: Run, tmp_path: Path) -> Path:
    assert sanxian("registry", "init", "--data", tmp_path / "d").status == 0
    return tmp_path / "d"


def test_an_administrator_on_the_machine_looks_after_people(sanxian: Run, data: Path) -> None:
    def run(*args: object) -> Any:
        return sanxian("registry", "person", *args, "--data", data)

    made = run(
        "add",
        "张三",
        "--role",
        "approver",
        "--region",
        "630100",
        "--title",
        "张三（西宁市局）",
        "--by",
        "root",
    )
    assert made.status == 0
    password = made.out.strip()
    assert re.fullmatch(r"[A-Z2-9-]{19}", password)
    assert password not in made.err
    again = run("add", "张三", "--role", "approver", "--region", "all")
    assert again.status == 40
    assert both_languages(again, "PERSON_EXISTS")
    reset = run("password", "张三")
    assert reset.status == 0
    assert reset.out.strip() != password
    token = run("token", "张三", "--for", "试用", "--scope", "coverage", "--scope", "look", "--days", "30")
    assert token.out.startswith(TOKEN_PREFIX)
    assert both_languages(run("token", "张三", "--for", "试用", "--scope", "audit"), "TOKEN_INVALID")
    listed = run("token", "张三")
    assert "coverage look" in listed.out
    assert token.out.strip() not in listed.out
    assert run("token", "张三", "--revoke", "1").status == 0
    people = json.loads(run("list", "--format", "json").out)
    assert [(one["name"], one["region"], one["active"]) for one in people] == [("张三", "6301", True)]
    assert run("disable", "张三").status == 0
    assert "已停用" in run("list").out
    assert run("disable", "张三", "--enable").status == 0
    assert both_languages(run("password", "李四"), "PERSON_NOT_FOUND")
    assert sanxian("audit", "verify", "--data", data).status == 0


def test_a_program_gets_a_person_without_a_password(sanxian: Run, data: Path) -> None:
    made = sanxian(
        "registry",
        "person",
        "add",
        "程序",
        "--role",
        "consultant",
        "--region",
        "all",
        "--no-password",
        "--data",
        data,
    )
    assert (made.status, made.out) == (0, "")


def test_moments_are_utc(registry: Registry) -> None:
    person = added(registry)
    assert person.created_at == NOW.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

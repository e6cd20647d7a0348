"""The app in this process, asked as browsers and programs ask it; shared by the tests of accounts and rights."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.datastructures import State
from starlette.middleware import Middleware

from sanxian.registry import Registry, accounts, create_registry, open_registry
from sanxian.registry.accounts import Role
from sanxian.registry.accounts_passwords import Passwords
from sanxian.server.access import Door
from sanxian.server.app import create_app
from sanxian.server.editions import Editions
from sanxian.server.limits import Limits, Rates
from sanxian.server.oidc import Provider
from sanxian.server.services import Services, Settings

ORIGIN = "http://sanxian.test"
API = "/api/v1"
PASSWORD = "correct horse battery"  # noqa: S105
NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)


def quick() -> Passwords:
    """Argon2id, with the least work it can do."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


_empty: list[Path] = []  # made by the first test of a process


def copied(factory: pytest.TempPathFactory, to: Path) -> Registry:
    """Return a registry nobody is in: a copy of one made once, since making one takes longer than most tests."""
    if not _empty:
        folder = factory.mktemp("empty") / "registry"
        create_registry(folder, now=NOW).close()
        _empty.append(folder)
    shutil.copytree(_empty[0], to)
    return open_registry(to)


@dataclass
class Clock:
    """A clock the test turns."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def on(self, **by: float) -> None:
        self.at += timedelta(**by)


_app: list[FastAPI] = []


def _own(services: Services) -> dict[str, Any]:
    return {
        key: getattr(services, key) for key in ("registry", "editions", "settings", "now", "folder", "door")
    }


@dataclass
class House:
    """An app, its registry and its clock."""

    registry: Registry
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    rates: Rates = field(default_factory=Rates)
    passwords: Passwords = field(default_factory=quick)
    provider: Provider | None = None
    editions: Path | None = None

    def __post_init__(self) -> None:
        services = Services(
            registry=self.registry,
            editions=Editions(folder=self.editions or self.registry.editions),
            settings=self.settings,
            now=self.clock,
            folder=self.registry.folder,
            door=Door(passwords=self.passwords, limits=Limits(self.rates), provider=self.provider),
        )
        if not _app:
            _app.append(create_app(services))
        # The routes are the same for every house, and making them anew would take longer than most tests.
        self.app = copy(_app[0])
        self.app.middleware_stack = None
        here = replace(_app[0].state.services, **_own(services))
        self.app.state = State({"services": here})
        own = {"services": here, "settings": here.settings}
        self.app.user_middleware = [
            Middleware(one.cls, *one.args, **{key: own.get(key, value) for key, value in one.kwargs.items()})
            for one in _app[0].user_middleware
        ]

    def person(
        self, name: str, role: Role = Role.APPROVER, region: str = "", password: str = PASSWORD, **more: Any
    ) -> accounts.Person:
        """Add somebody."""
        with self.registry.begin() as connection:
            return accounts.add(
                connection,
                name=name,
                role=role,
                region=region,
                password=password,
                passwords=self.passwords,
                at=self.clock.at,
                by="test",
                **more,
            )

    def browser(self, **more: Any) -> Browser:
        """Return a browser nobody is logged in with."""
        return Browser(self.app, **more)

    def logged_in(self, name: str, password: str = PASSWORD, **more: Any) -> Browser:
        """Return a browser somebody is logged in with."""
        browser = self.browser(**more)
        answer = browser.log_in(name, password)
        assert answer.status_code == 200, answer.text
        return browser

    def actions(self) -> list[str]:
        """Return what the audit log holds, oldest first."""
        from sanxian.registry import audit

        with self.registry.read() as connection:
            return [one.action for one in reversed(audit.entries(connection, limit=1000))]


_runner = asyncio.Runner()  # one for all browsers: they ask one after another
atexit.register(_runner.close)


class Browser:
    """A browser with its cookies, whose pages send the CSRF token; or a program, when it is given a token."""

    def __init__(
        self, app: FastAPI, *, token: str = "", address: str = "192.0.2.1", origin: str = ORIGIN
    ) -> None:
        transport = httpx.ASGITransport(app, client=(address, 50_000), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"} if token else {"Origin": origin}
        self.client = httpx.AsyncClient(transport=transport, base_url=origin, headers=headers)
        self.csrf = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask, with the CSRF token unless other headers are given for it."""
        given = {"X-CSRF-Token": self.csrf} if self.csrf else {}
        headers = {k: v for k, v in {**given, **more.pop("headers", {})}.items() if v is not None}
        where = path if path.startswith(("/health", "http", "//")) or path == "/" else f"{API}{path}"
        return _runner.run(self.client.request(method, where, headers=headers, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask("POST", path, json=json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask("PUT", path, json=json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("DELETE", path, **more)

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Log in and keep the CSRF token."""
        answer = self.post("/session", {"name": name, "password": password})
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer


NEVER = 10**6
UNLIMITED = Rates(
    logins_per_name=NEVER,
    logins_per_address=NEVER,
    uploads_per_minute=NEVER,
    screenings_per_minute=NEVER,
    public_screenings_per_minute=NEVER,
)


def code(answer: httpx.Response) -> str:
    """Return the code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: str = answer.json()["code"]
    return found

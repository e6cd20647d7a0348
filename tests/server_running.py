"""A deployment for tests: a registry with 示例市, somebody of every role with a token, and a real server on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from sample_edition import sample_edition
from sanxian.edition import write_edition
from sanxian.registry import Registry, accounts, accounts_sessions, create_registry, editions, open_registry
from sanxian.registry.accounts import Role
from sanxian.registry.accounts_passwords import Passwords
from sanxian.server.app import create_app
from sanxian.server.deployment import services_of
from sanxian.server.protocol import protocol
from sanxian.server.rights import rights_of
from sanxian.server.services import Services

NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
API = "/api/v1"
PASSWORD = "correct horse battery"  # noqa: S105
PLACE = "POLYGON ((100.12 36.05, 100.13 36.05, 100.13 36.06, 100.12 36.06, 100.12 36.05))"
PROJECT: dict[str, Any] = {
    "name": "示例化工项目",
    "nature": "新建",
    "industry": "2614",
    "parts": [{"role": "厂区", "crs": "EPSG:4490", "wkt": PLACE}],
    "facts": {"boiler_tph": 10},
}


@dataclass
class Deployment:
    """A folder with a registry, 示例市 in it, and tokens by role name (``approver``, ``approver@6399``)."""

    folder: Path
    registry: Registry
    edition: str
    tokens: dict[str, str] = field(default_factory=dict)

    def services(self, **settings: Any) -> Services:
        """Return services with a fixed clock."""
        import dataclasses

        made = services_of(self.registry, now=lambda: NOW)
        return dataclasses.replace(made, settings=dataclasses.replace(made.settings, **settings))

    def app(self, **settings: Any) -> FastAPI:
        return create_app(self.services(**settings))


def deployment(folder: Path, *, url: str | None = None, opened: Registry | None = None) -> Deployment:
    """Make a deployment in a folder; on the registry given, else on a new one."""
    registry = opened or create_registry(folder, now=NOW, url=url)
    path = folder.parent / f"{folder.name}-sample.gpkg"
    write_edition(sample_edition(), path)
    tokens: dict[str, str] = {}
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with registry.begin() as connection:
        offered = editions.register(connection, registry, path, at=NOW, by="test")
        people = [(role, "") for role in Role if role is not Role.PUBLIC]
        for role, region in [*people, (Role.APPROVER, "639901"), (Role.APPROVER, "639902")]:
            name = role.value if not region else f"{role.value}@{region}"
            person = accounts.add(
                connection,
                name=name,
                role=role,
                region=region,
                password=PASSWORD,
                passwords=passwords,
                at=NOW,
                by="test",
            )
            allowed = [right.value for right in rights_of(role, region)]
            _, tokens[name] = accounts_sessions.issue_token(
                connection, person, name="test", scopes=allowed, allowed=allowed, days=300, at=NOW, by="test"
            )
    return Deployment(folder, registry, offered.digest, tokens)


@dataclass
class Api:
    """A client of a running server; ``role`` says whose token is sent."""

    url: str
    tokens: Mapping[str, str]

    def ask(self, method: str, path: str, role: str = "", **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        where = path if path.startswith(("/health", "/s/", "/metrics", "/ogc", "/tiles")) else API + path
        return httpx.request(method, self.url + where, headers=headers, timeout=60.0, **more)

    def get(self, path: str, role: str = "", **more: Any) -> httpx.Response:
        return self.ask("GET", path, role, **more)

    def post(self, path: str, role: str = "", **more: Any) -> httpx.Response:
        return self.ask("POST", path, role, **more)


@contextmanager
def in_thread(app: FastAPI, **config: Any) -> Iterator[str]:
    """Run an app on a free port in a thread; yield its address."""
    import socket

    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    given = {"http": protocol(15.0), **config}
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none", **given)
    )
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20.0)
        bound.close()


def until(met: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + seconds
    while True:
        found = met()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(seconds)
        time.sleep(0.02)


@dataclass
class Serving:
    """``sanxian serve`` in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    output: Path

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Stop it as an administrator would; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


@contextmanager
def serving(folder: Path, *args: str, environ: Mapping[str, str] | None = None) -> Iterator[Serving]:
    """Run ``sanxian serve`` over a folder; yield it when it answers."""
    output = folder.parent / f"{folder.name}.log"
    before = output.stat().st_size if output.exists() else 0

    def said() -> str:
        return output.read_bytes()[before:].decode("utf-8", "replace")

    command = [sys.executable, "-m", "sanxian.cli", "serve", "--port", "0", "--data", str(folder), *args]
    with output.open("a") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder.parent,
            env={**os.environ, **(environ or {})},
        )
    made = Serving(process, "", output)
    try:

        def address() -> str:
            assert process.poll() is None, said()[-4000:]
            found = re.findall(r"http://127\.0\.0\.1:\d+$", said(), re.MULTILINE)
            return found[-1] if found else ""

        made.url = until(address)
        until(lambda: _answers(made.url))
        yield made
    finally:
        made.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=5.0).status_code == 200
    except httpx.TransportError:
        return False


def reopened(folder: Path) -> Registry:
    """Return the registry of a folder, opened anew."""
    return open_registry(folder)

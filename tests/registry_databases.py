"""Registries for tests: every test that asks for ``registry`` runs on SQLite and on PostgreSQL.

One PostgreSQL cluster is started by each worker of pytest-xdist, when the first test of it needs one; each test gets a
database of its own, copied from one that was made once. ``conftest.py`` imports the fixtures.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from postgis_cluster import Server
from sanxian.registry import Registry, create_registry

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
KINDS = ("sqlite", "postgresql")


@dataclass
class Cluster:
    """A PostgreSQL server of the tests and the databases made in it."""

    server: Server
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)
    template: str = ""

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://sanxian@127.0.0.1:{self.server.port}/{database}"

    def run(self, sql: str) -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.server.dsn, autocommit=True) as connection:
            connection.execute(sql.encode())

    def empty(self) -> str:
        """Return the address of a new database with nothing in it."""
        name = f"test_{next(self.numbers)}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url(name)

    def made(self) -> str:
        """Return the address of a new database with an empty registry in it."""
        if not self.template:
            url = self.empty()
            create_registry(self.folder / "template", now=NOW, url=url).close()
            self.template = url.rpartition("/")[2]
        name = f"test_{next(self.numbers)}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}"')
        return self.url(name)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server that lives as long as the tests."""
    with Server() as server:
        yield Cluster(server, tmp_path_factory.mktemp("registry"))


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """What makes a database with nothing in it: its address, ``None`` for SQLite in the folder."""
    if request.param == "sqlite":
        return lambda: None
    made: Cluster = request.getfixturevalue("cluster")
    return made.empty


@pytest.fixture(params=KINDS)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """An empty registry in ``tmp_path / "registry"``, on each kind of database."""
    folder = tmp_path / "registry"
    if request.param == "sqlite":
        opened = create_registry(folder, now=NOW)
    else:
        from sanxian.registry import open_registry

        made: Cluster = request.getfixturevalue("cluster")
        for inner in (folder, folder / "editions", folder / "attachments"):
            inner.mkdir()
        opened = open_registry(folder, url=made.made())
    yield opened
    opened.close()

"""The database of the registry: SQLite in a folder, or PostgreSQL by URL; one way to read and one to write.

A registry is a folder: ``registry.db`` (unless the database is elsewhere), ``editions/``, ``attachments/``. On SQLite a
writer takes the write lock at the start of its transaction (``BEGIN IMMEDIATE``) and waits for the one before it, so that
"database is locked" is not an answer anybody gets; readers never wait (WAL).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

DATABASE: Final = "registry.db"
WAIT_S: Final = 60.0  # a writer waits this long for the one before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry opened: its database and its folder."""

    engine: Engine
    folder: Path

    @property
    def editions(self) -> Path:
        """Folder of the edition files."""
        return self.folder / "editions"

    @property
    def attachments(self) -> Path:
        """Folder of the attachments, by their SHA-256."""
        return self.folder / "attachments"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database and writes nothing."""
        with self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection whose work is kept as a whole when the block ends well, and not at all otherwise."""
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def moment(when: datetime) -> str:
    """Return a moment as the registry writes it.

    Examples
    --------
    >>> moment(datetime(2026, 9, 1, 8, tzinfo=UTC))
    '2026-09-01T08:00:00.000000Z'
    """
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Any) -> str:
    """Return a value as canonical JSON: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def url_of(folder: Path) -> str:
    """Return the address of the SQLite database in a folder."""
    return f"sqlite+pysqlite:///{folder / DATABASE}"


def engine_for(url: str) -> Engine:
    """Return an engine for a database address, set up as the registry needs it."""
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        engine = sa.create_engine(made, connect_args={"timeout": WAIT_S, "check_same_thread": False})
        sa.event.listen(engine, "connect", _sqlite)
        return engine
    if made.get_backend_name() == "postgresql":
        return sa.create_engine(made.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise NotImplementedError  # becomes a RegistryError of its own


def _sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions by itself: Registry.begin says when, and of which kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def create_registry(folder: Path, *, now: datetime, url: str | None = None) -> Registry:
    """Make a registry in ``folder`` and open it."""
    raise NotImplementedError


def open_registry(folder: Path, *, url: str | None = None) -> Registry:
    """Open the registry in ``folder``."""
    raise NotImplementedError

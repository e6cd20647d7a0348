"""The database of the registry: SQLite in a folder, or PostgreSQL by URL; one way to read and one to write.

A registry is a folder: ``registry.db`` (unless the database is elsewhere), ``editions/``, ``attachments/``. One writer
works at a time, on both databases: it takes the write lock at the start of its transaction (``BEGIN IMMEDIATE``, an
advisory lock) and waits for the one before it. So "database is locked" is not an answer anybody gets, the audit log has
one order, and two writers cannot wait for each other. Readers never wait and see one state.
"""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from sanxian.errors import (
    NotInstalled,
    RegistryAddress,
    RegistryBroken,
    RegistryBusy,
    RegistryError,
    RegistryExists,
    RegistryForeign,
    RegistryFull,
    RegistryNewer,
    RegistryNotFound,
    RegistryOlder,
    RegistryReadOnly,
    RegistryUnreachable,
)
from sanxian.registry import migrations
from sanxian.registry.tables import about

DATABASE: Final = "registry.db"
SETTINGS: Final = "sanxian.toml"
WAIT_S: Final = 60.0  # a writer waits this long for the one before it
_WRITER: Final = 0x53414E58  # number of the advisory lock: SANX


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
        """Yield a connection that sees one state of the database and writes nothing.

        Raises
        ------
        RegistryError
            The database is gone, cannot be reached, is damaged …
        """
        with _told(self.engine), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    connection.rollback()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection whose work is kept as a whole when the block ends well, and not at all otherwise.

        Nobody else writes meanwhile. Do not open a second one inside: it would wait for the first.

        Raises
        ------
        RegistryError
            The database is gone, cannot be reached, is read-only, its disk is full, or another writer held it for
            longer than ``WAIT_S`` seconds.
        """
        with _told(self.engine), self.engine.connect() as connection:
            connection.execution_options(sanxian_writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_S:.0f}s'")
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITER)))
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
    if when.tzinfo is None:
        raise ValueError(when)  # a local time would be read as another moment elsewhere
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Any) -> str:
    """Return a value as canonical JSON: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


# --- making and opening --------------------------------------------------------------------------


def create_registry(folder: Path, *, now: datetime, url: str | None = None) -> Registry:
    """Make a registry in ``folder`` and open it.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    now : datetime
        Aware.
    url : str, optional
        Address of an empty PostgreSQL database, when it is to be there; by default as ``sanxian.toml`` in the
        folder says, else SQLite in the folder.

    Raises
    ------
    RegistryExists
        There is one already; nothing was changed.
    RegistryError
        The folder or the database cannot be written or reached.
    """
    try:
        for inner in (folder, folder / "editions", folder / "attachments"):
            inner.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RegistryReadOnly(where=folder.name, reason=error.strerror or str(error)) from error
    registry = Registry(engine=engine_for(url or database_url(folder)), folder=folder)
    try:
        with registry.begin() as connection:
            if _version(connection, registry.engine):
                raise RegistryExists(where=shown(registry.engine))
            if sa.inspect(connection).get_table_names():
                raise RegistryForeign(where=shown(registry.engine))
            migrations.upgrade(connection)
            connection.execute(
                about.insert(),
                [
                    {"key": "registry", "value": _new_id(connection)},
                    {"key": "created_at", "value": moment(now)},
                ],
            )
        _checked_by(registry.engine)
    except BaseException:
        registry.close()
        raise
    return registry


def open_registry(folder: Path, *, url: str | None = None, migrate: bool = False) -> Registry:
    """Open the registry in ``folder``.

    Parameters
    ----------
    folder : Path
        Of the registry.
    url : str, optional
        Address of its PostgreSQL database; by default as ``sanxian.toml`` in the folder says, else the SQLite
        database in the folder.
    migrate : bool, default False
        Bring the database of an older program up to date. All of it or nothing: a program killed meanwhile
        leaves the older database, and the next one does it.

    Raises
    ------
    RegistryNotFound
        There is none.
    RegistryNewer, RegistryOlder
        It is of a newer program; of an older one, and ``migrate`` was not asked for.
    RegistryError
        It cannot be reached, is damaged, or is no registry.
    """
    address = url or database_url(folder)
    engine = engine_for(address)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        engine.dispose()
        raise RegistryNotFound(where=str(folder))
    registry = Registry(engine=engine, folder=folder)
    try:
        with registry.read() as connection:
            found = _version(connection, engine)
            if not found:
                if sa.inspect(connection).get_table_names():
                    raise RegistryForeign(where=shown(engine))
                raise RegistryNotFound(where=shown(engine))
        known = migrations.known()
        if found not in known:
            raise RegistryNewer(where=shown(engine), found=found, known=known[-1])
        if found != known[-1]:
            if not migrate:
                raise RegistryOlder(where=shown(engine), found=found, known=known[-1])
            with registry.begin() as connection:
                migrations.upgrade(connection)
        _checked_by(engine)
    except BaseException:
        registry.close()
        raise
    return registry


def database_url(folder: Path) -> str | sa.URL:
    """Return the address of the database of a folder: what ``sanxian.toml`` says, else SQLite in the folder."""
    path = folder / SETTINGS
    if path.is_file():
        try:
            said = tomllib.loads(path.read_text("utf-8")).get("database", {})
            url = said.get("url") if isinstance(said, dict) else said
        except (OSError, ValueError) as error:
            raise RegistryAddress(where=SETTINGS, reason=str(error).splitlines()[0]) from error
        if isinstance(url, str) and url:
            return url
    return url_of(folder)


def url_of(folder: Path) -> sa.URL:
    """Return the address of the SQLite database in a folder; no text, which a "?" in the path would cut short."""
    return sa.URL.create("sqlite+pysqlite", database=str(folder / DATABASE))


def engine_for(url: str | sa.URL) -> Engine:
    """Return an engine for a database address, set up as the registry needs it.

    Raises
    ------
    RegistryAddress
        It is no address, or of a kind of database the registry does not know.
    NotInstalled
        The driver of PostgreSQL is not there.
    """
    try:
        made = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # its words repeat the address, with a password maybe in it
        reason = {"zh": "写法不是数据库地址", "en": "it is not written as one"}
        raise RegistryAddress(where="--database", reason=reason) from None
    kind = made.get_backend_name()
    if kind == "sqlite" and made.database:
        engine = sa.create_engine(
            made.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": WAIT_S, "check_same_thread": False},
            pool_size=20,
            max_overflow=-1,
        )
        sa.event.listen(engine, "connect", _sqlite)
        sa.event.listen(engine, "begin", _sqlite_begin)
        return engine
    if kind in ("postgresql", "postgres"):
        try:
            return sa.create_engine(
                made.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=20,
                max_overflow=20,
                connect_args={"connect_timeout": 10, "application_name": "sanxian"},
            )
        except ImportError as error:
            raise NotInstalled(what="PostgreSQL", package="psycopg", extra="postgres") from error
    reason = {"zh": f"不支持 {kind}", "en": f"{kind} is not supported"}
    raise RegistryAddress(where="--database", reason=reason)


def shown(engine: Engine) -> str:
    """Return what a message calls a database: never its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.set(drivername="postgresql", password=None).render_as_string()


def _sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions by itself: Registry says when, and of which kind.
    connection.isolation_level = None
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",
        "cache_size=-65536",
        "mmap_size=4294967296",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL")


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sanxian_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _checked_by(engine: Engine) -> None:
    """Let every use of a SQLite database look whether its file is still the one that was opened.

    A deleted or replaced file stays open and takes what is written, and all of it is lost.
    """
    if engine.dialect.name != "sqlite":
        return
    path = Path(engine.url.database or "")

    def file() -> tuple[int, int]:
        found = path.stat()
        return found.st_dev, found.st_ino

    opened = file()

    def check(_: Connection) -> None:
        try:
            now = file()
        except OSError:
            now = (0, 0)
        if now != opened:
            reason = {"zh": "文件已被删除或替换", "en": "its file was deleted or replaced"}
            raise RegistryUnreachable(where=str(path), reason=reason)

    sa.event.listen(engine, "begin", check)


def _version(connection: Connection, engine: Engine) -> str:
    """Return the version of the database; "" when it holds no registry."""
    found = migrations.current(connection)
    if found and not sa.inspect(connection).has_table(about.name):
        raise RegistryForeign(where=shown(engine))  # another program keeps its versions the same way
    return found


def _new_id(connection: Connection) -> str:
    """Return a new identity, by the chance of the database."""
    chance = (
        "lower(hex(randomblob(16)))"
        if connection.dialect.name == "sqlite"
        else "replace(gen_random_uuid()::text, '-', '')"
    )
    return str(connection.exec_driver_sql(f"SELECT {chance}").scalar_one())


# --- what the databases say, in our words -------------------------------------------------------


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """Turn what the database complains about into errors of ours; mistakes of the program stay what they are."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise RegistryBusy(where=shown(engine), seconds=f"{WAIT_S:.0f}") from error
    except sa.exc.DBAPIError as error:
        known = _known(error, engine)
        if known is None:
            raise
        raise known from error


def _known(error: sa.exc.DBAPIError, engine: Engine) -> RegistryError | None:
    where = shown(engine)
    said = " ".join(str(error.orig).split())
    if engine.dialect.name == "sqlite":
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return {
            sqlite3.SQLITE_BUSY: RegistryBusy(where=where, seconds=f"{WAIT_S:.0f}"),
            sqlite3.SQLITE_LOCKED: RegistryBusy(where=where, seconds=f"{WAIT_S:.0f}"),
            sqlite3.SQLITE_FULL: RegistryFull(where=where),
            sqlite3.SQLITE_READONLY: RegistryReadOnly(where=where, reason=said),
            sqlite3.SQLITE_PERM: RegistryReadOnly(where=where, reason=said),
            sqlite3.SQLITE_CANTOPEN: RegistryUnreachable(where=where, reason=said),
            sqlite3.SQLITE_IOERR: RegistryUnreachable(where=where, reason=said),
            sqlite3.SQLITE_CORRUPT: RegistryBroken(where=where, reason=said),
            sqlite3.SQLITE_NOTADB: RegistryBroken(where=where, reason=said),
        }.get(code)
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == "55P03":
        return RegistryBusy(where=where, seconds=f"{WAIT_S:.0f}")
    if state.startswith("53"):
        return (
            RegistryFull(where=where) if state == "53100" else RegistryUnreachable(where=where, reason=said)
        )
    if state in ("25006", "42501"):
        return RegistryReadOnly(where=where, reason=said)
    if state.startswith(("08", "28", "3D", "57P")) or (
        not state and isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    ):
        return RegistryUnreachable(where=where, reason=said)
    if state.startswith("XX"):
        return RegistryBroken(where=where, reason=said)
    return None

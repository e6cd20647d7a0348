"""A throw-away PostGIS server: started in a temporary folder, gone at the end.

Needs the programs of PostgreSQL with PostGIS on this machine (Debian: ``postgresql-15-postgis-3``); nothing outside
the temporary folder is touched, and the server listens on the loopback interface only.

    with Server() as server:
        with psycopg.connect(server.dsn) as connection:
            connection.execute("select postgis_full_version()")
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = "/usr/lib/postgresql/*/bin"  # where Debian puts them; elsewhere they are looked for on PATH
DATABASE = "sanxian"
USER = "sanxian"

# A server that lives for minutes: nothing of it has to survive a crash.
SETTINGS: dict[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "autovacuum": "off",
    "jit": "off",
}


class NotInstalled(RuntimeError):
    """PostgreSQL, or its PostGIS extension, is not on this machine."""


def programs() -> Path:
    """The folder with ``initdb`` and ``pg_ctl`` of the newest PostgreSQL that has PostGIS."""
    found = sorted(Path("/").glob(PROGRAMS.lstrip("/")), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*found, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and _has_postgis(folder):
            return folder
    raise NotInstalled("no PostgreSQL with PostGIS found; on Debian: apt-get install postgresql-15-postgis-3")


def _has_postgis(folder: Path) -> bool:
    asked = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
    # Debian has pg_config only in the development package; its extensions are in a fixed place.
    shared = asked.stdout.strip() or f"/usr/share/postgresql/{folder.parent.name}"
    return (Path(shared) / "extension" / "postgis.control").exists()


def free_port() -> int:
    """A TCP port on the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A PostgreSQL server with an empty database that has PostGIS; use it as a context manager.

    ``settings`` are added to ``postgresql.conf``. The server refuses to run as root, so root runs it as the user
    ``postgres`` that the package brings along.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, *, parent: Path | None = None) -> None:
        self.settings = SETTINGS | dict(settings or {})
        self.port = 0
        self._parent = parent
        self._folder: Path | None = None
        self._programs: Path | None = None

    @property
    def dsn(self) -> str:
        """How to connect, for ``psycopg.connect`` and for libpq."""
        return f"host=127.0.0.1 port={self.port} dbname={DATABASE} user={USER}"

    def __enter__(self) -> Self:
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="sanxian-postgis-", dir=self._parent))
        try:
            if os.getuid() == 0:
                owner = pwd.getpwnam("postgres")
                os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._start(self._folder)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, folder: Path) -> None:
        data = str(folder / "data")
        self._run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            **self.settings,
        }
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._run("pg_ctl", "-D", data, "-w", "-s", "-l", str(folder / "log"), "start")
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER)
        self._run("createdb", *address, DATABASE)
        self._run("psql", *address, "-q", "-d", DATABASE, "-c", "create extension postgis")

    def stop(self) -> None:
        """Stop the server and delete its folder; harmless when it is not running."""
        if self._folder is None:
            return
        data = self._folder / "data"
        if (data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(data), "-w", "-s", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        """Run one of PostgreSQL's programs; an error quotes what it said."""
        assert self._programs is not None
        assert self._folder is not None
        command = [str(self._programs / program), *arguments]
        user = "postgres" if os.getuid() == 0 else None
        # To a file, not to a pipe: the server inherits the output of pg_ctl and would keep a pipe open.
        with (self._folder / "output").open("w+", encoding="utf-8") as said:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                check=False,
            )
            said.seek(0)
            if check and done.returncode:
                log = self._folder / "log"
                detail = said.read() + (log.read_text("utf-8", "replace") if log.exists() else "")
                raise RuntimeError(f"{program} failed ({done.returncode}): {detail.strip()}")

"""One deployment in a folder: its registry opened or made, its editions, its settings. Every process begins here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from sanxian.errors import AlreadyServed, RegistryNotFound, ServeFolder
from sanxian.registry import Registry, create_registry, editions, open_registry
from sanxian.server.editions import Editions
from sanxian.server.jobs import Jobs
from sanxian.server.services import Services, read_settings

LOCK: Final = "serve.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a deployment lies."""

    folder: Path
    database: str | None = None  # address of PostgreSQL; None = as the folder says


def utc_now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


def open_services(place: Place, *, now: Callable[[], datetime] = utc_now) -> Services:
    """Return the services of a deployment whose registry is there; raises as :func:`open_registry`."""
    registry = open_registry(place.folder, url=place.database, migrate=True)
    return services_of(registry, now=now)


def make_services(place: Place, *, now: Callable[[], datetime] = utc_now) -> tuple[Services, bool]:
    """Return the services of a deployment, and whether its registry was made just now."""
    try:
        return open_services(place, now=now), False
    except RegistryNotFound:
        create_registry(place.folder, now=now(), url=place.database).close()
        return open_services(place, now=now), True


def services_of(registry: Registry, *, now: Callable[[], datetime] = utc_now) -> Services:
    """Return the services on an open registry."""

    def offered() -> frozenset[str]:
        with registry.read() as connection:
            return frozenset(one.digest for one in editions.listed(connection))

    return Services(
        registry=registry,
        editions=Editions(folder=registry.editions, offered=offered),
        settings=read_settings(registry.folder),
        now=now,
        folder=registry.folder,
        jobs=Jobs(registry, now),
    )


@contextmanager
def only_one(folder: Path, lock: str = LOCK) -> Iterator[None]:
    """Hold the folder for one server, or one worker; a lock of the system, which a killed one leaves to nobody.

    Raises
    ------
    ServeFolder
        It cannot be made or written.
    AlreadyServed
        Another server has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / lock).open("a+")
    except OSError as error:
        raise ServeFolder(folder=str(folder), reason=error.strerror or str(error)) from error
    with handle:
        if not _locked(handle):
            handle.seek(0)
            raise AlreadyServed(folder=str(folder), pid=handle.read(20).strip() or "?")
        try:
            handle.seek(0)
            handle.truncate()
            handle.write(str(os.getpid()))
            handle.flush()
        except OSError as error:
            raise ServeFolder(folder=str(folder), reason=error.strerror or str(error)) from error
        yield


def _locked(handle: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

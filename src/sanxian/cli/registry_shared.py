"""What the commands of the registry share: where it is, who asks, when."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sanxian.cli.shell import Session, day_of
from sanxian.errors import NotInstalled
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.registry import Registry

DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="数据文件夹 / Data folder", envvar="SANXIAN_DATA")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="SANXIAN_DATABASE",
        help="PostgreSQL 地址，默认用数据文件夹里的 SQLite / PostgreSQL; default: SQLite in the folder",
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="经办人，默认本机用户 / Who does it; default: the user here"),
]
DATA: Final = Path("sanxian-data")


@contextmanager
def opened(data: Path, database: str | None, *, migrate: bool = False) -> Iterator[Registry]:
    """Yield the registry of a folder, closed at the end."""
    with installed():
        from sanxian.registry import open_registry

    with closing(open_registry(data, url=database, migrate=migrate)) as registry:
        yield registry


@contextmanager
def installed() -> Iterator[None]:
    """Say what to install when the registry cannot be imported."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("sanxian"):
            raise  # a bug, and not something to install
        what = {"zh": "台账", "en": "The registry"}
        raise NotInstalled(what=what, package=error.name or "sqlalchemy", extra="registry") from error


def actor(given: str | None) -> str:
    """Return who does it, as the audit log names them."""
    if given is not None and given.strip():
        return given.strip()[:100]
    try:
        return f"cli:{getpass.getuser()}"[:100]
    except (OSError, KeyError):  # a container without users
        return "cli"


def utc_now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


def text_of(session: Session, key: str, /, **fields: object) -> str:
    """Return a text of the registry in the language of the session."""
    return t(f"registry.{key}", session.lang, **fields)


def day(option: str, given: str | None) -> date | None:
    """Return the day an option names, if it was given."""
    return None if given is None else day_of(option, given)

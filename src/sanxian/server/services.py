"""What every route may use: settings, clock, registry, editions. Made once, handed in, never global."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from fastapi import Request

from sanxian.errors import ServeSettings
from sanxian.registry import Registry

if TYPE_CHECKING:
    from sanxian.server.access import Door
    from sanxian.server.editions import Editions
    from sanxian.server.jobs import Jobs
    from sanxian.server.metrics import Metrics
    from sanxian.server.reading import Readers

SETTINGS: Final = "sanxian.toml"  # in the registry's folder; its table [server]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a deployment differs from the default: table ``[server]`` of ``sanxian.toml`` in the registry's folder."""

    public_screening: bool = True  # nobody logged in may screen without keeping
    public_url: str = ""  # what links begin with; "" = as the request came
    secure: bool = False  # behind TLS: cookies only over https
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-* headers are believed
    max_upload_bytes: int = 64 << 20
    max_body_bytes: int = 32 << 20  # of JSON
    header_timeout_s: float = 15.0  # for the head of a request to arrive
    body_timeout_s: float = 30.0  # for the next piece of a body; all of it must come at ``body_bytes_per_s``
    body_bytes_per_s: int = 20_000
    keep_alive_s: int = 30
    max_connections: int = 1000
    reader_seconds: int = 20  # processor time for reading one uploaded file
    reader_memory_mb: int = 1024
    readers: int = 2  # processes waiting for the next upload
    share_days: int = 90  # how long a report by link is there, unless asked otherwise
    low_disk_mb: int = 500  # less than this is reported by /health
    session_idle_minutes: int = 30  # a login not used so long has ended
    session_hours: int = 12  # a login ends after this, used or not
    logins_per_name: int = 10  # in 15 minutes
    logins_per_address: int = 100  # in 5 minutes
    uploads_per_minute: int = 60  # by caller
    screenings_per_minute: int = 60_000  # by somebody logged in
    public_screenings_per_minute: int = 1_200  # by address, of nobody logged in


def read_settings(folder: Path) -> Settings:
    """Return the settings of the folder; the defaults where the file or a line is not there.

    Raises
    ------
    ServeSettings
        The file cannot be read, a key is unknown, or a value is of the wrong kind.
    """
    path = folder / SETTINGS
    try:
        said = tomllib.loads(path.read_text("utf-8")).get("server", {}) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise ServeSettings(source=SETTINGS, reason=" ".join(str(error).split())[:200]) from error
    return settings_from(said)


def settings_from(said: object) -> Settings:
    """Return the settings a table states; raises as :func:`read_settings`."""
    if not isinstance(said, Mapping):
        raise _wrong("[server]", "应为表", "must be a table")
    kinds = get_type_hints(Settings)
    given: dict[str, Any] = {}
    for key, value in said.items():
        if key not in kinds:
            raise _wrong(key, "不认识此项", f"is not known; known: {', '.join(kinds)}")
        given[key] = _value(key, value, kinds[key])
    return dataclasses.replace(Settings(), **given)


def _value(key: str, value: object, kind: Any) -> object:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (int, float) and number and value > 0 and kind(value) == value:  # type: ignore[operator]
        return kind(value)
    if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise _wrong(key, "的值不合要求", "has a value that cannot be used")


def _wrong(key: str, zh: str, en: str) -> ServeSettings:
    return ServeSettings(source=SETTINGS, reason={"zh": f"{key} {zh}", "en": f"{key} {en}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One deployment."""

    registry: Registry
    editions: Editions
    settings: Settings
    now: Callable[[], datetime]  # UTC, aware
    folder: Path  # for what the server writes besides the registry: tiles, job queue
    metrics: Metrics | None = field(default=None)
    readers: Readers | None = field(default=None)
    jobs: Jobs | None = field(default=None)
    door: Door | None = field(default=None)  # who is let in; made by the app

    def today(self) -> date:
        """Return the calendar day where the server stands; only a default for ``as_of``, and said in the answer."""
        return self.now().astimezone().date()


def services(request: Request) -> Services:
    """Return the services of the app a request came to; used as ``Depends(services)``."""
    found: Services = request.app.state.services
    return found

"""What every route may use: settings, clock, registry, editions. Made once, handed in, never global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request

from sanxian.registry import Registry

if TYPE_CHECKING:
    from sanxian.server.editions import Editions


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a deployment differs from the default; read from ``sanxian.toml`` in the registry's folder and options."""

    public_screening: bool = True  # nobody logged in may screen without keeping
    public_url: str = ""  # what links begin with; "" = as the request came
    secure: bool = False  # behind TLS: cookies only over https
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-* headers are believed
    max_upload_bytes: int = 64 << 20
    max_body_bytes: int = 32 << 20  # of JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One deployment."""

    registry: Registry
    editions: Editions
    settings: Settings
    now: Callable[[], datetime]  # UTC, aware
    folder: Path  # for what the server writes besides the registry: tiles, job queue

    def today(self) -> date:
        """Return the calendar day where the server stands; only a default for ``as_of``, and said in the answer."""
        return self.now().astimezone().date()


def services(request: Request) -> Services:
    """Return the services of the app a request came to; used as ``Depends(services)``."""
    found: Services = request.app.state.services
    return found

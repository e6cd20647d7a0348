"""``sanxian serve``: one process that makes what is missing, answers HTTP, and keeps the worker of the jobs alive."""

from __future__ import annotations

import gc
import ipaddress
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from sanxian.errors import PeopleExist, PortTaken
from sanxian.registry.accounts import FIRST, first_administrator, nobody
from sanxian.server import demonstration, logs
from sanxian.server.app import create_app
from sanxian.server.deployment import Place, make_services, only_one, open_services, utc_now
from sanxian.server.protocol import PatientProtocol, protocol
from sanxian.server.services import Services, Settings
from sanxian.server.worker import kept_alive

BACKLOG: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How to serve."""

    place: Place
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False
    examples: Path | None = None  # folder of example projects, for ``demo``
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a person must know when the server is up."""

    address: str
    folder: Path
    made: bool  # the registry is new
    administrator: str = ""  # name, when a password was made
    password: str = ""
    demo_projects: int = 0
    public: bool = False  # other machines can reach it


def serve(
    serving: Serving,
    *,
    told: Callable[[Started], None],
    working: Callable[[str], None] = lambda _: None,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Serve until told to stop (SIGINT, SIGTERM).

    Parameters
    ----------
    serving : Serving
    told : callable
        Called once, when the address is bound and everything is there.
    working : callable
        Told what takes a moment: ``"demo"``.
    now : callable
        The clock.

    Raises
    ------
    PortTaken, ServeFolder, AlreadyServed
        It cannot start; nothing was left half made.
    RegistryError, EditionError
        What is in the folder cannot be used.
    """
    bound = _bound(serving.host, serving.port)
    try:
        with only_one(serving.place.folder):
            here, made = make_services(serving.place, now=now)
            projects = 0
            if serving.demo:
                projects = demonstration.load(here, lambda: working("demo"), serving.examples)
            password = _first_password(here)
            told(
                Started(
                    address=_address(bound, here.settings),
                    folder=serving.place.folder,
                    made=made,
                    administrator=FIRST if password else "",
                    password=password,
                    demo_projects=projects,
                    public=not _is_loopback(serving.host),
                )
            )
            settings = here.settings
            here.registry.close()
            logs.configure()
            with kept_alive(serving.place):
                _run(serving, settings, bound)
    finally:
        bound.close()


class Factory:
    """Makes the app in the process that runs it; it can be sent to another one."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __call__(self) -> FastAPI:
        """Return the app."""
        logs.configure()
        app = create_app(open_services(self.place))
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through it for garbage would cost more than the work
        return app


def _run(serving: Serving, settings: Settings, bound: socket.socket) -> None:
    config = uvicorn.Config(
        Factory(serving.place),
        factory=True,
        workers=serving.workers,
        http=protocol(settings.header_timeout_s) if serving.workers == 1 else PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whose word counts is decided where callers are known (access.py)
        server_header=False,
        date_header=True,
        limit_concurrency=settings.max_connections,
        backlog=BACKLOG,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 << 10,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = (
            True  # also when uvicorn, having ended in good order, raises the signal once more
        )

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)
    if serving.workers == 1:
        server.run(sockets=[bound])
    else:
        Multiprocess(config, sockets=[bound]).run()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, number)
    except (OSError, UnicodeError) as error:
        raise PortTaken(
            host=host, port=port, reason=getattr(error, "strerror", None) or str(error)
        ) from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        made.close()
        raise PortTaken(
            host=host, port=port, reason=getattr(error, "strerror", None) or str(error)
        ) from error
    made.set_inheritable(True)
    return made


def _address(bound: socket.socket, settings: Settings) -> str:
    if settings.public_url:
        return settings.public_url
    name: Any = bound.getsockname()
    host = "127.0.0.1" if name[0] in ("0.0.0.0", "::") else name[0]  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{name[1]}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _first_password(here: Services) -> str:
    with here.registry.read() as connection:
        if not nobody(connection):
            return ""
    try:
        return first_administrator(here.registry, here.now())
    except PeopleExist:
        return ""

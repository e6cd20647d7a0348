"""A server with OGC API and tiles only, in a process of its own: clients by other hands hold Python while they wait.

``python ogc_server.py FOLDER`` serves the editions of a folder on a free port and prints the address.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from sanxian.registry import Registry
from sanxian.server import ogc, problems, tiles
from sanxian.server.editions import Editions
from sanxian.server.services import Services, Settings

NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)


def app_of(folder: Path, **settings: Any) -> FastAPI:
    """Return an app over the editions of a folder; it writes to the folder beside them."""
    app = FastAPI()
    app.state.services = Services(
        registry=cast("Registry", None),  # neither OGC nor tiles ask it
        editions=Editions(folder=folder),
        settings=Settings(**settings),
        now=lambda: NOW,
        folder=folder.parent,
    )
    problems.install(app)
    app.include_router(ogc.routes())
    app.include_router(tiles.routes())
    return app


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Yield the address of a server over a folder of editions."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http"), "the server did not start"
            yield address
        finally:
            process.terminate()


def main() -> None:
    import socket

    import uvicorn

    # asyncio switches Nagle off only where it sees the protocol
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)  # before anybody is told the address
    print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)  # noqa: T201
    config = uvicorn.Config(app_of(Path(sys.argv[1])), log_level="warning")
    uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main()

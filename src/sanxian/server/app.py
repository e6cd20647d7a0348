"""The app: every router of the server on one set of services."""

from __future__ import annotations

from fastapi import FastAPI

from sanxian import __version__
from sanxian.server.services import Services

API = "/api/v1"


def create_app(services: Services) -> FastAPI:
    """Return the server as an ASGI application.

    Parameters
    ----------
    services : Services
        Registry, editions, settings and clock of this deployment.
    """
    app = FastAPI(title="三线 Sanxian", version=__version__, docs_url=None, redoc_url=None)
    app.state.services = services
    return app

"""Logs as lines of JSON: one a request, with its id, who asked and how long it took. Never a secret, never a query."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final, TextIO

import structlog

_SECRET: Final = frozenset(
    ("authorization", "cookie", "password", "secret", "token", "csrf", "database", "url")
)


def configure(stream: TextIO | None = None) -> None:
    """Write the logs of this process as JSON lines to ``stream`` (stderr), those of libraries included."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "huey"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # our own line a request says more
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    for name in ("huey", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def hide_secrets(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace the values of keys that may hold a secret."""
    for key in event:
        if key.lower() in _SECRET:
            event[key] = "…"
    return event

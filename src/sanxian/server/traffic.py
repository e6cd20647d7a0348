"""Around every request: an id, limits on size and slowness of its body, a log line, figures, and the last line of defence.

Plain ASGI, since a middleware of the framework would copy every answer through a queue. A body that is too large is
refused when it is announced, or when the limit is passed; one that comes too slowly ends the connection.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sanxian.errors import RequestTimeout, RequestTooLarge, SanxianError, Unforeseen
from sanxian.server import problems
from sanxian.server.metrics import Metrics
from sanxian.server.services import Settings

REQUEST_ID: Final = "x-request-id"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET: Final = frozenset(("/health", "/health/live", "/health/ready", "/metrics"))
_FIXED: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)
log: structlog.stdlib.BoundLogger = structlog.wrap_logger(logging.getLogger("sanxian.server"))


class Traffic:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(REQUEST_ID.encode(), b"").decode("latin-1")
        scope["request_id"] = request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        began = time.perf_counter()
        body = _Body(receive, headers, self._settings)
        status, sent, started = 0, 0, False

        async def sending(message: Message) -> None:
            nonlocal status, sent, started
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                message["headers"] = [
                    *message.get("headers", ()), (REQUEST_ID.encode(), request_id.encode()), *_FIXED
                ]  # fmt: skip
                if body.broken:
                    message["headers"].append((b"connection", b"close"))
            else:
                sent += len(message.get("body", b""))
            await send(message)

        self._metrics.active.inc()
        failed: BaseException | None = None
        try:
            body.check_announced()
            await self._app(scope, body.receive, sending)
        except SanxianError as error:
            failed = error
            if not started:
                await self._refuse(scope, error, sending)
        except Exception as error:
            failed = error
            log.exception("bug", path=scope["path"], request_id=request_id)
            if not started:
                await self._refuse(scope, Unforeseen.of(error), sending)
        finally:
            self._metrics.active.dec()
            self._told(scope, status, began, body.size, sent, failed)

    async def _refuse(self, scope: Scope, error: SanxianError, send: Send) -> None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        lang = problems.language_of(headers)
        response = problems.problem(error, lang=lang, instance=scope["path"], request_id=scope["request_id"])

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await response(scope, nothing, send)

    def _told(
        self, scope: Scope, status: int, began: float, received: int, sent: int, failed: BaseException | None
    ) -> None:
        seconds = time.perf_counter() - began
        route = getattr(scope.get("route"), "path", "-")
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        self._metrics.bytes_in.inc(received)
        self._metrics.bytes_out.inc(sent)
        if scope["path"] in _QUIET and status < 400:
            return
        said: dict[str, Any] = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "bytes": sent,
            "request_id": scope["request_id"],
            "caller": getattr(scope.get("caller"), "name", "public"),
            "address": (scope.get("client") or ("",))[0],
        }
        if isinstance(failed, SanxianError):
            said["code"] = failed.code
        log.info("request", **said)


class _Body:
    """The body of a request as it comes, counted and timed."""

    def __init__(self, receive: Receive, headers: dict[bytes, bytes], settings: Settings) -> None:
        self._receive = receive
        self._settings = settings
        kind = headers.get(b"content-type", b"").lower()
        upload = kind.startswith((b"multipart/", b"application/octet-stream"))
        self.limit = settings.max_upload_bytes if upload else settings.max_body_bytes
        self._announced = headers.get(b"content-length", b"")
        self.size = 0
        self.broken = False
        self._ended = not (self._announced.strip(b"0") or b"transfer-encoding" in headers)
        self._deadline = 0.0

    def check_announced(self) -> None:
        """Refuse a body whose announced size is too large, before any of it is received."""
        if self._announced.isdigit() and int(self._announced) > self.limit:
            raise self._too_large()

    async def receive(self) -> Message:
        """Return the next message; raises when the body is too large or too slow."""
        if self._ended:
            return await self._receive()  # waiting for the client to hang up may take as long as it takes
        now = asyncio.get_running_loop().time()
        if not self._deadline:
            self._deadline = now + self._settings.body_timeout_s
        patience = min(self._settings.body_timeout_s, max(0.0, self._deadline - now))
        try:
            message = await asyncio.wait_for(self._receive(), patience)
        except TimeoutError:
            self.broken = True
            raise RequestTimeout from None
        if message["type"] == "http.request":
            piece = len(message.get("body", b""))
            self.size += piece
            self._deadline += piece / self._settings.body_bytes_per_s
            if self.size > self.limit:
                raise self._too_large()
            self._ended = not message.get("more_body", False)
        else:
            self._ended = True
        return message

    def _too_large(self) -> RequestTooLarge:
        self.broken = True
        return RequestTooLarge(limit=f"{self.limit >> 20} MiB")

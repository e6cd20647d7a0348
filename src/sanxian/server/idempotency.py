"""Idempotency-Key: the same POST sent twice is done once, and answered twice alike.

For callers who are known; screening without keeping changes nothing and needs no key. The request is told from others by
method, address and content. Two at once: the first is worked on, the second is told so.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from typing import IO, Final

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sanxian.errors import RequestInvalid, SanxianError
from sanxian.registry import requests
from sanxian.registry.requests import Remembered
from sanxian.server import problems
from sanxian.server.access import caller
from sanxian.server.services import Services

HEADER: Final = b"idempotency-key"
MAX_ANSWER_BYTES: Final = 4 << 20  # a larger answer is not kept, and its key stays free
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_IN_MEMORY: Final = 1 << 20
_NOT_KEPT: Final = frozenset((b"x-request-id", b"date", b"set-cookie", b"connection"))
# Answers that show a secret once: kept, they would lie readable in the database and in every backup.
_SECRET: Final = re.compile(r"/api/v1/(session|me|people)(/.*)?|/api/v1/screenings/\d+/shares")
_PURE: Final = ("/api/v1/screenings", "/api/v1/screenings/asks", "/api/v1/answers/case")


class Idempotency:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, from memory when its key was used before."""
        given = _header(scope) if scope["type"] == "http" and scope["method"] == "POST" else b""
        if not given or scope["path"] in _PURE or _SECRET.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            who = await caller(request)
        except SanxianError:
            who = None
        if who is None or not who.person:  # refused or unknown: the app answers, and nothing is kept
            await self._app(scope, receive, send)
            return
        key = given.decode("latin-1")
        if not _KEY.fullmatch(key):
            reason = {
                "zh": "Idempotency-Key 应为 1 至 200 个可见字符",
                "en": "Idempotency-Key must be 1 to 200 visible characters",
            }
            await problems.answer(request, RequestInvalid(reason=reason))(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
            sha256 = await _received(receive, body)
            said = {"method": "POST", "path": scope["path"], "query": scope["query_string"].decode("latin-1")}
            digest = requests.digest_of(said, sha256)
            try:
                before = await run_in_threadpool(self._begin, who.person, key, digest)
            except SanxianError as error:
                await problems.answer(request, error)(scope, receive, send)
                return
            if before is not None:
                await _again(before)(scope, receive, send)
                return
            await self._first(scope, _replayed(body), send, who.person, key)

    async def _first(self, scope: Scope, receive: Receive, send: Send, person: int, key: str) -> None:
        status, headers, kept, size = 0, [], bytearray(), 0

        async def sending(message: Message) -> None:
            nonlocal status, headers, size
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", ()))
            elif message["type"] == "http.response.body":
                piece = message.get("body", b"")
                size += len(piece)
                if size <= MAX_ANSWER_BYTES:
                    kept.extend(piece)
                if not message.get("more_body", False):  # kept before the caller can know of it
                    await run_in_threadpool(self._end, person, key, status, headers, bytes(kept), size)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except BaseException:
            await run_in_threadpool(self._forget, person, key)
            raise

    def _begin(self, person: int, key: str, digest: str) -> Remembered | None:
        here = self._services
        with here.registry.begin() as connection:
            return requests.begin(connection, person, key, digest, at=here.now())

    def _end(
        self, person: int, key: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes, size: int
    ) -> None:
        if status >= 500 or status in (401, 403, 429) or size > MAX_ANSWER_BYTES:
            self._forget(person, key)  # not the answer to this request for ever
            return
        plain = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in headers
            if name.lower() not in _NOT_KEPT
        ]
        with self._services.registry.begin() as connection:
            requests.remember(connection, person, key, Remembered(status=status, headers=plain, body=body))

    def _forget(self, person: int, key: str) -> None:
        with self._services.registry.begin() as connection:
            requests.forget(connection, person, key)


def _header(scope: Scope) -> bytes:
    found: bytes = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return found


async def _received(receive: Receive, into: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        piece = message.get("body", b"")
        digest.update(piece)
        into.write(piece)
        if not message.get("more_body", False):
            break
    into.seek(0)
    return digest.hexdigest()


def _replayed(body: IO[bytes]) -> Receive:
    ended = False

    async def receive() -> Message:
        nonlocal ended
        if ended:
            return {"type": "http.disconnect"}
        piece = body.read(64 << 10)
        ended = not piece
        return {"type": "http.request", "body": piece, "more_body": not ended}

    return receive


def _again(before: Remembered) -> Response:
    response = Response(before.body, before.status)
    response.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in before.headers
    ]
    response.headers["Idempotent-Replay"] = "true"
    return response

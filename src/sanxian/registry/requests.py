"""What the server remembers of requests: the answers to idempotency keys, and reports by link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.errors import IdempotencyBusy, IdempotencyReused, ResourceNotFound
from sanxian.registry.store import canonical, moment
from sanxian.registry.tables import idempotency, share

KEPT: Final = timedelta(days=2)  # how long an answer is remembered
BUSY: Final = timedelta(minutes=10)  # a request that takes longer was cut off
_OPEN: Final = 0  # status of a request still worked on


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The answer to a request that was made before."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def begin(connection: Connection, person: int, key: str, request: str, *, at: datetime) -> Remembered | None:
    """Return the answer a key has already; ``None`` when the request is to be worked on, which is noted.

    Raises
    ------
    IdempotencyReused
        The key was used for another request.
    IdempotencyBusy
        The same request is being worked on.
    """
    connection.execute(idempotency.delete().where(idempotency.c.at < moment(at - KEPT)))
    mine = (idempotency.c.person == person) & (idempotency.c.key == key)
    row = connection.execute(sa.select(idempotency).where(mine)).first()
    if row is not None:
        if row.request != request:
            raise IdempotencyReused(key=key)
        if row.status != _OPEN:
            headers = [(str(name), str(value)) for name, value in json.loads(row.headers)]
            return Remembered(status=row.status, headers=headers, body=row.body)
        if abs(at - datetime.fromisoformat(row.at)) < BUSY:
            raise IdempotencyBusy(key=key)
        connection.execute(idempotency.delete().where(mine))
    connection.execute(
        idempotency.insert().values(
            person=person, key=key, request=request, status=_OPEN, headers="[]", body=b"", at=moment(at)
        )
    )
    return None


def remember(connection: Connection, person: int, key: str, answer: Remembered) -> None:
    """Keep the answer to a request that :func:`begin` noted."""
    connection.execute(
        idempotency.update()
        .where(idempotency.c.person == person, idempotency.c.key == key)
        .values(status=answer.status, headers=canonical(list(map(list, answer.headers))), body=answer.body)
    )


def forget(connection: Connection, person: int, key: str) -> None:
    """Drop a key whose request came to nothing, so that it can be tried again."""
    connection.execute(
        idempotency.delete().where(
            idempotency.c.person == person, idempotency.c.key == key, idempotency.c.status == _OPEN
        )
    )


# --- reports by link -----------------------------------------------------------------------------


def add_share(
    connection: Connection, secret: str, screening: int, *, at: datetime, expires: datetime | None, by: str
) -> None:
    """Keep a link to a screening; of the secret in it only the hash."""
    connection.execute(
        share.insert().values(
            secret=_hash(secret),
            screening=screening,
            created_at=moment(at),
            expires_at=None if expires is None else moment(expires),
            by=by,
        )
    )


def shared(connection: Connection, secret: str, *, at: datetime) -> int:
    """Return the screening a link is to.

    Raises
    ------
    ResourceNotFound
        There is no such link, or it has expired: nobody learns which.
    """
    row = connection.execute(sa.select(share).where(share.c.secret == _hash(secret))).first()
    if row is None or (row.expires_at is not None and row.expires_at <= moment(at)):
        raise ResourceNotFound(what={"zh": "这个链接的报告", "en": "report at this link"})
    return int(row.screening)


def end_shares(connection: Connection, screening: int) -> int:
    """Remove every link to a screening; return how many there were."""
    return int(connection.execute(share.delete().where(share.c.screening == screening)).rowcount)


def _hash(secret: str) -> str:
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def digest_of(parts: Mapping[str, str], body_sha256: str) -> str:
    """Return what tells one request from another: method, address and content."""
    said = canonical({**parts, "body": body_sha256})
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()

"""Who is logged in, and the tokens of programs. Of each secret only its SHA-256 is kept."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.errors import SessionNotFound, TokenInvalid, TokenNotFound
from sanxian.registry import audit, tables
from sanxian.registry.accounts import Person, person_of
from sanxian.registry.accounts_secrets import digest, new_secret, new_token
from sanxian.registry.store import canonical, moment

SEEN_EVERY: Final = timedelta(minutes=1)  # the last use is written no oftener: a read should not be a write
TOKEN_DAYS: Final = 3650  # a token lives no longer
TOKEN_NAME_LENGTH: Final = 100
_ID: Final = slice(7, 23)  # of "sha256:…": enough of it to name a session, too little to find its secret

# Asked with every request: putting such a statement together takes longer than the database takes to answer it.
_SESSION: Final = sa.select(tables.session).where(
    tables.session.c.secret == sa.bindparam("secret"),
    tables.session.c.expires_at > sa.bindparam("now"),
    tables.session.c.seen_at > sa.bindparam("seen_after"),
)
_TOKEN: Final = sa.select(tables.token).where(tables.token.c.secret == sa.bindparam("secret"))
_PERSON: Final = sa.select(tables.person).where(
    tables.person.c.id == sa.bindparam("key"), tables.person.c.active
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login of one person in one browser."""

    id: str
    csrf: str
    created_at: str
    seen_at: str
    expires_at: str
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program shows to act for a person."""

    id: int
    name: str
    scopes: tuple[str, ...]  # rights, sorted
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


# --- sessions ------------------------------------------------------------------------------------


def open_session(
    connection: Connection,
    person: Person,
    *,
    at: datetime,
    life: timedelta,
    address: str,
    agent: str,
    how: str = "password",
) -> tuple[Session, str]:
    """Log somebody in; return the session and its secret, which is new at every login and kept nowhere.

    Parameters
    ----------
    life : timedelta
        After this it ends, used or not.
    how : str
        ``password`` or ``oidc``, for the audit log.
    """
    secret = new_secret()
    session = tables.session
    connection.execute(session.delete().where(session.c.expires_at <= moment(at)))
    row = {
        "secret": digest(secret),
        "person": person.id,
        "csrf": new_secret(),
        "created_at": moment(at),
        "seen_at": moment(at),
        "expires_at": moment(at + life),
        "address": address[:64],
        "agent": "".join(c for c in agent if c.isprintable())[:200],
    }
    connection.execute(session.insert().values(**row))
    audit.append(
        connection,
        at=at,
        actor=person.name,
        action="person.login",
        subject=f"person:{person.id}",
        detail={"how": how, "address": row["address"]},
    )
    found = connection.execute(sa.select(session).where(session.c.secret == row["secret"])).mappings().one()
    return _session(found), secret


def session_of(
    connection: Connection, secret: str, *, now: datetime, idle: timedelta
) -> tuple[Person, Session] | None:
    """Return who is logged in with this secret; ``None`` when nobody is, any more or at all."""
    asked = {"secret": digest(secret), "now": moment(now), "seen_after": moment(now - idle)}
    row = connection.execute(_SESSION, asked).mappings().first()
    who = None if row is None else _active(connection, row["person"])
    return None if row is None or who is None else (who, _session(row))


def _active(connection: Connection, key: int) -> Person | None:
    found = connection.execute(_PERSON, {"key": key}).mappings().first()
    return None if found is None else person_of(found)


def seen(connection: Connection, secret: str, *, at: datetime) -> None:
    """Write down that a session is in use."""
    own = tables.session.c.secret == digest(secret)
    connection.execute(tables.session.update().where(own).values(seen_at=moment(at)))


def due(last: str | None, now: datetime) -> bool:
    """Whether the last use was so long ago that this one has to be written down."""
    return last is None or last <= moment(now - SEEN_EVERY)


def sessions(connection: Connection, person: int, *, now: datetime, idle: timedelta) -> list[Session]:
    """Return the sessions somebody has now, newest first."""
    session = tables.session
    query = (
        sa.select(session)
        .where(
            session.c.person == person,
            session.c.expires_at > moment(now),
            session.c.seen_at > moment(now - idle),
        )
        .order_by(session.c.created_at.desc(), session.c.secret)
    )
    return [_session(row) for row in connection.execute(query).mappings()]


def close_session(connection: Connection, person: Person, session: str, *, at: datetime) -> None:
    """End one of somebody's sessions.

    Raises
    ------
    SessionNotFound
        They have none with this id.
    """
    known = sa.select(tables.session.c.secret).where(tables.session.c.person == person.id)
    ended = [secret for secret in connection.execute(known).scalars() if secret[_ID] == session]
    if not ended:
        raise SessionNotFound(session=session[:40])
    connection.execute(tables.session.delete().where(tables.session.c.secret.in_(ended)))
    _logout(connection, person, at, "one")


def forget(connection: Connection, secret: str) -> None:
    """End the session of a secret, if there is one: who logs in again leaves no other login behind."""
    if secret:
        connection.execute(tables.session.delete().where(tables.session.c.secret == digest(secret)))


def close_sessions(connection: Connection, person: Person, *, at: datetime) -> int:
    """End every session of somebody and return how many there were."""
    ended = connection.execute(tables.session.delete().where(tables.session.c.person == person.id)).rowcount
    _logout(connection, person, at, "all")
    return ended


def _logout(connection: Connection, person: Person, at: datetime, which: str) -> None:
    audit.append(
        connection,
        at=at,
        actor=person.name,
        action="person.logout",
        subject=f"person:{person.id}",
        detail={"sessions": which},
    )


def _session(row: sa.RowMapping) -> Session:
    return Session(
        id=row["secret"][_ID],
        csrf=row["csrf"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
        address=row["address"],
        agent=row["agent"],
    )


# --- tokens --------------------------------------------------------------------------------------


def issue_token(
    connection: Connection,
    person: Person,
    *,
    name: str,
    scopes: Collection[str],
    allowed: Collection[str],
    days: int,
    at: datetime,
    by: str,
) -> tuple[Token, str]:
    """Give somebody a token; return it and its secret, which is shown once and kept nowhere.

    Parameters
    ----------
    name : str
        What it is for, in the person's words.
    scopes : collection of str
        Rights the token has: never more than the role's, whatever becomes of the role.
    allowed : collection of str
        Rights the person's role has.
    days : int
        How long it is valid.

    Raises
    ------
    TokenInvalid
        It has no name or no scope, one that the person does not have, or would live too long.
    """
    beyond = sorted(set(scopes) - set(allowed))
    for wrong, zh, en in (
        (not name.strip(), "没有名称", "it has no name"),
        (len(name) > TOKEN_NAME_LENGTH or not name.isprintable(), "名称过长或含有控制字符", "its name is too long or holds control characters"),
        (not scopes, "没有指定权限", "it has no scope"),
        (bool(beyond), f"本人没有权限 {'、'.join(beyond)}", f"its owner has no right {', '.join(beyond)}"),
        (not 1 <= days <= TOKEN_DAYS, f"有效期应为 1 到 {TOKEN_DAYS} 天", f"it must be valid for 1 to {TOKEN_DAYS} days"),
        (not person.active, "该账户已停用", "the account is switched off"),
    ):  # fmt: skip
        if wrong:
            raise TokenInvalid(reason={"zh": zh, "en": en})
    secret = new_token()
    made = connection.execute(
        tables.token.insert().values(
            person=person.id,
            name=name.strip(),
            secret=digest(secret),
            scopes=canonical(sorted(set(scopes))),
            created_at=moment(at),
            expires_at=moment(at + timedelta(days=days)),
        )
    ).inserted_primary_key
    token = tokens(connection, person.id, key=int(made[0]) if made else 0)[0]
    audit.append(
        connection,
        at=at,
        actor=by,
        action="token.issue",
        subject=f"person:{person.id}",
        detail={
            "token": token.id,
            "name": token.name,
            "scopes": list(token.scopes),
            "expires_at": token.expires_at,
        },
    )
    return token, secret


def token_of(connection: Connection, secret: str, *, now: datetime) -> tuple[Person, Token] | None:
    """Return whose token this is; ``None`` when it is unknown, expired or revoked, or its owner switched off."""
    row = connection.execute(_TOKEN, {"secret": digest(secret)}).mappings().first()
    if row is None or row["revoked_at"] is not None or (row["expires_at"] or "") <= moment(now):
        return None
    who = _active(connection, row["person"])
    return None if who is None else (who, _token(row))


def token_used(connection: Connection, token: int, *, at: datetime) -> None:
    """Write down that a token was used."""
    connection.execute(tables.token.update().where(tables.token.c.id == token).values(used_at=moment(at)))


def tokens(connection: Connection, person: int, *, key: int | None = None) -> list[Token]:
    """Return somebody's tokens, newest first, also those that ended; one alone by ``key``."""
    query = sa.select(tables.token).where(tables.token.c.person == person).order_by(tables.token.c.id.desc())
    if key is not None:
        query = query.where(tables.token.c.id == key)
    return [_token(row) for row in connection.execute(query).mappings()]


def revoke_token(connection: Connection, person: Person, token: int, *, at: datetime, by: str) -> None:
    """End a token for good.

    Raises
    ------
    TokenNotFound
        The person has no such token, or it was revoked before.
    """
    valid = sa.and_(
        tables.token.c.person == person.id, tables.token.c.id == token, tables.token.c.revoked_at.is_(None)
    )
    ended = connection.execute(tables.token.update().where(valid).values(revoked_at=moment(at))).rowcount
    if not ended:
        raise TokenNotFound(token=token)
    audit.append(
        connection,
        at=at,
        actor=by,
        action="token.revoke",
        subject=f"person:{person.id}",
        detail={"token": token},
    )


def _token(row: sa.RowMapping) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        scopes=tuple(json.loads(row["scopes"])),
        created_at=row["created_at"],
        expires_at=row["expires_at"] or "",
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )

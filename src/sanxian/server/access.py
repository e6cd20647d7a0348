"""Who asks, and what they may do: the only way from a request to rights.

Somebody logged in has a cookie, a program has a token (``Authorization: Bearer``), everybody else is the public. A
cookie that has ended is no cookie: its owner is the public until they log in again. A token that is not valid is
refused, since a program must not go on with less than it asked for. Whoever changes something by cookie has to show that
our own page sent it (``csrf``): there is no right without that, so no route can forget it.
"""

from __future__ import annotations

import hmac
import ipaddress
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from sanxian.errors import Forbidden, NotLoggedIn, PasswordChangeNeeded, RegistryError, TokenRefused
from sanxian.registry import accounts_sessions as logins
from sanxian.registry.accounts import NOTHING, Person, Role
from sanxian.registry.accounts_passwords import Passwords
from sanxian.registry.accounts_sessions import Session, Token
from sanxian.registry.registration import Scope
from sanxian.server import csrf
from sanxian.server.limits import Limits, Rates
from sanxian.server.oidc import Provider, read_oidc
from sanxian.server.rights import LABELS, RIGHTS, Right, rights_of
from sanxian.server.services import Services, Settings, services

_LONGEST: Final = 200  # characters of a secret somebody sends
_UPLOADS: Final = ("multipart/", "application/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: somebody logged in, a program with a token, or the public."""

    person: int = 0  # person.id; 0 = the public
    name: str = "public"  # as the audit log names them
    role: Role = Role.PUBLIC
    region: str = ""  # rows they may see; "" = every region
    rights: frozenset[Right] = RIGHTS[Role.PUBLIC]
    address: str = ""
    must_change: bool = False  # logged in with a one-time password: no right but to change it
    who: Person | None = None
    session: Session | None = None
    token: Token | None = None

    @property
    def scope(self) -> Scope:
        """The rows they may see and change; the public: none."""
        return self.who.scope if self.who is not None else NOTHING

    @property
    def key(self) -> str:
        """What their requests are counted by: the person, or the address of the public."""
        return f"person:{self.person}" if self.person else f"address:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What letting people in needs in memory: one for a process."""

    passwords: Passwords = field(default_factory=Passwords)
    limits: Limits = field(default_factory=Limits)
    provider: Provider | None = None  # of OpenID Connect

    @classmethod
    def of(cls, here: Services) -> Door:
        """Return the door of a deployment, as its settings say; raises as :func:`~sanxian.server.oidc.read_oidc`."""
        settings = here.settings
        rates = Rates(
            logins_per_name=settings.logins_per_name,
            logins_per_address=settings.logins_per_address,
            uploads_per_minute=settings.uploads_per_minute,
            screenings_per_minute=settings.screenings_per_minute,
            public_screenings_per_minute=settings.public_screenings_per_minute,
        )
        found = read_oidc(here.registry.folder, public_url=settings.public_url)
        return cls(limits=Limits(rates), provider=None if found is None else Provider(found, now=here.now))


_making = threading.Lock()


def door(request: Request) -> Door:
    """Return the door of the app a request came to; used as ``Depends(door)``."""
    here = services(request)
    if here.door is not None:
        return here.door
    state = request.app.state
    with _making:  # an app put together from single routers has none yet
        if not hasattr(state, "door"):
            state.door = Door.of(here)
    found: Door = state.door
    return found


# --- cookies -------------------------------------------------------------------------------------


def cookie_name(settings: Settings, name: str = "sanxian") -> str:
    """Return the name of a cookie; ``__Host-`` makes browsers refuse one set by another host or without TLS."""
    return f"__Host-{name}" if settings.secure else name


def set_cookie(response: Response, settings: Settings, secret: str, *, seconds: int) -> None:
    """Let the browser keep a session. No script can read it, and no other site's page makes it be sent."""
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=seconds,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="strict",
    )


def forget_cookie(response: Response, settings: Settings) -> None:
    """Let the browser drop the session."""
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="strict"
    )


def idle(settings: Settings) -> timedelta:
    """Return after how long without use a login has ended."""
    return timedelta(minutes=settings.session_idle_minutes)


# --- who asks ------------------------------------------------------------------------------------


async def caller(request: Request) -> Caller:
    """Return who asks, by token or session cookie; the public when there is neither.

    Raises
    ------
    TokenRefused
    CsrfRefused
        Somebody logged in changes something, and it cannot be told that our own page sent it.
    """
    here = services(request)
    address = address_of(request, here.settings.trusted_proxies)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(cookie_name(here.settings), "")
    if scheme.lower() == "bearer":
        who = await run_in_threadpool(_by_token, here, given.strip(), address)
    elif cookie:
        who = await run_in_threadpool(_by_cookie, here, cookie, address, request)
    else:
        who = _public(here, address)
    request.scope["caller"] = who  # the log names them
    return who


def _public(here: Services, address: str) -> Caller:
    rights = RIGHTS[Role.PUBLIC]
    return Caller(
        address=address, rights=rights if here.settings.public_screening else rights - {Right.SCREEN}
    )


def _by_token(here: Services, secret: str, address: str) -> Caller:
    now = here.now()
    with here.registry.read() as connection:
        found = None if len(secret) > _LONGEST else logins.token_of(connection, secret, now=now)
    if found is None:
        raise TokenRefused
    person, token = found
    if logins.due(token.used_at, now):
        with suppress(RegistryError), here.registry.begin() as connection:
            logins.token_used(connection, token.id, at=now)
    own = rights_of(person.role, person.region)
    return _caller(person, address, frozenset(r for r in own if r.value in token.scopes), token=token)


def _by_cookie(here: Services, secret: str, address: str, request: Request) -> Caller:
    now = here.now()
    with here.registry.read() as connection:
        found = (
            None
            if len(secret) > _LONGEST
            else logins.session_of(connection, secret, now=now, idle=idle(here.settings))
        )
    if found is None:
        return _public(here, address)
    person, session = found
    if request.method not in csrf.SAFE:
        csrf.check(request.headers, expected=session.csrf, public_url=here.settings.public_url)
    if logins.due(session.seen_at, now):
        with suppress(RegistryError), here.registry.begin() as connection:
            logins.seen(connection, secret, at=now)
    return _caller(person, address, rights_of(person.role, person.region), session=session)


def _caller(
    person: Person,
    address: str,
    rights: frozenset[Right],
    *,
    session: Session | None = None,
    token: Token | None = None,
) -> Caller:
    return Caller(
        person=person.id,
        name=person.name,
        role=person.role,
        region=person.region,
        rights=frozenset() if person.must_change else rights,
        address=address,
        must_change=person.must_change,
        who=person,
        session=session,
        token=token,
    )


def needs(right: Right) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """Return a dependency that yields the caller, or refuses one without ``right``.

    It also counts: uploads, and requests for screening.

    Raises
    ------
    NotLoggedIn, Forbidden, PasswordChangeNeeded
        When a request comes, as answers 401 and 403.
    TooManyRequests
        Answer 429.
    """

    async def check(request: Request, who: Annotated[Caller, Depends(caller)]) -> Caller:
        allowed(who, right)
        upload = request.headers.get("content-type", "").lower().startswith(_UPLOADS)
        if right is Right.SCREEN or upload:
            now, limits = services(request).now(), door(request).limits
            if right is Right.SCREEN:
                limits.screening(who.key, public=not who.person, now=now)
            if upload:
                limits.upload(who.key, now=now)
        return who

    check.__name__ = f"needs_{right.name.lower()}"
    return check


def allowed(who: Caller, right: Right) -> None:
    """Go on when the caller has a right; raises as :func:`needs`."""
    if who.must_change:
        raise PasswordChangeNeeded
    if right in who.rights:
        return
    zh, en = LABELS[right]
    label = {"zh": zh, "en": en}
    raise Forbidden(right=label) if who.person else NotLoggedIn(right=label)


# --- where they are ------------------------------------------------------------------------------


def address_of(request: Request, trusted: Sequence[str]) -> str:
    """Return the address a request came from.

    Behind a proxy that ``trusted`` names (addresses or networks), the last address in ``X-Forwarded-For`` that is no
    such proxy; what stands before it was written by whoever sent the request and is not believed.
    """
    peer = request.client.host if request.client else ""
    if not trusted or not _is_in(peer, trusted):
        return peer
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed([h.strip() for h in hops if h.strip()]):
        try:
            plain = str(ipaddress.ip_address(hop))
        except ValueError:
            return peer
        if not _is_in(plain, trusted):
            return plain
        peer = plain
    return peer


def _is_in(address: str, trusted: Sequence[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped  # how a server that listens on both sees IPv4
        return any(found in ipaddress.ip_network(one, strict=False) for one in trusted)
    except ValueError:
        return False


def same_secret(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))

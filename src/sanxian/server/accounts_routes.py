"""Login, own sessions and tokens, people, the audit log, over HTTP.

What a secret is shown in is never kept by a cache (``no-store``). Whatever changes is written to the audit log, in the
same transaction.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from sanxian.errors import (
    LoginRefused,
    NotLoggedIn,
    PasswordChangeNeeded,
    PasswordWrong,
    SessionNeeded,
)
from sanxian.registry import accounts, audit
from sanxian.registry import accounts_sessions as logins
from sanxian.registry.accounts import Person, Role
from sanxian.registry.accounts_sessions import Session, Token
from sanxian.server import conditional, csrf
from sanxian.server.access import (
    Caller,
    Door,
    address_of,
    caller,
    cookie_name,
    door,
    forget_cookie,
    idle,
    needs,
    set_cookie,
)
from sanxian.server.accounts_bodies import (
    AuditPage,
    AuditVerified,
    LoginBody,
    MeAnswer,
    NewPerson,
    NewPersonAnswer,
    NewToken,
    NewTokenAnswer,
    OneTimePassword,
    PasswordBody,
    PeoplePage,
    PersonAnswer,
    PersonChange,
    SessionAnswer,
    TokenAnswer,
)
from sanxian.server.paging import PAGE, After, Limit, after_of, cursor, link_next
from sanxian.server.rights import Right, rights_of
from sanxian.server.services import Services, services

_HEAD_KEYS: Final = (
    "上次核验时的位置 seq:hash，由此可发现尾部被截断 / Head of an earlier verification; shows a tail cut off"
)

# what a database has room for; anything larger is no number of a row
Number = Annotated[int, Path(ge=1, lt=2**53)]
_NO_NUL: Final = r"^[^\x00]*$"  # PostgreSQL takes no NUL in a text

Here = Annotated[Services, Depends(services)]
Who = Annotated[Caller, Depends(caller)]
At = Annotated[Door, Depends(door)]
Administrator = Annotated[Caller, Depends(needs(Right.PERSON_MANAGE))]
Auditor = Annotated[Caller, Depends(needs(Right.AUDIT))]


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody who logged in themselves."""

    person: Person
    session: Session


def logged_in(who: Who) -> LoggedIn:
    """Return who is logged in; what concerns an account is not for tokens.

    Raises
    ------
    NotLoggedIn, SessionNeeded
    """
    if who.who is None:
        raise NotLoggedIn(right={"zh": "本人账户", "en": "own account"})
    if who.session is None:
        raise SessionNeeded
    return LoggedIn(who.who, who.session)


def settled(who: Annotated[LoggedIn, Depends(logged_in)]) -> LoggedIn:
    """Return who is logged in with a password of their own; raises as :func:`logged_in`.

    Raises
    ------
    PasswordChangeNeeded
    """
    if who.person.must_change:
        raise PasswordChangeNeeded
    return who


Own = Annotated[LoggedIn, Depends(logged_in)]
Settled = Annotated[LoggedIn, Depends(settled)]


def routes() -> APIRouter:
    """Return the routes of accounts, to be mounted under the API."""
    router = APIRouter(tags=["accounts"])
    _add_login(router)
    _add_own(router)
    _add_people(router)
    _add_audit(router)
    return router


# --- login ---------------------------------------------------------------------------------------


def _add_login(router: APIRouter) -> None:
    @router.post(
        "/session",
        summary="登录 / Log in",
        description="成功后设置会话 Cookie，并返回 `csrf`：之后每个改动请求都要在 `X-CSRF-Token` 中带上它。"
        " / Sets the session cookie and returns `csrf`, to be sent in `X-CSRF-Token` with every change.",
    )
    def log_in(request: Request, response: Response, body: LoginBody, here: Here, at: At) -> MeAnswer:
        csrf.check_origin(request.headers, public_url=here.settings.public_url)
        address = address_of(request, here.settings.trusted_proxies)
        at.limits.login(address, accounts.folded(body.name), now=here.now())
        with here.registry.read() as connection:
            person, kept = accounts.kept_password(connection, body.name)
        if not at.passwords.matches(kept, body.password) or person is None:
            _refused_login(here, person, address)
            raise LoginRefused
        hashed = at.passwords.hashed(body.password) if at.passwords.outdated(kept) else ""
        with here.registry.begin() as connection:
            now_person, now_kept = accounts.kept_password(connection, body.name)
            if now_person is None or now_kept != kept:  # changed or switched off while it was checked
                raise LoginRefused
            if hashed:
                accounts.rehashed(connection, person, kept, hashed)
            logins.forget(connection, request.cookies.get(cookie_name(here.settings), ""))
        at.limits.logged_in(person.name)
        return let_in(request, response, here, at, now_person, how="password")

    @router.delete(
        "/session",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="退出登录 / Log out",
        response_class=Response,
    )
    def log_out(who: Who, here: Here) -> Response:
        if who.who is not None and who.session is not None:
            with here.registry.begin() as connection:
                logins.close_session(connection, who.who, who.session.id, at=here.now())
        return _gone(here)


def let_in(
    request: Request, response: Response, here: Services, at: Door, person: Person, *, how: str
) -> MeAnswer:
    """Open a session for somebody, set its cookie and return who they are."""
    life = timedelta(hours=here.settings.session_hours)
    address = address_of(request, here.settings.trusted_proxies)
    with here.registry.begin() as connection:
        session, secret = logins.open_session(
            connection,
            person,
            at=here.now(),
            life=life,
            address=address,
            agent=request.headers.get("user-agent", ""),
            how=how,
        )
    set_cookie(response, here.settings, secret, seconds=int(life.total_seconds()))
    response.headers["Cache-Control"] = "no-store"
    rights = frozenset() if person.must_change else rights_of(person.role, person.region)
    return me_of(person, rights, at, session=session)


def me_of(
    person: Person | None, rights: frozenset[Right], at: Door, *, session: Session | None = None
) -> MeAnswer:
    """Return what somebody is told of themselves."""
    sign_on = at.provider.settings if at.provider is not None else None
    return MeAnswer(
        person=None if person is None else person_answer(person),
        role=Role.PUBLIC if person is None else person.role,
        region="" if person is None else person.region,
        rights=sorted(right.value for right in rights),
        must_change=person is not None and person.must_change,
        csrf=None if session is None else session.csrf,
        sign_on=None if sign_on is None else {"zh": sign_on.label_zh, "en": sign_on.label_en},
    )


def _refused_login(here: Services, person: Person | None, address: str) -> None:
    """Write down that a login failed. A name nobody has is not: a password is easily typed into its place."""
    with here.registry.begin() as connection:
        audit.append(
            connection,
            at=here.now(),
            actor="public",
            action="person.login.refused",
            subject="person:?" if person is None else f"person:{person.id}",
            detail={"address": address},
        )


def _gone(here: Services) -> Response:
    response = Response(status_code=status.HTTP_204_NO_CONTENT, headers={"Cache-Control": "no-store"})
    forget_cookie(response, here.settings)
    return response


# --- oneself -------------------------------------------------------------------------------------


def _add_own(router: APIRouter) -> None:
    @router.get("/me", summary="我是谁、有哪些权限 / Who I am and what I may do")
    def me(who: Who, response: Response, at: At) -> MeAnswer:
        response.headers["Cache-Control"] = "no-store"
        return me_of(who.who, who.rights, at, session=who.session)

    @router.put(
        "/me/password",
        summary="修改密码 / Change the password",
        description="其他登录随之结束，当前登录换用新的会话。 / Every other login ends; this one goes on as a new session.",
    )
    def change_password(
        request: Request, response: Response, body: PasswordBody, me: Own, here: Here, at: At
    ) -> MeAnswer:
        now = here.now()
        at.limits.password(me.person.id, now=now)
        with here.registry.read() as connection:
            _, kept = accounts.kept_password(connection, me.person.name)
        if me.person.local and not at.passwords.matches(kept, body.present):
            raise PasswordWrong
        if me.person.local and at.passwords.matches(kept, body.new):
            raise accounts.same_password()
        with here.registry.begin() as connection:
            if accounts.kept_password(connection, me.person.name)[1] != kept:
                raise PasswordWrong  # an administrator has set another meanwhile
            accounts.set_password(connection, me.person, body.new, passwords=at.passwords, at=now)
            person = accounts.get(connection, me.person.id)
        return let_in(request, response, here, at, person, how="password")

    @router.get("/me/sessions", summary="我的登录 / My logins")
    def own_sessions(me: Settled, here: Here) -> list[SessionAnswer]:
        with here.registry.read() as connection:
            found = logins.sessions(connection, me.person.id, now=here.now(), idle=idle(here.settings))
        return [_session(one, current=one.id == me.session.id) for one in found]

    @router.delete(
        "/me/sessions",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="在所有地方退出 / Log out everywhere",
        response_class=Response,
    )
    def log_out_everywhere(me: Own, here: Here) -> Response:
        with here.registry.begin() as connection:
            logins.close_sessions(connection, me.person, at=here.now())
        return _gone(here)

    @router.delete(
        "/me/sessions/{session}",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="结束一次登录 / End one login",
        response_class=Response,
    )
    def end_session(session: Annotated[str, Path(max_length=100)], me: Settled, here: Here) -> Response:
        with here.registry.begin() as connection:
            logins.close_session(connection, me.person, session, at=here.now())
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    @router.get("/me/tokens", summary="我的令牌 / My tokens")
    def own_tokens(me: Settled, here: Here) -> list[TokenAnswer]:
        with here.registry.read() as connection:
            return [_token(one) for one in logins.tokens(connection, me.person.id)]

    @router.post(
        "/me/tokens",
        status_code=status.HTTP_201_CREATED,
        summary="发放令牌 / Issue a token",
        description="`secret` 只在此显示一次。 / `secret` is shown here and never again.",
    )
    def issue_token(body: NewToken, response: Response, me: Settled, here: Here) -> NewTokenAnswer:
        response.headers["Cache-Control"] = "no-store"
        with here.registry.begin() as connection:
            token, secret = logins.issue_token(
                connection,
                me.person,
                name=body.name,
                scopes=[right.value for right in body.scopes],
                allowed=[right.value for right in rights_of(me.person.role, me.person.region)],
                days=body.days,
                at=here.now(),
                by=me.person.name,
            )
        return NewTokenAnswer(**_token(token).model_dump(), secret=secret)

    @router.delete(
        "/me/tokens/{token}",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="撤销令牌 / Revoke a token",
        response_class=Response,
    )
    def revoke_token(token: Number, me: Settled, here: Here) -> Response:
        with here.registry.begin() as connection:
            logins.revoke_token(connection, me.person, token, at=here.now(), by=me.person.name)
        return Response(status_code=status.HTTP_204_NO_CONTENT)


# --- people --------------------------------------------------------------------------------------


def _add_people(router: APIRouter) -> None:
    @router.get("/people", summary="人员 / People")
    def people(
        request: Request,
        response: Response,
        who: Administrator,
        here: Here,
        text: Annotated[
            str,
            Query(
                max_length=100,
                pattern=_NO_NUL,
                description="名称、显示名或邮箱的一部分 / Part of name, title or address",
            ),
        ] = "",
        role: Role | None = None,
        active: bool | None = None,
        after: After = "",
        limit: Limit = PAGE,
    ) -> PeoplePage:
        place = after_of(after, (str,))
        with here.registry.read() as connection:
            found = accounts.people(
                connection,
                scope=who.scope,
                after=place[0] if place else "",
                limit=limit + 1,
                text=text,
                role=role,
                active=active,
            )
        more = cursor([found[limit - 1].name]) if len(found) > limit else None
        return PeoplePage(
            items=[person_answer(one) for one in found[:limit]],
            after=more,
            next=link_next(request, response, more),
        )

    @router.post("/people", status_code=status.HTTP_201_CREATED, summary="添加人员 / Add somebody")
    def add_person(
        body: NewPerson, request: Request, response: Response, who: Administrator, here: Here, at: At
    ) -> NewPersonAnswer:
        given = body.model_dump(exclude={"password"})
        now: dict[str, Any] = {"at": here.now(), "by": who.name, "scope": who.scope}
        password: str | None = None
        with here.registry.begin() as connection:
            if body.password:
                person, password = accounts.add_with_password(
                    connection, passwords=at.passwords, **given, **now
                )
            else:
                person = accounts.add(connection, **given, **now)
        response.headers["Location"] = f"{request.url.path}/{person.id}"
        response.headers["ETag"] = _tag(person)
        response.headers["Cache-Control"] = "no-store"
        return NewPersonAnswer(**person_answer(person).model_dump(), one_time_password=password)

    @router.get("/people/{person}", summary="一名人员 / Somebody", response_model=PersonAnswer)
    def one_person(
        person: Number, request: Request, response: Response, who: Administrator, here: Here
    ) -> Any:
        with here.registry.read() as connection:
            found = accounts.get(connection, person, scope=who.scope)
        if conditional.has(request, _tag(found)):
            return conditional.not_modified(_tag(found))
        response.headers["ETag"] = _tag(found)
        response.headers["Cache-Control"] = conditional.ASK_AGAIN
        return person_answer(found)

    @router.patch(
        "/people/{person}",
        summary="修改人员 / Change somebody",
        description="须带 `If-Match`。停用者立即退出，其令牌全部失效。 / Needs `If-Match`. Whoever is switched off is logged out at once and their tokens end.",
    )
    def change_person(
        person: Number,
        body: PersonChange,
        request: Request,
        response: Response,
        who: Administrator,
        here: Here,
    ) -> PersonAnswer:
        with here.registry.begin() as connection:
            before = accounts.get(connection, person, scope=who.scope)
            conditional.must_match(
                request, _tag(before), zh=f"人员“{before.name}”", en=f"Person “{before.name}”"
            )
            found = accounts.amend(
                connection,
                person,
                version=before.version,
                at=here.now(),
                by=who.name,
                scope=who.scope,
                **body.model_dump(exclude_unset=True),
            )
        response.headers["ETag"] = _tag(found)
        return person_answer(found)

    @router.post(
        "/people/{person}/password",
        summary="设置一次性密码 / Set a one-time password",
        description="只显示一次；其所有登录和令牌随之结束。 / Shown once; every login and token of theirs ends.",
    )
    def reset_password(
        person: Number, response: Response, who: Administrator, here: Here, at: At
    ) -> OneTimePassword:
        response.headers["Cache-Control"] = "no-store"
        with here.registry.begin() as connection:
            password = accounts.reset_password(
                connection, person, passwords=at.passwords, at=here.now(), by=who.name, scope=who.scope
            )
        return OneTimePassword(one_time_password=password)

    @router.delete(
        "/people/{person}/sessions",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="令其在所有地方退出 / Log somebody out everywhere",
        description="令牌一并失效。 / Their tokens end too.",
        response_class=Response,
    )
    def lock_out(person: Number, who: Administrator, here: Here) -> Response:
        with here.registry.begin() as connection:
            accounts.get(connection, person, scope=who.scope)
            accounts.lock_out(connection, person, at=here.now(), by=who.name)
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    @router.get("/people/{person}/tokens", summary="其令牌 / Somebody's tokens")
    def their_tokens(person: Number, who: Administrator, here: Here) -> list[TokenAnswer]:
        with here.registry.read() as connection:
            accounts.get(connection, person, scope=who.scope)
            return [_token(one) for one in logins.tokens(connection, person)]

    @router.delete(
        "/people/{person}/tokens/{token}",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="撤销其令牌 / Revoke somebody's token",
        response_class=Response,
    )
    def revoke_their_token(person: Number, token: Number, who: Administrator, here: Here) -> Response:
        with here.registry.begin() as connection:
            owner = accounts.get(connection, person, scope=who.scope)
            logins.revoke_token(connection, owner, token, at=here.now(), by=who.name)
        return Response(status_code=status.HTTP_204_NO_CONTENT)


# --- the audit log ---------------------------------------------------------------------------------


def _add_audit(router: APIRouter) -> None:
    @router.get("/audit", summary="审计日志，新的在前 / The audit log, newest first")
    def entries(
        request: Request,
        response: Response,
        _: Auditor,
        here: Here,
        subject: Annotated[
            str, Query(max_length=200, pattern=_NO_NUL, description="对象，如 project:12 / Subject")
        ] = "",
        actor: Annotated[str, Query(max_length=100, pattern=_NO_NUL, description="操作人 / Who did it")] = "",
        after: After = "",
        limit: Limit = PAGE,
    ) -> AuditPage:
        place = after_of(after, (int,))
        with here.registry.read() as connection:
            found = audit.entries(
                connection,
                before=place[0] if place else None,
                subject=subject,
                actor=actor,
                limit=limit + 1,
            )
        more = cursor([found[limit - 1].seq]) if len(found) > limit else None
        response.headers["Cache-Control"] = "no-store"
        return AuditPage(
            items=[{**dataclasses.asdict(one), "detail": json.loads(one.detail)} for one in found[:limit]],
            after=more,
            next=link_next(request, response, more),
        )

    @router.get("/audit/verify", summary="核验审计日志 / Verify the audit log")
    def verify(
        response: Response,
        _: Auditor,
        here: Here,
        known: Annotated[str, Query(pattern=r"^(\d{1,18}:[0-9a-f]{64})?$", description=_HEAD_KEYS)] = "",
    ) -> AuditVerified:
        seq, _sep, mark = known.partition(":")
        earlier = audit.Head(int(seq), mark) if known else None
        with here.registry.read() as connection:
            found = audit.verify(connection, known=earlier)
        response.headers["Cache-Control"] = "no-store"
        return AuditVerified(
            rows=found.rows,
            head=str(found.head),
            broken=found.broken,
            reason_zh=found.reason_zh,
            reason_en=found.reason_en,
        )


# --- answers -------------------------------------------------------------------------------------


def person_answer(person: Person) -> PersonAnswer:
    """Return somebody as an answer says it."""
    said: Mapping[str, Any] = dataclasses.asdict(person)
    return PersonAnswer(**{key: said[key] for key in PersonAnswer.model_fields})


def _tag(person: Person) -> str:
    return conditional.etag("person", person.id, person.version)


def _session(session: Session, *, current: bool) -> SessionAnswer:
    said: Mapping[str, Any] = dataclasses.asdict(session)
    shown = {key: said[key] for key in SessionAnswer.model_fields if key != "current"}
    return SessionAnswer(**shown, current=current)


def _token(token: Token) -> TokenAnswer:
    return TokenAnswer(**dataclasses.asdict(token))

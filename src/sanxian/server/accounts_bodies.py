"""What is sent to the routes of accounts, and what they answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sanxian.registry.accounts import Role
from sanxian.registry.accounts_sessions import TOKEN_DAYS
from sanxian.server.rights import Right

Text = Annotated[str, Field(max_length=200)]
Password = Annotated[str, Field(max_length=1000, json_schema_extra={"format": "password"}, repr=False)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class LoginBody(_Asked):
    """Name and password."""

    name: Text
    password: Password


class PasswordBody(_Asked):
    """The present password and the one to come."""

    present: Password
    new: Password


class NewToken(_Asked):
    """A token wanted."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="用途 / What it is for")]
    scopes: Annotated[list[Right], Field(min_length=1, max_length=50)]
    days: Annotated[int, Field(ge=1, le=TOKEN_DAYS, description="有效天数 / Valid for so many days")] = 365


class NewPerson(_Asked):
    """Somebody to be added."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="登录用的名称 / Typed at login")]
    role: Role
    region: Annotated[
        str,
        Field(
            max_length=12, description="辖区代码；空为全部行政区 / Code of their region; empty: every region"
        ),
    ]
    title: Text = ""
    email: Text = ""
    password: Annotated[
        bool, Field(description="给一次性密码；否则只能用令牌 / With a one-time password; else by token only")
    ] = True


class PersonChange(_Asked):
    """What to change of somebody; what is left out stays."""

    title: Text | None = None
    email: Text | None = None
    role: Role | None = None
    region: Annotated[str, Field(max_length=12)] | None = None
    active: bool | None = None


class PersonAnswer(BaseModel):
    """Somebody."""

    id: int
    name: str
    title: str
    email: str
    role: Role
    region: str
    active: bool
    local: Annotated[bool, Field(description="有本地密码 / Has a password here")]
    must_change: bool
    issuer: str
    subject: str
    created_at: str
    created_by: str
    version: int


class NewPersonAnswer(PersonAnswer):
    """Somebody just added, with the password to hand over."""

    one_time_password: Annotated[str | None, Field(description="只显示这一次 / Shown this once")]


class OneTimePassword(BaseModel):
    """A password to hand over."""

    one_time_password: Annotated[str, Field(description="只显示这一次 / Shown this once")]


class PeoplePage(BaseModel):
    """A page of people."""

    items: list[PersonAnswer]
    after: str | None
    next: str | None


class MeAnswer(BaseModel):
    """Who asks."""

    person: PersonAnswer | None
    role: Role
    region: str
    rights: list[str]
    must_change: Annotated[
        bool, Field(description="须先修改一次性密码 / A one-time password must be changed first")
    ]
    csrf: Annotated[
        str | None, Field(description="改动请求的 X-CSRF-Token / X-CSRF-Token of requests that change")
    ]
    sign_on: Annotated[
        dict[str, str] | None,
        Field(description="统一身份认证按钮的文字；null 为未启用 / Label of single sign-on"),
    ]


class SessionAnswer(BaseModel):
    """One login."""

    id: str
    created_at: str
    seen_at: str
    expires_at: str
    address: str
    agent: str
    current: bool


class TokenAnswer(BaseModel):
    """A token, without its secret."""

    id: int
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


class NewTokenAnswer(TokenAnswer):
    """A token just issued."""

    secret: Annotated[str, Field(description="只显示这一次 / Shown this once")]


class AuditPage(BaseModel):
    """A page of the audit log."""

    items: list[dict[str, Any]]
    after: str | None
    next: str | None


class AuditVerified(BaseModel):
    """What going through the audit log found."""

    rows: int
    head: Annotated[str, Field(description="末条 seq:hash，请留存于他处 / Keep it elsewhere")]
    broken: Annotated[int | None, Field(description="第一条不成立的记录 / First row that does not stand")]
    reason_zh: str
    reason_en: str

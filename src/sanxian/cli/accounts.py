"""People of the registry, for whoever administers the machine: also when nobody can log in any more."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sanxian.cli.registry_shared import (
    DATA,
    ByOption,
    DatabaseOption,
    DataOption,
    actor,
    opened,
    utc_now,
)
from sanxian.cli.shell import Session, command
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.registry.accounts import Person

app = typer.Typer(
    help="人员、密码、令牌 / People, passwords, tokens", no_args_is_help=True, rich_markup_mode="rich"
)

RoleName = Literal["consultant", "approver", "inspector", "zoning_manager", "administrator"]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="登录用的名称 / Name typed at login")]


@command(app, "add")
def add(
    session: Session,
    name: NameArgument,
    role: Annotated[RoleName, typer.Option("--role", help="角色 / Role")],
    region: Annotated[
        str,
        typer.Option(
            "--region",
            metavar="CODE|all",
            help="辖区代码，如 6301；all 为全部 / Region they see; all: every one",
        ),
    ],
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="显示名 / What is shown")] = "",
    email: Annotated[str, typer.Option("--email", metavar="ADDRESS", help="邮箱 / Address")] = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="不设密码，只用令牌 / No password: a program with tokens")
    ] = False,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """添加人员，显示一次性密码 / Add somebody and show their one-time password.

    例 / Examples:

    sanxian registry person add 张三 --role approver --region 6301 --title 张三（西宁市局）

    sanxian registry person add 对接程序 --role consultant --region all --no-password
    """
    with opened(data, database) as registry:
        from sanxian.registry import accounts
        from sanxian.registry.accounts_passwords import Passwords

        given: dict[str, Any] = {
            "name": name,
            "role": accounts.Role(role),
            "region": "" if region == "all" else region,
            "title": title,
            "email": email,
            "at": utc_now(),
            "by": actor(by),
        }
        with registry.begin() as connection:
            if no_password:
                person, password = accounts.add(connection, **given), ""
            else:
                person, password = accounts.add_with_password(connection, passwords=Passwords(), **given)
    session.say(_t(session, "added", name=person.name, role=_role(session, person)))
    if password:
        session.say(_t(session, "password"))
        session.print(password)


@command(app, "list")
def list_(
    session: Session,
    text: Annotated[
        str,
        typer.Argument(metavar="[TEXT]", help="名称、显示名或邮箱的一部分 / Part of name, title, address"),
    ] = "",
    format_: Annotated[
        Literal["text", "json"] | None, typer.Option("--format", "-f", help="输出格式 / Output format")
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
) -> None:
    """列出人员 / List people."""
    with opened(data, database) as registry:
        from sanxian.registry import accounts
        from sanxian.registry.registration import EVERYTHING

        found: list[Person] = []
        with registry.read() as connection:
            while page := accounts.people(
                connection, scope=EVERYTHING, text=text, after=found[-1].name if found else "", limit=500
            ):
                found += page
    if format_ == "json":
        session.print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        region = one.region or _t(session, "everywhere")
        state = "" if one.active else _t(session, "off")
        words = (str(one.id), one.name, one.title, _role(session, one), region, one.issuer, state)
        session.print("  ".join(word for word in words if word))
    session.say(_t(session, "listed", people=len(found)))


@command(app, "disable")
def disable(
    session: Session,
    name: NameArgument,
    enable: Annotated[bool, typer.Option("--enable", help="重新启用 / Switch on again")] = False,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """停用人员：立即退出，令牌全部失效 / Switch somebody off: logged out at once, every token ends."""
    with opened(data, database) as registry:
        from sanxian.registry import accounts

        with registry.begin() as connection:
            before = accounts.get(connection, name)
            person = accounts.amend(
                connection, before.id, version=before.version, active=enable, at=utc_now(), by=actor(by)
            )
    session.say(_t(session, "enabled" if enable else "disabled", name=person.name))


@command(app, "password")
def password(
    session: Session,
    name: NameArgument,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """设置一次性密码：其登录和令牌随之结束 / Set a one-time password; logins and tokens of theirs end."""
    with opened(data, database) as registry:
        from sanxian.registry import accounts
        from sanxian.registry.accounts_passwords import Passwords

        with registry.begin() as connection:
            person = accounts.get(connection, name)
            made = accounts.reset_password(
                connection, person.id, passwords=Passwords(), at=utc_now(), by=actor(by)
            )
    session.say(_t(session, "password"))
    session.print(made)


@command(app, "token")
def token(
    session: Session,
    name: NameArgument,
    purpose: Annotated[str, typer.Option("--for", metavar="TEXT", help="用途 / What it is for")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="RIGHT", help="权限，可多次；见 rights.md / A right, repeatable"),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", help="有效天数 / Valid for so many days")] = 365,
    revoke: Annotated[
        int | None, typer.Option("--revoke", metavar="ID", help="撤销该令牌 / Revoke this token")
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """发放、撤销或列出令牌 / Issue a token, revoke one, or list them.

    例 / Examples:

    sanxian registry person token 对接程序 --for 受理系统 --scope project.read --scope project.write

    sanxian registry person token 对接程序
    """
    with opened(data, database) as registry:
        from sanxian.registry import accounts
        from sanxian.registry import accounts_sessions as logins
        from sanxian.server.rights import rights_of

        if revoke is None and not purpose and not scope:
            with registry.read() as connection:
                for one in logins.tokens(connection, accounts.get(connection, name).id):
                    _show_token(session, one)
            return
        with registry.begin() as connection:
            person = accounts.get(connection, name)
            if revoke is not None:
                logins.revoke_token(connection, person, revoke, at=utc_now(), by=actor(by))
                session.say(_t(session, "revoked", token=revoke))
                return
            made, secret = logins.issue_token(
                connection,
                person,
                name=purpose,
                scopes=scope or (),
                allowed=[right.value for right in rights_of(person.role, person.region)],
                days=days,
                at=utc_now(),
                by=actor(by),
            )
    session.say(_t(session, "issued", token=made.id, expires=made.expires_at[:10]))
    session.print(secret)


def _show_token(session: Session, one: Any) -> None:
    state = (
        _t(session, "token_revoked")
        if one.revoked_at
        else _t(session, "token_until", expires=one.expires_at[:10])
    )
    used = _t(session, "token_used", used=(one.used_at or "—")[:16])
    session.print(f"{one.id}  {one.name}  {' '.join(one.scopes)}  {state}  {used}")


def _role(session: Session, person: Person) -> str:
    from sanxian.server.rights import ROLES

    return session.pick(*ROLES[person.role])


def _t(session: Session, key: str, /, **fields: object) -> str:
    return t(f"accounts.{key}", session.lang, **fields)

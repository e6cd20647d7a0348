"""People, what they are, and which rows they may see.

A row of the registry belongs to a region and maybe to the consultant who entered it. Whoever asks has a
:class:`~sanxian.registry.registration.Scope`, and every reading function takes one: no query forgets whose rows it may
give. What is outside of it does not exist for them. People are rows too: an administrator of a county sees that county's.
"""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.catalog import short_code
from sanxian.errors import (
    LastAdministrator,
    NoPassword,
    PasswordWeak,
    PeopleExist,
    PersonChanged,
    PersonExists,
    PersonInvalid,
    PersonNotFound,
    RegionForbidden,
)
from sanxian.registry import audit, tables
from sanxian.registry.accounts_passwords import LENGTH, Passwords, checked
from sanxian.registry.accounts_secrets import one_time_password
from sanxian.registry.projects import below
from sanxian.registry.registration import EVERYTHING, Scope
from sanxian.registry.store import Registry, moment

FIRST: Final = "admin"  # name of the first administrator
NAME_LENGTH: Final = 64


class Role(enum.StrEnum):
    """What somebody is to the registry."""

    PUBLIC = "public"  # 公众: nobody logged in
    CONSULTANT = "consultant"  # 环评单位
    APPROVER = "approver"  # 审批人员
    INSPECTOR = "inspector"  # 督察执法人员
    ZONING_MANAGER = "zoning_manager"  # 分区管控管理人员
    ADMINISTRATOR = "administrator"  # 系统管理员


# --- rows ----------------------------------------------------------------------------------------


NOTHING: Final = Scope(owner=0)  # nobody has the number 0


def covers(scope: Scope, region: str) -> bool:
    """Whether a region is the scope's or below it.

    Examples
    --------
    >>> covers(Scope(region="6301"), "630102"), covers(Scope(region="6301"), "63"), covers(Scope(), "")
    (True, False, True)
    """
    return region.startswith(scope.region)


# --- people --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can log in, or a program that has tokens."""

    id: int
    name: str
    title: str
    email: str
    role: Role
    region: str
    active: bool
    local: bool  # has a password here
    must_change: bool  # it is a one-time password
    issuer: str
    subject: str
    created_at: str
    created_by: str
    version: int

    @property
    def scope(self) -> Scope:
        """The rows this person may see: of the region; a consultant's own, wherever they are."""
        if self.role is Role.CONSULTANT:
            return Scope(owner=self.id)
        return Scope(region=self.region)


def add(
    connection: Connection,
    *,
    name: str,
    role: Role,
    region: str = "",
    title: str = "",
    email: str = "",
    password: str = "",
    must_change: bool = False,
    issuer: str = "",
    subject: str = "",
    passwords: Passwords | None = None,
    at: datetime,
    by: str,
    scope: Scope = EVERYTHING,
) -> Person:
    """Add somebody and return them.

    Parameters
    ----------
    connection : Connection
        Of :meth:`Registry.begin`.
    name : str
        What is typed at login; kept in lower case, full-width letters made half-width.
    region : str
        Rows they may see; ``""`` is every region.
    password : str
        ``""`` for none: such a person logs in through OpenID Connect, or is a program with tokens.
    must_change : bool
        The password is a one-time one.
    passwords : Passwords, optional
        How it is hashed; needed with ``password``.
    by : str
        Who adds them, for the audit log.
    scope : Scope
        Of whoever adds.

    Raises
    ------
    PersonInvalid, PersonExists, RegionForbidden, PasswordWeak
    """
    name, region = login_name(name), region_of(region)
    values = {"region": region} | _shown(title, email)
    _within(scope, region)
    if role is Role.PUBLIC:
        raise _invalid("role", role.value, "公众不登录", "the public does not log in")
    if password and not must_change:
        password = checked(password, name=name)
    if connection.execute(sa.select(tables.person.c.id).where(tables.person.c.name == name)).first():
        raise PersonExists(name=name)
    key = connection.execute(
        tables.person.insert().values(
            **values,
            name=name,
            role=role.value,
            password=(passwords or Passwords()).hashed(password) if password else "",
            active=True,
            must_change=bool(password) and must_change,
            issuer=issuer,
            subject=subject,
            created_at=moment(at),
            created_by=by,
            version=1,
        )
    ).inserted_primary_key
    added = get(connection, int(key[0]) if key else 0)
    detail = {"name": name, "role": role.value, "region": region, "title": title}
    audit.append(
        connection, at=at, actor=by, action="person.add", subject=f"person:{added.id}", detail=detail
    )
    return added


def add_with_password(connection: Connection, *, passwords: Passwords, **person: Any) -> tuple[Person, str]:
    """Add somebody with a one-time password; return both. It is shown once and kept nowhere. As :func:`add`."""
    password = one_time_password()
    return add(connection, password=password, must_change=True, passwords=passwords, **person), password


def first_administrator(registry: Registry, now: datetime, passwords: Passwords | None = None) -> str:
    """Add ``admin``, who may do everything, to a registry that has nobody; return the one-time password.

    Raises
    ------
    PeopleExist
        There is somebody already; nothing was changed.
    """
    with registry.begin() as connection:
        if not nobody(connection):
            raise PeopleExist
        _, password = add_with_password(
            connection,
            name=FIRST,
            role=Role.ADMINISTRATOR,
            title="系统管理员",
            at=now,
            by="system",
            passwords=passwords or Passwords(),
        )
    return password


def nobody(connection: Connection) -> bool:
    """Whether the registry has no people yet."""
    return connection.execute(sa.select(tables.person.c.id).limit(1)).first() is None


def get(connection: Connection, who: int | str, *, scope: Scope = EVERYTHING) -> Person:
    """Return somebody by number or name.

    Raises
    ------
    PersonNotFound
        Nobody, or nobody in ``scope``.
    """
    key = tables.person.c.id == who if isinstance(who, int) else tables.person.c.name == folded(who)
    found = connection.execute(sa.select(tables.person).where(key)).mappings().first()
    if found is None or not covers(scope, found["region"]):
        raise PersonNotFound(who=who)
    return person_of(found)


def people(
    connection: Connection,
    *,
    scope: Scope,
    after: str = "",
    limit: int = 100,
    text: str = "",
    role: Role | None = None,
    active: bool | None = None,
) -> list[Person]:
    """Return people by name, those after ``after``; ``text`` is part of a name, title or address."""
    person = tables.person
    query = (
        sa.select(person)
        .where(person.c.name > after, below(person.c.region, scope.region))
        .order_by(person.c.name)
        .limit(limit)
    )
    if text:
        part = folded(text)
        columns = (person.c.name, person.c.title, person.c.email)
        query = query.where(sa.or_(*(sa.func.lower(c).contains(part, autoescape=True) for c in columns)))
    if role is not None:
        query = query.where(person.c.role == role.value)
    if active is not None:
        query = query.where(person.c.active == active)
    return [person_of(row) for row in connection.execute(query).mappings()]


def amend(
    connection: Connection,
    who: int,
    *,
    version: int,
    at: datetime,
    by: str,
    scope: Scope = EVERYTHING,
    title: str | None = None,
    email: str | None = None,
    role: Role | None = None,
    region: str | None = None,
    active: bool | None = None,
) -> Person:
    """Change somebody and return them; ``None`` leaves a field as it is.

    Whoever is switched off is logged out at once and their tokens end for good; rights follow role and region at the
    next request.

    Raises
    ------
    PersonNotFound, PersonInvalid, RegionForbidden
    PersonChanged
        They are no longer the ``version`` the caller saw.
    LastAdministrator
        Nobody would be left who administers everything.
    """
    before = get(connection, who, scope=scope)
    if before.version != version:
        raise PersonChanged(name=before.name, version=before.version)
    if role is Role.PUBLIC:
        raise _invalid("role", role.value, "公众不登录", "the public does not log in")
    after = replace(
        before,
        title=before.title if title is None else title,
        email=before.email if email is None else email,
        role=before.role if role is None else role,
        region=before.region if region is None else region_of(region),
        active=before.active if active is None else active,
        version=before.version + 1,
    )
    _within(scope, after.region)
    if _administers(before) and not _administers(after):
        _not_the_last(connection, before)
    values = _shown(after.title, after.email) | {
        "role": after.role.value,
        "region": after.region,
        "active": after.active,
        "version": after.version,
    }
    connection.execute(tables.person.update().where(tables.person.c.id == who).values(**values))
    if before.active and not after.active:
        lock_out(connection, who, at=at, by=by)
    changed = {
        key: {"from": getattr(before, key), "to": getattr(after, key)}
        for key in ("title", "email", "role", "region", "active")
        if getattr(before, key) != getattr(after, key)
    }
    audit.append(connection, at=at, actor=by, action="person.amend", subject=f"person:{who}", detail=changed)
    return after


def reset_password(
    connection: Connection,
    who: int,
    *,
    passwords: Passwords,
    at: datetime,
    by: str,
    scope: Scope = EVERYTHING,
) -> str:
    """Give somebody a one-time password and return it; they are logged out everywhere and their tokens end.

    Raises
    ------
    PersonNotFound
    """
    person = get(connection, who, scope=scope)
    password = one_time_password()
    _set_password(connection, person, passwords.hashed(password), must_change=True)
    lock_out(connection, who, at=at, by=by)
    audit.append(
        connection, at=at, actor=by, action="person.password.reset", subject=f"person:{who}", detail={}
    )
    return password


def set_password(
    connection: Connection, person: Person, password: str, *, passwords: Passwords, at: datetime
) -> None:
    """Set the password somebody chose. Whoever else is logged in with the old one is logged out; so are they.

    Raises
    ------
    PasswordWeak
    NoPassword
        The person has none here.
    """
    if not person.local:
        raise NoPassword(name=person.name)
    hashed = passwords.hashed(checked(password, name=person.name))
    _set_password(connection, person, hashed, must_change=False)
    connection.execute(tables.session.delete().where(tables.session.c.person == person.id))
    audit.append(
        connection,
        at=at,
        actor=person.name,
        action="person.password.change",
        subject=f"person:{person.id}",
        detail={},
    )


def kept_password(connection: Connection, name: str) -> tuple[Person | None, str]:
    """Return who has a name and the hash of their password; ``""`` when there is nothing to log in with."""
    query = sa.select(tables.person).where(tables.person.c.name == folded(name))
    # No name holds a NUL, and PostgreSQL would not even look for one.
    found = None if "\x00" in name else connection.execute(query).mappings().first()
    if found is None:
        return None, ""
    return person_of(found), found["password"] if found["active"] else ""


def rehashed(connection: Connection, person: Person, kept: str, hashed: str) -> None:
    """Keep a password by new parameters, unless it was changed meanwhile."""
    own = sa.and_(tables.person.c.id == person.id, tables.person.c.password == kept)
    connection.execute(tables.person.update().where(own).values(password=hashed))


def same_password() -> PasswordWeak:
    """Return the error for a new password that is the old one."""
    return PasswordWeak(reason={"zh": "与现有密码相同", "en": "it is the present one"}, length=LENGTH)


def lock_out(connection: Connection, who: int, *, at: datetime, by: str) -> None:
    """End every session and token of somebody."""
    audit.append(connection, at=at, actor=by, action="person.lock_out", subject=f"person:{who}", detail={})
    connection.execute(tables.session.delete().where(tables.session.c.person == who))
    valid = sa.and_(tables.token.c.person == who, tables.token.c.revoked_at.is_(None))
    connection.execute(tables.token.update().where(valid).values(revoked_at=moment(at)))


def person_of(row: sa.RowMapping) -> Person:
    """Return the person a row of the table holds."""
    return Person(
        id=row["id"],
        name=row["name"],
        title=row["title"],
        email=row["email"],
        role=Role(row["role"]),
        region=row["region"],
        active=row["active"],
        local=bool(row["password"]),
        must_change=row["must_change"],
        issuer=row["issuer"],
        subject=row["subject"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        version=row["version"],
    )


def _set_password(connection: Connection, person: Person, hashed: str, *, must_change: bool) -> None:
    connection.execute(
        tables.person.update()
        .where(tables.person.c.id == person.id)
        .values(password=hashed, must_change=must_change, version=tables.person.c.version + 1)
    )


def _administers(person: Person) -> bool:
    return person.active and person.role is Role.ADMINISTRATOR and not person.region


def _not_the_last(connection: Connection, person: Person) -> None:
    others = sa.select(tables.person).where(
        tables.person.c.role == Role.ADMINISTRATOR.value,
        tables.person.c.active,
        tables.person.c.id != person.id,
    )
    if not any(_administers(person_of(row)) for row in connection.execute(others).mappings()):
        raise LastAdministrator(name=person.name)


def _within(scope: Scope, region: str) -> None:
    if not covers(scope, region):
        everywhere = {"zh": "全部", "en": "every region"}
        raise RegionForbidden(region=region or everywhere, own=scope.region)


# --- what may be written in a field ------------------------------------------------------------------


def login_name(given: str) -> str:
    """Return a name as it is kept.

    Raises
    ------
    PersonInvalid
        It is empty, too long, reserved, or holds anything but letters, digits and ``. _ @ -``: names stand in the audit
        log and on the command line, where none may look like another or like a piece of syntax.
    """
    name = folded(given)
    if not 1 <= len(name) <= NAME_LENGTH:
        raise _invalid(
            "name", given, f"长度应为 1 到 {NAME_LENGTH}", f"it must have 1 to {NAME_LENGTH} characters"
        )
    if not all(c.isalnum() or c in "._@-" for c in name) or not name[0].isalnum():
        zh, en = (
            "只能用文字、数字和 . _ @ -，并以文字或数字开头",
            "letters, digits and . _ @ - only, a letter or digit first",
        )
        raise _invalid("name", given, zh, en)
    if name.isdigit():
        raise _invalid("name", given, "不能全是数字，以免与编号混淆", "digits alone would look like a number")
    if name in ("public", "system", "cli", "worker"):
        raise _invalid("name", given, "为系统保留", "it is reserved")
    return name


def folded(name: str) -> str:
    """Return a name as it is compared: case and width of letters do not matter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def region_of(given: str) -> str:
    """Return a region as it is kept: the code of GB/T 2260 without the zeros that say "all of it".

    Raises
    ------
    PersonInvalid
        It is no code of a province, city or county: rows are told apart no finer than that.
    """
    code = short_code(given)
    if code and not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6)):
        zh, en = (
            "应为省、市或县的行政区划代码，如 630102",
            "give the code of a province, city or county, e.g. 630102",
        )
        raise _invalid("region", given, zh, en)
    return code


def _shown(title: str, email: str) -> dict[str, Any]:
    for field, given, longest in (("title", title, 200), ("email", email, 200)):
        _printable(field, given, longest)
    if email and (email.count("@") != 1 or email.startswith("@") or email.endswith("@") or " " in email):
        raise _invalid("email", email, "不是邮箱地址", "it is no address")
    return {"title": title, "email": email}


def _printable(field: str, given: str, longest: int) -> None:
    if len(given) > longest:
        raise _invalid(
            field, given[:20] + "…", f"超过 {longest} 个字符", f"it has more than {longest} characters"
        )
    if not given.isprintable():  # control characters, line ends, and signs that turn the direction of writing
        raise _invalid(field, given, "含有控制字符", "it holds control characters")


_FIELDS: Final[dict[str, tuple[str, str]]] = {
    "name": ("名称", "name"),
    "role": ("角色", "role"),
    "region": ("行政区", "region"),
    "title": ("显示名", "title"),
    "email": ("邮箱", "address"),
}


def _legible(given: str) -> str:
    """Return what was given as a message can hold it: its beginning, what would steer a terminal spelt out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in given[:80])


def _invalid(field: str, given: str, zh: str, en: str) -> PersonInvalid:
    names = _FIELDS[field]
    return PersonInvalid(
        field={"zh": names[0], "en": names[1]}, given=_legible(given), reason={"zh": zh, "en": en}
    )

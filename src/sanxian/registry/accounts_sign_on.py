"""People who log in through an identity provider: known by what it calls them, with the role it gives them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.errors import OidcRefused, PersonInvalid
from sanxian.registry import tables
from sanxian.registry.accounts import (
    NAME_LENGTH,
    Person,
    Role,
    add,
    amend,
    login_name,
    person_of,
    region_of,
)

ACTOR: Final = "oidc"  # who changes people then, in the audit log


def signed_on(
    connection: Connection,
    *,
    issuer: str,
    subject: str,
    name: str,
    title: str,
    email: str,
    role: Role,
    region: str,
    at: datetime,
) -> Person:
    """Return who a provider has let in; added when new, else with what it says of them now.

    Only issuer and subject say who somebody is. A name is no proof: somebody new whose name is taken gets another, and
    nobody's account here is ever taken over by a name.

    Raises
    ------
    OidcRefused
        The account was switched off here.
    PersonInvalid
        What the provider says cannot be kept, e.g. a region that is no code.
    LastAdministrator
    """
    person = tables.person
    known = sa.select(person).where(person.c.issuer == issuer, person.c.subject == subject)
    found = connection.execute(known).mappings().first()
    if found is None:
        return add(
            connection,
            name=_free_name(connection, name, issuer, subject),
            role=role,
            region=region,
            title=title,
            email=_address(email),
            issuer=issuer,
            subject=subject,
            at=at,
            by=ACTOR,
        )
    before = person_of(found)
    if not before.active:
        raise OidcRefused(reason={"zh": "该账户已在本系统停用", "en": "the account is switched off here"})
    title, email = title or before.title, _address(email) or before.email
    if (title, email, role, region_of(region)) == (before.title, before.email, before.role, before.region):
        return before
    return amend(
        connection,
        before.id,
        version=before.version,
        title=title,
        email=email,
        role=role,
        region=region,
        at=at,
        by=ACTOR,
    )


def _free_name(connection: Connection, name: str, issuer: str, subject: str) -> str:
    """Return a name nobody has: as the provider says, else with its host, else with a mark of the subject."""
    plain = "".join(c for c in name if c.isalnum() or c in "._@-").lstrip("._@-")
    host = urlsplit(issuer).hostname or "oidc"
    mark = hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()[:12]
    for wanted in (plain, f"{plain or 'user'}@{host}", f"user-{mark}"):
        try:
            folded = login_name(wanted[:NAME_LENGTH])
        except PersonInvalid:
            continue
        taken = sa.select(tables.person.c.id).where(tables.person.c.name == folded)
        if connection.execute(taken).first() is None:
            return folded
    raise OidcRefused(reason={"zh": "没有可用的名称", "en": "there is no name left"})


def _address(email: str) -> str:
    good = (
        email.count("@") == 1 and not email.startswith("@") and not email.endswith("@") and " " not in email
    )
    return email if good else ""

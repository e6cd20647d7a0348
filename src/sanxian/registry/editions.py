"""Editions the registry works with: checked once, copied beside the database under a name made from their digest.

The copy is what is screened against; the file somebody handed in may change or go. A withdrawn edition is offered no more,
and stays, because screenings name it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from sanxian import output
from sanxian.catalog import Catalog, open_catalog
from sanxian.edition import Edition, open_edition
from sanxian.errors import CatalogNotFound, EditionAltered
from sanxian.registry import audit
from sanxian.registry.store import Registry, moment
from sanxian.registry.tables import edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An edition of the registry."""

    digest: str
    id: str
    title: str
    region: str
    valid_from: date
    valid_to: date | None
    published: date | None
    publisher: str
    supersedes: str
    synthetic: bool
    file: str  # name inside the folder of editions
    added_at: str
    added_by: str
    withdrawn_at: str | None


_COLUMNS: Final = tuple(edition.c[field.name] for field in fields(Offered))


def register(connection: Connection, registry: Registry, path: Path, *, at: datetime, by: str) -> Offered:
    """Take an edition in; one that is there already stays as it is, a withdrawn one is offered again.

    Parameters
    ----------
    path : Path
        A published edition; it is opened, so its digest is computed.

    Raises
    ------
    EditionError
        It is no edition, a draft, damaged …
    OutputFailed
        The copy cannot be written; nothing is registered.
    """
    info = open_edition(path).info
    known = connection.execute(sa.select(*_COLUMNS).where(edition.c.digest == info.digest)).mappings().first()
    name = file_name(info.digest)
    _copy(path, registry.editions / name, info.digest)
    stamp = moment(at)
    if known is None:
        values = {field.name: getattr(info, field.name, None) for field in fields(Offered)}
        values |= {"file": name, "added_at": stamp, "added_by": by, "withdrawn_at": None}
        connection.execute(edition.insert(), values)
    elif known["withdrawn_at"] is not None:
        connection.execute(
            sa.update(edition).where(edition.c.digest == info.digest).values(withdrawn_at=None)
        )
    else:
        return _offered(known)
    detail = {"id": info.id, "title": info.title, "region": info.region, "again": known is not None}
    audit.append(
        connection, at=at, actor=by, action="edition.add", subject=f"edition:{info.digest}", detail=detail
    )
    return get(connection, info.digest)


def withdraw(connection: Connection, digest: str, *, reason: str, at: datetime, by: str) -> Offered:
    """Offer an edition no more.

    Raises
    ------
    CatalogNotFound
        The registry has none with this digest.
    """
    found = get(connection, digest)
    if found.withdrawn_at is None:
        connection.execute(
            sa.update(edition).where(edition.c.digest == found.digest).values(withdrawn_at=moment(at))
        )
        audit.append(
            connection,
            at=at,
            actor=by,
            action="edition.withdraw",
            subject=f"edition:{found.digest}",
            detail={"id": found.id, "reason": reason},
        )
    return get(connection, digest)


def get(connection: Connection, digest: str) -> Offered:
    """Return an edition of the registry, withdrawn or not; raises :class:`CatalogNotFound`."""
    row = connection.execute(sa.select(*_COLUMNS).where(edition.c.digest == digest)).mappings().first()
    if row is None:
        reason = {"zh": "台账中没有这个成果", "en": "the registry has no such edition"}
        raise CatalogNotFound(path=digest, reason=reason)
    return _offered(row)


def listed(connection: Connection, *, withdrawn: bool = False) -> tuple[Offered, ...]:
    """Return the editions offered, by region and first day; with ``withdrawn`` all there ever were."""
    wanted = sa.select(*_COLUMNS).order_by(edition.c.region, edition.c.valid_from, edition.c.digest)
    if not withdrawn:
        wanted = wanted.where(edition.c.withdrawn_at.is_(None))
    return tuple(_offered(row) for row in connection.execute(wanted).mappings())


def catalog_of(connection: Connection, registry: Registry) -> Catalog:
    """Return the catalogue of the editions offered: only they decide which is in force."""
    names = {offered.file for offered in listed(connection)}
    found = open_catalog(registry.editions)
    return Catalog(
        folder=found.folder,
        entries=tuple(entry for entry in found.entries if entry.path.name in names),
        unread=tuple(one for one in found.unread if one.path.name in names),
    )


def opened(connection: Connection, registry: Registry, digest: str) -> Edition:
    """Return an edition of the registry opened, withdrawn or not.

    Raises
    ------
    CatalogNotFound
        The registry has none with this digest.
    EditionError
        Its file is gone, damaged or another one.
    """
    found = get(connection, digest)
    edition_opened = open_edition(registry.editions / found.file)
    if edition_opened.info.digest != digest:
        raise EditionAltered(source=found.file, stored=digest, found=edition_opened.info.digest)
    return edition_opened


def file_name(digest: str) -> str:
    """Return what the copy of an edition is called.

    Examples
    --------
    >>> file_name("sha256:" + "0123456789abcdef" * 4)
    '0123456789abcdef0123456789abcdef.gpkg'
    """
    return digest.removeprefix("sha256:")[:32] + ".gpkg"


def _copy(source: Path, target: Path, digest: str) -> None:
    if target.exists() and _is(target, digest):
        return
    with output.replacing(target) as beside:
        shutil.copyfile(source, beside)
    if not _is(target, digest):
        target.unlink(missing_ok=True)
        raise EditionAltered(source=source.name, stored=digest, found="?")


def _is(path: Path, digest: str) -> bool:
    from sanxian.errors import EditionError

    try:
        return open_edition(path).info.digest == digest
    except EditionError:
        return False


def _offered(row: RowMapping) -> Offered:
    return Offered(**row)

"""Attachments (附件): files beside projects, kept once by their content.

The name of a file is its SHA-256, so nothing replaces it; it is written beside its place and renamed when it is whole.
What is given out is read and compared first. A file whose transaction did not end well stays as an orphan and does no
harm: the next upload of the same content finds it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from sanxian import output
from sanxian.errors import AttachmentBroken, AttachmentRefused
from sanxian.registry import audit, projects
from sanxian.registry.registration import Scope
from sanxian.registry.store import Registry, moment
from sanxian.registry.tables import attachment, project_attachment

MAX_BYTES: Final = 256 << 20
_PIECE: Final = 1 << 20
_HEAD: Final = 4096  # bytes a kind of file is known by

_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"PAR1", "application/vnd.apache.parquet"),
)
_ZIPPED: Final = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("doc.kml", "application/vnd.google-earth.kmz"),
)
UNKNOWN: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file in the folder of attachments."""

    sha256: str
    size: int  # bytes
    media_type: str  # by its content, whatever its name says


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file attached to a project."""

    project: int
    sha256: str
    name: str
    purpose: str  # footprint, report, decision …
    size: int
    media_type: str
    at: str
    by: str


def store(registry: Registry, pieces: Iterable[bytes], *, name: str, most: int = MAX_BYTES) -> Content:
    """Write a file into the folder of attachments, and read it back.

    Parameters
    ----------
    pieces : iterable of bytes
        The content, never in memory as a whole.
    name : str
        For messages.
    most : int
        Bytes allowed; reading stops there.

    Raises
    ------
    AttachmentRefused
        It is larger than that, or empty.
    OutputFailed
        The disk is full, the folder cannot be written …
    """
    digest, size = hashlib.sha256(), 0
    beside: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=registry.attachments, suffix=".part", delete=False) as file:
            beside = Path(file.name)
            for piece in pieces:
                size += len(piece)
                if size > most:
                    zh, en = f"超过 {most / (1 << 20):g} MiB", f"it is larger than {most / (1 << 20):g} MiB"
                    raise AttachmentRefused(name=name, reason={"zh": zh, "en": en})
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise AttachmentRefused(name=name, reason={"zh": "文件为空", "en": "the file is empty"})
        target = _place(registry, digest.hexdigest())
        target.parent.mkdir(exist_ok=True)
        beside.replace(target)
        if _sha256(target) != digest.hexdigest():
            raise AttachmentBroken(
                name=name, reason={"zh": "写入后读回的内容不同", "en": "what was read back differs"}
            )
        return Content(sha256=f"sha256:{digest.hexdigest()}", size=size, media_type=media_type(target))
    except OSError as error:
        raise output.failed(registry.attachments, error) from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def add(
    connection: Connection,
    scope: Scope,
    number: int,
    content: Content,
    *,
    name: str,
    at: datetime,
    by: str,
    purpose: str = "",
) -> Attached:
    """Attach a stored file to a project; the same file under the same name once only.

    Parameters
    ----------
    name : str
        As the user calls it; kept as a label, never used as a path.

    Raises
    ------
    ProjectUnknown
        There is no such project, or none the caller may see.
    AttachmentRefused
        The name is empty, too long or holds control characters.
    """
    projects.get(connection, scope, number)
    if not name.strip() or len(name) > 400 or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        zh, en = "名称为空、过长或含控制字符", "its name is empty, too long or holds control characters"
        raise AttachmentRefused(name=name[:100], reason={"zh": zh, "en": en})
    stamp = moment(at)
    insert: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    connection.execute(
        insert(attachment).on_conflict_do_nothing(),
        {
            "sha256": content.sha256,
            "size": content.size,
            "media_type": content.media_type,
            "at": stamp,
            "by": by,
        },
    )
    row = {
        "project": number,
        "sha256": content.sha256,
        "name": name,
        "purpose": purpose,
        "at": stamp,
        "by": by,
    }
    once = insert(project_attachment).on_conflict_do_nothing().returning(project_attachment.c.project)
    if connection.execute(once, row).first() is not None:
        audit.append(
            connection,
            at=at,
            actor=by,
            action="attachment.add",
            subject=f"project:{number}",
            detail={key: row[key] for key in ("sha256", "name", "purpose")} | {"size": content.size},
        )
    return next(
        one
        for one in of_project(connection, scope, number)
        if (one.sha256, one.name) == (content.sha256, name)
    )


def of_project(connection: Connection, scope: Scope, number: int) -> tuple[Attached, ...]:
    """Return the files attached to a project, in the order they came."""
    projects.get(connection, scope, number)
    both = {"size": attachment.c.size, "media_type": attachment.c.media_type}
    columns = [both[f.name] if f.name in both else project_attachment.c[f.name] for f in fields(Attached)]
    rows = connection.execute(
        sa.select(*columns)
        .join(attachment, attachment.c.sha256 == project_attachment.c.sha256)
        .where(project_attachment.c.project == number)
        .order_by(project_attachment.c.at, project_attachment.c.name, project_attachment.c.sha256)
    ).mappings()
    return tuple(Attached(**row) for row in rows)


def opened(registry: Registry, attached: Attached) -> Path:
    """Return the file of an attachment, after comparing its content.

    Raises
    ------
    AttachmentBroken
        It is gone, or its content is another.
    """
    path = _place(registry, attached.sha256.removeprefix("sha256:"))
    if (fault := damage(registry, attached.sha256)) is not None:
        raise AttachmentBroken(name=attached.name, reason=fault)
    return path


def damage(registry: Registry, sha256: str) -> dict[str, str] | None:
    """Return what is wrong with a stored file, in both languages; ``None`` when it is whole."""
    plain = sha256.removeprefix("sha256:")
    try:
        if _sha256(_place(registry, plain)) != plain:
            return {"zh": "文件内容已改变", "en": "the content of its file has changed"}
    except OSError as error:
        said = error.strerror or type(error).__name__
        return {"zh": f"文件无法读取（{said}）", "en": f"its file cannot be read ({said})"}
    return None


def media_type(path: Path) -> str:
    """Return the media type of a file by its content.

    A zip is looked into only by the names of its first entries; nothing is unpacked.
    """
    with path.open("rb") as file:
        start = file.read(_HEAD)
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if start.startswith(b"SQLite format 3\0"):
        return "application/geopackage+sqlite3" if start[68:72] == b"GPKG" else "application/vnd.sqlite3"
    if start.startswith(b"PK\x03\x04"):
        return _zipped(path)
    return _text(path, start)


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist()[:2000]]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return UNKNOWN
    for beginning, kind in _ZIPPED:
        if any(name.startswith(beginning) for name in names):
            return kind
    return "application/zip"


def _text(path: Path, start: bytes) -> str:
    """Return what kind of text it is; never HTML or SVG, which a browser would run."""
    try:
        said = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3 or len(start) < _HEAD:  # not merely cut inside a character
            return UNKNOWN
        said = start[: error.start].decode("utf-8-sig")
    if any(unicodedata.category(c) == "Cc" and c not in "\t\r\n\f" for c in said):
        return UNKNOWN
    if said.lstrip()[:1] in ("{", "[") and path.stat().st_size <= MAX_BYTES // 8:
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return "text/plain"
        geo = isinstance(content, dict) and content.get("type") in ("FeatureCollection", "Feature")
        return "application/geo+json" if geo else "application/json"
    if said.lstrip().startswith("<?xml") and "<kml" in said:
        return "application/vnd.google-earth.kml+xml"
    return "text/plain"


def _place(registry: Registry, sha256: str) -> Path:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise AttachmentBroken(name=sha256[:80], reason={"zh": "编号有误", "en": "its number is wrong"})
    return registry.attachments / sha256[:2] / sha256[2:]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, a piece at a time."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece

"""Backup and restore: one plain ``.tar`` with everything, made while others write.

It holds ``manifest.json`` (size and SHA-256 of every file, the end of the audit log, the version of the database), the
database, the attachments and the editions. The database is one state of it: SQLite copies it page by page in one read
transaction, PostgreSQL dumps it with its own ``pg_dump``. Attachments are listed after that state was taken and are never
deleted, so none it names is missing. ``sanxian.toml`` may hold passwords and stays out.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL

from sanxian import output
from sanxian.errors import AttachmentBroken, BackupRefused, RegistryBroken
from sanxian.registry import audit, migrations
from sanxian.registry.store import DATABASE, Registry, canonical, engine_for, moment, shown, url_of
from sanxian.registry.tables import about, attachment, edition

SCHEMA: Final = "sanxian/registry-backup/1"
DUMP: Final = "registry.dump"
_MANIFEST: Final = "manifest.json"
_MANIFEST_MAX: Final = 512 << 20
_PIECE: Final = 1 << 20
_NAMES: Final = re.compile(
    r"registry\.(?:db|dump)|attachments/[0-9a-f]{2}/[0-9a-f]{62}|editions/[0-9a-f]{32}\.gpkg"
)
_PROGRAMS: Final = "/usr/lib/postgresql/*/bin"  # where Debian puts them; elsewhere they are on PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    registry: str  # id of the registry
    version: str  # of the database
    database: str  # sqlite or postgresql
    made_at: str
    head: audit.Head  # where the audit log ended
    files: dict[str, tuple[int, str]]  # size in bytes and SHA-256, by name in the archive

    def written(self) -> bytes:
        """Return it as JSON."""
        made = {
            "schema": SCHEMA,
            "registry": self.registry,
            "version": self.version,
            "database": self.database,
            "made_at": self.made_at,
            "audit": str(self.head),
            "files": {name: {"size": size, "sha256": sha} for name, (size, sha) in self.files.items()},
        }
        return canonical(made).encode("utf-8")

    @classmethod
    def read(cls, content: bytes) -> Manifest:
        """Return what was written; raises ValueError, KeyError or TypeError when it is no manifest."""
        said = json.loads(content)
        if said["schema"] != SCHEMA:
            raise ValueError(said["schema"])
        seq, _, chain = said["audit"].partition(":")
        files = {str(k): (int(v["size"]), str(v["sha256"])) for k, v in said["files"].items()}
        if not all(_NAMES.fullmatch(name) for name in files):
            raise ValueError("names")
        if said["database"] not in ("sqlite", "postgresql"):
            raise ValueError(said["database"])
        return cls(
            registry=str(said["registry"]),
            version=str(said["version"]),
            database=said["database"],
            made_at=str(said["made_at"]),
            head=audit.Head(int(seq), chain),
            files=files,
        )


# --- backup ----------------------------------------------------------------------------------------


def backup(registry: Registry, out: Path, *, now: datetime) -> Manifest:
    """Write a backup of the registry to ``out``, while others go on reading and writing.

    Parameters
    ----------
    out : Path
        A ``.tar``; replaced only when the new one is whole.
    now : datetime
        Aware.

    Raises
    ------
    BackupRefused
        ``pg_dump`` is not there or does not do it; an attachment or an edition is damaged.
    OutputFailed
        The disk is full …
    """
    with (
        output.replacing(out) as beside,
        tempfile.TemporaryDirectory(dir=out.parent, prefix=".backup-") as work,
    ):
        with registry.read() as connection:
            head = audit.head(connection)  # before the copy, which then holds at least this much of the log
        database = _copied(registry, Path(work))
        with registry.read() as connection:  # after the copy, so that it knows at least what the copy knows
            attached = connection.execute(
                sa.select(attachment.c.sha256).order_by(attachment.c.sha256)
            ).scalars()
            plain = [sha.removeprefix("sha256:") for sha in attached]
            offered = connection.execute(sa.select(edition.c.file).order_by(edition.c.file)).scalars().all()
            identity = connection.execute(
                sa.select(about.c.value).where(about.c.key == "registry")
            ).scalar_one()
            version = migrations.current(connection)
        if database.name == DATABASE:
            head = _head_of(database)
        sources = {database.name: database}
        sources |= {
            f"attachments/{sha[:2]}/{sha[2:]}": registry.attachments / sha[:2] / sha[2:] for sha in plain
        }
        sources |= {f"editions/{name}": registry.editions / name for name in offered}
        files = {name: _measured(path, name) for name, path in sources.items()}
        manifest = Manifest(
            registry=identity,
            version=version,
            database=registry.engine.dialect.name,
            made_at=moment(now),
            head=head,
            files=files,
        )
        with tarfile.open(beside, "w", format=tarfile.PAX_FORMAT) as archive:
            content = manifest.written()
            archive.addfile(_entry(_MANIFEST, len(content), now), io.BytesIO(content))
            for name, path in sources.items():
                with path.open("rb") as file:
                    archive.addfile(_entry(name, files[name][0], now), file)
        _checked(beside)
    return manifest


def _entry(name: str, size: int, now: datetime) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, int(now.timestamp()), 0o600
    return entry


def _copied(registry: Registry, work: Path) -> Path:
    """Return a copy of the database, in one state."""
    if registry.engine.dialect.name == "sqlite":
        target = work / DATABASE
        with registry.read() as connection, closing(sqlite3.connect(target)) as copy:
            source: Any = connection.connection.driver_connection
            try:
                source.backup(copy)
            except sqlite3.DatabaseError as error:
                raise BackupRefused(where=shown(registry.engine), reason=str(error)) from error
        return target
    target = work / DUMP
    url = registry.engine.url
    _run(
        _program("pg_dump", url),
        ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"],
        url,
    )
    return target


def _head_of(database: Path) -> audit.Head:
    engine = sa.create_engine(URL.create("sqlite+pysqlite", database=str(database)), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return audit.head(connection)


def _measured(path: Path, name: str) -> tuple[int, str]:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        raise AttachmentBroken(name=name, reason=error.strerror or type(error).__name__) from error
    if name.startswith("attachments/") and name.replace("/", "") != f"attachments{sha256}":
        raise AttachmentBroken(
            name=name, reason={"zh": "文件内容已改变", "en": "the content of its file has changed"}
        )
    return size, sha256


# --- restore ---------------------------------------------------------------------------------------


def restore(file: Path, to: Path, *, url: str | None = None) -> Manifest:
    """Make a registry from a backup.

    Parameters
    ----------
    file : Path
        Written by :func:`backup`.
    to : Path
        A folder that is not there, or is empty.
    url : str, optional
        Address of an empty PostgreSQL database, for the backup of one.

    Raises
    ------
    BackupRefused
        The place is not empty, or the file is damaged or no backup; nothing is left behind.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise _refused(to, f"目标位置 {to.name} 不是空文件夹", f"{to.name} is not an empty folder")
    manifest = _checked(file)
    if (manifest.database == "postgresql") != (url is not None):
        raise _refused(
            file,
            "备份来自 PostgreSQL 的须用 --database 给出空数据库，来自 SQLite 的不能给",
            "a backup of PostgreSQL needs --database with an empty one, and a backup of SQLite takes none",
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=to.parent, prefix=".restore-"))
    try:
        for inner in ("editions", "attachments"):
            (staging / inner).mkdir()
        for name, pieces in _members(file):
            target = staging / PurePosixPath(name)
            target.parent.mkdir(exist_ok=True)
            with target.open("wb") as written:
                written.writelines(pieces)
        if url is not None:
            _load(staging / DUMP, url)
            (staging / DUMP).unlink()
        _looked_into(staging, manifest, url)
        staging.chmod(0o755)
        if to.exists():
            to.rmdir()
        staging.rename(to)
    except OSError as error:
        raise output.failed(to, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def _looked_into(folder: Path, manifest: Manifest, url: str | None) -> None:
    """Open what was restored: the version, the file as a whole, the end of the audit log."""
    engine = engine_for(url) if url is not None else engine_for(url_of(folder))
    try:
        with engine.connect() as connection:
            kept = audit.at(connection, manifest.head.seq)
            if url is None:
                said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
                if said != "ok":
                    raise RegistryBroken(where=folder.name, reason=said)
    finally:
        engine.dispose()
    if kept != manifest.head:
        raise _refused(folder, "审计日志与清单不符", "the audit log is not that of the manifest")


def _checked(file: Path) -> Manifest:
    """Read a backup to its end and compare every file with the manifest; raises :class:`BackupRefused`."""
    found: list[Manifest] = []
    for _, pieces in _members(file, found):
        for _ in pieces:
            pass
    return found[0]


def _members(file: Path, manifests: list[Manifest] | None = None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and content of the files of a backup, each compared with the manifest when it has been read."""
    with _sound(file), tarfile.open(file, "r:") as archive:
        first = archive.next()
        if first is None or first.name != _MANIFEST or not first.isreg() or first.size > _MANIFEST_MAX:
            raise tarfile.ReadError(_MANIFEST)
        manifest = Manifest.read(_content(archive, first).read())
        if manifests is not None:
            manifests.append(manifest)
        missing = dict(manifest.files)
        while (member := archive.next()) is not None:
            size, sha256 = missing.pop(member.name, (-1, ""))
            if not member.isreg() or member.size != size:
                raise tarfile.ReadError(member.name)
            digest = hashlib.sha256()
            yield member.name, _hashed(file, _content(archive, member), digest)
            if digest.hexdigest() != sha256:
                raise tarfile.ReadError(member.name)
        if missing:
            raise tarfile.ReadError(next(iter(missing)))


@contextmanager
def _sound(file: Path) -> Iterator[None]:
    """Say that a backup is damaged, whatever a damaged one makes the readers complain about."""
    try:
        yield
    except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        zh = "备份文件损坏、不完整，或不是台账备份"
        en = "the file is damaged, cut short, or no backup of a registry"
        raise _refused(file, zh, en) from error
    except FileNotFoundError as error:
        raise _refused(file, "没有这个文件", "there is no such file") from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    content = archive.extractfile(member)
    if content is None:
        raise tarfile.ReadError(member.name)
    return content


def _hashed(file: Path, content: Any, digest: Any) -> Iterator[bytes]:
    while True:
        with _sound(file):
            piece = content.read(_PIECE)
        if not piece:
            return
        digest.update(piece)
        yield piece


def _refused(where: Path, zh: str, en: str) -> BackupRefused:
    return BackupRefused(where=where.name, reason={"zh": zh, "en": en})


# --- the programs of PostgreSQL ----------------------------------------------------------------------


def _load(dump: Path, url: str) -> None:
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            if sa.inspect(connection).get_table_names():
                zh, en = "目标数据库不是空的", "the database is not empty"
                raise BackupRefused(where=shown(engine), reason={"zh": zh, "en": en})
        target = f"--dbname={engine.url.database}"
        options = [
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
            target,
            str(dump),
        ]
        _run(_program("pg_restore", engine.url), options, engine.url, database=False)
    finally:
        engine.dispose()


def _program(name: str, url: URL) -> str:
    folders = sorted(
        Path("/").glob(_PROGRAMS.lstrip("/")), key=lambda p: p.parent.name.zfill(4), reverse=True
    )
    installed = [str(folder / name) for folder in folders if (folder / name).exists()]
    found = installed[0] if installed else shutil.which(name)
    if found is None:
        zh = f"本机没有 {name}，请安装 postgresql-client，或在数据库所在机器上备份"
        en = f"{name} is not on this machine; install postgresql-client, or back up where the database is"
        raise BackupRefused(where=str(url.database), reason={"zh": zh, "en": en})
    return found


def _run(program: str, options: list[str], url: URL, *, database: bool = True) -> None:
    """Run a program of PostgreSQL; the password goes by its environment, which other users cannot list."""
    where = [f"--host={url.host}"] if url.host else []
    where += [f"--port={url.port}"] if url.port else []
    where += [f"--username={url.username}"] if url.username else []
    where += [f"--dbname={url.database}"] if database else []
    done = subprocess.run(  # noqa: S603, a program of ours with options of ours
        [program, "--no-password", *where, *options],
        env={"PGPASSWORD": url.password or "", "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:500]
        raise BackupRefused(
            where=str(url.database), reason=said or f"{Path(program).name}: {done.returncode}"
        )

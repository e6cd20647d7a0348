"""The ledger on this machine: made, backed up, restored, verified; its editions and its audit log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sanxian.cli import accounts, registry_projects, registry_work
from sanxian.cli.registry_shared import (
    DATA,
    ByOption,
    DatabaseOption,
    DataOption,
    actor,
    installed,
    opened,
    text_of,
    utc_now,
)
from sanxian.cli.shell import DIFFERS, Session, command, usage_error

if TYPE_CHECKING:
    from sanxian.registry.audit import Head

_HELP: Final[Mapping[str, Any]] = {"no_args_is_help": True, "rich_markup_mode": "rich"}

app = typer.Typer(help="台账：项目、研判、人工认定 / The registry: projects, screenings, decisions", **_HELP)
kept_editions = typer.Typer(help="台账使用的成果 / Editions the registry works with", **_HELP)
logs = typer.Typer(help="审计日志 / The audit log", **_HELP)
app.add_typer(registry_projects.app)  # without a name: its commands stand beside `init`
app.add_typer(registry_work.app)
app.add_typer(kept_editions, name="edition")
app.add_typer(accounts.app, name="person")


# --- the registry as a whole -----------------------------------------------------------------------


@command(app, "init")
def init(
    session: Session,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="升级已有的旧版台账 / Bring one of an older program up to date")
    ] = False,
) -> None:
    """建立台账，或升级旧版台账 / Make a registry, or bring an older one up to date.

    例 / Examples:

    sanxian registry init

    sanxian registry init --data 台账 --database postgresql://sanxian@db/sanxian
    """
    with installed():
        from sanxian.registry import create_registry
    if migrate:
        with opened(data, database, migrate=True):
            session.say(text_of(session, "migrated", folder=data))
        return
    create_registry(data, now=utc_now(), url=database).close()
    session.say(text_of(session, "made", folder=data))


@command(app, "backup")
def backup(
    session: Session,
    out: Annotated[Path, typer.Argument(metavar="OUT.tar", help="备份文件 / Where to", show_default=False)],
    data: DataOption = DATA,
    database: DatabaseOption = None,
) -> None:
    """备份数据库、附件和成果，不必停机 / Back up database, attachments and editions while everything runs.

    例 / Example:  sanxian registry backup 台账-20260901.tar
    """
    with opened(data, database) as registry:
        from sanxian.registry.backup import backup as make

        made = make(registry, out, now=utc_now())
    session.print(text_of(session, "backed_up", path=out, files=len(made.files), head=made.head))


@command(app, "restore")
def restore(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE.tar", help="备份文件 / A backup", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="空的数据文件夹 / An empty data folder")],
    database: Annotated[
        str | None,
        typer.Option(
            "--database", metavar="URL", help="空的 PostgreSQL 数据库 / An empty PostgreSQL database"
        ),
    ] = None,
) -> None:
    """从备份恢复到空文件夹，逐个文件核对 / Restore into an empty folder, every file compared.

    例 / Example:  sanxian registry restore 台账-20260901.tar --to 新台账
    """
    with installed():
        from sanxian.registry.backup import restore as make
    made = make(file, to, url=database)
    session.print(
        text_of(session, "restored", folder=to, made_at=made.made_at, files=len(made.files), head=made.head)
    )


HeadOption = Annotated[
    str | None,
    typer.Option(
        "--head", metavar="SEQ:HASH", help="此前留存的日志末尾 / End of the log kept from an earlier day"
    ),
]


def _head(given: str | None) -> Head | None:
    if given is None:
        return None
    from sanxian.registry.audit import Head

    seq, _, digest = given.partition(":")
    if not seq.isdecimal() or len(digest) != 64:
        raise usage_error("registry.usage.head", given=given)
    return Head(int(seq), digest)


@command(app, "verify")
def verify(
    session: Session, data: DataOption = DATA, database: DatabaseOption = None, head: HeadOption = None
) -> None:
    """核对台账的全部内容：数据库、日志、计数、文件 / Verify all of it: database, log, counts, files; exit 1 for a fault."""
    known = _head(head)
    with opened(data, database) as registry:
        from sanxian.registry.verifying import verify as look

        report = look(registry, known=known)
    session.print(text_of(session, "verified", **report.looked_at, head=report.head))
    for fault in report.faults:
        session.print(f"[{fault.code}] {fault.subject} {session.pick(fault.zh, fault.en)}")
    if report.faults:
        raise typer.Exit(DIFFERS)


@command(logs, "verify")
def verify_log(
    session: Session, data: DataOption = DATA, database: DatabaseOption = None, head: HeadOption = None
) -> None:
    """核对审计日志的校验链，指出第一条有问题的记录 / Verify the chain of the audit log; exit 1 at the first broken row."""
    known = _head(head)
    with opened(data, database) as registry:
        from sanxian.registry import audit

        with registry.read() as connection:
            checked = audit.verify(connection, known=known)
    if checked.broken is None:
        session.print(text_of(session, "chain", rows=checked.rows, head=checked.head))
        return
    reason = session.pick(checked.reason_zh, checked.reason_en)
    session.print(text_of(session, "chain_broken", seq=checked.broken, reason=reason))
    raise typer.Exit(DIFFERS)


# --- editions --------------------------------------------------------------------------------------


@command(kept_editions, "add")
def add_edition(
    session: Session,
    files: Annotated[
        list[Path], typer.Argument(metavar="E.gpkg...", help="成果文件 / Editions", show_default=False)
    ],
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """登记成果：核对后复制到数据文件夹 / Take editions in: checked, then copied into the data folder."""
    with opened(data, database) as registry:
        from sanxian.registry import editions

        for path in files:
            with registry_work.settling(session, registry), registry.begin() as connection:
                one = editions.register(connection, registry, path, at=utc_now(), by=actor(by))
            session.print(f"{one.digest} {one.id} {one.title}")


@command(kept_editions, "list")
def list_editions(session: Session, data: DataOption = DATA, database: DatabaseOption = None) -> None:
    """列出台账使用的成果，撤下的也列出 / List the editions, withdrawn ones too."""
    with opened(data, database) as registry:
        from sanxian.registry import editions

        with registry.read() as connection:
            found = editions.listed(connection, withdrawn=True)
    for one in found:
        gone = text_of(session, "withdrawn", at=one.withdrawn_at) if one.withdrawn_at else ""
        session.print(
            f"{one.digest} {one.region} {one.valid_from}–{one.valid_to or ''} {one.id} {one.title} {gone}".rstrip()
        )


@command(kept_editions, "withdraw")
def withdraw_edition(
    session: Session,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="sha256:…", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由 / Why")],
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """撤下成果，不再用于研判；已有研判不变 / Offer an edition no more; what was answered stays."""
    with opened(data, database) as registry:
        from sanxian.registry import editions

        with registry_work.settling(session, registry), registry.begin() as connection:
            one = editions.withdraw(connection, digest, reason=reason, at=utc_now(), by=actor(by))
    session.print(f"{one.digest} {text_of(session, 'withdrawn', at=one.withdrawn_at)}")

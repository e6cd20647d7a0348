"""``sanxian serve``: the server on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sanxian.cli.shell import Session, command
from sanxian.errors import NotInstalled
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.server.running import Started

app = typer.Typer()


@command(app, "serve")
def serve(
    session: Session,
    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST", help="监听的地址；0.0.0.0 为所有网卡 / Address to listen on"),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="端口；0 为任一空闲端口 / Port; 0 = any free one"
        ),
    ] = 8000,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="装入示例成果和示例项目 / Load the demo edition and example projects"),
    ] = False,
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="数据文件夹，没有则建立 / Data folder, made when not there"
        ),
    ] = Path("sanxian-data"),
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            envvar="SANXIAN_DATABASE",
            help="PostgreSQL 地址，默认用数据文件夹里的 SQLite / PostgreSQL; default: SQLite in the folder",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", metavar="N", min=1, max=64, help="处理请求的进程数 / Processes that answer"
        ),
    ] = 1,
) -> None:
    """启动服务器：接口、台账、批量任务；首次启动建库 / Serve: API, registry, jobs; the first start makes the registry.

    例 / Examples:

    sanxian serve --demo

    sanxian serve --host 0.0.0.0 --port 8080 --data /srv/sanxian --workers 2
    """
    try:
        from sanxian.server.deployment import Place
        from sanxian.server.running import Serving, serve
    except ImportError as error:
        if (error.name or "").startswith("sanxian"):
            raise  # a bug, and not something to install
        what = {"zh": "服务器", "en": "The server"}
        raise NotInstalled(what=what, package=error.name or "fastapi", extra="server") from error

    def told(started: Started) -> None:
        session.print(_t(session, "ready", address=started.address))
        session.say(_t(session, "api", address=started.address))
        session.say(_t(session, "folder", folder=started.folder))
        if started.password:
            said = _t(session, "password", name=started.administrator, password=started.password)
            session.say(said, style="bold yellow")
        if demo:
            from sanxian.model import SYNTHETIC  # with its arrays, which no other command may wait for

            session.say(f"{SYNTHETIC}  {_t(session, 'demo', count=started.demo_projects)}", style="yellow")
        if started.public:
            session.say(_t(session, "public"), style="yellow")
        session.say(_t(session, "stop"))

    examples = Path("examples", "projects")
    if not examples.is_dir():  # not the current folder: the source tree the program runs from
        examples = Path(__file__).parents[3] / examples
    serve(
        Serving(
            place=Place(folder=data, database=database),
            host=host,
            port=port,
            demo=demo,
            examples=examples if examples.is_dir() else None,
            workers=workers,
        ),
        told=told,
        working=lambda what: session.say(_t(session, f"working.{what}")),
    )


def _t(session: Session, key: str, **fields: object) -> str:
    return t(f"server.{key}", session.lang, **fields)

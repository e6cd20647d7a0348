"""Publishing: a checked draft becomes an immutable edition with its filing package; the catalogue of editions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sanxian.cli.shell import Session, as_of_day, command, day_of, exit_status, usage_error
from sanxian.errors import EditionError, PublishBlocked, PublishTerms
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.catalog import Catalog, CatalogFinding
    from sanxian.edition import Draft, Edition, Problem
    from sanxian.model import Change
    from sanxian.publish import Released

app = typer.Typer()
catalogs = typer.Typer(
    help="成果目录：一个文件夹里的各版成果 / The catalogue: the editions of a folder",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
app.add_typer(catalogs, name="catalog")
editions = typer.Typer()  # commands that stand under `sanxian edition`

CatalogArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="放成果的文件夹 / Folder of editions", show_default=False)
]
RegionOption = Annotated[
    str | None, typer.Option("--region", metavar="CODE", help="行政区划代码，如 63、6301 / GB/T 2260 code")
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="日期，默认今天 / Date, default today")
]


def _terms(key: str, **fields: object) -> PublishTerms:
    zh, en = (t(f"publish.terms.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return PublishTerms(reason={"zh": zh, "en": en})


# --- publish ---------------------------------------------------------------------------------


@command(app, "publish")
def publish(
    session: Session,
    draft: Annotated[Path, typer.Argument(metavar="DRAFT.gpkg", help="草案 / Draft", show_default=False)],
    title: Annotated[
        str, typer.Option("--as", metavar="TITLE", help="成果名称 / Title of the edition", show_default=False)
    ],
    valid_from: Annotated[
        str,
        typer.Option(
            "--valid-from", metavar="DATE", help="施行日期 / First day in force", show_default=False
        ),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="为什么发布、调整 / Why", show_default=False)
    ],
    trigger: Annotated[
        str,
        typer.Option(
            "--trigger",
            metavar="KEY",
            help="更新依据，如 five_year_adjustment；写错会列出全部 / Legal trigger; a wrong one lists all",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="E.gpkg", help="成果文件 / Edition file", show_default=False),
    ],
    valid_to: Annotated[
        str | None,
        typer.Option("--valid-to", metavar="DATE", help="最后一天，默认到被取代为止 / Last day in force"),
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="标识，默认用草案的 / Id, default the draft's")
    ] = None,
    supersedes: Annotated[
        str | None,
        typer.Option(
            "--supersedes", metavar="DIGEST", help="取代的成果的摘要 / Digest of the edition before"
        ),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option("--previous", metavar="OLD.gpkg", help="取代的成果 / The edition it supersedes"),
    ] = None,
    catalog: Annotated[
        Path | None,
        typer.Option("--catalog", metavar="DIR", help="各版成果的文件夹 / Folder of all editions before"),
    ] = None,
    succession: Annotated[
        list[Path] | None,
        typer.Option("--succession", metavar="FILE.csv", help="编码接续表，可多次 / Succession of codes"),
    ] = None,
    propose: Annotated[
        Path | None,
        typer.Option(
            "--propose-succession",
            metavar="FILE.csv",
            help="受阻时写出待核的接续表 / Write entries to review",
        ),
    ] = None,
    published: Annotated[
        str | None, typer.Option("--published", metavar="DATE", help="发布日期 / Day of publication")
    ] = None,
    publisher: Annotated[
        str | None, typer.Option("--publisher", metavar="NAME", help="发布单位，默认用草案的 / Publisher")
    ] = None,
    sign: Annotated[
        Path | None, typer.Option("--sign", metavar="KEY.pem", help="用此私钥签名 / Sign with this key")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="私钥口令所在文件 / File with its password"),
    ] = None,
    filing: Annotated[
        Path | None,
        typer.Option(
            "--filing", metavar="FILING.zip", help="同时写出备案材料 / Write the filing package too"
        ),
    ] = None,
    triggers: Annotated[
        Path | None,
        typer.Option("--triggers", metavar="FILE.toml", help="本省的依据表 / A province's table of triggers"),
    ] = None,
) -> None:
    """发布：草案通过检查和编码核对后成为成果 / Publish a draft as an immutable edition.

    例 / Examples:

    sanxian publish 草案.gpkg --as "示例市成果（2026）" --valid-from 2026-01-01 --reason 首轮编制 --trigger first_publication --out 2026.gpkg

    sanxian publish 草案.gpkg --as "示例市成果（2031）" --valid-from 2031-01-01 --previous 2026.gpkg --id 示例市/2031
    --reason 五年调整 --trigger five_year_adjustment --out 2031.gpkg --sign key.pem --filing 备案.zip
    """
    from sanxian import publish as publishing

    terms = publishing.Terms(
        title=title,
        valid_from=day_of("--valid-from", valid_from),
        valid_to=None if valid_to is None else day_of("--valid-to", valid_to),
        reason=reason,
        trigger=trigger,
        id=id_ or "",
        published=None if published is None else day_of("--published", published),
        publisher=publisher or "",
    )
    known = publishing.triggers(triggers)
    publishing.find_trigger(trigger, known)  # before anything large is opened
    key = None if sign is None else publishing.read_signing_key(sign, password=_password(password_file))
    entries = [entry for file in succession or () for entry in publishing.read_succession(file)]
    opened = _open_draft(draft)
    history = _history(opened.edition.info.region, previous, catalog, supersedes, out)
    try:
        made = publishing.prepare(
            opened, terms, previous=history.previous, earlier=history.earlier, succession=entries, known=known
        )
    except PublishBlocked as error:
        _show_obstacles(session, error, propose)
        raise
    session.notices(made.notices)
    written = publishing.release(made, out, key=key, filing=filing)
    _say_released(session, written, made.edition)


def _open_draft(path: Path) -> Draft:
    from sanxian.edition import open_draft, read_identity
    from sanxian.errors import EditionForeign

    try:
        return open_draft(path)
    except EditionForeign:
        with suppress(EditionError):
            title = read_identity(path)[0].title
            raise _terms("no_draft", source=path.name, title=title) from None
        raise


def _password(file: Path | None) -> bytes | None:
    from sanxian.publish import read_password

    return None if file is None else read_password(file)


class _History(NamedTuple):
    previous: Edition | None
    earlier: tuple[Edition, ...]  # newest first


def _history(
    region: str, previous: Path | None, catalog: Path | None, supersedes: str | None, out: Path
) -> _History:
    """Return the edition that the new one supersedes, and those before it."""
    from sanxian.edition import open_edition

    if previous is not None and catalog is not None:
        raise _terms("both_histories")
    if previous is not None:
        opened = open_edition(previous)
        if supersedes is not None and supersedes.strip() != opened.info.digest:
            raise _terms("digest_differs", given=supersedes, path=previous.name, found=opened.info.digest)
        return _History(opened, ())
    if catalog is not None:
        return _catalog_history(region, catalog, supersedes, out)
    if supersedes is not None:
        raise _terms("no_previous")
    return _History(None, ())


def _catalog_history(region: str, folder: Path, supersedes: str | None, out: Path) -> _History:
    from sanxian.catalog import open_catalog
    from sanxian.errors import EditionDraft, EditionForeign

    catalog = open_catalog(folder)
    lost = [file for file in catalog.unread if not isinstance(file.error, EditionDraft | EditionForeign)]
    if lost:
        raise _terms("catalog_unread", names="、".join(file.path.name for file in lost[:5]))
    # published once more, the edition is no predecessor of itself
    own = [e for e in catalog.distinct if e.info.region == region and e.path.resolve() != out.resolve()]
    if supersedes is not None:
        found = [entry for entry in own if entry in catalog.by_reference(supersedes.strip())]
        if not found:
            raise _terms("not_in_catalog", given=supersedes)
    else:
        # those that nothing supersedes; but for one there would be a choice
        taken = {entry.info.supersedes for entry in own}
        found = [entry for entry in own if not {entry.info.digest, entry.info.id} & taken]
    if len(found) > 1:
        names = "、".join(entry.path.name for entry in found)
        raise _terms("which_previous", region=region, count=len(found), names=names)
    if not found:
        return _History(None, ())
    others = sorted((entry for entry in own if entry is not found[0]), key=lambda e: e.info.valid_from)
    return _History(found[0].open(), tuple(entry.open() for entry in reversed(others)))


def _show_obstacles(session: Session, error: PublishBlocked, propose: Path | None) -> None:
    """List everything that bars publishing; write succession entries to review when asked."""
    from sanxian.cli import show
    from sanxian.publish import CodeFault, Obstacle, proposed_succession, write_succession

    obstacles: Sequence[Obstacle] = error.fields["obstacles"]  # type: ignore[assignment]  # put there by prepare
    faults: Sequence[CodeFault] = error.fields["faults"]  # type: ignore[assignment]
    rows = show.table(
        *(t(f"publish.catalog.columns.{key}", session.lang) for key in ("code", "item", "problem")),
        whole=(0,),
    )
    for obstacle in obstacles:
        rows.add_row(obstacle.code, obstacle.item, session.pick(obstacle.zh, obstacle.en))
    session.out.print(rows)
    if propose is not None:
        entries: Sequence[Change] = proposed_succession(faults)
        remarks = {fault.item: session.pick(fault.zh, fault.en) for fault in faults}
        write_succession(entries, propose, remarks=[remarks[entry.item] for entry in entries])
        session.say(t("publish.cli.proposed", session.lang, path=propose, count=len(entries)))


def _say_released(session: Session, written: Released, edition: Edition) -> None:
    if written.already:
        session.say(t("publish.cli.already", session.lang, path=written.edition))
    for path in (written.edition, written.manifest, written.signature, written.filing):
        if path is not None and not (written.already and path is written.edition):
            session.say(session.t("written", path=path))
    kinds = Counter(change.kind for change in edition.changes if change.item != "edition")
    if kinds:
        said = "，" if session.lang != "en" else ", "
        session.say(
            said.join(
                f"{t(f'publish.cli.kinds.{kind}', session.lang)} {kinds[kind]}"
                for kind in ("added", "removed", "changed", "succeeded")
                if kinds[kind]
            )
        )
    session.print(written.digest)


# --- keys and signatures ---------------------------------------------------------------------


@command(app, "signing-key")
def signing_key(
    session: Session,
    name: Annotated[
        Path,
        typer.Argument(
            metavar="NAME",
            help="写出 NAME.key.pem 和 NAME.pub.pem / Writes these two files",
            show_default=False,
        ),
    ],
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="用此文件中的口令加密私钥 / Encrypt the key"),
    ] = None,
) -> None:
    """生成一对 Ed25519 签名密钥 / Make a pair of Ed25519 keys.

    例 / Example:

    sanxian signing-key 示例市生态环境局 --password-file 口令.txt
    """
    from sanxian.publish import new_key

    private, public = (name.with_name(f"{name.name}.{kind}.pem") for kind in ("key", "pub"))
    made = new_key(private, public, password=_password(password_file))
    for path in (private, public):
        session.say(session.t("written", path=path))
    session.say(t("publish.cli.keep_key", session.lang, path=private.name), style="yellow")
    session.print(made.public.fingerprint)


@command(app, "verify-signature")
def verify_signature(
    session: Session,
    edition: Annotated[Path, typer.Argument(metavar="E.gpkg", help="成果 / Edition", show_default=False)],
    key: Annotated[
        Path,
        typer.Option(
            "--key",
            metavar="PUB.pem",
            help="发布单位的公钥 / Public key of the publisher",
            show_default=False,
        ),
    ],
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest", metavar="M.json", help="发布说明，默认在成果旁 / Default: beside the edition"
        ),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(
            "--signature", metavar="M.sig", help="签名，默认在发布说明旁 / Default: beside the manifest"
        ),
    ] = None,
) -> None:
    """核对成果、发布说明和签名，动过一个字节都不通过 / Verify an edition, its manifest and its signature.

    例 / Example:

    sanxian verify-signature 成果.gpkg --key 示例市生态环境局.pub.pem
    """
    from sanxian.publish import manifest_path, read_public_key, verify_release

    public = read_public_key(key)
    verified = verify_release(edition, manifest or manifest_path(edition), public, signature)
    info = verified.edition.info
    session.print(
        t("publish.cli.verified", session.lang, title=info.title, digest=info.digest, key=verified.key)
    )
    if info.synthetic:
        session.say(session.t("edition.synthetic_mark"), style="bold yellow")


# --- catalog ---------------------------------------------------------------------------------


@command(catalogs, "list")
def catalog_list(session: Session, folder: CatalogArgument, region: RegionOption = None) -> None:
    """各版成果和在用期间 / The editions and when each is in force."""
    from sanxian.catalog import open_catalog, short_code, span
    from sanxian.cli import show

    catalog = open_catalog(folder)
    keys = ("file", "region", "title", "term", "ended", "format")
    rows = show.table(*(t(f"publish.catalog.columns.{key}", session.lang) for key in keys), whole=(0, 3))
    for code in catalog.regions:
        if region is not None and code != short_code(region):
            continue
        for term in catalog.terms(code):
            info = term.entry.info
            mark = f" {session.t('edition.synthetic_mark')}" if info.synthetic else ""
            rows.add_row(
                str(term.entry.path.relative_to(catalog.folder)),
                code,
                f"{info.title}{mark}",
                span(term, session.lang),
                "" if term.ended_by is None else term.ended_by.path.name,
                str(term.entry.format_version),
            )
    if rows.row_count:
        session.out.print(rows)
    else:
        session.print(t("publish.catalog.empty", session.lang))
    _findings(session, [f for f in catalog.check() if f.severity == "error"], to_err=True)


@command(catalogs, "check")
def catalog_check(
    session: Session,
    folder: CatalogArgument,
    as_of: AsOfOption = None,
    contents: Annotated[
        bool,
        typer.Option(
            "--contents", help="打开每个成果，核对摘要和失效条款 / Open each: digest, clauses out of force"
        ),
    ] = False,
) -> None:
    """重叠、空档、断链、读不出的文件 / Overlaps, holes, broken chains, files that cannot be read."""
    from sanxian.catalog import check_contents, open_catalog

    catalog = open_catalog(folder)
    found: list[CatalogFinding] = list(catalog.check())
    if contents:
        found += check_contents(catalog, as_of_day(session, as_of))
    _findings(session, found)
    if not found or all(finding.severity == "info" for finding in found):
        session.print(t("publish.catalog.fine", session.lang, count=len(catalog.distinct)))
    if contents:
        session.say(t("publish.catalog.contents", session.lang))
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(exit_status(EditionError()))


@command(catalogs, "in-force")
def catalog_in_force(
    session: Session, folder: CatalogArgument, region: RegionOption = None, as_of: AsOfOption = None
) -> None:
    """某日某地有效的是哪个成果 / Which edition is in force for a region on a day.

    例 / Example:

    sanxian catalog in-force 成果目录 --region 63 --as-of 2026-03-01
    """
    from sanxian.catalog import open_catalog

    catalog = open_catalog(folder)
    day = as_of_day(session, as_of)
    entry = catalog.in_force(region or only_region(catalog, day), day)
    session.print(str(entry.path))
    session.say(f"{entry.info.title}  {entry.info.digest}")


def only_region(catalog: Catalog, day: date) -> str:
    """Return the region whose edition is in force when there is just one; else it has to be said."""
    from sanxian.catalog import Term

    regions = catalog.regions
    if len(regions) > 1:
        terms: list[Term] = [term for region in regions for term in catalog.terms(region)]
        regions = tuple(sorted({term.entry.info.region for term in terms if term.holds(day)}))
    if len(regions) > 1:
        raise usage_error("publish.catalog.several", as_of=day, regions="、".join(regions))
    return regions[0] if regions else ""


def edition_in_force(session: Session, folder: Path, region: str | None, day: date) -> Edition:
    """Open the edition of a catalogue that is in force on a day, and say which it is."""
    from sanxian.catalog import open_catalog

    catalog = open_catalog(folder)
    entry = catalog.in_force(region or only_region(catalog, day), day)
    session.say(session.t("edition_used", path=entry.path))
    return entry.open()


def lapsed_problems(edition: Edition, day: date) -> tuple[Problem, ...]:
    """Return the clauses out of force on a day as warnings, each with the document that took its place."""
    from sanxian.catalog import lapsed_clauses
    from sanxian.edition import Problem

    return tuple(
        Problem(severity="warning", code="CLAUSE_LAPSED", item=clause.id, zh=lapse.zh, en=lapse.en)
        for clause, lapse in lapsed_clauses(edition, day)
    )


def _findings(session: Session, found: Sequence[CatalogFinding], *, to_err: bool = False) -> None:
    from sanxian.cli import show

    if not found:
        return
    keys = ("severity", "code", "item", "problem")
    rows = show.table(*(t(f"publish.catalog.columns.{key}", session.lang) for key in keys), whole=(1,))
    for finding in found:
        severity = t(f"publish.catalog.severities.{finding.severity}", session.lang)
        rows.add_row(severity, finding.code, finding.item, session.pick(finding.zh, finding.en))
    (session.err if to_err else session.out).print(rows)


# --- edition migrate -------------------------------------------------------------------------


@command(editions, "migrate")
def edition_migrate(
    session: Session,
    old: Annotated[Path, typer.Argument(metavar="OLD.gpkg", help="成果 / Edition", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="NEW.gpkg", help="写到哪里 / Where to write", show_default=False),
    ],
) -> None:
    """把旧格式的成果写成当前程序的格式，摘要不变 / Write an older edition as this program does; same digest."""
    from sanxian.publish import migrate

    before, after, digest = migrate(old, out)
    session.say(session.t("written", path=out))
    session.say(t("publish.cli.migrated", session.lang, before=before, after=after))
    session.print(digest)

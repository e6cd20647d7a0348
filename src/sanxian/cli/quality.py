"""The quality gate: what is wrong with a draft, and listed repairs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sanxian.cli.shell import DIFFERS, Session, command, day_of, usage_error
from sanxian.errors import EditionForeign, InputError
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.edition import Draft, Edition
    from sanxian.quality import Finding, Fixed, QualityReport

app = typer.Typer()

_SHOWN: Final = 3  # items of a finding named on the terminal
_PLACES: Final = (".gpkg", ".geojson", ".json")


@command(app, "check")
def check(
    session: Session,
    source: Annotated[
        Path,
        typer.Argument(metavar="草案", help="草案或成果（.gpkg）/ A draft or an edition", show_default=False),
    ],
    report: Annotated[
        Path | None,
        typer.Option("--report", help="写出 HTML 报告 / Write the report as HTML", show_default=False),
    ] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="text json")] = "text",
    places: Annotated[
        Path | None,
        typer.Option(
            "--places",
            help="写出问题位置（.gpkg .geojson）/ Write the places of the findings",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="判断有效期的日期；缺省为成果生效日 / Day on which dates are judged",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="不超过这个宽度的缝隙、重叠视为边界不吻合，米 / Metres")
    ] = 1.0,
    aliases: Annotated[
        Path | None,
        typer.Option(
            "--aliases",
            help="旧县代码对照表（CSV：old,new）/ Old county codes and their successors",
            show_default=False,
        ),
    ] = None,
    repairs: Annotated[
        list[str] | None,
        typer.Option(
            "--fix",
            help="做这一项修复，可多次 / Make this repair, repeatable: fullwidth-codes dedupe-vertices make-valid "
            "snap-edges drop-overlaps close-gaps drop-slivers",
            show_default=False,
        ),
    ] = None,
    up_to: Annotated[
        float | None,
        typer.Option(
            "--up-to",
            help="close-gaps、drop-overlaps 只处理不宽于此的，米；缺省为图层标称精度 / Metres; the layer's accuracy",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="修复后的草案 / The repaired draft", show_default=False)
    ] = None,
    moves: Annotated[
        Path | None,
        typer.Option(
            "--moves", help="写出面积转移表（CSV）/ Write what area moved where", show_default=False
        ),
    ] = None,
) -> None:
    """检查草案能否发布，指出每处问题的位置、大小和处理建议；--fix 只做点名的修复 / Check a draft; --fix makes named repairs.

    例 / Examples:

    sanxian check 草案.gpkg --report 质检.html --places 问题.gpkg

    sanxian check 草案.gpkg --fix snap-edges --fix close-gaps --out 修复.gpkg --moves 转移.csv
    """
    from sanxian import quality
    from sanxian.edition import Draft

    _check_options(form, places, repairs, out, moves, up_to, tolerance)
    day = None if as_of is None else day_of("--as-of", as_of)
    known = None if aliases is None else _aliases(aliases)
    opened = _opened(source)
    fixed: Fixed | None = None
    if repairs:
        if not isinstance(opened, Draft):
            raise usage_error("quality.usage.published", source=source.name)
        fixed = quality.fix(opened, repairs, as_of=day, tolerance_m=tolerance, up_to_m=up_to)
        opened = fixed.draft
    found = quality.check(
        opened,
        as_of=day,
        tolerance_m=tolerance,
        aliases=known,
        progress=(lambda step: session.say(t("quality.step", session.lang, step=step)))
        if session.err.is_terminal
        else None,
    )
    _write(session, opened, found, fixed, report=report, places=places, out=out, moves=moves)
    if form == "json":
        from sanxian.quality.exchange import to_json

        session.emit(to_json(found), None)
    else:
        _show(session, found, fixed)
    if found.blocking:
        raise typer.Exit(DIFFERS)


def _check_options(
    form: str,
    places: Path | None,
    repairs: list[str] | None,
    out: Path | None,
    moves: Path | None,
    up_to: float | None,
    tolerance: float,
) -> None:
    from sanxian.quality import REPAIRS

    if form not in ("text", "json"):
        raise usage_error("quality.usage.format", given=form)
    if places is not None and places.suffix.lower() not in _PLACES:
        raise usage_error("quality.usage.places", given=places.name)
    for name in repairs or ():
        if name not in REPAIRS:
            raise usage_error("quality.usage.fix", given=name, known=" ".join(REPAIRS))
    if repairs and out is None:
        raise usage_error("quality.usage.out")
    if not repairs and (out is not None or moves is not None or up_to is not None):
        raise usage_error("quality.usage.no_fix")
    if not 0 <= tolerance < 1000 or (up_to is not None and not 0 <= up_to < 100_000):
        raise usage_error("quality.usage.metres")


def _opened(source: Path) -> Draft | Edition:
    """Open a draft, or an edition where it is one."""
    from sanxian.edition import open_draft, open_edition

    try:
        return open_draft(source)
    except EditionForeign:
        return open_edition(source)  # which says what it is when it is neither


def _aliases(path: Path) -> Mapping[str, str]:
    """Read a table of county codes: columns ``old`` and ``new``."""
    import csv

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_aliases(path, str(error)) from error
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    if not {"old", "new"} <= set(rows.fieldnames or ()):
        raise _bad_aliases(path, "old,new")
    return {row["old"].strip(): row["new"].strip() for row in rows if row["old"] and row["new"]}


def _bad_aliases(path: Path, what: str) -> InputError:
    return InputError(
        reason={
            lang[:2]: t("quality.usage.aliases", lang, source=path.name, what=what)
            for lang in ("zh-CN", "en")
        }
    )


def _write(
    session: Session,
    opened: Draft | Edition,
    found: QualityReport,
    fixed: Fixed | None,
    *,
    report: Path | None,
    places: Path | None,
    out: Path | None,
    moves: Path | None,
) -> None:
    from sanxian.edition import Draft, write_draft
    from sanxian.quality import exchange

    if fixed is not None and out is not None:
        write_draft(fixed.draft, out)
        session.say(session.t("written", path=out))
    if fixed is not None and moves is not None:
        session.emit(exchange.moves_csv(fixed.moves, synthetic=found.info.synthetic), moves)
    if places is not None:
        make = exchange.places_geopackage if places.suffix.lower() == ".gpkg" else exchange.places_geojson
        session.emit(make(found), places)
    if report is not None:
        from sanxian.report import quality as page

        edition = opened.edition if isinstance(opened, Draft) else opened
        session.emit(
            page.render(found, session.lang, edition, moves=() if fixed is None else fixed.moves), report
        )


def _show(session: Session, found: QualityReport, fixed: Fixed | None) -> None:
    lang = session.lang
    if found.info.synthetic:
        session.print(t("quality.synthetic", lang))
    if fixed is not None:
        session.print(t("quality.fixed", lang, repairs=len(fixed.log), moves=len(fixed.moves)))
    for one in found.findings:
        session.print(_line(session, one))
    for balance in found.balances:
        if balance.region_m2 is not None:
            session.print(
                t(
                    "quality.balance",
                    lang,
                    layer=found.titles.get(balance.layer, balance.layer),
                    zones=f"{balance.zones_m2:,.1f}",
                    overlaps=f"{balance.overlaps_m2:,.1f}",
                    outside=f"{balance.outside_m2:,.1f}",
                    gaps=f"{balance.gaps_m2:,.1f}",
                    region=f"{balance.region_m2:,.1f}",
                    residue=f"{balance.residue:.0e}",
                )
            )
    counts = found.counts()
    key = "blocked" if found.blocking else "passed"
    session.say(t(f"quality.{key}", lang, **{str(severity): n for severity, n in counts.items()}))


def _line(session: Session, one: Finding) -> str:
    severity = t(f"quality.severity.{one.severity}", session.lang)
    who = "、".join(one.items[:_SHOWN]) + ("…" if len(one.items) > _SHOWN else "")
    where = f"  {one.layer}" if one.layer else ""
    text = f"{severity}  {one.check}{where}\n    {one.text(session.lang)}\n    {who}"
    return f"{text}\n    → {one.advice(session.lang)}"

"""The compliance-analysis rate as one HTML page: the rate, its months and regions, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sanxian.i18n import language, t
from sanxian.model import SYNTHETIC
from sanxian.registry.coverage import Analysis, Coverage, Missing, Rate, label_of
from sanxian.registry.store import moment
from sanxian.report.markup import Child, Markup, tag
from sanxian.report.page import document, fields, numbered, style, table

_SHOWN: Final = 200  # rows of a list
_CSS: Final = """
.rate { display: flex; align-items: baseline; gap: 28px; margin-top: 26px; padding: 18px 24px; background: var(--wash);
  border-left: 6px solid var(--accent); flex-wrap: wrap; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.rate b { font: 700 46px/1.1 var(--serif); }
.rate + .sentence { margin: 14px 0 6px; }
.rate.full { border-left-color: var(--good); } .rate.full b { color: var(--good); }
.rate.short { border-left-color: var(--bad); } .rate.short b { color: var(--bad); }
.num { text-align: right; white-space: nowrap; }
.bar { width: 30%; min-width: 120px; }
.bar svg { display: block; margin-top: 5px; width: 100%; height: 12px; }
.bar .all { fill: var(--hair); } .bar .done { fill: var(--accent); }
"""


def definition(told: Coverage, lang: str) -> str:
    """Return what denominator and numerator are."""
    joint = ", " if lang == "en" else "、"
    classes = joint.join(label_of("eia_class", name, {}, lang) for name in told.classes)
    return t("coverage.definition", lang, classes=classes)


def render(
    *,
    by_month: Coverage,
    by_region: Coverage,
    missing: Sequence[Missing],
    undated: Sequence[Missing],
    names: Mapping[str, str],
    synthetic: bool,
    at: datetime,
    lang: str = "zh-CN",
) -> bytes:
    """Return the page; the same rate, moment and language give the same bytes."""
    lang = language(lang)

    def say(key: str, /, **given: object) -> str:
        return t(f"coverage.{key}", lang, **given)

    total = by_month.total
    parts: list[tuple[str, str, Child]] = [
        ("states", say("title"), _states(by_month, total, lang)),
        ("trend", say("trend"), _groups(by_month, "month", names, lang)),
        ("regions", say("by_region"), _groups(by_region, "region", names, lang)),
        ("missing", say("list"), _listed(missing, total.missing, names, lang)),
    ]
    if by_month.undated:
        parts.append(("undated", say("undated_list"), _listed(undated, by_month.undated, names, lang)))
    return document(
        tag("div", tag("p", SYNTHETIC if lang != "en" else f"Synthetic, not official · {SYNTHETIC}"), class_="banner", role="note") if synthetic else None,
        tag(
            "div",
            _masthead(by_month, names, at, lang),
            [numbered(i, key, title, body, lang) for i, (key, title, body) in enumerate(parts)],
            tag("p", say("disclaimer"), class_="faint"),
            class_="page",
        ),
        tag("footer", tag("span", say("footer"))),
        lang=lang,
        title=f"{say('title')} · {by_month.period.shown(lang)}",
        style=style(
            say("footer"), say("page", page="\0", pages="\1"), SYNTHETIC if synthetic else "", more=_CSS
        ),
        generator="sanxian",
        synthetic=synthetic,
    )  # fmt: skip


def _masthead(told: Coverage, names: Mapping[str, str], at: datetime, lang: str) -> Markup:
    def say(key: str) -> str:
        return t(f"coverage.{key}", lang)

    total = told.total
    place = label_of("region", told.region, names, lang) if told.region else say("all_regions")
    period = told.period.shown(lang)
    state = "" if total.rate is None else "full" if total.rate == 1.0 else "short"
    return tag(
        "header",
        tag("h1", say("heading")),
        tag("p", f"{period} · {place}", class_="project-name"),
        tag(
            "div",
            tag("b", percent(total.rate)),
            tag("span", f"{total.analysed:,} ÷ {total.accepted:,}" if total.accepted else say("no_projects")),
            tag("span", f"{say('missing')} {total.missing:,}"),
            class_=f"rate {state}".strip(),
        ),
        tag("p", definition(told, lang), class_="sentence"),
        fields([(say("made"), moment(at))]),
        class_="masthead",
    )


def percent(rate: float | None) -> str:
    """Return a share in per cent, cut and never rounded up to 100.

    Examples
    --------
    >>> percent(1.0), percent(0.99999), percent(0.5), percent(None)
    ('100%', '99.99%', '50.00%', '—')
    """
    if rate is None:
        return "—"
    return "100%" if rate == 1.0 else f"{int(rate * 10_000) / 100:.2f}%"


def _states(told: Coverage, total: Rate, lang: str) -> Child:
    rows = [
        (t(f"coverage.analysis.{state.value}", lang), f"{total.counts.get(state, 0):,}")
        for state in Analysis
        if state is not Analysis.UNDATED
    ]
    apart = [
        (t(f"coverage.{key}", lang), f"{getattr(told, key):,}")
        for key in ("undated", "unclassed", "withdrawn", "others")
    ]
    return [
        fields([(t("coverage.accepted", lang), f"{total.accepted:,}"), *rows], "fields wide"),
        tag("h3", t("coverage.apart", lang)),
        fields(apart, "fields wide"),
    ]


def _groups(told: Coverage, by: str, names: Mapping[str, str], lang: str) -> Markup:
    most = max((one.accepted for one in told.groups), default=0)
    columns = [
        (t("coverage.month" if by == "month" else "coverage.region", lang), ""),
        *((t(f"coverage.{key}", lang), "num") for key in ("accepted", "analysed", "missing", "rate")),
        ("", "bar"),
    ]
    rows: list[Sequence[Child]] = [
        (
            label_of(by, one.key, names, lang), f"{one.accepted:,}", f"{one.analysed:,}", f"{one.missing:,}",
            percent(one.rate), _bar(one, most),
        )
        for one in told.groups
    ]  # fmt: skip
    return table("", columns, rows)


def _bar(one: Rate, most: int) -> Markup:
    wide = 1000 * one.accepted / most if most else 0.0
    done = 1000 * one.analysed / most if most else 0.0
    return tag(
        "svg",
        tag("rect", x="0", y="0", width=f"{wide:.1f}", height="12", class_="all"),
        tag("rect", x="0", y="0", width=f"{done:.1f}", height="12", class_="done"),
        viewBox="0 0 1000 12",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _listed(rows: Sequence[Missing], count: int, names: Mapping[str, str], lang: str) -> Child:
    if not count:
        return tag("p", t("coverage.list_none", lang))
    shown = rows[:_SHOWN]
    columns = [
        (t(f"coverage.column.{name}", lang), "")
        for name in (
            "id",
            "code",
            "name",
            "proponent",
            "eia_class",
            "authority",
            "region",
            "accepted_on",
            "reason",
        )
    ]
    body: list[Sequence[Child]] = [
        (
            str(one.project.id), one.project.code, one.project.name, one.project.proponent,
            label_of("eia_class", one.project.eia_class, {}, lang), one.project.authority,
            label_of("region", one.project.region, names, lang),
            one.project.accepted_on.isoformat() if one.project.accepted_on else "",
            one.en if lang == "en" else one.zh,
        )
        for one in shown
    ]  # fmt: skip
    more = (
        tag("p", t("coverage.list_more", lang, shown=len(shown), count=count), class_="faint")
        if count > len(shown)
        else None
    )
    return [more, table("", columns, body)]

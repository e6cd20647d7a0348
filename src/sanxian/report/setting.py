"""A manuscript set as one HTML page: for reports that have no layout of their own, such as a comparison of sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sanxian.i18n import t
from sanxian.report.carrying import in_html
from sanxian.report.manuscript import (
    Block,
    Bullets,
    Cell,
    Fields,
    Figure,
    Heading,
    Manuscript,
    Paragraph,
    Run,
    Style,
    Table,
    Text,
    Verdict,
)
from sanxian.report.markup import Child, Markup, join, tag
from sanxian.report.outcomes import mark, symbols
from sanxian.report.page import document, fields, style

_CSS: Final = """
.page > h2 { margin-top: 40px; padding-top: 18px; border-top: 1px solid var(--rule); }
.manuscript table { table-layout: fixed; }
.manuscript td p { margin: 0 0 .3em; }
.manuscript td.right { text-align: right; }
.manuscript td.center { text-align: center; }
.manuscript caption { font-size: 15px; font-weight: 600; color: var(--ink); }
.manuscript .under-table { font-size: 13px; color: var(--faint); margin-top: -10px; }
.warning { border-left: 3px solid var(--facts); margin-top: 16px; padding: 4px 0 4px 14px; }
.note { font-size: 13.5px; color: var(--soft); }
td mark, p mark { background: #fbefc4; color: inherit; }
@media print { .new-page { break-before: page; } }
"""
_NAMES: Final = {Style.STRONG: "strong", Style.MARKED: "mark", Style.CODE: "code"}


def render(made: Manuscript) -> bytes:
    """Return the manuscript as UTF-8 HTML; the same manuscript gives the same bytes."""
    synthetic = bool(made.mark)
    return document(
        symbols(),
        tag("div", tag("p", made.mark), class_="banner", role="note") if synthetic else None,
        tag(
            "div",
            tag(
                "header",
                tag("p", t("report.system", made.lang), class_="system"),
                tag("h1", made.title),
                tag("p", made.subject, class_="project-name"),
                fields([(label, _text(value)) for label, value in made.identity]),
                class_="masthead",
            ),
            list(_blocks(made)),
            class_="page manuscript",
        ),
        tag("footer", tag("p", made.footer), class_="page"),
        in_html(made.record) if made.record else None,
        lang=made.lang,
        title=f"{made.subject} · {made.title}",
        style=style(made.footer, t("report.page", made.lang, page="\0", pages="\1"), made.mark, more=_CSS),
        generator=made.generator,
        synthetic=synthetic,
    )


def _blocks(made: Manuscript) -> Iterator[Markup]:
    tables = figures = 0
    for block in made.blocks:
        number = 0
        if isinstance(block, Table):
            tables += 1
            number = tables
        elif isinstance(block, Figure):
            figures += 1
            number = figures
        yield _block(block, made.lang, number)


def _block(block: Block, lang: str, number: int) -> Markup:
    if isinstance(block, Heading):
        return tag(f"h{block.level + 1}", block.text, class_="new-page" if block.new_page else None)
    if isinstance(block, Paragraph):
        return tag("p", _text(block.text), class_=None if block.kind == "body" else block.kind)
    if isinstance(block, Bullets):
        return tag("ol" if block.numbered else "ul", [tag("li", _text(item)) for item in block.items])
    if isinstance(block, Fields):
        made = fields([(label, _text(value)) for label, value in block.rows])
        return tag("div", made, class_="meta") if block.columns == 2 else made
    if isinstance(block, Verdict):
        return _verdict(block, lang)
    if isinstance(block, Table):
        return _table(block, lang, number)
    return tag(
        "figure",
        tag("div", block.svg, class_="sheet", role="img", aria_label=block.alt),
        tag("figcaption", t("summary.figure", lang, number=number, caption=block.caption)),
        class_="flat",
    )


def _text(text: Text) -> Child:
    return [_run(run) for run in text]


def _run(run: Run) -> Child:
    if run.style is Style.FAINT:
        return tag("span", run.text, class_="faint")
    name = _NAMES.get(run.style)
    return run.text if name is None else tag(name, run.text)


def _verdict(block: Verdict, lang: str) -> Markup:
    counts = [
        tag("li", tag("span", str(n), class_="n"), mark(lang, outcome), class_=None if n else "zero")
        for outcome, _, n in block.counts
    ]
    return tag(
        "section",
        tag(
            "div",
            mark(lang, block.outcome, css="verdict"),
            tag("p", block.sentence, class_="sentence"),
            class_=f"answer {block.outcome.name}",
        ),
        tag("ul", counts, class_="counts"),
        class_="conclusion",
    )


def _table(block: Table, lang: str, number: int) -> Markup:
    columns = tag(
        "colgroup", [tag("col", style=f"width: {column.share * 100:.1f}%") for column in block.columns]
    )
    head = [tag("th", column.title, scope="col") for column in block.columns]
    rows = [
        tag(
            "tr",
            [
                _cell(cell, column.title, column.align, lang)
                for cell, column in zip(row, block.columns, strict=True)
            ],
        )
        for row in block.rows
    ]
    caption = t("summary.table", lang, number=number, caption=block.caption)
    note = tag("p", _text(block.note), class_="under-table") if block.note else None
    made = tag("table", tag("caption", caption), columns, tag("thead", tag("tr", head)), tag("tbody", rows))
    return join(tag("div", made, class_="table"), note)


def _cell(cell: Cell, heading: str, align: str, lang: str) -> Markup:
    first = tag("p", mark(lang, cell.outcome)) if cell.outcome is not None else None
    texts = [_text(paragraph) for paragraph in cell.paragraphs]
    if cell.outcome is not None and cell.paragraphs:
        label = t(f"outcome.{cell.outcome.name}", lang)
        if "".join(run.text for run in cell.paragraphs[0]) == label:
            texts = texts[1:]  # the mark says it already
    return tag(
        "td",
        first,
        [tag("p", text) for text in texts],
        class_=align if align != "left" else None,
        data_label=heading,
    )

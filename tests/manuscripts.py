"""Manuscripts made by hand, for the tests of every format: a rich one, one of attacks, one of a size."""

from __future__ import annotations

import json
from dataclasses import replace

from sanxian.model import SYNTHETIC, Outcome
from sanxian.report.manuscript import (
    Block,
    Bullets,
    Cell,
    Column,
    Fields,
    Figure,
    Heading,
    Manuscript,
    Paragraph,
    Run,
    Style,
    Table,
    Verdict,
    plain,
)
from sanxian.report.markup import Markup, escape

LABELS = {
    Outcome.NON_COMPLIANT: "不符合",
    Outcome.NEEDS_FACTS: "待补充信息",
    Outcome.NEEDS_REVIEW: "需人工研判",
    Outcome.CONDITIONAL: "有条件符合",
    Outcome.COMPLIANT: "符合",
    Outcome.NOT_APPLICABLE: "不涉及",
}
DIGEST = "sha256:" + "3f9a" * 16
RECORD = json.dumps({"record": "sanxian-screening/1", "name": "示例项目"}, ensure_ascii=False).encode()

# What people and attackers put into names, facts and clauses; each must be read as text in every format.
ATTACKS = (
    '#eval("1+1") #import "x.typ": *',
    "$x^2$ *b* _i_ <label> @ref `raw` // comment /* c */",
    "\\u{41} \\* ~ -- --- ... '单' \"双\" #[x]",
    "= 标题 - 项 + 项 / 词: 义 https://example.org/",
    "<script>alert(1)</script> &amp; ]]> <!-- -->",
    "=1+1 +1 -1 @SUM(A1) |calc",
    "{{ jinja }} {% x %} %(a)s {0} \\n",
    ']) #panic() ("',
)
RARE = "𠮷田 \U0002a6d6 \U0001f600\U0001f468\u200d\U0001f469 ཨ\u0f0b \u0007 \u202e"
LONG = "超长名称" * 125
UNBROKEN = "A" * 500


def cell(*paragraphs: str, outcome: Outcome | None = None) -> Cell:
    """A cell of plain paragraphs."""
    return Cell(tuple(plain(text) for text in paragraphs), outcome)


def drawing(words: str = "园区") -> Markup:
    """A small map with shapes, a class rule and words."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 340 200" width="340" height="200">'
        "<style>.key{fill:#f3d9c8;stroke:#b5542c}.text{font-family:sans-serif;font-size:12px;fill:#333}</style>"
        '<rect x="1" y="1" width="338" height="198" fill="#fff" stroke="#999"/>'
        '<path class="key" d="M40 40L200 30L230 150L60 170Z"/>'
        '<circle cx="140" cy="100" r="8" fill="none" stroke="#1c4f63" stroke-width="2"/>'
        f'<text class="text" x="8" y="96" style="font-size:{12 if len(words) < 12 else 4}px">{escape(words)}</text>'
        "</svg>"
    )


def figure(caption: str = "项目与环境管控单元", *, words: str = "园区", landscape: bool = False) -> Figure:
    """A figure 170 mm by 100 mm."""
    return Figure(caption, f"{caption}的位置图", drawing(words), 170, 100, landscape)


def clause_table(count: int, caption: str = "逐条符合性分析") -> Table:
    """A clause table of ``count`` rows, as those of the report."""
    outcomes = list(Outcome)
    rows = []
    kept: list[Outcome | None] = []
    for i in range(count):
        outcome = outcomes[i % len(outcomes)]
        kept.append(outcome)
        rows.append(
            (
                cell(str(i + 1)),
                Cell(((Run(f"示例准入清单（2026）第{i + 1}条"), Run("　省级", Style.FAINT)),)),
                Cell(
                    (
                        (
                            Run("禁止在"),
                            Run("长江干支流岸线一公里范围内", Style.MARKED),
                            Run(f"新建、扩建化工园区和化工项目（第{i + 1}项）。"),
                        ),
                    )
                ),
                cell("行业：基础化学原料制造（C261）", "距离：1,250 m"),
                cell(LABELS[outcome], outcome=outcome),
                cell("项目属于化工项目，距干流 1,250 m，大于一公里。"),
            )
        )
    return Table(
        caption,
        (
            Column("序号", 0.07, "center"),
            Column("出处", 0.17),
            Column("管控要求", 0.3),
            Column("项目情况", 0.18),
            Column("判定", 0.12),
            Column("理由", 0.16),
        ),
        tuple(rows),
        plain("条款按公布原文照录。", Style.FAINT),
        "条款",
        tuple(kept),
    )


def rich(lang: str = "zh-CN", *, clauses: int = 24) -> Manuscript:
    """A report with every kind of block."""
    blocks: tuple[Block, ...] = (
        Verdict(
            Outcome.NON_COMPLIANT,
            "不符合",
            "项目位于生态保护红线内，有 2 条管控要求不符合，1 条待补充信息，在此选址不可行。",
            tuple(
                (outcome, LABELS[outcome], count)
                for outcome, count in zip(LABELS, (2, 1, 0, 5, 30, 22), strict=True)
            ),
        ),
        Paragraph(plain("本报告依据公布的成果逐条比对，不代替行政审批。"), "note"),
        Heading("一、项目概况"),
        Fields(
            (
                ("项目名称", plain("示例化工新建项目")),
                ("行业", (Run("基础化学原料制造 "), Run("C261", Style.CODE))),
                ("建设性质", plain("新建")),
                ("占地", plain("36.52 hm²，CO₂ 排放 1.2×10⁶ t/a，Ⅲ类水体，PM₂.₅")),
            ),
            2,
        ),
        Paragraph(
            (
                Run("项目位于"),
                Run("示例市", Style.STRONG),
                Run("，详见下图。"),
                Run("（来源：示例）", Style.FAINT),
            )
        ),
        Paragraph(plain("红线边界距用地 3.2 m，属边界敏感，应以勘界成果复核。"), "warning"),
        Heading("1.1 位置", 2),
        figure(),
        Heading("二、空间叠加结果", new_page=True),
        Table(
            "涉及的环境管控单元",
            (
                Column("编码", 0.2),
                Column("名称", 0.3),
                Column("类别", 0.2),
                Column("面积（hm²）", 0.15, "right"),
                Column("占比（%）", 0.15, "right"),
            ),
            (
                (
                    Cell(((Run("ZH63010110001", Style.CODE),),)),
                    cell("示例市优先保护单元"),
                    cell("优先保护"),
                    cell("12.30"),
                    cell("33.7"),
                ),
                (
                    Cell(((Run("ZH63010120002", Style.CODE),),)),
                    cell("示例工业园区重点管控单元"),
                    cell("重点管控"),
                    cell("24.22"),
                    cell("66.3"),
                ),
            ),
            sheet="单元",
        ),
        Bullets((plain("与红线重叠 12.30 hm²"), plain("与水源保护区不重叠"))),
        Bullets((plain("核实用地红线"), plain("补充排污口坐标")), numbered=True),
        figure("生态保护红线", words="红线", landscape=True),
        Heading("三、逐条分析"),
        clause_table(clauses),
        Heading("四、附录"),
        Heading("4.1 数据来源", 2),
        Heading("图层", 3),
        Paragraph(plain("第一行\n第二行")),
    )
    return Manuscript(
        lang=lang,
        title="生态环境分区管控符合性分析报告"
        if lang != "en"
        else "Conformity with ecological-environment zoning",
        subject="示例化工新建项目",
        identity=(
            ("编号", (Run("SX-2026-3F9A3F9A", Style.CODE),)),
            ("研判日期", plain("2026-09-01")),
            ("成果", plain("示例省生态环境分区管控成果（2026 年）")),
            ("成果摘要", (Run(DIGEST, Style.CODE),)),
        ),
        mark=SYNTHETIC,
        footer="三线 Sanxian · 示例化工新建项目",
        blocks=blocks,
        day="2026-09-01",
        generator="sanxian 0.9",
        keywords=("生态环境分区管控", "三线一单"),
        record=RECORD,
    )


def holding(*texts: str) -> Manuscript:
    """A report that holds texts of others in every place a text can stand."""
    every = tuple(plain(text) for text in texts)
    blocks: tuple[Block, ...] = (
        Verdict(
            Outcome.NEEDS_REVIEW, "需人工研判", " ".join(texts), ((Outcome.NEEDS_REVIEW, "需人工研判", 1),)
        ),
        *(Heading(text, 1) for text in texts),
        *(Heading(text, 2) for text in texts),
        *(Paragraph((Run(text, style),)) for text in texts for style in Style),
        *(Paragraph(text, "warning") for text in every),
        Bullets(every),
        Bullets(every, numbered=True),
        Fields(tuple((text, plain(text, Style.CODE)) for text in texts)),
        Fields(tuple((text, plain(text)) for text in texts), 2),
        *(figure(text, words=text) for text in texts),
        *(
            Table(
                text,
                (Column(text, 0.1), Column("b", 0.2, "right"), Column("c", 0.7)),
                (
                    (cell(text), Cell(((Run(text, Style.CODE),),)), cell(text, text)),
                    (cell(text, outcome=Outcome.COMPLIANT), cell("1"), Cell(((Run(text, Style.MARKED),),))),
                ),
                plain(text),
                text[:20],
            )
            for text in texts
        ),
    )
    return Manuscript(
        lang="zh-CN",
        title="报告",
        subject=texts[0],
        identity=tuple(("编号", text) for text in every),
        mark="",
        footer=texts[-1],
        blocks=blocks,
        day="2026-09-01",
        generator="sanxian",
        keywords=texts,
    )


def long(rows: int) -> Manuscript:
    """A report whose clause table has ``rows`` rows."""
    made = rich()
    return replace(made, blocks=(*made.blocks[:3], clause_table(rows)))

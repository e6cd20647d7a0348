"""The Word report: every word in order, real styles, plain tables, the same bytes, and nothing run."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import docx as python_docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import manuscripts
from office_files import (
    W,
    attributes,
    children,
    libreoffice,
    paragraphs,
    png,
    readable,
    squeezed,
    words,
    xml_of,
)
from sanxian.errors import NotInstalled
from sanxian.model import SYNTHETIC, Outcome
from sanxian.report import docx, packing, pdf
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
    Table,
    Verdict,
    plain,
    words_of,
)

DRAW = pdf.svg_to_png
SIGNS = dict(zip(sorted(Outcome, reverse=True), "×？◇△√－", strict=True))


@pytest.fixture(scope="module", autouse=True)
def _pictures() -> Iterator[None]:
    """Drawings become pictures of one pixel: what draws them has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sanxian.report.pdf.svg_to_png", lambda svg, *_: png(svg))
        yield


@pytest.fixture(scope="module")
def rich() -> Manuscript:
    return manuscripts.rich()


@pytest.fixture(scope="module")
def made(rich: Manuscript) -> bytes:
    return docx.render(rich)


def small(*blocks: Block, **fields: Any) -> Manuscript:
    told: dict[str, Any] = {
        "lang": "zh-CN", "title": "报告", "subject": "项目", "identity": (), "blocks": blocks,
        "day": "2026-09-01", "generator": "sanxian",
    }  # fmt: skip
    return Manuscript(**(told | fields))


# --- every word, in order --------------------------------------------------------------------------


def expected(made: Manuscript) -> list[str]:
    """What the body says, paragraph by paragraph, worked out from the manuscript by itself."""
    english = made.lang == "en"
    said = [
        made.title,
        made.subject,
        made.mark,
        *(s for label, v in made.identity for s in (label, words_of(v))),
    ]
    tables = figures = 0
    for block in made.blocks:
        match block:
            case Heading():
                said.append(block.text)
            case Paragraph():
                said.append(words_of(block.text))
            case Bullets():
                said += [words_of(item) for item in block.items]
            case Fields():
                said += [s for label, value in block.rows for s in (label, words_of(value))]
            case Verdict():
                said += [f"{SIGNS[block.outcome]}\u00a0{block.label}", block.sentence]
                said += [f"{SIGNS[outcome]}\u00a0{label}" for outcome, label, _ in block.counts]
                said += [f"{count:,}" for _, _, count in block.counts]
            case Table():
                tables += 1
                said.append(
                    f"Table {tables}  {block.caption}" if english else f"表 {tables}　{block.caption}"
                )
                said += [column.title for column in block.columns]
                for row in block.rows:
                    for cell in row:
                        lines = [words_of(line) for line in cell.paragraphs] or [""]
                        if cell.outcome is not None:
                            lines[0] = (
                                f"{SIGNS[cell.outcome]}\u00a0{lines[0]}" if lines[0] else SIGNS[cell.outcome]
                            )
                        said += lines
                said.append(words_of(block.note))
            case Figure():
                figures += 1
                said.append(
                    f"Figure {figures}  {block.caption}" if english else f"图 {figures}　{block.caption}"
                )
    return [readable(text) for text in said if text]


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_every_word_of_the_manuscript_stands_in_the_document_in_order_and_nothing_else(lang: str) -> None:
    rich = manuscripts.rich(lang)
    assert [said for _, said in paragraphs(docx.render(rich))] == expected(rich)


def test_a_reader_of_other_hands_finds_the_same(rich: Manuscript, made: bytes) -> None:
    document = python_docx.Document(io.BytesIO(made))
    read = [p.text for p in document.paragraphs] + [
        p.text
        for table in document.tables
        for row in table.rows
        for cell in row.cells
        for p in cell.paragraphs
    ]
    assert sorted(filter(None, read)) == sorted(expected(rich))


def test_paragraphs_have_the_styles_an_office_looks_for(rich: Manuscript, made: bytes) -> None:
    document = python_docx.Document(io.BytesIO(made))
    styles = [(p.style.name if p.style else "", p.text) for p in document.paragraphs if p.text]
    headings = [(f"Heading {b.level}", b.text) for b in rich.blocks if isinstance(b, Heading)]
    assert [pair for pair in styles if pair[0].startswith("Heading")] == headings
    assert styles[0] == ("Title", rich.title)
    assert [text for name, text in styles if name == "Caption"] == [
        "图 1　项目与环境管控单元", "表 1　涉及的环境管控单元", "图 2　生态保护红线", "表 2　逐条符合性分析",
    ]  # fmt: skip
    names = {name for name, _ in styles}
    assert {"List Bullet", "List Number", "Body Text", "Note", "Warning", "Verdict", "Subtitle"} <= names
    assert {table.style.name for table in document.tables if table.style} == {"Report Table"}


def test_characters_keep_their_style(made: bytes) -> None:
    root = xml_of(made, "word/document.xml")
    styled = {
        (attributes(style)["val"], words(run))
        for run in root.iter(f"{W}r")
        if (style := run.find(f"{W}rPr/{W}rStyle")) is not None
    }
    assert ("Code", "C261") in styled
    assert ("Marked", "长江干支流岸线一公里范围内") in styled
    assert ("Strong", "示例市") in styled
    assert ("OutcomeNON_COMPLIANT", "×\u00a0不符合") in styled or ("OutcomeNON_COMPLIANT", "不符合") in styled


def test_each_numbered_list_begins_with_one() -> None:
    items = (plain("甲"), plain("乙"))
    data = docx.render(small(Bullets(items, numbered=True), Bullets(items), Bullets(items, numbered=True)))
    used = [
        attributes(number)["val"]
        for p in xml_of(data, "word/document.xml").iter(f"{W}p")
        if (number := p.find(f"{W}pPr/{W}numPr/{W}numId")) is not None
    ]
    assert len(used) == 4
    assert used[0] == used[1] != used[2] == used[3]
    numbering = xml_of(data, "word/numbering.xml")
    starts = {
        attributes(num)["numId"]: num.find(f"{W}lvlOverride/{W}startOverride") is not None
        for num in numbering.iter(f"{W}num")
    }
    assert starts[used[0]]
    assert starts[used[2]]


# --- tables ---------------------------------------------------------------------------------------


def tables(data: bytes) -> list[Any]:
    return list(xml_of(data, "word/document.xml").iter(f"{W}tbl"))


def test_tables_are_plain_grids_of_equal_rows(rich: Manuscript, made: bytes) -> None:
    for table in tables(made):
        widths = [int(attributes(column)["w"]) for column in table.iter(f"{W}gridCol")]
        for row in table.iter(f"{W}tr"):
            cells = row.findall(f"{W}tc")
            assert [int(attributes(c.find(f"{W}tcPr/{W}tcW"))["w"]) for c in cells] == widths
        assert sum(widths) == round(160 * 1440 / 25.4)
        assert attributes(table.find(f"{W}tblPr/{W}tblLayout"))["type"] == "fixed"
        assert table.find(f"{W}tblPr/{W}tblBorders") is not None
    root = xml_of(made, "word/document.xml")
    found = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert found.isdisjoint(
        {"txbxContent", "vMerge", "gridSpan", "hMerge", "tblpPr", "framePr", "pict", "object"}
    )
    assert not [inner for cell in root.iter(f"{W}tc") for inner in cell.iter(f"{W}tbl")]


def test_the_head_of_a_table_is_repeated_and_short_rows_stay_whole(rich: Manuscript, made: bytes) -> None:
    headed = [table for table in tables(made) if table.find(f".//{W}tblHeader") is not None]
    assert len(headed) == len(rich.tables)
    for table, source in zip(headed, rich.tables, strict=True):
        rows = table.findall(f"{W}tr")
        assert [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows] == [True] + [False] * len(
            source.rows
        )
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        assert attributes(table.find(f"{W}tblPr/{W}tblCaption"))["val"] == source.caption


def test_a_row_taller_than_a_page_goes_on_overleaf() -> None:
    table = Table(
        "表", (Column("a", 0.2), Column("b", 0.8)), ((manuscripts.cell("1"), manuscripts.cell("条" * 3000)),)
    )
    (row,) = tables(docx.render(small(table)))[0].findall(f"{W}tr")[1:]
    assert row.find(f"{W}trPr/{W}cantSplit") is None


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    table = Table("表", (Column("a", 0.5), Column("b", 0.5)), ((manuscripts.cell("1"),),))
    with pytest.raises(ValueError, match="argument"):
        docx.render(small(table))


def test_a_table_of_no_rows_and_empty_blocks_are_borne() -> None:
    data = docx.render(
        small(
            Table("空", (Column("a", 1.0),), ()), Fields(()), Bullets(()), Paragraph(()),
            Verdict(Outcome.COMPLIANT, "符合", "好", ()),
            Table("空格", (Column("a", 1.0),), ((Cell(()),), (Cell((), Outcome.COMPLIANT),))),
            Fields((("甲", plain("1")), ("乙", plain("2")), ("丙", ())), 2),
        )
    )  # fmt: skip
    document = python_docx.Document(io.BytesIO(data))
    assert [len(row.cells) for row in document.tables[-1].rows] == [4, 4]
    assert all(
        len(cell.paragraphs) >= 1 for table in document.tables for row in table.rows for cell in row.cells
    )


# --- contents, fields, pages ----------------------------------------------------------------------


def test_the_contents_are_filled_in_and_lead_to_their_headings(rich: Manuscript, made: bytes) -> None:
    root = xml_of(made, "word/document.xml")
    (holder,) = root.iter(f"{W}sdt")
    entries = [p for p in holder.iter(f"{W}p") if p.find(f"{W}hyperlink") is not None]
    wanted = [(f"TOC{b.level}", b.text) for b in rich.blocks if isinstance(b, Heading) and b.level < 3]
    assert [(attributes(p.find(f"{W}pPr/{W}pStyle"))["val"], words(p)) for p in entries] == wanted
    marks = {
        attributes(mark)["name"]: words(p)
        for p in root.iter(f"{W}p")
        for mark in p.findall(f"{W}bookmarkStart")
    }
    for entry in entries:
        link = entry.find(f"{W}hyperlink")
        assert link is not None
        assert marks[attributes(link)["anchor"]] == words(entry)
    kinds = [attributes(mark)["fldCharType"] for mark in holder.iter(f"{W}fldChar")]
    assert kinds == ["begin", "separate", "end"]
    settings = xml_of(made, "word/settings.xml")
    assert settings.find(f"{W}updateFields") is None, "Word would ask before it shows the report"
    assert not [f for f in root.iter(f"{W}fldChar") if attributes(f).get("dirty")]


def test_the_contents_stand_behind_the_conclusion(made: bytes) -> None:
    body = xml_of(made, "word/document.xml").find(f"{W}body")
    assert body is not None
    order = [
        "contents" if element.tag == f"{W}sdt" else words(element)
        for element in body
        if element.tag == f"{W}sdt" or words(element)
    ]
    assert order.index("contents") > next(i for i, said in enumerate(order) if "选址不可行" in said)
    assert order[order.index("contents") + 1] == "一、项目概况"


def test_every_field_is_of_ours_and_closed(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as office:
        parts = [
            name for name in office.namelist() if re.match(r"word/(document|header|footer)\d*\.xml", name)
        ]
    asked = []
    for name in parts:
        root = xml_of(made, name)
        kinds = [attributes(f)["fldCharType"] for f in root.iter(f"{W}fldChar")]
        assert kinds == ["begin", "separate", "end"] * (len(kinds) // 3)
        asked += [(element.text or "").split()[0] for element in root.iter(f"{W}instrText")]
        assert not list(root.iter(f"{W}fldSimple"))
    assert sorted(asked) == ["NUMPAGES", "PAGE", "SEQ", "SEQ", "SEQ", "SEQ", "TOC"]


def test_header_and_footer_of_every_page(rich: Manuscript, made: bytes) -> None:
    document = python_docx.Document(io.BytesIO(made))
    for section in document.sections:
        assert SYNTHETIC in section.header.paragraphs[0].text
        assert rich.title in section.header.paragraphs[0].text
        assert [p.text for p in section.footer.paragraphs] == [rich.footer, "第 1 页　共 1 页"]
    plain_made = docx.render(small(Heading("一"), lang="en", title="Report"))
    section = python_docx.Document(io.BytesIO(plain_made)).sections[0]
    assert [p.text for p in section.header.paragraphs] == ["Report"]
    assert [p.text for p in section.footer.paragraphs] == ["Page 1 of 1"]


def wide(name: str) -> Figure:
    return manuscripts.figure(name, words=name, landscape=True)


def shapes(data: bytes) -> list[tuple[str, list[str]]]:
    """How each section lies, and what it says."""
    found: list[tuple[str, list[str]]] = []
    said: list[str] = []
    body = xml_of(data, "word/document.xml").find(f"{W}body")
    assert body is not None
    for element in body:
        text = words(element)
        said += [text] if text else []
        shape = element if element.tag == f"{W}sectPr" else element.find(f"{W}pPr/{W}sectPr")
        if shape is not None:
            size = attributes(shape.find(f"{W}pgSz"))
            across = int(size["w"]) > int(size["h"])
            assert (size.get("orient") == "landscape") == across
            assert len(shape.findall(f"{W}headerReference")) == len(shape.findall(f"{W}footerReference")) == 1
            found.append(("across" if across else "upright", said))
            said = []
    assert said == []
    return found


def test_a_wide_drawing_lies_on_a_page_across_with_its_heading_and_the_rest_stays_upright() -> None:
    data = docx.render(
        small(
            Paragraph(plain("前")), Heading("图件", 2), wide("甲"), wide("乙"), Heading("后", new_page=True)
        )
    )
    assert shapes(data) == [
        ("upright", ["报告", "项目", "前"]),
        ("across", ["图件", "图 1　甲", "图 2　乙"]),
        ("upright", ["后"]),
    ]
    broken = [
        words(p) or "picture"
        for p in xml_of(data, "word/document.xml").iter(f"{W}p")
        if p.find(f"{W}pPr/{W}pageBreakBefore") is not None
    ]
    assert broken == ["picture"], "only the second drawing: a section begins a page by itself"


blocks = st.sampled_from(
    (
        Heading("节"), Heading("款", 2), Heading("新", 1, new_page=True), Paragraph(plain("文")),
        Fields((("甲", plain("乙")),)), Table("表", (Column("列", 1.0),), ((manuscripts.cell("格"),),)),
        manuscripts.figure("竖"), wide("横"), Bullets((plain("项"),), numbered=True),
        Verdict(Outcome.COMPLIANT, "符合", "好", ((Outcome.COMPLIANT, "符合", 1),)),
    )
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(blocks, max_size=9))
def test_any_order_of_blocks_keeps_its_order_and_wide_drawings_lie_across(given_blocks: list[Block]) -> None:
    made = small(*given_blocks)
    data = docx.render(made)
    assert [said for _, said in paragraphs(data)] == expected(made)
    for lies, said in shapes(data):
        captions = [text for text in said if text.startswith("图")]
        assert all(("横" in text) == (lies == "across") for text in captions)
        assert all(text in ("节", "款", "新") or text in captions for text in said if lies == "across")
        assert said, "no section is empty: it would print a blank page"


def test_pictures_are_described_and_fit_the_page() -> None:
    tall = replace(manuscripts.figure("高"), width_mm=170.0, height_mm=700.0, alt="所示 <一> & 二")
    data = docx.render(small(tall, wide("横")))
    root = xml_of(data, "word/document.xml")
    boxes = [e for e in root.iter() if e.tag.endswith("}inline")]
    sizes = [next(e for e in box if e.tag.endswith("}extent")).attrib for box in boxes]
    told = [next(e for e in box if e.tag.endswith("}docPr")).attrib for box in boxes]
    assert told[0]["descr"] == "所示 <一> & 二"
    assert len({t["id"] for t in told}) == 2
    for size, (width, height), ratio in zip(
        sizes, ((160, 249), (247, 162)), (700 / 170, 100 / 170), strict=True
    ):
        assert int(size["cx"]) <= width * 36000
        assert int(size["cy"]) <= (height - 10) * 36000
        assert int(size["cy"]) / int(size["cx"]) == pytest.approx(ratio, rel=1e-4)


# --- styles, languages, properties -----------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_every_paragraph_has_a_chinese_font_that_offices_have(lang: str) -> None:
    data = docx.render(manuscripts.rich(lang))
    root = xml_of(data, "word/styles.xml")
    styles = {attributes(style)["styleId"]: style for style in root.iter(f"{W}style")}

    def fonts(name: str) -> dict[str, str]:
        style = styles[name]
        based = style.find(f"{W}basedOn")
        inherited = {} if based is None else fonts(attributes(based)["val"])
        own = style.find(f"{W}rPr/{W}rFonts")
        return inherited | ({} if own is None else attributes(own))

    used = {name for name, _ in paragraphs(data, contents=True)}
    assert used <= styles.keys()
    for name in used:
        found = fonts(name)
        assert found["eastAsia"] in ("宋体", "黑体")
        assert found["ascii"] == found["hAnsi"] in ("Times New Roman", "Arial")
    assert not [e for e in root.iter(f"{W}rFonts") if any(key.endswith("Theme") for key in attributes(e))]
    assert fonts("Heading1")["eastAsia"] == fonts("Title")["eastAsia"] == "黑体"
    assert fonts("BodyText")["eastAsia"] == fonts("TableText")["eastAsia"] == "宋体"
    language = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang")
    assert attributes(language) == {"val": "en-US", "eastAsia": "zh-CN", "bidi": "ar-SA"}
    names = [attributes(e)["val"] for e in root.iter(f"{W}name")]
    assert len(names) == len(set(names))
    character = {attributes(e)["val"] for e in xml_of(data, "word/document.xml").iter(f"{W}rStyle")}
    assert character <= styles.keys()


def test_quotation_marks_of_chinese_text_are_full_width() -> None:
    data = docx.render(small(Paragraph((Run("所谓“两高”项目"), Run(" “two high” ")))))
    runs = {
        words(run): run.find(f"{W}rPr/{W}rFonts") for run in xml_of(data, "word/document.xml").iter(f"{W}r")
    }
    chinese = runs["所谓“两高”项目"]
    assert chinese is not None
    assert attributes(chinese) == {"hint": "eastAsia"}
    assert runs[" “two high” "] is None


def test_properties_name_the_report_and_nobody_who_made_it(rich: Manuscript, made: bytes) -> None:
    properties = python_docx.Document(io.BytesIO(made)).core_properties
    assert properties.title == f"{rich.title} {rich.subject}"
    assert (properties.author, properties.last_modified_by) == ("sanxian 0.9", "")
    assert properties.comments == SYNTHETIC
    assert properties.language == "zh-CN"
    assert f"{properties.created:%Y-%m-%d}" == f"{properties.modified:%Y-%m-%d}" == "2026-09-01"
    with zipfile.ZipFile(io.BytesIO(made)) as office:
        assert not [name for name in office.namelist() if "thumbnail" in name or "Effects" in name]
        assert b"sanxian 0.9" in office.read("docProps/app.xml")
        assert b"Macintosh" not in b"".join(office.read(name) for name in office.namelist())
    assert python_docx.Document(io.BytesIO(docx.render(small(lang="en")))).core_properties.language == "en-US"


ORDER = {  # of ECMA-376, as far as we use it: Word refuses a file whose properties stand in another order
    "pPr": "pStyle keepNext keepLines pageBreakBefore numPr pBdr shd tabs spacing ind jc outlineLvl rPr sectPr",
    "rPr": "rStyle rFonts b bCs noProof color kern sz szCs u shd lang",
    "tblPr": "tblStyle tblW jc tblInd tblBorders tblLayout tblCellMar tblLook tblCaption",
    "trPr": "cantSplit tblHeader",
    "tcPr": "tcW shd vAlign",
    "tbl": "tblPr tblGrid tr",
    "sectPr": "headerReference footerReference type pgSz pgMar cols",
    "style": "name basedOn next uiPriority semiHidden qFormat pPr rPr tblPr tblStylePr",
    "settings": "zoom defaultTabStop characterSpacingControl compat themeFontLang",
    "lvl": "start numFmt lvlText lvlJc pPr rPr",
    "numbering": "abstractNum num",
    "tblBorders": "top left bottom right insideH insideV",
    "pBdr": "top left bottom right",
    "tblCellMar": "top left bottom right",
    "sdt": "sdtPr sdtContent",
}


@pytest.mark.parametrize("name", ORDER)
def test_elements_stand_in_the_order_of_the_schema(name: str, made: bytes) -> None:
    order = ORDER[name].split()
    seen = 0
    for part in ("document", "styles", "settings", "numbering", "header1", "footer1"):
        root = xml_of(made, f"word/{part}.xml")
        for names in children(root, name):
            assert set(names) <= set(order), part
            assert names == sorted(names, key=order.index), part
            seen += 1
    assert seen


# --- the same bytes, the record inside --------------------------------------------------------------


def test_the_same_manuscript_gives_the_same_bytes(rich: Manuscript, made: bytes) -> None:
    assert docx.render(manuscripts.rich()) == made
    with zipfile.ZipFile(io.BytesIO(made)) as office:
        assert {info.date_time for info in office.infolist()} == {(2026, 9, 1, 0, 0, 0)}
    other = docx.render(replace(rich, day="2027-01-02"))
    with zipfile.ZipFile(io.BytesIO(made)) as one, zipfile.ZipFile(io.BytesIO(other)) as two:
        assert one.namelist() == two.namelist()
        assert [n for n in one.namelist() if one.read(n) != two.read(n)] == ["docProps/core.xml"]


def test_the_record_is_inside_and_announced(rich: Manuscript, made: bytes) -> None:
    assert docx.record_of(made) == rich.record
    assert docx.record_of(docx.render(replace(rich, record=b""))) is None
    links = xml_of(made, "word/_rels/document.xml.rels")
    kinds = [link.attrib["Type"].rpartition("/")[2] for link in links if "customXml" in link.attrib["Target"]]
    assert kinds == ["customXml"]
    types = xml_of(made, "[Content_Types].xml")
    assert [e.attrib["PartName"] for e in types if "customXmlProperties" in e.attrib["ContentType"]] == [
        "/customXml/itemProps1.xml"
    ]


def changed(data: bytes, change: dict[str, bytes]) -> bytes:
    """An office file with parts replaced or added."""
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(clean, "w") as target:
        for name in source.namelist():
            target.writestr(name, change.get(name, source.read(name)))
        for name in change.keys() - set(source.namelist()):
            target.writestr(name, change[name])
    return clean.getvalue()


def test_a_damaged_record_is_told_from_none(made: bytes) -> None:
    item = "customXml/item1.xml"
    with zipfile.ZipFile(io.BytesIO(made)) as office:
        part = office.read(item)
    same = changed(made, {"customXml/item2.xml": part, "customXml/item3.xml": b"<other xmlns='x'/>"})
    assert docx.record_of(same) == docx.record_of(made), (
        "the same record twice is one, and others' parts are not ours"
    )
    assert docx.record_of(changed(made, {item: b"<other xmlns='urn:other'>text</other>"})) is None
    assert docx.record_of(changed(made, {item: b"no xml at all"})) is None
    other = packing.carrying(docx.render(small()), b"another", date(2026, 1, 1))
    with zipfile.ZipFile(io.BytesIO(other)) as office:
        second = office.read(item)
    size = re.search(rb'size="(\d+)"', part)
    assert size is not None
    body = part[part.index(b">", part.index(b"<record")) + 1 : part.rindex(b"<")]
    for damage in (
        part[:-20],
        part.replace(body, body[:-8]),
        part.replace(body, body[:40]),
        part.replace(body, b"!" + body),
        part.replace(size[0], b'size="1"'),
        part.replace(size[0], b'size="-1"'),
        part.replace(size[0], b'size="99999999999"'),
        part.replace(size[0], b'size="many"'),
        part.replace(b"<record", b'<!DOCTYPE x [<!ENTITY a "b">]><record'),
    ):
        assert damage != part
        with pytest.raises(ValueError):
            docx.record_of(changed(made, {item: damage}))
    with pytest.raises(ValueError, match="several"):
        docx.record_of(changed(made, {"customXml/item2.xml": second}))
    for no_zip in (b"", b"PK", made[: len(made) // 2], b"%PDF-1.7"):
        with pytest.raises(ValueError):
            docx.record_of(no_zip)


@given(st.binary(max_size=300))
def test_any_record_comes_back(record: bytes) -> None:
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as office:
        office.writestr("[Content_Types].xml", "<Types></Types>")
        office.writestr("word/_rels/document.xml.rels", "<Relationships></Relationships>")
    day = date(2026, 1, 1)
    assert packing.record_of(packing.carrying(empty.getvalue(), record, day)) == (record or None)


# --- what others wrote ------------------------------------------------------------------------------

TEXT = st.text(min_size=1, max_size=60) | st.sampled_from(
    (
        *manuscripts.ATTACKS,
        manuscripts.RARE,
        manuscripts.LONG,
        manuscripts.UNBROKEN,
        "a\r\nb\rc\td",
        "\ud800",
        "&amp;",
    )
)


def assert_only_text(made: Manuscript) -> None:
    data = docx.render(made)
    assert [said for _, said in paragraphs(data)] == expected(made)
    with zipfile.ZipFile(io.BytesIO(data)) as office:
        for name in office.namelist():
            if name.endswith((".xml", ".rels")):
                root = xml_of(data, name)
                if name.endswith(".rels"):
                    assert all(link.attrib.get("TargetMode") != "External" for link in root)
    root = xml_of(data, "word/document.xml")
    asked = {(e.text or "").split()[0] for e in root.iter(f"{W}instrText")}
    assert asked <= {"SEQ", "TOC"}
    assert {attributes(e).get("anchor", "")[:4] for e in root.iter(f"{W}hyperlink")} <= {"_Toc"}


@settings(max_examples=25)
@given(st.lists(TEXT, min_size=1, max_size=2))
def test_whatever_stands_anywhere_is_text(texts: list[str]) -> None:
    assert_only_text(manuscripts.holding(*texts))


def test_attacks_rare_characters_and_long_names_are_text() -> None:
    assert_only_text(
        manuscripts.holding(*manuscripts.ATTACKS, manuscripts.RARE, manuscripts.UNBROKEN, manuscripts.LONG)
    )


def test_characters_that_xml_cannot_hold_are_marked_and_not_dropped() -> None:
    bad = "".join(map(chr, (*range(9), 11, 12, 0x1F, 0x7F, 0x9F, 0x202E, 0x2066, 0xD800, 0xFFFE, 0xFFFF)))
    data = docx.render(small(Paragraph(plain(f"甲{bad}乙"))))
    assert [said for _, said in paragraphs(data)][-1] == "甲" + "\ufffd" * len(bad) + "乙"


def test_three_thousand_clauses_stand_in_one_table() -> None:
    data = docx.render(manuscripts.long(3000))
    assert max(len(table.findall(f"{W}tr")) for table in tables(data)) == 3001


def test_without_python_docx_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, rich: Manuscript
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(NotInstalled) as told:
        docx.render(rich)
    assert "sanxian[word]" in str(told.value)


# --- another program opens it ------------------------------------------------------------------------


def test_libreoffice_opens_it_shows_every_word_in_order_and_keeps_the_record(
    tmp_path: Path, rich: Manuscript, made: bytes
) -> None:
    import pypdf

    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / "report.docx"
    source.write_bytes(made)
    (again,) = libreoffice(tmp_path, "docx", source)
    assert docx.record_of(again.read_bytes()) == rich.record
    (pages,) = libreoffice(tmp_path, "pdf", source)
    read = pypdf.PdfReader(pages)
    text = squeezed("".join(page.extract_text() for page in read.pages))
    at = text.index("目录")  # entries of the contents say headings once more
    for said in expected(rich):
        assert squeezed(said) in text
    headings = [squeezed(block.text) for block in rich.blocks if isinstance(block, Heading)]
    places = []
    for heading in headings:
        at = text.index(heading, at + 1)
        places.append(at)
    assert places == sorted(places)
    lies = [page.mediabox.width > page.mediabox.height for page in read.pages]
    assert lies.count(True) == 1
    assert f"第{len(read.pages)}页共{len(read.pages)}页" in text
    assert text.count(squeezed("示例数据，非官方")) >= len(read.pages)


def test_a_real_drawing_becomes_a_picture_of_its_size() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sanxian.report.pdf.svg_to_png", DRAW)
        data = docx.render(small(manuscripts.figure()))
    with zipfile.ZipFile(io.BytesIO(data)) as office:
        (name,) = [name for name in office.namelist() if name.startswith("word/media/")]
        head = office.read(name)[:24]
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    assert width == pytest.approx(160 / 25.4 * 200, abs=2)
    assert height == pytest.approx(160 / 170 * 100 / 25.4 * 200, abs=2)

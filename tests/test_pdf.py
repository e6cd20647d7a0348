"""The report as PDF: what poppler, pypdf and qpdf find in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import manuscripts
from sanxian.model import SYNTHETIC, Outcome
from sanxian.report import pdf
from sanxian.report.glyphs import shown
from sanxian.report.manuscript import (
    Block,
    Bullets,
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
    words_of,
)
from sanxian.report.markup import Markup, escape
from sanxian.report.outcomes import COLOURS

TESTS = Path(__file__).resolve().parent


def tool(name: str) -> str:
    """The path of a program of poppler-utils or qpdf, which CI installs."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def text_of(data: bytes, *options: str) -> str:
    """Text of a PDF in the order of its content, as pdftotext takes it out."""
    command = [tool("pdftotext"), "-raw", "-enc", "UTF-8", *options, "-", "-"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode("utf-8")


def body_of(data: bytes) -> str:
    """Text between head and foot of the pages, which would stand within a text that goes on overleaf."""
    return text_of(data, "-r", "72", "-x", "0", "-y", "62", "-W", "900", "-H", "718")


def squeezed(text: str) -> str:
    """A text without white space, which a page sets as it needs."""
    return re.sub(r"\s+", "", text)


def texts_of(made: Manuscript) -> Iterable[str]:
    """Every text of a manuscript that has to be on its pages."""
    yield from (made.title, made.subject)
    for label, value in made.identity:
        yield from (label, words_of(value))
    for block in made.blocks:
        match block:
            case Heading(text=text):
                yield text
            case Paragraph(text=runs):
                yield words_of(runs)
            case Bullets(items=items):
                yield from map(words_of, items)
            case Fields(rows=rows):
                for label, value in rows:
                    yield from (label, words_of(value))
            case Verdict():
                yield from (block.label, block.sentence)
                for _, label, count in block.counts:
                    yield from (label, str(count))
            case Table():
                yield block.caption
                yield from (column.title for column in block.columns)
                yield from (words_of(p) for row in block.rows for cell in row for p in cell.paragraphs)
                yield words_of(block.note)
            case Figure():
                yield block.caption


def missing(made: Manuscript, data: bytes) -> list[str]:
    """Texts of a manuscript that are not on its pages."""
    found = squeezed(body_of(data))
    return [text for text in dict.fromkeys(texts_of(made)) if squeezed(shown(text)) not in found]


@pytest.fixture(scope="module")
def rich() -> tuple[Manuscript, bytes]:
    made = manuscripts.rich()
    return made, pdf.render(made)


def one(text: str, style: Style = Style.PLAIN) -> Manuscript:
    """A report of one paragraph and no mark."""
    return replace(manuscripts.rich(), mark="", blocks=(Paragraph((Run(text, style),)),), record=b"")


# --- what is on the pages -----------------------------------------------------------------------


def test_every_text_of_the_manuscript_is_on_the_pages(rich: tuple[Manuscript, bytes]) -> None:
    made, data = rich
    assert missing(replace(made, mark=""), pdf.render(replace(made, mark=""))) == []
    assert made.mark in text_of(data)


@pytest.mark.parametrize("attack", manuscripts.ATTACKS)
def test_markup_in_names_facts_and_clauses_is_text_everywhere(attack: str) -> None:
    made = manuscripts.holding(attack, "后文")
    assert missing(made, pdf.render(made)) == []


def test_rare_characters_and_long_words_are_text_everywhere() -> None:
    for text in (manuscripts.RARE, manuscripts.LONG, manuscripts.UNBROKEN):
        made = manuscripts.holding(text, "后文")
        assert missing(made, pdf.render(made)) == []


@settings(max_examples=60)
@given(
    st.text(
        st.one_of(
            st.sampled_from("#$*_`<>@=-+/\\[](){}\"'~:;,.!?|&%^ \n\tu单“”…—　"),
            st.characters(exclude_categories=()),
        ),
        max_size=60,
    ),
    st.sampled_from(Style),
)
def test_any_text_reads_as_it_was_written(text: str, style: Style) -> None:
    text = text.replace("\r", "\n")  # another way to end a line
    made = one(f"始{text}终", style)
    assert squeezed(shown(f"始{text}终")) in squeezed(body_of(pdf.render(made)))


def test_nothing_runs_off_the_page() -> None:
    """Words without a place to break stay between the margins, in every kind of block."""
    made = manuscripts.holding(manuscripts.UNBROKEN, "sha256:" + "ab12" * 40, "图")
    made = replace(made, blocks=tuple(block for block in made.blocks if not isinstance(block, Figure)))
    command = [tool("pdftotext"), "-bbox", "-", "-"]
    boxes = subprocess.run(command, input=pdf.render(made), capture_output=True, check=True).stdout.decode()
    edges = [
        tuple(map(float, m))
        for m in re.findall(r'<word xMin="([-\d.]+)" yMin="[-\d.]+" xMax="([-\d.]+)"', boxes)
    ]
    assert len(edges) > 500
    assert [edge for edge in edges if edge[0] < 56 or edge[1] > 842 - 56] == []  # 20 mm are 56.7 points
    assert [edge for edge in edges if edge[1] > 595 - 56] == []  # no page across among these


def test_superscripts_and_rare_letters_are_themselves_when_copied() -> None:
    assert "CO₂ 10⁻⁶ PM₂.₅ Ⅲ类 𠮷" in text_of(pdf.render(one("CO₂ 10⁻⁶ PM₂.₅ Ⅲ类 𠮷")))


def test_a_line_feed_begins_a_line() -> None:
    assert "第一行\n第二行" in text_of(pdf.render(one("第一行\n第二行")))
    assert "第一行\n第二行" in text_of(pdf.render(one("第一行\r\n第二行")))


def test_long_words_are_copied_without_anything_in_between() -> None:
    text = squeezed(text_of(pdf.render(one(manuscripts.UNBROKEN))))
    assert manuscripts.UNBROKEN in text


# --- pages --------------------------------------------------------------------------------------


def pages_of(data: bytes) -> list[str]:
    return text_of(data).split("\f")[:-1]


def test_every_page_is_numbered_and_bears_mark_and_footer(rich: tuple[Manuscript, bytes]) -> None:
    made, data = rich
    pages = pages_of(data)
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页共{len(pages)}页" in squeezed(page)
        assert squeezed(page).count(SYNTHETIC) >= 2, "at the head and across the page"
        assert squeezed(made.footer) in squeezed(page)
        assert number == 1 or squeezed(made.title) in squeezed(page)


def test_a_long_name_is_cut_at_the_head_and_a_long_mark_made_smaller() -> None:
    made = replace(manuscripts.rich(), subject="甲" * 300, mark=f"SYNTHETIC DATA · {SYNTHETIC}")
    for number, page in enumerate(pages_of(pdf.render(made)), start=1):
        assert squeezed(page).count(squeezed(made.mark)) == 2, "whole at the head and across the page"
        assert number == 1 or 20 < page.count("甲") < 40


def test_without_a_mark_no_page_bears_one() -> None:
    data = pdf.render(replace(manuscripts.rich(), mark=""))
    assert SYNTHETIC not in text_of(data)


def test_the_conclusion_is_on_page_one_even_if_its_section_begins_later() -> None:
    made = manuscripts.rich()
    verdict, note, *rest = made.blocks
    later = replace(made, blocks=(Heading("一、研判结论"), verdict, note, *rest))
    data = pdf.render(later)
    first = squeezed(pages_of(data)[0])
    assert isinstance(verdict, Verdict)
    assert squeezed(verdict.sentence) in first
    assert first.index(squeezed(verdict.sentence)) < first.index("目录") < first.index("一、项目概况")
    assert missing(replace(later, mark=""), pdf.render(replace(later, mark=""))) == []


def test_the_head_of_a_table_is_on_every_page_it_reaches() -> None:
    made = replace(manuscripts.long(120), mark="")
    pages = [squeezed(page) for page in pages_of(pdf.render(made))]
    reached = [page for page in pages if "新建、扩建化工园区" in page]
    assert len(reached) > 3
    assert all("管控要求项目情况" in page for page in reached)


def test_a_short_row_is_not_torn_between_two_pages_and_a_long_one_may_be() -> None:
    def torn(sentences: int) -> set[bool]:
        cells = [f"始{i}。" + "一句话十个字共计数。" * sentences + f"终{i}。" for i in range(60)]
        rows = tuple((manuscripts.cell(str(i)), manuscripts.cell(text)) for i, text in enumerate(cells))
        table = Table("表", (Column("", 0.4), Column("", 0.6)), rows)
        pages = pages_of(pdf.render(replace(manuscripts.rich(), mark="", blocks=(table,))))
        begun, ended = (
            [set(re.findall(rf"{word}(\d+)。", squeezed(page))) for page in pages] for word in "始终"
        )
        assert sum(map(len, begun)) == 60
        return {first == last for first, last in zip(begun, ended, strict=True)}

    assert set().union(*map(torn, (18, 22, 26, 30))) == {True}
    assert False in torn(120)


def test_tables_and_figures_are_numbered_in_order(rich: tuple[Manuscript, bytes]) -> None:
    found = squeezed(text_of(rich[1]))
    places = [found.index(squeezed(f"{kind} {n}{caption}")) for kind, n, caption in [
        ("图", 1, "项目与环境管控单元"), ("表", 1, "涉及的环境管控单元"), ("图", 2, "生态保护红线"), ("表", 2, "逐条符合性分析"),
    ]]  # fmt: skip
    assert places == sorted(places)


def test_a_caption_stands_on_the_page_where_its_table_begins() -> None:
    for lines in range(28, 46):
        blocks: tuple[Block, ...] = (
            *[Paragraph(plain(f"行{i}")) for i in range(lines)],
            manuscripts.clause_table(4, "题名"),
        )
        pages = pages_of(pdf.render(replace(manuscripts.rich(), mark="", blocks=blocks)))
        (page,) = [page for page in pages if "题名" in page]
        assert "新建、扩建化工园区" in squeezed(page), lines


def test_a_heading_goes_with_its_figure_to_a_page_across() -> None:
    blocks = (
        Paragraph(plain("前文")),
        Heading("横向图", 2),
        manuscripts.figure("大图", landscape=True),
        Paragraph(plain("后文")),
    )
    data = pdf.render(replace(manuscripts.rich(), mark="", blocks=blocks))
    pages = pages_of(data)
    assert ["横向图" in page for page in pages] == ["大图" in page for page in pages] == [False, True, False]
    sizes = [page.mediabox for page in pypdf.PdfReader(BytesIO(data)).pages]
    assert [size.width > size.height for size in sizes] == [False, True, False]


def test_three_thousand_clauses_are_pages_like_any_other() -> None:
    data = pdf.render(replace(manuscripts.long(3000), mark=""))
    pages = pages_of(data)
    assert 100 < len(pages) < 300
    assert [int(n) for page in pages for n in re.findall(r"第(\d+)项", page)] == list(range(1, 3001))


def test_a_cell_of_several_pages_is_set_whole() -> None:
    text = "".join(f"第{i}句。" for i in range(3000))
    table = Table(
        "长条款", (Column("", 0.2), Column("", 0.8)), ((manuscripts.cell("一"), manuscripts.cell(text)),)
    )
    made = replace(manuscripts.rich(), mark="", blocks=(table,))
    assert missing(made, pdf.render(made)) == []


def test_blocks_with_nothing_in_them_are_set() -> None:
    empty = (
        Verdict(Outcome.NOT_APPLICABLE, "", "", ()),
        Heading(""),
        Paragraph(()),
        Bullets(()),
        Fields(()),
        Table("", (Column("", 1.0),), ()),
        Table("", (Column("", 1.0),), ((manuscripts.cell(),),)),
        Table("", (), ()),
    )
    made = replace(
        manuscripts.rich(), subject="", identity=(), footer="", keywords=(), generator="", blocks=empty
    )
    assert len(pages_of(pdf.render(made))) == 1
    assert pages_of(pdf.render(replace(made, blocks=())))


# --- the file -----------------------------------------------------------------------------------


def test_the_file_says_what_it_is(rich: tuple[Manuscript, bytes]) -> None:
    made, data = rich
    reader = pypdf.PdfReader(BytesIO(data))
    info = reader.metadata
    assert info is not None
    assert made.title in str(info.title)
    assert made.subject in str(info.title)
    assert info.author == made.generator
    assert info.creation_date is not None
    assert info.creation_date.date().isoformat() == made.day
    assert info.modification_date == info.creation_date
    assert str(reader.root_object["/Lang"]) == "zh-CN"
    assert all(word in str(info["/Keywords"]) for word in made.keywords)


def test_an_english_report_is_english() -> None:
    data = pdf.render(manuscripts.rich("en"))
    assert str(pypdf.PdfReader(BytesIO(data)).root_object["/Lang"]).startswith("en")
    found = text_of(data)
    assert "Contents" in found
    assert re.search(r"Page 1 of \d+", found)
    assert "Table 1" in found
    assert "Figure 1" in found


def outline(reader: pypdf.PdfReader) -> list[tuple[int, str]]:
    """Bookmarks with their depth."""
    found: list[tuple[int, str]] = []

    def walk(items: Any, depth: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, depth + 1)
            else:
                found.append((depth, str(item.title)))

    walk(reader.outline, 1)
    return found


def test_bookmarks_are_the_headings(rich: tuple[Manuscript, bytes]) -> None:
    made, data = rich
    headings = [(block.level, block.text) for block in made.blocks if isinstance(block, Heading)]
    assert outline(pypdf.PdfReader(BytesIO(data))) == headings


@pytest.mark.parametrize("count", [3, 11, 12, 40])
def test_the_contents_name_every_section_with_its_page(count: int) -> None:
    sections = [f"第{i}部分" for i in range(count)]
    blocks = tuple(block for name in sections for block in (Heading(name), Paragraph(plain("正文" * 300))))
    data = pdf.render(replace(manuscripts.rich(), mark="", blocks=blocks))
    pages = [squeezed(page) for page in pages_of(data)]
    where = {
        name: max(i for i, page in enumerate(pages, start=1) if f"{name}正文" in page) for name in sections
    }
    contents = pages[0][pages[0].index("目录") :] + pages[1]
    found = re.findall(r"(第\d+部分)\.+(\d+?)(?=第|正)", re.sub(r"(?<=\d)正文", "正", contents))
    assert [(name, int(page)) for name, page in found] == list(where.items())


def test_the_file_is_pdf_a_2b_with_its_fonts_inside(rich: tuple[Manuscript, bytes]) -> None:
    data = rich[1]
    reader = pypdf.PdfReader(BytesIO(data))
    metadata: Any = reader.root_object["/Metadata"].get_object()
    xmp = metadata.get_data().decode("utf-8")
    assert re.search(r"pdfaid:part>2<", xmp)
    assert re.search(r"pdfaid:conformance>B<", xmp)
    fonts = (
        subprocess.run([tool("pdffonts"), "-"], input=data, capture_output=True, check=True)
        .stdout.decode()
        .splitlines()[2:]
    )
    assert len(fonts) >= 2
    assert all("SanxianSansSC" in line for line in fonts)
    assert all(re.search(r"yes yes yes\s+\d+\s+\d+$", line) for line in fonts), (
        "embedded, subset, with Unicode"
    )
    assert b"/EmbeddedFile" not in data
    assert b"/JavaScript" not in data


def test_qpdf_finds_nothing_wrong(rich: tuple[Manuscript, bytes], tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(rich[1])
    checked = subprocess.run([tool("qpdf"), "--check", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No syntax or stream encoding errors found" in checked.stdout


def test_figures_carry_their_alternative_text(rich: tuple[Manuscript, bytes]) -> None:
    made, data = rich
    alts = set(re.findall(rb"/Alt\s*<([0-9A-F]+)>", data))
    words = {bytes.fromhex(alt.decode()).decode("utf-16") for alt in alts}
    assert {figure.alt for figure in made.figures} <= words


# --- the same bytes -------------------------------------------------------------------------------

AGAIN = """
import hashlib, sys
sys.path.insert(0, {tests!r})
import manuscripts
from sanxian.report import pdf
print(hashlib.sha256(pdf.render(manuscripts.rich())).hexdigest())
print(hashlib.sha256(pdf.svg_to_png(manuscripts.drawing(), 60, 40, 120)).hexdigest())
"""


def test_the_same_manuscript_is_the_same_bytes_in_another_process(
    rich: tuple[Manuscript, bytes], tmp_path: Path
) -> None:
    """Whatever the environment says of time, language, fonts and hashes."""
    import hashlib

    environ = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": "1",
        "TYPST_FONT_PATHS": "/usr/share/fonts",
        "HOME": str(tmp_path),
    }
    script = AGAIN.format(tests=str(TESTS))
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    png = pdf.svg_to_png(manuscripts.drawing(), 60, 40, 120)
    assert ran.stdout.split() == [hashlib.sha256(rich[1]).hexdigest(), hashlib.sha256(png).hexdigest()]
    assert list(tmp_path.iterdir()) == []


def test_what_was_rendered_before_changes_nothing(rich: tuple[Manuscript, bytes]) -> None:
    for text in manuscripts.ATTACKS[:3]:
        pdf.render(one(text))
    assert pdf.render(rich[0]) == rich[1]


def test_the_bytes_depend_on_the_manuscript() -> None:
    made = one("甲")
    base = pdf.render(made)
    others = [one("乙"), replace(made, day="2026-09-02"), replace(made, mark=SYNTHETIC), replace(made, record=b"{}"),
              replace(made, generator="x"), replace(made, lang="en")]  # fmt: skip
    assert len({base, *map(pdf.render, others)}) == 1 + len(others)


def test_threads_do_not_disturb_each_other() -> None:
    from concurrent.futures import ThreadPoolExecutor

    many = [one(f"第{i}份") for i in range(12)]
    alone = [pdf.render(made) for made in many]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pdf.render, many)) == alone


# --- the record -----------------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=3000))
@settings(max_examples=40)
def test_the_record_comes_out_as_it_went_in(record: bytes) -> None:
    assert pdf.record_of(pdf.render(replace(one("甲"), record=record))) == record


def test_a_report_without_a_record_carries_none() -> None:
    assert pdf.record_of(pdf.render(one("甲"))) is None


def test_the_pages_are_the_same_with_and_without_the_record() -> None:
    bare = pdf.render(one("甲"))
    assert pdf.render(replace(one("甲"), record=b"{}")).startswith(bare)


def test_the_record_survives_being_saved_by_another_program(
    rich: tuple[Manuscript, bytes], tmp_path: Path
) -> None:
    saved = BytesIO()
    pypdf.PdfWriter(clone_from=BytesIO(rich[1])).write(saved)
    assert pdf.record_of(saved.getvalue()) == rich[0].record
    path = tmp_path / "again.pdf"
    path.write_bytes(rich[1])
    command = [tool("qpdf"), "--object-streams=generate", "--linearize", str(path), str(tmp_path / "out.pdf")]
    subprocess.run(command, check=True)
    assert pdf.record_of((tmp_path / "out.pdf").read_bytes()) == rich[0].record


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"PK\x03\x04", b"{}", b"%!PS"])
def test_what_is_no_pdf_carries_no_record(data: bytes) -> None:
    assert pdf.record_of(data) is None


@given(st.data())
@settings(max_examples=80)
def test_a_damaged_report_gives_its_record_or_none(
    rich: tuple[Manuscript, bytes], data: st.DataObject
) -> None:
    made, whole = rich
    tail = len(whole) - 900
    place = data.draw(st.integers(tail, len(whole) - 1))
    damaged = bytearray(whole)
    if data.draw(st.booleans()):
        del damaged[place:]
    else:
        damaged[place] ^= data.draw(st.integers(1, 255))
    with suppress(ValueError):
        assert pdf.record_of(bytes(damaged)) in (made.record, None)


def test_a_record_that_unpacks_to_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pdf.render(replace(one("甲"), record=b"0" * 5_000_000))
    monkeypatch.setattr(pdf, "_RECORD_MAX", 1_000_000)
    with pytest.raises(ValueError, match="longer"):
        pdf.record_of(data)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7", b"%PDF-1.7\n%%EOF\n", b"%PDF-1.7\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"]
)
def test_a_pdf_that_cannot_be_read_says_so(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        pdf.record_of(data)


def test_a_private_part_of_another_kind_is_none_of_ours() -> None:
    data = pdf.render(replace(one("甲"), record=b"abc"))
    assert pdf.record_of(data.replace(b"/Sanxian<<", b"/Sanxiao<<")) is None
    assert pdf.record_of(data.replace(b"/PieceInfo<<", b"/PieceInfx<<")) is None
    packed = zlib.compress(b"abc", 9)
    for damaged in (
        data.replace(packed, b"\x00" * len(packed)),
        data.replace(b"/Private ", b"/Privote "),
        data.replace(
            b"/Filter/FlateDecode/Length %d>>" % len(packed), b"/Filter/LZWDecode  /Length %d>>" % len(packed)
        ),
    ):
        assert damaged != data
        with pytest.raises(ValueError, match=r"\w"):
            pdf.record_of(damaged)


# --- drawings -------------------------------------------------------------------------------------


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_a_drawing_becomes_a_picture_of_the_size_asked_for() -> None:
    width, height = size_of(pdf.svg_to_png(manuscripts.drawing(), 170, 100, 150))
    assert abs(width - 170 / 25.4 * 150) <= 1
    assert abs(height - 100 / 25.4 * 150) <= 1


def test_words_of_a_drawing_are_drawn_with_the_fonts_of_the_package() -> None:
    blank = pdf.svg_to_png(manuscripts.drawing(""), 60, 40, 96)
    known, rare = (pdf.svg_to_png(manuscripts.drawing(text), 60, 40, 96) for text in ("园区", "\U0001f600"))
    assert len({blank, known, rare}) == 3
    assert rare == pdf.svg_to_png(manuscripts.drawing(shown("\U0001f600")), 60, 40, 96)


def test_a_drawing_that_asks_for_other_fonts_gets_those_of_the_package() -> None:
    svg = manuscripts.drawing("Station 园区").replace("sans-serif", "'Noto Serif CJK SC','DejaVu Sans',serif")
    data = pdf.render(replace(one("甲"), blocks=(replace(manuscripts.figure(), svg=Markup(svg)),)))
    assert set(re.findall(rb"/FontName/[A-Z]{6}\+([\w-]+)", data)) == {
        b"SanxianSansSC-Regular",
        b"SanxianSansSC-Bold",
    }


@pytest.mark.parametrize("text", [*manuscripts.ATTACKS, manuscripts.RARE])
def test_words_of_a_drawing_are_text(text: str) -> None:
    made = replace(one("甲"), blocks=(manuscripts.figure("题", words=text),))
    assert squeezed(shown(unescape(escape(text)))) in squeezed(text_of(pdf.render(made)))


def test_a_drawing_larger_than_the_page_is_made_to_fit() -> None:
    huge = Figure("题", "图", manuscripts.drawing(), 900, 1600)
    for landscape in (False, True):
        data = pdf.render(replace(one("甲"), blocks=(replace(huge, landscape=landscape),)))
        (page,) = [page for page in pages_of(data) if "图 1" in page]
        assert "园区" in page


def test_a_drawing_reads_no_file(tmp_path: Path) -> None:
    """Neither of the machine nor of the package."""
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>SECRET</text></svg>', "utf-8")
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
        f'<image xlink:href="{secret}" width="9" height="9"/><image href="OFL.txt" width="9" height="9"/></svg>'
    )
    try:
        found = text_of(pdf.render(replace(one("甲"), blocks=(Figure("题", "图", Markup(svg), 90, 90),))))
    except Exception as error:  # noqa: BLE001, a drawing of ours has no such part: to refuse it is as good
        found = str(error)
    assert "SECRET" not in found


# --- what is not installed --------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "call"), [("typst", "render"), ("pypdf", "record_of")])
def test_without_the_extra_the_error_says_what_to_install(
    module: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sanxian.errors import NotInstalled

    monkeypatch.setitem(sys.modules, module, None)
    pdf._compiler.cache_clear()
    with pytest.raises(NotInstalled, match=r"sanxian\[pdf\]"):
        pdf.render(one("甲")) if call == "render" else pdf.record_of(b"%PDF-")


def test_every_sign_has_a_shape_of_its_own() -> None:
    """Not colour alone tells outcomes apart: the drawings differ when all is grey."""
    grey = {re.sub(r"#[0-9a-f]{6}", "#777777", drawing) for drawing in pdf._signs().values()}
    assert len(grey) == len(Outcome)
    sheet = Path(pdf.__file__).with_name("page.css").read_text("utf-8")
    for colour, _ in COLOURS.values():
        assert f": {colour};" in sheet, "words and signs have one colour, on paper and on the page"

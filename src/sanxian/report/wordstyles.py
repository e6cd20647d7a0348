"""The styles of a Word report: what an office finds in the gallery of styles and can change in one place.

Fonts are those of official papers, 宋体 for text and 黑体 for headings, with Times New Roman and Arial for Latin
letters; each style names all four fonts, since Word takes a random one for Chinese where ``w:eastAsia`` is missing.
Only constants of our own stand here, never a word of a project or an edition.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sanxian.report import outcomes
from sanxian.report.markup import escape

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

SONG: Final = "宋体"
HEI: Final = "黑体"
_ROMAN: Final = "Times New Roman"
_ARIAL: Final = "Arial"
_MONO: Final = "Courier New"

INK: Final = "1D2428"
FAINT: Final = "5F6A70"
RULE: Final = "8A9499"  # lines of tables
HEAD_FILL: Final = "EEF1F2"
MARKED_FILL: Final = "D9E3E8"  # dark enough to be seen on a copy of a copy
WARNING: Final = "A3201C"

# text and ground of each outcome, as office files write colours
COLOURS: Final = {
    outcome: (text[1:].upper(), ground[1:].upper()) for outcome, (text, ground) in outcomes.COLOURS.items()
}


class _Look(NamedTuple):
    """How the characters of a style look; 0 and "" leave them as they are."""

    half_points: int = 0
    latin: str = ""
    east: str = ""
    bold: bool | None = None
    colour: str = ""
    checked: bool = True  # for spelling
    ground: str = ""

    def xml(self) -> str:
        """Return the run properties, in the order the schema wants them."""
        said = ""
        if self.latin:
            said += (
                f'<w:rFonts w:ascii="{self.latin}" w:hAnsi="{self.latin}" w:eastAsia="{self.east}" '
                f'w:cs="{self.latin}"/>'
            )
        if self.bold is not None:
            said += "<w:b/><w:bCs/>" if self.bold else '<w:b w:val="0"/><w:bCs w:val="0"/>'
        if not self.checked:
            said += "<w:noProof/>"
        if self.colour:
            said += f'<w:color w:val="{self.colour}"/>'
        if self.half_points:
            said += f'<w:sz w:val="{self.half_points}"/><w:szCs w:val="{self.half_points}"/>'
        if self.ground:
            said += f'<w:shd w:val="clear" w:color="auto" w:fill="{self.ground}"/>'
        return f"<w:rPr>{said}</w:rPr>"


def _spacing(before: int = 0, after: int = 0, line: int = 0) -> str:
    """Return the space of a paragraph in twentieths of a point; ``line`` in 240ths of a line."""
    lines = f' w:line="{line}" w:lineRule="auto"' if line else ""
    return f'<w:spacing w:before="{before}" w:after="{after}"{lines}/>'


def _paragraph(
    identity: str,
    name: str,
    look: _Look,
    layout: str = "",
    *,
    based: str = "Normal",
    after: str = "",
    default: bool = False,
    rank: int = 0,
) -> str:
    flag = ' w:default="1"' if default else ""
    return (
        f'<w:style w:type="paragraph"{flag} w:styleId="{identity}">'
        f'<w:name w:val="{name}"/>'
        + (f'<w:basedOn w:val="{based}"/>' if based and not default else "")
        + (f'<w:next w:val="{after}"/>' if after else "")
        + (f'<w:uiPriority w:val="{rank}"/>' if rank else "")
        + "<w:qFormat/>"
        + (f"<w:pPr>{layout}</w:pPr>" if layout else "")
        + look.xml()
        + "</w:style>"
    )


def _character(identity: str, name: str, look: _Look) -> str:
    return (
        f'<w:style w:type="character" w:customStyle="1" w:styleId="{identity}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="DefaultParagraphFont"/><w:qFormat/>{look.xml()}</w:style>'
    )


def borders(tag: str, *sides: str, size: int = 4, colour: str = RULE, space: int = 0) -> str:
    """Return the borders of a table or a paragraph, as wide as ``size`` eighths of a point."""
    lines = "".join(
        f'<w:{side} w:val="single" w:sz="{size}" w:space="{space}" w:color="{colour}"/>' for side in sides
    )
    return f"<w:{tag}>{lines}</w:{tag}>"


GRID: Final = borders("tblBorders", "top", "left", "bottom", "right", "insideH", "insideV")
CELL_MARGINS: Final = (
    '<w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="75" w:type="dxa"/>'
    '<w:bottom w:w="40" w:type="dxa"/><w:right w:w="75" w:type="dxa"/></w:tblCellMar>'
)


def styles_xml(lang: str) -> str:
    """Return ``styles.xml`` for a report in ``lang``: Chinese indents the first line of a paragraph, English does not."""
    chinese = lang != "en"
    latin_lang = "en-US"
    body, head = (_ROMAN, SONG), (_ARIAL, HEI)
    indent = '<w:ind w:firstLine="480" w:firstLineChars="200"/>' if chinese else ""
    aligned = '<w:jc w:val="both"/>' if chinese else ""
    keep = "<w:keepNext/><w:keepLines/>"
    headings = "".join(
        _paragraph(
            f"Heading{level}",
            f"heading {level}",
            _Look(size, *head, bold=True, colour=INK),
            f'{keep}{_spacing(before, after, 300)}<w:jc w:val="left"/><w:outlineLvl w:val="{level - 1}"/>',
            after="BodyText",
            rank=9,
        )
        for level, size, before, after in ((1, 30, 360, 160), (2, 26, 280, 120), (3, 24, 200, 100))
    )
    contents = "".join(
        _paragraph(
            f"TOC{level}",
            f"toc {level}",
            _Look(21),
            f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="9070"/></w:tabs>{_spacing(0, 60)}'
            f'<w:ind w:left="{(level - 1) * 420}"/>',
            after="Normal",
            rank=39,
        )
        for level in (1, 2, 3)
    )
    outcomes = "".join(
        _character(f"Outcome{outcome.name}", f"Outcome {outcome.name}", _Look(bold=True, colour=colour))
        for outcome, (colour, _) in COLOURS.items()
    )
    made = (
        (f'<w:styles xmlns:w="{W}"><w:docDefaults><w:rPrDefault><w:rPr>'
         f'<w:rFonts w:ascii="{_ROMAN}" w:hAnsi="{_ROMAN}" w:eastAsia="{SONG}" w:cs="{_ROMAN}"/>'
         f'<w:kern w:val="2"/><w:sz w:val="21"/><w:szCs w:val="21"/>'
         f'<w:lang w:val="{latin_lang}" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
         f"<w:pPrDefault><w:pPr>{_spacing(0, 0, 240)}</w:pPr></w:pPrDefault></w:docDefaults>"),
        _paragraph("Normal", "Normal", _Look(21, *body, colour=INK), default=True),
        ('<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
         '<w:name w:val="Default Paragraph Font"/><w:uiPriority w:val="1"/><w:semiHidden/></w:style>'),
        ('<w:style w:type="numbering" w:default="1" w:styleId="NoList"><w:name w:val="No List"/>'
         '<w:uiPriority w:val="99"/><w:semiHidden/></w:style>'),
        (f'<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
         f'<w:uiPriority w:val="99"/><w:semiHidden/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/>{CELL_MARGINS}'
         "</w:tblPr></w:style>"),
        _paragraph(
            "Title",
            "Title",
            _Look(44, *head, bold=True, colour=INK),
            f'{keep}{_spacing(120, 120, 300)}<w:jc w:val="center"/>',
            after="Subtitle",
            rank=10,
        ),
        _paragraph(
            "Subtitle",
            "Subtitle",
            _Look(28, *body, bold=True, colour=INK),
            f'{keep}{_spacing(0, 200, 300)}<w:jc w:val="center"/>',
            after="Normal",
            rank=11,
        ),
        _paragraph(
            "Mark", "Mark", _Look(24, *head, bold=True, colour=WARNING), f'{_spacing(0, 160)}<w:jc w:val="center"/>'
        ),
        headings,
        _paragraph("BodyText", "Body Text", _Look(24), f"{_spacing(0, 100, 340)}{indent}{aligned}", rank=1),
        _paragraph("Note", "Note", _Look(18, colour=FAINT), f"{_spacing(40, 120, 280)}"),
        _paragraph(
            "Warning",
            "Warning",
            _Look(21, *head, bold=True, colour=WARNING),
            borders("pBdr", "top", "left", "bottom", "right", size=8, colour=WARNING, space=4)
            + _spacing(120, 160, 300)
            + '<w:ind w:left="100" w:right="100"/>',
        ),
        _paragraph(
            "Verdict",
            "Verdict",
            _Look(36, *head, bold=True),
            f"{keep}{_spacing(200, 0, 300)}",
            after="VerdictSentence",
        ),
        _paragraph("VerdictSentence", "Verdict Sentence", _Look(24), f"{keep}{_spacing(0, 160, 340)}"),
        _paragraph("ListBullet", "List Bullet", _Look(24), f'{_numbered(1)}{_spacing(0, 60, 320)}', rank=36),
        _paragraph("ListNumber", "List Number", _Look(24), f'{_numbered(2)}{_spacing(0, 60, 320)}', rank=36),
        _paragraph(
            "Caption",
            "caption",
            _Look(21, *head, bold=False, colour=INK),
            f'<w:keepLines/>{_spacing(160, 80)}<w:jc w:val="center"/>',
            after="Normal",
            rank=35,
        ),
        _paragraph("Figure", "Figure", _Look(21), f'<w:keepNext/>{_spacing(120, 0)}<w:jc w:val="center"/>'),
        _paragraph("TableText", "Table Text", _Look(18), _spacing(0, 0, 250)),
        _paragraph(
            "TableHead",
            "Table Head",
            _Look(18, *head, bold=False, colour=INK),
            f'{_spacing(0, 0, 250)}<w:jc w:val="center"/>',
            based="TableText",
        ),
        _paragraph("TableEnd", "Table End", _Look(12), _spacing(0, 60)),
        _paragraph("TOCHeading", "TOC Heading", _Look(30, *head, bold=True),
                   f'{keep}{_spacing(320, 160)}<w:jc w:val="center"/>', rank=39),
        contents,
        _paragraph(
            "Header",
            "header",
            _Look(18, *head, bold=False, colour=FAINT),
            borders("pBdr", "bottom", space=4) + '<w:jc w:val="center"/>',
            rank=99,
        ),
        _paragraph("Footer", "footer", _Look(17, colour=FAINT), f'{_spacing(20)}<w:jc w:val="center"/>', rank=99),
        _character("Strong", "Strong", _Look(bold=True)),
        _character("Faint", "Faint", _Look(colour=FAINT)),
        _character("Marked", "Marked", _Look(ground=MARKED_FILL)),
        _character("Code", "Code", _Look(0, _MONO, SONG, checked=False)),
        _character("MarkText", "Mark Text", _Look(bold=True, colour=WARNING)),
        outcomes,
        (f'<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/><w:basedOn w:val="TableNormal"/>'
         f'<w:uiPriority w:val="39"/><w:tblPr>{GRID}</w:tblPr></w:style>'),
        (f'<w:style w:type="table" w:customStyle="1" w:styleId="ReportTable"><w:name w:val="Report Table"/>'
         f'<w:basedOn w:val="TableGrid"/><w:uiPriority w:val="40"/><w:qFormat/><w:tblPr>{GRID}{CELL_MARGINS}</w:tblPr>'
         f'<w:tblStylePr w:type="firstRow"><w:tblPr/><w:tcPr><w:shd w:val="clear" w:color="auto" '
         f'w:fill="{HEAD_FILL}"/></w:tcPr></w:tblStylePr></w:style>'),
        "</w:styles>",
    )  # fmt: skip
    return "".join(made)


def _numbered(number: int) -> str:
    return f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'


def numbering_xml(numbered_lists: int) -> str:
    """Return ``numbering.xml``: bullets (1), numbers (2), and a number that begins anew for each numbered list.

    The numbers of the lists of the report are 3, 4, … in order.
    """
    levels = (("bullet", "•"), ("decimal", "%1."))
    kinds = "".join(
        f'<w:abstractNum w:abstractNumId="{i}"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0">'
        f'<w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:tabs><w:tab w:val="num" w:pos="420"/></w:tabs><w:ind w:left="420" w:hanging="420"/></w:pPr>'
        f'<w:rPr><w:rFonts w:ascii="{_ROMAN}" w:hAnsi="{_ROMAN}" w:eastAsia="{SONG}" w:cs="{_ROMAN}"/></w:rPr>'
        f"</w:lvl></w:abstractNum>"
        for i, (kind, text) in enumerate(levels)
    )
    numbers = "".join(
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="{kind}"/>'
        + ('<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if number > 2 else "")
        + "</w:num>"
        for number, kind in ((1, 0), (2, 1), *((n, 1) for n in range(3, 3 + numbered_lists)))
    )
    return f'<w:numbering xmlns:w="{W}">{kinds}{numbers}</w:numbering>'


def settings_xml() -> str:
    """Return ``settings.xml``: of today's Word, so that no “compatibility mode” is shown; no prompt to update fields."""
    return (
        f'<w:settings xmlns:w="{W}"><w:zoom w:percent="100"/><w:defaultTabStop w:val="420"/>'
        '<w:characterSpacingControl w:val="compressPunctuation"/><w:compat><w:useFELayout/>'
        + "".join(
            f'<w:compatSetting w:name="{name}" w:uri="http://schemas.microsoft.com/office/word" w:val="{value}"/>'
            for name, value in (
                ("compatibilityMode", 15),
                ("overrideTableStyleFontSizeAndJustification", 1),
                ("enableOpenTypeFeatures", 1),
                ("doNotFlipMirrorIndents", 1),
                ("differentiateMultirowTableHeaders", 1),
            )
        )
        + '</w:compat><w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>'
    )


def app_xml(generator: str) -> bytes:
    """Return ``docProps/app.xml``, which names the program that wrote the file."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties xmlns='
        '"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
        f"<Application>{escape(generator)}</Application></Properties>"
    ).encode()

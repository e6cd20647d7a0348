"""Make the fonts of the reports: ``python tools/make_fonts.py FOLDER``.

FOLDER holds NotoSansCJK-Regular.ttc and NotoSansCJK-Bold.ttc of Noto Sans CJK 2.004 (Debian: package fonts-noto-cjk
20220127, in /usr/share/fonts/opentype/noto). The Simplified Chinese face of each is cut down to the characters a
report may need, without hints, and given a name of its own. The same files and fontTools 4.68 give the same bytes;
``covered.txt``, the characters they have, is written beside them. fontTools is not needed to run Sanxian.
"""
# ruff: noqa: INP001, S101, T201 - a script; fonts that do not hold what they should must not be written

from __future__ import annotations

import hashlib
import sys
from itertools import product
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

TARGET: Final = Path(__file__).resolve().parent.parent / "src" / "sanxian" / "report" / "fonts"
FAMILY: Final = "Sanxian Sans SC"
FACE: Final = "Noto Sans CJK SC"
SOURCES: Final = {
    "Regular": "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a",
    "Bold": "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb",
}
HANGUL: Final = (
    (0x1100, 0x11FF), (0x302E, 0x302F), (0x3130, 0x318F), (0x3200, 0x321E), (0x3260, 0x327E), (0xA960, 0xA97C),
    (0xAC00, 0xD7FB), (0xFFA0, 0xFFDC),
)  # fmt: skip
# CO₂, PM₂.₅, 10⁻⁶: the source has ¹²³⁴ only. The rest is drawn from its own figures, made as heavy as those.
RAISED: Final = dict(zip("⁰⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ", "056789+−=()n", strict=True))
LOWERED: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ", "0123456789+−=()n", strict=True))
SMALL: Final = 0.595  # height of ² over that of 2
WEIGHT: Final = {"Regular": 0.5, "Bold": 1.1}  # between the outlines of Regular (0) and Bold (1)
# Spaces narrower than a letter stand in numbers (25.25 ha); the source has none of them. Width in 1/1000 em.
BLANKS: Final = {0x2004: 333, 0x2005: 250, 0x2006: 167, 0x2007: 555, 0x2008: 278, 0x2009: 200, 0x200A: 100, 0x202F: 200,
    0x205F: 222}  # fmt: skip
HAN: Final = ((0x2E80, 0x2FDF), (0x31C0, 0x31EF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


def within(points: set[int], blocks: tuple[tuple[int, int], ...]) -> set[int]:
    """The characters that lie in these blocks."""
    return {point for point in points if any(first <= point <= last for first, last in blocks)}


def gb2312() -> set[int]:
    """The 6,763 characters and 682 signs of GB/T 2312."""
    found: set[int] = set()
    for row, cell in product(range(0xA1, 0xF8), range(0xA1, 0xFF)):
        try:
            found.add(ord(bytes((row, cell)).decode("gb2312")))
        except UnicodeDecodeError:
            continue
    assert len(found) == 6763 + 682
    return found


def wanted(points: set[int], style: str) -> set[int]:
    """Characters of one weight: all Han in Regular, those of GB/T 2312 in Bold, every letter and sign in both.

    A rare character within bold words is set in Regular, which is better than another 5 MB.
    """
    chosen = points - within(points, HANGUL)
    return chosen if style == "Regular" else (chosen - within(chosen, HAN)) | (chosen & gb2312())


def cut(source: Path, style: str) -> TTFont:
    """The Simplified Chinese face with the characters wanted."""
    numbers = range(10)
    face = next(n for n in numbers if name_of(source, n) in (f"{FACE} {style}", FACE, f"{FACE} Regular"))
    font = TTFont(source, fontNumber=face, recalcTimestamp=False)
    points = wanted(set(font.getBestCmap()), style)
    options = subset.Options(
        hinting=False,
        layout_features=["kern", "ccmp", "mark", "mkmk"],
        name_IDs=["*"],
        name_languages=[0x409],
        notdef_outline=True,
    )
    # for vertical setting, which reports have none of
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG"]
    chooser = subset.Subsetter(options)
    chooser.populate(unicodes=points)
    chooser.subset(font)
    assert set(font.getBestCmap()) == points
    rename(font, style)
    return font


def name_of(source: Path, number: int) -> str:
    """Full name of one face of a collection."""
    return str(TTFont(source, fontNumber=number, lazy=True)["name"].getDebugName(4))


def rename(font: TTFont, style: str) -> None:
    """Give the font our name; the notices of copyright and licence stay as they are."""
    names = font["name"]
    kept = {key: str(names.getDebugName(key)) for key in (0, 13, 14)}
    version = str(names.getDebugName(5)).split(";")[0]
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    given = {
        1: FAMILY,
        2: style,
        3: f"{version};{postscript}",
        4: f"{FAMILY} {style}",
        5: f"{version}; Simplified Chinese face of Noto Sans CJK, cut down for Sanxian",
        6: postscript,
    }
    names.names = []
    for key, words in sorted((kept | given).items()):
        names.setName(words, key, 3, 1, 0x409)
    outlines = font["CFF "].cff
    outlines.fontNames = [postscript]
    top = outlines.topDictIndex[0]
    top.FullName, top.FamilyName = given[4], FAMILY
    font["OS/2"].fsSelection = 0x20 if style == "Bold" else 0x40
    font["head"].macStyle = int(style == "Bold")


def outline(font: TTFont, letter: str) -> tuple[float, list[tuple[str, tuple[tuple[float, float], ...]]]]:
    """Width and strokes of one letter."""
    glyph = font.getGlyphSet()[font.getBestCmap()[ord(letter)]]
    pen = RecordingPen()
    glyph.draw(pen)
    return glyph.width, pen.value


def add_small(font: TTFont, style: str, light: TTFont, heavy: TTFont) -> None:
    """Add the small figures, raised and lowered, and the narrow spaces to a font."""
    weight = WEIGHT[style]
    for shift, letters in ((441, RAISED), (-130, LOWERED)):
        for letter, base in letters.items():
            (w0, first), (w1, second) = outline(light, base), outline(heavy, base)
            assert [stroke for stroke, _ in first] == [stroke for stroke, _ in second]
            strokes = [
                (
                    stroke,
                    [
                        (
                            round(SMALL * (x + weight * (u - x))) + 15,
                            round(SMALL * (y + weight * (v - y))) + shift,
                        )
                        for (x, y), (u, v) in zip(places, others, strict=True)
                    ],
                )
                for (stroke, places), (_, others) in zip(first, second, strict=True)
            ]
            add_glyph(font, ord(letter), round(SMALL * (w0 + weight * (w1 - w0))) + 30, strokes)
    for point, width in BLANKS.items():
        if point not in font.getBestCmap():
            add_glyph(font, point, width, [])


def add_glyph(font: TTFont, point: int, width: int, strokes: list[tuple[str, list[tuple[int, int]]]]) -> None:
    """Add one glyph, set up as the figure 0 is."""
    top = font["CFF "].cff.topDictIndex[0]
    chosen = top.FDSelect[font.getGlyphID(font.getBestCmap()[ord("0")])]
    private = top.FDArray[chosen].Private
    pen = T2CharStringPen(width - private.nominalWidthX, None)
    for stroke, places in strokes:
        getattr(pen, stroke)(*places)
    order = font.getGlyphOrder()
    names = (f"cid{number:05}" for number in range(1, 1 << 16))
    used = set(order)
    name = next(name for name in names if name not in used)
    index = top.CharStrings.charStringsIndex
    index.append(pen.getCharString(private, top.GlobalSubrs))
    top.CharStrings.charStrings[name] = len(index) - 1
    top.FDSelect.append(chosen)
    top.charset = [*order, name]
    font.setGlyphOrder(top.charset)
    font["hmtx"][name] = (width, 15 if strokes else 0)
    for table in font["cmap"].tables:
        table.cmap[point] = name


def ranges(points: set[int]) -> str:
    """Characters as lines ``4E00-4E0B``, in order."""
    lines: list[str] = []
    ordered = sorted(points)
    start = last = ordered[0]
    for point in [*ordered[1:], -1]:
        if point != last + 1:
            lines.append(f"{start:04X}" if start == last else f"{start:04X}-{last:04X}")
            start = point
        last = point
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    """Write both fonts and the table of characters."""
    fonts: dict[str, TTFont] = {}
    covered: dict[str, set[int]] = {}
    for style, expected in SOURCES.items():
        source = folder / f"NotoSansCJK-{style}.ttc"
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        assert digest == expected, f"{source.name} is of another version: {digest}"
        fonts[style] = cut(source, style)
    for style, font in fonts.items():
        add_small(font, style, fonts["Regular"], fonts["Bold"])
        covered[style] = set(font.getBestCmap())
        path = TARGET / f"SanxianSansSC-{style}.otf"
        font.save(path)
        made = hashlib.sha256(path.read_bytes()).hexdigest()
        print(
            f"{path.name}: {len(covered[style]):,} characters, {path.stat().st_size:,} bytes, sha256 {made}"
        )
    assert covered["Bold"] <= covered["Regular"]
    (TARGET / "covered.txt").write_text(ranges(covered["Regular"]), "ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

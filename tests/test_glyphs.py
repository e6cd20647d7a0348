"""The fonts in the package: what they cover, their licence, and what stands for the characters they lack."""

from __future__ import annotations

import hashlib
import io
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from sanxian.report.glyphs import FONTS, covered, numbers, pieces, shown

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sanxian"
STYLES = ("Regular", "Bold")


@pytest.fixture(scope="module", params=STYLES)
def font(request: pytest.FixtureRequest) -> tuple[str, Any]:
    return request.param, TTFont(io.BytesIO((FONTS / f"SanxianSansSC-{request.param}.otf").read_bytes()))


def test_the_table_of_characters_is_that_of_the_fonts(font: tuple[str, Any]) -> None:
    style, made = font
    held = {chr(point) for point in made.getBestCmap()}
    if style == "Regular":
        assert held - {"\u00ad"} == covered()
    else:
        assert held - {"\u00ad"} < covered()


def test_bold_has_every_character_of_gb2312(font: tuple[str, Any]) -> None:
    held = font[1].getBestCmap()
    words = b"".join(bytes((row, cell)) for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF))
    assert [c for c in words.decode("gb2312", "ignore") if ord(c) not in held] == []


def test_every_glyph_but_a_space_has_an_outline(font: tuple[str, Any]) -> None:
    """A character that is in the table of the font and draws nothing would be lost without a trace."""
    from fontTools.pens.boundsPen import BoundsPen

    glyphs, cmap = font[1].getGlyphSet(), font[1].getBestCmap()
    for character in "青海Ⅲ类αΩ₀₁₂₃₄₅₆₇₈₉⁰⁵⁶⁷⁸⁹⁺⁻₊₋ⁿ²³㎡℃≥≤①〔〕□■▲":
        if ord(character) in cmap:
            pen = BoundsPen(glyphs)
            glyphs[cmap[ord(character)]].draw(pen)
            assert pen.bounds is not None, character


def test_small_figures_stand_below_and_above_the_line(font: tuple[str, Any]) -> None:
    from fontTools.pens.boundsPen import BoundsPen

    glyphs, cmap = font[1].getGlyphSet(), font[1].getBestCmap()
    for low, high, plain in zip("₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True):
        boxes = []
        for character in (low, high, plain):
            pen = BoundsPen(glyphs)
            glyphs[cmap[ord(character)]].draw(pen)
            assert pen.bounds is not None
            boxes.append(pen.bounds)
        assert boxes[0][1] < 0 < boxes[0][3] < boxes[2][3] < boxes[1][3]
        assert boxes[1][1] > 400


def test_the_fonts_carry_a_name_of_their_own_and_their_notices(font: tuple[str, Any]) -> None:
    style, made = font
    names = {key: str(made["name"].getDebugName(key)) for key in (0, 1, 2, 4, 6, 13, 14)}
    assert names[1] == "Sanxian Sans SC"
    assert names[2] == style
    assert "Adobe" in names[0]
    assert "SIL Open Font License" in names[13]
    reserved = re.findall(r"Reserved Font Name '(\w+)'", names[0])
    assert not any(word in f"{names[1]}{names[4]}{names[6]}" for word in (*reserved, "Noto", "Source"))
    assert made["OS/2"].fsType == 0, "may be embedded"
    assert made["OS/2"].usWeightClass == {"Regular": 400, "Bold": 700}[style]


def test_the_fonts_are_those_that_the_readme_describes() -> None:
    text = (FONTS / "README.md").read_text("utf-8")
    for style in STYLES:
        data = (FONTS / f"SanxianSansSC-{style}.otf").read_bytes()
        assert hashlib.sha256(data).hexdigest() in text
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 10_000_000
    licence = (FONTS / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_every_word_of_ours_can_be_shown() -> None:
    """No text of the program and no name of the demonstration falls back to a number."""
    held = covered() | set("\n\t")
    lacking = {}
    for path in [*PACKAGE.glob("locale/*.toml"), *PACKAGE.rglob("data/**/*.toml"), *PACKAGE.rglob("data/**/*.yaml"),
                 *PACKAGE.rglob("data/**/*.csv")]:  # fmt: skip
        text = path.read_text("utf-8")
        if path.suffix == ".toml":
            tomllib.loads(text)
        if lost := set(text) - held:
            lacking[path.name] = sorted(lost)
    assert lacking == {}


ANY = st.text(st.characters(exclude_categories=()), max_size=80)


@given(ANY)
def test_what_is_shown_has_a_glyph_and_says_every_character(text: str) -> None:
    made = shown(text)
    assert set(made) <= covered() | set("\n\t")
    back = re.sub(
        r"〔(U\+[0-9A-F]{4,6}(?: U\+[0-9A-F]{4,6})*)〕",
        lambda m: "".join(chr(int(n.removeprefix("U+"), base=16)) for n in m[1].split(" ")),
        made,
    )
    assert back == text or "〔U+" in text


@given(ANY)
def test_pieces_put_together_are_the_text(text: str) -> None:
    made = list(pieces(text))
    assert "".join(piece for _, piece in made) == shown(text)
    kept = "".join(piece for known, piece in made if known)
    assert kept == "".join(c for c in text if c in covered() or c in "\n\t")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x00", "〔U+0000〕"),
        ("a\u202eb", "a〔U+202E〕b"),
        ("😀😀", "〔U+1F600 U+1F600〕"),
        ("\ud800", "〔U+D800〕"),
        ("[]^-\\", "[]^-\\"),
        ("\u00ad", "〔U+00AD〕"),
        ("𠮷㐂", "𠮷㐂"),
    ],
)
def test_characters_without_a_glyph_are_shown_by_number(text: str, said: str) -> None:
    assert shown(text) == said
    assert numbers("\x1b") == "〔U+001B〕"

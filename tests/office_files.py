"""Reading Word and Excel files without the libraries that write them; a stand-in for the drawing of pictures."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import pytest

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FONTS = Path(__file__).resolve().parent.parent / "src" / "sanxian" / "report" / "fonts"

# What no format can hold, written out again so that a wrong table in the code does not prove itself.
UNFIT = {
    *range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A),
    *range(0xD800, 0xE000), 0xFFFE, 0xFFFF,
}  # fmt: skip


def readable(text: str) -> str:
    """A text as a reader finds it: what XML cannot hold is marked, line ends are one kind."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if ord(character) in UNFIT else character for character in lines)


def png(seed: str) -> bytes:
    """A picture of one pixel, of a colour that depends on ``seed``."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    colour = struct.pack(">I", zlib.crc32(seed.encode("utf-8", "replace")))[:3]
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\x00" + colour))
        + chunk(b"IEND", b"")
    )


def xml_of(data: bytes, name: str) -> Element:
    """One part of an office file."""
    with zipfile.ZipFile(io.BytesIO(data)) as office:
        root: Element = defusedxml.ElementTree.fromstring(office.read(name))
    return root


def words(element: Element) -> str:
    """The characters of a paragraph, fields as they show."""
    said = []
    for node in element.iter():
        if node.tag == f"{W}t":
            said.append(node.text or "")
        elif node.tag == f"{W}br":
            said.append("\n")
        elif node.tag == f"{W}tab" and "val" not in {key.rpartition("}")[2] for key in node.attrib}:
            said.append("\t")
    return "".join(said)


def paragraphs(data: bytes, *, contents: bool = False) -> list[tuple[str, str]]:
    """Style and characters of each paragraph of a Word file that says something, in reading order."""
    root = xml_of(data, "word/document.xml")
    aside = set() if contents else {p for sdt in root.iter(f"{W}sdt") for p in sdt.iter(f"{W}p")}
    found = []
    for paragraph in root.iter(f"{W}p"):
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        said = words(paragraph)
        if said and paragraph not in aside:
            found.append(("" if style is None else style.attrib[f"{W}val"], said))
    return found


def libreoffice(folder: Path, to: str, *files: Path) -> list[Path]:
    """Convert files with LibreOffice, the fonts of the package the only ones; fails on any word of complaint."""
    program = shutil.which("soffice")
    if program is None or not list(Path("/usr/lib/libreoffice/program").glob("libswlo.so")):
        pytest.skip("LibreOffice Writer is not installed")
    config = folder / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{FONTS}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>", "utf-8"
    )
    ran = subprocess.run(
        [program, f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", to,
         "--outdir", str(folder / "out"), *map(str, files)],
        capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "FONTCONFIG_FILE": str(config), "SAL_USE_VCLPLUGIN": "svp"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    # that no Java is found concerns no file
    said = [line for line in (ran.stderr + ran.stdout).splitlines() if "javaldx" not in line]
    assert not [line for line in said if re.search("error|warn", line, re.IGNORECASE)], said
    return [folder / "out" / f"{file.stem}.{to}" for file in files]


def squeezed(text: str) -> str:
    """A text without white space, which lines and hyphens of a page add and take away."""
    return re.sub(r"\s+", "", text)


def children(root: Element, name: str) -> Iterator[list[str]]:
    """Local names of what stands in each element called ``name``."""
    for element in root.iter(f"{W}{name}"):
        yield [child.tag.rpartition("}")[2] for child in element]


def attributes(element: Any) -> dict[str, str]:
    """Attributes of an element, without their namespace."""
    return {key.rpartition("}")[2]: value for key, value in element.attrib.items()}

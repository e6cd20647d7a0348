"""The attribute table of a shapefile: which encoding it is in, and its text columns.

Read here and not by GDAL, which takes a table without .cpg and with LDID 0 for Latin-1 without a
word, while pyogrio fails on a name or value that was cut in the middle of a character, as every
UTF-8 shapefile with a field called 项目名称 has it.
"""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..errors import FootprintEncoding

# Language driver ids that name a code page. 0x57 is "the ANSI code page of the computer": it names none.
_LDID: Final = {0x4D: "gbk", 0x7A: "gbk", 0x4F: "big5", 0x78: "big5", 0x03: "cp1252"}
_CPG: Final = {"936": "gb18030", "ansi 936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "950": "big5"}
DELETED: Final = b"*"


@dataclass(frozen=True, slots=True)
class Table:
    """Text columns of a dBASE table, row by row with the shapes."""

    columns: dict[str, list[str]]
    deleted: list[bool]  # rows marked as deleted; their shapes are still in the .shp


def read_dbf(dbf: bytes, cpg: str, encoding: str | None, source: str) -> Table:
    """Return the text columns of ``dbf``.

    The encoding told is binding; else the first that decodes every text: .cpg, LDID, UTF-8, GB18030.
    A damaged table gives the rows that are whole in it.
    """
    if len(dbf) < 32:
        return Table({}, [])
    count, header, width = struct.unpack_from("<IHH", dbf, 4)
    fields = [dbf[at : at + 32] for at in range(32, min(header, len(dbf)) - 31, 32)]
    ends = np.cumsum([1, *(field[16] for field in fields)]).tolist()  # a record begins with its deletion mark
    spans = [
        (field[:11].split(b"\0")[0], ends[n], ends[n + 1])
        for n, field in enumerate(fields)
        if field[11:12] == b"C"
    ]
    whole = min(count, max(len(dbf) - header, 0) // max(width, 1))  # a damaged count may be four billion
    starts = [header + width * n for n in range(whole)]
    texts = [[dbf[at + a : at + b].rstrip(b" \0") for at in starts] for _, a, b in spans]
    name = _encoding([name for name, _, _ in spans], texts, dbf[29], cpg, encoding, source)
    return Table(
        columns={
            _decode(raw, name): [_decode(t, name) for t in texts[n]] for n, (raw, _, _) in enumerate(spans)
        },
        deleted=[dbf[at : at + 1] == DELETED for at in starts],
    )


def _encoding(
    names: list[bytes], texts: list[list[bytes]], ldid: int, cpg: str, told: str | None, source: str
) -> str:
    cells = [cell for cells in (names, *texts) for cell in cells if not cell.isascii()]
    cpg = cpg.strip().lower()
    stated = [name for name in (_CPG.get(cpg, cpg), _LDID.get(ldid)) if name]
    tried = [told] if told else [*stated, "utf-8", "gb18030"]
    for encoding in tried:
        try:
            for cell in cells:
                _decode(cell, encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding
    raise FootprintEncoding(source=source, tried=" / ".join(tried))


def _decode(cell: bytes, encoding: str) -> str:
    """Return ``cell`` as text; a character cut off at its end is left out."""
    return codecs.getincrementaldecoder(encoding)().decode(cell).strip()

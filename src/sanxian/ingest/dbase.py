"""The attribute table of a shapefile, read in pieces: every column as text, in the encoding it is really in.

``geometry.dbf`` reads the table of a footprint whole and its text columns only; a layer of a province has
millions of rows, and its codes and areas are often numbers. GDAL is not asked: it takes a table that does not
state its encoding for Latin-1, and fails on names cut in the middle of a character.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sanxian.errors import FootprintEncoding

_LDID: Final = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5", 0x03: "cp1252"}
_CPG: Final = {
    "936": "gb18030",
    "ansi 936": "gb18030",
    "cp936": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "950": "big5",
}
_PIECE: Final = 1 << 22  # bytes looked at in one go
_DELETED: Final = 0x2A


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name as stored, and where it stands in a record."""

    raw: bytes
    kind: str
    start: int
    end: int


class AttributeTable:
    """A dBASE table on disk."""

    def __init__(self, path: Path, cpg: str, told: str, source: str) -> None:
        self._path = path
        with path.open("rb") as file:
            head = file.read(32)
            if len(head) < 32:
                self.columns: tuple[Column, ...] = ()
                self.count, self._begin, self._width, self.encoding = 0, 0, 1, "utf-8"
                return
            count, self._begin, self._width = struct.unpack_from("<IHH", head, 4)
            fields = file.read(max(self._begin - 33, 0))
        size = path.stat().st_size
        self._width = max(self._width, 1)
        self.count = min(
            count, max(size - self._begin, 0) // self._width
        )  # a damaged count may be four billion
        columns, at = [], 1  # a record begins with its deletion mark
        for n in range(0, len(fields) - 31, 32):
            one = fields[n : n + 32]
            if one[0] == 0x0D:
                break
            columns.append(Column(one[:11].split(b"\0")[0], chr(one[11]), at, at + one[16]))
            at += one[16]
        self.columns = tuple(columns)
        self.encoding = self._encoding(head[29], cpg.strip().lower(), told, source)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; a character cut off at the end is left out."""
        return tuple(_decoded(column.raw, self.encoding) for column in self.columns)

    def rows(self, start: int, count: int) -> tuple[list[list[str]], list[bool]]:
        """Return the columns of some records as text, and which of the records are deleted."""
        with self._path.open("rb") as file:
            file.seek(self._begin + start * self._width)
            data = file.read(count * self._width)
        records = [data[n : n + self._width] for n in range(0, len(data) - self._width + 1, self._width)]
        columns = [
            [_value(record[c.start : c.end], c.kind, self.encoding) for record in records]
            for c in self.columns
        ]
        return columns, [record[0] == _DELETED for record in records]

    def _encoding(self, ldid: int, cpg: str, told: str, source: str) -> str:
        """Return the first encoding that reads every text: the one told, stated, UTF-8, GB18030."""
        stated = [name for name in (_CPG.get(cpg, cpg), _LDID.get(ldid, "")) if name]
        tried = [told] if told else [*stated, "utf-8", "gb18030"]
        for encoding in tried:
            try:
                "a".encode(encoding)  # refuses what is no encoding of text, such as zlib
                for cell in self._texts():
                    _decoded(cell, encoding)
            except (UnicodeError, LookupError):
                continue
            return encoding
        raise FootprintEncoding(source=source, tried=" / ".join(tried))

    def _texts(self) -> Iterator[bytes]:
        """Yield every name and text cell that is not plain ASCII."""
        yield from (c.raw for c in self.columns if not c.raw.isascii())
        texts = [c for c in self.columns if c.kind == "C"]
        step = max(_PIECE // self._width, 1)
        with self._path.open("rb") as file:
            for start in range(0, self.count, step):
                file.seek(self._begin + start * self._width)
                data = file.read(min(step, self.count - start) * self._width)
                if data.isascii():
                    continue
                for n in range(0, len(data), self._width):
                    for c in texts:
                        cell = data[n + c.start : n + c.end]
                        if not cell.isascii():
                            yield cell.rstrip(b" \0")


def _decoded(cell: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(cell)


def _value(cell: bytes, kind: str, encoding: str) -> str:
    text = (
        _decoded(cell.rstrip(b" \0"), encoding)
        if kind == "C"
        else cell.decode("ascii", "replace").strip("\0 ")
    )
    if kind == "D" and len(text) == 8 and text.isdigit():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if kind in ("N", "F"):
        return "" if text.strip("*") == "" else text
    return text

"""Succession tables: which codes took the place of which, as a CSV that people fill in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sanxian import output
from sanxian.errors import BadSuccession
from sanxian.model import Change
from sanxian.publish.reading import UnreadableFile, read_small

_HEADS: Final = {
    "item": ("item", "old", "编码", "原编码"),
    "successors": ("successors", "new", "接续编码", "新编码"),
    "reason": ("reason", "原因", "理由"),
}
_BETWEEN: Final = re.compile(r"[、,，;；\s]+")
_LARGEST: Final = 50_000_000  # bytes; a row a code


def read_succession(path: Path) -> tuple[Change, ...]:
    """Return the succession entries of a CSV: old code, the codes that took over, the reason.

    The header is ``item,successors,reason`` or 编码、接续编码、原因; further columns are left alone. ``item`` is
    "layer/code"; several successors are separated by 、 or a space; none means that the place is given up.

    Raises
    ------
    BadSuccession
        No such file, another header, a row without a code, text in no known encoding.
    """
    try:
        content = read_small(path, _LARGEST)
    except UnreadableFile as error:
        raise BadSuccession(source=path.name, reason=error.reason) from error
    rows = list(csv.reader(io.StringIO(_text(content, path), newline="")))
    if not rows:
        raise _bad(path, "文件是空的", "the file is empty")
    header = [cell.strip().lower() for cell in rows[0]]
    at = {key: next((header.index(n) for n in names if n in header), None) for key, names in _HEADS.items()}
    if absent := [key for key, column in at.items() if column is None]:
        seen = ",".join(header)[:80]
        raise _bad(
            path,
            f"表头缺少 {'、'.join(absent)}（读到：{seen}）",
            f"no column {', '.join(absent)} in “{seen}”",
        )
    entries = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        item, successors, reason = (
            row[column].strip() if column is not None and column < len(row) else "" for column in at.values()
        )
        if not item:
            raise _bad(path, f"第 {number} 行没有编码", f"row {number} names no code")
        codes = tuple(dict.fromkeys(code for code in _BETWEEN.split(successors) if code))
        entries.append(Change(item=item, kind="succeeded", reason=reason, successors=codes))
    return tuple(entries)


def _text(content: bytes, path: Path) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _bad(path, "不是 UTF-8 或 GB18030 编码的文本", "no text in UTF-8 or GB18030")


def _bad(path: Path, zh: str, en: str) -> BadSuccession:
    return BadSuccession(source=path.name, reason={"zh": zh, "en": en})


def write_succession(changes: Iterable[Change], path: Path, *, remarks: Sequence[str] = ()) -> None:
    """Write succession entries as a CSV to fill in and read again; ``remarks`` stand in a column of their own."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("item", "successors", "reason", "remark"))
    for number, change in enumerate(changes):
        remark = remarks[number] if number < len(remarks) else ""
        table.writerow((change.item, "、".join(change.successors), change.reason, remark))
    output.write(path, text.getvalue().encode("utf-8-sig"))

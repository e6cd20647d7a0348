"""What people hand in to be read as rules: files of clauses or lists in tables, and each clause with its machine form."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sanxian.clauses.files import encode, read_clauses
from sanxian.clauses.grammar import parse
from sanxian.clauses.lists import ListReading, read_list
from sanxian.errors import ClauseFile
from sanxian.i18n import t
from sanxian.model import ReviewState

TABLES: Final = (
    ".xlsx",
    ".xlsm",
    ".docx",
    ".csv",
    ".tsv",
    ".txt",
)  # lists of provinces; others are clause files
_HEAD: Final = 1 << 16  # bytes that tell how a file is encoded
# A line break or a tab left unescaped in a text is no reason to lose the id; NaN is no JSON, but a word.
_DECODER: Final = json.JSONDecoder(strict=False, parse_constant=str)


def clause_lines(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a JSON Lines file: one for every line that is not empty, whatever it holds.

    A line that is no clause comes back with what could be read of it, so that counting in equals counting
    out: text that is not text as its JSON, a broken line as the text of a clause called ``line N``. Files in
    UTF-16 (with byte order mark) and GB18030 are read as what they are.

    Raises
    ------
    ClauseFile
        The file cannot be opened.
    """
    source = Path(path)
    try:
        with io.BufferedReader(source.open("rb", buffering=0), _HEAD) as content:
            encoding = _encoding(content.peek(_HEAD))
            lines = io.TextIOWrapper(content, encoding, errors="replace", newline="\n")
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _entry(number, line.strip("\r\n"))
    except OSError as error:
        raise refused(source, "unreadable", error=error.strerror or type(error).__name__) from error


def refused(source: Path, key: str, /, **fields: object) -> ClauseFile:
    """Return the error for a file that cannot be opened or decoded, by its key in ``locale/review``."""
    zh, en = (t(f"review.file.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return ClauseFile(source=source.name, where={"zh": "", "en": ""}, reason={"zh": zh, "en": en})


def _encoding(head: bytes) -> str:
    """Return the encoding of a file by how it begins; a file that is mostly UTF-8 is UTF-8 with faults."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    text = head.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    if 2 * faults <= sum(character > "\x7f" for character in text):
        return "utf-8-sig"
    try:
        codecs.getincrementaldecoder("gb18030")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "utf-8-sig"
    return "gb18030"


def _entry(number: int, line: str) -> dict[str, Any]:
    broken = {"id": f"line {number}", "text": line}
    try:
        found = _DECODER.decode(line)
        if not isinstance(found, dict):
            return broken
        name, text = found.get("id"), found.get("text")
        if not isinstance(text, str):
            text = "" if text is None else json.dumps(text, ensure_ascii=False)
        name = "" if name is None else str(name)
        entry = {**found, "id": name if name.strip() else broken["id"], "text": text}
        encode(entry)  # what cannot be written again (1e999, a thousand brackets) is no JSON either
    except (ValueError, RecursionError):
        return broken
    return entry


def clause_rows(path: str | Path, **options: Any) -> tuple[list[dict[str, Any]], ListReading | None]:
    """Return the clauses of a file; for a list in tables also how it was read.

    Parameters
    ----------
    path : path
        A clause file (``files``) or a list in tables (``lists``), told by the suffix.
    **options
        Level, scope and document of a list that does not state them (:func:`lists.read_list`).
    """
    if Path(path).suffix.lower() in TABLES:
        reading = read_list(path, **options)
        return [dict(row) for row in reading.rows], reading
    return read_clauses(path), None


def with_rules(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the machine form of its text; rules that a person has reviewed are kept."""
    rules = row.get("rules")
    if isinstance(rules, list) and any(map(_reviewed, rules)):
        return dict(row)
    reading = parse(str(row["text"]))
    return {
        **row,
        "rules": [dict(rule) for rule in reading.rules],
        "reading": {
            "confidence": reading.confidence,
            "doubts": list(reading.doubts),
            "residue": [list(span) for span in reading.residue],
        },
    }


def _reviewed(rule: object) -> bool:
    """Whether a person has decided about a rule, whatever stands in its place."""
    review = rule.get("review") if isinstance(rule, Mapping) else None
    state = review.get("state") if isinstance(review, Mapping) else None
    return state in (ReviewState.REVIEWED, ReviewState.REJECTED)

"""What people hand in to be read as rules: files of clauses or lists in tables, and each clause with its machine form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sanxian.clauses.files import read_clauses
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


def clause_lines(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a JSON Lines file: one for every line that is not empty, whatever it holds.

    A line that is no clause comes back with what could be read of it, so that counting in equals counting
    out: text that is not text as its JSON, a broken line as the text of a clause called ``line N``.

    Raises
    ------
    ClauseFile
        The file cannot be opened.
    """
    source = Path(path)
    try:
        with source.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _entry(number, line.strip("\r\n"))
    except OSError as error:
        raise unreadable(source, error.strerror or type(error).__name__) from error


def unreadable(source: Path, why: str) -> ClauseFile:
    """Return the error for a file that cannot be opened."""
    zh, en = (t("review.file.unreadable", lang, error=why) for lang in ("zh-CN", "en"))
    return ClauseFile(source=source.name, where={"zh": "", "en": ""}, reason={"zh": zh, "en": en})


def _entry(number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": f"line {number}", "text": line}
    if not isinstance(found, dict):
        return {"id": f"line {number}", "text": line}
    text = found.get("text")
    name = found.get("id")
    if not isinstance(text, str):
        text = "" if text is None else json.dumps(text, ensure_ascii=False)
    return {**found, "id": str(name) if name not in (None, "") else f"line {number}", "text": text}


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
    reviewed = any(
        (rule.get("review") or {}).get("state") in (ReviewState.REVIEWED, ReviewState.REJECTED)
        for rule in row.get("rules") or ()
    )
    if reviewed:
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

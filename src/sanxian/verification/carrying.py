"""The record inside a file, whatever the file is. What it is is read from its content, never from its name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Final

from sanxian.errors import RecordInvalid, RecordMissing
from sanxian.i18n import t

BYTES_MAX: Final = 500_000_000  # of a file; a report is a hundredth of it
_PDF_HEAD: Final = 1024  # bytes in which the mark of a PDF may stand
_PARTS: Final = (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"))


def carried(content: bytes, source: str) -> bytes:
    """Return the record that a report carries, or that a file is.

    Parameters
    ----------
    content : bytes
        A PDF, Word, Excel or HTML report, or a JSON record.
    source : str
        What errors call it.

    Returns
    -------
    bytes
        The record as it stands there; :func:`sanxian.screening.from_json` says whether it is sound.

    Raises
    ------
    RecordMissing
        The file carries none, or is of no kind that could.
    RecordInvalid
        The file is damaged, or larger than any report is.
    NotInstalled
        What reads such a file is not there.
    """
    if len(content) > BYTES_MAX:
        raise RecordInvalid(source=source, reason=_both("too_large", limit=BYTES_MAX // 1_000_000))
    kind = kind_of(content)
    if kind == "json":
        return content
    if not kind:
        raise RecordMissing(source=source, reason=_both("no_kind"))
    try:
        found = _taker(kind)(content)
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError, RecursionError) as error:
        said = " ".join(f"{type(error).__name__} {error}".split())[:160]
        raise RecordInvalid(source=source, reason=_both("damaged", said=said)) from None
    if found is None:
        raise RecordMissing(source=source, reason=_both("carries_none"))
    return found


def kind_of(content: bytes) -> str:
    """Return ``pdf``, ``docx``, ``xlsx``, ``html`` or ``json``; "" for anything else."""
    if b"%PDF-" in content[:_PDF_HEAD]:
        return "pdf"
    if content.startswith(b"PK"):
        return _office(content)
    begin = content[:_PDF_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    return "html" if begin.startswith(b"<") else "json" if begin.startswith(b"{") else ""


def _office(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return "docx"  # its reader says what is wrong with it
    return next((kind for part, kind in _PARTS if part in names), "")


def _taker(kind: str) -> Callable[[bytes], bytes | None]:
    if kind == "pdf":
        from sanxian.report import pdf

        return pdf.record_of
    if kind == "docx":
        from sanxian.report import docx

        return docx.record_of
    if kind == "xlsx":
        from sanxian.report import workbook

        return workbook.record_of
    from sanxian.report import carrying

    return carrying.record_of


def _both(key: str, **said: object) -> dict[str, str]:
    return {lang[:2]: t(f"verification.{key}", lang, **said) for lang in ("zh-CN", "en")}

"""Time and codes: what is in force on a date, and what a unit code says."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from sanxian.edition.content import Edition
from sanxian.model import Clause, Document, UnitClass, in_force


class LapseKind(enum.StrEnum):
    """Why a clause is not in force."""

    NOT_YET = "not_yet"
    ENDED = "ended"
    DOCUMENT_NOT_YET = "document_not_yet"
    DOCUMENT_ENDED = "document_ended"
    DOCUMENT_SUPERSEDED = "document_superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """A clause is not in force: why, since or until when, and what took its place."""

    kind: LapseKind
    on: date  # first day in force when not yet, else last day in force
    successor: Document | None  # the document in force that took its place, when the edition names one
    zh: str
    en: str


def clause_in_force(clause: Clause, edition: Edition, as_of: date) -> Lapse | None:
    """Return ``None`` when ``clause`` is in force on ``as_of``, else why it is not.

    Its own dates and those of its document both count. A document without a last day ends the day before
    the document that supersedes it begins.
    """
    if clause.valid_from is not None and as_of < clause.valid_from:
        return _lapse(LapseKind.NOT_YET, clause.valid_from, None, "")
    document = edition.documents.get(clause.document)
    successor = None if document is None else _successor(document, edition, as_of)
    if clause.valid_to is not None and as_of > clause.valid_to:
        return _lapse(LapseKind.ENDED, clause.valid_to, successor, "")
    if document is None:
        return None
    if document.valid_from is not None and as_of < document.valid_from:
        return _lapse(LapseKind.DOCUMENT_NOT_YET, document.valid_from, None, document.title)
    if document.valid_to is not None:
        if as_of > document.valid_to:
            return _lapse(LapseKind.DOCUMENT_ENDED, document.valid_to, successor, document.title)
    elif successor is not None and successor.valid_from is not None:
        return _lapse(LapseKind.DOCUMENT_SUPERSEDED, successor.valid_from, successor, document.title)
    return None


def _successor(document: Document, edition: Edition, as_of: date) -> Document | None:
    """Return the document in force at the end of the chain of succession."""
    seen = {document.id}
    found = None
    while document.superseded_by not in seen and document.superseded_by in edition.documents:
        document = edition.documents[document.superseded_by]
        seen.add(document.id)
        if in_force(document.valid_from, document.valid_to, as_of):
            found = document
    return found


_LAPSES: Final = {
    LapseKind.NOT_YET: ("条款自 {on} 起施行，研判日期尚未施行", "the clause is in force from {on}"),
    LapseKind.ENDED: ("条款有效至 {on}，研判日期已失效", "the clause was in force until {on}"),
    LapseKind.DOCUMENT_NOT_YET: (
        "出处《{title}》自 {on} 起施行，研判日期尚未施行",
        "its document “{title}” is in force from {on}",
    ),
    LapseKind.DOCUMENT_ENDED: (
        "出处《{title}》有效至 {on}，研判日期已失效",
        "its document “{title}” was in force until {on}",
    ),
    LapseKind.DOCUMENT_SUPERSEDED: (
        "出处《{title}》自 {on} 起被代替",
        "its document “{title}” was replaced from {on}",
    ),
}


def _lapse(kind: LapseKind, on: date, successor: Document | None, title: str) -> Lapse:
    zh, en = (text.format(on=on, title=title) for text in _LAPSES[kind])
    if successor is not None:
        name = " ".join(filter(None, (successor.title, successor.number)))
        zh, en = f"{zh}；现行文件：《{name}》", f"{en}; in force now: “{name}”"
    return Lapse(kind=kind, on=on, successor=successor, zh=f"{zh}。", en=f"{en[0].upper()}{en[1:]}.")


UNIT_CODE: Final = re.compile(r"ZH(\d{6})([123])\d{4}", re.ASCII)
CLASS_DIGIT: Final = {"1": UnitClass.PRIORITY, "2": UnitClass.KEY, "3": UnitClass.GENERAL}


def county_of_unit(code: str) -> str | None:
    """Return the county digits of a control-unit code; ``None`` when it has another form (sea units).

    The digits may be out of date after an administrative change; use the layers to find where a unit lies.

    Examples
    --------
    >>> county_of_unit("ZH63010220003"), county_of_unit("HY320000001")
    ('630102', None)
    """
    match = UNIT_CODE.fullmatch(code)
    return match[1] if match else None

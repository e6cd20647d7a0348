"""Publication: whether a draft may be published, and the edition it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from shapely.errors import ShapelyError

from sanxian.catalog import lapsed_clauses
from sanxian.edition import Draft, Edition, normalise
from sanxian.errors import EditionInvalid, PublishBlocked, PublishTerms
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Change, EditionInfo, Notice
from sanxian.publish.changes import Difference, change_table, declared, differences, unfounded
from sanxian.publish.permanence import ACCOUNTED, SAME_PLACE, CodeFault, code_faults
from sanxian.publish.quality_gate import Examination, Obstacle, examine
from sanxian.publish.triggers import Trigger, find_trigger, triggers

_SHOWN: Final = 5  # obstacles an error names; all of them are in its field ``obstacles``


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under what name, from when, and why a draft is published."""

    title: str
    valid_from: date
    reason: str
    trigger: str  # key or title of a trigger
    id: str = ""  # "" = the draft's
    valid_to: date | None = None  # last day in force; None = until superseded
    published: date | None = None
    publisher: str = ""  # "" = the draft's


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A draft that may be published, as the edition it becomes; nothing is written yet."""

    edition: Edition  # in canonical form
    trigger: Trigger
    reason: str
    differences: tuple[Difference, ...]  # from the edition before; none for a first one
    previous: EditionInfo | None
    quality: Examination
    notices: tuple[Notice, ...] = ()


def prepare(
    draft: Draft,
    terms: Terms,
    *,
    previous: Edition | None = None,
    earlier: Sequence[Edition] = (),
    succession: Sequence[Change] = (),
    known: Mapping[str, Trigger] | None = None,
    same_place: float = SAME_PLACE,
    accounted: float = ACCOUNTED,
) -> Publication:
    """Check a draft against the gate and against the codes of the editions before; return what it becomes.

    Parameters
    ----------
    draft : Draft
    terms : Terms
    previous : Edition, optional
        The edition it supersedes; none for a first one.
    earlier : sequence of Edition
        Editions before that, newest first.
    succession : sequence of Change
        Succession entries beside those in the draft's change table.
    known : mapping of Trigger, optional
        The triggers there are; by default the table that is shipped.
    same_place, accounted : float
        See :mod:`sanxian.publish.permanence`.

    Raises
    ------
    PublishTerms, UnknownTrigger
        The terms contradict themselves, the draft or the editions before.
    PublishBlocked
        Checks fail or codes are not permanent; its field ``obstacles`` has all of them, ``faults`` the breaches.
    EditionInvalid
        The draft cannot be stored at all.
    """
    trigger = find_trigger(terms.trigger, triggers() if known is None else known)
    info, notices = _identity(draft, terms, trigger, previous, earlier)
    # with the identity it will have: a draft may have none yet
    draft = replace(draft, edition=replace(draft.edition, info=info))
    quality = examine(draft, terms.valid_from)
    stated = declared([*draft.edition.changes, *succession], previous)
    faults: tuple[CodeFault, ...] = ()
    if previous is not None:
        try:
            faults = code_faults(
                normalise(draft.edition),
                previous,
                earlier,
                succession=stated.succession,
                same_place=same_place,
                accounted=accounted,
            )
        except (EditionInvalid, ShapelyError):
            if not quality.obstacles:  # else the gate has said why places cannot be compared
                raise
    elif stated.succession:
        notices.append(_notice("PUBLISH_SUCCESSION_UNUSED", count=len(stated.succession)))
        stated = replace(stated, succession=())
    if quality.obstacles or faults:
        raise _blocked(draft, quality.obstacles, faults)

    bare = normalise(replace(draft.edition, info=info, changes=()))
    found = () if previous is None else differences(previous, bare)
    if stated.stale:
        notices.append(_notice("PUBLISH_CHANGES_OLD", count=len(stated.stale)))
    idle = unfounded(found, stated) if previous is not None else ()
    if idle:
        notices.append(_notice("PUBLISH_CHANGES_UNFOUNDED", items="、".join(idle[:8]), count=len(idle)))
    if previous is not None and not found:
        notices.append(_notice("PUBLISH_NO_CHANGE"))
    changes = change_table(
        found, stated, reason=terms.reason.strip(), trigger=trigger.key, first=previous is None
    )
    edition = normalise(replace(bare, changes=changes))
    if lapsed := lapsed_clauses(edition, terms.valid_from):
        names = "、".join(clause.id for clause, _ in lapsed[:8])
        notices.append(_notice("PUBLISH_LAPSED", count=len(lapsed), items=names))
    return Publication(
        edition=edition,
        trigger=trigger,
        reason=terms.reason.strip(),
        differences=found,
        previous=None if previous is None else previous.info,
        quality=quality,
        notices=tuple(notices),
    )


def _identity(
    draft: Draft, terms: Terms, trigger: Trigger, previous: Edition | None, earlier: Sequence[Edition]
) -> tuple[EditionInfo, list[Notice]]:
    """Return the identity of the edition to be; raise when terms, draft and history do not fit together."""
    own = draft.edition.info
    notices: list[Notice] = []
    name = (terms.id or own.id).strip()
    for given, key in ((terms.title, "no_title"), (terms.reason, "no_reason"), (name, "no_id")):
        if not given.strip():
            raise _wrong(key)
    if terms.valid_to is not None and terms.valid_to < terms.valid_from:
        raise _wrong("dates", first=terms.valid_from, last=terms.valid_to)
    if terms.published is not None and terms.published > terms.valid_from:
        notices.append(_notice("PUBLISH_BACKDATED", published=terms.published, valid_from=terms.valid_from))
    if previous is None:
        if trigger.kind != "first":
            notices.append(_notice("PUBLISH_NO_HISTORY"))
    else:
        before = previous.info
        if trigger.kind == "first":
            raise _wrong("not_first", trigger=trigger.key, title=before.title)
        if before.region != own.region:
            raise _wrong("region", own=own.region, other=before.region)
        if terms.valid_from <= before.valid_from:
            raise _wrong("too_early", first=terms.valid_from, other=before.valid_from, title=before.title)
        for edition in (previous, *earlier):
            if edition.info.id == name:
                raise _wrong("id_taken", id=name, title=edition.info.title)
        if own.synthetic and not before.synthetic:
            raise _wrong("synthetic", title=before.title)
        if before.valid_to is not None and before.valid_to + timedelta(days=1) < terms.valid_from:
            first, last = before.valid_to + timedelta(days=1), terms.valid_from - timedelta(days=1)
            notices.append(_notice("PUBLISH_HOLE", first=first, last=last))
    source = own.source
    if own.synthetic and SYNTHETIC not in source:
        source = f"{SYNTHETIC}；{source}" if source else SYNTHETIC
    return (
        replace(
            own,
            id=name,
            title=terms.title.strip(),
            valid_from=terms.valid_from,
            valid_to=terms.valid_to,
            published=terms.published,
            publisher=terms.publisher.strip() or own.publisher,
            source=source,
            supersedes="" if previous is None else previous.info.digest,
            digest="",
        ),
        notices,
    )


def _blocked(draft: Draft, found: Sequence[Obstacle], faults: Sequence[CodeFault]) -> PublishBlocked:
    obstacles = [*found, *(Obstacle(code=f.code, item=f.item, zh=f.zh, en=f.en) for f in faults)]
    shown = obstacles[:_SHOWN]
    more = "…" if len(obstacles) > _SHOWN else ""
    return PublishBlocked(
        draft=draft.edition.info.title if draft.origin is None else draft.origin.name,
        count=len(obstacles),
        reason={
            "zh": "；".join(f"{o.item} {o.zh}" for o in shown) + more,
            "en": "; ".join(f"{o.item} {o.en}" for o in shown) + more,
        },
        obstacles=tuple(obstacles),
        faults=tuple(faults),
    )


def _wrong(key: str, **fields: object) -> PublishTerms:
    zh, en = (t(f"publish.terms.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return PublishTerms(reason={"zh": zh, "en": en})


def _notice(code: str, **fields: object) -> Notice:
    zh, en = (t(f"publish.notices.{code}", lang, **fields) for lang in ("zh-CN", "en"))
    return Notice(code=code, zh=zh, en=en)

"""Screening a recorded project again: under its own edition, to the byte, and under the one in force on a day."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from sanxian.catalog import Catalog
from sanxian.edition import Edition
from sanxian.errors import SanxianError
from sanxian.model import EditionInfo
from sanxian.recheck import Compared, answer_of, compare
from sanxian.screening import ENGINE_VERSION, Screening, screen, to_json


class State(enum.StrEnum):
    """Whether the answer of a record came out again."""

    HOLDS = "holds"  # the same bytes, but for the version of the program
    DIFFERS = "differs"
    NO_EDITION = "edition_not_found"  # its edition is not at hand: nothing was screened


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """The recorded project, screened again."""

    edition: EditionInfo | None  # None: no edition is in force
    as_of: date
    answer: Screening | SanxianError  # what came out, or why nothing did
    compared: Compared | None  # how the answer differs from the recorded one; None = not at all
    other: tuple[str, ...] = ()  # parts of the record that differ where the answer does not

    @property
    def same(self) -> bool:
        """Whether the answer is the recorded one; that it was found on another date does not count."""
        return self.compared is None and isinstance(self.answer, Screening)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of a record."""

    state: State
    record: Screening
    digest: str  # of the record
    engine_version: str  # of this program
    own: Rerun | None  # under the edition and on the date of the record; None: that edition is not at hand
    now: Rerun | None  # under the edition in force on another day; None: not asked

    @property
    def other_engine(self) -> bool:
        """Whether the record was made by another version of the program."""
        return self.record.engine_version != self.engine_version


class Editions(Protocol):
    """Where editions come from."""

    def by_digest(self, digest: str) -> Edition | None:
        """Return the edition with this digest; ``None`` when it is not at hand."""

    def in_force(self, region: str, day: date) -> Edition:
        """Return the edition in force for a region on a day; raises :class:`EditionError` when none answers."""


@dataclass(frozen=True, slots=True)
class InCatalog:
    """The editions of a folder."""

    catalog: Catalog

    def by_digest(self, digest: str) -> Edition | None:
        """Return the edition of the folder with this digest."""
        found = next((entry for entry in self.catalog.distinct if entry.info.digest == digest), None)
        return None if found is None else found.open()

    def in_force(self, region: str, day: date) -> Edition:
        """Return the edition of the folder in force for a region on a day."""
        return self.catalog.in_force(region, day).open()


@dataclass(frozen=True, slots=True)
class OneEdition:
    """A single edition: it is its own, and the one in force while it lasts."""

    edition: Edition

    def by_digest(self, digest: str) -> Edition | None:
        """Return the edition when it has this digest."""
        return self.edition if self.edition.info.digest == digest else None

    def in_force(self, region: str, day: date) -> Edition:  # noqa: ARG002, whatever the region: there is no other
        """Return the edition; raises when it is not in force on ``day``."""
        self.edition.in_force(day)
        return self.edition


def verify(record: Screening, editions: Editions, as_of: date | None = None) -> Verification:
    """Return whether a recorded answer comes out again, and whether it is still the answer.

    Parameters
    ----------
    record : Screening
        As :func:`sanxian.screening.from_json` read it.
    editions : Editions
        Where its own edition and the one in force are looked for.
    as_of : date, optional
        The day whose edition in force is asked next; ``None`` asks no other.

    Raises
    ------
    EditionError
        The record's own edition is at hand but damaged.
    """
    own = editions.by_digest(record.edition.digest) if record.edition.digest else None
    rerun = None if own is None else _again(record, own, record.as_of, whole=True)
    if rerun is None:
        state = State.NO_EDITION
    else:
        state = State.HOLDS if rerun.same and not rerun.other else State.DIFFERS
    return Verification(
        state=state,
        record=record,
        digest=str(json.loads(to_json(record))["digest"]),
        engine_version=ENGINE_VERSION,
        own=rerun,
        now=None if as_of is None else _now(record, editions, as_of, own),
    )


def _again(record: Screening, edition: Edition, as_of: date, *, whole: bool = False) -> Rerun:
    answer: Screening | SanxianError
    other: tuple[str, ...] = ()
    try:
        answer = screen(record.project, edition, as_of, count_drafts=record.count_drafts)
    except SanxianError as error:
        answer = error
    compared = compare(answer_of(record), answer_of(answer))
    if whole and isinstance(answer, Screening):
        other = _differing(record, replace(answer, engine_version=record.engine_version))
    return Rerun(edition=edition.info, as_of=as_of, answer=answer, compared=compared, other=other)


def _differing(one: Screening, two: Screening) -> tuple[str, ...]:
    """Return the parts of two records that are not the same to the byte; not their digests, which follow."""
    before, after = to_json(one), to_json(two)
    if before == after:
        return ()
    old, new = json.loads(before), json.loads(after)
    return tuple(sorted(key for key in old if key != "digest" and _text(old[key]) != _text(new[key])))


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _now(record: Screening, editions: Editions, as_of: date, own: Edition | None) -> Rerun:
    try:
        edition = editions.in_force(record.edition.region, as_of)
    except SanxianError as error:
        return Rerun(
            edition=None, as_of=as_of, answer=error, compared=compare(answer_of(record), answer_of(error))
        )
    if own is not None and edition.info.digest == own.info.digest:
        edition = own  # opened once is enough
    return _again(record, edition, as_of)

"""Rights: what a role may do. Data, read by every route; the permission matrix of the tests is made from it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from sanxian.registry.accounts import Role


class Right(enum.StrEnum):
    """One thing somebody may be allowed to do."""

    LOOK = "look"  # editions, layers, clauses, tiles
    SCREEN = "screen"  # screen a project without keeping it
    PROJECT_READ = "project.read"  # of the own region; a consultant: own projects
    PROJECT_WRITE = "project.write"  # enter, amend, screen again, attach
    INTAKE = "intake"  # take in a ledger
    DECIDE = "decide"  # a decision beside the machine's findings
    COVERAGE = "coverage"  # 符合性分析率
    RECHECK = "recheck"  # start one, see and settle changes
    JOB = "job"  # batches: start, see, cancel one's own
    EDITION_MANAGE = "edition.manage"  # add, withdraw
    PERSON_MANAGE = "person.manage"
    AUDIT = "audit"
    OPERATE = "operate"  # backup, metrics, every job


_PUBLIC: Final = frozenset((Right.LOOK, Right.SCREEN))
_STAFF: Final = _PUBLIC | {Right.PROJECT_READ, Right.JOB, Right.COVERAGE}
_APPROVER: Final = _STAFF | {Right.PROJECT_WRITE, Right.INTAKE, Right.DECIDE}
_MANAGER: Final = _APPROVER | {Right.RECHECK, Right.EDITION_MANAGE}

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.PUBLIC: _PUBLIC,
    Role.CONSULTANT: _PUBLIC | {Right.PROJECT_READ, Right.PROJECT_WRITE, Right.JOB},
    Role.APPROVER: _APPROVER,
    Role.INSPECTOR: _STAFF,
    Role.ZONING_MANAGER: _MANAGER,
    Role.ADMINISTRATOR: frozenset(Right),
}

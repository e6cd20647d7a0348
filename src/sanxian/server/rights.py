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

# What concerns the whole deployment and not the rows of a region: nobody bound to a region has it.
WHOLE: Final = frozenset((Right.INTAKE, Right.EDITION_MANAGE, Right.AUDIT, Right.OPERATE))


def rights_of(role: Role, region: str = "") -> frozenset[Right]:
    """Return what somebody of a role may do, bound to a region or (``""``) not."""
    return RIGHTS[role] - WHOLE if region else RIGHTS[role]


LABELS: Final[Mapping[Right, tuple[str, str]]] = {
    Right.LOOK: ("查看成果", "look at editions"),
    Right.SCREEN: ("研判", "screen"),
    Right.PROJECT_READ: ("查看项目", "see projects"),
    Right.PROJECT_WRITE: ("登记和修改项目", "enter and amend projects"),
    Right.INTAKE: ("导入台账", "take in ledgers"),
    Right.DECIDE: ("作出人工决定", "decide"),
    Right.COVERAGE: ("查看符合性分析率", "see the analysis rate"),
    Right.RECHECK: ("复核", "re-check"),
    Right.JOB: ("批量任务", "run jobs"),
    Right.EDITION_MANAGE: ("管理成果", "manage editions"),
    Right.PERSON_MANAGE: ("管理人员", "manage people"),
    Right.AUDIT: ("查看审计日志", "read the audit log"),
    Right.OPERATE: ("运维", "operate"),
}
ROLES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.PUBLIC: ("公众", "public"),
    Role.CONSULTANT: ("环评单位", "consultant"),
    Role.APPROVER: ("审批人员", "approver"),
    Role.INSPECTOR: ("督察执法人员", "inspector"),
    Role.ZONING_MANAGER: ("分区管控管理人员", "zoning manager"),
    Role.ADMINISTRATOR: ("系统管理员", "administrator"),
}

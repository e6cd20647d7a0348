"""People, their roles, sessions and tokens."""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """What somebody is to the registry."""

    PUBLIC = "public"  # 公众: nobody logged in
    CONSULTANT = "consultant"  # 环评单位
    APPROVER = "approver"  # 审批人员
    INSPECTOR = "inspector"  # 督察执法人员
    ZONING_MANAGER = "zoning_manager"  # 分区管控管理人员
    ADMINISTRATOR = "administrator"  # 系统管理员

"""docs/reference/rights.md, made from the tables of rights and of routes. ``python tests/rights_document.py`` writes it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sanxian.registry.accounts import Role
from sanxian.server.rights import LABELS, RIGHTS, ROLES, WHOLE, Right

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "reference" / "rights.md"
TABLE = ROOT / "tests" / "data" / "permissions.toml"

HEAD = """# 角色与权限 / Roles and rights

由 `tests/rights_document.py` 生成，勿手改；每条接口 × 每种角色 × 本辖区与外辖区都有测试（`tests/test_access_matrix.py`）。
Generated, not edited by hand. Every route × every role × own and other region is tested.

## 谁能做什么 / Who may do what

"""
ROWS = """
¹ 事关整个系统，辖区为全部的人才有；限于某个行政区的人没有。 Concerns the whole deployment: only for those of every region.

公众能否研判由设置 `public_screening` 决定。 Whether the public may screen is a setting, `public_screening`.

## 看得到哪些行 / Which rows

- 每个人有一个辖区（省、市、县的行政区划代码）；只看得到、改得了辖区及其以下的项目、研判、决定、附件、人员。辖区为空即全部。
  Everybody has a region: a province, city or county. They see and change projects, screenings, decisions, attachments and people of it and below; empty means every region.
- 环评单位只看得到自己登记的项目，不论在哪里。 A consultant sees the projects they entered, wherever these are, and no others.
- 还没有行政区的项目（位置不详）只有辖区为全部的人看得到。 Projects without a region yet are seen only by those of every region.
- 任务只属于发起者；有 `operate` 的看得到全部。 A job belongs to whoever started it; `operate` sees all.
- 辖区以外的一行等于不存在：回答 404，与没有这一行无法区分；不能把项目或人员登记到、改到辖区以外（403）。
  A row outside does not exist: the answer is 404, the same as when there is none. Nothing can be entered in or moved to a region outside (403).

## 令牌 / Tokens

令牌只有发放时选定的权限，且不超过本人角色此刻的权限：角色降低，令牌随之降低。令牌不能登录、改密码、看登录、发令牌。
A token has the rights chosen when it was issued and never more than its owner's role has now. It cannot log in, change a password, see logins or issue tokens.

## 每条接口 / Every route

`anyone` 不问是谁；`self` 登录者本人；`settled` 同上，且已改掉一次性密码；`secret` 有链接者；`machine` 本机或有 `operate` 者。
`anyone`: nothing is asked; `self`: whoever is logged in; `settled`: the same, with a password of their own; `secret`: whoever has the link; `machine`: this machine, or `operate`.
“行”一栏：该接口只对看得到的这种行有效。 Column “row”: only for rows of this kind that the caller sees.

"""


def needed() -> dict[str, dict[str, Any]]:
    """What each route needs, by method and path."""
    table = tomllib.loads(TABLE.read_text("utf-8"))["routes"]
    return {route: {"right": said} if isinstance(said, str) else said for route, said in table.items()}


def document() -> str:
    """The document as it has to be."""
    roles = list(Role)
    lines = [
        "| 权限 / right | " + " | ".join(f"{ROLES[role][0]}<br>`{role.value}`" for role in roles) + " |",
        "|---|" + "---|" * len(roles),
    ]
    for right in Right:
        mark = "✓¹" if right in WHOLE else "✓"
        cells = [mark if right in RIGHTS[role] else "" for role in roles]
        lines.append(
            f"| `{right.value}` {LABELS[right][0]} / {LABELS[right][1]} | " + " | ".join(cells) + " |"
        )
    routes = ["| 接口 / route | 权限 / right | 行 / row |", "|---|---|---|"]
    for route, said in needed().items():
        if not route.startswith("HEAD "):
            routes.append(f"| `{route}` | `{said['right']}` | {said.get('row', '')} |")
    return HEAD + "\n".join(lines) + "\n" + ROWS + "\n".join(routes) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")

"""What the registry knows of a project besides its document, checked; and who may see which rows."""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

from sanxian import data
from sanxian.catalog import short_code
from sanxian.errors import BadRegistration


class EiaClass(enum.StrEnum):
    """环评类别, by 建设项目环境影响评价分类管理名录."""

    REPORT = "report"  # 报告书
    FORM = "form"  # 报告表
    REGISTRATION = "registration"  # 登记表
    EXEMPT = "exempt"  # 豁免


class AuthorityLevel(enum.StrEnum):
    """Level of the approving authority."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class Status(enum.StrEnum):
    """Where the approval stands."""

    ACCEPTED = "accepted"  # 受理
    APPROVED = "approved"  # 批准
    REFUSED = "refused"  # 不予批准
    WITHDRAWN = "withdrawn"  # 撤回


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """受理登记: code, class, authority, place and dates of a project."""

    code: str = ""  # 项目代码; "" = the document's id
    eia_class: str = ""  # EiaClass; "" = not stated
    authority: str = ""  # 审批机关 as written
    authority_level: str = ""  # AuthorityLevel; "" = not stated
    region: str = ""  # GB/T 2260, as the ledger says; the county of the place goes before it
    accepted_on: date | None = None
    decided_on: date | None = None
    status: str = Status.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which projects somebody may see: those of a region, and of an owner. Every reading function asks for one."""

    region: str = ""  # GB/T 2260, a prefix; "" = every region
    owner: int | None = None  # person.id; None = whoever entered them


EVERYTHING: Final = Scope()
_LENGTHS: Final = {"code": 100, "authority": 200}
_ENUMS: Final[dict[str, type[enum.StrEnum]]] = {
    "eia_class": EiaClass,
    "authority_level": AuthorityLevel,
    "status": Status,
}


def checked(given: Registration) -> Registration:
    """Return a registration as it is kept: trimmed, the region without trailing zeros, at most a county.

    Raises
    ------
    BadRegistration
        A word, a code or a date cannot be what it says; all of it at once.
    """
    wrong: list[tuple[str, str]] = []
    made: dict[str, object] = {}
    for field in fields(Registration):
        name, value = field.name, getattr(given, field.name)
        if name in _ENUMS:
            known = [member.value for member in _ENUMS[name]]
            if value not in known and (value or name == "status"):
                wrong.append(
                    (
                        f"{name} 应为 {'、'.join(known)}，而不是“{value}”",
                        f"{name} is “{value}”, not one of {', '.join(known)}",
                    )
                )
            made[name] = str(value)
        elif name in _LENGTHS:
            text = str(value).strip()
            if len(text) > _LENGTHS[name] or any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
                wrong.append((f"{name} 过长或含控制字符", f"{name} is too long or holds control characters"))
            made[name] = text
        else:
            made[name] = value
    region = short_code(given.region)[:6]
    if region and not (region.isascii() and region.isdigit() and len(region) in (2, 4, 6)):
        wrong.append(
            (
                f"region 应为行政区代码，而不是“{given.region}”",
                f"region “{given.region}” is no code of a place",
            )
        )
    made["region"] = region
    if given.accepted_on and given.decided_on and given.decided_on < given.accepted_on:
        wrong.append(
            (
                f"审批日期 {given.decided_on} 早于受理日期 {given.accepted_on}",
                f"decided on {given.decided_on}, before it was accepted on {given.accepted_on}",
            )
        )
    if wrong:
        raise BadRegistration(
            reason={"zh": "；".join(zh for zh, _ in wrong), "en": "; ".join(en for _, en in wrong)}
        )
    return Registration(**made)  # type: ignore[arg-type]  # one value for each field, checked above


def main_industry(industries: tuple[str, ...]) -> str:
    """Return the code a project is counted under: the first one stated."""
    return data.industry_code(industries[0]) if industries else ""


def folded(text: str) -> str:
    """Return a text as it is searched: full-width as half-width, small letters, only letters and digits.

    Examples
    --------
    >>> folded("青海（示例）ＡＢ-12 化工")
    '青海示例ab12化工'
    """
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def grams(text: str) -> frozenset[str]:
    """Return the pieces of a folded text it is found by: neighbouring pairs, single characters outside ASCII, and fours in it.

    Chinese is searched by words of one or two characters, which an index of three at a time would not find; pairs of
    digits stand in every code, and only longer pieces tell codes apart.

    Examples
    --------
    >>> sorted(grams("ab12化"))
    ['12', '2化', 'ab', 'ab12', 'b1', '化']
    """
    found: set[str] = set()
    for line in text.split("\n"):
        found |= {line[i : i + 2] for i in range(len(line) - 1)}
        found |= {c for c in line if not c.isascii()}
        found |= {four for i in range(len(line) - 3) if (four := line[i : i + 4]).isascii()}
    return frozenset(found)


def needles(word: str) -> tuple[str, ...]:
    """Return the pieces to look a folded word up by, the rarest kind it has; () when it has none.

    Examples
    --------
    >>> needles("化工"), needles("化工2614x"), needles("锂"), needles("7")
    (('化工',), ('2614', '614x'), ('锂',), ())
    """
    pieces = grams(word)
    for size in (4, 2, 1):
        if chosen := sorted(piece for piece in pieces if len(piece) == size):
            return tuple(chosen)
    return ()

"""What every reader returns, and how it finds a feature's name and role among its attributes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..model import Notice
from .crs import Statement
from .shapes import Feature

NAME_FIELDS: Final = ("name", "名称", "项目名称", "地块名称", "工程名称", "xmmc", "dkmc", "mc", "title")
ROLE_FIELDS: Final = ("role", "组成", "工程组成", "组成类型", "项目组成", "类型")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureLayer:
    """One layer of the input, before its CRS is known to be usable."""

    name: str
    features: tuple[Feature, ...]
    crs: Statement | None
    notices: tuple[Notice, ...] = ()


def matching_field(fields: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    """Return the field that bears one of the ``wanted`` names, the first of them preferred."""
    by_key = {field.strip(" \ufffd").lower(): field for field in reversed(list(fields))}
    for name in wanted:
        # A shapefile cuts names to 10 bytes, which leaves three Chinese characters in UTF-8.
        cut = name.encode()[:10].decode(errors="ignore")
        if name in by_key or cut in by_key:
            return by_key.get(name, by_key.get(cut))
    return None

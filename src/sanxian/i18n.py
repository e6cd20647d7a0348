"""Words for people: one lookup, two languages, Chinese first.

Texts live in ``locale/<domain>.<lang>.toml``; a key is ``domain.name`` or ``domain.table.name``.
Both languages carry every key (a test proves it). Clause text is law and never passes through here.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any, Final

LANGS: Final = ("zh-CN", "en")


def language(lang: str) -> str:
    """Return the supported language for a tag such as ``en-GB`` or ``zh``; Chinese by default."""
    return "en" if lang.lower().startswith("en") else "zh-CN"


@lru_cache(maxsize=64)
def _domain(name: str, lang: str) -> dict[str, Any]:
    text = resources.files("sanxian").joinpath("locale", f"{name}.{lang}.toml").read_text("utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=4096)
def _text(key: str, lang: str) -> str:
    domain, *path = key.split(".")
    node: Any = _domain(domain, language(lang))
    for step in path:
        node = node[step]
    if not isinstance(node, str):
        raise KeyError(key)
    return node


def t(key: str, lang: str = "zh-CN", /, **fields: object) -> str:
    """Return the text of ``key`` in ``lang`` with ``fields`` filled in.

    Raises
    ------
    KeyError
        The key does not exist; a missing text is a bug, never a blank on the page.
    """
    text = _text(key, lang)
    return text.format(**fields) if fields else text

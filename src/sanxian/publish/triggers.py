"""Triggers: the legal cases in which an edition may be published or changed; a data file, not code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sanxian.errors import PublishTerms, UnknownTrigger
from sanxian.publish.reading import UnreadableFile, read_small

_KINDS: Final = ("first", "adjustment", "update", "correction")
_TEXTS: Final = ("kind", "zh", "en", "basis", "status")
_LARGEST: Final = 1_000_000  # bytes
_HEAD: Final = ("source", "date", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """更新依据: one case in which an edition may be published or changed."""

    key: str
    kind: str  # first, adjustment, update, correction
    zh: str
    en: str
    basis: str  # which text or practice names it
    status: str  # seen, recall, own: how sure we are of that


def triggers(path: Path | None = None) -> Mapping[str, Trigger]:
    """Return the triggers by key, from a province's own file when one is given.

    Raises
    ------
    PublishTerms
        The given file cannot be read, or is no table of triggers.
    """
    if path is None:
        name = "publication_triggers.toml"
        content = resources.files("sanxian").joinpath("data", name).read_bytes()
    else:
        name = path.name
        try:
            content = read_small(path, _LARGEST)
        except UnreadableFile as error:
            raise _unusable(name, error.reason["zh"], error.reason["en"]) from error
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unusable(name, str(error)) from error
    if missing := [key for key in _HEAD if not table.get(key)]:
        raise _unusable(name, f"no {', '.join(missing)}")
    found = {key: _trigger(name, key, row) for key, row in table.items() if key not in _HEAD}
    if not found:
        raise _unusable(name, "no trigger")
    return MappingProxyType(found)


def _trigger(name: str, key: str, row: Any) -> Trigger:
    if not isinstance(row, dict):
        raise _unusable(name, f"{key} is no table")
    if bad := [text for text in _TEXTS if not isinstance(row.get(text), str) or not row[text].strip()]:
        raise _unusable(name, f"[{key}] lacks {', '.join(bad)}")
    if row["kind"] not in _KINDS:
        raise _unusable(name, f"[{key}] kind is none of {', '.join(_KINDS)}")
    return Trigger(key=key, **{text: row[text] for text in _TEXTS})


def _unusable(name: str, zh: str, en: str = "") -> PublishTerms:
    said = {"zh": f"依据表 {name} 不能使用：{zh}", "en": f"table of triggers {name}: {en or zh}"}
    return PublishTerms(reason=said)


def find_trigger(words: str, known: Mapping[str, Trigger]) -> Trigger:
    """Return the trigger with this key or title.

    Raises
    ------
    UnknownTrigger
        There is none; all are listed.
    """
    wanted = words.strip()
    for trigger in known.values():
        if wanted in (trigger.key, trigger.zh, trigger.en):
            return trigger
    listed = {
        "zh": "；".join(f"{trigger.key}（{trigger.zh}）" for trigger in known.values()),
        "en": "; ".join(f"{trigger.key} ({trigger.en})" for trigger in known.values()),
    }
    raise UnknownTrigger(trigger=words, known=listed)

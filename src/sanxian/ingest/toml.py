"""Writing profiles: the little of TOML that a profile needs, with comments where a person has to look."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

_NOT_IN_COMMENT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def value(given: Any) -> str:
    r"""Return a value as TOML.

    Examples
    --------
    >>> value(("a", "b")), value(True), value(25.0), value("“x”\n")
    ('["a", "b"]', 'true', '25.0', '"“x”\\n"')
    """
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, date):
        return given.isoformat()
    if isinstance(given, str):
        return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(given, Mapping):
        return "{ " + ", ".join(f"{key(k)} = {value(v)}" for k, v in given.items()) + " }" if given else "{}"
    if isinstance(given, Sequence):
        return "[" + ", ".join(map(value, given)) + "]"
    return repr(given)


def key(name: str) -> str:
    """Return a key, quoted when it has to be."""
    return name if _BARE.fullmatch(name) else value(name)


def pairs(table: Mapping[str, Any]) -> list[str]:
    """Return the lines of a table, without what is blank."""
    return [
        f"{key(name)} = {value(item)}" for name, item in table.items() if item not in ("", None, (), {}, [])
    ]


def comment(text: str) -> list[str]:
    """Return a text as lines of comment; no line end of the data ends the comment."""
    return [f"# {' '.join(re.sub(_NOT_IN_COMMENT, ' ', line).split())}" for line in text.split("\n")]

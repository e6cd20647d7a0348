"""What a run of the command line left behind, for tests; the fixture that runs it is in ``conftest.py``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

CHINESE = re.compile("[\u4e00-\u9fff]")


class Ran(NamedTuple):
    """Exit status and the two streams."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Run = Callable[..., Ran]


def both_languages(ran: Ran, code: str) -> bool:
    """Whether the message is there twice, the chosen language first, with its code."""
    at = next(i for i, line in enumerate(ran.lines) if line.startswith(f"[{code}] "))
    message = "\n".join(ran.lines[at:])
    return bool(CHINESE.search(message)) and bool(re.search("[a-z]{4,} [a-z]{2,}", message))

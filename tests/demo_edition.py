"""The demo edition, built once a process and shared by the tests that need it."""

from __future__ import annotations

from functools import lru_cache

from sanxian.demo import build
from sanxian.edition import Edition


@lru_cache(maxsize=1)
def demo_edition() -> Edition:
    """Return the demo edition of the default seed."""
    return build.build()

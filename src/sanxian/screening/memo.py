"""Memory that stays bounded: what was worked out once is kept while there is room."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Memo(Generic[Kept]):
    """Values by key, at most ``room`` of weight in all; when full, the oldest make place.

    A memo may forget at any moment without changing an answer: whoever asks can make the value again. A
    memo without room keeps nothing, which is how tests compare answers with and without it.
    """

    __slots__ = ("_kept", "_lock", "_once", "_room", "_used", "_weight")

    def __init__(
        self, room: int, weight: Callable[[Kept], int] = lambda _: 1, *, once_is_chance: bool = False
    ) -> None:
        """Make a memo; with ``once_is_chance`` a value is kept when its key comes for the second time.

        Where most keys never come again, keeping each would only push out those that do, and the garbage
        collector would have to look at them all.
        """
        self._room = room
        self._weight = weight
        self._used = 0
        self._kept: dict[Hashable, Kept] = {}
        self._once: dict[int, None] | None = {} if once_is_chance else None
        self._lock = Lock()  # a server screens in several threads

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Kept | None:
        """Return what is kept under ``key``, else ``None``."""
        return self._kept.get(key)

    def keep(self, key: Hashable, value: Kept) -> Kept:
        """Keep ``value`` under ``key`` if it fits, and return it."""
        weight = self._weight(value)
        if weight <= self._room:
            with self._lock:
                if self._came_before(key):
                    self._forget(key)
                    while self._used + weight > self._room:
                        self._forget(next(iter(self._kept)))
                    self._kept[key] = value
                    self._used += weight
        return value

    def _came_before(self, key: Hashable) -> bool:
        once = self._once
        if once is None:
            return True
        number = hash(key)
        if number in once:
            del once[number]
            return True
        if len(once) >= self._room:
            del once[next(iter(once))]
        once[number] = None
        return False

    def _forget(self, key: Hashable) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._used -= self._weight(old)

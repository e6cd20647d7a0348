"""Passwords: kept as argon2id, checked in the same time whoever is asked for, and none that is guessed first."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sanxian.errors import PasswordWeak

LENGTH: Final = 10  # characters at least
LONGEST: Final = 200  # more would only be work for the hash
_AT_ONCE: Final = 4  # hashes: each takes 64 MiB and a core


@dataclass(frozen=True, slots=True)
class Passwords:
    """How passwords are hashed and checked: argon2id with the parameters of RFC 9106 for little memory.

    One object serves a whole process: it lets only a few hashes run at once, so that a flood of logins does not take
    all memory.
    """

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _gate: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE), repr=False
    )
    _decoy: list[str] = field(default_factory=list, repr=False)

    def hashed(self, password: str) -> str:
        """Return what is kept of a password."""
        with self._gate:
            return self.hasher.hash(normal(password))

    def matches(self, kept: str, password: str) -> bool:
        """Whether a password is the one kept.

        Takes as long when nothing is kept (``""``: nobody of that name, or no login by password), so that the time of
        an answer does not tell who exists.
        """
        if len(password) > LONGEST:
            password, kept = "", ""
        if not self._decoy:  # made once, by the parameters in use
            self._decoy.append(self.hashed("nobody has this password"))
        with self._gate:
            try:
                self.hasher.verify(kept or self._decoy[0], normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return bool(kept)

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than are in use now."""
        return self.hasher.check_needs_rehash(kept)


def normal(password: str) -> str:
    """Return a password the same whatever keyboard it was typed on (NFKC: full-width digits are digits)."""
    return unicodedata.normalize("NFKC", password)


def checked(password: str, *, name: str) -> str:
    """Return a password somebody chose, when it can be used.

    Length and not being guessed count, as NIST SP 800-63B says; kinds of characters do not, since they make people write
    ``Password1!``.

    Raises
    ------
    PasswordWeak
        Too short or too long, holds control characters, is made of the name, one of the commonest, or a run of
        letters as they lie on the keyboard or in the alphabet.
    """
    plain = normal(password)
    length = min(
        len(password), len(plain)
    )  # one sign can stand for many letters, and is one key all the same
    for wrong, zh, en in (
        (length < LENGTH, f"只有 {length} 个字符", f"it has only {length} characters"),
        (len(plain) > LONGEST, f"超过 {LONGEST} 个字符", f"it has more than {LONGEST} characters"),
        (not plain.isprintable(), "含有控制字符", "it holds control characters"),
        (_of_name(plain, name), "由名称构成", "it is made of the name"),
        (plain.casefold() in _common(), "属于最常用的密码", "it is one of the commonest"),
        (_run(plain), "是重复或顺序的字符", "it repeats characters or runs through them in order"),
    ):
        if wrong:
            raise PasswordWeak(reason={"zh": zh, "en": en}, length=LENGTH)
    return plain


def _of_name(password: str, name: str) -> bool:
    """Whether little is left of a password when the name, forwards and backwards, is taken out."""
    left, name = password.casefold(), normal(name).casefold()
    for part in (name, name[::-1]):
        if len(part) >= 3:
            left = left.replace(part, "")
    return left != password.casefold() and sum(c.isalpha() for c in left) < 3 and len(left) < LENGTH


_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def _run(password: str) -> bool:
    """Whether most steps from one character to the next are none, or one place on a row."""
    plain = password.casefold()
    steps = [a + b for a, b in pairwise(plain)]
    easy = sum(a == b or any(a + b in row or b + a in row for row in _ROWS) for a, b in pairwise(plain))
    return len(set(plain)) < 4 or (bool(steps) and easy >= 0.8 * len(steps))


@cache
def _common() -> frozenset[str]:
    text = resources.files("sanxian.data").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))

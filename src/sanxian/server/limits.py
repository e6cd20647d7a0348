"""How often somebody may try: logins by address and by name, uploads and screenings by caller.

Counted in the memory of one process: with several workers each counts for itself. An exact moving window for logins,
where each attempt matters; a sliding counter for the rest, whose cost does not grow with the limit.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from sanxian.errors import TooManyRequests

NAME_MINUTES: Final = 15
ADDRESS_MINUTES: Final = 5
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("对该账户的登录尝试", "attempts to log in to this account"),
    "address": ("来自您所在地址的登录尝试", "attempts to log in from your address"),
    "password": ("密码修改尝试", "attempts to change the password"),
    "upload": ("上传", "uploads"),
    "screening": ("研判请求", "requests for screening"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often is too often."""

    logins_per_name: int = 10  # in NAME_MINUTES
    logins_per_address: int = 100  # in ADDRESS_MINUTES: an office behind one address logs in at eight
    uploads_per_minute: int = 60
    screenings_per_minute: int = 60_000
    public_screenings_per_minute: int = 1_200  # by address


@dataclass(frozen=True, slots=True)
class Limits:
    """The counters of one process."""

    rates: Rates = field(default_factory=Rates)
    _storage: MemoryStorage = field(default_factory=MemoryStorage, repr=False)

    def login(self, address: str, name: str, *, now: datetime) -> None:
        """Count an attempt to log in.

        Raises
        ------
        TooManyRequests
            Too many from this address, or for this name: also the right password is not tried then.
        """
        exact = MovingWindowRateLimiter(self._storage)
        by_address = RateLimitItemPerMinute(self.rates.logins_per_address, ADDRESS_MINUTES)
        by_name = RateLimitItemPerMinute(self.rates.logins_per_name, NAME_MINUTES)
        _count(exact, by_address, "address", network_of(address), now)
        _count(exact, by_name, "name", _key(name), now)

    def sign_on(self, address: str, *, now: datetime) -> None:
        """Count a step of single sign-on, which makes us call the provider; raises as :meth:`login`."""
        by_address = RateLimitItemPerMinute(self.rates.logins_per_address, ADDRESS_MINUTES)
        _count(MovingWindowRateLimiter(self._storage), by_address, "address", network_of(address), now)

    def logged_in(self, name: str) -> None:
        """Forget the attempts for a name whose password was right."""
        by_name = RateLimitItemPerMinute(self.rates.logins_per_name, NAME_MINUTES)
        MovingWindowRateLimiter(self._storage).clear(by_name, "name", _key(name))

    def password(self, person: int, *, now: datetime) -> None:
        """Count an attempt to give the present password; raises as :meth:`login`."""
        item = RateLimitItemPerMinute(self.rates.logins_per_name, NAME_MINUTES)
        _count(MovingWindowRateLimiter(self._storage), item, "password", str(person), now)

    def upload(self, caller: str, *, now: datetime) -> None:
        """Count an upload; raises as :meth:`login`."""
        item = RateLimitItemPerMinute(self.rates.uploads_per_minute)
        _count(SlidingWindowCounterRateLimiter(self._storage), item, "upload", caller, now)

    def screening(self, caller: str, *, public: bool, now: datetime) -> None:
        """Count a request for screening; raises as :meth:`login`."""
        often = self.rates.public_screenings_per_minute if public else self.rates.screenings_per_minute
        item = RateLimitItemPerMinute(often)
        _count(SlidingWindowCounterRateLimiter(self._storage), item, "screening", caller, now)


def _count(limiter: RateLimiter, item: RateLimitItem, kind: str, key: str, now: datetime) -> None:
    if limiter.hit(item, kind, key):
        return
    zh, en = _WORDS[kind]
    left = limiter.get_window_stats(item, kind, key).reset_time - now.timestamp()
    wait = min(max(1, math.ceil(left)), item.get_expiry())
    raise TooManyRequests(what={"zh": zh, "en": en}, retry_after_s=wait)


def _key(name: str) -> str:
    """Return a key of bounded length."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def network_of(address: str) -> str:
    """Return what counts as one place: an IPv4 address, or the /64 somebody has of IPv6.

    Examples
    --------
    >>> network_of("192.0.2.7"), network_of("2001:db8::7"), network_of("::ffff:192.0.2.7"), network_of("?")
    ('192.0.2.7', '2001:db8::', '192.0.2.7', '?')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)

"""Whether a request that changes something was sent by our own pages and not, with somebody's cookie, by another site.

Two proofs, both needed. The browser says where the request comes from (``Sec-Fetch-Site``, ``Origin``); and the page
sends, in a header no other site can set without being allowed to, a value that only it could read. A request with a
token needs neither: no browser sends a token by itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from sanxian.errors import CsrfRefused

HEADER: Final = "x-csrf-token"
SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


def check(headers: Mapping[str, str], *, expected: str, public_url: str) -> None:
    """Go on only with a request of our own pages.

    Parameters
    ----------
    headers : mapping
        Of the request, names in lower case.
    expected : str
        What the session's pages send in ``X-CSRF-Token``.
    public_url : str
        Where browsers find the server; ``""``: where the request says it came to (``Host``), which another site
        cannot choose.

    Raises
    ------
    CsrfRefused
    """
    check_origin(headers, public_url=public_url)
    given = headers.get(HEADER, "")
    if not given:
        raise _refused("没有 X-CSRF-Token", "X-CSRF-Token is missing")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise _refused("X-CSRF-Token 不符", "X-CSRF-Token does not match")


def check_origin(headers: Mapping[str, str], *, public_url: str) -> None:
    """Go on unless the browser says that another site sent the request; as :func:`check`.

    Programs that are no browser say nothing about it and are let through: they carry nobody's cookie.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise _refused("请求来自其他网站", "another site sent it")
    origin = headers.get("origin")
    if origin is None:
        return
    try:
        ours = urlsplit(public_url or "//" + headers.get("host", ""))
        theirs = urlsplit(origin)
    except ValueError:
        raise _refused("请求的来源无法辨认", "where it comes from cannot be read") from None
    # Behind a proxy that ends TLS the request does not show its scheme; the name and port cannot be had by another site.
    schemes = (ours.scheme,) if public_url else ("http", "https")
    if theirs.scheme not in schemes or _place(theirs.netloc, theirs.scheme) != _place(
        ours.netloc, theirs.scheme
    ):
        raise _refused("请求来自其他网站", "another site sent it")


def _place(netloc: str, scheme: str) -> str:
    name = netloc.lower().rpartition("@")[2]
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    return name.removesuffix(default)


def _refused(zh: str, en: str) -> CsrfRefused:
    return CsrfRefused(reason={"zh": zh, "en": en})

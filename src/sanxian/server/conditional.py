"""ETags: an answer not sent again when the caller has it, and a change refused when somebody else came first."""

from __future__ import annotations

import re
from typing import Final

from fastapi import Request, Response

from sanxian.errors import PreconditionFailed, PreconditionRequired

_TAG: Final = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')
IMMUTABLE: Final = "private, max-age=31536000, immutable"
ASK_AGAIN: Final = "private, no-cache"  # keep it, but ask whether it still holds


def etag(*parts: object) -> str:
    """Return an entity tag made of parts that change whenever the content does.

    Examples
    --------
    >>> etag("project", 12, 3)
    '"project-12-3"'
    """
    return '"' + "-".join(re.sub(r"[^\w.:]", "_", str(part), flags=re.ASCII) for part in parts) + '"'


def has(request: Request, tag: str) -> bool:
    """Return whether the caller has the content with this tag (``If-None-Match``)."""
    return _matches(request.headers.get("if-none-match"), tag)


def not_modified(tag: str, cache: str = ASK_AGAIN) -> Response:
    """Return the answer for a caller who has it already."""
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": cache})


def tagged(request: Request, response: Response, tag: str, cache: str = ASK_AGAIN) -> Response:
    """Return the response with its tag; 304 when the caller has it already."""
    if request.method in ("GET", "HEAD") and has(request, tag):
        return not_modified(tag, cache)
    response.headers["ETag"] = tag
    response.headers.setdefault("Cache-Control", cache)
    return response


def must_match(request: Request, tag: str, *, zh: str, en: str) -> None:
    """Go on only when the caller changes what is there now (``If-Match``).

    Raises
    ------
    PreconditionRequired, PreconditionFailed
        No tag was sent; another one than the content has.
    """
    given = request.headers.get("if-match")
    what = {"zh": zh, "en": en}
    if given is None:
        raise PreconditionRequired(what=what)
    if not _matches(given, tag):
        raise PreconditionFailed(what=what, current=tag)


def _matches(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or tag.strip('"') in _TAG.findall(header)

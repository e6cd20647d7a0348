"""Pages by key: a page says where the next one begins, so that nothing is skipped or shown twice while rows come in."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from sanxian.errors import RequestInvalid

PAGE: Final = 50
PAGE_MAX: Final = 1000

Limit = Annotated[
    int,
    Query(
        ge=1,
        le=PAGE_MAX,
        description=f"每页行数，1 至 {PAGE_MAX}；没有别的上限，按 next 翻页可取全部 / Rows a page, 1 to {PAGE_MAX}; "
        "there is no other cap, follow next to get all",
    ),
]
After = Annotated[
    str,
    Query(
        max_length=500, description="上一页的 next.after / Where the page begins: `after` of the page before"
    ),
]


def cursor(key: Sequence[Any]) -> str:
    """Return the place after a row, as it stands in a link.

    Examples
    --------
    >>> after_of(cursor(["2026-09-01", 12]))
    ['2026-09-01', 12]
    """
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def after_of(text: str, kinds: Sequence[type | tuple[type, ...]] | None = None) -> list[Any] | None:
    """Return the key in a link; ``None`` for the first page.

    Raises
    ------
    RequestInvalid
        It was not written by :func:`cursor`, or is one of another list (``kinds``: types of its items).
    """
    if not text:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        key = None
    fits = isinstance(key, list) and (
        kinds is None
        or (len(key) == len(kinds) and all(isinstance(k, kind) for k, kind in zip(key, kinds, strict=True)))
    )
    if not fits or not all(_keepable(item) for item in key or ()):
        raise RequestInvalid(
            reason={"zh": "after 不是本列表给出的翻页位置", "en": "after is no place in this list"}
        )
    found: list[Any] = key
    return found


def _keepable(item: object) -> bool:
    """Whether a database can compare an item: somebody may have written the key themselves."""
    if isinstance(item, int):
        return abs(item) < 2**63
    return not isinstance(item, str) or not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in item)


def link_next(request: Request, response: Response, after: str | None) -> str | None:
    """Set the Link header to the next page, and return its address; ``None`` on the last page."""
    if after is None:
        return None
    asked = [(k, v) for k, v in request.query_params.multi_items() if k != "after"]
    address = f"{request.url.path}?{urlencode([*asked, ('after', after)])}"
    response.headers["Link"] = f'<{address}>; rel="next"'
    return address

"""A server asked from here: cases of an answer set screened by any deployment, compared on this side."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from sanxian.answers import Answer, Case, Refusal, compared
from sanxian.errors import RemoteFailed, SanxianError
from sanxian.screening import Screening, from_record

TIMEOUT_S: Final = 60.0
MAX_BYTES: Final = 256 << 20


def run(cases: Sequence[Case], url: str, *, edition: str = "", token: str = "") -> Iterator[Answer]:
    """Yield each case as a server answers it.

    Parameters
    ----------
    cases : sequence of Case
    url : str
        Where the server is, such as ``http://127.0.0.1:8000``.
    edition : str
        Digest or id of the edition there; by default the one in force.
    token : str
        Of the API, where the server lets only known callers screen.

    Raises
    ------
    RemoteFailed
        There is no usable answer; a case that is answered differently is no reason.
    """
    base = urlsplit(url)
    if base.scheme not in ("http", "https") or not base.netloc:
        raise _failed(url, "应以 http:// 或 https:// 开头", "it must begin with http:// or https://")
    address = f"{url.rstrip('/')}/api/v1/answers/case"
    for case in cases:
        yield compared(case, _asked(address, url, {"edition": edition, "case": _plain(case.body)}, token))


def _asked(address: str, url: str, body: Mapping[str, Any], token: str) -> Screening | Refusal:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = json.dumps(body, ensure_ascii=False).encode("utf-8")
    request = urllib.request.Request(address, content, headers, method="POST")  # noqa: S310 - scheme checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - scheme checked
            said = json.loads(answer.read(MAX_BYTES))
        if "error" in said:
            return Refusal(str(said["error"]), str(said["zh"]))
        return from_record(said["record"], source=url)
    except urllib.error.HTTPError as error:
        zh, en = _problem(error)
        raise _failed(url, zh, en) from error
    except SanxianError as error:
        raise _failed(url, error.text("zh-CN"), error.text("en")) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        raise _failed(url, str(reason), str(reason)) from error


def _problem(error: urllib.error.HTTPError) -> tuple[str, str]:
    try:
        said = json.loads(error.read(1 << 20))
        return f"[{said['code']}] {said['zh']}", f"[{said['code']}] {said['en']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"HTTP {error.code}", f"HTTP {error.code}"


def _failed(url: str, zh: str, en: str) -> RemoteFailed:
    return RemoteFailed(url=url, reason={"zh": zh, "en": en})


def _plain(value: Any) -> Any:
    """Return a value of YAML as JSON; dates are marked, so that the server has them as they were."""
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

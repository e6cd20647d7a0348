"""Errors as answers: problem+json (RFC 9457) with our code and both languages, and the one table of HTTP statuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import PurePath
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from sanxian import errors as e
from sanxian.i18n import t

STATUS: Final[tuple[tuple[type[e.SanxianError], int], ...]] = (
    # the first family that fits; single errors before the families they belong to
    (e.NotLoggedIn, 401),
    (e.LoginRefused, 401),
    (e.TokenRefused, 401),
    (e.SessionNeeded, 403),
    (e.PasswordChangeNeeded, 403),
    (e.Forbidden, 403),
    (e.RegionForbidden, 403),
    (e.CsrfRefused, 403),
    (e.OidcNoRole, 403),
    (e.OidcRefused, 403),
    (e.ResourceNotFound, 404),
    (e.ProjectUnknown, 404),
    (e.ScreeningUnknown, 404),
    (e.DecisionUnknown, 404),
    (e.RecheckUnknown, 404),
    (e.PersonNotFound, 404),
    (e.TokenNotFound, 404),
    (e.SessionNotFound, 404),
    (e.OidcOff, 404),
    (e.MethodNotAllowed, 405),
    (e.RequestTimeout, 408),
    (e.IdempotencyBusy, 409),
    (e.PreconditionFailed, 412),
    (e.RegistryConflict, 412),
    (e.PersonChanged, 412),
    (e.RequestTooLarge, 413),
    (e.FootprintTooLarge, 413),
    (e.MediaTypeUnsupported, 415),
    (e.FootprintFormat, 415),
    (e.IdempotencyReused, 422),
    (e.RequestInvalid, 422),
    (e.PreconditionRequired, 428),
    (e.TooManyRequests, 429),
    (e.RecordDiffers, 500),
    (e.CoverageDiffers, 500),
    (e.AttachmentBroken, 500),
    (e.NotInstalled, 501),
    (e.CatalogNotFound, 404),
    (e.CatalogNothing, 404),
    (e.OidcUnreachable, 502),
    (e.RegistryBusy, 503),
    (e.RegistryBroken, 503),
    (e.RegistryUnreachable, 503),
    (e.RegistryReadOnly, 503),
    (e.RegistryNotFound, 503),
    (e.ServerBusy, 503),
    (e.RegistryFull, 507),
    (e.OutputFailed, 507),
    (e.UsageError, 400),
    (e.InputError, 422),
    (e.EditionError, 409),
    (e.ClauseError, 422),
    (e.RegistryError, 409),
    (e.SanxianError, 500),
)
RETRY_AFTER_S: Final = {503: 5, 409: 1}  # 409 only for a request that is being worked on
MEDIA_TYPE: Final = "application/problem+json"

_OWN: Final[list[tuple[type[e.SanxianError], int]]] = []


def also(error: type[e.SanxianError], status: int) -> None:
    """Give errors a status of their own, before the table; for modules that bring errors of their own."""
    _OWN.append((error, status))


def status_of(error: e.SanxianError) -> int:
    """Return the HTTP status of an error."""
    return next(status for family, status in (*_OWN, *STATUS) if isinstance(error, family))


def language_of(headers: Mapping[str, str]) -> str:
    """Return the language asked for: the first of ``Accept-Language`` we speak, by weight; Chinese by default.

    Examples
    --------
    >>> language_of({"accept-language": "fr, en;q=0.8, zh;q=0.9"}), language_of({})
    ('zh-CN', 'zh-CN')
    """
    weighed = []
    for place, item in enumerate(headers.get("accept-language", "").split(",")[:20]):
        tag, _, weight = item.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag.strip().lower()))
        except ValueError:
            continue
    for rank, _, tag in sorted(weighed):
        if rank < 0 and tag[:2] in ("en", "zh"):
            return "en" if tag.startswith("en") else "zh-CN"
    return "zh-CN"


def problem(
    error: e.SanxianError,
    *,
    lang: str = "zh-CN",
    instance: str = "",
    request_id: str = "",
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """Return an error as an answer."""
    error = without_paths(error)
    status = status_of(error)
    body: dict[str, Any] = {
        "type": f"urn:sanxian:problem:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.text(lang),
        "code": error.code,
        "zh": error.text("zh-CN"),
        "en": error.text("en"),
    }
    if instance:
        body["instance"] = instance
    if request_id:
        body["request_id"] = request_id
    several = error.fields.get("problems")
    if isinstance(several, Sequence) and not isinstance(several, str):
        body["problems"] = [
            {"code": one.code, "zh": one.text("zh-CN"), "en": one.text("en")}
            for one in several
            if isinstance(one, e.SanxianError)
        ]
    body |= extra or {}
    headers = {"Content-Language": lang, "Cache-Control": "no-store"}
    if status == 503 or isinstance(error, e.IdempotencyBusy):
        headers["Retry-After"] = str(RETRY_AFTER_S[status])
    if isinstance(error, e.MethodNotAllowed):
        headers["Allow"] = str(error.fields["allowed"])
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="sanxian"'
    retry = error.fields.get("retry_after_s")
    if isinstance(retry, int | float):
        headers["Retry-After"] = str(max(1, int(retry)))
    content = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Response(content, status, headers, MEDIA_TYPE)


def without_paths(error: e.SanxianError) -> e.SanxianError:
    """Return the error with names instead of paths: where the server keeps its files is nobody's business."""
    bare = {
        key: PurePath(value).name if isinstance(value, str | PurePath) and _is_path(value) else value
        for key, value in error.fields.items()
    }
    return error if bare == error.fields else type(error)(**bare)


def _is_path(value: str | PurePath) -> bool:
    return isinstance(value, PurePath) or (PurePath(value).is_absolute() and "\n" not in value)


def answer(request: Request, error: e.SanxianError, extra: Mapping[str, Any] | None = None) -> Response:
    """Return an error as the answer to a request."""
    return problem(
        error,
        lang=language_of(request.headers),
        instance=request.url.path,
        request_id=request.scope.get("request_id", ""),
        extra=extra,
    )


def install(app: FastAPI) -> None:
    """Make every error of an app a problem: ours, those of the framework, and bugs."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, e.SanxianError)  # noqa: S101 - registered for nothing else
        return answer(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        found = list(_validation(error.errors()))
        said = e.RequestInvalid(
            reason={
                lang: "；".join(f"{one['where']}: {one[lang]}" for one in found[:5]) for lang in ("zh", "en")
            }
        )
        return answer(request, said, {"errors": found})

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        if isinstance(error.__cause__, e.SanxianError):  # raised while the framework read the body
            return answer(request, error.__cause__)
        made = answer(request, _of_framework(request, error))
        for name, value in (error.headers or {}).items():
            made.headers.setdefault(name, value)
        return made

    app.add_exception_handler(e.SanxianError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)


def _of_framework(request: Request, error: HTTPException) -> e.SanxianError:
    if error.status_code == 404:
        return e.ResourceNotFound(what=request.url.path)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return e.MethodNotAllowed(method=request.method, allowed=allowed)
    if error.status_code == 413:
        return e.RequestTooLarge(limit="-")
    return e.RequestInvalid(reason=str(error.detail))


_KNOWN: Final = frozenset(
    ("missing", "extra_forbidden", "json_invalid", "string_too_long", "string_too_short", "string_type", "enum",
     "literal_error", "int_parsing", "float_parsing", "bool_parsing", "date_from_datetime_parsing", "date_parsing",
     "date_from_datetime_inexact", "greater_than", "greater_than_equal", "less_than", "less_than_equal",
     "string_pattern_mismatch", "finite_number", "dict_type", "list_type", "model_attributes_type")
)  # fmt: skip


def _validation(found: Iterable[Any]) -> Iterable[dict[str, str]]:
    for one in found:
        where = ".".join(map(str, one.get("loc", ()))) or "body"
        kind, said = str(one.get("type", "")), str(one.get("msg", ""))
        words = t(f"server.validation.{kind}", "zh-CN") if kind in _KNOWN else said
        limits = [str(v) for k, v in (one.get("ctx") or {}).items() if k not in ("error", "class_name")]
        yield {
            "where": where,
            "type": kind,
            "zh": f"{words}（{'，'.join(limits)}）" if limits and kind in _KNOWN else words,
            "en": said,
        }

"""Screenings that were kept: their records, and reports of them, by number or by a link anybody may open."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from sanxian import report
from sanxian.errors import EditionError
from sanxian.registry import audit, requests, screenings
from sanxian.registry.projects import EVERYTHING, Scope
from sanxian.registry.screenings import Kept
from sanxian.screening import from_json
from sanxian.server.bodies import Body, json_response, screening_json
from sanxian.server.conditional import ASK_AGAIN, IMMUTABLE, etag, has, not_modified, tagged
from sanxian.server.problems import language_of
from sanxian.server.projects import Here, Number, Reader, Writer, opened_by
from sanxian.server.services import Services

MEDIA: Final = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Format = Literal["html", "json", "text", "pdf", "docx", "xlsx"]
# A report is one file with its own styles and drawings; whatever somebody wrote into a project must not run in it.
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
Lang = Annotated[
    Literal["zh-CN", "en"] | None,
    Query(description="语言；默认按 Accept-Language / default: Accept-Language"),
]


class NewShare(Body):
    """一个链接 / A link."""

    days: int | None = Field(
        default=None, ge=1, le=3650, description="有效天数；默认见设置 / days; default: the settings"
    )


def record_of(here: Services, scope: Scope, number: int) -> bytes:
    """Return the record of a kept screening, made again and compared when only its hash was kept."""
    with here.registry.read() as connection:
        return screenings.record(
            connection, scope, number, opened=lambda digest: opened_by(here, connection, digest)
        )


def rendered(
    request: Request, here: Services, scope: Scope, kept: Kept, style: Format, lang: str, cache: str
) -> Response:
    """Return a report of a kept screening."""
    tag = etag("report", kept.record_sha256, style, lang)
    if has(request, tag):
        return not_modified(tag, cache)
    record = record_of(here, scope, kept.id)
    edition = None
    with here.registry.read() as connection:
        try:
            edition = opened_by(here, connection, kept.edition)
        except EditionError:
            edition = None  # its file is gone: the report stands, its maps show the footprint alone
    content = report.render(from_json(record), style, lang, edition=edition)
    response = Response(content, media_type=MEDIA[style])
    name = f"screening-{kept.id}.{'txt' if style == 'text' else style}"
    shown = "inline" if style in ("html", "pdf", "text", "json") else "attachment"
    response.headers["Content-Disposition"] = f"{shown}; filename={quote(name)}"
    response.headers["Content-Language"] = lang
    if style == "html":
        response.headers["Content-Security-Policy"] = PAGE_POLICY
    return tagged(request, response, tag, cache)


def routes() -> APIRouter:
    """Return the routes of kept screenings."""
    router = APIRouter(tags=["screenings"])

    @router.get("/screenings/{number}", summary="一次研判 / A screening")
    def get(request: Request, here: Here, who: Reader, number: Number) -> Response:
        with here.registry.read() as connection:
            kept = screenings.get(connection, who.scope, number)
        return tagged(request, json_response(screening_json(kept)), etag("screening", kept.id), IMMUTABLE)

    @router.get("/screenings/{number}/record", summary="研判记录原文 / Its record, as it was made")
    def record(request: Request, here: Here, who: Reader, number: Number) -> Response:
        with here.registry.read() as connection:
            kept = screenings.get(connection, who.scope, number)
        tag = etag("record", kept.record_sha256)
        if has(request, tag):
            return not_modified(tag, IMMUTABLE)
        response = Response(record_of(here, who.scope, number), media_type="application/json")
        return tagged(request, response, tag, IMMUTABLE)

    @router.get(
        "/screenings/{number}/report",
        summary="报告：HTML、PDF、Word、Excel / A report",
        response_class=Response,
        responses={
            200: {
                "content": {kind.split(";")[0]: {} for kind in MEDIA.values()},
                "description": "报告 / Report",
            }
        },
    )
    def report_of(
        request: Request,
        here: Here,
        who: Reader,
        number: Number,
        style: Annotated[Format, Query(alias="format")] = "html",
        lang: Lang = None,
    ) -> Response:
        with here.registry.read() as connection:
            kept = screenings.get(connection, who.scope, number)
        return rendered(
            request, here, who.scope, kept, style, lang or language_of(request.headers), ASK_AGAIN
        )

    @router.post("/screenings/{number}/shares", status_code=201, summary="给报告一个链接 / Make a link to it")
    def share(request: Request, here: Here, who: Writer, number: Number, body: NewShare) -> Response:
        secret = secrets.token_urlsafe(24)
        now = here.now()
        expires = now + timedelta(days=body.days or here.settings.share_days)
        with here.registry.begin() as connection:
            kept = screenings.get(connection, who.scope, number)
            requests.add_share(connection, secret, kept.id, at=now, expires=expires, by=who.name)
            audit.append(
                connection,
                at=now,
                actor=who.name,
                action="share.add",
                subject=f"screening:{kept.id}",
                detail={"expires": expires.isoformat()},
            )
        base = here.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        body_: dict[str, Any] = {"url": f"{base}/s/{secret}", "expires_at": expires.isoformat()}
        return json_response(body_, 201, {"Location": f"/s/{secret}", "Cache-Control": "no-store"})

    @router.delete("/screenings/{number}/shares", summary="收回所有链接 / Take back every link to it")
    def unshare(here: Here, who: Writer, number: Number) -> Response:
        with here.registry.begin() as connection:
            kept = screenings.get(connection, who.scope, number)
            ended = requests.end_shares(connection, kept.id)
            if ended:
                audit.append(
                    connection,
                    at=here.now(),
                    actor=who.name,
                    action="share.end",
                    subject=f"screening:{kept.id}",
                    detail={"links": ended},
                )
        return json_response({"ended": ended})

    return router


def links() -> APIRouter:
    """Return the route of reports by link: whoever has the link may read, nobody can guess one."""
    router = APIRouter(tags=["screenings"])

    @router.get(
        "/s/{secret}",
        summary="按链接看报告 / A report by link",
        response_class=Response,
        responses={
            200: {
                "content": {kind.split(";")[0]: {} for kind in MEDIA.values()},
                "description": "报告 / Report",
            }
        },
    )
    def by_link(
        request: Request,
        here: Here,
        secret: Annotated[str, Path(max_length=100)],
        style: Annotated[Format, Query(alias="format")] = "html",
        lang: Lang = None,
    ) -> Response:
        with here.registry.read() as connection:
            number = requests.shared(connection, secret, at=here.now())
            kept = screenings.get(connection, EVERYTHING, number)
        made = rendered(
            request, here, EVERYTHING, kept, style, lang or language_of(request.headers), ASK_AGAIN
        )
        made.headers["X-Robots-Tag"] = "noindex"
        made.headers["Referrer-Policy"] = "no-referrer"
        return made

    return router

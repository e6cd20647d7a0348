"""One call screens a project, typed in or uploaded: the record, byte for byte what ``sanxian screen`` gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Final, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from sanxian import data
from sanxian.edition import Edition
from sanxian.errors import MediaTypeUnsupported, RequestInvalid
from sanxian.geometry import Footprint
from sanxian.i18n import t
from sanxian.model import Notice, Project
from sanxian.project import parse_document, project_from_mapping
from sanxian.screening import Screening, screen, to_json
from sanxian.server.access import Caller, needs
from sanxian.server.examples import PROJECT
from sanxian.server.rights import Right
from sanxian.server.services import Services, services
from sanxian.server.uploads import receive_upload

Made = TypeVar("Made")
AT_ONCE: Final = 8  # screenings in threads at the same time; other requests have threads of their own
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which edition, on which day, how."""

    edition: str | None
    region: str | None
    as_of: date | None
    count_drafts: bool


def asked(
    edition: Annotated[
        str | None,
        Query(
            max_length=400,
            description="成果的摘要（sha256:…，或其前 12 位以上）或编号 / Digest (or 12 of its digits) or id of the edition",
        ),
    ] = None,
    region: Annotated[
        str | None,
        Query(
            pattern=r"^\d{2,12}$",
            description="行政区代码：用研判日期对它有效的成果 / Region code: the edition in force there on the as-of date",
        ),
    ] = None,
    as_of: Annotated[
        date | None,
        Query(
            description="研判日期；默认为项目中写的 as_of，再没有为今天，见回答的 Sanxian-As-Of / As-of date; default: as_of in "
            "the project, else today, see Sanxian-As-Of in the answer"
        ),
    ] = None,
    count_drafts: Annotated[
        bool, Query(description="让未经审核的规则参与判定 / Let rules nobody reviewed decide")
    ] = False,
) -> Asked:
    """Return what the query says."""
    return Asked(edition=edition, region=region, as_of=as_of, count_drafts=count_drafts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A screening made for a request."""

    screening: Screening
    edition: Edition
    defaulted: bool  # the date was not given and is today's

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says besides its content."""
        day = self.screening.as_of.isoformat()
        return {
            "Sanxian-Edition": self.edition.info.digest,
            "Sanxian-As-Of": f"{day}; default" if self.defaulted else day,
            "Sanxian-Engine": self.screening.engine_version,
            "Cache-Control": "no-store",
        }


def screened(
    here: Services,
    document: Mapping[str, object],
    want: Asked,
    *,
    notices: tuple[Notice, ...] = (),
    read: Callable[[Edition], Footprint] | None = None,
) -> Screened:
    """Return the screening of a project as it was sent.

    Parameters
    ----------
    here : Services
    document : mapping
        As docs/reference/project-format.md; it may state ``as_of``.
    want : Asked
    notices : tuple of Notice
        What reading the document had to say.
    read : callable, optional
        Reads the footprint that was uploaded, given the edition.

    Raises
    ------
    SanxianError
        The project, the edition or the date is not right.
    """
    stated = document.get("as_of")
    project_keys = {k: v for k, v in document.items() if k != "as_of"}
    day = want.as_of or (None if stated is None else _day(stated))
    as_of = day or here.today()
    edition = here.editions.chosen(want.edition, want.region, as_of)
    edition.in_force(as_of)  # before the work of reading the place
    project = project_from_mapping(
        project_keys,
        source="project.json",
        region=here.editions.region(edition),
        footprint=None if read is None else read(edition),
    )
    project = replace(project, notices=(*notices, *project.notices)) if notices else project
    return Screened(
        screening=judge(here, project, edition, as_of, want.count_drafts),
        edition=edition,
        defaulted=day is None,
    )


def judge(here: Services, project: Project, edition: Edition, as_of: date, count_drafts: bool) -> Screening:
    """Return the screening of a project, and count it."""
    made = screen(project, edition, as_of, count_drafts=count_drafts)
    if here.metrics is not None:
        here.metrics.screenings.labels(made.verdict.name).inc()
    return made


def _day(stated: object) -> date:
    try:
        return date.fromisoformat(str(stated))
    except ValueError:
        zh, en = "as_of 应为日期，如 2026-09-01", "as_of must be a date such as 2026-09-01"
        raise RequestInvalid(reason={"zh": zh, "en": en}) from None


async def from_request(
    request: Request, here: Services, want: Asked, make: Callable[[Screened], Made], slots: CapacityLimiter
) -> Made:
    """Return what ``make`` makes of the screening of the project in a request: JSON, or a form with a file.

    The work is done in a thread: measured against doing it in the event loop it costs no more processor time, the
    kernels let other threads run, and a project with a million vertices holds up nobody.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == JSON or kind.endswith("+json"):
        body = await request.body()
        if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            raise RequestInvalid(
                reason={"zh": "请求内容应为 JSON 对象", "en": "the body must be a JSON object"}
            )

        def work() -> Made:
            document, notices = parse_document(body, "project.json")
            return make(screened(here, document, want, notices=notices))

        return await to_thread.run_sync(work, limiter=slots)
    if kind == MULTIPART:
        async with receive_upload(request, here) as upload:

            def work_upload() -> Made:
                return make(screened(here, upload.document, want, read=upload.read))

            return await to_thread.run_sync(work_upload, limiter=slots)
    raise MediaTypeUnsupported(given=kind or "-", known=f"{JSON}, {MULTIPART}")


def asks_of(made: Screened) -> dict[str, Any]:
    """Return the facts a project still has to give, most decisive first, as a form asks them."""
    result = made.screening
    facts = data.facts()

    def field(key: str) -> dict[str, Any]:
        fact = facts.get(key)
        if fact is None:  # a paper, or nature and industry, which are no facts of the vocabulary
            return {"type": "other"}
        return {
            "type": fact.type,
            "zh": fact.zh,
            "en": fact.en,
            "unit": fact.unit,
            "range": list(fact.range),
            "values": list(fact.values),
            "where": fact.where,
        }

    return {
        "verdict": result.verdict.name,
        "verdict_zh": t(f"outcome.{result.verdict.name}", "zh-CN"),
        "edition": result.edition.digest,
        "as_of": result.as_of.isoformat(),
        "asks": [
            {
                "fact": ask.fact,
                "question_zh": ask.question_zh,
                "question_en": ask.question_en,
                "decides": ask.decides,
                "mentioned": ask.mentioned,
                "worst": ask.worst.name,
                "field": field(ask.fact),
            }
            for ask in result.asks
        ],
        "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in result.notices],
    }


_FILE: Final = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "用地范围文件，格式见 docs/reference/footprints.md / Footprint file",
        },
        "project": {
            "type": "string",
            "description": "项目其余内容（JSON，没有 parts）/ The rest of the project as JSON, without parts",
        },
        **{
            name: {"type": "string", "description": words}
            for name, words in (
                ("crs", "坐标系 / CRS of the coordinates"),
                ("role", "工程组成 / role of the parts"),
                ("layer", "只读这一图层 / layer to read"),
                ("encoding", "文字编码 / text encoding"),
                ("shape", "坐标表列的是 point、line 或 polygon / what a corner table lists"),
                ("datum", "基准转换参数 / datum parameters"),
            )
        },
    },
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "description": "项目，见 docs/reference/project-format.md；可写 as_of / A project; it may state as_of",
                    "required": ["parts"],
                },
                "example": PROJECT,
            },
            MULTIPART: {"schema": _FILE},
        },
    }
}


def routes() -> APIRouter:
    """Return the routes that screen without keeping."""
    router = APIRouter(tags=["screenings"])
    slots = CapacityLimiter(AT_ONCE)

    @router.post(
        "/screenings",
        summary="研判一个项目 / Screen a project",
        description="返回完整记录，与 `sanxian screen --format json` 逐字节相同；不留存。/ The whole record, byte for byte "
        "that of `sanxian screen --format json`; it is not kept.",
        openapi_extra=BODY,
        response_class=Response,
        responses={
            200: {"content": {JSON: {"schema": {"type": "object"}}}, "description": "研判记录 / The record"}
        },
    )
    async def make_screening(
        request: Request,
        want: Annotated[Asked, Depends(asked)],
        here: Annotated[Services, Depends(services)],
        _: Annotated[Caller, Depends(needs(Right.SCREEN))],
    ) -> Response:
        return await from_request(
            request,
            here,
            want,
            lambda made: Response(to_json(made.screening) + b"\n", 200, made.headers, JSON),
            slots,
        )

    @router.post(
        "/screenings/asks",
        summary="只问还要补充的信息 / Only the facts still to ask",
        description="同样的请求，只返回还要补充的事实项，最能决定结论的在前。/ The same request; only the facts still to give, "
        "most decisive first.",
        openapi_extra=BODY,
        response_class=Response,
        responses={
            200: {"content": {JSON: {"schema": {"type": "object"}}}, "description": "待补充信息 / The facts"}
        },
    )
    async def make_asks(
        request: Request,
        want: Annotated[Asked, Depends(asked)],
        here: Annotated[Services, Depends(services)],
        _: Annotated[Caller, Depends(needs(Right.SCREEN))],
    ) -> Response:
        def answer(made: Screened) -> Response:
            content = json.dumps(asks_of(made), ensure_ascii=False).encode("utf-8")
            return Response(content, 200, made.headers, JSON)

        return await from_request(request, here, want, answer, slots)

    return router

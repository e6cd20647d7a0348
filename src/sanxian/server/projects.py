"""The registry over HTTP: projects with their versions, screenings, decisions and attachments."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from sanxian.edition import Edition
from sanxian.errors import (
    BadRegistration,
    CatalogNothing,
    ProjectUnknown,
    RegionForbidden,
    RequestInvalid,
    ResourceNotFound,
    SanxianError,
)
from sanxian.model import Outcome
from sanxian.registry import Connection, attachments, coverage, decisions, projects, screenings, search
from sanxian.registry.projects import Registered
from sanxian.registry.registration import EiaClass, Status
from sanxian.screening import Screening, to_json
from sanxian.server.access import Caller, needs
from sanxian.server.bodies import (
    Body,
    Document,
    RegistrationBody,
    decision_json,
    json_response,
    project_json,
    screening_json,
)
from sanxian.server.conditional import IMMUTABLE, etag, must_match, tagged
from sanxian.server.paging import After, Limit, after_of, cursor, link_next
from sanxian.server.rights import Right
from sanxian.server.screening import judge
from sanxian.server.services import Services, services
from sanxian.server.uploads import receive_file

Here = Annotated[Services, Depends(services)]
Reader = Annotated[Caller, Depends(needs(Right.PROJECT_READ))]
Writer = Annotated[Caller, Depends(needs(Right.PROJECT_WRITE))]
Decider = Annotated[Caller, Depends(needs(Right.DECIDE))]
Number = Annotated[int, Path(ge=1, lt=2**53, description="编号 / number")]
BOX: Final = re.compile(r"-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}")


class NewProject(Body):
    """登记一个项目 / A project to enter."""

    project: Document
    registration: RegistrationBody = Field(default_factory=RegistrationBody)
    placed: bool = Field(
        default=True, description="false：位置尚不可用，没有 parts / the place is not usable yet, no parts"
    )
    analyse: bool = Field(default=True, description="同时研判 / screen it at once")


class ProjectChange(Body):
    """对项目的改动；没有给的不变 / A change; what is not given stays."""

    project: Document | None = None
    registration: RegistrationBody | None = None
    placed: bool = True
    reason: str = Field(default="", max_length=2000, description="改动的理由 / why")


class NewScreening(Body):
    """再研判一次 / Screen again."""

    edition: str = Field(
        default="", max_length=400, description="成果；默认为受理日期有效的 / default: in force on the date"
    )
    as_of: date | None = Field(
        default=None, description="研判日期；默认受理日期，再没有为今天 / default: accepted on, else today"
    )
    count_drafts: bool = False


class NewDecision(Body):
    """人工决定，写在机器判定旁边 / A decision beside the machine's finding."""

    screening: int = Field(ge=1, lt=2**53)
    outcome: Literal[
        "NOT_APPLICABLE", "COMPLIANT", "CONDITIONAL", "NEEDS_REVIEW", "NEEDS_FACTS", "NON_COMPLIANT"
    ]
    reason: str = Field(min_length=1, max_length=10_000, description="理由，必填 / reason, mandatory")
    clause: str = Field(
        default="", max_length=200, description="条款；空为总结论 / clause; empty = the verdict"
    )
    place: str = Field(default="", max_length=200)


class Withdrawal(Body):
    """撤回一个决定 / Taking a decision back."""

    reason: str = Field(min_length=1, max_length=10_000)


def project_filter(
    text: Annotated[
        str, Query(alias="q", max_length=200, description="名称、代码、建设单位中的字词 / words")
    ] = "",
    region: Annotated[
        str, Query(pattern=r"^\d{0,12}$", description="行政区代码前缀 / region, a prefix")
    ] = "",
    authority: Annotated[str, Query(max_length=200)] = "",
    industry: Annotated[
        str, Query(pattern=r"^[A-Z]?\d{0,4}$", description="行业代码前缀 / industry, a prefix")
    ] = "",
    eia_class: EiaClass | None = None,
    status: Status | None = None,
    analysis: Annotated[str, Query(pattern=r"^[a-z_]{0,20}$")] = "",
    verdict: Annotated[str, Query(pattern=r"^[A-Z_]{0,20}$")] = "",
    accepted_from: date | None = None,
    accepted_to: date | None = None,
    bbox: Annotated[str, Query(max_length=200, description="西,南,东,北 / west,south,east,north")] = "",
) -> search.Filter:
    """Return the filter in a query."""
    if verdict and verdict not in Outcome.__members__:
        raise _wrong("verdict", verdict)
    box = None
    if bbox:
        if not BOX.fullmatch(bbox):
            raise _wrong("bbox", bbox)
        west, south, east, north = map(float, bbox.split(","))
        box = (west, south, east, north)
    return search.Filter(
        text=text,
        region=region,
        authority=authority,
        industry=industry.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        eia_class=eia_class or "",
        status=status or "",
        analysis=analysis,
        verdict=Outcome[verdict] if verdict else None,
        accepted_from=accepted_from,
        accepted_to=accepted_to,
        bbox=box,
    )


def _wrong(name: str, given: str) -> RequestInvalid:
    return RequestInvalid(
        reason={"zh": f"{name} 的值“{given}”不能使用", "en": f"{name}: “{given}” cannot be used"}
    )


def tag_of(row: Registered) -> str:
    """Return the entity tag of a project: of what people change and of what was found since."""
    return etag("project", row.id, row.revision, row.analysis, row.screening or 0)


def shown(request: Request, row: Registered, status: int = 200) -> Response:
    """Return a project as an answer."""
    response = json_response(project_json(row), status)
    if status == 201:
        response.headers["Location"] = f"/api/v1/projects/{row.id}"
    return tagged(request, response, tag_of(row))


# --- screening a registered project ----------------------------------------------------------------


def opened_by(here: Services, connection: Connection, digest: str) -> Edition:
    """Return an edition by digest, withdrawn or not: old screenings name it still."""
    from sanxian.registry import editions

    try:
        return here.editions.get(digest)
    except ResourceNotFound:
        return editions.opened(connection, here.registry, digest)


def analysed(here: Services, who: Caller, number: int, want: NewScreening, cause: str) -> screenings.Kept:
    """Screen a registered project and keep the answer, also when it is an error; say which screening counts."""
    with here.registry.read() as connection:
        row = projects.get(connection, who.scope, number)
        version = projects.version_of(connection, who.scope, number)
    as_of = want.as_of or row.accepted_on or here.today()
    edition = here.editions.chosen(want.edition or None, row.region or None, as_of)
    result: Screening | SanxianError
    written: bytes | None = None
    try:
        result = judge(here, projects.project_of(version), edition, as_of, want.count_drafts)
        written = to_json(result)
    except SanxianError as error:
        result = error
    with here.registry.begin() as connection:
        kept = screenings.add(
            connection,
            row.id,
            result,
            at=here.now(),
            by=who.name,
            cause=cause,
            version=version.version,
            edition=edition.info.digest,
            as_of=as_of,
            count_drafts=want.count_drafts,
            written=written,
        )
        settle(here, connection, [row.id])
    return kept


def settle(here: Services, connection: Connection, numbers: list[int]) -> None:
    """Say which screening of each project counts."""
    coverage.settle(connection, here.editions.catalog(), numbers)


def counties(here: Services, region: str) -> projects.Counties | None:
    """Return what tells the county of a place, by the newest edition of the region; ``None`` without one."""
    entries = here.editions.entries()
    if not entries:
        return None
    homes = {e.info.region for e in entries}
    home = here.editions.catalog().home(region) if region else next(iter(homes)) if len(homes) == 1 else ""
    found = [e for e in entries if e.info.region == home] or ([] if region else list(entries))
    if not found:
        return None
    newest = max(found, key=lambda e: (e.info.valid_from, e.info.digest))
    return here.editions.counties(newest)


# --- routes ------------------------------------------------------------------------------------------


def routes() -> APIRouter:
    """Return the routes of the registry."""
    router = APIRouter(tags=["projects"])
    _lists(router)
    _one(router)
    _screenings(router)
    _decisions(router)
    _attachments(router)
    return router


def _lists(router: APIRouter) -> None:
    @router.get("/projects", summary="查找项目 / Find projects")
    def find(
        request: Request,
        here: Here,
        who: Reader,
        wanted: Annotated[search.Filter, Depends(project_filter)],
        after: After = "",
        limit: Limit = 50,
        count: Annotated[bool, Query(description="一并给出总数 / with the number of all")] = False,
    ) -> Response:
        place = after_of(after, ((str, type(None)), int))
        start = None
        if place is not None:
            try:
                day = None if place[0] is None else date.fromisoformat(place[0])
            except ValueError:
                raise _wrong("after", after[:50]) from None
            start = search.After(day, place[1])
        with here.registry.read() as connection:
            page = search.find(connection, who.scope, wanted, after=start, limit=limit)
            number = search.count(connection, who.scope, wanted) if count else None
        ahead = None
        if page.next is not None:
            day_ = page.next.accepted_on
            ahead = cursor([None if day_ is None else day_.isoformat(), page.next.id])
        body: dict[str, Any] = {"items": [project_json(row) for row in page.rows]}
        response = Response()
        body["next"] = link_next(request, response, ahead)
        if number is not None:
            body["count"] = number.number
        link = {"Link": response.headers["Link"]} if ahead else {}
        return json_response(body, headers=link | {"Cache-Control": "no-store"})

    @router.post("/projects", status_code=201, summary="登记一个项目 / Enter a project")
    def add(request: Request, here: Here, who: Writer, body: NewProject) -> Response:
        registration = body.registration.registration()
        with here.registry.begin() as connection:
            row = projects.add(
                connection,
                body.project,
                registration,
                at=here.now(),
                by=who.name,
                owner=who.scope.owner,
                source="api",
                county_of=counties(here, registration.region),
                placed=body.placed,
            )
            try:
                projects.get(connection, who.scope, row.id)
            except ProjectUnknown:  # a county may not write into another one
                raise RegionForbidden(region=row.region or "-", own=who.region or "-") from None
            settle(here, connection, [row.id])
        if body.analyse and body.placed:
            with suppress(CatalogNothing):  # entered all the same; the coverage says that it is not analysed
                analysed(here, who, row.id, NewScreening(edition="", as_of=None, count_drafts=False), "first")
        with here.registry.read() as connection:
            return shown(request, projects.get(connection, who.scope, row.id), 201)


def _one(router: APIRouter) -> None:
    @router.get("/projects/{number}", summary="一个项目 / One project")
    def get(request: Request, here: Here, who: Reader, number: Number) -> Response:
        with here.registry.read() as connection:
            return shown(request, projects.get(connection, who.scope, number))

    @router.patch(
        "/projects/{number}", summary="改动一个项目（须带 If-Match）/ Change a project (needs If-Match)"
    )
    def change(request: Request, here: Here, who: Writer, number: Number, body: ProjectChange) -> Response:
        with here.registry.begin() as connection:
            row = projects.get(connection, who.scope, number)
            must_match(request, tag_of(row), zh=f"项目 {number}", en=f"project {number}")
            if body.project is None and body.registration is None:
                raise BadRegistration(
                    reason={"zh": "没有给出要改的内容", "en": "nothing to change was given"}
                )
            registration = None if body.registration is None else body.registration.registration()
            changed = projects.amend(
                connection,
                who.scope,
                number,
                revision=row.revision,
                at=here.now(),
                by=who.name,
                document=body.project,
                registration=registration,
                reason=body.reason,
                county_of=counties(here, row.region),
                placed=body.placed,
            )
            try:
                projects.get(connection, who.scope, number)
            except ProjectUnknown:
                raise RegionForbidden(region=changed.region or "-", own=who.region or "-") from None
            settle(here, connection, [number])
        with here.registry.read() as connection:
            return shown(request, projects.get(connection, who.scope, number))

    @router.get("/projects/{number}/document", summary="项目文件 / The project's document")
    def document(
        request: Request,
        here: Here,
        who: Reader,
        number: Number,
        version: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    ) -> Response:
        with here.registry.read() as connection:
            found = projects.version_of(connection, who.scope, number, version)
        response = Response(found.document.encode(), media_type="application/json")
        return tagged(request, response, etag("document", found.sha256))

    @router.get("/projects/{number}/versions", summary="各版本 / Versions")
    def versions(here: Here, who: Reader, number: Number) -> Response:
        with here.registry.read() as connection:
            found = projects.versions(connection, who.scope, number)
        return json_response(
            {"items": [{k: v for k, v in asdict(one).items() if k != "document"} for one in found]}
        )


def _screenings(router: APIRouter) -> None:
    @router.get("/projects/{number}/screenings", summary="研判记录 / Screenings of a project")
    def screenings_of(
        request: Request, here: Here, who: Reader, number: Number, after: After = "", limit: Limit = 50
    ) -> Response:
        place = after_of(after, (int,))
        with here.registry.read() as connection:
            found = screenings.of_project(
                connection, who.scope, number, before=None if place is None else place[0], limit=limit + 1
            )
        return paged(request, [screening_json(one) for one in found], limit, lambda row: [row["id"]])

    @router.post("/projects/{number}/screenings", status_code=201, summary="研判并留存 / Screen and keep")
    def screen_again(here: Here, who: Writer, number: Number, body: NewScreening) -> Response:
        kept = analysed(here, who, number, body, "again")
        return json_response(
            screening_json(kept),
            201,
            {"Location": f"/api/v1/screenings/{kept.id}", "Cache-Control": "no-store"},
        )


def paged(request: Request, rows: list[dict[str, Any]], limit: int, key: Any) -> Response:
    """Return a page of rows, one more than wanted when there is another page."""
    ahead = cursor(key(rows[limit - 1])) if len(rows) > limit else None
    holder = Response()
    body = {"items": rows[:limit], "next": link_next(request, holder, ahead)}
    link = {"Link": holder.headers["Link"]} if ahead else {}
    return json_response(body, headers=link | {"Cache-Control": "no-store"})


def _decisions(router: APIRouter) -> None:
    @router.get("/projects/{number}/decisions", summary="人工决定 / Decisions")
    def decisions_of(here: Here, who: Reader, number: Number) -> Response:
        with here.registry.read() as connection:
            found = decisions.of_project(connection, who.scope, number)
        standing = {one.id for one in decisions.standing(found)}
        return json_response({"items": [decision_json(d) | {"stands": d.id in standing} for d in found]})

    @router.post("/projects/{number}/decisions", status_code=201, summary="作出决定 / Decide")
    def decide(here: Here, who: Decider, number: Number, body: NewDecision) -> Response:
        with here.registry.begin() as connection:
            about = screenings.get(connection, who.scope, body.screening)
            if about.project != number:
                raise ResourceNotFound(
                    what={
                        "zh": f"项目 {number} 的研判 {body.screening}",
                        "en": f"screening {body.screening} of it",
                    }
                )
            made = decisions.add(
                connection,
                who.scope,
                body.screening,
                Outcome[body.outcome],
                reason=body.reason,
                at=here.now(),
                by=who.name,
                clause=body.clause,
                place=body.place,
                opened=lambda digest: opened_by(here, connection, digest),
            )
        return json_response(decision_json(made), 201)

    @router.post("/decisions/{number}/withdrawal", status_code=201, summary="撤回决定 / Take a decision back")
    def withdraw(here: Here, who: Decider, number: Number, body: Withdrawal) -> Response:
        with here.registry.begin() as connection:
            made = decisions.withdraw(
                connection, who.scope, number, reason=body.reason, at=here.now(), by=who.name
            )
        return json_response(decision_json(made), 201)


_ATTACHMENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                        "purpose": {"type": "string", "maxLength": 40},
                    },
                }
            }
        },
    }
}


def _attachments(router: APIRouter) -> None:
    @router.get("/projects/{number}/attachments", summary="附件 / Attachments")
    def attachments_of(here: Here, who: Reader, number: Number) -> Response:
        with here.registry.read() as connection:
            found = attachments.of_project(connection, who.scope, number)
        return json_response({"items": [asdict(one) for one in found]})

    @router.post(
        "/projects/{number}/attachments",
        status_code=201,
        summary="上传附件 / Attach a file",
        openapi_extra=_ATTACHMENT,
    )
    async def attach(request: Request, here: Here, who: Writer, number: Number) -> Response:
        async with receive_file(request, ("purpose",)) as (fields, path, name):

            def work() -> Response:
                with here.registry.read() as connection:
                    projects.get(
                        connection, who.scope, number
                    )  # nothing is stored for a project nobody may see
                content = attachments.store(
                    here.registry, attachments.pieces(path), name=name, most=here.settings.max_upload_bytes
                )
                with here.registry.begin() as connection:
                    made = attachments.add(
                        connection,
                        who.scope,
                        number,
                        content,
                        name=name,
                        at=here.now(),
                        by=who.name,
                        purpose=fields.get("purpose", "")[:40],
                    )
                return json_response(asdict(made), 201)

            return await run_in_threadpool(work)

    @router.get(
        "/projects/{number}/attachments/{sha256}",
        summary="取附件 / Get an attachment",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "内容 / Content"}},
    )
    def attachment(
        request: Request,
        here: Here,
        who: Reader,
        number: Number,
        sha256: Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")],
    ) -> Response:
        with here.registry.read() as connection:
            found = [a for a in attachments.of_project(connection, who.scope, number) if a.sha256 == sha256]
        if not found:
            raise ResourceNotFound(what={"zh": f"附件 {sha256}", "en": f"attachment {sha256}"})
        path = attachments.opened(here.registry, found[0])
        response = FileResponse(path, media_type=found[0].media_type)
        # never shown in the page: what somebody uploaded must not run as ours
        response.headers["Content-Disposition"] = (
            f"attachment; filename*=UTF-8''{quote(found[0].name, safe='')}"
        )
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return tagged(request, response, etag(sha256), IMMUTABLE)

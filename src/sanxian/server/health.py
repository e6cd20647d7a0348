"""Whether the server lives, whether it can answer, and its figures."""

from __future__ import annotations

import ipaddress
import json
import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from sanxian.errors import ResourceNotFound, SanxianError
from sanxian.registry import jobs, moment
from sanxian.server.access import Caller, caller
from sanxian.server.rights import Right
from sanxian.server.services import Services, services


def checks(here: Services) -> list[dict[str, Any]]:
    """Return what is not as it should be: name, whether the server cannot answer because of it, and why."""
    found: list[dict[str, Any]] = []

    def note(name: str, zh: str, en: str, *, stops: bool, code: str = "") -> None:
        found.append({"check": name, "stops": stops, "code": code, "zh": zh, "en": en})

    try:
        with here.registry.read() as connection:
            by_state = jobs.counts(connection)
        if here.metrics is not None:
            for state, number in by_state.items():
                here.metrics.jobs.labels(state).set(number)
    except SanxianError as error:
        note("database", error.text("zh-CN"), error.text("en"), stops=True, code=error.code)
    try:
        free = shutil.disk_usage(here.folder).free
        if here.metrics is not None:
            here.metrics.disk_free.set(free)
        if free < here.settings.low_disk_mb << 20:
            zh, en = f"磁盘只剩 {free >> 20} MB", f"only {free >> 20} MB of disk left"
            note("disk", zh, en, stops=free < 16 << 20)
    except OSError as error:
        note("disk", f"数据文件夹不可用：{error.strerror}", f"data folder: {error.strerror}", stops=True)
    try:
        for name, why in here.editions.problems(look=not found):  # what is offered is asked of the database
            note(
                "edition",
                f"{name}：{why.text('zh-CN')}",
                f"{name}: {why.text('en')}",
                stops=False,
                code=why.code,
            )
        if not here.editions.entries():
            note("editions", "没有任何成果", "there is no edition", stops=True)
    except SanxianError as error:
        note("editions", error.text("zh-CN"), error.text("en"), stops=True, code=error.code)
    return found


def routes() -> APIRouter:
    """Return the routes of health and figures."""
    router = APIRouter(tags=["service"])

    @router.get("/health", summary="是否可用 / Whether it can answer")
    @router.get("/health/ready", summary="是否可用及原因 / Whether it can answer, and why not")
    def ready(here: Annotated[Services, Depends(services)]) -> Response:
        found = checks(here)
        stopped = any(one["stops"] for one in found)
        state = "unavailable" if stopped else "degraded" if found else "ready"
        body = {"state": state, "at": moment(here.now()), "warm": here.editions.warm, "reasons": found}
        content = json.dumps(body, ensure_ascii=False).encode()
        return Response(content, 503 if stopped else 200, {"Cache-Control": "no-store"}, "application/json")

    @router.get("/health/live", summary="进程是否活着 / Whether the process lives")
    async def live() -> dict[str, str]:
        return {"state": "live"}

    @router.get(
        "/metrics",
        summary="Prometheus 指标 / Figures for Prometheus",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "指标 / Figures"}
        },
    )
    def metrics(
        request: Request,
        here: Annotated[Services, Depends(services)],
        who: Annotated[Caller, Depends(caller)],
    ) -> Response:
        if Right.OPERATE not in who.rights and not _is_own(request):
            raise ResourceNotFound(what=request.url.path)
        assert here.metrics is not None  # noqa: S101 - create_app made it
        content, media_type = here.metrics.text()
        return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    return router


def _is_own(request: Request) -> bool:
    """Return whether the request comes from this machine and not through a proxy on it."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

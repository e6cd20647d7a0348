"""The app: every router of the server on one set of services."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from sanxian import __version__
from sanxian.server import (
    accounts_routes,
    answers_routes,
    capabilities,
    coverage,
    health,
    job_routes,
    kept,
    ogc,
    oidc_routes,
    problems,
    projects,
    screening,
    tiles,
    zoning,
)
from sanxian.server.access import Door
from sanxian.server.idempotency import Idempotency
from sanxian.server.metrics import Metrics
from sanxian.server.reading import Readers
from sanxian.server.services import Services
from sanxian.server.traffic import Traffic

API: Final = "/api/v1"
TAGS: Final = (
    (
        "screenings",
        "研判：一次调用得到结论、依据和待补充信息 / One call gives verdict, evidence and the facts to give",
    ),
    (
        "projects",
        "台账：项目、版本、研判记录、人工决定、附件 / The registry: projects, versions, screenings, decisions",
    ),
    ("coverage", "符合性分析率、台账导入、成果更新后的复核 / Analysis rate, ledgers, re-checks"),
    ("editions", "分区成果：图层、条款、一个点适用什么 / Editions: layers, clauses, what applies at a point"),
    ("jobs", "批量任务：进度、取消、断点续作 / Jobs: progress, cancelling, going on after a crash"),
    ("accounts", "账户、会话、令牌、审计 / People, sessions, tokens, audit"),
    ("tiles", "矢量瓦片 / Vector tiles"),
    ("service", "能力、版本、健康状况、指标 / Capabilities, versions, health, metrics"),
)
DESCRIPTION: Final = """生态环境分区管控（三线一单）研判服务。结论只供决策参考，不代替审批。
错误一律为 `application/problem+json`，中英文并列；`Accept-Language` 决定 `detail` 的语言。

Screening against ecological-environment zoning. It informs a decision and does not replace approval.
Every error is `application/problem+json` in both languages; `Accept-Language` chooses the language of `detail`."""
PROBLEM: Final = {
    "description": "错误 / Error (RFC 9457)",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def create_app(services: Services) -> FastAPI:
    """Return the server as an ASGI application.

    Parameters
    ----------
    services : Services
        Registry, editions, settings and clock of this deployment. What it does not bring (figures, readers of
        uploads) is made here and ends with the app.
    """
    metrics = services.metrics or Metrics()
    settings = services.settings
    readers = services.readers or Readers(
        waiting=settings.readers, seconds=settings.reader_seconds, memory_mb=settings.reader_memory_mb
    )
    door = services.door or Door.of(services)
    here = dataclasses.replace(services, metrics=metrics, readers=readers, door=door)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm, args=(here,), daemon=True).start()
        unwatch = here.editions.watch()
        try:
            yield
        finally:
            unwatch()
            readers.close()

    app = FastAPI(
        title="三线 Sanxian",
        summary="生态环境分区管控研判 / Ecological-environment zoning control",
        description=DESCRIPTION,
        version=__version__,
        license_info={"name": "Apache-2.0"},
        openapi_tags=[{"name": name, "description": words} for name, words in TAGS],
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(Traffic, settings=settings, metrics=metrics),
            Middleware(Idempotency, services=here),
        ],
        responses={"default": PROBLEM},
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.services = here
    problems.install(app)
    for module in (
        screening,
        kept,
        projects,
        zoning,
        coverage,
        job_routes,
        answers_routes,
        capabilities,
        accounts_routes,
        oidc_routes,
    ):
        app.include_router(module.routes(), prefix=API)
    for router in (kept.links(), health.routes(), ogc.routes(), tiles.routes()):
        app.include_router(router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _warm(here: Services) -> None:
    """Get ready what the first caller would wait for."""
    if here.readers is not None:
        here.readers.start()
    here.editions.prepare()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description of the API, with the schema of problems in it."""
    if app.openapi_schema is None:
        from fastapi.openapi.utils import get_openapi

        made = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            license_info=app.license_info,
            separate_input_output_schemas=False,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM_SCHEMA
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path in made["paths"].values():
            for operation in path.values():
                if "422" in operation.get("responses", {}):
                    operation["responses"]["422"] = PROBLEM
        app.openapi_schema = made
    return app.openapi_schema


_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "code", "zh", "en"],
    "properties": {
        "type": {"type": "string", "description": "urn:sanxian:problem:CODE"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "按 Accept-Language / in the language asked for"},
        "code": {"type": "string", "description": "稳定的错误代码 / stable code of the error"},
        "zh": {"type": "string"},
        "en": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "problems": {"type": "array", "items": {"type": "object"}},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}

"""The routes: what is asked is read, the document made, and sent with its tag, language and reference system."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from numpy.typing import NDArray
from starlette.responses import StreamingResponse

from sanxian.errors import BadParameter, NothingThere
from sanxian.model import SYNTHETIC
from sanxian.server.access import needs
from sanxian.server.ogc import crs, documents, openapi, pages, query
from sanxian.server.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, SCHEMA, Setting
from sanxian.server.ogc.features import Features, Shelf
from sanxian.server.ogc.offered import Collection, collection, collections, etag
from sanxian.server.problems import language_of
from sanxian.server.rights import Right
from sanxian.server.services import Services, services

FIXED: Final = "public, max-age=86400, immutable"  # what an address with a digest names never changes
ROLLING: Final = "public, no-cache"  # asked again each time; the tag answers
EDITION: Final = 1  # of these documents: raised when the same request gives other bytes than before
_LAYERS: Final = 512  # kept ready


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request before its own parameters: where, in which language and format."""

    request: Request
    services: Services
    setting: Setting
    form: str  # json or html
    parameters: dict[str, str]  # of the request, as given

    def tag(self, *parts: object) -> str:
        return etag(EDITION, self.setting.root, self.setting.lang, self.form, self.request.url.path,
                    self.request.url.query, *parts)  # fmt: skip

    def others(self) -> dict[str, str]:
        """Return the headers of every answer."""
        return {"Content-Language": self.setting.lang, "Vary": "Accept, Accept-Language"}

    def fresh(self, tag: str, cache: str) -> Response | None:
        """Return the answer to a client that has it already."""
        known = self.request.headers.get("if-none-match", "")
        if known.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
            return Response(status_code=304, headers={**self.others(), "ETag": tag, "Cache-Control": cache})
        return None

    def answer(self, content: Any, media: str, tag: str, cache: str, **headers: str) -> Response:
        """Return a document: bytes as they are, anything else as JSON."""
        body = content if isinstance(content, bytes) else _json(content)
        told = {**self.others(), "ETag": tag, "Cache-Control": cache, **headers}
        return Response(
            body, media_type=media if self.form == "json" else f"{HTML}; charset=utf-8", headers=told
        )


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _asked(request: Request, found: Services) -> _Asked:
    given = dict(request.query_params)
    form = given.get("f") or _form(request.headers.get("accept", ""))
    if form not in ("json", "html"):
        raise BadParameter(
            parameter="f", reason={"zh": "应为 json 或 html", "en": "it has to be json or html"}
        )
    lang = given.get("lang")
    if lang is not None and lang not in ("zh-CN", "zh", "en"):
        raise BadParameter(
            parameter="lang", reason={"zh": "应为 zh-CN 或 en", "en": "it has to be zh-CN or en"}
        )
    spoken = language_of(request.headers) if lang is None else "en" if lang == "en" else "zh-CN"
    root = (found.settings.public_url or str(request.base_url)).rstrip("/")
    return _Asked(
        request=request, services=found, setting=Setting(root=root, lang=spoken), form=form, parameters=given
    )


def _form(accept: str) -> str:
    """Return the format a client prefers: a page only for those who name pages before JSON."""
    best, form = 0.0, "json"
    for item in accept.lower().split(",")[:20]:
        kind, _, rest = item.strip().partition(";")
        weight = next((piece.strip()[2:] for piece in rest.split(";") if piece.strip().startswith("q=")), "1")
        try:
            q = float(weight)
        except ValueError:
            continue
        offered = {
            "text/html": "html",
            "application/xhtml+xml": "html",
            "application/json": "json",
            "application/geo+json": "json",
        }
        if kind.strip() in offered and q > best:
            best, form = q, offered[kind.strip()]
    return form


def routes() -> APIRouter:
    """Return the router of everything under ``/ogc``; it keeps the layers it has made ready."""
    router = APIRouter(prefix="/ogc", dependencies=[Depends(needs(Right.LOOK))], include_in_schema=False)
    shelf: Shelf[Features] = Shelf(_LAYERS)

    def ready(found: Collection) -> Features:
        key = found.edition.info.digest, found.layer.id
        return shelf.get(key, lambda: Features(found.edition, found.layer))

    def add(path: str, handle: Callable[..., Response]) -> None:
        router.add_api_route(path, handle, methods=["GET", "HEAD"])

    def landing(request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        query.known(request.query_params, query.EVERYWHERE)
        tag = asked.tag()
        if (fresh := asked.fresh(tag, ROLLING)) is not None:
            return fresh
        made = documents.landing(asked.setting, asked.parameters, asked.form)
        synthetic = any(entry.info.synthetic for entry in found.editions.entries())
        page = pages.landing(asked.setting, made, asked.parameters, synthetic=synthetic)
        return asked.answer(made if asked.form == "json" else page, JSON, tag, ROLLING)

    def api(request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        query.known(request.query_params, query.EVERYWHERE)
        made = openapi.description(asked.setting)
        tag = asked.tag(made["info"]["version"])
        if (fresh := asked.fresh(tag, ROLLING)) is not None:
            return fresh
        page = pages.api(asked.setting, made, asked.parameters)
        return asked.answer(made if asked.form == "json" else page, OPENAPI, tag, ROLLING)

    def conformance(request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        query.known(request.query_params, query.EVERYWHERE)
        tag = asked.tag(documents.CONFORMANCE)
        if (fresh := asked.fresh(tag, ROLLING)) is not None:
            return fresh
        made = documents.conformance(asked.setting, asked.parameters, asked.form)
        page = pages.conformance(asked.setting, made, asked.parameters)
        return asked.answer(made if asked.form == "json" else page, JSON, tag, ROLLING)

    def listed(request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        query.known(request.query_params, query.EVERYWHERE)
        every = collections(found)
        tag = asked.tag(*((one.id, one.edition.info.digest) for one in every))
        if (fresh := asked.fresh(tag, ROLLING)) is not None:
            return fresh
        prepared = [(one, ready(one)) for one in every]
        if asked.form == "html":
            content: Any = pages.collections(asked.setting, prepared, asked.parameters)
        else:
            told = [
                documents.collection(one, features, asked.setting, {}, "json") for one, features in prepared
            ]
            content = documents.collections(asked.setting, asked.parameters, asked.form, told)
        return asked.answer(content, JSON, tag, ROLLING)

    def one(collection_id: str, request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        query.known(request.query_params, query.EVERYWHERE)
        wanted = collection(found, collection_id)
        cache, tag = _lasting(wanted), asked.tag(wanted.edition.info.digest)
        if (fresh := asked.fresh(tag, cache)) is not None:
            return fresh
        made = documents.collection(wanted, ready(wanted), asked.setting, asked.parameters, asked.form)
        page = pages.collection(asked.setting, wanted, made, asked.parameters)
        return asked.answer(made if asked.form == "json" else page, JSON, tag, cache)

    def queryables(collection_id: str, request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        query.known(request.query_params, query.EVERYWHERE)
        wanted = collection(found, collection_id)
        cache, tag = _lasting(wanted), asked.tag(wanted.edition.info.digest)
        if (fresh := asked.fresh(tag, cache)) is not None:
            return fresh
        made = documents.queryables(wanted, ready(wanted), asked.setting)
        page = pages.queryables(asked.setting, wanted, made, asked.parameters)
        return asked.answer(made if asked.form == "json" else page, SCHEMA, tag, cache)

    def items(collection_id: str, request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        asked = _asked(request, found)
        wanted = collection(found, collection_id)
        features = ready(wanted)
        question = query.read(request.query_params, features, documents.offered(features))
        cache, tag = _lasting(wanted), asked.tag(wanted.edition.info.digest)
        if (fresh := asked.fresh(tag, cache)) is not None:
            return fresh
        rows = query.select(question, features)
        return _items(asked, wanted, features, question, rows, tag, cache)

    def item(
        collection_id: str,
        code: str,
        request: Request,
        found: Services = Depends(services),  # noqa: B008
    ) -> Response:
        asked = _asked(request, found)
        wanted = collection(found, collection_id)
        features = ready(wanted)
        given = query.known(request.query_params, (*query.EVERYWHERE, "crs"))
        uri = query.crs_of(given, "crs", documents.offered(features))
        if code not in features.row_of:
            raise NothingThere(
                what=code,
                reason={
                    "zh": f"要素集 {wanted.id} 中没有此编码",
                    "en": f"collection {wanted.id} has no such code",
                },
            )
        cache, tag = _lasting(wanted), asked.tag(wanted.edition.info.digest)
        if (fresh := asked.fresh(tag, cache)) is not None:
            return fresh
        row = features.row_of[code]
        if asked.form == "html":
            page = pages.item(asked.setting, wanted, features, row, asked.parameters)
            return asked.answer(page, HTML, tag, cache)
        path = asked.setting.item(wanted.id, code)
        links = [
            *documents.both(asked.setting, path, asked.parameters, asked.form, GEOJSON),
            documents.link(
                asked.setting.collection(wanted.id), "collection", JSON, asked.setting.say("collection")
            ),
        ]
        (told,) = features.write(np.array([row]), lambda shapes: crs.to(shapes, uri))
        body = f'{told[:-1]},"links":{json.dumps(links, ensure_ascii=False)}}}\n'.encode()
        return asked.answer(body, GEOJSON, tag, cache, **{"Content-Crs": f"<{uri}>"})

    for path, handle in (
        ("", landing), ("/", landing), ("/api", api), ("/conformance", conformance), ("/collections", listed),
        ("/collections/{collection_id}", one), ("/collections/{collection_id}/queryables", queryables),
        ("/collections/{collection_id}/items", items), ("/collections/{collection_id}/items/{code:path}", item),
    ):  # fmt: skip
        add(path, handle)
    return router


def _lasting(wanted: Collection) -> str:
    return ROLLING if wanted.opened.rolling else FIXED


def _items(
    asked: _Asked,
    wanted: Collection,
    features: Features,
    question: query.Query,
    rows: NDArray[np.intp],
    tag: str,
    cache: str,
) -> Response:
    """Return one page of features, written as it is sent."""
    here = rows[question.offset : question.offset + question.limit]
    links = _page_links(asked, wanted, question, len(rows))
    if asked.form == "html":
        said = asked.setting.say("matched", matched=len(rows), returned=len(here))
        page = pages.items(asked.setting, wanted, features, here.tolist(), links, said, asked.parameters)
        return asked.answer(page, HTML, tag, cache)
    headers = {
        **asked.others(),
        "ETag": tag,
        "Cache-Control": cache,
        "Content-Crs": f"<{question.crs}>",
        "Link": ", ".join(f'<{one["href"]}>; rel="{one["rel"]}"; type="{one["type"]}"' for one in links),
        "OGC-NumberMatched": str(len(rows)),
        "OGC-NumberReturned": str(len(here)),
    }
    if asked.request.method == "HEAD":
        return Response(media_type=GEOJSON, headers=headers)
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "numberMatched": len(rows),
        "numberReturned": len(here),
        "links": links,
    }
    if wanted.edition.info.synthetic:
        head["remark"] = SYNTHETIC

    def body() -> Iterator[str]:
        yield json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"features":[\n'
        yield from features.write(here, lambda shapes: crs.to(shapes, question.crs))
        yield "\n]}\n"

    return StreamingResponse(body(), media_type=GEOJSON, headers=headers)


def _page_links(
    asked: _Asked, wanted: Collection, question: query.Query, matched: int
) -> list[dict[str, str]]:
    """Return the links of a page; those to other pages name the edition by digest, so that they stay on it."""
    setting, given = asked.setting, asked.parameters
    path = f"{setting.collection(wanted.id)}/items"
    links = documents.both(setting, path, given, asked.form, GEOJSON)
    fixed = f"{setting.collection(wanted.fixed_id)}/items"
    media = GEOJSON if asked.form == "json" else HTML

    def page(offset: int, rel: str, limit: int) -> dict[str, str]:
        there = _with(given, limit=str(limit), offset=str(offset))
        return documents.link(documents.address(fixed, there), rel, media, setting.say(rel))

    if question.offset + question.limit < matched:
        links.append(page(question.offset + question.limit, "next", question.limit))
    if question.offset > 0:
        links.append(page(max(0, question.offset - question.limit), "prev", question.limit))
    links.append(documents.link(setting.collection(wanted.id), "collection", JSON, setting.say("collection")))
    return links


def _with(given: Mapping[str, str], **more: str) -> dict[str, str]:
    return {**{name: value for name, value in given.items() if name not in more}, **more}

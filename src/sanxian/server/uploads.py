"""An upload: a form with a footprint file and the rest of the project, kept in a folder of its own until it is answered."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Final, cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from sanxian.edition import Edition
from sanxian.errors import MediaTypeUnsupported, RequestInvalid
from sanxian.geometry import Footprint
from sanxian.project import parse_document
from sanxian.server.reading import Readers, Wanted
from sanxian.server.services import Services

MULTIPART: Final = "multipart/form-data"
READING: Final = ("crs", "role", "layer", "encoding", "shape", "datum")
SHAPES: Final = ("point", "line", "polygon")
MAX_FIELDS: Final = 20
MAX_FIELD_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a form brought."""

    path: Path
    name: str
    document: Mapping[str, object]  # the project without its parts
    reading: Mapping[str, str]
    services: Services

    def read(self, edition: Edition) -> Footprint:
        """Return the footprint in the file, read in a process of its own; raises as :meth:`Readers.read`."""
        here = self.services
        wanted = Wanted(path=self.path, name=self.name, **self.reading)
        readers = here.readers or Readers(waiting=0)
        try:
            found = readers.read(wanted, here.editions.region(edition))
        except Exception:
            if here.metrics is not None:
                here.metrics.readings.labels("refused").inc()
            raise
        if here.metrics is not None:
            here.metrics.readings.labels("read").inc()
        return found


@asynccontextmanager
async def receive_upload(request: Request, here: Services) -> AsyncIterator[Upload]:
    """Yield the upload in a request; its file is gone afterwards.

    Raises
    ------
    RequestInvalid
        There is not exactly one file, or a field is unknown, given twice, or too long.
    """
    async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
        fields, file = _fields(form, ("project", *READING))
        with tempfile.TemporaryDirectory(prefix="sanxian-upload-") as folder:
            name = plain_name(file.filename or "")
            path = Path(folder, name)
            await run_in_threadpool(_save, file.file, path)
            document: Mapping[str, object] = {}
            if text := fields.pop("project", ""):
                document, _ = parse_document(text.encode("utf-8"), "project.json")
            stated = {"name": name, **document} if not document.get("name") else document
            yield Upload(path=path, name=name, document=stated, reading=fields, services=here)


@asynccontextmanager
async def receive_file(
    request: Request, known: Sequence[str] = ()
) -> AsyncIterator[tuple[dict[str, str], Path, str]]:
    """Yield the fields, the file and its name of a form that brings one file; raises as :func:`receive_upload`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MULTIPART:
        raise MediaTypeUnsupported(given=kind or "-", known=MULTIPART)
    async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
        fields, file = _fields(form, known)
        with tempfile.TemporaryDirectory(prefix="sanxian-upload-") as folder:
            name = plain_name(file.filename or "")
            path = Path(folder, name)
            await run_in_threadpool(_save, file.file, path)
            yield fields, path, name


def _fields(form: FormData, known: Sequence[str]) -> tuple[dict[str, str], UploadFile]:
    fields: dict[str, str] = {}
    files: list[UploadFile] = []
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            if key != "file":
                raise _wrong(
                    f"不认识文件项 {key!r}，应为 file", f"unknown file field {key!r}; it must be file"
                )
            files.append(value)
        elif key not in known or key in fields:
            raise _wrong(f"不认识或重复的项 {key!r}", f"unknown or repeated field {key!r}")
        elif value:
            fields[key] = value
    if len(files) != 1:
        raise _wrong("应恰有一个文件（file）", "there must be exactly one file (file)")
    if fields.get("shape", SHAPES[0]) not in SHAPES:
        raise _wrong("shape 应为 point、line 或 polygon", "shape must be point, line or polygon")
    return fields, files[0]


def _wrong(zh: str, en: str) -> RequestInvalid:
    return RequestInvalid(reason={"zh": zh, "en": en})


def plain_name(given: str) -> str:
    r"""Return a name a file of ours may have: no folder, no control characters, not too long.

    Examples
    --------
    >>> plain_name("../../etc/passwd"), plain_name("C:\\红线.zip"), plain_name("\0")
    ('passwd', '红线.zip', 'upload')
    """
    name = PurePath(given.replace("\\", "/")).name
    name = "".join(c for c in unicodedata.normalize("NFC", name) if c.isprintable())
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    while len(name.encode()) > 180:
        stem = stem[:-1] if dot else name[:-1]
        name = f"{stem}{dot}{suffix}" if dot and stem else (stem or suffix)[:60]
    return name or "upload"


def _save(source: Any, path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(cast("BinaryIO", source), target, 1 << 20)

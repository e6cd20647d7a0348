"""Opening an archive without harm: names, links, sizes and ratios are checked before a byte is unpacked."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from ..errors import FootprintBroken, FootprintFormat, FootprintTooLarge, FootprintUnsafe

FORMATS: Final = (
    "GeoJSON, Shapefile (.zip/folder/.shp), KML, KMZ, GeoPackage, File Geodatabase (.gdb/.zip), DXF, "
    "Excel (.xlsx), CSV/TXT, WKT"
)
MAX_FILE_BYTES: Final = 200 * 2**20  # one input file
MAX_MEMBERS: Final = 2_000
MAX_UNPACKED_BYTES: Final = 500 * 2**20
MAX_RATIO: Final = 200  # of a member or of the whole, once it is larger than RATIO_FREE_BYTES
RATIO_FREE_BYTES: Final = 2**20  # small files may be very regular
NESTED: Final = frozenset({".zip", ".kmz", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"})
# What zipfile raises on damaged archives, beside its own error.
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip
ENCRYPTED_FLAG: Final = 0x1
UTF8_FLAG: Final = 0x800


class Archive:
    """A zip file whose directory has passed every check."""

    def __init__(self, zf: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], source: str) -> None:
        self._zf = zf
        self._members = members
        self._source = source

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files inside, decoded, in the order of the archive."""
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        """Return the content of one member."""
        try:
            return self._zf.read(self._members[name])
        except _ZIP_ERRORS as error:
            raise broken(self._source, error) from error

    def extract(self, name: str, target: Path) -> None:
        """Write one member to ``target``, a path of our own choosing."""
        target.write_bytes(self.read(name))


def broken(source: str, error: BaseException) -> FootprintBroken:
    """Return the error for a file a reader could not make sense of, with the reader's reason."""
    words = re.sub(r"(; )?Error occurred in \S+", "", str(error))  # GDAL names its own source files
    reason = " ".join(words.split())[:200] or type(error).__name__
    return FootprintBroken(source=source, reason=reason)


def missing_library(source: str, extra: str) -> FootprintFormat:
    """Return the error for a format whose reader is an optional dependency that is not installed."""
    command = f"pip install sanxian[{extra}]"
    return FootprintFormat(
        source=source,
        formats=FORMATS,
        reason={
            "zh": f"未安装读取组件，请先运行 {command}",
            "en": f"its reader is not installed; run {command}",
        },
    )


@contextmanager
def open_archive(path: Path, source: str) -> Iterator[Archive]:
    """Open the zip file at ``path``; raise before reading any member when something is wrong.

    Refused: absolute or climbing names, links, encryption, archives inside the archive, more than
    ``MAX_MEMBERS`` files, more than ``MAX_UNPACKED_BYTES`` in all, and a ratio above ``MAX_RATIO``.
    """
    try:
        zf = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise broken(source, error) from error
    with zf:
        yield Archive(zf, _checked(zf.infolist(), path.stat().st_size, source), source)


def _checked(infos: list[zipfile.ZipInfo], packed: int, source: str) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_MEMBERS:
        raise _too_large(source, f"压缩包内有 {len(infos)} 个文件", f"the archive has {len(infos)} files")
    for info in infos:
        name = _decoded(info)
        _check_name(name, source)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _unsafe(source, f"压缩包成员“{name}”是链接", f"archive member “{name}” is a link")
        if info.flag_bits & ENCRYPTED_FLAG:
            raise _unsafe(source, "压缩包已加密", "the archive is encrypted")
        if info.file_size > RATIO_FREE_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise _bomb(source)
        if info.is_dir() or name.endswith("/"):
            continue
        if PurePosixPath(name).suffix.lower() in NESTED:
            raise _unsafe(source, f"压缩包内还有压缩包“{name}”", f"it holds another archive, “{name}”")
        if name in members:
            raise _unsafe(source, f"压缩包内有重名文件“{name}”", f"it holds “{name}” twice")
        members[name] = info
    if total > MAX_UNPACKED_BYTES:
        raise _too_large(source, f"解压后 {total >> 20} MB", f"{total >> 20} MB unpacked")
    if total > RATIO_FREE_BYTES and total > MAX_RATIO * packed:
        raise _bomb(source)
    return members


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return the member's name; archivers in China write GBK without saying so."""
    name = info.orig_filename
    if not info.flag_bits & UTF8_FLAG:
        raw = name.encode("cp437")  # undoes what zipfile did; cp437 maps every byte
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def _check_name(name: str, source: str) -> None:
    drive = len(name) > 1 and name[1] == ":"
    if name.startswith("/") or drive or ".." in name.split("/") or "\0" in name:
        raise _unsafe(
            source, f"压缩包成员“{name}”指向压缩包之外", f"archive member “{name}” points outside the archive"
        )


def _unsafe(source: str, zh: str, en: str) -> FootprintUnsafe:
    return FootprintUnsafe(source=source, reason={"zh": zh, "en": en})


def _too_large(source: str, zh: str, en: str) -> FootprintTooLarge:
    return FootprintTooLarge(source=source, reason={"zh": zh, "en": en})


def _bomb(source: str) -> FootprintUnsafe:
    return _unsafe(
        source, f"压缩比超过 {MAX_RATIO}:1，疑似压缩炸弹", f"it unpacks by more than {MAX_RATIO}:1"
    )

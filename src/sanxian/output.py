"""Writing files: whole or not at all.

Content goes into a file beside the target, which takes the target's name when it is complete. A full
disk, a crash or an interruption leaves what was there before.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from sanxian.errors import OutputFailed

_REASONS: Final = {
    errno.ENOSPC: ("磁盘空间不足", "no space left on the disk"),
    errno.EDQUOT: ("超出磁盘配额", "the disk quota is used up"),
    errno.EACCES: ("没有写入权限", "permission denied"),
    errno.EPERM: ("没有写入权限", "operation not permitted"),
    errno.EROFS: ("文件系统只读", "the file system is read-only"),
    errno.EISDIR: ("它是一个文件夹", "it is a folder"),
    errno.ENOENT: ("所在文件夹不存在", "its folder does not exist"),
    errno.ENOTDIR: ("所在路径不是文件夹", "its parent is not a folder"),
    errno.ENAMETOOLONG: ("文件名过长", "the file name is too long"),
    errno.EIO: ("磁盘读写错误", "disk input/output error"),
}


def failed(path: str | Path, error: OSError) -> OutputFailed:
    """Return the error for a file that could not be written, with the reason in both languages."""
    plain = error.strerror or str(error) or type(error).__name__
    zh, en = _REASONS.get(error.errno or 0, (plain, plain))
    return OutputFailed(path=str(path), reason={"zh": zh, "en": en})


def write(path: str | Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all.

    Raises
    ------
    OutputFailed
        The folder does not exist, the target is a folder, the disk is full …
    """
    with replacing(path) as beside:
        beside.write_bytes(content)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it takes the place of ``path`` when all went well.

    Raises
    ------
    OutputFailed
        Also for an ``OSError`` raised inside the block: whoever writes there fails at writing.
    """
    target = Path(path)
    if target.is_dir():
        raise failed(path, OSError(errno.EISDIR, os.strerror(errno.EISDIR)))
    if not target.parent.is_dir():
        missing = errno.ENOTDIR if target.parent.exists() else errno.ENOENT
        raise failed(path, OSError(missing, os.strerror(missing)))
    beside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        yield beside
        with beside.open("rb+") as handle:
            os.fsync(handle.fileno())
        beside.replace(target)
    except BrokenPipeError:
        raise  # a closed pipe is not a failed file
    except OSError as error:
        raise failed(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


# --- office files, which are zips -----------------------------------------------------------------


def member(name: str, moment: datetime) -> zipfile.ZipInfo:
    """Return the entry of a zip for a file made at a moment, the same on every system."""
    info = zipfile.ZipInfo(name, moment.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3  # whatever system this is
    return info


def dated(core: bytes, moment: datetime) -> bytes:
    """Return the core properties of an office file as if it had been made at ``moment``."""
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
    # whoever writes XML in the same process may have given the namespace another prefix than dcterms
    return re.sub(rb"(<\w+:(?:modified|created)\b[^>]*>)[^<]*", rb"\g<1>" + stamp, core)


def settled(office: bytes, moment: datetime) -> bytes:
    """Return an office file without the moment and the machine it was made on, as if made at ``moment``."""
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as source, zipfile.ZipFile(clean, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = dated(content, moment)
            target.writestr(member(name, moment), content)
    return clean.getvalue()

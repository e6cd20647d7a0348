"""Reading the small files that come with a publication, with a reason in both languages when one cannot be read."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_REASONS: Final[Mapping[int, tuple[str, str]]] = {
    errno.ENOENT: ("没有这个文件", "no such file"),
    errno.EACCES: ("没有读取权限", "permission denied"),
    errno.EISDIR: ("它是一个文件夹", "it is a folder"),
    errno.ENOTDIR: ("所在路径不是文件夹", "its parent is not a folder"),
    errno.EIO: ("磁盘读写错误", "disk input/output error"),
}


class UnreadableFile(Exception):
    """A file cannot be read; its callers say in their own words what that stops."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = {"zh": zh, "en": en}


def read_small(path: Path, largest: int) -> bytes:
    """Return the content of a file of at most ``largest`` bytes.

    Raises
    ------
    UnreadableFile
        It is not there, is not readable, is no plain file, or is too large.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UnreadableFile(
                "它不是普通文件", "it is no plain file"
            )  # a pipe, on which reading would wait
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        plain = error.strerror or type(error).__name__
        raise UnreadableFile(*_REASONS.get(error.errno or 0, (plain, plain))) from error
    if len(content) > largest:
        raise UnreadableFile("文件过大", "the file is too large")
    return content

"""The record inside an HTML report, where no reader sees it: compressed, in a ``template`` element.

The characters are those of base64 for file names, so that no part of it can look like an address.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final

from sanxian.report.markup import Markup, tag

_ID: Final = "sanxian-record"
_PACKED_MAX: Final = 2_000_000  # bytes; a record that stays larger is left to the JSON file
_PLAIN_MAX: Final = 200_000_000  # bytes that a packed record may become
_ELEMENT: Final = re.compile(rb'<template id="sanxian-record"[^>]*>([A-Za-z0-9_=-]*)</template>')


def in_html(record: bytes) -> Markup:
    """Return the element that carries a record; nothing for a record too large to carry."""
    packed = base64.urlsafe_b64encode(zlib.compress(record, 9))
    if len(packed) > _PACKED_MAX:
        return Markup("")
    return tag("template", packed.decode("ascii"), id=_ID, data_encoding="base64url zlib")


def record_of(page: bytes) -> bytes | None:
    """Return the record an HTML report carries; ``None`` when it carries none.

    Raises
    ------
    ValueError
        There is one, but damaged, or there are several.
    """
    found = _ELEMENT.findall(page)
    if not found:
        return None
    if len(found) > 1:
        raise ValueError("several records")
    try:
        unpacker = zlib.decompressobj()
        made = unpacker.decompress(base64.b64decode(found[0], altchars=b"-_", validate=True), _PLAIN_MAX)
    except (zlib.error, binascii.Error) as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof:
        raise ValueError("incomplete, or larger than any record")
    return made

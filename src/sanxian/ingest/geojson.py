"""Large GeoJSON files, cut into pieces that GDAL reads whole.

GDAL finds the n-th feature of a GeoJSON file by reading all before it, so that reading a large file in batches
takes the square of its length. A piece is a FeatureCollection of its own with the CRS of the whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

_CHUNK: Final = 4 << 20  # characters
_FEATURES: Final = re.compile(r'"features"\s*:\s*\[')
_HEAD: Final = 1 << 20  # characters in which the array of features has to begin
_BETWEEN: Final = re.compile(r"[\s,]*")


def pieces(path: Path, folder: Path, size: int) -> list[Path]:
    """Write a FeatureCollection as files of about ``size`` characters and return them in order.

    Raises
    ------
    ValueError
        It is no FeatureCollection, or ends before it is complete.
    UnicodeDecodeError
        It is not UTF-8.
    """
    found: list[Path] = []
    with path.open(encoding="utf-8-sig") as file:
        stream = _Stream(file)
        head = stream.head()
        crs = _crs(head + "]}")
        texts: list[str] = []
        held = 0
        for text in stream.features():
            texts.append(text)
            held += len(text)
            if held >= size:
                found.append(_write(folder, len(found), texts, crs))
                texts, held = [], 0
        if texts or not found:
            found.append(_write(folder, len(found), texts, crs))
    return found


def _crs(head: str) -> str:
    """Return the CRS member as text with its comma, "" without one."""
    try:
        member: Any = json.loads(head).get("crs")
    except (ValueError, AttributeError):  # it stands after the features, or nowhere
        member = None
    return "" if member is None else f'"crs": {json.dumps(member)}, '


def _write(folder: Path, number: int, texts: list[str], crs: str) -> Path:
    target = folder / f"piece{number:06}.geojson"
    with target.open("w", encoding="utf-8") as file:
        file.write(f'{{"type": "FeatureCollection", {crs}"features": [\n')
        file.write(",\n".join(texts))
        file.write("\n]}\n")
    return target


class _Stream:
    """A FeatureCollection, feature by feature."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0

    def head(self) -> str:
        """Return the text up to and with the bracket that opens the features."""
        while (match := _FEATURES.search(self._text)) is None:
            if len(self._text) > _HEAD or not self._more():
                raise ValueError("no array of features")
        self._at = match.end()
        return self._text[: match.end()]

    def features(self) -> Iterator[str]:
        """Yield the text of each feature."""
        decoder = json.JSONDecoder()
        while True:
            match = _BETWEEN.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at == len(self._text):
                if not self._more():
                    raise ValueError("it ends within its features")
                continue
            if self._text[self._at] == "]":
                return
            try:
                _, end = decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._more():
                    raise ValueError(str(error)) from error
                continue
            yield self._text[self._at : end]
            self._at = end

    def _more(self) -> bool:
        """Read on; what was read before the current place is let go. A huge feature is met by ever larger steps."""
        left = self._text[self._at :] if self._at else self._text
        read = self._file.read(max(_CHUNK, len(left)))
        self._text, self._at = left + read, 0
        return bool(read)

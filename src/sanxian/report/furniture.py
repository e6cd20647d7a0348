"""What stands around a map: longitudes and latitudes, the scale bar, the north arrow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from sanxian.report import words
from sanxian.report.frame import Frame, tenth
from sanxian.report.markup import Markup, tag
from sanxian.report.signs import Pen, classes

HEIGHT: Final = 52.0  # below the frame: longitudes, then scale bar and north arrow


def graticule(frame: Frame, pen: Pen = classes, *, crosses: bool = False) -> Markup:
    """Return ticks with longitudes below and latitudes at the left; on request crosses where they meet."""
    marks: list[Markup] = []
    columns: list[float] = []
    bottom = frame.top + frame.height
    for lon in _ticks(frame.west, frame.east, 5):
        x = float(frame.xy(np.array([[lon, frame.south]]))[0, 0])
        marks.append(
            tag("path", d=f"M{tenth(x)} {tenth(bottom)}v5M{tenth(x)} {tenth(frame.top)}v5", **pen("tick"))
        )
        columns.append(x)
        if frame.left + 30 < x < frame.left + frame.width - 30:
            marks.append(
                tag("text", words.coordinate(lon, "lon"), x=tenth(x), y=tenth(bottom + 16), **pen("tick-x"))
            )
    for lat in _ticks(frame.south, frame.north, 4):
        y = float(frame.xy(np.array([[frame.west, lat]]))[0, 1])
        right = frame.left + frame.width
        marks.append(
            tag(
                "path",
                d=f"M{tenth(frame.left)} {tenth(y)}h-5M{tenth(right)} {tenth(y)}h-5",
                **pen("tick"),
            )
        )
        if crosses:
            marks += [
                tag("path", d=f"M{tenth(x - 4)} {tenth(y)}h8M{tenth(x)} {tenth(y - 4)}v8", **pen("cross"))
                for x in columns
            ]
        if frame.top + 30 < y < bottom - 30:
            turned = f"rotate(-90 {tenth(frame.left - 10)} {tenth(y)})"
            text = words.coordinate(lat, "lat")
            marks.append(
                tag("text", text, x=tenth(frame.left - 10), y=tenth(y), transform=turned, **pen("tick-y"))
            )
    return tag("g", marks, **pen("graticule"), aria_hidden="true")


_TICK_SECONDS: Final = (10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000)


def _ticks(low: float, high: float, wanted: int) -> Iterator[float]:
    """Yield round degrees, minutes or seconds between two ends, at most about ``wanted``."""
    span = (high - low) * 3600
    step = next((s for s in _TICK_SECONDS if span / s <= wanted), _TICK_SECONDS[-1])
    for i in range(math.ceil(low * 3600 / step), math.floor(high * 3600 / step) + 1):
        yield i * step / 3600


def scale_and_north(frame: Frame, total: float, *, projection: str, north: str, pen: Pen = classes) -> Markup:
    """Return scale bar, projection and north arrow at the foot of a drawing ``total`` units high."""
    wanted = frame.metres(frame.width * 0.24)
    power = 10.0 ** math.floor(math.log10(wanted))
    metres = max(m * power for m in (1, 2, 5) if m * power <= wanted)
    units = metres / frame.metres(frame.width) * frame.width
    x, y = frame.left, total - 14
    half = units / 2
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    north_x = frame.left + frame.width - 10
    return tag(
        "g",
        tag("path", d=f"M{tenth(x)} {tenth(y)}h{tenth(half)}v4h{tenth(-half)}z", **pen("bar-full")),
        tag("path", d=f"M{tenth(x + half)} {tenth(y)}h{tenth(half)}v4h{tenth(-half)}z", **pen("bar-empty")),
        tag("text", text, x=tenth(x + units + 8), y=tenth(y + 6), **pen("bar-text")),
        tag(
            "text",
            projection,
            x=tenth(north_x - 34),
            y=tenth(y + 6),
            **pen("projection"),
        ),
        tag("path", d=f"M{tenth(north_x)} {tenth(y - 14)}l6 20-6-5-6 5z", **pen("north")),
        tag("text", north, x=tenth(north_x - 10), y=tenth(y + 6), **pen("north-text")),
        **pen("furniture"),
        aria_hidden="true",
    )

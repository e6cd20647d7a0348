"""Examples shown in the API's own documentation; invented places and facts, in the region of the demo edition."""

from __future__ import annotations

from typing import Any, Final

PROJECT: Final[dict[str, Any]] = {
    "name": "示例化工项目（示例数据，非官方）",
    "nature": "新建",
    "industry": "C2614",
    "as_of": "2026-09-01",
    "parts": [
        {
            "role": "厂区",
            "crs": "EPSG:4490",
            "wkt": "POLYGON ((101.70 36.56, 101.71 36.56, 101.71 36.57, 101.70 36.57, 101.70 36.56))",
        }
    ],
    "facts": {"boiler_tph": 10},
}

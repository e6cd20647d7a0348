"""Projects for tests of the registry, in 示例市."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import shapely
from sqlalchemy.engine import Connection

from registry_databases import NOW
from sanxian.registry import projects
from sanxian.registry.projects import Registered, Registration


def document(
    name: str = "示例化工项目", *, at: tuple[float, float] = (101.05, 36.05), **more: Any
) -> dict[str, Any]:
    """A project of one small plot."""
    place = shapely.box(at[0], at[1], at[0] + 0.002, at[1] + 0.002)
    return {
        "name": name,
        "proponent": "示例公司",
        "nature": "新建",
        "industry": "C2614",
        "parts": [{"role": "厂区", "geojson": json.loads(shapely.to_geojson(place)), "crs": "EPSG:4490"}],
        "facts": {"boiler_tph": 20},
        **more,
    }


def registration(**more: Any) -> Registration:
    """What a ledger says about it."""
    stated = {
        "code": "2609-630102-04-01-000001",
        "eia_class": "form",
        "authority": "示例市生态环境局",
        "authority_level": "city",
        "region": "630102",
        "accepted_on": date(2026, 9, 1),
    }
    return Registration(**{**stated, **more})


def add(connection: Connection, described: dict[str, Any] | None = None, **more: Any) -> Registered:
    """Enter a project."""
    keys = {"owner", "source", "county_of", "placed", "at", "by"}
    kept = registration(**{key: value for key, value in more.items() if key not in keys})
    how: dict[str, Any] = {"at": NOW, "by": "测试", **{key: more[key] for key in keys & more.keys()}}
    return projects.add(connection, document() if described is None else described, kept, **how)

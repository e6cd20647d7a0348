"""Sanxian 三线: ecological-environment zoning control (生态环境分区管控) as software.

``screen(project, edition, as_of)`` is the product; the names below are the public surface.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sanxian.edition import Edition as Edition
    from sanxian.edition import open_edition as open_edition
    from sanxian.geometry import read_footprint as read_footprint
    from sanxian.model import Outcome as Outcome
    from sanxian.model import Part as Part
    from sanxian.model import Project as Project
    from sanxian.project import read_project as read_project
    from sanxian.screening import Screening as Screening
    from sanxian.screening import screen as screen
    from sanxian.screening import screen_many as screen_many

__version__ = "0.1.0"

_HOMES: Final = {
    "Edition": "edition",
    "Outcome": "model",
    "Part": "model",
    "Project": "model",
    "Screening": "screening",
    "open_edition": "edition",
    "read_footprint": "geometry",
    "read_project": "project",
    "screen": "screening",
    "screen_many": "screening",
}
__all__ = [*_HOMES]  # noqa: PLE0604 - built from the table above, so that the two cannot differ


def __getattr__(name: str) -> Any:
    # loaded when first used: the command line answers --version without numpy
    if name in _HOMES:
        return getattr(import_module(f"sanxian.{_HOMES[name]}"), name)
    raise AttributeError(name)

"""Keys: by what the rows of a table are the same row in two editions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sanxian.edition import Edition, normalise

KEYS: Final[Mapping[str, Callable[[Any], str]]] = {
    "layer": lambda item: item.id,
    "clause": lambda item: item.id,
    "document": lambda item: item.id,
    "catalogue": lambda item: item.id,
    "office": lambda item: item.id,
    # rows of these tables have no id; several may speak of one thing, at different times
    "place_state": lambda item: f"{item.place} {item.key}",
    "coverage": lambda item: f"{item.layer} {item.region}",
    "change": lambda item: item.item,
}


def canonical_form(edition: Edition) -> Edition:
    """Return an edition in canonical form with its digest; what was opened from a file is so already."""
    return edition if edition.origin is not None and edition.info.digest else normalise(edition)

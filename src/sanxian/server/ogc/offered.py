"""What is offered: a collection for each layer of each edition, and for each layer of what is in force today.

``4cb8e05beb52.red_line`` is a layer of one edition, named by the beginning of its digest: what it holds never changes.
``63.red_line`` is the same layer of whichever edition is in force in region 63 today.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sanxian.edition import Edition
from sanxian.errors import NothingThere, SanxianError
from sanxian.i18n import t
from sanxian.model import Layer
from sanxian.server.services import Services

SHORT: Final = 12  # digits of a digest that name an edition
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})")
_REGION: Final = re.compile(r"\d{2,9}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """An edition as an address names it."""

    edition: Edition
    key: str  # as in addresses: beginning of the digest, or a region
    rolling: bool  # named by a region: another edition may stand behind the address tomorrow

    @property
    def short(self) -> str:
        """The address that always means this edition."""
        return short(self.edition)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Collection:
    """One layer of an edition."""

    opened: Opened
    layer: Layer

    @property
    def id(self) -> str:
        """The id in addresses."""
        return f"{self.opened.key}.{self.layer.id}"

    @property
    def edition(self) -> Edition:
        """The edition it is of."""
        return self.opened.edition

    @property
    def fixed_id(self) -> str:
        """The id under which this content, and no other, is found for ever."""
        return f"{self.opened.short}.{self.layer.id}"


def short(edition: Edition) -> str:
    """Return the beginning of an edition's digest, by which addresses name it."""
    return edition.info.digest.removeprefix("sha256:")[:SHORT]


def edition(services: Services, key: str) -> Opened:
    """Return an edition by the beginning of its digest (12 digits or more) or by a region.

    Raises
    ------
    NothingThere
        There is no such edition, or none in force today, or it cannot be opened any more.
    """
    found = _DIGEST.fullmatch(key)
    entries = [
        entry
        for entry in services.editions.entries()
        if found is not None and entry.info.digest.removeprefix("sha256:").startswith(found[1])
    ]
    try:
        if len(entries) == 1:
            return Opened(edition=services.editions.opened(entries[0]), key=key, rolling=False)
        if _REGION.fullmatch(key) and key in services.editions.catalog().regions:
            return Opened(edition=services.editions.in_force(key, services.today()), key=key, rolling=True)
    except SanxianError as error:
        raise NothingThere(
            what=key, reason={"zh": error.text("zh-CN").rstrip("。"), "en": error.text("en").rstrip(".")}
        ) from error
    raise NothingThere(
        what=key, reason={"zh": "没有这份成果", "en": "no edition has this digest or is of this region"}
    )


def editions(services: Services) -> Iterator[Opened]:
    """Yield each edition that can be opened, by region first and then by digest; the others stop nothing."""
    keys = [*services.editions.catalog().regions]
    keys += [entry.info.digest.removeprefix("sha256:")[:SHORT] for entry in services.editions.entries()]
    for key in keys:
        try:
            yield edition(services, key)
        except NothingThere:
            continue


def collections(services: Services) -> list[Collection]:
    """Return every collection offered."""
    return [
        Collection(opened=opened, layer=layer)
        for opened in editions(services)
        for layer in opened.edition.layers
    ]


def collection(services: Services, collection_id: str) -> Collection:
    """Return a collection by its id.

    Raises
    ------
    NothingThere
        There is no such edition, or it has no such layer.
    """
    key, _, layer_id = collection_id.partition(".")
    opened = edition(services, key)
    return Collection(opened=opened, layer=layer_of(opened, layer_id))


def layer_of(opened: Opened, layer_id: str) -> Layer:
    """Return a layer by its id.

    Raises
    ------
    NothingThere
        The edition has none of this id.
    """
    try:
        return opened.edition.layer(layer_id)
    except KeyError:
        known = "、".join(layer.id for layer in opened.edition.layers)
        raise NothingThere(
            what=f"{opened.key}.{layer_id}",
            reason={"zh": f"该成果的图层有：{known}", "en": f"the layers of the edition are {known}"},
        ) from None


def etag(*parts: object) -> str:
    """Return an entity tag for content wholly determined by ``parts``."""
    told = "\0".join(str(part) for part in parts)
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def title(layer: Layer, lang: str) -> str:
    """Return a layer's title: as published, in English by the usual name of the layer where it has one."""
    if lang != "en" and layer.title:
        return layer.title
    for key in (layer.id, layer.kind.value):
        try:
            return t(f"layers.{key}", lang)
        except KeyError:
            continue
    return layer.title or layer.id

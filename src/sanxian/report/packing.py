"""What Word and Excel files have in common: text as they can hold it, a zip that is always the same, the record inside.

Both are zips of XML parts. Here they lose the moment and the machine they were made on, and gain the record of the
screening as a part that Word and Excel keep when the file is edited and saved again.
"""

from __future__ import annotations

import base64
import binascii
import io
import posixpath
import re
import zipfile
import zlib
from datetime import date, datetime
from typing import Final

import defusedxml
import defusedxml.ElementTree

from sanxian import output
from sanxian.model import Outcome

# what XML cannot hold, what Excel would show as an escape, and marks that make text read in another order
_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

SIGNS: Final = {  # of GB 2312, so that every Chinese font has them; told apart without colour
    Outcome.NON_COMPLIANT: "×",
    Outcome.NEEDS_FACTS: "？",
    Outcome.NEEDS_REVIEW: "◇",
    Outcome.CONDITIONAL: "△",
    Outcome.COMPLIANT: "√",
    Outcome.NOT_APPLICABLE: "－",
}

_RECORD: Final = "urn:sanxian:record:1"
_STORE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENTS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PROPERTIES: Final = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
_ITEM_ID: Final = "{6B0F2C5E-3D5A-4B8E-9C41-5A6E5A4E0001}"  # names our kind of part, the same in every file
_HEAD: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MOST: Final = 1 << 28  # bytes of a record; a nation of clauses stays far below
_LINKS: Final = frozenset(("word/_rels/document.xml.rels", "xl/_rels/workbook.xml.rels"))


def fit(text: str) -> str:
    r"""Return a text as XML can hold it; characters that have no place in it become U+FFFD.

    Examples
    --------
    >>> fit("a\x00b")
    'a�b'
    """
    return _UNFIT.sub("\ufffd", text)


# --- the same bytes always ---------------------------------------------------------------------


def moment_of(day: date) -> datetime:
    """Return the moment that files of a day bear; a zip knows none before 1980."""
    return datetime(max(day.year, 1980), day.month, day.day)  # noqa: DTZ001, office files state no zone


def settled(office: bytes, day: date) -> bytes:
    """Return an office file (a zip) without the moment and the machine it was made on, as if made on ``day``."""
    return output.settled(office, moment_of(day))


# --- the record inside -------------------------------------------------------------------------


def carrying(office: bytes, record: bytes, day: date) -> bytes:
    """Return a Word or Excel file with a record inside, settled as of ``day``; without a record, only settled.

    The record is a custom XML part of the main part, which is where Word and Excel keep what is not theirs.
    """
    if not record:
        return settled(office, day)
    moment = moment_of(day)
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as source, zipfile.ZipFile(clean, "w") as target:
        names = source.namelist()
        number = next(n for n in range(1, len(names) + 2) if f"customXml/item{n}.xml" not in names)
        for name in names:
            content = source.read(name)
            if name == "docProps/core.xml":
                content = output.dated(content, moment)
            else:
                content = _announced(name, content, number)
            target.writestr(output.member(name, moment), content)
        for name, content in _parts(number, record):
            target.writestr(output.member(name, moment), content)
    return clean.getvalue()


def _announced(name: str, content: bytes, number: int) -> bytes:
    """Return a part of the package with the word that there is a record, where the part is one that says so."""
    if name == "[Content_Types].xml":
        kind = f'<Override PartName="/customXml/itemProps{number}.xml" ContentType="{_PROPERTIES}"/>'
        return _inserted(content, b"</Types>", kind)
    if name in _LINKS:
        link = (  # with an Id that neither library gives
            f'<Relationship Id="rIdRecord" Type="{_DOCUMENTS}/customXml" Target="../customXml/item{number}.xml"/>'
        )
        return _inserted(content, b"</Relationships>", link)
    return content


def _inserted(content: bytes, before: bytes, what: str) -> bytes:
    at = content.rindex(before)
    return content[:at] + what.encode() + content[at:]


def _parts(number: int, record: bytes) -> tuple[tuple[str, bytes], ...]:
    packed = base64.b64encode(zlib.compress(record, 9))
    item = b'<record xmlns="%s" encoding="base64" compression="zlib" size="%d">%s</record>' % (
        _RECORD.encode(),
        len(record),
        packed,
    )
    properties = (
        f'<ds:datastoreItem xmlns:ds="{_STORE}" ds:itemID="{_ITEM_ID}"><ds:schemaRefs>'
        f'<ds:schemaRef ds:uri="{_RECORD}"/></ds:schemaRefs></ds:datastoreItem>'
    )
    links = (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_DOCUMENTS}/customXmlProps" '
        f'Target="itemProps{number}.xml"/></Relationships>'
    )
    return (
        (f"customXml/item{number}.xml", _HEAD + item),
        (f"customXml/itemProps{number}.xml", _HEAD + properties.encode()),
        (f"customXml/_rels/item{number}.xml.rels", _HEAD + links.encode()),
    )


def record_of(data: bytes) -> bytes | None:
    """Return the record that a Word or Excel file carries; ``None`` when it carries none.

    The bytes are as they were put in. Whether the record itself was altered is for its own digest to tell.

    Raises
    ------
    ValueError
        The file is no zip or a damaged one, its record is damaged, or it carries several that differ.
    """
    found: set[bytes] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as office:
            for info in office.infolist():
                # Word numbers the items anew when it saves; the namespace says which one is ours
                if posixpath.dirname(info.filename) == "customXml" and info.filename.endswith(".xml"):
                    if info.file_size > _MOST:
                        raise ValueError(f"{info.filename}: larger than any record")
                    record = _unpacked(office.read(info))
                    if record is not None:
                        found.add(record)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(str(error)) from None
    if len(found) > 1:
        raise ValueError("several records")
    return next(iter(found), None)


def _unpacked(part: bytes) -> bytes | None:
    """Return the record of a custom XML part; ``None`` when the part is of somebody else."""
    try:
        root = defusedxml.ElementTree.fromstring(part)
    except (defusedxml.ElementTree.ParseError, defusedxml.DefusedXmlException) as error:
        if _RECORD.encode() not in part:
            return None
        raise ValueError(str(error)) from None
    if root.tag != f"{{{_RECORD}}}record":
        return None
    try:
        size = int(root.get("size", ""))
        if not 0 <= size <= _MOST:
            raise ValueError("larger than any record")
        unpacker = zlib.decompressobj()
        record = unpacker.decompress(base64.b64decode(root.text or "", validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(str(error)) from None
    if len(record) != size or not unpacker.eof or unpacker.unused_data:
        raise ValueError("incomplete, or not as long as it says")
    return record

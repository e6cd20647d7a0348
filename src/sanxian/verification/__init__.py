"""Verification: whether a report still holds.

    screening = from_json(carried(data, name))  # the record inside a PDF, Word, Excel, HTML or JSON file
    found = verify(screening, InCatalog(open_catalog("editions")), as_of=date(2026, 11, 24))

A report carries the record it was made from. ``carrying`` takes it out, ``verifying`` screens the recorded project
again, under the edition and on the date of the record and then under the edition in force on another day, and
``wording`` says what came out. What the pages of a report show is not looked at: its text can be edited while its
record stays whole, and so the result names what the record says, for a person to hold against the page.
"""

from sanxian.verification.carrying import carried
from sanxian.verification.verifying import InCatalog, OneEdition, Rerun, State, Verification, verify
from sanxian.verification.wording import SCHEMA, altered_json, as_json, as_text

__all__ = [
    "SCHEMA",
    "InCatalog",
    "OneEdition",
    "Rerun",
    "State",
    "Verification",
    "altered_json",
    "as_json",
    "as_text",
    "carried",
    "verify",
]

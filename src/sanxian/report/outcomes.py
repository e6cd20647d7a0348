"""Outcomes as people see them on a page: a shape and a word, each of its own, and a colour beside."""

from __future__ import annotations

from typing import Final

from sanxian.i18n import t
from sanxian.model import Outcome
from sanxian.report.markup import Markup, tag

# Each outcome has a shape of its own, so that it is told apart in grey and by any eye.
SHAPES: Final = {
    Outcome.NON_COMPLIANT: "M2 2h12v12H2zM5.2 5.2l5.6 5.6m0-5.6l-5.6 5.6",
    Outcome.NEEDS_FACTS: "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M5.9 6.3c0-2.8 4.3-2.6 4.3 0c0 1.7-2.1 1.7-2.1 3.3M8.1 11.4v.4",
    Outcome.NEEDS_REVIEW: "M8 1l7 7l-7 7l-7-7zM8 4.8v4M8 10.9v.4",
    Outcome.CONDITIONAL: "M8 1.8l7 12.2H1zM8 6.2v4M8 11.8v.4",
    Outcome.COMPLIANT: "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M4.9 8.3l2.2 2.2l4-4.6",
    Outcome.NOT_APPLICABLE: "M3 8h10",
}
"""Lines in a box of 16 × 16 units."""

COLOURS: Final = {  # text and ground: dark on pale; page.css has the same
    Outcome.NON_COMPLIANT: ("#a3201c", "#fbefee"),
    Outcome.NEEDS_FACTS: ("#7d4e00", "#fcf5e7"),
    Outcome.NEEDS_REVIEW: ("#574091", "#f4f1fa"),
    Outcome.CONDITIONAL: ("#0b5488", "#edf5fb"),
    Outcome.COMPLIANT: ("#17644a", "#edf7f2"),
    Outcome.NOT_APPLICABLE: ("#5a646b", "#f5f7f7"),
}


def symbols() -> Markup:
    """Return the shapes of the outcomes, once a page."""
    shapes = [
        tag("symbol", tag("path", d=d), id=f"o-{outcome.name}", viewBox="0 0 16 16")
        for outcome, d in SHAPES.items()
    ]
    return tag("svg", shapes, class_="symbols", width=0, height=0, aria_hidden="true")


def mark(lang: str, outcome: Outcome, *, css: str = "mark") -> Markup:
    """Return an outcome as shape and word; the page has to hold :func:`symbols`."""
    shape = tag("svg", tag("use", href=f"#o-{outcome.name}"), class_="shape", aria_hidden="true")
    return tag("span", shape, tag("span", t(f"outcome.{outcome.name}", lang)), class_=f"{css} {outcome.name}")

"""Clauses as people write them: one entry of a clause file becomes a clause with its rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from sanxian.errors import ClauseError
from sanxian.i18n import t
from sanxian.model import Clause, Dimension, Level, Scope


def clause_from_row(row: Mapping[str, Any], *, review: Mapping[str, Any] | None = None) -> Clause:
    """Return a clause from one entry of a clause file.

    Parameters
    ----------
    row : mapping
        As in ``docs/reference/clause-format.md``; a rule may quote the clause by its words, which become
        offsets here.
    review : mapping, optional
        Review state of rules that state none; without it they are drafts.

    Raises
    ------
    ClauseError
        The quote is not part of the text, or the row lacks what a clause needs.
    """
    try:
        return _clause(row, review)
    except KeyError as error:
        missing = ", ".join(key for key in _NEEDED if key not in row) or str(error.args[0])
        reason = {
            "zh": f"条款 {row.get('id', '?')} 缺少 {missing}",
            "en": f"clause {row.get('id', '?')} lacks {missing}",
        }
        raise ClauseError(reason=reason) from error
    except (AttributeError, TypeError, ValueError) as error:
        what = f"{row.get('id', '?')}: {type(error).__name__} {error}"
        reason = {
            "zh": f"条款缺项或取值有误（{what}）",
            "en": f"a clause lacks something or holds a wrong value ({what})",
        }
        raise ClauseError(reason=reason) from error


_NEEDED: Final = ("id", "number", "level", "dimension", "text", "document", "scope")


def _clause(row: Mapping[str, Any], review: Mapping[str, Any] | None) -> Clause:
    dimension = Dimension(row["dimension"])
    return Clause(
        id=row["id"],
        number=str(row["number"]),
        level=Level(row["level"]),
        dimension=dimension,
        dimension_label=row.get("dimension_label") or t(f"labels.dimension.{dimension}", "zh-CN"),
        category=row.get("category", ""),
        text=row["text"],
        document=row["document"],
        scope=_scope(row["scope"]),
        rules=tuple(_rule(row, rule, review) for rule in row.get("rules") or ()),
        list_id=row.get("list_id", ""),
        valid_from=_day(row.get("valid_from")),
        valid_to=_day(row.get("valid_to")),
        office=_office(row.get("office")),
    )


def _day(value: object) -> date | None:
    """Return a date, which JSON holds as ISO text and YAML as itself."""
    return value if value is None or isinstance(value, date) else date.fromisoformat(str(value))


def _office(value: object) -> str:
    """Return the id of an office; none is the empty text."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"office {value!r}")
    return value or ""


def _scope(scope: Mapping[str, Any]) -> Scope:
    listed = {k: tuple(map(str, v)) for k, v in scope.items() if k != "everywhere"}
    return Scope(everywhere=bool(scope.get("everywhere")), **listed)


def _rule(
    row: Mapping[str, Any], rule: Mapping[str, Any], review: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    made = {key: _plain(value) for key, value in rule.items()}
    if review is not None:
        made.setdefault("review", dict(review))
    words = made.get("quote")
    if isinstance(words, str):
        start = row["text"].find(words)
        if start < 0:
            what = f"{row['id']}: “{words}”"
            raise ClauseError(
                reason={"zh": f"引文不在条款原文中（{what}）", "en": f"the quote is not in the text ({what})"}
            )
        made["quote"] = [start, start + len(words)]
    return MappingProxyType(made)


def _plain(value: Any) -> Any:
    """Return a YAML value as JSON: dates as ISO text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        # YAML 1.1 reads the key `on` of a review as a boolean
        return {"on" if key is True else key: _plain(item) for key, item in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value

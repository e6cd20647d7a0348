"""Periods: the days a rate is one of."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from sanxian.errors import UsageError
from sanxian.i18n import t


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days, both ends included; ``None`` = open."""

    first: date | None = None
    last: date | None = None

    def __str__(self) -> str:
        return f"{self.first or ''}..{self.last or ''}"

    def shown(self, lang: str) -> str:
        """Return the period as a page says it."""
        return t("coverage.all_time", lang) if self == Period() else str(self)

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period a text names.

        Raises
        ------
        UsageError
            It names none.

        Examples
        --------
        >>> str(Period.parse("2026")), str(Period.parse("2026-Q1")), str(Period.parse("2026-02"))
        ('2026-01-01..2026-12-31', '2026-01-01..2026-03-31', '2026-02-01..2026-02-28')
        >>> str(Period.parse("2026-02-10..")), str(Period.parse(""))
        ('2026-02-10..', '..')
        """
        try:
            if not text:
                return cls()
            if ".." in text:
                one, _, other = text.partition("..")
                made = cls(
                    first=date.fromisoformat(one) if one else None,
                    last=date.fromisoformat(other) if other else None,
                )
                if made.first and made.last and made.last < made.first:
                    raise ValueError
                return made
            if found := re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(\d{2})))?", text, re.ASCII):
                year = int(found[1])
                months = (1, 12)
                if found[2]:
                    months = (3 * int(found[2]) - 2, 3 * int(found[2]))
                elif found[3]:
                    months = (int(found[3]),) * 2
                end = calendar.monthrange(year, months[1])[1]
                return cls(first=date(year, months[0], 1), last=date(year, months[1], end))
            raise ValueError
        except (ValueError, IndexError, calendar.IllegalMonthError):
            zh, en = (t("coverage.bad_period", lang, text=text[:60]) for lang in ("zh-CN", "en"))
            raise UsageError(reason={"zh": zh, "en": en}) from None


def whole_and_cut(period: Period) -> tuple[tuple[str, str], list[tuple[date, date]]]:
    """Return the first and last whole month, and the ranges of days that are less than a month."""
    first, last = period.first, period.last
    cut: list[tuple[date, date]] = []
    low, high = "0000-01", "9999-12"
    if first is not None and last is not None and (first.year, first.month) == (last.year, last.month):
        if first.day == 1 and last.day == _days(last):
            return (f"{first:%Y-%m}",) * 2, []
        return ("9999-99", "0000-00"), [(first, last)]
    if first is not None:
        low = f"{first:%Y-%m}"
        if first.day > 1:
            cut.append((first, first.replace(day=_days(first))))
            low = f"{first.replace(day=_days(first)) + timedelta(days=1):%Y-%m}"
    if last is not None:
        high = f"{last:%Y-%m}"
        if last.day < _days(last):
            cut.append((last.replace(day=1), last))
            high = f"{last - timedelta(days=last.day):%Y-%m}"
    return (low, high), cut


def _days(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]

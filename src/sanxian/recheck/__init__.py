"""Re-check: which projects' answers change when an edition gives way to another, and why.

::

    checked = recheck(rows, old, new, as_of_old=date(2025, 12, 31), as_of=date(2026, 1, 1))
    for project in checked.changed:
        print(project.name, project.old, project.new)

What an answer is, what can reach a project and why nothing else can: ``docs/reference/recheck.md``.

``sides`` looks at one edition on one date, ``differences`` says in what two of them differ and how far each
difference reaches, ``filtering`` finds the projects inside that reach, ``answers`` compares two screenings, ``run``
puts them together and ``writing`` tells the result.
"""

from sanxian.recheck.answers import Answer, Compared, FindingChange, Grade, HitChange, answer_of, compare
from sanxian.recheck.differences import Cause, Difference, differences
from sanxian.recheck.filtering import Filter
from sanxian.recheck.run import Checked, ProjectChange, recheck
from sanxian.recheck.writing import (
    CSV_FIELDS,
    SCHEMA,
    as_csv,
    as_json,
    as_text,
    finding_line,
    hit_line,
)

__all__ = [
    "CSV_FIELDS",
    "SCHEMA",
    "Answer",
    "Cause",
    "Checked",
    "Compared",
    "Difference",
    "Filter",
    "FindingChange",
    "Grade",
    "HitChange",
    "ProjectChange",
    "answer_of",
    "as_csv",
    "as_json",
    "as_text",
    "compare",
    "differences",
    "finding_line",
    "hit_line",
    "recheck",
]

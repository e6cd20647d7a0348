"""``screen(project, edition, as_of)``: findings with evidence, and the verdict.

The product. Everything else prepares its two inputs or does something with its output. It lays the
project over the edition, finds the clauses reached through each place, judges each clause in each place,
adds what the map itself has to say (layers without data, land without control unit, hits inside the
accuracy of a line) and takes the worst. Silence is never approval: every layer reports, and whatever is
not known is a finding of its own.

``many`` takes the projects, ``prepared`` holds what depends on the edition alone, ``sight`` what the rules see of a
project, ``run`` puts one project's findings together, ``forms`` spares writing the same finding again and again,
``recording`` writes the result down, ``reading`` takes it back.
"""

from sanxian.screening.many import screen, screen_many
from sanxian.screening.reading import from_json, from_record
from sanxian.screening.recording import SCHEMA, record, to_json
from sanxian.screening.result import ENGINE_VERSION, Failure, PartReport, Screening

__all__ = [
    "ENGINE_VERSION",
    "SCHEMA",
    "Failure",
    "PartReport",
    "Screening",
    "from_json",
    "from_record",
    "record",
    "screen",
    "screen_many",
    "to_json",
]

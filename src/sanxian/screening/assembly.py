"""Assembly: what one run found, put together as a screening with the larger pieces of its record."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from sanxian import rules
from sanxian.errors import SanxianError
from sanxian.model import Ask, Clause, Hit, Notice, Outcome, Project, Relation
from sanxian.rules import Share
from sanxian.screening import recording
from sanxian.screening.forms import Filled, Line
from sanxian.screening.places import both
from sanxian.screening.prepared import Bundle, Prepared
from sanxian.screening.result import Failure, PartReport, Screening

_JOINED: Final = 512  # sets of bundles and forms remembered with one bundle


class Answer(NamedTuple):
    """What one run found: little of it is its own, most is shared with other projects."""

    bundles: tuple[Bundle, ...]  # one a place
    filled: tuple[Filled, ...]  # findings that repeat but for the measures in them
    others: tuple[Line, ...]  # findings of no other project
    shares: tuple[Share, ...]  # what ``others`` add to the questions
    counties: tuple[str, ...]
    layers: frozenset[str]  # layers met
    hits: tuple[Hit, ...]
    parts: tuple[PartReport, ...]
    area_m2: float
    length_m: float


class Joined(NamedTuple):
    """What a set of bundles and forms comes to, whatever goes into the blanks."""

    lines: tuple[Line, ...]  # in the order of a screening
    at: tuple[int, ...]  # where the lines of each form are among them
    used: dict[str, Clause]  # clauses the findings speak of, in their order
    asks: tuple[Ask, ...]
    titles: dict[str, str]  # of layers and documents
    pieces: dict[str, Sequence[bytes]]


def assemble(
    prepared: Prepared, project: Project, as_of: date, count_drafts: bool, answer: Answer | SanxianError
) -> Screening | Failure:
    """Return the screening, or why there is none."""
    if isinstance(answer, SanxianError):
        return Failure(project=project, error=answer)
    surroundings = prepared.surroundings(answer.counties)

    def order(line: Line) -> tuple[object, ...]:
        return prepared.order(line.finding)

    fresh = [made for form, said in answer.filled for made in form.filled(said)]
    others = [*answer.others, *surroundings.lines]
    if any(other.finding.clause for other in answer.others):
        joined = _join(prepared, answer, fresh, others, answer.shares)  # nothing to remember
        lines = list(joined.lines)
    else:
        joined = _joined(prepared, answer, fresh)
        lines = list(joined.lines)
        for at, made in zip(joined.at, fresh, strict=True):
            lines[at] = made
        for other in others:
            insort(lines, other, key=order)
    reports, reports_written = surroundings.reports(answer.layers)
    pieces = {
        **joined.pieces,
        "findings": (b"[", *_separated([x.written for x in lines]), b"]"),
        "layers": (reports_written,),
    }
    return Screening(
        edition=prepared.edition.info,
        as_of=as_of,
        project=project,
        parts=answer.parts,
        area_m2=answer.area_m2,
        length_m=answer.length_m,
        verdict=lines[0].finding.outcome if lines else Outcome.NOT_APPLICABLE,  # the worst is first
        findings=tuple([x.finding for x in lines]),
        asks=joined.asks,
        layers=reports,
        hits=answer.hits,
        notices=_notices(prepared, project, answer.hits),
        count_drafts=count_drafts,
        clauses=dict(joined.used),
        titles=_titles(prepared, joined.titles, answer.hits),
    ).with_pieces(pieces)


def _joined(prepared: Prepared, answer: Answer, fresh: Sequence[Line]) -> Joined:
    """Return what the bundles and forms of an answer come to, from memory when they met before.

    The order of the findings and the questions depend on the bundles and forms alone: a line's place in the
    order is made of its outcome, clause and place, and those are the same whatever fills its blanks.
    """
    if not answer.bundles:
        return _join(prepared, answer, fresh)
    key = answer.bundles, tuple([form for form, _ in answer.filled])
    memory = answer.bundles[-1].joined  # lives as long as the bundle that is most often there
    found: Joined | None = memory.get(key)
    if found is None:
        if len(memory) >= _JOINED:
            memory.clear()
        found = memory[key] = _join(prepared, answer, fresh)
    return found


def _join(
    prepared: Prepared,
    answer: Answer,
    fresh: Sequence[Line],
    others: Sequence[Line] = (),
    own: Sequence[Share] = (),
) -> Joined:
    lines: list[Line] = [*fresh, *others]
    shares: list[Share] = list(own)
    for form, _ in answer.filled:
        shares += form.shares
    for bundle in answer.bundles:
        lines += bundle.lines
        shares += bundle.shares
    order = sorted(range(len(lines)), key=lambda i: prepared.order(lines[i].finding))
    at = {i: position for position, i in enumerate(order)}
    found = dict.fromkeys([lines[i].finding.clause for i in order])
    used = {name: prepared.clause[name] for name in found if name}
    questions = [_question(share) for share in rules.ranked(shares)]
    documents = prepared.document_titles
    return Joined(
        lines=tuple([lines[i] for i in order]),
        at=tuple([at[i] for i in range(len(fresh))]),
        used=used,
        asks=tuple([ask for ask, _ in questions]),
        titles=prepared.layer_titles | dict(documents[name] for name in used if name in documents),
        pieces={
            **prepared.written_always,
            "asks": (b"[", *_separated([written for _, written in questions]), b"]"),
            "clauses": (b"{", *_separated([prepared.written_clauses[name] for name in sorted(used)]), b"}"),
        },
    )


def _separated(written: Sequence[bytes]) -> list[bytes]:
    commas = [b","] * max(0, 2 * len(written) - 1)
    commas[::2] = written
    return commas


@lru_cache(maxsize=4096)
def _question(share: Share) -> tuple[Ask, bytes]:
    """Return the question for one variable, and its bytes in the record."""
    ask = rules.ask(share)
    return ask, recording.canonical(recording.plain(ask))


def _notices(prepared: Prepared, project: Project, hits: Sequence[Hit]) -> tuple[Notice, ...]:
    notices = list(project.notices)
    if prepared.edition.info.synthetic:
        zh, en = both("synthetic")
        notices.append(Notice(code="SYNTHETIC", zh=zh, en=en))
    dropped = [h for h in hits if h.relation is Relation.DROPPED and h.role == ""]
    if dropped:
        zh, en = both("dropped", count=len(dropped))
        notices.append(Notice(code="DROPPED", zh=zh, en=en))
    return tuple(notices)


def _titles(prepared: Prepared, titles: Mapping[str, str], hits: Sequence[Hit]) -> dict[str, str]:
    zones = {f"zone:{h.layer}/{h.zone}": prepared.zone[h.layer, h.zone].name for h in hits}
    return dict(sorted({**titles, **zones}.items()))

"""Assembly: what one run found, put together as a screening with the larger pieces of its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from sanxian.screening.recording import begun
from sanxian.screening.result import Failure, Opening, PartReport, Screening, Written, counted

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


@dataclass(slots=True, eq=False)
class Joined:
    """What a set of bundles and forms comes to, whatever goes into the blanks."""

    lines: tuple[Line, ...]  # in the order of a screening
    at: tuple[int, ...]  # where the lines of each form are among them
    used: dict[str, Clause]  # clauses the findings speak of, in their order
    asks: tuple[Ask, ...]
    titles: dict[str, str]  # of layers and documents
    pieces: dict[str, Sequence[bytes]]
    verdict: Outcome
    counts: Mapping[Outcome, int]
    rest: Sequence[bytes] = ()  # pieces of the findings from the first line of a form
    opening: Opening | None = None  # how the record begins up to there


def assemble(
    prepared: Prepared, project: Project, as_of: date, count_drafts: bool, answer: Answer | SanxianError
) -> Screening | Failure:
    """Return the screening, or why there is none."""
    if isinstance(answer, SanxianError):
        return Failure(project=project, error=answer)
    surroundings = prepared.surroundings(answer.counties)
    fresh: list[Line] = []
    for form, values, filling in answer.filled:
        fresh += form.filled(values, filling)
    shared = bool(answer.bundles) and not answer.others  # else there is nothing to remember
    if shared:
        joined = _joined(prepared, answer, fresh, surroundings.lines)
    else:
        joined = _join(prepared, answer, fresh, [*answer.others, *surroundings.lines], answer.shares)
    opening = joined.opening
    lines = list(joined.lines)
    if shared:
        for at, made in zip(joined.at, fresh, strict=True):
            lines[at] = made
    notices, notices_written = _notices(prepared, project, answer.hits)
    reports, reports_written = surroundings.reports(answer.layers)
    pieces = {
        **joined.pieces,
        "findings": _findings(joined, fresh)
        if opening
        else (b"[", *_separated([x.written for x in lines]), b"]"),
        "hits": (b"[", *_separated([prepared.written_hit(hit) for hit in answer.hits]), b"]"),
        "layers": (reports_written,),
        "notices": (notices_written,),
        "titles": (b"{", *_separated([*joined.pieces["titles"], *_zones(prepared, answer.hits)]), b"}"),
    }
    written = Written(
        pieces=pieces,
        counts=joined.counts,
        later={
            "findings": lambda: tuple([line.finding for line in lines]),
            "clauses": lambda: dict(joined.used),
            "titles": lambda: _titles(prepared, joined.titles, answer.hits),
        },
        opening=opening,
    )
    screening = Screening.written(
        written,
        edition=prepared.edition.info,
        as_of=as_of,
        project=project,
        parts=answer.parts,
        area_m2=answer.area_m2,
        length_m=answer.length_m,
        verdict=joined.verdict,
        asks=joined.asks,
        layers=reports,
        hits=answer.hits,
        notices=notices,
        count_drafts=count_drafts,
    )
    if shared and opening is None:
        # what comes before the first line of a form is the same for all of whom the same can be said
        first = 2 * min(joined.at, default=len(lines)) + 1
        findings = pieces["findings"]
        joined.rest = pieces["findings"] = findings[first:]
        joined.opening = written.opening = begun(screening, findings[:first])
    return screening


def _findings(joined: Joined, fresh: Sequence[Line]) -> list[bytes]:
    """Return the pieces of the findings from the first line of a form."""
    rest = list(joined.rest)
    first = min(joined.at, default=0)
    for at, made in zip(joined.at, fresh, strict=True):
        rest[2 * (at - first)] = made.written
    return rest


def _joined(prepared: Prepared, answer: Answer, fresh: Sequence[Line], others: Sequence[Line]) -> Joined:
    """Return what the bundles and forms of an answer come to, from memory when they met before.

    The order of the findings and the questions depend on the bundles and forms alone: a line's place in the
    order is made of its outcome, clause and place, and those are the same whatever fills its blanks. ``others`` are
    those of the counties.
    """
    *others_met, last = answer.bundles
    # its own name is no part of the key: what refers to itself stays until the garbage collector comes
    key = tuple(others_met), tuple([form for form, _, _ in answer.filled]), answer.counties
    memory = last.joined  # lives as long as the bundle that is most often there
    found: Joined | None = memory.get(key)
    if found is None:
        if len(memory) >= _JOINED:
            memory.clear()
        found = memory[key] = _join(prepared, answer, fresh, others)
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
    for form, _, _ in answer.filled:
        shares += form.shares
    for bundle in answer.bundles:
        lines += bundle.lines
        shares += bundle.shares
    order = sorted(range(len(lines)), key=[(x.rank, x.layer, x.place) for x in lines].__getitem__)
    at = {i: position for position, i in enumerate(order) if i < len(fresh)}
    lines = [lines[i] for i in order]
    used = {name: prepared.clause[name] for name in dict.fromkeys([x.blank.clause for x in lines]) if name}
    questions = [_question(share) for share in rules.ranked(shares)]
    documents = prepared.document_titles
    titles = prepared.layer_titles | dict([documents[name] for name in used if name in documents])
    outcomes = [x.blank.outcome for x in lines]
    counts = counted(outcomes)
    return Joined(
        lines=tuple(lines),
        at=tuple([at[i] for i in range(len(fresh))]),
        used=used,
        asks=tuple([ask for ask, _ in questions]),
        titles=titles,
        pieces={
            **prepared.written_always,
            "asks": (b"[", *_separated([written for _, written in questions]), b"]"),
            "clauses": (b"{", *_separated([prepared.written_clauses[name] for name in sorted(used)]), b"}"),
            "titles": [_member(*title) for title in sorted(titles.items())],
        },
        verdict=outcomes[0] if outcomes else Outcome.NOT_APPLICABLE,  # the worst is first
        counts=counts,
    )


def _separated(written: Sequence[bytes]) -> list[bytes]:
    commas = [b","] * max(0, 2 * len(written) - 1)
    commas[::2] = written
    return commas


@lru_cache(maxsize=4096)
def _member(key: str, text: str) -> bytes:
    """Return a key and its text as they stand in a JSON object."""
    return recording.canonical({key: text})[1:-1]


@lru_cache(maxsize=4096)
def _question(share: Share) -> tuple[Ask, bytes]:
    """Return the question for one variable, and its bytes in the record."""
    ask = rules.ask(share)
    return ask, recording.canonical(recording.plain(ask))


def _notices(prepared: Prepared, project: Project, hits: Sequence[Hit]) -> tuple[tuple[Notice, ...], bytes]:
    """Return the notices of a screening, and their piece of the record."""
    dropped = sum(1 for h in hits if h.relation is Relation.DROPPED and h.role == "")
    own, written = _own_notices(prepared.edition.info.synthetic, dropped)
    if not project.notices:
        return own, written
    notices = (*project.notices, *own)
    return notices, recording.canonical(recording.plain(notices))


@lru_cache(maxsize=256)
def _own_notices(synthetic: bool, dropped: int) -> tuple[tuple[Notice, ...], bytes]:
    notices: list[Notice] = []
    if synthetic:
        zh, en = both("synthetic")
        notices.append(Notice(code="SYNTHETIC", zh=zh, en=en))
    if dropped:
        zh, en = both("dropped", count=dropped)
        notices.append(Notice(code="DROPPED", zh=zh, en=en))
    return tuple(notices), recording.canonical(recording.plain(notices))


def _zones(prepared: Prepared, hits: Sequence[Hit]) -> list[bytes]:
    """Return the titles of the zones hit as members of a JSON object; they come after layers and documents."""
    found = {f"zone:{h.layer}/{h.zone}": (h.layer, h.zone) for h in hits}
    return [_member(key, prepared.zone[found[key]].name) for key in sorted(found)]


def _titles(prepared: Prepared, titles: Mapping[str, str], hits: Sequence[Hit]) -> dict[str, str]:
    zones = {f"zone:{h.layer}/{h.zone}": prepared.zone[h.layer, h.zone].name for h in hits}
    return dict(sorted({**titles, **zones}.items()))

"""A difference of two editions as people read it: one HTML page, or text for a terminal.

``comparison_map`` draws the land that changed hands. Rounding happens here and nowhere below; what a page has no
room for is counted, and the record (``sanxian.comparison.to_json``, ``to_csv``) has all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sanxian.comparison import (
    LEAST_AREA_M2,
    LEAST_WIDTH_M,
    RENUMBERED_SHARE,
    Difference,
    FieldChange,
    ItemChange,
    Kind,
    LayerDifference,
    RuleChange,
    Shape,
    ZoneChange,
    text_changes,
)
from sanxian.comparison.record import shown
from sanxian.edition import Edition
from sanxian.i18n import language, t
from sanxian.model import EditionInfo, LayerKind, UnitClass
from sanxian.report import comparison_map as maps
from sanxian.report import words
from sanxian.report.markup import Child, Markup, join, tag
from sanxian.report.page import document, fields, numbered, style, table

ROWS_MAX: Final = 300  # of one table of the page
LINES_MAX: Final = 40  # of one section of the text
MAPS_MAX: Final = 6
_LABELLED: Final = frozenset(("text", "title", "name"))  # long texts, shown with what changed in them

_CSS: Final = (
    """
ins { background: #dcefe4; color: #0d4a34; text-decoration: underline; text-decoration-thickness: 1px; }
del { background: #fbe3e1; color: #8a1a16; }
.from-to { font-weight: 400; color: var(--faint); }
.change-kind { font-weight: 600; white-space: nowrap; }
.details { list-style: none; padding: 0; display: grid; gap: 3px; }
.details .label { color: var(--faint); margin-right: .6em; }
.counts b { font-weight: 600; }
.warned { color: var(--bad); font-weight: 600; }
"""
    + maps.CSS
)


@dataclass(frozen=True, slots=True)
class Told:
    """A difference in the words of one language."""

    difference: Difference
    lang: str
    old: Edition | None = None
    new: Edition | None = None

    def say(self, key: str, /, **given: object) -> str:
        """Return a text of the report."""
        return t(f"comparison.{key}", self.lang, **given)

    @property
    def synthetic(self) -> bool:
        """Whether either edition is made up."""
        return self.difference.old.synthetic or self.difference.new.synthetic

    @property
    def verdict(self) -> str:
        """Whether they differ, in one sentence."""
        if not self.difference.empty:
            return self.say("differ")
        redrawn = self.difference.redrawn
        return self.say("same_redrawn", count=redrawn) if redrawn else self.say("same")

    def joint(self, items: Iterable[str]) -> str:
        """Return items one after another."""
        return (", " if self.lang == "en" else "、").join(items)

    def title(self, layer: LayerDifference) -> str:
        """Return how a layer is called."""
        return self.say("in_layer", title=layer.title, layer=layer.layer) if layer.title else layer.layer

    def kind(self, change: ZoneChange) -> str:
        """Return what became of a zone in one word."""
        if change.kind is Kind.CHANGED and change.shape is Shape.RESHAPED:
            return self.say("kind.reshaped")
        return self.say(f"kind.{change.kind}")

    def label(self, name: str) -> str:
        """Return how a field is called; names inside a field keep their own."""
        first, _, rest = name.partition(".")
        if first in ("attributes", "scope") and rest:
            return rest
        try:
            return self.say(f"field.{name}")
        except KeyError:  # a name of the data's own
            return name

    def value(self, value: object, name: str = "") -> str:
        """Return a value as it is shown; classes in words."""
        text = shown(value)  # type: ignore[arg-type]  # a value of a difference is plain
        if name == "zone_class" and text in UnitClass.__members__:
            return t(f"labels.unit_class.{text}", self.lang)
        return text or self.say("empty")

    def classes(self, layer: LayerDifference) -> list[tuple[str, str, str]]:
        """Return what land changed class: old class, new class, area; nothing where classes say nothing new."""
        rows = layer.class_transfers
        if not any(old and new for old, new in rows):
            return []
        group = "labels.unit_class" if is_units(self, layer) else "statistics.class"

        def named(name: str) -> str:
            if name in UnitClass.__members__:
                return t(f"{group}.{name}", self.lang)
            return name or self.say("none_class")

        return [(named(old), named(new), words.area(m2)) for (old, new), m2 in rows.items()]

    def zone(self, code: str) -> str:
        """Return a code, or that there is none."""
        return code or self.say("nowhere")

    def sizes(self, change: ZoneChange) -> list[str]:
        """Return what a zone gained and lost."""
        pairs = (("gained", change.gained_m2, change.gained_m), ("lost", change.lost_m2, change.lost_m))
        made = [self.say(k, size=words.area(area)) for k, area, _ in pairs if area > 0]
        return made + [self.say(k, size=words.length(length)) for k, _, length in pairs if length > 0]

    def rule(self, rule: RuleChange) -> str:
        """Return what became of a rule; rules count from 1."""
        if rule.old_index is None:
            return self.say("rule_added", number=(rule.new_index or 0) + 1)
        if rule.new_index is None:
            return self.say("rule_removed", number=rule.old_index + 1)
        if rule.old_index != rule.new_index:
            return self.say("rule_moved", old=rule.old_index + 1, new=rule.new_index + 1)
        return self.say("rule", number=rule.new_index + 1)

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The figures at the top."""
        layers = self.difference.layers
        made = [
            (kind.value, sum(layer.count(kind) for layer in layers))
            for kind in (Kind.ADDED, Kind.REMOVED, Kind.RENUMBERED)
        ]
        made.append(("reshaped", sum(layer.reshaped for layer in layers)))
        made.append(("fields", sum(map(fields_only, layers))))
        return [*made, ("clauses", len(self.difference.clauses))]

    @property
    def method(self) -> str:
        """How it was compared."""
        return self.say(
            "method",
            area=f"{LEAST_AREA_M2:g}",
            width=f"{LEAST_WIDTH_M * 1000:g}",
            share=words.with_unit(f"{100 * RENUMBERED_SHARE:g}", "%"),
            rounding=words.area(sum(layer.rounding_m2 for layer in self.difference.layers)),
        )


def fields_only(layer: LayerDifference) -> int:
    """Return how many zones kept code and shape and changed in their attributes."""
    return sum(
        change.kind is Kind.CHANGED and change.shape is not Shape.RESHAPED for change in layer.material
    )


# --- HTML ------------------------------------------------------------------------------------


def render(
    difference: Difference, lang: str = "zh-CN", *, old: Edition | None = None, new: Edition | None = None
) -> bytes:
    """Return a difference as one self-contained HTML page; the same difference gives the same bytes.

    Parameters
    ----------
    difference : Difference
    lang : str, default "zh-CN"
        ``zh-CN`` or ``en``.
    old, new : Edition, optional
        What was compared; the new one gives the maps the zones around.
    """
    told = Told(difference, language(lang), old, new)
    drawn = list(_maps(told))
    parts: list[tuple[str, Child]] = [("summary", _summary(told))]
    if drawn:
        parts += [("maps", drawn)]
    land = _land(told)
    if land:
        parts += [("land", land)]
    for key, body in (("zones", _zones(told)), ("clauses", _clauses(told)), ("others", _others(told))):
        if body:
            parts += [(key, body)]
    parts += [("method", tag("p", told.method))]
    names = {"old": difference.old.title, "new": difference.new.title}
    banner = tag("div", tag("p", told.say("synthetic_note")), class_="banner", role="note")
    return document(
        maps.patterns(),
        banner if told.synthetic else None,
        tag(
            "div",
            _masthead(told),
            [numbered(i, k, told.say(f"heading.{k}"), b, told.lang) for i, (k, b) in enumerate(parts)],
            class_="page",
        ),
        tag("footer", tag("span", told.say("footer", **names))),
        lang=told.lang,
        title=f"{told.say('title')} · {difference.new.title}",
        style=style(
            told.say("footer", **names),
            told.say("page", page="\0", pages="\1"),
            told.say("synthetic") if told.synthetic else "",
            more=_CSS,
        ),
        generator="sanxian",
        synthetic=told.synthetic,
    )


def _masthead(told: Told) -> Markup:
    difference, say = told.difference, told.say

    def about(heading: str, info: EditionInfo) -> Markup:
        start, end = info.valid_from.isoformat(), info.valid_to
        valid = (
            say("valid_open", start=start)
            if end is None
            else say("valid_between", start=start, end=end.isoformat())
        )
        rows: list[tuple[str, Child]] = [
            (heading, info.title),
            (say("id"), info.id),
            (say("valid"), valid),
            (say("digest"), tag("code", words.short_digest(info.digest))),
        ]
        return fields(rows)

    counts = [
        tag("li", tag("span", str(n), class_="n"), say(f"count.{key}"), class_="zero" if n == 0 else None)
        for key, n in told.counts
    ]
    only = tag("p", say("only", layers=", ".join(difference.only))) if difference.only else None
    return tag(
        "header",
        tag("p", say("system"), class_="system"),
        tag("h1", say("title")),
        tag("p", say("from_to", old=difference.old.title, new=difference.new.title), class_="project-name"),
        tag("div", about(say("old"), difference.old), about(say("new"), difference.new), class_="meta"),
        tag("p", told.verdict, class_="sentence"),
        only,
        tag("ul", counts, class_="counts"),
        class_="masthead",
    )


def _summary(told: Told) -> Markup:
    heads = ("layer", "added", "removed", "renumbered", "reshaped", "fields", "unchanged", "redrawn", "moved")
    rows = [
        (
            told.title(layer),
            *(str(layer.count(kind)) for kind in (Kind.ADDED, Kind.REMOVED, Kind.RENUMBERED)),
            str(layer.reshaped),
            str(fields_only(layer)),
            f"{layer.unchanged:,}",
            str(layer.redrawn),
            words.area(layer.moved_m2),
        )
        for layer in told.difference.layers
        if layer.changes
    ]
    still = [told.title(layer) for layer in told.difference.layers if not layer.changes]
    rest = tag("p", told.say("unchanged_layers", layers=told.joint(still)), class_="faint") if still else None
    columns = [(told.say(f"head.{h}"), "name" if h == "layer" else "number") for h in heads]
    return join(table("", columns, rows) if rows else None, rest)


def _maps(told: Told) -> Iterator[Markup]:
    chosen = sorted(
        (layer for layer in told.difference.layers if layer.transfers),
        key=lambda layer: (not is_units(told, layer), -layer.moved_m2, layer.layer),
    )
    for layer in chosen[:MAPS_MAX]:
        yield maps.figure(
            layer,
            told.new,
            told.say,
            title=told.title(layer),
            size=words.area(layer.moved_m2),
            synthetic=told.synthetic,
            direction=is_units(told, layer),
        )


def is_units(told: Told, layer: LayerDifference) -> bool:
    """Return whether a layer holds control units."""
    for edition in (told.new, told.old):
        for one in () if edition is None else edition.layers:
            if one.id == layer.layer:
                return one.kind is LayerKind.CONTROL_UNIT
    return layer.layer == LayerKind.CONTROL_UNIT.value


def _capped(told: Told, rows: Sequence[Sequence[Child]]) -> tuple[Sequence[Sequence[Child]], Child]:
    """Return the rows a page has room for, and a line that counts the others."""
    rest = len(rows) - ROWS_MAX
    if rest <= 0:
        return rows, None
    return rows[:ROWS_MAX], tag("p", told.say("more", count=rest), class_="faint")


def _land(told: Told) -> list[Child]:
    say = told.say
    made: list[Child] = []
    for layer in told.difference.layers:
        if not (layer.transfers or told.classes(layer)):
            continue
        made.append(tag("h3", told.title(layer)))
        if classes := told.classes(layer):
            heads = (("from_class", "name"), ("to_class", "name"), ("area", "number"))
            columns = [(say(f"head.{key}"), css) for key, css in heads]
            made.append(table(say("class_matrix"), columns, classes))
        columns = [
            (say("head.number"), "number"),
            (say("head.from"), "code"),
            (say("head.name"), ""),
            (say("head.to"), "code"),
            (say("head.name"), ""),
            (say("head.area"), "number"),
        ]
        old = {c.old.code: c.old.name for c in layer.changes if c.old is not None}
        new = {c.new.code: c.new.name for c in layer.changes if c.new is not None}
        rows: list[Sequence[Child]] = [
            (
                str(i),
                told.zone(x.old),
                old.get(x.old, ""),
                told.zone(x.new),
                new.get(x.new, ""),
                words.area(x.area_m2),
            )
            for i, x in enumerate(maps.by_size(layer.transfers), start=1)
        ]
        shown_rows, more = _capped(told, rows)
        made += [table(say("matrix"), columns, shown_rows), more]
    return made


def _zones(told: Told) -> list[Child]:
    say = told.say
    made: list[Child] = []
    columns = [
        (say("head.change"), "change-kind"),
        (say("head.code"), "code"),
        (say("head.name"), ""),
        (say("head.size"), ""),
        (say("head.details"), ""),
    ]
    for layer in told.difference.layers:
        rows: list[Sequence[Child]] = [
            (told.kind(c), _codes(c), c.name, _lines(told.sizes(c)), _details(told, c))
            for c in layer.material
        ]
        if rows:
            shown_rows, more = _capped(told, rows)
            made += [table(told.title(layer), columns, shown_rows), more]
    return made


def _codes(change: ZoneChange) -> Child:
    if change.kind is Kind.RENUMBERED and change.old is not None:
        return [change.old.code, tag("br"), tag("span", "→ ", class_="from-to"), change.code]
    return change.code


def _lines(texts: Iterable[str]) -> Child:
    rows = [tag("li", text) for text in texts]
    return tag("ul", rows, class_="details") if rows else ""


def _details(told: Told, change: ZoneChange) -> Child:
    rows = [_field(told, field) for field in change.fields if field.name != "code"]
    if change.elsewhere:
        rows.insert(0, tag("li", told.say("elsewhere"), class_="warned"))
    return tag("ul", rows, class_="details") if rows else ""


def _field(told: Told, field: FieldChange) -> Markup:
    label = tag("span", told.label(field.name), class_="label")
    if field.name in _LABELLED and isinstance(field.old, str) and isinstance(field.new, str):
        return tag("li", label, marked(field.old, field.new))
    old, new = (tag(k, told.value(v, field.name)) for k, v in (("del", field.old), ("ins", field.new)))
    return tag("li", label, old, " → ", new)


def marked(old: str, new: str) -> Markup:
    """Return the new text with what was taken out and put in marked."""
    tags = {"removed": "del", "added": "ins"}
    return join(
        *(
            span.text if span.kind == "equal" else tag(tags[span.kind], span.text)
            for span in text_changes(old, new)
        )
    )


def _clauses(told: Told) -> list[Child]:
    rows = [_item_row(told, row) for row in told.difference.clauses]
    if not rows:
        return []
    shown_rows, more = _capped(told, rows)
    return [table("", _item_columns(told), shown_rows), more]


def _item_columns(told: Told) -> list[tuple[str, str]]:
    return [
        (told.say("head.change"), "change-kind"),
        (told.say("head.item"), "code"),
        (told.say("head.details"), ""),
    ]


def _item_row(told: Told, row: ItemChange[Any]) -> Sequence[Child]:
    items = [_field(told, field) for field in row.fields]
    if row.kind is not Kind.CHANGED:
        item = row.new if row.old is None else row.old
        body = next(
            (str(getattr(item, n)) for n in ("text", "title", "name", "value", "reason") if hasattr(item, n)),
            "",
        )
        if body:
            items.append(tag("li", tag("ins" if row.old is None else "del", body)))
    for rule in row.rules:
        items.append(tag("li", tag("span", told.rule(rule), class_="label"), None))
        items += [_field(told, field) for field in rule.fields]
    return (told.say(f"kind.{row.kind}"), row.key, tag("ul", items, class_="details") if items else "")


def _others(told: Told) -> list[Child]:
    made: list[Child] = []
    if told.difference.info:
        rows = [
            (told.label(f.name), told.value(f.old, f.name), told.value(f.new, f.name))
            for f in told.difference.info
        ]
        heads = [(told.say("head.item"), "name"), (told.say("old"), ""), (told.say("new"), "")]
        made.append(table(told.say("table.edition"), heads, rows))
    for name, items in told.difference.tables.items():
        if name != "clause" and items:
            shown_rows, more = _capped(told, [_item_row(told, row) for row in items])
            made += [table(told.say(f"table.{name}"), _item_columns(told), shown_rows), more]
    return made


# --- text ------------------------------------------------------------------------------------


def render_text(difference: Difference, lang: str = "zh-CN") -> bytes:
    """Return a difference as plain text, UTF-8."""
    told = Told(difference, language(lang))
    lines = list(_text(told))
    return ("\n".join(lines).replace(words.SPACE, " ") + "\n").encode("utf-8")


def _text(told: Told) -> Iterator[str]:
    difference, say = told.difference, told.say
    if told.synthetic:
        yield say("synthetic_note")
    yield (
        f"{say('title')}：{difference.old.title} → {difference.new.title}"
        if told.lang != "en"
        else (f"{say('title')}: {difference.old.title} → {difference.new.title}")
    )
    yield f"  {words.short_digest(difference.old.digest)} → {words.short_digest(difference.new.digest)}"
    yield told.verdict
    if difference.only:
        yield say("only", layers=", ".join(difference.only))
    if difference.empty:
        return
    yield "  ".join(f"{say(f'count.{key}')} {n}" for key, n in told.counts)
    for layer in difference.layers:
        if layer.material:
            yield ""
            yield f"{told.title(layer)}  {say('head.unchanged')} {layer.unchanged:,}  {say('head.moved')} {words.area(layer.moved_m2)}"
            yield from _short(told, list(_zone_lines(told, layer)))
            yield from _short(told, list(_land_lines(told, layer)))
    if difference.info:
        yield ""
        yield say("table.edition")
        yield from (f"  {_field_text(told, f)}" for f in difference.info)
    for name, items in difference.tables.items():
        if items:
            yield ""
            yield f"{say(f'table.{name}')} ({len(items)})"
            yield from _short(told, [line for row in items for line in _item_lines(told, row)])
    yield ""
    yield told.method


def _short(told: Told, lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:LINES_MAX]
    if len(lines) > LINES_MAX:
        yield f"  {told.say('more', count=len(lines) - LINES_MAX)}"


def _zone_lines(told: Told, layer: LayerDifference) -> Iterator[str]:
    for change in layer.material:
        code = change.code
        if change.kind is Kind.RENUMBERED and change.old is not None:
            code = f"{change.old.code} → {code}"
        warned = [told.say("elsewhere")] if change.elsewhere else []
        yield "  ".join([f"  {told.kind(change)}", code, change.name, *told.sizes(change), *warned])
        for field in change.fields:
            if field.name != "code":
                yield f"      {_field_text(told, field)}"


def _land_lines(told: Told, layer: LayerDifference) -> Iterator[str]:
    if classes := told.classes(layer):
        yield f"  {told.say('class_matrix')}"
        yield from (f"    {old} → {new}  {area}" for old, new, area in classes)
    if layer.transfers:
        yield f"  {told.say('matrix')}"
        for x in maps.by_size(layer.transfers):
            yield f"    {told.zone(x.old)} → {told.zone(x.new)}  {words.area(x.area_m2)}"


def _field_text(told: Told, field: FieldChange) -> str:
    if field.name == "text" and isinstance(field.old, str) and isinstance(field.new, str):
        marks = {"equal": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
        body = "".join(marks[s.kind].format(s.text) for s in text_changes(field.old, field.new))
        return f"{told.label(field.name)}  {' '.join(body.split())}"
    return (
        f"{told.label(field.name)}  {told.value(field.old, field.name)} → {told.value(field.new, field.name)}"
    )


def _item_lines(told: Told, row: ItemChange[Any]) -> Iterator[str]:
    yield f"  {told.say(f'kind.{row.kind}')}  {row.key}"
    yield from (f"      {_field_text(told, field)}" for field in row.fields)
    for rule in row.rules:
        yield f"      {told.rule(rule)}"
        yield from (f"        {_field_text(told, field)}" for field in rule.fields)

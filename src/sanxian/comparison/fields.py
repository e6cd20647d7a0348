"""Fields: what differs inside one item, by name, with both values as they are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any, Final, cast

from sanxian.comparison.difference import FieldChange, Plain, RuleChange, rule_order
from sanxian.edition.rows import canonical_json
from sanxian.model import Coverage, Scope

_NOT_FIELDS: Final = frozenset(("geometry", "rules", "layer", "digest"))
_ABSENT: Final = object()


def field_changes(old: Any, new: Any) -> tuple[FieldChange, ...]:
    """Return the fields in which two items of one type differ, in the order of the model.

    Mappings and scopes are compared key by key; shapes, rules and the digest are not looked at.
    """
    found: list[FieldChange] = []
    for name in _names(cast("Hashable", type(old))):
        before, after = getattr(old, name), getattr(new, name)
        if before is not after and before != after:
            found += _named(name, before, after)
    return tuple(found)


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    # a row of the coverage table is about a layer; a zone lies in one, which is not its own doing
    skipped = _NOT_FIELDS - {"layer"} if kind is Coverage else _NOT_FIELDS
    return tuple(field.name for field in fields(cast("Any", kind)) if field.name not in skipped)


def _named(name: str, old: Any, new: Any) -> Iterator[FieldChange]:
    if isinstance(old, Scope):
        old, new = ({f.name: getattr(s, f.name) for f in fields(Scope)} for s in (old, new))
    if isinstance(old, Mapping):
        for key in sorted({*old, *new}):
            before, after = old.get(key), new.get(key)
            if before != after:
                yield FieldChange(name=f"{name}.{key}", old=_plain(before), new=_plain(after))
        return
    yield FieldChange(name=name, old=_plain(old), new=_plain(new))


def _plain(value: Any) -> Plain:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_plain(item) for item in value) or None
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value) or None


# --- rules -----------------------------------------------------------------------------------


def rule_changes(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> tuple[RuleChange, ...]:
    """Return what became of the rules of a clause.

    Equal rules belong together, wherever they stand; of the others the first belongs to the first, and so on.
    """
    waiting: dict[str, list[int]] = defaultdict(list)
    for index, rule in enumerate(new):
        waiting[canonical_json(dict(rule))].append(index)
    found: list[RuleChange] = []
    left_old: list[int] = []
    for index, rule in enumerate(old):
        equal = waiting[canonical_json(dict(rule))]
        if not equal:
            left_old.append(index)
        elif (at := equal.pop(0)) != index:
            found.append(RuleChange(old_index=index, new_index=at))
    left_new = sorted(index for rest in waiting.values() for index in rest)
    both = min(len(left_old), len(left_new))
    found += [
        RuleChange(old_index=i, new_index=j, fields=_inside(old[i], new[j]))
        for i, j in zip(left_old[:both], left_new[:both], strict=True)
    ]
    found += [RuleChange(old_index=i, new_index=None) for i in left_old[both:]]
    found += [RuleChange(old_index=None, new_index=j) for j in left_new[both:]]
    return tuple(sorted(found, key=rule_order))


def same_rules(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether rules that compare equal are stored the same: to Python ``True`` equals 1, and 1 equals 1.0."""
    return old is new or all(
        a is b or canonical_json(dict(a)) == canonical_json(dict(b)) for a, b in zip(old, new, strict=True)
    )


def _inside(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    before, after = dict(_leaves("", old)), dict(_leaves("", new))
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        FieldChange(name=name, old=before.get(name), new=after.get(name))
        for name in sorted(names)
        if not _equal(before.get(name, _ABSENT), after.get(name, _ABSENT))
    )


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Plain]]:
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _leaves(f"{path}.{key}" if path else key, value[key])
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(f"{path}[{index}]", item)
    elif isinstance(value, list | tuple):
        yield path, tuple(value)
    elif value is None or isinstance(value, Mapping):
        yield path, "null" if value is None else "{}"
    else:
        yield path, value

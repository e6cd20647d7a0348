"""Clause files: rows as JSON Lines, a JSON list or YAML, read with the line of every mistake, written alike.

A row is one clause as ``docs/reference/clause-format.md`` names its keys. What comes back from reading is
plain JSON whatever the file was: dates are ISO text, and a quote given by its words is ``[start, end)``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from sanxian import output
from sanxian.errors import ClauseFile
from sanxian.i18n import t

SUFFIXES: Final = (".jsonl", ".json", ".yaml", ".yml")
MAX_DEPTH: Final = 64  # of a row; a rule people can read has about six levels

# Order of keys wherever they stand, so that a file says the same thing in the same bytes; others follow by name.
_KEYS: Final = (
    "id", "number", "level", "dimension", "dimension_label", "category", "text", "document", "scope", "list_id",
    "valid_from", "valid_to", "office", "rules", "source", "reading",
    "effect", "strength", "subject", "nature", "industry", "activity", "role",
    "when", "unless", "require", "until", "quote", "parts", "review",
    "all", "any", "not", "fact", "matter", "catalogue", "in", "crosses", "share", "area", "length", "distance",
    "state", "date", "clause", "duty", "op", "value", "unit", "of", "at", "issuer", "phase", "path", "by", "on", "note",
    "everywhere", "units", "zones", "regions", "parks", "blocks", "classes",
    "file", "sheet", "row", "column", "confidence", "doubts", "residue",
)  # fmt: skip
_RANK: Final = {key: place for place, key in enumerate(_KEYS)}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff]")
_YAML: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Mistake(ValueError):
    """What is wrong with a value, by its key in ``locale/review``."""

    def __init__(self, key: str, /, **fields: object) -> None:
        super().__init__(key)
        self.key = key
        self.fields = fields


class _Entry(NamedTuple):
    """One row of a file, or why it is none."""

    where: int  # line of .jsonl and .yaml, place in the list of .json; both from 1
    row: Any
    error: Exception | None = None


def read_clauses(path: str | Path, log: list[ClauseFile] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a clause file, in the order of the file.

    Parameters
    ----------
    path : path
        ``.jsonl`` (one row a line, empty lines do not count), ``.json`` (a list of rows) or ``.yaml``/``.yml``
        (the same list). UTF-8, with or without byte order mark.
    log : list, optional
        Takes the error of every row that cannot be used; the others come back. Without it the first error
        is raised. With it, rows that come back and errors together are the rows of the file.

    Raises
    ------
    ClauseFile
        The file cannot be read, or (without ``log``) a row is broken, lacks ``id`` or ``text``, or repeats
        the id of an earlier row; both lines are named.
    """
    source = Path(path)
    kind = source.suffix.lower()
    if kind not in SUFFIXES:
        raise _error(source.name, None, "format", suffix=kind or "-", known=" ".join(SUFFIXES))
    try:
        text = source.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _error(source.name, None, "unreadable", error=error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise _error(source.name, None, "encoding", place=error.start) from error
    entries = {".jsonl": _lines, ".json": _listed}.get(kind, _yaml_rows)
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for entry in entries(source.name, text):
        try:
            row = _row(source.name, entry)
            first = seen.setdefault(row["id"], entry.where)
            if first != entry.where:
                raise _error(source.name, entry.where, "twice", id=row["id"], first=first)
        except ClauseFile as error:
            if log is None:
                raise
            log.append(error)
        else:
            rows.append(row)
    return rows


def write_clauses(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows to a clause file, whole or not at all; the suffix chooses the form.

    The same rows give the same bytes, in whatever order their keys were set: UTF-8, LF, keys in the order of
    the format.

    Raises
    ------
    ClauseFile
        Unknown suffix; a row without id or text, an id twice, or a value JSON cannot say.
    OutputFailed
        The file cannot be written.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in SUFFIXES:
        raise _error(target.name, None, "format", suffix=kind or "-", known=" ".join(SUFFIXES))
    made: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for place, row in enumerate(rows, 1):
        made.append(_row(target.name, _Entry(place, row)))
        first = seen.setdefault(made[-1]["id"], place)
        if first != place:
            raise _error(target.name, place, "twice", id=made[-1]["id"], first=first)
    if kind == ".jsonl":
        text = "".join(encode(row) + "\n" for row in made)
    elif kind == ".json":
        text = "[" + ",".join("\n  " + encode(row) for row in made) + ("\n]\n" if made else "]\n")
    else:
        text = _yaml_text(target.name, made)
    output.write(target, text.encode("utf-8"))


def encode(value: Any) -> str:
    """Return ``value`` as JSON on one line, keys in the order of the format.

    Characters that UTF-8 cannot hold (lone surrogates) are escaped; everything else stays readable.

    Raises
    ------
    TypeError, ValueError
        The value is none of JSON's.

    Examples
    --------
    >>> encode({"value": 35, "op": ">=", "fact": "boiler_tph"})
    '{"fact": "boiler_tph", "op": ">=", "value": 35}'
    """
    text = json.dumps(ordered(value), ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def decode(text: str) -> Any:
    """Return the value of a JSON text, refusing what JSON readers disagree about.

    Raises
    ------
    ValueError
        No JSON, a key twice in one object, or NaN and infinity.
    """
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)


def ordered(value: Any) -> Any:
    """Return a JSON value with the keys of every object in the order of the format."""
    kind = type(
        value
    )  # nearly every value is of these two or plain; asking for the abstract types costs more
    if kind is dict:
        return {key: ordered(value[key]) for key in _in_order(tuple(value))}
    if kind is list:
        return [ordered(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {key: ordered(value[key]) for key in _in_order(tuple(value))}
    if isinstance(value, Sequence):
        return [ordered(item) for item in value]
    return value


@lru_cache(maxsize=4096)  # rows have few shapes
def _in_order(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(keys, key=_rank))


def _rank(key: str) -> tuple[int, str]:
    return _RANK.get(key, len(_RANK)), key


# --- reading -------------------------------------------------------------------------------------


def _lines(_: str, text: str) -> Iterator[_Entry]:
    for number, line in enumerate(text.split("\n"), 1):  # never splitlines: a text may hold U+2028
        if line.strip():
            try:
                yield _Entry(number, decode(line))
            except (ValueError, RecursionError) as error:
                yield _Entry(number, None, error)


def _listed(source: str, text: str) -> Iterator[_Entry]:
    try:
        rows = decode(text)
    except (ValueError, RecursionError) as error:
        raise _broken(source, None, error) from error
    if not isinstance(rows, list):
        raise _error(source, None, "no_list")
    yield from (_Entry(place, row) for place, row in enumerate(rows, 1))


def _yaml_rows(source: str, text: str) -> Iterator[_Entry]:
    loader = _YAML(text)
    try:
        try:
            _check_depth(text)
            root = loader.get_single_node()
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            raise _broken(source, mark and mark.line + 1, error) from error
        if root is None:
            return
        if not isinstance(root, yaml.SequenceNode):
            raise _error(source, None, "no_list")
        seen: set[int] = set()
        for node in root.value:
            try:
                _check_node(node, seen)
                row = loader.construct_object(node, deep=True)
            except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
                yield _Entry(node.start_mark.line + 1, None, error)
            else:
                yield _Entry(node.start_mark.line + 1, row)
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """Refuse deep nesting before anything recurses into it: the reader in C has no bottom."""
    depth = 0
    for event in yaml.parse(text, Loader=_YAML):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH + 2:
            raise _Mistake("deep", limit=MAX_DEPTH)


def _check_node(top: yaml.Node, seen: set[int]) -> None:
    """Refuse keys given twice, of which YAML would keep the last, and aliases, by which a small file grows huge."""
    nodes = [top]
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            raise _Mistake("alias")
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            _only_once(keys)
            nodes += (child for pair in node.value for child in pair)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _only_once([key for key, _ in pairs])
    return dict(pairs)


def _only_once(keys: list[str]) -> None:
    if len(set(keys)) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise _Mistake("key_twice", keys=", ".join(twice))


def _no_constant(name: str) -> Any:
    raise _Mistake("constant", name=name)


def _row(source: str, entry: _Entry) -> dict[str, Any]:
    """Return the row of an entry as plain JSON, or raise what is wrong with it."""
    if entry.error is not None:
        raise _broken(source, entry.where, entry.error) from entry.error
    if not isinstance(entry.row, Mapping):
        raise _error(source, entry.where, "no_object")
    try:
        row: dict[str, Any] = _plain(entry.row, 0)
        encode(row)
    except (TypeError, ValueError) as error:
        raise _broken(source, entry.where, error) from error
    for key in ("id", "text"):
        if key not in row:
            raise _error(source, entry.where, "lacks", key=key)
        if not isinstance(row[key], str):
            raise _error(source, entry.where, "not_text", key=key, value=repr(row[key])[:40])
    if not row["id"].strip():
        raise _error(source, entry.where, "lacks", key="id")
    if isinstance(row.get("number"), float):  # 1.10 has become 1.1
        raise _error(source, entry.where, "not_text", key="number", value=repr(row["number"]))
    rules = row.get("rules")
    if rules is not None and not (isinstance(rules, list) and all(isinstance(r, dict) for r in rules)):
        raise _error(source, entry.where, "no_rules", id=row["id"])
    for rule in rules or ():
        words = rule.get("quote")
        if isinstance(words, str):
            start = row["text"].find(words) if words else -1
            if start < 0:
                raise _error(source, entry.where, "quote", id=row["id"], words=words[:40])
            rule["quote"] = [start, start + len(words)]
    return row


def _plain(value: Any, depth: int) -> Any:
    """Return a value of YAML or of the caller as JSON: dates as ISO text, lists and objects of our own."""
    if depth > MAX_DEPTH:
        raise _Mistake("deep", limit=MAX_DEPTH)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        # YAML 1.1 reads the key `on` of a review as a boolean
        plain = {"on" if key is True else key: _plain(item, depth + 1) for key, item in value.items()}
        if odd := [key for key in plain if not isinstance(key, str)]:
            raise _Mistake("key", key=odd[0])
        return plain
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    return value


def _broken(source: str, where: int | None, error: Exception) -> ClauseFile:
    """Return the error for what a reader of JSON or YAML, or we ourselves, had to say."""
    if isinstance(error, _Mistake):
        return _error(source, where, error.key, **error.fields)
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    return _error(source, where, "broken", error=" ".join(str(problem).split())[:120])


def _error(source: str, where: int | None, key: str, /, **fields: object) -> ClauseFile:
    place = {"zh": "", "en": ""}
    if where is not None:
        name = "item" if source.lower().endswith(".json") else "line"
        place = {
            "zh": t(f"review.file.{name}", "zh-CN", n=where),
            "en": t(f"review.file.{name}", "en", n=where),
        }
    reason = {
        "zh": t(f"review.file.{key}", "zh-CN", **fields),
        "en": t(f"review.file.{key}", "en", **fields),
    }
    return ClauseFile(source=source, where=place, reason=reason)


# --- writing -------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """The writer in Python: the one in C differs in quotes, and the bytes must not depend on the machine."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write every value out: reading refuses aliases."""
        return True


def _yaml_string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML folds lines at characters it takes for line breaks and loses them unless they are escaped
    style = '"' if _ESCAPED.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _yaml_string)


def _yaml_text(source: str, rows: list[dict[str, Any]]) -> str:
    for place, row in enumerate(rows, 1):
        if _SURROGATE.search(json.dumps(row, ensure_ascii=False)):
            raise _error(source, place, "surrogate", id=row["id"])
    if not rows:
        return "[]\n"
    made: str = yaml.dump(ordered(rows), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return made

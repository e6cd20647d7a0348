"""Filing package (备案材料): what a higher authority wants with an edition, in one zip.

The same publication gives the same bytes: entries in one order, dated with the day of publication (else the first day in
force), office files without the moment they were made.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from sanxian import output, statistics
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Dimension
from sanxian.publish.changes import WHOLE, areas_m2
from sanxian.publish.lists import AccessList, class_name, dimension_name, level_name
from sanxian.publish.publication import Publication
from sanxian.publish.word import access_list_document
from sanxian.report.packing import moment_of
from sanxian.report.statistics import to_csv, to_workbook
from sanxian.report.tables import Cell, Table, as_csv, as_workbook

_LANG: Final = "zh-CN"
_KM2: Final = 1e6


def write_filing(
    made: Publication, edition: Path, name: str, manifest: bytes, signature: bytes | None, out: Path
) -> None:
    """Write the filing package to ``out``, a path that is free.

    Parameters
    ----------
    made : Publication
    edition : Path
        The edition file, to be called ``name`` in the package.
    manifest : bytes
    signature : bytes, optional
    out : Path

    Raises
    ------
    NotInstalled
        openpyxl or python-docx is missing.
    """
    info = made.edition.info
    day = info.published or info.valid_from
    stem = Path(name).stem
    with zipfile.ZipFile(out, "w") as package:
        for path, content in _documents(made, stem, manifest, signature):
            package.writestr(output.member(path, moment_of(day)), content)
        # perhaps large: copied in pieces, never held whole
        entry = output.member(f"1-成果数据/{name}", moment_of(day))
        with package.open(entry, "w", force_zip64=True) as target, edition.open("rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)


def _documents(
    made: Publication, stem: str, manifest: bytes, signature: bytes | None
) -> Iterator[tuple[str, bytes]]:
    info = made.edition.info
    day = info.published or info.valid_from
    remark = (t("publish.filing.remark", _LANG), SYNTHETIC) if info.synthetic else None
    for lang, path in (("zh-CN", "README.txt"), ("en", "README.en.txt")):
        yield path, _readme(made, lang)
    layers, changes, figures = (
        layer_table(made),
        change_list(made),
        statistics.of(made.edition, info.valid_from),
    )
    yield "1-成果数据/图层清单.csv", as_csv(layers, remark)
    listed = AccessList(edition=made.edition)
    yield "2-准入清单/生态环境准入清单.xlsx", as_workbook(list_tables(listed, layers.notes), day)
    yield "2-准入清单/生态环境准入清单.docx", access_list_document(listed, day)
    yield "3-变更清单/变更清单.xlsx", as_workbook([changes], day)
    yield "3-变更清单/变更清单.csv", as_csv(changes, remark)
    yield "4-统计表/分类分区统计.xlsx", to_workbook(figures)
    yield "4-统计表/分类分区统计.csv", to_csv(figures)
    for name, content in made.quality.files(made.edition).items():
        yield f"5-质检报告/{name}", content
    yield f"6-发布说明/{stem}.manifest.json", manifest
    if signature is not None:
        yield f"6-发布说明/{stem}.manifest.sig", signature


def _readme(made: Publication, lang: str) -> bytes:
    info = made.edition.info
    last = t("publish.filing.open", lang) if info.valid_to is None else info.valid_to.isoformat()
    text = t(
        "publish.filing.readme",
        lang,
        title=info.title,
        id=info.id,
        region=info.region,
        first=info.valid_from,
        last=last,
        publisher=info.publisher or "—",
        reason=made.reason,
        trigger=made.trigger.zh if lang == "zh-CN" else made.trigger.en,
        digest=info.digest,
        supersedes=info.supersedes or "—",
    )
    mark = f"{t('publish.filing.synthetic', lang)}\n\n" if info.synthetic else ""
    return (mark + text.strip() + "\n").encode("utf-8")


def _notes(made: Publication) -> tuple[str, ...]:
    return (SYNTHETIC,) if made.edition.info.synthetic else ()


def _heads(table: str, *keys: str) -> tuple[str, ...]:
    return tuple(t(f"publish.tables.{table}.{key}", _LANG) for key in keys)


def layer_table(made: Publication) -> Table:
    """Return the layers with their numbers, accuracy and coverage."""
    edition = made.edition
    rows: list[tuple[Cell, ...]] = []
    for layer in edition.layers:
        covered = "；".join(
            f"{row.region} {t(f'cli.edition.coverage_status.{row.status}', _LANG)}"
            for row in edition.coverage
            if row.layer == layer.id
        )
        rows.append(
            (layer.id, layer.title, t(f"layers.{layer.kind}", _LANG), len(edition.zones[layer.id]),
             layer.accuracy_m, covered, layer.source)
        )  # fmt: skip
    return Table(
        title=t("publish.tables.layers.title", _LANG),
        header=_heads("layers", "id", "name", "kind", "count", "accuracy", "coverage", "source"),
        rows=tuple(rows),
        notes=_notes(made),
    )


def list_tables(listed: AccessList, notes: tuple[str, ...]) -> list[Table]:
    """Return the access list: general requirements, units with a column a dimension, every clause in a row."""
    general = tuple(
        (level_name(c.level), c.dimension_label, c.category, c.number, c.text, listed.scope(c),
         listed.document(c), listed.office(c.office))
        for c in listed.general
    )  # fmt: skip
    units = tuple(
        (unit.code, unit.name, listed.places(unit.regions), class_name(unit.zone_class),
         *("\n".join(listed.unit_texts(unit, dimension)) for dimension in Dimension), listed.office(unit.office))
        for unit in listed.units
    )  # fmt: skip
    clauses = tuple(
        (c.id, level_name(c.level), dimension_name(c.dimension), c.dimension_label, c.category, c.number, c.text,
         listed.scope(c), listed.document(c), _day(c.valid_from),
         _day(c.valid_to), listed.office(c.office))
        for c in listed.edition.clauses
    )  # fmt: skip
    return [
        Table(
            title=t("publish.tables.general.title", _LANG),
            header=_heads(
                "general", "level", "dimension", "category", "number", "text", "scope", "document", "office"
            ),
            rows=general,
            notes=notes,
            widths=(8, 16, 18, 7, 52, 22, 26, 14),
        ),
        Table(
            title=t("publish.tables.units.title", _LANG),
            header=(
                *_heads("units", "code", "name", "region", "class"),
                *(dimension_name(dimension) for dimension in Dimension),
                *_heads("units", "office"),
            ),
            rows=units,
            notes=notes,
            widths=(17, 22, 12, 14, 34, 34, 34, 34, 16),
        ),
        Table(
            title=t("publish.tables.clauses.title", _LANG),
            header=_heads(
                "clauses",
                "id",
                "level",
                "dimension",
                "label",
                "category",
                "number",
                "text",
                "scope",
                "document",
                "valid_from",
                "valid_to",
                "office",
            ),
            rows=clauses,
            notes=notes,
            widths=(12, 8, 16, 16, 18, 7, 48, 22, 26, 12, 12, 14),
        ),
    ]


def _day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def change_list(made: Publication) -> Table:
    """Return what was changed against the edition before: one row a code or clause, areas before and after."""
    by_item = {difference.item: difference for difference in made.differences}
    rows: list[tuple[Cell, ...]] = []
    for change in sorted(made.edition.changes, key=lambda change: change.item != WHOLE):
        difference = by_item.get(change.item)
        before, after = (None, None) if difference is None else areas_m2(difference)
        trigger = made.trigger.zh if change.trigger == made.trigger.key else change.trigger
        rows.append(
            (
                t("publish.tables.changes.whole", _LANG) if change.item == WHOLE else change.item,
                "" if difference is None else difference.name,
                t(f"publish.tables.changes.kinds.{change.kind}", _LANG),
                "、".join(_field_name(name) for name in difference.fields) if difference else "",
                None if before is None else round(before / _KM2, 6),
                None if after is None else round(after / _KM2, 6),
                "、".join(change.successors)
                or (t("publish.tables.changes.given_up", _LANG) if change.kind == "succeeded" else ""),
                change.reason,
                trigger,
            )
        )
    return Table(
        title=t("publish.tables.changes.title", _LANG),
        header=_heads(
            "changes", "item", "name", "kind", "fields", "before", "after", "successors", "reason", "trigger"
        ),
        rows=tuple(rows),
        notes=_notes(made),
        widths=(30, 26, 8, 22, 18, 18, 26, 28, 26),
        formats={4: "#,##0.000000", 5: "#,##0.000000"},
    )


def _field_name(column: str) -> str:
    return t(f"publish.tables.changes.columns.{column}", _LANG)

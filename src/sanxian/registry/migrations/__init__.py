"""How the database became what it is: one file a version in ``versions``, run by Alembic inside one transaction.

There is no ``env.py``: :func:`upgrade` walks the versions itself, on the connection and in the transaction it is given,
so that a program killed in the middle leaves the database as it was, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

FOLDER: Final = Path(__file__).parent

# What only one of the two databases has: the virtual tables of SQLite with what they keep, indexes of PostgreSQL over
# expressions. Comparing the tables of ``tables`` with a database leaves them out.
_ONE_SIDED: Final = re.compile(r"project_(search|place)(_\w+)?|ix_project_(search|place)")


def compared(name: str | None) -> bool:
    """Return whether a table or an index is the same on both databases, so that ``tables`` knows it."""
    return name is None or not _ONE_SIDED.fullmatch(name)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))


def head() -> str:
    """Return the version this program writes."""
    found = _scripts().get_current_head()
    if found is None:
        raise LookupError(FOLDER)
    return found


def known() -> tuple[str, ...]:
    """Return every version this program knows, oldest first."""
    return tuple(script.revision for script in reversed(list(_scripts().walk_revisions())))


def current(connection: Connection) -> str:
    """Return the version of a database; "" when nothing says it is a registry."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(connection: Connection, to: str = "") -> tuple[str, ...]:
    """Bring a database up to ``to``, by default the newest version; return the versions that were run.

    The caller's transaction holds all of it.
    """
    scripts = _scripts()
    context = MigrationContext.configure(connection)
    all_of_them, start = known(), context.get_current_revision()
    target = to or all_of_them[-1]
    first = all_of_them.index(start) + 1 if start else 0
    ran = all_of_them[first : all_of_them.index(target) + 1]
    with Operations.context(context):
        for version in ran:
            script = scripts.get_revision(version)
            script.module.upgrade()
            context.stamp(scripts, version)
    return ran


# --- what the versions use ------------------------------------------------------------------------


def keep_rows(table: str, key: Sequence[str]) -> None:
    """Make a table append-only: the database itself refuses to change or to delete a row of it.

    On SQLite a third trigger refuses ``INSERT OR REPLACE``, which deletes without asking the second; on PostgreSQL
    a third refuses ``TRUNCATE``.
    """
    if op.get_bind().dialect.name == "sqlite":
        same = " AND ".join(f'"{name}" = NEW."{name}"' for name in key)
        refuse = f"SELECT RAISE(ABORT, 'append-only: {table}'); END"
        op.execute(f'CREATE TRIGGER "{table}_no_update" BEFORE UPDATE ON "{table}" BEGIN {refuse}')
        op.execute(f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" BEGIN {refuse}')
        op.execute(
            f'CREATE TRIGGER "{table}_no_replace" BEFORE INSERT ON "{table}" '  # noqa: S608, names of ours
            f'WHEN EXISTS (SELECT 1 FROM "{table}" WHERE {same}) BEGIN {refuse}'
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION sanxian_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f'CREATE TRIGGER "{table}_no_change" BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION sanxian_append_only()"
    )
    op.execute(
        f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION sanxian_append_only()"
    )

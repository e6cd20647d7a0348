"""Search of names and places, a wide index for lists, and a revision of each project beside the version of its document."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sanxian.registry.projects import tokens
from sanxian.registry.registration import folded

revision: Final = "0002"
down_revision: Final = "0001"

_CHUNK: Final = 5_000


def upgrade() -> None:
    """Add the columns and fill them, then make the indexes."""
    op.add_column("project", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("project", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    op.drop_index("ix_project_accepted", "project")
    op.create_index(
        "ix_project_listed",
        "project",
        [
            "accepted_on",
            "id",
            "region",
            "status",
            "eia_class",
            "analysis",
            "verdict",
            "industry",
            "authority",
            "owner",
        ],
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute(
            "CREATE VIRTUAL TABLE project_search USING fts5(grams, content='', detail=none, tokenize='ascii')"
        )
        op.execute("CREATE VIRTUAL TABLE project_place USING rtree(id, west, east, south, north)")
    _fill(sqlite)
    if not sqlite:
        op.execute(
            "CREATE FUNCTION sanxian_grams(t text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$ "
            "SELECT coalesce(array_agg(DISTINCT g), '{}') FROM generate_series(1, length(t)) i, "
            "LATERAL (VALUES (substr(t, i, 2)), (substr(t, i, 1)), (substring(substr(t, i, 4) from '^[ -~]{4}$'))) v(g) "
            "WHERE g IS NOT NULL $$"
        )
        op.execute("CREATE INDEX ix_project_search ON project USING gin (sanxian_grams(search))")
        op.execute(
            "CREATE INDEX ix_project_place ON project USING gist (box(point(west, south), point(east, north)))"
        )


def _fill(sqlite: bool) -> None:
    bind, after = op.get_bind(), 0
    while True:
        rows = bind.execute(
            sa.text(
                "SELECT id, name, code, proponent, west, east, south, north FROM project "
                "WHERE id > :after ORDER BY id LIMIT :most"
            ),
            {"after": after, "most": _CHUNK},
        ).all()
        if not rows:
            return
        after = rows[-1].id
        texts = {
            row.id: "\n".join(dict.fromkeys(map(folded, (row.name, row.code, row.proponent)))) for row in rows
        }
        bind.execute(
            sa.text("UPDATE project SET search = :text WHERE id = :id"),
            [{"id": number, "text": text} for number, text in texts.items()],
        )
        if sqlite:
            bind.execute(
                sa.text("INSERT INTO project_search (rowid, grams) VALUES (:id, :grams)"),
                [{"id": number, "grams": tokens(text)} for number, text in texts.items()],
            )
            placed = [
                {"id": r.id, "w": r.west, "e": r.east, "s": r.south, "n": r.north}
                for r in rows
                if r.west is not None
            ]
            if placed:
                bind.execute(sa.text("INSERT INTO project_place VALUES (:id, :w, :e, :s, :n)"), placed)

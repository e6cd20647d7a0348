"""Counts added up by month and by year, so that a rate over many years is answered at once."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_SAID: Final = "eia_class, status, analysis"
_CELLS: Final = (
    ("month", "''", "month"),
    ("month_region", "region", "month"),
    ("year_region", "region", "substr(month, 1, 4)"),
    ("year_authority", "authority", "substr(month, 1, 4)"),
    ("year_industry", "industry", "substr(month, 1, 4)"),
)


def upgrade() -> None:
    """Add the table and fill it from the counts there are."""
    op.create_table(
        "tally_rate",
        sa.Column("dimension", sa.String(20), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("span", sa.String(7), nullable=False),
        sa.Column("eia_class", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("analysis", sa.String(20), nullable=False),
        sa.Column("projects", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dimension", "key", "span", "eia_class", "status", "analysis", name="pk_tally_rate"
        ),
    )
    op.create_index("ix_tally_region", "tally", ["region", "month"])
    for dimension, key, span in _CELLS:
        op.execute(
            f"INSERT INTO tally_rate (dimension, key, span, {_SAID}, projects) "  # noqa: S608 - words of our own
            f"SELECT '{dimension}', {key}, {span}, {_SAID}, sum(projects) FROM tally GROUP BY 2, 3, {_SAID}"
        )

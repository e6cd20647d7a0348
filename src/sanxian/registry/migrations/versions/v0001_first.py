"""The registry as it began: people, editions, projects, answers, ledgers, re-checks, jobs, audit."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sanxian.registry.migrations import keep_rows

revision: Final = "0001"
down_revision: Final = None

ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT: Final = sa.String(27)
DIGEST: Final = sa.String(71)


def upgrade() -> None:
    """Make the tables of the first version."""
    op.create_table(
        "about",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_about"),
    )
    op.create_table(
        "attachment",
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_attachment"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.UniqueConstraint("hash", name="uq_audit_hash"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "seq"])
    op.create_table(
        "edition",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=400), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("publisher", sa.String(length=400), nullable=False),
        sa.Column("supersedes", sa.String(length=400), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("file", sa.String(length=400), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.String(length=100), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_edition"),
    )
    op.create_table(
        "idempotency",
        sa.Column("person", ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request", DIGEST, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_table(
        "intake",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("file", sa.String(length=400), nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
    )
    op.create_table(
        "person",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("name", name="uq_person_name"),
    )
    op.create_table(
        "recheck",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("old", DIGEST, nullable=False),
        sa.Column("new", DIGEST, nullable=False),
        sa.Column("as_of_old", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("projects", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("after", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recheck"),
    )
    op.create_table(
        "tally",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("authority", sa.String(length=200), nullable=False),
        sa.Column("eia_class", sa.String(length=20), nullable=False),
        sa.Column("industry", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("analysis", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.Integer(), nullable=False),
        sa.Column("projects", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "month",
            "region",
            "authority",
            "eia_class",
            "industry",
            "status",
            "analysis",
            "verdict",
            name="pk_tally",
        ),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("person", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_job_person"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_person", "job", ["person"])
    op.create_index("ix_job_state", "job", ["state"])
    op.create_table(
        "project",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("proponent", sa.String(length=400), nullable=False),
        sa.Column("nature", sa.String(length=40), nullable=False),
        sa.Column("industry", sa.String(length=8), nullable=False),
        sa.Column("eia_class", sa.String(length=20), nullable=False),
        sa.Column("authority", sa.String(length=200), nullable=False),
        sa.Column("authority_level", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("west", sa.Float(), nullable=True),
        sa.Column("south", sa.Float(), nullable=True),
        sa.Column("east", sa.Float(), nullable=True),
        sa.Column("north", sa.Float(), nullable=True),
        sa.Column("analysis", sa.String(length=20), nullable=False),
        sa.Column("screening", ID, nullable=True),
        sa.Column("verdict", sa.Integer(), nullable=True),
        sa.Column("owner", ID, nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["person.id"], name="fk_project_owner"),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
    )
    op.create_index("ix_project_accepted", "project", ["accepted_on", "id"])
    op.create_index("ix_project_analysis_accepted", "project", ["analysis", "accepted_on", "id"])
    op.create_index("ix_project_authority_accepted", "project", ["authority", "accepted_on", "id"])
    op.create_index("ix_project_code", "project", ["code"])
    op.create_index("ix_project_industry_accepted", "project", ["industry", "accepted_on", "id"])
    op.create_index("ix_project_name", "project", ["name"])
    op.create_index("ix_project_owner", "project", ["owner"])
    op.create_index("ix_project_region_accepted", "project", ["region", "accepted_on", "id"])
    op.create_index("ix_project_verdict_accepted", "project", ["verdict", "accepted_on", "id"])
    op.create_table(
        "session",
        sa.Column("secret", DIGEST, nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_session_person"),
        sa.PrimaryKeyConstraint("secret", name="pk_session"),
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"])
    op.create_index("ix_session_person", "session", ["person"])
    op.create_table(
        "token",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret", DIGEST, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_token_person"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("secret", name="uq_token_secret"),
    )
    op.create_index("ix_token_person", "token", ["person"])
    op.create_table(
        "intake_row",
        sa.Column("intake", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("project", ID, nullable=True),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name="fk_intake_row_intake"),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_intake_row_project"),
        sa.PrimaryKeyConstraint("intake", "number", name="pk_intake_row"),
    )
    op.create_index("ix_intake_row_project", "intake_row", ["project"])
    op.create_table(
        "job_row",
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name="fk_job_row_job"),
        sa.PrimaryKeyConstraint("job", "number", name="pk_job_row"),
    )
    op.create_table(
        "project_attachment",
        sa.Column("project", ID, nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_project_attachment_project"),
        sa.ForeignKeyConstraint(["sha256"], ["attachment.sha256"], name="fk_project_attachment_sha256"),
        sa.PrimaryKeyConstraint("project", "sha256", "name", name="pk_project_attachment"),
    )
    op.create_table(
        "project_fact",
        sa.Column("project", ID, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_project_fact_project"),
        sa.PrimaryKeyConstraint("project", "key", name="pk_project_fact"),
    )
    op.create_index("ix_project_fact_key", "project_fact", ["key", "project"])
    op.create_table(
        "project_part",
        sa.Column("project", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("length_m", sa.Float(), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_project_part_project"),
        sa.PrimaryKeyConstraint("project", "number", name="pk_project_part"),
    )
    op.create_table(
        "project_version",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_project_version_project"),
        sa.PrimaryKeyConstraint("project", "version", name="pk_project_version"),
    )
    op.create_table(
        "recheck_change",
        sa.Column("recheck", ID, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("grade", sa.String(length=20), nullable=False),
        sa.Column("old_verdict", sa.Integer(), nullable=True),
        sa.Column("new_verdict", sa.Integer(), nullable=True),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("seen_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_recheck_change_project"),
        sa.ForeignKeyConstraint(["recheck"], ["recheck.id"], name="fk_recheck_change_recheck"),
        sa.PrimaryKeyConstraint("recheck", "project", name="pk_recheck_change"),
    )
    op.create_index("ix_recheck_change_grade", "recheck_change", ["recheck", "grade", "project"])
    op.create_table(
        "screening",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edition", DIGEST, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("count_drafts", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=100), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("record_sha256", DIGEST, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_screening_project"),
        sa.PrimaryKeyConstraint("id", name="pk_screening"),
    )
    op.create_index("ix_screening_edition", "screening", ["edition", "project"])
    op.create_index("ix_screening_project", "screening", ["project", "id"])
    op.create_table(
        "decision",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("screening", ID, nullable=False),
        sa.Column("clause", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("machine_outcome", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("withdraws", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_decision_project"),
        sa.ForeignKeyConstraint(["screening"], ["screening.id"], name="fk_decision_screening"),
        sa.ForeignKeyConstraint(["withdraws"], ["decision.id"], name="fk_decision_withdraws"),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("ix_decision_project", "decision", ["project", "id"])
    op.create_table(
        "share",
        sa.Column("secret", DIGEST, nullable=False),
        sa.Column("screening", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["screening"], ["screening.id"], name="fk_share_screening"),
        sa.PrimaryKeyConstraint("secret", name="pk_share"),
    )
    op.create_index("ix_share_screening", "share", ["screening"])

    for table, key in (
        ("project_version", ("project", "version")),
        ("screening", ("id",)),
        ("decision", ("id",)),
        ("audit", ("seq",)),
    ):
        keep_rows(table, key)

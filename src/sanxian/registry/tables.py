"""The tables of the registry, the same on SQLite and PostgreSQL.

Plain SQLAlchemy Core: rows become frozen dataclasses in the module that owns them. What is said once and never
changed (screenings, decisions, versions of a project, the audit log) is append-only: the migrations add triggers
that refuse UPDATE and DELETE, so that not even a mistaken program rewrites history.

Dates are ``DATE``; moments are UTC, ISO 8601 text with microseconds and ``Z``, so that both databases sort and return
them alike. JSON is canonical text (sorted keys, no spaces): its bytes are part of hashes. Coordinates are
EPSG:4490 degrees.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of type INTEGER.
Id: Final = BigInteger().with_variant(Integer, "sqlite")
Moment: Final = String(27)  # 2026-09-01T08:00:00.000000Z
Digest: Final = String(71)  # sha256:<64 hex digits>
Region: Final = String(12)  # GB/T 2260 code

about: Final = Table(
    "about",
    metadata,
    Column("key", String(40), primary_key=True),  # registry (its own id), created_at …
    Column("value", Text, nullable=False),
)

# --- people --------------------------------------------------------------------------------------

person: Final = Table(
    "person",  # "user" is a reserved word in PostgreSQL
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", String(100), nullable=False, unique=True),  # what is typed at login
    Column("title", String(200), nullable=False, default=""),  # what is shown: 张三（西宁市局）
    Column("email", String(200), nullable=False, default=""),
    Column("password", Text, nullable=False, default=""),  # argon2 hash; "" = no local login
    Column("role", String(20), nullable=False),  # accounts.Role
    Column("region", Region, nullable=False, default=""),  # rows this person may see; "" = every region
    Column("active", Boolean, nullable=False, default=True),
    Column("must_change", Boolean, nullable=False, default=False),  # a one-time password
    Column("issuer", String(400), nullable=False, default=""),  # of OpenID Connect
    Column("subject", String(200), nullable=False, default=""),  # ditto
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("version", Integer, nullable=False, default=1),
)

token: Final = Table(
    "token",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("person", Id, ForeignKey("person.id"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column(
        "secret", Digest, nullable=False, unique=True
    ),  # SHA-256 of the secret; the secret itself is kept nowhere
    Column("scopes", Text, nullable=False),  # JSON list of rights, never more than the role's
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("used_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
)

session: Final = Table(
    "session",
    metadata,
    Column("secret", Digest, primary_key=True),  # SHA-256 of the cookie
    Column("person", Id, ForeignKey("person.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("address", String(64), nullable=False, default=""),
    Column("agent", String(200), nullable=False, default=""),
)

# --- editions ------------------------------------------------------------------------------------

edition: Final = Table(
    "edition",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("id", String(200), nullable=False),  # EditionInfo.id, e.g. 青海示例/2026
    Column("title", String(400), nullable=False),
    Column("region", Region, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=True),  # last day in force
    Column("published", Date, nullable=True),
    Column("publisher", String(400), nullable=False, default=""),
    Column("supersedes", String(400), nullable=False, default=""),
    Column("synthetic", Boolean, nullable=False, default=False),
    Column("file", String(400), nullable=False),  # name inside the folder of editions
    Column("added_at", Moment, nullable=False),
    Column("added_by", String(100), nullable=False),
    Column("withdrawn_at", Moment, nullable=True),  # no longer offered; old screenings still name it
)

# --- projects ------------------------------------------------------------------------------------

project: Final = Table(
    "project",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("version", Integer, nullable=False),  # latest of project_version
    Column("revision", Integer, nullable=False, default=1),  # of everything a person may change: the lock
    Column("code", String(100), nullable=False, default=""),  # 项目代码; "" = none given
    Column("name", String(400), nullable=False),
    Column("proponent", String(400), nullable=False, default=""),  # 建设单位
    Column("nature", String(40), nullable=False, default=""),  # 建设性质
    Column("industry", String(8), nullable=False, default=""),  # main code, GB/T 4754 without section letter
    Column(
        "eia_class", String(20), nullable=False, default=""
    ),  # report, form, registration; "" = not stated
    Column("authority", String(200), nullable=False, default=""),  # 审批机关 as written
    Column("authority_level", String(20), nullable=False, default=""),  # national, province, city, county
    Column("region", Region, nullable=False, default=""),  # county of the place, else as the ledger says
    Column("accepted_on", Date, nullable=True),  # 受理日期: the project's date
    Column("decided_on", Date, nullable=True),  # 审批日期
    Column(
        "status", String(20), nullable=False, default="accepted"
    ),  # accepted, approved, refused, withdrawn
    Column("west", Float, nullable=True),  # bounds of all parts
    Column("south", Float, nullable=True),
    Column("east", Float, nullable=True),
    Column("north", Float, nullable=True),
    Column("analysis", String(20), nullable=False, default="none"),  # coverage.Analysis
    Column(
        "screening", Id, nullable=True
    ),  # the screening that counts: latest against the edition in force on its date
    Column("verdict", Integer, nullable=True),  # Outcome of that screening
    Column("owner", Id, ForeignKey("person.id"), nullable=True, index=True),  # consultant who entered it
    Column("source", String(200), nullable=False, default=""),  # "intake:12", "api", "cli"
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("updated_at", Moment, nullable=False),
    # name, code, id and proponent, folded for searching. SQLite has the virtual tables project_search (FTS5) and
    # project_place (R*Tree) beside, PostgreSQL a GIN and a GiST index; see version 0002.
    Column("search", Text, nullable=False, default=""),
    # Wide, so that a list with any filters reads the index alone until it has its page.
    Index(
        "ix_project_listed",
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
    ),
    Index("ix_project_region_accepted", "region", "accepted_on", "id"),
    Index("ix_project_analysis_accepted", "analysis", "accepted_on", "id"),
    Index("ix_project_verdict_accepted", "verdict", "accepted_on", "id"),
    Index("ix_project_industry_accepted", "industry", "accepted_on", "id"),
    Index("ix_project_authority_accepted", "authority", "accepted_on", "id"),
    Index("ix_project_code", "code"),
    Index("ix_project_name", "name"),  # a ledger taken in looks for what is there already
)

project_version: Final = Table(
    "project_version",  # append-only
    metadata,
    Column("project", Id, ForeignKey("project.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column(
        "document", Text, nullable=False
    ),  # the project as docs/reference/project-format.md, canonical JSON
    Column("sha256", Digest, nullable=False),  # of the document
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
    Column("reason", Text, nullable=False, default=""),
)

project_part: Final = Table(
    "project_part",  # of the latest version
    metadata,
    Column("project", Id, ForeignKey("project.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("role", String(100), nullable=False, default=""),
    Column("name", String(400), nullable=False, default=""),
    Column("geometry", LargeBinary, nullable=False),  # WKB, lon/lat EPSG:4490
    Column("area_m2", Float, nullable=False),
    Column("length_m", Float, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
)

project_fact: Final = Table(
    "project_fact",  # of the latest version
    metadata,
    Column("project", Id, ForeignKey("project.id"), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Index("ix_project_fact_key", "key", "project"),
)

# --- answers -------------------------------------------------------------------------------------

screening: Final = Table(
    "screening",  # append-only
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("project", Id, ForeignKey("project.id"), nullable=False),
    Column("version", Integer, nullable=False),  # of the project
    Column("edition", Digest, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("engine", String(40), nullable=False),  # screening.ENGINE_VERSION
    Column("count_drafts", Boolean, nullable=False, default=False),
    Column("verdict", Integer, nullable=True),  # Outcome; NULL = no answer, see error
    Column("error", String(100), nullable=False, default=""),  # code of the error library
    Column("counts", Text, nullable=False, default="{}"),  # JSON, findings by outcome
    Column("record_sha256", Digest, nullable=False, default=""),  # of the record's bytes
    Column(
        "record", LargeBinary, nullable=True
    ),  # zlib; NULL = made again from version, edition and date when asked
    Column("cause", String(20), nullable=False),  # first, again, recheck, intake
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
    Index("ix_screening_project", "project", "id"),
    Index("ix_screening_edition", "edition", "project"),
)

decision: Final = Table(
    "decision",  # append-only: what a person decided, beside the machine's findings
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("project", Id, ForeignKey("project.id"), nullable=False),
    Column("screening", Id, ForeignKey("screening.id"), nullable=False),
    Column("clause", String(200), nullable=False, default=""),  # "" = the whole verdict
    Column("place", String(200), nullable=False, default=""),
    Column("outcome", Integer, nullable=False),  # Outcome
    Column("machine_outcome", Integer, nullable=False),  # what stood there when the person decided
    Column("reason", Text, nullable=False),
    Column("withdraws", Id, ForeignKey("decision.id"), nullable=True),
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
    Index("ix_decision_project", "project", "id"),
)

attachment: Final = Table(
    "attachment",
    metadata,
    Column("sha256", Digest, primary_key=True),  # where the content lies: attachments/ab/cdef…
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
)

project_attachment: Final = Table(
    "project_attachment",
    metadata,
    Column("project", Id, ForeignKey("project.id"), primary_key=True),
    Column("sha256", Digest, ForeignKey("attachment.sha256"), primary_key=True),
    Column("name", String(400), primary_key=True),
    Column("purpose", String(40), nullable=False, default=""),  # footprint, report, decision …
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
)

share: Final = Table(
    "share",  # a report by link
    metadata,
    Column("secret", Digest, primary_key=True),  # SHA-256 of what stands in the link
    Column("screening", Id, ForeignKey("screening.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("by", String(100), nullable=False),
)

# --- ledgers taken in ------------------------------------------------------------------------------

intake: Final = Table(
    "intake",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("file", String(400), nullable=False),
    Column("sha256", Digest, nullable=False),
    Column("mapping", Text, nullable=False),  # JSON
    Column("state", String(20), nullable=False),  # running, done, cancelled
    Column("rows", Integer, nullable=False, default=0),
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
)

intake_row: Final = Table(
    "intake_row",  # every row of the file, whatever came of it: nothing is lost
    metadata,
    Column("intake", Id, ForeignKey("intake.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # as the file counts
    Column("state", String(20), nullable=False),  # added, same, amended, unplaced, refused
    Column("project", Id, ForeignKey("project.id"), nullable=True, index=True),
    Column("cells", Text, nullable=False),  # JSON, as read
    Column("notes", Text, nullable=False, default="[]"),  # JSON, what was noticed: code, zh, en
)

# --- re-check after a change of edition --------------------------------------------------------------

recheck: Final = Table(
    "recheck",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("old", Digest, nullable=False),
    Column("new", Digest, nullable=False),
    Column("as_of_old", Date, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("state", String(20), nullable=False),  # queued, running, done, cancelled
    Column("projects", Integer, nullable=False, default=0),  # looked at
    Column("reached", Integer, nullable=False, default=0),  # that some difference can reach
    Column("changed", Integer, nullable=False, default=0),
    Column("after", Id, nullable=False, default=0),  # last project done: where to go on
    Column("at", Moment, nullable=False),
    Column("by", String(100), nullable=False),
)

recheck_change: Final = Table(
    "recheck_change",
    metadata,
    Column("recheck", Id, ForeignKey("recheck.id"), primary_key=True),
    Column("project", Id, ForeignKey("project.id"), primary_key=True),
    Column("grade", String(20), nullable=False),  # recheck.Grade
    Column("old_verdict", Integer, nullable=True),
    Column("new_verdict", Integer, nullable=True),
    Column("change", Text, nullable=False),  # JSON as docs/reference/recheck.md
    Column("seen_at", Moment, nullable=True),  # a person has looked at it
    Column("seen_by", String(100), nullable=False, default=""),
    Index("ix_recheck_change_grade", "recheck", "grade", "project"),
)

# --- coverage ------------------------------------------------------------------------------------

tally: Final = Table(
    "tally",  # projects counted by what coverage asks for; kept in the transaction that changes a project
    metadata,
    Column("month", String(7), primary_key=True),  # 2026-09 of accepted_on; "" = no date
    Column("region", Region, primary_key=True),
    Column("authority", String(200), primary_key=True),
    Column("eia_class", String(20), primary_key=True),
    Column("industry", String(2), primary_key=True),  # division of GB/T 4754
    Column("status", String(20), primary_key=True),
    Column("analysis", String(20), primary_key=True),
    Column("verdict", Integer, primary_key=True),  # -1 = none
    Column("projects", Integer, nullable=False),
    Index("ix_tally_region", "region", "month"),
)

tally_rate: Final = Table(
    "tally_rate",  # tally added up along one dimension, see coverage_tally
    metadata,
    Column("dimension", String(20), primary_key=True),  # month, month_region, year_region …
    Column("key", String(200), primary_key=True),  # region, authority, division; "" = all
    Column("span", String(7), primary_key=True),  # 2026-09 or 2026; "" = no date
    Column("eia_class", String(20), primary_key=True),
    Column("status", String(20), primary_key=True),
    Column("analysis", String(20), primary_key=True),
    Column("projects", Integer, nullable=False),
)

# --- jobs and requests ------------------------------------------------------------------------------

job: Final = Table(
    "job",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(40), nullable=False),  # batch, intake, recheck, tiles …
    Column("state", String(20), nullable=False, index=True),  # queued, running, done, failed, cancelled
    Column("ask", Text, nullable=False),  # JSON, what to do
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=True),
    Column("result", Text, nullable=False, default="{}"),  # JSON
    Column("error", Text, nullable=False, default=""),  # JSON: code, zh, en
    Column("cancel", Boolean, nullable=False, default=False),  # asked to stop
    Column("person", Id, ForeignKey("person.id"), nullable=True, index=True),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("seen_at", Moment, nullable=True),  # sign of life of the worker
    Column("finished_at", Moment, nullable=True),
)

job_row: Final = Table(
    "job_row",  # finished rows of a batch: written once, never twice
    metadata,
    Column("job", String(32), ForeignKey("job.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # zlib of the row's JSON
)

idempotency: Final = Table(
    "idempotency",
    metadata,
    Column("person", Id, primary_key=True, autoincrement=False),  # 0 = nobody logged in
    Column("key", String(200), primary_key=True),
    Column("request", Digest, nullable=False),  # of method, path and body
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

# --- audit ---------------------------------------------------------------------------------------

audit: Final = Table(
    "audit",  # append-only, each row hashed over the one before
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(60), nullable=False),  # project.add, screening.add, decision.add, person.login …
    Column("subject", String(200), nullable=False),  # project:12, edition:sha256:… …
    Column("detail", Text, nullable=False),  # canonical JSON; no secrets
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("hash"),
    Index("ix_audit_subject", "subject", "seq"),
)

APPEND_ONLY: Final = ("project_version", "screening", "decision", "audit")

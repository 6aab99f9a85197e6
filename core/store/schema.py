"""The tables of the review store's database, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()
reviews = Table(
    "reviews",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("record_id", Text, nullable=False),
    Column("film_sha256", Text, nullable=False),
    Column("film_name", Text),
    Column("reader", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("run_id", Text),
    Column("probability", Double),
    Column("score", Double),
    Column("operating_point", JSON(none_as_null=True)),
    Column("quality", JSON, nullable=False),
    Column("regions", JSON, nullable=False),
    Column("app_version", Text, nullable=False),
    Column("supersedes", Text),
    Column("abstention", JSON(none_as_null=True)),
    Column("disagreement", Double),
    Column("kind", Text),
    Column("opened_at", DateTime(timezone=True)),
    Column("arbitrates", JSON(none_as_null=True)),
    Column("drawn", JSON(none_as_null=True)),
    Column("shown_s", Double),
    PrimaryKeyConstraint("sequence", name="pk_reviews"),
    UniqueConstraint("record_id", name="uq_reviews_record_id"),
    UniqueConstraint("record_id", "film_sha256", name="uq_reviews_record_id_film"),
    UniqueConstraint("supersedes", name="uq_reviews_supersedes"),
    ForeignKeyConstraint(
        ["supersedes", "film_sha256"],
        ["reviews.record_id", "reviews.film_sha256"],
        name="fk_reviews_supersedes",
    ),
    Index("ix_reviews_film_sha256", "film_sha256"),
    sqlite_autoincrement=True,
)

review_steps = Table(
    "review_steps",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("film_sha256", Text, nullable=False),
    Column("reader_key", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("said", JSON, nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_review_steps"),
    Index("ix_review_steps_reader_film", "reader_key", "film_sha256"),
    sqlite_autoincrement=True,
)

served_runs = Table(
    "served_runs",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("run_id", Text, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("export_sha256", Text, nullable=False),
    Column("app_version", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_served_runs"),
    sqlite_autoincrement=True,
)

case_notes = Table(
    "case_notes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("note_id", Text, nullable=False),
    Column("library", Text, nullable=False),
    Column("film_id", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("reader_key", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("cause", Text),
    Column("tags", JSON, nullable=False),
    Column("comment", Text, nullable=False),
    Column("proposed_label", Text),
    Column("app_version", Text, nullable=False),
    Column("supersedes", Text),
    PrimaryKeyConstraint("sequence", name="pk_case_notes"),
    UniqueConstraint("note_id", name="uq_case_notes_note_id"),
    UniqueConstraint(
        "note_id", "library", "film_id", "reader_key", name="uq_case_notes_note_id_film_reader"
    ),
    UniqueConstraint("supersedes", name="uq_case_notes_supersedes"),
    ForeignKeyConstraint(
        ["supersedes", "library", "film_id", "reader_key"],
        [
            "case_notes.note_id",
            "case_notes.library",
            "case_notes.film_id",
            "case_notes.reader_key",
        ],
        name="fk_case_notes_supersedes",
    ),
    Index(
        "uq_case_notes_first",
        "library",
        "film_id",
        "reader_key",
        unique=True,
        sqlite_where=text("supersedes IS NULL"),
        postgresql_where=text("supersedes IS NULL"),
    ),
    sqlite_autoincrement=True,
)

case_causes = Table(
    "case_causes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("cause", Text, nullable=False),
    Column("offered", Boolean, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_case_causes"),
    sqlite_autoincrement=True,
)

ledger = Table(
    "ledger",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("of_table", Text, nullable=False),
    Column("of_row", BigInteger, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("previous_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_ledger"),
    UniqueConstraint("previous_sha256", name="uq_ledger_previous"),
    sqlite_autoincrement=True,
)

local_readers = Table(
    "local_readers",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("chosen_at", DateTime(timezone=True), nullable=False),
    Column("app_version", Text, nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_local_readers"),
    sqlite_autoincrement=True,
)

served_choices = Table(
    "served_choices",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("run_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("chosen_by", Text, nullable=False),
    Column("chosen_at", DateTime(timezone=True), nullable=False),
    Column("app_version", Text, nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_served_choices"),
    sqlite_autoincrement=True,
)

teaching_sets = Table(
    "teaching_sets",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("set_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("library", Text, nullable=False),
    Column("film_ids", JSON, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_teaching_sets"),
    UniqueConstraint("set_id", name="uq_teaching_sets_set_id"),
    sqlite_autoincrement=True,
)

teaching_sessions = Table(
    "teaching_sessions",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("session_id", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("reader_key", Text, nullable=False),
    Column("library", Text, nullable=False),
    Column("set_id", Text),
    Column("plan", JSON, nullable=False),
    Column("cases", JSON, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("app_version", Text, nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_teaching_sessions"),
    UniqueConstraint("session_id", name="uq_teaching_sessions_session_id"),
    ForeignKeyConstraint(["set_id"], ["teaching_sets.set_id"], name="fk_teaching_sessions_set_id"),
    Index("ix_teaching_sessions_reader_key", "reader_key"),
    sqlite_autoincrement=True,
)

teaching_steps = Table(
    "teaching_steps",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite")),
    Column("session_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("said", JSON, nullable=False),
    PrimaryKeyConstraint("sequence", name="pk_teaching_steps"),
    ForeignKeyConstraint(
        ["session_id"], ["teaching_sessions.session_id"], name="fk_teaching_steps_session_id"
    ),
    Index(
        "uq_teaching_steps_once",
        "session_id",
        "place",
        "kind",
        unique=True,
        sqlite_where=text("kind <> 'draft'"),
        postgresql_where=text("kind <> 'draft'"),
    ),
    Index("ix_teaching_steps_session_id", "session_id"),
    sqlite_autoincrement=True,
)

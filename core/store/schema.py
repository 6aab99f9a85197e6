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
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.store import site_schema
from core.store.tables import log_table, moment, texts

metadata = site_schema.metadata
"""Of all tables, also those of a site's films and settings."""

reviews = log_table(
    "reviews",
    *texts("record_id", "film_sha256"),
    Column("film_name", Text),
    *texts("reader", "verdict"),
    Column("confidence", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    moment("read_at"),
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
    Column("order_known", Boolean),
    Column("likelihood_ratio", Double),
    Column("ward_prevalence", Double),
    Column("shown_number", Text),
    Column("findings", JSON(none_as_null=True)),
    Column("without_confidence", Boolean),
    UniqueConstraint("record_id", name="uq_reviews_record_id"),
    UniqueConstraint("record_id", "film_sha256", name="uq_reviews_record_id_film"),
    UniqueConstraint("supersedes", name="uq_reviews_supersedes"),
    ForeignKeyConstraint(
        ["supersedes", "film_sha256"],
        ["reviews.record_id", "reviews.film_sha256"],
        name="fk_reviews_supersedes",
    ),
    Index("ix_reviews_film_sha256", "film_sha256"),
)

dismissals = log_table(
    "dismissals",
    *texts("film_sha256", "reader"),
    Column("dismissed", Boolean, nullable=False),
    Column("quality", JSON, nullable=False),
    moment("noted_at"),
    Column("app_version", Text, nullable=False),
    Index("ix_dismissals_film_sha256", "film_sha256"),
)

review_steps = log_table(
    "review_steps",
    *texts("film_sha256", "reader_key"),
    Column("turn", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    moment("at"),
    Column("said", JSON, nullable=False),
    Index("ix_review_steps_reader_film", "reader_key", "film_sha256"),
)

served_runs = log_table(
    "served_runs",
    Column("run_id", Text, nullable=False),
    Column("threshold", Double, nullable=False),
    *texts("export_sha256", "app_version"),
    moment("since"),
)

case_notes = log_table(
    "case_notes",
    *texts("note_id", "library", "film_id", "reader", "reader_key"),
    moment("written_at"),
    Column("run_id", Text, nullable=False),
    Column("cause", Text),
    Column("tags", JSON, nullable=False),
    Column("comment", Text, nullable=False),
    Column("proposed_label", Text),
    Column("app_version", Text, nullable=False),
    Column("supersedes", Text),
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
)

case_causes = log_table(
    "case_causes",
    Column("cause", Text, nullable=False),
    Column("offered", Boolean, nullable=False),
    Column("changed_by", Text, nullable=False),
    moment("changed_at"),
)

ledger = log_table(
    "ledger",
    Column("of_table", Text, nullable=False),
    Column("of_row", BigInteger, nullable=False),
    *texts("content_sha256", "previous_sha256", "sha256"),
    UniqueConstraint("previous_sha256", name="uq_ledger_previous"),
)

local_readers = log_table(
    "local_readers",
    *texts("name", "role"),
    moment("chosen_at"),
    Column("app_version", Text, nullable=False),
)

served_choices = log_table(
    "served_choices",
    *texts("run_id", "reason", "chosen_by"),
    moment("chosen_at"),
    Column("app_version", Text, nullable=False),
)

ward_prevalences = log_table(
    "ward_prevalences",
    Column("prevalence", Double, nullable=False),
    Column("origin", Text, nullable=False),
    Column("n", Integer),
    Column("low", Double),
    Column("high", Double),
    Column("set_by", Text, nullable=False),
    moment("set_at"),
    Column("app_version", Text, nullable=False),
)

teaching_sets = log_table(
    "teaching_sets",
    *texts("set_id", "name", "library"),
    Column("film_ids", JSON, nullable=False),
    Column("made_by", Text, nullable=False),
    moment("made_at"),
    UniqueConstraint("set_id", name="uq_teaching_sets_set_id"),
)

teaching_sessions = log_table(
    "teaching_sessions",
    *texts("session_id", "reader", "reader_key", "library"),
    Column("set_id", Text),
    Column("plan", JSON, nullable=False),
    Column("cases", JSON, nullable=False),
    moment("started_at"),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("session_id", name="uq_teaching_sessions_session_id"),
    ForeignKeyConstraint(["set_id"], ["teaching_sets.set_id"], name="fk_teaching_sessions_set_id"),
    Index("ix_teaching_sessions_reader_key", "reader_key"),
)

teaching_steps = log_table(
    "teaching_steps",
    Column("session_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    moment("at"),
    Column("said", JSON, nullable=False),
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
)

reader_studies = log_table(
    "reader_studies",
    *texts("study_id", "title", "library", "run_id"),
    Column("arms", JSON, nullable=False),
    Column("readers", JSON, nullable=False),
    Column("cases", JSON, nullable=False),
    Column("washout_days", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("with_marks", Boolean, nullable=False),
    Column("made_by", Text, nullable=False),
    moment("made_at"),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("study_id", name="uq_reader_studies_study_id"),
)

reader_study_events = log_table(
    "reader_study_events",
    *texts("study_id", "reader", "reader_key"),
    Column("session", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    moment("at"),
    Column("app_version", Text, nullable=False),
    ForeignKeyConstraint(
        ["study_id"], ["reader_studies.study_id"], name="fk_reader_study_events_study_id"
    ),
    Index(
        "uq_reader_study_events_closed",
        "study_id",
        unique=True,
        sqlite_where=text("kind = 'closed'"),
        postgresql_where=text("kind = 'closed'"),
    ),
    Index("ix_reader_study_events_study_id", "study_id", "reader_key"),
)

reader_study_readings = log_table(
    "reader_study_readings",
    *texts("study_id", "reader", "reader_key"),
    Column("session", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    *texts("film_id", "arm", "verdict"),
    Column("rating", Integer, nullable=False),
    Column("marks", JSON, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("openings", Integer, nullable=False),
    moment("read_at"),
    Column("app_version", Text, nullable=False),
    ForeignKeyConstraint(
        ["study_id"], ["reader_studies.study_id"], name="fk_reader_study_readings_study_id"
    ),
    UniqueConstraint(
        *("study_id", "reader_key", "session", "place"), name="uq_reader_study_readings_place"
    ),
    UniqueConstraint(
        *("study_id", "reader_key", "film_id", "arm"), name="uq_reader_study_readings_film_arm"
    ),
    Index("ix_reader_study_readings_study_id", "study_id", "reader_key"),
)

films = Table(
    "films",
    metadata,
    Column("film_sha256", Text, primary_key=True),
    Column("name", Text),
    moment("arrived_at"),
    *texts("arrival", "added_by", "status", "address"),
    moment("status_at"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("patient", Text),
    Column("taken_at", DateTime(timezone=True)),
    Column("burned_in", Boolean, nullable=False),
    Column("inverted", Boolean, nullable=False),
    Column("quarter_turns", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_key", Text),
    Column("claimed_until", DateTime(timezone=True)),
    Column("reading", JSON(none_as_null=True)),
    Column("reading_identity", Text),
    Column("reading_until", DateTime(timezone=True)),
    Column("thumbnail", LargeBinary),
    Column("suspicion", Double),
    Column("origin", LargeBinary),
    UniqueConstraint("address", name="uq_films_address"),
    Index(
        "ix_films_list",
        *("arrived_at", "film_sha256", "status", "status_at", "suspicion", "arrival"),
        *("reading_identity", "reading_until"),
    ),
    Index("ix_films_status", "status"),
    Index("ix_films_patient", "patient"),
    Index("ix_films_claimed_key", "claimed_key"),
    Index("ix_films_claimed_until", "claimed_until"),
)
"""The worklist; its rows change, and go, as those of `film_secrets` and `teaching_films` do.

Its rows are large; the first index holds all that a list is chosen and sorted by.
"""

film_secrets = Table(
    "film_secrets",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
)

film_erasures = log_table(
    "film_erasures",
    *texts("film_sha256", "reason", "erased_by"),
    moment("arrived_at"),
    moment("erased_at"),
    Column("app_version", Text, nullable=False),
    Index("ix_film_erasures_film_sha256", "film_sha256"),
)

teaching_cases = log_table(
    "teaching_cases",
    *texts("case_id", "film_sha256", "record_id", "consent", "made_by"),
    moment("made_at"),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("case_id", name="uq_teaching_cases_case_id"),
    Index("ix_teaching_cases_film_sha256", "film_sha256"),
)

teaching_films = Table(
    "teaching_films",
    metadata,
    Column("case_id", Text, primary_key=True),
    *texts("film_sha256", "address"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("patient", Text),
    UniqueConstraint("film_sha256", name="uq_teaching_films_film_sha256"),
    UniqueConstraint("address", name="uq_teaching_films_address"),
    Index("ix_teaching_films_patient", "patient"),
)
"""The films of `teaching_cases`, which outlast the worklist's; a row goes when its film is erased.
"""

archive_settings = log_table(
    "archive_settings",
    Column("settings", JSON, nullable=False),
    Column("set_by", Text, nullable=False),
    moment("set_at"),
    Column("app_version", Text, nullable=False),
)

archive_arrivals = Table(
    "archive_arrivals",
    metadata,
    Column("instance", Text, primary_key=True),
    *texts("source", "state", "reason"),
    Column("attempts", Integer, nullable=False),
    moment("noted_at"),
    moment("next_at"),
    Column("film_sha256", Text),
    Index("ix_archive_arrivals_noted_at", "noted_at"),
)
"""What the archive offered or sent; rows change until a film is taken, left out or refused."""

archive_sendings = Table(
    "archive_sendings",
    metadata,
    Column("record_id", Text, primary_key=True),
    *texts("film_sha256", "state", "reason", "asked_by"),
    Column("attempts", Integer, nullable=False),
    Column("score_shown", Boolean, nullable=False),
    Column("language", Text, nullable=False, server_default="en"),
    moment("asked_at"),
    moment("next_at"),
    Column("done_at", DateTime(timezone=True)),
    ForeignKeyConstraint(
        ["record_id"], ["reviews.record_id"], name="fk_archive_sendings_record_id"
    ),
    Index("ix_archive_sendings_state", "state", "next_at"),
)
"""Signed reads whose reports are to reach the archive; rows change until they are there."""

archive_services = Table(
    "archive_services",
    metadata,
    Column("name", Text, primary_key=True),
    moment("seen_at"),
    Column("said", JSON, nullable=False),
)
"""Which processes exchange films with the archive, and when each last said so."""

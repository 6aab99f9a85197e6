"""The tables of a site's own films, its setting of the run, and what watches the run there."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.store import tables
from core.store.tables import log_table, moment, texts

metadata = tables.metadata

site_settings = log_table(
    "site_settings",
    Column("run_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("setting", JSON(none_as_null=True)),
    *texts("reason", "set_by"),
    moment("set_at"),
    Column("app_version", Text, nullable=False),
    Index(
        "uq_site_settings_version",
        "run_id",
        "version",
        unique=True,
        sqlite_where=text("setting IS NOT NULL"),
        postgresql_where=text("setting IS NOT NULL"),
    ),
)
"""With a setting a line adopts a version; without, it takes up an earlier one, or 0: the run's own.
"""

site_sets = log_table(
    "site_sets",
    *texts("set_id", "name", "kind", "added_by"),
    moment("added_at"),
    Column("patients_stated", Boolean, nullable=False),
    Column("unlabelled", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("overlap_checked", Boolean, nullable=False),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("set_id", name="uq_site_sets_set_id"),
)

site_removals = log_table(
    "site_removals",
    *texts("set_id", "removed_by"),
    Column("films", Integer, nullable=False),
    moment("removed_at"),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("set_id", name="uq_site_removals_set_id"),
)

site_films = Table(
    "site_films",
    metadata,
    Column("film_id", Text, primary_key=True),
    *texts("set_id", "film_sha256", "address"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("patient_key", Text),
    moment("kept_at"),
    Column("facts", JSON, nullable=False),
    UniqueConstraint("address", name="uq_site_films_address"),
    Index("ix_site_films_set_id", "set_id"),
    Index("ix_site_films_film_sha256", "film_sha256"),
    Index("ix_site_films_patient_key", "patient_key"),
)
"""The films of `site_sets`; a row goes with its set, or when its film is erased."""

monitoring_weeks = log_table(
    "monitoring_weeks",
    *texts("run_id", "identity"),
    moment("begins"),
    Column("seen", JSON, nullable=False),
    Column("found", JSON, nullable=False),
    Column("reference_sha256", Text, nullable=False),
    moment("checked_at"),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("identity", "begins", name="uq_monitoring_weeks_once"),
)

monitoring_notes = log_table(
    "monitoring_notes",
    *texts("run_id", "identity"),
    moment("begins"),
    *texts("reader", "note"),
    Column("as_usual", Boolean, nullable=False),
    moment("noted_at"),
    Column("app_version", Text, nullable=False),
)

shadow_choices = log_table(
    "shadow_choices",
    Column("run_id", Text, nullable=False),
    Column("readers", Integer, nullable=False),
    *texts("reason", "chosen_by"),
    moment("chosen_at"),
    Column("app_version", Text, nullable=False),
)

shadow_readings = log_table(
    "shadow_readings",
    *texts("film_sha256", "identity", "served_identity"),
    Column("probability", Double),
    Column("suspicious", Boolean, nullable=False),
    Column("served_probability", Double, nullable=False),
    Column("served_suspicious", Boolean, nullable=False),
    moment("read_at"),
    UniqueConstraint("film_sha256", "identity", "served_identity", name="uq_shadow_readings_once"),
)

blind_reads = log_table(
    "blind_reads",
    *texts("film_sha256", "reader", "reader_key", "verdict"),
    moment("read_at"),
    Column("app_version", Text, nullable=False),
    UniqueConstraint("film_sha256", "reader_key", name="uq_blind_reads_once"),
)

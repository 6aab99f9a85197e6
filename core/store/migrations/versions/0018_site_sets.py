"""Sets of a site's own films: who added and removed them, and the films' keys."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LOGS = ("site_sets", "site_removals")


def _sqlite_rules(table: str) -> tuple[str, ...]:
    return (
        f"""CREATE TRIGGER {table}_never_change BEFORE UPDATE ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is changed'); END""",
        f"""CREATE TRIGGER {table}_never_vanish BEFORE DELETE ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is deleted'); END""",
        f"""CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table}
            WHEN EXISTS (SELECT 1 FROM {table} WHERE sequence = NEW.sequence)
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is replaced'); END""",  # nosec
    )


def _postgresql_rules(table: str) -> tuple[str, ...]:
    return (
        f"""CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP; END $$""",
        f"""CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_append_only()""",
        f"""CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()""",
    )


def upgrade() -> None:
    """Make the tables and the rules of the logs."""
    op.create_table(
        "site_sets",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("set_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patients_stated", sa.Boolean, nullable=False),
        sa.Column("unlabelled", sa.Integer, nullable=False),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("left_out", sa.JSON, nullable=False),
        sa.Column("overlap_checked", sa.Boolean, nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_site_sets"),
        sa.UniqueConstraint("set_id", name="uq_site_sets_set_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "site_removals",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("set_id", sa.Text, nullable=False),
        sa.Column("removed_by", sa.Text, nullable=False),
        sa.Column("films", sa.Integer, nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_site_removals"),
        sa.UniqueConstraint("set_id", name="uq_site_removals_set_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "site_films",
        sa.Column("film_id", sa.Text, primary_key=True),
        sa.Column("set_id", sa.Text, nullable=False),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("patient_key", sa.Text),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.UniqueConstraint("address", name="uq_site_films_address"),
    )
    op.create_index("ix_site_films_set_id", "site_films", ["set_id"])
    op.create_index("ix_site_films_film_sha256", "site_films", ["film_sha256"])
    op.create_index("ix_site_films_patient_key", "site_films", ["patient_key"])
    rules = _sqlite_rules if op.get_bind().dialect.name == "sqlite" else _postgresql_rules
    for table in _LOGS:
        for rule in rules(table):
            op.execute(rule)


def downgrade() -> None:
    """Take the sets and their films' keys away."""
    for table in ("site_films", *_LOGS):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in _LOGS:
            op.execute(f"DROP FUNCTION {table}_append_only()")

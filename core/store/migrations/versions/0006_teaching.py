"""Teaching sessions, what was done in them step by step, and teachers' case sets; append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = ("opened", "draft", "read", "final", "regions", "seen", "ended")
_TABLES = ("teaching_sets", "teaching_sessions", "teaching_steps")
# INSERT OR REPLACE removes rows without firing a delete trigger, hence the rules on insertion
_REPLACES = {
    "teaching_sets": "sequence = NEW.sequence OR set_id = NEW.set_id",
    "teaching_sessions": "sequence = NEW.sequence OR session_id = NEW.session_id",
    "teaching_steps": "sequence = NEW.sequence OR (session_id = NEW.session_id "
    "AND place = NEW.place AND kind = NEW.kind AND NEW.kind <> 'draft')",
}


def upgrade() -> None:
    """Make the tables and their rules."""
    _create_sets()
    _create_sessions()
    _create_steps()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for rule in _sqlite_rules(table) if sqlite else _postgresql_rules(table):
            op.execute(rule)


def downgrade() -> None:
    """Take the sessions, their steps and the case sets away."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in reversed(_TABLES):
        op.drop_table(table)
        if postgresql:
            op.execute(f"DROP FUNCTION {table}_append_only()")


def _create_sets() -> None:
    op.create_table(
        "teaching_sets",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("set_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("library", sa.Text, nullable=False),
        sa.Column("film_ids", sa.JSON, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_teaching_sets"),
        sa.UniqueConstraint("set_id", name="uq_teaching_sets_set_id"),
        sa.CheckConstraint("name <> ''", name="ck_teaching_sets_name"),
        sa.CheckConstraint("made_by <> ''", name="ck_teaching_sets_made_by"),
        sqlite_autoincrement=True,
    )


def _create_sessions() -> None:
    op.create_table(
        "teaching_sessions",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("reader_key", sa.Text, nullable=False),
        sa.Column("library", sa.Text, nullable=False),
        sa.Column("set_id", sa.Text),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("cases", sa.JSON, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_teaching_sessions"),
        sa.UniqueConstraint("session_id", name="uq_teaching_sessions_session_id"),
        sa.ForeignKeyConstraint(
            ["set_id"], ["teaching_sets.set_id"], name="fk_teaching_sessions_set_id"
        ),
        sa.CheckConstraint("reader_key <> ''", name="ck_teaching_sessions_reader"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_teaching_sessions_reader_key", "teaching_sessions", ["reader_key"])


def _create_steps() -> None:
    op.create_table(
        "teaching_steps",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_teaching_steps"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["teaching_sessions.session_id"], name="fk_teaching_steps_session_id"
        ),
        sa.CheckConstraint(f"kind IN {_KINDS}", name="ck_teaching_steps_kind"),
        sa.CheckConstraint("place >= 0", name="ck_teaching_steps_place"),
        sqlite_autoincrement=True,
    )
    # a read is locked once; only what is being written may be written again
    op.create_index(
        "uq_teaching_steps_once",
        "teaching_steps",
        ["session_id", "place", "kind"],
        unique=True,
        sqlite_where=sa.text("kind <> 'draft'"),
        postgresql_where=sa.text("kind <> 'draft'"),
    )
    op.create_index("ix_teaching_steps_session_id", "teaching_steps", ["session_id"])


def _sqlite_rules(table: str) -> tuple[str, ...]:
    return (
        f"""CREATE TRIGGER {table}_never_change BEFORE UPDATE ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is changed'); END""",
        f"""CREATE TRIGGER {table}_never_vanish BEFORE DELETE ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is deleted'); END""",
        f"""CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table}
            WHEN EXISTS (SELECT 1 FROM {table} WHERE {_REPLACES[table]})
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

"""What readers note of films in the error gallery, and the causes to choose from; append-only."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FIRST_CAUSES = (
    "model error",
    "label doubtful",
    "poor quality",
    "device or marker",
    "subtle disease",
    "not a chest film",
    "other",
)
_TABLES = ("case_notes", "case_causes")
# INSERT OR REPLACE removes rows without firing a delete trigger, hence the rules on insertion
_REPLACES = {
    "case_notes": "sequence = NEW.sequence OR note_id = NEW.note_id "
    "OR supersedes = NEW.supersedes OR (NEW.supersedes IS NULL AND supersedes IS NULL "
    "AND library = NEW.library AND film_id = NEW.film_id AND reader_key = NEW.reader_key)",
    "case_causes": "sequence = NEW.sequence",
}


def upgrade() -> None:
    """Make both tables and their rules, and offer the first causes."""
    _create_notes()
    causes = op.create_table(
        "case_causes",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("offered", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_case_causes"),
        sqlite_autoincrement=True,
    )
    now = datetime.now(UTC)
    op.bulk_insert(
        causes,
        [
            {"cause": cause, "offered": True, "changed_by": "First Read", "changed_at": now}
            for cause in FIRST_CAUSES
        ],
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for rule in _sqlite_rules(table) if sqlite else _postgresql_rules(table):
            op.execute(rule)


def downgrade() -> None:
    """Take the notes and the causes away."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in reversed(_TABLES):
        op.drop_table(table)
        if postgresql:
            op.execute(f"DROP FUNCTION {table}_append_only()")


def _create_notes() -> None:
    op.create_table(
        "case_notes",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("note_id", sa.Text, nullable=False),
        sa.Column("library", sa.Text, nullable=False),
        sa.Column("film_id", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("reader_key", sa.Text, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("proposed_label", sa.Text),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.Column("supersedes", sa.Text),
        sa.PrimaryKeyConstraint("sequence", name="pk_case_notes"),
        sa.UniqueConstraint("note_id", name="uq_case_notes_note_id"),
        sa.UniqueConstraint(
            "note_id", "library", "film_id", "reader_key", name="uq_case_notes_note_id_film_reader"
        ),
        sa.UniqueConstraint("supersedes", name="uq_case_notes_supersedes"),
        # with film and reader in the key, nobody replaces another reader's note
        sa.ForeignKeyConstraint(
            ["supersedes", "library", "film_id", "reader_key"],
            [f"case_notes.{name}" for name in ("note_id", "library", "film_id", "reader_key")],
            name="fk_case_notes_supersedes",
        ),
        sa.CheckConstraint("supersedes <> note_id", name="ck_case_notes_not_itself"),
        sa.CheckConstraint("reader_key <> ''", name="ck_case_notes_reader"),
        sa.CheckConstraint(
            "proposed_label IN ('pneumonia', 'normal')", name="ck_case_notes_proposed_label"
        ),
        sqlite_autoincrement=True,
    )
    # a reader's first note of a film is the only one that replaces none: their notes are one chain
    op.create_index(
        "uq_case_notes_first",
        "case_notes",
        ["library", "film_id", "reader_key"],
        unique=True,
        sqlite_where=sa.text("supersedes IS NULL"),
        postgresql_where=sa.text("supersedes IS NULL"),
    )


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

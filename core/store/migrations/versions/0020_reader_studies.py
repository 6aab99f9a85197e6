"""Reader studies: what was settled, when films were opened, and every read."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = ("reader_studies", "reader_study_events", "reader_study_readings")


_SQLITE_RULES = (
    """CREATE TRIGGER {table}_never_change BEFORE UPDATE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is changed'); END""",
    """CREATE TRIGGER {table}_never_vanish BEFORE DELETE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is deleted'); END""",
    """CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table}
       WHEN EXISTS (SELECT 1 FROM {table} WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, '{table} is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION {table}_append_only()""",
    """CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
       FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()""",
)


def _sequence() -> sa.Column[int]:
    return sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"))


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _place() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in ("session", "place")]


def upgrade() -> None:
    """Make the tables and the rules of each."""
    op.create_table(
        "reader_studies",
        _sequence(),
        *_texts("study_id", "title", "library", "run_id"),
        sa.Column("arms", sa.JSON, nullable=False),
        sa.Column("readers", sa.JSON, nullable=False),
        sa.Column("cases", sa.JSON, nullable=False),
        sa.Column("washout_days", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("with_marks", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_reader_studies"),
        sa.UniqueConstraint("study_id", name="uq_reader_studies_study_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reader_study_events",
        _sequence(),
        *_texts("study_id", "reader", "reader_key"),
        *_place(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_reader_study_events"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["reader_studies.study_id"], name="fk_reader_study_events_study_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_reader_study_events_closed",
        "reader_study_events",
        ["study_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'closed'"),
        postgresql_where=sa.text("kind = 'closed'"),
    )
    op.create_index(
        "ix_reader_study_events_study_id", "reader_study_events", ["study_id", "reader_key"]
    )
    op.create_table(
        "reader_study_readings",
        _sequence(),
        *_texts("study_id", "reader", "reader_key"),
        *_place(),
        *_texts("film_id", "arm", "verdict"),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("marks", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("openings", sa.Integer, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_reader_study_readings"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["reader_studies.study_id"], name="fk_reader_study_readings_study_id"
        ),
        sa.UniqueConstraint(
            *("study_id", "reader_key", "session", "place"), name="uq_reader_study_readings_place"
        ),
        sa.UniqueConstraint(
            *("study_id", "reader_key", "film_id", "arm"),
            name="uq_reader_study_readings_film_arm",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_reader_study_readings_study_id", "reader_study_readings", ["study_id", "reader_key"]
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
            op.execute(rule.format(table=table))


def downgrade() -> None:
    """Take the tables away."""
    for table in reversed(_TABLES):
        op.drop_table(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION {table}_append_only()")

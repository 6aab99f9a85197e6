"""The site's own teaching cases: who made them with whose consent, and their films' keys."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER teaching_cases_never_change BEFORE UPDATE ON teaching_cases
       BEGIN SELECT RAISE(ABORT, 'teaching_cases is append-only: no line is changed'); END""",
    """CREATE TRIGGER teaching_cases_never_vanish BEFORE DELETE ON teaching_cases
       BEGIN SELECT RAISE(ABORT, 'teaching_cases is append-only: no line is deleted'); END""",
    """CREATE TRIGGER teaching_cases_never_replaced BEFORE INSERT ON teaching_cases
       WHEN EXISTS (SELECT 1 FROM teaching_cases WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'teaching_cases is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION teaching_cases_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'teaching_cases is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER teaching_cases_never_change BEFORE UPDATE OR DELETE ON teaching_cases
       FOR EACH ROW EXECUTE FUNCTION teaching_cases_append_only()""",
    """CREATE TRIGGER teaching_cases_never_emptied BEFORE TRUNCATE ON teaching_cases
       FOR EACH STATEMENT EXECUTE FUNCTION teaching_cases_append_only()""",
)


def upgrade() -> None:
    """Make the tables and the rules of the log."""
    op.create_table(
        "teaching_cases",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_teaching_cases"),
        sa.UniqueConstraint("case_id", name="uq_teaching_cases_case_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_teaching_cases_film_sha256", "teaching_cases", ["film_sha256"])
    op.create_table(
        "teaching_films",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("patient", sa.Text),
        sa.UniqueConstraint("film_sha256", name="uq_teaching_films_film_sha256"),
        sa.UniqueConstraint("address", name="uq_teaching_films_address"),
    )
    op.create_index("ix_teaching_films_patient", "teaching_films", ["patient"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the teaching cases and their films' keys away."""
    for table in ("teaching_films", "teaching_cases"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION teaching_cases_append_only()")

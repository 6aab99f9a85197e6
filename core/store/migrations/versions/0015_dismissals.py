"""Pictures that a reader says are no chest film; and reads that have no confidence."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER dismissals_never_change BEFORE UPDATE ON dismissals
       BEGIN SELECT RAISE(ABORT, 'dismissals is append-only: no line is changed'); END""",
    """CREATE TRIGGER dismissals_never_vanish BEFORE DELETE ON dismissals
       BEGIN SELECT RAISE(ABORT, 'dismissals is append-only: no line is deleted'); END""",
    """CREATE TRIGGER dismissals_never_replaced BEFORE INSERT ON dismissals
       WHEN EXISTS (SELECT 1 FROM dismissals WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'dismissals is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION dismissals_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'dismissals is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER dismissals_never_change BEFORE UPDATE OR DELETE ON dismissals
       FOR EACH ROW EXECUTE FUNCTION dismissals_append_only()""",
    """CREATE TRIGGER dismissals_never_emptied BEFORE TRUNCATE ON dismissals
       FOR EACH STATEMENT EXECUTE FUNCTION dismissals_append_only()""",
)


def upgrade() -> None:
    """Make the table and the rules of the log, and add the column."""
    op.create_table(
        "dismissals",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("dismissed", sa.Boolean, nullable=False),
        sa.Column("quality", sa.JSON, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_dismissals"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dismissals_film_sha256", "dismissals", ["film_sha256"])
    op.add_column("reviews", sa.Column("without_confidence", sa.Boolean))
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the table and the column away."""
    op.drop_table("dismissals")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION dismissals_append_only()")
    op.drop_column("reviews", "without_confidence")

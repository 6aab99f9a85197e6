"""The log of served runs, append-only too; and with each read the model's band and disagreement."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER served_runs_never_change BEFORE UPDATE ON served_runs
       BEGIN SELECT RAISE(ABORT, 'served_runs is append-only: no line is changed'); END""",
    """CREATE TRIGGER served_runs_never_vanish BEFORE DELETE ON served_runs
       BEGIN SELECT RAISE(ABORT, 'served_runs is append-only: no line is deleted'); END""",
    """CREATE TRIGGER served_runs_never_replaced BEFORE INSERT ON served_runs
       WHEN EXISTS (SELECT 1 FROM served_runs WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'served_runs is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION served_runs_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'served_runs is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER served_runs_never_change BEFORE UPDATE OR DELETE ON served_runs
       FOR EACH ROW EXECUTE FUNCTION served_runs_append_only()""",
    """CREATE TRIGGER served_runs_never_emptied BEFORE TRUNCATE ON served_runs
       FOR EACH STATEMENT EXECUTE FUNCTION served_runs_append_only()""",
)


def upgrade() -> None:
    """Add the columns, make the table and its rules."""
    op.add_column("reviews", sa.Column("abstention", sa.JSON))
    op.add_column("reviews", sa.Column("disagreement", sa.Double))
    op.create_table(
        "served_runs",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("export_sha256", sa.Text, nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_served_runs"),
        sqlite_autoincrement=True,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the log and the columns away."""
    op.drop_table("served_runs")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION served_runs_append_only()")
    op.drop_column("reviews", "disagreement")
    op.drop_column("reviews", "abstention")

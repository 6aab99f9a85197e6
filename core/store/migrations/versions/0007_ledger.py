"""The chain over all records; with each read when its film was opened, and what it settles."""

import sqlalchemy as sa
from alembic import op

from core.store.audit_log import chain_existing

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHAINED = (
    "reviews",
    "served_runs",
    "case_notes",
    "case_causes",
    "served_choices",
    "local_readers",
    "teaching_sets",
    "teaching_sessions",
    "teaching_steps",
)
_SQLITE_RULES = (
    """CREATE TRIGGER ledger_never_change BEFORE UPDATE ON ledger
       BEGIN SELECT RAISE(ABORT, 'ledger is append-only: no line is changed'); END""",
    """CREATE TRIGGER ledger_never_vanish BEFORE DELETE ON ledger
       BEGIN SELECT RAISE(ABORT, 'ledger is append-only: no line is deleted'); END""",
    """CREATE TRIGGER ledger_never_replaced BEFORE INSERT ON ledger
       WHEN EXISTS (SELECT 1 FROM ledger WHERE sequence = NEW.sequence
         OR previous_sha256 = NEW.previous_sha256)
       BEGIN SELECT RAISE(ABORT, 'ledger is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'ledger is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER ledger_never_change BEFORE UPDATE OR DELETE ON ledger
       FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_never_emptied BEFORE TRUNCATE ON ledger
       FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()""",
)


def upgrade() -> None:
    """Add the columns, make the table and its rules, and chain what is stored already."""
    op.add_column("reviews", sa.Column("kind", sa.Text))
    op.add_column("reviews", sa.Column("opened_at", sa.DateTime(timezone=True)))
    op.add_column("reviews", sa.Column("arbitrates", sa.JSON))
    op.create_table(
        "ledger",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("of_table", sa.Text, nullable=False),
        sa.Column("of_row", sa.BigInteger, nullable=False),
        sa.Column("content_sha256", sa.Text, nullable=False),
        sa.Column("previous_sha256", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_ledger"),
        # no two lines follow the same one: the chain cannot fork
        sa.UniqueConstraint("previous_sha256", name="uq_ledger_previous"),
        sqlite_autoincrement=True,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)
    chain_existing(op.get_bind(), _CHAINED)


def downgrade() -> None:
    """Take the chain and the columns away; what it chained stays."""
    op.drop_table("ledger")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_append_only()")
    op.drop_column("reviews", "arbitrates")
    op.drop_column("reviews", "opened_at")
    op.drop_column("reviews", "kind")

"""Who chose which run to serve, when and why, append-only too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER served_choices_never_change BEFORE UPDATE ON served_choices
       BEGIN SELECT RAISE(ABORT, 'served_choices is append-only: no line is changed'); END""",
    """CREATE TRIGGER served_choices_never_vanish BEFORE DELETE ON served_choices
       BEGIN SELECT RAISE(ABORT, 'served_choices is append-only: no line is deleted'); END""",
    """CREATE TRIGGER served_choices_never_replaced BEFORE INSERT ON served_choices
       WHEN EXISTS (SELECT 1 FROM served_choices WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'served_choices is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION served_choices_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'served_choices is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER served_choices_never_change BEFORE UPDATE OR DELETE ON served_choices
       FOR EACH ROW EXECUTE FUNCTION served_choices_append_only()""",
    """CREATE TRIGGER served_choices_never_emptied BEFORE TRUNCATE ON served_choices
       FOR EACH STATEMENT EXECUTE FUNCTION served_choices_append_only()""",
)


def upgrade() -> None:
    """Make the table and its rules."""
    op.create_table(
        "served_choices",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("chosen_by", sa.Text, nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_served_choices"),
        sa.CheckConstraint("reason <> ''", name="ck_served_choices_reason"),
        sa.CheckConstraint("chosen_by <> ''", name="ck_served_choices_chosen_by"),
        sqlite_autoincrement=True,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the choices away."""
    op.drop_table("served_choices")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION served_choices_append_only()")

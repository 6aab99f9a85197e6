"""Under which name and role the local user acts, append-only too."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER local_readers_never_change BEFORE UPDATE ON local_readers
       BEGIN SELECT RAISE(ABORT, 'local_readers is append-only: no line is changed'); END""",
    """CREATE TRIGGER local_readers_never_vanish BEFORE DELETE ON local_readers
       BEGIN SELECT RAISE(ABORT, 'local_readers is append-only: no line is deleted'); END""",
    """CREATE TRIGGER local_readers_never_replaced BEFORE INSERT ON local_readers
       WHEN EXISTS (SELECT 1 FROM local_readers WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'local_readers is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION local_readers_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'local_readers is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER local_readers_never_change BEFORE UPDATE OR DELETE ON local_readers
       FOR EACH ROW EXECUTE FUNCTION local_readers_append_only()""",
    """CREATE TRIGGER local_readers_never_emptied BEFORE TRUNCATE ON local_readers
       FOR EACH STATEMENT EXECUTE FUNCTION local_readers_append_only()""",
)


def upgrade() -> None:
    """Make the table and its rules."""
    op.create_table(
        "local_readers",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_local_readers"),
        sqlite_autoincrement=True,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the names and roles away."""
    op.drop_table("local_readers")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION local_readers_append_only()")

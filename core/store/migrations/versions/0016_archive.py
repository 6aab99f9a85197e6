"""The hospital's archive: whom films are of, how it is reached, what came and what goes back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = ("archive_services", "archive_sendings", "archive_arrivals", "archive_settings")
_SQLITE_RULES = (
    """CREATE TRIGGER archive_settings_never_change BEFORE UPDATE ON archive_settings
       BEGIN SELECT RAISE(ABORT, 'archive_settings is append-only: no line is changed'); END""",
    """CREATE TRIGGER archive_settings_never_vanish BEFORE DELETE ON archive_settings
       BEGIN SELECT RAISE(ABORT, 'archive_settings is append-only: no line is deleted'); END""",
    """CREATE TRIGGER archive_settings_never_replaced BEFORE INSERT ON archive_settings
       WHEN EXISTS (SELECT 1 FROM archive_settings WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'archive_settings is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION archive_settings_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'archive_settings is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER archive_settings_never_change BEFORE UPDATE OR DELETE ON archive_settings
       FOR EACH ROW EXECUTE FUNCTION archive_settings_append_only()""",
    """CREATE TRIGGER archive_settings_never_emptied BEFORE TRUNCATE ON archive_settings
       FOR EACH STATEMENT EXECUTE FUNCTION archive_settings_append_only()""",
)


def upgrade() -> None:
    """Make the tables and the rules of the log, and add the column."""
    moment = sa.DateTime(timezone=True)
    op.add_column("films", sa.Column("origin", sa.LargeBinary))
    op.create_table(
        "archive_settings",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", moment, nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_archive_settings"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "archive_arrivals",
        sa.Column("instance", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "state", "reason")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("noted_at", moment, nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("film_sha256", sa.Text),
    )
    op.create_index("ix_archive_arrivals_noted_at", "archive_arrivals", ["noted_at"])
    texts = ("film_sha256", "state", "reason", "asked_by")
    op.create_table(
        "archive_sendings",
        sa.Column("record_id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("score_shown", sa.Boolean, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("done_at", moment),
        sa.ForeignKeyConstraint(
            ["record_id"], ["reviews.record_id"], name="fk_archive_sendings_record_id"
        ),
    )
    op.create_index("ix_archive_sendings_state", "archive_sendings", ["state", "next_at"])
    op.create_table(
        "archive_services",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the tables and the column away again; what was set and noted goes with them."""
    for name in _TABLES:
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION archive_settings_append_only()")
    op.drop_column("films", "origin")

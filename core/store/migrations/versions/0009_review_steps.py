"""The steps of reads that are being written, append-only; with each read how long it took."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KINDS = ("opened", "draft", "regions", "left")
# INSERT OR REPLACE removes rows without firing a delete trigger, hence the rule on insertion
_SQLITE_RULES = (
    """CREATE TRIGGER review_steps_never_change BEFORE UPDATE ON review_steps
       BEGIN SELECT RAISE(ABORT, 'review_steps is append-only: no line is changed'); END""",
    """CREATE TRIGGER review_steps_never_vanish BEFORE DELETE ON review_steps
       BEGIN SELECT RAISE(ABORT, 'review_steps is append-only: no line is deleted'); END""",
    """CREATE TRIGGER review_steps_never_replaced BEFORE INSERT ON review_steps
       WHEN EXISTS (SELECT 1 FROM review_steps WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'review_steps is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION review_steps_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'review_steps is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER review_steps_never_change BEFORE UPDATE OR DELETE ON review_steps
       FOR EACH ROW EXECUTE FUNCTION review_steps_append_only()""",
    """CREATE TRIGGER review_steps_never_emptied BEFORE TRUNCATE ON review_steps
       FOR EACH STATEMENT EXECUTE FUNCTION review_steps_append_only()""",
)


def upgrade() -> None:
    """Make the table and its rules, and add the column."""
    op.add_column("reviews", sa.Column("shown_s", sa.Double))
    op.create_table(
        "review_steps",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("reader_key", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_review_steps"),
        sa.CheckConstraint(f"kind IN {_KINDS}", name="ck_review_steps_kind"),
        sa.CheckConstraint("turn >= 0", name="ck_review_steps_turn"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_steps_reader_film", "review_steps", ["reader_key", "film_sha256"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the steps and the column away."""
    op.drop_table("review_steps")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION review_steps_append_only()")
    op.drop_column("reviews", "shown_s")

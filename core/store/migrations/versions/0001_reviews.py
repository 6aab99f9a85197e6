"""The table of signed reads, append-only by the database's own rules."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# INSERT OR REPLACE removes rows without firing a delete trigger, hence the third one
_SQLITE_RULES = (
    """CREATE TRIGGER reviews_never_change BEFORE UPDATE ON reviews
       BEGIN SELECT RAISE(ABORT, 'reviews is append-only: a read is never changed'); END""",
    """CREATE TRIGGER reviews_never_vanish BEFORE DELETE ON reviews
       BEGIN SELECT RAISE(ABORT, 'reviews is append-only: a read is never deleted'); END""",
    """CREATE TRIGGER reviews_never_replaced BEFORE INSERT ON reviews
       WHEN EXISTS (SELECT 1 FROM reviews WHERE sequence = NEW.sequence)
         OR EXISTS (SELECT 1 FROM reviews WHERE record_id = NEW.record_id)
         OR EXISTS (SELECT 1 FROM reviews WHERE supersedes = NEW.supersedes)
       BEGIN SELECT RAISE(ABORT, 'reviews is append-only: a read is never replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION reviews_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'reviews is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER reviews_never_change BEFORE UPDATE OR DELETE ON reviews
       FOR EACH ROW EXECUTE FUNCTION reviews_append_only()""",
    """CREATE TRIGGER reviews_never_emptied BEFORE TRUNCATE ON reviews
       FOR EACH STATEMENT EXECUTE FUNCTION reviews_append_only()""",
)


def upgrade() -> None:
    """Make the table and its rules."""
    _create_table()
    op.create_index("ix_reviews_film_sha256", "reviews", ["film_sha256"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the table of signed reads away, with every read."""
    op.drop_table("reviews")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION reviews_append_only()")


def _create_table() -> None:
    op.create_table(
        "reviews",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("film_name", sa.Text),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("confidence", sa.Integer, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("probability", sa.Double),
        sa.Column("score", sa.Double),
        sa.Column("operating_point", sa.JSON),
        sa.Column("quality", sa.JSON, nullable=False),
        sa.Column("regions", sa.JSON, nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.Column("supersedes", sa.Text),
        sa.PrimaryKeyConstraint("sequence", name="pk_reviews"),
        sa.UniqueConstraint("record_id", name="uq_reviews_record_id"),
        sa.UniqueConstraint("record_id", "film_sha256", name="uq_reviews_record_id_film"),
        sa.UniqueConstraint("supersedes", name="uq_reviews_supersedes"),
        # with the film in the key, a correction cannot point at another film's read
        sa.ForeignKeyConstraint(
            ["supersedes", "film_sha256"],
            ["reviews.record_id", "reviews.film_sha256"],
            name="fk_reviews_supersedes",
        ),
        sa.CheckConstraint("supersedes <> record_id", name="ck_reviews_not_itself"),
        sa.CheckConstraint("confidence BETWEEN 1 AND 5", name="ck_reviews_confidence"),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name="ck_reviews_probability"),
        sa.CheckConstraint(
            "verdict IN ('pneumonia', 'normal', 'unsure')", name="ck_reviews_verdict"
        ),
        sqlite_autoincrement=True,
    )

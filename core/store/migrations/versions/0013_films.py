"""The worklist with its films' keys, and the log of what was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER film_erasures_never_change BEFORE UPDATE ON film_erasures
       BEGIN SELECT RAISE(ABORT, 'film_erasures is append-only: no line is changed'); END""",
    """CREATE TRIGGER film_erasures_never_vanish BEFORE DELETE ON film_erasures
       BEGIN SELECT RAISE(ABORT, 'film_erasures is append-only: no line is deleted'); END""",
    """CREATE TRIGGER film_erasures_never_replaced BEFORE INSERT ON film_erasures
       WHEN EXISTS (SELECT 1 FROM film_erasures WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'film_erasures is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION film_erasures_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'film_erasures is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER film_erasures_never_change BEFORE UPDATE OR DELETE ON film_erasures
       FOR EACH ROW EXECUTE FUNCTION film_erasures_append_only()""",
    """CREATE TRIGGER film_erasures_never_emptied BEFORE TRUNCATE ON film_erasures
       FOR EACH STATEMENT EXECUTE FUNCTION film_erasures_append_only()""",
)


def upgrade() -> None:
    """Make the tables and the rules of the log."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "films",
        sa.Column("film_sha256", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("arrived_at", moment, nullable=False),
        sa.Column("arrival", sa.Text, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("status_at", moment, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("patient", sa.Text),
        sa.Column("taken_at", moment),
        sa.Column("burned_in", sa.Boolean, nullable=False),
        sa.Column("inverted", sa.Boolean, nullable=False),
        sa.Column("quarter_turns", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_key", sa.Text),
        sa.Column("claimed_until", moment),
        sa.Column("reading", sa.JSON(none_as_null=True)),
        sa.Column("reading_identity", sa.Text),
        sa.Column("reading_until", moment),
        sa.Column("thumbnail", sa.LargeBinary),
        sa.Column("suspicion", sa.Double),
        sa.UniqueConstraint("address", name="uq_films_address"),
        sa.CheckConstraint("quarter_turns BETWEEN 0 AND 3", name="ck_films_quarter_turns"),
    )
    listed = ["arrived_at", "film_sha256", "status", "status_at", "suspicion", "arrival"]
    listed += ["reading_identity", "reading_until"]
    op.create_index("ix_films_list", "films", listed)
    op.create_index("ix_films_status", "films", ["status"])
    for name in ("patient", "claimed_key", "claimed_until"):
        op.create_index(f"ix_films_{name}", "films", [name])
    op.create_table(
        "film_secrets",
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "film_erasures",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("film_sha256", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("erased_by", sa.Text, nullable=False),
        sa.Column("arrived_at", moment, nullable=False),
        sa.Column("erased_at", moment, nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_film_erasures"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_film_erasures_film_sha256", "film_erasures", ["film_sha256"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the worklist, its keys and the log of erasures away; no kept film opens afterwards."""
    for table in ("film_erasures", "film_secrets", "films"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION film_erasures_append_only()")

"""A ward's prevalence, append-only; with each read the number that its reader saw.

The hash of older reads stays: empty columns are left out of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# INSERT OR REPLACE removes rows without firing a delete trigger, hence the rule on insertion
_SQLITE_RULES = (
    """CREATE TRIGGER ward_prevalences_never_change BEFORE UPDATE ON ward_prevalences
       BEGIN SELECT RAISE(ABORT, 'ward_prevalences is append-only: no line is changed'); END""",
    """CREATE TRIGGER ward_prevalences_never_vanish BEFORE DELETE ON ward_prevalences
       BEGIN SELECT RAISE(ABORT, 'ward_prevalences is append-only: no line is deleted'); END""",
    """CREATE TRIGGER ward_prevalences_never_replaced BEFORE INSERT ON ward_prevalences
       WHEN EXISTS (SELECT 1 FROM ward_prevalences WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'ward_prevalences is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION ward_prevalences_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'ward_prevalences is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER ward_prevalences_never_change BEFORE UPDATE OR DELETE ON ward_prevalences
       FOR EACH ROW EXECUTE FUNCTION ward_prevalences_append_only()""",
    """CREATE TRIGGER ward_prevalences_never_emptied BEFORE TRUNCATE ON ward_prevalences
       FOR EACH STATEMENT EXECUTE FUNCTION ward_prevalences_append_only()""",
)


def upgrade() -> None:
    """Add the columns, and make the table and its rules."""
    op.add_column("reviews", sa.Column("likelihood_ratio", sa.Double))
    op.add_column("reviews", sa.Column("ward_prevalence", sa.Double))
    op.add_column("reviews", sa.Column("shown_number", sa.Text))
    op.create_table(
        "ward_prevalences",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("prevalence", sa.Double, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("n", sa.Integer),
        sa.Column("low", sa.Double),
        sa.Column("high", sa.Double),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_ward_prevalences"),
        sa.CheckConstraint(
            "prevalence > 0 AND prevalence < 1", name="ck_ward_prevalences_prevalence"
        ),
        sa.CheckConstraint(
            "(origin = 'stated' AND n IS NULL AND low IS NULL AND high IS NULL) OR "
            "(origin = 'estimated' AND n > 0 AND low <= prevalence AND prevalence <= high)",
            name="ck_ward_prevalences_origin",
        ),
        sa.CheckConstraint("set_by <> ''", name="ck_ward_prevalences_set_by"),
        sqlite_autoincrement=True,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the prevalences and the columns away."""
    op.drop_table("ward_prevalences")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ward_prevalences_append_only()")
    op.drop_column("reviews", "shown_number")
    op.drop_column("reviews", "ward_prevalence")
    op.drop_column("reviews", "likelihood_ratio")

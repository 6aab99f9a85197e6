"""The weekly check of the served run, the run that reads along, and blind reads between the two."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TABLES = (
    "monitoring_weeks",
    "monitoring_notes",
    "shadow_choices",
    "shadow_readings",
    "blind_reads",
)


def _rules(table: str, *, sqlite: bool) -> tuple[str, ...]:
    if sqlite:
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only: no line is "
        return (
            f"""CREATE TRIGGER {table}_never_change BEFORE UPDATE ON {table}
                BEGIN {refuse}changed'); END""",
            f"""CREATE TRIGGER {table}_never_vanish BEFORE DELETE ON {table}
                BEGIN {refuse}deleted'); END""",
            f"""CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table}
                WHEN EXISTS (SELECT 1 FROM {table} WHERE sequence = NEW.sequence)
                BEGIN {refuse}replaced'); END""",  # nosec
        )
    return (
        f"""CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP; END $$""",
        f"""CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_append_only()""",
        f"""CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()""",
    )


def _log(name: str, *columns: sa.schema.SchemaItem) -> None:
    number = sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    key = sa.PrimaryKeyConstraint("sequence", name=f"pk_{name}")
    op.create_table(name, number, *columns, key, sqlite_autoincrement=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    """Make the tables and the rules of the logs."""
    _log(
        "monitoring_weeks",
        *_texts("run_id", "identity"),
        _moment("begins"),
        sa.Column("seen", sa.JSON, nullable=False),
        sa.Column("found", sa.JSON, nullable=False),
        *_texts("reference_sha256"),
        _moment("checked_at"),
        *_texts("app_version"),
        sa.UniqueConstraint("identity", "begins", name="uq_monitoring_weeks_once"),
    )
    _log(
        "monitoring_notes",
        *_texts("run_id", "identity"),
        _moment("begins"),
        *_texts("reader", "note"),
        sa.Column("as_usual", sa.Boolean, nullable=False),
        _moment("noted_at"),
        *_texts("app_version"),
    )
    _log(
        "shadow_choices",
        *_texts("run_id"),
        sa.Column("readers", sa.Integer, nullable=False),
        *_texts("reason", "chosen_by"),
        _moment("chosen_at"),
        *_texts("app_version"),
    )
    _log(
        "shadow_readings",
        *_texts("film_sha256", "identity", "served_identity"),
        sa.Column("probability", sa.Double),
        sa.Column("suspicious", sa.Boolean, nullable=False),
        sa.Column("served_probability", sa.Double, nullable=False),
        sa.Column("served_suspicious", sa.Boolean, nullable=False),
        _moment("read_at"),
        sa.UniqueConstraint(
            "film_sha256", "identity", "served_identity", name="uq_shadow_readings_once"
        ),
    )
    _log(
        "blind_reads",
        *_texts("film_sha256", "reader", "reader_key", "verdict"),
        _moment("read_at"),
        *_texts("app_version"),
        sa.UniqueConstraint("film_sha256", "reader_key", name="uq_blind_reads_once"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for rule in _rules(table, sqlite=sqlite):
            op.execute(rule)


def downgrade() -> None:
    """Take the tables away; what was found and said goes with them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION {table}_append_only()")

"""Which version of a site's calibration and threshold each run reads by, append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_SQLITE_RULES = (
    """CREATE TRIGGER site_settings_never_change BEFORE UPDATE ON site_settings
       BEGIN SELECT RAISE(ABORT, 'site_settings is append-only: no line is changed'); END""",
    """CREATE TRIGGER site_settings_never_vanish BEFORE DELETE ON site_settings
       BEGIN SELECT RAISE(ABORT, 'site_settings is append-only: no line is deleted'); END""",
    """CREATE TRIGGER site_settings_never_replaced BEFORE INSERT ON site_settings
       WHEN EXISTS (SELECT 1 FROM site_settings WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'site_settings is append-only: no line is replaced'); END""",
)
_POSTGRESQL_RULES = (
    """CREATE FUNCTION site_settings_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'site_settings is append-only: % is refused', TG_OP; END $$""",
    """CREATE TRIGGER site_settings_never_change BEFORE UPDATE OR DELETE ON site_settings
       FOR EACH ROW EXECUTE FUNCTION site_settings_append_only()""",
    """CREATE TRIGGER site_settings_never_emptied BEFORE TRUNCATE ON site_settings
       FOR EACH STATEMENT EXECUTE FUNCTION site_settings_append_only()""",
)


def upgrade() -> None:
    """Make the table and its rules."""
    op.create_table(
        "site_settings",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("setting", sa.JSON(none_as_null=True)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("app_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_site_settings"),
        sa.CheckConstraint("version >= 0", name="ck_site_settings_version"),
        sa.CheckConstraint(
            "setting IS NULL OR version > 0", name="ck_site_settings_adopted_version"
        ),
        sa.CheckConstraint("reason <> ''", name="ck_site_settings_reason"),
        sa.CheckConstraint("set_by <> ''", name="ck_site_settings_set_by"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_site_settings_version",
        "site_settings",
        ["run_id", "version"],
        unique=True,
        sqlite_where=sa.text("setting IS NOT NULL"),
        postgresql_where=sa.text("setting IS NOT NULL"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _SQLITE_RULES if sqlite else _POSTGRESQL_RULES:
        op.execute(rule)


def downgrade() -> None:
    """Take the settings away; every run reads by its own again."""
    op.drop_index("uq_site_settings_version", table_name="site_settings")
    op.drop_table("site_settings")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION site_settings_append_only()")

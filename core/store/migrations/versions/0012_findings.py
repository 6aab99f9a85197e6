"""With each read the WHO's categories that its reader saw; the hash of older rows stays."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("reviews", sa.Column("findings", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Take the column away, with what reads hold in it."""
    op.drop_column("reviews", "findings")

"""With each first read the regions that its reader drew; the hash of older rows stays."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("reviews", sa.Column("drawn", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Take the column away, with what reads hold in it."""
    op.drop_column("reviews", "drawn")

"""With each read whether its reader knew the model's order; the hash of older rows stays."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("reviews", sa.Column("order_known", sa.Boolean))


def downgrade() -> None:
    """Take the column away, with what reads hold in it."""
    op.drop_column("reviews", "order_known")

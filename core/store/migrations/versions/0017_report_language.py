"""The language in which a report goes to the archive."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was asked for before is sent in English."""
    column = sa.Column("language", sa.Text, nullable=False, server_default="en")
    op.add_column("archive_sendings", column)


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("archive_sendings", "language")

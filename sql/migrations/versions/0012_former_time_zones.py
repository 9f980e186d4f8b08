"""Former time zones of outlets"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = 'of documents before the last change, with commas'
    zones = sa.Column('former_time_zones', sa.String(1000), nullable=False, server_default='', comment=comment)
    op.add_column('outlet', zones)


def downgrade() -> None:
    op.drop_column('outlet', 'former_time_zones')

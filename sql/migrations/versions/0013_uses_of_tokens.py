"""When tokens were last used"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = 'when it was last used, or up to an hour before; null: never'
    op.add_column('api_token', sa.Column('used_us', sa.BigInteger(), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column('api_token', 'used_us')

"""Events of a register by kind"""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_event_kind', 'event', ['merchant_id', 'sko_id', 'kind', 'occurred_us'])


def downgrade() -> None:
    op.drop_index('ix_event_kind', table_name='event')

"""Notification preferences; the journal by person and by action"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('notification_preference',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False, comment='one of KINDS in `preferences.py`'),
    sa.Column('mail', sa.String(length=7), nullable=False, comment='at_once, or daily in one mail'),
    sa.Column('by_sms', sa.Boolean(), nullable=False),
    sa.CheckConstraint("mail IN ('never', 'at_once', 'daily')", name=op.f('ck_notification_preference_mail')),
    sa.ForeignKeyConstraint(['account_id'], ['account.account_id'], name=op.f('fk_notification_preference_account')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_notification_preference_merchant')),
    sa.PrimaryKeyConstraint('merchant_id', 'account_id', 'kind', name=op.f('pk_notification_preference'))
    )
    op.create_index('ix_journal_merchant_id_account_id_at_us_entry_id', 'journal', ['merchant_id', 'account_id', 'at_us', 'entry_id'])
    op.create_index('ix_journal_merchant_id_action_at_us_entry_id', 'journal', ['merchant_id', 'action', 'at_us', 'entry_id'])


def downgrade() -> None:
    op.drop_index('ix_journal_merchant_id_action_at_us_entry_id', table_name='journal')
    op.drop_index('ix_journal_merchant_id_account_id_at_us_entry_id', table_name='journal')
    op.drop_table('notification_preference')

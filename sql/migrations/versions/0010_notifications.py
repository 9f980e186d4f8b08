"""Notifications: what the rules have seen, who has read it, webhooks"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_shift_z', 'shift', ['merchant_id', 'sko_id', 'z_number'])
    op.create_table('document_gap',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('sko_id', sa.Integer(), nullable=False),
    sa.Column('first_number', sa.BigInteger(), nullable=False),
    sa.Column('last_number', sa.BigInteger(), nullable=False),
    sa.Column('since_us', sa.BigInteger(), nullable=False, comment='when the document behind it was received'),
    sa.PrimaryKeyConstraint('merchant_id', 'sko_id', 'first_number', name=op.f('pk_document_gap'))
    )
    op.create_table('register_watch',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('sko_id', sa.Integer(), nullable=False),
    sa.Column('scanned_number', sa.BigInteger(), nullable=False, comment='up to it, what is missing is in document_gap'),
    sa.Column('checked_z', sa.BigInteger(), nullable=False, comment='Z-reports up to this number have been recomputed'),
    sa.Column('pause_us', sa.BigInteger(), nullable=True, comment='a longer one is unusual; null: not known'),
    sa.Column('pause_day', sa.Date(), nullable=True, comment='when that was found out'),
    sa.PrimaryKeyConstraint('merchant_id', 'sko_id', name=op.f('pk_register_watch'))
    )
    op.create_table('z_difference',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('sko_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False, comment='the z_report document'),
    sa.PrimaryKeyConstraint('merchant_id', 'sko_id', 'number', name=op.f('pk_z_difference'))
    )
    op.create_table('notification',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('notification_id', sa.String(length=16), nullable=False, comment='random'),
    sa.Column('rule', sa.String(length=16), nullable=False),
    sa.Column('outlet_id', sa.Integer(), nullable=False, comment='where the register stood; 0: no register is known'),
    sa.Column('sko_id', sa.Integer(), nullable=False, comment='0: no register is known'),
    sa.Column('severity', sa.String(length=8), nullable=False),
    sa.Column('times', sa.BigInteger(), nullable=False, comment='how many documents, or how often it began'),
    sa.Column('detail', sa.String(length=1000), nullable=False, comment='JSON: what its words tell'),
    sa.Column('opened_us', sa.BigInteger(), nullable=False),
    sa.Column('last_us', sa.BigInteger(), nullable=False, comment='when it last began, grew or got worse'),
    sa.Column('closed_us', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("rule IN ('offline', 'silent', 'gap', 'quarantined', 'conflict', 'z_differs', 'shift_open', 'shift_closed', 'certificate', 'memory_low', 'settings_refused', 'delivery_refused')", name=op.f('ck_notification_rule')),
    sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name=op.f('ck_notification_severity')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_notification_merchant')),
    sa.PrimaryKeyConstraint('merchant_id', 'notification_id', name=op.f('pk_notification'))
    )
    op.create_index(op.f('ix_notification_merchant_id_closed_us'), 'notification', ['merchant_id', 'closed_us'], unique=False)
    op.create_index(op.f('ix_notification_merchant_id_last_us_notification_id'), 'notification', ['merchant_id', 'last_us', 'notification_id'], unique=False)
    op.create_index('uq_notification_open', 'notification', ['merchant_id', 'rule', 'sko_id', 'outlet_id'], unique=True, postgresql_where=sa.text('closed_us IS NULL'), sqlite_where=sa.text('closed_us IS NULL'))
    op.create_table('notification_digest',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('told_us', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.account_id'], name=op.f('fk_notification_digest_account')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_notification_digest_merchant')),
    sa.PrimaryKeyConstraint('merchant_id', 'account_id', name=op.f('pk_notification_digest'))
    )
    op.create_table('notification_mute',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('rule', sa.String(length=16), nullable=False),
    sa.Column('sko_id', sa.Integer(), nullable=False, comment='0: documents of no known register'),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('muted_by', sa.BigInteger(), nullable=False),
    sa.Column('muted_us', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("rule IN ('offline', 'silent', 'gap', 'quarantined', 'conflict', 'z_differs', 'shift_open', 'shift_closed', 'certificate', 'memory_low', 'settings_refused', 'delivery_refused')", name=op.f('ck_notification_mute_rule')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_notification_mute_merchant')),
    sa.ForeignKeyConstraint(['muted_by'], ['account.account_id'], name=op.f('fk_notification_mute_account')),
    sa.PrimaryKeyConstraint('merchant_id', 'rule', 'sko_id', name=op.f('pk_notification_mute'))
    )
    op.create_table('webhook',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('secret', sa.String(length=64), nullable=False, comment='signs what is sent'),
    sa.Column('created_us', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('due_us', sa.BigInteger(), nullable=True, comment='not to be tried before; null: nothing waits'),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False, comment='attempts in a row that failed'),
    sa.ForeignKeyConstraint(['created_by'], ['account.account_id'], name=op.f('fk_webhook_account')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_webhook_merchant')),
    sa.PrimaryKeyConstraint('merchant_id', name=op.f('pk_webhook'))
    )
    op.create_index(op.f('ix_webhook_due_us'), 'webhook', ['due_us'], unique=False)
    op.create_table('webhook_delivery',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('delivery_id', sa.String(length=32), nullable=False, comment='random: tells the receiver what it has already'),
    sa.Column('event', sa.String(length=16), nullable=False),
    sa.Column('body', sa.String(length=4000), nullable=False, comment='JSON, as it is sent'),
    sa.Column('state', sa.String(length=7), nullable=False),
    sa.Column('created_us', sa.BigInteger(), nullable=False),
    sa.Column('tried_us', sa.BigInteger(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('outcome', sa.String(length=300), server_default='', nullable=False, comment='of the last attempt'),
    sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f('ck_webhook_delivery_state')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_webhook_delivery_merchant')),
    sa.PrimaryKeyConstraint('merchant_id', 'delivery_id', name=op.f('pk_webhook_delivery'))
    )
    op.create_index(op.f('ix_webhook_delivery_created_us'), 'webhook_delivery', ['created_us'], unique=False)
    op.create_index(op.f('ix_webhook_delivery_merchant_id_created_us'), 'webhook_delivery', ['merchant_id', 'created_us'], unique=False)
    op.create_index(op.f('ix_webhook_delivery_merchant_id_state_created_us'), 'webhook_delivery', ['merchant_id', 'state', 'created_us'], unique=False)
    op.create_table('notification_read',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('notification_id', sa.String(length=16), nullable=False),
    sa.Column('read_us', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.account_id'], name=op.f('fk_notification_read_account')),
    sa.ForeignKeyConstraint(['merchant_id', 'notification_id'], ['notification.merchant_id', 'notification.notification_id'], name=op.f('fk_notification_read_notification'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('merchant_id', 'account_id', 'notification_id', name=op.f('pk_notification_read'))
    )
    op.create_index(op.f('ix_notification_read_merchant_id_notification_id'), 'notification_read', ['merchant_id', 'notification_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_notification_read_merchant_id_notification_id'), table_name='notification_read')
    op.drop_table('notification_read')
    op.drop_index(op.f('ix_webhook_delivery_merchant_id_state_created_us'), table_name='webhook_delivery')
    op.drop_index(op.f('ix_webhook_delivery_merchant_id_created_us'), table_name='webhook_delivery')
    op.drop_index(op.f('ix_webhook_delivery_created_us'), table_name='webhook_delivery')
    op.drop_table('webhook_delivery')
    op.drop_index(op.f('ix_webhook_due_us'), table_name='webhook')
    op.drop_table('webhook')
    op.drop_table('notification_mute')
    op.drop_table('notification_digest')
    op.drop_index('uq_notification_open', table_name='notification', postgresql_where=sa.text('closed_us IS NULL'), sqlite_where=sa.text('closed_us IS NULL'))
    op.drop_index(op.f('ix_notification_merchant_id_last_us_notification_id'), table_name='notification')
    op.drop_index(op.f('ix_notification_merchant_id_closed_us'), table_name='notification')
    op.drop_table('notification')
    op.drop_table('z_difference')
    op.drop_table('register_watch')
    op.drop_table('document_gap')
    op.drop_index('ix_shift_z', table_name='shift')

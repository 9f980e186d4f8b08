"""Remote settings of registers, binding a new register, more of outlets, registers and tokens"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('outlet', sa.Column('opening_hours', sa.String(length=600), server_default='', nullable=False, comment='JSON: {"mon": ["09:00", "21:00"], …}, a day off is missing; empty: not told'))
    op.add_column('outlet', sa.Column('contact_name', sa.String(length=128), server_default='', nullable=False, comment='empty: not told'))
    op.add_column('outlet', sa.Column('contact_phone', sa.String(length=32), server_default='', nullable=False, comment='E.164; empty: not told'))
    op.add_column('sko', sa.Column('serial_number', sa.String(length=32), server_default='', nullable=False, comment='of the device; empty: not told'))
    op.add_column('sko', sa.Column('registered_us', sa.BigInteger(), nullable=True, comment='in the state system; null: not told'))
    op.add_column('sko', sa.Column('certificate_until_us', sa.BigInteger(), nullable=True, comment='when its certificate ends; null: not told'))
    op.add_column('sko', sa.Column('firmware', sa.String(length=32), server_default='', nullable=False, comment='its version; empty: not told'))
    op.add_column('sko_directory', sa.Column('settings_version', sa.Integer(), server_default='0', nullable=False, comment='the newest one; 0: none'))
    op.add_column('api_token', sa.Column('name', sa.String(length=64), server_default='', nullable=False, comment='as its people call it; empty: nobody has'))
    op.add_column('api_token', sa.Column('created_by', sa.BigInteger(), nullable=True, comment='the account; null: the operator'))
    op.create_index(op.f('ix_api_token_merchant_id'), 'api_token', ['merchant_id'])
    op.create_table('device_grant',
    sa.Column('device_code_hash', sa.LargeBinary(length=32), nullable=False, comment='SHA-256 of what the register keeps'),
    sa.Column('user_code', sa.String(length=9), nullable=False, comment='XXXX-XXXX'),
    sa.Column('created_us', sa.BigInteger(), nullable=False),
    sa.Column('expires_us', sa.BigInteger(), nullable=False),
    sa.Column('polled_us', sa.BigInteger(), nullable=True, comment='when the register last asked for the token'),
    sa.Column('merchant_id', sa.BigInteger(), nullable=True, comment='null: nobody has approved it (yet)'),
    sa.Column('sko_id', sa.Integer(), nullable=True),
    sa.Column('approved_us', sa.BigInteger(), nullable=True),
    sa.Column('approved_by', sa.BigInteger(), nullable=True),
    sa.Column('denied_us', sa.BigInteger(), nullable=True),
    sa.Column('token_name', sa.String(length=64), server_default='', nullable=False, comment='for the token to come'),
    sa.Column('address', sa.String(length=45), nullable=False, comment='of the register'),
    sa.ForeignKeyConstraint(['approved_by'], ['account.account_id'], name=op.f('fk_device_grant_account')),
    sa.ForeignKeyConstraint(['merchant_id', 'sko_id'], ['sko.merchant_id', 'sko.sko_id'], name=op.f('fk_device_grant_sko')),
    sa.PrimaryKeyConstraint('device_code_hash', name=op.f('pk_device_grant')),
    sa.UniqueConstraint('user_code', name=op.f('uq_device_grant_user_code'))
    )
    op.create_index(op.f('ix_device_grant_expires_us'), 'device_grant', ['expires_us'])
    op.create_table('settings_version',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('sko_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False, comment='1, 2, 3 …: two people who save at once want the same one'),
    sa.Column('content', sa.LargeBinary(), nullable=False, comment='the JSON object that the register gets, without `version`'),
    sa.Column('based_on', sa.Integer(), nullable=True, comment='the version that its author saw; null: the first'),
    sa.Column('saved_us', sa.BigInteger(), nullable=False),
    sa.Column('saved_by', sa.BigInteger(), nullable=True, comment='the account; null: the operator'),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('outcome_us', sa.BigInteger(), nullable=True, comment='when the register applied or refused it, as it says'),
    sa.Column('reason', sa.String(length=500), nullable=True, comment='why it refused, in its own words'),
    sa.CheckConstraint("state IN ('waiting', 'applied', 'rejected')", name=op.f('ck_settings_version_state')),
    sa.ForeignKeyConstraint(['merchant_id', 'sko_id'], ['sko.merchant_id', 'sko.sko_id'], name=op.f('fk_settings_version_sko')),
    sa.ForeignKeyConstraint(['saved_by'], ['account.account_id'], name=op.f('fk_settings_version_account')),
    sa.PrimaryKeyConstraint('merchant_id', 'sko_id', 'version', name=op.f('pk_settings_version'))
    )


def downgrade() -> None:
    op.drop_table('settings_version')
    op.drop_index(op.f('ix_device_grant_expires_us'), table_name='device_grant')
    op.drop_table('device_grant')
    op.drop_index(op.f('ix_api_token_merchant_id'), table_name='api_token')
    op.drop_column('api_token', 'created_by')
    op.drop_column('api_token', 'name')
    op.drop_column('sko_directory', 'settings_version')
    op.drop_column('sko', 'firmware')
    op.drop_column('sko', 'certificate_until_us')
    op.drop_column('sko', 'registered_us')
    op.drop_column('sko', 'serial_number')
    op.drop_column('outlet', 'contact_phone')
    op.drop_column('outlet', 'contact_name')
    op.drop_column('outlet', 'opening_hours')

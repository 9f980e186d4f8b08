"""Tariffs, acts and manuals"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('manual',
    sa.Column('manual_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=256), nullable=False),
    sa.Column('version', sa.String(length=16), nullable=False),
    sa.Column('language', sa.String(length=2), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('bytes', sa.Integer(), nullable=False),
    sa.Column('added_us', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False, comment='the file'),
    sa.PrimaryKeyConstraint('manual_id', name=op.f('pk_manual')),
    sa.UniqueConstraint('title', 'version', 'language', name=op.f('uq_manual_title_version_language'))
    )
    op.create_table('tariff',
    sa.Column('tariff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=True, comment='null: until further notice'),
    sa.Column('service', sa.String(length=512), nullable=False, comment='as acts call it'),
    sa.Column('price_minor', sa.BigInteger(), nullable=False, comment='of one register, in BYN, with VAT if there is any'),
    sa.Column('vat_percent', sa.Integer(), nullable=True, comment='null: without VAT'),
    sa.CheckConstraint("kind IN ('registration', 'subscription')", name=op.f('ck_tariff_kind')),
    sa.PrimaryKeyConstraint('tariff_id', name=op.f('pk_tariff'))
    )
    op.create_index(op.f('ix_tariff_kind_first_day'), 'tariff', ['kind', 'first_day'], unique=True)
    op.create_table('act',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False, comment='1, 2, 3 … within the merchant'),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('month', sa.Date(), nullable=False, comment='its first day'),
    sa.Column('issued', sa.Date(), nullable=False, comment='the date of the act'),
    sa.Column('service', sa.String(length=512), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False, comment='of registers'),
    sa.Column('price_minor', sa.BigInteger(), nullable=False, comment='of one register, in BYN, with VAT if there is any'),
    sa.Column('vat_percent', sa.Integer(), nullable=True, comment='null: without VAT'),
    sa.Column('customer', sa.String(length=256), nullable=False, comment='the merchant, as it was called then'),
    sa.Column('provider', sa.String(length=2000), nullable=False, comment='JSON: the operator, as it was then'),
    sa.Column('corrects', sa.Integer(), nullable=True, comment='the act in whose place this one stands'),
    sa.Column('reason', sa.String(length=512), server_default='', nullable=False, comment='of a correction'),
    sa.Column('made_us', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("kind IN ('registration', 'subscription')", name=op.f('ck_act_kind')),
    sa.ForeignKeyConstraint(['merchant_id', 'corrects'], ['act.merchant_id', 'act.number'], name=op.f('fk_act_act')),
    sa.ForeignKeyConstraint(['merchant_id'], ['merchant.merchant_id'], name=op.f('fk_act_merchant')),
    sa.PrimaryKeyConstraint('merchant_id', 'number', name=op.f('pk_act')),
    sa.UniqueConstraint('merchant_id', 'corrects', name=op.f('uq_act_merchant_id_corrects'))
    )
    op.create_index(op.f('ix_act_month'), 'act', ['month'], unique=False)
    op.create_index('uq_act_month', 'act', ['merchant_id', 'kind', 'month'], unique=True, postgresql_where=sa.text('corrects IS NULL'), sqlite_where=sa.text('corrects IS NULL'))


def downgrade() -> None:
    op.drop_index('uq_act_month', table_name='act')
    op.drop_index(op.f('ix_act_month'), table_name='act')
    op.drop_table('act')
    op.drop_index(op.f('ix_tariff_kind_first_day'), table_name='tariff')
    op.drop_table('tariff')
    op.drop_table('manual')

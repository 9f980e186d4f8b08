"""Exports: who makes one, how often it was begun, why it failed, and its file"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('export') as table:
        table.add_column(sa.Column('file_name', sa.String(length=200), server_default='', nullable=False, comment='under which it is saved'))
        table.add_column(sa.Column('failure', sa.String(length=16), nullable=True, comment='why it failed'))
        table.add_column(sa.Column('claim', sa.String(length=32), nullable=True, comment='random: of whoever makes it, anew each time it is begun'))
        table.add_column(sa.Column('attempts', sa.Integer(), server_default='0', nullable=False, comment='how often it was begun'))
        table.add_column(sa.Column('file_bytes', sa.BigInteger(), nullable=True, comment='null: not done yet'))
        table.create_check_constraint(op.f('ck_export_failure'), "failure IN ('broken', 'interrupted', 'too_long')")


def downgrade() -> None:
    with op.batch_alter_table('export') as table:
        table.drop_constraint(op.f('ck_export_failure'), type_='check')
        for name in ('file_bytes', 'attempts', 'claim', 'failure', 'file_name'):
            table.drop_column(name)

"""The numbers that are stored of each register, the outlet of what is in quarantine, events by time"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

# Where the register stood when the document was received: nobody has noted more. Its first place counts for all time.
PLACE = """
    SELECT outlet_id FROM placement
    WHERE placement.merchant_id = quarantine.merchant_id AND placement.sko_id = quarantine.sko_id {condition}
    ORDER BY since_us {order} LIMIT 1
"""
LATEST = PLACE.format(condition="AND since_us <= quarantine.received_us", order="DESC")
FIRST = PLACE.format(condition="", order="ASC")

RUNS = """
    INSERT INTO number_run (merchant_id, sko_id, first_number, late, last_number)
    SELECT merchant_id, sko_id, min(number), {false}, max(number)
    FROM (
        SELECT merchant_id, sko_id, number,
               number - row_number() OVER (PARTITION BY merchant_id, sko_id ORDER BY number) AS run
        FROM document
    ) AS numbered
    GROUP BY merchant_id, sko_id, run
"""


def upgrade() -> None:
    op.create_table('number_run',
    sa.Column('merchant_id', sa.BigInteger(), nullable=False),
    sa.Column('sko_id', sa.Integer(), nullable=False),
    sa.Column('first_number', sa.BigInteger(), nullable=False),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('last_number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('merchant_id', 'sko_id', 'first_number', 'late', name=op.f('pk_number_run'))
    )
    op.add_column('quarantine', sa.Column('outlet_id', sa.Integer(), nullable=True, comment='where the register stood then; null: no register is known'))
    op.create_index('ix_event_newest', 'event', ['merchant_id', 'occurred_us'])
    is_postgresql = op.get_bind().dialect.name == 'postgresql'
    if is_postgresql:
        op.execute("SET LOCAL statement_timeout = 0")  # all documents are read once
    op.execute(RUNS.format(false="false" if is_postgresql else "0"))
    op.execute(f"UPDATE quarantine SET outlet_id = coalesce(({LATEST}), ({FIRST})) WHERE sko_id IS NOT NULL")


def downgrade() -> None:
    op.drop_index('ix_event_newest', table_name='event')
    with op.batch_alter_table('quarantine') as batch:
        batch.drop_column('outlet_id')
    op.drop_table('number_run')

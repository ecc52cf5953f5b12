"""Keep each order's total: prices and lines may change, what was agreed may not.

Existing orders get the sum of their lines.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("total", sa.Numeric(10, 2), nullable=True))
    op.execute(
        """
        UPDATE "order" SET total = COALESCE(
            (SELECT sum(line.quantity * line.unit_price)
             FROM order_line AS line WHERE line.order_id = "order".id),
            0
        )
        """
    )
    op.alter_column("order", "total", nullable=False)
    op.create_check_constraint(op.f("ck_order_total_not_negative"), "order", "total >= 0")


def downgrade() -> None:
    op.drop_column("order", "total")

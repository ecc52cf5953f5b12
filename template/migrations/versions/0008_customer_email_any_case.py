"""One account per e-mail address, whatever its case.

Fails, and changes nothing, when two accounts differ in case only: merge them first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("uq_customer_email_lower", "customer", [sa.text("lower(email)")], unique=True)
    op.drop_constraint("uq_customer_email", "customer", type_="unique")


def downgrade() -> None:
    op.create_unique_constraint("uq_customer_email", "customer", ["email"])
    op.drop_index("uq_customer_email_lower", table_name="customer")

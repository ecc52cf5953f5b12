"""Payments: a key charges once, an order has one live payment."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String(80), nullable=False),
        sa.Column("amount", sa.Numeric(10, 2), nullable=False),
        sa.Column("status", sa.String(16), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="1", nullable=False),
        sa.Column("gateway_reference", sa.String(80), nullable=True),
        sa.Column("decline_reason", sa.String(200), nullable=True),
        *_timestamps(),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name="fk_payment_order_id_order", ondelete="RESTRICT"
        ),
        sa.UniqueConstraint("idempotency_key", name="uq_payment_idempotency_key"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount_positive")),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'declined', 'failed')",
            name=op.f("ck_payment_status"),
        ),
    )
    op.create_index("ix_payment_order_id", "payment", ["order_id"])
    op.create_index(
        "uq_payment_order_id_live",
        "payment",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'succeeded')"),
    )


def downgrade() -> None:
    op.drop_table("payment")


def _timestamps() -> list[sa.Column[object]]:
    return [
        sa.Column(
            name,
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        )
        for name in ("created_at", "updated_at")
    ]

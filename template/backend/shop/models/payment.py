"""Payments of orders."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.accounts.models.columns import choice
from backend.core.models import Base, Timestamps, UuidPrimaryKey
from backend.shop.models.columns import Money


class PaymentStatus(StrEnum):
    """`pending`: outcome unknown; `failed`: the gateway never accepted the charge."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"


class Payment(UuidPrimaryKey, Timestamps, Base):
    """An attempt to pay an order. An idempotency key never charges twice."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        # At most one payment per order that has charged or may have charged.
        Index(
            "uq_payment_order_id_live",
            "order_id",
            unique=True,
            postgresql_where=text("status IN ('pending', 'succeeded')"),
            sqlite_where=text("status IN ('pending', 'succeeded')"),
        ),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id", ondelete="RESTRICT"), index=True)
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    amount: Mapped[Money]
    status: Mapped[PaymentStatus] = mapped_column(
        choice(PaymentStatus, "status"),
        default=PaymentStatus.PENDING,
        server_default=PaymentStatus.PENDING.value,
    )
    # Number of requests to the gateway; shows whether another attempt was made meanwhile.
    attempts: Mapped[int] = mapped_column(default=1, server_default="1")
    gateway_reference: Mapped[str | None] = mapped_column(String(80))
    decline_reason: Mapped[str | None] = mapped_column(String(200))

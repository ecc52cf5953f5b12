"""Orders and their lines."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.accounts.models.columns import Instant, choice
from backend.core.models import Base, Timestamps, UuidPrimaryKey
from backend.shop.models.columns import Money


class OrderStatus(StrEnum):
    """pending → paid → shipped; a pending order may instead be cancelled or expire."""

    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Order(UuidPrimaryKey, Timestamps, Base):
    """A customer's order. `total` is stored, because prices change."""

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("total >= 0", name="total_not_negative"),
        Index("ix_order_customer_id_created_at_id", "customer_id", "created_at", "id"),
        Index("ix_order_status_created_at_id", "status", "created_at", "id"),
    )

    # RESTRICT: an account with orders is deactivated, never deleted.
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id", ondelete="RESTRICT"))
    status: Mapped[OrderStatus] = mapped_column(
        choice(OrderStatus, "status"),
        default=OrderStatus.PENDING,
        server_default=OrderStatus.PENDING.value,
    )
    total: Mapped[Money]
    paid_at: Mapped[Instant | None]

    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="OrderLine.position",
        lazy="selectin",
    )


class OrderLine(UuidPrimaryKey, Timestamps, Base):
    """A product in an order, at its price when ordered."""

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price > 0", name="unit_price_positive"),
        UniqueConstraint("order_id", "product_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    product_id: Mapped[UUID] = mapped_column(
        ForeignKey("product.id", ondelete="RESTRICT"), index=True
    )
    position: Mapped[int]
    quantity: Mapped[int]
    unit_price: Mapped[Money]

    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise")

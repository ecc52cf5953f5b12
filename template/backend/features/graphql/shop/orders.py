"""Orders in the schema."""

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

import strawberry

from backend.features.graphql.context import Info
from backend.features.graphql.shop.catalogue import Product, load_products
from backend.shop.models import order as models
from backend.shop.models import payment

strawberry.enum(models.OrderStatus, name="OrderStatus")
strawberry.enum(payment.PaymentStatus, name="PaymentStatus")


@strawberry.type
class OrderLine:
    """A line of an order, at the price when ordered."""

    product_id: UUID
    quantity: int
    unit_price: Decimal

    @strawberry.field
    async def product(self, info: Info) -> Product:
        """The product in its current state."""
        return await info.context.loader(load_products).load(self.product_id)


@strawberry.type
class Order:
    """An order."""

    id: UUID
    status: models.OrderStatus
    total: Decimal
    lines: list[OrderLine]
    paid_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, order: models.Order) -> Self:
        """Convert an order with its lines."""
        return cls(
            id=order.id,
            status=order.status,
            total=order.total,
            lines=[
                OrderLine(
                    product_id=line.product_id, quantity=line.quantity, unit_price=line.unit_price
                )
                for line in order.lines
            ],
            paid_at=order.paid_at,
            created_at=order.created_at,
        )


@strawberry.type
class OrderPage:
    """A page of orders; `next_cursor` leads to the next page; null on the last one."""

    items: list[Order]
    next_cursor: str | None


@strawberry.type
class Payment:
    """A payment; `declined` is a result, not an error."""

    id: UUID
    order_id: UUID
    amount: Decimal
    status: payment.PaymentStatus
    decline_reason: str | None

    @classmethod
    def of(cls, row: payment.Payment) -> Self:
        """Convert a payment."""
        return cls(
            id=row.id,
            order_id=row.order_id,
            amount=row.amount,
            status=row.status,
            decline_reason=row.decline_reason,
        )

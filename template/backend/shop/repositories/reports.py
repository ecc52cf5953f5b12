"""Aggregate queries over orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.models.product import Product

SOLD = (OrderStatus.PAID, OrderStatus.SHIPPED)


@dataclass(frozen=True, slots=True)
class DaySales:
    """Sales of one day (UTC)."""

    day: date
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class ProductSales:
    """Sales of a product."""

    product_id: UUID
    name: str
    quantity: int
    revenue: Decimal


class ReportRepository:
    """Aggregates orders paid in a date range, which excludes its end."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def sales_by_day(self, start: datetime, end: datetime) -> Sequence[DaySales]:
        """Return the days with sales, in order."""
        # Days must not depend on the server's time zone.
        day = cast(func.timezone("UTC", Order.paid_at), Date)
        statement = (
            select(day, func.count(Order.id), func.sum(Order.total))
            .where(Order.status.in_(SOLD), Order.paid_at >= start, Order.paid_at < end)
            .group_by(day)
            .order_by(day)
        )
        return [DaySales(*row) for row in await self._session.execute(statement)]

    async def best_sellers(
        self, start: datetime, end: datetime, *, limit: int
    ) -> Sequence[ProductSales]:
        """Return the products with the most units sold; ties are sorted by name."""
        quantity = func.sum(OrderLine.quantity)
        statement = (
            select(
                Product.id,
                Product.name,
                quantity,
                func.sum(OrderLine.unit_price * OrderLine.quantity),
            )
            .join(OrderLine, OrderLine.product_id == Product.id)
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.status.in_(SOLD), Order.paid_at >= start, Order.paid_at < end)
            .group_by(Product.id)
            .order_by(quantity.desc(), Product.name, Product.id)
            .limit(limit)
        )
        return [ProductSales(*row) for row in await self._session.execute(statement)]

    async def count_by_status(self) -> dict[OrderStatus, int]:
        """Count the orders of each status; a status without orders counts 0."""
        statement = select(Order.status, func.count()).group_by(Order.status)
        counts = dict.fromkeys(OrderStatus, 0)
        for status, count in await self._session.execute(statement):
            counts[status] = count
        return counts

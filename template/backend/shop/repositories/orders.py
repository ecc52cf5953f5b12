"""Queries for orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.paging import Page, fetch_page
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.payment import Payment, PaymentStatus


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Filters; None matches all. The date range excludes its end."""

    customer_id: UUID | None = None
    status: OrderStatus | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class OrderRepository:
    """Orders, always with their lines."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, order: Order) -> None:
        """Insert an order with its lines."""
        self._session.add(order)
        await self._session.flush()
        await self._session.refresh(order)

    async def get(self, order_id: UUID) -> Order | None:
        """Return one order."""
        return await self._session.get(Order, order_id)

    async def lock(self, order_id: UUID) -> Order | None:
        """Return one order and lock it until the transaction ends. Lock orders before products."""
        statement = (
            select(Order)
            .where(Order.id == order_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return await self._session.scalar(statement)

    async def list(
        self, filters: OrderFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Order]:
        """Return a page of orders, newest first."""
        key = (Order.created_at, Order.id)
        return await fetch_page(self._session, _select(filters), key, cursor=cursor, limit=limit)

    async def lock_unpaid(self, created_before: datetime, *, limit: int) -> Sequence[Order]:
        """Return and lock the oldest pending orders, except those that may have been charged.

        Locked orders are skipped: they are being paid or cancelled.
        """
        charging = exists().where(
            Payment.order_id == Order.id, Payment.status == PaymentStatus.PENDING
        )
        statement = (
            select(Order)
            .where(
                Order.status == OrderStatus.PENDING, Order.created_at < created_before, ~charging
            )
            .order_by(Order.created_at, Order.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    async def flush(self, order: Order) -> None:
        """Flush changes and reload what the database computed."""
        await self._session.flush()
        await self._session.refresh(order)


def _select(filters: OrderFilter) -> Select[Order]:
    statement = select(Order)
    if filters.customer_id is not None:
        statement = statement.where(Order.customer_id == filters.customer_id)
    if filters.status is not None:
        statement = statement.where(Order.status == filters.status)
    if filters.created_from is not None:
        statement = statement.where(Order.created_at >= filters.created_from)
    if filters.created_before is not None:
        statement = statement.where(Order.created_at < filters.created_before)
    return statement

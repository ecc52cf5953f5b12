"""Queries for payments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import ConflictError
from backend.shop.models.payment import Payment, PaymentStatus


class PaymentRepository:
    """Payments."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, payment: Payment) -> None:
        """Insert a payment.

        Raises:
            ConflictError: The key was used, or the order already has an active payment.
        """
        try:
            async with self._session.begin_nested():
                self._session.add(payment)
        except IntegrityError as error:
            raise ConflictError("Another payment of this order is in progress.") from error

    async def find_by_key(self, idempotency_key: str) -> Payment | None:
        """Return the payment with this idempotency key."""
        statement = select(Payment).where(Payment.idempotency_key == idempotency_key)
        return await self._session.scalar(statement)

    async def find_active(self, order_id: UUID) -> Payment | None:
        """Return the payment of an order that has charged or may have charged."""
        statement = select(Payment).where(
            Payment.order_id == order_id,
            Payment.status.in_([PaymentStatus.PENDING, PaymentStatus.SUCCEEDED]),
        )
        return await self._session.scalar(statement)

    async def list(self, order_id: UUID) -> Sequence[Payment]:
        """Return the payments of an order, oldest first."""
        statement = (
            select(Payment)
            .where(Payment.order_id == order_id)
            .order_by(Payment.created_at, Payment.id)
        )
        return (await self._session.scalars(statement)).all()

    async def list_pending(self, updated_before: datetime, *, limit: int) -> Sequence[Payment]:
        """Return payments pending since before a given time, oldest first."""
        statement = (
            select(Payment)
            .where(Payment.status == PaymentStatus.PENDING, Payment.updated_at < updated_before)
            .order_by(Payment.updated_at, Payment.id)
            .limit(limit)
        )
        return (await self._session.scalars(statement)).all()

    async def lock(self, payment_id: UUID) -> Payment | None:
        """Return one payment and lock it until the transaction ends. Lock its order before it."""
        statement = (
            select(Payment)
            .where(Payment.id == payment_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return await self._session.scalar(statement)

    async def flush(self, payment: Payment) -> None:
        """Flush changes and reload what the database computed."""
        await self._session.flush()
        await self._session.refresh(payment)

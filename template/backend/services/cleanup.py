"""Cleaning up: what nobody will finish any more."""

from dataclasses import dataclass
from datetime import timedelta

from backend.core.clock import Clock, utc_now
from backend.models.order import OrderStatus
from backend.repositories.unit_of_work import UnitOfWork
from backend.services.order_events import make_event
from backend.services.orders import give_back_stock
from backend.services.payments import PaymentService


@dataclass(frozen=True, slots=True)
class CleanupReport:
    """What one round did."""

    expired_orders: int
    settled_payments: int
    deleted_tokens: int


class CleanupService:
    """Settles stuck payments, expires unpaid orders and forgets old tokens."""

    def __init__(
        self,
        uow: UnitOfWork,
        payments: PaymentService,
        clock: Clock = utc_now,
        *,
        order_ttl: timedelta = timedelta(minutes=30),
        payment_ttl: timedelta = timedelta(minutes=2),
    ) -> None:
        self._uow = uow
        self._payments = payments
        self._clock = clock
        self._order_ttl = order_ttl
        self._payment_ttl = payment_ttl

    async def run(self, *, limit: int = 100) -> CleanupReport:
        """Do one round, of at most `limit` orders and payments; what is left waits for the next."""
        # Payments first: an order is not expired while a payment of it may have charged.
        settled = await self._payments.settle_stuck(older_than=self._payment_ttl, limit=limit)
        return CleanupReport(
            expired_orders=await self._expire_orders(limit),
            settled_payments=settled,
            deleted_tokens=await self._delete_tokens(),
        )

    async def _expire_orders(self, limit: int) -> int:
        before = self._clock() - self._order_ttl
        orders = await self._uow.orders.lock_unpaid(before, limit=limit)
        # All products at once: order by order, the locks would not be taken in one order.
        products = await self._uow.products.lock(
            line.product_id for order in orders for line in order.lines
        )
        give_back_stock(products, orders)
        for order in orders:
            order.status = OrderStatus.EXPIRED
            await self._uow.outbox.add(make_event(order))
        await self._uow.commit()
        return len(orders)

    async def _delete_tokens(self) -> int:
        deleted = await self._uow.refresh_tokens.delete_expired(self._clock())
        await self._uow.commit()
        return deleted

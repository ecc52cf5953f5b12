"""Cleanup of abandoned orders and payments."""

from dataclasses import dataclass
from datetime import timedelta

from backend.core.clock import Clock, utc_now
from backend.shop.models.order import OrderStatus
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.order_events import make_event
from backend.shop.services.orders import restore_stock
from backend.shop.services.payments import PaymentService


@dataclass(frozen=True, slots=True)
class CleanupReport:
    """The outcome of one round."""

    expired_orders: int
    reconciled_payments: int


class CleanupService:
    """Reconciles pending payments and expires unpaid orders."""

    def __init__(
        self,
        uow: ShopUnitOfWork,
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
        """Process at most `limit` orders and payments; the rest waits for the next round."""
        # Payments first: an order must not expire while a payment may have charged.
        settled = await self._payments.reconcile_pending(older_than=self._payment_ttl, limit=limit)
        return CleanupReport(
            expired_orders=await self._expire_orders(limit),
            reconciled_payments=settled,
        )

    async def _expire_orders(self, limit: int) -> int:
        before = self._clock() - self._order_ttl
        orders = await self._uow.orders.lock_unpaid(before, limit=limit)
        # Lock all products at once, in id order, to prevent deadlocks.
        products = await self._uow.products.lock(
            line.product_id for order in orders for line in order.lines
        )
        restore_stock(products, orders)
        for order in orders:
            order.status = OrderStatus.EXPIRED
            await self._uow.outbox.add(make_event(order))
        await self._uow.commit()
        return len(orders)

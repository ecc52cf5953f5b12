"""Background jobs: publishing events, dead letters, and cleanup."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import ConflictError
from backend.shop.adapters.payment_gateway import ChargeResult
from backend.shop.models.order import OrderStatus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.models.payment import PaymentStatus
from backend.shop.models.product import Product
from backend.shop.services.cleanup import CleanupReport
from backend.shop.services.outbox import DispatchReport
from backend.tests.factories.shop import (
    OrderFactory,
    OrderLineFactory,
    OutboxEventFactory,
    PaymentFactory,
    ProductFactory,
)
from backend.tests.integration.shop.services.conftest import ServiceContext

HOUR = timedelta(hours=1)


class TestOutbox:
    async def test_publishes_in_batches_oldest_first_and_each_once(
        self, bench: ServiceContext, db_session: AsyncSession
    ) -> None:
        events = await OutboxEventFactory.create_batch(db_session, 5)
        outbox = bench.shop.outbox(bench.uow)
        told = [(await outbox.dispatch(limit=2)).delivered for _ in range(4)]
        assert told == [2, 2, 1, 0]
        assert [event.id for event in bench.fakes.bus.published] == [event.id for event in events]

    async def test_a_failing_event_is_retried_with_backoff_and_becomes_a_dead_letter(
        self, bench: ServiceContext, db_session: AsyncSession
    ) -> None:
        event = await OutboxEventFactory.create(db_session, type="order.cursed")
        good = await OutboxEventFactory.create(db_session)
        bench.fakes.bus.failing.add("order.cursed")
        outbox = bench.shop.outbox(bench.uow)
        assert await outbox.dispatch() == DispatchReport(delivered=1, retried=1)
        for wait in (1, 2, 4):
            assert await outbox.dispatch() == DispatchReport(), "tried before its time"
            bench.fakes.clock.advance(wait)
            assert await outbox.dispatch() == DispatchReport(retried=1)
        bench.fakes.clock.advance(8)
        assert await outbox.dispatch() == DispatchReport(dead=1)
        await db_session.refresh(event)
        assert (event.status, event.attempts) == (OutboxStatus.DEAD, 5)
        assert event.last_error == "ConnectionError: The broker is gone."
        assert [told.id for told in bench.fakes.bus.published] == [good.id]

    async def test_a_dead_letter_can_be_retried_once(
        self, bench: ServiceContext, db_session: AsyncSession
    ) -> None:
        dead = await OutboxEventFactory.create(db_session, dead=True)
        outbox = bench.shop.outbox(bench.uow)
        assert [event.id for event in (await outbox.list_dead_letters()).items] == [dead.id]
        await outbox.retry(dead.id)
        with pytest.raises(ConflictError):
            await outbox.retry(dead.id)
        assert await outbox.dispatch() == DispatchReport(delivered=1)
        assert (await outbox.list_dead_letters()).items == []


class TestCleanup:
    async def test_expires_old_orders_restores_stock_and_publishes_it(
        self, bench: ServiceContext, db_session: AsyncSession
    ) -> None:
        now = bench.fakes.clock.now
        mug = await ProductFactory.create(db_session, stock=0)
        for age, paid in ((HOUR, False), (HOUR, False), (HOUR, True), (timedelta(0), False)):
            line = OrderLineFactory.build(product_id=mug.id, unit_price=mug.price, quantity=2)
            await OrderFactory.create(db_session, lines=[line], created_at=now - age, paid=paid)
        cleanup = bench.shop.cleanup(bench.uow)
        assert await cleanup.run() == CleanupReport(2, 0)
        assert await cleanup.run() == CleanupReport(0, 0)
        assert await db_session.scalar(select(Product.stock).where(Product.id == mug.id)) == 4
        told = await db_session.scalars(select(OutboxEvent.type))
        assert told.all() == ["order.expired"] * 2

    async def test_leaves_the_rest_to_the_next_round(
        self, bench: ServiceContext, db_session: AsyncSession
    ) -> None:
        old = bench.fakes.clock.now - HOUR
        await OrderFactory.create_batch(db_session, 3, created_at=old)
        cleanup = bench.shop.cleanup(bench.uow)
        rounds = [(await cleanup.run(limit=2)).expired_orders for _ in range(3)]
        assert rounds == [2, 1, 0]

    @pytest.mark.parametrize(
        ("decision", "payment_status", "order_status"),
        [
            (ChargeResult(reference="r", approved=True), PaymentStatus.SUCCEEDED, OrderStatus.PAID),
            (
                ChargeResult(reference="r", approved=False, decline_reason="No money."),
                PaymentStatus.DECLINED,
                OrderStatus.EXPIRED,
            ),
            (None, PaymentStatus.FAILED, OrderStatus.EXPIRED),
        ],
        ids=["charged", "declined", "never arrived"],
    )
    async def test_settles_a_payment_whose_answer_was_lost_before_it_expires_the_order(
        self,
        decision: ChargeResult | None,
        payment_status: PaymentStatus,
        order_status: OrderStatus,
        bench: ServiceContext,
        db_session: AsyncSession,
    ) -> None:
        old = bench.fakes.clock.now - HOUR
        order = await OrderFactory.create(db_session, created_at=old)
        payment = await PaymentFactory.create(db_session, order=order, updated_at=old)
        if decision is not None:
            bench.fakes.payment_gateway.decided[payment.idempotency_key] = decision
        report = await bench.shop.cleanup(bench.uow).run()
        assert report.reconciled_payments == 1
        await db_session.refresh(payment)
        await db_session.refresh(order)
        assert (payment.status, order.status) == (payment_status, order_status)

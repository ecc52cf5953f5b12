"""Queries that need the real database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.models.order import OrderStatus
from backend.shop.models.payment import PaymentStatus
from backend.shop.repositories.products import ProductFilter
from backend.shop.repositories.reports import DaySales, ProductSales
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.factories.shop import (
    OrderFactory,
    OrderLineFactory,
    PaymentFactory,
    ProductFactory,
)

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def uow(db_session: AsyncSession) -> ShopUnitOfWork:
    """All repositories on the test's session."""
    return ShopUnitOfWork(db_session)


class TestPaging:
    async def test_rows_with_the_same_time_are_ordered_by_id(
        self, uow: ShopUnitOfWork, db_session: AsyncSession
    ) -> None:
        for number in range(1, 6):
            await ProductFactory.create(db_session, id=UUID(int=number), created_at=MARCH)
        seen: list[int] = []
        cursor = None
        while True:
            page = await uow.products.list(ProductFilter(), cursor=cursor, limit=2)
            seen += [product.id.int for product in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert seen == [5, 4, 3, 2, 1]

    async def test_a_full_last_page_has_no_next_cursor(
        self, uow: ShopUnitOfWork, db_session: AsyncSession
    ) -> None:
        await ProductFactory.create_batch(db_session, 2)
        page = await uow.products.list(ProductFilter(), limit=2)
        assert (len(page.items), page.next_cursor) == (2, None)


class TestUnpaidOrders:
    async def test_are_old_pending_and_not_charged(
        self, uow: ShopUnitOfWork, db_session: AsyncSession
    ) -> None:
        old = {"created_at": MARCH - timedelta(minutes=1)}
        unpaid = await OrderFactory.create(db_session, **old)
        failed = await OrderFactory.create(db_session, **old)
        await PaymentFactory.create(db_session, order=failed, status=PaymentStatus.FAILED)
        charging = await OrderFactory.create(db_session, **old)
        await PaymentFactory.create(db_session, order=charging)
        await OrderFactory.create(db_session, paid=True, **old)
        await OrderFactory.create(db_session, created_at=MARCH)
        found = await uow.orders.lock_unpaid(MARCH, limit=10)
        assert {order.id for order in found} == {unpaid.id, failed.id}
        assert len(await uow.orders.lock_unpaid(MARCH, limit=1)) == 1


class TestReports:
    @pytest.fixture
    async def sales(self, db_session: AsyncSession) -> None:
        """Two products, sold in three orders on two days, around midnight in UTC."""
        mug = await ProductFactory.create(db_session, name="Mug", price=Decimal(8))
        tea = await ProductFactory.create(db_session, name="Tea", price=Decimal(3))
        for paid_at, status, pieces in [
            (datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), OrderStatus.PAID, {mug: 1, tea: 2}),
            (datetime(2026, 3, 2, 0, 0, 0, tzinfo=UTC), OrderStatus.SHIPPED, {tea: 5}),
            (datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC), OrderStatus.PAID, {mug: 1}),
            (APRIL, OrderStatus.PAID, {mug: 100}),
            (None, OrderStatus.PENDING, {mug: 50}),
        ]:
            lines = [
                OrderLineFactory.build(product=product, quantity=quantity)
                for product, quantity in pieces.items()
            ]
            await OrderFactory.create(db_session, lines=lines, paid_at=paid_at, status=status)

    @pytest.mark.usefixtures("sales")
    async def test_days_end_at_midnight_utc_in_any_server_time_zone(
        self, uow: ShopUnitOfWork, db_session: AsyncSession
    ) -> None:
        await db_session.execute(text("SET LOCAL TIME ZONE 'Pacific/Auckland'"))
        assert await uow.reports.sales_by_day(MARCH, APRIL) == [
            DaySales(date(2026, 3, 1), 1, Decimal("14.00")),
            DaySales(date(2026, 3, 2), 2, Decimal("23.00")),
        ]

    @pytest.mark.usefixtures("sales")
    async def test_best_sellers_are_joined_summed_and_cut(self, uow: ShopUnitOfWork) -> None:
        best = await uow.reports.best_sellers(MARCH, APRIL, limit=10)
        found = [(row.name, row.quantity, row.revenue) for row in best]
        assert found == [("Tea", 7, Decimal("21.00")), ("Mug", 2, Decimal("16.00"))]
        top = await uow.reports.best_sellers(MARCH, APRIL, limit=1)
        assert isinstance(top[0], ProductSales)
        assert [row.name for row in top] == ["Tea"]

    @pytest.mark.usefixtures("sales")
    async def test_every_status_is_counted_including_unused_ones(self, uow: ShopUnitOfWork) -> None:
        assert await uow.reports.count_by_status() == {
            OrderStatus.PENDING: 1,
            OrderStatus.PAID: 3,
            OrderStatus.SHIPPED: 1,
            OrderStatus.CANCELLED: 0,
            OrderStatus.EXPIRED: 0,
        }

"""PostgreSQL-specific statements, checked as SQL."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from backend.shop.models.order import OrderStatus
from backend.shop.repositories.products import ProductFilter
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.fakes.accounts.sql import Recorder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Use = Callable[[ShopUnitOfWork], Awaitable[Any]]


async def compile_sql(use: Use) -> str:
    """Return the SQL of a query's only statement."""
    session = Recorder()
    await use(ShopUnitOfWork(session))
    return session.sql


LOCKS: dict[str, Use] = {
    "orders": lambda uow: uow.orders.lock(uuid4()),
    "payments": lambda uow: uow.payments.lock(uuid4()),
    "products": lambda uow: uow.products.lock([uuid4()]),
    "outbox": lambda uow: uow.outbox.lock(uuid4()),
}


@pytest.mark.parametrize("use", LOCKS.values(), ids=LOCKS)
async def test_a_lock_waits_for_the_row(use: Use) -> None:
    assert (await compile_sql(use)).endswith("FOR UPDATE")


async def test_products_are_locked_in_the_order_of_their_ids() -> None:
    assert "ORDER BY product.id FOR UPDATE" in await compile_sql(LOCKS["products"])


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda uow: uow.orders.lock_unpaid(NOW, limit=1), id="unpaid orders"),
        pytest.param(lambda uow: uow.outbox.lock_due(NOW, limit=1), id="events that are due"),
    ],
)
async def test_jobs_share_their_work(use: Use) -> None:
    assert (await compile_sql(use)).endswith("FOR UPDATE SKIP LOCKED")


async def test_a_search_can_use_the_trigram_index() -> None:
    sql = await compile_sql(lambda uow: uow.products.list(ProductFilter(search="mug")))
    assert "product.name ILIKE" in sql
    assert "lower(" not in sql


class TestReports:
    async def test_a_day_ends_at_midnight_in_utc(self) -> None:
        sql = await compile_sql(lambda uow: uow.reports.sales_by_day(NOW, NOW))
        assert 'CAST(timezone($1::VARCHAR, "order".paid_at) AS DATE)' in sql

    async def test_tied_best_sellers_have_an_order(self) -> None:
        sql = await compile_sql(lambda uow: uow.reports.best_sellers(NOW, NOW, limit=3))
        assert "DESC, product.name, product.id" in sql

    async def test_a_status_without_orders_counts_0(self) -> None:
        session = Recorder([(OrderStatus.PAID, 2)])
        counts = await ShopUnitOfWork(session).reports.count_by_status()
        assert counts == dict.fromkeys(OrderStatus, 0) | {OrderStatus.PAID: 2}

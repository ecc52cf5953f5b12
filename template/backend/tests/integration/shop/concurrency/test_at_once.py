"""Concurrent requests for the same rows, and their locks."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.shop.models.order import Order
from backend.shop.models.product import Product
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.orders import OrderItem, OrderService, OutOfStockError
from backend.shop.services.outbox import OutboxService
from backend.tests.async_utils import (
    async_timeout,
    run_concurrent_tasks,
    simulate_concurrent_requests,
)
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OutboxEventFactory, ProductFactory
from backend.tests.fakes.shop.events import RecordingEventBus

ORDERS = "/api/v1/orders"


async def order(
    client: httpx2.AsyncClient, *products: Product, quantity: int = 1
) -> httpx2.Response:
    lines = [{"product_id": str(product.id), "quantity": quantity} for product in products]
    return await client.post(ORDERS, json={"lines": lines})


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


async def wait_until_blocked(watcher: AsyncSession, pid: int | None) -> None:
    """Wait until the server process `pid` is blocked by another one's lock."""
    blocked = select(func.cardinality(func.pg_blocking_pids(pid)))
    async with async_timeout(2, "waiting for the lock"):
        while not await watcher.scalar(blocked):
            continue


async def test_concurrent_readers_get_the_same(
    client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    await ProductFactory.create_batch(db_session, 3)
    run = await simulate_concurrent_requests(lambda _: client.get("/api/v1/products"), count=10)
    assert {answer.status_code for answer in run.results} == {200}
    assert len({answer.text for answer in run.results}) == 1


async def test_one_of_ten_buyers_gets_the_last_item(
    authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    mug = await ProductFactory.create(db_session, stock=1)
    run = await simulate_concurrent_requests(lambda _: order(authenticated_client, mug), count=10)
    assert sorted(answer.status_code for answer in run.results) == [201] + [409] * 9
    await db_session.refresh(mug)
    assert mug.stock == 0
    assert await db_session.scalar(select(func.count()).select_from(Order)) == 1


async def test_the_second_buyer_waits_for_the_first_to_decide(
    integration_db: Database, db_session: AsyncSession
) -> None:
    mug = await ProductFactory.create(db_session, stock=1)
    ann, bob = await CustomerFactory.create_batch(db_session, 2)
    async with integration_db.session() as first, integration_db.session() as second:
        await ShopUnitOfWork(first).products.lock([mug.id])
        pid = await second.scalar(select(func.pg_backend_pid()))
        waiting = asyncio.create_task(
            OrderService(ShopUnitOfWork(second)).place(bob, [OrderItem(mug.id, 1)])
        )
        await wait_until_blocked(db_session, pid)
        assert not waiting.done()
        await OrderService(ShopUnitOfWork(first)).place(ann, [OrderItem(mug.id, 1)])
        with pytest.raises(OutOfStockError, match="Only 0 of"):
            await waiting


async def test_orders_for_the_same_products_in_opposite_order_do_not_deadlock(
    authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    one, two = await ProductFactory.create_batch(db_session, 2, stock=20)
    run = await run_concurrent_tasks(
        order(authenticated_client, *pair) for pair in [(one, two), (two, one)] * 5
    )
    assert [answer.status_code for answer in run.results] == [201] * 10
    await db_session.refresh(one)
    await db_session.refresh(two)
    assert (one.stock, two.stock) == (10, 10)


async def test_two_dispatchers_share_the_events_and_publish_none_twice(
    integration_db: Database, db_session: AsyncSession
) -> None:
    events = await OutboxEventFactory.create_batch(db_session, 6)
    bus = RecordingEventBus()
    async with integration_db.session() as first, integration_db.session() as second:
        held = await ShopUnitOfWork(first).outbox.lock_due(_later(), limit=4)
        rest = await OutboxService(ShopUnitOfWork(second), bus, _later).dispatch()
        assert (len(held), rest.delivered) == (4, 2)
        await first.rollback()  # the first one is killed: the next one publishes its events
        assert (await OutboxService(ShopUnitOfWork(first), bus, _later).dispatch()).delivered == 4
    assert sorted(event.id for event in bus.published) == sorted(event.id for event in events)

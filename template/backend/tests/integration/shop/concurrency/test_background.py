"""Background jobs beside requests, until the app stops."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.jobs import run_periodically
from backend.accounts.models.customer import Customer
from backend.shop.domain import make_jobs
from backend.shop.models.order import OrderStatus
from backend.shop.services.container import ShopContainer
from backend.shop.services.order_events import make_topic
from backend.tests.async_utils import with_timeout
from backend.tests.factories.shop import OrderFactory


async def test_the_periodic_jobs_expire_an_order_and_publish_it(
    app: FastAPI, shop: ShopContainer, db_session: AsyncSession
) -> None:
    order = await OrderFactory.create(
        db_session, created_at=datetime.now(UTC) - timedelta(minutes=31)
    )
    async with shop.bus.subscribe() as mailbox, run_periodically(make_jobs(app), 0.001):
        mailbox.add(make_topic(order.id))
        event = await with_timeout(mailbox.get(), 2, operation="expiring the order")
    assert event.type == "order.expired"
    await db_session.refresh(order)
    assert order.status is OrderStatus.EXPIRED
    assert "periodic jobs" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_failing_event_does_not_affect_the_request(
    authenticated_client: httpx2.AsyncClient,
    customer: Customer,
    db_session: AsyncSession,
    shop: ShopContainer,
) -> None:
    order = await OrderFactory.create(db_session, customer=customer)
    await shop.bus.close()
    answer = await authenticated_client.post(f"/api/v1/orders/{order.id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")

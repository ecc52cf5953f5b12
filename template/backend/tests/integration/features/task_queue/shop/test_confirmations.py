"""Mail about paid orders; a worker settles payments and expires orders."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.features.task_queue.celery import RUN_PERIODIC
from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.queue import TaskQueue
from backend.features.task_queue.worker import WorkerProcess, make_worker
from backend.main import create_app
from backend.shop.adapters.events import Event
from backend.shop.models.order import Order, OrderStatus
from backend.shop.services.container import ShopContainer
from backend.shop.services.order_events import make_topic
from backend.tests.factories.shop import OrderFactory
from backend.tests.fixtures.features.task_queue.jobs import Finished, until
from backend.tests.fixtures.features.task_queue.mail import MailServer


def make_event(order: Order, kind: str = "order.paid") -> Event:
    payload = {"order_id": str(order.id), "status": "paid", "total": str(order.total)}
    return Event(uuid4(), make_topic(order.id), kind, payload, datetime.now(UTC))


@pytest.mark.slow
@pytest.mark.usefixtures("celery_worker_process")
async def test_a_paid_order_is_confirmed_once(
    shop: ShopContainer,
    db_session: AsyncSession,
    task_queue: TaskQueue,
    mail_server: MailServer,
    finished: Finished,
) -> None:
    order = await OrderFactory.create(db_session)
    event = make_event(order)
    async with shop.bus.subscribe() as mailbox:
        mailbox.add(event.topic)
        for _ in range(2):  # the outbox publishes at least once
            await shop.bus.publish(event)
        assert await mailbox.get() == event
    await task_queue.send_due()
    assert (await finished(event.id)).status is JobStatus.DONE
    (message,) = mail_server.inbox
    assert str(order.total) in str(message.get_payload())


async def test_other_events_and_unknown_orders_are_not_confirmed(
    shop: ShopContainer, db_session: AsyncSession
) -> None:
    order = await OrderFactory.create(db_session)
    await shop.bus.publish(make_event(order, "order.shipped"))
    await shop.bus.publish(make_event(Order(id=uuid4(), total=order.total)))
    assert (await db_session.scalars(select(Job))).all() == []


@pytest.mark.slow
@pytest.mark.usefixtures("celery_worker_process", "task_queue")
async def test_a_worker_expires_orders_instead_of_the_application(
    app: FastAPI, db_session: AsyncSession
) -> None:
    assert list(app.state.shop_jobs) == ["publish events"]
    order = await OrderFactory.create(
        db_session, created_at=datetime.now(UTC) - timedelta(minutes=31)
    )

    async def is_expired() -> bool:
        await db_session.refresh(order)
        status = order.status
        await db_session.commit()
        return status is OrderStatus.EXPIRED

    celery = make_worker(WorkerProcess(create_app))
    assert {entry["args"][0] for entry in celery.conf.beat_schedule.values()} >= {"clean up"}
    celery.send_task(RUN_PERIODIC, args=["clean up"])
    await until(is_expired, "the clean-up")
    celery.close()

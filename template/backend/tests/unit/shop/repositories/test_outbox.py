"""Queries for the outbox."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.factories.shop import OutboxEventFactory

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def add_event(uow: ShopUnitOfWork, *, age: int = 0, **values: object) -> OutboxEvent:
    event = OutboxEventFactory.build(created_at=NOW - timedelta(seconds=age), **values)
    await uow.outbox.add(event)
    return event


async def test_the_oldest_events_that_are_due_come_first(uow: ShopUnitOfWork) -> None:
    at_once = await add_event(uow, age=1)
    waited = await add_event(uow, age=9, available_at=NOW)
    await add_event(uow, age=8, available_at=NOW + timedelta(seconds=1))
    await add_event(uow, age=7, status=OutboxStatus.DELIVERED)
    await add_event(uow, age=6, dead=True)
    assert list(await uow.outbox.lock_due(NOW, limit=5)) == [waited, at_once]
    assert list(await uow.outbox.lock_due(NOW, limit=1)) == [waited]


async def test_dead_letters_are_listed_newest_first(uow: ShopUnitOfWork) -> None:
    old, new = await add_event(uow, age=2, dead=True), await add_event(uow, age=1, dead=True)
    await add_event(uow)
    page = await uow.outbox.list_dead_letters(limit=1)
    assert page.items == [new]
    assert (await uow.outbox.list_dead_letters(cursor=page.next_cursor, limit=1)).items == [old]


async def test_one_is_found_by_its_id_and_keeps_its_payload(uow: ShopUnitOfWork) -> None:
    event = await add_event(uow, payload={"order_id": "1", "lines": [1, None, "ü"]})
    event.attempts = 3
    await uow.outbox.flush()
    found = await uow.outbox.lock(event.id)
    assert found is not None
    assert found.payload == {"order_id": "1", "lines": [1, None, "ü"]}
    assert found.attempts == 3
    assert await uow.outbox.lock(uuid4()) is None

"""The dispatcher: every event is published or becomes a dead letter."""

from datetime import timedelta
from uuid import uuid4

import pytest

from backend.core.errors import ConflictError, NotFoundError
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.services.outbox import DispatchReport, OutboxService
from backend.tests.factories.shop import OutboxEventFactory
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork


@pytest.fixture
def outbox(fake_shop: FakeShop, uow: FakeShopUnitOfWork) -> OutboxService:
    return OutboxService(
        uow, fake_shop.bus, fake_shop.clock, max_attempts=3, backoff=timedelta(seconds=10)
    )


async def add_event(uow: FakeShopUnitOfWork, **values: object) -> OutboxEvent:
    event = OutboxEventFactory.build(**values)
    await uow.outbox.add(event)
    return event


class TestDispatch:
    async def test_events_are_published_in_order_and_once(
        self, outbox: OutboxService, fake_shop: FakeShop
    ) -> None:
        events = [await add_event(fake_shop.uow) for _ in range(3)]
        assert await outbox.dispatch() == DispatchReport(delivered=3)
        assert await outbox.dispatch() == DispatchReport()
        assert [event.id for event in fake_shop.bus.published] == [event.id for event in events]
        assert {event.status for event in events} == {OutboxStatus.DELIVERED}
        assert events[0].delivered_at == fake_shop.clock.now

    async def test_the_published_event_is_the_stored_one(
        self, outbox: OutboxService, fake_shop: FakeShop
    ) -> None:
        written = await add_event(fake_shop.uow)
        await outbox.dispatch()
        (told,) = fake_shop.bus.published
        assert (told.topic, told.type, told.payload, told.occurred_at) == (
            written.topic,
            written.type,
            written.payload,
            written.created_at,
        )

    async def test_a_round_has_a_limit(self, outbox: OutboxService, fake_shop: FakeShop) -> None:
        for _ in range(3):
            await add_event(fake_shop.uow)
        assert (await outbox.dispatch(limit=2)).delivered == 2
        assert (await outbox.dispatch(limit=2)).delivered == 1

    async def test_a_failure_does_not_stop_the_others(
        self, outbox: OutboxService, fake_shop: FakeShop
    ) -> None:
        fake_shop.bus.failing = {"bad"}
        await add_event(fake_shop.uow, type="bad")
        await add_event(fake_shop.uow, type="good")
        assert await outbox.dispatch() == DispatchReport(delivered=1, retried=1)

    async def test_backoff_doubles_and_the_last_failure_is_final(
        self, outbox: OutboxService, fake_shop: FakeShop
    ) -> None:
        fake_shop.bus.failing = {"bad"}
        event = await add_event(fake_shop.uow, type="bad")
        assert await outbox.dispatch() == DispatchReport(retried=1)
        fake_shop.clock.advance(9)
        assert await outbox.dispatch() == DispatchReport()
        fake_shop.clock.advance(1)
        assert await outbox.dispatch() == DispatchReport(retried=1)
        fake_shop.clock.advance(19)
        assert await outbox.dispatch() == DispatchReport()
        fake_shop.clock.advance(1)
        assert await outbox.dispatch() == DispatchReport(dead=1)
        assert (event.status, event.attempts) == (OutboxStatus.DEAD, 3)
        assert event.last_error == "ConnectionError: The broker is gone."
        fake_shop.clock.advance(1000)
        assert await outbox.dispatch() == DispatchReport()

    async def test_a_retried_event_is_published(
        self, outbox: OutboxService, fake_shop: FakeShop
    ) -> None:
        fake_shop.bus.failing = {"bad"}
        await add_event(fake_shop.uow, type="bad")
        await outbox.dispatch()
        fake_shop.bus.failing = set()
        fake_shop.clock.advance(10)
        assert await outbox.dispatch() == DispatchReport(delivered=1)


class TestTheDead:
    async def test_they_are_listed(self, outbox: OutboxService, uow: FakeShopUnitOfWork) -> None:
        dead = await add_event(uow, dead=True)
        await add_event(uow)
        assert (await outbox.list_dead_letters()).items == [dead]

    async def test_a_retried_one_has_all_its_attempts_again(
        self, outbox: OutboxService, uow: FakeShopUnitOfWork
    ) -> None:
        dead = await add_event(uow, dead=True)
        await outbox.retry(dead.id)
        assert (dead.status, dead.attempts) == (OutboxStatus.PENDING, 0)
        assert await outbox.dispatch() == DispatchReport(delivered=1)

    async def test_only_dead_letters_can_be_retried(
        self, outbox: OutboxService, uow: FakeShopUnitOfWork
    ) -> None:
        alive = await add_event(uow)
        with pytest.raises(ConflictError):
            await outbox.retry(alive.id)
        with pytest.raises(NotFoundError):
            await outbox.retry(uuid4())

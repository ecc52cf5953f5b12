"""Events between replicas."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import UnavailableError
from backend.features.redis.connection import RedisConnection
from backend.features.redis.shop.event_bus import RedisEventBus
from backend.features.redis.shop.sales import Sales
from backend.shop.adapters.events import BusClosedError, Event, SlowConsumerError
from backend.shop.services.container import ShopContainer
from backend.tests.async_utils import with_timeout
from backend.tests.factories.shop import OutboxEventFactory
from backend.tests.fixtures.features.redis.connection import RedisAway


def make_event(topic: str = "order:1", number: int = 1) -> Event:
    payload = {"number": number, "name": "Žofie"}
    return Event(uuid4(), topic, "order.shipped", payload, datetime.now(UTC))


@pytest.fixture
async def replicas(
    redis_connection: RedisConnection,
) -> AsyncIterator[tuple[RedisEventBus, RedisEventBus]]:
    """The buses of two replicas."""
    sales = Sales(redis_connection)
    first, second = RedisEventBus(redis_connection, sales), RedisEventBus(redis_connection, sales)
    yield first, second
    await first.close()
    await second.close()


Replicas = tuple[RedisEventBus, RedisEventBus]


async def test_an_event_reaches_the_listeners_of_all_replicas(replicas: Replicas) -> None:
    here, there = replicas
    async with here.subscribe() as mine, there.subscribe() as theirs, there.subscribe() as other:
        for subscription in (mine, theirs):
            subscription.add("order:1")
        other.add("order:2")
        event = make_event()
        await here.publish(event)
        assert await with_timeout(mine.get()) == event
        assert await with_timeout(theirs.get()) == event
        await here.publish(make_event("order:2", 2))
        assert (await with_timeout(other.get())).payload["number"] == 2


async def test_events_keep_their_order(replicas: Replicas) -> None:
    here, there = replicas
    async with there.subscribe() as subscription:
        subscription.add("order:1")
        for number in range(50):
            await here.publish(make_event(number=number))
        received = [(await with_timeout(subscription.get())).payload["number"] for _ in range(50)]
    assert received == list(range(50))


async def test_an_invalid_message_is_skipped(
    replicas: Replicas, redis_connection: RedisConnection
) -> None:
    here, there = replicas
    async with there.subscribe() as subscription:
        subscription.add("order:1")
        await redis_connection.client.publish(redis_connection.key("events"), "{}")
        await here.publish(event := make_event())
        assert await with_timeout(subscription.get()) == event


async def test_a_lost_connection_ends_subscriptions_as_too_slow(
    replicas: Replicas, redis_away: RedisAway
) -> None:
    here, there = replicas
    async with there.subscribe() as subscription:
        subscription.add("order:1")
        with redis_away():
            with pytest.raises(SlowConsumerError):
                await with_timeout(subscription.get())
            with pytest.raises(UnavailableError):
                await here.publish(make_event())
    async with there.subscribe() as subscription:  # reconnected automatically
        subscription.add("order:1")
        await here.publish(event := make_event())
        assert await with_timeout(subscription.get()) == event


async def test_without_redis_subscribing_fails(replicas: Replicas, redis_away: RedisAway) -> None:
    with redis_away(), pytest.raises(UnavailableError):
        async with replicas[0].subscribe():
            pass


async def test_closing_ends_subscriptions(replicas: Replicas) -> None:
    async with replicas[0].subscribe() as subscription:
        await replicas[0].close()
        with pytest.raises(BusClosedError):
            await with_timeout(subscription.get())


async def test_an_outage_causes_no_dead_letters(
    shop: ShopContainer, db_session: AsyncSession, redis_away: RedisAway
) -> None:
    event = await OutboxEventFactory.create(db_session)
    with redis_away():
        for minutes in range(8):
            later = datetime.now(UTC) + timedelta(minutes=minutes)
            at_that_time = replace(shop, clock=partial(later.replace))
            async with shop.open_unit_of_work() as uow:
                assert (await at_that_time.outbox(uow).dispatch()).dead == 0
    await db_session.refresh(event)
    assert event.attempts == 0

"""The event bus in memory."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from backend.shop.adapters.events import BusClosedError, Event, MemoryEventBus, SlowConsumerError


def make_event(topic: str = "news", kind: str = "said") -> Event:
    return Event(uuid4(), topic, kind, {}, datetime.now(UTC))


@pytest.fixture
def bus() -> MemoryEventBus:
    return MemoryEventBus(max_waiting=3)


async def test_an_event_reaches_all_listeners_of_its_topic(bus: MemoryEventBus) -> None:
    event = make_event()
    async with bus.subscribe() as one, bus.subscribe() as two:
        one.add("news")
        two.add("news")
        await bus.publish(event)
        assert [await one.get(), await two.get()] == [event, event]


async def test_events_of_other_topics_are_not_received(bus: MemoryEventBus) -> None:
    async with bus.subscribe() as subscription:
        subscription.add("news")
        await bus.publish(make_event("weather"))
        event = make_event("news")
        await bus.publish(event)
        assert await subscription.get() == event


async def test_events_of_a_removed_topic_are_not_received(bus: MemoryEventBus) -> None:
    async with bus.subscribe() as subscription:
        subscription.add("news")
        subscription.remove("news")
        subscription.remove("never added")
        await bus.publish(make_event())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(subscription.get(), 0.001)


async def test_events_arrive_in_order(bus: MemoryEventBus) -> None:
    events = [make_event() for _ in range(3)]
    async with bus.subscribe() as subscription:
        subscription.add("news")
        for event in events:
            await bus.publish(event)
        assert [await subscription.get() for _ in events] == events


async def test_a_waiting_listener_wakes_up(bus: MemoryEventBus) -> None:
    event = make_event()
    async with bus.subscribe() as subscription:
        subscription.add("news")
        waiting = asyncio.create_task(subscription.get())
        await asyncio.sleep(0)
        await bus.publish(event)
        assert await waiting == event


async def test_a_cancelled_wait_loses_no_event(bus: MemoryEventBus) -> None:
    event = make_event()
    async with bus.subscribe() as subscription:
        subscription.add("news")
        waiting = asyncio.create_task(subscription.get())
        await asyncio.sleep(0)
        await bus.publish(event)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await subscription.get() == event


async def test_only_a_slow_listener_is_cut_off(bus: MemoryEventBus) -> None:
    async with bus.subscribe() as slow, bus.subscribe() as quick:
        slow.add("news")
        quick.add("news")
        for _ in range(5):
            await bus.publish(make_event())
            await quick.get()
        with pytest.raises(SlowConsumerError):
            await slow.get()
        with pytest.raises(SlowConsumerError):  # and it stays so
            await slow.get()


async def test_leaving_closes_the_subscription(bus: MemoryEventBus) -> None:
    async with bus.subscribe():
        assert bus.listeners == 1
    assert bus.listeners == 0
    with pytest.raises(KeyError, match="gone"):
        async with bus.subscribe():
            raise KeyError("gone")
    assert bus.listeners == 0


class TestClose:
    async def test_it_wakes_all_waiting_listeners(self, bus: MemoryEventBus) -> None:
        async with bus.subscribe() as subscription:
            waiting = asyncio.create_task(subscription.get())
            await asyncio.sleep(0)
            await bus.close()
            with pytest.raises(BusClosedError):
                await waiting

    async def test_queued_events_can_still_be_read(self, bus: MemoryEventBus) -> None:
        event = make_event()
        async with bus.subscribe() as subscription:
            subscription.add("news")
            await bus.publish(event)
            await bus.close()
            assert await subscription.get() == event
            with pytest.raises(BusClosedError):
                await subscription.get()

    async def test_a_closed_bus_accepts_no_events_or_listeners(self, bus: MemoryEventBus) -> None:
        await bus.close()
        with pytest.raises(BusClosedError):
            await bus.publish(make_event())
        async with bus.subscribe() as subscription:
            with pytest.raises(BusClosedError):
                await subscription.get()

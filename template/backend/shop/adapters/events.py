"""Events and their delivery to listeners, behind an interface that a broker can implement."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Delivered at least once; `id` identifies duplicates."""

    id: UUID
    topic: str
    type: str
    payload: Mapping[str, Any]
    occurred_at: datetime


class SlowConsumerError(Exception):
    """The listener was too slow: events were lost, and its subscription has ended."""


class BusClosedError(Exception):
    """The bus was closed: the application is stopping."""


class Subscription(Protocol):
    """One listener's queue of events."""

    def add(self, topic: str) -> None:
        """Add a topic; adding it twice has no effect."""

    def remove(self, topic: str) -> None:
        """Remove a topic; an unknown one has no effect."""

    async def get(self) -> Event:
        """Wait for the next event.

        Raises:
            SlowConsumerError: Events were lost.
            BusClosedError: There will be no more.
        """


class EventBus(Protocol):
    """Delivers events to the current listeners of their topic."""

    @property
    def listeners(self) -> int:
        """The number of open subscriptions in this process."""

    async def publish(self, event: Event) -> None:
        """Publish an event without waiting for listeners; raise if that fails."""

    def subscribe(self) -> AbstractAsyncContextManager[Subscription]:
        """Open a subscription; leaving the context closes it."""

    async def close(self) -> None:
        """End all subscriptions with `BusClosedError`."""


class MemorySubscription:
    """A bounded queue: when it is full, the subscription ends, so that memory stays bounded."""

    def __init__(self, *, max_waiting: int) -> None:
        """Create an empty queue for at most `max_waiting` events."""
        self.topics: set[str] = set()
        self._max_waiting = max_waiting
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._end: Exception | None = None

    def add(self, topic: str) -> None:
        """Add a topic."""
        self.topics.add(topic)

    def remove(self, topic: str) -> None:
        """Remove a topic."""
        self.topics.discard(topic)

    def offer(self, event: Event) -> None:
        """Queue an event; if the queue is full, end the subscription instead."""
        if self._end is not None:
            return
        if len(self._waiting) >= self._max_waiting:
            # The listener would miss events, so it must read the current state again.
            self._waiting.clear()
            self.end(SlowConsumerError("Too many events were waiting."))
            return
        self._waiting.append(event)
        self._changed.set()

    def end(self, reason: Exception) -> None:
        """Accept no more events. Those already queued can still be read."""
        self._end = self._end or reason
        self._changed.set()

    async def get(self) -> Event:
        """Wait for the next event, or for the end."""
        while True:
            if self._waiting:
                return self._waiting.popleft()
            if self._end is not None:
                raise self._end
            self._changed.clear()
            await self._changed.wait()


class MemoryEventBus:
    """A bus within this process: listeners receive only this replica's events."""

    def __init__(self, *, max_waiting: int = 100) -> None:
        """Create a bus whose subscriptions queue at most `max_waiting` events each."""
        self._max_waiting = max_waiting
        self._subscriptions: set[MemorySubscription] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        """The number of open subscriptions."""
        return len(self._subscriptions)

    async def publish(self, event: Event) -> None:
        """Queue the event in every subscription to its topic."""
        if self._closed:
            raise BusClosedError("The bus is closed.")
        for subscription in list(self._subscriptions):
            if event.topic in subscription.topics:
                subscription.offer(event)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[MemorySubscription]:
        """Open a subscription for the duration of the context."""
        subscription = MemorySubscription(max_waiting=self._max_waiting)
        if self._closed:
            subscription.end(BusClosedError("The bus is closed."))
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def interrupt(self, reason: Exception) -> None:
        """End all open subscriptions; their `get` raises the reason."""
        for subscription in self._subscriptions:
            subscription.end(reason)

    async def close(self) -> None:
        """Reject new events and end all subscriptions."""
        self._closed = True
        self.interrupt(BusClosedError("The bus is closed."))

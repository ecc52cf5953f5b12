"""Events and their way to whoever listens, behind an interface that a broker can fill as well."""

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
    """Something that happened. Delivered at least once: `id` tells repetitions apart."""

    id: UUID
    topic: str
    type: str
    payload: Mapping[str, Any]
    occurred_at: datetime


class SlowConsumerError(Exception):
    """The listener did not keep up; events were lost, and it gets no more."""


class BusClosedError(Exception):
    """The bus was closed: the application is stopping."""


class Subscription(Protocol):
    """One listener's mailbox."""

    def add(self, topic: str) -> None:
        """Listen to a topic from now on; adding it twice changes nothing."""

    def remove(self, topic: str) -> None:
        """Listen to a topic no longer; an unknown one changes nothing."""

    async def get(self) -> Event:
        """Wait for the next event.

        Raises:
            SlowConsumerError: Events were lost.
            BusClosedError: There will be no more.
        """


class EventBus(Protocol):
    """Passes events on to all who listen to their topic at that moment."""

    @property
    def listeners(self) -> int:
        """How many mailboxes are open in this process."""

    async def publish(self, event: Event) -> None:
        """Hand an event over. Never waits for a listener; raises when it cannot be handed over."""

    def subscribe(self) -> AbstractAsyncContextManager[Subscription]:
        """Open a mailbox; leaving the context closes it."""

    async def close(self) -> None:
        """Wake every listener with `BusClosedError`."""


class MemorySubscription:
    """A mailbox with a limit: who lets it run full is cut off, so that memory stays bounded."""

    def __init__(self, *, max_waiting: int) -> None:
        """Make an empty mailbox for at most `max_waiting` events."""
        self.topics: set[str] = set()
        self._max_waiting = max_waiting
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._end: Exception | None = None

    def add(self, topic: str) -> None:
        """Listen to a topic."""
        self.topics.add(topic)

    def remove(self, topic: str) -> None:
        """Listen to a topic no longer."""
        self.topics.discard(topic)

    def offer(self, event: Event) -> None:
        """Put an event in; a full mailbox ends the subscription instead."""
        if self._end is not None:
            return
        if len(self._waiting) >= self._max_waiting:
            # Half a story is worse than none: the listener must read the state anew.
            self._waiting.clear()
            self.end(SlowConsumerError("Too many events were waiting."))
            return
        self._waiting.append(event)
        self._changed.set()

    def end(self, reason: Exception) -> None:
        """Let nothing more in. What waits can still be taken."""
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
    """A bus within this process: one replica's listeners hear one replica's events."""

    def __init__(self, *, max_waiting: int = 100) -> None:
        """Make a bus whose listeners may have `max_waiting` events waiting."""
        self._max_waiting = max_waiting
        self._subscriptions: set[MemorySubscription] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many mailboxes are open."""
        return len(self._subscriptions)

    async def publish(self, event: Event) -> None:
        """Put the event into every mailbox that listens to its topic."""
        if self._closed:
            raise BusClosedError("The bus is closed.")
        for subscription in list(self._subscriptions):
            if event.topic in subscription.topics:
                subscription.offer(event)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[MemorySubscription]:
        """Open a mailbox for the length of the context."""
        subscription = MemorySubscription(max_waiting=self._max_waiting)
        if self._closed:
            subscription.end(BusClosedError("The bus is closed."))
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def interrupt(self, reason: Exception) -> None:
        """End the mailboxes that are open: `get` raises the reason."""
        for subscription in self._subscriptions:
            subscription.end(reason)

    async def close(self) -> None:
        """Refuse new events and wake all who wait."""
        self._closed = True
        self.interrupt(BusClosedError("The bus is closed."))

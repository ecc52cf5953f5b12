"""Events for the listeners of all replicas, with Redis pub/sub."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from pydantic import TypeAdapter, ValidationError
from redis import RedisError

from backend.core.errors import UnavailableError
from backend.features.redis.connection import RedisConnection
from backend.features.redis.shop.sales import Sales
from backend.shop.adapters.events import (
    BusClosedError,
    Event,
    MemoryEventBus,
    SlowConsumerError,
    Subscription,
)

logger = structlog.stdlib.get_logger(__name__)

_EVENT = TypeAdapter(Event)
_POLL_SECONDS = 1.0
_RETRY_SECONDS = 0.5


class RedisEventBus:
    """Publishes to Redis, and forwards its events to this replica's listeners.

    Redis stores no events for disconnected subscribers: when the connection is lost, listeners
    get the same error as slow ones.
    """

    def __init__(self, redis: RedisConnection, sales: Sales) -> None:
        self._redis = redis
        self._sales = sales
        self._channel = redis.key("events")
        self._local = MemoryEventBus()
        self._receiving: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()
        self._closed = False

    @property
    def listeners(self) -> int:
        """The number of open subscriptions in this process."""
        return self._local.listeners

    async def publish(self, event: Event) -> None:
        """Publish an event to Redis and add it to the stream of sales.

        Raises:
            BusClosedError: The bus is closed.
            UnavailableError: Redis does not answer.
        """
        if self._closed:
            raise BusClosedError("The bus is closed.")
        try:
            async with self._redis.client.pipeline(transaction=True) as pipeline:
                pipeline.publish(self._channel, _EVENT.dump_json(event).decode())
                self._sales.add(pipeline, event)
                await pipeline.execute()
        except RedisError as error:
            raise UnavailableError from error

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        """Open a subscription; the first one connects to Redis.

        Raises:
            UnavailableError: Redis does not answer.
        """
        if self._receiving is None and not self._closed:
            self._receiving = asyncio.create_task(self._receive(), name="events from Redis")
        try:
            async with asyncio.timeout(self._redis.timeout):
                await self._subscribed.wait()
        except TimeoutError as error:
            raise UnavailableError from error
        async with self._local.subscribe() as subscription:
            yield subscription

    async def close(self) -> None:
        """End all subscriptions with `BusClosedError`, and unsubscribe from the channel."""
        self._closed = True
        await self._local.close()
        self._subscribed.set()  # tasks waiting for it find the bus closed
        if self._receiving is not None:
            self._receiving.cancel()
            with suppress(asyncio.CancelledError):
                await self._receiving

    async def _receive(self) -> None:
        """Forward events forever, reconnecting as needed."""
        while True:
            try:
                await self._receive_once()
            except RedisError as error:
                logger.warning("events.disconnected", error=repr(error))
            self._subscribed.clear()
            self._local.interrupt(SlowConsumerError("The connection to Redis was lost."))
            await asyncio.sleep(_RETRY_SECONDS)

    async def _receive_once(self) -> None:
        async with self._redis.client.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            while True:
                message = await pubsub.get_message(timeout=_POLL_SECONDS)
                if message is None:
                    # Ping, to detect a connection that was lost silently.
                    await pubsub.ping()
                elif message["type"] == "subscribe":
                    self._subscribed.set()
                elif message["type"] == "message":
                    await self._pass_on(message["data"])

    async def _pass_on(self, text: str) -> None:
        try:
            event = _EVENT.validate_json(text)
        except ValidationError:
            logger.error("events.unreadable")
            return
        await self._local.publish(event)

"""Sales of each day, counted from a stream of paid orders.

The stream keeps uncounted entries. Replicas form one consumer group: each entry is delivered to one
of them, and to another one if the first does not acknowledge it in time. An event is counted once,
however often it is delivered.
"""

import os
import socket
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import structlog
from redis import ResponseError
from redis.asyncio.client import Pipeline

from backend.core.schemas import Output
from backend.features.redis.connection import RedisConnection
from backend.shop.adapters.events import Event

logger = structlog.stdlib.get_logger(__name__)

_PAID = "order.paid"
_GROUP = "sales"
_KEPT = 100_000
"""Maximum entries of the stream; adding more drops the oldest, counted or not."""
_BATCH = 100
_DAYS = 35 * 24 * 3600
"""Seconds to keep counts."""

# Counts an order unless its event was already counted, and acknowledges the entry.
_COUNT = """
if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then
    redis.call('HINCRBY', KEYS[1], 'orders', 1)
    redis.call('HINCRBY', KEYS[1], 'cents', ARGV[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('XACK', KEYS[3], ARGV[4], ARGV[5])
"""


_Entry = tuple[str, dict[str, str]]


class SalesOut(Output):
    """Paid orders of a day and their total."""

    day: date
    orders: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class CountReport:
    """The number of entries counted, and of unreadable ones set aside."""

    counted: int = 0
    set_aside: int = 0


class Sales:
    """Adds paid orders to the stream, and counts them."""

    def __init__(
        self, redis: RedisConnection, *, retry_after: float = 30.0, consumer: str | None = None
    ) -> None:
        """Create a consumer of the group.

        Args:
            redis: The connection.
            retry_after: Seconds after which another consumer takes over an entry.
            consumer: The consumer's name; by default derived from this process.
        """
        self._redis = redis
        self._retry_after = round(1000 * retry_after)
        self._consumer = consumer or f"{socket.gethostname()}-{os.getpid()}"
        self._stream = redis.key("sales", "stream")
        self._aside = redis.key("sales", "set-aside")
        self._count = redis.client.register_script(_COUNT)

    def add(self, pipeline: Pipeline, event: Event) -> None:
        """Add an event to the stream, in the transaction that publishes it."""
        if event.type == _PAID:
            entry: dict[Any, Any] = {
                "event": str(event.id),
                "day": event.occurred_at.date().isoformat(),
                "total": event.payload["total"],
            }
            pipeline.xadd(self._stream, entry, maxlen=_KEPT, approximate=True)

    async def count(self) -> CountReport:
        """Count the entries: first those that other consumers left unfinished, then new ones.

        Raises:
            redis.RedisError: Redis does not answer; uncounted entries remain.
        """
        await self._make_group()
        counted = set_aside = 0
        for entry_id, fields in await self._take_over() + await self._read_new():
            try:
                await self._count_one(entry_id, fields)
                counted += 1
            except (ArithmeticError, KeyError, ValueError) as error:
                logger.error("sales.unreadable", entry=entry_id, error=repr(error))
                await self._set_aside(entry_id, fields)
                set_aside += 1
        return CountReport(counted, set_aside)

    async def read(self, day: date) -> SalesOut:
        """Return the sales of a day.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        orders, cents = await self._redis.client.hmget(self._key(day), ["orders", "cents"])
        return SalesOut(day=day, orders=int(orders or 0), total=Decimal(int(cents or 0)) / 100)

    async def _make_group(self) -> None:
        try:
            await self._redis.client.xgroup_create(self._stream, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _take_over(self) -> list[_Entry]:
        answer: Any = await self._redis.client.xautoclaim(
            self._stream, _GROUP, self._consumer, min_idle_time=self._retry_after, count=_BATCH
        )
        return list(answer[1])

    async def _read_new(self) -> list[_Entry]:
        answer: Any = await self._redis.client.xreadgroup(
            _GROUP, self._consumer, {self._stream: ">"}, count=_BATCH
        )
        return [entry for _, entries in answer for entry in entries]

    async def _count_one(self, entry_id: str, fields: dict[str, str]) -> None:
        day = date.fromisoformat(fields["day"])
        cents = int(Decimal(fields["total"]) * 100)
        await self._count(
            keys=[self._key(day), self._key(day, "seen"), self._stream],
            args=[fields["event"], cents, _DAYS, _GROUP, entry_id],
        )

    async def _set_aside(self, entry_id: str, fields: dict[Any, Any]) -> None:
        """Move an unreadable entry to a separate stream for inspection."""
        async with self._redis.client.pipeline(transaction=True) as pipeline:
            pipeline.xadd(self._aside, fields, maxlen=_KEPT, approximate=True)
            pipeline.xack(self._stream, _GROUP, entry_id)
            await pipeline.execute()

    def _key(self, day: date, *more: str) -> str:
        return self._redis.key("sales", day.isoformat(), *more)

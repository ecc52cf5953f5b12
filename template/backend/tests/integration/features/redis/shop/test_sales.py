"""Sales are counted once, with several consumers and repeated events."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from backend.features.redis.connection import RedisConnection
from backend.features.redis.shop.event_bus import RedisEventBus
from backend.features.redis.shop.sales import CountReport, Sales
from backend.shop.adapters.events import Event
from backend.tests.fixtures.features.redis.connection import RedisAway

DAY = date(2026, 3, 1)


def paid(total: str = "12.50", event_id: UUID | None = None, kind: str = "order.paid") -> Event:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return Event(event_id or uuid4(), "order:1", kind, {"total": total}, noon)


@pytest.fixture
def sales(redis_connection: RedisConnection) -> Sales:
    return Sales(redis_connection, consumer="first")


async def publish(redis_connection: RedisConnection, *events: Event) -> None:
    bus = RedisEventBus(redis_connection, Sales(redis_connection))
    for event in events:
        await bus.publish(event)


async def read(sales: Sales) -> tuple[int, Decimal]:
    found = await sales.read(DAY)
    return found.orders, found.total


async def test_a_day_without_sales_is_zero(sales: Sales) -> None:
    assert await sales.count() == CountReport()
    assert await read(sales) == (0, Decimal(0))


async def test_paid_orders_are_added_up(sales: Sales, redis_connection: RedisConnection) -> None:
    await publish(redis_connection, paid("12.50"), paid("0.01"), paid(kind="order.shipped"))
    assert await sales.count() == CountReport(counted=2)
    assert await read(sales) == (2, Decimal("12.51"))
    assert await sales.count() == CountReport()


async def test_a_repeated_event_counts_once(
    sales: Sales, redis_connection: RedisConnection
) -> None:
    event = paid()
    await publish(redis_connection, event, event)
    await sales.count()
    await publish(redis_connection, event)
    await sales.count()
    assert await read(sales) == (1, Decimal("12.50"))


async def test_consumers_share_the_work(redis_connection: RedisConnection) -> None:
    await publish(redis_connection, *(paid("1.00") for _ in range(150)))
    consumers = [Sales(redis_connection, consumer=name) for name in ("first", "second")]
    reports = await asyncio.gather(*(consumer.count() for consumer in consumers))
    assert sum(report.counted for report in reports) == 150
    assert await read(consumers[0]) == (150, Decimal(150))


async def test_another_consumer_counts_the_entries_of_a_killed_one(
    sales: Sales, redis_connection: RedisConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(redis_connection, paid("1.00"), paid("2.00"))
    dying = Sales(redis_connection, consumer="dying")

    async def die(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(dying, "_count_one", die)
    with pytest.raises(asyncio.CancelledError):
        await dying.count()

    assert await sales.count() == CountReport()  # not yet: the first consumer may still be running
    patient = Sales(redis_connection, consumer="second", retry_after=0)
    assert await patient.count() == CountReport(counted=2)
    assert await read(sales) == (2, Decimal(3))


@pytest.mark.parametrize(
    "entry",
    [
        {"nonsense": "1"},
        {"day": "x", "total": "1", "event": "e"},
        {"day": "2026-03-01", "total": "much", "event": "e"},
    ],
)
async def test_an_unreadable_entry_is_set_aside(
    sales: Sales, redis_connection: RedisConnection, entry: dict[str, str]
) -> None:
    client = redis_connection.client
    fields: dict[Any, Any] = entry
    await client.xadd(redis_connection.key("sales", "stream"), fields)
    await publish(redis_connection, paid())
    assert await sales.count() == CountReport(counted=1, set_aside=1)
    aside: Any = await client.xrange(redis_connection.key("sales", "set-aside"))
    assert [fields for _, fields in aside] == [entry]
    assert await sales.count() == CountReport()


async def test_an_admin_reads_them(
    admin_client: httpx2.AsyncClient, sales: Sales, redis_connection: RedisConnection
) -> None:
    await publish(redis_connection, paid())
    await sales.count()
    answer = await admin_client.get("/api/v1/admin/sales/2026-03-01")
    assert answer.json() == {"day": "2026-03-01", "orders": 1, "total": "12.5"}


async def test_without_redis_they_are_unavailable(
    admin_client: httpx2.AsyncClient, redis_away: RedisAway
) -> None:
    with redis_away():
        answer = await admin_client.get("/api/v1/admin/sales/2026-03-01")
    assert answer.status_code == 503

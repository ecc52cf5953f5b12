"""The catalogue's cache, with two replicas on one Redis."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.features.redis.connection import RedisConnection
from backend.features.redis.shop.cache import RedisCache
from backend.tests.factories.shop import ProductFactory
from backend.tests.fixtures.application import MakeClient
from backend.tests.fixtures.features.redis.connection import RedisAway

URL = "/api/v1/products"


@pytest.fixture
def cache(redis_connection: RedisConnection) -> RedisCache:
    return RedisCache(redis_connection)


@pytest.fixture
async def other_replica(make_client: MakeClient) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on a second application with the same database and the same Redis."""
    async with make_client() as client:
        yield client


async def read_names(client: httpx2.AsyncClient) -> list[str]:
    return [item["name"] for item in (await client.get(URL)).json()["items"]]


async def test_a_value_expires(cache: RedisCache) -> None:
    await cache.set("page", "text", ttl=0.1)
    assert await cache.get("page") == "text"
    await asyncio.sleep(0.15)
    assert await cache.get("page") is None


async def test_only_keys_with_the_prefix_are_deleted(cache: RedisCache) -> None:
    for key in ("a*:1", "a*:2", "ab:1", "b"):
        await cache.set(key, key, ttl=60)
    await cache.delete_prefix("a*:")
    assert [await cache.get(key) for key in ("a*:1", "a*:2", "ab:1", "b")] == [
        *(None, None, "ab:1", "b")
    ]


async def test_many_entries_are_deleted(cache: RedisCache) -> None:
    for number in range(1200):
        await cache.set(f"page:{number}", "text", ttl=60)
    await cache.delete_prefix("page:")
    assert await cache.get("page:0") is None
    assert await cache.get("page:1199") is None


async def test_a_page_cached_by_one_replica_serves_the_other(
    client: httpx2.AsyncClient, other_replica: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    await ProductFactory.create(db_session, name="Mug")
    assert await read_names(client) == ["Mug"]
    await ProductFactory.create(db_session, name="Bowl")  # bypasses the cache
    assert await read_names(other_replica) == ["Mug"]


async def test_a_change_on_one_replica_is_visible_on_the_other(
    client: httpx2.AsyncClient,
    other_replica: httpx2.AsyncClient,
    admin_client: httpx2.AsyncClient,
) -> None:
    assert await read_names(other_replica) == []
    body = {"sku": "MUG", "name": "Mug", "price": "9.99", "stock": 1}
    assert (await admin_client.post(URL, json=body)).status_code == 201
    assert await read_names(other_replica) == ["Mug"]


async def test_without_redis_the_catalogue_answers_from_the_database(
    client: httpx2.AsyncClient, db_session: AsyncSession, redis_away: RedisAway
) -> None:
    await ProductFactory.create(db_session, name="Mug")
    with redis_away():
        assert await read_names(client) == ["Mug"]
    assert await read_names(client) == ["Mug"]

"""The cache in memory."""

import pytest

from backend.shop.adapters.cache import MemoryCache
from backend.tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cache(clock: FakeClock) -> MemoryCache:
    return MemoryCache(max_entries=2, clock=clock.monotonic)


async def test_a_value_is_returned_until_it_expires(cache: MemoryCache, clock: FakeClock) -> None:
    await cache.set("key", "value", ttl=10)
    clock.advance(9.9)
    assert await cache.get("key") == "value"
    clock.advance(0.1)
    assert await cache.get("key") is None


async def test_an_unknown_key_is_missing(cache: MemoryCache) -> None:
    assert await cache.get("key") is None


async def test_setting_again_replaces_the_value_and_its_time(
    cache: MemoryCache, clock: FakeClock
) -> None:
    await cache.set("key", "old", ttl=10)
    clock.advance(9)
    await cache.set("key", "new", ttl=10)
    clock.advance(9)
    assert await cache.get("key") == "new"


async def test_a_full_cache_evicts_the_least_recently_used(cache: MemoryCache) -> None:
    await cache.set("a", "1", ttl=10)
    await cache.set("b", "2", ttl=10)
    await cache.get("a")
    await cache.set("c", "3", ttl=10)
    assert [await cache.get(key) for key in "abc"] == ["1", None, "3"]


async def test_only_keys_with_the_prefix_are_deleted(cache: MemoryCache) -> None:
    await cache.set("list:1", "x", ttl=10)
    await cache.set("item:1", "y", ttl=10)
    await cache.delete_prefix("list:")
    assert await cache.get("list:1") is None
    assert await cache.get("item:1") == "y"

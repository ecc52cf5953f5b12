"""The cache without a server: what fails is a miss."""

from collections.abc import AsyncIterator
from unittest.mock import AsyncMock

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from backend.features.redis.connection import RedisConnection, RedisSettings
from backend.features.redis.shop.cache import RedisCache


@pytest.fixture
def cache(mock_redis: AsyncMock) -> RedisCache:
    return RedisCache(RedisConnection(RedisSettings(redis_prefix="t[1]*:"), mock_redis))


async def test_a_value_is_stored_for_its_time(cache: RedisCache, mock_redis: AsyncMock) -> None:
    await cache.set("page", "text", ttl=1.5)
    mock_redis.set.assert_awaited_once_with("t[1]*:cache:page", "text", px=1500)


@pytest.mark.parametrize(("stored", "found"), [(None, None), ("text", "text")])
async def test_what_is_stored_is_returned(
    cache: RedisCache, mock_redis: AsyncMock, stored: str | None, found: str | None
) -> None:
    mock_redis.get.return_value = stored
    assert await cache.get("page") == found


async def test_a_prefix_is_not_a_pattern(cache: RedisCache, mock_redis: AsyncMock) -> None:
    async def scan(match: str, count: int) -> AsyncIterator[str]:
        assert match == r"t\[1\]\*:cache:list\?*"
        for number in range(count + 1):
            yield f"key-{number}"

    mock_redis.scan_iter = scan
    await cache.delete_prefix("list?")
    assert [len(call.args) for call in mock_redis.unlink.await_args_list] == [500, 1]


async def test_without_a_server_there_is_nothing_and_no_error(
    cache: RedisCache, mock_redis: AsyncMock
) -> None:
    mock_redis.get.side_effect = mock_redis.set.side_effect = RedisConnectionError("refused")
    mock_redis.scan_iter.side_effect = RedisConnectionError("refused")
    await cache.set("page", "text", ttl=1)
    await cache.delete_prefix("page")
    assert await cache.get("page") is None


async def test_the_log_says_once_that_it_went_away(
    cache: RedisCache, mock_redis: AsyncMock
) -> None:
    away = RedisConnectionError("refused")
    mock_redis.get.side_effect = [away, away, None, away]
    with capture_logs() as logs:
        for _ in range(4):
            await cache.get("page")
    assert [log["event"] for log in logs] == ["cache.unavailable"] * 2

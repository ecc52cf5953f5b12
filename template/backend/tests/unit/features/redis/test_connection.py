"""Settings of Redis, and names of keys."""

from unittest.mock import AsyncMock

import pytest
from pydantic import ValidationError

from backend.features.redis.connection import RedisConnection, RedisSettings


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:6379", ""])
def test_only_a_redis_url_is_accepted(url: str) -> None:
    with pytest.raises(ValidationError, match="redis://"):
        RedisSettings(redis_url=url)


def test_production_refuses_a_placeholder_password() -> None:
    with pytest.raises(ValidationError, match="placeholder as its password"):
        RedisSettings(environment="production", redis_url="redis://app:changeme@cache:6379/0")


@pytest.mark.parametrize("url", ["rediss://app:long-and-random@cache:6379/0", "redis://cache"])
def test_other_passwords_and_none_are_accepted(url: str) -> None:
    assert RedisSettings(environment="production", redis_url=url).redis_url == url


def test_no_password_is_shown() -> None:
    assert "hunter2" not in repr(RedisSettings(redis_url="redis://:hunter2@cache"))


def test_every_name_begins_with_the_prefix(mock_redis: AsyncMock) -> None:
    connection = RedisConnection(RedisSettings(redis_prefix="mine:"), mock_redis)
    assert connection.key("cart", "7") == "mine:cart:7"
    hashed = connection.secret_key("login", "ada@example.com")
    assert hashed.startswith("mine:login:")
    assert "ada" not in hashed


async def test_ping_and_close_reach_the_client(mock_redis: AsyncMock) -> None:
    connection = RedisConnection(RedisSettings(), mock_redis)
    await connection.ping()
    await connection.close()
    mock_redis.ping.assert_awaited_once()
    mock_redis.aclose.assert_awaited_once()

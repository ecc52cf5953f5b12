"""The limiter without a server: each replica counts for itself."""

from unittest.mock import AsyncMock, MagicMock

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from backend.accounts.adapters.login_limiter import MemoryLoginLimiter, TooManyAttemptsError
from backend.accounts.adapters.security import AuthSettings
from backend.features.redis.accounts.login_limiter import RedisLoginLimiter
from backend.features.redis.connection import RedisConnection, RedisSettings

SETTINGS = AuthSettings(login_attempts_per_account=2)
WHO = {"account": "ada@example.com", "client": "192.0.2.1"}


def make_limiter(client: AsyncMock, script: AsyncMock) -> RedisLoginLimiter:
    client.register_script = MagicMock(return_value=script)
    connection = RedisConnection(RedisSettings(), client)
    return RedisLoginLimiter(connection, SETTINGS, MemoryLoginLimiter(SETTINGS))


async def test_the_servers_count_is_used(mock_redis: AsyncMock) -> None:
    limiter = make_limiter(mock_redis, AsyncMock(side_effect=[0, 1500, 0]))
    await limiter.attempt(**WHO)
    with pytest.raises(TooManyAttemptsError) as refusal:
        await limiter.attempt(**WHO)
    assert refusal.value.headers == {"Retry-After": "2"}
    await limiter.succeed(**WHO)


async def test_without_a_server_the_process_counts_itself(mock_redis: AsyncMock) -> None:
    limiter = make_limiter(mock_redis, AsyncMock(side_effect=RedisConnectionError("refused")))
    for _ in range(2):
        await limiter.attempt(**WHO)
    with pytest.raises(TooManyAttemptsError):
        await limiter.attempt(**WHO)
    await limiter.succeed(**WHO)
    await limiter.attempt(**WHO)

"""A limit shared by all replicas."""

import asyncio

import pytest

from backend.accounts.adapters.login_limiter import MemoryLoginLimiter, TooManyAttemptsError
from backend.accounts.adapters.security import AuthSettings
from backend.features.redis.accounts.login_limiter import RedisLoginLimiter
from backend.features.redis.connection import RedisConnection
from backend.tests.fixtures.features.redis.connection import RedisAway

WHO = {"account": "ada@example.com", "client": "192.0.2.1"}


def make_replicas(redis: RedisConnection, **limits: float) -> list[RedisLoginLimiter]:
    settings = AuthSettings.model_validate({"login_attempts_per_account": 3, **limits})
    return [RedisLoginLimiter(redis, settings, MemoryLoginLimiter(settings)) for _ in range(2)]


async def test_attempts_on_all_replicas_count_together(redis_connection: RedisConnection) -> None:
    first, second = make_replicas(redis_connection)
    await first.attempt(**WHO)
    await second.attempt(**WHO)
    await first.attempt(**WHO)
    for replica in (first, second):
        with pytest.raises(TooManyAttemptsError) as refusal:
            await replica.attempt(**WHO)
    assert 0 < int(refusal.value.headers["Retry-After"]) <= 300
    await first.attempt(account="bob@example.com", client=WHO["client"])


async def test_concurrent_attempts_do_not_exceed_the_limit(
    redis_connection: RedisConnection,
) -> None:
    first, second = make_replicas(redis_connection)
    results = await asyncio.gather(
        *(replica.attempt(**WHO) for replica in (first, second) for _ in range(10)),
        return_exceptions=True,
    )
    assert results.count(None) == 3


async def test_the_client_is_limited_across_accounts(redis_connection: RedisConnection) -> None:
    limiter, _ = make_replicas(redis_connection, login_attempts_per_client=2)
    for name in ("a", "b"):
        await limiter.attempt(account=name, client="192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        await limiter.attempt(account="c", client="192.0.2.1")
    await limiter.succeed(account="a", client="192.0.2.1")
    await limiter.attempt(account="c", client="192.0.2.1")


async def test_a_success_resets_the_accounts_attempts(redis_connection: RedisConnection) -> None:
    first, second = make_replicas(redis_connection)
    for _ in range(2):
        await first.attempt(**WHO)
    await second.succeed(**WHO)
    for _ in range(3):
        await first.attempt(**WHO)


async def test_the_window_ends(redis_connection: RedisConnection) -> None:
    limiter, _ = make_replicas(
        redis_connection, login_attempts_per_account=1, login_attempts_seconds=0.1
    )
    await limiter.attempt(**WHO)
    with pytest.raises(TooManyAttemptsError):
        await limiter.attempt(**WHO)
    await asyncio.sleep(0.15)
    await limiter.attempt(**WHO)


async def test_without_redis_each_replica_counts_separately(
    redis_connection: RedisConnection, redis_away: RedisAway
) -> None:
    first, second = make_replicas(redis_connection)
    with redis_away():
        for replica in (first, second):
            for _ in range(3):
                await replica.attempt(**WHO)
            with pytest.raises(TooManyAttemptsError):
                await replica.attempt(**WHO)


async def test_no_address_can_be_read_in_redis(redis_connection: RedisConnection) -> None:
    limiter, _ = make_replicas(redis_connection)
    await limiter.attempt(**WHO)
    keys = await redis_connection.client.keys(redis_connection.key("login:*"))
    assert len(keys) == 2
    assert not any("ada" in key or "192" in key for key in keys)

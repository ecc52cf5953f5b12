"""Redis and the application's health."""

import httpx2
from redis import RedisError

from backend.features.redis.connection import RedisConnection
from backend.tests.async_utils import with_timeout
from backend.tests.fixtures.features.redis.connection import RedisAway


async def test_a_written_value_is_read(redis_connection: RedisConnection) -> None:
    key = redis_connection.key("test")
    await redis_connection.client.set(key, "value", px=60_000)
    assert await redis_connection.client.get(key) == "value"
    assert 0 < await redis_connection.client.pttl(key) <= 60_000


async def test_readiness_checks_redis(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["components"]["redis"]) == (200, "ok")


async def test_without_redis_it_is_degraded_and_recovers(
    client: httpx2.AsyncClient, redis_away: RedisAway
) -> None:
    await client.get("/health/ready")  # a connection is open
    with redis_away():
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["components"]["redis"] == "unavailable"
    assert (await client.get("/health/ready")).json()["components"]["redis"] == "ok"


async def test_a_server_restart_fails_no_command(
    redis_connection: RedisConnection, redis_away: RedisAway
) -> None:
    await redis_connection.ping()
    with redis_away():
        pass
    await redis_connection.ping()


async def test_a_command_times_out(
    redis_connection: RedisConnection, redis_away: RedisAway
) -> None:
    with redis_away():
        try:
            await with_timeout(redis_connection.client.get(redis_connection.key("x")), seconds=4)
        except RedisError:
            return
    raise AssertionError("a command without a server has an answer")

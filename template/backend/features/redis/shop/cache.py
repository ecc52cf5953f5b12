"""The catalogue's cache, shared by all replicas."""

import structlog
from redis import RedisError

from backend.features.redis.connection import RedisConnection

logger = structlog.stdlib.get_logger(__name__)

_MANY = 500


class RedisCache:
    """Text with a time to live. While Redis is away, it holds nothing and breaks nothing.

    What could not be forgotten meanwhile is stale until its time is over.
    """

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def get(self, key: str) -> str | None:
        """Return the value, or None when it is missing, too old, or out of reach."""
        try:
            value = await self._redis.client.get(self._redis.key("cache", key))
        except RedisError as error:
            logger.warning("cache.unavailable", error=repr(error))
            return None
        return None if value is None else str(value)

    async def set(self, key: str, value: str, *, ttl: float) -> None:
        """Store a value for `ttl` seconds, at least for a millisecond."""
        milliseconds = max(1, round(1000 * ttl))
        try:
            await self._redis.client.set(self._redis.key("cache", key), value, px=milliseconds)
        except RedisError as error:
            logger.warning("cache.unavailable", error=repr(error))

    async def delete_prefix(self, prefix: str) -> None:
        """Forget every key that starts with the prefix."""
        client = self._redis.client
        pattern = _escape(self._redis.key("cache", prefix)) + "*"
        try:
            names = [name async for name in client.scan_iter(match=pattern, count=_MANY)]
            for start in range(0, len(names), _MANY):
                await client.unlink(*names[start : start + _MANY])
        except RedisError as error:
            logger.warning("cache.unavailable", error=repr(error))


def _escape(name: str) -> str:
    """Take away the meaning that some characters have in a pattern of Redis."""
    return "".join(f"\\{letter}" if letter in r"*?[]^\-" else letter for letter in name)

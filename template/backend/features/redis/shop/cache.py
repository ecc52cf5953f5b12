"""The catalogue's cache, shared by all replicas."""

import structlog
from redis import RedisError

from backend.features.redis.connection import RedisConnection

logger = structlog.stdlib.get_logger(__name__)

_MANY = 500


class RedisCache:
    """Text with a time to live. While Redis is unavailable, it is empty and raises nothing.

    Entries that could not be deleted meanwhile stay stale until they expire.
    """

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def get(self, key: str) -> str | None:
        """Return the value, or None if it is missing, expired or unavailable."""
        try:
            value = await self._redis.client.get(self._redis.key("cache", key))
        except RedisError as error:
            logger.warning("cache.unavailable", error=repr(error))
            return None
        return None if value is None else str(value)

    async def set(self, key: str, value: str, *, ttl: float) -> None:
        """Store a value for `ttl` seconds, at least a millisecond."""
        milliseconds = max(1, round(1000 * ttl))
        try:
            await self._redis.client.set(self._redis.key("cache", key), value, px=milliseconds)
        except RedisError as error:
            logger.warning("cache.unavailable", error=repr(error))

    async def delete_prefix(self, prefix: str) -> None:
        """Delete every key that starts with the prefix."""
        client = self._redis.client
        pattern = _escape(self._redis.key("cache", prefix)) + "*"
        try:
            names = [name async for name in client.scan_iter(match=pattern, count=_MANY)]
            for start in range(0, len(names), _MANY):
                await client.unlink(*names[start : start + _MANY])
        except RedisError as error:
            logger.warning("cache.unavailable", error=repr(error))


def _escape(name: str) -> str:
    """Escape the wildcards of Redis patterns."""
    return "".join(f"\\{letter}" if letter in r"*?[]^\-" else letter for letter in name)

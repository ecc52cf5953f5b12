"""The catalogue's cache, shared by all replicas."""

from collections.abc import Iterator
from contextlib import contextmanager

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
        self._is_away = False

    async def get(self, key: str) -> str | None:
        """Return the value, or None if it is missing, expired or unavailable."""
        value = None
        with self._tolerated():
            value = await self._redis.client.get(self._redis.key("cache", key))
        return None if value is None else str(value)

    async def set(self, key: str, value: str, *, ttl: float) -> None:
        """Store a value for `ttl` seconds, at least a millisecond."""
        milliseconds = max(1, round(1000 * ttl))
        with self._tolerated():
            await self._redis.client.set(self._redis.key("cache", key), value, px=milliseconds)

    async def delete_prefix(self, prefix: str) -> None:
        """Delete every key that starts with the prefix."""
        client = self._redis.client
        pattern = _escape(self._redis.key("cache", prefix)) + "*"
        with self._tolerated():
            names = [name async for name in client.scan_iter(match=pattern, count=_MANY)]
            for start in range(0, len(names), _MANY):
                await client.unlink(*names[start : start + _MANY])

    @contextmanager
    def _tolerated(self) -> Iterator[None]:
        """Suppress that Redis is away; log it once until it is back."""
        try:
            yield
        except RedisError as error:
            if not self._is_away:
                logger.warning("cache.unavailable", error=repr(error))
            self._is_away = True
        else:
            self._is_away = False


def _escape(name: str) -> str:
    """Escape the wildcards of Redis patterns."""
    return "".join(f"\\{letter}" if letter in r"*?[]^\-" else letter for letter in name)

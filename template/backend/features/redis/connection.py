"""The connection to Redis, and its settings."""

import hashlib
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from backend.core.settings import AppSettings, find_weak_password


def _check_url(url: str) -> str:
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must look like redis://user:password@host:6379/0")
    return url


class RedisSettings(AppSettings):
    """Redis's address. A prefix of keys and channels allows sharing a server."""

    # Contains a password, so it is excluded from repr.
    redis_url: Annotated[str, AfterValidator(_check_url), Field(repr=False)] = (
        "redis://127.0.0.1:6379/0"
    )
    redis_prefix: str = "app:"
    redis_timeout: float = Field(default=2.0, gt=0, description="Seconds.")

    def find_weaknesses(self) -> Iterator[str]:
        """Yield a message for each setting that is unsafe in production."""
        yield from super().find_weaknesses()
        password = urlsplit(self.redis_url).password
        yield from find_weak_password("REDIS_URL", password, "the user of Redis")


class RedisConnection:
    """A connection pool and the prefix. Creating it does no I/O: the first command connects.

    A command on a lost connection is retried once, so that a server restart fails no request.
    While the server is unavailable, commands raise `redis.RedisError`.
    """

    def __init__(self, settings: RedisSettings, client: Redis | None = None) -> None:
        """Create the pool, or use the given client."""
        self._prefix = settings.redis_prefix
        self.timeout = settings.redis_timeout
        self.client = client or Redis.from_url(
            settings.redis_url,
            decode_responses=True,
            socket_connect_timeout=settings.redis_timeout,
            socket_timeout=settings.redis_timeout,
            retry=Retry(ExponentialBackoff(cap=0.1, base=0.01), retries=1),
        )

    def key(self, *parts: str) -> str:
        """Return the name of a key or channel: `key("cart", "7")` is `app:cart:7`."""
        return self._prefix + ":".join(parts)

    def secret_key(self, *parts: str) -> str:
        """Return such a name with its last part hashed, to hide for example an e-mail address."""
        *first, last = parts
        return self.key(*first, hashlib.sha256(last.encode()).hexdigest())

    async def ping(self) -> None:
        """Ping the server; raise `redis.RedisError` if it does not answer."""
        await self.client.ping()

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()

"""A login limiter whose counts in Redis are shared by all replicas."""

import structlog
from redis import RedisError

from backend.accounts.adapters.login_limiter import LoginLimiter, TooManyAttemptsError
from backend.accounts.adapters.security import AuthSettings
from backend.features.redis.connection import RedisConnection

logger = structlog.stdlib.get_logger(__name__)

# Returns milliseconds until the next attempt, or 0. Counts an attempt for both keys or neither.
_ATTEMPT = """
local wait = 0
for i, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[i]) then
        wait = math.max(wait, redis.call('PTTL', key))
    end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[3]) end
end
return 0
"""

# Drops the account's window and one attempt of the client.
_SUCCEED = """
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECR', KEYS[2]) end
"""


class RedisLoginLimiter:
    """Counts for all replicas; while Redis is unavailable, each replica counts separately."""

    def __init__(
        self, redis: RedisConnection, settings: AuthSettings, fallback: LoginLimiter
    ) -> None:
        self._redis = redis
        self._fallback = fallback
        self._limits = (settings.login_attempts_per_account, settings.login_attempts_per_client)
        self._milliseconds = round(1000 * settings.login_attempts_seconds)
        self._attempt = redis.client.register_script(_ATTEMPT)
        self._succeed = redis.client.register_script(_SUCCEED)

    async def attempt(self, *, account: str, client: str) -> None:
        """Count an attempt for both, unless either has none left.

        Raises:
            TooManyAttemptsError: The account or the client has no attempt left.
        """
        arguments = [*self._limits, self._milliseconds]
        try:
            wait = await self._attempt(keys=self._keys(account, client), args=arguments)
        except RedisError as error:
            logger.warning("login_limiter.fallback", error=repr(error))
            await self._fallback.attempt(account=account, client=client)
            return
        if wait:
            raise TooManyAttemptsError(wait / 1000)

    async def succeed(self, *, account: str, client: str) -> None:
        """Drop the account's window and one attempt of the client."""
        await self._fallback.succeed(account=account, client=client)
        try:
            await self._succeed(keys=self._keys(account, client))
        except RedisError as error:
            logger.warning("login_limiter.fallback", error=repr(error))

    def _keys(self, account: str, client: str) -> list[str]:
        return [
            self._redis.secret_key("login", "account", account),
            self._redis.secret_key("login", "client", client),
        ]

"""A mock of Redis's asynchronous client, for tests that may not use a network."""

from typing import Any
from unittest.mock import AsyncMock, MagicMock

from redis.asyncio import Redis


class _MockRedis(AsyncMock):
    """Of its client's methods, some return something at once; the others have to be awaited."""

    _AT_ONCE = ("pipeline", "pubsub", "lock", "client", "monitor", "register_script", "scan_iter")

    def _get_child_mock(self, /, **options: Any) -> Any:
        kind = MagicMock if options.get("_new_name") in self._AT_ONCE else AsyncMock
        return kind(**options)


def make_mock() -> AsyncMock:
    """Return a mock whose `ping` answers, so that a health check passes."""
    mock = _MockRedis(spec=Redis)
    mock.ping.return_value = True
    return mock

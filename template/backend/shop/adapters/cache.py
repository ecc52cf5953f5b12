"""A cache with a time to live, behind an interface that a shared one can fill as well."""

import time
from collections import OrderedDict
from typing import Protocol

from backend.core.clock import Monotonic


class Cache(Protocol):
    """Text under keys, each for a limited time. Losing an entry is never an error."""

    async def get(self, key: str) -> str | None:
        """Return what is stored under the key, or None when there is nothing (any more)."""

    async def set(self, key: str, value: str, *, ttl: float) -> None:
        """Store a value for `ttl` seconds."""

    async def delete_prefix(self, prefix: str) -> None:
        """Forget every key that starts with the prefix."""


class MemoryCache:
    """A cache in this process. Full, it forgets what was used longest ago."""

    def __init__(self, *, max_entries: int = 1024, clock: Monotonic = time.monotonic) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def get(self, key: str) -> str | None:
        """Return the value, or None when it is missing or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, value = entry
        if self._clock() >= expires:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    async def set(self, key: str, value: str, *, ttl: float) -> None:
        """Store a value for `ttl` seconds; others make room for it."""
        self._entries[key] = (self._clock() + ttl, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    async def delete_prefix(self, prefix: str) -> None:
        """Forget every key that starts with the prefix."""
        for key in [key for key in self._entries if key.startswith(prefix)]:
            del self._entries[key]

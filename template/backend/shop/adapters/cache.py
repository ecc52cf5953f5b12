"""A cache with a time to live, behind an interface that a shared cache can implement."""

import time
from collections import OrderedDict
from typing import Protocol

from backend.core.clock import Monotonic


class Cache(Protocol):
    """Stores text by key for a limited time. Losing an entry is never an error."""

    async def get(self, key: str) -> str | None:
        """Return the value, or None if it is missing or expired."""

    async def set(self, key: str, value: str, *, ttl: float) -> None:
        """Store a value for `ttl` seconds."""

    async def delete_prefix(self, prefix: str) -> None:
        """Delete every key that starts with the prefix."""


class MemoryCache:
    """A cache in this process that evicts the least recently used entry when full."""

    def __init__(self, *, max_entries: int = 1024, clock: Monotonic = time.monotonic) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def get(self, key: str) -> str | None:
        """Return the value, or None if it is missing or expired."""
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
        """Store a value for `ttl` seconds, evicting others if necessary."""
        self._entries[key] = (self._clock() + ttl, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    async def delete_prefix(self, prefix: str) -> None:
        """Delete every key that starts with the prefix."""
        for key in [key for key in self._entries if key.startswith(prefix)]:
            del self._entries[key]

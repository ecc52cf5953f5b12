"""One connection to the maintenance database, usable from hooks, from sync and from async fixtures
alike.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncpg

_T = TypeVar("_T")
_SECONDS = 60.0


class Admin:
    """Blocking calls on a connection that lives on a loop of its own, in a thread of its own.

    A session-level advisory lock lasts as long as its connection: this one must not end with a
    test's loop,
    nor be blocked by it.
    """

    def __init__(self, dsn: str) -> None:
        """Connect; raise what asyncpg raises."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="postgres-admin", daemon=True
        )
        self._thread.start()
        self._lock = asyncio.Lock()
        try:
            self._connection: asyncpg.Connection[Any] = self._wait(_connect(dsn))
        except BaseException:
            self._end_loop()
            raise

    def execute(self, sql: str, *values: object) -> None:
        """Run one statement."""
        self._wait(self._alone(self._connection.execute(sql, *values, timeout=_SECONDS)))

    def value(self, sql: str, *values: object) -> Any:
        """Return the first column of the first row, or None."""
        return self._wait(self._alone(self._connection.fetchval(sql, *values, timeout=_SECONDS)))

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return [
            tuple(row) for row in self._wait(self._connection.fetch(sql, *values, timeout=_SECONDS))
        ]

    def close(self) -> None:
        """Close the connection, and with it give up its locks; a dead server does not matter."""
        try:
            self._wait(self._connection.close(timeout=2))
        except Exception:  # the server may be gone: then there is nothing to close
            self._connection.terminate()
        finally:
            self._end_loop()

    async def _alone(self, statement: Coroutine[Any, Any, _T]) -> _T:
        # A time limit ends the waiting, not the statement: the next one must let it finish.
        async with self._lock:
            return await statement

    def _wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


async def _connect(dsn: str) -> asyncpg.Connection[Any]:
    import asyncpg  # not at the module's top: unit tests never need it

    return await asyncpg.connect(dsn, timeout=10)

"""What a test leaves behind in this process: asyncio tasks, and connections of SQLAlchemy's pools.

Open transactions are found in the database itself (restore/database.py). What a fixture of a wider
scope starts is no leak of a test.
"""

from __future__ import annotations

import asyncio
import sys
import time
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .tracebacks import is_library

if TYPE_CHECKING:
    import pytest

_MOMENT = 0.1
"""Seconds that a task gets to end by itself."""
_CANCEL_SECONDS = 1.0
_DEPTH = 15
"""Frames to look through for the project's own, when a task is created."""

_RUN = asyncio.Runner.run.__code__

_is_library = lru_cache(maxsize=None)(is_library)


class TaskLeaks:
    """Knows which tasks were created on event loops that `asyncio.Runner` runs, and where."""

    def __init__(self) -> None:
        self._loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        self._created: list[tuple[weakref.ref[asyncio.Task[Any]], str]] = []
        self._found: list[str] = []

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note the tasks of a loop from now on, unless it has a task factory already."""
        if loop not in self._loops:
            self._loops.add(loop)
            if loop.get_task_factory() is None:
                loop.set_task_factory(self._create)

    def _create(
        self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
        if sys._getframe(2).f_code is not _RUN:  # whose own task ends before it returns
            self._created.append((weakref.ref(task), _place_of_creation()))
        return task

    def mark(self) -> int:
        """Return a mark, for `accept`, before a fixture of a wider scope is set up."""
        return len(self._created)

    def accept(self, mark: int) -> None:
        """Take the tasks that were created since the mark for the fixture's."""
        del self._created[mark:]

    def watch_runner(self, fixture: pytest.FixtureDef[Any], value: object) -> None:
        """Look before a fixture's runner is closed, which cancels the tasks without a word.

        The last test of a process closes the session's runner in its teardown.
        """
        if isinstance(value, asyncio.Runner):
            fixture.addfinalizer(self._look)

    def finish(self) -> list[str]:
        """Cancel what outlives the test, and return a sentence for each task."""
        self._look()
        found, self._found = self._found, []
        return found

    def _look(self) -> None:
        created, self._created = self._created, []
        pending = [(task, place) for ref, place in created if (task := _pending(ref)) is not None]
        for task, place in pending:
            if _ends(task, _MOMENT):
                continue
            coroutine = getattr(task.get_coro(), "__qualname__", repr(task.get_coro()))
            self._found.append(
                f"The test left the task {coroutine} running (created in {place}):"
                " await it, or cancel it and await it. It was cancelled."
            )
            _cancel(task)
        self._created.clear()  # the tasks that the waiting itself has made


def _place_of_creation() -> str:
    frame = sys._getframe(2)
    for _ in range(_DEPTH):
        code = frame.f_code
        if not _is_library(code.co_filename):
            return f"{code.co_qualname}, {code.co_filename}:{frame.f_lineno}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "a library"


def _pending(reference: weakref.ref[asyncio.Task[Any]]) -> asyncio.Task[Any] | None:
    task = reference()
    return None if task is None or task.done() or task.get_loop().is_closed() else task


def _ends(task: asyncio.Task[Any], seconds: float) -> bool:
    """Whether a task ends within so many seconds; its loop runs meanwhile."""
    loop = task.get_loop()
    if loop.is_running():  # in another thread
        deadline = time.monotonic() + seconds
        while not task.done() and time.monotonic() < deadline:
            time.sleep(0.005)
    else:
        loop.run_until_complete(asyncio.wait({task}, timeout=seconds))
    return task.done()


def _cancel(task: asyncio.Task[Any]) -> None:
    loop = task.get_loop()
    if loop.is_running():
        loop.call_soon_threadsafe(task.cancel)
    else:
        task.cancel()
    _ends(task, _CANCEL_SECONDS)


class Pools:
    """The connections of every SQLAlchemy pool in this process, sync or async, whoever made it."""

    def __init__(self) -> None:
        self._records: weakref.WeakSet[Any] = weakref.WeakSet()
        self._accepted: weakref.WeakSet[Any] = weakref.WeakSet()
        self._begun: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._wide_sessions: weakref.WeakSet[Any] = weakref.WeakSet()
        self._remove: list[Callable[[], None]] = []

    def watch(self) -> None:
        """Begin, as soon as somebody has imported SQLAlchemy."""
        if self._remove or "sqlalchemy.pool" not in sys.modules:
            return
        from sqlalchemy import event
        from sqlalchemy.pool import Pool

        def connected(_connection: Any, record: Any) -> None:
            self._records.add(record)

        event.listen(Pool, "connect", connected)
        self._remove.append(lambda: event.remove(Pool, "connect", connected))
        if "sqlalchemy.orm" in sys.modules:
            from sqlalchemy.orm import Session

            def begun(session: Any, _transaction: Any, connection: Any) -> None:
                self._begun[session] = connection

            event.listen(Session, "after_begin", begun)
            self._remove.append(lambda: event.remove(Session, "after_begin", begun))

    def close(self) -> None:
        """Leave SQLAlchemy as it was."""
        while self._remove:
            self._remove.pop()()

    def accept(self, value: object) -> None:
        """Take the connections in use, and a session that is `value`, for a wider fixture's.

        Such a session has a connection of the pool whenever a test has read with it.
        """
        self._accepted.update(record for record in self._records if record.in_use)
        if "sqlalchemy.orm" in sys.modules:
            from sqlalchemy.orm import Session

            session = getattr(value, "sync_session", value)  # of an AsyncSession
            if isinstance(session, Session):
                self._wide_sessions.add(session)

    def _is_of_wide_session(self, record: Any) -> bool:
        connections = (self._begun.get(session) for session in self._wide_sessions)
        return any(
            connection.connection.dbapi_connection is record.dbapi_connection
            for connection in connections
            if connection is not None and not connection.closed and not connection.invalidated
        )

    def finish(self) -> list[str]:
        """Return a sentence if connections were not given back."""
        kept = [
            record
            for record in self._records
            if record.in_use
            and record not in self._accepted
            and not self._is_of_wide_session(record)
        ]
        if not kept:
            return []
        self._accepted.update(kept)  # named once, in the test that did it
        return [
            f"The test did not give back {len(kept)} connection(s) of SQLAlchemy's pool:"
            " close the session or connection (`with` and `async with` do)."
        ]

    def release(self) -> None:
        """Let each pool connect anew when it is asked next: the database has been replaced."""
        for record in self._records:
            if record.dbapi_connection is not None:
                record.invalidate(soft=True)

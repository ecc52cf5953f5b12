"""The one real connection that a worker's tests share, and whose turn it is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg

from backend.tests.plugins.isolation.savepoints import (
    COMMITTED,
    RefusedError,
    Savepoint,
    SavepointStack,
)

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    from backend.tests.plugins.isolation.virtual import VirtualTransaction

    RawConnection: TypeAlias = asyncpg.Connection[Any]

T = TypeVar("T")

TURN_SECONDS = 3.0
"""How long a transaction waits for its turn, in seconds; less than an integration test's 5 s."""

_PREPARED_LIMIT = 500
_DDL = re.compile(r"\s*(CREATE|ALTER|DROP|TRUNCATE|COMMENT|REINDEX)\b", re.IGNORECASE)


class SharedConnection:
    """Runs the statements of all virtual connections on one real one.

    `connect` makes a real asyncpg connection. It is called at the first statement, and again when
    a test left the connection unusable.
    """

    def __init__(self, connect: Callable[[], Awaitable[RawConnection]]) -> None:
        self._connect = connect
        self._raw: RawConnection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._codecs: dict[str, dict[str, Any]] = {}
        self._prepared: dict[str, PreparedStatement[Any]] = {}
        self._busy = asyncio.Lock()
        self._late_tasks: set[asyncio.Task[Any]] = set()
        self._used = False
        self.savepoints = SavepointStack()
        self.turn = asyncio.Lock()
        self.generation = 0

    def end_test(self) -> None:
        """Forget what the test did. No I/O: the next test's first statement rolls it back."""
        self.generation += 1
        if self.turn.locked():
            self.turn = asyncio.Lock()
        if not self._used:
            return
        self._used = False
        self._late_tasks = asyncio.all_tasks(self._loop) - {_current_task()}
        self.savepoints.clear("ROLLBACK AND CHAIN")
        if self._busy.locked() and self._raw is not None:
            # A statement is in flight: its task hangs, or was stopped by the time limit.
            self._raw.terminate()
            self._raw = None
        self._busy = asyncio.Lock()

    async def close(self) -> None:
        """Close the real connection; the server rolls back what is open."""
        if self._raw is not None:
            await self._raw.close(timeout=2)
            self._raw = None

    async def run(
        self,
        owner: VirtualTransaction,
        write: bool,
        statement: Callable[[RawConnection], Awaitable[T]],
    ) -> T:
        """Run `statement` on the real connection, under a savepoint of `owner`."""
        async with self._busy:
            owner.check_usable()
            savepoint = self.savepoints.innermost(owner)
            raw = await self._ready()
            if write:
                savepoint.writers.add(owner)
            try:
                return await statement(raw)
            except (asyncpg.PostgresError, asyncio.CancelledError):
                # The server refuses every statement until a rollback; after a cancel, perhaps.
                self._fail(owner, savepoint)
                raise

    async def run_outside(self, statement: Callable[[RawConnection], Awaitable[T]]) -> T:
        """Run what belongs to no transaction: the driver's own look-ups."""
        async with self._busy:
            return await statement(await self._ready())

    async def prepared(self, raw: RawConnection, sql: str) -> PreparedStatement[Any]:
        """The real connection's prepared statement, shared by all virtual connections."""
        statement = self._prepared.get(sql)
        if statement is None:
            if _DDL.match(sql) or len(self._prepared) >= _PREPARED_LIMIT:
                self._prepared.clear()
            statement = await raw.prepare(sql)
            self._prepared[sql] = statement
        return statement

    def forget_prepared(self) -> None:
        """Prepare every statement anew: the schema changed under them."""
        self._prepared.clear()

    async def set_type_codec(self, typename: str, **options: Any) -> None:
        """Set the codec once: SQLAlchemy asks again for each virtual connection."""
        if typename not in self._codecs:
            self._codecs[typename] = options
            await self.run_outside(lambda raw: raw.set_type_codec(typename, **options))

    def refuse_late_task(self) -> None:
        """Raise `RefusedError` in a task that an earlier test started and did not wait for."""
        if self._late_tasks and (task := asyncio.current_task()) in self._late_tasks:
            raise RefusedError(
                f"{task!r} was started by an earlier test and has outlived it; "
                "it may not use this test's database. Await or cancel what a test starts."
            )

    async def take_turn(self) -> asyncio.Lock:
        """Wait until no other transaction of the application is open; the caller releases."""
        turn = self.turn
        if not turn.locked():
            await turn.acquire()
            return turn
        try:
            await asyncio.wait_for(turn.acquire(), TURN_SECONDS)
        except TimeoutError:
            raise RefusedError(
                f"a transaction waited {TURN_SECONDS:g} s for another one to end: a test has one "
                "real connection, on which transactions take turns. "
                f"For transactions that overlap, {COMMITTED}."
            ) from None
        return turn

    async def _ready(self) -> RawConnection:
        """The real connection, after what is pending has been sent."""
        untouched = not self._used
        if self._raw is None or (self._raw.is_closed() and untouched):
            self._raw = await self._open()
        self._used = True
        raw = self._raw
        if message := self.savepoints.take_pending():
            if untouched:
                await self._begin(raw, message)
            else:
                await _to_the_end(raw.execute(message))
        return raw

    async def _begin(self, raw: RawConnection, message: str) -> None:
        """Send a test's first message. There are no rows to lose: if cancelled, connect anew."""
        try:
            await raw.execute(message)
        except asyncio.CancelledError:
            raw.terminate()
            self._raw = None
            raise

    async def _open(self) -> RawConnection:
        self._loop = asyncio.get_running_loop()
        self._prepared.clear()
        raw = await self._connect()
        for typename, options in self._codecs.items():
            await raw.set_type_codec(typename, **options)
        self.savepoints.reopened()
        return raw

    def _fail(self, owner: VirtualTransaction, savepoint: Savepoint) -> None:
        owner.failed = True
        self.savepoints.failed(savepoint)


async def _to_the_end(command: Awaitable[Any]) -> None:
    """Await a command that is never cancelled half-way: which savepoints exist must be known."""
    task = asyncio.ensure_future(command)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # a fixture outside of the event loop
        return None

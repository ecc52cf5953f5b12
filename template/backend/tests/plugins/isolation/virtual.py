"""What SQLAlchemy sees as asyncpg's connections, transactions, prepared statements and cursors."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from backend.tests.plugins.isolation.savepoints import COMMITTED, RefusedError, writes

if TYPE_CHECKING:
    import asyncio

    from asyncpg.prepared_stmt import PreparedStatement

    from backend.tests.plugins.isolation.shared import RawConnection, SharedConnection

T = TypeVar("T")

_NOTIFIES = re.compile(r"\s*(NOTIFY|LISTEN|UNLISTEN)\b|\bpg_notify\s*\(", re.IGNORECASE)
_SAVEPOINT = re.compile(r"\s*(SAVEPOINT|RELEASE|ROLLBACK TO)(?: SAVEPOINT)?\s+(\S+)", re.IGNORECASE)
_around: contextvars.ContextVar[tuple[VirtualTransaction, ...]] = contextvars.ContextVar(
    "open_transactions", default=()
)


class VirtualTransaction:
    """What asyncpg's `Connection.transaction()` is to SQLAlchemy."""

    def __init__(self, connection: VirtualConnection) -> None:
        self._connection = connection
        self._shared = connection.shared
        self._turn: asyncio.Lock | None = None
        self._generation = -1
        self.failed = False
        self.open = False

    async def start(self) -> None:
        """BEGIN: take a turn, unless the same task holds it or the session is the test's own.

        Raises `RefusedError` when the turn does not come, or the task belongs to an earlier test.
        """
        self._shared.refuse_late_task()
        if not self._connection.of_test:
            around = tuple(transaction for transaction in _around.get() if transaction.open)
            if not any(transaction.has_turn for transaction in around):
                self._turn = await self._shared.take_turn()
            _around.set((*around, self))
        self._generation = self._shared.generation
        self.open = True
        self._connection.in_progress = self

    @property
    def has_turn(self) -> bool:
        return self._turn is self._shared.turn

    async def commit(self) -> None:
        """COMMIT; a failed transaction is rolled back, as PostgreSQL does."""
        self.end(keep=not self.failed)

    async def rollback(self) -> None:
        """ROLLBACK. Raises `RefusedError` where it would undo another transaction's rows."""
        self.end(keep=False)

    def end(self, *, keep: bool) -> None:
        """End the transaction and give the turn to the next; sends nothing."""
        self.open = False
        self._connection.in_progress = None
        turn, self._turn = self._turn, None
        try:
            if self._generation == self._shared.generation:
                savepoints = self._shared.savepoints
                savepoints.keep(self) if keep else savepoints.undo(self)
        finally:
            if turn is not None and turn.locked():
                turn.release()

    def check_usable(self) -> None:
        """Raise as the server would in a failed transaction, or when the test has ended."""
        if self._generation != self._shared.generation:
            raise RefusedError("this transaction belongs to a test that has ended")
        if self.failed:
            raise asyncpg.InFailedSQLTransactionError(
                "current transaction is aborted, commands ignored until end of transaction block"
            )

    def savepoint(self, verb: str, label: str) -> None:
        """SAVEPOINT, RELEASE and ROLLBACK TO, as SQLAlchemy's `begin_nested()` sends them."""
        savepoints = self._shared.savepoints
        if verb == "ROLLBACK TO":
            if self._generation == self._shared.generation:
                savepoints.undo(self, label)
                self.failed = False
            return
        self.check_usable()
        savepoints.push(self, label) if verb == "SAVEPOINT" else savepoints.keep(self, label)


class VirtualConnection:
    """What an asyncpg connection is to SQLAlchemy; `of_test` marks the test's own sessions."""

    def __init__(self, shared: SharedConnection, *, of_test: bool = False) -> None:
        self.shared = shared
        self.of_test = of_test
        self.in_progress: VirtualTransaction | None = None

    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False, deferrable: bool = False
    ) -> VirtualTransaction:
        """A transaction, not yet started; `RefusedError` for what needs a connection of its own."""
        if isolation not in (None, "read_committed") or readonly or deferrable:
            wish = isolation or ("readonly" if readonly else "deferrable")
            raise RefusedError(
                f"a transaction with settings of its own ({wish}) needs a connection of its own: "
                f"{COMMITTED}."
            )
        return VirtualTransaction(self)

    async def prepare(self, query: str, *, name: str | None = None) -> VirtualStatement:
        """Prepare a statement; `name` is ignored, because all connections share the statements."""
        del name
        if _NOTIFIES.search(query):
            raise RefusedError(f"NOTIFY reaches nobody before a real commit: {COMMITTED}.")
        statement = VirtualStatement(self, query)
        await statement.prepare()
        return statement

    async def execute(self, query: str, *arguments: Any) -> str:
        return await self.run(query, lambda raw: raw.execute(query, *arguments))

    async def executemany(self, command: str, args: Sequence[Sequence[Any]]) -> None:
        await self.run(command, lambda raw: raw.executemany(command, args))

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        return await self.run(query, lambda raw: raw.fetch(query, *arguments))

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        if query == ";":  # SQLAlchemy's pre-ping; the real connection is checked when it is used
            return None
        return await self.run(query, lambda raw: raw.fetchrow(query, *arguments))

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        return await self.run(query, lambda raw: raw.fetchval(query, *arguments))

    async def copy_records_to_table(self, table_name: str, **options: Any) -> str:
        return await self.run("COPY", lambda raw: raw.copy_records_to_table(table_name, **options))

    async def set_type_codec(self, typename: str, **options: Any) -> None:
        await self.shared.set_type_codec(typename, **options)

    async def reload_schema_state(self) -> None:
        self.shared.forget_prepared()
        await self.shared.run_outside(lambda raw: raw.reload_schema_state())

    async def close(self, **_options: Any) -> None:
        self.terminate()

    def terminate(self) -> None:
        """Give up the connection: what it had open is rolled back, the real one stays."""
        if self.in_progress is not None:
            self.in_progress.end(keep=False)

    def is_closed(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise RefusedError(
            f"asyncpg's Connection.{name} needs a connection of its own: {COMMITTED}."
        )

    async def run(self, sql: str, statement: Callable[[RawConnection], Awaitable[T]]) -> T:
        """Run `statement` in the open transaction. Raises `RefusedError` outside of one."""
        return await self.shared.run(self.transaction_in_progress(), writes(sql), statement)

    def transaction_in_progress(self) -> VirtualTransaction:
        """The open transaction. Raises `RefusedError` outside of one, as under AUTOCOMMIT."""
        if self.in_progress is None:
            raise RefusedError(
                f"AUTOCOMMIT commits for real, and would outlive the test: {COMMITTED}."
            )
        return self.in_progress


class VirtualStatement:
    """What asyncpg's prepared statement is to SQLAlchemy; savepoints are acted out, not sent."""

    __slots__ = ("_attributes", "_connection", "_savepoint", "_sql", "_status")

    def __init__(self, connection: VirtualConnection, sql: str) -> None:
        self._connection = connection
        self._sql = sql
        self._savepoint = _SAVEPOINT.match(sql)
        self._attributes: Any = ()
        self._status: str | None = None

    async def prepare(self) -> None:
        """Let the server parse the statement. Raises what it answers."""
        if self._savepoint is None:
            statement = await self._connection.run(self._sql, self._prepared)
            self._attributes = statement.get_attributes()

    def get_attributes(self) -> Any:
        return self._attributes

    def get_statusmsg(self) -> str | None:
        return self._status

    async def fetch(self, *arguments: Any) -> list[Any]:
        """Execute, and return all rows."""
        if self._savepoint is not None:
            verb, label = self._savepoint.groups()
            self._connection.transaction_in_progress().savepoint(verb.upper(), label)
            return []

        async def fetch(raw: RawConnection) -> list[Any]:
            statement = await self._prepared(raw)
            try:
                rows = await statement.fetch(*arguments)
            except asyncpg.InvalidCachedStatementError:
                self._connection.shared.forget_prepared()
                raise
            self._status = statement.get_statusmsg()
            return rows

        return await self._connection.run(self._sql, fetch)

    async def cursor(self, *arguments: Any) -> VirtualCursor:
        """Execute, and return a server-side cursor."""

        async def open_cursor(raw: RawConnection) -> Any:
            return await (await self._prepared(raw)).cursor(*arguments)

        return VirtualCursor(self._connection, await self._connection.run(self._sql, open_cursor))

    async def _prepared(self, raw: RawConnection) -> PreparedStatement[Any]:
        return await self._connection.shared.prepared(raw, self._sql)


class VirtualCursor:
    """A server-side cursor whose fetches wait for the real connection to be free."""

    def __init__(self, connection: VirtualConnection, cursor: Any) -> None:
        self._connection = connection
        self._cursor = cursor

    async def fetch(self, n: int) -> list[Any]:
        """The next `n` rows."""

        async def fetch(_raw: RawConnection) -> list[Any]:
            rows: list[Any] = await self._cursor.fetch(n)
            return rows

        return await self._connection.run("SELECT", fetch)

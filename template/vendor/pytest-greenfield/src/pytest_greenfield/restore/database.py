"""The worker's database, brought back to its baseline after each test."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg

from pytest_greenfield.errors import RestoreError

from . import carry
from .connection import RestoringConnection
from .leftovers import end_blocking, end_open_transactions, open_transactions

_ROUNDS = 5
"""How often a restore makes way for transactions, of a live server, that begin again and again."""
_VACUUM_ROWS = 4000
"""Deleted rows after which tables are vacuumed: each costs a later restore some nanoseconds."""
_DEAD = """
    SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND NOT c.relisshared
        AND pg_stat_get_dead_tuples(c.oid) > 500 AND pg_has_role(c.relowner, 'USAGE')
"""
_IN_TRANSACTION = """SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL
    AND datname = current_database() AND pid <> pg_backend_pid()"""
_Result = TypeVar("_Result")


@dataclass
class Outcome:
    """What a restore found."""

    leaks: list[str] = field(default_factory=list)
    """A sentence about each thing that the test left open."""
    replaced: bool = False
    """Whether the database is a fresh clone now."""
    reason: str | None = None
    """Why it took a clone, such as the commands that changed the schema."""


@dataclass
class Replacements:
    """How many tests needed a fresh clone, and the seconds that these took."""

    count: int = 0
    seconds: float = 0.0


class RestoredDatabase:
    """Restores one database through a connection of its own.

    Args:
        connect: Opens a connection (autocommit) to the worker's database.
        replace: Drops the worker's database and clones it again.
        release: Makes the engines of this process forget their connections.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        replace: Callable[[], None],
        release: Callable[[], None],
    ) -> None:
        self._connect, self._replace, self._release = connect, replace, release
        self._depth = self._last_fixture = 0
        self._live: dict[int, bool] = {}
        """The numbers of live fixtures, and whether they have changed the schema."""
        self._accepted: list[str] = []
        """Ids of transactions that fixtures keep open."""
        self._dead = 0
        self.replacements = Replacements()
        self._connection = RestoringConnection(connect)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ready(self) -> None:
        """Wait until the restore after the last test is complete. Called before a test."""
        try:
            ended = self._connection.collect()
        except psycopg.Error as error:
            if not self._connection.lost:
                raise RestoreError(f"the sequences cannot be restarted: {error}") from error
            self._reconnect()
            [ended] = self._connection.call("restore_rest")
        if ended not in (None, "0"):
            self._release()  # sessions that held an advisory lock were ended

    def restore(self) -> Outcome:
        """Bring the database back to its baseline.

        Raises:
            RestoreError: It cannot be; the database has been replaced where that was possible.
        """
        self.ready()
        outcome = Outcome()
        replaced = self.replacements.count
        outcome.reason = self._restore(outcome.leaks)
        if outcome.leaks:
            self._release()
        if outcome.reason is None:
            self._restore_rest()
        else:
            self.replace()
            if any(self._live.values()):
                raise RestoreError(
                    f"the test changed the schema ({outcome.reason}), which a fixture of a wider"
                    " scope had changed too, so that it cannot be undone: do it in a database of"
                    " its own, from the fixture clone_database"
                )
        outcome.replaced = self.replacements.count > replaced
        return outcome

    def replace(self) -> None:
        """Take a fresh clone; what live fixtures have added to the baseline is carried over."""
        started = time.perf_counter()
        self.ready()
        carried = carry.take(self._connection) if self._live else {}
        self._connection.close()
        self._replace()
        self._release()
        self._connection = RestoringConnection(self._connect)
        if carried:
            try:
                carry.put(self._connection, carried)
            except psycopg.Error as error:
                self._live.clear()
                raise RestoreError(
                    "the rows of fixtures of a wider scope cannot be written again, and are gone:"
                    f" {str(error).splitlines()[0]}"
                ) from error
        self.replacements.count += 1
        self.replacements.seconds += time.perf_counter() - started

    def begin_fixture(self) -> int:
        """Return a mark, for `adopt` or `abandon`, before a fixture of a wider scope is set up."""
        self.ready()
        self._depth += 1
        self._connected(lambda: self._connection.call("begin_fixture", self._depth))
        return self._depth

    def adopt(self, depth: int) -> int:
        """Take what the fixture has written into the baseline; return its number, for `leave`."""
        self._depth = depth - 1
        self._last_fixture += 1
        number = self._last_fixture
        answer = self._connected(lambda: self._connection.call("adopt", depth, number))
        self._live[number] = answer == ["t"]
        # A transaction that the fixture keeps open is no leak of a test.
        self._accepted = [found.xid for found in open_transactions(self._connection)]
        return number

    def abandon(self, depth: int) -> None:
        """Leave what a fixture that failed has written to the next restore."""
        self._depth = depth - 1

    def leave(self, fixture: int) -> None:
        """Take a fixture, which has been torn down, out of the baseline.

        Its rows go at once where nothing else is to be restored: the next test may be in its
        set-up already. Otherwise they go with what the test has written.
        """
        self.ready()
        changed_schema = self._live.pop(fixture, False)
        answer = self._connected(lambda: self._connection.call("leave", fixture, self._depth))
        if changed_schema and not any(self._live.values()):
            self.replace()
        elif answer == ["t"]:
            # No transaction is ended here: the fixture that is torn down next may own it. What
            # fails or is left undone here, the next restore does.
            with suppress(psycopg.Error):
                opened, ddl, _ = self._connected(self._call_restore)
                if opened == "f" and ddl is None:
                    self._restore_rest()

    def empty_tables(self) -> None:
        """Delete the rows of all tables; the next restore puts back those of the baseline."""
        self.ready()
        self._connected(lambda: self._connection.query("SELECT greenfield.empty_tables()"))

    def _restore(self, leaks: list[str]) -> str | None:
        """Restore, and return a reason why only a fresh clone helps, or None."""
        try:
            for _ in range(_ROUNDS):
                opened, ddl, deleted = self._connected(self._call_restore)
                if opened == "f":
                    self._dead += int(deleted or 0) + 10
                    return ddl
                ended = end_open_transactions(self._connection, self._accepted)
                leaks += [leftover.sentence for leftover in ended]
            return "transactions begin without end"
        except psycopg.errors.LockNotAvailable as error:
            ended = end_blocking(self._connection)
            leaks += [leftover.sentence for leftover in ended]
            return self._restore(leaks) if ended else f"{error}"
        except psycopg.Error as error:
            if self._connection.lost:
                raise
            # Such as a row that a CHECK constraint, made NOT VALID, refuses to take again.
            return f"restoring failed: {str(error).splitlines()[0]}"

    def _call_restore(self) -> list[str | None]:
        return self._connection.call("restore", "{" + ",".join(self._accepted) + "}")

    def _restore_rest(self) -> None:
        """Begin what no trigger sees: `ready` waits for it. Now and then vacuum."""
        self._connection.send("restore_rest")
        if self._dead > _VACUUM_ROWS:
            # Nobody else does: the server of tests runs without autovacuum.
            self._dead = 0
            self.ready()
            [(tables,)] = self._connection.query(_DEAD)
            [(others,)] = self._connection.query(_IN_TRANSACTION)
            if tables:
                # Cutting a file short waits, for seconds, for those who only look at the table.
                truncate = "off" if others else "on"
                self._connection.send_command(f"VACUUM (TRUNCATE {truncate}) {tables}")

    def _connected(self, action: Callable[[], _Result]) -> _Result:
        """Do something, again through another connection where a test has ended this one."""
        try:
            return action()
        except psycopg.OperationalError:
            if not self._connection.lost:
                raise
            self._reconnect()
            return action()

    def _reconnect(self) -> None:
        self._connection.close()
        try:
            self._connection = RestoringConnection(self._connect)
        except psycopg.OperationalError:
            self._replace()  # the test has dropped the database, or the server is gone
            self._release()
            self._connection = RestoringConnection(self._connect)
            self.replacements.count += 1
            if self._live:
                self._live.clear()
                raise RestoreError(
                    "the test dropped the database, with the rows of fixtures of a wider scope"
                ) from None
        if not self._connection.query("SELECT FROM greenfield.intact"):
            self.replace()  # the server has crashed, and the notes are lost
